//! Side by side with the real kubeseal.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::fmt::Write as _;
use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealed::{Format, KubernetesSecret, Scope, SealedSecret};

use support::corpus::{generated, value};
use support::{Chance, cases, kubeseal, open, pairs, recovered};

#[test]
fn generated_objects_open_to_the_bytes_that_kubeseal_prints() {
    let key = &pairs()[0].key_file;
    for seed in 0..cases(40) {
        let (sealed, _) = generated(&mut Chance(seed));
        let shown = String::from_utf8_lossy(&sealed);
        let opened = open(&sealed).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{shown}"));
        for (name, format) in [("json", Format::Json), ("yaml", Format::Yaml)] {
            let expected = recovered(key, name, &sealed)
                .unwrap_or_else(|| panic!("seed {seed}: kubeseal refuses\n{shown}"));
            assert_eq!(
                opened.print(format).expose(),
                expected,
                "seed {seed}\n{shown}"
            );
        }
    }
}

#[test]
fn documents_changed_by_chance_open_as_in_kubeseal_or_not_at_all() {
    let key = &pairs()[0].key_file;
    let mut accepted = 0;
    for seed in 0..cases(40) {
        let mut chance = Chance(5000 + seed);
        let (sealed, _) = generated(&mut chance);
        let sealed = goyaml::emit::kubernetes(&goyaml::json::parse(&sealed).unwrap());
        let mut lines: Vec<String> = sealed.lines().map(str::to_owned).collect();
        let at = chance.below(lines.len());
        match chance.below(7) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, lines[at].clone()),
            2 => lines[at].insert(0, ' '),
            3 => lines[at] = lines[at].trim_start().to_owned(),
            4 => {
                let other = chance.below(lines.len());
                lines.swap(at, other);
            }
            5 => lines[at].push_str(chance.pick(&[" ", " # note", ":", " x", "'", "\t", "="])),
            _ => lines[at] = lines[at].replace(chance.pick(&['"', '\'', ':', ' ', '-']), ""),
        }
        let changed = lines.join("\n") + "\n";
        let Ok(opened) = open(changed.as_bytes()) else {
            continue;
        };
        accepted += 1;
        for (name, format) in [("json", Format::Json), ("yaml", Format::Yaml)] {
            let expected = recovered(key, name, changed.as_bytes());
            let expected =
                expected.unwrap_or_else(|| panic!("seed {seed}: kubeseal refuses\n{changed}"));
            assert_eq!(
                opened.print(format).expose(),
                expected,
                "seed {seed}\n{changed}"
            );
        }
    }
    assert!(accepted > 0);
}

#[test]
fn what_kubeseal_seals_opens_to_what_went_in() {
    let pair = &pairs()[0];
    let certificate = pair.certificate_file.to_str().unwrap();
    for (seed, (scope, format)) in (0..).zip([
        ("strict", "yaml"),
        ("strict", "json"),
        ("namespace-wide", "yaml"),
        ("namespace-wide", "json"),
        ("cluster-wide", "yaml"),
        ("cluster-wide", "json"),
    ]) {
        let mut chance = Chance(1000 + seed);
        let mut plain = String::from(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n  namespace: ns\n  uid: x\n",
        );
        plain.push_str("  labels: {l: 'yes'}\n  ownerReferences: [{apiVersion: v1, kind: Pod, name: p, uid: u}]\n");
        plain.push_str(
            "  annotations: {kubectl.kubernetes.io/last-applied-configuration: '{}', keep: me}\n",
        );
        plain.push_str("type: Opaque\nimmutable: true\ndata:\n");
        let mut values = Vec::new();
        for index in 0..5 {
            let value = value(&mut chance);
            let _ = writeln!(plain, "  key{index}: {:?}", STANDARD.encode(&value));
            values.push((format!("key{index}"), value));
        }
        let output = kubeseal(
            &["--cert", certificate, "--scope", scope, "-o", format],
            plain.as_bytes(),
        );
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let opened = open(&output.stdout).unwrap();
        let data: Vec<_> = opened
            .data()
            .map(|(key, value)| (key.to_owned(), value.expose().to_vec()))
            .collect();
        assert_eq!(data, values);
        for (name, format) in [("json", Format::Json), ("yaml", Format::Yaml)] {
            let expected = recovered(&pair.key_file, name, &output.stdout).unwrap();
            assert_eq!(opened.print(format).expose(), expected);
        }
    }
}

