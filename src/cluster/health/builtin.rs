//! Checks of Kubernetes' own kinds, and of Argo Workflows (gitops-engine: `pkg/health/health_*.go`).

use serde_json::Value;

use super::fields::{list, number, number_if, text, text_if, truth};
use super::{Health, Status};

/// A check and the versions of its kind that it can read.
pub(super) struct Check {
    versions: &'static [&'static str],
    /// What an error calls the kind.
    called: &'static str,
    run: fn(&Value) -> Health,
}

impl Check {
    pub(super) fn assess(&self, object: &Value, group: &str, version: &str, kind: &str) -> Health {
        if self.versions.is_empty() || self.versions.contains(&version) {
            (self.run)(object)
        } else {
            let called = self.called;
            Health::new(
                Status::Unknown,
                format!("unsupported {called} GVK: {group}/{version}, Kind={kind}"),
            )
        }
    }
}

/// The check of a kind.
pub(super) fn check(group: &str, kind: &str) -> Option<Check> {
    const V1: &[&str] = &["v1"];
    let (versions, called, run): (&'static [&'static str], _, fn(&Value) -> Health) =
        match (group, kind) {
            ("apps", "Deployment") => (V1, "Deployment", deployment),
            ("apps", "StatefulSet") => (V1, "StatefulSet", stateful_set),
            ("apps", "DaemonSet") => (V1, "DaemonSet", daemon_set),
            ("apps", "ReplicaSet") => (V1, "ReplicaSet", replica_set),
            ("batch", "Job") => (V1, "Job", job),
            ("", "Pod") => (V1, "Pod", pod),
            ("", "PersistentVolumeClaim") => (V1, "PersistentVolumeClaim", volume_claim),
            ("", "Service") => (V1, "Service", service),
            ("networking.k8s.io" | "extensions", "Ingress") => (&[], "Ingress", ingress),
            ("autoscaling", "HorizontalPodAutoscaler") => {
                (&["v1", "v2beta1", "v2beta2", "v2"], "HPA", autoscaler)
            }
            ("apiregistration.k8s.io", "APIService") => {
                (&["v1", "v1beta1"], "APIService", api_service)
            }
            ("argoproj.io", "Workflow") => (&[], "Workflow", workflow),
            _ => return None,
        };
    Some(Check {
        versions,
        called,
        run,
    })
}

fn healthy() -> Health {
    Health::new(Status::Healthy, "")
}

fn progressing(message: impl Into<String>) -> Health {
    Health::new(Status::Progressing, message)
}

fn degraded(message: impl Into<String>) -> Health {
    Health::new(Status::Degraded, message)
}

/// Whether the controller has not seen the newest specification yet.
fn behind(object: &Value) -> bool {
    number(object, "/metadata/generation") > number(object, "/status/observedGeneration")
}

fn condition<'o>(object: &'o Value, kind: &str) -> Option<&'o Value> {
    list(object, "/status/conditions")
        .iter()
        .find(|condition| text(condition, "/type") == kind)
}

fn deployment(object: &Value) -> Health {
    if truth(object, "/spec/paused") {
        return Health::new(Status::Suspended, "Deployment is paused");
    }
    if behind(object) {
        return progressing(
            "Waiting for rollout to finish: observed deployment generation less than desired generation",
        );
    }
    let replicas = number(object, "/status/replicas");
    let updated = number(object, "/status/updatedReplicas");
    let available = number(object, "/status/availableReplicas");
    if condition(object, "Progressing")
        .is_some_and(|condition| text(condition, "/reason") == "ProgressDeadlineExceeded")
    {
        let name = text(object, "/metadata/name");
        return degraded(format!(
            "Deployment {name:?} exceeded its progress deadline"
        ));
    }
    if let Some(wanted) = number_if(object, "/spec/replicas").filter(|&wanted| updated < wanted) {
        return progressing(format!(
            "Waiting for rollout to finish: {updated} out of {wanted} new replicas have been updated..."
        ));
    }
    if replicas > updated {
        let old = replicas.saturating_sub(updated);
        return progressing(format!(
            "Waiting for rollout to finish: {old} old replicas are pending termination..."
        ));
    }
    if available < updated {
        return progressing(format!(
            "Waiting for rollout to finish: {available} of {updated} updated replicas are available..."
        ));
    }
    healthy()
}

