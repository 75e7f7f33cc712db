//! Phases, waves and the order of kinds, as the API server saw them.

use crate::app::{App, config_map, deployment, job, object, position};

/// Asserts that each of `expected` was asked for, one after the other.
#[track_caller]
fn assert_order(changes: &[String], expected: &[&str]) {
    let places: Vec<usize> = expected
        .iter()
        .map(|change| position(changes, change))
        .collect();
    assert!(places.is_sorted(), "{expected:?} in {changes:#?}");
}

#[test]
fn phases_come_one_after_the_other_and_waves_within_them() {
    let app = App::new("phases");
    app.set(&[
        config_map("post-2", &[("hook", "PostSync"), ("sync-wave", "2")]),
        config_map("sync-late", &[("sync-wave", "1")]),
        config_map("sync-hook", &[("hook", "Sync"), ("sync-wave", "-1")]),
        config_map("pre-5", &[("hook", "PreSync"), ("sync-wave", "5")]),
        config_map("post-1", &[("hook", "PostSync"), ("sync-wave", "-2")]),
        config_map("sync-early", &[("sync-wave", "-3")]),
        config_map("pre-1", &[("hook", "PreSync"), ("sync-wave", "1")]),
        config_map("sync", &[]),
        config_map("failed", &[("hook", "SyncFail")]),
        config_map("skipped", &[("hook", "Skip")]),
    ]);
    app.sync().run().expect(0);
    let changes: Vec<String> = app
        .changes()
        .into_iter()
        .filter(|change| !change.starts_with("delete"))
        .collect();
    let names: Vec<&str> = changes
        .iter()
        .filter_map(|change| Some(change.split_once('/')?.1))
        .collect();
    assert!(!app.has("failed") && !app.has("skipped"), "{names:?}");
    let order = [
        "pre-1",
        "pre-5",
        "sync-early",
        "sync-hook",
        "sync",
        "sync-late",
        "post-1",
        "post-2",
    ];
    let places: Vec<Option<usize>> = order
        .iter()
        .map(|name| names.iter().position(|found| found == name))
        .collect();
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{places:?} {changes:#?}"
    );
}

#[test]
fn kinds_of_one_wave_are_applied_in_the_order_of_argo_cd() {
    let app = App::new("kinds");
    let rules = "rules: [{apiGroups: [\"\"], resources: [pods], verbs: [get]}]\n";
    let backend = "spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}\n";
    app.set(&[
        object("networking.k8s.io/v1", "Ingress", "z", &[], backend),
        deployment("x", "run", &[]),
        object("v1", "Service", "web", &[], "spec: {ports: [{port: 80}]}\n"),
        object("rbac.authorization.k8s.io/v1", "RoleBinding", "w", &[], "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: v}\nsubjects: [{kind: ServiceAccount, name: s}]\n"),
        object("rbac.authorization.k8s.io/v1", "Role", "v", &[], rules),
        config_map("u", &[]),
        object("v1", "Secret", "t", &[], "stringData: {key: value}\n"),
        object("v1", "ServiceAccount", "s", &[], ""),
        object("v1", "ResourceQuota", "r", &[], "spec: {hard: {pods: \"100\"}}\n"),
        object("networking.k8s.io/v1", "NetworkPolicy", "q", &[], "spec: {podSelector: {}}\n"),
    ]);
    app.sync().run().expect(0);
    assert_order(
        &app.changes(),
        &[
            "patch networkpolicies.networking.k8s.io/q",
            "patch resourcequotas/r",
            "patch serviceaccounts/s",
            "patch secrets/t",
            "patch configmaps/u",
            "patch roles.rbac.authorization.k8s.io/v",
            "patch rolebindings.rbac.authorization.k8s.io/w",
            "patch services/web",
            "patch deployments.apps/x",
            "patch ingresses.networking.k8s.io/z",
        ],
    );
}

#[test]
fn a_wave_begins_when_the_one_before_is_healthy() {
    let app = App::new("healthy-waves");
    app.set(&[
        deployment("first", "run", &[]),
        job("second", "succeed", &[("sync-wave", "1")]),
        config_map("third", &[("sync-wave", "2")]),
    ]);
    app.sync().run().expect(0);
    assert_order(
        &app.changes(),
        &[
            "patch deployments.apps/first",
            "patch jobs.batch/second",
            "patch configmaps/third",
        ],
    );
    let conditions = app.live("job", "second").unwrap()["status"]["conditions"].clone();
    assert!(conditions.to_string().contains("Complete"), "{conditions}");
}

#[test]
fn a_wave_that_fails_ends_the_run_before_the_next() {
    let app = App::new("failing-wave");
    app.set(&[
        config_map("before", &[]),
        job("failing", "fail", &[]),
        config_map("after", &[("sync-wave", "1")]),
    ]);
    app.sync().run().expect(2).says(&["failing"]);
    assert!(app.has("before") && !app.has("after"));
}

#[test]
fn pruning_goes_through_the_waves_backwards() {
    let app = App::new("prune-waves");
    app.set(&[
        config_map("base", &[]),
        config_map("one", &[("sync-wave", "1")]),
        config_map("two", &[("sync-wave", "2")]),
        config_map("three", &[("sync-wave", "3")]),
    ]);
    app.sync().run().expect(0);
    let first = app.requests().len();
    app.set(&[config_map("base", &[])]);
    app.sync().args(["--prune", "--wait"]).run().expect(0);
    let deletions: Vec<String> = app
        .changes_since(first)
        .into_iter()
        .filter(|change| change.starts_with("delete"))
        .collect();
    assert_eq!(
        deletions,
        [
            "delete configmaps/three",
            "delete configmaps/two",
            "delete configmaps/one"
        ]
    );
}

#[test]
fn a_namespace_comes_before_what_is_in_it_whatever_the_waves_say() {
    let app = App::new("namespaces");
    let inner = app.plane.unique("inner");
    let inside = format!(
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: inside\n  namespace: {inner}\n  annotations: {{argocd.argoproj.io/sync-wave: \"-5\"}}\n"
    );
    app.set(&[
        inside,
        object("v1", "Namespace", &inner, &[("sync-wave", "3")], ""),
    ]);
    app.sync().run().expect(0);
    assert_order(
        &app.changes(),
        &[
            &format!("patch namespaces/{inner}"),
            "patch configmaps/inside",
        ],
    );
    app.diff().run().expect(0);
}
