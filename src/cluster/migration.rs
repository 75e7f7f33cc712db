//! Fields that another tool set become lockstep's.
//!
//! Whoever applied an object before is still recorded as the owner of its fields. Server-side apply by another manager
//! conflicts with them, and a field that is taken out of the manifest stays for ever, since it has a second owner. So
//! before the first apply the record itself is rewritten: what the other one set counts as applied by lockstep (kubectl:
//! `util/csaupgrade`; Flux does the same with the fields of kubectl and Helm).
//!
//! Whose fields are taken over is the question of [`Former`]: those of `kubectl apply` on the client's side always, as Argo
//! CD does, those of other tools only when the object itself is taken over. Then what marks the object as theirs goes with
//! the rest, as Argo CD's tracking id: an Argo CD application that is deleted afterwards does not take the object along.

use serde_json::{Map, Value, json};

use super::client::{Cluster, FIELD_MANAGER, WriteOptions};
use super::error::{ApiError, FieldConflict};
use super::fields_v1;
use super::object::Address;

/// The manager of `kubectl apply` on the client's side.
const KUBECTL: &str = "kubectl-client-side-apply";

/// The managers of tools that bring manifests into clusters: Argo CD (applying on either side), Flux and its command
/// line, Helm.
const TOOLS: [&str; 6] = [
    "argocd-controller",
    "argocd-application-controller",
    "kustomize-controller",
    "helm-controller",
    "flux",
    "helm",
];

/// How often the record is tried to be rewritten while others change the object.
const ATTEMPTS: usize = 5;

/// Those whose fields become lockstep's.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Former {
    /// `kubectl apply` on the client's side.
    pub(super) client_side_apply: bool,
    /// Every tool, and `kubectl apply --server-side`: the object is taken over.
    pub(super) tools: bool,
}

impl Former {
    /// Whether any of them set fields of `live`.
    pub(super) fn has_fields(self, live: &Value) -> bool {
        entries(live).any(|entry| self.is_of(entry))
    }

    /// Whether `conflicts` are only with what they set on `live`.
    pub(super) fn resolves(self, conflicts: &[FieldConflict], live: &Value) -> bool {
        self.has_fields(live)
            && !conflicts.is_empty()
            && conflicts.iter().all(|conflict| {
                conflict.subresource.is_none()
                    && (self.applies(&conflict.manager, "Update")
                        || self.applies(&conflict.manager, "Apply"))
            })
    }

    /// Takes out of `predicted` what they alone set on `live` and `wanted` does not have: it goes when the record has been
    /// rewritten, of which a dry run knows nothing.
    pub(super) fn foretell(self, predicted: &mut Value, live: &Value, wanted: &Value) {
        let (mut theirs, mut others) = (json!({}), json!({}));
        for entry in entries(live) {
            let fields = entry.get("fieldsV1").cloned().unwrap_or_default();
            if self.is_of(entry) {
                merge(&mut theirs, fields);
            } else if entry["manager"] != FIELD_MANAGER || entry["operation"] != "Apply" {
                merge(&mut others, fields);
            }
        }
        if let (Value::Object(theirs), Value::Object(others)) = (theirs, others) {
            fields_v1::remove_unwanted(&theirs, &others, wanted, predicted);
        }
    }

    fn is_of(self, entry: &Value) -> bool {
        let text = |field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default();
        is_main(entry) && self.applies(text("manager"), text("operation"))
    }

