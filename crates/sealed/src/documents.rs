//! Text to documents: YAML or JSON.

use goyaml::{Dialect, Kind, Limits, Node, Tag};
use thiserror::Error;

use crate::fields::{self, FieldError};

/// Why a text could not be read.
#[derive(Clone, Debug, Error)]
pub(crate) enum ReadError {
    #[error("not valid YAML: {0}")]
    Yaml(#[source] goyaml::ParseError),
    #[error(transparent)]
    Field(#[from] FieldError),
}

/// The top nodes of the documents that hold something, without aliases.
pub(crate) fn read(text: &[u8]) -> Result<Vec<Node>, ReadError> {
    let documents = match goyaml::parse_with(text, Dialect::GoYaml2, &limits()) {
        Ok(documents) => documents,
        // JSON is YAML but for some escapes: YAML reads it with its lines, and this the rest.
        Err(error) => {
            return match goyaml::json::parse(text) {
                Ok(value) => Ok(vec![fields::node_of(value)]),
                Err(_) => Err(ReadError::Yaml(error)),
            };
        }
    };
    let mut nodes = Vec::with_capacity(documents.len());
    for document in documents {
        let node = fields::expanded(document)?;
        let empty = node.kind == Kind::Scalar && node.tag == Tag::Null;
        if !empty {
            nodes.push(node);
        }
    }
    Ok(nodes)
}

/// No manifest is nested deeper, and etcd holds no object above 1.5 MiB; a file has many of them.
fn limits() -> Limits {
    Limits {
        depth: 200,
        expansion: 1_000_000,
        size: 64 << 20,
    }
}
