//! An API server that goes wrong: what is repeated, and that nothing is done twice.

use std::time::{Duration, Instant};

use lockstep::cluster::{
    Address, ApiError, ApplyOptions, Cluster, DeleteOptions, Deletion, Propagation, Verdict,
    Waited, WriteOptions,
};
use peers::control_plane::ControlPlane;
use peers::fault_proxy::{Action, Fault, FaultProxy};
use serde_json::{Value, json};

use crate::support::{Setting, connection, run};

async fn setting(prefix: &str) -> (FaultProxy, Setting) {
    let plane = ControlPlane::shared();
    // The proxy has a runtime of its own, which cannot be started from within another.
    let proxy = tokio::task::block_in_place(|| FaultProxy::start(plane, &plane.user()));
    let setting = Setting::through(proxy.kubeconfig(), prefix).await;
    (proxy, setting)
}

#[test]
fn what_passes_is_waited_out() {
    run(async {
        let (proxy, setting) = setting("passes").await;
        let actions = [
            Action::status(429).retry_after(1),
            Action::status(500),
            Action::status(503),
            Action::status(504),
            Action::ResetBefore,
            Action::ResetAfter,
            Action::CutAnswer,
        ];
        for (number, action) in actions.into_iter().enumerate() {
            let name = format!("c{number}");
            let address = Address::new(
                setting.resource("", "ConfigMap"),
                Some(&setting.namespace),
                &name,
            );
            let object = setting.config_map(&name, json!({"a": "1"}));
            let shown = format!("{action:?}");
            proxy.inject(Fault::on(|seen| seen.method == "PATCH", action).times(2));
            let before = setting.cluster.requests();
            let applied = setting
                .cluster
                .apply(address, &object, ApplyOptions::default())
                .await;
            assert!(applied.is_ok(), "{shown}: {:?}", applied.err());
            assert_eq!(
                setting.cluster.requests().repeated - before.repeated,
                2,
                "{shown}"
            );
            proxy.clear();
        }
    });
}

#[test]
fn what_does_not_pass_ends_at_the_deadline() {
    run(async {
        let (proxy, setting) = setting("deadline").await;
        let cluster = setting.cluster.with_deadline(Duration::from_secs(2));
        let address = Address::new(
            setting.resource("", "ConfigMap"),
            Some(&setting.namespace),
            "c",
        );
        let object = setting.config_map("c", json!({}));
        let cases = [
            (Action::status(503), "unavailable"),
            (Action::Silence, "timeout"),
            (Action::ResetBefore, "interrupted"),
            // Coming back later than the deadline has no point.
            (Action::status(429).retry_after(3600), "too-many-requests"),
        ];
        for (action, reason) in cases {
            proxy.inject(Fault::on(|seen| seen.method == "PATCH", action));
            let start = Instant::now();
            let refused = cluster
                .apply(address, &object, ApplyOptions::default())
                .await;
            assert_eq!(refused.map(|_| ()).unwrap_err().reason(), reason);
            assert!(start.elapsed() < Duration::from_secs(4), "{reason}");
            proxy.clear();
        }
        let garbage = Action::Answer {
            status: 200,
            retry_after: None,
            body: "<html>".to_owned(),
        };
        proxy.inject(Fault::on(|seen| seen.method == "PATCH", garbage));
        let refused = cluster
            .apply(address, &object, ApplyOptions::default())
            .await;
        assert!(matches!(refused, Err(ApiError::Decode)));
    });
}

#[test]
fn a_create_whose_answer_got_lost_is_known_to_be_ours() {
    run(async {
        let (proxy, setting) = setting("create").await;
        let resource = setting.resource("", "ConfigMap");
        let address = Address::new(resource, Some(&setting.namespace), "c");
        let object = setting.config_map("c", json!({"a": "1"}));
        let lose = || Fault::on(|seen| seen.method == "POST", Action::ResetAfter).nth(1);
        proxy.inject(lose());
        let made = setting
            .cluster
            .create(address, &object, WriteOptions::default())
            .await
            .unwrap();
        assert!(made.created);
        proxy.clear();

        // An object of others is not taken for ours, even if an answer got lost.
        ControlPlane::shared().apply(&setting.config_map("other", json!({})).to_string());
        let other = Address::new(resource, Some(&setting.namespace), "other");
        let object = setting.config_map("other", json!({}));
        proxy.inject(lose());
        let refused = setting
            .cluster
            .create(other, &object, WriteOptions::default())
            .await;
        assert!(matches!(refused, Err(ApiError::AlreadyExists)));
        proxy.clear();

        // Names that the server chooses are not asked for twice.
        let generated =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "g-"}});
        proxy.inject(lose());
        let refused = setting
            .cluster
            .create(address, &generated, WriteOptions::default())
            .await;
        assert!(matches!(refused, Err(ApiError::Interrupted { .. })));
    });
}

