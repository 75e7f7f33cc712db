//! The configuration of transformers: which fields of which types they change. It is built in, and kustomizations add
//! to it by `configurations` and `crds` (api: internal/plugins/builtinconfig).

mod builtin;

use std::sync::{Arc, LazyLock};

use goyaml::decode::{Duplicates, YamlToJsonError, yaml_to_json};
use thiserror::Error;

use crate::budget::{Budget, OverBudget};
use crate::cache::{Parse, Parsed, decoded_size};
use crate::id::Gvk;
use crate::kustomization::decode::{UnknownFields, decode, fields};
use crate::kustomization::{DecodeError, FieldSpec};
use crate::limits::LIMITS;
use crate::order::type_order;
use crate::schema::{CrdField, Role};

/// The configuration that every kustomization starts with.
static BUILTIN: LazyLock<Arc<TransformerConfig>> = LazyLock::new(|| {
    let mut config = builtin::config();
    config.sort();
    Arc::new(config)
});

/// Fields that transformers change, by transformer.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TransformerConfig {
    /// Fields that `namePrefix` changes.
    pub name_prefix: Vec<FieldSpec>,
    /// Fields that `nameSuffix` changes.
    pub name_suffix: Vec<FieldSpec>,
    /// Fields that `namespace` sets.
    pub namespace: Vec<FieldSpec>,
    /// Fields that `commonLabels`, and `labels` with `includeSelectors`, set.
    pub common_labels: Vec<FieldSpec>,
    /// Further fields that `labels` set.
    pub labels: Vec<FieldSpec>,
    /// Fields that `labels` with `includeTemplates` set.
    pub template_labels: Vec<FieldSpec>,
    /// Fields that `commonAnnotations` set.
    pub common_annotations: Vec<FieldSpec>,
    /// Fields that hold names of objects.
    pub name_reference: Vec<NameReference>,
    /// Fields in which vars are replaced.
    pub var_reference: Vec<FieldSpec>,
    /// Fields that `images` change.
    pub images: Vec<FieldSpec>,
    /// Fields that `replicas` set.
    pub replicas: Vec<FieldSpec>,
}

fields!(TransformerConfig {
    "namePrefix" => name_prefix,
    "nameSuffix" => name_suffix,
    "namespace" => namespace,
    "commonLabels" => common_labels,
    "labels" => labels,
    "templateLabels" => template_labels,
    "commonAnnotations" => common_annotations,
    "nameReference" => name_reference,
    "varReference" => var_reference,
    "images" => images,
    "replicas" => replicas,
});

/// The fields in which objects of a type are named.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NameReference {
    /// The type of the named objects, as a pattern.
    pub gvk: Gvk<'static>,
    /// The fields of other objects, of which each is a name, or a mapping with a name and a namespace.
    pub referrers: Vec<FieldSpec>,
}

fields!(NameReference {
    "group" => gvk.group,
    "version" => gvk.version,
    "kind" => gvk.kind,
    "fieldSpecs" => referrers,
});

/// A configuration cannot be used.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file is not YAML.
    #[error("invalid YAML")]
    Yaml(#[source] YamlToJsonError),
    /// A field is unknown, or of the wrong type.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The build takes too much.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
    /// One configuration creates a field where another does not.
    #[error("failed to merge {part} fieldSpec: conflicting fieldspecs for {path}")]
    Conflict {
        /// The part of the configuration.
        part: &'static str,
        /// The path of the field.
        path: String,
    },
}

impl ConfigError {
    /// A stable name for the kind of error.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Yaml(error) => error.reason(),
            Self::Decode(error) => error.reason(),
            Self::OverBudget(error) => error.reason(),
            Self::Conflict { .. } => "conflicting-fieldspecs",
        }
    }
}

impl Parse for TransformerConfig {
    type Error = ConfigError;

    fn parse(text: &[u8]) -> Result<Parsed<Self>, ConfigError> {
        let value = yaml_to_json(text, Duplicates::Refuse, &LIMITS).map_err(ConfigError::Yaml)?;
        let mut config: Self = decode(&value, UnknownFields::Refuse)?;
        config.sort();
        Ok(Parsed {
            value: config,
            size: decoded_size(&value),
        })
    }
}

impl TransformerConfig {
    /// The built-in configuration. It is made once in a process.
    pub fn builtin() -> Arc<Self> {
        Arc::clone(&BUILTIN)
    }

