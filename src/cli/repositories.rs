//! Repositories as local commands fetch them: with the credentials of the person who called, those in files that were
//! named, and those of an Argo CD that was named.

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use goyaml::Value;
use secret::SecretBytes;
use tree::{Opener, Tree};

use super::arguments::{ClusterArguments, FetchArguments, RepositoryKind, SubjectArguments};
use super::cluster_access::{Access, argocd_secrets};
use super::environment;
use super::failure::Failure;
use super::place::{self, Root};
use super::printer::Printer;
use crate::application::{Verification, VerifyMode};
use crate::git::{
    AllowedBases, Commit, CredentialStore, MirrorOptions, Mirrors, PERSONAL_VARIABLES,
    RepositoryUrl, Revision, SecretData, SecretKind, SignedBy, Signers, Submodules, UrlPolicy,
    UrlPrefix,
};
use crate::pipeline::manifest::{self, Manifests};

/// The label that says what one of Argo CD's Secrets is for.
const SECRET_TYPE: &str = "argocd.argoproj.io/secret-type";

/// The fields of such a Secret that are no secret; all others are hidden wherever they turn up.
const PUBLIC: [&str; 12] = [
    "url",
    "name",
    "type",
    "project",
    "username",
    "insecure",
    "insecureIgnoreHostKey",
    "enableLfs",
    "enableOCI",
    "forceHttpBasicAuth",
    "noProxy",
    "depth",
];

/// The mirrors, and what they are fetched with.
pub(super) struct Repositories {
    mirrors: Arc<Mirrors>,
    credentials: Arc<CredentialStore>,
    policy: UrlPolicy,
}

/// The Argo CD whose Secrets are asked for, too.
pub(super) struct ArgoCd<'a> {
    /// Its namespace.
    pub namespace: &'a str,
    /// Its cluster.
    pub cluster: &'a ClusterArguments,
}

/// A repository that is asked for.
pub(super) struct Asked<'a> {
    /// Its address.
    pub url: &'a str,
    /// The revision; none for the default branch.
    pub revision: Option<&'a str>,
    /// The project of the application that asks.
    pub project: Option<&'a str>,
    /// Whether its address was typed, and not read from a manifest.
    pub by_hand: bool,
}

/// A commit that was fetched.
pub(super) struct Checkout {
    /// Its files.
    pub tree: Tree,
    /// The address of the repository, which shows no credentials.
    pub url: RepositoryUrl,
    /// Its full name.
    pub revision: String,
}

/// Reads the address of a repository.
pub(super) fn parse(
    url: &str,
    arguments: &SubjectArguments,
    by_hand: bool,
) -> Result<RepositoryUrl, Failure> {
    RepositoryUrl::parse(url, policy(arguments, by_hand)).map_err(Failure::Url)
}

/// A folder is as good as any other for whoever types its name. In a manifest, its name may be somebody else's choice.
pub(super) fn policy(arguments: &SubjectArguments, by_hand: bool) -> UrlPolicy {
    let allowed = |kind| arguments.allow_repo.contains(&kind);
    UrlPolicy {
        plain_http: allowed(RepositoryKind::Http),
        directories: by_hand || allowed(RepositoryKind::Directory),
    }
}

impl Repositories {
    /// Opens the mirrors and collects the credentials.
    pub(super) fn open(
        arguments: &FetchArguments,
        policy: UrlPolicy,
        argocd: Option<&ArgoCd<'_>>,
        opener: &dyn Opener,
        printer: &Printer,
    ) -> Result<Self, Failure> {
        let folder = match &arguments.mirrors {
            Some(folder) => folder.clone(),
            None => environment::cache_folder()
                .ok_or(Failure::NoCacheFolder)?
                .join("lockstep/git"),
        };
        let mut credentials = CredentialStore::personal(environment::variables(PERSONAL_VARIABLES));
        for file in &arguments.repo_credentials {
            add_file(&mut credentials, file, opener, printer)?;
        }
        if let Some(ArgoCd { namespace, cluster }) = argocd {
            let access = Access::of_kubeconfig(cluster)?;
            for secret in argocd_secrets(&access, namespace, &["repository", "repo-creds"])? {
                add_live(&mut credentials, &secret, printer)?;
            }
        }
        let mirrors = Mirrors::open(folder, MirrorOptions::default()).map_err(Failure::Fetch)?;
        Ok(Self {
            mirrors: Arc::new(mirrors),
            credentials: Arc::new(credentials),
            policy,
        })
    }

    /// Who fetches the remote bases of an application's kustomizations. Where `verification` asks for it, only those that
    /// are signed.
    pub(super) fn bases(
        &self,
        allowed: &[UrlPrefix],
        project: Option<&str>,
        verification: Option<&Verification>,
    ) -> Result<AllowedBases, Failure> {
        let signed_by = |verification| {
            Ok::<_, Failure>(SignedBy {
                signers: Arc::new(signers(verification)?),
                now: now(),
            })
        };
        Ok(AllowedBases {
            mirrors: Arc::clone(&self.mirrors),
            credentials: Arc::clone(&self.credentials),
            project: project.map(str::to_owned),
            allowed: allowed.to_vec(),
            signed_by: verification.map(signed_by).transpose()?,
            limits: place::limits(),
        })
    }

