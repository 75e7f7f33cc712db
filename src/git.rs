//! Fetch: commits of Git repositories as source trees.
//!
//! Repositories are kept as bare mirrors, which hold ciphertext only; a commit is read straight from the object database
//! and never checked out. Knows nothing of what is in the files, and nothing of clusters.
//!
//! [`Mirrors::fetch`] turns an address, a [`Revision`] and [`Credentials`] into a [`Commit`]; its [`tree`](Commit::tree) is
//! what the pipeline reads. Signatures are checked by [`Signers`], submodules are fetched by [`Submodules`].

mod bases;
mod commit;
mod consolidate;
mod credentials;
mod error;
mod http;
mod mirror;
mod mirrors;
mod objects;
mod prefix;
mod revision;
mod session;
mod signature;
mod ssh;
mod submodule;
mod url;
mod version_range;

pub use self::url::{Endpoint, RepositoryUrl, UrlError, UrlPolicy, UserInfo};
pub use bases::{AllowedBases, BaseError, SignedBy};
pub use commit::Commit;
pub use credentials::{
    ClientCertificate, CredentialKind, CredentialStore, Credentials, CredentialsError, Login,
    SecretData, SecretKind, SshIdentity, Verification,
};
pub use error::{Cause, FetchError, Redirect};
pub use mirrors::{MirrorOptions, Mirrors};
pub use prefix::UrlPrefix;
pub use revision::{Revision, RevisionError};
pub use session::FetchLimits;
pub use signature::{
    SignatureError, Signer, Signers, SignersError, VerifiedCommit, VerifiedTag, VerifyMode,
};
pub use ssh::{PERSONAL_VARIABLES, SshError, SshKeyError};
pub use submodule::{SubmoduleError, Submodules};
