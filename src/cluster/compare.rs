//! What would change, without changing it.

use serde_json::Value;
use tree::SecretParts;

use super::client::Cluster;
use super::error::ApiError;
use super::inventory::InventoryError;
use super::object::{GroupKind, ObjectKey};
use super::outcome::{Kept, ObjectError, Warning};
use super::plan::{self, Item, Plan};
use super::progress::Silent;
use super::request::SyncRequest;
use super::view::{History, Sight};
use crate::pipeline::Origin;

/// How the objects of an application and those of the cluster differ.
#[derive(Debug)]
pub struct Comparison {
    /// Every object: the wanted ones in the order of the source, then those that nobody wants any more. Hooks are left
    /// out, since they are not part of the application.
    pub objects: Vec<Compared>,
    /// What is worth a look all the same.
    pub warnings: Vec<Warning>,
    /// Whether all of the application's objects were found.
    pub knowledge: Knowledge,
}

/// One object, wanted and live.
#[derive(Debug)]
pub struct Compared {
    /// The object.
    pub key: ObjectKey,
    /// The version that it is looked at in.
    pub version: String,
    /// The place in the source; none for an object that is not wanted any more.
    pub origin: Option<Origin>,
    /// How the two differ.
    pub difference: Difference,
    /// Both sides, to be shown to a person.
    pub sight: Sight,
}

/// How a wanted and a live object differ.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Difference {
    /// It is not there, and would be made.
    Created,
    /// It is there and would be changed.
    Changed,
    /// It would be deleted and made anew, since it cannot be changed so.
    Recreated,
    /// It is as wanted.
    Unchanged,
    /// It is not wanted any more, and would be deleted.
    Pruned,
    /// It is not wanted any more, and stays.
    Kept {
        /// Why.
        why: Kept,
        /// Whether it makes the application differ: not with the compare option `IgnoreExtraneous`.
        counts: bool,
    },
    /// Its kind or its namespace comes with this sync, so that the cluster could not be asked. It would be made.
    NotValidated,
    /// The cluster would refuse it.
    Refused(ObjectError),
}

/// Whether all of an application's live objects are known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Knowledge {
    /// They are.
    Complete,
    /// Some kinds could not be searched; nothing of them is pruned.
    Partial,
}

/// Why two sides cannot be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// The cluster does not tell which kinds it serves.
    #[error("the kinds that the cluster serves cannot be read: {0}")]
    Discovery(#[source] ApiError),
    /// The inventory cannot be used.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// Live objects cannot be read.
    #[error("the objects of kind {kind} cannot be read: {source}")]
    Live {
        /// The kind.
        kind: GroupKind,
        /// Why not.
        source: ApiError,
    },
    /// Nothing is wanted where there is something.
    #[error("nothing was rendered, and {owned} objects of the application are in the cluster")]
    EmptyRender {
        /// How many objects the application has.
        owned: usize,
    },
    /// Something would have to be written where the cluster's Secret does not allow it.
    #[error("{key} is out of reach: the Secret of the cluster allows only some namespaces")]
    OutOfReach {
        /// The object.
        key: ObjectKey,
    },
    /// An object cannot be sent as JSON.
    #[error("{key} holds a value that JSON does not have")]
    NotJson {
        /// The object.
        key: ObjectKey,
    },
}

impl Comparison {
    /// Whether a sync would change anything that the application is compared by.
    pub fn differs(&self) -> bool {
        self.objects.iter().any(|object| object.difference.counts())
    }
}

impl Difference {
    /// Whether it makes the application differ.
    pub const fn counts(&self) -> bool {
        match self {
            Self::Unchanged => false,
            Self::Kept { counts, .. } => *counts,
            Self::Created
            | Self::Changed
            | Self::Recreated
            | Self::Pruned
            | Self::NotValidated
            | Self::Refused(_) => true,
        }
    }
}

impl CompareError {
    /// The stable name of the reason.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Discovery(error) | Self::Live { source: error, .. } => error.reason(),
            Self::Inventory(error) => error.reason(),
            Self::EmptyRender { .. } => "empty-render",
            Self::OutOfReach { .. } => "out-of-reach",
            Self::NotJson { .. } => "not-json",
        }
    }
}

/// Compares what is wanted with what is there. Nothing is changed: objects that differ are tried by dry runs.
///
/// # Errors
///
/// When the cluster cannot be read. What is wrong with a single object is in the [`Comparison`].
pub async fn compare(
    cluster: &Cluster,
    request: &SyncRequest<'_>,
) -> Result<Comparison, CompareError> {
    let survey = plan::survey(cluster, request, 0, None).await?;
    let plan = plan::decide(cluster, request, survey, &Silent).await?;
    Ok(Comparison::of(plan, request))
}

impl Comparison {
    /// What `plan` says of every object.
    fn of(plan: Plan, request: &SyncRequest<'_>) -> Self {
        let unknown = plan.unknown.iter().map(|key| Compared {
            key: key.clone(),
            version: String::new(),
            origin: None,
            difference: Difference::Kept {
                why: Kept::Unknown,
                counts: false,
            },
            sight: Sight::new(key, "", None, None, SecretParts::None, History::default()),
        });
        let objects = plan.items.iter().map(|item| item.compared(request));
        Self {
            objects: objects.chain(unknown).collect(),
            warnings: plan.warnings,
            knowledge: plan.knowledge,
        }
    }
}

impl Item {
    fn compared(&self, request: &SyncRequest<'_>) -> Compared {
        let nothing = Value::Null;
        // Rules that could not be used were told when the plan was made.
        let (live, predicted, _) = plan::compared(
            request,
            self.live.as_ref().unwrap_or(&nothing),
            self.predicted.as_ref().unwrap_or(&nothing),
        );
        let parts = self
            .target
            .as_ref()
            .map_or(SecretParts::None, |target| target.parts.clone());
        Compared {
            key: self.key.clone(),
            version: self.version.clone(),
            origin: self.target.as_ref().map(|target| target.origin.clone()),
            difference: self.difference.clone(),
            sight: Sight::new(
                &self.key,
                &self.version,
                self.live.as_ref().map(|_| &live),
                self.predicted.as_ref().map(|_| &predicted),
                parts,
                self.history,
            ),
        }
    }
}
