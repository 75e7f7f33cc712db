//! The parser against go-yaml: the same trees, down to each comment, and the same texts refused.

// A missing or broken oracle ends the test.
#![allow(clippy::expect_used)]

mod generate;
mod oracle;
mod table;

use generate::Generator;
use oracle::{Comparison, Oracle};

/// How many documents a generated test tries; `GOYAML_ROUNDS` overrides it for long runs.
fn rounds(usual: u32) -> u32 {
    std::env::var("GOYAML_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(usual)
}

/// Compares what both libraries make of generated texts, of which go-yaml has to accept one in `accepted` at least.
fn check(
    seed: u64,
    least_accepted: u32,
    make: impl Fn(&mut Generator) -> Vec<u8>,
    compare: impl Fn(&mut Oracle, &[u8]) -> Comparison,
) {
    let mut oracle = Oracle::start();
    let mut generator = Generator::new(seed);
    let mut different = Vec::new();
    let mut accepted = 0;
    let total = rounds(3000);
    for _ in 0..total {
        let text = make(&mut generator);
        let comparison = compare(&mut oracle, &text);
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
fn each_feature_and_comment_place_reads_as_in_go() {
    let mut oracle = Oracle::start();
    let written = table::TEXTS.iter().map(|text| text.as_bytes().to_vec());
    let different: String = written
        .chain(table::made())
        .filter_map(|text| {
            let difference = oracle.compare(&text).difference?;
            let shown: String = String::from_utf8_lossy(&text).chars().take(80).collect();
            Some(format!("\n{shown:?}: {difference}"))
        })
        .collect();
    assert!(different.is_empty(), "{different}");
}

#[test]
fn nesting_is_refused_where_go_refuses_it() {
    let mut oracle = Oracle::start();
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", "")] {
        for depth in [100, 5_000, 9_999, 10_000, 10_001, 100_000] {
            let text = format!("{}{}", open.repeat(depth), close.repeat(depth));
            // The stack of a thread is all that is needed, however deep the text.
            let ours = std::thread::spawn({
                let text = text.clone();
                move || {
                    goyaml::parse(text.as_bytes())
                        .map(|_| ())
                        .map_err(|error| error.reason())
                }
            })
            .join()
            .expect("no overflow");
            assert_eq!(
                ours.is_ok(),
                oracle.accepts(text.as_bytes()),
                "{open} {depth} {ours:?}"
            );
            assert_eq!(ours.is_ok(), depth <= 10_000, "{open} {depth} {ours:?}");
        }
    }
}

fn damaged(generator: &mut Generator) -> Vec<u8> {
    let text = generator.structured();
    generator.damage(text)
}

#[test]
fn fragments_in_any_order_read_as_in_go() {
    check(1, 8, Generator::fragments, Oracle::compare);
}

#[test]
fn structured_documents_read_as_in_go() {
    check(2, 2, Generator::structured, Oracle::compare);
}

#[test]
fn damaged_documents_read_as_in_go() {
    check(3, 4, damaged, Oracle::compare);
}

#[test]
fn go_yaml_v2_refuses_the_same_texts() {
    check(4, 8, Generator::fragments, Oracle::compare_v2);
    check(5, 4, Generator::structured, Oracle::compare_v2);
    check(6, 8, damaged, Oracle::compare_v2);
}
