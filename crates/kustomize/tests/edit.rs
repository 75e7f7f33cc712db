//! Kustomizations that are changed before they are built come out as after `kustomize edit`, by which Argo CD changes them
//! (argo-cd: util/kustomize/kustomize.go).
// A test may give up where its setting cannot be made; clippy knows only test functions, not those they call.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use goyaml::decode::{Duplicates, yaml_to_json};
use goyaml::{Limits, Value, emit};
use kustomize::BuildOptions;
use kustomize::edit::{AnnotationEdit, Edits, Existing, LabelEdit, LabelReach, MissingComponents};
use kustomize::kustomization::{Patch, Replica, Selector};
use support::{built, difference};

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n  selector:\n    \
                   matchLabels:\n      app: web\n  template:\n    metadata:\n      labels:\n        app: web\n    spec:\n      \
                   containers:\n      - name: web\n        image: shop/web:1.0\n      - name: side\n        image: \
                   registry:5000/side@sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d3\n---\n\
                   apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  selector:\n    app: web\n";
const COMPONENT: &str = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n";

const NOT_A_MAP: &str = "kustomization.yaml is no map";

/// What a case holds besides `web.yaml` and the kustomization.
const FILES: &[(&str, &str)] = &[
    ("app/web.yaml", WEB),
    ("components/one/kustomization.yaml", "NAMES one"),
    ("components/two/kustomization.yaml", "NAMES two"),
    ("components/.hidden/kustomization.yaml", "NAMES hidden"),
    (
        "app/patch.yaml",
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  type: NodePort\n",
    ),
    ("app/own.env", "A=1\n"),
];

/// Kustomizations that are changed.
const KUSTOMIZATIONS: &[(&str, &str)] = &[
    ("plain", "resources: [web.yaml]\n"),
    (
        "full",
        "# A comment.\nresources:\n- web.yaml\nnamePrefix: old-\nnameSuffix: -old\nnamespace: old\ncommonAnnotations:\n  owner: us\n\
         images:\n- name: shop/web\n  newName: shop/other\n  newTag: \"2\"\n- name: a\n  newTag: b\nreplicas:\n- name: web\n  \
         count: 2\nlabels:\n- pairs:\n    team: red\n- includeTemplates: true\n  pairs:\n    tier: front\npatches:\n- patch: |-\n    - op: \
         add\n      path: /metadata/annotations\n      value: {first: \"1\"}\n  target:\n    kind: Service\ncomponents:\n- \
         ../components/two\nconfigMapGenerator:\n- name: own\n  env: own.env\n",
    ),
    (
        "deprecated",
        "bases: []\nresources: [web.yaml]\ncommonLabels: {team: red}\nimageTags: [{name: shop/web, newTag: '3'}]\n\
         patchesStrategicMerge: [patch.yaml]\npatchesJson6902:\n- target: {version: v1, kind: Service, name: web}\n  patch: '[{op: \
         add, path: /metadata/labels/x, value: y}]'\nvars: []\n",
    ),
    (
        "suffixes",
        "resources: [web.yaml]\nimages:\n- {name: shop/web, newTag: '3', tagSuffix: -x}\n- {name: shop/web, newTag: '4'}\n\
         replicas: [{name: web, count: 3}, {name: web, count: 4}]\n",
    ),
    ("empty", ""),
    ("nothing", "resources: []\n"),
    ("other-kind", "kind: Deployment\n"),
    (
        "component",
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [web.yaml]\n",
    ),
    (
        "json",
        "{\"resources\": [\"web.yaml\"], \"commonAnnotations\": {\"owner\": \"us\"}}",
    ),
    ("unknown", "resource: []\n"),
    (
        "fields",
        "resources: [web.yaml]\nlabels:\n- pairs: {team: red}\n  fields:\n  - {path: spec/labels, create: true}\n",
    ),
];

