//! What is rendered: a working copy, a repository, or what an application says.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::{FetchArguments, KeyArguments, LoadRestrictor, TemplateArguments};

// What is rendered, and how; shared by `preview`, `diff` and `sync`.
#[derive(Args, Debug)]
pub(in crate::cli) struct SubjectArguments {
    /// A kustomization, a folder of manifests, a file, or `-` for standard input. With `--app`, a working copy that stands
    /// for the repository of the application's first source. Without any, the folder that you are in.
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub place: Option<PathBuf>,

    /// Render what this manifest of an `Application` says, ours (`lockstep.dev/v1alpha1`) or Argo CD's
    /// (`argoproj.io/v1alpha1`). The file may be encrypted by sops.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Source")]
    pub app: Option<PathBuf>,

    /// The name of the application: with `--app`, which one of a file with several; else by default the name of the folder.
    #[arg(long, value_name = "NAME", help_heading = "Source")]
    pub name: Option<String>,

    /// Fetch this Git repository, by https, ssh, or from a folder.
    #[arg(long, value_name = "URL", conflicts_with_all = ["place", "app"], help_heading = "Source")]
    pub repo: Option<String>,

    /// The branch, tag, commit or version range (`v1.*`, `>=1.2 <2`) to fetch. By default what the application says, or the
    /// repository's default branch.
    #[arg(long, value_name = "REVISION", help_heading = "Source")]
    pub revision: Option<String>,

    /// The folder in the repository.
    #[arg(
        long,
        value_name = "PATH",
        requires = "repo",
        default_value = ".",
        hide_default_value = true,
        help_heading = "Source"
    )]
    pub path: String,

    /// How repositories are fetched.
    #[command(flatten)]
    pub fetching: FetchArguments,

    /// Take repository credentials, and the clusters that applications name, from the Secrets of the Argo CD in this
    /// namespace of the cluster. Clusters are looked for in `argocd` where nothing is said.
    #[arg(long, value_name = "NAMESPACE", help_heading = "Source")]
    pub argocd_namespace: Option<String>,

    /// Allow repositories that applications name by plain `http`, or in a `directory` of this machine. May be repeated.
    #[arg(long, value_enum, value_name = "KIND", help_heading = "Source")]
    pub allow_repo: Vec<RepositoryKind>,

    /// Where keys come from.
    #[command(flatten)]
    pub keys: KeyArguments,

    /// Read folders below PATH too.
    #[arg(long, short = 'R', conflicts_with = "app")]
    pub recurse: bool,

    /// Read only files whose path below PATH matches: `*.yaml`, `{a,b}.yaml`, `apps/*`. A `*` crosses folders.
    #[arg(long, value_name = "GLOB", conflicts_with = "app")]
    pub include: Option<String>,

    /// Leave out files whose path below PATH matches.
    #[arg(long, value_name = "GLOB", conflicts_with = "app")]
    pub exclude: Option<String>,

    /// Where the files that a kustomization names may lie.
    #[arg(long, value_enum, default_value_t = LoadRestrictor::RootOnly, value_name = "RESTRICTOR")]
    pub load_restrictor: LoadRestrictor,

    /// Leave SealedSecrets as they are, for a controller in the cluster to open.
    #[arg(long)]
    pub keep_sealed: bool,

    /// How templates of a SealedSecret are treated.
    #[command(flatten)]
    pub templates: TemplateArguments,
}

/// Values of `--allow-repo`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(in crate::cli) enum RepositoryKind {
    /// A repository in a folder of this machine.
    Directory,
    /// Plain HTTP, where anybody on the way can read and change what is fetched.
    Http,
}
