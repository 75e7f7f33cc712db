//! `lockstep preview`.

use clap::{Args, ValueEnum};

use super::{ClusterArguments, SubjectArguments};

// `lockstep preview`.
#[derive(Args, Debug)]
pub(in crate::cli) struct PreviewArguments {
    /// What is rendered.
    #[command(flatten)]
    pub subject: SubjectArguments,

    /// Where the credentials of `--argocd-namespace` are.
    #[command(flatten)]
    pub cluster: ClusterArguments,

    /// What to print.
    #[arg(long, short, value_enum, default_value_t = PreviewOutput::Yaml, value_name = "FORMAT")]
    pub output: PreviewOutput,

    /// Print secret values instead of masks.
    #[arg(long)]
    pub show_secrets: bool,
}

/// Values of `preview --output`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(in crate::cli) enum PreviewOutput {
    /// One `List` in JSON.
    Json,
    /// A line per object.
    Summary,
    /// One YAML document per object.
    Yaml,
}
