//! What a repository is fetched with: logins, keys, certificates, and whom to trust at the other end.
//!
//! They come from Secrets and ConfigMaps in Argo CD's format, which the caller reads from its cluster; everything here
//! is a function of their data. Knows no transport.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use secret::{LockedBytes, SecretBytes, SecretString};

use super::url::{RepositoryUrl, UrlError};

/// The data of a Kubernetes Secret, decoded from base64.
pub type SecretData = BTreeMap<String, SecretBytes>;

/// What a repository is fetched with. Clones share the secrets.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Credentials {
    /// What HTTP requests carry.
    pub login: Option<Login>,
    /// Whether the login is sent with the first request, and not only when the server asks for it
    /// (`forceHttpBasicAuth`).
    pub login_first: bool,
    /// The private key for SSH, in OpenSSH's or PEM format, as text.
    pub ssh_key: Option<Arc<LockedBytes>>,
    /// The certificate with which we show ourselves to an HTTPS server.
    pub client_certificate: Option<ClientCertificate>,
    /// Certificate authorities for the host, in PEM; none for the system's.
    pub authorities: Option<Arc<str>>,
    /// Public host keys, in the format of `ssh`'s `known_hosts`.
    pub known_hosts: Option<Arc<str>>,
    /// Whether the other end must show who it is: certificates and host keys.
    pub verification: Verification,
    /// The proxy for HTTP requests. May hold a password.
    pub proxy: Option<Arc<SecretString>>,
    /// Hosts for which the proxy is not used, comma-separated.
    pub no_proxy: Option<Arc<str>>,
    /// How many commits are fetched; none for all.
    pub depth: Option<NonZeroU32>,
}

/// What an HTTP request carries.
#[derive(Clone)]
#[non_exhaustive]
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

/// All credentials that the operator configured.
#[derive(Default)]
pub struct CredentialStore {
    _todo: (),
}

/// Why there are no credentials. Holds no value, only the Secret's name and the field's.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The Secret's address.
    #[error("the repository Secret \"{secret}\" has no usable url")]
    Url {
        /// The Secret.
        secret: String,
        /// What is wrong with it.
        source: UrlError,
    },
}

impl CredentialStore {
    /// What `url` is fetched with by an application of `project`.
    ///
    /// # Errors
    ///
    /// The Secret that matches cannot be used.
    pub fn for_url(
        &self,
        _url: &RepositoryUrl,
        _project: Option<&str>,
    ) -> Result<Credentials, CredentialsError> {
        Ok(Credentials::default())
    }
}
