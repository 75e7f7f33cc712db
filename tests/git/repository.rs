//! Repositories for tests, made by the real `git`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A bare repository on disk.
pub(crate) struct Repository(PathBuf);

/// `git`, without the configuration of this machine.
pub(crate) fn git(folder: &Path) -> Command {
    let mut git = Command::new("git");
    git.current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", "Author")
        .env("GIT_AUTHOR_EMAIL", "author@example.com")
        .env("GIT_AUTHOR_DATE", "1700000000 +0000")
        .env("GIT_COMMITTER_NAME", "Committer")
        .env("GIT_COMMITTER_EMAIL", "committer@example.com")
        .env("GIT_COMMITTER_DATE", "1700000100 +0000")
        .stderr(Stdio::null());
    git
}

impl Repository {
    /// An empty one below `root`, served as `name`.
    pub(crate) fn init(root: &Path, name: &str) -> Self {
        let path = root.join(name);
        let made = git(root)
            .args(["init", "-q", "--bare", "-b", "main", name])
            .status()
            .unwrap();
        assert!(made.success());
        Self(path)
    }

    /// One below `root` that borrows the objects of `source`.
    pub(crate) fn borrowing(root: &Path, name: &str, source: &Path) -> Self {
        let made = git(root)
            .args(["clone", "-q", "--bare", "--shared"])
            .arg(source)
            .arg(name)
            .status()
            .unwrap();
        assert!(made.success());
        Self(root.join(name))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Runs `git` and gives back what it prints.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = git(&self.0).args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Puts a commit with these changes on top of `branch` (from nothing where it is new); an empty content removes the
    /// file. Gives back the commit.
    pub(crate) fn commit(&self, branch: &str, changes: &[(&str, &str)]) -> String {
        let from = match self.tip(branch) {
            Some(tip) => format!("from {tip}\n"),
            None => String::new(),
        };
        self.import_commit(branch, &from, changes)
    }

    /// Replaces `branch` by a commit without history.
    pub(crate) fn force(&self, branch: &str, changes: &[(&str, &str)]) -> String {
        let reference = format!("refs/heads/{branch}");
        self.git(&["update-ref", "-d", &reference]);
        self.import_commit(branch, "", changes)
    }

    fn import_commit(&self, branch: &str, from: &str, changes: &[(&str, &str)]) -> String {
        let mut stream = format!(
            "commit refs/heads/{branch}\nauthor A <a@example.com> 1700000000 +0000\n\
             committer C <c@example.com> 1700000100 +0000\ndata 7\nchange\n{from}"
        );
        for (path, content) in changes {
            match *content {
                "" => stream.push_str(&format!("D {path}\n")),
                content => {
                    let length = content.len();
                    stream.push_str(&format!(
                        "M 100644 inline {path}\ndata {length}\n{content}\n"
                    ));
                }
            }
        }
        self.import(|out| out.write_all(stream.as_bytes()).unwrap());
        self.tip(branch).unwrap()
    }

    /// Feeds `git fast-import`.
    pub(crate) fn import(&self, feed: impl FnOnce(&mut dyn Write)) {
        let mut child = git(&self.0)
            .args(["-c", "core.compression=0", "-c", "fastimport.unpackLimit=0"])
            .args([
                "fast-import",
                "--quiet",
                "--force",
                "--big-file-threshold=1m",
            ])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        feed(&mut child.stdin.take().unwrap());
        assert!(child.wait().unwrap().success());
    }

    pub(crate) fn tip(&self, branch: &str) -> Option<String> {
        let reference = format!("refs/heads/{branch}");
        let output = git(&self.0)
            .args(["rev-parse", "-q", "--verify", &reference])
            .output()
            .unwrap();
        let tip = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        output.status.success().then_some(tip)
    }
}

/// A repository that is expensive to make, kept between runs. `make` is only called for the first.
pub(crate) fn cached(name: &str, make: impl FnOnce(&Repository)) -> PathBuf {
    let cache = match std::env::var_os("XDG_CACHE_HOME") {
        Some(cache) => PathBuf::from(cache),
        None => PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache"),
    };
    let folder = cache.join("lockstep/git");
    std::fs::create_dir_all(&folder).unwrap();
    let done = folder.join(name);
    let lock = std::fs::File::create(folder.join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();
    if !done.exists() {
        let work = tempfile::tempdir_in(&folder).unwrap();
        let repository = Repository::init(work.path(), "made");
        make(&repository);
        std::fs::rename(repository.path(), &done).unwrap();
    }
    done
}
