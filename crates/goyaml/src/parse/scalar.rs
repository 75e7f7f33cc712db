//! Plain, quoted and block scalars.
//!
//! A plain or quoted scalar that stands in the source as its value reads is borrowed. Folding, escapes and block
//! scalars copy.

use std::borrow::Cow;

use super::cursor::Quote;
use super::error::ParseError;
use super::scanner::Scanner;
use super::token::Body;
use crate::node::Form;

/// The line breaks between two pieces of a plain or quoted scalar.
#[derive(Default)]
struct Fold<'a> {
    /// The first break; empty if it was escaped.
    first: &'a str,
    /// The breaks after it.
    more: String,
}

impl<'a> Fold<'a> {
    /// Adds a break to those seen so far, if any.
    fn extend(fold: &mut Option<Self>, line_break: &'a str) {
        match fold {
            Some(fold) => fold.more.push_str(line_break),
            None => {
                *fold = Some(Self {
                    first: line_break,
                    more: String::new(),
                });
            }
        }
    }

    /// Appends what the breaks stand for: a lone newline is a space, of several the first one goes away.
    fn append_to(&self, value: &mut String) {
        match (self.first, self.more.as_str()) {
            ("\n", "") => value.push(' '),
            ("\n", more) => value.push_str(more),
            (first, more) => {
                value.push_str(first);
                value.push_str(more);
            }
        }
    }
}

/// What to do with the line breaks at the end of a block scalar.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Chomp {
    Clip,
    Keep,
    Strip,
}

