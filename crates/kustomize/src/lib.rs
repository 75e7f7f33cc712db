//! `kustomize build` as a library: what the real program makes of a directory, made of a [`tree::Tree`] whose files are
//! read through a [`tree::Opener`], so that encrypted files work anywhere a kustomization can name a file.
//!
//! ```
//! use kustomize::{BuildOptions, build};
//! use tree::{Limits, MemoryEntry, PlainOpener, Tree, TreePath};
//!
//! let files = [
//!     ("kustomization.yaml", "resources: [web.yaml]\nnamePrefix: prod-\n"),
//!     ("web.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n"),
//! ];
//! let files = files.map(|(path, text)| (TreePath::parse(path).unwrap(), MemoryEntry::file(text)));
//! let tree = Tree::memory(files, Limits::default())?;
//! let built = build(&tree, &PlainOpener, &TreePath::root(), &BuildOptions::default())?;
//! assert_eq!(built.to_yaml()?, "apiVersion: v1\nkind: Service\nmetadata:\n  name: prod-web\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Output is that of kustomize 5.8.1, byte for byte. Nothing is run or written: programs and containers are errors, and so
//! is anything outside the tree. KSOPS' generator is understood without its program. Bases in other repositories are asked
//! for where the caller gives somebody to ask ([`RemoteBases`], in `BuildOptions::remote_bases`), and are errors otherwise.
//!
//! # Repeated builds
//!
//! A program that builds the same bases time and again can keep what their files were parsed to in a [`ParseCache`]
//! (`BuildOptions::cache`). The output is the same with and without; what was decrypted is never kept. Building
//! 4,000 objects again takes a little more than half the time (40 ms instead of 73, before they are written); the less, the
//! more a kustomization changes them. `examples/rebuild.rs` measures it.
//!
//! # Hashes are fingerprints
//!
//! The name of a generated ConfigMap or Secret ends with a hash of its data. Whoever sees the name, in a Pod or in a
//! cluster's events, can try values against it. A build says which decrypted values are easy to guess so
//! ([`Warning::GuessableHash`]); `disableNameSuffixHash` leaves the hash out.
//!
//! # Known differences
//!
//! * Paths are those of the tree: an absolute one, or one that leads out of it, is refused wherever it points.
//! * A line of an environment file of 64 KiB or more is an error; the real program drops it and all behind it.
//! * Aliases that would copy a document out of proportion, kustomizations in one another more than
//!   [`BuildLimits::depth`] deep, and whatever else passes one of the [`BuildLimits`] are refused.
//! * Charts are not inflated.
//! * Single files on servers (`https://host/file.yaml`) are refused; of an address by HTTP the real program finds out by
//!   asking whether it is such a file or a repository. Here it is a file if it ends in `.yaml`, `.yml` or `.json` and
//!   neither `//`, `.git`, `_git/` nor `ref` says that it is a repository.
//! * The `timeout` of a remote base is passed over, and a remote base that names itself by another address is a cycle.
//! * Objects other than ConfigMaps and Secrets that ask for a hash (`internal.config.kubernetes.io/needsHashSuffix`) are
//!   hashed with the quotation marks that each change left. Where a kustomization's own `configurations` add several
//!   fields to a type, these depend on how Go's unstable sort orders the fields; here they stay in order. Only the hash
//!   can differ, not the object.
//! * A value transformer without a value has no default at the root of the tree, which has no name.
#![forbid(unsafe_code)]

pub mod config;
pub mod edit;
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

mod budget;
mod build;
mod cache;
mod error;
mod generators;
mod guess;
mod hash;
mod json;
mod ksops;
mod limits;
mod loader;
mod manifest;
mod order;
mod origin;
mod remote;
mod target;
mod warning;

pub use budget::{Budget, OverBudget};
pub use build::{BuildLimits, BuildOptions, Built, build};
pub use cache::{CacheUsage, ParseCache};
pub use error::BuildError;
pub use generators::{GenerateError, PairError};
pub use json::ValueError;
pub use ksops::{DotenvError, KsopsError};
pub use loader::{LoadError, LoadRestriction};
pub use manifest::ManifestError;
pub use order::{Order, OrderError};
pub use output::OutputError;
pub use remote::{RemoteBase, RemoteBaseError, RemoteBases};
pub use target::{EntryError, PluginError};
pub use warning::Warning;
