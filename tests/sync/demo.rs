//! `make demo`, so that it stays true.

use std::path::Path;
use std::process::Command;

use crate::run::Run;

#[test]
fn the_demo_does_what_it_says_and_shows_no_secret() {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/demo");
    let output = Command::new(demo)
        .env("LOCKSTEP", env!("CARGO_BIN_EXE_lockstep"))
        .output()
        .expect("the demo starts");
    let run = Run::from(output).expect(0);
    assert!(run.stdout.contains("That was all."), "{run:?}");
    let all = run.all();
    for value in [
        "example-only-database-password",
        "example-only-payment-key",
        "example-only-session-signing-key",
        "example-only-metrics-token",
        "example-only-smtp-password",
        "ZXhhbXBsZS1vbmx5",
    ] {
        assert!(!all.contains(value), "{value}: {all}");
    }
    // A person's change is shown only where they typed it.
    assert_eq!(all.matches("changed-by-hand").count(), 1, "{all}");
    assert!(
        all.contains("-  replicas: 1") && all.contains("+  replicas: 3"),
        "{all}"
    );
}
