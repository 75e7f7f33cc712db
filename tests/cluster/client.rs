//! What the operations do.

use std::time::{Duration, Instant};

use lockstep::cluster::{
    Address, ApiError, ApplyOptions, Cluster, ClusterSecret, Conflicts, DeleteOptions, Deletion,
    Run, Scope, Selection, Validation, Verb, Verdict, Waited, WriteOptions,
};
use peers::control_plane::ControlPlane;
use serde_json::{Value, json};

use crate::support::{Setting, connection, run};

#[test]
fn discovery_names_every_kind_that_is_served() {
    run(async {
        let setting = Setting::new("discovery").await;
        let deployment = setting.resource("apps", "Deployment");
        assert_eq!(
            (deployment.version.as_str(), deployment.plural.as_str()),
            ("v1", "deployments")
        );
        assert_eq!(deployment.scope, Scope::Namespaced);
        assert!(deployment.allows(Verb::Watch) && deployment.subresources.contains("status"));
        assert_eq!(setting.resource("", "Namespace").scope, Scope::Cluster);
        assert_eq!(
            setting
                .resource("autoscaling", "HorizontalPodAutoscaler")
                .version,
            "v2"
        );
        assert!(
            setting.discovery.is_complete("apps") && setting.discovery.unavailable().is_empty()
        );
        let served =
            ControlPlane::shared().kubectl(["api-resources", "--no-headers", "-o", "name"]);
        for name in served.lines() {
            let known = setting.discovery.resources().any(|resource| {
                name == resource.plural
                    || *name == format!("{}.{}", resource.plural, resource.group)
            });
            assert!(known, "{name}");
        }
        assert_eq!(setting.cluster.requests().discovery, 2);
        assert!(setting.cluster.version().await.unwrap().starts_with('v'));
    });
}

#[test]
fn a_custom_resource_is_known_after_asking_again_and_a_group_that_is_down_is_told() {
    run(async {
        let setting = Setting::new("refresh").await;
        ControlPlane::shared().apply(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n\
             metadata: {name: lamps.client.example.com}\n\
             spec: {group: client.example.com, scope: Namespaced, names: {plural: lamps, singular: lamp, kind: Lamp},\n\
             versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object,\n\
             x-kubernetes-preserve-unknown-fields: true}}}]}\n---\n\
             apiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: {name: v1.down.example.com}\n\
             spec: {group: down.example.com, version: v1, groupPriorityMinimum: 1000, versionPriority: 10,\n\
             insecureSkipTLSVerify: true, service: {name: nowhere, namespace: default}}\n",
        );
        let lamp = lockstep::cluster::GroupKind::new("client.example.com", "Lamp");
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let known = setting.cluster.refresh().await.unwrap();
            if known.resource(&lamp, Some("v1")).is_some() && !known.is_complete("down.example.com")
            {
                assert!(known.is_complete("client.example.com"));
                break;
            }
            assert!(Instant::now() < deadline, "{:?}", known.unavailable());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        ControlPlane::shared().kubectl(["delete", "apiservice", "v1.down.example.com"]);
    });
}

