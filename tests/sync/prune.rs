//! What is deleted, and what never is.

use std::time::Duration;

use peers::control_plane::eventually;
use serde_json::json;

use crate::app::{App, config_map, deployment, position};

#[test]
fn what_is_not_in_the_source_any_more_is_deleted_only_with_prune() {
    let app = App::new("prune");
    app.set(&[config_map("keep", &[]), config_map("drop", &[])]);
    app.sync().run().expect(0);
    app.set(&[config_map("keep", &[])]);

    app.diff().run().expect(1).says(&["drop"]);
    app.sync().run().says(&["drop"]);
    assert!(app.has("drop"), "pruning is off");
    app.sync().args(["--prune", "--dry-run"]).run();
    assert!(app.has("drop"), "a dry run changes nothing");

    app.sync().args(["--prune", "--wait"]).run().expect(0);
    assert_eq!(app.config_maps(), ["keep"]);
    app.diff().run().expect(0);
}

#[test]
fn objects_of_others_are_never_deleted() {
    let app = App::new("prune-others");
    app.set(&[config_map("ours", &[]), config_map("gone", &[])]);
    app.sync().run().expect(0);
    let ns = &app.namespace;
    // By hand, with a label that copies ours, and as a copy of one of our objects with all its marks.
    app.plane.kubectl(["-n", ns, "create", "configmap", "hand"]);
    app.plane
        .kubectl(["-n", ns, "create", "configmap", "labelled"]);
    let label = format!("lockstep.dev/application={}", app.name);
    app.plane
        .kubectl(["-n", ns, "label", "configmap", "labelled", &label]);
    let mut copy = app.live("configmap", "gone").unwrap();
    copy["metadata"] = json!({
        "name": "copy", "namespace": ns,
        "labels": copy["metadata"]["labels"], "annotations": copy["metadata"]["annotations"],
    });
    app.plane.apply(&copy.to_string());

    let other = App::at(app.plane, ns, &format!("{}-other", app.name));
    other.set(&[config_map("others", &[])]);
    other.sync().run().expect(0);

    app.set(&[config_map("ours", &[])]);
    app.sync().args(["--prune", "--wait"]).run().expect(0);
    assert_eq!(
        app.config_maps(),
        ["copy", "hand", "labelled", "others", "ours"]
    );
}

#[test]
fn options_of_an_object_keep_it_from_being_deleted() {
    let app = App::new("prune-options");
    app.set(&[
        config_map("base", &[]),
        config_map("never", &[("sync-options", "Prune=false")]),
        config_map("asked", &[("sync-options", "Prune=confirm")]),
        config_map("free", &[]),
    ]);
    app.sync().run().expect(0);
    app.set(&[config_map("base", &[])]);
    app.sync().args(["--prune", "--wait"]).run();
    assert!(app.has("never") && app.has("asked"));
    app.sync()
        .args(["--prune", "--wait", "--confirm-pruning"])
        .run()
        .expect(0);
    assert_eq!(app.config_maps(), ["base", "never"]);
}

#[test]
fn an_application_can_keep_everything_from_being_deleted() {
    let app = App::new("prune-off");
    app.set(&[config_map("base", &[]), config_map("drop", &[])]);
    app.sync().run().expect(0);
    app.set(&[config_map("base", &[])]);
    app.sync()
        .args(["--prune", "--sync-option", "Prune=false"])
        .run();
    assert!(app.has("drop"));
}

#[test]
fn deletion_waits_for_the_last_wave_with_prune_last() {
    let app = App::new("prune-last");
    app.set(&[config_map("base", &[]), config_map("drop", &[])]);
    app.sync().run().expect(0);
    let first = app.requests().len();
    app.set(&[
        config_map("base", &[]),
        config_map("late", &[("sync-wave", "3")]),
    ]);
    app.sync()
        .args(["--prune", "--sync-option", "PruneLast=true"])
        .run()
        .expect(0);
    let changes = app.changes_since(first);
    assert!(
        position(&changes, "patch configmaps/late") < position(&changes, "delete configmaps/drop"),
        "{changes:#?}"
    );
}

