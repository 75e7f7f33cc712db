//! Templates: as the controller has them, and never an oracle.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use sealed::{
    Format, KubernetesSecret, OpenError, OpenOptions, Scope, SealedSecret, TemplateError,
    TemplatePolicy,
};

use support::corpus::TEMPLATES;
use support::{ANY, changed, pairs, recovered, sealed_value};

/// An object with the value `a`, and `templates` as `spec.template.data`.
fn object(value: &[u8], templates: &str) -> String {
    let value = sealed_value(Scope::Strict, value);
    changed("a: AAAA", &format!("a: {value}"))
        .replace("type: Opaque", &format!("data: {{{templates}}}"))
}

fn open(text: &str, options: OpenOptions) -> Result<KubernetesSecret, OpenError> {
    let sealed = SealedSecret::parse_all(text.as_bytes()).unwrap();
    sealed[0].open(&pairs()[0].keys().unsealer(), options)
}

fn printed(text: &str, options: OpenOptions) -> Option<String> {
    open(text, options)
        .ok()
        .map(|opened| opened.print(Format::Json).expose().to_owned())
}

#[test]
fn rules_of_precedence_are_those_of_the_controller() {
    for templates in [
        "a: 'x{{ .a }}'",
        "a: null",
        "a: null, b: '{{ .a }}'",
        "b: 'plain {{ .a }}', c: '{{ .b }}'",
        "b: '{{ .a }}', c: null, d: '{{ .c }}'",
        "b: ''",
        "b: '{{ .missing }}|{{ .a }}'",
        "b.c: x, d: '{{ index . \"b.c\" }}'",
        "b: \"{{- .a -}}\\n\\n{{ .a }}\"",
    ] {
        for value in ["value", "", "two\nlines\n", "{{ .b }}"] {
            let text = object(value.as_bytes(), templates);
            let expected = recovered(&pairs()[0].key_file, "json", text.as_bytes());
            assert!(expected.is_some(), "{templates}");
            assert_eq!(
                printed(&text, OpenOptions::default()),
                expected,
                "{templates} {value:?}"
            );
        }
    }
    let text = object(b"\xff\xfe", "b: 'x{{ .a }}'");
    assert_eq!(
        printed(&text, OpenOptions::default()),
        recovered(&pairs()[0].key_file, "json", text.as_bytes())
    );
}

/// Templates that fail for some values.
const ORACLES: &[&str] = &[
    "{{ fail .a }}",
    "{{ if hasPrefix \"c\" .a }}{{ fail \"no\" }}{{ end }}",
    "{{ if eq .a \"canary\" }}{{ index .a 1000 }}{{ end }}",
    "{{ index .a 3 }}",
    "{{ slice .a 1 5 }}",
    "{{ .a.b }}",
    "{{ required \"empty\" .a }}",
    "{{ div 1 (len .a | sub 6) }}",
    "{{ mustRegexMatch .a \"x\" }}",
    "{{ regexMatch .a \"x\" }}",
    "{{ mustFromJson .a }}",
    "{{ mustToDate \"2006\" .a }}",
    "{{ template .a }}",
    "{{ substr 2 5 .a }}",
    "{{ range until (atoi .a) }}x{{ end }}",
    "{{ repeat (atoi .a) \"x\" }}",
    "{{ lt .a 1 }}",
    "{{ semver .a }}",
    "{{ call .a }}",
    "{{ len (index (splitList \"y\" .a) 1) }}",
    "{{ (fromJson .a).x.y }}",
    "{{ first (list) }}{{ mustFirst .a }}",
    "{{ now }}",
    "{{ .a | b64dec | fromJson | values }}",
    "{{ printf .a }}{{ define \"x\" }}{{ template \"x\" }}{{ end }}{{ if eq .a \"c\" }}{{ template \"x\" }}{{ end }}",
];

