//! Against a real `sshd` on loopback, which serves a repository through `git-shell`.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use gix::protocol::transport::client::blocking_io::Transport;
use gix::protocol::transport::{Protocol, Service};
use secret::LockedBytes;
use tempfile::TempDir;

use super::agent::Agent;
use super::key::{SigningKey, SshKeyError};
use super::wire::{Reader, push_string};
use super::*;

/// A server that accepts the keys in `authorized_keys`. One `sshd` runs for each connection, on a socket that this
/// process accepted, so that no port can be taken by somebody else in between.
struct Server {
    folder: TempDir,
    port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        keygen(&path.join("host"), &["-t", "ed25519"]);
        fs::write(path.join("authorized_keys"), "").unwrap();
        let root = succeeds(Command::new("id").arg("-u")).trim() == "0";
        if root {
            // Where `sshd` runs as root it insists on an empty folder of its own.
            fs::create_dir_all("/run/sshd").unwrap();
        }
        let config = format!(
            "HostKey {0}/host\nAuthorizedKeysFile {0}/authorized_keys\nStrictModes no\nUsePAM no\nPidFile none\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n\
             AcceptEnv GIT_PROTOCOL\nForceCommand git-shell -c \"$SSH_ORIGINAL_COMMAND\"\n",
            path.display()
        );
        let config_file = path.join("sshd_config");
        fs::write(&config_file, config).unwrap();

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut children: Vec<Child> = Vec::new();
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                let socket = OwnedFd::from(stream.unwrap());
                let output = socket.try_clone().unwrap();
                let child = Command::new("/usr/sbin/sshd")
                    .args(["-i", "-e", "-f"])
                    .arg(&config_file)
                    .stdin(Stdio::from(socket))
                    .stdout(Stdio::from(output))
                    .stderr(Stdio::null())
                    .spawn()
                    .expect("sshd (Debian: openssh-server) is needed");
                children.push(child);
            }
            for mut child in children {
                let _ = child.kill();
                child.wait().unwrap();
            }
        });
        Self {
            folder,
            port,
            stop,
            thread: Some(thread),
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A repository with one commit.
    fn repository(&self, name: &str) -> String {
        let path = self.path().join(name);
        let git = |arguments: &[&str]| {
            succeeds(
                Command::new("git")
                    .arg("-C")
                    .arg(&path)
                    .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
                    .args(arguments),
            )
        };
        fs::create_dir(&path).unwrap();
        git(&["init", "-q", "-b", "main"]);
        git(&["commit", "-q", "--allow-empty", "-m", "first"]);
        path.to_str().unwrap().to_owned()
    }

    fn accept(&self, public: &str) {
        fs::write(self.path().join("authorized_keys"), public).unwrap();
    }

    /// The line of `known_hosts` for this server with the key in `file`.
    fn known_host(&self, file: &Path) -> String {
        let public = fs::read_to_string(file.with_extension("pub")).unwrap();
        format!("[127.0.0.1]:{} {public}", self.port)
    }

    fn credentials(&self, identity: SshIdentity) -> Credentials {
        Credentials {
            ssh_identity: identity,
            known_hosts: Some(self.known_host(&self.path().join("host")).into()),
            ..Credentials::default()
        }
    }

    /// Connects and reads the server's greeting, and gives the version of the protocol or what went wrong.
    fn greet(&self, path: &str, credentials: &Credentials) -> Result<Protocol, SshError> {
        self.greet_within(path, credentials, Duration::from_secs(60))
    }

    fn greet_within(
        &self,
        path: &str,
        credentials: &Credentials,
        within: Duration,
    ) -> Result<Protocol, SshError> {
        let private = tempfile::tempdir().unwrap();
        let user = user();
        let destination = Destination {
            user: Some(&user),
            host: "127.0.0.1",
            port: Some(self.port),
            path,
        };
        let limits = Limits {
            connect: Duration::from_secs(60),
            stall: Duration::from_secs(60),
            until: Instant::now() + within,
            answer: 1 << 20,
        };
        let (mut connection, failure) = connect(&destination, credentials, limits, private.path())?;
        let answer = connection
            .handshake(Service::UploadPack, &[])
            .map(|answer| answer.actual_protocol);
        drop(connection);
        let left = fs::read_dir(private.path()).unwrap().count();
        assert_eq!(left, 0, "the connection left something behind");
        match (answer, failure.take()) {
            (Ok(protocol), None) => Ok(protocol),
            (_, Some(failure)) => Err(failure),
            (Err(error), None) => panic!("a failure that was not kept: {error}"),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = std::net::TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn user() -> String {
    succeeds(Command::new("id").arg("-un")).trim().to_owned()
}

fn keygen(path: &Path, arguments: &[&str]) {
    succeeds(
        Command::new("ssh-keygen")
            .args(["-q", "-N", "", "-C", "", "-f"])
            .arg(path)
            .args(arguments),
    );
}

fn identity(file: &Path) -> SshIdentity {
    let mut key = fs::read(file).unwrap();
    SshIdentity::Key(Arc::new(LockedBytes::take(&mut key).unwrap()))
}

fn public(file: &Path) -> String {
    fs::read_to_string(file.with_extension("pub")).unwrap()
}

#[test]
fn every_kind_of_key_logs_in() {
    let server = Server::start();
    let repository = server.repository("it's a repository!");
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
    for (name, arguments) in cases {
        let file = server.path().join(name);
        keygen(&file, arguments);
        server.accept(&public(&file));
        let credentials = server.credentials(identity(&file));
        let protocol = server.greet(&repository, &credentials);
        assert!(matches!(protocol, Ok(Protocol::V2)), "{name}: {protocol:?}");
    }
}

#[test]
fn who_is_at_the_other_end_and_who_we_are_must_be_right() {
    let server = Server::start();
    let repository = server.repository("repository");
    let [good, other] = ["good", "other"].map(|name| server.path().join(name));
    keygen(&good, &["-t", "ed25519"]);
    keygen(&other, &["-t", "ed25519"]);
    server.accept(&public(&good));

    let known = server.known_host(&server.path().join("host"));
    let changed = server.known_host(&other);
    let revoked = format!("@revoked {known}");
    let cases: &[(&str, SshIdentity, Option<&str>, Verification, &str)] = &[
        (
            "right",
            identity(&good),
            Some(&known),
            Verification::Required,
            "V2",
        ),
        (
            "no hosts",
            identity(&good),
            Some(""),
            Verification::Required,
            "ssh-host-unknown",
        ),
        (
            "another host",
            identity(&good),
            Some(&changed),
            Verification::Required,
            "ssh-host-changed",
        ),
        (
            "revoked host",
            identity(&good),
            Some(&revoked),
            Verification::Required,
            "ssh-host-changed",
        ),
        (
            "waived",
            identity(&good),
            Some(&changed),
            Verification::Waived,
            "V2",
        ),
        (
            "another key",
            identity(&other),
            Some(&known),
            Verification::Required,
            "ssh-key-refused",
        ),
        (
            "no key",
            SshIdentity::None,
            Some(&known),
            Verification::Required,
            "ssh-key-needed",
        ),
        (
            "system's hosts",
            identity(&good),
            None,
            Verification::Required,
            "ssh-host-unknown",
        ),
    ];
    for (name, identity, known_hosts, verification, expected) in cases {
        let credentials = Credentials {
            ssh_identity: identity.clone(),
            known_hosts: known_hosts.map(Into::into),
            verification: *verification,
            ..Credentials::default()
        };
        let outcome = match server.greet(&repository, &credentials) {
            Ok(protocol) => format!("{protocol:?}"),
            Err(error) => error.reason().to_owned(),
        };
        assert_eq!(outcome, *expected, "{name}");
    }
}

#[test]
fn what_the_other_end_complains_is_told() {
    let server = Server::start();
    let key = server.path().join("key");
    keygen(&key, &["-t", "ed25519"]);
    server.accept(&public(&key));
    let credentials = server.credentials(identity(&key));
    let missing = server.path().join("missing");
    let error = server
        .greet(missing.to_str().unwrap(), &credentials)
        .unwrap_err();
    let SshError::Remote { message } = error else {
        panic!("{error:?}");
    };
    assert!(
        message.contains("does not appear to be a git repository"),
        "{message}"
    );
}

#[test]
fn a_host_that_says_nothing_is_given_up() {
    // It accepts the connection and never speaks.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = Server {
        folder: tempfile::tempdir().unwrap(),
        port: listener.local_addr().unwrap().port(),
        stop: Arc::default(),
        thread: None,
    };
    let credentials = Credentials::default();
    let error = silent
        .greet_within("x", &credentials, Duration::from_millis(300))
        .unwrap_err();
    assert_eq!(error.reason(), "ssh-timeout");
}

#[test]
fn nobody_at_the_other_end_is_told() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let nobody = Server {
        folder: tempfile::tempdir().unwrap(),
        port,
        stop: Arc::default(),
        thread: None,
    };
    let error = nobody.greet("x", &Credentials::default()).unwrap_err();
    assert_eq!(error.reason(), "ssh-host-unreachable");
}

#[test]
fn the_agent_signs_logins_of_its_account_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    keygen(&file, &["-t", "ed25519"]);
    let key = SigningKey::parse(&fs::read(&file).unwrap()).unwrap();
    let blob = key.public().to_vec();
    let socket = folder.path().join("agent");
    let agent = Agent::start(&socket, key, Some("git".to_owned())).unwrap();

    let login = |user: &str, service: &str, method: &str, key: &[u8]| {
        let mut data = Vec::new();
        push_string(&mut data, b"session");
        data.push(50);
        push_string(&mut data, user.as_bytes());
        push_string(&mut data, service.as_bytes());
        push_string(&mut data, method.as_bytes());
        data.push(1);
        push_string(&mut data, b"ssh-ed25519");
        push_string(&mut data, key);
        data
    };
    let right = login("git", "ssh-connection", "publickey", &blob);
    let mut bound = login(
        "git",
        "ssh-connection",
        "publickey-hostbound-v00@openssh.com",
        &blob,
    );
    push_string(&mut bound, b"host key");
    let mut longer = right.clone();
    longer.push(0);
    let cases: &[(&str, &[u8], bool)] = &[
        ("a login", &right, true),
        ("a login bound to a host", &bound, true),
        (
            "another account",
            &login("root", "ssh-connection", "publickey", &blob),
            false,
        ),
        (
            "another service",
            &login("git", "ssh-userauth", "publickey", &blob),
            false,
        ),
        (
            "another method",
            &login("git", "ssh-connection", "hostbased", &blob),
            false,
        ),
        (
            "another key",
            &login("git", "ssh-connection", "publickey", b"other"),
            false,
        ),
        ("something behind it", &longer, false),
        ("a signature for git", b"SSHSIG\0\0\0\x03git", false),
        ("nothing", b"", false),
    ];
    let mut stream = UnixStream::connect(&socket).unwrap();
    for (name, data, signed) in cases {
        let mut request = vec![13];
        push_string(&mut request, &blob);
        push_string(&mut request, data);
        request.extend_from_slice(&0_u32.to_be_bytes());
        let answer = ask(&mut stream, &request);
        assert_eq!(answer[0] == 14, *signed, "{name}");
    }
    // Adding, removing and locking keys, and what no one knows.
    for message in [9, 17, 18, 19, 22, 25, 27, 255] {
        assert_eq!(ask(&mut stream, &[message]), [5], "message {message}");
    }
    drop(agent);
    assert!(!socket.exists());
    let mut end = Vec::new();
    assert!(stream.read_to_end(&mut end).is_err() || end.is_empty());
}

