//! Masking by value: everything shown goes through here.
//!
//! [`Redactor`] is told every value that is opened, and finds it again in any text. It keeps keyed hashes of what it
//! was told and no plaintext, so it can live as long as the process without holding a secret.
//!
//! # How a value is recognised
//!
//! In a text, a value is found as it is and in these forms, even when they start or end in the middle of other text:
//!
//! * base64, standard or URL alphabet, padded or not, wrapped in lines or not, at each of the three alignments that
//!   bytes in front of it can bring about (`user:` in front of a password). A mask also takes in the characters that
//!   carry only some bits of the value;
//! * hexadecimal, either case;
//! * the double-quoted escapes of JSON, YAML and Go, the single-quoted form of YAML;
//! * percent-encoding, as in URLs and forms.
//!
//! Of a value of several lines each line is found as well, without its indentation, and of a line `key: value` or
//! `key=value` the value. A longer value than 256 bytes is found by its pieces of about 128 to 256 bytes, so a long value
//! shown in part is masked in part.
//!
//! Of a value that is itself text in base64, as in the `data` of a Kubernetes Secret, the text is found too.
//!
//! # Which values are looked for where
//!
//! A redactor that masked every `1` because some secret has the value `1` would make output unreadable and people
//! turn it off. How distinctive a value is decides where it is looked for ([`Sensitivity`]):
//!
//! | value | masked |
//! |---|---|
//! | empty, up to 3 bytes, booleans and nulls in any spelling, numbers of up to 5 characters | nowhere by value |
//! | words of every configuration (`default`, `production`, `postgres`, `password`, …), and up to 7 bytes that look like a name (lower-case letters with `-`, `_`, `.`, `/` between them): a user called `shop` must not mask the namespace `shop` | as a whole scalar ([`Redactor::recognise`]) |
//! | up to 7 bytes; up to 15 when it looks like a name or a number (letters with `-`, `_`, `.`, `/` between them, or digits) | as a whole scalar, and in text where it stands alone |
//! | everything else | everywhere |
//!
//! To stand alone is to have no letter, digit, or `-`, `_`, `.`, `/` that joins it to one, on either side. Such a
//! value is looked for in base64 and hexadecimal only where the encoded text stands alone.
//!
//! Single lines, and values in lines, are looked for only if they belong to the last row of the table: a kubeconfig
//! in a secret must not mask `kind: Config` in everything else. Armour lines (`-----BEGIN …`) are not looked for.
//!
//! What is secret by its place (the `data` of a `Secret`) has to be masked by its place, whatever it is.

mod forms;
mod index;
mod sensitivity;
mod starts;

