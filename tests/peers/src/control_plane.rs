//! A real control plane on loopback: etcd, kube-apiserver, kube-controller-manager.
//!
//! [`ControlPlane::shared`] is the one of a test process; tests keep apart by namespaces ([`ControlPlane::namespace`])
//! and by users ([`ControlPlane::user`]), by whose names the audit log tells whose requests are whose. The script
//! `control-plane` beside this crate's `src` does the work and outlives a killed test process for as long as it takes to
//! clean up.

mod audit;
mod kubelet;

pub use audit::Request;

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program;

/// Whether kube-controller-manager runs beside the API server.
///
/// It makes Deployments and Jobs go on, empties namespaces, and collects what the deletion of an owner leaves: a
/// deletion in the foreground, or of a namespace, never ends without it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Controllers {
    /// The API server alone.
    None,
    /// kube-controller-manager with all its controllers.
    All,
}

/// A running control plane; stopped and removed when dropped, or when the process ends in any way.
#[derive(Debug)]
pub struct ControlPlane {
    folder: PathBuf,
    url: String,
    kubectl: PathBuf,
    tokens: Vec<(String, String)>,
    users: AtomicUsize,
    names: AtomicUsize,
    supervisor: Child,
    /// The supervisor cleans up when this end is closed.
    lifeline: Option<ChildStdin>,
}

/// An administrator of a control plane whose requests can be told from others'.
#[derive(Clone, Debug)]
pub struct User {
    /// The name, as the audit log has it.
    pub name: String,
    /// The bearer token.
    pub token: String,
    /// A kubeconfig with that token.
    pub kubeconfig: PathBuf,
}

/// A program of the control plane that is stopped; goes on when dropped.
#[derive(Debug)]
pub struct Paused {
    pid: String,
}

