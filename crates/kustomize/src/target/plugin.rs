//! Objects that configure generators, transformers and validators (api: internal/plugins/loader/loader.go).
//!
//! Those of the kind `builtin` are understood, and KSOPS' generator. Programs, containers and Go plugins are not run.

use goyaml::Value;
use thiserror::Error;

use super::change::Transformer;
use super::patches::EntryError;
use super::{Accumulator, Target};
use crate::error::BuildError;
use crate::generators;
use crate::id::ResId;
use crate::ksops::{self, KsopsError};
use crate::kustomization::decode::{Decode, UnknownFields, decode, fields};
use crate::kustomization::{
    DecodeError, FieldSpec, GeneratorArgs, HelmChart, Metadata, SecretArgs,
};
use crate::manifest;
use crate::origin::Origin;
use crate::output::{self, OutputError};
use crate::resmap::ResMap;
use crate::resource::{Resource, Sensitivity, annotation};
use crate::transform::{Affix, NameTransformer};

/// An object cannot configure a plugin.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PluginError {
    /// It would have a program, a container or a Go plugin run.
    #[error(
        "external plugins disabled; nothing but builtin plugins and the ksops generator is run, since what a repository names is not trusted"
    )]
    External,
    /// There is no builtin plugin of that kind.
    #[error("unable to load builtin plugin")]
    Unknown,
    /// It is a transformer.
    #[error("the plugin is not a generator")]
    NotAGenerator,
    /// It is a generator.
    #[error("the plugin is not a transformer")]
    NotATransformer,
    /// A field is of the wrong type.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// It cannot be read.
    #[error(transparent)]
    Object(#[from] OutputError),
    /// Prefixes and suffixes need to be told where they go.
    #[error("fieldSpecs is not expected to be nil")]
    FieldSpecs,
    /// The cloud is not known.
    #[error("the cloud provider is not supported yet")]
    Cloud,
    /// The value has nowhere to go.
    #[error(
        "must specify at least one target, each with a fieldPath and no negative filePathPosition"
    )]
    Targets,
    /// The value would be the name of the directory, and the root of the tree has none.
    #[error("must specify a value, since the root of the tree has no name")]
    NoValue,
    /// What the generator makes are no objects.
    #[error("what the generator makes is not valid")]
    Generated(#[source] manifest::ManifestError),
    /// A patch or replacement cannot be read.
    #[error(transparent)]
    Entry(EntryError),
    /// KSOPS cannot be followed.
    #[error(transparent)]
    Ksops(#[from] KsopsError),
}

impl PluginError {
    /// A stable name for the kind of error.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::External => "external-plugin",
            Self::Unknown => "unknown-builtin-plugin",
            Self::NotAGenerator => "plugin-not-a-generator",
            Self::NotATransformer => "plugin-not-a-transformer",
            Self::Decode(error) => error.reason(),
            Self::Object(error) => error.reason(),
            Self::FieldSpecs => "plugin-without-field-specs",
            Self::Cloud => "unknown-cloud",
            Self::Targets => "value-without-target",
            Self::NoValue => "value-missing",
            Self::Generated(error) => error.reason(),
            Self::Entry(error) => error.reason(),
            Self::Ksops(error) => error.reason(),
        }
    }
}

/// The plugins that are built in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Builtin {
    Annotations,
    ConfigMap,
    Hash,
    HelmChart,
    IamPolicy,
    ImageTag,
    Label,
    Namespace,
    Patch,
    PatchJson6902,
    PatchStrategicMerge,
    Prefix,
    PrefixSuffix,
    Replacement,
    ReplicaCount,
    Secret,
    Suffix,
    ValueAdd,
}

