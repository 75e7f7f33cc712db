//! The first stage: the manifests of a tree.

use kustomize::BuildOptions;
use kustomize::resource::{Place as SourcePlace, Sensitivity, SourceFile};
use tree::{
    EntryKind, ManifestFilter, OpenError, Opener, Protection, ReadError, SecretParts, Tree,
    TreePath,
};

use super::manifest::{self, ManifestError, Manifests, Place, Unrelated};
use super::resource::{Identity, IdentityError, Opening, Origin, Resource};

/// What is to be rendered.
pub enum Source<'a> {
    /// The manifests of a folder, as Argo CD's directory source finds them. Other files are passed over.
    Directory {
        /// The folder.
        path: &'a TreePath,
        /// Which files below it count.
        filter: &'a ManifestFilter,
    },
    /// One file, which must hold manifests.
    File(&'a TreePath),
    /// A kustomization.
    Kustomization {
        /// Its folder.
        path: &'a TreePath,
        /// How it is built.
        options: &'a BuildOptions,
    },
}

/// The objects of a source, in the order of its files, as they stand there: SOPS values opened, SealedSecrets sealed.
#[derive(Default)]
pub struct Rendered {
    resources: Vec<Resource>,
    skipped: Vec<Skipped>,
    opened: Vec<(SourcePlace, Protection)>,
    warnings: Vec<kustomize::Warning>,
}

/// A file that was passed over.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Skipped {
    /// The file.
    pub path: TreePath,
    /// Why.
    pub why: Unrelated,
}

/// Why a source cannot be rendered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The folder cannot be listed.
    #[error("cannot list `{path}`")]
    List {
        /// The folder.
        path: TreePath,
        /// Why.
        source: ReadError,
    },
    /// A file cannot be read, or not be decrypted.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A file cannot be read as manifests.
    #[error("`{path}`")]
    Manifest {
        /// The file.
        path: TreePath,
        /// Why.
        source: ManifestError,
    },
    /// A file that was named holds no manifest.
    #[error("`{path}` holds no Kubernetes manifest")]
    NoManifest {
        /// The file.
        path: TreePath,
    },
    /// A kustomization cannot be built.
    #[error(transparent)]
    Kustomization(#[from] kustomize::BuildError),
    /// An object of a kustomization cannot be written.
    #[error(transparent)]
    KustomizationOutput(#[from] kustomize::OutputError),
    /// What a kustomization made is no object.
    #[error("{origin}: not a Kubernetes object")]
    Object {
        /// Where it came from.
        origin: Box<Origin>,
        /// What is missing.
        source: IdentityError,
    },
    /// A Jsonnet file.
    #[error("`{path}` is Jsonnet, which lockstep does not evaluate")]
    Jsonnet {
        /// The file.
        path: TreePath,
    },
}

impl RenderError {
    /// The stable name of the reason.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::List { source, .. } => source.reason(),
            Self::Open(error) => error.reason(),
            Self::Manifest { source, .. } => source.reason(),
            Self::NoManifest { .. } => "no-manifest",
            Self::Kustomization(error) => error.reason(),
            Self::KustomizationOutput(error) => error.reason(),
            Self::Object { source, .. } => source.reason(),
            Self::Jsonnet { .. } => "jsonnet",
        }
    }
}

impl Rendered {
    /// The objects.
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// The protected files that were opened.
    pub fn opened(&self) -> &[(SourcePlace, Protection)] {
        &self.opened
    }

    /// What is worth telling about a kustomization.
    pub fn warnings(&self) -> &[kustomize::Warning] {
        &self.warnings
    }

    /// The files that were passed over.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Adds the objects of another source behind these.
    pub fn append(&mut self, mut other: Self) {
        self.resources.append(&mut other.resources);
        self.skipped.append(&mut other.skipped);
        self.opened.append(&mut other.opened);
        self.warnings.append(&mut other.warnings);
    }

    pub(super) fn into_resources(self) -> Vec<Resource> {
        self.resources
    }
}

/// Renders a source.
///
/// A file is opened only where it can hold manifests: an encrypted file that nobody asks for stays closed.
///
/// # Errors
///
/// When something cannot be read, opened or understood. There is no partial result.
pub fn render(
    tree: &Tree,
    opener: &dyn Opener,
    source: &Source<'_>,
) -> Result<Rendered, RenderError> {
    let mut rendered = Rendered::default();
    match source {
        Source::Directory { path, filter } => directory(tree, opener, path, filter, &mut rendered)?,
        Source::File(path) => match read(tree, opener, path, &mut rendered)? {
            Some(Unrelated::NoManifest) => {
                return Err(RenderError::NoManifest {
                    path: (*path).clone(),
                });
            }
            Some(why) => rendered.skipped.push(Skipped {
                path: (*path).clone(),
                why,
            }),
            None => {}
        },
        Source::Kustomization { path, options } => {
            kustomization(tree, opener, path, options, &mut rendered)?
        }
    }
    Ok(rendered)
}

/// What a folder is the source of, by the files that Argo CD goes by (argo-cd: `util/app/discovery`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DirectoryKind {
    /// A Helm chart.
    Chart,
    /// A kustomization.
    Kustomization,
    /// Plain manifests.
    Manifests,
}

