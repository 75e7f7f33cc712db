//! `lockstep completions`.

use clap::CommandFactory;
use clap_complete::generate;

use super::Outcome;
use super::arguments::{Arguments, CompletionsArguments};
use super::failure::Failure;
use super::printer::Printer;

pub(super) fn run(arguments: CompletionsArguments, printer: &Printer) -> Result<Outcome, Failure> {
    let CompletionsArguments { shell } = arguments;
    let mut script = Vec::new();
    generate(shell, &mut Arguments::command(), "lockstep", &mut script);
    printer.data(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::Done)
}
