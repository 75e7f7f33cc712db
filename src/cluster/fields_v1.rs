//! Sets of fields as the API server records them in `metadata.managedFields`.
//!
//! A set is a tree: `f:name` is a field, `k:{…}` an item of a list by its keys, `v:…` an item by its value, `i:…` an item
//! by its place, and `.` the place itself (structured-merge-diff: `fieldpath/serialize.go`, `fieldpath/serialize-pe.go`).
//! The tree tells what no schema is needed for then: which lists are sets, which are keyed, and which are one value.

use serde_json::{Map, Value};

/// The fields that `manager` owns by applying in `api_version`, in the main resource.
pub fn applied_by<'o>(live: &'o Value, manager: &str, api_version: &str) -> Option<&'o Value> {
    let mut entries = live
        .pointer("/metadata/managedFields")?
        .as_array()?
        .iter()
        .filter(|entry| {
            entry.get("manager").and_then(Value::as_str) == Some(manager)
                && entry.get("operation").and_then(Value::as_str) == Some("Apply")
                && entry.get("apiVersion").and_then(Value::as_str) == Some(api_version)
                && entry
                    .get("subresource")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .is_empty()
        });
    let fields = entries.next()?.get("fieldsV1")?;
    entries.next().is_none().then_some(fields)
}

/// The fields that any of the managers for which `wanted` holds owns in any way, united.
pub fn owned_by(object: &Value, wanted: impl Fn(&str) -> bool) -> Map<String, Value> {
    let mut united = Map::new();
    let entries = object
        .pointer("/metadata/managedFields")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    for entry in entries {
        let manager = entry
            .get("manager")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if wanted(manager)
            && let Some(Value::Object(fields)) = entry.get("fieldsV1")
        {
            unite(&mut united, fields);
        }
    }
    united
}

fn unite(into: &mut Map<String, Value>, fields: &Map<String, Value>) {
    for (element, below) in fields {
        match (into.get_mut(element), below) {
            (Some(Value::Object(into)), Value::Object(below)) => unite(into, below),
            (Some(_), _) => {}
            (None, _) => {
                into.insert(element.clone(), below.clone());
            }
        }
    }
}

/// Whether `fields` (a `fieldsV1`) names exactly the fields of `desired`, and the live object has the same values in them:
/// then applying `desired` again changes nothing.
///
/// Errs on one side only: whatever cannot be decided is not covered. `apiVersion`, `kind`, and what of `metadata` is
/// nobody's (name and namespace) are left out.
pub fn covers_exactly(fields: &Value, desired: &Value, live: &Value) -> bool {
    let (Value::Object(fields), Value::Object(desired), Value::Object(live)) =
        (fields, desired, live)
    else {
        return false;
    };
    let complete = ["apiVersion", "kind", "metadata"]
        .into_iter()
        .all(|name| desired.contains_key(name));
    if !complete || desired["metadata"].get("name").is_none() {
        return false;
    }
    let mut named = 0;
    for (name, value) in desired {
        if matches!(name.as_str(), "apiVersion" | "kind") {
            if live.get(name) != Some(value) {
                return false;
            }
            continue;
        }
        let below = child(fields, name);
        if name == "metadata" {
            let (Value::Object(value), Some(Value::Object(live))) = (value, live.get(name)) else {
                return false;
            };
            let nobodys = |key: &&String| matches!(key.as_str(), "name" | "namespace");
            let own = value.keys().filter(|key| !nobodys(key)).count();
            let same = value
                .iter()
                .filter(|(key, _)| nobodys(key))
                .all(|(key, value)| live.get(key) == Some(value));
            let covered = match below {
                None => own == 0,
                Some(below) => {
                    named += 1;
                    fields_named(below) == Some(own)
                        && value
                            .iter()
                            .filter(|(key, _)| !nobodys(key))
                            .all(|(key, value)| field_covered(below, key, value, live))
                }
            };
            if !same || !covered {
                return false;
            }
            continue;
        }
        named += 1;
        if !field_covered(fields, name, value, live) {
            return false;
        }
    }
    fields_named(fields) == Some(named)
}

