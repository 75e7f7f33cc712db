//! Errors for people: what, where, why, and what to do about it.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use crate::application::{self, render::SourceError};
use crate::check::CheckError;
use crate::cluster::ignore::IgnoreError;
use crate::cluster::{
    ApiError, ApplicationNameError, CompareError, ConnectError, DestinationError, SyncError,
};
use crate::git::{
    CredentialsError, FetchError, RevisionError, SignatureError, SignersError, SubmoduleError,
    UrlError,
};
use crate::located::Located;
use crate::pipeline::{self, MaterialiseError, RenderError};

/// What stopped a command.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum Failure {
    #[error("cannot read {what}")]
    Api {
        what: String,
        #[source]
        source: ApiError,
    },
    #[error("`{path}`")]
    Application {
        path: String,
        #[source]
        source: application::manifest::ManifestError,
    },
    #[error(transparent)]
    Build(#[from] kustomize::BuildError),
    #[error(transparent)]
    BuildOutput(#[from] kustomize::OutputError),
    #[error("`{path}` is a Helm chart, which lockstep does not render yet")]
    Chart { path: String },
    #[error(transparent)]
    Check(#[from] CheckError),
    #[error(transparent)]
    Compare(#[from] CompareError),
    #[error("cannot connect to the cluster")]
    Connect(#[source] ConnectError),
    #[error("cannot use the credentials for the repository")]
    Credentials(#[source] CredentialsError),
    #[error("`{path}`")]
    CredentialsFile {
        path: String,
        #[source]
        source: pipeline::manifest::ManifestError,
    },
    #[error("`SOPS_DECRYPTION_ORDER`")]
    DecryptionOrder(#[source] sops::RepeatedKind),
    #[error("`{path}`")]
    Decrypt {
        path: String,
        #[source]
        source: sops::DecryptError,
    },
    #[error("cannot find the destination")]
    Destination(#[source] DestinationError),
    #[error("`--extract`")]
    ExtractPath(#[source] sops::ExtractPathError),
    #[error("cannot open the folder of mirrors")]
    Fetch(#[source] FetchError),
    #[error("cannot fetch from {url}")]
    FetchFrom {
        url: String,
        #[source]
        source: FetchError,
    },
    #[error("`--include` or `--exclude`")]
    Glob(#[source] tree::GlobError),
    #[error("the application is rendered by a source hydrator, which is not supported yet")]
    Hydrator,
    #[error("cannot use the application's ignored differences")]
    Ignore(#[source] IgnoreError),
    #[error("cannot print as JSON")]
    Json(#[source] goyaml::json::WriteError),
    #[error("cannot read the keys in `{}`", path.display())]
    KeyFile {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    Materialise(#[from] MaterialiseError),
    #[error("`{name}` is no name for an application")]
    Name {
        name: String,
        #[source]
        source: ApplicationNameError,
    },
    #[error("there is no cache folder to keep mirrors in")]
    NoCacheFolder,
    #[error("`{path}` holds no Secret with credentials for repositories")]
    NoCredentials { path: String },
    #[error("no usable key in `{}`", path.display())]
    NoKeyInFile { path: PathBuf },
    #[error("the data of Secret `{secret}` is not base64")]
    NotBase64 { secret: String },
    #[error("`{}` is not UTF-8", path.display())]
    NotUnicode { path: PathBuf },
    #[error("`{path}` is neither encrypted by sops nor a SealedSecret")]
    NotEncrypted { path: String },
    #[error("standard input is {what}, whose format has to be named")]
    NoFormat { what: &'static str },
    #[error(transparent)]
    Open(tree::OpenError),
    #[error("`--revision` says which commit to fetch, but nothing is fetched")]
    NothingToFetch,
    #[error("cannot print")]
    Output(#[from] io::Error),
    #[error("`{path}`")]
    OutputForm {
        path: String,
        #[source]
        source: sops::OutputError,
    },
    #[error(transparent)]
    Path(#[from] tree::PathError),
    #[error("cannot read `{path}`")]
    Read {
        path: String,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error("cannot use the revision")]
    Revision(#[source] RevisionError),
    #[error("cannot start what waits for the cluster")]
    Runtime(#[source] io::Error),
    #[error("`{path}`")]
    Sealed {
        path: String,
        #[source]
        source: sealed::OpenError,
    },
    #[error("commit {commit} of {url} is not used")]
    Signature {
        url: String,
        commit: String,
        #[source]
        source: SignatureError,
    },
    #[error("cannot read `spec.verify.signers`")]
    Signers(#[source] SignersError),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("a SealedSecret prints as yaml or json")]
    SealedFormat,
    #[error("`{path}`")]
    SealedForm {
        path: String,
        #[source]
        source: sealed::ParseError,
    },
    #[error("standard input")]
    StandardInput(#[source] tree::BuildError),
    #[error("cannot use the submodules")]
    Submodules(#[source] Box<SubmoduleError>),
    #[error(transparent)]
    Sync(#[from] SyncError),
    #[error("cannot use the address of the repository")]
    Url(#[source] UrlError),
    #[error("signatures of tags are not verified yet")]
    VerifyTag,
    #[error("cannot list the files")]
    Walk(#[source] ignore::Error),
    #[error("`{path}` holds several applications, or none of that name")]
    WhichApplication { path: String },
    #[error("`{}`", path.display())]
    SopsConfig {
        path: PathBuf,
        #[source]
        source: sops::config::ConfigError,
    },
    #[error("`{path}`")]
    SopsForm {
        path: String,
        #[source]
        source: sops::ParseError,
    },
}

impl Failure {
    /// The message with those of its causes. A place in a file stands behind its name: `secret.yaml:7`.
    pub(super) fn chain(&self) -> String {
        let mut message = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            append(&mut message, &error.to_string());
            cause = error.source();
        }
        message
    }

    /// Whether whoever read the output has stopped reading, which is no failure.
    pub(super) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The stable name of the reason.
    fn reason(&self) -> &'static str {
        match self {
            Self::Api { source, .. } => source.reason(),
            Self::Application { source, .. } => source.reason(),
            Self::Build(error) => error.reason(),
            Self::BuildOutput(error) => error.reason(),
            Self::Chart { .. } => "chart",
            Self::Check(error) => error.reason(),
            Self::Compare(error) => error.reason(),
            Self::Connect(_) => "connect",
            Self::Credentials(error) => error.reason(),
            Self::CredentialsFile { source, .. } => source.reason(),
            Self::Destination(_) => "destination",
            Self::Fetch(error) | Self::FetchFrom { source: error, .. } => error.reason(),
            Self::Hydrator => "hydrator-not-supported",
            Self::Ignore(_) => "ignore-differences",
            Self::Name { .. } => "application-name",
            Self::NoCacheFolder => "no-cache-folder",
            Self::NoCredentials { .. } => "no-credentials",
            Self::NotBase64 { .. } => "not-base64",
            Self::Revision(error) => error.reason(),
            Self::Runtime(_) => "runtime",
            Self::Signature { source, .. } => source.reason(),
            Self::Signers(error) => error.reason(),
            Self::Source(error) => error.reason(),
            Self::Submodules(error) => error.reason(),
            Self::Sync(error) => error.reason(),
            Self::Url(error) => error.reason(),
            Self::VerifyTag => "verify-tag",
            Self::WhichApplication { .. } => "which-application",
            Self::DecryptionOrder(_) => "decryption-order",
            Self::Decrypt { source, .. } => source.reason(),
            Self::ExtractPath(_) => "extract-path",
            Self::Glob(error) => error.reason(),
            Self::Json(error) => error.reason(),
            Self::KeyFile { .. } => "key-file",
            Self::Materialise(error) => error.reason(),
            Self::NoKeyInFile { .. } => "no-key-in-file",
            Self::NotUnicode { .. } => "not-unicode",
            Self::NotEncrypted { .. } => "not-encrypted",
            Self::NoFormat { .. } => "no-format",
            Self::NothingToFetch => "nothing-to-fetch",
            Self::Open(error) => error.reason(),
            Self::Output(_) => "output",
            Self::OutputForm { source, .. } => source.reason(),
            Self::Path(error) => error.reason(),
            Self::Read { .. } => "read",
            Self::StandardInput(error) => error.reason(),
            Self::Walk(_) => "walk",
            Self::Render(error) => error.reason(),
            Self::Sealed { source, .. } => source.reason(),
            Self::SealedFormat => "sealed-format",
            Self::SealedForm { source, .. } => source.reason(),
            Self::SopsConfig { source, .. } => source.reason(),
            Self::SopsForm { source, .. } => source.reason(),
        }
    }

    /// What to do about it, where there is something.
    pub(super) fn hint(&self) -> Option<&'static str> {
        hint(self.reason())
    }
}

/// What to do about an error with this stable name, where there is something.
pub(super) fn hint(reason: &str) -> Option<&'static str> {
    Some(match reason {
        "no-key" => {
            "give a key with `--keys PATH`, or set `SOPS_AGE_KEY_FILE`; `sops updatekeys` adds a recipient to a file"
        }
        "mac-missing" | "mac-mismatch" | "mac-unreadable" => {
            "somebody changed the file without sops; compare it with an earlier commit, and see what it holds with \
             `lockstep decrypt --ignore-mac`"
        }
        "not-encrypted" => {
            "encrypt it with `sops encrypt -i FILE`, or seal a Secret with `kubeseal`"
        }
        "no-key-in-file" => {
            "keys are age identities, OpenSSH or PGP private keys, RSA keys in PEM, or Kubernetes Secrets with `tls.key`"
        }
        "no-format" => "say `--input-type yaml`, or give a name with `--filename-override`",
        "unseal-no-keys" => {
            "give the private key of the controller with `--keys PATH`, or leave SealedSecrets to a controller \
             with `--keep-sealed`"
        }
        "unseal-no-key-opens" => {
            "a SealedSecret opens only under the name, namespace and scope that it was sealed for, and with a key of \
             its cluster"
        }
        "partial-template" => {
            "the success of this template depends on the secret, which tells whoever wrote it something about it; \
             run it all the same with `--templates any`"
        }
        "application-name" => "name it with `--name`: lower case letters, digits, `-` and `.`",
        "which-application" => "say which one with `--name`",
        "connect" => "say where the cluster is with `--kubeconfig` and `--context`",
        "destination" => {
            "the clusters that applications name are Secrets of an Argo CD: say with `--argocd-namespace` where it is"
        }
        "field-conflict" => {
            "another manager owns these fields: take them out of the source, or take them over with `--force-conflicts`"
        }
        "owned-by-another" => "take it over with `--adopt`",
        "other-source" => {
            "give this one another name with `--name`, or take over the other's objects with `--adopt`"
        }
        "empty-render" => {
            "if that is meant, say `--allow-empty`; if not, see whether PATH is the right one"
        }
        "health-timeout" => {
            "see what keeps it with `kubectl describe`, or wait longer with `--timeout`"
        }
        "immutable" => {
            "it can be deleted and made anew: say `--force`, or annotate it with `Force=true`"
        }
        "login-needed" | "login-refused" => {
            "give credentials with `--repo-credentials FILE`, or those of an Argo CD with `--argocd-namespace`"
        }
        "mirror" => {
            "say where mirrors are kept with `--mirrors FOLDER`: a folder of your own that nobody else may enter"
        }
        "unauthorized" => {
            "the cluster does not know who you are: log in anew, or choose another `--context`"
        }
        "unknown-kind" => {
            "its CustomResourceDefinition has to be in the cluster, or among the objects"
        }
        "unreachable" => "see whether the cluster is up, and whether `--context` is the right one",
        "namespace-missing" | "namespace-not-found" => {
            "create it, or say `--sync-option CreateNamespace=true`"
        }
        "concurrent-sync" => "wait until it is done",
        "remote-base" | "remote-base-not-allowed" => {
            "if whoever writes there is trusted as those who write here, allow it with `--allow-remote-bases PREFIX`"
        }
        "remote-file" => "keep a copy of the file beside the kustomization",
        "url-plain-http" => "if nobody else is on the way, say `--allow-repo http`",
        "url-directory" => "say `--allow-repo directory`",
        "nothing-to-fetch" => {
            "fetch a repository with `--repo URL`, or leave PATH out beside `--app`"
        }
        "no-cache-folder" => "say where with `--mirrors FOLDER`",
        "no-credentials" => {
            "credentials are Secrets with the label `argocd.argoproj.io/secret-type: repository` or `repo-creds`"
        }
        "helm-not-supported" => {
            "render it with `helm template`, and give the result on standard input"
        }
        "chart" => "render it with `helm template`, and give the result on standard input",
        "jsonnet" => "leave it out with `--exclude '*.jsonnet'`",
        "path-not-found" => "paths look like `[\"database\"][\"users\"][0]`",
        _ => return None,
    })
}

fn append(message: &mut String, cause: &str) {
    // A transparent wrapper repeats what it wraps.
    if cause.is_empty() || message.ends_with(cause) {
        return;
    }
    if let Some(located) = Located::parse(cause)
        && message.ends_with('`')
    {
        message.pop();
        message.push_str(&format!(":{}", located.line));
        if let Some(column) = located.column {
            message.push_str(&format!(":{column}"));
        }
        message.push_str("`: ");
        message.push_str(located.text);
    } else {
        message.push_str(": ");
        message.push_str(cause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_joined_and_places_put_behind_the_file() {
        for (message, cause, expect) in [
            ("`a.yaml`", "line 7, data.p: bad", "`a.yaml:7`: data.p: bad"),
            ("`a.yaml`", "line 7, column 2: bad", "`a.yaml:7:2`: bad"),
            (
                "`a.yaml`",
                "the file has no MAC",
                "`a.yaml`: the file has no MAC",
            ),
            ("cannot list", "line 7: bad", "cannot list: line 7: bad"),
            ("bad", "bad", "bad"),
        ] {
            let mut text = message.to_owned();
            append(&mut text, cause);
            assert_eq!(text, expect);
        }
    }
}
