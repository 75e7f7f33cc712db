//! What is brought to one form, or left out, before a live object is compared.
//!
//! gitops-engine: `Normalize` and `removeWebhookMutation` of `pkg/diff/diff.go`. Argo CD sends objects of built-in kinds
//! through their Go types first, which spells quantities and numbers one way; here both sides come from the API server,
//! which has done so already. `status` is ignored for all kinds, as Argo CD does unless told otherwise
//! (`resource.compareoptions.ignoreResourceStatusField`), and rules of aggregated roles are, too
//! (`ignoreAggregatedRoles`): a controller of the cluster writes both.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::cluster::fields_v1::{self, child, elements, is_leaf};

/// Where `kubectl apply` keeps what it applied.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What of `metadata` the API server alone writes.
const SERVER_METADATA: [&str; 6] = [
    "creationTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Brings an object to the form that is compared: what the API server alone writes is dropped (`managedFields` included),
/// `status` too, and parts with several spellings get one.
pub fn normalise(object: &mut Value) {
    let Some(object) = object.as_object_mut() else {
        return;
    };
    object.shift_remove("status");
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in SERVER_METADATA {
            metadata.shift_remove(field);
        }
        if let Some(annotations) = metadata
            .get_mut("annotations")
            .and_then(Value::as_object_mut)
        {
            annotations.shift_remove(LAST_APPLIED);
            if annotations.is_empty() {
                metadata.shift_remove("annotations");
            }
        }
    }
    let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
    let group = text("apiVersion")
        .split_once('/')
        .map_or("", |(group, _)| group);
    match (group, text("kind")) {
        ("", "Secret") => normalise_secret(object),
        ("", "Endpoints") => normalise_endpoints(object),
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => normalise_role(object),
        _ => {}
    }
}

/// A live object and the one that a dry run of an apply predicts, as they are compared: both normalised.
pub fn for_comparison(live: &Value, predicted: &Value) -> (Value, Value) {
    let (mut live, mut predicted) = (live.clone(), predicted.clone());
    normalise(&mut live);
    normalise(&mut predicted);
    (live, predicted)
}

/// `stringData` moves into `data`, as the API server does it, and a null value is an empty one.
fn normalise_secret(object: &mut Map<String, Value>) {
    if let Some(Value::Object(plain)) = object.get("stringData") {
        if plain.is_empty() {
            object.shift_remove("stringData");
            return normalise_secret(object);
        }
        let encoded: Vec<(String, Value)> = plain
            .iter()
            .map(|(key, value)| {
                let value = match value {
                    Value::String(text) => Value::String(STANDARD.encode(text)),
                    // The API server will refuse it, and is to see it for that.
                    other => other.clone(),
                };
                (key.clone(), value)
            })
            .collect();
        let data = object
            .entry("data")
            .or_insert_with(|| Value::Object(Map::new()));
        if data.is_null() {
            *data = Value::Object(Map::new());
        }
        if let Some(data) = data.as_object_mut() {
            data.extend(encoded);
            object.shift_remove("stringData");
        }
    }
    if let Some(data) = object.get_mut("data").and_then(Value::as_object_mut) {
        for value in data.values_mut().filter(|value| value.is_null()) {
            *value = Value::String(String::new());
        }
    }
}

/// Rules of an aggregated role are not the author's; no rules are null rules.
fn normalise_role(object: &mut Map<String, Value>) {
    let aggregated = object.get("aggregationRule").is_some_and(Value::is_object);
    let empty = object
        .get("rules")
        .and_then(Value::as_array)
        .is_some_and(Vec::is_empty);
    if aggregated || empty {
        object.insert("rules".to_owned(), Value::Null);
    }
}

/// The order of subsets, addresses and ports means nothing, and no protocol means TCP.
///
/// The order is our own: gitops-engine sorts ports by a hash of their Go values. Two lists are equal in one order exactly
/// when they are in the other.
fn normalise_endpoints(object: &mut Map<String, Value>) {
    let Some(subsets) = object.get_mut("subsets").and_then(Value::as_array_mut) else {
        return;
    };
    for subset in subsets.iter_mut() {
        for port in subset
            .get_mut("ports")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            if let Some(port) = port.as_object_mut()
                && port
                    .get("protocol")
                    .is_none_or(|protocol| protocol.is_null() || protocol == "")
            {
                port.insert("protocol".to_owned(), Value::from("TCP"));
            }
        }
        for list in ["addresses", "notReadyAddresses", "ports"] {
            if let Some(list) = subset.get_mut(list).and_then(Value::as_array_mut) {
                sort(list);
            }
        }
    }
    sort(subsets);
}