/// The subtree of a field, if the set has it.
pub(in crate::cluster) fn child<'f>(
    fields: &'f Map<String, Value>,
    name: &str,
) -> Option<&'f Map<String, Value>> {
    // A walk over few elements costs less than making the name of one.
    let below = if fields.len() > 16 {
        fields.get(&format!("f:{name}"))
    } else {
        let mut elements = fields.iter();
        elements
            .find(|(element, _)| element.strip_prefix("f:") == Some(name))
            .map(|(_, below)| below)
    };
    below?.as_object()
}

/// How many fields a node has; none where it has anything but fields.
fn fields_named(fields: &Map<String, Value>) -> Option<usize> {
    let mut count = 0;
    for element in fields.keys() {
        if element.starts_with("f:") {
            count += 1;
        } else if element != "." {
            return None;
        }
    }
    Some(count)
}

fn field_covered(
    fields: &Map<String, Value>,
    name: &str,
    desired: &Value,
    live: &Map<String, Value>,
) -> bool {
    match (child(fields, name), live.get(name)) {
        (Some(below), Some(live)) => covered(below, desired, live),
        _ => false,
    }
}

fn covered(fields: &Map<String, Value>, desired: &Value, live: &Value) -> bool {
    if is_leaf(fields) {
        // What stands for nothing is dropped or kept by rules of its type: not decided here.
        return !desired.is_null() && desired == live;
    }
    match (desired, live) {
        (Value::Object(desired), Value::Object(live)) => {
            fields_named(fields) == Some(desired.len())
                && desired
                    .iter()
                    .all(|(name, value)| field_covered(fields, name, value, live))
        }
        (Value::Array(desired), Value::Array(live)) => list_covered(fields, desired, live),
        _ => false,
    }
}

/// Whether a node stands for the whole value at its place.
pub(in crate::cluster) fn is_leaf(fields: &Map<String, Value>) -> bool {
    fields.keys().all(|element| element == ".")
}

/// Items of a list, each by its own element; in the order of the live list, as applying another order moves them.
fn list_covered(fields: &Map<String, Value>, desired: &[Value], live: &[Value]) -> bool {
    let elements: Option<Vec<Element<'_>>> = fields
        .iter()
        .filter(|(element, _)| *element != ".")
        .map(|(element, below)| Element::read(element, below))
        .collect();
    let Some(elements) = elements else {
        return false;
    };
    if elements.len() != desired.len() {
        return false;
    }
    let mut begin = 0;
    for item in desired {
        let mut found = elements.iter().filter(|element| element.may_be(item));
        let (Some(element), None) = (found.next(), found.next()) else {
            return false;
        };
        let Some(place) = live[begin..].iter().position(|item| element.is(item)) else {
            return false;
        };
        let item_covered = match element.below {
            Some(below) => covered(below, item, &live[begin + place]),
            None => true,
        };
        if !item_covered {
            return false;
        }
        begin += place + 1;
    }
    true
}

/// How a set names an item of a list.
pub(in crate::cluster) struct Element<'f> {
    name: Name,
    /// The fields of the item; none for an item that is named by its value.
    pub(in crate::cluster) below: Option<&'f Map<String, Value>>,
}

enum Name {
    Keys(Map<String, Value>),
    Value(Value),
}

impl<'f> Element<'f> {
    /// Reads an element; none where it is not one of an item, or names it by its place.
    pub(in crate::cluster) fn read(element: &str, below: &'f Value) -> Option<Self> {
        if let Some(keys) = element.strip_prefix("k:") {
            let keys: Map<String, Value> = serde_json::from_str(keys).ok()?;
            return Some(Self {
                name: Name::Keys(keys),
                below: Some(below.as_object()?),
            });
        }
        let value = serde_json::from_str(element.strip_prefix("v:")?).ok()?;
        Some(Self {
            name: Name::Value(value),
            below: None,
        })
    }

    /// The fields by which it names an item; none where it names it by its value.
    const fn keys(&self) -> Option<&Map<String, Value>> {
        match &self.name {
            Name::Keys(keys) => Some(keys),
            Name::Value(_) => None,
        }
    }

    /// Whether it names this item of a live list.
    pub(in crate::cluster) fn is(&self, item: &Value) -> bool {
        match &self.name {
            Name::Keys(keys) => keys.iter().all(|(key, value)| item.get(key) == Some(value)),
            Name::Value(value) => item == value,
        }
    }

