//! What keeps secrets secret inside one process.
//!
//! * [`SecretBytes`] and [`SecretString`] hold decrypted values, [`LockedBytes`] private keys. None can be printed,
//!   cloned or compared by accident, all are wiped on drop, and `expose` is the one way to read them.
//! * [`Fingerprint`]s stand in for values in output.
//!
//! The crate knows nothing of files, formats, Kubernetes or the terminal. It is the only crate of the workspace with
//! `unsafe` code, in the modules that say `#![allow(unsafe_code)]`.
#![deny(unsafe_op_in_unsafe_fn)]

mod bytes;
mod fingerprint;
mod locked;

pub use bytes::{SecretBytes, SecretString};
pub use fingerprint::{Fingerprint, FingerprintKey, GenerateKeyError};
pub use locked::{LockedBytes, MapError};
