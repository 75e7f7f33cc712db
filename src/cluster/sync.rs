//! From what is there to what is wanted.

use super::client::Cluster;
use super::compare::CompareError;
use super::inventory::InventoryError;
use super::outcome::Outcome;
use super::progress::Progress;
use super::request::SyncRequest;

/// Why nothing could be brought in step. What became of single objects is never here but in the [`Outcome`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// It is not known what to do.
    #[error(transparent)]
    Compare(#[from] CompareError),
    /// The inventory cannot be kept, so that nothing more is changed.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
}

impl SyncError {
    /// The stable name of the reason.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Compare(error) => error.reason(),
            Self::Inventory(error) => error.reason(),
        }
    }
}

/// Brings the cluster in step with what is wanted.
///
/// # Errors
///
/// When it cannot be found out what to do, or the inventory cannot be kept.
pub async fn sync(
    cluster: &Cluster,
    request: &SyncRequest<'_>,
    progress: &dyn Progress,
) -> Result<Outcome, SyncError> {
    todo!()
}
