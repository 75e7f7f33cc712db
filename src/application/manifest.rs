//! Applications as files hold them.

use goyaml::decode::{self, DecodeError, Duplicates};
use goyaml::{AliasError, Dialect, Document, Kind, Limits, Node, ParseError, Value};

use super::fields::{self, FieldError, Notes};
use super::{Application, Flavour};

/// An application and what was noticed while it was read.
pub struct Manifest {
    /// The application.
    pub application: Application,
    /// What means nothing in its manifest.
    pub warnings: Vec<Warning>,
}

/// Something in a manifest that means nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Warning {
    /// The line on which it stands, counted from one; zero where that is not known.
    pub line: u32,
    /// The way to the field.
    pub field: String,
    /// Why it means nothing.
    pub why: Meaningless,
}

/// Why a field means nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Meaningless {
    /// There is no such field.
    Unknown,
    /// It has no effect here.
    Ignored,
}

/// Why no application can be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// Not YAML.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// YAML that Kubernetes does not take.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Aliases that lead nowhere, or to too much.
    #[error(transparent)]
    Alias(#[from] AliasError),
    /// A field cannot be used.
    #[error("line {line}: {source}")]
    Field {
        /// The line of the field, or of what should hold it.
        line: u32,
        /// What is wrong.
        source: FieldError,
    },
    /// There is no application.
    #[error("no Application of `argoproj.io/v1alpha1` or `lockstep.dev/v1alpha1`")]
    None,
    /// The version of the kind is not known.
    #[error("line {line}: the version of an Application must be `v1alpha1`")]
    Version {
        /// The line.
        line: u32,
    },
}

impl ManifestError {
    /// The stable name of the reason.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Parse(error) => error.reason(),
            Self::Decode(error) => error.reason(),
            Self::Alias(error) => error.reason(),
            Self::Field { source, .. } => source.reason(),
            Self::None => "no-application",
            Self::Version { .. } => "application-version",
        }
    }
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.why {
            Meaningless::Unknown => write!(f, "unknown field `{}`", self.field),
            Meaningless::Ignored => write!(f, "`{}` has no effect", self.field),
        }
    }
}

/// Reads the applications of a file. Objects of other kinds are passed over.
///
/// # Errors
///
/// When there is none, or one of them cannot be acted upon.
pub fn read(text: &[u8]) -> Result<Vec<Manifest>, ManifestError> {
    let mut manifests = Vec::new();
    for document in goyaml::parse_with(text, Dialect::GoYaml2, &Limits::default())? {
        manifests.extend(read_document(document)?);
    }
    if manifests.is_empty() {
        return Err(ManifestError::None);
    }
    Ok(manifests)
}

fn read_document(mut document: Document) -> Result<Option<Manifest>, ManifestError> {
    document.expand_aliases(&Limits::default())?;
    let value = decode::json_value(&document.root, Duplicates::Refuse)?;
    let text = |name| value.get(name).and_then(Value::as_str);
    let (Some("Application"), Some(api_version)) = (text("kind"), text("apiVersion")) else {
        return Ok(None);
    };
    let flavour = match api_version.split_once('/') {
        Some(("argoproj.io", "v1alpha1")) => Flavour::ArgoCd,
        Some(("lockstep.dev", "v1alpha1")) => Flavour::Lockstep,
        Some(("argoproj.io" | "lockstep.dev", _)) => {
            return Err(ManifestError::Version {
                line: line_of(&document.root, "apiVersion"),
            });
        }
        _ => return Ok(None),
    };
    let notes = Notes::default();
    let read = |fields: &mut fields::Fields<'_>| Application::read(flavour, fields);
    let application = fields::read_at(&value, String::new(), &notes, read).map_err(|source| {
        ManifestError::Field {
            line: line_of(&document.root, source.field()),
            source,
        }
    })?;
    let warnings = [
        (notes.unknown(), Meaningless::Unknown),
        (notes.ignored(), Meaningless::Ignored),
    ];
    let mut warnings: Vec<Warning> = warnings
        .into_iter()
        .flat_map(|(fields, why)| fields.into_iter().map(move |field| (field, why)))
        .map(|(field, why)| Warning {
            line: line_of(&document.root, &field),
            field,
            why,
        })
        .collect();
    warnings.sort_by_key(|warning| warning.line);
    Ok(Some(Manifest {
        application,
        warnings,
    }))
}

/// The line of the field at `path`, or of the innermost one on the way to it that there is.
fn line_of(root: &Node, path: &str) -> u32 {
    let mut node = root;
    let mut line = node.position.line;
    for part in path.split(['.', '[']) {
        let next = match (node.kind, part.strip_suffix(']')) {
            (Kind::Sequence, Some(index)) => {
                let item = index
                    .parse()
                    .ok()
                    .and_then(|index: usize| node.content.get(index));
                item.map(|item| (item.position.line, item))
            }
            (Kind::Mapping, None) => node
                .content
                .chunks_exact(2)
                .find(|pair| pair[0].value == part)
                .map(|pair| (pair[0].position.line, &pair[1])),
            _ => None,
        };
        let Some((at, inner)) = next else { break };
        (line, node) = (at, inner);
    }
    line
}

#[cfg(test)]
mod tests;
