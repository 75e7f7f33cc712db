//! Bringing a cluster in step.

use std::sync::Mutex;

use lockstep::cluster::{
    Adoption, ConflictPolicy, EndReason, Force, OperationPhase, Progress, Pruning, ResultCode,
    SyncEvent, SyncRequest, Waiting,
};

use crate::application::{
    Application, Heard, annotated, config_map, desired, hook, lines, options, runtime,
};

#[test]
fn a_second_sync_asks_little_and_changes_nothing() {
    let app = Application::new("steady");
    let manifests = |value: &str| -> String {
        (0..500)
            .map(|number| config_map(&format!("map-{number:03}"), value))
            .collect()
    };
    // Once to try it and once to do it, and little beside: what there is, and the inventory. Where there is no
    // inventory yet, every kind is searched.
    let kinds = 150;
    for (value, most) in [("zero", 1000 + kinds), ("one", 1000 + 10)] {
        let requests = app.requests(|| {
            let outcome = app.sync(&manifests(value));
            assert_eq!(outcome.phase, OperationPhase::Succeeded, "{outcome:?}");
            assert_eq!(outcome.count(ResultCode::Synced), 500);
        });
        assert_eq!(
            (requests.dry_runs, requests.applies),
            (500, 500),
            "{requests:?}"
        );
        assert!(requests.total <= most, "{requests:?}");
    }
    let manifests = manifests("one");
    let second = app.requests(|| {
        let outcome = app.sync(&manifests);
        assert_eq!(outcome.phase, OperationPhase::Succeeded, "{outcome:?}");
        assert!(lines(&outcome)[0].ends_with("unchanged"), "{outcome:?}");
    });
    assert_eq!(second.writes + second.dry_runs, 0, "{second:?}");
    assert!(second.total <= 5, "{second:?}");
    assert_eq!(app.differences(&manifests), [""; 0]);

    app.kubectl("patch configmap map-007 -p {\"data\":{\"key\":\"two\"}}");
    assert_eq!(app.differences(&manifests), ["ConfigMap map-007: changed"]);
    let third = app.requests(|| {
        app.sync(&manifests);
    });
    assert_eq!((third.dry_runs, third.applies), (1, 1), "{third:?}");
    assert_eq!(app.differences(&manifests), [""; 0]);
}

#[test]
fn what_is_not_wanted_any_more_is_pruned_only_where_asked() {
    let app = Application::new("prune");
    let both = config_map("a", "one") + &config_map("b", "one");
    app.sync(&both);
    app.kubectl("create configmap of-somebody-else");
    let one = config_map("a", "one");
    assert_eq!(
        app.differences(&one),
        ["ConfigMap b: kept: ignored (requires pruning)"]
    );
    let outcome = app.sync(&one);
    assert_eq!(outcome.count(ResultCode::PruneSkipped), 1, "{outcome:?}");
    let outcome = app.sync_with(&one, |request| request.pruning = Pruning::On);
    assert_eq!(outcome.count(ResultCode::Pruned), 1, "{outcome:?}");
    let left = app.kubectl("get configmaps -o name");
    assert!(left.contains("of-somebody-else"), "{left}");
    assert!(left.contains("configmap/a"), "{left}");
    assert!(!left.contains("configmap/b"), "{left}");
}

#[test]
fn options_keep_objects_from_being_pruned() {
    let app = Application::new("keep");
    let manifests = annotated("never", "sync-options", "Prune=false")
        + &annotated("asked", "sync-options", "Prune=confirm")
        + &annotated("ignored", "compare-options", "IgnoreExtraneous")
        + &config_map("stays", "one");
    app.sync(&manifests);
    let stays = config_map("stays", "one");
    let comparison = app
        .compare(&annotated("never", "sync-options", "Prune=false").replace("never", "stays-too"));
    assert!(comparison.differs());
    let outcome = app.sync_with(&stays, |request| request.pruning = Pruning::On);
    assert_eq!(outcome.count(ResultCode::PruneSkipped), 2, "{outcome:?}");
    assert_eq!(outcome.count(ResultCode::Pruned), 1, "{outcome:?}");
    let outcome = app.sync_with(&stays, |request| request.pruning = Pruning::Confirmed);
    assert_eq!(outcome.count(ResultCode::PruneSkipped), 1, "{outcome:?}");
    assert_eq!(outcome.count(ResultCode::Pruned), 1, "{outcome:?}");
}

