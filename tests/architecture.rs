//! The architecture's invariants: which part may know which, and what only one part may do.
//!
//! The compiler does not know these rules, and a review forgets them; breaking one fails here with the file and the
//! line. A change of the tables below is a change of the architecture.
// A test may give up where its setting cannot be made; clippy knows only test functions, not those they call.
#![allow(clippy::expect_used, clippy::unwrap_used)]
#![forbid(unsafe_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The product's package, which may use every library.
const PRODUCT: &str = "lockstep";

/// The libraries in layers, lowest first: each may use the layers below it and its own (Cargo forbids circles).
const LAYERS: &[&[&str]] = &[
    &["lockstep-goregex", "lockstep-secret"],
    &["lockstep-goyaml", "lockstep-gotemplate", "lockstep-tree"],
    &["lockstep-sops", "lockstep-sealed", "lockstep-vault"],
    &["lockstep-kustomize", "lockstep-helm"],
];

/// What only tests may depend on.
const TEST_ONLY: &[&str] = &["lockstep-peers"];

/// The product's modules in layers, lowest first: each may name the layers below it and its own.
const MODULES: &[&[&str]] = &[
    &["pipeline", "application"],
    &["git", "cluster"],
    &["reconcile", "cmp", "serve"],
    &["cli"],
];

/// What reaches outside the process, and the parts of libraries that exist to do so. `secret` guards the process that it
/// is in: it takes keys out of the environment block, and its tests search the process's memory.
const OUTSIDE: &[(&str, &[&str])] = &[
    ("std::env", &["secret/src/variable.rs"]),
    (
        "std::fs",
        &["tree/src", "secret/src/variable.rs", "secret/src/scan.rs"],
    ),
    ("std::net::TcpStream", &["vault/src"]),
    ("std::net::UdpSocket", &[]),
    ("ToSocketAddrs", &[]),
    ("std::process", &[]),
    ("std::thread::sleep", &[]),
    ("SystemTime::now", &[]),
];

