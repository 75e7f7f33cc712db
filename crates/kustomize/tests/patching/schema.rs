//! Merges by the documents that kustomizations name in `openapi`.

use std::sync::Arc;

use kustomize::{id::Scope, schema::Schema};

use crate::real::{build, merged};

const DOCUMENT: &str = r##"{
  "definitions": {
    "com.example.v1.Foo": {
      "type": "object",
      "x-kubernetes-group-version-kind": [{"group": "example.com", "kind": "Foo", "version": "v1"}],
      "properties": {
        "spec": {"$ref": "#/definitions/com.example.v1.FooSpec"}
      }
    },
    "com.example.v1.FooSpec": {
      "properties": {
        "by-id": {"type": "array", "items": {"$ref": "#/definitions/com.example.v1.Item"},
          "x-kubernetes-patch-merge-key": "id", "x-kubernetes-patch-strategy": "merge"},
        "by-two": {"type": ["array"], "items": {"type": "object"},
          "x-kubernetes-list-map-keys": ["id", "kind"], "x-kubernetes-patch-strategy": "merge,retainKeys"},
        "replaced": {"type": "array", "items": {"type": "object"}, "x-kubernetes-patch-merge-key": "id"},
        "texts": {"type": "array", "items": {"type": "string"}, "x-kubernetes-patch-strategy": "merge"},
        "any": {"type": "object", "additionalProperties": {"$ref": "#/definitions/com.example.v1.FooSpec"}},
        "within": {"$ref": "#/definitions/com.example.v1.FooSpec/properties/any"},
        "pod": {"$ref": "#/definitions/io.k8s.api.core.v1.PodSpec"},
        "nowhere": {"$ref": "#/definitions/nothing"},
        "circle": {"$ref": "#/definitions/com.example.v1.FooSpec"}
      }
    },
    "com.example.v1.Item": {
      "properties": {
        "inner": {"type": "array", "items": {"type": "object"},
          "x-kubernetes-patch-merge-key": "name", "x-kubernetes-patch-strategy": "merge"}
      }
    }
  },
  "paths": {
    "/apis/example.com/v1/foos": {"get": {"x-kubernetes-group-version-kind": {"group": "example.com", "kind": "Foo", "version": "v1"}}},
    "/apis/example.com/v1/bars": {"get": {"x-kubernetes-group-version-kind": {"group": "example.com", "kind": "Bar", "version": "v1"}}},
    "/apis/example.com/v1/namespaces/{namespace}/bars": {"get": {"x-kubernetes-group-version-kind": {"group": "example.com", "kind": "Bar", "version": "v1"}}}
  }
}
"##;

const FOO: &str = "apiVersion: example.com/v1\nkind: Foo\nmetadata:\n  name: foo\nspec: ";
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: pod\nspec: ";

/// Fields of the object and of the patch.
const CASES: &[(&str, &str, &str)] = &[
    (
        FOO,
        "{by-id: [{id: a, x: 1}, {id: b}]}",
        "{by-id: [{id: c}, {id: a, y: 2}]}",
    ),
    (
        FOO,
        "{by-id: [{id: a, inner: [{name: p}]}]}",
        "{by-id: [{id: a, inner: [{name: q}]}]}",
    ),
    (
        FOO,
        "{by-two: [{id: a, kind: k, x: 1}, {id: a, kind: l}]}",
        "{by-two: [{id: a, kind: l, y: 2}]}",
    ),
    (FOO, "{replaced: [{id: a}]}", "{replaced: [{id: b}]}"),
    (FOO, "{texts: [a, b]}", "{texts: [c, a]}"),
    (FOO, "{any: {k: {texts: [a]}}}", "{any: {k: {texts: [b]}}}"),
    (
        FOO,
        "{within: {k: {texts: [a]}}}",
        "{within: {k: {texts: [b]}}}",
    ),
    (
        FOO,
        "{pod: {containers: [{name: a}]}}",
        "{pod: {containers: [{name: b}]}}",
    ),
    (
        FOO,
        "{nowhere: {list: [{name: a}]}}",
        "{nowhere: {list: [{name: b}]}}",
    ),
    (
        FOO,
        "{circle: {circle: {texts: [a]}}}",
        "{circle: {circle: {texts: [b]}}}",
    ),
    (
        POD,
        "{containers: [{name: a}]}",
        "{containers: [{name: b}]}",
    ),
];

const PLAIN: &str = "resources: [object.yaml]\npatches: [{path: patch.yaml}]\n";

