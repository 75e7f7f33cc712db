//! Whatever an object, a rule or a set of fields looks like: no panic, and an end.

use std::time::{Duration, Instant};

use lockstep::cluster::ignore::{IgnoreDifference, IgnoreRules};
use lockstep::cluster::order::{self, Item, Ordering};
use lockstep::cluster::{annotations, fields_v1, health, hooks, normalise, options};
use peers::random::Random;
use serde_json::{Map, Value, json};

/// Words that mean something somewhere.
const WORDS: &[&str] = &[
    "apiVersion",
    "v1",
    "apps/v1",
    "batch/v1",
    "kind",
    "Deployment",
    "StatefulSet",
    "Job",
    "CronJob",
    "Pod",
    "Secret",
    "Endpoints",
    "Service",
    "metadata",
    "name",
    "annotations",
    "finalizers",
    "managedFields",
    "manager",
    "fieldsV1",
    "operation",
    "Apply",
    "spec",
    "status",
    "conditions",
    "type",
    "Ready",
    "True",
    "replicas",
    "subsets",
    "ports",
    "data",
    "stringData",
    "f:spec",
    "f:data",
    "f:a",
    "k:{\"name\":\"a\"}",
    "k:{",
    "v:1",
    "v:",
    "i:0",
    ".",
    "a",
    "",
    "argocd.argoproj.io/hook",
    "argocd.argoproj.io/sync-wave",
    "-9223372036854775808",
    "PreSync",
    "rollingUpdate",
    "updateStrategy",
    "partition",
    "parents",
    "listeners",
    "updatedReplicas",
    "observedGeneration",
    "generation",
];

fn value(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth == 0 { 5 } else { 9 }) {
        0 => Value::Null,
        1 => json!(random.one_in(2)),
        2 => json!(random.pick(&[0, 1, -1, i64::MAX, i64::MIN])),
        3 => json!(random.pick(&[0.5, -1e300, 1e18])),
        4 => json!(random.pick(WORDS)),
        5 => (0..random.below(4))
            .map(|_| value(random, depth - 1))
            .collect(),
        _ => Value::Object(fields(random, depth)),
    }
}

fn fields(random: &mut Random, depth: usize) -> Map<String, Value> {
    (0..random.below(6))
        .map(|_| {
            let name = (*random.pick(WORDS)).to_owned();
            (name, value(random, depth - 1))
        })
        .collect()
}

/// An object whose parts are where they belong, or not.
fn object(random: &mut Random) -> Value {
    let mut object = fields(random, 5);
    for name in ["apiVersion", "kind"] {
        if !random.one_in(4) {
            object.insert(name.to_owned(), json!(random.pick(&WORDS[..12])));
        }
    }
    for name in ["metadata", "spec", "status"] {
        if !random.one_in(4) {
            object.insert(name.to_owned(), value(random, 4));
        }
    }
    Value::Object(object)
}

#[test]
fn no_object_makes_a_rule_panic() {
    let mut random = Random::new(11);
    for _ in 0..20_000 {
        let (one, other) = (object(&mut random), object(&mut random));
        let _ = health::assess(&one);
        let _ = health::of_application([Some(&one), None, Some(&other)]);
        let _ = hooks::Role::of(&one);
        let _ = hooks::instance(&one, hooks::Phase::Sync, "äöüäöüäöü", i64::MIN);
        let _ = annotations::wave(&one);
        let _ = options::ResourceOptions::of(&one, &options::SyncOptions::default());
        let _ = options::CompareOptions::of(&one);
        let _ = normalise::for_comparison(&one, &other);
        let _ = normalise::without_webhook_changes(&one, &other, "a");
        let _ = fields_v1::covers_exactly(&value(&mut random, 4), &one, &other);
        let _ = fields_v1::covers_exactly(&value(&mut random, 4), &one, &one);
        let items = [
            Item {
                phase: hooks::Phase::Sync,
                target: Some(&one),
                live: Some(&other),
            },
            Item {
                phase: hooks::Phase::PreSync,
                target: None,
                live: Some(&other),
            },
            Item {
                phase: hooks::Phase::Sync,
                target: None,
                live: None,
            },
        ];
        let _ = order::steps(
            &items,
            Ordering {
                prune_last: true,
                namespace: "a",
            },
        );
    }
}

/// Parts of programs: most sequences of them are none.
const TOKENS: &[&str] = &[
    ".",
    "..",
    ".a",
    ".spec",
    ".[]",
    ".[]?",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "|",
    ",",
    "//",
    "as $x",
    "$x",
    "def f: ",
    "f",
    ";",
    "if",
    "then",
    "else",
    "end",
    "reduce",
    "foreach",
    "range(9)",
    "range(1e9)",
    "limit(3; ",
    "first(",
    "repeat(.)",
    "recurse",
    "select(",
    "map(",
    "==",
    "+",
    "*",
    "-",
    "/",
    "%",
    "|=",
    "=",
    "*=",
    "1",
    "1e9",
    "-1",
    "\"x\"",
    "\"\\(.)\"",
    "try",
    "catch",
    "?",
    "not",
    "empty",
    "error",
    "keys",
    "length",
    "to_entries",
    "tojson",
    "explode",
    "implode",
    "combinations",
    "label $l",
    "break $l",
    "getpath([\"a\"])",
    "paths",
    "walk(",
    "add",
    "sort",
    "group_by(",
    "flatten",
    "@base64",
    "test(\"a+\")",
    "env",
    "input",
    "halt",
    "debug",
    "splits(\"a\")",
    "transpose",
    "until(",
];

#[test]
fn no_program_panics_or_runs_on() {
    let mut random = Random::new(12);
    let mut compiled = 0;
    let mut target = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"},
        "spec": {"a": [1, 2, {"a": "xyz"}], "b": {"a": null}}});
    for _ in 0..4_000 {
        let program: Vec<&str> = (0..=random.below(9))
            .map(|_| *random.pick(TOKENS))
            .collect();
        let program = program.join(" ");
        let begin = Instant::now();
        let rules = IgnoreRules::compile(&[IgnoreDifference {
            kind: "Pod".to_owned(),
            jq_path_expressions: vec![program.clone()],
            ..IgnoreDifference::default()
        }]);
        if let Ok(rules) = rules {
            compiled += 1;
            let mut object = target.clone();
            rules.remove_from(&mut object);
            let _ = rules.respect(&object, &target);
            target["metadata"]["generation"] = json!(compiled);
        }
        assert!(begin.elapsed() < Duration::from_secs(10), "{program}");
    }
    assert!(compiled > 100, "{compiled}");
}
