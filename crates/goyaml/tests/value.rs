//! What documents decode to, against go-yaml v3, go-yaml v2 and sigs.k8s.io/yaml.
#![allow(clippy::expect_used, dead_code)]

#[path = "parse/generate.rs"]
mod generate;
mod oracle;

use goyaml::{
    Dialect, Limits, Position, Value,
    decode::{self, DecodeError, Duplicates, YamlToJsonError, yaml_to_json},
    json,
};
use oracle::{Answer, GoYaml, Random, describe, forms::FORMS, sorted};

/// Every document of a text, as go-yaml v3 decodes them; `None` where it refuses one.
fn decoded(text: &[u8]) -> Option<Vec<serde_json::Value>> {
    let mut documents = goyaml::parse(text).ok()?;
    goyaml::fill_aliases(&mut documents, &Limits::default()).ok()?;
    let value = |document: &goyaml::Document| {
        let value = decode::value(&document.root, Dialect::GoYaml3, Duplicates::Refuse).ok()?;
        Some(sorted(&describe(&value)))
    };
    documents.iter().map(value).collect()
}

/// The first document of a text, as go-yaml v2 decodes it.
fn decoded2(text: &[u8], duplicates: Duplicates) -> Option<serde_json::Value> {
    let limits = Limits::default();
    let value = match goyaml::parse_first(text, Dialect::GoYaml2, &limits).ok()? {
        Some(mut document) => {
            document.fill_aliases(&limits).ok()?;
            decode::value(&document.root, Dialect::GoYaml2, duplicates).ok()?
        }
        None => Value::Null,
    };
    Some(sorted(&describe(&value)))
}

/// What the Go program answered, if it was JSON and no refusal.
fn answer(go: &mut GoYaml, mode: &str, text: &[u8]) -> Option<serde_json::Value> {
    match go.ask(mode, text) {
        Answer::Output(bytes) => Some(serde_json::from_slice(&bytes).expect("JSON")),
        // sigs.k8s.io/yaml panics where a document has a list or mapping as a key.
        Answer::Refusal(_) | Answer::Panic(_) => None,
    }
}

fn check_go_yaml3(go: &mut GoYaml, text: &[u8]) -> bool {
    let ours = decoded(text);
    let theirs = answer(go, "v3json", text).map(|documents| {
        documents
            .as_array()
            .expect("documents")
            .iter()
            .map(sorted)
            .collect::<Vec<_>>()
    });
    assert_eq!(ours, theirs, "{:?}", String::from_utf8_lossy(text));
    ours.is_some()
}

/// Compares one text in all the ways of go-yaml v2; `None` where v2's parser refuses what v3's, and ours, accepts.
fn check_go_yaml2(go: &mut GoYaml, text: &[u8]) -> Option<bool> {
    for (mode, duplicates) in [
        ("v2json", Duplicates::LastWins),
        ("v2json strict=1", Duplicates::Refuse),
    ] {
        let theirs = answer(go, mode, text).map(|value| sorted(&value));
        let ours = decoded2(text, duplicates);
        if duplicates == Duplicates::LastWins && theirs.is_none() && ours.is_some() {
            return None;
        }
        assert_eq!(ours, theirs, "{mode} {:?}", String::from_utf8_lossy(text));
    }
    let mut accepted = false;
    for (mode, duplicates) in [
        ("sigs", Duplicates::LastWins),
        ("sigs strict=1", Duplicates::Refuse),
    ] {
        let ours = yaml_to_json(text, duplicates, &Limits::default())
            .ok()
            .map(|value| json::to_string(&value).expect("what JSON can hold"));
        let theirs = go.ask(mode, text);
        // Go writes what was no UTF-8 as an escape, and U+FFFD itself as it is.
        let theirs = theirs.output().map(|bytes| {
            let text = String::from_utf8(bytes).expect("UTF-8");
            text.replace("\\ufffd", "\u{fffd}")
        });
        if ours != theirs && unstable(go, mode, text) {
            continue;
        }
        assert_eq!(ours, theirs, "{mode} {:?}", String::from_utf8_lossy(text));
        accepted |= ours.is_some();
    }
    Some(accepted)
}

/// Whether keys have become the same text, so that Go takes one of them at random.
fn unstable(go: &mut GoYaml, mode: &str, text: &[u8]) -> bool {
    let first = go.ask(mode, text);
    (0..50).any(|_| go.ask(mode, text) != first)
}

