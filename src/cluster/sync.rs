//! From what is there to what is wanted.
//!
//! # The way of a sync
//!
//! 1. What is wanted and what is there is read ([`plan::survey`]). If another sync has its mark in the inventory, it is
//!    watched for a sign of life.
//! 2. A namespace that `CreateNamespace` asks for is made.
//! 3. It is decided what becomes of each object, with a dry run of all that may change ([`plan::decide`]). One refusal, and
//!    nothing is changed.
//! 4. The inventory is written with all that was in it and all that is wanted, and the lease is taken.
//! 5. Phases, waves and kinds are gone through in order, as in gitops-engine: `pkg/sync/sync_context.go`.
//! 6. The inventory is written with what is there, and the lease is given back.
//!
//! # What a kill leaves behind
//!
//! | killed | left behind | the next sync |
//! |---|---|---|
//! | in 1 or 3 | nothing | begins anew |
//! | after 2 | an empty namespace, which is nobody's | finds it there |
//! | after 4 | an inventory with names of objects that are not there, and a mark | takes the mark over when it is not renewed; a name without an object is dropped |
//! | in 5, between objects | some objects as wanted, some as they were | finds the first ones unchanged and goes on with the others; what was made is in the inventory since 4, and marked, so that it is pruned if it is not wanted any more |
//! | in 5, between deletion and creation of one object | no such object | makes it |
//! | in 5, while a hook runs | a hook with its finalizer | takes the finalizer off and deletes the hook, as Argo CD does when an operation is terminated; then the hook runs again |
//! | in 5, while something is pruned | an object that is there, or on its way out | prunes what is there; all of it is in the inventory until it is gone |
//! | before 6 | an inventory that is too long | cuts it |
//!
//! An object is written by one request, which is made or not. Nothing is deleted without the object's own word that it is
//! this application's, at the version at which it said so.
//!
//! # What is not as in Argo CD
//!
//! Applying:
//!
//! * Objects are always applied on the server's side. `ServerSideApply=false` asks for three-way merges with the annotation
//!   of `kubectl apply`, which would spell out Secrets; it is accepted and does nothing.
//! * `stringData` of a Secret is sent as `data`: left to the server, its keys would belong to nobody and stay for ever.
//! * Fields of others are taken only in objects that are the application's already; Argo CD forces its way always. A field
//!   that is taken out of the source and has another owner stays, as server-side apply has it; that is no difference.
//! * Fields of `kubectl apply` become lockstep's before the first apply, as in Argo CD, but the record is rewritten, and
//!   nothing is applied for it. The fields of Argo CD, Flux, Helm and `kubectl apply --server-side` do so when an object is
//!   taken over. The annotation `client-side-apply-migration-manager` of an Application is not read.
//! * `Validate=false`: server-side apply refuses fields that a kind does not have whatever is asked of it, and so does
//!   Argo CD with `ServerSideApply=true`. They are dropped before they are sent, which is what the server does with them
//!   for everybody else.
//! * `Force=true` makes an object anew only when it cannot be changed: the server calls a field immutable, or the object
//!   invalid while it takes it under another name. Argo CD's kubectl finds out whether the new one is taken when the old
//!   one is gone, and tries to bring that back.
//! * An object of another application is refused, unless adoption is asked for.
//!
//! Before the first change:
//!
//! * The dry run is the server's, which finds out what the client's cannot. A kind that is neither served nor defined by
//!   the source is an error of its object, also there; with `SkipDryRunOnMissingResource=true` the kind may come with
//!   the sync.
//! * The destination namespace has to exist, or `CreateNamespace` or a manifest makes it: the inventory is kept in it.
//!   The namespace of `CreateNamespace` has no mark and is never pruned, as in Argo CD; nor has it the annotation that
//!   Argo CD puts on one with `managedNamespaceMetadata`, to apply it on the server's side.
//!
//! Pruning:
//!
//! * An object that wants a confirmation (`Prune=confirm`) which was not given is kept and reported; Argo CD's operation
//!   waits for it. It is given with the request: the annotation `deletion-approved` counts from an operation's start, and
//!   nobody can set it on a file while a command runs.
//! * A namespace with wanted objects in it is not pruned, nor a definition whose kind is wanted: Argo CD deletes the wanted
//!   objects with them.
//! * What was pruned in the last step is waited for as well: nobody looks after it when the sync has ended. What is still
//!   there after a time is `SyncFailed`, not `Pruned`.
//! * A wanted object that is being deleted is as wanted, as in Argo CD; but no controller makes it again, so that a warning
//!   tells of it.
//!
//! Waiting:
//!
//! * Between two steps the pause is left out when the first one changed nothing, since there is nothing to see for
//!   controllers.
//! * Hooks that run beside something that failed are waited for before the operation ends, so that none is left with its
//!   finalizer.
//! * A wait ends with an error after a time.

