//! Private keys of every kind, and how they unwrap data keys.
//!
//! A [`KeyRing`] takes key files of any mix and answers as a [`KeyService`](crate::KeyService). [`ExternalKeys`] stands
//! in front of the services that hold keys elsewhere. Both are given everything: this module reads no files, no
//! environment and no terminal, and opens no connections. A [`Passphrase`] answers where a key is protected.
//!
//! Names in a file (recipients, fingerprints) are not authenticated. They order the attempts and nothing else.

pub mod age;
mod external;
mod file;
mod hybrid;
mod loaded;
mod material;
mod passphrase;
mod pgp;
mod ring;
mod rsa;
mod scrypt;
mod ssh;
mod stanza;
mod x25519;

pub use age::LockedKey;
pub use external::{ExternalKeyService, ExternalKeys, KeyPolicy};
pub use loaded::{KeyFileError, Loaded, Unusable, WhyUnusable};
pub use passphrase::{LockedKind, NoPassphrase, Passphrase, PassphraseRequest, StaysLocked};
pub use ring::KeyRing;
