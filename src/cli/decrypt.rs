//! `lockstep decrypt`: one file, as the tool that encrypted it would print it.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sealed::{DeprecatedData, OpenOptions, SealedSecret, TemplatePolicy};
use secret::SecretBytes;
use sops::config::{self, Config};
use sops::keys::KeyPolicy;
use sops::{EncryptedFile, ExtractPath, Format, MacPolicy, OutputOptions};

use super::Outcome;
use super::arguments::{DecryptArguments, Templates};
use super::environment::Environment;
use super::failure::Failure;
use super::keys::Keys;
use super::printer::Printer;

pub(super) fn run(
    arguments: DecryptArguments,
    mut environment: Environment,
    printer: &Printer,
) -> Result<Outcome, Failure> {
    let DecryptArguments {
        file,
        keys,
        input_type,
        output_type,
        extract,
        ignore_mac,
        filename_override,
        templates,
    } = arguments;
    let extract = extract
        .map(|path| path.parse::<ExtractPath>().map_err(Failure::ExtractPath))
        .transpose()?;
    let keys = Keys::collect(&keys, &mut environment, KeyPolicy::default(), printer)?;
    let input = Input::read(&file, filename_override)?;
    let named = input_type.as_deref().map(format_named);
    let plaintext = if let Some(format) = input.sops_format(named)? {
        let request = Request {
            format,
            output: output_type.as_deref().map_or(format, format_named),
            extract,
            mac: if ignore_mac {
                MacPolicy::Ignore
            } else {
                MacPolicy::Require
            },
            layout: layout(environment.sops_config.as_deref())?,
        };
        decrypt(&input, &keys, &request, printer)?
    } else if input.is_sealed_secret() {
        let format = match output_type.as_deref() {
            // As kubeseal.
            None | Some("json") => sealed::Format::Json,
            Some("yaml") => sealed::Format::Yaml,
            Some(_) => return Err(Failure::SealedFormat),
        };
        unseal(&input, &keys, format, templates.templates)?
    } else {
        return Err(Failure::NotEncrypted { path: input.name });
    };
    printer.plaintext(&plaintext)?;
    Ok(Outcome::Done)
}

/// What is asked of a SOPS file.
struct Request {
    format: Format,
    output: Format,
    extract: Option<ExtractPath>,
    mac: MacPolicy,
    layout: OutputOptions,
}

fn decrypt(
    input: &Input,
    keys: &Keys,
    request: &Request,
    printer: &Printer,
) -> Result<SecretBytes, Failure> {
    let path = || input.name.clone();
    let file = EncryptedFile::parse(input.bytes.expose(), request.format).map_err(|source| {
        Failure::SopsForm {
            path: path(),
            source,
        }
    })?;
    let opened = file
        .open(keys, request.mac, &keys.decrypt_options())
        .map_err(|source| Failure::Decrypt {
            path: path(),
            source,
        })?;
    let content = opened.content();
    for place in content.kept_comments() {
        printer.warn(&format!(
            "{}: {place}: a comment that is not encrypted, or does not open, is kept as it is",
            input.name
        ));
    }
    match &request.extract {
        Some(extract) => content.extract(extract, request.output, &request.layout),
        None => content.to_bytes(request.output, &request.layout),
    }
    .map_err(|source| Failure::OutputForm {
        path: path(),
        source,
    })
}

fn unseal(
    input: &Input,
    keys: &Keys,
    format: sealed::Format,
    templates: Templates,
) -> Result<SecretBytes, Failure> {
    let path = || input.name.clone();
    let sealed =
        SealedSecret::parse_all(input.bytes.expose()).map_err(|source| Failure::SealedForm {
            path: path(),
            source,
        })?;
    let options = OpenOptions {
        templates: template_policy(templates),
        deprecated_data: DeprecatedData::Refuse,
    };
    let unsealer = keys.sealing().unsealer();
    let mut text = SecretBytes::default();
    for sealed in &sealed {
        let secret = sealed
            .open(&unsealer, options)
            .map_err(|source| Failure::Sealed {
                path: path(),
                source,
            })?;
        text.extend_from_slice(secret.print(format).expose().as_bytes());
    }
    Ok(text)
}

pub(super) const fn template_policy(templates: Templates) -> TemplatePolicy {
    match templates {
        Templates::Any => TemplatePolicy::Any,
        Templates::Total => TemplatePolicy::Total,
    }
}

/// The encrypted bytes and the name that they go by.
struct Input {
    name: String,
    /// The name that tells the format; none for standard input without `--filename-override`.
    file_name: Option<PathBuf>,
    bytes: SecretBytes,
}

impl Input {
    fn read(file: &Path, filename_override: Option<PathBuf>) -> Result<Self, Failure> {
        let is_stdin = file.as_os_str() == "-";
        let name = if is_stdin {
            "standard input".to_owned()
        } else {
            file.display().to_string()
        };
        let bytes = if is_stdin {
            let mut bytes = Vec::new();
            io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
        } else {
            fs::read(file)
        };
        let bytes = bytes.map_err(|source| Failure::Read {
            path: name.clone(),
            source,
        })?;
        let file_name = filename_override.or_else(|| (!is_stdin).then(|| file.to_owned()));
        Ok(Self {
            name,
            file_name,
            bytes: SecretBytes::new(bytes),
        })
    }

    /// The format to read as, where the input is a SOPS file.
    fn sops_format(&self, named: Option<Format>) -> Result<Option<Format>, Failure> {
        let by_name = || self.file_name.as_deref().map(Format::for_path);
        if let Some(format) = named.or_else(by_name) {
            let looks_encrypted =
                named.is_some() || sops::looks_encrypted(self.bytes.expose(), format);
            return Ok(looks_encrypted.then_some(format));
        }
        let bytes = self.bytes.expose();
        if bytes.trim_ascii_start().starts_with(b"{") && sops::looks_encrypted(bytes, Format::Json)
        {
            // JSON, or a binary file in its wrapping.
            return Err(Failure::NoFormat { what: "JSON" });
        }
        Ok([Format::Yaml, Format::Dotenv, Format::Ini]
            .into_iter()
            .find(|format| sops::looks_encrypted(bytes, *format)))
    }

    fn is_sealed_secret(&self) -> bool {
        memchr::memmem::find(self.bytes.expose(), b"SealedSecret").is_some()
    }
}

/// clap has checked the name.
fn format_named(name: &str) -> Format {
    name.parse().unwrap_or(Format::Binary)
}

/// The `stores` settings of the configuration file that sops would find from the working directory.
fn layout(configured: Option<&Path>) -> Result<OutputOptions, Failure> {
    let mut layout = OutputOptions::default();
    let Some(path) = configured.map(Path::to_owned).or_else(find_configuration) else {
        return Ok(layout);
    };
    let invalid = |source| Failure::SopsConfig {
        path: path.clone(),
        source,
    };
    let text = fs::read(&path).map_err(|source| Failure::Read {
        path: path.display().to_string(),
        source,
    })?;
    let config = Config::parse(&text).map_err(invalid)?;
    layout.yaml_indent = config.yaml_indent().map_err(invalid)?;
    layout.json_indent = config.json_indent().map_err(invalid)?;
    Ok(layout)
}

/// sops looks in the working directory and at most 100 folders above it (config/config.go).
fn find_configuration() -> Option<PathBuf> {
    let folder = std::env::current_dir().ok()?;
    folder
        .ancestors()
        .take(100)
        .map(|folder| folder.join(config::FILE_NAME))
        .find(|path| path.is_file())
}
