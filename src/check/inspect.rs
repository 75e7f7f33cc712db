//! The look at one file.

use std::path::Path;

use goyaml::Document;
use memchr::memmem;
use sealed::SealedSecret;
use sops::{DecryptError, Format, KeyKind, MasterKey, Metadata};
use tree::TreePath;

use super::credentials;
use super::finding::{Finding, Rule};
use super::manifests::Found;
use super::policy::Configurations;
use super::private_key;
use super::{Checker, EncryptedFile, Report};
use crate::located::Located;

/// Texts without which no Secret and no SealedSecret is in a file.
const SECRET: &[u8] = b"Secret";

pub(super) struct Inspection<'a> {
    checker: &'a Checker<'a>,
    configurations: &'a Configurations,
    path: &'a TreePath,
    report: &'a mut Report,
}

impl<'a> Inspection<'a> {
    pub(super) const fn new(
        checker: &'a Checker<'a>,
        configurations: &'a Configurations,
        path: &'a TreePath,
        report: &'a mut Report,
    ) -> Self {
        Self {
            checker,
            configurations,
            path,
            report,
        }
    }

    pub(super) fn run(mut self) {
        let bytes = match self.checker.tree.read(self.path) {
            Ok(bytes) => bytes,
            Err(error) => return self.add(Rule::Unreadable, 0, None, error.to_string()),
        };
        for key in private_key::private_keys(&bytes) {
            self.add(
                Rule::PrivateKey,
                key.line,
                None,
                format!("{} in plaintext", key.kind),
            );
        }
        let format = Format::for_path(Path::new(self.path.as_str()));
        let encrypted = sops::looks_encrypted(&bytes, format);
        if encrypted {
            self.sops(&bytes, format);
        } else if self.should_be_encrypted(&bytes, format) {
            self.add(
                Rule::NotEncrypted,
                0,
                None,
                "should be encrypted and is not".to_owned(),
            );
        } else if sops::holds_encrypted_values(&bytes) && !is_documentation(self.path) {
            let line =
                memmem::find(&bytes, b"ENC[").map_or(0, |at| private_key::line_of(&bytes, at));
            self.add(
                Rule::Damaged,
                line,
                None,
                "holds values encrypted by sops, but not the metadata to open them".to_owned(),
            );
        }
        if matches!(format, Format::Yaml | Format::Json) {
            self.manifests(&bytes, encrypted);
        }
    }

    /// A file encrypted by sops: what its metadata says, and whether it opens.
    fn sops(&mut self, bytes: &[u8], format: Format) {
        let file = match sops::EncryptedFile::parse(bytes, format) {
            Ok(file) => file,
            Err(error) => return self.add_error(Rule::Damaged, 0, None, &error.to_string()),
        };
        self.metadata(file.metadata());
        let readers = file
            .metadata()
            .key_groups
            .iter()
            .map(|group| group.keys.iter().map(ToString::to_string).collect())
            .collect();
        let local = file
            .metadata()
            .key_groups
            .iter()
            .flat_map(|group| &group.keys)
            .any(is_local);
        let opened = match file.decrypt(&self.checker.keys, &self.checker.options) {
            Ok(_) => true,
            Err(error) => {
                self.does_not_open(&error, local);
                false
            }
        };
        self.report.encrypted.push(EncryptedFile {
            path: self.path.clone(),
            tool: "sops",
            opened,
            readers,
        });
    }

    fn metadata(&mut self, metadata: &Metadata) {
        if metadata.mac_only_encrypted {
            self.add(
                Rule::MacOnlyEncrypted,
                0,
                None,
                "`mac_only_encrypted`: its clear-text values are not under the MAC".to_owned(),
            );
        }
        for key in metadata.key_groups.iter().flat_map(|group| &group.keys) {
            if let MasterKey::HcVault { vault_address, .. } = key
                && !self.checker.policy.allows(key)
            {
                self.add(
                    Rule::UnknownVaultAddress,
                    0,
                    None,
                    format!("names the Vault server {vault_address}, which is not allowed"),
                );
            }
        }
        let difference = self
            .configurations
            .demand(self.path)
            .and_then(|demand| demand.difference(metadata));
        if let Some(difference) = difference {
            self.add(Rule::RecipientsDiffer, 0, None, difference);
        }
    }

