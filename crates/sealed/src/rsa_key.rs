//! RSA keys as far as they must be read: sizes, the public half, and the wrapping that AWS-LC asks for.

use std::fmt;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rsa::pkcs1::der::asn1::OctetStringRef;
use rsa::pkcs1::der::{Decode, Encode};
use rsa::pkcs1::{ALGORITHM_ID, ALGORITHM_OID, RsaPrivateKey, RsaPublicKey, UintRef};
use rsa::pkcs8::PrivateKeyInfoRef;
use rsa::pkcs8::spki::SubjectPublicKeyInfoRef;
use secret::LockedBytes;

/// The id of a key: the SHA-256 fingerprint of its public half as `ssh-keygen -l` prints it, which is also what the
/// controller logs.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KeyFingerprint(Box<str>);

impl KeyFingerprint {
    fn of(modulus: &[u8], exponent: &[u8]) -> Self {
        let mut hash = digest::Context::new(&digest::SHA256);
        let mut field = |bytes: &[u8], positive: bool| {
            // An SSH mpint is signed: a leading one bit needs a zero byte before it.
            let pad = positive && bytes.first().is_some_and(|first| first & 0x80 != 0);
            let length = u32::try_from(bytes.len() + usize::from(pad)).unwrap_or(u32::MAX);
            hash.update(&length.to_be_bytes());
            if pad {
                hash.update(&[0]);
            }
            hash.update(bytes);
        };
        field(b"ssh-rsa", false);
        field(exponent, true);
        field(modulus, true);
        let text = STANDARD_NO_PAD.encode(hash.finish());
        Self(format!("SHA256:{text}").into())
    }

    /// `SHA256:` and the digest in base64.
    pub const fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for KeyFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for KeyFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is wrong with a key, private or public.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Flaw {
    Malformed,
    NotRsa,
    Size { bits: usize },
    Memory,
}

/// What is known of the public half.
pub(crate) struct PublicHalf {
    pub(crate) fingerprint: KeyFingerprint,
    pub(crate) size: usize,
}

impl PublicHalf {
    fn of(modulus: UintRef<'_>, exponent: UintRef<'_>) -> Result<Self, Flaw> {
        let modulus = modulus.as_bytes();
        let leading = modulus.first().map_or(0, |first| first.leading_zeros());
        let bits = modulus.len() * 8 - leading as usize;
        // What AWS-LC takes. Sealing keys are made with 4096 bits.
        if !(2048..=8192).contains(&bits) {
            return Err(Flaw::Size { bits });
        }
        Ok(Self {
            fingerprint: KeyFingerprint::of(modulus, exponent.as_bytes()),
            size: modulus.len(),
        })
    }

    /// Of a SubjectPublicKeyInfo in DER.
    pub(crate) fn of_spki(der: &[u8]) -> Result<Self, Flaw> {
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| Flaw::Malformed)?;
        if info.algorithm.oid != ALGORITHM_OID {
            return Err(Flaw::NotRsa);
        }
        let bits = info.subject_public_key.as_bytes().ok_or(Flaw::Malformed)?;
        let key = RsaPublicKey::<UintRef<'_>>::from_der(bits).map_err(|_| Flaw::Malformed)?;
        Self::of(key.modulus, key.public_exponent)
    }
}

/// A private key as PKCS#8 in locked memory, from PKCS#1.
pub(crate) fn from_pkcs1(der: &[u8]) -> Result<(PublicHalf, LockedBytes), Flaw> {
    let key = RsaPrivateKey::<UintRef<'_>>::from_der(der).map_err(|_| Flaw::Malformed)?;
    let public = PublicHalf::of(key.modulus, key.public_exponent)?;
    let octets = OctetStringRef::new(der).map_err(|_| Flaw::Malformed)?;
    let info = PrivateKeyInfoRef::new(ALGORITHM_ID, octets);
    let length = info.encoded_len().map_err(|_| Flaw::Malformed)?;
    let length = usize::try_from(u32::from(length)).map_err(|_| Flaw::Malformed)?;
    let mut encoded = Ok(());
    let locked = LockedBytes::init(length, |bytes| {
        encoded = info.encode_to_slice(bytes).map(|_| ());
    })
    .map_err(|_| Flaw::Memory)?;
    encoded.map_err(|_| Flaw::Malformed)?;
    Ok((public, locked))
}

/// A private key as PKCS#8 in locked memory, from PKCS#8.
pub(crate) fn from_pkcs8(der: &[u8]) -> Result<(PublicHalf, LockedBytes), Flaw> {
    let info = PrivateKeyInfoRef::try_from(der).map_err(|_| Flaw::Malformed)?;
    if info.algorithm.oid != ALGORITHM_OID {
        return Err(Flaw::NotRsa);
    }
    // Written anew rather than copied, so that optional attributes never reach AWS-LC.
    from_pkcs1(info.private_key.as_bytes())
}
