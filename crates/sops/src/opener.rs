//! The tree's [`Opener`](tree::Opener) for sops: renderers read encrypted files as if they were not.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use secret::{LockedBytes, Redactor};
use tree::{
    Content, MacCoverage, OpenError, Opened, Protection, SopsFormat, SopsProtection, Tree, TreePath,
};

use crate::detect::looks_encrypted;
use crate::encrypted_file::{DecryptOptions, EncryptedFile};
use crate::encrypted_parts::encrypted_parts;
use crate::format::Format;
use crate::key_service::{KeyError, KeyService, Unwrapped};
use crate::metadata::MasterKey;
use crate::output::OutputOptions;

/// Opens encrypted files when they are read, and leaves others as they are.
///
/// The MAC of a file is verified before any byte of it is handed out, its `sops` block is not part of what is handed out,
/// and its values are known to the redactor by then. Unwrapped data keys are remembered in locked memory for as long as
/// the opener lives, which is meant to be one rendering: asking an age key once more costs little, a Vault much.
pub struct SopsOpener<K> {
    keys: Remembering<K>,
    options: DecryptOptions,
    redactor: Arc<Redactor>,
}

impl<K: KeyService> SopsOpener<K> {
    /// An opener that asks `keys` and teaches `redactor`.
    pub fn new(keys: K, options: DecryptOptions, redactor: Arc<Redactor>) -> Self {
        Self {
            keys: Remembering {
                keys,
                known: Mutex::default(),
            },
            options,
            redactor,
        }
    }
}

impl<K: KeyService + Send + Sync> tree::Opener for SopsOpener<K> {
    fn open(&self, tree: &Tree, path: &TreePath) -> Result<Opened, OpenError> {
        let bytes = tree.read(path)?;
        let format = Format::for_path(Path::new(path.as_str()));
        if !looks_encrypted(&bytes, format) {
            return Ok(Opened {
                content: Content::Plain(bytes),
                protection: Protection::None,
            });
        }
        let refused = |reason, source| OpenError::Protection {
            path: path.clone(),
            reason,
            source,
        };
        let file = EncryptedFile::parse(&bytes, format)
            .map_err(|error| refused(error.reason(), Box::new(error)))?;
        let verified_mac = if file.metadata().mac_only_encrypted {
            MacCoverage::EncryptedValues
        } else {
            MacCoverage::EveryValue
        };
        let verified = file
            .decrypt(&self.keys, &self.options)
            .map_err(|error| refused(error.reason(), Box::new(error)))?;
        verified.for_each_secret(|_, value| {
            self.redactor.learn(value);
        });
        let content = verified
            .to_bytes(format, &OutputOptions::default())
            .map_err(|error| refused(error.reason(), Box::new(error)))?;
        let protection = Protection::Sops(SopsProtection {
            format: format.into(),
            verified_mac,
            encrypted: encrypted_parts(&verified.documents, format),
        });
        Ok(Opened {
            content: Content::Secret(content),
            protection,
        })
    }
}

impl From<Format> for SopsFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Binary => Self::Binary,
            Format::Dotenv => Self::Dotenv,
            Format::Ini => Self::Ini,
            Format::Json => Self::Json,
            Format::Yaml => Self::Yaml,
        }
    }
}

/// Remembers what a key service unwrapped.
struct Remembering<K> {
    keys: K,
    /// By the wrapped key. The rest of the entry must be the same too: an address in it may be one that is not allowed.
    known: Mutex<HashMap<String, (MasterKey, LockedBytes)>>,
}

impl<K: KeyService> KeyService for Remembering<K> {
    fn unwrap_key(&self, key: &MasterKey) -> Result<Unwrapped, KeyError> {
        if let Some(known) = self.recall(key) {
            return Ok(Unwrapped::Key(known));
        }
        let unwrapped = self.keys.unwrap_key(key)?;
        if let Unwrapped::Key(unwrapped) = &unwrapped
            && let Some(copy) = copy(unwrapped)
        {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(key.enc().to_owned(), (key.clone(), copy));
        }
        Ok(unwrapped)
    }

    fn holds(&self, key: &MasterKey) -> bool {
        self.keys.holds(key)
    }
}

impl<K> Remembering<K> {
    fn recall(&self, key: &MasterKey) -> Option<LockedBytes> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .get(key.enc())
            .filter(|(same, _)| same == key)
            .and_then(|(_, unwrapped)| copy(unwrapped))
    }
}

/// A second copy in locked memory; `None` where there is no more of it.
fn copy(key: &LockedBytes) -> Option<LockedBytes> {
    LockedBytes::init(key.len(), |bytes| bytes.copy_from_slice(key.expose())).ok()
}
