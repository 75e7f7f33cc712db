//! What is to be done, and why.
//!
//! Two steps, so that a namespace can be made between them: [`survey`] reads what is wanted and what is there, and
//! [`decide`] says for each object what is to become of it. An object whose fields lockstep applied before, and which has
//! the wanted values in just these fields, is as wanted, and the cluster is not asked. All others are tried by a dry run
//! on the server, which is the comparison's prediction and the check before the first change in one.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use futures_util::stream::{FuturesUnordered, StreamExt};
use serde_json::Value;

use super::client::{ApplyOptions, Cluster, Conflicts, Run, Validation, WriteOptions};
use super::compare::{CompareError, Difference, Knowledge};
use super::discovery::{ApiResource, Discovery};
use super::error::ApiError;
use super::fields_v1;
use super::hooks::{DeletePolicy, Role};
use super::ignore::IgnoreWarning;
use super::inventory::{Entries, Entry, Inventory, Place};
use super::live::{self, Live};
use super::migration::Former;
use super::normalise;
use super::object::{Address, GroupKind, ObjectKey};
use super::options::{CompareOptions, Removal, ResourceOptions};
use super::outcome::{Kept, ObjectError, Warning};
use super::ownership::{self, Owner, Ownership};
use super::progress::{Progress, SyncEvent};
use super::request::{Adoption, ConflictPolicy, EmptyRender, Force, Pruning, SyncRequest};
use super::target::{self, HookTarget, Target, Targets};
use super::undeclared;
use super::view::History;

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
    let mut inventory = match (known, Place::of(request, &discovery)) {
        (Some(known), _) => known,
        (None, Some(place)) => place.read(cluster).await?,
        (None, None) => Inventory::default(),
    };
    inventory.place(&discovery);
    if request.adoption == Adoption::Refuse {
        inventory.check_source(request.source.as_str())?;
    }
    let live = live::read(
        cluster,
        &discovery,
        &request.application,
        &request.namespace,
        &targets,
        &inventory,
    )
    .await?;
    Ok(Survey {
        discovery,
        targets,
        inventory,
        live,
    })
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

/// What comes into being with the sync itself, so that the cluster cannot be asked about what needs it.
struct Made {
    namespaces: HashSet<String>,
    kinds: HashSet<GroupKind>,
    /// Namespaces with wanted objects in them, and kinds with wanted objects.
    needed_namespaces: HashSet<String>,
    needed_kinds: HashMap<GroupKind, usize>,
}

impl Made {
    fn of(targets: &[Target], request: &SyncRequest<'_>) -> Self {
        let mut namespaces: HashSet<String> = targets
            .iter()
            .filter_map(|target| target.makes_namespace())
            .map(str::to_owned)
            .collect();
        if request.options.create_namespace {
            namespaces.insert(request.namespace.clone());
        }
        let mut needed_kinds = HashMap::new();
        for target in targets {
            *needed_kinds
                .entry(target.key.group_kind.clone())
                .or_insert(0) += 1;
        }
        Self {
            namespaces,
            kinds: targets.iter().filter_map(Target::defines).collect(),
            needed_namespaces: targets
                .iter()
                .filter_map(|target| target.key.namespace.clone())
                .collect(),
            needed_kinds,
        }
    }
}

struct Context<'a> {
    cluster: &'a Cluster,
    request: &'a SyncRequest<'a>,
    made: Made,
    inventory: &'a Inventory,
}

struct Judged {
    item: Item,
    warnings: Vec<Warning>,
    failed_rules: BTreeSet<IgnoreWarning>,
    was_asked: bool,
}

/// What a dry run said.
enum Tried {
    Fine(Value),
    Recreate,
    NotValidated,
    Refused(ObjectError),
}

