//! What an identity finds in one recipient stanza of an age header.

use age_core::format::{FILE_KEY_BYTES, FileKey};
use age_core::primitives::aead_decrypt;
use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use zeroize::Zeroizing;

/// Outcome of trying a key on a stanza.
pub(super) enum Attempt {
    /// The stanza is for this key.
    Key(FileKey),
    /// The stanza is for another key.
    Foreign,
    /// The stanza breaks the format, or names this key and does not open: the whole file is refused.
    Malformed,
}

/// Length in bytes of a file key as it stands in the body of a stanza: encrypted, with its tag.
pub(super) const WRAPPED_KEY: usize = FILE_KEY_BYTES + 16;

/// Opens the body of a stanza. One that does not open is for another key.
pub(super) fn unwrap_file_key(key: &[u8; 32], body: &[u8]) -> Attempt {
    aead_decrypt(key, FILE_KEY_BYTES, body).map_or(Attempt::Foreign, |opened| {
        let opened = Zeroizing::new(opened);
        Attempt::Key(FileKey::init_with_mut(|file_key| {
            file_key.copy_from_slice(&opened);
        }))
    })
}

/// A binary argument of `N` bytes in canonical unpadded base64, the only form that the format allows.
pub(super) fn argument<const N: usize>(text: &str) -> Option<[u8; N]> {
    // Checked first, so that no long argument is decoded in vain.
    if text.len() != base64::encoded_len(N, false)? {
        return None;
    }
    let bytes = BASE64_STANDARD_NO_PAD.decode(text).ok()?;
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_arguments_of_the_right_length_are_read() {
        assert_eq!(argument::<4>("AAECAw"), Some([0, 1, 2, 3]));
        for refused in [
            "AAECAx", "AAECAw==", "AAECA", "AAECAwQ", "AAEC_w", "AAECA\n", "",
        ] {
            assert_eq!(argument::<4>(refused), None, "{refused}");
        }
    }
}
