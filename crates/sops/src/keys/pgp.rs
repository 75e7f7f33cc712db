//! OpenPGP secret keys, and the messages that wrap data keys.
//!
//! rPGP reads packets, unlocks keys, does the elliptic curves and decrypts messages. RSA session keys are opened by
//! [`super::rsa`] instead: rPGP stands on a release of the `rsa` crate whose private operation is not constant-time
//! (RUSTSEC-2023-0071).
//!
//! As in GnuPG, which key may decrypt is decided by its key id alone; self-signatures, expiry and revocation bind
//! those who encrypt. A message without integrity protection is refused.

mod message;

use std::io::Read;
use std::sync::{Arc, OnceLock};

use pgp::armor::Dearmor;
use pgp::composed::{PlainSessionKey, RawSessionKey};
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::packet::{PacketHeader, PacketParser, SecretKey, SecretSubkey};
use pgp::ser::Serialize;
use pgp::types::{
    EskType, Fingerprint, KeyDetails, KeyId, Mpi, Password, PkeskBytes, PlainSecretParams,
    PublicParams, SecretParams, Tag,
};
use zeroize::Zeroizing;

use super::loaded::WhyUnusable;
use super::material::Material;
use super::passphrase::{self, LockedKind, Passphrase, StaysLocked};
use super::rsa;

pub(super) use message::{PgpError, open};

/// One secret key or subkey that can decrypt.
pub(super) struct PgpKey {
    source: Arc<str>,
    /// Fingerprint of the primary key in upper-case hexadecimal, by which people know the whole.
    primary: Arc<str>,
    key_id: KeyId,
    fingerprint: Fingerprint,
    stored: Packet,
    private: OnceLock<Result<Private, StaysLocked>>,
}

/// The body of a secret key packet.
struct Packet {
    header: PacketHeader,
    body: Material,
}

/// A key without its passphrase.
enum Private {
    /// PKCS#8 DER.
    Rsa(Material),
    /// The packet as it was stored, which is not protected.
    Stored,
    /// The packet with its protection removed.
    Unlocked(Packet),
}

impl PgpKey {
    /// Fingerprint of the primary key, upper-case hexadecimal.
    pub(super) fn primary(&self) -> &Arc<str> {
        &self.primary
    }

    /// Whether `name` is the fingerprint, or the end of the fingerprint, of this key or of its primary key.
    pub(super) fn is_named(&self, name: &str) -> bool {
        const KEY_ID: usize = 16;
        let name = name.trim().to_ascii_uppercase();
        name.len() >= KEY_ID
            && (self.primary.ends_with(&name) || hex(self.fingerprint.as_bytes()).ends_with(&name))
    }

    fn session_key(
        &self,
        values: &PkeskBytes,
        version: EskType,
        passphrase: &dyn Passphrase,
    ) -> Result<Option<PlainSessionKey>, StaysLocked> {
        let private = self
            .private
            .get_or_init(|| self.unlock(passphrase))
            .as_ref()
            .map_err(|locked| *locked)?;
        let packet = match private {
            Private::Rsa(pkcs8) => {
                let PkeskBytes::Rsa { mpi } = values else {
                    return Ok(None);
                };
                let opened = rsa::open_pkcs1v15(pkcs8.expose(), mpi.as_ref());
                return Ok(opened.and_then(|opened| session_key(opened.expose(), version)));
            }
            Private::Stored => &self.stored,
            Private::Unlocked(packet) => packet,
        };
        Ok(
            AnyKey::read(packet.header, packet.body.expose()).and_then(|key| {
                key.with_plain(&Password::empty(), |public, plain| {
                    plain.decrypt(public, values, version, &key)
                })
            }),
        )
    }

    fn unlock(&self, passphrase: &dyn Passphrase) -> Result<Private, StaysLocked> {
        let key = AnyKey::read(self.stored.header, self.stored.body.expose())
            .ok_or(StaysLocked::Unusable)?;
        if !key.params().is_encrypted() {
            return match rsa_material(&key, &Password::empty()) {
                Some(rsa) => rsa.map(Private::Rsa),
                None => Ok(Private::Stored),
            };
        }
        let name = hex(self.fingerprint.as_bytes());
        passphrase::unlock(
            passphrase,
            &self.source,
            LockedKind::Pgp,
            Some(&name),
            |answer| {
                let password = Password::from(answer.expose());
                if key.with_plain(&password, |_, _| Ok(())).is_none() {
                    return Err(StaysLocked::WrongPassphrase);
                }
                match rsa_material(&key, &password) {
                    Some(rsa) => rsa.map(Private::Rsa),
                    None => self.unlocked_packet(&password).map(Private::Unlocked),
                }
            },
        )
    }

