//! Repositories and their submodules over SSH, from Secrets in Argo CD's format to the files of a commit.

use std::ffi::OsString;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lockstep::git::{
    CredentialStore, Credentials, FetchError, FetchLimits, MirrorOptions, Mirrors, Revision,
    SecretData, SecretKind, SshError, SshIdentity, Submodules, UrlPolicy, Verification,
};
use secret::{LockedBytes, SecretBytes};
use tree::{Limits, TreePath};

use crate::repository::{Repository, git};
use crate::sshd::Sshd;
use crate::{options, url};

fn identity(key: &Path) -> SshIdentity {
    let mut key = fs::read(key).unwrap();
    SshIdentity::Key(Arc::new(LockedBytes::take(&mut key).unwrap()))
}

fn credentials(server: &Sshd, identity: SshIdentity) -> Credentials {
    let mut credentials = Credentials::default();
    credentials.ssh_identity = identity;
    credentials.known_hosts = Some(server.known_host().into());
    credentials
}

/// A commit in a new repository of `server`, as its name.
fn commit(server: &Sshd, name: &str, files: &[(&str, &str)], submodule: Option<&str>) -> String {
    let repository = Repository::init(&server.root(), name);
    let work = server.path("work").join(name);
    fs::create_dir_all(&work).unwrap();
    let run = |arguments: &[&str]| {
        assert!(
            git(&work).args(arguments).status().unwrap().success(),
            "{arguments:?}"
        );
    };
    run(&["init", "-q", "-b", "main"]);
    for (path, content) in files {
        fs::write(work.join(path), content).unwrap();
    }
    run(&["add", "."]);
    if let Some(commit) = submodule {
        run(&[
            "update-index",
            "--add",
            "--cacheinfo",
            &format!("160000,{commit},lib"),
        ]);
    }
    run(&["commit", "-q", "-m", "first"]);
    run(&["push", "-q", repository.path().to_str().unwrap(), "main"]);
    repository.git(&["rev-parse", "main"])
}

/// Fetches into a new folder of mirrors, in which the connection must leave nothing behind.
fn fetch(address: &str, credentials: &Credentials) -> Result<String, FetchError> {
    fetch_within(address, credentials, options())
}

fn fetch_within(
    address: &str,
    credentials: &Credentials,
    options: MirrorOptions,
) -> Result<String, FetchError> {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("mirrors");
    let mirrors = Mirrors::open(folder.clone(), options).unwrap();
    let fetched = mirrors.fetch(&url(address), &Revision::HEAD, credentials);
    for left in fs::read_dir(&folder).unwrap() {
        let name = left.unwrap().file_name().into_string().unwrap();
        assert!(!name.starts_with("ssh-"), "{name} was left behind");
    }
    Ok(fetched?.id().to_string())
}

#[test]
fn every_kind_of_key_logs_in() {
    let server = Sshd::start();
    let head = commit(&server, "it's a repository!.git", &[("a", "b")], None);
    let cases: &[(&str, &[&str])] = &[
        ("ed25519", &["-t", "ed25519"]),
        ("ecdsa256", &["-t", "ecdsa", "-b", "256"]),
        ("ecdsa384", &["-t", "ecdsa", "-b", "384"]),
        ("ecdsa521", &["-t", "ecdsa", "-b", "521"]),
        ("rsa", &["-t", "rsa", "-b", "2048"]),
        ("rsa-pem", &["-t", "rsa", "-b", "2048", "-m", "PEM"]),
        ("rsa-pkcs8", &["-t", "rsa", "-b", "3072", "-m", "PKCS8"]),
        ("ecdsa256-pem", &["-t", "ecdsa", "-b", "256", "-m", "PEM"]),
        (
            "ecdsa384-pkcs8",
            &["-t", "ecdsa", "-b", "384", "-m", "PKCS8"],
        ),
    ];
    for (name, kind) in cases {
        let key = server.key(name, kind);
        server.accept(&key);
        let fetched = fetch(
            &server.url("it's%20a%20repository!.git"),
            &credentials(&server, identity(&key)),
        );
        assert_eq!(fetched.as_ref().ok(), Some(&head), "{name}: {fetched:?}");
    }
}

