//! Which kinds a cluster serves.
//!
//! One request for each of `/api` and `/apis` tells it all ([aggregated discovery]); older servers are asked for
//! each version of each group.
//!
//! [aggregated discovery]: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery

use std::collections::{BTreeSet, HashMap};

use super::object::{Content, GroupKind};

/// The kinds that a cluster serves.
#[derive(Clone, Debug, Default)]
pub struct Discovery {
    /// By kind; the versions of one kind in the order in which the server prefers them.
    kinds: HashMap<GroupKind, Vec<ApiResource>>,
    /// Versions of groups whose server did not answer, so that their kinds are not known.
    unavailable: BTreeSet<GroupVersion>,
}

/// A kind in one version, as the cluster serves it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApiResource {
    /// The group, empty for the core group.
    pub group: String,
    /// The version.
    pub version: String,
    /// The kind.
    pub kind: String,
    /// The name in addresses, as `deployments`.
    pub plural: String,
    /// Whether its objects lie in namespaces.
    pub scope: Scope,
    /// What can be done with it, as `list`.
    pub verbs: BTreeSet<Verb>,
    /// Its subresources, as `status`.
    pub subresources: BTreeSet<String>,
}

/// Where the objects of a kind lie.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scope {
    /// In the cluster as a whole.
    Cluster,
    /// In namespaces.
    Namespaced,
}

/// What can be done with a resource.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Verb {
    /// Make an object.
    Create,
    /// Delete an object.
    Delete,
    /// Delete all objects of a selection.
    DeleteCollection,
    /// Read one object.
    Get,
    /// Read all objects of a selection.
    List,
    /// Change parts of an object, server-side apply too.
    Patch,
    /// Replace an object.
    Update,
    /// Be told of changes.
    Watch,
}

/// A version of a group.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct GroupVersion {
    /// The group, empty for the core group.
    pub group: String,
    /// The version.
    pub version: String,
}

impl Discovery {
    /// The kind `kind` in `version`, or in the version that the server prefers.
    pub fn resource(&self, kind: &GroupKind, version: Option<&str>) -> Option<&ApiResource> {
        let versions = self.kinds.get(kind)?;
        match version {
            None => versions.first(),
            Some(version) => versions.iter().find(|served| served.version == version),
        }
    }

    /// Every kind, in the version that the server prefers; in no order.
    pub fn resources(&self) -> impl Iterator<Item = &ApiResource> {
        self.kinds.values().filter_map(|versions| versions.first())
    }

    /// Every kind in every version; in no order.
    pub fn all_versions(&self) -> impl Iterator<Item = &ApiResource> {
        self.kinds.values().flatten()
    }

    /// Versions of groups whose own API server did not answer. A kind of these groups that is not found may well
    /// exist, and so may its objects: nothing that follows from their absence is sure.
    pub const fn unavailable(&self) -> &BTreeSet<GroupVersion> {
        &self.unavailable
    }

    /// Whether all kinds of `group` are known.
    pub fn is_complete(&self, group: &str) -> bool {
        self.unavailable.iter().all(|known| known.group != group)
    }
}

impl ApiResource {
    /// Its kind within its group.
    pub fn group_kind(&self) -> GroupKind {
        GroupKind::new(&self.group, &self.kind)
    }

    /// `group/version`, or the version alone for the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// Whether `verb` can be done with it.
    pub fn allows(&self, verb: Verb) -> bool {
        self.verbs.contains(&verb)
    }

    /// Secrets are confidential as a kind.
    pub fn content(&self) -> Content {
        if self.group.is_empty() && self.kind == "Secret" {
            Content::Confidential
        } else {
            Content::Public
        }
    }
}
