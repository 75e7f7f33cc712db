//! Reading INI (sops: `stores/ini/store.go`, on `gopkg.in/ini.v1`: `parser.go`).
//!
//! The document is a mapping of sections, each a mapping of texts. The section `DEFAULT` always comes first. A section's
//! comment is its first entry; a key's comment follows the key.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use secret::SecretBytes;

use crate::document::{self, Comment, Map, Placement, Scalar, Value};

/// The section of the keys that stand before any section.
pub(crate) const DEFAULT_SECTION: &[u8] = b"DEFAULT";

/// Where and why a text is not INI.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("line {line}: {kind}")]
pub struct IniError {
    /// Counted from one.
    pub line: u32,
    /// What is wrong there.
    pub kind: IniErrorKind,
}

/// What can be wrong with an INI text.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IniErrorKind {
    /// `[name` without `]`.
    #[error("section without closing bracket")]
    UnclosedSection,
    /// `[]`.
    #[error("section without a name")]
    EmptySection,
    /// A quoted key or value that does not end.
    #[error("quote without an end")]
    UnclosedQuote,
    /// A line without `=` or `:`.
    #[error("no equals sign or colon")]
    NoDelimiter,
    /// A line that begins with `=` or `:`.
    #[error("no key before the delimiter")]
    EmptyKey,
}

impl IniError {
    /// A stable name of the cause.
    pub fn reason(&self) -> &'static str {
        "malformed-ini"
    }
}

pub(crate) fn parse(bytes: &[u8]) -> Result<Map, IniError> {
    let mut parser = Parser {
        rest: without_mark(bytes),
        line: 0,
        ended: false,
        comment: Vec::new(),
    };
    let mut sections = vec![Section::new(DEFAULT_SECTION)];
    while !parser.ended {
        let line = trim_start(parser.line());
        match line.first() {
            None => {}
            Some(b'#' | b';') => parser.comment.extend_from_slice(line),
            Some(b'[') => sections.push(parser.section(line)?),
            Some(_) => {
                let Some(section) = sections.last_mut() else {
                    break;
                };
                parser.key(line, section)?;
            }
        }
    }
    let mut map = Map::default();
    for section in sections {
        let name = section.name.to_vec();
        map.push_pair(name, Value::Map(section.into_map()));
    }
    Ok(map)
}

/// Makes newlines of the two characters `\n` in the values of the section `sops`. Files of sops 3.13.0 and 3.13.1 have
/// real ones.
pub(crate) fn unescape_metadata(metadata: &mut Map) {
    for entry in &mut metadata.entries {
        if let document::Entry::Pair(pair) = entry
            && let Value::Leaf(leaf) = &mut pair.value
            && let Scalar::Text(text) = &mut leaf.scalar
        {
            let replaced = replace_newlines(text.expose());
            *text = SecretBytes::new(replaced);
        }
    }
}

fn replace_newlines(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(b"\\n") {
            out.push(b'\n');
            rest = after;
        } else {
            out.push(*first);
            rest = after;
        }
    }
    out
}

struct Section<'i> {
    name: &'i [u8],
    comment: Option<(Vec<u8>, u32)>,
    keys: Vec<Key>,
    /// Where each key stands in `keys`.
    positions: HashMap<Vec<u8>, usize>,
    /// The number that the next key named `-` gets.
    next_number: usize,
}

struct Key {
    name: Vec<u8>,
    value: Vec<u8>,
    comment: Vec<u8>,
    line: u32,
}

impl<'i> Section<'i> {
    fn new(name: &'i [u8]) -> Self {
        Self {
            name,
            comment: None,
            keys: Vec::new(),
            positions: HashMap::new(),
            next_number: 1,
        }
    }

    fn into_map(self) -> Map {
        let mut map = Map::default();
        let comment = |map: &mut Map, text: &[u8], line| {
            if !text.is_empty() {
                let comment = Comment::new(strip_sign(text), Placement::Above, line);
                map.entries.push(document::Entry::Comment(comment));
            }
        };
        if let Some((text, line)) = self.comment {
            comment(&mut map, &text, line);
        }
        for key in self.keys {
            map.push_pair(key.name, Value::text(key.value, key.line));
            comment(&mut map, &key.comment, key.line);
        }
        map
    }
}

/// Removes the comment sign of the first line; further lines keep theirs.
fn strip_sign(comment: &[u8]) -> &[u8] {
    let Some(sign @ (b';' | b'#')) = comment.first() else {
        return comment;
    };
    let start = comment
        .iter()
        .position(|byte| byte != sign && *byte != b' ');
    &comment[start.unwrap_or(comment.len())..]
}

struct Parser<'i> {
    rest: &'i [u8],
    /// The number of the line last read.
    line: u32,
    ended: bool,
    /// The comment that the next section or key gets.
    comment: Vec<u8>,
}

