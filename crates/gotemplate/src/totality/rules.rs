//! What is known of the result of each function, from the shapes of its arguments.
//!
//! A function that is not named here counts as one that could fail. The bounds are generous; what matters is that no
//! result is ever longer.

use super::shape::{ListShape, Shape};
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

fn text(longest: u64) -> Outcome {
    Gives(Shape::Str(longest))
}

fn nil() -> Shape {
    Shape::Known(Value::Nil)
}

/// A sum or product of lengths that cannot wrap around.
fn product(left: u64, right: u64) -> u64 {
    left.saturating_mul(right)
}

fn total(lengths: &[u64]) -> u64 {
    lengths
        .iter()
        .fold(0, |total, length| total.saturating_add(*length))
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

/// The steps of functions whose work grows faster than their arguments.
pub(super) fn extra_steps(name: &str, shapes: &[Shape]) -> u64 {
    let sizes = total(&shapes.iter().map(Shape::size).collect::<Vec<_>>());
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

pub(super) fn apply(name: &str, shapes: &[Shape]) -> Outcome {
    builtin(name, shapes)
        .or_else(|| strings(name, shapes))
        .or_else(|| patterns(name, shapes))
        .or_else(|| numbers(name, shapes))
        .or_else(|| collections(name, shapes))
        .or_else(|| types(name, shapes))
        .unwrap_or(Depends)
}

fn builtin(name: &str, shapes: &[Shape]) -> Option<Outcome> {
    let sizes = total(&shapes.iter().map(Shape::size).collect::<Vec<_>>());
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
    let sizes = total(&values.iter().map(Shape::size).collect::<Vec<_>>());
    // Quoting takes four bytes for one, a marked mistake less; a float in full has some 330 digits.
    let floats = product(values.len() as u64 + sizes / 16, 400);
    text(total(&[
        format.len() as u64,
        product(sizes, 10),
        product(widths, 1 + sizes / 16),
        floats,
        64,
    ]))
}

fn strings(name: &str, shapes: &[Shape]) -> Option<Outcome> {
    let length = |index: usize| shapes.get(index).and_then(Shape::length).unwrap_or(0);
    let int = |index: usize| shapes.get(index).and_then(Shape::known_int);
    let sizes = total(&shapes.iter().map(Shape::size).collect::<Vec<_>>());
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

/// Patterns must be known: whether another one compiles depends on the secret.
fn patterns(name: &str, shapes: &[Shape]) -> Option<Outcome> {
    let name = name
        .strip_prefix("must")
        .map_or_else(|| name.to_owned(), |rest| rest.replacen('R', "r", 1));
    let length = |index: usize| shapes.get(index).and_then(Shape::length).unwrap_or(0);
    if name == "regexQuoteMeta" {
        return Some(text(product(length(0), 2)));
    }
    if !name.starts_with("regex") {
        return None;
    }
    let Some(pattern) = shapes.first().and_then(Shape::known_text) else {
        return Some(Depends);
    };
    if !compilation(pattern).1 {
        return Some(if name == "regexMatch" { Depends } else { Fails });
    }
    let matches = length(1).saturating_add(2);
    Some(match name.as_str() {
        "regexMatch" => Gives(Shape::Bool),
        "regexFind" => text(length(1)),
        "regexFindAll" | "regexSplit" => texts(
            length(1),
            0,
            matches,
            length(1).saturating_add(product(matches, 64)),
        ),
        // Each reference in the replacement brings at most the match, and all matches together are the text.
        "regexReplaceAll" => text(product(matches, product(length(2).saturating_add(1), 2))),
        "regexReplaceAllLiteral" => text(length(1).saturating_add(product(matches, length(2)))),
        _ => Depends,
    })
}

fn numbers(name: &str, shapes: &[Shape]) -> Option<Outcome> {
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

fn list_of(shape: &Shape) -> Result<&ListShape, Outcome> {
    match shape {
        Shape::List(list) => Ok(list),
        Shape::Any { .. } | Shape::Unbounded => Err(Depends),
        _ => Err(Fails),
    }
}

/// A `[]interface {}` with the items of a list.
fn relisted(list: &ListShape, least: u64) -> Outcome {
    Gives(Shape::list(
        Element::Any,
        list.item.clone(),
        least,
        list.most,
        list.total,
    ))
}

fn collections(name: &str, shapes: &[Shape]) -> Option<Outcome> {
    lists(name, shapes).or_else(|| {
        let sizes = total(&shapes.iter().map(Shape::size).collect::<Vec<_>>());
        let depth = shapes.iter().map(Shape::depth).max().unwrap_or(0);
        let any = Shape::Any {
            size: sizes.max(64),
            depth,
        };
        Some(match name {
            // An entry has its key, its value, and what a map adds to both.
            "dict" => Gives(Shape::Dict {
                size: product(sizes, 2).saturating_add(128),
                depth: depth.saturating_add(1),
            }),
            "get" => Gives(any),
            "hasKey" => Gives(Shape::Bool),
            "pick" | "omit" => Gives(Shape::Dict {
                size: shapes[0].size(),
                depth,
            }),
            "keys" => texts(sizes, 0, sizes / 16, product(sizes, 4)),
            "values" => Gives(Shape::list(
                Element::Any,
                any,
                0,
                sizes / 16,
                product(sizes, 4),
            )),
            "pluck" => Gives(Shape::list(
                Element::Any,
                any,
                0,
                shapes.len() as u64,
                product(sizes, 2),
            )),
            _ => return None,
        })
    })
}

fn lists(name: &str, shapes: &[Shape]) -> Option<Outcome> {
    let short = match name {
        "mustPush" | "mustAppend" | "append" => "push".to_owned(),
        name => name
            .strip_prefix("must")
            .map_or_else(|| name.to_owned(), str::to_lowercase),
    };
    let outcome = || -> Result<Option<Outcome>, Outcome> {
        Ok(Some(match short.as_str() {
            "list" | "tuple" => Gives(Shape::list_of(shapes)),
            "first" | "last" => {
                let list = list_of(&shapes[0])?;
                Gives(if list.least > 0 {
                    list.item.clone()
                } else {
                    list.item.join(&nil())
                })
            }
            "rest" | "initial" => {
                let list = list_of(&shapes[0])?;
                relisted(list, list.least.saturating_sub(1))
            }
            "reverse" => {
                let list = list_of(&shapes[0])?;
                relisted(list, list.least)
            }
            "compact" | "uniq" | "without" => relisted(list_of(&shapes[0])?, 0),
            "has" => match &shapes[1] {
                Shape::Known(Value::Nil | Value::Missing) => Gives(Shape::Bool),
                other => {
                    list_of(other)?;
                    Gives(Shape::Bool)
                }
            },
            "push" | "prepend" => {
                let list = list_of(&shapes[0])?;
                let item = if list.most == 0 {
                    shapes[1].clone()
                } else {
                    list.item.join(&shapes[1])
                };
                let total = total(&[list.total, shapes[1].size(), 64]);
                Gives(Shape::list(
                    Element::Any,
                    item,
                    list.least.saturating_add(1),
                    list.most.saturating_add(1),
                    total,
                ))
            }
            "concat" => {
                let mut item: Option<Shape> = None;
                let (mut least, mut most, mut sum) = (0_u64, 0_u64, 0_u64);
                for shape in shapes {
                    let list = list_of(shape)?;
                    item =
                        Some(item.map_or_else(|| list.item.clone(), |item| item.join(&list.item)));
                    least = least.saturating_add(list.least);
                    most = most.saturating_add(list.most);
                    sum = sum.saturating_add(list.total);
                }
                Gives(Shape::list(
                    Element::Any,
                    item.unwrap_or_else(nil),
                    least,
                    most,
                    sum,
                ))
            }
            "chunk" => {
                let list = list_of(&shapes[1])?;
                if shapes[0].known_int().is_none_or(|size| size <= 0) {
                    return Err(Depends);
                }
                let total = list.total.saturating_add(product(list.most, 64));
                let chunk = Shape::list(Element::Any, list.item.clone(), 0, list.most, list.total);
                Gives(Shape::list(
                    Element::List,
                    chunk,
                    list.least.min(1),
                    list.most,
                    total,
                ))
            }
            "sortAlpha" | "toStrings" => {
                let size = shapes[0].size();
                match &shapes[0] {
                    Shape::List(list) => texts(
                        size,
                        0,
                        list.most,
                        size.saturating_add(product(list.most, 64)),
                    ),
                    _ => texts(size, 0, size / 16 + 1, product(size, 6)),
                }
            }
            _ => return Ok(None),
        }))
    };
    outcome().unwrap_or_else(Some)
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
