//! A build from its start to its result.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use tree::{Opener, Protection, Tree, TreePath};

use crate::budget::Budget;
use crate::cache::ParseCache;
use crate::edit::Edits;
use crate::error::BuildError;
use crate::loader::{Files, LoadRestriction, Loader, Remotes};
use crate::order::Order;
use crate::output::{self, OutputError};
use crate::remote::RemoteBases;
use crate::resource::{Place, Resource};
use crate::schema::Schema;
use crate::target::{self, Session};
use crate::warning::Warning;

/// How a kustomization is built.
#[derive(Clone, Default)]
pub struct BuildOptions {
    /// Where files may lie.
    pub load_restriction: LoadRestriction,
    /// The order of the output where the kustomization says nothing of it.
    pub order: Order,
    /// Bounds on what one build may take.
    pub limits: BuildLimits,
    /// Changes of the kustomization before it is built.
    pub edits: Edits,
    /// Where parsed files are kept for later builds. It changes nothing in what is built.
    pub cache: Option<Arc<ParseCache>>,
    /// Who fetches bases in other repositories. Without, they are refused.
    pub remote_bases: Option<Arc<dyn RemoteBases>>,
}

/// Bounds on what one build may take, so that kustomizations that multiply come to an end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BuildLimits {
    /// How many kustomizations can be in one another.
    pub depth: usize,
    /// How many kustomizations are read, each counted every time it is named.
    pub kustomizations: usize,
    /// How many revisions of other repositories are asked for.
    pub remote_bases: usize,
    /// How many bytes of memory the build may use for files and objects, by estimate: what files are parsed to, each
    /// counted every time it is named, what generators read, and what patches, labels, replacements, vars and the like
    /// put into objects. Nothing is given back when objects are dropped. An object of ordinary size takes about 10 KiB.
    pub bytes: usize,
    /// How often it may be asked whether an object or a field is meant: by a selector of a patch or replacement for every
    /// object, by a rule of a configuration for every sixteenth object.
    pub visits: usize,
}

impl Default for BuildLimits {
    fn default() -> Self {
        Self {
            depth: 128,
            kustomizations: 20_000,
            remote_bases: 64,
            bytes: 1 << 30,
            visits: 100_000_000,
        }
    }
}

/// What a build gave.
#[derive(Debug)]
pub struct Built {
    /// The objects in the order of the output.
    pub resources: Vec<Resource>,
    /// What is worth telling.
    pub warnings: Vec<Warning>,
    /// The protected files that were opened, in the order in which they were asked for first.
    pub opened: Vec<(Place, Protection)>,
}

impl Built {
    /// What `kustomize build` prints.
    ///
    /// # Errors
    ///
    /// When an object holds what JSON cannot, or names a field twice.
    pub fn to_yaml(&self) -> Result<String, OutputError> {
        output::yaml(&self.resources)
    }
}

/// Builds the kustomization in a directory.
///
/// Files are found in `tree`, and in the trees of remote bases where the options allow any, and read through `opener`;
/// nothing else is asked.
///
/// # Errors
///
/// See [`BuildError`].
pub fn build(
    tree: &Tree,
    opener: &dyn Opener,
    directory: &TreePath,
    options: &BuildOptions,
) -> Result<Built, BuildError> {
    let budget = Budget::new(&options.limits);
    let files = Files {
        tree,
        opener,
        restriction: options.load_restriction,
        opened: RefCell::default(),
        cache: options.cache.as_deref(),
        budget: &budget,
        remotes: Remotes::new(options.remote_bases.as_deref(), options.limits.remote_bases),
    };
    let loader =
        Loader::at(&files, directory).map_err(|source| BuildError::Directory(Box::new(source)))?;
    let session = Session {
        schema: Arc::new(Schema::default()),
        warnings: RefCell::default(),
        limits: options.limits.clone(),
        entered: Cell::default(),
    };
    let resources = target::build(&session, loader, options)?;
    Ok(Built {
        resources: resources.into_vec(),
        warnings: session.warnings.into_inner(),
        opened: files.opened.into_inner(),
    })
}
