//! Knowing without a request that applying an object again changes nothing.

use lockstep::cluster::fields_v1::covers_exactly;
use serde_json::{Value, json};

use crate::oracle::Oracle;

fn objects() -> Vec<Value> {
    vec![
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "b"},
            "data": {"a": "1", "b/c": "2", "d\"e": "3"}}),
        json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": "a", "labels": {"x": "y"}, "annotations": {"m": "n"}}, "data": {"a": "MQ=="}}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {
            "selector": {"app": "a"},
            "ports": [
                {"name": "http", "port": 80, "targetPort": "web"},
                {"name": "dns", "port": 53, "protocol": "UDP"},
                {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
            ],
            "externalIPs": ["192.0.2.1", "192.0.2.2"],
        }}),
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "finalizers": ["x/a", "x/b"]}, "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "a"}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}},
            "template": {
                "metadata": {"labels": {"app": "a"}},
                "spec": {
                    "nodeSelector": {"zone": "a"},
                    "securityContext": {"runAsNonRoot": true},
                    "tolerations": [{"key": "a", "operator": "Exists"}],
                    "volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "c", "configMap": {"name": "c", "items": [{"key": "k", "path": "p"}]}}],
                    "containers": [
                        {"name": "a", "image": "a:1", "args": ["x", "y"], "ports": [{"containerPort": 80}],
                         "env": [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
                         "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
                         "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}, {"name": "c", "mountPath": "/c"}]},
                        {"name": "b", "image": "b:1"},
                    ],
                },
            },
        }}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "a"},
            "rules": [{"apiGroups": [""], "resources": ["pods", "secrets"], "verbs": ["get"]}]}),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "a"}, "spec": {
            "rules": [{"host": "a.example", "http": {"paths": [{"path": "/", "pathType": "Prefix",
                "backend": {"service": {"name": "a", "port": {"number": 80}}}}]}}],
        }}),
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}),
    ]
}

/// A live object: as it was applied, with what the API server and others add.
fn live(object: &Value) -> Value {
    let mut live = object.clone();
    live["metadata"]["uid"] = json!("1");
    live["status"] = json!({"phase": "Active"});
    if let Some(ports) = live
        .pointer_mut("/spec/ports")
        .and_then(Value::as_array_mut)
    {
        ports[0]["protocol"] = json!("TCP");
        ports[0]["nodePort"] = json!(30000);
    }
    if let Some(containers) = live
        .pointer_mut("/spec/template/spec/containers")
        .and_then(Value::as_array_mut)
    {
        containers[0]["ports"][0]["protocol"] = json!("TCP");
        containers[0]["imagePullPolicy"] = json!("Always");
        containers.insert(0, json!({"name": "injected", "image": "i:1"}));
    }
    live
}

/// Every object that differs from `value` in one place.
fn changed(value: &Value) -> Vec<Value> {
    match value {
        Value::Object(fields) => {
            let mut all = Vec::new();
            for (name, below) in fields {
                let mut without = fields.clone();
                without.shift_remove(name);
                all.push(Value::Object(without));
                for below in changed(below) {
                    let mut with = fields.clone();
                    with.insert(name.clone(), below);
                    all.push(Value::Object(with));
                }
            }
            let mut more = fields.clone();
            more.insert("another".to_owned(), json!("field"));
            all.push(Value::Object(more));
            all
        }
        Value::Array(items) => {
            let mut all = Vec::new();
            for (place, item) in items.iter().enumerate() {
                let mut without = items.clone();
                without.remove(place);
                all.push(Value::Array(without));
                for item in changed(item) {
                    let mut with = items.clone();
                    with[place] = item;
                    all.push(Value::Array(with));
                }
            }
            if items.len() > 1 {
                let mut turned = items.clone();
                turned.reverse();
                all.push(Value::Array(turned));
            }
            all
        }
        Value::String(text) => vec![json!(format!("{text}x")), Value::Null],
        Value::Number(number) => vec![json!(number.as_i64().unwrap_or(0) + 1), Value::Null],
        Value::Bool(truth) => vec![json!(!truth), Value::Null],
        Value::Null => vec![json!("x")],
    }
}

#[test]
fn what_was_applied_is_covered_and_any_change_is_not() {
    let mut oracle = Oracle::start();
    let mut changes = 0;
    for object in objects() {
        let fields = oracle.ask("fields", &object).unwrap();
        let live = live(&object);
        assert!(
            covers_exactly(&fields, &object, &live),
            "{object}\n{fields}"
        );
        for change in changed(&object) {
            // The namespace is where the object is, whether it says so or not.
            let mut elsewhere = object.clone();
            elsewhere["metadata"]
                .as_object_mut()
                .unwrap()
                .shift_remove("namespace");
            if change == elsewhere {
                continue;
            }
            changes += 1;
            assert!(
                !covers_exactly(&fields, &change, &live),
                "{change}\n{fields}"
            );
        }
    }
    assert!(changes > 300, "{changes}");
}
