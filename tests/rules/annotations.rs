//! Waves and hooks.

use lockstep::cluster::annotations::{self, wave};
use lockstep::cluster::hooks::{DeletePolicy, Phase, Role};
use peers::random::Random;
use serde_json::{Value, json};

use crate::oracle::Oracle;

/// Values of annotations, good and bad.
const VALUES: &[&str] = &[
    "",
    " ",
    "PreSync",
    "Sync",
    "PostSync",
    "SyncFail",
    "Skip",
    "Skip,Skip",
    "Skip, PreSync",
    "PreSync,PostSync",
    "Sync , garbage",
    "presync",
    "garbage",
    "pre-install",
    "pre-upgrade,post-install",
    "post-upgrade",
    "crd-install",
    "crd-install,pre-install",
    "test",
    "pre-rollback",
    "HookSucceeded",
    "HookFailed,BeforeHookCreation",
    "hook-succeeded",
    "hook-failed, before-hook-creation",
    "0",
    "1",
    "-3",
    "+4",
    " 5",
    "007",
    "1_0",
    "0x10",
    "9223372036854775807",
    "9223372036854775808",
    "1.0",
];

const NAMES: &[&str] = &[
    annotations::HOOK,
    annotations::HOOK_DELETE_POLICY,
    annotations::SYNC_WAVE,
    annotations::HELM_HOOK,
    annotations::HELM_HOOK_DELETE_POLICY,
    annotations::HELM_HOOK_WEIGHT,
];

fn sorted(list: &Value) -> Vec<String> {
    let mut list: Vec<String> = list
        .as_array()
        .into_iter()
        .flatten()
        .map(|entry| entry.as_str().unwrap().to_owned())
        .collect();
    list.sort();
    list.dedup();
    list
}

#[test]
fn waves_hooks_and_their_policies_are_those_of_argo_cd() {
    let mut oracle = Oracle::start();
    let mut random = Random::new(1);
    for case in 0..6000 {
        let mut object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "annotations": {}}});
        for name in NAMES {
            if random.one_in(2) {
                let value = *random.pick(VALUES);
                object["metadata"]["annotations"][name] = json!(value);
            }
        }
        let theirs = oracle.ask("annotations", &object).unwrap();
        assert_eq!(json!(wave(&object)), theirs["wave"], "{case}: {object}");
        let ours = Role::of(&object);
        let skip = theirs["skip"] == true;
        let hook = theirs["hook"] == true;
        assert_eq!(ours == Role::Skipped, skip, "{case}: {object}");
        assert_eq!(
            matches!(ours, Role::Hook(_)),
            hook && !skip,
            "{case}: {object}"
        );
        let Role::Hook(ours) = ours else { continue };
        let mut types = sorted(&theirs["types"]);
        types.retain(|name| name != "Skip");
        let mut phases: Vec<String> = ours
            .phases
            .iter()
            .map(|phase| phase.name().to_owned())
            .collect();
        phases.sort();
        assert_eq!(phases, types, "{case}: {object}");
        let mut policies: Vec<&str> = ours
            .delete_policies
            .iter()
            .map(|policy| match policy {
                DeletePolicy::BeforeHookCreation => "BeforeHookCreation",
                DeletePolicy::HookSucceeded => "HookSucceeded",
                DeletePolicy::HookFailed => "HookFailed",
            })
            .collect();
        policies.sort_unstable();
        assert_eq!(policies, sorted(&theirs["policies"]), "{case}: {object}");
        assert_ne!(ours.phases, [Phase::Sync, Phase::Sync]);
    }
}
