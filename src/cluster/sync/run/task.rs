//! One thing to do, and how it stands.

use serde_json::Value;

use super::super::apply;
use crate::cluster::discovery::ApiResource;
use crate::cluster::hooks::{DeletePolicy, Phase};
use crate::cluster::object::{Address, ObjectKey};
use crate::cluster::plan::{HookItem, Item};
use crate::cluster::target::Target;

/// One thing to do.
pub(super) struct Task<'a> {
    pub(super) subject: Subject<'a>,
    pub(super) phase: Phase,
    pub(super) wave: i64,
    /// How its kind is served; none while it is not.
    pub(super) resource: Option<ApiResource>,
    /// The object as it is now, as far as is known.
    pub(super) live: Option<Value>,
    pub(super) state: State,
    /// Where its result is.
    pub(super) result: Option<usize>,
}

#[derive(Clone, Copy)]
pub(super) enum Subject<'a> {
    /// A wanted object, or one to be pruned.
    Item(&'a Item),
    /// A hook.
    Hook(&'a HookItem),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum State {
    Pending,
    /// Written, and on its way to health or completion.
    Running,
    /// Deleted, and on its way out.
    Leaving,
    Succeeded,
    Failed,
}

impl<'a> Subject<'a> {
    pub(super) fn key(self) -> &'a ObjectKey {
        match self {
            Self::Item(item) => &item.key,
            Self::Hook(hook) => &hook.hook.target.key,
        }
    }

    pub(super) fn version(self) -> &'a str {
        match self {
            Self::Item(item) => &item.version,
            Self::Hook(hook) => &hook.hook.target.version,
        }
    }

    pub(super) fn target(self) -> Option<&'a Target> {
        match self {
            Self::Item(item) => item.target.as_ref(),
            Self::Hook(hook) => Some(&hook.hook.target),
        }
    }

    pub(super) const fn is_hook(self) -> bool {
        matches!(self, Self::Hook(_))
    }

    pub(super) fn has_policy(self, policy: DeletePolicy) -> bool {
        match self {
            Self::Item(_) => false,
            Self::Hook(hook) => hook.hook.hook.delete_policies.contains(&policy),
        }
    }
}

impl<'a> Task<'a> {
    pub(super) fn address<'b>(&self, resource: &'b ApiResource) -> Address<'b>
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