#[test]
fn phases_waves_and_kinds_follow_each_other() {
    let app = Application::new("order");
    let manifests = annotated("late", "sync-wave", "5")
        + &config_map("main", "one")
        + &annotated("early", "sync-wave", "-3")
        + &hook("after", "PostSync", "HookSucceeded", "succeed")
        + &hook("before", "PreSync", "BeforeHookCreation", "succeed")
        + &hook("failed", "SyncFail", "HookSucceeded", "succeed");
    let heard = Heard::default();
    let to_the_end = |request: &mut SyncRequest<'_>| request.waiting = Waiting::ToTheEnd;
    let outcome = app.try_sync(&manifests, to_the_end, &heard).unwrap();
    assert_eq!(outcome.phase, OperationPhase::Succeeded, "{outcome:?}");
    let taken: Vec<&str> = outcome
        .results
        .iter()
        .map(|result| result.key.name.as_str())
        .collect();
    assert_eq!(taken, ["before", "early", "main", "late", "after"]);
    let jobs = app.kubectl("get jobs -o name");
    assert!(jobs.contains("before"), "{jobs}");
    assert!(!jobs.contains("after"), "{jobs}");
    // The finalizer is off, and the hook is made anew.
    let uid = |name: &str| app.kubectl(&format!("get job {name} -o jsonpath={{.metadata.uid}}"));
    let before = uid("before");
    let outcome = app.sync(&manifests);
    assert_eq!(outcome.phase, OperationPhase::Succeeded, "{outcome:?}");
    assert_ne!(uid("before"), before);
}

#[test]
fn a_failed_hook_ends_the_sync_and_runs_the_hooks_for_failures() {
    let app = Application::new("failing");
    let manifests = config_map("never", "one")
        + &hook("breaks", "PreSync", "HookFailed", "fail")
        + &hook("tells", "SyncFail", "BeforeHookCreation", "succeed");
    let outcome = app.sync(&manifests);
    assert_eq!(outcome.phase, OperationPhase::Failed, "{outcome:?}");
    assert_eq!(outcome.reason, EndReason::TaskFailed);
    let left = app.kubectl("get jobs,configmaps -o name");
    assert!(left.contains("job.batch/tells"), "{left}");
    assert!(!left.contains("breaks"), "{left}");
    assert!(!left.contains("never"), "{left}");
}

#[test]
fn one_refusal_and_nothing_is_changed() {
    let app = Application::new("refused");
    let secret = "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: bad\ndata:\n  key: canary-not-base64!\n";
    let outcome = app.sync(&(config_map("good", "one") + secret));
    assert_eq!(outcome.phase, OperationPhase::Failed);
    assert_eq!(outcome.reason, EndReason::DryRunFailed);
    assert!(!format!("{outcome:?}").contains("canary"), "{outcome:?}");
    assert!(!lines(&outcome).join("").contains("canary"), "{outcome:?}");
    assert!(!app.kubectl("get configmaps -o name").contains("good"));
}

#[test]
fn a_definition_comes_before_its_objects() {
    let app = Application::new("kinds");
    let group = format!("{}.lockstep.dev", app.namespace);
    let definition = format!(
        "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: things.{group}\nspec:\n  group: {group}\n  names: {{plural: things, singular: thing, kind: Thing, listKind: ThingList}}\n  scope: Namespaced\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema:\n      openAPIV3Schema:\n        type: object\n        properties:\n          size: {{type: integer}}\n"
    );
    let thing =
        format!("---\napiVersion: {group}/v1\nkind: Thing\nmetadata:\n  name: one\nsize: 3\n");
    let manifests = thing.clone() + &definition;
    let outcome = app.sync(&manifests);
    assert_eq!(outcome.phase, OperationPhase::Succeeded, "{outcome:?}");
    assert_eq!(app.differences(&manifests), [""; 0]);
    // A kind that nothing defines.
    let unknown = format!("---\napiVersion: {group}/v1\nkind: Other\nmetadata:\n  name: one\n");
    let outcome = app.sync(&(manifests + &unknown));
    assert_eq!(outcome.reason, EndReason::DryRunFailed, "{outcome:?}");
    // The definition stays as long as its objects are wanted.
    let outcome = app.sync_with(&thing, |request| request.pruning = Pruning::On);
    assert_eq!(outcome.count(ResultCode::PruneSkipped), 1, "{outcome:?}");
    let outcome = app.sync_with(&config_map("other", "one"), |request| {
        request.pruning = Pruning::On;
        request.waiting = Waiting::ToTheEnd;
    });
    assert_eq!(outcome.phase, OperationPhase::Succeeded, "{outcome:?}");
    assert_eq!(outcome.count(ResultCode::Pruned), 2, "{outcome:?}");
}