    /// Fetches a commit; where `verification` asks for it, only one that is signed.
    pub(super) fn checkout(
        &self,
        asked: &Asked<'_>,
        verification: Option<&Verification>,
    ) -> Result<Checkout, Failure> {
        let policy = UrlPolicy {
            directories: asked.by_hand || self.policy.directories,
            ..self.policy
        };
        let url = RepositoryUrl::parse(asked.url, policy).map_err(Failure::Url)?;
        let revision = match asked.revision {
            Some(text) => Revision::parse(text).map_err(Failure::Revision)?,
            None => Revision::HEAD,
        };
        let commit = self.fetch(&url, &revision, asked.project)?;
        if let Some(verification) = verification {
            verify(verification, &commit, &url)?;
        }
        // The commit names its submodules by their full names, so that its signature counts for them, too.
        // That a person may name a folder of this machine does not let a repository name one.
        let submodules = Submodules {
            mirrors: &self.mirrors,
            credentials: &self.credentials,
            project: asked.project,
            policy: self.policy,
            allowed: None,
        };
        let mounts = submodules
            .of(&commit, &url)
            .map_err(|source| Failure::Submodules(Box::new(source)))?;
        Ok(Checkout {
            tree: commit.tree_with(mounts, place::limits()),
            revision: commit.id().to_string(),
            url,
        })
    }

    fn fetch(
        &self,
        url: &RepositoryUrl,
        revision: &Revision,
        project: Option<&str>,
    ) -> Result<Commit, Failure> {
        let credentials = self
            .credentials
            .for_url(url, project)
            .map_err(Failure::Credentials)?;
        self.mirrors
            .fetch(url, revision, &credentials)
            .map_err(|source| Failure::FetchFrom {
                url: url.to_string(),
                source,
            })
    }
}

fn verify(
    verification: &Verification,
    commit: &Commit,
    url: &RepositoryUrl,
) -> Result<(), Failure> {
    signers(verification)?
        .verify_commit(commit.id(), commit.raw(), now())
        .map(|_verified| ())
        .map_err(|source| Failure::Signature {
            url: url.to_string(),
            commit: commit.id().to_string(),
            source,
        })
}

fn signers(verification: &Verification) -> Result<Signers, Failure> {
    match verification.mode {
        VerifyMode::Head => {}
        VerifyMode::Tag | VerifyMode::TagAndHead => return Err(Failure::VerifyTag),
    }
    Signers::parse(&verification.signers).map_err(Failure::Signers)
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |now| now.as_secs())
}

/// Adds the Secrets of a file, which may be encrypted.
fn add_file(
    store: &mut CredentialStore,
    file: &Path,
    opener: &dyn Opener,
    printer: &Printer,
) -> Result<(), Failure> {
    let real = place::real_path(file)?;
    let root = Root::of(&real);
    let path = root.below(&real)?;
    let opened = opener.open(&root.tree()?, &path).map_err(Failure::Open)?;
    let malformed = |source| Failure::CredentialsFile {
        path: path.to_string(),
        source,
    };
    let manifests = manifest::read(path.as_str(), opened.content.expose()).map_err(malformed)?;
    let mut found = false;
    if let Manifests::Objects(objects) = manifests {
        for object in &objects {
            let object = &object.object;
            let text = |value: &Value| value.as_str().map(str::to_owned);
            let kind = object
                .get("metadata")
                .and_then(|metadata| metadata.get("labels")?.get(SECRET_TYPE))
                .and_then(Value::as_str);
            let Some(kind) = kind.and_then(secret_kind) else {
                continue;
            };
            let name = object
                .get("metadata")
                .and_then(|metadata| metadata.get("name"))
                .and_then(text)
                .unwrap_or_else(|| path.to_string());
            let mut data = SecretData::new();
            for (key, value) in entries(object, "data") {
                data.insert(key.to_owned(), decode(value, &name)?);
            }
            for (key, value) in entries(object, "stringData") {
                data.insert(key.to_owned(), SecretBytes::copy_of(value.as_bytes()));
            }
            add(store, name, kind, data, printer)?;
            found = true;
        }
    }
    found.then_some(()).ok_or_else(|| Failure::NoCredentials {
        path: path.to_string(),
    })
}

/// The texts in a field of an object.
fn entries<'v>(object: &'v Value, field: &str) -> impl Iterator<Item = (&'v str, &'v str)> {
    object
        .get(field)
        .and_then(Value::as_object)
        .unwrap_or_default()
        .iter()
        .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
}

/// Adds a Secret of a cluster.
fn add_live(
    store: &mut CredentialStore,
    secret: &serde_json::Value,
    printer: &Printer,
) -> Result<(), Failure> {
    let metadata = &secret["metadata"];
    let name = metadata["name"].as_str().unwrap_or_default().to_owned();
    let kind = metadata["labels"][SECRET_TYPE].as_str();
    let (Some(kind), Some(entries)) = (kind.and_then(secret_kind), secret["data"].as_object())
    else {
        return Ok(());
    };
    let mut data = SecretData::new();
    for (key, value) in entries {
        data.insert(
            key.clone(),
            decode(value.as_str().unwrap_or_default(), &name)?,
        );
    }
    // One broken Secret must not keep the repositories of others from being fetched.
    if let Err(error) = add(store, name, kind, data, printer) {
        printer.warn(&error.chain());
    }
    Ok(())
}

fn add(
    store: &mut CredentialStore,
    name: String,
    kind: SecretKind,
    data: SecretData,
    printer: &Printer,
) -> Result<(), Failure> {
    for (key, value) in &data {
        if !PUBLIC.contains(&key.as_str()) {
            printer.redactor().learn(value.expose());
        }
    }
    store.add(name, kind, data).map_err(Failure::Credentials)
}

fn decode(value: &str, secret: &str) -> Result<SecretBytes, Failure> {
    BASE64_STANDARD
        .decode(value)
        .map(SecretBytes::new)
        .map_err(|_| Failure::NotBase64 {
            secret: secret.to_owned(),
        })
}

fn secret_kind(label: &str) -> Option<SecretKind> {
    match label {
        "repository" => Some(SecretKind::Repository),
        "repo-creds" => Some(SecretKind::Prefix),
        _ => None,
    }
}
