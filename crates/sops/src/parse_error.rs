//! Why bytes are not an encrypted file.

use crate::document::{KeyPath, Place, Step};
use crate::metadata_reader::MetadataError;
use crate::stores::dotenv::DotenvError;
use crate::stores::ini::IniError;
use crate::stores::json::JsonError;
use crate::stores::yaml::YamlError;

/// Why bytes are not an encrypted file. Names places and keys, never a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The text is not YAML that sops can read.
    #[error(transparent)]
    Yaml(#[from] YamlError),
    /// The text is not JSON that sops can read.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The text is not dotenv.
    #[error(transparent)]
    Dotenv(#[from] DotenvError),
    /// The text is not INI.
    #[error(transparent)]
    Ini(#[from] IniError),
    /// There is no `sops` block.
    #[error("no sops metadata")]
    NoMetadata,
    /// The `sops` block does not read.
    #[error("sops metadata: {0}")]
    Metadata(MetadataError),
}

impl From<MetadataError> for ParseError {
    fn from(error: MetadataError) -> Self {
        Self::Metadata(error)
    }
}

impl ParseError {
    /// A stable name of the cause.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Yaml(error) => error.reason(),
            Self::Json(error) => error.reason(),
            Self::Dotenv(error) => error.reason(),
            Self::Ini(error) => error.reason(),
            Self::NoMetadata => "no-metadata",
            Self::Metadata(error) => error.reason(),
        }
    }
}

/// How a well-formed text differs from what a sops document can be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// The document is a list or a scalar.
    #[error("the document is not a mapping")]
    NotAMapping,
    /// The same key twice in one mapping.
    #[error("{0}: the key stands twice")]
    DuplicateKey(Place),
    /// A key that is a number, a boolean, a list …
    #[error("{0}: a key is not a text")]
    KeyNotText(Place),
    /// An integer beyond 64 bits with sign.
    #[error("{0}: integer out of range")]
    IntegerOutOfRange(Place),
    /// A scalar that does not read as its tag says.
    #[error("{0}: a scalar does not fit its tag")]
    WrongTag(Place),
}

impl ShapeError {
    /// A stable name of the cause.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotAMapping => "not-a-mapping",
            Self::DuplicateKey(_) => "duplicate-key",
            Self::KeyNotText(_) => "key-not-text",
            Self::IntegerOutOfRange(_) => "integer-out-of-range",
            Self::WrongTag(_) => "wrong-tag",
        }
    }

    pub(crate) fn duplicate(key: &[u8], line: Option<u32>) -> Self {
        let mut path = KeyPath::default();
        path.push_key(key);
        Self::DuplicateKey(Place {
            line: line.unwrap_or(0),
            path,
        })
    }

    /// The error as seen from the mapping around it.
    pub(crate) fn below_key(self, key: &[u8]) -> Self {
        self.below(Step::Key(String::from_utf8_lossy(key).into_owned()))
    }

    /// The error as seen from the list around it.
    pub(crate) fn below_index(self, index: usize) -> Self {
        self.below(Step::Index(index))
    }

    fn below(mut self, step: Step) -> Self {
        match &mut self {
            Self::NotAMapping => {}
            Self::DuplicateKey(place)
            | Self::KeyNotText(place)
            | Self::IntegerOutOfRange(place)
            | Self::WrongTag(place) => place.path.steps.insert(0, step),
        }
        self
    }
}
