//! Waiting until objects are healthy, hooks complete, and deleted objects gone.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::super::client::Cluster;
use super::super::error::ApiError;
use super::super::health::{self, Health, Status};
use super::super::object::{Address, ObjectKey};
use super::super::outcome::ObjectError;
use super::super::plan;
use super::super::progress::{Pending, Progress, Purpose, SyncEvent};
use super::super::wait::{Verdict, Waited};

/// An object that is waited for.
pub(super) struct Awaited<'a> {
    pub(super) key: ObjectKey,
    pub(super) address: Address<'a>,
    pub(super) is_hook: bool,
    /// The object as it is known.
    pub(super) live: Option<Value>,
}

/// What became of an object that was waited for.
pub(super) struct Settled {
    /// Its health, where its kind has any; or why it will never be well.
    pub(super) result: Result<Option<Health>, ObjectError>,
    /// The object as it was last seen.
    pub(super) live: Option<Value>,
}

/// Waits until each object is healthy or failed, each hook complete or failed. One that failed does not end the wait for
/// the others.
///
/// # Errors
///
/// When the objects cannot be read.
pub(super) async fn settled(
    cluster: &Cluster,
    awaited: &[Awaited<'_>],
    limit: Duration,
    progress: &dyn Progress,
) -> Result<Vec<Settled>, ApiError> {
    let mut settled: Vec<Option<Settled>> = Vec::new();
    let mut seen: Vec<Option<Value>> = Vec::new();
    for object in awaited {
        settled.push(
            object
                .live
                .as_ref()
                .and_then(|live| judge(object.is_hook, live))
                .map(|result| Settled {
                    result,
                    live: object.live.clone(),
                }),
        );
        seen.push(object.live.clone());
    }
    // What is well already is not looked at again.
    let open: Vec<usize> = (0..awaited.len())
        .filter(|index| settled[*index].is_none())
        .collect();
    if open.is_empty() {
        return Ok(settled.into_iter().flatten().collect());
    }
    let mut news = News::new(progress, awaited, &open);
    let addresses: Vec<Address<'_>> = open.iter().map(|index| awaited[*index].address).collect();
    let waited = cluster
        .until(&addresses, Instant::now() + limit, |place, object| {
            let index = open[place];
            let Some(live) = object else {
                settled[index] = Some(Settled {
                    result: Err(ObjectError::Vanished),
                    live: None,
                });
                news.tell(place, None, true);
                return Verdict::Met;
            };
            let result = judge(awaited[index].is_hook, live);
            news.tell(place, health::assess(live), result.is_some());
            seen[index] = Some(live.clone());
            match result {
                Some(result) => {
                    settled[index] = Some(Settled {
                        result,
                        live: Some(live.clone()),
                    });
                    Verdict::Met
                }
                None => Verdict::Pending,
            }
        })
        .await?;
    debug_assert!(!matches!(waited, Waited::Aborted(_)));
    Ok(settled
        .into_iter()
        .zip(seen)
        .map(|(settled, seen)| {
            settled.unwrap_or_else(|| Settled {
                result: Err(ObjectError::Timeout {
                    after: limit,
                    health: seen.as_ref().and_then(health::assess),
                }),
                live: seen,
            })
        })
        .collect())
}

/// Waits until each object is gone, or another one of its name is there. Gives the places of those that are still there.
///
/// # Errors
///
/// When the objects cannot be read.
pub(super) async fn gone(
    cluster: &Cluster,
    awaited: &[Awaited<'_>],
    limit: Duration,
    progress: &dyn Progress,
) -> Result<Vec<usize>, ApiError> {
    let all: Vec<usize> = (0..awaited.len()).collect();
    let deadline = Instant::now() + limit;
    match gone_of(cluster, awaited, &all, deadline, progress).await {
        // A kind that is gone, with its definition, took its objects with it, and only them: each kind is asked for alone.
        Err(ApiError::UnknownKind | ApiError::NotFound) => {
            let kind = |index: &usize| &awaited[*index].key.group_kind;
            let mut kinds: Vec<_> = all.iter().map(kind).collect();
            kinds.sort();
            kinds.dedup();
            let mut still_there = Vec::new();
            for one in kinds {
                let of_kind: Vec<usize> = all
                    .iter()
                    .copied()
                    .filter(|index| kind(index) == one)
                    .collect();
                match gone_of(cluster, awaited, &of_kind, deadline, progress).await {
                    Ok(indexes) => still_there.extend(indexes),
                    Err(ApiError::UnknownKind | ApiError::NotFound) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(still_there)
        }
        result => result,
    }
}

/// Waits until those of `awaited` that `open` names are gone.
async fn gone_of(
    cluster: &Cluster,
    awaited: &[Awaited<'_>],
    open: &[usize],
    deadline: Instant,
    progress: &dyn Progress,
) -> Result<Vec<usize>, ApiError> {
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let addresses: Vec<Address<'_>> = open.iter().map(|index| awaited[*index].address).collect();
    let mut news = News::new(progress, awaited, open);
    news.purpose = Purpose::Deletion;
    let waited = cluster
        .until(&addresses, deadline, |place, object| {
            let before = awaited[open[place]].live.as_ref().and_then(plan::uid);
            let is_there = object.is_some_and(|object| plan::uid(object) == before);
            news.tell(place, object.and_then(health::assess), !is_there);
            if is_there {
                Verdict::Pending
            } else {
                Verdict::Met
            }
        })
        .await?;
    Ok(match waited {
        Waited::Met | Waited::Aborted(_) => Vec::new(),
        Waited::TimedOut(places) => places.into_iter().map(|place| open[place]).collect(),
    })
}

/// What a live object says of itself; none while it is on its way (gitops-engine: `Sync` and `getOperationPhase` of
/// `pkg/sync/sync_context.go`). Objects wait until they are healthy and fail only when they degrade; a hook also fails when
/// nothing can be told of it.
fn judge(is_hook: bool, live: &Value) -> Option<Result<Option<Health>, ObjectError>> {
    let Some(health) = health::assess(live) else {
        return Some(Ok(None));
    };
    match (health.status, is_hook) {
        (Status::Healthy, _) | (Status::Missing, true) => Some(Ok(Some(health))),
        (Status::Degraded, _) | (Status::Unknown, true) => {
            Some(Err(ObjectError::Unhealthy(health)))
        }
        (Status::Suspended | Status::Progressing, _)
        | (Status::Missing | Status::Unknown, false) => None,
    }
}

/// Tells who is not there yet, when that changes.
struct News<'a> {
    progress: &'a dyn Progress,
    purpose: Purpose,
    pending: Vec<Option<Pending>>,
}

impl<'a> News<'a> {
    fn new(progress: &'a dyn Progress, awaited: &[Awaited<'_>], open: &[usize]) -> Self {
        let is_hook = open.iter().any(|index| awaited[*index].is_hook);
        Self {
            progress,
            purpose: if is_hook {
                Purpose::Completion
            } else {
                Purpose::Health
            },
            pending: open
                .iter()
                .map(|index| {
                    Some(Pending {
                        key: awaited[*index].key.clone(),
                        health: awaited[*index].live.as_ref().and_then(health::assess),
                    })
                })
                .collect(),
        }
    }

    fn tell(&mut self, place: usize, health: Option<Health>, is_met: bool) {
        let Some(pending) = &mut self.pending[place] else {
            return;
        };
        if !is_met && pending.health == health {
            return;
        }
        if is_met {
            self.pending[place] = None;
        } else {
            pending.health = health;
        }
        let pending: Vec<Pending> = self.pending.iter().flatten().cloned().collect();
        self.progress.report(SyncEvent::Waiting {
            purpose: self.purpose,
            pending: &pending,
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_is_waited_for_until_it_is_healthy_or_degraded() {
        let job = |conditions: Value| {
            json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a"},
                "status": {"conditions": conditions}})
        };
        let running = job(json!([]));
        let complete = job(json!([{"type": "Complete", "status": "True"}]));
        let failed = job(json!([{"type": "Failed", "status": "True"}]));
        for is_hook in [false, true] {
            assert!(judge(is_hook, &running).is_none());
            assert!(matches!(judge(is_hook, &complete), Some(Ok(Some(_)))));
            assert!(matches!(
                judge(is_hook, &failed),
                Some(Err(ObjectError::Unhealthy(_)))
            ));
            let without =
                json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}});
            assert!(matches!(judge(is_hook, &without), Some(Ok(None))));
        }
    }
}
