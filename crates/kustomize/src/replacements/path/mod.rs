//! Paths of replacements and vars: `spec.containers.[name=web].image`, `data.0`, `spec.*.name` (kyaml: yaml/fns.go,
//! yaml/match.go, utils/pathsplitter.go).

mod visit;

use std::borrow::Cow;

use goyaml::{Kind, Node};
use thiserror::Error;

use crate::fieldspec;
use crate::node::{KindError, expect_kind};

pub(crate) use visit::visit;

/// A path leads nowhere.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum PathError {
    /// A list is needed where there is none, or a mapping.
    #[error(transparent)]
    Kind(#[from] KindError),
    /// A list is not long enough.
    #[error("index {index} specified but only {length} elements found")]
    Index {
        /// The index.
        index: usize,
        /// How long the list is.
        length: usize,
    },
    /// A wildcard where there can be one value only.
    #[error("wildcard is not supported here")]
    Wildcard,
    /// A choice of items without a value.
    #[error("list path element must contain fieldName=fieldValue for element to match")]
    NoChoice,
    /// A choice of items that is no regular expression.
    #[error("the pattern of a list path element is not a valid regular expression")]
    Pattern,
    /// An item that was made to be chosen is not chosen.
    #[error("an item made for a list path element does not match it")]
    NotMatched,
    /// A text that should hold YAML does not.
    #[error("the text of the field is not structured data")]
    NotStructured,
    /// A part of the path is empty.
    #[error("a part of the path is empty")]
    EmptyName,
    /// A number below zero.
    #[error("array index cannot be negative")]
    NegativeIndex,
    /// More parts than any object is deep: following them takes a stack that there is not.
    #[error("the path has more than {MAX_PARTS} parts")]
    TooLong,
}

/// How many parts a path can have.
const MAX_PARTS: usize = 500;

impl PathError {
    /// A stable name for the kind of error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Kind(error) => error.reason(),
            Self::Index { .. } => "index-out-of-range",
            Self::Wildcard => "wildcard-not-supported",
            Self::NoChoice => "invalid-list-path-element",
            Self::Pattern => "invalid-list-path-pattern",
            Self::NotMatched => "list-path-element-not-matched",
            Self::NotStructured => "not-structured-data",
            Self::EmptyName => "empty-field-name",
            Self::NegativeIndex => "negative-index",
            Self::TooLong => "path-too-long",
        }
    }
}

/// Splits a path at its dots. What stands in brackets is one part: a choice of items keeps its brackets, a name loses
/// them.
pub(crate) fn split(path: &str) -> Vec<Cow<'_, str>> {
    let mut result = Vec::new();
    let mut parts = fieldspec::split(path, '.').into_iter();
    while let Some(part) = parts.next() {
        if !part.starts_with('[') || part.ends_with(']') {
            result.push(part);
            continue;
        }
        let mut whole = part.into_owned();
        for part in parts.by_ref() {
            whole.push('.');
            whole.push_str(&part);
            if part.ends_with(']') {
                break;
            }
        }
        if !whole.contains('=') {
            whole = whole.trim_matches(['[', ']']).to_owned();
        }
        result.push(Cow::Owned(whole));
    }
    result
}

/// A part like `name[0]` as the two parts that it stands for in the path of a var.
pub(crate) fn split_index(part: Cow<'_, str>) -> Vec<Cow<'_, str>> {
    let index = part.strip_suffix(']').and_then(|part| {
        let (name, index) = part.rsplit_once('[')?;
        let is_number = !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| (name.to_owned(), index.to_owned()))
    });
    match index {
        None => vec![part],
        Some((name, index)) if name.is_empty() => vec![index.into()],
        Some((name, index)) => vec![name.into(), index.into()],
    }
}

/// The field that a path leads to, without a choice between several. `None` where it is missing.
pub(crate) fn lookup<'n>(
    root: &'n Node,
    parts: &[Cow<'_, str>],
) -> Result<Option<&'n Node>, PathError> {
    let positions = positions(root, parts)?;
    Ok(positions.map(|positions| {
        let way = positions.into_iter();
        way.fold(root, |at, position| &at.content[position])
    }))
}

