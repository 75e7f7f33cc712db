//! Hooks: their phases, and what becomes of them.

use crate::app::{App, config_map, job, position};

/// Whether a hook with this deletion policy is there after a sync that goes well, and after one that fails.
#[test]
fn hooks_are_deleted_as_their_policy_says() {
    let cases = [
        ("", true, true),
        ("BeforeHookCreation", true, true),
        ("HookSucceeded", false, true),
        ("HookFailed", true, false),
        ("HookSucceeded,HookFailed", false, false),
    ];
    for (image, column) in [("succeed", 1), ("fail", 2)] {
        let app = App::new("hook-policies");
        let mut objects = vec![config_map("plain", &[])];
        for (number, (policy, ..)) in cases.iter().enumerate() {
            let mut annotations = vec![("hook", "PreSync")];
            if !policy.is_empty() {
                annotations.push(("hook-delete-policy", policy));
            }
            objects.push(job(&format!("hook-{number}"), image, &annotations));
        }
        app.set(&objects);
        app.sync()
            .arg("--wait")
            .run()
            .expect(if image == "succeed" { 0 } else { 2 });
        assert_eq!(app.has("plain"), image == "succeed");
        for (number, (policy, after_success, after_failure)) in cases.into_iter().enumerate() {
            let expected = if column == 1 {
                after_success
            } else {
                after_failure
            };
            let live = app.live("job", &format!("hook-{number}"));
            assert_eq!(live.is_some(), expected, "{policy} after {image}");
        }
    }
}

#[test]
fn a_hook_runs_anew_with_every_sync() {
    let app = App::new("hook-again");
    app.set(&[
        config_map("plain", &[]),
        job("migrate", "succeed", &[("hook", "PreSync")]),
    ]);
    app.sync().run().expect(0);
    let first = app.live("job", "migrate").unwrap()["metadata"]["uid"].clone();
    app.diff().run().expect(0);
    app.sync().run().expect(0);
    let second = app.live("job", "migrate").unwrap()["metadata"]["uid"].clone();
    assert_ne!(first, second);
}

#[test]
fn hooks_are_no_part_of_the_difference_and_are_not_pruned() {
    let app = App::new("hook-stays");
    app.set(&[
        config_map("plain", &[]),
        config_map("hook", &[("hook", "PostSync")]),
    ]);
    app.sync().run().expect(0);
    assert!(app.has("hook"));
    app.set(&[config_map("plain", &[])]);
    app.diff().arg("--prune").run().expect(0);
    app.sync().args(["--prune", "--wait"]).run().expect(0);
    assert!(app.has("hook"), "what is a hook is never pruned");
}

#[test]
fn hooks_for_failure_run_only_when_the_sync_failed() {
    let app = App::new("hook-failure");
    let failure = config_map("failure", &[("hook", "SyncFail")]);
    app.set(&[job("work", "succeed", &[]), failure.clone()]);
    app.sync().run().expect(0);
    assert!(!app.has("failure"));

    app.set(&[
        config_map("plain", &[]),
        job("broken", "fail", &[("hook", "PostSync")]),
        failure,
    ]);
    app.sync().run().expect(2);
    assert!(app.has("plain") && app.has("failure"));
}

#[test]
fn helm_hooks_are_hooks() {
    let app = App::new("hook-helm");
    let helm = |name: &str, hook: &str, weight: &str| {
        format!(
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  annotations: {{helm.sh/hook: \"{hook}\", helm.sh/hook-weight: \"{weight}\"}}\n"
        )
    };
    app.set(&[
        helm("after", "post-install,post-upgrade", "0"),
        config_map("plain", &[]),
        helm("before-2", "pre-install", "2"),
        helm("before-1", "pre-upgrade", "-1"),
        helm("tested", "test", "0"),
    ]);
    app.sync().run().expect(0);
    let changes: Vec<String> = app
        .changes()
        .into_iter()
        .filter(|change| !change.starts_with("delete"))
        .filter_map(|change| Some(change.split_once('/')?.1.to_owned()))
        .collect();
    let places = ["before-1", "before-2", "plain", "after"].map(|name| position(&changes, name));
    assert!(places.is_sorted(), "{changes:?}");
    assert!(!app.has("tested"));
}

#[test]
fn a_hook_with_a_generated_name_is_made_each_time() {
    let app = App::new("hook-generated");
    let hook = config_map("x", &[("hook", "PreSync")]).replace("name: x", "generateName: run-");
    app.set(&[config_map("plain", &[]), hook]);
    app.sync().run().expect(0);
    let names = app.config_maps();
    let generated: Vec<_> = names
        .iter()
        .filter(|name| name.starts_with("run-"))
        .collect();
    assert_eq!(generated.len(), 1, "{names:?}");
    assert!(generated[0].contains("-presync-"), "{names:?}");
}
