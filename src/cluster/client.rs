//! The operations on objects of a cluster.
//!
//! Every operation is repeated where that is safe (see [`retry`](super::retry)) until it succeeds, fails for good, or the
//! deadline of the [`Cluster`] has passed. Objects are JSON values, as they travel.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::connect::{ConnectError, Connection};
use super::discovery::{ApiResource, Discovery};
use super::error::{ApiError, ServerText};
use super::object::Address;
use super::retry::RequestCounts;

/// The manager of fields that lockstep sets.
pub const FIELD_MANAGER: &str = "lockstep";

/// A connection to one cluster. Clones share connections, discovery, the limit of concurrent requests and the counters.
#[derive(Clone)]
pub struct Cluster {
    shared: Arc<Shared>,
    deadline: Duration,
}

struct Shared;

/// How [`Cluster::apply`] applies.
#[derive(Clone, Copy, Debug, Default)]
pub struct ApplyOptions {
    /// Whether anything is stored.
    pub run: Run,
    /// What happens to fields that others own.
    pub conflicts: Conflicts,
    /// What happens to fields that the server does not know.
    pub validation: Validation,
}

/// How [`Cluster::create`], [`Cluster::replace`] and the patches write.
#[derive(Clone, Copy, Debug, Default)]
pub struct WriteOptions {
    /// Whether anything is stored.
    pub run: Run,
    /// What happens to fields that the server does not know.
    pub validation: Validation,
}

/// How [`Cluster::delete`] deletes.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeleteOptions<'a> {
    /// Whether anything is deleted.
    pub run: Run,
    /// What happens to objects that the object owns.
    pub propagation: Propagation,
    /// Only if it is this object, by its uid. Without it, a deletion is not repeated after a lost answer, since by then
    /// the name may be another object's.
    pub uid: Option<&'a str>,
    /// Only if the object is at this version.
    pub resource_version: Option<&'a str>,
    /// How many seconds it may take to stop; none for the object's own.
    pub grace: Option<u32>,
}

/// Whether a request changes anything.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Run {
    /// It does.
    #[default]
    Real,
    /// The server does everything but storing, admission too.
    Dry,
}

/// What server-side apply does with fields that others own.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Conflicts {
    /// They are taken over.
    Force,
    /// They are an error, [`ApiError::FieldConflict`].
    #[default]
    Refuse,
}

/// What the server does with fields that it does not know, and with fields that stand there twice.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Validation {
    /// They are an error.
    #[default]
    Strict,
    /// They are dropped, with a warning.
    Warn,
    /// They are dropped.
    Ignore,
}

/// What happens to objects that a deleted object owns.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Propagation {
    /// They are deleted first.
    #[default]
    Foreground,
    /// They are deleted afterwards.
    Background,
    /// They stay.
    Orphan,
}

/// Which objects a list or a watch is about.
#[derive(Clone, Copy, Debug)]
pub struct Selection<'a> {
    /// The kind.
    pub resource: &'a ApiResource,
    /// The namespace; none for all, and for objects of the whole cluster.
    pub namespace: Option<&'a str>,
    /// A selector of labels, as `app=shop,tier!=db`.
    pub labels: Option<&'a str>,
    /// A selector of fields, as `metadata.name=web`.
    pub fields: Option<&'a str>,
}

/// The answer to a write.
#[derive(Clone)]
pub struct Written {
    /// The object as it is now, or as it would be after a dry run.
    pub object: Value,
    /// Whether it was not there before. After an answer that got lost this may be false for an object that we made.
    pub created: bool,
    /// Warnings of the server, as of an API version that goes away.
    pub warnings: Vec<ServerText>,
}

/// The objects of a selection.
#[derive(Clone)]
pub struct Listed {
    /// The objects, each with `apiVersion` and `kind`.
    pub items: Vec<Value>,
    /// The state of the cluster that the list shows; a watch goes on from there.
    pub resource_version: String,
}

/// What a deletion came to.
#[derive(Clone)]
pub enum Deletion {
    /// There was no such object.
    Absent,
    /// The object is gone.
    Gone,
    /// The object is marked, and goes when its finalizers are done or its containers have stopped. It is shown as
    /// the server has it now.
    Pending(Value),
}

