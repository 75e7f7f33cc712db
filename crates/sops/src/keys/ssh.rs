//! SSH keys as age identities: `ssh-ed25519` and `ssh-rsa` stanzas.
//!
//! Source of the formats: `filippo.io/age: agessh/agessh.go`. A stanza names its key by the first four bytes of the
//! SHA-256 of the public key in SSH wire form; a key whose tag matches is taken to be the one meant.

use std::sync::{Arc, OnceLock};

use age_core::format::{FileKey, Stanza};
use age_core::primitives::hkdf;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use sha2::{Digest, Sha256, Sha512};
use ssh_key::private::KeypairData;
use ssh_key::{Algorithm, Kdf};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::loaded::WhyUnusable;
use super::material::Material;
use super::passphrase::{self, LockedKind, Passphrase, StaysLocked};
use super::rsa;
use super::stanza::{Attempt, argument, unwrap_file_key};

const ED25519_LABEL: &[u8] = b"age-encryption.org/v1/ssh-ed25519";
const RSA_LABEL: &[u8] = b"age-encryption.org/v1/ssh-rsa";

/// Smallest modulus in bytes that age accepts.
const MIN_MODULUS: usize = 2048 / 8;

/// Rounds of bcrypt above which a protected key is not tried. ssh-keygen makes 24 by default; this is half a minute.
const MAX_BCRYPT_ROUNDS: u32 = 4096;

/// An SSH key pair, protected or not.
pub(super) struct SshKey {
    source: Arc<str>,
    algorithm: SshAlgorithm,
    /// The line that users know, without its comment: `ssh-ed25519 AAAA…`.
    recipient: String,
    /// The public key in wire form.
    public: Vec<u8>,
    tag: String,
    stored: Stored,
    private: OnceLock<Result<Material, StaysLocked>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SshAlgorithm {
    Ed25519,
    Rsa,
}

impl SshAlgorithm {
    const fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ssh-ed25519",
            Self::Rsa => "ssh-rsa",
        }
    }
}

/// The key as it was loaded. What an operation needs is computed at the first use, since for RSA it takes long.
enum Stored {
    /// The binary content of an `OPENSSH PRIVATE KEY` block.
    OpenSsh(Material),
    /// An Ed25519 seed, or an RSA key in PKCS#8 DER.
    Ready(Material),
}

impl SshKey {
    /// Reads the binary content of an `OPENSSH PRIVATE KEY` block.
    pub(super) fn from_openssh(
        source: &Arc<str>,
        mut blob: Zeroizing<Vec<u8>>,
    ) -> Result<Self, WhyUnusable> {
        let key = ssh_key::PrivateKey::from_bytes(&blob).map_err(|_| WhyUnusable::MalformedKey)?;
        let algorithm = match key.algorithm() {
            Algorithm::Ed25519 => SshAlgorithm::Ed25519,
            Algorithm::Rsa { .. } => SshAlgorithm::Rsa,
            _ => return Err(WhyUnusable::SshAlgorithm),
        };
        if let Some(public) = key.public_key().key_data().rsa()
            && public
                .n
                .as_positive_bytes()
                .is_none_or(|n| n.len() < MIN_MODULUS)
        {
            return Err(WhyUnusable::ShortRsa);
        }
        let public = key
            .public_key()
            .to_bytes()
            .map_err(|_| WhyUnusable::MalformedKey)?;
        let stored = Material::take(&mut blob).map_err(|_| WhyUnusable::Memory)?;
        Ok(Self::new(
            source,
            algorithm,
            public,
            Stored::OpenSsh(stored),
        ))
    }

