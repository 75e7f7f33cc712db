//! What a person may see of live objects.
//!
//! A live object may hold what nobody meant to show: the value of a Secret, a password that was opened last month and is
//! no longer known to the redactor, a whole Secret in the annotation of `kubectl apply`. So the objects of the cluster
//! leave this module only masked, by the rules of [`mask`], and by two more:
//!
//! * A live value at a place where the wanted one is masked is masked as a whole: it is what the secret was before.
//! * In an object that holds something opened at places that are not known any more, or that did so when it was last
//!   applied, a live value that the wanted object does not have is masked too.
//!
//! `metadata.managedFields` is left out, since it spells out values of sets.

use std::collections::BTreeMap;
use std::fmt;

use goyaml::Value as Shown;
use secret::Redactor;
use serde_json::Value;
use tree::{SecretParts, TreePath};

use super::object::ObjectKey;
use crate::pipeline::{Identity, Opening, Origin, Resource, mask};

/// An object as it is and as it would be. Either side may be missing.
pub struct Sight {
    identity: Identity,
    live: Option<Shown>,
    predicted: Option<Shown>,
    parts: SecretParts,
    history: History,
}

/// Whether a live object may hold something that was opened once.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum History {
    /// It never did, by what the inventory says.
    Public,
    /// It did, or nothing is known of it.
    #[default]
    Confidential,
}

impl Sight {
    /// A view of both sides of `key`, where `parts` of the wanted one are secret.
    pub(super) fn new(
        key: &ObjectKey,
        version: &str,
        live: Option<&Value>,
        predicted: Option<&Value>,
        parts: SecretParts,
        history: History,
    ) -> Self {
        Self {
            identity: Identity {
                group: key.group_kind.group.clone(),
                version: version.to_owned(),
                kind: key.group_kind.kind.clone(),
                namespace: key.namespace.clone(),
                name: key.name.clone(),
            },
            live: live.map(shown),
            predicted: predicted.map(shown),
            parts,
            history,
        }
    }

    /// Both sides with masks in the place of secrets, the live one first.
    pub fn masked(&self, redactor: &Redactor) -> (Option<Shown>, Option<Shown>) {
        let predicted = self
            .predicted
            .as_ref()
            .map(|object| self.masked_side(object, redactor));
        let live = self.live.as_ref().map(|raw| {
            let masked = self.masked_side(raw, redactor);
            let wanted = self.predicted.as_ref().zip(predicted.as_ref());
            let strictness =
                if self.history == History::Confidential || self.parts == SecretParts::Somewhere {
                    Strictness::MaskUnknown
                } else {
                    Strictness::ShowUnknown
                };
            Former {
                redactor,
                strictness,
            }
            .object(raw, masked, wanted)
        });
        (live, predicted)
    }

    /// Both sides as they are, for a person who asked to see secrets on their own terminal. The live one is first.
    pub fn expose(&self) -> (Option<&Shown>, Option<&Shown>) {
        (self.live.as_ref(), self.predicted.as_ref())
    }

    fn masked_side(&self, object: &Shown, redactor: &Redactor) -> Shown {
        let resource = Resource {
            object: object.clone(),
            identity: self.identity.clone(),
            origin: Origin {
                repository: None,
                path: TreePath::root(),
                line: 0,
            },
            secret: anywhere_in_lists(&self.parts, object),
            opened: Opening::None,
        };
        mask::masked(&resource, redactor)
    }
}

/// What becomes of a live value of which nothing is known.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Strictness {
    MaskUnknown,
    ShowUnknown,
}

/// Masks what secrets were before: live values where the wanted ones are masked.
struct Former<'a> {
    redactor: &'a Redactor,
    strictness: Strictness,
}

/// A wanted value, as it is and masked.
type Wanted<'a> = Option<(&'a Shown, &'a Shown)>;

