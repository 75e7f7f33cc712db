//! One object, from what it is to what is wanted.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::super::client::{
    ApplyOptions, Cluster, Conflicts, DeleteOptions, Deletion, Propagation, Run, WriteOptions,
    Written,
};
use super::super::compare::Difference;
use super::super::discovery::ApiResource;
use super::super::error::ApiError;
use super::super::migration;
use super::super::object::{Address, GroupKind};
use super::super::options;
use super::super::outcome::{Message, ObjectError};
use super::super::ownership::Ownership;
use super::super::plan::{self, Item};
use super::super::request::{Force, SyncRequest};
use super::super::target::{self, Target};
use super::super::wait::{Verdict, Waited};

/// How often a write is tried that others are faster than.
const ATTEMPTS: usize = 5;

/// What became of an object.
pub(super) struct Done {
    pub(super) message: Message,
    /// The object as it is now.
    pub(super) live: Option<Value>,
    /// Whether anything was written.
    pub(super) wrote: bool,
}

/// Where requests about `target` go, whose kind may have come with this sync.
pub(super) fn address<'a>(target: &'a Target, resource: &'a ApiResource) -> Address<'a> {
    let address = Address::of(resource, &target.key);
    if target.is_opened {
        address.confidential()
    } else {
        address
    }
}

/// Writes a wanted object.
///
/// # Errors
///
/// Why it could not be written.
pub(super) async fn write(
    cluster: &Cluster,
    request: &SyncRequest<'_>,
    item: &Item,
    target: &Target,
    resource: &ApiResource,
) -> Result<Done, ObjectError> {
    if !item.is_written {
        return Ok(Done {
            message: Message::Unchanged,
            live: item.live.clone(),
            wrote: false,
        });
    }
    let address = address(target, resource);
    let may_recreate = target.options.force || request.force == Force::Recreate;
    let is_kept = target::is_namespace(&target.key) || target::is_definition(&target.key);
    if let (Difference::Recreated, Some(live), false) = (&item.difference, &item.live, is_kept) {
        return recreate(cluster, request, target, address, live).await;
    }
    if target.options.replace {
        return replace(cluster, request, item, target, address, may_recreate).await;
    }
    if let Some(live) = &item.live
        && item.former.has_fields(live)
    {
        migration::migrate(cluster, address, live, item.former)
            .await
            .map_err(ObjectError::Apply)?;
    }
    let options = apply_options(target, item.conflicts);
    match cluster.apply(address, &target.object, options).await {
        Ok(written) => Ok(done(written, item.live.is_none())),
        Err(ApiError::Immutable { fields }) if may_recreate && !is_kept => match &item.live {
            Some(live) => recreate(cluster, request, target, address, live).await,
            None => Err(ObjectError::Apply(ApiError::Immutable { fields })),
        },
        Err(error) => Err(ObjectError::Apply(error)),
    }
}

/// Applies an object that there is nothing more to say of, as a hook's.
///
/// # Errors
///
/// Why it could not be applied.
pub(super) async fn apply_plainly(
    cluster: &Cluster,
    target: &Target,
    resource: &ApiResource,
) -> Result<Done, ObjectError> {
    cluster
        .apply(
            address(target, resource),
            &target.object,
            apply_options(target, Conflicts::Force),
        )
        .await
        .map(|written| done(written, false))
        .map_err(ObjectError::Apply)
}

/// Replaces an object as a whole. Definitions and namespaces are never deleted for it, and nothing else is unless that is
/// allowed: all that depends on them would go, too.
async fn replace(
    cluster: &Cluster,
    request: &SyncRequest<'_>,
    item: &Item,
    target: &Target,
    address: Address<'_>,
    may_recreate: bool,
) -> Result<Done, ObjectError> {
    let options = WriteOptions {
        run: Run::Real,
        validation: plan::validation(&target.options),
    };
    let is_kept = target::is_namespace(&target.key) || target::is_definition(&target.key);
    let mut live = item.live.clone();
    for attempt in 1.. {
        let Some(current) = live else {
            match cluster.create(address, &target.object, options).await {
                Ok(written) => return Ok(done(written, true)),
                Err(ApiError::AlreadyExists) if attempt < ATTEMPTS => {
                    live = cluster.get(address).await.map_err(ObjectError::Read)?;
                    continue;
                }
                Err(error) => return Err(ObjectError::Replace(error)),
            }
        };
        let object = plan::at_version_of(&target.object, &current);
        match cluster.replace(address, &object, options).await {
            Ok(written) => {
                return Ok(Done {
                    message: Message::Replaced,
                    live: Some(written.object),
                    wrote: true,
                });
            }
            Err(ApiError::Conflict | ApiError::NotFound) if attempt < ATTEMPTS => {
                live = cluster.get(address).await.map_err(ObjectError::Read)?;
            }
            Err(ApiError::Immutable { .. }) if may_recreate && !is_kept => {
                return recreate(cluster, request, target, address, &current).await;
            }
            Err(error) => return Err(ObjectError::Replace(error)),
        }
    }
    Err(ObjectError::Replace(ApiError::Conflict))
}

