//! How an application is kept in step.

use std::collections::BTreeMap;
use std::time::Duration;

use super::duration;
use super::fields::{FieldError, Fields};

/// `spec.syncPolicy`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SyncPolicy {
    /// `automated`: whether and how a difference is acted upon by itself.
    pub automated: Option<Automation>,
    /// `syncOptions`, as they are written.
    pub sync_options: Vec<String>,
    /// `retry`: what is done about a sync that failed.
    pub retry: Option<RetryPolicy>,
    /// `managedNamespaceMetadata`.
    pub managed_namespace_metadata: Option<NamespaceMetadata>,
}

/// `spec.syncPolicy.automated`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Automation {
    /// Whether it is on; it is where nothing else is said.
    pub enabled: bool,
    /// Whether objects that are not wanted any more are deleted.
    pub prune: bool,
    /// Whether changes in the cluster are undone.
    pub self_heal: bool,
    /// Whether an application may lose all its objects.
    pub allow_empty: bool,
}

/// `spec.syncPolicy.retry`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RetryPolicy {
    /// How often; none for as often as it takes.
    pub limit: Option<u32>,
    /// How long is waited in between.
    pub backoff: Backoff,
    /// Whether the newest commit is taken instead of the one that failed.
    pub refresh: bool,
}

/// How long is waited between attempts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Backoff {
    /// After the first attempt.
    pub duration: Duration,
    /// By how much the next wait is longer.
    pub factor: i64,
    /// The longest wait; zero for no bound.
    pub max_duration: Duration,
}

/// Labels and annotations of a namespace that `CreateNamespace=true` makes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NamespaceMetadata {
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
}

impl Backoff {
    /// How long is waited after attempt `attempt`, counted from zero (argo-cd: `RetryStrategy.NextRetryAt`).
    pub fn wait(&self, attempt: u32) -> Duration {
        let longest = Duration::from_secs(365 * 24 * 60 * 60);
        let attempt = i32::try_from(attempt).unwrap_or(i32::MAX);
        let seconds = self.duration.as_secs_f64() * (self.factor as f64).powi(attempt);
        // A negative factor or one of zero makes no wait, and an endless one must end.
        let wait = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(longest);
        match self.max_duration {
            Duration::ZERO => wait.min(longest),
            bound => wait.min(bound),
        }
    }
}

/// argo-cd: `DefaultSyncRetryDuration`, `DefaultSyncRetryFactor`, `DefaultSyncRetryMaxDuration`.
impl Default for Backoff {
    fn default() -> Self {
        Self {
            duration: Duration::from_secs(5),
            factor: 2,
            max_duration: Duration::from_secs(3 * 60),
        }
    }
}

impl SyncPolicy {
    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            automated: fields.object("automated", |fields| {
                Ok(Automation {
                    enabled: fields.choice("enabled")?.unwrap_or(true),
                    prune: fields.flag("prune")?,
                    self_heal: fields.flag("selfHeal")?,
                    allow_empty: fields.flag("allowEmpty")?,
                })
            })?,
            sync_options: fields.texts("syncOptions")?,
            retry: fields.object("retry", RetryPolicy::read)?,
            managed_namespace_metadata: fields.object("managedNamespaceMetadata", |fields| {
                Ok(NamespaceMetadata {
                    labels: fields.texts_by_name("labels")?,
                    annotations: fields.texts_by_name("annotations")?,
                })
            })?,
        })
    }

    /// Whether objects that are not wanted any more are deleted without being asked.
    pub fn prunes(&self) -> bool {
        self.automated
            .is_some_and(|automated| automated.enabled && automated.prune)
    }

    /// Whether the application may lose all its objects.
    pub fn allows_empty(&self) -> bool {
        self.automated
            .is_some_and(|automated| automated.allow_empty)
    }
}

impl RetryPolicy {
    fn read(fields: &mut Fields<'_>) -> Result<Self, FieldError> {
        let limit = fields.integer("limit")?.unwrap_or_default();
        let standard = Backoff::default();
        let backoff = fields.object("backoff", |fields| {
            Ok(Backoff {
                duration: fields
                    .parsed("duration", duration::parse)?
                    .unwrap_or(standard.duration),
                factor: fields.integer("factor")?.unwrap_or(standard.factor),
                max_duration: fields
                    .parsed("maxDuration", duration::parse)?
                    .unwrap_or(standard.max_duration),
            })
        })?;
        Ok(Self {
            // A negative limit is none.
            limit: (limit >= 0).then(|| u32::try_from(limit).unwrap_or(u32::MAX)),
            backoff: backoff.unwrap_or(standard),
            refresh: fields.flag("refresh")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_the_bound() {
        let backoff = |seconds, factor, bound| Backoff {
            duration: Duration::from_secs(seconds),
            factor,
            max_duration: Duration::from_secs(bound),
        };
        for (backoff, attempt, expect) in [
            (Backoff::default(), 0, 5),
            (Backoff::default(), 1, 10),
            (Backoff::default(), 5, 160),
            (Backoff::default(), 6, 180),
            (Backoff::default(), u32::MAX, 180),
            (backoff(7, 1, 100), 9, 7),
            (backoff(7, 0, 100), 0, 7),
            (backoff(7, 0, 100), 1, 0),
            (backoff(7, -2, 100), 1, 0),
            (backoff(7, 10, 0), 2, 700),
            (backoff(7, 10, 0), u32::MAX, 365 * 24 * 60 * 60),
        ] {
            assert_eq!(
                backoff.wait(attempt).as_secs(),
                expect,
                "{backoff:?} {attempt}"
            );
        }
    }
}