fn sort(list: &mut [Value]) {
    list.sort_by_cached_key(canonical);
}

/// A text that equal values share, whatever the order of their keys.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<(&String, String)> = fields
                .iter()
                .map(|(key, value)| (key, canonical(value)))
                .collect();
            fields.sort();
            format!("{fields:?}")
        }
        Value::Array(items) => format!("{:?}", items.iter().map(canonical).collect::<Vec<_>>()),
        scalar => scalar.to_string(),
    }
}

/// What a dry run predicts, without what admission webhooks changed: fields that `manager` does not own are as in the
/// live object, fields that only the prediction has and `manager` does not own are left out, and what the prediction lacks
/// is gone. A prediction in which `manager` owns nothing is given back as it is.
pub fn without_webhook_changes(predicted: &Value, live: &Value, manager: &str) -> Value {
    let owned = fields_v1::owned_by(predicted, |name| name == manager);
    if owned.is_empty() {
        return predicted.clone();
    }
    let all = fields_v1::owned_by(predicted, |_| true);
    let mut result = merge(predicted, live, Some(&owned), Some(&all));
    // What nobody owns is not a webhook's either.
    for field in ["apiVersion", "kind"] {
        if let (Some(result), Some(value)) = (result.as_object_mut(), predicted.get(field)) {
            result.insert(field.to_owned(), value.clone());
        }
    }
    result
}

/// `predicted` where `owned` has it, else `live`. `all` tells how lists are made up.
fn merge(
    predicted: &Value,
    live: &Value,
    owned: Option<&Map<String, Value>>,
    all: Option<&Map<String, Value>>,
) -> Value {
    if owned.is_some_and(is_leaf) {
        return predicted.clone();
    }
    match (predicted, live) {
        (Value::Object(predicted), Value::Object(live)) => {
            let mut merged = Map::new();
            for (name, live) in live {
                if let Some(predicted) = predicted.get(name) {
                    let owned = owned.and_then(|fields| child(fields, name));
                    let all = all.and_then(|fields| child(fields, name));
                    merged.insert(name.clone(), merge(predicted, live, owned, all));
                }
            }
            for (name, predicted) in predicted {
                let owned = owned.and_then(|fields| child(fields, name));
                if let Some(owned) = owned.filter(|_| !live.contains_key(name)) {
                    merged.insert(name.clone(), only(predicted, owned));
                }
            }
            Value::Object(merged)
        }
        (Value::Array(predicted), Value::Array(live)) => {
            let known = all.map(elements).unwrap_or_default();
            if known.is_empty() {
                return Value::Array(live.clone());
            }
            let owned = owned.map(elements).unwrap_or_default();
            let mut merged = Vec::with_capacity(predicted.len());
            for item in predicted {
                let element = known.iter().find(|element| element.is(item));
                let own = owned.iter().find(|element| element.is(item));
                let before = live.iter().find(|live| match element {
                    Some(element) => element.is(live),
                    None => *live == item,
                });
                let below = own.and_then(|own| own.below);
                match (before, own) {
                    (Some(before), _) => {
                        let all = element.and_then(|element| element.below);
                        merged.push(merge(item, before, below, all));
                    }
                    (None, Some(_)) => {
                        merged.push(below.map_or_else(|| item.clone(), |below| only(item, below)))
                    }
                    (None, None) => {}
                }
            }
            Value::Array(merged)
        }
        _ => live.clone(),
    }
}

/// The part of a value that a set names.
fn only(value: &Value, owned: &Map<String, Value>) -> Value {
    if is_leaf(owned) {
        return value.clone();
    }
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), only(value, child(owned, name)?))))
            .collect(),
        Value::Array(items) => {
            let owned = elements(owned);
            items
                .iter()
                .filter_map(|item| {
                    let element = owned.iter().find(|element| element.is(item))?;
                    Some(
                        element
                            .below
                            .map_or_else(|| item.clone(), |below| only(item, below)),
                    )
                })
                .collect()
        }
        scalar => scalar.clone(),
    }
}
