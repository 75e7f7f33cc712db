//! `lockstep decrypt` against `sops decrypt` and `kubeseal --recovery-unseal`.

use std::fs;

use super::support::{keys, kubeseal, kubeseal_open, lockstep, sops_decrypt, sops_encrypt};

const YAML: &str = "# for the shop\napiVersion: v1\nkind: Secret\nmetadata:\n    name: db\nstringData:\n    user: shop\n    \
                    password: p4ssw0rd-1234\n    port: 5432\n    ratio: 0.5\n    on: true\n    motd: |\n        hello\n        world\n";

const FILES: [(&str, &str); 5] = [
    ("secret.yaml", YAML),
    (
        "secret.json",
        "{\n\t\"user\": \"shop\",\n\t\"n\": [1, 2.5, true, null, \"x<y\"]\n}\n",
    ),
    (
        "secret.env",
        "# mail\nUSER=shop\nPASSWORD=p4ss=w0rd\nEMPTY=\n",
    ),
    (
        "secret.ini",
        "; queue\n[queue]\nurl = amqp://shop:p4ss@mq\n\n[retry]\ncount = 3\n",
    ),
    ("secret.bin", "any\u{0}bytes\r\nand more"),
];

#[test]
fn every_format_prints_as_sops_prints_it() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in FILES {
        let path = folder.path().join(name);
        fs::write(&path, sops_encrypt(name, text, &[])).unwrap();
        let ours = lockstep(["decrypt", "--keys"])
            .arg(keys().age())
            .arg(&path)
            .run()
            .expect(0);
        let theirs = sops_decrypt(&path);
        assert_eq!(theirs.code, 0, "{}", theirs.stderr);
        assert_eq!(
            String::from_utf8_lossy(&ours.stdout),
            theirs.text(),
            "{name}"
        );
        assert_eq!(ours.stderr, "", "{name}");
    }
}

#[test]
fn keys_come_from_the_variables_of_sops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.env");
    fs::write(&path, sops_encrypt("a.env", "A=1\n", &[])).unwrap();
    let identity = fs::read_to_string(keys().age()).unwrap();
    let command = format!("cat '{}'", keys().age().display());
    let home = folder.path().join("home");
    fs::create_dir_all(home.join(".config/sops/age")).unwrap();
    fs::write(home.join(".config/sops/age/keys.txt"), &identity).unwrap();
    let runs = [
        lockstep(["decrypt"]).env("SOPS_AGE_KEY", &identity),
        lockstep(["decrypt"]).env("SOPS_AGE_KEY_FILE", keys().age()),
        lockstep(["decrypt"]).env("SOPS_AGE_KEY_CMD", &command),
        lockstep(["decrypt"]).env("HOME", &home),
        lockstep(["decrypt"]).env("XDG_CONFIG_HOME", home.join(".config")),
        lockstep(["decrypt"]).env("LOCKSTEP_KEYS", keys().folder()),
    ];
    for run in runs {
        assert_eq!(run.arg(&path).run().expect(0).text(), "A=1\n");
    }
    let refused = lockstep(["decrypt", "--only-given-keys"])
        .env("SOPS_AGE_KEY_FILE", keys().age())
        .arg(&path)
        .run()
        .expect(2);
    assert!(refused.stderr.contains("hint:"), "{}", refused.stderr);
    assert!(refused.stdout.is_empty());
}

#[test]
fn parts_and_other_formats_print_as_sops_prints_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.yaml");
    fs::write(&path, sops_encrypt("secret.yaml", YAML, &[])).unwrap();
    let sops = peers::program("sops", "sops");
    for flags in [
        vec!["--output-type", "json"],
        vec!["--extract", "[\"stringData\"][\"password\"]"],
        vec!["--extract", "[\"stringData\"]"],
        vec!["--extract", "[\"stringData\"][\"port\"]"],
        vec!["--output-type", "json", "--extract", "[\"stringData\"]"],
    ] {
        let theirs = std::process::Command::new(&sops)
            .arg("decrypt")
            .args(&flags)
            .arg(&path)
            .env("SOPS_AGE_KEY_FILE", keys().age())
            .output()
            .unwrap();
        assert!(theirs.status.success(), "{flags:?}");
        let ours = lockstep(["decrypt", "--keys"])
            .arg(keys().age())
            .args(&flags)
            .arg(&path)
            .run()
            .expect(0);
        assert_eq!(
            ours.text(),
            String::from_utf8_lossy(&theirs.stdout),
            "{flags:?}"
        );
    }
}

#[test]
fn standard_input_is_read_by_the_name_or_type_given() {
    let encrypted = sops_encrypt("a.env", "A=1\n", &[]);
    for flags in [["--input-type", "dotenv"], ["--filename-override", "a.env"]] {
        let run = lockstep(["decrypt", "--keys"])
            .arg(keys().age())
            .args(flags)
            .arg("-")
            .input(&encrypted)
            .run()
            .expect(0);
        assert_eq!(run.text(), "A=1\n");
    }
}

#[test]
fn a_sealed_secret_prints_as_kubeseal_prints_it() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n  namespace: shop\n  labels: {app: shop}\n\
                  type: Opaque\nstringData:\n  user: shop\n  password: p4ssw0rd\n";
    let folder = tempfile::tempdir().unwrap();
    for scope in ["strict", "namespace-wide", "cluster-wide"] {
        let sealed = kubeseal(secret, &["--scope", scope]);
        let path = folder.path().join("sealed.yaml");
        fs::write(&path, &sealed).unwrap();
        for format in ["yaml", "json"] {
            let theirs = kubeseal_open(&sealed, format);
            assert_eq!(theirs.code, 0, "{}", theirs.stderr);
            let ours = lockstep(["decrypt", "--output-type", format, "--keys"])
                .arg(keys().folder())
                .arg(&path)
                .run()
                .expect(0);
            assert_eq!(ours.text(), theirs.text(), "{scope} {format}");
        }
    }
}

#[test]
fn a_broken_file_prints_nothing_and_says_where_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.yaml");
    let encrypted = String::from_utf8(sops_encrypt("secret.yaml", YAML, &[])).unwrap();
    let swapped = encrypted
        .replacen("user:", "tmp:", 1)
        .replacen("password:", "user:", 1)
        .replacen("tmp:", "password:", 1);
    let without_mac: String = encrypted
        .lines()
        .filter(|line| !line.starts_with("    mac:"))
        .map(|line| format!("{line}\n"))
        .collect();
    for (text, reason) in [
        (swapped, "secret.yaml:"),
        (without_mac, "MAC"),
        (encrypted[..encrypted.len() / 2].to_owned(), "secret.yaml"),
        (YAML.to_owned(), "sops"),
    ] {
        fs::write(&path, text).unwrap();
        let run = lockstep(["decrypt", "--keys"])
            .arg(keys().age())
            .arg(&path)
            .run()
            .expect(2);
        assert!(run.stdout.is_empty());
        assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
        assert!(run.stderr.contains(reason), "{}", run.stderr);
        assert!(!run.stderr.contains("p4ssw0rd"), "{}", run.stderr);
    }
}

#[test]
fn no_flag_writes_a_plaintext_to_a_file() {
    for flags in [["--output", "x"], ["-i", "x"], ["--in-place", "x"]] {
        lockstep(["decrypt"]).args(flags).run().expect(2);
    }
}
