//! Objects out of the text of a file (kyaml: kio/byteio_reader.go, rnode.go; api: resource/factory.go).

use std::borrow::Cow;
use std::sync::Arc;

use goyaml::{
    AliasError, Dialect, Document, Kind, Node, ParseError, Tag, Value, decode::DecodeError, json,
    parse_first,
};
use memchr::memmem;
use thiserror::Error;

use crate::cache::{Parse, Parsed};
use crate::json as object_json;
use crate::limits::LIMITS;
use crate::node::{self, is_empty};
use crate::resource::Resource;
use crate::schema::Schema;

/// A text holds no objects.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// A document is not YAML.
    #[error("malformed YAML in document {document}")]
    Parse {
        /// Which one, counted from one.
        document: usize,
        /// What is wrong.
        source: ParseError,
    },
    /// Something stands behind `---`.
    #[error("invalid document separator before document {document}")]
    Separator {
        /// Which document, counted from one.
        document: usize,
    },
    /// An alias cannot be replaced.
    #[error("document {document}: an alias cannot be replaced")]
    Alias {
        /// Which document, counted from one.
        document: usize,
        /// What is wrong.
        source: AliasError,
    },
    /// The value of `<<` cannot be merged.
    #[error(
        "line {line}: map merge requires a mapping, a list of mappings, or aliases of such, once per mapping"
    )]
    Merge {
        /// Where it is in its document.
        line: u32,
    },
    /// An object has neither type nor metadata.
    #[error("missing resource metadata in the object at line {line}")]
    NoMetadata {
        /// Where it is in its document.
        line: u32,
    },
    /// An object has no kind.
    #[error("missing kind in the object at line {line}")]
    NoKind {
        /// Where it is in its document.
        line: u32,
    },
    /// An object has no name.
    #[error("missing metadata.name in the {kind} at line {line}")]
    NoName {
        /// The kind of the object.
        kind: String,
        /// Where it is in its document.
        line: u32,
    },
    /// The items of a list are no list.
    #[error("expected a list in {kind}/items")]
    Items {
        /// The kind of the list.
        kind: String,
    },
    /// A list cannot be taken apart.
    #[error("trouble expanding list of {kind}")]
    List {
        /// The kind of the list.
        kind: String,
        /// What is wrong.
        source: DecodeError,
    },
    /// Lists in lists, too many.
    #[error("lists are nested too deeply")]
    TooDeep,
}

impl ManifestError {
    /// A stable name for the kind of error.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Parse { source, .. } => source.reason(),
            Self::Separator { .. } => "yaml-document-separator",
            Self::Alias { source, .. } => source.reason(),
            Self::Merge { .. } => "yaml-invalid-merge",
            Self::NoMetadata { .. } => "object-without-metadata",
            Self::NoKind { .. } => "object-without-kind",
            Self::NoName { .. } => "object-without-name",
            Self::Items { .. } => "list-without-items",
            Self::List { source, .. } => source.reason(),
            Self::TooDeep => "lists-too-deep",
        }
    }
}

/// The objects that a text holds, lists taken apart. The line of each is the one in the text where it starts.
pub(crate) fn objects(text: &[u8]) -> Result<Vec<(Node, u32)>, ManifestError> {
    let nodes = kept(documents(text)?)?;
    expand_lists(nodes)
}

/// The objects of a file, as [`objects`] reads them.
#[derive(Clone, Debug)]
pub(crate) struct Objects(pub(crate) Vec<(Node, u32)>);

impl Objects {
    /// The objects without their lines.
    pub(crate) fn into_nodes(self) -> Vec<Node> {
        self.0.into_iter().map(|(node, _)| node).collect()
    }
}

impl Parse for Objects {
    type Error = ManifestError;

    fn parse(text: &[u8]) -> Result<Parsed<Self>, ManifestError> {
        let objects = objects(text)?;
        let size = objects.iter().map(|(node, _)| node::size(node)).sum();
        Ok(Parsed {
            value: Self(objects),
            size,
        })
    }
}

