//! Work on many items that do not depend on each other, on all processors.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// What a second thread is worth its start for: about as much as this many bytes of YAML to read or write.
const WORTHWHILE: usize = 64 * 1024;

/// The results of `work` on every item, in the order of the items.
///
/// `weight` says about how many bytes an item stands for. Where all weigh little, or there is one item only, this thread
/// does the work alone.
pub fn map<T: Sync, R: Send>(
    items: &[T],
    weight: impl Fn(&T) -> usize,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let total = items.iter().map(weight).fold(0, usize::saturating_add);
    let threads = if total < 2 * WORTHWHILE {
        1
    } else {
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        processors.min(total / WORTHWHILE).min(items.len())
    };
    if threads < 2 {
        return items.iter().map(work).collect();
    }
    let results: Vec<Mutex<Option<R>>> = items.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    let take_turns = || {
        loop {
            let turn = next.fetch_add(1, Ordering::Relaxed);
            let (Some(item), Some(place)) = (items.get(turn), results.get(turn)) else {
                return;
            };
            let result = work(item);
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(take_turns);
        }
        take_turns();
    });
    // A thread that panicked made the scope panic, so every place is filled.
    results
        .into_iter()
        .filter_map(|place| place.into_inner().unwrap_or_else(PoisonError::into_inner))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        for weight in [0, WORTHWHILE] {
            for count in [0, 1, 2, 1000] {
                let items: Vec<usize> = (0..count).collect();
                let doubled = map(&items, |_| weight, |item| 2 * item);
                assert!(doubled.iter().copied().eq((0..count).map(|item| 2 * item)));
            }
        }
    }

    #[test]
    fn heavy_items_are_shared_among_threads() {
        if thread::available_parallelism().is_ok_and(|processors| processors.get() > 1) {
            // Neither item is done before the other was begun.
            let barrier = Barrier::new(2);
            let begin = |_: &()| {
                barrier.wait();
                thread::current().id()
            };
            let threads: HashSet<_> = map(&[(), ()], |()| WORTHWHILE, begin).into_iter().collect();
            assert_eq!(threads.len(), 2);
        }
        let alone = map(&[(), ()], |()| 1, |()| thread::current().id());
        assert!(alone.iter().all(|thread| *thread == thread::current().id()));
    }
}
