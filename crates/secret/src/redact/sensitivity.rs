//! How distinctive a value is, and what counts as a word.

use std::ops::Range;

use super::forms::Form;

/// Where a value is looked for. The rule is in the documentation of [`Redactor`](crate::Redactor)'s module.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Sensitivity {
    /// Too common to say anything: masked by its place only.
    Nowhere,
    /// A word of every configuration, or any short word: masked where it is a whole scalar.
    Scalar,
    /// Short, or like a name: also masked in text where it stands alone.
    Alone,
    /// Distinctive: masked wherever it turns up.
    Everywhere,
}

/// Values of up to this many bytes are masked nowhere.
const TINY: usize = 3;

/// Numbers of up to this many characters (ports, counts, sizes) are masked nowhere.
const SHORT_NUMBER: usize = 5;

/// From this many bytes on, a value is looked for inside other words. It is also what the index needs to see.
const DISTINCTIVE: usize = 8;

/// From this many bytes on, so is one that looks like a name or number.
const DISTINCTIVE_NAME: usize = 16;

/// Booleans and nulls of more than [`TINY`] bytes, in lower case.
const CONSTANTS: [&[u8]; 5] = [b"true", b"false", b"null", b"none", b"undefined"];

/// Words that occur in every configuration, in lower case.
const COMMON: [&[u8]; 72] = [
    b"0.0.0.0",
    b"127.0.0.1",
    b"admin",
    b"administrator",
    b"always",
    b"amd64",
    b"anonymous",
    b"apiversion",
    b"backend",
    b"changeme",
    b"client",
    b"cluster",
    b"config",
    b"configmap",
    b"data",
    b"database",
    b"debug",
    b"default",
    b"deployment",
    b"development",
    b"disabled",
    b"email",
    b"enabled",
    b"error",
    b"example",
    b"example.com",
    b"file",
    b"frontend",
    b"guest",
    b"host",
    b"hostname",
    b"http",
    b"https",
    b"info",
    b"ingress",
    b"job",
    b"kube-system",
    b"kubernetes",
    b"latest",
    b"linux",
    b"local",
    b"localhost",
    b"main",
    b"master",
    b"metadata",
    b"mongodb",
    b"mysql",
    b"name",
    b"namespace",
    b"nginx",
    b"opaque",
    b"password",
    b"pod",
    b"port",
    b"postgres",
    b"postgresql",
    b"production",
    b"public",
    b"rabbitmq",
    b"redis",
    b"root",
    b"secret",
    b"secrets",
    b"server",
    b"service",
    b"staging",
    b"test",
    b"token",
    b"user",
    b"username",
    b"value",
    b"warning",
];

impl Sensitivity {
    /// How distinctive `value` is.
    pub fn of(value: &[u8]) -> Self {
        let value = value.trim_ascii();
        let is_one_of = |words: &[&[u8]]| words.iter().any(|word| word.eq_ignore_ascii_case(value));
        if value.len() <= TINY
            || value.len() <= SHORT_NUMBER && is_number(value)
            || is_one_of(&CONSTANTS)
        {
            Self::Nowhere
        } else if value.len() >= DISTINCTIVE_NAME {
            Self::Everywhere
        } else if is_one_of(&COMMON) || value.len() < DISTINCTIVE && is_name(value) {
            Self::Scalar
        } else if value.len() < DISTINCTIVE || is_number(value) || is_name(value) {
            Self::Alone
        } else {
            Self::Everywhere
        }
    }
}

/// Digits with signs, points and separators between them: a number, a version, a date.
fn is_number(value: &[u8]) -> bool {
    value.iter().all(|&byte| {
        byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'_' | b'/' | b':')
    })
}

/// Lower-case letters with joints between them, the first letter perhaps a capital: a word, a host, a path.
fn is_name(value: &[u8]) -> bool {
    let Some((first, rest)) = value.split_first() else {
        return true;
    };
    (first.is_ascii_alphabetic() || is_joint(*first))
        && rest
            .iter()
            .all(|&byte| byte.is_ascii_lowercase() || is_joint(byte))
}

/// What joins the parts of one name.
const fn is_joint(byte: u8) -> bool {
    matches!(byte, b'-' | b'_' | b'.' | b'/')
}

/// What a word is made of. Bytes of characters beyond ASCII count as letters.
const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

