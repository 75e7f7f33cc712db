//! The certificate a controller hands out: the public half of its key, and when that was made.

use aws_lc_rs::rsa::{OaepPublicEncryptingKey, PublicEncryptingKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs1::der::asn1::{AnyRef, GeneralizedTime, UtcTime};
use rsa::pkcs1::der::{Decode, Error as DerError, Reader, SliceReader, Tag};
use thiserror::Error;

use crate::envelope;
use crate::pem;
use crate::rsa_key::{Flaw, KeyFingerprint, PublicHalf};
use crate::scope::Scope;
use crate::timestamp::Timestamp;

/// An X.509 certificate with an RSA key, to seal values with.
///
/// As with kubeseal its signature is not checked: whoever hands the certificate over vouches for it.
pub struct Certificate {
    key: OaepPublicEncryptingKey,
    fingerprint: KeyFingerprint,
    validity: Validity,
}

/// Why no certificate was read.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum CertificateError {
    /// There is no `CERTIFICATE` block.
    #[error("no PEM certificate found")]
    Missing,
    /// The block is no certificate.
    #[error("malformed certificate")]
    Malformed,
    /// The key is of another kind.
    #[error("the certificate holds no RSA key")]
    NotRsa,
    /// The key is too short to be safe, or too long.
    #[error("the certificate's RSA key has {bits} bits, usable are 2048 to 8192")]
    Size {
        /// Length of the modulus.
        bits: usize,
    },
}

impl CertificateError {
    /// A stable name of the cause.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Missing => "certificate-missing",
            Self::Malformed => "certificate-malformed",
            Self::NotRsa => "certificate-not-rsa",
            Self::Size { .. } => "certificate-key-size",
        }
    }
}

impl From<Flaw> for CertificateError {
    fn from(flaw: Flaw) -> Self {
        match flaw {
            Flaw::Malformed | Flaw::Memory => Self::Malformed,
            Flaw::NotRsa => Self::NotRsa,
            Flaw::Size { bits } => Self::Size { bits },
        }
    }
}

/// Why a value could not be sealed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the cryptographic library could not seal the value")]
pub struct SealValueError;

/// A sealed value in base64, as it stands in `spec.encryptedData`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EncryptedValue(String);

impl EncryptedValue {
    /// The base64 text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The base64 text, owned.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl Certificate {
    /// The first certificate of a PEM text.
    ///
    /// # Errors
    ///
    /// When there is none, or its key is not usable. Whether the certificate is still valid is for the caller to
    /// judge, who has a clock: see [`not_after`](Self::not_after).
    pub fn from_pem(text: &[u8]) -> Result<Self, CertificateError> {
        let text = std::str::from_utf8(text).map_err(|_| CertificateError::Missing)?;
        let blocks = pem::blocks(text);
        let block = blocks
            .iter()
            .find(|block| block.label == "CERTIFICATE")
            .ok_or(CertificateError::Missing)?;
        let der = block.body.as_ref().ok_or(CertificateError::Malformed)?;
        let parts = Parts::read(der)?;
        let key = PublicEncryptingKey::from_der(parts.key)
            .and_then(|key| OaepPublicEncryptingKey::new(key).map_err(Into::into))
            .map_err(|_| CertificateError::Malformed)?;
        Ok(Self {
            key,
            fingerprint: parts.public.fingerprint,
            validity: parts.validity,
        })
    }

    /// The id of the key that opens what this certificate seals.
    pub const fn fingerprint(&self) -> &KeyFingerprint {
        &self.fingerprint
    }

    /// Start of validity, in seconds since 1970 UTC.
    pub const fn not_before(&self) -> i64 {
        self.validity.not_before.0
    }

    /// End of validity, in seconds since 1970 UTC. kubeseal refuses to seal after it.
    pub const fn not_after(&self) -> i64 {
        self.validity.not_after.0
    }

    /// Seals one value, as `kubeseal --raw` does. The name does not matter for the wider scopes.
    ///
    /// The key under which the value stands in the object is not part of what is sealed: values of one object can be
    /// exchanged for each other by whoever can edit it.
    ///
    /// # Errors
    ///
    /// When the random source or the RSA operation fails, which neither is expected to.
    pub fn seal(
        &self,
        scope: Scope,
        namespace: &str,
        name: &str,
        value: &[u8],
    ) -> Result<EncryptedValue, SealValueError> {
        let label = scope.label(namespace, name);
        let sealed = envelope::seal(&self.key, &label, value).map_err(|_| SealValueError)?;
        Ok(EncryptedValue(STANDARD.encode(sealed)))
    }
}

/// When a certificate is valid.
pub(crate) struct Validity {
    pub(crate) not_before: Timestamp,
    not_after: Timestamp,
}

/// The parts of a certificate that matter here.
pub(crate) struct Parts<'d> {
    pub(crate) public: PublicHalf,
    pub(crate) validity: Validity,
    key: &'d [u8],
}

impl<'d> Parts<'d> {
    /// Reads a certificate in DER.
    pub(crate) fn read(der: &'d [u8]) -> Result<Self, CertificateError> {
        let (validity, key) = walk(der).map_err(|_| CertificateError::Malformed)?;
        Ok(Self {
            public: PublicHalf::of_spki(key)?,
            validity,
            key,
        })
    }
}

// RFC 5280, section 4.1: Certificate holds TBSCertificate, whose first field, the version, may be absent.
fn walk(der: &[u8]) -> Result<(Validity, &[u8]), DerError> {
    AnyRef::from_der(der)?.sequence(|certificate| {
        let signed = AnyRef::decode(certificate)?.sequence(|fields: &mut SliceReader<'_>| {
            if matches!(Tag::peek(fields)?, Tag::ContextSpecific { .. }) {
                fields.tlv_bytes()?;
            }
            let (_serial, _algorithm, _issuer) =
                (fields.tlv_bytes()?, fields.tlv_bytes()?, fields.tlv_bytes()?);
            let validity = AnyRef::decode(fields)?.sequence(|times| {
                Ok::<_, DerError>(Validity {
                    not_before: time(times)?,
                    not_after: time(times)?,
                })
            })?;
            let _subject = fields.tlv_bytes()?;
            let key = fields.tlv_bytes()?;
            while !fields.is_finished() {
                fields.tlv_bytes()?;
            }
            Ok::<_, DerError>((validity, key))
        })?;
        while !certificate.is_finished() {
            certificate.tlv_bytes()?;
        }
        Ok(signed)
    })
}

fn time(reader: &mut SliceReader<'_>) -> Result<Timestamp, DerError> {
    let since_1970 = match Tag::peek(reader)? {
        Tag::UtcTime => UtcTime::decode(reader)?.to_unix_duration(),
        _ => GeneralizedTime::decode(reader)?.to_unix_duration(),
    };
    Ok(Timestamp(i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX)))
}
