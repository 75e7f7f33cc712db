//! One step: what is pruned, and what is applied, kind by kind.

use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt};
use serde_json::Value;

use super::super::apply::{self, Done};
use super::task::{State, Subject};
use super::{Execution, Step};
use crate::cluster::compare::Difference;
use crate::cluster::hooks::DeletePolicy;
use crate::cluster::object::Address;
use crate::cluster::outcome::{Message, ObjectError, OperationPhase, ResultCode};
use crate::cluster::target;
use crate::cluster::wait::Verdict;

/// The shortest and the longest pause between two questions whether a new kind is served.
const SERVED_PAUSE: (Duration, Duration) = (Duration::from_millis(25), Duration::from_secs(1));

impl<'a> Execution<'a> {
    /// Does all that is in one step: takes finalizers off hooks of former syncs, prunes, deletes those hooks, and applies
    /// kind by kind.
    pub(super) async fn step(&mut self, tasks: &[usize]) -> Step {
        let mut wrote = false;
        let old_hooks: Vec<usize> = tasks
            .iter()
            .copied()
            .filter(|task| self.tasks[*task].subject.is_hook() && self.tasks[*task].live.is_some())
            .collect();
        if !self.release_hooks(&old_hooks).await {
            return Step {
                is_failed: true,
                wrote,
            };
        }
        let (prunes, applies): (Vec<usize>, Vec<usize>) = tasks
            .iter()
            .copied()
            .partition(|task| self.tasks[*task].subject.target().is_none());
        if let Step {
            is_failed: true, ..
        } = self.prune(&prunes, &mut wrote).await
        {
            return Step {
                is_failed: true,
                wrote,
            };
        }
        let old_hooks: Vec<usize> = old_hooks
            .into_iter()
            .filter(|task| {
                let task = &self.tasks[*task];
                task.live.is_some() && task.subject.has_policy(DeletePolicy::BeforeHookCreation)
            })
            .collect();
        if !self.clear_hooks(&old_hooks).await {
            return Step {
                is_failed: true,
                wrote,
            };
        }
        let mut is_failed = false;
        for group in self.by_kind(&applies) {
            // As in Argo CD, the other kinds of the step are applied after a failure, too.
            is_failed |= self.apply(&group, &mut wrote).await;
        }
        Step { is_failed, wrote }
    }

