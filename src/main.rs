//! The `lockstep` program: the allocator that wipes what it frees, hardening of the process, and the exit code.
//! Everything else is in the library.
#![forbid(unsafe_code)]

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: secret::WipingAllocator = secret::WipingAllocator;

fn main() -> ExitCode {
    // A system that refuses a measure still runs the program: the others hold, and nothing depends on this one alone.
    let _ = secret::process::harden();
    lockstep::cli::run().into()
}
