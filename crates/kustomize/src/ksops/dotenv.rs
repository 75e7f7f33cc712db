//! Environment files by the rules of the library that KSOPS reads them with (joho/godotenv: parser.go): quotes,
//! escapes, comments, and variables set earlier in the file.

use std::collections::BTreeMap;

use thiserror::Error;

/// A text is no environment file. Tells places, and nothing of the text.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum DotenvError {
    /// A name holds a character that no name has.
    #[error("line {line}: unexpected character in a variable name")]
    Name {
        /// The line, counted from one.
        line: usize,
    },
    /// A quote is not closed.
    #[error("line {line}: unterminated quoted value")]
    Quote {
        /// The line where it is opened, counted from one.
        line: usize,
    },
}

impl DotenvError {
    /// A stable name for the kind of error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Name { .. } => "dotenv-name",
            Self::Quote { .. } => "dotenv-quote",
        }
    }
}

/// The variables that a text sets.
pub(super) fn parse(text: &str) -> Result<BTreeMap<String, String>, DotenvError> {
    let text = text.replace("\r\n", "\n");
    let mut parser = Parser {
        text: &text,
        at: 0,
        variables: BTreeMap::new(),
    };
    while parser.find_statement() {
        let name = parser.name()?;
        let value = parser.value()?;
        parser.variables.insert(name, value);
    }
    Ok(parser.variables)
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    variables: BTreeMap<String, String>,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn line(&self) -> usize {
        self.text[..self.at].matches('\n').count() + 1
    }

    fn skip(&mut self, skipped: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(skipped).len();
    }

    /// Goes to the next statement, over comments. False at the end.
    fn find_statement(&mut self) -> bool {
        loop {
            self.skip(char::is_whitespace);
            let rest = self.rest();
            if !rest.starts_with('#') {
                return !rest.is_empty();
            }
            match rest.find('\n') {
                Some(end) => self.at += end,
                None => return false,
            }
        }
    }

    fn name(&mut self) -> Result<String, DotenvError> {
        if let Some(behind) = self.rest().strip_prefix("export")
            && behind.starts_with(is_blank)
        {
            self.at += "export".len();
            self.skip(is_blank);
        }
        let rest = self.rest();
        let bad = || DotenvError::Name { line: self.line() };
        let end = rest
            .find(|character: char| {
                !(is_blank(character)
                    || character.is_alphanumeric()
                    || matches!(character, '_' | '.'))
            })
            .ok_or_else(bad)?;
        if !rest[end..].starts_with(['=', ':']) {
            return Err(bad());
        }
        let name = rest[..end].trim_end().to_owned();
        self.at += end + 1;
        self.skip(is_blank);
        Ok(name)
    }

    fn value(&mut self) -> Result<String, DotenvError> {
        let rest = self.rest();
        match rest.chars().next() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote),
            _ => {
                let end = rest.find(['\n', '\r']).unwrap_or(rest.len());
                self.at += end;
                let line = without_comment(&rest[..end]);
                Ok(self.expand(line.trim_matches(is_blank)))
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Result<String, DotenvError> {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let end = rest
            .match_indices(quote)
            .map(|(at, _)| at)
            .find(|at| *at > 0 && bytes[at - 1] != b'\\')
            .ok_or_else(|| DotenvError::Quote { line: self.line() })?;
        self.at += end + 1;
        let value = rest[..end].trim_matches(quote);
        if quote == '\'' {
            return Ok(value.to_owned());
        }
        Ok(self.expand(&unescape(value)))
    }

    /// Replaces `$NAME` and `${NAME}`, unless there is a backslash before.
    fn expand(&self, value: &str) -> String {
        let mut expanded = String::with_capacity(value.len());
        let mut rest = value;
        while let Some(at) = rest.find('$') {
            let escaped = rest[..at].ends_with('\\');
            expanded.push_str(&rest[..at - usize::from(escaped)]);
            let reference = Reference::at(&rest[at..]);
            if escaped || reference.name.is_empty() {
                expanded.push_str(&rest[at..at + reference.length]);
            } else if let Some(value) = self.variables.get(reference.name) {
                expanded.push_str(value);
            }
            rest = &rest[at + reference.length..];
        }
        expanded.push_str(rest);
        expanded
    }
}

/// What stands at a `$`.
struct Reference<'t> {
    name: &'t str,
    length: usize,
}

impl<'t> Reference<'t> {
    fn at(text: &'t str) -> Self {
        let after = |start: usize, character: char| {
            start + usize::from(text[start..].starts_with(character))
        };
        let start = after(after(1, '('), '{');
        let name = text[start..]
            .split(|character: char| {
                !(character.is_ascii_uppercase() || character.is_ascii_digit() || character == '_')
            })
            .next()
            .unwrap_or_default();
        Self {
            name,
            length: after(start + name.len(), '}'),
        }
    }
}

/// A comment starts with `#` at the start or behind a blank.
fn without_comment(line: &str) -> &str {
    let start = line
        .match_indices('#')
        .map(|(at, _)| at)
        .find(|at| *at > 0 && line[..*at].ends_with(is_blank));
    &line[..start.unwrap_or(line.len())]
}

/// `\n` and `\r` become line breaks; of other backslashes but those before `$` nothing is left.
fn unescape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('$') => text.push_str("\\$"),
            Some(other) => text.push(other),
            None => text.push('\\'),
        }
    }
    text
}

const fn is_blank(character: char) -> bool {
    matches!(
        character,
        '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_read_as_the_library_does() {
        for (text, value) in [
            ("A=b", "b"),
            ("export A=b\n", "b"),
            ("A: b", "b"),
            ("A = b # comment", "b"),
            ("A=b#c", "b#c"),
            ("A='b # c'", "b # c"),
            ("A=\"b\\nc\" # d", "b\nc"),
            ("A='b\\nc'", "b\\nc"),
            ("A=\"b\nc\"", "b\nc"),
            ("A=", ""),
            ("X=1\nA=$X-${X}-$Y", "1-1-"),
            ("X=1\nA='$X'", "$X"),
            ("X=1\nA=\"\\$X\"", "$X"),
            ("# x\n\nA=b\n", "b"),
            ("A=\"say \\\"x\\\"\"", "say \"x\\"),
        ] {
            let parsed = parse(text);
            let found = parsed.as_ref().map(|variables| &*variables["A"]);
            assert_eq!(found, Ok(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_environment_file_is_refused() {
        assert_eq!(parse("a\nb-c=d"), Err(DotenvError::Name { line: 1 }));
        assert_eq!(parse("A=1\nB='x"), Err(DotenvError::Quote { line: 2 }));
    }
}
