//! Go's own functions: comparing, indexing, printing.

use super::Outcome::{self, Depends, Fails, Gives};
use super::{product, size_of, text, total};
use crate::totality::shape::Shape;
use crate::value::Value;

pub(super) fn apply(name: &str, shapes: &[Shape]) -> Option<Outcome> {
    let sizes = size_of(shapes);
    Some(match (name, shapes) {
        ("eq" | "ne", [first, other])
            if matches!((first, other), (Shape::Known(_), Shape::Known(_)))
                && basic(first) == basic(other)
                && matches!(basic(first), Basic::Str | Basic::Bool) =>
        {
            Gives(Shape::Known(Value::Bool(
                is_same(first, other) == (name == "eq"),
            )))
        }
        ("eq" | "ne", [first, others @ ..]) if !others.is_empty() => equality(first, others),
        ("lt" | "le" | "gt" | "ge", [left, right]) => order(left, right),
        ("not", [_]) => Gives(Shape::Bool),
        ("len", [value]) => match value {
            Shape::Known(Value::Str(text)) => Gives(Shape::Known(Value::Int(text.len() as i64))),
            Shape::Str(_)
            | Shape::List(_)
            | Shape::Root(_)
            | Shape::Strings { .. }
            | Shape::Dict { .. } => Gives(Shape::Int),
            Shape::Any { .. } | Shape::Unbounded => Depends,
            _ => Fails,
        },
        ("index", [Shape::Known(Value::Nil | Value::Missing)]) => Fails,
        ("index", [item, indexes @ ..]) => index(item, indexes),
        ("print" | "println", _) => text(sizes.saturating_add(1)),
        ("html" | "js" | "urlquery", _) => text(product(sizes, 6)),
        ("printf", [format, values @ ..]) => printf(format, values),
        _ => return None,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Basic {
    Nil,
    Bool,
    Int,
    Float,
    Str,
    Container,
    Unknown,
}

fn basic(shape: &Shape) -> Basic {
    match shape {
        Shape::Known(Value::Missing | Value::Nil) => Basic::Nil,
        Shape::Known(Value::Bool(_)) | Shape::Bool => Basic::Bool,
        Shape::Known(Value::Int(_) | Value::Int64(_) | Value::Byte(_))
        | Shape::Int
        | Shape::Int64
        | Shape::Byte => Basic::Int,
        Shape::Known(Value::Float(_)) | Shape::Float => Basic::Float,
        Shape::Known(Value::Str(_)) | Shape::Str(_) => Basic::Str,
        Shape::List(_) | Shape::Root(_) | Shape::Strings { .. } | Shape::Dict { .. } => {
            Basic::Container
        }
        Shape::Known(_) | Shape::Any { .. } | Shape::Unbounded => Basic::Unknown,
    }
}

fn is_same(left: &Shape, right: &Shape) -> bool {
    match (left, right) {
        (Shape::Known(Value::Str(left)), Shape::Known(Value::Str(right))) => left == right,
        (Shape::Known(Value::Bool(left)), Shape::Known(Value::Bool(right))) => left == right,
        _ => false,
    }
}

fn equality(first: &Shape, others: &[Shape]) -> Outcome {
    for (index, other) in others.iter().enumerate() {
        match (basic(first), basic(other)) {
            (Basic::Unknown, _) | (_, Basic::Unknown) => return Depends,
            (Basic::Nil, _) | (_, Basic::Nil) => {}
            // Two lists or maps can be compared where one of them is nil.
            (Basic::Container, Basic::Container) => return Depends,
            (left, right) if left == right => {}
            // An equal value before this one ends the comparison.
            _ if index > 0 => return Depends,
            _ => return Fails,
        }
    }
    Gives(Shape::Bool)
}

fn order(left: &Shape, right: &Shape) -> Outcome {
    match (basic(left), basic(right)) {
        (Basic::Unknown, _) | (_, Basic::Unknown) => Depends,
        (Basic::Int, Basic::Int) | (Basic::Float, Basic::Float) | (Basic::Str, Basic::Str) => {
            Gives(Shape::Bool)
        }
        _ => Fails,
    }
}

fn index(item: &Shape, indexes: &[Shape]) -> Outcome {
    let mut item = item.clone();
    for index in indexes {
        item = match (&item, index) {
            (Shape::Root(fields), Shape::Known(Value::Str(key))) => {
                match fields.iter().find(|(name, _)| name.as_bytes() == &**key) {
                    Some((_, field)) => field.clone(),
                    None => Shape::Known(Value::text("")),
                }
            }
            (Shape::Root(fields), Shape::Str(_)) => {
                let fields = fields.iter().map(|(_, field)| field.clone());
                fields.fold(Shape::Str(0), |joined, field| joined.join(&field))
            }
            (Shape::Strings { longest, .. }, Shape::Known(Value::Str(_)) | Shape::Str(_)) => {
                Shape::Str(*longest)
            }
            (Shape::Dict { size, depth }, Shape::Known(Value::Str(_)) | Shape::Str(_)) => {
                Shape::Any {
                    size: (*size).max(64),
                    depth: *depth,
                }
            }
            (Shape::List(list), Shape::Known(Value::Int(at)))
                if u64::try_from(*at).is_ok_and(|at| at < list.least) =>
            {
                list.item.clone()
            }
            _ => return Depends,
        };
    }
    Gives(item)
}

/// A format without widths from arguments and without argument numbers, and with verbs that no value refuses.
fn printf(format: &Shape, values: &[Shape]) -> Outcome {
    let Some(format) = format.known_text() else {
        return Depends;
    };
    let scalar = |shape: &Shape| {
        matches!(
            basic(shape),
            Basic::Nil | Basic::Bool | Basic::Int | Basic::Str
        )
    };
    let simple = values.iter().all(scalar);
    let mut widths = 0_u64;
    let mut rest = format;
    while let Some(at) = memchr::memchr(b'%', rest) {
        rest = &rest[at + 1..];
        let flags = rest
            .iter()
            .take_while(|byte| b"+-0 .123456789".contains(byte))
            .count();
        for number in rest[..flags].split(|byte| !byte.is_ascii_digit()) {
            let number = number.iter().fold(0_u64, |number, digit| {
                product(number, 10).saturating_add(u64::from(digit - b'0'))
            });
            widths = widths.saturating_add(number);
        }
        rest = &rest[flags..];
        match rest.first() {
            Some(b's' | b'v' | b'q' | b'%') => {}
            Some(b'd' | b't' | b'c' | b'T' | b'x' | b'X' | b'o' | b'b') if simple => {}
            Some(b'e' | b'f' | b'g') => {}
            _ => return Depends,
        }
        rest = &rest[1..];
    }
    let sizes = size_of(values);
    // Quoting takes four bytes for one, a marked mistake less; a float in full has some 330 digits.
    let floats = product(values.len() as u64 + sizes / 16, 400);
    text(total([
        format.len() as u64,
        product(sizes, 10),
        product(widths, 1 + sizes / 16),
        floats,
        64,
    ]))
}
