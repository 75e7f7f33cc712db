//! Revisions of every kind, and what a fetch costs.

use lockstep::git::{
    CredentialStore, Credentials, RepositoryUrl, Revision, SecretKind, Submodules, UrlPolicy,
};
use lockstep::pipeline::{Source, render};
use secret::SecretBytes;
use tree::{Depth, Limits, ManifestFilter, PlainOpener, TreePath};

use crate::repository::Repository;
use crate::server::Fault;
use crate::{LOGIN, World, content};

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

#[test]
fn an_old_server_serves_every_kind_of_revision() {
    let world = World::new();
    let [first, second, third] = versions(&world);
    world.repository.commit("main", &[("a.yaml", "latest")]);
    world.server.set_fault(Fault::Old);
    for (revision, expected) in [
        ("feature/x", &third),
        ("v1.0.0", &first),
        // Named by an annotated tag only.
        ("v1.2.0", &second),
        ("1.x", &second),
        // A commit that it does not hand out by its name.
        (&first, &first),
        (&second[..10], &second),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mirrors =
            lockstep::git::Mirrors::open(folder.path().join("mirrors"), crate::options()).unwrap();
        let commit = world
            .fetch(&mirrors, revision)
            .unwrap_or_else(|error| panic!("{revision}: {error:?}"));
        assert_eq!(commit.id().to_string(), *expected, "{revision}");
    }
    let mirrors = world.mirrors();
    let error = world.fetch(&mirrors, &"ab".repeat(20)).unwrap_err();
    assert_eq!(error.reason(), "unknown-revision", "{error:?}");
    assert_eq!(
        content(&world.fetch(&mirrors, "main").unwrap(), "a.yaml"),
        "latest"
    );
}

#[test]
fn an_empty_repository_has_no_revision() {
    let world = World::new();
    for revision in ["HEAD", "main", "1.x"] {
        let error = world.fetch(&world.mirrors(), revision).unwrap_err();
        assert_eq!(error.reason(), "unknown-revision", "{error:?}");
    }
}

#[test]
fn a_folder_is_fetched_where_the_operator_allows_it() {
    let world = World::new();
    world.repository.commit("main", &[("a.yaml", "local")]);
    let path = world.repository.path().to_str().unwrap();
    assert!(RepositoryUrl::parse(path, UrlPolicy::default()).is_err());
    let policy = UrlPolicy {
        directories: true,
        ..UrlPolicy::default()
    };
    let url = RepositoryUrl::parse(path, policy).unwrap();
    let commit = world
        .mirrors()
        .fetch(&url, &Revision::HEAD, &Credentials::default())
        .unwrap();
    assert_eq!(content(&commit, "a.yaml"), "local");
}

#[test]
fn submodules_are_seen_in_their_places() {
    let world = World::new();
    let served = world.folder.path().join("served");
    let module = Repository::init(&served, "module.git");
    let commit = module.commit("main", &[("b.yaml", "of the module")]);
    let modules = "[submodule \"m\"]\n\tpath = vendor/m\n\turl = ../module.git\n";
    world.repository.import(|out| {
        write!(
            out,
            "commit refs/heads/main\ncommitter C <c@example.com> 1700000000 +0000\ndata 1\nx\n\
             M 100644 inline .gitmodules\ndata {}\n{modules}\nM 160000 {commit} vendor/m\n",
            modules.len()
        )
        .unwrap();
    });
    let mirrors = world.mirrors();
    let top = world.fetch(&mirrors, "main").unwrap();
    let mut credentials = CredentialStore::default();
    let (username, password) = LOGIN.split_once(':').unwrap();
    let prefix = world.server.url("");
    let secret = [
        ("url", prefix.as_str()),
        ("username", username),
        ("password", password),
    ]
    .map(|(key, value)| (key.to_owned(), SecretBytes::copy_of(value.as_bytes())));
    credentials
        .add("all", SecretKind::Prefix, secret.into())
        .unwrap();
    credentials.set_authorities("localhost", &world.certificates.authority());
    let submodules = Submodules {
        mirrors: &mirrors,
        credentials: &credentials,
        project: None,
        policy: UrlPolicy::default(),
        allowed: None,
    };
    let fetched = submodules.of(&top, &world.url()).unwrap();
    let tree = top.tree_with(fetched, Limits::default());
    let read = tree
        .read(&TreePath::parse("vendor/m/b.yaml").unwrap())
        .unwrap();
    assert_eq!(&*read, b"of the module");
}
