//! Where an application goes to.

use super::fields::{FieldError, Fields};

/// `spec.destination`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Destination {
    /// The cluster.
    pub cluster: ClusterReference,
    /// The namespace for objects that name none.
    pub namespace: Option<String>,
}

/// How a destination names its cluster.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ClusterReference {
    /// By a name that a cluster Secret gives it (`name`).
    Name(String),
    /// By the address of its API server (`server`).
    Server(String),
}

impl Destination {
    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, FieldError> {
        let cluster = match (fields.text("server")?, fields.text("name")?) {
            (Some(server), None) => ClusterReference::Server(server),
            (None, Some(name)) => ClusterReference::Name(name),
            (Some(_), Some(_)) => {
                return Err(FieldError::BothNameAndServer {
                    field: fields.path(),
                });
            }
            (None, None) => {
                return Err(FieldError::NoCluster {
                    field: fields.path(),
                });
            }
        };
        Ok(Self {
            cluster,
            namespace: fields.text("namespace")?,
        })
    }
}
