//! Replacements inside texts that hold JSON or YAML, as ConfigMaps often do (api: filters/replacement/replacement.go).

use std::borrow::Cow;

use goyaml::{
    Dialect, Document, Kind, Node,
    decode::{self, Duplicates},
    emit,
    json::{self, Escape, KeyOrder, Layout},
    parse_first,
};

use super::path::{self, PathError};
use crate::budget::{Budget, OverBudget};
use crate::limits::LIMITS;
use crate::node::size;
use crate::output::KYAML;
use crate::sharing;

/// Whether a replacement was made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    /// It was.
    Replaced,
    /// The path does not lead into a text, or not to a field of what the text holds.
    NotApplicable,
}

/// Replaces what a path leads to in the text of a field on its way. Text that was JSON stays JSON.
pub(super) fn replace(
    root: &mut Node,
    parts: &[Cow<'_, str>],
    create: Option<Kind>,
    value: &Node,
    budget: &Budget,
) -> Result<Outcome, OverBudget> {
    let Some((field, rest)) = text_field(root, parts) else {
        return Ok(Outcome::NotApplicable);
    };
    // The text is read, and written anew.
    budget.spend(field.value.len())?;
    let Some(mut document) = parse(&field.value) else {
        return Ok(Outcome::NotApplicable);
    };
    let mut copied = 0_usize;
    let count = path::visit(&mut document.root, rest, create, &mut |node| {
        if node.kind == Kind::Scalar {
            copied = copied.saturating_add(value.value.len());
            super::set_text_of(node, &value.value);
        } else {
            copied = copied.saturating_add(size(value));
            *node = value.clone();
        }
        Ok::<(), PathError>(())
    });
    budget.spend(copied)?;
    if !matches!(count, Ok(1..)) {
        return Ok(Outcome::NotApplicable);
    }
    let text = match field.value.trim_start().as_bytes() {
        [b'{' | b'[', ..] => as_json(&document.root, &field.value),
        _ => as_yaml(document),
    };
    let Some(text) = text else {
        return Ok(Outcome::NotApplicable);
    };
    field.value = text;
    sharing::touch(field);
    Ok(Outcome::Replaced)
}

/// The first field on the way whose text is YAML, and the rest of the way.
fn text_field<'n, 'p>(
    root: &'n mut Node,
    parts: &'p [Cow<'p, str>],
) -> Option<(&'n mut Node, &'p [Cow<'p, str>])> {
    let length = (1..parts.len()).find(|length| {
        let field = path::lookup(root, &parts[..*length]);
        matches!(field, Ok(Some(field)) if field.kind == Kind::Scalar && is_yaml(&field.value))
    })?;
    let field = path::lookup_mut(root, &parts[..length]).ok()??;
    Some((field, &parts[length..]))
}

fn is_yaml(text: &str) -> bool {
    parse_first(text.as_bytes(), Dialect::GoYaml3, &LIMITS).is_ok()
}

fn parse(text: &str) -> Option<Document> {
    parse_first(text.as_bytes(), Dialect::GoYaml3, &LIMITS).ok()?
}

/// Indented where the old text looks as if it was.
fn as_json(root: &Node, old: &str) -> Option<String> {
    let value = decode::value(root, Dialect::GoYaml3, Duplicates::Refuse).ok()?;
    let layout = if old.contains('\n') && old.contains("  ") {
        Layout::Indented("  ")
    } else {
        Layout::Compact
    };
    let mut text = String::new();
    json::write(&mut text, &value, layout, KeyOrder::Sorted, Escape::Html).ok()?;
    Some(text)
}

fn as_yaml(document: Document) -> Option<String> {
    let text = emit::documents(&[document], &KYAML).ok()?;
    Some(text.trim().to_owned())
}
