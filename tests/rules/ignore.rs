//! Differences that an application does not mind.

use lockstep::cluster::ignore::{IgnoreDifference, IgnoreRules};
use peers::random::Random;
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
    ".spec.template.spec.containers[] | .ports[]?, .env[0]?",
    ".metadata | with_entries(.)",
    ".spec.template.spec.containers[range(2)].name",
    ".spec.template.spec.containers[] | select(.name | test(\"PROXY\"; \"i\")) | .image",
    ".spec.template.spec.containers[] | select(.name | ltrimstr(\"pro\") == \"xy\") | .image",
    ".spec.template.spec.containers[] | select(.image | split(\":\") | .[1] == \"latest\") | .image",
    ".spec.template.spec.containers[] | select((.name | @base64) == \"d2Vi\") | .image",
    ".spec.template.spec.containers[] | select((\"d2Vi\" | @base64d) == .name) | .image",
    ".spec.template.spec.containers[] | select((.name | length) == 3) | .image",
    ".spec.template.spec.containers[] | select(.name | IN(\"web\")) | .env",
    ".spec.template.spec.containers[] | select(.name as $n | [\"web\", \"log\"] | index($n)) | .env",
    ".spec.template.spec.containers[] | select([.env[]?.name] | unique == [\"A\"]) | .env",
    ".spec.template.spec.containers[] | select([.env[]?.name] | flatten | add == \"AB\") | .env",
    ".spec.template.spec.containers[] | select([.env[]?] | min_by(.value).value == \"1\") | .env",
    ".spec.template.spec.containers[] | select(all(.env[]?; .name == \"A\")) | .name",
    ".spec.template.spec.containers[-2:][].image",
    ".spec.template.spec.containers[:-1]",
    ".spec.template.spec.containers[5:]",
    ".spec.template.spec.containers[1:2]",
    ".spec.template.spec.containers | .[0:2] | .[1]",
    ".spec?.replicas?",
    ".spec.\"replicas\"",
    ".[\"spec\"]?.replicas",
    ".spec[\"re\" + \"plicas\"]",
    ".spec | .replicas, .paused",
    ".spec | (.replicas, .paused) | select(. != false)",
    "label $out | .spec.template.spec.containers[] | if .name == \"proxy\" then ., break $out else .image end",
    "until(type != \"object\"; .spec.replicas?)",
    "path(.spec.replicas) as $p | getpath($p)",
    "[paths] | .[0]",
    "leaf_paths as $p | select($p[-1] == \"image\") | getpath($p)",
    "select(.kind == \"Deployment\") | .spec.replicas",
    "select(.metadata.labels.app != \"web\") | .spec.replicas",
    "select(.spec.replicas > 2 and (.spec.paused | not)) | .spec.replicas",
    "select(.spec.replicas * 2 == 6) | .spec.replicas",
    "select((.spec.replicas | tostring) == \"3\") | .spec.replicas",
    "select((\"3\" | tonumber) == .spec.replicas) | .spec.replicas",
    "select(.spec | tojson | contains(\"proxy\")) | .spec.replicas",
    "select(env == {}) | .spec.replicas",
    "select((.metadata.labels | keys) == [\"app\", \"tier\"]) | .metadata.labels",
    "select(.metadata.labels | to_entries | map(.value) | sort == [\"front\", \"web\"]) | .metadata.labels",
    "select(.metadata.name | sub(\"w\"; \"x\") == \"xeb\") | .metadata.labels",
    "select(\"\\(.metadata.name)!\" == \"web!\") | .metadata.labels",
    "walk(.)",
    "debug | .spec.replicas",
    "input",
    "$__loc__",
    "halt",
    "nothing",
    "@json",
    ".spec.template.spec.containers[]?.ports[]?.containerPort",
    ".metadata.annotations | .[keys[]]",
    ".metadata.annotations[]",
    ".metadata.annotations | del(.empty)",
    ".metadata.labels |= empty",
    "first(.. | select(type == \"number\"))",
    "nth(1; .spec.template.spec.containers[])",
    ".spec.template.spec.containers | first",
    ".spec.template.spec.containers | nth(1)",
    ".spec.template.spec.containers | .[length - 1]",
    ".spec.template.spec.containers[null]",
    ".spec[0]",
    ".spec.template.spec.containers[\"a\"]",
    "..",
    "recurse | select(type == \"boolean\")",
    "recurse(if type == \"object\" then .[] else empty end) | select(. == 3)",
    ".spec.template.spec.containers[] | (.env[]? | select(.name == \"A\")), .image",
    ".spec.replicas = 1",
    "null",
    "3",
    "",
    ".spec.replicas)",
    ".spec.replicas) | (.spec",
];

/// Expressions through which jaq follows a path, and gojq does not.
const FURTHER: &[&str] = &[
    "reduce (\"spec\", \"replicas\") as $key (.; .[$key])",
    "foreach (\"spec\", \"replicas\") as $key (.; .[$key])",
    "last(.spec.template.spec.containers[])",
];

#[test]
fn pointers_and_expressions_remove_what_they_remove_in_argo_cd() {
    let mut oracle = Oracle::start();
    let pointers = POINTERS
        .iter()
        .map(|pointer| (json!({"jsonPointers": [pointer]}), pointer));
    let expressions = EXPRESSIONS
        .iter()
        .chain(FURTHER)
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
            (Ok(_), Ok(theirs)) if FURTHER.contains(text) => {
                assert_eq!(theirs, deployment(), "{text}")
            }
            (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs, "{text}"),
            // An expression that names the whole object: Argo CD keeps the object, too, where it normalises.
            (Ok(ours), Err(error)) if error.contains("'Kind' is missing") => {
                assert_eq!(ours, deployment(), "{text}")
            }
            (Err(_), Err(_)) => {}
            (ours, theirs) => panic!("{text}: {ours:?} {theirs:?}"),
        }
    }
}

#[test]
fn several_rules_apply_one_after_the_other() {
    let mut oracle = Oracle::start();
    let mut random = Random::new(5);
    for _ in 0..400 {
        let rules: Vec<Value> = (0..=random.below(3))
            .map(|_| {
                let mut rule = json!({"group": "apps", "kind": "Deployment"});
                rule["jsonPointers"] = (0..random.below(3))
                    .map(|_| *random.pick(POINTERS))
                    .collect();
                rule["jqPathExpressions"] = (0..random.below(3))
                    .map(|_| *random.pick(EXPRESSIONS))
                    .collect();
                rule
            })
            .collect();
        let Ok(theirs) = oracle.ask("ignore", &json!({"rules": rules, "object": deployment()}))
        else {
            continue;
        };
        let read: Vec<IgnoreDifference> = serde_json::from_value(json!(rules)).unwrap();
        let mut ours = deployment();
        IgnoreRules::compile(&read).unwrap().remove_from(&mut ours);
        assert_eq!(ours, theirs, "{rules:?}");
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
