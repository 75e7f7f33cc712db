//! The objects of a build in their order, found by their ids.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

use thiserror::Error;

use crate::id::ResId;
use crate::node::KindError;
use crate::resource::{Behavior, Resource};

/// The objects of a build. No two have the same current id.
#[derive(Debug, Default)]
pub struct ResMap {
    list: Vec<Resource>,
    index: OnceLock<Index>,
}

/// Objects do not fit together.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ResMapError {
    /// An object of this id is there already.
    #[error("may not add resource with an already registered id: {id}")]
    AlreadyThere {
        /// The id.
        id: Box<ResId<'static>>,
    },
    /// A generated object would change one that is not there.
    #[error("id {id} does not exist; cannot merge or replace")]
    NothingToChange {
        /// The id.
        id: Box<ResId<'static>>,
    },
    /// A generated object would be created where there is one.
    #[error("id {id} exists; behavior must be merge or replace")]
    MustMergeOrReplace {
        /// The id.
        id: Box<ResId<'static>>,
    },
    /// A generated object would change several.
    #[error("found {count} objects that could accept merge of {id}")]
    SeveralToChange {
        /// The id.
        id: Box<ResId<'static>>,
        /// How many there are.
        count: usize,
    },
    /// An object is not what it must be.
    #[error("the metadata of {id} cannot be changed")]
    Metadata {
        /// The id.
        id: Box<ResId<'static>>,
        /// What is wrong.
        source: KindError,
    },
}

impl ResMapError {
    /// A stable name for the kind of error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::AlreadyThere { .. } => "id-already-there",
            Self::NothingToChange { .. } => "nothing-to-merge-or-replace",
            Self::MustMergeOrReplace { .. } => "must-merge-or-replace",
            Self::SeveralToChange { .. } => "several-to-merge-or-replace",
            Self::Metadata { source, .. } => source.reason(),
        }
    }
}

impl ResMap {
    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is no object.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The objects in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, Resource> {
        self.list.iter()
    }

