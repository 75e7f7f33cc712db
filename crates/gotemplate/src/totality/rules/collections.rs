//! Lists and dictionaries.

use super::Outcome::{self, Depends, Fails, Gives};
use super::{nil, product, size_of, texts, total};
use crate::totality::shape::{ListShape, Shape};
use crate::value::{Element, Value};

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

pub(super) fn apply(name: &str, shapes: &[Shape]) -> Option<Outcome> {
    lists(name, shapes).or_else(|| {
        let sizes = size_of(shapes);
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
                let total = total([list.total, shapes[1].size(), 64]);
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
