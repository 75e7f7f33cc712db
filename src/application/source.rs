//! Where an application's objects come from.

use std::collections::BTreeSet;

use goyaml::Value;
use tree::{Depth, Extensions, Glob, ManifestFilter};

use super::fields::{FieldError, Fields, Notes};
use super::kustomize::KustomizeOptions;

/// All that an application's objects come from.
#[derive(Clone)]
pub enum Sources {
    /// One source (`spec.source`).
    One(Box<Source>),
    /// Several, of which there is at least one (`spec.sources`).
    Several(Vec<Source>),
    /// What somebody else renders into a branch (`spec.sourceHydrator`).
    Hydrated(Box<Hydrator>),
}

/// One source.
#[derive(Clone)]
pub struct Source {
    /// `repoURL`.
    pub repository: Repository,
    /// `targetRevision`; none for the default branch.
    pub revision: Option<String>,
    /// What of it is rendered.
    pub content: Content,
    /// `ref`: the name by which other sources name files of this one.
    pub reference: Option<String>,
    /// `name`.
    pub name: Option<String>,
    /// How it is rendered.
    pub tool: Tool,
    /// As it is written, for overrides.
    written: Value,
}

/// The address of a repository, as it is written. It may hold credentials and is not to be shown.
#[derive(Clone, Eq, PartialEq)]
pub struct Repository(String);

/// What of a source is rendered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Content {
    /// A folder of a Git repository.
    Path(String),
    /// A chart of a Helm repository.
    Chart(String),
    /// Nothing: other sources name its files.
    Nothing,
}

/// How a source is rendered.
#[derive(Clone)]
pub enum Tool {
    /// By what its folder holds.
    Detected,
    /// As plain manifests.
    Directory(Box<DirectoryOptions>),
    /// As a Helm chart.
    Helm(Box<HelmOptions>),
    /// As a kustomization.
    Kustomize(Box<KustomizeOptions>),
    /// By a config management plugin.
    Plugin(Box<PluginOptions>),
}

/// `directory`.
#[derive(Clone, Default)]
pub struct DirectoryOptions {
    /// Which files count. What `jsonnet` says beside has no effect: Jsonnet is not evaluated.
    pub filter: ManifestFilter,
}

/// `helm`.
#[derive(Clone, Default)]
pub struct HelmOptions {
    /// `releaseName`.
    pub release_name: Option<String>,
    /// `valueFiles`.
    pub value_files: Vec<String>,
    /// `ignoreMissingValueFiles`.
    pub ignore_missing_value_files: bool,
    /// `values`, a YAML text. `valuesObject` counts before it.
    pub values: Option<String>,
    /// `valuesObject`.
    pub values_object: Option<Value>,
    /// `parameters`.
    pub parameters: Vec<HelmParameter>,
    /// `fileParameters`: names, and paths of files with the values.
    pub file_parameters: Vec<(String, String)>,
    /// `skipCrds`.
    pub skip_crds: bool,
    /// `skipTests`.
    pub skip_tests: bool,
    /// `skipSchemaValidation`.
    pub skip_schema_validation: bool,
    /// `passCredentials`.
    pub pass_credentials: bool,
    /// `namespace`.
    pub namespace: Option<String>,
    /// `kubeVersion`.
    pub kube_version: Option<String>,
    /// `apiVersions`.
    pub api_versions: Vec<String>,
}

/// One of `helm.parameters`.
#[derive(Clone)]
pub struct HelmParameter {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
    /// Whether it is a text whatever it looks like.
    pub force_string: bool,
}

/// `plugin`.
#[derive(Clone, Default)]
pub struct PluginOptions {
    /// The name of the plugin; none for the one that takes the folder.
    pub name: Option<String>,
    /// Variables of its environment.
    pub env: Vec<(String, String)>,
    /// Its parameters, as they are written.
    pub parameters: Vec<Value>,
}

/// `spec.sourceHydrator`.
#[derive(Clone)]
pub struct Hydrator {
    /// `drySource.repoURL`, of all branches.
    pub repository: Repository,
    /// `drySource.path`.
    pub dry_path: String,
    /// `drySource.targetRevision`.
    pub dry_revision: Option<String>,
    /// `syncSource.targetBranch`.
    pub sync_branch: String,
    /// `syncSource.path`.
    pub sync_path: String,
}