/// Makes a definition when the first step begins, as an operator does that is being installed.
struct Defining<'a> {
    app: &'a Application,
    definition: String,
}

impl Progress for Defining<'_> {
    fn report(&self, event: SyncEvent<'_>) {
        if matches!(event, SyncEvent::Step { wave: 0, .. }) {
            self.app.kubectl_with("apply -f -", &self.definition);
        }
    }
}

#[test]
fn a_kind_that_comes_from_elsewhere_is_taken_as_it_is_served() {
    let app = Application::new("elsewhere");
    let group = format!("{}.lockstep.dev", app.namespace);
    let definition = format!(
        "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: wholes.{group}\nspec:\n  group: {group}\n  names: {{plural: wholes, singular: whole, kind: Whole, listKind: WholeList}}\n  scope: Cluster\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema:\n      openAPIV3Schema:\n        type: object\n        x-kubernetes-preserve-unknown-fields: true\n"
    );
    let whole = format!(
        "---\napiVersion: {group}/v1\nkind: Whole\nmetadata:\n  name: one\n  annotations:\n    argocd.argoproj.io/sync-options: SkipDryRunOnMissingResource=true\n    argocd.argoproj.io/sync-wave: \"1\"\n"
    );
    let manifests = config_map("first", "one") + &whole;
    assert_eq!(
        app.differences(&whole.replace("SkipDryRunOnMissingResource", "Validate")),
        ["Whole one: refused: the cluster serves no such kind"]
    );
    let progress = Defining {
        app: &app,
        definition,
    };
    let outcome = app.try_sync(&manifests, |_| {}, &progress).unwrap();
    assert_eq!(outcome.phase, OperationPhase::Succeeded, "{outcome:?}");
    assert_eq!(app.differences(&manifests), [""; 0]);
    let outcome = app.sync_with(&config_map("first", "one"), |request| {
        request.pruning = Pruning::On;
    });
    assert_eq!(outcome.count(ResultCode::Pruned), 1, "{outcome:?}");
    app.kubectl(&format!("delete crd wholes.{group}"));
}

#[test]
fn the_namespace_is_made_first_where_asked() {
    let mut app = Application::new("spaces");
    app.namespace = app.plane.unique("made");
    let manifests = config_map("a", "one");
    let error = app
        .try_sync(&manifests, |_| {}, &Heard::default())
        .map(|outcome| outcome.reason);
    assert!(matches!(error, Ok(EndReason::DryRunFailed)), "{error:?}");
    assert_eq!(
        app.differences(&manifests).len(),
        1,
        "the namespace is missing"
    );
    let outcome = app.sync_with(&manifests, |request| {
        request.options = options(&["CreateNamespace=true"]);
        request.namespace_metadata = Some(lockstep::cluster::NamespaceMetadata {
            labels: [("team".to_owned(), "a".to_owned())].into(),
            ..Default::default()
        });
    });
    assert_eq!(outcome.phase, OperationPhase::Succeeded, "{outcome:?}");
    let namespace = app.plane.get("namespaces", "", &app.namespace).unwrap();
    assert_eq!(namespace["metadata"]["labels"]["team"], "a");
    // A namespace among the objects.
    let name = app.plane.unique("own");
    let manifests = format!(
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: inside\n  namespace: {name}\n---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n"
    );
    let outcome = app.sync(&manifests);
    assert_eq!(outcome.phase, OperationPhase::Succeeded, "{outcome:?}");
    assert_eq!(
        app.differences(&manifests),
        ["ConfigMap a: kept: ignored (requires pruning)"]
    );
}

