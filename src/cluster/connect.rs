//! How a cluster is reached and who we are there.
//!
//! A [`Connection`] comes from a kubeconfig, from the service account of a pod, or from a cluster Secret of Argo CD. No
//! environment is read for it; the caller says where files lie.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kube::client::ClientBuilder;
use kube::config::{
    AuthInfo, Context, Kubeconfig, KubeconfigError, NamedAuthInfo, NamedCluster, NamedContext,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

/// The address by which destinations name the cluster that we are in.
pub const IN_CLUSTER_SERVER: &str = "https://kubernetes.default.svc";

/// The name of the cluster that we are in, where no Secret gives it another.
pub const IN_CLUSTER_NAME: &str = "in-cluster";

/// How many requests go at a time, where nothing is said.
const CONCURRENCY: usize = 32;

/// How long one operation may take with all repetitions, where nothing is said. An etcd that is away for half a minute
/// is outlasted.
const DEADLINE: Duration = Duration::from_secs(90);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

const CLUSTER_SECRET: &str = "the cluster Secret";

const SERVICE_ACCOUNT: &str = "the service account";

/// Where an API server is and who we are to it. It holds credentials and cannot be shown.
pub struct Connection {
    config: kube::Config,
    pub(super) concurrency: usize,
    pub(super) deadline: Duration,
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
    /// None for the cluster that we are in.
    config: Option<kube::Config>,
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
        source: io::Error,
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
        let merged = merged(&source.files)?;
        let name = source
            .context
            .clone()
            .or_else(|| merged.current_context.clone());
        let name = name
            .filter(|name| !name.is_empty())
            .ok_or(ConnectError::NoContext)?;
        let context = merged
            .contexts
            .iter()
            .find(|context| context.name == name)
            .and_then(|context| context.context.as_ref())
            .ok_or_else(|| missing("context", &name))?;
        if merged
            .clusters
            .iter()
            .all(|known| known.name != context.cluster)
        {
            return Err(missing("cluster", &context.cluster));
        }
        let user = merged
            .auth_infos
            .iter()
            .find(|user| Some(&user.name) == context.user.as_ref())
            .and_then(|user| user.auth_info.as_ref());
        let runs_program =
            user.is_some_and(|user| user.exec.is_some() || user.auth_provider.is_some());
        if runs_program && exec == ExecCredentials::Refuse {
            return Err(ConnectError::Exec {
                place: "the kubeconfig",
            });
        }
        let chosen = Kubeconfig {
            current_context: Some(name),
            ..merged
        };
        Ok(Self::new(config(chosen, "the kubeconfig")?))
    }

    /// The service account of the pod that we are in. `server` is the API server's address as the pod's environment
    /// tells it, and `mount` the folder with the files `token`, `ca.crt` and `namespace`. The token is read again
    /// each minute, and so are the certificates.
    ///
    /// # Errors
    ///
    /// When the files cannot be read.
    pub fn service_account(server: &str, mount: &Path) -> Result<Self, ConnectError> {
        let url = server.parse().map_err(|_| ConnectError::Field {
            place: SERVICE_ACCOUNT,
            field: "server",
        })?;
        let mut config = kube::Config::new(url);
        config.default_namespace = read(&mount.join("namespace"))?.trim().to_owned();
        let certificates = mount.join("ca.crt");
        let authorities: Result<Vec<_>, _> =
            CertificateDer::pem_slice_iter(read(&certificates)?.as_bytes()).collect();
        let authorities = authorities.map_err(|_| ConnectError::Certificates)?;
        config.root_cert = Some(authorities.iter().map(|der| der.to_vec()).collect());
        config.root_cert_file = Some(certificates);
        let token = mount.join("token");
        read(&token)?;
        let token = token.to_str().ok_or(ConnectError::Field {
            place: SERVICE_ACCOUNT,
            field: "token",
        })?;
        config.auth_info.token_file = Some(token.to_owned());
        Ok(Self::new(config))
    }

    /// Acts as the service account `name` of `namespace` from here on, as an application's `serviceAccountName` asks.
    /// The server adds the groups that every service account is in, as it does for Argo CD.
    ///
    /// # Errors
    ///
    /// When they cannot be the names of a service account.
    pub fn impersonating(mut self, namespace: &str, name: &str) -> Result<Self, ConnectError> {
        let is_name = |name: &str| {
            let allowed = |byte: u8| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
            };
            !name.is_empty() && name.len() <= 253 && name.bytes().all(allowed)
        };
        if !is_name(namespace) || !is_name(name) {
            return Err(ConnectError::Field {
                place: "the application",
                field: "serviceAccountName",
            });
        }
        let who = &mut self.config.auth_info;
        who.impersonate = Some(format!("system:serviceaccount:{namespace}:{name}"));
        who.impersonate_uid = None;
        who.impersonate_groups = None;
        who.impersonate_user_extra = None;
        Ok(self)
    }

    /// At most so many requests at a time; 32 where nothing is said.
    #[must_use]
    pub const fn with_concurrency(mut self, requests: usize) -> Self {
        self.concurrency = requests;
        self
    }

    /// At most so long for one operation with all repetitions; a minute and a half where nothing is said.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The namespace of objects that name none.
    pub fn namespace(&self) -> &str {
        &self.config.default_namespace
    }

    /// The address of the API server, without anything that it may carry of credentials.
    pub fn server(&self) -> String {
        let url = &self.config.cluster_url;
        let scheme = url.scheme_str().unwrap_or("https");
        let host = url.host().unwrap_or_default();
        let port = url.port().map(|port| format!(":{port}"));
        let path = url.path().trim_end_matches('/');
        format!("{scheme}://{host}{}{path}", port.unwrap_or_default())
    }

    fn new(mut config: kube::Config) -> Self {
        // The repetitions are ours, since which request may be repeated is more than kube knows.
        config.default_retry = false;
        config.connect_timeout = Some(CONNECT_TIMEOUT);
        Self {
            config,
            concurrency: CONCURRENCY,
            deadline: DEADLINE,
        }
    }

    pub(super) fn client(self) -> Result<kube::Client, ConnectError> {
        install_cryptography();
        // What kube says may hold the output of a plugin, and is dropped.
        let builder = ClientBuilder::try_from(self.config).map_err(|error| match error {
            kube::Error::Auth(_) => ConnectError::Credentials,
            _ => ConnectError::Certificates,
        })?;
        Ok(builder.build())
    }
}

