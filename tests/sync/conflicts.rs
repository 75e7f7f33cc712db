//! Fields that another manager owns.

use serde_json::json;

use crate::app::{App, config_map, deployment};

#[test]
fn a_field_of_another_manager_is_taken_only_when_told() {
    let manifest =
        |value: &str| config_map("settings", &[]).replace("key: value", &format!("key: {value}"));
    let app = App::new("conflict");
    let others = manifest("theirs").replace(
        "  name: settings\n",
        &format!("  name: settings\n  namespace: {}\n", app.namespace),
    );
    app.plane.apply(&others);
    app.set(&[manifest("ours")]);
    app.sync()
        .run()
        .expect(2)
        .says(&["settings", "kubectl", "data.key"]);
    assert_eq!(
        app.live("configmap", "settings").unwrap()["data"]["key"],
        "theirs"
    );
    app.diff().arg("--force-conflicts").run().expect(1);
    app.sync().arg("--force-conflicts").run().expect(0);
    assert_eq!(
        app.live("configmap", "settings").unwrap()["data"]["key"],
        "ours"
    );

    // Now the object is ours: what somebody takes is taken back, unless that is forbidden.
    app.plane.apply(&others);
    app.sync()
        .args(["--take-fields", "never"])
        .run()
        .expect(2)
        .says(&["kubectl"]);
    app.sync().run().expect(0);
    assert_eq!(
        app.live("configmap", "settings").unwrap()["data"]["key"],
        "ours"
    );
}

#[test]
fn equal_values_of_two_managers_are_no_conflict() {
    let app = App::new("no-conflict");
    let manifest = deployment("web", "run", &[]);
    app.plane.apply(&manifest.replace(
        "  name: web\n",
        &format!("  name: web\n  namespace: {}\n", app.namespace),
    ));
    app.set(&[manifest]);
    app.sync().run().expect(0);
    app.diff().run().expect(0);
}

#[test]
fn what_kubectl_applied_client_side_is_taken_over_and_can_be_removed() {
    let app = App::new("migration");
    let ns = &app.namespace;
    let manifest = config_map("settings", &[]).replace("key: value", "key: value, old: value");
    let output = app
        .plane
        .try_kubectl(["-n", ns, "apply", "-f", "-"], &manifest);
    assert!(output.status.success(), "{output:?}");
    app.set(&[config_map("settings", &[])]);
    app.sync().run().expect(0);
    let live = app.live("configmap", "settings").unwrap();
    assert_eq!(live["data"], json!({"key": "value"}), "{live}");
    let fields =
        live["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]
            .is_null();
    assert!(fields, "{live}");
}

#[test]
fn what_kubectl_applied_stays_its_own_when_it_is_not_to_be_migrated() {
    let app = App::new("no-migration");
    let manifest = config_map("settings", &[]).replace("key: value", "key: value, old: value");
    let arguments = ["-n", &app.namespace, "apply", "-f", "-"];
    let output = app.plane.try_kubectl(arguments, &manifest);
    assert!(output.status.success(), "{output:?}");
    app.set(&[config_map("settings", &[])]);
    app.sync()
        .args(["--sync-option", "ClientSideApplyMigration=false"])
        .run()
        .expect(0);
    let live = app.live("configmap", "settings").unwrap();
    assert_eq!(live["data"]["old"], "value", "{live}");
}
