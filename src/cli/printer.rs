//! The one place that writes to the terminal.
//!
//! Everything goes through the [`Redactor`] on its way out, except what [`Printer::plaintext`] and
//! [`Printer::styled_plaintext`] are given, by `decrypt` and where somebody said `--show-secrets`; both print to standard
//! output only.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use secret::{Redactor, SecretBytes};

use super::arguments::ColorWhen;
use super::printable::printable;

/// Red, for errors.
pub(super) const ERROR: Style = AnsiColor::Red.on_default().bold();
/// Yellow, for warnings.
pub(super) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// Cyan, for hints and notes.
pub(super) const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// Standard output and standard error.
pub(super) struct Printer {
    redactor: Arc<Redactor>,
    color: ColorWhen,
    quiet: bool,
}

impl Printer {
    /// A printer that hides what `redactor` knows.
    pub(super) const fn new(redactor: Arc<Redactor>, color: ColorWhen, quiet: bool) -> Self {
        Self {
            redactor,
            color,
            quiet,
        }
    }

    /// What hides the values.
    pub(super) const fn redactor(&self) -> &Arc<Redactor> {
        &self.redactor
    }

    /// Prints the result of a command on standard output; styles in it are dropped where they are not wanted.
    pub(super) fn data(&self, text: &str) -> io::Result<()> {
        let text = self.redactor.redact(text);
        let choice = self.choice(&io::stdout());
        let mut stdout = AutoStream::new(unbuffered(&io::stdout())?, choice);
        stdout.write_all(text.as_bytes())
    }

    /// Prints a plaintext on standard output. The bytes go straight to the descriptor: no buffer of the standard
    /// library keeps a copy.
    pub(super) fn plaintext(&self, bytes: &SecretBytes) -> io::Result<()> {
        unbuffered(&io::stdout())?.write_all(bytes.expose())
    }

    /// Prints a plaintext with styles in it, which are dropped where they are not wanted.
    pub(super) fn styled_plaintext(&self, bytes: &SecretBytes) -> io::Result<()> {
        let choice = self.choice(&io::stdout());
        AutoStream::new(unbuffered(&io::stdout())?, choice).write_all(bytes.expose())
    }

    /// Says what goes on, without a label.
    pub(super) fn status(&self, message: &str) {
        if !self.quiet {
            // Nothing is left to tell when standard error itself is gone.
            let _ = writeln!(io::stderr().lock(), "{}", self.shown(message));
        }
    }

    /// A text as it may be shown: without secrets, and without what would command a terminal.
    pub(super) fn shown(&self, text: &str) -> String {
        printable(&self.redactor.redact(text)).into_owned()
    }

    /// Says something that does not stop the command.
    pub(super) fn warn(&self, message: &str) {
        if !self.quiet {
            self.labelled(WARNING, "warning", message);
        }
    }

    /// Says something for the reader's information.
    pub(super) fn note(&self, message: &str) {
        if !self.quiet {
            self.labelled(HINT, "note", message);
        }
    }

    /// Says what stopped the command.
    pub(super) fn error(&self, message: &str) {
        self.labelled(ERROR, "error", message);
    }

    /// Says what to do about the last error.
    pub(super) fn hint(&self, message: &str) {
        self.labelled(HINT, "hint", message);
    }

    /// A bar for `total` steps on a terminal; nothing where nobody looks, or where the work is done soon.
    pub(super) fn progress(&self, total: usize, what: &'static str) -> ProgressBar {
        if self.quiet || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(
            Some(total as u64),
            ProgressDrawTarget::stderr_with_hz(10),
        );
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:32} {pos}/{len}") {
            bar.set_style(style);
        }
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(250));
        bar
    }

    /// A line on a terminal that tells what goes on now; nothing where nobody looks.
    pub(super) fn activity(&self) -> ProgressBar {
        if self.quiet || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            line.set_style(style);
        }
        line.enable_steady_tick(Duration::from_millis(100));
        line
    }

    fn labelled(&self, style: Style, label: &str, message: &str) {
        let message = self.redactor.redact(message);
        let message = printable(&message);
        let choice = self.choice(&io::stderr());
        let mut stderr = AutoStream::new(io::stderr().lock(), choice);
        // Nothing is left to tell when standard error itself is gone.
        let _ = writeln!(stderr, "{style}{label}:{style:#} {message}");
    }

    fn choice(&self, stream: &impl IsTerminal) -> ColorChoice {
        match self.color {
            ColorWhen::Always => ColorChoice::AlwaysAnsi,
            ColorWhen::Never => ColorChoice::Never,
            ColorWhen::Auto => {
                let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
                if stream.is_terminal() && !refused && !dumb {
                    ColorChoice::AlwaysAnsi
                } else {
                    ColorChoice::Never
                }
            }
        }
    }
}

fn unbuffered(stream: &impl AsFd) -> io::Result<File> {
    Ok(File::from(stream.as_fd().try_clone_to_owned()?))
}
