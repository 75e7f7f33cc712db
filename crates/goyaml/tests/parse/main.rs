//! The parser against go-yaml: the same trees, down to each comment, and the same texts refused.

// A missing or broken oracle ends the test.
#![allow(clippy::expect_used)]

mod generate;
mod oracle;

use generate::Generator;
use oracle::Oracle;

/// How many documents a generated test tries; `GOYAML_ROUNDS` overrides it for long runs.
fn rounds(usual: u32) -> u32 {
    std::env::var("GOYAML_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(usual)
}

/// Compares what both libraries make of generated texts, of which go-yaml has to accept one in `accepted` at least.
fn check(seed: u64, least_accepted: u32, make: impl Fn(&mut Generator) -> Vec<u8>) {
    let mut oracle = Oracle::start();
    let mut generator = Generator::new(seed);
    let mut different = Vec::new();
    let mut accepted = 0;
    let total = rounds(3000);
    for _ in 0..total {
        let text = make(&mut generator);
        let comparison = oracle.compare(&text);
        accepted += u32::from(comparison.accepted);
        if let Some(difference) = comparison.difference {
            different.push((text, difference));
        }
    }
    different.sort_by_key(|(text, _)| text.len());
    let report: String = different
        .iter()
        .take(5)
        .map(|(text, difference)| format!("\n{:?}\n{difference}", String::from_utf8_lossy(text)))
        .collect();
    assert!(
        report.is_empty(),
        "{} of {total} differ:{report}",
        different.len()
    );
    assert!(
        accepted * least_accepted >= total,
        "only {accepted} of {total} accepted"
    );
}

#[test]
fn fragments_in_any_order_read_as_in_go() {
    check(1, 8, Generator::fragments);
}

#[test]
fn structured_documents_read_as_in_go() {
    check(2, 5, Generator::structured);
}

#[test]
fn damaged_documents_read_as_in_go() {
    check(3, 6, |generator| {
        let text = generator.structured();
        generator.damage(text)
    });
}
