//! The hooks of an operation: those of former ones, and the end of its own.

use futures_util::future;

use super::super::hooks;
use super::Execution;
use super::task::State;
use crate::cluster::hooks::DeletePolicy;
use crate::cluster::outcome::{EndReason, Message, ObjectError};
use crate::cluster::progress::SyncEvent;
use crate::cluster::request::Waiting;

impl<'a> Execution<'a> {
    /// Ends what hooks a killed sync left behind.
    pub(super) async fn terminate_leftovers(&mut self) -> Result<(), EndReason> {
        let leftovers = &self.plan.leftovers;
        let cluster = self.cluster;
        let ends = future::join_all(
            leftovers
                .iter()
                .map(|leftover| hooks::terminate(cluster, leftover)),
        )
        .await;
        let mut ended = Ok(());
        for (leftover, end) in leftovers.iter().zip(ends) {
            if let Err(error) = end {
                let mut result =
                    crate::cluster::sync::result_of(&leftover.key, &leftover.resource.version);
                result.is_hook = true;
                result.message = Message::Failed(ObjectError::Delete(error));
                self.progress.report(SyncEvent::Object(&result));
                self.results.push(result);
                ended = Err(EndReason::ApplyFailed);
            }
        }
        ended
    }

    /// Takes the finalizers off hooks. True when that worked.
    pub(super) async fn release_hooks(&mut self, tasks: &[usize]) -> bool {
        let cluster = self.cluster;
        let released = future::join_all(tasks.iter().map(|task| {
            let task = &self.tasks[*task];
            async move {
                match (&task.resource, &task.live) {
                    (Some(resource), Some(live)) => {
                        hooks::release(cluster, task.address(resource), live).await
                    }
                    _ => Ok(None),
                }
            }
        }))
        .await;
        let mut has_worked = true;
        for (&task, released) in tasks.iter().zip(released) {
            match released {
                Ok(live) => self.tasks[task].live = live,
                Err(error) => {
                    has_worked = false;
                    self.fail_running(task, ObjectError::Apply(error));
                }
            }
        }
        has_worked
    }

    /// Deletes hooks of former syncs, and waits until they are gone. True when they are.
    pub(super) async fn clear_hooks(&mut self, tasks: &[usize]) -> bool {
        let has_worked = self.delete_tasks(tasks).await;
        let leaving: Vec<usize> = tasks
            .iter()
            .copied()
            .filter(|task| self.tasks[*task].live.is_some())
            .collect();
        has_worked && self.wait_until_gone(&leaving).await
    }

    /// Deletes the hooks with `policy` that are not at work any more.
    pub(super) async fn delete_hooks(&mut self, policy: DeletePolicy) {
        let ended: Vec<usize> = (0..self.tasks.len())
            .filter(|task| {
                let task = &self.tasks[*task];
                task.live.is_some()
                    && task.state != State::Running
                    && task.result.is_some()
                    && task.subject.has_policy(policy)
            })
            .collect();
        self.delete_tasks(&ended).await;
        if self.request.waiting == Waiting::ToTheEnd {
            let leaving: Vec<usize> = ended
                .into_iter()
                .filter(|task| self.tasks[*task].live.is_some())
                .collect();
            self.wait_until_gone(&leaving).await;
        }
    }

    pub(super) async fn delete_tasks(&mut self, tasks: &[usize]) -> bool {
        let cluster = self.cluster;
        let deleted = future::join_all(tasks.iter().map(|task| {
            let task = &self.tasks[*task];
            async move {
                match (&task.resource, &task.live) {
                    (Some(resource), Some(live)) => {
                        hooks::delete(cluster, task.address(resource), live).await
                    }
                    _ => Ok(None),
                }
            }
        }))
        .await;
        let mut has_worked = true;
        for (&task, deleted) in tasks.iter().zip(deleted) {
            match deleted {
                Ok(live) => self.tasks[task].live = live,
                Err(error) => {
                    has_worked = false;
                    self.fail_running(task, ObjectError::Delete(error));
                }
            }
        }
        has_worked
    }
}
