//! What a person may see of an object.
//!
//! Two rules, and each alone would not do. By **place**: what was encrypted where it stands, all of a Secret's `data` and
//! `stringData`, and the copy of an object that `kubectl apply` leaves in an annotation. By **value**: what was opened,
//! wherever it turns up again, such as a password in a URL of a ConfigMap.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use goyaml::Value;
use secret::{Redactor, SecretBytes, SecretString};
use tree::SecretParts;

use super::resource::{Identity, Resource};

/// Where `kubectl apply` keeps the whole object as JSON.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The object with masks in the place of secrets. A mask shows a keyed fingerprint, the same for a value in `data` and
/// in `stringData`, so that a reader sees whether two are equal, and not what they are.
pub fn masked(resource: &Resource, redactor: &Redactor) -> Value {
    let parts = &resource.secret;
    let Value::Object(entries) = &resource.object else {
        return mask(&resource.object, parts, redactor);
    };
    let is_secret = resource.identity.is_secret();
    let entries = entries
        .iter()
        .map(|(key, value)| {
            let masked = match key.as_str() {
                "data" if is_secret => mask_values(value, Encoding::Base64, redactor),
                "stringData" if is_secret => mask_values(value, Encoding::None, redactor),
                // Who an object is stays readable, unless that was encrypted itself.
                "apiVersion" | "kind" if *parts == SecretParts::Somewhere => value.clone(),
                "metadata" if *parts == SecretParts::Somewhere => mask(
                    &without_last_applied(value, redactor),
                    &SecretParts::None,
                    redactor,
                ),
                "metadata" => mask(
                    &without_last_applied(value, redactor),
                    parts.entry(key),
                    redactor,
                ),
                _ => mask(value, parts.entry(key), redactor),
            };
            (key.clone(), masked)
        })
        .collect();
    Value::Object(entries)
}

/// Who an object is, as far as a person may see it: a name can be encrypted as well.
pub fn identity(resource: &Resource, redactor: &Redactor) -> Identity {
    Identity::of(&masked(resource, redactor)).unwrap_or_else(|_| resource.identity.clone())
}

/// How many values of a Secret are masked because of their place.
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

#[derive(Clone, Copy)]
enum Encoding {
    Base64,
    None,
}

/// Masks all of a Secret's field. What has the wrong type is masked as a whole: it may be a secret that somebody failed
/// to encode.
fn mask_values(field: &Value, encoding: Encoding, redactor: &Redactor) -> Value {
    let Value::Object(entries) = field else {
        return mask(field, &SecretParts::All, redactor);
    };
    let mask_value = |value: &Value| match (encoding, value) {
        (Encoding::Base64, Value::String(text)) => {
            // Line breaks are allowed in `data`, where kustomize writes long values on several lines.
            let mut joined = String::with_capacity(text.len());
            joined.extend(text.split_ascii_whitespace());
            let joined = SecretString::new(joined);
            match BASE64_STANDARD.decode(joined.expose()) {
                Ok(decoded) => fingerprint(SecretBytes::new(decoded).expose(), redactor),
                Err(_) => fingerprint(text.as_bytes(), redactor),
            }
        }
        // A list in the place of a text may hold secrets as well as a text does.
        (_, Value::Array(_) | Value::Object(_) | Value::Mapping(_)) => {
            fingerprint(json(value).expose().as_bytes(), redactor)
        }
        (_, value) => mask(value, &SecretParts::All, redactor),
    };
    let entries = entries
        .iter()
        .map(|(key, value)| (key.clone(), mask_value(value)))
        .collect();
    Value::Object(entries)
}

fn without_last_applied(metadata: &Value, redactor: &Redactor) -> Value {
    let mut metadata = metadata.clone();
    if let Value::Object(entries) = &mut metadata
        && let Some((_, Value::Object(annotations))) =
            entries.iter_mut().find(|(key, _)| key == "annotations")
    {
        for (key, value) in annotations {
            if key == LAST_APPLIED {
                *value = mask(value, &SecretParts::All, redactor);
            }
        }
    }
    metadata
}

/// Masks what is secret by its place, and opened values in all other texts.
fn mask(value: &Value, parts: &SecretParts, redactor: &Redactor) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Array(items) => {
            let mask_item = |(index, item)| mask(item, parts.item(index), redactor);
            Value::Array(items.iter().enumerate().map(mask_item).collect())
        }
        Value::Object(entries) => {
            let mask_entry = |(key, value): &(String, Value)| {
                (
                    redactor.redact(key).into_owned(),
                    mask(value, parts.entry(key), redactor),
                )
            };
            Value::Object(entries.iter().map(mask_entry).collect())
        }
        Value::Mapping(entries) => {
            let mask_entry = |(key, value): &(Value, Value)| {
                (mask(key, parts, redactor), mask(value, parts, redactor))
            };
            Value::Mapping(entries.iter().map(mask_entry).collect())
        }
        Value::String(text) if *parts == SecretParts::All => fingerprint(text.as_bytes(), redactor),
        Value::Bytes(bytes) if *parts == SecretParts::All => fingerprint(bytes, redactor),
        Value::String(text) => recognised(text.as_bytes(), parts, redactor)
            .unwrap_or_else(|| Value::String(redactor.redact(text).into_owned())),
        Value::Bytes(bytes) => Value::Bytes(redactor.redact_bytes(bytes).into_owned()),
        Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Float(_) | Value::Timestamp(_) => {
            let json = json(value);
            let text = json.expose();
            if *parts == SecretParts::All {
                return fingerprint(text.as_bytes(), redactor);
            }
            if let Some(mask) = recognised(text.as_bytes(), parts, redactor) {
                return mask;
            }
            match redactor.redact(text) {
                redacted if redacted == text => value.clone(),
                redacted => Value::String(redacted.into_owned()),
            }
        }
    }
}

/// The mask of a whole scalar that was opened, in an object that holds some of what was opened.
fn recognised(scalar: &[u8], parts: &SecretParts, redactor: &Redactor) -> Option<Value> {
    let mask = (*parts == SecretParts::Somewhere)
        .then(|| redactor.recognise(scalar))
        .flatten()?;
    Some(Value::String(mask.to_string()))
}

/// The JSON text of a value, by which values of the same content are alike. What JSON cannot hold is nothing.
fn json(value: &Value) -> SecretString {
    SecretString::new(goyaml::json::to_string(value).unwrap_or_default())
}

fn fingerprint(value: &[u8], redactor: &Redactor) -> Value {
    Value::String(redactor.fingerprint(value).to_string())
}
