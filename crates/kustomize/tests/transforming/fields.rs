//! Transformers that set fields.

use std::collections::BTreeMap;

use kustomize::Budget;
use kustomize::config::TransformerConfig;
use kustomize::kustomization::{Image, Kustomization, Replica};
use kustomize::resmap::ResMap;
use kustomize::transform::{
    AnnotationsTransformer, ImageTagTransformer, LabelTransformer, NamespaceTransformer,
    ReplicaCountTransformer,
};

use super::{found, objects, prefix, text};

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: web
        image: nginx:1
";

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    owned.collect()
}

/// Does what the fields `labels` and `commonLabels` of a kustomization ask for.
fn label(map: &mut ResMap, kustomization: &str) {
    let fields = Kustomization::parse(kustomization.as_bytes())
        .unwrap()
        .fields;
    let config = TransformerConfig::builtin();
    for transformer in LabelTransformer::of(&fields, &config).unwrap() {
        transformer.transform(map, &Budget::default()).unwrap();
    }
}

fn set_namespace(map: &mut ResMap, namespace: &str, subjects: &str) -> Result<(), &'static str> {
    let config = TransformerConfig::builtin();
    let mut transformer = NamespaceTransformer::new(namespace.to_owned(), config.namespace.clone());
    transformer.set_role_binding_subjects = subjects.to_owned();
    transformer
        .transform(map, &Budget::default())
        .map_err(|error| error.reason())
}

#[test]
fn labels_reach_the_fields_that_are_asked_for() {
    let metadata = "metadata/labels/a";
    let template = "spec/template/metadata/labels/a";
    let selector = "spec/selector/matchLabels/a";
    for (kustomization, fields) in [
        ("labels: [{pairs: {a: '1'}}]", [1, 0, 0]),
        (
            "labels: [{pairs: {a: '1'}, includeTemplates: true}]",
            [1, 1, 0],
        ),
        (
            "labels: [{pairs: {a: '1'}, includeSelectors: true}]",
            [1, 1, 1],
        ),
        ("commonLabels: {a: '1'}", [1, 1, 1]),
    ] {
        let mut labelled = objects(DEPLOYMENT);
        label(&mut labelled, kustomization);
        let counts = [metadata, template, selector].map(|path| found(&labelled, path).len());
        assert_eq!(counts, fields, "{kustomization}");
        assert!(text(labelled).contains("a: \"1\""));
    }
}

#[test]
fn a_label_that_was_added_in_one_go_stays_one() {
    let mut labelled = objects(DEPLOYMENT);
    label(&mut labelled, "commonLabels: {app: base}");
    label(&mut labelled, "labels: [{pairs: {app: over}}]");
    assert_eq!(found(&labelled, "spec/selector/matchLabels/app"), "over");

    let mut own = objects(&format!(
        "{DEPLOYMENT}    metadata: {{labels: {{app: own}}}}\n"
    ));
    label(&mut own, "commonLabels: {app: base}");
    label(&mut own, "labels: [{pairs: {app: over}}]");
    assert_eq!(found(&own, "spec/template/metadata/labels/app"), "base");
    assert_eq!(found(&own, "spec/selector/matchLabels/app"), "over");
}

#[test]
fn annotations_are_added_where_the_configuration_says() {
    let mut annotated = objects(DEPLOYMENT);
    let transformer = AnnotationsTransformer {
        annotations: map(&[("note", "yes")]),
        field_specs: TransformerConfig::builtin().common_annotations.clone(),
    };
    transformer
        .transform(&mut annotated, &Budget::default())
        .unwrap();
    assert_eq!(found(&annotated, "metadata/annotations/note"), "yes");
    assert_eq!(
        found(&annotated, "spec/template/metadata/annotations/note"),
        "yes"
    );
}

#[test]
fn namespaces_are_set_on_what_can_be_in_one() {
    for (object, path, expected) in [
        (DEPLOYMENT, "metadata/namespace", "prod"),
        (
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n",
            "metadata/name",
            "prod",
        ),
        (
            "apiVersion: x/v1\nkind: Namespace\nmetadata: {name: a}\n",
            "metadata/name",
            "a",
        ),
        (
            "apiVersion: v1\nkind: Node\nmetadata: {name: a}\n",
            "metadata/namespace",
            "",
        ),
        (
            "apiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: {name: a}\nspec: {service: {name: s}}\n",
            "spec/service/namespace",
            "prod",
        ),
        (
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a}\n\
             spec: {conversion: {webhook: {clientConfig: {service: {namespace: x}}}}}\n",
            "spec/conversion/webhook/clientConfig/service/namespace",
            "prod",
        ),
    ] {
        let mut map = objects(object);
        set_namespace(&mut map, "prod", "").unwrap();
        let found = found(&map, path);
        assert_eq!(found.split(' ').next().unwrap(), expected, "{object}");
    }
}

