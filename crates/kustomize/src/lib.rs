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
pub mod output;
pub mod patch;
pub mod replacements;
pub mod resmap;
pub mod resource;
pub mod schema;
pub mod selector;
pub mod sharing;
pub mod transform;
pub mod vars;

mod build;
mod error;
mod generators;
mod guess;
mod hash;
mod json;
mod ksops;
mod loader;
mod manifest;
mod order;
mod origin;
mod target;
mod warning;

pub use build::{BuildLimits, BuildOptions, Built, build};
pub use error::BuildError;
pub use generators::{GenerateError, PairError};
pub use json::ValueError;
pub use ksops::{DotenvError, KsopsError};
pub use loader::{LoadError, LoadRestriction};
pub use manifest::ManifestError;
pub use order::{Order, OrderError};
pub use target::{EntryError, PluginError};
pub use warning::Warning;
