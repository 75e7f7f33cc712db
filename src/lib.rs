//! *Keeps Kubernetes in step with Git while secrets stay under lock.*
//!
//! This crate is the product: it wires the libraries of the workspace to the outside. What each module is for, and
//! what it must not know, is in `ARCHITECTURE.md`; in the order of the data:
//!
//! * [`pipeline`]: from a source tree to the objects that would be applied, one type per stage.
//! * [`application`]: what an application is, as data.
//! * [`git`]: commits of repositories as source trees.
//! * [`cluster`]: live objects, differences, and the way from one to the other.
//! * [`check`]: what is wrong with the secrets of a tree.
//! * [`cli`]: the commands; the only place that prints, reads the environment and decides exit codes.
#![forbid(unsafe_code)]

mod located;

pub mod application;
pub mod check;
pub mod cli;
pub mod cluster;
pub mod git;
pub mod pipeline;
