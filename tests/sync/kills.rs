//! A sync that is killed at any of its steps, and the next one, which ends in the wanted state.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use peers::fault_proxy::{Action, Fault, FaultProxy};
use peers::random::Random;

use crate::app::{App, config_map, object};

fn secret(value: &str) -> String {
    object(
        "v1",
        "Secret",
        "token",
        &[],
        &format!("stringData: {{token: {value}}}\n"),
    )
}

/// What was there before: two objects of it go, two change, one stays.
fn before() -> Vec<String> {
    vec![
        config_map("stays", &[]),
        config_map("changes", &[]),
        config_map("goes-1", &[]),
        config_map("goes-2", &[("sync-wave", "1")]),
        secret("one"),
    ]
}

fn after() -> Vec<String> {
    vec![
        config_map("stays", &[]),
        config_map("changes", &[]).replace("key: value", "key: other"),
        config_map("comes-1", &[]),
        config_map("comes-2", &[]),
        // Of a kind that is looked at for nothing else.
        object("v1", "ServiceAccount", "comes-3", &[], ""),
        config_map(
            "hook",
            &[("hook", "PreSync"), ("hook-delete-policy", "HookSucceeded")],
        ),
        secret("two"),
    ]
}

/// An application in the state before, with something in its namespace that is not its own.
fn prepared() -> (App, FaultProxy) {
    let mut app = App::new("kill");
    app.plane
        .kubectl(["-n", &app.namespace, "create", "configmap", "hand"]);
    app.set(&before());
    app.sync().run().expect(0);
    app.set(&after());
    let proxy = FaultProxy::start(app.plane, &app.user);
    app.set_kubeconfig(proxy.kubeconfig());
    (app, proxy)
}

/// What the source holds when the next sync comes.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// The same as when the killed one ran.
    Same,
    /// Nothing of what the killed one may have made: an object that was made and not remembered would stay for ever.
    Less,
}

#[track_caller]
fn assert_recovers(app: &App, next: Next, what: &str) {
    let names = app.config_maps();
    for kept in ["hand", "stays", "changes"] {
        assert!(
            names.iter().any(|name| name == kept),
            "{what}: {kept} is gone"
        );
    }
    let wanted = match next {
        Next::Same => vec!["changes", "comes-1", "comes-2", "hand", "stays"],
        Next::Less => {
            app.set(&[config_map("stays", &[])]);
            vec!["hand", "stays"]
        }
    };
    let run = app.sync().args(["--prune", "--wait"]).run();
    assert_eq!(run.code, 0, "{what}: {run:?}");
    let mut names = app.config_maps();
    // Hooks are never pruned, as in Argo CD: one that was killed stays until its next run.
    names.retain(|name| name != "hook" || matches!(next, Next::Same));
    assert_eq!(names, wanted, "{what}: {run:?}");
    assert_eq!(
        app.live("serviceaccount", "comes-3").is_some(),
        matches!(next, Next::Same),
        "{what}: {run:?}"
    );
    let diff = app.diff().arg("--prune").run();
    assert_eq!(diff.code, 0, "{what}: {diff:?}");
}

/// Runs `check` for every item, some at a time: killed syncs are mostly waited for.
fn in_parallel<T: Send>(items: Vec<T>, check: impl Fn(T) + Sync) {
    let queue = Mutex::new(items);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().pop();
                    let Some(item) = next else { return };
                    check(item);
                }
            });
        }
    });
}

#[test]
fn killed_before_or_after_any_request_the_next_sync_ends_in_the_wanted_state() {
    let (app, proxy) = prepared();
    app.sync().args(["--prune", "--wait"]).run().expect(0);
    let requests = proxy.seen().len();
    assert!(requests > 8, "{requests}");

    let killed = AtomicUsize::new(0);
    let steps = (1..=requests)
        .flat_map(|number| {
            let mut next = [Next::Same, Next::Less];
            if number % 2 == 0 {
                next.reverse();
            }
            [
                (number, Action::StopBefore, next[0]),
                (number, Action::StopAfter, next[1]),
            ]
        })
        .collect();
    in_parallel(steps, |(number, action, next)| {
        let what = format!("{action:?} request {number}, then {next:?}");
        let (app, proxy) = prepared();
        proxy.inject(Fault::on(|_| true, action).nth(number));
        let mut child = app.sync().arg("--prune").start();
        // Waiting takes some requests more or less, so that the last ones may not be reached.
        while child.try_wait().unwrap().is_none() && !proxy.is_stopped() {
            thread::sleep(Duration::from_millis(5));
        }
        if proxy.is_stopped() {
            child.kill().unwrap();
            killed.fetch_add(1, Ordering::Relaxed);
        }
        child.wait().unwrap();
        proxy.clear();
        assert_recovers(&app, next, &what);
    });
    let killed = killed.into_inner();
    assert!(killed >= requests * 3 / 2, "{killed} of {requests}");
}

#[test]
fn killed_at_any_moment_the_next_sync_ends_in_the_wanted_state() {
    let seed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_nanos() as u64;
    let mut random = Random::new(seed);
    let moments = (0..24)
        .map(|number| {
            let next = if number % 2 == 0 {
                Next::Same
            } else {
                Next::Less
            };
            (random.below(4500) as u64, next)
        })
        .collect();
    in_parallel(moments, |(moment, next)| {
        let (app, _proxy) = prepared();
        let mut child = app.sync().arg("--prune").start();
        thread::sleep(Duration::from_millis(moment));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_recovers(&app, next, &format!("after {moment} ms, then {next:?}"));
    });
}