    /// Reads a file that `configurations` names.
    ///
    /// # Errors
    ///
    /// When it is not YAML or has other fields.
    pub fn parse(text: &[u8]) -> Result<Self, ConfigError> {
        <Self as Parse>::parse(text).map(|parsed| parsed.value)
    }

    /// The built-in configuration with the files that a kustomization's `configurations` names.
    ///
    /// # Errors
    ///
    /// When a file is no configuration, or contradicts another or the built-in one.
    pub fn with_files<F: AsRef<[u8]>>(
        files: impl IntoIterator<Item = F>,
    ) -> Result<Arc<Self>, ConfigError> {
        let budget = Budget::default();
        let mut own = Arc::new(Self::default());
        for file in files {
            own = merge(&own, &Arc::new(Self::parse(file.as_ref())?), &budget)?;
        }
        merge(&Self::builtin(), &own, &budget)
    }

    /// The fields that documents of `crds` mark.
    ///
    /// # Errors
    ///
    /// When they contradict one another.
    pub fn of_crds(fields: &[CrdField]) -> Result<Arc<Self>, ConfigError> {
        let mut config = Self::default();
        for field in fields {
            let spec = FieldSpec {
                gvk: Gvk {
                    kind: field.kind.clone().into(),
                    ..Gvk::default()
                },
                path: field.path.clone(),
                create: false,
            };
            let (part, specs) = match &field.role {
                Role::Annotations => ("CommonAnnotations", &mut config.common_annotations),
                Role::LabelSelector => ("CommonLabels", &mut config.common_labels),
                Role::Identity => ("NamePrefix", &mut config.name_prefix),
                Role::Reference { kind, version } => {
                    let reference = NameReference {
                        gvk: Gvk {
                            version: version.clone().into(),
                            kind: kind.clone().into(),
                            ..Gvk::default()
                        },
                        referrers: vec![spec],
                    };
                    merge_reference(&mut config.name_reference, &reference)?;
                    continue;
                }
            };
            *specs = merge_specs(std::mem::take(specs), &[spec])
                .map_err(|path| ConfigError::Conflict { part, path })?;
        }
        config.sort();
        Ok(Arc::new(config))
    }

