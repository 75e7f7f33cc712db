//! Shapes: what is known of a value that was not looked at.

use std::rc::Rc;

use crate::value::{Element, Value};

/// What every scalar but a string takes at most: as text, and in memory.
const SCALAR: u64 = 48;

/// How deeply shapes may nest before nothing is said about them; less than the depth at which functions fail.
pub(super) const DEEPEST: u64 = 100;

/// What is known of a value. Each shape stands for every value of its type within its bounds.
#[derive(Clone)]
pub(super) enum Shape {
    /// This very value, whatever the secrets: a scalar or a string.
    Known(Value),
    Bool,
    Int,
    Int64,
    Byte,
    Float,
    /// A string of at most so many bytes.
    Str(u64),
    List(Rc<ListShape>),
    /// The data: a `map[string]string` with exactly these keys.
    Root(Rc<Vec<(String, Self)>>),
    /// A `map[string]string` of at most so many entries, whose values are not longer than that.
    Strings {
        longest: u64,
        most: u64,
    },
    /// A `map[string]interface {}` that takes at most so many bytes, values of all kinds within. Nothing changes it:
    /// the functions that would are never total.
    Dict {
        size: u64,
        depth: u64,
    },
    /// Any value of at most so many bytes, or none.
    Any {
        size: u64,
        depth: u64,
    },
    /// A value without bounds. It may be held, and not used.
    Unbounded,
}

pub(super) struct ListShape {
    pub(super) element: Element,
    pub(super) item: Shape,
    pub(super) least: u64,
    pub(super) most: u64,
    /// The sum of the sizes of the items.
    pub(super) total: u64,
}

impl Shape {
    pub(super) fn list(element: Element, item: Self, least: u64, most: u64, total: u64) -> Self {
        Self::List(Rc::new(ListShape {
            element,
            item,
            least,
            most,
            total,
        }))
    }

    /// A list of exactly these.
    pub(super) fn list_of(items: &[Self]) -> Self {
        let count = items.len() as u64;
        let total = items
            .iter()
            .fold(0_u64, |total, item| total.saturating_add(item.size()));
        let item = items
            .iter()
            .cloned()
            .reduce(|left, right| left.join(&right))
            .unwrap_or(Self::Known(Value::Nil));
        Self::list(Element::Any, item, count, count, total)
    }