#[test]
fn fields_of_others_are_taken_only_from_our_own_objects() {
    let app = Application::new("conflict");
    let other = |value: &str| {
        let manifest = config_map("shared", value).replace("---\n", "");
        let output = app.plane.try_kubectl(
            [
                "-n",
                &app.namespace,
                "apply",
                "--server-side",
                "--force-conflicts",
                "--field-manager=someone",
                "-f",
                "-",
            ],
            &manifest,
        );
        assert!(output.status.success(), "{output:?}");
    };
    other("theirs");
    let outcome = app.sync(&config_map("shared", "ours"));
    assert_eq!(outcome.reason, EndReason::DryRunFailed, "{outcome:?}");
    let text = lines(&outcome).join("\n");
    assert!(
        text.contains("someone") && text.contains("data.key"),
        "{text}"
    );
    let outcome = app.sync_with(&config_map("shared", "ours"), |request| {
        request.conflicts = ConflictPolicy::Always;
    });
    assert_eq!(outcome.phase, OperationPhase::Succeeded, "{outcome:?}");
    other("theirs again");
    let outcome = app.sync_with(&config_map("shared", "ours"), |request| {
        request.conflicts = ConflictPolicy::Never;
    });
    assert_eq!(outcome.reason, EndReason::DryRunFailed, "{outcome:?}");
    let outcome = app.sync(&config_map("shared", "ours"));
    assert_eq!(outcome.phase, OperationPhase::Succeeded, "{outcome:?}");
}

#[test]
fn what_kubectl_applied_is_taken_over_whole() {
    let app = Application::new("migrate");
    let manifest =
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: old\ndata:\n  key: one\n  gone: two\n";
    let output = app
        .plane
        .try_kubectl(["-n", &app.namespace, "apply", "-f", "-"], manifest);
    assert!(output.status.success(), "{output:?}");
    let outcome = app.sync(&config_map("old", "changed"));
    assert_eq!(outcome.phase, OperationPhase::Succeeded, "{outcome:?}");
    let live = app.plane.get("configmaps", &app.namespace, "old").unwrap();
    assert_eq!(
        live["data"],
        serde_json::json!({"key": "changed"}),
        "{live}"
    );
    assert!(!live.to_string().contains("last-applied"), "{live}");
}

#[test]
fn an_object_of_another_application_is_refused_unless_adopted() {
    let first = Application::new("owner");
    first.sync(&config_map("shared", "one"));
    let mut second = Application::new("other");
    second.namespace.clone_from(&first.namespace);
    let outcome = second.sync(&config_map("shared", "one"));
    assert_eq!(outcome.reason, EndReason::DryRunFailed, "{outcome:?}");
    assert!(
        lines(&outcome)[0].contains(&first.name),
        "{:?}",
        lines(&outcome)
    );
    let outcome = second.sync_with(&config_map("shared", "one"), |request| {
        request.adoption = Adoption::TakeOver;
        request.options = options(&["FailOnSharedResource=true"]);
    });
    assert_eq!(outcome.reason, EndReason::SharedResource, "{outcome:?}");
    let outcome = second.sync_with(&config_map("shared", "one"), |request| {
        request.adoption = Adoption::TakeOver;
    });
    assert_eq!(outcome.phase, OperationPhase::Succeeded, "{outcome:?}");
    // The first one does not prune what is not its own any more.
    let outcome = first.sync_with(&config_map("else", "one"), |request| {
        request.pruning = Pruning::On;
    });
    assert_eq!(outcome.count(ResultCode::Pruned), 0, "{outcome:?}");
    first.kubectl("get configmap shared");
}

#[test]
fn what_cannot_be_changed_is_replaced_only_where_allowed() {
    let app = Application::new("immutable");
    let job = |image: &str, option: &str| {
        format!(
            "---\napiVersion: batch/v1\nkind: Job\nmetadata:\n  name: once\n  annotations:\n    argocd.argoproj.io/sync-options: {option}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n      - name: main\n        image: {image}\n"
        )
    };
    app.sync(&job("run", "Validate=true"));
    let outcome = app.sync(&job("succeed", "Validate=true"));
    assert_eq!(outcome.reason, EndReason::DryRunFailed, "{outcome:?}");
    let text = lines(&outcome).join("\n");
    assert!(text.contains("template"), "{text}");
    let outcome = app.sync(&job("succeed", "Force=true"));
    assert_eq!(outcome.phase, OperationPhase::Succeeded, "{outcome:?}");
    assert!(lines(&outcome)[0].contains("anew"), "{outcome:?}");
    let outcome = app.sync_with(&job("fail", "Replace=true"), |request| {
        request.force = Force::Recreate;
    });
    assert_eq!(outcome.phase, OperationPhase::Succeeded, "{outcome:?}");
}

