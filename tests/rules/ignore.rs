//! Differences that an application does not mind.

use lockstep::cluster::ignore::{IgnoreDifference, IgnoreRules};
use serde_json::{Value, json};

use crate::oracle::Oracle;

fn deployment() -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "web",
            "namespace": "shop",
            "labels": {"app": "web", "tier": "front"},
            "annotations": {"a/b": "1", "c~d": "2", "empty": ""},
        },
        "spec": {
            "replicas": 3,
            "paused": false,
            "strategy": null,
            "template": {"spec": {
                "initContainers": [],
                "containers": [
                    {"name": "web", "image": "web:1", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
                    {"name": "proxy", "image": "proxy:1.2.3", "ports": [{"containerPort": 80}]},
                    {"name": "log", "image": "log:latest", "env": [{"name": "A", "value": "3"}]},
                ],
            }},
        },
    })
}

/// Pointers, most of which point to something.
const POINTERS: &[&str] = &[
    "/spec/replicas",
    "/spec/strategy",
    "/spec/missing",
    "/spec/missing/below",
    "/spec/replicas/below",
    "/spec/template/spec/containers/0/image",
    "/spec/template/spec/containers/1",
    "/spec/template/spec/containers/2/env/0/value",
    "/spec/template/spec/containers/7",
    "/spec/template/spec/containers/name",
    "/metadata/annotations/a~1b",
    "/metadata/annotations/c~0d",
    "/metadata/annotations/a/b",
    "/metadata/labels",
    "spec",
    "spec/replicas",
    "x/spec/replicas",
    "/spec/",
];

/// Path expressions as people write them, and some that fail.
const EXPRESSIONS: &[&str] = &[
    ".spec.replicas",
    ".spec.missing",
    ".spec.missing.below",
    ".spec.replicas.below",
    ".spec.template.spec.containers[0].image",
    ".spec.template.spec.containers[-1]",
    ".spec.template.spec.containers[1:]",
    ".spec.template.spec.containers[1:][0]",
    ".spec.template.spec.containers[:1][].env",
    ".spec.template.spec.containers[].image",
    ".spec.template.spec.containers[0,1].image",
    ".spec.template.spec.containers[0], .spec.template.spec.containers[1]",
    ".spec.template.spec.containers[] | select(.name == \"proxy\")",
    ".spec.template.spec.containers[] | select(.name == \"proxy\" or .name == \"web\").image",
    ".spec.template.spec.containers[] | select(.image | test(\"^proxy:[0-9.]+$\"))",
    ".spec.template.spec.containers[] | select(.image | startswith(\"log\")) | .env",
    ".spec.template.spec.containers[].env[]?",
    ".spec.template.spec.containers[].env[]",
    ".spec.template.spec.containers[]?.env[]? | select(.name == \"A\") | .value",
    ".spec.template.spec.containers[]?.env[]? | select(.name | IN(\"A\", \"C\"))",
    ".spec.template.spec.initContainers[].image",
    ".spec.template.spec.sidecars[]?.image",
    ".spec.template.spec.sidecars[].image",
    ".metadata.annotations[\"a/b\"]",
    ".metadata.annotations.\"c~d\"",
    ".metadata.annotations | .[\"empty\"]",
    ".metadata.labels | to_entries[] | select(.key == \"app\")",
    ".metadata.labels[(\"app\", \"tier\")]",
    ".metadata[\"labels\", \"annotations\"]",
    ".. | select(. == \"A\")",
    ".. | objects | select(has(\"value\")) | .value",
    "..|.image?",
    "paths(. == 3) as $p | getpath($p)",
    "getpath([\"spec\", \"replicas\"])",
    "first(.spec.template.spec.containers[] | select(.env))",
    "limit(2; .spec.template.spec.containers[]) | .name",
    "if .spec.replicas > 2 then .spec.replicas else .spec.paused end",
    ".spec.replicas // .spec.paused",
    ".spec.paused // .spec.replicas",
    ".spec.replicas as $r | .spec.template.spec.containers[$r - 3]",
    ".spec as {replicas: $r} | select($r == 3) | .spec.replicas",
    "def own: .spec; own.replicas",
    "recurse(.spec?) | .replicas?",
    ".spec.template.spec.containers | map(select(.name)) | .[0]",
    ".spec.template.spec.containers | last",
    "empty",
    "error",
    ".spec.replicas, error",
    ".spec[]?",
    ".[\"spec\"][\"replicas\"]",
    "try error catch .",
    ".spec.template.spec.containers[] | select(any(.env[]?; .value == \"3\")) | .image",
    ".spec.template.spec.containers[] | select(.env | length > 1) | .env[1]",
    ".spec.template.spec.containers[] | select([.name] | inside([\"web\", \"log\"])) | .image",
    ".spec.template.spec.containers[] | select(.name | ascii_downcase | contains(\"ro\"))",
    "reduce (\"spec\", \"replicas\") as $key (.; .[$key])",
    ".spec.template.spec.containers[] | .ports[]?, .env[0]?",
    ".metadata | with_entries(.)",
    ".spec.template.spec.containers[range(2)].name",
];

