//! Directives, anchors, aliases and tags.

use std::borrow::Cow;

use super::error::ParseError;
use super::scanner::Scanner;
use super::token::Body;

/// Whether a byte can be part of a name.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

impl<'a> Scanner<'a> {
    pub(super) fn scan_alias(&mut self) -> Result<Body<'a>, ParseError> {
        self.take_anchor_name().map(Body::Alias)
    }

    pub(super) fn scan_anchor(&mut self) -> Result<Body<'a>, ParseError> {
        self.take_anchor_name().map(Body::Anchor)
    }

    fn take_anchor_name(&mut self) -> Result<&'a str, ParseError> {
        self.cursor.skip_ascii(1);
        let name = self.take_name();
        let ends = self.cursor.is_blank_or_end(0)
            || matches!(
                self.cursor.byte(0),
                b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`'
            );
        if name.is_empty() || !ends {
            return Err(ParseError::AnchorName(self.cursor.mark.position()));
        }
        Ok(name)
    }

    fn take_name(&mut self) -> &'a str {
        let start = self.cursor.offset();
        while is_name(self.cursor.byte(0)) {
            self.cursor.skip_ascii(1);
        }
        self.cursor.text_since(start)
    }

    /// Reads `%YAML` or `%TAG` with the rest of its line.
    pub(super) fn scan_directive(&mut self) -> Result<Body<'a>, ParseError> {
        let malformed = ParseError::Directive(self.cursor.mark.position());
        self.cursor.skip_ascii(1);
        let name = self.take_name();
        if !self.cursor.is_blank_or_end(0) {
            return Err(malformed);
        }
        self.cursor.skip_blanks();
        let body = match name {
            "YAML" => {
                let major = self.take_version_number().ok_or(malformed)?;
                if self.cursor.byte(0) != b'.' {
                    return Err(malformed);
                }
                self.cursor.skip_ascii(1);
                let minor = self.take_version_number().ok_or(malformed)?;
                Body::VersionDirective {
                    supported: (major, minor) == (1, 1),
                }
            }
            "TAG" => {
                let handle = self.take_tag_handle().ok_or(malformed)?;
                let is_handle = handle.ends_with('!');
                if !is_handle || !self.cursor.is_blank(0) {
                    return Err(malformed);
                }
                self.cursor.skip_blanks();
                let prefix = self.take_tag_uri("").ok_or(malformed)?;
                if prefix.is_empty() || !self.cursor.is_blank_or_end(0) {
                    return Err(malformed);
                }
                Body::TagDirective { handle, prefix }
            }
            _ => return Err(malformed),
        };
        self.cursor.skip_blanks();
        if self.cursor.byte(0) == b'#' {
            self.cursor.take_to(self.cursor.line_end());
        }
        if !self.cursor.is_break_or_end(0) {
            return Err(malformed);
        }
        self.cursor.skip_break();
        Ok(body)
    }

    /// Reads a number of one or two digits.
    fn take_version_number(&mut self) -> Option<u8> {
        let mut number = None;
        for _ in 0..2 {
            let digit = self.cursor.byte(0);
            if !digit.is_ascii_digit() {
                break;
            }
            number = Some(number.unwrap_or(0) * 10 + (digit - b'0'));
            self.cursor.skip_ascii(1);
        }
        number.filter(|_| !self.cursor.byte(0).is_ascii_digit())
    }

    /// Reads `!<tag>`, `!suffix`, `!handle!suffix` or `!`.
    pub(super) fn scan_tag(&mut self) -> Result<Body<'a>, ParseError> {
        let malformed = ParseError::Tag(self.cursor.mark.position());
        let (handle, suffix) = if self.cursor.byte(1) == b'<' {
            self.cursor.skip_ascii(2);
            let suffix = self.take_tag_uri("").ok_or(malformed)?;
            if suffix.is_empty() || self.cursor.byte(0) != b'>' {
                return Err(malformed);
            }
            self.cursor.skip_ascii(1);
            ("", suffix)
        } else {
            let handle = self.take_tag_handle().ok_or(malformed)?;
            if handle.len() > 1 && handle.ends_with('!') {
                let suffix = self.take_tag_uri("").ok_or(malformed)?;
                if suffix.is_empty() {
                    return Err(malformed);
                }
                (handle, suffix)
            } else {
                let suffix = self.take_tag_uri(&handle[1..]).ok_or(malformed)?;
                if suffix.is_empty() {
                    ("", Cow::Borrowed("!"))
                } else {
                    ("!", suffix)
                }
            }
        };
        if !self.cursor.is_blank_or_end(0) {
            return Err(malformed);
        }
        Ok(Body::Tag { handle, suffix })
    }

    /// Reads `!`, a name, and a `!` behind it if there is one.
    fn take_tag_handle(&mut self) -> Option<&'a str> {
        let start = self.cursor.offset();
        if self.cursor.byte(0) != b'!' {
            return None;
        }
        self.cursor.skip_ascii(1);
        self.take_name();
        if self.cursor.byte(0) == b'!' {
            self.cursor.skip_ascii(1);
        }
        Some(self.cursor.text_since(start))
    }

    /// Reads the characters that a URI can have, with `%XX` decoded, behind a `head` that was read already.
    fn take_tag_uri(&mut self, head: &'a str) -> Option<Cow<'a, str>> {
        let start = self.cursor.offset();
        let mut escaped: Option<Vec<u8>> = None;
        loop {
            let byte = self.cursor.byte(0);
            if byte == b'%' {
                let plain = self.cursor.text_since(start);
                let uri = escaped.get_or_insert_with(|| [head, plain].concat().into_bytes());
                let octets = self.take_uri_escapes()?;
                uri.extend(octets);
            } else if is_name(byte) || b";/?:@&=+$,.!~*'()[]".contains(&byte) {
                self.cursor.skip_ascii(1);
                if let Some(uri) = &mut escaped {
                    uri.push(byte);
                }
            } else {
                break;
            }
        }
        Some(match escaped {
            Some(uri) => Cow::Owned(String::from_utf8_lossy(&uri).into_owned()),
            None if head.is_empty() => Cow::Borrowed(self.cursor.text_since(start)),
            None => Cow::Borrowed(self.cursor.text_since(start - head.len())),
        })
    }

    /// Reads the `%XX` of one character.
    fn take_uri_escapes(&mut self) -> Option<Vec<u8>> {
        let mut octets = Vec::new();
        let mut width = 1;
        while octets.len() < width {
            let digit = |ahead| char::from(self.cursor.byte(ahead)).to_digit(16);
            let octet = match self.cursor.byte(0) {
                b'%' => (digit(1)? << 4 | digit(2)?) as u8,
                _ => return None,
            };
            if octets.is_empty() {
                width = match octet {
                    0..=0x7F => 1,
                    0xC0..=0xDF => 2,
                    0xE0..=0xEF => 3,
                    0xF0..=0xF7 => 4,
                    _ => return None,
                };
            } else if octet & 0xC0 != 0x80 {
                return None;
            }
            octets.push(octet);
            self.cursor.skip_ascii(3);
        }
        Some(octets)
    }
}
