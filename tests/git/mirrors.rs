//! Mirrors: shared, private, and whole again after whatever happened to them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::sync::{Barrier, mpsc};
use std::time::Duration;

use lockstep::git::{MirrorOptions, Mirrors};

use crate::repository::git;
use crate::{World, content, options};

#[test]
fn a_hundred_applications_on_one_repository_are_one_fetch() {
    let world = World::new();
    world.repository.commit("main", &[("a.yaml", "one")]);
    let mirrors = world.mirrors_with(MirrorOptions {
        freshness: Duration::from_secs(60),
        ..options()
    });
    let barrier = Barrier::new(100);
    std::thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| {
                barrier.wait();
                let commit = world.fetch(&mirrors, "main").unwrap();
                assert_eq!(content(&commit, "a.yaml"), "one");
            });
        }
    });
    let requests = world.server.take_requests();
    assert_eq!(
        requests.iter().filter(|request| request.is_fetch()).count(),
        1
    );
    assert_eq!(
        requests.iter().filter(|request| request.is_list()).count(),
        1
    );
}

#[test]
fn who_asks_while_others_wait_is_served_with_them() {
    let world = World::new();
    for number in 0..20 {
        world.repository.commit(
            &format!("branch-{number}"),
            &[("a.yaml", &number.to_string())],
        );
    }
    let mirrors = world.mirrors();
    let barrier = Barrier::new(20);
    std::thread::scope(|scope| {
        for number in 0..20 {
            let (world, mirrors, barrier) = (&world, &mirrors, &barrier);
            scope.spawn(move || {
                barrier.wait();
                let commit = world.fetch(mirrors, &format!("branch-{number}")).unwrap();
                assert_eq!(content(&commit, "a.yaml"), number.to_string());
            });
        }
    });
    // The first conversation has those that came before it began, the second all others, as a rule.
    let requests = world.server.take_requests();
    let fetches = requests.iter().filter(|request| request.is_fetch()).count();
    assert!(fetches < 10, "{fetches}");
}

#[test]
fn one_that_is_missing_does_not_spoil_the_fetch_of_others() {
    let world = World::new();
    world.repository.commit("main", &[("a.yaml", "one")]);
    let mirrors = world.mirrors();
    let barrier = Barrier::new(8);
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (world, mirrors, barrier) = (&world, &mirrors, &barrier);
            scope.spawn(move || {
                barrier.wait();
                let revision = match number % 2 {
                    0 => "main".to_owned(),
                    _ => format!("{number}").repeat(40),
                };
                assert_eq!(world.fetch(mirrors, &revision).is_ok(), number % 2 == 0);
            });
        }
    });
}

#[test]
fn mirrors_are_private_and_real_repositories() {
    let world = World::new();
    let id = world.repository.commit("main", &[("a.yaml", "one")]);
    world.fetch(&world.mirrors(), "main").unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = world.folder.path().join("mirrors");
    assert_eq!(mode(&folder), 0o700);
    let mut pending = vec![world.mirror()];
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            assert_eq!(mode(&path), 0o700, "{}", path.display());
            pending.extend(
                fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        }
    }
    let found = git(&world.mirror())
        .args(["cat-file", "-t", &id])
        .output()
        .unwrap();
    assert_eq!(found.stdout, b"commit\n");
    let name = world
        .mirror()
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    assert!(!name.contains("app"));

    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(
        Mirrors::open(folder, options()).err().unwrap().reason(),
        "mirror"
    );
}

#[test]
fn a_mirror_is_whole_again_after_whatever_happened_to_it() {
    let world = World::new();
    let packs = |world: &World| {
        let entries = fs::read_dir(world.mirror().join("objects/pack")).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .collect::<Vec<_>>()
    };
    let of_kind = |world: &World, kind: &str| {
        let mut paths = packs(world);
        paths.retain(|path| path.extension().is_some_and(|found| found == kind));
        paths
    };
    type Harm<'a> = (&'a str, &'a dyn Fn(&World));
    let harms: [Harm<'_>; 9] = [
        ("killed before the commit was noted", &|world| {
            for pack in of_kind(world, "pack") {
                fs::write(pack.with_extension("keep"), b"").unwrap();
            }
        }),
        ("killed while a pack came", &|world| {
            fs::write(world.mirror().join("objects/pack/.tmpAbC"), b"PACK").unwrap();
            fs::write(world.mirror().join("shallow.lock"), b"").unwrap();
            fs::write(world.mirror().join("packed-refs.new"), b"half").unwrap();
        }),
        ("killed between a pack and its index", &|world| {
            fs::remove_file(&of_kind(world, "idx")[0]).unwrap();
        }),
        ("a pack is gone", &|world| {
            fs::remove_file(&of_kind(world, "pack")[0]).unwrap()
        }),
        ("a pack is cut off", &|world| {
            for pack in of_kind(world, "pack") {
                fs::set_permissions(&pack, fs::Permissions::from_mode(0o600)).unwrap();
                fs::write(pack, b"PACK\0\0\0\x02\0\0\0\0").unwrap();
            }
        }),
        ("an index is nonsense", &|world| {
            for index in of_kind(world, "idx") {
                fs::set_permissions(&index, fs::Permissions::from_mode(0o600)).unwrap();
                fs::write(index, [0x55; 2000]).unwrap();
            }
        }),
        ("references are nonsense", &|world| {
            fs::write(world.mirror().join("packed-refs"), [0xff; 100]).unwrap();
        }),
        ("shallow is nonsense", &|world| {
            fs::write(world.mirror().join("shallow"), b"nonsense\n").unwrap();
        }),
        ("everything is gone", &|world| {
            fs::remove_dir_all(world.mirror()).unwrap()
        }),
    ];
    for (number, (what, harm)) in harms.into_iter().enumerate() {
        world
            .repository
            .commit("main", &[("a.yaml", &format!("before {number}"))]);
        world.fetch(&world.mirrors(), "main").unwrap();
        harm(&world);
        let text = format!("after {number}");
        world
            .repository
            .commit("main", &[("a.yaml", &text), (&format!("{number}"), "x")]);
        let commit = world
            .fetch(&world.mirrors(), "main")
            .unwrap_or_else(|error| panic!("{what}: {error:?}"));
        assert_eq!(content(&commit, "a.yaml"), text, "{what}");
        for earlier in 0..=number {
            assert_eq!(content(&commit, &format!("{earlier}")), "x", "{what}");
        }
    }
}

