//! `lockstep build`: what `kustomize build` prints.

use std::mem;
use std::path::Path;
use std::sync::Arc;

use goyaml::emit;
use kustomize::{BuildOptions, RemoteBases};
use secret::SecretBytes;
use sops::SopsOpener;
use sops::keys::KeyPolicy;

use super::Outcome;
use super::arguments::BuildArguments;
use super::environment::Environment;
use super::failure::Failure;
use super::keys::Keys;
use super::place::{self, Root};
use super::printer::Printer;
use super::repositories::Repositories;
use super::subject::{load_restriction, weak_protection};
use crate::git::UrlPolicy;
use crate::pipeline::{Source, mask, render};

pub(super) fn run(
    arguments: BuildArguments,
    mut environment: Environment,
    printer: &Printer,
) -> Result<Outcome, Failure> {
    let BuildArguments {
        path,
        keys,
        show_secrets,
        load_restrictor,
        fetching,
    } = arguments;
    secret::process::expect_large_heap();
    let keys = Keys::collect(&keys, &mut environment, KeyPolicy::default(), printer)?;
    let real = place::real_path(Path::new(&path))?;
    let root = Root::of_kustomization(&real);
    let tree = root.tree()?;
    let folder = root.below(&real)?;
    let opener = SopsOpener::new(
        &keys,
        keys.decrypt_options(),
        Arc::clone(printer.redactor()),
    );
    let allowed = &fetching.allow_remote_bases;
    let remote_bases: Option<Arc<dyn RemoteBases>> = if allowed.is_empty() {
        None
    } else {
        let policy = UrlPolicy::default();
        let repositories = Repositories::open(&fetching, policy, None, &opener, printer)?;
        Some(Arc::new(repositories.bases(allowed, None, None)?))
    };
    let options = BuildOptions {
        load_restriction: load_restriction(load_restrictor),
        remote_bases,
        ..BuildOptions::default()
    };

    let rendered = render(
        &tree,
        &opener,
        &Source::Kustomization {
            path: &folder,
            options: &options,
        },
    )?;
    for warning in rendered.warnings() {
        printer.warn(&warning.to_string());
    }
    for warning in weak_protection(rendered.opened()) {
        printer.warn(&warning);
    }
    let masks = !rendered.opened().is_empty() && !show_secrets;
    let mut text = String::new();
    for resource in rendered.resources() {
        if !text.is_empty() {
            text.push_str("---\n");
        }
        text.push_str(&if masks {
            emit::kubernetes(&mask::masked(resource, printer.redactor()))
        } else {
            emit::kubernetes(&resource.object)
        });
    }
    if masks {
        printer.note("values were decrypted and are masked; `--show-secrets` prints them");
        printer.data(&text)?;
    } else {
        printer.plaintext(&SecretBytes::new(text.into_bytes()))?;
    }
    if rendered.opened().is_empty() {
        // Nothing in it was ever secret, and to take a large build apart takes longer than to print it.
        mem::forget(rendered);
    }
    Ok(Outcome::Done)
}
