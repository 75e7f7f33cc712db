//! CustomResourceDefinitions with their resources, and many or large objects.

use std::time::Instant;

use crate::app::{App, config_map, object};

fn definition(group: &str) -> String {
    object(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        &format!("widgets.{group}"),
        &[],
        &format!(
            "spec:\n  group: {group}\n  scope: Namespaced\n  names: {{kind: Widget, plural: widgets, singular: widget}}\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema:\n      openAPIV3Schema:\n        type: object\n        properties:\n          spec:\n            type: object\n            properties: {{size: {{type: integer}}}}\n"
        ),
    )
}

#[test]
fn a_definition_and_its_resources_come_in_one_sync() {
    let app = App::new("crd");
    let group = format!("{}.example", app.namespace);
    let version = format!("{group}/v1");
    let widget = |wave: &str| {
        object(
            &version,
            "Widget",
            "one",
            &[("sync-wave", wave)],
            "spec: {size: 3}\n",
        )
    };
    // The resource says an earlier wave than its definition.
    app.set(&[widget("-2"), definition(&group), config_map("plain", &[])]);
    app.diff().run().expect(1);
    app.sync().run().expect(0);
    let resource = format!("widgets.{group}");
    assert_eq!(app.live(&resource, "one").unwrap()["spec"]["size"], 3);
    app.diff().run().expect(0);

    // What the schema refuses is refused before anything is changed.
    app.set(&[
        object(&version, "Widget", "one", &[], "spec: {size: large}\n"),
        definition(&group),
        config_map("plain", &[]).replace("value", "other"),
    ]);
    app.sync().run().expect(2).says(&["one"]);
    assert_eq!(
        app.live("configmap", "plain").unwrap()["data"]["key"],
        "value"
    );

    app.set(&[config_map("plain", &[])]);
    app.sync().args(["--prune", "--wait"]).run().expect(0);
    assert!(
        app.plane
            .get("customresourcedefinition", "", &resource)
            .is_none()
    );
}

#[test]
fn two_thousand_objects_are_synced_and_pruned() {
    let app = App::new("many");
    let objects: Vec<String> = (0..2000)
        .map(|number| config_map(&format!("map-{number:04}"), &[]))
        .collect();
    app.set(&objects);
    let start = Instant::now();
    app.sync().run().expect(0);
    assert_eq!(app.config_maps().len(), 2000);
    let first = app.requests().len();
    app.diff().run().expect(0);
    let requests = app.requests().len() - first;
    assert!(
        requests < 40,
        "{requests} requests to see that nothing differs"
    );
    app.set(&objects[..10]);
    app.sync().args(["--prune", "--wait"]).run().expect(0);
    assert_eq!(app.config_maps().len(), 10);
    assert!(start.elapsed().as_secs() < 180, "{:?}", start.elapsed());
}

#[test]
fn an_object_of_nearly_a_megabyte_is_applied() {
    let app = App::new("large");
    let text = "x".repeat(900_000);
    app.set(&[object(
        "v1",
        "ConfigMap",
        "large",
        &[],
        &format!("data: {{text: {text}}}\n"),
    )]);
    app.sync().run().expect(0);
    app.diff().run().expect(0);
    let live = app.live("configmap", "large").unwrap();
    assert_eq!(live["data"]["text"].as_str().map(str::len), Some(900_000));
}
