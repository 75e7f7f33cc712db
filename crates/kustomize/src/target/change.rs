//! Changes: what a kustomization's fields and its plugins do with all that is gathered, in the order of the real program
//! (api: internal/target/kusttarget_configplugin.go).

use super::patches::{EntryError, JsonEntry, PatchEntry, ReplacementEntries, StrategicEntry};
use super::plugin::Configured;
use super::value_add::ValueAdd;
use super::{Accumulator, Target, finish, metadata_error};
use crate::config::TransformerConfig;
use crate::error::BuildError;
use crate::kustomization::{FieldSpec, PatchOptions};
use crate::origin::Origin;
use crate::output;
use crate::patch::{PatchError, Patcher};
use crate::replacements;
use crate::resmap::ResMap;
use crate::resource::{Sensitivity, annotation};
use crate::transform::{
    Affix, AnnotationsTransformer, ImageTagTransformer, LabelTransformer, NameTransformer,
    NamespaceTransformer, ReplicaCountTransformer,
};

/// A label that a validator may set.
const VALIDATED_BY: &str = "validated-by";

/// Something that changes objects.
pub(super) enum Transformer {
    Annotations(AnnotationsTransformer),
    Hash,
    ImageTag(ImageTagTransformer),
    Json(JsonEntry),
    Label(LabelTransformer),
    Name(NameTransformer),
    Namespace(NamespaceTransformer),
    Patch(PatchEntry),
    Replacement(ReplacementEntries),
    ReplicaCount(ReplicaCountTransformer),
    Strategic(Vec<StrategicEntry>),
    ValueAdd(ValueAdd),
}

impl Transformer {
    /// The field that asks for the change, or that did before there were plugins.
    const fn field(&self) -> &'static str {
        match self {
            Self::Annotations(_) => "commonAnnotations",
            Self::Hash => "generatorOptions",
            Self::ImageTag(_) => "images",
            Self::Json(_) => "patchesJson6902",
            Self::Label(_) => "labels",
            Self::Name(transformer) => match transformer.affix {
                Affix::Prefix => "namePrefix",
                Affix::Suffix => "nameSuffix",
            },
            Self::Namespace(_) => "namespace",
            Self::Patch(_) => "patches",
            Self::Replacement(_) => "replacements",
            Self::ReplicaCount(_) => "replicas",
            Self::Strategic(_) => "patchesStrategicMerge",
            Self::ValueAdd(_) => "transformers",
        }
    }

    /// How many bytes it adds to each object at most, where it does not say so itself.
    fn added(&self) -> usize {
        match self {
            Self::ValueAdd(value) => value.added(),
            Self::Annotations(_)
            | Self::Hash
            | Self::ImageTag(_)
            | Self::Json(_)
            | Self::Label(_)
            | Self::Name(_)
            | Self::Namespace(_)
            | Self::Patch(_)
            | Self::ReplicaCount(_)
            | Self::Strategic(_)
            | Self::Replacement(_) => 0,
        }
    }

    /// How often it goes through the objects, where it does not say so itself.
    fn rounds(&self) -> usize {
        /// Whether an object is of the type of a field is found out that much faster than whether it is selected.
        const FIELDS: usize = 16;
        let of_fields = |specs: &[FieldSpec]| 1 + specs.len() / FIELDS;
        match self {
            Self::Annotations(transformer) => of_fields(&transformer.field_specs),
            Self::ImageTag(transformer) => of_fields(&transformer.field_specs),
            Self::Label(transformer) => of_fields(&transformer.field_specs),
            Self::Name(transformer) => of_fields(&transformer.field_specs),
            Self::Namespace(transformer) => of_fields(&transformer.field_specs),
            Self::ReplicaCount(transformer) => of_fields(&transformer.field_specs),
            Self::ValueAdd(value) => value.targets(),
            Self::Hash | Self::Strategic(_) => 1,
            Self::Json(_) | Self::Patch(_) | Self::Replacement(_) => 0,
        }
    }
}

