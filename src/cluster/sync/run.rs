//! The steps of a sync, one after another.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future;
use futures_util::stream::{FuturesUnordered, StreamExt};
use serde_json::Value;

use super::super::client::Cluster;
use super::super::compare::Difference;
use super::super::discovery::{ApiResource, Discovery};
use super::super::error::ApiError;
use super::super::health::{self, Health};
use super::super::hooks::{DeletePolicy, Phase};
use super::super::inventory::Entries;
use super::super::object::{Address, ObjectKey};
use super::super::order;
use super::super::outcome::{
    EndReason, Message, ObjectError, ObjectResult, OperationPhase, ResultCode,
};
use super::super::plan::{self, HookItem, Item, Plan};
use super::super::progress::{Progress, SyncEvent};
use super::super::request::{Extent, SyncRequest, Waiting};
use super::super::target::{self, Target};
use super::apply::{self, Done};
use super::hooks;
use super::wait::{self, Awaited};

/// The shortest and the longest pause between two questions whether a new kind is served.
const SERVED_PAUSE: (Duration, Duration) = (Duration::from_millis(25), Duration::from_secs(1));

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

/// One thing to do.
struct Task<'a> {
    subject: Subject<'a>,
    phase: Phase,
    wave: i64,
    /// How its kind is served; none while it is not.
    resource: Option<ApiResource>,
    /// The object as it is now, as far as is known.
    live: Option<Value>,
    state: State,
    /// Where its result is.
    result: Option<usize>,
}

#[derive(Clone, Copy)]
enum Subject<'a> {
    /// A wanted object, or one to be pruned.
    Item(&'a Item),
    /// A hook.
    Hook(&'a HookItem),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Pending,
    /// Written, and on its way to health or completion.
    Running,
    /// Deleted, and on its way out.
    Leaving,
    Succeeded,
    Failed,
}

/// What a step came to.
struct Step {
    is_failed: bool,
    wrote: bool,
}

impl<'a> Subject<'a> {
    fn key(self) -> &'a ObjectKey {
        match self {
            Self::Item(item) => &item.key,
            Self::Hook(hook) => &hook.hook.target.key,
        }
    }

    fn version(self) -> &'a str {
        match self {
            Self::Item(item) => &item.version,
            Self::Hook(hook) => &hook.hook.target.version,
        }
    }

    fn target(self) -> Option<&'a Target> {
        match self {
            Self::Item(item) => item.target.as_ref(),
            Self::Hook(hook) => Some(&hook.hook.target),
        }
    }

    const fn is_hook(self) -> bool {
        matches!(self, Self::Hook(_))
    }

    fn has_policy(self, policy: DeletePolicy) -> bool {
        match self {
            Self::Item(_) => false,
            Self::Hook(hook) => hook.hook.hook.delete_policies.contains(&policy),
        }
    }
}

impl<'a> Task<'a> {
    fn address<'b>(&self, resource: &'b ApiResource) -> Address<'b>
    where
        'a: 'b,
    {
        match self.subject {
            Subject::Item(item) => match &item.target {
                Some(target) => apply::address(target, resource),
                None => Address::of(resource, &item.key).confidential(),
            },
            Subject::Hook(hook) => apply::address(&hook.hook.target, resource),
        }
    }
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

    /// Ends what hooks a killed sync left behind.
    async fn terminate_leftovers(&mut self) -> Result<(), EndReason> {
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
                let mut result = super::result_of(&leftover.key, &leftover.resource.version);
                result.is_hook = true;
                result.message = Message::Failed(ObjectError::Delete(error));
                self.progress.report(SyncEvent::Object(&result));
                self.results.push(result);
                ended = Err(EndReason::ApplyFailed);
            }
        }
        ended
    }

    /// Does all that is in one step: takes finalizers off hooks of former syncs, prunes, deletes those hooks, and applies
    /// kind by kind.
    async fn step(&mut self, tasks: &[usize]) -> Step {
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
    fn by_kind(&self, tasks: &[usize]) -> Vec<Vec<usize>> {
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

    async fn prune(&mut self, tasks: &[usize], wrote: &mut bool) -> Step {
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
    async fn apply(&mut self, tasks: &[usize], wrote: &mut bool) -> bool {
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
    async fn establish(&mut self, definitions: &[usize]) {
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
                Some(object) if !established(object) => super::super::wait::Verdict::Pending,
                _ => super::super::wait::Verdict::Met,
            })
            .await;
        if let Ok(discovery) = self.cluster.refresh().await {
            self.discovery = discovery;
        }
    }

    /// Finds out how kinds are served that came with this sync. Discovery learns of a new kind a little later than the
    /// definition is established, and nothing tells when.
    async fn resolve_kinds(&mut self, tasks: &[usize]) {
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

    /// Waits for the objects and hooks of a step, and takes the finalizers off hooks that are complete.
    async fn settle(&mut self, tasks: &[usize], waits_for_objects: bool) {
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
    async fn leave(&mut self, tasks: &[usize]) -> bool {
        let leaving: Vec<usize> = tasks
            .iter()
            .copied()
            .filter(|task| self.tasks[*task].state == State::Leaving)
            .collect();
        self.wait_until_gone(&leaving).await
    }

    /// Waits until deleted objects are gone. True when they are.
    async fn wait_until_gone(&mut self, leaving: &[usize]) -> bool {
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

    fn resources(&self, tasks: &[usize]) -> HashMap<usize, ApiResource> {
        tasks
            .iter()
            .filter_map(|task| Some((*task, self.tasks[*task].resource.clone()?)))
            .collect()
    }

    fn awaited<'b>(
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

    /// Takes the finalizers off hooks. True when that worked.
    async fn release_hooks(&mut self, tasks: &[usize]) -> bool {
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
    async fn clear_hooks(&mut self, tasks: &[usize]) -> bool {
        let has_worked = self.delete_tasks(tasks).await;
        let leaving: Vec<usize> = tasks
            .iter()
            .copied()
            .filter(|task| self.tasks[*task].live.is_some())
            .collect();
        has_worked && self.wait_until_gone(&leaving).await
    }

    /// Deletes the hooks with `policy` that are not at work any more.
    async fn delete_hooks(&mut self, policy: DeletePolicy) {
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

    async fn delete_tasks(&mut self, tasks: &[usize]) -> bool {
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

    fn has_failed(&self, tasks: &[usize]) -> bool {
        tasks
            .iter()
            .any(|task| self.tasks[*task].state == State::Failed)
    }

    fn fail_all(&mut self, tasks: &[usize], error: &ApiError) {
        for &task in tasks {
            self.fail_running(task, ObjectError::Read(error.clone()));
        }
    }

    fn fail_task(&mut self, task: usize, error: ObjectError) {
        self.tasks[task].state = State::Failed;
        self.report(
            task,
            ResultCode::SyncFailed,
            OperationPhase::Failed,
            Message::Failed(error),
        );
    }

    /// What was written, and failed afterwards, keeps its code; but what is still there was not pruned.
    fn fail_running(&mut self, task: usize, error: ObjectError) {
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
    fn complete(&mut self, task: usize, health: Option<Health>) {
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

    fn report(&mut self, index: usize, code: ResultCode, phase: OperationPhase, message: Message) {
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
