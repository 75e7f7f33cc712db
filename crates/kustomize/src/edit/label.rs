//! `edit add label` and `edit add annotation` (kustomize: commands/edit/add/addmetadata.go).

use std::collections::BTreeMap;

use super::{AnnotationEdit, EditError, Existing, LabelEdit, LabelReach};
use crate::kustomization::{KustomizationFields, Label};

pub(super) fn add(edit: &LabelEdit, fields: &mut KustomizationFields) -> Result<(), EditError> {
    if edit.pairs.is_empty() {
        return Ok(());
    }
    let include_templates = match edit.reach {
        LabelReach::Selectors => {
            return insert(
                &mut fields.common_labels,
                &edit.pairs,
                edit.existing,
                label_exists,
            );
        }
        LabelReach::Metadata => false,
        LabelReach::Templates => true,
        LabelReach::TemplatesWithSelectors => return Err(EditError::TemplatesWithSelectors),
    };
    // The first entry that reaches as far takes them, whatever further fields it names.
    let reaches_as_far =
        |label: &Label| !label.include_selectors && label.include_templates == include_templates;
    let at = match fields.labels.iter().position(reaches_as_far) {
        Some(at) => at,
        None => {
            fields.labels.push(Label {
                include_templates,
                ..Label::default()
            });
            fields.labels.len() - 1
        }
    };
    insert(
        &mut fields.labels[at].pairs,
        &edit.pairs,
        edit.existing,
        label_exists,
    )
}

pub(super) fn annotate(
    edit: &AnnotationEdit,
    annotations: &mut BTreeMap<String, String>,
) -> Result<(), EditError> {
    insert(annotations, &edit.pairs, edit.existing, |name| {
        EditError::AnnotationExists { name }
    })
}

const fn label_exists(name: String) -> EditError {
    EditError::LabelExists { name }
}

fn insert(
    into: &mut BTreeMap<String, String>,
    pairs: &BTreeMap<String, String>,
    existing: Existing,
    exists: impl Fn(String) -> EditError,
) -> Result<(), EditError> {
    for (name, value) in pairs {
        let (name, value) = as_argument(name, value)?;
        if existing == Existing::Refuse && into.contains_key(&name) {
            return Err(exists(name));
        }
        into.insert(name, value);
    }
    Ok(())
}

/// What the command line `name:value` is understood as. Quotation marks around a value are taken off.
fn as_argument(name: &str, value: &str) -> Result<(String, String), EditError> {
    let argument = format!("{name}:{value}");
    let (name, value) = argument.split_once(':').unwrap_or((&argument, ""));
    if name.is_empty() {
        return Err(EditError::NoName);
    }
    let value = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(value);
    Ok((name.to_owned(), value.to_owned()))
}
