//! The order of a synchronisation.

use lockstep::cluster::hooks::Phase;
use lockstep::cluster::hooks::{self, Role};
use lockstep::cluster::order::{self, Item, Ordering};
use peers::random::Random;
use serde_json::{Value, json};

use crate::oracle::Oracle;

/// Kinds with a place in the order, without, and those that others depend on.
const KINDS: &[(&str, &str)] = &[
    ("v1", "Namespace"),
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("apps/v1", "Deployment"),
    ("batch/v1", "Job"),
    ("networking.k8s.io/v1", "Ingress"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ("example.com/v1", "Widget"),
    ("example.com/v1", "Gadget"),
    ("other.com/v1", "Widget"),
];

fn object(random: &mut Random, number: usize) -> Value {
    let (api_version, kind) = *random.pick(KINDS);
    let mut object = json!({
        "apiVersion": api_version,
        "kind": kind,
        // Names tell objects apart, so that nothing is left to chance.
        "metadata": {"name": format!("o{number:02}"), "annotations": {}},
    });
    match kind {
        "Namespace" => object["metadata"]["name"] = json!(random.pick(&["shop", "bank", "mill"])),
        "ClusterRole" => {}
        "CustomResourceDefinition" => {
            object["spec"] = json!({
                "group": random.pick(&["example.com", "other.com"]),
                "names": {"kind": random.pick(&["Widget", "Gadget"])},
            });
        }
        _ if random.one_in(3) => {}
        _ => object["metadata"]["namespace"] = json!(random.pick(&["shop", "bank"])),
    }
    if random.one_in(2) {
        let wave = random.pick(&["-2", "-1", "0", "1", "3"]);
        object["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"] = json!(wave);
    }
    if random.one_in(6) {
        object["metadata"]["annotations"]["argocd.argoproj.io/sync-options"] =
            json!("PruneLast=true");
    }
    if random.one_in(5) {
        let hook = random.pick(&[
            "PreSync",
            "PostSync",
            "SyncFail",
            "Sync",
            "PreSync,PostSync",
            "Skip",
            "garbage",
        ]);
        object["metadata"]["annotations"]["argocd.argoproj.io/hook"] = json!(hook);
    }
    object
}

#[test]
fn tasks_come_in_the_order_of_argo_cd() {
    let mut oracle = Oracle::start();
    let mut random = Random::new(2);
    let mut tasks = 0;
    for case in 0..1500 {
        let mut seen = Vec::new();
        let (mut items, mut hook_objects) = (Vec::new(), Vec::new());
        for number in 0..random.below(14) {
            let object = object(&mut random, number);
            let key = (object["kind"].clone(), object["metadata"]["name"].clone());
            if seen.contains(&key) {
                continue;
            }
            seen.push(key);
            match Role::of(&object) {
                Role::Hook(_) => hook_objects.push(object),
                Role::Resource | Role::Skipped if random.one_in(3) => {
                    items.push((Value::Null, object))
                }
                Role::Resource | Role::Skipped => items.push((object, Value::Null)),
            }
        }
        let namespace = *random.pick(&["", "shop", "mill"]);
        let prune_last = random.one_in(4);
        let asked = json!({
            "items": items.iter().map(|(target, live)| json!({"target": target, "live": live})).collect::<Vec<_>>(),
            "hooks": hook_objects,
            "namespace": namespace,
            "pruneLast": prune_last,
        });
        let theirs = oracle.ask("order", &asked).unwrap();

        let instances: Vec<(Phase, Value)> = hook_objects
            .iter()
            .flat_map(|object| match Role::of(object) {
                Role::Hook(hook) => hook
                    .phases
                    .into_iter()
                    .map(|phase| (phase, hooks::instance(object, phase, "0123456789abcdef", 0)))
                    .collect(),
                Role::Resource | Role::Skipped => Vec::new(),
            })
            .collect();
        let ours: Vec<Item<'_>> = items
            .iter()
            .filter(|(target, live)| {
                let object = if target.is_null() { live } else { target };
                Role::of(object) == Role::Resource
            })
            .map(|(target, live)| Item {
                phase: Phase::Sync,
                target: (!target.is_null()).then_some(target),
                live: (!live.is_null()).then_some(live),
            })
            .chain(instances.iter().map(|(phase, object)| Item {
                phase: *phase,
                target: Some(object),
                live: None,
            }))
            .collect();
        let steps = order::steps(
            &ours,
            Ordering {
                prune_last,
                namespace,
            },
        );
        let ours: Vec<Value> = steps
            .iter()
            .flat_map(|step| {
                step.items.iter().map(|&place| {
                    let item = ours[place];
                    let object = item.target.or(item.live).unwrap();
                    json!({
                        "phase": step.phase.name(),
                        "wave": step.wave,
                        "prune": item.target.is_none(),
                        "kind": object["kind"],
                        "name": object["metadata"]["name"],
                    })
                })
            })
            .collect();
        let theirs: Vec<Value> = theirs
            .as_array()
            .unwrap()
            .iter()
            .map(|task| {
                let mut task = task.clone();
                task.as_object_mut().unwrap().shift_remove("namespace");
                task
            })
            .collect();
        tasks += ours.len();
        assert_eq!(Value::from(ours), Value::from(theirs), "{case}: {asked}");
    }
    assert!(tasks > 5000, "{tasks}");
}

#[test]
fn hooks_without_a_name_are_named_by_revision_phase_and_time() {
    let hook = json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"generateName": "migrate-", "finalizers": ["own"]},
    });
    let cases = [
        ("0123456789", "migrate-0123456-presync-1700000000"),
        ("1.2", "migrate-1.2-presync-1700000000"),
    ];
    for (revision, name) in cases {
        let instance = hooks::instance(&hook, Phase::PreSync, revision, 1_700_000_000);
        assert_eq!(instance["metadata"]["name"], name);
        assert_eq!(
            instance["metadata"]["finalizers"],
            json!(["own", hooks::FINALIZER])
        );
        assert!(hooks::has_finalizer(&instance));
    }
}
