//! What is to be done, and why.
//!
//! Two steps, so that a namespace can be made between them: [`survey`] reads what is wanted and what is there, and
//! [`decide`] says for each object what is to become of it. An object whose fields lockstep applied before, and which has
//! the wanted values in just these fields, is as wanted, and the cluster is not asked. All others are tried by a dry run
//! on the server, which is the comparison's prediction and the check before the first change in one.

mod judge;
mod sides;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use futures_util::stream::{FuturesUnordered, StreamExt};
use serde_json::Value;

use super::client::{Cluster, Conflicts, Validation};
use super::compare::{CompareError, Difference, Knowledge};
use super::discovery::{ApiResource, Discovery};
use super::hooks::Role;
use super::ignore::IgnoreWarning;
use super::inventory::{Entries, Entry, Inventory, Place};
use super::live::{self, Live};
use super::migration::Former;
use super::object::{GroupKind, ObjectKey};
use super::options::ResourceOptions;
use super::outcome::{ObjectError, Warning};
use super::ownership::Ownership;
use super::progress::{Progress, SyncEvent};
use super::request::{Adoption, EmptyRender, SyncRequest};
use super::target::{self, HookTarget, Target, Targets};
use super::view::History;
use judge::{Context, Judged, Made};

pub(super) use sides::compared;

/// What is wanted, and what is there.
pub(super) struct Survey {
    pub(super) discovery: Arc<Discovery>,
    pub(super) targets: Targets,
    pub(super) inventory: Inventory,
    pub(super) live: Live,
}

/// What is to become of every object.
pub(super) struct Plan {
    pub(super) discovery: Arc<Discovery>,
    pub(super) inventory: Inventory,
    /// The wanted objects in the order of the source, then those that nobody wants any more.
    pub(super) items: Vec<Item>,
    pub(super) hooks: Vec<HookItem>,
    /// Hooks that a sync which was killed left behind.
    pub(super) leftovers: Vec<Leftover>,
    /// Objects of the inventory of which nothing is known.
    pub(super) unknown: BTreeSet<ObjectKey>,
    pub(super) warnings: Vec<Warning>,
    pub(super) knowledge: Knowledge,
}

/// One object, and what is to become of it.
pub(super) struct Item {
    pub(super) key: ObjectKey,
    pub(super) version: String,
    pub(super) resource: Option<ApiResource>,
    /// None for an object that is not wanted any more.
    pub(super) target: Option<Target>,
    pub(super) live: Option<Value>,
    /// What the cluster says the object would be.
    pub(super) predicted: Option<Value>,
    pub(super) difference: Difference,
    /// Whether it has to be written: also where only what is ignored differs, or whose the fields are.
    pub(super) is_written: bool,
    pub(super) conflicts: Conflicts,
    /// Those whose fields become lockstep's with it.
    pub(super) former: Former,
    pub(super) history: History,
}

/// A hook, and whether it could run.
pub(super) struct HookItem {
    pub(super) hook: HookTarget,
    pub(super) live: Option<Value>,
    pub(super) refused: Option<ObjectError>,
}

/// A live hook whose sync never came to its end.
pub(super) struct Leftover {
    pub(super) key: ObjectKey,
    pub(super) resource: ApiResource,
    pub(super) live: Value,
}

impl Plan {
    /// Whether anything would be written to the cluster.
    pub(super) fn changes_anything(&self) -> bool {
        !self.hooks.is_empty()
            || !self.leftovers.is_empty()
            || self
                .items
                .iter()
                .any(|item| item.is_written || matches!(item.difference, Difference::Pruned))
    }

    /// What an inventory has to name before the first change: everything that it names, and everything that is wanted.
    pub(super) fn entries_before(&self) -> Entries {
        let mut entries = self.inventory.entries.clone();
        for item in &self.items {
            entries.insert(item.key.clone(), entry(item.target.as_ref(), item.history));
        }
        for hook in &self.hooks {
            entries.insert(hook.hook.target.key.clone(), Entry::Hook);
        }
        for leftover in &self.leftovers {
            entries.insert(leftover.key.clone(), Entry::Hook);
        }
        entries
    }
}

/// What the inventory says of an object.
pub(super) fn entry(target: Option<&Target>, history: History) -> Entry {
    let is_opened = target.map_or(history == History::Confidential, |target| target.is_opened);
    if is_opened {
        Entry::Opened
    } else {
        Entry::Object
    }
}

