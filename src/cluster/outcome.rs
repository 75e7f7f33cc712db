//! What a sync came to.

use std::fmt;
use std::time::Duration;

use super::error::ApiError;
use super::health::Health;
use super::hooks::Phase;
use super::ignore::{IgnoreFailure, IgnoreWarning};
use super::inventory::InventoryError;
use super::object::ObjectKey;
use super::ownership::Owner;

/// What a sync came to. An operation that failed is an outcome too: it changed things, and says which.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How the operation ended.
    pub phase: OperationPhase,
    /// Why it ended so.
    pub reason: EndReason,
    /// What became of each object, in the order in which they were taken up. An object with two hook phases is there
    /// twice.
    pub results: Vec<ObjectResult>,
    /// What is worth a look all the same.
    pub warnings: Vec<Warning>,
    /// The worst health of the objects that are not hooks, when the sync ended.
    pub health: Option<Health>,
    /// How long it took.
    pub took: Duration,
}

/// How an operation stands, in Argo CD's terms.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OperationPhase {
    /// It has begun.
    Running,
    /// It is being ended early.
    Terminating,
    /// Something that it was to do did not work.
    Failed,
    /// It could not be carried out.
    Error,
    /// All of it is done.
    Succeeded,
}

/// Why an operation ended as it did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum EndReason {
    /// Everything was done.
    Done,
    /// The API server refused objects before anything was changed.
    DryRunFailed,
    /// The namespace could not be made.
    NamespaceFailed,
    /// Objects could not be applied or deleted.
    ApplyFailed,
    /// Objects were applied, and then failed, vanished, or took too long.
    TaskFailed,
    /// An object belongs to another application and `FailOnSharedResource` is on.
    SharedResource,
    /// The inventory could not be kept up to date: it may name objects that are gone, and carry the mark of this sync.
    /// [`Warning::InventoryNotKept`] says why.
    InventoryNotKept,
}

/// What became of one object.
#[derive(Clone, Debug)]
pub struct ObjectResult {
    /// The object.
    pub key: ObjectKey,
    /// The version that it was written in.
    pub version: String,
    /// The phase in which it was taken up.
    pub sync_phase: Phase,
    /// The wave in which it was taken up.
    pub wave: i64,
    /// Whether it is a hook.
    pub is_hook: bool,
    /// Argo CD's code.
    pub code: ResultCode,
    /// How its own part of the operation stands.
    pub phase: OperationPhase,
    /// What was done, or why not.
    pub message: Message,
}

/// What became of an object, in Argo CD's terms.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ResultCode {
    /// It is as wanted.
    Synced,
    /// It could not be brought there.
    SyncFailed,
    /// It was deleted.
    Pruned,
    /// It is not wanted any more, and stays.
    PruneSkipped,
}

/// What was done with an object, or why not.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Message {
    /// It was not there, and was made.
    Created,
    /// It was changed.
    Configured,
    /// It was as wanted already.
    Unchanged,
    /// It was replaced as a whole.
    Replaced,
    /// It was deleted and made anew.
    Recreated,
    /// It was deleted.
    Pruned,
    /// It stays, though nobody wants it any more.
    Kept(Kept),
    /// How its work stands.
    Health(Health),
    /// It was left out of the dry run, since its kind or its namespace comes with this sync.
    NotValidated,
    /// It did not work.
    Failed(ObjectError),
}

/// Why an owned object that is not wanted any more stays.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Kept {
    /// Pruning is off.
    PruningOff,
    /// The object says `Prune=false`, or the application does.
    NoPrune,
    /// It wants a confirmation that was not given.
    ConfirmationMissing,
    /// Wanted objects would go with it: those in a namespace, or those of a kind.
    Needed,
    /// Whether it is still there, and ours, could not be found out.
    Unknown,
}

