//! Repositories that mean harm (AC-21).

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use tree::{Limits, TreePath};

use crate::repository::git;
use crate::{World, content};

/// A commit of a tree that `git mktree` would not make, put together by hand.
fn commit_of(world: &World, entries: &[(&str, &str)]) -> String {
    let mut tree = Vec::new();
    let blob = hash(world, "blob", b"content");
    for (mode, name) in entries {
        tree.extend_from_slice(format!("{mode} {name}\0").as_bytes());
        tree.extend((0..20).map(|at| u8::from_str_radix(&blob[2 * at..2 * at + 2], 16).unwrap()));
    }
    let tree = hash(world, "tree", &tree);
    let commit = format!(
        "tree {tree}\nauthor A <a@example.com> 1700000000 +0000\n\
         committer C <c@example.com> 1700000000 +0000\n\nhostile\n"
    );
    let commit = hash(world, "commit", commit.as_bytes());
    world
        .repository
        .git(&["update-ref", "refs/heads/main", &commit]);
    commit
}

fn hash(world: &World, kind: &str, bytes: &[u8]) -> String {
    let mut child = git(world.repository.path())
        .args(["hash-object", "--literally", "-w", "-t", kind, "--stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn directories_that_no_git_would_make_are_refused() {
    let world = World::new();
    let mirrors = world.mirrors();
    for (entries, reason) in [
        (&[("100644", "..")][..], "malformed-object"),
        (&[("100644", ".")], "malformed-object"),
        (&[("100644", ".git")], "malformed-object"),
        (&[("40000", ".GIT")], "malformed-object"),
        (&[("100644", "a/b")], "malformed-object"),
        (&[("100644", "a"), ("100644", "a")], "malformed-object"),
        (&[("100777", "a")], "malformed-object"),
        (&[("060000", "device")], "malformed-object"),
    ] {
        commit_of(&world, entries);
        // The fetch itself may refuse it, or whoever reads the directory is told.
        match world.fetch(&mirrors, "main") {
            Ok(commit) => {
                let tree = commit.tree(Limits::default());
                let error = tree.list(&TreePath::root()).unwrap_err();
                assert_eq!(error.reason(), reason, "{entries:?}");
            }
            Err(error) => assert!(
                matches!(error.reason(), "protocol" | "incomplete-pack"),
                "{entries:?}: {error:?}"
            ),
        }
    }
    world.repository.force("main", &[("a.yaml", "good")]);
    let commit = world.fetch(&mirrors, "main").unwrap();
    assert_eq!(content(&commit, "a.yaml"), "good");
}

#[test]
fn configuration_hooks_replacements_and_alternates_count_for_nothing() {
    let world = World::new();
    let id = world.repository.commit("main", &[("a.yaml", "true")]);
    let mirrors = world.mirrors();
    world.fetch(&mirrors, "main").unwrap();
    // Somebody wrote into the mirror what Git would obey.
    let mirror = world.mirror();
    let evil = world.repository.commit("evil", &[("a.yaml", "false")]);
    world.fetch(&mirrors, "evil").unwrap();
    fs::create_dir_all(mirror.join("refs/replace")).unwrap();
    fs::write(mirror.join("refs/replace").join(&id), format!("{evil}\n")).unwrap();
    fs::create_dir_all(mirror.join("info")).unwrap();
    fs::write(mirror.join("info/grafts"), format!("{id} {evil}\n")).unwrap();
    let bad = "[url \"https://example.invalid/\"]\n\tinsteadOf = https://localhost\n\
               [core]\n\thooksPath = /tmp\n\tsshCommand = false\n[http]\n\tproxy = http://127.0.0.1:1\n";
    fs::write(mirror.join("config"), bad).unwrap();
    let commit = world.fetch(&world.mirrors(), &id).unwrap();
    assert_eq!(content(&commit, "a.yaml"), "true");
    world.repository.commit("main", &[("a.yaml", "newer")]);
    let commit = world.fetch(&world.mirrors(), "main").unwrap();
    assert_eq!(content(&commit, "a.yaml"), "newer");
}

#[test]
fn links_and_submodules_lead_nowhere_else() {
    let world = World::new();
    let blob = |content: &str| hash(&world, "blob", content.as_bytes());
    let (escape, inside, file) = (blob("../../../etc/passwd"), blob("dir/a.yaml"), blob("a"));
    let commit = "ab".repeat(20);
    world.repository.import(|out| {
        write!(
            out,
            "commit refs/heads/main\ncommitter C <c@example.com> 1700000000 +0000\ndata 1\nx\n\
             M 120000 {escape} escape\nM 120000 {inside} inside\nM 100644 {file} dir/a.yaml\n\
             M 160000 {commit} vendor/module\n"
        )
        .unwrap();
    });
    let commit = world.fetch(&world.mirrors(), "main").unwrap();
    let tree = commit.tree(Limits::default());
    let read = |path: &str| tree.read(&TreePath::parse(path).unwrap());
    assert_eq!(read("escape").unwrap_err().reason(), "escaping-link");
    assert_eq!(&*read("inside").unwrap(), b"a");
    assert!(
        tree.list(&TreePath::parse("vendor/module").unwrap())
            .unwrap()
            .is_empty()
    );
}
