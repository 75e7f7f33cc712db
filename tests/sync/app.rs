//! An application of a test: a folder of manifests, a namespace, and an API user whose requests are counted.

use std::fs;
use std::path::{Path, PathBuf};

use peers::control_plane::{ControlPlane, Request, User};
use serde_json::Value;
use tempfile::TempDir;

use crate::run::{Lockstep, lockstep};

/// An application of a test.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) plane: &'static ControlPlane,
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) user: User,
    kubeconfig: PathBuf,
    folder: TempDir,
}

impl App {
    /// An application in a namespace of its own.
    pub(crate) fn new(prefix: &str) -> Self {
        let plane = ControlPlane::shared();
        let namespace = plane.namespace(prefix);
        Self::at(plane, &namespace, &namespace)
    }

    /// The same on the control plane without controllers.
    pub(crate) fn quiet(prefix: &str) -> Self {
        let plane = ControlPlane::quiet();
        let namespace = plane.namespace(prefix);
        Self::at(plane, &namespace, &namespace)
    }

    /// The application `name` in a namespace that may be another's, too, or not be there yet.
    pub(crate) fn at(plane: &'static ControlPlane, namespace: &str, name: &str) -> Self {
        let user = plane.user();
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("manifests")).unwrap();
        Self {
            plane,
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            kubeconfig: user.kubeconfig.clone(),
            user,
            folder,
        }
    }

    /// Where its manifests are.
    pub(crate) fn manifests(&self) -> PathBuf {
        self.folder.path().join("manifests")
    }

    /// A place for other files.
    pub(crate) fn scratch(&self) -> &Path {
        self.folder.path()
    }

    /// From now on, runs go by this kubeconfig.
    pub(crate) fn set_kubeconfig(&mut self, kubeconfig: &Path) {
        self.kubeconfig = kubeconfig.to_owned();
    }

    /// Puts a manifest in place.
    pub(crate) fn put(&self, file: &str, text: impl AsRef<[u8]>) {
        fs::write(self.manifests().join(file), text).unwrap();
    }

    /// Takes a manifest away.
    pub(crate) fn remove(&self, file: &str) {
        fs::remove_file(self.manifests().join(file)).unwrap();
    }

    /// Puts `objects` in place of all manifests.
    pub(crate) fn set(&self, objects: &[String]) {
        for entry in fs::read_dir(self.manifests()).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
        self.put("all.yaml", objects.concat());
    }

    pub(crate) fn sync(&self) -> Lockstep {
        self.command("sync")
    }

    pub(crate) fn diff(&self) -> Lockstep {
        self.command("diff")
    }

    fn command(&self, command: &str) -> Lockstep {
        lockstep([command, "--namespace", &self.namespace])
            .args(["--name", &self.name, "--kubeconfig"])
            .arg(&self.kubeconfig)
            .arg(self.manifests())
    }

    /// `command` by an Application manifest whose `spec` has these further fields, as lines of YAML; the working copy
    /// stands for its repository.
    pub(crate) fn by_manifest(&self, command: &str, spec: &str) -> Lockstep {
        self.by_annotated_manifest(command, "{}", spec)
    }

    /// The same by a manifest with annotations, a mapping in YAML.
    pub(crate) fn by_annotated_manifest(
        &self,
        command: &str,
        annotations: &str,
        spec: &str,
    ) -> Lockstep {
        let file = self.scratch().join("application.yaml");
        let text = format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: {}\n  namespace: argocd\n  annotations: {annotations}\nspec:\n  project: default\n  source:\n    repoURL: https://git.example/shop.git\n    targetRevision: main\n    path: manifests\n  destination:\n    server: https://kubernetes.default.svc\n    namespace: {}\n{spec}",
            self.name, self.namespace
        );
        fs::write(&file, text).unwrap();
        lockstep([command, "--app"])
            .arg(file)
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .arg(self.scratch())
    }

    /// The live object.
    #[track_caller]
    pub(crate) fn live(&self, resource: &str, name: &str) -> Option<Value> {
        self.plane.get(resource, &self.namespace, name)
    }

    /// Whether the ConfigMap `name` is there.
    #[track_caller]
    pub(crate) fn has(&self, name: &str) -> bool {
        self.live("configmap", name).is_some()
    }

    /// The names of the ConfigMaps that the test made, sorted.
    #[track_caller]
    pub(crate) fn config_maps(&self) -> Vec<String> {
        let text = self.plane.kubectl([
            "-n",
            &self.namespace,
            "get",
            "configmaps",
            "-o",
            "jsonpath={.items[*].metadata.name}",
        ]);
        let mut names: Vec<String> = text
            .split_whitespace()
            .filter(|name| *name != "kube-root-ca.crt" && !name.starts_with("lockstep-inventory"))
            .map(str::to_owned)
            .collect();
        names.sort();
        names
    }

    /// Changes an object by hand, as kubectl does.
    #[track_caller]
    pub(crate) fn edit(&self, resource: &str, name: &str, patch: &Value) {
        self.plane.kubectl([
            "-n",
            &self.namespace,
            "patch",
            resource,
            name,
            "--type=merge",
            "-p",
            &patch.to_string(),
        ]);
    }

    /// The requests that were made for the application so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.plane.requests(&self.user.name)
    }

    /// The changes that were asked for from request `first` on, as `verb object`; what lockstep keeps for itself is left
    /// out.
    pub(crate) fn changes_since(&self, first: usize) -> Vec<String> {
        self.requests()[first..]
            .iter()
            .filter(|request| request.is_write() && !request.name.starts_with("lockstep-"))
            .filter(|request| request.resource != "leases.coordination.k8s.io")
            .map(|request| format!("{} {}", request.verb, request.object()))
            .collect()
    }

    pub(crate) fn changes(&self) -> Vec<String> {
        self.changes_since(0)
    }
}

