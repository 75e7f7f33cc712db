//! What is known of the types of objects: whether they have namespaces, and how their lists are merged.
//!
//! The facts about the built-in API are those of the OpenAPI document that the real program carries, in a table that
//! `make` derives from it. A kustomization can name a document of its own, which then takes the table's place
//! (kyaml: openapi/openapi.go).
//!
//! This module knows no files: a document is given to it as text.

mod builtin;
mod crd;
mod custom;

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU8, Ordering},
};

use goyaml::{Value, decode::YamlToJsonError, json};
use thiserror::Error;

use crate::cache::Parse;
use crate::id::Scope;

use self::{
    builtin::Expression,
    custom::{Definition, Document},
};

pub(crate) use crd::CrdFields;
pub(crate) use custom::OpenApi;

pub use crd::{CrdError, CrdField, Role, crd_fields};

/// The types that one build knows.
///
/// As in the real program the first kustomization that names a document or a version settles it for the whole build,
/// from then on. Whether the built-in types stay known beside those of a document depends on whether they were looked
/// at before, so it is recorded.
#[derive(Debug, Default)]
pub struct Schema {
    chosen: OnceLock<Chosen>,
    builtin: AtomicU8,
}

/// What a kustomization's field `openapi` settles.
#[derive(Debug)]
enum Chosen {
    Builtin,
    Document(Document),
}

/// How far the built-in types were in use when a document came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Builtin {
    /// Not at all: the document is all there is.
    Unused,
    /// An unknown type was looked up: the built-in types come on top of the document.
    Pending,
    /// Something was merged: the document comes on top of the built-in types.
    Used,
}

impl Builtin {
    const fn from_bits(bits: u8) -> Self {
        match bits {
            0 => Self::Unused,
            1 => Self::Pending,
            _ => Self::Used,
        }
    }
}

/// The field `openapi` of a kustomization cannot be followed.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum SchemaError {
    /// Both a version and a document are named.
    #[error("builtin version and custom schema provided, cannot use both")]
    VersionAndDocument,
    /// No such version is built in.
    #[error("the specified OpenAPI version is not built in")]
    UnknownVersion,
    /// The document is not JSON.
    #[error("invalid schema file: {0}")]
    Json(#[from] json::ParseError),
    /// The document is not YAML.
    #[error("invalid schema file: {0}")]
    Yaml(#[from] YamlToJsonError),
    /// The document is JSON or YAML, but not an OpenAPI document.
    #[error("invalid schema file: not an OpenAPI document")]
    NotOpenApi,
}

impl SchemaError {
    /// A stable name of the error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::VersionAndDocument => "openapi-version-and-document",
            Self::UnknownVersion => "openapi-version-unknown",
            Self::Json(_) => "openapi-not-json",
            Self::Yaml(_) => "openapi-not-yaml",
            Self::NotOpenApi => "openapi-not-a-document",
        }
    }
}

/// The version of the Kubernetes API whose types are built in.
pub const BUILTIN_VERSION: &str = "v1.21.2";

impl Schema {
    /// Follows the field `openapi` of one kustomization: the version that it names, and the text of the document. Only
    /// the first call that is given either has an effect.
    ///
    /// # Errors
    ///
    /// See [`SchemaError`].
    pub fn set(&self, version: Option<&str>, document: Option<&[u8]>) -> Result<(), SchemaError> {
        let document =
            document.map(|text| || OpenApi::parse(text).map(|parsed| Arc::new(parsed.value)));
        self.set_parsed(version, document)
    }

    /// As [`set`](Self::set), with a document that is parsed if it has an effect.
    pub(crate) fn set_parsed(
        &self,
        version: Option<&str>,
        document: Option<impl FnOnce() -> Result<Arc<OpenApi>, SchemaError>>,
    ) -> Result<(), SchemaError> {
        if self.chosen.get().is_some() {
            return Ok(());
        }
        let chosen = match (version, document) {
            (Some(_), Some(_)) => return Err(SchemaError::VersionAndDocument),
            (None, Some(parse)) => Chosen::Document(Document {
                builtin: Builtin::from_bits(self.builtin.load(Ordering::Relaxed)),
                content: parse()?,
            }),
            (None | Some(""), None) => return Ok(()),
            (Some(BUILTIN_VERSION), None) => Chosen::Builtin,
            (Some(_), None) => return Err(SchemaError::UnknownVersion),
        };
        self.chosen.get_or_init(|| chosen);
        Ok(())
    }

    /// Whether objects of the type are in namespaces.
    pub fn scope(&self, api_version: &str, kind: &str) -> Scope {
        if let Some(scope) = builtin::kind(api_version, kind).and_then(|kind| kind.scope) {
            return scope;
        }
        match self.chosen.get() {
            Some(Chosen::Document(document)) => document.scope(api_version, kind),
            Some(Chosen::Builtin) => Scope::Namespaced,
            None => {
                self.builtin
                    .fetch_max(Builtin::Pending as u8, Ordering::Relaxed);
                Scope::Namespaced
            }
        }
    }