#[test]
fn a_template_that_could_tell_something_is_refused_before_a_value_is_opened() {
    for template in ORACLES {
        let mut told = Vec::new();
        for value in [
            "canary",
            "",
            "0",
            "{}",
            "a much longer value than the others",
        ] {
            let text = object(value.as_bytes(), &format!("t: {template:?}"));
            let sealed = SealedSecret::parse_all(text.as_bytes()).unwrap();
            let keys = pairs()[0].keys();
            let unsealer = keys.unsealer();
            let error = sealed[0].open(&unsealer, OpenOptions::default()).err();
            let error = error.unwrap_or_else(|| panic!("{template} is accepted"));
            let OpenError::Template { error: cause, .. } = &error else {
                panic!("{error}")
            };
            match cause {
                // Nothing was opened to find this.
                TemplateError::NotTotal { .. } | TemplateError::Syntax { .. } => {
                    assert_eq!(unsealer.private_operations(), 0, "{template}");
                }
                // Fails for every value.
                cause => assert!(
                    matches!(cause, TemplateError::Fails { .. }),
                    "{template}: {cause}"
                ),
            }
            told.push(error.to_string());
        }
        assert!(
            told[0].starts_with("line 10: spec.template.data.t: "),
            "{}",
            told[0]
        );
        assert!(told.iter().all(|error| *error == told[0]), "{told:?}");
    }
}

#[test]
fn a_template_that_fails_tells_nothing() {
    for template in ORACLES {
        for value in ["canary", "0", "canary-7f3b9c"] {
            let text = object(value.as_bytes(), &format!("t: {template:?}"));
            let Err(error) = open(&text, ANY) else {
                continue;
            };
            let OpenError::Template {
                key,
                line,
                error: cause,
            } = &error
            else {
                panic!("{error}")
            };
            if let TemplateError::Syntax { .. } = cause {
                continue;
            }
            assert_eq!(
                (key.as_str(), *line, cause),
                ("t", 10, &TemplateError::Failed),
                "{template}"
            );
            assert_eq!(
                error.to_string(),
                "line 10: spec.template.data.t: the template failed"
            );
            assert!(!format!("{error:?}").contains("canary"));
        }
    }
}

#[test]
fn templates_that_are_none_are_refused_with_their_place() {
    for (template, message) in [
        (
            "{{ .a",
            "template line 1, column 6: the action is not closed",
        ),
        (
            "x\\n {{ nope .a }}",
            "template line 2, column 5: the function is not known",
        ),
        ("{{ env \"HOME\" }}", "template line 1, column 4: "),
        ("{{ getHostByName .a }}", "template line 1, column 4: "),
        ("{{ if .a }}", "template line 1, column "),
    ] {
        for policy in [TemplatePolicy::Total, TemplatePolicy::Any] {
            let text = object(
                b"canary",
                &format!("t: \"{}\"", template.replace('"', "\\\"")),
            );
            let options = OpenOptions {
                templates: policy,
                ..OpenOptions::default()
            };
            let error = open(&text, options).err().unwrap();
            let message = format!("line 10: spec.template.data.t: {message}");
            assert!(error.to_string().starts_with(&message), "{error}");
            assert_eq!(
                recovered(&pairs()[0].key_file, "json", text.as_bytes()),
                None,
                "{template}"
            );
        }
    }
}

#[test]
fn templates_that_always_succeed_run() {
    for template in TEMPLATES {
        for value in ["canary", "", "a,b", "\u{e9}"] {
            let text = object(value.as_bytes(), &format!("fixed: text, out: {template:?}"));
            let b = sealed_value(Scope::Strict, b"b");
            let text = text.replace("    a: ", &format!("    b: {b}\n    a: "));
            let expected = recovered(&pairs()[0].key_file, "json", text.as_bytes());
            assert!(expected.is_some(), "{template}");
            assert_eq!(
                printed(&text, OpenOptions::default()),
                expected,
                "{template}"
            );
        }
    }
}

#[test]
fn a_template_that_always_fails_says_why() {
    for value in ["canary", ""] {
        let text = object(value.as_bytes(), "t: \"x{{ fail .a }}\"");
        let error = open(&text, OpenOptions::default()).err().unwrap();
        assert_eq!(
            error.to_string(),
            "line 10: spec.template.data.t: template line 1, column 5: `fail`: the template called `fail`"
        );
    }
}