    fn applies(self, manager: &str, operation: &str) -> bool {
        let is_client_side = manager == KUBECTL && operation == "Update";
        let is_server_side = manager == "kubectl" && operation == "Apply";
        (self.client_side_apply && is_client_side)
            || (self.tools && (is_client_side || is_server_side || TOOLS.contains(&manager)))
    }
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
    former: Former,
) -> Result<(), ApiError> {
    let mut current = live.clone();
    for attempt in 1.. {
        let Some(patch) = patch(&current, former) else {
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
///
/// A manager has one record of what it applied, in one version of the kind. Fields that are recorded in another version
/// may have other names, and become nobody's (kubectl: `unionManagerIntoIndex`).
fn patch(live: &Value, former: Former) -> Option<Value> {
    let version = live.pointer("/metadata/resourceVersion")?.as_str()?;
    let (theirs, mut rewritten): (Vec<Value>, Vec<Value>) = entries(live)
        .cloned()
        .partition(|entry| former.is_of(entry));
    let first = theirs.first()?;
    let is_own = |entry: &Value| {
        entry["manager"] == FIELD_MANAGER && entry["operation"] == "Apply" && is_main(entry)
    };
    let place = match rewritten.iter().position(is_own) {
        Some(place) => place,
        None => {
            // What is served now is what the object was asked for in.
            let current = live.get("apiVersion");
            let model = theirs
                .iter()
                .find(|entry| entry.get("apiVersion") == current)
                .unwrap_or(first);
            let mut entry = model.clone();
            entry["manager"] = json!(FIELD_MANAGER);
            entry["operation"] = json!("Apply");
            rewritten.push(entry);
            rewritten.len() - 1
        }
    };
    let own = &mut rewritten[place];
    for entry in &theirs {
        if entry.get("apiVersion") == own.get("apiVersion") {
            let fields = entry.get("fieldsV1").cloned().unwrap_or_default();
            merge(&mut own["fieldsV1"], fields);
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

    const CLIENT_SIDE: Former = Former {
        client_side_apply: true,
        tools: false,
    };
    const ALL: Former = Former {
        client_side_apply: true,
        tools: true,
    };

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
            patch(&live(&json!([other, kubectl])), CLIENT_SIDE),
            Some(
                json!({"metadata": {"resourceVersion": "4", "managedFields": [
                    other,
                    entry(FIELD_MANAGER, "Apply", &json!({"f:data": {"f:a": {}}})),
                ]}})
            )
        );
        let own = entry(FIELD_MANAGER, "Apply", &json!({"f:data": {"f:b": {}}}));
        assert_eq!(
            patch(&live(&json!([own, kubectl])), CLIENT_SIDE),
            Some(
                json!({"metadata": {"resourceVersion": "4", "managedFields": [
                    entry(FIELD_MANAGER, "Apply", &json!({"f:data": {"f:b": {}, "f:a": {}}})),
                ]}})
            )
        );
        assert_eq!(patch(&live(&json!([other])), CLIENT_SIDE), None);
        // `kubectl apply --server-side` is another manager that applies, and keeps its fields unless it is taken over.
        let server_side = entry("kubectl", "Apply", &json!({"f:data": {"f:a": {}}}));
        assert_eq!(patch(&live(&json!([server_side])), CLIENT_SIDE), None);
        assert!(patch(&live(&json!([server_side])), ALL).is_some());
    }

    #[test]
    fn what_tools_set_becomes_applied_once() {
        let argo = entry(
            "argocd-controller",
            "Apply",
            &json!({"f:data": {"f:a": {}}}),
        );
        let helm = entry("helm", "Update", &json!({"f:data": {"f:b": {}}}));
        let mut older = entry("flux", "Apply", &json!({"f:data": {"f:c": {}}}));
        older["apiVersion"] = json!("v1beta1");
        let mut status = entry("argocd-controller", "Update", &json!({"f:status": {}}));
        status["subresource"] = json!("status");
        let person = entry("kubectl-edit", "Update", &json!({"f:data": {"f:d": {}}}));
        let live = live(&json!([older, argo, status, helm, person]));
        let mut live = live;
        live["apiVersion"] = json!("v1");
        assert_eq!(patch(&live, CLIENT_SIDE), None);
        assert_eq!(
            patch(&live, ALL),
            Some(
                json!({"metadata": {"resourceVersion": "4", "managedFields": [
                    status,
                    person,
                    entry(FIELD_MANAGER, "Apply", &json!({"f:data": {"f:a": {}, "f:b": {}}})),
                ]}})
            )
        );
    }

    #[test]
    fn what_only_they_set_is_foretold_to_go() {
        let fields = json!({
            "f:data": {".": {}, "f:both": {}, "f:gone": {}, "f:wanted": {}},
            "f:metadata": {"f:annotations": {".": {}, "f:theirs": {}}, "f:finalizers": {".": {}, "v:\"a\"": {}}},
            "f:spec": {"f:ports": {".": {}, "k:{\"port\":1}": {".": {}, "f:port": {}, "f:name": {}}, "k:{\"port\":2}": {".": {}, "f:port": {}}}},
        });
        let live = live(&json!([
            entry("argocd-controller", "Apply", &fields),
            entry("someone", "Update", &json!({"f:data": {"f:both": {}}})),
        ]));
        let mut predicted = json!({
            "metadata": {"annotations": {"theirs": "x"}, "finalizers": ["a", "b"]},
            "data": {"both": "1", "gone": "2", "wanted": "3", "of-another": "4"},
            "spec": {"ports": [{"port": 1, "name": "x"}, {"port": 2}, {"port": 3}]},
        });
        let wanted = json!({"data": {"wanted": "3"}, "spec": {"ports": [{"port": 1}]}});
        ALL.foretell(&mut predicted, &live, &wanted);
        assert_eq!(
            predicted,
            json!({
                "metadata": {"finalizers": ["b"]},
                "data": {"both": "1", "wanted": "3", "of-another": "4"},
                "spec": {"ports": [{"port": 1}, {"port": 3}]},
            })
        );
    }
}
