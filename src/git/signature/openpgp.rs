//! OpenPGP signatures, judged as GnuPG judges them.

use pgp::composed::{Deserializable, DetachedSignature, SignedPublicKey, SignedPublicSubKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureType, SubpacketData};
use pgp::ser::Serialize;
use pgp::types::{KeyDetails, Tag, Timestamp, VerifyingKey};

use super::{SignatureError, Signer};

pub(super) const KEY_BEGIN: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
pub(super) const KEY_END: &str = "-----END PGP PUBLIC KEY BLOCK-----";
pub(super) const SIGNATURE_BEGIN: &str = "-----BEGIN PGP SIGNATURE-----";
const SIGNATURE_END: &str = "-----END PGP SIGNATURE-----";

/// A public key with what its owner said of it.
#[derive(Debug)]
pub(super) struct OpenPgpKey(SignedPublicKey);

/// The keys of one armored block. None where it cannot be read or holds none.
pub(super) fn keys(block: &str) -> Option<Vec<OpenPgpKey>> {
    let (keys, _) = SignedPublicKey::from_string_many(block).ok()?;
    let keys: Vec<OpenPgpKey> = keys
        .map(|key| key.map(OpenPgpKey))
        .collect::<Result<_, _>>()
        .ok()?;
    (!keys.is_empty()).then_some(keys)
}

/// Who signed `payload`, if one of `keys` did and was allowed to.
pub(super) fn verify(
    keys: &[OpenPgpKey],
    payload: &[u8],
    armored: &str,
    now: u64,
) -> Result<Signer, SignatureError> {
    let signature = read(armored)?;
    // A certification of a key, say, is made of other bytes, but nothing of it belongs here.
    if signature.typ() != Some(SignatureType::Binary) {
        return Err(SignatureError::Purpose);
    }
    match signature.hash_alg() {
        None | Some(HashAlgorithm::Md5 | HashAlgorithm::Sha1 | HashAlgorithm::Ripemd160) => {
            return Err(SignatureError::Weak);
        }
        Some(_) => {}
    }
    for OpenPgpKey(key) in keys {
        if names(&signature, &key.primary_key) {
            let unusable = Unusable::new(&key.primary_key);
            holds(&signature, &key.primary_key, payload)?;
            unusable.check_time(&signature, now)?;
            primary(key, now).check(&unusable, &signature, Use::Signing, now)?;
            return Ok(signer(key, &key.primary_key));
        }
        for subkey in &key.public_subkeys {
            if names(&signature, &subkey.key) {
                let unusable = Unusable::new(&subkey.key);
                holds(&signature, &subkey.key, payload)?;
                unusable.check_time(&signature, now)?;
                primary(key, now).check(&unusable, &signature, Use::Binding, now)?;
                bound(key, subkey, now).check(&unusable, &signature, Use::Signing, now)?;
                return Ok(signer(key, &subkey.key));
            }
        }
    }
    Err(SignatureError::UnknownSigner {
        key: issuer(&signature),
    })
}

/// The one signature of the one block.
fn read(armored: &str) -> Result<Signature, SignatureError> {
    if !armored.ends_with(SIGNATURE_END) {
        return Err(SignatureError::Malformed);
    }
    let (mut signatures, _) =
        DetachedSignature::from_string_many(armored).map_err(|_| SignatureError::Malformed)?;
    let first = match signatures.next() {
        Some(Ok(first)) => first.signature,
        Some(Err(_)) | None => return Err(SignatureError::Malformed),
    };
    if signatures.next().is_some() {
        return Err(SignatureError::Several);
    }
    Ok(first)
}

/// Whether the signature says that it is of this key. It is only a hint which key to try.
fn names(signature: &Signature, key: &impl KeyDetails) -> bool {
    let fingerprints = signature.issuer_fingerprint();
    if fingerprints.is_empty() {
        return signature.issuer_key_id().contains(&&key.legacy_key_id());
    }
    fingerprints.contains(&&key.fingerprint())
}

fn holds(
    signature: &Signature,
    key: &impl VerifyingKey,
    payload: &[u8],
) -> Result<(), SignatureError> {
    signature
        .verify(key, payload)
        .map_err(|_| SignatureError::Wrong)
}

/// What the owner said of a key: the newest statement counts.
struct Statement {
    revoked: bool,
    latest: Option<Said>,
}

struct Said {
    /// Seconds since 1970; none for never.
    expires: Option<u64>,
    signing: Signing,
}

/// Whether the owner meant the key to sign data.
enum Signing {
    Allowed,
    Unmentioned,
    Denied,
}

/// What a key is needed for.
enum Use {
    /// To sign the commit.
    Signing,
    /// To vouch for the subkey that did.
    Binding,
}

impl Statement {
    fn check(
        &self,
        key: &Unusable,
        signature: &Signature,
        purpose: Use,
        now: u64,
    ) -> Result<(), SignatureError> {
        if self.revoked {
            return Err(SignatureError::Revoked {
                key: key.key.clone(),
            });
        }
        let Some(said) = &self.latest else {
            return Err(key.not_for_signing());
        };
        match (purpose, &said.signing) {
            (Use::Signing, Signing::Denied) => return Err(key.not_for_signing()),
            (Use::Signing, Signing::Allowed | Signing::Unmentioned) | (Use::Binding, _) => {}
        }
        match (said.expires, signature.created().map(seconds)) {
            (Some(expires), Some(made)) if made >= expires => Err(key.outside_validity()),
            // The time in a signature is whatever its maker wrote, so that a key that has expired could go on signing in
            // the past. GnuPG judges by its own clock for that reason.
            (Some(expires), _) if now >= expires => Err(SignatureError::ExpiredKey {
                key: key.key.clone(),
            }),
            _ => Ok(()),
        }
    }
}

