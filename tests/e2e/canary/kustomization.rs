//! The marked secret in every file that a kustomization can name, and in the kustomizations themselves.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::super::support::sops_encrypt;
use super::{CANARY, run_clean, with_keys};

/// Each file holds the canary where `@` stands, and all are encrypted.
const FILES: &[(&str, &str)] = &[
    (
        "app/kustomization.yaml",
        "resources: [../base, secret.yaml, config.json]\ncomponents: [../part]\ncommonAnnotations: {own: '@'}\npatches:\n\
         - path: patch.yaml\npatchesStrategicMerge: [old.yaml]\npatchesJson6902:\n- target: {version: v1, kind: ConfigMap, \
         name: config}\n  path: operations.txt\nreplacements:\n- path: replacement.yaml\nconfigurations: \
         [rules.yaml]\ncrds: [crd.json]\nopenapi: {path: schema.json}\ngenerators: [generator.yaml, \
         ksops.yaml]\ntransformers: [transformer.yaml]\nvalidators: [validator.yaml]\nconfigMapGenerator:\n- name: files\n  \
         files: [app.ini, app.json]\n  envs: [app.env]\nsecretGenerator:\n- name: secrets\n  envs: [login.env]\n  files: \
         [key.bin]\n",
    ),
    (
        "base/kustomization.yaml",
        "resources: [config.yaml]\ncommonAnnotations: {base: '@'}\n",
    ),
    (
        "base/config.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: base}\ndata: {a: '@', b: c}\n",
    ),
    (
        "part/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [config.yaml]\n# @\n",
    ),
    (
        "part/config.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: part}\ndata: {a: 'in @ part'}\n",
    ),
    (
        "app/secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {a: '@'}\n",
    ),
    (
        "app/config.json",
        "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"config\"}, \"data\": {\"a\": \"@\"}}",
    ),
    (
        "app/patch.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: base}\ndata: {patched: '@'}\n",
    ),
    (
        "app/old.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {old: '@'}\n",
    ),
    (
        "app/operations.txt",
        "- {op: add, path: /data/operation, value: '@'}\n",
    ),
    (
        "app/replacement.yaml",
        "sourceValue: '@'\ntargets:\n- select: {kind: ConfigMap, name: base}\n  fieldPaths: [data.b]\n",
    ),
    (
        "app/rules.yaml",
        "# @\ncommonAnnotations:\n- path: spec/annotations\n  kind: Widget\n",
    ),
    (
        "app/crd.json",
        "{\"example.com/v1.Widget\": {\"Schema\": {\"description\": \"@\", \"properties\": {\"kind\": {\"type\": \"string\"}}}}}",
    ),
    (
        "app/schema.json",
        "{\"definitions\": {\"v1.Widget\": {\"type\": \"object\", \"description\": \"@\", \"x-kubernetes-group-version-kind\": \
         [{\"group\": \"example.com\", \"kind\": \"Widget\", \"version\": \"v1\"}]}}}",
    ),
    (
        "app/generator.yaml",
        "apiVersion: builtin\nkind: SecretGenerator\nmetadata: {name: generated}\nliterals: ['a=@']\n",
    ),
    (
        "app/ksops.yaml",
        "apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata: {name: ksops}\nfiles: [ksops-secret.yaml]\nsecretFrom:\n- metadata: \
         {name: from, annotations: {note: '@'}}\n  files: [key.bin]\n  binaryFiles: [key.bin]\n  envs: [login.env]\n",
    ),
    (
        "app/ksops-secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: ksops}\nstringData: {a: '@'}\n",
    ),
    (
        "app/transformer.yaml",
        "apiVersion: builtin\nkind: AnnotationsTransformer\nmetadata: {name: any}\nannotations: {note: \
         '@'}\nfieldSpecs:\n- {path: metadata/annotations, create: true}\n",
    ),
    (
        "app/validator.yaml",
        "# @\napiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: any}\nlabels: {a: b}\nfieldSpecs:\n\
         - {path: metadata/none/labels}\n",
    ),
    ("app/app.ini", "[q]\npassword = @\n"),
    ("app/app.json", "{\"password\": \"@\"}"),
    ("app/app.env", "APP=@\n"),
    ("app/login.env", "PASSWORD=@\n"),
    ("app/key.bin", "@"),
];

/// What a file holds in it, encrypted.
fn encrypted() -> (TempDir, Vec<(&'static str, String)>) {
    let folder = tempfile::tempdir().unwrap();
    let files = FILES
        .iter()
        .map(|(path, text)| {
            let name = Path::new(path).file_name().unwrap().to_str().unwrap();
            let closed = sops_encrypt(name, &text.replace('@', CANARY), &[]);
            (*path, String::from_utf8(closed).unwrap())
        })
        .collect::<Vec<_>>();
    for (path, text) in &files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    (folder, files)
}

#[test]
fn a_secret_in_any_file_of_a_kustomization_stays_in_memory() {
    let (folder, _) = encrypted();
    let app = folder.path().join("app");
    for command in ["build", "preview"] {
        run_clean(command, with_keys(&[command]).arg(&app), false).expect(0);
    }
    let shown = run_clean(
        "build --show-secrets",
        with_keys(&["build", "--show-secrets"]).arg(&app),
        true,
    )
    .expect(0);
    assert!(
        shown.text().matches(CANARY).count() > 20,
        "{}",
        shown.text()
    );
}

#[test]
fn a_tampered_file_stops_a_build_and_nothing_of_it_is_shown() {
    let (folder, files) = encrypted();
    let app = folder.path().join("app");
    for (path, text) in &files {
        let (before, dated) = text.split_once("lastmodified").unwrap();
        let tampered = format!("{before}lastmodified{}", dated.replacen("20", "19", 1));
        fs::write(folder.path().join(path), tampered).unwrap();
        for arguments in [&["build"][..], &["build", "--show-secrets"]] {
            let run = run_clean(path, with_keys(arguments).arg(&app), false).expect(2);
            assert!(run.stdout.is_empty(), "{path}");
            assert!(run.stderr.contains("MAC"), "{path}: {}", run.stderr);
        }
        fs::write(folder.path().join(path), text).unwrap();
    }
}
