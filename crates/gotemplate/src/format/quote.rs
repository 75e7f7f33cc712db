//! Quoting as Go's `strconv.Quote` does it.

/// One character of a byte string: UTF-8 decoded, or a single byte that is not.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Character(char),
    Byte(u8),
}

/// Splits a byte string as Go's `for … range` over a string does.
pub(crate) fn units(text: &[u8]) -> impl Iterator<Item = Unit> {
    text.utf8_chunks().flat_map(|chunk| {
        let characters = chunk.valid().chars().map(Unit::Character);
        characters.chain(chunk.invalid().iter().copied().map(Unit::Byte))
    })
}

/// `utf8.RuneCount`.
pub(crate) fn rune_count(text: &[u8]) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        units(text).count()
    }
}

/// Go's `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols, and the ASCII space.
pub(crate) fn is_print(character: char) -> bool {
    if character.is_ascii() {
        return matches!(character, ' '..='~');
    }
    // The standard library's tables follow the same definition. The first character keeps combining marks from being
    // escaped for being first.
    let mut buffer = [b'a'; 5];
    let length = character.encode_utf8(&mut buffer[1..]).len();
    let text = str::from_utf8(&buffer[..=length]).unwrap_or_default();
    text.escape_debug().count() == 2
}

/// Appends the text between quotes, with escapes for all that does not print.
pub(crate) fn append_quoted(out: &mut Vec<u8>, text: &[u8], quote: u8, ascii_only: bool) {
    out.push(quote);
    for unit in units(text) {
        match unit {
            Unit::Byte(byte) => out.extend_from_slice(format!("\\x{byte:02x}").as_bytes()),
            Unit::Character(character) => append_escaped(out, character, quote, ascii_only),
        }
    }
    out.push(quote);
}

fn append_escaped(out: &mut Vec<u8>, character: char, quote: u8, ascii_only: bool) {
    let simple = match character {
        '\\' => b'\\',
        '\x07' => b'a',
        '\x08' => b'b',
        '\x0c' => b'f',
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        '\x0b' => b'v',
        _ if character == char::from(quote) => quote,
        _ if is_print(character) && (character.is_ascii() || !ascii_only) => {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            return;
        }
        _ => {
            let code = u32::from(character);
            let escape = match code {
                0..0x20 | 0x7f => format!("\\x{code:02x}"),
                0x20..0x1_0000 => format!("\\u{code:04x}"),
                _ => format!("\\U{code:08x}"),
            };
            out.extend_from_slice(escape.as_bytes());
            return;
        }
    };
    out.extend_from_slice(&[b'\\', simple]);
}

/// `strconv.CanBackquote`.
pub(crate) fn can_backquote(text: &[u8]) -> bool {
    units(text).all(|unit| match unit {
        Unit::Byte(_) => false,
        Unit::Character(character) => {
            character == '\t'
                || !(character < ' ' || matches!(character, '`' | '\x7f' | '\u{feff}'))
        }
    })
}