    /// Reads an RSA key in PKCS#1 DER.
    pub(super) fn from_pkcs1(source: &Arc<str>, pkcs1: &[u8]) -> Result<Self, WhyUnusable> {
        let numbers = rsa::public_numbers(pkcs1).ok_or(WhyUnusable::MalformedKey)?;
        if numbers.modulus.len() < MIN_MODULUS {
            return Err(WhyUnusable::ShortRsa);
        }
        let mut public = Vec::with_capacity(numbers.modulus.len() + 32);
        push_field(&mut public, SshAlgorithm::Rsa.name().as_bytes());
        push_number(&mut public, &numbers.exponent);
        push_number(&mut public, &numbers.modulus);
        let mut pkcs8 = rsa::wrap_pkcs1(pkcs1).ok_or(WhyUnusable::MalformedKey)?;
        let stored = Material::take(&mut pkcs8).map_err(|_| WhyUnusable::Memory)?;
        Ok(Self::new(
            source,
            SshAlgorithm::Rsa,
            public,
            Stored::Ready(stored),
        ))
    }

    /// Takes an Ed25519 seed.
    pub(super) fn from_ed25519_seed(
        source: &Arc<str>,
        seed: &[u8; 32],
    ) -> Result<Self, WhyUnusable> {
        let pair = ssh_key::private::Ed25519Keypair::from_seed(seed);
        let mut public = Vec::new();
        push_field(&mut public, SshAlgorithm::Ed25519.name().as_bytes());
        push_field(&mut public, pair.public.as_ref());
        let mut seed = Zeroizing::new(*seed);
        let stored = Material::take(&mut *seed).map_err(|_| WhyUnusable::Memory)?;
        Ok(Self::new(
            source,
            SshAlgorithm::Ed25519,
            public,
            Stored::Ready(stored),
        ))
    }

    fn new(source: &Arc<str>, algorithm: SshAlgorithm, public: Vec<u8>, stored: Stored) -> Self {
        let digest = Sha256::digest(&public);
        Self {
            source: Arc::clone(source),
            algorithm,
            recipient: format!("{} {}", algorithm.name(), BASE64_STANDARD.encode(&public)),
            tag: BASE64_STANDARD_NO_PAD.encode(&digest[..4]),
            public,
            stored,
            private: OnceLock::new(),
        }
    }

    /// The public key as a recipient is written.
    pub(super) fn recipient(&self) -> &str {
        &self.recipient
    }

    /// Name of the file or variable that the key came from.
    pub(super) fn source(&self) -> &Arc<str> {
        &self.source
    }

    /// Tries the key on `stanza`, asking for its passphrase only when the stanza names it.
    pub(super) fn unwrap(
        &self,
        stanza: &Stanza,
        passphrase: &dyn Passphrase,
    ) -> Result<Attempt, StaysLocked> {
        if stanza.tag != self.algorithm.name() {
            return Ok(Attempt::Foreign);
        }
        match (self.algorithm, &stanza.args[..]) {
            (SshAlgorithm::Rsa, [tag]) => {
                if *tag != self.tag {
                    return Ok(Attempt::Foreign);
                }
                let key = self.private(passphrase)?;
                let opened = rsa::open_oaep(key.expose(), RSA_LABEL, &stanza.body);
                Ok(file_key(opened.as_ref().map(|opened| opened.expose())))
            }
            (SshAlgorithm::Ed25519, [tag, share]) => {
                let Some(share) = argument::<32>(share) else {
                    return Ok(Attempt::Malformed);
                };
                if *tag != self.tag {
                    return Ok(Attempt::Foreign);
                }
                let seed = self.private(passphrase)?;
                Ok(self.open_ed25519(seed.expose(), share, &stanza.body))
            }
            _ => Ok(Attempt::Malformed),
        }
    }