fn stateful_set(object: &Value) -> Health {
    let wanted = number_if(object, "/spec/replicas");
    let ready = number(object, "/status/readyReplicas");
    let updated = number(object, "/status/updatedReplicas");
    if number(object, "/status/observedGeneration") == 0 || behind(object) {
        return progressing("Waiting for statefulset spec update to be observed...");
    }
    if let Some(wanted) = wanted.filter(|&wanted| ready < wanted) {
        return progressing(format!(
            "Waiting for {} pods to be ready...",
            wanted.saturating_sub(ready)
        ));
    }
    let strategy = text(object, "/spec/updateStrategy/type");
    let rolling = object
        .pointer("/spec/updateStrategy/rollingUpdate")
        .is_some_and(|rolling| !rolling.is_null());
    if strategy == "RollingUpdate" && rolling {
        let partition = number_if(object, "/spec/updateStrategy/rollingUpdate/partition");
        if let (Some(wanted), Some(partition)) = (wanted, partition)
            && updated < wanted.saturating_sub(partition)
        {
            let wanted = wanted.saturating_sub(partition);
            return progressing(format!(
                "Waiting for partitioned roll out to finish: {updated} out of {wanted} new pods have been updated..."
            ));
        }
        return Health::new(
            Status::Healthy,
            format!("partitioned roll out complete: {updated} new pods have been updated..."),
        );
    }
    if strategy == "OnDelete" {
        return Health::new(
            Status::Healthy,
            format!("statefulset has {ready} ready pods"),
        );
    }
    let update = text(object, "/status/updateRevision");
    let current = text(object, "/status/currentRevision");
    if update != current {
        return progressing(format!(
            "waiting for statefulset rolling update to complete {updated} pods at revision {update}..."
        ));
    }
    let replicas = number(object, "/status/currentReplicas");
    Health::new(
        Status::Healthy,
        format!("statefulset rolling update complete {replicas} pods at revision {current}..."),
    )
}

fn daemon_set(object: &Value) -> Health {
    if behind(object) {
        return progressing(
            "Waiting for rollout to finish: observed daemon set generation less than desired generation",
        );
    }
    let name = text(object, "/metadata/name");
    let wanted = number(object, "/status/desiredNumberScheduled");
    let updated = number(object, "/status/updatedNumberScheduled");
    let available = number(object, "/status/numberAvailable");
    if text(object, "/spec/updateStrategy/type") == "OnDelete" {
        return Health::new(
            Status::Healthy,
            format!("daemon set {updated} out of {wanted} new pods have been updated"),
        );
    }
    if updated < wanted {
        return progressing(format!(
            "Waiting for daemon set {name:?} rollout to finish: {updated} out of {wanted} new pods have been updated..."
        ));
    }
    if available < wanted {
        return progressing(format!(
            "Waiting for daemon set {name:?} rollout to finish: {available} of {wanted} updated pods are available..."
        ));
    }
    healthy()
}

fn replica_set(object: &Value) -> Health {
    if behind(object) {
        return progressing(
            "Waiting for rollout to finish: observed replica set generation less than desired generation",
        );
    }
    if let Some(failure) =
        condition(object, "ReplicaFailure").filter(|condition| text(condition, "/status") == "True")
    {
        return degraded(text(failure, "/message"));
    }
    let available = number(object, "/status/availableReplicas");
    if let Some(wanted) = number_if(object, "/spec/replicas").filter(|&wanted| available < wanted) {
        return progressing(format!(
            "Waiting for rollout to finish: {available} out of {wanted} new replicas are available..."
        ));
    }
    healthy()
}

fn job(object: &Value) -> Health {
    let (mut over, mut failed, mut suspended) = (false, false, false);
    let (mut failure, mut message) = ("", "");
    for condition in list(object, "/status/conditions") {
        match text(condition, "/type") {
            "Failed" => {
                failed = true;
                failure = text(condition, "/message");
            }
            "Complete" => message = text(condition, "/message"),
            "Suspended" => {
                message = text(condition, "/message");
                suspended |= text(condition, "/status") == "True";
            }
            _ => continue,
        }
        over = true;
    }
    match (over, failed, suspended) {
        (false, ..) => progressing(message),
        (true, true, _) => degraded(failure),
        // The message is that of a failure, of which there is none: so it is upstream.
        (true, false, true) => Health::new(Status::Suspended, failure),
        (true, false, false) => Health::new(Status::Healthy, message),
    }
}

