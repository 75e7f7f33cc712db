//! What an object is called: its type, name and namespace.

use std::borrow::Cow;
use std::fmt;

/// The namespace that an object without one is in.
pub const DEFAULT_NAMESPACE: &str = "default";

/// What stands for the namespace of an object that cannot be in one.
pub const NO_NAMESPACE: &str = "_non_namespaceable_";

/// Group, version and kind of an object's type. As a pattern, an empty part stands for any.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Gvk<'a> {
    /// The API group; empty for the core group.
    pub group: Cow<'a, str>,
    /// The version within the group.
    pub version: Cow<'a, str>,
    /// The kind.
    pub kind: Cow<'a, str>,
}

impl<'a> Gvk<'a> {
    /// The type that the fields `apiVersion` and `kind` name.
    pub fn new(api_version: &'a str, kind: &'a str) -> Self {
        let (group, version) = split_api_version(api_version);
        Self {
            group: Cow::Borrowed(group),
            version: Cow::Borrowed(version),
            kind: Cow::Borrowed(kind),
        }
    }

    /// A pattern for all types of a kind.
    pub fn of_kind(kind: &'a str) -> Self {
        Self {
            kind: Cow::Borrowed(kind),
            ..Self::default()
        }
    }

    /// The text of the field `apiVersion`.
    pub fn api_version(&self) -> Cow<'_, str> {
        if self.group.is_empty() {
            Cow::Borrowed(&self.version)
        } else {
            Cow::Owned(format!("{}/{}", self.group, self.version))
        }
    }

    /// Whether the pattern includes this type.
    pub fn is_selected_by(&self, pattern: &Gvk<'_>) -> bool {
        (pattern.group.is_empty() || pattern.group == self.group)
            && (pattern.version.is_empty() || pattern.version == self.version)
            && (pattern.kind.is_empty() || pattern.kind == self.kind)
    }

    /// Whether all parts are empty.
    pub fn is_empty(&self) -> bool {
        self.group.is_empty() && self.version.is_empty() && self.kind.is_empty()
    }

    /// The same type, independent of what it was read from.
    pub fn into_owned(self) -> Gvk<'static> {
        Gvk {
            group: Cow::Owned(self.group.into_owned()),
            version: Cow::Owned(self.version.into_owned()),
            kind: Cow::Owned(self.kind.into_owned()),
        }
    }

    /// The type that [`Display`](fmt::Display) wrote.
    pub fn parse(text: &'a str) -> Self {
        let mut parts = text.splitn(3, '.');
        let (Some(kind), Some(version), Some(group)) = (parts.next(), parts.next(), parts.next())
        else {
            return Self::default();
        };
        let part =
            |text: &'a str, absent: &str| Cow::Borrowed(if text == absent { "" } else { text });
        Self {
            group: part(group, "[noGrp]"),
            version: part(version, "[noVer]"),
            kind: part(kind, "[noKind]"),
        }
    }
}

/// Kind, version and group with dots between them, as kustomize shows and stores them.
impl fmt::Display for Gvk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{}.{}",
            named(&self.kind, "[noKind]"),
            named(&self.version, "[noVer]"),
            named(&self.group, "[noGrp]")
        )
    }
}

/// Group and version of the text of an `apiVersion`.
pub fn split_api_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

/// Whether objects of a type are in namespaces.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Scope {
    /// They certainly are not.
    Cluster,
    /// They are, or nothing is known of the type.
    #[default]
    Namespaced,
}

/// An object's type, name and namespace. As a pattern, an empty part stands for any.
///
/// Two ids that are equal by `==` are written alike. [`is_same_object`](Self::is_same_object) is what decides whether
/// two ids mean one object.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct ResId<'a> {
    /// The type.
    pub gvk: Gvk<'a>,
    /// Whether the type has namespaces.
    pub scope: Scope,
    /// The name.
    pub name: Cow<'a, str>,
    /// The namespace as written; empty for none.
    pub namespace: Cow<'a, str>,
}

impl<'a> ResId<'a> {
    /// The namespace that the object is in, never empty: [`NO_NAMESPACE`] for an object without one.
    pub fn effective_namespace(&self) -> &str {
        match self.scope {
            Scope::Cluster => NO_NAMESPACE,
            Scope::Namespaced if self.namespace.is_empty() => DEFAULT_NAMESPACE,
            Scope::Namespaced => &self.namespace,
        }
    }

    /// What decides whether two ids mean one object: those that do are equal by `==` in this form.
    pub fn into_effective(self) -> Self {
        let namespace = match self.scope {
            Scope::Cluster => NO_NAMESPACE.into(),
            Scope::Namespaced if self.namespace.is_empty() => DEFAULT_NAMESPACE.into(),
            Scope::Namespaced => self.namespace,
        };
        Self {
            namespace,
            scope: Scope::default(),
            ..self
        }
    }

