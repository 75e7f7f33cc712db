//! Random source trees build to what the real program makes of them, byte for byte.
//!
//! `LOCKSTEP_KUSTOMIZE_TREES` is the number of trees (150 without it) and `LOCKSTEP_KUSTOMIZE_SEED` that of the first; a
//! tree that differs is named by its seed, and with `LOCKSTEP_KUSTOMIZE_KEEP` its files are left in the folder that it names.
// A test may give up where its setting cannot be made; clippy knows only test functions, not those they call.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod generated;
mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use kustomize::BuildOptions;
use peers::random::Random;
use support::{built, difference};

fn number(name: &str) -> Option<usize> {
    std::env::var(name).ok().map(|text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is a number"))
    })
}

#[test]
fn random_trees_build_to_what_the_real_program_makes_of_them() {
    let kustomize = peers::program("kustomize", "kustomize");
    let count = number("LOCKSTEP_KUSTOMIZE_TREES").unwrap_or(150);
    let first = number("LOCKSTEP_KUSTOMIZE_SEED").unwrap_or(1);
    let next = AtomicUsize::new(first);
    let accepted = AtomicUsize::new(0);
    let differences = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        break;
                    }
                    let (theirs, different) = compare(&kustomize, seed);
                    accepted.fetch_add(usize::from(theirs), Ordering::Relaxed);
                    if let Some(text) = different {
                        differences
                            .lock()
                            .unwrap()
                            .push(format!("seed {seed}:\n{text}"));
                    }
                }
            });
        }
    });
    let (accepted, differences) = (accepted.into_inner(), differences.into_inner().unwrap());
    assert!(
        differences.is_empty(),
        "{} of {count} trees differ:\n{}",
        differences.len(),
        differences.join("\n")
    );
    assert!(
        accepted * 10 >= count * 6,
        "the real program accepts only {accepted} of {count} trees"
    );
}

/// Whether the real program accepts the tree, and how we differ.
fn compare(kustomize: &Path, seed: usize) -> (bool, Option<String>) {
    let files = generated::tree(&mut Random::new(seed as u64));
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in &files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let theirs = Command::new(kustomize)
        .arg("build")
        .arg(folder.path().join(generated::BUILT))
        .output()
        .unwrap();
    let ours = built(folder.path(), generated::BUILT, &BuildOptions::default());
    let accepted = theirs.status.success();
    let different = match (accepted, ours) {
        (true, Ok(actual)) => difference(&String::from_utf8_lossy(&theirs.stdout), &actual),
        (true, Err(error)) => Some(format!("    refused: {error}\n")),
        (false, Ok(_)) => Some(format!(
            "    built, though: {}\n",
            String::from_utf8_lossy(&theirs.stderr)
        )),
        (false, Err(_)) => None,
    };
    if different.is_some() && std::env::var_os("LOCKSTEP_KUSTOMIZE_KEEP").is_some() {
        let kept = folder.keep();
        return (
            accepted,
            different.map(|text| format!("  {}\n{text}", kept.display())),
        );
    }
    (accepted, different)
}