impl<'i> Parser<'i> {
    /// The next line with its newline.
    fn line(&mut self) -> &'i [u8] {
        let end = self
            .rest
            .iter()
            .position(|byte| *byte == b'\n')
            .map(|position| position + 1);
        self.ended = end.is_none();
        let (line, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        self.line += 1;
        line
    }

    fn error(&self, kind: IniErrorKind) -> IniError {
        IniError {
            line: self.line,
            kind,
        }
    }

    fn take_comment(&mut self) -> Vec<u8> {
        let comment = trim(&self.comment).to_vec();
        self.comment.clear();
        comment
    }

    fn section(&mut self, line: &'i [u8]) -> Result<Section<'i>, IniError> {
        let Some(end) = line.iter().rposition(|byte| *byte == b']') else {
            return Err(self.error(IniErrorKind::UnclosedSection));
        };
        let mut section = Section::new(&line[1..end]);
        if section.name.is_empty() {
            return Err(self.error(IniErrorKind::EmptySection));
        }
        if let Some(start) = comment_start(&line[end + 1..]) {
            self.comment.extend_from_slice(&line[end + 1..][start..]);
        }
        section.comment = Some((self.take_comment(), self.line));
        Ok(section)
    }

    fn key(&mut self, line: &'i [u8], section: &mut Section<'i>) -> Result<(), IniError> {
        let number = self.line;
        let (name, value) = split_key(line).map_err(|kind| self.error(kind))?;
        let name = if name == b"-" {
            section.next_number += 1;
            format!("#{}", section.next_number - 1).into_bytes()
        } else {
            name.to_vec()
        };
        let value = self.value(value)?;
        if name.is_empty() {
            return Err(self.error(IniErrorKind::EmptyKey));
        }
        let comment = self.take_comment();
        // A key that stands twice keeps its place and gets the new value.
        match section.positions.entry(name) {
            Entry::Occupied(position) => {
                let key = &mut section.keys[*position.get()];
                (key.value, key.comment) = (value, comment);
            }
            Entry::Vacant(position) => {
                let name = position.key().clone();
                position.insert(section.keys.len());
                section.keys.push(Key {
                    name,
                    value,
                    comment,
                    line: number,
                });
            }
        }
        Ok(())
    }

    fn value(&mut self, text: &'i [u8]) -> Result<Vec<u8>, IniError> {
        let text = trim_start(text);
        let quote: &[u8] = match text {
            [b'"', b'"', b'"', _, ..] => b"\"\"\"",
            [b'`', ..] => b"`",
            _ => return Ok(self.plain_value(text)),
        };
        let quoted = &text[quote.len()..];
        match find_last(quoted, quote) {
            Some(end) => Ok(quoted[..end].to_vec()),
            None => self.quoted_lines(quoted, quote),
        }
    }

    /// A quoted value that goes on in the lines below.
    fn quoted_lines(&mut self, first: &[u8], quote: &[u8]) -> Result<Vec<u8>, IniError> {
        let mut value = first.to_vec();
        loop {
            let line = self.line();
            let Some(end) = find_last(line, quote) else {
                value.extend_from_slice(line);
                if self.ended {
                    return Err(self.error(IniErrorKind::UnclosedQuote));
                }
                continue;
            };
            // A backslash behind the quote takes the line, quote and all, into the value.
            if trim(&line[end + quote.len()..]).ends_with(b"\\") {
                if self.ended {
                    return Err(self.error(IniErrorKind::UnclosedQuote));
                }
                value.extend_from_slice(line);
                continue;
            }
            value.extend_from_slice(&line[..end]);
            if let Some(start) = comment_start(&line[end..]) {
                self.comment.extend_from_slice(trim(&line[end..][start..]));
            }
            return Ok(value);
        }
    }

    fn plain_value(&mut self, text: &[u8]) -> Vec<u8> {
        let text = trim(text);
        if let Some(text) = text.strip_suffix(b"\\") {
            return self.continued(text);
        }
        let text = match comment_start(text) {
            Some(start) => {
                self.comment.extend_from_slice(&text[start..]);
                trim(&text[..start])
            }
            None => text,
        };
        match text {
            [quote @ (b'\'' | b'"'), inner @ .., last]
                if quote == last && !inner.contains(quote) =>
            {
                inner.to_vec()
            }
            _ => text.to_vec(),
        }
    }

    /// A value that goes on in the lines below because its line ends with a backslash.
    fn continued(&mut self, first: &[u8]) -> Vec<u8> {
        let mut value = first.to_vec();
        loop {
            let line = trim(self.line());
            if line.is_empty() {
                return value;
            }
            value.extend_from_slice(line);
            if value.pop_if(|last| *last == b'\\').is_none() {
                return value;
            }
        }
    }
}

/// Splits a line that does not begin with a blank into key and value.
fn split_key(line: &[u8]) -> Result<(&[u8], &[u8]), IniErrorKind> {
    let quote: &[u8] = match line {
        [b'"', b'"', b'"', _, _, _, _, ..] => b"\"\"\"",
        [b'"', ..] => b"\"",
        [b'`', ..] => b"`",
        _ => {
            let position = line
                .iter()
                .position(is_delimiter)
                .ok_or(IniErrorKind::NoDelimiter)?;
            if position == 0 {
                return Err(IniErrorKind::EmptyKey);
            }
            return Ok((trim(&line[..position]), &line[position + 1..]));
        }
    };
    let quoted = &line[quote.len()..];
    let end = find_first(quoted, quote).ok_or(IniErrorKind::UnclosedQuote)?;
    let behind = &quoted[end + quote.len()..];
    let position = behind
        .iter()
        .position(is_delimiter)
        .ok_or(IniErrorKind::NoDelimiter)?;
    Ok((trim(&quoted[..end]), &behind[position + 1..]))
}

fn is_delimiter(byte: &u8) -> bool {
    matches!(byte, b'=' | b':')
}

fn comment_start(text: &[u8]) -> Option<usize> {
    text.iter().position(|byte| matches!(byte, b'#' | b';'))
}

fn find_first(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

fn find_last(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).rposition(|window| window == part)
}

/// Skips a byte order mark; of UTF-16 too, though nothing else of it is read.
fn without_mark(bytes: &[u8]) -> &[u8] {
    let marks: [&[u8]; 3] = [b"\xFE\xFF", b"\xFF\xFE", b"\xEF\xBB\xBF"];
    marks
        .iter()
        .find_map(|mark| bytes.strip_prefix(*mark))
        .unwrap_or(bytes)
}

/// Removes white space, that of Unicode too, at both ends (Go: `bytes.TrimSpace`).
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    let text = trim_start(text);
    let mut end = text.len();
    while let Some(start) = (1..=end.min(4))
        .map(|width| end - width)
        .find(|start| text[*start] & 0xC0 != 0x80)
    {
        match std::str::from_utf8(&text[start..end]) {
            Ok(last) if last.chars().all(char::is_whitespace) => end = start,
            _ => break,
        }
    }
    &text[..end]
}

