//! Byte strings that are wiped when they are dropped.

use std::hint::black_box;

use zeroize::Zeroize;

/// Bytes that must not be seen: a decrypted value, a data key, a token.
///
/// The whole allocation, spare capacity included, is overwritten with zeros on drop. The content is read through
/// [`expose`](Self::expose) alone, so a search for `expose` finds every place that reads a secret. To share a value,
/// put it behind an `Arc`; to duplicate it, say so with [`copy_of`](Self::copy_of).
///
/// The type has none of the traits through which content leaks by accident:
///
/// ```compile_fail,E0277
/// let value = secret::SecretBytes::copy_of(b"hunter2");
/// println!("{value:?}");
/// ```
///
/// ```compile_fail,E0277
/// let value = secret::SecretBytes::copy_of(b"hunter2");
/// println!("{value}");
/// ```
///
/// ```compile_fail,E0599
/// let value = secret::SecretBytes::copy_of(b"hunter2");
/// let twin = value.clone();
/// ```
///
/// ```compile_fail,E0369
/// let value = secret::SecretBytes::copy_of(b"hunter2");
/// let same = value == secret::SecretBytes::copy_of(b"hunter2");
/// ```
#[derive(Default)]
pub struct SecretBytes {
    // A `Vec` and not a boxed slice: turning one into the other reallocates, and that would leave the old block behind
    // unwiped in a process without the wiping allocator.
    bytes: Vec<u8>,
}

impl SecretBytes {
    /// Takes the buffer over as it is: nothing is copied, spare capacity is kept and wiped with the rest.
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    /// A copy of `bytes`. The caller still owns, and wipes, the original.
    pub fn copy_of(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.to_vec(),
        }
    }

    /// `len` bytes that `fill` writes in place, so that the secret is never on the stack nor in a second buffer.
    pub fn init(len: usize, fill: impl FnOnce(&mut [u8])) -> Self {
        let mut secret = Self {
            bytes: vec![0; len],
        };
        fill(&mut secret.bytes);
        secret
    }

    /// As [`init`](Self::init), for a `fill` that can fail. What it had written by then is wiped.
    ///
    /// # Errors
    ///
    /// The error of `fill`.
    pub fn try_init<E>(
        len: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut secret = Self {
            bytes: vec![0; len],
        };
        fill(&mut secret.bytes)?;
        Ok(secret)
    }

    /// The content.
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }

    /// The content, to be changed in place (decryption, decoding).
    pub fn expose_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Length of the content in bytes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is no content.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Appends `more`. Where it does not fit, a larger buffer takes the content over and the old one is wiped; a vector
    /// that grows by itself leaves copies behind.
    pub fn extend_from_slice(&mut self, more: &[u8]) {
        let len = self.bytes.len() + more.len();
        if len > self.bytes.capacity() {
            let mut larger = Vec::with_capacity(len.max(2 * self.bytes.capacity()));
            larger.extend_from_slice(&self.bytes);
            self.bytes.zeroize();
            self.bytes = larger;
        }
        self.bytes.extend_from_slice(more);
    }

    /// Shortens the content to `len` bytes and wipes the rest. Does nothing when it is not longer.
    pub fn truncate(&mut self, len: usize) {
        if let Some(tail) = self.bytes.get_mut(len..) {
            tail.zeroize();
            self.bytes.truncate(len);
        }
    }

    /// Whether the content equals `other`, in time that depends on the lengths only.
    pub fn ct_eq(&self, other: &[u8]) -> bool {
        ct_eq(&self.bytes, other)
    }

    /// The content as text, without a copy.
    ///
    /// # Errors
    ///
    /// The unchanged bytes, when they are not UTF-8.
    pub fn into_string(mut self) -> Result<SecretString, Self> {
        match String::from_utf8(std::mem::take(&mut self.bytes)) {
            Ok(text) => Ok(SecretString::new(text)),
            Err(error) => Err(Self::new(error.into_bytes())),
        }
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl From<Vec<u8>> for SecretBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes)
    }
}

impl From<Box<[u8]>> for SecretBytes {
    fn from(bytes: Box<[u8]>) -> Self {
        Self::new(bytes.into_vec())
    }
}

impl From<SecretString> for SecretBytes {
    fn from(text: SecretString) -> Self {
        text.into_bytes()
    }
}

