//! SOPS documents in every format, keys of every kind.
#![forbid(unsafe_code)]

mod key_service;
pub mod keys;
mod metadata;
mod timestamp;

pub use key_service::{KeyError, KeyService, Unwrapped};
pub use metadata::{KeyGroup, KeyKind, MasterKey, Metadata, Selection, UnknownKeyKind};
pub use timestamp::Timestamp;
