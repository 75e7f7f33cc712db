//! The real program, and what this crate makes of the same object and patch.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use goyaml::{
    Node,
    decode::{self, Duplicates},
    resolve::Dialect,
};
use kustomize::{
    merge::{self, Outcome},
    resource::Resource,
    schema::Schema,
};

/// What `kustomize build` prints for a folder with these files, or what it says on failure.
pub(crate) fn build(files: &[(&str, &str)]) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    run(folder.path())
}

fn run(folder: &Path) -> Result<String, String> {
    let program = peers::program("kustomize", "kustomize");
    let output = Command::new(program)
        .arg("build")
        .arg(folder)
        .output()
        .unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// The real program's way with a strategic merge patch.
pub(crate) fn merged_by_kustomize(object: &str, patch: &str) -> Result<String, String> {
    build(&[
        ("object.yaml", object),
        ("patch.yaml", patch),
        (
            "kustomization.yaml",
            "resources: [object.yaml]\npatches: [{path: patch.yaml}]\n",
        ),
    ])
}

pub(crate) fn parse(text: &str) -> Node {
    let mut documents = goyaml::parse(text.as_bytes()).unwrap();
    documents.remove(0).root
}

/// This crate's way with it.
pub(crate) fn merged(object: &str, patch: &str, schema: &Arc<Schema>) -> Result<String, String> {
    let mut object = Resource::new(parse(object), Arc::clone(schema));
    let (kind, name) = (object.kind().to_owned(), object.name().to_owned());
    let namespace = object.namespace().to_owned();
    let outcome = merge::strategic(object.node_mut(), &parse(patch), schema)
        .map_err(|error| error.to_string())?;
    match outcome {
        Outcome::Merged => {
            object.set_kind(&kind).unwrap();
            object.set_name(&name).unwrap();
            object.set_namespace(&namespace).unwrap();
            print(object.node())
        }
        Outcome::Deleted => Ok(String::new()),
    }
}

/// An object as `kustomize build` prints it.
pub(crate) fn print(node: &Node) -> Result<String, String> {
    let value = decode::value(node, Dialect::GoYaml3, Duplicates::Refuse);
    let value = value.map_err(|error| error.to_string())?;
    let json = goyaml::json::to_string(&value).map_err(|error| error.to_string())?;
    let value = goyaml::json::parse(json.as_bytes()).unwrap();
    Ok(goyaml::emit::kubernetes(&value))
}

/// How both differ in a merge; an error of each is no difference.
pub(crate) fn merge_difference(object: &str, patch: &str) -> Option<String> {
    let theirs = merged_by_kustomize(object, patch);
    let ours = merged(object, patch, &Arc::default());
    match (&theirs, &ours) {
        (Ok(theirs), Ok(ours)) if ours == theirs => None,
        (Err(_), Err(_)) => None,
        (Ok(theirs), Ok(ours)) => Some(format!("ours:\n{ours}\ntheirs:\n{theirs}")),
        _ => Some(format!("ours: {ours:?}\ntheirs: {theirs:?}")),
    }
}