fn ask(stream: &mut UnixStream, request: &[u8]) -> Vec<u8> {
    let mut framed = Vec::new();
    push_string(&mut framed, request);
    stream.write_all(&framed).unwrap();
    let mut len = [0; 4];
    stream.read_exact(&mut len).unwrap();
    let mut answer = vec![0; u32::from_be_bytes(len) as usize];
    stream.read_exact(&mut answer).unwrap();
    answer
}

#[test]
fn an_agent_is_closed_while_somebody_holds_a_connection() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    keygen(&file, &["-t", "ed25519"]);
    let socket = folder.path().join("agent");
    let key = SigningKey::parse(&fs::read(&file).unwrap()).unwrap();
    let agent = Agent::start(&socket, key, None).unwrap();
    let streams: Vec<UnixStream> = (0..3)
        .map(|_| UnixStream::connect(&socket).unwrap())
        .collect();
    drop(agent);
    drop(streams);
}

#[test]
fn unusable_keys_are_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let locked = |name: &str, arguments: &[&str]| -> PathBuf {
        let path = folder.path().join(name);
        succeeds(
            Command::new("ssh-keygen")
                .args(["-q", "-N", "secret", "-f"])
                .arg(&path)
                .args(arguments),
        );
        path
    };
    let short = folder.path().join("short");
    keygen(&short, &["-t", "rsa", "-b", "1024"]);
    let read = |path: PathBuf| fs::read(path).unwrap();
    let cases: &[(&str, Vec<u8>, SshKeyError)] = &[
        (
            "locked",
            read(locked("a", &["-t", "ed25519"])),
            SshKeyError::Passphrase,
        ),
        (
            "locked pem",
            read(locked("b", &["-t", "rsa", "-m", "PEM"])),
            SshKeyError::Passphrase,
        ),
        (
            "locked pkcs8",
            read(locked("c", &["-t", "ecdsa", "-m", "PKCS8"])),
            SshKeyError::Passphrase,
        ),
        ("short", read(short.clone()), SshKeyError::Numbers),
        (
            "public",
            read(short.with_extension("pub")),
            SshKeyError::Format,
        ),
        ("nothing", Vec::new(), SshKeyError::Format),
        ("bytes", vec![0xff, 0xfe], SshKeyError::Format),
    ];
    for (name, text, expected) in cases {
        assert_eq!(SigningKey::parse(text).err(), Some(*expected), "{name}");
    }
}

