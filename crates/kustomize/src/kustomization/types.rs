//! The types that kustomizations and the configurations of plugins are made of (api: types/*.go).

use std::collections::BTreeMap;

use super::decode::fields;
use crate::id::Gvk;

/// Chooses objects. Parts of the id are regular expressions that must match the whole; empty ones match all.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Selector {
    /// The type.
    pub gvk: Gvk<'static>,
    /// The name.
    pub name: String,
    /// The namespace.
    pub namespace: String,
    /// A label selector for annotations.
    pub annotation_selector: String,
    /// A label selector.
    pub label_selector: String,
}

fields!(Selector {
    "group" => gvk.group,
    "version" => gvk.version,
    "kind" => gvk.kind,
    "name" => name,
    "namespace" => namespace,
    "annotationSelector" => annotation_selector,
    "labelSelector" => label_selector,
});

/// A field of some types of objects.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FieldSpec {
    /// The types, as a pattern.
    pub gvk: Gvk<'static>,
    /// Names of fields with slashes between them.
    pub path: String,
    /// Whether the field is created where it is missing.
    pub create: bool,
}

fields!(FieldSpec {
    "group" => gvk.group,
    "version" => gvk.version,
    "kind" => gvk.kind,
    "path" => path,
    "create" => create,
});

/// An entry of `patches` or `patchesJson6902`.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Patch {
    /// The file with the patch.
    pub path: String,
    /// The patch itself.
    pub patch: String,
    /// The objects that it is for.
    pub target: Option<Selector>,
    /// What the patch may do.
    pub options: Option<PatchOptions>,
}

fields!(Patch {
    "path" => path,
    "patch" => patch,
    "target" => target,
    "options" => options,
});

/// What a patch may do.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PatchOptions {
    /// Change names.
    pub allow_name_change: bool,
    /// Change kinds.
    pub allow_kind_change: bool,
}

fields!(PatchOptions {
    "allowNameChange" => allow_name_change,
    "allowKindChange" => allow_kind_change,
});

/// An entry of `labels`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Label {
    /// The labels.
    pub pairs: BTreeMap<String, String>,
    /// Whether selectors get them too.
    pub include_selectors: bool,
    /// Whether templates get them too.
    pub include_templates: bool,
    /// Further fields that get them.
    pub fields: Vec<FieldSpec>,
}

fields!(Label {
    "pairs" => pairs,
    "includeSelectors" => include_selectors,
    "includeTemplates" => include_templates,
    "fields" => fields,
});

/// An entry of `images`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Image {
    /// The name that is looked for, without a tag.
    pub name: String,
    /// The name in its place.
    pub new_name: String,
    /// What is added to the tag.
    pub tag_suffix: String,
    /// The tag in place of the old one.
    pub new_tag: String,
    /// The digest in place of tag or digest.
    pub digest: String,
}

fields!(Image {
    "name" => name,
    "newName" => new_name,
    "tagSuffix" => tag_suffix,
    "newTag" => new_tag,
    "digest" => digest,
});

/// An entry of `replicas`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Replica {
    /// The name of the object.
    pub name: String,
    /// How many.
    pub count: i64,
}

fields!(Replica {
    "name" => name,
    "count" => count,
});

/// An entry of `replacements`: a replacement, or the file that holds some.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct ReplacementField {
    /// The replacement.
    pub replacement: Replacement,
    /// The file.
    pub path: String,
}

fields!(ReplacementField {
    "source" => replacement.source,
    "targets" => replacement.targets,
    "sourceValue" => replacement.source_value,
    "path" => path,
});

/// Copies a value from one object to others.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Replacement {
    /// Where the value is read.
    pub source: Option<ReplacementSource>,
    /// Where it is written. An entry can be null.
    pub targets: Vec<Option<ReplacementTarget>>,
    /// The value itself.
    pub source_value: Option<String>,
}

fields!(Replacement {
    "source" => source,
    "targets" => targets,
    "sourceValue" => source_value,
});

/// Where a replacement reads.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ReplacementSource {
    /// The type of the object; empty parts match all.
    pub gvk: Gvk<'static>,
    /// The name of the object.
    pub name: String,
    /// The namespace of the object.
    pub namespace: String,
    /// The field.
    pub field_path: String,
    /// How the field is read.
    pub options: Option<FieldOptions>,
}

fields!(ReplacementSource {
    "group" => gvk.group,
    "version" => gvk.version,
    "kind" => gvk.kind,
    "name" => name,
    "namespace" => namespace,
    "fieldPath" => field_path,
    "options" => options,
});

/// Where a replacement writes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ReplacementTarget {
    /// The objects.
    pub select: Option<Selector>,
    /// Objects that are left out. An entry can be null.
    pub reject: Vec<Option<Selector>>,
    /// The fields.
    pub field_paths: Vec<String>,
    /// How the fields are written.
    pub options: Option<FieldOptions>,
}

fields!(ReplacementTarget {
    "select" => select,
    "reject" => reject,
    "fieldPaths" => field_paths,
    "options" => options,
});

/// How a replacement reads or writes a field.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FieldOptions {
    /// What splits the text of the field.
    pub delimiter: String,
    /// Which part of it counts.
    pub index: i64,
    /// Accepted, and without effect in the real program.
    pub encoding: String,
    /// Whether a missing field is created.
    pub create: bool,
}

fields!(FieldOptions {
    "delimiter" => delimiter,
    "index" => index,
    "encoding" => encoding,
    "create" => create,
});

/// An entry of `vars`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Var {
    /// The name between `$(` and `)`.
    pub name: String,
    /// The object that holds the value.
    pub object: VarObject,
    /// The field that holds it.
    pub field: VarField,
}

fields!(Var {
    "name" => name,
    "objref" => object,
    "fieldref" => field,
});

/// The object that holds a var's value.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct VarObject {
    /// Group and version in one; counts before those of `gvk`.
    pub api_version: String,
    /// The type.
    pub gvk: Gvk<'static>,
    /// The name.
    pub name: String,
    /// The namespace.
    pub namespace: String,
}

fields!(VarObject {
    "apiVersion" => api_version,
    "group" => gvk.group,
    "version" => gvk.version,
    "kind" => gvk.kind,
    "name" => name,
    "namespace" => namespace,
});

/// The field that holds a var's value.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct VarField {
    /// Names of fields with dots between them; empty means `metadata.name`.
    pub path: String,
}

fields!(VarField {
    "fieldPath" => path,
});

/// The order of the output.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SortOptions {
    /// `legacy` or `fifo`.
    pub order: String,
    /// What is special about the legacy order.
    pub legacy: Option<LegacySortOptions>,
}

fields!(SortOptions {
    "order" => order,
    "legacySortOptions" => legacy,
});

/// Which kinds come first and last.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LegacySortOptions {
    /// Kinds that come first, in this order.
    pub order_first: Vec<String>,
    /// Kinds that come last, in this order.
    pub order_last: Vec<String>,
}

fields!(LegacySortOptions {
    "orderFirst" => order_first,
    "orderLast" => order_last,
});

/// The metadata of a kustomization, which has no effect.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Metadata {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
}

fields!(Metadata {
    "name" => name,
    "namespace" => namespace,
    "labels" => labels,
    "annotations" => annotations,
});
