//! Opening a SealedSecret, as `kubeseal --recovery-unseal` and the controller do.

use std::collections::BTreeMap;

use secret::SecretBytes;
use thiserror::Error;

use crate::certificate::{Certificate, SealValueError};
use crate::envelope::Envelope;
use crate::fields::at;
use crate::go_base64;
use crate::kubernetes_secret::KubernetesSecret;
use crate::metadata::Owner;
use crate::rsa_key::KeyFingerprint;
use crate::scope::Scope;
use crate::sealed_secret::{API_VERSION, Entry, KIND, SealedSecret};
use crate::template::{self, TemplateError, TemplatePolicy};
use crate::unsealer::Unsealer;

/// Set to `"true"` in the template, the Secret belongs to nobody.
const SKIP_OWNER_ANNOTATION: &str = "sealedsecrets.bitnami.com/skip-set-owner-references";

/// What is allowed when a SealedSecret is opened.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct OpenOptions {
    /// Which templates may run.
    pub templates: TemplatePolicy,
    /// Whether the form before version 0.9 opens.
    pub deprecated_data: DeprecatedData,
}

/// What becomes of a SealedSecret in the form before version 0.9, where `spec.data` holds a whole Secret in one value.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum DeprecatedData {
    /// It is an error, as for `kubeseal --recovery-unseal`.
    #[default]
    Refuse,
    /// It opens, as for the controller unless that is told otherwise.
    Accept,
}

/// Why a SealedSecret does not open. No variant holds anything of a value.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no key to try.
    #[error("no sealing key is loaded")]
    NoKeys,
    /// A value was sealed with another key, for another name, namespace or scope, or was changed since.
    ///
    /// Which of these it is cannot be told, and must not: it would help whoever made the value.
    #[error(
        "{}{path}: no loaded key opens this under {scope} scope (loaded: {})",
        at(*line), listed(loaded)
    )]
    NoKeyOpens {
        /// Path of the value in the object.
        path: String,
        /// Its line; zero where that is not known.
        line: u32,
        /// The scope that the object's annotations state.
        scope: Scope,
        /// The keys that were tried.
        loaded: Vec<KeyFingerprint>,
    },
    /// A value is not base64.
    #[error("{}{path}: not base64", at(*line))]
    NotBase64 {
        /// Path of the value in the object.
        path: String,
        /// Its line; zero where that is not known.
        line: u32,
    },
    /// A value is shorter than any sealed value.
    #[error("{}{path}: too short for a sealed value", at(*line))]
    TooShort {
        /// Path of the value in the object.
        path: String,
        /// Its line; zero where that is not known.
        line: u32,
    },
    /// The template's annotations state another scope than the object's own.
    ///
    /// Sealing writes the same into both. Where they differ, someone changed one of them, and a later re-sealing by the
    /// template's scope would widen where the values open (CVE-2026-22728).
    #[error("{}the template says {template} scope, the object itself {object}", at(*line))]
    ScopeDisagreement {
        /// Where the object starts; zero where that is not known.
        line: u32,
        /// What `spec.template.metadata.annotations` state.
        template: Scope,
        /// What `metadata.annotations` state.
        object: Scope,
    },
    /// The form before version 0.9, which is refused unless [`DeprecatedData::Accept`] is given.
    #[error("{}spec.data: the deprecated form with one value is not accepted", at(*line))]
    Deprecated {
        /// Its line; zero where that is not known.
        line: u32,
    },
    /// Both forms at once.
    #[error("{}spec.data and spec.encryptedData cannot be used together", at(*line))]
    DeprecatedMixed {
        /// Line of `spec.data`; zero where that is not known.
        line: u32,
    },
    /// The deprecated value opens, but does not hold a Secret.
    #[error("{}spec.data: does not hold a Secret", at(*line))]
    DeprecatedMalformed {
        /// Its line; zero where that is not known.
        line: u32,
    },
    /// A template cannot be used.
    #[error("{}spec.template.data.{key}: {error}", at(*line))]
    Template {
        /// Key of the template.
        key: String,
        /// Line of the template's key; zero where that is not known.
        line: u32,
        /// What is wrong with it.
        error: TemplateError,
    },
}