#[test]
fn libraries_depend_only_on_lower_layers() {
    let mut wrong = Vec::new();
    for package in packages() {
        let name = text(&package, "name");
        if name == PRODUCT || TEST_ONLY.contains(&name) {
            continue;
        }
        let layer = layer_of(name)
            .unwrap_or_else(|| panic!("{name} has no place in the layers: give it one"));
        for dependency in internal_dependencies(&package) {
            if layer_of(dependency).is_none_or(|below| below > layer) {
                wrong.push(format!("{name} must not depend on {dependency}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_product_ships_no_test_support() {
    for package in packages() {
        for dependency in internal_dependencies(&package) {
            let name = text(&package, "name");
            assert!(
                !TEST_ONLY.contains(&dependency),
                "{name} depends on {dependency} outside its tests"
            );
        }
    }
}

#[test]
fn every_package_takes_the_workspace_lints() {
    for package in packages() {
        let manifest = text(&package, "manifest_path");
        let content = fs::read_to_string(manifest).unwrap();
        assert!(content.contains("[lints]\nworkspace = true"), "{manifest}");
    }
}

#[test]
fn unsafe_code_is_only_in_secret() {
    for package in packages() {
        if text(&package, "name") == "lockstep-secret" {
            continue;
        }
        for target in package["targets"].as_array().unwrap() {
            let shipped = target["kind"][0] == "lib" || target["kind"][0] == "bin";
            let path = text(target, "src_path");
            let content = fs::read_to_string(path).unwrap();
            assert!(
                !shipped || content.contains("#![forbid(unsafe_code)]"),
                "{path} does not forbid unsafe code"
            );
        }
    }
}

#[test]
fn libraries_reach_outside_only_where_they_exist_for_it() {
    let mut wrong = Vec::new();
    let libraries = root().join("crates");
    for folder in folders(&libraries) {
        for (what, allowed) in OUTSIDE {
            let is_allowed = |line: &Line| {
                allowed
                    .iter()
                    .any(|part| line.is_under(&libraries.join(part)))
            };
            wrong.extend(
                code(&folder.join("src")).filter(|line| line.names(what) && !is_allowed(line)),
            );
        }
    }
    assert_none("a library reaches outside the process", &wrong);
}

#[test]
fn only_the_command_line_reads_the_environment() {
    let product = root().join("src");
    let wrong: Vec<Line> = code(&product)
        .filter(|line| {
            !line.is_under(&product.join("cli")) && !line.is_under(&product.join("main.rs"))
        })
        .filter(|line| line.names("std::env") || line.names("env::var") || line.names("env::args"))
        .collect();
    assert_none("the environment is read outside src/cli", &wrong);
}

#[test]
fn modules_of_the_product_name_only_lower_layers() {
    let product = root().join("src");
    let mut wrong = Vec::new();
    for (layer, modules) in MODULES.iter().enumerate() {
        let above: Vec<String> = MODULES[layer + 1..]
            .iter()
            .flat_map(|modules| modules.iter())
            .map(|module| format!("crate::{module}"))
            .collect();
        for module in *modules {
            let lines =
                code(&product.join(module)).chain(code(&product.join(format!("{module}.rs"))));
            wrong.extend(lines.filter(|line| above.iter().any(|path| line.names(path))));
        }
    }
    assert_none("a module names a higher layer", &wrong);
}

/// One line of code: not of a comment, and not of a test module.
struct Line {
    file: PathBuf,
    number: usize,
    content: String,
}

impl Line {
    /// Whether the line holds `path`, spelled out or in a group of imports.
    fn names(&self, path: &str) -> bool {
        let grouped = path.split_once("::").is_some_and(|(first, rest)| {
            self.content.contains(&format!("{first}::{{")) && self.holds(rest)
        });
        grouped || self.holds(path)
    }

    /// Whether the line holds `name` whole, not as a part of a longer name.
    fn holds(&self, name: &str) -> bool {
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        self.content.match_indices(name).any(|(at, _)| {
            !self.content[..at].ends_with(is_name)
                && !self.content[at + name.len()..].starts_with(is_name)
        })
    }

    fn is_under(&self, folder: &Path) -> bool {
        self.file.starts_with(folder)
    }
}

fn assert_none(rule: &str, wrong: &[Line]) {
    let lines: Vec<String> = wrong
        .iter()
        .map(|line| {
            format!(
                "{}:{}: {}",
                line.file.display(),
                line.number,
                line.content.trim()
            )
        })
        .collect();
    assert!(lines.is_empty(), "{rule}:\n{}", lines.join("\n"));
}

/// The lines of code of a source file or of all source files below a folder.
fn code(path: &Path) -> Box<dyn Iterator<Item = Line>> {
    if path.is_dir() {
        let mut entries: Vec<PathBuf> = fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        entries.sort();
        return Box::new(entries.into_iter().flat_map(|entry| code(&entry)));
    }
    if path.extension().is_none_or(|extension| extension != "rs") || !path.is_file() {
        return Box::new(std::iter::empty());
    }
    let file = path.to_owned();
    let lines: Vec<String> = fs::read_to_string(path)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    Box::new(
        lines
            .into_iter()
            .enumerate()
            .take_while(|(_, content)| !content.starts_with("#[cfg(test)]"))
            .filter(|(_, content)| !content.trim_start().starts_with("//"))
            .map(move |(index, content)| Line {
                file: file.clone(),
                number: index + 1,
                content,
            }),
    )
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let folders: Vec<PathBuf> = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    assert!(!folders.is_empty(), "{} holds no folders", path.display());
    folders
}

fn layer_of(name: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&name))
}

/// What a package needs of this workspace outside its tests.
fn internal_dependencies(package: &Value) -> impl Iterator<Item = &str> {
    package["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|dependency| dependency["kind"] != "dev" && dependency["path"].is_string())
        .map(|dependency| text(dependency, "name"))
}

/// The packages of the workspace, as Cargo describes them.
fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let Value::Array(packages) = metadata["packages"].take() else {
        panic!("cargo metadata lists no packages");
    };
    packages
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("no {field}: {value}"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