#[test]
fn edited_kustomizations_build_as_after_kustomize_edit() {
    let folder = tempfile::tempdir().unwrap();
    let mut different = Vec::new();
    let mut compared = 0;
    for (kustomization, text) in KUSTOMIZATIONS {
        for (edit, edits) in edits() {
            let name = format!("{kustomization}-{edit}");
            let case = folder.path().join(&name);
            write(&case, text);
            let options = BuildOptions {
                edits: edits.clone(),
                ..BuildOptions::default()
            };
            let ours = built(&case, "app", &options);
            let theirs = edited_and_built(&case, &edits);
            compared += 1;
            match (ours, theirs) {
                (Ok(ours), Ok(theirs)) => {
                    if let Some(text) = difference(&theirs, &ours) {
                        different.push(format!("{name}:\n{text}"));
                    }
                }
                (Err(_), Err(_)) => {}
                // Argo CD wants a map to put its patches into, which an empty file is not.
                (Ok(_), Err(error)) if error == NOT_A_MAP => {}
                (ours, theirs) => {
                    different.push(format!("{name}: {ours:?}, kustomize: {theirs:?}"))
                }
            }
        }
    }
    assert!(
        different.is_empty(),
        "{} of {compared} differ:\n{}",
        different.len(),
        different.join("\n")
    );
}

