//! Fields of objects named by paths like `spec/template/spec/containers[]/image`, through lists and with what is missing
//! created (api: filters/fieldspec/fieldspec.go).

use std::borrow::Cow;

use goyaml::{Form, Kind, Node, Position, Style, Tag};
use thiserror::Error;

use crate::budget::OverBudget;
use crate::node::{KindError, key};
use crate::sharing;

/// A field cannot be reached or changed.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum FieldError {
    /// A part of the path is empty.
    #[error("cannot set or create an empty field name")]
    EmptyName,
    /// A part of the path chooses an item of a list, and there is none here: lists are gone through as a whole.
    #[error("`{name}` does not name a field")]
    NotAName {
        /// The part.
        name: String,
    },
    /// The path goes on below a scalar.
    #[error("line {}: expected sequence or mapping node", .0.line)]
    NotACollection(Position),
    /// The field is of another kind than it must be.
    #[error(transparent)]
    Kind(#[from] KindError),
    /// The build takes too much.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
    /// More parts than any object is deep: following them takes a stack that there is not.
    #[error("the path has more than {MAX_STEPS} parts")]
    TooLong,
}

/// How many parts a path can have.
const MAX_STEPS: usize = 500;

impl FieldError {
    /// A stable name for the kind of error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::EmptyName => "empty-field-name",
            Self::NotAName { .. } => "not-a-field-name",
            Self::NotACollection(_) => "field-below-a-scalar",
            Self::Kind(error) => error.reason(),
            Self::OverBudget(error) => error.reason(),
            Self::TooLong => "path-too-long",
        }
    }
}

/// What is made of a missing field.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Creation {
    /// Nothing.
    Never,
    /// The last field becomes an empty mapping, those before it too.
    Mapping,
    /// The last field becomes a scalar, and one that is null gets the type; those before it become mappings.
    Scalar(Tag),
}

impl Creation {
    /// The same where a field may be created, nothing where it may not.
    #[must_use]
    pub fn if_allowed(self, allowed: bool) -> Self {
        if allowed { self } else { Self::Never }
    }
}

/// The names of a path, split.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FieldPath<'p> {
    steps: Vec<Step<'p>>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Step<'p> {
    name: Cow<'p, str>,
    /// Whether `[]` stands behind the name, which means that the field must be a list.
    is_list: bool,
}

impl<'p> FieldPath<'p> {
    /// Splits a path at its slashes; one behind a backslash belongs to a name.
    pub fn new(path: &'p str) -> Self {
        let steps = split(path, '/').into_iter().map(|name| match name {
            Cow::Borrowed(text) => match text.strip_suffix("[]") {
                Some(name) => Step {
                    name: Cow::Borrowed(name),
                    is_list: true,
                },
                None => Step {
                    name: Cow::Borrowed(text),
                    is_list: false,
                },
            },
            Cow::Owned(text) => match text.strip_suffix("[]") {
                Some(name) => Step {
                    name: Cow::Owned(name.to_owned()),
                    is_list: true,
                },
                None => Step {
                    name: Cow::Owned(text),
                    is_list: false,
                },
            },
        });
        Self {
            steps: steps.collect(),
        }
    }

    /// Calls `set` with every field that the path leads to.
    ///
    /// # Errors
    ///
    /// When the path goes on below a scalar, and what `set` says.
    pub fn visit<E: From<FieldError>>(
        &self,
        root: &mut Node,
        creation: &Creation,
        mut set: impl FnMut(&mut Node) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.steps.len() > MAX_STEPS {
            return Err(FieldError::TooLong.into());
        }
        let mut written = false;
        let result = walk(root, &self.steps, creation, &mut |node| {
            set(node)?;
            written |= sharing::is_written(node) || node.content.iter().any(sharing::is_written);
            Ok(())
        });
        if written {
            sharing::settle(root);
        }
        result
    }
}

/// Splits a path at a delimiter; one behind a backslash belongs to a name, one at the start means nothing (kyaml:
/// utils/pathsplitter.go).
pub(crate) fn split(path: &str, delimiter: char) -> Vec<Cow<'_, str>> {
    let path = path.strip_prefix(delimiter).unwrap_or(path);
    let mut parts: Vec<Cow<'_, str>> = Vec::new();
    for part in path.split(delimiter) {
        match parts.last_mut() {
            Some(last) if last.ends_with('\\') => {
                let last = last.to_mut();
                last.pop();
                last.push(delimiter);
                last.push_str(part);
            }
            _ => parts.push(Cow::Borrowed(part)),
        }
    }
    parts
}

