//! Reading key files of every kind, and of any mix of kinds.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rsa::pkcs8::PrivateKeyInfoRef;
use rsa::pkcs8::der::Decode;
use secret::{LockedBytes, SecretBytes};
use zeroize::Zeroizing;

use super::age::{self, AgeKey, IdentityFile, NativeKey, NativeKind};
use super::loaded::{KeyFileError, Loaded, Unusable, WhyUnusable};
use super::material::Material;
use super::passphrase::StaysLocked;
use super::pgp::{self, PgpKey};
use super::ssh::SshKey;

/// Largest key file in bytes.
pub(super) const MAX_FILE: usize = 16 * 1024 * 1024;

/// What all identities begin with that are not of plugins.
const SECRET_PREFIX: &str = "AGE-SECRET-KEY-";
/// What identities of age plugins begin with.
const PLUGIN_PREFIX: &str = "AGE-PLUGIN-";

/// The keys of one file.
#[derive(Default)]
pub(super) struct Keys {
    pub(super) age: Vec<AgeKey>,
    pub(super) pgp: Vec<PgpKey>,
    pub(super) loaded: Loaded,
}

/// Reads a key file.
pub(super) fn parse(source: &Arc<str>, bytes: &[u8]) -> Result<Keys, KeyFileError> {
    if bytes.len() > MAX_FILE {
        return Err(KeyFileError::TooLarge {
            origin: Arc::clone(source),
        });
    }
    let mut reader = Reader {
        source,
        keys: Keys::default(),
        identities: Identities::default(),
    };
    if bytes.starts_with(b"age-encryption.org/") {
        reader.identity_file(bytes);
    } else if let Ok(text) = str::from_utf8(bytes) {
        reader.text(text)?;
    } else if pgp::is_binary(bytes) {
        reader.pgp(1, bytes);
    }
    reader.finish()
}

/// The identities in the content of an identity file that was itself encrypted.
pub(super) fn identities(content: &[u8]) -> Result<Vec<NativeKey>, StaysLocked> {
    let text = str::from_utf8(content).map_err(|_| StaysLocked::Unusable)?;
    let mut identities = Identities::default();
    for word in words(text) {
        let (kind, material) = age::parse_identity(word).ok_or(StaysLocked::Unusable)?;
        identities.push(kind, &material);
    }
    identities.lock().map_err(|_| StaysLocked::Unusable)
}

/// The words of a file of identities. Comments fill whole lines.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_whitespace)
}

/// Native identities on their way into one stretch of locked memory.
#[derive(Default)]
struct Identities {
    kinds: Vec<(NativeKind, usize)>,
    bytes: SecretBytes,
}

impl Identities {
    fn push(&mut self, kind: NativeKind, material: &[u8]) {
        self.bytes.extend_from_slice(material);
        self.kinds.push((kind, material.len()));
    }

    fn lock(mut self) -> Result<Vec<NativeKey>, secret::MapError> {
        if self.kinds.is_empty() {
            return Ok(Vec::new());
        }
        let page = Arc::new(LockedBytes::take(self.bytes.expose_mut())?);
        let mut start = 0;
        Ok(self
            .kinds
            .iter()
            .map(|&(kind, len)| {
                let range = start..start + len;
                start = range.end;
                NativeKey::new(kind, Material::part(&page, range))
            })
            .collect())
    }
}

struct Reader<'a> {
    source: &'a Arc<str>,
    keys: Keys,
    identities: Identities,
}

/// The lines between `-----BEGIN label-----` and `-----END label-----`.
struct Block<'a> {
    line: usize,
    label: &'a str,
    /// The whole block, markers included.
    whole: &'a str,
    body: &'a str,
}

