//! Any bytes are documents or an error, in time and memory that grow with their number.
// A thread that cannot be had ends the test.
#![allow(clippy::expect_used)]

use std::sync::mpsc;
use std::time::Duration;

use goyaml::{Dialect, Limits, Node, Source, parse, parse_first, parse_with};
use proptest::prelude::*;

/// Far more than any of the texts here needs, also without optimisation on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Texts of about a megabyte that take quadratic time where something is looked at again for each token, line,
/// comment, level, anchor or directive.
fn traps() -> Vec<(&'static str, String)> {
    let numbered =
        |count: usize, make: &dyn Fn(usize) -> String| -> String { (0..count).map(make).collect() };
    vec![
        ("items", format!("[{}]", "a, ".repeat(300_000))),
        ("open", "[".repeat(1_000_000)),
        ("entries", "- ".repeat(500_000)),
        ("questions", "? ".repeat(500_000)),
        ("colons", ": ".repeat(500_000)),
        ("keys", numbered(60_000, &|at| format!("k{at}: v{at}\n"))),
        ("comments", format!("{}a: b\n", "# c\n\n".repeat(200_000))),
        (
            "levels with comments",
            format!("{}x{}", "- ".repeat(9_000), "\n# c\n\n".repeat(150_000)),
        ),
        (
            "levels that end at once",
            numbered(40, &|_| format!("{}x\n", "- ".repeat(9_000))),
        ),
        ("comments of empty items", "-\n# c\n".repeat(150_000)),
        (
            "comments of nested items",
            numbered(1_000, &|at| format!("{}- # c\n", " ".repeat(at))),
        ),
        ("anchors", numbered(80_000, &|at| format!("- &a{at} x\n"))),
        ("documents with anchors", "--- &a\n".repeat(140_000)),
        (
            "directives",
            numbered(60_000, &|at| format!("%TAG !h{at}! tag:x\n")) + "---\n",
        ),
        ("tags", "- !x y\n".repeat(140_000)),
        ("blanks", format!("a:{}b", " ".repeat(1_000_000))),
        (
            "blanks after each token",
            format!("a{}\n", ": ".to_owned() + &" ".repeat(400)).repeat(2_000),
        ),
        ("blank lines", " \n".repeat(500_000)),
        ("one scalar", "a ".repeat(500_000)),
        ("folded lines", "a\n".repeat(500_000)),
        ("escapes", format!("\"{}\"", "\\n".repeat(500_000))),
        ("unclosed quotes", "\"a\n".repeat(300_001)),
        ("block scalar", format!("|\n{}", " a\n".repeat(300_000))),
        ("empty block scalars", "- |\n".repeat(250_000)),
        ("documents", "---\n".repeat(250_000)),
        ("no ASCII", "- é\n".repeat(200_000)),
    ]
}

#[test]
fn no_text_takes_long() {
    for (name, text) in traps() {
        let (done, wait) = mpsc::channel();
        std::thread::spawn(move || {
            for dialect in [Dialect::GoYaml3, Dialect::GoYaml2] {
                let _ = parse_with(text.as_bytes(), dialect, &Limits::default());
            }
            // The receiver is gone when the patience ran out.
            let _ = done.send(());
        });
        wait.recv_timeout(PATIENCE).expect(name);
    }
}

#[test]
fn limits_hold() {
    let limits = Limits {
        depth: 3,
        size: 20,
        ..Limits::default()
    };
    for (text, reason) in [
        ("[[[]]]", None),
        ("[[[[]]]]", Some("too-deep")),
        ("- - - a", None),
        ("- - - - a", Some("too-deep")),
        ("- [[{}]]", Some("too-deep")),
        ("[a: [b]]", None),
        ("[a: [b: c]]", Some("too-deep")),
        ("aaaaaaaaaaaaaaaaaaaa", None),
        ("aaaaaaaaaaaaaaaaaaaaa", Some("too-large")),
    ] {
        let result = parse_with(text.as_bytes(), Dialect::GoYaml3, &limits);
        assert_eq!(result.err().map(|error| error.reason()), reason, "{text}");
    }
}

