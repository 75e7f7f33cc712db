//! Pairs of keys and values out of literals, files and environment files (api: kv/kv.go).

use std::collections::HashSet;

use thiserror::Error;

use crate::kustomization::GeneratorArgs;
use crate::loader::{LoadError, Loaded, Loader};
use crate::resource::Sensitivity;

/// The longest line of an environment file that the real program reads, line break included (Go's `bufio.Scanner`).
const LONGEST_LINE: usize = 64 * 1024;

/// Pairs cannot be had. A value is never told, and neither is a key that is not certain to be one.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PairError {
    /// A file cannot be read.
    #[error("cannot read `{reference}`")]
    Load {
        /// The file as it is named.
        reference: String,
        /// What is wrong.
        source: Box<LoadError>,
    },
    /// A literal is not `key=value`.
    #[error("literal {number} is not of the form key=value")]
    Literal {
        /// Which one, counted from one.
        number: usize,
    },
    /// A file source is neither `path` nor `key=path`.
    #[error("file source `{source_text}` is neither path nor key=path")]
    FileSource {
        /// The source.
        source_text: String,
    },
    /// A line of an environment file is not UTF-8.
    #[error("line {line} of `{reference}` is not UTF-8")]
    NotUtf8 {
        /// The file as it is named.
        reference: String,
        /// The line, counted from one.
        line: usize,
    },
    /// A line of an environment file is so long that the real program drops it and all behind it without a word.
    #[error("line {line} of `{reference}` has {LONGEST_LINE} bytes or more")]
    LongLine {
        /// The file as it is named.
        reference: String,
        /// The line, counted from one.
        line: usize,
    },
    /// A key is there twice.
    #[error("cannot add key `{key}`, another key by that name already exists")]
    Repeated {
        /// The key.
        key: String,
    },
}

impl PairError {
    /// A stable name for the kind of error.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Load { source, .. } => source.reason(),
            Self::Literal { .. } => "literal-without-key",
            Self::FileSource { .. } => "file-source",
            Self::NotUtf8 { .. } => "env-file-not-utf8",
            Self::LongLine { .. } => "env-file-long-line",
            Self::Repeated { .. } => "repeated-key",
        }
    }
}

/// Keys with their values, sorted by key.
#[derive(Default)]
pub(crate) struct Pairs {
    pub(crate) list: Vec<(String, Vec<u8>)>,
    pub(crate) sensitivity: Sensitivity,
}

impl Pairs {
    /// All pairs that a generator is told.
    pub(crate) fn load(loader: &Loader<'_>, args: &GeneratorArgs) -> Result<Self, PairError> {
        let mut pairs = Self::default();
        for reference in &args.envs {
            pairs.add_env_file(loader, reference)?;
        }
        for (index, literal) in args.literals.iter().enumerate() {
            pairs.add_literal(literal, index + 1)?;
        }
        for source in &args.files {
            pairs.add_file(loader, source)?;
        }
        let mut seen = HashSet::with_capacity(pairs.list.len());
        if let Some((key, _)) = pairs.list.iter().find(|(key, _)| !seen.insert(key)) {
            return Err(PairError::Repeated { key: key.clone() });
        }
        pairs
            .list
            .sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        Ok(pairs)
    }

    fn add_env_file(&mut self, loader: &Loader<'_>, reference: &str) -> Result<(), PairError> {
        let file = load(loader, reference)?;
        if file.sensitivity == Sensitivity::Decrypted {
            self.sensitivity = file.sensitivity;
        }
        let text = file.expose();
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let number = index + 1;
            if line.len() >= LONGEST_LINE {
                return Err(PairError::LongLine {
                    reference: reference.to_owned(),
                    line: number,
                });
            }
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let line = str::from_utf8(line).map_err(|_| PairError::NotUtf8 {
                reference: reference.to_owned(),
                line: number,
            })?;
            let line = match index {
                0 => line.strip_prefix('\u{feff}').unwrap_or(line),
                _ => line,
            };
            let line = line.trim_start();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            if !key.is_empty() {
                self.list.push((key.to_owned(), value.as_bytes().to_vec()));
            }
        }
        Ok(())
    }

    fn add_literal(&mut self, literal: &str, number: usize) -> Result<(), PairError> {
        let Some((key, value)) = literal.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            return Err(PairError::Literal { number });
        };
        let value = without_quotes(value).as_bytes().to_vec();
        self.list.push((key.to_owned(), value));
        Ok(())
    }

    fn add_file(&mut self, loader: &Loader<'_>, source: &str) -> Result<(), PairError> {
        let refused = || PairError::FileSource {
            source_text: source.to_owned(),
        };
        let (key, reference) = match source.split_once('=') {
            None => (base_name(source), source),
            Some((key, path)) if key.is_empty() || path.is_empty() || path.contains('=') => {
                return Err(refused());
            }
            Some(pair) => pair,
        };
        let file = load(loader, reference)?;
        if file.sensitivity == Sensitivity::Decrypted {
            self.sensitivity = file.sensitivity;
        }
        self.list.push((key.to_owned(), file.expose().to_vec()));
        Ok(())
    }
}

fn load<'b>(loader: &Loader<'b>, reference: &str) -> Result<Loaded<'b>, PairError> {
    loader.load(reference).map_err(|source| PairError::Load {
        reference: reference.to_owned(),
        source: Box::new(source),
    })
}

fn without_quotes(text: &str) -> &str {
    ['"', '\'']
        .iter()
        .find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(text)
}

/// The last element of a path (Go's `path.Base`).
fn base_name(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() {
        return if path.is_empty() { "." } else { "/" };
    }
    trimmed.rsplit('/').next().unwrap_or(trimmed)
}
