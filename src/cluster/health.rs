//! The health of live objects, as Argo CD tells it.
//!
//! Built-in kinds follow gitops-engine's `pkg/health/`, kinds of other projects the Lua checks that Argo CD ships in
//! `resource_customizations/`; those come first where a kind has both, as they do there. [`assess`] is tested against both
//! (`tests/rules/health.rs`). Known differences:
//!
//! * A field of a type that no API server would give counts as absent. gitops-engine makes Unknown of it, with the error
//!   text of its decoder.
//! * A Lua check that fails at run time makes Unknown with the interpreter's text; here the object counts as not yet
//!   reported, Progressing or as the check has it.
//! * HorizontalPodAutoscaler: the reasons for Degraded are those of Argo CD 3.5, and one of them anywhere in the list
//!   counts. Argo CD 3.2 knows four of the eight, and takes the first condition that says anything.
//! * Kinds with no check here have no health, although Argo CD may ship one: see [`has_check`].

mod builtin;
mod conditions;
mod custom;
mod fields;
mod gateway;
mod rollout;

use serde_json::Value;

use crate::cluster::{annotations, hooks};

/// How an object is, from best to worst (gitops-engine: `pkg/health/health.go`).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Status {
    /// It works.
    Healthy,
    /// It was told to wait.
    Suspended,
    /// It is on its way.
    Progressing,
    /// It is not there.
    Missing,
    /// It failed, or does not get on.
    Degraded,
    /// It cannot be told.
    Unknown,
}

/// The health of one object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Health {
    /// How it is.
    pub status: Status,
    /// What the object itself, or its controller, says about it. May be empty.
    pub message: String,
}

impl Status {
    /// Its name as Argo CD writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Healthy => "Healthy",
            Self::Suspended => "Suspended",
            Self::Progressing => "Progressing",
            Self::Missing => "Missing",
            Self::Degraded => "Degraded",
            Self::Unknown => "Unknown",
        }
    }
}

impl Health {
    fn new(status: Status, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }
}

/// How a live object is; none where its kind has no check, or the check does not say.
pub fn assess(object: &Value) -> Option<Health> {
    if !fields::text(object, "/metadata/deletionTimestamp").is_empty()
        && !hooks::has_finalizer(object)
    {
        return Some(Health::new(Status::Progressing, "Pending deletion"));
    }
    let (group, version) = fields::group_version(object);
    let kind = fields::text(object, "/kind");
    match custom::check(group, kind) {
        Some(check) => check.assess(object),
        None => builtin::check(group, kind).map(|check| check.assess(object, group, version, kind)),
    }
}

/// Whether the health of objects of a kind is known at all.
pub fn has_check(group: &str, kind: &str) -> bool {
    custom::check(group, kind).is_some() || builtin::check(group, kind).is_some()
}

/// Whether an object's health is kept out of its application's.
pub fn is_ignored(object: &Value) -> bool {
    annotations::text(object, annotations::IGNORE_HEALTHCHECK) == Some("true")
}

/// The health of an application, from its resources: each as its live object, or none where it is missing.
///
/// What is missing does not count, as the comparison says it already, unless nothing is there. Not counted either are
/// hooks, what [`is_ignored`], and applications within the application that are missing or unknown (argo-cd:
/// `controller/health.go`).
pub fn of_application<'o>(resources: impl IntoIterator<Item = Option<&'o Value>>) -> Status {
    let mut worst = Status::Healthy;
    let (mut any, mut live) = (false, false);
    for resource in resources {
        any = true;
        let Some(object) = resource else { continue };
        live = true;
        if is_ignored(object) || hooks::Role::of(object) != hooks::Role::Resource {
            continue;
        }
        let Some(health) = assess(object) else {
            continue;
        };
        let application = fields::group_version(object).0 == "argoproj.io"
            && fields::text(object, "/kind") == "Application";
        if !(application && matches!(health.status, Status::Missing | Status::Unknown)) {
            worst = worst.max(health.status);
        }
    }
    if any && !live {
        worst = worst.max(Status::Missing);
    }
    worst
}
