//! Source trees: what a renderer may see of a repository.
//!
//! * [`Tree`] is an immutable view of files: of a directory on disk, of memory, or of an [`ObjectStore`]. It resolves
//!   all paths, and nothing leads out of it.
//! * [`TreePath`] is a path in normal form that cannot leave its tree.
//! * [`ManifestFilter`] chooses files as Argo CD's directory source does.
//! * [`Opener`] hands renderers the content of files, with their protection verified and taken off; [`SecretParts`] are
//!   the places that were encrypted.
//!
//! Renderers get these and nothing else: no file system, network, environment or clock. The crate knows nothing of
//! YAML, of Kubernetes or of how files are encrypted. Linux only: it stands on `openat2` and `O_PATH`.
#![forbid(unsafe_code)]

mod directory;
mod error;
mod glob;
mod manifests;
mod memory;
mod objects;
mod opener;
mod path;
mod resolve;
mod secret_parts;
mod tree;
mod viewpoint;
mod walk;

#[cfg(test)]
mod tests;

pub use error::{Malformed, ReadError, Special};
pub use glob::{Glob, GlobError};
pub use manifests::{Extensions, ManifestFilter, Manifests, SkipReason, Skipped};
pub use memory::{BuildError, MemoryEntry};
pub use objects::{Mount, ObjectEntry, ObjectError, ObjectId, ObjectKind, ObjectStore};
pub use opener::{
    Content, MacCoverage, OpenError, Opened, Opener, PlainOpener, Protection, SopsFormat,
    SopsProtection,
};
pub use path::{PathError, Reference, TreePath};
pub use secret_parts::SecretParts;
pub use tree::{CaseCollisions, Entry, EntryKind, FileBytes, Kind, Limits, Tree};
pub use viewpoint::Viewpoint;
pub use walk::{Depth, Walk};
