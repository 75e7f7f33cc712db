//! Addresses of repositories: which are acceptable, which are the same, and which prefix covers them.
//!
//! An address can come from whoever writes to a repository (a submodule, an application), and ends as an argument of
//! `ssh`, as a request with credentials, or as a folder's name. What must not get there is refused here, once, so that
//! the rest of the module takes a [`RepositoryUrl`] as it is. Knows neither credentials' meaning nor transports.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secret::{SecretBytes, SecretString};

/// The longest address that is read, in bytes.
const MAX_LEN: usize = 4096;

/// The address of a repository, without the password or token that it may have been written with.
///
/// Equality is of the address as it was written, with its user and password. [`is_same_repository`](Self::is_same_repository) compares as Argo CD
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
    /// The whole as it was written, in lower case, to compare.
    written: SecretString,
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
    /// A user or password whose percent-encoding is broken.
    #[error("the user or password in the repository's URL is not encoded correctly")]
    UserInfo,
    /// A relative address that leaves the host it is relative to.
    #[error("the relative URL leads out of its host")]
    Relative,
}

impl RepositoryUrl {
    /// Reads an address: `https://host/path`, `ssh://user@host/path`, `user@host:path`, and what `policy` allows
    /// besides.
    ///
    /// # Errors
    ///
    /// What is wrong with the address; see [`UrlError`].
    pub fn parse(text: &str, policy: UrlPolicy) -> Result<Self, UrlError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(UrlError::Empty);
        }
        if text.len() > MAX_LEN {
            return Err(UrlError::TooLong);
        }
        if text.starts_with('-') {
            return Err(UrlError::Option("beginning"));
        }
        // A transport helper of git, `ext::command` before all: the name of a program, or a command itself.
        if let Some((helper, _)) = text.split_once("::").filter(|(name, _)| is_scheme(name)) {
            return Err(UrlError::Scheme(format!("{}::", helper.to_lowercase())));
        }
        match text
            .split_once("://")
            .filter(|(scheme, _)| is_scheme(scheme))
        {
            Some((scheme, rest)) => match scheme.to_ascii_lowercase().as_str() {
                "https" => Self::http(true, rest),
                "http" if policy.plain_http => Self::http(false, rest),
                "http" => Err(UrlError::PlainHttp),
                "ssh" => Self::ssh(rest),
                "file" => match rest.find('/').map(|slash| rest.split_at(slash)) {
                    Some(("" | "localhost", path)) => Self::directory(path, policy),
                    _ => Err(UrlError::Host),
                },
                scheme => Err(UrlError::Scheme(format!("{scheme}://"))),
            },
            None => match split_scp(text) {
                Some((account, path)) => Self::scp(account, path),
                None => Self::directory(text, policy),
            },
        }
    }

    /// What `relative` means in a submodule of this repository, as git resolves it: leading `./` and `../` are steps
    /// along this address, and the rest is put behind it. Whatever was written before the host stays.
    ///
    /// # Errors
    ///
    /// The steps lead out of the host, or the result is no acceptable address.
    pub fn join(&self, relative: &str, policy: UrlPolicy) -> Result<Self, UrlError> {
        let (front, path) = self.split_path();
        let mut base: Vec<&str> = path.trim_end_matches('/').split('/').collect();
        let mut rest = relative.trim();
        loop {
            if let Some(next) = rest.strip_prefix("./") {
                rest = next;
            } else if let Some(next) = rest.strip_prefix("../") {
                rest = next;
                // The first part of an absolute path is empty: it stands for the host's root.
                if base.pop().is_none_or(str::is_empty) {
                    return Err(UrlError::Relative);
                }
            } else {
                break;
            }
            rest = rest.trim_start_matches('/');
        }
        base.push(rest.trim_end_matches('/'));
        let mut joined = Self::parse(&format!("{front}{}", base.join("/")), policy)?;
        joined.user_info.clone_from(&self.user_info);
        Ok(joined)
    }

    /// Whether `text` is relative to the superproject's address: it begins with `./` or `../`.
    pub fn is_relative(text: &str) -> bool {
        let text = text.trim_start();
        text.starts_with("./") || text.starts_with("../")
    }

    /// Where the repository is.
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The user and password that an HTTP address was written with.
    pub fn user_info(&self) -> Option<&UserInfo> {
        self.user_info.as_deref()
    }

    /// The address as it is requested, without user and password.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The address in the form in which Argo CD compares (util/git/git.go): lower case, without `.git` and `ssh://`,
    /// the scp-like form as a path.
    pub fn normalised(&self) -> &str {
        &self.normalised
    }

    /// Host and path alone, which are the same by whichever transport, account and spelling a repository is addressed:
    /// `git.example/org/app`. For a folder, its path.
    pub fn location(&self) -> String {
        let (host, port, path) = match &self.endpoint {
            Endpoint::Http {
                host, port, path, ..
            }
            | Endpoint::Ssh {
                host, port, path, ..
            } => (host.to_lowercase(), *port, path.as_str()),
            Endpoint::Directory(folder) => return folder.display().to_string(),
        };
        let host = host.trim_matches(['[', ']']);
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        match port {
            Some(port) => format!("{host}:{port}/{path}"),
            None => format!("{host}/{path}"),
        }
    }

    /// Whether both are one repository for Argo CD, also in the user that they are written with.
    pub fn is_same_repository(&self, other: &Self) -> bool {
        self.normalised == other.normalised
            && same_user_info(
                self.user_info.as_ref().map(|own| &own.written),
                other.user_info.as_ref().map(|other| &other.written),
            )
    }

    fn http(tls: bool, rest: &str) -> Result<Self, UrlError> {
        let (authority, path) = split_authority(rest)?;
        // Where browsers' parsers end the host at a backslash, curl's goes on to the `@`.
        if authority.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(UrlError::Host);
        }
        let (user_info, address) = match authority.rsplit_once('@') {
            Some((written, address)) => (Some(Arc::new(UserInfo::read(written)?)), address),
            None => (None, authority),
        };
        // Of a backslash in the path, the ones make a slash and the other a character of the name.
        if path.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(UrlError::Character("path"));
        }
        check_path(path)?;
        let (host, port) = split_port(address)?;
        let host = check_host(host)?.to_ascii_lowercase();
        let scheme = if tls { "https" } else { "http" };
        let port_text = port.map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self::assembled(
            format!("{scheme}://{host}{port_text}{path}"),
            Endpoint::Http {
                tls,
                host,
                port,
                path: path.to_owned(),
            },
            user_info,
        ))
    }

    fn ssh(rest: &str) -> Result<Self, UrlError> {
        let (authority, path) = split_authority(rest)?;
        let (user, address) = split_user(authority)?;
        let (host, port) = split_port(address)?;
        let host = check_host(host)?;
        check_path(path)?;
        // Git decodes what is written as a URL, and takes `/~name` from the home it names.
        let decoded = decode(path)
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or(UrlError::Character("path"))?;
        let path = match decoded.strip_prefix('/') {
            Some(home) if home.starts_with('~') => home,
            _ => decoded.as_str(),
        };
        Ok(Self::assembled(
            format!("ssh://{rest}"),
            Endpoint::Ssh {
                user: user.map(str::to_owned),
                host: without_brackets(host).to_owned(),
                port,
                path: check_shell_path(path)?.to_owned(),
            },
            None,
        ))
    }

    fn scp(account: &str, path: &str) -> Result<Self, UrlError> {
        let (user, host) = split_user(account)?;
        let host = check_host(host)?;
        if path.is_empty() {
            return Err(UrlError::Path);
        }
        check_dots(path)?;
        Ok(Self::assembled(
            format!("{account}:{path}"),
            Endpoint::Ssh {
                user: user.map(str::to_owned),
                host: without_brackets(host).to_owned(),
                port: None,
                path: check_shell_path(path)?.to_owned(),
            },
            None,
        ))
    }

    fn directory(path: &str, policy: UrlPolicy) -> Result<Self, UrlError> {
        if !policy.directories {
            return Err(UrlError::Directory);
        }
        Ok(Self::assembled(
            path.to_owned(),
            Endpoint::Directory(Path::new(check_shell_path(path)?).to_owned()),
            None,
        ))
    }

    fn assembled(text: String, endpoint: Endpoint, user_info: Option<Arc<UserInfo>>) -> Self {
        Self {
            normalised: normalise(&text),
            text,
            endpoint,
            user_info,
        }
    }

    /// The address up to its path, and the path.
    fn split_path(&self) -> (&str, &str) {
        let start = match &self.endpoint {
            Endpoint::Directory(_) => 0,
            Endpoint::Http { .. } | Endpoint::Ssh { .. } => match self.text.find("://") {
                Some(scheme) => {
                    let authority = scheme + "://".len();
                    self.text[authority..]
                        .find('/')
                        .map_or(self.text.len(), |slash| authority + slash)
                }
                None => split_scp(&self.text).map_or(0, |(account, _)| account.len() + 1),
            },
        };
        self.text.split_at(start)
    }
}