use std::borrow::Cow;
use std::hash::{BuildHasher, Hasher as _, RandomState};
use std::io::Write as _;
use std::ops::Range;
use std::sync::{PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::bytes::SecretBytes;
use crate::fingerprint::{Fingerprint, FingerprintKey};

use self::forms::Form;
use self::index::{Index, Windows};
pub use self::sensitivity::Sensitivity;

/// Longest piece of a value that is looked for at once. It bounds the work per position of a text.
const MAX_PIECE: usize = 256;

/// Finds opened values in text and masks them.
///
/// All methods take `&self`; learning and masking can happen on any thread.
///
/// ```
/// # fn main() -> Result<(), secret::GenerateKeyError> {
/// let redactor = secret::Redactor::new(secret::FingerprintKey::generate()?);
/// let mask = redactor.learn(b"s3cr3t-t0ken").to_string();
/// assert_eq!(redactor.redact("token=s3cr3t-t0ken."), format!("token={mask}."));
/// assert_eq!(redactor.redact("czNjcjN0LXQwa2Vu"), mask);
/// # Ok(())
/// # }
/// ```
pub struct Redactor {
    key: FingerprintKey,
    // SipHash with a random key of this process: what the index holds does not tell what was learned.
    hashes: RandomState,
    windows: Windows,
    index: RwLock<Index>,
}

impl Redactor {
    /// A redactor that knows no value yet and whose masks are made with `key`.
    pub fn new(key: FingerprintKey) -> Self {
        let hashes = RandomState::new();
        Self {
            key,
            windows: Windows::new(hashes.hash_one("windows")),
            hashes,
            index: RwLock::default(),
        }
    }

    /// The fingerprint of any value, learned or not: what a mask by place shows.
    pub fn fingerprint(&self, value: &[u8]) -> Fingerprint {
        self.key.fingerprint(value)
    }

    /// Remembers `value`, to be masked from now on. Gives its fingerprint.
    pub fn learn(&self, value: &[u8]) -> Fingerprint {
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(inner) = text_in_base64(value.trim_ascii()) {
            self.learn_value(&mut index, inner.expose());
        }
        self.learn_value(&mut index, value)
    }

    fn learn_value(&self, index: &mut Index, value: &[u8]) -> Fingerprint {
        let fingerprint = self.key.fingerprint(value);
        let trimmed = value.trim_ascii();
        if Sensitivity::of(trimmed) == Sensitivity::Nowhere {
            return fingerprint;
        }
        for whole in [value, trimmed] {
            index.insert_whole(self.hash(whole), fingerprint);
            if whole.len() == trimmed.len() {
                break;
            }
        }
        match Sensitivity::of(trimmed) {
            Sensitivity::Nowhere | Sensitivity::Scalar => {}
            Sensitivity::Alone => self.learn_piece(index, trimmed, fingerprint, Sensitivity::Alone),
            Sensitivity::Everywhere => {
                for piece in pieces(trimmed) {
                    self.learn_piece(index, piece, fingerprint, Sensitivity::Everywhere);
                }
                if trimmed.contains(&b'\n') {
                    for part in sensitivity::telling_parts_of_lines(trimmed) {
                        for piece in pieces(part) {
                            self.learn_piece(index, piece, fingerprint, Sensitivity::Everywhere);
                        }
                    }
                }
            }
        }
        fingerprint
    }

    fn learn_piece(
        &self,
        index: &mut Index,
        piece: &[u8],
        fingerprint: Fingerprint,
        sensitivity: Sensitivity,
    ) {
        if index.insert_piece(self.hash(piece), fingerprint, sensitivity) {
            starts::for_each_start(piece, sensitivity, |start, forms| {
                index.insert_start(&self.windows, start, piece.len(), forms);
            });
        }
    }

    /// The fingerprint of `scalar` if it is, as a whole, a learned value that is masked by value.
    pub fn recognise(&self, scalar: &[u8]) -> Option<Fingerprint> {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        index.whole(self.hash(scalar))
    }

    /// Whether `scalar` is, as a whole, a learned value that is masked by value.
    pub fn knows(&self, scalar: &[u8]) -> bool {
        self.recognise(scalar).is_some()
    }

    /// `text` with every learned value in it replaced by its mask. Borrowed when there is none.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut found = self.find(text.as_bytes());
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        // A piece of a long value can begin or end inside a character.
        for mask in &mut found {
            mask.range =
                text.floor_char_boundary(mask.range.start)..text.ceil_char_boundary(mask.range.end);
        }
        let masked = replace(text.as_bytes(), &unite(found));
        Cow::Owned(
            String::from_utf8(masked)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        )
    }

    /// As [`redact`](Self::redact), for text in no particular encoding.
    pub fn redact_bytes<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let found = self.find(text);
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        Cow::Owned(replace(text, &unite(found)))
    }

    /// Every place where a learned value stands, by its start. Places can overlap: the value that starts last can
    /// show what the one before leaves open.
    fn find(&self, text: &[u8]) -> Vec<Mask> {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = Vec::new();
        index.for_each_start(&self.windows, text, |at, candidates| {
            found.extend(self.longest(&index, text, at, candidates));
        });
        found
    }

    /// The longest learned piece among the candidates at one place.
    fn longest(
        &self,
        index: &Index,
        text: &[u8],
        at: usize,
        candidates: impl Iterator<Item = (usize, Form)>,
    ) -> Option<Mask> {
        let mut candidates: Vec<_> = candidates
            .map(|(len, form)| (form.number(), len, form))
            .collect();
        candidates.sort_unstable_by_key(|&(number, len, _)| (number, len));
        let mut longest: Option<Mask> = None;
        // The lengths of one form share one reading and one hash, so many values that begin alike cost no more.
        for group in candidates.chunk_by(|(one, ..), (other, ..)| one == other) {
            let Some(&(_, most, form)) = group.last() else {
                continue;
            };
            let piece = form.decode(text, at, most);
            let mut hasher = self.hashes.build_hasher();
            let mut hashed = 0;
            for &(_, len, _) in group {
                let Some(bytes) = piece.get(hashed..len) else {
                    break;
                };
                hasher.write(bytes);
                hashed = len;
                let Some((fingerprint, sensitivity)) = index.piece(hasher.finish()) else {
                    continue;
                };
                let range = form.range(text, &piece, len);
                if sensitivity == Sensitivity::Alone
                    && !sensitivity::stands_alone(text, &range, form)
                {
                    continue;
                }
                if longest
                    .as_ref()
                    .is_none_or(|longest| range.end > longest.range.end)
                {
                    longest = Some(Mask { range, fingerprint });
                }
            }
        }
        longest
    }

    fn hash(&self, bytes: &[u8]) -> u64 {
        let mut hasher = self.hashes.build_hasher();
        hasher.write(bytes);
        hasher.finish()
    }
}