impl Target<'_> {
    /// Changes what is gathered.
    pub(super) fn change(&self, gathered: &mut Accumulator) -> Result<(), BuildError> {
        let mut transformers = self.builtin_transformers(&gathered.config)?;
        transformers.extend(self.plugin_transformers("transformers", &self.fields().transformers)?);
        for Configured {
            transformer,
            origin,
            sensitivity,
        } in &transformers
        {
            self.apply(transformer, &mut gathered.resources)?;
            super::absorb_sensitivity(&mut gathered.resources, *sensitivity);
            if let Some(origin) = origin {
                note_transformation(&mut gathered.resources, origin)?;
            }
            gathered.resources.drop_empty();
        }
        Ok(())
    }

    /// Lets the validators look at what is gathered.
    pub(super) fn validate(&self, gathered: &mut Accumulator) -> Result<(), BuildError> {
        let validators = self.plugin_transformers("validators", &self.fields().validators)?;
        for validator in &validators {
            let before = text(&gathered.resources)?;
            self.apply(&validator.transformer, &mut gathered.resources)?;
            if text(&gathered.resources)? != before {
                return Err(BuildError::ValidatorChanges {
                    kustomization: self.directory(),
                });
            }
        }
        Ok(())
    }

    /// The transformers that the kustomization's own fields ask for.
    fn builtin_transformers(
        &self,
        config: &TransformerConfig,
    ) -> Result<Vec<Configured>, BuildError> {
        let fields = self.fields();
        let mut transformers = Vec::new();
        let mut add = |kind: &str, transformer| {
            let origin = self.origin.as_ref();
            transformers.push(Configured {
                transformer,
                origin: origin.map(|origin| origin.of_builtin(self.file_name, kind)),
                sensitivity: Sensitivity::Plain,
            });
        };
        let entry_error = |field, source: EntryError| BuildError::Entry {
            kustomization: self.directory(),
            field,
            source: Box::new(source),
        };
        if !fields.patches_strategic_merge.is_empty() {
            let transformer = self
                .strategic_transformer(&fields.patches_strategic_merge)
                .map_err(|source| entry_error("patchesStrategicMerge", source))?;
            add("PatchStrategicMergeTransformer", transformer);
        }
        for patch in &fields.patches {
            let transformer = self
                .patch_transformer(patch)
                .map_err(|source| entry_error("patches", source))?;
            add("PatchTransformer", transformer);
        }
        if !fields.namespace.is_empty() {
            let transformer =
                NamespaceTransformer::new(fields.namespace.clone(), config.namespace.clone());
            add("NamespaceTransformer", Transformer::Namespace(transformer));
        }
        for (affix, text, specs, kind) in [
            (
                Affix::Prefix,
                &fields.name_prefix,
                &config.name_prefix,
                "PrefixTransformer",
            ),
            (
                Affix::Suffix,
                &fields.name_suffix,
                &config.name_suffix,
                "SuffixTransformer",
            ),
        ] {
            if !text.is_empty() {
                let transformer = NameTransformer {
                    affix,
                    text: text.clone(),
                    field_specs: specs.clone(),
                };
                add(kind, Transformer::Name(transformer));
            }
        }
        let labels =
            LabelTransformer::of(fields, config).map_err(|source| BuildError::Transform {
                kustomization: self.directory(),
                source: Box::new(source),
            })?;
        for transformer in labels {
            add("LabelTransformer", Transformer::Label(transformer));
        }
        if !fields.common_annotations.is_empty() {
            let transformer = AnnotationsTransformer {
                annotations: fields.common_annotations.clone(),
                field_specs: config.common_annotations.clone(),
            };
            add(
                "AnnotationsTransformer",
                Transformer::Annotations(transformer),
            );
        }
        for patch in &fields.patches_json6902 {
            let transformer = self
                .json_transformer(patch)
                .map_err(|source| entry_error("patchesJson6902", source))?;
            add("PatchJson6902Transformer", transformer);
        }
        for replica in &fields.replicas {
            let transformer = ReplicaCountTransformer {
                replica: replica.clone(),
                field_specs: config.replicas.clone(),
            };
            add(
                "ReplicaCountTransformer",
                Transformer::ReplicaCount(transformer),
            );
        }
        for image in &fields.images {
            let transformer = ImageTagTransformer {
                image_tag: image.clone(),
                field_specs: config.images.clone(),
            };
            add("ImageTagTransformer", Transformer::ImageTag(transformer));
        }
        if !fields.replacements.is_empty() {
            let transformer = self
                .replacement_transformer(&fields.replacements)
                .map_err(|source| entry_error("replacements", source))?;
            add("ReplacementTransformer", transformer);
        }
        Ok(transformers)
    }

    fn apply(&self, transformer: &Transformer, resources: &mut ResMap) -> Result<(), BuildError> {
        let budget = self.loader.budget();
        let over = |source| BuildError::OverBudget {
            kustomization: self.directory(),
            field: transformer.field(),
            source,
        };
        budget
            .visit(resources.len().saturating_mul(transformer.rounds()))
            .map_err(over)?;
        budget
            .spend(resources.len().saturating_mul(transformer.added()))
            .map_err(over)?;
        let changed = match transformer {
            Transformer::Annotations(transformer) => transformer.transform(resources, budget),
            Transformer::ImageTag(transformer) => transformer.transform(resources, budget),
            Transformer::Label(transformer) => transformer.transform(resources, budget),
            Transformer::Name(transformer) => transformer.transform(resources, budget),
            Transformer::Namespace(transformer) => transformer.transform(resources, budget),
            Transformer::ReplicaCount(transformer) => transformer.transform(resources),
            Transformer::Hash => return finish::add_hashes(self.session, resources),
            Transformer::Patch(entry) => {
                return self
                    .patcher(entry.sensitivity, entry.options)
                    .apply(resources, &entry.patches, entry.target.as_ref())
                    .map_err(|source| self.patch_error("patches", source));
            }
            Transformer::Json(entry) => {
                return self
                    .patcher(entry.sensitivity, PatchOptions::default())
                    .apply_json(resources, &entry.patch, &entry.target)
                    .map_err(|source| self.patch_error("patchesJson6902", source));
            }
            Transformer::Strategic(entries) => {
                return entries.iter().try_for_each(|entry| {
                    self.patcher(entry.sensitivity, PatchOptions::default())
                        .apply_strategic(resources, &entry.patches)
                        .map_err(|source| self.patch_error("patchesStrategicMerge", source))
                });
            }
            Transformer::Replacement(entries) => {
                replacements::replace(resources, &entries.replacements, budget).map_err(
                    |source| BuildError::Replacement {
                        kustomization: self.directory(),
                        source: Box::new(source),
                    },
                )?;
                super::absorb_sensitivity(resources, entries.sensitivity);
                return Ok(());
            }
            Transformer::ValueAdd(value) => return value.transform(resources, metadata_error),
        };
        changed.map_err(|source| BuildError::Transform {
            kustomization: self.directory(),
            source: Box::new(source),
        })
    }
}

