//! Bases in other repositories: how they are written, and who is asked for them (api: internal/git/repospec.go).

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use tree::Tree;

/// Who fetches the repositories that kustomizations name.
///
/// It decides by itself which of them may be fetched at all: what is named here was written by whoever wrote the
/// kustomization, and can be any address.
pub trait RemoteBases: Send + Sync {
    /// The files of the repository, from its root, at the revision that `base` names. Within one build it is asked once for
    /// each repository and revision.
    ///
    /// # Errors
    ///
    /// When it may not be fetched, or cannot.
    fn fetch(&self, base: &RemoteBase) -> Result<Arc<Tree>, RemoteBaseError>;
}

/// Why a remote base is not to be had.
#[derive(Debug)]
pub struct RemoteBaseError {
    reason: &'static str,
    source: Box<dyn Error + Send + Sync>,
}

impl RemoteBaseError {
    /// `reason` is a stable name of the error. Neither it nor the error's text holds credentials.
    pub fn new(reason: &'static str, source: impl Error + Send + Sync + 'static) -> Self {
        Self {
            reason,
            source: Box::new(source),
        }
    }

    /// A stable name for the kind of error.
    pub const fn reason(&self) -> &'static str {
        self.reason
    }
}

impl fmt::Display for RemoteBaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl Error for RemoteBaseError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.source()
    }
}

/// A directory of another repository, as a kustomization names it.
///
/// `Display` shows it without the password or token that it may have been written with.
#[derive(Clone, Eq, PartialEq)]
pub struct RemoteBase {
    written: String,
    repository: String,
    path: String,
    revision: String,
    with_submodules: bool,
    is_marked: bool,
}

impl RemoteBase {
    /// Reads a reference as the real program does; `None` where that takes it for a path of this tree.
    ///
    /// The query's `timeout` is passed over: how long a server may take is not for the repository to say.
    pub fn parse(reference: &str) -> Option<Self> {
        if reference.starts_with('/') {
            return None;
        }
        let (address, query) = reference.split_once('?').unwrap_or((reference, ""));
        let (host, path) = split_host(address)?;
        let Split {
            repository,
            path,
            is_marked,
        } = split_path(path, host.starts_with("file://"))?;
        // One slash is part of the notation.
        let path = path.strip_prefix('/').unwrap_or(path);
        if repository.is_empty() || leaves(path) {
            return None;
        }
        let Query {
            revision,
            with_submodules,
        } = Query::read(query);
        Some(Self {
            written: reference.to_owned(),
            repository: host + repository,
            path: path.to_owned(),
            revision,
            with_submodules,
            is_marked,
        })
    }

    /// The address of the repository, as Git is given it. It can hold a password or token.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The directory in the repository; empty for its root.
    pub fn path(&self) -> &str {
        self.path.trim_start_matches('/')
    }

    /// The branch, tag, reference or full commit; `None` for what the server calls `HEAD`.
    pub fn revision(&self) -> Option<&str> {
        Some(self.revision.as_str()).filter(|revision| !revision.is_empty())
    }

    /// Whether submodules belong to it, as they do unless the query says otherwise.
    pub const fn with_submodules(&self) -> bool {
        self.with_submodules
    }

    /// Whether this is, or leads down from, what `earlier` named: the real program goes by how they are written.
    pub(crate) fn repeats(&self, earlier: &Self) -> bool {
        earlier.written.starts_with(&self.written)
    }

    /// Whether it is more likely a single file on a server than a directory of a repository, which the real program
    /// finds out by asking for the file.
    pub(crate) fn is_named_like_a_file(&self) -> bool {
        let ends = |ending| self.path.ends_with(ending);
        is_url(&self.written)
            && !self.is_marked
            && self.revision.is_empty()
            && [".yaml", ".yml", ".json"].into_iter().any(ends)
    }
}

impl fmt::Display for RemoteBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.repository))?;
        if !self.path().is_empty() {
            write!(f, "//{}", self.path())?;
        }
        match self.revision() {
            Some(revision) => write!(f, "?ref={revision}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for RemoteBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteBase({self})")
    }
}

