//! The inventory, and who is at work.

use lockstep::cluster::{
    EmptyRender, EndReason, OperationPhase, Pruning, ResultCode, SourceIdentity, Warning,
};
use peers::fault_proxy::{Action, Fault, FaultProxy};

use crate::application::{Application, Heard, config_map, connect, desired, lines, runtime};

#[test]
fn a_lost_inventory_is_rebuilt_from_the_marks() {
    let app = Application::new("lost");
    app.sync(&(config_map("a", "one") + &config_map("b", "one")));
    app.kubectl(&format!("delete configmap lockstep-inventory-{}", app.name));
    // A copy of an object of ours is not ours.
    let copy = app
        .kubectl("get configmap b -o yaml")
        .replace("name: b", "name: copy");
    let output = app
        .plane
        .try_kubectl(["-n", &app.namespace, "create", "-f", "-"], &copy);
    assert!(output.status.success(), "{output:?}");
    let outcome = app.sync_with(&config_map("a", "one"), |request| {
        request.pruning = Pruning::On;
    });
    assert_eq!(
        outcome.count(ResultCode::Pruned),
        1,
        "{:?}",
        lines(&outcome)
    );
    assert!(
        outcome
            .warnings
            .iter()
            .any(|warning| matches!(warning, Warning::InventoryRebuilt { .. })),
        "{:?}",
        outcome.warnings
    );
    let left = app.kubectl("get configmaps -o name");
    assert!(left.contains("configmap/copy"), "{left}");
    assert!(!left.contains("configmap/b"), "{left}");
}

#[test]
fn an_empty_render_is_refused_unless_allowed() {
    let app = Application::new("empty");
    let outcome = app.sync("");
    assert_eq!(outcome.phase, OperationPhase::Succeeded);
    app.sync(&config_map("a", "one"));
    let error = app
        .try_sync(
            "",
            |request| request.pruning = Pruning::On,
            &Heard::default(),
        )
        .unwrap_err();
    assert_eq!(error.reason(), "empty-render");
    app.kubectl("get configmap a");
    let outcome = app.sync_with("", |request| {
        request.pruning = Pruning::On;
        request.empty = EmptyRender::Allow;
    });
    assert_eq!(outcome.count(ResultCode::Pruned), 1, "{outcome:?}");
}

#[test]
fn the_same_name_with_another_source_is_refused() {
    let app = Application::new("source");
    app.sync(&config_map("a", "one"));
    let error = app
        .try_sync(
            &config_map("b", "one"),
            |request| request.source = SourceIdentity::new("another"),
            &Heard::default(),
        )
        .unwrap_err();
    assert_eq!(error.reason(), "other-source");
}

#[test]
fn of_two_syncs_at_once_one_is_refused() {
    let app = Application::new("twice");
    let objects = desired(
        &(config_map("a", "one")
            + &crate::application::hook("slow", "PreSync", "BeforeHookCreation", "run")),
    );
    let mut first = app.request(&objects);
    first.timeouts.step = std::time::Duration::from_secs(8);
    let second = app.request(&objects);
    let silent = lockstep::cluster::Silent;
    let (first, second) = runtime().block_on(async {
        let first = lockstep::cluster::sync(&app.cluster, &first, &silent);
        let second = async {
            // As soon as the first one has its mark in the inventory.
            loop {
                if let Some(inventory) = app.plane.get(
                    "configmaps",
                    &app.namespace,
                    &format!("lockstep-inventory-{}", app.name),
                ) && inventory["data"]["operation"].is_string()
                {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            lockstep::cluster::sync(&app.cluster, &second, &silent).await
        };
        tokio::join!(first, second)
    });
    assert_eq!(second.unwrap_err().reason(), "concurrent-sync");
    // The hook never ends, so that the first one fails by itself and not by the second.
    assert_eq!(first.unwrap().phase, OperationPhase::Failed);
}

#[test]
fn results_are_told_also_when_the_inventory_cannot_be_written_at_the_end() {
    let mut app = Application::new("unwritten");
    let proxy = FaultProxy::start(app.plane, &app.plane.user());
    app.cluster = connect(proxy.kubeconfig());
    // The inventory is made with a POST, and cut to what is there with a PUT.
    proxy.inject(Fault::on(
        |seen| seen.method == "PUT" && seen.path.contains("lockstep-inventory"),
        Action::status(403),
    ));
    let outcome = app.sync(&config_map("a", "one"));
    assert_eq!(outcome.phase, OperationPhase::Error, "{outcome:?}");
    assert_eq!(outcome.reason, EndReason::InventoryNotKept, "{outcome:?}");
    assert_eq!(outcome.count(ResultCode::Synced), 1, "{outcome:?}");
    assert!(
        matches!(outcome.warnings[..], [Warning::InventoryNotKept { .. }]),
        "{outcome:?}"
    );
    proxy.clear();
    // The mark of the sync that could not take it off is waited out.
    let outcome = app.sync(&config_map("a", "one"));
    assert_eq!(outcome.phase, OperationPhase::Succeeded, "{outcome:?}");
}
