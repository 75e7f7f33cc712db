//! The Kustomization and Component kinds: every field, read strictly, old names put in the place of the new ones.

pub(crate) mod decode;

mod generator;
mod helm;
mod types;

use std::collections::BTreeMap;
use std::fmt;

use goyaml::{
    Value,
    decode::{Duplicates, YamlToJsonError, yaml_to_json},
};
use thiserror::Error;

pub use decode::DecodeError;
pub use generator::{GeneratorArgs, GeneratorOptions, SecretArgs};
pub use helm::{HelmChart, HelmChartArgs, HelmGlobals};
pub use types::{
    FieldOptions, FieldSpec, Image, Label, LegacySortOptions, Metadata, Patch, PatchOptions,
    Replacement, ReplacementField, ReplacementSource, ReplacementTarget, Replica, Selector,
    SortOptions, Var, VarField, VarObject,
};

use decode::{At, Fields, Known, UnknownFields, fields};

use crate::cache::{Parse, Parsed, decoded_size};
use crate::edit::EditError;
use crate::limits::LIMITS;

/// The names that a kustomization's file can have, in the order in which they are looked for.
pub const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// What a kustomization's file says. Not for printing: literals and patches in it may have been decrypted.
#[derive(Clone, Default, PartialEq)]
pub struct Kustomization {
    /// Kustomization or Component.
    pub kind: Kind,
    /// What each field says.
    pub fields: KustomizationFields,
    /// Fields in use that have better successors.
    pub deprecated: Vec<DeprecatedField>,
}

/// What the fields of a kustomization say, `bases`, `imageTags` and `helmChartInflationGenerator` moved to where they
/// belong.
#[derive(Clone, Default, PartialEq)]
pub struct KustomizationFields {
    /// `apiVersion`
    pub api_version: String,
    /// `kind`
    pub kind: String,
    /// `metadata`
    pub metadata: Option<Metadata>,
    /// `openapi`
    pub openapi: BTreeMap<String, String>,
    /// `namePrefix`
    pub name_prefix: String,
    /// `nameSuffix`
    pub name_suffix: String,
    /// `namespace`
    pub namespace: String,
    /// `commonLabels`
    pub common_labels: BTreeMap<String, String>,
    /// `labels`
    pub labels: Vec<Label>,
    /// `commonAnnotations`
    pub common_annotations: BTreeMap<String, String>,
    /// `patchesStrategicMerge`
    pub patches_strategic_merge: Vec<String>,
    /// `patchesJson6902`
    pub patches_json6902: Vec<Patch>,
    /// `patches`
    pub patches: Vec<Patch>,
    /// `images`
    pub images: Vec<Image>,
    /// `imageTags`, before it is moved
    pub image_tags: Vec<Image>,
    /// `replacements`
    pub replacements: Vec<ReplacementField>,
    /// `replicas`
    pub replicas: Vec<Replica>,
    /// `vars`
    pub vars: Vec<Var>,
    /// `sortOptions`
    pub sort_options: Option<SortOptions>,
    /// `resources`
    pub resources: Vec<String>,
    /// `components`
    pub components: Vec<String>,
    /// `crds`
    pub crds: Vec<String>,
    /// `bases`, before it is moved
    pub bases: Vec<String>,
    /// `configMapGenerator`
    pub config_map_generator: Vec<GeneratorArgs>,
    /// `secretGenerator`
    pub secret_generator: Vec<SecretArgs>,
    /// `helmGlobals`
    pub helm_globals: Option<HelmGlobals>,
    /// `helmCharts`
    pub helm_charts: Vec<HelmChart>,
    /// `helmChartInflationGenerator`, before it is moved
    pub helm_chart_inflation_generator: Vec<HelmChartArgs>,
    /// `generatorOptions`
    pub generator_options: Option<GeneratorOptions>,
    /// `configurations`
    pub configurations: Vec<String>,
    /// `generators`
    pub generators: Vec<String>,
    /// `transformers`
    pub transformers: Vec<String>,
    /// `validators`
    pub validators: Vec<String>,
    /// `buildMetadata`
    pub build_metadata: Vec<String>,
}

