//! The post-quantum age identity `AGE-SECRET-KEY-PQ-1…`, which opens `mlkem768x25519` stanzas.
//!
//! A stanza is one HPKE base-mode message ([RFC 9180]) of 16 bytes without associated data: KEM MLKEM768-X25519 (id
//! 0x647a, draft-ietf-hpke-pq, the same as X-Wing), HKDF-SHA-256, ChaCha20-Poly1305. Source of the age side:
//! `filippo.io/age: pq.go`.
//!
//! [RFC 9180]: https://www.rfc-editor.org/rfc/rfc9180

use age_core::format::{FileKey, Stanza};
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use hkdf::Hkdf;
use ml_kem::kem::Decapsulate;
use ml_kem::{EncodedSizeUser, KemCore, MlKem768};
use sha2::Sha256;
use sha3::Shake256;
use sha3::digest::{Digest, ExtendableOutput, Update, XofReader};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::stanza::{Attempt, WRAPPED_KEY, argument};

/// Type of the stanza.
pub(super) const STANZA: &str = "mlkem768x25519";

/// Length of the secret seed in bytes.
pub(super) const SEED: usize = 32;

const INFO: &[u8] = b"age-encryption.org/mlkem768x25519";
const KEM_LABEL: &[u8] = br"\.//^\";
const SUITE: &[u8; 10] = b"HPKE\x64\x7a\x00\x01\x00\x03";

const PQ_CIPHERTEXT: usize = 1088;
const POINT: usize = 32;

/// A key pair expanded from its seed.
struct KeyPair {
    pq: <MlKem768 as KemCore>::DecapsulationKey,
    pq_public: <MlKem768 as KemCore>::EncapsulationKey,
    curve: StaticSecret,
    curve_public: PublicKey,
}

impl KeyPair {
    fn expand(seed: &[u8]) -> Self {
        let mut expanded = Zeroizing::new([0; 96]);
        let mut shake = Shake256::default();
        shake.update(seed);
        shake.finalize_xof().read(&mut *expanded);
        let [d, z, scalar] = thirds(&expanded);
        let (pq, pq_public) = MlKem768::generate_deterministic(d.into(), z.into());
        let curve = StaticSecret::from(*scalar);
        let curve_public = PublicKey::from(&curve);
        Self {
            pq,
            pq_public,
            curve,
            curve_public,
        }
    }

    /// `None` when the encapsulation is not one that a sender could have made: its point is of low order.
    fn decapsulate(
        &self,
        pq_ciphertext: &[u8; PQ_CIPHERTEXT],
        point: [u8; POINT],
    ) -> Option<Zeroizing<[u8; 32]>> {
        let pq_secret: Zeroizing<[u8; 32]> =
            Zeroizing::new(self.pq.decapsulate(pq_ciphertext.into()).ok()?.into());
        let curve_secret = self.curve.diffie_hellman(&PublicKey::from(point));
        if !curve_secret.was_contributory() {
            return None;
        }
        let mut hash = sha3::Sha3_256::new();
        Digest::update(&mut hash, *pq_secret);
        Digest::update(&mut hash, curve_secret.as_bytes());
        Digest::update(&mut hash, point);
        Digest::update(&mut hash, self.curve_public.as_bytes());
        Digest::update(&mut hash, KEM_LABEL);
        let mut shared = Zeroizing::new([0; 32]);
        shared.copy_from_slice(&hash.finalize());
        Some(shared)
    }
}

/// The raw public key: 1184 bytes of ML-KEM-768, then 32 of X25519.
pub(super) fn public_key(seed: &[u8]) -> Vec<u8> {
    let pair = KeyPair::expand(seed);
    let mut public = pair.pq_public.as_bytes().to_vec();
    public.extend_from_slice(pair.curve_public.as_bytes());
    public
}

/// Opens `stanza`, which is of type [`STANZA`].
pub(super) fn unwrap(seed: &[u8], stanza: &Stanza) -> Attempt {
    let [encapsulation] = &stanza.args[..] else {
        return Attempt::Malformed;
    };
    let Some(encapsulation) = argument::<{ PQ_CIPHERTEXT + POINT }>(encapsulation) else {
        return Attempt::Malformed;
    };
    if stanza.body.len() != WRAPPED_KEY {
        return Attempt::Malformed;
    }
    let Some((pq_ciphertext, point)) = encapsulation.split_first_chunk::<PQ_CIPHERTEXT>() else {
        return Attempt::Malformed;
    };
    let Ok(point) = point.try_into() else {
        return Attempt::Malformed;
    };
    let Some(shared) = KeyPair::expand(seed).decapsulate(pq_ciphertext, point) else {
        return Attempt::Malformed;
    };
    // ML-KEM rejects implicitly: a foreign stanza gives a wrong secret, noticed only here.
    open_base(&shared, &stanza.body).map_or(Attempt::Foreign, Attempt::Key)
}

/// `OpenBase` of RFC 9180 after the decapsulation, for the first message and without associated data.
fn open_base(shared: &[u8; 32], ciphertext: &[u8]) -> Option<FileKey> {
    let (psk_id_hash, _) = labeled_extract(&[], b"psk_id_hash", &[]);
    let (info_hash, _) = labeled_extract(&[], b"info_hash", INFO);
    let mut context = [0; 65];
    context[1..33].copy_from_slice(&*psk_id_hash);
    context[33..].copy_from_slice(&*info_hash);
    let (_, secret) = labeled_extract(shared, b"secret", &[]);
    let mut key = Zeroizing::new([0; 32]);
    labeled_expand(&secret, b"key", &context, &mut *key)?;
    let mut nonce = [0; 12];
    labeled_expand(&secret, b"base_nonce", &context, &mut nonce)?;

    let plaintext = Zeroizing::new(
        ChaCha20Poly1305::new(Key::from_slice(&*key))
            .decrypt(Nonce::from_slice(&nonce), ciphertext)
            .ok()?,
    );
    FileKey::try_init_with_mut(|file_key| {
        if plaintext.len() != file_key.len() {
            return Err(());
        }
        file_key.copy_from_slice(&plaintext);
        Ok(())
    })
    .ok()
}

fn labeled_extract(salt: &[u8], label: &[u8], key: &[u8]) -> (Zeroizing<[u8; 32]>, Hkdf<Sha256>) {
    let mut extract = hkdf::HkdfExtract::<Sha256>::new(Some(salt));
    for part in [b"HPKE-v1", &SUITE[..], label, key] {
        extract.input_ikm(part);
    }
    let (output, hkdf) = extract.finalize();
    (Zeroizing::new(output.into()), hkdf)
}

fn labeled_expand(key: &Hkdf<Sha256>, label: &[u8], context: &[u8], out: &mut [u8]) -> Option<()> {
    let length = u16::try_from(out.len()).ok()?.to_be_bytes();
    key.expand_multi_info(&[&length, b"HPKE-v1", SUITE, label, context], out)
        .ok()
}

fn thirds(expanded: &[u8; 96]) -> [&[u8; 32]; 3] {
    let (chunks, _) = expanded.as_chunks::<32>();
    [&chunks[0], &chunks[1], &chunks[2]]
}
