//! How a library that owns no terminal asks for a passphrase.

use std::fmt;

use secret::SecretString;

/// Answers requests for passphrases: a prompt, a variable, a file of the operator.
///
/// A key is asked for at most once per key ring (with its repetitions), and only when a file cannot be opened without
/// it. Other threads that need the same key wait for the answer.
pub trait Passphrase: Send + Sync {
    /// The passphrase for `request`, or `None` when there is none to give; the key is then left locked.
    fn ask(&self, request: &PassphraseRequest<'_>) -> Option<SecretString>;
}

/// Has no passphrase for anything.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPassphrase;

impl Passphrase for NoPassphrase {
    fn ask(&self, _request: &PassphraseRequest<'_>) -> Option<SecretString> {
        None
    }
}

/// What a passphrase is wanted for.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct PassphraseRequest<'a> {
    /// Name of the file or variable that holds the key, as given to [`KeyRing::load`](super::KeyRing::load).
    pub source: &'a str,
    /// What is locked.
    pub kind: LockedKind,
    /// Public name of the key (recipient or fingerprint), where it is known before unlocking.
    pub key: Option<&'a str>,
    /// Counts from 1. A request with a higher number follows a wrong answer.
    pub attempt: u32,
}

/// Kinds of keys that a passphrase can protect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LockedKind {
    /// A file of age identities that is itself an age file with an scrypt recipient.
    AgeIdentityFile,
    /// An OpenSSH private key.
    Ssh,
    /// An OpenPGP secret key.
    Pgp,
}

impl fmt::Display for LockedKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AgeIdentityFile => "age identity file",
            Self::Ssh => "SSH key",
            Self::Pgp => "PGP key",
        })
    }
}

/// Why a protected key stayed locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StaysLocked {
    /// Nobody gave a passphrase.
    #[error("no passphrase was given")]
    NoPassphrase,
    /// The passphrases given were wrong.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// Trying a passphrase takes too much work: scrypt above [`MAX_WORK_FACTOR`](super::age::MAX_WORK_FACTOR), or bcrypt
    /// of more than 4096 rounds.
    #[error("its work factor is above the limit")]
    ExcessiveWork,
    /// What came out of unlocking is no usable key.
    #[error("what it holds is not a usable key")]
    Unusable,
}

impl StaysLocked {
    /// A stable name of this error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NoPassphrase => "no-passphrase",
            Self::WrongPassphrase => "wrong-passphrase",
            Self::ExcessiveWork => "excessive-work",
            Self::Unusable => "locked-key-unusable",
        }
    }
}

/// How often a wrong passphrase may be repeated before a key is given up.
const ATTEMPTS: u32 = 3;

/// Asks until `open` accepts an answer.
///
/// `open` says [`StaysLocked::WrongPassphrase`] to be given another answer; its other errors are final.
pub(super) fn unlock<T>(
    passphrase: &dyn Passphrase,
    source: &str,
    kind: LockedKind,
    key: Option<&str>,
    mut open: impl FnMut(&SecretString) -> Result<T, StaysLocked>,
) -> Result<T, StaysLocked> {
    for attempt in 1..=ATTEMPTS {
        let request = PassphraseRequest {
            source,
            kind,
            key,
            attempt,
        };
        let Some(answer) = passphrase.ask(&request) else {
            return Err(if attempt == 1 {
                StaysLocked::NoPassphrase
            } else {
                StaysLocked::WrongPassphrase
            });
        };
        match open(&answer) {
            Err(StaysLocked::WrongPassphrase) => {}
            outcome => return outcome,
        }
    }
    Err(StaysLocked::WrongPassphrase)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    struct Answers(Mutex<Vec<&'static str>>);

    impl Passphrase for Answers {
        fn ask(&self, _request: &PassphraseRequest<'_>) -> Option<SecretString> {
            self.0.lock().unwrap().pop().map(SecretString::copy_of)
        }
    }

    fn outcome(mut answers: Vec<&'static str>) -> Result<(), StaysLocked> {
        answers.reverse();
        let answers = Answers(Mutex::new(answers));
        unlock(
            &answers,
            "keys.txt",
            LockedKind::Ssh,
            None,
            |answer| match answer.expose() {
                "right" => Ok(()),
                "broken" => Err(StaysLocked::Unusable),
                _ => Err(StaysLocked::WrongPassphrase),
            },
        )
    }

    #[test]
    fn a_wrong_passphrase_is_asked_for_again_but_not_for_ever() {
        for (answers, expected) in [
            (vec![], Err(StaysLocked::NoPassphrase)),
            (vec!["right"], Ok(())),
            (vec!["wrong", "wrong", "right"], Ok(())),
            (vec!["wrong"], Err(StaysLocked::WrongPassphrase)),
            (
                vec!["wrong", "wrong", "wrong", "right"],
                Err(StaysLocked::WrongPassphrase),
            ),
            (vec!["broken", "right"], Err(StaysLocked::Unusable)),
        ] {
            assert_eq!(outcome(answers.clone()), expected, "{answers:?}");
        }
    }
}
