//! Object metadata, in the shape and order of Kubernetes' `ObjectMeta`.

use std::collections::BTreeMap;

use goyaml::Value;

use crate::fields::{Field, FieldError};
use crate::timestamp::Timestamp;

/// Name, namespace, labels and whatever else `metadata` holds.
///
/// None of it is meant to be secret, but tools keep copies of whole objects in annotations. So it has no `Debug`.
#[derive(Clone, Default)]
pub struct Metadata {
    /// Name of the object.
    pub name: Option<String>,
    /// Namespace of the object.
    pub namespace: Option<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    pub(crate) owners: Vec<Owner>,
    pub(crate) server: ServerFields,
}

/// What the API server keeps in an object.
#[derive(Clone, Default)]
pub(crate) struct ServerFields {
    pub(crate) generate_name: Option<String>,
    pub(crate) self_link: Option<String>,
    pub(crate) uid: Option<String>,
    pub(crate) resource_version: Option<String>,
    pub(crate) generation: Option<i64>,
    pub(crate) creation_timestamp: Option<Timestamp>,
    pub(crate) deletion_timestamp: Option<Timestamp>,
    pub(crate) deletion_grace_period_seconds: Option<i64>,
    pub(crate) finalizers: Vec<String>,
    pub(crate) managed_fields: Vec<Value>,
}

/// An entry of `ownerReferences`.
#[derive(Clone, Default)]
pub(crate) struct Owner {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) controller: Option<bool>,
    pub(crate) block_owner_deletion: Option<bool>,
}

impl Metadata {
    pub(crate) fn read(field: &Field<'_>) -> Result<Self, FieldError> {
        let mut fields = field.fields()?;
        let owned = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let metadata = Self {
            name: owned(fields.text("name")?),
            namespace: owned(fields.text("namespace")?),
            labels: fields
                .take("labels")
                .map_or_else(|| Ok(BTreeMap::new()), |field| field.texts())?,
            annotations: fields
                .take("annotations")
                .map_or_else(|| Ok(BTreeMap::new()), |field| field.texts())?,
            owners: each(fields.take("ownerReferences"), Owner::read)?,
            server: ServerFields {
                generate_name: owned(fields.text("generateName")?),
                self_link: owned(fields.text("selfLink")?),
                uid: owned(fields.text("uid")?),
                resource_version: owned(fields.text("resourceVersion")?),
                generation: fields
                    .take("generation")
                    .map(|field| field.integer())
                    .transpose()?,
                creation_timestamp: fields
                    .take("creationTimestamp")
                    .map(|field| field.time())
                    .transpose()?,
                deletion_timestamp: fields
                    .take("deletionTimestamp")
                    .map(|field| field.time())
                    .transpose()?,
                deletion_grace_period_seconds: fields
                    .take("deletionGracePeriodSeconds")
                    .map(|field| field.integer())
                    .transpose()?,
                finalizers: each(fields.take("finalizers"), |field| {
                    field.text().map(str::to_owned)
                })?,
                managed_fields: each(fields.take("managedFields"), managed)?,
            },
        };
        fields.finish()?;
        Ok(metadata)
    }

    /// The annotations as pairs.
    pub(crate) fn annotation_pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.annotations
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }

    pub(crate) fn to_value(&self) -> Value {
        let server = &self.server;
        let text = |text: &Option<String>| text.clone().map(Value::String);
        let time = |time: Option<Timestamp>| time.map(|time| Value::String(time.format()));
        let int = |number: Option<i64>| number.map(Value::Int);
        let list = |items: Vec<Value>| (!items.is_empty()).then_some(Value::Array(items));
        object([
            ("name", text(&self.name)),
            ("generateName", text(&server.generate_name)),
            ("namespace", text(&self.namespace)),
            ("selfLink", text(&server.self_link)),
            ("uid", text(&server.uid)),
            ("resourceVersion", text(&server.resource_version)),
            (
                "generation",
                int(server.generation.filter(|number| *number != 0)),
            ),
            ("creationTimestamp", time(server.creation_timestamp)),
            ("deletionTimestamp", time(server.deletion_timestamp)),
            (
                "deletionGracePeriodSeconds",
                int(server.deletion_grace_period_seconds),
            ),
            ("labels", texts(&self.labels)),
            ("annotations", texts(&self.annotations)),
            (
                "ownerReferences",
                list(self.owners.iter().map(Owner::to_value).collect()),
            ),
            (
                "finalizers",
                list(
                    server
                        .finalizers
                        .iter()
                        .cloned()
                        .map(Value::String)
                        .collect(),
                ),
            ),
            ("managedFields", list(server.managed_fields.clone())),
        ])
    }
}

impl Owner {
    fn read(field: &Field<'_>) -> Result<Self, FieldError> {
        let mut fields = field.fields()?;
        let owned = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let owner = Self {
            api_version: owned(fields.text("apiVersion")?),
            kind: owned(fields.text("kind")?),
            name: owned(fields.text("name")?),
            uid: owned(fields.text("uid")?),
            controller: fields
                .take("controller")
                .map(|field| field.boolean())
                .transpose()?,
            block_owner_deletion: fields
                .take("blockOwnerDeletion")
                .map(|field| field.boolean())
                .transpose()?,
        };
        fields.finish()?;
        Ok(owner)
    }

    fn to_value(&self) -> Value {
        let text = |text: &str| Some(Value::String(text.to_owned()));
        object([
            ("apiVersion", text(&self.api_version)),
            ("kind", text(&self.kind)),
            ("name", text(&self.name)),
            ("uid", text(&self.uid)),
            ("controller", self.controller.map(Value::Bool)),
            (
                "blockOwnerDeletion",
                self.block_owner_deletion.map(Value::Bool),
            ),
        ])
    }
}

/// An entry of `managedFields`, in Kubernetes' order.
fn managed(field: &Field<'_>) -> Result<Value, FieldError> {
    let mut fields = field.fields()?;
    let mut text = |name| -> Result<Option<Value>, FieldError> {
        let text = fields.text(name)?.filter(|text| !text.is_empty());
        Ok(text.map(|text| Value::String(text.to_owned())))
    };
    let (manager, operation, api_version) =
        (text("manager")?, text("operation")?, text("apiVersion")?);
    let (fields_type, subresource) = (text("fieldsType")?, text("subresource")?);
    let time = fields.take("time").map(|field| field.time()).transpose()?;
    let fields_v1 = fields
        .take("fieldsV1")
        .map(|field| field.value())
        .transpose()?;
    fields.finish()?;
    Ok(object([
        ("manager", manager),
        ("operation", operation),
        ("apiVersion", api_version),
        ("time", time.map(|time| Value::String(time.format()))),
        ("fieldsType", fields_type),
        ("fieldsV1", fields_v1),
        ("subresource", subresource),
    ]))
}

fn each<T>(
    list: Option<Field<'_>>,
    read: impl Fn(&Field<'_>) -> Result<T, FieldError>,
) -> Result<Vec<T>, FieldError> {
    let items = list
        .map(|list| list.items())
        .transpose()?
        .unwrap_or_default();
    items.iter().map(read).collect()
}

/// An object of those fields that are there.
pub(crate) fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let present = |(name, value): (&str, Option<Value>)| Some((name.to_owned(), value?));
    Value::Object(fields.into_iter().filter_map(present).collect())
}

/// A map of texts, when it holds any.
pub(crate) fn texts(map: &BTreeMap<String, String>) -> Option<Value> {
    let entry = |(key, text): (&String, &String)| (key.clone(), Value::String(text.clone()));
    (!map.is_empty()).then(|| Value::Object(map.iter().map(entry).collect()))
}
