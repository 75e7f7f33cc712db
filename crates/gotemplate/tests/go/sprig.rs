//! Every function of sprig against the real one, with arguments of several shapes.

use std::collections::BTreeSet;
use std::process::Command;

use crate::oracle::{Data, differences};
use gotemplate::Functions;

fn data() -> Data {
    Data::Strings(vec![
        ("a", b"hello World foo".to_vec()),
        ("empty", b"".to_vec()),
        ("num", b"42".to_vec()),
        ("oct", b"0755".to_vec()),
        ("dec", b"3.14".to_vec()),
        ("csv", b"z,y,x,y".to_vec()),
        ("lines", b"one\ntwo\n\nthree\n".to_vec()),
        ("bin", vec![0xff, 0x00, 0x41, 0xc3, 0x28, 0x7f]),
        ("uni", "Ünïcödé straße ǆ İstanbul ﬁ".as_bytes().to_vec()),
        (
            "json",
            br#"{"a":[1,2.5,"x",null,true],"b":{"c":"<d>&"},"e":1e21,"f":1e-7}"#.to_vec(),
        ),
        ("b64", b"aGVsbG8gd29ybGQ=".to_vec()),
        (
            "url",
            b"https://us%20er:p%40ss@host.example:8443/a%2Fb/c?q=1&r=a b#frag%20x".to_vec(),
        ),
        ("a-b", b"dashed".to_vec()),
        (
            "quoted",
            b"it's \"q\" \\ \t <tag> &amp; \xe2\x80\xa8 \xf0\x9f\x98\x80".to_vec(),
        ),
    ])
}

#[test]
fn every_function_is_known_or_refused() {
    let program = peers::program("sprig", "sprig");
    let output = Command::new(program).arg("list").output().unwrap();
    let names: BTreeSet<String> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    assert!(names.len() > 200);
    let functions = Functions::controller();
    let unknown: Vec<&String> = names.iter().filter(|name| !functions.knows(name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// Templates, one a line. A line without variables and blocks is several templates, so that one that fails does not
/// hide the others.
fn check(lines: &str, data: &Data) {
    let lines = lines
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| line.to_owned());
    let mut templates = Vec::new();
    for line in lines {
        if line.contains(":=") || line.contains("{{ end }}") {
            templates.push(line);
        } else {
            let line = line.replace("}}|{{", "}}\u{0}{{");
            templates.extend(line.split('\0').map(str::to_owned));
        }
    }
    let found = differences(&templates, data);
    assert!(
        found.is_empty(),
        "{} of {} differ:\n{}",
        found.len(),
        templates.len(),
        found.join("\n")
    );
}

#[test]
fn strings() {
    check(include_str!("tables/strings.tmpl"), &data());
}

#[test]
fn numbers() {
    check(include_str!("tables/numbers.tmpl"), &data());
}

#[test]
fn collections() {
    check(include_str!("tables/collections.tmpl"), &data());
}

#[test]
fn encodings() {
    check(include_str!("tables/encodings.tmpl"), &data());
}

#[test]
fn others() {
    check(include_str!("tables/others.tmpl"), &data());
}

/// Every function with arguments of every type: the same calls must succeed, and with the same result.
#[test]
fn arguments_of_every_type() {
    let program = peers::program("sprig", "sprig");
    let output = Command::new(program).arg("list").output().unwrap();
    // These need a clock, randomness or certificates, or have no fixed order.
    const SKIPPED: &[&str] = &[
        "ago",
        "bcrypt",
        "buildCustomCert",
        "date",
        "dateInZone",
        "date_in_zone",
        "decryptAES",
        "derivePassword",
        "encryptAES",
        "env",
        "expandenv",
        "genCA",
        "genCAWithKey",
        "genPrivateKey",
        "genSelfSignedCert",
        "genSelfSignedCertWithKey",
        "genSignedCert",
        "genSignedCertWithKey",
        "getHostByName",
        "htmlDate",
        "htmlDateInZone",
        "htpasswd",
        "keys",
        "now",
        "randAlpha",
        "randAlphaNum",
        "randAscii",
        "randBytes",
        "randInt",
        "randNumeric",
        "shuffle",
        "uuidv4",
        "values",
        "untilStep",
        "until",
        "seq",
        "repeat",
        "indent",
        "nindent",
        "durationRound",
    ];
    let values = [
        "nil",
        "true",
        "3",
        "-2",
        "2.5",
        "\"abc\"",
        "\"\"",
        ".num",
        ".missing",
        ".bin",
        "(list)",
        "(list 1 \"b\" nil)",
        "(splitList \",\" .csv)",
        "(dict \"k\" \"v\")",
        "(split \",\" .csv)",
        ".",
        "(semver \"1.2.3\")",
        "(toDate \"2006\" \"2020\")",
        "(int64 7)",
        "(until 3)",
        "(index .a 0)",
        "(fromJson .json)",
    ];
    let mut templates = Vec::new();
    for name in String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter(|name| !SKIPPED.contains(name))
    {
        templates.push(format!("{{{{ {name} }}}}"));
        for one in values {
            templates.push(format!("{{{{ {name} {one} }}}}"));
            for two in values {
                templates.push(format!("{{{{ {name} {one} {two} }}}}"));
            }
        }
        for (one, two, three) in [
            ("\"a\"", "\"b\"", "\"abc\""),
            ("\"k\"", "1", "\"abc\""),
            ("1", "2", "\"abc\""),
            ("3", "\"-\"", "\"abc def\""),
            ("(dict \"k\" 1)", "\"z\"", "2"),
            ("(dict)", "\"k\"", "nil"),
            ("\"x\"", "\"y\"", "1"),
            ("\"x\"", "\"y\"", "true"),
            ("(list 1 2 3)", "1", "2"),
            ("(list 1 2 3)", "2", "1"),
            ("\"k\"", "\"d\"", "(dict \"k\" 5)"),
            ("\"a\"", "\"abcabc\"", "-1"),
            ("\"(\"", "\"abc\"", "1"),
            ("1.5", "1", "0.7"),
            ("(dict \"a\" 1)", "\"a\"", "\"b\""),
            (
                "(dict \"a\" 0)",
                "(dict \"a\" 5 \"b\" (list 1))",
                "(dict \"a\" 6)",
            ),
        ] {
            templates.push(format!("{{{{ {name} {one} {two} {three} }}}}"));
        }
    }
    let found = differences(&templates, &data());
    assert!(
        found.is_empty(),
        "{} of {} differ:\n{}",
        found.len(),
        templates.len(),
        found.join("\n")
    );
}
