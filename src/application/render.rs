//! The objects of one source, as Argo CD makes them (argo-cd: reposerver/repository/repository.go, `GenerateManifests`).

use kustomize::BuildOptions;
use tree::{Kind, ManifestFilter, Opener, PathError, ReadError, Tree, TreePath};

use super::environment::BuildEnvironment;
use super::overrides::{OverridesError, overrides_of};
use super::source::{Content, DirectoryOptions, Source, Tool};
use crate::pipeline::{self, DirectoryKind, RenderError, Rendered, directory_kind};

/// Why a source cannot be rendered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// It is a chart of a Helm repository.
    #[error("the Helm chart `{chart}` is not rendered: Helm is not supported yet")]
    Chart {
        /// The chart.
        chart: String,
    },
    /// It is to be rendered by Helm.
    #[error("`{path}` is a Helm chart: Helm is not supported yet")]
    Helm {
        /// The folder.
        path: TreePath,
    },
    /// There is no such folder.
    #[error("the path `{path}` of the source does not exist")]
    NoFolder {
        /// The path.
        path: TreePath,
    },
    /// The path is that of a file.
    #[error("the path `{path}` of the source is not a folder")]
    NotAFolder {
        /// The path.
        path: TreePath,
    },
    /// A file in its folder changes it, and cannot be used.
    #[error("cannot read how the source is rendered")]
    Overrides(#[from] OverridesError),
    /// The path cannot be one.
    #[error("the path of the source")]
    Path(#[from] PathError),
    /// It is to be rendered by a plugin.
    #[error("the source is rendered by a config management plugin: plugins are not supported yet")]
    Plugin,
    /// The folder cannot be looked at.
    #[error("cannot read `{path}`")]
    Read {
        /// The folder.
        path: TreePath,
        /// Why.
        source: ReadError,
    },
    /// It cannot be rendered.
    #[error(transparent)]
    Render(#[from] RenderError),
}

impl SourceError {
    /// The stable name of the reason.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Chart { .. } | Self::Helm { .. } => "helm-not-supported",
            Self::NoFolder { .. } => "no-folder",
            Self::NotAFolder { .. } => "not-a-directory",
            Self::Overrides(error) => error.reason(),
            Self::Path(error) => error.reason(),
            Self::Plugin => "plugin-not-supported",
            Self::Read { source, .. } => source.reason(),
            Self::Render(error) => error.reason(),
        }
    }
}

/// Whether a source is of a kind that can be rendered at all, as far as its manifest tells: so that nothing is fetched for
/// what cannot.
///
/// # Errors
///
/// When it is not.
pub fn check(source: &Source) -> Result<(), SourceError> {
    if let Content::Chart(chart) = &source.content {
        return Err(SourceError::Chart {
            chart: chart.clone(),
        });
    }
    match &source.tool {
        Tool::Plugin(_) => Err(SourceError::Plugin),
        Tool::Detected | Tool::Directory(_) | Tool::Helm(_) | Tool::Kustomize(_) => Ok(()),
    }
}

/// Renders a source of the application that `environment` is for. `root` is the top of the repository in `tree`. A source
/// that others only refer to has no objects.
///
/// # Errors
///
/// When it cannot be rendered, or not yet.
pub fn render(
    source: &Source,
    tree: &Tree,
    root: &TreePath,
    opener: &dyn Opener,
    environment: &BuildEnvironment<'_>,
    options: &BuildOptions,
) -> Result<Rendered, SourceError> {
    check(source)?;
    let path = match &source.content {
        Content::Path(path) => root.join(path)?,
        Content::Chart(_) | Content::Nothing => return Ok(Rendered::default()),
    };
    match tree.kind(&path) {
        Ok(Kind::Directory) => {}
        Ok(Kind::File | Kind::Special(_)) => return Err(SourceError::NotAFolder { path }),
        Err(error) if error.is_not_found() => return Err(SourceError::NoFolder { path }),
        Err(source) => return Err(SourceError::Read { path, source }),
    }
    let source = overrides_of(source, tree, opener, &path, environment.name)?;
    let directory = |filter: &ManifestFilter| {
        let path = &path;
        let source = pipeline::Source::Directory { path, filter };
        pipeline::render(tree, opener, &source)
    };
    let kustomization = |options: &BuildOptions| {
        let path = &path;
        let source = pipeline::Source::Kustomization { path, options };
        pipeline::render(tree, opener, &source)
    };
    Ok(match &source.tool {
        Tool::Detected => match directory_kind(tree, &path)? {
            DirectoryKind::Chart => return Err(SourceError::Helm { path }),
            DirectoryKind::Kustomization => kustomization(options)?,
            DirectoryKind::Manifests => directory(&DirectoryOptions::default().filter)?,
        },
        Tool::Directory(chosen) => directory(&chosen.filter)?,
        Tool::Helm(_) => return Err(SourceError::Helm { path }),
        Tool::Kustomize(changes) => kustomization(&BuildOptions {
            edits: changes.edits(environment),
            ..options.clone()
        })?,
        Tool::Plugin(_) => return Err(SourceError::Plugin),
    })
}