/// A manifest, with annotations in Argo CD's name space and the lines of `rest` behind the metadata.
pub(crate) fn object(
    api_version: &str,
    kind: &str,
    name: &str,
    annotations: &[(&str, &str)],
    rest: &str,
) -> String {
    let mut text =
        format!("---\napiVersion: {api_version}\nkind: {kind}\nmetadata:\n  name: {name}\n");
    if !annotations.is_empty() {
        text.push_str("  annotations:\n");
        for (annotation, value) in annotations {
            text.push_str(&format!(
                "    argocd.argoproj.io/{annotation}: \"{value}\"\n"
            ));
        }
    }
    text.push_str(rest);
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// A ConfigMap with one value.
pub(crate) fn config_map(name: &str, annotations: &[(&str, &str)]) -> String {
    object("v1", "ConfigMap", name, annotations, "data: {key: value}\n")
}

/// A Job whose Pod becomes what `image` says.
pub(crate) fn job(name: &str, image: &str, annotations: &[(&str, &str)]) -> String {
    object(
        "batch/v1",
        "Job",
        name,
        annotations,
        &format!(
            "spec:\n  backoffLimit: 0\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n      - name: main\n        image: {image}\n"
        ),
    )
}

/// A Deployment of one Pod, which becomes what `image` says.
pub(crate) fn deployment(name: &str, image: &str, annotations: &[(&str, &str)]) -> String {
    object(
        "apps/v1",
        "Deployment",
        name,
        annotations,
        &format!(
            "spec:\n  replicas: 1\n  selector:\n    matchLabels: {{app: {name}}}\n  template:\n    metadata:\n      labels: {{app: {name}}}\n    spec:\n      containers:\n      - name: main\n        image: {image}\n"
        ),
    )
}

/// Where `change` stands in `changes`.
#[track_caller]
pub(crate) fn position(changes: &[String], change: &str) -> usize {
    changes
        .iter()
        .position(|found| found == change)
        .unwrap_or_else(|| panic!("no `{change}` in {changes:#?}"))
}
