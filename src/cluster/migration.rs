//! Fields that `kubectl apply` set on the client's side become lockstep's.
//!
//! `kubectl apply` without `--server-side` records its fields under `kubectl-client-side-apply` as an update. Server-side
//! apply by another manager then conflicts with them, and a field that is taken out of the manifest stays for ever, since
//! it has a second owner. So before the first apply the record itself is rewritten: what kubectl set counts as applied by
//! lockstep (kubectl: `util/csaupgrade`).

use serde_json::{Map, Value, json};

use super::client::{Cluster, FIELD_MANAGER, WriteOptions};
use super::error::{ApiError, FieldConflict};
use super::object::Address;

/// The manager of `kubectl apply`.
pub(super) const KUBECTL: &str = "kubectl-client-side-apply";

/// How often the record is tried to be rewritten while others change the object.
const ATTEMPTS: usize = 5;

/// Whether `conflicts` are only with what `kubectl apply` set on `live`.
pub(super) fn resolves(conflicts: &[FieldConflict], live: &Value) -> bool {
    is_needed(live)
        && !conflicts.is_empty()
        && conflicts
            .iter()
            .all(|conflict| conflict.manager == KUBECTL && conflict.subresource.is_none())
}

/// Whether `kubectl apply` set fields of `live`.
pub(super) fn is_needed(live: &Value) -> bool {
    entries(live).any(is_of_kubectl)
}

/// Rewrites the record of `live`, which is read anew where it was changed meanwhile.
///
/// # Errors
///
/// When the object cannot be changed.
pub(super) async fn migrate(
    cluster: &Cluster,
    address: Address<'_>,
    live: &Value,
) -> Result<(), ApiError> {
    let mut current = live.clone();
    for attempt in 1.. {
        let Some(patch) = patch(&current) else {
            return Ok(());
        };
        match cluster
            .patch_merge(address, &patch, WriteOptions::default())
            .await
        {
            Err(ApiError::Conflict) if attempt < ATTEMPTS => match cluster.get(address).await? {
                Some(object) => current = object,
                None => return Ok(()),
            },
            Err(ApiError::NotFound) => return Ok(()),
            result => return result.map(drop),
        }
    }
    Ok(())
}

/// The merge patch that rewrites the record; none where there is nothing to rewrite. It names the version, so that it
/// cannot undo what others record meanwhile.
fn patch(live: &Value) -> Option<Value> {
    let version = live.pointer("/metadata/resourceVersion")?.as_str()?;
    let kubectl = entries(live).find(|entry| is_of_kubectl(entry))?;
    let mut rewritten: Vec<Value> = entries(live)
        .filter(|entry| !is_of_kubectl(entry))
        .cloned()
        .collect();
    let fields = kubectl.get("fieldsV1").cloned().unwrap_or_default();
    let api_version = kubectl.get("apiVersion").cloned().unwrap_or_default();
    let own = rewritten.iter_mut().find(|entry| {
        entry["manager"] == FIELD_MANAGER
            && entry["operation"] == "Apply"
            && entry["apiVersion"] == api_version
            && is_main(entry)
    });
    match own {
        Some(own) => merge(&mut own["fieldsV1"], fields),
        None => {
            let mut entry = kubectl.clone();
            entry["manager"] = json!(FIELD_MANAGER);
            entry["operation"] = json!("Apply");
            rewritten.push(entry);
        }
    }
    Some(json!({"metadata": {"resourceVersion": version, "managedFields": rewritten}}))
}

fn entries(live: &Value) -> impl Iterator<Item = &Value> {
    live.pointer("/metadata/managedFields")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn is_of_kubectl(entry: &Value) -> bool {
    entry["manager"] == KUBECTL && entry["operation"] == "Update" && is_main(entry)
}

fn is_main(entry: &Value) -> bool {
    entry
        .get("subresource")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .is_empty()
}

/// The union of two sets of fields, which are objects of objects.
fn merge(fields: &mut Value, other: Value) {
    let Value::Object(other) = other else {
        return;
    };
    if !fields.is_object() {
        *fields = Value::Object(Map::new());
    }
    if let Some(fields) = fields.as_object_mut() {
        for (name, below) in other {
            merge(fields.entry(name).or_insert_with(|| json!({})), below);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(entries: &Value) -> Value {
        json!({"metadata": {"resourceVersion": "4", "managedFields": entries}})
    }

    fn entry(manager: &str, operation: &str, fields: &Value) -> Value {
        json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": fields})
    }

    #[test]
    fn what_kubectl_set_becomes_applied() {
        let other = entry("someone", "Update", &json!({"f:status": {}}));
        let kubectl = entry(KUBECTL, "Update", &json!({"f:data": {"f:a": {}}}));
        assert_eq!(
            patch(&live(&json!([other, kubectl]))),
            Some(
                json!({"metadata": {"resourceVersion": "4", "managedFields": [
                    other,
                    entry(FIELD_MANAGER, "Apply", &json!({"f:data": {"f:a": {}}})),
                ]}})
            )
        );
        let own = entry(FIELD_MANAGER, "Apply", &json!({"f:data": {"f:b": {}}}));
        assert_eq!(
            patch(&live(&json!([own, kubectl]))),
            Some(
                json!({"metadata": {"resourceVersion": "4", "managedFields": [
                    entry(FIELD_MANAGER, "Apply", &json!({"f:data": {"f:b": {}, "f:a": {}}})),
                ]}})
            )
        );
        assert_eq!(patch(&live(&json!([other]))), None);
        // `kubectl apply --server-side` is another manager that applies, and keeps its fields.
        let server_side = entry("kubectl", "Apply", &json!({"f:data": {"f:a": {}}}));
        assert_eq!(patch(&live(&json!([server_side]))), None);
    }
}
