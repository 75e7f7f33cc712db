//! `lockstep check`: each rule finds what it is for and nothing else.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use serde_json::Value;

use super::support::{Run, checkout, keys, kubeseal, lockstep, sops_encrypt, sops_encrypt_by_rule};

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n    name: db\n    namespace: shop\nstringData:\n    password: tr0ub4dor\n";

fn put(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn check(folder: &Path, flags: &[&str]) -> Run {
    lockstep(["check", "--keys"])
        .arg(keys().folder())
        .args(flags)
        .arg(folder)
        .run()
}

/// Rule, line and key path of each finding.
fn findings(run: &Run) -> Vec<(String, String, Option<u64>, Option<String>)> {
    let report: Value = serde_json::from_slice(&run.stdout).unwrap();
    report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            (
                finding["path"].as_str().unwrap().to_owned(),
                finding["rule"].as_str().unwrap().to_owned(),
                finding["line"].as_u64(),
                finding["keyPath"].as_str().map(str::to_owned),
            )
        })
        .collect()
}

#[track_caller]
fn finds(name: &str, text: impl AsRef<[u8]>, expect: &[(&str, u64)]) {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), name, text);
    let run = check(folder.path(), &["-o", "json"]);
    let found: Vec<(String, u64)> = findings(&run)
        .into_iter()
        .map(|(_, rule, line, _)| (rule, line.unwrap_or(0)))
        .collect();
    let expect: Vec<(String, u64)> = expect
        .iter()
        .map(|(rule, line)| ((*rule).to_owned(), *line))
        .collect();
    assert_eq!(found, expect, "{}{}", run.text(), run.stderr);
    let failing = expect
        .iter()
        .any(|(rule, _)| rule != "credential-in-values" && rule != "not-opened");
    assert_eq!(run.code, i32::from(failing), "{}", run.text());
}

#[test]
fn plaintext_secrets_are_found_wherever_they_stand() {
    finds("a.yaml", SECRET, &[("plaintext-secret", 7)]);
    finds(
        "a.json",
        r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"x"},"data":{"a":"Yg=="}}"#,
        &[("plaintext-secret", 1)],
    );
    finds(
        "a.yaml",
        format!(
            "apiVersion: v1\nkind: List\nitems:\n- {}",
            SECRET.replace('\n', "\n  ")
        ),
        &[("plaintext-secret", 10)],
    );
    finds(
        "a.yaml",
        format!("kind: ConfigMap\n---\n{SECRET}"),
        &[("plaintext-secret", 9)],
    );
}

#[test]
fn secrets_without_values_and_placeholders_are_not_findings() {
    for data in [
        "",
        "data: {}\n",
        "data:\n  a: \"\"\n",
        "stringData:\n  a: <path:kv/data/db#password>\n",
        "stringData:\n  a: ref+vault://kv/db#/p\n",
        "stringData:\n  a: ${PASSWORD}\n",
    ] {
        finds(
            "a.yaml",
            format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n{data}"),
            &[],
        );
    }
    finds(
        "a.yaml",
        "apiVersion: v1\nkind: Secret\nstringData:\n  a: {{ .Values.password }}\n  b: {{ x }\n",
        &[],
    );
    finds(
        "a.yaml",
        "kind: SecretStore\napiVersion: x/v1\ndata: {a: b}\n",
        &[],
    );
}

#[test]
fn encrypted_files_that_open_are_not_findings() {
    finds(
        "a.yaml",
        sops_encrypt("a.yaml", SECRET, &["--encrypted-regex", "^stringData$"]),
        &[],
    );
    finds("a.env", sops_encrypt("a.env", "A=1\n", &[]), &[]);
    finds("a.enc.bin", sops_encrypt("a.bin", "A=1\n", &[]), &[]);
    finds("a.yaml", kubeseal(SECRET, &[]), &[]);
}

#[test]
fn broken_encrypted_files_are_found() {
    let text = String::from_utf8(sops_encrypt(
        "a.yaml",
        SECRET,
        &["--encrypted-regex", "^stringData$"],
    ))
    .unwrap();
    let without_mac: String = text
        .lines()
        .filter(|line| !line.starts_with("    mac:"))
        .map(|line| format!("{line}\n"))
        .collect();
    finds("a.yaml", without_mac, &[("mac-missing", 0)]);
    finds(
        "a.yaml",
        text.replace("name: db", "name: bd"),
        &[("mac-mismatch", 0)],
    );
    finds(
        "a.yaml",
        text.replacen(",tag:", ",tag:AA", 1),
        &[("damaged", 7)],
    );
    let block = text.find("sops:").unwrap();
    finds("a.yaml", &text[..block], &[("damaged", 7)]);
    finds(
        "a.yaml",
        sops_encrypt_by_rule(
            "a.yaml",
            SECRET,
            "encrypted_regex: ^stringData$, mac_only_encrypted: true",
        ),
        &[("mac-only-encrypted", 0)],
    );
}

#[test]
fn a_secret_that_is_encrypted_in_part_is_found() {
    let secret = format!("{SECRET}    user: shop\n");
    finds(
        "a.yaml",
        sops_encrypt("a.yaml", &secret, &["--encrypted-regex", "^password$"]),
        &[("plaintext-secret", 8)],
    );
}

#[test]
fn files_named_as_encrypted_that_are_not_are_found() {
    finds("db.enc.yaml", "a: b\n", &[("not-encrypted", 0)]);
    finds("mail.sops.env", "A=1\n", &[("not-encrypted", 0)]);
    finds("licence.enc", "bytes", &[("not-encrypted", 0)]);
    finds("encoder.yaml", "a: b\n", &[]);
}

