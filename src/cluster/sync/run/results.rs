//! What became of the tasks, and who hears of it.

use super::Execution;
use super::task::State;
use crate::cluster::error::ApiError;
use crate::cluster::health::Health;
use crate::cluster::outcome::{Message, ObjectError, ObjectResult, OperationPhase, ResultCode};
use crate::cluster::progress::SyncEvent;

impl<'a> Execution<'a> {
    pub(super) fn has_failed(&self, tasks: &[usize]) -> bool {
        tasks
            .iter()
            .any(|task| self.tasks[*task].state == State::Failed)
    }

    pub(super) fn fail_all(&mut self, tasks: &[usize], error: &ApiError) {
        for &task in tasks {
            self.fail_running(task, ObjectError::Read(error.clone()));
        }
    }

    pub(super) fn fail_task(&mut self, task: usize, error: ObjectError) {
        self.tasks[task].state = State::Failed;
        self.report(
            task,
            ResultCode::SyncFailed,
            OperationPhase::Failed,
            Message::Failed(error),
        );
    }

    /// What was written, and failed afterwards, keeps its code; but what is still there was not pruned.
    pub(super) fn fail_running(&mut self, task: usize, error: ObjectError) {
        self.tasks[task].state = State::Failed;
        let code = match self.tasks[task]
            .result
            .map(|result| self.results[result].code)
        {
            Some(ResultCode::Pruned) | None => ResultCode::SyncFailed,
            Some(code) => code,
        };
        self.report(task, code, OperationPhase::Failed, Message::Failed(error));
    }

    /// A task is done; what was done with it stays said, unless it has something to say itself.
    pub(super) fn complete(&mut self, task: usize, health: Option<Health>) {
        let Some(result) = self.tasks[task].result else {
            return;
        };
        let result = &mut self.results[result];
        result.phase = OperationPhase::Succeeded;
        if let Some(health) = health.filter(|_| result.is_hook) {
            result.message = Message::Health(health);
        }
        self.progress.report(SyncEvent::Object(result));
    }

    pub(super) fn report(
        &mut self,
        index: usize,
        code: ResultCode,
        phase: OperationPhase,
        message: Message,
    ) {
        let task = &mut self.tasks[index];
        let result = ObjectResult {
            key: task.subject.key().clone(),
            version: task.subject.version().to_owned(),
            sync_phase: task.phase,
            wave: task.wave,
            is_hook: task.subject.is_hook(),
            code,
            phase,
            message,
        };
        self.progress.report(SyncEvent::Object(&result));
        match task.result {
            Some(place) => self.results[place] = result,
            None => {
                task.result = Some(self.results.len());
                self.results.push(result);
            }
        }
    }
}
