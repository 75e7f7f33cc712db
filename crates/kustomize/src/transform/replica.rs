//! Sets numbers of replicas (api: internal/builtins/ReplicaCountTransformer.go).

use goyaml::{Kind, Position, Tag};

use super::{Field, TransformError};
use crate::fieldspec::{Creation, FieldError};
use crate::id::ResId;
use crate::kustomization::decode::fields;
use crate::kustomization::{FieldSpec, Replica};
use crate::node::{expect_kind, untyped};
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::sharing::assign;

/// Sets the number of replicas of the objects that have, or had, a name.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ReplicaCountTransformer {
    /// The name and the number.
    pub replica: Replica,
    /// The fields that hold numbers of replicas.
    pub field_specs: Vec<FieldSpec>,
}

fields!(ReplicaCountTransformer {
    "replica" => replica,
    "fieldSpecs" => field_specs,
});

impl ReplicaCountTransformer {
    /// Sets the number.
    ///
    /// # Errors
    ///
    /// When no object of the name and a type with replicas is there, or a field is not what it must be.
    pub fn transform(&self, map: &mut ResMap) -> Result<(), TransformError> {
        let mut found = false;
        let fields = Field::all(&self.field_specs);
        for resource in map.iter_mut().filter(|resource| self.is_named(resource)) {
            for field in &fields {
                if !self.is_meant(resource, field) {
                    continue;
                }
                found = true;
                if !field.is_of(&resource.gvk()) {
                    continue;
                }
                let creation = Creation::Scalar(Tag::Int).if_allowed(field.spec.create);
                let set = field.path.visit(resource.node_mut(), &creation, |node| {
                    expect_kind(node, Kind::Scalar)?;
                    // A field in quotes keeps them, and is then a string.
                    let mut value = untyped(&self.replica.count.to_string(), node.style);
                    if value.tag == Tag::Int {
                        value.position = Position::default();
                    }
                    assign(node, value);
                    Ok::<(), FieldError>(())
                });
                set.map_err(|source| field.error(resource, source))?;
            }
        }
        if found {
            return Ok(());
        }
        let types: Vec<String> = self
            .field_specs
            .iter()
            .map(|spec| spec.gvk.to_string())
            .collect();
        Err(TransformError::NothingToScale {
            name: self.replica.name.clone(),
            types: types.join(" "),
        })
    }

    fn is_named(&self, resource: &Resource) -> bool {
        !resource.is_empty()
            && (resource.name() == self.replica.name
                || resource
                    .previous_ids()
                    .iter()
                    .any(|id| id.name == self.replica.name))
    }

    fn is_meant(&self, resource: &Resource, field: &Field<'_>) -> bool {
        let has = |id: &ResId<'_>| id.name == self.replica.name && field.is_of(&id.gvk);
        has(&resource.id()) || resource.previous_ids().iter().any(has)
    }
}
