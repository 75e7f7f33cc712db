//! Where a path of the command line lies: the working copy that it is in, and its place there.

use std::path::{Path, PathBuf};

use tree::{CaseCollisions, Limits, Tree, TreePath};

use super::failure::Failure;
use crate::pipeline::KUSTOMIZATION_FILES;

/// The path without links; they are the operator's own, and may lead anywhere.
pub(super) fn real_path(path: &Path) -> Result<PathBuf, Failure> {
    path.canonicalize().map_err(|source| Failure::Read {
        path: path.display().to_string(),
        source,
    })
}

/// The root of the tree of a kustomization: the Git working copy around it, else the whole file system, where bases may
/// lie anywhere; which files a kustomization may read is decided by its own folder.
pub(super) fn root_of_kustomization(path: &Path) -> PathBuf {
    path.ancestors()
        .find(|folder| folder.join(".git").exists())
        .unwrap_or_else(|| Path::new("/"))
        .to_owned()
}

/// The root of the Git working copy around a path, else the folder itself. Links in a tree may lead anywhere in it.
pub(super) fn root_of(path: &Path) -> PathBuf {
    let folder = if path.is_dir() {
        path
    } else {
        path.parent().unwrap_or(path)
    };
    folder
        .ancestors()
        .find(|folder| folder.join(".git").exists())
        .unwrap_or(folder)
        .to_owned()
}

/// Whether a folder is a kustomization's.
pub(super) fn is_kustomization(folder: &Path) -> bool {
    KUSTOMIZATION_FILES
        .iter()
        .any(|name| folder.join(name).is_file())
}

/// A path as one below `root`.
pub(super) fn below(root: &Path, path: &Path) -> Result<TreePath, Failure> {
    let relative = path.strip_prefix(root).unwrap_or(path);
    if relative.as_os_str().is_empty() {
        return Ok(TreePath::root());
    }
    let relative = relative.to_str().ok_or_else(|| Failure::NotUnicode {
        path: path.to_owned(),
    })?;
    Ok(TreePath::parse(relative)?)
}

/// The tree below `root`.
pub(super) fn tree(root: &Path) -> Result<Tree, Failure> {
    Tree::directory(root, limits()).map_err(|source| Failure::Read {
        path: root.display().to_string(),
        source,
    })
}

/// Nothing is written, so names that differ in case only cannot replace each other.
pub(super) fn limits() -> Limits {
    Limits {
        case_collisions: CaseCollisions::Allow,
        ..Limits::default()
    }
}
