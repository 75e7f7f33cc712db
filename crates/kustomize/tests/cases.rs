//! Small kustomizations of every kind build to what the real program makes of them.
//!
//! Each folder in `cases/` is a topic, each folder in a topic a case: `cases/make` says what it holds.
// A test may give up where its setting cannot be made; clippy knows only test functions, not those they call.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod support;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kustomize::{BuildOptions, LoadRestriction, Order, ParseCache};
use support::{built, difference};

macro_rules! topics {
    ($($test:ident: $folder:literal,)*) => {
        const TOPICS: &[&str] = &[$($folder),*];
        $(#[test] fn $test() { compare($folder); })*
    };
}

topics! {
    annotations: "annotations",
    bases: "bases",
    build_metadata: "build-metadata",
    components: "components",
    configurations: "configurations",
    crds: "crds",
    generators: "generators",
    images: "images",
    labels: "labels",
    legacy: "legacy",
    loading: "loading",
    name_references: "name-references",
    namespace: "namespace",
    openapi: "openapi",
    order: "order",
    patch_directives: "patch-directives",
    patch_targets: "patch-targets",
    patches_json: "patches-json",
    patches_merge: "patches-merge",
    plugins: "plugins",
    prefix_suffix: "prefix-suffix",
    replacements: "replacements",
    replicas: "replicas",
    resources: "resources",
    vars: "vars",
}

#[test]
fn every_topic_has_its_test() {
    let folders: Vec<String> = folders(&cases())
        .iter()
        .map(|folder| name(folder))
        .collect();
    assert_eq!(folders, TOPICS);
}

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

/// The folders in a folder, by name.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// One cache for all cases, each built twice.
#[test]
fn a_cache_of_parsed_files_changes_nothing() {
    let cache = Arc::new(ParseCache::new(16 << 20));
    for topic in TOPICS {
        for case in folders(&cases().join(topic)) {
            let without = options(&case);
            let with = BuildOptions {
                cache: Some(Arc::clone(&cache)),
                ..without.clone()
            };
            let expected = built(&case, directory(&case), &without);
            for _ in 0..2 {
                let actual = built(&case, directory(&case), &with);
                assert_eq!(actual, expected, "{topic}/{}", name(&case));
            }
        }
    }
    assert!(cache.usage().hits > 1_000, "{cache:?}");
}

/// Builds every case of a topic, and shows all that differ.
fn compare(topic: &str) {
    let folders = folders(&cases().join(topic));
    assert!(!folders.is_empty(), "{topic} has no cases");
    let mut differences = String::new();
    let mut different = 0;
    for case in &folders {
        if let Some(text) = different_result(case) {
            different += 1;
            writeln!(differences, "{topic}/{}:\n{text}", name(case)).unwrap();
        }
    }
    assert!(
        different == 0,
        "{different} of {} cases differ:\n{differences}",
        folders.len()
    );
}

/// How the result of a case differs from that of the real program.
fn different_result(case: &Path) -> Option<String> {
    let result = built(case, directory(case), &options(case));
    match (fs::read_to_string(case.join("expected.yaml")), result) {
        (Ok(expected), Ok(actual)) => difference(&expected, &actual),
        (Ok(_), Err(error)) => Some(format!("    refused: {error}\n")),
        (Err(_), Err(_)) => None,
        (Err(_), Ok(actual)) => {
            let expected = fs::read_to_string(case.join("expected-error"))
                .expect("what the real program makes of it");
            Some(format!(
                "    built, though the real program says {expected}\n{actual}"
            ))
        }
    }
}

/// The directory that is built.
fn directory(case: &Path) -> &'static str {
    if case.join("overlay").is_dir() {
        "overlay"
    } else {
        "."
    }
}

/// The options that the arguments of a case stand for.
fn options(case: &Path) -> BuildOptions {
    let mut options = BuildOptions::default();
    let arguments = fs::read_to_string(case.join("arguments")).unwrap_or_default();
    let mut words = arguments.split_whitespace();
    while let Some(flag) = words.next() {
        match (flag, words.next()) {
            ("--load-restrictor", Some("LoadRestrictionsNone")) => {
                options.load_restriction = LoadRestriction::None
            }
            ("--reorder", Some("none")) => options.order = Order::Fifo,
            ("--reorder", Some("legacy")) => options.order = Order::Legacy,
            other => panic!("{}: unknown arguments {other:?}", case.display()),
        }
    }
    options
}
