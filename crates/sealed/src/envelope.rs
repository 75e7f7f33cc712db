//! One sealed value: an RSA block with a session key, and the text under that key.
//!
//! The layout (`sealed-secrets: pkg/crypto/crypto.go`): two bytes with the length N of the RSA block, most significant
//! first; the block, RSA-OAEP with SHA-256 over a key of 32 bytes; the text under AES-256-GCM with twelve zero bytes as
//! nonce, which is safe because no session key is used twice.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey};
use secret::SecretBytes;
use zeroize::Zeroizing;

const SESSION_KEY: usize = 32;
const TAG: usize = 16;

/// A sealed value, cut into its parts.
pub(crate) struct Envelope<'v> {
    rsa_block: &'v [u8],
    text: &'v [u8],
    tag: &'v [u8; TAG],
}

impl<'v> Envelope<'v> {
    /// Cuts `bytes`; nothing when they are too few.
    pub(crate) fn cut(bytes: &'v [u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk()?;
        let (rsa_block, sealed) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        let (text, tag) = sealed.split_last_chunk()?;
        Some(Self {
            rsa_block,
            text,
            tag,
        })
    }

    /// Length of the RSA block in bytes, which is the size of the key that made it.
    pub(crate) const fn key_size(&self) -> usize {
        self.rsa_block.len()
    }

    /// The plaintext, when `key` and `label` open the value. Every cause of failure looks the same.
    pub(crate) fn open(&self, key: &OaepPrivateDecryptingKey, label: &[u8]) -> Option<SecretBytes> {
        let mut block = Zeroizing::new(vec![0; key.min_output_size()]);
        let session_key = key
            .decrypt(
                &OAEP_SHA256_MGF1SHA256,
                self.rsa_block,
                &mut block,
                Some(label),
            )
            .ok()?;
        // Upstream takes the shorter AES keys as well, though nothing makes them.
        let mut text = SecretBytes::new(vec![0; self.text.len()]);
        text_key(session_key)
            .ok()?
            .open_separate_gather(
                nonce(),
                Aad::empty(),
                self.text,
                self.tag,
                text.expose_mut(),
            )
            .ok()?;
        Some(text)
    }
}

/// Why a value could not be sealed. Neither happens with a working random source and a key of 2048 bits or more.
pub(crate) struct SealFailed;

/// Seals `plaintext` for the owner of `key`.
pub(crate) fn seal(
    key: &OaepPublicEncryptingKey,
    label: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, SealFailed> {
    let mut session_key = Zeroizing::new([0; SESSION_KEY]);
    rand::fill(&mut *session_key).map_err(|_| SealFailed)?;
    let size = key.ciphertext_size();
    let length = u16::try_from(size).map_err(|_| SealFailed)?;
    let mut sealed = Vec::with_capacity(2 + size + plaintext.len() + TAG);
    sealed.extend_from_slice(&length.to_be_bytes());
    sealed.resize(2 + size, 0);
    key.encrypt(
        &OAEP_SHA256_MGF1SHA256,
        &*session_key,
        &mut sealed[2..],
        Some(label),
    )
    .map_err(|_| SealFailed)?;
    // Enciphered in a buffer of its own, so that a failure leaves no plaintext in `sealed`.
    let mut text = SecretBytes::copy_of(plaintext);
    let tag = text_key(&*session_key)
        .and_then(|key| key.seal_in_place_separate_tag(nonce(), Aad::empty(), text.expose_mut()))
        .map_err(|_| SealFailed)?;
    sealed.extend_from_slice(text.expose());
    sealed.extend_from_slice(tag.as_ref());
    Ok(sealed)
}

/// The key of the text; refused where it is not one of AES-256, by its length.
fn text_key(session_key: &[u8]) -> Result<LessSafeKey, Unspecified> {
    UnboundKey::new(&AES_256_GCM, session_key).map(LessSafeKey::new)
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}