/// A key that may turn out not to be usable, by its name.
struct Unusable {
    key: String,
    created: u64,
}

impl Unusable {
    fn new(key: &impl KeyDetails) -> Self {
        Self {
            key: key.fingerprint().to_string().to_uppercase(),
            created: seconds(key.created_at()),
        }
    }

    /// Whether the signature was made within its own time, and not before the key.
    fn check_time(&self, signature: &Signature, now: u64) -> Result<(), SignatureError> {
        let made = seconds(signature.created().ok_or(SignatureError::Malformed)?);
        if made > now {
            return Err(SignatureError::Future);
        }
        if made < self.created {
            return Err(self.outside_validity());
        }
        let lasts = signature.signature_expiration_time();
        if expiry(made, lasts).is_some_and(|expires| now >= expires) {
            return Err(SignatureError::Expired);
        }
        Ok(())
    }

    fn not_for_signing(&self) -> SignatureError {
        SignatureError::NotForSigning {
            key: self.key.clone(),
        }
    }

    fn outside_validity(&self) -> SignatureError {
        SignatureError::OutsideValidity {
            key: self.key.clone(),
        }
    }
}

/// What was said of the primary key: by itself, or with a user.
fn primary(key: &SignedPublicKey, now: u64) -> Statement {
    let primary = &key.primary_key;
    let details = &key.details;
    let direct = details
        .direct_signatures
        .iter()
        .filter(|said| said.typ() == Some(SignatureType::Key) && said.verify_key(primary).is_ok());
    let with_users = details.users.iter().flat_map(|user| {
        let own = move |said: &&Signature| {
            names(said, primary)
                && said
                    .verify_certification(primary, Tag::UserId, &user.id)
                    .is_ok()
        };
        let revoked = user
            .signatures
            .iter()
            .filter(|said| said.typ() == Some(SignatureType::CertRevocation))
            .any(|said| own(&said));
        user.signatures
            .iter()
            .filter(move |said| !revoked && said.is_certification() && own(said))
    });
    Statement {
        revoked: details
            .revocation_signatures
            .iter()
            .any(|said| said.verify_key(primary).is_ok()),
        latest: latest(direct.chain(with_users), primary, now),
    }
}

/// What the primary key said of a subkey. One that signs must have agreed to belong to the primary key, or anybody could
/// claim another's signatures by adopting the key.
fn bound(key: &SignedPublicKey, subkey: &SignedPublicSubKey, now: u64) -> Statement {
    let primary = &key.primary_key;
    let valid = |said: &&Signature| said.verify_subkey_binding(primary, &subkey.key).is_ok();
    let bindings = subkey.signatures.iter().filter(|said| {
        said.typ() == Some(SignatureType::SubkeyBinding)
            && valid(said)
            && said.embedded_signature().is_some_and(|back| {
                back.verify_primary_key_binding(&subkey.key, primary)
                    .is_ok()
            })
    });
    Statement {
        revoked: subkey
            .signatures
            .iter()
            .filter(|said| said.typ() == Some(SignatureType::SubkeyRevocation))
            .any(|said| valid(&said)),
        latest: latest(bindings, &subkey.key, now),
    }
}

fn latest<'a>(
    statements: impl Iterator<Item = &'a Signature>,
    key: &(impl KeyDetails + Serialize),
    now: u64,
) -> Option<Said> {
    let (_, newest) = statements
        .filter_map(|said| Some((seconds(said.created()?), said)))
        .filter(|(made, _)| *made <= now)
        .max_by_key(|(made, _)| *made)?;
    let flags = newest.config().and_then(|config| {
        config
            .hashed_subpackets()
            .find_map(|subpacket| match &subpacket.data {
                SubpacketData::KeyFlags(flags) => Some(flags.sign()),
                _ => None,
            })
    });
    Some(Said {
        expires: expiry(seconds(key.created_at()), newest.key_expiration_time()),
        signing: match flags {
            Some(true) => Signing::Allowed,
            Some(false) => Signing::Denied,
            None => Signing::Unmentioned,
        },
    })
}

/// When something ends that began at `start`; a length of 0 stands for none.
fn expiry(start: u64, lasts: Option<pgp::types::Duration>) -> Option<u64> {
    let lasts = std::time::Duration::from(lasts?).as_secs();
    (lasts > 0).then(|| start.saturating_add(lasts))
}

fn seconds(time: Timestamp) -> u64 {
    u64::from(time.as_secs())
}

fn signer(key: &SignedPublicKey, signed: &impl KeyDetails) -> Signer {
    Signer {
        key: signed.fingerprint().to_string().to_uppercase(),
        name: key
            .details
            .users
            .first()
            .map(|user| String::from_utf8_lossy(user.id.id()).into_owned()),
    }
}

fn issuer(signature: &Signature) -> String {
    signature
        .issuer_fingerprint()
        .first()
        .map(|fingerprint| fingerprint.to_string().to_uppercase())
        .or_else(|| {
            let id = signature.issuer_key_id();
            Some(id.first()?.to_string().to_uppercase())
        })
        .unwrap_or_else(|| "a key that it does not name".to_owned())
}