/// Whether nothing joins `text[range]` to more of the same word on either side.
pub(super) fn stands_alone(text: &[u8], range: &Range<usize>, form: Form) -> bool {
    let (before, after) = (&text[..range.start], &text[range.end..]);
    let joins = |near: Option<&u8>, far: Option<&u8>| match near {
        Some(&byte) if is_word(byte) => true,
        // `name.` at the end of a sentence stands alone, `name.com` does not.
        Some(&byte) if is_joint(byte) => far.is_some_and(|&byte| is_word(byte) || is_joint(byte)),
        Some(b'+') => matches!(form, Form::Base64(_)),
        _ => false,
    };
    let escape = before.ends_with(b"\\n") || before.ends_with(b"\\t") || before.ends_with(b"\\r");
    let mut before = before.iter().rev();
    let mut after = after.iter();
    (escape || !joins(before.next(), before.next())) && !joins(after.next(), after.next())
}

/// The parts of the lines of a value that are distinctive without the rest of it.
pub(super) fn telling_parts_of_lines(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|&byte| byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.starts_with(b"-----"))
        .map(|line| value_of_line(line).unwrap_or(line))
        .filter(|part| Sensitivity::of(part) == Sensitivity::Everywhere)
}

/// The value in a line `key: value`, `key=value` or `"key": "value",`; `None` for a line of another shape.
fn value_of_line(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_prefix(b"- ").unwrap_or(line).trim_ascii_start();
    let line = line.strip_prefix(b"export ").unwrap_or(line);
    let end = line.iter().position(|&byte| matches!(byte, b':' | b'='))?;
    let (key, value) = line.split_at(end);
    let key = unquoted(key.trim_ascii());
    let is_key = !key.is_empty()
        && key
            .iter()
            .all(|&byte| byte.is_ascii_alphanumeric() || is_joint(byte));
    // The joint of a mapping is followed by space; `https://` is no mapping, and base64 has its `=` at the end.
    let separates = match value {
        [b'='] | [b'=', b'='] => false,
        [b'=', ..] | [b':'] => true,
        [b':', next, ..] => next.is_ascii_whitespace(),
        _ => false,
    };
    if !is_key || !separates {
        return None;
    }
    let value = value.get(1..)?.trim_ascii();
    Some(unquoted(value.strip_suffix(b",").unwrap_or(value)))
}

fn unquoted(text: &[u8]) -> &[u8] {
    match text {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => inner,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_documentation_holds() {
        for (value, sensitivity) in [
            ("", Sensitivity::Nowhere),
            ("a1!", Sensitivity::Nowhere),
            ("True", Sensitivity::Nowhere),
            ("FALSE", Sensitivity::Nowhere),
            ("null", Sensitivity::Nowhere),
            ("8080", Sensitivity::Nowhere),
            ("65535", Sensitivity::Nowhere),
            ("-12.5", Sensitivity::Nowhere),
            ("  yes\n", Sensitivity::Nowhere),
            ("default", Sensitivity::Scalar),
            ("Production", Sensitivity::Scalar),
            ("shop", Sensitivity::Scalar),
            ("kube-system", Sensitivity::Scalar),
            ("127.0.0.1", Sensitivity::Scalar),
            ("hunter2", Sensitivity::Alone),
            ("123456", Sensitivity::Alone),
            ("2024-01-01", Sensitivity::Alone),
            ("inventory", Sensitivity::Alone),
            ("inventory-db", Sensitivity::Alone),
            ("shop.example", Sensitivity::Alone),
            ("Inventory", Sensitivity::Alone),
            ("hunter22", Sensitivity::Everywhere),
            ("CamelCase", Sensitivity::Everywhere),
            ("p4ssw0rd", Sensitivity::Everywhere),
            ("two words", Sensitivity::Everywhere),
            ("correct-horse-battery-staple", Sensitivity::Everywhere),
            ("1234567890123456", Sensitivity::Everywhere),
        ] {
            assert_eq!(Sensitivity::of(value.as_bytes()), sensitivity, "{value:?}");
        }
    }

    #[test]
    fn the_common_words_are_sorted_and_would_otherwise_be_masked() {
        assert!(COMMON.is_sorted());
        for word in COMMON {
            assert_eq!(word, word.to_ascii_lowercase());
        }
    }

    #[test]
    fn lines_give_what_is_telling_about_them() {
        let lines = "apiVersion: v1\nkind: Config\n- name: production-cluster-of-the-shop\n  token: \"s3cr3t-t0ken\",\n\
                     -----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC==\nexport KEY=p4ssw0rd\n\
                     https://hooks.example/T0/B1\npassword: hunter2\nsecond line of it\r\n";
        let parts: Vec<_> = telling_parts_of_lines(lines.as_bytes())
            .map(String::from_utf8_lossy)
            .collect();
        assert_eq!(
            parts,
            [
                "production-cluster-of-the-shop",
                "s3cr3t-t0ken",
                "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC==",
                "p4ssw0rd",
                "https://hooks.example/T0/B1",
                "second line of it",
            ]
        );
    }
}
