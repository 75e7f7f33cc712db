//! Why a kustomization cannot be changed.

use thiserror::Error;

use crate::loader::LoadError;

/// A kustomization cannot be changed as asked for.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EditError {
    /// An image has none of the forms that there are.
    #[error(
        "`{image}` is no change of an image: these are `name=new:tag@digest`, `name=new`, `name:tag@digest`, `name:tag` \
         and `name@digest`"
    )]
    Image {
        /// What it is.
        image: String,
    },
    /// The name of an object whose replicas are set has an equals sign.
    #[error("`{name}` is no name of an object whose replicas can be set")]
    ReplicaName {
        /// The name.
        name: String,
    },
    /// A label without a name.
    #[error("a label or annotation has no name")]
    NoName,
    /// The kustomization has the label.
    #[error("label {name} already in kustomization file")]
    LabelExists {
        /// The name of the label.
        name: String,
    },
    /// The kustomization has the annotation.
    #[error("annotation {name} already in kustomization file")]
    AnnotationExists {
        /// The name of the annotation.
        name: String,
    },
    /// Labels are asked for in templates, and in selectors.
    #[error("labels go to templates alone only where they do not go to selectors")]
    TemplatesWithSelectors,
    /// There is no such component.
    #[error("component `{component}` has no match")]
    MissingComponent {
        /// The component as it is named.
        component: String,
        /// What is wrong.
        source: Box<LoadError>,
    },
    /// The name of a component is no pattern.
    #[error("component `{component}`: syntax error in pattern")]
    Pattern {
        /// The component as it is named.
        component: String,
    },
}

impl EditError {
    /// A stable name for the kind of error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Image { .. } => "edit-image",
            Self::ReplicaName { .. } => "edit-replicas",
            Self::NoName => "edit-no-name",
            Self::LabelExists { .. } => "label-exists",
            Self::AnnotationExists { .. } => "annotation-exists",
            Self::TemplatesWithSelectors => "labels-in-templates-and-selectors",
            Self::MissingComponent { source, .. } => source.reason(),
            Self::Pattern { .. } => "component-pattern",
        }
    }
}
