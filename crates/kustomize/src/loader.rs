//! Which files a kustomization may read (api: internal/loader/fileloader.go, internal/git/repospec.go).
//!
//! A loader stands at the root of one kustomization. Files lie in or below that root once links are followed; other
//! roots may be anywhere in the tree, but not at or above a root on the way here.

use std::cell::RefCell;
use std::sync::Arc;

use thiserror::Error;
use tree::{Kind, OpenError, Opened, Opener, PathError, Protection, ReadError, Tree, TreePath};

use crate::budget::{Budget, OverBudget};
use crate::cache::{Parse, ParseCache, Parsed, Unprotected};
use crate::resource::Sensitivity;

/// Where files may lie.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum LoadRestriction {
    /// In or below the kustomization that names them (`LoadRestrictionsRootOnly`).
    #[default]
    RootOnly,
    /// Anywhere in the tree (`LoadRestrictionsNone`).
    None,
}

/// A file or directory that a kustomization names cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The name leads to no place in the tree.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The place cannot be looked up.
    #[error(transparent)]
    Lookup(#[from] ReadError),
    /// The file cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The file lies outside the kustomization's directory.
    #[error("security; file `{file}` is not in or below `{root}`")]
    OutsideRoot {
        /// The file, links followed.
        file: TreePath,
        /// The directory.
        root: TreePath,
    },
    /// A file is needed.
    #[error("`{path}` must resolve to a file")]
    NotAFile {
        /// What there is instead.
        path: TreePath,
    },
    /// A directory is needed.
    #[error("`{path}` is not a directory")]
    NotADirectory {
        /// What there is instead.
        path: TreePath,
    },
    /// The build takes too much.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
    /// The directory holds a kustomization that is being built, or lies above one.
    #[error("cycle detected: candidate root `{candidate}` contains visited root `{visited}`")]
    Cycle {
        /// The directory.
        candidate: TreePath,
        /// The kustomization on the way here.
        visited: TreePath,
    },
    /// The name is that of something outside this repository.
    #[error("`{url}` is remote, and nothing is fetched during a build")]
    Remote {
        /// The name, without what could be a password in it.
        url: String,
    },
}

impl LoadError {
    /// A stable name for the kind of error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Path(error) => error.reason(),
            Self::Lookup(error) => error.reason(),
            Self::Open(error) => error.reason(),
            Self::OutsideRoot { .. } => "file-outside-root",
            Self::NotAFile { .. } => "not-a-file",
            Self::NotADirectory { .. } => "not-a-directory",
            Self::Cycle { .. } => "kustomization-cycle",
            Self::OverBudget(error) => error.reason(),
            Self::Remote { .. } => "remote-base",
        }
    }

    /// Whether there is nothing of that name.
    pub fn is_not_found(&self) -> bool {
        match self {
            Self::Lookup(error) => error.is_not_found(),
            Self::Open(error) => error.is_not_found(),
            Self::Path(_)
            | Self::OutsideRoot { .. }
            | Self::NotAFile { .. }
            | Self::NotADirectory { .. }
            | Self::Cycle { .. }
            | Self::OverBudget(_)
            | Self::Remote { .. } => false,
        }
    }
}

/// What all loaders of a build share.
pub(crate) struct Files<'b> {
    pub(crate) tree: &'b Tree,
    pub(crate) opener: &'b dyn Opener,
    pub(crate) restriction: LoadRestriction,
    /// Protected files that were opened, each once.
    pub(crate) opened: RefCell<Vec<(TreePath, Protection)>>,
    pub(crate) cache: Option<&'b ParseCache>,
    pub(crate) budget: &'b Budget,
}

/// The root of a kustomization, and those on the way to it.
#[derive(Clone)]
pub(crate) struct Loader<'b> {
    files: &'b Files<'b>,
    root: TreePath,
    visited: Vec<TreePath>,
}

/// A file that was read.
pub(crate) struct Loaded<'b> {
    pub(crate) path: TreePath,
    pub(crate) sensitivity: Sensitivity,
    opened: Opened,
    files: &'b Files<'b>,
}

