//! Private keys in clear text, found by their armour in any file.

use memchr::memmem;

/// A private key found in a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct PrivateKey {
    /// The line of its first byte, counted from one.
    pub line: u32,
    /// What sort of key.
    pub kind: &'static str,
}

/// The label of a PEM block and what it is called. Encrypted PKCS#8 is left out: its bytes are of no use without
/// the passphrase.
const PEM: [(&[u8], &str); 6] = [
    (b"DSA PRIVATE KEY-----", "DSA private key"),
    (b"EC PRIVATE KEY-----", "EC private key"),
    (b"OPENSSH PRIVATE KEY-----", "OpenSSH private key"),
    (b"PGP PRIVATE KEY BLOCK-----", "PGP private key"),
    (b"PRIVATE KEY-----", "private key"),
    (b"RSA PRIVATE KEY-----", "RSA private key"),
];

const BEGIN: &[u8] = b"-----BEGIN ";
const AGE: &[u8] = b"AGE-SECRET-KEY-";

/// The length from which on a text is taken for an age identity and not for a word about one: an X25519 identity
/// has 74 characters, a hybrid one more.
const AGE_LENGTH: usize = 74;

/// Every private key in `text`, in order.
pub(super) fn private_keys(text: &[u8]) -> Vec<PrivateKey> {
    let mut found: Vec<(usize, &'static str)> = Vec::new();
    for start in memmem::find_iter(text, BEGIN) {
        let label = &text[start + BEGIN.len()..];
        let Some((marker, kind)) = PEM.iter().find(|(marker, _)| label.starts_with(marker)) else {
            continue;
        };
        if holds_base64(&label[marker.len()..]) && !is_passphrase_protected(label) {
            found.push((start, kind));
        }
    }
    for start in memmem::find_iter(text, AGE) {
        let length = text[start..]
            .iter()
            .take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || **byte == b'-')
            .count();
        if length >= AGE_LENGTH {
            found.push((start, "age identity"));
        }
    }
    found.sort_unstable();
    found
        .into_iter()
        .map(|(start, kind)| PrivateKey {
            line: line_of(text, start),
            kind,
        })
        .collect()
}

/// The line that holds the byte at `offset`, counted from one.
pub(super) fn line_of(text: &[u8], offset: usize) -> u32 {
    let before = &text[..offset.min(text.len())];
    u32::try_from(memchr::memchr_iter(b'\n', before).count() + 1).unwrap_or(u32::MAX)
}

/// Whether a body follows the header: a line of base64, perhaps after headers such as `Version:`, and perhaps with
/// the line break written as the two characters `\n`.
fn holds_base64(after: &[u8]) -> bool {
    let window = &after[..after.len().min(512)];
    let mut run = 0;
    for &byte in window {
        if byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/' {
            run += 1;
            if run >= 32 {
                return true;
            }
        } else {
            run = 0;
        }
    }
    false
}

/// Old PEM encryption announces itself by a header (RFC 1421).
fn is_passphrase_protected(label: &[u8]) -> bool {
    let window = &label[..label.len().min(128)];
    memmem::find(window, b"Proc-Type: 4,ENCRYPTED").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "MIIEowIBAAKCAQEAlockstepexampleexampleexampleexample0000";

    #[track_caller]
    fn check(text: &str, expect: &[(u32, &str)]) {
        let found: Vec<_> = private_keys(text.as_bytes())
            .into_iter()
            .map(|key| (key.line, key.kind))
            .collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn armoured_private_keys_are_found_with_their_line() {
        check(
            &format!("a: 1\nkey: |\n  -----BEGIN RSA PRIVATE KEY-----\n  {BODY}\n"),
            &[(3, "RSA private key")],
        );
        check(
            &format!("-----BEGIN PRIVATE KEY-----\\n{BODY}"),
            &[(1, "private key")],
        );
        check(
            &format!("-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 1\n\n{BODY}"),
            &[(1, "PGP private key")],
        );
    }

    #[test]
    fn an_age_identity_is_found_and_a_word_about_one_is_not() {
        let identity = format!("AGE-SECRET-KEY-1{}", "Q".repeat(58));
        check(&format!("# key\n{identity}\n"), &[(2, "age identity")]);
        check("starts with AGE-SECRET-KEY-1...", &[]);
    }

    #[test]
    fn public_keys_headers_alone_and_protected_keys_are_not_findings() {
        check(&format!("-----BEGIN PUBLIC KEY-----\n{BODY}"), &[]);
        check("see `-----BEGIN RSA PRIVATE KEY-----` in the docs", &[]);
        check(
            &format!("-----BEGIN ENCRYPTED PRIVATE KEY-----\n{BODY}"),
            &[],
        );
        check(
            &format!("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n{BODY}"),
            &[],
        );
    }
}
