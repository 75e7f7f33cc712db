//! An API server that answers badly, late or not at all.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use peers::control_plane::{ControlPlane, Controllers};
use peers::fault_proxy::{Action, Fault, FaultProxy, Seen};

use crate::app::{App, config_map, object};
use crate::run::finished;

fn objects() -> Vec<String> {
    let mut objects: Vec<String> = (0..8)
        .map(|number| config_map(&format!("map-{number}"), &[]))
        .collect();
    objects.push(object(
        "v1",
        "Secret",
        "token",
        &[],
        "stringData: {token: abc}\n",
    ));
    objects
}

fn behind_proxy(prefix: &str) -> (App, FaultProxy) {
    let mut app = App::new(prefix);
    let proxy = FaultProxy::start(app.plane, &app.user);
    app.set_kubeconfig(proxy.kubeconfig());
    (app, proxy)
}

fn anything(_: &Seen) -> bool {
    true
}

fn not_a_write(request: &Seen) -> bool {
    request.method == "GET"
}

#[test]
fn what_passes_is_waited_out() {
    let garbage = Action::Answer {
        status: 503,
        retry_after: None,
        body: "<html>upstream connect error</html>".to_owned(),
    };
    let actions = [
        Action::status(429).retry_after(1),
        Action::status(429),
        Action::status(503).retry_after(1),
        Action::status(503),
        Action::status(500),
        Action::status(504),
        garbage,
        Action::ResetBefore,
        Action::ResetAfter,
        Action::CutAnswer,
        Action::Delay(Duration::from_millis(700)),
    ];
    let queue = Mutex::new(actions.to_vec());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().pop();
                    let Some(action) = next else { return };
                    let (app, proxy) = behind_proxy("faults");
                    app.set(&objects());
                    proxy.inject(Fault::on(anything, action.clone()).every(4));
                    let run = app.sync().run();
                    assert_eq!(run.code, 0, "{action:?}: {run:?}");
                    proxy.clear();
                    let diff = app.diff().run();
                    assert_eq!(diff.code, 0, "{action:?}: {diff:?}");
                }
            });
        }
    });
}

#[test]
fn retry_after_is_obeyed() {
    let (app, proxy) = behind_proxy("retry-after");
    app.set(&objects());
    let is_apply = |request: &Seen| request.method == "PATCH" && request.is_write();
    proxy.inject(Fault::on(is_apply, Action::status(429).retry_after(3)).nth(1));
    let start = Instant::now();
    app.sync().run().expect(0);
    assert!(
        start.elapsed() >= Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn what_does_not_pass_is_a_clear_error_and_nothing_is_lost() {
    let cases = [
        (Action::status(503), "503"),
        (Action::status(500), "500"),
        (Action::Silence, "time"),
        (Action::ResetBefore, "connect"),
    ];
    thread::scope(|scope| {
        for (action, word) in cases {
            scope.spawn(move || {
                let (app, proxy) = behind_proxy("faults-for-good");
                app.set(&objects());
                app.sync().run().expect(0);
                app.set(&objects()[..2]);
                proxy.inject(Fault::on(anything, action.clone()));
                let start = Instant::now();
                let run = app
                    .sync()
                    .args(["--prune", "--request-timeout", "4s"])
                    .run();
                assert_eq!(run.code, 2, "{action:?}: {run:?}");
                assert!(
                    start.elapsed() < Duration::from_secs(60),
                    "{action:?}: {:?}",
                    start.elapsed()
                );
                assert!(!run.stderr.trim().is_empty(), "{word}");
                assert_eq!(app.config_maps().len(), 8, "{action:?}");
                proxy.clear();
                app.sync().args(["--prune", "--wait"]).run().expect(0);
                assert_eq!(app.config_maps(), ["map-0", "map-1"], "{action:?}");
            });
        }
    });
}

/// Each answer to a read in turn is nonsense, with the status of a good one.
#[test]
fn an_api_server_that_answers_nonsense_deletes_nothing() {
    let answers = [
        "<html>welcome</html>",
        "",
        "{}",
        "null",
        "[]",
        "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Success\"}",
        "{\"kind\":\"ConfigMapList\",\"apiVersion\":\"v1\",\"metadata\":{},\"items\":[{}]}",
    ];
    thread::scope(|scope| {
        for answer in answers {
            scope.spawn(move || {
                let (app, proxy) = behind_proxy("nonsense");
                app.set(&objects());
                app.sync().run().expect(0);
                app.plane
                    .kubectl(["-n", &app.namespace, "create", "configmap", "hand"]);
                proxy.take_seen();
                app.sync().args(["--prune", "--wait"]).run().expect(0);
                let reads = proxy.take_seen().iter().filter(|s| not_a_write(s)).count();
                for number in 1..=reads {
                    let action = Action::Answer {
                        status: 200,
                        retry_after: None,
                        body: answer.to_owned(),
                    };
                    proxy.inject(Fault::on(not_a_write, action).nth(number));
                    let run = app
                        .sync()
                        .args(["--prune", "--request-timeout", "3s"])
                        .run();
                    assert!(run.code == 0 || run.code == 2, "{answer} {number}: {run:?}");
                    proxy.clear();
                    assert_eq!(app.config_maps().len(), 9, "{answer} {number}: {run:?}");
                }
                app.sync().args(["--prune", "--wait"]).run().expect(0);
            });
        }
    });
}

#[test]
fn an_inventory_that_another_changed_meanwhile_is_no_loss() {
    let (app, proxy) = behind_proxy("inventory-conflict");
    app.set(&objects());
    app.sync().run().expect(0);
    let is_inventory = |request: &Seen| {
        request.is_write()
            && (request.path.contains("lockstep-inventory")
                || request.contains("lockstep-inventory"))
    };
    proxy.inject(Fault::on(is_inventory, Action::status(409)).nth(1));
    app.set(&objects()[1..]);
    let run = app.sync().args(["--prune", "--wait"]).run();
    assert!(run.code == 0 || run.code == 2, "{run:?}");
    proxy.clear();
    app.sync().args(["--prune", "--wait"]).run().expect(0);
    assert_eq!(app.config_maps().len(), 7);
    app.diff().run().expect(0);
}

#[test]
fn etcd_gone_for_half_a_minute_is_waited_out_or_said() {
    // Leaked, so that the application can hold it; its programs end with this process all the same.
    let plane: &'static ControlPlane = Box::leak(Box::new(ControlPlane::start(Controllers::All)));
    let namespace = plane.namespace("outage");
    let app = App::at(plane, &namespace, &namespace);
    app.set(&objects());
    app.sync().run().expect(0);
    app.set(&objects()[4..]);

    let outage = plane.pause_etcd();
    let child = app.sync().arg("--prune").start();
    thread::sleep(Duration::from_secs(30));
    drop(outage);
    let run = finished(child, Duration::from_secs(180));
    assert!(run.code == 0 || run.code == 2, "{run:?}");
    app.sync().args(["--prune", "--wait"]).run().expect(0);
    app.diff().run().expect(0);
    assert_eq!(app.config_maps(), ["map-4", "map-5", "map-6", "map-7"]);

    let outage = plane.pause_api_server();
    let run = app.sync().args(["--request-timeout", "5s"]).run();
    assert_eq!(run.code, 2, "{run:?}");
    drop(outage);
    app.sync().run().expect(0);
}
