//! What the redactor finds, and what it leaves alone.
#![allow(clippy::unwrap_used)]

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use secret::{FingerprintKey, Redactor};

fn redactor(values: &[&str]) -> Redactor {
    let redactor = Redactor::new(FingerprintKey::generate().unwrap());
    for value in values {
        redactor.learn(value.as_bytes());
    }
    redactor
}

/// The mask of `value`, as `#` for short.
#[track_caller]
fn check(value: &str, text: &str, expected: &str) {
    let redactor = redactor(&[value]);
    let mask = redactor.fingerprint(value.as_bytes()).to_string();
    assert_eq!(
        redactor.redact(text).replace(&mask, "#"),
        expected,
        "{value:?} in {text:?}"
    );
    let bytes = redactor.redact_bytes(text.as_bytes());
    assert_eq!(
        String::from_utf8_lossy(&bytes).replace(&mask, "#"),
        expected
    );
}

#[test]
fn distinctive_values_are_masked_in_the_middle_of_anything() {
    for (value, text, expected) in [
        ("s3cr3t-t0ken", "s3cr3t-t0ken", "#"),
        ("s3cr3t-t0ken", "xs3cr3t-t0kenx s3cr3t-t0ken", "x#x #"),
        ("s3cr3t-t0ken", "s3cr3t-t0kens3cr3t-t0ken", "#"),
        ("s3cr3t-t0ken", "s3cr3t-t0ke", "s3cr3t-t0ke"),
        ("s3cr3t-t0ken\n", "a: s3cr3t-t0ken", "a: #"),
        ("grüße-aus-köln", "ä grüße-aus-köln ä", "ä # ä"),
    ] {
        check(value, text, expected);
    }
}

