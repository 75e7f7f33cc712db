//! What generators of ConfigMaps and Secrets are told (api: types/generatorargs.go, generatoroptions.go,
//! kvpairsources.go).

use std::collections::BTreeMap;

use super::decode::fields;

/// What a generator of ConfigMaps is told, and one of Secrets too.
#[derive(Clone, Default, Eq, PartialEq)]
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
#[derive(Clone, Default, Eq, PartialEq)]
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
