//! SOPS documents in every format, keys of every kind.
//!
//! An [`EncryptedFile`] is parsed from bytes, asks a [`KeyService`] for its data key, and becomes a document only once its
//! MAC has been checked: [`MacVerified`] is the proof, and one function makes it. The crate reads; writing encrypted files
//! stays with sops. It performs no I/O, knows no environment and asks no clock.
#![forbid(unsafe_code)]

pub mod config;

mod cipher;
mod decrypt;
mod detect;
mod document;
mod encrypted_file;
mod extract;
mod flatten;
mod format;
mod gcm;
mod go_regex;
mod key_service;
pub mod keys;
mod metadata;
mod metadata_reader;
mod opener;
mod output;
mod parse_error;
mod selection;
mod shamir;
mod stores;

pub use cipher::ValueError;
pub use detect::{holds_encrypted_values, looks_encrypted};
pub use document::{KeyPath, Place, Step};
pub use encrypted_file::{
    Attempt, DecryptError, DecryptOptions, Decrypted, DecryptionOrder, EncryptedFile, GroupFailure,
    MacIgnored, MacPolicy, MacVerified, NoKey, Opened, RepeatedKind,
};
pub use extract::{ExtractPath, ExtractPathError};
pub use format::{Format, UnknownFormat};
pub use goyaml::Timestamp;
pub use key_service::{KeyError, KeyService, Unwrapped};
pub use metadata::{KeyGroup, KeyKind, MasterKey, Metadata, Selection, UnknownKeyKind};
pub use metadata_reader::MetadataError;
pub use opener::SopsOpener;
pub use output::{OutputError, OutputOptions};
pub use parse_error::{ParseError, ShapeError};
pub use shamir::CombineError;
pub use stores::dotenv::DotenvError;
pub use stores::ini::{IniError, IniErrorKind};
pub use stores::json::{JsonError, JsonIndent};
pub use stores::yaml::YamlError;
