//! What would change.

use lockstep::cluster::ignore::{IgnoreDifference, IgnoreRules};
use lockstep::cluster::{Difference, Knowledge, OperationPhase, Pruning, ResultCode, Warning};
use secret::{FingerprintKey, Redactor};

use crate::application::{Application, config_map};

#[test]
fn a_difference_shows_both_sides_and_no_secret() {
    let app = Application::new("masked");
    let secret = |value: &str| {
        format!(
            "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: login\nstringData:\n  password: {value}\n"
        )
    };
    app.sync(&secret("canary-before"));
    let comparison = app.compare(&(secret("canary-after") + &config_map("a", "one")));
    assert_eq!(comparison.knowledge, Knowledge::Complete);
    assert!(!format!("{comparison:?}").contains("canary"));
    let redactor = Redactor::new(FingerprintKey::generate().unwrap());
    let changed = &comparison.objects[0];
    assert!(matches!(changed.difference, Difference::Changed));
    let (live, predicted) = changed.sight.masked(&redactor);
    let text =
        |side: &Option<goyaml::Value>| goyaml::json::to_string(side.as_ref().unwrap()).unwrap();
    let (live, predicted) = (text(&live), text(&predicted));
    assert_ne!(live, predicted);
    for side in [&live, &predicted] {
        // The value in base64 begins so, whatever follows.
        assert!(
            !side.contains("canary") && !side.contains("Y2FuYXJ5"),
            "{side}"
        );
        assert!(!side.contains("lockstep.dev/"), "{side}");
        assert!(side.contains("password"), "{side}");
    }
    let created = &comparison.objects[1];
    assert!(matches!(created.difference, Difference::Created));
    assert!(created.sight.masked(&redactor).0.is_none());
}

#[test]
fn a_rule_that_fails_is_told_once() {
    let app = Application::new("rules");
    let both = |value: &str| config_map("a", value) + &config_map("b", value);
    app.sync(&both("one"));
    let rules = || {
        IgnoreRules::compile(&[IgnoreDifference {
            kind: "ConfigMap".to_owned(),
            jq_path_expressions: vec![".data.key".to_owned(), ".data.missing[]".to_owned()],
            ..IgnoreDifference::default()
        }])
        .unwrap()
    };
    let told = |warnings: &[Warning]| warnings.iter().map(ToString::to_string).collect::<Vec<_>>();
    let expected = [
        "ignoreDifferences[0].jqPathExpressions[1] failed on ConfigMap NS/a and 1 other objects; it ignores nothing there"
            .replace("NS", &app.namespace),
    ];
    let comparison = app.compare_with(&both("two"), |request| request.ignore = rules());
    assert!(!comparison.differs(), "{comparison:?}");
    assert_eq!(told(&comparison.warnings), expected);
    let outcome = app.sync_with(&both("two"), |request| request.ignore = rules());
    assert_eq!(told(&outcome.warnings), expected);
}

#[test]
fn what_is_on_its_way_out_still_counts() {
    let app = Application::new("leaving");
    let held = "  finalizers: [lockstep.dev/held]\n";
    let manifest = |name: &str| {
        config_map(name, "one").replace(
            &format!("  name: {name}\n"),
            &format!("  name: {name}\n{held}"),
        )
    };
    let both = manifest("a") + &manifest("b");
    app.sync(&both);
    app.kubectl("delete configmap a b --wait=false");
    // As in Argo CD: what is not wanted is pruned as long as it is there, and what is wanted is as wanted.
    let comparison = app.compare_with(&manifest("a"), |request| request.pruning = Pruning::On);
    assert_eq!(
        crate::application::differences(&comparison),
        ["ConfigMap b: pruned"]
    );
    assert!(
        matches!(&comparison.warnings[..], [Warning::Leaving { key }] if key.name == "a"),
        "{comparison:?}"
    );
    let outcome = app.sync_with(&manifest("a"), |request| {
        request.pruning = Pruning::On;
        request.timeouts.step = std::time::Duration::from_millis(200);
    });
    // What is still there when the time is up was not pruned.
    assert_eq!(outcome.phase, OperationPhase::Failed, "{outcome:?}");
    assert_eq!(outcome.count(ResultCode::Pruned), 0, "{outcome:?}");
    assert_eq!(outcome.count(ResultCode::SyncFailed), 1, "{outcome:?}");
    for name in ["a", "b"] {
        app.kubectl(&format!(
            "patch configmap {name} -p {{\"metadata\":{{\"finalizers\":null}}}}"
        ));
    }
}