/// Reads what is wanted and what is there. `started` is the begin of the sync in seconds since 1970.
///
/// # Errors
///
/// When the cluster cannot be read, or the application is another one than the cluster knows by this name.
pub(super) async fn survey(
    cluster: &Cluster,
    request: &SyncRequest<'_>,
    started: i64,
    known: Option<Inventory>,
) -> Result<Survey, CompareError> {
    let discovery = cluster.discovery().await.map_err(CompareError::Discovery)?;
    let targets = target::targets(request, &discovery, started)?;
    check_reach(request, &targets)?;
    let mut inventory = match (known, Place::of(request, &discovery)) {
        (Some(known), _) => known,
        (None, Some(place)) => place.read(cluster).await?,
        (None, None) => Inventory::default(),
    };
    inventory.place(&discovery);
    if request.adoption == Adoption::Refuse {
        inventory.check_source(request.source.as_str())?;
    }
    let live = live::read(cluster, &discovery, request, &targets, &inventory).await?;
    Ok(Survey {
        discovery,
        targets,
        inventory,
        live,
    })
}

/// Sees to it that everything that is wanted may be written, and the inventory too.
fn check_reach(request: &SyncRequest<'_>, targets: &Targets) -> Result<(), CompareError> {
    if !request.namespace.is_empty() && !request.reach.includes(Some(&request.namespace)) {
        return Err(CompareError::OutOfReach {
            key: ObjectKey {
                group_kind: GroupKind::new("", "Namespace"),
                namespace: None,
                name: request.namespace.clone(),
            },
        });
    }
    let hooks = targets.hooks.iter().map(|hook| &hook.target);
    let outside = targets
        .objects
        .iter()
        .chain(hooks)
        .find(|target| !request.reach.includes(target.key.namespace.as_deref()));
    match outside {
        Some(target) => Err(CompareError::OutOfReach {
            key: target.key.clone(),
        }),
        None => Ok(()),
    }
}