#[test]
fn every_scalar_form_is_decoded_in_every_position() {
    const PLACES: &[&str] = &[
        "$",
        "k: $",
        "$: v",
        "? $\n: v",
        "- $",
        "- - $",
        "- k: $",
        "{k: $}",
        "{$: v}",
        "[$]",
        "[a, $, b]",
        "[$: v]",
        "{? $ : v}",
        "'$'",
        "k: '$'",
        "k: \"$\"",
        "'$': v",
        "\"$\": v",
        "- '$'",
        "{'$': \"$\"}",
        "k: |\n  $",
        "k: >-\n  $",
        "k: !!str $",
        "k: !!int $",
        "k: !!float $",
        "k: !!bool $",
        "k: !!null $",
        "k: !!timestamp $",
        "k: !!binary $",
        "k: !custom $",
        "k: ! $",
        "k: !!int '$'",
        "k: !!float \"$\"",
        "!!str $: v",
        "!!int $: v",
        "k: &a $\nl: *a",
        "&a $: v\nl: *a",
        "<<: {a: 1}\nk: $",
        "<<: {$: 1}\nk: v",
        "<<: {k: $}\na: v",
        "<<: {k: 1}\n$: v",
        "$: 1\n'$': 2",
        "$: 1\n$: 2",
        "k: $ # c",
        "k: $\n---\nk: $",
    ];
    let mut go = GoYaml::start();
    let mut accepted = 0;
    for form in FORMS {
        for place in PLACES {
            let text = place.replace('$', form);
            accepted += usize::from(check_go_yaml3(&mut go, text.as_bytes()));
            accepted += usize::from(
                check_go_yaml2(&mut go, text.as_bytes()).expect("v2 reads what v3 reads"),
            );
        }
    }
    assert!(
        accepted > FORMS.len() * PLACES.len(),
        "only {accepted} documents were accepted"
    );
}

/// Documents with few keys, so that some are repeated, with anchors, merges and tags.
fn document(random: &mut Random) -> String {
    let mut text = String::new();
    let mut anchors = 0;
    for _ in 0..1 + random.below(4) {
        if anchors < 3 && random.once_in(2) {
            anchors += 1;
            text += &format!(
                "{}: &a{anchors} {}\n",
                key(random),
                flow(random, 2, anchors - 1)
            );
        } else {
            text += &format!("{}: {}\n", key(random), flow(random, 3, anchors));
        }
    }
    text
}

fn key(random: &mut Random) -> String {
    const KEYS: &[&str] = &[
        "a",
        "b",
        "c",
        "d",
        "e",
        "f",
        "1",
        "'1'",
        "1.0",
        "0x1",
        "true",
        "'true'",
        "yes",
        "~",
        "null",
        "<<",
        "'<<'",
        "!!merge <<",
        "!!str <<",
        "!!str 1",
        "!!binary YQ==",
        "!!binary /w==",
        "!custom a",
        ".5",
        "1e3",
        "2024-01-01",
        "99999999999999999999",
        "18446744073709551615",
        ".inf",
        ".nan",
        "-0.0",
        "0.0",
        "0",
        "[a]",
        "{a: b}",
        "''",
    ];
    if random.once_in(2) {
        random.pick(&KEYS[..6]).to_owned()
    } else {
        random.pick(KEYS).to_owned()
    }
}

fn flow(random: &mut Random, depth: usize, anchors: usize) -> String {
    if anchors > 0 && random.once_in(4) {
        return format!("*a{}", 1 + random.below(anchors));
    }
    match random.below(if depth == 0 { 2 } else { 5 }) {
        0 => random
            .pick(&[
                "1",
                "x",
                "'y'",
                "yes",
                "1.5",
                "~",
                ".inf",
                "!!binary /w==",
                "2024-01-01",
                "!!int 1.5",
            ])
            .to_owned(),
        1 => random.pick(&["1", "x", "'y'"]).to_owned(),
        2 => {
            let items: Vec<_> = (0..random.below(4))
                .map(|_| flow(random, depth - 1, anchors))
                .collect();
            format!("[{}]", items.join(", "))
        }
        _ => {
            let mut entries: Vec<_> = (0..random.below(5))
                .map(|_| format!("{} : {}", key(random), flow(random, depth - 1, anchors)))
                .collect();
            if random.once_in(2) {
                let merged = match random.below(3) {
                    _ if anchors == 0 => flow(random, depth - 1, 0),
                    0 => format!("*a{}", 1 + random.below(anchors)),
                    1 => format!(
                        "[*a{}, *a{}]",
                        1 + random.below(anchors),
                        1 + random.below(anchors)
                    ),
                    _ => flow(random, depth - 1, anchors),
                };
                let at = random.below(entries.len() + 1);
                entries.insert(at, format!("<< : {merged}"));
            }
            format!("{{{}}}", entries.join(", "))
        }
    }
}

