//! Upper and lower case, and the word cases of `huandu/xstrings`.

use super::unicode::{
    is_digit, is_letter, is_lower, is_number, is_punctuation, is_space, is_title, is_upper,
    to_lower, to_title, to_upper,
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
        if separated {
            to_title(character)
        } else {
            character
        }
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
    let start = all
        .iter()
        .take_while(|character| is_connector(**character))
        .count();
    let mut out: String = all.iter().take(start).collect();
    let Some(first) = all.get(start) else {
        // A text of connectors alone has its last one twice.
        out.extend(all.last());
        return call.text(out);
    };
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

/// The next character of the text that is one, and how many units it takes with the ones before it that are not; at
/// the end of the text, `previous` stands in.
fn next_valid(text: &[Unit], previous: char) -> (char, usize) {
    let found = text.iter().enumerate().find_map(|(at, unit)| match unit {
        Unit::Character(character) if *character != char::REPLACEMENT_CHARACTER => {
            Some((*character, at + 1))
        }
        _ => None,
    });
    found.unwrap_or((previous, text.len()))
}

/// The next word of the text, its kind, and the rest.
fn next_word(text: &[Unit]) -> (Word, &[Unit], &[Unit]) {
    if text.is_empty() {
        return (Word::Nothing, text, text);
    }
    let (first, start) = next_valid(text, char::REPLACEMENT_CHARACTER);
    let run = |belongs: &dyn Fn(char) -> bool| {
        let (mut at, mut previous) = (start, first);
        while at < text.len() {
            let (next, size) = next_valid(&text[at..], previous);
            if !belongs(next) {
                break;
            }
            (at, previous) = (at + size, next);
        }
        at
    };
    let lower = |character: char| is_alphabet(character) && !is_upper(character);
    let (kind, length) = if first == char::REPLACEMENT_CHARACTER {
        (Word::Invalid, start)
    } else if is_connector(first) {
        (Word::Connector, run(&is_connector))
    } else if is_punctuation(first) {
        (Word::Punctuation, run(&is_punctuation))
    } else if is_upper(first) {
        (Word::Upper, upper_word(text, first, start, run(&lower)))
    } else if is_alphabet(first) {
        (Word::Letters, run(&lower))
    } else if is_number(first) {
        (Word::Number, run(&is_number))
    } else {
        let other = |character: char| {
            !(is_connector(character)
                || is_alphabet(character)
                || is_number(character)
                || is_punctuation(character))
        };
        (Word::Other, run(&other))
    };
    let (word, rest) = text.split_at(length);
    (kind, word, rest)
}

/// The length of a word that begins with a capital: a capitalized word, or capitals up to the next capitalized word.
fn upper_word(text: &[Unit], first: char, start: usize, capitalized: usize) -> usize {
    let (mut at, mut previous, mut last) = (start, first, 0);
    while at < text.len() {
        let (next, size) = next_valid(&text[at..], previous);
        if !is_upper(next) {
            // "HTTPStatus" is "HTTP" and "Status".
            return match is_alphabet(next) {
                true if at == start => capitalized,
                true => at - last,
                false => at,
            };
        }
        (at, previous, last) = (at + size, next, size);
    }
    at
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
    let all: Vec<Unit> = units(text).collect();
    let mut out = Lowered {
        text: Vec::new(),
        connector,
    };
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
                out.connect_unless(matches!(
                    kind,
                    Word::Nothing | Word::Punctuation | Word::Connector
                ));
            }
            Word::Connector => out.push(before, last),
            Word::Punctuation => {}
            _ if kind != Word::Number => {
                out.connect_unless(matches!(kind, Word::Connector | Word::Punctuation))
            }
            _ if rest.is_empty() => {}
            _ => {
                let number = word;
                (kind, word, rest) = next_word(rest);
                if kind == Word::Letters {
                    out.connect_unless(false);
                    out.push(Word::Number, number);
                    out.continue_number(&mut kind, &mut word, &mut rest);
                    out.connect_unless(matches!(
                        kind,
                        Word::Nothing | Word::Connector | Word::Punctuation
                    ));
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
    text: Vec<u8>,
    connector: char,
}

impl Lowered {
    fn push(&mut self, kind: Word, word: &[Unit]) {
        let changes = matches!(kind, Word::Upper | Word::Connector);
        for unit in word {
            let character = match unit {
                Unit::Byte(byte) if !changes => {
                    self.text.push(*byte);
                    continue;
                }
                Unit::Byte(_) => char::REPLACEMENT_CHARACTER,
                Unit::Character(character) if !changes => *character,
                Unit::Character(character) if is_connector(*character) => self.connector,
                Unit::Character(character) if is_upper(*character) => to_lower(*character),
                Unit::Character(character) => *character,
            };
            self.text
                .extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    fn connect_unless(&mut self, unless: bool) {
        if !unless {
            self.text
                .extend_from_slice(self.connector.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    fn continue_number<'t>(
        &mut self,
        kind: &mut Word,
        word: &mut &'t [Unit],
        rest: &mut &'t [Unit],
    ) {
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
                if std::mem::replace(&mut after_space, false) {
                    to_title(character)
                } else {
                    to_upper(character)
                }
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
