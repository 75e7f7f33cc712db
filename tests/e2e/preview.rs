//! `lockstep preview`: what would be applied, masked.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::support::{
    Run, checkout, keys, kubeseal, lockstep, sops_encrypt, sops_encrypt_by_rule, sops_encrypt_to,
};

/// A recipient whose key nobody has here.
const OTHER: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n    name: db\nstringData:\n    password: tr0ub4dor-and-3\n";

fn config_map(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  a: b\n")
}

fn put(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn preview(folder: &Path, flags: &[&str]) -> Run {
    lockstep(["preview", "--keys"])
        .arg(keys().folder())
        .args(flags)
        .arg(folder)
        .folder(folder)
        .run()
}

/// The names of the objects, in order.
fn names(run: &Run) -> Vec<String> {
    run.text()
        .lines()
        .filter_map(|line| line.strip_prefix("  name: "))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_example_opens_with_the_example_keys() {
    let run = lockstep([
        "preview",
        "--keys",
        "keys-example",
        "examples/shop/overlays/production",
    ])
    .folder(checkout())
    .run()
    .expect(0);
    let text = run.text();
    assert!(
        text.contains("kind: Secret") && !text.contains("kind: SealedSecret"),
        "{text}"
    );
    assert!(
        text.contains("(sops, MAC verified)") && text.contains("(sealed)"),
        "{text}"
    );
    assert!(!text.contains("ENC["), "{text}");
}

#[test]
fn opened_values_are_masked_by_place_and_by_value() {
    let folder = tempfile::tempdir().unwrap();
    put(
        folder.path(),
        "a.yaml",
        sops_encrypt("a.yaml", SECRET, &["--encrypted-regex", "^stringData$"]),
    );
    // The same value in other places: base64 in another Secret, a part of a text in a ConfigMap.
    let encoded = BASE64_STANDARD.encode("tr0ub4dor-and-3");
    put(
        folder.path(),
        "b.yaml",
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: copy\ndata:\n  password: {encoded}\n---\n{}  url: pg://shop:tr0ub4dor-and-3@db\n  plain: kept\n",
            config_map("c")
        ),
    );
    let run = preview(folder.path(), &[]).expect(0);
    let text = run.text();
    assert!(
        !text.contains("tr0ub4dor") && !text.contains(&encoded),
        "{text}"
    );
    assert!(text.contains("plain: kept"), "{text}");
    let masks: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("password: "))
        .collect();
    assert_eq!(masks.len(), 2, "{text}");
    assert_eq!(masks[0], masks[1], "equal values have equal masks");
    assert!(
        text.contains(&format!("pg://shop:{}@db", masks[0].trim_matches('\''))),
        "{text}"
    );

    let shown = preview(folder.path(), &["--show-secrets"]).expect(0).text();
    assert!(
        shown.contains("tr0ub4dor-and-3") && shown.contains(&encoded),
        "{shown}"
    );
}

#[test]
fn encrypted_places_are_found_in_documents_lists_and_merged_mappings() {
    // Values that are too common to be masked wherever they turn up.
    let text = r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data: {port: "1"}
---
items:
# note
- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}, data: {port: "2"}}
- items:
  - apiVersion: v1
    kind: ConfigMap
    metadata: {name: c}
    base: &base {port: "3"}
    data:
      <<: *base
      kept: "4"
"#;
    let folder = tempfile::tempdir().unwrap();
    put(
        folder.path(),
        "a.yaml",
        sops_encrypt("a.yaml", text, &["--encrypted-regex", "^port$"]),
    );
    let text = preview(folder.path(), &[]).expect(0).text();
    assert_eq!(text.matches("port: <secret ").count(), 4, "{text}");
    assert!(text.contains("kept: \"4\""), "{text}");
}

#[test]
fn masks_differ_between_runs() {
    let folder = tempfile::tempdir().unwrap();
    put(
        folder.path(),
        "a.yaml",
        sops_encrypt("a.yaml", SECRET, &["--encrypted-regex", "^stringData$"]),
    );
    assert_ne!(
        preview(folder.path(), &[]).expect(0).text(),
        preview(folder.path(), &[]).expect(0).text()
    );
}