/// As [`objects`], as resources.
pub(crate) fn resources(
    text: &[u8],
    schema: &Arc<Schema>,
) -> Result<Vec<(Resource, u32)>, ManifestError> {
    let objects = objects(text)?;
    Ok(objects
        .into_iter()
        .map(|(node, line)| (Resource::new(node, Arc::clone(schema)), line))
        .collect())
}

/// Checks that an object has kind and name.
pub(crate) fn check_metadata(node: &Node) -> Result<(), ManifestError> {
    let line = node.position.line;
    let field = |node: &'_ Node, name| -> Option<String> {
        let value = node.get(name)?;
        (!is_empty(value)).then(|| value.value.clone())
    };
    let kind = field(node, "kind");
    let metadata = node.get("metadata").filter(|metadata| !is_empty(metadata));
    let says_something = kind.is_some()
        || field(node, "apiVersion").is_some()
        || metadata.is_some_and(|metadata| {
            ["name", "namespace", "labels", "annotations"]
                .iter()
                .any(|name| field(metadata, name).is_some())
        });
    if !says_something {
        return Err(ManifestError::NoMetadata { line });
    }
    let kind = kind.unwrap_or_default();
    if kind.is_empty() {
        return Err(ManifestError::NoKind { line });
    }
    if kind.ends_with("List") {
        return Ok(());
    }
    let name = metadata.and_then(|metadata| field(metadata, "name"));
    match name {
        Some(name) if !name.is_empty() => Ok(()),
        _ => Err(ManifestError::NoName { kind, line }),
    }
}

/// The documents of a text with the lines where they start.
fn documents(text: &[u8]) -> Result<Vec<(Node, u32)>, ManifestError> {
    let text = unix_lines(text);
    let parts = split(&text)?;
    let alone = parts.len() == 1;
    let mut nodes = Vec::with_capacity(parts.len());
    for (number, (part, first_line)) in parts.into_iter().enumerate() {
        let document = number + 1;
        let limits = LIMITS;
        let parsed = parse_first(part, Dialect::GoYaml3, &limits)
            .map_err(|source| ManifestError::Parse { document, source })?;
        let Some(mut parsed) = parsed else { continue };
        if parsed.root.is_null() {
            continue;
        }
        let items = alone && is_wrapper(&parsed.root);
        replace_aliases(&mut parsed, &limits, document)?;
        let root = parsed.root;
        if items {
            nodes.extend(list_items(root).into_iter().map(|item| {
                let line = first_line + item.position.line;
                (item, line)
            }));
        } else {
            let line = first_line + root.position.line;
            nodes.push((root, line));
        }
    }
    Ok(nodes)
}

fn list_items(mut list: Node) -> Vec<Node> {
    list.remove("items")
        .map_or_else(Vec::new, |items| items.content)
}

/// Whether a text's only document is a list whose items stand for it.
fn is_wrapper(node: &Node) -> bool {
    let kind = node.get("kind").map_or("", |kind| &kind.value);
    matches!(kind, "List" | "ResourceList")
        && (node.get("items").is_some() || node.get("functionConfig").is_some())
}

fn unix_lines(text: &[u8]) -> Cow<'_, [u8]> {
    let mut found = memmem::find_iter(text, b"\r\n").peekable();
    if found.peek().is_none() {
        return Cow::Borrowed(text);
    }
    let mut unix = Vec::with_capacity(text.len());
    let mut from = 0;
    for at in found {
        unix.extend_from_slice(&text[from..at]);
        from = at + 1;
    }
    unix.extend_from_slice(&text[from..]);
    Cow::Owned(unix)
}

/// The parts between lines that start with `---`, each with its last line break, and how many lines are before it. A
/// line that ends a document cannot start the next one too.
fn split(text: &[u8]) -> Result<Vec<(&[u8], u32)>, ManifestError> {
    let mut parts = Vec::new();
    if text.is_empty() {
        return Ok(parts);
    }
    let mut start = 0;
    let mut line = 0;
    let mut search = 0;
    let finder = memmem::Finder::new(b"\n---");
    while let Some(found) = finder.find(&text[search..]) {
        let at = search + found;
        let Some(length) = memchr::memchr(b'\n', &text[at + 1..]) else {
            break;
        };
        let end = at + 1 + length;
        let behind = text[at + 4..end].trim_ascii();
        if behind.first().is_some_and(|first| *first != b'#') {
            return Err(ManifestError::Separator {
                document: parts.len() + 2,
            });
        }
        let part = &text[start..=at];
        parts.push((part, line));
        line += count_lines(part) + 1;
        start = end + 1;
        search = start;
    }
    parts.push((&text[start..], line));
    Ok(parts)
}

