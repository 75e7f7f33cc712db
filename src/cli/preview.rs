//! `lockstep preview`: what would be applied.

use std::fmt::Write as _;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use goyaml::Value;
use goyaml::emit::{self, EmitOptions, KeyOrder, Lossy, SequenceIndent};
use goyaml::json::{Escape, Layout, WriteError};
use kustomize::{BuildOptions, LoadRestriction};
use sealed::{DeprecatedData, OpenOptions};
use secret::{Redactor, SecretBytes};
use sops::SopsOpener;
use sops::keys::KeyPolicy;
use tree::{
    Depth, Extensions, Glob, MacCoverage, ManifestFilter, MemoryEntry, Protection, Tree, TreePath,
};

use super::Outcome;
use super::arguments::{LoadRestrictor, PreviewArguments, PreviewOutput};
use super::decrypt::template_policy;
use super::environment::Environment;
use super::failure::Failure;
use super::keys::Keys;
use super::place::{self, Root};
use super::printable::printable;
use super::printer::Printer;
use crate::pipeline::{
    Desired, DirectoryKind, Opening, Resource, SealedPolicy, Source, directory_kind, mask,
    materialise, render,
};

/// The name under which standard input is rendered.
const STANDARD_INPUT: &str = "stdin.yaml";

/// As kustomize prints. Where go-yaml's layout loses a text, the text is kept instead.
const LAYOUT: EmitOptions = EmitOptions {
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
        path,
        keys,
        output,
        show_secrets,
        recurse,
        include,
        exclude,
        keep_sealed,
        templates,
        load_restrictor,
    } = arguments;
    let keys = Keys::collect(&keys, &mut environment, KeyPolicy::default(), printer)?;
    let source = Place::find(&path)?;
    let glob = |pattern: Option<String>| {
        pattern
            .map(|pattern| Glob::parse(&pattern))
            .transpose()
            .map_err(Failure::Glob)
    };
    let filter = ManifestFilter {
        depth: if recurse {
            Depth::Recursive
        } else {
            Depth::Flat
        },
        include: glob(include)?,
        exclude: glob(exclude)?,
        extensions: Extensions::Manifests,
    };

    let opener = SopsOpener::new(
        &keys,
        keys.decrypt_options(),
        Arc::clone(printer.redactor()),
    );
    let build = BuildOptions {
        load_restriction: load_restriction(load_restrictor),
        ..BuildOptions::default()
    };
    let rendered = render(&source.tree, &opener, &source.source(&filter, &build)?)?;
    for warning in rendered.warnings() {
        printer.warn(&warning.to_string());
    }
    for warning in weak_protection(rendered.opened()) {
        printer.warn(&warning);
    }
    for skipped in rendered.skipped() {
        printer.note(&format!(
            "`{}` is passed over: {}",
            skipped.path, skipped.why
        ));
    }
    let policy = if keep_sealed {
        SealedPolicy::Keep
    } else {
        SealedPolicy::Open {
            keys: keys.sealing(),
            options: OpenOptions {
                templates: template_policy(templates.templates),
                deprecated_data: DeprecatedData::Accept,
            },
            redactor: printer.redactor(),
        }
    };
    let desired = materialise(rendered, &policy)?;
    print(&desired, output, show_secrets, printer)?;
    Ok(Outcome::Done)
}

/// A tree and what in it is to be rendered.
struct Place {
    tree: Tree,
    path: TreePath,
    is_directory: bool,
}

impl Place {
    /// The tree is the whole working copy, where there is one: links may lead to other places in it.
    fn find(path: &Path) -> Result<Self, Failure> {
        if path.as_os_str() == "-" {
            return Self::standard_input();
        }
        let real = place::real_path(path)?;
        let is_directory = real.is_dir();
        let root = if is_directory && place::is_kustomization(&real) {
            Root::of_kustomization(&real)
        } else {
            Root::of(&real)
        };
        Ok(Self {
            tree: root.tree()?,
            path: root.below(&real)?,
            is_directory,
        })
    }

    fn standard_input() -> Result<Self, Failure> {
        let mut bytes = Vec::new();
        io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map_err(|source| Failure::Read {
                path: "standard input".to_owned(),
                source,
            })?;
        let path = TreePath::parse(STANDARD_INPUT).map_err(Failure::Path)?;
        let tree = Tree::memory([(path.clone(), MemoryEntry::file(bytes))], place::limits())
            .map_err(Failure::StandardInput)?;
        Ok(Self {
            tree,
            path,
            is_directory: false,
        })
    }

    fn source<'a>(
        &'a self,
        filter: &'a ManifestFilter,
        options: &'a BuildOptions,
    ) -> Result<Source<'a>, Failure> {
        if !self.is_directory {
            return Ok(Source::File(&self.path));
        }
        match directory_kind(&self.tree, &self.path)? {
            DirectoryKind::Chart => Err(Failure::Chart {
                path: self.path.to_string(),
            }),
            DirectoryKind::Kustomization => Ok(Source::Kustomization {
                path: &self.path,
                options,
            }),
            DirectoryKind::Manifests => Ok(Source::Directory {
                path: &self.path,
                filter,
            }),
        }
    }
}

/// A word on each file whose clear-text values nothing vouches for.
pub(super) fn weak_protection(opened: &[(TreePath, Protection)]) -> impl Iterator<Item = String> {
    opened
        .iter()
        .filter(|(_, protection)| match protection {
            Protection::Sops(sops) => sops.verified_mac == MacCoverage::EncryptedValues,
            _ => false,
        })
        .map(|(path, _)| {
            format!("`{path}` is `mac_only_encrypted`: its clear-text values are not under the MAC")
        })
}

/// What `--load-restrictor` says.
pub(super) const fn load_restriction(restrictor: LoadRestrictor) -> LoadRestriction {
    match restrictor {
        LoadRestrictor::None => LoadRestriction::None,
        LoadRestrictor::RootOnly => LoadRestriction::RootOnly,
    }
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
    let mut rows = vec![["KIND", "NAMESPACE", "NAME", "SECRETS", "SOURCE"].map(str::to_owned)];
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
        let cells = [
            kind,
            identity.namespace.unwrap_or_else(|| "-".to_owned()),
            identity.name,
            secrets,
            format!("{}{}", resource.origin, protection(resource)),
        ];
        rows.push(cells.map(|cell| printable(&cell).into_owned()));
    }
    let mut widths = [0; 5];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

const fn protection(resource: &Resource) -> &'static str {
    match resource.opened {
        Opening::None => "",
        Opening::Decrypted => " (sops, MAC verified)",
        Opening::Unsealed => " (sealed)",
    }
}
