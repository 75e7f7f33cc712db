//! Two applications, one object.

use crate::app::{App, config_map, object};
use crate::run::finished;
use std::time::Duration;

#[test]
fn two_applications_do_not_fight_over_an_object() {
    let app = App::new("fight");
    app.set(&[config_map("common", &[])]);
    app.sync().run().expect(0);
    let other = App::at(app.plane, &app.namespace, &format!("{}-other", app.name));
    other.set(&[config_map("common", &[]).replace("value", "other")]);
    other.sync().run().expect(2).says(&["common", &app.name]);
    other
        .sync()
        .arg("--force-conflicts")
        .run()
        .expect(2)
        .says(&["common", &app.name]);
    app.diff().run().expect(0);

    // Taken over when told; and then it is not the first one's to delete any more.
    other.sync().arg("--adopt").run().expect(0);
    app.set(&[config_map("else", &[])]);
    app.sync().args(["--prune", "--wait"]).run();
    assert!(app.has("common"));
}

#[test]
fn an_object_of_an_argo_cd_application_is_refused() {
    let app = App::new("argo");
    let tracked = config_map(
        "tracked",
        &[(
            "tracking-id",
            &format!("guestbook:/ConfigMap:{}/tracked", app.namespace),
        )],
    );
    app.plane.apply(&tracked.replace(
        "  name: tracked\n",
        &format!("  name: tracked\n  namespace: {}\n", app.namespace),
    ));
    app.set(&[config_map("tracked", &[])]);
    app.sync().run().expect(2).says(&["tracked", "guestbook"]);
}

#[test]
fn the_same_name_with_another_source_is_refused() {
    let app = App::new("same-name");
    app.set(&[config_map("one", &[])]);
    app.sync().run().expect(0);
    // A folder elsewhere, under the same name and in the same namespace: a mistake that would delete everything.
    let other = App::at(app.plane, &app.namespace, &app.name);
    other.set(&[config_map("two", &[])]);
    other.sync().arg("--prune").run().expect(2);
    assert_eq!(app.config_maps(), ["one"]);
}

#[test]
fn objects_of_the_whole_cluster_are_owned_and_pruned() {
    let app = App::new("cluster-wide");
    let role = app.plane.unique("lockstep-test-role");
    app.set(&[
        config_map("base", &[]),
        object(
            "rbac.authorization.k8s.io/v1",
            "ClusterRole",
            &role,
            &[],
            "rules: [{apiGroups: [\"\"], resources: [pods], verbs: [get]}]\n",
        ),
    ]);
    app.sync().run().expect(0);
    app.diff().run().expect(0);
    app.set(&[config_map("base", &[])]);
    app.sync().args(["--prune", "--wait"]).run().expect(0);
    assert!(app.plane.get("clusterrole", "", &role).is_none());
}

#[test]
fn two_syncs_at_once_end_in_the_wanted_state() {
    let app = App::new("at-once");
    let objects: Vec<String> = (0..40)
        .map(|number| config_map(&format!("map-{number:02}"), &[]))
        .collect();
    app.set(&objects);
    let children: Vec<_> = (0..3).map(|_| app.sync().start()).collect();
    let codes: Vec<i32> = children
        .into_iter()
        .map(|child| finished(child, Duration::from_secs(120)).code)
        .collect();
    assert!(codes.contains(&0), "{codes:?}");
    app.sync().run().expect(0);
    app.diff().run().expect(0);
    assert_eq!(app.config_maps().len(), 40);
}
