//! A private key for SSH, and what is signed with it.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RsaEncoding, RsaKeyPair,
};
use rsa::BoxedUint;
use rsa::pkcs8::EncodePrivateKey;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use secret::SecretBytes;
use ssh_key::private::{KeypairData, RsaKeypair};

use super::openssh::{self, EcdsaNumbers};
use super::wire::{push_mpint, push_string};

/// The agent protocol's flag for `rsa-sha2-256` (RFC 8332, and draft-ietf-sshm-ssh-agent).
const RSA_SHA2_256: u32 = 2;
/// The agent protocol's flag for `rsa-sha2-512`.
const RSA_SHA2_512: u32 = 4;

/// A private key that signs. The library that does the work keeps it, and wipes it.
pub(super) struct SigningKey {
    pair: Pair,
    public: Vec<u8>,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    Ecdsa(EcdsaKeyPair, Curve),
    Rsa(RsaKeyPair),
}

#[derive(Clone, Copy)]
enum Curve {
    P256,
    P384,
    P521,
}

/// Why a private key cannot be used. Says nothing of its content.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SshKeyError {
    /// Neither in OpenSSH's format nor in PEM.
    #[error("it is in no known format")]
    Format,
    /// Locked by a passphrase, which a Secret has no place for.
    #[error("it is locked by a passphrase")]
    Passphrase,
    /// Of an algorithm that is not used any more, or that needs a device.
    #[error("its algorithm is not supported (ed25519, ecdsa and rsa are)")]
    Algorithm,
    /// Its numbers do not fit, or it is too short to be safe.
    #[error("its numbers are not those of a usable key")]
    Numbers,
}

impl SigningKey {
    /// Reads a key in OpenSSH's own format, PKCS#1, SEC 1 or PKCS#8.
    pub(super) fn parse(text: &[u8]) -> Result<Self, SshKeyError> {
        let text = str::from_utf8(text)
            .map_err(|_| SshKeyError::Format)?
            .trim();
        if text.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----") {
            return Self::parse_openssh(text);
        }
        // Without this the decoder would take the ciphertext for a key. The first of both headers is that of old PEM.
        if text.contains("\nProc-Type: 4,ENCRYPTED") || text.contains("BEGIN ENCRYPTED PRIVATE KEY")
        {
            return Err(SshKeyError::Passphrase);
        }
        match PrivateKeyDer::from_pem_slice(text.as_bytes()) {
            Ok(PrivateKeyDer::Pkcs1(der)) => {
                Self::rsa(RsaKeyPair::from_der(der.secret_pkcs1_der()).map_err(numbers)?)
            }
            Ok(PrivateKeyDer::Sec1(der)) => Self::first_curve(|algorithm| {
                EcdsaKeyPair::from_private_key_der(algorithm, der.secret_sec1_der())
            }),
            Ok(PrivateKeyDer::Pkcs8(der)) => Self::parse_pkcs8(der.secret_pkcs8_der()),
            Ok(_) | Err(_) => Err(SshKeyError::Format),
        }
    }

    fn parse_openssh(text: &str) -> Result<Self, SshKeyError> {
        if let Some(numbers) = openssh::ecdsa(text) {
            return Self::from_numbers(&numbers);
        }
        // Keys are pasted into Secrets with and without the last line's end; the decoder wants one.
        let text = SecretBytes::new(format!("{text}\n").into_bytes());
        let key =
            ssh_key::PrivateKey::from_openssh(text.expose()).map_err(|_| SshKeyError::Format)?;
        if key.is_encrypted() {
            return Err(SshKeyError::Passphrase);
        }
        match key.key_data() {
            KeypairData::Ed25519(pair) => {
                let seed = SecretBytes::copy_of(&pair.private.to_bytes());
                Ed25519KeyPair::from_seed_and_public_key(seed.expose(), pair.public.as_ref())
                    .map(Self::ed25519)
                    .map_err(numbers)
            }
            KeypairData::Rsa(pair) => Self::rsa(rsa_pair(pair).ok_or(SshKeyError::Numbers)?),
            _ => Err(SshKeyError::Algorithm),
        }
    }

    fn from_numbers(key: &EcdsaNumbers) -> Result<Self, SshKeyError> {
        let curve = [Curve::P256, Curve::P384, Curve::P521]
            .into_iter()
            .find(|curve| curve.name() == key.curve)
            .ok_or(SshKeyError::Algorithm)?;
        let scalar = key.scalar.expose();
        let missing = curve
            .width()
            .checked_sub(scalar.len())
            .ok_or(SshKeyError::Numbers)?;
        let padded = SecretBytes::new([&vec![0; missing], scalar].concat());
        EcdsaKeyPair::from_private_key_and_public_key(curve.signing(), padded.expose(), &key.point)
            .map(|pair| Self::ecdsa(pair, curve))
            .map_err(numbers)
    }

    fn parse_pkcs8(der: &[u8]) -> Result<Self, SshKeyError> {
        if let Ok(pair) = RsaKeyPair::from_pkcs8(der) {
            return Self::rsa(pair);
        }
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
            return Ok(Self::ed25519(pair));
        }
        Self::first_curve(|algorithm| EcdsaKeyPair::from_pkcs8(algorithm, der))
    }

    fn first_curve<E>(
        read: impl Fn(&'static EcdsaSigningAlgorithm) -> Result<EcdsaKeyPair, E>,
    ) -> Result<Self, SshKeyError> {
        [Curve::P256, Curve::P384, Curve::P521]
            .into_iter()
            .find_map(|curve| Some(Self::ecdsa(read(curve.signing()).ok()?, curve)))
            .ok_or(SshKeyError::Algorithm)
    }

    fn ed25519(pair: Ed25519KeyPair) -> Self {
        let mut public = Vec::new();
        push_string(&mut public, b"ssh-ed25519");
        push_string(&mut public, pair.public_key().as_ref());
        Self {
            pair: Pair::Ed25519(pair),
            public,
        }
    }

    fn ecdsa(pair: EcdsaKeyPair, curve: Curve) -> Self {
        let mut public = Vec::new();
        push_string(&mut public, curve.algorithm().as_bytes());
        push_string(&mut public, curve.name().as_bytes());
        push_string(&mut public, pair.public_key().as_ref());
        Self {
            pair: Pair::Ecdsa(pair, curve),
            public,
        }
    }

    fn rsa(pair: RsaKeyPair) -> Result<Self, SshKeyError> {
        let [modulus, exponent] =
            public_numbers(pair.public_key().as_ref()).ok_or(SshKeyError::Numbers)?;
        let mut public = Vec::new();
        push_string(&mut public, b"ssh-rsa");
        push_mpint(&mut public, exponent);
        push_mpint(&mut public, modulus);
        Ok(Self {
            pair: Pair::Rsa(pair),
            public,
        })
    }

    /// The public key, in SSH's form.
    pub(super) fn public(&self) -> &[u8] {
        &self.public
    }

    /// Signs, and gives the signature in SSH's form. None for an RSA signature with SHA-1, which is not made.
    pub(super) fn sign(&self, message: &[u8], flags: u32) -> Option<Vec<u8>> {
        let (algorithm, signature) = match &self.pair {
            Pair::Ed25519(pair) => ("ssh-ed25519", pair.sign(message).as_ref().to_vec()),
            Pair::Ecdsa(pair, curve) => {
                let signature = pair.sign(&SystemRandom::new(), message).ok()?;
                let (r, s) = signature.as_ref().split_at(signature.as_ref().len() / 2);
                let mut numbers = Vec::new();
                push_mpint(&mut numbers, r);
                push_mpint(&mut numbers, s);
                (curve.algorithm(), numbers)
            }
            Pair::Rsa(pair) => {
                let (algorithm, encoding): (_, &'static dyn RsaEncoding) =
                    if flags & RSA_SHA2_512 != 0 {
                        ("rsa-sha2-512", &RSA_PKCS1_SHA512)
                    } else if flags & RSA_SHA2_256 != 0 {
                        ("rsa-sha2-256", &RSA_PKCS1_SHA256)
                    } else {
                        return None;
                    };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &SystemRandom::new(), message, &mut signature)
                    .ok()?;
                (algorithm, signature)
            }
        };
        let mut signed = Vec::new();
        push_string(&mut signed, algorithm.as_bytes());
        push_string(&mut signed, &signature);
        Some(signed)
    }
}

