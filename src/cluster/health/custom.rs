//! Checks of kinds for which Argo CD ships a Lua script.
//!
//! Each function cites its script by the folder below argo-cd's `resource_customizations/`.

use serde_json::Value;

use super::Status::{Degraded, Healthy, Progressing, Suspended, Unknown};
use super::fields::{conditions, is, list, text, text_if, truth};
use super::{Health, Status, conditions as table, gateway, rollout};

/// The check of one kind.
pub(super) enum Check {
    /// By the first condition that a rule knows.
    Conditions(&'static table::Check),
    /// By a function; none where its script does not say.
    Script(fn(&Value) -> Option<Health>),
}

impl Check {
    pub(super) fn assess(&self, object: &Value) -> Option<Health> {
        match self {
            Self::Conditions(check) => Some(check.assess(object)),
            Self::Script(run) => run(object),
        }
    }
}

/// The check of a kind, if Argo CD has a script for it that is followed here.
pub(super) fn check(group: &str, kind: &str) -> Option<Check> {
    if let Some(check) = table::check(group, kind) {
        return Some(Check::Conditions(check));
    }
    let run: fn(&Value) -> Option<Health> = match (group, kind) {
        ("apiextensions.k8s.io", "CustomResourceDefinition") => |o| Some(definition(o)),
        ("argoproj.io", "AnalysisRun") => analysis_run,
        ("argoproj.io", "ApplicationSet") => |o| Some(application_set(o)),
        ("argoproj.io", "Experiment") => experiment,
        ("argoproj.io", "Rollout") => |o| Some(rollout::assess(o)),
        ("batch", "CronJob") => |o| Some(cron_job(o)),
        ("cert-manager.io", "Certificate") => |o| Some(certificate(o)),
        ("external-secrets.io", "ClusterExternalSecret") => |o| Some(cluster_external_secret(o)),
        ("gateway.networking.k8s.io", "Gateway") => |o| Some(gateway::gateway(o)),
        ("gateway.networking.k8s.io", "GRPCRoute") => |o| Some(gateway::grpc_route(o)),
        ("gateway.networking.k8s.io", "HTTPRoute") => |o| Some(gateway::http_route(o)),
        ("helm.toolkit.fluxcd.io", "HelmRelease") => |o| Some(flux(o, FluxKind::Release)),
        ("kafka.strimzi.io", "Kafka") => |o| Some(kafka(o)),
        ("keda.sh", "ScaledObject") => |o| Some(scaled_object(o)),
        ("kustomize.toolkit.fluxcd.io", "Kustomization") => {
            |o| Some(flux(o, FluxKind::Kustomization))
        }
        ("monitoring.coreos.com", "Prometheus") => |o| Some(prometheus(o)),
        ("policy", "PodDisruptionBudget") => |o| Some(disruption_budget(o)),
        ("postgresql.cnpg.io", "Cluster") => |o| Some(postgres_cluster(o)),
        ("snapshot.storage.k8s.io", "VolumeSnapshot" | "VolumeSnapshotContent") => {
            |o| Some(snapshot(o))
        }
        (
            "source.toolkit.fluxcd.io",
            "Bucket" | "GitRepository" | "HelmChart" | "HelmRepository" | "OCIRepository",
        ) => |o| Some(flux(o, FluxKind::Source)),
        _ => return None,
    };
    Some(Check::Script(run))
}

/// `apiextensions.k8s.io/CustomResourceDefinition`.
fn definition(object: &Value) -> Health {
    if !text(object, "/metadata/deletionTimestamp").is_empty() {
        return Health::new(Progressing, "CRD is terminating");
    }
    let conditions = match conditions(object) {
        None | Some([]) => return Health::new(Progressing, "Status conditions not found"),
        Some(conditions) => conditions,
    };
    let mut established = false;
    for condition in conditions {
        let message = text(condition, "/message");
        if is(condition, "Terminating", "True") {
            return Health::new(Progressing, format!("CRD is terminating: {message}"));
        }
        if is(condition, "NamesAccepted", "False") {
            return Health::new(
                Degraded,
                format!("CRD names have not been accepted: {message}"),
            );
        }
        if is(condition, "NonStructuralSchema", "True") {
            return Health::new(Degraded, format!("Schema violations found: {message}"));
        }
        established |= is(condition, "Established", "True");
    }
    if established {
        Health::new(Healthy, "CRD is healthy")
    } else {
        Health::new(Degraded, "CRD is not established")
    }
}

/// `argoproj.io/AnalysisRun`.
fn analysis_run(object: &Value) -> Option<Health> {
    let Some(status) = object.get("status").filter(|status| !status.is_null()) else {
        return Some(Health::new(
            Progressing,
            "Waiting for analysis run to finish: status has not been reconciled.",
        ));
    };
    let own = |otherwise| text_if(status, "/message").unwrap_or(otherwise);
    match text(status, "/phase") {
        "Pending" | "Running" => Some(Health::new(Progressing, "Analysis run is running")),
        "Successful" => Some(Health::new(
            Healthy,
            own("Analysis run completed successfully"),
        )),
        "Failed" => Some(Health::new(Degraded, own("Analysis run failed"))),
        "Error" => Some(Health::new(Degraded, own("Analysis run had an error"))),
        "Inconclusive" => Some(Health::new(Unknown, own("Analysis run was inconclusive"))),
        _ => None,
    }
}

/// `argoproj.io/Experiment`.
fn experiment(object: &Value) -> Option<Health> {
    let Some(status) = object.get("status").filter(|status| !status.is_null()) else {
        return Some(Health::new(
            Progressing,
            "Waiting for experiment to finish: status has not been reconciled.",
        ));
    };
    let (status, message) = match text(status, "/phase") {
        "Pending" => (Progressing, "Experiment is pending"),
        "Running" => (Progressing, "Experiment is running"),
        "Successful" => (Healthy, "Experiment is successful"),
        "Failed" => (Degraded, "Experiment has failed"),
        "Error" => (Degraded, "Experiment had an error"),
        _ => return None,
    };
    Some(Health::new(status, message))
}

/// `argoproj.io/ApplicationSet`: its rules in order, each over all conditions.
fn application_set(object: &Value) -> Health {
    let rules = [
        ("ErrorOccurred", "True", Degraded),
        ("ResourcesUpToDate", "False", Degraded),
        ("RolloutProgressing", "True", Progressing),
        ("ResourcesUpToDate", "True", Healthy),
    ];
    let conditions = conditions(object).unwrap_or_default();
    rules
        .into_iter()
        .find_map(|(kind, status, means)| {
            let condition = conditions
                .iter()
                .find(|condition| is(condition, kind, status))?;
            Some(Health::new(means, text(condition, "/message")))
        })
        .unwrap_or_else(|| Health::new(Progressing, "Waiting for the status to be reported"))
}

/// `batch/CronJob`.
fn cron_job(object: &Value) -> Health {
    if truth(object, "/spec/suspend") {
        return Health::new(Healthy, "CronJob is Suspended");
    }
    if object.get("status").is_none_or(Value::is_null) {
        return Health::new(Progressing, "Waiting for CronJob");
    }
    let Some(scheduled) = text_if(object, "/status/lastScheduleTime") else {
        return Health::new(Healthy, "CronJob has not been scheduled yet");
    };
    let Some(succeeded) = text_if(object, "/status/lastSuccessfulTime") else {
        return Health::new(
            Healthy,
            "The Cronjob never completed succesfully. It may not be healthy",
        );
    };
    if !list(object, "/status/active").is_empty() {
        return Health::new(
            Healthy,
            "The job is running. Its last execution may not have been successful",
        );
    }
    // Times of one form and zone, which sort as texts.
    if succeeded < scheduled {
        return Health::new(
            Degraded,
            "CronJob has not completed its last execution successfully",
        );
    }
    Health::new(
        Healthy,
        "CronJob has completed its last execution successfully",
    )
}

/// `cert-manager.io/Certificate`.
fn certificate(object: &Value) -> Health {
    let conditions = conditions(object).unwrap_or_default();
    let issuing = conditions
        .iter()
        .find(|condition| is(condition, "Issuing", "True"))
        .map(|condition| (Progressing, condition));
    let ready = || {
        conditions.iter().find_map(|condition| {
            if is(condition, "Ready", "False") {
                Some((Degraded, condition))
            } else {
                is(condition, "Ready", "True").then_some((Healthy, condition))
            }
        })
    };
    match issuing.or_else(ready) {
        Some((status, condition)) => Health::new(status, text(condition, "/message")),
        None => Health::new(Progressing, "Waiting for certificate"),
    }
}

/// `external-secrets.io/ClusterExternalSecret`: its last condition is the newest.
fn cluster_external_secret(object: &Value) -> Health {
    if let Some(last) = conditions(object).and_then(<[Value]>::last) {
        if is(last, "Ready", "True") {
            return Health::new(Healthy, text(last, "/message"));
        }
        if is(last, "PartiallyReady", "True") || is(last, "NotReady", "True") {
            return Health::new(Degraded, text(last, "/message"));
        }
    }
    Health::new(Progressing, "Waiting for ClusterExternalSecret")
}

/// The kinds of Flux, which count their conditions differently.
#[derive(Clone, Copy, Eq, PartialEq)]
enum FluxKind {
    Kustomization,
    Release,
    Source,
}

/// `kustomize.toolkit.fluxcd.io/Kustomization`, `helm.toolkit.fluxcd.io/HelmRelease`, `source.toolkit.fluxcd.io/*`.
fn flux(object: &Value, of: FluxKind) -> Health {
    if truth(object, "/spec/suspend") {
        return Health::new(Suspended, format!("{} is suspended", text(object, "/kind")));
    }
    if text(object, "/kind") == "HelmRepository" && text(object, "/spec/type") == "oci" {
        return Health::new(
            Healthy,
            "Helm repositories of type 'oci' do not contain any information in the status.",
        );
    }
    let Some(conditions) = conditions(object) else {
        return Health::new(Progressing, "Status unknown");
    };
    let (mut progressing, mut succeeded) = (0, 0);
    let mut message = String::new();
    for condition in conditions {
        let is_true = text(condition, "/status") == "True";
        match (text(condition, "/type"), of) {
            ("Ready", _) => {
                succeeded += i32::from(is_true);
                progressing += i32::from(text(condition, "/status") == "Unknown");
                text(condition, "/reason").clone_into(&mut message);
            }
            ("Reconciling", _) => progressing += i32::from(is_true),
            ("ArtifactOutdated", FluxKind::Source) if is_true => {
                message.push(' ');
                message.push_str(text(condition, "/reason"));
            }
            ("ArtifactInStorage", FluxKind::Source)
            | ("Released" | "TestSuccess", FluxKind::Release) => {
                succeeded += i32::from(is_true);
            }
            _ => {}
        }
    }
    let wanted = if of == FluxKind::Kustomization { 1 } else { 2 };
    let status = if progressing == 2 {
        Progressing
    } else if succeeded == wanted {
        Healthy
    } else {
        Degraded
    };
    Health::new(status, message)
}

/// `kafka.strimzi.io/Kafka`.
fn kafka(object: &Value) -> Health {
    for condition in conditions(object).unwrap_or_default() {
        if is(condition, "NotReady", "True") && text(condition, "/reason") != "Creating" {
            return Health::new(Degraded, text(condition, "/message"));
        }
        if is(condition, "Ready", "True") {
            return Health::new(Healthy, "");
        }
    }
    Health::new(Progressing, "Waiting for Kafka Cluster")
}

/// `keda.sh/ScaledObject`: the last condition that counts gives the message.
fn scaled_object(object: &Value) -> Health {
    let (mut ready, mut degraded, mut paused) = (false, false, false);
    let mut message = "";
    for condition in conditions(object).unwrap_or_default() {
        let noted = match (text(condition, "/type"), text(condition, "/status")) {
            ("Ready", "False") | ("Fallback", "True") => &mut degraded,
            ("Ready", "True") => &mut ready,
            ("Paused", "True") => &mut paused,
            _ => continue,
        };
        *noted = true;
        message = text(condition, "/message");
    }
    match (degraded, ready, paused) {
        (true, ..) => Health::new(Degraded, message),
        (false, true, false) => Health::new(Healthy, message),
        (false, true, true) => Health::new(Suspended, message),
        (false, false, _) => Health::new(Progressing, "Creating HorizontalPodAutoscaler Object"),
    }
}

/// `monitoring.coreos.com/Prometheus`: the last condition that counts wins.
fn prometheus(object: &Value) -> Health {
    let mut health = Health::new(Progressing, "Waiting for initialization");
    for condition in conditions(object).unwrap_or_default() {
        if text(condition, "/type") != "Available" {
            continue;
        }
        health = if text(condition, "/status") == "True" {
            Health::new(Healthy, "All instances are available")
        } else {
            let status = if text(condition, "/reason") == "SomePodsNotReady" {
                Progressing
            } else {
                Degraded
            };
            let message =
                text_if(condition, "/message").unwrap_or_else(|| text(condition, "/reason"));
            Health::new(status, message)
        };
    }
    health
}

/// `policy/PodDisruptionBudget`: the last condition wins, or the first that is bad.
fn disruption_budget(object: &Value) -> Health {
    let mut health = Health::new(Progressing, "Waiting for status");
    for condition in conditions(object).unwrap_or_default() {
        let reason = text(condition, "/reason");
        let message = format!("PodDisruptionBudget has {reason}");
        if text(condition, "/status") == "False" && reason != "InsufficientPods" {
            return Health::new(Degraded, message);
        }
        health = Health::new(Healthy, message);
    }
    health
}

/// `postgresql.cnpg.io/Cluster`.
fn postgres_cluster(object: &Value) -> Health {
    let reason = text(object, "/status/phaseReason");
    let Some(conditions) = conditions(object) else {
        return Health::new(Progressing, reason);
    };
    let hibernation = conditions
        .iter()
        .find(|condition| text(condition, "/type") == "cnpg.io/hibernation");
    if let Some(hibernation) = hibernation {
        let status = if text(hibernation, "/status") == "True" {
            Suspended
        } else {
            Degraded
        };
        return Health::new(status, text(hibernation, "/message"));
    }
    Health::new(postgres_phase(text(object, "/status/phase")), reason)
}

fn postgres_phase(phase: &str) -> Status {
    match phase {
        "Cluster in healthy state" => Healthy,
        "Setting up primary"
        | "Creating a new replica"
        | "Upgrading cluster"
        | "Waiting for the instances to become active"
        | "Promoting to primary cluster" => Progressing,
        "Switchover in progress"
        | "Failing over"
        | "Upgrading Postgres major version"
        | "Cluster upgrade delayed"
        | "Waiting for user action"
        | "Primary instance is being restarted in-place"
        | "Primary instance is being restarted without a switchover"
        | "Cluster cannot execute instance online upgrade due to missing architecture binary"
        | "Online upgrade in progress"
        | "Applying configuration" => Degraded,
        "Unable to create required cluster objects"
        | "Cluster cannot proceed to reconciliation due to an unknown plugin being required"
        | "Cluster has incomplete or invalid image catalog"
        | "Cluster is unrecoverable and needs manual intervention" => Suspended,
        _ => Unknown,
    }
}

/// `snapshot.storage.k8s.io/VolumeSnapshot` and `VolumeSnapshotContent`.
fn snapshot(object: &Value) -> Health {
    if truth(object, "/status/readyToUse") {
        return Health::new(Healthy, "Ready to use");
    }
    match object.pointer("/status/error") {
        Some(error) if !error.is_null() => Health::new(Degraded, text(error, "/message")),
        _ => Health::new(Progressing, "Waiting for status"),
    }
}
