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
pub mod options;
pub mod order;

mod client;
mod cluster_secret;
mod compare;
mod connect;
mod discovery;
mod error;
mod exchange;
mod inventory;
mod live;
mod migration;
mod object;
mod outcome;
mod ownership;
mod path;
mod plan;
mod progress;

mod request;
mod retry;
mod status;
mod sync;
mod target;
mod undeclared;
mod view;
mod wait;
mod watch;

pub use client::{
    ApplyOptions, Cluster, Conflicts, DeleteOptions, Deletion, FIELD_MANAGER, Listed, Propagation,
    Run, Selection, Validation, WriteOptions, Written,
};
pub use cluster_secret::{
    ClusterSecret, Destination, DestinationError, Found, IN_CLUSTER_NAME, IN_CLUSTER_SERVER, Reach,
};
pub use compare::{CompareError, Compared, Comparison, Difference, Knowledge, compare};
pub use connect::{ConnectError, Connection, ExecCredentials, KubeconfigSource};
pub use discovery::{ApiResource, Discovery, GroupVersion, Scope, Verb};
pub use error::{
    ApiError, FieldConflict, FieldError, RetryAfter, ServerText, TlsProblem, TransportCause,
};
pub use inventory::InventoryError;
pub use object::{Address, Content, GroupKind, ObjectKey};
pub use outcome::{
    EndReason, Kept, Message, ObjectError, ObjectResult, OperationPhase, Outcome, ResultCode,
    Warning,
};
pub use ownership::{ApplicationName, ApplicationNameError, Owner, Ownership};
pub use progress::{Pending, Progress, Purpose, Silent, SyncEvent};
pub use request::{
    Adoption, ConflictPolicy, EmptyRender, Extent, Force, HookPolicy, Mode, NamespaceMetadata,
    Pruning, Selector, SourceIdentity, SyncRequest, Timeouts, Waiting,
};
pub use retry::RequestCounts;
pub use sync::{SyncError, sync};
pub use view::Sight;
pub use wait::{Verdict, Waited};
pub use watch::{Event, Watch};
