//! JSON against Go's `encoding/json`.
#![allow(clippy::expect_used)]

mod oracle;

use goyaml::{
    Position, Value,
    json::{self, Escape, KeyOrder, Layout, MAX_DEPTH, ParseError, WriteError, Writer},
};
use oracle::{Answer, GoYaml, Random};
use proptest::prelude::*;

/// A value as `jsontokens` describes it: numbers by their text, which is compared as a number.
fn same(value: &Value, described: &serde_json::Value) -> bool {
    let text = || described[1].as_str().unwrap_or_default();
    match (value, described[0].as_str().unwrap_or_default()) {
        (Value::Null, "null") => true,
        (Value::Bool(value), "bool") => value.to_string() == text(),
        (Value::Int(number), "number") => text().parse() == Ok(*number),
        (Value::Uint(number), "number") => {
            text().parse::<i64>().is_err() && text().parse() == Ok(*number)
        }
        (Value::Float(number), "number") => {
            text().parse::<u64>().is_err()
                && text().parse::<i64>().is_err()
                && text()
                    .parse::<f64>()
                    .is_ok_and(|parsed| parsed.to_bits() == number.to_bits())
        }
        (Value::String(value), "str") => value == text(),
        (Value::Array(items), "seq") => {
            let described = described[1].as_array().expect("items");
            items.len() == described.len()
                && items
                    .iter()
                    .zip(described)
                    .all(|(item, described)| same(item, described))
        }
        (Value::Object(entries), "map") => {
            let described = described[1].as_array().expect("entries");
            entries.len() == described.len()
                && entries.iter().zip(described).all(|((key, value), entry)| {
                    entry[0][1].as_str() == Some(key) && same(value, &entry[1])
                })
        }
        _ => false,
    }
}

/// Compares one text; tells whether it was accepted.
fn check(go: &mut GoYaml, text: &[u8]) -> bool {
    let ours = json::parse(text);
    match (go.ask("jsontokens", text), ours) {
        (Answer::Output(described), Ok(value)) => {
            let described = serde_json::from_slice(&described).expect("JSON from the Go program");
            assert!(
                same(&value, &described),
                "{:?} gave something else",
                String::from_utf8_lossy(text)
            );
            true
        }
        // Go's tokens have no range; its `Unmarshal` and sops refuse the number later.
        (Answer::Output(_), Err(ParseError::NumberOutOfRange { .. })) => false,
        (Answer::Refusal(_), Err(_)) => false,
        (go, ours) => panic!(
            "{:?}: Go says {go:?}, we say {ours:?}",
            String::from_utf8_lossy(text)
        ),
    }
}

