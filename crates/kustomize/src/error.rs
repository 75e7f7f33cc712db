//! Why a build fails.

use std::sync::Arc;

use thiserror::Error;
use tree::TreePath;

use crate::budget::OverBudget;
use crate::config::ConfigError;
use crate::edit::EditError;
use crate::generators::GenerateError;
use crate::id::ResId;
use crate::kustomization::KustomizationError;
use crate::loader::LoadError;
use crate::manifest::ManifestError;
use crate::nameref::NameReferenceError;
use crate::node::KindError;
use crate::order::OrderError;
use crate::output::OutputError;
use crate::patch::PatchError;
use crate::replacements::ReplacementError;
use crate::resmap::ResMapError;
use crate::schema::{CrdError, SchemaError};
use crate::target::{EntryError, PluginError};
use crate::transform::TransformError;
use crate::vars::VarError;

/// A kustomization cannot be built. Kustomizations are told by their directories.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The directory to build cannot be used.
    #[error("must build at a directory")]
    Directory(#[source] Box<LoadError>),
    /// The directory holds no kustomization.
    #[error(
        "unable to find one of `kustomization.yaml`, `kustomization.yml` or `Kustomization` in directory `{directory}`"
    )]
    NoKustomization {
        /// The directory.
        directory: TreePath,
    },
    /// The directory holds several kustomizations.
    #[error("found multiple kustomization files in directory `{directory}`")]
    SeveralKustomizations {
        /// The directory.
        directory: TreePath,
    },
    /// The kustomization's file cannot be read.
    #[error("cannot read the kustomization in `{directory}`")]
    ReadKustomization {
        /// The directory.
        directory: TreePath,
        /// What is wrong.
        source: Box<LoadError>,
    },
    /// The kustomization's file is none.
    #[error("invalid kustomization `{file}`")]
    Kustomization {
        /// The file.
        file: TreePath,
        /// What is wrong.
        source: Box<KustomizationError>,
    },
    /// The kustomization cannot be changed before it is built.
    #[error("cannot edit the kustomization `{file}`")]
    Edit {
        /// The file.
        file: TreePath,
        /// What is wrong.
        source: Box<EditError>,
    },
    /// `components` names a kustomization that is no component.
    #[error(
        "{kustomization}: expected kind `Component` in `{directory}`, which `components` names"
    )]
    NotAComponent {
        /// The kustomization.
        kustomization: TreePath,
        /// What it names.
        directory: TreePath,
    },
    /// `resources` names a component.
    #[error("{kustomization}: `{directory}` is a component and belongs in `components`")]
    IsAComponent {
        /// The kustomization.
        kustomization: TreePath,
        /// What it names.
        directory: TreePath,
    },
    /// Kustomizations name each other without end, or nearly so.
    #[error("more than {limit} kustomizations in one another (at `{directory}`)")]
    TooDeep {
        /// The innermost.
        directory: TreePath,
        /// The limit.
        limit: usize,
    },
    /// The build reads too many kustomizations, counted each time.
    #[error("more than {limit} kustomizations in one build (at `{directory}`)")]
    TooManyKustomizations {
        /// The first one over the limit.
        directory: TreePath,
        /// The limit.
        limit: usize,
    },
    /// The build takes too much.
    #[error("{kustomization}: `{field}` cannot be followed")]
    OverBudget {
        /// The kustomization.
        kustomization: TreePath,
        /// The field at which the limit was reached.
        field: &'static str,
        /// What it takes too much of.
        source: OverBudget,
    },
    /// A file or directory cannot be used.
    #[error("{kustomization}: cannot use `{reference}`, named in `{field}`")]
    Load {
        /// The kustomization.
        kustomization: TreePath,
        /// The field that names the file.
        field: &'static str,
        /// The file as it is named.
        reference: String,
        /// What is wrong.
        source: Box<LoadError>,
    },
    /// A remote base cannot be built. Places in the cause are of that repository.
    #[error("in the remote base `{base}`")]
    RemoteBase {
        /// The base, without credentials.
        base: Arc<str>,
        /// What is wrong.
        source: Box<Self>,
    },
    /// A file holds no objects.
    #[error("{kustomization}: `{reference}`, named in `{field}`, holds no valid objects")]
    Manifest {
        /// The kustomization.
        kustomization: TreePath,
        /// The field that names the file.
        field: &'static str,
        /// The file as it is named.
        reference: String,
        /// What is wrong.
        source: Box<ManifestError>,
    },
    /// Objects of one file or kustomization do not fit those that are there.
    #[error("{kustomization}: cannot add the objects of `{reference}`, named in `{field}`")]
    Merge {
        /// The kustomization.
        kustomization: TreePath,
        /// The field that names them.
        field: &'static str,
        /// What is named.
        reference: String,
        /// What is wrong.
        source: Box<ResMapError>,
    },
    /// An object cannot be generated.
    #[error("{kustomization}: cannot generate an object of `{field}`")]
    Generate {
        /// The kustomization.
        kustomization: TreePath,
        /// The field that asks for it.
        field: &'static str,
        /// What is wrong.
        source: Box<GenerateError>,
    },
    /// A generated object does not fit those that are there.
    #[error("{kustomization}: cannot add a generated object of `{field}`")]
    Absorb {
        /// The kustomization.
        kustomization: TreePath,
        /// The field that asks for it.
        field: &'static str,
        /// What is wrong.
        source: Box<ResMapError>,
    },
    /// A chart is to be inflated.
    #[error("{kustomization}: inflating the Helm chart `{chart}` is not supported")]
    Helm {
        /// The kustomization.
        kustomization: TreePath,
        /// The name of the chart.
        chart: String,
    },
    /// A file of rules, or one of custom types, cannot be used.
    #[error("{kustomization}: cannot add the rules that `{field}` names in `{reference}`")]
    Configuration {
        /// The kustomization.
        kustomization: TreePath,
        /// The field that names the file.
        field: &'static str,
        /// The file as it is named.
        reference: String,
        /// What is wrong.
        source: Box<ConfigError>,
    },
    /// A file of custom types cannot be read.
    #[error("{kustomization}: cannot read the types that `crds` names in `{reference}`")]
    Crd {
        /// The kustomization.
        kustomization: TreePath,
        /// The file as it is named.
        reference: String,
        /// What is wrong.
        source: Box<CrdError>,
    },
    /// The field `openapi` cannot be followed.
    #[error("{kustomization}: cannot use the schema that `openapi` names")]
    Schema {
        /// The kustomization.
        kustomization: TreePath,
        /// What is wrong.
        source: Box<SchemaError>,
    },
    /// A plugin cannot be used.
    #[error("{kustomization}: cannot use the plugin {id}")]
    Plugin {
        /// The kustomization.
        kustomization: TreePath,
        /// The object that configures it.
        id: Box<ResId<'static>>,
        /// What is wrong.
        source: Box<PluginError>,
    },
    /// A patch or replacement cannot be read.
    #[error("{kustomization}: cannot use an entry of `{field}`")]
    Entry {
        /// The kustomization.
        kustomization: TreePath,
        /// The field that holds it.
        field: &'static str,
        /// What is wrong.
        source: Box<EntryError>,
    },
    /// A patch does not fit the objects.
    #[error("{kustomization}: cannot apply a patch of `{field}`")]
    Patch {
        /// The kustomization.
        kustomization: TreePath,
        /// The field that holds it.
        field: &'static str,
        /// What is wrong.
        source: Box<PatchError>,
    },
    /// A value cannot be replaced.
    #[error("{kustomization}: cannot make a replacement")]
    Replacement {
        /// The kustomization.
        kustomization: TreePath,
        /// What is wrong.
        source: Box<ReplacementError>,
    },
    /// A transformer cannot change the objects.
    #[error("{kustomization}: cannot change the objects")]
    Transform {
        /// The kustomization.
        kustomization: TreePath,
        /// What is wrong.
        source: Box<TransformError>,
    },
    /// A validator changes objects.
    #[error("{kustomization}: validator shouldn't modify the resource map")]
    ValidatorChanges {
        /// The kustomization.
        kustomization: TreePath,
    },
    /// Vars cannot be added or replaced.
    #[error("{kustomization}: cannot use the vars")]
    Vars {
        /// The kustomization.
        kustomization: TreePath,
        /// What is wrong.
        source: Box<VarError>,
    },
    /// A reference to a name cannot be brought up to date.
    #[error("cannot update a reference to a name")]
    NameReference(#[source] Box<NameReferenceError>),
    /// An object cannot be written.
    #[error(transparent)]
    Output(Box<OutputError>),
    /// An object has metadata that cannot be changed.
    #[error("the metadata of {id} cannot be changed")]
    Metadata {
        /// The object.
        id: Box<ResId<'static>>,
        /// What is wrong.
        source: KindError,
    },
    /// At the end, an object is not what it must be.
    #[error("{id} is no valid object any more")]
    Invalid {
        /// The object.
        id: Box<ResId<'static>>,
        /// What is wrong.
        source: Box<ManifestError>,
    },
    /// The data of an object cannot be hashed.
    #[error("cannot compute the hash for the name")]
    Hash(#[source] Box<OutputError>),
    /// The objects cannot be put in order.
    #[error("cannot sort the objects")]
    Order(#[source] Box<OrderError>),
}

impl BuildError {
    /// A stable name for the kind of error.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Directory(source)
            | Self::ReadKustomization { source, .. }
            | Self::Load { source, .. } => source.reason(),
            Self::RemoteBase { source, .. } => source.reason(),
            Self::NoKustomization { .. } => "no-kustomization",
            Self::SeveralKustomizations { .. } => "several-kustomizations",
            Self::Kustomization { source, .. } => source.reason(),
            Self::Edit { source, .. } => source.reason(),
            Self::NotAComponent { .. } => "not-a-component",
            Self::IsAComponent { .. } => "is-a-component",
            Self::TooDeep { .. } => "kustomizations-too-deep",
            Self::TooManyKustomizations { .. } => "too-many-kustomizations",
            Self::OverBudget { source, .. } => source.reason(),
            Self::Manifest { source, .. } | Self::Invalid { source, .. } => source.reason(),
            Self::Merge { source, .. } | Self::Absorb { source, .. } => source.reason(),
            Self::Generate { source, .. } => source.reason(),
            Self::Helm { .. } => "helm-chart",
            Self::Configuration { source, .. } => source.reason(),
            Self::Crd { source, .. } => source.reason(),
            Self::Schema { source, .. } => source.reason(),
            Self::Plugin { source, .. } => source.reason(),
            Self::Entry { source, .. } => source.reason(),
            Self::Patch { source, .. } => source.reason(),
            Self::Replacement { source, .. } => source.reason(),
            Self::Transform { source, .. } => source.reason(),
            Self::ValidatorChanges { .. } => "validator-changes",
            Self::Vars { source, .. } => source.reason(),
            Self::NameReference(source) => source.reason(),
            Self::Metadata { source, .. } => source.reason(),
            Self::Hash(source) | Self::Output(source) => source.reason(),
            Self::Order(source) => source.reason(),
        }
    }
}