fn count_lines(text: &[u8]) -> u32 {
    u32::try_from(memchr::memchr_iter(b'\n', text).count()).unwrap_or(u32::MAX)
}

/// Puts copies in the place of aliases, and of merge keys what they stand for.
fn replace_aliases(
    document: &mut Document,
    limits: &goyaml::Limits,
    number: usize,
) -> Result<(), ManifestError> {
    let mut found = Special::default();
    look_for_special(&document.root, &mut found);
    if found.aliases {
        document
            .expand_aliases(limits)
            .map_err(|source| ManifestError::Alias {
                document: number,
                source,
            })?;
    }
    if found.merges {
        merge_keys(&mut document.root)?;
    }
    Ok(())
}

/// What must be replaced in a document.
#[derive(Default)]
struct Special {
    aliases: bool,
    merges: bool,
}

fn look_for_special(root: &Node, found: &mut Special) {
    let mut rest = vec![root];
    while let Some(node) = rest.pop() {
        found.aliases |= node.kind == Kind::Alias || node.anchor.is_some();
        found.merges |= node.tag == Tag::Merge;
        rest.extend(node.content.iter().filter(|child| {
            !child.content.is_empty()
                || child.kind == Kind::Alias
                || child.anchor.is_some()
                || child.tag == Tag::Merge
        }));
    }
}

/// Replaces merge keys, outer ones first: a mapping's own entries stay before those that are merged in, later sources
/// of a list give way to earlier ones (kyaml: rnode.go `deAnchor`).
fn merge_keys(node: &mut Node) -> Result<(), ManifestError> {
    if node.kind == Kind::Mapping {
        merge_into(node)?;
    }
    node.content.iter_mut().try_for_each(merge_keys)
}

fn merge_into(node: &mut Node) -> Result<(), ManifestError> {
    let mut places = (0..node.content.len())
        .step_by(2)
        .filter(|place| node.content[*place].tag == Tag::Merge);
    let Some(place) = places.next() else {
        return Ok(());
    };
    let line = node.content[place].position.line;
    if places.next().is_some() {
        return Err(ManifestError::Merge { line });
    }
    let merged = node.content.drain(place..place + 2).next_back();
    let merged = merged.unwrap_or_default();
    let sources = match merged.kind {
        Kind::Mapping => vec![merged],
        Kind::Sequence => merged.content,
        Kind::Alias | Kind::Scalar => return Err(ManifestError::Merge { line }),
    };
    for mut source in sources {
        merge_keys(&mut source)?;
        if source.kind != Kind::Mapping {
            return Err(ManifestError::Merge { line });
        }
        let mut content = source.content.into_iter();
        while let (Some(key), Some(value)) = (content.next(), content.next()) {
            if node.get(&key.value).is_some() {
                continue;
            }
            node.push_entry(key, value);
        }
    }
    Ok(())
}

fn kept(nodes: Vec<(Node, u32)>) -> Result<Vec<(Node, u32)>, ManifestError> {
    let mut kept = Vec::with_capacity(nodes.len());
    for (node, line) in nodes {
        if is_empty(&node) {
            continue;
        }
        check_metadata(&node)?;
        kept.push((node, line));
    }
    Ok(kept)
}

/// Puts the items of lists of any kind behind the other objects.
fn expand_lists(nodes: Vec<(Node, u32)>) -> Result<Vec<(Node, u32)>, ManifestError> {
    const ROUNDS: usize = 100;
    let mut objects = Vec::with_capacity(nodes.len());
    let mut round = nodes;
    for _ in 0..ROUNDS {
        let mut next = Vec::new();
        for (node, line) in round {
            let kind = node.get("kind").map_or("", |kind| &kind.value);
            if !kind.ends_with("List") {
                objects.push((node, line));
                continue;
            }
            let kind = kind.to_owned();
            let Some(items) = node.get("items") else {
                objects.push((node, line));
                continue;
            };
            let value = object_json::decoded(items).map_err(|source| ManifestError::List {
                kind: kind.clone(),
                source,
            })?;
            let items = match value {
                Value::Array(items) => items,
                Value::Null => continue,
                _ => return Err(ManifestError::Items { kind }),
            };
            for item in items {
                next.extend(item_objects(&item, line)?);
            }
        }
        if next.is_empty() {
            return Ok(objects);
        }
        round = next;
    }
    Err(ManifestError::TooDeep)
}

