//! What counts as a difference, and how it is shown.

use std::time::Duration;

use peers::control_plane::eventually;
use serde_json::json;

use crate::app::{App, config_map, deployment, object};

#[test]
fn nothing_is_shown_and_nothing_written_when_nothing_differs() {
    let app = App::new("same");
    app.set(&[
        config_map("one", &[]),
        deployment("web", "run", &[]),
        object("v1", "Secret", "token", &[], "stringData: {token: abc}\n"),
        object("v1", "Service", "web", &[], "spec: {ports: [{port: 80}]}\n"),
    ]);
    app.diff().run().expect(1);
    app.sync().run().expect(0);
    let diff = app.diff().run().expect(0);
    assert_eq!(diff.stdout.trim(), "", "{diff:?}");
    let first = app.requests().len();
    app.sync().run().expect(0);
    assert_eq!(app.changes_since(first), Vec::<String>::new());
}

#[test]
fn a_difference_is_what_was_written_and_is_not_there() {
    let app = App::new("differs");
    app.set(&[config_map("settings", &[]), deployment("web", "run", &[])]);
    app.sync().run().expect(0);
    app.edit("deployment", "web", &json!({"spec": {"replicas": 4}}));
    let diff = app.diff().run().expect(1);
    let lines: Vec<&str> = diff
        .stdout
        .lines()
        .filter(|line| {
            (line.starts_with('-') || line.starts_with('+'))
                && !line.starts_with("---")
                && !line.starts_with("+++")
        })
        .map(|line| line.trim_end())
        .collect();
    assert_eq!(lines, ["-  replicas: 4", "+  replicas: 1"], "{diff:?}");
    assert!(!diff.stdout.contains("settings"), "{diff:?}");
    app.sync().run().expect(0);
    assert_eq!(
        app.live("deployment", "web").unwrap()["spec"]["replicas"],
        1
    );
}

#[test]
fn a_diff_changes_nothing_at_the_api_server() {
    let app = App::new("diff-only");
    app.set(&[config_map("one", &[])]);
    app.diff().run().expect(1);
    app.sync().run().expect(0);
    let first = app.requests().len();
    app.set(&[
        config_map("one", &[]).replace("value", "other"),
        config_map("two", &[]),
    ]);
    app.diff().arg("--prune").run().expect(1);
    let writes: Vec<_> = app.requests()[first..]
        .iter()
        .filter(|request| request.is_write())
        .cloned()
        .collect();
    assert!(writes.is_empty(), "{writes:?}");
}

#[test]
fn a_changed_secret_is_seen_and_its_values_are_not() {
    let app = App::new("diff-secret");
    app.set(&[object(
        "v1",
        "Secret",
        "token",
        &[],
        "stringData: {token: wanted-value-1}\n",
    )]);
    app.sync().run().expect(0);
    app.edit(
        "secret",
        "token",
        &json!({"stringData": {"token": "changed-by-hand"}}),
    );
    let diff = app.diff().run().expect(1).says(&["token"]);
    for value in [
        "wanted-value-1",
        "changed-by-hand",
        "d2FudGVkLXZhbHVlLTE",
        "Y2hhbmdlZC1ieS1oYW5k",
    ] {
        assert!(!diff.all().contains(value), "{value}: {diff:?}");
    }
}

/// Fields changed by hand that the rule ignores, one rule at a time.
#[test]
fn ignored_differences_are_not_shown() {
    let rules = [
        "group: apps\n    kind: Deployment\n    jsonPointers: [/spec/replicas]",
        "group: '*'\n    kind: Deploy*\n    jsonPointers: [/spec/replicas]",
        "group: apps\n    kind: Deployment\n    name: web\n    jqPathExpressions: [.spec.replicas]",
        "group: apps\n    kind: Deployment\n    managedFieldsManagers: [kubectl-patch]",
    ];
    let app = App::new("ignore");
    app.set(&[deployment("web", "run", &[])]);
    app.by_manifest("sync", "").run().expect(0);
    app.edit("deployment", "web", &json!({"spec": {"replicas": 4}}));
    app.by_manifest("diff", "").run().expect(1);
    for rule in rules {
        app.by_manifest("diff", &format!("  ignoreDifferences:\n  - {rule}\n"))
            .run()
            .expect(0);
    }
    let other = "  ignoreDifferences:\n  - group: apps\n    kind: Deployment\n    name: api\n    jsonPointers: [/spec/replicas]\n";
    app.by_manifest("diff", other).run().expect(1);
}

#[test]
fn an_extra_object_does_not_count_when_it_says_so() {
    let app = App::new("extraneous");
    app.set(&[
        config_map("base", &[]),
        config_map("extra", &[("compare-options", "IgnoreExtraneous")]),
    ]);
    app.sync().run().expect(0);
    app.set(&[config_map("base", &[])]);
    app.diff().run().expect(0);
}

