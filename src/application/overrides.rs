//! Files beside a source's manifests that change how it is rendered: Argo CD's `.argocd-source.yaml` and
//! `.argocd-source-<application>.yaml` (argo-cd: reposerver/repository/repository.go, `mergeSourceParameters`).

use goyaml::decode::{Duplicates, YamlToJsonError, yaml_to_json};
use goyaml::{Limits, Value};
use tree::{OpenError, Opener, Tree, TreePath};

use super::fields::FieldError;
use super::source::Source;

/// The file for every application. That for one has its name before the extension.
pub const OVERRIDES: &str = ".argocd-source.yaml";

/// Why a file that changes a source cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OverridesError {
    /// It cannot be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Its name, which has that of the application in it, cannot be one.
    #[error(transparent)]
    Path(#[from] tree::PathError),
    /// It is no YAML.
    #[error("`{path}`")]
    Yaml {
        /// The file.
        path: TreePath,
        /// What is wrong.
        source: YamlToJsonError,
    },
    /// It does not fit.
    #[error("`{path}`")]
    Field {
        /// The file.
        path: TreePath,
        /// What is wrong.
        source: FieldError,
    },
}

impl OverridesError {
    /// The stable name of the reason.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Open(error) => error.reason(),
            Self::Path(error) => error.reason(),
            Self::Yaml { source, .. } => source.reason(),
            Self::Field { source, .. } => source.reason(),
        }
    }
}

/// The source as the files in its folder have it for `application`.
///
/// # Errors
///
/// When there is such a file and it cannot be used.
pub fn overrides_of(
    source: &Source,
    tree: &Tree,
    opener: &dyn Opener,
    folder: &TreePath,
    application: &str,
) -> Result<Source, OverridesError> {
    let mut overridden = source.clone();
    for name in [
        OVERRIDES.to_owned(),
        format!(".argocd-source-{application}.yaml"),
    ] {
        let path = folder.join(&name)?;
        match tree.kind(&path) {
            Ok(tree::Kind::File) => {}
            Ok(_) => continue,
            Err(error) if error.is_not_found() => continue,
            Err(error) => return Err(OpenError::from(error).into()),
        }
        let opened = opener.open(tree, &path)?;
        let text = opened.content.expose();
        let overrides = match yaml_to_json(text, Duplicates::LastWins, &Limits::default()) {
            Ok(Value::Null) => continue,
            Ok(overrides) => overrides,
            Err(source) => return Err(OverridesError::Yaml { path, source }),
        };
        overridden = overridden
            .overridden(&overrides)
            .map_err(|source| OverridesError::Field { path, source })?;
    }
    Ok(overridden)
}
