//! Upper and lower case, and the word cases of `huandu/xstrings`.

use super::unicode::{
    is_digit, is_letter, is_lower, is_number, is_punctuation, is_space, is_title, is_upper, to_lower, to_title, to_upper,
};
use crate::error::Fault;
use crate::format::quote::{Unit, units};
use crate::functions::{Call, text_at};
use crate::value::Value;

fn characters(text: &[u8]) -> impl Iterator<Item = char> {
    units(text).map(|unit| match unit {
        Unit::Character(character) => character,
        Unit::Byte(_) => char::REPLACEMENT_CHARACTER,
    })
}

/// Go's `strings.Map`: bytes that are not UTF-8 become replacement characters.
fn map(call: &Call<'_>, text: &[u8], change: impl FnMut(char) -> char) -> Result<Value, Fault> {
    call.memory(text.len().saturating_mul(3))?;
    call.text(characters(text).map(change).collect::<String>())
}

pub(super) fn upper(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    map(call, text_at(arguments, 0)?, to_upper)
}

pub(super) fn lower(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    map(call, text_at(arguments, 0)?, to_lower)
}

/// `strings.Title`: a title case letter after everything that is neither letter, digit nor underscore.
pub(super) fn title(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let mut previous = ' ';
    map(call, text_at(arguments, 0)?, |character| {
        let separated = match previous {
            '_' => false,
            ascii if ascii.is_ascii() => !ascii.is_ascii_alphanumeric(),
            other if is_letter(other) || is_digit(other) => false,
            other => is_space(other),
        };
        previous = character;
        if separated { to_title(character) } else { character }
    })
}

fn is_connector(character: char) -> bool {
    character == '-' || character == '_' || is_space(character)
}

/// `camelcase`: sprig's name for xstrings' Pascal case. Each connector between two other characters goes, and the
/// letter after it becomes upper case; a word in capitals keeps only the first.
pub(super) fn pascal(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let text = text_at(arguments, 0)?;
    call.memory(text.len().saturating_mul(8))?;
    let all: Vec<char> = characters(text).collect();
    let start = all.iter().take_while(|character| is_connector(**character)).count();
    let mut out: String = all.iter().take(start).collect();
    let Some(first) = all.get(start) else { return call.text(out) };
    let mut in_capitals = is_upper(*first);
    let mut held = to_upper(*first);
    for &character in &all[start + 1..] {
        let mut next = character;
        match (is_connector(held), is_connector(next)) {
            (true, true) => {
                out.push(held);
                held = next;
                continue;
            }
            (true, false) => {
                in_capitals = is_upper(next);
                next = to_upper(next);
            }
            (false, _) => {
                if in_capitals {
                    if is_upper(next) {
                        next = to_lower(next);
                    } else {
                        in_capitals = false;
                    }
                }
                out.push(held);
            }
        }
        held = next;
    }
    out.push(held);
    call.text(out)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Nothing,
    Invalid,
    Number,
    Upper,
    Letters,
    Connector,
    Punctuation,
    Other,
}

/// Letters of scripts that have words without spaces do not count.
fn is_alphabet(character: char) -> bool {
    let ideographic = matches!(
        u32::from(character),
        0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0x20000..=0x2A6DF | 0x2A700..=0x2EBEF | 0x30000..=0x3134F
            | 0x3040..=0x309F | 0x30A0..=0x30FF | 0x31F0..=0x31FF | 0x1B000..=0x1B12F | 0x1B130..=0x1B16F
            | 0xAC00..=0xD7AF | 0x1100..=0x11FF
    );
    is_letter(character) && !ideographic
}

