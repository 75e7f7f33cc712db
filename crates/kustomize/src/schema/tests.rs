use super::*;

#[test]
fn merge_keys_are_found_along_the_fields_of_a_type() {
    let schema = Schema::default();
    let deployment = schema.object("apps/v1", "Deployment").unwrap();
    for (path, keys) in [
        ("spec.template.spec.containers", Some("name")),
        (
            "spec.template.spec.containers.[].ports",
            Some("containerPort protocol"),
        ),
        ("spec.template.spec.containers.[].args", None),
        ("spec.template.spec.tolerations", None),
        ("metadata.finalizers", Some("")),
        ("metadata.labels.any", None),
    ] {
        let mut at = deployment;
        for name in path.split('.') {
            let next = if name == "[]" {
                at.items()
            } else {
                at.field(name)
            };
            at = next.unwrap_or_else(|| panic!("{path}: nothing known of {name}"));
        }
        let found = at.merge_keys().map(|keys| keys.join(" "));
        assert_eq!(found.as_deref(), keys, "{path}");
    }
    assert!(deployment.field("unknown").is_none());
    assert!(schema.object("apps/v1", "Unknown").is_none());
}

#[test]
fn only_types_that_certainly_have_no_namespace_are_cluster_scoped() {
    let schema = Schema::default();
    for (api_version, kind, scope) in [
        ("v1", "Node", Scope::Cluster),
        ("v1", "NodeProxyOptions", Scope::Cluster),
        (
            "rbac.authorization.k8s.io/v1",
            "ClusterRole",
            Scope::Cluster,
        ),
        ("policy/v1beta1", "PodSecurityPolicy", Scope::Cluster),
        ("v1", "Pod", Scope::Namespaced),
        ("v1", "Status", Scope::Namespaced),
        ("example.com/v1", "Node", Scope::Namespaced),
    ] {
        assert_eq!(
            schema.scope(api_version, kind),
            scope,
            "{api_version} {kind}"
        );
    }
}

#[test]
fn marked_fields_of_custom_types_are_found() {
    let document = br##"
github.com/example/v1.Bee:
  Schema:
    properties:
      kind: {}
      apiVersion: {}
      metadata: {}
      spec: {$ref: github.com/example/v1.Spec}
github.com/example/v1.Spec:
  Schema:
    properties:
      secretRef:
        x-kubernetes-object-ref-api-version: v1
        x-kubernetes-object-ref-kind: Secret
      other:
        x-kubernetes-object-ref-api-version: v1
        x-kubernetes-object-ref-kind: ConfigMap
        x-kubernetes-object-ref-name-key: id
      notes: {x-kubernetes-annotation: ''}
      select: {x-kubernetes-label-selector: ''}
      self: {x-kubernetes-identity: ''}
"##;
    let fields = crd_fields(document).unwrap();
    let found: Vec<(&str, &Role)> = fields
        .iter()
        .map(|field| (&*field.path, &field.role))
        .collect();
    let reference = |kind: &str| Role::Reference {
        kind: kind.to_owned(),
        version: "v1".to_owned(),
    };
    assert_eq!(
        found,
        [
            ("spec/secretRef/name", &reference("Secret")),
            ("spec/other/id", &reference("ConfigMap")),
            ("spec/notes", &Role::Annotations),
            ("spec/select", &Role::LabelSelector),
            ("spec/self", &Role::Identity),
        ]
    );
    assert!(fields.iter().all(|field| field.kind == "Bee"));
    let circle = br##"{"a.K": {"Schema": {"properties": {"kind": {}, "apiVersion": {}, "metadata": {}, "x": {"$ref": "a.K"}}}}}"##;
    assert_eq!(crd_fields(circle), Err(CrdError::TooDeep));
}
