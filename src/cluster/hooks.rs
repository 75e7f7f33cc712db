//! Hooks: objects that run at a point of a synchronisation instead of being part of the application.
//!
//! gitops-engine: `pkg/sync/hook/`, with Helm's hooks mapped as in `pkg/sync/hook/helm/`; the two types that run when an
//! application is deleted are from argo-cd: `controller/hook.go`.

use serde_json::Value;

use crate::cluster::annotations;

/// Keeps a hook's object until its phase is over.
pub const FINALIZER: &str = "argocd.argoproj.io/hook-finalizer";

/// A phase of a synchronisation, in order.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Phase {
    /// Hooks before anything else.
    PreSync,
    /// The objects of the application, and hooks among them.
    Sync,
    /// Hooks after everything is healthy.
    PostSync,
    /// Hooks after a failure.
    SyncFail,
}

/// When a hook's object is deleted.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum DeletePolicy {
    /// Before the next one is created.
    BeforeHookCreation,
    /// When its phase succeeded.
    HookSucceeded,
    /// When its phase failed.
    HookFailed,
}

/// A point in the deletion of an application.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum DeletionPhase {
    /// Before the application's objects go.
    PreDelete,
    /// After they went.
    PostDelete,
}

/// What an object is to a synchronisation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Role {
    /// A part of the application.
    Resource,
    /// Left alone: neither applied, nor compared, nor pruned.
    Skipped,
    /// A hook.
    Hook(Hook),
}

/// When a hook runs and how long its object stays.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Hook {
    /// The phases it runs in, in order. Empty where none of its types is known: then it never runs.
    pub phases: Vec<Phase>,
    /// The points in the deletion of its application at which it runs.
    pub deletion: Vec<DeletionPhase>,
    /// When its object is deleted; never empty.
    pub delete_policies: Vec<DeletePolicy>,
}

impl Phase {
    /// Its name as Argo CD writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PreSync => "PreSync",
            Self::Sync => "Sync",
            Self::PostSync => "PostSync",
            Self::SyncFail => "SyncFail",
        }
    }
}

impl Role {
    /// What `object` is.
    pub fn of(object: &Value) -> Self {
        let types = Types::of(object);
        let own = annotations::text(object, annotations::HOOK).is_some();
        // A type that is not known makes a hook that never runs, not a resource; Helm's `crd-install` alone is none.
        let helm = annotations::text(object, annotations::HELM_HOOK)
            .is_some_and(|value| value != "crd-install");
        if types.skip && types.phases.is_empty() {
            return Self::Skipped;
        }
        if !own && !helm {
            return Self::Resource;
        }
        Self::Hook(Hook {
            phases: types.phases,
            deletion: types.deletion,
            delete_policies: delete_policies(object),
        })
    }
}

/// The types of a hook that are known.
#[derive(Default)]
struct Types {
    skip: bool,
    phases: Vec<Phase>,
    deletion: Vec<DeletionPhase>,
}

impl Types {
    fn of(object: &Value) -> Self {
        let mut types = Self::default();
        for entry in annotations::list(object, annotations::HOOK) {
            match entry {
                "Skip" => types.skip = true,
                "PreSync" => types.phases.push(Phase::PreSync),
                "Sync" => types.phases.push(Phase::Sync),
                "PostSync" => types.phases.push(Phase::PostSync),
                "SyncFail" => types.phases.push(Phase::SyncFail),
                "PreDelete" => types.deletion.push(DeletionPhase::PreDelete),
                "PostDelete" => types.deletion.push(DeletionPhase::PostDelete),
                _ => {}
            }
        }
        // Helm's word counts where Argo CD's says nothing that is known.
        if !types.skip && types.phases.is_empty() && types.deletion.is_empty() {
            for entry in annotations::list(object, annotations::HELM_HOOK) {
                match entry {
                    "pre-install" | "pre-upgrade" => types.phases.push(Phase::PreSync),
                    "post-install" | "post-upgrade" => types.phases.push(Phase::PostSync),
                    "pre-delete" => types.deletion.push(DeletionPhase::PreDelete),
                    "post-delete" => types.deletion.push(DeletionPhase::PostDelete),
                    _ => {}
                }
            }
        }
        types.phases.sort_unstable();
        types.phases.dedup();
        types.deletion.sort_unstable();
        types.deletion.dedup();
        types
    }
}

fn delete_policies(object: &Value) -> Vec<DeletePolicy> {
    let own = annotations::list(object, annotations::HOOK_DELETE_POLICY);
    let helm = annotations::list(object, annotations::HELM_HOOK_DELETE_POLICY);
    let mut policies: Vec<DeletePolicy> = own
        .into_iter()
        .filter_map(|entry| match entry {
            "BeforeHookCreation" => Some(DeletePolicy::BeforeHookCreation),
            "HookSucceeded" => Some(DeletePolicy::HookSucceeded),
            "HookFailed" => Some(DeletePolicy::HookFailed),
            _ => None,
        })
        .chain(helm.into_iter().filter_map(|entry| match entry {
            "before-hook-creation" => Some(DeletePolicy::BeforeHookCreation),
            "hook-succeeded" => Some(DeletePolicy::HookSucceeded),
            "hook-failed" => Some(DeletePolicy::HookFailed),
            _ => None,
        }))
        .collect();
    policies.sort_unstable();
    policies.dedup();
    if policies.is_empty() {
        policies.push(DeletePolicy::BeforeHookCreation);
    }
    policies
}

/// The object that is created for a hook in one phase: named, and with the finalizer.
///
/// An object with `generateName` alone is named after the first characters of `revision`, the phase, and `started`, the
/// begin of the synchronisation in seconds since 1970, so that one synchronisation finds its own hooks again
/// (gitops-engine: `getSyncTasks` of `pkg/sync/sync_context.go`).
pub fn instance(object: &Value, phase: Phase, revision: &str, started: i64) -> Value {
    let mut instance = object.clone();
    let Some(metadata) = instance.get_mut("metadata").and_then(Value::as_object_mut) else {
        return instance;
    };
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    if text(metadata.get("name")).is_empty() {
        // Seven bytes of a revision of eight or more, which a commit's hexadecimal name always is.
        let short = match revision.get(..7) {
            Some(short) if revision.len() >= 8 => short,
            _ => revision,
        };
        let name = format!(
            "{}{}",
            text(metadata.get("generateName")),
            format!("{short}-{}-{started}", phase.name()).to_lowercase()
        );
        metadata.insert("name".to_owned(), Value::String(name));
    }
    let finalizers = metadata
        .entry("finalizers")
        .or_insert_with(|| Value::Array(Vec::new()));
    if let Some(finalizers) = finalizers.as_array_mut()
        && !finalizers.iter().any(|finalizer| finalizer == FINALIZER)
    {
        finalizers.push(Value::String(FINALIZER.to_owned()));
    }
    instance
}

/// Whether a live object carries [`FINALIZER`].
pub fn has_finalizer(object: &Value) -> bool {
    object
        .pointer("/metadata/finalizers")
        .and_then(Value::as_array)
        .is_some_and(|finalizers| finalizers.iter().any(|finalizer| finalizer == FINALIZER))
}
