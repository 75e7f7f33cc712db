//! The SealedSecret resource: reading, writing, sealing. Opening is in [`crate::open`].

use std::collections::{BTreeMap, HashSet};

use goyaml::{Document, Node, Value};
use thiserror::Error;

use crate::certificate::{Certificate, SealValueError};
use crate::documents::{self, YamlError};
use crate::fields::{Field, FieldError, at};
use crate::kubernetes_secret::{KubernetesSecret, entries};
use crate::metadata::{Metadata, ServerFields, object};
use crate::printed::{self, Format};
use crate::scope::{CLUSTER_WIDE_ANNOTATION, NAMESPACE_WIDE_ANNOTATION, Scope};

/// The `apiVersion` of SealedSecrets.
pub(crate) const API_VERSION: &str = "bitnami.com/v1alpha1";
/// The `kind` of SealedSecrets.
pub(crate) const KIND: &str = "SealedSecret";

/// Where tools keep a copy of the whole object, values included.
const LAST_APPLIED: [&str; 2] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "kubecfg.ksonnet.io/last-applied-configuration",
];

/// A SealedSecret as it stands in a file. It holds nothing secret.
///
/// Reading is strict where kubeseal is not: a misspelt or unknown field, a field named twice, a missing `kind` or
/// `apiVersion` are errors, since each of them makes kubeseal print a Secret with less in it than was meant.
#[derive(Clone)]
pub struct SealedSecret {
    pub(crate) metadata: Metadata,
    pub(crate) template: Template,
    pub(crate) encrypted: Vec<Entry<String>>,
    pub(crate) deprecated: Option<Entry<String>>,
    pub(crate) line: u32,
}

/// `spec.template`: what the Secret has besides the values.
#[derive(Clone, Default)]
pub(crate) struct Template {
    pub(crate) metadata: Metadata,
    pub(crate) kind: Option<String>,
    pub(crate) immutable: Option<bool>,
    /// Templates by key; nothing takes the key away.
    pub(crate) data: Vec<Entry<Option<String>>>,
}

/// An entry of a map, and where it stands.
#[derive(Clone)]
pub(crate) struct Entry<T> {
    pub(crate) key: String,
    pub(crate) line: u32,
    pub(crate) value: T,
}

/// Why a text is no SealedSecret.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The text is not YAML.
    #[error("not valid YAML: {0}")]
    Yaml(#[from] YamlError),
    /// There is no document with anything in it.
    #[error("no document found")]
    Empty,
    /// The document is another kind of object.
    #[error("{}not a SealedSecret of {API_VERSION}", at(*line))]
    NotASealedSecret {
        /// Where it starts.
        line: u32,
    },
    /// A field is not as it should be.
    #[error(transparent)]
    Field(#[from] FieldError),
}

impl ParseError {
    /// A stable name of the cause.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Yaml(_) => "sealed-secret-not-yaml",
            Self::Empty => "sealed-secret-missing",
            Self::NotASealedSecret { .. } => "not-a-sealed-secret",
            Self::Field(error) => error.reason(),
        }
    }
}

/// Why a Secret could not be sealed.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum SealError {
    /// The Secret has no name.
    #[error("the Secret has no `metadata.name`")]
    NoName,
    /// The Secret has no namespace, which all scopes but cluster-wide need.
    #[error("the Secret has no `metadata.namespace`")]
    NoNamespace,
    /// The Secret has no values.
    #[error("the Secret has no data")]
    NoData,
    /// A value could not be sealed.
    #[error("data.{key}: {source}")]
    Value {
        /// Key of the value.
        key: String,
        /// The cause.
        source: SealValueError,
    },
}

impl SealError {
    /// A stable name of the cause.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NoName => "seal-no-name",
            Self::NoNamespace => "seal-no-namespace",
            Self::NoData => "seal-no-data",
            Self::Value { .. } => "seal-failed",
        }
    }
}

impl SealedSecret {
    /// Every SealedSecret of a text in YAML or JSON with one or more documents; the items of a `List` count as well.
    ///
    /// # Errors
    ///
    /// When there is none, when a document is something else, or when a field is not as it should be.
    pub fn parse_all(text: &[u8]) -> Result<Vec<Self>, ParseError> {
        let nodes = documents::read(text)?;
        let mut found = Vec::with_capacity(nodes.len());
        for node in &nodes {
            let top = Field::top(node);
            let mut list = top.fields()?;
            match (list.text("apiVersion")?, list.text("kind")?) {
                (Some("v1"), Some("List")) | (Some(API_VERSION), Some("SealedSecretList")) => {
                    let items = list.take("items").ok_or_else(|| list.missing("items"))?;
                    list.take("metadata");
                    list.finish()?;
                    for item in items.items()? {
                        found.push(Self::read(&item)?);
                    }
                }
                _ => found.push(Self::read(&top)?),
            }
        }
        if found.is_empty() {
            return Err(ParseError::Empty);
        }
        Ok(found)
    }

