//! A test of its own process: it changes the environment, for which there must be no other thread. The harness is
//! off.
#![allow(clippy::expect_used)]

use std::process::{Command, ExitCode};

const NAME: &str = "LOCKSTEP_TEST_SECRET";
const VALUE: &str = "halcyon-6dPq";

fn main() -> ExitCode {
    // The second process has the variable from its start, as a user's would.
    if std::env::var_os(NAME).is_none() {
        let program = std::env::current_exe().expect("a test has a path");
        let status = Command::new(program)
            .env(NAME, VALUE)
            .status()
            .expect("a test can be run");
        return if status.success() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
    }
    let taken = secret::take_variable(NAME).expect("the variable is set");
    assert_eq!(taken.expose(), VALUE.as_bytes());
    assert_eq!(std::env::var_os(NAME), None, "the variable is gone");
    let block = std::fs::read("/proc/self/environ").expect("the block can be read");
    assert!(
        !block
            .windows(VALUE.len())
            .any(|window| window == VALUE.as_bytes()),
        "the value is wiped"
    );
    assert!(secret::take_variable(NAME).is_none());
    ExitCode::SUCCESS
}
