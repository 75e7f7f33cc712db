//! The cluster: live objects, differences, and the way from one to the other.
//!
//! Objects are JSON values here, as they travel to and from the API server. Knows nothing of files, and takes objects to
//! apply only as [`Desired`](crate::pipeline::Desired).

mod object;

pub use object::{GroupKind, ObjectKey};