#[test]
fn paths_are_one_word_for_the_other_shell() {
    for path in ["plain", "it's", "a b;c", "$(x) `y` !z\\", "'", "-x"] {
        let echoed =
            succeeds(Command::new("sh").args(["-c", &format!("printf %s {}", quoted(path))]));
        // `!` is quoted for shells with a history, as git does it.
        if path != "-x" {
            assert_eq!(echoed, path);
        }
    }
}

#[test]
fn options_of_ssh_are_all_known_to_it() {
    // `-G` prints the configuration and refuses an option that it does not know.
    let mut ssh = Command::new("ssh");
    ssh.args(["-F", "none", "-G"])
        .args(options(CONFINED))
        .args(options(ALWAYS));
    let config = succeeds(ssh.args(["--", "host.example"]));
    for line in [
        "batchmode yes",
        "forwardagent no",
        "identitiesonly no",
        "updatehostkeys false",
    ] {
        assert!(
            config.lines().any(|found| found == line),
            "{line} in {config}"
        );
    }
    assert!(!config.contains("identityfile ~"), "{config}");
}

#[test]
fn messages_are_bounded() {
    let mut reader = Reader::new(&[0xff, 0xff, 0xff, 0xff, 0]);
    assert!(reader.string().is_none());
    assert!(
        Mutex::new(Reader::new(&[0, 0, 0, 2, 1]))
            .into_inner()
            .unwrap()
            .string()
            .is_none()
    );
}