#[test]
fn encoded_values_are_masked() {
    for (value, text, expected) in [
        // Base64: the value alone, padded and not, and with bytes before and after it.
        ("s3cr3t-t0ken", "czNjcjN0LXQwa2Vu", "#"),
        ("p4ssw0rd", "cDRzc3cwcmQ=", "#"),
        ("p4ssw0rd", "cDRzc3cwcmQ", "#"),
        ("p4ssw0rd", "Basic dXNlcjpwNHNzdzByZA==", "Basic dXNlcj#"),
        ("p4ssw0rd", "dXNlcnM6cDRzc3cwcmQ6eA==", "dXNlcnM6#6eA=="),
        // The URL alphabet, and lines.
        ("~~~???>>>", "fn5-Pz8_Pj4-", "#"),
        ("~~~???>>>", "fn5+Pz8/Pj4+", "#"),
        (
            "s3cr3t-t0ken-s3cr3t",
            "czNjcjN0\n  LXQwa2VuLXMz\n  Y3IzdA==",
            "#",
        ),
        // Hexadecimal.
        ("p4ssw0rd", "0x7034737377307264", "0x#"),
        ("p4ssw0~~", "7034737377307E7E", "#"),
        // Escapes of JSON, Go's JSON, ASCII JSON, YAML.
        ("a\"b\\c/d\te", r#"{"k":"a\"b\\c/d\te"}"#, r##"{"k":"#"}"##),
        ("<p4ss&w0rd>", r#""\u003cp4ss\u0026w0rd\u003e""#, r##""#""##),
        (
            "grüße-aus-köln",
            r#""gr\u00fc\u00dfe-aus-k\u00f6ln""#,
            r##""#""##,
        ),
        (
            "key🔑key🔑",
            r#""key\ud83d\udd11key\ud83d\udd11""#,
            r##""#""##,
        ),
        ("key🔑key🔑", r#""key\U0001F511key\U0001F511""#, r##""#""##),
        ("bell\u{7}-esc\u{1b}", r#""bell\a-esc\e""#, r##""#""##),
        ("it's-p4ssw0rd", "'it''s-p4ssw0rd'", "'#'"),
        // Percent-encoding.
        (
            "p4ss/w0rd@x",
            "https://u:p4ss%2Fw0rd%40x@host",
            "https://u:#@host",
        ),
        ("p4ss w0rd&1", "q=p4ss+w0rd%261", "q=#"),
        ("p4ss:w0rd/1", "p4ss:w0rd%2f1", "#"),
    ] {
        check(value, text, expected);
    }
}

#[test]
fn short_values_are_masked_where_they_stand_alone() {
    for (text, expected) in [
        ("hunter2", "#"),
        ("password: hunter2", "password: #"),
        ("\"hunter2\",", "\"#\","),
        ("user:hunter2@host", "user:#@host"),
        ("it was hunter2.", "it was #."),
        (r#"{"a":"x\nhunter2\ny"}"#, r##"{"a":"x\n#\ny"}"##),
        ("hunter23 xhunter2 hunter2é", "hunter23 xhunter2 hunter2é"),
        ("app-hunter2 hunter2.example", "app-hunter2 hunter2.example"),
        ("data: aHVudGVyMg==", "data: #"),
        ("data=aHVudGVyMg", "data=#"),
        ("68756e74657232", "#"),
        (
            "xaHVudGVyMg== a68756e74657232",
            "xaHVudGVyMg== a68756e74657232",
        ),
    ] {
        check("hunter2", text, expected);
    }
    check(
        "inventory",
        "app: inventory\nname: inventory-db\n",
        "app: #\nname: inventory-db\n",
    );
    check("p@$$", "x p@$$ y", "x # y");
}

#[test]
fn common_values_do_not_turn_the_output_into_masks() {
    let manifest = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  namespace: default\nspec:\n  replicas: 1\n  \
                    hostNetwork: true\n  port: 8080\n  image: postgres:16\n  user: admin\n";
    let redactor = redactor(&[
        "1", "8080", "true", "", "\n", "v1", "admin", "default", "postgres", "abc",
    ]);
    assert_eq!(redactor.redact(manifest), manifest);
    assert!(matches!(
        redactor.redact(manifest),
        std::borrow::Cow::Borrowed(_)
    ));
    for (scalar, known) in [
        ("admin", true),
        ("default", true),
        ("1", false),
        ("8080", false),
        ("true", false),
        ("", false),
    ] {
        assert_eq!(redactor.knows(scalar.as_bytes()), known, "{scalar:?}");
    }
}

#[test]
fn a_configuration_file_in_a_secret_does_not_mask_what_all_of_them_say() {
    let kubeconfig = "apiVersion: v1\nkind: Config\nclusters:\n- name: production\n  server: https://10.0.0.1:6443\n\
                      users:\n- name: admin\n  user:\n    token: eyJhbGciOiJSUzI1NiJ9.e30.c2ln\n";
    let text = "apiVersion: v1\nkind: Config\nclusters:\n- name: admin\n  token: eyJhbGciOiJSUzI1NiJ9.e30.c2ln\n";
    check(
        kubeconfig,
        text,
        "apiVersion: v1\nkind: Config\nclusters:\n- name: admin\n  token: #\n",
    );
}

#[test]
fn lines_of_a_value_are_masked_where_they_are_indented_or_joined() {
    let value = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END KEY-----\n";
    check(
        value,
        "tls.key: |\n    -----BEGIN KEY-----\n    MIIEvQIBADANBgkqhkiG9w0B\n    AQEFAASCBKcwggSjAgEAAoIB\n",
        "tls.key: |\n    -----BEGIN KEY-----\n    #\n    #\n",
    );
    check(value, &serde_json::to_string(value).unwrap(), "\"#\\n\"");
    check(value, &STANDARD.encode(value), "#Cg==");
}

#[test]
fn values_that_overlap_in_a_text_leave_nothing_between_them() {
    let redactor = redactor(&["abcd-1234-efgh", "efgh-5678-ijkl"]);
    let first = redactor.fingerprint(b"abcd-1234-efgh").to_string();
    assert_eq!(
        redactor.redact("x abcd-1234-efgh-5678-ijkl y"),
        format!("x {first} y")
    );
}

#[test]
fn the_longest_of_several_values_wins() {
    let redactor = redactor(&["p4ssw0rd", "p4ssw0rd-and-more"]);
    let long = redactor.fingerprint(b"p4ssw0rd-and-more").to_string();
    assert_eq!(redactor.redact("p4ssw0rd-and-more"), long);
}

#[test]
fn long_values_are_masked_whole_and_in_part() {
    let value: String = (0..5000u32)
        .map(|i| char::from(b'!' + (i.wrapping_mul(2_654_435_761) >> 24) as u8 % 89))
        .collect();
    check(&value, &format!("<{value}>"), "<#>");
    check(&value, &STANDARD.encode(&value), "#");
    let redactor = redactor(&[&value]);
    let mask = redactor.fingerprint(value.as_bytes()).to_string();
    // Twenty pieces of 250 bytes.
    assert_eq!(redactor.redact(&value[..600]), mask + &value[500..600]);
}

#[test]
fn whole_scalars_are_recognised_with_and_without_space_around_them() {
    let redactor = redactor(&["  hunter2\n"]);
    assert!(redactor.knows(b"hunter2"));
    assert!(redactor.knows(b"  hunter2\n"));
    assert!(!redactor.knows(b"hunter"));
    assert_eq!(
        redactor.recognise(b"hunter2"),
        Some(redactor.fingerprint(b"  hunter2\n"))
    );
}

#[test]
fn a_value_in_base64_is_found_decoded() {
    let redactor = redactor(&["aHVudGVyMg==", "czNjcjN0LXQwa2Vu\n"]);
    let mask = |value: &str| redactor.fingerprint(value.as_bytes()).to_string();
    assert_eq!(
        redactor.redact("password: hunter2"),
        format!("password: {}", mask("hunter2"))
    );
    assert_eq!(
        redactor.redact("xs3cr3t-t0ken"),
        format!("x{}", mask("s3cr3t-t0ken"))
    );
    assert!(redactor.knows(b"hunter2") && redactor.knows(b"aHVudGVyMg=="));
}

#[test]
fn pieces_that_end_inside_a_character_mask_all_of_it() {
    for count in (100..400).step_by(7) {
        for value in ["ä".repeat(count), format!("{}!", "🔑".repeat(count))] {
            check(&value, &format!("a{value}b"), "a#b");
        }
    }
}

#[test]
fn learning_and_masking_run_on_several_threads() {
    let redactor = redactor(&[]);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let redactor = &redactor;
            scope.spawn(move || {
                for i in 0..200 {
                    let value = format!("value-{thread}-{i}");
                    let mask = redactor.learn(value.as_bytes()).to_string();
                    assert_eq!(redactor.redact(&value), mask);
                }
            });
        }
    });
}

/// A string, most often without structure that the rules for lines would see.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{16,40}",
        "\\PC{16,400}",
        "[a-zA-Z0-9+/]{16,600}",
        "[\"'\\\\\n\t<>&%+/ a-z]{16,60}"
    ]
    .prop_filter("needs 16 bytes that are not space", |value| {
        value.trim_ascii().len() >= 16
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever surrounds it, no form of a distinctive value leaves eight bytes of itself behind.
    #[test]
    fn no_form_of_a_value_is_left(value in value(), before in "\\PC{0,5}", after in "\\PC{0,5}") {
        let redactor = redactor(&[&value]);
        let whole = format!("{before}{value}{after}");
        let json = serde_json::to_string(&whole).unwrap();
        let mask = redactor.fingerprint(value.as_bytes()).to_string();
        let forms = [
            whole.clone(),
            STANDARD.encode(&whole),
            URL_SAFE.encode(&whole),
            STANDARD_NO_PAD.encode(&whole),
            URL_SAFE_NO_PAD.encode(&whole),
            whole.bytes().map(|byte| format!("{byte:02x}")).collect(),
            whole.bytes().map(|byte| format!("{byte:02X}")).collect(),
            json.clone(),
            json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"),
            whole.replace('\'', "''"),
            whole.bytes().map(|byte| if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect(),
        ];
        for form in forms {
            let redacted = redactor.redact(&form);
            prop_assert!(redacted.contains("<secret "), "{value:?} in {form:?}");
            let rest = redacted.replace(&mask, "\0");
            // What is left is what was before and after, and space at the ends of the value, in any form at most
            // twelve times as long.
            prop_assert!(rest.chars().count() <= 12 * (before.chars().count() + after.chars().count() + value.len() - value.trim_ascii().len()) + 8, "{rest:?} of {form:?}");
        }
    }

    /// Any bytes can be learned, and looked for in any others.
    #[test]
    fn any_bytes_are_masked_without_harm(value: Vec<u8>, text: Vec<u8>, around in any::<(u8, u8)>()) {
        let redactor = Redactor::new(FingerprintKey::generate().unwrap());
        redactor.learn(&value);
        redactor.redact_bytes(&text);
        let mut whole = vec![around.0];
        whole.extend_from_slice(&value);
        whole.push(around.1);
        let found = redactor.redact_bytes(&whole);
        if secret::Sensitivity::of(&value) == secret::Sensitivity::Everywhere {
            prop_assert!(matches!(found, std::borrow::Cow::Owned(_)));
        }
    }

    /// A text that holds no value is not touched.
    #[test]
    fn other_text_is_borrowed(text in "[a-y ]{0,200}") {
        let redactor = redactor(&["zzzz-1111", "hunter2", "zebra"]);
        prop_assert!(matches!(redactor.redact(&text), std::borrow::Cow::Borrowed(_)));
    }
}
