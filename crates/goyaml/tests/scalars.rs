//! What scalars mean, against go-yaml v3 and v2.
#![allow(clippy::expect_used)]

mod oracle;

use goyaml::{
    Dialect, Tag, Timestamp, Value,
    resolve::{ResolveError, is_base60, is_old_bool, plain_tag, plain_value, tagged_value},
};
use oracle::{Answer, GoYaml, Random, describe, sorted};

/// Every form that some YAML reader takes for something else than a string, and texts next to them.
const FORMS: &[&str] = &[
    "",
    "~",
    "null",
    "Null",
    "NULL",
    "nULL",
    "nul",
    "true",
    "True",
    "TRUE",
    "tRUE",
    "false",
    "False",
    "FALSE",
    "yes",
    "Yes",
    "YES",
    "yEs",
    "no",
    "No",
    "NO",
    "on",
    "On",
    "ON",
    "off",
    "Off",
    "OFF",
    "y",
    "Y",
    "n",
    "N",
    "t",
    "f",
    "o",
    "oN",
    "0",
    "1",
    "-1",
    "+5",
    "-0",
    "+0",
    "00",
    "007",
    "0777",
    "-0777",
    "+0777",
    "08",
    "09",
    "-08",
    "0_7",
    "_7",
    "7_",
    "1_000",
    "1__0",
    "-_1",
    "-1_",
    "0x1F",
    "0X1f",
    "-0x1F",
    "+0x1F",
    "0x",
    "0x_1",
    "0x1_F",
    "0xG",
    "0x1p-2",
    "0x1.8",
    "0b101",
    "-0b11",
    "+0b11",
    "0B1",
    "0b2",
    "0b",
    "0b_1",
    "0b-1",
    "0b+1",
    "-0b-1",
    "-0b+1",
    "0o17",
    "0O17",
    "-0o17",
    "+0o17",
    "0o8",
    "0o",
    "0o-7",
    "0o+7",
    "-0o-7",
    "0b-9",
    "0o-9",
    "0x-1",
    "0x+1",
    "0b0111111111111111111111111111111111111111111111111111111111111111",
    "0b1111111111111111111111111111111111111111111111111111111111111111",
    "0b11111111111111111111111111111111111111111111111111111111111111111",
    "0b-1000000000000000000000000000000000000000000000000000000000000000",
    "0x7FFFFFFFFFFFFFFF",
    "0xFFFFFFFFFFFFFFFF",
    "-0x8000000000000000",
    "-0x8000000000000001",
    "0x10000000000000000",
    "0o777777777777777777777",
    "0o1777777777777777777777",
    "01777777777777777777777",
    "02000000000000000000000",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "+9223372036854775808",
    "+18446744073709551615",
    "123456789012345678901234567890",
    ".5",
    "5.",
    "-.5",
    "+.5",
    "5.5",
    "+5.5",
    "-5.5",
    ".",
    "-.",
    "+.",
    "-",
    "+",
    "--1",
    "++1",
    "+-1",
    "-+1",
    "1.0",
    "1.50",
    "1e3",
    "1E3",
    "1e+3",
    "1e-3",
    "1e",
    "1e+",
    "1.e3",
    ".e3",
    ".5e3",
    "1e3.5",
    "e3",
    "1_0.5",
    "1.5_0",
    ".1_0",
    "._1",
    ".1_",
    ".1__0",
    ".1_e3",
    ".1e_3",
    ".1e1_0",
    "1E400",
    "-1E400",
    "1e-400",
    ".1E400",
    "1e308",
    "1e21",
    "0.0000001",
    "1.7976931348623157e308",
    "012.5",
    "08.5",
    "0x1.p1",
    ".inf",
    ".Inf",
    ".INF",
    ".iNF",
    "+.inf",
    "+.Inf",
    "+.INF",
    "-.inf",
    "-.Inf",
    "-.INF",
    "-.iNF",
    ".nan",
    ".NaN",
    ".NAN",
    ".Nan",
    "+.nan",
    "inf",
    "Inf",
    "Infinity",
    "NaN",
    "nan",
    ".infinity",
    "1:30",
    "12:30:45",
    "-1:30",
    "+1:30",
    "1:60",
    "1:5",
    "1:59.5",
    "1:59.",
    "1_0:30",
    "1:30:",
    ":30",
    "1:",
    "190:20:30",
    "190:20:30.15",
    "0:0",
    "1:300",
    "_1:3",
    "1:3_0",
    "1:30.5.5",
    "1.5:30",
    "2024-01-01",
    "2024-1-1",
    "2024-1-01",
    "2024-13-01",
    "2024-00-01",
    "2024-01-00",
    "2024-01-32",
    "2023-02-29",
    "2024-02-29",
    "1900-02-29",
    "2000-02-29",
    "0000-01-01",
    "9999-12-31",
    "10000-01-01",
    "999-01-01",
    "2024-01",
    "2024-01-",
    "2024-001-01",
    "2024-01-011",
    "2024-01-01 ",
    "2024-01-01 00:00:00",
    "2024-1-2 3:4:5",
    "2024-1-2  3:4:5",
    "2024-1-2 3:4:5.678",
    "2024-1-2 3:4:5.",
    "2024-1-2 3:4:5,5",
    "2024-1-2 3:4:5 Z",
    "2024-1-2 3:4:5Z",
    "2024-1-2 3:4",
    "2024-1-2 24:00:00",
    "2024-1-2 23:60:00",
    "2024-1-2 23:59:60",
    "2024-01-02T03:04:05",
    "2024-01-02T03:04:05Z",
    "2024-01-02t03:04:05Z",
    "2024-01-02t03:04:05z",
    "2024-01-02T3:4:5Z",
    "2024-01-02T03:04:05.5Z",
    "2024-01-02T03:04:05.123456789Z",
    "2024-01-02T03:04:05.1234567891Z",
    "2024-01-02T03:04:05.000Z",
    "2024-01-02T03:04:05.120Z",
    "2024-01-02T03:04:05+00:00",
    "2024-01-02T03:04:05-00:00",
    "2024-01-02T03:04:05+01:00",
    "2024-01-02T03:04:05-07:30",
    "2024-01-02T03:04:05+24:60",
    "2024-01-02T03:04:05+24:61",
    "2024-01-02T03:04:05+25:00",
    "2024-01-02T03:04:05+1:00",
    "2024-01-02T03:04:05+0100",
    "2024-01-02T03:04:05+01",
    "2024-01-02T03:04:05.5+01:00",
    "2024-01-02T03:04:05,5+01:00",
    "2024-01-02T03:04:05Z ",
    "2024-01-02T03:04:05ZZ",
    "2024-01-02T",
    "2024-01-02T03:04:05 Z",
    "2024-01-02  ",
    "2024-1-2 3:4:5  ",
    "2001-12-14t21:59:43.10-05:00",
    "2001-12-14 21:59:43.10 -5",
    "2024 -01-01",
    "<<",
    "=",
    "abc",
    "a b",
    "é",
    "0é",
    "1 2",
    "1,5",
    "$1",
    "0.1.2",
    "1.2.3",
    "v1",
    "1a",
    "0x1g",
    "12e03",
    "-12e-03",
    "1e0",
    "0e0",
    "-0.0",
    "+0.0",
    "0.0",
    "1___",
    "-___",
    "100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
];

