//! The transformers that set fields: namespaces, prefixes and suffixes, labels, annotations, images, numbers of replicas.
//!
//! Each is what the plugin of the same name is in the real program; a kustomization's own fields are turned into them.

mod image;
mod label;
mod name;
mod namespace;
mod replica;

use thiserror::Error;

use crate::fieldspec::{FieldError, FieldPath};
use crate::id::{Gvk, ResId};
use crate::kustomization::FieldSpec;
use crate::node::KindError;
use crate::resource::Resource;

pub use image::ImageTagTransformer;
pub(crate) use image::Reference;
pub use label::{AnnotationsTransformer, LabelTransformer};
pub use name::{Affix, NameTransformer};
pub use namespace::{NamespaceTransformer, SubjectMode};
pub use replica::ReplicaCountTransformer;

/// A transformer cannot change an object.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum TransformError {
    /// A field is not what it must be.
    #[error("considering field '{path}' of object {id}")]
    Field {
        /// The path of the field.
        path: String,
        /// The object.
        id: Box<ResId<'static>>,
        /// What is wrong.
        source: FieldError,
    },
    /// The metadata of an object are not what they must be.
    #[error("the metadata of {id} cannot be changed")]
    Metadata {
        /// The object.
        id: Box<ResId<'static>>,
        /// What is wrong.
        source: KindError,
    },
    /// Two objects would have one id.
    #[error("namespace transformation produces ID conflict: {id}")]
    IdConflict {
        /// The id.
        id: Box<ResId<'static>>,
    },
    /// The mode for the subjects of role bindings is unknown.
    #[error(
        "invalid value for setRoleBindingSubjects: must be one of \"defaultOnly\", \"none\" or \"allServiceAccounts\""
    )]
    SubjectMode,
    /// The name of an image is no regular expression.
    #[error("the image name `{name}` is not a valid pattern")]
    ImageName {
        /// The name.
        name: String,
    },
    /// No object has replicas to count.
    #[error("resource with name {name} does not match a config with the following GVK [{types}]")]
    NothingToScale {
        /// The name that was looked for.
        name: String,
        /// The types that were looked for.
        types: String,
    },
    /// Labels of a kustomization contradict the configuration.
    #[error("failed to merge labels: conflicting fieldspecs for {path}")]
    LabelFields {
        /// The path of the field.
        path: String,
    },
}

impl TransformError {
    /// A stable name for the kind of error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Field { source, .. } => source.reason(),
            Self::Metadata { source, .. } => source.reason(),
            Self::IdConflict { .. } => "namespace-id-conflict",
            Self::SubjectMode => "unknown-subject-mode",
            Self::ImageName { .. } => "invalid-image-name",
            Self::NothingToScale { .. } => "nothing-to-scale",
            Self::LabelFields { .. } => "conflicting-fieldspecs",
        }
    }
}

/// A field with its path split, to be looked for in many objects.
struct Field<'s> {
    spec: &'s FieldSpec,
    path: FieldPath<'s>,
}

impl<'s> Field<'s> {
    fn new(spec: &'s FieldSpec) -> Self {
        Self {
            spec,
            path: FieldPath::new(&spec.path),
        }
    }

    fn all(specs: &'s [FieldSpec]) -> Vec<Self> {
        specs.iter().map(Self::new).collect()
    }

    /// Whether objects of the type have the field.
    fn is_of(&self, gvk: &Gvk<'_>) -> bool {
        gvk.is_selected_by(&self.spec.gvk)
    }

    fn error(&self, resource: &Resource, source: FieldError) -> TransformError {
        TransformError::Field {
            path: self.spec.path.clone(),
            id: Box::new(resource.id().into_owned()),
            source,
        }
    }
}

fn metadata_error(resource: &Resource, source: KindError) -> TransformError {
    TransformError::Metadata {
        id: Box::new(resource.id().into_owned()),
        source,
    }
}
