//! Collects the keys that the user has: those given, those of sops' variables, and those in sops' places.
//!
//! What may cost something (a command, a passphrase, the home folder) is left until a file does not open without it.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use sealed::SealingKeys;
use secret::SecretBytes;
use sops::keys::{ExternalKeys, KeyPolicy, KeyRing, WhyUnusable};
use sops::{DecryptOptions, DecryptionOrder, KeyError, KeyService, MasterKey, Unwrapped};

use super::arguments::KeyArguments;
use super::environment::Environment;
use super::failure::Failure;
use super::passphrase::PassphrasePrompt;
use super::printer::Printer;

/// The variable in which a key command is told which recipient's key is wanted (sops: age/keysource.go).
const RECIPIENT: &str = "SOPS_AGE_RECIPIENT";

/// A key file larger than this is not read.
const LARGEST_FILE: u64 = 16 << 20;

/// Every key at hand.
pub(super) struct Keys {
    given: KeyRing,
    sealing: SealingKeys,
    commands: Vec<KeyCommand>,
    home: HomeKeys,
    external: ExternalKeys,
    order: DecryptionOrder,
}

impl Keys {
    /// Reads the keys that were given and those of the environment.
    pub(super) fn collect(
        arguments: &KeyArguments,
        environment: &mut Environment,
        policy: KeyPolicy,
        printer: &Printer,
    ) -> Result<Self, Failure> {
        let order = match &arguments.decryption_order {
            Some(order) => order.parse().map_err(Failure::DecryptionOrder)?,
            None => DecryptionOrder::default(),
        };
        let passphrase = PassphrasePrompt::new(environment.passphrase.take());
        let mut keys = Self {
            given: KeyRing::new(Box::new(passphrase)),
            sealing: SealingKeys::new(),
            commands: Vec::new(),
            home: HomeKeys::default(),
            external: ExternalKeys::new(policy),
            order,
        };
        for path in &arguments.keys {
            keys.add_path(path, printer)?;
        }
        if !arguments.only_given_keys {
            keys.add_environment(environment, printer);
        }
        Ok(keys)
    }

    pub(super) const fn sealing(&self) -> &SealingKeys {
        &self.sealing
    }

    /// How SOPS files are opened with these keys.
    pub(super) fn decrypt_options(&self) -> DecryptOptions {
        let mut options = DecryptOptions::default();
        options.order = self.order.clone();
        options
    }

    /// Whether there is any key for SOPS files.
    pub(super) fn can_open_sops(&self) -> bool {
        !self.given.is_empty() || !self.commands.is_empty() || !self.home.files.is_empty()
    }

    fn add_path(&mut self, path: &Path, printer: &Printer) -> Result<(), Failure> {
        let unreadable = |source| Failure::KeyFile {
            path: path.to_owned(),
            source,
        };
        if !fs::metadata(path).map_err(unreadable)?.is_dir() {
            let bytes = read_key_file(path).map_err(unreadable)?;
            return self
                .add_file(&path.display().to_string(), &bytes, printer)
                .then_some(())
                .ok_or_else(|| Failure::NoKeyInFile {
                    path: path.to_owned(),
                });
        }
        let mut files: Vec<PathBuf> = fs::read_dir(path)
            .map_err(unreadable)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()
            .map_err(unreadable)?;
        files.retain(|file| file.is_file());
        files.sort();
        let mut found = false;
        for file in files {
            let bytes = read_key_file(&file).map_err(|source| Failure::KeyFile {
                path: file.clone(),
                source,
            })?;
            found |= self.add_file(&file.display().to_string(), &bytes, printer);
        }
        found.then_some(()).ok_or_else(|| Failure::NoKeyInFile {
            path: path.to_owned(),
        })
    }

    /// Adds the keys of a file to both rings and says what could not be used; whether there was any that could.
    fn add_file(&mut self, name: &str, bytes: &SecretBytes, printer: &Printer) -> bool {
        let before = self.sealing.fingerprints().count();
        let not_for_sealing = self.sealing.add(name, bytes.expose());
        let sealing = self.sealing.fingerprints().count() > before;
        match self.given.load(name, bytes.expose()) {
            Ok(loaded) => {
                let usable = loaded.usable() > 0;
                // What is no sealing key may well be a key of another sort, and the other way round: only what is of
                // no use at all is worth a word.
                if !sealing {
                    for unusable in loaded
                        .unusable
                        .iter()
                        .filter(|unusable| unusable.why != WhyUnusable::NotPrivate)
                    {
                        printer.warn(&format!("{name}:{}: {}", unusable.line, unusable.why));
                    }
                }
                if !usable && loaded.unusable.is_empty() {
                    for unusable in not_for_sealing
                        .iter()
                        .filter(|unusable| is_meant_as_key(&unusable.error))
                    {
                        printer.warn(&unusable.to_string());
                    }
                }
                usable || sealing
            }
            Err(_) if sealing => true,
            Err(error) => {
                printer.warn(&error.to_string());
                false
            }
        }
    }