impl Builtin {
    fn parse(kind: &str) -> Option<Self> {
        Some(match kind {
            "AnnotationsTransformer" => Self::Annotations,
            "ConfigMapGenerator" => Self::ConfigMap,
            "HashTransformer" => Self::Hash,
            "HelmChartInflationGenerator" => Self::HelmChart,
            "IAMPolicyGenerator" => Self::IamPolicy,
            "ImageTagTransformer" => Self::ImageTag,
            "LabelTransformer" => Self::Label,
            "NamespaceTransformer" => Self::Namespace,
            "PatchTransformer" => Self::Patch,
            "PatchJson6902Transformer" => Self::PatchJson6902,
            "PatchStrategicMergeTransformer" => Self::PatchStrategicMerge,
            "PrefixTransformer" => Self::Prefix,
            "PrefixSuffixTransformer" => Self::PrefixSuffix,
            "ReplacementTransformer" => Self::Replacement,
            "ReplicaCountTransformer" => Self::ReplicaCount,
            "SecretGenerator" => Self::Secret,
            "SuffixTransformer" => Self::Suffix,
            "ValueAddTransformer" => Self::ValueAdd,
            _ => return None,
        })
    }
}

/// Reads a configuration as the real program reads those of plugins: fields that it does not know do not matter.
pub(super) fn read<T: Decode>(config: &Value) -> Result<T, PluginError> {
    Ok(decode(config, UnknownFields::Ignore)?)
}

/// A builtin generator's arguments, with the name and namespace of the object that holds them.
#[derive(Default)]
struct ConfigMapConfig {
    metadata: Metadata,
    args: GeneratorArgs,
}

fields!(ConfigMapConfig {
    "metadata" => metadata,
    "namespace" => args.namespace,
    "name" => args.name,
    "behavior" => args.behavior,
    "literals" => args.literals,
    "files" => args.files,
    "envs" => args.envs,
    "env" => args.env,
    "options" => args.options,
});

/// What a generator of policies is told.
#[derive(Default)]
struct IamPolicy {
    cloud: String,
    kubernetes: KubernetesService,
    account: ServiceAccount,
}

fields!(IamPolicy {
    "cloud" => cloud,
    "kubernetesService" => kubernetes,
    "serviceAccount" => account,
});

#[derive(Default)]
struct KubernetesService {
    name: String,
    namespace: String,
}

fields!(KubernetesService {
    "name" => name,
    "namespace" => namespace,
});

#[derive(Default)]
struct ServiceAccount {
    name: String,
    project: String,
}

fields!(ServiceAccount {
    "name" => name,
    "projectId" => project,
});

/// What adds prefixes and suffixes is told.
#[derive(Default)]
pub(super) struct AffixConfig {
    prefix: String,
    suffix: String,
    field_specs: Option<Vec<FieldSpec>>,
}

fields!(AffixConfig {
    "prefix" => prefix,
    "suffix" => suffix,
    "fieldSpecs" => field_specs,
});

impl AffixConfig {
    fn transformer(&self, affix: Affix) -> Result<Transformer, PluginError> {
        let text = match affix {
            Affix::Prefix => &self.prefix,
            Affix::Suffix => &self.suffix,
        };
        Ok(Transformer::Name(NameTransformer {
            affix,
            text: text.clone(),
            field_specs: self.field_specs.clone().ok_or(PluginError::FieldSpecs)?,
        }))
    }
}

/// A transformer and what is written on the objects that it changes.
pub(super) struct Configured {
    pub(super) transformer: Transformer,
    pub(super) origin: Option<Origin>,
    /// Whether what configures it was encrypted.
    pub(super) sensitivity: Sensitivity,
}

impl<'b> Target<'b> {
    /// Adds what the plugins of the field `generators` make to what is gathered.
    pub(super) fn run_generators(&self, gathered: &mut Accumulator) -> Result<(), BuildError> {
        let field = "generators";
        let configurations = self.plugin_objects(field, &self.fields().generators)?;
        let mut all = Vec::with_capacity(configurations.len());
        for object in &configurations {
            let mut made = self.run_generator(object)?;
            super::absorb_sensitivity(&mut made, object.sensitivity());
            all.push((made, self.plugin_origin(object)));
        }
        for (made, origin) in all {
            self.absorb(gathered, field, made, origin.as_ref())?;
        }
        Ok(())
    }

