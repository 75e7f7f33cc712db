//! What a person may see of an object.
//!
//! Two rules, and each alone would not do. By **place**: all of a Secret's `data` and `stringData`, and the copy of
//! an object that `kubectl apply` leaves in an annotation. By **value**: whatever was opened, wherever it turns up
//! again, such as a password in a URL of a ConfigMap.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use goyaml::Value;
use secret::Redactor;

use super::resource::Resource;

/// Where `kubectl apply` keeps the whole object as JSON.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The object with masks in the place of secrets. A mask shows a keyed fingerprint, the same for a value in `data` and
/// in `stringData`, so that a reader sees whether two are equal, and not what they are.
pub fn masked(resource: &Resource, redactor: &Redactor) -> Value {
    mask_object(&resource.object, resource.identity.is_secret(), redactor)
}

/// How many values of the object are masked because of their place.
pub fn secret_values(resource: &Resource) -> usize {
    if !resource.identity.is_secret() {
        return 0;
    }
    ["data", "stringData"]
        .iter()
        .filter_map(|field| resource.object.get(field).and_then(Value::as_object))
        .map(<[_]>::len)
        .sum()
}

fn mask_object(object: &Value, is_secret: bool, redactor: &Redactor) -> Value {
    let Value::Object(entries) = object else {
        return mask_known(object, redactor);
    };
    let entries = entries
        .iter()
        .map(|(key, value)| {
            let masked = match key.as_str() {
                "data" if is_secret => mask_values(value, Encoding::Base64, redactor),
                "stringData" if is_secret => mask_values(value, Encoding::None, redactor),
                "metadata" => mask_metadata(value, redactor),
                _ => mask_known(value, redactor),
            };
            (key.clone(), masked)
        })
        .collect();
    Value::Object(entries)
}

#[derive(Clone, Copy)]
enum Encoding {
    Base64,
    None,
}

/// Masks all of a field. What has the wrong type is masked as a whole: it may be a secret that somebody failed to
/// encode.
fn mask_values(field: &Value, encoding: Encoding, redactor: &Redactor) -> Value {
    match field {
        Value::Null => Value::Null,
        Value::Object(entries) => {
            let mask = |value: &Value| match value {
                Value::Null => Value::Null,
                Value::String(text) => match encoding {
                    // Line breaks are allowed in `data`, where kustomize writes long values on several lines.
                    Encoding::Base64 => {
                        let joined: String = text.split_ascii_whitespace().collect();
                        match BASE64_STANDARD.decode(joined) {
                            Ok(decoded) => mask_text(&decoded, redactor),
                            Err(_) => mask_text(text.as_bytes(), redactor),
                        }
                    }
                    Encoding::None => mask_text(text.as_bytes(), redactor),
                },
                other => mask_text(json(other).as_bytes(), redactor),
            };
            Value::Object(
                entries
                    .iter()
                    .map(|(key, value)| (key.clone(), mask(value)))
                    .collect(),
            )
        }
        other => mask_text(json(other).as_bytes(), redactor),
    }
}

fn mask_metadata(metadata: &Value, redactor: &Redactor) -> Value {
    let Value::Object(entries) = metadata else {
        return mask_known(metadata, redactor);
    };
    let entries = entries
        .iter()
        .map(|(key, value)| {
            let masked = match (key.as_str(), value) {
                ("annotations", Value::Object(annotations)) => Value::Object(
                    annotations
                        .iter()
                        .map(|(key, value)| {
                            let masked = match value {
                                Value::String(text) if key == LAST_APPLIED => {
                                    mask_text(text.as_bytes(), redactor)
                                }
                                other => mask_known(other, redactor),
                            };
                            (key.clone(), masked)
                        })
                        .collect(),
                ),
                _ => mask_known(value, redactor),
            };
            (key.clone(), masked)
        })
        .collect();
    Value::Object(entries)
}

/// The JSON text of a value, by which values of the same content are alike. What JSON cannot hold is nothing.
fn json(value: &Value) -> String {
    goyaml::json::to_string(value).unwrap_or_default()
}

fn mask_text(value: &[u8], redactor: &Redactor) -> Value {
    Value::String(redactor.fingerprint(value).to_string())
}

/// Masks opened values: whole scalars of any type, and parts of texts.
fn mask_known(value: &Value, redactor: &Redactor) -> Value {
    let whole = |text: &[u8]| {
        redactor
            .recognise(text)
            .map(|mask| Value::String(mask.to_string()))
    };
    match value {
        Value::Array(items) => Value::Array(
            items
                .iter()
                .map(|item| mask_known(item, redactor))
                .collect(),
        ),
        Value::Object(entries) => Value::Object(
            entries
                .iter()
                .map(|(key, value)| {
                    (
                        redactor.redact(key).into_owned(),
                        mask_known(value, redactor),
                    )
                })
                .collect(),
        ),
        Value::Mapping(entries) => Value::Mapping(
            entries
                .iter()
                .map(|(key, value)| (mask_known(key, redactor), mask_known(value, redactor)))
                .collect(),
        ),
        Value::String(text) => whole(text.as_bytes())
            .unwrap_or_else(|| Value::String(redactor.redact(text).into_owned())),
        Value::Bytes(bytes) => whole(bytes).unwrap_or_else(|| value.clone()),
        Value::Int(_) | Value::Uint(_) | Value::Float(_) | Value::Timestamp(_) => {
            whole(json(value).as_bytes()).unwrap_or_else(|| value.clone())
        }
        Value::Bool(_) | Value::Null => value.clone(),
    }
}
