//! The properties and simple case mappings of characters, as Go's `unicode` package has them.
//!
//! The standard library maps to whole strings (`ß` to `SS`) and counts letter-like symbols as letters; Go does neither.

use std::sync::LazyLock;

use regex::Regex;

fn has_property(pattern: &LazyLock<Option<Regex>>, character: char) -> bool {
    pattern
        .as_ref()
        .is_some_and(|pattern| pattern.is_match(character.encode_utf8(&mut [0; 4])))
}

macro_rules! property {
    ($(#[$doc:meta])* $name:ident, $class:literal, $ascii:expr) => {
        $(#[$doc])*
        pub(super) fn $name(character: char) -> bool {
            static CLASS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new($class).ok());
            let ascii: fn(char) -> bool = $ascii;
            if character.is_ascii() { ascii(character) } else { has_property(&CLASS, character) }
        }
    };
}

property! { is_letter, r"\p{L}", |character| character.is_ascii_alphabetic() }
property! { is_upper, r"\p{Lu}", |character| character.is_ascii_uppercase() }
property! { is_lower, r"\p{Ll}", |character| character.is_ascii_lowercase() }
property! { is_title, r"\p{Lt}", |_| false }
property! { is_number, r"\p{N}", |character| character.is_ascii_digit() }
property! { is_digit, r"\p{Nd}", |character| character.is_ascii_digit() }
property! {
    /// Some ASCII signs are symbols and not punctuation.
    is_punctuation, r"\p{P}", |character| character.is_ascii_punctuation() && !"$+<=>^`|~".contains(character)
}

/// Go's `unicode.IsSpace`.
pub(super) fn is_space(character: char) -> bool {
    character.is_whitespace()
}

fn single(mut mapped: impl ExactSizeIterator<Item = char>, character: char) -> char {
    if mapped.len() == 1 {
        mapped.next().unwrap_or(character)
    } else {
        character
    }
}

pub(super) fn to_upper(character: char) -> char {
    match character {
        // Greek letters with a subscript iota have a simple mapping besides the one to two letters.
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => {
            char::from_u32(u32::from(character) + 8).unwrap_or(character)
        }
        '\u{1fb3}' => '\u{1fbc}',
        '\u{1fc3}' => '\u{1fcc}',
        '\u{1ff3}' => '\u{1ffc}',
        _ => single(character.to_uppercase(), character),
    }
}

pub(super) fn to_lower(character: char) -> char {
    if character == '\u{130}' {
        'i'
    } else {
        single(character.to_lowercase(), character)
    }
}

pub(super) fn to_title(character: char) -> char {
    match character {
        '\u{1c4}'..='\u{1c6}' => '\u{1c5}',
        '\u{1c7}'..='\u{1c9}' => '\u{1c8}',
        '\u{1ca}'..='\u{1cc}' => '\u{1cb}',
        '\u{1f1}'..='\u{1f3}' => '\u{1f2}',
        '\u{10d0}'..='\u{10fa}' | '\u{10fd}'..='\u{10ff}' => character,
        _ => to_upper(character),
    }
}