#[test]
fn an_object_is_applied_changed_and_deleted() {
    run(async {
        let setting = Setting::new("apply").await;
        let resource = setting.resource("", "ConfigMap");
        let address = Address::new(resource, Some(&setting.namespace), "settings");
        let object = setting.config_map("settings", json!({"a": "1"}));
        let cluster = &setting.cluster;
        assert!(cluster.get(address).await.unwrap().is_none());

        let dry = ApplyOptions {
            run: Run::Dry,
            ..ApplyOptions::default()
        };
        let predicted = cluster.apply(address, &object, dry).await.unwrap();
        assert_eq!(predicted.object["data"]["a"], "1");
        assert!(cluster.get(address).await.unwrap().is_none());

        let made = cluster
            .apply(address, &object, ApplyOptions::default())
            .await
            .unwrap();
        assert!(
            made.created && made.object["metadata"]["managedFields"][0]["manager"] == "lockstep"
        );
        let again = cluster
            .apply(address, &object, ApplyOptions::default())
            .await
            .unwrap();
        assert!(!again.created);

        let merge = json!({"data": {"b": "2"}});
        let merged = cluster
            .patch_merge(address, &merge, WriteOptions::default())
            .await
            .unwrap();
        assert_eq!(merged.object["data"], json!({"a": "1", "b": "2"}));
        let patch = json!([{"op": "test", "path": "/data/a", "value": "1"}, {"op": "remove", "path": "/data/b"}]);
        let patched = cluster
            .patch_json(address, &patch, WriteOptions::default())
            .await
            .unwrap();
        assert_eq!(patched.object["data"], json!({"a": "1"}));

        let mut stale = patched.object.clone();
        stale["metadata"]["resourceVersion"] = made.object["metadata"]["resourceVersion"].clone();
        let refused = cluster
            .replace(address, &stale, WriteOptions::default())
            .await;
        assert!(matches!(refused, Err(ApiError::Conflict)));

        let other = DeleteOptions {
            uid: Some("not-this-one"),
            ..DeleteOptions::default()
        };
        assert!(matches!(
            cluster.delete(address, other).await,
            Err(ApiError::Precondition)
        ));
        let uid = made.object["metadata"]["uid"].as_str();
        let dry = DeleteOptions {
            uid,
            run: Run::Dry,
            ..DeleteOptions::default()
        };
        cluster.delete(address, dry).await.unwrap();
        assert!(cluster.get(address).await.unwrap().is_some());
        let background = DeleteOptions {
            uid,
            propagation: lockstep::cluster::Propagation::Background,
            ..DeleteOptions::default()
        };
        assert!(matches!(
            cluster.delete(address, background).await.unwrap(),
            Deletion::Gone
        ));
        assert!(matches!(
            cluster.delete(address, background).await.unwrap(),
            Deletion::Absent
        ));
    });
}

#[test]
fn a_deletion_that_waits_for_a_finalizer_is_pending() {
    run(async {
        let setting = Setting::new("finalizer").await;
        let address = Address::new(
            setting.resource("", "ConfigMap"),
            Some(&setting.namespace),
            "held",
        );
        let mut object = setting.config_map("held", json!({}));
        object["metadata"]["finalizers"] = json!(["example.com/hold"]);
        let cluster = &setting.cluster;
        cluster
            .apply(address, &object, ApplyOptions::default())
            .await
            .unwrap();
        let deletion = cluster
            .delete(address, DeleteOptions::default())
            .await
            .unwrap();
        assert!(matches!(deletion, Deletion::Pending(_)));
        let release = json!({"metadata": {"finalizers": null}});
        cluster
            .patch_merge(address, &release, WriteOptions::default())
            .await
            .unwrap();
        assert!(cluster.get(address).await.unwrap().is_none());
    });
}

#[test]
fn fields_of_others_are_named_and_taken_only_by_force() {
    run(async {
        let setting = Setting::new("conflict").await;
        let address = Address::new(
            setting.resource("", "ConfigMap"),
            Some(&setting.namespace),
            "shared",
        );
        ControlPlane::shared().apply(
            &setting
                .config_map("shared", json!({"a": "1", "b": "2"}))
                .to_string(),
        );
        let ours = setting.config_map("shared", json!({"a": "3", "b": "2", "c": "4"}));
        let cluster = &setting.cluster;
        let refused = cluster.apply(address, &ours, ApplyOptions::default()).await;
        let Err(ApiError::FieldConflict { conflicts }) = refused.map(|_| ()) else {
            panic!("the conflict is refused");
        };
        assert_eq!(conflicts.len(), 1);
        assert_eq!(conflicts[0].manager, "kubectl");
        assert_eq!(conflicts[0].fields, [".data.a"]);
        let force = ApplyOptions {
            conflicts: Conflicts::Force,
            ..ApplyOptions::default()
        };
        let taken = cluster.apply(address, &ours, force).await.unwrap();
        assert_eq!(taken.object["data"]["a"], "3");
    });
}

