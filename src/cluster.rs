//! The cluster: live objects, differences, and the way from one to the other.
//!
//! Objects are JSON values here, as they travel to and from the API server. Knows nothing of files, and takes objects to
//! apply only as [`Desired`](crate::pipeline::Desired).

mod client;
mod connect;
mod discovery;
mod error;
mod exchange;
mod object;
mod path;

mod retry;
mod status;
mod wait;
mod watch;

pub use client::{
    ApplyOptions, Cluster, Conflicts, DeleteOptions, Deletion, FIELD_MANAGER, Listed, Propagation,
    Run, Selection, Validation, WriteOptions, Written,
};
pub use connect::{
    ClusterSecret, ConnectError, Connection, Destination, DestinationError, ExecCredentials, Found,
    IN_CLUSTER_NAME, IN_CLUSTER_SERVER, KubeconfigSource, Reach,
};
pub use discovery::{ApiResource, Discovery, GroupVersion, Scope, Verb};
pub use error::{
    ApiError, FieldConflict, FieldError, RetryAfter, ServerText, TlsProblem, TransportCause,
};
pub use object::{Address, Content, GroupKind, ObjectKey};
pub use retry::RequestCounts;
pub use wait::{Verdict, Waited};
pub use watch::{Event, Watch};