#[test]
fn packs_are_put_together_when_they_become_many() {
    let world = World::new();
    let mirrors = world.mirrors_with(MirrorOptions {
        packs: 4,
        commits: 2,
        ..options()
    });
    let mut last = String::new();
    for number in 0..15 {
        let text = format!("{number}");
        last = world.repository.commit(
            "main",
            &[("a.yaml", &text), (&format!("dir/{number}"), "x")],
        );
        let commit = world.fetch(&mirrors, "main").unwrap();
        assert_eq!(content(&commit, "a.yaml"), text);
        let packs = fs::read_dir(world.mirror().join("objects/pack"))
            .unwrap()
            .count();
        assert!(packs <= 10, "{packs}");
    }
    let commit = world.fetch(&world.mirrors(), &last).unwrap();
    for number in 0..15 {
        assert_eq!(content(&commit, &format!("dir/{number}")), "x");
    }
    let fsck = git(&world.mirror())
        .args(["fsck", "--strict"])
        .status()
        .unwrap();
    assert!(fsck.success());

    // Not while somebody reads.
    let held = world.fetch(&mirrors, "main").unwrap();
    for number in 15..25 {
        world
            .repository
            .commit("main", &[("a.yaml", &format!("{number}"))]);
        world.fetch(&mirrors, "main").unwrap();
    }
    assert_eq!(content(&held, "a.yaml"), "14");
}

/// What the child of the next test does: one fetch. Does nothing when it is run as a test.
#[test]
fn fetch_as_a_child() {
    let Some(address) = std::env::var_os("LOCKSTEP_TEST_URL") else {
        return;
    };
    let folder = std::env::var_os("LOCKSTEP_TEST_MIRRORS").unwrap();
    let mut credentials = lockstep::git::Credentials::default();
    credentials.verification = lockstep::git::Verification::Waived;
    let mirrors = Mirrors::open(folder.into(), options()).unwrap();
    let address = crate::url(address.to_str().unwrap());
    mirrors
        .fetch(&address, &lockstep::git::Revision::HEAD, &credentials)
        .unwrap();
}

#[test]
fn a_process_that_is_killed_leaves_a_usable_mirror() {
    let world = World::new();
    let served = world.folder.path().join("served");
    let server = crate::server::Server::start(&served, &world.certificates, None);
    let folder = world.folder.path().join("mirrors");
    let mut credentials = world.credentials();
    credentials.login = None;
    let address = crate::url(&server.url("app.git"));
    // Nothing is ever sent: the wait for it is a random delay.
    let (_never, delay) = mpsc::channel::<()>();
    let mut killed = 0;
    for number in 0..40_u64 {
        let files: Vec<_> = (0..50)
            .map(|file| (format!("{number}/{file}"), format!("{number} {file}")))
            .collect();
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        let id = world.repository.commit("main", &files);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "mirrors::fetch_as_a_child"])
            .env("LOCKSTEP_TEST_URL", address.as_str())
            .env("LOCKSTEP_TEST_MIRRORS", &folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Spread over what one fetch takes.
        let _ = delay.recv_timeout(Duration::from_micros(20_000 + number * 5_000));
        let _ = child.kill();
        killed += usize::from(!child.wait().unwrap().success());
        let mirrors = world.mirrors();
        let commit = mirrors
            .fetch(&address, &lockstep::git::Revision::HEAD, &credentials)
            .unwrap_or_else(|error| panic!("{number}: {error:?}"));
        assert_eq!(commit.id().to_string(), id);
        for earlier in 0..=number {
            assert_eq!(
                content(&commit, &format!("{earlier}/49")),
                format!("{earlier} 49")
            );
        }
    }
    assert!(killed > 5, "{killed}");
    let left: Vec<_> = fs::read_dir(world.mirror().join("objects/pack"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".pack") && !name.ends_with(".idx"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    let fsck = git(&world.mirror())
        .args(["fsck", "--strict"])
        .status()
        .unwrap();
    assert!(fsck.success());
}

#[test]
fn reading_writes_nothing_into_the_mirror() {
    let world = World::new();
    let secret = "password: ENC[AES256_GCM,data:abc]";
    world
        .repository
        .commit("main", &[("secret.yaml", secret), ("dir/a.yaml", "a")]);
    let commit = world.fetch(&world.mirrors(), "main").unwrap();
    let state = || {
        let mut files = Vec::new();
        let mut pending = vec![world.folder.path().join("mirrors")];
        while let Some(path) = pending.pop() {
            match path.is_dir() {
                true => pending.extend(
                    fs::read_dir(path)
                        .unwrap()
                        .map(|entry| entry.unwrap().path()),
                ),
                false => files.push((path.clone(), fs::read(path).unwrap())),
            }
        }
        files.sort();
        files
    };
    let before = state();
    assert_eq!(content(&commit, "secret.yaml"), secret);
    assert_eq!(content(&commit, "dir/a.yaml"), "a");
    let missing = commit
        .tree(tree::Limits::default())
        .read(&tree::TreePath::parse("x").unwrap());
    assert!(missing.is_err());
    assert!(state() == before);
}
