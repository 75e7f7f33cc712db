//! Repositories behind logins: what opens them comes from an Argo CD in the cluster, or from a file.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use peers::control_plane::ControlPlane;

use crate::app::{App, config_map};
use crate::git_repository::Repository;
use crate::git_server::{Certificates, Server};
use crate::git_sshd::Sshd;
use crate::run::{Lockstep, lockstep};

const PASSWORD: &str = "correct-horse-9Xw2";

/// An application whose manifests are in a repository behind TLS and a login.
struct Guarded {
    app: App,
    certificates: Certificates,
    server: Server,
}

impl Guarded {
    fn new(prefix: &str) -> Self {
        let app = App::new(prefix);
        let root = app.scratch().join("served");
        fs::create_dir(&root).unwrap();
        let repository = Repository::init(&root, "app.git");
        repository.commit("main", &[("manifests/a.yaml", &config_map("fetched", &[]))]);
        let certificates = Certificates::make();
        let server = Server::start(&root, &certificates, Some(&format!("user:{PASSWORD}")));
        Self {
            app,
            certificates,
            server,
        }
    }

    /// A Secret in Argo CD's format.
    fn login(&self, kind: &str, url: &str, password: &str) -> String {
        format!(
            "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: login\n  labels: {{argocd.argoproj.io/secret-type: {kind}}}\nstringData:\n  url: {url}\n  username: user\n  password: {password}\n"
        )
    }

    /// The ConfigMap with the server's authority.
    fn authority(&self) -> String {
        let authority = self.certificates.authority().replace('\n', "\n    ");
        format!(
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: argocd-tls-certs-cm}}\ndata:\n  localhost: |\n    {authority}\n"
        )
    }

    fn sync(&self) -> Lockstep {
        fetched(&self.app, &self.server.url("app.git"))
    }
}

fn fetched(app: &App, url: &str) -> Lockstep {
    lockstep(["sync", "--repo", url, "--path", "manifests", "--name"])
        .args([&app.name, "--namespace", &app.namespace, "--mirrors"])
        .arg(app.scratch().join("mirrors"))
        .arg("--kubeconfig")
        .arg(&app.user.kubeconfig)
}

/// A namespace that stands for Argo CD's, with these objects.
fn argocd(objects: &[String]) -> String {
    let plane = ControlPlane::shared();
    let namespace = plane.namespace("argocd");
    for object in objects {
        plane.apply(
            &object
                .replace(
                    "metadata:\n",
                    &format!("metadata:\n  namespace: {namespace}\n"),
                )
                .replace(
                    "metadata: {",
                    &format!("metadata: {{namespace: {namespace}, "),
                ),
        );
    }
    namespace
}

#[test]
fn the_secrets_of_an_argo_cd_open_repositories() {
    for (kind, url) in [
        ("repository", "https://localhost:PORT/app.git"),
        ("repository", "https://LOCALHOST:PORT/app"),
        ("repo-creds", "https://localhost:PORT"),
    ] {
        let guarded = Guarded::new("argocd-login");
        let url = url.replace("PORT", &guarded.server.port().to_string());
        let namespace = argocd(&[guarded.login(kind, &url, PASSWORD), guarded.authority()]);
        let run = guarded
            .sync()
            .args(["--argocd-namespace", &namespace])
            .run()
            .expect(0);
        assert!(!run.all().contains(PASSWORD), "{run:?}");
        assert!(guarded.app.has("fetched"), "{kind} {url}");
    }
}