mod apply;
mod hooks;
mod namespace;
mod run;
mod wait;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::client::Cluster;
use super::compare::{CompareError, Difference};
use super::hooks::Phase;
use super::inventory::{self, InventoryError, Lease, Place};
use super::outcome::{
    EndReason, Message, ObjectError, ObjectResult, OperationPhase, Outcome, ResultCode, Warning,
};
use super::plan::{self, Item, Plan};
use super::progress::{Progress, SyncEvent};
use super::request::{Mode, SyncRequest};
use run::Execution;

/// Why nothing could be brought in step. What became of single objects is never here but in the [`Outcome`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// It is not known what to do.
    #[error(transparent)]
    Compare(#[from] CompareError),
    /// The inventory cannot be written, so that nothing is changed.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
}

impl SyncError {
    /// The stable name of the reason.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Compare(error) => error.reason(),
            Self::Inventory(error) => error.reason(),
        }
    }
}

/// Brings the cluster in step with what is wanted.
///
/// # Guarantees
///
/// * Nothing is changed before all of it was tried, but for a namespace that was to be created.
/// * Only one sync of an application is at work at any time.
/// * Killed anywhere, it can be called again, and ends with what is wanted. How is told in the module's documentation.
///
/// # Errors
///
/// When it cannot be found out what to do, or the right to do it cannot be had. From the first change on, what fails is an
/// [`Outcome`], not an error: it tells what was changed.
pub async fn sync(
    cluster: &Cluster,
    request: &SyncRequest<'_>,
    progress: &dyn Progress,
) -> Result<Outcome, SyncError> {
    let begun = Instant::now();
    let started = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
        });
    progress.report(SyncEvent::Reading);
    let mut survey = plan::survey(cluster, request, started, None).await?;
    if request.mode == Mode::Apply
        && survey.inventory.is_marked()
        && let Some(place) = Place::of(request, &survey.discovery)
    {
        let inventory =
            inventory::wait_for_sign(cluster, &place, survey.inventory, progress).await?;
        // While it was waited for, the other one may have changed anything.
        survey = plan::survey(cluster, request, started, Some(inventory)).await?;
    }
    if request.mode == Mode::Apply
        && let Err(result) = namespace::ensure(cluster, request, &survey).await
    {
        progress.report(SyncEvent::Object(&result));
        return Ok(failed(
            EndReason::NamespaceFailed,
            vec![*result],
            Vec::new(),
            begun.elapsed(),
        ));
    }
    let plan = plan::decide(cluster, request, survey, progress).await?;
    progress.report(planned(&plan));
    if request.options.fail_on_shared_resource
        && plan
            .warnings
            .iter()
            .any(|warning| matches!(warning, Warning::Shared { .. }))
    {
        let results = plan.items.iter().filter_map(refusal).collect();
        return Ok(failed(
            EndReason::SharedResource,
            results,
            plan.warnings,
            begun.elapsed(),
        ));
    }
    let refused: Vec<ObjectResult> = plan
        .items
        .iter()
        .filter_map(refusal)
        .chain(plan.hooks.iter().filter_map(|hook| {
            let error = hook.refused.clone()?;
            let mut result = result_of(&hook.hook.target.key, &hook.hook.target.version);
            result.sync_phase = hook.hook.phase;
            result.is_hook = true;
            result.message = Message::Failed(error);
            Some(result)
        }))
        .collect();
    if !refused.is_empty() {
        for result in &refused {
            progress.report(SyncEvent::Object(result));
        }
        return Ok(failed(
            EndReason::DryRunFailed,
            refused,
            plan.warnings,
            begun.elapsed(),
        ));
    }
    if request.mode == Mode::DryRun {
        return Ok(foretold(plan, begun));
    }

    let before = plan.entries_before();
    let source = request.source.as_str();
    let is_written_down = plan.inventory.exists()
        && plan.inventory.entries == before
        && plan.inventory.check_source(source).is_ok();
    let lease = if plan.changes_anything() || plan.inventory.is_marked() || !is_written_down {
        match Place::of(request, &plan.discovery) {
            Some(place) => {
                Some(Lease::take(cluster, place, request, &plan.inventory, before).await?)
            }
            None => None,
        }
    } else {
        None
    };
    let mut execution = Execution::new(cluster, request, progress, &plan);
    let (mut end, mut lost) = match &lease {
        Some(lease) => tokio::select! {
            end = execution.run() => (end, None),
            lost = lease.keep() => (EndReason::InventoryNotKept, Some(lost)),
        },
        None => (execution.run().await, None),
    };
    let entries = execution.entries_after();
    let health = execution.health();
    let results = execution.into_results();
    if let (Some(lease), None) = (lease, &lost) {
        lost = lease.release(entries).await.err();
    }
    let mut warnings = plan.warnings;
    if let Some(cause) = lost {
        // What failed before is the reason still.
        if end == EndReason::Done {
            end = EndReason::InventoryNotKept;
        }
        warnings.push(Warning::InventoryNotKept { cause });
    }
    Ok(Outcome {
        phase: match end {
            EndReason::Done => OperationPhase::Succeeded,
            EndReason::InventoryNotKept => OperationPhase::Error,
            EndReason::DryRunFailed
            | EndReason::NamespaceFailed
            | EndReason::ApplyFailed
            | EndReason::TaskFailed
            | EndReason::SharedResource => OperationPhase::Failed,
        },
        reason: end,
        results,
        warnings,
        health,
        took: begun.elapsed(),
    })
}

