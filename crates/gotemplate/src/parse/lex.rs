//! The words of a template. The rules are Go's (`text/template/parse/lex.go`), including where spaces matter.

use super::ast::Offset;
use crate::error::SyntaxFault;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Assign,
    Bool,
    Char,
    CharConstant,
    Complex,
    Declare,
    End,
    Field,
    Identifier,
    LeftDelim,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelim,
    RightParen,
    Space,
    String,
    Text,
    Variable,
    Keyword(Keyword),
    Dot,
    Nil,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Keyword {
    Block,
    Break,
    Continue,
    Define,
    Else,
    End,
    If,
    Range,
    Template,
    With,
}

#[derive(Clone, Copy)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) at: Offset,
    pub(crate) text: &'a str,
}

/// A fault of the words, and where.
pub(crate) type Bad = (SyntaxFault, Offset);

pub(crate) struct Lexer<'a> {
    input: &'a str,
    position: usize,
    inside: bool,
    parens: usize,
}

const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn is_word(character: char) -> bool {
    character == '_'
        || character.is_alphabetic()
        || (character.is_numeric() && character.is_alphanumeric())
}

fn opens_trimmed(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 2 && bytes[0] == b'-' && is_space(bytes[1])
}

fn closes_trimmed(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 2 && is_space(bytes[0]) && bytes[1] == b'-'
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(input: &'a str) -> Self {
        Self {
            input,
            position: 0,
            inside: false,
            parens: 0,
        }
    }

    pub(crate) fn next(&mut self) -> Result<Token<'a>, Bad> {
        if self.inside {
            self.action()
        } else {
            self.text()
        }
    }

    fn rest(&self) -> &'a str {
        &self.input[self.position..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.position += next.len_utf8();
        Some(next)
    }

    fn token(&self, kind: Kind, from: usize) -> Token<'a> {
        Token {
            kind,
            at: from as Offset,
            text: &self.input[from..self.position],
        }
    }

    fn bad<T>(&self, fault: SyntaxFault, at: usize) -> Result<T, Bad> {
        Err((fault, at as Offset))
    }

    fn text(&mut self) -> Result<Token<'a>, Bad> {
        loop {
            let from = self.position;
            let Some(length) = self.rest().find("{{") else {
                self.position = self.input.len();
                let kind = if self.position > from {
                    Kind::Text
                } else {
                    Kind::End
                };
                return Ok(self.token(kind, from));
            };
            if length > 0 {
                let mut text = &self.rest()[..length];
                if opens_trimmed(&self.rest()[length + 2..]) {
                    text = text.trim_end_matches(SPACES);
                }
                self.position += length;
                if !text.is_empty() {
                    return Ok(Token {
                        kind: Kind::Text,
                        at: from as Offset,
                        text,
                    });
                }
            }
            let from = self.position;
            self.position += 2;
            let marker = if opens_trimmed(self.rest()) { 2 } else { 0 };
            if !self.rest()[marker..].starts_with("/*") {
                let token = self.token(Kind::LeftDelim, from);
                self.position += marker;
                self.inside = true;
                self.parens = 0;
                return Ok(token);
            }
            self.position += marker + 2;
            let Some(length) = self.rest().find("*/") else {
                return self.bad(SyntaxFault::UnclosedComment, from);
            };
            self.position += length + 2;
            if !self.close() {
                return self.bad(SyntaxFault::UnclosedComment, from);
            }
        }
    }

    /// Whether a right delimiter is next, and whether it trims the text after it.
    fn at_close(&self) -> Option<bool> {
        if closes_trimmed(self.rest()) && self.rest()[2..].starts_with("}}") {
            Some(true)
        } else {
            self.rest().starts_with("}}").then_some(false)
        }
    }

    fn close(&mut self) -> bool {
        match self.at_close() {
            Some(true) => {
                self.position += 4;
                self.position += self.rest().len() - self.rest().trim_start_matches(SPACES).len();
                true
            }
            Some(false) => {
                self.position += 2;
                true
            }
            None => false,
        }
    }

    fn right_delim(&mut self) -> Token<'a> {
        let from = self.position;
        self.close();
        self.inside = false;
        Token {
            kind: Kind::RightDelim,
            at: from as Offset,
            text: "}}",
        }
    }

    fn action(&mut self) -> Result<Token<'a>, Bad> {
        if self.at_close().is_some() {
            return if self.parens == 0 {
                Ok(self.right_delim())
            } else {
                self.bad(SyntaxFault::Parenthesis, self.position)
            };
        }
        let from = self.position;
        let Some(next) = self.bump() else {
            return self.bad(SyntaxFault::UnclosedAction, from);
        };
        let kind = match next {
            ' ' | '\t' | '\r' | '\n' => return Ok(self.space(from)),
            '=' => Kind::Assign,
            ':' => {
                if self.bump() != Some('=') {
                    return self.bad(SyntaxFault::Character, from);
                }
                Kind::Declare
            }
            '|' => Kind::Pipe,
            '"' => self.quoted('"', Kind::String, from)?,
            '\'' => self.quoted('\'', Kind::CharConstant, from)?,
            '`' => match self.rest().find('`') {
                Some(length) => {
                    self.position += length + 1;
                    Kind::RawString
                }
                None => return self.bad(SyntaxFault::UnclosedString, from),
            },
            '$' => self.word_after(Kind::Variable, Kind::Variable)?,
            '.' if !self.rest().starts_with(|next: char| next.is_ascii_digit())
                && !self.rest().is_empty() =>
            {
                self.word_after(Kind::Dot, Kind::Field)?
            }
            '.' | '+' | '-' | '0'..='9' => {
                self.position = from;
                self.number(from)?
            }
            '(' => {
                self.parens += 1;
                Kind::LeftParen
            }
            ')' => {
                if self.parens == 0 {
                    return self.bad(SyntaxFault::Parenthesis, from);
                }
                self.parens -= 1;
                Kind::RightParen
            }
            next if is_word(next) => {
                self.words();
                if !self.at_terminator() {
                    return self.bad(SyntaxFault::Character, self.position);
                }
                identifier(&self.input[from..self.position])
            }
            next if next.is_ascii_graphic() => Kind::Char,
            _ => return self.bad(SyntaxFault::Character, from),
        };
        Ok(self.token(kind, from))
    }

    fn space(&mut self, from: usize) -> Token<'a> {
        while self.peek().is_some_and(|next| SPACES.contains(&next)) {
            self.position += 1;
        }
        // The last space may belong to a trimming right delimiter.
        let last = self.position - 1;
        if closes_trimmed(&self.input[last..]) && self.input[last + 2..].starts_with("}}") {
            self.position = last;
            if last == from {
                return self.right_delim();
            }
        }
        self.token(Kind::Space, from)
    }

    fn words(&mut self) {
        while self.peek().is_some_and(is_word) {
            self.bump();
        }
    }

    fn word_after(&mut self, alone: Kind, named: Kind) -> Result<Kind, Bad> {
        if self.at_terminator() {
            return Ok(alone);
        }
        self.words();
        if !self.at_terminator() {
            return self.bad(SyntaxFault::Character, self.position);
        }
        Ok(named)
    }

    fn at_terminator(&self) -> bool {
        match self.peek() {
            None | Some(' ' | '\t' | '\r' | '\n' | '.' | ',' | '|' | ':' | ')' | '(') => true,
            Some(_) => self.rest().starts_with("}}"),
        }
    }

    fn quoted(&mut self, quote: char, kind: Kind, from: usize) -> Result<Kind, Bad> {
        loop {
            match self.bump() {
                Some('\\') => match self.bump() {
                    None | Some('\n') => return self.bad(SyntaxFault::UnclosedString, from),
                    Some(_) => {}
                },
                None | Some('\n') => return self.bad(SyntaxFault::UnclosedString, from),
                Some(next) if next == quote => return Ok(kind),
                Some(_) => {}
            }
        }
    }

    fn number(&mut self, from: usize) -> Result<Kind, Bad> {
        if !self.scan_number() {
            return self.bad(SyntaxFault::Number, from);
        }
        if matches!(self.peek(), Some('+' | '-')) {
            if !self.scan_number() || !self.input[..self.position].ends_with('i') {
                return self.bad(SyntaxFault::Number, from);
            }
            return Ok(Kind::Complex);
        }
        Ok(Kind::Number)
    }

    fn accept(&mut self, set: &str) -> bool {
        let found = self.peek().is_some_and(|next| set.contains(next));
        if found {
            self.position += 1;
        }
        found
    }

    fn accept_run(&mut self, set: &str) {
        while self.accept(set) {}
    }

    fn scan_number(&mut self) -> bool {
        const DECIMAL: &str = "0123456789_";
        const HEX: &str = "0123456789abcdefABCDEF_";
        self.accept("+-");
        let mut digits = DECIMAL;
        if self.accept("0") {
            if self.accept("xX") {
                digits = HEX;
            } else if self.accept("oO") {
                digits = "01234567_";
            } else if self.accept("bB") {
                digits = "01_";
            }
        }
        self.accept_run(digits);
        if self.accept(".") {
            self.accept_run(digits);
        }
        let exponent = match digits {
            DECIMAL => "eE",
            HEX => "pP",
            _ => "",
        };
        if self.accept(exponent) {
            self.accept("+-");
            self.accept_run(DECIMAL);
        }
        self.accept("i");
        if self.peek().is_some_and(is_word) {
            self.bump();
            return false;
        }
        true
    }
}

fn identifier(word: &str) -> Kind {
    match word {
        "block" => Kind::Keyword(Keyword::Block),
        "break" => Kind::Keyword(Keyword::Break),
        "continue" => Kind::Keyword(Keyword::Continue),
        "define" => Kind::Keyword(Keyword::Define),
        "else" => Kind::Keyword(Keyword::Else),
        "end" => Kind::Keyword(Keyword::End),
        "if" => Kind::Keyword(Keyword::If),
        "range" => Kind::Keyword(Keyword::Range),
        "template" => Kind::Keyword(Keyword::Template),
        "with" => Kind::Keyword(Keyword::With),
        "nil" => Kind::Nil,
        "true" | "false" => Kind::Bool,
        _ => Kind::Identifier,
    }
}
