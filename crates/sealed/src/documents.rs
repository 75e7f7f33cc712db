//! Text to documents: YAML or JSON.

use goyaml::{Dialect, Document, Kind, Limits, Node, Tag};
use thiserror::Error;

use crate::fields;

/// Why a text is not YAML that can be read.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum YamlError {
    /// It is malformed or over a limit.
    #[error(transparent)]
    Syntax(#[from] goyaml::ParseError),
    /// An alias stands for nothing, for itself, or for too much.
    #[error(transparent)]
    Alias(#[from] goyaml::AliasError),
}

/// The top nodes of the documents that hold something, without aliases.
pub(crate) fn read(text: &[u8]) -> Result<Vec<Node>, YamlError> {
    let documents = match goyaml::parse_with(text, Dialect::GoYaml2, &limits()) {
        Ok(documents) => documents,
        // JSON is YAML but for some escapes: YAML reads it with its lines, and this the rest.
        Err(error) => {
            return match goyaml::json::parse(text) {
                Ok(value) => Ok(vec![fields::node_of(value)]),
                Err(_) => Err(error.into()),
            };
        }
    };
    let mut nodes = Vec::with_capacity(documents.len());
    for document in documents {
        let node = expanded(document)?;
        let empty = node.kind == Kind::Scalar && node.tag == Tag::Null;
        if !empty {
            nodes.push(node);
        }
    }
    Ok(nodes)
}

/// The top node of `document`, with every alias replaced by what it stands for.
pub(crate) fn expanded(mut document: Document) -> Result<Node, YamlError> {
    document.expand_aliases(&limits())?;
    Ok(document.root)
}

/// No manifest is nested deeper, and etcd holds no object above 1.5 MiB; a file has many of them.
fn limits() -> Limits {
    Limits {
        depth: 200,
        expansion: 1_000_000,
        size: 64 << 20,
    }
}