#[test]
fn unknown_fields_are_refused_or_warned_of() {
    run(async {
        let setting = Setting::new("warnings").await;
        let address = Address::new(
            setting.resource("", "ConfigMap"),
            Some(&setting.namespace),
            "typo",
        );
        let mut object = setting.config_map("typo", json!({}));
        object["dta"] = json!({"a": "1"});
        let with = |validation| WriteOptions {
            validation,
            ..WriteOptions::default()
        };
        let refused = setting
            .cluster
            .create(address, &object, with(Validation::Strict))
            .await;
        let Err(ApiError::Invalid { fields, .. }) = refused.map(|_| ()) else {
            panic!("the field is refused");
        };
        assert_eq!(fields[0].field, "dta");
        let warned = setting
            .cluster
            .create(address, &object, with(Validation::Warn))
            .await
            .unwrap();
        assert_eq!(warned.warnings[0].as_str(), Some("unknown field \"dta\""));
        let taken = setting
            .cluster
            .create(address, &object, with(Validation::Ignore))
            .await;
        assert!(matches!(taken, Err(ApiError::AlreadyExists)));
    });
}

#[test]
fn a_list_has_every_object_of_every_page() {
    run(async {
        let setting = Setting::new("list").await;
        let resource = setting.resource("", "ConfigMap");
        let objects = (0..612).map(|number| {
            let mut object = setting.config_map(&format!("c{number}"), json!({}));
            object["metadata"]["labels"] = json!({"odd": (number % 2).to_string()});
            object
        });
        let cluster = &setting.cluster;
        let namespace = setting.namespace.as_str();
        let applied = objects.map(|object| async move {
            let name = object["metadata"]["name"].as_str().unwrap().to_owned();
            let address = Address::new(resource, Some(namespace), &name);
            cluster
                .apply(address, &object, ApplyOptions::default())
                .await
                .unwrap();
        });
        futures_util::future::join_all(applied).await;
        let before = cluster.requests().list;
        let all = cluster
            .list(Selection::new(resource, Some(namespace)))
            .await
            .unwrap();
        // Each namespace has a ConfigMap with the cluster's certificates, once a controller made it.
        let ours = |item: &&Value| item["metadata"]["name"] != "kube-root-ca.crt";
        assert_eq!(all.items.iter().filter(ours).count(), 612);
        assert_eq!(cluster.requests().list - before, 2);
        let first = all.items[0].as_object().unwrap();
        assert_eq!(
            first.keys().take(2).collect::<Vec<_>>(),
            ["kind", "apiVersion"]
        );
        let odd = Selection::new(resource, None).labels("odd=1");
        assert_eq!(cluster.list(odd).await.unwrap().items.len(), 306);
    });
}

#[test]
fn waiting_for_many_objects_is_one_list_and_one_watch() {
    run(async {
        let setting = Setting::new("wait").await;
        let resource = setting.resource("", "ConfigMap");
        let names: Vec<String> = (0..50).map(|number| format!("c{number}")).collect();
        let addresses: Vec<Address<'_>> = names
            .iter()
            .map(|name| Address::new(resource, Some(&setting.namespace), name))
            .collect();
        let cluster = &setting.cluster;
        let before = cluster.requests();
        let deadline = Instant::now() + Duration::from_secs(30);
        let is_there = |_: usize, object: Option<&Value>| match object {
            Some(_) => Verdict::Met,
            None => Verdict::Pending,
        };
        let made = async {
            for (name, address) in names.iter().zip(&addresses) {
                let object = setting.config_map(name, json!({}));
                cluster
                    .apply(*address, &object, ApplyOptions::default())
                    .await
                    .unwrap();
            }
        };
        let (waited, ()) =
            futures_util::future::join(cluster.until(&addresses, deadline, is_there), made).await;
        assert_eq!(waited.unwrap(), Waited::Met);
        let after = cluster.requests();
        assert_eq!(
            (
                after.list - before.list,
                after.watch - before.watch,
                after.get
            ),
            (1, 1, 0)
        );

        let gone = |_: usize, object: Option<&Value>| match object {
            None => Verdict::Met,
            Some(_) => Verdict::Pending,
        };
        let deleted = async {
            cluster
                .delete(addresses[0], DeleteOptions::default())
                .await
                .unwrap();
        };
        let soon = Instant::now() + Duration::from_secs(2);
        let (waited, ()) =
            futures_util::future::join(cluster.until(&addresses[..2], soon, gone), deleted).await;
        assert_eq!(waited.unwrap(), Waited::TimedOut(vec![1]));
        let aborted = cluster
            .until(&addresses, deadline, |_, _| Verdict::Abort)
            .await;
        assert!(matches!(aborted, Ok(Waited::Aborted(_))));
    });
}

