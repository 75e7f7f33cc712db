//! Health of each kind, with statuses as controllers set them: the sync goes on when an object is healthy, and fails
//! when it is degraded.

use std::sync::Mutex;
use std::time::Duration;

use peers::control_plane::{ControlPlane, eventually};
use serde_json::{Value, json};

use crate::app::{App, config_map, deployment, job, object};
use crate::run::finished;

struct Case {
    resource: &'static str,
    manifest: String,
    healthy: Value,
    degraded: Option<Value>,
}

fn case(resource: &'static str, manifest: String, healthy: Value, degraded: Option<Value>) -> Case {
    Case {
        resource,
        manifest,
        healthy,
        degraded,
    }
}

const TEMPLATE: &str = "  selector:\n    matchLabels: {app: x}\n  template:\n    metadata:\n      labels: {app: x}\n    spec:\n      containers:\n      - name: main\n        image: none\n";
const NOW: &str = "2026-01-01T00:00:00Z";

/// Every kind of the table in `formats.md` F6 that waits for a status.
fn cases() -> Vec<Case> {
    let condition = |kind: &str, status: &str, reason: &str| json!({"type": kind, "status": status, "reason": reason, "message": "m", "lastTransitionTime": NOW});
    vec![
        case(
            "deployments.apps",
            deployment("x", "none", &[]),
            json!({"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1}),
            Some(
                json!({"observedGeneration": 1, "conditions": [condition("Progressing", "False", "ProgressDeadlineExceeded")]}),
            ),
        ),
        case(
            "statefulsets.apps",
            object(
                "apps/v1",
                "StatefulSet",
                "x",
                &[],
                &format!("spec:\n  serviceName: x\n  replicas: 1\n{TEMPLATE}"),
            ),
            json!({"observedGeneration": 1, "replicas": 1, "readyReplicas": 1, "updatedReplicas": 1, "currentRevision": "a", "updateRevision": "a"}),
            None,
        ),
        case(
            "daemonsets.apps",
            object(
                "apps/v1",
                "DaemonSet",
                "x",
                &[],
                &format!("spec:\n{TEMPLATE}"),
            ),
            json!({"observedGeneration": 1, "desiredNumberScheduled": 1, "currentNumberScheduled": 1, "numberMisscheduled": 0, "updatedNumberScheduled": 1, "numberAvailable": 1, "numberReady": 1}),
            None,
        ),
        case(
            "replicasets.apps",
            object(
                "apps/v1",
                "ReplicaSet",
                "x",
                &[],
                &format!("spec:\n  replicas: 1\n{TEMPLATE}"),
            ),
            json!({"observedGeneration": 1, "replicas": 1, "availableReplicas": 1, "readyReplicas": 1}),
            Some(
                json!({"observedGeneration": 1, "replicas": 0, "conditions": [condition("ReplicaFailure", "True", "FailedCreate")]}),
            ),
        ),
        case(
            "jobs.batch",
            job("x", "none", &[]),
            json!({"startTime": NOW, "completionTime": NOW, "succeeded": 1, "conditions": [condition("SuccessCriteriaMet", "True", "r"), condition("Complete", "True", "r")]}),
            Some(
                json!({"startTime": NOW, "failed": 1, "conditions": [condition("FailureTarget", "True", "r"), condition("Failed", "True", "BackoffLimitExceeded")]}),
            ),
        ),
        case(
            "pods",
            object(
                "v1",
                "Pod",
                "x",
                &[],
                "spec: {containers: [{name: main, image: none}]}\n",
            ),
            json!({"phase": "Running", "conditions": [condition("Ready", "True", "")]}),
            Some(json!({"phase": "Failed", "message": "evicted"})),
        ),
        case(
            "persistentvolumeclaims",
            object(
                "v1",
                "PersistentVolumeClaim",
                "x",
                &[],
                "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n",
            ),
            json!({"phase": "Bound"}),
            Some(json!({"phase": "Lost"})),
        ),
        case(
            "services",
            object(
                "v1",
                "Service",
                "x",
                &[],
                "spec: {type: LoadBalancer, ports: [{port: 80}]}\n",
            ),
            json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}),
            None,
        ),
        case(
            "ingresses.networking.k8s.io",
            object(
                "networking.k8s.io/v1",
                "Ingress",
                "x",
                &[],
                "spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}\n",
            ),
            json!({"loadBalancer": {"ingress": [{"hostname": "lb.example"}]}}),
            None,
        ),
        case(
            "horizontalpodautoscalers.autoscaling",
            object(
                "autoscaling/v2",
                "HorizontalPodAutoscaler",
                "x",
                &[],
                "spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}\n",
            ),
            json!({"desiredReplicas": 1, "conditions": [condition("AbleToScale", "True", "ReadyForNewScale")]}),
            Some(
                json!({"desiredReplicas": 1, "conditions": [condition("AbleToScale", "True", "SucceededGetScale"), condition("ScalingActive", "False", "FailedGetResourceMetric")]}),
            ),
        ),
        case(
            "workflows.argoproj.io",
            object("argoproj.io/v1alpha1", "Workflow", "x", &[], "spec: {}\n"),
            json!({"phase": "Succeeded"}),
            Some(json!({"phase": "Failed", "message": "a step failed"})),
        ),
    ]
}

