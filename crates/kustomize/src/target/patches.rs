//! Patches and replacements with the files that hold them (api: internal/builtins/Patch*Transformer.go,
//! ReplacementTransformer.go).

use std::sync::Arc;

use goyaml::{
    Node, Value,
    decode::{Duplicates, YamlToJsonError, yaml_to_json},
};
use thiserror::Error;

use super::Target;
use super::change::Transformer;
use super::plugin::{Builtin, PluginError, read};
use super::value_add::ValueAddConfig;
use crate::cache::{Parse, Parsed, decoded_size};
use crate::error::BuildError;
use crate::kustomization::decode::{UnknownFields, decode, fields};
use crate::kustomization::{
    DecodeError, Patch, PatchOptions, Replacement, ReplacementField, Selector,
};
use crate::limits::LIMITS;
use crate::loader::{LoadError, Loaded};
use crate::manifest::{ManifestError, Objects};
use crate::patch::{self, JsonPatch, PatchParseError, Patches, json6902};
use crate::resource::{Resource, Sensitivity};
use crate::selector::{CompiledSelector, SelectorError};

/// A patch or replacement cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EntryError {
    /// It has neither a text nor a file.
    #[error("must specify one of patch and path")]
    Nothing,
    /// It has both a text and a file.
    #[error("patch and path can't be set at the same time")]
    Both,
    /// Its file cannot be used.
    #[error("cannot use `{reference}`")]
    Load {
        /// The file as it is named.
        reference: String,
        /// What is wrong.
        source: LoadError,
    },
    /// The text is no patch.
    #[error(transparent)]
    Patch(#[from] PatchParseError),
    /// The text is no JSON patch.
    #[error("not a JSON patch")]
    Json(#[source] json6902::ParseError),
    /// The text holds no strategic merge patches.
    #[error("not a strategic merge patch")]
    Strategic(#[source] ManifestError),
    /// The text holds nothing.
    #[error("patch appears to be empty")]
    Empty,
    /// The target cannot be read.
    #[error("invalid target")]
    Target(#[source] SelectorError),
    /// The target of a JSON patch has no name.
    #[error("must specify the target name")]
    NoTargetName,
    /// A file is not YAML.
    #[error("`{reference}` is not YAML")]
    Yaml {
        /// The file as it is named.
        reference: String,
        /// What is wrong.
        source: YamlToJsonError,
    },
    /// A file holds something else than replacements.
    #[error("`{reference}` holds no replacements")]
    Replacements {
        /// The file as it is named.
        reference: String,
        /// What is wrong, where it is a mapping or list.
        source: Option<DecodeError>,
    },
    /// A replacement has both a file and a content.
    #[error("cannot specify both path and inline replacement")]
    PathAndReplacement,
}

impl EntryError {
    /// A stable name for the kind of error.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Nothing => "patch-without-text",
            Self::Both => "patch-and-path",
            Self::Load { source, .. } => source.reason(),
            Self::Patch(source) => source.reason(),
            Self::Json(_) => "not-a-json-patch",
            Self::Strategic(source) => source.reason(),
            Self::Empty => "patch-empty",
            Self::Target(source) => source.reason(),
            Self::NoTargetName => "patch-target-without-name",
            Self::Yaml { source, .. } => source.reason(),
            Self::Replacements { .. } => "not-replacements",
            Self::PathAndReplacement => "path-and-replacement",
        }
    }
}

/// An entry of `patches`.
pub(super) struct PatchEntry {
    pub(super) patches: Arc<Patches>,
    pub(super) target: Option<CompiledSelector>,
    pub(super) options: PatchOptions,
    pub(super) sensitivity: Sensitivity,
}

/// An entry of `patchesJson6902`.
pub(super) struct JsonEntry {
    pub(super) patch: Arc<JsonPatch>,
    pub(super) target: CompiledSelector,
    pub(super) sensitivity: Sensitivity,
}

/// What `replacements` holds, and the files that it names.
pub(super) struct ReplacementEntries {
    pub(super) replacements: Vec<Replacement>,
    /// Whether any of the files was encrypted, which can hold values too.
    pub(super) sensitivity: Sensitivity,
}

/// Strategic merge patches of one text.
pub(super) struct StrategicEntry {
    pub(super) patches: Vec<Node>,
    pub(super) sensitivity: Sensitivity,
}

/// What a JSON patch of the old form is told.
#[derive(Default)]
struct Json6902Config {
    target: Option<Selector>,
    path: String,
    operations: String,
}

fields!(Json6902Config {
    "target" => target,
    "path" => path,
    "jsonOp" => operations,
});

/// What strategic merge patches of the old form are told.
#[derive(Default)]
struct StrategicConfig {
    paths: Vec<String>,
    patches: String,
}

fields!(StrategicConfig {
    "paths" => paths,
    "patches" => patches,
});

/// What a replacement plugin is told.
#[derive(Default)]
struct ReplacementConfig {
    replacements: Vec<ReplacementField>,
}

fields!(ReplacementConfig {
    "replacements" => replacements,
});

/// What a file of replacements holds.
#[derive(Clone)]
struct ReplacementFile(Vec<Replacement>);

/// A file holds no replacements.
enum ReplacementFileError {
    Yaml(YamlToJsonError),
    Other(Option<DecodeError>),
}

impl ReplacementFileError {
    fn named(self, reference: &str) -> EntryError {
        let reference = reference.to_owned();
        match self {
            Self::Yaml(source) => EntryError::Yaml { reference, source },
            Self::Other(source) => EntryError::Replacements { reference, source },
        }
    }
}

impl Parse for ReplacementFile {
    type Error = ReplacementFileError;

    fn parse(text: &[u8]) -> Result<Parsed<Self>, ReplacementFileError> {
        let value = yaml_to_json(text, Duplicates::LastWins, &LIMITS)
            .map_err(ReplacementFileError::Yaml)?;
        let replacements = match value {
            Value::Array(_) => decode(&value, UnknownFields::Ignore),
            Value::Object(_) => decode(&value, UnknownFields::Ignore).map(|one| vec![one]),
            _ => return Err(ReplacementFileError::Other(None)),
        };
        Ok(Parsed {
            value: Self(replacements.map_err(|error| ReplacementFileError::Other(Some(error)))?),
            size: decoded_size(&value),
        })
    }
}

impl<'b> Target<'b> {
    /// The transformer of `patchesStrategicMerge`.
    pub(super) fn strategic_transformer(
        &self,
        entries: &[String],
    ) -> Result<Transformer, EntryError> {
        let mut all = Vec::with_capacity(entries.len());
        for entry in entries {
            all.push(match patch::strategic(entry.as_bytes()) {
                Ok(patches) => StrategicEntry {
                    patches,
                    sensitivity: Sensitivity::Plain,
                },
                Err(_) => {
                    let file = self.open(entry)?;
                    let objects = file.parse::<Objects>().map_err(EntryError::Strategic)?;
                    StrategicEntry {
                        patches: Arc::unwrap_or_clone(objects).into_nodes(),
                        sensitivity: file.sensitivity,
                    }
                }
            });
        }
        strategic(all)
    }

    /// The transformer of an entry of `patches`.
    pub(super) fn patch_transformer(&self, patch: &Patch) -> Result<Transformer, EntryError> {
        let (patches, sensitivity) = match (patch.patch.trim(), patch.path.as_str()) {
            ("", "") => return Err(EntryError::Nothing),
            (text, "") => (Arc::new(patch::parse(text.as_bytes())?), Sensitivity::Plain),
            ("", path) => {
                let file = self.open(path)?;
                (file.parse::<Patches>()?, file.sensitivity)
            }
            _ => return Err(EntryError::Both),
        };
        Ok(Transformer::Patch(PatchEntry {
            patches,
            target: patch.target.as_ref().map(compiled).transpose()?,
            options: patch.options.unwrap_or_default(),
            sensitivity,
        }))
    }

    /// The transformer of an entry of `patchesJson6902`.
    pub(super) fn json_transformer(&self, patch: &Patch) -> Result<Transformer, EntryError> {
        let target = patch.target.as_ref();
        let target = target.filter(|target| !target.name.is_empty());
        let target = compiled(target.ok_or(EntryError::NoTargetName)?)?;
        let (text, sensitivity) = match (patch.patch.as_str(), patch.path.as_str()) {
            ("", "") => return Err(EntryError::Nothing),
            (text, "") => (
                JsonPatch::parse(text.as_bytes()).map(Arc::new),
                Sensitivity::Plain,
            ),
            ("", path) => {
                let file = self.open(path)?;
                if file.expose().is_empty() {
                    return Err(EntryError::Empty);
                }
                (file.parse::<JsonPatch>(), file.sensitivity)
            }
            _ => return Err(EntryError::Both),
        };
        let patch = text.map_err(EntryError::Json)?;
        if patch.is_empty() {
            return Err(EntryError::Empty);
        }
        Ok(Transformer::Json(JsonEntry {
            patch,
            target,
            sensitivity,
        }))
    }

    /// The transformer of `replacements`.
    pub(super) fn replacement_transformer(
        &self,
        entries: &[ReplacementField],
    ) -> Result<Transformer, EntryError> {
        let mut all = Vec::with_capacity(entries.len());
        let mut sensitivity = Sensitivity::Plain;
        for entry in entries {
            let reference = &entry.path;
            let inline = &entry.replacement;
            if reference.is_empty() {
                all.push(inline.clone());
                continue;
            }
            if inline.source.is_some() || !inline.targets.is_empty() {
                return Err(EntryError::PathAndReplacement);
            }
            let file = self.open(reference)?;
            let read = file.parse::<ReplacementFile>();
            let read = read.map_err(|error| error.named(reference))?;
            all.extend(Arc::unwrap_or_clone(read).0);
            if file.sensitivity == Sensitivity::Decrypted {
                sensitivity = file.sensitivity;
            }
        }
        Ok(Transformer::Replacement(ReplacementEntries {
            replacements: all,
            sensitivity,
        }))
    }

    /// The transformer of an object that can name further files.
    pub(super) fn loaded_transformer(
        &self,
        object: &Resource,
        kind: Builtin,
        config: &Value,
    ) -> Result<Transformer, BuildError> {
        let failed = |source: PluginError| self.plugin_error(object, source);
        let transformer = match kind {
            Builtin::Patch => self.patch_transformer(&read(config).map_err(failed)?),
            Builtin::PatchJson6902 => {
                let config: Json6902Config = read(config).map_err(failed)?;
                self.json_transformer(&Patch {
                    path: config.path,
                    patch: config.operations,
                    target: config.target,
                    options: None,
                })
            }
            Builtin::PatchStrategicMerge => {
                let config: StrategicConfig = read(config).map_err(failed)?;
                let mut entries = config.paths;
                if !config.patches.is_empty() {
                    entries.push(config.patches);
                }
                self.strategic_transformer(&entries)
            }
            Builtin::Replacement => {
                let config: ReplacementConfig = read(config).map_err(failed)?;
                self.replacement_transformer(&config.replacements)
            }
            Builtin::ValueAdd => {
                let config: ValueAddConfig = read(config).map_err(failed)?;
                return self.value_transformer(config).map_err(failed);
            }
            _ => return Err(failed(PluginError::NotATransformer)),
        };
        transformer.map_err(|source| failed(PluginError::Entry(source)))
    }

    pub(super) fn open(&self, reference: &str) -> Result<Loaded<'b>, EntryError> {
        self.loader
            .load(reference)
            .map_err(|source| EntryError::Load {
                reference: reference.to_owned(),
                source,
            })
    }
}

fn strategic(entries: Vec<StrategicEntry>) -> Result<Transformer, EntryError> {
    if entries.iter().all(|entry| entry.patches.is_empty()) {
        return Err(EntryError::Empty);
    }
    Ok(Transformer::Strategic(entries))
}

fn compiled(selector: &Selector) -> Result<CompiledSelector, EntryError> {
    CompiledSelector::new(selector).map_err(EntryError::Target)
}