/// The object was there before the policy, so that a dry run predicts a field that nobody wrote.
#[test]
fn what_admission_changes_counts_only_when_asked() {
    let app = App::new("mutated");
    app.set(&[config_map("settings", &[])]);
    app.by_manifest("sync", "").run().expect(0);
    let namespace = &app.namespace;
    app.plane.apply(&format!(
        "apiVersion: admissionregistration.k8s.io/v1beta1
kind: MutatingAdmissionPolicy
metadata:
  name: {namespace}
spec:
  matchConstraints:
    namespaceSelector:
      matchLabels: {{kubernetes.io/metadata.name: {namespace}}}
    resourceRules:
    - apiGroups: ['']
      apiVersions: [v1]
      operations: [CREATE, UPDATE]
      resources: [configmaps]
  matchConditions:
  - {{name: settings, expression: object.metadata.name == 'settings'}}
  failurePolicy: Fail
  reinvocationPolicy: Never
  mutations:
  - patchType: JSONPatch
    jsonPatch:
      expression: '[JSONPatch{{op: \"add\", path: \"/data/injected\", value: \"by-policy\"}}]'
---
apiVersion: admissionregistration.k8s.io/v1beta1
kind: MutatingAdmissionPolicyBinding
metadata:
  name: {namespace}
spec:
  policyName: {namespace}
"
    ));
    let asked = "{argocd.argoproj.io/compare-options: IncludeMutationWebhook=true}";
    let refused = "{argocd.argoproj.io/compare-options: IncludeMutationWebhook=false}";
    // The API server needs a moment to put a policy in force.
    let diff = eventually("the policy is in force", Duration::from_secs(60), || {
        let diff = app.by_annotated_manifest("diff", asked, "").run();
        (diff.code == 1).then_some(diff)
    });
    assert!(diff.stdout.contains("+  injected: by-policy"), "{diff:?}");
    app.by_manifest("diff", "").run().expect(0);
    app.by_annotated_manifest("diff", refused, "")
        .run()
        .expect(0);
}

/// The strategies of Argo CD come to the same here: the server says what would be.
#[test]
fn strategies_of_comparing_and_applying_come_to_the_same() {
    let app = App::new("strategies");
    app.set(&[config_map("settings", &[])]);
    for option in ["ServerSideDiff=true", "ServerSideDiff=false"] {
        let annotations = format!("{{argocd.argoproj.io/compare-options: {option}}}");
        app.by_annotated_manifest("diff", &annotations, "")
            .run()
            .expect(1);
    }
    for option in ["ServerSideApply=true", "ServerSideApply=false"] {
        let policy = format!("  syncPolicy:\n    syncOptions: [{option}]\n");
        app.set(&[config_map("settings", &[]).replace("value", option)]);
        app.by_manifest("sync", &policy).run().expect(0);
        app.by_manifest("diff", &policy).run().expect(0);
        let live = app.live("configmap", "settings").unwrap();
        assert_eq!(live["data"]["key"], option);
        assert!(
            live["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]
                .is_null(),
            "{live}"
        );
    }
}

#[test]
fn statuses_and_defaults_are_no_difference() {
    let app = App::new("defaults");
    let written = [
        object(
            "v1",
            "Service",
            "svc",
            &[],
            "spec: {ports: [{port: 80}]}\nstatus: {loadBalancer: {}}\n",
        ),
        object(
            "batch/v1",
            "CronJob",
            "cron",
            &[],
            "spec:\n  schedule: '@hourly'\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          restartPolicy: Never\n          containers: [{name: main, image: none, resources: {limits: {cpu: 1000m, memory: 1024Mi}}}]\n",
        ),
        object(
            "v1",
            "PersistentVolumeClaim",
            "claim",
            &[],
            "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1024Mi}}}\n",
        ),
        object(
            "v1",
            "Secret",
            "mixed",
            &[],
            "data: {a: YWJj}\nstringData: {b: def}\n",
        ),
        object(
            "rbac.authorization.k8s.io/v1",
            "Role",
            "role",
            &[],
            "rules: [{apiGroups: [\"\"], resources: [pods], verbs: [get]}]\n",
        ),
        object(
            "networking.k8s.io/v1",
            "NetworkPolicy",
            "policy",
            &[],
            "spec: {podSelector: {}}\n",
        ),
        object(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            "hpa",
            &[],
            "spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}\n",
        ),
        object(
            "policy/v1",
            "PodDisruptionBudget",
            "pdb",
            &[],
            "spec: {minAvailable: 50%, selector: {matchLabels: {app: web}}}\n",
        ),
        deployment("web", "run", &[]).replace(
            "image: run",
            "image: run\n        resources: {limits: {memory: 0.5Gi}}",
        ),
    ];
    app.set(&written);
    app.sync().run().expect(0);
    let diff = app.diff().run();
    assert_eq!(diff.code, 0, "{diff:?}");
}