#[test]
fn waiting_goes_on_by_reading_where_watching_is_forbidden() {
    run(async {
        let setting = Setting::new("poll").await;
        let plane = ControlPlane::shared();
        let namespace = setting.namespace.as_str();
        plane.kubectl([
            "-n",
            namespace,
            "create",
            "role",
            "reader",
            "--verb=get",
            "--resource=configmaps",
        ]);
        let account = format!("--serviceaccount={namespace}:reader");
        plane.kubectl([
            "-n",
            namespace,
            "create",
            "rolebinding",
            "reader",
            "--role=reader",
            &account,
        ]);
        let reader = connection(&plane.kubeconfig())
            .impersonating(namespace, "reader")
            .unwrap();
        let reader = Cluster::connect(reader).unwrap();
        let address = Address::new(setting.resource("", "ConfigMap"), Some(namespace), "late");
        let object = setting.config_map("late", json!({}));
        setting
            .cluster
            .apply(address, &object, ApplyOptions::default())
            .await
            .unwrap();
        let there = |_: usize, object: Option<&Value>| match object {
            Some(_) => Verdict::Met,
            None => Verdict::Pending,
        };
        let deadline = Instant::now() + Duration::from_secs(20);
        assert_eq!(
            reader.until(&[address], deadline, there).await.unwrap(),
            Waited::Met
        );
        assert!(reader.requests().get > 0);
        // What the account may not do is denied to whoever acts as it.
        let denied = reader
            .apply(address, &object, ApplyOptions::default())
            .await;
        assert!(matches!(denied, Err(ApiError::Forbidden { .. })));
    });
}

#[test]
fn clusters_are_reached_by_certificate_token_and_cluster_secret() {
    run(async {
        let plane = ControlPlane::shared();
        let by_certificate = connection(&plane.certificate_kubeconfig());
        Cluster::connect(by_certificate)
            .unwrap()
            .discovery()
            .await
            .unwrap();

        let mount = tempfile::tempdir().unwrap();
        let namespace = plane.namespace("mount");
        let token = plane.service_account_token(&namespace, "pod");
        for (name, content) in [
            ("token", token.as_str()),
            ("ca.crt", &plane.certificate_authority()),
            ("namespace", &namespace),
        ] {
            std::fs::write(mount.path().join(name), content).unwrap();
        }
        let pod =
            lockstep::cluster::Connection::service_account(plane.url(), mount.path()).unwrap();
        let pod = Cluster::connect(pod).unwrap();
        assert_eq!(pod.default_namespace(), namespace);
        pod.version().await.unwrap();

        let encode =
            |text: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
        let secret = |tls: Value| {
            let config = json!({"bearerToken": plane.token(), "tlsClientConfig": tls}).to_string();
            let secret = json!({"data": {
                "name": encode("prod"), "server": encode(plane.url()), "config": encode(&config),
            }});
            let connection = ClusterSecret::read(&secret).unwrap().connection().unwrap();
            Cluster::connect(connection).unwrap()
        };
        let trusted = secret(json!({"caData": encode(&plane.certificate_authority())}));
        trusted.discovery().await.unwrap();
        secret(json!({"insecure": true})).discovery().await.unwrap();
        let named = json!({"caData": encode(&plane.certificate_authority()), "serverName": "other.example.com"});
        for (tls, problem) in [(json!({}), "unknown authority"), (named, "another name")] {
            let refused = secret(tls).discovery().await.unwrap_err();
            assert_eq!(refused.reason(), "tls");
            assert!(refused.to_string().contains(problem), "{refused}");
        }
    });
}
