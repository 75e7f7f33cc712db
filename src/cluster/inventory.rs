//! Which objects an application has, and who is at work on them.

use std::time::Duration;

use super::error::ApiError;

/// Why the inventory cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InventoryError {
    /// It cannot be read.
    #[error("the inventory of the application cannot be read: {0}")]
    Read(#[source] ApiError),
    /// It cannot be written.
    #[error("the inventory of the application cannot be written: {0}")]
    Write(#[source] ApiError),
    /// There is no namespace to keep it in.
    #[error("the namespace `{namespace}` does not exist, and nothing says to create it")]
    NamespaceMissing {
        /// The namespace.
        namespace: String,
    },
    /// Something else than an inventory has its name, or another version of lockstep wrote it.
    #[error("the ConfigMap `{name}` is no inventory that this version of lockstep can read")]
    Malformed {
        /// The name of the ConfigMap.
        name: String,
    },
    /// An application of the same name has another source.
    #[error("an application of this name is there already, from `{source_identity}`")]
    OtherSource {
        /// The other source.
        source_identity: String,
    },
    /// Another sync of the same application is at work.
    #[error("another sync of this application is at work ({holder})")]
    Concurrent {
        /// Who is at work.
        holder: String,
    },
    /// Another sync took over, since this one said nothing for too long.
    #[error("another sync of this application took over: this one gave no sign of life for {} s", .after.as_secs())]
    Lost {
        /// How long it may say nothing.
        after: Duration,
    },
}

impl InventoryError {
    /// The stable name of the reason.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Read(error) | Self::Write(error) => error.reason(),
            Self::NamespaceMissing { .. } => "namespace-missing",
            Self::Malformed { .. } => "inventory-malformed",
            Self::OtherSource { .. } => "other-source",
            Self::Concurrent { .. } => "concurrent-sync",
            Self::Lost { .. } => "sync-taken-over",
        }
    }
}