#[test]
fn sealing_gives_what_kubeseal_gives_but_for_the_ciphertext() {
    let pair = &pairs()[0];
    let certificate = pair.certificate_file.to_str().unwrap();
    let plain = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n  namespace: ns\n  uid: x\n  resourceVersion: '7'\n  \
        generation: 3\n  creationTimestamp: '2024-01-02T03:04:05Z'\n  generateName: g\n  finalizers: [f]\n  managedFields: [{manager: m, \
        operation: Update, time: '2024-01-02T03:04:05Z', fieldsType: FieldsV1, fieldsV1: {'f:data': {'.': {}, 'f:a': {}}}}]\n  \
        labels: {l: 'yes'}\n  ownerReferences: [{apiVersion: v1, kind: Pod, name: p, uid: u}]\n  \
        annotations: {kubectl.kubernetes.io/last-applied-configuration: '{}', kubecfg.ksonnet.io/last-applied-configuration: x, keep: me}\n\
        type: Opaque\nimmutable: false\ndata:\n  a: aGVsbG8=\n  e: ''\nstringData: {b: text}\n";
    for scope in [None, Some(Scope::NamespaceWide), Some(Scope::ClusterWide)] {
        for (name, format) in [("json", Format::Json), ("yaml", Format::Yaml)] {
            let stated = scope.unwrap_or_default().as_str();
            let output = kubeseal(
                &["--cert", certificate, "--scope", stated, "-o", name],
                plain.as_bytes(),
            );
            let secrets = KubernetesSecret::parse_all(plain.as_bytes()).unwrap();
            let ours = SealedSecret::seal(&secrets[0], scope, &pair.certificate())
                .unwrap()
                .print(format);
            let blank = |text: &str| {
                let lines = text.lines().map(|line| {
                    match line.find(": AQ").or_else(|| line.find(": \"AQ")) {
                        Some(at) => line[..at].to_owned(),
                        None => line.to_owned(),
                    }
                });
                lines.collect::<Vec<_>>().join("\n")
            };
            assert_eq!(
                blank(&ours),
                blank(&String::from_utf8(output.stdout).unwrap())
            );
            let recovered = recovered(&pair.key_file, "json", ours.as_bytes()).unwrap();
            assert_eq!(
                open(ours.as_bytes()).unwrap().print(Format::Json).expose(),
                recovered
            );
            assert!(
                recovered.contains("\"a\": \"aGVsbG8=\"")
                    && recovered.contains("\"b\": \"dGV4dA==\"")
            );
        }
    }
}

#[test]
fn raw_values_and_merged_objects_open() {
    let pair = &pairs()[0];
    let certificate = pair.certificate_file.to_str().unwrap();
    let raw = [
        "--cert",
        certificate,
        "--raw",
        "--name",
        "app",
        "--namespace",
        "ns",
        "--from-file",
        "/dev/stdin",
    ];
    let value = kubeseal(&raw, b"raw value");
    let value = String::from_utf8(value.stdout).unwrap();
    let file = support::folder().join("merged.yaml");
    let object = format!(
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {{name: app, namespace: ns}}\nspec:\n  \
         encryptedData:\n    raw: {value}\n  template:\n    metadata: {{annotations: {{a: b}}, labels: {{a: b}}}}\n"
    );
    fs::write(&file, object).unwrap();
    let update = b"apiVersion: v1\nkind: Secret\nmetadata: {name: x, namespace: y}\nstringData: {merged: more}\n";
    let merge = kubeseal(
        &[
            "--cert",
            certificate,
            "--merge-into",
            file.to_str().unwrap(),
            "-o",
            "yaml",
        ],
        update,
    );
    assert!(
        merge.status.success(),
        "{}",
        String::from_utf8_lossy(&merge.stderr)
    );
    let opened = open(&fs::read(&file).unwrap()).unwrap();
    let data: Vec<_> = opened
        .data()
        .map(|(key, value)| (key, value.expose()))
        .collect();
    assert_eq!(data, [("merged", &b"more"[..]), ("raw", b"raw value")]);
}
