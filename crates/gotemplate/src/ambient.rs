//! The clock and randomness that a caller may grant to templates.

use std::time::Duration;

/// What is around a template. Without it, a template is a function of its data alone.
pub trait Ambient: Send + Sync {
    /// The time since the Unix epoch.
    fn now(&self) -> Duration;

    /// Fills the bytes with randomness fit for secrets.
    fn fill(&self, bytes: &mut [u8]);
}