    /// sops reports a source that it cannot use only when nothing else opens the file, and so do we: as warnings.
    fn add_environment(&mut self, environment: &mut Environment, printer: &Printer) {
        if let Some(key) = environment.age_key.take() {
            self.add_source("SOPS_AGE_KEY", &one_per_line(key), printer);
        }
        if let Some(key) = environment.pgp_key.take() {
            self.add_source("LOCKSTEP_PGP_KEY", &key, printer);
        }
        for (variable, path) in [
            ("SOPS_AGE_KEY_FILE", environment.age_key_file.take()),
            (
                "SOPS_AGE_SSH_PRIVATE_KEY_FILE",
                environment.ssh_key_file.take(),
            ),
        ] {
            let Some(path) = path else { continue };
            match read_key_file(&path) {
                Ok(bytes) => self.add_source(&path.display().to_string(), &bytes, printer),
                Err(error) => printer.warn(&format!(
                    "{variable}: cannot read `{}`: {error}",
                    path.display()
                )),
            }
        }
        for (variable, line) in [
            ("SOPS_AGE_KEY_CMD", environment.age_key_command.take()),
            (
                "SOPS_AGE_SSH_PRIVATE_KEY_CMD",
                environment.ssh_key_command.take(),
            ),
        ] {
            if let Some(line) = line {
                match shlex::split(&line).filter(|words| !words.is_empty()) {
                    Some(words) => self.commands.push(KeyCommand::new(variable, words)),
                    None => printer.warn(&format!("{variable}: not a command line")),
                }
            }
        }
        self.home.files = std::mem::take(&mut environment.home_files);
    }

    fn add_source(&mut self, name: &str, bytes: &SecretBytes, printer: &Printer) {
        match self.given.load(name, bytes.expose()) {
            Ok(loaded) => {
                for unusable in &loaded.unusable {
                    printer.warn(&format!("{name}:{}: {}", unusable.line, unusable.why));
                }
                if loaded.is_empty() {
                    printer.warn(&format!("{name}: no key found"));
                }
            }
            Err(error) => printer.warn(&error.to_string()),
        }
    }
}

impl KeyService for Keys {
    fn holds(&self, key: &MasterKey) -> bool {
        self.given.holds(key)
    }

    fn unwrap_key(&self, key: &MasterKey) -> Result<Unwrapped, KeyError> {
        let mut failure = None;
        let sources = std::iter::once(&self.given as &dyn KeyService)
            .chain(
                self.commands
                    .iter()
                    .map(|command| command as &dyn KeyService),
            )
            .chain([&self.home as &dyn KeyService, &self.external]);
        for source in sources {
            match source.unwrap_key(key) {
                Ok(Unwrapped::NotForMe) => {}
                Ok(unwrapped) => return Ok(unwrapped),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(Unwrapped::NotForMe), Err)
    }
}

/// A command of the user's that prints the key for a recipient.
struct KeyCommand {
    variable: &'static str,
    words: Vec<String>,
    rings: Mutex<HashMap<String, Arc<KeyRing>>>,
}

impl KeyCommand {
    fn new(variable: &'static str, words: Vec<String>) -> Self {
        Self {
            variable,
            words,
            rings: Mutex::default(),
        }
    }

    fn ring(&self, recipient: &str) -> Result<Arc<KeyRing>, KeyError> {
        let mut rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ring) = rings.get(recipient) {
            return Ok(Arc::clone(ring));
        }
        let output = Command::new(&self.words[0])
            .args(&self.words[1..])
            .env(RECIPIENT, recipient)
            .stdin(Stdio::inherit())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|_| KeyError::Source {
                name: self.variable,
            })?;
        let bytes = SecretBytes::new(output.stdout);
        if !output.status.success() {
            return Err(KeyError::Source {
                name: self.variable,
            });
        }
        let mut ring = KeyRing::default();
        ring.load(self.variable, bytes.expose())
            .map_err(|_| KeyError::Source {
                name: self.variable,
            })?;
        let ring = Arc::new(ring);
        rings.insert(recipient.to_owned(), Arc::clone(&ring));
        Ok(ring)
    }
}

impl KeyService for KeyCommand {
    fn unwrap_key(&self, key: &MasterKey) -> Result<Unwrapped, KeyError> {
        match key {
            MasterKey::Age { recipient, .. } => self.ring(recipient)?.unwrap_key(key),
            _ => Ok(Unwrapped::NotForMe),
        }
    }
}

/// The keys in the places where sops looks without being told, read when nothing else opens a file.
#[derive(Default)]
struct HomeKeys {
    files: Vec<PathBuf>,
    ring: OnceLock<KeyRing>,
}

impl KeyService for HomeKeys {
    fn unwrap_key(&self, key: &MasterKey) -> Result<Unwrapped, KeyError> {
        let ring = self.ring.get_or_init(|| {
            let mut ring = KeyRing::new(Box::new(PassphrasePrompt::new(None)));
            for file in &self.files {
                if let Ok(bytes) = read_key_file(file) {
                    // A file in the home folder that is no key of ours is no business of ours.
                    let _ = ring.load(&file.display().to_string(), bytes.expose());
                }
            }
            ring
        });
        ring.unwrap_key(key)
    }
}

/// Puts each identity of `SOPS_AGE_KEY` on a line of its own: there, and nowhere else, sops takes several on one line,
/// separated by blanks. Comments stay as they are.
fn one_per_line(mut key: SecretBytes) -> SecretBytes {
    for line in key.expose_mut().split_mut(|byte| *byte == b'\n') {
        if !line.trim_ascii_start().starts_with(b"#") {
            for byte in line {
                if matches!(byte, b' ' | b'\t') {
                    *byte = b'\n';
                }
            }
        }
    }
    key
}

/// Whether a file that holds no sealing key was meant to.
const fn is_meant_as_key(error: &sealed::KeyError) -> bool {
    !matches!(
        error,
        sealed::KeyError::NoKey
            | sealed::KeyError::NotASecret { .. }
            | sealed::KeyError::Yaml(_)
            | sealed::KeyError::Field(_)
    )
}

fn read_key_file(path: &Path) -> io::Result<SecretBytes> {
    let size = fs::metadata(path)?.len();
    if size > LARGEST_FILE {
        return Err(io::Error::other("larger than 16 MiB"));
    }
    fs::read(path).map(SecretBytes::new)
}
