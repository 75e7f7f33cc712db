//! What can be typed: the commands, their flags and their help texts.
//!
//! Nothing here acts. Each command's struct is taken apart by the file of the same name. What a command is for is said
//! where it is listed; a doc comment on a struct would take the place of that.

mod cluster;
mod fetch;
mod preview;
mod subject;
mod synchronise;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

use crate::check::finding::Rule;

pub(super) use cluster::ClusterArguments;
pub(super) use fetch::FetchArguments;
pub(super) use preview::{PreviewArguments, PreviewOutput};
pub(super) use subject::{RepositoryKind, SubjectArguments};
pub(super) use synchronise::{
    ConflictsWhen, DiffArguments, DiffOutput, SyncArguments, SyncOutput, WantedArguments,
};

/// Keeps Kubernetes in step with Git while secrets stay under lock.
#[derive(Debug, Parser)]
#[command(
    name = "lockstep",
    version,
    about,
    max_term_width = 100,
    after_help = "Exit codes: 0 done, 1 findings (`check`) or differences (`diff`), 2 error.\n\
                  Plaintext is held in memory only: no command writes one to a file."
)]
pub(super) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// When to colour what is printed.
    #[arg(long, global = true, value_enum, default_value_t = ColorWhen::Auto, value_name = "WHEN")]
    pub color: ColorWhen,

    /// Print errors only.
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// The commands. The flags of a command are built only when it is the one that was typed: a quarter of the start-up.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(super) enum Command {
    /// Print what `kustomize build` prints, with encrypted files opened wherever they are named.
    Build(BuildArguments),
    /// Find plaintext secrets, and encrypted files that do not hold what they promise.
    Check(CheckArguments),
    /// Print a shell completion script.
    Completions(CompletionsArguments),
    /// Print one SOPS file or SealedSecret in plaintext, as `sops decrypt` and `kubeseal --recovery-unseal` do.
    Decrypt(DecryptArguments),
    /// Show how a cluster differs from what would be applied, secrets masked.
    Diff(DiffArguments),
    /// Print the manual page, in roff.
    Man,
    /// Print what would be applied, secrets opened and masked.
    Preview(PreviewArguments),
    /// Bring a cluster in step: fetch, render, apply, prune and wait, once.
    Sync(SyncArguments),
}

// Where keys come from; shared by every command that opens something.
#[derive(Args, Debug, Default)]
pub(super) struct KeyArguments {
    /// A file or folder with keys: age identities, SSH keys, PGP keys, RSA keys in PEM, Kubernetes Secrets with
    /// sealing keys, in any mix. May be repeated. Keys from the variables of sops (`SOPS_AGE_KEY`,
    /// `SOPS_AGE_KEY_FILE`, `SOPS_AGE_KEY_CMD`, `SOPS_AGE_SSH_PRIVATE_KEY_FILE`, ...), an armoured PGP key in
    /// `LOCKSTEP_PGP_KEY` and sops' own places are read in addition.
    #[arg(long = "keys", value_name = "PATH", value_hint = ValueHint::AnyPath, env = "LOCKSTEP_KEYS", value_delimiter = ':')]
    pub keys: Vec<PathBuf>,

    /// In which order the keys of a SOPS file are tried: a comma-separated list of age, pgp, kms, gcp_kms, azure_kv,
    /// hc_vault, hckms.
    #[arg(long, value_name = "KINDS", env = "SOPS_DECRYPTION_ORDER")]
    pub decryption_order: Option<String>,

    /// Leave out the keys of the environment and of the home folder.
    #[arg(long)]
    pub only_given_keys: bool,
}

// `lockstep decrypt`.
#[derive(Args, Debug)]
pub(super) struct DecryptArguments {
    /// The file, or `-` for standard input.
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: PathBuf,

    /// Where keys come from.
    #[command(flatten)]
    pub keys: KeyArguments,

    /// Read the SOPS file as this format, whatever its name.
    #[arg(long, value_name = "FORMAT", value_parser = ["yaml", "json", "dotenv", "ini", "binary"])]
    pub input_type: Option<String>,

    /// Print in this format instead of the file's own (`yaml` or `json` for a SealedSecret).
    #[arg(long, short = 'o', value_name = "FORMAT", value_parser = ["yaml", "json", "dotenv", "ini", "binary"])]
    pub output_type: Option<String>,

    /// Print only the part at this path, as in `["database"]["users"][0]`.
    #[arg(long, value_name = "PATH")]
    pub extract: Option<String>,

