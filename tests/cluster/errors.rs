//! What the API server's refusals become, and that they tell no secret.

use lockstep::cluster::{Address, ApiError, ApplyOptions, Cluster, Conflicts, WriteOptions};
use peers::control_plane::ControlPlane;
use serde_json::{Value, json};

use crate::support::{Setting, connection, run};

const CANARY: &str = "s3cr3t-canary";

#[test]
fn refused_secrets_are_not_quoted() {
    run(async {
        let setting = Setting::new("quoted").await;
        let namespace = setting.namespace.as_str();
        let resource = setting.resource("", "Secret");
        let broken = [
            json!({"data": {"p": format!("{CANARY}!!")}}),
            json!({"data": {"p": [CANARY]}}),
            json!({"data": [CANARY]}),
            json!({"data": CANARY}),
            json!({"stringData": {"p": {"x": CANARY}}}),
            json!({"immutable": CANARY}),
            json!({"dta": {"p": CANARY}}),
            json!({"metadata": {"name": "s", "labels": {"x": format!("{CANARY} value")}}}),
            json!({"metadata": {"name": "s", "annotations": {"x": [CANARY]}}}),
            json!({"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": CANARY}}),
            json!({"metadata": {"name": "s", "ownerReferences": [{"name": CANARY}]}}),
        ];
        for fields in broken {
            let mut object =
                json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}});
            for (key, value) in fields.as_object().unwrap() {
                object[key] = value.clone();
            }
            let address = Address::new(resource, Some(namespace), "s");
            let applied = setting
                .cluster
                .apply(address, &object, ApplyOptions::default())
                .await;
            let created = setting
                .cluster
                .create(address, &object, WriteOptions::default())
                .await;
            for refused in [applied, created] {
                let error = refused.map(|_| ()).expect_err(&object.to_string());
                let shown = format!("{error} {error:?}");
                assert!(!shown.contains(CANARY), "{shown}");
                assert_eq!(error.reason(), "invalid", "{object}: {error}");
            }
        }
    });
}

#[test]
fn an_object_with_opened_parts_is_not_quoted_either() {
    run(async {
        let setting = Setting::new("opened").await;
        let resource = setting.resource("apps", "Deployment");
        let pod = json!({"containers": [{"name": "c", "image": "x", "env": [{"name": "P", "value": {"v": CANARY}}]}]});
        let object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {
            "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": pod},
        }});
        let address = Address::new(resource, Some(&setting.namespace), "d");
        let apply = |address| {
            setting
                .cluster
                .apply(address, &object, ApplyOptions::default())
        };
        let open = apply(address).await.map(|_| ()).unwrap_err();
        assert!(
            open.to_string().contains(CANARY),
            "the server quotes no more: {open}"
        );
        let withheld = apply(address.confidential()).await.map(|_| ()).unwrap_err();
        let shown = format!("{withheld} {withheld:?}");
        assert!(!shown.contains(CANARY), "{shown}");
        assert!(shown.contains(".env[name=…].value"), "{shown}");
    });
}

#[test]
fn what_cannot_be_changed_is_told_from_what_is_wrong() {
    run(async {
        let setting = Setting::new("immutable").await;
        let spec = |image: &str| json!({"restartPolicy": "Never", "containers": [{"name": "c", "image": image}]});
        let job = |value: &str| json!({"template": {"spec": spec(value)}});
        let set = |value: &str| {
            json!({"serviceName": value, "selector": {"matchLabels": {"a": "b"}}, "template": {
                "metadata": {"labels": {"a": "b"}},
                "spec": {"containers": [{"name": "c", "image": "x"}]}}})
        };
        let deployment = |value: &str| {
            json!({"selector": {"matchLabels": {"a": value}}, "template": {
                "metadata": {"labels": {"a": value}},
                "spec": {"containers": [{"name": "c", "image": "x"}]}}})
        };
        let claim = |value: &str| {
            json!({"accessModes": ["ReadWriteOnce"], "storageClassName": value,
                "resources": {"requests": {"storage": "1Gi"}}})
        };
        let service = |value: &str| json!({"clusterIP": value, "ports": [{"port": 80}]});
        let cases: [(&str, &str, Value, Value); 5] = [
            ("batch", "Job", job("a"), job("b")),
            ("apps", "StatefulSet", set("a"), set("b")),
            ("apps", "Deployment", deployment("a"), deployment("b")),
            ("", "PersistentVolumeClaim", claim("a"), claim("b")),
            ("", "Service", service("10.96.0.77"), service("10.96.0.78")),
        ];
        for (group, kind, first, second) in cases {
            let resource = setting.resource(group, kind);
            let address = Address::new(resource, Some(&setting.namespace), "x");
            let object = |spec: Value| json!({"apiVersion": resource.api_version(), "kind": kind, "metadata": {"name": "x"}, "spec": spec});
            let options = ApplyOptions {
                conflicts: Conflicts::Force,
                ..ApplyOptions::default()
            };
            setting
                .cluster
                .apply(address, &object(first), options)
                .await
                .unwrap();
            let refused = setting
                .cluster
                .apply(address, &object(second), options)
                .await;
            let error = refused.map(|_| ()).expect_err(kind);
            assert_eq!(error.reason(), "immutable", "{kind}: {error}");
        }
    });
}