impl Reader<'_> {
    fn text(&mut self, text: &str) -> Result<(), KeyFileError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        // No line inside a block begins so: a dash is no letter of base64.
        let is_identity_file = text.lines().any(is_identity_line);
        let mut rest = text;
        let mut line = 1;
        while !rest.is_empty() {
            let (this, after) = split_line(rest);
            let Some(label) = marker(this, "-----BEGIN ") else {
                self.line(line, this, is_identity_file)?;
                line += 1;
                rest = after;
                continue;
            };
            let Some((body, end)) = block_end(after, label) else {
                return Err(self.block_error(line));
            };
            let whole = rest.get(..rest.len() - end.len()).unwrap_or_default();
            self.block(&Block {
                line,
                label,
                whole,
                body,
            })?;
            line += whole.lines().count();
            rest = end;
        }
        Ok(())
    }

    /// A line outside blocks: age identities, or text that means nothing here.
    fn line(
        &mut self,
        line: usize,
        text: &str,
        is_identity_file: bool,
    ) -> Result<(), KeyFileError> {
        if text.starts_with('#') {
            return Ok(());
        }
        // A hybrid recipient has some 2000 letters, an X25519 one 62.
        const SHORTEST_RECIPIENT: usize = 62;
        for word in text.split_whitespace() {
            if word.starts_with("age1") && (is_identity_file || word.len() >= SHORTEST_RECIPIENT) {
                return Err(KeyFileError::Recipient {
                    origin: Arc::clone(self.source),
                    line,
                });
            }
            if !is_identity_file {
                return Ok(());
            }
            if has_prefix(word, PLUGIN_PREFIX) {
                self.unusable(line, WhyUnusable::AgePlugin);
                continue;
            }
            let Some((kind, material)) = age::parse_identity(word) else {
                return Err(KeyFileError::Identity {
                    origin: Arc::clone(self.source),
                    line,
                });
            };
            match kind {
                NativeKind::X25519 => self.keys.loaded.age += 1,
                NativeKind::Hybrid => self.keys.loaded.age_hybrid += 1,
            }
            self.identities.push(kind, &material);
        }
        Ok(())
    }

    fn block(&mut self, block: &Block<'_>) -> Result<(), KeyFileError> {
        match block.label {
            "AGE ENCRYPTED FILE" => self.identity_file(block.whole.as_bytes()),
            "PGP PRIVATE KEY BLOCK" => {
                let packets =
                    pgp::dearmor(block.whole).ok_or_else(|| self.block_error(block.line))?;
                self.pgp(block.line, &packets);
            }
            "OPENSSH PRIVATE KEY" => {
                let blob = self.decode(block)?;
                let key = SshKey::from_openssh(self.source, blob);
                self.ssh(block.line, key, |loaded| &mut loaded.ssh);
            }
            "RSA PRIVATE KEY" if is_protected(block.body) => {
                self.unusable(block.line, WhyUnusable::ProtectedPem);
            }
            "RSA PRIVATE KEY" => {
                let der = self.decode(block)?;
                let key = SshKey::from_pkcs1(self.source, &der);
                self.ssh(block.line, key, |loaded| &mut loaded.rsa);
            }
            "PRIVATE KEY" => {
                let der = self.decode(block)?;
                self.pkcs8(block.line, &der);
            }
            "ENCRYPTED PRIVATE KEY" => self.unusable(block.line, WhyUnusable::ProtectedPem),
            "EC PRIVATE KEY" | "DSA PRIVATE KEY" => {
                self.unusable(block.line, WhyUnusable::SshAlgorithm);
            }
            _ => self.unusable(block.line, WhyUnusable::NotPrivate),
        }
        Ok(())
    }

    fn pkcs8(&mut self, line: usize, der: &[u8]) {
        const ED25519: &str = "1.3.101.112";
        /// An OCTET STRING of 32 bytes (RFC 8410, section 7).
        const SEED_HEADER: [u8; 2] = [0x04, 0x20];

        let Ok(info) = PrivateKeyInfoRef::from_der(der) else {
            return self.unusable(line, WhyUnusable::MalformedKey);
        };
        let key = info.private_key.as_bytes();
        if info.algorithm.oid == rsa::pkcs1::ALGORITHM_OID {
            let key = SshKey::from_pkcs1(self.source, key);
            self.ssh(line, key, |loaded| &mut loaded.rsa);
        } else if info.algorithm.oid.to_string() == ED25519 {
            let seed = key
                .strip_prefix(&SEED_HEADER)
                .and_then(|seed| seed.try_into().ok());
            match seed {
                Some(seed) => {
                    let key = SshKey::from_ed25519_seed(self.source, seed);
                    self.ssh(line, key, |loaded| &mut loaded.ssh);
                }
                None => self.unusable(line, WhyUnusable::MalformedKey),
            }
        } else {
            self.unusable(line, WhyUnusable::SshAlgorithm);
        }
    }

    fn ssh(
        &mut self,
        line: usize,
        key: Result<SshKey, WhyUnusable>,
        count: fn(&mut Loaded) -> &mut usize,
    ) {
        match key {
            Ok(key) => {
                *count(&mut self.keys.loaded) += 1;
                self.keys.age.push(AgeKey::Ssh(key));
            }
            Err(why) => self.unusable(line, why),
        }
    }

    fn pgp(&mut self, line: usize, packets: &[u8]) {
        for key in pgp::parse(self.source, packets) {
            match key {
                Ok(parts) => {
                    self.keys.loaded.pgp += 1;
                    self.keys.pgp.extend(parts);
                }
                Err(why) => self.unusable(line, why),
            }
        }
    }

    fn identity_file(&mut self, file: &[u8]) {
        self.keys.loaded.age_files += 1;
        let file = IdentityFile::new(self.source, file);
        self.keys.age.push(AgeKey::File(file));
    }

    fn decode(&self, block: &Block<'_>) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
        let mut text = Zeroizing::new(String::with_capacity(block.body.len()));
        text.extend(block.body.split_ascii_whitespace());
        let mut binary = Zeroizing::new(Vec::with_capacity(text.len()));
        BASE64_STANDARD
            .decode_vec(text.as_bytes(), &mut binary)
            .map_err(|_| self.block_error(block.line))?;
        Ok(binary)
    }

    fn unusable(&mut self, line: usize, why: WhyUnusable) {
        self.keys.loaded.unusable.push(Unusable { line, why });
    }

    fn block_error(&self, line: usize) -> KeyFileError {
        KeyFileError::Block {
            origin: Arc::clone(self.source),
            line,
        }
    }

    fn finish(mut self) -> Result<Keys, KeyFileError> {
        let natives = self.identities.lock().map_err(|_| KeyFileError::Memory {
            origin: Arc::clone(self.source),
        })?;
        self.keys
            .age
            .splice(0..0, natives.into_iter().map(AgeKey::Native));
        Ok(self.keys)
    }
}

/// The label in a line that is `before`, a label and five dashes.
fn marker<'a>(line: &'a str, before: &str) -> Option<&'a str> {
    line.trim_ascii_end()
        .strip_prefix(before)?
        .strip_suffix("-----")
}

/// The body up to the end marker of `label`, and what comes after the marker's line.
fn block_end<'a>(text: &'a str, label: &str) -> Option<(&'a str, &'a str)> {
    let mut rest = text;
    while !rest.is_empty() {
        let (line, after) = split_line(rest);
        if marker(line, "-----END ") == Some(label) {
            let body = text.get(..text.len() - rest.len())?;
            return Some((body, after));
        }
        rest = after;
    }
    None
}

/// The first line without its end, and what follows.
fn split_line(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}

/// Whether a PEM body has the headers of the old OpenSSL encryption (RFC 1421).
fn is_protected(body: &str) -> bool {
    body.trim_ascii_start().starts_with("Proc-Type:")
}

/// Whether a line holds identities, in whatever case they are written.
fn is_identity_line(line: &str) -> bool {
    has_prefix(line, SECRET_PREFIX) || has_prefix(line, PLUGIN_PREFIX)
}

fn has_prefix(word: &str, prefix: &str) -> bool {
    word.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
