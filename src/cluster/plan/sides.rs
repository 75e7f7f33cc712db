//! The two sides of a comparison.

use serde_json::Value;

use crate::cluster::client::FIELD_MANAGER;
use crate::cluster::ignore::IgnoreWarning;
use crate::cluster::normalise;
use crate::cluster::ownership;
use crate::cluster::request::SyncRequest;

/// Both sides in the form in which they are compared: what the API server alone writes, what is ignored, and lockstep's own
/// marks are left out. And the rules that could not be used.
pub(in crate::cluster) fn compared(
    request: &SyncRequest<'_>,
    live: &Value,
    predicted: &Value,
) -> (Value, Value, Vec<IgnoreWarning>) {
    let mut live = live.clone();
    // What is not there yet was changed by nobody else.
    let mut predicted = if request.compare.include_mutation_webhook || live.is_null() {
        predicted.clone()
    } else {
        normalise::without_webhook_changes(predicted, &live, FIELD_MANAGER)
    };
    let failed = request.ignore.remove_from_both(&mut live, &mut predicted);
    ownership::unmark(&mut live);
    ownership::unmark(&mut predicted);
    let (live, predicted) = normalise::for_comparison(&live, &predicted);
    (live, predicted, failed)
}

/// Whether applying would change nothing at all, not even whose the fields are.
pub(super) fn is_same(live: &Value, predicted: &Value) -> bool {
    let plain = |object: &Value| {
        let mut object = object.clone();
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.shift_remove("resourceVersion");
            metadata.shift_remove("generation");
            if let Some(entries) = metadata
                .get_mut("managedFields")
                .and_then(Value::as_array_mut)
            {
                for entry in entries.iter_mut().filter_map(Value::as_object_mut) {
                    entry.shift_remove("time");
                }
                entries.sort_by_cached_key(Value::to_string);
            }
        }
        object
    };
    plain(live) == plain(predicted)
}