impl Loaded<'_> {
    /// The bytes, which can be secret.
    pub(crate) fn expose(&self) -> &[u8] {
        self.opened.content.expose()
    }

    /// What the file holds. A file that lies in the tree as it is may have been parsed by an earlier build.
    pub(crate) fn parse<T: Parse>(&self) -> Result<Arc<T>, T::Error> {
        let Parsed { value, size } = match (self.files.cache, Unprotected::of(&self.opened)) {
            (Some(cache), Some(file)) => cache.parse(file)?,
            (None, _) | (_, None) => T::parse(self.expose())?.shared(),
        };
        self.files.budget.note(size);
        Ok(value)
    }
}

impl<'b> Loader<'b> {
    /// The loader of the kustomization that a build starts at.
    pub(crate) fn at(files: &'b Files<'b>, directory: &TreePath) -> Result<Self, LoadError> {
        Ok(Self {
            files,
            root: existing_directory(files.tree, directory)?,
            visited: Vec::new(),
        })
    }

    /// What the build may still take.
    pub(crate) fn budget(&self) -> &'b Budget {
        self.files.budget
    }

    /// The directory of the kustomization, links followed.
    pub(crate) fn root(&self) -> &TreePath {
        &self.root
    }

    /// Where files are found.
    pub(crate) fn tree(&self) -> &'b Tree {
        self.files.tree
    }

    /// The loader of another kustomization that this one names.
    pub(crate) fn enter(&self, reference: &str) -> Result<Self, LoadError> {
        if is_repository(reference) {
            return Err(remote(reference));
        }
        let root = existing_directory(self.files.tree, &self.root.join(reference)?)?;
        let mut visited = self.visited.clone();
        visited.push(self.root.clone());
        match visited
            .iter()
            .rev()
            .find(|visited| visited.starts_with(&root))
        {
            Some(visited) => Err(LoadError::Cycle {
                candidate: root,
                visited: visited.clone(),
            }),
            None => Ok(Self {
                files: self.files,
                root,
                visited,
            }),
        }
    }

    /// Reads a file that the kustomization names.
    pub(crate) fn load(&self, reference: &str) -> Result<Loaded<'b>, LoadError> {
        if is_url(reference) {
            return Err(remote(reference));
        }
        self.load_at(&self.root.join(reference)?, self.files.restriction)
    }

    /// Reads a file that may lie anywhere in the tree.
    pub(crate) fn load_anywhere(&self, reference: &str) -> Result<Loaded<'b>, LoadError> {
        self.load_at(&self.root.join(reference)?, LoadRestriction::None)
    }

    /// Whether the kustomization's own file of that name exists.
    pub(crate) fn has_file(&self, name: &str) -> bool {
        let path = self.root.join(name);
        path.is_ok_and(|path| matches!(self.files.tree.kind(&path), Ok(Kind::File)))
    }

    fn load_at(
        &self,
        path: &TreePath,
        restriction: LoadRestriction,
    ) -> Result<Loaded<'b>, LoadError> {
        let tree = self.files.tree;
        let path = match restriction {
            LoadRestriction::None => path.clone(),
            LoadRestriction::RootOnly => {
                let (file, kind) = tree.locate(path)?;
                if kind == Kind::Directory {
                    return Err(LoadError::NotAFile { path: path.clone() });
                }
                if !file.starts_with(&self.root) {
                    return Err(LoadError::OutsideRoot {
                        file,
                        root: self.root.clone(),
                    });
                }
                file
            }
        };
        let opened = self.files.opener.open(tree, &path)?;
        self.files.budget.spend(opened.content.expose().len())?;
        let sensitivity = match &opened.protection {
            Protection::None => Sensitivity::Plain,
            protection => {
                let mut all = self.files.opened.borrow_mut();
                if !all.iter().any(|(other, _)| *other == path) {
                    all.push((path.clone(), protection.clone()));
                }
                Sensitivity::Decrypted
            }
        };
        Ok(Loaded {
            path,
            sensitivity,
            opened,
            files: self.files,
        })
    }
}