impl<'a> Scanner<'a> {
    /// Reads a plain scalar, which may go on over lines that are indented deeper than the block around it.
    pub(super) fn scan_plain(&mut self) -> Result<Body<'a>, ParseError> {
        let in_flow = self.in_flow();
        let indent = self.indent + 1;
        let start = self.cursor.offset();
        let mut text = Cow::Borrowed("");
        let mut gap = start;
        let mut fold: Option<Fold<'a>> = None;
        loop {
            if self.cursor.byte(0) == b'#' || self.cursor.at_document_indicator() {
                break;
            }
            let end = self.cursor.plain_end(in_flow);
            if end > self.cursor.offset() {
                if let Some(fold) = fold.take() {
                    fold.append_to(text.to_mut());
                    gap = self.cursor.offset();
                }
                self.cursor.take_to(end);
                match &mut text {
                    Cow::Borrowed(text) => *text = self.cursor.text_since(start),
                    Cow::Owned(text) => text.push_str(self.cursor.text_since(gap)),
                }
            }
            gap = self.cursor.offset();
            loop {
                if self.cursor.is_break(0) {
                    Fold::extend(&mut fold, self.cursor.take_break());
                } else if self.cursor.is_blank(0) {
                    let outdented = i64::from(self.cursor.mark.column) < indent;
                    if fold.is_some() && outdented && self.cursor.byte(0) == b'\t' {
                        return Err(ParseError::TabIndentation(self.cursor.mark.position()));
                    }
                    self.cursor.skip();
                } else {
                    break;
                }
            }
            let outdented = !in_flow && i64::from(self.cursor.mark.column) < indent;
            if gap == self.cursor.offset() || outdented {
                break;
            }
        }
        if fold.is_some() {
            self.key_allowed = true;
        }
        Ok(Body::Scalar {
            text,
            form: Form::Any,
        })
    }

    /// Reads a scalar in quotation marks.
    pub(super) fn scan_quoted(&mut self, quote: Quote) -> Result<Body<'a>, ParseError> {
        let start = self.cursor.mark;
        self.cursor.skip_ascii(1);
        let text = match self.take_simple_quoted(quote) {
            Some(text) => Cow::Borrowed(text),
            None => {
                let mut value = String::new();
                loop {
                    if self.cursor.at_document_indicator() {
                        let here = self.cursor.mark.position();
                        return Err(ParseError::DocumentInQuote(here));
                    }
                    if self.cursor.at_end() {
                        return Err(ParseError::UnterminatedQuote(start.position()));
                    }
                    let mut fold = self.take_quoted_word(quote, &mut value)?;
                    if self.cursor.byte(0) == quote.byte() {
                        break;
                    }
                    let gap = self.cursor.offset();
                    loop {
                        if self.cursor.is_break(0) {
                            Fold::extend(&mut fold, self.cursor.take_break());
                        } else if self.cursor.is_blank(0) {
                            self.cursor.skip();
                        } else {
                            break;
                        }
                    }
                    match fold {
                        Some(fold) => fold.append_to(&mut value),
                        None => value.push_str(self.cursor.text_since(gap)),
                    }
                }
                Cow::Owned(value)
            }
        };
        self.cursor.skip_ascii(1);
        let form = match quote {
            Quote::Double => Form::DoubleQuoted,
            Quote::Single => Form::SingleQuoted,
        };
        Ok(Body::Scalar { text, form })
    }

    /// Reads up to the closing quotation mark, if nothing before it has to be changed.
    fn take_simple_quoted(&mut self, quote: Quote) -> Option<&'a str> {
        let end = self.cursor.quoted_end(quote, true);
        let ahead = end - self.cursor.offset();
        let closed = self.cursor.byte(ahead) == quote.byte();
        let doubled = quote == Quote::Single && self.cursor.byte(ahead + 1) == b'\'';
        (closed && !doubled).then(|| self.cursor.take_to(end))
    }

    /// Reads up to a blank, a line break or the closing quotation mark. A line break that is escaped is read too
    /// and starts a fold.
    fn take_quoted_word(
        &mut self,
        quote: Quote,
        value: &mut String,
    ) -> Result<Option<Fold<'a>>, ParseError> {
        loop {
            let end = self.cursor.quoted_end(quote, false);
            value.push_str(self.cursor.take_to(end));
            match (self.cursor.byte(0), quote) {
                (b'\'', Quote::Single) if self.cursor.byte(1) == b'\'' => {
                    value.push('\'');
                    self.cursor.skip_ascii(2);
                }
                (b'\\', Quote::Double) if self.cursor.is_break(1) => {
                    self.cursor.skip_ascii(1);
                    self.cursor.skip_break();
                    return Ok(Some(Fold::default()));
                }
                (b'\\', Quote::Double) => value.push(self.take_escape()?),
                _ => return Ok(None),
            }
        }
    }

    fn take_escape(&mut self) -> Result<char, ParseError> {
        let start = self.cursor.mark.position();
        let (character, digits) = match self.cursor.byte(1) {
            b'0' => ('\0', 0),
            b'a' => ('\x07', 0),
            b'b' => ('\x08', 0),
            b't' | b'\t' => ('\t', 0),
            b'n' => ('\n', 0),
            b'v' => ('\x0B', 0),
            b'f' => ('\x0C', 0),
            b'r' => ('\r', 0),
            b'e' => ('\x1B', 0),
            b' ' => (' ', 0),
            b'"' => ('"', 0),
            b'\'' => ('\'', 0),
            b'\\' => ('\\', 0),
            b'N' => ('\u{85}', 0),
            b'_' => ('\u{A0}', 0),
            b'L' => ('\u{2028}', 0),
            b'P' => ('\u{2029}', 0),
            b'x' => ('\0', 2),
            b'u' => ('\0', 4),
            b'U' => ('\0', 8),
            _ => return Err(ParseError::Escape(start)),
        };
        self.cursor.skip_ascii(2);
        if digits == 0 {
            return Ok(character);
        }
        let mut code = 0;
        for _ in 0..digits {
            let digit = char::from(self.cursor.byte(0)).to_digit(16);
            code = code << 4 | digit.ok_or(ParseError::Escape(start))?;
            self.cursor.skip_ascii(1);
        }
        char::from_u32(code).ok_or(ParseError::Escape(start))
    }

    /// Reads a literal or folded scalar.
    pub(super) fn scan_block(&mut self, form: Form) -> Result<Body<'a>, ParseError> {
        let start = self.cursor.mark;
        self.cursor.skip_ascii(1);
        let (chomp, increment) = self.take_block_indicators()?;
        self.cursor.skip_blanks();
        if self.cursor.byte(0) == b'#' {
            self.scan_line_comment(start.index);
            self.cursor.take_to(self.cursor.line_end());
        }
        if !self.cursor.is_break_or_end(0) {
            return Err(ParseError::BlockHeader(self.cursor.mark.position()));
        }
        self.cursor.skip_break();

        let mut indent = match increment {
            Some(increment) => Some(self.indent.max(0) + i64::from(increment)),
            None => None,
        };
        let mut value = String::new();
        let mut line_break = "";
        let mut more_breaks = String::new();
        let mut was_indented = false;
        loop {
            let indent = self.take_block_breaks(&mut indent, &mut more_breaks)?;
            if i64::from(self.cursor.mark.column) != indent || self.cursor.at_end() {
                break;
            }
            // Lines that start with a blank are kept as they are, and so are the breaks around them.
            let is_indented = self.cursor.is_blank(0);
            if form == Form::Folded && !was_indented && !is_indented && line_break == "\n" {
                if more_breaks.is_empty() {
                    value.push(' ');
                }
            } else {
                value.push_str(line_break);
            }
            value.push_str(&more_breaks);
            more_breaks.clear();
            was_indented = is_indented;
            value.push_str(self.cursor.take_to(self.cursor.line_end()));
            line_break = self.cursor.take_break();
        }
        if chomp != Chomp::Strip {
            value.push_str(line_break);
        }
        if chomp == Chomp::Keep {
            value.push_str(&more_breaks);
        }
        Ok(Body::Scalar {
            text: Cow::Owned(value),
            form,
        })
    }

    /// Reads the chomping and the indentation indicator, which can come in both orders.
    fn take_block_indicators(&mut self) -> Result<(Chomp, Option<u8>), ParseError> {
        let mut chomp = None;
        let mut increment = None;
        loop {
            match self.cursor.byte(0) {
                b'+' if chomp.is_none() => chomp = Some(Chomp::Keep),
                b'-' if chomp.is_none() => chomp = Some(Chomp::Strip),
                digit @ b'1'..=b'9' if increment.is_none() => increment = Some(digit - b'0'),
                b'0' if increment.is_none() => {
                    return Err(ParseError::BlockHeader(self.cursor.mark.position()));
                }
                _ => return Ok((chomp.unwrap_or(Chomp::Clip), increment)),
            }
            self.cursor.skip_ascii(1);
        }
    }

    /// Moves over the indentation and empty lines before the next line of a block scalar. Gives the indentation,
    /// which is found out here if no indicator told it.
    fn take_block_breaks(
        &mut self,
        indent: &mut Option<i64>,
        breaks: &mut String,
    ) -> Result<i64, ParseError> {
        let mut deepest = 0;
        loop {
            let limit = indent.unwrap_or(i64::MAX);
            while i64::from(self.cursor.mark.column) < limit && self.cursor.byte(0) == b' ' {
                self.cursor.skip();
            }
            let column = i64::from(self.cursor.mark.column);
            deepest = deepest.max(column);
            if column < limit && self.cursor.byte(0) == b'\t' {
                return Err(ParseError::TabIndentation(self.cursor.mark.position()));
            }
            if !self.cursor.is_break(0) {
                break;
            }
            breaks.push_str(self.cursor.take_break());
        }
        let found = deepest.max(self.indent + 1).max(1);
        Ok(*indent.get_or_insert(found))
    }
}
