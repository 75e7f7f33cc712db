//! Brings references to renamed objects up to date (api: filters/nameref/nameref.go,
//! internal/accumulator/namereferencetransformer.go).
//!
//! The real program looks at every object for every reference. Here the objects that were renamed are found by former
//! name, kind and namespace, so that the work grows with the number of objects and of references.

mod candidate;

use std::collections::HashMap;

use goyaml::{Kind, Node, Tag};
use thiserror::Error;

use crate::budget::Budget;
use crate::config::NameReference;
use crate::fieldspec::{Creation, FieldError, FieldPath};
use crate::id::{Gvk, NO_NAMESPACE, ResId, Scope};
use crate::node::{KindError, set_text, untyped};
use crate::resmap::ResMap;
use crate::resource::{Resource, annotation};
use crate::sharing::assign;

use candidate::{Affixes, Candidate, Candidates, Search};

/// A reference cannot be brought up to date.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum NameReferenceError {
    /// A field that can hold a reference holds something else.
    #[error("updating name reference in '{path}' field of '{referrer}'")]
    Field {
        /// The path of the field.
        path: String,
        /// The object.
        referrer: Box<ResId<'static>>,
        /// What is wrong.
        source: ReferenceError,
    },
    /// A subject's namespace is not a text.
    #[error("invalid input: namespace is blank for resource {referrer}")]
    BlankNamespace {
        /// The object.
        referrer: Box<ResId<'static>>,
    },
    /// The metadata of a named object cannot be changed.
    #[error("the metadata of {id} cannot be changed")]
    Metadata {
        /// The object.
        id: Box<ResId<'static>>,
        /// What is wrong.
        source: KindError,
    },
}

/// What is wrong with a reference.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ReferenceError {
    /// The field cannot be reached.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The field can hold no reference.
    #[error("node must be a scalar, sequence or map")]
    NotAReference,
    /// An item of a list can hold no reference.
    #[error("expected to be either a string or a map of string")]
    NotAnItem,
    /// A mapping without a name.
    #[error("path config error; no 'name' field in node")]
    NoName,
    /// Several objects could be meant.
    #[error("found multiple possible referrals: {}", list(.referrals))]
    Ambiguous {
        /// The ids of the objects.
        referrals: Vec<ResId<'static>>,
    },
}

impl NameReferenceError {
    /// A stable name for the kind of error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Field { source, .. } => source.reason(),
            Self::BlankNamespace { .. } => "blank-subject-namespace",
            Self::Metadata { source, .. } => source.reason(),
        }
    }
}

impl ReferenceError {
    /// A stable name for the kind of error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Field(error) => error.reason(),
            Self::NotAReference | Self::NotAnItem => "not-a-name-reference",
            Self::NoName => "name-reference-without-name",
            Self::Ambiguous { .. } => "ambiguous-name-reference",
        }
    }
}

fn list(ids: &[ResId<'_>]) -> String {
    let ids: Vec<String> = ids.iter().map(ResId::to_string).collect();
    ids.join(", ")
}

/// A field that can hold the name of an object of a type.
struct Reference<'c> {
    target: &'c Gvk<'static>,
    path: &'c str,
    steps: FieldPath<'c>,
}

/// Brings all references up to date.
///
/// # Errors
///
/// When a field that can hold a reference holds something else, several objects could be meant, or the budget does not
/// suffice.
pub fn update(
    map: &mut ResMap,
    config: &[NameReference],
    budget: &Budget,
) -> Result<(), NameReferenceError> {
    let candidates = Candidates::of(map.as_slice(), has_target_of_any_kind(config));
    let mut referred = vec![false; map.len()];
    let mut by_type: HashMap<Gvk<'static>, Vec<Reference<'_>>> = HashMap::new();
    for resource in map.iter_mut() {
        let gvk = resource.original_gvk().into_owned();
        let references = by_type
            .entry(gvk)
            .or_insert_with_key(|gvk| references_of(gvk, config));
        update_one(resource, references, &candidates, &mut referred, budget)?;
    }
    // That an object is referred to is written on it, which makes texts of all its annotations. By whom is asked
    // nowhere in a build, so one is enough.
    let referred = map
        .iter_mut()
        .zip(referred)
        .filter_map(|(resource, referred)| referred.then_some(resource));
    for resource in referred {
        if resource.annotation(annotation::REFERRED_BY).is_none() {
            let id = resource.id().into_owned();
            resource
                .add_referred_by(&id)
                .map_err(|source| NameReferenceError::Metadata {
                    id: Box::new(id),
                    source,
                })?;
        }
    }
    Ok(())
}

fn has_target_of_any_kind(config: &[NameReference]) -> bool {
    config.iter().any(|reference| reference.gvk.kind.is_empty())
}