impl Former<'_> {
    /// Who an object is stays readable.
    fn object(&self, raw: &Shown, masked: Shown, wanted: Wanted<'_>) -> Shown {
        let (Shown::Object(raw), Shown::Object(masked)) = (raw, masked) else {
            return Shown::Null;
        };
        let entries = raw.iter().zip(masked).map(|((key, raw), (shown, masked))| {
            let wanted = entry(wanted, key);
            let value = match key.as_str() {
                "apiVersion" | "kind" => masked,
                "metadata" => self.metadata(raw, masked, wanted),
                _ => self.value(raw, masked, wanted),
            };
            (shown, value)
        });
        Shown::Object(entries.collect())
    }

    fn metadata(&self, raw: &Shown, masked: Shown, wanted: Wanted<'_>) -> Shown {
        let (Shown::Object(raw), Shown::Object(masked)) = (raw, masked) else {
            return Shown::Null;
        };
        let entries = raw.iter().zip(masked).map(|((key, raw), (shown, masked))| {
            let value = match key.as_str() {
                "annotations" | "labels" => self.value(raw, masked, entry(wanted, key)),
                _ => masked,
            };
            (shown, value)
        });
        Shown::Object(entries.collect())
    }

    fn value(&self, raw: &Shown, masked: Shown, wanted: Wanted<'_>) -> Shown {
        if let Some((wanted_raw, wanted_masked)) = wanted
            && wanted_raw == raw
        {
            return wanted_masked.clone();
        }
        match (raw, masked) {
            (Shown::Object(raw), Shown::Object(masked)) => Shown::Object(
                raw.iter()
                    .zip(masked)
                    .map(|((key, raw), (shown, masked))| {
                        (shown, self.value(raw, masked, entry(wanted, key)))
                    })
                    .collect(),
            ),
            (Shown::Array(raw), Shown::Array(masked)) => Shown::Array(
                raw.iter()
                    .zip(masked)
                    .enumerate()
                    .map(|(index, (raw, masked))| {
                        let counterpart = item(wanted, raw, index);
                        // An item without a counterpart, in a list that holds a secret, may be what held it before.
                        let is_suspect = counterpart.is_none()
                            && wanted.is_some_and(|(raw, masked)| raw != masked);
                        if is_suspect {
                            self.hide(raw)
                        } else {
                            self.value(raw, masked, counterpart)
                        }
                    })
                    .collect(),
            ),
            (raw, masked) => {
                let is_secret_now = wanted.is_some_and(|(raw, masked)| raw != masked);
                let is_unknown = wanted.is_none() && self.strictness == Strictness::MaskUnknown;
                if masked == *raw && (is_secret_now || is_unknown) {
                    self.hide(raw)
                } else {
                    masked
                }
            }
        }
    }

    /// Masks every scalar.
    fn hide(&self, raw: &Shown) -> Shown {
        match raw {
            Shown::Null => Shown::Null,
            Shown::Object(entries) => Shown::Object(
                entries
                    .iter()
                    .map(|(key, value)| (self.redactor.redact(key).into_owned(), self.hide(value)))
                    .collect(),
            ),
            Shown::Array(items) => Shown::Array(items.iter().map(|item| self.hide(item)).collect()),
            Shown::String(text) => self.fingerprint(text.as_bytes()),
            scalar => {
                let text =
                    secret::SecretString::new(goyaml::json::to_string(scalar).unwrap_or_default());
                self.fingerprint(text.expose().as_bytes())
            }
        }
    }

    fn fingerprint(&self, value: &[u8]) -> Shown {
        Shown::String(self.redactor.fingerprint(value).to_string())
    }
}

fn entry<'a>(wanted: Wanted<'a>, key: &str) -> Wanted<'a> {
    let (raw, masked) = wanted?;
    // A key may be masked itself, so that the masked value is found by its place.
    let place = raw.as_object()?.iter().position(|(name, _)| name == key)?;
    let (_, raw) = raw.as_object()?.get(place)?;
    let (_, masked) = masked.as_object()?.get(place)?;
    Some((raw, masked))
}

/// The counterpart of a list's item: the one of the same name, or at the same place where items have none.
fn item<'a>(wanted: Wanted<'a>, live: &Shown, index: usize) -> Wanted<'a> {
    let (raw, masked) = wanted?;
    let (raw, masked) = (raw.as_array()?, masked.as_array()?);
    let place = match live.get("name") {
        Some(name) => raw.iter().position(|item| item.get("name") == Some(name))?,
        None => index,
    };
    Some((raw.get(place)?, masked.get(place)?))
}

