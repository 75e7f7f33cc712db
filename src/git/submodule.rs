//! Submodules: what `.gitmodules` says, and where the commits it names are seen.
//!
//! Whoever writes to a repository chooses the addresses here, so that they are held to the operator's policy like any
//! other, and credentials are those that the operator configured for that very address: the superproject's are not
//! passed on. Of the file only names, paths and addresses are read; what else git finds there (`update = !command`)
//! means nothing. Nothing is checked out.

use std::sync::Arc;

use gix::ObjectId;
use tree::{Mount, ObjectError, ObjectKind, ObjectStore, PathError, TreePath};

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

/// A commit of another repository, and where it is seen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Submodule {
    /// Where it is seen, from the root of the superproject.
    pub path: TreePath,
    /// Its repository.
    pub url: RepositoryUrl,
    /// The commit.
    pub commit: ObjectId,
}

/// What is fetched of a submodule.
pub struct Content {
    /// Where its objects are.
    pub store: Arc<dyn ObjectStore>,
    /// Its root directory.
    pub root: tree::ObjectId,
}

/// Submodules cannot be had. Holds no address: it may have a token in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmoduleError<E: std::error::Error + 'static> {
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
    /// The commit cannot be fetched.
    #[error("the submodule at {path} cannot be fetched")]
    Fetch {
        /// Where it is.
        path: TreePath,
        /// Why.
        source: E,
    },
    /// Too many, or too deep.
    #[error(
        "there are more than {MAX_SUBMODULES} submodules, or more than {MAX_DEPTH} in one another"
    )]
    TooMany,
}

/// All submodules below a directory, and those in them, as mounts of a tree. Each is fetched by `fetch`, which gets its
/// address and its commit.
///
/// # Errors
///
/// What is wrong with a `.gitmodules`, or the first error of `fetch`.
pub fn mounts<E: std::error::Error + 'static>(
    content: &Content,
    url: &RepositoryUrl,
    policy: UrlPolicy,
    fetch: &mut dyn FnMut(&RepositoryUrl, ObjectId) -> Result<Content, E>,
) -> Result<Vec<Mount>, SubmoduleError<E>> {
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

fn descend<E: std::error::Error + 'static>(
    content: &Content,
    url: &RepositoryUrl,
    policy: UrlPolicy,
    fetch: &mut dyn FnMut(&RepositoryUrl, ObjectId) -> Result<Content, E>,
    above: &TreePath,
    depth: usize,
    mounts: &mut Vec<Mount>,
) -> Result<(), SubmoduleError<E>> {
    for submodule in listed(content, url, policy)? {
        if depth >= MAX_DEPTH || mounts.len() >= MAX_SUBMODULES {
            return Err(SubmoduleError::TooMany);
        }
        let path = above
            .join(submodule.path.as_str())
            .map_err(|error| SubmoduleError::Path(Some(error)))?;
        let found =
            fetch(&submodule.url, submodule.commit).map_err(|source| SubmoduleError::Fetch {
                path: path.clone(),
                source,
            })?;
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

/// The submodules of one directory: what `.gitmodules` says, where the tree has a commit in that place.
///
/// # Errors
///
/// What is wrong with `.gitmodules`. Entries for places where there is no commit are only checked for their path.
pub fn listed<E: std::error::Error + 'static>(
    content: &Content,
    superproject: &RepositoryUrl,
    policy: UrlPolicy,
) -> Result<Vec<Submodule>, SubmoduleError<E>> {
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
            .is_some_and(|update| update.to_string() == "none")
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
fn submodule_path<E: std::error::Error + 'static>(
    path: &str,
) -> Result<TreePath, SubmoduleError<E>> {
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

impl<E: std::error::Error + 'static> SubmoduleError<E> {
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
            Self::Fetch { .. } => "submodule-fetch",
            Self::TooMany => "submodules-too-many",
        }
    }
}
