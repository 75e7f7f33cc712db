//! Sets namespaces (api: internal/builtins/NamespaceTransformer.go, filters/namespace/namespace.go).

use goyaml::{Kind, Node, Tag};

use super::{Field, TransformError, metadata_error};
use crate::budget::Budget;
use crate::fieldspec::{Creation, FieldError, FieldPath};
use crate::id::Scope;
use crate::kustomization::FieldSpec;
use crate::kustomization::decode::fields;
use crate::node::expect_kind;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::sharing::assign;

/// Puts objects, and some fields that name namespaces, into a namespace.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NamespaceTransformer {
    /// The name and namespace of the transformer itself; the namespace is the one to set.
    metadata: Metadata,
    /// Further fields to set.
    pub field_specs: Vec<FieldSpec>,
    /// Whether fields that say something are left alone.
    pub unset_only: bool,
    /// Which subjects of role bindings are set; empty means the default.
    pub set_role_binding_subjects: String,
}

fields!(NamespaceTransformer {
    "metadata" => metadata,
    "fieldSpecs" => field_specs,
    "unsetOnly" => unset_only,
    "setRoleBindingSubjects" => set_role_binding_subjects,
});

#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Metadata {
    namespace: String,
}

fields!(Metadata {
    "namespace" => namespace,
});

/// Which subjects of role bindings get the namespace.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SubjectMode {
    /// Those named `default`.
    #[default]
    DefaultOnly,
    /// All service accounts.
    AllServiceAccounts,
    /// None.
    Nothing,
}

impl SubjectMode {
    /// The mode of that name; no name means the default.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn parse(name: &str) -> Result<Self, TransformError> {
        match name {
            "" | "defaultOnly" => Ok(Self::DefaultOnly),
            "allServiceAccounts" => Ok(Self::AllServiceAccounts),
            "none" => Ok(Self::Nothing),
            _ => Err(TransformError::SubjectMode),
        }
    }

    fn means(self, subject: &Node) -> bool {
        let is = |field: &str, text: &str| {
            subject
                .get(field)
                .is_some_and(|value| !value.is_null() && value.value == text)
        };
        match self {
            Self::DefaultOnly => is("name", "default"),
            Self::AllServiceAccounts => is("kind", "ServiceAccount"),
            Self::Nothing => false,
        }
    }
}

const NAMESPACE: &str = "metadata/namespace";
const NAME: &str = "metadata/name";
const HELM_GENERATED: &str = "internal.config.kubernetes.io/helm-generated";

/// What is set, and where.
struct Setting<'t> {
    namespace: &'t str,
    budget: &'t Budget,
    unset_only: bool,
    subjects: SubjectMode,
    own: Field<'t>,
    fields: Vec<Field<'t>>,
}

impl NamespaceTransformer {
    /// A transformer that sets a namespace wherever the configuration says.
    pub fn new(namespace: String, field_specs: Vec<FieldSpec>) -> Self {
        Self {
            metadata: Metadata { namespace },
            field_specs,
            ..Self::default()
        }
    }

    /// Sets the namespace of all objects.
    ///
    /// # Errors
    ///
    /// When a field is not what it must be, two objects would have one id, or the budget does not suffice.
    pub fn transform(&self, map: &mut ResMap, budget: &Budget) -> Result<(), TransformError> {
        let subjects = SubjectMode::parse(&self.set_role_binding_subjects)?;
        if self.metadata.namespace.is_empty() {
            return Ok(());
        }
        let own = FieldSpec {
            path: NAMESPACE.to_owned(),
            create: true,
            ..FieldSpec::default()
        };
        let setting = Setting {
            namespace: &self.metadata.namespace,
            budget,
            unset_only: self.unset_only,
            subjects,
            own: Field::new(&own),
            fields: Field::all(&self.field_specs)
                .into_iter()
                .filter(|field| field.spec.path != NAMESPACE)
                .collect(),
        };
        for resource in map.iter_mut() {
            if resource.is_empty() || resource.annotation(HELM_GENERATED) == Some("true") {
                continue;
            }
            resource
                .store_previous_id()
                .map_err(|source| metadata_error(resource, source))?;
            setting.apply(resource)?;
        }
        expect_no_conflict(map)
    }
}

/// Objects that got the namespace must still be told apart.
///
/// The real program looks for conflicts after each object, among those that it has changed and those that it has not.
/// Objects that are different afterwards can be alike for that moment, which needs objects of one name in the new
/// namespace and in another; both end up in the new one, so that the outcome is the same.
fn expect_no_conflict(map: &ResMap) -> Result<(), TransformError> {
    if map.has_unique_ids() {
        return Ok(());
    }
    for resource in map {
        let id = resource.id();
        if !resource.is_empty() && map.with_current_id(&id).count() > 1 {
            return Err(TransformError::IdConflict {
                id: Box::new(id.into_owned()),
            });
        }
    }
    Ok(())
}

impl Setting<'_> {
    fn apply(&self, resource: &mut Resource) -> Result<(), TransformError> {
        if resource.scope() == Scope::Namespaced {
            self.set(resource, &self.own)?;
        }
        let is_role_binding = matches!(resource.kind(), "RoleBinding" | "ClusterRoleBinding");
        if is_role_binding && self.subjects != SubjectMode::Nothing {
            self.set_subjects(resource)?;
        }
        let mut gvk = resource.gvk().into_owned();
        for field in &self.fields {
            let is_metadata = field.spec.path == NAME && resource.api_version() != "v1";
            let is_subject = is_role_binding
                && matches!(&*field.spec.gvk.kind, "RoleBinding" | "ClusterRoleBinding")
                && field.spec.path == "subjects/namespace";
            if field.is_of(&gvk) && !is_metadata && !is_subject {
                self.set(resource, field)?;
                gvk = resource.gvk().into_owned();
            }
        }
        Ok(())
    }

    fn set(&self, resource: &mut Resource, field: &Field<'_>) -> Result<(), TransformError> {
        let creation = Creation::Scalar(Tag::Str).if_allowed(field.spec.create);
        field
            .path
            .visit(resource.node_mut(), &creation, |node| self.write(node))
            .map_err(|source| field.error(resource, source))
    }

    fn set_subjects(&self, resource: &mut Resource) -> Result<(), TransformError> {
        let path = FieldPath::new("subjects");
        let spec = FieldSpec {
            path: "subjects/namespace".to_owned(),
            ..FieldSpec::default()
        };
        let subjects = |node: &mut Node| -> Result<(), FieldError> {
            expect_kind(node, Kind::Sequence)?;
            for subject in &mut node.content {
                expect_kind(subject, Kind::Mapping)?;
                if self.subjects.means(subject) {
                    let position = subject.position_of("namespace").unwrap_or_else(|| {
                        subject.push_entry(Node::string("namespace"), Node::default());
                        subject.content.len() - 1
                    });
                    self.write(&mut subject.content[position])?;
                }
            }
            Ok(())
        };
        path.visit(resource.node_mut(), &Creation::Never, subjects)
            .map_err(|source| Field::new(&spec).error(resource, source))
    }

    fn write(&self, node: &mut Node) -> Result<(), FieldError> {
        if self.unset_only && !node.is_null() {
            let says_something = match node.kind {
                Kind::Scalar => !node.value.is_empty(),
                Kind::Alias | Kind::Mapping | Kind::Sequence => false,
            };
            if says_something {
                return Ok(());
            }
        }
        expect_kind(node, Kind::Scalar)?;
        self.budget.spend(self.namespace.len())?;
        let mut value = Node::string(self.namespace);
        value.style = node.style;
        assign(node, value);
        Ok(())
    }
}
