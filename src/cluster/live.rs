//! The application's live objects.
//!
//! They are read by kind and namespace, with as few requests as possible: one list by the application's label gives all
//! that is ours. What is wanted and not among it is new, or somebody else's, or lost its label; a few such objects are read
//! one by one, many by a list of everything.
//!
//! Where there is no inventory, every kind that the cluster serves is searched by the label, in all namespaces: the
//! application may be new, or its inventory lost, and only looking tells the two apart.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use futures_util::future;
use serde_json::Value;

use super::client::{Cluster, Selection};
use super::cluster_secret::Reach;
use super::compare::CompareError;
use super::discovery::{ApiResource, Discovery, Scope, Verb};
use super::error::ApiError;
use super::inventory::Inventory;
use super::object::{Address, GroupKind, ObjectKey};
use super::ownership::{APPLICATION, Ownership};
use super::request::SyncRequest;
use super::target::Targets;

/// Up to how many objects of a kind and a namespace are read one by one.
const READ_SINGLY: usize = 4;

/// The live objects that an application has to do with: the wanted ones, and those that are its own.
#[derive(Default)]
pub(super) struct Live {
    /// By key. Objects that are not there are not in it.
    pub(super) objects: HashMap<ObjectKey, Value>,
    /// Objects of the inventory that could not be looked for.
    pub(super) unknown: BTreeSet<ObjectKey>,
    /// How many kinds could not be searched for objects that the inventory does not name.
    pub(super) not_searched: usize,
}

/// The objects of one kind in one namespace.
struct Group<'a> {
    resource: &'a ApiResource,
    namespace: Option<String>,
    wanted: BTreeSet<ObjectKey>,
}

/// Reads the live objects of what is wanted, and of what the inventory names.
///
/// # Errors
///
/// When objects cannot be read. Kinds that may not be listed are read one by one, which is no error.
pub(super) async fn read(
    cluster: &Cluster,
    discovery: &Discovery,
    request: &SyncRequest<'_>,
    targets: &Targets,
    inventory: &Inventory,
) -> Result<Live, CompareError> {
    let label = format!("{APPLICATION}={}", request.application.label());
    let mut live = Live::default();
    let mut groups = Groups::new();
    let wanted = targets
        .objects
        .iter()
        .chain(targets.hooks.iter().map(|hook| &hook.target));
    let mut targeted: HashSet<&ObjectKey> = HashSet::new();
    let mut versions: HashMap<&GroupKind, &ApiResource> = HashMap::new();
    for target in wanted.filter(|target| target.is_named()) {
        if let Some(resource) = &target.resource {
            targeted.insert(&target.key);
            versions.entry(&target.key.group_kind).or_insert(resource);
            group(&mut groups, resource, &target.key);
        }
    }
    for key in inventory.entries.keys() {
        if !request.reach.includes(key.namespace.as_deref()) {
            live.unknown.insert(key.clone());
            continue;
        }
        match discovery.resource(&key.group_kind, None) {
            // Any version will do, so one that is read anyway.
            Some(resource) if !targeted.contains(key) => {
                let version = versions.get(&key.group_kind).copied();
                group(&mut groups, version.unwrap_or(resource), key);
            }
            Some(_) => {}
            // A kind that is gone took its objects with it; one whose own API server is away did not.
            None if !discovery.is_complete(&key.group_kind.group) => {
                live.unknown.insert(key.clone());
            }
            None => {}
        }
    }
    let groups: Vec<Group<'_>> = groups.into_values().collect();
    let reads = groups
        .iter()
        .map(|group| read_group(cluster, group, &label));
    for (group, read) in groups.iter().zip(future::join_all(reads).await) {
        let read = read.map_err(|source| CompareError::Live {
            kind: group.resource.group_kind(),
            source,
        })?;
        for (key, object) in read {
            // A list by label shows objects of other versions' groups as well.
            if group.wanted.contains(&key) {
                live.objects.insert(key, object);
            } else {
                live.objects.entry(key).or_insert(object);
            }
        }
    }
    if !inventory.exists() {
        search(cluster, discovery, request, &label, &mut live).await?;
    }
    Ok(live)
}

/// By kind, namespace and version: an object is compared in the version that it is written in.
type Groups<'a> = BTreeMap<(GroupKind, Option<String>, &'a str), Group<'a>>;

fn group<'a>(groups: &mut Groups<'a>, resource: &'a ApiResource, key: &ObjectKey) {
    let namespace = key
        .namespace
        .clone()
        .filter(|_| resource.scope == Scope::Namespaced);
    groups
        .entry((key.group_kind.clone(), namespace.clone(), &resource.version))
        .or_insert_with(|| Group {
            resource,
            namespace,
            wanted: BTreeSet::new(),
        })
        .wanted
        .insert(key.clone());
}

