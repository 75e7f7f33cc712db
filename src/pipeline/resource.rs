//! One Kubernetes object on its way through the pipeline.

use std::fmt;
use std::sync::Arc;

use goyaml::Value;
use tree::{SecretParts, TreePath};

/// One object, who it is and where it came from.
pub struct Resource {
    /// The object itself, an object value with its keys in the order of the source.
    pub object: Value,
    /// Group, kind, namespace and name.
    pub identity: Identity,
    /// The place in the source.
    pub origin: Origin,
    /// What in it is secret by its place.
    pub secret: SecretParts,
    /// Whether anything in it was opened on the way.
    pub opened: Opening,
}

/// What tells an object from every other one of a cluster.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Identity {
    /// The API group, empty for the core group.
    pub group: String,
    /// The version of the group.
    pub version: String,
    /// The kind.
    pub kind: String,
    /// The namespace, where the manifest names one.
    pub namespace: Option<String>,
    /// The name; for an object with `generateName` alone, that prefix.
    pub name: String,
}

/// Whether anything in an object was opened on the way.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Opening {
    /// All of it lies in the source as it is.
    #[default]
    None,
    /// Some of it was decrypted by the opener, which verified it.
    Decrypted,
    /// It was a SealedSecret.
    Unsealed,
}

/// The place that an object came from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin {
    /// The remote base that the file is in, without credentials; none for the source itself.
    pub repository: Option<Arc<str>>,
    /// The file, or the folder of the kustomization that made the object.
    pub path: TreePath,
    /// The line on which the object starts, counted from one; zero for an object that was made and not read.
    pub line: u32,
}

/// Why a value is no Kubernetes object.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// It is a list, a text, a number.
    #[error("not an object")]
    NotAnObject,
    /// `apiVersion` is absent, empty or not a text.
    #[error("`apiVersion` is missing")]
    ApiVersionMissing,
    /// `kind` is absent, empty or not a text.
    #[error("`kind` is missing")]
    KindMissing,
    /// Neither `metadata.name` nor `metadata.generateName` is a text.
    #[error("`metadata.name` is missing")]
    NameMissing,
}

impl IdentityError {
    /// The stable name of the reason.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NotAnObject => "not-an-object",
            Self::ApiVersionMissing => "api-version-missing",
            Self::KindMissing => "kind-missing",
            Self::NameMissing => "name-missing",
        }
    }
}

impl Identity {
    /// Reads who an object is.
    ///
    /// # Errors
    ///
    /// When a part that every object must have is missing.
    pub fn of(object: &Value) -> Result<Self, IdentityError> {
        let api_version = text(object, "apiVersion").ok_or(IdentityError::ApiVersionMissing);
        Self::read(object, api_version)
    }

    /// Reads who an object is that kustomize made. One without `apiVersion` is no object to a cluster, but kustomize
    /// prints it all the same: its version is empty.
    ///
    /// # Errors
    ///
    /// When another part that every object must have is missing.
    pub fn of_built(object: &Value) -> Result<Self, IdentityError> {
        Self::read(object, Ok(text(object, "apiVersion").unwrap_or_default()))
    }

    fn read(
        object: &Value,
        api_version: Result<&str, IdentityError>,
    ) -> Result<Self, IdentityError> {
        if object.as_object().is_none() {
            return Err(IdentityError::NotAnObject);
        }
        let kind = text(object, "kind").ok_or(IdentityError::KindMissing)?;
        let api_version = api_version?;
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let metadata = object.get("metadata");
        let name = metadata
            .and_then(|metadata| text(metadata, "name").or_else(|| text(metadata, "generateName")))
            .ok_or(IdentityError::NameMissing)?;
        let namespace = metadata.and_then(|metadata| text(metadata, "namespace"));
        Ok(Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        })
    }

    /// Whether it is a `Secret` of the core group.
    pub fn is_secret(&self) -> bool {
        self.group.is_empty() && self.kind == "Secret"
    }

    /// Whether it is a Bitnami `SealedSecret`.
    pub fn is_sealed_secret(&self) -> bool {
        self.group == "bitnami.com" && self.kind == "SealedSecret"
    }
}

/// `Kind namespace/name`, with the group behind the kind where there is one: `Deployment.apps shop/web`.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        f.write_str(" ")?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        f.write_str(&self.name)
    }
}

/// `path:line`, or `path` alone; of a remote base, behind its address.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(repository) = &self.repository {
            write!(f, "{repository}: ")?;
        }
        match self.line {
            0 => write!(f, "{}", self.path),
            line => write!(f, "{}:{line}", self.path),
        }
    }
}

fn text<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object
        .get(key)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(entries: &[(&str, Value)]) -> Value {
        Value::Object(
            entries
                .iter()
                .map(|(key, value)| ((*key).to_owned(), value.clone()))
                .collect(),
        )
    }

    fn string(text: &str) -> Value {
        Value::String(text.to_owned())
    }

    #[test]
    fn an_identity_reads_as_kind_group_namespace_and_name() {
        let deployment = object(&[
            ("apiVersion", string("apps/v1")),
            ("kind", string("Deployment")),
            (
                "metadata",
                object(&[("name", string("web")), ("namespace", string("shop"))]),
            ),
        ]);
        let identity = Identity::of(&deployment).unwrap();
        assert_eq!(identity.to_string(), "Deployment.apps shop/web");
        assert!(!identity.is_secret());
    }

    #[test]
    fn what_is_missing_is_named() {
        let cases = [
            (Value::Null, IdentityError::NotAnObject),
            (
                object(&[("apiVersion", string("v1"))]),
                IdentityError::KindMissing,
            ),
            (
                object(&[("kind", string("Secret"))]),
                IdentityError::ApiVersionMissing,
            ),
            (
                object(&[("kind", string("Secret")), ("apiVersion", string("v1"))]),
                IdentityError::NameMissing,
            ),
        ];
        for (value, expect) in cases {
            assert_eq!(Identity::of(&value).unwrap_err(), expect);
        }
    }
}
