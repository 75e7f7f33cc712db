//! `git http-backend` behind TLS and a login, on loopback, with the faults that a test asks for.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

use base64::Engine as _;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

/// A certificate authority and a server's certificate for `localhost` and `127.0.0.1`.
pub(crate) struct Certificates {
    folder: tempfile::TempDir,
}

impl Certificates {
    pub(crate) fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = "set -e
            key='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
            openssl req -x509 $key -keyout ca.key -out ca.pem -subj /CN=ca -days 2 \
                -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
            openssl req $key -keyout key.pem -out request.pem -subj /CN=server
            printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\\n' > extensions
            openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
                -extfile extensions -out cert.pem
            openssl req $key -keyout client.key -out request.pem -subj /CN=client
            openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
                -extfile extensions -out client.pem";
        let made = Command::new("sh")
            .args(["-c", script])
            .current_dir(folder.path())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(made.success());
        Self { folder }
    }

    pub(crate) fn authority(&self) -> Arc<str> {
        self.read("ca.pem").into()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// A client's certificate of the same authority, and its key.
    pub(crate) fn client(&self) -> (Arc<str>, Vec<u8>) {
        let key = self.read("client.key");
        (self.read("client.pem").into(), key.into_bytes())
    }

    fn config(&self, clients: Clients) -> Arc<ServerConfig> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(self.read("cert.pem").as_bytes())
            .map(Result::unwrap)
            .collect();
        let key = PrivateKeyDer::from_pem_slice(self.read("key.pem").as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let config = match clients {
            Clients::Anybody => config.with_no_client_auth(),
            Clients::Certified => {
                let mut roots = RootCertStore::empty();
                let authority = CertificateDer::from_pem_slice(self.read("ca.pem").as_bytes());
                roots.add(authority.unwrap()).unwrap();
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                config.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let config = config.with_single_cert(chain, key).unwrap();
        Arc::new(config)
    }
}

/// Whose connections the server takes.
#[derive(Clone, Copy)]
pub(crate) enum Clients {
    Anybody,
    /// Those with a certificate of its authority.
    Certified,
}

/// What the server does in place of its work.
#[derive(Clone, Debug, Default)]
pub(crate) enum Fault {
    #[default]
    None,
    /// Answers with this status.
    Status(u16),
    /// Redirects the first request to this base.
    Redirect(String),
    /// Answers with these bytes, as if they were Git's.
    Garbage(Vec<u8>),
    /// Answers a fetch for ever.
    Endless,
    /// Breaks the connection after so many bytes of the answer to a fetch.
    Dies(usize),
    /// Answers a fetch with this pack.
    Pack(Vec<u8>),
    /// Knows only the first version of the protocol.
    Old,
    /// Says nothing until the server is dropped.
    Hangs,
    /// Changes one byte of the pack, at this place from its end.
    Damages(usize),
}

/// One request that was received.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) sent: usize,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn is_fetch(&self) -> bool {
        self.method == "POST" && contains(&self.body, b"command=fetch")
    }

    pub(crate) fn is_list(&self) -> bool {
        self.method == "POST" && contains(&self.body, b"command=ls-refs")
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

struct Shared {
    root: PathBuf,
    login: Option<String>,
    fault: Mutex<Fault>,
    requests: Mutex<Vec<Request>>,
    stopping: AtomicBool,
    stopped: (Mutex<bool>, Condvar),
}

/// A running server. Serves the repositories below a folder.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(root: &Path, certificates: &Certificates, login: Option<&str>) -> Self {
        Self::start_for(Clients::Anybody, root, certificates, login)
    }

    pub(crate) fn start_for(
        clients: Clients,
        root: &Path,
        certificates: &Certificates,
        login: Option<&str>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            root: root.to_owned(),
            login: login.map(|login| {
                format!(
                    "Basic {}",
                    base64::engine::general_purpose::STANDARD.encode(login)
                )
            }),
            fault: Mutex::default(),
            requests: Mutex::default(),
            stopping: AtomicBool::new(false),
            stopped: Default::default(),
        });
        let config = certificates.config(clients);
        let accepting = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if accepting.stopping.load(Ordering::SeqCst) {
                    break;
                }
                let (shared, config) = (Arc::clone(&accepting), Arc::clone(&config));
                std::thread::spawn(move || {
                    let connection = ServerConnection::new(config).unwrap();
                    // A client that goes away is part of the tests.
                    let _ = serve(&shared, StreamOwned::new(connection, stream.unwrap()));
                });
            }
        });
        Self {
            address,
            shared,
            thread: Some(thread),
        }
    }

    pub(crate) fn url(&self, repository: &str) -> String {
        format!("https://localhost:{}/{repository}", self.address.port())
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn set_fault(&self, fault: Fault) {
        *self.shared.fault.lock().unwrap() = fault;
    }

    /// The requests since this was last asked.
    pub(crate) fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut *self.shared.requests.lock().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        *self.shared.stopped.0.lock().unwrap() = true;
        self.shared.stopped.1.notify_all();
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

type Stream = StreamOwned<ServerConnection, TcpStream>;

fn serve(shared: &Shared, stream: Stream) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let mut words = line.split_whitespace();
        let method = words.next().unwrap_or_default().to_owned();
        let path = words.next().unwrap_or_default().to_owned();
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let header = |name: &str| {
            let found = headers.iter().find(|(found, _)| found == name);
            found.map(|(_, value)| value.clone())
        };
        let length = header("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        let mut request = Request {
            method,
            path,
            authorization: header("authorization"),
            sent: 0,
            body,
        };
        let protocol = header("git-protocol").unwrap_or_default();
        let answer = answer(shared, &request, &protocol);
        request.sent = answer.as_ref().map_or(0, Vec::len);
        shared.requests.lock().unwrap().push(request.clone());
        let Some(answer) = answer else {
            let (stopped, changed) = &shared.stopped;
            let stopped = stopped.lock().unwrap();
            drop(changed.wait_while(stopped, |stopped| !*stopped).unwrap());
            return Ok(());
        };
        let fault = shared.fault.lock().unwrap().clone();
        match fault {
            Fault::Dies(after) if request.is_fetch() => {
                stream
                    .get_mut()
                    .write_all(&answer[..after.min(answer.len())])?;
                stream.get_mut().flush()?;
                return Ok(());
            }
            Fault::Endless if request.method == "POST" => {
                let head =
                    "HTTP/1.1 200 OK\r\ncontent-type: application/x-git-upload-pack-result\r\n\r\n";
                stream.get_mut().write_all(head.as_bytes())?;
                stream.get_mut().write_all(b"000dpackfile\n")?;
                // Progress, and never a pack.
                loop {
                    stream.get_mut().write_all(b"0009\x02keep")?;
                }
            }
            _ => stream.get_mut().write_all(&answer)?,
        }
        stream.get_mut().flush()?;
    }
}