fn edits() -> Vec<(&'static str, Edits)> {
    let pairs = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    };
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let images = |images: &[&str]| Edits {
        images: texts(images),
        ..Edits::default()
    };
    let labels = |labels: &[(&str, &str)], existing, reach| Edits {
        labels: LabelEdit {
            pairs: pairs(labels),
            existing,
            reach,
        },
        ..Edits::default()
    };
    let annotations = |annotations: &[(&str, &str)], existing| Edits {
        annotations: AnnotationEdit {
            pairs: pairs(annotations),
            existing,
        },
        ..Edits::default()
    };
    let components = |components: &[&str], missing_components| Edits {
        components: texts(components),
        missing_components,
        ..Edits::default()
    };
    let replicas = |replicas: &[(&str, i64)]| Edits {
        replicas: replicas
            .iter()
            .map(|(name, count)| Replica {
                name: (*name).to_owned(),
                count: *count,
            })
            .collect(),
        ..Edits::default()
    };
    let patches = |patches: &[(&str, &str, Option<&str>)]| Edits {
        patches: patches
            .iter()
            .map(|(path, patch, kind)| Patch {
                path: (*path).to_owned(),
                patch: (*patch).to_owned(),
                target: kind.map(|kind| {
                    let mut target = Selector::default();
                    target.gvk.kind = kind.to_owned().into();
                    target
                }),
                options: None,
            })
            .collect(),
        ..Edits::default()
    };
    let digest = "sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d3";
    vec![
        ("none", Edits::default()),
        (
            "prefix",
            Edits {
                name_prefix: "p-".to_owned(),
                ..Edits::default()
            },
        ),
        (
            "dashes",
            Edits {
                name_prefix: "--p".to_owned(),
                ..Edits::default()
            },
        ),
        (
            "suffix",
            Edits {
                name_suffix: "-s".to_owned(),
                ..Edits::default()
            },
        ),
        (
            "namespace",
            Edits {
                namespace: "shop".to_owned(),
                ..Edits::default()
            },
        ),
        ("tag", images(&["shop/web:5"])),
        ("name", images(&["shop/web=eu/web"])),
        (
            "name-tag",
            images(&["shop/web=eu:80/web:7", "registry:5000/side:v1"]),
        ),
        ("digest", images(&[&format!("shop/web@{digest}"), "b:1"])),
        ("tag-digest", images(&[&format!("shop/web=x:1@{digest}")])),
        ("keep-tag", images(&["shop/web=x:*"])),
        ("keep-name", images(&["shop/web=*:9"])),
        ("keep-digest", images(&["shop/web=y@*", "shop/web=z@*"])),
        ("no-image", images(&["shop/web"])),
        ("empty-tag", images(&["shop/web="])),
        ("flag", images(&["--unknown=x:1"])),
        ("replicas", replicas(&[("web", 5), ("other", 1)])),
        ("replicas-zero", replicas(&[("web", 0)])),
        ("replicas-name", replicas(&[("we=b", 1)])),
        (
            "label",
            labels(
                &[("team", "blue"), ("x", "y")],
                Existing::Refuse,
                LabelReach::Selectors,
            ),
        ),
        (
            "label-new",
            labels(&[("x", "y:z")], Existing::Refuse, LabelReach::Selectors),
        ),
        (
            "label-force",
            labels(
                &[("team", "blue")],
                Existing::Replace,
                LabelReach::Selectors,
            ),
        ),
        (
            "label-metadata",
            labels(
                &[("team", "blue"), ("x", "\"true\"")],
                Existing::Replace,
                LabelReach::Metadata,
            ),
        ),
        (
            "label-metadata-refused",
            labels(&[("team", "blue")], Existing::Refuse, LabelReach::Metadata),
        ),
        (
            "label-templates",
            labels(
                &[("x", "y"), ("tier", "back")],
                Existing::Replace,
                LabelReach::Templates,
            ),
        ),
        (
            "label-templates-only",
            labels(
                &[("x", "y")],
                Existing::Replace,
                LabelReach::TemplatesWithSelectors,
            ),
        ),
        (
            "label-empty",
            labels(&[("", "y")], Existing::Replace, LabelReach::Selectors),
        ),
        (
            "label-no-value",
            labels(&[("x", "")], Existing::Replace, LabelReach::Selectors),
        ),
        (
            "annotation",
            annotations(&[("owner", "them"), ("a.b/c", "d: e")], Existing::Refuse),
        ),
        (
            "annotation-new",
            annotations(&[("a.b/c", "{\"json\": [1]}")], Existing::Refuse),
        ),
        (
            "annotation-force",
            annotations(&[("owner", "\"them\"")], Existing::Replace),
        ),
        (
            "component",
            components(
                &["../components/one", "../components/two"],
                MissingComponents::Refuse,
            ),
        ),
        (
            "component-glob",
            components(&["../components/*"], MissingComponents::Refuse),
        ),
        (
            "component-class",
            components(
                &["../comp*/[no]ne", "../components/t?o"],
                MissingComponents::Refuse,
            ),
        ),
        (
            "component-hidden",
            components(&["../components/.h*"], MissingComponents::Refuse),
        ),
        (
            "component-missing",
            components(&["../components/three"], MissingComponents::Refuse),
        ),
        (
            "component-ignored",
            components(
                &["../components/three", "../components/one"],
                MissingComponents::Ignore,
            ),
        ),
        (
            "component-all-ignored",
            components(
                &["../components/three", "../../out"],
                MissingComponents::Ignore,
            ),
        ),
        (
            "component-malformed",
            components(&["../components/["], MissingComponents::Refuse),
        ),
        (
            "component-file",
            components(&["web.yaml"], MissingComponents::Refuse),
        ),
        (
            "patch",
            patches(&[(
                "",
                "- op: add\n  path: /metadata/annotations/second\n  value: '2'\n",
                Some("Deployment|Service"),
            )]),
        ),
        ("patch-file", patches(&[("patch.yaml", "", None)])),
        ("patch-missing", patches(&[("none.yaml", "", None)])),
        (
            "all",
            Edits {
                name_prefix: "p-".to_owned(),
                name_suffix: "-s".to_owned(),
                images: texts(&["shop/web:5"]),
                replicas: replicas(&[("web", 5)]).replicas,
                labels: labels(&[("x", "y")], Existing::Replace, LabelReach::Templates).labels,
                annotations: annotations(&[("a", "b")], Existing::Replace).annotations,
                namespace: "shop".to_owned(),
                patches: patches(&[("patch.yaml", "", None)]).patches,
                components: texts(&["../components/one"]),
                missing_components: MissingComponents::Ignore,
            },
        ),
    ]
}

fn write(case: &Path, kustomization: &str) {
    for (path, text) in FILES
        .iter()
        .chain(&[("app/kustomization.yaml", kustomization)])
    {
        let path = case.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = match text.strip_prefix("NAMES ") {
            Some(name) => format!("{COMPONENT}commonAnnotations: {{component-{name}: is-there}}\n"),
            None => (*text).to_owned(),
        };
        fs::write(path, text).unwrap();
    }
}