#[test]
fn who_is_at_the_other_end_and_who_we_are_must_be_right() {
    let server = Sshd::start();
    commit(&server, "app.git", &[("a", "b")], None);
    let good = server.key("good", &["-t", "ed25519"]);
    let other = server.key("other", &["-t", "ed25519"]);
    server.accept(&good);

    let known = server.known_host();
    let changed = server.known_host_with(&other);
    let revoked = format!("@revoked {known}");
    let required = Verification::Required;
    let cases: &[(&str, SshIdentity, Option<&str>, Verification, &str)] = &[
        ("right", identity(&good), Some(&known), required, "fetched"),
        (
            "no hosts",
            identity(&good),
            Some(""),
            required,
            "ssh-host-unknown",
        ),
        (
            "another host",
            identity(&good),
            Some(&changed),
            required,
            "ssh-host-changed",
        ),
        (
            "revoked host",
            identity(&good),
            Some(&revoked),
            required,
            "ssh-host-changed",
        ),
        (
            "system's hosts",
            identity(&good),
            None,
            required,
            "ssh-host-unknown",
        ),
        (
            "waived",
            identity(&good),
            Some(&changed),
            Verification::Waived,
            "fetched",
        ),
        (
            "another key",
            identity(&other),
            Some(&known),
            required,
            "ssh-key-refused",
        ),
        (
            "no key",
            SshIdentity::None,
            Some(&known),
            required,
            "ssh-key-needed",
        ),
    ];
    for (name, identity, known_hosts, verification, expected) in cases {
        let mut credentials = Credentials::default();
        credentials.ssh_identity = identity.clone();
        credentials.known_hosts = known_hosts.map(Into::into);
        credentials.verification = *verification;
        let outcome = match fetch(&server.url("app.git"), &credentials) {
            Ok(_) => "fetched",
            Err(error) => error.reason(),
        };
        assert_eq!(outcome, *expected, "{name}");
    }
}

#[test]
fn a_person_logs_in_with_their_own_agent() {
    let server = Sshd::start();
    let head = commit(&server, "app.git", &[("a", "b")], None);
    let key = server.key("key", &["-t", "ed25519"]);
    server.accept(&key);
    let socket = server.path("personal");
    let mut agent = Command::new("ssh-agent")
        .args(["-D", "-a"])
        .arg(&socket)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let add = || {
        let mut add = Command::new("ssh-add");
        add.arg("-q").arg(&key).env("SSH_AUTH_SOCK", &socket);
        add.stderr(Stdio::null()).status().unwrap().success()
    };
    // It has to come up first.
    let until = Instant::now() + Duration::from_secs(20);
    while !add() && Instant::now() < until {
        std::thread::yield_now();
    }
    let fetched = |environment: &[(OsString, OsString)]| {
        let store = CredentialStore::personal(environment.iter().cloned());
        let mut credentials = store.for_url(&url(&server.url("app.git")), None).unwrap();
        // The person who runs this test does not know the server.
        credentials.verification = Verification::Waived;
        fetch(&server.url("app.git"), &credentials)
    };
    let with = fetched(&[("SSH_AUTH_SOCK".into(), socket.clone().into())]);
    let without = fetched(&[]);
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert_eq!(with.ok(), Some(head));
    assert_eq!(without.unwrap_err().reason(), "ssh-key-refused");
}

#[test]
fn what_the_other_end_complains_is_told() {
    let server = Sshd::start();
    let key = server.key("key", &["-t", "ed25519"]);
    server.accept(&key);
    let error = fetch(
        &server.url("missing.git"),
        &credentials(&server, identity(&key)),
    )
    .unwrap_err();
    let FetchError::Ssh(SshError::Remote { message }) = error else {
        panic!("{error:?}");
    };
    assert!(
        message.contains("does not appear to be a git repository"),
        "{message}"
    );
}

/// A port where somebody listens who never speaks.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, format!("ssh://git@127.0.0.1:{port}/a"))
}

#[test]
fn a_host_that_says_nothing_or_is_not_there_is_given_up() {
    let (listener, address) = silent();
    let hasty = MirrorOptions {
        limits: FetchLimits {
            total: Duration::from_millis(400),
            ..FetchLimits::default()
        },
        ..MirrorOptions::default()
    };
    let error = fetch_within(&address, &Credentials::default(), hasty).unwrap_err();
    assert_eq!(error.reason(), "ssh-timeout");
    drop(listener);
    let error = fetch(&address, &Credentials::default()).unwrap_err();
    assert_eq!(error.reason(), "ssh-host-unreachable");
}

