//! Options of synchronising and comparing.
//!
//! There are two levels: those of an application (`syncPolicy.syncOptions`), and those of one object (its annotation
//! `argocd.argoproj.io/sync-options`). [`ResourceOptions::of`] is what holds for an object when both are seen together.
//! An option that is not known, or not at its level, changes nothing; it is kept, to be told to a person.

use serde_json::Value;

use crate::cluster::annotations;

/// Whether an object may be deleted by a synchronisation (`Prune`) or with its application (`Delete`).
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Removal {
    /// It may.
    #[default]
    Allowed,
    /// Only after a person confirmed it, by the annotation [`annotations::DELETION_APPROVED`] on the application.
    Confirmed,
    /// Never.
    Refused,
}

/// What becomes of an object's dependents when it is deleted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Propagation {
    /// They go first.
    #[default]
    Foreground,
    /// They go afterwards.
    Background,
    /// They stay.
    Orphan,
}

/// Options of an application.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SyncOptions {
    /// `Prune=false`, `Prune=confirm`.
    pub prune: Removal,
    /// `Delete=false`, `Delete=confirm`.
    pub delete: Removal,
    /// `Validate=false` has the API server drop unknown fields instead of refusing them.
    pub validate: bool,
    /// `SkipDryRunOnMissingResource=true`: a kind that the API server does not know yet is no error before the first change.
    pub skip_dry_run_on_missing_resource: bool,
    /// `Replace=true`: objects are replaced or created instead of applied.
    pub replace: bool,
    /// `ServerSideApply=true` or `=false`, where either is said.
    pub server_side_apply: Option<bool>,
    /// `ClientSideApplyMigration=false` leaves fields with the managers of `kubectl apply`.
    pub client_side_apply_migration: bool,
    /// `ApplyOutOfSyncOnly=true`: objects that are as they should be are left alone.
    pub apply_out_of_sync_only: bool,
    /// `PruneLast=true`: objects are pruned after the last wave.
    pub prune_last: bool,
    /// `CreateNamespace=true`: the destination namespace is created first.
    pub create_namespace: bool,
    /// `FailOnSharedResource=true`: an object of another application is an error.
    pub fail_on_shared_resource: bool,
    /// `RespectIgnoreDifferences=true`: ignored fields are taken from the live object before it is applied.
    pub respect_ignore_differences: bool,
    /// `PrunePropagationPolicy`.
    pub prune_propagation: Propagation,
    /// Options that are not known at this level.
    pub unknown: Vec<String>,
}

/// Options that hold for one object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ResourceOptions {
    /// Whether it may be pruned.
    pub prune: Removal,
    /// Whether it may be deleted with its application.
    pub delete: Removal,
    /// Whether unknown fields are refused.
    pub validate: bool,
    /// Whether a kind that the API server does not know yet is no error before the first change.
    pub skip_dry_run_on_missing_resource: bool,
    /// Whether it is replaced instead of applied; wins over `server_side_apply`.
    pub replace: bool,
    /// `Force=true`: it is deleted and created again where it cannot be changed.
    pub force: bool,
    /// Whether server-side apply is asked for, or declined, where anything is said.
    pub server_side_apply: Option<bool>,
    /// Whether fields of `kubectl apply` are taken over first.
    pub client_side_apply_migration: bool,
    /// Whether it is left alone when it is as it should be.
    pub apply_out_of_sync_only: bool,
    /// Whether it is pruned after the last wave.
    pub prune_last: bool,
    /// Options of its annotation that are not known at this level.
    pub unknown: Vec<String>,
}

/// Options of a comparison: an object's or an application's.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CompareOptions {
    /// On an object: it does not make its application out of sync by being left over.
    pub ignore_extraneous: bool,
    /// On an application: whether differences are asked of the API server, where it says.
    pub server_side_diff: Option<bool>,
    /// On an application: changes by admission webhooks count as differences.
    pub include_mutation_webhook: bool,
    /// Options that are not known.
    pub unknown: Vec<String>,
}

