//! A marked secret goes through every command and every failure path; it must come out nowhere but where it was asked
//! for, and no path of it may lead to a file, to another process or to a child's arguments.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::support::{Lockstep, Run, keys, kubeseal, lockstep, sops_encrypt};

/// Long, and with letters that occur nowhere else, so that a part of it is as telling as the whole.
const CANARY: &str = "Kanarienvogel-7Qx9ZwVu3Yt5";

/// A folder where every kind of protected file holds the canary.
struct Aviary {
    folder: tempfile::TempDir,
}

impl Aviary {
    fn new() -> Self {
        let aviary = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let manifest = format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n    name: db\nstringData:\n    password: {CANARY}\n    url: pg://u:{CANARY}@db\n"
        );
        aviary.put(
            "secret.yaml",
            &sops_encrypt(
                "secret.yaml",
                &manifest,
                &["--encrypted-regex", "^(data|stringData)$"],
            ),
        );
        aviary.put("secret.json", &sops_encrypt("secret.json", &format!("{{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"metadata\":{{\"name\":\"j\"}},\"stringData\":{{\"p\":\"{CANARY}\"}}}}"), &["--encrypted-regex", "^stringData$"]));
        aviary.put(
            "other/mail.env",
            &sops_encrypt("mail.env", &format!("PASSWORD={CANARY}\n"), &[]),
        );
        aviary.put(
            "other/queue.ini",
            &sops_encrypt("queue.ini", &format!("[q]\npassword = {CANARY}\n"), &[]),
        );
        aviary.put(
            "other/licence.bin",
            &sops_encrypt("licence.bin", CANARY, &[]),
        );
        let sealed = format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: sealed\n  namespace: shop\nstringData:\n  password: {CANARY}\n"
        );
        aviary.put("sealed.yaml", &kubeseal(&sealed, &[]));
        aviary.put(
            "app/kustomization.yaml",
            b"resources: [secret.yaml]\nconfigMapGenerator:\n- {name: c, envs: [mail.env]}\n",
        );
        for name in ["secret.yaml", "mail.env"] {
            let source = if name == "mail.env" {
                "other/mail.env"
            } else {
                name
            };
            let bytes = fs::read(aviary.file(source)).unwrap();
            aviary.put(&format!("app/{name}"), &bytes);
        }
        aviary.put(
            "config.yaml",
            b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n  a: b\n",
        );
        aviary
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.file(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// Every form in which the canary could lie in a text.
fn forms() -> Vec<String> {
    let mut forms = vec![
        CANARY.to_owned(),
        CANARY[3..].to_owned(),
        CANARY.to_uppercase(),
    ];
    forms.push(CANARY.bytes().map(|byte| format!("{byte:02x}")).collect());
    // In base64 a text has three forms, by its place in the stream; the first and last characters depend on the
    // neighbours.
    for padding in 0..3 {
        let encoded = BASE64_STANDARD.encode([vec![b'.'; padding], CANARY.into()].concat());
        forms.push(encoded[4..encoded.len() - 4].to_owned());
    }
    forms
}

#[track_caller]
fn assert_clean(what: &str, text: &str) {
    for form in forms() {
        assert!(
            !text.contains(&form),
            "{what} holds the secret as {form}:\n{text}"
        );
    }
}

/// Runs under strace and looks at what every system call carried. Text in the log is hexadecimal.
#[track_caller]
fn run_clean(name: &str, run: Lockstep, may_print: bool) -> Run {
    let (run, trace) = run.traced();
    assert_clean(name, &run.stderr);
    if !may_print {
        assert_clean(name, &run.text());
    }
    let secrets: Vec<String> = forms()
        .iter()
        .map(|form| form.bytes().map(|byte| format!("\\x{byte:02x}")).collect())
        .collect();
    for line in trace.lines() {
        let carries = secrets.iter().any(|secret| line.contains(secret.as_str()));
        let to_stdout = standard_output(line);
        assert!(
            !carries || (may_print && to_stdout),
            "{name} carries the secret in: {line}"
        );
        assert!(!creates_file(line), "{name} creates a file: {line}");
    }
    run
}

/// Whether the call writes to descriptor 1 or a duplicate of it: nothing else is open for writing but standard error.
fn standard_output(line: &str) -> bool {
    line.contains(" write(") && !line.contains(" write(2,")
}

fn creates_file(line: &str) -> bool {
    let opens = line.contains("open(") || line.contains("openat(") || line.contains("openat2(");
    let for_writing =
        line.contains("O_WRONLY") || line.contains("O_RDWR") || line.contains("O_CREAT");
    // The terminal is no file, and is opened for both when a passphrase is asked for.
    let terminal = "/dev/tty"
        .bytes()
        .map(|byte| format!("\\x{byte:02x}"))
        .collect::<String>();
    (opens && for_writing && !line.contains(&terminal))
        || line.contains("creat(")
        || line.contains("mknod")
        || line.contains("memfd_create(")
        || line.contains("rename")
}

fn with_keys(arguments: &[&str]) -> Lockstep {
    lockstep(arguments).arg("--keys").arg(keys().folder())
}

#[test]
fn commands_that_mask_never_let_the_secret_out() {
    let aviary = Aviary::new();
    for output in ["yaml", "json", "summary"] {
        let run = run_clean(
            "preview",
            with_keys(&["preview", "-o", output]).arg(aviary.path()),
            false,
        )
        .expect(0);
        assert!(run.text().contains("db"), "{}", run.text());
    }
    for output in ["text", "json", "sarif"] {
        run_clean(
            "check",
            with_keys(&["check", "-o", output]).arg(aviary.path()),
            false,
        )
        .expect(0);
    }
    run_clean(
        "build",
        with_keys(&["build"]).arg(aviary.file("app")),
        false,
    )
    .expect(0);
    run_clean(
        "preview of a kustomization",
        with_keys(&["preview"]).arg(aviary.file("app")),
        false,
    )
    .expect(0);
    let stdin = fs::read(aviary.file("secret.yaml")).unwrap();
    run_clean(
        "preview -",
        with_keys(&["preview"]).arg("-").input(&stdin),
        false,
    )
    .expect(0);
    for command in ["completions", "man"] {
        let arguments: &[&str] = if command == "man" {
            &["man"]
        } else {
            &["completions", "bash"]
        };
        run_clean(command, lockstep(arguments), false).expect(0);
    }
}

#[test]
fn commands_that_were_asked_to_print_it_print_it_on_standard_output_only() {
    let aviary = Aviary::new();
    for file in [
        "secret.yaml",
        "secret.json",
        "other/mail.env",
        "other/queue.ini",
        "other/licence.bin",
        "sealed.yaml",
    ] {
        let run = run_clean(file, with_keys(&["decrypt"]).arg(aviary.file(file)), true).expect(0);
        let text = run.text();
        assert!(
            forms().iter().any(|form| text.contains(form)),
            "{file}: {text}"
        );
    }
    let run = run_clean(
        "--show-secrets",
        with_keys(&["preview", "--show-secrets"]).arg(aviary.path()),
        true,
    )
    .expect(0);
    assert!(run.text().contains(CANARY));
}

/// Ways to break an encrypted file after which it must not open.
fn damages(text: &str) -> Vec<(&'static str, String)> {
    let line = |start: &str| {
        text.lines()
            .find(|line| line.trim_start().starts_with(start))
            .unwrap_or_default()
            .to_owned()
    };
    let password = line("password:");
    let url = line("url:");
    vec![
        ("type changed", text.replacen("type:str]", "type:int]", 1)),
        ("type unknown", text.replacen("type:str]", "type:what]", 1)),
        ("type bytes", text.replacen("type:str]", "type:bool]", 1)),
        ("tag flipped", text.replacen(",tag:", ",tag:A", 1)),
        (
            "value removed",
            text.replacen(&format!("{password}\n"), "", 1),
        ),
        (
            "value replaced by an empty one",
            text.replacen(&password, "    password: \"\"", 1),
        ),
        (
            "value replaced by a number",
            text.replacen(&password, "    password: 12", 1),
        ),
        (
            "values swapped",
            text.replacen(&password, "\u{1}", 1)
                .replacen(&url, &password.replacen("password", "url", 1), 1)
                .replacen('\u{1}', &url.replacen("url", "password", 1), 1),
        ),
        (
            "mac removed",
            text.lines()
                .filter(|line| !line.trim_start().starts_with("mac:"))
                .fold(String::new(), |all, line| all + line + "\n"),
        ),
        (
            "date changed",
            text.replacen("lastmodified: \"20", "lastmodified: \"19", 1),
        ),
        ("cut off", text[..text.len() * 2 / 3].to_owned()),
        (
            "stanza broken",
            text.replacen("YWdlLWVuY3J5cHRpb24u", "YWdlLWVuY3J5cHRpb24v", 1),
        ),
        (
            "malformed value",
            text.replacen("ENC[AES256_GCM,data:", "ENC[AES256_GCM,dta:", 1),
        ),
        (
            "clear text changed",
            text.replacen("name: db", "name: bd", 1),
        ),
    ]
}

#[test]
fn failures_never_let_the_secret_out() {
    let aviary = Aviary::new();
    let original = fs::read_to_string(aviary.file("secret.yaml")).unwrap();
    let broken = tempfile::tempdir().unwrap();
    let path = broken.path().join("secret.yaml");
    for (name, text) in damages(&original) {
        assert_ne!(text, original, "{name} changes nothing");
        fs::write(&path, text).unwrap();
        let decrypt = run_clean(name, with_keys(&["decrypt"]).arg(&path), false);
        assert_eq!(decrypt.code, 2, "{name}: {}", decrypt.stderr);
        assert!(decrypt.stdout.is_empty(), "{name}");
        assert!(
            decrypt.stderr.contains("secret.yaml"),
            "{name}: {}",
            decrypt.stderr
        );
        run_clean(name, with_keys(&["preview"]).arg(broken.path()), false).expect(2);
        run_clean(
            name,
            with_keys(&["preview", "--show-secrets"]).arg(broken.path()),
            false,
        )
        .expect(2);
        run_clean(name, with_keys(&["check"]).arg(broken.path()), false).expect(1);
    }
}

#[test]
fn templates_of_sealed_secrets_never_let_the_secret_out() {
    let folder = tempfile::tempdir().unwrap();
    let secret = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  namespace: n\nstringData:\n  a: {CANARY}\n"
    );
    let sealed = String::from_utf8(kubeseal(&secret, &[])).unwrap();
    let path = folder.path().join("sealed.yaml");
    for template in [
        "{{ fail .a }}",
        "{{ atoi .a | div 1 }}",
        "{{ index .a 99 }}",
        "{{ .a.b }}",
        "{{ if hasPrefix \"K\" .a }}{{ fail \"x\" }}{{ end }}",
    ] {
        let text = sealed.replacen(
            "  template:\n",
            &format!("  template:\n    data:\n      t: '{template}'\n"),
            1,
        );
        assert_ne!(text, sealed);
        fs::write(&path, text).unwrap();
        for policy in ["total", "any"] {
            let run = run_clean(
                template,
                with_keys(&["decrypt", "--templates", policy]).arg(&path),
                false,
            );
            assert_eq!(run.code, 2, "{template}: {}", run.stderr);
            run_clean(
                template,
                with_keys(&["preview", "--templates", policy]).arg(folder.path()),
                false,
            )
            .expect(2);
        }
    }
}

