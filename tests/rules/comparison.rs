//! The form in which objects are compared, and the changes of webhooks.

use lockstep::cluster::normalise::{for_comparison, normalise, without_webhook_changes};
use serde_json::{Value, json};

use crate::oracle::Oracle;

#[test]
fn objects_are_normalised_as_in_argo_cd() {
    let mut oracle = Oracle::start();
    let objects = [
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "creationTimestamp": null}}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "stringData": {"a": "b", "c": ""}}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"},
            "stringData": {"a": "new"}, "data": {"a": "b2xk", "z": null}}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "data": {"a": null, "b": ""}}),
        json!({"apiVersion": "other.com/v1", "kind": "Secret", "metadata": {"name": "x"}, "stringData": {"a": "b"}}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "x"}, "rules": []}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "x"},
            "rules": [{"verbs": ["get"]}]}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "x"},
            "aggregationRule": {"clusterRoleSelectors": []}, "rules": [{"verbs": ["get"]}]}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "x"},
            "aggregationRule": {}}),
    ];
    for object in objects {
        let theirs = oracle.ask("normalise", &object).unwrap();
        let mut ours = object.clone();
        normalise(&mut ours);
        assert_eq!(ours, theirs, "{object}");
    }
}

#[test]
fn the_order_of_endpoints_means_nothing() {
    let mut oracle = Oracle::start();
    let one = json!({"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "x"}, "subsets": [
        {"addresses": [{"ip": "10.0.0.2"}, {"ip": "10.0.0.1"}], "ports": [{"port": 80}, {"port": 443, "protocol": "TCP"}]},
        {"addresses": [{"ip": "10.0.0.9"}], "ports": [{"port": 53, "protocol": "UDP"}]},
    ]});
    let other = json!({"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "x"}, "subsets": [
        {"addresses": [{"ip": "10.0.0.9"}], "ports": [{"protocol": "UDP", "port": 53}]},
        {"addresses": [{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}], "ports": [{"port": 443}, {"port": 80, "protocol": "TCP"}]},
    ]});
    let theirs = [&one, &other].map(|object| oracle.ask("normalise", object).unwrap());
    assert_eq!(theirs[0], theirs[1]);
    let (ours, others) = for_comparison(&one, &other);
    assert_eq!(ours, others);
    let mut third = other;
    third["subsets"][0]["addresses"][0]["ip"] = json!("10.0.0.8");
    let (ours, others) = for_comparison(&one, &third);
    assert_ne!(ours, others);
}

/// A live Deployment, the fields that lockstep owns in it, and those of another manager.
fn live() -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "web", "namespace": "shop", "uid": "1", "resourceVersion": "5", "generation": 2,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"app": "web", "theirs": "x"},
            "annotations": {"deployment.kubernetes.io/revision": "1"},
        },
        "spec": {
            "replicas": 3,
            "revisionHistoryLimit": 10,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {
                    "restartPolicy": "Always",
                    "containers": [{
                        "name": "web", "image": "web:1", "imagePullPolicy": "IfNotPresent",
                        "env": [{"name": "A", "value": "1"}],
                        "ports": [{"containerPort": 80, "protocol": "TCP", "name": "http"}],
                    }],
                },
            },
        },
        "status": {"replicas": 3},
    })
}

fn owned() -> Value {
    json!({
        "f:metadata": {"f:labels": {"f:app": {}}},
        "f:spec": {
            "f:replicas": {},
            "f:selector": {},
            "f:template": {
                "f:metadata": {"f:labels": {"f:app": {}}},
                "f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {
                    ".": {}, "f:name": {}, "f:image": {},
                    "f:env": {"k:{\"name\":\"A\"}": {".": {}, "f:name": {}, "f:value": {}}},
                    "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}, "f:name": {}}},
                }}},
            },
        },
    })
}