/// TLS by aws-lc-rs, unless the process has chosen already.
fn install_cryptography() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may have been faster, with the same.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
}

fn missing(what: &'static str, name: &str) -> ConnectError {
    ConnectError::NotInKubeconfig {
        what,
        name: name.to_owned(),
    }
}

fn read(path: &Path) -> Result<String, ConnectError> {
    std::fs::read_to_string(path).map_err(|source| ConnectError::Read {
        path: path.to_owned(),
        source,
    })
}

/// The kubeconfigs in one; of what stands in several, the first counts.
fn merged(files: &[PathBuf]) -> Result<Kubeconfig, ConnectError> {
    let mut merged: Option<Kubeconfig> = None;
    for path in files {
        // The texts of kube's errors may quote the file, and are dropped.
        let next = match Kubeconfig::read_from(path) {
            Ok(next) => next,
            Err(KubeconfigError::ReadConfig(source, path)) => {
                if source.kind() == io::ErrorKind::NotFound {
                    continue;
                }
                return Err(ConnectError::Read { path, source });
            }
            Err(_) => return Err(ConnectError::NotKubeconfig { path: path.clone() }),
        };
        merged = Some(match merged {
            None => next,
            Some(first) => first
                .merge(next)
                .map_err(|_| ConnectError::NotKubeconfig { path: path.clone() })?,
        });
    }
    merged.ok_or(ConnectError::NoKubeconfig)
}

/// What kube makes of the current context.
fn config(kubeconfig: Kubeconfig, place: &'static str) -> Result<kube::Config, ConnectError> {
    use KubeconfigError as Error;
    kube::Config::try_from(kubeconfig).map_err(|error| match error {
        Error::MissingClusterUrl | Error::ParseClusterUrl(_) => ConnectError::Field {
            place,
            field: "server",
        },
        Error::ParseProxyUrl(_) => ConnectError::Field {
            place,
            field: "proxy-url",
        },
        _ => ConnectError::Certificates,
    })
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
            config: settings.config(&server)?,
            name: name.unwrap_or_else(|| server.clone()),
            server,
            reach,
            project: entry(secret, "project")?.filter(|project| !project.is_empty()),
        })
    }

    /// The way to its cluster; none if that is the cluster that we are in, which the Secret gives no credentials for.
    pub fn connection(&self) -> Option<Connection> {
        self.config.clone().map(Connection::new)
    }
}

