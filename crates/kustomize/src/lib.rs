//! `kustomize build` as a library: what the real program makes of a directory, made of a [`tree::Tree`] whose files are
//! read through a [`tree::Opener`], so that encrypted files work anywhere a kustomization can name a file.
#![forbid(unsafe_code)]

pub mod id;
pub mod kustomization;
pub mod merge;
pub mod node;
pub mod patch;
pub mod resmap;
pub mod resource;
pub mod schema;
