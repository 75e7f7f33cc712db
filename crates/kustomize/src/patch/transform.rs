//! Patching the objects of a build (api: internal/builtins/Patch*Transformer.go, resource/resource.go).

use std::sync::Arc;

use goyaml::{Node, emit};
use thiserror::Error;

use super::{JsonPatch, Patches, json6902::ApplyError};
use crate::{
    budget::{Budget, OverBudget},
    id::ResId,
    kustomization::PatchOptions,
    merge::{self, MergeError, Outcome},
    node::{self, KindError},
    output::KYAML,
    resmap::{ResMap, ResMapError},
    resource::{Resource, Sensitivity, annotation},
    schema::Schema,
    selector::CompiledSelector,
};

/// What all patches of one text have in common.
#[derive(Clone, Debug)]
pub struct Patcher<'p> {
    /// What is known of types.
    pub schema: &'p Arc<Schema>,
    /// Whether the text was encrypted.
    pub sensitivity: Sensitivity,
    /// What the patches may do.
    pub options: PatchOptions,
    /// What the build may take.
    pub budget: &'p Budget,
}

/// A patch cannot be applied.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum PatchError {
    /// The build takes too much.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
    /// No object has the id of a strategic merge patch.
    #[error(
        "no resource matches strategic merge patch {id}: no matches for Id {id}; failed to find unique target for patch {id}"
    )]
    NoTarget {
        /// The patch's id.
        id: Box<ResId<'static>>,
    },
    /// Several objects have, or had, the id of a strategic merge patch.
    #[error(
        "no resource matches strategic merge patch {id}: multiple matches for Id {id}; failed to find unique target for patch {id}"
    )]
    SeveralTargets {
        /// The patch's id.
        id: Box<ResId<'static>>,
    },
    /// A JSON patch names no target.
    #[error("must specify a target for JSON patch")]
    UntargetedJson,
    /// Several strategic merge patches share a target.
    #[error(
        "multiple strategic merge patches in one `patches` entry are not allowed to set `patches.target` field"
    )]
    SeveralWithTarget,
    /// A strategic merge patch does not fit an object.
    #[error("cannot merge the patch into {id}")]
    Merge {
        /// The object's id.
        id: Box<ResId<'static>>,
        /// What is wrong.
        source: MergeError,
    },
    /// A JSON patch does not fit an object.
    #[error("cannot apply the JSON patch to {id}")]
    Json {
        /// The object's id.
        id: Box<ResId<'static>>,
        /// What is wrong.
        source: ApplyError,
    },
    /// An object or patch has metadata that cannot be changed.
    #[error("the metadata of {id} cannot be changed")]
    Metadata {
        /// The id of the object or patch.
        id: Box<ResId<'static>>,
        /// What is wrong.
        source: KindError,
    },
    /// A patch has given an object the id of another.
    #[error(transparent)]
    Conflict(#[from] ResMapError),
}

impl PatchError {
    /// A stable name of the error.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::OverBudget(error) => error.reason(),
            Self::NoTarget { .. } => "patch-without-target",
            Self::SeveralTargets { .. } => "patch-target-ambiguous",
            Self::UntargetedJson => "json-patch-untargeted",
            Self::SeveralWithTarget => "patches-share-target",
            Self::Merge { source, .. } => source.reason(),
            Self::Json { source, .. } => source.reason(),
            Self::Metadata { source, .. } => source.reason(),
            Self::Conflict(source) => source.reason(),
        }
    }
}

