//! What was typed about how a cluster is brought in step, as a request.

use super::arguments::{ConflictsWhen, WantedArguments};
use super::cluster_access::Access;
use super::failure::Failure;
use super::printer::Printer;
use super::subject::Subject;
use crate::application::Application;
use crate::cluster::annotations;
use crate::cluster::ignore::{IgnoreDifference, IgnoreRules};
use crate::cluster::options::{CompareOptions, SyncOptions};
use crate::cluster::{
    Adoption, ApplicationName, ConflictPolicy, EmptyRender, Force, NamespaceMetadata, Pruning,
    SourceIdentity, SyncRequest,
};

impl WantedArguments {
    /// The request for `subject` in `namespace`, within the reach that `access` has: what its application says, and what
    /// was typed counts before that.
    pub(super) fn request<'a>(
        &self,
        subject: &'a Subject,
        access: &Access,
        namespace: String,
        printer: &Printer,
    ) -> Result<SyncRequest<'a>, Failure> {
        let application = subject.application.as_ref();
        let name = ApplicationName::parse(&subject.name).map_err(|source| Failure::Name {
            name: subject.name.clone(),
            source,
        })?;
        let policy = application.map(|application| &application.sync_policy);
        let mut options = policy.map_or_else(Vec::new, |policy| policy.sync_options.clone());
        options.extend(self.sync_options.iter().cloned());
        let options = SyncOptions::parse(&options);
        for option in &options.unknown {
            printer.warn(&format!("unknown sync option `{option}`"));
        }
        let compare = application.map_or_else(CompareOptions::default, compare_options);
        for option in &compare.unknown {
            printer.warn(&format!("unknown compare option `{option}`"));
        }
        let prune = self
            .prune
            .unwrap_or_else(|| policy.is_some_and(|policy| policy.prunes()));
        let may_be_empty = self.allow_empty || policy.is_some_and(|policy| policy.allows_empty());
        let namespace_metadata = policy
            .and_then(|policy| policy.managed_namespace_metadata.as_ref())
            .map(|metadata| NamespaceMetadata {
                labels: metadata.labels.clone(),
                annotations: metadata.annotations.clone(),
            });
        Ok(SyncRequest {
            options,
            compare,
            reach: access.reach.clone(),
            ignore: application.map_or_else(|| Ok(IgnoreRules::default()), ignore_rules)?,
            pruning: if prune { Pruning::On } else { Pruning::Off },
            empty: if may_be_empty {
                EmptyRender::Allow
            } else {
                EmptyRender::Refuse
            },
            conflicts: match self.take_fields {
                _ if self.force_conflicts => ConflictPolicy::Always,
                ConflictsWhen::Always => ConflictPolicy::Always,
                ConflictsWhen::Never => ConflictPolicy::Never,
                ConflictsWhen::Owned => ConflictPolicy::ForceOwned,
            },
            adoption: if self.adopt {
                Adoption::TakeOver
            } else {
                Adoption::Refuse
            },
            namespace_metadata,
            force: if self.force {
                Force::Recreate
            } else {
                Force::AsAnnotated
            },
            ..SyncRequest::new(
                name,
                namespace,
                SourceIdentity::new(&subject.source),
                &subject.revision,
                &subject.desired,
            )
        })
    }
}

/// What the application's own annotation says about comparing it.
fn compare_options(application: &Application) -> CompareOptions {
    let list = application.annotations.get(annotations::COMPARE_OPTIONS);
    CompareOptions::parse(&list.map_or_else(Vec::new, |list| annotations::entries(list)))
}

fn ignore_rules(application: &Application) -> Result<IgnoreRules, Failure> {
    let differences: Vec<IgnoreDifference> = application
        .ignore_differences
        .iter()
        .map(|difference| IgnoreDifference {
            group: difference.group.clone(),
            kind: difference.kind.clone(),
            name: difference.name.clone(),
            namespace: difference.namespace.clone(),
            json_pointers: difference.json_pointers.clone(),
            jq_path_expressions: difference.jq_path_expressions.clone(),
            managed_fields_managers: difference.managed_fields_managers.clone(),
        })
        .collect();
    IgnoreRules::compile(&differences).map_err(Failure::Ignore)
}
