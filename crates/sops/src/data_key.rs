//! Finding the data key: which master keys are asked, in which order, and how shares are put together (sops:
//! `GetDataKeyWithKeyServices` in `sops.go`).

use std::fmt;
use std::str::FromStr;

use secret::LockedBytes;

use crate::encrypted_file::DecryptError;
use crate::key_service::{KeyError, KeyService, Unwrapped};
use crate::metadata::{KeyGroup, KeyKind, Metadata};
use crate::shamir;

/// In which order the keys of a group are tried: those of the kinds named first, then the others as in the file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DecryptionOrder(Vec<KeyKind>);

/// Which keys would have been needed.
#[derive(Debug)]
pub struct NoKey {
    /// How many groups must answer.
    pub needed: usize,
    /// How many did.
    pub opened: usize,
    /// Those that did not.
    pub failures: Vec<GroupFailure>,
}

/// A group of keys none of which is at hand.
#[derive(Debug)]
pub struct GroupFailure {
    /// Its keys, as they were tried.
    pub attempts: Vec<Attempt>,
}

/// A key that was tried.
#[derive(Debug)]
pub struct Attempt {
    /// Kind and public name of the key, as the file has it.
    pub key: String,
    /// What went wrong; `None` where no service holds the key.
    pub cause: Option<KeyError>,
}

impl fmt::Display for NoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missing = self.needed.saturating_sub(self.opened);
        if self.needed == 1 {
            f.write_str("no key at hand opens the file; it needs one of ")?;
        } else {
            write!(
                f,
                "{} of {} needed key groups opened; {missing} more of ",
                self.opened, self.needed
            )?;
        }
        for (position, group) in self.failures.iter().enumerate() {
            if position > 0 {
                f.write_str("; ")?;
            }
            for (position, attempt) in group.attempts.iter().enumerate() {
                if position > 0 {
                    f.write_str(", ")?;
                }
                f.write_str(&attempt.key)?;
                if let Some(cause) = &attempt.cause {
                    write!(f, " ({cause})")?;
                }
            }
        }
        Ok(())
    }
}

impl Default for DecryptionOrder {
    fn default() -> Self {
        Self(vec![KeyKind::Age, KeyKind::Pgp])
    }
}

/// The comma-separated form of `SOPS_DECRYPTION_ORDER`. As in sops, unknown names are passed over and an empty text is
/// the default.
impl FromStr for DecryptionOrder {
    type Err = RepeatedKind;

    fn from_str(text: &str) -> Result<Self, RepeatedKind> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let names: Vec<&str> = text.split(',').collect();
        if names
            .iter()
            .enumerate()
            .any(|(position, name)| names[..position].contains(name))
        {
            return Err(RepeatedKind);
        }
        Ok(Self(
            names
                .into_iter()
                .filter_map(|name| name.parse().ok())
                .collect(),
        ))
    }
}

/// A kind of key that stands twice in a [`DecryptionOrder`].
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a kind of key stands twice in the decryption order")]
pub struct RepeatedKind;

/// Asks for the data key: from the one group, or from all groups for their shares.
pub(crate) fn data_key<K: KeyService + ?Sized>(
    metadata: &Metadata,
    keys: &K,
    order: &DecryptionOrder,
) -> Result<LockedBytes, DecryptError> {
    let mut shares = Vec::new();
    let mut failures = Vec::new();
    for group in &metadata.key_groups {
        match unwrap_group(group, keys, order) {
            Ok(share) => shares.push(share),
            Err(failure) => failures.push(failure),
        }
    }
    if metadata.key_groups.len() == 1 {
        return shares.pop().ok_or(DecryptError::NoKey(NoKey {
            needed: 1,
            opened: 0,
            failures,
        }));
    }
    // A file that does not say how many are needed can still be opened: the MAC tells whether they were enough.
    let needed = usize::from(metadata.shamir_threshold).max(2);
    if shares.len() < needed {
        return Err(DecryptError::NoKey(NoKey {
            needed,
            opened: shares.len(),
            failures,
        }));
    }
    shamir::combine(&shares).map_err(DecryptError::Shares)
}

fn unwrap_group<K: KeyService + ?Sized>(
    group: &KeyGroup,
    keys: &K,
    order: &DecryptionOrder,
) -> Result<LockedBytes, GroupFailure> {
    let rank = |kind| {
        order
            .0
            .iter()
            .position(|first| *first == kind)
            .unwrap_or(order.0.len())
    };
    let mut ordered: Vec<_> = group.keys.iter().collect();
    // Of one kind those first whose private key is at hand. Any that opens gives the same, so only time depends on it.
    ordered.sort_by_cached_key(|key| (rank(key.kind()), !keys.holds(key)));
    let mut attempts = Vec::new();
    for key in ordered {
        let cause = match keys.unwrap_key(key) {
            Ok(Unwrapped::Key(unwrapped)) => return Ok(unwrapped),
            Ok(Unwrapped::NotForMe) => None,
            Err(error) => Some(error),
        };
        attempts.push(Attempt {
            key: key.to_string(),
            cause,
        });
    }
    Err(GroupFailure { attempts })
}
