//! Which files a kustomization may read (api: internal/loader/fileloader.go).
//!
//! A loader stands at the root of one kustomization. Files lie in or below that root once links are followed; other
//! roots may be anywhere in the tree, but not at or above a root on the way here. A remote base is a tree of its own,
//! which nothing in it leaves.

use std::cell::RefCell;
use std::iter;
use std::rc::Rc;
use std::sync::Arc;

use thiserror::Error;
use tree::{Kind, OpenError, Opened, Opener, PathError, Protection, ReadError, Tree, TreePath};

use crate::budget::{Budget, OverBudget};
use crate::cache::{Parse, ParseCache, Parsed, Unprotected};
use crate::remote::{self, RemoteBase, RemoteBaseError, RemoteBases};
use crate::resource::{Place, Sensitivity};

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
    /// The name is that of a directory in another repository, and nobody is there to fetch it.
    #[error("`{base}` is remote, and nothing is fetched during this build")]
    Remote {
        /// The directory.
        base: Box<RemoteBase>,
    },
    /// The name is that of a single file on a server.
    #[error("`{url}` is a file on a server; only directories of repositories are fetched")]
    RemoteFile {
        /// The name, without what could be a password in it.
        url: String,
    },
    /// A directory in another repository is not to be had.
    #[error("cannot fetch `{base}`")]
    Fetch {
        /// The directory.
        base: Box<RemoteBase>,
        /// Why.
        source: RemoteBaseError,
    },
    /// A directory in another repository that is being built already.
    #[error("cycle detected: `{base}` is referenced by `{earlier}`")]
    RemoteCycle {
        /// The directory.
        base: Box<RemoteBase>,
        /// What was named on the way here.
        earlier: Box<RemoteBase>,
    },
    /// The build names too many revisions of repositories.
    #[error("more than {limit} remote bases in one build")]
    TooManyRemoteBases {
        /// The limit.
        limit: usize,
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
            Self::RemoteFile { .. } => "remote-file",
            Self::Fetch { source, .. } => source.reason(),
            Self::RemoteCycle { .. } => "kustomization-cycle",
            Self::TooManyRemoteBases { .. } => "too-many-remote-bases",
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
            | Self::Remote { .. }
            | Self::RemoteFile { .. }
            | Self::Fetch { .. }
            | Self::RemoteCycle { .. }
            | Self::TooManyRemoteBases { .. } => false,
        }
    }
}

/// What all loaders of a build share.
pub(crate) struct Files<'b> {
    pub(crate) tree: &'b Tree,
    pub(crate) opener: &'b dyn Opener,
    pub(crate) restriction: LoadRestriction,
    /// Protected files that were opened, each once.
    pub(crate) opened: RefCell<Vec<(Place, Protection)>>,
    pub(crate) cache: Option<&'b ParseCache>,
    pub(crate) budget: &'b Budget,
    pub(crate) remotes: Remotes<'b>,
}

/// The other repositories of a build.
pub(crate) struct Remotes<'b> {
    bases: Option<&'b dyn RemoteBases>,
    limit: usize,
    /// Those that were fetched, each with a base of it.
    fetched: RefCell<Vec<(RemoteBase, Arc<Tree>)>>,
}

impl<'b> Remotes<'b> {
    /// At most `limit` revisions are asked for.
    pub(crate) fn new(bases: Option<&'b dyn RemoteBases>, limit: usize) -> Self {
        Self {
            bases,
            limit,
            fetched: RefCell::default(),
        }
    }

    fn fetch(&self, base: &RemoteBase) -> Result<Arc<Tree>, LoadError> {
        let Some(bases) = self.bases else {
            return Err(LoadError::Remote {
                base: Box::new(base.clone()),
            });
        };
        let is_same = |other: &RemoteBase| {
            other.repository() == base.repository()
                && other.revision() == base.revision()
                && other.with_submodules() == base.with_submodules()
        };
        let mut fetched = self.fetched.borrow_mut();
        if let Some((_, tree)) = fetched.iter().find(|(other, _)| is_same(other)) {
            return Ok(Arc::clone(tree));
        }
        if fetched.len() >= self.limit {
            return Err(LoadError::TooManyRemoteBases { limit: self.limit });
        }
        let tree = bases.fetch(base).map_err(|source| LoadError::Fetch {
            base: Box::new(base.clone()),
            source,
        })?;
        fetched.push((base.clone(), Arc::clone(&tree)));
        Ok(tree)
    }
}

/// The root of a kustomization, and those on the way to it.
#[derive(Clone)]
pub(crate) struct Loader<'b> {
    files: &'b Files<'b>,
    /// The repository that holds it; none for the tree that is built.
    repository: Option<Rc<Repository>>,
    root: TreePath,
    referrer: Option<Rc<Self>>,
}

/// A repository at the place where a kustomization named it. The real program clones it anew for each.
struct Repository {
    base: RemoteBase,
    /// What people call it.
    name: Arc<str>,
    tree: Arc<Tree>,
}

