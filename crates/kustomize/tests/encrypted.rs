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
use kustomize::resource::Sensitivity;
use kustomize::{BuildError, BuildOptions, Built, build};
use peers::random::Random;
use peers::sops::Sops;
use secret::{FingerprintKey, Redactor};
use sops::keys::{KeyRing, NoPassphrase};
use sops::{DecryptOptions, SopsOpener};
use support::{chain, difference, text};
use tempfile::TempDir;
use tree::{Limits, MacCoverage, Protection, Tree, TreePath};

/// Every field that can name a file, in every format where it may have one.
const NAMED: &[(&str, &str)] = &[
    (
        "overlay/kustomization.yaml",
        "resources: [../base, object.json]\ncomponents: [../part]\npatches:\n- path: patch.yaml\n- path: patch.json\n  target: \
         {kind: Deployment}\npatchesStrategicMerge: [old.yaml]\nreplacements:\n- path: replacement.yaml\n- path: replacements\n\
         configurations: [configuration.yaml, configuration.json]\nopenapi: {path: schema.json}\ncrds: [crd.json, \
         crd.yaml]\ngenerators: [generator.yaml, generator.json, gathered]\n\
         transformers: [transformer.yaml, transformer.json, patching.yaml]\nvalidators: [validator.yaml]\n\
         patchesJson6902:\n- target: {kind: Deployment, name: web}\n  path: operations.txt\n\
         - target: {version: v1, kind: Secret, name: db}\n  path: operations\n\
         configMapGenerator:\n- name: made\n  envs: [values.env, values.txt]\n  files: [app.ini, \
         app.conf, app.yaml, app.json, key=dotenv.env]\nsecretGenerator:\n- name: login\n  env: login.env\n  files: \
         [tls.key, blob]\n",
    ),
    (
        "overlay/configuration.json",
        "{\"namePrefix\": [{\"path\": \"metadata/name\", \"kind\": \"Widget\"}]}",
    ),
    (
        "overlay/crd.json",
        "{\"example.com/v1.Widget\": {\"Schema\": {\"description\": \"d\", \"properties\": {\"apiVersion\": {\"type\": \
         \"string\"}, \"kind\": {\"type\": \"string\"}, \"metadata\": {\"type\": \"object\"}, \"spec\": {\"$ref\": \
         \"example.com/v1.WidgetSpec\"}}}}, \"example.com/v1.WidgetSpec\": {\"Schema\": {\"description\": \"d\", \
         \"properties\": {\"secret\": {\"x-kubernetes-object-ref-api-version\": \"v1\", \
         \"x-kubernetes-object-ref-kind\": \"Secret\", \"x-kubernetes-object-ref-name-key\": \"name\", \"type\": \
         \"object\"}}}}}",
    ),
    (
        "overlay/crd.yaml",
        "example.com/v1.Gadget:\n  Schema:\n    description: d\n    properties:\n      kind: {type: string}\n",
    ),
    (
        "overlay/generator.json",
        "{\"apiVersion\": \"builtin\", \"kind\": \"ConfigMapGenerator\", \"metadata\": {\"name\": \"by-json\"}, \"envs\": \
         [\"values.env\"], \"literals\": [\"word=in the generator\"]}",
    ),
    (
        "overlay/gathered/kustomization.yaml",
        "resources: [generator.yaml]\nnameSuffix: -g\n",
    ),
    (
        "overlay/gathered/generator.yaml",
        "apiVersion: builtin\nkind: SecretGenerator\nmetadata: {name: gathered}\nliterals: [c=d]\n",
    ),
    (
        "overlay/transformer.json",
        "{\"apiVersion\": \"builtin\", \"kind\": \"AnnotationsTransformer\", \"metadata\": {\"name\": \"any\"}, \
         \"annotations\": {\"note\": \"a word\"}, \"fieldSpecs\": [{\"path\": \"metadata/annotations\", \"create\": true}]}",
    ),
    (
        "overlay/patching.yaml",
        "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: any}\npath: patch-of-plugin.yaml\ntarget: {kind: \
         Deployment}\n---\napiVersion: builtin\nkind: ReplacementTransformer\nmetadata: {name: any}\nreplacements:\n- path: \
         replacement.json\n",
    ),
    (
        "overlay/patch-of-plugin.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {minReadySeconds: 7}\n",
    ),
    (
        "overlay/replacement.json",
        "{\"sourceValue\": \"put in\", \"targets\": [{\"select\": {\"kind\": \"Deployment\"}, \"fieldPaths\": \
         [\"spec.word\"], \"options\": {\"create\": true}}]}",
    ),
    (
        "overlay/replacements",
        "- sourceValue: listed\n  targets:\n  - select: {kind: Secret, name: db}\n    fieldPaths: [stringData.listed]\n    \
         options: {create: true}\n",
    ),
    (
        "overlay/validator.yaml",
        "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: any}\nlabels: {team: blue}\nfieldSpecs:\n- path: \
         metadata/none/labels\n",
    ),
    (
        "overlay/operations.txt",
        "- op: add\n  path: /spec/progressDeadlineSeconds\n  value: 12\n",
    ),
    (
        "overlay/operations",
        "[{\"op\": \"add\", \"path\": \"/stringData/more\", \"value\": \"words\"}]",
    ),
    ("overlay/values.txt", "FROM=text\n"),
    ("overlay/dotenv.env", "A=b\n"),
    ("overlay/blob", "\u{1}\u{2}"),
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
    let files = named();
    let encrypted = compare(&files, is_no_kustomization).unwrap_or_else(|text| panic!("{text}"));
    assert_eq!(
        encrypted,
        files
            .keys()
            .filter(|path| is_no_kustomization(path))
            .count(),
        "sops encrypts all of them"
    );
}