const TAGS: &[&str] = &[
    "!!null",
    "!!bool",
    "!!int",
    "!!float",
    "!!str",
    "!!timestamp",
    "!!binary",
    "!!merge",
    "!!map",
    "!!seq",
    "!custom",
    "!!other",
    "tag:example.com,2000:x",
];

/// Texts near the borders between the types.
fn random_text(random: &mut Random) -> String {
    const PARTS: &[&str] = &[
        "0",
        "1",
        "7",
        "8",
        "9",
        "10",
        "0x",
        "0b",
        "0o",
        "0",
        "_",
        ".",
        "-",
        "+",
        "e",
        "E",
        ":",
        "a",
        "F",
        "inf",
        "nan",
        ".inf",
        "true",
        "no",
        "2024",
        "2024-",
        "-01",
        "-1",
        "T",
        " ",
        "12:",
        "30",
        "Z",
        "+01:00",
        "99999999",
        "18446744073709551615",
    ];
    let length = 1 + random.below(7);
    (0..length).map(|_| random.pick(PARTS)).collect()
}

fn texts(seed: u64, ordinary: u64) -> Vec<String> {
    let mut random = Random::new(seed);
    let mut texts: Vec<String> = FORMS.iter().map(|form| (*form).to_owned()).collect();
    texts.extend((0..oracle::cases(ordinary)).map(|_| random_text(&mut random)));
    texts
}

#[test]
fn plain_scalars_are_what_go_yaml_v3_says() {
    let mut go = GoYaml::start();
    for text in texts(11, 20_000) {
        let answer = go.ask("resolve", text.as_bytes()).text();
        let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(
            plain_tag(&text, Dialect::GoYaml3).as_str(),
            answer["tag"],
            "{text:?}"
        );
        assert_eq!(
            sorted(&describe(&plain_value(&text, Dialect::GoYaml3))),
            sorted(&answer["value"]),
            "{text:?}"
        );
    }
}

