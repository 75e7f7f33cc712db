//! References to renamed objects.

use std::fmt::Write as _;

use kustomize::Budget;
use kustomize::config::TransformerConfig;
use kustomize::nameref;
use kustomize::resmap::ResMap;
use kustomize::transform::NamespaceTransformer;

use super::{found, objects, prefix};

fn update(map: &mut ResMap) -> Result<(), &'static str> {
    nameref::update(
        map,
        &TransformerConfig::builtin().name_reference,
        &Budget::default(),
    )
    .map_err(|error| match &error {
        nameref::NameReferenceError::Field { source, .. } => source.reason(),
        error => error.reason(),
    })
}

fn config_map(name: &str, namespace: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: {namespace}}}\n"
    )
}

fn pod(namespace: &str, config_map: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: pod, namespace: {namespace}}}\n\
         spec: {{volumes: [{{configMap: {{name: {config_map}}}}}]}}\n"
    )
}

const VOLUME: &str = "spec/volumes/configMap/name";

#[test]
fn a_reference_means_the_object_in_its_own_namespace() {
    let text = format!(
        "{}{}{}{}",
        config_map("a", "x"),
        config_map("b", "y"),
        pod("x", "a"),
        pod("y", "a"),
    );
    let mut map = objects(&text);
    prefix(&mut map, "p-");
    update(&mut map).unwrap();
    assert_eq!(found(&map, VOLUME), "p-a a");
}

#[test]
fn of_several_objects_the_one_of_the_same_prefix_is_meant() {
    let layer = |name: &str| {
        let mut map = objects(&format!("{}{}", config_map("cfg", "x"), pod("x", "cfg")));
        prefix(&mut map, name);
        map
    };
    let mut map = layer("a-");
    map.append(layer("b-")).unwrap();
    update(&mut map).unwrap();
    assert_eq!(found(&map, VOLUME), "a-cfg b-cfg");
}

#[test]
fn what_could_mean_several_objects_is_refused() {
    let renamed = |name: &str| {
        let mut map = objects(&config_map("cfg", "x"));
        for resource in &mut map {
            resource.store_previous_id().unwrap();
            resource.set_name(name).unwrap();
        }
        map
    };
    let mut map = renamed("one");
    map.append(renamed("two")).unwrap();
    map.append(objects(&pod("x", "cfg"))).unwrap();
    assert_eq!(update(&mut map), Err("ambiguous-name-reference"));
}

#[test]
fn subjects_follow_accounts_into_their_namespaces() {
    let mut map = objects(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: bot, namespace: old}\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\nsubjects:\n\
         - {kind: ServiceAccount, name: bot, namespace: old}\n- {kind: ServiceAccount, name: bot, namespace: other}\n",
    );
    let config = TransformerConfig::builtin();
    NamespaceTransformer::new("new".to_owned(), config.namespace.clone())
        .transform(&mut map, &Budget::default())
        .unwrap();
    prefix(&mut map, "p-");
    update(&mut map).unwrap();
    assert_eq!(found(&map, "subjects/name"), "p-bot bot");
    assert_eq!(found(&map, "subjects/namespace"), "new other");
}

#[test]
fn the_kind_that_a_role_reference_names_counts() {
    let mut map = objects(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: b}\n\
         roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: c}\n\
         roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: r}\n",
    );
    prefix(&mut map, "p-");
    update(&mut map).unwrap();
    assert_eq!(found(&map, "roleRef/name"), "r p-r");
}

#[test]
fn a_mapping_that_should_have_a_name_must_have_one() {
    let mut map = objects(
        "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: w}\n\
         webhooks: [{clientConfig: {service: {namespace: x}}}]\n",
    );
    assert_eq!(update(&mut map), Err("name-reference-without-name"));
}

#[test]
fn many_objects_of_one_name_are_told_apart() {
    let mut text = String::new();
    for namespace in 0..2_000 {
        let namespace = format!("n{namespace}");
        write!(
            text,
            "{}{}",
            config_map("cfg", &namespace),
            pod(&namespace, "cfg")
        )
        .unwrap();
    }
    let mut map = objects(&text);
    prefix(&mut map, "p-");
    update(&mut map).unwrap();
    let names = found(&map, VOLUME);
    assert!(names.split(' ').all(|name| name == "p-cfg"));
}
