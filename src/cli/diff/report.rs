//! A comparison as a text.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use goyaml::emit::{self, KeyOrder};
use goyaml::json::{Escape, Layout, WriteError};
use goyaml::{Value, json};
use secret::Redactor;

use super::unified;
use crate::cli::preview::LAYOUT;
use crate::cli::printable::printable;
use crate::cli::table::Table;
use crate::cluster::{Compared, Comparison, Difference, Sight};

const HEADING: Style = Style::new().bold();
const PROBLEM: Style = AnsiColor::Red.on_default();

/// What is shown of secrets.
pub(super) enum Values<'a> {
    /// Fingerprints in their places.
    Masked(&'a Redactor),
    /// They themselves, as somebody asked for.
    Shown,
}

/// A comparison, and how it is shown.
pub(super) struct Report<'a> {
    pub(super) comparison: &'a Comparison,
    pub(super) values: Values<'a>,
}

impl Report<'_> {
    /// The lines that differ, object by object.
    pub(super) fn unified(&self, context: usize) -> String {
        let mut text = String::new();
        for object in &self.comparison.objects {
            if matches!(object.difference, Difference::Unchanged) {
                continue;
            }
            let _ = writeln!(
                text,
                "{HEADING}{} ({}){HEADING:#}",
                printable(&object.key.to_string()),
                printable(&describe(object))
            );
            match &object.difference {
                Difference::Refused(error) => {
                    let error = error.to_string();
                    let _ = writeln!(text, "{PROBLEM}{}{PROBLEM:#}", printable(&error));
                }
                Difference::Kept { .. } => {}
                _ => {
                    let (live, wanted) = self.sides(&object.sight);
                    let yaml = |side: Option<Value>| side.as_ref().map(yaml).unwrap_or_default();
                    let (live, wanted) = (yaml(live), yaml(wanted));
                    let _ = writeln!(text, "--- live\n+++ wanted");
                    unified::write(&mut text, &live, &wanted, context);
                }
            }
        }
        text
    }

    /// A line per object.
    pub(super) fn summary(&self) -> String {
        let mut table = Table::new(["", "KIND", "NAMESPACE", "NAME", "SOURCE", "MESSAGE"]);
        for object in &self.comparison.objects {
            let message = match &object.difference {
                Difference::Kept { why, .. } => why.to_string(),
                Difference::Refused(error) => error.to_string(),
                _ => String::new(),
            };
            let origin = object.origin.as_ref();
            table.push([
                word(&object.difference).to_owned(),
                object.key.group_kind.to_string(),
                object
                    .key
                    .namespace
                    .clone()
                    .unwrap_or_else(|| "-".to_owned()),
                object.key.name.clone(),
                origin.map_or_else(|| "-".to_owned(), ToString::to_string),
                message,
            ]);
        }
        table.to_string()
    }

    /// Both sides of every object that differs, for programs.
    pub(super) fn json(&self) -> Result<String, WriteError> {
        let objects = self
            .comparison
            .objects
            .iter()
            .map(|object| self.json_object(object))
            .collect();
        let report = object([
            ("differs", Value::Bool(self.comparison.differs())),
            ("objects", Value::Array(objects)),
        ]);
        let mut text = String::new();
        json::write(
            &mut text,
            &report,
            Layout::Indented("  "),
            KeyOrder::AsGiven,
            Escape::Plain,
        )?;
        text.push('\n');
        Ok(text)
    }

    /// How many objects there are of each sort.
    pub(super) fn totals(&self) -> String {
        let mut counts: Vec<(&str, usize)> = Vec::new();
        for object in &self.comparison.objects {
            let word = word(&object.difference);
            match counts.iter_mut().find(|(known, _)| *known == word) {
                Some((_, count)) => *count += 1,
                None => counts.push((word, 1)),
            }
        }
        if counts.is_empty() {
            return "no objects".to_owned();
        }
        let counts: Vec<String> = counts
            .into_iter()
            .map(|(word, count)| format!("{count} {word}"))
            .collect();
        counts.join(", ")
    }

    fn json_object(&self, compared: &Compared) -> Value {
        let text = |text: &str| Value::String(text.to_owned());
        let mut fields = vec![
            ("group", text(&compared.key.group_kind.group)),
            ("version", text(&compared.version)),
            ("kind", text(&compared.key.group_kind.kind)),
        ];
        if let Some(namespace) = &compared.key.namespace {
            fields.push(("namespace", text(namespace)));
        }
        fields.push(("name", text(&compared.key.name)));
        fields.push(("difference", text(word(&compared.difference))));
        if let Some(origin) = &compared.origin {
            fields.push(("source", text(&origin.to_string())));
        }
        match &compared.difference {
            Difference::Unchanged => {}
            Difference::Kept { why, .. } => fields.push(("message", text(&why.to_string()))),
            Difference::Refused(error) => {
                fields.push(("reason", text(error.reason())));
                fields.push(("message", text(&error.to_string())));
            }
            _ => {
                let (live, wanted) = self.sides(&compared.sight);
                fields.push(("live", live.unwrap_or_default()));
                fields.push(("wanted", wanted.unwrap_or_default()));
            }
        }
        object(fields)
    }

    fn sides(&self, sight: &Sight) -> (Option<Value>, Option<Value>) {
        match self.values {
            Values::Masked(redactor) => sight.masked(redactor),
            Values::Shown => {
                let (live, wanted) = sight.expose();
                (live.cloned(), wanted.cloned())
            }
        }
    }
}

/// Keys are sorted, as in `kubectl diff`: the API server has its own order.
fn yaml(side: &Value) -> String {
    emit::value(side, KeyOrder::Sorted, &LAYOUT)
}

fn object(fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let owned = |(name, value): (&str, Value)| (name.to_owned(), value);
    Value::Object(fields.into_iter().map(owned).collect())
}

fn describe(object: &Compared) -> String {
    let mut text = word(&object.difference).to_owned();
    if let Difference::Kept { why, .. } = &object.difference {
        let _ = write!(text, ": {why}");
    }
    if let Some(origin) = &object.origin {
        let _ = write!(text, ", {origin}");
    }
    text
}

/// How an object differs, in a word or two.
const fn word(difference: &Difference) -> &'static str {
    match difference {
        Difference::Created => "created",
        Difference::Changed => "changed",
        Difference::Recreated => "recreated",
        Difference::Unchanged => "unchanged",
        Difference::Pruned => "pruned",
        Difference::Kept { .. } => "not wanted",
        Difference::NotValidated => "created, not validated",
        Difference::Refused(_) => "refused",
    }
}
