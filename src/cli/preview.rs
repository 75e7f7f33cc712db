//! `lockstep preview`: what would be applied.

use std::fmt::Write as _;

use goyaml::Value;
use goyaml::emit::{self, EmitOptions, KeyOrder, Lossy, SequenceIndent};
use goyaml::json::{Escape, Layout, WriteError};
use secret::{Redactor, SecretBytes};

use super::Outcome;
use super::arguments::{PreviewArguments, PreviewOutput};
use super::environment::Environment;
use super::failure::Failure;
use super::printer::Printer;
use super::subject::Subject;
use super::table::Table;
use crate::pipeline::{Desired, Opening, Resource, mask};

/// As kustomize prints. Where go-yaml's layout loses a text, the text is kept instead.
pub(super) const LAYOUT: EmitOptions = EmitOptions {
    indent: 2,
    sequences: SequenceIndent::Compact,
    lossy: Lossy::Mend,
};

pub(super) fn run(
    arguments: PreviewArguments,
    mut environment: Environment,
    printer: &Printer,
) -> Result<Outcome, Failure> {
    let PreviewArguments {
        subject,
        cluster,
        output,
        show_secrets,
    } = arguments;
    let subject = Subject::load(&subject, &cluster, &mut environment, printer)?;
    print(&subject.desired, output, show_secrets, printer)?;
    Ok(Outcome::Done)
}

fn print(
    desired: &Desired,
    output: PreviewOutput,
    show_secrets: bool,
    printer: &Printer,
) -> Result<(), Failure> {
    let view = |resource: &Resource| {
        if show_secrets {
            resource.object.clone()
        } else {
            mask::masked(resource, printer.redactor())
        }
    };
    let text = match output {
        PreviewOutput::Yaml => yaml(desired, view),
        PreviewOutput::Json => json(desired, view).map_err(Failure::Json)?,
        PreviewOutput::Summary => summary(desired, printer.redactor()),
    };
    if show_secrets {
        printer.plaintext(&SecretBytes::new(text.into_bytes()))?;
    } else {
        printer.data(&text)?;
    }
    Ok(())
}

fn yaml(desired: &Desired, view: impl Fn(&Resource) -> Value) -> String {
    let mut text = String::new();
    for resource in desired.resources() {
        let _ = writeln!(text, "---\n# {}{}", resource.origin, protection(resource));
        text.push_str(&emit::value(&view(resource), KeyOrder::AsGiven, &LAYOUT));
    }
    text
}

fn json(desired: &Desired, view: impl Fn(&Resource) -> Value) -> Result<String, WriteError> {
    let items = desired.resources().iter().map(view).collect();
    let list = Value::Object(vec![
        ("apiVersion".to_owned(), Value::String("v1".to_owned())),
        ("kind".to_owned(), Value::String("List".to_owned())),
        ("items".to_owned(), Value::Array(items)),
    ]);
    let mut text = String::new();
    goyaml::json::write(
        &mut text,
        &list,
        Layout::Indented("  "),
        KeyOrder::AsGiven,
        Escape::Plain,
    )?;
    text.push('\n');
    Ok(text)
}

/// A line per object, in columns.
fn summary(desired: &Desired, redactor: &Redactor) -> String {
    let mut table = Table::new(["KIND", "NAMESPACE", "NAME", "SECRETS", "SOURCE"]);
    for resource in desired.resources() {
        // Also with `--show-secrets`, a summary shows no values.
        let identity = mask::identity(resource, redactor);
        let kind = if identity.group.is_empty() {
            identity.kind.clone()
        } else {
            format!("{}.{}", identity.kind, identity.group)
        };
        let secrets = match mask::secret_values(resource) {
            0 => "-".to_owned(),
            count => count.to_string(),
        };
        table.push([
            kind,
            identity.namespace.unwrap_or_else(|| "-".to_owned()),
            identity.name,
            secrets,
            format!("{}{}", resource.origin, protection(resource)),
        ]);
    }
    table.to_string()
}

const fn protection(resource: &Resource) -> &'static str {
    match resource.opened {
        Opening::None => "",
        Opening::Decrypted => " (sops, MAC verified)",
        Opening::Unsealed => " (sealed)",
    }
}