/// A place in a text and what it shows instead.
struct Mask {
    range: Range<usize>,
    fingerprint: Fingerprint,
}

/// The text that a value is the base64 form of, as in the `data` of a Kubernetes Secret; `None` where it is none.
fn text_in_base64(value: &[u8]) -> Option<SecretBytes> {
    if value.is_empty() || !value.len().is_multiple_of(4) {
        return None;
    }
    let mut inner = SecretBytes::init(value.len() / 4 * 3, |_| ());
    let len = STANDARD.decode_slice(value, inner.expose_mut()).ok()?;
    inner.truncate(len);
    let text = str::from_utf8(inner.expose()).ok()?;
    let is_text =
        !text.contains(|character: char| character.is_control() && !character.is_whitespace());
    is_text.then_some(inner)
}

/// Cuts a value into pieces of about equal length, none longer than [`MAX_PIECE`] and none short. Characters are not
/// cut: an escape stands for a whole one.
fn pieces(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    // A cut moves by up to three bytes, to where a character starts. Both ends are where one does.
    let count = value.len().div_ceil(MAX_PIECE - 3);
    let cut = move |number: usize| character_start(value, value.len() * number / count);
    (0..count).map(move |number| &value[cut(number)..cut(number + 1)])
}

/// The start of the character that `at` lies in, if the bytes around it are UTF-8, else `at`.
fn character_start(bytes: &[u8], at: usize) -> usize {
    let is_start = |at: &usize| bytes.get(*at).is_none_or(|byte| byte & 0xc0 != 0x80);
    (at.saturating_sub(3)..=at)
        .rev()
        .find(is_start)
        .unwrap_or(at)
}

/// Joins masks that overlap, and masks of one value that touch.
fn unite(found: Vec<Mask>) -> Vec<Mask> {
    let mut united: Vec<Mask> = Vec::with_capacity(found.len());
    for mask in found {
        match united.last_mut() {
            Some(last)
                if mask.range.start < last.range.end
                    || mask.range.start == last.range.end
                        && mask.fingerprint == last.fingerprint =>
            {
                last.range.end = last.range.end.max(mask.range.end);
                // Only a base64 form begins before the place where it was found.
                last.range.start = last.range.start.min(mask.range.start);
            }
            _ => united.push(mask),
        }
    }
    united
}

fn replace(text: &[u8], masks: &[Mask]) -> Vec<u8> {
    let mut output = Vec::with_capacity(text.len());
    let mut copied = 0;
    for Mask { range, fingerprint } in masks {
        output.extend_from_slice(text.get(copied..range.start).unwrap_or_default());
        // Writing to a vector does not fail.
        let _written = write!(output, "{fingerprint}");
        copied = range.end;
    }
    output.extend_from_slice(text.get(copied..).unwrap_or_default());
    output
}
