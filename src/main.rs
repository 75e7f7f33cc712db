//! The `lockstep` program: the allocator that wipes what it frees, hardening of the process, and the exit code.
//! Everything else is in the library.
#![forbid(unsafe_code)]

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: secret::WipingAllocator = secret::WipingAllocator;

fn main() -> ExitCode {
    secret::process::harden();
    lockstep::cli::run().into()
}
