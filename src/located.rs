//! Places in the texts of errors.
//!
//! The libraries of the workspace begin the text of an error about a place in a file with `line N` or `line N, column
//! M`, perhaps with a key path behind it. They do not know the file; whoever does can put the two together.

/// A text about a place, taken apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Located<'a> {
    /// The line, counted from one.
    pub(crate) line: u32,
    /// The column, where there is one.
    pub(crate) column: Option<u32>,
    /// What is said about the place.
    pub(crate) text: &'a str,
}

impl<'a> Located<'a> {
    /// Takes a text apart, where it begins with a place.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (line, mut rest) = number(text.strip_prefix("line ")?)?;
        let mut column = None;
        if let Some((number, behind)) = rest.strip_prefix(", column ").and_then(number) {
            column = Some(number);
            rest = behind;
        }
        let text = rest
            .strip_prefix(": ")
            .or_else(|| rest.strip_prefix(", "))?;
        Some(Self { line, column, text })
    }
}

fn number(text: &str) -> Option<(u32, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    Some((number.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_taken_off_the_front_of_a_text() {
        for (text, expect) in [
            ("line 7, a.b: bad", Some((7, None, "a.b: bad"))),
            ("line 7: bad", Some((7, None, "bad"))),
            ("line 7, column 3: bad", Some((7, Some(3), "bad"))),
            ("line 7, column: bad", Some((7, None, "column: bad"))),
            ("line 7", None),
            ("lines", None),
            ("bad at line 7: x", None),
        ] {
            let found = Located::parse(text);
            assert_eq!(
                found.map(|found| (found.line, found.column, found.text)),
                expect,
                "{text}"
            );
        }
    }
}
