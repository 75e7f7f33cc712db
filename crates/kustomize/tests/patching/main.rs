//! Patches compared with the real program: each case is a kustomization with one object and one patch.

mod merge;
mod random;
mod real;
