//! Adds labels and annotations (api: filters/labels/labels.go, filters/annotations/annotations.go).

use std::collections::BTreeMap;

use goyaml::{Kind, Node};

use super::{Field, TransformError};
use crate::budget::Budget;
use crate::config::{TransformerConfig, merge_specs};
use crate::fieldspec::{Creation, FieldError};
use crate::kustomization::decode::fields;
use crate::kustomization::{FieldSpec, KustomizationFields, Label};
use crate::node::{self, expect_kind};
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::sharing::{Share, assign};

/// Adds labels.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LabelTransformer {
    /// The labels.
    pub labels: BTreeMap<String, String>,
    /// The fields that get them.
    pub field_specs: Vec<FieldSpec>,
}

fields!(LabelTransformer {
    "labels" => labels,
    "fieldSpecs" => field_specs,
});

/// Adds annotations.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AnnotationsTransformer {
    /// The annotations.
    pub annotations: BTreeMap<String, String>,
    /// The fields that get them.
    pub field_specs: Vec<FieldSpec>,
}

fields!(AnnotationsTransformer {
    "annotations" => annotations,
    "fieldSpecs" => field_specs,
});

impl LabelTransformer {
    /// The transformers that the fields `labels` and `commonLabels` of a kustomization ask for.
    ///
    /// # Errors
    ///
    /// When the fields of a label contradict the configuration.
    pub fn of(
        fields: &KustomizationFields,
        config: &TransformerConfig,
    ) -> Result<Vec<Self>, TransformError> {
        let mut transformers = Vec::new();
        for label in &fields.labels {
            transformers.push(Self {
                labels: label.pairs.clone(),
                field_specs: label_fields(label, config)
                    .map_err(|path| TransformError::LabelFields { path })?,
            });
        }
        if !fields.labels.is_empty() || !fields.common_labels.is_empty() {
            transformers.push(Self {
                labels: fields.common_labels.clone(),
                field_specs: config.common_labels.clone(),
            });
        }
        Ok(transformers)
    }

    /// Adds the labels to all objects.
    ///
    /// # Errors
    ///
    /// When a field is not what it must be, or the budget does not suffice.
    pub fn transform(&self, map: &mut ResMap, budget: &Budget) -> Result<(), TransformError> {
        add_to_all(map, &self.labels, &self.field_specs, budget)
    }
}

impl AnnotationsTransformer {
    /// Adds the annotations to all objects.
    ///
    /// # Errors
    ///
    /// When a field is not what it must be, or the budget does not suffice.
    pub fn transform(&self, map: &mut ResMap, budget: &Budget) -> Result<(), TransformError> {
        add_to_all(map, &self.annotations, &self.field_specs, budget)
    }
}

fn label_fields(label: &Label, config: &TransformerConfig) -> Result<Vec<FieldSpec>, String> {
    let mut specs = merge_specs(label.fields.clone(), &config.labels)?;
    if label.include_selectors {
        return merge_specs(specs, &config.common_labels);
    }
    if label.include_templates {
        specs = merge_specs(specs, &config.template_labels)?;
    }
    let metadata = FieldSpec {
        path: "metadata/labels".to_owned(),
        create: true,
        ..FieldSpec::default()
    };
    merge_specs(specs, &[metadata])
}

fn add_to_all(
    map: &mut ResMap,
    entries: &BTreeMap<String, String>,
    specs: &[FieldSpec],
    budget: &Budget,
) -> Result<(), TransformError> {
    if entries.is_empty() {
        return Ok(());
    }
    let fields = Field::all(specs);
    for resource in map.iter_mut() {
        add(resource, entries, &fields, budget)?;
    }
    map.drop_empty();
    Ok(())
}

/// Adds entries to fields of an object. Where an entry is new, it is one node in all the fields; see
/// [`sharing`](crate::sharing).
fn add(
    resource: &mut Resource,
    entries: &BTreeMap<String, String>,
    fields: &[Field<'_>],
    budget: &Budget,
) -> Result<(), TransformError> {
    let gvk = resource.gvk();
    let fields: Vec<&Field<'_>> = fields.iter().filter(|field| field.is_of(&gvk)).collect();
    let mut share = Share::unused_in(resource.node());
    for (key, text) in entries {
        let mut value = Node::string(text);
        node::protect(&mut value);
        let (own_style, mut is_restyled) = (value.style, false);
        for field in &fields {
            let creation = Creation::Mapping.if_allowed(field.spec.create);
            let set = field.path.visit(resource.node_mut(), &creation, |node| {
                budget.spend(2 * size_of::<Node>() + key.len() + text.len())?;
                set_entry(node, key, &mut value, share)
            });
            set.map_err(|source| field.error(resource, source))?;
            is_restyled |= value.style != own_style;
        }
        if is_restyled {
            share.restyle(resource.node_mut(), value.style);
        }
        share = share.next();
    }
    Ok(())
}

/// Sets the value as an entry. It takes the style of each entry whose place it takes, and keeps it in the next fields.
fn set_entry(node: &mut Node, key: &str, value: &mut Node, share: Share) -> Result<(), FieldError> {
    expect_kind(node, Kind::Mapping)?;
    if node.is_null() {
        return Ok(());
    }
    node::protect(value);
    match node.get_mut(key) {
        Some(present) => {
            value.style = present.style;
            assign(present, value.clone());
        }
        None => {
            let mut entry = value.clone();
            share.mark(&mut entry);
            node.push_entry(node::key(key), entry);
        }
    }
    Ok(())
}
