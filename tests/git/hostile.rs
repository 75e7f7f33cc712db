//! Repositories that mean harm (AC-21).

use std::fs;
use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use lockstep::git::{FetchLimits, MirrorOptions};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tree::{Limits, TreePath};

use crate::repository::git;
use crate::server::Fault;
use crate::{World, content, options};

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

/// A pack of whole objects: kind, the size that is claimed, content.
fn pack(count: u32, objects: &[(u8, u64, &[u8])]) -> Vec<u8> {
    let mut pack = b"PACK\0\0\0\x02".to_vec();
    pack.extend_from_slice(&count.to_be_bytes());
    for (kind, size, content) in objects {
        let mut left = size >> 4;
        let mut byte = kind << 4 | (size & 0xf) as u8;
        while left > 0 {
            pack.push(byte | 0x80);
            byte = (left & 0x7f) as u8;
            left >>= 7;
        }
        pack.push(byte);
        let level = gix::zlib::Compression::BEST_SPEED;
        let mut deflated = gix::zlib::stream::deflate::Write::new(&mut pack, level);
        deflated.write_all(content).unwrap();
        deflated.flush().unwrap();
    }
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
    hasher.update(&pack);
    let digest = hasher.try_finalize().unwrap();
    pack.extend_from_slice(digest.as_bytes());
    pack
}

#[test]
fn packs_that_claim_too_much_or_lack_something_are_refused_in_bounded_time_and_memory() {
    let world = World::new();
    let id = world
        .repository
        .commit("main", &[("a.yaml", "one"), ("b.yaml", "two")]);
    let mirrors = world.mirrors_with(MirrorOptions {
        limits: FetchLimits {
            object: 16 << 20,
            ..options().limits
        },
        ..options()
    });
    let raw = |kind: &str, id: &str| {
        git(world.repository.path())
            .args(["cat-file", kind, id])
            .output()
            .unwrap()
            .stdout
    };
    let commit = raw("commit", &id);
    let root = raw("tree", &format!("{id}^{{tree}}"));
    let whole = |kind: u8, content: &'static [u8]| (kind, content.len() as u64, content);
    let bomb = vec![0; 200 << 20];
    let (commit, root) = (
        (1, commit.len() as u64, commit.as_slice()),
        (2, root.len() as u64, root.as_slice()),
    );
    for (what, pack, reason) in [
        ("nothing", pack(0, &[]), "incomplete-pack"),
        ("only the commit", pack(1, &[commit]), "incomplete-pack"),
        ("no files", pack(2, &[commit, root]), "incomplete-pack"),
        (
            "one file is missing",
            pack(3, &[commit, root, whole(3, b"one")]),
            "incomplete-pack",
        ),
        (
            "a directory that is a file",
            pack(1, &[whole(3, b"x")]),
            "incomplete-pack",
        ),
        (
            "four billion objects",
            pack(u32::MAX, &[commit]),
            "protocol",
        ),
        ("more than it says", pack(1, &[commit, root]), "protocol"),
        (
            "a size that is not true",
            pack(1, &[(3, 1 << 40, b"x")]),
            "protocol",
        ),
        (
            "a bomb",
            pack(1, &[(3, bomb.len() as u64, &bomb)]),
            "protocol",
        ),
        (
            "a bomb that says it is small",
            pack(1, &[(3, 10, &bomb)]),
            "protocol",
        ),
        (
            "a kind that there is not",
            pack(1, &[(5, 1, b"x")]),
            "protocol",
        ),
        (
            "a difference to nothing",
            pack(1, &[(7, 1, b"x")]),
            "protocol",
        ),
        ("no pack", b"PACK".to_vec(), "protocol"),
        (
            "another format",
            b"KCAP\0\0\0\x02\0\0\0\0".to_vec(),
            "protocol",
        ),
    ] {
        world.server.set_fault(Fault::Pack(pack));
        let begun = Instant::now();
        let Err(error) = world.fetch(&mirrors, "main") else {
            panic!("{what} goes unnoticed");
        };
        assert_eq!(error.reason(), reason, "{what}: {error:?}");
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
    }
    world.server.set_fault(Fault::None);
    let commit = world.fetch(&mirrors, "main").unwrap();
    assert_eq!(content(&commit, "b.yaml"), "two");
    let peak = fs::read_to_string("/proc/self/status").unwrap();
    let peak = peak
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    // The bomb itself is in this process, too, and other tests run beside this one.
    assert!(peak < 2 << 20, "{peak} kB");
}

#[test]
fn any_bytes_from_a_server_are_an_error_and_never_a_panic() {
    let world = World::new();
    world.repository.commit("main", &[("a.yaml", "one")]);
    let mirrors = world.mirrors();
    let line = prop_oneof![
        Just("0000".to_owned()),
        Just("0001".to_owned()),
        Just("000eversion 2\n".to_owned()),
        Just("001e# service=git-upload-pack\n".to_owned()),
        Just("000cls-refs\n".to_owned()),
        Just("0012fetch=shallow\n".to_owned()),
        "[0-9a-f]{4}[ -~]{0,60}",
        "[ -~\n]{0,40}",
        ("[0-9a-f]{40}", "[ -~]{0,30}").prop_map(|(id, name)| {
            format!("{:04x}{id} refs/{name}\n", 4 + 40 + 6 + name.len() + 1)
        }),
    ];
    let mut runner = TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(60)
    });
    runner
        .run(&proptest::collection::vec(line, 0..8), |lines| {
            world
                .server
                .set_fault(Fault::Garbage(lines.concat().into_bytes()));
            for revision in ["main", "refs/x", "1.x", &"ab".repeat(20)] {
                prop_assert!(world.fetch(&mirrors, revision).is_err());
            }
            Ok(())
        })
        .unwrap();
    world.server.set_fault(Fault::None);
    assert!(world.fetch(&mirrors, "main").is_ok());
}