#[test]
fn files_open_repositories_also_where_they_are_encrypted() {
    let guarded = Guarded::new("file-login");
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("keys-example");
    let login = guarded.login("repo-creds", "https://localhost", PASSWORD);
    let login = login.replace(
        "https://localhost",
        &format!("https://localhost:{}", guarded.server.port()),
    );
    let file = guarded.app.scratch().join("login.yaml");
    let trust = guarded.app.scratch().join("trust.yaml");
    fs::write(&file, &login).unwrap();
    fs::write(&trust, guarded.authority()).unwrap();
    let sync = || {
        guarded
            .sync()
            .arg("--repo-credentials")
            .arg(&file)
            .arg("--repo-credentials")
            .arg(&trust)
    };
    let run = sync().run().expect(0);
    assert!(!run.all().contains(PASSWORD), "{run:?}");
    assert!(guarded.app.has("fetched"));

    let recipient = fs::read_to_string(keys.join("age.txt")).unwrap();
    let recipient = recipient
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "))
        .unwrap();
    let encrypted = Command::new(peers::program("sops", "sops"))
        .args(["encrypt", "--in-place", "--age", recipient])
        .args(["--encrypted-regex", "^(data|stringData)$"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(encrypted.status.success(), "{encrypted:?}");
    assert!(!fs::read_to_string(&file).unwrap().contains(PASSWORD));
    // Nothing of the last run may help.
    fs::remove_dir_all(guarded.app.scratch().join("mirrors")).unwrap();
    guarded.server.take_requests();
    let run = sync().arg("--keys").arg(&keys).run().expect(0);
    assert!(!run.all().contains(PASSWORD), "{run:?}");
    assert!(
        guarded
            .server
            .take_requests()
            .iter()
            .any(|request| request.authorization.is_some())
    );
}

#[test]
fn wrong_or_missing_credentials_are_told_without_them() {
    let guarded = Guarded::new("wrong-login");
    let wrong = "battery-staple-4Zk7";
    let url = guarded.server.url("app.git");
    for (what, objects, says) in [
        (
            "a wrong password",
            vec![
                guarded.login("repository", &url, wrong),
                guarded.authority(),
            ],
            "does not accept the login",
        ),
        ("no password", vec![guarded.authority()], "asks for a login"),
        (
            "an unknown authority",
            vec![guarded.login("repository", &url, PASSWORD)],
            "no trusted connection",
        ),
    ] {
        let namespace = argocd(&objects);
        let run = guarded
            .sync()
            .args(["--argocd-namespace", &namespace])
            .run()
            .expect(2)
            .says(&[says]);
        for secret in [wrong, PASSWORD] {
            assert!(!run.all().contains(secret), "{what}: {run:?}");
        }
        assert!(!guarded.app.has("fetched"), "{what}");
    }
    // One that stands in the address is not shown either.
    let address = url.replace("https://", &format!("https://user:{wrong}@"));
    let run = fetched(&guarded.app, &address).run().expect(2);
    assert!(!run.all().contains(wrong), "{run:?}");
}

#[test]
fn a_key_and_the_known_hosts_of_an_argo_cd_open_repositories_by_ssh() {
    let app = App::new("ssh-login");
    let sshd = Sshd::start();
    let repository = Repository::init(&sshd.root(), "app.git");
    repository.commit("main", &[("manifests/a.yaml", &config_map("fetched", &[]))]);
    let (key, other) = (
        sshd.key("key", &["-t", "ed25519"]),
        sshd.key("other", &["-t", "ed25519"]),
    );
    sshd.accept(&key);
    let url = sshd.url("app.git");
    let secret = |key: &Path| {
        let key = fs::read_to_string(key).unwrap().replace('\n', "\n    ");
        format!(
            "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: key\n  labels: {{argocd.argoproj.io/secret-type: repository}}\nstringData:\n  url: {url}\n  sshPrivateKey: |\n    {key}\n"
        )
    };
    let hosts = |line: String| {
        format!(
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: argocd-ssh-known-hosts-cm}}\ndata:\n  ssh_known_hosts: |\n    {line}\n"
        )
    };
    for (objects, says) in [
        (
            vec![secret(&key), hosts(sshd.known_host_with(&other))],
            "another key than the known one",
        ),
        (vec![secret(&key)], "not known"),
        (
            vec![secret(&other), hosts(sshd.known_host())],
            "does not accept the key",
        ),
    ] {
        let namespace = argocd(&objects);
        let run = fetched(&app, &url)
            .args(["--argocd-namespace", &namespace])
            .run()
            .expect(2)
            .says(&[says]);
        assert!(!run.all().contains("PRIVATE KEY"), "{run:?}");
        assert!(!app.has("fetched"));
    }
    let namespace = argocd(&[secret(&key), hosts(sshd.known_host())]);
    fetched(&app, &url)
        .args(["--argocd-namespace", &namespace])
        .run()
        .expect(0);
    assert!(app.has("fetched"));
}

/// A proxy that connects whoever shows the right login.
struct Proxy {
    port: u16,
    seen: mpsc::Receiver<String>,
}

impl Proxy {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, seen) = mpsc::channel();
        // Ends with the process of the test.
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let tell = tell.clone();
                std::thread::spawn(move || serve(client.unwrap(), &tell));
            }
        });
        Self { port, seen }
    }
}

fn serve(client: TcpStream, tell: &mpsc::Sender<String>) {
    let mut reader = BufReader::new(client.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    let target = head.split_whitespace().nth(1).unwrap().to_owned();
    let mut client = client;
    let _ = tell.send(head);
    let mut server = TcpStream::connect(target).unwrap();
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    let mut answers = server.try_clone().unwrap();
    let back = std::thread::spawn(move || {
        let _ = std::io::copy(&mut answers, &mut client);
        let _ = client.shutdown(Shutdown::Both);
    });
    let _ = std::io::copy(&mut reader, &mut server);
    let _ = server.shutdown(Shutdown::Both);
    back.join().unwrap();
}

#[test]
fn the_proxy_of_a_secret_is_used_but_where_it_says_not_to() {
    let guarded = Guarded::new("proxied");
    let proxy = Proxy::start();
    let url = guarded.server.url("app.git");
    let secret = |more: &str| {
        let login = guarded.login("repository", &url, PASSWORD);
        format!(
            "{login}  proxy: http://me:proxy-pass-7Qd1@127.0.0.1:{}\n{more}",
            proxy.port
        )
    };
    let sync = |secret: String| {
        let namespace = argocd(&[secret, guarded.authority()]);
        guarded
            .sync()
            .args(["--argocd-namespace", &namespace])
            .run()
    };
    let run = sync(secret("")).expect(0);
    let seen: Vec<String> = proxy.seen.try_iter().collect();
    let host = format!("CONNECT localhost:{} ", guarded.server.port());
    assert!(!seen.is_empty());
    for head in &seen {
        assert!(head.starts_with(&host), "{head}");
        let login = BASE64_STANDARD.encode("me:proxy-pass-7Qd1");
        assert!(head.contains(&login), "{head}");
        // The proxy is told nothing that is meant for the server.
        let login = BASE64_STANDARD.encode(format!("user:{PASSWORD}"));
        assert!(!head.contains(&login), "{head}");
    }
    assert!(!run.all().contains("proxy-pass"), "{run:?}");

    sync(secret("  noProxy: localhost,example.com\n")).expect(0);
    assert_eq!(proxy.seen.try_iter().count(), 0);

    // Nobody is there.
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let gone = secret("").replace(&proxy.port.to_string(), &closed.port().to_string());
    let run = sync(gone).expect(2);
    assert!(!run.all().contains("proxy-pass"), "{run:?}");
}
