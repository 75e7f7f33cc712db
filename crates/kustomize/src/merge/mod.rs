//! Strategic merge: a patch laid over an object, lists merged by the keys that the schema names.
//!
//! What comes out is what kustomize's own library makes, which is not quite what the API server does with such a
//! patch: items of the patch stand first, `$setElementOrder`, `$retainKeys` and `$deleteFromPrimitiveList` are
//! fields like any other, and whatever the patch does not mention is tidied on the way (kyaml: yaml/merge2,
//! yaml/walk). In Go both trees are walked side by side by reference; where the patch's part takes the place of the
//! target's, it is walked beside itself, which is what `Merge::settle` stands for.

mod comment;
mod directive;
mod error;
mod list;

use goyaml::{Kind, Node, Position, Style};

use crate::{
    node::{adapt, protect},
    schema::{Schema, Type},
    sharing,
};

pub use error::{MergeError, MergeErrorKind};

use self::directive::Directive;

/// What a merge has left.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub enum Outcome {
    /// The object, changed in place.
    Merged,
    /// Nothing: the patch deletes the object, and what is left of the target must not be used.
    Deleted,
}

/// How deep a target may be, and a patch: what the stack of a thread holds in a build without optimisation.
pub const MAX_DEPTH: usize = 400;

/// Lays `patch` over `target`.
///
/// The types are looked up by the target's `apiVersion` and `kind`, or by the patch's where nothing is known of those.
///
/// # Errors
///
/// See [`MergeErrorKind`]. The target is then half merged and must not be used.
pub fn strategic(target: &mut Node, patch: &Node, schema: &Schema) -> Result<Outcome, MergeError> {
    let mut patch = patch.clone();
    let mut merge = Merge {
        schema,
        depth: 0,
        shared: false,
    };
    let verdict = merge.walk(Some(target), Some(&mut patch), None)?;
    if merge.shared {
        sharing::settle(target);
    }
    match verdict {
        // The real program changes objects in place, and forgets a patch that is to replace a whole one
        // (api: resource.go, ApplyFilter).
        Verdict::Keep | Verdict::Take => {}
        Verdict::Hold | Verdict::Drop => return Ok(Outcome::Deleted),
    }
    if crate::node::is_empty(target) {
        return Ok(Outcome::Deleted);
    }
    Ok(Outcome::Merged)
}

/// What stands in a place after both sides were looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Verdict {
    /// The target's node, as it is now.
    Keep,
    /// The patch's node, as it is now.
    Take,
    /// The target's null, which was written out and so is meant.
    Hold,
    /// Nothing.
    Drop,
}

struct Merge<'s> {
    schema: &'s Schema,
    depth: usize,
    /// Whether a node was written to that stands in several places.
    shared: bool,
}

impl<'s> Merge<'s> {
    /// Merges one place. A null counts as missing on either side, but one in the patch removes.
    fn walk(
        &mut self,
        target: Option<&mut Node>,
        patch: Option<&mut Node>,
        known: Option<Type<'_>>,
    ) -> Result<Verdict, MergeError> {
        let present = |node: &Option<&mut Node>| {
            node.as_ref()
                .filter(|node| !node.is_null())
                .map(|node| node.kind)
        };
        let (target_kind, patch_kind) = (present(&target), present(&patch));
        let Some(kind) = target_kind.or(patch_kind) else {
            return Ok(match (target, patch) {
                (Some(target), None) if !target.value.is_empty() => Verdict::Hold,
                _ => Verdict::Drop,
            });
        };
        if let (Some(found), Some(patch)) = (patch_kind, &patch)
            && found != kind
        {
            return Err(MergeError::wrong_kind(kind, patch));
        }
        self.enter(target.as_deref().or(patch.as_deref()))?;
        let verdict = match kind {
            Kind::Alias => Ok(Verdict::Drop),
            Kind::Scalar => Ok(match (target, patch) {
                (_, Some(patch)) if patch.is_null() => Verdict::Drop,
                (target, Some(patch)) => {
                    adorn(target, patch);
                    Verdict::Take
                }
                (_, None) => Verdict::Keep,
            }),
            Kind::Mapping => self.mappings(target, patch, known),
            Kind::Sequence => self.sequences(target, patch, known),
        };
        self.depth -= 1;
        verdict
    }

