//! The templates of `spec.template.data`, as the controller runs them, and the judgement of which may run.
//!
//! Whoever can edit a SealedSecret can write its templates, and nothing binds them to the values. A template that fails
//! for some values and not for others tells its author something about a value, one bit at each try, wherever success
//! can be seen: in a status, a log, an exit code (this is how `/v1/verify` of the controller was an oracle). So by
//! default only templates run that succeed whatever the values are.

use std::collections::BTreeMap;

use gotemplate::{Functions, Position, SyntaxFault, Template, Value};
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
    /// It is not a template.
    #[error("template {position}: {fault}")]
    Syntax {
        /// Where in the template.
        position: Position,
        /// What is wrong.
        fault: SyntaxFault,
    },
    /// Whether it succeeds could depend on a value, which [`TemplatePolicy::Total`] does not allow.
    #[error("the success of the template could depend on a secret value")]
    NotTotal,
    /// It failed. What failed, and where, could depend on a value, and is not told.
    #[error("the template failed")]
    Failed,
}

impl TemplateError {
    /// A stable name of the cause.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "template-syntax",
            Self::NotTotal => "template-not-total",
            Self::Failed => "template-failed",
        }
    }
}

/// Templates that may run.
pub(crate) struct Judged<'t> {
    templates: Vec<(&'t Entry<Option<String>>, Template)>,
    /// The texts of the templates, which each of them sees unrendered.
    siblings: Vec<(&'t str, &'t str)>,
}

/// Parses the templates of `entries` and decides whether they may run. `encrypted` are the keys of the values.
pub(crate) fn judge<'t>(
    entries: &'t [Entry<Option<String>>],
    encrypted: &[Entry<String>],
    policy: TemplatePolicy,
) -> Result<Judged<'t>, OpenError> {
    let siblings: Vec<(&str, &str)> = entries
        .iter()
        .filter(|entry| encrypted.iter().all(|value| value.key != entry.key))
        .filter_map(|entry| Some((entry.key.as_str(), entry.value.as_deref()?)))
        .collect();
    let functions = Functions::controller();
    let mut templates = Vec::with_capacity(entries.len());
    for entry in entries {
        let Some(text) = &entry.value else { continue };
        let template = Template::parse(&entry.key, text, &functions).map_err(|error| {
            let (position, fault) = (error.position, error.fault);
            failed(entry, TemplateError::Syntax { position, fault })
        })?;
        match policy {
            // Until the template library can judge, no template counts as one that always succeeds.
            TemplatePolicy::Total => return Err(failed(entry, TemplateError::NotTotal)),
            TemplatePolicy::Any => {}
        }
        templates.push((entry, template));
    }
    Ok(Judged {
        templates,
        siblings,
    })
}

/// Runs the templates on the opened values.
pub(crate) fn render<'t>(
    judged: &Judged<'t>,
    values: &BTreeMap<String, SecretBytes>,
) -> Result<Vec<(&'t str, SecretBytes)>, OpenError> {
    if judged.templates.is_empty() {
        return Ok(Vec::new());
    }
    let siblings = judged
        .siblings
        .iter()
        .map(|(key, text)| (*key, text.as_bytes()));
    let values = values
        .iter()
        .map(|(key, value)| (key.as_str(), value.expose()));
    let data = Value::strings(values.chain(siblings));
    let render = |(entry, template): &(&'t Entry<Option<String>>, Template)| {
        // The cause is dropped: kubeseal tells it, and with `{{ fail .password }}` the value.
        let rendered = template
            .render(&data)
            .map_err(|_| failed(entry, TemplateError::Failed))?;
        Ok((entry.key.as_str(), SecretBytes::copy_of(rendered.expose())))
    };
    judged.templates.iter().map(render).collect()
}

fn failed(entry: &Entry<Option<String>>, error: TemplateError) -> OpenError {
    OpenError::Template {
        key: entry.key.clone(),
        line: entry.line,
        error,
    }
}