impl UserInfo {
    fn read(written: &str) -> Result<Self, UrlError> {
        let (username, password) = match written.split_once(':') {
            Some((username, password)) => (username, Some(password)),
            None => (written, None),
        };
        let secret = |text: &str| {
            decode(text)
                .and_then(|bytes| SecretBytes::new(bytes).into_string().ok())
                .filter(|text| !text.expose().contains(char::is_control))
                .ok_or(UrlError::UserInfo)
        };
        Ok(Self {
            username: secret(username)?,
            password: password.map(secret).transpose()?,
            written: SecretString::new(written.to_lowercase()),
        })
    }
}

/// The address in a Secret: of one repository, or the beginning of many.
pub(super) struct UrlPattern {
    normalised: String,
    user_info: Option<SecretString>,
}

impl UrlPattern {
    /// Reads what stands in a Secret. It only selects, and is never connected to, so that more is taken than of an
    /// address: `git@github.com` is a prefix.
    pub(super) fn parse(text: &str) -> Result<Self, UrlError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(UrlError::Empty);
        }
        let http = text.split_once("://").filter(|(scheme, _)| {
            scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")
        });
        let (normalised, user_info) = match http {
            Some((scheme, rest)) => {
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                let (user_info, address) = match authority.rsplit_once('@') {
                    Some((written, address)) => (Some(written), address),
                    None => (None, authority),
                };
                (
                    normalise(&format!("{scheme}://{address}{path}")),
                    user_info.map(|written| SecretString::new(written.to_lowercase())),
                )
            }
            None => (normalise(text), None),
        };
        // `https://` alone, or `git@`, would be a prefix of every host's repositories.
        let host = match normalised.split_once("://") {
            Some((_, rest)) => rest,
            None => normalised
                .rsplit_once('@')
                .map_or(normalised.as_str(), |(_, rest)| rest),
        };
        if host.split('/').next().is_none_or(str::is_empty) && !normalised.starts_with('/') {
            return Err(UrlError::Host);
        }
        Ok(Self {
            normalised,
            user_info,
        })
    }

    /// Whether this is the address of `url`.
    pub(super) fn is(&self, url: &RepositoryUrl) -> bool {
        self.normalised == url.normalised && self.has_user_info_of(url)
    }

    /// How much of `url` this prefix covers, in bytes; none where it does not cover it.
    ///
    /// Argo CD compares letters alone, so that `https://host/org` covers `https://host/organisation`, and
    /// `https://host` covers `https://host.example`. Here a prefix ends where a part of the path does.
    pub(super) fn covers(&self, url: &RepositoryUrl) -> Option<usize> {
        let rest = url.normalised.strip_prefix(&self.normalised)?;
        let whole_parts =
            rest.is_empty() || rest.starts_with('/') || self.normalised.ends_with('/');
        (whole_parts && self.has_user_info_of(url)).then_some(self.normalised.len())
    }

    fn has_user_info_of(&self, url: &RepositoryUrl) -> bool {
        same_user_info(
            self.user_info.as_ref(),
            url.user_info.as_ref().map(|own| &own.written),
        )
    }
}

