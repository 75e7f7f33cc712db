//! Clusters as Argo CD knows them: its cluster Secrets, and the destinations that name them (argo-cd: util/db/cluster.go).
//!
//! Stricter than there: credentials by a program or by AWS are refused, for the local cluster too, where Argo CD passes
//! them over; and a destination that several Secrets are for is refused by address as well as by name.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kube::config::{AuthInfo, Context, Kubeconfig, NamedAuthInfo, NamedCluster, NamedContext};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::connect::{self, ConnectError, Connection};

/// The address by which destinations name the cluster that we are in.
pub const IN_CLUSTER_SERVER: &str = "https://kubernetes.default.svc";

/// The name of the cluster that we are in, where no Secret gives it another.
pub const IN_CLUSTER_NAME: &str = "in-cluster";

const CLUSTER_SECRET: &str = "the cluster Secret";

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
    way: Way,
}

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
    /// The cluster that we are in, and the Secret about it, where there is one.
    Local(Option<&'a ClusterSecret>),
    /// The cluster of a Secret.
    Remote(&'a ClusterSecret),
}

/// How the cluster of a Secret is reached.
enum Way {
    /// It is the one that we are in: as everything there reaches it, as the Secret's user where it names one.
    Local(Option<Box<AuthInfo>>),
    /// By what the Secret says.
    Remote(Box<kube::Config>),
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

impl ClusterSecret {
    /// Reads a Secret with the label `argocd.argoproj.io/secret-type: cluster`, as the API server has it.
    ///
    /// # Errors
    ///
    /// When a field is missing or cannot be used, or it asks to run a program.
    pub fn read(secret: &Value) -> Result<Self, ConnectError> {
        let server = entry(secret, "server")?.unwrap_or_default();
        let server = server.trim_end_matches('/').to_owned();
        if server.is_empty() {
            return Err(bad("server"));
        }
        let name = entry(secret, "name")?.filter(|name| !name.is_empty());
        let namespaces: BTreeSet<String> = entry(secret, "namespaces")?
            .unwrap_or_default()
            .split(',')
            .map(str::trim)
            .filter(|namespace| !namespace.is_empty())
            .map(str::to_owned)
            .collect();
        let reach = if namespaces.is_empty() {
            Reach::Everything
        } else {
            Reach::Namespaces {
                namespaces,
                cluster_resources: entry(secret, "clusterResources")?.as_deref() == Some("true"),
            }
        };
        let settings: Settings = match entry(secret, "config")? {
            Some(text) if !text.trim().is_empty() => {
                serde_json::from_str(&text).map_err(|_| bad("config"))?
            }
            _ => Settings::default(),
        };
        Ok(Self {
            way: settings.way(&server)?,
            name: name.unwrap_or_else(|| server.clone()),
            server,
            reach,
            project: entry(secret, "project")?.filter(|project| !project.is_empty()),
        })
    }

    /// The way to its cluster; none if that is the cluster that we are in.
    pub fn connection(&self) -> Option<Connection> {
        match &self.way {
            Way::Local(_) => None,
            Way::Remote(config) => Some(Connection::new(config.as_ref().clone())),
        }
    }

    /// The connection of a process to the cluster that it is in, as the user that this Secret names, where it names one.
    #[must_use]
    pub fn log_in(&self, mut local: Connection) -> Connection {
        if let Way::Local(Some(user)) = &self.way {
            local.config.auth_info = user.as_ref().clone();
        }
        local
    }
}

/// `config` of a cluster Secret (argo-cd: pkg/apis/application/v1alpha1/types.go, ClusterConfig). For Go, `null` is nothing.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Settings {
    username: Option<String>,
    password: Option<String>,
    bearer_token: Option<String>,
    tls_client_config: Option<TlsSettings>,
    aws_auth_config: Option<IgnoredAny>,
    exec_provider_config: Option<IgnoredAny>,
    proxy_url: Option<String>,
    disable_compression: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct TlsSettings {
    insecure: Option<bool>,
    server_name: Option<String>,
    ca_data: Option<String>,
    cert_data: Option<String>,
    key_data: Option<String>,
}

impl Settings {
    /// The way to `server`. As in Argo CD, `tlsClientConfig` means nothing for the cluster that we are in.
    fn way(self, server: &str) -> Result<Way, ConnectError> {
        if self.exec_provider_config.is_some() || self.aws_auth_config.is_some() {
            return Err(ConnectError::Exec {
                place: CLUSTER_SECRET,
            });
        }
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        let token = some(self.bearer_token);
        let username = some(self.username);
        // A password without a user is none, and a user without a password has an empty one. Both ways to log in are
        // refused, rather than one chosen (client-go: transport/config.go, transport/round_trippers.go).
        let password = username
            .is_some()
            .then(|| self.password.unwrap_or_default());
        if token.is_some() && username.is_some() {
            return Err(bad("config.bearerToken"));
        }
        let mut user = AuthInfo {
            username,
            password: password.map(Into::into),
            token: token.map(Into::into),
            ..AuthInfo::default()
        };
        if server == IN_CLUSTER_SERVER {
            let is_named = user.username.is_some() || user.token.is_some();
            return Ok(Way::Local(is_named.then(|| Box::new(user))));
        }
        let tls = self.tls_client_config.unwrap_or_default();
        let ca_data = some(tls.ca_data);
        let insecure = tls.insecure.unwrap_or_default();
        // client-go: transport/transport.go, TLSConfigFor.
        if insecure && ca_data.is_some() {
            return Err(bad("config.tlsClientConfig.insecure"));
        }
        user.client_certificate_data = some(tls.cert_data);
        user.client_key_data = some(tls.key_data).map(Into::into);
        let cluster = kube::config::Cluster {
            server: Some(server.to_owned()),
            insecure_skip_tls_verify: Some(insecure),
            certificate_authority_data: ca_data,
            proxy_url: some(self.proxy_url),
            disable_compression: self.disable_compression,
            tls_server_name: some(tls.server_name),
            ..kube::config::Cluster::default()
        };
        let name = String::new;
        let kubeconfig = Kubeconfig {
            clusters: vec![NamedCluster {
                cluster: Some(cluster),
                ..NamedCluster::default()
            }],
            auth_infos: vec![NamedAuthInfo {
                auth_info: Some(user),
                ..NamedAuthInfo::default()
            }],
            contexts: vec![NamedContext {
                context: Some(Context {
                    user: Some(name()),
                    ..Context::default()
                }),
                ..NamedContext::default()
            }],
            current_context: Some(name()),
            ..Kubeconfig::default()
        };
        let config = connect::config(kubeconfig, CLUSTER_SECRET)?;
        Ok(Way::Remote(Box::new(config)))
    }
}

/// A value of a Secret's data, decoded.
fn entry(secret: &Value, key: &'static str) -> Result<Option<String>, ConnectError> {
    let Some(value) = secret["data"].get(key) else {
        return Ok(None);
    };
    let bytes = value.as_str().and_then(|text| BASE64.decode(text).ok());
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.map(Some).ok_or_else(|| bad(key))
}

const fn bad(field: &'static str) -> ConnectError {
    ConnectError::Field {
        place: CLUSTER_SECRET,
        field,
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
        let (wanted, is_local) = match self {
            Self::Server(server) => {
                let server = server.trim_end_matches('/');
                (server, server == IN_CLUSTER_SERVER)
            }
            // A Secret about this cluster gives it another name (argo-cd: util/db/cluster.go).
            Self::Name(name) => (
                name.as_str(),
                name == IN_CLUSTER_NAME
                    && secrets
                        .iter()
                        .all(|secret| secret.server != IN_CLUSTER_SERVER),
            ),
        };
        let mut found = secrets.iter().filter(|secret| match self {
            Self::Server(_) => secret.server == wanted,
            Self::Name(_) => secret.name == wanted,
        });
        let first = found.next();
        let count = found.count() + usize::from(first.is_some());
        match first {
            Some(_) if count > 1 => Err(DestinationError::Ambiguous {
                name: wanted.to_owned(),
                count,
            }),
            Some(secret) => Ok(match secret.way {
                Way::Local(_) => Found::Local(Some(secret)),
                Way::Remote(_) => Found::Remote(secret),
            }),
            None if is_local => Ok(Found::Local(None)),
            None => Err(DestinationError::Unknown(wanted.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CANARY: &str = "s3cr3t-canary";

    fn secret(entries: &[(&str, &str)]) -> Value {
        let data: serde_json::Map<String, Value> = entries
            .iter()
            .map(|(key, value)| ((*key).to_owned(), BASE64.encode(value).into()))
            .collect();
        json!({ "data": data })
    }

    fn refused(entries: &[(&str, &str)]) -> ConnectError {
        let result = ClusterSecret::read(&secret(entries));
        result.map(|_| ()).expect_err("the Secret is refused")
    }

    #[test]
    fn cluster_secrets_are_read_as_argo_cd_reads_them() {
        let read = ClusterSecret::read(&secret(&[
            ("name", "prod"),
            ("server", "https://10.0.0.1:6443/"),
            ("namespaces", "shop, ,bank"),
            ("clusterResources", "true"),
            (
                "config",
                r#"{"bearerToken":"t","tlsClientConfig":{"insecure":true,"serverName":"api"}}"#,
            ),
        ]))
        .unwrap();
        assert_eq!(
            (read.name.as_str(), read.server.as_str()),
            ("prod", "https://10.0.0.1:6443")
        );
        assert!(read.reach.includes(Some("bank")) && read.reach.includes(None));
        assert!(!read.reach.includes(Some("other")));
        let connection = read.connection().unwrap();
        assert_eq!(connection.config.tls_server_name.as_deref(), Some("api"));
        assert!(connection.config.accept_invalid_certs);
    }

    #[test]
    fn programs_for_credentials_are_refused_in_cluster_secrets() {
        for config in [
            r#"{"execProviderConfig":{"command":"sh"}}"#,
            r#"{"awsAuthConfig":{"clusterName":"x"}}"#,
        ] {
            let error = refused(&[("server", "https://a"), ("config", config)]);
            assert!(matches!(error, ConnectError::Exec { .. }), "{error}");
        }
    }

    #[test]
    fn broken_cluster_secrets_tell_no_credential() {
        let broken = [
            format!(r#"{{"bearerToken":{{"{CANARY}":1}}}}"#),
            format!(r#"{{"bearerToken":"{CANARY}","username":"x"}}"#),
            CANARY.to_owned(),
            format!(r#"{{"tlsClientConfig":{{"caData":"{CANARY}"}}}}"#),
            format!(r#"{{"proxyUrl":"http://u:{CANARY} @x"}}"#),
        ];
        for config in &broken {
            let error = refused(&[("server", "https://a"), ("config", config)]);
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains(CANARY), "{shown}");
        }
    }

    #[test]
    fn destinations_lead_to_one_cluster() {
        let clusters: Vec<ClusterSecret> = [
            [("name", "prod"), ("server", "https://a")],
            [("name", "twice"), ("server", "https://b")],
            [("name", "twice"), ("server", "https://c")],
        ]
        .iter()
        .map(|entries| ClusterSecret::read(&secret(entries)).unwrap())
        .collect();
        let name = |name: &str| Destination::Name(name.to_owned()).find(&clusters);
        let server = |server: &str| Destination::Server(server.to_owned()).find(&clusters);
        assert!(matches!(name("prod"), Ok(Found::Remote(found)) if found.server == "https://a"));
        assert!(matches!(server("https://c/"), Ok(Found::Remote(_))));
        assert!(matches!(
            name("twice"),
            Err(DestinationError::Ambiguous { count: 2, .. })
        ));
        assert!(matches!(name("nowhere"), Err(DestinationError::Unknown(_))));
        assert!(matches!(name("in-cluster"), Ok(Found::Local(None))));
        assert!(matches!(server(IN_CLUSTER_SERVER), Ok(Found::Local(None))));
    }

    #[test]
    fn the_local_cluster_needs_no_credentials_in_its_secret() {
        let clusters = [ClusterSecret::read(&secret(&[
            ("name", "here"),
            ("server", IN_CLUSTER_SERVER),
            ("namespaces", "shop"),
        ]))
        .unwrap()];
        let found = Destination::Name("here".to_owned()).find(&clusters);
        assert!(matches!(found, Ok(Found::Local(Some(secret))) if !secret.reach.includes(None)));
    }

    #[test]
    fn users_are_those_that_client_go_makes_of_a_secret() {
        for (config, expected) in [
            (
                r#"{"username":"u","password":"p"}"#,
                Ok((Some("u"), Some("p"), None)),
            ),
            (r#"{"username":"u"}"#, Ok((Some("u"), Some(""), None))),
            (r#"{"password":"p"}"#, Ok((None, None, None))),
            (
                r#"{"password":"p","bearerToken":"t"}"#,
                Ok((None, None, Some("t"))),
            ),
            (
                r#"{"username":null,"bearerToken":"t","tlsClientConfig":null,"disableCompression":null}"#,
                Ok((None, None, Some("t"))),
            ),
            (r#"{"username":"u","bearerToken":"t"}"#, Err(())),
            (
                r#"{"tlsClientConfig":{"insecure":true,"caData":"LS0t"}}"#,
                Err(()),
            ),
        ] {
            let read = ClusterSecret::read(&secret(&[("server", "https://a"), ("config", config)]));
            let read = read.map(|read| read.connection().unwrap()).map_err(|_| ());
            let user = read.map(|connection| {
                serde_json::to_value(connection.config.auth_info).expect("users can be written")
            });
            let found = user
                .as_ref()
                .map(|user| {
                    let text = |field: &str| user[field].as_str();
                    (text("username"), text("password"), text("token"))
                })
                .map_err(|_| ());
            assert_eq!(found, expected, "{config}");
        }
    }

    #[test]
    fn a_secret_may_name_the_user_and_the_name_of_the_local_cluster() {
        let clusters = [ClusterSecret::read(&secret(&[
            ("name", "here"),
            ("server", IN_CLUSTER_SERVER),
            ("config", r#"{"username":"u","password":"p"}"#),
        ]))
        .unwrap()];
        let find = |name: &str| Destination::Name(name.to_owned()).find(&clusters);
        assert!(matches!(
            find(IN_CLUSTER_NAME),
            Err(DestinationError::Unknown(_))
        ));
        let Ok(Found::Local(Some(found))) = find("here") else {
            panic!("the cluster is the local one");
        };
        let local = Connection::new(kube::Config::new("https://10.0.0.1".parse().unwrap()));
        let local = found.log_in(local);
        assert_eq!(local.server(), "https://10.0.0.1");
        assert_eq!(local.config.auth_info.username.as_deref(), Some("u"));
    }
}
