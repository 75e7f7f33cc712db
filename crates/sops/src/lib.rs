//! SOPS documents in every format, keys of every kind.
//!
//! An [`EncryptedFile`] is parsed from bytes, asks a [`KeyService`] for its data key, and becomes a document only once its
//! MAC has been checked: [`MacVerified`] is the proof, and one function makes it. The crate reads; writing encrypted files
//! stays with sops. It performs no I/O, knows no environment and asks no clock.
//!
//! # Known differences from sops 3.13
//!
//! Output is that of `sops decrypt`, byte for byte, except where sops loses or garbles a value (a text of several lines
//! that begins with a tab, a key with U+2028): the true value is written.
//!
//! Some files that sops opens are refused. sops does not write such files:
//!
//! * a key that stands twice in a JSON object or in any document of a YAML stream; text behind a JSON object; an object
//!   that ends with the file;
//! * base64 with stray bits, a tag of other than 16 bytes, text other than blanks behind the bracket of a value
//!   on its line, a data key of other than 32 bytes, a share of the data key at point zero, a threshold above 255;
//! * an encrypted comment in the place of a mapping's value, a scalar that does not fit its YAML tag, nesting deeper than
//!   500 levels, field names of the metadata in other case.
//!
//! Some files that sops writes and then cannot open are opened: a rule on comments in a list with an encrypted comment, a
//! quoted `<<` key.
//!
//! Without a form here: a mapping or list inside an INI section, and an extracted comment of a list, which sops prints as
//! Go's own structures.
#![forbid(unsafe_code)]

pub mod config;

mod cipher;
mod data_key;
mod decrypt;
mod detect;
mod document;
mod encrypted_file;
mod encrypted_parts;
mod extract;
mod flatten;
mod format;
mod gcm;
mod go_regex;
mod inspect;
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
mod walk;

pub use cipher::ValueError;
pub use data_key::{Attempt, DecryptionOrder, GroupFailure, NoKey, RepeatedKind};
pub use detect::{holds_encrypted_values, looks_encrypted};
pub use document::{KeyPath, Place, Step};
pub use encrypted_file::{
    DecryptError, DecryptOptions, Decrypted, EncryptedFile, MacIgnored, MacPolicy, MacVerified,
    Opened,
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