impl Context<'_> {
    async fn judge(&self, mut target: Target, live: Option<Value>) -> Judged {
        let history = self.history(&target.key);
        let mut warnings = Vec::new();
        let mut failed_rules = BTreeSet::new();
        let mut conflicts = self.conflicts(false);
        let mut refusal = None;
        let mut is_ours = false;
        if let Some(live) = &live {
            match Ownership::of(live, &target.key, &self.request.application) {
                Ownership::Ours => {
                    is_ours = true;
                    conflicts = self.conflicts(true);
                }
                Ownership::Nobodys => {}
                Ownership::Foreign(owner) => match self.request.adoption {
                    Adoption::Refuse => refusal = Some(ObjectError::Foreign(owner)),
                    Adoption::TakeOver => {
                        conflicts = Conflicts::Force;
                        warnings.push(shared(&target, owner));
                    }
                },
            }
            if self.request.options.respect_ignore_differences {
                let (respected, failed) = self.request.ignore.respect(&target.object, live);
                target.object = respected;
                failed_rules.extend(failed);
            }
            if is_leaving(live) {
                warnings.push(Warning::Leaving {
                    key: target.key.clone(),
                });
            }
        }
        if !target.is_named() {
            refusal = Some(ObjectError::NameMissing);
        }
        let former = Former {
            client_side_apply: target.options.client_side_apply_migration,
            tools: self.request.adoption == Adoption::TakeOver && !is_ours,
        };
        // What is replaced differs from what is applied by what others put in. Where the object is made anew, that is left
        // to them: it would be made anew each time.
        let may_recreate = target.options.force || self.request.force == Force::Recreate;
        let is_unchanged = refusal.is_none()
            && (!target.options.replace || may_recreate)
            && live.as_ref().is_some_and(|live| {
                fields_v1::applied_by(live, super::client::FIELD_MANAGER, &target.api_version())
                    .is_some_and(|fields| fields_v1::covers_exactly(fields, &target.object, live))
            });
        let (difference, predicted, is_written, was_asked) = if let Some(error) = refusal {
            (Difference::Refused(error), None, false, false)
        } else if is_unchanged {
            (Difference::Unchanged, live.clone(), false, false)
        } else {
            match self
                .attempt(&mut target, live.as_ref(), conflicts, former)
                .await
            {
                Tried::Fine(mut predicted) => match &live {
                    None => (Difference::Created, Some(predicted), true, true),
                    Some(live) => {
                        if !target.options.replace && former.has_fields(live) {
                            former.foretell(&mut predicted, live, &target.object);
                        }
                        let (live_side, predicted_side, failed) =
                            compared(self.request, live, &predicted);
                        failed_rules.extend(failed);
                        let difference = if live_side != predicted_side {
                            Difference::Changed
                        } else {
                            Difference::Unchanged
                        };
                        // What is not marked yet is out of sync.
                        let leaves_alone = target.options.apply_out_of_sync_only
                            && is_ours
                            && matches!(difference, Difference::Unchanged);
                        let is_written = !leaves_alone && !is_same(live, &predicted);
                        (difference, Some(predicted), is_written, true)
                    }
                },
                Tried::Recreate => (
                    Difference::Recreated,
                    Some(target.object.clone()),
                    true,
                    true,
                ),
                Tried::NotValidated => (
                    Difference::NotValidated,
                    Some(target.object.clone()),
                    true,
                    false,
                ),
                Tried::Refused(error) => (Difference::Refused(error), None, false, true),
            }
        };
        Judged {
            item: Item {
                key: target.key.clone(),
                version: target.version.clone(),
                resource: target.resource.clone(),
                target: Some(target),
                live,
                predicted,
                difference,
                is_written,
                conflicts,
                former,
                history,
            },
            warnings,
            failed_rules,
            was_asked,
        }
    }

    /// Tries `target` by a dry run; where it is not to be validated, without the fields that its kind does not have.
    async fn attempt(
        &self,
        target: &mut Target,
        live: Option<&Value>,
        conflicts: Conflicts,
        former: Former,
    ) -> Tried {
        loop {
            match self.attempt_once(target, live, conflicts, former).await {
                Tried::Refused(ObjectError::DryRun(error))
                    if !target.options.validate
                        && undeclared::remove(&error, &mut target.object) => {}
                tried => return tried,
            }
        }
    }

    async fn attempt_once(
        &self,
        target: &Target,
        live: Option<&Value>,
        conflicts: Conflicts,
        former: Former,
    ) -> Tried {
        let Some(address) = target.address() else {
            let comes = self.made.kinds.contains(&target.key.group_kind)
                || target.options.skip_dry_run_on_missing_resource;
            return if comes {
                Tried::NotValidated
            } else {
                Tried::Refused(ObjectError::UnknownKind)
            };
        };
        let validation = validation(&target.options);
        let tried = match (target.options.replace, live) {
            (true, Some(live)) => {
                let object = at_version_of(&target.object, live);
                let options = WriteOptions {
                    run: Run::Dry,
                    validation,
                };
                self.cluster.replace(address, &object, options).await
            }
            (true, None) => {
                let options = WriteOptions {
                    run: Run::Dry,
                    validation,
                };
                self.cluster.create(address, &target.object, options).await
            }
            (false, live) => {
                let options = |conflicts| ApplyOptions {
                    run: Run::Dry,
                    conflicts,
                    validation,
                };
                let tried = self
                    .cluster
                    .apply(address, &target.object, options(conflicts))
                    .await;
                match (tried, live) {
                    // Their fields are taken over before the real apply.
                    (Err(ApiError::FieldConflict { conflicts }), Some(live))
                        if former.resolves(&conflicts, live) =>
                    {
                        self.cluster
                            .apply(address, &target.object, options(Conflicts::Force))
                            .await
                    }
                    (tried, _) => tried,
                }
            }
        };
        let force = target.options.force || self.request.force == Force::Recreate;
        match tried {
            Ok(written) => Tried::Fine(written.object),
            Err(ApiError::Immutable { .. }) if force && live.is_some() => Tried::Recreate,
            // A replacement that changes what cannot be changed is refused for more reasons than that.
            Err(error @ ApiError::Invalid { .. }) if force && live.is_some() => {
                if self.could_be_made(target, address).await {
                    Tried::Recreate
                } else {
                    Tried::Refused(ObjectError::DryRun(error))
                }
            }
            Err(ApiError::NamespaceNotFound { namespace })
                if self.made.namespaces.contains(&namespace) =>
            {
                Tried::NotValidated
            }
            Err(error) => Tried::Refused(ObjectError::DryRun(error)),
        }
    }

    /// Whether the cluster would take the object if it was not there yet, by a dry run under another name.
    async fn could_be_made(&self, target: &Target, address: Address<'_>) -> bool {
        let mut object = target.object.clone();
        let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else {
            return false;
        };
        metadata.shift_remove("name");
        metadata.insert("generateName".to_owned(), Value::from("lockstep-dry-run-"));
        let options = WriteOptions {
            run: Run::Dry,
            validation: validation(&target.options),
        };
        self.cluster.create(address, &object, options).await.is_ok()
    }

    async fn judge_hook(&self, mut hook: HookTarget, live: Option<Value>) -> HookItem {
        let target = &mut hook.target;
        let ownership = live
            .as_ref()
            .map(|live| Ownership::of(live, &target.key, &self.request.application));
        let refused = match ownership {
            Some(Ownership::Foreign(owner)) if self.request.adoption == Adoption::Refuse => {
                Some(ObjectError::Foreign(owner))
            }
            _ => match self
                .attempt(target, None, Conflicts::Force, Former::default())
                .await
            {
                Tried::Fine(_) | Tried::NotValidated | Tried::Recreate => None,
                // The one that is there is deleted first.
                Tried::Refused(ObjectError::DryRun(
                    ApiError::Immutable { .. } | ApiError::AlreadyExists,
                )) if live.is_some()
                    && hook
                        .hook
                        .delete_policies
                        .contains(&DeletePolicy::BeforeHookCreation) =>
                {
                    None
                }
                Tried::Refused(error) => Some(error),
            },
        };
        HookItem {
            hook,
            live,
            refused,
        }
    }

    /// What becomes of an object that nobody wants any more.
    fn unwanted(&self, key: ObjectKey, live: Value, discovery: &Discovery) -> Item {
        let options = ResourceOptions::of(&live, &self.request.options);
        let resource = served(discovery, &key, &live).cloned();
        let kept = if self.request.pruning == Pruning::Off {
            Some(Kept::PruningOff)
        } else if options.prune == Removal::Refused {
            Some(Kept::NoPrune)
        } else if options.prune == Removal::Confirmed && self.request.pruning != Pruning::Confirmed
        {
            Some(Kept::ConfirmationMissing)
        } else if self.is_needed(&key, &live) {
            Some(Kept::Needed)
        } else {
            None
        };
        let counts = !CompareOptions::of(&live).ignore_extraneous;
        Item {
            version: resource
                .as_ref()
                .map(|resource| resource.version.clone())
                .unwrap_or_default(),
            resource,
            target: None,
            predicted: None,
            difference: match kept {
                Some(why) => Difference::Kept { why, counts },
                None => Difference::Pruned,
            },
            is_written: false,
            conflicts: Conflicts::Refuse,
            former: Former::default(),
            history: self.history(&key),
            key,
            live: Some(live),
        }
    }

    /// Whether wanted objects would go with it: those in a namespace, and those of a kind.
    fn is_needed(&self, key: &ObjectKey, live: &Value) -> bool {
        if target::is_namespace(key) {
            return self.made.needed_namespaces.contains(&key.name)
                || (self.request.options.create_namespace && key.name == self.request.namespace);
        }
        target::defined_kind(key, live)
            .is_some_and(|kind| self.made.needed_kinds.contains_key(&kind))
    }

    fn conflicts(&self, is_ours: bool) -> Conflicts {
        match self.request.conflicts {
            ConflictPolicy::Always => Conflicts::Force,
            ConflictPolicy::ForceOwned if is_ours => Conflicts::Force,
            ConflictPolicy::ForceOwned | ConflictPolicy::Never => Conflicts::Refuse,
        }
    }

    fn history(&self, key: &ObjectKey) -> History {
        match self.inventory.entries.get(key) {
            Some(Entry::Object) => History::Public,
            Some(Entry::Opened | Entry::Hook) | None => History::Confidential,
        }
    }
}

