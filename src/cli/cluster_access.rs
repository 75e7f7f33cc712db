//! The way to a cluster, as local commands find it: the user's kubeconfig, and from there the cluster that an
//! application names.

use std::path::Path;

use serde_json::Value;
use tokio::runtime::Runtime;

use super::arguments::ClusterArguments;
use super::environment;
use super::failure::Failure;
use crate::application::{Application, ClusterReference};
use crate::cluster::{
    Cluster, ClusterSecret, Connection, Destination, ExecCredentials, Found, GroupKind,
    KubeconfigSource, Selection,
};

/// Where a pod finds its service account.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Where Argo CD is, where nobody says anything.
const ARGOCD_NAMESPACE: &str = "argocd";

/// A cluster, and what runs the questions to it.
pub(super) struct Access {
    pub(super) runtime: Runtime,
    pub(super) cluster: Cluster,
}

impl Access {
    /// The cluster of the user's kubeconfig, or the one whose pod we are in, as the user.
    pub(super) fn of_kubeconfig(arguments: &ClusterArguments) -> Result<Self, Failure> {
        Self::connect(kubeconfig(arguments)?, arguments)
    }

    /// The cluster that objects go to, and the namespace for those that name none.
    pub(super) fn of_destination(
        arguments: &ClusterArguments,
        argocd_namespace: Option<&str>,
        application: Option<&Application>,
    ) -> Result<(Self, String), Failure> {
        let mut connection = match application {
            Some(application) => destination(arguments, argocd_namespace, application)?,
            None => kubeconfig(arguments)?,
        };
        let typed = arguments.namespace.as_ref();
        let said = application.and_then(|application| application.destination.namespace.as_ref());
        let namespace = match typed.or(said) {
            Some(namespace) => namespace.clone(),
            None => connection.namespace().to_owned(),
        };
        let said =
            application.and_then(|application| application.own.service_account_name.as_ref());
        if let Some(account) = arguments.service_account.as_ref().or(said) {
            connection = connection
                .impersonating(&namespace, account)
                .map_err(Failure::Connect)?;
        }
        Ok((Self::connect(connection, arguments)?, namespace))
    }

    fn connect(mut connection: Connection, arguments: &ClusterArguments) -> Result<Self, Failure> {
        if let Some(timeout) = arguments.request_timeout {
            connection = connection.with_deadline(timeout);
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(Failure::Runtime)?;
        // The client starts tasks of its own when it is made.
        let entered = runtime.enter();
        let cluster = Cluster::connect(connection).map_err(Failure::Connect)?;
        drop(entered);
        Ok(Self { runtime, cluster })
    }
}

/// What of Argo CD's Secrets in a namespace has one of these types.
pub(super) fn argocd_secrets(
    access: &Access,
    namespace: &str,
    types: &[&str],
) -> Result<Vec<Value>, Failure> {
    let selector = format!("argocd.argoproj.io/secret-type in ({})", types.join(","));
    let refused = |source| Failure::Api {
        what: format!("the Secrets of the Argo CD in namespace `{namespace}`"),
        source,
    };
    let list = async {
        let discovery = access.cluster.discovery().await?;
        let kind = GroupKind::new("", "Secret");
        let Some(secrets) = discovery.resource(&kind, None) else {
            return Ok(Vec::new());
        };
        let selection = Selection::new(secrets, Some(namespace)).labels(&selector);
        Ok(access.cluster.list(selection).await?.items)
    };
    access.runtime.block_on(list).map_err(refused)
}

fn kubeconfig(arguments: &ClusterArguments) -> Result<Connection, Failure> {
    let files = match &arguments.kubeconfig {
        Some(file) => vec![file.clone()],
        None => environment::kubeconfig_files(),
    };
    let is_there = files.iter().any(|file| file.exists());
    // As kubectl: in a pod without a kubeconfig, the cluster that it is in.
    if !is_there
        && arguments.kubeconfig.is_none()
        && arguments.context.is_none()
        && let Some(server) = environment::pod_api_server()
    {
        return Connection::service_account(&server, Path::new(SERVICE_ACCOUNT))
            .map_err(Failure::Connect);
    }
    let source = KubeconfigSource {
        files,
        context: arguments.context.clone(),
    };
    Connection::kubeconfig(&source, ExecCredentials::Allow).map_err(Failure::Connect)
}

/// The cluster that an application names: the one that the kubeconfig leads to, or one that the Argo CD there knows.
fn destination(
    arguments: &ClusterArguments,
    argocd_namespace: Option<&str>,
    application: &Application,
) -> Result<Connection, Failure> {
    let destination = match &application.destination.cluster {
        ClusterReference::Name(name) => Destination::Name(name.clone()),
        ClusterReference::Server(server) => Destination::Server(server.clone()),
    };
    if let Ok(Found::Local(_)) = destination.find(&[]) {
        return kubeconfig(arguments);
    }
    let namespace = argocd_namespace
        .or(application.namespace.as_deref())
        .unwrap_or(ARGOCD_NAMESPACE);
    let access = Access::of_kubeconfig(arguments)?;
    let mut secrets = Vec::new();
    for secret in argocd_secrets(&access, namespace, &["cluster"])? {
        // A Secret that cannot be read is none for this application, as long as another one is; nor is one for the
        // applications of another project.
        if let Ok(secret) = ClusterSecret::read(&secret)
            && secret
                .project
                .as_ref()
                .is_none_or(|project| *project == application.project)
        {
            secrets.push(secret);
        }
    }
    match destination.find(&secrets).map_err(Failure::Destination)? {
        Found::Local(_) => kubeconfig(arguments),
        Found::Remote(secret) => match secret.connection() {
            Some(connection) => Ok(connection),
            None => kubeconfig(arguments),
        },
    }
}