impl Target<'_> {
    fn patcher(&self, sensitivity: Sensitivity, options: PatchOptions) -> Patcher<'_> {
        Patcher {
            schema: &self.session.schema,
            sensitivity,
            options,
            budget: self.loader.budget(),
        }
    }

    fn patch_error(&self, field: &'static str, source: PatchError) -> BuildError {
        BuildError::Patch {
            kustomization: self.directory(),
            field,
            source: Box::new(source),
        }
    }
}

/// Writes on all objects what has changed them; on those without an origin, that it is their origin.
fn note_transformation(resources: &mut ResMap, origin: &Origin) -> Result<(), BuildError> {
    let own = origin.to_yaml();
    for resource in resources.iter_mut().filter(|resource| !resource.is_empty()) {
        if resource.annotation(annotation::ORIGIN).is_none() {
            super::set_annotation(resource, annotation::ORIGIN, &own)?;
            continue;
        }
        let before = resource
            .annotation(annotation::TRANSFORMATIONS)
            .unwrap_or_default();
        let text = origin.to_yaml_behind(before);
        super::set_annotation(resource, annotation::TRANSFORMATIONS, &text)?;
    }
    Ok(())
}

/// What can be seen of objects, but for the label that validators may set.
fn text(resources: &ResMap) -> Result<String, BuildError> {
    let mut copies = Vec::with_capacity(resources.len());
    for resource in resources {
        let mut copy = resource.clone();
        let mut labels = copy.labels();
        if labels.remove(VALIDATED_BY).is_some() {
            copy.set_labels(labels)
                .map_err(|source| metadata_error(resource, source))?;
        }
        copies.push(copy);
    }
    output::yaml(&copies).map_err(|source| BuildError::Output(Box::new(source)))
}
