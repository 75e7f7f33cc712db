//! Fields of an object, read as Go's decoder fills its types: what is absent has the zero value.

use serde_json::Value;

/// The text at a JSON pointer; empty where there is none.
pub(super) fn text<'o>(object: &'o Value, pointer: &str) -> &'o str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The text at a JSON pointer, where there is one.
pub(super) fn text_if<'o>(object: &'o Value, pointer: &str) -> Option<&'o str> {
    object.pointer(pointer).and_then(Value::as_str)
}

/// The whole number at a JSON pointer; zero where there is none.
pub(super) fn number(object: &Value, pointer: &str) -> i64 {
    number_if(object, pointer).unwrap_or(0)
}

/// The whole number at a JSON pointer, where there is one.
pub(super) fn number_if(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer).and_then(Value::as_i64)
}

/// Whether `true` stands at a JSON pointer.
pub(super) fn truth(object: &Value, pointer: &str) -> bool {
    object
        .pointer(pointer)
        .and_then(Value::as_bool)
        .unwrap_or(false)
}

/// The list at a JSON pointer; empty where there is none.
pub(super) fn list<'o>(object: &'o Value, pointer: &str) -> &'o [Value] {
    object
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// `status.conditions`, where the object has any list of them.
pub(super) fn conditions(object: &Value) -> Option<&[Value]> {
    object
        .pointer("/status/conditions")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
}

/// Whether a condition has this type and status.
pub(super) fn is(condition: &Value, kind: &str, status: &str) -> bool {
    text(condition, "/type") == kind && text(condition, "/status") == status
}

/// The group and version of an object.
pub(super) fn group_version(object: &Value) -> (&str, &str) {
    let api_version = text(object, "/apiVersion");
    api_version.split_once('/').unwrap_or(("", api_version))
}
