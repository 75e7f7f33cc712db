//! A tree whose files are encrypted by sops builds to what the real program makes of the same files decrypted.
// A test may give up where its setting cannot be made; clippy knows only test functions, not those they call.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod generated;
mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use generated::Files;
use kustomize::{BuildOptions, build};
use peers::random::Random;
use peers::sops::Sops;
use secret::{FingerprintKey, Redactor};
use sops::keys::{KeyRing, NoPassphrase};
use sops::{DecryptOptions, SopsOpener};
use support::{chain, difference, text};
use tree::{Limits, MacCoverage, Protection, Tree, TreePath};

/// Every field that can name a file, in every format where it may have one.
const NAMED: &[(&str, &str)] = &[
    (
        "overlay/kustomization.yaml",
        "resources: [../base, object.json]\ncomponents: [../part]\npatches:\n- path: patch.yaml\n- path: patch.json\n  target: \
         {kind: Deployment}\npatchesStrategicMerge: [old.yaml]\nreplacements:\n- path: replacement.yaml\n\
         configurations: [configuration.yaml]\nopenapi: {path: schema.json}\ngenerators: [generator.yaml]\n\
         transformers: [transformer.yaml]\nconfigMapGenerator:\n- name: made\n  envs: [values.env]\n  files: [app.ini, \
         app.conf, app.yaml, app.json]\nsecretGenerator:\n- name: login\n  envs: [login.env]\n  files: [tls.key]\n",
    ),
    (
        "overlay/object.json",
        "{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": {\"name\": \"json\"}, \"stringData\": {\"a\": \"b\"}}",
    ),
    (
        "overlay/patch.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3}\n",
    ),
    (
        "overlay/patch.json",
        "{\"apiVersion\": \"apps/v1\", \"kind\": \"Deployment\", \"metadata\": {\"name\": \"web\"}, \"spec\": {\"paused\": true}}",
    ),
    (
        "overlay/old.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: overlay}\n",
    ),
    (
        "overlay/replacement.yaml",
        "source: {kind: Secret, name: db, fieldPath: stringData.user}\ntargets:\n- select: {kind: Deployment}\n  fieldPaths: [spec.owner]\n  options: {create: true}\n",
    ),
    (
        "overlay/configuration.yaml",
        "commonLabels:\n- path: spec/labels\n  kind: Deployment\n  create: true\n",
    ),
    (
        "overlay/schema.json",
        "{\"definitions\": {\"v1.Widget\": {\"type\": \"object\", \"properties\": {}, \"x-kubernetes-group-version-kind\": \
         [{\"group\": \"example.com\", \"kind\": \"Widget\", \"version\": \"v1\"}]}}}",
    ),
    (
        "overlay/generator.yaml",
        "apiVersion: builtin\nkind: SecretGenerator\nmetadata: {name: generated}\nfiles: [tls.key]\nliterals: [a=b]\n",
    ),
    (
        "overlay/transformer.yaml",
        "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: any}\nprefix: p-\nfieldSpecs:\n- path: metadata/name\n",
    ),
    (
        "overlay/values.env",
        "# values\nLEVEL=debug\nURL=http://x/?a=b\n",
    ),
    ("overlay/login.env", "USER=shop\nPASSWORD=p4ss=w0rd\n"),
    ("overlay/app.ini", "[queue]\nurl = amqp://mq\n"),
    ("overlay/app.conf", "any text\n\n  as it is\n"),
    (
        "overlay/app.yaml",
        "a: 1\nb:\n    - x\n    # comment\n    - z\n",
    ),
    ("overlay/app.json", "{\"a\": [1, 2.5, null]}"),
    (
        "overlay/tls.key",
        "-----BEGIN KEY-----\nabc\n-----END KEY-----\n",
    ),
    (
        "part/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [extra.yaml]\n",
    ),
    (
        "part/extra.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: extra}\nstringData: {a: b}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n",
    ),
    (
        "base/kustomization.yaml",
        "resources: [deployment.yaml, secret.yaml]\ncommonLabels: {team: blue}\n",
    ),
    (
        "base/deployment.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n      - name: main\n        image: web:1\n        envFrom:\n        - secretRef: {name: db}\n        - configMapRef: {name: made}\n",
    ),
    (
        "base/secret.yaml",
        "# the database\napiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData:\n  user: shop\n  password: base\n",
    ),
];

#[test]
fn every_file_that_can_be_named_can_be_encrypted() {
    let files = NAMED
        .iter()
        .map(|(path, content)| ((*path).to_owned(), (*content).to_owned()))
        .collect();
    let encrypted = compare(&files).unwrap_or_else(|text| panic!("{text}"));
    let named = NAMED
        .iter()
        .filter(|(path, _)| !path.ends_with("kustomization.yaml"))
        .count();
    assert_eq!(encrypted, named, "sops encrypts all of them");
}

#[test]
fn random_trees_build_encrypted_as_they_build_in_plaintext() {
    let (mut compared, mut differences) = (0, Vec::new());
    for seed in 1..=12 {
        match compare(&generated::tree(&mut Random::new(seed))) {
            Ok(encrypted) => compared += encrypted,
            Err(text) => differences.push(format!("seed {seed}:\n{text}")),
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(compared > 30, "only {compared} encrypted files were opened");
}

/// Encrypts all files that sops takes, builds both trees, and counts the encrypted files that were opened.
fn compare(files: &Files) -> Result<usize, String> {
    let home = tempfile::tempdir().unwrap();
    let sops = Sops::new(home.path());
    let (plain, encrypted) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (number, (path, content)) in files.iter().enumerate() {
        let format = match path.rsplit('.').next() {
            Some("yaml") => "yaml",
            Some("json") => "json",
            Some("env") => "dotenv",
            Some("ini") => "ini",
            _ => "binary",
        };
        let rule = format!("age: {}", sops.recipients()[0]);
        let name = format!("file{number}");
        let closed = match path.ends_with("kustomization.yaml") {
            true => None,
            false => sops.encrypt(&name, format, content.as_bytes(), &rule),
        };
        // What sops gives back can be written differently: that is what the other program gets.
        let open = match &closed {
            Some(bytes) => sops.decrypt(&name, format, bytes, &[]).stdout,
            None => content.clone().into_bytes(),
        };
        put(plain.path(), path, &open);
        put(
            encrypted.path(),
            path,
            closed.as_deref().unwrap_or(content.as_bytes()),
        );
    }

    let kustomize = peers::program("kustomize", "kustomize");
    let theirs = Command::new(kustomize)
        .arg("build")
        .arg(plain.path().join(generated::BUILT))
        .output()
        .unwrap();
    let mut ring = KeyRing::new(Box::new(NoPassphrase));
    ring.load("test", sops.identities()[0].as_bytes()).unwrap();
    let redactor = Arc::new(Redactor::new(FingerprintKey::generate().unwrap()));
    let opener = SopsOpener::new(ring, DecryptOptions::default(), redactor);
    let tree = Tree::directory(encrypted.path(), Limits::default()).unwrap();
    let ours = build(
        &tree,
        &opener,
        &TreePath::parse(generated::BUILT).unwrap(),
        &BuildOptions::default(),
    );
    match (theirs.status.success(), ours) {
        (true, Ok(built)) => {
            let text = text(&built).map_err(|error| format!("not written: {error}"))?;
            if let Some(text) = difference(&String::from_utf8_lossy(&theirs.stdout), &text) {
                return Err(text);
            }
            for (path, protection) in &built.opened {
                match protection {
                    Protection::Sops(sops) if sops.verified_mac == MacCoverage::EveryValue => {}
                    other => return Err(format!("{path} was opened as {other:?}")),
                }
            }
            Ok(built.opened.len())
        }
        (false, Err(_)) => Ok(0),
        (true, Err(error)) => Err(format!("refused: {}", chain(&error))),
        (false, Ok(_)) => Err(format!(
            "built, though: {}",
            String::from_utf8_lossy(&theirs.stderr)
        )),
    }
}

fn put(root: &Path, path: &str, content: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}
