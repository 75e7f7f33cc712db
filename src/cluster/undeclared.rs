//! Fields that the schema of a kind does not have.
//!
//! Where validation is off, the API server drops such fields from what is created or replaced, and so they never bothered
//! whoever applies on the client's side. Server-side apply has no place for them in its record of owners, and refuses the
//! object whatever is asked of it. Then they are dropped before they are sent.

use serde_json::Value;

use super::error::ApiError;

/// The kind of a [`FieldError`](super::FieldError) that names such a field.
pub(super) const KIND: &str = "FieldUndeclared";

/// Takes the field that `error` is about out of `object`, if it is about such a field. True when the object has changed.
pub(super) fn remove(error: &ApiError, object: &mut Value) -> bool {
    let ApiError::Invalid { fields, .. } = error else {
        return false;
    };
    let mut changed = false;
    for error in fields.iter().filter(|error| error.kind == KIND) {
        changed |= remove_at(&error.field, object);
    }
    changed
}

/// Takes the field at `path`, as `.spec.containers[name="a"].field`, out of `value`; in a list out of every item, since all
/// have one schema. A name may hold dots, so that names are those which the object has.
fn remove_at(path: &str, value: &mut Value) -> bool {
    match value {
        Value::Array(items) => {
            let Some(rest) = behind_brackets(path) else {
                return false;
            };
            let mut changed = false;
            for item in items {
                changed |= remove_at(rest, item);
            }
            changed
        }
        Value::Object(entries) => {
            let Some(path) = path.strip_prefix('.') else {
                return false;
            };
            if entries.shift_remove(path).is_some() {
                return true;
            }
            entries.iter_mut().any(|(name, value)| {
                path.strip_prefix(name.as_str())
                    .filter(|rest| rest.starts_with(['.', '[']))
                    .is_some_and(|rest| remove_at(rest, value))
            })
        }
        _ => false,
    }
}

/// What follows the brackets that `path` begins with. They may hold anything in quotes.
fn behind_brackets(path: &str) -> Option<&str> {
    let inner = path.strip_prefix('[')?;
    let (mut quoted, mut escaped) = (false, false);
    for (place, char) in inner.char_indices() {
        match char {
            ']' if !quoted => return inner.get(place + 1..),
            '"' if !escaped => quoted = !quoted,
            _ => {}
        }
        escaped = char == '\\' && !escaped;
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_found_by_the_paths_of_the_server() {
        for (path, object, expect) in [
            (".a", json!({"a": 1, "b": 2}), json!({"b": 2})),
            (
                ".spec.x.y",
                json!({"spec": {"x.y": 1, "x": 2}}),
                json!({"spec": {"x": 2}}),
            ),
            (
                ".spec.x",
                json!({"spec": {"x": {"y": 1}}}),
                json!({"spec": {}}),
            ),
            (
                r#".list[name="a]\"",port=1].x"#,
                json!({"list": [{"name": "a]\"", "x": 1}, {"name": "b", "x": 1, "y": 2}]}),
                json!({"list": [{"name": "a]\""}, {"name": "b", "y": 2}]}),
            ),
            (
                ".list[0][1].x",
                json!({"list": [[{"x": 1}]]}),
                json!({"list": [[{}]]}),
            ),
        ] {
            let mut changed = object.clone();
            assert!(remove_at(path, &mut changed), "{path} {object}");
            assert_eq!(changed, expect, "{path}");
        }
        for path in [
            "", ".", ".b", ".list", ".list[", ".list[0", ".list[0]", "a", ".a.b",
        ] {
            let mut object = json!({"a": 1, "c": [{}]});
            assert!(!remove_at(path, &mut object), "{path}");
            assert_eq!(object, json!({"a": 1, "c": [{}]}));
        }
    }
}