/// A reference without what can be a password or token in it: what stands before the host, and the query. A name that is
/// no address stays as it is.
pub(crate) fn shown(reference: &str) -> String {
    let is_address = is_url(reference) || RemoteBase::parse(reference).is_some();
    if !is_address && !reference.contains("://") {
        return reference.to_owned();
    }
    let (scheme, rest) = match reference.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), reference),
    };
    let rest = rest.split('?').next().unwrap_or_default();
    let authority = rest.find('/').unwrap_or(rest.len());
    let rest = match rest[..authority].rfind('@') {
        // The account of SSH is a name that all know.
        Some(at) if scheme.is_empty() && !rest[..at].contains(':') => rest,
        Some(at) => &rest[at + 1..],
        None => rest,
    };
    format!("{scheme}{rest}")
}

/// Whether the real program would fetch a file of this name by HTTP.
pub(crate) fn is_url(reference: &str) -> bool {
    ["http:", "https:"]
        .into_iter()
        .any(|scheme| strip_prefix(reference, scheme).is_some())
}

/// The address up to the path of the repository, and that path with what stands behind it.
fn split_host(address: &str) -> Option<(String, &str)> {
    let address = strip_prefix(address, "git::").unwrap_or(address);
    let (scheme, rest) = ["ssh://", "https://", "http://", "file://"]
        .into_iter()
        .find_map(|scheme| Some((scheme, strip_prefix(address, scheme)?)))
        .unwrap_or(("", address));
    if scheme == "file://" {
        return Some((scheme.to_owned(), rest));
    }
    let (user, rest) = rest.split_at(user_length(rest));
    let is_github = ["github.com/", "github.com:"]
        .into_iter()
        .any(|host| strip_prefix(rest, host).is_some());
    let may_be_scp = scheme.is_empty();
    if may_be_scp && user.is_empty() && !is_github {
        return None;
    }
    let slash = rest.find('/');
    let end = match (slash, rest.find(':').filter(|_| may_be_scp)) {
        (None, colon) if may_be_scp => colon,
        (Some(slash), Some(colon)) if colon > 0 && colon < slash => Some(colon),
        (slash, _) => slash,
    };
    let (host, path) = match end {
        Some(end) => rest.split_at(end + 1),
        None => (rest, ""),
    };
    // All ways to write this host are one.
    let (scheme, user, host) = match (is_github, scheme, user) {
        (true, "ssh://", user) => ("", user, "github.com:"),
        (true, _, "") => ("https://", "", "github.com/"),
        (true, _, user) => ("", user, "github.com:"),
        (false, scheme, user) => (scheme, user, host),
    };
    (!host.is_empty()).then(|| (format!("{scheme}{user}{host}"), path))
}

struct Split<'a> {
    repository: &'a str,
    path: &'a str,
    /// Whether something other than a count of parts tells where the repository ends.
    is_marked: bool,
}

/// Where the path of the repository ends and the one in it begins.
fn split_path(path: &str, takes_all: bool) -> Option<Split<'_>> {
    let marked = |repository, path| {
        Some(Split {
            repository,
            path,
            is_marked: true,
        })
    };
    const AZURE: &str = "_git/";
    if let Some(start) = path.find(AZURE) {
        let name = start + AZURE.len();
        let end = path[name..]
            .find('/')
            .map_or(path.len(), |slash| name + slash);
        return marked(&path[..end], path.get(end + 1..).unwrap_or_default());
    }
    if let Some((repository, path)) = path.split_once("//") {
        return marked(repository, path);
    }
    if let Some(suffix) = path.find(".git") {
        let (repository, path) = path.split_at(suffix + ".git".len());
        return marked(repository, path);
    }
    if takes_all {
        return marked(path, "");
    }
    // An organisation and a repository.
    let mut slashes = path.match_indices('/').map(|(at, _)| at);
    slashes.next()?;
    let end = slashes.next().unwrap_or(path.len());
    Some(Split {
        repository: &path[..end],
        path: path.get(end + 1..).unwrap_or_default(),
        is_marked: false,
    })
}

/// Whether a path in a repository leads out of it.
fn leaves(path: &str) -> bool {
    if path.starts_with('/') {
        return false;
    }
    let mut depth = 0_i64;
    path.split('/').any(|component| {
        match component {
            "" | "." => {}
            ".." => depth -= 1,
            _ => depth += 1,
        }
        depth < 0
    })
}

/// Length of `name@` at the start.
fn user_length(text: &str) -> usize {
    let Some(at) = text.find('@') else { return 0 };
    let mut name = text[..at].chars();
    let named = name.next().is_some_and(|first| first.is_ascii_alphabetic())
        && name.all(|character| character.is_ascii_alphanumeric() || character == '-');
    if named { at + 1 } else { 0 }
}