#[test]
fn handwritten_texts_are_read_as_go_reads_them() {
    let mut go = GoYaml::start();
    let accepted: &[&[u8]] = &[
        b"null",
        b" true ",
        b"false\n",
        b"\t\r\n0",
        b"-0",
        b"12",
        b"-12",
        b"1.50",
        b"1e3",
        b"1E+3",
        b"1e-3",
        b"0.1e1",
        b"0e0",
        b"9223372036854775807",
        b"9223372036854775808",
        b"-9223372036854775808",
        b"-9223372036854775809",
        b"18446744073709551615",
        b"18446744073709551616",
        b"123456789012345678901234567890",
        b"1e308",
        b"1e-400",
        b"\"\"",
        b"\"a\"",
        b"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        b"\"\\u00e9\\u20AC\"",
        b"\"\\ud83d\\ude00\"",
        b"\"\\ud83d\"",
        b"\"\\ud83dx\"",
        b"\"\\ude00\"",
        b"\"\\ud83d\\ud83d\\ude00\"",
        b"\"\\ud83d\\u0041\"",
        b"\"\\u0000\"",
        b"\"\x7f\"",
        b"\"\xff\"",
        b"\"a\xe2\x82b\"",
        b"\"\xe2\x82\"",
        b"\"\xf0\x9f\x98\"",
        b"\"\xed\xa0\x80\"",
        b"\"\xc0\x80\"",
        "\"\u{2028}\u{feff}\u{fffe}\"".as_bytes(),
        b"[]",
        b"[ ]",
        b"[1, 2 ,3]",
        b"{}",
        b"{ }",
        b"{\"a\":1}",
        b"{ \"a\" : 1 , \"b\" : [ { } ] }",
        b"{\"a\":1,\"a\":2}",
        b"{\"\":null}",
        b"{\"a\\u0041\":0}",
        b"{\"\xff\":1}",
        b"\n\n[\n1\n]\n",
    ];
    for text in accepted {
        assert!(check(&mut go, text), "{:?}", String::from_utf8_lossy(text));
    }
    let refused: &[&[u8]] = &[
        b"",
        b" ",
        b"nul",
        b"nulll",
        b"True",
        b"tru\xff",
        b"01",
        b"-",
        b"-a",
        b"+1",
        b".5",
        b"5.",
        b"1.e3",
        b"1e",
        b"1e+",
        b"0x1",
        b"1 2",
        b"NaN",
        b"Infinity",
        b"\"",
        b"\"a",
        b"\"\\",
        b"\"\\x\"",
        b"\"\\u12\"",
        b"\"\\u12g4\"",
        b"\"\\u",
        b"\"a\nb\"",
        b"\"a\tb\"",
        b"\"\0\"",
        b"\"\x1f",
        b"'a'",
        b"[",
        b"[1",
        b"[1,",
        b"[1,]",
        b"[,1]",
        b"[1 2]",
        b"]",
        b"{",
        b"{\"a\"",
        b"{\"a\":",
        b"{\"a\":1",
        b"{\"a\":1,",
        b"{\"a\":1,}",
        b"{a:1}",
        b"{1:1}",
        b"{\"a\" 1}",
        b"{\"a\":1 \"b\":2}",
        b"{,}",
        b"[}",
        b"{]",
        b"\xef\xbb\xbf{}",
        b"// c\n1",
        b"1 // c",
        b"\x0c1",
        b"\xa01",
        b"\xff",
    ];
    for text in refused {
        assert!(!check(&mut go, text), "{:?}", String::from_utf8_lossy(text));
    }
}

#[test]
fn random_texts_are_read_as_go_reads_them() {
    const PIECES: &[&str] = &[
        "{", "}", "[", "]", ",", ":", "\"", "\"a\"", "\"b\":", "1", "-", "0", ".5", "e3", "true",
        "null", " ", "\n", "\\", "\\u00", "\\ud800", "\\udc00", "é", "\t", "\u{1}",
    ];
    let mut go = GoYaml::start();
    let mut random = Random::new(1);
    let mut accepted = 0;
    let count = oracle::cases(4000);
    for case in 0..count {
        let mut bytes = if case % 2 == 0 {
            let mut text = String::new();
            for _ in 0..random.below(12) {
                text.push_str(random.pick(PIECES));
            }
            text.into_bytes()
        } else {
            let value = oracle::value(&mut random, 3);
            let layout = if random.once_in(2) {
                Layout::Compact
            } else {
                Layout::Indented(" ")
            };
            let mut text = String::new();
            json::write(&mut text, &value, layout, KeyOrder::AsGiven, Escape::Plain)
                .expect("a finite value");
            text.into_bytes()
        };
        if random.once_in(3) && !bytes.is_empty() {
            let at = random.below(bytes.len());
            match random.below(3) {
                0 => bytes[at] = random.next() as u8,
                1 => _ = bytes.remove(at),
                _ => bytes.truncate(at),
            }
        }
        accepted += u64::from(check(&mut go, &bytes));
    }
    assert!(
        accepted > count / 4,
        "only {accepted} texts of {count} were valid"
    );
}

#[test]
fn values_are_written_as_go_writes_them() {
    let mut go = GoYaml::start();
    let mut random = Random::new(2);
    let mut values: Vec<Value> = (0..oracle::cases(3000))
        .map(|_| oracle::value(&mut random, 4))
        .collect();
    values.push(Value::Array(
        (0..=0x2100)
            .filter_map(char::from_u32)
            .map(|c| Value::String(c.to_string()))
            .collect(),
    ));
    values.push(Value::Bytes(b"a\xff<\xe2\x82\xe2\x80\xa8".to_vec()));
    for value in &values {
        let described = oracle::describe(value).to_string();
        for (settings, layout, escape) in [
            ("html=1", Layout::Compact, Escape::Html),
            ("indent=2", Layout::Indented("  "), Escape::Plain),
            ("html=1 indent=tab", Layout::Indented("\t"), Escape::Html),
        ] {
            let theirs = go
                .ask(&format!("jsonvalue {settings}"), described.as_bytes())
                .text();
            let mut ours = String::new();
            json::write(&mut ours, value, layout, KeyOrder::Sorted, escape)
                .expect("a finite value");
            ours.push('\n');
            assert_eq!(ours, theirs, "{described}");
        }
    }
}

