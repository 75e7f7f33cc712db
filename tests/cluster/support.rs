//! Clusters to test with.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use lockstep::cluster::{
    ApiResource, Cluster, Connection, Discovery, ExecCredentials, GroupKind, KubeconfigSource,
};
use peers::control_plane::ControlPlane;
use serde_json::{Value, json};

/// A cluster, what it serves, and a namespace of its own.
pub(crate) struct Setting {
    pub(crate) cluster: Cluster,
    pub(crate) discovery: Arc<Discovery>,
    pub(crate) namespace: String,
}

impl Setting {
    pub(crate) async fn new(prefix: &str) -> Self {
        let plane = ControlPlane::shared();
        Self::through(&plane.kubeconfig(), prefix).await
    }

    /// The same by way of another address or user.
    pub(crate) async fn through(kubeconfig: &Path, prefix: &str) -> Self {
        let cluster = Cluster::connect(connection(kubeconfig)).unwrap();
        Self {
            discovery: cluster.discovery().await.unwrap(),
            namespace: ControlPlane::shared().namespace(prefix),
            cluster,
        }
    }

    pub(crate) fn resource(&self, group: &str, kind: &str) -> &ApiResource {
        let kind = GroupKind::new(group, kind);
        self.discovery.resource(&kind, None).unwrap()
    }

    pub(crate) fn config_map(&self, name: &str, data: Value) -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": self.namespace},
            "data": data,
        })
    }
}

pub(crate) fn connection(kubeconfig: &Path) -> Connection {
    let source = KubeconfigSource {
        files: vec![kubeconfig.to_owned()],
        context: None,
    };
    Connection::kubeconfig(&source, ExecCredentials::Refuse).unwrap()
}

pub(crate) fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}
