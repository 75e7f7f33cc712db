//! The order in which objects are applied and pruned.
//!
//! gitops-engine: `pkg/sync/sync_tasks.go`, and `getSyncTasks` of `pkg/sync/sync_context.go`.

use std::collections::HashMap;
use std::hash::Hash;

use serde_json::Value;

use crate::cluster::annotations;
use crate::cluster::hooks::Phase;

/// One thing to do.
#[derive(Clone, Copy, Debug)]
pub struct Item<'o> {
    /// The phase to do it in; a hook with several phases is several items.
    pub phase: Phase,
    /// The object to apply; none where the live one is to be pruned.
    pub target: Option<&'o Value>,
    /// The live object, if there is one.
    pub live: Option<&'o Value>,
}

/// What an order depends on besides the items.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ordering<'a> {
    /// `PruneLast=true` for the whole application.
    pub prune_last: bool,
    /// The destination namespace: objects without one count as in it.
    pub namespace: &'a str,
}

/// Things that are done together, before the next step begins.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    /// The phase.
    pub phase: Phase,
    /// The wave within it.
    pub wave: i64,
    /// What to do, as places in the list of items, in order.
    pub items: Vec<usize>,
}

/// The steps that `items` are done in.
///
/// Sorted by phase, wave, kind and name; then a namespace is moved before the first object in it, and a definition of a
/// kind before the first object of that kind. Waves of what is pruned are mirrored: the highest goes first. Where Argo CD
/// leaves the order to chance, group, namespace and the place in the list decide.
pub fn steps(items: &[Item<'_>], ordering: Ordering<'_>) -> Vec<Step> {
    let mut tasks: Vec<Task<'_>> = items
        .iter()
        .enumerate()
        .filter_map(|(place, item)| Task::of(place, item, ordering.namespace))
        .collect();
    mirror_prunes(&mut tasks);
    prune_last(&mut tasks, items, ordering.prune_last);
    tasks.sort_by(|a, b| a.key().cmp(&b.key()));
    move_before(&mut tasks, Task::namespace_created, Task::namespace_needed);
    move_before(&mut tasks, Task::kind_defined, Task::kind_needed);

    let mut steps: Vec<Step> = Vec::new();
    for task in tasks {
        match steps.last_mut() {
            Some(step) if (step.phase, step.wave) == (task.phase, task.wave) => {
                step.items.push(task.place);
            }
            _ => steps.push(Step {
                phase: task.phase,
                wave: task.wave,
                items: vec![task.place],
            }),
        }
    }
    steps
}

/// Where a kind stands: before all kinds that have no place of their own, which come last. The group does not matter.
pub fn kind_rank(kind: &str) -> usize {
    KINDS
        .iter()
        .position(|&known| known == kind)
        .unwrap_or(KINDS.len())
}

const KINDS: [&str; 35] = [
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
];

/// An item with what its order depends on.
struct Task<'o> {
    place: usize,
    object: &'o Value,
    prune: bool,
    phase: Phase,
    wave: i64,
    rank: usize,
    group: &'o str,
    kind: &'o str,
    namespace: &'o str,
    name: &'o str,
}