#[test]
fn what_is_not_there_is_told_apart() {
    run(async {
        let setting = Setting::new("absent").await;
        let cluster = &setting.cluster;
        let resource = setting.resource("", "ConfigMap");
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}});
        let nowhere = Address::new(resource, Some("no-such-namespace"), "c");
        let refused = cluster
            .apply(nowhere, &object, ApplyOptions::default())
            .await;
        assert!(
            matches!(&refused, Err(ApiError::NamespaceNotFound { namespace }) if namespace == "no-such-namespace")
        );
        for group in ["apps", "nowhere.example.com"] {
            let mut unknown = setting.resource("apps", "Deployment").clone();
            unknown.group = group.to_owned();
            unknown.plural = "frobs".to_owned();
            let address = Address::new(&unknown, Some(&setting.namespace), "c");
            let refused = cluster
                .apply(address, &object, ApplyOptions::default())
                .await;
            assert!(matches!(refused, Err(ApiError::UnknownKind)), "{group}");
        }
        let held = ControlPlane::shared().namespace("ending");
        let mut finalized =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}});
        finalized["metadata"]["finalizers"] = json!(["example.com/hold"]);
        let address = Address::new(resource, Some(&held), "c");
        cluster
            .apply(address, &finalized, ApplyOptions::default())
            .await
            .unwrap();
        ControlPlane::shared().kubectl(["delete", "namespace", &held, "--wait=false"]);
        let late = Address::new(resource, Some(&held), "late");
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "late"}});
        let refused = cluster.apply(late, &object, ApplyOptions::default()).await;
        assert!(matches!(refused, Err(ApiError::NamespaceTerminating)));
        let release = json!({"metadata": {"finalizers": null}});
        cluster
            .patch_merge(address, &release, WriteOptions::default())
            .await
            .unwrap();
    });
}

#[test]
fn a_policy_that_denies_is_named() {
    run(async {
        let setting = Setting::new("policy").await;
        let name = setting.namespace.as_str();
        ControlPlane::shared().apply(&format!(
            "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {{name: {name}}}\n\
             spec: {{matchConstraints: {{resourceRules: [{{apiGroups: [''], apiVersions: [v1], operations: [CREATE],\n\
             resources: [configmaps]}}]}}, validations: [{{expression: \"!('denied' in object.data)\"}}]}}\n---\n\
             apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\n\
             metadata: {{name: {name}}}\nspec: {{policyName: {name}, validationActions: [Deny], matchResources:\n\
             {{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {name}}}}}}}}}\n"
        ));
        let address = Address::new(setting.resource("", "ConfigMap"), Some(name), "c");
        let object = setting.config_map("c", json!({"denied": "x"}));
        let options = ApplyOptions {
            run: lockstep::cluster::Run::Dry,
            ..ApplyOptions::default()
        };
        // Policies take effect some time after they are made.
        for _ in 0..200 {
            match setting.cluster.apply(address, &object, options).await {
                Ok(_) => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
                Err(ApiError::Denied { by, .. }) => return assert_eq!(by, name),
                Err(error) => panic!("{error:?}"),
            }
        }
        panic!("the policy denies nothing");
    });
}

#[test]
fn wrong_credentials_and_addresses_are_told_at_once() {
    run(async {
        let plane = ControlPlane::shared();
        let folder = tempfile::tempdir().unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let closed = format!("https://{}", free.local_addr().unwrap());
        drop(free);
        let cases = [
            (plane.url().to_owned(), "wrong", "unauthorized"),
            (closed, plane.token(), "unreachable"),
            (
                "https://nowhere.invalid".to_owned(),
                plane.token(),
                "unreachable",
            ),
            (
                plane.url().replace("https", "http"),
                plane.token(),
                "not-an-api-server",
            ),
        ];
        for (url, token, reason) in cases {
            let file = folder.path().join("kubeconfig");
            std::fs::write(&file, plane.kubeconfig_text(&url, token)).unwrap();
            let cluster = Cluster::connect(connection(&file)).unwrap();
            let start = std::time::Instant::now();
            let error = cluster.discovery().await.unwrap_err();
            assert_eq!(error.reason(), reason, "{url}: {error:?}");
            assert!(start.elapsed().as_secs() < 5);
        }
    });
}
