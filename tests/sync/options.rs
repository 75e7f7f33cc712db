//! Sync options, of objects and of applications.

use serde_json::json;

use crate::app::{App, config_map, job, object};

#[test]
fn a_namespace_is_created_when_asked_with_its_metadata() {
    let plane = peers::control_plane::ControlPlane::shared();
    let name = plane.unique("created");
    let app = App::at(plane, &name, &name);
    app.set(&[config_map("inside", &[])]);
    app.sync().run().expect(2);
    assert!(plane.get("namespace", "", &name).is_none());

    let policy = "  syncPolicy:\n    syncOptions: [CreateNamespace=true]\n    managedNamespaceMetadata:\n      labels: {team: shop}\n      annotations: {note: made}\n";
    app.by_manifest("sync", policy).run().expect(0);
    let namespace = plane.get("namespace", "", &name).unwrap();
    assert_eq!(namespace["metadata"]["labels"]["team"], "shop");
    assert_eq!(namespace["metadata"]["annotations"]["note"], "made");
    assert!(app.has("inside"));
    app.by_manifest("diff", policy).run().expect(0);
}

#[test]
fn replace_takes_away_what_others_added() {
    let app = App::new("replace");
    let manifest = config_map("settings", &[("sync-options", "Replace=true")]);
    app.set(std::slice::from_ref(&manifest));
    app.sync().run().expect(0);
    app.edit(
        "configmap",
        "settings",
        &json!({"data": {"added": "by hand"}}),
    );
    app.set(&[manifest.replace("key: value", "key: other")]);
    app.sync().run().expect(0);
    let live = app.live("configmap", "settings").unwrap();
    assert_eq!(live["data"], json!({"key": "other"}));
}

