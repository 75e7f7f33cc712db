//! Files of this machine: a working copy, a folder, a file, standard input.

use std::io::{self, Read};
use std::path::Path;

use kustomize::BuildOptions;
use tree::{ManifestFilter, MemoryEntry, Tree, TreePath};

use super::{Failure, place, source_identity};
use crate::cli::place::Root;
use crate::pipeline::{DirectoryKind, Source, directory_kind};

/// The name under which standard input is rendered.
const STANDARD_INPUT: &str = "stdin.yaml";

/// A tree and what in it is to be rendered.
pub(super) struct Place {
    pub(super) tree: Tree,
    /// What it is called.
    pub(super) name: String,
    /// What tells it from other sources.
    pub(super) identity: String,
    path: TreePath,
    is_directory: bool,
}

impl Place {
    /// The tree is the whole working copy, where there is one: links may lead to other places in it.
    pub(super) fn find(path: &Path) -> Result<Self, Failure> {
        if path.as_os_str() == "-" {
            return Self::standard_input();
        }
        let real = place::real_path(path)?;
        let is_directory = real.is_dir();
        let root = if is_directory && place::is_kustomization(&real) {
            Root::of_kustomization(&real)
        } else {
            Root::of(&real)
        };
        let path = root.below(&real)?;
        let name = if is_directory {
            real.file_name()
        } else {
            real.file_stem()
        };
        Ok(Self {
            tree: root.tree()?,
            name: name.unwrap_or_default().to_string_lossy().into_owned(),
            identity: root.repository().map_or_else(
                || format!("folder {}", real.display()),
                |repository| source_identity(&repository, &path),
            ),
            path,
            is_directory,
        })
    }

    fn standard_input() -> Result<Self, Failure> {
        let mut bytes = Vec::new();
        io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map_err(|source| Failure::Read {
                path: "standard input".to_owned(),
                source,
            })?;
        let path = TreePath::parse(STANDARD_INPUT).map_err(Failure::Path)?;
        let tree = Tree::memory([(path.clone(), MemoryEntry::file(bytes))], place::limits())
            .map_err(Failure::StandardInput)?;
        Ok(Self {
            tree,
            name: String::new(),
            identity: "standard input".to_owned(),
            path,
            is_directory: false,
        })
    }

    pub(super) fn source<'a>(
        &'a self,
        filter: &'a ManifestFilter,
        options: &'a BuildOptions,
    ) -> Result<Source<'a>, Failure> {
        if !self.is_directory {
            return Ok(Source::File(&self.path));
        }
        source(&self.tree, &self.path, filter, options)
    }
}

/// How a folder is rendered about which nobody says anything.
pub(super) fn source<'a>(
    tree: &Tree,
    path: &'a TreePath,
    filter: &'a ManifestFilter,
    options: &'a BuildOptions,
) -> Result<Source<'a>, Failure> {
    match directory_kind(tree, path)? {
        DirectoryKind::Chart => Err(Failure::Chart {
            path: path.to_string(),
        }),
        DirectoryKind::Kustomization => Ok(Source::Kustomization { path, options }),
        DirectoryKind::Manifests => Ok(Source::Directory { path, filter }),
    }
}
