//! What a sync tells while it runs.

use super::health::Health;
use super::hooks::Phase;
use super::object::ObjectKey;
use super::outcome::ObjectResult;

/// Who is told how a sync goes on. Called from the sync's own task, in order; it must not block.
pub trait Progress: Send + Sync {
    /// Something happened.
    fn report(&self, event: SyncEvent<'_>);
}

/// Something that happened. Nothing in it can hold a value of an object.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SyncEvent<'a> {
    /// The live objects are being read.
    Reading,
    /// Another sync of this application seems to run, or to have been killed: it is watched for a sign of life.
    WaitingForLease,
    /// It is known what is to be done.
    Planned {
        /// Objects that will be written.
        changed: usize,
        /// Objects that are as wanted.
        unchanged: usize,
        /// Objects that will be deleted.
        pruned: usize,
        /// Hooks that will run.
        hooks: usize,
    },
    /// Objects are being tried by a dry run.
    DryRun {
        /// How many are done.
        done: usize,
        /// Of how many.
        total: usize,
    },
    /// A step begins: one wave of one phase.
    Step {
        /// The phase.
        phase: Phase,
        /// The wave.
        wave: i64,
        /// How many objects and hooks are in it.
        objects: usize,
    },
    /// Something became of an object.
    Object(&'a ObjectResult),
    /// The sync waits. Sent again whenever something of it changes.
    Waiting {
        /// What for.
        purpose: Purpose,
        /// Those that are not there yet.
        pending: &'a [Pending],
    },
}

/// What a sync waits for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// Objects are to be healthy.
    Health,
    /// Hooks are to complete.
    Completion,
    /// Objects are to be gone.
    Deletion,
    /// A new kind is to be served.
    Establishment,
}

/// An object that is waited for.
#[derive(Clone, Debug)]
pub struct Pending {
    /// The object.
    pub key: ObjectKey,
    /// How it stands, where that is known.
    pub health: Option<Health>,
}

/// Nobody is told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn report(&self, _event: SyncEvent<'_>) {}
}