async fn read_group(
    cluster: &Cluster,
    group: &Group<'_>,
    label: &str,
) -> Result<Vec<(ObjectKey, Value)>, ApiError> {
    let resource = group.resource;
    let selection = Selection::new(resource, group.namespace.as_deref());
    let mut found: HashMap<ObjectKey, Value> = HashMap::new();
    let mut may_list = resource.allows(Verb::List);
    if may_list {
        match cluster.list(selection.labels(label)).await {
            Ok(listed) => found.extend(keyed(listed.items, resource)),
            // What may be read may not always be listed.
            Err(ApiError::Forbidden { .. }) => may_list = false,
            Err(ApiError::NotFound | ApiError::UnknownKind) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        }
    }
    let missing: Vec<&ObjectKey> = group
        .wanted
        .iter()
        .filter(|key| !found.contains_key(*key))
        .collect();
    if may_list && missing.len() > READ_SINGLY {
        let missing: HashSet<&ObjectKey> = missing.into_iter().collect();
        let listed = cluster.list(selection).await?;
        let others = keyed(listed.items, resource).filter(|(key, _)| missing.contains(key));
        found.extend(others.collect::<Vec<_>>());
        return Ok(found.into_iter().collect());
    }
    let reads = missing
        .iter()
        .map(|key| cluster.get(Address::of(resource, key)));
    for (key, read) in missing.iter().zip(future::join_all(reads).await) {
        match read {
            Ok(Some(object)) => {
                found.insert((*key).clone(), object);
            }
            Ok(None) | Err(ApiError::NotFound | ApiError::UnknownKind) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found.into_iter().collect())
}

/// Searches every kind for objects of the application, as far as the cluster is in reach.
async fn search(
    cluster: &Cluster,
    discovery: &Discovery,
    request: &SyncRequest<'_>,
    label: &str,
    live: &mut Live,
) -> Result<(), CompareError> {
    let places: Vec<(&ApiResource, Option<&str>)> = discovery
        .resources()
        .filter(|resource| {
            resource.allows(Verb::List)
                && resource.allows(Verb::Delete)
                && resource.allows(Verb::Patch)
                // Events are told of objects, and never applied.
                && resource.kind != "Event"
        })
        .flat_map(|resource| {
            let namespaces = match (&request.reach, resource.scope) {
                (Reach::Namespaces { namespaces, .. }, Scope::Namespaced) => {
                    namespaces.iter().map(|name| Some(name.as_str())).collect()
                }
                (reach, Scope::Cluster) if !reach.includes(None) => Vec::new(),
                _ => vec![None],
            };
            namespaces.into_iter().map(move |place| (resource, place))
        })
        .collect();
    live.not_searched += discovery.unavailable().len();
    let searches = places.iter().map(async |(resource, place)| {
        let all = Selection::new(resource, *place).labels(label);
        match cluster.list(all).await {
            Err(ApiError::Forbidden { .. })
                if resource.scope == Scope::Namespaced && place.is_none() =>
            {
                let here = Selection::new(resource, Some(&request.namespace)).labels(label);
                (cluster.list(here).await, true)
            }
            listed => (listed, false),
        }
    });
    let found = future::join_all(searches).await;
    for ((resource, _), (listed, is_partial)) in places.iter().zip(found) {
        match listed {
            Ok(listed) => {
                live.not_searched += usize::from(is_partial);
                let ours = keyed(listed.items, resource).filter(|(key, object)| {
                    Ownership::of(object, key, &request.application) == Ownership::Ours
                });
                for (key, object) in ours {
                    live.objects.entry(key).or_insert(object);
                }
            }
            Err(ApiError::Forbidden { .. }) => live.not_searched += 1,
            Err(ApiError::NotFound | ApiError::UnknownKind) => {}
            Err(source) => {
                return Err(CompareError::Live {
                    kind: resource.group_kind(),
                    source,
                });
            }
        }
    }
    Ok(())
}

fn keyed(items: Vec<Value>, resource: &ApiResource) -> impl Iterator<Item = (ObjectKey, Value)> {
    items.into_iter().filter_map(|object| {
        let text = |field: &str| {
            object
                .pointer(field)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let key = ObjectKey {
            group_kind: resource.group_kind(),
            namespace: text("/metadata/namespace"),
            name: text("/metadata/name")?,
        };
        Some((key, object))
    })
}