/// The same parts, where what is secret in one item of a list is secret in all of them: the cluster orders lists as it
/// likes, and puts items in.
fn anywhere_in_lists(parts: &SecretParts, value: &Shown) -> SecretParts {
    match (parts, value) {
        (SecretParts::Object(entries), Shown::Object(values)) => SecretParts::Object(
            values
                .iter()
                .filter_map(|(key, value)| {
                    let parts = entries.get(key)?;
                    Some((key.clone(), anywhere_in_lists(parts, value)))
                })
                .collect(),
        ),
        (SecretParts::Array(parts), Shown::Array(values)) => {
            let all = parts.iter().fold(SecretParts::None, union);
            SecretParts::Array(
                values
                    .iter()
                    .map(|value| anywhere_in_lists(&all, value))
                    .collect(),
            )
        }
        // The shape is another one than in the source, so that no place in it is known.
        (SecretParts::Object(_) | SecretParts::Array(_), _) => SecretParts::All,
        (parts, _) => parts.clone(),
    }
}

fn union(one: SecretParts, other: &SecretParts) -> SecretParts {
    match (one, other) {
        (SecretParts::None, other) => other.clone(),
        (one, SecretParts::None) => one,
        (SecretParts::Object(mut one), SecretParts::Object(other)) => {
            merge(&mut one, other);
            SecretParts::Object(one)
        }
        (SecretParts::Array(one), SecretParts::Array(other)) => {
            let all = one.iter().chain(other).fold(SecretParts::None, union);
            SecretParts::Array(vec![all])
        }
        (SecretParts::Somewhere, SecretParts::Somewhere) => SecretParts::Somewhere,
        _ => SecretParts::All,
    }
}

fn merge(one: &mut BTreeMap<String, SecretParts>, other: &BTreeMap<String, SecretParts>) {
    for (key, parts) in other {
        let entry = one.entry(key.clone()).or_default();
        *entry = union(std::mem::take(entry), parts);
    }
}

/// The object without what is for machines only.
fn shown(object: &Value) -> Shown {
    let mut object = object.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("managedFields");
    }
    convert(object)
}

fn convert(value: Value) -> Shown {
    match value {
        Value::Null => Shown::Null,
        Value::Bool(value) => Shown::Bool(value),
        Value::Number(number) => {
            if let Some(number) = number.as_i64() {
                Shown::Int(number)
            } else if let Some(number) = number.as_u64() {
                Shown::Uint(number)
            } else {
                Shown::Float(number.as_f64().unwrap_or_default())
            }
        }
        Value::String(text) => Shown::String(text),
        Value::Array(items) => Shown::Array(items.into_iter().map(convert).collect()),
        Value::Object(entries) => Shown::Object(
            entries
                .into_iter()
                .map(|(key, value)| (key, convert(value)))
                .collect(),
        ),
    }
}