impl<'a> Selection<'a> {
    /// All objects of a kind, in one namespace or everywhere.
    pub const fn new(resource: &'a ApiResource, namespace: Option<&'a str>) -> Self {
        Self {
            resource,
            namespace,
            labels: None,
            fields: None,
        }
    }

    /// Only those with these labels.
    #[must_use]
    pub const fn labels(mut self, selector: &'a str) -> Self {
        self.labels = Some(selector);
        self
    }

    /// Only those with these fields.
    #[must_use]
    pub const fn fields(mut self, selector: &'a str) -> Self {
        self.fields = Some(selector);
        self
    }
}

impl Cluster {
    /// Makes a client. Nothing is asked of the cluster yet.
    ///
    /// # Errors
    ///
    /// When certificates or credentials cannot be used.
    pub fn connect(connection: Connection) -> Result<Self, ConnectError> {
        todo!()
    }

    /// The same cluster with another limit of time for one operation, repetitions and waiting for its turn included.
    #[must_use]
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            deadline,
        }
    }

    /// The namespace of objects that name none: the connection's.
    pub fn default_namespace(&self) -> &str {
        todo!()
    }

    /// The address of the API server.
    pub fn server(&self) -> &str {
        todo!()
    }

    /// How many requests were made so far.
    pub fn requests(&self) -> RequestCounts {
        todo!()
    }

    /// Which kinds the cluster serves. It is asked once.
    ///
    /// # Errors
    ///
    /// When the server does not tell.
    pub async fn discovery(&self) -> Result<Arc<Discovery>, ApiError> {
        todo!()
    }

    /// Asks again which kinds the cluster serves, as after a CustomResourceDefinition was made.
    ///
    /// # Errors
    ///
    /// When the server does not tell.
    pub async fn refresh(&self) -> Result<Arc<Discovery>, ApiError> {
        todo!()
    }

    /// Reads one object; none when it is not there.
    ///
    /// # Errors
    ///
    /// When the object cannot be read.
    pub async fn get(&self, address: Address<'_>) -> Result<Option<Value>, ApiError> {
        todo!()
    }

    /// Reads all objects of a selection, page by page.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    pub async fn list(&self, selection: Selection<'_>) -> Result<Listed, ApiError> {
        todo!()
    }

    /// Applies an object on the server's side, as [`FIELD_MANAGER`].
    ///
    /// # Errors
    ///
    /// [`ApiError::FieldConflict`] where others own fields and [`Conflicts::Refuse`] was asked for, and others.
    pub async fn apply(
        &self,
        address: Address<'_>,
        object: &Value,
        options: ApplyOptions,
    ) -> Result<Written, ApiError> {
        todo!()
    }

    /// Makes an object. Its address names the kind and the namespace; the name is read from the object, so that
    /// `generateName` works, too.
    ///
    /// # Errors
    ///
    /// [`ApiError::AlreadyExists`], and others.
    pub async fn create(
        &self,
        address: Address<'_>,
        object: &Value,
        options: WriteOptions,
    ) -> Result<Written, ApiError> {
        todo!()
    }

    /// Replaces an object. With `metadata.resourceVersion`, only if it is still at this version.
    ///
    /// # Errors
    ///
    /// [`ApiError::Conflict`] when it is not, and others.
    pub async fn replace(
        &self,
        address: Address<'_>,
        object: &Value,
        options: WriteOptions,
    ) -> Result<Written, ApiError> {
        todo!()
    }

    /// Changes an object by a merge patch (RFC 7386).
    ///
    /// # Errors
    ///
    /// When the object cannot be changed.
    pub async fn patch_merge(
        &self,
        address: Address<'_>,
        patch: &Value,
        options: WriteOptions,
    ) -> Result<Written, ApiError> {
        todo!()
    }

    /// Changes an object by a JSON patch (RFC 6902). It is not repeated after a lost answer, since most patches mean
    /// another thing the second time.
    ///
    /// # Errors
    ///
    /// When the object cannot be changed.
    pub async fn patch_json(
        &self,
        address: Address<'_>,
        patch: &Value,
        options: WriteOptions,
    ) -> Result<Written, ApiError> {
        todo!()
    }

    /// Deletes an object.
    ///
    /// # Errors
    ///
    /// [`ApiError::Precondition`] when it is another object by now, and others.
    pub async fn delete(
        &self,
        address: Address<'_>,
        options: DeleteOptions<'_>,
    ) -> Result<Deletion, ApiError> {
        todo!()
    }
}
