//! Bitnami SealedSecrets: opening and sealing without a cluster.
//!
//! * [`SealingKeys`] holds the private keys of a controller, read from any form they are kept in; [`Unsealer`] works
//!   with them.
//! * [`SealedSecret`] reads the resource, [opens](SealedSecret::open) it to a [`KubernetesSecret`] as
//!   `kubeseal --recovery-unseal` and the controller do, and [seals](SealedSecret::seal) one with a [`Certificate`].
//! * [`Certificate::seal`] seals a single value, as `kubeseal --raw` does.
//!
//! ```
//! use sealed::{Format, OpenOptions, SealedSecret, SealingKeys};
//!
//! # fn main() {}
//! fn opened(keys: &[u8], text: &[u8]) -> Result<Vec<secret::SecretString>, Box<dyn std::error::Error>> {
//!     let mut ring = SealingKeys::new();
//!     if let Some(unusable) = ring.add("keys.yaml", keys).pop() {
//!         return Err(unusable.into());
//!     }
//!     let unsealer = ring.unsealer();
//!     let mut printed = Vec::new();
//!     for sealed in SealedSecret::parse_all(text)? {
//!         let secret = sealed.open(&unsealer, OpenOptions::default())?;
//!         printed.push(secret.print(Format::Yaml));
//!     }
//!     Ok(printed)
//! }
//! ```
//!
//! This crate knows nothing of files, clusters, clocks or the environment; it is given bytes and gives bytes back.
//!
//! # What opening does not protect
//!
//! The label of a value is made of namespace and name (as far as the scope goes) and not of its key: whoever can edit a
//! SealedSecret can exchange its values, and with the wider scopes put them into other objects. This is how the format
//! is made (`sealed-secrets: pkg/crypto/crypto.go`), and opening cannot tell.
//!
//! # Known differences from kubeseal 0.40
//!
//! Refused here, printed there:
//!
//! * Objects without `kind`, `apiVersion` or name, with unknown or misspelt fields, with a field named twice or with
//!   YAML merge keys: kubeseal prints a Secret with less in it than was meant. Text behind the first document, of which
//!   kubeseal knows nothing, is read like the first.
//! * A template whose annotations state another scope than the object's own.
//! * Templates that could tell something about a value by failing, unless [`TemplatePolicy::Any`] is given. Templates
//!   that ask for the time or for chance (`now`, `genPrivateKey`, `randAlphaNum`) fail: each opening would give
//!   another Secret. So do those beyond the limits of `gotemplate`.
//! * Keys below 2048 bits, RSA blocks shorter than their key, session keys of other lengths than 32 bytes; kubeseal and
//!   the controller make none of these.
//!
//! Otherwise:
//!
//! * Every key of a PEM file counts, and unusable keys are reported, where kubeseal takes the first and goes on.
//! * In YAML, kubeseal fails on a label with DEL in it and turns U+0085 into a blank, since it reads its own JSON as
//!   YAML. Here both are printed as they are, escaped.
//! * Keys such as `01`, `10` and `1e3` in one map make the order of go-yaml v2 a circle, and kubeseal prints them in an
//!   order of chance.
#![forbid(unsafe_code)]

mod certificate;
mod documents;
mod envelope;
mod fields;
mod go_base64;
mod keys;
mod kubernetes_secret;
mod metadata;
mod open;
mod pem;
mod printed;
mod rsa_key;
mod scope;
mod sealed_secret;
mod template;
mod timestamp;
mod unsealer;

pub use certificate::{Certificate, CertificateError, EncryptedValue, SealValueError};
pub use documents::YamlError;
pub use fields::{FieldError, FieldProblem};
pub use keys::{KeyError, SealingKeys, UnusableKey};
pub use kubernetes_secret::{KubernetesSecret, ParseSecretError};
pub use metadata::Metadata;
pub use open::{DeprecatedData, OpenError, OpenOptions, ResealError};
pub use printed::Format;
pub use rsa_key::KeyFingerprint;
pub use scope::{CLUSTER_WIDE_ANNOTATION, NAMESPACE_WIDE_ANNOTATION, Scope, UnknownScope};
pub use sealed_secret::{ParseError, SealError, SealedSecret};
pub use template::{TemplateError, TemplatePolicy};
pub use unsealer::Unsealer;