fn references_of<'c>(gvk: &Gvk<'_>, config: &'c [NameReference]) -> Vec<Reference<'c>> {
    let references = config.iter().flat_map(|reference| {
        reference
            .referrers
            .iter()
            .filter(|spec| gvk.is_selected_by(&spec.gvk))
            .map(|spec| Reference {
                target: &reference.gvk,
                path: &spec.path,
                steps: FieldPath::new(&spec.path),
            })
    });
    references.collect()
}

/// What counts of the object that holds references.
struct Referrer {
    scope: Scope,
    namespace: String,
    affixes: Affixes,
    /// Namespaces that the subjects of a role binding are in.
    subject_namespaces: Vec<String>,
    /// The type that `roleRef` names, as group and kind.
    role: Option<(String, String)>,
}

impl Referrer {
    fn of(resource: &Resource) -> Result<Self, NameReferenceError> {
        let id = resource.id();
        Ok(Self {
            scope: id.scope,
            namespace: id.effective_namespace().to_owned(),
            affixes: Affixes::of(resource),
            subject_namespaces: subject_namespaces(resource)?,
            role: role(resource.node()),
        })
    }

    /// Whether an object in this place can be meant at all: one in the same namespace, one in none, or one in the
    /// namespace of a subject.
    fn can_refer_to(&self, scope: Scope, effective: &str, written: &str) -> bool {
        self.scope == Scope::Cluster
            || scope == Scope::Cluster
            || effective == self.namespace
            || self
                .subject_namespaces
                .iter()
                .any(|subject| subject == written)
    }

    /// Whether the object is one that the referrer would mean, were there several of the name.
    fn is_near(&self, candidate: &Candidate) -> bool {
        self.scope == Scope::Cluster
            || candidate.scope == Scope::Cluster
            || candidate.kind == "ServiceAccount"
            || candidate.effective_namespace() == self.namespace
    }
}

fn update_one(
    resource: &mut Resource,
    references: &[Reference<'_>],
    candidates: &Candidates,
    referred: &mut [bool],
    budget: &Budget,
) -> Result<(), NameReferenceError> {
    if references.is_empty() {
        return Ok(());
    }
    let referrer = Referrer::of(resource)?;
    for reference in references {
        let mut filter = Filter {
            reference,
            referrer: &referrer,
            candidates,
            referred,
            budget,
        };
        let updated = reference
            .steps
            .visit(resource.node_mut(), &Creation::Never, |node| {
                filter.update(node)
            });
        updated.map_err(|source| NameReferenceError::Field {
            path: reference.path.to_owned(),
            referrer: Box::new(resource.id().into_owned()),
            source,
        })?;
    }
    Ok(())
}

fn subject_namespaces(resource: &Resource) -> Result<Vec<String>, NameReferenceError> {
    let mut namespaces = Vec::new();
    if resource.kind() != "RoleBinding" {
        return Ok(namespaces);
    }
    let subjects = resource.node().get("subjects");
    for subject in subjects.into_iter().flat_map(Node::items) {
        let is_account = subject
            .get("kind")
            .is_some_and(|kind| kind.value == "ServiceAccount");
        match subject.get("namespace") {
            Some(namespace) if is_account => {
                if namespace.kind != Kind::Scalar || namespace.tag != Tag::Str {
                    return Err(NameReferenceError::BlankNamespace {
                        referrer: Box::new(resource.id().into_owned()),
                    });
                }
                namespaces.push(namespace.value.clone());
            }
            _ => {}
        }
    }
    Ok(namespaces)
}

fn role(node: &Node) -> Option<(String, String)> {
    let role = node.get("roleRef")?;
    let part = |field| Some(role.get(field)?.value.clone());
    Some((part("apiGroup")?, part("kind")?))
}

/// Updates the references of one field of one object.
struct Filter<'f> {
    reference: &'f Reference<'f>,
    referrer: &'f Referrer,
    candidates: &'f Candidates,
    referred: &'f mut [bool],
    budget: &'f Budget,
}

impl<'f> Filter<'f> {
    fn update(&mut self, node: &mut Node) -> Result<(), ReferenceError> {
        if node.is_null() {
            return Ok(());
        }
        match node.kind {
            Kind::Scalar => self.update_name(node),
            Kind::Mapping => self.update_mapping(node),
            Kind::Sequence => {
                for item in &mut node.content {
                    match item.kind {
                        _ if item.is_null() => {}
                        Kind::Scalar => self.update_name(item)?,
                        Kind::Mapping => self.update_mapping(item)?,
                        Kind::Alias | Kind::Sequence => return Err(ReferenceError::NotAnItem),
                    }
                }
                Ok(())
            }
            Kind::Alias => Err(ReferenceError::NotAReference),
        }
    }

