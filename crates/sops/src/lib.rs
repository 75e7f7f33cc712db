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
mod metadata;
mod metadata_reader;
mod output;
mod parse_error;
mod selection;
mod shamir;
mod stores;

pub use goyaml::Timestamp;
