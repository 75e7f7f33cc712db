//! Which kinds a cluster serves.
//!
//! One request for each of `/api` and `/apis` tells it all ([aggregated discovery]); older servers are asked for
//! each version of each group.
//!
//! [aggregated discovery]: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde::Deserialize;
use tokio::sync::Mutex;

use super::client::{Cluster, decoded};
use super::error::ApiError;
use super::exchange::JSON;
use super::object::{Content, GroupKind};
use super::retry::Asks;

/// Servers that know only one of the versions answer in it, and older ones as they always did.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
    application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

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

/// What is known of a cluster's kinds. While one asks, others wait for its answer.
#[derive(Default)]
pub(super) struct Cache(Mutex<Option<Arc<Discovery>>>);

impl Cache {
    pub(super) async fn known(&self, cluster: &Cluster) -> Result<Arc<Discovery>, ApiError> {
        let mut known = self.0.lock().await;
        if let Some(known) = &*known {
            return Ok(Arc::clone(known));
        }
        let asked = Arc::new(discover(cluster).await?);
        *known = Some(Arc::clone(&asked));
        Ok(asked)
    }

    pub(super) async fn asked_again(&self, cluster: &Cluster) -> Result<Arc<Discovery>, ApiError> {
        let asked = Arc::new(discover(cluster).await?);
        *self.0.lock().await = Some(Arc::clone(&asked));
        Ok(asked)
    }
}

async fn discover(cluster: &Cluster) -> Result<Discovery, ApiError> {
    let (core, groups) = futures_util::future::try_join(
        cluster.read(Asks::Discovery, "/api".to_owned(), AGGREGATED),
        cluster.read(Asks::Discovery, "/apis".to_owned(), AGGREGATED),
    )
    .await?;
    let mut discovery = Discovery::default();
    for answer in [core, groups] {
        match decoded(&answer.body)? {
            Root::Aggregated { items } => {
                for group in items {
                    discovery.add_group(group);
                }
            }
            Root::Groups { groups } => discovery.ask_groups(cluster, groups).await?,
            Root::CoreVersions { versions } => {
                let versions = versions.into_iter();
                let core = LegacyGroup {
                    name: String::new(),
                    versions: versions.map(|version| LegacyVersion { version }).collect(),
                    preferred_version: None,
                };
                discovery.ask_groups(cluster, vec![core]).await?;
            }
        }
    }
    Ok(discovery)
}

impl Discovery {
    fn add_group(&mut self, group: Group) {
        let name = group.metadata.name;
        for version in group.versions {
            if version.freshness.as_deref() == Some("Stale") {
                self.unavailable.insert(GroupVersion {
                    group: name.clone(),
                    version: version.version.clone(),
                });
            }
            for resource in version.resources {
                // Without a kind, only its subresources are served.
                let Some(kind) = resource.response_kind.map(|kind| kind.kind) else {
                    continue;
                };
                if kind.is_empty() {
                    continue;
                }
                self.add(ApiResource {
                    group: name.clone(),
                    version: version.version.clone(),
                    kind,
                    plural: resource.resource,
                    scope: if resource.scope == "Namespaced" {
                        Scope::Namespaced
                    } else {
                        Scope::Cluster
                    },
                    verbs: verbs(&resource.verbs),
                    subresources: resource
                        .subresources
                        .into_iter()
                        .map(|subresource| subresource.subresource)
                        .collect(),
                });
            }
        }
    }