fn trim_start(text: &[u8]) -> &[u8] {
    let valid = text.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    &text[valid.len() - valid.trim_start().len()..]
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::document::{Entry, Map, Scalar, Value};

    fn shown(map: &Map) -> String {
        map.entries
            .iter()
            .map(|entry| match entry {
                Entry::Comment(comment) => {
                    format!("#{};", String::from_utf8_lossy(comment.text.expose()))
                }
                Entry::Pair(pair) => {
                    let key = String::from_utf8_lossy(&pair.key);
                    match &pair.value {
                        Value::Map(map) => format!("[{key}]{}", shown(map)),
                        Value::Leaf(leaf) => match &leaf.scalar {
                            Scalar::Text(text) => {
                                format!("{key}={};", String::from_utf8_lossy(text.expose()))
                            }
                            _ => String::new(),
                        },
                        _ => String::new(),
                    }
                }
            })
            .collect()
    }

    #[test]
    fn texts_read_as_in_go_ini() {
        for (text, expected) in [
            ("", "[DEFAULT]"),
            ("a=1", "[DEFAULT]a=1;"),
            ("\u{feff}a : 1\n", "[DEFAULT]a=1;"),
            ("[s]\na = b = c\n", "[DEFAULT][s]a=b = c;"),
            (
                "; one\n# two\na=1 ; three\n",
                "[DEFAULT]a=1;#one\n# two\n; three;",
            ),
            ("; top\n[s] # side\n", "[DEFAULT][s]#top\n# side;"),
            ("a=\"x ; y\"\n", "[DEFAULT]a=\"x;#y\";"),
            ("a=`x ; y` z\n", "[DEFAULT]a=x ; y;"),
            ("a=\"\"\"one\ntwo\"\"\"\n", "[DEFAULT]a=one\ntwo;"),
            ("a='it' 's'\nb='q'\n", "[DEFAULT]a='it' 's';b=q;"),
            ("a=x \\\n  y\n", "[DEFAULT]a=x y;"),
            ("a=1\na=2\n", "[DEFAULT]a=2;"),
            ("[s]\n[s]\na=1\n", "[DEFAULT][s][s]a=1;"),
            ("-=x\n-=y\n", "[DEFAULT]#1=x;#2=y;"),
            ("`a=b` = c\n", "[DEFAULT]a=b=c;"),
            ("[a]b]\n", "[DEFAULT][a]b]"),
        ] {
            let map = parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(shown(&map), expected, "{text}");
        }
    }

    #[test]
    fn malformed_texts_are_refused_with_their_line() {
        for (text, line) in [
            ("a=1\n[s\n", 2),
            ("[]\n", 1),
            ("a\n", 1),
            ("\n=1\n", 2),
            ("a=`x\ny\n", 3),
            ("\"a=1\n", 1),
            ("\"\"=1\n", 1),
        ] {
            assert_eq!(
                parse(text.as_bytes()).err().map(|error| error.line),
                Some(line),
                "{text}"
            );
        }
    }
}