#[test]
fn floats_are_written_in_gos_forms() {
    let mut go = GoYaml::start();
    let mut random = Random::new(3);
    for _ in 0..oracle::cases(5000) {
        let float = oracle::float(&mut random);
        let theirs = go
            .ask("float", format!("{:016x}", float.to_bits()).as_bytes())
            .text();
        let ours = [
            goyaml::float::general(float),
            goyaml::float::general32(float),
            goyaml::float::plain(float),
            goyaml::float::json(float).expect("a finite float"),
            goyaml::float::yaml(float),
        ];
        let lines: Vec<&str> = theirs.lines().collect();
        assert_eq!(
            ours,
            [lines[0], lines[1], lines[2], lines[4], lines[5]].map(str::to_owned),
            "{float:e}"
        );
    }
    for (float, general, plain, yaml) in [
        (f64::INFINITY, "+Inf", "+Inf", ".inf"),
        (f64::NEG_INFINITY, "-Inf", "-Inf", "-.inf"),
        (f64::NAN, "NaN", "NaN", ".nan"),
    ] {
        assert_eq!(goyaml::float::general(float), general);
        assert_eq!(goyaml::float::general32(float), general);
        assert_eq!(goyaml::float::plain(float), plain);
        assert_eq!(goyaml::float::yaml(float), yaml);
        assert_eq!(goyaml::float::yaml32(float), yaml);
        assert_eq!(goyaml::float::json(float), None);
    }
    assert_eq!(goyaml::float::general32(1e300), "+Inf");
}

#[test]
fn errors_name_the_place() {
    let at = |line, column| Position { line, column };
    let cases: &[(&[u8], ParseError)] = &[
        (
            b"{\n  \"a\": x}",
            ParseError::UnexpectedCharacter { at: at(2, 8) },
        ),
        (
            "{\"é\": x}".as_bytes(),
            ParseError::UnexpectedCharacter { at: at(1, 7) },
        ),
        (b"[1,\n", ParseError::UnexpectedEnd { at: at(2, 1) }),
        (b"\"abc", ParseError::UnexpectedEnd { at: at(1, 5) }),
        (b"\"ab\\q\"", ParseError::InvalidEscape { at: at(1, 4) }),
        (b"[\"ab\n\"]", ParseError::ControlCharacter { at: at(1, 5) }),
        (b"[0, 1e999]", ParseError::NumberOutOfRange { at: at(1, 5) }),
        (b"{}\n{}", ParseError::TrailingText { at: at(2, 1) }),
    ];
    for (text, error) in cases {
        assert_eq!(
            json::parse(text),
            Err(*error),
            "{}",
            String::from_utf8_lossy(text)
        );
        assert_eq!(
            json::parse(text).expect_err("refused").position(),
            error.position()
        );
    }
}

#[test]
fn errors_and_values_show_no_text() {
    let error = json::parse(b"{\"password\": hunter2}").expect_err("refused");
    assert_eq!(error.to_string(), "line 1, column 14: unexpected character");
    assert_eq!(error.reason(), "json-unexpected-character");
    assert!(!format!("{error:?}").contains("hunter2"));
    let value = json::parse(b"{\"password\": [\"hunter2\", 7, 1.5, true]}").expect("JSON");
    assert_eq!(format!("{value:?}"), "Object(1 entries)");
    assert!(!format!("{:?}", value.get("password").expect("a key")).contains("hunter2"));
}

#[test]
fn deep_nesting_is_refused_before_it_costs_anything() {
    let nested = |open: &str, close: &str, depth: usize| open.repeat(depth) + &close.repeat(depth);
    assert!(json::parse(nested("[", "]", MAX_DEPTH).as_bytes()).is_ok());
    assert!(matches!(
        json::parse(nested("[", "]", MAX_DEPTH + 1).as_bytes()),
        Err(ParseError::TooDeep { .. })
    ));
    assert!(matches!(
        json::parse("{\"a\":".repeat(10_000_000).as_bytes()),
        Err(ParseError::TooDeep { .. })
    ));
}

