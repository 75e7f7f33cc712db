//! Texts of others on the terminal.
//!
//! Names of objects, keys and recipients come from files that anybody may have written. To a terminal, some characters
//! are commands: to change its title or colours, to hide what stands before them, to show letters in another order. And a
//! line break makes a second message of one.

use std::borrow::Cow;

/// The text with such characters written out: `\u{1b}`, `\n`.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_command) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_command(character) {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

/// Control characters, and those that set the direction of writing (Unicode's `Bidi_Control`).
fn is_command(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_command_a_terminal_is_written_out() {
        for (text, expect) in [
            ("shop/web: größer als 5 €", "shop/web: größer als 5 €"),
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("a\nerror: b", "a\\nerror: b"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("\u{202e}txt.exe", "\\u{202e}txt.exe"),
        ] {
            assert_eq!(printable(text), expect);
        }
    }
}
