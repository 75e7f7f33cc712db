//! What would change.

use lockstep::cluster::{Difference, Knowledge};
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