#[cfg(target_os = "linux")]
#[test]
fn the_key_is_in_no_file_argument_or_environment_of_the_program() {
    use std::os::unix::fs::PermissionsExt;

    let server = Sshd::start();
    let key = server.key("key", &["-t", "rsa", "-b", "2048"]);
    let (listener, address) = silent();
    let mut known = credentials(&server, identity(&key));
    known.known_hosts = Some("nothing".into());
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("mirrors");
    let mirrors = Mirrors::open(folder.clone(), options()).unwrap();
    std::thread::scope(|scope| {
        let fetching = scope.spawn(|| mirrors.fetch(&url(&address), &Revision::HEAD, &known));
        // Connected: from here on it waits for us.
        let (connection, _) = listener.accept().unwrap();
        let program = ssh_that_connects_to(&address);
        let mut seen = fs::read(program.join("cmdline")).unwrap();
        seen.extend(fs::read(program.join("environ")).unwrap());
        let private = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| {
                path.file_name()
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .starts_with("ssh-")
            })
            .unwrap();
        assert_eq!(
            fs::metadata(&private).unwrap().permissions().mode() & 0o777,
            0o700
        );
        let mut names = Vec::new();
        for entry in fs::read_dir(&private).unwrap() {
            let entry = entry.unwrap();
            names.push(entry.file_name().into_string().unwrap());
            if entry.file_type().unwrap().is_file() {
                seen.extend(fs::read(entry.path()).unwrap());
            }
        }
        names.sort();
        assert_eq!(names, ["agent", "known_hosts"]);
        let seen = String::from_utf8_lossy(&seen).into_owned();
        for line in fs::read_to_string(&key).unwrap().lines() {
            assert!(!seen.contains(line), "a line of the key was found");
        }
        let environment = fs::read_to_string(program.join("environ")).unwrap();
        let mut variables: Vec<&str> = environment
            .split('\0')
            .filter(|text| !text.is_empty())
            .collect();
        variables.sort_unstable();
        assert_eq!(variables, ["GIT_PROTOCOL=version=2", "SSH_AUTH_SOCK=agent"]);
        drop(connection);
        drop(listener);
        assert!(fetching.join().unwrap().is_err());
    });
}

/// The folder in `/proc` of the program that was started for this address.
fn ssh_that_connects_to(address: &str) -> std::path::PathBuf {
    let port = address
        .rsplit_once("/")
        .unwrap()
        .0
        .rsplit_once(':')
        .unwrap()
        .1;
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|process| {
            let arguments = fs::read_to_string(process.join("cmdline")).unwrap_or_default();
            arguments.starts_with("ssh\0") && arguments.contains(&format!("\0-p\0{port}\0"))
        })
        .expect("ssh runs")
}

#[test]
fn submodules_are_seen_in_their_places_with_the_credentials_for_their_address() {
    let server = Sshd::start();
    let key = server.key("key", &["-t", "ed25519"]);
    server.accept(&key);
    let inner = commit(&server, "inner.git", &[("deep.yaml", "deep")], None);
    let nested = "[submodule \"i\"]\n\tpath = lib\n\turl = ../inner.git\n";
    let library = commit(
        &server,
        "library.git",
        &[("lib.yaml", "lib"), (".gitmodules", nested)],
        Some(&inner),
    );
    let modules = "[submodule \"l\"]\n\tpath = lib\n\turl = ../library.git\n";
    commit(
        &server,
        "app.git",
        &[("app.yaml", "app"), (".gitmodules", modules)],
        Some(&library),
    );

    let folder = tempfile::tempdir().unwrap();
    let mirrors = Mirrors::open(folder.path().join("mirrors"), options()).unwrap();
    let address = url(&server.url("app.git"));
    let tree = |store: &CredentialStore| {
        let fetched = mirrors.fetch(
            &address,
            &Revision::HEAD,
            &store.for_url(&address, None).unwrap(),
        );
        let submodules = Submodules {
            mirrors: &mirrors,
            credentials: store,
            project: None,
            policy: UrlPolicy::default(),
            allowed: None,
        };
        let commit = fetched.unwrap();
        let mounts = submodules
            .of(&commit, &address)
            .map_err(|error| error.reason())?;
        Ok::<_, &str>(commit.tree_with(mounts, Limits::default()))
    };

    // A key for the one repository is no key for its submodules.
    let only = store(
        &server,
        SecretKind::Repository,
        &server.url("app.git"),
        &key,
    );
    assert_eq!(tree(&only).err(), Some("submodule-fetch"));

    let all = store(&server, SecretKind::Prefix, &server.url(""), &key);
    let tree = tree(&all).unwrap();
    for (path, content) in [
        ("app.yaml", "app"),
        ("lib/lib.yaml", "lib"),
        ("lib/lib/deep.yaml", "deep"),
    ] {
        let bytes = tree.read(&TreePath::parse(path).unwrap()).unwrap();
        assert_eq!(&*bytes, content.as_bytes(), "{path}");
    }
}

fn store(server: &Sshd, kind: SecretKind, url: &str, key: &Path) -> CredentialStore {
    let mut store = CredentialStore::default();
    store.set_known_hosts(&server.known_host());
    let data = SecretData::from([
        ("url".to_owned(), SecretBytes::copy_of(url.as_bytes())),
        (
            "sshPrivateKey".to_owned(),
            SecretBytes::new(fs::read(key).unwrap()),
        ),
    ]);
    store.add("git", kind, data).unwrap();
    store
}
