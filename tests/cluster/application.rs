//! Applications of tests: manifests, and what is asked for them.

use std::path::Path;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use lockstep::cluster::options::SyncOptions;
use lockstep::cluster::{
    ApplicationName, Cluster, Comparison, Connection, Difference, ExecCredentials,
    KubeconfigSource, ObjectResult, Outcome, Progress, RequestCounts, SourceIdentity, SyncError,
    SyncEvent, SyncRequest,
};
use lockstep::pipeline::{Desired, SealedPolicy, Source, materialise, render};
use peers::control_plane::ControlPlane;
use tokio::runtime::Runtime;
use tree::{Limits, ManifestFilter, MemoryEntry, PlainOpener, Tree, TreePath};

/// An application of its own name, in a namespace of its own.
pub(crate) struct Application {
    pub(crate) plane: &'static ControlPlane,
    pub(crate) cluster: Cluster,
    pub(crate) name: String,
    pub(crate) namespace: String,
}

/// Hears everything.
#[derive(Default)]
pub(crate) struct Heard(pub(crate) Mutex<Vec<String>>);

impl Progress for Heard {
    fn report(&self, event: SyncEvent<'_>) {
        let text = match event {
            SyncEvent::Object(result) => line(result),
            SyncEvent::Step { phase, wave, .. } => format!("step {} {wave}", phase.name()),
            _ => return,
        };
        self.0.lock().unwrap().push(text);
    }
}

/// `Kind name: code phase: message`.
pub(crate) fn line(result: &ObjectResult) -> String {
    format!(
        "{} {}: {} {}: {}",
        result.key.group_kind.kind, result.key.name, result.code, result.phase, result.message
    )
}

pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap()
    })
}

/// The objects of YAML documents.
pub(crate) fn desired(manifests: &str) -> Desired {
    let path = TreePath::parse("manifests.yaml").unwrap();
    let files = [(path, MemoryEntry::file(manifests))];
    let tree = Tree::memory(files, Limits::default()).unwrap();
    let root = TreePath::root();
    let source = Source::Directory {
        path: &root,
        filter: &ManifestFilter::default(),
    };
    let rendered = render(&tree, &PlainOpener, &source).unwrap();
    materialise(rendered, &SealedPolicy::Keep).unwrap()
}

impl Application {
    /// One on the control plane with all controllers.
    pub(crate) fn new(prefix: &str) -> Self {
        let plane = ControlPlane::shared();
        let namespace = plane.namespace(prefix);
        Self {
            plane,
            cluster: connect(&plane.kubeconfig()),
            name: namespace.clone(),
            namespace,
        }
    }

