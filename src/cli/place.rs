//! Where a path of the command line lies: the working copy that it is in, and its place there.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kustomize::kustomization;
use tree::{CaseCollisions, Limits, Tree, TreePath, Viewpoint};

use super::failure::Failure;
use crate::git::{Endpoint, RepositoryUrl, UrlPolicy};

/// How many clones of clones are followed to the one that they come from.
const MAX_CLONES: usize = 8;

/// The path without links; they are the operator's own, and may lead anywhere.
pub(super) fn real_path(path: &Path) -> Result<PathBuf, Failure> {
    path.canonicalize().map_err(|source| Failure::Read {
        path: path.display().to_string(),
        source,
    })
}

/// The root of a tree, and what its places are called by whoever typed the command.
pub(super) struct Root {
    folder: PathBuf,
    viewpoint: Option<Arc<Viewpoint>>,
}

impl Root {
    /// The Git working copy around a kustomization, else the whole file system, where bases may lie anywhere; which files
    /// a kustomization may read is decided by its own folder.
    pub(super) fn of_kustomization(path: &Path) -> Self {
        Self::new(working_copy(path).unwrap_or_else(|| Path::new("/")))
    }

    /// The Git working copy around a path, else the folder itself. Links in a tree may lead anywhere in it.
    pub(super) fn of(path: &Path) -> Self {
        let folder = if path.is_dir() {
            path
        } else {
            path.parent().unwrap_or(path)
        };
        Self::new(working_copy(folder).unwrap_or(folder))
    }

    fn new(folder: &Path) -> Self {
        let standing = env::current_dir().and_then(|folder| folder.canonicalize());
        let standing = standing.unwrap_or_else(|_| folder.to_owned());
        let names = folder.to_str().zip(standing.to_str());
        Self {
            folder: folder.to_owned(),
            viewpoint: names.map(|(root, standing)| Arc::new(Viewpoint::new(root, standing))),
        }
    }

    /// The folder on disk.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What tells the repository of the working copy from others; none for what is no working copy.
    pub(super) fn repository(&self) -> Option<String> {
        let is_working_copy = self.folder.join(".git").exists();
        is_working_copy.then(|| folder_identity(&self.folder))
    }

    /// A path as one below the root.
    pub(super) fn below(&self, path: &Path) -> Result<TreePath, Failure> {
        let relative = path.strip_prefix(&self.folder).unwrap_or(path);
        let mut root = TreePath::root();
        if let Some(viewpoint) = &self.viewpoint {
            root = root.seen_from(Arc::clone(viewpoint));
        }
        if relative.as_os_str().is_empty() {
            return Ok(root);
        }
        let relative = relative.to_str().ok_or_else(|| Failure::NotUnicode {
            path: path.to_owned(),
        })?;
        Ok(root.join(relative)?)
    }

    /// The tree below the root.
    pub(super) fn tree(&self) -> Result<Tree, Failure> {
        Tree::directory(&self.folder, limits()).map_err(|source| Failure::Read {
            path: self.folder.display().to_string(),
            source,
        })
    }
}

/// What tells a repository from others, without credentials: the same for a repository, by whichever address, and for what
/// was cloned from it to this machine.
pub(super) fn repository_identity(url: &RepositoryUrl) -> String {
    match url.endpoint() {
        Endpoint::Directory(folder) => folder_identity(folder),
        _ => url.location(),
    }
}

fn folder_identity(folder: &Path) -> String {
    let mut folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    for _ in 0..MAX_CLONES {
        let Some(origin) = origin(&folder) else {
            break;
        };
        let Endpoint::Directory(original) = origin.endpoint() else {
            return origin.location();
        };
        let original = folder.join(original);
        folder = original.canonicalize().unwrap_or(original);
    }
    folder.display().to_string()
}

/// The address from which a repository was cloned.
fn origin(folder: &Path) -> Option<RepositoryUrl> {
    let repository = gix::open(folder).ok()?;
    let remote = repository.find_remote("origin").ok()?;
    let url = remote.url(gix::remote::Direction::Fetch)?.to_bstring();
    let policy = UrlPolicy {
        plain_http: true,
        directories: true,
    };
    RepositoryUrl::parse(&url.to_string(), policy).ok()
}

fn working_copy(path: &Path) -> Option<&Path> {
    path.ancestors().find(|folder| folder.join(".git").exists())
}

/// Whether a folder is a kustomization's.
pub(super) fn is_kustomization(folder: &Path) -> bool {
    kustomization::FILE_NAMES
        .iter()
        .any(|name| folder.join(name).is_file())
}

/// Nothing is written, so names that differ in case only cannot replace each other.
pub(super) fn limits() -> Limits {
    Limits {
        case_collisions: CaseCollisions::Allow,
        ..Limits::default()
    }
}