fn managed(object: &mut Value, fields: &Value) {
    object["metadata"]["managedFields"] = json!([
        {"manager": "lockstep", "operation": "Apply", "apiVersion": "apps/v1", "fieldsType": "FieldsV1", "fieldsV1": fields},
        {"manager": "kubectl-label", "operation": "Update", "apiVersion": "apps/v1", "fieldsType": "FieldsV1",
         "fieldsV1": {"f:metadata": {"f:labels": {"f:theirs": {}}}}},
    ]);
}

#[test]
fn changes_of_webhooks_are_no_differences_as_in_argo_cd() {
    type Change = (&'static str, fn(&mut Value, &mut Value));
    let changes: &[Change] = &[
        ("nothing", |_, _| {}),
        ("an owned value", |predicted, _| {
            predicted["spec"]["replicas"] = json!(5)
        }),
        ("an owned value in a list", |predicted, _| {
            predicted["spec"]["template"]["spec"]["containers"][0]["image"] = json!("web:2");
        }),
        ("an owned value in an atomic field", |predicted, _| {
            predicted["spec"]["selector"]["matchLabels"]["app"] = json!("x");
        }),
        ("a new owned field", |predicted, fields| {
            predicted["spec"]["minReadySeconds"] = json!(5);
            fields["f:spec"]["f:minReadySeconds"] = json!({});
        }),
        ("a new owned label", |predicted, fields| {
            predicted["metadata"]["labels"]["new"] = json!("x");
            fields["f:metadata"]["f:labels"]["f:new"] = json!({});
        }),
        ("a new owned item", |predicted, fields| {
            let env = &mut predicted["spec"]["template"]["spec"]["containers"][0]["env"];
            env.as_array_mut()
                .unwrap()
                .push(json!({"name": "B", "value": "2"}));
            fields["f:spec"]["f:template"]["f:spec"]["f:containers"]["k:{\"name\":\"web\"}"]["f:env"]
                ["k:{\"name\":\"B\"}"] = json!({".": {}, "f:name": {}, "f:value": {}});
        }),
        ("a field that is gone", |predicted, fields| {
            predicted["metadata"]
                .as_object_mut()
                .unwrap()
                .shift_remove("labels");
            predicted["metadata"]["labels"] = json!({"theirs": "x"});
            fields.as_object_mut().unwrap().shift_remove("f:metadata");
        }),
        ("a value changed by a webhook", |predicted, _| {
            predicted["spec"]["revisionHistoryLimit"] = json!(3);
        }),
        ("a label changed by a webhook", |predicted, _| {
            predicted["metadata"]["labels"]["theirs"] = json!("y");
        }),
        ("a field added by a webhook", |predicted, _| {
            predicted["spec"]["template"]["spec"]["priorityClassName"] = json!("high");
        }),
        ("an annotation added by a webhook", |predicted, _| {
            predicted["metadata"]["annotations"]["injected"] = json!("yes");
        }),
        ("a container field changed by a webhook", |predicted, _| {
            predicted["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] =
                json!("Always");
        }),
    ];
    let mut oracle = Oracle::start();
    for (change, make) in changes {
        for include in [false, true] {
            let (mut live, mut predicted, mut fields) = (live(), live(), owned());
            managed(&mut live, &owned());
            make(&mut predicted, &mut fields);
            managed(&mut predicted, &fields);
            let target = json!({"apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": "web", "namespace": "shop"}});
            let asked = json!({"target": target, "live": live, "predicted": predicted,
                "manager": "lockstep", "includeWebhooks": include});
            let theirs = oracle.ask("compare", &asked).unwrap();
            let predicted = if include {
                predicted
            } else {
                without_webhook_changes(&predicted, &live, "lockstep")
            };
            let (ours_live, ours_predicted) = for_comparison(&live, &predicted);
            assert_eq!(
                json!(ours_live != ours_predicted),
                theirs["modified"],
                "{change}: {theirs}"
            );
            let mut wanted = theirs["predicted"].clone();
            normalise(&mut wanted);
            assert_eq!(ours_predicted, wanted, "{change}");
        }
    }
}