    /// Neighbours of the same kind, which are applied at the same time.
    pub(super) fn by_kind(&self, tasks: &[usize]) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let kind = |task: usize| &self.tasks[task].subject.key().group_kind.kind;
        for &task in tasks {
            match groups.last_mut() {
                Some(group) if kind(group[0]) == kind(task) => group.push(task),
                _ => groups.push(vec![task]),
            }
        }
        groups
    }

    pub(super) async fn prune(&mut self, tasks: &[usize], wrote: &mut bool) -> Step {
        let mut is_failed = false;
        let mut pruned = Vec::new();
        for &task in tasks {
            let Subject::Item(item) = self.tasks[task].subject else {
                continue;
            };
            match &item.difference {
                Difference::Kept { why, .. } => {
                    self.tasks[task].state = State::Succeeded;
                    self.report(
                        task,
                        ResultCode::PruneSkipped,
                        OperationPhase::Succeeded,
                        Message::Kept(*why),
                    );
                }
                _ => pruned.push((task, item)),
            }
        }
        let (cluster, request) = (self.cluster, self.request);
        let mut prunes: FuturesUnordered<_> = pruned
            .into_iter()
            .map(|(task, item)| async move { (task, apply::prune(cluster, request, item).await) })
            .collect();
        while let Some((task, pruned)) = prunes.next().await {
            match pruned {
                Ok(is_gone) => {
                    *wrote = true;
                    if is_gone {
                        self.tasks[task].live = None;
                        self.tasks[task].state = State::Succeeded;
                    } else {
                        self.tasks[task].state = State::Leaving;
                    }
                    self.report(
                        task,
                        ResultCode::Pruned,
                        OperationPhase::Succeeded,
                        Message::Pruned,
                    );
                }
                Err(error) => {
                    is_failed = true;
                    self.fail_task(task, error);
                }
            }
        }
        Step {
            is_failed,
            wrote: *wrote,
        }
    }

    /// Applies objects of one kind. True when one of them failed.
    pub(super) async fn apply(&mut self, tasks: &[usize], wrote: &mut bool) -> bool {
        if tasks
            .iter()
            .any(|task| self.tasks[*task].resource.is_none())
        {
            self.resolve_kinds(tasks).await;
        }
        let mut is_failed = false;
        let mut applies = FuturesUnordered::new();
        for &task in tasks {
            let Some(resource) = self.tasks[task].resource.clone() else {
                is_failed = true;
                self.fail_task(task, ObjectError::UnknownKind);
                continue;
            };
            let subject = self.tasks[task].subject;
            let (cluster, request) = (self.cluster, self.request);
            applies.push(async move {
                let done = match subject {
                    Subject::Item(item) => match &item.target {
                        Some(target) => {
                            apply::write(cluster, request, item, target, &resource).await
                        }
                        None => Err(ObjectError::UnknownKind),
                    },
                    Subject::Hook(hook) => {
                        apply::apply_plainly(cluster, &hook.hook.target, &resource).await
                    }
                };
                (task, done)
            });
        }
        let mut defined = Vec::new();
        while let Some((task, done)) = applies.next().await {
            match done {
                Ok(Done {
                    message,
                    live,
                    wrote: has_written,
                }) => {
                    *wrote |= has_written;
                    if has_written && target::is_definition(self.tasks[task].subject.key()) {
                        defined.push(task);
                    }
                    self.tasks[task].live = live;
                    self.tasks[task].state = State::Running;
                    self.report(task, ResultCode::Synced, OperationPhase::Running, message);
                }
                Err(error) => {
                    is_failed = true;
                    self.fail_task(task, error);
                }
            }
        }
        drop(applies);
        if !defined.is_empty() {
            self.establish(&defined).await;
        }
        is_failed
    }

    /// Waits until the API server serves the kinds that were just defined. That it does not is no failure of the
    /// definition: the first object of the kind will tell.
    pub(super) async fn establish(&mut self, definitions: &[usize]) {
        let addresses: Vec<Address<'_>> = definitions
            .iter()
            .filter_map(|task| {
                let task = &self.tasks[*task];
                Some(task.address(task.resource.as_ref()?))
            })
            .collect();
        let deadline = Instant::now() + self.request.timeouts.established;
        let established = |object: &Value| {
            object
                .pointer("/status/conditions")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .any(|condition| {
                    condition["type"] == "Established" && condition["status"] == "True"
                })
        };
        // An error here shows again when the first object of the kind is applied.
        let _ = self
            .cluster
            .until(&addresses, deadline, |_, object| match object {
                Some(object) if !established(object) => Verdict::Pending,
                _ => Verdict::Met,
            })
            .await;
        if let Ok(discovery) = self.cluster.refresh().await {
            self.discovery = discovery;
        }
    }

    /// Finds out how kinds are served that came with this sync. Discovery learns of a new kind a little later than the
    /// definition is established, and nothing tells when.
    pub(super) async fn resolve_kinds(&mut self, tasks: &[usize]) {
        let deadline = Instant::now() + self.request.timeouts.established;
        let (mut pause, longest) = SERVED_PAUSE;
        loop {
            let mut is_missing = false;
            for &task in tasks {
                let task = &mut self.tasks[task];
                if task.resource.is_none() {
                    let key = task.subject.key();
                    task.resource = self
                        .discovery
                        .resource(&key.group_kind, Some(task.subject.version()))
                        .cloned();
                    is_missing |= task.resource.is_none();
                }
            }
            if !is_missing || Instant::now() >= deadline {
                return;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(longest);
            if let Ok(discovery) = self.cluster.refresh().await {
                self.discovery = discovery;
            }
        }
    }
}
