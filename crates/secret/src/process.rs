//! Hardening of the process that holds secrets.

pub use crate::heap::expect_large_heap;
pub use crate::stack::scrub_stack;

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use rustix::thread::set_no_new_privs;

/// What [`harden`] achieved.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct Hardening {
    /// No core is dumped, and other processes of the same user can neither trace this one nor read its memory
    /// (`PR_SET_DUMPABLE` 0).
    pub not_dumpable: Measure,
    /// The limit on the size of core files is zero (`RLIMIT_CORE`): a program that this one becomes or starts dumps
    /// none either.
    pub no_core_files: Measure,
    /// No program started from here gains privileges (`PR_SET_NO_NEW_PRIVS`).
    pub no_new_privileges: Measure,
}

impl Hardening {
    /// Whether every measure is in force.
    pub fn is_complete(&self) -> bool {
        [
            self.not_dumpable,
            self.no_core_files,
            self.no_new_privileges,
        ]
        .iter()
        .all(|measure| *measure == Measure::InForce)
    }
}

/// Whether a measure could be taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Measure {
    /// It is in force.
    InForce,
    /// The system refused it.
    Refused,
}

impl From<rustix::io::Result<()>> for Measure {
    fn from(result: rustix::io::Result<()>) -> Self {
        match result {
            Ok(()) => Self::InForce,
            Err(_) => Self::Refused,
        }
    }
}

/// Shuts others out of this process's memory. To be called first thing in `main`: what was dumped or traced before
/// is out.
///
/// A refused measure is no error, since a sandbox that forbids the call most often has the same in force. The caller
/// decides whether to mention it.
pub fn harden() -> Hardening {
    Hardening {
        not_dumpable: set_dumpable_behavior(DumpableBehavior::NotDumpable).into(),
        no_core_files: setrlimit(
            Resource::Core,
            Rlimit {
                current: Some(0),
                maximum: Some(0),
            },
        )
        .into(),
        no_new_privileges: set_no_new_privs(true).into(),
    }
}

/// Keeps all memory of the process, present and future, out of the swap.
///
/// Not part of [`harden`]: it makes every page of the process resident, and where the limit on locked memory is low
/// later allocations fail.
pub fn lock_all_memory() -> Measure {
    mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE).into()
}

#[cfg(test)]
mod tests {
    use rustix::process::{dumpable_behavior, getrlimit};
    use rustix::thread::no_new_privs;

    use super::*;

    #[test]
    fn every_measure_is_in_force_afterwards() {
        let hardening = harden();
        assert!(hardening.is_complete(), "{hardening:?}");
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        assert_eq!(getrlimit(Resource::Core).maximum, Some(0));
        assert!(no_new_privs().unwrap());
    }
}
