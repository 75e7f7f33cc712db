//! What tells objects of a cluster apart.

use std::fmt;

use super::discovery::{ApiResource, Scope};
use crate::pipeline::Identity;

/// A kind within its API group; versions are views of the same objects.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct GroupKind {
    /// The API group, empty for the core group.
    pub group: String,
    /// The kind.
    pub kind: String,
}

/// One object of a cluster, whichever version it is looked at in.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ObjectKey {
    /// The kind within its group.
    pub group_kind: GroupKind,
    /// The namespace; none for objects of the whole cluster.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
}

/// Whether the texts of a server about an object may be kept.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Content {
    /// They may: nothing in the object is secret.
    #[default]
    Public,
    /// They may quote a secret, and are dropped.
    Confidential,
}

/// Where requests about one object go.
#[derive(Clone, Copy, Debug)]
pub struct Address<'a> {
    /// The kind, as the cluster serves it.
    pub resource: &'a ApiResource,
    /// The namespace; none for objects of the whole cluster.
    pub namespace: Option<&'a str>,
    /// The name.
    pub name: &'a str,
    /// Whether answers about it may be kept.
    pub content: Content,
}

impl<'a> Address<'a> {
    /// The object `name`. Secrets are confidential by their kind; for another object that holds something secret, see
    /// [`Address::confidential`].
    pub fn new(resource: &'a ApiResource, namespace: Option<&'a str>, name: &'a str) -> Self {
        Self {
            resource,
            namespace: namespace.filter(|_| resource.scope == Scope::Namespaced),
            name,
            content: resource.content(),
        }
    }

    /// The object `key`, whose kind is `resource`.
    pub fn of(resource: &'a ApiResource, key: &'a ObjectKey) -> Self {
        Self::new(resource, key.namespace.as_deref(), &key.name)
    }

    /// The same place, of an object that holds something secret.
    #[must_use]
    pub const fn confidential(mut self) -> Self {
        self.content = Content::Confidential;
        self
    }
}

impl GroupKind {
    /// The kind `kind` of `group`.
    pub fn new(group: impl Into<String>, kind: impl Into<String>) -> Self {
        Self {
            group: group.into(),
            kind: kind.into(),
        }
    }
}

impl From<&Identity> for ObjectKey {
    fn from(identity: &Identity) -> Self {
        Self {
            group_kind: GroupKind::new(&identity.group, &identity.kind),
            namespace: identity.namespace.clone(),
            name: identity.name.clone(),
        }
    }
}

/// `Kind` or `Kind.group`.
impl fmt::Display for GroupKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        Ok(())
    }
}

/// `Kind.group namespace/name`, as an [`Identity`] reads.
impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.group_kind)?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        f.write_str(&self.name)
    }
}
