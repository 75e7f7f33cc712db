//! How a sync goes on, told while it runs: on a terminal in a line that changes, elsewhere in a line for each step.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use indicatif::ProgressBar;

use crate::cli::printer::Printer;
use crate::cluster::{
    Message, ObjectResult, OperationPhase, Pending, Progress, Purpose, SyncEvent,
};

/// As many objects that are waited for are named.
const NAMED: usize = 3;

/// Tells a person how a sync goes on.
pub(super) struct Narrator<'p> {
    printer: &'p Printer,
    line: ProgressBar,
    /// What was told last where no line can change, so that it is not told again.
    told: Mutex<String>,
    /// Whether there is anything to do at all; if not, the steps are not worth a word.
    has_work: AtomicBool,
}

impl<'p> Narrator<'p> {
    pub(super) fn new(printer: &'p Printer) -> Self {
        Self {
            printer,
            line: printer.activity(),
            told: Mutex::default(),
            has_work: AtomicBool::new(true),
        }
    }

    /// Takes the line away.
    pub(super) fn finish(&self) {
        self.line.finish_and_clear();
    }

    /// What goes on now.
    fn now(&self, text: String) {
        if self.line.is_hidden() {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            if *told != text {
                self.printer.status(&text);
                *told = text;
            }
        } else {
            self.line.set_message(self.printer.shown(&text));
        }
    }

    /// What stays to be read.
    fn done(&self, text: &str) {
        self.line.suspend(|| self.printer.status(text));
    }
}

impl Progress for Narrator<'_> {
    fn report(&self, event: SyncEvent<'_>) {
        match event {
            SyncEvent::Reading => self.now("reading the cluster".to_owned()),
            SyncEvent::WaitingForLease => {
                self.now("another sync of this application may be at work: waiting".to_owned());
            }
            SyncEvent::Planned {
                changed,
                unchanged,
                pruned,
                hooks,
            } => {
                let has_work = changed + pruned + hooks > 0;
                self.has_work.store(has_work, Ordering::Relaxed);
                self.done(&plan(changed, unchanged, pruned, hooks));
            }
            SyncEvent::DryRun { done, total } => {
                // Elsewhere than in a line that changes, only the end is news.
                if !self.line.is_hidden() || done == total {
                    self.now(format!("dry run: {done} of {total}"));
                }
            }
            SyncEvent::Step {
                phase,
                wave,
                objects,
            } => {
                if self.has_work.load(Ordering::Relaxed) {
                    let objects = count(objects, "object");
                    self.done(&format!("{} wave {wave}: {objects}", phase.name()));
                }
            }
            SyncEvent::Object(result) => {
                if let Some(text) = line(result) {
                    self.done(&text);
                }
            }
            SyncEvent::Waiting { purpose, pending } => self.now(waiting(purpose, pending)),
        }
    }
}

fn plan(changed: usize, unchanged: usize, pruned: usize, hooks: usize) -> String {
    let mut parts = vec![format!("{} to apply", count(changed, "object"))];
    if pruned > 0 {
        parts.push(format!("{pruned} to prune"));
    }
    if hooks > 0 {
        parts.push(format!("{} to run", count(hooks, "hook")));
    }
    parts.push(format!("{unchanged} unchanged"));
    parts.join(", ")
}

/// What became of an object, where that is worth a line.
fn line(result: &ObjectResult) -> Option<String> {
    if matches!(result.message, Message::Unchanged) {
        return None;
    }
    let failed = match result.phase {
        OperationPhase::Failed | OperationPhase::Error => "failed: ",
        OperationPhase::Running | OperationPhase::Terminating | OperationPhase::Succeeded => "",
    };
    Some(format!("  {} {failed}{}", result.key, result.message))
}

fn waiting(purpose: Purpose, pending: &[Pending]) -> String {
    let until = match purpose {
        Purpose::Health => "to be healthy",
        Purpose::Completion => "to complete",
        Purpose::Deletion => "to be gone",
        Purpose::Establishment => "to be served",
    };
    let mut text = format!("waiting for {} {until}", count(pending.len(), "object"));
    for (index, object) in pending.iter().take(NAMED).enumerate() {
        text.push_str(if index == 0 { ": " } else { ", " });
        // Writing to a string does not fail.
        let _ = match &object.health {
            Some(health) => write!(text, "{} ({})", object.key, health.status.name()),
            None => write!(text, "{}", object.key),
        };
    }
    if pending.len() > NAMED {
        text.push_str(", ...");
    }
    text
}

fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
