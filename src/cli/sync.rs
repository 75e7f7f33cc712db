//! `lockstep sync`: a cluster is brought in step, once.

mod progress;
mod report;

use super::Outcome;
use super::arguments::{SyncArguments, SyncOutput};
use super::cluster_access::Access;
use super::environment::Environment;
use super::failure::{self, Failure};
use super::printer::Printer;
use super::subject::Subject;
use crate::cluster::{
    HookPolicy, Message, Mode, OperationPhase, Pruning, SyncRequest, Timeouts, Waiting, sync,
};
use progress::Narrator;

pub(super) fn run(
    arguments: SyncArguments,
    mut environment: Environment,
    printer: &Printer,
) -> Result<Outcome, Failure> {
    let SyncArguments {
        subject: source,
        cluster,
        wanted,
        dry_run,
        confirm_pruning,
        skip_hooks,
        wait,
        timeout,
        output,
    } = arguments;
    let subject = Subject::load(&source, &cluster, &mut environment, printer)?;
    let (access, namespace) = Access::of_destination(
        &cluster,
        source.argocd_namespace.as_deref(),
        subject.application.as_ref(),
    )?;
    let request = wanted.request(&subject, &access, namespace, printer)?;
    let request = SyncRequest {
        pruning: match request.pruning {
            Pruning::On if confirm_pruning => Pruning::Confirmed,
            pruning => pruning,
        },
        hooks: if skip_hooks {
            HookPolicy::Skip
        } else {
            HookPolicy::Run
        },
        mode: if dry_run { Mode::DryRun } else { Mode::Apply },
        waiting: if wait {
            Waiting::ToTheEnd
        } else {
            Waiting::BetweenSteps
        },
        timeouts: Timeouts {
            step: timeout,
            ..Timeouts::default()
        },
        ..request
    };
    let narrator = Narrator::new(printer);
    let outcome = access
        .runtime
        .block_on(sync(&access.cluster, &request, &narrator));
    narrator.finish();
    let outcome = outcome.map_err(Failure::Sync)?;

    for warning in &outcome.warnings {
        printer.warn(&warning.to_string());
    }
    match output {
        SyncOutput::Json => {
            printer.data(&report::json(&outcome, &subject.revision, request.mode))?;
        }
        SyncOutput::Text => printer.data(&report::text(&outcome, request.mode))?,
    }
    let failed = outcome
        .results
        .iter()
        .find_map(|result| match &result.message {
            Message::Failed(error) => failure::hint(error.reason()),
            _ => None,
        });
    if let Some(hint) = failed {
        printer.hint(hint);
    }
    Ok(match outcome.phase {
        OperationPhase::Succeeded => Outcome::Done,
        OperationPhase::Running
        | OperationPhase::Terminating
        | OperationPhase::Failed
        | OperationPhase::Error => Outcome::Failed,
    })
}
