//! What a repository is fetched with: logins, keys, certificates, and whom to trust at the other end.
//!
//! They come from Secrets and ConfigMaps in Argo CD's format, which the caller reads from its cluster, or from a local
//! command; everything here is a function of their data. Neither `.netrc` nor an askpass program is asked: what is sent
//! where is decided by this store alone. Knows no transport.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use secret::{LockedBytes, MapError, SecretBytes, SecretString};

use super::url::{Endpoint, RepositoryUrl, UrlError, UrlPattern, UserInfo};

/// The user that is sent with a token that has none, as Argo CD does.
const TOKEN_USER: &str = "x-access-token";

/// The data of a Kubernetes Secret, decoded from base64.
pub type SecretData = BTreeMap<String, SecretBytes>;

/// What a repository is fetched with. Clones share the secrets. None can be printed.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Credentials {
    /// What HTTP requests carry.
    pub login: Option<Login>,
    /// Whether the login is sent with the first request, and not only when the server asks for it
    /// (`forceHttpBasicAuth`).
    pub login_first: bool,
    /// As whom `ssh` connects.
    pub ssh_identity: SshIdentity,
    /// The certificate with which we show ourselves to an HTTPS server.
    pub client_certificate: Option<ClientCertificate>,
    /// Certificate authorities for the host, in PEM, in place of the system's; none for the system's.
    pub authorities: Option<Arc<str>>,
    /// Public host keys, in the format of `ssh`'s `known_hosts`.
    pub known_hosts: Option<Arc<str>>,
    /// Whether the other end must show who it is: certificates and host keys.
    pub verification: Verification,
    /// The proxy for HTTP requests, as a URL. May hold a password.
    pub proxy: Option<Arc<SecretString>>,
    /// Hosts for which the proxy is not used, comma-separated.
    pub no_proxy: Option<Arc<str>>,
    /// How many commits are fetched; none for all.
    pub depth: Option<NonZeroU32>,
}

/// What an HTTP request carries.
#[derive(Clone)]
pub enum Login {
    /// Name and password.
    Basic {
        /// The name.
        username: Arc<SecretString>,
        /// The password or access token.
        password: Arc<SecretString>,
    },
    /// A token.
    Bearer(Arc<SecretString>),
}

/// As whom `ssh` connects.
#[derive(Clone, Default)]
pub enum SshIdentity {
    /// As nobody: no key is offered.
    #[default]
    None,
    /// With a private key, in OpenSSH's or a PEM format.
    Key(Arc<LockedBytes>),
    /// As the person who called: with their configuration of `ssh`, their agent and their known hosts. For local commands.
    /// Holds what `ssh` gets of the environment; see [`PERSONAL_VARIABLES`](super::PERSONAL_VARIABLES).
    Personal(Arc<[(OsString, OsString)]>),
}

/// A client certificate with its key.
#[derive(Clone)]
pub struct ClientCertificate {
    /// The certificate and its chain, in PEM.
    pub certificate: Arc<str>,
    /// The private key, in PEM.
    pub key: Arc<SecretBytes>,
}

/// Whether the other end must show who it is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Verification {
    /// Certificates and host keys must be right.
    #[default]
    Required,
    /// `insecure` or `insecureIgnoreHostKey`, which the operator set for this repository.
    Waived,
}

/// Which of Argo CD's Secrets one is, by its label `argocd.argoproj.io/secret-type`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SecretKind {
    /// `repository`: one repository.
    Repository,
    /// `repo-creds`: all repositories below a prefix.
    Prefix,
}

/// A way to log in that Argo CD knows and that is not built here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CredentialKind {
    /// `githubAppPrivateKey`: tokens of a GitHub App.
    GitHubApp,
    /// `gcpServiceAccountKey`: tokens of Google Cloud.
    GoogleCloud,
    /// `useAzureWorkloadIdentity`, `azureServicePrincipal…`: tokens of Azure.
    Azure,
}

/// All credentials that the operator configured.
///
/// ```
/// # use lockstep::git::{CredentialStore, Login, RepositoryUrl, SecretData, SecretKind, UrlPolicy};
/// # use secret::SecretBytes;
/// let data = [("url", "https://git.example/org"), ("password", "token")]
///     .map(|(key, value)| (key.to_owned(), SecretBytes::copy_of(value.as_bytes())));
/// let mut store = CredentialStore::default();
/// store.add("org", SecretKind::Prefix, SecretData::from(data))?;
///
/// let policy = UrlPolicy::default();
/// let below = RepositoryUrl::parse("https://git.example/org/app.git", policy)?;
/// assert!(matches!(store.for_url(&below, None)?.login, Some(Login::Basic { .. })));
/// let other = RepositoryUrl::parse("https://git.example/organisation/app.git", policy)?;
/// assert!(store.for_url(&other, None)?.login.is_none());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct CredentialStore {
    // Sorted by the Secrets' names, so that the same one is chosen at every start.
    repositories: Vec<Entry>,
    prefixes: Vec<Entry>,
    known_hosts: Option<Arc<str>>,
    authorities: BTreeMap<String, Arc<str>>,
    personal: Option<Arc<[(OsString, OsString)]>>,
}