#[test]
fn subjects_of_role_bindings_are_set_as_the_mode_says() {
    let binding = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\nsubjects:\n\
                   - {kind: ServiceAccount, name: default, namespace: x}\n- {kind: ServiceAccount, name: web, namespace: x}\n\
                   - {kind: User, name: ann, namespace: x}\n";
    for (mode, outcome) in [
        ("", Ok("prod x x")),
        ("defaultOnly", Ok("prod x x")),
        ("allServiceAccounts", Ok("prod prod x")),
        ("none", Ok("x x x")),
        ("all", Err("unknown-subject-mode")),
    ] {
        let mut map = objects(binding);
        let set = set_namespace(&mut map, "prod", mode);
        let outcome = outcome.map(str::to_owned);
        assert_eq!(
            set.map(|()| found(&map, "subjects/namespace")),
            outcome,
            "{mode}"
        );
    }
}

#[test]
fn two_objects_must_not_end_in_one_namespace_under_one_name() {
    let object = |namespace| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a, namespace: {namespace}}}\n")
    };
    let mut map = objects(&format!("{}---\n{}", object("a"), object("b")));
    assert_eq!(
        set_namespace(&mut map, "prod", ""),
        Err("namespace-id-conflict")
    );
}

#[test]
fn names_with_a_meaning_get_no_prefix() {
    let all = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Namespace\n\
               metadata: {name: b}\n---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n\
               metadata: {name: c}\n---\napiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: {name: d}\n";
    let mut map = objects(all);
    prefix(&mut map, "p-");
    assert_eq!(found(&map, "metadata/name"), "p-a b c d");
    let mut number =
        objects("kind: A\nmetadata: {name: \"2\"}\n---\nkind: B\nmetadata: {name: x}\n");
    prefix(&mut number, "1");
    assert!(text(number).contains("name: \"12\""));
}

#[test]
fn images_change_in_every_list_of_containers() {
    let all = "apiVersion: x/v1\nkind: Any\nmetadata: {name: a}\ndeep: [{initContainers: [{image: 'nginx:1'}, {name: x}]}]\n\
               spec: {containers: [{image: nginx@sha256:abc}], volumes: [{image: {reference: nginx}}]}\n";
    for (image, expected) in [
        (
            Image {
                new_tag: "2".into(),
                ..Image::default()
            },
            "nginx:2 nginx:2 nginx:2",
        ),
        (
            Image {
                new_name: "my/web".into(),
                ..Image::default()
            },
            "my/web:1 my/web@sha256:abc my/web",
        ),
        (
            Image {
                digest: "sha256:d".into(),
                new_tag: "2".into(),
                ..Image::default()
            },
            "nginx:2@sha256:d nginx:2@sha256:d nginx:2@sha256:d",
        ),
        // What two rules find is changed twice.
        (
            Image {
                tag_suffix: "-s".into(),
                ..Image::default()
            },
            "nginx:1-s nginx:-s-s nginx:-s",
        ),
    ] {
        let mut map = objects(all);
        let transformer = ImageTagTransformer {
            image_tag: Image {
                name: "nginx".into(),
                ..image
            },
            field_specs: TransformerConfig::builtin().images.clone(),
        };
        transformer.transform(&mut map, &Budget::default()).unwrap();
        let paths = [
            "deep/initContainers/image",
            "spec/containers/image",
            "spec/volumes/image/reference",
        ];
        assert_eq!(paths.map(|path| found(&map, path)).join(" "), expected);
    }
}

#[test]
fn replicas_are_set_by_any_name_that_an_object_had() {
    let replicas = |name: &str| ReplicaCountTransformer {
        replica: Replica {
            name: name.to_owned(),
            count: 5,
        },
        field_specs: TransformerConfig::builtin().replicas.clone(),
    };
    for (name, outcome) in [
        ("web", Ok("5")),
        ("p-web", Ok("5")),
        ("other", Err("nothing-to-scale")),
    ] {
        let mut map = objects(DEPLOYMENT);
        prefix(&mut map, "p-");
        let set = replicas(name)
            .transform(&mut map)
            .map_err(|error| error.reason());
        assert_eq!(
            set.map(|()| found(&map, "spec/replicas")),
            outcome.map(str::to_owned),
            "{name}"
        );
    }
    let mut quoted = objects(&format!("{DEPLOYMENT}  replicas: \"1\"\n"));
    replicas("web").transform(&mut quoted).unwrap();
    assert!(text(quoted).contains("replicas: \"5\""));
}
