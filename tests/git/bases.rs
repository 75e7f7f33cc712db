//! Remote bases of kustomizations through the mirrors, beside the real `kustomize build` with the real `git`.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use base64::Engine as _;
use kustomize::{BuildError, BuildOptions, Built, RemoteBases};
use lockstep::git::{AllowedBases, CredentialStore, SecretKind, SignedBy, Signers, UrlPrefix};
use secret::SecretBytes;
use tree::{Limits, MemoryEntry, PlainOpener, Tree, TreePath};

use crate::repository::Repository;
use crate::{LOGIN, World};

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: base\n";
const MODULE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: module\n";

/// A repository whose bases name each other, one in another repository, and one in a submodule.
fn world() -> World {
    let world = World::with(|root| {
        let module = Repository::init(root, "module.git");
        let commit = module.commit(
            "main",
            &[
                ("kustomization.yaml", "resources: [m.yaml]\n"),
                ("m.yaml", MODULE),
            ],
        );
        let app = Repository::init(root, "app.git");
        app.commit(
            "main",
            &[
                (
                    "base/kustomization.yaml",
                    "resources: [a.yaml]\nnamePrefix: first-\n",
                ),
                ("base/a.yaml", MAP),
            ],
        );
        app.git(&["tag", "-a", "-m", "annotated", "v1", "main"]);
        app.git(&["tag", "1.0.0", "main"]);
        app.commit(
            "main",
            &[
                (
                    "base/kustomization.yaml",
                    "resources: [a.yaml]\nsecretGenerator: [{name: s, literals: [k=v]}]\n",
                ),
                (
                    "over/kustomization.yaml",
                    "resources: [../base]\nnamePrefix: over-\n",
                ),
                (
                    "with/kustomization.yaml",
                    "resources: [../base, ../vendor/m]\n",
                ),
            ],
        );
        app.import(|out| {
            let modules = "[submodule \"m\"]\npath = vendor/m\nurl = ../module.git\n";
            write!(
                out,
                "commit refs/heads/main\ncommitter C <c@example.com> 1700000000 +0000\ndata 1\nx\n\
                 from refs/heads/main^0\nM 100644 inline .gitmodules\ndata {}\n{modules}\nM 160000 {commit} vendor/m\n",
                modules.len()
            )
            .unwrap();
        });
        app
    });
    let other = Repository::init(world.repository.path().parent().unwrap(), "other.git");
    let inner = format!(
        "resources: ['{}//base?ref=v1', local]\nbuildMetadata: [originAnnotations]\n",
        world.server.url("app.git")
    );
    other.commit(
        "main",
        &[
            ("kustomization.yaml", &inner),
            ("local/kustomization.yaml", "resources: [m.yaml]\n"),
            ("local/m.yaml", MODULE),
        ],
    );
    world
}

fn bases(world: &World, allowed: &[&str]) -> AllowedBases {
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
    AllowedBases {
        mirrors: Arc::new(world.mirrors()),
        credentials: Arc::new(credentials),
        project: None,
        allowed: allowed
            .iter()
            .map(|prefix| UrlPrefix::parse(prefix).unwrap())
            .collect(),
        signed_by: None,
        limits: Limits::default(),
    }
}

fn build(kustomization: &str, bases: AllowedBases) -> Result<Built, BuildError> {
    let options = BuildOptions {
        remote_bases: Some(Arc::new(bases) as Arc<dyn RemoteBases>),
        ..BuildOptions::default()
    };
    let path = TreePath::parse("kustomization.yaml").unwrap();
    let tree = Tree::memory(
        [(path, MemoryEntry::file(kustomization))],
        Limits::default(),
    )
    .unwrap();
    kustomize::build(&tree, &PlainOpener, &TreePath::root(), &options)
}

/// What the real program makes of a kustomization; `None` for an error.
fn real(world: &World, kustomization: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("kustomization.yaml"), kustomization).unwrap();
    let authority = folder.path().join("ca.pem");
    fs::write(&authority, &*world.certificates.authority()).unwrap();
    let login = base64::engine::general_purpose::STANDARD.encode(LOGIN);
    let output = Command::new(peers::program("kustomize", "kustomize"))
        .arg("build")
        .arg(folder.path())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "http.extraHeader")
        .env(
            "GIT_CONFIG_VALUE_0",
            format!("Authorization: Basic {login}"),
        )
        .env("GIT_SSL_CAINFO", &authority)
        .env("SSL_CERT_FILE", &authority)
        .output()
        .unwrap();
    output
        .status
        .success()
        .then(|| String::from_utf8(output.stdout).unwrap())
}