/// The calls are as deep as the path is long.
fn walk<E: From<FieldError>>(
    node: &mut Node,
    steps: &[Step<'_>],
    creation: &Creation,
    set: &mut impl FnMut(&mut Node) -> Result<(), E>,
) -> Result<(), E> {
    let [step, rest @ ..] = steps else {
        return set(node);
    };
    if node.is_null() {
        return Ok(());
    }
    match node.kind {
        Kind::Sequence => {
            let mut items: Vec<&mut Node> = node.content.iter_mut().rev().collect();
            while let Some(item) = items.pop() {
                if item.kind == Kind::Sequence {
                    items.extend(item.content.iter_mut().rev());
                } else {
                    walk(item, steps, creation, set)?;
                }
            }
            Ok(())
        }
        Kind::Mapping => {
            if step.name.is_empty() {
                return Err(FieldError::EmptyName.into());
            }
            if chooses_an_item(&step.name) {
                return Err(FieldError::NotAName {
                    name: step.name.clone().into_owned(),
                }
                .into());
            }
            match step_into(node, step, rest.is_empty(), creation) {
                Some(field) => walk(field, rest, creation, set),
                None => Ok(()),
            }
        }
        Kind::Alias | Kind::Scalar => Err(FieldError::NotACollection(node.position).into()),
    }
}

/// Whether the part of a path would choose items of a list, which a mapping has none of (kyaml: yaml/fns.go).
fn chooses_an_item(name: &str) -> bool {
    matches!(name, "-" | "*")
        || name.starts_with('[') && name.ends_with(']')
        || name.parse::<i64>().is_ok()
}

/// The field of a step. One that is null becomes what the path takes it for.
fn step_into<'n>(
    node: &'n mut Node,
    step: &Step<'_>,
    is_last: bool,
    creation: &Creation,
) -> Option<&'n mut Node> {
    let wanted = match (creation, step.is_list) {
        (Creation::Mapping | Creation::Scalar(_), false) if !is_last => Some(Node::mapping()),
        (Creation::Mapping, false) => Some(Node::mapping()),
        (Creation::Scalar(tag), false) => Some(Node {
            tag: tag.clone(),
            ..Node::default()
        }),
        (_, true) => Some(Node::sequence()),
        (Creation::Never, false) => None,
    };
    let is_created = !step.is_list && *creation != Creation::Never;
    let position = match node.position_of(&step.name) {
        Some(position) => position,
        None if is_created => {
            let field = wanted.clone().unwrap_or_default();
            node.push_entry(key(&step.name), field);
            node.content.len() - 1
        }
        None => return None,
    };
    let field = node.content.get_mut(position)?;
    if let Some(wanted) = wanted.filter(|_| field.is_null()) {
        field.kind = wanted.kind;
        field.tag = wanted.tag;
        if field.kind != Kind::Scalar {
            field.value.clear();
            field.style = Style {
                form: Form::Any,
                tagged: false,
            };
        }
    }
    Some(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn node(text: &str) -> Node {
        goyaml::parse(text.as_bytes()).unwrap().remove(0).root
    }

    fn visited(path: &str, text: &str, creation: &Creation) -> (Result<usize, FieldError>, String) {
        let mut root = node(text);
        let mut count = 0;
        let result = FieldPath::new(path).visit(&mut root, creation, |field| {
            count += 1;
            if field.kind == Kind::Scalar {
                *field = Node::plain("x");
            }
            Ok::<(), FieldError>(())
        });
        let options = goyaml::emit::EmitOptions::default();
        (
            result.map(|()| count),
            goyaml::emit::node(&root, &options).unwrap(),
        )
    }

    #[test]
    fn paths_lead_through_lists_and_create_what_is_missing() {
        let scalar = Creation::Scalar(Tag::Str);
        for (path, creation, text, count, after) in [
            ("a/b", &Creation::Never, "a: {b: 1}\n", 1, "a: {b: x}\n"),
            ("/a/b", &Creation::Never, "a: {b: 1}\n", 1, "a: {b: x}\n"),
            (
                "a/b",
                &Creation::Never,
                "a: [{b: 1}, {b: 2}, {c: 3}]\n",
                2,
                "a: [{b: x}, {b: x}, {c: 3}]\n",
            ),
            ("a/b", &Creation::Never, "a: {}\n", 0, "a: {}\n"),
            ("a/b", &scalar, "c: d\n", 1, "c: d\na:\n    b: x\n"),
            (
                "a/b",
                &Creation::Mapping,
                "c: d\n",
                1,
                "c: d\na:\n    b: {}\n",
            ),
            ("a[]/b", &scalar, "c: d\n", 0, "c: d\n"),
            ("a[]/b", &scalar, "a:\n", 0, "a: []\n"),
            ("a/b", &scalar, "a:\n", 1, "a:\n    b: x\n"),
            ("a/b", &Creation::Never, "a:\n", 0, "a:\n"),
            ("a\\/b", &Creation::Never, "a/b: 1\n", 1, "a/b: x\n"),
        ] {
            assert_eq!(
                visited(path, text, creation),
                (Ok(count), after.to_owned()),
                "{path} {text}"
            );
        }
    }

    #[test]
    fn a_path_below_a_scalar_is_refused() {
        let (error, _) = visited("a/b", "a: 1\n", &Creation::Never);
        assert_eq!(error.unwrap_err().reason(), "field-below-a-scalar");
        let (error, _) = visited("a//b", "a: {b: 1}\n", &Creation::Never);
        assert_eq!(error.unwrap_err().reason(), "empty-field-name");
    }
}
