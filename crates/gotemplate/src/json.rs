//! JSON as Go's `encoding/json` writes and reads it.

use crate::error::Fault;
use crate::format::float;
use crate::format::quote::{Unit, units};
use crate::functions::{Call, shared};
use crate::limits::VALUE_DEPTH;
use crate::value::{Entry, List, Map, Value};

/// Whether `<`, `>` and `&` are escaped, as they are where JSON may stand in HTML.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Html {
    Escaped,
    Plain,
}

/// Writes a value; `indent` is what one level is indented by.
pub(crate) fn write(
    call: &Call<'_>,
    value: &Value,
    html: Html,
    indent: Option<&str>,
) -> Result<Vec<u8>, Fault> {
    let mut writer = Writer {
        call,
        out: Vec::new(),
        html,
        indent,
    };
    writer.value(value, 0)?;
    Ok(writer.out)
}

struct Writer<'c, 't> {
    call: &'c Call<'t>,
    out: Vec<u8>,
    html: Html,
    indent: Option<&'c str>,
}

impl Writer<'_, '_> {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Fault> {
        if depth > VALUE_DEPTH {
            return Err(Fault::DepthLimit);
        }
        self.call.memory(24)?;
        match value {
            Value::Missing | Value::Nil => self.out.extend_from_slice(b"null"),
            Value::Bool(truth) => {
                self.out
                    .extend_from_slice(if *truth { b"true" } else { b"false" })
            }
            Value::Int(number) | Value::Int64(number) => {
                self.out.extend_from_slice(number.to_string().as_bytes())
            }
            Value::Uint64(number) => self.out.extend_from_slice(number.to_string().as_bytes()),
            Value::Byte(number) => self.out.extend_from_slice(number.to_string().as_bytes()),
            Value::Float(number) => self.float(*number)?,
            Value::Str(text) => self.text(text)?,
            Value::List(list) if list.is_nil() => self.out.extend_from_slice(b"null"),
            Value::List(list) => {
                let items = list.items();
                self.all(b'[', b']', items.len(), depth, |writer, index| {
                    writer.value(&items[index], depth + 1)
                })?;
            }
            Value::Map(map) if map.is_nil() => self.out.extend_from_slice(b"null"),
            Value::Map(map) => {
                let entries = map.entries();
                self.all(b'{', b'}', entries.len(), depth, |writer, index| {
                    let (key, value) = &entries[index];
                    writer.text(key)?;
                    writer.out.push(b':');
                    if writer.indent.is_some() {
                        writer.out.push(b' ');
                    }
                    writer.value(value, depth + 1)
                })?;
            }
            Value::Time(time) => self.text(&time.json().ok_or(Fault::Json)?)?,
            Value::Version(version) => self.text(version.display().as_bytes())?,
        }
        Ok(())
    }

    fn all(
        &mut self,
        open: u8,
        close: u8,
        count: usize,
        depth: usize,
        mut item: impl FnMut(&mut Self, usize) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.out.push(open);
        for index in 0..count {
            if index > 0 {
                self.out.push(b',');
            }
            self.line(depth + 1)?;
            item(self, index)?;
        }
        if count > 0 {
            self.line(depth)?;
        }
        self.out.push(close);
        Ok(())
    }

    fn line(&mut self, depth: usize) -> Result<(), Fault> {
        if let Some(indent) = self.indent {
            self.call.memory(depth * indent.len() + 1)?;
            self.out.push(b'\n');
            for _ in 0..depth {
                self.out.extend_from_slice(indent.as_bytes());
            }
        }
        Ok(())
    }

