//! Patches compared with the real program: each case is a kustomization with one object and one patch.

mod json6902;
mod merge;
mod random;
mod real;
mod schema;
mod transform;