    fn unlocked_packet(&self, password: &Password) -> Result<Packet, StaysLocked> {
        let key = AnyKey::read(self.stored.header, self.stored.body.expose())
            .ok_or(StaysLocked::Unusable)?;
        let unusable = |_| StaysLocked::Unusable;
        let mut body = Zeroizing::new(Vec::with_capacity(4 * self.stored.body.expose().len()));
        match key {
            AnyKey::Primary(mut key) => {
                key.remove_password(password).map_err(unusable)?;
                key.to_writer(&mut *body).map_err(unusable)?;
            }
            AnyKey::Sub(mut key) => {
                key.remove_password(password).map_err(unusable)?;
                key.to_writer(&mut *body).map_err(unusable)?;
            }
        }
        Ok(Packet {
            header: self.stored.header,
            body: Material::take(&mut body).map_err(|_| StaysLocked::Unusable)?,
        })
    }
}

/// A primary key or a subkey; rPGP has a type for each.
enum AnyKey {
    Primary(SecretKey),
    Sub(SecretSubkey),
}

impl AnyKey {
    fn read(header: PacketHeader, body: &[u8]) -> Option<Self> {
        match header.tag() {
            Tag::SecretKey => SecretKey::try_from_reader(header, body)
                .ok()
                .map(Self::Primary),
            Tag::SecretSubkey => SecretSubkey::try_from_reader(header, body)
                .ok()
                .map(Self::Sub),
            _ => None,
        }
    }

    const fn is_primary(&self) -> bool {
        matches!(self, Self::Primary(_))
    }

    fn params(&self) -> &SecretParams {
        match self {
            Self::Primary(key) => key.secret_params(),
            Self::Sub(key) => key.secret_params(),
        }
    }

    fn details(&self) -> &dyn KeyDetails {
        match self {
            Self::Primary(key) => key,
            Self::Sub(key) => key,
        }
    }

    /// Whether the key has a private part, and one of a kind that decrypts. A primary key kept offline is a stub.
    fn can_decrypt(&self) -> bool {
        let is_stub = match self.params() {
            SecretParams::Plain(_) => false,
            SecretParams::Encrypted(params) => params.data().is_empty(),
        };
        !is_stub
            && matches!(
                self.details().algorithm(),
                PublicKeyAlgorithm::RSA
                    | PublicKeyAlgorithm::RSAEncrypt
                    | PublicKeyAlgorithm::ECDH
                    | PublicKeyAlgorithm::X25519
                    | PublicKeyAlgorithm::X448
            )
    }

    /// `None` when the password is wrong or `work` fails. rPGP's error texts can quote key material and go no further.
    fn with_plain<T>(
        &self,
        password: &Password,
        work: impl FnOnce(&PublicParams, &PlainSecretParams) -> pgp::errors::Result<T>,
    ) -> Option<T> {
        match self {
            Self::Primary(key) => key.unlock(password, work),
            Self::Sub(key) => key.unlock(password, work),
        }
        .ok()?
        .ok()
    }
}

impl std::fmt::Debug for AnyKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "AnyKey({})",
            hex(self.details().fingerprint().as_bytes())
        )
    }
}

impl KeyDetails for AnyKey {
    fn version(&self) -> pgp::types::KeyVersion {
        self.details().version()
    }

    fn legacy_key_id(&self) -> KeyId {
        self.details().legacy_key_id()
    }

    fn fingerprint(&self) -> Fingerprint {
        self.details().fingerprint()
    }

    fn algorithm(&self) -> PublicKeyAlgorithm {
        self.details().algorithm()
    }

    fn created_at(&self) -> pgp::types::Timestamp {
        self.details().created_at()
    }

    fn legacy_v3_expiration_days(&self) -> Option<u16> {
        self.details().legacy_v3_expiration_days()
    }

    fn public_params(&self) -> &PublicParams {
        self.details().public_params()
    }
}

/// The key in PKCS#8 DER if it is an RSA key.
fn rsa_material(key: &AnyKey, password: &Password) -> Option<Result<Material, StaysLocked>> {
    let pkcs8 = key.with_plain(password, |public, plain| {
        let (PublicParams::RSA(public), PlainSecretParams::RSA(plain)) = (public, plain) else {
            return Ok(None);
        };
        let public = public.to_bytes()?;
        let mut numbers = &public[..];
        let modulus = Mpi::try_from_reader(&mut numbers)?;
        let exponent = Mpi::try_from_reader(&mut numbers)?;
        let (d, p, q, _) = plain.to_bytes();
        let [d, p, q] = [d, p, q].map(Zeroizing::new);
        Ok(Some(rsa::encode(
            modulus.as_ref(),
            exponent.as_ref(),
            &d,
            [&p, &q],
        )))
    })??;
    Some(
        pkcs8
            .and_then(|mut pkcs8| Material::take(&mut pkcs8).ok())
            .ok_or(StaysLocked::Unusable),
    )
}

