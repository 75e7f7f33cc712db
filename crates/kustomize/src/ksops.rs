//! KSOPS' generator, understood in process: objects and Secrets out of encrypted files.
//!
//! KSOPS is an external plugin, which a build would have to run as a program. Its configuration says which files to
//! decrypt, and that is what the build's opener does with every file anyway (viaduct-ai/kustomize-sops: ksops.go).
//!
//! Some things are refused here that KSOPS does: files outside the tree, a file in `files` that is not UTF-8 (KSOPS puts
//! other characters in the place of what it cannot write), and its generator in the place of a transformer. And a hash
//! that an object asks for which is neither ConfigMap nor Secret is another: it depends on the lines of KSOPS' output.

mod dotenv;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use goyaml::{Node, Value};
use thiserror::Error;

use crate::kustomization::decode::{UnknownFields, decode, fields};
use crate::kustomization::{DecodeError, Metadata};
use crate::loader::{LoadError, Loaded, Loader};
use crate::manifest::{self, ManifestError};
use crate::node::KindError;
use crate::resmap::{ResMap, ResMapError};
use crate::resource::{Behavior, Resource, Sensitivity, SourceFile, annotation};
use crate::schema::Schema;

pub use dotenv::DotenvError;

/// An annotation that asks for a hash behind the name of what a plugin made.
const NEEDS_HASH: &str = "kustomize.config.k8s.io/needs-hash";

/// An annotation that says what is to happen with an object of the same name.
const BEHAVIOR: &str = "kustomize.config.k8s.io/behavior";

/// KSOPS' generator cannot be followed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KsopsError {
    /// It names nothing.
    #[error("missing the required `files` or `secretFrom` key in the ksops manifests")]
    NothingToDo,
    /// A field is of the wrong type.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A file cannot be used.
    #[error("cannot decrypt `{reference}`")]
    Load {
        /// The file as it is named.
        reference: String,
        /// What is wrong.
        source: LoadError,
    },
    /// A file was opened as it lies there: KSOPS takes encrypted files only, and what should be one must not pass as
    /// plaintext, nor its ciphertext as what is in it.
    #[error("`{reference}` is not encrypted, or was not decrypted")]
    NotDecrypted {
        /// The file as it is named.
        reference: String,
    },
    /// The name of a file cannot be read.
    #[error("`{reference}` is not of the form `path` or `key=path`")]
    Reference {
        /// The file as it is named.
        reference: String,
    },
    /// A file holds no objects.
    #[error("`{reference}` holds no valid objects")]
    Manifest {
        /// The file as it is named.
        reference: String,
        /// What is wrong.
        source: ManifestError,
    },
    /// A file that is to become a value is not UTF-8.
    #[error("`{reference}` is not UTF-8; name it in `binaryFiles`")]
    NotUtf8 {
        /// The file as it is named.
        reference: String,
    },
    /// An environment file cannot be read.
    #[error("`{reference}` is not an environment file")]
    Dotenv {
        /// The file as it is named.
        reference: String,
        /// What is wrong.
        source: DotenvError,
    },
    /// A Secret has no name.
    #[error("a Secret of `secretFrom` has no name")]
    NoName,
    /// Two objects have one id.
    #[error(transparent)]
    Ids(#[from] ResMapError),
    /// The annotation that asks for a hash says neither yes nor no.
    #[error("the annotation `{NEEDS_HASH}` contains an invalid value")]
    NeedsHash,
    /// The metadata of an object cannot be changed.
    #[error("the metadata of an object cannot be changed")]
    Metadata(#[from] KindError),
}

impl KsopsError {
    /// A stable name for the kind of error.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NothingToDo => "ksops-without-files",
            Self::Decode(error) => error.reason(),
            Self::Load { source, .. } => source.reason(),
            Self::NotDecrypted { .. } => "ksops-file-not-encrypted",
            Self::Reference { .. } => "invalid-file-reference",
            Self::Manifest { source, .. } => source.reason(),
            Self::NotUtf8 { .. } => "ksops-file-not-utf8",
            Self::Dotenv { source, .. } => source.reason(),
            Self::NoName => "object-without-name",
            Self::Ids(error) => error.reason(),
            Self::NeedsHash => "invalid-needs-hash",
            Self::Metadata(error) => error.reason(),
        }
    }
}

/// What the generator is told.
#[derive(Default)]
struct Config {
    files: Option<Vec<String>>,
    secrets: Option<Vec<SecretFrom>>,
}

fields!(Config {
    "files" => files,
    "secretFrom" => secrets,
});

/// A Secret out of files.
#[derive(Default)]
struct SecretFrom {
    files: Vec<String>,
    binary_files: Vec<String>,
    envs: Vec<String>,
    metadata: Metadata,
    secret_type: String,
}

fields!(SecretFrom {
    "files" => files,
    "binaryFiles" => binary_files,
    "envs" => envs,
    "metadata" => metadata,
    "type" => secret_type,
});

/// Whether an object configures KSOPS.
pub(crate) fn is_generator(object: &Resource) -> bool {
    object.kind() == "ksops" && object.api_version() == "viaduct.ai/v1"
}