    fn mappings(
        &mut self,
        target: Option<&mut Node>,
        patch: Option<&mut Node>,
        known: Option<Type<'_>>,
    ) -> Result<Verdict, MergeError> {
        let own = comment::described(&[target.as_deref(), patch.as_deref()]);
        let nodes = [target.as_deref(), patch.as_deref()];
        let known = self.known(own.as_ref(), known, &nodes);
        let Some(target) = target.filter(|target| !target.is_null()) else {
            let Some(patch) = patch else {
                return Ok(Verdict::Drop);
            };
            // A directive that is unknown is not minded here, and stays.
            if directive::take_from_mapping(patch) == Ok(Directive::Delete) {
                return Ok(Verdict::Drop);
            }
            self.settle_fields(patch, known)?;
            return Ok(Verdict::Take);
        };
        let Some(patch) = patch else {
            self.tidy(target, known)?;
            return Ok(Verdict::Keep);
        };
        if patch.is_null() {
            return Ok(Verdict::Drop);
        }
        adorn(Some(&mut *target), patch);
        match directive::take_from_mapping(patch)? {
            Directive::Delete => Ok(Verdict::Drop),
            Directive::Replace => {
                self.settle_fields(patch, known)?;
                Ok(Verdict::Take)
            }
            Directive::Merge => {
                self.fields(target, patch, known)?;
                Ok(Verdict::Keep)
            }
        }
    }

    fn sequences(
        &mut self,
        target: Option<&mut Node>,
        patch: Option<&mut Node>,
        known: Option<Type<'_>>,
    ) -> Result<Verdict, MergeError> {
        let own = comment::described(&[target.as_deref(), patch.as_deref()]);
        let known = self.known(own.as_ref(), known, &[]);
        let keys = known.and_then(Type::merge_keys);
        let items = known.and_then(Type::items);
        let target = target.filter(|target| !target.is_null());
        match (target, patch, keys) {
            (_, Some(patch), _) if patch.is_null() => Ok(Verdict::Drop),
            (_, Some(_), None) => Ok(Verdict::Take),
            (Some(_), None, None) => Ok(Verdict::Keep),
            (None, None, _) => Ok(Verdict::Drop),
            (Some(target), None, Some(keys)) => {
                self.tidy_list(target, &keys, items)?;
                Ok(Verdict::Keep)
            }
            (None, Some(patch), Some(keys)) => {
                self.settle_list(patch, &keys, items)?;
                Ok(Verdict::Take)
            }
            (Some(target), Some(patch), Some(keys)) => {
                adorn(Some(&mut *target), patch);
                match directive::take_from_sequence(patch)? {
                    Directive::Delete => Ok(Verdict::Drop),
                    Directive::Replace => {
                        self.settle_list(patch, &keys, items)?;
                        Ok(Verdict::Take)
                    }
                    Directive::Merge => {
                        self.merge_lists(target, patch, &keys, items)?;
                        Ok(Verdict::Keep)
                    }
                }
            }
        }
    }

    /// Walks a node beside itself: directives in it are carried out, nulls removed. `Keep` or `Drop`.
    fn settle(&mut self, node: &mut Node, known: Option<Type<'_>>) -> Result<Verdict, MergeError> {
        if node.is_null() {
            return Ok(Verdict::Drop);
        }
        self.enter(Some(node))?;
        let own = comment::described(&[Some(node)]);
        let verdict = match node.kind {
            Kind::Alias => Ok(Verdict::Drop),
            Kind::Scalar => Ok(Verdict::Keep),
            Kind::Mapping => {
                let known = self.known(own.as_ref(), known, &[Some(node)]);
                match directive::take_from_mapping(node) {
                    Ok(Directive::Delete) => Ok(Verdict::Drop),
                    Ok(Directive::Replace | Directive::Merge) => {
                        self.settle_fields(node, known).map(|()| Verdict::Keep)
                    }
                    Err(error) => Err(error),
                }
            }
            Kind::Sequence => {
                let known = self.known(own.as_ref(), known, &[]);
                match known.and_then(Type::merge_keys) {
                    None => Ok(Verdict::Keep),
                    Some(keys) => match directive::take_from_sequence(node) {
                        Ok(Directive::Delete) => Ok(Verdict::Drop),
                        Ok(Directive::Replace | Directive::Merge) => {
                            let items = known.and_then(Type::items);
                            self.settle_list(node, &keys, items).map(|()| Verdict::Keep)
                        }
                        Err(error) => Err(error),
                    },
                }
            }
        };
        self.depth -= 1;
        verdict
    }