    fn float(&mut self, number: f64) -> Result<(), Fault> {
        if !number.is_finite() {
            return Err(Fault::Json);
        }
        let magnitude = number.abs();
        if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
            let mut text = Vec::new();
            float::append(&mut text, number, b'e', None);
            // `e-09` is written `e-9`.
            if let [.., b'e', b'-', b'0', _] = text[..] {
                let at = text.len() - 2;
                text.remove(at);
            }
            self.out.extend_from_slice(&text);
        } else {
            float::append(&mut self.out, number, b'f', None);
        }
        Ok(())
    }

    fn text(&mut self, text: &[u8]) -> Result<(), Fault> {
        self.call.memory(text.len().saturating_mul(6))?;
        self.out.push(b'"');
        for unit in units(text) {
            let Unit::Character(character) = unit else {
                self.out.extend_from_slice(b"\\ufffd");
                continue;
            };
            match character {
                '"' | '\\' => self.out.extend_from_slice(&[b'\\', character as u8]),
                '\n' => self.out.extend_from_slice(b"\\n"),
                '\r' => self.out.extend_from_slice(b"\\r"),
                '\t' => self.out.extend_from_slice(b"\\t"),
                '\x08' => self.out.extend_from_slice(b"\\b"),
                '\x0c' => self.out.extend_from_slice(b"\\f"),
                '\0'..' ' | '\u{2028}' | '\u{2029}' => self.escape(character),
                '<' | '>' | '&' if self.html == Html::Escaped => self.escape(character),
                character => self
                    .out
                    .extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        self.out.push(b'"');
        Ok(())
    }

    fn escape(&mut self, character: char) {
        self.out
            .extend_from_slice(format!("\\u{:04x}", u32::from(character)).as_bytes());
    }
}

/// A JSON text as Go decodes it into an `interface {}`.
pub(crate) struct Decoded {
    pub(crate) value: Value,
    /// Go reports a number that no float holds, and goes on with a nil in its place.
    pub(crate) overflowed: bool,
}

pub(crate) fn read(call: &Call<'_>, text: &[u8]) -> Result<Decoded, Fault> {
    let mut reader = Reader {
        call,
        text,
        at: 0,
        overflowed: false,
    };
    let value = reader.value(0)?;
    reader.space();
    if reader.at != text.len() {
        return Err(Fault::Json);
    }
    Ok(Decoded {
        value,
        overflowed: reader.overflowed,
    })
}

struct Reader<'c, 't> {
    call: &'c Call<'t>,
    text: &'c [u8],
    at: usize,
    overflowed: bool,
}

impl Reader<'_, '_> {
    fn space(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn peek(&mut self) -> Option<u8> {
        self.space();
        self.text.get(self.at).copied()
    }

    fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, word: &[u8], value: Value) -> Result<Value, Fault> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            Ok(value)
        } else {
            Err(Fault::Json)
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, Fault> {
        if depth > VALUE_DEPTH {
            return Err(Fault::DepthLimit);
        }
        self.call.memory(64)?;
        match self.peek().ok_or(Fault::Json)? {
            b'n' => self.word(b"null", Value::Nil),
            b't' => self.word(b"true", Value::Bool(true)),
            b'f' => self.word(b"false", Value::Bool(false)),
            b'"' => Ok(Value::Str(shared(self.string()?))),
            b'[' => {
                self.at += 1;
                let mut items = Vec::new();
                if !self.take(b']') {
                    loop {
                        items.push(self.value(depth + 1)?);
                        if !self.take(b',') {
                            break;
                        }
                    }
                    if !self.take(b']') {
                        return Err(Fault::Json);
                    }
                }
                Ok(Value::List(List::new(crate::value::Element::Any, items)))
            }
            b'{' => {
                self.at += 1;
                let mut entries = std::collections::BTreeMap::new();
                if !self.take(b'}') {
                    loop {
                        if self.peek() != Some(b'"') {
                            return Err(Fault::Json);
                        }
                        let key = shared(self.string()?);
                        if !self.take(b':') {
                            return Err(Fault::Json);
                        }
                        entries.insert(key, self.value(depth + 1)?);
                        if !self.take(b',') {
                            break;
                        }
                    }
                    if !self.take(b'}') {
                        return Err(Fault::Json);
                    }
                }
                Ok(Value::Map(Map::new(Entry::Any, entries)))
            }
            b'-' | b'0'..=b'9' => self.number(),
            _ => Err(Fault::Json),
        }
    }

    fn run_of_digits(&mut self) -> usize {
        let from = self.at;
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        self.at - from
    }

    fn number(&mut self) -> Result<Value, Fault> {
        let from = self.at;
        if self.text[self.at] == b'-' {
            self.at += 1;
        }
        let leading_zero = self.text.get(self.at) == Some(&b'0');
        let whole = self.run_of_digits();
        if whole == 0 || leading_zero && whole > 1 {
            return Err(Fault::Json);
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            if self.run_of_digits() == 0 {
                return Err(Fault::Json);
            }
        }
        if matches!(self.text.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.text.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.run_of_digits() == 0 {
                return Err(Fault::Json);
            }
        }
        let number = str::from_utf8(&self.text[from..self.at])
            .ok()
            .and_then(|text| text.parse::<f64>().ok());
        match number {
            Some(number) if number.is_finite() => Ok(Value::Float(number)),
            _ => {
                self.overflowed = true;
                Ok(Value::Nil)
            }
        }
    }

    fn string(&mut self) -> Result<Vec<u8>, Fault> {
        self.at += 1;
        let mut out = Vec::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest
                .iter()
                .take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20))
                .count();
            self.call.memory(plain * 3)?;
            for unit in units(&rest[..plain]) {
                let character = match unit {
                    Unit::Character(character) => character,
                    Unit::Byte(_) => char::REPLACEMENT_CHARACTER,
                };
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            self.at += plain;
            match self.text.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    let character = self.escaped()?;
                    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                _ => return Err(Fault::Json),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, Fault> {
        let escape = *self.text.get(self.at).ok_or(Fault::Json)?;
        self.at += 1;
        Ok(match escape {
            b'"' | b'\\' | b'/' => char::from(escape),
            b'b' => '\x08',
            b'f' => '\x0c',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.unit().ok_or(Fault::Json)?;
                self.at += 4;
                if (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with(b"\\u") {
                    self.at += 2;
                    let second = self.unit().ok_or(Fault::Json)?;
                    if (0xdc00..0xe000).contains(&second) {
                        self.at += 4;
                        let code = 0x1_0000 + ((first - 0xd800) << 10 | (second - 0xdc00));
                        return char::from_u32(code).ok_or(Fault::Json);
                    }
                    // Go keeps the second escape for itself.
                    self.at -= 2;
                }
                char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => return Err(Fault::Json),
        })
    }

    fn unit(&self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        let digits = str::from_utf8(digits)
            .ok()
            .filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        u32::from_str_radix(digits, 16).ok()
    }
}