#[test]
fn documents_before_an_error_are_read() {
    for text in [
        "a\n---\n[b\n".to_owned(),
        "a\n---\n- b\n- c\n- 'd\n--- e".to_owned(),
        format!("a\n---\nb: {}\u{1}\n", "c".repeat(600)),
    ] {
        let limits = Limits::default();
        let source = Source::decode(text.as_bytes(), &limits).expect("a small text");
        let documents: Vec<_> = source.documents(Dialect::GoYaml3, &limits).collect();
        assert_eq!(documents.len(), 2, "{text:?}");
        assert!(documents[0].is_ok() && documents[1].is_err(), "{text:?}");
        let first = parse_first(text.as_bytes(), Dialect::GoYaml3, &limits);
        assert_eq!(
            first.ok().flatten().map(|document| document.root.value),
            Some("a".into())
        );
    }
}

#[test]
fn anchors_are_known_as_long_as_in_each_library() {
    let text = b"&a x\n---\n*a\n";
    let read = |dialect| parse_with(text, dialect, &Limits::default()).map(|read| read.len());
    assert_eq!(read(Dialect::GoYaml3), Ok(2));
    let error = read(Dialect::GoYaml2).err();
    assert_eq!(error.map(|error| error.reason()), Some("unknown-anchor"));
}

#[test]
fn errors_tell_the_place_and_no_text() {
    for (text, reason, line, column) in [
        ("a: b\nsecret: [hunter2\n", "flow-sequence", 3, 1),
        ("a: b\nc: 'hunter2\n", "unterminated-quote", 2, 4),
        ("a: b\nhunter2\n", "key-without-colon", 2, 1),
        ("a: \"\\hunter2\"\n", "escape", 1, 5),
        ("a: *hunter2\n", "unknown-anchor", 1, 4),
        ("a: !hunter2!x y\n", "tag-handle", 1, 4),
        ("é: @hunter2\n", "unexpected-character", 1, 4),
        ("a: hunter2: b\n", "value-not-allowed", 1, 11),
        ("a: hunter2\n\u{7}", "control-character", 2, 1),
    ] {
        let error = parse(text.as_bytes()).expect_err(text);
        let position = error.position();
        assert_eq!(
            (error.reason(), position.line, position.column),
            (reason, line, column),
            "{text}"
        );
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(
            shown.starts_with(&format!("line {line}, column {column}: ")),
            "{shown}"
        );
    }
}

/// Bytes that are often YAML.
fn syntax() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "\n",
        "\r\n",
        " ",
        "  ",
        "\t",
        "- ",
        "? ",
        ": ",
        ":",
        "a",
        "b: ",
        "# c",
        "[",
        "]",
        "{",
        "}",
        ",",
        "'",
        "\"",
        "\\",
        "\\x4",
        "&a ",
        "*a",
        "!t ",
        "!",
        "|",
        ">",
        "+",
        "2",
        "---",
        "...",
        "%TAG ! x",
        "%YAML 1.1",
        "\u{85}",
        "\u{2028}",
        "é",
        "\u{FEFF}",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat().into_bytes())
}

/// Whether each node starts behind the one before, within the text. (A key that is empty starts where its `?` is,
/// and an empty value can start where the text goes on.)
fn places_are_in_text(node: &Node, lines: usize) -> bool {
    (1..=lines + 1).contains(&(node.position.line as usize))
        && node.position.column > 0
        && node
            .content
            .iter()
            .all(|child| places_are_in_text(child, lines))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes_are_documents_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn any_syntax_is_documents_or_an_error(bytes in syntax()) {
        match parse(&bytes) {
            Ok(documents) => {
                let lines = bytes.iter().filter(|byte| !byte.is_ascii_alphanumeric()).count() + 1;
                for mut document in documents {
                    prop_assert!(places_are_in_text(&document.root, lines));
                    let _ = document.expand_aliases(&Limits::default());
                }
            }
            Err(error) => prop_assert!(error.position().column > 0),
        }
    }
}
