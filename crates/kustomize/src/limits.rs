//! How much of a text is read.

use goyaml::Limits;

/// Bounds for every text that is read: objects are walked by recursion, and no honest one is nested this deep. The real
/// program stops at 10,000 levels.
pub(crate) const LIMITS: Limits = Limits {
    depth: 500,
    expansion: 1_000_000,
    size: 64 << 20,
};
