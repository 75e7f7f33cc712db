//! Changes of a kustomization before it is built, as `kustomize edit` makes them in its file
//! (kustomize: commands/edit/{set,add}/*.go).
//!
//! The real program writes the file anew, which drops empty fields and puts what deprecated fields say under their
//! successors; nothing else of that shows in a build. Here only what was read is changed.

mod error;
mod glob;
mod image;
mod label;

use std::collections::BTreeMap;

pub use error::EditError;

use crate::kustomization::{DeprecatedField, Kustomization, Patch, Replica};
use crate::loader::Loader;

/// Changes of the kustomization that a build starts at, made in the order of the fields.
///
/// The bases below it stay as they are.
#[derive(Clone, Default, PartialEq)]
pub struct Edits {
    /// `edit set nameprefix`; empty for none.
    pub name_prefix: String,
    /// `edit set namesuffix`; empty for none.
    pub name_suffix: String,
    /// `edit set image`: `name=new:tag@digest` and its shorter forms, `*` for what the kustomization says itself.
    pub images: Vec<String>,
    /// `edit set replicas`.
    pub replicas: Vec<Replica>,
    /// `edit add label`.
    pub labels: LabelEdit,
    /// `edit add annotation`.
    pub annotations: AnnotationEdit,
    /// `edit set namespace`; empty for none.
    pub namespace: String,
    /// Patches behind those of the kustomization, for which there is no command. Argo CD adds them to its file, and refuses
    /// one that is empty; here that is as good as any.
    pub patches: Vec<Patch>,
    /// `edit add component`: folders, or patterns for them.
    pub components: Vec<String>,
    /// What is done about components that are not there.
    pub missing_components: MissingComponents,
}

/// Labels to add.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LabelEdit {
    /// The labels.
    pub pairs: BTreeMap<String, String>,
    /// What is done about a label that the kustomization has itself.
    pub existing: Existing,
    /// Where they go.
    pub reach: LabelReach,
}

/// Annotations to add.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AnnotationEdit {
    /// The annotations.
    pub pairs: BTreeMap<String, String>,
    /// What is done about an annotation that the kustomization has itself.
    pub existing: Existing,
}

/// What is done about a label or annotation that the kustomization has itself.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Existing {
    /// It is an error.
    #[default]
    Refuse,
    /// It is replaced (`--force`).
    Replace,
}

/// Which places of an object added labels go to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum LabelReach {
    /// Metadata, templates and selectors (`commonLabels`).
    #[default]
    Selectors,
    /// Metadata alone (`--without-selector`).
    Metadata,
    /// Metadata and templates (`--without-selector --include-templates`).
    Templates,
    /// What the real program refuses: `--include-templates` alone.
    TemplatesWithSelectors,
}

/// What is done about components that are not there.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum MissingComponents {
    /// It is an error.
    #[default]
    Refuse,
    /// They are left out.
    Ignore,
}

impl Edits {
    /// Whether nothing is to be changed.
    pub fn is_empty(&self) -> bool {
        let Self {
            name_prefix,
            name_suffix,
            images,
            replicas,
            labels,
            annotations,
            namespace,
            patches,
            components,
            missing_components: _,
        } = self;
        name_prefix.is_empty()
            && name_suffix.is_empty()
            && images.is_empty()
            && replicas.is_empty()
            && labels.pairs.is_empty()
            && annotations.pairs.is_empty()
            && namespace.is_empty()
            && patches.is_empty()
            && components.is_empty()
    }

    /// Changes a kustomization; whether there was anything to do.
    pub(crate) fn apply(
        &self,
        kustomization: &mut Kustomization,
        loader: &Loader<'_>,
    ) -> Result<bool, EditError> {
        let components = self.present_components(loader)?;
        let without_components = Self {
            components: Vec::new(),
            ..self.clone()
        };
        if without_components.is_empty() && components.is_empty() {
            return Ok(false);
        }
        let fields = &mut kustomization.fields;
        if !self.name_prefix.is_empty() {
            fields.name_prefix.clone_from(&self.name_prefix);
        }
        if !self.name_suffix.is_empty() {
            fields.name_suffix.clone_from(&self.name_suffix);
        }
        if !self.images.is_empty() {
            fields.images = image::set(&fields.images, &self.images)?;
        }
        if !self.replicas.is_empty() {
            fields.replicas = set_replicas(&fields.replicas, &self.replicas)?;
        }
        label::add(&self.labels, fields)?;
        label::annotate(&self.annotations, &mut fields.common_annotations)?;
        if !self.namespace.is_empty() {
            fields.namespace.clone_from(&self.namespace);
        }
        fields.patches.extend(self.patches.iter().cloned());
        for component in components {
            if !fields.components.contains(&component) {
                fields.components.push(component);
            }
        }
        // What was there and empty is gone from the file that the real program writes, and so is its warning.
        let fields = &kustomization.fields;
        kustomization.deprecated.retain(|field| match field {
            DeprecatedField::Bases | DeprecatedField::ImageTags => false,
            DeprecatedField::CommonLabels => !fields.common_labels.is_empty(),
            DeprecatedField::PatchesJson6902 => !fields.patches_json6902.is_empty(),
            DeprecatedField::PatchesStrategicMerge => !fields.patches_strategic_merge.is_empty(),
            DeprecatedField::Vars => !fields.vars.is_empty(),
        });
        if !fields.common_labels.is_empty()
            && !self.labels.pairs.is_empty()
            && !kustomization
                .deprecated
                .contains(&DeprecatedField::CommonLabels)
        {
            kustomization.deprecated.push(DeprecatedField::CommonLabels);
        }
        Ok(true)
    }

    fn present_components(&self, loader: &Loader<'_>) -> Result<Vec<String>, EditError> {
        let tree = loader.tree();
        let mut present = Vec::new();
        for component in &self.components {
            // Argo CD looks for the name as it stands, in which no character is special (argo-cd:
            // util/kustomize/kustomize.go).
            let is_there = || {
                let path = loader.root().join(component.trim_start_matches('/'));
                path.is_ok_and(|path| tree.locate(&path).is_ok())
            };
            if self.missing_components == MissingComponents::Ignore && !is_there() {
                continue;
            }
            let found = glob::find(tree, loader.root(), component)?;
            if found.is_empty() {
                // A component in another repository, or an error that says what is wrong.
                loader
                    .enter(component)
                    .map_err(|source| EditError::MissingComponent {
                        component: component.clone(),
                        source: Box::new(source),
                    })?;
                present.push(component.clone());
            }
            present.extend(found);
        }
        Ok(present)
    }
}

/// kustomize: commands/edit/set/setreplicas.go. Of several with one name the first of the kustomization counts, but the
/// last of those that are set.
fn set_replicas(existing: &[Replica], set: &[Replica]) -> Result<Vec<Replica>, EditError> {
    let mut all = BTreeMap::new();
    for replica in set {
        if replica.name.contains('=') {
            return Err(EditError::ReplicaName {
                name: replica.name.clone(),
            });
        }
        all.insert(&replica.name, replica);
    }
    for replica in existing {
        all.entry(&replica.name).or_insert(replica);
    }
    Ok(all.into_values().cloned().collect())
}