/// sops encrypts a file as a whole where its name has no ending that it knows.
#[test]
fn every_file_that_can_be_named_can_be_encrypted_as_a_whole() {
    const MARK: &str = "\u{1}kustomization";
    let renamed = |text: &str| {
        let kept = text.replace("kustomization.yaml", MARK);
        let endings = [".yaml", ".json", ".env", ".ini"];
        let renamed = endings.iter().fold(kept, |text, ending| {
            text.replace(ending, &ending.replace('.', "-"))
        });
        renamed.replace(MARK, "kustomization.yaml")
    };
    let files: Files = named()
        .iter()
        .map(|(path, content)| (renamed(path), renamed(content)))
        .collect();
    let encrypted = compare(&files, is_no_kustomization).unwrap_or_else(|text| panic!("{text}"));
    assert_eq!(
        encrypted,
        files
            .keys()
            .filter(|path| is_no_kustomization(path))
            .count()
    );
}

#[test]
fn kustomizations_can_be_encrypted_themselves() {
    let files = named();
    let encrypted = compare(&files, |_| true).unwrap_or_else(|text| panic!("{text}"));
    assert_eq!(encrypted, files.len());
}

#[test]
fn what_came_out_of_an_encrypted_file_is_known_to_be_secret() {
    for encrypted in [
        "overlay/kustomization.yaml",
        "overlay/generator.yaml",
        "overlay/transformer.yaml",
        "overlay/replacements",
    ] {
        let closed = Closed::new(&named(), |path| path == encrypted);
        let built = closed.build().unwrap();
        let secret: Vec<&str> = built
            .resources
            .iter()
            .filter(|resource| resource.sensitivity() == Sensitivity::Decrypted)
            .map(|resource| resource.name())
            .collect();
        let all = built.resources.len();
        match encrypted {
            "overlay/generator.yaml" => {
                assert!(
                    secret.len() == 1 && secret[0].starts_with("p-generated-"),
                    "{secret:?}"
                );
            }
            "overlay/replacements" => assert!(secret.contains(&"p-db"), "{secret:?}"),
            _ => assert_eq!(secret.len(), all, "{encrypted}"),
        }
    }
}