#[test]
fn documents_with_merges_and_repeated_keys_are_decoded_as_go_yaml_decodes_them() {
    let mut go = GoYaml::start();
    let mut random = Random::new(31);
    let mut accepted = 0;
    let count = oracle::cases(5000);
    for _ in 0..count {
        let text = document(&mut random);
        accepted += u64::from(check_go_yaml3(&mut go, text.as_bytes()));
        accepted +=
            u64::from(check_go_yaml2(&mut go, text.as_bytes()).expect("v2 reads what v3 reads"));
    }
    assert!(
        accepted > count / 4,
        "only {accepted} of {count} documents were accepted"
    );
}

#[test]
fn generated_documents_are_decoded_as_go_yaml_decodes_them() {
    let mut go = GoYaml::start();
    let mut generator = generate::Generator::new(32);
    let mut accepted = 0;
    let mut refused = 0;
    let count = oracle::cases(3000);
    for _ in 0..count {
        let text = generator.structured();
        // Which texts are YAML is another test's matter.
        if goyaml::parse(&text).is_err() {
            continue;
        }
        accepted += u64::from(check_go_yaml3(&mut go, &text));
        match check_go_yaml2(&mut go, &text) {
            Some(read) => accepted += u64::from(read),
            None => refused += 1,
        }
    }
    assert!(
        refused < count / 10,
        "go-yaml v2 refused {refused} of {count}"
    );
    assert!(
        accepted > count / 4,
        "only {accepted} of {count} documents were accepted"
    );
}

#[test]
fn errors_name_the_place_and_no_text() {
    let at = |line, column| Position { line, column };
    let refused = |text: &str| {
        let mut document =
            goyaml::parse_first(text.as_bytes(), Dialect::GoYaml3, &Limits::default())
                .expect("YAML")
                .expect("a document");
        document.fill_aliases(&Limits::default()).expect("aliases");
        decode::value(&document.root, Dialect::GoYaml3, Duplicates::Refuse).expect_err("refused")
    };
    assert_eq!(
        refused("a: 1\nb: 2\na: 3\n"),
        DecodeError::DuplicateKey {
            at: at(3, 1),
            first: at(1, 1)
        }
    );
    assert_eq!(
        refused("a: 1\n? [x]\n: 2\n"),
        DecodeError::InvalidKey { at: at(2, 3) }
    );
    assert_eq!(
        refused("a:\n  <<: hunter2\n"),
        DecodeError::InvalidMerge { at: at(2, 7) }
    );
    let error = refused("a:\n  - !!int hunter2\n");
    assert_eq!(error.to_string(), "line 2: cannot decode !!str as a !!int");
    assert_eq!(error.position(), at(2, 5));
    assert!(!format!("{error:?}").contains("hunter2"));

    let refused =
        |text: &str| match yaml_to_json(text.as_bytes(), Duplicates::Refuse, &Limits::default()) {
            Err(YamlToJsonError::Decode(error)) => error,
            other => panic!("{other:?}"),
        };
    assert_eq!(
        refused("a: 1\nb: 2\na: 3\n"),
        DecodeError::DuplicateKey {
            at: at(3, 1),
            first: at(1, 1)
        }
    );
    assert_eq!(
        refused("a:\n  ~: 1\n"),
        DecodeError::UnsupportedKey { at: at(2, 3) }
    );
    assert_eq!(
        refused("a:\n  - .nan\n"),
        DecodeError::NotFinite { at: at(2, 5) }
    );
}

#[test]
fn deep_documents_are_refused() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let limits = Limits {
        depth: 5_000,
        ..Limits::default()
    };
    let decoded = |depth| yaml_to_json(nested(depth).as_bytes(), Duplicates::LastWins, &limits);
    assert!(decoded(decode::MAX_DEPTH).is_ok());
    assert!(matches!(
        decoded(decode::MAX_DEPTH + 1),
        Err(YamlToJsonError::Decode(DecodeError::TooDeep { .. }))
    ));
}
