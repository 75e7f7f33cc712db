//! The annotations that steer a synchronisation, and how they are read.
//!
//! Names and forms are Argo CD's (gitops-engine: `pkg/sync/common/types.go`, `pkg/sync/resource/annotations.go`), so that
//! manifests mean here what they mean there.

use serde_json::Value;

/// Types of a hook, a comma list.
pub const HOOK: &str = "argocd.argoproj.io/hook";
/// When a hook is deleted, a comma list.
pub const HOOK_DELETE_POLICY: &str = "argocd.argoproj.io/hook-delete-policy";
/// The wave of an object within its phase, an integer.
pub const SYNC_WAVE: &str = "argocd.argoproj.io/sync-wave";
/// Options of a synchronisation, a comma list.
pub const SYNC_OPTIONS: &str = "argocd.argoproj.io/sync-options";
/// Options of a comparison, a comma list.
pub const COMPARE_OPTIONS: &str = "argocd.argoproj.io/compare-options";
/// Argo CD's own mark of the application that an object belongs to.
pub const TRACKING_ID: &str = "argocd.argoproj.io/tracking-id";
/// `"true"` keeps an object's health out of its application's.
pub const IGNORE_HEALTHCHECK: &str = "argocd.argoproj.io/ignore-healthcheck";
/// On an application: the time at which a person confirmed that objects may be deleted.
pub const DELETION_APPROVED: &str = "argocd.argoproj.io/deletion-approved";
/// Helm's types of a hook, a comma list.
pub const HELM_HOOK: &str = "helm.sh/hook";
/// When Helm would delete a hook, a comma list.
pub const HELM_HOOK_DELETE_POLICY: &str = "helm.sh/hook-delete-policy";
/// Helm's order of hooks, an integer.
pub const HELM_HOOK_WEIGHT: &str = "helm.sh/hook-weight";
/// `keep` has Helm leave an object when its release is deleted.
pub const HELM_RESOURCE_POLICY: &str = "helm.sh/resource-policy";

/// The text of one annotation.
///
/// An object with an annotation that is not a text has none at all, as in Go's `unstructured`.
pub fn text<'o>(object: &'o Value, name: &str) -> Option<&'o str> {
    let annotations = object.pointer("/metadata/annotations")?.as_object()?;
    if !annotations.values().all(Value::is_string) {
        return None;
    }
    annotations.get(name)?.as_str()
}

/// The entries of an annotation that is a comma list; see [`entries`].
pub fn list<'o>(object: &'o Value, name: &str) -> Vec<&'o str> {
    entries(text(object, name).unwrap_or_default())
}

/// The entries of a comma list: trimmed, without empty ones, each once, in the order of their first mention.
pub fn entries(list: &str) -> Vec<&str> {
    let mut entries = Vec::new();
    for entry in list.split(',') {
        let entry = entry.trim();
        if !entry.is_empty() && !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    entries
}

/// Whether a comma list has the entry `option`.
pub fn has(object: &Value, name: &str, option: &str) -> bool {
    list(object, name).contains(&option)
}

/// The wave of an object; 0 where it names none, or none that can be read.
///
/// Helm's weight of hooks stands in (gitops-engine: `pkg/sync/syncwaves/waves.go`).
pub fn wave(object: &Value) -> i64 {
    [SYNC_WAVE, HELM_HOOK_WEIGHT]
        .into_iter()
        .find_map(|name| text(object, name)?.parse().ok())
        .unwrap_or(0)
}