    /// How many fields there are in all parts.
    fn fields(&self) -> usize {
        let references = self.name_reference.iter();
        references
            .map(|reference| 1 + reference.referrers.len())
            .sum::<usize>()
            + self.name_prefix.len()
            + self.name_suffix.len()
            + self.namespace.len()
            + self.common_labels.len()
            + self.labels.len()
            + self.template_labels.len()
            + self.common_annotations.len()
            + self.var_reference.len()
            + self.images.len()
            + self.replicas.len()
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Brings the fields into the order of their types, in which they are changed.
    fn sort(&mut self) {
        for specs in [
            &mut self.name_prefix,
            &mut self.name_suffix,
            &mut self.namespace,
            &mut self.common_labels,
            &mut self.labels,
            &mut self.template_labels,
            &mut self.common_annotations,
            &mut self.var_reference,
            &mut self.images,
            &mut self.replicas,
        ] {
            specs.sort_by_cached_key(|spec| type_order(&spec.gvk));
        }
        self.name_reference
            .sort_by_cached_key(|reference| type_order(&reference.gvk));
    }

    fn merged(&self, other: &Self) -> Result<Self, ConfigError> {
        let merge = |part, mine: &[FieldSpec], others: &[FieldSpec]| {
            merge_specs(mine.to_vec(), others).map_err(|path| ConfigError::Conflict { part, path })
        };
        let mut name_reference = self.name_reference.clone();
        for reference in &other.name_reference {
            merge_reference(&mut name_reference, reference)?;
        }
        let mut merged = Self {
            name_prefix: merge("NamePrefix", &self.name_prefix, &other.name_prefix)?,
            name_suffix: merge("NameSuffix", &self.name_suffix, &other.name_suffix)?,
            namespace: merge("NameSpace", &self.namespace, &other.namespace)?,
            common_annotations: merge(
                "CommonAnnotations",
                &self.common_annotations,
                &other.common_annotations,
            )?,
            common_labels: merge("CommonLabels", &self.common_labels, &other.common_labels)?,
            labels: merge("Labels", &self.labels, &other.labels)?,
            template_labels: merge(
                "TemplateLabels",
                &self.template_labels,
                &other.template_labels,
            )?,
            var_reference: merge("VarReference", &self.var_reference, &other.var_reference)?,
            name_reference,
            images: merge("Images", &self.images, &other.images)?,
            replicas: merge("Replicas", &self.replicas, &other.replicas)?,
        };
        merged.sort();
        Ok(merged)
    }
}

/// One configuration added to another. Fields that are there already are not added again.
///
/// # Errors
///
/// When one creates a field and the other does not.
pub fn merge(
    config: &Arc<TransformerConfig>,
    other: &Arc<TransformerConfig>,
    budget: &Budget,
) -> Result<Arc<TransformerConfig>, ConfigError> {
    // Nearly every kustomization has the built-in configuration and nothing else.
    let is_builtin = Arc::ptr_eq(other, &BUILTIN);
    if other.is_empty() || is_builtin && Arc::ptr_eq(config, other) {
        return Ok(Arc::clone(config));
    }
    if is_builtin && config.is_empty() {
        return Ok(Arc::clone(other));
    }
    // Every field of one is copied, and compared with those of the other that are of its kind.
    let (mine, others) = (config.fields(), other.fields());
    budget.visit(mine.saturating_mul(1 + others / COMPARISONS))?;
    config.merged(other).map(Arc::new)
}

/// How many comparisons take as long as one copy.
const COMPARISONS: usize = 64;

/// Adds fields to others. A field is there already when one of the same path is, of a type that the new one includes.
/// The path in question is the error.
pub(crate) fn merge_specs(
    mut specs: Vec<FieldSpec>,
    others: &[FieldSpec],
) -> Result<Vec<FieldSpec>, String> {
    for other in others {
        let present = specs
            .iter()
            .find(|spec| spec.path == other.path && spec.gvk.is_selected_by(&other.gvk));
        match present {
            Some(present) if present.create != other.create => return Err(other.path.clone()),
            Some(_) => {}
            None => specs.push(other.clone()),
        }
    }
    Ok(specs)
}

fn merge_reference(
    references: &mut Vec<NameReference>,
    other: &NameReference,
) -> Result<(), ConfigError> {
    match references
        .iter_mut()
        .find(|reference| reference.gvk == other.gvk)
    {
        Some(present) => {
            present.referrers =
                merge_specs(std::mem::take(&mut present.referrers), &other.referrers).map_err(
                    |path| ConfigError::Conflict {
                        part: "NameReference",
                        path,
                    },
                )?;
        }
        None => references.push(other.clone()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builtin_configuration_adds_nothing_to_itself() {
        let builtin = TransformerConfig::builtin();
        assert_eq!(builtin.merged(&builtin).unwrap(), *builtin);
        assert_eq!(
            TransformerConfig::default().merged(&builtin).unwrap(),
            *builtin
        );
    }

    #[test]
    fn own_fields_are_added_and_contradictions_refused() {
        let config = TransformerConfig::with_files([
            "images: [{path: spec/image, kind: Own, create: true}]\n",
            "nameReference: [{kind: Own, fieldSpecs: [{path: spec/own, kind: Pod}]}]\n",
        ])
        .unwrap();
        assert!(config.images.iter().any(|spec| spec.gvk.kind == "Own"));
        assert!(
            config
                .name_reference
                .iter()
                .any(|own| own.gvk.kind == "Own")
        );

        let contradiction = "replicas: [{path: spec/replicas, kind: Deployment}]\n";
        let error = TransformerConfig::with_files([contradiction]).unwrap_err();
        assert_eq!(error.reason(), "conflicting-fieldspecs");
        let error = TransformerConfig::with_files(["replica: []\n"]).unwrap_err();
        assert_eq!(error.reason(), "unknown-field");
    }

    #[test]
    fn a_field_of_all_types_is_not_added_to_one_of_some() {
        let config = TransformerConfig::with_files([
            "commonLabels: [{path: spec/podSelector/matchLabels}, {path: a/b}]\n",
        ])
        .unwrap();
        let count = |path| {
            let specs = config.common_labels.iter();
            specs.filter(|spec| spec.path == path).count()
        };
        assert_eq!(count("spec/podSelector/matchLabels"), 1);
        assert_eq!(count("a/b"), 1);
    }
}