#[test]
fn plaintext_secrets_of_the_tree_are_masked_too() {
    let folder = tempfile::tempdir().unwrap();
    let applied = r#"'{"data":{"p":"c2Vzc2lvbi1rZXk="}}'"#;
    put(
        folder.path(),
        "a.yaml",
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: {applied}\ndata:\n  p: c2Vzc2lvbi1rZXk=\n  number: 7\n  list: [hidden-a, hidden-b]\nstringData: wrong-but-secret\n"
        ),
    );
    for output in ["yaml", "json"] {
        let text = preview(folder.path(), &["-o", output]).expect(0).text();
        for value in ["c2Vzc2lvbi1rZXk", "hidden-", "wrong-but-secret", ": 7"] {
            assert!(!text.contains(value), "{value} in {text}");
        }
    }
}

#[test]
fn files_are_chosen_as_argo_cd_chooses_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    put(path, "b.yaml", config_map("b"));
    put(path, "a.yml", config_map("a"));
    put(
        path,
        "c.json",
        r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}}"#,
    );
    put(path, "values.yaml", "replicas: 2\n");
    put(
        path,
        "values.enc.yaml",
        sops_encrypt_to(OTHER, "values.yaml", "token: abc\n", &[]).as_slice(),
    );
    put(path, "notes.txt", config_map("text"));
    put(
        path,
        "skip.yaml",
        format!("# +argocd:skip-file-rendering\n{}", config_map("skipped")),
    );
    put(path, "deep/d.yaml", config_map("d"));
    put(path, "deep/other/e.yaml", config_map("e"));
    put(
        path,
        "template.yaml",
        "{{ if .Values.on }}\na: b\n{{ end }}\n",
    );
    let cases: [(&[&str], &[&str]); 6] = [
        (&[], &["a", "b", "c"]),
        (&["--recurse"], &["a", "b", "c", "d", "e"]),
        (&["--recurse", "--include", "*.yaml"], &["b", "d", "e"]),
        (
            &["--recurse", "--include", "{a.yml,deep/*}"],
            &["a", "d", "e"],
        ),
        (&["--recurse", "--exclude", "deep/*"], &["a", "b", "c"]),
        (
            &["-R", "--include", "deep/*", "--exclude", "*/e.yaml"],
            &["d"],
        ),
    ];
    for (flags, expect) in cases {
        let run = preview(path, &[flags, &["-o", "summary"]].concat()).expect(0);
        let found: Vec<String> = run
            .text()
            .lines()
            .skip(1)
            .map(|line| line.split_whitespace().nth(2).unwrap().to_owned())
            .collect();
        assert_eq!(found, expect, "{flags:?}: {}", run.text());
    }
}

#[test]
fn lists_are_expanded_with_the_line_of_each_item() {
    let folder = tempfile::tempdir().unwrap();
    put(
        folder.path(),
        "list.yaml",
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: one\n- apiVersion: v1\n  kind: ConfigMapList\n  items:\n  - metadata:\n      name: two\n---\napiVersion: v1\nitems: null\nkind: ConfigMapList\n---\n# nothing\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: three\n",
    );
    let text = preview(folder.path(), &[]).expect(0).text();
    for (name, line) in [("one", 4), ("two", 11), ("three", 20)] {
        assert!(
            text.contains(&format!("# list.yaml:{line}")),
            "{name}: {text}"
        );
    }
}

#[test]
fn numbers_and_booleans_are_those_that_kubernetes_reads() {
    let folder = tempfile::tempdir().unwrap();
    put(
        folder.path(),
        "a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m\ndata:\n  mode: 0777\n  on: yes\n  big: 123456789012\n  float: 1.50\n  text: \"yes\"\n",
    );
    let text = preview(folder.path(), &["-o", "json"]).expect(0).text();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let data = &value["items"][0]["data"];
    assert_eq!(data["mode"], 511);
    assert_eq!(data["true"], true);
    assert_eq!(data["big"], 123_456_789_012_i64);
    assert_eq!(data["float"], 1.5);
    assert_eq!(data["text"], "yes");
}

