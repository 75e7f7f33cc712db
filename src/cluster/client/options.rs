//! What can be asked for of operations, and what they answer.

use serde_json::{Value, json};

use crate::cluster::discovery::ApiResource;
use crate::cluster::error::ServerText;
use crate::cluster::path::Query;

/// How [`Cluster::apply`](crate::cluster::Cluster::apply) applies.
#[derive(Clone, Copy, Debug, Default)]
pub struct ApplyOptions {
    /// Whether anything is stored.
    pub run: Run,
    /// What happens to fields that others own.
    pub conflicts: Conflicts,
    /// What happens to fields that the server does not know.
    pub validation: Validation,
}

/// How [`Cluster::create`](crate::cluster::Cluster::create), [`Cluster::replace`](crate::cluster::Cluster::replace) and the patches write.
#[derive(Clone, Copy, Debug, Default)]
pub struct WriteOptions {
    /// Whether anything is stored.
    pub run: Run,
    /// What happens to fields that the server does not know.
    pub validation: Validation,
}

/// How [`Cluster::delete`](crate::cluster::Cluster::delete) deletes.
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
    /// They are an error, [`ApiError::FieldConflict`](crate::cluster::ApiError::FieldConflict).
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

impl Selection<'_> {
    pub(in crate::cluster) fn query(&self) -> Query {
        Query::default()
            .with_some("labelSelector", self.labels)
            .with_some("fieldSelector", self.fields)
    }
}

impl DeleteOptions<'_> {
    pub(super) fn body(&self) -> Value {
        let mut body = json!({
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "propagationPolicy": match self.propagation {
                Propagation::Foreground => "Foreground",
                Propagation::Background => "Background",
                Propagation::Orphan => "Orphan",
            },
        });
        if self.run == Run::Dry {
            body["dryRun"] = json!(["All"]);
        }
        if let Some(grace) = self.grace {
            body["gracePeriodSeconds"] = grace.into();
        }
        if let Some(uid) = self.uid {
            body["preconditions"]["uid"] = uid.into();
        }
        if let Some(version) = self.resource_version {
            body["preconditions"]["resourceVersion"] = version.into();
        }
        body
    }
}
