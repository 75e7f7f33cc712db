//! Lists whose items are told apart by keys.
//!
//! Each item has a row: the texts of its merge keys, empty where it has none. For each row the item of the target and
//! that of the patch are merged, and the results put in one list, patch first; then the target's items are set into it
//! once more. Most of what looks odd here is odd there: an item without a key removes what stood before it, and
//! `$patch: replace` on an item is undone (kyaml: yaml/walk/associative_sequence.go, yaml/fns.go).
//!
//! One thing differs: an item that a merge puts into a list twice, because a key of it is empty, is one and the same node
//! in Go and two here, which a further patch can show.

use std::collections::{HashMap, HashSet};

use goyaml::{Kind, Node, Position};

use super::{
    Merge, Verdict,
    error::{MergeError, MergeErrorKind},
};
use crate::{node::untyped, schema::Type};

/// The most items that lists may have together where some are alike or have no key. What is done to them takes time with
/// the square of it.
const MAX_ITEMS: usize = 8_192;

/// Texts of the merge keys of an item.
type Row = Vec<String>;

/// The places of an item of the target and of one of the patch.
type Pair = (Option<usize>, Option<usize>);

/// The items of both lists, and which of them are where.
struct Items {
    pool: Vec<Node>,
    target: Vec<usize>,
    patch: Other,
}

/// The other list.
enum Other {
    /// There is none.
    Absent,
    /// The same list again.
    Same,
    /// The list of a patch.
    Patch(Vec<usize>),
}

