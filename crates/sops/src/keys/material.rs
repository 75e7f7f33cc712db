//! Where private keys rest.

use std::ops::Range;
use std::sync::Arc;

use secret::{LockedBytes, MapError};

/// The bytes of one private key inside locked memory.
///
/// The keys of one file share a mapping: locked memory is counted in pages and scarce (64 KiB in many containers).
#[derive(Clone)]
pub(super) struct Material {
    page: Arc<LockedBytes>,
    range: Range<usize>,
}

impl Material {
    /// Moves one key into locked memory and wipes `source`.
    pub(super) fn take(source: &mut [u8]) -> Result<Self, MapError> {
        let range = 0..source.len();
        Ok(Self {
            page: Arc::new(LockedBytes::take(source)?),
            range,
        })
    }

    /// The part of `page` at `range`, which must lie inside it.
    pub(super) fn part(page: &Arc<LockedBytes>, range: Range<usize>) -> Self {
        debug_assert!(range.end <= page.len(), "a part lies inside its page");
        Self {
            page: Arc::clone(page),
            range,
        }
    }

    /// The key.
    pub(super) fn expose(&self) -> &[u8] {
        self.page
            .expose()
            .get(self.range.clone())
            .unwrap_or_default()
    }
}