#[test]
fn fields_that_a_kind_does_not_have_are_dropped_where_nothing_is_validated() {
    let app = Application::new("undeclared");
    let pod = |validate: &str| {
        format!(
            "---\napiVersion: v1\nkind: PodTemplate\nmetadata:\n  name: odd\n  annotations:\n    argocd.argoproj.io/sync-options: {validate}\nbogus: 1\ntemplate:\n  spec:\n    containers:\n    - name: main\n      image: run\n      neither: {{a: 1}}\n"
        )
    };
    let outcome = app.sync(&pod("Validate=true"));
    assert_eq!(outcome.reason, EndReason::DryRunFailed, "{outcome:?}");
    for _ in 0..2 {
        let outcome = app.sync(&pod("Validate=false"));
        assert_eq!(outcome.phase, OperationPhase::Succeeded, "{outcome:?}");
        assert_eq!(app.differences(&pod("Validate=false")), [""; 0]);
    }
    let secret = "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: odd\n  annotations:\n    argocd.argoproj.io/sync-options: Validate=false\nbogus: {a: 1}\nstringData: {a: b}\n";
    let outcome = app.sync(&(pod("Validate=false") + secret));
    assert_eq!(outcome.phase, OperationPhase::Succeeded, "{outcome:?}");
}

#[test]
fn a_wave_waits_for_the_health_of_the_one_before() {
    let app = Application::new("health");
    let deployment = |image: &str| {
        format!(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  progressDeadlineSeconds: 5\n  selector:\n    matchLabels: {{app: web}}\n  template:\n    metadata:\n      labels: {{app: web}}\n    spec:\n      containers:\n      - name: main\n        image: {image}\n"
        )
    };
    let after = annotated("after", "sync-wave", "1");
    let outcome = app.sync(&(deployment("run") + &after));
    assert_eq!(outcome.phase, OperationPhase::Succeeded, "{outcome:?}");
    let outcome = app.sync(&(deployment("stuck") + &after.replace("value", "other")));
    assert_eq!(outcome.reason, EndReason::TaskFailed, "{outcome:?}");
    assert!(
        lines(&outcome).iter().any(|line| line.contains("Degraded")),
        "{outcome:?}"
    );
}

/// Stops a sync at its n-th event, as a kill would.
struct Killer {
    left: Mutex<usize>,
    kill: tokio::sync::Notify,
}

impl Progress for Killer {
    fn report(&self, _event: SyncEvent<'_>) {
        let mut left = self.left.lock().unwrap();
        *left = left.saturating_sub(1);
        if *left == 0 {
            self.kill.notify_one();
        }
    }
}

#[test]
fn a_sync_that_was_killed_anywhere_is_finished_by_the_next_one() {
    let app = Application::new("killed");
    let first = config_map("a", "one") + &config_map("b", "one") + &config_map("old", "one");
    let second = config_map("a", "two")
        + &config_map("new", "one")
        + &annotated("late", "sync-wave", "1")
        + &hook("before", "PreSync", "HookSucceeded", "succeed")
        + &hook("after", "PostSync", "BeforeHookCreation", "succeed");
    for kill in 1..24 {
        let outcome = app.sync_with(&first, |request| request.pruning = Pruning::On);
        assert_eq!(outcome.phase, OperationPhase::Succeeded, "{outcome:?}");
        let killer = Killer {
            left: Mutex::new(kill),
            kill: tokio::sync::Notify::new(),
        };
        let objects = desired(&second);
        let mut request = app.request(&objects);
        request.pruning = Pruning::On;
        let is_killed = runtime().block_on(async {
            tokio::select! {
                _ = lockstep::cluster::sync(&app.cluster, &request, &killer) => false,
                () = killer.kill.notified() => true,
            }
        });
        // Another commit came meanwhile, or the same one is tried again.
        let next = if kill % 2 == 0 { &second } else { &first };
        let outcome = app.sync_with(next, |request| {
            request.pruning = Pruning::On;
            request.waiting = Waiting::ToTheEnd;
        });
        assert_eq!(
            outcome.phase,
            OperationPhase::Succeeded,
            "{kill}: {outcome:?}"
        );
        let left = app.kubectl("get configmaps -l lockstep.dev/application -o name");
        let mut left: Vec<&str> = left
            .lines()
            .filter_map(|line| line.strip_prefix("configmap/"))
            .filter(|name| !name.starts_with("lockstep-inventory"))
            .collect();
        left.sort_unstable();
        let expect: &[&str] = if kill % 2 == 0 {
            &["a", "late", "new"]
        } else {
            &["a", "b", "old"]
        };
        assert_eq!(left, expect, "{kill}");
        let held = app.kubectl("get jobs -o jsonpath={.items[*].metadata.finalizers}");
        assert!(!held.contains("hook-finalizer"), "{kill}: {held}");
        if !is_killed {
            break;
        }
    }
}