impl PartialEq for RepositoryUrl {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
            && same_user_info(
                self.user_info.as_ref().map(|own| &own.written),
                other.user_info.as_ref().map(|other| &other.written),
            )
    }
}

impl Eq for RepositoryUrl {}

/// Of the text alone, without the user: equal addresses have equal hashes, and no secret goes into one.
impl Hash for RepositoryUrl {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for RepositoryUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for RepositoryUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RepositoryUrl({:?})", self.text)
    }
}

impl UrlError {
    /// What is wrong, as a stable word.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Empty => "url-empty",
            Self::TooLong => "url-too-long",
            Self::Scheme(_) => "url-scheme",
            Self::PlainHttp => "url-plain-http",
            Self::Directory => "url-directory",
            Self::Character(_) => "url-character",
            Self::Option(_) => "url-option",
            Self::Host => "url-host",
            Self::Port => "url-port",
            Self::Path => "url-path",
            Self::Dots => "url-dots",
            Self::Query => "url-query",
            Self::SshPassword => "url-ssh-password",
            Self::UserInfo => "url-user-info",
            Self::Relative => "url-relative",
        }
    }
}

fn is_scheme(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// The account and the path of `user@host:path`: a colon before any slash, as git tells it from a path. The host may be
/// an address in brackets.
fn split_scp(text: &str) -> Option<(&str, &str)> {
    let bracket = text
        .find(['[', '/', ':'])
        .filter(|at| text[*at..].starts_with('['));
    let colon = match bracket {
        Some(open) => text[open..].find("]:").map(|close| open + close + 1)?,
        None => text.find(':')?,
    };
    let (account, path) = (&text[..colon], &text[colon + 1..]);
    (!account.contains('/')).then_some((account, path))
}

/// What stands before the first slash, and the path that begins with it.
fn split_authority(rest: &str) -> Result<(&str, &str), UrlError> {
    let slash = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(slash);
    if authority.is_empty() {
        return Err(UrlError::Host);
    }
    Ok((authority, path))
}

fn split_port(address: &str) -> Result<(&str, Option<u16>), UrlError> {
    let name_end = address.rfind(']').map_or(0, |bracket| bracket + 1);
    let Some(colon) = address[name_end..].find(':') else {
        return Ok((address, None));
    };
    let (host, port) = address.split_at(name_end + colon);
    let port = &port[1..];
    // A number with a sign is one for the parser of numbers, but none in a URL.
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(UrlError::Port);
    }
    match port.parse::<u16>() {
        Ok(0) | Err(_) => Err(UrlError::Port),
        Ok(port) => Ok((host, Some(port))),
    }
}

