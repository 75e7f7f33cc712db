//! Objects that were renamed, found by the names that they had.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use crate::id::{Gvk, NO_NAMESPACE, ResId, Scope};
use crate::resource::Resource;

/// An object that a reference can mean.
#[derive(Debug)]
pub(super) struct Candidate {
    /// Where it stands among all objects.
    pub(super) place: usize,
    pub(super) kind: String,
    pub(super) name: String,
    /// The namespace as written.
    pub(super) namespace: String,
    pub(super) scope: Scope,
    pub(super) affixes: Affixes,
    api_version: String,
    /// Former ids, oldest first.
    previous: Vec<Previous>,
}

#[derive(Debug)]
struct Previous {
    kind: String,
    name: String,
}

impl Candidate {
    fn of(place: usize, resource: &Resource, previous: &[ResId<'_>]) -> Self {
        Self {
            place,
            kind: resource.kind().to_owned(),
            name: resource.name().to_owned(),
            namespace: resource.namespace().to_owned(),
            scope: resource.scope(),
            affixes: Affixes::of(resource),
            api_version: resource.api_version().to_owned(),
            previous: previous
                .iter()
                .map(|id| Previous {
                    kind: id.gvk.kind.clone().into_owned(),
                    name: id.name.clone().into_owned(),
                })
                .collect(),
        }
    }

    pub(super) fn effective_namespace(&self) -> &str {
        let id = ResId {
            scope: self.scope,
            namespace: (&*self.namespace).into(),
            ..ResId::default()
        };
        match id.effective_namespace() {
            namespace if namespace == self.namespace => &self.namespace,
            crate::id::DEFAULT_NAMESPACE => crate::id::DEFAULT_NAMESPACE,
            _ => NO_NAMESPACE,
        }
    }

    pub(super) fn had_name(&self, name: &str) -> bool {
        self.previous.iter().any(|previous| previous.name == name)
    }

    pub(super) fn was_of_type(&self, pattern: &Gvk<'_>) -> bool {
        self.previous
            .iter()
            .any(|previous| Gvk::new(&self.api_version, &previous.kind).is_selected_by(pattern))
    }

    pub(super) fn id(&self) -> ResId<'static> {
        let id = ResId {
            gvk: Gvk::new(&self.api_version, &self.kind),
            scope: self.scope,
            name: (&*self.name).into(),
            namespace: (&*self.namespace).into(),
        };
        id.into_owned()
    }
}

/// What was added to an object's name, first to last.
#[derive(Debug, Default)]
pub(super) struct Affixes {
    prefixes: Vec<String>,
    suffixes: Vec<String>,
}

impl Affixes {
    pub(super) fn of(resource: &Resource) -> Self {
        Self {
            prefixes: resource.name_prefixes().map(str::to_owned).collect(),
            suffixes: resource.name_suffixes().map(str::to_owned).collect(),
        }
    }

    /// Whether both end alike; what has none fits all.
    pub(super) fn fit(&self, other: &Self) -> bool {
        let fit = |one: &[String], other: &[String]| {
            one.is_empty() || other.is_empty() || end_alike(one, other)
        };
        fit(&self.prefixes, &other.prefixes) && fit(&self.suffixes, &other.suffixes)
    }

    /// Whether both end alike; what has none equals only what has none.
    pub(super) fn equal(&self, other: &Self) -> bool {
        end_alike(&self.prefixes, &other.prefixes) && end_alike(&self.suffixes, &other.suffixes)
    }
}

fn end_alike(one: &[String], other: &[String]) -> bool {
    if one.is_empty() || other.is_empty() {
        return one.len() == other.len();
    }
    one.ends_with(other) || other.ends_with(one)
}

