//! Objects as text: JSON values written by `sigs.k8s.io/yaml`, keys sorted, comments gone (api: resmap/reswrangler.go).

use goyaml::{
    Value,
    emit::{self, EmitOptions, Lossy, SequenceIndent},
};
use thiserror::Error;

use crate::id::ResId;
use crate::json::{self as object_json, ValueError};
use crate::resource::Resource;

/// How kustomize's own library writes YAML that it reads again.
pub const KYAML: EmitOptions = EmitOptions {
    indent: 2,
    sequences: SequenceIndent::Compact,
    lossy: Lossy::Keep,
};

/// An object cannot be written.
#[derive(Clone, Debug, Error)]
#[error("{id} cannot be written")]
pub struct OutputError {
    /// The object.
    pub id: Box<ResId<'static>>,
    /// What is wrong with it.
    pub source: ValueError,
}

impl OutputError {
    /// A stable name for the kind of error.
    pub fn reason(&self) -> &'static str {
        self.source.reason()
    }
}

/// The value of an object.
///
/// # Errors
///
/// When it holds what JSON cannot, or names a field twice.
pub fn value(resource: &Resource) -> Result<Value, OutputError> {
    object_json::value(resource.node()).map_err(|source| OutputError {
        id: Box::new(resource.id().into_owned()),
        source,
    })
}

/// The text of objects, with lines of dashes between them.
///
/// # Errors
///
/// When one holds what JSON cannot, or names a field twice.
pub fn yaml(resources: &[Resource]) -> Result<String, OutputError> {
    let mut text = String::new();
    for resource in resources {
        if !text.is_empty() {
            text.push_str("---\n");
        }
        text.push_str(&emit::kubernetes(&value(resource)?));
    }
    Ok(text)
}
