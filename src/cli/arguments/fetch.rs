//! How repositories are fetched.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::git::UrlPrefix;

// How repositories are fetched, and which of those that others name; shared by `build`, `preview`, `diff` and `sync`.
#[derive(Args, Debug)]
pub(in crate::cli) struct FetchArguments {
    /// A file with credentials for repositories: Secrets in Argo CD's format, with the label
    /// `argocd.argoproj.io/secret-type: repository` or `repo-creds`. May be encrypted by sops, and may be repeated.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Source")]
    pub repo_credentials: Vec<PathBuf>,

    /// Let kustomizations name bases in repositories whose address begins so: `https://github.com/org`, `git@host:org`. By
    /// default they may name none. Files there are opened with the same keys. May be repeated.
    #[arg(long, value_name = "PREFIX", value_parser = prefix, help_heading = "Source")]
    pub allow_remote_bases: Vec<UrlPrefix>,

    /// Where fetched repositories are kept, as bare mirrors: encrypted files stay encrypted there. By default in the cache
    /// folder of the user.
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath, env = "LOCKSTEP_MIRRORS", help_heading = "Source")]
    pub mirrors: Option<PathBuf>,
}

fn prefix(text: &str) -> Result<UrlPrefix, crate::git::UrlError> {
    UrlPrefix::parse(text)
}
