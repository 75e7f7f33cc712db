//! The real programs that lockstep is tested against.
//!
//! Each folder beside this crate's `src` pins one peer as a Go module. [`program`] gives the path of a built
//! program, building it first where the cache does not hold it yet. A peer that cannot be had is a panic: a test
//! that silently skips its oracle would pass for the wrong reason.
#![forbid(unsafe_code)]
// A peer that is missing or gone ends the test, here as in the tests themselves.
#![allow(clippy::expect_used)]

pub mod control_plane;
pub mod fault_proxy;
mod framed;
pub mod gitops_engine;
pub mod goyaml;
pub mod random;
pub mod sops;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The path of `program` as built from the peer folder `peer`.
///
/// # Panics
///
/// When the peer cannot be built or holds no such program.
pub fn program(peer: &str, program: &str) -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("build");
    let output = Command::new(&script)
        .arg(peer)
        .stderr(Stdio::inherit())
        .output()
        .unwrap_or_else(|error| panic!("cannot run {}: {error}", script.display()));
    assert!(output.status.success(), "peer {peer} could not be built");
    let folder = String::from_utf8_lossy(&output.stdout);
    let path = Path::new(folder.trim()).join(program);
    assert!(path.is_file(), "peer {peer} holds no program {program}");
    path
}