#[test]
fn key_files_never_show_in_errors() {
    let folder = tempfile::tempdir().unwrap();
    let aviary = Aviary::new();
    let key = folder.path().join("key.txt");
    for text in [
        format!("AGE-SECRET-KEY-1{}\n", CANARY.to_uppercase()),
        format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            BASE64_STANDARD.encode(CANARY)
        ),
        format!(
            "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{}\n-----END PGP PRIVATE KEY BLOCK-----\n",
            BASE64_STANDARD.encode(CANARY)
        ),
        format!("{CANARY}\n"),
    ] {
        fs::write(&key, text).unwrap();
        run_clean(
            "key file",
            lockstep(["decrypt", "--keys"])
                .arg(&key)
                .arg(aviary.file("secret.yaml")),
            false,
        )
        .expect(2);
        let variable = fs::read_to_string(&key).unwrap();
        run_clean(
            "key variable",
            lockstep(["decrypt"])
                .env("SOPS_AGE_KEY", variable.trim())
                .arg(aviary.file("secret.yaml")),
            false,
        )
        .expect(2);
    }
}

#[test]
fn configurations_that_lead_to_other_files_never_show_what_those_hold() {
    let aviary = Aviary::new();
    let key = aviary.file("key.txt");
    let configuration = aviary.file(".sops.yaml");
    for text in [
        format!("{CANARY}\n"),
        format!("# created today\ncreation_rules: {CANARY}\n"),
        format!("creation_rules: [{{shamir_threshold: {CANARY}}}]\n"),
        format!("{CANARY}: [\n"),
    ] {
        fs::write(&key, text).unwrap();
        let _ = fs::remove_file(&configuration);
        std::os::unix::fs::symlink("key.txt", &configuration).unwrap();
        // Decrypting looks at the layout alone, and may not need what is wrong.
        let decrypt = with_keys(&["decrypt"]).arg(aviary.file("secret.yaml"));
        run_clean("decrypt", decrypt, true);
        let check = with_keys(&["check"]).arg(aviary.path());
        let check = run_clean("check", check, false).expect(2);
        assert!(check.stderr.contains(".sops.yaml:"), "{}", check.stderr);
    }
}
