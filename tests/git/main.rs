//! Repositories as Git has them: the real `git`, `gpg`, `sshd` and `ssh-keygen` make what is read here, serve it, and say
//! what is right.
// A test may give up where its setting cannot be made; clippy knows only test functions, not those they call.
#![allow(clippy::expect_used, clippy::unwrap_used)]
#![forbid(unsafe_code)]

mod bases;
mod faults;
mod fetching;
mod hostile;
mod mirrors;
mod repository;
mod scale;
mod server;
mod signatures;
mod ssh;
mod sshd;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lockstep::git::{
    Commit, Credentials, FetchError, FetchLimits, Login, MirrorOptions, Mirrors, RepositoryUrl,
    Revision, UrlPolicy,
};
use secret::SecretString;
use tempfile::TempDir;
use tree::{Limits, TreePath};

use crate::repository::Repository;
use crate::server::{Certificates, Server};

/// A server with one repository, `app.git`, behind a login, and a folder for mirrors.
struct World {
    folder: TempDir,
    certificates: Certificates,
    server: Server,
    repository: Repository,
}

const LOGIN: &str = "user:correct horse";

impl World {
    fn new() -> Self {
        Self::with(|root| Repository::init(root, "app.git"))
    }

    fn with(make: impl FnOnce(&Path) -> Repository) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("served");
        std::fs::create_dir(&root).unwrap();
        let repository = make(&root);
        let certificates = Certificates::make();
        let server = Server::start(&root, &certificates, Some(LOGIN));
        Self {
            folder,
            certificates,
            server,
            repository,
        }
    }

    fn url(&self) -> RepositoryUrl {
        url(&self.server.url("app.git"))
    }

    fn credentials(&self) -> Credentials {
        let mut credentials = Credentials::default();
        let (username, password) = LOGIN.split_once(':').unwrap();
        credentials.login = Some(Login::Basic {
            username: Arc::new(SecretString::copy_of(username)),
            password: Arc::new(SecretString::copy_of(password)),
        });
        credentials.authorities = Some(self.certificates.authority());
        credentials
    }

    fn mirrors(&self) -> Mirrors {
        self.mirrors_with(options())
    }

    fn mirrors_with(&self, options: MirrorOptions) -> Mirrors {
        Mirrors::open(self.folder.path().join("mirrors"), options).unwrap()
    }

    /// The one mirror.
    fn mirror(&self) -> std::path::PathBuf {
        let mut folders = std::fs::read_dir(self.folder.path().join("mirrors")).unwrap();
        folders.next().unwrap().unwrap().path()
    }

    fn fetch(&self, mirrors: &Mirrors, revision: &str) -> Result<Commit, FetchError> {
        let revision = Revision::parse(revision).unwrap();
        mirrors.fetch(&self.url(), &revision, &self.credentials())
    }
}

fn options() -> MirrorOptions {
    MirrorOptions {
        limits: FetchLimits {
            stall: Duration::from_secs(30),
            ..FetchLimits::default()
        },
        ..MirrorOptions::default()
    }
}

fn url(text: &str) -> RepositoryUrl {
    RepositoryUrl::parse(text, UrlPolicy::default()).unwrap()
}

/// What a file of a commit holds.
#[track_caller]
fn content(commit: &Commit, path: &str) -> String {
    let tree = commit.tree(Limits::default());
    let bytes = tree.read(&TreePath::parse(path).unwrap()).unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}