/// Finds out what a folder is the source of.
///
/// # Errors
///
/// When it cannot be listed.
pub fn directory_kind(tree: &Tree, directory: &TreePath) -> Result<DirectoryKind, RenderError> {
    let entries = tree.list(directory).map_err(|source| RenderError::List {
        path: directory.clone(),
        source,
    })?;
    let mut names: Vec<&str> = entries
        .iter()
        .filter(|entry| entry.kind != EntryKind::Directory)
        .filter_map(|entry| entry.path.file_name())
        .collect();
    names.sort_unstable();
    // Argo CD walks the folder by name, and the last file that says something counts.
    let kind = |name: &str| {
        if kustomize::kustomization::FILE_NAMES.contains(&name) {
            Some(DirectoryKind::Kustomization)
        } else {
            name.ends_with("Chart.yaml").then_some(DirectoryKind::Chart)
        }
    };
    let kind = names.into_iter().rev().find_map(kind);
    Ok(kind.unwrap_or(DirectoryKind::Manifests))
}

fn directory(
    tree: &Tree,
    opener: &dyn Opener,
    path: &TreePath,
    filter: &ManifestFilter,
    rendered: &mut Rendered,
) -> Result<(), RenderError> {
    let manifests = filter
        .apply(tree, path)
        .map_err(|source| RenderError::List {
            path: path.clone(),
            source,
        })?;
    rendered
        .skipped
        .extend(manifests.skipped.into_iter().map(|entry| Skipped {
            path: entry.path,
            why: Unrelated::NoFile,
        }));
    for file in manifests.files {
        if file.extension() == Some("jsonnet") {
            return Err(RenderError::Jsonnet { path: file });
        }
        if let Some(why) = read(tree, opener, &file, rendered)? {
            rendered.skipped.push(Skipped { path: file, why });
        }
    }
    Ok(())
}

fn kustomization(
    tree: &Tree,
    opener: &dyn Opener,
    path: &TreePath,
    options: &BuildOptions,
    rendered: &mut Rendered,
) -> Result<(), RenderError> {
    let built = kustomize::build(tree, opener, path, options)?;
    for resource in &built.resources {
        let object = kustomize::output::value(resource)?;
        let origin = match resource.source() {
            Some(SourceFile { place, line }) => Origin {
                repository: place.repository.clone(),
                path: place.path.clone(),
                line: *line,
            },
            None => Origin {
                repository: None,
                path: path.clone(),
                line: 0,
            },
        };
        let identity = Identity::of_built(&object).map_err(|source| RenderError::Object {
            origin: Box::new(origin.clone()),
            source,
        })?;
        let (opened, secret) = match resource.sensitivity() {
            Sensitivity::Plain => (Opening::None, SecretParts::None),
            Sensitivity::Decrypted => (Opening::Decrypted, parts_of_decrypted(&identity.kind)),
        };
        rendered.resources.push(Resource {
            object,
            identity,
            origin,
            secret,
            opened,
        });
    }
    rendered.opened = built.opened;
    rendered.warnings = built.warnings;
    Ok(())
}

/// Reads one file; `Some` when it was passed over.
fn read(
    tree: &Tree,
    opener: &dyn Opener,
    path: &TreePath,
    rendered: &mut Rendered,
) -> Result<Option<Unrelated>, RenderError> {
    let raw = tree.read(path).map_err(OpenError::from)?;
    if !manifest::may_hold_manifests(&raw) {
        return Ok(Some(manifest::unrelated(&raw)));
    }
    let opened = opener.open(tree, path)?;
    let manifests = manifest::read(path.as_str(), opened.content.expose()).map_err(|source| {
        RenderError::Manifest {
            path: path.clone(),
            source,
        }
    })?;
    match manifests {
        Manifests::Unrelated(why) => Ok(Some(why)),
        Manifests::Objects(objects) => {
            let opening = match opened.protection {
                Protection::None => Opening::None,
                _ => Opening::Decrypted,
            };
            for manifest in objects {
                let secret = secret_parts(&opened.protection, &manifest.place);
                rendered.resources.push(Resource {
                    object: manifest.object,
                    identity: manifest.identity,
                    origin: Origin {
                        repository: None,
                        path: path.clone(),
                        line: manifest.line,
                    },
                    secret,
                    opened: opening,
                });
            }
            if opening == Opening::Decrypted {
                let place = SourcePlace {
                    repository: None,
                    path: path.clone(),
                };
                rendered.opened.push((place, opened.protection));
            }
            Ok(None)
        }
    }
}

/// What is secret in an object of a file: what was encrypted there.
fn secret_parts(protection: &Protection, place: &Place) -> SecretParts {
    let documents = match protection {
        Protection::None => return SecretParts::None,
        Protection::Sops(sops) => &sops.encrypted,
        _ => return SecretParts::All,
    };
    let document = documents.get(place.document).unwrap_or(&SecretParts::All);
    let object = place
        .items
        .iter()
        .fold(document, |list, item| list.entry("items").item(*item));
    object.clone()
}

/// What is secret in an object of which some was decrypted before a kustomization made it. All of a ConfigMap's data
/// counts: it is what files become.
fn parts_of_decrypted(kind: &str) -> SecretParts {
    match kind {
        "ConfigMap" => SecretParts::Object(
            ["data", "binaryData"]
                .map(|field| (field.to_owned(), SecretParts::All))
                .into(),
        ),
        _ => SecretParts::Somewhere,
    }
}
