//! Bitnami SealedSecrets: opening and sealing without a cluster.
//!
//! * [`SealingKeys`] holds the private keys of a controller, read from any form they are kept in; [`Unsealer`] works
//!   with them.
//! * [`SealedSecret`] reads the resource, [opens](SealedSecret::open) it to a [`KubernetesSecret`] as
//!   `kubeseal --recovery-unseal` and the controller do, and [seals](SealedSecret::seal) one with a [`Certificate`].
//! * [`Certificate::seal`] seals a single value, as `kubeseal --raw` does.
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
//! * Every document of a file is opened, not the first alone. Unknown and misspelt fields, fields named twice, and
//!   objects without `kind`, `apiVersion` or name are errors, where kubeseal prints a Secret with less in it.
//! * A template whose annotations state another scope than the object's own is refused.
//! * Templates that could tell something about a value by failing are refused unless allowed: [`TemplatePolicy`].
//! * Every key of a PEM file counts, and unusable keys are reported, where kubeseal takes the first and goes on.
//! * Keys below 2048 bits are refused, as are RSA blocks shorter than their key, session keys of other lengths than 32
//!   bytes, and YAML merge keys; kubeseal and the controller make none of these.
//! * Values that YAML cannot hold unescaped: kubeseal fails on DEL, and turns U+0085 in a label into a blank, since it
//!   reads its own JSON as YAML. Here both are printed as they are, escaped.
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