/// Who it is, and nothing of what it holds.
impl fmt::Debug for Sight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sight")
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use secret::FingerprintKey;
    use serde_json::json;

    use super::super::object::GroupKind;
    use super::*;

    const CANARY: &str = "correct-horse-battery";

    fn redactor() -> Redactor {
        Redactor::new(FingerprintKey::generate().unwrap())
    }

    fn texts(
        kind: &str,
        live: Option<&Value>,
        predicted: Option<&Value>,
        parts: SecretParts,
        history: History,
        redactor: &Redactor,
    ) -> (String, String) {
        let key = ObjectKey {
            group_kind: GroupKind::new("", kind),
            namespace: Some("shop".to_owned()),
            name: "web".to_owned(),
        };
        let sight = Sight::new(&key, "v1", live, predicted, parts, history);
        assert!(!format!("{sight:?}").contains(CANARY));
        let (live, predicted) = sight.masked(redactor);
        let text = |side: Option<Shown>| {
            side.map(|side| goyaml::json::to_string(&side).unwrap())
                .unwrap_or_default()
        };
        (text(live), text(predicted))
    }

    #[test]
    fn nothing_of_a_live_secret_is_shown() {
        let live = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {
                "name": "web",
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": format!("{{\"data\":{{\"a\":\"{CANARY}\"}}}}")},
                "managedFields": [{"fieldsV1": {format!("v:\"{CANARY}\""): {}}}],
            },
            "data": {"a": CANARY, "b": 5, "c": [CANARY]},
            "stringData": CANARY,
        });
        for (parts, history) in [
            (SecretParts::None, History::Public),
            (SecretParts::Somewhere, History::Confidential),
        ] {
            let (shown, _) = texts("Secret", Some(&live), None, parts, history, &redactor());
            assert!(!shown.contains(CANARY), "{shown}");
            assert!(shown.contains("\"name\":\"web\""), "{shown}");
        }
    }

    #[test]
    fn what_a_secret_was_before_is_masked() {
        let redactor = redactor();
        redactor.learn(b"new-password-of-today");
        let object = |value: &str| {
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"},
            "data": {"url": value, "mode": "fast"}})
        };
        // By value: the wanted text holds what was opened, the live one what was opened last month.
        let live = object(&format!("postgres://web:{CANARY}@db"));
        let wanted = object("postgres://web:new-password-of-today@db");
        let (shown, predicted) = texts(
            "ConfigMap",
            Some(&live),
            Some(&wanted),
            SecretParts::None,
            History::Public,
            &redactor,
        );
        assert!(!shown.contains(CANARY), "{shown}");
        assert!(!predicted.contains("new-password"), "{predicted}");
        assert!(shown.contains("fast"), "{shown}");
        // By place.
        let live = object(CANARY);
        let parts = SecretParts::Object(BTreeMap::from([(
            "data".to_owned(),
            SecretParts::Object(BTreeMap::from([("url".to_owned(), SecretParts::All)])),
        )]));
        let (shown, _) = texts(
            "ConfigMap",
            Some(&live),
            None,
            parts,
            History::Public,
            &redactor,
        );
        assert!(!shown.contains(CANARY), "{shown}");
        assert!(shown.contains("fast"), "{shown}");
    }

    #[test]
    fn a_value_that_went_is_masked_where_the_object_once_held_a_secret() {
        let live = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"},
            "data": {"password": CANARY}});
        let wanted = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": {}});
        for (wanted, history, is_shown) in [
            (Some(&wanted), History::Confidential, false),
            (None, History::Confidential, false),
            (None, History::Public, true),
        ] {
            let (shown, _) = texts(
                "ConfigMap",
                Some(&live),
                wanted,
                SecretParts::None,
                history,
                &redactor(),
            );
            assert_eq!(shown.contains(CANARY), is_shown, "{shown}");
        }
    }

    #[test]
    fn a_secret_item_is_masked_wherever_the_cluster_puts_it() {
        let item = |name: &str, value: &str| json!({"name": name, "value": value});
        let live = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
            "spec": [item("injected", "x"), item("a", "b"), item("password", CANARY)]});
        let parts = SecretParts::Object(BTreeMap::from([(
            "spec".to_owned(),
            SecretParts::Array(vec![
                SecretParts::None,
                SecretParts::Object(BTreeMap::from([("value".to_owned(), SecretParts::All)])),
            ]),
        )]));
        let (shown, _) = texts(
            "Pod",
            Some(&live),
            None,
            parts,
            History::Public,
            &redactor(),
        );
        assert!(!shown.contains(CANARY), "{shown}");
    }

    #[test]
    fn equal_secrets_look_equal_and_others_do_not() {
        let redactor = redactor();
        redactor.learn(CANARY.as_bytes());
        let object = |value: &str| {
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"},
            "data": {"url": format!("x://{value}")}})
        };
        for (live, is_equal) in [(CANARY, true), ("something-else-before", false)] {
            let (live, predicted) = texts(
                "ConfigMap",
                Some(&object(live)),
                Some(&object(CANARY)),
                SecretParts::Somewhere,
                History::Confidential,
                &redactor,
            );
            assert_eq!(live == predicted, is_equal);
        }
    }
}
