//! The objects of hooks: their finalizer, and their end.

use serde_json::{Value, json};

use super::super::client::{Cluster, DeleteOptions, Deletion, Propagation, WriteOptions};
use super::super::error::ApiError;
use super::super::health::{self, Status};
use super::super::hooks::FINALIZER;
use super::super::object::Address;
use super::super::plan::{self, Leftover};

/// How often the finalizer is tried to be taken off while others change the object.
const ATTEMPTS: usize = 5;

/// Takes the finalizer off a hook. The hook as it is afterwards; none when it is gone.
///
/// # Errors
///
/// When the object cannot be changed.
pub(super) async fn release(
    cluster: &Cluster,
    address: Address<'_>,
    live: &Value,
) -> Result<Option<Value>, ApiError> {
    let mut current = live.clone();
    for attempt in 1.. {
        let Some(patch) = without_finalizer(&current) else {
            return Ok(Some(current));
        };
        match cluster
            .patch_merge(address, &patch, WriteOptions::default())
            .await
        {
            Ok(written) => return Ok(Some(written.object)),
            Err(ApiError::NotFound) => return Ok(None),
            Err(ApiError::Conflict) if attempt < ATTEMPTS => match cluster.get(address).await? {
                Some(object) => current = object,
                None => return Ok(None),
            },
            Err(error) => return Err(error),
        }
    }
    Err(ApiError::Conflict)
}

/// Deletes a hook. What is left of it; none when it is gone.
///
/// # Errors
///
/// When the object cannot be deleted.
pub(super) async fn delete(
    cluster: &Cluster,
    address: Address<'_>,
    live: &Value,
) -> Result<Option<Value>, ApiError> {
    let options = DeleteOptions {
        propagation: Propagation::Foreground,
        uid: plan::uid(live),
        ..DeleteOptions::default()
    };
    match cluster.delete(address, options).await {
        Ok(Deletion::Absent | Deletion::Gone)
        | Err(ApiError::NotFound | ApiError::Precondition) => Ok(None),
        Ok(Deletion::Pending(object)) => Ok(Some(object)),
        Err(error) => Err(error),
    }
}

/// Ends a hook whose sync was killed, as Argo CD ends those of an operation that is terminated: the finalizer goes, and a
/// hook that still runs is deleted.
///
/// # Errors
///
/// When the object cannot be changed or deleted.
pub(super) async fn terminate(cluster: &Cluster, leftover: &Leftover) -> Result<(), ApiError> {
    let address = Address::of(&leftover.resource, &leftover.key).confidential();
    let Some(live) = release(cluster, address, &leftover.live).await? else {
        return Ok(());
    };
    let is_running = health::assess(&live)
        .is_some_and(|health| matches!(health.status, Status::Progressing | Status::Suspended));
    if is_running {
        delete(cluster, address, &live).await?;
    }
    Ok(())
}

/// The merge patch that takes the finalizer off; none where there is none.
fn without_finalizer(live: &Value) -> Option<Value> {
    let finalizers = live.pointer("/metadata/finalizers")?.as_array()?;
    let others: Vec<&Value> = finalizers
        .iter()
        .filter(|finalizer| *finalizer != FINALIZER)
        .collect();
    if others.len() == finalizers.len() {
        return None;
    }
    let version = live.pointer("/metadata/resourceVersion");
    Some(json!({"metadata": {"resourceVersion": version, "finalizers": others}}))
}
