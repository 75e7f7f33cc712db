//! Trees on disk that mean harm.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{CWD, FileType, Mode, RenameFlags, mknodat, renameat_with};
use rustix::thread::{CapabilitySet, capabilities, set_capabilities};

use tree::{Depth, Kind, Limits, ManifestFilter, ReadError, SkipReason, Special, Tree, TreePath};

fn path(text: &str) -> TreePath {
    TreePath::parse(text).unwrap()
}

fn tree(root: &Path) -> Tree {
    Tree::directory(root, Limits::default()).unwrap()
}

#[track_caller]
fn assert_refused(tree: &Tree, at: &str, reason: &str) {
    let error = tree.read(&path(at)).unwrap_err();
    assert_eq!(error.reason(), reason, "{at}: {error}");
    assert!(error.to_string().contains(at), "{error}");
}

#[test]
fn what_is_no_regular_file_is_refused_without_waiting_for_it() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    mknodat(
        CWD,
        at("pipe.yaml"),
        FileType::Fifo,
        Mode::RUSR | Mode::WUSR,
        0,
    )
    .unwrap();
    let _listener = UnixListener::bind(at("socket.yaml")).unwrap();
    symlink("pipe.yaml", at("link.yaml")).unwrap();
    let tree = tree(root.path());
    for (name, kind) in [
        ("pipe.yaml", Special::Pipe),
        ("socket.yaml", Special::Socket),
        ("link.yaml", Special::Pipe),
    ] {
        assert_refused(&tree, name, "not-a-regular-file");
        assert_eq!(tree.kind(&path(name)).unwrap(), Kind::Special(kind));
    }
    let manifests = ManifestFilter::default()
        .apply(&tree, &TreePath::root())
        .unwrap();
    assert!(manifests.files.is_empty());
    let skipped: Vec<_> = manifests
        .skipped
        .iter()
        .map(|skipped| skipped.why)
        .collect();
    assert_eq!(
        skipped,
        [
            SkipReason::Special(Special::Pipe),
            SkipReason::Special(Special::Pipe),
            SkipReason::Special(Special::Socket)
        ]
    );
}

/// The system's own devices: making one takes root.
#[test]
fn devices_are_refused() {
    let tree = tree(Path::new("/dev"));
    for name in ["null", "zero"] {
        assert_refused(&tree, name, "not-a-regular-file");
    }
}

#[test]
fn files_and_directories_without_permission_are_named() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("closed")).unwrap();
    for name in ["secret.yaml", "closed/a.yaml", "open.yaml"] {
        fs::write(root.path().join(name), "x").unwrap();
    }
    let close = |name: &str, mode| {
        fs::set_permissions(root.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    close("secret.yaml", 0);
    close("closed", 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Root reads everything, by capabilities that this thread can do without.
            let mut sets = capabilities(None).unwrap();
            sets.effective
                .remove(CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH);
            set_capabilities(None, sets).unwrap();
            let tree = tree(root.path());
            assert_refused(&tree, "secret.yaml", "permission-denied");
            assert_refused(&tree, "closed/a.yaml", "permission-denied");
            let walked: Vec<_> = tree
                .walk(&TreePath::root(), Depth::Recursive)
                .unwrap()
                .map(|entry| {
                    entry
                        .map(|entry| entry.path.to_string())
                        .map_err(|error| error.to_string())
                })
                .collect();
            assert_eq!(
                walked,
                [
                    Err("no permission to read `closed`".to_owned()),
                    Ok("open.yaml".to_owned()),
                    Ok("secret.yaml".to_owned()),
                ]
            );
        });
    });
    close("closed", 0o700);
}

#[test]
fn files_over_the_limit_are_refused_unread() {
    let root = tempfile::tempdir().unwrap();
    // Sparse: reading it would take a terabyte.
    fs::File::create(root.path().join("huge.yaml"))
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    assert_refused(&tree(root.path()), "huge.yaml", "file-too-large");
    // A file that grows has the size of zero on this file system.
    let proc = Tree::directory(
        Path::new("/proc/self"),
        Limits {
            file_size: 64,
            ..Limits::default()
        },
    )
    .unwrap();
    assert_refused(&proc, "status", "file-too-large");
}

#[test]
fn directories_over_the_limit_are_refused() {
    let root = tempfile::tempdir().unwrap();
    for name in 0..20 {
        fs::create_dir_all(root.path().join(format!("d{name}"))).unwrap();
        fs::write(root.path().join(format!("d{name}/f")), "").unwrap();
    }
    let limited = |entries| {
        Tree::directory(
            root.path(),
            Limits {
                entries,
                ..Limits::default()
            },
        )
        .unwrap()
    };
    assert_eq!(
        limited(19).list(&TreePath::root()).unwrap_err().reason(),
        "too-many-entries"
    );
    let walk = |entries| {
        limited(entries)
            .walk(&TreePath::root(), Depth::Recursive)
            .unwrap()
            .last()
            .unwrap()
    };
    assert_eq!(walk(39).unwrap_err().reason(), "too-many-entries");
    assert!(walk(40).is_ok());
}

