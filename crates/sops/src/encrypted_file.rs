//! An encrypted file, and what becomes of it when it is opened.

use std::ops::Deref;

use secret::SecretBytes;

use crate::cipher::{Cipher, Decrypted as DecryptedValue, ValueError};
use crate::data_key::{DecryptionOrder, NoKey, data_key};
use crate::decrypt::{self, Failure, FailureCause, MacScope};
use crate::document::{Entry, KeyPath, Map, Place, Value};
use crate::flatten::unflatten;
use crate::format::Format;
use crate::gcm::Gcm;
use crate::inspect;
use crate::key_service::KeyService;
use crate::metadata::Metadata;
use crate::metadata_reader::{self, MetadataError};
use crate::parse_error::ParseError;
use crate::selection::Rule;
use crate::shamir::CombineError;
use crate::stores;

/// A sops file, read and taken apart but still encrypted.
pub struct EncryptedFile {
    documents: Vec<Map>,
    metadata: Metadata,
}

/// A document in clear text.
///
/// Only ever handed out inside [`MacVerified`] or [`MacIgnored`].
pub struct Decrypted {
    pub(crate) documents: Vec<Map>,
    kept_comments: Vec<Place>,
}

/// Proof that the MAC of a file was there and held.
///
/// It says that all values which the MAC covers are those that were encrypted, in that order. It does not cover the names
/// of keys with values in clear text, comments, nulls and empty texts, and with
/// [`mac_only_encrypted`](Metadata::mac_only_encrypted) no value in clear text.
pub struct MacVerified<T>(T);

/// Marks content whose MAC was not asked for. Nothing that asks for [`MacVerified`] takes it.
pub struct MacIgnored<T>(T);

/// What [`EncryptedFile::open`] gives.
pub enum Opened {
    /// The MAC held.
    Verified(MacVerified<Decrypted>),
    /// The MAC was not looked at.
    MacIgnored(MacIgnored<Decrypted>),
}

/// Whether a file opens without a valid MAC.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum MacPolicy {
    /// It does not.
    #[default]
    Require,
    /// It does: `--ignore-mac`, to rescue a damaged file.
    Ignore,
}

/// How a file is opened.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct DecryptOptions {
    /// In which order keys are tried.
    pub order: DecryptionOrder,
}

impl EncryptedFile {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// When the bytes are not of the format, or hold no valid `sops` block.
    pub fn parse(bytes: &[u8], format: Format) -> Result<Self, ParseError> {
        let (documents, metadata) = match format {
            Format::Binary | Format::Json => take_block(vec![stores::json::parse(bytes)?])?,
            Format::Yaml => take_block(stores::yaml::parse(bytes)?)?,
            Format::Dotenv => {
                let mut document = stores::dotenv::parse(bytes)?;
                let metadata =
                    stores::dotenv::take_metadata(&mut document).ok_or(ParseError::NoMetadata)?;
                (vec![document], unflatten(metadata)?)
            }
            Format::Ini => {
                let (documents, mut metadata) = take_block(vec![stores::ini::parse(bytes)?])?;
                stores::ini::unescape_metadata(&mut metadata);
                (documents, unflatten(metadata)?)
            }
        };
        Ok(Self {
            documents,
            metadata: metadata_reader::read(&metadata)?,
        })
    }

    /// What the `sops` block says.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Decrypts the file and verifies its MAC.
    ///
    /// # Errors
    ///
    /// When `keys` do not yield the data key, when a value does not open, and when the MAC is missing or wrong. No part
    /// of the content is in the error.
    pub fn decrypt<K: KeyService + ?Sized>(
        self,
        keys: &K,
        options: &DecryptOptions,
    ) -> Result<MacVerified<Decrypted>, DecryptError> {
        let (unverified, key) = self.decrypt_values(keys, options)?;
        unverified.verify(&key)
    }

    /// Decrypts the file without a look at its MAC.
    ///
    /// # Errors
    ///
    /// As [`decrypt`](Self::decrypt), but for the MAC.
    pub fn decrypt_ignoring_mac<K: KeyService + ?Sized>(
        self,
        keys: &K,
        options: &DecryptOptions,
    ) -> Result<MacIgnored<Decrypted>, DecryptError> {
        let (unverified, _) = self.decrypt_values(keys, options)?;
        Ok(MacIgnored(unverified.content))
    }

    /// Decrypts the file as `policy` asks.
    ///
    /// # Errors
    ///
    /// As [`decrypt`](Self::decrypt).
    pub fn open<K: KeyService + ?Sized>(
        self,
        keys: &K,
        policy: MacPolicy,
        options: &DecryptOptions,
    ) -> Result<Opened, DecryptError> {
        match policy {
            MacPolicy::Require => self.decrypt(keys, options).map(Opened::Verified),
            MacPolicy::Ignore => self
                .decrypt_ignoring_mac(keys, options)
                .map(Opened::MacIgnored),
        }
    }

    fn decrypt_values<K: KeyService + ?Sized>(
        self,
        keys: &K,
        options: &DecryptOptions,
    ) -> Result<(Unverified, Box<Gcm>), DecryptError> {
        let Self {
            mut documents,
            metadata,
        } = self;
        let key = data_key(&metadata, keys, &options.order)?;
        let gcm = Gcm::new(key.expose()).ok_or(DecryptError::DataKeyLength)?;
        let rule = Rule::new(&metadata.selection);
        let scope = if metadata.mac_only_encrypted {
            MacScope::EncryptedOnly
        } else {
            MacScope::All
        };
        let walked = decrypt::decrypt(&mut documents, &gcm, &rule, scope)?;
        let content = Decrypted {
            documents,
            kept_comments: walked.kept_comments,
        };
        Ok((
            Unverified {
                content,
                computed: walked.mac,
                metadata,
            },
            gcm,
        ))
    }
}

