//! The types that kustomizations and the configurations of plugins are made of (api: types/*.go).

use std::collections::BTreeMap;

use goyaml::Value;

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
#[derive(Clone, Debug, Default, Eq, PartialEq)]
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
#[derive(Clone, Debug, Default, Eq, PartialEq)]
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
#[derive(Clone, Debug, Default, Eq, PartialEq)]
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

/// What a generator of ConfigMaps is told, and one of Secrets too.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct GeneratorArgs {
    /// The namespace of the object.
    pub namespace: String,
    /// The name of the object, before prefix, suffix and hash.
    pub name: String,
    /// What happens to an object of that name; see [`Behavior`](crate::resource::Behavior).
    pub behavior: String,
    /// Pairs `key=value`.
    pub literals: Vec<String>,
    /// Files, each `path` or `key=path`.
    pub files: Vec<String>,
    /// Files of lines `KEY=value`.
    pub envs: Vec<String>,
    /// The same, one, in the old form.
    pub env: String,
    /// What the object is like.
    pub options: Option<GeneratorOptions>,
}

fields!(GeneratorArgs {
    "namespace" => namespace,
    "name" => name,
    "behavior" => behavior,
    "literals" => literals,
    "files" => files,
    "envs" => envs,
    "env" => env,
    "options" => options,
});

/// What a generator of Secrets is told.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SecretArgs {
    /// What generators of both kinds are told.
    pub common: GeneratorArgs,
    /// The type of the Secret; empty means `Opaque`.
    pub secret_type: String,
}

fields!(SecretArgs {
    "namespace" => common.namespace,
    "name" => common.name,
    "behavior" => common.behavior,
    "literals" => common.literals,
    "files" => common.files,
    "envs" => common.envs,
    "env" => common.env,
    "options" => common.options,
    "type" => secret_type,
});

/// What generated objects are like.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct GeneratorOptions {
    /// Their labels.
    pub labels: BTreeMap<String, String>,
    /// Their annotations.
    pub annotations: BTreeMap<String, String>,
    /// Whether their names get no hash.
    pub disable_name_suffix_hash: bool,
    /// Whether they cannot be changed in the cluster.
    pub immutable: bool,
}

fields!(GeneratorOptions {
    "labels" => labels,
    "annotations" => annotations,
    "disableNameSuffixHash" => disable_name_suffix_hash,
    "immutable" => immutable,
});

/// Where charts are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HelmGlobals {
    /// The directory with the charts; empty means `charts`.
    pub chart_home: String,
    /// Helm's own configuration, which no build reads.
    pub config_home: String,
}

fields!(HelmGlobals {
    "chartHome" => chart_home,
    "configHome" => config_home,
});

/// A chart to inflate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HelmChart {
    /// The name of the chart.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it can be had.
    pub repo: String,
    /// The name of the release.
    pub release_name: String,
    /// The namespace of the release.
    pub namespace: String,
    /// Files of values after the first.
    pub additional_values_files: Vec<String>,
    /// The file of values; empty means the chart's own.
    pub values_file: String,
    /// Values.
    pub values_inline: BTreeMap<String, Value>,
    /// How the two go together: `merge`, `override` or `replace`.
    pub values_merge: String,
    /// Whether the chart's CRDs are among the output.
    pub include_crds: bool,
    /// Whether hooks are left out.
    pub skip_hooks: bool,
    /// The API versions that the chart is told.
    pub api_versions: Vec<String>,
    /// The version of Kubernetes that the chart is told.
    pub kube_version: String,
    /// The template of the release's name.
    pub name_template: String,
    /// Whether tests are left out.
    pub skip_tests: bool,
    /// Whether Helm tells more.
    pub debug: bool,
    /// Whether versions under development count.
    pub devel: bool,
}

fields!(HelmChart {
    "name" => name,
    "version" => version,
    "repo" => repo,
    "releaseName" => release_name,
    "namespace" => namespace,
    "additionalValuesFiles" => additional_values_files,
    "valuesFile" => values_file,
    "valuesInline" => values_inline,
    "valuesMerge" => values_merge,
    "includeCRDs" => include_crds,
    "skipHooks" => skip_hooks,
    "apiVersions" => api_versions,
    "kubeVersion" => kube_version,
    "nameTemplate" => name_template,
    "skipTests" => skip_tests,
    "debug" => debug,
    "devel" => devel,
});

/// A chart to inflate, in the old form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HelmChartArgs {
    /// The name of the chart.
    pub chart_name: String,
    /// Its version.
    pub chart_version: String,
    /// Where it can be had.
    pub chart_repo_url: String,
    /// The directory with the charts.
    pub chart_home: String,
    /// Accepted, and without effect in the real program.
    pub chart_repo_name: String,
    /// Accepted, and without effect in the real program.
    pub helm_bin: String,
    /// Helm's own configuration.
    pub helm_home: String,
    /// The file of values.
    pub values: String,
    /// Values.
    pub values_local: BTreeMap<String, Value>,
    /// How the two go together.
    pub values_merge: String,
    /// The name of the release.
    pub release_name: String,
    /// Accepted, and without effect in the real program.
    pub release_namespace: String,
    /// Accepted, and without effect in the real program.
    pub extra_args: Vec<String>,
}

fields!(HelmChartArgs {
    "chartName" => chart_name,
    "chartVersion" => chart_version,
    "chartRepoUrl" => chart_repo_url,
    "chartHome" => chart_home,
    "chartRepoName" => chart_repo_name,
    "helmBin" => helm_bin,
    "helmHome" => helm_home,
    "values" => values,
    "valuesLocal" => values_local,
    "valuesMerge" => values_merge,
    "releaseName" => release_name,
    "releaseNamespace" => release_namespace,
    "extraArgs" => extra_args,
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
