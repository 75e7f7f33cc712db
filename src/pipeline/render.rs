//! The first stage: the manifests of a tree.

use tree::{ManifestFilter, OpenError, Opener, Protection, ReadError, Tree, TreePath};

use super::manifest::{self, Manifest, ManifestError, Manifests, Unrelated};
use super::resource::{Origin, Resource};
use super::secret_parts::SecretParts;

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
}

/// The objects of a source, in the order of its files, as they stand there: SOPS values opened, SealedSecrets sealed.
pub struct Rendered {
    resources: Vec<Resource>,
    skipped: Vec<Skipped>,
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
    /// A folder of another sort than plain manifests.
    #[error("`{path}` is the source of a {tool}, not a folder of plain manifests")]
    OtherTool {
        /// The file that says so.
        path: TreePath,
        /// What it is for.
        tool: &'static str,
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
            Self::OtherTool { .. } => "other-tool",
            Self::Jsonnet { .. } => "jsonnet",
        }
    }
}

impl Rendered {
    /// The objects.
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// The files that were passed over.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    pub(super) fn into_resources(self) -> Vec<Resource> {
        self.resources
    }
}

/// Files by which Argo CD takes a folder for another tool's source.
const OTHER_TOOLS: [(&str, &str); 4] = [
    ("Chart.yaml", "Helm chart"),
    ("Kustomization", "kustomization"),
    ("kustomization.yaml", "kustomization"),
    ("kustomization.yml", "kustomization"),
];

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
    let mut rendered = Rendered {
        resources: Vec::new(),
        skipped: Vec::new(),
    };
    match source {
        Source::Directory { path, filter } => {
            refuse_other_tools(tree, path)?;
            let manifests = filter
                .apply(tree, path)
                .map_err(|source| RenderError::List {
                    path: (*path).clone(),
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
                if let Some(why) = read(tree, opener, &file, &mut rendered.resources)? {
                    rendered.skipped.push(Skipped { path: file, why });
                }
            }
        }
        Source::File(path) => match read(tree, opener, path, &mut rendered.resources)? {
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
    }
    Ok(rendered)
}

fn refuse_other_tools(tree: &Tree, directory: &TreePath) -> Result<(), RenderError> {
    let entries = tree.list(directory).map_err(|source| RenderError::List {
        path: directory.clone(),
        source,
    })?;
    for entry in entries {
        let other = OTHER_TOOLS
            .iter()
            .find(|(name, _)| entry.path.file_name() == Some(name));
        if let Some((_, tool)) = other {
            return Err(RenderError::OtherTool {
                path: entry.path,
                tool,
            });
        }
    }
    Ok(())
}

/// Reads one file; `Some` when it was passed over.
fn read(
    tree: &Tree,
    opener: &dyn Opener,
    path: &TreePath,
    resources: &mut Vec<Resource>,
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
            let mut secret_parts = match opened.protection {
                Protection::None => Vec::new(),
                _ => secret_parts(path, &raw, objects.len()),
            }
            .into_iter();
            for Manifest {
                object,
                identity,
                line,
            } in objects
            {
                resources.push(Resource {
                    object,
                    identity,
                    origin: Origin {
                        path: path.clone(),
                        line,
                        protection: opened.protection.clone(),
                    },
                    secret: secret_parts.next().unwrap_or_default(),
                    was_sealed: false,
                });
            }
            Ok(None)
        }
    }
}

/// What is secret in each object of a protected file: what was encrypted there. The encrypted text has the same objects;
/// where it cannot be read as such, all of each is secret.
fn secret_parts(path: &TreePath, encrypted: &[u8], objects: usize) -> Vec<SecretParts> {
    match manifest::read(path.as_str(), encrypted) {
        Ok(Manifests::Objects(encrypted)) if encrypted.len() == objects => encrypted
            .iter()
            .map(|manifest| SecretParts::of_encrypted(&manifest.object))
            .collect(),
        _ => vec![SecretParts::All; objects],
    }
}