impl Default for SyncOptions {
    fn default() -> Self {
        Self {
            prune: Removal::Allowed,
            delete: Removal::Allowed,
            validate: true,
            skip_dry_run_on_missing_resource: false,
            replace: false,
            server_side_apply: None,
            client_side_apply_migration: true,
            apply_out_of_sync_only: false,
            prune_last: false,
            create_namespace: false,
            fail_on_shared_resource: false,
            respect_ignore_differences: false,
            prune_propagation: Propagation::Foreground,
            unknown: Vec::new(),
        }
    }
}

impl SyncOptions {
    /// Reads `syncPolicy.syncOptions`.
    ///
    /// An option counts wherever it stands in the list. Where a list contradicts itself, the cautious reading wins, as
    /// the order of checks has it in Argo CD (`controller/sync.go`).
    pub fn parse<S: AsRef<str>>(options: &[S]) -> Self {
        let mut read = Self::default();
        for option in options {
            read.add(option.as_ref());
        }
        // The order in which argo-cd looks for a policy: controller/sync.go.
        let says = |policy: &str| options.iter().any(|option| option.as_ref() == policy);
        read.prune_propagation = if says("PrunePropagationPolicy=background") {
            Propagation::Background
        } else if says("PrunePropagationPolicy=orphan")
            && !says("PrunePropagationPolicy=foreground")
        {
            Propagation::Orphan
        } else {
            Propagation::Foreground
        };
        read
    }

    fn add(&mut self, option: &str) {
        match option {
            "Prune=false" => self.prune = Removal::Refused,
            "Prune=confirm" => self.prune = self.prune.max(Removal::Confirmed),
            "Delete=false" => self.delete = Removal::Refused,
            "Delete=confirm" => self.delete = self.delete.max(Removal::Confirmed),
            "Validate=false" => self.validate = false,
            "SkipDryRunOnMissingResource=true" => self.skip_dry_run_on_missing_resource = true,
            "Replace=true" => self.replace = true,
            "ServerSideApply=true" => self.server_side_apply = Some(true),
            "ServerSideApply=false" => {
                self.server_side_apply.get_or_insert(false);
            }
            "ClientSideApplyMigration=false" => self.client_side_apply_migration = false,
            "ApplyOutOfSyncOnly=true" => self.apply_out_of_sync_only = true,
            "PruneLast=true" => self.prune_last = true,
            "CreateNamespace=true" => self.create_namespace = true,
            "FailOnSharedResource=true" => self.fail_on_shared_resource = true,
            "RespectIgnoreDifferences=true" => self.respect_ignore_differences = true,
            // What holds anyway, and what is read above.
            "Prune=true"
            | "Delete=true"
            | "Validate=true"
            | "SkipDryRunOnMissingResource=false"
            | "Replace=false"
            | "ClientSideApplyMigration=true"
            | "ApplyOutOfSyncOnly=false"
            | "PruneLast=false"
            | "CreateNamespace=false"
            | "FailOnSharedResource=false"
            | "RespectIgnoreDifferences=false"
            | "PrunePropagationPolicy=foreground"
            | "PrunePropagationPolicy=background"
            | "PrunePropagationPolicy=orphan" => {}
            unknown => self.unknown.push(unknown.to_owned()),
        }
    }
}

