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
    Address, Cluster, ClusterSecret, Connection, Destination, ExecCredentials, Found, GroupKind,
    KubeconfigSource, ObjectKey, Reach, Selection,
};

/// Where a pod finds its service account.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Where Argo CD is, where nobody says anything.
const ARGOCD_NAMESPACE: &str = "argocd";

/// A cluster, and what runs the questions to it.
pub(super) struct Access {
    pub(super) runtime: Runtime,
    pub(super) cluster: Cluster,
    /// What of it may be used.
    pub(super) reach: Reach,
}

/// The way to a destination.
struct Route {
    connection: Connection,
    reach: Reach,
}

impl From<Connection> for Route {
    fn from(connection: Connection) -> Self {
        Self {
            connection,
            reach: Reach::Everything,
        }
    }
}

impl Access {
    /// The cluster of the user's kubeconfig, or the one whose pod we are in, as the user.
    pub(super) fn of_kubeconfig(arguments: &ClusterArguments) -> Result<Self, Failure> {
        Self::connect(kubeconfig(arguments)?.into(), arguments)
    }

    /// The cluster that objects go to, and the namespace for those that name none.
    pub(super) fn of_destination(
        arguments: &ClusterArguments,
        argocd_namespace: Option<&str>,
        application: Option<&Application>,
    ) -> Result<(Self, String), Failure> {
        let mut route = match application {
            Some(application) => destination(arguments, argocd_namespace, application)?,
            None => kubeconfig(arguments)?.into(),
        };
        let typed = arguments.namespace.as_ref();
        let said = application.and_then(|application| application.destination.namespace.as_ref());
        let namespace = match typed.or(said) {
            Some(namespace) => namespace.clone(),
            None => route.connection.namespace().to_owned(),
        };
        let said =
            application.and_then(|application| application.own.service_account_name.as_ref());
        if let Some(account) = arguments.service_account.as_ref().or(said) {
            route.connection = route
                .connection
                .impersonating(&namespace, account)
                .map_err(Failure::Connect)?;
        }
        Ok((Self::connect(route, arguments)?, namespace))
    }

    fn connect(route: Route, arguments: &ClusterArguments) -> Result<Self, Failure> {
        let Route {
            mut connection,
            reach,
        } = route;
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
        Ok(Self {
            runtime,
            cluster,
            reach,
        })
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

/// One of Argo CD's ConfigMaps in a namespace, if it is there.
pub(super) fn argocd_config_map(
    access: &Access,
    namespace: &str,
    name: &str,
) -> Result<Option<Value>, Failure> {
    let read = async {
        let discovery = access.cluster.discovery().await?;
        let key = ObjectKey {
            group_kind: GroupKind::new("", "ConfigMap"),
            namespace: Some(namespace.to_owned()),
            name: name.to_owned(),
        };
        match discovery.resource(&key.group_kind, None) {
            Some(maps) => access.cluster.get(Address::of(maps, &key)).await,
            None => Ok(None),
        }
    };
    access
        .runtime
        .block_on(read)
        .map_err(|source| Failure::Api {
            what: format!("the ConfigMap `{name}` in namespace `{namespace}`"),
            source,
        })
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
) -> Result<Route, Failure> {
    let destination = match &application.destination.cluster {
        ClusterReference::Name(name) => Destination::Name(name.clone()),
        ClusterReference::Server(server) => Destination::Server(server.clone()),
    };
    // Without an Argo CD that was named, nobody has anything to say about the kubeconfig's own cluster.
    if argocd_namespace.is_none()
        && let Ok(Found::Local(_)) = destination.find(&[])
    {
        return Ok(kubeconfig(arguments)?.into());
    }
    let namespace = argocd_namespace
        .or(application.namespace.as_deref())
        .unwrap_or(ARGOCD_NAMESPACE);
    let access = Access::of_kubeconfig(arguments)?;
    let mut secrets = Vec::new();
    for secret in argocd_secrets(&access, namespace, &["cluster"])? {
        // A Secret that cannot be read is none for the applications of other clusters; nor is one for the applications of
        // another project.
        match ClusterSecret::read(&secret) {
            Ok(secret) => {
                let project = secret.project.as_ref();
                if project.is_none_or(|project| *project == application.project) {
                    secrets.push(secret);
                }
            }
            Err(source) if destination.is_meant_by(&secret) => {
                let name = secret["metadata"]["name"].as_str();
                return Err(Failure::ClusterSecret {
                    secret: name.unwrap_or_default().to_owned(),
                    source,
                });
            }
            Err(_) => {}
        }
    }
    let (connection, reach) = match destination.find(&secrets).map_err(Failure::Destination)? {
        Found::Local(secret) => (None, secret.map(|secret| secret.reach.clone())),
        Found::Remote(secret) => (secret.connection(), Some(secret.reach.clone())),
    };
    Ok(Route {
        connection: match connection {
            Some(connection) => connection,
            None => kubeconfig(arguments)?,
        },
        reach: reach.unwrap_or_default(),
    })
}