/// The sections of a source that each stand for a tool.
const TOOLS: [&str; 4] = ["directory", "helm", "kustomize", "plugin"];

impl Sources {
    /// The sources in their order; none where somebody else renders them.
    pub fn all(&self) -> &[Source] {
        match self {
            Self::One(source) => std::slice::from_ref(source),
            Self::Several(sources) => sources,
            Self::Hydrated(_) => &[],
        }
    }

    /// As in Argo CD, `sourceHydrator` counts before `sources`, and `sources` before `source`.
    pub(super) fn read(spec: &mut Fields<'_>) -> Result<Self, FieldError> {
        if let Some(hydrator) = spec.object("sourceHydrator", Hydrator::read)? {
            spec.ignore("sources");
            spec.ignore("source");
            return Ok(Self::Hydrated(Box::new(hydrator)));
        }
        let sources = spec.list("sources", |fields| Source::read(fields, Place::Several))?;
        if !sources.is_empty() {
            spec.ignore("source");
            let mut references = BTreeSet::new();
            for (index, source) in sources.iter().enumerate() {
                if let Some(reference) = &source.reference
                    && !references.insert(reference)
                {
                    return Err(FieldError::RepeatedReference {
                        field: format!("{}[{index}].ref", spec.path_to("sources")),
                    });
                }
            }
            return Ok(Self::Several(sources));
        }
        match spec.object("source", |fields| Source::read(fields, Place::Single))? {
            Some(source) => Ok(Self::One(Box::new(source))),
            None => Err(FieldError::NoSource { field: spec.path() }),
        }
    }
}

/// Where a source stands.
#[derive(Clone, Copy)]
enum Place {
    Single,
    Several,
}

impl Source {
    fn read(fields: &mut Fields<'_>, place: Place) -> Result<Self, FieldError> {
        let repository = Repository(fields.required_text("repoURL")?);
        let revision = fields.text("targetRevision")?;
        let reference = match place {
            Place::Several => fields.text("ref")?,
            Place::Single => {
                fields.ignore("ref");
                None
            }
        };
        let content = match (fields.text("chart")?, fields.text("path")?) {
            (Some(chart), _) if revision.is_some() => Content::Chart(chart),
            (Some(_), _) => {
                return Err(FieldError::ChartWithoutVersion {
                    field: fields.path(),
                });
            }
            (None, Some(path)) => Content::Path(path),
            (None, None) if reference.is_some() => Content::Nothing,
            (None, None) => {
                return Err(FieldError::NoContent {
                    field: fields.path(),
                    needed: match place {
                        Place::Single => "`path` and `chart`",
                        Place::Several => "`path`, `chart` and `ref`",
                    },
                });
            }
        };
        Ok(Self {
            repository,
            revision,
            content,
            reference,
            name: fields.text("name")?,
            tool: Tool::read(fields)?,
            written: fields.whole().clone(),
        })
    }

    /// The source with `overrides` put over what its manifest says, as files of its repository can ask for. Where it
    /// comes from stays.
    pub(super) fn overridden(&self, overrides: &Value) -> Result<Self, FieldError> {
        let mut written = self.written.clone();
        put_over(&mut written, overrides);
        let notes = Notes::default();
        let mut fields = Fields::of(&written, String::new(), &notes)?;
        let name = fields.text("name")?;
        let tool = Tool::read(&mut fields)?;
        Ok(Self {
            name,
            tool,
            written,
            ..self.clone()
        })
    }
}

/// Puts one value over another. Argo CD merges the two (RFC 7396) and reads the result into the structure that it has,
/// where what is taken away stays: so a null changes nothing.
fn put_over(value: &mut Value, over: &Value) {
    match (value, over) {
        (_, Value::Null) => {}
        (Value::Object(entries), Value::Object(over)) => {
            for (name, over) in over {
                match entries.iter_mut().find(|(known, _)| known == name) {
                    Some((_, value)) => put_over(value, over),
                    None => entries.push((name.clone(), over.clone())),
                }
            }
        }
        (value, over) => *value = over.clone(),
    }
}