#[test]
fn a_write_at_a_version_and_a_deletion_are_known_again_after_a_lost_answer() {
    run(async {
        let (proxy, setting) = setting("lost").await;
        let cluster = &setting.cluster;
        let address = Address::new(
            setting.resource("", "ConfigMap"),
            Some(&setting.namespace),
            "c",
        );
        let object = setting.config_map("c", json!({"a": "1"}));
        let made = cluster
            .apply(address, &object, ApplyOptions::default())
            .await
            .unwrap();
        let mut changed = made.object.clone();
        changed["data"]["a"] = json!("2");
        if let Some(metadata) = changed["metadata"].as_object_mut() {
            metadata.remove("managedFields");
        }
        proxy.inject(Fault::on(|seen| seen.method == "PUT", Action::ResetAfter).nth(1));
        let replaced = cluster
            .replace(address, &changed, WriteOptions::default())
            .await
            .unwrap();
        assert_eq!(replaced.object["data"]["a"], "2");

        let options = DeleteOptions {
            uid: made.object["metadata"]["uid"].as_str(),
            propagation: Propagation::Background,
            ..DeleteOptions::default()
        };
        proxy.inject(Fault::on(|seen| seen.method == "DELETE", Action::ResetAfter).nth(1));
        assert!(matches!(
            cluster.delete(address, options).await.unwrap(),
            Deletion::Gone
        ));
        proxy.clear();

        // A name alone may be another object's by now.
        cluster
            .apply(address, &object, ApplyOptions::default())
            .await
            .unwrap();
        proxy.inject(Fault::on(|seen| seen.method == "DELETE", Action::ResetAfter).nth(1));
        let by_name = DeleteOptions {
            propagation: Propagation::Background,
            ..DeleteOptions::default()
        };
        assert!(matches!(
            cluster.delete(address, by_name).await,
            Err(ApiError::Interrupted { .. })
        ));
    });
}

#[test]
fn waiting_outlasts_broken_and_expired_watches() {
    run(async {
        let (proxy, setting) = setting("watch").await;
        let address = Address::new(
            setting.resource("", "ConfigMap"),
            Some(&setting.namespace),
            "late",
        );
        let is_watch = |seen: &peers::fault_proxy::Seen| seen.query.contains("watch=true");
        proxy.inject(Fault::on(is_watch, Action::status(503)).nth(1));
        proxy.inject(Fault::on(is_watch, Action::ResetBefore).nth(2));
        let expired = Action::Answer {
            status: 410,
            retry_after: None,
            body: r#"{"kind":"Status","reason":"Expired","code":410}"#.to_owned(),
        };
        proxy.inject(Fault::on(is_watch, expired).nth(3));
        let there = |_: usize, object: Option<&Value>| match object {
            Some(_) => Verdict::Met,
            None => Verdict::Pending,
        };
        let deadline = Instant::now() + Duration::from_secs(30);
        let direct = Cluster::connect(connection(&ControlPlane::shared().kubeconfig())).unwrap();
        let made = async {
            while proxy.seen().iter().filter(|seen| is_watch(seen)).count() < 4 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            let object = setting.config_map("late", json!({}));
            direct
                .apply(address, &object, ApplyOptions::default())
                .await
                .unwrap();
        };
        let addresses = [address];
        let waited = setting.cluster.until(&addresses, deadline, there);
        let (waited, ()) = futures_util::future::join(waited, made).await;
        assert_eq!(waited.unwrap(), Waited::Met);
    });
}
