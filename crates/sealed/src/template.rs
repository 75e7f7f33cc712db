//! The templates of `spec.template.data`. Until the template library is merged, every one of them is refused.

use std::collections::BTreeMap;

use secret::SecretBytes;
use thiserror::Error;

use crate::open::OpenError;
use crate::sealed_secret::Entry;

/// Which templates may run.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum TemplatePolicy {
    /// Those whose success cannot depend on a value. All others are refused before a value is opened.
    #[default]
    Total,
    /// All, as for the controller and kubeseal. A failure tells its place, and nothing else.
    Any,
}

/// Why a template cannot be used. No variant holds anything of the template or of a value.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum TemplateError {
    /// It failed. What failed, and where, could depend on a value, and is not told.
    #[error("the template failed")]
    Failed,
}

impl TemplateError {
    /// A stable name of the cause.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Failed => "template-failed",
        }
    }
}

/// Templates that may run.
pub(crate) struct Judged;

/// Decides whether the templates of `entries` may run.
pub(crate) fn judge(
    entries: &[Entry<Option<String>>],
    _encrypted: &[Entry<String>],
    _policy: TemplatePolicy,
) -> Result<Judged, OpenError> {
    match entries.iter().find(|entry| entry.value.is_some()) {
        Some(entry) => Err(OpenError::Template {
            key: entry.key.clone(),
            line: entry.line,
            error: TemplateError::Failed,
        }),
        None => Ok(Judged),
    }
}

/// Runs the templates on the opened values.
pub(crate) fn render(
    _judged: &Judged,
    _values: &BTreeMap<String, SecretBytes>,
) -> Result<Vec<(String, SecretBytes)>, OpenError> {
    Ok(Vec::new())
}