    fn open_ed25519(&self, seed: &[u8], share: [u8; 32], body: &[u8]) -> Attempt {
        let mut scalar = Zeroizing::new([0; 32]);
        let expanded = Zeroizing::new(<[u8; 64]>::from(Sha512::digest(seed)));
        scalar.copy_from_slice(&expanded[..32]);
        let scalar = StaticSecret::from(*scalar);
        let tweak = StaticSecret::from(hkdf(&self.public, ED25519_LABEL, &[]));

        let shared = scalar.diffie_hellman(&PublicKey::from(share));
        if !shared.was_contributory() {
            return Attempt::Malformed;
        }
        let shared = tweak.diffie_hellman(&PublicKey::from(shared.to_bytes()));
        let mut salt = [0; 64];
        salt[..32].copy_from_slice(&share);
        salt[32..].copy_from_slice(PublicKey::from(&scalar).as_bytes());
        let key = Zeroizing::new(hkdf(&salt, ED25519_LABEL, shared.as_bytes()));
        // The tag leaves no doubt which key was meant, so the stanza must open.
        match unwrap_file_key(&key, body) {
            Attempt::Foreign => Attempt::Malformed,
            outcome => outcome,
        }
    }

    fn private(&self, passphrase: &dyn Passphrase) -> Result<&Material, StaysLocked> {
        let stored = match &self.stored {
            Stored::Ready(material) => return Ok(material),
            Stored::OpenSsh(blob) => blob,
        };
        self.private
            .get_or_init(|| self.unlock(stored.expose(), passphrase))
            .as_ref()
            .map_err(|locked| *locked)
    }

    fn unlock(&self, blob: &[u8], passphrase: &dyn Passphrase) -> Result<Material, StaysLocked> {
        let key = ssh_key::PrivateKey::from_bytes(blob).map_err(|_| StaysLocked::Unusable)?;
        if !key.is_encrypted() {
            return private_numbers(key.key_data());
        }
        if let Kdf::Bcrypt { rounds, .. } = key.kdf()
            && *rounds > MAX_BCRYPT_ROUNDS
        {
            return Err(StaysLocked::ExcessiveWork);
        }
        passphrase::unlock(
            passphrase,
            &self.source,
            LockedKind::Ssh,
            Some(&self.recipient),
            |answer| match key.decrypt(answer.expose()) {
                Ok(key) => private_numbers(key.key_data()),
                Err(_) => Err(StaysLocked::WrongPassphrase),
            },
        )
    }
}

/// What the operations need of an opened key.
fn private_numbers(key: &KeypairData) -> Result<Material, StaysLocked> {
    match key {
        KeypairData::Ed25519(pair) => {
            let mut seed = Zeroizing::new(pair.private.to_bytes());
            Material::take(&mut *seed)
        }
        KeypairData::Rsa(pair) => {
            let bytes = |number: &ssh_key::Mpint| {
                number
                    .as_positive_bytes()
                    .map(|bytes| Zeroizing::new(bytes.to_vec()))
                    .ok_or(StaysLocked::Unusable)
            };
            let private = &pair.private;
            let mut pkcs8 = rsa::encode(
                &bytes(&pair.public.n)?,
                &bytes(&pair.public.e)?,
                &bytes(&private.d)?,
                [&bytes(&private.p)?, &bytes(&private.q)?],
            )
            .ok_or(StaysLocked::Unusable)?;
            Material::take(&mut pkcs8)
        }
        _ => return Err(StaysLocked::Unusable),
    }
    .map_err(|_| StaysLocked::Unusable)
}

/// A stanza that names the key must open: the tag leaves no doubt which key was meant.
fn file_key(opened: Option<&[u8]>) -> Attempt {
    let Some(opened) = opened else {
        return Attempt::Malformed;
    };
    FileKey::try_init_with_mut(|file_key| {
        if opened.len() != file_key.len() {
            return Err(());
        }
        file_key.copy_from_slice(opened);
        Ok(())
    })
    .map_or(Attempt::Malformed, Attempt::Key)
}

/// Appends a length-prefixed string of the SSH wire form (RFC 4251, section 5).
fn push_field(out: &mut Vec<u8>, field: &[u8]) {
    let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(field);
}

/// Appends a positive number, which has a zero in front where its first bit is set.
fn push_number(out: &mut Vec<u8>, number: &[u8]) {
    if number.first().is_some_and(|first| first & 0x80 != 0) {
        let mut padded = vec![0];
        padded.extend_from_slice(number);
        push_field(out, &padded);
    } else {
        push_field(out, number);
    }
}