/// A file that was read.
pub(crate) struct Loaded<'b> {
    pub(crate) place: Place,
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
            repository: None,
            root: existing_directory(files.tree, directory)?,
            referrer: None,
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
    pub(crate) fn tree(&self) -> &Tree {
        match &self.repository {
            Some(repository) => &repository.tree,
            None => self.files.tree,
        }
    }

    /// The remote base that the kustomization belongs to.
    pub(crate) fn remote_base(&self) -> Option<&Arc<str>> {
        self.repository.as_ref().map(|repository| &repository.name)
    }

    /// The loader of another kustomization that this one names.
    pub(crate) fn enter(&self, reference: &str) -> Result<Self, LoadError> {
        match RemoteBase::parse(reference) {
            Some(base) => self.enter_repository(base),
            None if remote::is_url(reference) => Err(LoadError::RemoteFile {
                url: remote::shown(reference),
            }),
            None => self.enter_directory(reference),
        }
    }

    fn enter_directory(&self, reference: &str) -> Result<Self, LoadError> {
        let root = existing_directory(self.tree(), &self.root.join(reference)?)?;
        let visited = self
            .on_the_way()
            .filter(|loader| match (&loader.repository, &self.repository) {
                (Some(theirs), Some(ours)) => Rc::ptr_eq(theirs, ours),
                (theirs, ours) => theirs.is_none() && ours.is_none(),
            })
            .map(|loader| &loader.root)
            .find(|visited| visited.starts_with(&root));
        match visited {
            Some(visited) => Err(LoadError::Cycle {
                candidate: root,
                visited: visited.clone(),
            }),
            None => Ok(self.next(self.repository.clone(), root)),
        }
    }

    fn enter_repository(&self, base: RemoteBase) -> Result<Self, LoadError> {
        let cycle = |base: &RemoteBase, earlier: &Repository| LoadError::RemoteCycle {
            base: Box::new(base.clone()),
            earlier: Box::new(earlier.base.clone()),
        };
        let repositories = || {
            self.on_the_way()
                .filter_map(|loader| Some((loader.repository.as_deref()?, &loader.root)))
        };
        if let Some((earlier, _)) = repositories().find(|(earlier, _)| base.repeats(&earlier.base))
        {
            return Err(cycle(&base, earlier));
        }
        let tree = self.files.remotes.fetch(&base)?;
        let directory = match base.path() {
            "" => TreePath::root(),
            path => TreePath::root().join(path)?,
        };
        let root = existing_directory(&tree, &directory)?;
        // The same place under another name: the real program goes round until it is stopped.
        let is_here = |(earlier, visited): &(&Repository, &TreePath)| {
            Arc::ptr_eq(&earlier.tree, &tree) && **visited == root
        };
        if let Some((earlier, _)) = repositories().find(is_here) {
            return Err(cycle(&base, earlier));
        }
        let name = base.to_string().into();
        Ok(self.next(Some(Rc::new(Repository { base, name, tree })), root))
    }

    /// This loader, and those by which it was come to.
    fn on_the_way(&self) -> impl Iterator<Item = &Self> {
        iter::successors(Some(self), |loader| loader.referrer.as_deref())
    }

    fn next(&self, repository: Option<Rc<Repository>>, root: TreePath) -> Self {
        Self {
            files: self.files,
            repository,
            root,
            referrer: Some(Rc::new(self.clone())),
        }
    }

    /// Reads a file that the kustomization names.
    pub(crate) fn load(&self, reference: &str) -> Result<Loaded<'b>, LoadError> {
        if remote::is_url(reference) {
            return Err(LoadError::RemoteFile {
                url: remote::shown(reference),
            });
        }
        let restriction = match self.repository {
            Some(_) => LoadRestriction::RootOnly,
            None => self.files.restriction,
        };
        self.load_at(&self.root.join(reference)?, restriction)
    }

    /// Reads a file that may lie anywhere in the tree.
    pub(crate) fn load_anywhere(&self, reference: &str) -> Result<Loaded<'b>, LoadError> {
        self.load_at(&self.root.join(reference)?, LoadRestriction::None)
    }

    /// Whether the kustomization's own file of that name exists.
    pub(crate) fn has_file(&self, name: &str) -> bool {
        let path = self.root.join(name);
        path.is_ok_and(|path| matches!(self.tree().kind(&path), Ok(Kind::File)))
    }

    fn load_at(
        &self,
        path: &TreePath,
        restriction: LoadRestriction,
    ) -> Result<Loaded<'b>, LoadError> {
        let tree = self.tree();
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
        let place = Place {
            repository: self.remote_base().cloned(),
            path,
        };
        let sensitivity = match &opened.protection {
            Protection::None => Sensitivity::Plain,
            protection => {
                let mut all = self.files.opened.borrow_mut();
                if !all.iter().any(|(other, _)| *other == place) {
                    all.push((place.clone(), protection.clone()));
                }
                Sensitivity::Decrypted
            }
        };
        Ok(Loaded {
            place,
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
            remotes: Remotes::new(None, 0),
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
            ("https://x/y.yaml", Err("remote-file"), Err("remote-file")),
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
}
