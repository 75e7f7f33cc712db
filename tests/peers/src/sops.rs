//! sops itself, and random documents to give it.

mod document;
mod rule;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub use document::{document, extension};
pub use rule::rule;

use crate::program;

/// The formats, by their names in `--input-type`.
pub const FORMATS: [&str; 5] = ["yaml", "json", "dotenv", "ini", "binary"];

/// sops with a few age keys of its own, in a folder of its own.
#[derive(Debug)]
pub struct Sops {
    program: PathBuf,
    home: PathBuf,
    identities: Vec<String>,
    recipients: Vec<String>,
}

impl Sops {
    /// Makes three keys. Nothing of the user's own configuration is read.
    ///
    /// # Panics
    ///
    /// When sops or age cannot be had or `home` cannot be written.
    pub fn new(home: &Path) -> Self {
        let keygen = program("age", "age-keygen");
        let (mut identities, mut recipients) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            let output = Command::new(&keygen)
                .output()
                .unwrap_or_else(|error| panic!("age-keygen: {error}"));
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let line = |start: &str| {
                text.lines()
                    .find_map(|line| line.strip_prefix(start))
                    .map(str::to_owned)
            };
            recipients.extend(line("# public key: "));
            identities.extend(
                text.lines()
                    .find(|line| line.starts_with("AGE-SECRET-KEY-"))
                    .map(str::to_owned),
            );
        }
        assert_eq!(
            (identities.len(), recipients.len()),
            (3, 3),
            "age-keygen prints both halves of each key"
        );
        Self {
            program: program("sops", "sops"),
            home: home.to_owned(),
            identities,
            recipients,
        }
    }

    /// The private keys, `AGE-SECRET-KEY-…`.
    pub fn identities(&self) -> &[String] {
        &self.identities
    }

    /// The public keys, `age1…`.
    pub fn recipients(&self) -> &[String] {
        &self.recipients
    }

    /// Encrypts a document in `format` under the creation rule `rule`, the lines of one rule of `.sops.yaml`. `None` where
    /// sops refuses.
    ///
    /// # Panics
    ///
    /// When sops cannot be run.
    pub fn encrypt(&self, name: &str, format: &str, plain: &[u8], rule: &str) -> Option<Vec<u8>> {
        let file = self.write(&format!("{name}.plain.{}", extension(format)), plain);
        let rule: String = rule
            .lines()
            .enumerate()
            .map(|(position, line)| format!("{} {line}\n", if position == 0 { " -" } else { "  " }))
            .collect();
        let config = self.write(
            &format!("{name}.sops.yaml"),
            format!("creation_rules:\n{rule}").as_bytes(),
        );
        let output = self.run(&[
            "--config".as_ref(),
            config.as_os_str(),
            "--encrypt".as_ref(),
            "--input-type".as_ref(),
            format.as_ref(),
            "--output-type".as_ref(),
            // The binary format is written as JSON either way.
            format.as_ref(),
            file.as_os_str(),
        ]);
        output.status.success().then_some(output.stdout)
    }

    /// Runs `sops decrypt` on an encrypted document, with all keys at hand.
    ///
    /// # Panics
    ///
    /// When sops cannot be run.
    pub fn decrypt(
        &self,
        name: &str,
        format: &str,
        encrypted: &[u8],
        arguments: &[&str],
    ) -> Output {
        let file = self.write(&format!("{name}.enc.{}", extension(format)), encrypted);
        let mut all: Vec<&std::ffi::OsStr> =
            vec!["decrypt".as_ref(), "--input-type".as_ref(), format.as_ref()];
        if !arguments.contains(&"--output-type") {
            all.extend(["--output-type".as_ref(), std::ffi::OsStr::new(format)]);
        }
        all.extend(arguments.iter().map(std::ffi::OsStr::new));
        all.push(file.as_os_str());
        self.run(&all)
    }

    /// Gives the value at `index`, such as `["a"]`, another value in JSON. The data key stays. `None` where sops refuses.
    ///
    /// # Panics
    ///
    /// When sops cannot be run.
    pub fn set(
        &self,
        name: &str,
        format: &str,
        encrypted: &[u8],
        index: &str,
        value: &str,
    ) -> Option<Vec<u8>> {
        let file = self.write(&format!("{name}.set.{}", extension(format)), encrypted);
        let output = self.run(&[
            "set".as_ref(),
            "--input-type".as_ref(),
            format.as_ref(),
            "--output-type".as_ref(),
            format.as_ref(),
            file.as_os_str(),
            index.as_ref(),
            value.as_ref(),
        ]);
        output
            .status
            .success()
            .then(|| fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display())))
    }

    fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.home.join(name);
        fs::write(&path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    }

    fn run(&self, arguments: &[&std::ffi::OsStr]) -> Output {
        Command::new(&self.program)
            .args(arguments)
            .env_clear()
            .env("HOME", &self.home)
            .env("PATH", "/nonexistent")
            .env("SOPS_AGE_KEY", self.identities.join("\n"))
            .env("SOPS_DISABLE_VERSION_CHECK", "1")
            .current_dir(&self.home)
            .output()
            .unwrap_or_else(|error| panic!("sops: {error}"))
    }
}
