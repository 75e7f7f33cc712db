//! Comments, as far as they have a meaning to a merge.
//!
//! A comment that is a JSON object is read as an OpenAPI definition and tells how the field beside it is merged. The
//! package tools that share kustomize's library write such comments to mark fields that they set (kyaml: fieldmeta).

use goyaml::{Comments, Node, Value, json};

/// What the comments of the first node that has such a comment say. A null has none.
pub(super) fn described(nodes: &[Option<&Node>]) -> Option<Value> {
    let present = nodes.iter().flatten().filter(|node| !node.is_null());
    present
        .filter_map(|node| node.comments.as_deref())
        .find_map(definition)
}

/// What the comment of a field's name says of the field.
pub(super) fn of_key(key: &Node) -> Option<Value> {
    definition(key.comments.as_deref()?)
}

/// Gives `to` the comments of `from` where it has any.
pub(super) fn copy(from: &Node, to: &mut Node) {
    let Some(comments) = from.comments.as_deref() else {
        return;
    };
    let own = to.comments.get_or_insert_default();
    let parts = [
        (&comments.head, &mut own.head),
        (&comments.line, &mut own.line),
        (&comments.foot, &mut own.foot),
    ];
    for (from, to) in parts {
        if !from.is_empty() {
            to.clone_from(from);
        }
    }
}

/// The first comment that is there counts.
fn definition(comments: &Comments) -> Option<Value> {
    let text = [&comments.line, &comments.head]
        .into_iter()
        .find(|text| !text.is_empty())?;
    let text = text.trim_start_matches('#').trim_ascii();
    if !text.starts_with('{') {
        return None;
    }
    let value = json::parse(text.as_bytes()).ok()?;
    let entries = value.as_object()?;
    // The short form of a setter, which leads nowhere here: the field then is known to be nothing in particular.
    let is_definition = entries
        .iter()
        .any(|(name, _)| DEFINITION.contains(&&**name) || name.starts_with("x-"));
    is_definition.then_some(value)
}

const DEFINITION: &[&str] = &[
    "$openapi",
    "$ref",
    "additionalProperties",
    "description",
    "format",
    "items",
    "properties",
    "type",
];
