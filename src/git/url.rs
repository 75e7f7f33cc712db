//! Addresses of repositories: which are acceptable, which are the same, and which prefix covers them.
//!
//! An address can come from whoever writes to a repository (a submodule, an application), and ends as an argument of
//! `ssh`, as a request with credentials, or as a folder's name. What must not get there is refused here, once, so that
//! the rest of the module takes a [`RepositoryUrl`] as it is. Knows neither credentials' meaning nor transports.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secret::SecretString;

/// The longest address that is read, in bytes.
const MAX_LEN: usize = 4096;

/// The address of a repository, without the password or token that it may have been written with.
///
/// Equality is of the address as it was written. [`is_same_repository`](Self::is_same_repository) compares as Argo CD
/// does, which is coarser: it takes `Org` for `org`, though a server may tell them apart.
#[derive(Clone)]
pub struct RepositoryUrl {
    text: String,
    normalised: String,
    endpoint: Endpoint,
    user_info: Option<Arc<UserInfo>>,
}

/// Where a repository is, taken apart. No part begins with `-` where a program could take it for an option, and none
/// holds control characters.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Endpoint {
    /// Smart HTTP.
    Http {
        /// Whether the connection is encrypted. Others only where [`UrlPolicy::plain_http`] allows it.
        tls: bool,
        /// The host: a name, an IPv4 address, or an IPv6 address in brackets; lower case.
        host: String,
        /// The port, where the address names one.
        port: Option<u16>,
        /// The path as it was written, beginning with a slash, without query.
        path: String,
    },
    /// A program at the other end of an SSH connection.
    Ssh {
        /// The account, where the address names one.
        user: Option<String>,
        /// The host: a name or an address, without brackets.
        host: String,
        /// The port, where the address names one.
        port: Option<u16>,
        /// The path on the host: absolute, or relative to the account's home.
        path: String,
    },
    /// A folder of this machine. Only where [`UrlPolicy::directories`] allows it.
    Directory(PathBuf),
}

/// What an HTTP address held before its host: often a token, as user or as password.
pub struct UserInfo {
    /// What stands before the colon, decoded.
    pub username: SecretString,
    /// What stands behind the colon, decoded.
    pub password: Option<SecretString>,
}

/// Which addresses the operator allows beyond `https` and `ssh`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct UrlPolicy {
    /// Unencrypted HTTP: what is fetched, and the credentials, can be read and changed on the way.
    pub plain_http: bool,
    /// Folders of this machine, as `file://` or as a path.
    pub directories: bool,
}

/// Why an address was refused. Holds nothing of it but its scheme, since any other part may be a token.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// Nothing was written.
    #[error("the repository's URL is empty")]
    Empty,
    /// Longer than any real address.
    #[error("the repository's URL is longer than {MAX_LEN} bytes")]
    TooLong,
    /// A scheme that is never used: `git://` has no encryption, `ext::` runs a program.
    #[error("repositories are fetched by https and ssh, not by \"{0}\"")]
    Scheme(String),
    /// Unencrypted HTTP without the operator's leave.
    #[error("unencrypted http is not allowed for repositories")]
    PlainHttp,
    /// A folder without the operator's leave.
    #[error("a folder of this machine is not allowed as a repository")]
    Directory,
    /// Control characters, blanks or backslashes, of which programs and servers make different things.
    #[error("the repository's URL holds a character that is not allowed in its {0}")]
    Character(&'static str),
    /// A part that a program would take for an option.
    #[error("the {0} of the repository's URL begins with \"-\"")]
    Option(&'static str),
    /// No host, or none that can be one.
    #[error("the repository's URL names no valid host")]
    Host,
    /// A port that is not a number from 1 to 65535.
    #[error("the repository's URL names no valid port")]
    Port,
    /// No path.
    #[error("the repository's URL has no path")]
    Path,
    /// `.` or `..` as a part of the path: it would lead out of the prefix for which credentials are given.
    #[error("the repository's URL has \".\" or \"..\" in its path")]
    Dots,
    /// A query or a fragment, with which Git's protocol cannot work.
    #[error("the repository's URL has a query or a fragment, which Git's protocol does not allow")]
    Query,
    /// A password in an SSH address: `ssh` takes none.
    #[error("the repository's URL has a password, which ssh does not take")]
    SshPassword,
}