    /// Whether it may name this item of an object as a person wrote it: keys with a default can be missing.
    pub(in crate::cluster) fn may_be(&self, item: &Value) -> bool {
        match &self.name {
            Name::Keys(keys) => {
                let mut any = false;
                keys.iter().all(|(key, value)| match item.get(key) {
                    None => true,
                    Some(own) => {
                        any = true;
                        own == value
                    }
                }) && any
            }
            Name::Value(value) => item == value,
        }
    }
}

/// The elements of the items of a list, as far as a set names them by key or value.
pub(in crate::cluster) fn elements(fields: &Map<String, Value>) -> Vec<Element<'_>> {
    fields
        .iter()
        .filter_map(|(element, below)| Element::read(element, below))
        .collect()
}

/// Removes from both objects the fields of the set in which they differ and which both have.
pub(in crate::cluster) fn remove_differing(
    fields: &Map<String, Value>,
    one: &mut Value,
    other: &mut Value,
) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            for (element, below) in fields {
                let (Some(name), Some(below)) = (element.strip_prefix("f:"), below.as_object())
                else {
                    continue;
                };
                let (Some(of_one), Some(of_other)) = (one.get_mut(name), other.get_mut(name))
                else {
                    continue;
                };
                let same_shape = matches!(
                    (&*of_one, &*of_other),
                    (Value::Object(_), Value::Object(_)) | (Value::Array(_), Value::Array(_))
                );
                if is_leaf(below) || !same_shape {
                    if of_one != of_other {
                        one.shift_remove(name);
                        other.shift_remove(name);
                    }
                } else {
                    remove_differing(below, of_one, of_other);
                }
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            for element in elements(fields) {
                let Some(below) = element.below else { continue };
                let of_one = one.iter_mut().find(|item| element.may_be(item));
                let of_other = other.iter_mut().find(|item| element.may_be(item));
                if let (Some(of_one), Some(of_other)) = (of_one, of_other) {
                    remove_differing(below, of_one, of_other);
                }
            }
        }
        _ => {}
    }
}

