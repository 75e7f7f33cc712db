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
        if rest.is_empty() {
            return Err(bad());
        }
        let end = rest.find(['=', ':']);
        // The library takes each byte for a character.
        let is_name = |byte: u8| {
            let character = char::from(byte);
            is_blank(character) || character.is_alphanumeric() || matches!(byte, b'_' | b'.')
        };
        if !rest.bytes().take(end.unwrap_or(rest.len())).all(is_name) {
            return Err(bad());
        }
        // What has no separator is the value of a variable without a name.
        let name = end.map_or("", |end| rest[..end].trim_end()).to_owned();
        self.at += end.map_or(0, |end| end + 1);
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

/// A comment starts at the last `#` that has a blank before it.
fn without_comment(line: &str) -> &str {
    let start = line
        .rmatch_indices('#')
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
    use std::io::Write;
    use std::process::{Command, Stdio};
    use std::thread;

    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use peers::random::Random;

    use super::*;

    #[test]
    fn variables_are_read_as_the_library_does() {
        for (text, value) in [
            ("A=b", "b"),
            ("export A=b\n", "b"),
            ("A: b", "b"),
            ("A = b # comment", "b"),
            ("A=b#c", "b#c"),
            ("A=b # c # d", "b # c"),
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

    /// Pieces of environment files.
    const PIECES: &[&str] = &[
        "A",
        "B_1",
        "c.d",
        "export ",
        "export",
        "=",
        ":",
        " = ",
        "\n",
        "\r\n",
        "\r",
        " ",
        "\t",
        "#",
        " # x",
        "\"",
        "'",
        "\\",
        "\\n",
        "\\\"",
        "\\$",
        "$A",
        "${A}",
        "$(A)",
        "${A",
        "$",
        "{",
        "}",
        "(",
        "x y",
        "é",
        "\u{a0}",
        "\u{85}",
        "-",
        "1",
        "\u{2028}",
        "\0",
        "A=1\n",
        "B=\"$A\"\n",
        "=v\n",
    ];

    #[test]
    fn random_files_are_read_as_the_library_reads_them() {
        let mut random = Random::new(7);
        let texts: Vec<String> = (0..4000)
            .map(|_| {
                let length = 1 + random.below(9);
                (0..length).map(|_| *random.pick(PIECES)).collect()
            })
            .collect();
        let answers = library(&texts);
        let mut differences = Vec::new();
        for (text, theirs) in texts.iter().zip(answers) {
            let ours = parse(text).ok();
            if ours != theirs {
                differences.push(format!("{text:?}: {ours:?} and not {theirs:?}"));
            }
        }
        assert!(
            differences.is_empty(),
            "{} differ:\n{}",
            differences.len(),
            differences.join("\n")
        );
    }

    /// What the library reads; `None` for what it refuses.
    fn library(texts: &[String]) -> Vec<Option<BTreeMap<String, String>>> {
        let mut child = Command::new(peers::program("godotenv", "godotenv"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let questions: String = texts
            .iter()
            .map(|text| format!("\"{}\"\n", STANDARD.encode(text)))
            .collect();
        let mut stdin = child.stdin.take().unwrap();
        let writer = thread::spawn(move || stdin.write_all(questions.as_bytes()).unwrap());
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        let decoded =
            |text: &str| String::from_utf8_lossy(&STANDARD.decode(text).unwrap()).into_owned();
        let answers = output.stdout.split(|byte| *byte == b'\n');
        answers
            .filter(|line| !line.is_empty())
            .map(|line| {
                let answer = goyaml::json::parse(line).unwrap();
                if answer.get("error").is_some() {
                    return None;
                }
                let entries = answer
                    .get("out")
                    .and_then(goyaml::Value::as_object)
                    .unwrap_or(&[]);
                Some(
                    entries
                        .iter()
                        .map(|(name, value)| (decoded(name), decoded(value.as_str().unwrap())))
                        .collect(),
                )
            })
            .collect()
    }
}
