//! The steps of a sync, one after another.

mod ending;
mod results;
mod settling;
mod step;
mod task;

use std::sync::Arc;

use super::super::client::Cluster;
use super::super::discovery::Discovery;
use super::super::health::{self, Health};
use super::super::hooks::{DeletePolicy, Phase};
use super::super::inventory::Entries;
use super::super::object::ObjectKey;
use super::super::order;
use super::super::outcome::{EndReason, ObjectResult};
use super::super::plan::{self, Plan};
use super::super::progress::{Progress, SyncEvent};
use super::super::request::{Extent, SyncRequest, Waiting};
use task::{State, Subject, Task};

/// A sync at work.
pub(super) struct Execution<'a> {
    cluster: &'a Cluster,
    request: &'a SyncRequest<'a>,
    progress: &'a dyn Progress,
    plan: &'a Plan,
    discovery: Arc<Discovery>,
    tasks: Vec<Task<'a>>,
    /// What became of the tasks, in the order in which they were taken up.
    results: Vec<ObjectResult>,
}

/// What a step came to.
struct Step {
    is_failed: bool,
    wrote: bool,
}

impl<'a> Execution<'a> {
    pub(super) fn new(
        cluster: &'a Cluster,
        request: &'a SyncRequest<'a>,
        progress: &'a dyn Progress,
        plan: &'a Plan,
    ) -> Self {
        let items = plan.items.iter().map(|item| Task {
            subject: Subject::Item(item),
            phase: Phase::Sync,
            wave: 0,
            resource: item.resource.clone(),
            live: item.live.clone(),
            state: State::Pending,
            result: None,
        });
        let hooks = plan.hooks.iter().map(|hook| Task {
            subject: Subject::Hook(hook),
            phase: hook.hook.phase,
            wave: 0,
            resource: hook.hook.target.resource.clone(),
            live: hook.live.clone(),
            state: State::Pending,
            result: None,
        });
        Self {
            tasks: items.chain(hooks).collect(),
            discovery: Arc::clone(&plan.discovery),
            results: Vec::new(),
            cluster,
            request,
            progress,
            plan,
        }
    }

    /// Goes through all steps.
    pub(super) async fn run(&mut self) -> EndReason {
        if let Err(error) = self.terminate_leftovers().await {
            return error;
        }
        let steps = self.steps();
        // Whether there is more than one step decides whether objects are waited for, also where the others are for
        // failures only (gitops-engine: multiStep).
        let is_multi_step = steps.len() > 1;
        let (failing, regular): (Vec<_>, Vec<_>) = steps
            .into_iter()
            .partition(|step| step.phase == Phase::SyncFail);
        let failing: Vec<usize> = failing.into_iter().flat_map(|step| step.items).collect();
        for (number, step) in regular.iter().enumerate() {
            let is_last = number + 1 == regular.len();
            self.progress.report(SyncEvent::Step {
                phase: step.phase,
                wave: step.wave,
                objects: step.items.len(),
            });
            let done = self.step(&step.items).await;
            if done.is_failed {
                return self.fail(EndReason::ApplyFailed, &failing).await;
            }
            let has_hooks = step
                .items
                .iter()
                .any(|task| self.tasks[*task].subject.is_hook());
            let waits_to_the_end = self.request.waiting == Waiting::ToTheEnd;
            // Objects of the last step are left to themselves, unless a hook is among them; but what was pruned is
            // waited for, since nobody looks after it later.
            if is_last && !has_hooks && !waits_to_the_end {
                if !self.leave(&step.items).await {
                    return self.fail(EndReason::TaskFailed, &failing).await;
                }
                break;
            }
            if !is_last && done.wrote && !self.request.timeouts.wave_delay.is_zero() {
                tokio::time::sleep(self.request.timeouts.wave_delay).await;
            }
            self.settle(&step.items, is_multi_step || waits_to_the_end)
                .await;
            if self.has_failed(&step.items) {
                return self.fail(EndReason::TaskFailed, &failing).await;
            }
        }
        self.delete_hooks(DeletePolicy::HookSucceeded).await;
        EndReason::Done
    }

    /// What an inventory has to name after the last change: what is there, and what may be.
    pub(super) fn entries_after(&self) -> Entries {
        let mut entries = Entries::new();
        if let Extent::Only(_) = self.request.extent {
            let about = |key: &ObjectKey| self.request.extent.contains(key);
            let others = self.plan.inventory.entries.iter();
            entries.extend(
                others
                    .filter(|(key, _)| !about(key))
                    .map(|(key, entry)| (key.clone(), *entry)),
            );
        }
        for key in &self.plan.unknown {
            if let Some(entry) = self.plan.inventory.entries.get(key) {
                entries.insert(key.clone(), *entry);
            }
        }
        for task in &self.tasks {
            let Subject::Item(item) = task.subject else {
                continue;
            };
            let is_there = task.live.is_some();
            // A write that failed may have been made all the same.
            let may_be_there = item.target.is_some() && task.state == State::Failed;
            if is_there || may_be_there {
                let entry = plan::entry(item.target.as_ref(), item.history);
                entries.insert(item.key.clone(), entry);
            }
        }
        entries
    }

    /// The worst health of the wanted objects.
    pub(super) fn health(&self) -> Option<Health> {
        self.tasks
            .iter()
            .filter(|task| matches!(task.subject, Subject::Item(item) if item.target.is_some()))
            .filter_map(|task| task.live.as_ref())
            .filter(|live| !health::is_ignored(live))
            .filter_map(health::assess)
            .max_by_key(|health| health.status)
    }

    pub(super) fn into_results(self) -> Vec<ObjectResult> {
        self.results
    }

    fn steps(&mut self) -> Vec<order::Step> {
        let items: Vec<order::Item<'_>> = self
            .tasks
            .iter()
            .map(|task| order::Item {
                phase: task.phase,
                target: task.subject.target().map(|target| &target.object),
                live: task.live.as_ref(),
            })
            .collect();
        let ordering = order::Ordering {
            prune_last: self.request.options.prune_last,
            namespace: &self.request.namespace,
        };
        let steps = order::steps(&items, ordering);
        for step in &steps {
            for &task in &step.items {
                self.tasks[task].phase = step.phase;
                self.tasks[task].wave = step.wave;
            }
        }
        steps
    }

    /// Ends an operation that failed: runs the hooks that are there for it, and deletes those that go with a failure.
    async fn fail(&mut self, reason: EndReason, failing: &[usize]) -> EndReason {
        // Hooks that run beside what failed are waited for, so that they are not left with their finalizer.
        let running: Vec<usize> = (0..self.tasks.len())
            .filter(|task| {
                self.tasks[*task].subject.is_hook() && self.tasks[*task].state == State::Running
            })
            .collect();
        if !running.is_empty() {
            self.settle(&running, false).await;
        }
        if !failing.is_empty() {
            self.progress.report(SyncEvent::Step {
                phase: Phase::SyncFail,
                wave: 0,
                objects: failing.len(),
            });
            self.step(failing).await;
            self.settle(failing, false).await;
        }
        self.delete_hooks(DeletePolicy::HookFailed).await;
        reason
    }
}
