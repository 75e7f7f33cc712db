//! Values that are copied between objects: replacements and vars.

use kustomize::Budget;
use kustomize::config::TransformerConfig;
use kustomize::kustomization::{Kustomization, KustomizationFields, Replacement};
use kustomize::replacements;
use kustomize::vars::VarSet;

use super::{found, objects};

const OBJECTS: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: source, labels: {tier: front}}
data:
  host: 'db.example.com:5432'
  json: '{\"b\": 1, \"a\": {\"c\": 2}}'
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {tier: back}}
spec:
  replicas: 1
  template:
    spec:
      containers:
      - {name: web, image: 'nginx:1', args: [--host=x, $(HOST), $(COUNT), $(OTHER), $$(HOST)]}
      - {name: log, image: 'fluent:2'}
";

#[track_caller]
fn fields(kustomization: &str) -> KustomizationFields {
    Kustomization::parse(kustomization.as_bytes())
        .unwrap()
        .fields
}

fn replaced(replacement: &str, path: &str) -> Result<String, &'static str> {
    let fields = fields(&format!("replacements: [{replacement}]"));
    let replacements: Vec<Replacement> = fields
        .replacements
        .into_iter()
        .map(|field| field.replacement)
        .collect();
    let mut map = objects(OBJECTS);
    replacements::replace(&mut map, &replacements, &Budget::default())
        .map_err(|error| error.reason())?;
    Ok(found(&map, path))
}

#[test]
fn values_are_copied_to_every_field_that_a_target_names() {
    let image = "spec/template/spec/containers/image";
    let host = "source: {kind: ConfigMap, name: source, fieldPath: data.host}";
    for (replacement, path, expected) in [
        (
            "{sourceValue: a, targets: [{select: {kind: Deployment}}]}",
            "metadata/name",
            "source a",
        ),
        (
            "{sourceValue: a, targets: [{select: {kind: Deployment}, fieldPaths: [spec.template.spec.containers.*.image]}]}",
            image,
            "a a",
        ),
        (
            "{sourceValue: a, targets: [{select: {kind: Deployment}, \
             fieldPaths: ['spec.template.spec.containers.[name=log].image'], options: {delimiter: ':', index: 1}}]}",
            image,
            "nginx:1 fluent:a",
        ),
        (
            "{sourceValue: a, targets: [{select: {kind: Deployment}, \
             fieldPaths: [spec.template.spec.containers.0.image], options: {delimiter: ':', index: -1}}]}",
            image,
            "a:nginx:1 fluent:2",
        ),
        (
            "{sourceValue: a, targets: [{select: {kind: Deployment}, \
             fieldPaths: [spec.template.spec.containers.0.image], options: {delimiter: ':', index: 7}}]}",
            image,
            "nginx:1:a fluent:2",
        ),
        (
            "{sourceValue: a, targets: [{select: {kind: '.*'}, reject: [{labelSelector: tier=back}]}]}",
            "metadata/name",
            "a web",
        ),
        (
            "{sourceValue: a, targets: [{select: {labelSelector: 'tier in (back)'}, fieldPaths: ['metadata.annotations.[x.y~z]'], \
             options: {create: true}}]}",
            "metadata/annotations/x.y~z",
            "a",
        ),
        // The source is the first of its own targets, and the next one gets what it has become.
        (
            "{source: {kind: ConfigMap, name: source}, targets: [{select: {kind: '.*'}, options: {delimiter: ':', index: -1}}]}",
            "metadata/name",
            "source:source source:source:web",
        ),
        (
            "{sourceValue: '5', targets: [{select: {kind: ConfigMap}, fieldPaths: [data.json.a.c]}]}",
            "data/json",
            "{\"a\":{\"c\":5},\"b\":1}",
        ),
    ] {
        assert_eq!(
            replaced(replacement, path),
            Ok(expected.to_owned()),
            "{replacement}"
        );
    }
    let part = format!(
        "{{{}, options: {{delimiter: ':', index: 1}}}}, targets: [{{select: {{kind: Deployment}}}}]}}",
        host.strip_suffix('}').unwrap()
    );
    assert_eq!(
        replaced(&part, "metadata/name"),
        Ok("source 5432".to_owned())
    );
}

