//! Telling encrypted files from others without parsing them.

use memchr::memmem;

use crate::cipher::PREFIX;
use crate::format::Format;

/// Whether a file looks as if sops had encrypted it: it has a `sops` block in the form of its format, and in it what
/// every such block has.
///
/// Made to be asked of every file of a repository. `false` is certain for files that sops wrote; `true` is a guess that
/// [`EncryptedFile::parse`](crate::EncryptedFile::parse) settles.
pub fn looks_encrypted(bytes: &[u8], format: Format) -> bool {
    let has_block = || match format {
        Format::Binary | Format::Json | Format::Yaml => has_key(bytes),
        Format::Dotenv => starts_a_line(bytes, b"sops_"),
        Format::Ini => starts_a_line(bytes, b"[sops]"),
    };
    // Files without encrypted values still have the date; a MAC is an encrypted value.
    (holds_encrypted_values(bytes) || memmem::find(bytes, b"lastmodified").is_some()) && has_block()
}

/// Whether the text of an encrypted value occurs anywhere, with or without a `sops` block.
pub fn holds_encrypted_values(bytes: &[u8]) -> bool {
    memmem::find(bytes, PREFIX).is_some()
}

/// Whether `sops` stands somewhere as the key of a mapping, in quotes or not.
fn has_key(bytes: &[u8]) -> bool {
    memmem::find_iter(bytes, b"sops").any(|start| {
        let before = bytes[..start].last();
        let behind = &bytes[start + b"sops".len()..];
        let behind = behind
            .strip_prefix(b"\"")
            .or_else(|| behind.strip_prefix(b"'"))
            .unwrap_or(behind);
        before.is_none_or(|byte| byte.is_ascii_whitespace() || b"\"'{,\xBF".contains(byte))
            && behind.trim_ascii_start().starts_with(b":")
    })
}

/// Whether `text` stands first in some line, blanks and a byte order mark aside.
fn starts_a_line(bytes: &[u8], text: &[u8]) -> bool {
    memmem::find_iter(bytes, text).any(|start| {
        // From the text back, and only over blanks: a line of many such texts must not cost their square.
        let before = &bytes[..start];
        let blanks = before
            .iter()
            .rev()
            .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
            .count();
        let before = &before[..start - blanks];
        before.is_empty() || before.ends_with(b"\n") || before == b"\xEF\xBB\xBF"
    })
}

#[cfg(test)]
mod tests {
    use super::looks_encrypted;
    use crate::format::Format;

    const VALUE: &str = "ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]";

    #[test]
    fn blocks_are_seen() {
        for (format, text) in [
            (Format::Yaml, "a: VALUE\nsops:\n    mac: VALUE\n"),
            (Format::Yaml, "a: b\nsops:\n    lastmodified: 2024\n"),
            (Format::Yaml, "\"sops\" : {mac: VALUE}\n"),
            (Format::Yaml, "{\"a\": 1, \"sops\": {\"mac\": \"VALUE\"}}"),
            (Format::Yaml, "\u{feff}sops:\n  mac: VALUE\n"),
            (Format::Json, "{\"a\":1,\"sops\":{\"mac\":\"VALUE\"}}"),
            (Format::Binary, "{\"data\":\"VALUE\",\"sops\":{}}"),
            (Format::Dotenv, "A=VALUE\nsops_mac=VALUE\n"),
            (Format::Ini, "[a]\nb = VALUE\n[sops]\nmac = VALUE\n"),
        ] {
            assert!(
                looks_encrypted(text.replace("VALUE", VALUE).as_bytes(), format),
                "{text}"
            );
        }
    }

    #[test]
    fn other_texts_are_passed_over() {
        for (format, text) in [
            (Format::Yaml, ""),
            (Format::Yaml, "sops: is a tool\n"),
            (Format::Yaml, "a: VALUE\n# see sops\n"),
            (Format::Json, "{\"a\": \"VALUE\"}"),
            (Format::Dotenv, "A=VALUE\nX_sops_mac=1\n"),
            (Format::Ini, "a = VALUE\nb = [sops]\n"),
        ] {
            assert!(
                !looks_encrypted(text.replace("VALUE", VALUE).as_bytes(), format),
                "{text}"
            );
        }
    }
}
