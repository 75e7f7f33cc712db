//! Revisions of every kind, and what a fetch costs.

use lockstep::git::Revision;
use lockstep::pipeline::{Source, render};
use tree::{Depth, Limits, ManifestFilter, PlainOpener, TreePath};

use crate::{World, content};

/// The commits of a small repository: two branches, tags of both kinds, a range of versions.
fn versions(world: &World) -> [String; 3] {
    let repository = &world.repository;
    let first = repository.commit("main", &[("a.yaml", "one"), ("dir/b.yaml", "b")]);
    repository.git(&["tag", "v1.0.0"]);
    let second = repository.commit("main", &[("a.yaml", "two")]);
    repository.git(&["tag", "-a", "-m", "annotated", "v1.2.0", "main"]);
    repository.git(&["tag", "v2.0.0-rc.1", "main"]);
    let third = repository.commit("feature/x", &[("a.yaml", "three")]);
    repository.git(&["update-ref", "refs/pull/7/head", "feature/x"]);
    [first, second, third]
}

#[test]
fn revisions_of_every_kind_are_fetched() {
    let world = World::new();
    let [first, second, third] = versions(&world);
    for (revision, expected) in [
        ("", &second),
        ("HEAD", &second),
        ("main", &second),
        ("refs/heads/main", &second),
        ("feature/x", &third),
        ("v1.0.0", &first),
        ("v1.2.0", &second),
        ("1.x", &second),
        ("~1.0", &first),
        ("pull/7/head", &third),
        (first.as_str(), &first),
        (&first[..9], &first),
        (&third.to_uppercase(), &third),
    ] {
        // A folder of its own, so that nothing is there already.
        let folder = tempfile::tempdir().unwrap();
        let mirrors =
            lockstep::git::Mirrors::open(folder.path().join("mirrors"), crate::options()).unwrap();
        let commit = world.fetch(&mirrors, revision).unwrap();
        assert_eq!(commit.id().to_string(), *expected, "{revision}");
    }
    let mirrors = world.mirrors();
    for revision in ["missing", "v1.1.0", "3.x", "abcdef0", &"ab".repeat(20)] {
        let error = world.fetch(&mirrors, revision).unwrap_err();
        assert_eq!(error.reason(), "unknown-revision", "{revision}: {error:?}");
    }
}

#[test]
fn a_commit_knows_itself_and_is_read_as_a_tree() {
    let world = World::new();
    let id = world.repository.commit(
        "main",
        &[
            (
                "app/config.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
            ),
            ("app/sub/b.yaml", "b: 1\n"),
        ],
    );
    let commit = world.fetch(&world.mirrors(), "main").unwrap();
    assert_eq!(commit.committed_at(), Some(1_700_000_100));
    assert_eq!(commit.authored_at(), Some(1_700_000_000));
    assert_eq!(commit.summary(), "change");
    let raw = world.repository.git(&["cat-file", "commit", &id]);
    assert_eq!(String::from_utf8_lossy(commit.raw()).trim(), raw);
    let tree = commit.tree(Limits::default());
    let walked: Vec<_> = tree
        .walk(&TreePath::root(), Depth::Recursive)
        .unwrap()
        .map(|entry| entry.unwrap().path.to_string())
        .collect();
    assert_eq!(walked, ["app/config.yaml", "app/sub/b.yaml"]);
    assert_eq!(content(&commit, "app/sub/b.yaml"), "b: 1\n");
    let rendered = render(
        &tree,
        &PlainOpener,
        &Source::Directory {
            path: &TreePath::parse("app").unwrap(),
            filter: &ManifestFilter::default(),
        },
    )
    .unwrap();
    assert_eq!(rendered.resources().len(), 1);
}

#[test]
fn what_is_here_costs_nothing_or_one_question() {
    let world = World::new();
    let id = world.repository.commit("main", &[("a.yaml", "one")]);
    let mirrors = world.mirrors();
    world.fetch(&mirrors, "main").unwrap();
    let requests = world.server.take_requests();
    assert_eq!(
        requests.iter().filter(|request| request.is_fetch()).count(),
        1
    );
    assert_eq!(
        requests.iter().filter(|request| request.is_list()).count(),
        1
    );

    // By its name: no server is needed, not even one that is there.
    world.fetch(&mirrors, &id).unwrap();
    assert!(world.server.take_requests().is_empty());
    let again = world.mirrors();
    world.fetch(&again, &id).unwrap();
    assert!(world.server.take_requests().is_empty());

    // By a branch: one question, and no objects.
    world.fetch(&mirrors, "main").unwrap();
    let requests = world.server.take_requests();
    assert_eq!(
        requests.iter().filter(|request| request.is_list()).count(),
        1
    );
    assert!(!requests.iter().any(|request| request.is_fetch()));
}

#[test]
fn branches_that_move_are_followed() {
    let world = World::new();
    let mirrors = world.mirrors();
    world
        .repository
        .commit("main", &[("a.yaml", "one"), ("b.yaml", "same")]);
    let first = world.fetch(&mirrors, "main").unwrap();
    world.repository.commit("main", &[("a.yaml", "two")]);
    let second = world.fetch(&mirrors, "main").unwrap();
    assert_eq!(content(&second, "a.yaml"), "two");
    world.repository.force("main", &[("a.yaml", "rewritten")]);
    let third = world.fetch(&mirrors, "main").unwrap();
    assert_eq!(content(&third, "a.yaml"), "rewritten");
    // What was fetched stays readable.
    assert_eq!(content(&first, "a.yaml"), "one");
    assert_eq!(content(&second, "b.yaml"), "same");
    world
        .repository
        .git(&["update-ref", "-d", "refs/heads/main"]);
    let error = world.fetch(&mirrors, "main").unwrap_err();
    assert_eq!(error.reason(), "unknown-revision");
    assert_eq!(error.to_string(), "the repository has no revision `main`");
    let by_id = Revision::commit(first.id());
    assert!(
        mirrors
            .fetch(&world.url(), &by_id, &world.credentials())
            .is_ok()
    );
}

#[test]
fn an_old_commit_that_no_branch_names_is_fetched_by_its_name() {
    let world = World::new();
    let first = world.repository.commit("main", &[("a.yaml", "one")]);
    world.repository.commit("main", &[("a.yaml", "two")]);
    let mirrors = world.mirrors();
    let commit = world.fetch(&mirrors, &first).unwrap();
    assert_eq!(content(&commit, "a.yaml"), "one");
    let requests = world.server.take_requests();
    assert!(!requests.iter().any(|request| request.is_list()));
}
