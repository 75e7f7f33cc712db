//! Bitnami SealedSecrets.
#![forbid(unsafe_code)]

mod certificate;
mod envelope;
mod pem;
mod rsa_key;
mod scope;
mod timestamp;

pub use certificate::{Certificate, CertificateError, EncryptedValue, SealValueError};
pub use rsa_key::KeyFingerprint;
pub use scope::{CLUSTER_WIDE_ANNOTATION, NAMESPACE_WIDE_ANNOTATION, Scope, UnknownScope};