#[test]
fn a_document_takes_the_place_of_the_builtin_types() {
    let yaml = goyaml::emit::kubernetes(&goyaml::json::parse(DOCUMENT.as_bytes()).unwrap());
    for (name, text) in [("schema.json", DOCUMENT), ("schema.yaml", &yaml)] {
        let schema = Arc::new(Schema::default());
        schema.set(None, Some(text.as_bytes())).unwrap();
        for (head, object, patch) in CASES {
            let (object, patch) = (format!("{head}{object}\n"), format!("{head}{patch}\n"));
            let kustomization = format!("{PLAIN}openapi: {{path: {name}}}\n");
            let theirs = build(&[
                ("object.yaml", &object),
                ("patch.yaml", &patch),
                (name, text),
                ("kustomization.yaml", &kustomization),
            ]);
            assert_eq!(
                merged(&object, &[&patch], &schema),
                theirs,
                "{object}{patch}"
            );
        }
        assert_eq!(schema.scope("example.com/v1", "Foo"), Scope::Cluster);
        assert_eq!(schema.scope("example.com/v1", "Bar"), Scope::Namespaced);
        assert_eq!(schema.scope("v1", "Node"), Scope::Cluster);
    }
}

#[test]
fn a_document_adds_to_what_was_in_use_before() {
    // A base that patches makes the built-in types known; the document of the next base comes on top.
    for (head, object, patch) in CASES {
        let (object, patch) = (format!("{head}{object}\n"), format!("{head}{patch}\n"));
        let theirs = build(&[
            (
                "one/object.yaml",
                "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n",
            ),
            (
                "one/patch.yaml",
                "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\na: b\n",
            ),
            ("one/kustomization.yaml", PLAIN),
            ("two/object.yaml", &object),
            ("two/schema.json", DOCUMENT),
            ("two/patch.yaml", &patch),
            (
                "two/kustomization.yaml",
                &format!("{PLAIN}openapi: {{path: schema.json}}\n"),
            ),
            (
                "kustomization.yaml",
                "resources: [one, two]\nsortOptions: {order: fifo}\n",
            ),
        ]);
        let schema = Arc::new(Schema::default());
        assert!(schema.object("v1", "Secret").is_some());
        schema.set(None, Some(DOCUMENT.as_bytes())).unwrap();
        let ours = merged(&object, &[&patch], &schema).unwrap();
        let theirs = theirs.unwrap();
        let (_, theirs) = theirs.split_once("---\n").unwrap();
        assert_eq!(ours, theirs, "{object}{patch}");
    }
}

#[test]
fn a_document_lies_below_what_was_asked_for_before() {
    // An unknown type was looked up, and nothing merged: the built-in types come on top of the document.
    let document = DOCUMENT.replace(
        "\"example.com\", \"kind\": \"Foo\", \"version\": \"v1\"",
        "\"\", \"kind\": \"Pod\", \"version\": \"v1\"",
    );
    let object = format!("{POD}{{containers: [{{name: a}}], texts: [a]}}\n");
    let patch = format!("{POD}{{containers: [{{name: b}}], texts: [b]}}\n");

    let theirs = build(&[
        (
            "one/object.yaml",
            "apiVersion: example.com/v1\nkind: Foo\nmetadata: {name: s}\n",
        ),
        ("one/kustomization.yaml", "resources: [object.yaml]\n"),
        ("two/object.yaml", &object),
        ("two/schema.json", &document),
        ("two/patch.yaml", &patch),
        (
            "two/kustomization.yaml",
            &format!("{PLAIN}openapi: {{path: schema.json}}\n"),
        ),
        (
            "kustomization.yaml",
            "resources: [one, two]\nsortOptions: {order: fifo}\n",
        ),
    ]);
    let schema = Arc::new(Schema::default());
    assert_eq!(schema.scope("example.com/v1", "Foo"), Scope::Namespaced);
    schema.set(None, Some(document.as_bytes())).unwrap();
    let ours = merged(&object, &[&patch], &schema).unwrap();
    let theirs = theirs.unwrap();
    let (_, theirs) = theirs.split_once("---\n").unwrap();
    assert_eq!(ours, theirs, "{object}{patch}");
}

#[test]
fn versions_are_refused_as_in_the_real_program() {
    for (version, document, refused) in [
        (Some("v1.21.2"), None, None),
        (Some(""), None, None),
        (Some("v1.30.0"), None, Some("openapi-version-unknown")),
        (
            Some("v1.21.2"),
            Some(DOCUMENT),
            Some("openapi-version-and-document"),
        ),
        (None, Some("["), Some("openapi-not-yaml")),
        (None, Some("{"), Some("openapi-not-json")),
        (None, Some("text"), Some("openapi-not-a-document")),
    ] {
        let schema = Schema::default();
        let set = schema.set(version, document.map(str::as_bytes));
        assert_eq!(
            set.err().map(|error| error.reason()),
            refused,
            "{version:?}"
        );
    }
    let schema = Schema::default();
    schema.set(Some("v1.21.2"), None).unwrap();
    schema.set(Some("v1.30.0"), None).unwrap();
}
