//! Signatures by SSH keys, in OpenSSH's format (`PROTOCOL.sshsig`).

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512, RsaPublicKeyComponents,
    UnparsedPublicKey, VerificationAlgorithm,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest, Sha256, Sha512};

use super::allowed::AllowedSigner;
use super::{SignatureError, Signer};
use crate::git::ssh::wire::{Reader, push_string};

pub(super) const SIGNATURE_BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const SIGNATURE_END: &str = "-----END SSH SIGNATURE-----";

const MAGIC: &[u8] = b"SSHSIG";
/// What a signature by git is made for.
pub(super) const NAMESPACE: &str = "git";

/// A signature, taken apart.
struct SshSignature<'a> {
    public_key: &'a [u8],
    namespace: &'a [u8],
    reserved: &'a [u8],
    hash: &'a [u8],
    algorithm: &'a [u8],
    /// What comes after the algorithm: the signature, and for keys on a device two fields more.
    rest: Reader<'a>,
}

/// Who signed `payload` at `time`, if one of `signers` did.
pub(super) fn verify(
    signers: &[AllowedSigner],
    payload: &[u8],
    armored: &str,
    time: u64,
) -> Result<Signer, SignatureError> {
    let blob = dearmor(armored).ok_or(SignatureError::Malformed)?;
    let signature = SshSignature::parse(&blob).ok_or(SignatureError::Malformed)?;
    if signature.namespace != NAMESPACE.as_bytes() {
        return Err(SignatureError::Purpose);
    }
    let key = fingerprint(signature.public_key);
    let mut known = signers
        .iter()
        .filter(|signer| signer.key == signature.public_key)
        .peekable();
    if known.peek().is_none() {
        return Err(SignatureError::UnknownSigner { key });
    }
    let mut known = known.filter(|signer| signer.signs_git()).peekable();
    if known.peek().is_none() {
        return Err(SignatureError::NotForSigning { key });
    }
    let Some(signer) = known.find(|signer| signer.is_valid_at(time)) else {
        return Err(SignatureError::OutsideValidity { key });
    };
    signature.verify(payload)?;
    Ok(Signer {
        key,
        name: signer.principals.clone(),
    })
}

/// The fingerprint of a public key, as `ssh-keygen -l` shows it.
pub(super) fn fingerprint(key: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(key)))
}

fn dearmor(armored: &str) -> Option<Vec<u8>> {
    let body = armored
        .strip_prefix(SIGNATURE_BEGIN)?
        .strip_suffix(SIGNATURE_END)?;
    let text: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(text).ok()
}

impl<'a> SshSignature<'a> {
    fn parse(blob: &'a [u8]) -> Option<Self> {
        let mut blob = Reader::new(blob);
        if blob.bytes(MAGIC.len())? != MAGIC || blob.number()? != 1 {
            return None;
        }
        let public_key = blob.string()?;
        let namespace = blob.string()?;
        let reserved = blob.string()?;
        let hash = blob.string()?;
        let mut rest = Reader::new(blob.string()?);
        let algorithm = rest.string()?;
        blob.is_empty().then_some(Self {
            public_key,
            namespace,
            reserved,
            hash,
            algorithm,
            rest,
        })
    }

