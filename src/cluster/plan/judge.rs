//! What is to become of one object.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value;

use super::sides::{compared, is_same};
use super::{HookItem, Item, at_version_of, is_leaving, served, validation};
use crate::cluster::client::{ApplyOptions, Cluster, Conflicts, FIELD_MANAGER, Run, WriteOptions};
use crate::cluster::compare::Difference;
use crate::cluster::discovery::Discovery;
use crate::cluster::error::ApiError;
use crate::cluster::fields_v1;
use crate::cluster::hooks::DeletePolicy;
use crate::cluster::ignore::IgnoreWarning;
use crate::cluster::inventory::{Entry, Inventory};
use crate::cluster::migration::Former;
use crate::cluster::object::{Address, GroupKind, ObjectKey};
use crate::cluster::options::{CompareOptions, Removal, ResourceOptions};
use crate::cluster::outcome::{Kept, ObjectError, Warning};
use crate::cluster::ownership::{Owner, Ownership};
use crate::cluster::request::{Adoption, ConflictPolicy, Force, Pruning, SyncRequest};
use crate::cluster::target::{self, HookTarget, Target};
use crate::cluster::undeclared;
use crate::cluster::view::History;

/// What comes into being with the sync itself, so that the cluster cannot be asked about what needs it.
pub(super) struct Made {
    namespaces: HashSet<String>,
    kinds: HashSet<GroupKind>,
    /// Namespaces with wanted objects in them, and kinds with wanted objects.
    needed_namespaces: HashSet<String>,
    needed_kinds: HashMap<GroupKind, usize>,
}

impl Made {
    pub(super) fn of(targets: &[Target], request: &SyncRequest<'_>) -> Self {
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

pub(super) struct Context<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) request: &'a SyncRequest<'a>,
    pub(super) made: Made,
    pub(super) inventory: &'a Inventory,
}

pub(super) struct Judged {
    pub(super) item: Item,
    pub(super) warnings: Vec<Warning>,
    pub(super) failed_rules: BTreeSet<IgnoreWarning>,
    pub(super) was_asked: bool,
}

/// What a dry run said.
enum Tried {
    Fine(Value),
    Recreate,
    NotValidated,
    Refused(ObjectError),
}

impl Context<'_> {
    pub(super) async fn judge(&self, mut target: Target, live: Option<Value>) -> Judged {
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
        // What admission would make of the object only a dry run tells.
        let is_unchanged = refusal.is_none()
            && !self.request.compare.include_mutation_webhook
            && (!target.options.replace || may_recreate)
            && live.as_ref().is_some_and(|live| {
                fields_v1::applied_by(live, FIELD_MANAGER, &target.api_version())
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

    pub(super) async fn judge_hook(&self, mut hook: HookTarget, live: Option<Value>) -> HookItem {
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
    pub(super) fn unwanted(&self, key: ObjectKey, live: Value, discovery: &Discovery) -> Item {
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

fn shared(target: &Target, owner: Owner) -> Warning {
    Warning::Shared {
        key: target.key.clone(),
        owner,
    }
}