/// An item of a list goes through JSON.
fn item_objects(item: &Value, line: u32) -> Result<Vec<(Node, u32)>, ManifestError> {
    let text = json::to_string(item).unwrap_or_default();
    let nodes = kept(documents(text.as_bytes())?)?;
    Ok(nodes.into_iter().map(|(node, _)| (node, line)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn names(text: &str) -> Vec<(String, u32)> {
        let objects = objects(text.as_bytes()).unwrap();
        objects
            .into_iter()
            .map(|(node, line)| (Resource::new(node, Arc::default()).name().to_owned(), line))
            .collect()
    }

    #[track_caller]
    fn expect(text: &str, expected: &[(&str, u32)]) {
        let expected: Vec<(String, u32)> = expected
            .iter()
            .map(|(name, line)| ((*name).to_owned(), *line))
            .collect();
        assert_eq!(names(text), expected);
    }

    #[test]
    fn documents_are_split_at_lines_of_dashes() {
        expect(
            "kind: A\nmetadata: {name: a}\n---\n# only a comment\n---   # here\nkind: A\nmetadata: {name: b}\n",
            &[("a", 1), ("b", 6)],
        );
        expect("---\nkind: A\r\nmetadata: {name: a}\r\n", &[("a", 2)]);
        expect("", &[]);
        expect("kind: A\nmetadata: {name: a}\n---", &[("a", 1)]);
    }

    #[test]
    fn a_lone_list_stands_for_its_items() {
        expect(
            "kind: List\nitems:\n- kind: A\n  metadata: {name: a}\n- kind: A\n  metadata: {name: b}\n",
            &[("a", 3), ("b", 5)],
        );
    }

    #[test]
    fn items_of_other_lists_come_behind_all_else() {
        expect(
            "kind: AList\nitems:\n- kind: A\n  metadata: {name: a}\n---\nkind: B\nmetadata: {name: b}\n",
            &[("b", 6), ("a", 1)],
        );
        expect("kind: AList\nitems:\n", &[]);
        expect("kind: AList\nmetadata: {name: x}\n", &[("x", 1)]);
    }

    #[test]
    fn aliases_and_merge_keys_are_replaced() {
        let text = "kind: A\nmetadata: {name: a}\nx: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\nz: {<<: [{a: 5}, *x]}\n";
        let node = objects(text.as_bytes()).unwrap().remove(0).0;
        let entries = |field| -> Vec<(String, String)> {
            let entries = node.get(field).unwrap().entries();
            entries
                .map(|(key, value)| (key.value.clone(), value.value.clone()))
                .collect()
        };
        let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect()
        };
        assert_eq!(entries("y"), pairs(&[("b", "3"), ("a", "1")]));
        assert_eq!(entries("z"), pairs(&[("a", "5"), ("b", "2")]));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for (text, reason) in [
            ("a: b", "object-without-metadata"),
            ("- a", "object-without-metadata"),
            ("text", "object-without-metadata"),
            ("metadata: {name: a}", "object-without-kind"),
            ("kind: A", "object-without-name"),
            ("kind: A\nmetadata: {name: {}}", "object-without-name"),
            ("kind: A\n--- x\nkind: B\n", "yaml-document-separator"),
            ("kind: AList\nitems: 3\n", "list-without-items"),
            (
                "kind: A\nmetadata: {name: a}\nx: {<<: 3}\n",
                "yaml-invalid-merge",
            ),
            ("kind: A\nx: *y\n", "unknown-anchor"),
        ] {
            let error = objects(text.as_bytes()).unwrap_err();
            assert_eq!(error.reason(), reason, "{text}");
        }
    }
}
