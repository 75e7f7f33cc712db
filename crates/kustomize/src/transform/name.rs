//! Puts prefixes before names and suffixes behind them (api: internal/builtins/PrefixTransformer.go,
//! SuffixTransformer.go).

use goyaml::{Kind, Tag};

use super::{Field, TransformError, metadata_error};
use crate::budget::Budget;
use crate::fieldspec::{Creation, FieldError};
use crate::id::Gvk;
use crate::kustomization::FieldSpec;
use crate::node::{expect_kind, untyped};
use crate::resmap::ResMap;
use crate::sharing::assign;

/// Where a text is put.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Affix {
    /// Before the name.
    Prefix,
    /// Behind the name.
    Suffix,
}

/// Adds a text to names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NameTransformer {
    /// Where it is put.
    pub affix: Affix,
    /// The text.
    pub text: String,
    /// The fields that are changed.
    pub field_specs: Vec<FieldSpec>,
}

impl NameTransformer {
    /// Changes the names of all objects but those whose names have a meaning of their own.
    ///
    /// # Errors
    ///
    /// When a field is not what it must be, or the budget does not suffice.
    pub fn transform(&self, map: &mut ResMap, budget: &Budget) -> Result<(), TransformError> {
        let fields = Field::all(&self.field_specs);
        for resource in map.iter_mut() {
            let gvk = resource.original_gvk().into_owned();
            if is_skipped(&gvk) {
                continue;
            }
            for field in fields.iter().filter(|field| field.is_of(&gvk)) {
                if field.spec.path == "metadata/name" {
                    let remembered = match self.affix {
                        Affix::Prefix => resource.add_name_prefix(&self.text),
                        Affix::Suffix => resource.add_name_suffix(&self.text),
                    };
                    let stored = remembered.and_then(|()| {
                        if self.text.is_empty() {
                            Ok(())
                        } else {
                            resource.store_previous_id()
                        }
                    });
                    stored.map_err(|source| metadata_error(resource, source))?;
                }
                if !field.is_of(&resource.gvk()) {
                    continue;
                }
                let creation = Creation::Scalar(Tag::Str).if_allowed(field.spec.create);
                let changed = field.path.visit(resource.node_mut(), &creation, |node| {
                    expect_kind(node, Kind::Scalar)?;
                    budget.spend(self.text.len() + node.value.len())?;
                    let text = match self.affix {
                        Affix::Prefix => format!("{}{}", self.text, node.value),
                        Affix::Suffix => format!("{}{}", node.value, self.text),
                    };
                    let value = untyped(&text, node.style);
                    assign(node, value);
                    Ok::<(), FieldError>(())
                });
                changed.map_err(|source| field.error(resource, source))?;
            }
        }
        Ok(())
    }
}

fn is_skipped(gvk: &Gvk<'_>) -> bool {
    match &*gvk.kind {
        "CustomResourceDefinition" | "Namespace" => true,
        "APIService" => gvk.group == "apiregistration.k8s.io",
        _ => false,
    }
}