/// Deletes an object, waits until it is gone, and makes it anew. A kill in between leaves no object, which the next sync
/// makes.
async fn recreate(
    cluster: &Cluster,
    request: &SyncRequest<'_>,
    target: &Target,
    address: Address<'_>,
    live: &Value,
) -> Result<Done, ObjectError> {
    let options = DeleteOptions {
        propagation: Propagation::Foreground,
        uid: plan::uid(live),
        ..DeleteOptions::default()
    };
    match cluster.delete(address, options).await {
        Ok(Deletion::Absent | Deletion::Gone) | Err(ApiError::NotFound) => {}
        Ok(Deletion::Pending(_)) => {
            gone(cluster, address, plan::uid(live), request.timeouts.step).await?;
        }
        Err(error) => return Err(ObjectError::Delete(error)),
    }
    let written = cluster
        .apply(
            address,
            &target.object,
            apply_options(target, Conflicts::Refuse),
        )
        .await
        .map_err(ObjectError::Apply)?;
    Ok(Done {
        message: Message::Recreated,
        live: Some(written.object),
        wrote: true,
    })
}

/// Waits until the object with this uid is gone.
async fn gone(
    cluster: &Cluster,
    address: Address<'_>,
    uid: Option<&str>,
    limit: Duration,
) -> Result<(), ObjectError> {
    let waited = cluster
        .until(
            &[address],
            Instant::now() + limit,
            |_, object| match object {
                Some(object) if plan::uid(object) == uid => Verdict::Pending,
                _ => Verdict::Met,
            },
        )
        .await
        .map_err(ObjectError::Read)?;
    match waited {
        Waited::Met => Ok(()),
        Waited::Aborted(_) | Waited::TimedOut(_) => Err(ObjectError::StillThere { after: limit }),
    }
}

/// Whether the API server serves the kind; true also where that cannot be told.
async fn is_served(cluster: &Cluster, kind: &GroupKind) -> bool {
    let Ok(discovery) = cluster.refresh().await else {
        return true;
    };
    !discovery.is_complete(&kind.group) || discovery.resource(kind, None).is_some()
}

/// Deletes an object that is not wanted any more, if it is still the application's. True when it is gone.
///
/// # Errors
///
/// Why it could not be deleted.
pub(super) async fn prune(
    cluster: &Cluster,
    request: &SyncRequest<'_>,
    item: &Item,
) -> Result<bool, ObjectError> {
    let (Some(resource), Some(live)) = (&item.resource, &item.live) else {
        return Err(ObjectError::UnknownKind);
    };
    let mut address = Address::of(resource, &item.key);
    if item.history == super::super::view::History::Confidential {
        address = address.confidential();
    }
    let mut live = live.clone();
    for attempt in 1.. {
        if plan::is_leaving(&live) {
            return Ok(false);
        }
        let version = live
            .pointer("/metadata/resourceVersion")
            .and_then(Value::as_str);
        let deletion = DeleteOptions {
            propagation: propagation(request.options.prune_propagation),
            uid: plan::uid(&live),
            resource_version: version,
            ..DeleteOptions::default()
        };
        match cluster.delete(address, deletion).await {
            Ok(Deletion::Absent | Deletion::Gone) | Err(ApiError::NotFound) => return Ok(true),
            Ok(Deletion::Pending(_)) => return Ok(false),
            // Its definition went before it, and took it along.
            Err(ApiError::UnknownKind) if !is_served(cluster, &item.key.group_kind).await => {
                return Ok(true);
            }
            // It was changed since it was read: it may be another's by now.
            Err(ApiError::Precondition | ApiError::Conflict) if attempt < ATTEMPTS => {
                match cluster.get(address).await.map_err(ObjectError::Read)? {
                    None => return Ok(true),
                    Some(current) => {
                        let ownership = Ownership::of(&current, &item.key, &request.application);
                        match ownership {
                            Ownership::Ours => live = current,
                            Ownership::Foreign(owner) => {
                                return Err(ObjectError::Foreign(owner));
                            }
                            Ownership::Nobodys => return Ok(true),
                        }
                    }
                }
            }
            Err(error) => return Err(ObjectError::Delete(error)),
        }
    }
    Err(ObjectError::Delete(ApiError::Conflict))
}

const fn propagation(policy: options::Propagation) -> Propagation {
    match policy {
        options::Propagation::Foreground => Propagation::Foreground,
        options::Propagation::Background => Propagation::Background,
        options::Propagation::Orphan => Propagation::Orphan,
    }
}

const fn apply_options(target: &Target, conflicts: Conflicts) -> ApplyOptions {
    ApplyOptions {
        run: Run::Real,
        conflicts,
        validation: plan::validation(&target.options),
    }
}

fn done(written: Written, was_absent: bool) -> Done {
    Done {
        message: if written.created || was_absent {
            Message::Created
        } else {
            Message::Configured
        },
        live: Some(written.object),
        wrote: true,
    }
}