impl OpenError {
    /// A stable name of the cause.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NoKeys => "unseal-no-keys",
            Self::NoKeyOpens { .. } => "unseal-no-key-opens",
            Self::NotBase64 { .. } => "unseal-not-base64",
            Self::TooShort { .. } => "unseal-too-short",
            Self::ScopeDisagreement { .. } => "unseal-scope-disagreement",
            Self::Deprecated { .. } => "unseal-deprecated-data",
            Self::DeprecatedMixed { .. } => "unseal-deprecated-mixed",
            Self::DeprecatedMalformed { .. } => "unseal-deprecated-malformed",
            Self::Template { error, .. } => error.reason(),
        }
    }
}

fn listed(keys: &[KeyFingerprint]) -> String {
    let keys: Vec<_> = keys.iter().map(KeyFingerprint::as_str).collect();
    keys.join(", ")
}

impl SealedSecret {
    /// Opens the values, runs the templates and gives the Secret that belongs into the cluster.
    ///
    /// The label under which values open is made from the object's own name, namespace and annotations, and from
    /// nothing else. The values of one object are interchangeable, since what is sealed does not know its key: whoever
    /// can edit the object can exchange them, and opening cannot tell.
    ///
    /// # Errors
    ///
    /// When any value does not open or any template cannot be used: there is no partial result. Templates are judged
    /// before a value is opened.
    pub fn open(
        &self,
        unsealer: &Unsealer<'_>,
        options: OpenOptions,
    ) -> Result<KubernetesSecret, OpenError> {
        self.check_scope()?;
        if let Some(blob) = &self.deprecated {
            return self.open_deprecated(blob, unsealer, options);
        }
        let templates = template::judge(&self.template.data, &self.encrypted, options.templates)?;
        let texts = self.open_values(unsealer)?;
        let mut data: BTreeMap<_, _> = self
            .encrypted
            .iter()
            .map(|entry| entry.key.clone())
            .zip(texts)
            .collect();
        let rendered = template::render(&templates, &data)?;
        for (key, text) in rendered {
            // Encrypted values win. The template ran nevertheless, since its failure counts.
            data.entry(key.to_owned()).or_insert(text);
        }
        for key in self.template.removed() {
            data.remove(key);
        }
        let mut secret = KubernetesSecret {
            metadata: self.template.metadata.clone(),
            immutable: self.template.immutable,
            kind: self.template.kind.clone(),
            data,
        };
        self.own(&mut secret);
        Ok(secret)
    }

    /// Whether every value opens; nothing else is looked at, and no template runs.
    ///
    /// # Errors
    ///
    /// For the first value that does not open, or a scope that is stated in two ways.
    pub fn verify(&self, unsealer: &Unsealer<'_>) -> Result<(), OpenError> {
        self.check_scope()?;
        if let Some(blob) = &self.deprecated {
            self.open_entries(std::slice::from_ref(blob), "spec.", unsealer)?;
        }
        self.open_values(unsealer).map(drop)
    }

    /// The same object with its values sealed for the owner of `certificate`, which is how a SealedSecret moves to a
    /// new key. Templates do not run, and nothing but the values changes.
    ///
    /// # Errors
    ///
    /// When any value does not open, or cannot be sealed again.
    pub fn reseal(
        &self,
        unsealer: &Unsealer<'_>,
        certificate: &Certificate,
    ) -> Result<Self, ResealError> {
        self.check_scope()?;
        if let Some(blob) = &self.deprecated {
            return Err(OpenError::Deprecated { line: blob.line }.into());
        }
        let texts = self.open_values(unsealer)?;
        let (name, namespace) = self.place();
        let mut resealed = self.clone();
        for (entry, text) in resealed.encrypted.iter_mut().zip(texts) {
            let value = certificate.seal(self.scope(), namespace, name, text.expose())?;
            entry.value = value.into_string();
        }
        Ok(resealed)
    }

    fn place(&self) -> (&str, &str) {
        (
            self.metadata.name.as_deref().unwrap_or_default(),
            self.metadata.namespace.as_deref().unwrap_or_default(),
        )
    }

