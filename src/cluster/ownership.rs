//! Whose an object is.
//!
//! Every object that lockstep applies carries two marks, under lockstep's own field manager:
//!
//! * the annotation `lockstep.dev/tracking-id`, `<application>:<group>/<Kind>:<namespace>/<name>` (Argo CD's format). It is the proof
//!   of ownership. It names its own object, so that a copy of the object, made by a person or a controller, is not taken
//!   for ours.
//! * the label `lockstep.dev/application`, the application's name, by which the objects are found when the inventory is lost. A label
//!   holds 63 characters: a longer name is cut, and a hash of it put behind.
//!
//! An object that another application's mark claims, lockstep's or Argo CD's, is that application's.

use std::fmt;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::annotations;
use super::object::{GroupKind, ObjectKey};

/// The annotation that proves whose an object is.
pub(super) const TRACKING_ID: &str = "lockstep.dev/tracking-id";
/// The label by which an application's objects are found.
pub(super) const APPLICATION: &str = "lockstep.dev/application";

/// How long the value of a label may be.
const LONGEST_LABEL: usize = 63;
/// How many characters of the hash stand behind a name that was cut.
const HASH: usize = 10;

/// The name of an application: lower case letters, digits, `-` and `.`, as names of Kubernetes objects, and at most 200
/// characters, so that the name of the inventory fits.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ApplicationName(String);

/// Why a text is no application's name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ApplicationNameError {
    /// It is empty.
    #[error("the name is empty")]
    Empty,
    /// It is longer than 200 characters.
    #[error("the name is longer than 200 characters")]
    TooLong,
    /// It has other characters, or does not begin and end with a letter or a digit.
    #[error(
        "a name is made of lower case letters, digits, `-` and `.`, and begins and ends with a letter or a digit"
    )]
    Malformed,
}

/// Whose a live object is, other than the application that asks.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Owner {
    /// Another application of lockstep.
    Application(String),
    /// An Application of Argo CD.
    ArgoCd(String),
}

/// Whose a live object is, seen from one application.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Ownership {
    /// The application's own.
    Ours,
    /// Another's.
    Foreign(Owner),
    /// No application's.
    Nobodys,
}

impl ApplicationName {
    /// Reads a name.
    ///
    /// # Errors
    ///
    /// When it cannot be the name of an application.
    pub fn parse(name: &str) -> Result<Self, ApplicationNameError> {
        if name.is_empty() {
            return Err(ApplicationNameError::Empty);
        }
        if name.len() > 200 {
            return Err(ApplicationNameError::TooLong);
        }
        let is_alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let is_label = |label: &str| {
            label.starts_with(is_alphanumeric)
                && label.ends_with(is_alphanumeric)
                && label.chars().all(|c| is_alphanumeric(c) || c == '-')
        };
        if !name.split('.').all(is_label) {
            return Err(ApplicationNameError::Malformed);
        }
        Ok(Self(name.to_owned()))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value of the label `lockstep.dev/application`.
    pub fn label(&self) -> String {
        if self.0.len() <= LONGEST_LABEL {
            return self.0.clone();
        }
        let hash = Sha256::digest(self.0.as_bytes());
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        // A name is ASCII, so that it can be cut anywhere; what stands before the hash need not end well, since a label
        // may hold `-` and `.` inside.
        format!("{}-{}", &self.0[..LONGEST_LABEL - HASH - 1], &hash[..HASH])
    }

    /// The value of the annotation `lockstep.dev/tracking-id` on the object `key`.
    pub fn tracking_id(&self, key: &ObjectKey) -> String {
        format!("{}:{}", self.0, Location(key))
    }
}

impl ApplicationNameError {
    /// The stable name of the reason.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Empty => "application-name-empty",
            Self::TooLong => "application-name-too-long",
            Self::Malformed => "application-name-malformed",
        }
    }
}

