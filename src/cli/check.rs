//! `lockstep check`: the findings, for a person, a program or a code host.

use std::fmt::Write as _;
use std::path::PathBuf;

use ignore::WalkBuilder;
use serde_json::json;
use sops::keys::KeyPolicy;
use tree::{Tree, TreePath};

use super::Outcome;
use super::arguments::{CheckArguments, CheckOutput, FailOn};
use super::environment::Environment;
use super::failure::Failure;
use super::keys::Keys;
use super::place::{self, Root};
use super::printable::printable;
use super::printer::{ERROR, HINT, Printer, WARNING};
use crate::check::finding::{Finding, Rule, Severity};
use crate::check::{Checker, Report, sarif};

/// From this many files on, a bar shows how far the check is.
const MANY_FILES: usize = 2000;

pub(super) fn run(
    arguments: CheckArguments,
    mut environment: Environment,
    printer: &Printer,
) -> Result<Outcome, Failure> {
    let CheckArguments {
        paths,
        keys,
        output,
        fail_on,
        allow,
        no_ignore,
        vault_addresses,
    } = arguments;
    let policy = key_policy(&vault_addresses);
    let keys = Keys::collect(&keys, &mut environment, policy.clone(), printer)?;

    let mut report = Report::default();
    for (tree, files) in collect(&paths, no_ignore)? {
        let checker = Checker {
            tree: &tree,
            keys: &keys,
            has_keys: keys.can_open_sops(),
            sealing: keys.sealing(),
            policy: &policy,
            options: keys.decrypt_options(),
        };
        let progress =
            (files.len() > MANY_FILES).then(|| printer.progress(files.len(), "checking"));
        let done = || {
            if let Some(progress) = &progress {
                progress.inc(1);
            }
        };
        let part = checker.check(&files, &done)?;
        if let Some(progress) = &progress {
            progress.finish_and_clear();
        }
        report.merge(part);
    }
    report
        .findings
        .retain(|finding| !allow.contains(&finding.rule));

    match output {
        CheckOutput::Text => printer.data(&text(&report))?,
        CheckOutput::Json => printer.data(&format!("{:#}\n", json(&report)))?,
        CheckOutput::Sarif => printer.data(&format!("{:#}\n", sarif::log(&report.findings)))?,
    }
    let least = match fail_on {
        FailOn::Error => Severity::Error,
        FailOn::Note => Severity::Note,
        FailOn::Warning => Severity::Warning,
    };
    let failed = report
        .findings
        .iter()
        .any(|finding| finding.rule.severity() >= least);
    Ok(if failed {
        Outcome::Findings
    } else {
        Outcome::Done
    })
}

/// `SOPS_HC_VAULT_ALLOWLIST` (sops: hcvault/keysource.go): `all`, `none` or prefixes.
fn key_policy(vault_addresses: &str) -> KeyPolicy {
    let mut policy = KeyPolicy::default();
    policy.vault_addresses = match vault_addresses.trim() {
        "none" | "" => Vec::new(),
        // An address is allowed below a prefix, and every address lies below its scheme.
        "all" => vec!["https:".to_owned(), "http:".to_owned()],
        prefixes => prefixes
            .split(',')
            .map(|prefix| prefix.trim().to_owned())
            .collect(),
    };
    policy
}

/// The files to look at, by the working copy that they are in.
fn collect(paths: &[PathBuf], no_ignore: bool) -> Result<Vec<(Tree, Vec<TreePath>)>, Failure> {
    let mut roots: Vec<(Root, Vec<TreePath>)> = Vec::new();
    for path in paths {
        let real = place::real_path(path)?;
        let root = Root::of(&real);
        let mut walk = WalkBuilder::new(&real);
        walk.standard_filters(false)
            .git_ignore(!no_ignore)
            .git_exclude(!no_ignore)
            .git_global(!no_ignore)
            .parents(!no_ignore)
            .filter_entry(|entry| entry.file_name() != ".git");
        let mut files = Vec::new();
        for entry in walk.build() {
            let entry = entry.map_err(Failure::Walk)?;
            // A link is looked at where it leads to, if that is in the tree.
            if entry.file_type().is_some_and(|kind| kind.is_file()) {
                files.push(root.below(entry.path())?);
            }
        }
        let known = roots
            .iter_mut()
            .find(|(known, _)| known.folder() == root.folder());
        match known {
            Some((_, known)) => known.append(&mut files),
            None => roots.push((root, files)),
        }
    }
    roots
        .into_iter()
        .map(|(root, mut files)| {
            files.sort();
            files.dedup();
            Ok((root.tree()?, files))
        })
        .collect()
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        let severity = finding.rule.severity();
        let style = match severity {
            Severity::Error => ERROR,
            Severity::Warning => WARNING,
            Severity::Note => HINT,
        };
        let _ = write!(text, "{}", place_of(finding));
        let _ = write!(text, ": {style}{severity}{style:#}");
        let message = printable(&finding.message);
        let _ = write!(text, "[{}]: {message}", finding.rule.name());
        if let Some(key_path) = finding
            .key_path
            .as_ref()
            .filter(|path| !finding.message.contains(path.as_str()))
        {
            let _ = write!(text, " ({})", printable(key_path));
        }
        text.push('\n');
    }
    let mut rules: Vec<Rule> = report.findings.iter().map(|finding| finding.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    for rule in rules {
        let _ = writeln!(text, "{HINT}hint:{HINT:#} {}: {}", rule.name(), rule.help());
    }
    let count = |severity| {
        report
            .findings
            .iter()
            .filter(|finding| finding.rule.severity() == severity)
            .count()
    };
    let opened = report.encrypted.iter().filter(|file| file.opened).count();
    let _ = writeln!(
        text,
        "{} checked, {} encrypted, {opened} opened: {}, {}, {}",
        counted(report.files, "file"),
        report.encrypted.len(),
        counted(count(Severity::Error), "error"),
        counted(count(Severity::Warning), "warning"),
        counted(count(Severity::Note), "note"),
    );
    text
}

fn place_of(finding: &Finding) -> String {
    match finding.line {
        0 => finding.path.to_string(),
        line => format!("{}:{line}", finding.path),
    }
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 {
        format!("1 {what}")
    } else {
        format!("{count} {what}s")
    }
}

fn json(report: &Report) -> serde_json::Value {
    let findings: Vec<_> = report
        .findings
        .iter()
        .map(|finding| {
            json!({
                "rule": finding.rule.name(),
                "severity": finding.rule.severity().name(),
                "path": finding.path.as_str(),
                "line": (finding.line > 0).then_some(finding.line),
                "keyPath": finding.key_path,
                "message": finding.message,
            })
        })
        .collect();
    let encrypted: Vec<_> = report
        .encrypted
        .iter()
        .map(|file| {
            json!({
                "path": file.path.as_str(),
                "tool": file.tool,
                "opened": file.opened,
                "readers": file.readers,
            })
        })
        .collect();
    json!({ "files": report.files, "findings": findings, "encrypted": encrypted })
}

/// The rule that `--allow` names.
pub(super) fn rule(name: &str) -> Result<Rule, String> {
    Rule::named(name).ok_or_else(|| {
        let names: Vec<_> = Rule::ALL.iter().map(|rule| rule.name()).collect();
        format!("the rules are {}", names.join(", "))
    })
}
