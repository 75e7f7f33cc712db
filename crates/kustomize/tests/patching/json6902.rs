//! JSON patches.

use kustomize::kustomization::Selector;

use crate::real::{build, patched};

const OBJECT: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web, tier: front}
  annotations: {a: "1", b: "true", c: 'x'}
spec:
  replicas: 3
  big: 1234567
  huge: 12345678901234567890
  longer: 9007199254740993
  float: 1.50
  tiny: 0.00000001
  date: 2020-01-01
  none: null
  yes: "yes"
  multi: |
    a
    b
  template:
    spec:
      containers:
      - name: a
        image: x:1 # comment
        args: ["1", 2, true]
      - name: b
"#;

/// Name and patch.
const CASES: &[(&str, &str)] = &[
    (
        "operations",
        r##"- {op: add, path: /spec/new, value: {a: [1, "2", null, 1.0, true]}}
- {op: add, path: /spec/template/spec/containers/0, value: {name: z}}
- {op: add, path: /spec/template/spec/containers/-, value: {name: y}}
- {op: add, path: /spec/template/spec/containers/-1, value: {name: x}}
- {op: remove, path: /spec/float}
- {op: replace, path: /spec/replicas, value: 5}
- {op: replace, path: /spec/added, value: 5}
- {op: copy, from: /spec/template, path: /spec/other}
- {op: move, from: /spec/yes, path: /spec/no}
- {op: test, path: /spec/big, value: 1234567}
"##,
    ),
    (
        "json",
        r##"[{"op": "add", "path": "/metadata/annotations/x~1y~0z", "value": "<&>"}, {"op":"remove","path":"/metadata/annotations/a"},
 {"op": "replace", "path": "/spec/replicas", "value": 1e3}]"##,
    ),
    (
        "json after space",
        r##" [{"op": "add", "path": "/spec/a", "value": 1.0}]"##,
    ),
    ("nothing", r##"[]"##),
    (
        "annotations become strings",
        r##"- {op: add, path: /metadata/annotations/n, value: 12}
- {op: add, path: /metadata/annotations/t, value: true}
- {op: add, path: /metadata/annotations/z, value: null}
"##,
    ),
    (
        "annotations are removed",
        r##"- {op: remove, path: /metadata/annotations}
"##,
    ),
    (
        "annotations are no mapping",
        r##"- {op: replace, path: /metadata/annotations, value: x}
"##,
    ),
    (
        "name and kind",
        r##"- {op: replace, path: /metadata/name, value: other}
- {op: replace, path: /kind, value: StatefulSet}
"##,
    ),
    (
        "missing path",
        r##"- {op: add, path: /spec/a/b, value: 1}
"##,
    ),
    (
        "missing key",
        r##"- {op: remove, path: /spec/zzz}
"##,
    ),
    (
        "missing index",
        r##"- {op: replace, path: /spec/template/spec/containers/7, value: 1}
"##,
    ),
    (
        "index that is none",
        r##"- {op: add, path: /spec/template/spec/containers/x, value: 1}
"##,
    ),
    (
        "index beyond",
        r##"- {op: add, path: /spec/template/spec/containers/3, value: {name: c}}
"##,
    ),
    (
        "index at end",
        r##"- {op: add, path: /spec/template/spec/containers/2, value: {name: c}}
"##,
    ),
    (
        "negative index",
        r##"- {op: remove, path: /spec/template/spec/containers/-1}
"##,
    ),
    (
        "too negative index",
        r##"- {op: remove, path: /spec/template/spec/containers/-3}
"##,
    ),
    (
        "signed index",
        r##"- {op: remove, path: /spec/template/spec/containers/+1}
"##,
    ),
    (
        "unknown operation",
        r##"- {op: what, path: /spec}
"##,
    ),
    (
        "no operation",
        r##"- {path: /spec}
"##,
    ),
    (
        "no path",
        r##"- {op: add, value: 1}
"##,
    ),
    (
        "no value",
        r##"- {op: add, path: /spec/a}
"##,
    ),
    (
        "no from",
        r##"- {op: move, path: /spec/a}
"##,
    ),
    (
        "move of nothing",
        r##"- {op: move, from: /spec/zzz, path: /spec/a}
"##,
    ),
    (
        "copy of nothing",
        r##"- {op: copy, from: /spec/zzz, path: /spec/a}
"##,
    ),
    (
        "copy from no list",
        r##"- {op: copy, from: /spec/template/spec/containers/9, path: /spec/a}
"##,
    ),
    (
        "path without slash",
        r##"- {op: add, path: spec, value: 1}
"##,
    ),
    (
        "path that does not start with a slash",
        r##"- {op: add, path: xyz/spec/a, value: 1}
"##,
    ),
    (
        "empty path",
        r##"- {op: add, path: "", value: {}}
"##,
    ),
    (
        "root is replaced",
        r##"- {op: replace, path: "", value: {apiVersion: v1, kind: ConfigMap, metadata: {name: q}}}
"##,
    ),
    (
        "root becomes a list",
        r##"- {op: replace, path: "", value: [1]}
"##,
    ),
    (
        "root is tested",
        r##"- {op: test, path: "", value: {}}
"##,
    ),
    (
        "path through a scalar",
        r##"- {op: add, path: /spec/replicas/a, value: 1}
"##,
    ),
    (
        "path through a null",
        r##"- {op: add, path: /spec/none/a, value: 1}
"##,
    ),
    (
        "empty key",
        r##"- {op: add, path: /spec/, value: 1}
"##,
    ),
    (
        "test equal",
        r##"- {op: test, path: /spec/template/spec/containers/0, value: {args: ["1", 2, true], image: "x:1", name: a}}
"##,
    ),
    (
        "test other order",
        r##"- {op: test, path: /spec/template/spec/containers/0/args, value: [2, "1", true]}
"##,
    ),
    (
        "test null",
        r##"- {op: test, path: /spec/none, value: null}
"##,
    ),
    (
        "test missing",
        r##"- {op: test, path: /spec/zzz, value: null}
"##,
    ),
    (
        "test without value",
        r##"- {op: test, path: /spec/zzz}
"##,
    ),
    (
        "test missing is not",
        r##"- {op: test, path: /spec/zzz, value: 1}
"##,
    ),
    (
        "test number forms",
        r##"[{"op": "test", "path": "/spec/replicas", "value": 3.0}]"##,
    ),
    (
        "test number forms of yaml",
        r##"- {op: test, path: /spec/replicas, value: 3.0}
"##,
    ),
    (
        "test float",
        r##"- {op: test, path: /spec/float, value: 1.5}
"##,
    ),
    (
        "test string escapes",
        r##"[{"op":"add","path":"/spec/s","value":"a<b"},{"op": "test", "path": "/spec/s", "value": "a<b"}]"##,
    ),
    (
        "test string escapes of the object",
        r##"[{"op": "test", "path": "/spec/multi", "value": "a\nb\n"}]"##,
    ),
    (
        "test date",
        r##"- {op: test, path: /spec/date, value: "2020-01-01T00:00:00Z"}
"##,
    ),
    (
        "operation that is null",
        r##"- null
"##,
    ),
    (
        "operation that is a text",
        r##"- what
"##,
    ),
    (
        "patch that is a mapping",
        r##"op: add
path: /spec/a
"##,
    ),
    (
        "patch that is a text",
        r##"what
"##,
    ),
    ("invalid", r##"[{"##),
    ("yaml flow", r##"[{op: add, path: /spec/a, value: 1}]"##),
    (
        "yaml flow after space",
        r##" [{op: add, path: /spec/a, value: 1}]"##,
    ),
    (
        "two documents",
        r##"- {op: add, path: /spec/a, value: 1}
---
- {op: add, path: /spec/b, value: 1}
"##,
    ),
    (
        "comment first",
        r##"# x
- {op: add, path: /spec/a, value: yes}
- {op: add, path: /spec/b, value: 0777}
- {op: add, path: /spec/c, value: 1_000}
- {op: add, path: /spec/d, value: 2020-01-01}
"##,
    ),
    (
        "path is a number",
        r##"- {op: add, path: 7, value: 1}
"##,
    ),
];

#[test]
fn patches_do_what_they_do_in_the_real_program() {
    let mut differences = Vec::new();
    for (name, patch) in CASES {
        let theirs = build(&[
            ("object.yaml", OBJECT),
            ("patch", patch),
            (
                "kustomization.yaml",
                "resources: [object.yaml]\npatches: [{path: patch, target: {name: web}}]\n",
            ),
        ]);
        let target = Selector {
            name: "web".to_owned(),
            ..Selector::default()
        };
        let ours = patched(OBJECT, patch, Some(&target), Default::default());
        match (&theirs, &ours) {
            (Ok(theirs), Ok(ours)) if ours == theirs => {}
            (Err(_), Err(_)) => {}
            _ => differences.push(format!("{name}\nours:\n{ours:#?}\ntheirs:\n{theirs:#?}")),
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}
