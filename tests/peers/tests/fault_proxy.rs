//! The proxy's faults, as a real client meets them.
// A test may give up where its setting cannot be made; clippy knows only test functions, not those they call.
#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::path::PathBuf;
use std::process::{Command, Stdio};

use peers::control_plane::ControlPlane;
use peers::fault_proxy::{Action, Fault, FaultProxy};

fn kubectl(proxy: &FaultProxy, arguments: &[&str]) -> Command {
    let kubectl: PathBuf = peers::program("kubernetes", "kubectl");
    let mut command = Command::new(kubectl);
    command
        .arg("--kubeconfig")
        .arg(proxy.kubeconfig())
        .args(arguments)
        .env("HOME", "/nonexistent")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Each fault, whether the client fails, and whether the ConfigMap that it makes is there afterwards.
#[test]
fn faults_happen_before_or_after_the_request_is_carried_out() {
    let plane = ControlPlane::shared();
    let namespace = plane.namespace("faults");
    let cases: [(Option<Action>, bool, bool); 6] = [
        (None, true, true),
        (Some(Action::status(503)), false, false),
        (Some(Action::status(409)), false, false),
        (Some(Action::ResetBefore), false, false),
        (Some(Action::ResetAfter), false, true),
        (Some(Action::CutAnswer), false, true),
    ];
    let proxy = FaultProxy::start(plane, &plane.user());
    for (number, (action, succeeds, exists)) in cases.into_iter().enumerate() {
        let name = format!("case-{number}");
        let what = format!("{action:?}");
        if let Some(action) = action {
            proxy.inject(Fault::on(|request| request.method == "POST", action));
        }
        let output = kubectl(&proxy, &["-n", &namespace, "create", "configmap", &name])
            .output()
            .unwrap();
        assert_eq!(output.status.success(), succeeds, "{what}: {output:?}");
        let live = plane.get("configmap", &namespace, &name);
        assert_eq!(live.is_some(), exists, "{what}");
        proxy.clear();
        let seen = proxy.take_seen();
        let posts = seen.iter().filter(|request| request.method == "POST");
        assert!(posts.clone().count() > 0 && posts.clone().all(|post| post.contains(&name)));
    }
}

#[test]
fn a_client_can_be_killed_just_before_and_just_after_a_request() {
    let plane = ControlPlane::shared();
    let namespace = plane.namespace("stops");
    let proxy = FaultProxy::start(plane, &plane.user());
    for (name, action, exists) in [
        ("before", Action::StopBefore, false),
        ("after", Action::StopAfter, true),
    ] {
        proxy.inject(Fault::on(|request| request.method == "POST", action).nth(1));
        let mut child = kubectl(&proxy, &["-n", &namespace, "create", "configmap", name])
            .spawn()
            .unwrap();
        proxy.wait_until_stopped();
        child.kill().unwrap();
        child.wait().unwrap();
        proxy.clear();
        assert_eq!(
            plane.get("configmap", &namespace, name).is_some(),
            exists,
            "{name}"
        );
    }
}
