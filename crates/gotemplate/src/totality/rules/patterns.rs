//! Regular expressions. They must be known: whether another one compiles depends on the secret.

use super::Outcome::{self, Depends, Fails, Gives};
use super::{product, text, texts};
use crate::sprig::compilation;
use crate::totality::shape::Shape;

pub(super) fn apply(name: &str, shapes: &[Shape]) -> Option<Outcome> {
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