    /// Settles the fields of a mapping whose own directive has been taken.
    fn settle_fields(
        &mut self,
        node: &mut Node,
        known: Option<Type<'_>>,
    ) -> Result<(), MergeError> {
        self.each_field(node, known, |merge, value, known| {
            merge.settle(value, known)
        })
    }

    /// Walks a mapping that the patch does not mention: nulls that nothing was written for are removed, and lists with
    /// merge keys are brought in order.
    fn tidy(&mut self, node: &mut Node, known: Option<Type<'_>>) -> Result<(), MergeError> {
        self.each_field(node, known, |merge, value, known| {
            merge.walk(Some(value), None, known)
        })
    }

    fn each_field(
        &mut self,
        node: &mut Node,
        known: Option<Type<'_>>,
        mut visit: impl FnMut(&mut Self, &mut Node, Option<Type<'_>>) -> Result<Verdict, MergeError>,
    ) -> Result<(), MergeError> {
        let mut dropped = false;
        for (key, value) in node.entries_mut() {
            let own = comment::of_key(key);
            let of_field = known.and_then(|known| known.field(&key.value));
            let of_field = own
                .as_ref()
                .map(|own| self.schema.described(own))
                .or(of_field);
            let verdict =
                visit(self, value, of_field).map_err(|error| error.in_field(&key.value))?;
            match verdict {
                Verdict::Keep | Verdict::Take => protect(value),
                Verdict::Hold => hold(value),
                Verdict::Drop => {
                    mark_dropped(key);
                    dropped = true;
                }
            }
        }
        if dropped {
            remove_dropped(node);
        }
        Ok(())
    }

    /// Merges the fields of two mappings.
    fn fields(
        &mut self,
        target: &mut Node,
        patch: &mut Node,
        known: Option<Type<'_>>,
    ) -> Result<(), MergeError> {
        let mut order: Vec<usize> = (0..patch.content.len() / 2)
            .map(|entry| entry * 2)
            .collect();
        // The first of two equal keys is the one that counts.
        order.sort_by(|a, b| patch.content[*a].value.cmp(&patch.content[*b].value));
        order.dedup_by(|b, a| patch.content[*a].value == patch.content[*b].value);
        let mut met = vec![false; order.len()];

        let mut dropped = false;
        for (key, value) in target.entries_mut() {
            let found = order
                .binary_search_by(|at| patch.content[*at].value.as_str().cmp(&key.value))
                .ok()
                .filter(|found| !met[*found]);
            let entry = found.and_then(|found| {
                met[found] = true;
                entry_at(patch, order[found])
            });
            let of_field = known.and_then(|known| known.field(&key.value));
            let (patch_key, mut patch_value) = entry.unzip();
            let own =
                comment::of_key(key).or_else(|| patch_key.and_then(|key| comment::of_key(key)));
            let of_field = own
                .as_ref()
                .map(|own| self.schema.described(own))
                .or(of_field);
            let verdict = self
                .walk(Some(&mut *value), patch_value.as_deref_mut(), of_field)
                .map_err(|error| error.in_field(&key.value))?;
            match (verdict, patch_value) {
                (Verdict::Take, Some(taken)) => {
                    put(value, taken);
                    self.shared |= sharing::is_written(value);
                }
                (Verdict::Keep | Verdict::Take, _) => protect(value),
                (Verdict::Hold, _) => hold(value),
                (Verdict::Drop, _) => {
                    mark_dropped(key);
                    dropped = true;
                }
            }
        }
        if dropped {
            remove_dropped(target);
        }

        for (at, _) in order.iter().zip(met).filter(|(_, met)| !met) {
            let Some((key, value)) = entry_at(patch, *at) else {
                continue;
            };
            let own = comment::of_key(key);
            let of_field = known.and_then(|known| known.field(&key.value));
            let of_field = own
                .as_ref()
                .map(|own| self.schema.described(own))
                .or(of_field);
            let verdict = self
                .walk(None, Some(&mut *value), of_field)
                .map_err(|error| error.in_field(&key.value))?;
            if verdict == Verdict::Take {
                let mut added = value.clone();
                let mut key = made_key(key);
                if added.kind == Kind::Sequence && sharing::is_made(&added) {
                    added.style = Style::default();
                    key.style = Style::default();
                }
                protect(&mut added);
                target.push_entry(key, added);
            }
        }
        Ok(())
    }

    /// What is known of a place: what a comment in it says, or else what its parent says of it, or else what its own
    /// `apiVersion` and `kind` stand for.
    fn known<'t>(
        &self,
        own: Option<&'t goyaml::Value>,
        known: Option<Type<'t>>,
        nodes: &[Option<&Node>],
    ) -> Option<Type<'t>>
    where
        's: 't,
    {
        if let Some(own) = own {
            return Some(self.schema.described(own));
        }
        known.or_else(|| {
            nodes.iter().flatten().find_map(|node| {
                let text = |field: &str| {
                    let value = node.get(field).filter(|value| !value.is_null())?;
                    (!value.value.is_empty()).then_some(value.value.as_str())
                };
                self.schema.object(text("apiVersion")?, text("kind")?)
            })
        })
    }

