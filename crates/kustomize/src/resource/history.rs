//! What a build remembers of an object: former names, prefixes and suffixes, and what refers to it (api:
//! resource/resource.go, internal/utils/makeResIds.go).

use goyaml::{Form, Node};

use super::{Resource, annotation};
use crate::id::{Gvk, ResId};
use crate::node::{KindError, set_field};

impl Resource {
    /// What the object was called before, oldest first. The type's group and version are those of today.
    pub fn previous_ids(&self) -> Vec<ResId<'_>> {
        let Some(annotations) = self.metadata("annotations") else {
            return Vec::new();
        };
        let text = |key| annotations.get(key).map_or("", |value| &*value.value);
        let Some(names) = annotations.get(annotation::PREVIOUS_NAMES) else {
            return Vec::new();
        };
        let names = names.value.split(',');
        let namespaces = text(annotation::PREVIOUS_NAMESPACES).split(',');
        let kinds = text(annotation::PREVIOUS_KINDS).split(',');
        let api_version = self.api_version();
        names
            .zip(namespaces)
            .zip(kinds)
            .map(|((name, namespace), kind)| ResId {
                gvk: Gvk::new(api_version, kind),
                scope: self.schema.scope(api_version, kind),
                name: name.into(),
                namespace: namespace.into(),
            })
            .collect()
    }

    /// What the object was called at first.
    pub fn original_id(&self) -> ResId<'_> {
        match self.previous_ids().into_iter().next() {
            Some(first) => first,
            None => self.id(),
        }
    }

    /// The type that the object had at first.
    pub fn original_gvk(&self) -> Gvk<'_> {
        if self.annotation(annotation::PREVIOUS_NAMES).is_none() {
            return self.gvk();
        }
        let kinds = self
            .annotation(annotation::PREVIOUS_KINDS)
            .unwrap_or_default();
        let first = kinds.split_once(',').map_or(kinds, |(first, _)| first);
        Gvk::new(self.api_version(), first)
    }

    /// Remembers what the object is called now, before that changes.
    ///
    /// # Errors
    ///
    /// When the object's metadata is not what it must be.
    pub fn store_previous_id(&mut self) -> Result<(), KindError> {
        let id = self.id();
        let namespace = id.effective_namespace().to_owned();
        let (name, kind) = (self.name().to_owned(), self.kind().to_owned());
        self.push_to_lists(&[
            (annotation::PREVIOUS_NAMES, &name),
            (annotation::PREVIOUS_NAMESPACES, &namespace),
            (annotation::PREVIOUS_KINDS, &kind),
        ])
    }

    /// Prefixes that the name was given, first to last.
    pub fn name_prefixes(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.list(annotation::PREFIXES)
    }

    /// Suffixes that the name was given, first to last.
    pub fn name_suffixes(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.list(annotation::SUFFIXES)
    }

    /// Remembers a prefix of the name.
    ///
    /// # Errors
    ///
    /// When the object's metadata is not what it must be.
    pub fn add_name_prefix(&mut self, prefix: &str) -> Result<(), KindError> {
        self.push_to_list(annotation::PREFIXES, prefix)
    }

    /// Remembers a suffix of the name.
    ///
    /// # Errors
    ///
    /// When the object's metadata is not what it must be.
    pub fn add_name_suffix(&mut self, suffix: &str) -> Result<(), KindError> {
        self.push_to_list(annotation::SUFFIXES, suffix)
    }

    /// Ids of the objects that refer to this one. Their scope is looked up.
    pub fn referred_by(&self) -> impl Iterator<Item = ResId<'_>> {
        self.list(annotation::REFERRED_BY)
            .filter_map(ResId::parse)
            .map(|id| ResId {
                scope: self.schema.scope(&id.gvk.api_version(), &id.gvk.kind),
                ..id
            })
    }

    /// Remembers an object that refers to this one.
    ///
    /// # Errors
    ///
    /// When the object's metadata is not what it must be.
    pub fn add_referred_by(&mut self, referrer: &ResId<'_>) -> Result<(), KindError> {
        self.push_to_list(annotation::REFERRED_BY, &referrer.to_string())
    }

    fn list(&self, key: &str) -> impl DoubleEndedIterator<Item = &str> {
        self.annotation(key)
            .into_iter()
            .flat_map(|list| list.split(','))
    }

    fn push_to_list(&mut self, key: &str, value: &str) -> Result<(), KindError> {
        self.push_to_lists(&[(key, value)])
    }

    /// Puts each value behind those of its list. Empty values are left out.
    fn push_to_lists(&mut self, values: &[(&str, &str)]) -> Result<(), KindError> {
        if values.iter().all(|(_, value)| value.is_empty()) {
            return Ok(());
        }
        let Some(annotations) = self.annotations_to_set()? else {
            return Ok(());
        };
        annotations.content.reserve(2 * values.len());
        for (key, value) in values.iter().filter(|(_, value)| !value.is_empty()) {
            let list = match annotations.get(key) {
                Some(list) => format!("{},{value}", list.value),
                None => (*value).to_owned(),
            };
            let mut list = Node::string(list);
            // Quoted as the real program quotes single annotations, which hashes of whole objects show.
            list.style.form = Form::SingleQuoted;
            set_field(annotations, key, list)?;
        }
        Ok(())
    }
}
