//! What is worth telling about a build that succeeded.

use std::fmt;
use std::sync::Arc;

use tree::TreePath;

use crate::id::ResId;
use crate::kustomization::DeprecatedField;

/// Something to tell about a build.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// A kustomization uses a field that has a better successor.
    Deprecated {
        /// The kustomization's directory.
        kustomization: TreePath,
        /// The field.
        field: DeprecatedField,
    },
    /// Something to tell about a remote base. Places in it are of that repository.
    RemoteBase {
        /// The base, without credentials.
        base: Arc<str>,
        /// What there is to tell.
        warning: Box<Self>,
    },
    /// Vars that nothing refers to.
    UnusedVars {
        /// Their names.
        names: Vec<String>,
    },
    /// The name of an object tells a hash of decrypted values that can be guessed.
    GuessableHash {
        /// The object, by its name without the hash.
        id: Box<ResId<'static>>,
        /// The keys of the values that are easy to guess.
        keys: Vec<String>,
    },
}

impl Warning {
    /// A stable name for the kind of warning.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::RemoteBase { warning, .. } => warning.reason(),
            Self::Deprecated { .. } => "deprecated-field",
            Self::UnusedVars { .. } => "unused-vars",
            Self::GuessableHash { .. } => "guessable-hash",
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RemoteBase { base, warning } => write!(f, "{base}: {warning}"),
            Self::Deprecated { field, .. } => field.fmt(f),
            Self::UnusedVars { names } => write!(
                f,
                "well-defined vars that were never replaced: {}",
                names.join(",")
            ),
            Self::GuessableHash { id, keys } => write!(
                f,
                "the hash in the name of {id} is a public fingerprint of its decrypted data, and short values can be \
                 guessed from it ({}); set disableNameSuffixHash or use longer values",
                keys.join(", ")
            ),
        }
    }
}