/// Why there are no credentials. Names the Secret and the field, never a value.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The Secret's address cannot be used to find it.
    #[error("the field \"url\" of the Secret \"{secret}\" is unusable")]
    Url {
        /// The Secret.
        secret: String,
        /// What is wrong with it.
        source: UrlError,
    },
    /// A field holds something else than it must.
    #[error("the field \"{field}\" of the Secret \"{secret}\" is not {expected}")]
    Field {
        /// The Secret.
        secret: String,
        /// The field.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// The Secret logs in by a way that is not built here.
    #[error("the Secret \"{secret}\" has credentials of kind {kind}, which are not supported")]
    Unsupported {
        /// The Secret.
        secret: String,
        /// The way.
        kind: CredentialKind,
    },
    /// A private key could not be kept.
    #[error("no locked memory for the private key of the Secret \"{secret}\"")]
    Lock {
        /// The Secret.
        secret: String,
        /// What the system said.
        source: Arc<MapError>,
    },
}

/// One Secret. A broken one fails where it is needed, and not the repositories of others.
struct Entry {
    secret: String,
    pattern: UrlPattern,
    project: String,
    settings: Result<Settings, CredentialsError>,
}

/// The fields of one Secret, of which an empty one counts as missing.
#[derive(Clone, Default)]
struct Settings {
    username: Option<Arc<SecretString>>,
    password: Option<Arc<SecretString>>,
    bearer_token: Option<Arc<SecretString>>,
    ssh_key: Option<Arc<LockedBytes>>,
    certificate: Option<Arc<str>>,
    certificate_key: Option<Arc<SecretBytes>>,
    proxy: Option<Arc<SecretString>>,
    no_proxy: Option<Arc<str>>,
    login_first: bool,
    insecure: bool,
    depth: Option<NonZeroU32>,
    github_app: bool,
    google_cloud: bool,
    azure: bool,
}

impl CredentialStore {
    /// A store for local commands: where no key is configured, `ssh` connects as the person who called, with these
    /// variables of their environment.
    pub fn personal(environment: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        Self {
            personal: Some(environment.into_iter().collect()),
            ..Self::default()
        }
    }

    /// Adds the Secret `name`. Its values are taken over, so that no copy is left.
    ///
    /// # Errors
    ///
    /// The Secret's `url` cannot be used, so that nothing could ever find it. What is wrong with other fields is told
    /// when a repository needs them.
    pub fn add(
        &mut self,
        name: impl Into<String>,
        kind: SecretKind,
        data: SecretData,
    ) -> Result<(), CredentialsError> {
        let mut fields = Fields {
            secret: name.into(),
            data,
        };
        let url = fields.text("url")?.unwrap_or_default();
        let pattern = UrlPattern::parse(url.expose()).map_err(|source| CredentialsError::Url {
            secret: fields.secret.clone(),
            source,
        })?;
        let project = fields.plain("project")?.unwrap_or_default();
        let settings = Settings::read(&mut fields);
        let entries = match kind {
            SecretKind::Repository => &mut self.repositories,
            SecretKind::Prefix => &mut self.prefixes,
        };
        let at = entries.partition_point(|entry| entry.secret <= fields.secret);
        entries.insert(
            at,
            Entry {
                secret: fields.secret,
                pattern,
                project: project.to_string(),
                settings,
            },
        );
        Ok(())
    }

    /// Takes the host keys of ConfigMap `argocd-ssh-known-hosts-cm`, field `ssh_known_hosts`.
    pub fn set_known_hosts(&mut self, text: &str) {
        self.known_hosts = Some(text.into());
    }

    /// Takes the certificates of ConfigMap `argocd-tls-certs-cm` for one host, in PEM. For that host they stand in place
    /// of the system's.
    pub fn set_authorities(&mut self, host: &str, pem: &str) {
        self.authorities.insert(host.to_lowercase(), pem.into());
    }

