//! Patches of a build's objects: targets, permissions, deletions, and what is an error.

use kustomize::{
    id::Gvk,
    kustomization::{PatchOptions, Selector},
};

use crate::real::{build, patched};

const OBJECTS: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web, tier: front}
  annotations: {owner: me}
spec:
  replicas: 1
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
  namespace: prod
  labels: {app: api, size: \"3\"}
spec:
  replicas: 1
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data: {a: b}
---
apiVersion: example.com/v1beta1
kind: Foo
metadata:
  name: foo
spec: {list: [{name: a}]}
";

#[derive(Clone, Copy, Default)]
struct Target {
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    name: &'static str,
    namespace: &'static str,
    labels: &'static str,
    annotations: &'static str,
}

impl Target {
    fn selector(self) -> Selector {
        Selector {
            gvk: Gvk {
                group: self.group.into(),
                version: self.version.into(),
                kind: self.kind.into(),
            },
            name: self.name.to_owned(),
            namespace: self.namespace.to_owned(),
            annotation_selector: self.annotations.to_owned(),
            label_selector: self.labels.to_owned(),
        }
    }

    fn text(self) -> String {
        let fields = [
            ("group", self.group),
            ("version", self.version),
            ("kind", self.kind),
            ("name", self.name),
            ("namespace", self.namespace),
            ("labelSelector", self.labels),
            ("annotationSelector", self.annotations),
        ];
        let present = fields.iter().filter(|(_, text)| !text.is_empty());
        let fields: Vec<String> = present
            .map(|(name, text)| format!("{name}: '{text}'"))
            .collect();
        format!("target: {{{}}}", fields.join(", "))
    }
}

const ANY: Target = Target {
    group: "",
    version: "",
    kind: "",
    name: "",
    namespace: "",
    labels: "",
    annotations: "",
};

const NEITHER: PatchOptions = PatchOptions {
    allow_name_change: false,
    allow_kind_change: false,
};

/// Builds the objects with one entry of `patches` both ways.
#[track_caller]
fn check(name: &str, patch: &str, target: Option<Target>, options: PatchOptions) {
    let entry = format!(
        "path: patch.yaml, options: {{allowNameChange: {}, allowKindChange: {}}}{}",
        options.allow_name_change,
        options.allow_kind_change,
        target.map_or_else(String::new, |target| format!(", {}", target.text()))
    );
    let kustomization = format!(
        "resources: [objects.yaml]\npatches: [{{{entry}}}]\nsortOptions: {{order: fifo}}\n"
    );
    let theirs = build(&[
        ("objects.yaml", OBJECTS),
        ("patch.yaml", patch),
        ("kustomization.yaml", &kustomization),
    ]);
    let selector = target.map(Target::selector);
    let ours = patched(OBJECTS, patch, selector.as_ref(), options);
    match (&theirs, &ours) {
        (Ok(theirs), Ok(ours)) => assert_eq!(ours, theirs, "{name}"),
        (Err(_), Err(_)) => {}
        _ => panic!("{name}\nours: {ours:#?}\ntheirs: {theirs:#?}"),
    }
}

#[test]
fn targets_select_what_they_select_in_the_real_program() {
    let patch = "apiVersion: x/v9\nkind: Any\nmetadata: {name: any}\nchanged: true\n";
    let json = "- {op: add, path: /changed, value: true}\n";
    let targets = [
        ANY,
        Target {
            kind: "Deployment",
            ..ANY
        },
        Target {
            kind: "Deploy",
            ..ANY
        },
        Target {
            kind: "Deploy.*|Foo",
            ..ANY
        },
        Target {
            group: "apps",
            ..ANY
        },
        Target {
            group: "example.com",
            ..ANY
        },
        Target {
            version: "v1",
            ..ANY
        },
        Target {
            version: "v1.*",
            ..ANY
        },
        Target { name: "web", ..ANY },
        Target { name: "w|a", ..ANY },
        Target { name: "a.i", ..ANY },
        Target {
            name: "^web$",
            ..ANY
        },
        Target {
            namespace: "prod",
            ..ANY
        },
        Target {
            namespace: "default",
            ..ANY
        },
        Target {
            namespace: "default|prod",
            kind: "Deployment",
            ..ANY
        },
        Target {
            labels: "app=web",
            ..ANY
        },
        Target {
            labels: "app==web,tier!=front",
            ..ANY
        },
        Target {
            labels: "app in (web, api),!size",
            ..ANY
        },
        Target {
            labels: "app notin (web)",
            ..ANY
        },
        Target {
            labels: "size>2",
            ..ANY
        },
        Target {
            labels: "size<3",
            ..ANY
        },
        Target {
            labels: "app",
            ..ANY
        },
        Target {
            labels: "app in ()",
            ..ANY
        },
        Target {
            labels: "app in (,web)",
            ..ANY
        },
        Target {
            annotations: "owner=me",
            ..ANY
        },
        Target {
            annotations: "owner",
            kind: "ConfigMap",
            ..ANY
        },
        Target {
            name: "nothing",
            ..ANY
        },
    ];
    for target in targets {
        let name = target.text();
        check(&name, patch, Some(target), NEITHER);
        check(&name, json, Some(target), NEITHER);
    }
}

#[test]
fn patches_keep_to_what_they_may_do() {
    let web = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n";
    let rename = Target {
        name: "web",
        kind: "Deployment",
        ..ANY
    };
    let name = PatchOptions {
        allow_name_change: true,
        ..NEITHER
    };
    let kind = PatchOptions {
        allow_kind_change: true,
        ..NEITHER
    };
    let both = PatchOptions {
        allow_name_change: true,
        allow_kind_change: true,
    };
    let other = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: other\n  namespace: away\nspec: {a: b}\n";
    for options in [NEITHER, name, kind, both] {
        check("another name and kind", other, Some(rename), options);
        check(
            "the name of another",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\n",
            Some(Target {
                kind: "Deployment",
                ..ANY
            }),
            options,
        );
        check(
            "by its own id",
            &format!("{web}spec: {{replicas: 7}}\n"),
            None,
            options,
        );
        check(
            "a deletion by id",
            &format!("{web}$patch: delete\n"),
            None,
            options,
        );
        check(
            "a deletion by target",
            "kind: X\nmetadata: {name: x}\n$patch: delete\n",
            Some(Target {
                kind: "Deployment",
                ..ANY
            }),
            options,
        );
    }
}

#[test]
fn texts_of_patches_are_read_alike() {
    let web = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n";
    let deployment = Target {
        name: "web",
        kind: "Deployment",
        ..ANY
    };
    let cases: &[(&str, String, Option<Target>)] = &[
        ("labels and annotations become strings", format!("{web}  labels: {{app: null, n: 12, t: true}}\n  annotations: {{owner: null, x: 1.50}}\n"), Some(deployment)),
        ("labels are removed", format!("{web}  labels: null\n  annotations:\n"), Some(deployment)),
        ("labels are removed by id", format!("{web}  labels: null\n  annotations: {{owner: null}}\n"), None),
        ("labels are deleted", format!("{web}  labels: {{$patch: delete}}\n"), Some(deployment)),
        ("labels are replaced", format!("{web}  labels: {{$patch: replace, a: b}}\n"), Some(deployment)),
        ("two documents", format!("{web}spec: {{replicas: 3}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: web}}\ndata: {{c: d}}\n"), None),
        ("two documents with a target", format!("{web}---\n{web}"), Some(deployment)),
        ("two documents for one object", format!("{web}spec: {{replicas: 3}}\n---\n{web}spec: {{paused: true}}\n"), None),
        ("a deletion and a change", format!("{web}$patch: delete\n---\n{web}spec: {{paused: true}}\n"), None),
        ("a list of patches", format!("apiVersion: v1\nkind: List\nitems:\n- {}", web.replace('\n', "\n  ").trim_end()), None),
        ("nothing", String::new(), None),
        ("a comment", "# nothing\n".to_owned(), Some(deployment)),
        ("no name", "apiVersion: apps/v1\nkind: Deployment\n".to_owned(), Some(deployment)),
        ("no kind", "metadata: {name: x}\n".to_owned(), Some(deployment)),
        ("an unknown target", format!("{web}  namespace: other\n"), None),
        ("another version", "apiVersion: apps/v2\nkind: Deployment\nmetadata: {name: web}\n".to_owned(), None),
        ("the default namespace", format!("{web}  namespace: default\nspec: {{a: b}}\n"), None),
        ("a JSON patch without a target", "- {op: add, path: /a, value: b}\n".to_owned(), None),
        ("a scalar", "text\n".to_owned(), Some(deployment)),
        ("no YAML", "a: [\n".to_owned(), Some(deployment)),
        ("a metadata patch", "kind: X\nmetadata: {name: x, $patch: replace}\n".to_owned(), Some(deployment)),
        ("metadata is deleted", "kind: X\nmetadata: {name: x, $patch: delete}\n".to_owned(), Some(deployment)),
        ("another api version by target", "apiVersion: foo/v1\nkind: Deployment\nmetadata: {name: x}\n".to_owned(), Some(deployment)),
        ("a JSON patch of everything", "- {op: add, path: /metadata/labels/x, value: 12}\n- {op: remove, path: /metadata/name}\n- {op: add, path: /metadata/name, value: web}\n".to_owned(), Some(ANY)),
    ];
    for (name, patch, target) in cases {
        check(name, patch, *target, NEITHER);
    }
}