#[test]
fn broken_manifests_are_errors_with_file_and_line() {
    let cases = [
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nmetadata: {name: b}\n",
            "a.yaml",
            "a.yaml:5",
        ),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: [\n",
            "a.yaml",
            "a.yaml:5:1",
        ),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n",
            "a.yaml",
            "metadata.name",
        ),
        (
            "apiVersion: v1\nkind: List\nitems:\n- kind: ConfigMap\n  metadata: {name: x}\n",
            "a.yaml",
            "item 0",
        ),
    ];
    for (text, file, part) in cases {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "a.yaml", text);
        let run = preview(folder.path(), &[]).expect(2);
        assert!(
            run.stderr.contains(file) && run.stderr.contains(part),
            "{}",
            run.stderr
        );
        assert!(run.stdout.is_empty());
    }
}

#[test]
fn other_sources_are_named_and_not_guessed_at() {
    for (file, word) in [("Chart.yaml", "Helm"), ("x.jsonnet", "Jsonnet")] {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), file, "a: b\n");
        let run = preview(folder.path(), &[]).expect(2);
        assert!(run.stderr.contains(word), "{}", run.stderr);
    }
}

#[test]
fn links_out_of_the_working_copy_are_refused() {
    let outside = tempfile::tempdir().unwrap();
    put(outside.path(), "token.yaml", config_map("outside"));
    put(outside.path(), "folder/x.yaml", config_map("outside"));
    for (link, target) in [
        ("a.yaml", outside.path().join("token.yaml")),
        (
            "b.yaml",
            Path::new("..")
                .join(outside.path().file_name().unwrap())
                .join("token.yaml"),
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "ok.yaml", config_map("ok"));
        symlink(target, folder.path().join(link)).unwrap();
        let run = preview(folder.path(), &[]).expect(2);
        assert!(run.stderr.contains(link), "{}", run.stderr);
        assert!(run.stdout.is_empty());
    }
}

#[test]
fn links_inside_the_working_copy_are_followed() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    put(folder.path(), "shared/x.yaml", config_map("x"));
    fs::create_dir(folder.path().join("app")).unwrap();
    symlink("../shared/x.yaml", folder.path().join("app/x.yaml")).unwrap();
    assert_eq!(
        names(&preview(&folder.path().join("app"), &[]).expect(0)),
        ["x"]
    );
}

#[test]
fn sealed_secrets_become_secrets_or_stay_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  namespace: n\nstringData:\n  p: tr0ub4dor-and-3\n";
    put(folder.path(), "s.yaml", kubeseal(secret, &[]));
    let opened = preview(folder.path(), &["--show-secrets"]).expect(0).text();
    assert!(
        opened.contains(&BASE64_STANDARD.encode("tr0ub4dor-and-3")),
        "{opened}"
    );
    assert!(!opened.contains("ownerReferences"), "{opened}");
    let kept = preview(folder.path(), &["--keep-sealed"]).expect(0).text();
    assert!(kept.contains("kind: SealedSecret"), "{kept}");
    let without_key = lockstep(["preview", "--keys"])
        .arg(keys().age())
        .arg(folder.path())
        .run()
        .expect(2);
    assert!(
        without_key.stderr.contains("s.yaml") && without_key.stderr.contains("hint:"),
        "{}",
        without_key.stderr
    );
}

#[test]
fn standard_input_is_previewed() {
    let encrypted = sops_encrypt("a.yaml", SECRET, &["--encrypted-regex", "^stringData$"]);
    let run = lockstep(["preview", "--keys"])
        .arg(keys().age())
        .arg("-")
        .input(&encrypted)
        .run()
        .expect(0);
    assert_eq!(names(&run), ["db"]);
}

#[test]
fn a_file_with_only_part_under_its_mac_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    put(
        folder.path(),
        "a.yaml",
        sops_encrypt_by_rule(
            "a.yaml",
            SECRET,
            "encrypted_regex: ^stringData$, mac_only_encrypted: true",
        ),
    );
    let run = preview(folder.path(), &[]).expect(0);
    assert!(
        run.stderr.contains("mac_only_encrypted") && run.stderr.contains("a.yaml"),
        "{}",
        run.stderr
    );
}