impl Patcher<'_> {
    /// Applies an entry of `patches`: strategic merge patches to the objects of their ids, or one to the objects that
    /// the target selects; a JSON patch to the latter.
    ///
    /// # Errors
    ///
    /// See [`PatchError`]. A target that selects nothing is no error.
    pub fn apply(
        &self,
        objects: &mut ResMap,
        patches: &Patches,
        target: Option<&CompiledSelector>,
    ) -> Result<(), PatchError> {
        match (patches, target) {
            (Patches::Json(_), None) => Err(PatchError::UntargetedJson),
            (Patches::Json(patch), Some(target)) => {
                self.patch_selected(objects, patch, target, History::Kept)
            }
            (Patches::Strategic(patches), Some(target)) => match patches.as_slice() {
                [] => Ok(()),
                [patch] => {
                    let patch = self.resource(patch)?;
                    let selected = self.places(objects, target)?;
                    self.merge_alike(objects, &selected, &patch)
                }
                _ => Err(PatchError::SeveralWithTarget),
            },
            (Patches::Strategic(patches), None) => {
                for patch in patches {
                    let patch = self.resource(patch)?;
                    let place = unique_target(objects, &patch)?;
                    objects.change(place, |object| self.merge(object, &patch))?;
                }
                Ok(())
            }
        }
        .map(|()| objects.drop_empty())
    }

    /// Applies patches of `patchesStrategicMerge`.
    ///
    /// # Errors
    ///
    /// See [`PatchError`].
    pub fn apply_strategic(
        &self,
        objects: &mut ResMap,
        patches: &[Node],
    ) -> Result<(), PatchError> {
        for patch in patches {
            let patch = self.resource(patch)?;
            let place = unique_target(objects, &patch)?;
            self.merge_alike(objects, &[place], &patch)?;
        }
        Ok(())
    }

    /// Applies an entry of `patchesJson6902`.
    ///
    /// # Errors
    ///
    /// See [`PatchError`]. A target that selects nothing is no error.
    pub fn apply_json(
        &self,
        objects: &mut ResMap,
        patch: &JsonPatch,
        target: &CompiledSelector,
    ) -> Result<(), PatchError> {
        self.patch_selected(objects, patch, target, History::Lost)?;
        objects.drop_empty();
        Ok(())
    }

    /// The patch as an object, which is what carries its permissions.
    fn resource(&self, patch: &Node) -> Result<Resource, PatchError> {
        let mut patch = Resource::new(patch.clone(), Arc::clone(self.schema));
        for (allowed, key) in [
            (
                self.options.allow_name_change,
                annotation::ALLOW_NAME_CHANGE,
            ),
            (
                self.options.allow_kind_change,
                annotation::ALLOW_KIND_CHANGE,
            ),
        ] {
            if allowed {
                // All annotations become strings, nulls too, which then remove nothing (api: resource.go `enable`).
                let mut annotations = patch.annotations();
                annotations.insert(key.to_owned(), annotation::ENABLED.to_owned());
                let set = patch.set_annotations(annotations);
                set.map_err(|source| metadata_error(&patch, source))?;
            }
        }
        Ok(patch)
    }

    /// Merges a patch into several objects, whatever its own type is. Its labels and annotations become strings on the
    /// way, nulls among them too, and so remove nothing.
    fn merge_alike(
        &self,
        objects: &mut ResMap,
        selected: &[usize],
        patch: &Resource,
    ) -> Result<(), PatchError> {
        let restated = restated(patch).map_err(|source| metadata_error(patch, source))?;
        let kind = patch.kind().to_owned();
        for place in selected {
            objects.change(*place, |object| {
                let mut patch = restated.clone();
                let set = patch
                    .set_gvk(&object.gvk())
                    .and_then(|()| patch.set_kind(&kind));
                set.map_err(|source| metadata_error(&patch, source))?;
                self.merge(object, &patch)
            })?;
        }
        objects.drop_empty();
        objects.expect_unique_ids()?;
        Ok(())
    }

    /// The places of the objects that a target selects.
    fn places(
        &self,
        objects: &ResMap,
        target: &CompiledSelector,
    ) -> Result<Vec<usize>, PatchError> {
        self.budget.visit(objects.len())?;
        let selected = objects.iter().enumerate();
        let selected = selected.filter(|(_, object)| target.selects(object));
        Ok(selected.map(|(place, _)| place).collect())
    }

    /// Merges a patch into an object, which keeps its namespace and, unless the patch may change them, name and kind.
    fn merge(&self, object: &mut Resource, patch: &Resource) -> Result<(), PatchError> {
        let id = object.id().into_owned();
        let (kind, name) = (object.kind().to_owned(), object.name().to_owned());
        let namespace = object.namespace().to_owned();
        let metadata = |source| PatchError::Metadata {
            id: Box::new(id.clone()),
            source,
        };
        let may = |key| patch.annotation(key) == Some(annotation::ENABLED);
        let renames = may(annotation::ALLOW_NAME_CHANGE);
        let retypes = may(annotation::ALLOW_KIND_CHANGE);
        if renames || retypes {
            object.store_previous_id().map_err(metadata)?;
        }
        self.budget.spend(node::size(patch.node()))?;
        let schema = self.schema;
        let outcome = merge::strategic(object.node_mut(), patch.node(), schema);
        match outcome {
            Ok(Outcome::Merged) => {}
            Ok(Outcome::Deleted) => {
                *object.node_mut() = Node::default();
                return Ok(());
            }
            Err(source) => {
                let id = Box::new(id);
                return Err(PatchError::Merge { id, source });
            }
        }
        object.absorb_sensitivity(self.sensitivity);
        if !retypes {
            object.set_kind(&kind).map_err(metadata)?;
        }
        if !renames {
            object.set_name(&name).map_err(metadata)?;
        }
        object.set_namespace(&namespace).map_err(metadata)
    }

    fn patch_selected(
        &self,
        objects: &mut ResMap,
        patch: &JsonPatch,
        target: &CompiledSelector,
        history: History,
    ) -> Result<(), PatchError> {
        for place in self.places(objects, target)? {
            objects.change(place, |object| self.patch_one(object, patch, history))?;
        }
        Ok(())
    }

    /// Applies a JSON patch. What the build remembers in annotations outlives it, and all annotations become strings.
    fn patch_one(
        &self,
        object: &mut Resource,
        patch: &JsonPatch,
        history: History,
    ) -> Result<(), PatchError> {
        match history {
            History::Kept => {
                let stored = object.store_previous_id();
                stored.map_err(|source| metadata_error(object, source))?;
            }
            History::Lost => {}
        }
        let needed_hash = object.is_enabled(annotation::NEEDS_HASH);
        let internal = object.annotations().into_iter();
        let internal = internal.filter(|(key, _)| is_internal(key));
        let id = object.id().into_owned();
        self.budget.spend(patch.size())?;
        match patch.apply_counted(object.node_mut()) {
            Ok(copied) => self.budget.spend(copied)?,
            Err(source) => {
                let id = Box::new(id);
                return Err(PatchError::Json { id, source });
            }
        }
        object.absorb_sensitivity(self.sensitivity);
        if needed_hash || object.is_enabled(annotation::NEEDS_HASH) {
            lay_out(object);
        }
        let mut annotations = object.annotations();
        annotations.extend(internal);
        object
            .set_annotations(annotations)
            .map_err(|source| metadata_error(object, source))
    }
}

