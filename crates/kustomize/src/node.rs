//! Fields of objects, set and looked up as kustomize does it.
//!
//! kustomize's own library keeps the style of a field that it overwrites, takes a null for a wish to remove, and
//! leaves a null alone where it would have to create something in it (kyaml: fns.go, rnode.go). Output is written from
//! the types of the scalars and not from their style, so what matters of these rules is which type a value ends up with.

use goyaml::{
    Comments, Document, Form, Kind, Node, Position, Style, Tag, parse_first,
    resolve::{Dialect, plain_tag},
};
use thiserror::Error;

use crate::limits::LIMITS;
use crate::sharing::{UNTYPED, assign};

/// A field was expected to hold something else than it does.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("expected a {} and found a {}", name(*.expected), name(*.found))]
pub struct KindError {
    /// What was needed.
    pub expected: Kind,
    /// What is there.
    pub found: Kind,
    /// Where it was read; zero for what the build made.
    pub position: Position,
}

impl KindError {
    /// A stable name of the error.
    pub const fn reason(&self) -> &'static str {
        "wrong-kind-of-field"
    }
}

const fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Alias => "alias",
        Kind::Mapping => "mapping",
        Kind::Scalar => "scalar",
        Kind::Sequence => "list",
    }
}

/// Checks what a node is. A null passes as anything.
///
/// # Errors
///
/// When it is of another kind.
pub fn expect_kind(node: &Node, expected: Kind) -> Result<(), KindError> {
    if node.is_null() || node.kind == expected {
        return Ok(());
    }
    Err(KindError {
        expected,
        found: node.kind,
        position: node.position,
    })
}

/// About how many bytes a tree takes in memory.
pub fn size(root: &Node) -> usize {
    let mut size = own_size(root);
    let mut rest = vec![root];
    while let Some(node) = rest.pop() {
        for child in &node.content {
            size += own_size(child);
            if !child.content.is_empty() {
                rest.push(child);
            }
        }
    }
    size
}

/// About how many bytes a node takes without its content.
fn own_size(node: &Node) -> usize {
    let anchor = node.anchor.as_ref().map_or(0, |anchor| anchor.len());
    let comments = node.comments.as_ref().map_or(0, |comments| {
        let text = comments.head.len() + comments.line.len() + comments.foot.len();
        size_of::<Comments>() + text
    });
    size_of::<Node>() + node.value.len() + anchor + comments
}

/// Whether a node says nothing: a null, an empty mapping or an empty list.
pub fn is_empty(node: &Node) -> bool {
    node.is_null() || matches!(node.kind, Kind::Mapping | Kind::Sequence) && node.content.is_empty()
}

/// The field at the end of a path; what is missing is created as mappings. `None` where a null is in the way.
///
/// # Errors
///
/// When something on the way is not a mapping.
pub fn lookup_or_create<'n>(
    node: &'n mut Node,
    path: &[&str],
) -> Result<Option<&'n mut Node>, KindError> {
    let mut at = node;
    for field in path {
        expect_kind(at, Kind::Mapping)?;
        if at.is_null() {
            return Ok(None);
        }
        let position = at.position_of(field).unwrap_or_else(|| {
            at.push_entry(key(field), Node::mapping());
            at.content.len() - 1
        });
        at = &mut at.content[position];
    }
    Ok(Some(at))
}

/// Sets a field of a mapping. A field that is there keeps its style; a null removes it. In a null nothing is set.
///
/// # Errors
///
/// When `node` is not a mapping.
pub fn set_field(node: &mut Node, field: &str, mut value: Node) -> Result<(), KindError> {
    expect_kind(node, Kind::Mapping)?;
    if value.is_null() {
        node.remove(field);
        return Ok(());
    }
    if node.is_null() {
        return Ok(());
    }
    let quoted = value.tag == Tag::Str
        && value.kind == Kind::Scalar
        && value.style.form == Form::Any
        && is_old_non_string(&value.value);
    if quoted {
        value.style.form = Form::DoubleQuoted;
    }
    match node.get_mut(field) {
        Some(present) => {
            value.style = present.style;
            assign(present, value);
        }
        None => node.push_entry(key(field), value),
    }
    Ok(())
}

/// Puts quotes around a string that YAML 1.1 reads as something else. They decide what becomes of a value that is put in
/// its place later.
pub fn protect(value: &mut Node) {
    if value.tag == Tag::Str
        && value.kind == Kind::Scalar
        && value.style == Style::default()
        && is_old_non_string(&value.value)
    {
        value.style.form = Form::DoubleQuoted;
    }
}

/// Gives a value the style of the one that it takes the place of. What was a number or a boolean is a string with
/// quotes around it, unless its tag is written out.
pub fn adapt(value: &mut Node, style: Style) {
    value.style = style;
    if value.kind != Kind::Scalar || style.tagged || value.tag == Tag::Str {
        return;
    }
    match style.form {
        Form::DoubleQuoted | Form::Folded | Form::Literal | Form::SingleQuoted => {
            if plain_tag(&value.value, Dialect::GoYaml3) == value.tag {
                value.tag = Tag::Str;
            }
        }
        Form::Any | Form::Flow => {}
    }
}

