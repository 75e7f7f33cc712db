//! What scalars mean, against go-yaml v3 and v2.
#![allow(clippy::expect_used)]

mod oracle;

use goyaml::{
    Dialect, Tag, Timestamp, Value,
    resolve::{ResolveError, is_base60, is_old_bool, plain_tag, plain_value, tagged_value},
};
use oracle::{Answer, GoYaml, Random, describe, forms::FORMS, sorted};

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