impl Merge<'_> {
    /// Merges the list of a patch into that of the target.
    pub(super) fn merge_lists(
        &mut self,
        target: &mut Node,
        patch: &mut Node,
        keys: &[&str],
        known: Option<Type<'_>>,
    ) -> Result<(), MergeError> {
        let mut pool = std::mem::take(&mut target.content);
        let from_target = pool.len();
        pool.append(&mut patch.content);
        let items = Items {
            target: (0..from_target).collect(),
            patch: Other::Patch((from_target..pool.len()).collect()),
            pool,
        };
        target.content = self.merged(items, keys, known, target)?;
        as_made(target);
        Ok(())
    }

    /// Walks a list that the patch does not mention.
    pub(super) fn tidy_list(
        &mut self,
        list: &mut Node,
        keys: &[&str],
        known: Option<Type<'_>>,
    ) -> Result<(), MergeError> {
        self.alone(list, Other::Absent, keys, known)
    }

    /// Walks a list beside itself.
    pub(super) fn settle_list(
        &mut self,
        list: &mut Node,
        keys: &[&str],
        known: Option<Type<'_>>,
    ) -> Result<(), MergeError> {
        self.alone(list, Other::Same, keys, known)
    }

    fn alone(
        &mut self,
        list: &mut Node,
        patch: Other,
        keys: &[&str],
        known: Option<Type<'_>>,
    ) -> Result<(), MergeError> {
        let pool = std::mem::take(&mut list.content);
        let had_items = !pool.is_empty();
        let items = Items {
            target: (0..pool.len()).collect(),
            patch,
            pool,
        };
        list.content = self.merged(items, keys, known, list)?;
        if had_items {
            as_made(list);
        }
        Ok(())
    }

    fn merged(
        &mut self,
        mut items: Items,
        keys: &[&str],
        known: Option<Type<'_>>,
        list: &Node,
    ) -> Result<Vec<Node>, MergeError> {
        let all = items.rows(keys);
        let keys = if keys.is_empty() { &[""] } else { keys };
        if let Some(pairs) = items.pairs(&all, keys) {
            return self.merged_pairs(items, &pairs, &all, keys, known);
        }
        if items.pool.len() > MAX_ITEMS {
            return Err(MergeError::new(MergeErrorKind::TooManyItems, list.position));
        }
        let mut rows = items.distinct(all);
        if rows.is_empty() {
            return Ok(items.into_content());
        }
        if keys.len() > 1 {
            complete(&mut rows);
        }
        let used = used_columns(&rows, keys.len());
        let keys: Vec<&str> = used.iter().map(|column| keys[*column]).collect();

        let mut merged = Vec::new();
        for row in &rows {
            let row: Row = used.iter().map(|column| row[*column].clone()).collect();
            let in_target = find(&items.pool, &items.target, &keys, &row);
            let in_patch = match &items.patch {
                Other::Absent => None,
                Other::Same => in_target,
                Other::Patch(patch) => find(&items.pool, patch, &keys, &row),
            };
            let Some(item) = self.item(&mut items, (in_target, in_patch), known)? else {
                set_item(&items.pool, &mut items.target, None, &keys, &row)?;
                continue;
            };
            name_item(&mut items.pool[item], &keys, &row);
            set_item(&items.pool, &mut merged, Some(item), &keys, &row)?;
        }
        items.append_target(&mut merged, &keys)?;
        items.target = merged;
        Ok(items.into_content())
    }

    /// What [`merged`](Self::merged) comes to where each item has all keys and no two of a list are alike. Most lists
    /// are such, and this takes time in proportion to their length.
    fn merged_pairs(
        &mut self,
        mut items: Items,
        pairs: &[Pair],
        rows: &[Row],
        keys: &[&str],
        known: Option<Type<'_>>,
    ) -> Result<Vec<Node>, MergeError> {
        let mut order = Vec::with_capacity(pairs.len());
        let mut removed = vec![false; items.pool.len()];
        for pair in pairs {
            let Some(item) = self.item(&mut items, *pair, known)? else {
                if let (Some(target), _) = *pair {
                    removed[target] = true;
                }
                continue;
            };
            name_item(&mut items.pool[item], keys, &rows[item]);
            // The target's own item is set in once more. With several keys it comes behind those of the patch.
            match *pair {
                (None, _) => order.push(item),
                (Some(target), _) if keys.len() == 1 => order.push(target),
                (Some(_), _) => {}
            }
        }
        if keys.len() > 1 {
            order.extend(items.target.iter().filter(|target| !removed[**target]));
        }
        items.target = order;
        Ok(items.into_content())
    }

    /// Merges two items and says which of them has the result; `None` when nothing is left.
    fn item(
        &mut self,
        items: &mut Items,
        (in_target, in_patch): Pair,
        known: Option<Type<'_>>,
    ) -> Result<Option<usize>, MergeError> {
        let (verdict, target, patch) = match (in_target, in_patch) {
            (Some(target), Some(patch)) if target == patch => {
                (self.settle(&mut items.pool[target], known)?, target, patch)
            }
            (Some(target), Some(patch)) => {
                let verdict = match items.pool.get_disjoint_mut([target, patch]) {
                    Ok([one, other]) => self.walk(Some(one), Some(other), known)?,
                    Err(_) => Verdict::Drop,
                };
                (verdict, target, patch)
            }
            (Some(target), None) => {
                let verdict = self.walk(Some(&mut items.pool[target]), None, known)?;
                (verdict, target, target)
            }
            (None, Some(patch)) => {
                let verdict = self.walk(None, Some(&mut items.pool[patch]), known)?;
                (verdict, patch, patch)
            }
            (None, None) => return Ok(None),
        };
        let item = match verdict {
            Verdict::Keep => target,
            Verdict::Take => patch,
            Verdict::Hold | Verdict::Drop => return Ok(None),
        };
        Ok((!is_blank(&items.pool[item])).then_some(item))
    }
}

/// Forgets of a list where it was read and what was written around it: the merged items are put in one that is made.
fn as_made(list: &mut Node) {
    list.position = Position::default();
    list.comments = None;
}

impl Items {
    /// The row of each item. Without keys an item's own text is its row.
    fn rows(&self, keys: &[&str]) -> Vec<Row> {
        let row = |item: &Node| {
            if keys.is_empty() {
                return vec![item.value.clone()];
            }
            let text = |key: &&str| match item.get(key) {
                Some(value) if !crate::node::is_empty(value) => value.value.clone(),
                _ => String::new(),
            };
            keys.iter().map(text).collect()
        };
        self.pool.iter().map(row).collect()
    }

