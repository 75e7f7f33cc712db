//! How a path leads to an entry: one set of rules for every kind of tree.
//!
//! Links are followed here, step by step, and not by the kernel: so a tree in memory and one on disk agree, the error
//! names the link that leads out, and no link reaches `.git`.

use std::mem;

use crate::error::{Malformed, ReadError, Special};
use crate::path::TreePath;

/// As many links as Linux follows on one path (`MAXSYMLINKS`).
const MAX_LINKS: usize = 40;

/// Directories that can be searched by name.
pub(crate) trait Directories {
    /// A directory, held open.
    type Directory;
    /// A file, found but not read.
    type File;

    fn root(&self) -> Result<Self::Directory, Miss>;

    /// The entry `name` of `directory`, links not followed.
    fn look_up(&self, directory: &Self::Directory, name: &str) -> Result<Step<Self>, Miss>;
}

/// What an entry of a directory is.
pub(crate) enum Step<D: Directories + ?Sized> {
    Directory(D::Directory),
    File(D::File),
    /// A symbolic link and its target.
    Link(Vec<u8>),
    Special(Special),
}

/// Why an entry was not found.
pub(crate) enum Miss {
    Absent,
    Changed,
    Denied,
    Malformed(Malformed),
    Missing,
    System(std::io::Error),
    TooLarge { limit: u64 },
    TooManyEntries { limit: usize },
}

impl Miss {
    pub(crate) fn at(self, path: &TreePath) -> ReadError {
        let path = path.clone();
        match self {
            Self::Absent => ReadError::NotFound { path },
            Self::Changed => ReadError::Changed { path },
            Self::Denied => ReadError::PermissionDenied { path },
            Self::Malformed(problem) => ReadError::Malformed { path, problem },
            Self::Missing => ReadError::ObjectMissing { path },
            Self::System(source) => ReadError::System { path, source },
            Self::TooLarge { limit } => ReadError::TooLarge { path, limit },
            Self::TooManyEntries { limit } => ReadError::TooManyEntries { path, limit },
        }
    }
}

/// Where a path leads.
pub(crate) struct Resolved<D: Directories> {
    /// The path without links.
    pub(crate) real: TreePath,
    pub(crate) target: Target<D>,
}

pub(crate) enum Target<D: Directories> {
    Directory(D::Directory),
    /// A file, after the directory that it was found in.
    File(D::Directory, D::File),
    Special(Special),
}

/// Whether `name` is the name of Git's own directory, or of the file that stands for it in a work tree or submodule.
/// Git refuses to track either in any spelling that some file system takes for it.
pub(crate) fn is_git_metadata(name: &str) -> bool {
    name.eq_ignore_ascii_case(".git")
}

/// Follows `path` from the root of `tree`.
pub(crate) fn resolve<D: Directories>(tree: &D, path: &TreePath) -> Result<Resolved<D>, ReadError> {
    let mut current = tree.root().map_err(|miss| miss.at(path))?;
    // The directories between the root and the current one, and the names of those below the root.
    let mut above = Vec::new();
    let mut real = Vec::new();
    // What is still to be followed, the next component last. Only a link brings in `..`.
    let mut rest: Vec<String> = path.components().rev().map(str::to_owned).collect();
    let mut links = 0;
    let root = path.root_of_view();
    let mut last_link = root.clone();
    while let Some(component) = rest.pop() {
        match component.as_str() {
            "" | "." => continue,
            ".." => {
                let Some(parent) = above.pop() else {
                    return Err(ReadError::EscapingLink {
                        path: path.clone(),
                        link: last_link,
                    });
                };
                current = parent;
                real.pop();
                continue;
            }
            name if is_git_metadata(name) => {
                return Err(ReadError::GitMetadata { path: path.clone() });
            }
            _ => {}
        }
        let step = tree
            .look_up(&current, &component)
            .map_err(|miss| match miss {
                Miss::Absent if links > 0 => ReadError::DanglingLink { path: path.clone() },
                miss => miss.at(path),
            })?;
        if let Step::Link(target) = step {
            links += 1;
            if links > MAX_LINKS {
                return Err(ReadError::LinkLoop { path: path.clone() });
            }
            last_link = joined(&root, &real).child(&component);
            follow(&target, path, &last_link, &mut rest)?;
            continue;
        }
        real.push(component);
        let target = match step {
            Step::Directory(directory) => {
                above.push(mem::replace(&mut current, directory));
                continue;
            }
            Step::File(file) => Target::File(current, file),
            Step::Special(kind) => Target::Special(kind),
            Step::Link(_) => continue,
        };
        if !rest.is_empty() {
            return Err(ReadError::NotADirectory { path: path.clone() });
        }
        return Ok(Resolved {
            real: joined(&root, &real),
            target,
        });
    }
    Ok(Resolved {
        real: joined(&root, &real),
        target: Target::Directory(current),
    })
}

/// Puts the components of a link's target before what is still to be followed.
fn follow(
    target: &[u8],
    path: &TreePath,
    link: &TreePath,
    rest: &mut Vec<String>,
) -> Result<(), ReadError> {
    let Ok(target) = str::from_utf8(target) else {
        return Err(ReadError::NameNotUtf8 {
            directory: link.parent().unwrap_or_default(),
            name: String::from_utf8_lossy(target).into_owned(),
        });
    };
    if target.is_empty() {
        return Err(ReadError::DanglingLink { path: path.clone() });
    }
    if target.starts_with('/') {
        return Err(ReadError::EscapingLink {
            path: path.clone(),
            link: link.clone(),
        });
    }
    rest.extend(target.split('/').rev().map(str::to_owned));
    Ok(())
}

fn joined(root: &TreePath, names: &[String]) -> TreePath {
    names
        .iter()
        .fold(root.clone(), |path, name| path.child(name))
}
