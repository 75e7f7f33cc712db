//! Patches that nobody means: any text, deep nesting, and what would grow without end.

use std::fmt::Write as _;
use std::sync::Arc;

use kustomize::{
    merge::{self, MergeErrorKind},
    patch::{self, JsonPatch, Patches},
    schema::Schema,
};
use proptest::prelude::*;

use crate::real::parse;

const OBJECT: &str = "apiVersion: v1
kind: Pod
metadata: {name: a, finalizers: [a, b]}
spec:
  containers:
  - {name: a, ports: [{containerPort: 80}, {containerPort: 80, protocol: TCP}], env: [{name: x}]}
  - image: x
";

proptest! {
    #[test]
    fn any_text_is_patches_or_an_error(text in "[\\[\\]{}:,\\- \n\"'a-z$*&#0-9]{0,60}") {
        if let Ok(Patches::Json(patch)) = patch::parse(text.as_bytes()) {
            let _ = patch.apply(&mut parse(OBJECT));
        }
    }

    #[test]
    fn any_patch_is_merged_or_an_error(
        spec in "(\\{|\\[|\\}|\\]|, |containers: |ports: |name: |a|b|null|80|containerPort: |protocol: |\\$patch: |delete|replace|- ){0,40}",
    ) {
        let text = format!("kind: Pod\nmetadata: {{name: a}}\nspec: {spec}\n");
        if let Ok(mut documents) = goyaml::parse(text.as_bytes()) {
            let patch = documents.remove(0).root;
            let schema = Schema::default();
            let _ = merge::strategic(&mut parse(OBJECT), &patch, &schema);
        }
    }

    #[test]
    fn any_json_patch_is_applied_or_an_error(
        operations in prop::collection::vec(
            ("add|remove|replace|move|copy|test", "(/spec|/metadata|/containers|/0|/1|/-|/-1|/env|/a){0,4}", "(/spec|/metadata|/containers|/0){0,3}"),
            0..6,
        ),
    ) {
        let mut text = String::from("[");
        for (at, (op, path, from)) in operations.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let _ = write!(text, r#"{comma}{{"op":"{op}","path":"{path}","from":"{from}","value":{{"a":[1]}}}}"#);
        }
        text.push(']');
        let patch = JsonPatch::parse(text.as_bytes()).unwrap();
        let before = parse(OBJECT);
        let mut object = before.clone();
        if patch.apply(&mut object).is_err() {
            prop_assert_eq!(crate::real::print(&object), crate::real::print(&before));
        }
    }
}

#[test]
fn deep_objects_are_refused() {
    let schema = Schema::default();
    let nested = |depth: usize| {
        let text = format!(
            "kind: A\nmetadata: {{name: a}}\nspec: {}1{}\n",
            "{a: ".repeat(depth),
            "}".repeat(depth)
        );
        parse(&text)
    };
    let merged = merge::strategic(&mut nested(390), &nested(390), &schema);
    assert_eq!(merged, Ok(merge::Outcome::Merged));
    let refused = merge::strategic(&mut nested(410), &nested(410), &schema);
    assert_eq!(refused.unwrap_err().kind, MergeErrorKind::TooDeep);
}

#[test]
fn copies_do_not_multiply_an_object_without_end() {
    let operations: Vec<String> = (0..60)
        .map(|n| format!(r#"{{"op":"copy","from":"/spec","path":"/spec/n{n}"}}"#))
        .collect();
    let patch = JsonPatch::parse(format!("[{}]", operations.join(",")).as_bytes()).unwrap();
    let error = patch.apply(&mut parse(OBJECT)).unwrap_err();
    assert!(["json-patch-too-large", "json-patch-too-deep"].contains(&error.reason()));
}

#[test]
fn long_lists_are_merged_in_time_with_their_length() {
    let list = |from: usize, to: usize| {
        let mut text =
            String::from("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [");
        for n in from..to {
            let _ = write!(text, "{{name: n{n}, image: x}}, ");
        }
        text.push_str("]}\n");
        parse(&text)
    };
    let schema = Arc::new(Schema::default());
    let mut object = list(0, 40_000);
    let merged = merge::strategic(&mut object, &list(20_000, 60_000), &schema);
    assert_eq!(merged, Ok(merge::Outcome::Merged));
    let containers = object
        .get("spec")
        .and_then(|spec| spec.get("containers"))
        .unwrap();
    assert_eq!(containers.items().len(), 60_000);
    assert_eq!(containers.items()[0].get("name").unwrap().value, "n20000");

    let alike = format!("[{}]", "{containerPort: 1}, ".repeat(10_000));
    let text = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, ports: {alike}}}]}}\n"
    );
    let refused = merge::strategic(&mut parse(&text), &parse(OBJECT), &schema);
    assert_eq!(refused.unwrap_err().kind, MergeErrorKind::TooManyItems);
}