    fn enter(&mut self, at: Option<&Node>) -> Result<(), MergeError> {
        if self.depth == MAX_DEPTH {
            let position = at.map(|node| node.position).unwrap_or_default();
            return Err(MergeError::new(MergeErrorKind::TooDeep, position));
        }
        self.depth += 1;
        Ok(())
    }
}

fn entry_at(mapping: &mut Node, at: usize) -> Option<(&mut Node, &mut Node)> {
    match mapping.content.get_mut(at..at + 2)? {
        [key, value] => Some((key, value)),
        _ => None,
    }
}

/// Gives a target what its counterpart in the patch is dressed in: comments, and the style of a collection where the
/// target has none of its own to keep.
fn adorn(target: Option<&mut Node>, patch: &Node) {
    let Some(target) = target else {
        return;
    };
    comment::copy(patch, target);
    if target.kind != Kind::Scalar && target.content.is_empty() {
        target.style = patch.style;
    }
}

/// Puts a value of the patch in the place of one of the target, for all places that hold the same node. The patch's own
/// node takes over the style too, which shows where the patch is merged with several items of a list.
fn put(slot: &mut Node, value: &mut Node) {
    protect(value);
    adapt(value, slot.style);
    sharing::assign(slot, value.clone());
}

/// Marks an entry for [`remove_dropped`]. No key of a document is an alias, once its aliases are expanded.
fn mark_dropped(key: &mut Node) {
    key.kind = Kind::Alias;
}

fn remove_dropped(mapping: &mut Node) {
    let content = std::mem::take(&mut mapping.content);
    let mut entries = content.into_iter();
    let mut kept = Vec::with_capacity(entries.len());
    while let (Some(key), Some(value)) = (entries.next(), entries.next()) {
        if key.kind != Kind::Alias {
            kept.push(key);
            kept.push(value);
        }
    }
    mapping.content = kept;
}

/// A null that stays is made anew.
fn hold(null: &mut Node) {
    null.position = Position::default();
    null.comments = None;
}

/// The key of a field that the target gets: the patch's, without what was written around it.
fn made_key(key: &Node) -> Node {
    Node {
        kind: key.kind,
        style: key.style,
        tag: key.tag.clone(),
        value: key.value.clone(),
        ..Node::default()
    }
}
