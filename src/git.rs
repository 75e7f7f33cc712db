//! Fetch: commits of Git repositories as source trees.
//!
//! Repositories are kept as bare mirrors, which hold ciphertext only; a commit is read straight from the object database
//! and never checked out. Knows nothing of what is in the files, and nothing of clusters.

mod credentials;
mod url;

pub use credentials::{
    ClientCertificate, CredentialStore, Credentials, CredentialsError, Login, SecretData,
    SecretKind, Verification,
};
pub use url::{Endpoint, RepositoryUrl, UrlError, UrlPolicy, UserInfo};