/// As [`lookup`], to be changed.
pub(crate) fn lookup_mut<'n>(
    root: &'n mut Node,
    parts: &[Cow<'_, str>],
) -> Result<Option<&'n mut Node>, PathError> {
    let positions = positions(root, parts)?;
    Ok(positions.map(|positions| {
        let way = positions.into_iter();
        way.fold(root, |at, position| &mut at.content[position])
    }))
}

/// The places in the contents of the nodes on the way to the field that a path leads to.
fn positions(root: &Node, parts: &[Cow<'_, str>]) -> Result<Option<Vec<usize>>, PathError> {
    let mut at = root;
    let mut positions = Vec::with_capacity(parts.len());
    for part in parts.iter().map(|part| part.trim()) {
        match position_of(at, part)? {
            Found::Here => {}
            Found::At(position) => {
                positions.push(position);
                at = &at.content[position];
            }
            Found::Nowhere => return Ok(None),
        }
    }
    Ok(Some(positions))
}

/// Where a part of a path leads.
enum Found {
    /// To the node itself: the part is empty.
    Here,
    /// To this place in the node's content.
    At(usize),
    /// To nothing that is there.
    Nowhere,
}

fn position_of(node: &Node, part: &str) -> Result<Found, PathError> {
    if part.is_empty() {
        return Ok(Found::Here);
    }
    let position = match Part::of(part)? {
        Part::Negative => return Err(PathError::NegativeIndex),
        Part::Every => return Err(PathError::Wildcard),
        Part::Index(index) => {
            expect_kind(node, Kind::Sequence)?;
            (index < node.items().len()).then_some(index)
        }
        Part::Last => {
            expect_kind(node, Kind::Sequence)?;
            let last = node.items().len().checked_sub(1);
            Some(last.ok_or(PathError::Index {
                index: 0,
                length: 0,
            })?)
        }
        Part::Choice { field, value } => {
            expect_kind(node, Kind::Sequence)?;
            node.items().iter().position(|item| {
                let found = if field.is_empty() {
                    Some(item)
                } else {
                    item.get(field)
                };
                found.is_some_and(|found| found.value == value)
            })
        }
        Part::Field(name) => {
            expect_kind(node, Kind::Mapping)?;
            node.position_of(name)
        }
    };
    Ok(position.map_or(Found::Nowhere, Found::At))
}

/// What a part of a path means.
enum Part<'p> {
    Field(&'p str),
    Index(usize),
    Negative,
    Last,
    Every,
    Choice { field: &'p str, value: &'p str },
}

impl<'p> Part<'p> {
    fn of(part: &'p str) -> Result<Self, PathError> {
        if let Ok(index) = part.parse::<i64>() {
            return Ok(usize::try_from(index).map_or(Self::Negative, Self::Index));
        }
        match part {
            "-" => return Ok(Self::Last),
            "*" => return Ok(Self::Every),
            _ => {}
        }
        if !is_choice(part) {
            return Ok(Self::Field(part));
        }
        let inner = part.strip_suffix(']').unwrap_or(part);
        let inner = inner.strip_prefix('[').unwrap_or(inner);
        let (field, value) = inner.split_once('=').ok_or(PathError::NoChoice)?;
        Ok(Self::Choice { field, value })
    }
}

fn is_choice(part: &str) -> bool {
    part.starts_with('[') && part.ends_with(']')
}

fn is_index(part: &str) -> bool {
    part.parse::<i64>().is_ok_and(|index| index >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_split_at_dots_outside_brackets() {
        for (path, parts) in [
            ("a.b.c", &["a", "b", "c"][..]),
            ("a.[name=x.y].c", &["a", "[name=x.y]", "c"]),
            ("a.[x.y/z].c", &["a", "x.y/z", "c"]),
            ("a.[x].c", &["a", "[x]", "c"]),
            ("a.x\\.y.c", &["a", "x.y", "c"]),
            ("a.[=--x.y]", &["a", "[=--x.y]"]),
        ] {
            assert_eq!(split(path), parts, "{path}");
        }
        let parts: Vec<_> = split("a[0].b[1].[2]")
            .into_iter()
            .flat_map(split_index)
            .collect();
        assert_eq!(parts, ["a", "0", "b", "1", "2"]);
    }
}