    /// The SealedSecret that a node of a parsed document holds.
    ///
    /// # Errors
    ///
    /// As [`parse_all`](Self::parse_all).
    pub fn from_node(node: &Node) -> Result<Self, ParseError> {
        let document = Document {
            root: node.clone(),
            ..Document::default()
        };
        Self::read(&Field::top(&documents::expanded(document)?))
    }

    /// Namespace, name and so on, as the object itself has them.
    pub const fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The scope in which the values were sealed, if nothing was changed: what the object's own annotations say.
    pub fn scope(&self) -> Scope {
        Scope::of_annotations(self.metadata.annotation_pairs())
    }

    /// The keys of the encrypted values with their lines, in the order of the document.
    pub fn encrypted_keys(&self) -> impl ExactSizeIterator<Item = (&str, u32)> {
        self.encrypted
            .iter()
            .map(|entry| (entry.key.as_str(), entry.line))
    }

    /// The line where the object starts, counted from one; zero where it was not read from a text with lines.
    pub const fn line(&self) -> u32 {
        self.line
    }

    /// Seals `secret` for the owner of `certificate`, as `kubeseal` does: the template has the Secret's labels,
    /// annotations, type and so on, but neither owner references, what the API server keeps in it, nor the copies that
    /// `kubectl apply` leaves in an annotation.
    ///
    /// `scope` overrides what the annotations of the Secret say.
    ///
    /// # Errors
    ///
    /// When the Secret lacks what the scope needs, or has no values.
    pub fn seal(
        secret: &KubernetesSecret,
        scope: Option<Scope>,
        certificate: &Certificate,
    ) -> Result<Self, SealError> {
        if secret.data.is_empty() {
            return Err(SealError::NoData);
        }
        let source = &secret.metadata;
        let mut template = Metadata {
            owners: Vec::new(),
            server: ServerFields {
                generate_name: source.server.generate_name.clone(),
                finalizers: source.server.finalizers.clone(),
                managed_fields: source.server.managed_fields.clone(),
                ..ServerFields::default()
            },
            ..source.clone()
        };
        template
            .annotations
            .retain(|key, _| !LAST_APPLIED.contains(&key.as_str()));
        if let Some(scope) = scope {
            state_scope(&mut template.annotations, scope);
        }
        let scope = Scope::of_annotations(template.annotation_pairs());
        let name = source.name.as_deref().ok_or(SealError::NoName)?;
        let namespace = match (&source.namespace, scope) {
            (Some(namespace), _) => namespace,
            (None, Scope::ClusterWide) => "",
            (None, Scope::Strict | Scope::NamespaceWide) => return Err(SealError::NoNamespace),
        };
        let mut metadata = Metadata {
            name: source.name.clone(),
            namespace: source.namespace.clone(),
            ..Metadata::default()
        };
        state_scope(&mut metadata.annotations, scope);
        let seal = |(key, value): (&String, &secret::SecretBytes)| {
            let sealed = certificate.seal(scope, namespace, name, value.expose());
            let value = sealed.map_err(|source| SealError::Value {
                key: key.clone(),
                source,
            })?;
            Ok(Entry {
                key: key.clone(),
                line: 0,
                value: value.into_string(),
            })
        };
        Ok(Self {
            metadata,
            template: Template {
                metadata: template,
                kind: secret.kind.clone(),
                immutable: secret.immutable,
                data: Vec::new(),
            },
            encrypted: secret.data.iter().map(seal).collect::<Result<_, _>>()?,
            deprecated: None,
            line: 0,
        })
    }

    /// The object, in Kubernetes' order of fields.
    pub fn to_value(&self) -> Value {
        let text = |text: &str| Some(Value::String(text.to_owned()));
        let encrypted: BTreeMap<_, _> = self
            .encrypted
            .iter()
            .map(|entry| (&entry.key, &entry.value))
            .collect();
        let encrypted = encrypted
            .into_iter()
            .map(|(key, value)| (key.clone(), Value::String(value.clone())))
            .collect();
        object([
            ("kind", text(KIND)),
            ("apiVersion", text(API_VERSION)),
            ("metadata", Some(self.metadata.to_value())),
            (
                "spec",
                Some(object([
                    ("template", Some(self.template.to_value())),
                    (
                        "data",
                        self.deprecated
                            .as_ref()
                            .and_then(|entry| text(&entry.value)),
                    ),
                    ("encryptedData", Some(Value::Object(encrypted))),
                ])),
            ),
        ])
    }

