//! Which files of a directory Argo CD takes for manifests.
//!
//! The rules are those of Argo CD's directory source (argo-cd: `reposerver/repository/repository.go`,
//! `getPotentiallyValidManifests`), up to where a file's content matters.

use crate::error::{ReadError, Special};
use crate::glob::Glob;
use crate::path::TreePath;
use crate::tree::{EntryKind, Kind, Tree};
use crate::walk::Depth;

/// `spec.source.directory` of an Argo CD Application, as far as it chooses files.
#[derive(Clone, Debug, Default)]
pub struct ManifestFilter {
    /// `recurse`.
    pub depth: Depth,
    /// `include`: only files whose path below the directory matches. A name alone does not match files in
    /// sub-directories, but `*` also matches slashes.
    pub include: Option<Glob>,
    /// `exclude`: no files whose path below the directory matches. Stronger than `include`.
    pub exclude: Option<Glob>,
    /// `disableExtensionFilter`.
    pub extensions: Extensions,
}

/// Which file names are those of manifests.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Extensions {
    /// Every name.
    Any,
    /// Names that end in `.yaml`, `.yml`, `.json` or `.jsonnet`, in lower case.
    #[default]
    Manifests,
}

impl Extensions {
    fn allow(self, path: &TreePath) -> bool {
        match self {
            Self::Any => true,
            Self::Manifests => {
                matches!(path.extension(), Some("yaml" | "yml" | "json" | "jsonnet"))
            }
        }
    }
}

/// The files that a filter lets through, in the order in which Argo CD reads them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Manifests {
    /// The files.
    pub files: Vec<TreePath>,
    /// Entries with a manifest's name that are passed over, which Argo CD logs as warnings.
    pub skipped: Vec<Skipped>,
}

/// An entry with a manifest's name that is no file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Skipped {
    /// The entry.
    pub path: TreePath,
    /// Why it is passed over.
    pub why: SkipReason,
}

/// Why an entry with a manifest's name is passed over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SkipReason {
    /// A link to nothing.
    DanglingLink,
    /// A link to a directory.
    LinkToDirectory,
    /// Neither file nor directory, or a link to such a thing.
    Special(Special),
}

impl ManifestFilter {
    /// The manifests in `directory`.
    ///
    /// # Errors
    ///
    /// When a directory cannot be listed, a link leads out of the tree, or an entry cannot be in a tree. As in
    /// Argo CD, a link that leads out is an error even where `exclude` matches it.
    pub fn apply(&self, tree: &Tree, directory: &TreePath) -> Result<Manifests, ReadError> {
        let mut manifests = Manifests::default();
        for entry in tree.walk(directory, self.depth)? {
            let entry = entry?;
            if !self.extensions.allow(&entry.path) {
                continue;
            }
            let skip = match entry.kind {
                EntryKind::File => None,
                EntryKind::Directory => continue,
                EntryKind::Special(kind) => Some(SkipReason::Special(kind)),
                EntryKind::Link => match tree.kind(&entry.path) {
                    Ok(Kind::File) => None,
                    Ok(Kind::Directory) => Some(SkipReason::LinkToDirectory),
                    Ok(Kind::Special(kind)) => Some(SkipReason::Special(kind)),
                    Err(error) if error.is_not_found() => Some(SkipReason::DanglingLink),
                    Err(error) => return Err(error),
                },
            };
            if let Some(why) = skip {
                manifests.skipped.push(Skipped {
                    path: entry.path,
                    why,
                });
            } else if self.chooses(entry.path.relative_to(directory).unwrap_or_default()) {
                manifests.files.push(entry.path);
            }
        }
        Ok(manifests)
    }

    fn chooses(&self, relative: &str) -> bool {
        let matches = |glob: &Option<Glob>| glob.as_ref().map(|glob| glob.matches(relative));
        !matches(&self.exclude).unwrap_or(false) && matches(&self.include).unwrap_or(true)
    }
}
