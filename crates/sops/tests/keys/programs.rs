//! The real programs: a folder for their files, and how they are run.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use secret::SecretString;
use sops::Timestamp;
use sops::keys::{KeyRing, Passphrase, PassphraseRequest};
use tempfile::TempDir;

/// Files of one test, with a GnuPG home among them.
pub(crate) struct Workshop {
    folder: TempDir,
}

impl Workshop {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let gnupg = folder.path().join("gnupg");
        fs::create_dir(&gnupg).unwrap();
        // GnuPG complains about a home that others can read.
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        fs::set_permissions(&gnupg, private).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Runs a program in the folder and returns its standard output.
    pub(crate) fn run(&self, program: impl AsRef<Path>, args: &[&str], input: &[u8]) -> Vec<u8> {
        self.run_with(program, args, input, &[])
    }

    pub(crate) fn run_with(
        &self,
        program: impl AsRef<Path>,
        args: &[&str],
        input: &[u8],
        env: &[(&str, &str)],
    ) -> Vec<u8> {
        let program = program.as_ref();
        let peers = peers::program("age", "age");
        let path = format!(
            "{}:{}",
            peers.parent().unwrap().display(),
            std::env::var("PATH").unwrap_or_default()
        );
        let mut child = Command::new(program)
            .args(args)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("PATH", path)
            .env("GNUPGHOME", self.path("gnupg"))
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run {}: {error}", program.display()));
        // A program that fails early does not read its input; its own message is the one to show.
        let _written = child.stdin.take().unwrap().write_all(input);
        let output = child.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{} {args:?}: {}",
            program.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    }

    pub(crate) fn age(&self, args: &[&str], input: &[u8]) -> Vec<u8> {
        self.run(peers::program("age", "age"), args, input)
    }

    /// Makes an identity in the file `name` and returns its recipient.
    pub(crate) fn age_keygen(&self, name: &str, options: &[&str]) -> String {
        let keygen = peers::program("age", "age-keygen");
        self.run(&keygen, &[options, &["-o", name]].concat(), b"");
        let recipient = self.run(&keygen, &["-y", name], b"");
        String::from_utf8(recipient).unwrap().trim().to_owned()
    }

    /// Encrypts `content` as an age file to a passphrase.
    pub(crate) fn lock(
        &self,
        content: &[u8],
        options: &[&str],
        passphrase: &str,
        work: u8,
    ) -> Vec<u8> {
        let work = work.to_string();
        self.run_with(
            peers::program("age", "age"),
            &[&["-e", "-j", "batchpass"], options].concat(),
            content,
            &[
                ("AGE_PASSPHRASE", passphrase),
                ("AGE_PASSPHRASE_WORK_FACTOR", &work),
            ],
        )
    }

    pub(crate) fn ssh_keygen(&self, name: &str, args: &[&str], passphrase: &str) {
        let fixed = [
            "-q",
            "-f",
            name,
            "-N",
            passphrase,
            "-C",
            "someone@somewhere",
        ];
        self.run("ssh-keygen", &[&fixed, args].concat(), b"");
    }

    pub(crate) fn gpg(&self, args: &[&str], input: &[u8]) -> Vec<u8> {
        let fixed = ["--batch", "--yes", "--quiet", "--trust-model", "always"];
        let unattended = ["--pinentry-mode", "loopback", "--passphrase", PASSPHRASE];
        self.run("gpg", &[&fixed[..], &unattended, args].concat(), input)
    }

    /// Makes a key for `user` from the lines of a parameter file and returns its fingerprint.
    pub(crate) fn gpg_key(&self, user: &str, parameters: &str, protected: bool) -> String {
        let protection = if protected {
            format!("Passphrase: {PASSPHRASE}")
        } else {
            "%no-protection".to_owned()
        };
        let script =
            format!("{parameters}\nName-Real: {user}\nExpire-Date: 0\n{protection}\n%commit\n");
        self.gpg(&["--gen-key"], script.as_bytes());
        let listing = self.gpg(&["--with-colons", "--list-secret-keys", user], b"");
        String::from_utf8(listing)
            .unwrap()
            .lines()
            .find_map(|line| line.strip_prefix("fpr:::::::::")?.strip_suffix(':'))
            .unwrap()
            .to_owned()
    }

    /// The `enc` texts of a file that sops encrypts to `options`, in the order of the list `kind`.
    pub(crate) fn sops_wrapped(&self, kind: &str, options: &[&str]) -> Vec<String> {
        self.sops_wrapped_with(kind, options, &[])
    }

    pub(crate) fn sops_wrapped_with(
        &self,
        kind: &str,
        options: &[&str],
        env: &[(&str, &str)],
    ) -> Vec<String> {
        let fixed = ["encrypt", "--input-type", "json", "--output-type", "json"];
        self.write("plain.json", r#"{"a": "b"}"#);
        self.write(".sops.yaml", "{}");
        let encrypted = self.run_with(
            peers::program("sops", "sops"),
            &[&fixed, options, &["plain.json"]].concat(),
            b"",
            env,
        );
        let document: serde_json::Value = serde_json::from_slice(&encrypted).unwrap();
        document["sops"][kind]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| key["enc"].as_str().unwrap().to_owned())
            .collect()
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        // Only the agent of this GnuPG home; there is none where no key was made.
        let _stopped = Command::new("gpgconf")
            .args(["--kill", "gpg-agent"])
            .env("GNUPGHOME", self.path("gnupg"))
            .output();
    }
}

/// The passphrase of every protected key in these tests.
pub(crate) const PASSPHRASE: &str = "open sesame";

/// Knows one passphrase.
pub(crate) struct Knows(pub(crate) &'static str);

impl Passphrase for Knows {
    fn ask(&self, _request: &PassphraseRequest<'_>) -> Option<SecretString> {
        Some(SecretString::copy_of(self.0))
    }
}

/// A ring that knows [`PASSPHRASE`] and holds the keys in `files`.
pub(crate) fn ring(files: &[&[u8]]) -> KeyRing {
    ring_that(Knows(PASSPHRASE), files)
}

pub(crate) fn ring_that(passphrase: impl Passphrase + 'static, files: &[&[u8]]) -> KeyRing {
    let mut ring = KeyRing::new(Box::new(passphrase));
    for file in files {
        let loaded = ring.load("key file", file).unwrap();
        assert!(loaded.usable() > 0, "{loaded:?}");
    }
    ring
}

/// Some moment, for the fields that need one.
pub(crate) fn moment() -> Timestamp {
    Timestamp::parse_rfc3339("2024-01-01T00:00:00Z").unwrap()
}
