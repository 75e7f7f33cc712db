//! From the bytes of one file to Kubernetes objects, as Argo CD's directory source reads them
//! (argo-cd: `reposerver/repository/repository.go`, `findManifests`).
//!
//! Knows nothing of trees, encryption or printing.

use std::fmt;

use goyaml::decode::{self, DecodeError, Duplicates};
use goyaml::{AliasError, Dialect, Document, Kind, Limits, Node, ParseError, Value};
use memchr::memmem;

use super::resource::{Identity, IdentityError};

/// A file with this text anywhere in it is left alone.
const SKIP_MARKER: &[u8] = b"+argocd:skip-file-rendering";

/// How deep lists may hold lists.
const LIST_DEPTH: usize = 16;

/// What one file holds.
pub enum Manifests {
    /// Objects, lists expanded.
    Objects(Vec<Manifest>),
    /// Something else, which is no error.
    Unrelated(Unrelated),
}

/// One object of a file.
pub struct Manifest {
    /// The object.
    pub object: Value,
    /// Who it is.
    pub identity: Identity,
    /// The line on which it starts, counted from one.
    pub line: u32,
    /// The way to it from the top of the file.
    pub place: Place,
}

/// Where in a file an object stands.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Place {
    /// The document, counted from zero.
    pub document: usize,
    /// For an object of a list, its number among the items, counted from zero; for lists in lists, that of each list on
    /// the way.
    pub items: Vec<usize>,
}

/// Why a file is not read as manifests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unrelated {
    /// It asks to be left alone.
    Marked,
    /// A link to nothing or to a directory, or a special file.
    NoFile,
    /// It is YAML or JSON of some other sort.
    NoManifest,
}

impl fmt::Display for Unrelated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Marked => "it is marked `+argocd:skip-file-rendering`",
            Self::NoFile => "it is no file",
            Self::NoManifest => "it holds no Kubernetes manifest",
        })
    }
}

/// Why the manifests of a file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// Not YAML.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// YAML that Kubernetes does not take.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Aliases that lead nowhere, or to too much.
    #[error(transparent)]
    Alias(#[from] AliasError),
    /// A document that is no object.
    #[error("line {line}: not a Kubernetes object")]
    Object {
        /// Where the document starts.
        line: u32,
        /// What is missing.
        #[source]
        source: IdentityError,
    },
    /// An item of a list that is no object.
    #[error("line {line}: item {item} of the list is not a Kubernetes object")]
    Item {
        /// Where the list starts.
        line: u32,
        /// Which item, counted from zero.
        item: usize,
        /// What is missing.
        #[source]
        source: IdentityError,
    },
    /// Lists in lists in lists.
    #[error("line {line}: lists are nested too deep")]
    ListDepth {
        /// Where the outermost list starts.
        line: u32,
    },
    /// A JSON file with more than one object.
    #[error("more than one object in a JSON file")]
    SeveralInJson,
}

impl ManifestError {
    /// The stable name of the reason.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Parse(error) => error.reason(),
            Self::Decode(error) => error.reason(),
            Self::Alias(error) => error.reason(),
            Self::Object { source, .. } | Self::Item { source, .. } => source.reason(),
            Self::ListDepth { .. } => "list-too-deep",
            Self::SeveralInJson => "several-objects-in-json",
        }
    }
}

/// Whether the bytes can hold a manifest at all; cheap, and true for many files that turn out not to.
///
/// An encrypted file for which this is false need not be opened: sops leaves keys in clear text.
pub fn may_hold_manifests(bytes: &[u8]) -> bool {
    memmem::find(bytes, b"kind").is_some() && !is_marked(bytes)
}

/// Why bytes that cannot hold manifests are passed over.
pub fn unrelated(bytes: &[u8]) -> Unrelated {
    if is_marked(bytes) {
        Unrelated::Marked
    } else {
        Unrelated::NoManifest
    }
}

