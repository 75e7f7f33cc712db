//! `kustomize build` as a library: what the real program makes of a directory, made of a [`tree::Tree`] whose files are
//! read through a [`tree::Opener`], so that encrypted files work anywhere a kustomization can name a file.
#![forbid(unsafe_code)]

pub mod config;
pub mod fieldspec;
pub mod id;
pub mod kustomization;
pub mod merge;
pub mod nameref;
pub mod node;
pub mod patch;
pub mod replacements;
pub mod resmap;
pub mod resource;
pub mod schema;
pub mod selector;
pub mod sharing;
pub mod transform;
pub mod vars;