impl ResourceOptions {
    /// What holds for `object` in an application with the options `application`.
    ///
    /// The object's own word wins where it can say both (`Replace`, `ServerSideApply`, `ApplyOutOfSyncOnly`); for the
    /// others either level is enough.
    pub fn of(object: &Value, application: &SyncOptions) -> Self {
        let mut read = Self {
            prune: application.prune,
            delete: application.delete,
            validate: application.validate,
            skip_dry_run_on_missing_resource: application.skip_dry_run_on_missing_resource,
            replace: application.replace,
            force: false,
            server_side_apply: application.server_side_apply,
            client_side_apply_migration: application.client_side_apply_migration,
            apply_out_of_sync_only: application.apply_out_of_sync_only,
            prune_last: application.prune_last,
            unknown: Vec::new(),
        };
        let options = annotations::list(object, annotations::SYNC_OPTIONS);
        let says = |option: &str| options.contains(&option);
        for &option in &options {
            match option {
                "Prune=false" => read.prune = Removal::Refused,
                "Prune=confirm" => read.prune = read.prune.max(Removal::Confirmed),
                "Delete=false" => read.delete = Removal::Refused,
                "Delete=confirm" => read.delete = read.delete.max(Removal::Confirmed),
                "Validate=false" => read.validate = false,
                "SkipDryRunOnMissingResource=true" => read.skip_dry_run_on_missing_resource = true,
                "Replace=true" => read.replace = true,
                "Force=true" => read.force = true,
                "ServerSideApply=true" if !says("ServerSideApply=false") => {
                    read.server_side_apply = Some(true);
                }
                "ServerSideApply=false" => read.server_side_apply = Some(false),
                "ClientSideApplyMigration=false" => read.client_side_apply_migration = false,
                "ApplyOutOfSyncOnly=true" if !says("ApplyOutOfSyncOnly=false") => {
                    read.apply_out_of_sync_only = true;
                }
                "ApplyOutOfSyncOnly=false" => read.apply_out_of_sync_only = false,
                "PruneLast=true" => read.prune_last = true,
                "Prune=true"
                | "Delete=true"
                | "Validate=true"
                | "SkipDryRunOnMissingResource=false"
                | "Replace=false"
                | "Force=false"
                | "ServerSideApply=true"
                | "ClientSideApplyMigration=true"
                | "ApplyOutOfSyncOnly=true"
                | "PruneLast=false" => {}
                unknown => read.unknown.push(unknown.to_owned()),
            }
        }
        // Helm's mark counts as an option: argo-cd: controller/appcontroller.go.
        if annotations::has(object, annotations::HELM_RESOURCE_POLICY, "keep") {
            read.delete = Removal::Refused;
        }
        read
    }
}

impl CompareOptions {
    /// Reads the annotation `argocd.argoproj.io/compare-options` of an object or an application.
    pub fn of(object: &Value) -> Self {
        Self::parse(&annotations::list(object, annotations::COMPARE_OPTIONS))
    }