/// `config` of a cluster Secret (argo-cd: pkg/apis/application/v1alpha1/types.go, ClusterConfig).
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Settings {
    username: String,
    password: String,
    bearer_token: String,
    tls_client_config: TlsSettings,
    aws_auth_config: Option<IgnoredAny>,
    exec_provider_config: Option<IgnoredAny>,
    proxy_url: String,
    disable_compression: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct TlsSettings {
    insecure: bool,
    server_name: String,
    ca_data: Option<String>,
    cert_data: Option<String>,
    key_data: Option<String>,
}

impl Settings {
    /// The way to `server`, unless it is the cluster that we are in.
    fn config(self, server: &str) -> Result<Option<kube::Config>, ConnectError> {
        if self.exec_provider_config.is_some() || self.aws_auth_config.is_some() {
            return Err(ConnectError::Exec {
                place: CLUSTER_SECRET,
            });
        }
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        let (username, password) = (some(self.username), some(self.password));
        let token = some(self.bearer_token);
        if server == IN_CLUSTER_SERVER
            && username.is_none()
            && password.is_none()
            && token.is_none()
        {
            return Ok(None);
        }
        let tls = self.tls_client_config;
        let ca_data = tls.ca_data.and_then(some);
        // client-go refuses both pairs, rather than to choose (rest/config.go, transport/config.go).
        if tls.insecure && ca_data.is_some() {
            return Err(bad("config.tlsClientConfig.insecure"));
        }
        if token.is_some() && (username.is_some() || password.is_some()) {
            return Err(bad("config.bearerToken"));
        }
        let user = AuthInfo {
            username,
            password: password.map(Into::into),
            token: token.map(Into::into),
            client_certificate_data: tls.cert_data.and_then(some),
            client_key_data: tls.key_data.and_then(some).map(Into::into),
            ..AuthInfo::default()
        };
        let cluster = kube::config::Cluster {
            server: Some(server.to_owned()),
            insecure_skip_tls_verify: Some(tls.insecure),
            certificate_authority_data: ca_data,
            proxy_url: some(self.proxy_url),
            disable_compression: Some(self.disable_compression),
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
        config(kubeconfig, CLUSTER_SECRET).map(Some)
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
    /// Whether a cluster Secret is about it, be the Secret usable or not.
    pub fn is_meant_by(&self, secret: &Value) -> bool {
        let says = |key| entry(secret, key).ok().flatten();
        match self {
            Self::Server(server) => says("server")
                .is_some_and(|said| said.trim_end_matches('/') == server.trim_end_matches('/')),
            Self::Name(name) => says("name").as_ref() == Some(name),
        }
    }

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
            Self::Name(name) => (name.as_str(), name == IN_CLUSTER_NAME),
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
            Some(secret) if secret.config.is_none() => Ok(Found::Local(Some(secret))),
            Some(secret) => Ok(Found::Remote(secret)),
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

    fn kubeconfig(user: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = format!(
            "clusters: [{{name: c, cluster: {{server: 'https://u:{CANARY}@a:1/x/'}}}}]\n\
             contexts: [{{name: x, context: {{cluster: c, user: u, namespace: shop}}}}]\n\
             current-context: x\nusers: [{{name: u, user: {user}}}]\n"
        );
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn programs_in_a_kubeconfig_are_run_only_where_allowed() {
        for user in ["{exec: {command: x}}", "{auth-provider: {name: gcp}}"] {
            let file = kubeconfig(user);
            let source = KubeconfigSource {
                files: vec![file.path().to_owned()],
                context: None,
            };
            let refused = Connection::kubeconfig(&source, ExecCredentials::Refuse);
            assert!(matches!(refused, Err(ConnectError::Exec { .. })));
            assert!(Connection::kubeconfig(&source, ExecCredentials::Allow).is_ok());
        }
    }

    #[test]
    fn files_that_are_missing_are_passed_over_and_addresses_are_shown_without_credentials() {
        let file = kubeconfig("{token: t}");
        let mut source = KubeconfigSource {
            files: vec![PathBuf::from("/nonexistent"), file.path().to_owned()],
            context: None,
        };
        let connection = Connection::kubeconfig(&source, ExecCredentials::Refuse).unwrap();
        assert_eq!(connection.server(), "https://a:1/x");
        assert_eq!(connection.namespace(), "shop");
        source.context = Some("y".to_owned());
        let refused = Connection::kubeconfig(&source, ExecCredentials::Refuse);
        assert!(matches!(
            refused,
            Err(ConnectError::NotInKubeconfig {
                what: "context",
                ..
            })
        ));
        source.files.pop();
        let refused = Connection::kubeconfig(&source, ExecCredentials::Refuse);
        assert!(matches!(refused, Err(ConnectError::NoKubeconfig)));
    }

    #[test]
    fn only_names_of_service_accounts_are_impersonated() {
        let file = kubeconfig("{token: t, as: root, as-groups: [admins]}");
        let source = KubeconfigSource {
            files: vec![file.path().to_owned()],
            context: None,
        };
        let connection = || Connection::kubeconfig(&source, ExecCredentials::Refuse).unwrap();
        for (namespace, name) in [("a:b", "c"), ("a", "b\nc"), ("", "x"), ("x", "")] {
            assert!(connection().impersonating(namespace, name).is_err());
        }
        let who = connection().impersonating("shop", "deployer").unwrap();
        let who = who.config.auth_info;
        assert_eq!(
            who.impersonate.as_deref(),
            Some("system:serviceaccount:shop:deployer")
        );
        assert!(who.impersonate_groups.is_none());
    }
}
