//! A stand-in for the nodes: gives Pods the status that their image asks for.
//!
//! There is no machine to run a Pod on, and controllers go by the status alone. The image of a Pod's first container says
//! what becomes of it: `run` is running and ready, `succeed` and `fail` end, anything else stays pending.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

const COLUMNS: &str = "-o=jsonpath={.metadata.namespace} {.metadata.name} {.status.phase} {.spec.containers[0].image}{\"\\n\"}";

/// Follows all Pods until the API server ends.
pub(super) fn start(kubectl: &Path, kubeconfig: &Path) {
    let (kubectl, kubeconfig) = (kubectl.to_owned(), kubeconfig.to_owned());
    thread::spawn(move || {
        // A watch ends when the API server was paused for too long.
        while kubeconfig.exists() && follow(&kubectl, &kubeconfig).is_some() {}
    });
}

fn follow(kubectl: &Path, kubeconfig: &Path) -> Option<()> {
    let mut child = Command::new("setpriv")
        .args(["--pdeathsig", "KILL"])
        .arg(kubectl)
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .args(["get", "pods", "--all-namespaces", "--watch", COLUMNS])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    for line in BufReader::new(child.stdout.take()?).lines() {
        let line = line.ok()?;
        let columns: Vec<&str> = line.split(' ').collect();
        if let [namespace, name, "Pending", image] = columns[..]
            && let Some(status) = status(image)
        {
            // A Pod that is gone meanwhile needs no status.
            let _ = Command::new(kubectl)
                .arg("--kubeconfig")
                .arg(kubeconfig)
                .args(["-n", namespace, "patch", "pod", name])
                .args(["--subresource=status", "--type=merge", "-p", &status])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
        }
    }
    child.wait().ok().map(drop)
}

fn status(image: &str) -> Option<String> {
    Some(match image {
        "succeed" => r#"{"status":{"phase":"Succeeded"}}"#.to_owned(),
        "fail" => r#"{"status":{"phase":"Failed"}}"#.to_owned(),
        "run" => {
            let conditions = ["Initialized", "ContainersReady", "Ready"].map(|kind| {
                format!(r#"{{"type":"{kind}","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z"}}"#)
            });
            format!(
                r#"{{"status":{{"phase":"Running","conditions":[{}]}}}}"#,
                conditions.join(",")
            )
        }
        _ => return None,
    })
}