/// Puts an object where it stands in its own text, as the real program reads it after a JSON patch: the hash of a whole
/// object depends on that.
fn lay_out(object: &mut Resource) {
    let text = emit::node(object.node(), &KYAML);
    let read = text
        .ok()
        .and_then(|text| goyaml::parse(text.as_bytes()).ok());
    if let Some(document) = read.and_then(|documents| documents.into_iter().next()) {
        *object.node_mut() = document.root;
    }
}

/// Whether an object remembers what it was called before a JSON patch.
#[derive(Clone, Copy)]
enum History {
    Kept,
    Lost,
}

/// The place of the object that a patch is for by its own id.
fn unique_target(objects: &ResMap, patch: &Resource) -> Result<usize, PatchError> {
    let id = patch.original_id();
    let mut found = objects.with_any_id(&id);
    let owned = || Box::new(id.clone().into_owned());
    let Some(place) = found.next() else {
        return Err(PatchError::NoTarget { id: owned() });
    };
    if found.next().is_some() {
        return Err(PatchError::SeveralTargets { id: owned() });
    }
    Ok(place)
}

fn restated(patch: &Resource) -> Result<Resource, KindError> {
    let mut restated = patch.clone();
    restated.set_labels(patch.labels())?;
    restated.set_annotations(patch.annotations())?;
    restated.set_name(patch.name())?;
    restated.set_namespace(patch.namespace())?;
    Ok(restated)
}

fn is_internal(key: &str) -> bool {
    key.starts_with("internal.config.kubernetes.io/")
        || [
            "config.kubernetes.io/path",
            "config.kubernetes.io/index",
            "config.k8s.io/id",
        ]
        .contains(&key)
}

fn metadata_error(resource: &Resource, source: KindError) -> PatchError {
    PatchError::Metadata {
        id: Box::new(resource.id().into_owned()),
        source,
    }
}
