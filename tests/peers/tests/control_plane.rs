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
fn controllers_work_and_pods_become_what_their_image_says() {
    let plane = ControlPlane::shared();
    let namespace = plane.namespace("controllers");
    for (image, condition) in [("succeed", "Complete"), ("fail", "Failed")] {
        plane.apply(&format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {image}\n  namespace: {namespace}\nspec:\n  backoffLimit: 0\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n      - name: main\n        image: {image}\n"
        ));
        eventually("the job ends", Duration::from_secs(60), || {
            let job = plane.get("job", &namespace, image)?;
            let conditions = job["status"]["conditions"].as_array()?;
            conditions
                .iter()
                .any(|found| found["type"] == condition)
                .then_some(())
        });
    }
}

#[test]
fn without_controllers_a_status_stays_as_it_was_set() {
    let plane = ControlPlane::quiet();
    plane.apply("apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  namespace: default\nspec:\n  type: LoadBalancer\n  ports:\n  - port: 80\n");
    let status = json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}});
    plane.patch_status("service", "default", "web", &status);
    let service = plane.get("service", "default", "web").unwrap();
    assert_eq!(
        service["status"]["loadBalancer"]["ingress"][0]["ip"],
        "192.0.2.1"
    );
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
