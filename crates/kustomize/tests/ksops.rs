//! KSOPS' generator makes what KSOPS makes.
//!
//! Each folder of `tests/ksops` is a kustomization with such a generator; a file whose name ends in `.plain` is encrypted
//! before the build, under its name without that. What is expected was recorded from KSOPS 4.5.1, run by kustomize 5.8.1
//! as an exec function, on the same files. KSOPS is no Go module that can be had from a proxy, so it is not among the
//! peers, and the recording is not made anew.
// A test may give up where its setting cannot be made; clippy knows only test functions, not those they call.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use kustomize::{BuildOptions, build};
use peers::sops::Sops;
use secret::{FingerprintKey, Redactor};
use sops::keys::{KeyRing, NoPassphrase};
use sops::{DecryptOptions, SopsOpener};
use support::{chain, difference, text};
use tree::{Limits, PlainOpener, Tree, TreePath};

#[test]
fn generators_make_what_ksops_makes() {
    let home = tempfile::tempdir().unwrap();
    let sops = Sops::new(home.path());
    let mut differences = Vec::new();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ksops");
    let mut count = 0;
    for case in fs::read_dir(cases).unwrap() {
        let case = case.unwrap().path();
        count += 1;
        let folder = tempfile::tempdir().unwrap();
        copy(&case, folder.path(), &sops);
        let expected = fs::read_to_string(case.join("expected.yaml"));
        let different = match (expected, built(folder.path(), &sops)) {
            (Ok(expected), Ok(actual)) => difference(&expected, &actual),
            (Ok(_), Err(error)) => Some(format!("    refused: {error}\n")),
            (Err(_), Ok(actual)) => Some(format!("    built, though KSOPS refuses:\n{actual}")),
            (Err(_), Err(_)) => None,
        };
        differences.extend(different.map(|text| format!("{}:\n{text}", case.display())));
    }
    assert!(count > 50, "{count} cases");
    assert!(
        differences.is_empty(),
        "{} of {count} cases differ:\n{}",
        differences.len(),
        differences.join("\n")
    );
}

/// A build without keys must not take ciphertext for what is in it.
#[test]
fn what_was_not_decrypted_is_no_secret() {
    let home = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ksops/one");
    copy(&case, folder.path(), &Sops::new(home.path()));
    let tree = Tree::directory(folder.path(), Limits::default()).unwrap();
    let root = TreePath::parse(".").unwrap();
    let error = build(&tree, &PlainOpener, &root, &BuildOptions::default()).unwrap_err();
    assert_eq!(error.reason(), "ksops-file-not-encrypted");
}

fn copy(from: &Path, to: &Path, sops: &Sops) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            fs::create_dir(to.join(&name)).unwrap();
            copy(&path, &to.join(&name), sops);
            continue;
        }
        let content = fs::read(&path).unwrap();
        match name.strip_suffix(".plain") {
            Some(name) => fs::write(to.join(name), closed(name, &content, sops)).unwrap(),
            None => fs::write(to.join(&name), content).unwrap(),
        }
    }
}

fn closed(name: &str, content: &[u8], sops: &Sops) -> Vec<u8> {
    let format = match name.rsplit('.').next() {
        Some("yaml") => "yaml",
        Some("json") => "json",
        Some("env") => "dotenv",
        Some("ini") => "ini",
        _ => "binary",
    };
    let selection = match format {
        "yaml" | "json" => "\nencrypted_regex: '^(data|stringData)$'",
        _ => "",
    };
    let rule = format!("age: {}{selection}", sops.recipients()[0]);
    sops.encrypt(name, format, content, &rule)
        .unwrap_or_else(|| panic!("sops does not encrypt {name}"))
}

fn built(root: &Path, sops: &Sops) -> Result<String, String> {
    let mut ring = KeyRing::new(Box::new(NoPassphrase));
    ring.load("test", sops.identities()[0].as_bytes()).unwrap();
    let redactor = Arc::new(Redactor::new(FingerprintKey::generate().unwrap()));
    let opener = SopsOpener::new(ring, DecryptOptions::default(), redactor);
    let tree = Tree::directory(root, Limits::default()).unwrap();
    let top = TreePath::parse(".").unwrap();
    let built = build(&tree, &opener, &top, &BuildOptions::default());
    text(&built.map_err(|error| chain(&error))?)
}
