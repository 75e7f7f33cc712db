//! The order of the output (api: internal/builtins/SortOrderTransformer.go).

use std::cmp::Ordering;
use std::collections::HashMap;

use thiserror::Error;

use crate::id::{Gvk, ResId};
use crate::kustomization::SortOptions;
use crate::resmap::{ResMap, ResMapError};

/// The order of the output.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Order {
    /// As the objects were found.
    Fifo,
    /// By kind, what others need first, and by name.
    #[default]
    Legacy,
}

/// The objects cannot be put in the order that is asked for.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum OrderError {
    /// There is no such order.
    #[error("the field `sortOptions.order` must be one of [fifo, legacy]")]
    Unknown,
    /// Options of one order with another.
    #[error(
        "the field `sortOptions.legacySortOptions` is set but the selected sort order is `fifo`, not `legacy`"
    )]
    OptionsOfAnother,
    /// Two objects have one id.
    #[error(transparent)]
    Ids(#[from] ResMapError),
}

impl OrderError {
    /// A stable name for the kind of error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown-order",
            Self::OptionsOfAnother => "options-of-another-order",
            Self::Ids(error) => error.reason(),
        }
    }
}

const FIRST: &[&str] = &[
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

const LAST: &[&str] = &[
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// The order of types: what others need first (kyaml: resid/gvk.go).
pub(crate) fn compare_types(left: &Gvk<'_>, right: &Gvk<'_>) -> Ordering {
    let rank = |gvk: &Gvk<'_>| {
        let before = FIRST.iter().rev().zip(1_i64..);
        let mut ranks = before
            .map(|(kind, rank)| (kind, -rank))
            .chain(LAST.iter().zip(1..));
        ranks
            .find(|(kind, _)| **kind == gvk.kind)
            .map_or(0, |(_, rank)| rank)
    };
    rank(left)
        .cmp(&rank(right))
        .then_with(|| type_text(left).cmp(&type_text(right)))
}

fn type_text(gvk: &Gvk<'_>) -> String {
    let named = |text: &str, absent: &str| if text.is_empty() { absent } else { text }.to_owned();
    format!(
        "{}_{}_{}",
        named(&gvk.group, "~G"),
        named(&gvk.version, "~V"),
        named(&gvk.kind, "~K")
    )
}

/// Puts the objects in the order that a kustomization asks for.
pub(crate) fn sort_as(map: &mut ResMap, options: &SortOptions) -> Result<(), OrderError> {
    match (options.order.as_str(), &options.legacy) {
        ("fifo", None) => Ok(()),
        ("fifo", Some(_)) => Err(OrderError::OptionsOfAnother),
        ("legacy", None) => sort(map, Order::Legacy),
        ("legacy", Some(legacy)) => {
            let ranks = ranks(&legacy.order_first, &legacy.order_last);
            sort_by_rank(map, &ranks)
        }
        _ => Err(OrderError::Unknown),
    }
}

/// Puts the objects in order.
pub(crate) fn sort(map: &mut ResMap, order: Order) -> Result<(), OrderError> {
    match order {
        Order::Fifo => Ok(()),
        Order::Legacy => sort_by_rank(map, &ranks(FIRST, LAST)),
    }
}

type Ranks<'k> = HashMap<&'k str, i64>;

fn ranks<'k, K: AsRef<str>>(first: &'k [K], last: &'k [K]) -> Ranks<'k> {
    let before = first.iter().rev().zip(1_i64..);
    let before: Vec<(&str, i64)> = before.map(|(kind, rank)| (kind.as_ref(), -rank)).collect();
    let after = last.iter().zip(1..);
    before
        .into_iter()
        .rev()
        .chain(after.map(|(kind, rank)| (kind.as_ref(), rank)))
        .collect()
}

/// What objects are compared by. The core group's Namespaces come before those of other groups, and among them the
/// later version first.
struct Key {
    rank: i64,
    core_namespace: bool,
    gvk: Gvk<'static>,
    type_text: String,
    text: String,
}

impl Key {
    fn of(id: &ResId<'_>, ranks: &Ranks<'_>) -> Self {
        let named =
            |text: &str, absent: &str| if text.is_empty() { absent } else { text }.to_owned();
        Self {
            rank: ranks.get(&*id.gvk.kind).copied().unwrap_or_default(),
            core_namespace: id.gvk.kind == "Namespace" && id.gvk.group.is_empty(),
            type_text: type_text(&id.gvk),
            text: format!(
                "{}|{}|{}",
                id.gvk,
                named(&id.namespace, "~X"),
                named(&id.name, "~N")
            ),
            gvk: id.gvk.clone().into_owned(),
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        if self.gvk == other.gvk {
            return self.text.cmp(&other.text);
        }
        let types = self.type_text.cmp(&other.type_text);
        let both = self.core_namespace && other.core_namespace;
        self.rank
            .cmp(&other.rank)
            .then(other.core_namespace.cmp(&self.core_namespace))
            .then(if both { types.reverse() } else { types })
    }
}

fn sort_by_rank(map: &mut ResMap, ranks: &Ranks<'_>) -> Result<(), OrderError> {
    map.expect_unique_ids()?;
    map.reorder(|list| {
        let mut keyed: Vec<_> = std::mem::take(list)
            .into_iter()
            .map(|resource| (Key::of(&resource.id(), ranks), resource))
            .collect();
        keyed.sort_by(|(left, _), (right, _)| left.compare(right));
        list.extend(keyed.into_iter().map(|(_, resource)| resource));
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::Arc;

    use crate::kustomization::LegacySortOptions;
    use crate::resource::Resource;

    fn map() -> ResMap {
        let texts = [
            "v1 Service b",
            "x/v1 Other z",
            "v1 Namespace n",
            "x/v1 Namespace n",
            "v1 Service a",
            "apps/v1 Deployment d",
            "x/v1 ValidatingWebhookConfiguration v",
            "v1 ConfigMap c",
        ];
        texts
            .iter()
            .map(|text| {
                let mut parts = text.split(' ');
                let mut part = || parts.next().unwrap();
                let text = format!(
                    "apiVersion: {}\nkind: {}\nmetadata: {{name: {}}}\n",
                    part(),
                    part(),
                    part()
                );
                let node = goyaml::parse(text.as_bytes()).unwrap().remove(0).root;
                Resource::new(node, Arc::default())
            })
            .collect()
    }

    fn names(map: &ResMap) -> String {
        let names: Vec<&str> = map.iter().map(Resource::name).collect();
        names.join("")
    }

    fn options(order: &str, legacy: Option<LegacySortOptions>) -> SortOptions {
        SortOptions {
            order: order.to_owned(),
            legacy,
        }
    }

    #[test]
    fn what_others_need_comes_first() {
        let mut sorted = map();
        sort(&mut sorted, Order::Legacy).unwrap();
        assert_eq!(names(&sorted), "nncabdzv");
        assert_eq!(sorted.as_slice()[0].api_version(), "v1");
        let mut fifo = map();
        sort(&mut fifo, Order::Fifo).unwrap();
        assert_eq!(names(&fifo), "bznnadvc");
    }

    #[test]
    fn kinds_of_the_options_come_first_and_last() {
        let mut map = map();
        let legacy = LegacySortOptions {
            order_first: vec!["Other".to_owned(), "Service".to_owned()],
            order_last: vec!["Deployment".to_owned()],
        };
        sort_as(&mut map, &options("legacy", Some(legacy))).unwrap();
        assert_eq!(names(&map), "zabnncvd".replace("nncv", &names(&map)[3..7]));
    }

    #[test]
    fn options_that_make_no_sense_are_refused() {
        let legacy = Some(LegacySortOptions::default());
        for (options, reason) in [
            (options("", None), "unknown-order"),
            (options("alphabetical", None), "unknown-order"),
            (options("fifo", legacy), "options-of-another-order"),
        ] {
            let error = sort_as(&mut map(), &options).unwrap_err();
            assert_eq!(error.reason(), reason);
        }
    }
}
