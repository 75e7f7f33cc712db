//! All the fields that a path means, made where they are missing (kyaml: yaml/match.go).

use std::borrow::Cow;

use goyaml::{Dialect, Form, Kind, Node, Tag, emit, parse_first};
use regex::bytes::Regex;

use super::{MAX_PARTS, Part, PathError, is_choice, is_index};
use crate::limits::LIMITS;
use crate::node::{expect_kind, key};
use crate::output::KYAML;
use crate::selector::is_literal;

/// Calls `set` with every field that a path leads to, and tells how many there are.
///
/// Behind a scalar the path goes on in the YAML that the scalar's text holds. Such fields count, but what is done to
/// them is lost.
///
/// # Errors
///
/// When the path does not fit the tree.
pub(crate) fn visit<E: From<PathError>>(
    node: &mut Node,
    parts: &[Cow<'_, str>],
    create: Option<Kind>,
    set: &mut dyn FnMut(&mut Node) -> Result<(), E>,
) -> Result<usize, E> {
    if parts.len() > MAX_PARTS {
        return Err(PathError::TooLong.into());
    }
    let [part, rest @ ..] = parts else {
        set(node)?;
        return Ok(1);
    };
    match Part::of(part)? {
        Part::Every => {
            expect_kind(node, Kind::Sequence).map_err(PathError::Kind)?;
            let mut count = 0;
            for item in &mut node.content {
                count += visit(item, rest, create, set)?;
            }
            Ok(count)
        }
        Part::Index(index) => {
            expect_kind(node, Kind::Sequence).map_err(PathError::Kind)?;
            if let (true, Some(kind)) = (node.content.len() == index, create) {
                node.content.push(made(rest, kind));
            }
            let length = node.content.len();
            let item = node.content.get_mut(index);
            let item = item.ok_or(PathError::Index { index, length })?;
            visit(item, rest, create, set)
        }
        Part::Choice { field, value } => choose(node, field, value, rest, create, set),
        // Only in lookups has a number below zero or a dash a meaning of its own.
        Part::Field(_) | Part::Last | Part::Negative => step(node, part, rest, create, set),
    }
}

fn step<E: From<PathError>>(
    node: &mut Node,
    name: &str,
    rest: &[Cow<'_, str>],
    create: Option<Kind>,
    set: &mut dyn FnMut(&mut Node) -> Result<(), E>,
) -> Result<usize, E> {
    if node.is_null() {
        // What is created in a null is never seen.
        return match create {
            Some(kind) => visit(&mut made(rest, kind), rest, create, set),
            None => Ok(0),
        };
    }
    if name.is_empty() {
        return Err(PathError::EmptyName.into());
    }
    expect_kind(node, Kind::Mapping).map_err(PathError::Kind)?;
    let position = match (node.position_of(name), create) {
        (Some(position), _) => position,
        (None, None) => return Ok(0),
        (None, Some(kind)) => {
            node.push_entry(key(name), made(rest, kind));
            node.content.len() - 1
        }
    };
    let Some(field) = node.content.get_mut(position) else {
        return Ok(0);
    };
    if field.kind == Kind::Scalar && !rest.is_empty() {
        let mut structured = structured(&field.value).ok_or(PathError::NotStructured)?;
        return visit(&mut structured, rest, create, set);
    }
    visit(field, rest, create, set)
}

/// The YAML that a text holds.
fn structured(text: &str) -> Option<Node> {
    let document = parse_first(text.as_bytes(), Dialect::GoYaml3, &LIMITS);
    Some(document.ok()??.root)
}

/// A node for the part of a path before `rest`.
fn made(rest: &[Cow<'_, str>], last: Kind) -> Node {
    let kind = match rest {
        [] => last,
        [next, ..] if is_choice(next) || is_index(next) => Kind::Sequence,
        [next, ..] if next.is_empty() => last,
        _ => Kind::Mapping,
    };
    match kind {
        Kind::Mapping => Node::mapping(),
        Kind::Sequence => Node::sequence(),
        Kind::Alias | Kind::Scalar => Node::default(),
    }
}

fn choose<E: From<PathError>>(
    node: &mut Node,
    field: &str,
    value: &str,
    rest: &[Cow<'_, str>],
    create: Option<Kind>,
    set: &mut dyn FnMut(&mut Node) -> Result<(), E>,
) -> Result<usize, E> {
    expect_kind(node, Kind::Sequence).map_err(PathError::Kind)?;
    let pattern = ItemPattern::new(value)?;
    let count = choose_present(node, field, &pattern, rest, create, set)?;
    if count > 0 || create.is_none() {
        return Ok(count);
    }
    let made = if field.is_empty() {
        Node::plain(value)
    } else {
        let mut item = Node::mapping();
        item.push_entry(key(field), Node::plain(value));
        item
    };
    node.content.push(made);
    match choose_present(node, field, &pattern, rest, create, set)? {
        0 => Err(PathError::NotMatched.into()),
        count => Ok(count),
    }
}

fn choose_present<E: From<PathError>>(
    node: &mut Node,
    field: &str,
    pattern: &ItemPattern<'_>,
    rest: &[Cow<'_, str>],
    create: Option<Kind>,
    set: &mut dyn FnMut(&mut Node) -> Result<(), E>,
) -> Result<usize, E> {
    let mut count = 0;
    for item in node.content.iter_mut() {
        if field.is_empty() {
            // An item that is chosen by its own text is the end of the path, whatever comes behind.
            if pattern.matches(item) {
                set(item)?;
                count += 1;
            }
        } else if item.get(field).is_some_and(|value| pattern.matches(value)) {
            count += visit(item, rest, create, set)?;
        }
    }
    Ok(count)
}

/// What is looked for in the YAML text of a node.
enum ItemPattern<'p> {
    Literal(&'p str),
    Regex(Regex),
}

impl<'p> ItemPattern<'p> {
    fn new(text: &'p str) -> Result<Self, PathError> {
        if is_literal(text) {
            return Ok(Self::Literal(text));
        }
        goregex::compile(text)
            .map(Self::Regex)
            .ok_or(PathError::Pattern)
    }

    /// The pattern is not anchored, and it is the text with its quotes and comments that is searched.
    fn matches(&self, node: &Node) -> bool {
        let text = text_of(node);
        match self {
            Self::Literal(literal) => text.contains(literal),
            Self::Regex(regex) => regex.is_match(text.as_bytes()),
        }
    }
}

fn text_of(node: &Node) -> Cow<'_, str> {
    let is_plain = node.kind == Kind::Scalar
        && node.style.form == Form::Any
        && node.comments.is_none()
        && matches!(node.tag, Tag::Str | Tag::Int)
        && node
            .value
            .starts_with(|first: char| first.is_ascii_alphabetic())
        && is_literal(&node.value)
        && !node.value.contains([':', ','])
        && goyaml::resolve::plain_tag(&node.value, Dialect::GoYaml2) == Tag::Str;
    if is_plain {
        return Cow::Borrowed(&node.value);
    }
    let text = emit::node(node, &KYAML).unwrap_or_default();
    Cow::Owned(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::split;
    use super::*;

    fn changed(path: &str, create: Option<Kind>, text: &str) -> (Result<usize, PathError>, String) {
        let mut root = goyaml::parse(text.as_bytes()).unwrap().remove(0).root;
        let count = visit(&mut root, &split(path), create, &mut |node| {
            *node = Node::plain("x");
            Ok::<(), PathError>(())
        });
        (count, emit::node(&root, &KYAML).unwrap())
    }

    #[test]
    fn paths_lead_to_all_that_they_mean() {
        let scalar = Some(Kind::Scalar);
        for (path, create, text, count, after) in [
            (
                "a.*.b",
                None,
                "a: [{b: 1}, {b: 2}]\n",
                2,
                "a: [{b: x}, {b: x}]\n",
            ),
            (
                "a.[n=v].b",
                None,
                "a: [{n: v, b: 1}, {n: w, b: 2}]\n",
                1,
                "a: [{n: v, b: x}, {n: w, b: 2}]\n",
            ),
            (
                "a.[n=v].b",
                None,
                "a: [{n: v1, b: 1}, {n: \"v\", b: 2}]\n",
                2,
                "a: [{n: v1, b: x}, {n: \"v\", b: x}]\n",
            ),
            (
                "a.[n=^v$].b",
                None,
                "a: [{n: v1, b: 1}, {n: v, b: 2}]\n",
                1,
                "a: [{n: v1, b: 1}, {n: v, b: x}]\n",
            ),
            ("a.[=v].b", None, "a: [v, w]\n", 1, "a: [x, w]\n"),
            ("a.1", None, "a: [v, w]\n", 1, "a: [v, x]\n"),
            ("a.2", scalar, "a: [v, w]\n", 1, "a: [v, w, x]\n"),
            ("a.b", None, "a: {}\n", 0, "a: {}\n"),
            ("a.b.c", scalar, "d: e\n", 1, "d: e\na:\n  b:\n    c: x\n"),
            (
                "a.[n=v].b",
                scalar,
                "d: e\n",
                1,
                "d: e\na:\n- n: v\n  b: x\n",
            ),
            ("a.b", None, "a: '{b: c}'\n", 1, "a: '{b: c}'\n"),
        ] {
            assert_eq!(
                changed(path, create, text),
                (Ok(count), after.to_owned()),
                "{path} {text}"
            );
        }
    }

    #[test]
    fn paths_that_do_not_fit_are_refused() {
        for (path, text, reason) in [
            ("a.*", "a: {b: 1}\n", "wrong-kind-of-field"),
            ("a.5", "a: [1]\n", "index-out-of-range"),
            ("a.[b]", "a: [1]\n", "invalid-list-path-element"),
            ("a.[b=(]", "a: [1]\n", "invalid-list-path-pattern"),
            ("a.b", "a: [1]\n", "wrong-kind-of-field"),
            ("a.b", "a: ''\n", "not-structured-data"),
        ] {
            let (result, _) = changed(path, None, text);
            assert_eq!(result.unwrap_err().reason(), reason, "{path} {text}");
        }
        let (result, _) = changed("a.[b=a+]", Some(Kind::Scalar), "a: []\n");
        assert!(result.is_ok());
        let (result, _) = changed("a.[b=a\\+]", Some(Kind::Scalar), "a: []\n");
        assert_eq!(
            result.unwrap_err().reason(),
            "list-path-element-not-matched"
        );
    }

    proptest::proptest! {
        #[test]
        fn any_path_is_refused_or_tells_how_many_fields_it_leads_to(
            path in "[a-c0-2.=*\\[\\]-]{0,20}",
            create: bool,
        ) {
            let text = b"a: [{b: 1}, [c], ~]\nb: {a: {c: '{b: 2}'}}\nc: ~\n";
            let mut root = goyaml::parse(text).unwrap().remove(0).root;
            let create = create.then_some(Kind::Scalar);
            let mut calls = 0;
            let count = visit(&mut root, &split(&path), create, &mut |node| {
                *node = Node::plain("x");
                calls += 1;
                Ok::<(), PathError>(())
            });
            if let Ok(count) = count {
                proptest::prop_assert_eq!(count, calls);
            }
        }
    }
}