fn define_workflows(plane: &ControlPlane) {
    plane.apply("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: workflows.argoproj.io\nspec:\n  group: argoproj.io\n  scope: Namespaced\n  names: {kind: Workflow, plural: workflows, singular: workflow}\n  versions:\n  - name: v1alpha1\n    served: true\n    storage: true\n    subresources: {status: {}}\n    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}\n");
    plane.kubectl([
        "wait",
        "--for=condition=Established",
        "crd/workflows.argoproj.io",
    ]);
}

fn check(case: &Case, status: &Value, healthy: bool) {
    let app = App::quiet("health");
    let what = format!("{} {status}", case.resource);
    // Pods need one, and no controller makes it.
    app.plane
        .kubectl(["-n", &app.namespace, "create", "serviceaccount", "default"]);
    app.set(&[
        case.manifest.clone(),
        config_map("after", &[("sync-wave", "1")]),
    ]);
    let child = app.sync().args(["--timeout", "60s"]).start();
    eventually(&what, Duration::from_secs(60), || {
        app.live(case.resource, "x").map(drop)
    });
    assert!(!app.has("after"), "{what}");
    app.plane
        .patch_status(case.resource, &app.namespace, "x", status);
    let run = finished(child, Duration::from_secs(90));
    assert_eq!(run.code, if healthy { 0 } else { 2 }, "{what}: {run:?}");
    assert_eq!(app.has("after"), healthy, "{what}");
}

#[test]
fn a_wave_is_done_when_each_kind_is_healthy_and_fails_when_it_is_degraded() {
    define_workflows(ControlPlane::quiet());
    let cases = cases();
    let work: Vec<(&Case, &Value, bool)> = cases
        .iter()
        .flat_map(|case| {
            let degraded = case.degraded.as_ref().map(|status| (case, status, false));
            [Some((case, &case.healthy, true)), degraded]
        })
        .flatten()
        .collect();
    let queue = Mutex::new(work);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().pop();
                    let Some((case, status, healthy)) = next else {
                        return;
                    };
                    check(case, status, healthy);
                }
            });
        }
    });
}

#[test]
fn an_api_service_is_done_when_it_is_available() {
    let app = App::quiet("health-api");
    app.set(&[
        "apiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata:\n  name: v1.local.lockstep.example\nspec: {group: local.lockstep.example, version: v1, groupPriorityMinimum: 10, versionPriority: 10}\n---\n".to_owned(),
        config_map("after", &[("sync-wave", "1")]),
    ]);
    // The API server finds one of its own available.
    app.sync().args(["--timeout", "60s"]).run().expect(0);
    assert!(app.has("after"));
    let live = app.plane.get("apiservice", "", "v1.local.lockstep.example");
    assert_eq!(live.unwrap()["status"]["conditions"][0]["status"], "True");
    app.plane
        .kubectl(["delete", "apiservice", "v1.local.lockstep.example"]);
}

#[test]
fn what_does_not_become_healthy_in_time_is_an_error_that_names_it() {
    let app = App::quiet("health-late");
    app.set(&[
        deployment("slow", "none", &[]),
        config_map("after", &[("sync-wave", "1")]),
    ]);
    app.sync()
        .args(["--timeout", "3s"])
        .run()
        .expect(2)
        .says(&["slow"]);
    assert!(!app.has("after"));
}

#[test]
fn objects_of_the_last_wave_are_waited_for_only_when_asked() {
    let app = App::quiet("health-last");
    app.set(&[deployment("slow", "none", &[])]);
    app.sync().run().expect(0);
    app.sync()
        .args(["--wait", "--timeout", "3s"])
        .run()
        .expect(2);
}

#[test]
fn an_object_can_be_left_out_of_the_health() {
    let app = App::quiet("health-ignored");
    app.set(&[
        deployment("slow", "none", &[("ignore-healthcheck", "true")]),
        deployment("paused", "none", &[])
            .replace("  replicas: 1\n", "  replicas: 1\n  paused: true\n"),
    ]);
    app.sync().run().expect(0);
}

#[test]
fn real_controllers_make_a_rollout_healthy() {
    let app = App::new("health-real");
    app.set(&[deployment("web", "run", &[]), job("work", "succeed", &[])]);
    app.sync().arg("--wait").run().expect(0);
    let live = app.live("deployment", "web").unwrap();
    assert_eq!(live["status"]["availableReplicas"], 1, "{live}");
    app.set(&[
        deployment("web", "run", &[]).replace("replicas: 1", "replicas: 3"),
        job("work", "succeed", &[]),
    ]);
    app.sync().arg("--wait").run().expect(0);
    let live = app.live("deployment", "web").unwrap();
    assert_eq!(live["status"]["availableReplicas"], 3, "{live}");
}