    /// A field that is a name.
    fn update_name(&mut self, node: &mut Node) -> Result<(), ReferenceError> {
        let found = self.find(&node.value, None, |one, other| one.name == other.name)?;
        let Some(candidate) = found else {
            return Ok(());
        };
        self.referred[candidate.place] = true;
        if candidate.name != node.value {
            self.spend(candidate)?;
            let value = untyped(&candidate.name, node.style);
            assign(node, value);
        }
        Ok(())
    }

    /// A field that has a name, and perhaps a namespace.
    fn update_mapping(&mut self, node: &mut Node) -> Result<(), ReferenceError> {
        let name = node.get("name").ok_or(ReferenceError::NoName)?;
        let namespace = node.get("namespace").map(|namespace| &*namespace.value);
        let found = self.find(&name.value, namespace, |one, other| {
            one.name == other.name && one.namespace == other.namespace
        })?;
        let Some(candidate) = found else {
            return Ok(());
        };
        self.referred[candidate.place] = true;
        if candidate.name == name.value && candidate.namespace.is_empty() {
            return Ok(());
        }
        self.spend(candidate)?;
        set_text(node, "name", &candidate.name).map_err(FieldError::Kind)?;
        if !candidate.namespace.is_empty() {
            set_text(node, "namespace", &candidate.namespace).map_err(FieldError::Kind)?;
        }
        Ok(())
    }

    fn spend(&self, candidate: &Candidate) -> Result<(), FieldError> {
        let length = candidate.name.len() + candidate.namespace.len();
        Ok(self.budget.spend(length)?)
    }

    /// The object that is meant by a name, if it was renamed. `alike` says whether it does not matter which of two.
    fn find(
        &self,
        name: &str,
        namespace: Option<&str>,
        alike: impl Fn(&Candidate, &Candidate) -> bool,
    ) -> Result<Option<&'f Candidate>, ReferenceError> {
        let target = self.reference.target;
        let mut found = self.candidates_of(name, namespace);
        found.retain(|candidate| candidate.had_name(name) && candidate.was_of_type(target));
        if let Some((group, kind)) = &self.referrer.role
            && self.reference.path.ends_with("roleRef/name")
        {
            let role = Gvk {
                group: group.into(),
                kind: kind.into(),
                ..Gvk::default()
            };
            found.retain(|candidate| candidate.was_of_type(&role));
        }
        found.retain(|candidate| self.referrer.is_near(candidate));
        if found.len() > 1 {
            found.retain(|candidate| candidate.affixes.fit(&self.referrer.affixes));
        }
        if found.len() > 1 {
            found.retain(|candidate| candidate.affixes.equal(&self.referrer.affixes));
        }
        match found.as_slice() {
            [] => Ok(None),
            [first, others @ ..] if others.iter().all(|other| alike(first, other)) => {
                Ok(Some(first))
            }
            several => Err(ReferenceError::Ambiguous {
                referrals: several.iter().map(|candidate| candidate.id()).collect(),
            }),
        }
    }

    /// Objects that may have had the name and that the referrer can mean, in their order. With a namespace, only those
    /// that were in it at first, or that are in it now if no object at all was.
    fn candidates_of(&self, name: &str, namespace: Option<&str>) -> Vec<&'f Candidate> {
        let candidates = self.candidates;
        let kind = &*self.reference.target.kind;
        let mut found: Vec<&'f Candidate> = match (namespace, self.referrer.scope) {
            (Some(namespace), _) if namespace == NO_NAMESPACE => Vec::new(),
            (Some(namespace), _) => {
                let can_refer = |scope, effective: &str, written: &str| {
                    self.referrer.can_refer_to(scope, effective, written)
                };
                let search = if candidates.was_inhabited(namespace, can_refer) {
                    Search::OriginalNamespace(namespace)
                } else {
                    Search::CurrentNamespace(namespace)
                };
                candidates.find(kind, name, search).collect()
            }
            (None, Scope::Cluster) => candidates.find(kind, name, Search::Anywhere).collect(),
            (None, Scope::Namespaced) => {
                let subjects = self.referrer.subject_namespaces.iter();
                let mut namespaces: Vec<&str> = [&*self.referrer.namespace, NO_NAMESPACE]
                    .into_iter()
                    .chain(subjects.map(|namespace| match &**namespace {
                        "" => crate::id::DEFAULT_NAMESPACE,
                        namespace => namespace,
                    }))
                    .collect();
                namespaces.sort_unstable();
                namespaces.dedup();
                let found = namespaces.into_iter().flat_map(|namespace| {
                    candidates.find(kind, name, Search::CurrentNamespace(namespace))
                });
                found.collect()
            }
        };
        found.retain(|candidate| {
            let effective = candidate.effective_namespace();
            self.referrer
                .can_refer_to(candidate.scope, effective, &candidate.namespace)
        });
        found.sort_unstable_by_key(|candidate| candidate.place);
        found.dedup_by_key(|candidate| candidate.place);
        found
    }
}
