//! A real `sshd` on loopback, which serves repositories through `git-shell`.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use tempfile::TempDir;

/// A server that accepts the keys that it is told to. One `sshd` runs for each connection, on a socket that this process
/// accepted, so that no port can be taken by somebody else in between.
pub(crate) struct Sshd {
    folder: TempDir,
    port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Sshd {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        keygen(&path.join("host"), &["-t", "ed25519"]);
        fs::write(path.join("authorized_keys"), "").unwrap();
        fs::create_dir(path.join("served")).unwrap();
        if succeeds(Command::new("id").arg("-u")).trim() == "0" {
            // Where `sshd` runs as root it insists on an empty folder of its own.
            fs::create_dir_all("/run/sshd").unwrap();
        }
        let config = path.join("sshd_config");
        let settings = format!(
            "HostKey {0}/host\nAuthorizedKeysFile {0}/authorized_keys\nStrictModes no\nUsePAM no\nPidFile none\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n\
             AcceptEnv GIT_PROTOCOL\nForceCommand git-shell -c \"$SSH_ORIGINAL_COMMAND\"\n",
            path.display()
        );
        fs::write(&config, settings).unwrap();

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || serve(&listener, &config, &stopped));
        Self {
            folder,
            port,
            stop,
            thread: Some(thread),
        }
    }

    /// Where repositories are served from.
    pub(crate) fn root(&self) -> PathBuf {
        self.path("served")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The address of a repository.
    pub(crate) fn url(&self, name: &str) -> String {
        let user = succeeds(Command::new("id").arg("-un"));
        let (user, port) = (user.trim(), self.port);
        let path = self.root().join(name);
        format!("ssh://{user}@127.0.0.1:{port}{}", path.display())
    }

    /// A new key pair; the file of the private one.
    pub(crate) fn key(&self, name: &str, kind: &[&str]) -> PathBuf {
        let file = self.path(name);
        keygen(&file, kind);
        file
    }

    /// From now on accepts the key of this file alone.
    pub(crate) fn accept(&self, key: &Path) {
        fs::copy(key.with_extension("pub"), self.path("authorized_keys")).unwrap();
    }

    /// The line of `known_hosts` for this server.
    pub(crate) fn known_host(&self) -> String {
        self.known_host_with(&self.path("host"))
    }

    /// The same with the key of this file.
    pub(crate) fn known_host_with(&self, key: &Path) -> String {
        let public = fs::read_to_string(key.with_extension("pub")).unwrap();
        format!("[127.0.0.1]:{} {public}", self.port)
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // The thread waits for a connection, and sees then that there is to be none.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn serve(listener: &TcpListener, config: &Path, stopped: &AtomicBool) {
    let mut children: Vec<Child> = Vec::new();
    for stream in listener.incoming() {
        if stopped.load(Ordering::SeqCst) {
            break;
        }
        let socket = OwnedFd::from(stream.unwrap());
        let output = socket.try_clone().unwrap();
        let child = Command::new("/usr/sbin/sshd")
            .args(["-i", "-e", "-f"])
            .arg(config)
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
}

fn keygen(path: &Path, kind: &[&str]) {
    succeeds(
        Command::new("ssh-keygen")
            .args(["-q", "-N", "", "-C", "", "-f"])
            .arg(path)
            .args(kind),
    );
}

fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}