#[test]
fn pointers_and_expressions_remove_what_they_remove_in_argo_cd() {
    let mut oracle = Oracle::start();
    let pointers = POINTERS
        .iter()
        .map(|pointer| (json!({"jsonPointers": [pointer]}), pointer));
    let expressions = EXPRESSIONS
        .iter()
        .map(|expression| (json!({"jqPathExpressions": [expression]}), expression));
    for (mut rule, text) in pointers.chain(expressions) {
        rule["group"] = json!("apps");
        rule["kind"] = json!("Deployment");
        let theirs = oracle.ask("ignore", &json!({"rules": [rule], "object": deployment()}));
        let read: IgnoreDifference = serde_json::from_value(rule).unwrap();
        let ours = IgnoreRules::compile(&[read]).map(|rules| {
            let mut object = deployment();
            rules.remove_from(&mut object);
            object
        });
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs, "{text}"),
            (Err(_), Err(_)) => {}
            (ours, theirs) => panic!("{text}: {ours:?} {theirs:?}"),
        }
    }
}

#[test]
fn rules_apply_to_the_objects_that_they_match_in_argo_cd() {
    let mut oracle = Oracle::start();
    let patterns = [
        "apps",
        "*",
        "",
        "app?",
        "?",
        "a*s",
        "*apps*",
        "{apps,batch}",
        "{ap,x}ps",
        "[a-c]pps",
        "[!b]pps",
        "App*",
        "Deployment",
        "D*",
        "*ment",
        "Deploy{ment,}",
        "\\Deployment",
    ];
    let mut cases: Vec<Value> = Vec::new();
    for pattern in patterns {
        cases.push(json!({"group": pattern, "kind": "Deployment"}));
        cases.push(json!({"group": "apps", "kind": pattern}));
    }
    for name in ["", "web", "we", "*"] {
        cases.push(json!({"group": "apps", "kind": "*", "name": name}));
        cases.push(json!({"group": "apps", "kind": "*", "namespace": name}));
    }
    cases.push(json!({"group": "apps", "kind": "*", "namespace": "shop"}));
    for mut rule in cases {
        rule["jsonPointers"] = json!(["/spec"]);
        let theirs = oracle
            .ask("ignore", &json!({"rules": [rule], "object": deployment()}))
            .unwrap();
        let read: IgnoreDifference = serde_json::from_value(rule.clone()).unwrap();
        let mut ours = deployment();
        IgnoreRules::compile(&[read])
            .unwrap()
            .remove_from(&mut ours);
        assert_eq!(ours, theirs, "{rule}");
    }
}

#[test]
fn fields_of_managers_go_where_both_sides_differ() {
    let mut oracle = Oracle::start();
    let fields = json!({
        "f:metadata": {"f:labels": {"f:app": {}, "f:tier": {}}},
        "f:spec": {
            "f:replicas": {},
            "f:selector": {},
            "f:template": {"f:spec": {"f:containers": {
                "k:{\"name\":\"web\"}": {".": {}, "f:name": {}, "f:image": {}, "f:env": {
                    "k:{\"name\":\"A\"}": {".": {}, "f:name": {}, "f:value": {}},
                }},
            }}},
        },
    });
    let mut live = deployment();
    live["spec"]["selector"] = json!({"matchLabels": {"app": "web"}});
    live["metadata"]["managedFields"] = json!([
        {"manager": "scaler", "operation": "Update", "apiVersion": "apps/v1", "fieldsType": "FieldsV1", "fieldsV1": fields},
        {"manager": "other", "operation": "Update", "apiVersion": "apps/v1", "fieldsType": "FieldsV1",
         "fieldsV1": {"f:spec": {"f:paused": {}}}},
    ]);
    live["spec"]
        .as_object_mut()
        .unwrap()
        .shift_remove("strategy");
    type Change = fn(&mut Value);
    let changes: &[Change] = &[
        |_| {},
        |target| target["spec"]["replicas"] = json!(9),
        |target| target["spec"]["paused"] = json!(true),
        |target| target["metadata"]["labels"]["app"] = json!("other"),
        |target| target["metadata"]["labels"]["new"] = json!("other"),
        |target| {
            target["spec"]
                .as_object_mut()
                .unwrap()
                .shift_remove("replicas");
        },
        |target| target["spec"]["selector"]["matchLabels"]["app"] = json!("x"),
        |target| target["spec"]["template"]["spec"]["containers"][0]["image"] = json!("web:2"),
        |target| target["spec"]["template"]["spec"]["containers"][1]["image"] = json!("web:2"),
        |target| {
            target["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"] = json!("9")
        },
        |target| {
            target["spec"]["template"]["spec"]["containers"][0]["env"][1]["value"] = json!("9")
        },
        |target| {
            target["spec"]["template"]["spec"]["containers"]
                .as_array_mut()
                .unwrap()
                .remove(0);
        },
    ];
    for (case, change) in changes.iter().enumerate() {
        for managers in [
            json!(["scaler"]),
            json!(["other"]),
            json!(["nobody"]),
            json!(["scaler", "other"]),
        ] {
            let mut target = live.clone();
            target["metadata"]
                .as_object_mut()
                .unwrap()
                .shift_remove("managedFields");
            change(&mut target);
            let asked = json!({"live": live, "target": target, "managers": managers});
            let theirs = oracle.ask("managers", &asked).unwrap();
            let rules = IgnoreRules::compile(&[IgnoreDifference {
                group: "apps".to_owned(),
                kind: "Deployment".to_owned(),
                managed_fields_managers: serde_json::from_value(managers.clone()).unwrap(),
                ..IgnoreDifference::default()
            }])
            .unwrap();
            let mut ours = live.clone();
            rules.remove_from_both(&mut ours, &mut target);
            assert_eq!(json!([ours, target]), theirs, "{case} {managers}");
        }
    }
}