fn pod(object: &Value) -> Health {
    let always = text(object, "/spec/restartPolicy") == "Always";
    let containers = list(object, "/status/containerStatuses");
    let message = text(object, "/status/message");
    if always {
        let stuck: Vec<&str> = containers
            .iter()
            .filter(|container| {
                let reason = text(container, "/state/waiting/reason");
                reason.starts_with("Err")
                    || reason.ends_with("Error")
                    || reason.ends_with("BackOff")
            })
            .map(|container| text(container, "/state/waiting/message"))
            .collect();
        if !stuck.is_empty() {
            return degraded(stuck.join(", "));
        }
    }
    match text(object, "/status/phase") {
        "Pending" => progressing(message),
        "Succeeded" => Health::new(Status::Healthy, message),
        "Failed" if !message.is_empty() => degraded(message),
        "Failed" => degraded(
            list(object, "/status/initContainerStatuses")
                .iter()
                .chain(containers)
                .map(failure)
                .find(|failure| !failure.is_empty())
                .unwrap_or_default(),
        ),
        "Running" if always => {
            let ready = condition(object, "Ready")
                .is_some_and(|condition| text(condition, "/status") == "True");
            let ended = containers.iter().any(|container| {
                container
                    .pointer("/lastState/terminated")
                    .is_some_and(|ended| !ended.is_null())
            });
            let status = match (ready, ended) {
                (true, _) => Status::Healthy,
                (false, true) => Status::Degraded,
                (false, false) => Status::Progressing,
            };
            Health::new(status, message)
        }
        "Running" if matches!(text(object, "/spec/restartPolicy"), "OnFailure" | "Never") => {
            progressing(message)
        }
        _ => Health::new(Status::Unknown, message),
    }
}

/// Why a container ended, where it says.
fn failure(container: &Value) -> String {
    let message = text(container, "/state/terminated/message");
    if !message.is_empty() {
        return message.to_owned();
    }
    let reason = text(container, "/state/terminated/reason");
    if reason == "OOMKilled" {
        return reason.to_owned();
    }
    match number(container, "/state/terminated/exitCode") {
        0 => String::new(),
        code => format!(
            "container {:?} failed with exit code {code}",
            text(container, "/name")
        ),
    }
}

fn volume_claim(object: &Value) -> Health {
    let status = match text(object, "/status/phase") {
        "Lost" => Status::Degraded,
        "Pending" => Status::Progressing,
        "Bound" => Status::Healthy,
        _ => Status::Unknown,
    };
    Health::new(status, "")
}

fn service(object: &Value) -> Health {
    if text(object, "/spec/type") == "LoadBalancer" {
        ingress(object)
    } else {
        healthy()
    }
}

fn ingress(object: &Value) -> Health {
    if list(object, "/status/loadBalancer/ingress").is_empty() {
        progressing("")
    } else {
        healthy()
    }
}

/// Types and reasons of conditions by which an autoscaler cannot do its work.
const AUTOSCALER_FAILURES: [(&str, &str); 8] = [
    ("AbleToScale", "FailedGetScale"),
    ("AbleToScale", "FailedUpdateScale"),
    ("ScalingActive", "FailedGetResourceMetric"),
    ("ScalingActive", "FailedGetObjectMetric"),
    ("ScalingActive", "FailedGetPodsMetric"),
    ("ScalingActive", "FailedGetExternalMetric"),
    ("ScalingActive", "FailedComputeMetricsReplicas"),
    ("ScalingActive", "InvalidSelector"),
];

fn autoscaler(object: &Value) -> Health {
    // The first version of the kind has no conditions; its controller writes them into an annotation.
    let annotated: Vec<Value>;
    let conditions = if text(object, "/apiVersion") == "autoscaling/v1" {
        let annotation = text_if(
            object,
            "/metadata/annotations/autoscaling.alpha.kubernetes.io~1conditions",
        );
        annotated = match annotation.map(serde_json::from_str) {
            None => Vec::new(),
            Some(Ok(conditions)) => conditions,
            Some(Err(_)) => {
                return Health::new(
                    Status::Unknown,
                    "failed to convert conditions annotation to typed",
                );
            }
        };
        annotated.as_slice()
    } else {
        list(object, "/status/conditions")
    };
    let failed = conditions.iter().find(|condition| {
        AUTOSCALER_FAILURES.contains(&(text(condition, "/type"), text(condition, "/reason")))
    });
    if let Some(condition) = failed {
        return degraded(text(condition, "/message"));
    }
    let works = conditions.iter().find(|condition| {
        matches!(text(condition, "/type"), "AbleToScale" | "ScalingLimited")
            && text(condition, "/status") == "True"
    });
    match works {
        Some(condition) => Health::new(Status::Healthy, text(condition, "/message")),
        None => progressing("Waiting to Autoscale"),
    }
}

fn api_service(object: &Value) -> Health {
    match condition(object, "Available") {
        None => progressing("Waiting to be processed"),
        Some(available) => {
            let status = if text(available, "/status") == "True" {
                Status::Healthy
            } else {
                Status::Progressing
            };
            Health::new(
                status,
                format!(
                    "{}: {}",
                    text(available, "/reason"),
                    text(available, "/message")
                ),
            )
        }
    }
}

fn workflow(object: &Value) -> Health {
    let status = match text(object, "/status/phase") {
        "" | "Pending" | "Running" => Status::Progressing,
        "Succeeded" => Status::Healthy,
        "Failed" | "Error" => Status::Degraded,
        _ => Status::Unknown,
    };
    Health::new(status, text(object, "/status/message"))
}
