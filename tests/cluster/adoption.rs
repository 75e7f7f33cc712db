//! Objects that another tool applied before.

use lockstep::cluster::{Adoption, EndReason, OperationPhase, Pruning, ResultCode};
use serde_json::{Value, json};

use crate::application::{Application, config_map, options};

const OF_ARGO_CD: &str = "apiVersion: v1
kind: ConfigMap
metadata:
  name: shared
  annotations:
    argocd.argoproj.io/tracking-id: guestbook:/ConfigMap:NAMESPACE/shared
data:
  key: one
  gone: two
";

/// What Argo CD applied, on the server's or on the client's side.
fn applied_by_argo_cd(app: &Application, arguments: &str) {
    let manifest = OF_ARGO_CD.replace("NAMESPACE", &app.namespace);
    app.kubectl_with(
        &format!("apply --field-manager=argocd-controller -f - {arguments}"),
        &manifest,
    );
}

fn live(app: &Application) -> Value {
    let text = app.kubectl("get configmap shared -o json --show-managed-fields");
    serde_json::from_str(&text).unwrap()
}

fn managers(live: &Value) -> Vec<&str> {
    live["metadata"]["managedFields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["manager"].as_str().unwrap())
        .collect()
}

#[test]
fn what_argo_cd_applied_is_taken_over_whole() {
    for (prefix, arguments) in [("argo-ssa", "--server-side"), ("argo-csa", "")] {
        let app = Application::new(prefix);
        applied_by_argo_cd(&app, arguments);
        let outcome = app.sync(&config_map("shared", "changed"));
        assert_eq!(outcome.reason, EndReason::DryRunFailed, "{outcome:?}");
        let take_over = |adoption: &mut lockstep::cluster::SyncRequest<'_>| {
            adoption.adoption = Adoption::TakeOver;
        };
        // Both the difference and the object are without what is not wanted.
        let comparison = app.compare_with(&config_map("shared", "changed"), take_over);
        let (_, predicted) = comparison.objects[0].sight.expose();
        let predicted = goyaml::json::to_string(predicted.unwrap()).unwrap();
        assert!(
            !predicted.contains("gone") && !predicted.contains("argocd.argoproj.io"),
            "{predicted}"
        );
        let outcome = app.sync_with(&config_map("shared", "changed"), take_over);
        assert_eq!(outcome.phase, OperationPhase::Succeeded, "{outcome:?}");
        let live = live(&app);
        assert_eq!(live["data"], json!({"key": "changed"}), "{live}");
        assert_eq!(managers(&live), ["lockstep"], "{live}");
        let annotations = live["metadata"]["annotations"].as_object().unwrap();
        assert_eq!(
            annotations.keys().collect::<Vec<_>>(),
            ["lockstep.dev/tracking-id"]
        );
        assert_eq!(app.differences(&config_map("shared", "changed")), [""; 0]);
    }
}

#[test]
fn what_other_tools_applied_is_taken_over_only_where_asked() {
    for manager in ["kustomize-controller", "helm", "kubectl"] {
        let app = Application::new("tools");
        let theirs = config_map("shared", "theirs") + "  gone: two\n";
        app.kubectl_with(
            &format!("apply --server-side --field-manager={manager} -f -"),
            &theirs,
        );
        let ours = config_map("shared", "ours");
        let outcome = app.sync(&ours);
        assert_eq!(outcome.reason, EndReason::DryRunFailed, "{outcome:?}");
        let outcome = app.sync_with(&ours, |request| {
            request.adoption = Adoption::TakeOver;
        });
        assert_eq!(outcome.phase, OperationPhase::Succeeded, "{outcome:?}");
        let live = live(&app);
        assert_eq!(live["data"], json!({"key": "ours"}), "{live}");
        assert_eq!(managers(&live), ["lockstep"], "{live}");
    }
}

#[test]
fn a_field_that_has_another_owner_too_stays_and_is_no_difference() {
    let app = Application::new("co-owned");
    let both = config_map("shared", "one") + "  common: two\n";
    app.sync(&both);
    app.kubectl_with(
        "apply --server-side --field-manager=someone -f -",
        &(config_map("shared", "one") + "  common: two\n"),
    );
    let less = config_map("shared", "one");
    assert_eq!(app.differences(&less), [""; 0]);
    // It is written all the same, so that the field is somebody else's alone from now on; then nothing is left to do.
    let requests = app.requests(|| {
        app.sync(&less);
    });
    assert_eq!(requests.applies, 1, "{requests:?}");
    let requests = app.requests(|| {
        let outcome = app.sync(&less);
        assert_eq!(outcome.phase, OperationPhase::Succeeded, "{outcome:?}");
    });
    assert_eq!(requests.writes + requests.dry_runs, 0, "{requests:?}");
    assert_eq!(app.differences(&less), [""; 0]);
    let live = live(&app);
    assert_eq!(live["data"]["common"], "two", "{live}");
}

#[test]
fn an_object_that_is_not_marked_yet_is_out_of_sync() {
    let app = Application::new("unmarked");
    app.kubectl_with("create -f -", &config_map("a", "one"));
    let options = || options(&["ApplyOutOfSyncOnly=true"]);
    let outcome = app.sync_with(&config_map("a", "one"), |request| {
        request.options = options();
    });
    assert_eq!(outcome.phase, OperationPhase::Succeeded, "{outcome:?}");
    let outcome = app.sync_with(&config_map("b", "one"), |request| {
        request.options = options();
        request.pruning = Pruning::On;
    });
    assert_eq!(outcome.count(ResultCode::Pruned), 1, "{outcome:?}");
}
