//! What a person may see of live objects.
//!
//! A live object may hold what nobody meant to show: the value of a Secret, a password that was opened last month and is
//! no longer known to the redactor, a whole Secret in the annotation of `kubectl apply`. So the objects of the cluster
//! leave this module only masked, by the rules of [`mask`], and by two more:
//!
//! * A live value at a place where the wanted one is masked is masked as a whole: it is what the secret was before.
//! * In an object that holds something opened at places that are not known any more, or did so when it was last applied,
//!   a live value that the wanted object does not have is masked too.
//!
//! `metadata.managedFields` is left out, since it spells out values of sets.

use std::fmt;

use goyaml::Value as Shown;
use secret::Redactor;
use serde_json::Value;
use tree::SecretParts;

use crate::pipeline::{Identity, Opening, Origin, Resource, mask};

/// An object as it is and as it would be. Either side may be missing.
pub struct Sight {
    identity: Identity,
    live: Option<Value>,
    predicted: Option<Value>,
    parts: SecretParts,
    history: History,
}

/// Whether a live object may hold something that was opened once.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum History {
    /// It never did, by what the inventory says.
    Public,
    /// It did, or nothing is known of it.
    #[default]
    Confidential,
}

impl Sight {
    /// Both sides with masks in the place of secrets, the live one first.
    pub fn masked(&self, redactor: &Redactor) -> (Option<Shown>, Option<Shown>) {
        todo!()
    }

    /// Both sides as they are, for a person who asked to see secrets on their own terminal. The live one is first.
    pub fn expose(&self) -> (Option<Shown>, Option<Shown>) {
        todo!()
    }
}

/// Who it is, and nothing of what it holds.
impl fmt::Debug for Sight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sight")
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}
