//! RSA private operations.
//!
//! The `rsa` crate reads keys and computes their CRT numbers; AWS-LC does the private operation, in constant time and
//! several times faster. Keys outside the 2048 to 8192 bits that AWS-LC takes (old PGP keys have 1024) stay with the
//! `rsa` crate, which blinds and rejects implicitly.

use aws_lc_rs::rsa::{
    OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, Pkcs1PrivateDecryptingKey,
    PrivateDecryptingKey,
};
use rsa::pkcs1::{self, RsaPrivateKeyRef};
use rsa::pkcs8::der::asn1::OctetStringRef;
use rsa::pkcs8::der::{Decode, Encode};
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, PrivateKeyInfoRef};
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, Pkcs1v15Encrypt};
use secret::SecretBytes;
use zeroize::Zeroizing;

/// Modulus and public exponent, big-endian without leading zeros.
pub(super) struct PublicNumbers {
    pub(super) modulus: Vec<u8>,
    pub(super) exponent: Vec<u8>,
}

/// The public numbers of a key in PKCS#1 DER, without any arithmetic on the private ones.
pub(super) fn public_numbers(pkcs1: &[u8]) -> Option<PublicNumbers> {
    let key = RsaPrivateKeyRef::from_der(pkcs1).ok()?;
    Some(PublicNumbers {
        modulus: key.modulus.as_bytes().to_vec(),
        exponent: key.public_exponent.as_bytes().to_vec(),
    })
}

/// The PKCS#8 DER around a key in PKCS#1 DER.
pub(super) fn wrap_pkcs1(pkcs1: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let key = OctetStringRef::new(pkcs1).ok()?;
    let info = PrivateKeyInfoRef::new(pkcs1::ALGORITHM_ID, key);
    info.to_der().ok().map(Zeroizing::new)
}

/// The PKCS#8 DER of a key given by its big-endian numbers.
///
/// `None` when they are not those of an RSA key, or are larger than 8192 bits.
pub(super) fn encode(
    modulus: &[u8],
    exponent: &[u8],
    private_exponent: &[u8],
    primes: [&[u8]; 2],
) -> Option<Zeroizing<Vec<u8>>> {
    let width = width_of(modulus)?;
    let number = |bytes: &[u8]| BoxedUint::from_be_slice(strip_zeros(bytes), width).ok();
    let [p, q] = primes;
    let key = rsa::PrivateKey::from_components(
        number(modulus)?,
        BoxedUint::from_be_slice(strip_zeros(exponent), width_of(exponent)?).ok()?,
        number(private_exponent)?,
        vec![number(p)?, number(q)?],
    )
    .ok()?;
    let document = key.to_pkcs8_der().ok()?;
    Some(Zeroizing::new(document.as_bytes().to_vec()))
}

/// Opens an OAEP ciphertext (SHA-256 for label and mask) with a key in PKCS#8 DER.
pub(super) fn open_oaep(pkcs8: &[u8], label: &[u8], ciphertext: &[u8]) -> Option<SecretBytes> {
    let key = PrivateDecryptingKey::from_pkcs8(pkcs8).ok()?;
    let key = OaepPrivateDecryptingKey::new(key).ok()?;
    open(key.min_output_size(), |plaintext| {
        key.decrypt(&OAEP_SHA256_MGF1SHA256, ciphertext, plaintext, Some(label))
            .ok()
            .map(|opened| opened.len())
    })
}

/// Opens a PKCS#1 v1.5 ciphertext, a big-endian number of any length up to the key's, with a key in PKCS#8 DER.
///
/// What is returned is not authenticated; it can be noise for a ciphertext that was not made for this key.
pub(super) fn open_pkcs1v15(pkcs8: &[u8], ciphertext: &[u8]) -> Option<SecretBytes> {
    match PrivateDecryptingKey::from_pkcs8(pkcs8) {
        Ok(key) => {
            let key = Pkcs1PrivateDecryptingKey::new(key).ok()?;
            let ciphertext = pad_to(ciphertext, key.key_size_bytes())?;
            open(key.min_output_size(), |plaintext| {
                key.decrypt(&ciphertext, plaintext)
                    .ok()
                    .map(|opened| opened.len())
            })
        }
        Err(_outside_its_sizes) => {
            let key = rsa::PrivateKey::from_pkcs8_der(pkcs8).ok()?;
            let ciphertext = pad_to(ciphertext, key.size())?;
            key.decrypt(Pkcs1v15Encrypt, &ciphertext)
                .ok()
                .map(SecretBytes::new)
        }
    }
}

fn open(size: usize, decrypt: impl FnOnce(&mut [u8]) -> Option<usize>) -> Option<SecretBytes> {
    let mut opened = None;
    let mut plaintext = SecretBytes::init(size, |buffer| opened = decrypt(buffer));
    plaintext.truncate(opened?);
    Some(plaintext)
}

fn pad_to(number: &[u8], size: usize) -> Option<Vec<u8>> {
    let number = strip_zeros(number);
    let mut padded = vec![0; size.checked_sub(number.len())?];
    padded.extend_from_slice(number);
    Some(padded)
}

/// Width in bits of the storage for `number`: whole bytes.
fn width_of(number: &[u8]) -> Option<u32> {
    u32::try_from(strip_zeros(number).len())
        .ok()?
        .checked_mul(8)
}

fn strip_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|&&byte| byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}
