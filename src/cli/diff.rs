//! `lockstep diff`: how a cluster differs from what would be applied.

mod report;
mod unified;

use secret::SecretBytes;

use super::Outcome;
use super::arguments::{DiffArguments, DiffOutput};
use super::cluster_access::Access;
use super::environment::Environment;
use super::failure::{self, Failure};
use super::printer::Printer;
use super::subject::Subject;
use crate::cluster::{Difference, Knowledge, compare};
use report::{Report, Values};

pub(super) fn run(
    arguments: DiffArguments,
    mut environment: Environment,
    printer: &Printer,
) -> Result<Outcome, Failure> {
    let DiffArguments {
        subject: source,
        cluster,
        wanted,
        output,
        summary,
        context_lines,
        show_secrets,
    } = arguments;
    let subject = Subject::load(&source, &cluster, &mut environment, printer)?;
    let (access, namespace) = Access::of_destination(
        &cluster,
        source.argocd_namespace.as_deref(),
        subject.application.as_ref(),
    )?;
    let request = wanted.request(&subject, &access, namespace, printer)?;
    let comparison = access
        .runtime
        .block_on(compare(&access.cluster, &request))
        .map_err(Failure::Compare)?;
    for warning in &comparison.warnings {
        printer.warn(&warning.to_string());
    }

    let report = Report {
        comparison: &comparison,
        values: if show_secrets {
            Values::Shown
        } else {
            Values::Masked(printer.redactor())
        },
    };
    let text = match output {
        _ if summary => report.summary(),
        DiffOutput::Diff => report.unified(context_lines),
        DiffOutput::Json => report.json().map_err(Failure::Json)?,
        DiffOutput::Summary => report.summary(),
    };
    if show_secrets {
        printer.styled_plaintext(&SecretBytes::new(text.into_bytes()))?;
    } else {
        printer.data(&text)?;
    }
    if comparison.knowledge == Knowledge::Partial {
        printer.warn("not all kinds could be searched for objects that are not wanted any more");
    }
    printer.note(&report.totals());
    let mut refused = comparison.objects.iter().filter_map(|object| {
        let Difference::Refused(error) = &object.difference else {
            return None;
        };
        Some(error.reason())
    });
    // What the cluster refuses is no difference but an error.
    if let Some(reason) = refused.next() {
        if let Some(hint) = failure::hint(reason) {
            printer.hint(hint);
        }
        return Ok(Outcome::Failed);
    }
    Ok(if comparison.differs() {
        Outcome::Findings
    } else {
        Outcome::Done
    })
}