    /// What `url` is fetched with by an application of `project`.
    ///
    /// As in Argo CD, a Secret of exactly this repository comes first (the project's own before one of no project, and
    /// never another project's), and where it has no login, the longest prefix that covers the address fills in.
    ///
    /// # Errors
    ///
    /// The Secret that matches cannot be used.
    pub fn for_url(
        &self,
        url: &RepositoryUrl,
        project: Option<&str>,
    ) -> Result<Credentials, CredentialsError> {
        let repository = self.repository(url, project.unwrap_or_default());
        let mut settings = match repository {
            Some(entry) => entry.settings.clone()?,
            None => Settings::default(),
        };
        let mut source = repository;
        if !settings.has_login()
            && let Some(prefix) = self.prefix(url)
        {
            settings.fill(prefix.settings.clone()?);
            source = Some(prefix);
        }

        let host = match url.endpoint() {
            Endpoint::Http { host, .. } => {
                if let (Some(kind), Some(entry)) = (settings.unsupported(), source) {
                    return Err(CredentialsError::Unsupported {
                        secret: entry.secret.clone(),
                        kind,
                    });
                }
                Some(host)
            }
            Endpoint::Ssh { .. } | Endpoint::Directory(_) => None,
        };
        let authorities = host
            .map(|host| host.trim_matches(['[', ']']))
            .and_then(|host| self.authorities.get(host))
            .cloned();
        Ok(Credentials {
            authorities,
            known_hosts: self.known_hosts.clone(),
            ssh_identity: match (&settings.ssh_key, &self.personal) {
                (Some(key), _) => SshIdentity::Key(Arc::clone(key)),
                (None, Some(environment)) => SshIdentity::Personal(Arc::clone(environment)),
                (None, None) => SshIdentity::None,
            },
            login: settings.login(url.user_info()),
            login_first: settings.login_first,
            client_certificate: settings
                .certificate
                .zip(settings.certificate_key)
                .map(|(certificate, key)| ClientCertificate { certificate, key }),
            verification: if settings.insecure {
                Verification::Waived
            } else {
                Verification::Required
            },
            proxy: settings.proxy,
            no_proxy: settings.no_proxy,
            depth: settings.depth,
        })
    }

    fn repository(&self, url: &RepositoryUrl, project: &str) -> Option<&Entry> {
        let of = |project: &str| {
            self.repositories
                .iter()
                .find(|entry| entry.project == project && entry.pattern.is(url))
        };
        of(project).or_else(|| of(""))
    }

    fn prefix(&self, url: &RepositoryUrl) -> Option<&Entry> {
        self.prefixes
            .iter()
            .filter_map(|entry| Some((entry.pattern.covers(url)?, entry)))
            // The first of several equally long ones, as the order of their names has it.
            .rev()
            .max_by_key(|(covered, _)| *covered)
            .map(|(_, entry)| entry)
    }
}

impl Settings {
    fn read(fields: &mut Fields) -> Result<Self, CredentialsError> {
        let insecure = fields.flag("insecure")?;
        let ignore_host_key = fields.flag("insecureIgnoreHostKey")?;
        let azure_principal = fields.is_filled("azureServicePrincipalClientSecret");
        Ok(Self {
            username: fields.text("username")?.map(Arc::new),
            password: fields.text("password")?.map(Arc::new),
            bearer_token: fields.text("bearerToken")?.map(Arc::new),
            ssh_key: fields.key("sshPrivateKey")?.map(Arc::new),
            certificate: fields.plain("tlsClientCertData")?,
            certificate_key: fields.bytes("tlsClientCertKey").map(Arc::new),
            proxy: fields.text("proxy")?.map(Arc::new),
            no_proxy: fields.plain("noProxy")?,
            login_first: fields.flag("forceHttpBasicAuth")?,
            // Argo CD lets each of them waive both checks.
            insecure: insecure || ignore_host_key,
            depth: fields.depth()?,
            github_app: fields.is_filled("githubAppPrivateKey"),
            google_cloud: fields.is_filled("gcpServiceAccountKey"),
            azure: fields.flag("useAzureWorkloadIdentity")? || azure_principal,
        })
    }

    /// Whether a prefix has nothing to add (`HasCredentials` in repository_types.go).
    const fn has_login(&self) -> bool {
        self.username.is_some()
            || self.password.is_some()
            || self.bearer_token.is_some()
            || self.ssh_key.is_some()
            || self.certificate.is_some()
            || self.github_app
            || self.azure
    }

    /// Takes from a prefix what is missing (`CopyCredentialsFrom` in repository_types.go). Whether the other end is
    /// verified is said for one repository only.
    fn fill(&mut self, prefix: Self) {
        self.username = self.username.take().or(prefix.username);
        self.password = self.password.take().or(prefix.password);
        self.bearer_token = self.bearer_token.take().or(prefix.bearer_token);
        self.ssh_key = self.ssh_key.take().or(prefix.ssh_key);
        self.certificate = self.certificate.take().or(prefix.certificate);
        self.certificate_key = self.certificate_key.take().or(prefix.certificate_key);
        self.proxy = self.proxy.take().or(prefix.proxy);
        self.no_proxy = self.no_proxy.take().or(prefix.no_proxy);
        self.login_first = prefix.login_first;
        self.github_app |= prefix.github_app;
        self.google_cloud |= prefix.google_cloud;
        self.azure = prefix.azure;
    }

