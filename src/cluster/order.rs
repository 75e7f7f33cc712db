//! The order in which objects are applied and pruned.
//!
//! gitops-engine: `pkg/sync/sync_tasks.go`, and `getSyncTasks` of `pkg/sync/sync_context.go`.

use serde_json::Value;

use crate::cluster::hooks::Phase;

/// One thing to do.
#[derive(Clone, Copy, Debug)]
pub struct Item<'o> {
    /// The phase to do it in; a hook with several phases is several items.
    pub phase: Phase,
    /// The object to apply; none where the live one is to be pruned.
    pub target: Option<&'o Value>,
    /// The live object, if there is one.
    pub live: Option<&'o Value>,
}

/// What an order depends on besides the items.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ordering<'a> {
    /// `PruneLast=true` for the whole application.
    pub prune_last: bool,
    /// The destination namespace: objects without one count as in it.
    pub namespace: &'a str,
}

/// Things that are done together, before the next step begins.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    /// The phase.
    pub phase: Phase,
    /// The wave within it.
    pub wave: i64,
    /// What to do, as places in the list of items, in order.
    pub items: Vec<usize>,
}

/// The steps that `items` are done in.
pub fn steps(items: &[Item<'_>], ordering: Ordering<'_>) -> Vec<Step> {
    let _ = (items, ordering);
    Vec::new()
}