impl Ownership {
    /// Whose the live object `key` is, seen from `application`.
    pub fn of(live: &Value, key: &ObjectKey, application: &ApplicationName) -> Self {
        if let Some(owner) = claimant(live, TRACKING_ID, key) {
            return if owner == application.as_str() {
                Self::Ours
            } else {
                Self::Foreign(Owner::Application(owner.to_owned()))
            };
        }
        match claimant(live, annotations::TRACKING_ID, key) {
            Some(owner) => Self::Foreign(Owner::ArgoCd(owner.to_owned())),
            None => Self::Nobodys,
        }
    }
}

/// Puts the marks of `application` on the object `key`.
pub(super) fn mark(object: &mut Value, key: &ObjectKey, application: &ApplicationName) {
    let Some(object) = object.as_object_mut() else {
        return;
    };
    let metadata = object
        .entry("metadata")
        .or_insert_with(|| Value::Object(serde_json::Map::new()));
    for (field, name, value) in [
        ("annotations", TRACKING_ID, application.tracking_id(key)),
        ("labels", APPLICATION, application.label()),
    ] {
        let Some(metadata) = metadata.as_object_mut() else {
            return;
        };
        let entries = metadata.entry(field).or_insert(Value::Null);
        // A manifest may say `labels:` and nothing behind it.
        if entries.is_null() {
            *entries = Value::Object(serde_json::Map::new());
        }
        if let Some(entries) = entries.as_object_mut() {
            entries.insert(name.to_owned(), Value::String(value));
        }
    }
}

/// Takes the marks off again, and the maps that held nothing else: what a person compares is what was written.
pub(super) fn unmark(object: &mut Value) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else {
        return;
    };
    for (field, name) in [("annotations", TRACKING_ID), ("labels", APPLICATION)] {
        let Some(entries) = metadata.get_mut(field).and_then(Value::as_object_mut) else {
            continue;
        };
        if entries.shift_remove(name).is_some() && entries.is_empty() {
            metadata.shift_remove(field);
        }
    }
}

/// The application that the annotation `name` says the object is of; none where there is no such annotation, or where it
/// was copied from another object.
fn claimant<'o>(live: &'o Value, name: &str, key: &ObjectKey) -> Option<&'o str> {
    let (owner, location) = annotations::text(live, name)?.split_once(':')?;
    // Argo CD writes the namespace of its own record, which for objects of the whole cluster is the destination's.
    let (kind, place) = location.split_once(':')?;
    let (_, named) = place.split_once('/')?;
    let is_itself = location == Location(key).to_string()
        || (key.namespace.is_none()
            && kind == Kind(&key.group_kind).to_string()
            && named == key.name);
    (is_itself && !owner.is_empty()).then_some(owner)
}

/// `<group>/<Kind>:<namespace>/<name>`.
struct Location<'a>(&'a ObjectKey);

/// `<group>/<Kind>`.
struct Kind<'a>(&'a GroupKind);

impl fmt::Display for Location<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let namespace = self.0.namespace.as_deref().unwrap_or_default();
        write!(
            f,
            "{}:{namespace}/{}",
            Kind(&self.0.group_kind),
            self.0.name
        )
    }
}

impl fmt::Display for Kind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0.group, self.0.kind)
    }
}