fn existing_directory(tree: &Tree, path: &TreePath) -> Result<TreePath, LoadError> {
    match tree.locate(path)? {
        (real, Kind::Directory) => Ok(real),
        (_, Kind::File | Kind::Special(_)) => Err(LoadError::NotADirectory { path: path.clone() }),
    }
}

fn remote(url: &str) -> LoadError {
    // What stands before `@` in the authority can be a password.
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), url),
    };
    let authority = rest.find('/').unwrap_or(rest.len());
    let shown = match rest[..authority].rfind('@') {
        Some(at) => &rest[at + 1..],
        None => rest,
    };
    let shown = shown.split('?').next().unwrap_or_default();
    LoadError::Remote {
        url: format!("{scheme}{shown}"),
    }
}

/// Whether the real program would fetch the file by HTTP.
fn is_url(reference: &str) -> bool {
    ["http:", "https:"].iter().any(|scheme| {
        reference
            .get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

/// Whether the real program would clone the directory by Git.
fn is_repository(reference: &str) -> bool {
    if reference.starts_with('/') {
        return false;
    }
    let reference = reference
        .split_once('?')
        .map_or(reference, |(path, _)| path);
    let reference = strip_prefix(reference, "git::").unwrap_or(reference);
    let schemes = ["ssh://", "https://", "http://", "file://"];
    let scheme = schemes
        .iter()
        .find(|scheme| strip_prefix(reference, scheme).is_some());
    let rest = scheme
        .and_then(|scheme| strip_prefix(reference, scheme))
        .unwrap_or(reference);
    let user = user_length(rest);
    let host_and_path = &rest[user..];
    let github = strip_prefix(host_and_path, "github.com/").is_some()
        || strip_prefix(host_and_path, "github.com:").is_some();
    match scheme {
        Some(&"file://") => return !rest.is_empty(),
        Some(_) => {}
        None if user > 0 || github => {}
        None => return false,
    }
    let scp = scheme.is_none();
    let slash = host_and_path.find('/');
    let colon = host_and_path.find(':').filter(|_| scp);
    let end = match (slash, colon) {
        (Some(slash), Some(colon)) if colon > 0 && colon < slash => Some(colon),
        (None, colon) => colon,
        (slash, _) => slash,
    };
    let (host, path) = match end {
        Some(end) => host_and_path.split_at(end + 1),
        None => (host_and_path, ""),
    };
    if host.is_empty() {
        return false;
    }
    let (repository, rest) = if let Some((before, after)) = path.split_once("_git/") {
        let (name, rest) = after.split_once('/').unwrap_or((after, ""));
        (before.len() + name.len() + 1, rest)
    } else if let Some((before, after)) = path.split_once("//") {
        (before.len(), after)
    } else if let Some((before, after)) = path.split_once(".git") {
        (before.len() + 4, after)
    } else {
        let mut slashes = path.match_indices('/');
        match (slashes.next(), slashes.next()) {
            (Some(_), Some((second, _))) => (second, &path[second + 1..]),
            (Some(_), None) => (path.len(), ""),
            (None, _) => return false,
        }
    };
    repository > 0 && !leaves(rest)
}

/// Whether a path in a repository leads out of it.
fn leaves(path: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    use tree::{Limits, MemoryEntry, PlainOpener};

    fn tree() -> Tree {
        let entries = [
            ("base/kustomization.yaml", MemoryEntry::file("x")),
            ("base/a.yaml", MemoryEntry::file("a")),
            ("over/kustomization.yaml", MemoryEntry::file("y")),
            ("over/inner/kustomization.yaml", MemoryEntry::file("z")),
            ("over/out.yaml", MemoryEntry::link("../base/a.yaml")),
            ("over/up", MemoryEntry::link("..")),
        ];
        let entries = entries.map(|(path, entry)| (TreePath::parse(path).unwrap(), entry));
        Tree::memory(entries, Limits::default()).unwrap()
    }

    #[track_caller]
    fn with_loader<T>(restriction: LoadRestriction, check: impl FnOnce(Loader<'_>) -> T) -> T {
        let tree = tree();
        let files = Files {
            tree: &tree,
            opener: &PlainOpener,
            restriction,
            opened: RefCell::default(),
            cache: None,
            budget: &Budget::default(),
        };
        check(Loader::at(&files, &TreePath::parse("over").unwrap()).unwrap())
    }

    #[test]
    fn files_are_read_in_and_below_the_root_only() {
        for (reference, restricted, free) in [
            ("kustomization.yaml", Ok(()), Ok(())),
            ("inner/kustomization.yaml", Ok(()), Ok(())),
            ("inner", Err("not-a-file"), Err("is-directory")),
            ("../base/a.yaml", Err("file-outside-root"), Ok(())),
            ("out.yaml", Err("file-outside-root"), Ok(())),
            ("nothing", Err("not-found"), Err("not-found")),
            ("../../x", Err("path-leaves-root"), Err("path-leaves-root")),
            ("/etc/passwd", Err("path-absolute"), Err("path-absolute")),
            ("https://x/y.yaml", Err("remote-base"), Err("remote-base")),
        ] {
            for (restriction, expected) in [
                (LoadRestriction::RootOnly, restricted),
                (LoadRestriction::None, free),
            ] {
                let found = with_loader(restriction, |loader| {
                    loader
                        .load(reference)
                        .map(drop)
                        .map_err(|error| error.reason())
                });
                assert_eq!(found, expected, "{reference} {restriction:?}");
            }
        }
    }

    #[test]
    fn roots_are_anywhere_but_on_the_way_here() {
        for (reference, expected) in [
            ("../base", Ok("base")),
            ("inner", Ok("over/inner")),
            (".", Err("kustomization-cycle")),
            ("..", Err("kustomization-cycle")),
            ("up", Err("kustomization-cycle")),
            ("inner/..", Err("kustomization-cycle")),
            ("out.yaml", Err("not-a-directory")),
            ("none", Err("not-found")),
            ("github.com/a/b", Err("remote-base")),
        ] {
            let found = with_loader(LoadRestriction::RootOnly, |loader| {
                let entered = loader.enter(reference);
                entered
                    .map(|loader| loader.root().as_str().to_owned())
                    .map_err(|error| error.reason())
            });
            assert_eq!(found, expected.map(str::to_owned), "{reference}");
        }
        let error = with_loader(LoadRestriction::RootOnly, |loader| {
            loader.enter("inner").unwrap().enter("..").err().unwrap()
        });
        assert_eq!(error.reason(), "kustomization-cycle");
    }

    #[test]
    fn repositories_are_told_from_directories() {
        for (reference, expected) in [
            ("https://github.com/org/repo", true),
            ("https://github.com/org/repo//path?ref=v1", true),
            ("github.com/org/repo/path", true),
            ("GitHub.com:org/repo", true),
            ("git@gitlab.com:org/repo.git", true),
            ("git::https://host/org/repo", true),
            ("ssh://git@host/org/repo", true),
            ("file:///tmp/repo", true),
            ("https://dev.azure.com/org/p/_git/repo/path", true),
            ("https://host/one", false),
            ("https://host/org/repo/../../../x", false),
            ("https://host/org/repo//../x", false),
            ("../base", false),
            ("base", false),
            ("a@b", false),
            ("gitlab.com/org/repo", false),
            ("/abs", false),
        ] {
            assert_eq!(is_repository(reference), expected, "{reference}");
        }
    }

    #[test]
    fn passwords_in_urls_are_not_told() {
        let told = remote("https://user:hunter2@host/a?token=hunter2").to_string();
        assert!(
            told.contains("https://host/a") && !told.contains("hunter2"),
            "{told}"
        );
    }
}
