//! How a cluster is reached and who we are there.
//!
//! A [`Connection`] comes from a kubeconfig, from the service account of a pod, or from a cluster Secret of Argo CD. No
//! environment is read for it; the caller says where files lie.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

/// Where an API server is and who we are to it. It holds credentials and cannot be shown.
pub struct Connection {
    config: kube::Config,
}

/// Which kubeconfig is read.
#[derive(Clone, Debug, Default)]
pub struct KubeconfigSource {
    /// The files, merged as kubectl merges those of `KUBECONFIG`. Those that do not exist are passed over, as long as
    /// one does.
    pub files: Vec<PathBuf>,
    /// The context; none for the current one.
    pub context: Option<String>,
}

/// Whether a kubeconfig may name a program that is run for credentials.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ExecCredentials {
    /// It may: the kubeconfig is the user's own.
    Allow,
    /// It is refused.
    Refuse,
}

/// A cluster Secret of Argo CD.
pub struct ClusterSecret {
    /// The name that destinations give.
    pub name: String,
    /// The address that destinations give.
    pub server: String,
    /// What may be reached there.
    pub reach: Reach,
    /// The project whose applications alone may use it.
    pub project: Option<String>,
    connection: ClusterConfig,
}

struct ClusterConfig;

/// Which objects of a cluster may be read and written.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Reach {
    /// All.
    #[default]
    Everything,
    /// Those of some namespaces.
    Namespaces {
        /// The namespaces.
        namespaces: BTreeSet<String>,
        /// Whether objects of the whole cluster are reached, too.
        cluster_resources: bool,
    },
}

/// Which cluster an application goes to: `spec.destination`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Destination {
    /// By address.
    Server(String),
    /// By name.
    Name(String),
}

/// Where a destination leads.
pub enum Found<'a> {
    /// The cluster that we are in.
    Local,
    /// The cluster of a Secret.
    Remote(&'a ClusterSecret),
}

/// Why a cluster cannot be connected to. No text of a credential is in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// None of the kubeconfig files exists.
    #[error("there is no kubeconfig")]
    NoKubeconfig,
    /// A file is no kubeconfig.
    #[error("{} is not a kubeconfig", path.display())]
    NotKubeconfig {
        /// The file.
        path: PathBuf,
    },
    /// No context is chosen.
    #[error("the kubeconfig has no current context")]
    NoContext,
    /// The context, or the cluster or user that it names, is not there.
    #[error("the kubeconfig has no {what} `{name}`")]
    NotInKubeconfig {
        /// `context`, `cluster` or `user`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A program would have to be run for credentials.
    #[error("{place} asks to run a program for credentials, which is not allowed here")]
    Exec {
        /// What asks.
        place: &'static str,
    },
    /// A field cannot be used.
    #[error("{place}: `{field}` is missing or cannot be used")]
    Field {
        /// What holds it.
        place: &'static str,
        /// The field.
        field: &'static str,
    },
    /// The certificates cannot be used.
    #[error("the certificates or keys for the cluster cannot be used")]
    Certificates,
    /// The credentials cannot be used or had.
    #[error("the credentials for the cluster cannot be had")]
    Credentials,
}

/// Why a destination leads nowhere.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DestinationError {
    /// No Secret is for it.
    #[error("there is no cluster `{0}`")]
    Unknown(String),
    /// Several Secrets are for it.
    #[error("there are {count} clusters named `{name}`")]
    Ambiguous {
        /// The name.
        name: String,
        /// How many.
        count: usize,
    },
}

impl Connection {
    /// Reads a kubeconfig. Files that it names are relative to it.
    ///
    /// # Errors
    ///
    /// When it cannot be read or used, or asks to run a program and may not.
    pub fn kubeconfig(
        source: &KubeconfigSource,
        exec: ExecCredentials,
    ) -> Result<Self, ConnectError> {
        todo!()
    }

    /// The service account of the pod that we are in. `server` is the API server's address as the pod's environment
    /// tells it, and `mount` the folder with the files `token`, `ca.crt` and `namespace`.
    ///
    /// # Errors
    ///
    /// When the files cannot be read.
    pub fn service_account(server: &str, mount: &Path) -> Result<Self, ConnectError> {
        todo!()
    }

    /// Acts as the service account `name` of `namespace` from here on, as an application's `serviceAccountName` asks.
    #[must_use]
    pub fn impersonating(mut self, namespace: &str, name: &str) -> Self {
        todo!()
    }

    /// At most so many requests at a time; 32 where nothing is said.
    #[must_use]
    pub fn with_concurrency(mut self, requests: usize) -> Self {
        todo!()
    }

    /// At most so long for one operation with all repetitions; a minute where nothing is said.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        todo!()
    }
}

impl ClusterSecret {
    /// Reads a Secret with the label `argocd.argoproj.io/secret-type: cluster`, as the API server has it.
    ///
    /// # Errors
    ///
    /// When a field is missing or cannot be used, or it asks to run a program.
    pub fn read(secret: &Value) -> Result<Self, ConnectError> {
        todo!()
    }

    /// The way to its cluster.
    ///
    /// # Errors
    ///
    /// When the certificates cannot be used.
    pub fn connection(&self) -> Result<Connection, ConnectError> {
        todo!()
    }
}

impl Reach {
    /// Whether objects of `namespace`, or of the whole cluster, are in reach.
    pub fn includes(&self, namespace: Option<&str>) -> bool {
        match (self, namespace) {
            (Self::Everything, _) => true,
            (Self::Namespaces { namespaces, .. }, Some(namespace)) => {
                namespaces.contains(namespace)
            }
            (
                Self::Namespaces {
                    cluster_resources, ..
                },
                None,
            ) => *cluster_resources,
        }
    }
}

impl Destination {
    /// The cluster that it leads to.
    ///
    /// # Errors
    ///
    /// When none or several do.
    pub fn find<'a>(&self, secrets: &'a [ClusterSecret]) -> Result<Found<'a>, DestinationError> {
        todo!()
    }
}