    /// Whether both are in the same namespace.
    pub fn is_same_namespace(&self, other: &ResId<'_>) -> bool {
        self.effective_namespace() == other.effective_namespace()
    }

    /// Whether type and name are the same, whatever the namespace.
    pub fn is_same_type_and_name(&self, other: &ResId<'_>) -> bool {
        self.name == other.name && self.gvk == other.gvk
    }

    /// Whether both mean one object.
    pub fn is_same_object(&self, other: &ResId<'_>) -> bool {
        self.is_same_type_and_name(other) && self.is_same_namespace(other)
    }

    /// Whether the pattern includes this object.
    pub fn is_selected_by(&self, pattern: &ResId<'_>) -> bool {
        (pattern.name.is_empty() || pattern.name == self.name)
            && (pattern.namespace.is_empty() || pattern.is_same_namespace(self))
            && self.gvk.is_selected_by(&pattern.gvk)
    }

    /// Whether all parts are empty.
    pub fn is_empty(&self) -> bool {
        self.gvk.is_empty() && self.name.is_empty() && self.namespace.is_empty()
    }

    /// The same id, independent of what it was read from.
    pub fn into_owned(self) -> ResId<'static> {
        ResId {
            gvk: self.gvk.into_owned(),
            scope: self.scope,
            name: Cow::Owned(self.name.into_owned()),
            namespace: Cow::Owned(self.namespace.into_owned()),
        }
    }

    /// The id that [`Display`](fmt::Display) wrote; the scope is not in the text. `None` for any other text.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut halves = text.split('/');
        let gvk = Gvk::parse(halves.next()?);
        let (name, namespace) = halves.next()?.rsplit_once('.')?;
        let part =
            |text: &'a str, absent: &str| Cow::Borrowed(if text == absent { "" } else { text });
        Some(Self {
            gvk,
            scope: Scope::default(),
            name: part(name, "[noName]"),
            namespace: part(namespace, "[noNs]"),
        })
    }
}

/// As kustomize shows and stores ids: `Deployment.v1.apps/web.[noNs]`.
impl fmt::Display for ResId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{}.{}",
            self.gvk,
            named(&self.name, "[noName]"),
            named(&self.namespace, "[noNs]")
        )
    }
}

fn named<'t>(text: &'t str, absent: &'t str) -> &'t str {
    if text.is_empty() { absent } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ResId<'_> {
        ResId::parse(text).unwrap()
    }

    #[test]
    fn ids_are_written_as_they_are_read() {
        for text in [
            "Deployment.v1.apps/web.[noNs]",
            "ConfigMap.v1.[noGrp]/a.b.c.prod",
            "[noKind].[noVer].rbac.authorization.k8s.io/[noName].[noNs]",
        ] {
            assert_eq!(id(text).to_string(), text);
        }
        assert_eq!(
            id("Role.v1.rbac.authorization.k8s.io/x.y").gvk,
            Gvk::new("rbac.authorization.k8s.io/v1", "Role")
        );
        assert!(ResId::parse("nothing").is_none());
    }

    #[test]
    fn no_namespace_is_the_default_one() {
        assert!(id("Pod.v1.[noGrp]/a.[noNs]").is_same_object(&id("Pod.v1.[noGrp]/a.default")));
        assert!(!id("Pod.v1.[noGrp]/a.[noNs]").is_same_object(&id("Pod.v1.[noGrp]/a.prod")));
        assert!(id("Pod.v1.[noGrp]/a.x").is_same_type_and_name(&id("Pod.v1.[noGrp]/a.prod")));
    }

    #[test]
    fn the_namespace_of_a_cluster_scoped_object_does_not_count() {
        let cluster = |text| ResId {
            scope: Scope::Cluster,
            ..id(text)
        };
        let node = cluster("Node.v1.[noGrp]/a.x");
        assert!(node.is_same_object(&cluster("Node.v1.[noGrp]/a.[noNs]")));
        assert_eq!(node.effective_namespace(), NO_NAMESPACE);
    }

    #[test]
    fn empty_parts_of_a_pattern_select_all() {
        let web = id("Deployment.v1.apps/web.prod");
        for (pattern, selects) in [
            ("[noKind].[noVer].[noGrp]/[noName].[noNs]", true),
            ("Deployment.[noVer].[noGrp]/[noName].[noNs]", true),
            ("Deployment.[noVer].apps/web.prod", true),
            ("Deployment.v2.apps/web.prod", false),
            ("[noKind].[noVer].[noGrp]/web.default", false),
        ] {
            assert_eq!(web.is_selected_by(&id(pattern)), selects, "{pattern}");
        }
    }
}
