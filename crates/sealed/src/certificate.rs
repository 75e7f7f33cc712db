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
            let (_serial, _algorithm, _issuer) = (
                fields.tlv_bytes()?,
                fields.tlv_bytes()?,
                fields.tlv_bytes()?,
            );
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
    Ok(Timestamp(
        i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=sealed-secret`; the key was thrown away.
    const PEM: &str = "\
-----BEGIN CERTIFICATE-----
MIIDETCCAfmgAwIBAgIUGEenox8gYmrnOwSmdrFtmAAv9EUwDQYJKoZIhvcNAQEL
BQAwGDEWMBQGA1UEAwwNc2VhbGVkLXNlY3JldDAeFw0yNjExMjQwODExNDVaFw0z
NjExMjEwODExNDVaMBgxFjAUBgNVBAMMDXNlYWxlZC1zZWNyZXQwggEiMA0GCSqG
SIb3DQEBAQUAA4IBDwAwggEKAoIBAQDLrWgj32QMXR1cai+RfUfWIwwOCrQhY3PI
LiZHqX8jCLnpj8Uond2KUrdUNERJIFvuDi82YoJsRo2Gw+necYDZddFxi7imMQU9
bRlOEZzYGk3rc2Ipt8HUIDrqB6fdnYWhelZN6fyRjC7l93p+zkcGWU4NZG6ZLpJm
XWIiGdbFCIpuJxPTTE/jixU5d6i3w86BKVMTL0d58bjC2kAmeL75LzC1KyNmccAX
NyZBqlmVk60nTG9kJMJpKazwABvDrgJSbRJDqPsVixGWT9pkRTnLkKtWMRNK8jPd
s10iyc0EEm015eRYx3tqjqKOfojkQNZqMOZIauWKZWFNJQQY0ZB7AgMBAAGjUzBR
MB0GA1UdDgQWBBQGB+VshGVGHuDa/G7wFQXD0vPKbjAfBgNVHSMEGDAWgBQGB+Vs
hGVGHuDa/G7wFQXD0vPKbjAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBCwUA
A4IBAQBYLjyzVf6YwKfPm3Syd0FE/YuqxKcYCeklcdUGWhvG8V5OknReWxZuUFTh
d6Iwa+K8jQdIt7c5ko1QOIi3/9zfAddRYu92I8SqlHIWxns9YarCFu0ZLLokCYUD
ouUiZOiFGfScw2QoWdYdx2jIJYOVcrN8CMeB3I3BN8yId5T2EuOtgNadw6UVuf4L
O8iSi+1xCTjCeUqQJ520j12G7NOvxU0uR43/RTOzPVMDYtTK94gOHQwFegAVa/Kz
328bfQ7Q2wYHFVkKIDceOcdGkWnHTFeD/Ft0tSXwdbecIDTeQvILyMuDagWRbMw6
zK5BpCdIOzUTMWmki8thzpLknfyI
-----END CERTIFICATE-----
";

    #[test]
    fn key_and_validity_are_read() {
        let certificate = Certificate::from_pem(PEM.as_bytes()).unwrap();
        // As `ssh-keygen -l` prints it.
        let fingerprint = "SHA256:0rH8GgJgEpbWQpIriKInzN1krRvrGb1A0w7z/pJl3Fo";
        assert_eq!(certificate.fingerprint().as_str(), fingerprint);
        assert_eq!(
            certificate.not_before(),
            Timestamp::parse("2026-11-24T08:11:45Z").unwrap().0
        );
        assert_eq!(
            certificate.not_after(),
            Timestamp::parse("2036-11-21T08:11:45Z").unwrap().0
        );
    }

    #[test]
    fn other_texts_hold_no_certificate() {
        let cut = PEM.replace("MIIDETCCAfmgAwIBAgI", "MIIDETCCAfmgAwIBAgL");
        for (text, error) in [
            ("", CertificateError::Missing),
            (
                "-----BEGIN PUBLIC KEY-----\nYWJj\n-----END PUBLIC KEY-----\n",
                CertificateError::Missing,
            ),
            (
                "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n",
                CertificateError::Malformed,
            ),
            (
                "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n",
                CertificateError::Malformed,
            ),
            (&cut, CertificateError::Malformed),
        ] {
            assert_eq!(
                Certificate::from_pem(text.as_bytes()).err(),
                Some(error),
                "{text}"
            );
        }
    }

    #[test]
    fn sealing_the_same_twice_gives_different_values() {
        let certificate = Certificate::from_pem(PEM.as_bytes()).unwrap();
        let seal = || {
            certificate
                .seal(Scope::Strict, "ns", "app", b"value")
                .unwrap()
        };
        assert_ne!(seal(), seal());
    }
}