fields!(KustomizationFields {
    "apiVersion" => api_version,
    "kind" => kind,
    "metadata" => metadata,
    "openapi" => openapi,
    "namePrefix" => name_prefix,
    "nameSuffix" => name_suffix,
    "namespace" => namespace,
    "commonLabels" => common_labels,
    "labels" => labels,
    "commonAnnotations" => common_annotations,
    "patchesStrategicMerge" => patches_strategic_merge,
    "patchesJson6902" => patches_json6902,
    "patches" => patches,
    "images" => images,
    "imageTags" => image_tags,
    "replacements" => replacements,
    "replicas" => replicas,
    "vars" => vars,
    "sortOptions" => sort_options,
    "resources" => resources,
    "components" => components,
    "crds" => crds,
    "bases" => bases,
    "configMapGenerator" => config_map_generator,
    "secretGenerator" => secret_generator,
    "helmGlobals" => helm_globals,
    "helmCharts" => helm_charts,
    "helmChartInflationGenerator" => helm_chart_inflation_generator,
    "generatorOptions" => generator_options,
    "configurations" => configurations,
    "generators" => generators,
    "transformers" => transformers,
    "validators" => validators,
    "buildMetadata" => build_metadata,
});

/// What a kustomization is: something of its own, or a part of others.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Kind {
    /// Builds on its own; its changes affect nothing but its own resources.
    #[default]
    Kustomization,
    /// Changes the resources of the kustomization that names it.
    Component,
}

impl Kind {
    /// The name of the kind.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kustomization => "Kustomization",
            Self::Component => "Component",
        }
    }

    const fn api_version(self) -> &'static str {
        match self {
            Self::Kustomization => "kustomize.config.k8s.io/v1beta1",
            Self::Component => "kustomize.config.k8s.io/v1alpha1",
        }
    }
}

/// A field in use that has a better successor.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum DeprecatedField {
    /// `bases`
    Bases,
    /// `commonLabels`
    CommonLabels,
    /// `imageTags`
    ImageTags,
    /// `patchesJson6902`
    PatchesJson6902,
    /// `patchesStrategicMerge`
    PatchesStrategicMerge,
    /// `vars`
    Vars,
}

impl DeprecatedField {
    const ALL: [Self; 6] = [
        Self::Bases,
        Self::CommonLabels,
        Self::ImageTags,
        Self::PatchesJson6902,
        Self::PatchesStrategicMerge,
        Self::Vars,
    ];

    /// The name of the field.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bases => "bases",
            Self::CommonLabels => "commonLabels",
            Self::ImageTags => "imageTags",
            Self::PatchesJson6902 => "patchesJson6902",
            Self::PatchesStrategicMerge => "patchesStrategicMerge",
            Self::Vars => "vars",
        }
    }

    /// The name of the field to use.
    pub const fn successor(self) -> &'static str {
        match self {
            Self::Bases => "resources",
            Self::CommonLabels => "labels",
            Self::ImageTags => "images",
            Self::PatchesJson6902 | Self::PatchesStrategicMerge => "patches",
            Self::Vars => "replacements",
        }
    }
}

/// As the real program warns of the field.
impl fmt::Display for DeprecatedField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let experimental = match self {
            Self::Vars => "[EXPERIMENTAL] ",
            Self::Bases
            | Self::CommonLabels
            | Self::ImageTags
            | Self::PatchesJson6902
            | Self::PatchesStrategicMerge => "",
        };
        write!(
            f,
            "# Warning: '{}' is deprecated. Please use '{}' instead. {experimental}Run 'kustomize edit fix' to update \
             your Kustomization automatically.",
            self.as_str(),
            self.successor()
        )
    }
}

/// A file is no kustomization.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum KustomizationError {
    /// It is not YAML.
    #[error(transparent)]
    Yaml(YamlToJsonError),
    /// A field is unknown, or of the wrong type.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// It says nothing.
    #[error("the kustomization is empty")]
    Empty,
    /// It is of another kind.
    #[error("kind should be Kustomization or Component")]
    WrongKind,
    /// It is of another version.
    #[error("apiVersion for {} should be {}", .0.as_str(), .0.api_version())]
    WrongApiVersion(Kind),
}

impl KustomizationError {
    /// A stable name for the kind of error.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Yaml(error) => error.reason(),
            Self::Decode(error) => error.reason(),
            Self::Empty => "kustomization-empty",
            Self::WrongKind => "kustomization-kind",
            Self::WrongApiVersion(_) => "kustomization-api-version",
        }
    }
}

impl Kustomization {
    /// Reads a kustomization's file.
    ///
    /// # Errors
    ///
    /// See [`KustomizationError`].
    pub fn parse(text: &[u8]) -> Result<Self, KustomizationError> {
        <Self as Parse>::parse(text).map(|parsed| parsed.value)
    }

