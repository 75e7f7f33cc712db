//! From a source tree to the objects that would be applied, one type per stage.
//!
//! ```text
//!  Tree + Opener ── render ──▶ Rendered ── materialise ──▶ Desired
//! ```
//!
//! * [`render()`] finds the manifests of a tree and reads them through an [`Opener`](tree::Opener), which decrypts SOPS
//!   files on the way.
//! * [`materialise()`] puts Secrets in the place of SealedSecrets. It sees objects only, never files, so that it can
//!   run somewhere else than rendering.
//! * [`mask`] turns objects into what a person may see.
//!
//! A later stage takes only the type that the stage before makes. Nothing here prints, reads the environment or
//! knows of a cluster.

pub mod manifest;
pub mod mask;

mod materialise;
mod render;
mod resource;

pub use materialise::{Desired, MaterialiseError, SealedPolicy, materialise};
pub use render::{DirectoryKind, RenderError, Rendered, Skipped, Source, directory_kind, render};
pub use resource::{Identity, IdentityError, Opening, Origin, Resource};
