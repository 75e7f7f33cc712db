//! When a request is repeated, how long is waited before, and how many go at a time.
//!
//! A refusal that the server gives before it does anything (429), and a connection that was never made, are repeated
//! whatever was asked. After an answer that got lost, or one that leaves open what was done (500, 502, 503, 504), only
//! that is repeated whose second time does no more than the first. The clients add to that what they can find out:
//!
//! | request | after a lost answer |
//! |---|---|
//! | read, list, watch, any dry run | repeated |
//! | server-side apply | repeated: the same manager setting the same fields again changes nothing |
//! | create | repeated; if the name is taken then, it is ours if we are its manager and it is no older than the request. With `generateName` not repeated |
//! | replace, merge patch | repeated; if the version has moved on then, it is ours if the object shows what was written |
//! | JSON patch | not repeated |
//! | delete of one uid | repeated; the object being away then is success |
//! | delete of a name | not repeated: by then the name may be another object's |

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

/// The first pause before a repetition; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest pause that we choose ourselves.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// How many requests were sent, by what they ask. A repeated request counts each time.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct RequestCounts {
    /// Of discovery and the server's version.
    pub discovery: u64,
    /// Reads of one object.
    pub get: u64,
    /// Reads of a page of many.
    pub list: u64,
    /// Watches begun.
    pub watch: u64,
    /// Server-side applies that store.
    pub apply: u64,
    /// Writes of any kind that store nothing.
    pub dry_run: u64,
    /// Creations.
    pub create: u64,
    /// Replacements.
    pub replace: u64,
    /// Patches other than applies.
    pub patch: u64,
    /// Deletions.
    pub delete: u64,
    /// How many of all these were repetitions.
    pub repeated: u64,
}

impl RequestCounts {
    /// All requests.
    pub const fn total(&self) -> u64 {
        self.discovery
            + self.get
            + self.list
            + self.watch
            + self.apply
            + self.dry_run
            + self.create
            + self.replace
            + self.patch
            + self.delete
    }
}

/// What a request asks, as it is counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Asks {
    Discovery,
    Get,
    List,
    Watch,
    Apply,
    DryRun,
    Create,
    Replace,
    Patch,
    Delete,
}

/// The counters of a cluster.
#[derive(Default)]
pub(super) struct Counters {
    by_kind: [AtomicU64; 10],
    repeated: AtomicU64,
}

impl Counters {
    pub(super) fn count(&self, asks: Asks, is_repetition: bool) {
        if let Some(counter) = self.by_kind.get(asks as usize) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        if is_repetition {
            self.repeated.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn read(&self) -> RequestCounts {
        let [
            discovery,
            get,
            list,
            watch,
            apply,
            dry_run,
            create,
            replace,
            patch,
            delete,
        ] = self
            .by_kind
            .each_ref()
            .map(|counter| counter.load(Ordering::Relaxed));
        RequestCounts {
            discovery,
            get,
            list,
            watch,
            apply,
            dry_run,
            create,
            replace,
            patch,
            delete,
            repeated: self.repeated.load(Ordering::Relaxed),
        }
    }
}

/// Whether a request may be repeated that may have been carried out already.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Repeat {
    /// The second time does no more than the first.
    Always,
    /// Only if the first was surely not carried out.
    IfUntouched,
}

/// The pauses before repetitions.
pub(super) struct Pauses {
    /// The state of a small generator; the pauses need not be secret, only different for different clients.
    jitter: AtomicU64,
}

impl Pauses {
    pub(super) fn new() -> Self {
        Self {
            jitter: AtomicU64::new(RandomState::new().hash_one(FIRST_PAUSE)),
        }
    }

    /// The pause before repetition `number`, counted from zero, somewhere between the half and the whole of what
    /// doubling gives; what the server wants comes first, and is exceeded by up to a quarter, so that clients that were
    /// sent away together do not come back together.
    pub(super) fn before(&self, number: u32, wanted: Option<Duration>) -> Duration {
        let share = self.share();
        match wanted {
            Some(wanted) => wanted + wanted.mul_f64(share / 4.0),
            None => FIRST_PAUSE
                .saturating_mul(1 << number.min(10))
                .min(LONGEST_PAUSE)
                .mul_f64(0.5 + share / 2.0),
        }
    }

    /// A number from 0 up to 1, by SplitMix64.
    fn share(&self) -> f64 {
        const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
        let state = self.jitter.fetch_add(GAMMA, Ordering::Relaxed);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        // 32 bits are exact in a float of 64.
        f64::from((mixed >> 32) as u32) / f64::from(u32::MAX)
    }
}

/// How many requests go at a time: fewer when the server says that it is too much, and slowly more again.
pub(super) struct Gate {
    permits: Semaphore,
    most: usize,
    now: AtomicUsize,
    /// Answers since the last change.
    answers: AtomicUsize,
}

impl Gate {
    pub(super) fn new(most: usize) -> Self {
        let most = most.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            permits: Semaphore::new(most),
            most,
            now: AtomicUsize::new(most),
            answers: AtomicUsize::new(0),
        }
    }

    /// Waits for a turn.
    pub(super) async fn pass(&self) -> Option<SemaphorePermit<'_>> {
        self.permits.acquire().await.ok()
    }

    /// The server sent the request of `permit` away: one fewer from here on.
    pub(super) fn sent_away(&self, permit: SemaphorePermit<'_>) {
        let fewer = |now: usize| (now > 1).then(|| now - 1);
        let changed = self
            .now
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer);
        self.answers.store(0, Ordering::Relaxed);
        if changed.is_ok() {
            permit.forget();
        }
    }

    /// The server answered. After as many answers as go at a time, one more may go.
    pub(super) fn answered(&self) {
        let now = self.now.load(Ordering::Relaxed);
        if now >= self.most || self.answers.fetch_add(1, Ordering::Relaxed) < now {
            return;
        }
        self.answers.store(0, Ordering::Relaxed);
        let most = self.most;
        let more = |now: usize| (now < most).then(|| now + 1);
        if self
            .now
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .is_ok()
        {
            self.permits.add_permits(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let pauses = Pauses::new();
        for (number, longest) in [(0, 200), (1, 400), (5, 6400), (9, 8000), (4000, 8000)] {
            let pause = pauses.before(number, None);
            let longest = Duration::from_millis(longest);
            assert!(
                pause >= longest / 2 && pause <= longest,
                "{number}: {pause:?}"
            );
        }
    }

    #[test]
    fn the_server_is_never_asked_sooner_than_it_wants() {
        let pauses = Pauses::new();
        let wanted = Duration::from_secs(20);
        for _ in 0..100 {
            let pause = pauses.before(0, Some(wanted));
            assert!(pause >= wanted && pause <= wanted + wanted / 4, "{pause:?}");
        }
    }

    #[tokio::test]
    async fn fewer_requests_go_after_refusals_and_more_after_answers() {
        let gate = Gate::new(4);
        for _ in 0..10 {
            let permit = gate.pass().await.unwrap();
            gate.sent_away(permit);
        }
        assert_eq!(gate.permits.available_permits(), 1);
        for _ in 0..30 {
            gate.answered();
        }
        assert_eq!(gate.permits.available_permits(), 4);
    }

    #[test]
    fn each_kind_of_request_has_its_counter() {
        let counters = Counters::default();
        counters.count(Asks::Discovery, false);
        counters.count(Asks::Delete, true);
        let counts = counters.read();
        assert_eq!(
            (counts.discovery, counts.delete, counts.repeated),
            (1, 1, 1)
        );
        assert_eq!(counts.total(), 2);
    }
}
