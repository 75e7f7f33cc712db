//! Differences that an application does not mind, as they are written.

use super::fields::{FieldError, Fields};

/// One entry of `spec.ignoreDifferences`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct IgnoreDifference {
    /// The API group, a pattern.
    pub group: String,
    /// The kind, a pattern.
    pub kind: String,
    /// The name; any when empty.
    pub name: String,
    /// The namespace; any when empty.
    pub namespace: String,
    /// Places by RFC 6901.
    pub json_pointers: Vec<String>,
    /// Places by jq.
    pub jq_path_expressions: Vec<String>,
    /// Managers whose fields are meant.
    pub managed_fields_managers: Vec<String>,
}

impl IgnoreDifference {
    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            group: fields.text("group")?.unwrap_or_default(),
            kind: fields.required_text("kind")?,
            name: fields.text("name")?.unwrap_or_default(),
            namespace: fields.text("namespace")?.unwrap_or_default(),
            json_pointers: fields.texts("jsonPointers")?,
            jq_path_expressions: fields.texts("jqPathExpressions")?,
            managed_fields_managers: fields.texts("managedFieldsManagers")?,
        })
    }
}