    pub(crate) fn request<'a>(&self, desired: &'a Desired) -> SyncRequest<'a> {
        let mut request = SyncRequest::new(
            ApplicationName::parse(&self.name).unwrap(),
            &self.namespace,
            SourceIdentity::new("test"),
            "0123456789abcdef",
            desired,
        );
        request.timeouts.wave_delay = Duration::ZERO;
        request.timeouts.step = Duration::from_secs(60);
        request.timeouts.lease = Duration::from_secs(1);
        request
    }

    pub(crate) fn sync(&self, manifests: &str) -> Outcome {
        self.sync_with(manifests, |_| {})
    }

    pub(crate) fn sync_with(
        &self,
        manifests: &str,
        change: impl FnOnce(&mut SyncRequest<'_>),
    ) -> Outcome {
        self.try_sync(manifests, change, &Heard::default()).unwrap()
    }

    pub(crate) fn try_sync(
        &self,
        manifests: &str,
        change: impl FnOnce(&mut SyncRequest<'_>),
        progress: &dyn Progress,
    ) -> Result<Outcome, SyncError> {
        let desired = desired(manifests);
        let mut request = self.request(&desired);
        change(&mut request);
        runtime().block_on(lockstep::cluster::sync(&self.cluster, &request, progress))
    }

    pub(crate) fn compare(&self, manifests: &str) -> Comparison {
        self.compare_with(manifests, |_| {})
    }

    pub(crate) fn compare_with(
        &self,
        manifests: &str,
        change: impl FnOnce(&mut SyncRequest<'_>),
    ) -> Comparison {
        let desired = desired(manifests);
        let mut request = self.request(&desired);
        change(&mut request);
        runtime()
            .block_on(lockstep::cluster::compare(&self.cluster, &request))
            .unwrap()
    }

    /// What differs: `Created ConfigMap a`.
    pub(crate) fn differences(&self, manifests: &str) -> Vec<String> {
        differences(&self.compare(manifests))
    }

    /// `kubectl` with these words behind it, and `input` to read.
    pub(crate) fn kubectl_with(&self, arguments: &str, input: &str) {
        let arguments = ["-n", self.namespace.as_str()]
            .into_iter()
            .chain(arguments.split_whitespace());
        let output = self.plane.try_kubectl(arguments, input);
        assert!(output.status.success(), "{output:?}");
    }

    pub(crate) fn kubectl(&self, arguments: &str) -> String {
        let arguments = ["-n", self.namespace.as_str()]
            .into_iter()
            .chain(arguments.split_whitespace());
        self.plane.kubectl(arguments)
    }

    /// How many requests `work` makes.
    pub(crate) fn requests(&self, work: impl FnOnce()) -> Requests {
        let before = self.cluster.requests();
        work();
        Requests::between(before, self.cluster.requests())
    }
}

/// Requests by what they do.
#[derive(Debug)]
pub(crate) struct Requests {
    pub(crate) total: u64,
    pub(crate) writes: u64,
    pub(crate) dry_runs: u64,
    pub(crate) applies: u64,
}

impl Requests {
    fn between(before: RequestCounts, after: RequestCounts) -> Self {
        let writes = |counts: RequestCounts| {
            counts.apply + counts.create + counts.replace + counts.patch + counts.delete
        };
        Self {
            total: after.total() - before.total(),
            writes: writes(after) - writes(before),
            dry_runs: after.dry_run - before.dry_run,
            applies: after.apply - before.apply,
        }
    }
}

pub(crate) fn connect(kubeconfig: &Path) -> Cluster {
    let source = KubeconfigSource {
        files: vec![kubeconfig.to_owned()],
        context: None,
    };
    let connection = Connection::kubeconfig(&source, ExecCredentials::Refuse).unwrap();
    // Clients belong to the runtime that they were made in.
    let _inside = runtime().enter();
    Cluster::connect(connection).unwrap()
}

pub(crate) fn differences(comparison: &Comparison) -> Vec<String> {
    comparison
        .objects
        .iter()
        .filter_map(|object| {
            let what = match &object.difference {
                Difference::Unchanged => return None,
                Difference::Created => "created".to_owned(),
                Difference::Changed => "changed".to_owned(),
                Difference::Recreated => "recreated".to_owned(),
                Difference::Pruned => "pruned".to_owned(),
                Difference::NotValidated => "not validated".to_owned(),
                Difference::Kept { why, .. } => format!("kept: {why}"),
                Difference::Refused(error) => format!("refused: {error}"),
                other => format!("{other:?}"),
            };
            Some(format!(
                "{} {}: {what}",
                object.key.group_kind.kind, object.key.name
            ))
        })
        .collect()
}

pub(crate) fn lines(outcome: &Outcome) -> Vec<String> {
    outcome.results.iter().map(line).collect()
}

pub(crate) fn options(options: &[&str]) -> SyncOptions {
    SyncOptions::parse(options)
}

/// A ConfigMap with one value.
pub(crate) fn config_map(name: &str, value: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  key: {value}\n"
    )
}

/// One with an annotation of Argo CD's.
pub(crate) fn annotated(name: &str, annotation: &str, value: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  annotations:\n    argocd.argoproj.io/{annotation}: \"{value}\"\ndata:\n  key: value\n"
    )
}

/// A hook: a Job whose Pod becomes what `image` says.
pub(crate) fn hook(name: &str, phase: &str, policy: &str, image: &str) -> String {
    format!(
        "---\napiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {name}\n  annotations:\n    argocd.argoproj.io/hook: {phase}\n    argocd.argoproj.io/hook-delete-policy: {policy}\nspec:\n  backoffLimit: 0\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n      - name: main\n        image: {image}\n"
    )
}