/// The bytes of an answer; `None` for none.
fn answer(shared: &Shared, request: &Request, protocol: &str) -> Option<Vec<u8>> {
    let plain = |status: u16, more: &str| {
        format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n{more}\r\n").into_bytes()
    };
    let fault = shared.fault.lock().unwrap().clone();
    match &fault {
        Fault::Hangs => return None,
        Fault::Status(status) => return Some(plain(*status, "")),
        Fault::Redirect(base) => {
            let rest = request.path.split_once(".git").map_or("", |(_, rest)| rest);
            return Some(plain(302, &format!("location: {base}{rest}\r\n")));
        }
        Fault::Garbage(bytes) => {
            let kind = match request.method.as_str() {
                "GET" => "advertisement",
                _ => "result",
            };
            return Some(with_length(
                &format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/x-git-upload-pack-{kind}\r\n"
                ),
                bytes,
            ));
        }
        Fault::Pack(pack) if request.is_fetch() => {
            let mut body = b"000dpackfile\n".to_vec();
            for chunk in pack.chunks(60_000) {
                body.extend_from_slice(format!("{:04x}\x01", chunk.len() + 5).as_bytes());
                body.extend_from_slice(chunk);
            }
            body.extend_from_slice(b"0000");
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-git-upload-pack-result\r\n";
            return Some(with_length(head, &body));
        }
        Fault::Pack(_)
        | Fault::None
        | Fault::Old
        | Fault::Endless
        | Fault::Dies(_)
        | Fault::Damages(_) => {}
    }
    if shared.login.is_some() && request.authorization != shared.login {
        let challenge = "www-authenticate: Basic realm=\"git\"\r\n";
        return Some(plain(401, challenge));
    }
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let mut child = Command::new("git")
        .arg("http-backend")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "safe.directory")
        .env("GIT_CONFIG_VALUE_0", "*")
        .env("GIT_PROJECT_ROOT", &shared.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env(
            "GIT_PROTOCOL",
            if matches!(fault, Fault::Old) {
                ""
            } else {
                protocol
            },
        )
        .env("REQUEST_METHOD", &request.method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", "application/x-git-upload-pack-request")
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let body = request.body.clone();
    let writer = std::thread::spawn(move || {
        // It may know enough before it has read everything.
        let _ = stdin.write_all(&body);
    });
    let output = child.wait_with_output().unwrap().stdout;
    writer.join().unwrap();
    let end = output
        .windows(4)
        .position(|bytes| bytes == b"\r\n\r\n")
        .unwrap();
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let mut body = output[end + 4..].to_vec();
    if let (Fault::Damages(place), true) = (&fault, request.is_fetch()) {
        let place = body.len() - place;
        body[place] ^= 0xff;
    }
    let status = head
        .lines()
        .find_map(|line| line.strip_prefix("Status: "))
        .unwrap_or("200 OK");
    let kept: String = head
        .lines()
        .filter(|line| !line.starts_with("Status:"))
        .flat_map(|line| [line, "\r\n"])
        .collect();
    Some(with_length(&format!("HTTP/1.1 {status}\r\n{kept}"), &body))
}

fn with_length(head: &str, body: &[u8]) -> Vec<u8> {
    let mut answer = format!("{head}content-length: {}\r\n\r\n", body.len()).into_bytes();
    answer.extend_from_slice(body);
    answer
}
