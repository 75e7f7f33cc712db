//! Arithmetic, counting and durations.

use super::Outcome::{self, Depends, Fails, Gives};
use super::{product, text};
use crate::totality::shape::Shape;
use crate::value::{Element, Value};

pub(super) fn apply(name: &str, shapes: &[Shape]) -> Option<Outcome> {
    let int = |index: usize| shapes.get(index).and_then(Shape::known_int);
    Some(match name {
        "int" | "atoi" => Gives(Shape::Int),
        "int64" | "toDecimal" | "add" | "add1" | "sub" | "mul" | "max" | "min" | "biggest" => {
            Gives(Shape::Int64)
        }
        "float64" | "floor" | "ceil" | "maxf" | "minf" | "round" => Gives(Shape::Float),
        "div" | "mod" => match &shapes[1] {
            Shape::Known(Value::Int(0) | Value::Int64(0)) => Fails,
            Shape::Known(Value::Int(_) | Value::Int64(_)) => Gives(Shape::Int64),
            _ => Depends,
        },
        "until" => match int(0) {
            Some(count) => counted(count.unsigned_abs()),
            None => Depends,
        },
        "untilStep" => match (int(0), int(1), int(2)) {
            // Steps may be longer, and then there are fewer numbers.
            (Some(start), Some(stop), Some(_)) => counted(start.abs_diff(stop)),
            _ => Depends,
        },
        "duration" => text(64),
        "durationRound" => match &shapes[0] {
            Shape::Any { .. } | Shape::Unbounded => Depends,
            _ => text(64),
        },
        _ => return None,
    })
}

/// A list of so many numbers. The least is not told: for steps it would need the direction.
fn counted(most: u64) -> Outcome {
    Gives(Shape::list(
        Element::Int,
        Shape::Int,
        0,
        most,
        product(most, 64),
    ))
}