/// Reads the manifests of a file named `name`.
///
/// # Errors
///
/// When the file looks like manifests and cannot be read as such.
pub fn read(name: &str, bytes: &[u8]) -> Result<Manifests, ManifestError> {
    if is_marked(bytes) {
        return Ok(Manifests::Unrelated(Unrelated::Marked));
    }
    let documents = match goyaml::parse_with(bytes, Dialect::GoYaml2, &Limits::default()) {
        Ok(documents) => documents,
        Err(_) if !looks_like_a_manifest(bytes) => {
            return Ok(Manifests::Unrelated(Unrelated::NoManifest));
        }
        Err(error) => return Err(error.into()),
    };
    if name.ends_with(".json") && documents.len() > 1 {
        return Err(ManifestError::SeveralInJson);
    }
    let mut objects = Vec::new();
    for (index, document) in documents.into_iter().enumerate() {
        match objects_of(document, index, &mut objects) {
            Ok(()) => {}
            Err(_) if objects.is_empty() && !looks_like_a_manifest(bytes) => {
                return Ok(Manifests::Unrelated(Unrelated::NoManifest));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Manifests::Objects(objects))
}

fn objects_of(
    mut document: Document,
    index: usize,
    objects: &mut Vec<Manifest>,
) -> Result<(), ManifestError> {
    document.expand_aliases(&Limits::default())?;
    let value = decode::json_value(&document.root, Duplicates::LastWins)?;
    if matches!(value, Value::Null) {
        return Ok(());
    }
    let place = Place {
        document: index,
        items: Vec::new(),
    };
    expand(value, &document.root, place, objects)
}

/// Adds the object, or the items of a list in its place. A list is what has an array of `items`, whatever its kind
/// (apimachinery: `unstructured.Unstructured.IsList`).
fn expand(
    value: Value,
    node: &Node,
    place: Place,
    objects: &mut Vec<Manifest>,
) -> Result<(), ManifestError> {
    let line = node.position.line;
    match items_of(value) {
        Items::None(object) => {
            let identity =
                Identity::of(&object).map_err(|source| ManifestError::Object { line, source })?;
            objects.push(Manifest {
                object,
                identity,
                line,
                place,
            });
        }
        Items::List { kind, items } => {
            if place.items.len() == LIST_DEPTH {
                return Err(ManifestError::ListDepth { line });
            }
            let nodes = node_items(node);
            for (index, mut item) in items.into_iter().enumerate() {
                let node = nodes.get(index).unwrap_or(node);
                if let Some(kind) = &kind {
                    kind.complete(&mut item);
                }
                let mut place = place.clone();
                place.items.push(index);
                expand(item, node, place, objects).map_err(|error| match error {
                    ManifestError::Object { source, .. } => ManifestError::Item {
                        line: node.position.line,
                        item: index,
                        source,
                    },
                    other => other,
                })?;
            }
        }
    }
    Ok(())
}

enum Items {
    /// Not a list: the object itself.
    None(Value),
    List {
        kind: Option<ItemKind>,
        items: Vec<Value>,
    },
}

/// What the items of a typed list are (`ConfigMapList`), for those that do not say so themselves.
struct ItemKind {
    api_version: String,
    kind: String,
}

impl ItemKind {
    fn complete(&self, item: &mut Value) {
        if let Value::Object(entries) = item
            && !entries
                .iter()
                .any(|(key, _)| key == "kind" || key == "apiVersion")
        {
            entries.insert(0, ("kind".to_owned(), Value::String(self.kind.clone())));
            entries.insert(
                0,
                (
                    "apiVersion".to_owned(),
                    Value::String(self.api_version.clone()),
                ),
            );
        }
    }
}

fn items_of(value: Value) -> Items {
    let Value::Object(mut entries) = value else {
        return Items::None(value);
    };
    let Some(at) = entries
        .iter()
        .position(|(key, value)| key == "items" && is_list(value))
    else {
        return Items::None(Value::Object(entries));
    };
    let (_, items) = entries.swap_remove(at);
    let list = Value::Object(entries);
    let text = |key| list.get(key).and_then(Value::as_str);
    let kind = text("kind")
        .and_then(|kind| kind.strip_suffix("List"))
        .filter(|kind| !kind.is_empty())
        .zip(text("apiVersion"))
        .map(|(kind, api_version)| ItemKind {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
        });
    let items = match items {
        Value::Array(items) => items,
        // `items: null` is an empty list.
        _ => Vec::new(),
    };
    Items::List { kind, items }
}

const fn is_list(items: &Value) -> bool {
    matches!(items, Value::Array(_) | Value::Null)
}

/// The nodes of a list's items, for their lines.
fn node_items(list: &Node) -> &[Node] {
    if list.kind != Kind::Mapping {
        return &[];
    }
    list.content
        .chunks_exact(2)
        .find(|pair| pair[0].value == "items" && pair[1].kind == Kind::Sequence)
        .map_or(&[], |pair| &pair[1].content)
}

fn is_marked(bytes: &[u8]) -> bool {
    memmem::find(bytes, SKIP_MARKER).is_some()
}

/// Argo CD's test for a file that was meant as a manifest (`getObjsFromYAMLOrJSON`), with JSON's quotes allowed.
fn looks_like_a_manifest(bytes: &[u8]) -> bool {
    ["apiVersion", "kind", "metadata"].iter().all(|key| {
        memmem::find_iter(bytes, key).any(|at| {
            let rest = &bytes[at + key.len()..];
            rest.starts_with(b":") || rest.starts_with(b"\":")
        })
    })
}
