//! What a sync came to, as a text and for programs.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use crate::cli::printable::printable;
use crate::cli::table::Table;
use crate::cluster::{Message, Mode, ObjectResult, OperationPhase, Outcome, ResultCode};

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// A line for each object that is not as it was, and one for all.
pub(super) fn text(outcome: &Outcome, mode: Mode) -> String {
    let mut table = Table::new(["PHASE", "KIND", "NAMESPACE", "NAME", "RESULT", "MESSAGE"]);
    let mut unchanged = 0;
    for result in &outcome.results {
        if matches!(result.message, Message::Unchanged) {
            unchanged += 1;
            continue;
        }
        table.push([
            phase(result),
            result.key.group_kind.to_string(),
            result
                .key
                .namespace
                .clone()
                .unwrap_or_else(|| "-".to_owned()),
            result.key.name.clone(),
            code(result),
            result.message.to_string(),
        ]);
    }
    let mut text = String::new();
    if !table.is_empty() {
        text.push_str(&table.to_string());
    }
    let style = match outcome.phase {
        OperationPhase::Succeeded => GOOD,
        OperationPhase::Running
        | OperationPhase::Terminating
        | OperationPhase::Failed
        | OperationPhase::Error => BAD,
    };
    // Writing to a string does not fail.
    let _ = write!(
        text,
        "{style}{}{style:#}: {}{}; {}{unchanged} unchanged",
        outcome.phase,
        outcome.reason,
        match mode {
            Mode::Apply => "",
            Mode::DryRun => " (dry run, nothing was changed)",
        },
        totals(outcome),
    );
    if let Some(health) = &outcome.health {
        let _ = write!(text, "; {}", health.status.name());
        if !health.message.is_empty() {
            let _ = write!(text, " ({})", printable(&health.message));
        }
    }
    let _ = writeln!(text, "; {:.1} s", outcome.took.as_secs_f64());
    text
}

/// How many objects have each result, those as they were left out.
fn totals(outcome: &Outcome) -> String {
    let changed = outcome
        .results
        .iter()
        .filter(|result| {
            result.code == ResultCode::Synced && !matches!(result.message, Message::Unchanged)
        })
        .count();
    let mut text = format!("{changed} synced, ");
    for (code, word) in [
        (ResultCode::Pruned, "pruned"),
        (ResultCode::PruneSkipped, "not pruned"),
        (ResultCode::SyncFailed, "failed"),
    ] {
        let count = outcome.count(code);
        if count > 0 {
            let _ = write!(text, "{count} {word}, ");
        }
    }
    text
}

/// In the names of Argo CD's `status.operationState`.
pub(super) fn json(outcome: &Outcome, revision: &str, mode: Mode) -> String {
    let resources: Vec<Value> = outcome.results.iter().map(resource).collect();
    let warnings: Vec<String> = outcome.warnings.iter().map(ToString::to_string).collect();
    let mut report = json!({
        "phase": outcome.phase.to_string(),
        "message": outcome.reason.to_string(),
        "dryRun": mode == Mode::DryRun,
        "durationSeconds": outcome.took.as_secs_f64(),
        "syncResult": { "revision": revision, "resources": resources },
        "warnings": warnings,
    });
    if let Some(health) = &outcome.health {
        report["health"] = json!({ "status": health.status.name(), "message": health.message });
    }
    format!("{report:#}\n")
}

fn resource(result: &ObjectResult) -> Value {
    let mut resource = json!({
        "group": result.key.group_kind.group,
        "version": result.version,
        "kind": result.key.group_kind.kind,
        "namespace": result.key.namespace.clone().unwrap_or_default(),
        "name": result.key.name,
        "syncPhase": result.sync_phase.name(),
        "wave": result.wave,
        "message": result.message.to_string(),
    });
    resource["status"] = result.code.to_string().into();
    if result.is_hook {
        resource["hookType"] = result.sync_phase.name().into();
        resource["hookPhase"] = result.phase.to_string().into();
    }
    if let Message::Failed(error) = &result.message {
        resource["reason"] = error.reason().into();
    }
    resource
}

fn phase(result: &ObjectResult) -> String {
    match result.wave {
        0 => result.sync_phase.name().to_owned(),
        wave => format!("{} {wave}", result.sync_phase.name()),
    }
}

fn code(result: &ObjectResult) -> String {
    if result.is_hook {
        result.phase.to_string()
    } else {
        result.code.to_string()
    }
}
