//! Waiting for objects, by watching them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout_at};

use super::client::{Cluster, Selection};
use super::discovery::{ApiResource, Verb};
use super::error::ApiError;
use super::object::Address;
use super::watch::{Event, version};

/// How many changes may lie unread.
const CHANGES: usize = 256;

/// The pause before a watch that ended is begun again.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest such pause, while the server does not answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The pause between reads where watching is forbidden.
const READ_PAUSE: Duration = Duration::from_secs(2);

/// How long one watch goes on; servers end them after five to ten minutes themselves.
const LONGEST_WATCH: Duration = Duration::from_secs(290);

/// What the caller makes of an object that it waits for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// The object is as it should be; it is not looked at any more.
    Met,
    /// Not yet.
    Pending,
    /// The waiting has no point any more, for none of the objects.
    Abort,
}

/// What waiting came to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Waited {
    /// Every object is as it should be.
    Met,
    /// The caller gave up, at the object with this index.
    Aborted(usize),
    /// Time is up; the objects with these indexes are not as they should be.
    TimedOut(Vec<usize>),
}

impl Cluster {
    /// Waits until `judge` finds each of `objects` met. `judge` is given the index into `objects` and the object, none
    /// when it is not there; it is asked first for how the objects are, and then at each change.
    ///
    /// Objects of one kind in one namespace are one list and one watch, so that waiting for hundreds of them costs no
    /// more requests than waiting for one. Where listing or watching is forbidden, each is read every two seconds.
    ///
    /// # Errors
    ///
    /// When the objects cannot be read for good. What can pass is waited out.
    pub async fn until<J>(
        &self,
        objects: &[Address<'_>],
        deadline: Instant,
        mut judge: J,
    ) -> Result<Waited, ApiError>
    where
        J: FnMut(usize, Option<&Value>) -> Verdict + Send,
    {
        let mut pending: Vec<bool> = vec![true; objects.len()];
        let met: Arc<[AtomicBool]> = objects.iter().map(|_| AtomicBool::new(false)).collect();
        let (sender, mut changes) = mpsc::channel(CHANGES);
        let mut followers = JoinSet::new();
        for group in groups(objects) {
            let follower = Follower {
                cluster: self.clone(),
                group,
                met: Arc::clone(&met),
                changes: sender.clone(),
                deadline,
            };
            followers.spawn(follower.run());
        }
        drop(sender);
        while pending.contains(&true) {
            let change = match timeout_at(deadline.into(), changes.recv()).await {
                Ok(Some(change)) => change?,
                Ok(None) | Err(_) => {
                    let late = pending.iter().enumerate();
                    let late = late
                        .filter(|(_, pending)| **pending)
                        .map(|(index, _)| index);
                    return Ok(Waited::TimedOut(late.collect()));
                }
            };
            let (index, object) = change;
            if !pending.get(index).copied().unwrap_or_default() {
                continue;
            }
            match judge(index, object.as_ref()) {
                Verdict::Pending => {}
                Verdict::Abort => return Ok(Waited::Aborted(index)),
                Verdict::Met => {
                    pending[index] = false;
                    met[index].store(true, Ordering::Relaxed);
                }
            }
        }
        Ok(Waited::Met)
    }
}

/// The index of an object, and how it is.
type Change = (usize, Option<Value>);

/// Objects of one kind in one place.
struct Group {
    resource: ApiResource,
    namespace: Option<String>,
    /// The index of each by its name. One object may be waited for twice.
    names: HashMap<String, Vec<usize>>,
}

/// Tells of each change of a group until nobody listens any more.
struct Follower {
    cluster: Cluster,
    group: Group,
    met: Arc<[AtomicBool]>,
    changes: mpsc::Sender<Result<Change, ApiError>>,
    deadline: Instant,
}

/// Nobody listens any more.
struct Deaf;

fn groups(objects: &[Address<'_>]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut known: HashMap<(&str, &str, &str, Option<&str>), usize> = HashMap::new();
    for (index, address) in objects.iter().enumerate() {
        let resource = address.resource;
        let key = (
            resource.group.as_str(),
            resource.version.as_str(),
            resource.plural.as_str(),
            address.namespace,
        );
        let group = *known.entry(key).or_insert_with(|| {
            groups.push(Group {
                resource: resource.clone(),
                namespace: address.namespace.map(str::to_owned),
                names: HashMap::new(),
            });
            groups.len() - 1
        });
        let names = &mut groups[group].names;
        names
            .entry(address.name.to_owned())
            .or_default()
            .push(index);
    }
    groups
}

impl Follower {
    async fn run(self) {
        let resource = &self.group.resource;
        let mut can_watch = resource.allows(Verb::List) && resource.allows(Verb::Watch);
        let mut pause = FIRST_PAUSE;
        while Instant::now() < self.deadline {
            let result = if can_watch {
                self.watched(&mut pause).await
            } else {
                self.read_each().await
            };
            match result {
                Err(Deaf) => return,
                Ok(Ok(())) => {}
                Ok(Err(ApiError::Forbidden { .. })) if can_watch => {
                    can_watch = false;
                    continue;
                }
                Ok(Err(ApiError::Expired)) => continue,
                Ok(Err(error)) if error.may_pass() => {}
                Ok(Err(error)) => {
                    // Nobody listening is as well an end.
                    let _ = self.changes.send(Err(error)).await;
                    return;
                }
            }
            sleep(if can_watch { pause } else { READ_PAUSE }).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Lists the objects, and tells of their changes for as long as the server lets watches go on.
    async fn watched(&self, pause: &mut Duration) -> Result<Result<(), ApiError>, Deaf> {
        let name = self.only_name();
        let field = name.map(|name| format!("metadata.name={name}"));
        let mut selection = Selection::new(&self.group.resource, self.group.namespace.as_deref());
        selection.fields = field.as_deref();
        let listed = match self.cluster.list(selection).await {
            Ok(listed) => listed,
            Err(error) => return Ok(Err(error)),
        };
        let mut seen = HashSet::new();
        for object in listed.items {
            if let Some(name) = name_of(&object).map(str::to_owned) {
                self.tell(&name, Some(object)).await?;
                seen.insert(name);
            }
        }
        for name in self.group.names.keys() {
            if !seen.contains(name) {
                self.tell(name, None).await?;
            }
        }
        let mut from = listed.resource_version;
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Ok(()));
            }
            let limit = left.min(LONGEST_WATCH);
            let mut watch = match self.cluster.watch(selection, &from, limit).await {
                Ok(watch) => watch,
                Err(error) => return Ok(Err(error)),
            };
            loop {
                match watch.next().await {
                    Err(error) => return Ok(Err(error)),
                    Ok(None) => break,
                    Ok(Some(Event::Bookmark(version))) => from = version,
                    Ok(Some(Event::Applied(object))) => {
                        self.tell_of(&mut from, object, Some).await?;
                    }
                    Ok(Some(Event::Deleted(object))) => {
                        self.tell_of(&mut from, object, |_| None).await?;
                    }
                }
                *pause = FIRST_PAUSE;
            }
            // A server that ends each watch at once is not asked without a break.
            sleep(FIRST_PAUSE).await;
        }
    }

    async fn tell_of(
        &self,
        from: &mut String,
        object: Value,
        now: impl FnOnce(Value) -> Option<Value>,
    ) -> Result<(), Deaf> {
        if let Some(version) = version(&object) {
            version.clone_into(from);
        }
        match name_of(&object).map(str::to_owned) {
            Some(name) => self.tell(&name, now(object)).await,
            None => Ok(()),
        }
    }

    /// Reads each object that is still waited for.
    async fn read_each(&self) -> Result<Result<(), ApiError>, Deaf> {
        for (name, indexes) in &self.group.names {
            let is_met = |index: &usize| self.met[*index].load(Ordering::Relaxed);
            if indexes.iter().all(is_met) {
                continue;
            }
            let namespace = self.group.namespace.as_deref();
            let address = Address::new(&self.group.resource, namespace, name);
            match self.cluster.get(address).await {
                Ok(object) => self.tell(name, object).await?,
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(()))
    }

    async fn tell(&self, name: &str, object: Option<Value>) -> Result<(), Deaf> {
        let Some((last, others)) = self.group.names.get(name).and_then(|all| all.split_last())
        else {
            return Ok(());
        };
        for index in others {
            let change = Ok((*index, object.clone()));
            self.changes.send(change).await.map_err(|_| Deaf)?;
        }
        self.changes
            .send(Ok((*last, object)))
            .await
            .map_err(|_| Deaf)
    }

    /// The name, if only one object is followed.
    fn only_name(&self) -> Option<&str> {
        match self.group.names.len() {
            1 => self.group.names.keys().next().map(String::as_str),
            _ => None,
        }
    }
}

fn name_of(object: &Value) -> Option<&str> {
    object.pointer("/metadata/name")?.as_str()
}
