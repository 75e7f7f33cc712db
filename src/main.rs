//! The `lockstep` program.
#![forbid(unsafe_code)]

fn main() {}