    /// The objects in their order, to be changed.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, Resource> {
        self.index.take();
        self.list.iter_mut()
    }

    /// The objects as a slice.
    pub fn as_slice(&self) -> &[Resource] {
        &self.list
    }

    /// The objects as a slice, to be changed.
    pub fn as_mut_slice(&mut self) -> &mut [Resource] {
        self.index.take();
        &mut self.list
    }

    /// Changes one object. Unlike [`iter_mut`](Self::iter_mut) this keeps what is known of the places of all others.
    ///
    /// # Panics
    ///
    /// When there is no such place.
    pub fn change<T>(&mut self, place: usize, change: impl FnOnce(&mut Resource) -> T) -> T {
        let changed = change(&mut self.list[place]);
        if let Some(index) = self.index.get_mut() {
            index.add(place, &self.list[place]);
        }
        changed
    }

    /// The objects themselves.
    pub fn into_vec(self) -> Vec<Resource> {
        self.list
    }

    /// Adds an object at the end.
    ///
    /// # Errors
    ///
    /// When one of its current id is there.
    pub fn push(&mut self, resource: Resource) -> Result<(), ResMapError> {
        if self.with_current_id(&resource.id()).next().is_some() {
            return Err(ResMapError::AlreadyThere {
                id: Box::new(resource.id().into_owned()),
            });
        }
        if let Some(index) = self.index.get_mut() {
            index.add(self.list.len(), &resource);
        }
        self.list.push(resource);
        Ok(())
    }

    /// Adds objects at the end.
    ///
    /// # Errors
    ///
    /// When one of the same current id is there.
    pub fn append(&mut self, other: Self) -> Result<(), ResMapError> {
        if self.list.is_empty() {
            *self = other;
            return Ok(());
        }
        self.list.reserve(other.list.len());
        for resource in other.list {
            self.push(resource)?;
        }
        Ok(())
    }

    /// Adds generated objects, or lets them change those of the same name, as each says.
    ///
    /// # Errors
    ///
    /// When what an object is to change is missing or ambiguous, or what it is to create is there.
    pub fn absorb(&mut self, generated: Self) -> Result<(), ResMapError> {
        for resource in generated.list {
            self.absorb_one(resource)?;
        }
        Ok(())
    }

    /// Places of the objects that have this id now.
    pub fn with_current_id(&self, id: &ResId<'_>) -> impl Iterator<Item = usize> {
        self.candidates(id)
            .iter()
            .copied()
            .filter(move |place| self.list[*place].id().is_same_object(id))
    }

    /// Places of the objects that have this id or had it.
    pub fn with_any_id(&self, id: &ResId<'_>) -> impl Iterator<Item = usize> {
        self.candidates(id).iter().copied().filter(move |place| {
            let resource = &self.list[*place];
            !resource.is_empty()
                && (resource.id().is_same_object(id)
                    || resource
                        .previous_ids()
                        .iter()
                        .any(|previous| previous.is_same_object(id)))
        })
    }

    /// Leaves empty objects out.
    pub fn drop_empty(&mut self) {
        if self.list.iter().any(Resource::is_empty) {
            self.retain(|resource| !resource.is_empty());
        }
    }

    /// Keeps the objects that `keep` says.
    pub fn retain(&mut self, keep: impl FnMut(&Resource) -> bool) {
        self.index.take();
        self.list.retain(keep);
    }

    /// Puts the objects in another order.
    pub fn reorder(&mut self, order: impl FnOnce(&mut Vec<Resource>)) {
        self.index.take();
        order(&mut self.list);
    }

    /// The first two objects of the same current id, if there are such.
    ///
    /// # Errors
    ///
    /// When there are.
    pub fn expect_unique_ids(&self) -> Result<(), ResMapError> {
        if self.has_unique_ids() {
            return Ok(());
        }
        for (place, resource) in self.list.iter().enumerate() {
            let id = resource.id();
            if self.with_current_id(&id).any(|other| other < place) {
                return Err(ResMapError::AlreadyThere {
                    id: Box::new(id.into_owned()),
                });
            }
        }
        Ok(())
    }

    /// Whether no two objects have the same current id.
    pub fn has_unique_ids(&self) -> bool {
        let mut seen = HashSet::with_capacity(self.list.len());
        self.list
            .iter()
            .all(|resource| seen.insert(resource.id().into_effective()))
    }

    fn absorb_one(&mut self, mut generated: Resource) -> Result<(), ResMapError> {
        let id = || Box::new(generated.id().into_owned());
        let places: Vec<usize> = self.with_any_id(&generated.id()).collect();
        let behavior = generated.behavior();
        let place = match (places.as_slice(), behavior) {
            ([], Behavior::Merge | Behavior::Replace) => {
                return Err(ResMapError::NothingToChange { id: id() });
            }
            ([], Behavior::Create | Behavior::Unspecified) => return self.push(generated),
            ([_], Behavior::Create | Behavior::Unspecified) => {
                return Err(ResMapError::MustMergeOrReplace { id: id() });
            }
            ([place], Behavior::Merge | Behavior::Replace) => *place,
            (several, _) => {
                return Err(ResMapError::SeveralToChange {
                    id: id(),
                    count: several.len(),
                });
            }
        };
        let old = &self.list[place];
        let changed = match behavior {
            Behavior::Merge => generated.take_data_of(old),
            Behavior::Replace | Behavior::Create | Behavior::Unspecified => {
                generated.take_metadata_of(old)
            }
        };
        if let Err(source) = changed {
            let id = Box::new(generated.id().into_owned());
            return Err(ResMapError::Metadata { id, source });
        }
        self.index.take();
        self.list[place] = generated;
        Ok(())
    }

    fn candidates(&self, id: &ResId<'_>) -> &[usize] {
        self.index
            .get_or_init(|| Index::of(&self.list))
            .candidates(id)
    }
}

impl<'m> IntoIterator for &'m ResMap {
    type Item = &'m Resource;
    type IntoIter = std::slice::Iter<'m, Resource>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'m> IntoIterator for &'m mut ResMap {
    type Item = &'m mut Resource;
    type IntoIter = std::slice::IterMut<'m, Resource>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl FromIterator<Resource> for ResMap {
    fn from_iter<I: IntoIterator<Item = Resource>>(resources: I) -> Self {
        Self {
            list: resources.into_iter().collect(),
            index: OnceLock::new(),
        }
    }
}

/// Places of objects with one hash, which is nearly always one.
#[derive(Debug)]
enum Places {
    One(usize),
    Several(Vec<usize>),
}

impl Places {
    fn as_slice(&self) -> &[usize] {
        match self {
            Self::One(place) => std::slice::from_ref(place),
            Self::Several(places) => places,
        }
    }

