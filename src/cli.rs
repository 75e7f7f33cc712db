//! The commands: the only place that prints, reads the environment and decides exit codes.

mod arguments;
mod bug;
mod build;
mod check;
mod cluster_access;
mod completions;
mod decrypt;
mod diff;
mod environment;
mod failure;
mod keys;
mod man;
mod passphrase;
mod place;
mod preview;
mod printable;
mod printer;
mod repositories;
mod subject;
mod sync;
mod table;
mod wanted;

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use secret::{FingerprintKey, Redactor};

use arguments::{Arguments, Command};
use environment::Environment;
use failure::Failure;
use printer::Printer;

/// How a command ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It did what it was asked to.
    Done,
    /// It did, and found something that it was asked to look for.
    Findings,
    /// It could not.
    Failed,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Done => 0,
            Outcome::Findings => 1,
            Outcome::Failed => 2,
        })
    }
}

/// Runs the command that the process was started with.
///
/// To be called once, first thing in `main`: keys are taken out of the environment while there is one thread.
pub fn run() -> Outcome {
    let environment = Environment::take();
    bug::tell_no_values();
    let Arguments {
        command,
        color,
        quiet,
    } = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are errors to clap, but not to the user. Nothing is left to tell when printing fails.
            let _ = error.print();
            return if error.use_stderr() {
                Outcome::Failed
            } else {
                Outcome::Done
            };
        }
    };
    let redactor = match FingerprintKey::generate() {
        Ok(key) => Arc::new(Redactor::new(key)),
        Err(error) => {
            // Nothing has been opened yet, so there is nothing to redact. Nothing is left to tell when printing fails.
            let _ = writeln!(io::stderr(), "error: {error}");
            return Outcome::Failed;
        }
    };
    let printer = Printer::new(redactor, color, quiet);
    let outcome = match command {
        Command::Build(arguments) => build::run(arguments, environment, &printer),
        Command::Check(arguments) => check::run(arguments, environment, &printer),
        Command::Completions(arguments) => completions::run(arguments, &printer),
        Command::Decrypt(arguments) => decrypt::run(arguments, environment, &printer),
        Command::Diff(arguments) => diff::run(arguments, environment, &printer),
        Command::Man => man::run(&printer),
        Command::Preview(arguments) => preview::run(arguments, environment, &printer),
        Command::Sync(arguments) => sync::run(arguments, environment, &printer),
    };
    secret::process::scrub_stack();
    outcome.unwrap_or_else(|failure| report(&printer, &failure))
}

fn report(printer: &Printer, failure: &Failure) -> Outcome {
    if failure.is_closed_pipe() {
        return Outcome::Done;
    }
    printer.error(&failure.chain());
    if let Some(hint) = failure.hint() {
        printer.hint(hint);
    }
    Outcome::Failed
}