#[test]
fn sealed_secrets_that_no_key_opens_are_found() {
    let moved = String::from_utf8(kubeseal(SECRET, &[]))
        .unwrap()
        .replace("namespace: shop", "namespace: other");
    finds("a.yaml", moved, &[("no-key", 9)]);
}

#[test]
fn the_demands_of_the_configuration_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let other = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    put(
        path,
        ".sops.yaml",
        format!(
            "creation_rules:\n  - path_regex: ^both/\n    age: {},{other}\n  - path_regex: ^mine/\n    age: {}\n",
            keys().age_recipient,
            keys().age_recipient
        ),
    );
    let encrypted = sops_encrypt("a.env", "A=1\n", &[]);
    put(path, "both/a.env", &encrypted);
    put(path, "mine/a.env", &encrypted);
    put(path, "mine/b.env", "A=1\n");
    put(path, "other/b.env", "A=1\n");
    let run = check(path, &["-o", "json"]).expect(1);
    let found: Vec<(String, String)> = findings(&run)
        .into_iter()
        .map(|(path, rule, ..)| (path, rule))
        .collect();
    let expect = [
        ("both/a.env", "recipients-differ"),
        ("mine/b.env", "not-encrypted"),
    ];
    assert_eq!(
        found,
        expect.map(|(path, rule)| (path.to_owned(), rule.to_owned())),
        "{}",
        run.text()
    );
    assert!(run.text().contains(other), "{}", run.text());
}

#[test]
fn unknown_vault_servers_are_found_and_known_ones_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let text = String::from_utf8(sops_encrypt("a.env", "A=1\n", &[])).unwrap();
    let with_vault = format!(
        "{text}sops_hc_vault__list_0__map_vault_address=https://vault.example.com\nsops_hc_vault__list_0__map_engine_path=transit\nsops_hc_vault__list_0__map_key_name=k\nsops_hc_vault__list_0__map_created_at=2026-01-01T00:00:00Z\nsops_hc_vault__list_0__map_enc=vault:v1:AAAA\n"
    );
    put(folder.path(), "a.env", with_vault);
    let run = check(folder.path(), &["-o", "json"]).expect(1);
    assert_eq!(
        findings(&run)[0].1,
        "unknown-vault-address",
        "{}",
        run.text()
    );
    check(
        folder.path(),
        &["--vault-addresses", "https://vault.example.com"],
    )
    .expect(0);
    check(folder.path(), &["--vault-addresses", "all"]).expect(0);
    check(
        folder.path(),
        &[
            "--vault-addresses",
            "https://vault.example.com.evil.example",
        ],
    )
    .expect(1);
}

#[test]
fn credentials_in_values_are_notes_and_private_keys_errors() {
    finds(
        "values.yaml",
        "db:\n  password: tr0ub4dor\n  existingSecret: x\n  passwordFile: /x\n  token: \"\"\n",
        &[("credential-in-values", 2)],
    );
    let identity = fs::read_to_string(keys().age()).unwrap();
    finds("keys.txt", &identity, &[("private-key", 3)]);
    finds(
        "id",
        fs::read_to_string(keys().sealing_key()).unwrap(),
        &[("private-key", 1)],
    );
}

#[test]
fn without_keys_nothing_is_opened_and_nothing_fails() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "a.env", sops_encrypt("a.env", "A=1\n", &[]));
    put(folder.path(), "b.yaml", kubeseal(SECRET, &[]));
    let run = lockstep(["check", "-o", "json"])
        .arg(folder.path())
        .run()
        .expect(0);
    let rules: Vec<String> = findings(&run)
        .into_iter()
        .map(|(_, rule, ..)| rule)
        .collect();
    assert_eq!(rules, ["not-opened", "not-opened"]);
    lockstep(["check", "--fail-on", "note"])
        .arg(folder.path())
        .run()
        .expect(1);
}

#[test]
fn what_git_ignores_is_left_out_unless_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    assert!(
        Command::new("git")
            .args(["init", "-q"])
            .arg(path)
            .status()
            .unwrap()
            .success()
    );
    put(path, ".gitignore", "local/\n");
    put(path, "local/a.yaml", SECRET);
    put(path, ".hidden/b.yaml", SECRET);
    let run = check(path, &["-o", "json"]).expect(1);
    assert_eq!(findings(&run).len(), 1);
    assert_eq!(
        findings(&check(path, &["-o", "json", "--no-ignore"]).expect(1)).len(),
        2
    );
    check(&path.join("local/a.yaml"), &[]).expect(1);
    check(path, &["--allow", "plaintext-secret"]).expect(0);
}

#[test]
fn sarif_names_rules_files_and_lines() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "a.yaml", SECRET);
    let run = check(folder.path(), &["-o", "sarif"]).expect(1);
    let log: Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "plaintext-secret");
    assert_eq!(
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "a.yaml"
    );
    assert_eq!(
        result["locations"][0]["physicalLocation"]["region"]["startLine"],
        7
    );
}

#[test]
fn the_examples_have_no_findings() {
    let run = lockstep(["check", "--keys", "keys-example", "examples"])
        .folder(checkout())
        .run()
        .expect(0);
    assert!(
        run.text().contains("0 errors, 0 warnings"),
        "{}",
        run.text()
    );
}

/// The bound is for an unoptimised build on a loaded machine: the release build has to take less than two seconds,
/// which `benches/compare` measures.
#[test]
fn ten_thousand_files_are_checked_in_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        image: nginx\n        envFrom:\n        - secretRef: {name: db}\n";
    for index in 0..10_000 {
        put(
            folder.path(),
            &format!("{}/{index}.yaml", index % 100),
            manifest,
        );
    }
    let start = Instant::now();
    check(folder.path(), &[]).expect(0);
    assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
}
