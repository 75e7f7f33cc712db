//! Documents named by `crds:`: which fields of a custom type hold names, labels and annotations.
//!
//! Such a document is not a CustomResourceDefinition but a map from names of types to their OpenAPI definitions, where
//! extensions mark fields that the build must know (api: internal/accumulator/loadconfigfromcrds.go).

use goyaml::{Value, decode, decode::YamlToJsonError, json};
use thiserror::Error;

use crate::cache::{Parse, Parsed};
use crate::limits::LIMITS;

/// A field that a document marks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CrdField {
    /// The kind whose objects have the field.
    pub kind: String,
    /// Names of fields with slashes between them.
    pub path: String,
    /// What the field holds.
    pub role: Role,
}

impl CrdField {
    /// About how many bytes it takes.
    fn size(&self) -> usize {
        let role = match &self.role {
            Role::Reference { kind, version } => kind.len() + version.len(),
            Role::Annotations | Role::Identity | Role::LabelSelector => 0,
        };
        size_of::<Self>() + self.kind.len() + self.path.len() + role
    }
}

/// What a marked field holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Role {
    /// Annotations.
    Annotations,
    /// Labels that select.
    LabelSelector,
    /// A name that gets the prefix.
    Identity,
    /// The name of another object.
    Reference {
        /// That object's kind.
        kind: String,
        /// Its version.
        version: String,
    },
}

/// A document of `crds:` cannot be read.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum CrdError {
    /// It is empty.
    #[error("the document is empty")]
    Empty,
    /// It starts as JSON and is not JSON.
    #[error(transparent)]
    Json(#[from] json::ParseError),
    /// It is not YAML.
    #[error(transparent)]
    Yaml(#[from] YamlToJsonError),
    /// It is not a map from names to definitions.
    #[error("not a map from names of types to definitions")]
    NotDefinitions,
    /// Definitions refer to one another in a circle.
    #[error("definitions refer to one another too often")]
    TooDeep,
}

impl CrdError {
    /// A stable name of the error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Empty => "crd-empty",
            Self::Json(_) => "crd-not-json",
            Self::Yaml(_) => "crd-not-yaml",
            Self::NotDefinitions => "crd-not-definitions",
            Self::TooDeep => "crd-too-deep",
        }
    }
}

/// How deep references may lead. The real program follows a circle until its stack is full.
const MAX_DEPTH: usize = 64;

/// How many fields a document may mark, counted once for each way that leads to them.
const MAX_FIELDS: usize = 100_000;

/// The marked fields of the types of objects in a document.
///
/// # Errors
///
/// See [`CrdError`].
pub fn crd_fields(text: &[u8]) -> Result<Vec<CrdField>, CrdError> {
    let document = match text.first() {
        None => return Err(CrdError::Empty),
        Some(b'{') => json::parse(text)?,
        Some(_) => {
            let last = decode::Duplicates::LastWins;
            decode::yaml_to_json(text, last, &LIMITS)?
        }
    };
    let types = match &document {
        Value::Object(types) => types.as_slice(),
        Value::Null => &[],
        _ => return Err(CrdError::NotDefinitions),
    };
    let mut fields = Vec::new();
    for (name, definition) in types {
        if !matches!(definition, Value::Object(_) | Value::Null) {
            return Err(CrdError::NotDefinitions);
        }
        let Some(properties) = properties(definition) else {
            continue;
        };
        let has = |field: &str| properties.iter().any(|(name, _)| name == field);
        if !(has("kind") && has("apiVersion") && has("metadata")) {
            continue;
        }
        let walk = Walk {
            document: &document,
            kind: name.rsplit('.').next().unwrap_or(name),
        };
        walk.properties(properties, "", 0, &mut fields)?;
    }
    Ok(fields)
}

/// The marked fields of a file.
#[derive(Clone)]
pub(crate) struct CrdFields(pub(crate) Vec<CrdField>);

impl Parse for CrdFields {
    type Error = CrdError;

    fn parse(text: &[u8]) -> Result<Parsed<Self>, CrdError> {
        let fields = crd_fields(text)?;
        Ok(Parsed {
            size: fields.iter().map(CrdField::size).sum(),
            value: Self(fields),
        })
    }
}

/// The fields of a definition. Go reads its first field under a name in any case.
fn properties(definition: &Value) -> Option<&[(String, Value)]> {
    let schema = definition.as_object()?.iter().rev();
    let (_, schema) = schema
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("schema"))?;
    schema.get("properties")?.as_object()
}

struct Walk<'d> {
    document: &'d Value,
    kind: &'d str,
}

impl Walk<'_> {
    fn properties(
        &self,
        properties: &[(String, Value)],
        prefix: &str,
        depth: usize,
        fields: &mut Vec<CrdField>,
    ) -> Result<(), CrdError> {
        if depth == MAX_DEPTH || fields.len() > MAX_FIELDS {
            return Err(CrdError::TooDeep);
        }
        for (name, property) in properties {
            let path = if prefix.is_empty() {
                name.clone()
            } else {
                format!("{prefix}/{name}")
            };
            let text = |extension| property.get(extension).and_then(Value::as_str);
            let mut mark = |path: &str, role| {
                fields.push(CrdField {
                    kind: self.kind.to_owned(),
                    path: path.to_owned(),
                    role,
                });
            };
            if text("x-kubernetes-annotation").is_some() {
                mark(&path, Role::Annotations);
            }
            if text("x-kubernetes-label-selector").is_some() {
                mark(&path, Role::LabelSelector);
            }
            if text("x-kubernetes-identity").is_some() {
                mark(&path, Role::Identity);
            }
            let version = text("x-kubernetes-object-ref-api-version");
            if let (Some(version), Some(kind)) = (version, text("x-kubernetes-object-ref-kind")) {
                let key = text("x-kubernetes-object-ref-name-key").unwrap_or("name");
                let role = Role::Reference {
                    kind: kind.to_owned(),
                    version: version.to_owned(),
                };
                mark(&format!("{path}/{key}"), role);
            }
            let target = text("$ref").and_then(|target| self.document.get(target));
            if let Some(next) = target.and_then(self::properties) {
                self.properties(next, &path, depth + 1, fields)?;
            }
        }
        Ok(())
    }
}