    /// The transformers that the objects of a field configure.
    pub(super) fn plugin_transformers(
        &self,
        field: &'static str,
        entries: &[String],
    ) -> Result<Vec<Configured>, BuildError> {
        let objects = self.plugin_objects(field, entries)?;
        let mut transformers = Vec::with_capacity(objects.len());
        for object in &objects {
            let mut made = self.transformers_of(object)?.into_iter().peekable();
            while let Some(transformer) = made.next() {
                // Several transformers of one object are one, which is noted once.
                let is_last = made.peek().is_none();
                let origin = is_last.then(|| self.plugin_origin(object)).flatten();
                transformers.push(Configured {
                    transformer,
                    origin,
                    sensitivity: object.sensitivity(),
                });
            }
        }
        Ok(transformers)
    }

    /// The objects that a field names or holds.
    fn plugin_objects(
        &self,
        field: &'static str,
        entries: &[String],
    ) -> Result<ResMap, BuildError> {
        let mut objects = Accumulator::default();
        let mut references = Vec::new();
        for entry in entries {
            let Ok(inline) = manifest::resources(entry.as_bytes(), &self.session.schema) else {
                references.push(entry);
                continue;
            };
            let origin = self.origin.as_ref();
            let origin = origin.map(|origin| origin.append(self.file_name).to_yaml());
            for (mut object, _) in inline {
                if let Some(origin) = &origin {
                    super::set_annotation(&mut object, annotation::ORIGIN, origin)?;
                }
                objects
                    .resources
                    .push(object)
                    .map_err(|source| BuildError::Merge {
                        kustomization: self.directory(),
                        field,
                        reference: "an inline object".to_owned(),
                        source: Box::new(source),
                    })?;
            }
        }
        for reference in references {
            self.add_resource(&mut objects, field, reference)?;
        }
        Ok(objects.resources)
    }

    fn plugin_origin(&self, object: &Resource) -> Option<Origin> {
        let origin = Origin::parse(object.annotation(annotation::ORIGIN)?);
        Some(origin.of_plugin(&object.id()))
    }

    pub(super) fn plugin_error(
        &self,
        object: &Resource,
        source: impl Into<PluginError>,
    ) -> BuildError {
        BuildError::Plugin {
            kustomization: self.directory(),
            id: Box::new(original_id(object)),
            source: Box::new(source.into()),
        }
    }

    fn run_generator(&self, object: &Resource) -> Result<ResMap, BuildError> {
        let failed = |source: PluginError| self.plugin_error(object, source);
        let config = output::value(object).map_err(|source| failed(source.into()))?;
        if ksops::is_generator(object) {
            let made = ksops::generate(&self.loader, &config, &self.session.schema);
            return made.map_err(|source| failed(source.into()));
        }
        let schema = &self.session.schema;
        let generated = |source| BuildError::Generate {
            kustomization: self.directory(),
            field: "generators",
            source: Box::new(source),
        };
        let made = match builtin(object).map_err(failed)? {
            Builtin::ConfigMap => {
                let config: ConfigMapConfig = read(&config).map_err(failed)?;
                let args = with_metadata(config.args, config.metadata);
                generators::config_map(&self.loader, &args, args.options.as_ref(), schema)
                    .map_err(generated)?
            }
            Builtin::Secret => {
                let mut secret: SecretArgs = read(&config).map_err(failed)?;
                let common: ConfigMapConfig = read(&config).map_err(failed)?;
                secret.common = with_metadata(common.args, common.metadata);
                let options = secret.common.options.clone();
                generators::secret(&self.loader, &secret, options.as_ref(), schema)
                    .map_err(generated)?
            }
            Builtin::IamPolicy => {
                let policy: IamPolicy = read(&config).map_err(failed)?;
                return self.service_account(&policy).map_err(failed);
            }
            Builtin::HelmChart => {
                let chart: HelmChart = read(&config).map_err(failed)?;
                return Err(self.helm_error(&chart.name));
            }
            _ => return Err(failed(PluginError::NotAGenerator)),
        };
        Ok([made].into_iter().collect())
    }

