//! The check of Argo Rollouts (argo-cd: `resource_customizations/argoproj.io/Rollout/health.lua`).

use serde_json::Value;

use super::Health;
use super::Status::{self, Degraded, Healthy, Missing, Progressing, Suspended, Unknown};
use super::fields::{conditions, list, number, number_if, text, text_if, truth};

pub(super) fn assess(object: &Value) -> Health {
    if !generation_observed(object) || !workload_observed(object) {
        return Health::new(
            Progressing,
            "Waiting for rollout spec update to be observed",
        );
    }
    // Since Argo Rollouts 1.0 the phase says it all.
    if let Some(phase) = text_if(object, "/status/phase") {
        return match status(phase) {
            Some(status) => Health::new(status, text(object, "/status/message")),
            None => Health::new(Unknown, "Lua returned an invalid health status"),
        };
    }
    let failed = conditions(object)
        .unwrap_or_default()
        .iter()
        .find(|condition| {
            let reason = text(condition, "/reason");
            match text(condition, "/type") {
                "InvalidSpec" => true,
                "Progressing" => matches!(reason, "RolloutAborted" | "ProgressDeadlineExceeded"),
                _ => false,
            }
        });
    if let Some(condition) = failed {
        return Health::new(Degraded, text(condition, "/message"));
    }
    if !list(object, "/status/pauseConditions").is_empty() || truth(object, "/spec/paused") {
        return Health::new(Suspended, "Rollout is paused");
    }
    let Some(current) = text_if(object, "/status/currentPodHash") else {
        return Health::new(
            Progressing,
            "Waiting for rollout to finish: status has not been reconciled.",
        );
    };
    let wanted = number_if(object, "/spec/replicas").unwrap_or(1);
    let updated = number(object, "/status/updatedReplicas");
    if updated < wanted {
        return Health::new(
            Progressing,
            "Waiting for roll out to finish: More replicas need to be updated",
        );
    }
    if number(object, "/status/availableReplicas") < updated {
        return Health::new(
            Progressing,
            "Waiting for roll out to finish: updated replicas are still becoming available",
        );
    }
    cutover(object, current, updated).unwrap_or_else(|| Health::new(Healthy, ""))
}

/// What is left to do by the strategy.
fn cutover(object: &Value, current: &str, updated: i64) -> Option<Health> {
    // The place of the stable hash moved in Argo Rollouts 0.8.
    let stable =
        text_if(object, "/status/stableRS").or_else(|| match object.pointer("/status/canary") {
            Some(canary) => text_if(canary, "/stableRS"),
            None => Some(""),
        });
    let has = |pointer: &str| {
        object
            .pointer(pointer)
            .is_some_and(|value| !value.is_null())
    };
    let message = if has("/spec/strategy/blueGreen") {
        if text_if(object, "/status/blueGreen/activeSelector") != Some(current) {
            "active service cutover pending"
        } else if stable != Some("") && stable != Some(current) {
            "waiting for analysis to complete"
        } else {
            return None;
        }
    } else if has("/spec/strategy/canary") {
        if number(object, "/status/replicas") > updated {
            "Waiting for roll out to finish: old replicas are pending termination"
        } else if stable != Some(current) {
            "Waiting for rollout to finish steps"
        } else {
            return None;
        }
    } else {
        return None;
    };
    Some(Health::new(Progressing, message))
}

fn status(phase: &str) -> Option<Status> {
    Some(match phase {
        "Paused" | "Suspended" => Suspended,
        "Healthy" => Healthy,
        "Progressing" => Progressing,
        "Degraded" => Degraded,
        "Missing" => Missing,
        "Unknown" => Unknown,
        _ => return None,
    })
}

/// Whether the controller has seen the newest specification. Before 0.10 it wrote a hash, which is no number.
fn generation_observed(object: &Value) -> bool {
    if object.get("status").is_none_or(Value::is_null) {
        return false;
    }
    let generation = number(object, "/metadata/generation");
    let seen = number_if(object, "/status/observedGeneration")
        .or_else(|| text(object, "/status/observedGeneration").parse().ok());
    seen.is_none_or(|seen| seen >= generation)
}

/// The same for a workload that the rollout refers to.
fn workload_observed(object: &Value) -> bool {
    let has = |pointer: &str| {
        object
            .pointer(pointer)
            .is_some_and(|value| !value.is_null())
    };
    if !has("/spec/workloadRef") || !has("/metadata/annotations") {
        return true;
    }
    let wanted: Option<i64> = text(
        object,
        "/metadata/annotations/rollout.argoproj.io~1workload-generation",
    )
    .parse()
    .ok();
    let seen = number_if(object, "/status/workloadObservedGeneration").or_else(|| {
        text(object, "/status/workloadObservedGeneration")
            .parse()
            .ok()
    });
    wanted == seen
}