    fn check_scope(&self) -> Result<(), OpenError> {
        let object = self.scope();
        match Scope::stated_by(self.template.metadata.annotation_pairs()) {
            Some(template) if template != object => Err(OpenError::ScopeDisagreement {
                line: self.line,
                template,
                object,
            }),
            Some(_) | None => Ok(()),
        }
    }

    fn open_values(&self, unsealer: &Unsealer<'_>) -> Result<Vec<SecretBytes>, OpenError> {
        self.open_entries(&self.encrypted, "spec.encryptedData.", unsealer)
    }

    fn open_entries(
        &self,
        entries: &[Entry<String>],
        parent: &str,
        unsealer: &Unsealer<'_>,
    ) -> Result<Vec<SecretBytes>, OpenError> {
        let place = |entry: &Entry<String>| (format!("{parent}{}", entry.key), entry.line);
        let decode = |entry: &Entry<String>| {
            go_base64::decode(&entry.value).ok_or_else(|| {
                let (path, line) = place(entry);
                OpenError::NotBase64 { path, line }
            })
        };
        let sealed: Vec<_> = entries.iter().map(decode).collect::<Result<_, _>>()?;
        let cut = |(sealed, entry)| {
            Envelope::cut(sealed).ok_or_else(|| {
                let (path, line) = place(entry);
                OpenError::TooShort { path, line }
            })
        };
        let bytes = sealed.iter().map(|bytes| bytes.as_slice());
        let envelopes: Vec<_> = bytes.zip(entries).map(cut).collect::<Result<_, _>>()?;
        if !envelopes.is_empty() && unsealer.fingerprints().next().is_none() {
            return Err(OpenError::NoKeys);
        }
        let (name, namespace) = self.place();
        let label = self.scope().label(namespace, name);
        unsealer.open_all(&envelopes, &label).map_err(|index| {
            let (path, line) = entries.get(index).map(place).unwrap_or_default();
            OpenError::NoKeyOpens {
                path,
                line,
                scope: self.scope(),
                loaded: unsealer.fingerprints().cloned().collect(),
            }
        })
    }

    fn open_deprecated(
        &self,
        blob: &Entry<String>,
        unsealer: &Unsealer<'_>,
        options: OpenOptions,
    ) -> Result<KubernetesSecret, OpenError> {
        let line = blob.line;
        match options.deprecated_data {
            DeprecatedData::Refuse => return Err(OpenError::Deprecated { line }),
            DeprecatedData::Accept if !self.encrypted.is_empty() => {
                return Err(OpenError::DeprecatedMixed { line });
            }
            DeprecatedData::Accept => {}
        }
        let texts = self.open_entries(std::slice::from_ref(blob), "spec.", unsealer)?;
        // The cause is not told: it would quote what was sealed.
        let malformed = OpenError::DeprecatedMalformed { line };
        let [text] = &*texts else {
            return Err(malformed);
        };
        let mut secrets =
            KubernetesSecret::parse_all(text.expose()).map_err(|_| malformed.clone())?;
        let (Some(mut secret), true) = (secrets.pop(), secrets.is_empty()) else {
            return Err(malformed);
        };
        self.own(&mut secret);
        Ok(secret)
    }

    /// Gives the Secret the name and namespace of this object, and this object as its owner.
    fn own(&self, secret: &mut KubernetesSecret) {
        secret.metadata.name.clone_from(&self.metadata.name);
        secret
            .metadata
            .namespace
            .clone_from(&self.metadata.namespace);
        let annotations = &self.template.metadata.annotations;
        let skip = annotations.get(SKIP_OWNER_ANNOTATION);
        if skip.is_none_or(|skip| skip != "true") {
            secret.metadata.owners = vec![Owner {
                api_version: API_VERSION.to_owned(),
                kind: KIND.to_owned(),
                name: self.metadata.name.clone().unwrap_or_default(),
                uid: self.metadata.server.uid.clone().unwrap_or_default(),
                controller: Some(true),
                block_owner_deletion: None,
            }];
        }
    }
}

/// Why a SealedSecret could not be sealed again.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum ResealError {
    /// It does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A value could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealValueError),
}

impl ResealError {
    /// A stable name of the cause.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Open(error) => error.reason(),
            Self::Seal(_) => "seal-failed",
        }
    }
}