    /// Print the values although nothing proves that they are whole and in place.
    #[arg(long)]
    pub ignore_mac: bool,

    /// The name that stands for standard input where rules go by file name.
    #[arg(long, value_name = "NAME")]
    pub filename_override: Option<PathBuf>,

    /// How templates of a SealedSecret are treated.
    #[command(flatten)]
    pub templates: TemplateArguments,
}

// How the templates of SealedSecrets are treated.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct TemplateArguments {
    /// Which templates of SealedSecrets are run. A template whose success depends on a secret tells something about
    /// it to whoever wrote the template, so `total` refuses those before anything is opened.
    #[arg(long, value_enum, default_value_t = Templates::Total, value_name = "WHICH")]
    pub templates: Templates,
}

/// Values of `--templates`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum Templates {
    /// All, as the SealedSecrets controller does.
    Any,
    /// Only those that succeed or fail whatever the secrets are.
    Total,
}

// `lockstep build`.
#[derive(Args, Debug)]
pub(super) struct BuildArguments {
    /// The folder of a kustomization.
    #[arg(default_value = ".", value_hint = ValueHint::DirPath)]
    pub path: PathBuf,

    /// Where keys come from.
    #[command(flatten)]
    pub keys: KeyArguments,

    /// Print values that were decrypted instead of masks. Not needed where nothing was.
    #[arg(long)]
    pub show_secrets: bool,

    /// Where the files that a kustomization names may lie.
    #[arg(long, value_enum, default_value_t = LoadRestrictor::RootOnly, value_name = "RESTRICTOR")]
    pub load_restrictor: LoadRestrictor,

    /// How remote bases are fetched.
    #[command(flatten)]
    pub fetching: FetchArguments,
}

/// Values of `--load-restrictor`, as kustomize has them.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum LoadRestrictor {
    /// Anywhere in the working copy.
    #[value(name = "LoadRestrictionsNone")]
    None,
    /// In or below the folder of the kustomization.
    #[value(name = "LoadRestrictionsRootOnly")]
    RootOnly,
}

// `lockstep check`.
#[derive(Args, Debug)]
pub(super) struct CheckArguments {
    /// Folders or files; what Git ignores is left out.
    #[arg(default_value = ".", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,

    /// Where keys come from.
    #[command(flatten)]
    pub keys: KeyArguments,

    /// What to print.
    #[arg(long, short, value_enum, default_value_t = CheckOutput::Text, value_name = "FORMAT")]
    pub output: CheckOutput,

    /// From which severity on a finding makes the exit code 1.
    #[arg(long, value_enum, default_value_t = FailOn::Warning, value_name = "SEVERITY")]
    pub fail_on: FailOn,

    /// Leave out the findings of this rule; may be repeated.
    #[arg(long, value_name = "RULE", value_parser = super::check::rule)]
    pub allow: Vec<Rule>,

    /// Look at the files that Git ignores too.
    #[arg(long)]
    pub no_ignore: bool,

    /// Vault addresses that SOPS files may name: comma-separated URL prefixes, `all` or `none`.
    #[arg(
        long,
        value_name = "PREFIXES",
        env = "SOPS_HC_VAULT_ALLOWLIST",
        default_value = "none",
        hide_default_value = true
    )]
    pub vault_addresses: String,
}

/// Values of `check --output`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum CheckOutput {
    /// An object with the findings and counts.
    Json,
    /// SARIF 2.1.0, as code hosts read it.
    Sarif,
    /// A line per finding.
    Text,
}

/// Values of `check --fail-on`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum FailOn {
    /// Errors only.
    Error,
    /// Notes, warnings and errors.
    Note,
    /// Warnings and errors.
    Warning,
}

// `lockstep completions`.
#[derive(Args, Debug)]
pub(super) struct CompletionsArguments {
    /// The shell.
    pub shell: clap_complete::Shell,
}

/// Values of `--color`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum ColorWhen {
    /// Always.
    Always,
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Never.
    Never,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_help_of_a_command_begins_with_what_the_list_of_commands_says() {
        Arguments::command().debug_assert();
        let listed = Arguments::command();
        let mut built = Arguments::command();
        built.build();
        for command in listed.get_subcommands() {
            let about = |command: &clap::Command| command.get_about().map(ToString::to_string);
            let shown = built.find_subcommand(command.get_name()).and_then(about);
            assert!(
                shown.is_some() && shown == about(command),
                "{}",
                command.get_name()
            );
        }
    }
}