    fn from_value(value: &Value) -> Result<Self, KustomizationError> {
        let unedited = Unedited::from_value(value)?;
        if !unedited.says_something {
            return Err(KustomizationError::Empty);
        }
        unedited.kustomization.checked()
    }

    /// With its kind, when it is one that there is.
    fn checked(mut self) -> Result<Self, KustomizationError> {
        self.kind = match self.fields.kind.as_str() {
            "" | "Kustomization" => Kind::Kustomization,
            "Component" => Kind::Component,
            _ => return Err(KustomizationError::WrongKind),
        };
        let api_version = &self.fields.api_version;
        if !api_version.is_empty() && api_version != self.kind.api_version() {
            return Err(KustomizationError::WrongApiVersion(self.kind));
        }
        Ok(self)
    }
}

/// A kustomization that is to be changed before it is built. It may be empty, since a change makes it say something.
pub(crate) struct Unedited {
    kustomization: Kustomization,
    says_something: bool,
}

/// Why a kustomization cannot be had as changed.
pub(crate) enum EditedError {
    /// It cannot be changed so.
    Edit(EditError),
    /// It is none.
    Kustomization(KustomizationError),
}

impl Unedited {
    /// The kustomization as `edit` changes it, which says whether it did.
    pub(crate) fn edited(
        &self,
        edit: impl FnOnce(&mut Kustomization) -> Result<bool, EditError>,
    ) -> Result<Kustomization, EditedError> {
        let mut kustomization = self.kustomization.clone();
        let is_changed = edit(&mut kustomization).map_err(EditedError::Edit)?;
        if !is_changed && !self.says_something {
            return Err(EditedError::Kustomization(KustomizationError::Empty));
        }
        kustomization.checked().map_err(EditedError::Kustomization)
    }

    fn from_value(value: &Value) -> Result<Self, KustomizationError> {
        let mut read: Reader = decode::decode(value, UnknownFields::Refuse)?;
        let deprecated = DeprecatedField::ALL
            .into_iter()
            .filter(|field| read.used.contains(&field.as_str()))
            .collect();
        read.move_old_fields();
        Ok(Self {
            says_something: read.says_something(),
            kustomization: Kustomization {
                kind: Kind::default(),
                fields: read.fields,
                deprecated,
            },
        })
    }
}

impl Parse for Unedited {
    type Error = KustomizationError;

    fn parse(text: &[u8]) -> Result<Parsed<Self>, KustomizationError> {
        let value =
            yaml_to_json(text, Duplicates::LastWins, &LIMITS).map_err(KustomizationError::Yaml)?;
        Ok(Parsed {
            value: Self::from_value(&value)?,
            size: decoded_size(&value),
        })
    }
}

impl Parse for Kustomization {
    type Error = KustomizationError;

    fn parse(text: &[u8]) -> Result<Parsed<Self>, KustomizationError> {
        let value =
            yaml_to_json(text, Duplicates::LastWins, &LIMITS).map_err(KustomizationError::Yaml)?;
        Ok(Parsed {
            value: Self::from_value(&value)?,
            size: decoded_size(&value),
        })
    }
}

/// Reads the fields and notes which are there: an empty list is something else than none.
#[derive(Default)]
struct Reader {
    fields: KustomizationFields,
    used: Vec<&'static str>,
}

/// Fields where being there at all makes a kustomization one that is not empty, or is worth a warning.
const NOTED: &[&str] = &[
    "metadata",
    "openapi",
    "commonLabels",
    "labels",
    "commonAnnotations",
    "patchesStrategicMerge",
    "patchesJson6902",
    "patches",
    "images",
    "imageTags",
    "replacements",
    "replicas",
    "vars",
    "sortOptions",
    "resources",
    "components",
    "crds",
    "bases",
    "configMapGenerator",
    "secretGenerator",
    "helmGlobals",
    "helmCharts",
    "generatorOptions",
    "configurations",
    "generators",
    "transformers",
    "validators",
    "buildMetadata",
];

impl Fields for Reader {
    fn set(&mut self, name: &str, value: &Value, at: &mut At) -> Result<Known, DecodeError> {
        if *value != Value::Null {
            self.used.extend(
                NOTED
                    .iter()
                    .filter(|noted| noted.eq_ignore_ascii_case(name)),
            );
        }
        self.fields.set(name, value, at)
    }
}

