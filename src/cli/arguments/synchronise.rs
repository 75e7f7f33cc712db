//! `lockstep diff` and `lockstep sync`.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::cluster::duration;
use super::{ClusterArguments, SubjectArguments};

// What is wanted of a cluster; the same for looking and for doing.
#[derive(Args, Debug)]
pub(in crate::cli) struct WantedArguments {
    /// Delete objects of the application that are not in its source any more. By default only where the application says so
    /// (`automated.prune`).
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub prune: Option<bool>,

    /// Go on although nothing at all was rendered, as `automated.allowEmpty` does: with `--prune`, everything is deleted.
    #[arg(long)]
    pub allow_empty: bool,

    /// When fields are taken over that another manager of the object owns.
    #[arg(long, value_enum, default_value_t = ConflictsWhen::Owned, value_name = "WHEN")]
    pub take_fields: ConflictsWhen,

    /// Take over fields of other managers in every object; the same as `--take-fields always`.
    #[arg(long, conflicts_with = "take_fields")]
    pub force_conflicts: bool,

    /// Take over objects that belong to another application, of lockstep or of Argo CD.
    #[arg(long)]
    pub adopt: bool,

    /// Delete and make anew what cannot be changed into what is wanted, as a Job whose template is another.
    #[arg(long)]
    pub force: bool,

    /// A sync option as in `syncPolicy.syncOptions`: `CreateNamespace=true`, `PruneLast=true`, ... May be repeated, and
    /// counts after those of the application.
    #[arg(long = "sync-option", value_name = "OPTION")]
    pub sync_options: Vec<String>,
}

/// Values of `--take-fields`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(in crate::cli) enum ConflictsWhen {
    /// In every object.
    Always,
    /// Never: a conflict is an error.
    Never,
    /// In objects that are the application's already.
    Owned,
}

const DIFF_EXAMPLES: &str = "Examples:
  lockstep diff overlays/production
  lockstep diff --app shop.yaml                      what the application's own commit would change
  lockstep diff --app shop.yaml .                    what this working copy would change
  lockstep diff --repo https://git.example/shop.git --revision v1.2.0 --path overlays/production

Exit codes: 0 no difference, 1 differences, 2 an error, or an object that the cluster would refuse.
A mask shows a fingerprint: it changes when the secret changes, and is another in every run.";

// `lockstep diff`.
#[derive(Args, Debug)]
#[command(after_help = DIFF_EXAMPLES)]
pub(in crate::cli) struct DiffArguments {
    /// What is rendered.
    #[command(flatten)]
    pub subject: SubjectArguments,

    /// The cluster.
    #[command(flatten)]
    pub cluster: ClusterArguments,

    /// What is wanted.
    #[command(flatten)]
    pub wanted: WantedArguments,

    /// What to print.
    #[arg(long, short, value_enum, default_value_t = DiffOutput::Diff, value_name = "FORMAT")]
    pub output: DiffOutput,

    /// Print a line per object; the same as `--output summary`.
    #[arg(long, conflicts_with = "output")]
    pub summary: bool,

    /// How many lines that are the same stand around those that are not.
    #[arg(long, short = 'U', value_name = "COUNT", default_value_t = 3)]
    pub context_lines: usize,

    /// Print secret values instead of masks, of the cluster too.
    #[arg(long)]
    pub show_secrets: bool,
}

/// Values of `diff --output`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(in crate::cli) enum DiffOutput {
    /// The lines that differ, per object.
    Diff,
    /// An object with both sides of every object that differs.
    Json,
    /// A line per object.
    Summary,
}

const SYNC_EXAMPLES: &str = "Examples:
  lockstep sync overlays/production --namespace shop --prune
  lockstep sync --app shop.yaml --wait
  lockstep sync --repo git@git.example:shop.git --revision 'v1.*' --path overlays/production --name shop

Exit codes: 0 everything is as wanted, 2 an error, or something that could not be brought there.
Killed at any moment, it can be run again: what is deleted is decided by what is known to belong to the application.";

// `lockstep sync`.
#[derive(Args, Debug)]
#[command(after_help = SYNC_EXAMPLES)]
pub(in crate::cli) struct SyncArguments {
    /// What is rendered.
    #[command(flatten)]
    pub subject: SubjectArguments,

    /// The cluster.
    #[command(flatten)]
    pub cluster: ClusterArguments,

    /// What is wanted.
    #[command(flatten)]
    pub wanted: WantedArguments,

    /// Let the API server say what it would do, and change nothing.
    #[arg(long)]
    pub dry_run: bool,

    /// Delete objects with `Prune=confirm`, too.
    #[arg(long)]
    pub confirm_pruning: bool,

    /// Leave hooks out.
    #[arg(long)]
    pub skip_hooks: bool,

    /// Wait until the objects of the last wave are healthy, and deleted ones gone. Earlier waves are always waited for.
    #[arg(long)]
    pub wait: bool,

    /// How long the objects of one wave may take to become healthy.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "5m")]
    pub timeout: Duration,

    /// What to print.
    #[arg(long, short, value_enum, default_value_t = SyncOutput::Text, value_name = "FORMAT")]
    pub output: SyncOutput,
}

/// Values of `sync --output`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(in crate::cli) enum SyncOutput {
    /// An object with what became of every object.
    Json,
    /// A line per object.
    Text,
}
