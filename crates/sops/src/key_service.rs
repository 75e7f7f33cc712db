//! Who unwraps data keys: the seam between documents and key sources.

use secret::LockedBytes;

use crate::keys::LockedKey;
use crate::metadata::MasterKey;

/// A source of keys: a ring of private keys, a Vault, a cloud.
pub trait KeyService {
    /// Unwraps what `key` wraps.
    ///
    /// # Errors
    ///
    /// When the service is responsible for the key and could not unwrap it. A service that knows nothing of the key
    /// answers [`Unwrapped::NotForMe`].
    fn unwrap_key(&self, key: &MasterKey) -> Result<Unwrapped, KeyError>;

    /// Whether the service is sure to hold a key of this name, as far as that can be told at hardly any cost.
    ///
    /// Keys that are held are asked for before others, which spares trying each private key on what is meant for
    /// somebody else. It is a hint: the name is not authenticated, and a key can open what does not bear its name.
    fn holds(&self, _key: &MasterKey) -> bool {
        false
    }
}

/// The answer of a [`KeyService`].
pub enum Unwrapped {
    /// The service holds no key of this name or kind.
    NotForMe,
    /// The data key, or one share of it.
    Key(LockedBytes),
}

/// Why a [`KeyService`] that is responsible for a key could not unwrap it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The wrapped key is not in the form of its kind.
    #[error("the wrapped key is malformed")]
    Malformed,
    /// The private key fits by name, but does not open the wrapped key.
    #[error("the wrapped key does not open with this key")]
    Mismatch,
    /// The private key is protected by a passphrase and stayed locked.
    #[error("the private key stays locked: {0}")]
    Locked(LockedKey),
    /// The wrapped key is a PGP message without integrity protection.
    #[error("the wrapped key has no integrity protection")]
    Unprotected,
    /// The system gave no memory for the key.
    #[error("no memory for the key")]
    Memory,
    /// The operator's configuration does not allow asking for this key.
    #[error("use of this key is not allowed by the configuration")]
    NotAllowed,
    /// A source of keys that the user named, such as a command, gave none.
    #[error("`{name}` gave no usable key")]
    Source {
        /// The flag or variable that names the source.
        name: &'static str,
    },
    /// No service for this kind of key is configured.
    #[error("no service for this kind of key is configured")]
    NoService,
}

impl KeyError {
    /// A stable name of the cause.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Malformed => "malformed-wrapped-key",
            Self::Mismatch => "key-mismatch",
            Self::Locked(locked) => locked.why.reason(),
            Self::Unprotected => "unprotected-wrapped-key",
            Self::Memory => "no-key-memory",
            Self::NotAllowed => "key-not-allowed",
            Self::NoService => "no-key-service",
            Self::Source { .. } => "key-source-failed",
        }
    }
}

impl<S: KeyService + ?Sized> KeyService for &S {
    fn unwrap_key(&self, key: &MasterKey) -> Result<Unwrapped, KeyError> {
        (**self).unwrap_key(key)
    }

    fn holds(&self, key: &MasterKey) -> bool {
        (**self).holds(key)
    }
}

impl<S: KeyService + ?Sized> KeyService for Box<S> {
    fn unwrap_key(&self, key: &MasterKey) -> Result<Unwrapped, KeyError> {
        (**self).unwrap_key(key)
    }

    fn holds(&self, key: &MasterKey) -> bool {
        (**self).holds(key)
    }
}

/// Several services are asked in turn; the first that unwraps the key wins, else the first error does.
impl<S: KeyService> KeyService for [S] {
    fn unwrap_key(&self, key: &MasterKey) -> Result<Unwrapped, KeyError> {
        let mut failure = None;
        for service in self {
            match service.unwrap_key(key) {
                Ok(Unwrapped::NotForMe) => {}
                Ok(unwrapped) => return Ok(unwrapped),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(Unwrapped::NotForMe), Err)
    }

    fn holds(&self, key: &MasterKey) -> bool {
        self.iter().any(|service| service.holds(key))
    }
}