/// Where a renamed object is looked for.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) enum Search<'s> {
    Anywhere,
    OriginalNamespace(&'s str),
    CurrentNamespace(&'s str),
}

/// A place that an object was in at first and the one that it is in now.
#[derive(Debug, Eq, Hash, PartialEq)]
struct Move {
    scope: Scope,
    effective: String,
    written: String,
}

/// All objects that were renamed.
#[derive(Debug)]
pub(super) struct Candidates {
    list: Vec<Candidate>,
    /// The hash of what is looked for and positions in the list, in order. A hash can lead to an object that is another.
    index: Vec<(u64, u32)>,
    hasher: RandomState,
    /// By original namespace, where the objects that were in it are now; those that were not renamed are among them.
    moves: HashMap<String, HashSet<Move>>,
}

impl Candidates {
    /// Those among all objects. `any_kind` says whether they will be looked for without a kind.
    pub(super) fn of(resources: &[Resource], any_kind: bool) -> Self {
        let mut candidates = Self {
            list: Vec::new(),
            index: Vec::with_capacity(resources.len()),
            hasher: RandomState::new(),
            moves: HashMap::new(),
        };
        for (place, resource) in resources.iter().enumerate() {
            let previous = resource.previous_ids();
            let now = resource.id();
            let first = previous.first().unwrap_or(&now);
            let original = first.effective_namespace();
            candidates.add_move(original, &now);
            if previous.is_empty() {
                continue;
            }
            let Ok(position) = u32::try_from(candidates.list.len()) else {
                continue;
            };
            let current = now.effective_namespace();
            // Most former ids differ in their namespaces alone.
            let mut names: Vec<&str> = previous.iter().map(|id| &*id.name).collect();
            names.dedup();
            let mut kinds: Vec<&str> = previous.iter().map(|id| &*id.gvk.kind).collect();
            kinds.dedup();
            kinds.extend(any_kind.then_some(""));
            for name in names {
                // Name and kind need not be of the same former id.
                for kind in &kinds {
                    for search in [
                        Search::Anywhere,
                        Search::OriginalNamespace(original),
                        Search::CurrentNamespace(current),
                    ] {
                        candidates.add(kind, name, search, position);
                    }
                }
            }
            candidates
                .list
                .push(Candidate::of(place, resource, &previous));
        }
        candidates.index.sort_unstable();
        candidates.index.dedup();
        candidates
    }

    /// Objects that may have had the name, in their order.
    pub(super) fn find(
        &self,
        kind: &str,
        name: &str,
        search: Search<'_>,
    ) -> impl Iterator<Item = &Candidate> {
        let wanted = self.hash(kind, name, search);
        let first = self.index.partition_point(|(hash, _)| *hash < wanted);
        self.index
            .iter()
            .skip(first)
            .take_while(move |(hash, _)| *hash == wanted)
            .filter_map(|(_, position)| self.list.get(*position as usize))
    }

    /// Whether an object was in the namespace at first and is now somewhere that counts.
    pub(super) fn was_inhabited(
        &self,
        namespace: &str,
        counts: impl Fn(Scope, &str, &str) -> bool,
    ) -> bool {
        self.moves.get(namespace).is_some_and(|moves| {
            moves
                .iter()
                .any(|to| counts(to.scope, &to.effective, &to.written))
        })
    }

    fn add_move(&mut self, original: &str, now: &ResId<'_>) {
        let to = Move {
            scope: now.scope,
            effective: now.effective_namespace().to_owned(),
            written: now.namespace.clone().into_owned(),
        };
        match self.moves.get_mut(original) {
            Some(moves) => {
                moves.insert(to);
            }
            None => {
                self.moves.insert(original.to_owned(), HashSet::from([to]));
            }
        }
    }

    fn add(&mut self, kind: &str, name: &str, search: Search<'_>, position: u32) {
        let hash = self.hash(kind, name, search);
        self.index.push((hash, position));
    }

    fn hash(&self, kind: &str, name: &str, search: Search<'_>) -> u64 {
        self.hasher.hash_one((kind, name, search))
    }
}
