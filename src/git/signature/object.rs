//! Commits and tags, taken apart into what is signed and the signature, as git does it.

use gix::ObjectId;
use gix::objs::Kind;

use super::SignatureError;

/// Headers that hold signatures: of an object with SHA-1 names, and of its twin with SHA-256 names. A signature covers
/// neither (`commit.c: parse_signed_commit`).
const SIGNATURE: &[u8] = b"gpgsig";
const TWIN_SIGNATURE: &[u8] = b"gpgsig-sha256";

/// An object without its signature, and the signature.
pub(super) struct SignedParts {
    pub(super) payload: Vec<u8>,
    pub(super) signature: String,
}

/// What an annotated tag says.
pub(super) struct Tag {
    pub(super) target: ObjectId,
    pub(super) kind: Kind,
    pub(super) name: String,
}

impl SignedParts {
    /// Of a commit: the signature is a header, whose further lines begin with a blank.
    pub(super) fn of_commit(raw: &[u8]) -> Result<Self, SignatureError> {
        // What is built is the tree that stands first. No signature may stand before it.
        if !raw.starts_with(b"tree ") {
            return Err(SignatureError::Malformed);
        }
        let mut payload = Vec::with_capacity(raw.len());
        let mut signature = None;
        let mut section = Section::Other;
        let mut rest = raw;
        while !rest.is_empty() {
            let (line, next) = split_line(rest);
            // The message begins, in which nothing is a header any more.
            if line == b"\n" {
                payload.extend_from_slice(rest);
                break;
            }
            rest = next;
            if let Some(continued) = line.strip_prefix(b" ") {
                match (&section, &mut signature) {
                    (Section::Signature, Some(signature)) => {
                        Vec::extend_from_slice(signature, continued);
                    }
                    (Section::Twin, _) => {}
                    (Section::Signature | Section::Other, _) => payload.extend_from_slice(line),
                }
                continue;
            }
            section = match header(line) {
                (SIGNATURE, value) => {
                    if signature.replace(value.to_vec()).is_some() {
                        return Err(SignatureError::Several);
                    }
                    Section::Signature
                }
                (TWIN_SIGNATURE, _) => Section::Twin,
                // Git takes no other name for a signature, and neither covers nor shows what it skips.
                (name, _) if name.starts_with(SIGNATURE) => return Err(SignatureError::Malformed),
                _ => {
                    payload.extend_from_slice(line);
                    Section::Other
                }
            };
        }
        Ok(Self {
            payload,
            signature: text(signature.ok_or(SignatureError::Unsigned)?)?,
        })
    }

    /// Of a tag: the signature is the end of the message, from the last line that begins one
    /// (`gpg-interface.c: parse_signed_buffer`).
    pub(super) fn of_tag(raw: &[u8]) -> Result<Self, SignatureError> {
        let mut start = None;
        let mut at = 0;
        while at < raw.len() {
            let (line, _) = split_line(&raw[at..]);
            if BEGINNINGS
                .iter()
                .any(|begin| line.starts_with(begin.as_bytes()))
            {
                start = Some(at);
            }
            at += line.len();
        }
        let (payload, signature) = raw.split_at(start.ok_or(SignatureError::Unsigned)?);
        // With two, the first would be part of the message for one reader and a signature for another.
        if BEGINNINGS
            .iter()
            .any(|begin| contains_line(payload, begin.as_bytes()))
        {
            return Err(SignatureError::Several);
        }
        Ok(Self {
            payload: payload.to_vec(),
            signature: text(signature.to_vec())?,
        })
    }
}

/// The first lines of the signatures that git knows.
const BEGINNINGS: &[&str] = &[
    "-----BEGIN PGP SIGNATURE-----",
    "-----BEGIN PGP MESSAGE-----",
    "-----BEGIN SIGNED MESSAGE-----",
    "-----BEGIN SSH SIGNATURE-----",
];

/// The header that a continued line belongs to.
enum Section {
    Signature,
    Twin,
    Other,
}

/// Reads a tag's headers, which have one order (`fsck.c: fsck_tag_standalone`).
pub(super) fn tag(payload: &[u8]) -> Option<Tag> {
    let mut rest = payload;
    let mut next = |name: &[u8]| {
        let (line, following) = split_line(rest);
        rest = following;
        match header(line) {
            (found, value) if found == name => str::from_utf8(value).ok().map(str::trim_end),
            _ => None,
        }
    };
    let target = ObjectId::from_hex(next(b"object")?.as_bytes()).ok()?;
    let kind = Kind::from_bytes(next(b"type")?.as_bytes()).ok()?;
    let name = next(b"tag")?.to_owned();
    Some(Tag { target, kind, name })
}

/// When the committer or tagger says that it was made, in seconds since 1970.
pub(super) fn time(payload: &[u8]) -> Option<u64> {
    let mut rest = payload;
    loop {
        let (line, next) = split_line(rest);
        if line.is_empty() || line == b"\n" {
            return None;
        }
        rest = next;
        if let (b"committer" | b"tagger", value) = header(line) {
            // Behind the address, which may hold anything else.
            let after = value.iter().rposition(|byte| *byte == b'>')?;
            let time = str::from_utf8(&value[after + 1..]).ok()?;
            return time.split_ascii_whitespace().next()?.parse().ok();
        }
    }
}

/// The first line with its end, and the rest.
fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(bytes.len(), |end| end + 1);
    bytes.split_at(end)
}

/// Name and value of a header, the value with the line's end.
fn header(line: &[u8]) -> (&[u8], &[u8]) {
    match line.iter().position(|byte| *byte == b' ') {
        Some(blank) => (&line[..blank], &line[blank + 1..]),
        None => (line, &[]),
    }
}

fn contains_line(bytes: &[u8], begin: &[u8]) -> bool {
    bytes
        .split(|byte| *byte == b'\n')
        .any(|line| line.starts_with(begin))
}

fn text(bytes: Vec<u8>) -> Result<String, SignatureError> {
    String::from_utf8(bytes).map_err(|_| SignatureError::Malformed)
}
