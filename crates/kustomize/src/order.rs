//! The order of the output (api: internal/builtins/SortOrderTransformer.go).

use std::cmp::Ordering;
use std::collections::HashMap;

use thiserror::Error;

use crate::id::{Gvk, ResId};
use crate::kustomization::SortOptions;
use crate::resmap::{ResMap, ResMapError};
use crate::resource::Resource;

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

/// What types are ordered by: what others need first, then their text (kyaml: resid/gvk.go).
pub(crate) fn type_order(gvk: &Gvk<'_>) -> (i64, String) {
    let before = FIRST.iter().rev().zip(1_i64..);
    let mut ranks = before
        .map(|(kind, rank)| (kind, -rank))
        .chain(LAST.iter().zip(1..));
    let rank = ranks
        .find(|(kind, _)| **kind == gvk.kind)
        .map_or(0, |(_, rank)| rank);
    (rank, type_text(gvk))
}

fn type_text(gvk: &Gvk<'_>) -> String {
    fn named<'t>(text: &'t str, absent: &'t str) -> &'t str {
        if text.is_empty() { absent } else { text }
    }
    [
        named(&gvk.group, "~G"),
        named(&gvk.version, "~V"),
        named(&gvk.kind, "~K"),
    ]
    .join("_")
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

/// A type among those of all objects. The core group's Namespaces come before those of other groups, and among them the
/// later version first.
struct TypeKey {
    rank: i64,
    core_namespace: bool,
    text: String,
}

impl TypeKey {
    fn of(gvk: &Gvk<'_>, ranks: &Ranks<'_>) -> Self {
        Self {
            rank: ranks.get(&*gvk.kind).copied().unwrap_or_default(),
            core_namespace: gvk.kind == "Namespace" && gvk.group.is_empty(),
            text: type_text(gvk),
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        let texts = self.text.cmp(&other.text);
        let both = self.core_namespace && other.core_namespace;
        self.rank
            .cmp(&other.rank)
            .then(other.core_namespace.cmp(&self.core_namespace))
            .then(if both { texts.reverse() } else { texts })
    }
}

/// Compares objects of one type as if namespace and name were written behind each other with a bar between.
fn compare_names(left: &ResId<'_>, right: &ResId<'_>) -> Ordering {
    fn named<'t>(text: &'t str, absent: &'t str) -> &'t str {
        if text.is_empty() { absent } else { text }
    }
    if left.namespace == right.namespace {
        return named(&left.name, "~N").cmp(named(&right.name, "~N"));
    }
    let text = |id: &ResId<'_>| {
        let namespace = named(&id.namespace, "~X");
        let name = named(&id.name, "~N");
        format!("{namespace}|{name}")
    };
    text(left).cmp(&text(right))
}

/// The places of the objects in their order: by type, and those of one type by namespace and name.
fn sorted_places(list: &[Resource], ranks: &Ranks<'_>) -> Vec<usize> {
    let ids: Vec<ResId<'_>> = list.iter().map(Resource::id).collect();
    let mut numbers: HashMap<&Gvk<'_>, usize> = HashMap::new();
    let mut types: Vec<TypeKey> = Vec::new();
    let numbered: Vec<usize> = ids
        .iter()
        .map(|id| {
            *numbers.entry(&id.gvk).or_insert_with(|| {
                types.push(TypeKey::of(&id.gvk, ranks));
                types.len() - 1
            })
        })
        .collect();
    let mut order: Vec<usize> = (0..types.len()).collect();
    order.sort_by(|left, right| types[*left].compare(&types[*right]));
    let mut rank_of = vec![0; types.len()];
    for (rank, number) in order.into_iter().enumerate() {
        rank_of[number] = rank;
    }
    let mut places: Vec<usize> = (0..ids.len()).collect();
    places.sort_by(|left, right| {
        let rank = |place: usize| rank_of[numbered[place]];
        rank(*left)
            .cmp(&rank(*right))
            .then_with(|| compare_names(&ids[*left], &ids[*right]))
    });
    places
}

fn sort_by_rank(map: &mut ResMap, ranks: &Ranks<'_>) -> Result<(), OrderError> {
    map.expect_unique_ids()?;
    let places = sorted_places(map.as_slice(), ranks);
    map.reorder(|list| {
        let mut taken: Vec<Option<Resource>> = std::mem::take(list).into_iter().map(Some).collect();
        list.extend(
            places
                .into_iter()
                .filter_map(|place| taken.get_mut(place).and_then(Option::take)),
        );
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::Arc;

    use crate::kustomization::LegacySortOptions;

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