#[test]
fn apply_leaves_what_others_added() {
    let app = App::new("apply-leaves");
    app.set(&[config_map("settings", &[])]);
    app.sync().run().expect(0);
    app.edit(
        "configmap",
        "settings",
        &json!({"data": {"added": "by hand"}}),
    );
    app.diff().run().expect(0);
    app.set(&[config_map("settings", &[]).replace("key: value", "key: other")]);
    app.sync().run().expect(0);
    let live = app.live("configmap", "settings").unwrap();
    assert_eq!(live["data"], json!({"key": "other", "added": "by hand"}));
    assert!(
        live["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]
            .is_null()
    );
}

#[test]
fn an_immutable_field_is_changed_only_when_the_object_may_be_made_anew() {
    let options = [
        (None, Some("Force=true,Replace=true")),
        (None, Some("Force=true")),
        (Some("--force"), None),
    ];
    for (number, (flag, option)) in options.into_iter().enumerate() {
        let annotations: Vec<_> = option
            .map(|option| ("sync-options", option))
            .into_iter()
            .collect();
        let app = App::new("immutable");
        let fixed = |value: &str, annotations: &[(&str, &str)]| {
            object(
                "v1",
                "ConfigMap",
                "fixed",
                annotations,
                &format!("immutable: true\ndata: {{key: {value}}}\n"),
            )
        };
        app.set(&[fixed("a", &[]), job("work", "succeed", &[])]);
        app.sync().run().expect(0);
        let uid = |app: &App, kind: &str, name: &str| {
            app.live(kind, name).unwrap()["metadata"]["uid"].clone()
        };
        let (map, work) = (uid(&app, "configmap", "fixed"), uid(&app, "job", "work"));

        app.set(&[fixed("b", &[]), job("work", "run", &[])]);
        app.sync().run().expect(2).says(&["work"]);
        assert_eq!(app.live("configmap", "fixed").unwrap()["data"]["key"], "a");
        assert_eq!(uid(&app, "job", "work"), work, "case {number}");

        app.set(&[fixed("b", &annotations), job("work", "run", &annotations)]);
        app.sync().args(flag).run().expect(0);
        assert_eq!(app.live("configmap", "fixed").unwrap()["data"]["key"], "b");
        assert_ne!(uid(&app, "configmap", "fixed"), map, "case {number}");
        assert_ne!(uid(&app, "job", "work"), work, "case {number}");
    }
}

#[test]
fn unknown_fields_are_an_error_unless_validation_is_off() {
    let app = App::new("validation");
    let wrong = |annotations: &[(&str, &str)]| {
        object(
            "v1",
            "ConfigMap",
            "typo",
            annotations,
            "data: {key: value}\ndatta: {key: value}\n",
        )
    };
    app.set(&[wrong(&[])]);
    app.sync().run().expect(2).says(&["datta"]);
    assert!(!app.has("typo"));
    // An apply has to know every field's type, whatever is validated; a replacement drops what the schema has not.
    app.set(&[wrong(&[("sync-options", "Validate=false,Replace=true")])]);
    app.sync().run().expect(0);
    assert!(app.has("typo"));
}

#[test]
fn objects_of_an_unknown_kind_fail_before_anything_is_changed() {
    let app = App::new("unknown-kind");
    let strange = |annotations: &[(&str, &str)]| {
        object(
            "unknown.example/v1",
            "Strange",
            "s",
            annotations,
            "spec: {}\n",
        )
    };
    app.set(&[config_map("plain", &[]), strange(&[])]);
    app.sync().run().expect(2).says(&["Strange"]);
    assert!(!app.has("plain"));
    // Only its dry run is left out; the rest is applied before it turns out that there is no such kind.
    app.set(&[
        config_map("plain", &[]),
        strange(&[
            ("sync-options", "SkipDryRunOnMissingResource=true"),
            ("sync-wave", "1"),
        ]),
    ]);
    app.sync().run().expect(2);
    assert!(app.has("plain"));
}

#[test]
fn objects_in_step_are_not_written() {
    let app = App::new("out-of-sync");
    app.set(&[config_map("one", &[]), config_map("two", &[])]);
    app.sync().run().expect(0);
    let first = app.requests().len();
    app.edit("configmap", "two", &json!({"data": {"key": "by hand"}}));
    app.sync()
        .args(["--sync-option", "ApplyOutOfSyncOnly=true"])
        .run()
        .expect(0);
    assert_eq!(app.changes_since(first), ["patch configmaps/two"]);
}

#[test]
fn an_object_of_another_application_can_fail_the_sync() {
    let app = App::new("shared");
    app.set(&[config_map("common", &[])]);
    app.sync().run().expect(0);
    let other = App::at(app.plane, &app.namespace, &format!("{}-other", app.name));
    other.set(&[config_map("own", &[]), config_map("common", &[])]);
    other
        .sync()
        .args(["--adopt", "--sync-option", "FailOnSharedResource=true"])
        .run()
        .expect(2)
        .says(&["common"]);
    assert!(!other.has("own"));
}

#[test]
fn ignored_fields_are_taken_from_the_live_object_where_they_are_respected() {
    let ignore = |options: &str| {
        format!(
            "  ignoreDifferences:\n  - group: apps\n    kind: Deployment\n    jsonPointers: [/spec/replicas]\n  syncPolicy:\n    syncOptions: [{options}]\n"
        )
    };
    for (option, replicas) in [
        ("RespectIgnoreDifferences=true", 3),
        ("RespectIgnoreDifferences=false", 1),
    ] {
        let app = App::new("respect");
        let manifest = crate::app::deployment("web", "run", &[]);
        app.set(std::slice::from_ref(&manifest));
        app.by_manifest("sync", "").run().expect(0);
        app.edit("deployment", "web", &json!({"spec": {"replicas": 3}}));
        app.by_manifest("diff", &ignore(option)).run().expect(0);
        app.set(&[manifest.replace("image: run", "image: run\n        args: [a]")]);
        app.by_manifest("sync", &ignore(option)).run().expect(0);
        let live = app.live("deployment", "web").unwrap();
        assert_eq!(live["spec"]["replicas"], replicas, "{option}");
    }
}