/// Why one object is not as wanted.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectError {
    /// The dry run failed.
    #[error("the cluster would refuse it: {0}")]
    DryRun(#[source] ApiError),
    /// It could not be applied.
    #[error("it could not be applied: {0}")]
    Apply(#[source] ApiError),
    /// It could not be replaced.
    #[error("it could not be replaced: {0}")]
    Replace(#[source] ApiError),
    /// It could not be deleted.
    #[error("it could not be deleted: {0}")]
    Delete(#[source] ApiError),
    /// It could not be read.
    #[error("it could not be read: {0}")]
    Read(#[source] ApiError),
    /// It belongs to another.
    #[error("it belongs to {0}")]
    Foreign(Owner),
    /// The cluster's Secret does not allow it to be written.
    #[error("it is out of reach: the Secret of the cluster allows only some namespaces")]
    OutOfReach,
    /// The cluster does not serve the kind.
    #[error("the cluster serves no such kind")]
    UnknownKind,
    /// Its kind cannot be applied: the API does not allow it.
    #[error("objects of this kind cannot be written")]
    ReadOnlyKind,
    /// It has no name.
    #[error("only hooks may have `generateName` in the place of a name")]
    NameMissing,
    /// A field that the ignore rules name could not be taken over.
    #[error("its ignored fields cannot be taken from the live object")]
    Ignore,
    /// It is not in good health any more.
    #[error("{}", Told(.0))]
    Unhealthy(Health),
    /// It was gone while it was waited for.
    #[error("it vanished while it was waited for")]
    Vanished,
    /// It did not become healthy in time.
    #[error("it is not healthy after {} s", .after.as_secs())]
    Timeout {
        /// How long was waited.
        after: Duration,
        /// How it stands.
        health: Option<Health>,
    },
    /// It was not gone in time.
    #[error("it is still there {} s after it was deleted", .after.as_secs())]
    StillThere {
        /// How long was waited.
        after: Duration,
    },
}

/// What is worth a look, without being wrong.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Warning {
    /// An object is there several times among the wanted ones; the last one counts. Argo CD's `RepeatedResourceWarning`.
    Repeated {
        /// The object.
        key: ObjectKey,
        /// How often.
        times: usize,
    },
    /// An object belongs to another application as well, and is taken over. Argo CD's `SharedResourceWarning`.
    Shared {
        /// The object.
        key: ObjectKey,
        /// The other owner.
        owner: Owner,
    },
    /// The inventory was lost, and was rebuilt from the marks on the objects.
    InventoryRebuilt {
        /// How many objects were found.
        objects: usize,
    },
    /// Kinds that could not be looked through for objects of this application, so that nothing of them is pruned.
    NotSearched {
        /// How many kinds.
        kinds: usize,
    },
    /// An expression of `ignoreDifferences` could not be used on objects, so that what it names counts as a difference
    /// there.
    RuleFailed {
        /// The expression, and what happened.
        rule: IgnoreWarning,
        /// How many objects it was tried on in vain.
        objects: usize,
        /// One of them.
        key: ObjectKey,
    },
    /// A wanted object is being deleted: whatever becomes of it now, it will be gone.
    Leaving {
        /// The object.
        key: ObjectKey,
    },
    /// The inventory could not be written when the sync had ended, or not renewed while it was at work.
    InventoryNotKept {
        /// Why not.
        cause: InventoryError,
    },
    /// A hook whose phases lockstep does not know is left out.
    UnknownHook {
        /// The hook.
        key: ObjectKey,
    },
}

impl Outcome {
    /// How many results have `code`.
    pub fn count(&self, code: ResultCode) -> usize {
        self.results
            .iter()
            .filter(|result| result.code == code)
            .count()
    }
}

impl ObjectError {
    /// The stable name of the reason.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::DryRun(error)
            | Self::Apply(error)
            | Self::Replace(error)
            | Self::Delete(error)
            | Self::Read(error) => error.reason(),
            Self::Foreign(_) => "owned-by-another",
            Self::OutOfReach => "out-of-reach",
            Self::UnknownKind => "unknown-kind",
            Self::ReadOnlyKind => "read-only-kind",
            Self::NameMissing => "name-missing",
            Self::Ignore => "ignore-rule-failed",
            Self::Unhealthy(_) => "unhealthy",
            Self::Vanished => "vanished",
            Self::Timeout { .. } => "health-timeout",
            Self::StillThere { .. } => "deletion-timeout",
        }
    }
}

/// How an object stands, for people: its status, and what it says.
struct Told<'a>(&'a Health);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.status.name())?;
        if !self.0.message.is_empty() {
            write!(f, ": {}", self.0.message)?;
        }
        Ok(())
    }
}

impl fmt::Display for OperationPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "Running",
            Self::Terminating => "Terminating",
            Self::Failed => "Failed",
            Self::Error => "Error",
            Self::Succeeded => "Succeeded",
        })
    }
}

impl fmt::Display for ResultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Synced => "Synced",
            Self::SyncFailed => "SyncFailed",
            Self::Pruned => "Pruned",
            Self::PruneSkipped => "PruneSkipped",
        })
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done => "successfully synced",
            Self::DryRunFailed => "one or more objects failed to apply (dry run)",
            Self::NamespaceFailed => "the namespace failed to apply",
            Self::ApplyFailed => "one or more objects failed to apply",
            Self::TaskFailed => "one or more synchronization tasks completed unsuccessfully",
            Self::SharedResource => "shared resource found",
            Self::InventoryNotKept => "the inventory could not be kept up to date",
        })
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created => f.write_str("created"),
            Self::Configured => f.write_str("configured"),
            Self::Unchanged => f.write_str("unchanged"),
            Self::Replaced => f.write_str("replaced"),
            Self::Recreated => f.write_str("deleted and created anew"),
            Self::Pruned => f.write_str("pruned"),
            Self::Kept(why) => why.fmt(f),
            Self::Health(health) => Told(health).fmt(f),
            Self::NotValidated => f.write_str("not validated"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PruningOff => "ignored (requires pruning)",
            Self::NoPrune => "ignored (no prune)",
            Self::ConfirmationMissing => "ignored (requires confirmation)",
            Self::Needed => "ignored (wanted objects would be deleted with it)",
            Self::Unknown => "ignored (not known whether it is still there)",
        })
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repeated { key, times } => write!(
                f,
                "{key} appears {times} times among the objects; the last one counts"
            ),
            Self::Shared { key, owner } => write!(f, "{key} belongs to {owner} as well"),
            Self::InventoryRebuilt { objects } => write!(
                f,
                "the inventory was missing; {objects} objects of this application were found by their labels"
            ),
            Self::NotSearched { kinds } => write!(
                f,
                "{kinds} kinds could not be searched for objects of this application; nothing of them is pruned"
            ),
            Self::RuleFailed { rule, objects, key } => {
                let IgnoreWarning {
                    rule,
                    entry,
                    reason,
                } = rule;
                let reason = match reason {
                    IgnoreFailure::Exhausted => "took too long or too much memory",
                    IgnoreFailure::Failed => "failed",
                };
                write!(
                    f,
                    "ignoreDifferences[{rule}].jqPathExpressions[{entry}] {reason} on {key}"
                )?;
                if *objects > 1 {
                    write!(f, " and {} other objects", objects - 1)?;
                }
                f.write_str("; it ignores nothing there")
            }
            Self::Leaving { key } => write!(
                f,
                "{key} is being deleted; it will be gone, and has to be made by another sync"
            ),
            Self::InventoryNotKept { cause } => cause.fmt(f),
            Self::UnknownHook { key } => write!(f, "{key} is a hook of no phase that is known"),
        }
    }
}
