//! Waiting for what was written, and for what was deleted.

use std::collections::HashMap;

use super::super::wait::{self, Awaited};
use super::Execution;
use super::task::{State, Subject};
use crate::cluster::discovery::ApiResource;
use crate::cluster::outcome::ObjectError;

impl<'a> Execution<'a> {
    /// Waits for the objects and hooks of a step, and takes the finalizers off hooks that are complete.
    pub(super) async fn settle(&mut self, tasks: &[usize], waits_for_objects: bool) {
        let running: Vec<usize> = tasks
            .iter()
            .copied()
            .filter(|task| {
                let task = &self.tasks[*task];
                let is_awaited = waits_for_objects || task.subject.is_hook();
                // What is left alone because it is in sync is not waited for either.
                let is_left_alone = matches!(task.subject, Subject::Item(item)
                    if !item.is_written && self.request.options.apply_out_of_sync_only);
                task.state == State::Running && is_awaited && !is_left_alone
            })
            .collect();
        let limit = self.request.timeouts.step;
        let resources = self.resources(&running);
        let awaited = self.awaited(&running, &resources);
        match wait::settled(self.cluster, &awaited, limit, self.progress).await {
            Ok(settled) => {
                for (&task, settled) in running.iter().zip(settled) {
                    self.tasks[task].live = settled.live;
                    match settled.result {
                        Ok(health) => {
                            self.tasks[task].state = State::Succeeded;
                            self.complete(task, health);
                        }
                        Err(error) => self.fail_running(task, error),
                    }
                }
            }
            Err(error) => self.fail_all(&running, &error),
        }
        self.leave(tasks).await;
        let complete: Vec<usize> = running
            .into_iter()
            .filter(|task| self.tasks[*task].subject.is_hook() && self.tasks[*task].live.is_some())
            .collect();
        self.release_hooks(&complete).await;
    }

    /// Waits until what was pruned of a step is gone. True when it is.
    pub(super) async fn leave(&mut self, tasks: &[usize]) -> bool {
        let leaving: Vec<usize> = tasks
            .iter()
            .copied()
            .filter(|task| self.tasks[*task].state == State::Leaving)
            .collect();
        self.wait_until_gone(&leaving).await
    }

    /// Waits until deleted objects are gone. True when they are.
    pub(super) async fn wait_until_gone(&mut self, leaving: &[usize]) -> bool {
        let limit = self.request.timeouts.step;
        let resources = self.resources(leaving);
        let awaited = self.awaited(leaving, &resources);
        match wait::gone(self.cluster, &awaited, limit, self.progress).await {
            Ok(still_there) => {
                for (place, &task) in leaving.iter().enumerate() {
                    if still_there.contains(&place) {
                        self.fail_running(task, ObjectError::StillThere { after: limit });
                    } else {
                        self.tasks[task].live = None;
                        if self.tasks[task].state == State::Leaving {
                            self.tasks[task].state = State::Succeeded;
                        }
                    }
                }
                still_there.is_empty()
            }
            Err(error) => {
                self.fail_all(leaving, &error);
                false
            }
        }
    }

    pub(super) fn resources(&self, tasks: &[usize]) -> HashMap<usize, ApiResource> {
        tasks
            .iter()
            .filter_map(|task| Some((*task, self.tasks[*task].resource.clone()?)))
            .collect()
    }

    pub(super) fn awaited<'b>(
        &self,
        tasks: &[usize],
        resources: &'b HashMap<usize, ApiResource>,
    ) -> Vec<Awaited<'b>>
    where
        'a: 'b,
    {
        tasks
            .iter()
            .filter_map(|index| {
                let task = &self.tasks[*index];
                Some(Awaited {
                    key: task.subject.key().clone(),
                    address: task.address(resources.get(index)?),
                    is_hook: task.subject.is_hook(),
                    live: task.live.clone(),
                })
            })
            .collect()
    }
}
