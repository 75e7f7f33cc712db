//! Large repositories: what is received is what is needed.

use std::io::Write as _;
use std::time::Instant;

use crate::repository::{Repository, cached};
use crate::{World, content};

/// 64 commits that each replace 16 MiB of noise, and one that leaves only a small file.
fn long_history(repository: &Repository) {
    let mut noise = vec![0; 16 << 20];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for bytes in noise.chunks_exact_mut(8) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.copy_from_slice(&state.to_le_bytes());
    }
    repository.import(|out| {
        for number in 0..64_u64 {
            noise[..8].copy_from_slice(&number.to_le_bytes());
            let head = format!(
                "commit refs/heads/main\ncommitter C <c@example.com> {} +0000\ndata 1\nx\n\
                 M 100644 inline noise\ndata {}\n",
                1_700_000_000 + number,
                noise.len()
            );
            out.write_all(head.as_bytes()).unwrap();
            out.write_all(&noise).unwrap();
            out.write_all(b"\n").unwrap();
        }
        let last = "commit refs/heads/main\ncommitter C <c@example.com> 1700001000 +0000\ndata 1\nx\n\
                    D noise\nM 100644 inline a.yaml\ndata 5\nsmall\n";
        out.write_all(last.as_bytes()).unwrap();
    });
}

#[test]
fn a_gigabyte_of_history_is_not_received() {
    let source = cached("long-history", long_history);
    let world = World::with(|root| Repository::borrowing(root, "app.git", &source));
    let mirrors = world.mirrors();
    let begun = Instant::now();
    let commit = world.fetch(&mirrors, "main").unwrap();
    let took = begun.elapsed();
    assert_eq!(content(&commit, "a.yaml"), "small");
    let sent: usize = world
        .server
        .take_requests()
        .iter()
        .map(|request| request.sent)
        .sum();
    assert!(sent < 10_000, "{sent} bytes");
    report(&format!(
        "shallow fetch of 1 GiB of history: {sent} bytes, {took:?}"
    ));
}

fn many_files(repository: &Repository) {
    repository.import(|out| {
        let head = "commit refs/heads/main\ncommitter C <c@example.com> 1700000000 +0000\ndata 1\nx\n";
        out.write_all(head.as_bytes()).unwrap();
        for number in 0..50_000 {
            let text = format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: app-{number}\ndata:\n  key: value-{number}\n"
            );
            let line = format!(
                "M 100644 inline apps/{:03}/{number}.yaml\ndata {}\n{text}\n",
                number % 500,
                text.len()
            );
            out.write_all(line.as_bytes()).unwrap();
        }
    });
}

#[test]
fn one_commit_in_fifty_thousand_files_costs_one_commit() {
    let source = cached("many-files", many_files);
    let world = World::with(|root| Repository::borrowing(root, "app.git", &source));
    let mirrors = world.mirrors();
    let begun = Instant::now();
    world.fetch(&mirrors, "main").unwrap();
    let first = begun.elapsed();
    let all: usize = world
        .server
        .take_requests()
        .iter()
        .map(|request| request.sent)
        .sum();

    world
        .repository
        .commit("main", &[("apps/007/7.yaml", "changed")]);
    let begun = Instant::now();
    let commit = world.fetch(&mirrors, "main").unwrap();
    let second = begun.elapsed();
    assert_eq!(content(&commit, "apps/007/7.yaml"), "changed");
    assert!(content(&commit, "apps/499/499.yaml").contains("value-499"));
    let requests = world.server.take_requests();
    let sent: usize = requests.iter().map(|request| request.sent).sum();
    assert!(sent < 20_000 && sent * 50 < all, "{sent} bytes of {all}");
    // The refused first one, the capabilities, the list, the pack.
    assert_eq!(requests.len(), 4);
    report(&format!(
        "50,000 files: {all} bytes, {first:?}; one commit more: {sent} bytes, {second:?}"
    ));
}

/// Figures for who runs this with `--nocapture`.
fn report(line: &str) {
    let mut out = std::io::stderr();
    writeln!(out, "{line}").unwrap();
}
