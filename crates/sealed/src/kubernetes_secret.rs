//! A Kubernetes Secret in the clear.

use std::collections::BTreeMap;
use std::mem;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use goyaml::{Node, Value};
use secret::{SecretBytes, SecretString};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::documents::{self, YamlError};
use crate::fields::{Field, FieldError, FieldProblem};
use crate::go_base64;
use crate::metadata::{Metadata, object};
use crate::printed::{self, Format};

/// A Secret in the clear: what a SealedSecret opens to, and what is sealed.
pub struct KubernetesSecret {
    pub(crate) metadata: Metadata,
    pub(crate) immutable: Option<bool>,
    pub(crate) kind: Option<String>,
    pub(crate) data: BTreeMap<String, SecretBytes>,
}

/// Why a text holds no Secrets.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum ParseSecretError {
    /// The text is not YAML.
    #[error("not valid YAML: {0}")]
    Yaml(#[from] YamlError),
    /// The document is another kind of object.
    #[error("line {line}: not a Secret")]
    NotASecret {
        /// Where it starts.
        line: u32,
    },
    /// A field is not as it should be.
    #[error(transparent)]
    Field(#[from] FieldError),
}

impl ParseSecretError {
    /// A stable name of the cause.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Yaml(_) => "secret-not-yaml",
            Self::NotASecret { .. } => "not-a-secret",
            Self::Field(error) => error.reason(),
        }
    }
}

impl KubernetesSecret {
    /// Every Secret of a text in YAML or JSON with one or more documents.
    ///
    /// # Errors
    ///
    /// When a document is no Secret, or one whose fields are not as they should be.
    pub fn parse_all(text: &[u8]) -> Result<Vec<Self>, ParseSecretError> {
        documents::read(text)?.iter().map(Self::read).collect()
    }

    /// Namespace, name, labels and so on.
    pub const fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The `type` of the Secret.
    pub fn secret_type(&self) -> Option<&str> {
        self.kind.as_deref()
    }

    /// Whether the Secret may not be changed once it is in the cluster.
    pub const fn immutable(&self) -> Option<bool> {
        self.immutable
    }

    /// The values by key, in the order of the keys.
    pub fn data(&self) -> impl ExactSizeIterator<Item = (&str, &SecretBytes)> {
        self.data.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The object, in Kubernetes' order of fields. The values in it are base64, and plain memory: it is for the caller
    /// to keep them from sight.
    pub fn to_value(&self) -> Value {
        let entry = |(key, value): (&String, &SecretBytes)| {
            // Kubernetes writes an empty value, which Go has as nil, as null.
            let text = match value.expose() {
                [] => Value::Null,
                bytes => Value::String(STANDARD.encode(bytes)),
            };
            (key.clone(), text)
        };
        let text = |text: &str| Some(Value::String(text.to_owned()));
        let data = self.data.iter().map(entry).collect();
        object([
            ("kind", text("Secret")),
            ("apiVersion", text("v1")),
            ("metadata", Some(self.metadata.to_value())),
            ("immutable", self.immutable.map(Value::Bool)),
            (
                "data",
                (!self.data.is_empty()).then_some(Value::Object(data)),
            ),
            ("type", self.kind.clone().map(Value::String)),
        ])
    }

    /// The object as `kubeseal --recovery-unseal` prints it.
    pub fn print(&self, format: Format) -> SecretString {
        SecretString::new(printed::print(&self.to_value(), format))
    }

    pub(crate) fn read(node: &Node) -> Result<Self, ParseSecretError> {
        let top = Field::top(node);
        let mut fields = top.fields()?;
        let (version, kind) = (fields.text("apiVersion")?, fields.text("kind")?);
        if version.ok_or_else(|| fields.missing("apiVersion"))? != "v1"
            || kind.ok_or_else(|| fields.missing("kind"))? != "Secret"
        {
            return Err(ParseSecretError::NotASecret { line: top.line() });
        }
        let metadata = fields.take("metadata");
        let metadata =
            metadata.map_or_else(|| Ok(Metadata::default()), |field| Metadata::read(&field))?;
        let immutable = fields
            .take("immutable")
            .map(|field| field.boolean())
            .transpose()?;
        let kind = fields
            .text("type")?
            .filter(|kind| !kind.is_empty())
            .map(str::to_owned);
        let mut data = BTreeMap::new();
        for (key, field) in entries(fields.take("data"))? {
            let mut bytes = if field.is_null() {
                Zeroizing::default()
            } else {
                let expected = "base64";
                let problem = FieldProblem::Type { expected };
                go_base64::decode(field.text()?).ok_or_else(|| field.error(problem))?
            };
            data.insert(key.to_owned(), SecretBytes::new(mem::take(&mut *bytes)));
        }
        for (key, field) in entries(fields.take("stringData"))? {
            let text = if field.is_null() { "" } else { field.text()? };
            data.insert(key.to_owned(), SecretBytes::copy_of(text.as_bytes()));
        }
        fields.finish()?;
        Ok(Self {
            metadata,
            immutable,
            kind,
            data,
        })
    }
}

/// The entries of a map; none where it is absent.
pub(crate) fn entries<'n>(
    field: Option<Field<'n>>,
) -> Result<Vec<(&'n str, Field<'n>)>, FieldError> {
    Ok(match field {
        Some(field) => field.fields()?.into_entries(),
        None => Vec::new(),
    })
}