/// What Argo CD makes of a case: it runs a command per kind of change, and writes patches itself.
fn edited_and_built(case: &Path, edits: &Edits) -> Result<String, String> {
    let app = case.join("app");
    let run = |arguments: &[String]| -> Result<String, String> {
        let output = Command::new(peers::program("kustomize", "kustomize"))
            .args(arguments)
            .current_dir(&app)
            .output()
            .unwrap();
        if output.status.success() {
            Ok(String::from_utf8(output.stdout).unwrap())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    };
    let edit = |words: &[&str], rest: Vec<String>| {
        let words = words.iter().map(|word| (*word).to_owned());
        run(&["edit".to_owned()]
            .into_iter()
            .chain(words)
            .chain(rest)
            .collect::<Vec<_>>())
    };
    let pairs = |pairs: &BTreeMap<String, String>| -> Vec<String> {
        pairs
            .iter()
            .map(|(name, value)| format!("{name}:{value}"))
            .collect()
    };
    for (words, text) in [
        (["set", "nameprefix", "--"], &edits.name_prefix),
        (["set", "namesuffix", "--"], &edits.name_suffix),
    ] {
        if !text.is_empty() {
            edit(&words, vec![text.clone()])?;
        }
    }
    if !edits.images.is_empty() {
        edit(&["set", "image"], edits.images.clone())?;
    }
    if !edits.replicas.is_empty() {
        let replicas = edits.replicas.iter();
        let replicas = replicas.map(|replica| format!("{}={}", replica.name, replica.count));
        edit(&["set", "replicas"], replicas.collect())?;
    }
    if !edits.labels.pairs.is_empty() {
        let mut words = vec!["add", "label"];
        if edits.labels.existing == Existing::Replace {
            words.push("--force");
        }
        match edits.labels.reach {
            LabelReach::Selectors => {}
            LabelReach::Metadata => words.push("--without-selector"),
            LabelReach::Templates => words.extend(["--without-selector", "--include-templates"]),
            LabelReach::TemplatesWithSelectors => words.push("--include-templates"),
        }
        edit(&words, pairs(&edits.labels.pairs))?;
    }
    if !edits.annotations.pairs.is_empty() {
        let mut words = vec!["add", "annotation"];
        if edits.annotations.existing == Existing::Replace {
            words.push("--force");
        }
        edit(&words, pairs(&edits.annotations.pairs))?;
    }
    if !edits.namespace.is_empty() {
        edit(&["set", "namespace", "--"], vec![edits.namespace.clone()])?;
    }
    if !edits.patches.is_empty() {
        append_patches(&app.join("kustomization.yaml"), &edits.patches)?;
    }
    let components: Vec<String> = edits
        .components
        .iter()
        .filter(|component| {
            edits.missing_components == MissingComponents::Refuse || app.join(component).exists()
        })
        .cloned()
        .collect();
    if !components.is_empty() {
        edit(&["add", "component"], components)?;
    }
    run(&["build".to_owned(), ".".to_owned()])
}

fn append_patches(file: &Path, patches: &[Patch]) -> Result<(), String> {
    let text = fs::read(file).unwrap();
    let value = yaml_to_json(&text, Duplicates::LastWins, &Limits::default()).unwrap();
    let Value::Object(mut fields) = value else {
        return Err(NOT_A_MAP.to_owned());
    };
    let entry = |patch: &Patch| {
        let mut entry = Vec::new();
        for (name, text) in [("path", &patch.path), ("patch", &patch.patch)] {
            if !text.is_empty() {
                entry.push((name.to_owned(), Value::String(text.clone())));
            }
        }
        if let Some(target) = &patch.target {
            let kind = Value::String(target.gvk.kind.to_string());
            entry.push((
                "target".to_owned(),
                Value::Object(vec![("kind".to_owned(), kind)]),
            ));
        }
        Value::Object(entry)
    };
    let entries: Vec<Value> = patches.iter().map(entry).collect();
    match fields.iter_mut().find(|(name, _)| name == "patches") {
        Some((_, Value::Array(list))) => list.extend(entries),
        Some(_) => return Err("patches is no list".to_owned()),
        None => fields.push(("patches".to_owned(), Value::Array(entries))),
    }
    fs::write(file, emit::kubernetes(&Value::Object(fields))).unwrap();
    Ok(())
}
