//! The control plane that other tests stand on.
// A test may give up where its setting cannot be made; clippy knows only test functions, not those they call.
#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use peers::control_plane::{ControlPlane, Controllers, eventually};
use serde_json::json;

#[test]
fn requests_of_a_user_are_told_from_those_of_others() {
    let plane = ControlPlane::shared();
    let namespace = plane.namespace("audit");
    let user = plane.user();
    let status = Command::new(peers::program("kubernetes", "kubectl"))
        .arg("--kubeconfig")
        .arg(&user.kubeconfig)
        .args(["-n", &namespace, "create", "configmap", "settings"])
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    plane.kubectl(["-n", &namespace, "get", "configmap", "settings"]);
    let requests = plane.requests(&user.name);
    let writes: Vec<_> = requests
        .iter()
        .filter(|request| request.is_write())
        .collect();
    assert_eq!(writes.len(), 1, "{requests:?}");
    assert_eq!(writes[0].object(), "configmaps/settings");
    assert_eq!(writes[0].code, 201);
    assert!(requests.iter().all(|request| request.verb != "list"));
}

#[test]
fn controllers_work_and_statuses_can_be_set() {
    let plane = ControlPlane::shared();
    let namespace = plane.namespace("controllers");
    plane.apply(&format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: once\n  namespace: {namespace}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n      - name: main\n        image: none\n"
    ));
    let pod = eventually("a pod of the job", Duration::from_secs(30), || {
        let pods = plane.kubectl(["-n", &namespace, "get", "pods", "-o", "name"]);
        Some(pods.trim().strip_prefix("pod/")?.to_owned())
    });
    plane.patch_status("pod", &namespace, &pod, &json!({"phase": "Succeeded"}));
    eventually("the job is complete", Duration::from_secs(30), || {
        let job = plane.get("job", &namespace, "once")?;
        let conditions = job["status"]["conditions"].as_array()?;
        conditions
            .iter()
            .any(|condition| condition["type"] == "Complete")
            .then_some(())
    });
}

#[test]
fn nothing_is_left_when_the_control_plane_is_dropped() {
    let plane = ControlPlane::start(Controllers::None);
    let folder = plane.folder().to_owned();
    let pid = std::fs::read_to_string(folder.join("etcd.pid")).unwrap();
    assert!(Path::new("/proc").join(pid.trim()).exists());
    drop(plane);
    assert!(!folder.exists());
    assert!(!Path::new("/proc").join(pid.trim()).exists());
}
