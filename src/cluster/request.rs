//! What one sync is asked to do.

use std::collections::BTreeMap;
use std::time::Duration;

use super::cluster_secret::Reach;
use super::ignore::IgnoreRules;
use super::object::ObjectKey;
use super::options::{CompareOptions, SyncOptions};
use super::ownership::ApplicationName;
use crate::pipeline::Desired;

/// What one [`sync`](super::sync()) or [`compare`](super::compare()) is asked to do. [`SyncRequest::new`] gives what Argo
/// CD does where nothing else is said, and nothing is pruned.
pub struct SyncRequest<'a> {
    /// Whose objects they are.
    pub application: ApplicationName,
    /// The namespace for objects that name none, which holds the inventory too.
    pub namespace: String,
    /// Which objects of the cluster may be read and written. One that is wanted and lies outside is an error.
    pub reach: Reach,
    /// What tells this application's source from that of another application of the same name.
    pub source: SourceIdentity,
    /// The commit that was rendered, or a name for what has none.
    pub revision: String,
    /// The objects that are wanted: all of them, or pruning deletes what is left out.
    pub desired: &'a Desired,
    /// The options of the whole application.
    pub options: SyncOptions,
    /// How the application is compared.
    pub compare: CompareOptions,
    /// What is not looked at when live objects are compared.
    pub ignore: IgnoreRules,
    /// Whether owned objects that are not wanted any more are deleted.
    pub pruning: Pruning,
    /// Whether nothing at all may be wanted where there was something.
    pub empty: EmptyRender,
    /// When fields are taken from other managers.
    pub conflicts: ConflictPolicy,
    /// Whether objects of other applications are taken over.
    pub adoption: Adoption,
    /// Labels and annotations of a namespace that `CreateNamespace` makes.
    pub namespace_metadata: Option<NamespaceMetadata>,
    /// The objects that this sync is about.
    pub extent: Extent,
    /// Whether hooks are run.
    pub hooks: HookPolicy,
    /// What becomes of an object that cannot be changed into the wanted one.
    pub force: Force,
    /// Whether anything is changed at all.
    pub mode: Mode,
    /// How long a sync waits for what it started.
    pub waiting: Waiting,
    /// How long single waits may take.
    pub timeouts: Timeouts,
    /// Who syncs, for people who find the application at work.
    pub holder: String,
}

/// What tells one source from another: a repository and a path, or a folder of this machine. It is kept in the cluster and
/// shown to people, so it must hold no credentials.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceIdentity(String);

/// Whether owned objects that are not wanted any more are deleted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Pruning {
    /// They stay, and are reported.
    #[default]
    Off,
    /// They are deleted, except those that want a confirmation (`Prune=confirm`).
    On,
    /// They are deleted, also those that want a confirmation: somebody gave it.
    Confirmed,
}

/// Whether nothing at all may be wanted where there was something.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum EmptyRender {
    /// That is an error: a render that lost everything looks the same.
    #[default]
    Refuse,
    /// It may (`allowEmpty`).
    Allow,
}

/// When fields that another manager owns are taken from it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ConflictPolicy {
    /// In objects that are this application's already; elsewhere a conflict is an error.
    #[default]
    ForceOwned,
    /// Never: a conflict is an error.
    Never,
    /// Always.
    Always,
}

/// Whether objects of other applications, of lockstep or of Argo CD, are taken over, and an application of the same name
/// whose source was another one.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Adoption {
    /// They are not, and wanting one is an error.
    #[default]
    Refuse,
    /// They become this application's.
    TakeOver,
}

/// Labels and annotations for the namespace that `CreateNamespace` makes (`managedNamespaceMetadata`).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NamespaceMetadata {
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
}

/// The objects that a sync is about.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Extent {
    /// All of the application's.
    #[default]
    All,
    /// Only these, wanted or not; hooks are left out then, as in Argo CD.
    Only(Vec<Selector>),
}

/// Which object a partial sync is about. An empty namespace stands for every namespace.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Selector {
    /// The API group, empty for the core group.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// The namespace; any when empty.
    pub namespace: String,
    /// The name.
    pub name: String,
}

/// Whether hooks are run.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum HookPolicy {
    /// They are.
    #[default]
    Run,
    /// They are not (`syncStrategy.apply`).
    Skip,
}

/// What becomes of an object that cannot be changed into the wanted one, as a Job whose template changed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Force {
    /// It stays as it is, which is an error, unless the object itself says `Force=true`.
    #[default]
    AsAnnotated,
    /// It is deleted and made anew (`syncStrategy.force`).
    Recreate,
}

/// Whether anything is changed at all.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Mode {
    /// The cluster is changed.
    #[default]
    Apply,
    /// The cluster says what it would do, and nothing is changed.
    DryRun,
}

/// How long a sync waits for what it started.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Waiting {
    /// Until everything before the last step is healthy, all hooks are done, and what was pruned is gone.
    #[default]
    BetweenSteps,
    /// Until the objects of the last step are healthy as well, and the hooks that are deleted are gone.
    ToTheEnd,
}

/// How long single waits may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timeouts {
    /// For the objects of one step to become healthy, for its hooks to complete, and for deleted objects to be gone.
    pub step: Duration,
    /// Between one step that changed something and the next, so that controllers see the change before the health of
    /// their objects is judged. Argo CD's `ARGOCD_SYNC_WAVE_DELAY`.
    pub wave_delay: Duration,
    /// For the API server to serve the kind of a new CustomResourceDefinition.
    pub established: Duration,
    /// How long a sync that says nothing any more is taken for alive. A running one renews its mark three times as
    /// often.
    pub lease: Duration,
}

impl<'a> SyncRequest<'a> {
    /// A sync of all that is wanted, with everything else as in Argo CD where nothing is said.
    pub fn new(
        application: ApplicationName,
        namespace: impl Into<String>,
        source: SourceIdentity,
        revision: impl Into<String>,
        desired: &'a Desired,
    ) -> Self {
        Self {
            application,
            namespace: namespace.into(),
            reach: Reach::default(),
            source,
            revision: revision.into(),
            desired,
            options: SyncOptions::default(),
            compare: CompareOptions::default(),
            ignore: IgnoreRules::default(),
            pruning: Pruning::default(),
            empty: EmptyRender::default(),
            conflicts: ConflictPolicy::default(),
            adoption: Adoption::default(),
            namespace_metadata: None,
            extent: Extent::default(),
            hooks: HookPolicy::default(),
            force: Force::default(),
            mode: Mode::default(),
            waiting: Waiting::default(),
            timeouts: Timeouts::default(),
            holder: format!("process {}", std::process::id()),
        }
    }
}

impl SourceIdentity {
    /// The source that `text` names.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Extent {
    /// Whether the sync is about `key`.
    pub fn contains(&self, key: &ObjectKey) -> bool {
        match self {
            Self::All => true,
            Self::Only(selectors) => selectors.iter().any(|selector| selector.selects(key)),
        }
    }
}

impl Selector {
    fn selects(&self, key: &ObjectKey) -> bool {
        self.group == key.group_kind.group
            && self.kind == key.group_kind.kind
            && self.name == key.name
            && (self.namespace.is_empty()
                || key.namespace.as_deref() == Some(self.namespace.as_str()))
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            step: Duration::from_secs(5 * 60),
            wave_delay: Duration::from_secs(2),
            established: Duration::from_secs(30),
            lease: Duration::from_secs(10),
        }
    }
}
