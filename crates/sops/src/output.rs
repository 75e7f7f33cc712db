//! Writing a document in clear text, byte for byte as `sops decrypt` prints it.

use secret::SecretBytes;

use crate::document::{KeyPath, Map, Scalar, Value};
use crate::encrypted_file::Decrypted;
use crate::extract::{ExtractPath, Found};
use crate::format::Format;
use crate::stores::ini_writer::NoIniForm;
use crate::stores::json::JsonIndent;
use crate::stores::{dotenv, ini_writer, json, yaml_writer};

/// How a document is laid out; the `stores` settings of `.sops.yaml`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct OutputOptions {
    /// Blanks a level in YAML.
    pub yaml_indent: u8,
    /// The indentation of JSON.
    pub json_indent: JsonIndent,
}

impl Default for OutputOptions {
    fn default() -> Self {
        Self {
            yaml_indent: 4,
            json_indent: JsonIndent::Tab,
        }
    }
}

/// Why a document cannot be written in a format. Names keys, never a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// The binary format holds one text under the key `data`.
    #[error("not a binary file: it has no text under the key data")]
    NotBinary,
    /// dotenv has neither mappings nor lists.
    #[error("{0}: dotenv holds texts alone")]
    NestedInDotenv(KeyPath),
    /// INI has keys in sections alone.
    #[error("{0}: not a section")]
    NotASection(KeyPath),
    /// INI sections have no sections or lists in them.
    #[error("{0}: INI sections hold texts alone")]
    NestedInIni(KeyPath),
    /// INI sections and keys have names.
    #[error("a section or key has no name")]
    EmptyName,
    /// JSON has neither infinities nor NaN.
    #[error("a number has no JSON form")]
    NotANumber,
    /// YAML cannot hold the document.
    #[error("the document has no YAML form")]
    NotWritable,
    /// Nothing at the end of the path.
    #[error("there is nothing at this path")]
    NotFound,
    /// The format cannot print a single value, or only a text.
    #[error("a value of this kind cannot be extracted in this format")]
    NotExtractable,
}

impl OutputError {
    /// A stable name of the cause.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotBinary => "not-binary",
            Self::NestedInDotenv(_) => "nested-in-dotenv",
            Self::NotASection(_) => "not-a-section",
            Self::NestedInIni(_) => "nested-in-ini",
            Self::EmptyName => "empty-name",
            Self::NotANumber => "not-a-number",
            Self::NotWritable => "not-writable",
            Self::NotFound => "path-not-found",
            Self::NotExtractable => "not-extractable",
        }
    }
}

impl Decrypted {
    /// The documents in the form of `format`, as `sops decrypt --output-type` prints them. Formats that have one document
    /// get the first.
    ///
    /// # Errors
    ///
    /// When the format cannot hold what the document holds.
    pub fn to_bytes(
        &self,
        format: Format,
        options: &OutputOptions,
    ) -> Result<SecretBytes, OutputError> {
        let first = self.documents.first();
        match format {
            Format::Yaml => {
                let documents = self.documents.iter();
                yaml(documents, options)
            }
            Format::Ini => ini_writer::emit(&self.documents).map_err(OutputError::from),
            Format::Json => {
                let map = first.ok_or(OutputError::NotFound)?;
                json::emit(map, options.json_indent)
                    .map(secret_text)
                    .map_err(|_| OutputError::NotANumber)
            }
            Format::Dotenv => dotenv_bytes(first.ok_or(OutputError::NotFound)?),
            Format::Binary => match &self.documents[..] {
                [document] => binary_bytes(document),
                _ => Err(OutputError::NotBinary),
            },
        }
    }

    /// The part of the first document at `path`, as `sops decrypt --extract` prints it: a text as it is, a mapping as a
    /// document, other values in the form of `format`.
    ///
    /// # Errors
    ///
    /// When there is nothing at the path, or the format cannot hold it.
    pub fn extract(
        &self,
        path: &ExtractPath,
        format: Format,
        options: &OutputOptions,
    ) -> Result<SecretBytes, OutputError> {
        let first = self.documents.first().ok_or(OutputError::NotFound)?;
        let value = match path.find(first).ok_or(OutputError::NotFound)? {
            Found::Value(value) => value,
            Found::Map(map) => {
                return match format {
                    // What stands behind the first document is printed with its part.
                    Format::Yaml => {
                        let documents = std::iter::once(map).chain(&self.documents[1..]);
                        yaml(documents, options)
                    }
                    Format::Json => json::emit(map, options.json_indent)
                        .map(secret_text)
                        .map_err(|_| OutputError::NotANumber),
                    Format::Dotenv => dotenv_bytes(map),
                    Format::Ini => {
                        ini_writer::emit(std::slice::from_ref(map)).map_err(OutputError::from)
                    }
                    Format::Binary => binary_bytes(map),
                };
            }
        };
        if let Value::Leaf(leaf) = value
            && let Scalar::Text(text) = &leaf.scalar
        {
            return Ok(SecretBytes::copy_of(text.expose()));
        }
        if matches!(value, Value::Comment(_)) {
            return Err(OutputError::NotExtractable);
        }
        match format {
            Format::Yaml => yaml_writer::emit_value(value)
                .map(secret_text)
                .map_err(|_| OutputError::NotWritable),
            Format::Json => json::emit_value(value, options.json_indent)
                .map(secret_text)
                .map_err(|_| OutputError::NotANumber),
            Format::Ini => json::emit_compact(value)
                .map(secret_text)
                .map_err(|_| OutputError::NotANumber),
            Format::Binary | Format::Dotenv => Err(OutputError::NotExtractable),
        }
    }
}

fn secret_text(text: String) -> SecretBytes {
    SecretBytes::new(text.into_bytes())
}

fn yaml<'d>(
    documents: impl Iterator<Item = &'d Map>,
    options: &OutputOptions,
) -> Result<SecretBytes, OutputError> {
    yaml_writer::emit(documents, options.yaml_indent)
        .map(secret_text)
        .map_err(|_| OutputError::NotWritable)
}

fn dotenv_bytes(map: &Map) -> Result<SecretBytes, OutputError> {
    dotenv::emit(map).map_err(|key| OutputError::NestedInDotenv(path_of(key)))
}

fn binary_bytes(map: &Map) -> Result<SecretBytes, OutputError> {
    match map.get(b"data") {
        Some(Value::Leaf(leaf)) => match &leaf.scalar {
            Scalar::Text(text) => Ok(SecretBytes::copy_of(text.expose())),
            _ => Err(OutputError::NotBinary),
        },
        _ => Err(OutputError::NotBinary),
    }
}

fn path_of(key: &[u8]) -> KeyPath {
    let mut path = KeyPath::default();
    path.push_key(key);
    path
}

impl From<NoIniForm<'_>> for OutputError {
    fn from(cause: NoIniForm<'_>) -> Self {
        match cause {
            NoIniForm::NotASection(key) => Self::NotASection(path_of(key)),
            NoIniForm::EmptyName => Self::EmptyName,
            NoIniForm::Nested(key) => Self::NestedInIni(path_of(key)),
        }
    }
}
