//! `lockstep diff` and `lockstep sync` against a real control plane: the built program, a real API server, real
//! controllers where it matters.
//!
//! All tests share one control plane. Each has a namespace, an application and an API user of its own, so that what it
//! did is told from what others did by the audit log.
// A test may give up where its setting cannot be made; clippy knows only test functions, not those they call.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod access;
mod app;
mod clusters;
mod compare;
mod conflicts;
mod credentials;
mod definitions;
mod demo;
mod faults;
#[path = "../git/repository.rs"]
#[allow(dead_code, reason = "the tests of Git need more of it")]
mod git_repository;
#[path = "../git/server.rs"]
#[allow(dead_code, reason = "the tests of Git need more of it")]
mod git_server;
#[path = "../git/sshd.rs"]
#[allow(dead_code, reason = "the tests of Git need more of it")]
mod git_sshd;
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
mod sources;
