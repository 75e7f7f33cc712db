//! The lines in which two texts differ, in colour.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use similar::{ChangeTag, TextDiff};

use crate::cli::printable::printable;

const ADDED: Style = AnsiColor::Green.on_default();
const REMOVED: Style = AnsiColor::Red.on_default();
const PLACE: Style = AnsiColor::Cyan.on_default();

/// Adds the lines that differ, with `context` lines around them.
pub(super) fn write(out: &mut String, live: &str, wanted: &str, context: usize) {
    let difference = TextDiff::from_lines(live, wanted);
    for hunk in difference
        .unified_diff()
        .context_radius(context)
        .iter_hunks()
    {
        // Writing to a string does not fail.
        let _ = writeln!(out, "{PLACE}{}{PLACE:#}", hunk.header());
        for change in hunk.iter_changes() {
            let line = change.value();
            let line = printable(line.strip_suffix('\n').unwrap_or(line));
            let _ = match change.tag() {
                ChangeTag::Delete => writeln!(out, "{REMOVED}-{line}{REMOVED:#}"),
                ChangeTag::Equal => writeln!(out, " {line}"),
                ChangeTag::Insert => writeln!(out, "{ADDED}+{line}{ADDED:#}"),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_differ_are_marked() {
        let mut out = String::new();
        write(&mut out, "a\nb\nc\nd\n", "a\nb\nx\u{1b}[0m\nd\n", 1);
        let plain = anstream::adapter::strip_str(&out).to_string();
        assert_eq!(plain, "@@ -2,3 +2,3 @@\n b\n-c\n+x\\u{1b}[0m\n d\n");
    }

    #[test]
    fn a_missing_side_is_all_added_or_removed() {
        let mut out = String::new();
        write(&mut out, "", "a\nb\n", 3);
        write(&mut out, "a\n", "", 3);
        write(&mut out, "a\n", "a\n", 3);
        let plain = anstream::adapter::strip_str(&out).to_string();
        assert_eq!(plain, "@@ -0,0 +1,2 @@\n+a\n+b\n@@ -1 +0,0 @@\n-a\n");
    }
}
