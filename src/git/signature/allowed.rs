//! The entries of an `allowed_signers` file (ssh-keygen(1), ALLOWED SIGNERS), and plain public keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::sshsig::NAMESPACE;
use crate::git::ssh::wire::Reader;

/// The kinds of keys that can sign.
const KINDS: &[&str] = &[
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "sk-ssh-ed25519@openssh.com",
    "ssh-ed25519",
    "ssh-rsa",
];

/// A public SSH key, and what its signatures are good for.
#[derive(Debug)]
pub(super) struct AllowedSigner {
    /// The key, in SSH's form.
    pub(super) key: Vec<u8>,
    /// Whose it is: the principals of the entry, or the comment of a plain key.
    pub(super) principals: Option<String>,
    /// What it signs; none for everything.
    namespaces: Option<String>,
    /// In seconds since 1970.
    valid_after: Option<u64>,
    valid_before: Option<u64>,
}

impl AllowedSigner {
    /// Reads a line: `principals [options] kind key [comment]`, or `kind key [comment]`.
    pub(super) fn parse(line: &str) -> Result<Self, &'static str> {
        let (first, rest) = split_word(line);
        let (principals, options, kind, rest) = if KINDS.contains(&first) {
            (None, "", first, rest)
        } else {
            let (second, rest) = split_word(rest);
            if KINDS.contains(&second) {
                (Some(first), "", second, rest)
            } else {
                let (kind, rest) = split_word(rest);
                (Some(first), second, kind, rest)
            }
        };
        if !KINDS.contains(&kind) {
            return Err("no supported kind of key");
        }
        let (encoded, comment) = split_word(rest);
        let key = STANDARD
            .decode(encoded)
            .map_err(|_| "the key is not base64")?;
        if Reader::new(&key).string() != Some(kind.as_bytes()) {
            return Err("the key is of another kind than it says");
        }
        let name = principals.unwrap_or(comment);
        let mut signer = Self {
            key,
            principals: (!name.is_empty()).then(|| name.to_owned()),
            namespaces: None,
            valid_after: None,
            valid_before: None,
        };
        for option in split_options(options).ok_or("a quote is not closed")? {
            signer.take(option)?;
        }
        Ok(signer)
    }

    fn take(&mut self, option: &str) -> Result<(), &'static str> {
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name, value.trim_matches('"')),
            None => (option, ""),
        };
        match name.to_ascii_lowercase().as_str() {
            "namespaces" => self.namespaces = Some(value.to_owned()),
            "valid-after" => self.valid_after = Some(time(value).ok_or("a time is wrong")?),
            "valid-before" => self.valid_before = Some(time(value).ok_or("a time is wrong")?),
            // Certificates are not verified, and as a plain key it must not count.
            "cert-authority" => return Err("certificate authorities are not supported"),
            _ => return Err("an unknown option"),
        }
        Ok(())
    }

    /// Whether its signatures are good for Git.
    pub(super) fn signs_git(&self) -> bool {
        let Some(namespaces) = &self.namespaces else {
            return true;
        };
        let mut allowed = false;
        for pattern in namespaces.split(',').map(str::trim) {
            match pattern.strip_prefix('!') {
                Some(denied) if matches(denied, NAMESPACE) => return false,
                Some(_) => {}
                None => allowed |= matches(pattern, NAMESPACE),
            }
        }
        allowed
    }

    /// Whether the key was valid then.
    pub(super) fn is_valid_at(&self, time: u64) -> bool {
        self.valid_after.is_none_or(|after| time >= after)
            && self.valid_before.is_none_or(|before| time < before)
    }
}

/// The first word, in which blanks may be quoted, and what follows it.
fn split_word(line: &str) -> (&str, &str) {
    let line = line.trim_start();
    let mut quoted = false;
    let end = line
        .find(|c: char| {
            quoted ^= c == '"';
            c.is_ascii_whitespace() && !quoted
        })
        .unwrap_or(line.len());
    let (word, rest) = line.split_at(end);
    (word, rest.trim())
}

/// Options, at whose commas outside quotes they are parted. None where a quote is not closed.
fn split_options(options: &str) -> Option<Vec<&str>> {
    let mut quoted = false;
    let parts: Vec<&str> = options
        .split(|c: char| {
            quoted ^= c == '"';
            c == ',' && !quoted
        })
        .filter(|part| !part.is_empty())
        .collect();
    (!quoted).then_some(parts)
}

/// `*` and `?` as in all of OpenSSH's patterns (match.c), without steps back over more than the last star.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    p = at + 1;
                    t = from + 1;
                    star = Some((at, t));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// `YYYYMMDD` or `YYYYMMDDHHMM[SS]`, with or without `Z`. Where `ssh-keygen` takes the local time of its machine, UTC is
/// meant here: a cluster's nodes have no other.
fn time(text: &str) -> Option<u64> {
    let digits = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, len: usize| digits.get(from..from + len)?.parse::<i8>().ok();
    let date = Date::new(digits.get(..4)?.parse().ok()?, part(4, 2)?, part(6, 2)?).ok()?;
    let time = match digits.len() {
        8 => DateTime::from_parts(date, jiff::civil::Time::midnight()),
        12 => date.at(part(8, 2)?, part(10, 2)?, 0, 0),
        14 => date.at(part(8, 2)?, part(10, 2)?, part(12, 2)?, 0),
        _ => return None,
    };
    let stamp = time.to_zoned(TimeZone::UTC).ok()?.timestamp();
    u64::try_from(stamp.as_second()).ok()
}
