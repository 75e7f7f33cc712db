//! Functions whose result is a text, and those that take texts apart.

use super::Outcome::{self, Depends, Fails, Gives};
use super::{product, size_of, text, texts};
use crate::totality::shape::Shape;
use crate::value::Value;

pub(super) fn apply(name: &str, shapes: &[Shape]) -> Option<Outcome> {
    let length = |index: usize| shapes.get(index).and_then(Shape::length).unwrap_or(0);
    let int = |index: usize| shapes.get(index).and_then(Shape::known_int);
    let sizes = size_of(shapes);
    Some(match name {
        "upper" | "lower" | "title" | "untitle" | "swapcase" => text(product(length(0), 3)),
        "trim" | "initials" | "nospace" => text(product(length(0), 2)),
        "trimAll" | "trimall" | "trimPrefix" | "trimSuffix" | "trunc" | "abbrev" => text(length(1)),
        "abbrevboth" => text(length(2)),
        "snakecase" | "kebabcase" | "camelcase" => text(product(length(0), 10).saturating_add(8)),
        "quote" | "squote" | "cat" => text(product(sizes, 4)),
        "toString" => text(shapes.first().map_or(0, Shape::size)),
        "contains" | "hasPrefix" | "hasSuffix" | "isAbs" | "osIsAbs" => Gives(Shape::Bool),
        "replace" => {
            let most = match shapes[0].known_text() {
                Some(old) if !old.is_empty() => length(2) / old.len() as u64,
                _ => length(2).saturating_add(1),
            };
            text(length(2).saturating_add(product(most, length(1))))
        }
        "repeat" => match int(0) {
            Some(count) if count >= 0 => text(product(count.unsigned_abs(), length(1))),
            Some(_) => Fails,
            None => Depends,
        },
        "indent" | "nindent" => match int(0) {
            Some(spaces) if spaces >= 0 => text(product(
                length(1).saturating_add(2),
                spaces.unsigned_abs().saturating_add(1),
            )),
            Some(_) => Fails,
            None => Depends,
        },
        // From the beginning, every end is taken.
        "substr" if int(0) == Some(0) => text(length(2)),
        "substr" => Depends,
        "plural" => text(length(0).max(length(1))),
        "wrap" => text(product(length(1), 2).saturating_add(1)),
        "wrapWith" => text(product(
            length(2).saturating_add(1),
            length(1).saturating_add(2),
        )),
        "hello" => text(8),
        "b64enc" | "b32enc" => text(product(length(0), 2).saturating_add(8)),
        "b64dec" | "b32dec" => text(length(0).saturating_add(64)),
        "sha1sum" | "sha256sum" | "sha512sum" | "adler32sum" => text(128),
        "base" | "dir" | "clean" | "ext" | "osBase" | "osDir" | "osClean" | "osExt" => {
            text(length(0).saturating_add(1))
        }
        "splitList" => {
            let separator = shapes[0].known_text().map_or(0, <[u8]>::len) as u64;
            let (least, most) = match separator {
                0 => (0, length(1).saturating_add(1)),
                separator => (1, length(1) / separator + 1),
            };
            texts(
                length(1),
                least,
                most,
                length(1).saturating_add(product(most, 64)),
            )
        }
        "split" => Gives(Shape::Strings {
            longest: length(1),
            most: length(1).saturating_add(1),
        }),
        "splitn" => {
            let most = match int(1) {
                Some(most @ 0..) => (most.unsigned_abs()).min(length(2).saturating_add(1)),
                _ => length(2).saturating_add(1),
            };
            Gives(Shape::Strings {
                longest: length(2),
                most,
            })
        }
        "join" => text(sizes.saturating_add(product(shapes[1].size() / 16 + 1, length(0)))),
        "toJson" | "mustToJson" | "toRawJson" | "mustToRawJson" | "toPrettyJson"
        | "mustToPrettyJson" => json(name, &shapes[0]),
        _ => return None,
    })
}

fn json(name: &str, value: &Shape) -> Outcome {
    // Only floats can be something that JSON cannot hold; `toJson` gives nothing for them.
    let forgiving = matches!(name, "toJson" | "toPrettyJson");
    if !forgiving && !holds_no_float(value) {
        return Depends;
    }
    let (size, depth) = (value.size(), value.depth().saturating_add(2));
    let indented = if name.contains("Pretty") {
        product(size / 16 + 1, product(depth, 4))
    } else {
        0
    };
    text(product(size, 6).saturating_add(indented))
}

fn holds_no_float(shape: &Shape) -> bool {
    match shape {
        Shape::Known(Value::Float(number)) => number.is_finite(),
        Shape::List(list) => holds_no_float(&list.item),
        Shape::Float | Shape::Dict { .. } | Shape::Any { .. } | Shape::Unbounded => false,
        Shape::Known(_)
        | Shape::Bool
        | Shape::Int
        | Shape::Int64
        | Shape::Byte
        | Shape::Str(_)
        | Shape::Root(_)
        | Shape::Strings { .. } => true,
    }
}