/// Both sides in the form in which they are compared: what the API server alone writes, what is ignored, and lockstep's own
/// marks are left out. And the rules that could not be used.
pub(super) fn compared(
    request: &SyncRequest<'_>,
    live: &Value,
    predicted: &Value,
) -> (Value, Value, Vec<IgnoreWarning>) {
    let mut live = live.clone();
    // What is not there yet was changed by nobody else.
    let mut predicted = if request.compare.include_mutation_webhook || live.is_null() {
        predicted.clone()
    } else {
        normalise::without_webhook_changes(predicted, &live, super::client::FIELD_MANAGER)
    };
    let failed = request.ignore.remove_from_both(&mut live, &mut predicted);
    ownership::unmark(&mut live);
    ownership::unmark(&mut predicted);
    let (live, predicted) = normalise::for_comparison(&live, &predicted);
    (live, predicted, failed)
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

fn shared(target: &Target, owner: Owner) -> Warning {
    Warning::Shared {
        key: target.key.clone(),
        owner,
    }
}

/// Whether applying would change nothing at all, not even whose the fields are.
fn is_same(live: &Value, predicted: &Value) -> bool {
    let plain = |object: &Value| {
        let mut object = object.clone();
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.shift_remove("resourceVersion");
            metadata.shift_remove("generation");
            if let Some(entries) = metadata
                .get_mut("managedFields")
                .and_then(Value::as_array_mut)
            {
                for entry in entries.iter_mut().filter_map(Value::as_object_mut) {
                    entry.shift_remove("time");
                }
                entries.sort_by_cached_key(Value::to_string);
            }
        }
        object
    };
    plain(live) == plain(predicted)
}
