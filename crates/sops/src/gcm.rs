//! AES-256-GCM with nonces of any length.
//!
//! sops writes nonces of 32 bytes; older files and other tools have 12 or 16. The libraries at hand have GCM for 12
//! bytes, or for one length per type, so it is put together here from AES in counter mode and GHASH (NIST SP 800-38D).

use aws_lc_rs::cipher::{AES_256, DecryptingKey, DecryptionContext, UnboundCipherKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::iv::FixedLength;
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use secret::SecretBytes;
use zeroize::Zeroize;

/// Length of an authentication tag in bytes.
pub(crate) const TAG_LENGTH: usize = 16;

const BLOCK: usize = 16;

/// A data key made ready: one key schedule for all values of a file.
pub(crate) struct Gcm {
    aes: DecryptingKey,
    ghash: GHash,
}

/// The text, its associated data, its nonce or its tag are not those that were sealed.
#[derive(Debug)]
pub(crate) struct Unauthentic;

impl From<Unspecified> for Unauthentic {
    fn from(_: Unspecified) -> Self {
        Self
    }
}

impl Gcm {
    /// `None` where the key is not one of AES-256, by its length.
    pub(crate) fn new(key: &[u8]) -> Option<Box<Self>> {
        let aes = DecryptingKey::ctr(UnboundCipherKey::new(&AES_256, key).ok()?).ok()?;
        let mut hash_key = [0; BLOCK];
        apply_stream(&aes, [0; BLOCK], &mut hash_key).ok()?;
        let ghash = GHash::new(&hash_key.into());
        hash_key.zeroize();
        Some(Box::new(Self { aes, ghash }))
    }

    /// Decrypts `text` in place. On failure `text` is left as it was.
    pub(crate) fn open(
        &self,
        nonce: &[u8],
        associated: &[u8],
        text: &mut [u8],
        tag: &[u8; TAG_LENGTH],
    ) -> Result<(), Unauthentic> {
        let first = self.first_counter(nonce);
        let mut expected = self.digest(associated, text);
        apply_stream(&self.aes, first, &mut expected)?;
        if !SecretBytes::copy_of(&expected).ct_eq(tag) {
            return Err(Unauthentic);
        }
        // The counter is the last 32 bits and wraps around by itself; the cipher's is all 128. So a text that crosses
        // the end of the counter is taken in two.
        let [.., a, b, c, d] = first;
        let counter = u32::from_be_bytes([a, b, c, d]).wrapping_add(1);
        let before_end = (u32::MAX - counter) as usize + 1;
        let (front, back) = text.split_at_mut(before_end.saturating_mul(BLOCK).min(text.len()));
        apply_stream(&self.aes, with_counter(first, counter), front)?;
        apply_stream(&self.aes, with_counter(first, 0), back)
    }

    /// J0 of section 7.1.
    fn first_counter(&self, nonce: &[u8]) -> [u8; BLOCK] {
        match <[u8; 12]>::try_from(nonce) {
            Ok(nonce) => {
                let mut block = [0; BLOCK];
                block[..12].copy_from_slice(&nonce);
                with_counter(block, 1)
            }
            Err(_) => self.digest(&[], nonce),
        }
    }

    /// GHASH over both texts, each padded to whole blocks, and their lengths in bits.
    fn digest(&self, associated: &[u8], text: &[u8]) -> [u8; BLOCK] {
        let mut ghash = self.ghash.clone();
        ghash.update_padded(associated);
        ghash.update_padded(text);
        let mut lengths = [0; BLOCK];
        lengths[..8].copy_from_slice(&(associated.len() as u64 * 8).to_be_bytes());
        lengths[8..].copy_from_slice(&(text.len() as u64 * 8).to_be_bytes());
        ghash.update(&[lengths.into()]);
        ghash.finalize().into()
    }
}

/// Adds the key stream that begins at `counter` to `text`.
fn apply_stream(
    aes: &DecryptingKey,
    counter: [u8; BLOCK],
    text: &mut [u8],
) -> Result<(), Unauthentic> {
    if !text.is_empty() {
        aes.decrypt(text, DecryptionContext::Iv128(FixedLength::from(counter)))?;
    }
    Ok(())
}

fn with_counter(mut block: [u8; BLOCK], counter: u32) -> [u8; BLOCK] {
    block[12..].copy_from_slice(&counter.to_be_bytes());
    block
}

#[cfg(test)]
mod tests {
    use aes_gcm::AesGcm;
    use aes_gcm::aead::AeadInOut;
    use aes_gcm::aead::consts::{U1, U12, U16, U17, U32, U64};

    use super::Gcm;

    const KEY: [u8; 32] = [7; 32];

    type Seal = fn(&[u8], &mut [u8]) -> [u8; 16];

    fn sealed<N: aes_gcm::aead::array::ArraySize>(nonce: &[u8], text: &mut [u8]) -> [u8; 16] {
        use aes_gcm::KeyInit;
        AesGcm::<aes_gcm::aes::Aes256, N>::new(&KEY.into())
            .encrypt_inout_detached(nonce.try_into().unwrap(), b"a:b:", text.into())
            .unwrap()
            .into()
    }

    #[test]
    fn nonces_of_any_length_open() {
        let gcm = Gcm::new(&KEY).unwrap();
        for length in [0, 1, 15, 16, 17, 100] {
            let plain: Vec<u8> = (0..length).collect();
            let seal: [(usize, Seal); 6] = [
                (1, sealed::<U1>),
                (12, sealed::<U12>),
                (16, sealed::<U16>),
                (17, sealed::<U17>),
                (32, sealed::<U32>),
                (64, sealed::<U64>),
            ];
            for (nonce_length, seal) in seal {
                let nonce = vec![9; nonce_length];
                let mut text = plain.clone();
                let tag = seal(&nonce, &mut text);
                let sealed_text = text.clone();
                gcm.open(&nonce, b"a:b:", &mut text, &tag).unwrap();
                assert_eq!(text, plain, "nonce of {nonce_length}");

                let mut text = sealed_text.clone();
                let mut other = tag;
                other[15] ^= 1;
                assert!(gcm.open(&nonce, b"a:b:", &mut text, &other).is_err());
                assert_eq!(text, sealed_text, "nothing is decrypted on failure");
                assert!(gcm.open(&nonce, b"a:c:", &mut text, &tag).is_err());
                assert!(
                    gcm.open(&vec![8; nonce_length], b"a:b:", &mut text, &tag)
                        .is_err()
                );
            }
        }
    }

    #[test]
    fn the_counter_wraps_around_within_a_text() {
        let gcm = Gcm::new(&KEY).unwrap();
        const BLOCKS: u32 = 1 << 16;
        // One nonce in 65,536 starts so near to the end of the counter.
        let nonce = (0_u64..)
            .map(|seed| {
                let mut nonce = [0; 32];
                nonce[..8].copy_from_slice(&seed.to_be_bytes());
                nonce
            })
            .find(|nonce| {
                let [.., a, b, c, d] = gcm.first_counter(nonce);
                u32::from_be_bytes([a, b, c, d]) > u32::MAX - BLOCKS / 2
            })
            .unwrap();
        let plain: Vec<u8> = (0..BLOCKS * 16 - 5).map(|index| index as u8).collect();
        let mut text = plain.clone();
        let tag = sealed::<U32>(&nonce, &mut text);
        gcm.open(&nonce, b"a:b:", &mut text, &tag).unwrap();
        assert!(text == plain);
    }
}