impl Curve {
    fn signing(self) -> &'static EcdsaSigningAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
            Self::P384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
            Self::P521 => &ECDSA_P521_SHA512_FIXED_SIGNING,
        }
    }

    /// The bytes of a private number.
    const fn width(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::P256 => "nistp256",
            Self::P384 => "nistp384",
            Self::P521 => "nistp521",
        }
    }

    const fn algorithm(self) -> &'static str {
        match self {
            Self::P256 => "ecdsa-sha2-nistp256",
            Self::P384 => "ecdsa-sha2-nistp384",
            Self::P521 => "ecdsa-sha2-nistp521",
        }
    }
}

/// An RSA key in OpenSSH's format lacks two numbers that the signing library wants; `rsa` works them out.
fn rsa_pair(pair: &RsaKeypair) -> Option<RsaKeyPair> {
    let modulus = pair.public.n.as_positive_bytes()?;
    let width = u32::try_from(modulus.len()).ok()?.checked_mul(8)?;
    if width > 8192 {
        return None;
    }
    let number = |number: &ssh_key::Mpint, width| {
        BoxedUint::from_be_slice(number.as_positive_bytes()?, width).ok()
    };
    let exponent_width = u32::try_from(pair.public.e.as_positive_bytes()?.len()).ok()?;
    let key = rsa::PrivateKey::from_components(
        number(&pair.public.n, width)?,
        number(&pair.public.e, exponent_width.checked_mul(8)?)?,
        number(&pair.private.d, width)?,
        vec![
            number(&pair.private.p, width)?,
            number(&pair.private.q, width)?,
        ],
    )
    .ok()?;
    let der = key.to_pkcs8_der().ok()?;
    RsaKeyPair::from_pkcs8(der.as_bytes()).ok()
}

/// Modulus and exponent of a public key in PKCS#1 DER: a sequence of two positive integers.
fn public_numbers(der: &[u8]) -> Option<[&[u8]; 2]> {
    let (sequence, _) = der_value(der, 0x30)?;
    let (modulus, rest) = der_value(sequence, 0x02)?;
    let (exponent, _) = der_value(rest, 0x02)?;
    Some([modulus, exponent])
}

/// The content of a DER value with `tag`, and what comes after it.
fn der_value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (len, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (len, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        let len = len.iter().try_fold(0_usize, |sum, byte| {
            sum.checked_mul(256)?.checked_add(usize::from(*byte))
        })?;
        (len, rest)
    };
    (found == tag).then(|| rest.split_at_checked(len))?
}

/// What the library says of a rejected key is of no use to people.
fn numbers(_: aws_lc_rs::error::KeyRejected) -> SshKeyError {
    SshKeyError::Numbers
}