    /// What is known of the fields of a type of objects.
    pub fn object(&self, api_version: &str, kind: &str) -> Option<Type<'_>> {
        let document = self.document();
        let custom = || {
            let definition = document?.object(api_version, kind)?;
            Some(self.custom(definition))
        };
        let builtin = || {
            let kind = builtin::kind(api_version, kind)?;
            let number = kind.definition?;
            // The types of kustomize itself are always known.
            let is_known = document.is_none_or(|document| document.builtin != Builtin::Unused)
                || api_version.starts_with("kustomize.config.k8s.io/");
            is_known.then(|| self.builtin(number))
        };
        match document.map(|document| document.builtin) {
            None | Some(Builtin::Pending) => builtin().or_else(custom),
            Some(Builtin::Unused | Builtin::Used) => custom().or_else(builtin),
        }
    }

    /// The type that a comment beside a field describes, as the package tools of kustomize's family write them.
    pub(crate) fn described<'s>(&'s self, description: &'s Value) -> Type<'s> {
        self.resolved(description)
            .unwrap_or_else(|| self.custom(description))
    }

    /// The document in use. Asking for it is using the built-in types, where there is none.
    fn document(&self) -> Option<&Document> {
        match self.chosen.get() {
            Some(Chosen::Document(document)) => Some(document),
            Some(Chosen::Builtin) | None => {
                self.builtin
                    .fetch_max(Builtin::Used as u8, Ordering::Relaxed);
                None
            }
        }
    }

    fn custom<'s>(&'s self, definition: Definition<'s>) -> Type<'s> {
        Type {
            schema: self,
            form: Form::Custom(definition),
        }
    }

    /// The built-in definition of a number, unless a document has one of the same name on top.
    fn builtin(&self, number: usize) -> Type<'_> {
        let (name, expression) = builtin::definition(number);
        if let Some(document) = self.document()
            && document.builtin == Builtin::Used
            && let Some(definition) = document.definition(name)
        {
            return self.custom(definition);
        }
        self.expression(expression)
    }

    fn expression(&self, expression: Expression) -> Type<'_> {
        match expression.reference() {
            Some(number) => self.builtin(number),
            None => Type {
                schema: self,
                form: Form::Builtin(expression),
            },
        }
    }

    /// The definition that stands at the end of a chain of references; `None` when it leads nowhere.
    fn document_target<'s>(&'s self, mut definition: Definition<'s>) -> Option<Definition<'s>> {
        for _ in 0..custom::MAX_REFERENCES {
            let Some(target) = custom::reference(definition) else {
                return Some(definition);
            };
            definition = self.document()?.target(target)?;
        }
        None
    }

    fn resolved<'s>(&'s self, definition: Definition<'s>) -> Option<Type<'s>> {
        if let Some(found) = self.document_target(definition) {
            return Some(self.custom(found));
        }
        // A reference of a document may lead to a built-in type.
        let name = custom::reference(definition)?.strip_prefix("#/definitions/")?;
        let is_known = self
            .document()
            .is_none_or(|document| document.builtin != Builtin::Unused);
        let number = is_known.then(|| builtin::number(name))??;
        Some(self.builtin(number))
    }
}

/// What is known of a field or object.
#[derive(Clone, Copy, Debug)]
pub struct Type<'s> {
    schema: &'s Schema,
    form: Form<'s>,
}

#[derive(Clone, Copy, Debug)]
enum Form<'s> {
    Builtin(Expression),
    Custom(Definition<'s>),
}

impl<'s> Type<'s> {
    /// What is known of a field; `None` when nothing is.
    pub fn field(self, name: &str) -> Option<Self> {
        match self.form {
            Form::Builtin(expression) => expression
                .field(name)
                .map(|field| self.schema.expression(field)),
            Form::Custom(definition) => {
                custom::field(definition, name).and_then(|field| self.schema.resolved(field))
            }
        }
    }

    /// What is known of the items of a list.
    pub fn items(self) -> Option<Self> {
        match self.form {
            Form::Builtin(expression) => expression
                .items()
                .map(|items| self.schema.expression(items)),
            Form::Custom(definition) => {
                custom::items(definition).and_then(|items| self.schema.resolved(items))
            }
        }
    }

    /// The fields that tell the items of a list apart, for a list whose items are merged; `None` for a list that is
    /// replaced as a whole. A list of scalars that is merged has no such fields.
    pub fn merge_keys(self) -> Option<Vec<&'s str>> {
        match self.form {
            Form::Builtin(expression) => expression.merge_keys(),
            Form::Custom(definition) => custom::merge_keys(definition),
        }
    }
}

#[cfg(test)]
mod tests;