fn planned(plan: &Plan) -> SyncEvent<'static> {
    let count = |is: fn(&Item) -> bool| plan.items.iter().filter(|item| is(item)).count();
    SyncEvent::Planned {
        changed: count(|item| item.is_written),
        unchanged: count(|item| item.target.is_some() && !item.is_written),
        pruned: count(|item| matches!(item.difference, Difference::Pruned)),
        hooks: plan.hooks.len(),
    }
}

fn failed(
    reason: EndReason,
    results: Vec<ObjectResult>,
    warnings: Vec<Warning>,
    took: Duration,
) -> Outcome {
    Outcome {
        phase: OperationPhase::Failed,
        reason,
        results,
        warnings,
        health: None,
        took,
    }
}

/// What would become of each object.
fn foretold(plan: Plan, begun: Instant) -> Outcome {
    let results = plan.items.iter().map(|item| {
        let mut result = result_of(&item.key, &item.version);
        result.phase = OperationPhase::Succeeded;
        (result.code, result.message) = match &item.difference {
            Difference::Created => (ResultCode::Synced, Message::Created),
            Difference::Recreated => (ResultCode::Synced, Message::Recreated),
            Difference::NotValidated => (ResultCode::Synced, Message::NotValidated),
            Difference::Changed | Difference::Unchanged if item.is_written => {
                (ResultCode::Synced, Message::Configured)
            }
            Difference::Changed | Difference::Unchanged => (ResultCode::Synced, Message::Unchanged),
            Difference::Pruned => (ResultCode::Pruned, Message::Pruned),
            Difference::Kept { why, .. } => (ResultCode::PruneSkipped, Message::Kept(*why)),
            Difference::Refused(error) => (ResultCode::SyncFailed, Message::Failed(error.clone())),
        };
        result
    });
    let hooks = plan.hooks.iter().map(|hook| {
        let mut result = result_of(&hook.hook.target.key, &hook.hook.target.version);
        result.sync_phase = hook.hook.phase;
        result.is_hook = true;
        result.code = ResultCode::Synced;
        result.phase = OperationPhase::Succeeded;
        result.message = Message::Created;
        result
    });
    Outcome {
        phase: OperationPhase::Succeeded,
        reason: EndReason::Done,
        results: results.chain(hooks).collect(),
        warnings: plan.warnings,
        health: None,
        took: begun.elapsed(),
    }
}

/// Why the plan refuses an object.
fn refusal(item: &Item) -> Option<ObjectResult> {
    let Difference::Refused(error) = &item.difference else {
        return None;
    };
    let mut result = result_of(&item.key, &item.version);
    result.message = Message::Failed(error.clone());
    Some(result)
}

/// A failure of which nothing more is known.
fn result_of(key: &super::object::ObjectKey, version: &str) -> ObjectResult {
    ObjectResult {
        key: key.clone(),
        version: version.to_owned(),
        sync_phase: Phase::Sync,
        wave: 0,
        is_hook: false,
        code: ResultCode::SyncFailed,
        phase: OperationPhase::Failed,
        message: Message::Failed(ObjectError::UnknownKind),
    }
}
