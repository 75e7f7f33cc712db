//! `src/cluster` against a real API server.
// A test may give up where its setting cannot be made; clippy knows only test functions, not those they call.
#![allow(clippy::expect_used, clippy::unwrap_used)]
#![forbid(unsafe_code)]

mod adoption;
mod application;
mod client;
mod compare;
mod errors;
mod faults;
mod inventory;
mod support;
mod sync;
