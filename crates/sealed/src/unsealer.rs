//! Opening many values with many keys, at one private RSA operation each.

use std::iter;
use std::num::NonZero;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use aws_lc_rs::rsa::OaepPrivateDecryptingKey;
use secret::SecretBytes;

use crate::envelope::Envelope;
use crate::keys::{SealingKey, SealingKeys};
use crate::rsa_key::KeyFingerprint;

/// Keys made ready for work.
///
/// A sealed value does not say which key opens it. The newest is tried first, and the key that opened the last value
/// before all others, so that all values of one controller cost one private RSA operation each, however many keys are
/// loaded. Keys whose size is not that of the value's RSA block are passed over without an operation.
///
/// While this lives the keys in use are also in ordinary memory, where AWS-LC keeps them; they are wiped on drop. Drop
/// it when the work is done.
pub struct Unsealer<'k> {
    candidates: Vec<Candidate<'k>>,
    favourite: AtomicUsize,
    operations: AtomicUsize,
}

struct Candidate<'k> {
    key: &'k SealingKey,
    prepared: OnceLock<Option<OaepPrivateDecryptingKey>>,
}

impl SealingKeys {
    /// Makes the keys ready for work.
    pub fn unsealer(&self) -> Unsealer<'_> {
        let candidate = |key| Candidate {
            key,
            prepared: OnceLock::new(),
        };
        Unsealer {
            candidates: self.iter().map(candidate).collect(),
            favourite: AtomicUsize::new(0),
            operations: AtomicUsize::new(0),
        }
    }
}

impl Unsealer<'_> {
    /// The ids of the keys, newest first.
    pub fn fingerprints(&self) -> impl Iterator<Item = &KeyFingerprint> {
        self.candidates
            .iter()
            .map(|candidate| &candidate.key.fingerprint)
    }

    /// How many private RSA operations were done so far.
    pub fn private_operations(&self) -> usize {
        self.operations.load(Ordering::Relaxed)
    }

    fn open(&self, envelope: &Envelope<'_>, label: &[u8]) -> Option<SecretBytes> {
        let favourite = self.favourite.load(Ordering::Relaxed);
        let others = (0..self.candidates.len()).filter(|index| *index != favourite);
        iter::once(favourite).chain(others).find_map(|index| {
            let candidate = self.candidates.get(index)?;
            if candidate.key.size != envelope.key_size() {
                return None;
            }
            let key = candidate.prepared.get_or_init(|| candidate.key.prepare());
            self.operations.fetch_add(1, Ordering::Relaxed);
            let text = envelope.open(key.as_ref()?, label)?;
            self.favourite.store(index, Ordering::Relaxed);
            Some(text)
        })
    }

    /// Opens all `envelopes`, on all processors.
    ///
    /// # Errors
    ///
    /// The index of the first one that no key opens. Those behind it may not have been tried.
    pub(crate) fn open_all(
        &self,
        envelopes: &[Envelope<'_>],
        label: &[u8],
    ) -> Result<Vec<SecretBytes>, usize> {
        let Some((first, rest)) = envelopes.split_first() else {
            return Ok(Vec::new());
        };
        // Alone, so that the others know which key to begin with.
        let first = self.open(first, label).ok_or(0_usize)?;
        let next = AtomicUsize::new(0);
        let failed = AtomicBool::new(false);
        let results: Vec<_> = rest.iter().map(|_| OnceLock::new()).collect();
        // Places are handed out in order, and each that is handed out is tried: the first one without a result failed.
        let work = || {
            while !failed.load(Ordering::Relaxed) {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let (Some(envelope), Some(result)) = (rest.get(index), results.get(index)) else {
                    break;
                };
                match self.open(envelope, label) {
                    Some(text) => drop(result.set(text)),
                    None => failed.store(true, Ordering::Relaxed),
                }
            }
        };
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        thread::scope(|scope| {
            for _ in 1..processors.min(rest.len()) {
                // Where no thread can be had, the others do its share.
                if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                    break;
                }
            }
            work();
        });
        let mut texts = Vec::with_capacity(envelopes.len());
        texts.push(first);
        for (index, result) in results.into_iter().enumerate() {
            texts.push(result.into_inner().ok_or(index + 1)?);
        }
        Ok(texts)
    }
}
