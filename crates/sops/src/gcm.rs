//! AES-256-GCM with nonces of any length.
//!
//! sops writes nonces of 32 bytes; older files and other tools have 12 or 16. `aes-gcm` has the length in the type, so
//! that other lengths than the usual one are done here on its building blocks.

use aes::Aes256;
use aes::cipher::consts::U32;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes_gcm::AesGcm;
use aes_gcm::aead::{AeadInOut, Nonce};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use secret::SecretBytes;
use zeroize::Zeroize;

/// Length of a data key in bytes.
pub(crate) const KEY_LENGTH: usize = 32;

/// Length of an authentication tag in bytes.
pub(crate) const TAG_LENGTH: usize = 16;

type Block = aes::Block;

/// A data key made ready: one key schedule for all values of a file.
pub(crate) struct Gcm {
    usual: AesGcm<Aes256, U32>,
    aes: Aes256,
}

/// The text, its associated data, its nonce or its tag are not those that were sealed.
#[derive(Debug)]
pub(crate) struct Unauthentic;

impl Gcm {
    pub(crate) fn new(key: &[u8; KEY_LENGTH]) -> Box<Self> {
        let aes = Aes256::new(key.into());
        Box::new(Self {
            usual: AesGcm::from(aes.clone()),
            aes,
        })
    }

    /// Decrypts `text` in place. On failure `text` is left as it was.
    pub(crate) fn open(
        &self,
        nonce: &[u8],
        associated: &[u8],
        text: &mut [u8],
        tag: &[u8; TAG_LENGTH],
    ) -> Result<(), Unauthentic> {
        match <&Nonce<AesGcm<Aes256, U32>>>::try_from(nonce) {
            Ok(nonce) => self
                .usual
                .decrypt_inout_detached(nonce, associated, text.into(), tag.into())
                .map_err(|_| Unauthentic),
            Err(_) => self.open_any(nonce, associated, text, tag),
        }
    }

    fn open_any(
        &self,
        nonce: &[u8],
        associated: &[u8],
        text: &mut [u8],
        tag: &[u8; TAG_LENGTH],
    ) -> Result<(), Unauthentic> {
        let mut hash_key = Block::default();
        self.aes.encrypt_block(&mut hash_key);
        let ghash = GHash::new(&hash_key);
        hash_key.zeroize();

        let mut counter = first_counter(&ghash, nonce);
        let mut expected = digest(&ghash, associated, text);
        let mut mask = counter;
        self.aes.encrypt_block(&mut mask);
        for (byte, mask) in expected.iter_mut().zip(&mask) {
            *byte ^= mask;
        }
        if !SecretBytes::copy_of(&expected).ct_eq(tag) {
            return Err(Unauthentic);
        }
        for chunk in text.chunks_mut(expected.len()) {
            increment(&mut counter);
            let mut stream = counter;
            self.aes.encrypt_block(&mut stream);
            for (byte, key) in chunk.iter_mut().zip(&stream) {
                *byte ^= key;
            }
        }
        Ok(())
    }
}

/// J0 of NIST SP 800-38D, section 7.1.
fn first_counter(ghash: &GHash, nonce: &[u8]) -> Block {
    if nonce.len() == 12 {
        let mut block = Block::default();
        block[..12].copy_from_slice(nonce);
        block[15] = 1;
        return block;
    }
    digest(ghash, &[], nonce)
}

/// GHASH over both texts, each padded to whole blocks, and their lengths in bits.
fn digest(ghash: &GHash, associated: &[u8], text: &[u8]) -> Block {
    let mut ghash = ghash.clone();
    ghash.update_padded(associated);
    ghash.update_padded(text);
    let mut lengths = Block::default();
    lengths[..8].copy_from_slice(&(associated.len() as u64 * 8).to_be_bytes());
    lengths[8..].copy_from_slice(&(text.len() as u64 * 8).to_be_bytes());
    ghash.update(&[lengths]);
    ghash.finalize()
}

fn increment(counter: &mut Block) {
    let [.., a, b, c, d] = &mut counter.0;
    let next = u32::from_be_bytes([*a, *b, *c, *d]).wrapping_add(1);
    [*a, *b, *c, *d] = next.to_be_bytes();
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
        use aes::cipher::KeyInit;
        AesGcm::<aes::Aes256, N>::new(&KEY.into())
            .encrypt_inout_detached(nonce.try_into().unwrap(), b"a:b:", text.into())
            .unwrap()
            .into()
    }

    #[test]
    fn nonces_of_any_length_open() {
        let gcm = Gcm::new(&KEY);
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
    fn both_ways_agree_on_the_usual_length() {
        let gcm = Gcm::new(&KEY);
        let mut text = *b"some text that is longer than two blocks of AES";
        let plain = text;
        let tag = sealed::<U32>(&[3; 32], &mut text);
        gcm.open_any(&[3; 32], b"a:b:", &mut text, &tag).unwrap();
        assert_eq!(text, plain);
    }
}