/// Decides what is to become of every object. Nothing is changed.
///
/// # Errors
///
/// [`CompareError::EmptyRender`] when nothing is wanted where there is something.
pub(super) async fn decide(
    cluster: &Cluster,
    request: &SyncRequest<'_>,
    survey: Survey,
    progress: &dyn Progress,
) -> Result<Plan, CompareError> {
    let Survey {
        discovery,
        targets,
        inventory,
        mut live,
    } = survey;
    let mut warnings = targets.warnings;
    if live.not_searched > 0 {
        warnings.push(Warning::NotSearched {
            kinds: live.not_searched,
        });
    }
    let selected: Vec<Target> = targets
        .objects
        .iter()
        .filter(|target| request.extent.contains(&target.key))
        .cloned()
        .collect();
    let context = Context {
        cluster,
        request,
        made: Made::of(&targets.objects, request),
        inventory: &inventory,
    };

    let wanted: HashSet<&ObjectKey> = targets
        .objects
        .iter()
        .chain(targets.hooks.iter().map(|hook| &hook.target))
        .map(|target| &target.key)
        .chain(&targets.skipped)
        .collect();
    // One object may be served as two kinds; the one that is wanted is not pruned by its other name.
    let uids: HashSet<String> = targets
        .objects
        .iter()
        .filter_map(|target| uid(live.objects.get(&target.key)?))
        .map(str::to_owned)
        .collect();
    let mut extra: Vec<(ObjectKey, Value)> = Vec::new();
    let mut leftovers = Vec::new();
    for (key, object) in &live.objects {
        if wanted.contains(key)
            || Ownership::of(object, key, &request.application) != Ownership::Ours
        {
            continue;
        }
        match Role::of(object) {
            Role::Resource
                if is_own(object) && uid(object).is_none_or(|uid| !uids.contains(uid)) =>
            {
                extra.push((key.clone(), object.clone()));
            }
            Role::Hook(_) if super::hooks::has_finalizer(object) => {
                if let Some(resource) = served(&discovery, key, object) {
                    leftovers.push(Leftover {
                        key: key.clone(),
                        resource: resource.clone(),
                        live: object.clone(),
                    });
                }
            }
            Role::Resource | Role::Hook(_) | Role::Skipped => {}
        }
    }
    extra.sort_by(|(one, _), (other, _)| one.cmp(other));
    leftovers.sort_by(|one, other| one.key.cmp(&other.key));
    if !inventory.exists() && !extra.is_empty() {
        let ours = live
            .objects
            .iter()
            .filter(|(key, object)| {
                Ownership::of(object, key, &request.application) == Ownership::Ours
            })
            .count();
        warnings.push(Warning::InventoryRebuilt { objects: ours });
    }
    if targets.objects.is_empty()
        && request.empty == EmptyRender::Refuse
        && !(extra.is_empty() && live.unknown.is_empty())
    {
        return Err(CompareError::EmptyRender {
            owned: extra.len() + live.unknown.len(),
        });
    }

    let hooks = if runs_hooks(request) {
        targets.hooks
    } else {
        Vec::new()
    };
    let total = selected.len() + hooks.len();
    let mut done = 0;
    let lives: Vec<Option<Value>> = selected
        .iter()
        .map(|target| live.objects.remove(&target.key))
        .collect();
    let mut judging: FuturesUnordered<_> = selected
        .into_iter()
        .zip(lives)
        .enumerate()
        .map(|(index, (target, live))| {
            let context = &context;
            async move { (index, context.judge(target, live).await) }
        })
        .collect();
    let mut judged: Vec<(usize, Judged)> = Vec::with_capacity(total);
    while let Some(one) = judging.next().await {
        done += 1;
        if one.1.was_asked {
            progress.report(SyncEvent::DryRun { done, total });
        }
        judged.push(one);
    }
    drop(judging);
    judged.sort_by_key(|(index, _)| *index);
    let mut items = Vec::with_capacity(judged.len() + extra.len());
    let mut failed_rules: BTreeMap<IgnoreWarning, Vec<ObjectKey>> = BTreeMap::new();
    for (_, judged) in judged {
        warnings.extend(judged.warnings);
        for rule in judged.failed_rules {
            let keys = failed_rules.entry(rule).or_default();
            keys.push(judged.item.key.clone());
        }
        items.push(judged.item);
    }
    warnings.extend(failed_rules.into_iter().filter_map(|(rule, keys)| {
        Some(Warning::RuleFailed {
            rule,
            objects: keys.len(),
            key: keys.into_iter().next()?,
        })
    }));
    for (key, object) in extra {
        if request.extent.contains(&key) {
            items.push(context.unwanted(key, object, &discovery));
        }
    }
    let hooks = futures_util::future::join_all(hooks.into_iter().map(|hook| {
        let live = live.objects.get(&hook.target.key).cloned();
        context.judge_hook(hook, live)
    }))
    .await;
    let knowledge = if live.not_searched == 0 && live.unknown.is_empty() {
        Knowledge::Complete
    } else {
        Knowledge::Partial
    };
    Ok(Plan {
        discovery,
        items,
        hooks,
        leftovers,
        unknown: live.unknown,
        warnings,
        knowledge,
        inventory,
    })
}

/// Whether hooks run: not in a partial sync (argo-cd: SyncAppState).
pub(super) fn runs_hooks(request: &SyncRequest<'_>) -> bool {
    request.hooks == super::request::HookPolicy::Run
        && request.extent == super::request::Extent::All
}

/// What the server does with fields that it does not know.
pub(super) const fn validation(options: &ResourceOptions) -> Validation {
    if options.validate {
        Validation::Strict
    } else {
        Validation::Ignore
    }
}

/// The object with the version of the live one, so that it replaces just that.
pub(super) fn at_version_of(object: &Value, live: &Value) -> Value {
    let mut object = object.clone();
    if let (Some(version), Some(metadata)) = (
        live.pointer("/metadata/resourceVersion"),
        object.get_mut("metadata").and_then(Value::as_object_mut),
    ) {
        metadata.insert("resourceVersion".to_owned(), version.clone());
    }
    object
}

/// Whether a live object is being deleted.
pub(super) fn is_leaving(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some()
}

/// The uid of a live object.
pub(super) fn uid(object: &Value) -> Option<&str> {
    object.pointer("/metadata/uid")?.as_str()
}

/// Whether an object stands for itself: one with an owner comes and goes with it.
fn is_own(object: &Value) -> bool {
    object
        .pointer("/metadata/ownerReferences")
        .and_then(Value::as_array)
        .is_none_or(Vec::is_empty)
}

fn served<'a>(discovery: &'a Discovery, key: &ObjectKey, live: &Value) -> Option<&'a ApiResource> {
    let api_version = live.get("apiVersion").and_then(Value::as_str)?;
    let version = api_version
        .split_once('/')
        .map_or(api_version, |(_, version)| version);
    discovery
        .resource(&key.group_kind, Some(version))
        .or_else(|| discovery.resource(&key.group_kind, None))
}