/// The session key in an opened PKESK: the algorithm (version 3 only), the key, and the sum of the key's bytes (RFC
/// 9580, section 5.1).
fn session_key(opened: &[u8], version: EskType) -> Option<PlainSessionKey> {
    let (rest, sum) = opened.split_last_chunk::<2>()?;
    let (algorithm, key) = match version {
        EskType::V3_4 => {
            let (&algorithm, key) = rest.split_first()?;
            (Some(SymmetricKeyAlgorithm::from(algorithm)), key)
        }
        EskType::V6 => (None, rest),
    };
    let expected = key
        .iter()
        .fold(0_u16, |sum, &byte| sum.wrapping_add(byte.into()));
    if u16::from_be_bytes(*sum) != expected {
        return None;
    }
    let raw = RawSessionKey::from(key);
    match algorithm {
        None => Some(PlainSessionKey::V6 { key: raw }),
        Some(SymmetricKeyAlgorithm::Plaintext) => None,
        Some(sym_alg) => {
            (sym_alg.key_size() == key.len()).then_some(PlainSessionKey::V3_4 { sym_alg, key: raw })
        }
    }
}

/// The packets in an armored block.
pub(super) fn dearmor(armored: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut packets = Zeroizing::new(Vec::with_capacity(armored.len()));
    Dearmor::new(armored.as_bytes())
        .read_to_end(&mut packets)
        .ok()?;
    Some(packets)
}

/// Whether `bytes` begin with a key packet in binary form.
pub(super) fn is_binary(bytes: &[u8]) -> bool {
    let Some(&first) = bytes.first() else {
        return false;
    };
    // RFC 9580, section 4.2: the tag is in the low six bits of the new format, in bits 2 to 5 of the old one.
    let tag = match first {
        0xC0.. => first & 0x3f,
        0x80..0xC0 => first >> 2 & 0x0f,
        _ => return false,
    };
    const SECRET_KEY: u8 = 5;
    const PUBLIC_KEY: u8 = 6;
    matches!(tag, SECRET_KEY | PUBLIC_KEY)
}

/// The keys in a sequence of packets: for each primary key its parts that decrypt, or why there is none.
pub(super) fn parse(source: &Arc<str>, packets: &[u8]) -> Vec<Result<Vec<PgpKey>, WhyUnusable>> {
    let mut found: Vec<Certificate> = Vec::new();
    let mut parser = PacketParser::new(packets);
    let mut damaged = false;
    while let Some(packet) = parser.next_ref() {
        let Ok(mut packet) = packet else {
            damaged = true;
            break;
        };
        let header = packet.packet_header();
        let mut body = Zeroizing::new(Vec::with_capacity(packets.len()));
        if packet.read_to_end(&mut body).is_err() {
            damaged = true;
            break;
        }
        match header.tag() {
            Tag::SecretKey | Tag::SecretSubkey => match AnyKey::read(header, &body) {
                Some(key) => add(&mut found, source, header, &key, &mut body),
                None => damaged = true,
            },
            Tag::PublicKey => found.push(Certificate::NotSecret),
            _ => {}
        }
    }
    let mut keys: Vec<_> = found
        .into_iter()
        .map(|certificate| match certificate {
            Certificate::NotSecret => Err(WhyUnusable::NotPrivate),
            Certificate::Secret { parts, .. } if parts.is_empty() => {
                Err(WhyUnusable::PgpCannotDecrypt)
            }
            Certificate::Secret { parts, .. } => Ok(parts),
        })
        .collect();
    if damaged || keys.is_empty() {
        keys.push(Err(WhyUnusable::MalformedKey));
    }
    keys
}

enum Certificate {
    Secret { name: Arc<str>, parts: Vec<PgpKey> },
    NotSecret,
}

fn add(
    found: &mut Vec<Certificate>,
    source: &Arc<str>,
    header: PacketHeader,
    key: &AnyKey,
    body: &mut [u8],
) {
    let own_name = || hex(key.details().fingerprint().as_bytes()).into();
    if key.is_primary() || !matches!(found.last(), Some(Certificate::Secret { .. })) {
        found.push(Certificate::Secret {
            name: own_name(),
            parts: Vec::new(),
        });
    }
    let Some(Certificate::Secret { name, parts }) = found.last_mut() else {
        return;
    };
    if !key.can_decrypt() {
        return;
    }
    let Ok(body) = Material::take(body) else {
        return;
    };
    parts.push(PgpKey {
        source: Arc::clone(source),
        primary: Arc::clone(name),
        key_id: key.details().legacy_key_id(),
        fingerprint: key.details().fingerprint(),
        stored: Packet { header, body },
        private: OnceLock::new(),
    });
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;

    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            // Writing to a string cannot fail.
            let _written = write!(text, "{byte:02X}");
            text
        })
}