/// The next word of the text, its kind, and the rest.
fn next_word(text: &[char]) -> (Word, &[char], &[char]) {
    let Some(&first) = text.first() else { return (Word::Nothing, &[], &[]) };
    let run = |from: usize, belongs: &dyn Fn(char) -> bool| {
        from + text[from..].iter().take_while(|character| belongs(**character)).count()
    };
    let lower = |character: char| is_alphabet(character) && !is_upper(character);
    let (kind, length) = if first == char::REPLACEMENT_CHARACTER {
        (Word::Invalid, 1)
    } else if is_connector(first) {
        (Word::Connector, run(1, &is_connector))
    } else if is_punctuation(first) {
        (Word::Punctuation, run(1, &is_punctuation))
    } else if is_upper(first) {
        let capitals = run(1, &is_upper);
        let length = match text.get(capitals) {
            // "HTTPStatus" is "HTTP" and "Status".
            Some(next) if capitals > 1 && is_alphabet(*next) => capitals - 1,
            Some(next) if capitals == 1 && is_alphabet(*next) => run(1, &lower),
            _ => capitals,
        };
        (Word::Upper, length)
    } else if is_alphabet(first) {
        (Word::Letters, run(1, &lower))
    } else if is_number(first) {
        (Word::Number, run(1, &is_number))
    } else {
        let other = |character: char| {
            !(is_connector(character) || is_alphabet(character) || is_number(character) || is_punctuation(character))
        };
        (Word::Other, run(1, &other))
    };
    let (word, rest) = text.split_at(length);
    (kind, word, rest)
}

pub(super) fn snake(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    connected(call, text_at(arguments, 0)?, '_')
}

pub(super) fn kebab(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    connected(call, text_at(arguments, 0)?, '-')
}

/// Words in lower case with a connector between them. A number belongs to the word before it, unless letters in lower
/// case follow it.
fn connected(call: &Call<'_>, text: &[u8], connector: char) -> Result<Value, Fault> {
    call.memory(text.len().saturating_mul(10))?;
    let all: Vec<char> = characters(text).collect();
    let mut out = Lowered { text: String::new(), connector };
    let (mut kind, mut word, mut rest) = next_word(&all);
    while !rest.is_empty() {
        if kind != Word::Connector {
            out.push(kind, word);
        }
        let (before, last) = (kind, word);
        (kind, word, rest) = next_word(rest);
        match before {
            Word::Number => {
                out.continue_number(&mut kind, &mut word, &mut rest);
                out.connect_unless(matches!(kind, Word::Nothing | Word::Punctuation | Word::Connector));
            }
            Word::Connector => out.push(before, last),
            Word::Punctuation => {}
            _ if kind != Word::Number => out.connect_unless(matches!(kind, Word::Connector | Word::Punctuation)),
            _ if rest.is_empty() => {}
            _ => {
                let number = word;
                (kind, word, rest) = next_word(rest);
                if kind == Word::Letters {
                    out.text.push(connector);
                    out.push(Word::Number, number);
                    out.continue_number(&mut kind, &mut word, &mut rest);
                    out.connect_unless(matches!(kind, Word::Nothing | Word::Connector | Word::Punctuation));
                } else {
                    out.push(Word::Number, number);
                    out.connect_unless(matches!(kind, Word::Connector | Word::Punctuation));
                }
            }
        }
    }
    out.push(kind, word);
    call.text(out.text)
}

struct Lowered {
    text: String,
    connector: char,
}

impl Lowered {
    fn push(&mut self, kind: Word, word: &[char]) {
        let changes = matches!(kind, Word::Upper | Word::Connector);
        let connector = self.connector;
        self.text.extend(word.iter().map(|&character| match character {
            character if !changes => character,
            character if is_connector(character) => connector,
            character if is_upper(character) => to_lower(character),
            character => character,
        }));
    }

    fn connect_unless(&mut self, unless: bool) {
        if !unless {
            self.text.push(self.connector);
        }
    }

    fn continue_number<'t>(&mut self, kind: &mut Word, word: &mut &'t [char], rest: &mut &'t [char]) {
        while matches!(kind, Word::Letters | Word::Number) {
            self.push(*kind, word);
            (*kind, *word, *rest) = next_word(rest);
        }
    }
}

/// `goutils.SwapCase`: a lower case letter at the start of a word becomes title case.
pub(super) fn swapped(text: &[u8]) -> String {
    let mut after_space = true;
    characters(text)
        .map(|character| {
            if is_upper(character) || is_title(character) {
                after_space = false;
                to_lower(character)
            } else if is_lower(character) {
                if std::mem::replace(&mut after_space, false) { to_title(character) } else { to_upper(character) }
            } else {
                after_space = is_space(character);
                character
            }
        })
        .collect()
}

/// `goutils.Uncapitalize`: the first character of every word in lower case.
pub(super) fn uncapitalized(text: &[u8]) -> String {
    let mut starts = true;
    characters(text)
        .map(|character| {
            if is_space(character) {
                starts = true;
                character
            } else if std::mem::replace(&mut starts, false) {
                to_lower(character)
            } else {
                character
            }
        })
        .collect()
}