#[test]
fn bases_are_fetched_and_built_as_the_real_program_does() {
    let world = world();
    let (app, other) = (world.server.url("app.git"), world.server.url("other.git"));
    let first = world.repository.git(&["rev-parse", "v1^{commit}"]);
    for (name, text) in [
        (
            "default branch",
            format!("resources: ['{app}//base?submodules=false']\n"),
        ),
        (
            "branch",
            format!("resources: ['{app}/over?ref=main&submodules=0']\nnameSuffix: -x\n"),
        ),
        (
            "annotated tag",
            format!("resources: ['{app}//base?ref=v1']\n"),
        ),
        (
            "tag like a version",
            format!("resources: ['{app}//base?version=1.0.0']\n"),
        ),
        (
            "commit",
            format!("resources: ['{app}//base?ref={first}']\n"),
        ),
        (
            "full name",
            format!("resources: ['git::{app}//over?ref=refs/heads/main']\n"),
        ),
        ("submodule", format!("resources: ['{app}//with']\n")),
        (
            "base in another repository",
            format!("resources: ['{other}']\n"),
        ),
        (
            "origins",
            format!("resources: ['{other}?ref=main']\nbuildMetadata: [originAnnotations]\n"),
        ),
        ("range", format!("resources: ['{app}//base?ref=1.x']\n")),
        (
            "no such revision",
            format!("resources: ['{app}//base?ref=none']\n"),
        ),
        (
            "no submodule",
            format!("resources: ['{app}//with?submodules=false']\n"),
        ),
        (
            "abbreviated commit",
            format!("resources: ['{app}//base?ref={}']\n", &first[..10]),
        ),
        ("no such folder", format!("resources: ['{app}//nothing']\n")),
        (
            "no such repository",
            format!("resources: ['{}']\n", world.server.url("none.git")),
        ),
    ] {
        let built = build(&text, bases(&world, &[&world.server.url("")]));
        let ours = built.as_ref().map(|built| built.to_yaml().unwrap()).ok();
        let is_refused = ["range", "no ", "abbreviated"]
            .into_iter()
            .any(|start| name.starts_with(start));
        assert_eq!(ours.is_none(), is_refused, "{name}: {:?}", built.err());
        assert_eq!(ours, real(&world, &text), "{name}");
    }
}

#[test]
fn nothing_is_asked_of_a_server_that_is_not_allowed() {
    let world = world();
    let app = world.server.url("app.git");
    let text = format!("resources: ['{app}//base']\n");
    for allowed in [
        &[][..],
        &["https://example.com"],
        &["https://localhost"],
        &[&format!("{app}s")],
        &[&world.server.url("ap")],
    ] {
        let error = build(&text, bases(&world, allowed)).unwrap_err();
        assert_eq!(error.reason(), "remote-base-not-allowed", "{allowed:?}");
    }
    assert_eq!(world.server.take_requests().len(), 0);

    // What an allowed repository names is held to the same.
    let other = world.server.url("other.git");
    let text = format!("resources: ['{other}']\n");
    let error = build(&text, bases(&world, &[&other])).unwrap_err();
    assert_eq!(error.reason(), "remote-base-not-allowed");
    let text = format!("resources: ['{app}//with']\n");
    let error = build(&text, bases(&world, &[&app])).unwrap_err();
    assert_eq!(error.reason(), "remote-base-not-allowed");
    let requests = world.server.take_requests();
    let elsewhere = |path: &str| !path.starts_with("/other.git") && !path.starts_with("/app.git");
    assert!(!requests.iter().any(|request| elsewhere(&request.path)));
}

#[test]
fn a_revision_is_fetched_once_and_a_commit_that_is_there_not_at_all() {
    let world = world();
    let app = world.server.url("app.git");
    let text = format!(
        "resources: ['{app}//base?submodules=false', '{app}//over?submodules=false']\nnamePrefix: x-\n"
    );
    let allowed = bases(&world, &[&app]);
    let mirrors = Arc::clone(&allowed.mirrors);
    build(&text, allowed).unwrap();
    let requests = world.server.take_requests();
    let fetches = requests.iter().filter(|request| request.is_fetch()).count();
    let lists = requests.iter().filter(|request| request.is_list()).count();
    assert_eq!((fetches, lists), (1, 1));

    let main = world.repository.tip("main").unwrap();
    let text = format!("resources: ['{app}//base?submodules=false&ref={main}']\n");
    let allowed = AllowedBases {
        mirrors,
        ..bases(&world, &[&app])
    };
    build(&text, allowed).unwrap();
    assert_eq!(world.server.take_requests().len(), 0);
}

#[test]
fn where_signatures_are_asked_for_a_base_is_signed_or_named_by_its_commit() {
    let world = world();
    let app = world.server.url("app.git");
    let key = public_key(world.folder.path());
    let signed = |reference: &str| {
        let bases = AllowedBases {
            signed_by: Some(SignedBy {
                signers: Arc::new(Signers::parse(&key).unwrap()),
                now: 1_800_000_000,
            }),
            ..bases(&world, &[&world.server.url("")])
        };
        build(
            &format!("resources: ['{app}//base?ref={reference}']\n"),
            bases,
        )
    };
    let commit = world.repository.tip("main").unwrap();
    assert!(signed(&commit).is_ok());
    assert_eq!(signed("main").unwrap_err().reason(), "unsigned");
}

fn public_key(folder: &Path) -> String {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f", "signer"])
        .current_dir(folder)
        .status()
        .unwrap();
    assert!(made.success());
    fs::read_to_string(folder.join("signer.pub")).unwrap()
}
