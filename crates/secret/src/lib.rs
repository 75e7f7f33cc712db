//! What keeps secrets secret inside one process.
//!
//! * [`SecretBytes`] and [`SecretString`] hold decrypted values, [`LockedBytes`] private keys. None can be printed,
//!   cloned or compared by accident, all are wiped on drop, and `expose` is the one way to read them.
//! * [`Redactor`] masks opened values in everything that is shown; a keyed [`Fingerprint`] takes their place.
//! * [`process::harden`] shuts others out of the process, and [`WipingAllocator`] wipes all memory that it frees.
//!
//! The crate knows nothing of files, formats, Kubernetes or the terminal. It is the only crate of the workspace with
//! `unsafe` code, in the modules that say `#![allow(unsafe_code)]`.
#![deny(unsafe_op_in_unsafe_fn)]

mod alloc;
mod bytes;
mod fingerprint;
mod heap;
mod locked;
pub mod process;
mod redact;
#[cfg(feature = "memory-scan")]
pub mod scan;
mod stack;
mod variable;

pub use alloc::WipingAllocator;
pub use bytes::{SecretBytes, SecretString};
pub use fingerprint::{Fingerprint, FingerprintKey, GenerateKeyError};
pub use locked::{LockedBytes, MapError};
pub use redact::{Redactor, Sensitivity};
pub use variable::take_variable;