#[test]
fn a_prefix_leaves_the_rest_to_the_caller() {
    let (value, length) = json::parse_prefix(b" {\"a\": 1} \n{\"b\"").expect("JSON");
    assert_eq!(value, Value::Object(vec![("a".to_owned(), Value::Int(1))]));
    assert_eq!(length, 11);
}

#[test]
fn every_scalar_has_its_line() {
    let text = b"\n{\"a\": 1, \"b\":\n[true,\n{},\r\n\"x\\n\"], \"c\"\n:\nnull}\n";
    let (value, lines) = json::parse_with_lines(text).expect("JSON");
    assert_eq!(Ok(value), json::parse(text));
    assert_eq!(lines, [2, 3, 5, 7]);
    assert_eq!(
        json::parse_with_lines(b"{} x").map(|_| ()),
        json::parse(b"{} x").map(|_| ())
    );
}

#[test]
fn the_last_of_a_repeated_key_counts() {
    let value = json::parse(b"{\"b\": 0, \"a\": 1, \"a\": 2}").expect("JSON");
    assert_eq!(value.as_object().map(<[_]>::len), Some(3));
    assert_eq!(value.get("a"), Some(&Value::Int(2)));
    assert_eq!(json::to_string(&value).as_deref(), Ok("{\"a\":2,\"b\":0}"));
}

#[test]
fn what_json_cannot_hold_is_refused() {
    for (value, error) in [
        (Value::Float(f64::NAN), WriteError::NotFinite),
        (
            Value::Array(vec![Value::Float(f64::INFINITY)]),
            WriteError::NotFinite,
        ),
        (
            Value::Mapping(vec![(Value::Int(1), Value::Null)]),
            WriteError::KeyNotString,
        ),
    ] {
        assert_eq!(json::to_string(&value), Err(error));
    }
}

#[test]
fn pieces_make_the_same_text_as_a_whole_value() {
    let mut pieces = String::new();
    let mut writer = Writer::new(&mut pieces, Layout::Indented("\t"), Escape::Html);
    writer.begin_object();
    writer.key(b"empty");
    writer.begin_object();
    writer.end_object();
    writer.key(b"items");
    writer.begin_array();
    writer.string(b"x");
    writer.null();
    writer.begin_array();
    writer.end_array();
    writer.end_array();
    writer.key(b"last");
    writer.bool(true);
    writer.end_object();
    assert_eq!(
        pieces,
        "{\n\t\"empty\": {},\n\t\"items\": [\n\t\t\"x\",\n\t\tnull,\n\t\t[]\n\t],\n\t\"last\": true\n}"
    );
}

/// Any value without floats that JSON cannot hold.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (1 << 63..=u64::MAX).prop_map(Value::Uint),
        any::<f64>()
            .prop_filter("JSON has whole floats as integers", |float| float
                .is_finite()
                && float.fract() != 0.0)
            .prop_map(Value::Float),
        any::<String>().prop_map(Value::String),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((any::<String>(), inner), 0..6).prop_map(Value::Object),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_give_a_value_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = json::parse(&bytes);
        let _ = json::parse_prefix(&bytes);
    }

    #[test]
    fn any_text_of_json_characters_gives_a_value_or_an_error(text in "[\\[\\]{}:,\"\\\\u0-9a-f.eE+ \\-\n]{0,60}") {
        if let Ok(value) = json::parse(text.as_bytes()) {
            prop_assert!(json::to_string(&value).is_ok());
        }
    }

    #[test]
    fn what_is_written_is_read_back(value in any_value(), html in any::<bool>(), indent in "[ \t]{0,4}") {
        let escape = if html { Escape::Html } else { Escape::Plain };
        for layout in [Layout::Compact, Layout::Indented(&indent)] {
            let mut text = String::new();
            json::write(&mut text, &value, layout, KeyOrder::AsGiven, escape).expect("a finite value");
            prop_assert!(json::parse(text.as_bytes()) == Ok(value.clone()));
        }
    }

    #[test]
    fn serde_reads_what_is_written(value in any_value()) {
        let text = json::to_string(&value).expect("a finite value");
        prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }
}