/// The account of an SSH address. `ssh` expands nothing in it, but an old one read options from it.
fn split_user(authority: &str) -> Result<(Option<&str>, &str), UrlError> {
    let Some((user, host)) = authority.rsplit_once('@') else {
        return Ok((None, authority));
    };
    if user.contains(':') {
        return Err(UrlError::SshPassword);
    }
    if user.starts_with('-') {
        return Err(UrlError::Option("user"));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-+@~=".contains(c);
    if user.is_empty() || !user.chars().all(allowed) {
        return Err(UrlError::Character("user"));
    }
    Ok((Some(user), host))
}

/// A host that every parser reads alike: ASCII letters, digits, `.`, `-`, `_`, or an IPv6 address in brackets.
fn check_host(host: &str) -> Result<&str, UrlError> {
    if host.starts_with('-') {
        return Err(UrlError::Option("host"));
    }
    let valid = match host.strip_prefix('[') {
        Some(rest) => rest
            .strip_suffix(']')
            .is_some_and(|address| address.parse::<Ipv6Addr>().is_ok()),
        None => {
            !host.is_empty()
                && host
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
        }
    };
    if valid { Ok(host) } else { Err(UrlError::Host) }
}

fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}

/// The rules for a path that is written as part of a URL.
fn check_path(path: &str) -> Result<(), UrlError> {
    if path.contains(['?', '#']) {
        return Err(UrlError::Query);
    }
    if path.trim_matches('/').is_empty() {
        return Err(UrlError::Path);
    }
    let decoded = decode(path).ok_or(UrlError::Character("path"))?;
    if decoded.iter().any(|byte| byte.is_ascii_control()) {
        return Err(UrlError::Character("path"));
    }
    check_dots(&String::from_utf8_lossy(&decoded))
}

/// No part of the path may lead elsewhere, also not where a server decodes it or takes a backslash for a slash.
fn check_dots(path: &str) -> Result<(), UrlError> {
    if path
        .split(['/', '\\'])
        .any(|part| part == "." || part == "..")
    {
        return Err(UrlError::Dots);
    }
    Ok(())
}

/// The rules for a path that becomes an argument of `git-upload-pack`.
fn check_shell_path(path: &str) -> Result<&str, UrlError> {
    if path.starts_with('-') {
        return Err(UrlError::Option("path"));
    }
    if path.is_empty() {
        return Err(UrlError::Path);
    }
    if path.contains(char::is_control) {
        return Err(UrlError::Character("path"));
    }
    Ok(path)
}

/// Undoes percent-encoding. None where it is broken.
fn decode(text: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let high = char::from(bytes.next()?).to_digit(16)?;
                let low = char::from(bytes.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    Some(decoded)
}

/// Argo CD's form for comparing (`util/git/git.go`), of an address without user and password.
fn normalise(text: &str) -> String {
    let lower = text.trim().to_lowercase();
    let is_url = lower.contains("://");
    let path = match split_scp(&lower) {
        Some((account, path)) if !is_url => format!("{account}/{path}"),
        _ => lower,
    };
    let path = path.strip_suffix(".git").unwrap_or(&path);
    path.strip_prefix("ssh://").unwrap_or(path).to_owned()
}

fn same_user_info(left: Option<&SecretString>, right: Option<&SecretString>) -> bool {
    match (left, right) {
        (None, None) => true,
        (Some(left), Some(right)) => left.ct_eq(right.expose()),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

#[cfg(test)]
mod tests;
