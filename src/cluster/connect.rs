//! How a cluster is reached and who we are there.
//!
//! A [`Connection`] comes from a kubeconfig, from the service account of a pod, or from a cluster Secret of Argo CD. No
//! environment is read for it; the caller says where files lie.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::client::ClientBuilder;
use kube::config::{Kubeconfig, KubeconfigError};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// How long one operation may take with all repetitions, where nothing is said. An etcd that is away for half a minute
/// is outlasted.
const DEADLINE: Duration = Duration::from_secs(90);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

const SERVICE_ACCOUNT: &str = "the service account";

/// Where an API server is and who we are to it. It holds credentials and cannot be shown.
pub struct Connection {
    pub(super) config: kube::Config,
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

    pub(super) fn new(mut config: kube::Config) -> Self {
        // The repetitions are ours, since which request may be repeated is more than kube knows.
        config.default_retry = false;
        config.connect_timeout = Some(CONNECT_TIMEOUT);
        Self {
            config,
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
pub(super) fn config(
    kubeconfig: Kubeconfig,
    place: &'static str,
) -> Result<kube::Config, ConnectError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &str = "s3cr3t-canary";

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