    /// The rows of all items, those of the patch first, none twice.
    fn distinct(&self, rows: Vec<Row>) -> Vec<Row> {
        let all = self.of_patch().iter().chain(&self.target);
        let mut seen = HashSet::new();
        let first: Vec<usize> = all
            .copied()
            .filter(|item| seen.insert(&rows[*item]))
            .collect();
        first.into_iter().map(|item| rows[item].clone()).collect()
    }

    /// Items of both lists that have the same row, and those that are alone, the patch's first. `None` when rows do not
    /// tell the items of a list apart.
    fn pairs(&self, rows: &[Row], keys: &[&str]) -> Option<Vec<Pair>> {
        let is_plain = |(item, row): (&Node, &Row)| {
            if keys[0].is_empty() {
                item.kind == Kind::Scalar && !item.is_null()
            } else {
                item.kind == Kind::Mapping && row.iter().all(|text| !text.is_empty())
            }
        };
        if !self.pool.iter().zip(rows).all(is_plain) {
            return None;
        }
        let mut targets = HashMap::with_capacity(self.target.len());
        for item in &self.target {
            if targets.insert(&rows[*item], *item).is_some() {
                return None;
            }
        }
        let mut pairs = Vec::with_capacity(self.pool.len());
        match &self.patch {
            Other::Absent => pairs.extend(self.target.iter().map(|item| (Some(*item), None))),
            Other::Same => pairs.extend(self.target.iter().map(|item| (Some(*item), Some(*item)))),
            Other::Patch(patch) => {
                let mut met = HashSet::with_capacity(patch.len());
                for item in patch {
                    let row = &rows[*item];
                    if !met.insert(row) {
                        return None;
                    }
                    pairs.push((targets.get(row).copied(), Some(*item)));
                }
                let alone = self
                    .target
                    .iter()
                    .filter(|item| !met.contains(&rows[**item]));
                pairs.extend(alone.map(|item| (Some(*item), None)));
            }
        }
        Some(pairs)
    }

    fn of_patch(&self) -> &[usize] {
        match &self.patch {
            Other::Absent | Other::Same => &[],
            Other::Patch(patch) => patch,
        }
    }

    /// Sets the items of the target into the merged list.
    fn append_target(&self, merged: &mut Vec<usize>, keys: &[&str]) -> Result<(), MergeError> {
        for item in &self.target {
            let node = &self.pool[*item];
            if keys[0].is_empty() {
                let row = [node.value.clone()];
                set_item(&self.pool, merged, Some(*item), &[""], &row)?;
                continue;
            }
            let mut row = Vec::with_capacity(keys.len());
            for key in keys {
                if !node.is_null() && node.kind != Kind::Mapping {
                    return Err(MergeError::wrong_kind(Kind::Mapping, node));
                }
                match node.get(key) {
                    Some(value) => row.push(value.value.clone()),
                    None => merged.push(*item),
                }
            }
            if keys.len() > 1 {
                set_item(&self.pool, merged, None, keys, &row)?;
            }
            set_item(&self.pool, merged, Some(*item), keys, &row)?;
        }
        Ok(())
    }

    /// The items of the target in their order. One can stand there twice.
    fn into_content(self) -> Vec<Node> {
        let mut pool: Vec<Option<Node>> = self.pool.into_iter().map(Some).collect();
        let mut uses = vec![0_usize; pool.len()];
        for item in &self.target {
            uses[*item] += 1;
        }
        let take = |item: &usize| {
            uses[*item] -= 1;
            if uses[*item] == 0 {
                pool[*item].take()
            } else {
                pool[*item].clone()
            }
        };
        self.target.iter().filter_map(take).collect()
    }
}

/// Fills the gaps of rows from other rows that they do not contradict and share a text with.
fn complete(rows: &mut [Row]) {
    if rows.iter().flatten().all(|text| !text.is_empty()) {
        return;
    }
    for one in 0..rows.len() {
        let row = rows[one].clone();
        for other in 0..rows.len() {
            if let Some(common) = union(&row, &rows[other]) {
                rows[one].clone_from(&common);
                rows[other] = common;
            }
        }
    }
}