#[test]
fn a_file_whose_mac_is_wrong_is_refused_in_every_place() {
    let closed = Closed::new(&named(), |_| true);
    closed.build().expect("the files as they were encrypted");
    for (path, content) in &closed.files {
        let text = String::from_utf8(content.clone()).expect("sops writes text");
        // The date is what the MAC is bound to.
        let (before, dated) = text
            .split_once("lastmodified")
            .unwrap_or_else(|| panic!("{path} has no date"));
        let tampered = format!("{before}lastmodified{}", dated.replacen("20", "19", 1));
        assert_ne!(tampered, text, "{path}");
        put(closed.folder.path(), path, tampered.as_bytes());
        let error = closed
            .build()
            .map(|built| built.resources.len())
            .expect_err(path);
        let message = chain(&error);
        assert!(message.to_lowercase().contains("mac"), "{path}: {message}");
        for value in ["p4ss", "put in", "in the generator", "a word", "BEGIN KEY"] {
            assert!(!message.contains(value), "{path}: {message}");
        }
        put(closed.folder.path(), path, content);
    }
}

#[test]
fn random_trees_build_encrypted_as_they_build_in_plaintext() {
    let (mut compared, mut differences) = (0, Vec::new());
    for seed in 1..=12 {
        match compare(
            &generated::tree(&mut Random::new(seed)),
            is_no_kustomization,
        ) {
            Ok(encrypted) => compared += encrypted,
            Err(text) => differences.push(format!("seed {seed}:\n{text}")),
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(compared > 30, "only {compared} encrypted files were opened");
}

fn named() -> Files {
    NAMED
        .iter()
        .map(|(path, content)| ((*path).to_owned(), (*content).to_owned()))
        .collect()
}

fn is_no_kustomization(path: &str) -> bool {
    !path.ends_with("kustomization.yaml")
}

/// A tree with encrypted files, and the same tree as sops decrypts it.
struct Closed {
    plain: TempDir,
    folder: TempDir,
    /// The files that are encrypted.
    files: Vec<(String, Vec<u8>)>,
    identity: String,
}

impl Closed {
    /// Encrypts the files that `closes` names, where sops takes them.
    fn new(files: &Files, closes: impl Fn(&str) -> bool) -> Self {
        let home = tempfile::tempdir().unwrap();
        let sops = Sops::new(home.path());
        let mut tree = Self {
            plain: tempfile::tempdir().unwrap(),
            folder: tempfile::tempdir().unwrap(),
            files: Vec::new(),
            identity: sops.identities()[0].clone(),
        };
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
            let closed = closes(path)
                .then(|| sops.encrypt(&name, format, content.as_bytes(), &rule))
                .flatten();
            // What sops gives back can be written differently: that is what the other program gets.
            let open = match &closed {
                Some(bytes) => sops.decrypt(&name, format, bytes, &[]).stdout,
                None => content.clone().into_bytes(),
            };
            put(tree.plain.path(), path, &open);
            put(
                tree.folder.path(),
                path,
                closed.as_deref().unwrap_or(content.as_bytes()),
            );
            tree.files.extend(closed.map(|bytes| (path.clone(), bytes)));
        }
        tree
    }

    fn build(&self) -> Result<Built, BuildError> {
        let mut ring = KeyRing::new(Box::new(NoPassphrase));
        ring.load("test", self.identity.as_bytes()).unwrap();
        let redactor = Arc::new(Redactor::new(FingerprintKey::generate().unwrap()));
        let opener = SopsOpener::new(ring, DecryptOptions::default(), redactor);
        let tree = Tree::directory(self.folder.path(), Limits::default()).unwrap();
        let built = TreePath::parse(generated::BUILT).unwrap();
        build(&tree, &opener, &built, &BuildOptions::default())
    }
}

/// Builds both trees, and counts the encrypted files that were opened.
fn compare(files: &Files, closes: impl Fn(&str) -> bool) -> Result<usize, String> {
    let closed = Closed::new(files, closes);
    let theirs = Command::new(peers::program("kustomize", "kustomize"))
        .arg("build")
        .arg(closed.plain.path().join(generated::BUILT))
        .output()
        .unwrap();
    match (theirs.status.success(), closed.build()) {
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
