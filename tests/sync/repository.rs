//! Syncs from a Git repository that moves, breaks and goes.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::app::{App, config_map};
use crate::run::{Lockstep, lockstep};

/// An application whose manifests are in a repository.
struct Fetched {
    app: App,
}

impl Fetched {
    fn new(prefix: &str) -> Self {
        let fetched = Self {
            app: App::new(prefix),
        };
        fs::create_dir(fetched.repository()).unwrap();
        fetched.git(&["init", "--quiet", "--initial-branch=main"]);
        fetched
    }

    fn repository(&self) -> PathBuf {
        self.app.scratch().join("repository")
    }

    fn git(&self, arguments: &[&str]) {
        let output = Command::new("git")
            .arg("-C")
            .arg(self.repository())
            .args(["-c", "user.name=test", "-c", "user.email=test@example"])
            .args(["-c", "commit.gpgsign=false"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }

    /// Commits `objects` as the folder `app`, and nothing else.
    fn commit(&self, objects: &[String]) {
        let folder = self.repository().join("app");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("all.yaml"), objects.concat()).unwrap();
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "objects"]);
    }

    fn sync(&self) -> Lockstep {
        lockstep(["sync", "--prune", "--wait", "--repo"])
            .arg(self.repository())
            .args(["--path", "app", "--name", &self.app.name])
            .args(["--namespace", &self.app.namespace, "--mirrors"])
            .arg(self.app.scratch().join("mirrors"))
            .arg("--kubeconfig")
            .arg(&self.app.user.kubeconfig)
    }
}

#[test]
fn a_branch_is_followed_also_where_its_history_was_rewritten() {
    let fetched = Fetched::new("branch");
    fetched.commit(&[config_map("one", &[]), config_map("two", &[])]);
    fetched.sync().run().expect(0);
    fetched.commit(&[config_map("two", &[]), config_map("three", &[])]);
    fetched.sync().run().expect(0);
    assert_eq!(fetched.app.config_maps(), ["three", "two"]);

    // Another history altogether, under the name of the same branch.
    fetched.git(&["checkout", "--quiet", "--orphan", "other"]);
    fetched.commit(&[config_map("two", &[]), config_map("four", &[])]);
    fetched.git(&["branch", "--quiet", "--force", "main", "other"]);
    fetched.git(&["checkout", "--quiet", "main"]);
    fetched.sync().run().expect(0);
    assert_eq!(fetched.app.config_maps(), ["four", "two"]);
}

#[test]
fn a_repository_that_is_gone_or_broken_deletes_nothing() {
    let fetched = Fetched::new("git-gone");
    let objects = [config_map("one", &[]), config_map("two", &[])];
    fetched.commit(&objects);
    fetched.sync().run().expect(0);
    let unharmed = |what: &str| {
        let run = fetched.sync().run();
        assert_eq!(run.code, 2, "{what}: {run:?}");
        assert!(!run.stderr.trim().is_empty(), "{what}");
        assert_eq!(fetched.app.config_maps(), ["one", "two"], "{what}: {run:?}");
    };

    fs::remove_dir_all(fetched.repository().join("app")).unwrap();
    fetched.git(&["add", "--all"]);
    fetched.git(&["commit", "--quiet", "--message", "no folder"]);
    unharmed("the folder is gone");

    fetched.commit(&[]);
    unharmed("the folder is empty");

    fetched.commit(&objects);
    let head = fetched.repository().join(".git/refs/heads/main");
    let good = fs::read(&head).unwrap();
    for (what, content) in [
        (
            "a commit that is not there",
            "0123456789012345678901234567890123456789\n",
        ),
        ("no commit at all", "garbage\n"),
    ] {
        fs::write(&head, content).unwrap();
        unharmed(what);
    }
    fs::write(&head, good).unwrap();

    let elsewhere = fetched.app.scratch().join("elsewhere");
    fs::rename(fetched.repository(), &elsewhere).unwrap();
    unharmed("the repository is gone");
    fs::rename(elsewhere, fetched.repository()).unwrap();
    fetched.sync().run().expect(0);
}