    /// Reads the entries of the annotation.
    pub fn parse<S: AsRef<str>>(options: &[S]) -> Self {
        let mut read = Self::default();
        for option in options {
            match option.as_ref() {
                "IgnoreExtraneous" => read.ignore_extraneous = true,
                "ServerSideDiff=false" => read.server_side_diff = Some(false),
                "ServerSideDiff=true" => {
                    read.server_side_diff.get_or_insert(true);
                }
                "IncludeMutationWebhook=true" => read.include_mutation_webhook = true,
                "IncludeMutationWebhook=false" => {}
                unknown => read.unknown.push(unknown.to_owned()),
            }
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(options: &str) -> Value {
        json!({"metadata": {"annotations": {"argocd.argoproj.io/sync-options": options}}})
    }

    #[test]
    fn options_of_an_application_are_read_wherever_they_stand() {
        type Check = fn(&SyncOptions) -> bool;
        let cases: &[(&[&str], Check)] = &[
            (&[], |read| *read == SyncOptions::default()),
            (&["Prune=false"], |read| read.prune == Removal::Refused),
            (&["Prune=confirm"], |read| read.prune == Removal::Confirmed),
            (&["Prune=false", "Prune=confirm"], |read| {
                read.prune == Removal::Refused
            }),
            (&["Delete=confirm"], |read| {
                read.delete == Removal::Confirmed
            }),
            (&["Delete=false"], |read| read.delete == Removal::Refused),
            (&["Validate=false"], |read| !read.validate),
            (&["SkipDryRunOnMissingResource=true"], |read| {
                read.skip_dry_run_on_missing_resource
            }),
            (&["Replace=true"], |read| read.replace),
            (&["ServerSideApply=true"], |read| {
                read.server_side_apply == Some(true)
            }),
            (&["ServerSideApply=false"], |read| {
                read.server_side_apply == Some(false)
            }),
            (&["ClientSideApplyMigration=false"], |read| {
                !read.client_side_apply_migration
            }),
            (&["ApplyOutOfSyncOnly=true"], |read| {
                read.apply_out_of_sync_only
            }),
            (&["PruneLast=true"], |read| read.prune_last),
            (&["CreateNamespace=true"], |read| read.create_namespace),
            (&["FailOnSharedResource=true"], |read| {
                read.fail_on_shared_resource
            }),
            (&["RespectIgnoreDifferences=true"], |read| {
                read.respect_ignore_differences
            }),
            (&["PrunePropagationPolicy=orphan"], |read| {
                read.prune_propagation == Propagation::Orphan
            }),
            (
                &[
                    "PrunePropagationPolicy=orphan",
                    "PrunePropagationPolicy=background",
                ],
                |read| read.prune_propagation == Propagation::Background,
            ),
            (&["Force=true", "prune=false", "Prune = false"], |read| {
                read.unknown == ["Force=true", "prune=false", "Prune = false"]
                    && read.prune == Removal::Allowed
            }),
        ];
        for (options, check) in cases {
            assert!(check(&SyncOptions::parse(options)), "{options:?}");
        }
    }

    #[test]
    fn an_object_adds_its_options_to_those_of_its_application() {
        type Check = fn(&ResourceOptions) -> bool;
        let cases: &[(&[&str], &str, Check)] = &[
            (&["Prune=false"], "", |read| read.prune == Removal::Refused),
            (&[], "Prune=false", |read| read.prune == Removal::Refused),
            (&["Prune=confirm"], "Prune=true", |read| {
                read.prune == Removal::Confirmed
            }),
            (&[], " Prune=confirm , Delete=false ", |read| {
                read.prune == Removal::Confirmed && read.delete == Removal::Refused
            }),
            (&["ServerSideApply=true"], "ServerSideApply=false", |read| {
                read.server_side_apply == Some(false)
            }),
            (&["ServerSideApply=false"], "ServerSideApply=true", |read| {
                read.server_side_apply == Some(true)
            }),
            (&[], "ServerSideApply=true,ServerSideApply=false", |read| {
                read.server_side_apply == Some(false)
            }),
            (
                &["ApplyOutOfSyncOnly=true"],
                "ApplyOutOfSyncOnly=false",
                |read| !read.apply_out_of_sync_only,
            ),
            (&["Replace=true"], "", |read| read.replace && !read.force),
            (&[], "Force=true,Replace=true", |read| {
                read.replace && read.force
            }),
            (&["Validate=false"], "", |read| !read.validate),
            (&[], "PruneLast=true", |read| read.prune_last),
            (&["ClientSideApplyMigration=false"], "", |read| {
                !read.client_side_apply_migration
            }),
            (&[], "SkipDryRunOnMissingResource=true", |read| {
                read.skip_dry_run_on_missing_resource
            }),
            (&[], "CreateNamespace=true,x", |read| {
                read.unknown == ["CreateNamespace=true", "x"]
            }),
        ];
        for (application, own, check) in cases {
            let read = ResourceOptions::of(&object(own), &SyncOptions::parse(application));
            assert!(check(&read), "{application:?} {own:?}: {read:?}");
        }
        let kept = json!({"metadata": {"annotations": {"helm.sh/resource-policy": "keep"}}});
        assert_eq!(
            ResourceOptions::of(&kept, &SyncOptions::default()).delete,
            Removal::Refused
        );
    }

    #[test]
    fn options_of_a_comparison_are_read() {
        let read = CompareOptions::parse(&[
            "IgnoreExtraneous",
            "ServerSideDiff=true",
            "IncludeMutationWebhook=true",
            "x",
        ]);
        assert!(read.ignore_extraneous && read.include_mutation_webhook);
        assert_eq!(read.server_side_diff, Some(true));
        assert_eq!(read.unknown, ["x"]);
        let declined = CompareOptions::parse(&["ServerSideDiff=false", "ServerSideDiff=true"]);
        assert_eq!(declined.server_side_diff, Some(false));
    }
}
