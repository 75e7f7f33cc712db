//! Submodules: what `.gitmodules` says, and where the commits it names are seen.
//!
//! Whoever writes to a repository chooses the addresses here, so that they are held to the operator's policy like any
//! other, and credentials are those that the operator configured for that very address: the superproject's are not
//! passed on. Of the file only names, paths and addresses are read; what else git finds there (`update = !command`)
//! means nothing. Nothing is checked out.

use std::sync::Arc;

use gix::ObjectId;
use tree::{Mount, ObjectError, ObjectKind, ObjectStore, PathError, TreePath};

use super::commit::Commit;
use super::credentials::{CredentialStore, CredentialsError};
use super::error::FetchError;
use super::mirrors::Mirrors;
use super::prefix::{UrlPrefix, covered};
use super::revision::Revision;
use super::url::{RepositoryUrl, UrlError, UrlPolicy};

/// The file's name. Git reads it in no other spelling.
const FILE: &str = ".gitmodules";

/// The longest `.gitmodules` that is read, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// The most entries of one directory that are looked through.
const MAX_ENTRIES: usize = 100_000;

/// How deep submodules may lie in submodules.
const MAX_DEPTH: usize = 8;

/// How many there may be in all.
const MAX_SUBMODULES: usize = 256;

/// Where submodules are fetched from, and with what.
#[derive(Clone, Copy)]
pub struct Submodules<'a> {
    /// Where they are kept.
    pub mirrors: &'a Mirrors,
    /// What they are fetched with.
    pub credentials: &'a CredentialStore,
    /// The project whose application wants them.
    pub project: Option<&'a str>,
    /// Which kinds of addresses are allowed.
    pub policy: UrlPolicy,
    /// Which repositories are allowed; none for all.
    pub allowed: Option<&'a [UrlPrefix]>,
}

impl Submodules<'_> {
    /// The submodules of `commit`, which is of the repository at `url`, and those in them, to be given to
    /// [`Commit::tree_with`].
    ///
    /// # Errors
    ///
    /// What is wrong with a `.gitmodules`, or why one cannot be fetched.
    pub fn of(&self, commit: &Commit, url: &RepositoryUrl) -> Result<Vec<Mount>, SubmoduleError> {
        mounts(&commit.content(), url, self.policy, &mut |url, id| {
            if !self.allowed.is_none_or(|prefixes| covered(prefixes, url)) {
                return Err(Unavailable::NotAllowed);
            }
            let credentials = self
                .credentials
                .for_url(url, self.project)
                .map_err(Unavailable::Credentials)?;
            let commit = self
                .mirrors
                .fetch(url, &Revision::commit(id), &credentials)
                .map_err(Unavailable::Fetch)?;
            Ok(commit.content())
        })
    }
}

/// A commit of another repository, and where it is seen.
#[derive(Debug)]
struct Submodule {
    /// From the root of the superproject.
    path: TreePath,
    url: RepositoryUrl,
    commit: ObjectId,
}

/// What a commit holds.
pub(super) struct Content {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) root: tree::ObjectId,
}

/// Why there is no content of a submodule.
enum Unavailable {
    NotAllowed,
    Fetch(FetchError),
    Credentials(CredentialsError),
}

impl Unavailable {
    fn at(self, path: &TreePath) -> SubmoduleError {
        let path = path.clone();
        match self {
            Self::NotAllowed => SubmoduleError::NotAllowed { path },
            Self::Fetch(source) => SubmoduleError::Fetch { path, source },
            Self::Credentials(source) => SubmoduleError::Credentials { path, source },
        }
    }
}