/// What the generator makes.
pub(crate) fn generate(
    loader: &Loader<'_>,
    config: &Value,
    schema: &Arc<Schema>,
) -> Result<ResMap, KsopsError> {
    let config: Config = decode(config, UnknownFields::Ignore)?;
    if config.files.is_none() && config.secrets.is_none() {
        return Err(KsopsError::NothingToDo);
    }
    let mut made = ResMap::default();
    for reference in config.files.iter().flatten() {
        let file = load(loader, reference)?;
        let objects = manifest::resources(file.expose(), schema);
        let objects = objects.map_err(|source| KsopsError::Manifest {
            reference: reference.clone(),
            source,
        })?;
        for (mut object, line) in objects {
            object.absorb_sensitivity(file.sensitivity);
            object.set_source(SourceFile {
                place: file.place.clone(),
                line,
            });
            made.push(with_options(object)?)?;
        }
    }
    for secret in config.secrets.iter().flatten() {
        made.push(with_options(secret_from(loader, secret, schema)?)?)?;
    }
    Ok(made)
}

fn secret_from(
    loader: &Loader<'_>,
    secret: &SecretFrom,
    schema: &Arc<Schema>,
) -> Result<Resource, KsopsError> {
    if secret.metadata.name.is_empty() {
        return Err(KsopsError::NoName);
    }
    let mut texts = BTreeMap::new();
    for source in &secret.files {
        let (key, reference) = key_and_path(source)?;
        let file = load(loader, reference)?;
        let text = text_of(&file, reference)?;
        texts.insert(key.to_owned(), text.to_owned());
    }
    let mut binary = BTreeMap::new();
    for source in &secret.binary_files {
        let (key, reference) = key_and_path(source)?;
        binary.insert(
            key.to_owned(),
            STANDARD.encode(load(loader, reference)?.expose()),
        );
    }
    for reference in &secret.envs {
        let file = load(loader, reference)?;
        let text = text_of(&file, reference)?;
        let pairs = dotenv::parse(text).map_err(|source| KsopsError::Dotenv {
            reference: reference.clone(),
            source,
        })?;
        texts.extend(pairs);
    }
    let mut object = Node::mapping();
    let mut metadata = Node::mapping();
    let mut set = |key: &str, text: &str| {
        if !text.is_empty() {
            metadata.push_entry(Node::string(key), Node::string(text));
        }
    };
    set("name", &secret.metadata.name);
    set("namespace", &secret.metadata.namespace);
    object.push_entry(Node::string("apiVersion"), Node::string("v1"));
    object.push_entry(Node::string("kind"), Node::string("Secret"));
    object.push_entry(Node::string("metadata"), metadata);
    if !secret.secret_type.is_empty() {
        object.push_entry(Node::string("type"), Node::string(&*secret.secret_type));
    }
    for (field, entries) in [("stringData", texts), ("data", binary)] {
        if entries.is_empty() {
            continue;
        }
        let mut mapping = Node::mapping();
        for (key, value) in entries {
            mapping.push_entry(Node::string(key), Node::string(value));
        }
        object.push_entry(Node::string(field), mapping);
    }
    let mut resource = Resource::new(object, Arc::clone(schema));
    resource.set_labels(secret.metadata.labels.clone())?;
    resource.set_annotations(secret.metadata.annotations.clone())?;
    resource.absorb_sensitivity(Sensitivity::Decrypted);
    Ok(resource)
}

/// Follows the annotations that plugins set on what they make (api: internal/plugins/utils/utils.go).
fn with_options(mut object: Resource) -> Result<Resource, KsopsError> {
    let mut annotations = object.annotations();
    let needs_hash = match annotations.remove(NEEDS_HASH).as_deref() {
        None | Some("0" | "f" | "F" | "false" | "FALSE" | "False") => false,
        Some("1" | "t" | "T" | "true" | "TRUE" | "True") => true,
        Some(_) => return Err(KsopsError::NeedsHash),
    };
    let behavior = annotations.remove(BEHAVIOR).unwrap_or_default();
    object.set_annotations(annotations)?;
    if needs_hash {
        object.enable(annotation::NEEDS_HASH)?;
    }
    object.set_behavior(Behavior::parse(&behavior))?;
    Ok(object)
}

fn load<'b>(loader: &Loader<'b>, reference: &str) -> Result<Loaded<'b>, KsopsError> {
    let file = loader
        .load_anywhere(reference)
        .map_err(|source| KsopsError::Load {
            reference: reference.to_owned(),
            source,
        })?;
    match file.sensitivity {
        Sensitivity::Decrypted => Ok(file),
        Sensitivity::Plain => Err(KsopsError::NotDecrypted {
            reference: reference.to_owned(),
        }),
    }
}

fn text_of<'f>(file: &'f Loaded<'_>, reference: &str) -> Result<&'f str, KsopsError> {
    str::from_utf8(file.expose()).map_err(|_| KsopsError::NotUtf8 {
        reference: reference.to_owned(),
    })
}

/// `key=path`, or a path whose last element is the key.
fn key_and_path(source: &str) -> Result<(&str, &str), KsopsError> {
    match source.split_once('=') {
        Some((_, path)) if path.contains('=') => Err(KsopsError::Reference {
            reference: source.to_owned(),
        }),
        Some(pair) => Ok(pair),
        None => Ok((source.rsplit('/').next().unwrap_or(source), source)),
    }
}