impl fmt::Display for ApplicationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Application(name) => write!(f, "the application `{name}`"),
            Self::ArgoCd(name) => write!(f, "the Argo CD application `{name}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn name(text: &str) -> ApplicationName {
        ApplicationName::parse(text).unwrap()
    }

    fn deployment() -> ObjectKey {
        ObjectKey {
            group_kind: GroupKind::new("apps", "Deployment"),
            namespace: Some("shop".to_owned()),
            name: "web".to_owned(),
        }
    }

    fn role() -> ObjectKey {
        ObjectKey {
            group_kind: GroupKind::new("rbac.authorization.k8s.io", "ClusterRole"),
            namespace: None,
            name: "reader".to_owned(),
        }
    }

    #[test]
    fn names_are_names_of_objects() {
        for good in ["a", "shop", "shop-2", "team.shop", "0"] {
            assert_eq!(name(good).as_str(), good);
        }
        let long = "a".repeat(201);
        for (bad, why) in [
            ("", ApplicationNameError::Empty),
            (long.as_str(), ApplicationNameError::TooLong),
            ("Shop", ApplicationNameError::Malformed),
            ("a:b", ApplicationNameError::Malformed),
            ("a/b", ApplicationNameError::Malformed),
            ("a_b", ApplicationNameError::Malformed),
            ("-a", ApplicationNameError::Malformed),
            ("a.", ApplicationNameError::Malformed),
            ("a..b", ApplicationNameError::Malformed),
        ] {
            assert_eq!(ApplicationName::parse(bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn a_long_name_is_a_label_of_its_own() {
        let one = name(&format!("{}x", "a".repeat(99)));
        let other = name(&format!("{}y", "a".repeat(99)));
        assert_eq!(one.label().len(), 63);
        assert_ne!(one.label(), other.label());
        assert_eq!(name("shop").label(), "shop");
    }

    #[test]
    fn the_tracking_id_is_in_the_format_of_argo_cd() {
        assert_eq!(
            name("shop").tracking_id(&deployment()),
            "shop:apps/Deployment:shop/web"
        );
        assert_eq!(
            name("shop").tracking_id(&role()),
            "shop:rbac.authorization.k8s.io/ClusterRole:/reader"
        );
    }

    #[test]
    fn an_object_is_owned_by_the_mark_that_names_it() {
        let marked = |annotation: &str, value: &str| json!({"metadata": {"annotations": {annotation: value}}});
        let ours = "shop:apps/Deployment:shop/web";
        let argo = annotations::TRACKING_ID;
        let cases = [
            (marked(TRACKING_ID, ours), Ownership::Ours),
            (
                marked(TRACKING_ID, "other:apps/Deployment:shop/web"),
                Ownership::Foreign(Owner::Application("other".to_owned())),
            ),
            // Copies of other objects.
            (
                marked(TRACKING_ID, "shop:apps/Deployment:shop/api"),
                Ownership::Nobodys,
            ),
            (
                marked(TRACKING_ID, "shop:apps/Deployment:test/web"),
                Ownership::Nobodys,
            ),
            (
                marked(TRACKING_ID, "shop:apps/StatefulSet:shop/web"),
                Ownership::Nobodys,
            ),
            (marked(TRACKING_ID, "shop"), Ownership::Nobodys),
            (marked(TRACKING_ID, ""), Ownership::Nobodys),
            (
                marked(argo, ours),
                Ownership::Foreign(Owner::ArgoCd("shop".to_owned())),
            ),
            (
                marked(argo, "shop:apps/Deployment:shop/api"),
                Ownership::Nobodys,
            ),
            (json!({"metadata": {}}), Ownership::Nobodys),
        ];
        for (live, expect) in cases {
            let found = Ownership::of(&live, &deployment(), &name("shop"));
            assert_eq!(found, expect, "{live}");
        }
    }

    #[test]
    fn argo_cd_marks_objects_of_the_cluster_with_a_namespace() {
        let live = json!({"metadata": {"annotations": {
            "argocd.argoproj.io/tracking-id": "shop:rbac.authorization.k8s.io/ClusterRole:shop/reader"
        }}});
        assert_eq!(
            Ownership::of(&live, &role(), &name("shop")),
            Ownership::Foreign(Owner::ArgoCd("shop".to_owned()))
        );
    }

    #[test]
    fn marks_come_off_as_they_went_on() {
        for object in [
            json!({"metadata": {"name": "web"}}),
            json!({"metadata": {"name": "web", "labels": {"a": "b"}, "annotations": {"c": "d"}}}),
        ] {
            let mut marked = object.clone();
            mark(&mut marked, &deployment(), &name("shop"));
            assert_eq!(
                Ownership::of(&marked, &deployment(), &name("shop")),
                Ownership::Ours
            );
            assert_eq!(marked["metadata"]["labels"][APPLICATION], "shop");
            unmark(&mut marked);
            assert_eq!(marked, object);
        }
    }
}
