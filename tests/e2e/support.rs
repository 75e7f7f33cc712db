//! Runs the built program and the peers, and makes encrypted input with the peers.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

/// The root of the checkout.
pub(crate) fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a run gave.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The run, after it was seen to end with `code`.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            code,
            "stdout:\n{}\nstderr:\n{}",
            self.text(),
            self.stderr
        );
        self
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A run of `lockstep` to be: an empty environment, and a home folder without keys.
pub(crate) struct Lockstep {
    command: Command,
    input: Vec<u8>,
}

/// Starts `lockstep` with these arguments.
pub(crate) fn lockstep<I, S>(arguments: I) -> Lockstep
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
    command
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .args(arguments);
    Lockstep {
        command,
        input: Vec::new(),
    }
}

impl Lockstep {
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub(crate) fn args<I, S>(mut self, arguments: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        self.command.args(arguments);
        self
    }

    pub(crate) fn folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    pub(crate) fn input(mut self, input: &[u8]) -> Self {
        self.input = input.to_vec();
        self
    }

    pub(crate) fn run(self) -> Run {
        feed(self.command, &self.input).into()
    }

    /// The same run under `strace -f`, and what it recorded.
    pub(crate) fn traced(self) -> (Run, String) {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("trace");
        let mut command = Command::new("strace");
        command
            .args(["-f", "-qq", "-s", "1048576", "-xx", "-o"])
            .arg(&log)
            .args(["-e", "trace=write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,sendmmsg,sendfile,splice,vmsplice,copy_file_range,open,openat,openat2,creat,mknod,mknodat,memfd_create,rename,renameat,renameat2,execve,execveat,mmap"])
            .arg(self.command.get_program())
            .args(self.command.get_args());
        command.env_clear();
        for (name, value) in self.command.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        if let Some(folder) = self.command.get_current_dir() {
            command.current_dir(folder);
        }
        let run = feed(command, &self.input).into();
        (
            run,
            fs::read_to_string(&log).expect("strace writes its log"),
        )
    }
}

fn feed(mut command: Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // A program that stops reading early is judged by its exit code.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

/// Keys of every kind, made once a test process with the real programs.
pub(crate) struct Keys {
    folder: TempDir,
    pub(crate) age_recipient: String,
}

impl Keys {
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn age(&self) -> PathBuf {
        self.folder.path().join("age.txt")
    }

    pub(crate) fn sealing_key(&self) -> PathBuf {
        self.folder.path().join("sealing.pem")
    }

    pub(crate) fn sealing_certificate(&self) -> PathBuf {
        self.folder.path().join("sealing.crt")
    }
}

pub(crate) fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let age = folder.path().join("age.txt");
        run(Command::new(peers::program("age", "age-keygen"))
            .arg("-o")
            .arg(&age));
        let text = fs::read_to_string(&age).unwrap();
        let age_recipient = text
            .lines()
            .find_map(|line| line.strip_prefix("# public key: "))
            .expect("age-keygen names the public key")
            .to_owned();
        run(Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "3650",
                "-subj",
                "/CN=sealed-secret",
                "-keyout",
            ])
            .arg(folder.path().join("sealing.pem"))
            .arg("-out")
            .arg(folder.path().join("sealing.crt")));
        Keys {
            folder,
            age_recipient,
        }
    })
}

/// Encrypts `text` as a file called `name` with sops for the test's age key.
pub(crate) fn sops_encrypt(name: &str, text: &str, flags: &[&str]) -> Vec<u8> {
    sops_encrypt_to(&keys().age_recipient, name, text, flags)
}

/// Encrypts for another recipient.
pub(crate) fn sops_encrypt_to(recipient: &str, name: &str, text: &str, flags: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    run(Command::new(peers::program("sops", "sops"))
        .args(["encrypt", "--age", recipient])
        .args(flags)
        .arg(&path)
        .current_dir(folder.path()))
    .stdout
}

/// Encrypts under a creation rule, given as the fields behind the recipient.
pub(crate) fn sops_encrypt_by_rule(name: &str, text: &str, rule: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    let config = format!(
        "creation_rules: [{{age: {}, {rule}}}]\n",
        keys().age_recipient
    );
    fs::write(folder.path().join(".sops.yaml"), config).unwrap();
    run(Command::new(peers::program("sops", "sops"))
        .arg("encrypt")
        .arg(&path)
        .current_dir(folder.path()))
    .stdout
}

/// What sops makes of an encrypted file.
pub(crate) fn sops_decrypt(path: &Path) -> Run {
    Command::new(peers::program("sops", "sops"))
        .args(["decrypt"])
        .arg(path)
        .env("SOPS_AGE_KEY_FILE", keys().age())
        .output()
        .unwrap()
        .into()
}

/// Seals a Secret manifest with kubeseal for the test's sealing key.
pub(crate) fn kubeseal(secret: &str, flags: &[&str]) -> Vec<u8> {
    let mut command = Command::new(peers::program("kubeseal", "kubeseal"));
    command
        .arg("--cert")
        .arg(keys().sealing_certificate())
        .args(["-o", "yaml"])
        .args(flags);
    let output = feed(command, secret.as_bytes());
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// Opens a SealedSecret with kubeseal and the test's sealing key.
pub(crate) fn kubeseal_open(sealed: &[u8], format: &str) -> Run {
    let mut command = Command::new(peers::program("kubeseal", "kubeseal"));
    command
        .args(["--recovery-unseal", "-o", format, "--recovery-private-key"])
        .arg(keys().sealing_key());
    feed(command, sealed).into()
}

#[track_caller]
fn run(command: &mut Command) -> Run {
    let run: Run = command
        .output()
        .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"))
        .into();
    assert_eq!(run.code, 0, "{command:?}: {}", run.stderr);
    run
}
