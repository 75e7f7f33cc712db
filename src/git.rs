//! Fetch: commits of Git repositories as source trees.
//!
//! Repositories are kept as bare mirrors, which hold ciphertext only; a commit is read straight from the object database
//! and never checked out. Knows nothing of what is in the files, and nothing of clusters.

mod credentials;
mod signature;
mod ssh;
mod submodule;
mod url;

pub use credentials::{
    ClientCertificate, CredentialKind, CredentialStore, Credentials, CredentialsError, Login,
    SecretData, SecretKind, SshIdentity, Verification,
};
pub use signature::{
    SignatureError, Signer, Signers, SignersError, VerifiedCommit, VerifiedTag, VerifyMode,
};
pub use ssh::{PERSONAL_VARIABLES, SshError, SshKeyError};
pub use submodule::{Content, Submodule, SubmoduleError, listed, mounts};
pub use url::{Endpoint, RepositoryUrl, UrlError, UrlPolicy, UserInfo};
