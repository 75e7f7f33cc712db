//! `lockstep man`: the manual page of the program and of each command, one after the other.

use std::io::Write;

use clap::CommandFactory;
use clap_mangen::Man;

use super::Outcome;
use super::arguments::Arguments;
use super::failure::Failure;
use super::printer::Printer;

const EXIT_CODES: &str = ".SH \"EXIT STATUS\"\n\
.TP\n0\nDone.\n\
.TP\n1\nFindings of\n.BR check ,\ndifferences of\n.BR diff .\n\
.TP\n2\nAn error; what is printed on standard output, if anything, tells of it.\n";

pub(super) fn run(printer: &Printer) -> Result<Outcome, Failure> {
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    page.write_all(EXIT_CODES.as_bytes())?;
    for subcommand in command.get_subcommands() {
        let title = format!("lockstep-{}", subcommand.get_name());
        Man::new(subcommand.clone())
            .title(title)
            .render(&mut page)?;
    }
    printer.data(&String::from_utf8_lossy(&page))?;
    Ok(Outcome::Done)
}