#[test]
fn plain_scalars_are_what_go_yaml_v2_says() {
    let mut go = GoYaml::start();
    let mut seen = 0;
    for text in texts(12, 20_000) {
        // Here the text goes through Go's parser, so it has to be a plain scalar as it stands.
        if text.trim() != text
            || text.contains(": ")
            || text.ends_with(':')
            || text.starts_with("- ")
            || text.starts_with("...")
            || text.starts_with("---")
            || matches!(text.as_str(), "" | "-" | "<<")
        {
            continue;
        }
        let answer = go.ask("v2json", text.as_bytes()).text();
        let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
        let ours = match plain_value(&text, Dialect::GoYaml2) {
            // v2 sees a timestamp and keeps the string.
            Value::Timestamp(_) => Value::String(text.clone()),
            other => other,
        };
        assert_eq!(sorted(&describe(&ours)), sorted(&answer), "{text:?}");
        seen += 1;
    }
    assert!(seen > 15_000, "only {seen} texts could be asked about");
}

#[test]
fn tagged_scalars_are_what_go_yaml_v3_says() {
    let mut go = GoYaml::start();
    let mut texts = texts(13, 1000);
    texts.extend(
        [
            "aGVsbG8=",
            "aGVsbG8",
            "/w==",
            "/x==",
            "aGVs\nbG8=\n",
            "aGVs bG8=",
            "a\r\nGVsbG8=",
            "====",
            "w7/",
        ]
        .map(str::to_owned),
    );
    for text in &texts {
        for name in TAGS {
            for quoted in ["0", "1"] {
                let answer = go.ask(
                    &format!("resolve tag={name} quoted={quoted}"),
                    text.as_bytes(),
                );
                let ours = tagged_value(&oracle::tag(name), text, Dialect::GoYaml3);
                match (answer, ours) {
                    (Answer::Output(answer), Ok(value)) => {
                        let answer: serde_json::Value =
                            serde_json::from_slice(&answer).expect("JSON");
                        assert_eq!(
                            sorted(&describe(&value)),
                            sorted(&answer["value"]),
                            "{name} {text:?}"
                        );
                    }
                    (Answer::Refusal(answer), Err(ResolveError::TagMismatch { found, wanted })) => {
                        assert_eq!(
                            answer,
                            format!("yaml: cannot decode {found} `{text}` as a {wanted}")
                        );
                    }
                    (Answer::Refusal(answer), Err(error @ ResolveError::InvalidBase64)) => {
                        assert_eq!(answer, format!("yaml: {error}"));
                    }
                    (answer, ours) => {
                        panic!("{name} {text:?}: Go says {answer:?}, we say {ours:?}")
                    }
                }
            }
        }
    }
}

#[test]
fn what_yaml_1_1_would_misread_is_known() {
    let mut go = GoYaml::start();
    for text in texts(14, 20_000) {
        if text.contains('\n') {
            continue;
        }
        // v3 writes in double quotes what would be read as another type, or by YAML 1.1 as a boolean or of base 60.
        let written = go
            .ask(
                "emitvalue",
                describe(&Value::String(text.clone()))
                    .to_string()
                    .as_bytes(),
            )
            .text();
        let quoted = is_old_bool(&text)
            || is_base60(&text)
            || plain_tag(&text, Dialect::GoYaml3) != Tag::Str;
        assert_eq!(
            written.starts_with('"'),
            quoted,
            "{text:?} is written {written}"
        );
    }
}

#[test]
fn rfc3339_is_read_and_written_as_go_does() {
    let mut go = GoYaml::start();
    let mut random = Random::new(15);
    let mut texts = texts(15, 0);
    for _ in 0..oracle::cases(5000) {
        let mut text = format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            random.below(10_000),
            random.below(14),
            random.below(33),
            random.below(26),
            random.below(62),
            random.below(62)
        );
        if random.once_in(2) {
            text += &format!(".{}", random.below(1_000_000));
        }
        text += &match random.below(4) {
            0 => "Z".to_owned(),
            1 => format!("+{:02}:{:02}", random.below(26), random.below(62)),
            2 => format!("-{:02}:{:02}", random.below(26), random.below(62)),
            _ => String::new(),
        };
        texts.push(text);
    }
    let mut read = 0;
    for text in texts {
        let ours =
            Timestamp::parse_rfc3339(&text).map(|time| format!("{time} {}", time.to_seconds()));
        let theirs = go
            .ask("rfc3339", text.as_bytes())
            .output()
            .map(|bytes| String::from_utf8(bytes).expect("UTF-8"));
        assert_eq!(ours, theirs, "{text:?}");
        read += usize::from(ours.is_some());
    }
    assert!(read > 500, "only {read} texts were timestamps");
}

#[test]
fn errors_show_no_text() {
    let error = tagged_value(&Tag::Int, "hunter2", Dialect::GoYaml3).expect_err("refused");
    assert_eq!(error.to_string(), "cannot decode !!str as a !!int");
    assert_eq!(error.reason(), "yaml-tag-mismatch");
    assert!(!format!("{error:?}").contains("hunter2"));
}