    /// The way to log in that would be used, where it is not built.
    const fn unsupported(&self) -> Option<CredentialKind> {
        if self.password.is_some() || self.bearer_token.is_some() || self.ssh_key.is_some() {
            None
        } else if self.github_app {
            Some(CredentialKind::GitHubApp)
        } else if self.google_cloud {
            Some(CredentialKind::GoogleCloud)
        } else if self.azure {
            Some(CredentialKind::Azure)
        } else {
            None
        }
    }

    /// What requests carry. What the operator configured comes before what an address was written with.
    fn login(&self, written: Option<&UserInfo>) -> Option<Login> {
        let shared = |text: &SecretString| Arc::new(SecretString::copy_of(text.expose()));
        if let Some(token) = &self.bearer_token
            && !(self.login_first && self.password.is_some())
        {
            return Some(Login::Bearer(Arc::clone(token)));
        }
        let written_user = || {
            written
                .map(|written| &written.username)
                .filter(|name| !name.is_empty())
                .map(shared)
        };
        let token_user = || Arc::new(SecretString::copy_of(TOKEN_USER));
        if let Some(password) = &self.password {
            return Some(Login::Basic {
                username: self
                    .username
                    .clone()
                    .or_else(written_user)
                    .unwrap_or_else(token_user),
                password: Arc::clone(password),
            });
        }
        let password = written?.password.as_ref();
        Some(Login::Basic {
            username: written_user().unwrap_or_else(token_user),
            password: password.map(shared).unwrap_or_default(),
        })
    }
}

/// The fields of a Secret, taken out one by one.
struct Fields {
    secret: String,
    data: SecretData,
}

impl Fields {
    fn bytes(&mut self, field: &str) -> Option<SecretBytes> {
        self.data.remove(field).filter(|value| !value.is_empty())
    }

    fn is_filled(&mut self, field: &str) -> bool {
        self.bytes(field).is_some()
    }

    fn text(&mut self, field: &'static str) -> Result<Option<SecretString>, CredentialsError> {
        self.bytes(field)
            .map(|value| {
                value
                    .into_string()
                    .map_err(|_| self.wrong(field, "UTF-8 text"))
            })
            .transpose()
    }

    /// A field that is no secret.
    fn plain(&mut self, field: &'static str) -> Result<Option<Arc<str>>, CredentialsError> {
        Ok(self.text(field)?.map(|text| text.expose().into()))
    }

    /// A private key, moved to memory that is locked.
    fn key(&mut self, field: &'static str) -> Result<Option<LockedBytes>, CredentialsError> {
        self.bytes(field)
            .map(|mut value| {
                LockedBytes::take(value.expose_mut()).map_err(|source| CredentialsError::Lock {
                    secret: self.secret.clone(),
                    source: Arc::new(source),
                })
            })
            .transpose()
    }

    /// A boolean, as Go's `strconv.ParseBool` reads it.
    fn flag(&mut self, field: &'static str) -> Result<bool, CredentialsError> {
        match self.data.remove(field).as_ref().map(SecretBytes::expose) {
            None => Ok(false),
            Some(b"1" | b"t" | b"T" | b"TRUE" | b"true" | b"True") => Ok(true),
            Some(b"0" | b"f" | b"F" | b"FALSE" | b"false" | b"False") => Ok(false),
            Some(_) => Err(self.wrong(field, "a boolean")),
        }
    }

    /// The number of commits, of which 0 says all.
    fn depth(&mut self) -> Result<Option<NonZeroU32>, CredentialsError> {
        let Some(text) = self.text("depth")? else {
            return Ok(None);
        };
        match text.expose().parse() {
            Ok(number) => Ok(NonZeroU32::new(number)),
            Err(_) => Err(self.wrong("depth", "a number")),
        }
    }

    fn wrong(&self, field: &'static str, expected: &'static str) -> CredentialsError {
        CredentialsError::Field {
            secret: self.secret.clone(),
            field,
            expected,
        }
    }
}

impl CredentialsError {
    /// What is wrong, as a stable word.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Url { .. } => "credentials-url",
            Self::Field { .. } => "credentials-field",
            Self::Unsupported { .. } => "credentials-unsupported",
            Self::Lock { .. } => "credentials-lock",
        }
    }
}

impl fmt::Display for CredentialKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GitHubApp => "GitHub App",
            Self::GoogleCloud => "Google Cloud service account",
            Self::Azure => "Azure identity",
        })
    }
}

#[cfg(test)]
mod tests;
