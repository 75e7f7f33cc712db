//! Which repositories an operator allows to be fetched for the sake of others.

use super::url::{Endpoint, RepositoryUrl, UrlError, UrlPolicy};

/// The beginning of addresses: a host, or a host and the first parts of a path. Letters count as they are, except in the
/// host, and a prefix ends where a part of the path does: `https://host/org` is none of `https://host/organisation`.
///
/// A prefix of plain `http`, or in a folder of this machine, is the operator's leave to fetch from there. Forms of SSH
/// addresses that can be different repositories are told apart: `git@host:org` has paths from a home, and `ssh://git@host/org`
/// has absolute ones.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UrlPrefix(Endpoint);

/// What is behind a prefix in any address that it covers.
const REST: &str = "x";

impl UrlPrefix {
    /// With it, all addresses are read that a prefix can cover.
    pub(super) const POLICY: UrlPolicy = UrlPolicy {
        plain_http: true,
        directories: true,
    };

    /// Reads `https://host`, `https://host/org`, `git@host:`, `git@host:org`, `ssh://host/org`, `file:///folder` and the like.
    ///
    /// # Errors
    ///
    /// When it begins no address, or has a password or token in it.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let text = text.trim();
        let start = text.trim_end_matches('/');
        if start.is_empty() {
            return Err(UrlError::Empty);
        }
        // A scheme alone would be taken for the name of a host.
        if text.contains("://") && !start.contains("://") {
            return Err(UrlError::Host);
        }
        let between = if start.ends_with(':') { "" } else { "/" };
        let url = RepositoryUrl::parse(&format!("{start}{between}{REST}"), Self::POLICY)?;
        if url.user_info().is_some() {
            return Err(UrlError::UserInfo);
        }
        let mut endpoint = url.endpoint().clone();
        match &mut endpoint {
            Endpoint::Http { path, .. } | Endpoint::Ssh { path, .. } => {
                path.truncate(path.len() - REST.len());
            }
            // A relative folder would be another one wherever the program is started.
            Endpoint::Directory(path) if path.is_absolute() => {
                path.pop();
            }
            Endpoint::Directory(_) => return Err(UrlError::Directory),
        }
        Ok(Self(endpoint))
    }

    /// Whether `url` begins so.
    pub fn covers(&self, url: &RepositoryUrl) -> bool {
        match (&self.0, url.endpoint()) {
            (
                Endpoint::Http {
                    tls,
                    host,
                    port,
                    path,
                },
                Endpoint::Http {
                    tls: their_tls,
                    host: their_host,
                    port: their_port,
                    path: their_path,
                },
            ) => {
                let default = if *tls { 443 } else { 80 };
                tls == their_tls
                    && host == their_host
                    && port.unwrap_or(default) == their_port.unwrap_or(default)
                    && begins(their_path, path)
            }
            (
                Endpoint::Ssh {
                    user,
                    host,
                    port,
                    path,
                },
                Endpoint::Ssh {
                    user: their_user,
                    host: their_host,
                    port: their_port,
                    path: their_path,
                },
            ) => {
                user == their_user
                    && host.eq_ignore_ascii_case(their_host)
                    && port.unwrap_or(22) == their_port.unwrap_or(22)
                    && begins(their_path, path)
            }
            (Endpoint::Directory(prefix), Endpoint::Directory(path)) => {
                path.starts_with(prefix) && !path.components().any(|part| part.as_os_str() == "..")
            }
            _ => false,
        }
    }
}

/// Whether one of the prefixes covers `url`.
pub(super) fn covered(prefixes: &[UrlPrefix], url: &RepositoryUrl) -> bool {
    prefixes.iter().any(|prefix| prefix.covers(url))
}

/// Whether a path is below a prefix, which ends with a slash or is empty, or is the prefix itself. An address of a
/// repository may leave out `.git`.
fn begins(path: &str, prefix: &str) -> bool {
    let without = |path: &'_ str| -> usize {
        let path = path.trim_end_matches('/');
        path.strip_suffix(".git").unwrap_or(path).len()
    };
    path.starts_with(prefix) || path[..without(path)] == prefix[..without(prefix)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_end_where_parts_of_the_path_do() {
        for (prefix, url, expected) in [
            ("https://host", "https://host/org/repo", true),
            ("https://host/", "https://HOST/org/repo", true),
            ("https://host", "https://host:443/org/repo", true),
            ("https://host", "https://host:8443/org/repo", false),
            ("https://host", "https://host.example/org/repo", false),
            ("https://host", "https://host@evil.example/org/repo", false),
            ("https://host", "http://host/org/repo", false),
            ("https://host", "ssh://host/org/repo", false),
            ("https://host", "https://user:pw@host/org/repo", true),
            ("http://host", "http://host/org/repo", true),
            ("https://host/org", "https://host/org/repo.git", true),
            ("https://host/org/", "https://host/org/repo", true),
            ("https://host/org", "https://host/organisation/repo", false),
            ("https://host/org", "https://host/Org/repo", false),
            ("https://host/org", "https://host/%6frg/repo", false),
            ("https://host/org/repo", "https://host/org/repo", true),
            ("https://host/org/repo", "https://host/org/repo.git", true),
            ("https://host/org/repo.git", "https://host/org/repo", true),
            ("https://host/org/repo.git", "https://host/org/repo/", true),
            (
                "https://host/org/repo",
                "https://host/org/repository",
                false,
            ),
            ("https://host/org/repo", "https://host/org", false),
            ("git@host:", "git@host:org/repo", true),
            ("git@host:", "git@host:/srv/repo", true),
            ("git@host:org", "git@host:org/repo.git", true),
            ("git@host:org", "git@host:organisation/repo", false),
            ("git@host:org", "root@host:org/repo", false),
            ("git@host:org", "ssh://git@host/org/repo", false),
            ("ssh://git@host", "ssh://git@host/org/repo", true),
            ("ssh://git@host", "ssh://git@host:22/org/repo", true),
            ("ssh://git@host", "ssh://git@host:2222/org/repo", false),
            ("file:///srv/git", "file:///srv/git/repo", true),
            ("/srv/git", "file:///srv/git/repo", true),
            ("/srv/git", "/srv/github/repo", false),
            ("/srv/git", "/srv/git/../../etc", false),
            ("/srv/git/repo", "file:///srv/git/repo", true),
        ] {
            let prefix =
                UrlPrefix::parse(prefix).unwrap_or_else(|error| panic!("{prefix}: {error}"));
            let url = RepositoryUrl::parse(url, UrlPrefix::POLICY).unwrap();
            assert_eq!(prefix.covers(&url), expected, "{prefix:?} {url}");
        }
    }

    #[test]
    fn what_begins_no_address_is_no_prefix() {
        for text in [
            "",
            "/",
            "https://",
            "https://user:pw@host",
            "https://token@host/org",
            "https://host/../x",
            "github.com/org",
            "./repos",
            "ext::sh -c x",
            "git://host",
            "https://host?x",
            "-u@host:x",
            "ssh://",
            ":",
        ] {
            assert!(UrlPrefix::parse(text).is_err(), "{text}");
        }
    }
}