/// Sets a field of a mapping to a text without a type of its own: where the field was written without quotes, it gets
/// the type that the text has there. In a null nothing is set.
///
/// # Errors
///
/// When `node` is not a mapping.
pub fn set_text(node: &mut Node, field: &str, text: &str) -> Result<(), KindError> {
    expect_kind(node, Kind::Mapping)?;
    if node.is_null() {
        return Ok(());
    }
    match node.get_mut(field) {
        Some(present) => assign(present, untyped(text, present.style)),
        None => {
            let form = if is_old_non_string(text) {
                Form::DoubleQuoted
            } else {
                Form::Any
            };
            let style = Style {
                form,
                tagged: false,
            };
            node.push_entry(key(field), untyped(text, style));
        }
    }
    Ok(())
}

/// The key of a new entry: a scalar without a tag. A key that reads as something else than a string is none, and no
/// object that has one can be written.
pub fn key(name: &str) -> Node {
    match name {
        "" => Node::string(""),
        name => Node::plain(name),
    }
}

/// A scalar without a tag in the style of another.
pub fn untyped(text: &str, style: Style) -> Node {
    let tag = match style.form {
        Form::Any | Form::Flow => plain_tag(text, Dialect::GoYaml3),
        Form::DoubleQuoted | Form::Folded | Form::Literal | Form::SingleQuoted => Tag::Str,
    };
    Node {
        tag,
        style: Style {
            form: style.form,
            tagged: false,
        },
        value: text.to_owned(),
        position: UNTYPED,
        ..Node::default()
    }
}

/// Whether the text, read as a YAML 1.1 document, is something else than a string (kyaml: compatibility.go). One that
/// cannot be read is none of these, and timestamps and merge keys are strings to that parser.
pub fn is_old_non_string(text: &str) -> bool {
    if text.is_empty() || text.contains('\n') {
        return false;
    }
    // Nearly all texts are plain scalars, which need no parser.
    let may_be_plain =
        |first: &u8| first.is_ascii_alphanumeric() || matches!(first, b'/' | b'_' | b'.');
    let is_more = [": ", ":\t", " #", "\t#"]
        .iter()
        .any(|sign| text.contains(sign));
    if text.as_bytes().first().is_some_and(may_be_plain) && !is_more && !text.ends_with(':') {
        return is_old_non_string_tag(text.trim_end_matches([' ', '\t']));
    }
    let Ok(document) = parse_first(text.as_bytes(), Dialect::GoYaml2, &LIMITS) else {
        return false;
    };
    match document {
        Some(Document { root, .. }) if root.kind == Kind::Scalar => match root.style.form {
            Form::Any if !root.style.tagged => is_old_non_string_tag(&root.value),
            _ => !is_string(&root.tag),
        },
        Some(_) | None => true,
    }
}

fn is_old_non_string_tag(text: &str) -> bool {
    !is_string(&plain_tag(text, Dialect::GoYaml2))
}

const fn is_string(tag: &Tag) -> bool {
    matches!(
        tag,
        Tag::Str | Tag::Timestamp | Tag::Merge | Tag::Binary | Tag::Custom(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn node(text: &str) -> Node {
        goyaml::parse(text.as_bytes()).unwrap().remove(0).root
    }

    #[test]
    fn a_text_has_the_type_that_the_old_field_would_give_it() {
        for (field, text, tag) in [
            ("a: x", "12", Tag::Int),
            ("a: 'x'", "12", Tag::Str),
            ("b: x", "12", Tag::Str),
            ("b: x", "abc", Tag::Str),
            ("a: x", "true", Tag::Bool),
        ] {
            let mut mapping = node(field);
            set_text(&mut mapping, "a", text).unwrap();
            assert_eq!(mapping.get("a").unwrap().tag, tag, "{field} {text}");
        }
    }

    #[test]
    fn texts_that_an_old_parser_reads_as_something_else_are_known() {
        for text in [
            "12", "-1", "yes", "on", "null", "~", "1_000", "0x1f", " ", "&a", "{}", "[a]", "a: b",
            "- a", "# a", "1 # a", "!!int 5", "? a", "---", "1.5", ".inf", "-", "1 ", "a:",
            "a:\t1",
        ] {
            assert!(is_old_non_string(text), "{text}");
        }
        for text in [
            "",
            "a",
            "a b",
            "a #b",
            "'12'",
            "\"1\"",
            "2001-01-01",
            "<<",
            "*a",
            "[",
            "{",
            "!!str 5",
            "a\nb: c",
            "%a",
            "@a",
            "`a",
            "1.2.3",
            "1/2",
            "...",
            "a ",
            "yes no",
            "a\tb",
            "x:y",
        ] {
            assert!(!is_old_non_string(text), "{text}");
        }
    }

    #[test]
    fn a_string_stays_one_whatever_the_old_field_was() {
        let mut mapping = node("a: 1");
        set_field(&mut mapping, "a", Node::string("2")).unwrap();
        assert_eq!(mapping.get("a").unwrap().tag, Tag::Str);
    }

    #[test]
    fn a_null_removes_and_takes_nothing_in() {
        let mut mapping = node("a: 1\nb:\n");
        set_field(&mut mapping, "a", Node::default()).unwrap();
        assert!(mapping.get("a").is_none());
        assert!(
            lookup_or_create(&mut mapping, &["b", "c"])
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn missing_mappings_are_created_and_other_kinds_refused() {
        let mut mapping = node("a:\n  b: 1\n");
        let made = lookup_or_create(&mut mapping, &["a", "c", "d"]).unwrap();
        assert_eq!(made.unwrap().kind, Kind::Mapping);
        let refused = lookup_or_create(&mut mapping, &["a", "b", "c"]).unwrap_err();
        assert_eq!(
            (refused.expected, refused.found),
            (Kind::Mapping, Kind::Scalar)
        );
        assert_eq!(refused.position.line, 2);
    }
}
