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
    Budget,
    kustomization::{PatchOptions, Selector},
    merge::{self, Outcome},
    patch::{self, Patcher},
    resmap::ResMap,
    resource::{Resource, Sensitivity, annotation},
    schema::Schema,
    selector::CompiledSelector,
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

/// The real program's way with strategic merge patches, one after another.
pub(crate) fn merged_by_kustomize(object: &str, patches: &[&str]) -> Result<String, String> {
    let names: Vec<String> = (0..patches.len())
        .map(|n| format!("patch-{n}.yaml"))
        .collect();
    let entries = names.iter().map(|name| format!("- path: {name}\n"));
    let kustomization = format!(
        "resources: [object.yaml]\nsortOptions: {{order: fifo}}\npatches:\n{}",
        entries.collect::<String>()
    );
    let mut files = vec![
        ("object.yaml", object),
        ("kustomization.yaml", &*kustomization),
    ];
    files.extend(
        names
            .iter()
            .map(String::as_str)
            .zip(patches.iter().copied()),
    );
    build(&files)
}

pub(crate) fn parse(text: &str) -> Node {
    let mut documents = goyaml::parse(text.as_bytes()).unwrap();
    documents.remove(0).root
}

/// This crate's way with them.
pub(crate) fn merged(
    object: &str,
    patches: &[&str],
    schema: &Arc<Schema>,
) -> Result<String, String> {
    let mut object = Resource::new(parse(object), Arc::clone(schema));
    for patch in patches {
        let (kind, name) = (object.kind().to_owned(), object.name().to_owned());
        let namespace = object.namespace().to_owned();
        let outcome = merge::strategic(object.node_mut(), &parse(patch), schema)
            .map_err(|error| error.to_string())?;
        match outcome {
            Outcome::Merged => {
                object.set_kind(&kind).unwrap();
                object.set_name(&name).unwrap();
                object.set_namespace(&namespace).unwrap();
            }
            Outcome::Deleted => return Ok(String::new()),
        }
    }
    print(object.node())
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
pub(crate) fn merge_difference(object: &str, patches: &[&str]) -> Option<String> {
    let theirs = merged_by_kustomize(object, patches);
    let ours = merged(object, patches, &Arc::default());
    match (&theirs, &ours) {
        (Ok(theirs), Ok(ours)) if ours == theirs => None,
        (Err(_), Err(_)) => None,
        (Ok(theirs), Ok(ours)) => Some(format!("ours:\n{ours}\ntheirs:\n{theirs}")),
        _ => Some(format!("ours: {ours:?}\ntheirs: {theirs:?}")),
    }
}

/// The files of a kustomization, built by this crate's patcher over the objects: one `patches` entry.
pub(crate) fn patched(
    objects: &str,
    patch: &str,
    target: Option<&Selector>,
    options: PatchOptions,
) -> Result<String, String> {
    let schema = Arc::default();
    let documents = goyaml::parse(objects.as_bytes()).unwrap();
    let mut map: ResMap = documents
        .into_iter()
        .map(|document| Resource::new(document.root, Arc::clone(&schema)))
        .collect();
    let patcher = Patcher {
        schema: &schema,
        sensitivity: Sensitivity::Plain,
        options,
        budget: &Budget::default(),
    };
    let patches = patch::parse(patch.as_bytes()).map_err(|error| error.to_string())?;
    let target = target.map(|target| CompiledSelector::new(target).unwrap());
    patcher
        .apply(&mut map, &patches, target.as_ref())
        .map_err(|error| with_source(&error))?;
    let mut printed = Vec::new();
    for object in &mut map {
        let mut annotations = object.annotations();
        annotations.retain(|key, _| !annotation::OF_THE_BUILD.contains(&&**key));
        object.set_annotations(annotations).unwrap();
        printed.push(print(object.node())?);
    }
    Ok(printed.join("---\n"))
}

fn with_source(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