impl Repository {
    /// The address `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The address, which may hold credentials.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Tool {
    fn read(fields: &mut Fields<'_>) -> Result<Self, FieldError> {
        let named: Vec<&str> = TOOLS.into_iter().filter(|tool| fields.has(tool)).collect();
        if named.len() > 1 {
            return Err(FieldError::SeveralTools {
                field: fields.path(),
                tools: named.join(", "),
            });
        }
        Ok(match named.first() {
            Some(&"directory") => Self::Directory(Box::new(
                fields.required("directory", DirectoryOptions::read)?,
            )),
            Some(&"helm") => Self::Helm(Box::new(fields.required("helm", HelmOptions::read)?)),
            Some(&"kustomize") => Self::Kustomize(Box::new(
                fields.required("kustomize", KustomizeOptions::read)?,
            )),
            Some(_) => Self::Plugin(Box::new(fields.required("plugin", PluginOptions::read)?)),
            None => Self::Detected,
        })
    }
}

impl DirectoryOptions {
    fn read(fields: &mut Fields<'_>) -> Result<Self, FieldError> {
        // Argo CD writes an empty one into every manifest that it exports.
        fields.pass_over(&["jsonnet"]);
        let mut glob = |name: &str| {
            fields
                .text(name)?
                .map(|pattern| {
                    Glob::parse(&pattern).map_err(|source| FieldError::Glob {
                        field: fields.path_to(name),
                        source,
                    })
                })
                .transpose()
        };
        let include = glob("include")?;
        let exclude = glob("exclude")?;
        Ok(Self {
            filter: ManifestFilter {
                depth: if fields.flag("recurse")? {
                    Depth::Recursive
                } else {
                    Depth::Flat
                },
                include,
                exclude,
                extensions: Extensions::Manifests,
            },
        })
    }
}

impl HelmOptions {
    fn read(fields: &mut Fields<'_>) -> Result<Self, FieldError> {
        fields.ignore("version");
        Ok(Self {
            release_name: fields.text("releaseName")?,
            value_files: fields.texts("valueFiles")?,
            ignore_missing_value_files: fields.flag("ignoreMissingValueFiles")?,
            values: fields.text("values")?,
            values_object: fields.value("valuesObject").cloned(),
            parameters: fields.list("parameters", |fields| {
                Ok(HelmParameter {
                    name: fields.required_text("name")?,
                    value: fields.text("value")?.unwrap_or_default(),
                    force_string: fields.flag("forceString")?,
                })
            })?,
            file_parameters: fields.list("fileParameters", |fields| {
                Ok((fields.required_text("name")?, fields.required_text("path")?))
            })?,
            skip_crds: fields.flag("skipCrds")?,
            skip_tests: fields.flag("skipTests")?,
            skip_schema_validation: fields.flag("skipSchemaValidation")?,
            pass_credentials: fields.flag("passCredentials")?,
            namespace: fields.text("namespace")?,
            kube_version: fields.text("kubeVersion")?,
            api_versions: fields.texts("apiVersions")?,
        })
    }
}

impl PluginOptions {
    fn read(fields: &mut Fields<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            name: fields.text("name")?,
            env: fields.list("env", |fields| {
                Ok((
                    fields.required_text("name")?,
                    fields.text("value")?.unwrap_or_default(),
                ))
            })?,
            parameters: fields.list("parameters", |fields| {
                fields.pass_over_rest();
                Ok(fields.whole().clone())
            })?,
        })
    }
}

impl Hydrator {
    fn read(fields: &mut Fields<'_>) -> Result<Self, FieldError> {
        let (repository, dry_revision, dry_path) = fields.required("drySource", |fields| {
            Ok((
                Repository(fields.required_text("repoURL")?),
                fields.text("targetRevision")?,
                fields.text("path")?.unwrap_or_default(),
            ))
        })?;
        let (sync_branch, sync_path) = fields.required("syncSource", |fields| {
            Ok((
                fields.required_text("targetBranch")?,
                fields.required_text("path")?,
            ))
        })?;
        fields.object("hydrateTo", |fields| fields.required_text("targetBranch"))?;
        Ok(Self {
            repository,
            dry_path,
            dry_revision,
            sync_branch,
            sync_path,
        })
    }
}
