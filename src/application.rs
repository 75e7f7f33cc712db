//! What an application is: its sources, its destination and how it is kept in step, as data.
//!
//! The shape is Argo CD's `Application`, with fields of our own beside. Knows neither Git nor the cluster: it says what is
//! wanted, and they do it.
//!
//! * [`manifest`] reads applications from a file; everything is checked there, so that an [`Application`] is one that can
//!   be acted upon, as far as its manifest can tell.
//! * [`render`](mod@render) makes objects of one of its sources, as Argo CD does, once somebody has fetched the tree.
//!
//! Differences from Argo CD: a malformed `include` or `exclude` and a destination without a cluster are errors here, and
//! not a condition later.

pub mod environment;
pub mod manifest;
pub mod render;

mod destination;
mod duration;
mod fields;
mod ignore_difference;
mod kustomize;
mod overrides;
mod source;
mod sync_policy;
mod verify;

pub use destination::{ClusterReference, Destination};
pub use duration::DurationError;
pub use fields::FieldError;
pub use ignore_difference::IgnoreDifference;
pub use kustomize::KustomizeOptions;
pub use overrides::{OVERRIDES, OverridesError, overrides_of};
pub use source::{
    Content, DirectoryOptions, HelmOptions, HelmParameter, Hydrator, PluginOptions, Repository,
    Source, Sources, Tool,
};
pub use sync_policy::{Automation, Backoff, NamespaceMetadata, RetryPolicy, SyncPolicy};
pub use verify::{Secrets, Verification, VerifyMode};

use std::collections::BTreeMap;
use std::time::Duration;

use fields::Fields;

/// An application. It cannot be printed: values for charts and addresses of repositories may hold secrets.
#[derive(Clone)]
pub struct Application {
    /// Whose kind it is of.
    pub flavour: Flavour,
    /// Its name.
    pub name: String,
    /// The namespace of the resource, where it is one.
    pub namespace: Option<String>,
    /// Labels of the resource.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the resource.
    pub annotations: BTreeMap<String, String>,
    /// Finalizers of the resource.
    pub finalizers: Vec<String>,
    /// `spec.project`.
    pub project: String,
    /// `spec.source`, `spec.sources` or `spec.sourceHydrator`.
    pub sources: Sources,
    /// `spec.destination`.
    pub destination: Destination,
    /// `spec.syncPolicy`.
    pub sync_policy: SyncPolicy,
    /// `spec.ignoreDifferences`.
    pub ignore_differences: Vec<IgnoreDifference>,
    /// `spec.revisionHistoryLimit`.
    pub revision_history_limit: u32,
    /// What only our own applications have.
    pub own: OwnFields,
}

/// Whose kind of application one is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Flavour {
    /// `argoproj.io/v1alpha1`.
    ArgoCd,
    /// `lockstep.dev/v1alpha1`.
    Lockstep,
}

/// The fields that only `lockstep.dev/v1alpha1` has.
#[derive(Clone, Debug, Default)]
pub struct OwnFields {
    /// `spec.interval`: how often it is looked at, where nothing tells of a change.
    pub interval: Option<Duration>,
    /// `spec.suspend`: whether it is left alone.
    pub suspend: bool,
    /// `spec.serviceAccountName`: as whom its objects are read and written.
    pub service_account_name: Option<String>,
    /// `spec.secrets`: what its secrets may be opened with.
    pub secrets: Secrets,
    /// `spec.verify`: whose signature a commit must carry.
    pub verify: Option<Verification>,
}

/// The project of applications that name none.
const DEFAULT_PROJECT: &str = "default";
/// How many versions are remembered where nothing is said (argo-cd: `RevisionHistoryLimit`).
const HISTORY: u32 = 10;

impl Application {
    /// Reads the fields of an application's resource.
    fn read(flavour: Flavour, fields: &mut Fields<'_>) -> Result<Self, FieldError> {
        // Where it is a resource, these are there; nobody writes them by hand.
        fields.pass_over(&["apiVersion", "kind", "status", "operation"]);
        let metadata = fields.required("metadata", Metadata::read)?;
        let spec = |spec: &mut Fields<'_>| Self::read_spec(flavour, &metadata, spec);
        fields.required("spec", spec)
    }

    fn read_spec(
        flavour: Flavour,
        metadata: &Metadata,
        spec: &mut Fields<'_>,
    ) -> Result<Self, FieldError> {
        spec.pass_over(&["info"]);
        let own = match flavour {
            Flavour::ArgoCd => OwnFields::default(),
            Flavour::Lockstep => OwnFields::read(spec)?,
        };
        Ok(Self {
            flavour,
            name: metadata.name.clone(),
            namespace: metadata.namespace.clone(),
            labels: metadata.labels.clone(),
            annotations: metadata.annotations.clone(),
            finalizers: metadata.finalizers.clone(),
            project: spec
                .text("project")?
                .unwrap_or_else(|| DEFAULT_PROJECT.to_owned()),
            sources: Sources::read(spec)?,
            destination: spec.required("destination", Destination::read)?,
            sync_policy: spec
                .object("syncPolicy", SyncPolicy::read)?
                .unwrap_or_default(),
            ignore_differences: spec.list("ignoreDifferences", IgnoreDifference::read)?,
            revision_history_limit: spec.count("revisionHistoryLimit")?.unwrap_or(HISTORY),
            own,
        })
    }
}

impl OwnFields {
    fn read(spec: &mut Fields<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            interval: spec.parsed("interval", duration::parse_interval)?,
            suspend: spec.flag("suspend")?,
            service_account_name: spec.text("serviceAccountName")?,
            secrets: spec.object("secrets", Secrets::read)?.unwrap_or_default(),
            verify: spec.object("verify", Verification::read)?,
        })
    }
}

struct Metadata {
    name: String,
    namespace: Option<String>,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    finalizers: Vec<String>,
}

impl Metadata {
    fn read(fields: &mut Fields<'_>) -> Result<Self, FieldError> {
        let metadata = Self {
            name: fields.required_text("name")?,
            namespace: fields.text("namespace")?,
            labels: fields.texts_by_name("labels")?,
            annotations: fields.texts_by_name("annotations")?,
            finalizers: fields.texts("finalizers")?,
        };
        // Whatever else the API server keeps of a resource.
        fields.pass_over_rest();
        Ok(metadata)
    }
}
