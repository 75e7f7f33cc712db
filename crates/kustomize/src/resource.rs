//! One object of a build: its tree, and what the build has to remember of it.

pub mod annotation;

mod behavior;
mod history;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use goyaml::Node;
use tree::TreePath;

use crate::id::{Gvk, ResId, Scope};
use crate::node::{self, KindError, lookup_or_create, protect, set_field, set_text};
use crate::schema::Schema;

pub use behavior::Behavior;

/// An object on its way through a build.
///
/// As the real program does, the build remembers an object's former names, its prefixes and the like in annotations of
/// the object itself, and takes them off at the end. Whether a patch finds annotations, and what is forgotten when
/// one replaces them, can thus be seen in the output (api: resource/resource.go, internal/utils/annotations.go).
#[derive(Clone, Debug)]
pub struct Resource {
    node: Node,
    schema: Arc<Schema>,
    vars: Vec<Box<str>>,
    source: Option<SourceFile>,
    sensitivity: Sensitivity,
}

/// A file of a build.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// The remote base that it belongs to, without credentials; none for the tree that is built.
    pub repository: Option<Arc<str>>,
    /// The file, from the root of its tree.
    pub path: TreePath,
}

/// The path; of a remote base, behind its address.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.repository {
            Some(repository) => write!(f, "{repository}: {}", self.path),
            None => self.path.fmt(f),
        }
    }
}

/// The file that an object was read from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceFile {
    /// The file.
    pub place: Place,
    /// The line where the object starts, counted from one.
    pub line: u32,
}

/// Whether an object holds anything that was encrypted in the tree.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Sensitivity {
    /// All of it lies in the tree as it is.
    #[default]
    Plain,
    /// Some of it was decrypted.
    Decrypted,
}

impl Resource {
    /// The object that a tree describes.
    pub fn new(node: Node, schema: Arc<Schema>) -> Self {
        Self {
            node,
            schema,
            vars: Vec::new(),
            source: None,
            sensitivity: Sensitivity::default(),
        }
    }

    /// The object's tree.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// The object's tree, to be changed.
    pub fn node_mut(&mut self) -> &mut Node {
        &mut self.node
    }

    /// The object's tree, out of the build.
    pub fn into_node(self) -> Node {
        self.node
    }

    /// What is known of types in this build.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The file that the object was read from; `None` for a generated one.
    pub fn source(&self) -> Option<&SourceFile> {
        self.source.as_ref()
    }

    /// Records the file that the object was read from.
    pub fn set_source(&mut self, source: SourceFile) {
        self.source = Some(source);
    }

    /// Whether the object holds anything that was encrypted.
    pub fn sensitivity(&self) -> Sensitivity {
        self.sensitivity
    }

    /// Records that something of this sensitivity has gone into the object.
    pub fn absorb_sensitivity(&mut self, other: Sensitivity) {
        match other {
            Sensitivity::Plain => {}
            Sensitivity::Decrypted => self.sensitivity = Sensitivity::Decrypted,
        }
    }

    /// Whether nothing is left of the object.
    pub fn is_empty(&self) -> bool {
        node::is_empty(&self.node)
    }

    /// The field `kind`, or nothing.
    pub fn kind(&self) -> &str {
        self.node.get("kind").map_or("", |kind| &kind.value)
    }

    /// The field `apiVersion`, or nothing.
    pub fn api_version(&self) -> &str {
        self.node
            .get("apiVersion")
            .map_or("", |version| &version.value)
    }

    /// The field `metadata.name`, or nothing.
    pub fn name(&self) -> &str {
        self.metadata_text("name")
    }

    /// The field `metadata.namespace`, or nothing.
    pub fn namespace(&self) -> &str {
        self.metadata_text("namespace")
    }