#[test]
fn replacements_that_cannot_be_made_are_refused() {
    let target = "targets: [{select: {kind: Deployment}}]";
    for (replacement, reason) in [
        (format!("{{{target}}}"), "incomplete-replacement"),
        ("{sourceValue: a}".to_owned(), "incomplete-replacement"),
        (
            format!("{{sourceValue: a, source: {{kind: Deployment}}, {target}}}"),
            "two-replacement-sources",
        ),
        (
            format!("{{source: {{name: none}}, {target}}}"),
            "replacement-source-not-found",
        ),
        (
            format!("{{source: {{version: v1}}, {target}}}"),
            "ambiguous-replacement-source",
        ),
        (
            format!("{{source: {{kind: ConfigMap, fieldPath: data.none}}, {target}}}"),
            "replacement-source-field-not-found",
        ),
        (
            format!(
                "{{source: {{kind: ConfigMap, options: {{delimiter: x, index: 3}}}}, {target}}}"
            ),
            "replacement-index-out-of-bounds",
        ),
        (
            format!(
                "{{source: {{kind: ConfigMap, fieldPath: data, options: {{delimiter: x}}}}, {target}}}"
            ),
            "delimiter-of-collection",
        ),
        (
            "{sourceValue: a, targets: [{select: {kind: Deployment}, fieldPaths: [spec.none]}]}"
                .to_owned(),
            "replacement-target-field-not-found",
        ),
        (
            "{sourceValue: a, targets: [{fieldPaths: [a]}]}".to_owned(),
            "replacement-target-without-select",
        ),
        (
            "{sourceValue: a, targets: [{select: {name: '('}}]}".to_owned(),
            "invalid-selector-pattern",
        ),
        (
            "{sourceValue: a, targets: [{select: {labelSelector: '=a'}}]}".to_owned(),
            "invalid-label-selector",
        ),
    ] {
        assert_eq!(
            replaced(&replacement, "metadata/name"),
            Err(reason),
            "{replacement}"
        );
    }
}

#[test]
fn no_error_of_a_replacement_tells_the_value() {
    for replacement in [
        "{source: {kind: ConfigMap, fieldPath: data.host, options: {delimiter: '.', index: 9}}, targets: [{select: {}}]}",
        "{source: {kind: ConfigMap, fieldPath: data.host}, targets: [{select: {}, fieldPaths: [data.host.x]}]}",
        "{sourceValue: db.example.com, targets: [{select: {}, fieldPaths: [spec.none]}]}",
    ] {
        let fields = fields(&format!("replacements: [{replacement}]"));
        let replacements: Vec<Replacement> = fields
            .replacements
            .into_iter()
            .map(|field| field.replacement)
            .collect();
        let error = replacements::replace(&mut objects(OBJECTS), &replacements, &Budget::default())
            .unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains("example"),
            "{replacement}"
        );
    }
}

const VARS: &str = "vars:\n\
    - {name: HOST, objref: {apiVersion: v1, kind: ConfigMap, name: source}, fieldref: {fieldPath: data.host}}\n\
    - {name: COUNT, objref: {apiVersion: apps/v1, kind: Deployment, name: web}, fieldref: {fieldPath: spec.replicas}}\n\
    - {name: UNUSED, objref: {apiVersion: v1, kind: ConfigMap, name: source}}\n";

#[test]
fn vars_stand_for_the_fields_that_they_name() {
    let mut map = objects(OBJECTS);
    let mut vars = VarSet::default();
    vars.add(&mut map, &fields(VARS).vars).unwrap();
    let unused = vars
        .resolve(&mut map, &TransformerConfig::builtin(), &Budget::default())
        .unwrap();
    assert_eq!(unused, ["UNUSED"]);
    assert_eq!(
        found(&map, "spec/template/spec/containers/args"),
        "--host=x db.example.com:5432 1 $(OTHER) $(HOST)"
    );
}

#[test]
fn vars_that_mean_nothing_are_refused() {
    let host = "{name: A, objref: {kind: ConfigMap, version: v1, name: source}";
    for (text, reason) in [
        (format!("vars: [{host}}}, {host}}}]"), "repeated-var"),
        (
            format!("vars: [{host}, fieldref: {{fieldPath: data.none}}}}]"),
            "var-field-not-found",
        ),
        (
            "vars: [{name: A, objref: {kind: Pod, name: none}}]".to_owned(),
            "var-object-not-found",
        ),
    ] {
        let mut map = objects(OBJECTS);
        let mut vars = VarSet::default();
        let resolved = vars.add(&mut map, &fields(&text).vars).and_then(|()| {
            vars.resolve(&mut map, &TransformerConfig::builtin(), &Budget::default())
        });
        assert_eq!(
            resolved.map_err(|error| error.reason()),
            Err(reason),
            "{text}"
        );
    }
}
