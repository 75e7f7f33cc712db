//! The health of live objects.

use serde_json::Value;

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

/// How a live object is; none where nothing can be said about its kind.
pub fn assess(object: &Value) -> Option<Health> {
    let _ = object;
    None
}

/// Whether an object's health is kept out of its application's.
pub fn is_ignored(object: &Value) -> bool {
    crate::cluster::annotations::text(object, crate::cluster::annotations::IGNORE_HEALTHCHECK) == Some("true")
}

/// The health of an application with these live objects, and with targets of which no object is there.
pub fn of_application<'o>(live: impl IntoIterator<Item = &'o Value>) -> Status {
    live.into_iter()
        .filter(|object| !is_ignored(object))
        .filter_map(assess)
        .map(|health| health.status)
        .max()
        .unwrap_or(Status::Healthy)
}