#[test]
fn dependents_are_deleted_or_left_as_the_propagation_policy_says() {
    for (policy, query, left) in [
        ("foreground", "Foreground", false),
        ("background", "Background", false),
        ("orphan", "Orphan", true),
    ] {
        let app = App::new("propagation");
        app.set(&[config_map("base", &[]), deployment("web", "run", &[])]);
        app.sync().run().expect(0);
        let sets = || {
            let text =
                app.plane
                    .kubectl(["-n", &app.namespace, "get", "replicasets", "-o", "name"]);
            text.lines().count()
        };
        eventually("a replica set", Duration::from_secs(30), || {
            (sets() == 1).then_some(())
        });
        app.set(&[config_map("base", &[])]);
        app.sync()
            .args([
                "--prune",
                "--wait",
                "--sync-option",
                &format!("PrunePropagationPolicy={policy}"),
            ])
            .run()
            .expect(0);
        assert!(app.live("deployment", "web").is_none(), "{policy} {query}");
        if left {
            assert_eq!(sets(), 1, "{policy}");
        } else {
            eventually("no replica set", Duration::from_secs(60), || {
                (sets() == 0).then_some(())
            });
        }
    }
}

#[test]
fn an_empty_source_deletes_nothing_unless_it_may() {
    let app = App::new("prune-empty");
    app.set(&[config_map("one", &[]), config_map("two", &[])]);
    app.sync().run().expect(0);
    app.set(&[]);
    app.sync().args(["--prune", "--wait"]).run().expect(2);
    assert_eq!(app.config_maps(), ["one", "two"]);
    app.sync()
        .args(["--prune", "--wait", "--allow-empty"])
        .run()
        .expect(0);
    assert!(app.config_maps().is_empty());
}

#[test]
fn a_source_of_which_a_part_cannot_be_read_deletes_nothing() {
    let app = App::new("prune-partial");
    app.put("one.yaml", config_map("one", &[]));
    app.put("two.yaml", config_map("two", &[]));
    app.sync().run().expect(0);
    for broken in [
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: two\ndata: [\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]}\nsops: {mac: x, lastmodified: y, version: 3.9.0}\n",
    ] {
        app.remove("two.yaml");
        app.put("two.yaml", broken);
        app.sync().args(["--prune", "--wait"]).run().expect(2);
        assert_eq!(app.config_maps(), ["one", "two"], "{broken}");
    }
}

#[test]
fn a_lost_inventory_is_rebuilt_from_the_objects() {
    let app = App::new("lost-inventory");
    app.set(&[config_map("keep", &[]), config_map("drop", &[])]);
    app.sync().run().expect(0);
    let inventory = format!("lockstep-inventory-{}", app.name);
    app.plane
        .kubectl(["-n", &app.namespace, "delete", "configmap", &inventory]);
    app.plane
        .kubectl(["-n", &app.namespace, "create", "configmap", "hand"]);
    app.set(&[config_map("keep", &[])]);
    app.sync().args(["--prune", "--wait"]).run().expect(0);
    assert_eq!(app.config_maps(), ["hand", "keep"]);
    assert!(app.has(&inventory));
}

#[test]
fn a_finalizer_is_waited_for() {
    let app = App::new("finalizer");
    app.set(&[
        config_map("base", &[]),
        config_map("held", &[]).replace(
            "  name: held\n",
            "  name: held\n  finalizers: [lockstep.dev/test]\n",
        ),
    ]);
    app.sync().run().expect(0);
    app.set(&[
        config_map("base", &[]),
        config_map("next", &[("sync-wave", "1")]),
    ]);
    let child = app.sync().args(["--prune", "--wait"]).start();
    eventually("the deletion", Duration::from_secs(30), || {
        let held = app.live("configmap", "held")?;
        held["metadata"]["deletionTimestamp"].as_str().map(drop)
    });
    app.edit(
        "configmap",
        "held",
        &json!({"metadata": {"finalizers": null}}),
    );
    crate::run::finished(child, Duration::from_secs(60)).expect(0);
    assert_eq!(app.config_maps(), ["base", "next"]);
}