    fn does_not_open(&mut self, error: &DecryptError, local: bool) {
        let rule = match error {
            DecryptError::NoKey(_) if self.checker.has_keys && local => Rule::NoKey,
            DecryptError::NoKey(_) => Rule::NotOpened,
            DecryptError::MacMissing => Rule::MacMissing,
            DecryptError::MacMismatch | DecryptError::MacUnreadable(_) => Rule::MacMismatch,
            _ => Rule::Damaged,
        };
        let (line, key_path) = error.place().map_or((0, None), |place| {
            (place.line, Some(place.path.to_string()))
        });
        self.add_error(rule, line, key_path, &error.to_string());
    }

    /// Whether a file by its name, or by a rule for its path, should be encrypted. Manifests are judged by what they are.
    fn should_be_encrypted(&self, bytes: &[u8], format: Format) -> bool {
        let name = self.path.file_name().unwrap_or_default();
        if bytes.trim_ascii().is_empty() || name == sops::config::FILE_NAME {
            return false;
        }
        if names_encryption(name) {
            return true;
        }
        let manifest =
            matches!(format, Format::Yaml | Format::Json) && memmem::find(bytes, b"kind").is_some();
        !manifest
            && self
                .configurations
                .demand(self.path)
                .is_some_and(|demand| demand.names_path)
    }

    fn manifests(&mut self, bytes: &[u8], encrypted: bool) {
        let values_file = !encrypted
            && self
                .path
                .file_name()
                .is_some_and(credentials::is_values_file);
        let may_hold_secrets = memmem::find(bytes, SECRET).is_some();
        if !values_file && !may_hold_secrets {
            return;
        }
        // What is not YAML by itself is a template of some tool, and no manifest yet.
        let Ok(documents) = goyaml::parse(bytes) else {
            return;
        };
        let mut found = Found::default();
        for Document { root, .. } in &documents {
            found.search(root);
            if values_file {
                for credential in credentials::credentials(root) {
                    self.add(
                        Rule::CredentialInValues,
                        credential.line,
                        Some(credential.key_path),
                        "looks like a credential".to_owned(),
                    );
                }
            }
        }
        for secret in found.plaintext {
            let values = match secret.values {
                1 => "1 value".to_owned(),
                count => format!("{count} values"),
            };
            self.add(
                Rule::PlaintextSecret,
                secret.position.line,
                Some(secret.key_path),
                format!("Secret {} shows {values} in plaintext", secret.name),
            );
        }
        let opened: Vec<_> = found
            .sealed
            .into_iter()
            .map(|node| (node.position.line, SealedSecret::from_node(node)))
            .collect();
        for (line, sealed) in opened {
            match sealed {
                Ok(sealed) => self.sealed(&sealed, line),
                Err(error) => self.add_error(Rule::Damaged, line, None, &error.to_string()),
            }
        }
    }

    fn sealed(&mut self, sealed: &SealedSecret, line: u32) {
        let unsealer = self.checker.sealing.unsealer();
        let opened = match sealed.verify(&unsealer) {
            Ok(_) => true,
            Err(error) => {
                let rule = match error {
                    sealed::OpenError::NoKeys => Rule::NotOpened,
                    sealed::OpenError::NoKeyOpens { .. } => Rule::NoKey,
                    _ => Rule::Damaged,
                };
                self.add_error(rule, line, None, &error.to_string());
                false
            }
        };
        self.report.encrypted.push(EncryptedFile {
            path: self.path.clone(),
            tool: "sealed-secrets",
            opened,
            readers: Vec::new(),
        });
    }

    /// Adds a finding about an error of a library, which may say the line itself.
    fn add_error(&mut self, rule: Rule, line: u32, key_path: Option<String>, error: &str) {
        match Located::parse(error) {
            Some(located) => self.add(rule, located.line, key_path, located.text.to_owned()),
            None => self.add(rule, line, key_path, error.to_owned()),
        }
    }

    fn add(&mut self, rule: Rule, line: u32, key_path: Option<String>, message: String) {
        self.report.findings.push(Finding {
            path: self.path.clone(),
            line,
            rule,
            key_path,
            message,
        });
    }
}

/// Whether the key is one that a person can hold in a file.
fn is_local(key: &MasterKey) -> bool {
    matches!(key.kind(), KeyKind::Age | KeyKind::Pgp)
}

/// Names by which people mark encrypted files: `db.enc.yaml`, `db.sops.yaml`, `mail.env.enc`.
fn names_encryption(name: &str) -> bool {
    let mut parts = name.split('.');
    // What is before the first dot is the name proper.
    parts.next();
    parts.any(|part| matches!(part, "enc" | "encrypted" | "sops"))
}

/// Texts about sops show what its values look like.
fn is_documentation(path: &TreePath) -> bool {
    matches!(
        path.extension(),
        Some("md" | "rst" | "adoc" | "txt" | "rs" | "go" | "html")
    )
}