    fn verify(mut self, payload: &[u8]) -> Result<(), SignatureError> {
        let hash = match self.hash {
            b"sha256" => Sha256::digest(payload).to_vec(),
            b"sha512" => Sha512::digest(payload).to_vec(),
            _ => return Err(SignatureError::Weak),
        };
        let mut message = MAGIC.to_vec();
        push_string(&mut message, self.namespace);
        push_string(&mut message, self.reserved);
        push_string(&mut message, self.hash);
        push_string(&mut message, &hash);

        let mut key = Reader::new(self.public_key);
        let kind = key.string().ok_or(SignatureError::Malformed)?;
        let signature = self.rest.string().ok_or(SignatureError::Malformed)?;
        let verified = match (kind, self.algorithm) {
            (b"ssh-ed25519", b"ssh-ed25519") => ed25519(&mut key, &message, signature),
            (b"ssh-rsa", b"rsa-sha2-256" | b"rsa-sha2-512") => {
                rsa(&mut key, self.algorithm, &message, signature)
            }
            (b"ssh-rsa", b"ssh-rsa") => return Err(SignatureError::Weak),
            (
                b"ecdsa-sha2-nistp256" | b"ecdsa-sha2-nistp384" | b"ecdsa-sha2-nistp521",
                algorithm,
            ) if algorithm == kind => ecdsa(&mut key, &message, signature),
            (b"sk-ssh-ed25519@openssh.com", algorithm) if algorithm == kind => self
                .device_message(&key, 1, &message)
                .and_then(|message| ed25519(&mut key, &message, signature)),
            (b"sk-ecdsa-sha2-nistp256@openssh.com", algorithm) if algorithm == kind => self
                .device_message(&key, 2, &message)
                .and_then(|message| ecdsa(&mut key, &message, signature)),
            _ => return Err(SignatureError::Kind),
        };
        match verified {
            Some(true) => Ok(()),
            Some(false) => Err(SignatureError::Wrong),
            None => Err(SignatureError::Malformed),
        }
    }

    /// What a device signs (`PROTOCOL.u2f`): hashes of its application, which comes after `fields` fields of the key, and
    /// of the message, with flags and a counter between them.
    fn device_message(
        &mut self,
        key: &Reader<'_>,
        fields: usize,
        message: &[u8],
    ) -> Option<Vec<u8>> {
        let mut key = key.clone();
        for _ in 0..fields {
            key.string()?;
        }
        let application = key.string()?;
        let mut signed = Sha256::digest(application).to_vec();
        signed.extend_from_slice(self.rest.bytes(5)?);
        signed.extend_from_slice(&Sha256::digest(message));
        self.rest.is_empty().then_some(signed)
    }
}

fn ed25519(key: &mut Reader<'_>, message: &[u8], signature: &[u8]) -> Option<bool> {
    Some(check(&ED25519, key.string()?, message, signature))
}

fn rsa(key: &mut Reader<'_>, algorithm: &[u8], message: &[u8], signature: &[u8]) -> Option<bool> {
    let e = without_zeros(key.string()?);
    let n = without_zeros(key.string()?);
    let parameters = match algorithm {
        b"rsa-sha2-256" => &RSA_PKCS1_2048_8192_SHA256,
        _ => &RSA_PKCS1_2048_8192_SHA512,
    };
    // Leading zeros may have been left out of the number.
    let signature = padded(signature, n.len())?;
    Some(
        RsaPublicKeyComponents { n, e }
            .verify(parameters, message, &signature)
            .is_ok(),
    )
}

fn ecdsa(key: &mut Reader<'_>, message: &[u8], signature: &[u8]) -> Option<bool> {
    let (algorithm, width): (&'static dyn VerificationAlgorithm, _) = match key.string()? {
        b"nistp256" => (&ECDSA_P256_SHA256_FIXED, 32),
        b"nistp384" => (&ECDSA_P384_SHA384_FIXED, 48),
        b"nistp521" => (&ECDSA_P521_SHA512_FIXED, 66),
        _ => return None,
    };
    let mut numbers = Reader::new(signature);
    let mut fixed = padded(numbers.string()?, width)?;
    fixed.extend(padded(numbers.string()?, width)?);
    let complete = numbers.is_empty();
    Some(complete && check(algorithm, key.string()?, message, &fixed))
}

fn check(
    algorithm: &'static dyn VerificationAlgorithm,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    UnparsedPublicKey::new(algorithm, key)
        .verify(message, signature)
        .is_ok()
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let start = number
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(number.len());
    &number[start..]
}

/// A number in exactly `width` bytes. None where it has more.
fn padded(number: &[u8], width: usize) -> Option<Vec<u8>> {
    let number = without_zeros(number);
    let mut padded = vec![0; width.checked_sub(number.len())?];
    padded.extend_from_slice(number);
    Some(padded)
}