fn strip_prefix<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let start = text.get(..prefix.len())?;
    start
        .eq_ignore_ascii_case(prefix)
        .then(|| &text[prefix.len()..])
}

/// What the query says.
struct Query {
    revision: String,
    with_submodules: bool,
}

impl Query {
    /// Of a field that stands there several times the first counts, and of a query that cannot be read nothing does (Go's
    /// `url.ParseQuery`).
    fn read(query: &str) -> Self {
        let fields = fields(query).unwrap_or_default();
        let first = |name: &str| {
            let found = fields.iter().find(|(key, _)| key == name);
            found
                .map(|(_, value)| value.as_str())
                .filter(|value| !value.is_empty())
        };
        Self {
            revision: first("ref")
                .or_else(|| first("version"))
                .unwrap_or_default()
                .to_owned(),
            // Go's `strconv.ParseBool`.
            with_submodules: !matches!(
                first("submodules"),
                Some("0" | "f" | "F" | "false" | "FALSE" | "False")
            ),
        }
    }
}

fn fields(query: &str) -> Option<Vec<(String, String)>> {
    query
        .split('&')
        .filter(|field| !field.is_empty())
        .map(|field| {
            if field.contains(';') {
                return None;
            }
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            Some((unescape(name)?, unescape(value)?))
        })
        .collect()
}

fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(reference: &str) -> Option<(String, String, String)> {
        let base = RemoteBase::parse(reference)?;
        Some((
            base.repository().to_owned(),
            base.path().to_owned(),
            base.revision,
        ))
    }

    #[test]
    fn references_are_taken_apart_as_the_real_program_does() {
        for (reference, repository, path, revision) in [
            (
                "https://github.com/org/repo",
                "https://github.com/org/repo",
                "",
                "",
            ),
            (
                "https://github.com/org/repo//path?ref=v1",
                "https://github.com/org/repo",
                "path",
                "v1",
            ),
            (
                "github.com/org/repo/path/to",
                "https://github.com/org/repo",
                "path/to",
                "",
            ),
            ("GitHub.com:org/repo", "https://github.com/org/repo", "", ""),
            (
                "http://github.com/org/repo",
                "https://github.com/org/repo",
                "",
                "",
            ),
            (
                "git@github.com:org/repo.git/path?version=v2",
                "git@github.com:org/repo.git",
                "path",
                "v2",
            ),
            (
                "ssh://git@github.com/org/repo",
                "git@github.com:org/repo",
                "",
                "",
            ),
            ("ssh://github.com/org/repo", "github.com:org/repo", "", ""),
            (
                "https://user@github.com/org/repo",
                "user@github.com:org/repo",
                "",
                "",
            ),
            (
                "git@gitlab.com:org/repo.git//deep/er?ref=a&version=b",
                "git@gitlab.com:org/repo.git",
                "deep/er",
                "a",
            ),
            (
                "git::https://host/org/repo/sub",
                "https://host/org/repo",
                "sub",
                "",
            ),
            (
                "GIT::HTTPS://Host/org/repo",
                "https://Host/org/repo",
                "",
                "",
            ),
            (
                "https://host/a/b/c/repo.git/sub",
                "https://host/a/b/c/repo.git",
                "sub",
                "",
            ),
            (
                "https://host/a/b/c/repo.git",
                "https://host/a/b/c/repo.git",
                "",
                "",
            ),
            (
                "https://host/a/b/c//repo.git/sub",
                "https://host/a/b/c",
                "repo.git/sub",
                "",
            ),
            ("https://host//x", "https://host//x", "", ""),
            (
                "ssh://git@host:2222/org/repo",
                "ssh://git@host:2222/org/repo",
                "",
                "",
            ),
            ("git@host/org/repo/x", "git@host/org/repo", "x", ""),
            ("git@host:org/repo/x", "git@host:org/repo", "x", ""),
            ("file:///srv/git/repo", "file:///srv/git/repo", "", ""),
            (
                "file:///srv/git/repo//x?ref=y",
                "file:///srv/git/repo",
                "x",
                "y",
            ),
            (
                "file://user@srv/repo.git/x",
                "file://user@srv/repo.git",
                "x",
                "",
            ),
            (
                "https://dev.azure.com/org/p/_git/repo/path",
                "https://dev.azure.com/org/p/_git/repo",
                "path",
                "",
            ),
            (
                "https://dev.azure.com/org/p/_git/repo",
                "https://dev.azure.com/org/p/_git/repo",
                "",
                "",
            ),
            (
                "https://host/org/repo/?ref=a%2Fb+c",
                "https://host/org/repo",
                "",
                "a/b c",
            ),
            (
                "https://host/org/repo?ref=a%zz",
                "https://host/org/repo",
                "",
                "",
            ),
            (
                "https://host/org/repo?ref=a;b",
                "https://host/org/repo",
                "",
                "",
            ),
            (
                "https://host/org/repo?ref=&version=b",
                "https://host/org/repo",
                "",
                "b",
            ),
            (
                "https://host/org/repo?ref=a&ref=b",
                "https://host/org/repo",
                "",
                "a",
            ),
            (
                "https://host/org/repo///path",
                "https://host/org/repo",
                "path",
                "",
            ),
            (
                "https://user:pw@host/org/repo",
                "https://user:pw@host/org/repo",
                "",
                "",
            ),
            (
                "https://host/org/repo/a/../b",
                "https://host/org/repo",
                "a/../b",
                "",
            ),
            ("https://host/one", "", "", ""),
            ("https://host", "", "", ""),
            ("https://", "", "", ""),
            ("https://host/org/repo/../../../x", "", "", ""),
            ("https://host/org/repo//../x", "", "", ""),
            ("../base", "", "", ""),
            ("base", "", "", ""),
            ("a@b", "", "", ""),
            ("gitlab.com/org/repo", "", "", ""),
            ("git://host/org/repo", "", "", ""),
            ("/abs", "", "", ""),
            ("file://", "", "", ""),
            ("", "", "", ""),
        ] {
            let expected = (!repository.is_empty())
                .then(|| (repository.to_owned(), path.to_owned(), revision.to_owned()));
            assert_eq!(parts(reference), expected, "{reference}");
        }
    }

    #[test]
    fn submodules_belong_to_a_base_unless_it_says_otherwise() {
        for (query, expected) in [
            ("", true),
            ("?submodules=true", true),
            ("?submodules=no", true),
            ("?submodules=", true),
            ("?submodules=false", false),
            ("?ref=x&submodules=0", false),
        ] {
            let base = RemoteBase::parse(&format!("https://host/org/repo{query}")).unwrap();
            assert_eq!(base.with_submodules(), expected, "{query}");
        }
    }

    #[test]
    fn addresses_that_end_like_files_are_told_from_directories() {
        for (reference, expected) in [
            ("https://host/org/repo/main/a.yaml", true),
            ("https://host/org/repo/a.json?token=x", true),
            ("https://host/org/repo/a.yaml?ref=v1", false),
            ("https://host/org/repo//a.yaml", false),
            ("git@host:org/repo/a.yaml", false),
            ("https://host/org/repo/a", false),
        ] {
            let base = RemoteBase::parse(reference).unwrap();
            assert_eq!(base.is_named_like_a_file(), expected, "{reference}");
        }
    }

    #[test]
    fn passwords_and_tokens_are_not_shown() {
        for (reference, expected) in [
            (
                "https://user:hunter2@host/a/b?token=hunter2",
                "https://host/a/b",
            ),
            ("https://hunter2@host/a/b", "https://host/a/b"),
            ("ssh://git:hunter2@host/a/b", "ssh://host/a/b"),
            ("git@host:a/b", "git@host:a/b"),
            ("git::https://hunter2@host/a/b", "git::https://host/a/b"),
            ("https://u:hunter2@host", "https://host"),
            ("base/a@b?c", "base/a@b?c"),
        ] {
            assert_eq!(shown(reference), expected, "{reference}");
        }
        let base = RemoteBase::parse("https://u:hunter2@host/a/b/c?ref=v1&token=hunter2").unwrap();
        assert_eq!(base.to_string(), "https://host/a/b//c?ref=v1");
        assert!(!format!("{base:?}").contains("hunter2"));
    }

    mod any_text {
        use proptest::prelude::*;

        use super::super::{RemoteBase, shown};

        proptest! {
            #[test]
            fn is_a_base_or_none(text in "(git::|https://|ssh://|file://|git@)?[a-c@:/?._%&=;+ü-]{0,40}") {
                if let Some(base) = RemoteBase::parse(&text) {
                    prop_assert!(!base.path().starts_with('/'));
                    let _ = base.to_string();
                }
                let _ = shown(&text);
            }
        }
    }
}