impl ControlPlane {
    /// Starts a control plane and waits until it is ready, which takes some seconds.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn start(controllers: Controllers) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("control-plane");
        let mut command = Command::new(&script);
        if controllers == Controllers::All {
            command.arg("--controllers");
        }
        let mut supervisor = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // An interrupt at the terminal ends the test process, and only by that the control plane.
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run {}: {error}", script.display()));
        let lifeline = supervisor.stdin.take();
        let mut folder = String::new();
        BufReader::new(supervisor.stdout.take().expect("stdout is a pipe"))
            .read_line(&mut folder)
            .expect("the control plane says where it is");
        assert!(!folder.is_empty(), "the control plane did not start");
        let folder = PathBuf::from(folder.trim_end());
        let tokens = read(&folder.join("tokens"))
            .lines()
            .filter_map(|line| {
                let (token, rest) = line.split_once(',')?;
                let (user, _) = rest.split_once(',')?;
                Some((user.to_owned(), token.to_owned()))
            })
            .collect();
        Self {
            url: read(&folder.join("url")).trim_end().to_owned(),
            kubectl: program("kubernetes", "kubectl"),
            folder,
            tokens,
            users: AtomicUsize::new(1),
            names: AtomicUsize::new(0),
            supervisor,
            lifeline,
        }
    }

    /// The control plane that all tests of this process share, with all controllers.
    ///
    /// Pods get the status that the image of their first container asks for: `run`, `succeed` or `fail`. Any other
    /// stays pending.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<ControlPlane> = OnceLock::new();
        SHARED.get_or_init(|| {
            let plane = Self::start(Controllers::All);
            kubelet::start(&plane.kubectl, &plane.kubeconfig());
            plane
        })
    }

    /// Another one that they share, without controllers: statuses stay as a test sets them.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn quiet() -> &'static Self {
        static QUIET: OnceLock<ControlPlane> = OnceLock::new();
        QUIET.get_or_init(|| Self::start(Controllers::None))
    }

    /// The address of the API server.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The folder with everything of this control plane; the script's head lists what is in it.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The certificate authority of the API server, as PEM.
    pub fn certificate_authority(&self) -> String {
        read(&self.folder.join("ca.crt"))
    }

    /// A kubeconfig of an administrator by token.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.join("kubeconfig")
    }

    /// A kubeconfig of the same administrator by client certificate.
    pub fn certificate_kubeconfig(&self) -> PathBuf {
        self.folder.join("kubeconfig-certificate")
    }

    /// The bearer token of the administrator.
    pub fn token(&self) -> &str {
        &self.tokens[0].1
    }

    /// A user that nobody else got.
    ///
    /// # Panics
    ///
    /// When all are taken.
    pub fn user(&self) -> User {
        let number = self.users.fetch_add(1, Ordering::Relaxed);
        let (name, token) = self.tokens.get(number).expect("there are users left");
        let kubeconfig = self.folder.join(format!("kubeconfig-{name}"));
        fs::write(&kubeconfig, self.kubeconfig_text(&self.url, token))
            .expect("a kubeconfig is written");
        User {
            name: name.clone(),
            token: token.clone(),
            kubeconfig,
        }
    }

    /// The text of a kubeconfig for a server at `url` with this control plane's certificate authority.
    pub fn kubeconfig_text(&self, url: &str, token: &str) -> String {
        read(&self.kubeconfig())
            .replace(&self.url, url)
            .replace(self.token(), token)
    }

    /// A name that no other call gets, beginning with `prefix`.
    pub fn unique(&self, prefix: &str) -> String {
        format!("{prefix}-{}", self.names.fetch_add(1, Ordering::Relaxed))
    }

    /// Makes a namespace of its own for a test; its name begins with `prefix`.
    ///
    /// # Panics
    ///
    /// When the API server refuses.
    pub fn namespace(&self, prefix: &str) -> String {
        let name = self.unique(prefix);
        self.kubectl(["create", "namespace", &name]);
        name
    }

    /// Runs kubectl as the administrator and gives what it printed.
    ///
    /// # Panics
    ///
    /// When it fails.
    #[track_caller]
    pub fn kubectl<I, S>(&self, arguments: I) -> String
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        succeeded(&self.try_kubectl(arguments, ""))
    }

    /// Runs kubectl with `input` and gives what came of it.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    pub fn try_kubectl<I, S>(&self, arguments: I, input: &str) -> Output
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut child = Command::new(&self.kubectl)
            .arg("--kubeconfig")
            .arg(self.kubeconfig())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("kubectl starts");
        if let Some(mut stdin) = child.stdin.take() {
            // A run that ends before it has read everything is judged by its exit code.
            let _ = stdin.write_all(input.as_bytes());
        }
        child.wait_with_output().expect("kubectl ends")
    }

    /// Applies manifests server-side as another manager, kubectl.
    ///
    /// # Panics
    ///
    /// When the API server refuses.
    #[track_caller]
    pub fn apply(&self, manifests: &str) {
        let arguments = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
        succeeded(&self.try_kubectl(arguments, manifests));
    }

    /// The live object, or none where there is none. `resource` is what kubectl takes: `deployments.apps`, `secret`.
    ///
    /// # Panics
    ///
    /// When the API server refuses.
    #[track_caller]
    pub fn get(&self, resource: &str, namespace: &str, name: &str) -> Option<Value> {
        let arguments = ["get", resource, name, "-o", "json", "--ignore-not-found"];
        let text = self.kubectl(in_namespace(namespace, &arguments));
        (!text.is_empty()).then(|| serde_json::from_str(&text).expect("kubectl prints JSON"))
    }

    /// Puts `status` into the object's status, as a controller would.
    ///
    /// # Panics
    ///
    /// When the API server refuses.
    #[track_caller]
    pub fn patch_status(&self, resource: &str, namespace: &str, name: &str, status: &Value) {
        let patch = serde_json::json!({ "status": status }).to_string();
        self.kubectl(in_namespace(
            namespace,
            &[
                "patch",
                resource,
                name,
                "--subresource=status",
                "--type=merge",
                "-p",
                &patch,
            ],
        ));
    }

    /// A token of a service account, which is made where it is missing.
    ///
    /// # Panics
    ///
    /// When the API server refuses.
    pub fn service_account_token(&self, namespace: &str, name: &str) -> String {
        if self.get("serviceaccount", namespace, name).is_none() {
            self.kubectl(["-n", namespace, "create", "serviceaccount", name]);
        }
        self.kubectl(["-n", namespace, "create", "token", name])
            .trim_end()
            .to_owned()
    }

    /// The finished requests of `user` so far, in the order in which they ended.
    ///
    /// # Panics
    ///
    /// When the audit log cannot be read.
    pub fn requests(&self, user: &str) -> Vec<Request> {
        audit::read(&self.folder.join("audit.log"), user)
    }

    /// Stops etcd until the value is dropped: the API server is there, and cannot answer.
    ///
    /// # Panics
    ///
    /// When it cannot be stopped.
    pub fn pause_etcd(&self) -> Paused {
        self.pause("etcd")
    }

    /// Stops the API server until the value is dropped: connections are made, and nothing comes.
    ///
    /// # Panics
    ///
    /// When it cannot be stopped.
    pub fn pause_api_server(&self) -> Paused {
        self.pause("kube-apiserver")
    }

    fn pause(&self, name: &str) -> Paused {
        let pid = read(&self.folder.join(format!("{name}.pid")));
        let paused = Paused {
            pid: pid.trim_end().to_owned(),
        };
        signal("-STOP", &paused.pid);
        paused
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        // How it ended says nothing about the test.
        let _ = self.supervisor.wait();
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        signal("-CONT", &self.pid);
    }
}

/// Asks `question` until it has an answer.
///
/// # Panics
///
/// When there is none after `limit`.
#[track_caller]
pub fn eventually<T>(what: &str, limit: Duration, mut question: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = question() {
            return answer;
        }
        assert!(start.elapsed() < limit, "{what}: not after {limit:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn signal(signal: &str, pid: &str) {
    let status = Command::new("kill").args([signal, pid]).status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "kill {signal} {pid}"
    );
}

fn in_namespace<'a>(namespace: &'a str, arguments: &[&'a str]) -> Vec<&'a str> {
    let mut all = arguments.to_vec();
    if !namespace.is_empty() {
        all.extend(["-n", namespace]);
    }
    all
}

#[track_caller]
fn succeeded(output: &Output) -> String {
    assert!(
        output.status.success(),
        "kubectl: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