/// Submodules cannot be had. Holds no address: it may have a token in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmoduleError {
    /// `.gitmodules` is a link or a directory.
    #[error(".gitmodules is no regular file")]
    NotAFile,
    /// `.gitmodules` or a directory above a submodule cannot be read.
    #[error(".gitmodules cannot be read")]
    Read(#[source] ObjectError),
    /// `.gitmodules` is not in the format of git's configuration.
    #[error(".gitmodules is not in git's format")]
    Format,
    /// A name that leads elsewhere in git's own folder.
    #[error(".gitmodules names a submodule with \"..\", or without a name")]
    Name,
    /// A path that leads elsewhere.
    #[error(".gitmodules has a path that is not allowed")]
    Path(#[source] Option<PathError>),
    /// Two submodules at one place.
    #[error(".gitmodules has the path {0} twice")]
    Twice(TreePath),
    /// An address that is not allowed.
    #[error("the submodule at {path} has a URL that is not allowed")]
    Url {
        /// Where it is.
        path: TreePath,
        /// What is wrong with it.
        source: UrlError,
    },
    /// Its repository is none of those that are allowed.
    #[error("no allowed prefix covers the repository of the submodule at {path}")]
    NotAllowed {
        /// Where it is.
        path: TreePath,
    },
    /// The commit cannot be fetched.
    #[error("the submodule at {path} cannot be fetched")]
    Fetch {
        /// Where it is.
        path: TreePath,
        /// Why.
        source: FetchError,
    },
    /// The credentials that are configured for it cannot be used.
    #[error("the credentials for the submodule at {path} cannot be used")]
    Credentials {
        /// Where it is.
        path: TreePath,
        /// Why.
        source: CredentialsError,
    },
    /// Too many, or too deep.
    #[error(
        "there are more than {MAX_SUBMODULES} submodules, or more than {MAX_DEPTH} in one another"
    )]
    TooMany,
}

/// All submodules below a directory, and those in them. Each is fetched by `fetch`, which gets its address and its commit.
fn mounts(
    content: &Content,
    url: &RepositoryUrl,
    policy: UrlPolicy,
    fetch: &mut dyn FnMut(&RepositoryUrl, ObjectId) -> Result<Content, Unavailable>,
) -> Result<Vec<Mount>, SubmoduleError> {
    let mut mounts = Vec::new();
    descend(
        content,
        url,
        policy,
        fetch,
        &TreePath::root(),
        0,
        &mut mounts,
    )?;
    Ok(mounts)
}

fn descend(
    content: &Content,
    url: &RepositoryUrl,
    policy: UrlPolicy,
    fetch: &mut dyn FnMut(&RepositoryUrl, ObjectId) -> Result<Content, Unavailable>,
    above: &TreePath,
    depth: usize,
    mounts: &mut Vec<Mount>,
) -> Result<(), SubmoduleError> {
    for submodule in listed(content, url, policy)? {
        if depth >= MAX_DEPTH || mounts.len() >= MAX_SUBMODULES {
            return Err(SubmoduleError::TooMany);
        }
        let path = above
            .join(submodule.path.as_str())
            .map_err(|error| SubmoduleError::Path(Some(error)))?;
        let found =
            fetch(&submodule.url, submodule.commit).map_err(|unavailable| unavailable.at(&path))?;
        mounts.push(Mount {
            path: path.clone(),
            store: Arc::clone(&found.store),
            root: found.root,
        });
        descend(
            &found,
            &submodule.url,
            policy,
            fetch,
            &path,
            depth + 1,
            mounts,
        )?;
    }
    Ok(())
}

