//! How renderers read: files whose protection has been taken off, after it was checked.

use std::error::Error;

use secret::SecretBytes;

use crate::error::ReadError;
use crate::path::TreePath;
use crate::secret_parts::SecretParts;
use crate::tree::{FileBytes, Tree};

/// Opens the files that renderers ask for.
///
/// Renderers get a [`Tree`] to find their way and an `Opener` to read. An implementation hands out the bytes of a
/// protected file only once it has verified them, and decrypts nothing that nobody asks for.
pub trait Opener: Send + Sync {
    /// The content of the file at `path`.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or is protected and does not open.
    fn open(&self, tree: &Tree, path: &TreePath) -> Result<Opened, OpenError>;
}

/// Opens files as they are.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainOpener;

impl Opener for PlainOpener {
    fn open(&self, tree: &Tree, path: &TreePath) -> Result<Opened, OpenError> {
        let content = tree.read(path)?;
        Ok(Opened {
            content: Content::Plain(content),
            protection: Protection::None,
        })
    }
}

/// A file as renderers see it.
pub struct Opened {
    /// The bytes, without metadata of the protection.
    pub content: Content,
    /// How the file lies in the repository.
    pub protection: Protection,
}

/// The bytes of an opened file.
pub enum Content {
    /// As they lie in the repository.
    Plain(FileBytes),
    /// Decrypted.
    Secret(SecretBytes),
}

impl Content {
    /// The bytes, which can be secret.
    pub fn expose(&self) -> &[u8] {
        match self {
            Self::Plain(bytes) => bytes,
            Self::Secret(bytes) => bytes.expose(),
        }
    }
}

/// How a file is protected in the repository. Facts for people: later stages print them.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Protection {
    /// Not at all.
    None,
    /// Encrypted by SOPS.
    Sops(SopsProtection),
}

/// What is known of an opened SOPS file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SopsProtection {
    /// The store that the file is written in.
    pub format: SopsFormat,
    /// What the MAC covers. It has been verified: nothing is opened whose MAC does not hold.
    pub verified_mac: MacCoverage,
    /// What was encrypted in each document of the opened text, in order.
    pub encrypted: Vec<SecretParts>,
}

/// The stores of SOPS.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum SopsFormat {
    /// Any bytes, wrapped in JSON.
    Binary,
    /// `KEY=value` lines.
    Dotenv,
    /// INI sections.
    Ini,
    /// JSON.
    Json,
    /// YAML, one or more documents.
    Yaml,
}

/// Which values a MAC covers.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum MacCoverage {
    /// Encrypted values only (`mac_only_encrypted`): whoever can write the file can change the others.
    EncryptedValues,
    /// Every value.
    EveryValue,
}

/// A file could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The protection of the file does not come off.
    #[error("cannot open `{path}`")]
    Protection {
        /// The file.
        path: TreePath,
        /// A stable name of the opener's error.
        reason: &'static str,
        /// The opener's error. Its text holds no plaintext.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl OpenError {
    /// A stable name of this error: that of the opener's or the tree's.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Protection { reason, .. } => reason,
            Self::Read(error) => error.reason(),
        }
    }

    /// Whether nothing is there: see [`ReadError::is_not_found`].
    pub const fn is_not_found(&self) -> bool {
        matches!(self, Self::Read(error) if error.is_not_found())
    }
}