/// Removes from `object` the fields of the set `theirs` that neither the set `others` nor the object `wanted` has.
pub(in crate::cluster) fn remove_unwanted(
    theirs: &Map<String, Value>,
    others: &Map<String, Value>,
    wanted: &Value,
    object: &mut Value,
) {
    let nothing = Map::new();
    let below_of = |set: &Value| set.as_object().cloned().unwrap_or_default();
    for (element, below) in theirs {
        let below = below_of(below);
        let kept = others.get(element);
        let others = kept.and_then(Value::as_object).unwrap_or(&nothing);
        match object {
            Value::Object(entries) => {
                let Some(name) = element.strip_prefix("f:") else {
                    continue;
                };
                let wanted = wanted.get(name);
                let Some(value) = entries.get_mut(name) else {
                    continue;
                };
                if !is_leaf(&below) {
                    remove_unwanted(&below, others, wanted.unwrap_or(&Value::Null), value);
                }
                let is_empty = match &*value {
                    Value::Object(entries) => entries.is_empty(),
                    Value::Array(items) => items.is_empty(),
                    _ => false,
                };
                if wanted.is_none() && kept.is_none() && (is_leaf(&below) || is_empty) {
                    entries.shift_remove(name);
                }
            }
            Value::Array(items) => {
                let own = Value::Object(below.clone());
                let Some(named) = Element::read(element, &own) else {
                    continue;
                };
                let Some(place) = items.iter().position(|item| named.is(item)) else {
                    continue;
                };
                let wanted = wanted
                    .as_array()
                    .and_then(|wanted| wanted.iter().find(|item| named.may_be(item)));
                if wanted.is_none() && kept.is_none() {
                    items.remove(place);
                } else {
                    let wanted = wanted.unwrap_or(&Value::Null);
                    // What tells the item from others stays.
                    let keys = named.keys();
                    let mut below = below;
                    below.retain(|field, _| {
                        let name = field.strip_prefix("f:").unwrap_or(field);
                        keys.is_none_or(|keys| !keys.contains_key(name))
                    });
                    remove_unwanted(&below, others, wanted, &mut items[place]);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields() -> Value {
        json!({
            "f:metadata": {"f:labels": {"f:app": {}}},
            "f:spec": {
                "f:replicas": {},
                "f:selector": {},
                "f:finalizers": {"v:\"a\"": {}, "v:\"b\"": {}},
                "f:ports": {
                    "k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}, "f:name": {}},
                },
            },
        })
    }

    fn desired() -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "Thing",
            "metadata": {"name": "x", "namespace": "y", "labels": {"app": "shop"}},
            "spec": {
                "replicas": 2,
                "selector": {"app": "shop"},
                "finalizers": ["a", "b"],
                "ports": [{"port": 80, "name": "http"}],
            },
        })
    }

    fn live() -> Value {
        let mut live = desired();
        live["metadata"]["labels"]["other"] = json!("theirs");
        live["spec"]["finalizers"] = json!(["a", "theirs", "b"]);
        live["spec"]["ports"] = json!([
            {"port": 443, "protocol": "TCP"},
            {"port": 80, "protocol": "TCP", "name": "http", "targetPort": 80},
        ]);
        live["status"] = json!({"ready": true});
        live
    }

    #[test]
    fn equal_fields_are_covered_whatever_others_own() {
        assert!(covers_exactly(&fields(), &desired(), &live()));
    }

    #[test]
    fn any_other_value_field_or_order_is_not_covered() {
        type Change = (&'static str, fn(&mut Value, &mut Value, &mut Value));
        let changes: &[Change] = &[
            ("a value", |_, desired, _| {
                desired["spec"]["replicas"] = json!(3)
            }),
            ("a live value", |_, _, live| {
                live["spec"]["replicas"] = json!(3)
            }),
            ("a live value of an atomic field", |_, _, live| {
                live["spec"]["selector"]["tier"] = json!("web")
            }),
            ("a new field", |_, desired, _| {
                desired["spec"]["paused"] = json!(true)
            }),
            ("a field that is gone", |_, desired, _| {
                desired["spec"]
                    .as_object_mut()
                    .unwrap()
                    .shift_remove("replicas");
            }),
            ("a field that is owned no more", |fields, _, _| {
                fields["f:spec"]
                    .as_object_mut()
                    .unwrap()
                    .shift_remove("f:replicas");
            }),
            ("a whole part that is gone", |_, desired, _| {
                desired.as_object_mut().unwrap().shift_remove("spec");
            }),
            ("labels that are gone", |_, desired, _| {
                desired["metadata"]
                    .as_object_mut()
                    .unwrap()
                    .shift_remove("labels");
            }),
            ("another name", |_, desired, _| {
                desired["metadata"]["name"] = json!("z")
            }),
            ("another version", |_, desired, _| {
                desired["apiVersion"] = json!("v2")
            }),
            ("another order", |_, desired, _| {
                desired["spec"]["finalizers"] = json!(["b", "a"])
            }),
            ("another item", |_, desired, _| {
                desired["spec"]["finalizers"] = json!(["a", "c"])
            }),
            ("an item more", |_, desired, _| {
                desired["spec"]["ports"]
                    .as_array_mut()
                    .unwrap()
                    .push(json!({"port": 81}));
            }),
            ("an item changed", |_, _, live| {
                live["spec"]["ports"][1]["name"] = json!("web")
            }),
            ("a null", |_, desired, _| {
                desired["spec"]["replicas"] = Value::Null
            }),
            ("an item by its place", |fields, _, _| {
                fields["f:spec"]["f:finalizers"] = json!({"i:0": {}, "i:1": {}});
            }),
            ("a broken element", |fields, _, _| {
                fields["f:spec"]["f:ports"] = json!({"k:{broken": {}});
            }),
        ];
        for (change, make) in changes {
            let (mut fields, mut desired, mut live) = (fields(), desired(), live());
            make(&mut fields, &mut desired, &mut live);
            assert!(!covers_exactly(&fields, &desired, &live), "{change}");
        }
    }

    #[test]
    fn items_that_two_elements_may_name_are_not_decided() {
        let fields = json!({"f:spec": {"f:ports": {
            "k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}},
            "k:{\"port\":80,\"protocol\":\"UDP\"}": {".": {}, "f:port": {}, "f:protocol": {}},
        }}});
        let desired = json!({"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "x"}, "spec": {"ports": [{"port": 80}, {"port": 80, "protocol": "UDP"}]}});
        let live = json!({"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "x"}, "spec": {"ports": [
            {"port": 80, "protocol": "TCP"},
            {"port": 80, "protocol": "UDP"},
        ]}});
        assert!(!covers_exactly(&fields, &desired, &live));
    }
}
