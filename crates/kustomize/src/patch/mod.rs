//! Patches: what the text of one holds, and how patches change the objects of a build.
//!
//! A text is either strategic merge patches, one a document, or one JSON patch. Which of the two is found out by
//! reading it as both (api: internal/builtins/PatchTransformer.go). Files are read elsewhere.

pub mod json6902;

mod transform;

use goyaml::Node;
use thiserror::Error;

use crate::cache;
use crate::manifest::{self, ManifestError};
use crate::node;

pub use json6902::JsonPatch;
pub use transform::{PatchError, Patcher};

/// The patches of one text.
#[derive(Clone, Debug)]
pub enum Patches {
    /// Strategic merge patches. A text without content has none.
    Strategic(Vec<Node>),
    /// A JSON patch.
    Json(JsonPatch),
}

impl cache::Parse for Patches {
    type Error = PatchParseError;

    fn parse(text: &[u8]) -> Result<cache::Parsed<Self>, PatchParseError> {
        let patches = parse(text)?;
        let size = match &patches {
            Self::Strategic(patches) => patches.iter().map(node::size).sum(),
            Self::Json(patch) => patch.size(),
        };
        Ok(cache::Parsed {
            value: patches,
            size,
        })
    }
}

/// A text holds no patches.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PatchParseError {
    /// It can be read either way.
    #[error("illegally qualifies as both an SM and JSON patch")]
    Ambiguous,
    /// It can be read neither way.
    #[error("unable to parse SM or JSON patch (as a JSON patch: {json})")]
    Neither {
        /// Why it holds no objects.
        #[source]
        strategic: Box<ManifestError>,
        /// Why it is no JSON patch.
        json: json6902::ParseError,
    },
}

impl PatchParseError {
    /// A stable name of the error.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Ambiguous => "patch-ambiguous",
            Self::Neither { .. } => "patch-unreadable",
        }
    }
}

/// Reads an entry of `patches`: the text of `patch`, or what the file of `path` holds.
///
/// # Errors
///
/// When the text is neither kind of patch, or both.
pub fn parse(text: &[u8]) -> Result<Patches, PatchParseError> {
    let json = JsonPatch::parse(text);
    match (strategic(text), json) {
        (Ok(patches), Ok(json)) if !patches.is_empty() && !json.is_empty() => {
            Err(PatchParseError::Ambiguous)
        }
        (Ok(patches), _) => Ok(Patches::Strategic(patches)),
        (Err(_), Ok(json)) => Ok(Patches::Json(json)),
        (Err(strategic), Err(json)) => Err(PatchParseError::Neither {
            strategic: Box::new(strategic),
            json,
        }),
    }
}

/// Reads a text of strategic merge patches.
///
/// # Errors
///
/// When a document of it is no object with a kind and a name.
pub fn strategic(text: &[u8]) -> Result<Vec<Node>, ManifestError> {
    let objects = manifest::objects(text)?;
    Ok(objects.into_iter().map(|(node, _)| node).collect())
}