impl<'o> Task<'o> {
    fn of(place: usize, item: &Item<'o>, destination: &'o str) -> Option<Self> {
        let object = item.target.or(item.live)?;
        let text = |pointer: &str| {
            object
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let kind = text("/kind");
        let namespace = text("/metadata/namespace");
        Some(Self {
            place,
            object,
            prune: item.target.is_none(),
            phase: item.phase,
            wave: annotations::wave(object),
            rank: kind_rank(kind),
            group: text("/apiVersion")
                .split_once('/')
                .map_or("", |(group, _)| group),
            kind,
            // Objects of the whole cluster count as in the destination namespace, too: Argo CD does not tell them apart.
            namespace: if namespace.is_empty() && item.target.is_some() {
                destination
            } else {
                namespace
            },
            name: text("/metadata/name"),
        })
    }

    fn key(&self) -> (Phase, i64, usize, &str, &str, &str, &str, usize) {
        (
            self.phase,
            self.wave,
            self.rank,
            self.name,
            self.group,
            self.kind,
            self.namespace,
            self.place,
        )
    }

    fn namespace_created(&self) -> Option<(&'o str, &'o str)> {
        (self.kind == "Namespace" && self.group.is_empty()).then_some(("", self.name))
    }

    fn namespace_needed(&self) -> Option<(&'o str, &'o str)> {
        (!self.namespace.is_empty()).then_some(("", self.namespace))
    }

    fn kind_defined(&self) -> Option<(&'o str, &'o str)> {
        if self.kind != "CustomResourceDefinition" || self.group != "apiextensions.k8s.io" {
            return None;
        }
        let text = |pointer: &str| self.object.pointer(pointer)?.as_str();
        Some((text("/spec/group")?, text("/spec/names/kind")?))
    }

    fn kind_needed(&self) -> Option<(&'o str, &'o str)> {
        Some((self.group, self.kind))
    }
}

/// Swaps the waves of what is pruned pairwise: the lowest with the highest, and so on.
fn mirror_prunes(tasks: &mut [Task<'_>]) {
    let mut waves: Vec<i64> = tasks
        .iter()
        .filter(|task| task.prune)
        .map(|task| task.wave)
        .collect();
    waves.sort_unstable();
    waves.dedup();
    for task in tasks.iter_mut().filter(|task| task.prune) {
        if let Ok(place) = waves.binary_search(&task.wave) {
            task.wave = waves[waves.len() - 1 - place];
        }
    }
}

/// Moves what is pruned last behind the last wave of the phase in which objects are applied.
fn prune_last(tasks: &mut [Task<'_>], items: &[Item<'_>], all: bool) {
    let last = tasks
        .iter()
        .filter(|task| task.phase == Phase::Sync)
        .map(|task| task.wave)
        .fold(0, i64::max)
        .saturating_add(1);
    for task in tasks.iter_mut().filter(|task| task.prune) {
        let own = items[task.place].live.is_some_and(|live| {
            annotations::has(live, annotations::SYNC_OPTIONS, "PruneLast=true")
        });
        if all || own {
            task.wave = last;
        }
    }
}

/// Moves each task that `provides` something before the first that needs it, into whose phase and wave it passes.
fn move_before<'o, Key>(
    tasks: &mut [Task<'o>],
    provides: impl Fn(&Task<'o>) -> Option<Key>,
    needs: impl Fn(&Task<'o>) -> Option<Key>,
) where
    Key: Eq + Hash,
{
    let mut first: HashMap<Key, usize> = HashMap::new();
    for place in 0..tasks.len() {
        let task = &tasks[place];
        if task.prune {
            continue;
        }
        if let Some(key) = provides(task) {
            let Some(&before) = first.get(&key) else {
                continue;
            };
            let (phase, wave) = (tasks[before].phase, tasks[before].wave);
            tasks[before..=place].rotate_right(1);
            tasks[before].phase = phase;
            tasks[before].wave = wave;
            for other in first.values_mut().filter(|other| **other >= before) {
                *other += 1;
            }
        } else if let Some(key) = needs(task) {
            first.entry(key).or_insert(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(api_version: &str, kind: &str, namespace: &str, name: &str, wave: i64) -> Value {
        json!({
            "apiVersion": api_version,
            "kind": kind,
            "metadata": {
                "name": name,
                "namespace": namespace,
                "annotations": {"argocd.argoproj.io/sync-wave": wave.to_string()},
            },
        })
    }

    fn names(items: &[Item<'_>], ordering: Ordering<'_>) -> Vec<(Phase, i64, Vec<String>)> {
        steps(items, ordering)
            .into_iter()
            .map(|step| {
                let names = step
                    .items
                    .iter()
                    .map(|&place| {
                        let object = items[place].target.or(items[place].live).unwrap();
                        object
                            .pointer("/metadata/name")
                            .unwrap()
                            .as_str()
                            .unwrap()
                            .to_owned()
                    })
                    .collect();
                (step.phase, step.wave, names)
            })
            .collect()
    }

    fn applied(target: &Value) -> Item<'_> {
        Item {
            phase: Phase::Sync,
            target: Some(target),
            live: None,
        }
    }

    fn pruned(live: &Value) -> Item<'_> {
        Item {
            phase: Phase::Sync,
            target: None,
            live: Some(live),
        }
    }

    #[test]
    fn a_namespace_passes_into_the_wave_of_the_first_object_in_it() {
        let early = object("v1", "ConfigMap", "shop", "early", -2);
        let namespace = object("v1", "Namespace", "", "shop", 3);
        let other = object("v1", "Secret", "elsewhere", "other", -2);
        let items = [applied(&namespace), applied(&early), applied(&other)];
        assert_eq!(
            names(&items, Ordering::default()),
            [(
                Phase::Sync,
                -2,
                vec!["other".into(), "shop".into(), "early".into()]
            )]
        );
    }

    #[test]
    fn waves_of_what_is_pruned_are_mirrored_and_those_for_last_come_last() {
        let low = object("v1", "ConfigMap", "a", "low", -1);
        let middle = object("v1", "ConfigMap", "a", "middle", 2);
        let high = object("v1", "ConfigMap", "a", "high", 5);
        let items = [pruned(&low), pruned(&middle), pruned(&high)];
        assert_eq!(
            names(&items, Ordering::default()),
            [
                (Phase::Sync, -1, vec!["high".into()]),
                (Phase::Sync, 2, vec!["middle".into()]),
                (Phase::Sync, 5, vec!["low".into()]),
            ]
        );
        let last = Ordering {
            prune_last: true,
            namespace: "",
        };
        assert_eq!(
            names(&items, last),
            [(
                Phase::Sync,
                6,
                vec!["high".into(), "low".into(), "middle".into()]
            )]
        );
    }
}
