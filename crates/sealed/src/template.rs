//! The templates of `spec.template.data`, as the controller runs them, and the judgement of which may run.
//!
//! Whoever can edit a SealedSecret can write its templates, and nothing binds them to the values. A template that fails
//! for some values and not for others tells its author something about a value, one bit at each try, wherever success
//! can be seen: in a status, a log, an exit code (this is how `/v1/verify` of the controller was an oracle). So by
//! default only templates run that succeed whatever the values are.

use std::collections::{BTreeMap, HashSet};

use gotemplate::{
    Construct, Fault, Field, Functions, Position, RenderError, Schema, SyntaxFault, Template,
    Totality, Value,
};
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
    #[error("template {position}: {construct}, which would tell something about a secret")]
    NotTotal {
        /// Where in the template.
        position: Position,
        /// What can fail.
        construct: Construct,
    },
    /// It fails whatever the values are. This was found without them.
    #[error("template {position}: {}{fault}", called(function.as_deref()))]
    Fails {
        /// Where in the template.
        position: Position,
        /// What goes wrong.
        fault: Fault,
        /// The function that fails.
        function: Option<String>,
    },
    /// It failed. What failed, and where, could depend on a value, and is not told.
    #[error("the template failed")]
    Failed,
}

fn called(function: Option<&str>) -> String {
    function
        .map(|name| format!("`{name}`: "))
        .unwrap_or_default()
}

impl TemplateError {
    /// A stable name of the cause.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "template-syntax",
            Self::NotTotal { .. } => "template-not-total",
            Self::Fails { .. } => "template-fails",
            Self::Failed => "template-failed",
        }
    }
}

/// Templates that may run.
pub(crate) struct Judged<'t> {
    templates: Vec<(&'t Entry<Option<String>>, Template)>,
    /// The texts of the templates, which each of them sees unrendered.
    siblings: Vec<(&'t str, &'t str)>,
    policy: TemplatePolicy,
}

/// Parses the templates of `entries` and decides whether they may run on values as `encrypted` holds them.
pub(crate) fn judge<'t>(
    entries: &'t [Entry<Option<String>>],
    encrypted: &[Entry<String>],
    policy: TemplatePolicy,
) -> Result<Judged<'t>, OpenError> {
    let functions = Functions::controller();
    let mut templates = Vec::new();
    for entry in entries {
        let Some(text) = &entry.value else { continue };
        let template = Template::parse(&entry.key, text, &functions).map_err(|error| {
            let (position, fault) = (error.position, error.fault);
            failed(entry, TemplateError::Syntax { position, fault })
        })?;
        templates.push((entry, template));
    }
    // A value wins over a template of the same key.
    let values: HashSet<_> = encrypted.iter().map(|value| value.key.as_str()).collect();
    let texts = entries
        .iter()
        .filter_map(|entry| Some((entry.key.as_str(), entry.value.as_deref()?)));
    let siblings: Vec<_> = texts.filter(|(key, _)| !values.contains(key)).collect();
    match policy {
        TemplatePolicy::Any => {}
        TemplatePolicy::Total => {
            let schema = schema(encrypted, &siblings);
            for (entry, template) in &templates {
                if let Totality::Partial {
                    position,
                    construct,
                } = template.totality(&schema)
                {
                    return Err(failed(
                        entry,
                        TemplateError::NotTotal {
                            position,
                            construct,
                        },
                    ));
                }
            }
        }
    }
    Ok(Judged {
        templates,
        siblings,
        policy,
    })
}

/// What everyone knows of the data that templates see.
fn schema(encrypted: &[Entry<String>], siblings: &[(&str, &str)]) -> Schema {
    let public = siblings.iter().fold(Schema::new(), |schema, (key, text)| {
        schema.with(*key, Field::Public(text.as_bytes().to_vec()))
    });
    encrypted.iter().fold(public, |schema, value| {
        // Four letters of base64 stand for three bytes of the sealed value, which is longer than what is in it.
        let longest = value.value.len() as u64 / 4 * 3;
        schema.with(value.key.as_str(), Field::Secret { longest })
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
    let siblings = || {
        judged
            .siblings
            .iter()
            .map(|(key, text)| (*key, text.as_bytes()))
    };
    let opened = values
        .iter()
        .map(|(key, value)| (key.as_str(), value.expose()));
    let data = Value::strings(opened.chain(siblings()));
    let render = |(entry, template): &(&'t Entry<Option<String>>, Template)| {
        let Ok(rendered) = template.render(&data) else {
            // The error is dropped: kubeseal tells it, and with `{{ fail .password }}` the value. A template that
            // passed the judgement fails on other values as well, and what it says of empty ones is harmless.
            let error = match judged.policy {
                TemplatePolicy::Any => TemplateError::Failed,
                TemplatePolicy::Total => {
                    let nothing = values.keys().map(|key| (key.as_str(), &b""[..]));
                    match template.render(&Value::strings(nothing.chain(siblings()))) {
                        Err(error) => fails(error),
                        Ok(_) => TemplateError::Failed,
                    }
                }
            };
            return Err(failed(entry, error));
        };
        Ok((entry.key.as_str(), SecretBytes::copy_of(rendered.expose())))
    };
    judged.templates.iter().map(render).collect()
}

fn fails(error: RenderError) -> TemplateError {
    TemplateError::Fails {
        position: error.position,
        fault: error.fault,
        function: error.function,
    }
}

fn failed(entry: &Entry<Option<String>>, error: TemplateError) -> OpenError {
    OpenError::Template {
        key: entry.key.clone(),
        line: entry.line,
        error,
    }
}
