//! The file formats that sops knows.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// A file format (sops: `cmd/sops/formats`).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Format {
    /// Anything: wrapped whole, as one value, in a JSON document.
    Binary,
    /// Lines of `KEY=value`.
    Dotenv,
    /// Sections of `key = value`.
    Ini,
    /// One JSON object.
    Json,
    /// YAML documents, each a mapping.
    Yaml,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 5] = [
        Self::Binary,
        Self::Dotenv,
        Self::Ini,
        Self::Json,
        Self::Yaml,
    ];

    /// The format that sops takes a file of this name to be in. Case counts, and a file without a known extension is
    /// binary.
    pub fn for_path(path: &Path) -> Self {
        let name = path.as_os_str().as_encoded_bytes();
        // Not `Path::extension`: to sops, a file named `.env` ends with `.env`.
        if name.ends_with(b".yaml") || name.ends_with(b".yml") {
            Self::Yaml
        } else if name.ends_with(b".json") {
            Self::Json
        } else if name.ends_with(b".env") {
            Self::Dotenv
        } else if name.ends_with(b".ini") {
            Self::Ini
        } else {
            Self::Binary
        }
    }

    /// The name in `--input-type` and `--output-type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Dotenv => "dotenv",
            Self::Ini => "ini",
            Self::Json => "json",
            Self::Yaml => "yaml",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == name)
            .ok_or(UnknownFormat)
    }
}

/// A name that is none of the [`Format`]s.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("unknown format, known are binary, dotenv, ini, json and yaml")]
pub struct UnknownFormat;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Format;

    #[test]
    fn the_end_of_the_name_decides() {
        for (name, format) in [
            ("a.yaml", Format::Yaml),
            ("dir.json/a.yml", Format::Yaml),
            ("a.enc.json", Format::Json),
            (".env", Format::Dotenv),
            ("prod.env", Format::Dotenv),
            ("a.ini", Format::Ini),
            ("a.YAML", Format::Binary),
            ("a", Format::Binary),
            ("yaml", Format::Binary),
        ] {
            assert_eq!(Format::for_path(Path::new(name)), format, "{name}");
        }
    }

    #[test]
    fn names_read_back() {
        for format in Format::ALL {
            assert_eq!(format.as_str().parse::<Format>().unwrap(), format);
        }
        assert!("toml".parse::<Format>().is_err());
    }
}
