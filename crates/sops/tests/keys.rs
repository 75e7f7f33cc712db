//! Keys of every kind, against the programs that make them and encrypt to them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "keys/age_files.rs"]
mod age_files;
#[path = "keys/any_bytes.rs"]
mod any_bytes;
#[path = "keys/cctv.rs"]
mod cctv;
#[path = "keys/pgp_messages.rs"]
mod pgp_messages;
#[path = "keys/policy.rs"]
mod policy;
#[path = "keys/programs.rs"]
mod programs;
