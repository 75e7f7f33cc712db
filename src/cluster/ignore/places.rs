//! Places within an object: removing what is there, and putting it back.

use serde_json::{Map, Value};

use super::jq::Key;
use crate::cluster::fields_v1::{child, elements};

/// Reads a JSON pointer. What stands before the first slash is not looked at, as in Argo CD's library for JSON patches
/// (evanphx/json-patch: `findObject`).
pub(super) fn read_pointer(pointer: &str) -> Vec<String> {
    pointer
        .split('/')
        .skip(1)
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect()
}

/// Removes what a pointer points to, if it is there.
pub(super) fn remove_pointer(object: &mut Value, pointer: &[String]) {
    let Some((last, before)) = pointer.split_last() else {
        return;
    };
    let mut at = object;
    for part in before {
        let below = match at {
            Value::Object(fields) => fields.get_mut(part),
            Value::Array(items) => index(part, items.len()).and_then(|place| items.get_mut(place)),
            _ => None,
        };
        let Some(below) = below else { return };
        at = below;
    }
    match at {
        Value::Object(fields) => {
            fields.shift_remove(last);
        }
        Value::Array(items) => {
            if let Some(place) = index(last, items.len()) {
                items.remove(place);
            }
        }
        _ => {}
    }
}

/// The place of an item; negative ones count from the end.
fn index(text: &str, length: usize) -> Option<usize> {
    absolute(text.parse().ok()?, length).filter(|&place| place < length)
}

fn absolute(place: i64, length: usize) -> Option<usize> {
    if place < 0 {
        length.checked_sub(usize::try_from(place.unsigned_abs()).ok()?)
    } else {
        usize::try_from(place).ok()
    }
}

/// A path without slices, and with places from the begin.
#[derive(Clone, Eq, Ord, PartialEq, PartialOrd)]
enum Step {
    Field(String),
    Item(usize),
}

/// Removes what all paths name, each as counted before anything was removed.
pub(super) fn remove_paths(object: &mut Value, paths: &[Vec<Key>]) {
    let mut found: Vec<Vec<Step>> = Vec::new();
    for path in paths {
        resolve(object, None, path, &mut Vec::new(), &mut found);
    }
    // Last items first, and what is within something before that itself.
    found.sort_unstable_by(|a, b| b.cmp(a));
    found.dedup();
    for path in found {
        remove(object, &path);
    }
}

/// `view` are the items of `value` that a slice left, begin and end.
fn resolve(
    value: &Value,
    view: Option<(usize, usize)>,
    path: &[Key],
    steps: &mut Vec<Step>,
    found: &mut Vec<Vec<Step>>,
) {
    let items = value.as_array().map_or(&[][..], Vec::as_slice);
    let (begin, end) = view.unwrap_or((0, items.len()));
    let Some((key, rest)) = path.split_first() else {
        if view.is_none() {
            found.push(steps.clone());
        }
        for place in view.map_or(0..0, |(begin, end)| begin..end) {
            steps.push(Step::Item(place));
            found.push(steps.clone());
            steps.pop();
        }
        return;
    };
    match key {
        Key::Name(name) => {
            if let Some(below) = value.get(name) {
                steps.push(Step::Field(name.clone()));
                resolve(below, None, rest, steps, found);
                steps.pop();
            }
        }
        Key::Index(index) => {
            let place = absolute(*index, end - begin).map(|place| begin + place);
            if let Some(place) = place.filter(|&place| place < end) {
                steps.push(Step::Item(place));
                resolve(&items[place], None, rest, steps, found);
                steps.pop();
            }
        }
        Key::Slice(from, to) => {
            let length = end - begin;
            let within = |place: i64| match absolute(place, length) {
                Some(place) => place.min(length),
                None => 0,
            };
            let from = from.map_or(0, within);
            let to = to.map_or(length, within).max(from);
            resolve(value, Some((begin + from, begin + to)), rest, steps, found);
        }
    }
}

fn remove(object: &mut Value, path: &[Step]) {
    let Some((last, before)) = path.split_last() else {
        return;
    };
    let mut at = object;
    for step in before {
        let below = match step {
            Step::Field(name) => at.get_mut(name),
            Step::Item(place) => at.get_mut(*place),
        };
        let Some(below) = below else { return };
        at = below;
    }
    match (last, at) {
        (Step::Field(name), Value::Object(fields)) => {
            fields.shift_remove(name);
        }
        (Step::Item(place), Value::Array(items)) if *place < items.len() => {
            items.remove(*place);
        }
        _ => {}
    }
}

/// Puts into `target` what `live` has and `without`, which is `live` after something was removed, has not.
///
/// `lists` tells by which keys the items of a list are told apart; a list of which it says nothing is taken as a whole.
pub(super) fn restore(
    target: &mut Value,
    without: &Value,
    live: &Value,
    lists: Option<&Map<String, Value>>,
) {
    match (without, live) {
        (Value::Object(without), Value::Object(live)) => {
            if without == live {
                return;
            }
            if !target.is_object() {
                *target = Value::Object(Map::new());
            }
            let Some(target) = target.as_object_mut() else {
                return;
            };
            for (name, live) in live {
                match without.get(name) {
                    Some(without) if without == live => {}
                    Some(without) => {
                        let lists = lists.and_then(|lists| child(lists, name));
                        let below = target.entry(name).or_insert(Value::Null);
                        restore(below, without, live, lists);
                    }
                    None => {
                        target.insert(name.clone(), live.clone());
                    }
                }
            }
        }
        (Value::Array(without), Value::Array(live)) => {
            let known = lists.map(elements).unwrap_or_default();
            let Some(items) = target.as_array_mut().filter(|_| !known.is_empty()) else {
                *target = Value::Array(live.clone());
                return;
            };
            for item in live {
                let Some(element) = known.iter().find(|element| element.is(item)) else {
                    continue;
                };
                let own = items.iter_mut().find(|own| element.may_be(own));
                match (own, without.iter().find(|without| element.is(without))) {
                    (Some(own), Some(without)) => restore(own, without, item, element.below),
                    (None, None) => items.push(item.clone()),
                    // An item that is only live and was not ignored is not the target's; one that the target has and whose
                    // live one is ignored as a whole was removed from it, too.
                    (None, Some(_)) | (Some(_), None) => {}
                }
            }
        }
        (without, live) if without != live => live.clone_into(target),
        _ => {}
    }
}