#[test]
fn names_that_are_no_text_are_reported_and_the_rest_is_walked() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("a.yaml"), "").unwrap();
    fs::write(
        root.path().join(std::ffi::OsStr::from_bytes(b"b\xff.yaml")),
        "",
    )
    .unwrap();
    symlink(
        std::ffi::OsStr::from_bytes(b"b\xff.yaml"),
        root.path().join("c.yaml"),
    )
    .unwrap();
    let tree = tree(root.path());
    assert_eq!(
        tree.list(&TreePath::root()).unwrap_err().reason(),
        "name-not-utf8"
    );
    assert_eq!(
        tree.read(&path("c.yaml")).unwrap_err().reason(),
        "name-not-utf8"
    );
    let walked = tree.walk(&TreePath::root(), Depth::Recursive).unwrap();
    assert_eq!(walked.filter(Result::is_ok).count(), 2);
}

#[test]
fn the_root_itself_may_be_a_link_and_has_to_be_a_directory() {
    let outside = tempfile::tempdir().unwrap();
    fs::create_dir(outside.path().join("real")).unwrap();
    fs::write(outside.path().join("real/a.yaml"), "a").unwrap();
    symlink("real", outside.path().join("link")).unwrap();
    assert_eq!(
        &*tree(&outside.path().join("link"))
            .read(&path("a.yaml"))
            .unwrap(),
        b"a"
    );
    for name in ["real/a.yaml", "missing"] {
        assert!(Tree::directory(&outside.path().join(name), Limits::default()).is_err());
    }
}

#[test]
fn git_files_are_neither_seen_nor_read() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join(".git/hooks")).unwrap();
    fs::create_dir_all(root.path().join("module")).unwrap();
    fs::write(
        root.path().join(".git/config"),
        "url = https://user:token@host",
    )
    .unwrap();
    fs::write(
        root.path().join("module/.git"),
        "gitdir: ../../../elsewhere",
    )
    .unwrap();
    fs::write(root.path().join(".gitignore"), "x").unwrap();
    symlink(".git", root.path().join("g")).unwrap();
    let tree = tree(root.path());
    for at in [".git/config", "g/config", "module/.git", ".GIT/config"] {
        assert_refused(&tree, at, "git-metadata");
    }
    let walked: Vec<_> = tree
        .walk(&TreePath::root(), Depth::Recursive)
        .unwrap()
        .map(|entry| entry.unwrap().path.to_string())
        .collect();
    assert_eq!(walked, [".gitignore", "g"]);
}

/// A file, and a directory on the way to one, that turn into links out of the tree and back while they are read.
#[test]
fn a_link_that_is_swapped_in_never_leads_out() {
    let outside = tempfile::tempdir().unwrap();
    let root = outside.path().join("root");
    fs::create_dir_all(root.join("dir")).unwrap();
    fs::create_dir_all(outside.path().join("out")).unwrap();
    fs::write(outside.path().join("out/a.yaml"), "outside").unwrap();
    fs::write(root.join("dir/a.yaml"), "inside").unwrap();
    fs::write(root.join("b.yaml"), "inside").unwrap();
    symlink("../out", root.join("dir-link")).unwrap();
    symlink("../out/a.yaml", root.join("b-link")).unwrap();
    symlink("dir/a.yaml", root.join("through")).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                for (one, other) in [("dir", "dir-link"), ("b.yaml", "b-link")] {
                    renameat_with(
                        CWD,
                        root.join(one),
                        CWD,
                        root.join(other),
                        RenameFlags::EXCHANGE,
                    )
                    .unwrap();
                }
            }
        });
        let tree = tree(&root);
        let mut read = 0;
        let mut refused = 0;
        for _ in 0..3000 {
            for at in ["dir/a.yaml", "b.yaml", "through"] {
                match tree.read(&path(at)) {
                    Ok(content) => {
                        assert_eq!(&*content, b"inside");
                        read += 1;
                    }
                    Err(ReadError::EscapingLink { .. } | ReadError::Changed { .. }) => refused += 1,
                    Err(error) => {
                        done.store(true, Ordering::Relaxed);
                        panic!("{error}");
                    }
                }
            }
        }
        done.store(true, Ordering::Relaxed);
        assert!(read > 0 && refused > 0, "{read} read, {refused} refused");
    });
}

#[test]
fn reading_leaves_no_trace_in_the_tree() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("a")).unwrap();
    fs::write(root.path().join("a/b.yaml"), "x").unwrap();
    let state = || {
        let status = fs::metadata(root.path().join("a/b.yaml")).unwrap();
        let names: Vec<_> = fs::read_dir(root.path().join("a"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        (status.modified().unwrap(), status.len(), names)
    };
    let before = state();
    let tree = tree(root.path());
    tree.read(&path("a/b.yaml")).unwrap();
    tree.read(&path("a/missing.yaml")).unwrap_err();
    ManifestFilter {
        depth: Depth::Recursive,
        ..ManifestFilter::default()
    }
    .apply(&tree, &TreePath::root())
    .unwrap();
    assert_eq!(state(), before);
}

#[test]
fn ten_thousand_files_are_walked_and_read() {
    let root = tempfile::tempdir().unwrap();
    for directory in 0..100 {
        let directory = root.path().join(format!("app-{directory}/base"));
        fs::create_dir_all(&directory).unwrap();
        for file in 0..100 {
            fs::write(directory.join(format!("{file}.yaml")), "kind: ConfigMap\n").unwrap();
        }
    }
    let tree = tree(root.path());
    let read: usize = tree
        .walk(&TreePath::root(), Depth::Recursive)
        .unwrap()
        .map(|entry| tree.read(&entry.unwrap().path).unwrap().len())
        .sum();
    assert_eq!(read, 10_000 * 16);
}