/// Text that must not be seen. The UTF-8 sibling of [`SecretBytes`], with the same promises.
///
/// ```compile_fail,E0277
/// let value = secret::SecretString::copy_of("hunter2");
/// println!("{value:?}");
/// ```
///
/// ```compile_fail,E0277
/// let value = secret::SecretString::copy_of("hunter2");
/// println!("{value}");
/// ```
///
/// ```compile_fail,E0599
/// let value = secret::SecretString::copy_of("hunter2");
/// let twin = value.clone();
/// ```
///
/// ```compile_fail,E0369
/// let value = secret::SecretString::copy_of("hunter2");
/// let same = value == secret::SecretString::copy_of("hunter2");
/// ```
#[derive(Default)]
pub struct SecretString {
    text: String,
}

impl SecretString {
    /// Takes the text over as it is: nothing is copied.
    pub const fn new(text: String) -> Self {
        Self { text }
    }

    /// A copy of `text`. The caller still owns, and wipes, the original.
    pub fn copy_of(text: &str) -> Self {
        Self {
            text: text.to_owned(),
        }
    }

    /// The content.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Length of the content in bytes.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether there is no content.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether the content equals `other`, in time that depends on the lengths only.
    pub fn ct_eq(&self, other: &str) -> bool {
        ct_eq(self.text.as_bytes(), other.as_bytes())
    }

    /// The content as bytes, without a copy.
    pub fn into_bytes(mut self) -> SecretBytes {
        SecretBytes::new(std::mem::take(&mut self.text).into_bytes())
    }
}

impl Drop for SecretString {
    fn drop(&mut self) {
        self.text.zeroize();
    }
}

impl From<String> for SecretString {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

fn ct_eq(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let difference = left.iter().zip(right).fold(0, |difference, (left, right)| {
        difference | black_box(left ^ right)
    });
    black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_taken_over_without_a_copy() {
        let mut buffer = Vec::with_capacity(64);
        buffer.extend_from_slice(b"hunter2");
        let address = buffer.as_ptr();
        let secret = SecretBytes::new(buffer);
        assert_eq!(secret.expose().as_ptr(), address);
        let Ok(text) = secret.into_string() else {
            panic!("not text")
        };
        assert_eq!(text.expose(), "hunter2");
        assert_eq!(text.expose().as_ptr(), address);
        assert_eq!(SecretBytes::from(text).expose().as_ptr(), address);
    }

    #[test]
    fn bytes_that_are_not_text_come_back_unchanged() {
        let Err(bytes) = SecretBytes::copy_of(b"a\xffb").into_string() else {
            panic!("not text")
        };
        assert_eq!(bytes.expose(), b"a\xffb");
    }

    #[test]
    fn in_place_constructors_hand_out_zeros_of_the_asked_length() {
        let secret = SecretBytes::init(4, |bytes| {
            assert_eq!(bytes, [0; 4]);
            bytes.copy_from_slice(b"four");
        });
        assert_eq!(secret.expose(), b"four");
        assert!(matches!(SecretBytes::try_init(4, |_| Err("no")), Err("no")));
    }

    #[test]
    fn what_is_appended_stands_behind_the_rest() {
        let mut secret = SecretBytes::default();
        for piece in [&b"hunt"[..], b"", b"er", b"2 and a longer tail"] {
            secret.extend_from_slice(piece);
        }
        assert_eq!(secret.expose(), b"hunter2 and a longer tail");
    }

    #[test]
    fn truncation_only_shortens() {
        let mut secret = SecretBytes::copy_of(b"hunter2");
        secret.truncate(9);
        assert_eq!(secret.len(), 7);
        secret.truncate(6);
        assert_eq!(secret.expose(), b"hunter");
        secret.truncate(0);
        assert!(secret.is_empty());
    }

    #[test]
    fn comparison_sees_content_and_length() {
        let secret = SecretBytes::copy_of(b"hunter2");
        assert!(secret.ct_eq(b"hunter2"));
        for other in [&b"hunter1"[..], b"hunter", b"hunter22", b"", b"Hunter2"] {
            assert!(!secret.ct_eq(other));
        }
        assert!(SecretString::copy_of("").ct_eq(""));
    }
}