/// The submodules of one directory: what `.gitmodules` says, where the tree has a commit in that place. Entries for other
/// places are only checked for their path.
fn listed(
    content: &Content,
    superproject: &RepositoryUrl,
    policy: UrlPolicy,
) -> Result<Vec<Submodule>, SubmoduleError> {
    let store = content.store.as_ref();
    let root = store
        .directory(content.root, MAX_ENTRIES)
        .map_err(SubmoduleError::Read)?;
    let Some(file) = root.iter().find(|entry| entry.name == FILE.as_bytes()) else {
        return Ok(Vec::new());
    };
    // A link could make git read a file that is not part of the commit.
    if file.kind != ObjectKind::File {
        return Err(SubmoduleError::NotAFile);
    }
    let text = store
        .blob(file.id, MAX_FILE)
        .map_err(SubmoduleError::Read)?;
    let text = String::from_utf8(text).map_err(|_| SubmoduleError::Format)?;
    // Read from text alone, the configuration follows no `include`.
    let config = gix::config::File::try_from(text.as_str()).map_err(|_| SubmoduleError::Format)?;

    let mut found: Vec<Submodule> = Vec::new();
    for section in config.sections_by_name("submodule").into_iter().flatten() {
        let name = section
            .header()
            .subsection_name()
            .map(|name| name.to_string())
            .unwrap_or_default();
        check_name(&name).ok_or(SubmoduleError::Name)?;
        let (Some(path), Some(address)) = (section.value("path"), section.value("url")) else {
            continue;
        };
        // `git submodule update` leaves such a one alone.
        if section
            .value("update")
            .is_some_and(|update| update.as_slice() == b"none")
        {
            continue;
        }
        let path = submodule_path(&path.to_string())?;
        if found.iter().any(|other| other.path == path) {
            return Err(SubmoduleError::Twice(path));
        }
        let Some(commit) = commit_at(store, content.root, &path).map_err(SubmoduleError::Read)?
        else {
            continue;
        };
        let address = address.to_string();
        let url = if RepositoryUrl::is_relative(&address) {
            superproject.join(&address, policy)
        } else {
            RepositoryUrl::parse(&address, policy)
        };
        match url {
            Ok(url) => found.push(Submodule { path, url, commit }),
            Err(source) => return Err(SubmoduleError::Url { path, source }),
        }
    }
    Ok(found)
}

/// A name is a path below git's own `modules` (`submodule-config.c: check_submodule_name`). Here it is none, but what git
/// refuses is refused.
fn check_name(name: &str) -> Option<()> {
    let leads_elsewhere = name.split(['/', '\\']).any(|part| part == "..");
    (!name.is_empty() && !leads_elsewhere).then_some(())
}

/// A path that every git and every file system takes for the same place below the root.
fn submodule_path(path: &str) -> Result<TreePath, SubmoduleError> {
    let strict = gix::validate::path::component::Options {
        protect_windows: false,
        protect_hfs: true,
        protect_ntfs: true,
    };
    let path = path.trim_end_matches('/');
    let is_plain = !path.starts_with('-')
        && path
            .split('/')
            .all(|part| gix::validate::path::component(part.into(), None, strict).is_ok());
    if !is_plain {
        return Err(SubmoduleError::Path(None));
    }
    TreePath::parse(path).map_err(|error| SubmoduleError::Path(Some(error)))
}

/// The commit that the tree has at `path`, if it has one there.
fn commit_at(
    store: &dyn ObjectStore,
    root: tree::ObjectId,
    path: &TreePath,
) -> Result<Option<ObjectId>, ObjectError> {
    let mut directory = root;
    let mut parts = path.components().peekable();
    while let Some(part) = parts.next() {
        let entries = store.directory(directory, MAX_ENTRIES)?;
        let Some(entry) = entries.iter().find(|entry| entry.name == part.as_bytes()) else {
            return Ok(None);
        };
        match (entry.kind, parts.peek()) {
            (ObjectKind::Directory, Some(_)) => directory = entry.id,
            (ObjectKind::Submodule, None) => {
                return Ok(Some(ObjectId::Sha1(*entry.id.as_bytes())));
            }
            _ => return Ok(None),
        }
    }
    Ok(None)
}

impl SubmoduleError {
    /// A stable name of this error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NotAFile => "gitmodules-no-file",
            Self::Read(_) => "gitmodules-read",
            Self::Format => "gitmodules-format",
            Self::Name => "submodule-name",
            Self::Path(_) => "submodule-path",
            Self::Twice(_) => "submodule-twice",
            Self::Url { .. } => "submodule-url",
            Self::NotAllowed { .. } => "remote-base-not-allowed",
            Self::Fetch { .. } => "submodule-fetch",
            Self::Credentials { .. } => "submodule-credentials",
            Self::TooMany => "submodules-too-many",
        }
    }
}

#[cfg(test)]
mod tests;
