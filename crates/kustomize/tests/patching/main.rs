//! Patches compared with the real program: each case is a kustomization with one object and one patch.
#![allow(
    clippy::unwrap_used,
    reason = "a failure of what a test stands on is a failure of the test"
)]

mod bounds;
mod json6902;
mod merge;
mod random;
mod real;
mod schema;
mod transform;