    /// The object's type.
    pub fn gvk(&self) -> Gvk<'_> {
        Gvk::new(self.api_version(), self.kind())
    }

    /// Whether the object's type has namespaces.
    pub fn scope(&self) -> Scope {
        self.schema.scope(self.api_version(), self.kind())
    }

    /// What the object is called now.
    pub fn id(&self) -> ResId<'_> {
        ResId {
            gvk: self.gvk(),
            scope: self.scope(),
            name: self.name().into(),
            namespace: self.namespace().into(),
        }
    }

    /// Sets `metadata.name`.
    ///
    /// # Errors
    ///
    /// When the object's metadata is not what it must be.
    pub fn set_name(&mut self, name: &str) -> Result<(), KindError> {
        self.set_metadata_text("name", name)
    }

    /// Sets `metadata.namespace`; an empty one is removed.
    ///
    /// # Errors
    ///
    /// When the object's metadata is not what it must be.
    pub fn set_namespace(&mut self, namespace: &str) -> Result<(), KindError> {
        if namespace.is_empty() {
            if let Some(metadata) = self.node.get_mut("metadata") {
                metadata.remove("namespace");
            }
            return Ok(());
        }
        self.set_metadata_text("namespace", namespace)
    }

    /// Sets the field `kind`.
    ///
    /// # Errors
    ///
    /// When the object is not a mapping.
    pub fn set_kind(&mut self, kind: &str) -> Result<(), KindError> {
        set_text(&mut self.node, "kind", kind)
    }

    /// Sets the fields `kind` and `apiVersion`.
    ///
    /// # Errors
    ///
    /// When the object is not a mapping.
    pub fn set_gvk(&mut self, gvk: &Gvk<'_>) -> Result<(), KindError> {
        self.set_kind(&gvk.kind)?;
        set_text(&mut self.node, "apiVersion", &gvk.api_version())
    }

    /// The value of an annotation.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        let value = self.metadata("annotations")?.get(key)?;
        Some(&value.value)
    }

    /// All annotations, those of the build too.
    pub fn annotations(&self) -> BTreeMap<String, String> {
        self.metadata_map("annotations")
    }

    /// The annotations whose keys `keep` says.
    pub fn annotations_with(&self, keep: impl Fn(&str) -> bool) -> BTreeMap<String, String> {
        let entries = self.metadata("annotations").into_iter();
        entries
            .flat_map(Node::entries)
            .filter(|(key, _)| keep(&key.value))
            .map(|(key, value)| (key.value.clone(), value.value.clone()))
            .collect()
    }

    /// All labels.
    pub fn labels(&self) -> BTreeMap<String, String> {
        self.metadata_map("labels")
    }

    /// Puts these annotations in the place of all there are, as strings and in order.
    ///
    /// # Errors
    ///
    /// When the object's metadata is not what it must be.
    pub fn set_annotations(
        &mut self,
        annotations: BTreeMap<String, String>,
    ) -> Result<(), KindError> {
        self.set_metadata_map("annotations", annotations)
    }

    /// Puts these labels in the place of all there are, as strings and in order.
    ///
    /// # Errors
    ///
    /// When the object's metadata is not what it must be.
    pub fn set_labels(&mut self, labels: BTreeMap<String, String>) -> Result<(), KindError> {
        self.set_metadata_map("labels", labels)
    }

    /// Sets one annotation. The others become strings, and all are put in order.
    ///
    /// # Errors
    ///
    /// When the object's metadata is not what it must be.
    pub fn set_annotation(&mut self, key: &str, value: &str) -> Result<(), KindError> {
        let mut annotations = self.annotations();
        annotations.insert(key.to_owned(), value.to_owned());
        self.set_annotations(annotations)
    }

    /// The annotations, made where there are none; `None` where nothing can be set.
    fn annotations_to_set(&mut self) -> Result<Option<&mut Node>, KindError> {
        if let Some(metadata) = self.node.get_mut("metadata") {
            if metadata
                .get("annotations")
                .is_some_and(|annotations| annotations.content.is_empty())
            {
                metadata.remove("annotations");
            }
            if metadata.content.is_empty() {
                self.node.remove("metadata");
            }
        }
        lookup_or_create(&mut self.node, &["metadata", "annotations"])
    }

    /// Names of the vars whose value is read from this object.
    pub fn var_names(&self) -> impl Iterator<Item = &str> {
        self.vars.iter().map(|name| &**name)
    }

    /// Remembers a var whose value is read from this object.
    pub fn add_var_name(&mut self, name: &str) {
        self.vars.push(name.into());
    }

    /// What a generated object does with one of the same name.
    pub fn behavior(&self) -> Behavior {
        self.annotation(annotation::BEHAVIOR)
            .map_or_else(Behavior::default, Behavior::parse)
    }

    /// Sets what a generated object does with one of the same name.
    ///
    /// # Errors
    ///
    /// When the object's metadata is not what it must be.
    pub fn set_behavior(&mut self, behavior: Behavior) -> Result<(), KindError> {
        self.set_normalised_annotation(annotation::BEHAVIOR, behavior.as_str())
    }

    /// Whether a switch of the build ([`annotation::NEEDS_HASH`] and the like) is on.
    pub fn is_enabled(&self, switch: &str) -> bool {
        self.annotation(switch) == Some(annotation::ENABLED)
    }

    /// Turns a switch of the build on.
    ///
    /// # Errors
    ///
    /// When the object's metadata is not what it must be.
    pub fn enable(&mut self, switch: &str) -> Result<(), KindError> {
        self.set_normalised_annotation(switch, annotation::ENABLED)
    }

    /// Takes name, namespace, and what is missing of labels and annotations from another object.
    ///
    /// # Errors
    ///
    /// When the object's metadata is not what it must be.
    pub fn take_metadata_of(&mut self, other: &Self) -> Result<(), KindError> {
        let mut labels = other.labels();
        labels.extend(self.labels());
        self.set_labels(labels)?;

        let mine = self.annotations();
        let hashed = mine.contains_key(annotation::NEEDS_HASH);
        let mut annotations = other.annotations();
        let build: Vec<(&str, Option<String>)> = annotation::OF_THE_BUILD
            .iter()
            .map(|key| (*key, annotations.get(*key).cloned()))
            .collect();
        annotations.extend(mine);
        for (key, value) in build {
            match value {
                Some(value) if key != annotation::NEEDS_HASH || hashed => {
                    annotations.insert(key.to_owned(), value);
                }
                _ => {
                    annotations.remove(key);
                }
            }
        }
        self.set_annotations(annotations)?;

        self.set_name(other.name())?;
        self.set_namespace(other.namespace())?;
        self.vars.clone_from(&other.vars);
        Ok(())
    }

    /// Takes from an older object what this one does not have: metadata as [`take_metadata_of`](Self::take_metadata_of),
    /// and entries of `data` and `binaryData`. Where it came from stays as the older object says.
    ///
    /// # Errors
    ///
    /// When one of the objects is not what it must be.
    pub fn take_data_of(&mut self, other: &Self) -> Result<(), KindError> {
        self.take_metadata_of(other)?;
        for field in ["data", "binaryData"] {
            self.take_entries_of(other, field)?;
        }
        self.absorb_sensitivity(other.sensitivity);
        match other.annotation(annotation::ORIGIN) {
            Some(origin) => self.set_normalised_annotation(annotation::ORIGIN, origin),
            None => Ok(()),
        }
    }

    /// Takes the annotations of the build off.
    ///
    /// # Errors
    ///
    /// When the object's metadata is not what it must be.
    pub fn remove_build_annotations(&mut self) -> Result<(), KindError> {
        let mut annotations = self.annotations();
        if annotations.is_empty() {
            return Ok(());
        }
        for key in annotation::OF_THE_BUILD {
            annotations.remove(*key);
        }
        self.set_annotations(annotations)
    }

    /// A field of the metadata, unless it is missing or the metadata empty.
    fn metadata(&self, field: &str) -> Option<&Node> {
        self.node.get("metadata")?.get(field)
    }

    fn metadata_text(&self, field: &str) -> &str {
        match self.metadata(field) {
            Some(value) if !node::is_empty(value) => &value.value,
            _ => "",
        }
    }

    fn metadata_map(&self, field: &str) -> BTreeMap<String, String> {
        let entries = self.metadata(field).into_iter().flat_map(Node::entries);
        entries
            .map(|(key, value)| (key.value.clone(), value.value.clone()))
            .collect()
    }

    fn set_metadata_text(&mut self, field: &str, text: &str) -> Result<(), KindError> {
        match lookup_or_create(&mut self.node, &["metadata"])? {
            Some(metadata) => set_text(metadata, field, text),
            None => Ok(()),
        }
    }

    fn set_metadata_map(
        &mut self,
        field: &str,
        entries: BTreeMap<String, String>,
    ) -> Result<(), KindError> {
        let Some(metadata) = lookup_or_create(&mut self.node, &["metadata"])? else {
            return Ok(());
        };
        metadata.remove(field);
        if entries.is_empty() {
            return Ok(());
        }
        let mut mapping = Node::mapping();
        for (key, value) in entries {
            let mut value = Node::string(value);
            protect(&mut value);
            mapping.push_entry(Node::string(key), value);
        }
        metadata.push_entry(Node::string(field), mapping);
        Ok(())
    }

    fn take_entries_of(&mut self, other: &Self, field: &str) -> Result<(), KindError> {
        let texts = |resource: &Self| -> BTreeMap<String, String> {
            let entries = resource.node.get(field).into_iter().flat_map(Node::entries);
            entries
                .map(|(key, value)| (key.value.clone(), value.value.clone()))
                .collect()
        };
        let mut entries = texts(other);
        entries.extend(texts(self));
        self.node.remove(field);
        for (key, value) in entries {
            if let Some(mapping) = lookup_or_create(&mut self.node, &[field])? {
                set_field(mapping, &key, Node::string(value))?;
            }
        }
        Ok(())
    }

    fn set_normalised_annotation(&mut self, key: &str, value: &str) -> Result<(), KindError> {
        let mut annotations = self.annotations();
        annotations.insert(key.to_owned(), value.to_owned());
        self.set_annotations(annotations)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn resource(text: &str) -> Resource {
        let node = goyaml::parse(text.as_bytes()).unwrap().remove(0).root;
        Resource::new(node, Arc::default())
    }

    const WEB: &str =
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: prod\n";

    #[test]
    fn former_names_are_kept_in_order() {
        let mut web = resource(WEB);
        web.store_previous_id().unwrap();
        web.set_name("a-web").unwrap();
        web.store_previous_id().unwrap();
        web.set_namespace("").unwrap();
        let ids: Vec<String> = web.previous_ids().iter().map(ResId::to_string).collect();
        assert_eq!(
            ids,
            [
                "Deployment.v1.apps/web.prod",
                "Deployment.v1.apps/a-web.prod"
            ]
        );
        assert_eq!(web.original_id().name, "web");
        assert_eq!(web.id().to_string(), "Deployment.v1.apps/a-web.[noNs]");
    }

    #[test]
    fn taking_the_annotations_of_the_build_off_leaves_strings() {
        let mut web =
            resource("kind: A\nmetadata:\n  name: a\n  annotations:\n    b: 1\n    a: x\n");
        web.add_name_prefix("p-").unwrap();
        web.enable(annotation::NEEDS_HASH).unwrap();
        assert_eq!(web.name_prefixes().collect::<Vec<_>>(), ["p-"]);
        web.remove_build_annotations().unwrap();
        let expected = [("a", "x"), ("b", "1")];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(web.annotations(), expected.into());
    }

    #[test]
    fn an_empty_annotations_field_disappears_with_the_last_one() {
        let mut a = resource("kind: A\nmetadata:\n  name: a\n  annotations: {}\n");
        a.set_annotations(BTreeMap::new()).unwrap();
        assert!(
            a.node()
                .get("metadata")
                .unwrap()
                .get("annotations")
                .is_none()
        );
    }

    #[test]
    fn metadata_of_the_old_object_gives_way_to_labels_of_the_new_one() {
        let mut old = resource(WEB);
        old.set_labels([("a".to_owned(), "old".to_owned())].into())
            .unwrap();
        old.add_name_prefix("p-").unwrap();
        let mut new = resource("kind: Deployment\nmetadata:\n  name: web\n  labels: {a: new}\n");
        new.set_behavior(Behavior::Merge).unwrap();
        new.take_metadata_of(&old).unwrap();
        assert_eq!(new.labels()["a"], "new");
        assert_eq!(new.namespace(), "prod");
        assert_eq!(new.name_prefixes().collect::<Vec<_>>(), ["p-"]);
        assert_eq!(new.behavior(), Behavior::Unspecified);
    }

    #[test]
    fn referrers_are_remembered_as_ids() {
        let mut web = resource(WEB);
        let id = ResId::parse("ConfigMap.v1.[noGrp]/a.b.[noNs]").unwrap();
        web.add_referred_by(&id).unwrap();
        assert_eq!(web.referred_by().collect::<Vec<_>>(), [id]);
    }
}