    fn service_account(&self, policy: &IamPolicy) -> Result<ResMap, PluginError> {
        if policy.cloud != "gke" {
            return Err(PluginError::Cloud);
        }
        let mut text = format!(
            "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  annotations:\n    \
             iam.gke.io/gcp-service-account: {}@{}.iam.gserviceaccount.com\n  name: {}\n",
            policy.account.name, policy.account.project, policy.kubernetes.name
        );
        if !policy.kubernetes.namespace.is_empty() {
            text.push_str("  namespace: ");
            text.push_str(&policy.kubernetes.namespace);
        }
        let objects = manifest::resources(text.as_bytes(), &self.session.schema)
            .map_err(PluginError::Generated)?;
        Ok(objects.into_iter().map(|(object, _)| object).collect())
    }

    fn transformers_of(&self, object: &Resource) -> Result<Vec<Transformer>, BuildError> {
        let failed = |source: PluginError| self.plugin_error(object, source);
        let config = output::value(object).map_err(|source| failed(source.into()))?;
        if ksops::is_generator(object) {
            return Err(failed(PluginError::NotATransformer));
        }
        let kind = builtin(object).map_err(failed)?;
        let transformer = match kind {
            Builtin::Annotations => read(&config).map(Transformer::Annotations),
            Builtin::Hash => Ok(Transformer::Hash),
            Builtin::ImageTag => read(&config).map(Transformer::ImageTag),
            Builtin::Label => read(&config).map(Transformer::Label),
            Builtin::Namespace => read(&config).map(Transformer::Namespace),
            Builtin::ReplicaCount => read(&config).map(Transformer::ReplicaCount),
            Builtin::Prefix | Builtin::Suffix | Builtin::PrefixSuffix => {
                let config: AffixConfig = read(&config).map_err(failed)?;
                let affixes: &[Affix] = match kind {
                    Builtin::Prefix => &[Affix::Prefix],
                    Builtin::Suffix => &[Affix::Suffix],
                    _ => &[Affix::Prefix, Affix::Suffix],
                };
                let transformers = affixes.iter().map(|affix| config.transformer(*affix));
                return transformers.collect::<Result<_, _>>().map_err(failed);
            }
            Builtin::Patch
            | Builtin::PatchJson6902
            | Builtin::PatchStrategicMerge
            | Builtin::Replacement
            | Builtin::ValueAdd => {
                return Ok(vec![self.loaded_transformer(object, kind, &config)?]);
            }
            Builtin::ConfigMap | Builtin::HelmChart | Builtin::IamPolicy | Builtin::Secret => {
                Err(PluginError::NotATransformer)
            }
        };
        Ok(vec![transformer.map_err(failed)?])
    }
}

/// The builtin plugin that an object configures.
fn builtin(object: &Resource) -> Result<Builtin, PluginError> {
    let gvk = object.gvk();
    if !gvk.group.is_empty() || gvk.version != "builtin" {
        return Err(PluginError::External);
    }
    Builtin::parse(&gvk.kind).ok_or(PluginError::Unknown)
}

fn original_id(object: &Resource) -> ResId<'static> {
    object.original_id().into_owned()
}

fn with_metadata(mut args: GeneratorArgs, metadata: Metadata) -> GeneratorArgs {
    if args.name.is_empty() {
        args.name = metadata.name;
    }
    if args.namespace.is_empty() {
        args.namespace = metadata.namespace;
    }
    args
}