impl Reader {
    fn move_old_fields(&mut self) {
        let fields = &mut self.fields;
        fields.resources.append(&mut fields.bases);
        fields.images.append(&mut fields.image_tags);
        let generators = fields.config_map_generator.iter_mut();
        let secrets = fields
            .secret_generator
            .iter_mut()
            .map(|secret| &mut secret.common);
        for generator in generators.chain(secrets) {
            if !generator.env.is_empty() {
                generator.envs.push(std::mem::take(&mut generator.env));
            }
        }
        let mut globals = HelmGlobals::default();
        for old in std::mem::take(&mut fields.helm_chart_inflation_generator) {
            if !old.helm_home.is_empty() {
                globals.config_home = old.helm_home;
            }
            if !old.chart_home.is_empty() {
                globals.chart_home = old.chart_home;
            }
            fields.helm_charts.push(HelmChart {
                name: old.chart_name,
                version: old.chart_version,
                repo: old.chart_repo_url,
                values_file: old.values,
                values_inline: old.values_local,
                values_merge: old.values_merge,
                release_name: old.release_name,
                ..HelmChart::default()
            });
        }
        if fields.helm_globals.is_none() && globals != HelmGlobals::default() {
            fields.helm_globals = Some(globals);
        }
    }

    fn says_something(&self) -> bool {
        let fields = &self.fields;
        let old_only = |name: &&str| matches!(*name, "bases" | "imageTags");
        self.used.iter().any(|name| !old_only(name))
            || !fields.name_prefix.is_empty()
            || !fields.name_suffix.is_empty()
            || !fields.namespace.is_empty()
            || !fields.resources.is_empty()
            || !fields.images.is_empty()
            || !fields.helm_charts.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn parse(text: &str) -> KustomizationFields {
        Kustomization::parse(text.as_bytes()).unwrap().fields
    }

    #[test]
    fn names_of_fields_match_in_any_case() {
        let fields = parse("NamePREFIX: a-\nreSources: [b]\nimages:\n- NAME: c\n  newtag: d\n");
        assert_eq!(fields.name_prefix, "a-");
        assert_eq!(fields.resources, ["b"]);
        assert_eq!(fields.images[0].new_tag, "d");
    }

    #[test]
    fn old_fields_move_to_their_successors() {
        let fields = parse(
            "bases: [base]\nresources: [a]\nimageTags: [{name: x, newTag: v}]\n\
             configMapGenerator:\n- name: c\n  env: e.env\n  envs: [f.env]\n\
             helmChartInflationGenerator:\n- chartName: c\n  chartHome: h\n  values: v.yaml\n",
        );
        assert_eq!(fields.resources, ["a", "base"]);
        assert_eq!(fields.images[0].name, "x");
        assert_eq!(fields.config_map_generator[0].envs, ["f.env", "e.env"]);
        assert_eq!(fields.helm_charts[0].values_file, "v.yaml");
        assert_eq!(fields.helm_globals.unwrap().chart_home, "h");
    }

    #[test]
    fn deprecated_fields_are_told() {
        let text = "vars: []\ncommonLabels: {}\nbases: null\nresources: [a]\n";
        let read = Kustomization::parse(text.as_bytes()).unwrap();
        assert_eq!(
            read.deprecated,
            [DeprecatedField::CommonLabels, DeprecatedField::Vars]
        );
        assert_eq!(
            read.deprecated[0].to_string(),
            "# Warning: 'commonLabels' is deprecated. Please use 'labels' instead. Run 'kustomize edit fix' to update \
             your Kustomization automatically."
        );
    }

    #[test]
    fn what_is_no_kustomization_is_refused() {
        for (text, reason) in [
            ("", "kustomization-empty"),
            ("kind: Kustomization", "kustomization-empty"),
            ("bases: []", "kustomization-empty"),
            ("namePrefix: ''", "kustomization-empty"),
            ("kind: Deployment\nresources: []", "kustomization-kind"),
            ("apiVersion: v1\nresources: []", "kustomization-api-version"),
            (
                "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Component\nresources: []",
                "kustomization-api-version",
            ),
            ("resource: []", "unknown-field"),
            ("patches: [{target: {nam: x}}]", "unknown-field"),
            ("resources: a", "wrong-type-of-field"),
            ("commonLabels: {a: 1}", "wrong-type-of-field"),
            ("- a", "wrong-type-of-field"),
        ] {
            let error = Kustomization::parse(text.as_bytes()).err().unwrap();
            assert_eq!(error.reason(), reason, "{text}");
        }
        let error = Kustomization::parse(b"patches: [{}, {target: {nam: x}}]")
            .err()
            .unwrap();
        assert_eq!(error.to_string(), "unknown field `patches[1].target.nam`");
    }
}