    /// The object as kubeseal prints it.
    pub fn print(&self, format: Format) -> String {
        printed::print(&self.to_value(), format)
    }

    fn read(top: &Field<'_>) -> Result<Self, ParseError> {
        let mut fields = top.fields()?;
        let version = fields
            .text("apiVersion")?
            .ok_or_else(|| fields.missing("apiVersion"))?;
        let kind = fields.text("kind")?.ok_or_else(|| fields.missing("kind"))?;
        if (version, kind) != (API_VERSION, KIND) {
            return Err(ParseError::NotASealedSecret { line: top.line() });
        }
        let metadata = fields
            .take("metadata")
            .ok_or_else(|| fields.missing("metadata"))?;
        let (metadata, place) = (Metadata::read(&metadata)?, metadata);
        let spec = fields.take("spec").ok_or_else(|| fields.missing("spec"))?;
        fields.take("status");
        fields.finish()?;
        if metadata.name.is_none() {
            return Err(place.fields()?.missing("name").into());
        }
        let mut spec = spec.fields()?;
        let template = spec.take("template");
        let template =
            template.map_or_else(|| Ok(Template::default()), |field| Template::read(&field))?;
        let deprecated = spec
            .take("data")
            .map(|field| entry("data", &field))
            .transpose()?;
        let encrypted = spec.take("encryptedData");
        if encrypted.is_none() && deprecated.is_none() {
            return Err(spec.missing("encryptedData").into());
        }
        spec.finish()?;
        let encrypted = entries(encrypted)?;
        Ok(Self {
            metadata,
            template,
            encrypted: encrypted
                .iter()
                .map(|(key, field)| entry(key, field))
                .collect::<Result<_, _>>()?,
            deprecated,
            line: top.line(),
        })
    }
}

fn entry(key: &str, field: &Field<'_>) -> Result<Entry<String>, FieldError> {
    Ok(Entry {
        key: key.to_owned(),
        line: field.line(),
        value: field.text()?.to_owned(),
    })
}

fn state_scope(annotations: &mut BTreeMap<String, String>, scope: Scope) {
    annotations.remove(NAMESPACE_WIDE_ANNOTATION);
    annotations.remove(CLUSTER_WIDE_ANNOTATION);
    if let Some(annotation) = scope.annotation() {
        annotations.insert(annotation.to_owned(), "true".to_owned());
    }
}

impl Template {
    fn read(field: &Field<'_>) -> Result<Self, FieldError> {
        let mut fields = field.fields()?;
        let metadata = fields.take("metadata");
        let metadata =
            metadata.map_or_else(|| Ok(Metadata::default()), |field| Metadata::read(&field))?;
        let kind = fields
            .text("type")?
            .filter(|kind| !kind.is_empty())
            .map(str::to_owned);
        let immutable = fields
            .take("immutable")
            .map(|field| field.boolean())
            .transpose()?;
        let data = entries(fields.take("data"))?;
        fields.finish()?;
        let item = |(key, field): &(&str, Field<'_>)| {
            let text = (!field.is_null()).then(|| field.text()).transpose()?;
            Ok(Entry {
                key: (*key).to_owned(),
                line: field.line(),
                value: text.map(str::to_owned),
            })
        };
        Ok(Self {
            metadata,
            kind,
            immutable,
            data: data.iter().map(item).collect::<Result<_, FieldError>>()?,
        })
    }

    fn to_value(&self) -> Value {
        let data: BTreeMap<_, _> = self
            .data
            .iter()
            .map(|entry| (&entry.key, &entry.value))
            .collect();
        let data: Vec<_> = data
            .into_iter()
            .map(|(key, text)| (key.clone(), text.clone().map_or(Value::Null, Value::String)))
            .collect();
        object([
            ("metadata", Some(self.metadata.to_value())),
            ("type", self.kind.clone().map(Value::String)),
            ("immutable", self.immutable.map(Value::Bool)),
            ("data", (!data.is_empty()).then_some(Value::Object(data))),
        ])
    }

    /// The keys that a null takes away, encrypted or not.
    pub(crate) fn removed(&self) -> HashSet<&str> {
        let removed = self.data.iter().filter(|entry| entry.value.is_none());
        removed.map(|entry| entry.key.as_str()).collect()
    }
}