/// Decrypted, with all that is needed to verify the MAC.
struct Unverified {
    content: Decrypted,
    computed: String,
    metadata: Metadata,
}

impl Unverified {
    /// The one place where [`MacVerified`] is made.
    fn verify(self, gcm: &Gcm) -> Result<MacVerified<Decrypted>, DecryptError> {
        if self.metadata.mac.is_empty() {
            return Err(DecryptError::MacMissing);
        }
        let mut stated = SecretBytes::new(self.metadata.mac.into_bytes());
        // The date is read and written again, so that other spellings of it count as the same.
        let associated = self.metadata.last_modified.to_seconds();
        match Cipher::new(gcm).decrypt(&mut stated, associated.as_bytes()) {
            Ok(DecryptedValue::Text) if stated.ct_eq(self.computed.as_bytes()) => {
                Ok(MacVerified(self.content))
            }
            Ok(_) => Err(DecryptError::MacMismatch),
            Err(cause) => Err(DecryptError::MacUnreadable(cause)),
        }
    }
}

/// Takes the `sops` mapping out of all documents. That of the first counts.
fn take_block(mut documents: Vec<Map>) -> Result<(Vec<Map>, Map), ParseError> {
    let mut block = None;
    for (position, document) in documents.iter_mut().enumerate() {
        let is_block =
            |entry: &mut Entry| matches!(entry, Entry::Pair(pair) if pair.key == b"sops");
        for entry in document.entries.extract_if(.., is_block) {
            if let Entry::Pair(pair) = entry
                && position == 0
                && block.replace(pair.value).is_some()
            {
                return Err(MetadataError::Repeated.into());
            }
        }
    }
    match block {
        Some(Value::Map(map)) => Ok((documents, map)),
        Some(_) => Err(MetadataError::NotAMapping.into()),
        None => Err(ParseError::NoMetadata),
    }
}

/// Why a file does not open. Names places and public names of keys, never a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecryptError {
    /// None of the keys at hand yields the data key.
    #[error("{0}")]
    NoKey(NoKey),
    /// The shares of the data key do not fit together.
    #[error("data key: {0}")]
    Shares(CombineError),
    /// What the keys yield cannot be a data key.
    #[error("data key: not of 32 bytes")]
    DataKeyLength,
    /// A value does not open.
    #[error("{place}: {cause}")]
    Value {
        /// Where it stands.
        place: Place,
        /// What is wrong with it.
        cause: ValueError,
    },
    /// A number or boolean stands where the file's own rule asks for encryption.
    #[error("{place}: a value in clear text where the file's rule asks for encryption")]
    ClearText {
        /// Where it stands.
        place: Place,
    },
    /// An encrypted comment stands where a value belongs, or a value where a comment belongs.
    #[error("{place}: a comment and a value have changed places")]
    Misplaced {
        /// Where it stands.
        place: Place,
    },
    /// The file has no MAC.
    #[error("the file has no MAC")]
    MacMissing,
    /// The MAC itself does not open: it, or the date beside it, was changed.
    #[error("MAC: {0}")]
    MacUnreadable(ValueError),
    /// The MAC is that of another content.
    #[error("the MAC does not match: values were changed, added, removed or moved")]
    MacMismatch,
}

impl DecryptError {
    /// A stable name of the cause.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NoKey(_) => "no-key",
            Self::Shares(error) => error.reason(),
            Self::DataKeyLength => "data-key-length",
            Self::Value { cause, .. } => cause.reason(),
            Self::ClearText { .. } => "clear-text",
            Self::Misplaced { .. } => "misplaced-comment",
            Self::MacMissing => "mac-missing",
            Self::MacUnreadable(_) => "mac-unreadable",
            Self::MacMismatch => "mac-mismatch",
        }
    }
}

impl DecryptError {
    /// Where the value is that does not open, for errors about one value.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Value { place, .. } | Self::ClearText { place } | Self::Misplaced { place } => {
                Some(place)
            }
            Self::NoKey(_)
            | Self::Shares(_)
            | Self::DataKeyLength
            | Self::MacMissing
            | Self::MacUnreadable(_)
            | Self::MacMismatch => None,
        }
    }
}

impl From<Failure> for DecryptError {
    fn from(Failure { place, cause }: Failure) -> Self {
        match cause {
            FailureCause::Value(cause) => Self::Value { place, cause },
            FailureCause::ClearText => Self::ClearText { place },
            FailureCause::Misplaced => Self::Misplaced { place },
        }
    }
}

impl Decrypted {
    /// Gives `take` every value, and every comment, that was encrypted: its way from the top and its bytes in the form in
    /// which sops encrypts them. A comment has the way of what it stands in.
    pub fn for_each_secret(&self, mut take: impl FnMut(&KeyPath, &[u8])) {
        inspect::for_each_decrypted(&self.documents, &mut take);
    }

    /// Comments that stand where comments are encrypted but did not open. They stay as they are, as in sops: old versions
    /// did not encrypt comments.
    pub fn kept_comments(&self) -> &[Place] {
        &self.kept_comments
    }
}

impl Opened {
    /// The content, whatever is known of its MAC.
    pub fn content(&self) -> &Decrypted {
        match self {
            Self::Verified(verified) => verified,
            Self::MacIgnored(ignored) => ignored,
        }
    }
}

impl<T> Deref for MacVerified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Deref for MacIgnored<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