    /// The most bytes that the value takes: printed, and in memory.
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Known(Value::Str(text)) => text.len() as u64 + SCALAR,
            Self::Known(_) | Self::Bool | Self::Int | Self::Int64 | Self::Byte | Self::Float => {
                SCALAR
            }
            Self::Str(longest) => longest.saturating_add(SCALAR),
            Self::List(list) => list.total.saturating_add(SCALAR),
            Self::Root(fields) => fields.iter().fold(SCALAR, |total, (key, field)| {
                total
                    .saturating_add(field.size())
                    .saturating_add(key.len() as u64 + SCALAR)
            }),
            Self::Strings { longest, most } => longest
                .saturating_add(3 * SCALAR)
                .saturating_mul(*most)
                .saturating_add(SCALAR),
            Self::Dict { size, .. } | Self::Any { size, .. } => *size,
            Self::Unbounded => u64::MAX,
        }
    }

    pub(super) fn depth(&self) -> u64 {
        match self {
            Self::List(list) => list.item.depth().saturating_add(1),
            Self::Root(_) | Self::Strings { .. } => 1,
            Self::Dict { depth, .. } | Self::Any { depth, .. } => *depth,
            Self::Unbounded => u64::MAX,
            _ => 0,
        }
    }

    /// The greatest length, where this is a string.
    pub(super) fn length(&self) -> Option<u64> {
        match self {
            Self::Known(Value::Str(text)) => Some(text.len() as u64),
            Self::Str(longest) => Some(*longest),
            _ => None,
        }
    }

    pub(super) fn known_text(&self) -> Option<&[u8]> {
        match self {
            Self::Known(Value::Str(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn known_int(&self) -> Option<i64> {
        match self {
            Self::Known(Value::Int(number)) => Some(*number),
            _ => None,
        }
    }

    /// Whether the value counts as true, where that is known.
    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Self::Known(value) => Some(value.is_true()),
            Self::List(list) if list.most == 0 => Some(false),
            Self::List(list) if list.least > 0 => Some(true),
            Self::Root(fields) => Some(!fields.is_empty()),
            _ => None,
        }
    }

    /// Any value at all, of the size and depth of this one.
    pub(super) fn blurred(&self) -> Self {
        match self {
            Self::Unbounded => Self::Unbounded,
            other => Self::Any {
                size: other.size(),
                depth: other.depth(),
            },
        }
    }

    /// Without the knowledge of the very value.
    fn typed(&self) -> Self {
        match self {
            Self::Known(value) => match value {
                Value::Bool(_) => Self::Bool,
                Value::Int(_) => Self::Int,
                Value::Int64(_) => Self::Int64,
                Value::Byte(_) => Self::Byte,
                Value::Float(_) => Self::Float,
                Value::Str(text) => Self::Str(text.len() as u64),
                _ => Self::Any {
                    size: SCALAR,
                    depth: 0,
                },
            },
            other => other.clone(),
        }
    }

    /// What is known of a value that is either of these.
    pub(super) fn join(&self, other: &Self) -> Self {
        if let (Self::Known(left), Self::Known(right)) = (self, other)
            && is_same(left, right)
        {
            return self.clone();
        }
        match (self.typed(), other.typed()) {
            (Self::Unbounded, _) | (_, Self::Unbounded) => Self::Unbounded,
            (Self::Bool, Self::Bool) => Self::Bool,
            (Self::Int, Self::Int) => Self::Int,
            (Self::Int64, Self::Int64) => Self::Int64,
            (Self::Byte, Self::Byte) => Self::Byte,
            (Self::Float, Self::Float) => Self::Float,
            (Self::Str(left), Self::Str(right)) => Self::Str(left.max(right)),
            (Self::List(left), Self::List(right)) if left.element == right.element => Self::list(
                left.element,
                left.item.join(&right.item),
                left.least.min(right.least),
                left.most.max(right.most),
                left.total.max(right.total),
            ),
            (Self::Root(left), Self::Root(right)) if Rc::ptr_eq(&left, &right) => Self::Root(left),
            (
                Self::Strings { longest, most },
                Self::Strings {
                    longest: other_longest,
                    most: other_most,
                },
            ) => Self::Strings {
                longest: longest.max(other_longest),
                most: most.max(other_most),
            },
            (
                Self::Dict { size, depth },
                Self::Dict {
                    size: other_size,
                    depth: other_depth,
                },
            ) => Self::Dict {
                size: size.max(other_size),
                depth: depth.max(other_depth),
            },
            (left, right) => Self::Any {
                size: left.size().max(right.size()),
                depth: left.depth().max(right.depth()),
            },
        }
    }

    /// Whether a value of the other shape is always one of this shape too.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unbounded, _) => true,
            (Self::Known(left), Self::Known(right)) => is_same(left, right),
            (Self::Bool, Self::Known(Value::Bool(_)) | Self::Bool)
            | (Self::Int, Self::Known(Value::Int(_)) | Self::Int)
            | (Self::Int64, Self::Known(Value::Int64(_)) | Self::Int64)
            | (Self::Byte, Self::Known(Value::Byte(_)) | Self::Byte)
            | (Self::Float, Self::Known(Value::Float(_)) | Self::Float) => true,
            (Self::Str(longest), other) => other.length().is_some_and(|length| length <= *longest),
            (Self::List(left), Self::List(right)) => {
                left.element == right.element
                    && left.item.covers(&right.item)
                    && left.least <= right.least
                    && left.most >= right.most
                    && left.total >= right.total
            }
            (Self::Root(left), Self::Root(right)) => Rc::ptr_eq(left, right),
            (
                Self::Strings { longest, most },
                Self::Strings {
                    longest: other_longest,
                    most: other_most,
                },
            ) => longest >= other_longest && most >= other_most,
            (
                Self::Dict { size, depth },
                Self::Dict {
                    size: other_size,
                    depth: other_depth,
                },
            ) => size >= other_size && depth >= other_depth,
            (Self::Any { .. }, Self::Unbounded) => false,
            (Self::Any { size, depth }, other) => *size >= other.size() && *depth >= other.depth(),
            _ => false,
        }
    }
}

/// Whether two known values are one and the same. Floats are told apart by their bits.
fn is_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Missing, Value::Missing) | (Value::Nil, Value::Nil) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Int(left), Value::Int(right)) | (Value::Int64(left), Value::Int64(right)) => {
            left == right
        }
        (Value::Byte(left), Value::Byte(right)) => left == right,
        (Value::Float(left), Value::Float(right)) => left.to_bits() == right.to_bits(),
        (Value::Str(left), Value::Str(right)) => left == right,
        _ => false,
    }
}