    /// Asks for each version of each group, as old servers want it. A version that does not answer is unavailable.
    async fn ask_groups(
        &mut self,
        cluster: &Cluster,
        groups: Vec<LegacyGroup>,
    ) -> Result<(), ApiError> {
        for group in groups {
            let root = if group.name.is_empty() {
                "/api".to_owned()
            } else {
                format!("/apis/{}", group.name)
            };
            let preferred = group.preferred_version.map(|preferred| preferred.version);
            let (first, rest): (Vec<_>, Vec<_>) = group
                .versions
                .into_iter()
                .map(|version| version.version)
                .partition(|version| Some(version) == preferred.as_ref());
            for version in first.into_iter().chain(rest) {
                let target = format!("{root}/{version}");
                match cluster.read(Asks::Discovery, target, JSON).await {
                    Ok(answer) => {
                        let resources: LegacyResources = decoded(&answer.body)?;
                        self.add_legacy(&group.name, &version, resources);
                    }
                    Err(ApiError::Unavailable { .. } | ApiError::UnknownKind) => {
                        self.unavailable.insert(GroupVersion {
                            group: group.name.clone(),
                            version,
                        });
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    fn add_legacy(&mut self, group: &str, version: &str, served: LegacyResources) {
        let mut subresources: Vec<(String, String)> = Vec::new();
        let mut resources = Vec::new();
        for resource in served.resources {
            if let Some((plural, subresource)) = resource.name.split_once('/') {
                subresources.push((plural.to_owned(), subresource.to_owned()));
                continue;
            }
            resources.push(ApiResource {
                group: group.to_owned(),
                version: version.to_owned(),
                kind: resource.kind,
                scope: if resource.namespaced {
                    Scope::Namespaced
                } else {
                    Scope::Cluster
                },
                verbs: verbs(&resource.verbs),
                plural: resource.name,
                subresources: BTreeSet::new(),
            });
        }
        for mut resource in resources {
            resource.subresources = subresources
                .iter()
                .filter(|(plural, _)| *plural == resource.plural)
                .map(|(_, subresource)| subresource.clone())
                .collect();
            self.add(resource);
        }
    }

    /// Adds a kind behind the versions of it that are preferred. A second resource of the same kind, as
    /// `deployments/scale` has in old groups, is left.
    fn add(&mut self, resource: ApiResource) {
        let versions = self.kinds.entry(resource.group_kind()).or_default();
        if versions
            .iter()
            .all(|known| known.version != resource.version)
        {
            versions.push(resource);
        }
    }
}

fn verbs(names: &[String]) -> BTreeSet<Verb> {
    names
        .iter()
        .filter_map(|name| {
            Some(match name.as_str() {
                "create" => Verb::Create,
                "delete" => Verb::Delete,
                "deletecollection" => Verb::DeleteCollection,
                "get" => Verb::Get,
                "list" => Verb::List,
                "patch" => Verb::Patch,
                "update" => Verb::Update,
                "watch" => Verb::Watch,
                _ => return None,
            })
        })
        .collect()
}

/// What `/api` and `/apis` answer, whichever way.
#[derive(Deserialize)]
#[serde(tag = "kind")]
enum Root {
    #[serde(rename = "APIGroupDiscoveryList")]
    Aggregated {
        #[serde(default)]
        items: Vec<Group>,
    },
    #[serde(rename = "APIGroupList")]
    Groups {
        #[serde(default)]
        groups: Vec<LegacyGroup>,
    },
    #[serde(rename = "APIVersions")]
    CoreVersions {
        #[serde(default)]
        versions: Vec<String>,
    },
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    metadata: GroupMetadata,
    #[serde(default)]
    versions: Vec<GroupVersionResources>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GroupMetadata {
    name: String,
}

#[derive(Deserialize)]
struct GroupVersionResources {
    version: String,
    #[serde(default)]
    resources: Vec<GroupResource>,
    freshness: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupResource {
    resource: String,
    response_kind: Option<ResponseKind>,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    verbs: Vec<String>,
    #[serde(default)]
    subresources: Vec<GroupSubresource>,
}

#[derive(Deserialize)]
struct ResponseKind {
    #[serde(default)]
    kind: String,
}

#[derive(Deserialize)]
struct GroupSubresource {
    subresource: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LegacyGroup {
    name: String,
    #[serde(default)]
    versions: Vec<LegacyVersion>,
    preferred_version: Option<LegacyVersion>,
}

#[derive(Deserialize)]
struct LegacyVersion {
    version: String,
}

#[derive(Deserialize)]
struct LegacyResources {
    #[serde(default)]
    resources: Vec<LegacyResource>,
}

#[derive(Deserialize)]
struct LegacyResource {
    name: String,
    kind: String,
    namespaced: bool,
    #[serde(default)]
    verbs: Vec<String>,
}
