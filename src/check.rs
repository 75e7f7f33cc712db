//! What is wrong with the secrets of a tree: rules, findings, and the search for them.
//!
//! Every file is looked at by its bytes first; only what those make suspicious is parsed, and only what is encrypted
//! is opened. Nothing that was opened leaves this module. It prints nothing; how findings are shown is for the caller.

pub mod finding;
pub mod sarif;

mod credentials;
mod inspect;
mod manifests;
mod policy;
mod private_key;

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use sealed::SealingKeys;
use sops::keys::KeyPolicy;
use sops::{DecryptOptions, KeyService};
use tree::{Tree, TreePath};

use finding::Finding;
use inspect::Inspection;
use policy::Configurations;

/// What a check works with.
pub struct Checker<'a> {
    /// The tree that the paths are in.
    pub tree: &'a Tree,
    /// Opens SOPS files.
    pub keys: &'a (dyn KeyService + Sync),
    /// Whether `keys` holds any key; without one, a file that stays closed is no finding.
    pub has_keys: bool,
    /// Opens SealedSecrets.
    pub sealing: &'a SealingKeys,
    /// Which outside keys files may name.
    pub policy: &'a KeyPolicy,
    /// How SOPS files are opened.
    pub options: DecryptOptions,
}

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The findings, by file and line.
    pub findings: Vec<Finding>,
    /// How many files were looked at.
    pub files: usize,
    /// The encrypted files, by path.
    pub encrypted: Vec<EncryptedFile>,
}

/// An encrypted file and who can read it.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct EncryptedFile {
    /// The file.
    pub path: TreePath,
    /// `sops` or `sealed-secrets`.
    pub tool: &'static str,
    /// Whether it was opened, and its MAC verified where it has one.
    pub opened: bool,
    /// The public names of the keys that open it, one list per group of which keys are interchangeable. Empty for a
    /// SealedSecret, which does not name its key.
    pub readers: Vec<Vec<String>>,
}

/// Why a check could not be made at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// A `.sops.yaml` that cannot be read: what it demands is unknown.
    #[error("`{path}`")]
    Configuration {
        /// The file.
        path: TreePath,
        /// What is wrong.
        source: sops::config::ConfigError,
    },
}

impl CheckError {
    /// The stable name of the reason.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Configuration { source, .. } => source.reason(),
        }
    }
}

impl Report {
    /// Adds the results of another part of the files.
    pub fn merge(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.encrypted.extend(other.encrypted);
        self.files += other.files;
    }
}

impl Checker<'_> {
    /// Looks at the files at `paths`, on every processor there is, and says `done` after each.
    ///
    /// # Errors
    ///
    /// When the demands of the repository itself cannot be read. What is wrong with a single file is a finding.
    pub fn check(
        &self,
        paths: &[TreePath],
        done: &(dyn Fn() + Sync),
    ) -> Result<Report, CheckError> {
        let configurations = Configurations::read(self.tree, paths)?;
        let next = AtomicUsize::new(0);
        let total = Mutex::new(Report::default());
        let work = || {
            let mut report = Report::default();
            while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                Inspection::new(self, &configurations, path, &mut report).run();
                report.files += 1;
                done();
            }
            total
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .merge(report);
        };
        let workers = thread::available_parallelism()
            .map_or(1, |count| count.get())
            .min(paths.len().div_ceil(64));
        thread::scope(|scope| {
            for _ in 1..workers {
                scope.spawn(work);
            }
            work();
        });
        let mut report = total.into_inner().unwrap_or_else(PoisonError::into_inner);
        report.findings.sort();
        report.encrypted.sort();
        Ok(report)
    }
}
