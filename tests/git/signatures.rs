//! Signatures that `git` makes with GnuPG and OpenSSH, beside what `git verify-commit` and `git verify-tag` say of them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use gix::ObjectId;
use lockstep::git::{SignatureError, Signers, SignersError, VerifiedCommit};
use pgp::composed::{
    ArmorOptions, Deserializable, SignedPublicKey, SignedPublicSubKey, SignedSecretKey,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{KeyFlags, SignatureConfig, SignatureType, Subpacket, SubpacketData};
use pgp::types::{KeyDetails, Password, Timestamp};
use tempfile::TempDir;

/// A repository, a GnuPG home and a folder of keys.
struct Setting {
    folder: TempDir,
}

impl Setting {
    fn new() -> Self {
        let setting = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let home = setting.path("gnupg");
        fs::create_dir(&home).unwrap();
        fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
        fs::create_dir(setting.path("repository")).unwrap();
        setting.git(&["init", "-q", "-b", "main"]);
        setting
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.path("repository"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.folder.path())
            .env("GNUPGHOME", self.path("gnupg"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("TZ", "UTC")
            .envs([
                ("GIT_AUTHOR_NAME", "A"),
                ("GIT_AUTHOR_EMAIL", "a@example.com"),
                ("GIT_COMMITTER_NAME", "C <evil> 1"),
                ("GIT_COMMITTER_EMAIL", "c@example.com"),
            ])
            .stdin(Stdio::null());
        command
    }

    fn git(&self, arguments: &[&str]) -> String {
        succeeds(self.command("git").args(arguments))
    }

    fn gpg(&self, arguments: &[&str]) -> String {
        succeeds(
            self.command("gpg")
                .args([
                    "--batch",
                    "--quiet",
                    "--yes",
                    "--pinentry-mode",
                    "loopback",
                    "--passphrase",
                    "",
                ])
                .args(arguments),
        )
    }

    /// A new OpenPGP key, as its fingerprint.
    fn openpgp_key(&self, user: &str, arguments: &[&str]) -> String {
        let mut all = Vec::from(&arguments[..arguments.len() - 3]);
        all.extend(["--quick-generate-key", user]);
        all.extend(&arguments[arguments.len() - 3..]);
        self.gpg(&all);
        let listed = self.gpg(&["--with-colons", "--list-keys", &format!("={user}")]);
        fingerprints(&listed).remove(0)
    }

    fn export(&self, key: &str) -> String {
        self.gpg(&["--armor", "--export", key])
    }

    fn ssh_key(&self, name: &str, kind: &[&str]) -> String {
        let path = self.path(name);
        succeeds(
            Command::new("ssh-keygen")
                .args(["-q", "-N", "", "-C", name, "-f"])
                .arg(&path)
                .args(kind),
        );
        fs::read_to_string(path.with_extension("pub")).unwrap()
    }

    /// A new commit, signed as `config` says, at `date`.
    fn commit(&self, config: &[&str], date: &str) -> Object {
        let mut git = self.command("git");
        for setting in config {
            git.args(["-c", setting]);
        }
        git.args([
            "commit",
            "-q",
            "--allow-empty",
            "-S",
            "-m",
            "subject\n\nbody",
        ]);
        succeeds(
            git.env("GIT_COMMITTER_DATE", date)
                .env("GIT_AUTHOR_DATE", date),
        );
        self.object("commit", "HEAD")
    }

    fn object(&self, kind: &'static str, name: &str) -> Object {
        let id = self.git(&["rev-parse", name]);
        let raw = self
            .command("git")
            .args(["cat-file", kind, name])
            .output()
            .unwrap();
        assert!(raw.status.success());
        Object {
            kind,
            id: ObjectId::from_hex(id.trim().as_bytes()).unwrap(),
            raw: raw.stdout,
        }
    }

    /// Stores an object as it is, however wrong.
    fn store(&self, kind: &'static str, raw: &[u8]) -> Object {
        let file = self.path("object");
        fs::write(&file, raw).unwrap();
        let id = self.git(&[
            "hash-object",
            "-w",
            "--literally",
            "-t",
            kind,
            file.to_str().unwrap(),
        ]);
        Object {
            kind,
            id: ObjectId::from_hex(id.trim().as_bytes()).unwrap(),
            raw: raw.to_vec(),
        }
    }

    /// What git says, with `allowed` as allowed SSH signers.
    fn git_accepts(&self, object: &Object, allowed: &str) -> bool {
        let file = self.path("allowed_signers");
        fs::write(&file, allowed).unwrap();
        let setting = format!("gpg.ssh.allowedSignersFile={}", file.display());
        let verify = format!("verify-{}", object.kind);
        let output = self
            .command("git")
            .args(["-c", &setting, &verify, &object.id.to_string()])
            .output()
            .unwrap();
        output.status.success()
    }

    /// A program that runs gpg at another time.
    fn gpg_at(&self, time: &str) -> String {
        let path = self.path(&format!("gpg-{time}"));
        fs::write(
            &path,
            format!("#!/bin/sh\nexec gpg --faked-system-time {time} \"$@\"\n"),
        )
        .unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        format!("gpg.program={}", path.display())
    }
}

impl Drop for Setting {
    fn drop(&mut self) {
        // Its agent would outlive the folder.
        let _ = self.command("gpgconf").args(["--kill", "all"]).status();
    }
}

struct Object {
    kind: &'static str,
    id: ObjectId,
    raw: Vec<u8>,
}

impl Object {
    fn text(&self) -> &str {
        str::from_utf8(&self.raw).unwrap()
    }
}

fn succeeds(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    assert!(
        status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&stderr)
    );
    String::from_utf8(stdout).unwrap()
}

fn fingerprints(listed: &str) -> Vec<String> {
    listed
        .lines()
        .filter_map(|line| line.strip_prefix("fpr:"))
        .map(|line| line.trim_matches(':').to_owned())
        .collect()
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

fn verify(signers: &str, object: &Object) -> Result<VerifiedCommit, SignatureError> {
    Signers::parse(signers)
        .unwrap()
        .verify_commit(object.id, &object.raw, now() + 5)
}

fn reason(verified: Result<VerifiedCommit, SignatureError>) -> &'static str {
    match verified {
        Ok(_) => "good",
        Err(error) => error.reason(),
    }
}

/// A commit like `object` with its signature and another tree, author or message.
fn changes(object: &Object) -> Vec<(&'static str, String)> {
    let text = object.text();
    let tree = &text[5..45];
    vec![
        ("message", text.replace("body", "evil")),
        ("message's end", format!("{text}\n")),
        ("author", text.replacen("a@example.com", "b@example.com", 1)),
        ("tree", text.replacen(tree, &"0".repeat(40), 1)),
        (
            "header",
            text.replacen("author ", "extra header\nauthor ", 1),
        ),
    ]
}

#[test]
fn openpgp_signatures_are_judged_as_git_judges_them() {
    let setting = Setting::new();
    let kinds = [
        ("ed <ed@example.com>", "ed25519"),
        ("rsa <rsa@example.com>", "rsa3072"),
        ("nist <nist@example.com>", "nistp256"),
    ];
    for (user, algorithm) in kinds {
        let key = setting.openpgp_key(user, &[algorithm, "sign", "never"]);
        let commit = setting.commit(&[&format!("user.signingKey={key}")], "2024-05-05T00:00:00Z");
        let keys = setting.export(&key);
        let verified = verify(&keys, &commit).unwrap_or_else(|error| panic!("{user}: {error}"));
        assert_eq!(verified.id(), commit.id);
        assert_eq!(verified.signer().key, key);
        assert_eq!(verified.signer().name.as_deref(), Some(user));
        assert!(setting.git_accepts(&commit, ""), "{user}");

        for (what, changed) in changes(&commit) {
            let changed = setting.store("commit", changed.as_bytes());
            assert_eq!(
                reason(verify(&keys, &changed)),
                "signature-wrong",
                "{user}: {what}"
            );
            assert!(!setting.git_accepts(&changed, ""), "{user}: {what}");
        }
    }

    let [one, other] =
        ["one", "other"].map(|user| setting.openpgp_key(user, &["ed25519", "sign", "never"]));
    let commit = setting.commit(&[&format!("user.signingKey={one}")], "2024-05-05T00:00:00Z");
    assert_eq!(
        reason(verify(&setting.export(&other), &commit)),
        "unknown-signer"
    );
    let both = format!("{}{}", setting.export(&other), setting.export(&one));
    assert_eq!(reason(verify(&both, &commit)), "good");
    // A commit of another name, with a signature that is good for its content.
    let stranger = Object {
        id: ObjectId::null(gix::hash::Kind::Sha1),
        ..commit
    };
    assert_eq!(reason(verify(&both, &stranger)), "signature-other-object");
}

#[test]
fn subkeys_sign_only_where_they_are_bound_and_meant_to() {
    let setting = Setting::new();
    let primary = setting.openpgp_key("owner", &["ed25519", "cert", "never"]);
    for usage in [("ed25519", "sign"), ("cv25519", "encr")] {
        setting.gpg(&["--quick-add-key", &primary, usage.0, usage.1, "never"]);
    }
    let listed = fingerprints(&setting.gpg(&["--with-colons", "--list-keys", &primary]));
    let subkey = listed[1].clone();
    let commit = setting.commit(
        &[&format!("user.signingKey={subkey}!")],
        "2024-05-05T00:00:00Z",
    );
    let keys = setting.export(&primary);
    let verified = verify(&keys, &commit).unwrap();
    assert_eq!(verified.signer().key, subkey);
    assert!(setting.git_accepts(&commit, ""));

    // The same key, revoked as a subkey.
    let mut edit = setting.command("gpg");
    edit.args([
        "--command-fd",
        "0",
        "--batch",
        "--pinentry-mode",
        "loopback",
        "--passphrase",
        "",
        "--edit-key",
        &primary,
    ])
    .stdin(Stdio::piped())
    .stdout(Stdio::null())
    .stderr(Stdio::null());
    let mut edit = edit.spawn().unwrap();
    std::io::Write::write_all(
        &mut edit.stdin.take().unwrap(),
        b"key 1\nrevkey\ny\n0\n\ny\nsave\n",
    )
    .unwrap();
    assert!(edit.wait().unwrap().success());
    assert_eq!(
        reason(verify(&setting.export(&primary), &commit)),
        "signer-revoked"
    );
    assert!(!setting.git_accepts(&commit, ""));
}

#[test]
fn a_key_that_adopts_anothers_subkey_does_not_sign_with_it() {
    let setting = Setting::new();
    let victim = setting.openpgp_key("victim", &["ed25519", "cert", "never"]);
    setting.gpg(&["--quick-add-key", &victim, "ed25519", "sign", "never"]);
    let commit = setting.commit(
        &[&format!("user.signingKey={victim}")],
        "2024-05-05T00:00:00Z",
    );
    let (victim, _) = SignedPublicKey::from_string(&setting.export(&victim)).unwrap();
    let thief = setting.openpgp_key("thief", &["ed25519", "sign", "never"]);
    let (mut stolen, _) = SignedPublicKey::from_string(&setting.export(&thief)).unwrap();
    let secret = setting.gpg(&["--armor", "--export-secret-keys", &thief]);
    let (secret, _) = SignedSecretKey::from_string(&secret).unwrap();

    // The thief binds the subkey correctly, but has no signature of the subkey over the thief's key.
    let subkey = victim.public_subkeys[0].key.clone();
    let mut flags = KeyFlags::default();
    flags.set_sign(true);
    let mut binding = SignatureConfig::v4(
        SignatureType::SubkeyBinding,
        secret.primary_key.algorithm(),
        HashAlgorithm::Sha256,
    );
    let created = Timestamp::try_from(SystemTime::now()).unwrap();
    binding.hashed_subpackets = [
        SubpacketData::SignatureCreationTime(created),
        SubpacketData::KeyFlags(flags),
    ]
    .map(|data| Subpacket::regular(data).unwrap())
    .to_vec();
    let binding = binding
        .sign_subkey_binding(
            &secret.primary_key,
            &stolen.primary_key,
            &Password::empty(),
            &subkey,
        )
        .unwrap();
    stolen.public_subkeys = vec![SignedPublicSubKey::new(subkey, vec![binding])];
    let stolen = stolen.to_armored_string(ArmorOptions::default()).unwrap();
    assert_eq!(reason(verify(&stolen, &commit)), "signer-not-for-signing");
}

#[test]
fn revoked_and_expired_keys_are_judged_by_their_time() {
    let setting = Setting::new();
    let revoked = setting.openpgp_key("revoked", &["ed25519", "sign", "never"]);
    let commit = setting.commit(
        &[&format!("user.signingKey={revoked}")],
        "2024-05-05T00:00:00Z",
    );
    assert_eq!(reason(verify(&setting.export(&revoked), &commit)), "good");
    let certificate = setting.path(&format!("gnupg/openpgp-revocs.d/{revoked}.rev"));
    // GnuPG puts a colon before the armor, lest somebody imports it by accident.
    let armored = fs::read_to_string(&certificate)
        .unwrap()
        .replace(":-----BEGIN", "-----BEGIN");
    fs::write(&certificate, armored).unwrap();
    setting.gpg(&["--import", certificate.to_str().unwrap()]);
    assert_eq!(
        reason(verify(&setting.export(&revoked), &commit)),
        "signer-revoked"
    );
    assert!(!setting.git_accepts(&commit, ""));

    // Valid in January 2024, when it was good.
    let expired = setting.openpgp_key(
        "expired",
        &[
            "--faked-system-time",
            "20240101T000000!",
            "ed25519",
            "sign",
            "20240131T000000",
        ],
    );
    let signing = format!("user.signingKey={expired}");
    let within = setting.commit(
        &[&signing, &setting.gpg_at("20240115T000000!")],
        "2024-01-15T00:00:00Z",
    );
    let keys = setting.export(&expired);
    assert_eq!(reason(verify(&keys, &within)), "signer-expired");
    assert!(!setting.git_accepts(&within, ""));
    let then = |time| {
        let signers = Signers::parse(&keys).unwrap();
        reason(signers.verify_commit(within.id, &within.raw, time))
    };
    assert_eq!(then(1_705_500_000), "good");

    // Before the signature was made.
    assert_eq!(then(1_705_000_000), "signature-future");

    // With the expiry taken back the key signs on; whoever has its old form refuses what came after.
    setting.gpg(&["--quick-set-expire", &expired, "never"]);
    let after = setting.commit(&[&signing], "2024-05-05T00:00:00Z");
    assert_eq!(reason(verify(&keys, &after)), "signer-outside-validity");
    assert_eq!(reason(verify(&setting.export(&expired), &after)), "good");
}

#[test]
fn weak_and_misplaced_openpgp_signatures_are_refused() {
    let setting = Setting::new();
    let key = setting.openpgp_key("weak", &["rsa2048", "sign", "never"]);
    let keys = setting.export(&key);
    let signed_with = |name: &str, options: &str| {
        let program = setting.path(name);
        fs::write(&program, format!("#!/bin/sh\nexec gpg {options} \"$@\"\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        setting.commit(
            &[
                &format!("user.signingKey={key}"),
                &format!("gpg.program={}", program.display()),
            ],
            "2024-05-05T00:00:00Z",
        )
    };
    let cases = [
        ("sha1", "--digest-algo SHA1", "signature-weak"),
        ("sha512", "--digest-algo SHA512", "good"),
        ("text", "--textmode", "signature-purpose"),
        (
            "expiring",
            "--faked-system-time 20240101T000000! --default-sig-expire 1d",
            "signature-expired",
        ),
    ];
    for (name, options, expected) in cases {
        let made = if name == "expiring" {
            let old = setting.openpgp_key(
                "old",
                &[
                    "--faked-system-time",
                    "20231231T000000!",
                    "ed25519",
                    "sign",
                    "never",
                ],
            );
            let program = setting.gpg_at("20240101T000000!");
            let file = setting.path("gpg-20240101T000000!");
            let script = fs::read_to_string(&file)
                .unwrap()
                .replace("exec gpg", "exec gpg --default-sig-expire 1d");
            fs::write(&file, script).unwrap();
            let commit = setting.commit(
                &[&format!("user.signingKey={old}"), &program],
                "2024-01-01T00:00:00Z",
            );
            assert_eq!(reason(verify(&setting.export(&old), &commit)), expected);
            assert!(!setting.git_accepts(&commit, ""), "{name}");
            continue;
        } else {
            signed_with(name, options)
        };
        assert_eq!(reason(verify(&keys, &made)), expected, "{name}");
    }
}

#[test]
fn ssh_signatures_are_judged_as_git_judges_them() {
    let setting = Setting::new();
    let kinds: &[(&str, &[&str])] = &[
        ("ed25519", &["-t", "ed25519"]),
        ("ecdsa256", &["-t", "ecdsa", "-b", "256"]),
        ("ecdsa384", &["-t", "ecdsa", "-b", "384"]),
        ("ecdsa521", &["-t", "ecdsa", "-b", "521"]),
        ("rsa", &["-t", "rsa", "-b", "2048"]),
    ];
    for (name, kind) in kinds {
        let public = setting.ssh_key(name, kind);
        let file = setting.path(name);
        let config = [
            "gpg.format=ssh".to_owned(),
            format!("user.signingKey={}", file.display()),
        ];
        let commit = setting.commit(&[&config[0], &config[1]], "2024-05-05T00:00:00Z");
        let plain = verify(&public, &commit).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(plain.signer().name.as_deref(), Some(*name));
        let shown = succeeds(
            Command::new("ssh-keygen")
                .args(["-l", "-f"])
                .arg(file.with_extension("pub")),
        );
        assert_eq!(
            shown.split(' ').nth(1),
            Some(plain.signer().key.as_str()),
            "{name}"
        );

        for (what, changed) in changes(&commit) {
            let changed = setting.store("commit", changed.as_bytes());
            assert_eq!(
                reason(verify(&public, &changed)),
                "signature-wrong",
                "{name}: {what}"
            );
            assert!(
                !setting.git_accepts(&changed, &format!("a@example.com {public}")),
                "{name}: {what}"
            );
        }
    }

    let public = fs::read_to_string(setting.path("ed25519.pub")).unwrap();
    let other = fs::read_to_string(setting.path("rsa.pub")).unwrap();
    let key = format!("user.signingKey={}", setting.path("ed25519").display());
    let commit = setting.commit(&["gpg.format=ssh", &key], "2024-05-05T00:00:00Z");
    let cases = [
        (format!("a@example.com {public}"), "good"),
        (format!("*@example.com,b {public}"), "good"),
        (format!("a namespaces=\"git\" {public}"), "good"),
        (format!("a namespaces=\"file,gi?\" {public}"), "good"),
        (
            format!("a namespaces=\"file\" {public}"),
            "signer-not-for-signing",
        ),
        (
            format!("a namespaces=\"*,!git\" {public}"),
            "signer-not-for-signing",
        ),
        (
            format!("a valid-after=\"20240101Z\",valid-before=\"20250101Z\" {public}"),
            "good",
        ),
        (
            format!("a valid-before=\"20240101\" {public}"),
            "signer-outside-validity",
        ),
        (
            format!("a valid-after=\"202405050001\" {public}"),
            "signer-outside-validity",
        ),
        (format!("a valid-after=\"20240505000000\" {public}"), "good"),
        (
            format!("a namespaces=\"git\",valid-before=\"20240101\" {public}\nb {public}"),
            "good",
        ),
        (format!("a {other}"), "unknown-signer"),
    ];
    for (allowed, expected) in cases {
        assert_eq!(reason(verify(&allowed, &commit)), expected, "{allowed}");
        assert_eq!(
            setting.git_accepts(&commit, &allowed),
            expected == "good",
            "{allowed}"
        );
    }

    // A signature by the right key, of the right bytes, for something else.
    let payload = unsigned(&commit);
    let file = setting.path("payload");
    fs::write(&file, &payload).unwrap();
    for (namespace, expected) in [("git", "good"), ("file", "signature-purpose")] {
        let _ = fs::remove_file(file.with_extension("sig"));
        succeeds(
            Command::new("ssh-keygen")
                .args(["-Y", "sign", "-n", namespace, "-f"])
                .arg(setting.path("ed25519"))
                .arg(&file),
        );
        let signature = fs::read_to_string(setting.path("payload.sig")).unwrap();
        let signed = setting.store(
            "commit",
            with_header(&payload, "gpgsig", &signature).as_bytes(),
        );
        assert_eq!(reason(verify(&public, &signed)), expected, "{namespace}");
        assert_eq!(
            setting.git_accepts(&signed, &format!("a {public}")),
            expected == "good",
            "{namespace}"
        );
    }
}

/// The commit without its signature.
fn unsigned(commit: &Object) -> String {
    let text = commit.text();
    let start = text.find("gpgsig ").unwrap();
    let end = start + text[start..].find("-----END").unwrap();
    let end = end + text[end..].find('\n').unwrap() + 1;
    // GnuPG ends its armor with an empty line, which is a line with a blank here.
    let rest = text[end..]
        .strip_prefix(" \n")
        .unwrap_or_else(|| &text[end..]);
    format!("{}{rest}", &text[..start])
}

fn header(name: &str, value: &str) -> String {
    format!("{name} {}\n", value.trim_end().replace('\n', "\n "))
}

/// The commit with one more header, before its message.
fn with_header(commit: &str, name: &str, value: &str) -> String {
    commit.replacen("\n\n", &format!("\n{}\n", header(name, value)), 1)
}

fn signature_of(commit: &Object) -> String {
    let text = commit.text();
    let start = text.find("gpgsig ").unwrap() + "gpgsig ".len();
    let end = start + text[start..].find("-----END").unwrap();
    let end = end + text[end..].find('\n').unwrap();
    text[start..end].replace("\n ", "\n")
}

#[test]
fn a_signature_stands_in_one_place_only() {
    let setting = Setting::new();
    let public = setting.ssh_key("key", &["-t", "ed25519"]);
    let config = format!("user.signingKey={}", setting.path("key").display());
    let commit = setting.commit(&["gpg.format=ssh", &config], "2024-05-05T00:00:00Z");
    let payload = unsigned(&commit);
    let signature = signature_of(&commit);
    let signed = with_header(&payload, "gpgsig", &signature);
    assert_eq!(signed.as_bytes(), commit.raw);

    let in_message = format!("{payload}\n{}", header("gpgsig", &signature));
    let mergetag = format!(
        "object {0}\ntype commit\ntag x\ntagger A <a@example.com> 0 +0000\n\nm\n{signature}",
        commit.id
    );
    let twin = with_header(&signed, "gpgsig-sha256", &signature);
    let first = format!("{}{payload}", header("gpgsig", &signature));
    let cases = [
        ("no signature", payload.clone(), "unsigned"),
        ("in the message", in_message, "unsigned"),
        (
            "in a merged tag",
            with_header(&payload, "mergetag", &mergetag),
            "unsigned",
        ),
        (
            "in the twin's header",
            with_header(&payload, "gpgsig-sha256", &signature),
            "unsigned",
        ),
        (
            "a merged tag besides",
            with_header(&signed, "mergetag", &mergetag),
            "signature-wrong",
        ),
        ("the twin's besides", twin, "good"),
        (
            "two headers",
            with_header(&signed, "gpgsig", &signature),
            "several-signatures",
        ),
        (
            "two in one header",
            with_header(&payload, "gpgsig", &format!("{signature}\n{signature}")),
            "several-signatures",
        ),
        (
            "an unknown kind of header",
            with_header(&signed, "gpgsig-evil", "x"),
            "signature-malformed",
        ),
        ("before the tree", first, "signature-malformed"),
        (
            "something before it",
            with_header(&payload, "gpgsig", &format!("x\n{signature}")),
            "signature-kind",
        ),
        (
            "something behind it",
            with_header(&payload, "gpgsig", &format!("{signature}\nx")),
            "signature-malformed",
        ),
        (
            "cut off",
            with_header(&payload, "gpgsig", &signature[..signature.len() - 40]),
            "signature-malformed",
        ),
        (
            "an X.509 signature",
            with_header(&payload, "gpgsig", "-----BEGIN SIGNED MESSAGE-----\nx"),
            "signature-kind",
        ),
        (
            "empty",
            with_header(&payload, "gpgsig", ""),
            "signature-kind",
        ),
        (
            "no base64",
            with_header(
                &payload,
                "gpgsig",
                "-----BEGIN SSH SIGNATURE-----\n?\n-----END SSH SIGNATURE-----",
            ),
            "signature-malformed",
        ),
        (
            "no OpenPGP",
            with_header(
                &payload,
                "gpgsig",
                "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----",
            ),
            "signature-malformed",
        ),
    ];
    for (what, raw, expected) in cases {
        let object = setting.store("commit", raw.as_bytes());
        assert_eq!(reason(verify(&public, &object)), expected, "{what}");
        let accepted = setting.git_accepts(&object, &format!("a {public}"));
        // What we accept git accepts; it also accepts more.
        assert!(accepted || expected != "good", "{what}");
    }
}

#[test]
fn tags_vouch_for_the_commit_they_name_under_their_own_name() {
    let setting = Setting::new();
    let key = setting.openpgp_key("tagger", &["ed25519", "sign", "never"]);
    let public = setting.ssh_key("key", &["-t", "ed25519"]);
    setting.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
    let head = setting.git(&["rev-parse", "HEAD"]).trim().to_owned();
    let ssh = format!("user.signingKey={}", setting.path("key").display());
    let keys = format!("{}\n{public}", setting.export(&key));
    let signers = Signers::parse(&keys).unwrap();
    let kinds = [
        ("v1", vec![format!("user.signingKey={key}")]),
        ("v2", vec!["gpg.format=ssh".to_owned(), ssh]),
    ];
    for (name, config) in kinds {
        let mut git = setting.command("git");
        for setting in &config {
            git.args(["-c", setting]);
        }
        succeeds(git.args(["tag", "-s", "-m", "release", name]));
        let tag = setting.object("tag", name);
        let verified = signers
            .verify_tag(tag.id, name, &tag.raw, now() + 5)
            .unwrap();
        assert_eq!(verified.name(), name);
        assert_eq!(verified.commit().unwrap().id().to_string(), head);
        assert!(setting.git_accepts(&tag, &format!("a {public}")), "{name}");

        let moved = signers.verify_tag(tag.id, "v9", &tag.raw, now() + 5);
        assert_eq!(moved.unwrap_err().reason(), "signature-other-name");
        let text = tag.text();
        let begin = text.find("-----BEGIN").unwrap();
        let cases = [
            (text.replace("release", "rel"), "signature-wrong"),
            (text.replacen(&head, &"0".repeat(40), 1), "signature-wrong"),
            (text[..begin].to_owned(), "unsigned"),
            (format!("{text}{}", &text[begin..]), "several-signatures"),
            (format!("{text}more\n"), "signature-malformed"),
        ];
        for (changed, expected) in cases {
            let changed = setting.store("tag", changed.as_bytes());
            let outcome = signers.verify_tag(changed.id, name, &changed.raw, now() + 5);
            assert_eq!(outcome.unwrap_err().reason(), expected, "{name}");
            // GnuPG overlooks what stands behind its armor.
            assert!(
                expected == "signature-malformed"
                    || !setting.git_accepts(&changed, &format!("a {public}")),
                "{name} {expected}"
            );
        }
    }
}

#[test]
fn lists_of_signers_are_read_whole_or_not_at_all() {
    let setting = Setting::new();
    let key = setting.openpgp_key("one", &["ed25519", "sign", "never"]);
    let public = setting.ssh_key("key", &["-t", "ed25519"]);
    let armored = setting.export(&key);
    let secret = setting.gpg(&["--armor", "--export-secret-keys", &key]);
    let private = fs::read_to_string(setting.path("key")).unwrap();
    let cut = &armored[..armored.len() / 2];
    let cases: &[(&str, &str)] = &[
        ("", "signers-empty"),
        ("# nothing\n\n", "signers-empty"),
        (&secret, "signers-private-key"),
        (&private, "signers-private-key"),
        (cut, "signers-openpgp"),
        ("ssh-ed25519", "signers-ssh"),
        ("ssh-ed25519 ???", "signers-ssh"),
        ("ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIA", "signers-ssh"),
        ("ssh-dss AAAA", "signers-ssh"),
        (
            "a cert-authority ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA",
            "signers-ssh",
        ),
        (
            "a valid-after=\"soon\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA",
            "signers-ssh",
        ),
        (
            "a namespaces=\"git ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA",
            "signers-ssh",
        ),
        ("hello world", "signers-ssh"),
    ];
    for (text, expected) in cases {
        let error = Signers::parse(text).unwrap_err();
        assert_eq!(error.reason(), *expected, "{text}");
    }
    assert!(Signers::parse(&format!("# both\n{armored}\n\n{public}\na {public}")).is_ok());
    let second = format!("{public}\n{cut}");
    assert_eq!(
        Signers::parse(&second).unwrap_err(),
        SignersError::OpenPgp { line: 3 }
    );
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_an_error_and_never_a_panic(
        raw in "tree [0-9a-f]{40}\n(gpgsig|gpgsig-sha256|author|x)?( -----BEGIN (PGP|SSH) SIGNATURE-----)?(\n |\n|[A-Za-z0-9+/=]){0,80}(-----END (PGP|SSH) SIGNATURE-----)?\n{0,2}",
    ) {
        let signers = Signers::parse("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
        let id = gix::objs::compute_hash(gix::hash::Kind::Sha1, gix::objs::Kind::Commit, raw.as_bytes()).unwrap();
        proptest::prop_assert!(signers.verify_commit(id, raw.as_bytes(), 0).is_err());
        let tag = gix::objs::compute_hash(gix::hash::Kind::Sha1, gix::objs::Kind::Tag, raw.as_bytes()).unwrap();
        proptest::prop_assert!(signers.verify_tag(tag, "x", raw.as_bytes(), 0).is_err());
    }
}
