//! OpenAPI documents that kustomizations bring along.

use std::collections::HashMap;
use std::sync::Arc;

use goyaml::{Value, decode, json};

use super::{Builtin, SchemaError};
use crate::cache::{Parse, Parsed, decoded_size};
use crate::id::Scope;
use crate::limits::LIMITS;

/// How many references may lead from one to the next. The real program follows a circle for ever.
pub(super) const MAX_REFERENCES: usize = 64;

const KIND_EXTENSION: &str = "x-kubernetes-group-version-kind";

/// A definition of a document, or a part of one.
pub(super) type Definition<'s> = &'s Value;

/// A document, with what is looked up in it.
#[derive(Debug)]
pub(super) struct Document {
    /// What is known beside it.
    pub(super) builtin: Builtin,
    pub(super) content: Arc<OpenApi>,
}

/// What a document says.
#[derive(Debug)]
pub(crate) struct OpenApi {
    definitions: HashMap<String, Value>,
    objects: HashMap<TypeName, String>,
    scopes: HashMap<TypeName, Scope>,
}

/// `apiVersion` and `kind`.
type TypeName = (String, String);

impl Parse for OpenApi {
    type Error = SchemaError;

    fn parse(text: &[u8]) -> Result<Parsed<Self>, SchemaError> {
        let document = match text.first() {
            Some(b'{') | None => json::parse(text)?,
            Some(_) => {
                let last = decode::Duplicates::LastWins;
                decode::yaml_to_json(text, last, &LIMITS)?
            }
        };
        let size = decoded_size(&document);
        let Value::Object(members) = document else {
            return Err(SchemaError::NotOpenApi);
        };
        let mut definitions = HashMap::new();
        let mut scopes = HashMap::new();
        for (name, value) in members {
            match (&*name, value) {
                ("definitions", Value::Object(entries)) => {
                    definitions = entries.into_iter().collect()
                }
                ("paths", Value::Object(paths)) => scopes = scopes_of_paths(&paths),
                ("definitions" | "paths", Value::Null) => {}
                ("definitions" | "paths", _) => return Err(SchemaError::NotOpenApi),
                _ => {}
            }
        }
        let mut objects = HashMap::new();
        for (name, definition) in &definitions {
            let kinds = definition.get(KIND_EXTENSION).and_then(Value::as_array);
            for kind in kinds.unwrap_or_default() {
                if let Some(kind) = type_name(kind) {
                    objects.insert(kind, name.clone());
                }
            }
        }
        Ok(Parsed {
            value: Self {
                definitions,
                objects,
                scopes,
            },
            size,
        })
    }
}

impl Document {
    pub(super) fn scope(&self, api_version: &str, kind: &str) -> Scope {
        let name = (api_version.to_owned(), kind.to_owned());
        self.content.scopes.get(&name).copied().unwrap_or_default()
    }

    pub(super) fn object(&self, api_version: &str, kind: &str) -> Option<Definition<'_>> {
        let name = (api_version.to_owned(), kind.to_owned());
        self.definition(self.content.objects.get(&name)?)
    }

    pub(super) fn definition(&self, name: &str) -> Option<Definition<'_>> {
        self.content.definitions.get(name)
    }

    /// What stands at a JSON pointer into the document.
    pub(super) fn target(&self, reference: &str) -> Option<Definition<'_>> {
        let mut names = reference
            .strip_prefix("#/definitions/")?
            .split('/')
            .map(|name| name.replace("~1", "/").replace("~0", "~"));
        let first = self.definition(&names.next()?)?;
        names.try_fold(first, |at, name| match at {
            Value::Array(items) => items.get(name.parse::<usize>().ok()?),
            _ => at.get(&name),
        })
    }
}

/// A type that some path with `{namespace}` leads to is namespaced; one that only others lead to is not.
fn scopes_of_paths(paths: &[(String, Value)]) -> HashMap<TypeName, Scope> {
    let mut scopes = HashMap::new();
    for (path, operations) in paths {
        let kind = operations
            .get("get")
            .and_then(|get| get.get(KIND_EXTENSION))
            .and_then(type_name);
        let Some(kind) = kind else {
            continue;
        };
        if path.contains("namespaces/{namespace}") {
            scopes.insert(kind, Scope::Namespaced);
        } else {
            scopes.entry(kind).or_insert(Scope::Cluster);
        }
    }
    scopes
}

fn type_name(kind: &Value) -> Option<TypeName> {
    let version = kind.get("version")?.as_str()?;
    let name = kind.get("kind")?.as_str()?.to_owned();
    let api_version = match kind.get("group").and_then(Value::as_str) {
        None | Some("") => version.to_owned(),
        Some(group) => format!("{group}/{version}"),
    };
    Some((api_version, name))
}

/// Where a definition refers to.
pub(super) fn reference(definition: Definition<'_>) -> Option<&str> {
    let target = definition.get("$ref")?.as_str()?;
    (!target.is_empty()).then_some(target)
}

pub(super) fn field<'s>(definition: Definition<'s>, name: &str) -> Option<Definition<'s>> {
    let properties = definition.get("properties");
    properties
        .and_then(|properties| properties.get(name))
        .or_else(|| object(definition.get("additionalProperties")?))
}

pub(super) fn items(definition: Definition<'_>) -> Option<Definition<'_>> {
    let is_list = match definition.get("type")? {
        Value::String(name) => name == "array",
        Value::Array(names) => matches!(names.as_slice(), [name] if name.as_str() == Some("array")),
        _ => false,
    };
    if !is_list {
        return None;
    }
    object(definition.get("items")?)
}

pub(super) fn merge_keys(definition: Definition<'_>) -> Option<Vec<&str>> {
    let strategy = definition.get("x-kubernetes-patch-strategy")?.as_str()?;
    if !strategy.split(',').any(|word| word == "merge") {
        return None;
    }
    if let Some(keys) = definition.get("x-kubernetes-list-map-keys") {
        let keys = keys.as_array().unwrap_or_default();
        return Some(keys.iter().filter_map(Value::as_str).collect());
    }
    let key = definition.get("x-kubernetes-patch-merge-key");
    Some(key.and_then(Value::as_str).into_iter().collect())
}

fn object(value: &Value) -> Option<&Value> {
    value.as_object().map(|_| value)
}
