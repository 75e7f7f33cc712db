//! The product as its users meet it: the built program, real encrypted input, the real peers beside it.
// A test may give up where its setting cannot be made; clippy knows only test functions, not those they call.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod application;
mod build;
mod canary;
mod check;
mod decrypt;
mod memory;
mod preview;
mod support;
mod terminal;
