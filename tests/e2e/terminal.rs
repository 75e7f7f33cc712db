//! What files of others can do to the terminal that their names are shown on: nothing.

use std::fs;

use super::support::{Run, lockstep};

/// Sets the title of the window, and begins a line of its own.
const NAME: &str = r"n\e]0;owned\aame\nerror: forged";

fn shown(arguments: &[&str], file: &str, text: &str) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    fs::write(&path, text).unwrap();
    lockstep(arguments)
        .args(["--color", "always"])
        .arg(&path)
        .run()
}

#[test]
fn names_of_others_command_no_terminal() {
    let manifest = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: \"{NAME}\"}}\nstringData: {{\"{NAME}\": hunter2}}\n"
    );
    let sealed = format!(
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {{name: \"{NAME}\", namespace: a}}\nspec: {{encryptedData: {{\"{NAME}\": YQ==}}}}\n"
    );
    let encrypted = format!(
        "kind: Secret\na: ENC[AES256_GCM,data:AA==,iv:AA==,tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str]\nsops:\n  version: 3.9.0\n  mac: ENC[]\n  lastmodified: \"2024-01-01T00:00:00Z\"\n  age: [{{recipient: \"{NAME}\", enc: x}}]\n"
    );
    for (arguments, text) in [
        (&["preview"][..], &manifest),
        (&["preview", "-o", "summary"], &manifest),
        (&["check"], &manifest),
        (&["preview"], &sealed),
        (&["check"], &sealed),
        (&["decrypt"], &encrypted),
        (&["preview"], &encrypted),
        (&["check"], &encrypted),
    ] {
        let run = shown(arguments, "a.yaml", text);
        let all = run.text() + &run.stderr;
        assert!(all.contains("ame"), "{arguments:?} names it: {all}");
        assert!(!all.contains("\u{1b}]"), "{arguments:?}: {all:?}");
        assert!(!all.contains("\nerror: forged"), "{arguments:?}: {all}");
    }
}