fn union(one: &[String], other: &[String]) -> Option<Row> {
    let mut shared = false;
    for (one, other) in one.iter().zip(other) {
        if one == other {
            shared = true;
        } else if !one.is_empty() && !other.is_empty() {
            return None;
        }
    }
    let fill = |(one, other): (&String, &String)| if one.is_empty() { other } else { one }.clone();
    shared.then(|| one.iter().zip(other).map(fill).collect())
}

/// The columns in which any row has a text; all of them when none has.
fn used_columns(rows: &[Row], width: usize) -> Vec<usize> {
    let is_used = |column: &usize| rows.iter().any(|row| !row[*column].is_empty());
    let used: Vec<usize> = (0..width).filter(is_used).collect();
    if used.is_empty() {
        (0..width).collect()
    } else {
        used
    }
}

/// The first item whose keys have the texts of the row. Keys that the row has no text for do not count, unless it has
/// none at all.
fn find(pool: &[Node], list: &[usize], keys: &[&str], row: &Row) -> Option<usize> {
    let is_blank = row.iter().all(String::is_empty);
    let matches = |item: &&usize| {
        let node = &pool[**item];
        if keys[0].is_empty() {
            return node.value == row[0];
        }
        let mut pairs = keys.iter().zip(row);
        !node.is_null()
            && pairs.all(|(key, text)| {
                !is_blank && text.is_empty()
                    || node.get(key).is_some_and(|value| value.value == *text)
            })
    };
    list.iter().find(matches).copied()
}

/// Makes sure that an item has the keys of its row.
fn name_item(item: &mut Node, keys: &[&str], row: &Row) {
    for (key, text) in keys.iter().zip(row) {
        if text.is_empty() || item.get(key).is_some() {
            continue;
        }
        if item.kind == Kind::Mapping {
            item.push_entry(Node::string(*key), Node::plain(text.as_str()));
        } else {
            let typed = untyped(text, item.style);
            item.tag = typed.tag;
            item.value = typed.value;
        }
    }
}

/// Sets an item into a list, in the place of each that has the texts of the row, or at the end; without an item, those
/// are removed. A text that is empty matches any. Blank items are removed, and with an empty row all others too.
fn set_item(
    pool: &[Node],
    list: &mut Vec<usize>,
    item: Option<usize>,
    keys: &[&str],
    row: &[String],
) -> Result<(), MergeError> {
    let is_for_mappings = !keys[0].is_empty() && row.first().is_some_and(|text| !text.is_empty());
    let mut found = false;
    let mut kept = Vec::with_capacity(list.len() + 1);
    for present in &*list {
        let node = &pool[*present];
        if is_blank(node) {
            continue;
        }
        if node.kind != Kind::Mapping && is_for_mappings {
            kept.push(*present);
            continue;
        }
        if !matches(node, keys, row)? {
            if !row.is_empty() {
                kept.push(*present);
            }
            continue;
        }
        found = true;
        kept.extend(item);
    }
    if !found {
        kept.extend(item.filter(|item| !pool[*item].is_null()));
    }
    *list = kept;
    Ok(())
}

/// Whether an item has the texts of a row. Where the row is shorter than the keys, its last text decides for the rest.
fn matches(node: &Node, keys: &[&str], row: &[String]) -> Result<bool, MergeError> {
    let mut matched = false;
    for (at, key) in keys.iter().enumerate() {
        if let Some(text) = row.get(at) {
            matched = if key.is_empty() {
                if node.kind != Kind::Scalar {
                    return Err(MergeError::wrong_kind(Kind::Scalar, node));
                }
                node.value == *text
            } else {
                if node.kind != Kind::Mapping {
                    return Err(MergeError::wrong_kind(Kind::Mapping, node));
                }
                node.get(key)
                    .is_some_and(|value| text.is_empty() || value.value == *text)
            };
        }
        if !matched {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether an item says nothing.
fn is_blank(node: &Node) -> bool {
    node.is_null() || node.kind == Kind::Mapping && node.content.is_empty()
}
