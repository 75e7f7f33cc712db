//! What is known of the result of each function, from the shapes of its arguments.
//!
//! A function that is not named here counts as one that could fail. The bounds are generous; what matters is that no
//! result is ever longer.

mod builtin;
mod collections;
mod numbers;
mod patterns;
mod strings;

use super::shape::Shape;
use crate::sprig::compilation;
use crate::value::{Element, Value};

/// What a call comes to.
pub(super) enum Outcome {
    Gives(Shape),
    /// It fails, whatever the values.
    Fails,
    /// Whether it fails depends on the values.
    Depends,
}

use Outcome::{Depends, Fails, Gives};

/// The result of a call, as far as it is known.
pub(super) fn apply(name: &str, shapes: &[Shape]) -> Outcome {
    builtin::apply(name, shapes)
        .or_else(|| strings::apply(name, shapes))
        .or_else(|| patterns::apply(name, shapes))
        .or_else(|| numbers::apply(name, shapes))
        .or_else(|| collections::apply(name, shapes))
        .or_else(|| types(name, shapes))
        .unwrap_or(Depends)
}

/// The steps of functions whose work grows faster than their arguments.
pub(super) fn extra_steps(name: &str, shapes: &[Shape]) -> u64 {
    let sizes = size_of(shapes);
    let pattern = || {
        shapes
            .first()
            .and_then(Shape::known_text)
            .map_or(0, |pattern| compilation(pattern).0)
    };
    match name {
        // Every element takes more than 16 bytes, so there are not more than that many; all are compared with all.
        "uniq" | "mustUniq" | "without" | "mustWithout" | "has" | "mustHas" => {
            product(sizes / 16 + 1, sizes / 16 + sizes / 64 + 1)
        }
        "trimAll" | "trimall" | "wrap" | "wrapWith" => product(sizes, sizes / 64 + 4),
        "sortAlpha" => product(sizes, 4),
        name if name.to_ascii_lowercase().contains("regex") => {
            product(sizes, 24).saturating_add(pattern())
        }
        _ => 0,
    }
}

fn types(name: &str, shapes: &[Shape]) -> Option<Outcome> {
    let joined = |shapes: &[Shape]| {
        shapes
            .iter()
            .cloned()
            .reduce(|left, right| left.join(&right))
    };
    Some(match (name, shapes) {
        ("default", [default]) => Gives(default.clone()),
        ("default", [default, given, ..]) => match given.truth() {
            Some(true) => Gives(given.clone()),
            Some(false) => Gives(default.clone()),
            None => Gives(default.join(given)),
        },
        ("coalesce", _) => Gives(joined(shapes).map_or_else(nil, |shape| shape.join(&nil()))),
        ("ternary", [one, other, choice]) => match choice.truth() {
            Some(true) => Gives(one.clone()),
            Some(false) => Gives(other.clone()),
            None => Gives(one.join(other)),
        },
        ("empty" | "all" | "any" | "deepEqual" | "typeIs" | "typeIsLike" | "kindIs", _) => {
            Gives(Shape::Bool)
        }
        ("typeOf" | "kindOf", _) => text(64),
        ("fail", _) => Fails,
        _ => return None,
    })
}

fn text(longest: u64) -> Outcome {
    Gives(Shape::Str(longest))
}

fn nil() -> Shape {
    Shape::Known(Value::Nil)
}

/// A product of lengths that cannot wrap around.
fn product(left: u64, right: u64) -> u64 {
    left.saturating_mul(right)
}

/// A sum of lengths that cannot wrap around.
fn total(lengths: impl IntoIterator<Item = u64>) -> u64 {
    lengths.into_iter().fold(0, u64::saturating_add)
}

fn size_of(shapes: &[Shape]) -> u64 {
    total(shapes.iter().map(Shape::size))
}

fn texts(item: u64, least: u64, most: u64, total: u64) -> Outcome {
    Gives(Shape::list(
        Element::Str,
        Shape::Str(item),
        least,
        most,
        total,
    ))
}