    fn add(&mut self, place: usize) {
        match self {
            Self::One(only) if *only == place => {}
            Self::One(only) => *self = Self::Several(vec![*only, place]),
            Self::Several(places) if places.contains(&place) => {}
            Self::Several(places) => places.push(place),
        }
    }
}

/// Places by the hash of kind, name and namespace, of today and before. A hash can lead to an object that is another.
#[derive(Debug, Default)]
struct Index {
    places: HashMap<u64, Places>,
    hasher: RandomState,
}

impl Index {
    fn of(list: &[Resource]) -> Self {
        let mut index = Self {
            places: HashMap::with_capacity(list.len()),
            hasher: RandomState::new(),
        };
        for (place, resource) in list.iter().enumerate() {
            index.add(place, resource);
        }
        index
    }

    fn add(&mut self, place: usize, resource: &Resource) {
        self.add_id(place, &resource.id());
        for id in resource.previous_ids() {
            self.add_id(place, &id);
        }
    }

    fn add_id(&mut self, place: usize, id: &ResId<'_>) {
        self.places
            .entry(self.hash(id))
            .and_modify(|places| places.add(place))
            .or_insert(Places::One(place));
    }

    fn candidates(&self, id: &ResId<'_>) -> &[usize] {
        self.places
            .get(&self.hash(id))
            .map_or(&[], Places::as_slice)
    }

    fn hash(&self, id: &ResId<'_>) -> u64 {
        self.hasher
            .hash_one((&*id.gvk.kind, &*id.name, id.effective_namespace()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::Arc;

    #[track_caller]
    fn resource(text: &str) -> Resource {
        let node = goyaml::parse(text.as_bytes()).unwrap().remove(0).root;
        Resource::new(node, Arc::default())
    }

    fn config_map(name: &str, data: &str) -> Resource {
        resource(&format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata: {{{data}}}\n"
        ))
    }

    fn generated(behavior: Behavior, name: &str, data: &str) -> ResMap {
        let mut resource = config_map(name, data);
        resource.set_behavior(behavior).unwrap();
        [resource].into_iter().collect()
    }

    #[test]
    fn no_two_objects_have_one_id() {
        let mut map = ResMap::default();
        map.push(config_map("a", "")).unwrap();
        map.push(config_map("b", "")).unwrap();
        let error = map.push(config_map("a", "x: y")).unwrap_err();
        assert_eq!(error.reason(), "id-already-there");
        map.as_mut_slice()[1].set_name("a").unwrap();
        assert!(map.expect_unique_ids().is_err());
    }

    #[test]
    fn renamed_objects_are_found_by_both_names() {
        let mut map: ResMap = [config_map("a", ""), config_map("b", "")]
            .into_iter()
            .collect();
        let old = map.as_slice()[1].id().into_owned();
        for resource in &mut map {
            resource.store_previous_id().unwrap();
            let name = format!("p-{}", resource.name());
            resource.set_name(&name).unwrap();
        }
        assert_eq!(map.with_any_id(&old).collect::<Vec<_>>(), [1]);
        assert_eq!(map.with_current_id(&old).count(), 0);
        let new = map.as_slice()[1].id().into_owned();
        assert_eq!(map.with_current_id(&new).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn generated_objects_do_what_they_say() {
        for (behavior, name, outcome) in [
            (Behavior::Create, "b", Ok("")),
            (Behavior::Unspecified, "b", Ok("")),
            (Behavior::Create, "a", Err("must-merge-or-replace")),
            (Behavior::Merge, "b", Err("nothing-to-merge-or-replace")),
            (Behavior::Merge, "a", Ok("x y")),
            (Behavior::Replace, "a", Ok("y")),
        ] {
            let mut map: ResMap = [config_map("a", "x: 1")].into_iter().collect();
            let absorbed = map.absorb(generated(behavior, name, "y: 2"));
            let absorbed = absorbed.map_err(|error| error.reason());
            if let (Ok(()), Ok(keys)) = (&absorbed, outcome)
                && !keys.is_empty()
            {
                let data = map.as_slice()[0].node().get("data").unwrap();
                let found: Vec<&str> = data.entries().map(|(key, _)| &*key.value).collect();
                assert_eq!(found.join(" "), keys);
            }
            assert_eq!(absorbed, outcome.map(|_| ()), "{behavior:?} {name}");
        }
    }
}
