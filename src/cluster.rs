//! The cluster: live objects, differences, and the way from one to the other.
//!
//! Objects are JSON values here, as they travel to and from the API server. Knows nothing of files, and takes objects to
//! apply only as [`Desired`](crate::pipeline::Desired).

pub mod annotations;
pub mod fields_v1;
pub mod health;
pub mod hooks;
pub mod ignore;
pub mod normalise;
mod object;
pub mod options;
pub mod order;

pub use object::{GroupKind, ObjectKey};
