//! Remote bases of kustomizations, fetched through the mirrors.
//!
//! Their addresses are chosen by whoever writes to a repository, so that nothing is fetched but what the operator allows, and
//! submodules are held to the same. Whoever may be fetched from may have files opened with our keys, as any other part of
//! the build: an operator who allows a prefix trusts those who write there as far as those who write to the source.

use std::fmt;
use std::sync::Arc;

use kustomize::{RemoteBase, RemoteBaseError, RemoteBases};
use tree::{Limits, Tree};

use super::commit::Commit;
use super::credentials::{CredentialStore, CredentialsError};
use super::error::FetchError;
use super::mirrors::Mirrors;
use super::prefix::{UrlPrefix, covered};
use super::revision::{Revision, RevisionError};
use super::signature::{SignatureError, Signers};
use super::submodule::{SubmoduleError, Submodules};
use super::url::{RepositoryUrl, UrlError};

/// Fetches the remote bases that an operator allows.
pub struct AllowedBases {
    /// The mirrors.
    pub mirrors: Arc<Mirrors>,
    /// What repositories are fetched with.
    pub credentials: Arc<CredentialStore>,
    /// The project of the application that is built.
    pub project: Option<String>,
    /// Which repositories may be fetched; by default none.
    pub allowed: Vec<UrlPrefix>,
    /// Who must have signed a base whose revision is not a full commit: the commit that names one vouches for it.
    pub signed_by: Option<SignedBy>,
    /// Bounds of each tree.
    pub limits: Limits,
}

/// Whose signature a commit must carry.
pub struct SignedBy {
    /// Those who may sign.
    pub signers: Arc<Signers>,
    /// The time at which their keys must be valid, in seconds since 1970.
    pub now: u64,
}

/// Why a remote base is not fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaseError {
    /// The operator does not allow this repository.
    #[error("no allowed prefix covers `{url}`")]
    NotAllowed {
        /// Its address, without credentials.
        url: Box<RepositoryUrl>,
    },
    /// The address is none.
    #[error("cannot use the address of the repository")]
    Url(#[from] UrlError),
    /// The revision is none.
    #[error("cannot use the revision")]
    Revision(#[from] RevisionError),
    /// The credentials for the repository cannot be used.
    #[error("cannot use the credentials for the repository")]
    Credentials(#[from] CredentialsError),
    /// The repository cannot be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The commit is not signed as it must be.
    #[error("commit {commit} is not used")]
    Signature {
        /// The commit.
        commit: String,
        /// What is wrong.
        source: SignatureError,
    },
    /// A submodule cannot be had.
    #[error("cannot use the submodules")]
    Submodules(#[from] SubmoduleError),
}

impl BaseError {
    /// A stable name of this error.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotAllowed { .. } => "remote-base-not-allowed",
            Self::Url(error) => error.reason(),
            Self::Revision(error) => error.reason(),
            Self::Credentials(error) => error.reason(),
            Self::Fetch(error) => error.reason(),
            Self::Signature { source, .. } => source.reason(),
            Self::Submodules(error) => error.reason(),
        }
    }
}

impl AllowedBases {
    /// The files of the repository that `base` names.
    ///
    /// # Errors
    ///
    /// When it is not allowed, or cannot be fetched.
    pub fn tree(&self, base: &RemoteBase) -> Result<Tree, BaseError> {
        let url = RepositoryUrl::parse(base.repository(), UrlPrefix::POLICY)?;
        let revision = Revision::reference(base.revision().unwrap_or_default())?;
        let commit = self.commit(&url, &revision)?;
        if let (Some(signed_by), None) = (&self.signed_by, revision.as_commit()) {
            signed_by
                .signers
                .verify_commit(commit.id(), commit.raw(), signed_by.now)
                .map_err(|source| BaseError::Signature {
                    commit: commit.id().to_string(),
                    source,
                })?;
        }
        if !base.with_submodules() {
            return Ok(commit.tree(self.limits.clone()));
        }
        let submodules = Submodules {
            mirrors: &self.mirrors,
            credentials: &self.credentials,
            project: self.project.as_deref(),
            policy: UrlPrefix::POLICY,
            allowed: Some(&self.allowed),
        };
        let mounts = submodules.of(&commit, &url)?;
        Ok(commit.tree_with(mounts, self.limits.clone()))
    }

    fn commit(&self, url: &RepositoryUrl, revision: &Revision) -> Result<Commit, BaseError> {
        if !covered(&self.allowed, url) {
            return Err(BaseError::NotAllowed {
                url: Box::new(url.clone()),
            });
        }
        let credentials = self.credentials.for_url(url, self.project.as_deref())?;
        Ok(self.mirrors.fetch(url, revision, &credentials)?)
    }
}

impl RemoteBases for AllowedBases {
    fn fetch(&self, base: &RemoteBase) -> Result<Arc<Tree>, RemoteBaseError> {
        self.tree(base)
            .map(Arc::new)
            .map_err(|error| RemoteBaseError::new(error.reason(), error))
    }
}

impl fmt::Debug for AllowedBases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AllowedBases")
            .field("allowed", &self.allowed)
            .finish_non_exhaustive()
    }
}
