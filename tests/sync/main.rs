//! `lockstep diff` and `lockstep sync` against a real control plane: the built program, a real API server, real
//! controllers where it matters.
//!
//! All tests share one control plane. Each has a namespace, an application and an API user of its own, so that what it
//! did is told from what others did by the audit log.
// A test may give up where its setting cannot be made; clippy knows only test functions, not those they call.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod app;
mod clusters;
mod compare;
mod conflicts;
mod definitions;
mod demo;
mod faults;
mod health;
mod hooks;
mod kills;
mod options;
mod order;
mod ownership;
mod prune;
mod repository;
mod run;
mod secrecy;
