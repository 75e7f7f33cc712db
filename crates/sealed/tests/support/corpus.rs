//! SealedSecrets by chance, for comparison with kubeseal.

use goyaml::Value;
use goyaml::json;
use sealed::Scope;

use super::{Chance, pairs};

/// Texts that have to be quoted, escaped, folded or left alone.
const TEXTS: &[&str] = &[
    "",
    " ",
    "plain",
    "two words",
    "true",
    "Yes",
    "off",
    "null",
    "~",
    "0777",
    "0x1F",
    "1_000",
    "1e3",
    "08",
    "1:30",
    "2024-01-01",
    "2024-01-01T00:00:00Z",
    ".inf",
    "-",
    "- a",
    "a: b",
    "a #b",
    "#a",
    "'quoted'",
    "\"double\"",
    "%a",
    "@a",
    "`a`",
    "*a",
    "&a",
    "!a",
    "|",
    ">",
    "{a}",
    "[a]",
    "a,b",
    "? a",
    ": a",
    "a:",
    "=",
    "<<",
    "a\\b",
    "a\nb",
    "a\nb\n",
    "\na",
    "\n",
    "a\n\nb\n\n",
    " a\nb",
    "a \nb",
    "a\tb",
    "\ta",
    "tab\tand\nline",
    "a\r\nb",
    "\u{7}bell",
    "<&>",
    "é",
    "日本語",
    "😀",
    "\u{a0}",
    "\u{2028}",
    "a\u{2029}b",
    "---",
    "--- a",
    "...",
    "{{ .a }}",
    "a'b",
    "a\"b",
    "it's: \"x\"",
    "+1",
    ".5",
    "1.",
    "word word word word word word word word word word word word word word word word word word word word word",
    "a: word word word word word word word word word word word word word word word word word word word word word",
    "\ta word word word word word word word word word word word word word word word word word word word  word ",
    "wooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooord",
    "line one is here and it is long long long long long long long long long long long long\nline two\n  indented\n",
];

/// No `01`: with `1e3` and `10` it makes go-yaml v2's order of keys a circle, and kubeseal's output a matter of chance.
const NAMES: &[&str] = &[
    "a",
    "b",
    "password",
    "tls.key",
    "tls.crt",
    ".dockerconfigjson",
    "a10",
    "a9",
    "a1b",
    "A",
    "UPPER",
    "under_score",
    "x-y",
    "app.kubernetes.io/name",
    "example.com/a",
    "1",
    "10",
    "9",
    "yes",
    "null",
    "0x10",
    "kebab-case-name",
    "1e3",
];

fn text(chance: &mut Chance) -> String {
    chance.pick(TEXTS).to_string()
}

fn map(chance: &mut Chance, limit: usize) -> Vec<(String, Value)> {
    let mut entries: Vec<(String, Value)> = Vec::new();
    for _ in 0..chance.below(limit) {
        let name = chance.pick(NAMES).to_string();
        if entries.iter().all(|(known, _)| *known != name) {
            entries.push((name, Value::String(text(chance))));
        }
    }
    entries
}

pub(crate) fn value(chance: &mut Chance) -> Vec<u8> {
    match chance.below(4) {
        0 => Vec::new(),
        1 => text(chance).into_bytes(),
        2 => chance.bytes(300),
        _ => b"-----BEGIN KEY-----\nabc\n-----END KEY-----\n".to_vec(),
    }
}

fn object(entries: Vec<(&str, Value)>) -> Value {
    Value::Object(
        entries
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    )
}

fn string(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// Templates over `.a` and `.b` that succeed whatever these hold.
pub(crate) const TEMPLATES: &[&str] = &[
    "",
    "fixed",
    "{{ .a }}",
    "user={{ .a }};password={{ .b }}\n",
    "{{ .a | quote }}",
    "{{ .a | b64enc }}",
    "{{ .a | upper | trim }}",
    "{{ printf \"%s-%d\" .b 7 }}",
    "{{ if .a }}yes{{ else }}no{{ end }}",
    "{{ .a | sha256sum }}",
    "{{ with .b }}{{ . | lower }}{{ end }}",
    "{{ .missing }}",
    "{{ .a | default \"none\" }}",
    "{{ .fixed }}",
    "{{- range $i, $x := splitList \",\" .a }}{{ $i }}={{ $x }};{{ end -}}",
    "{{ .a | squote }} {{ len .b }}",
    "{{ .a | replace \"a\" \"b\" }}",
    "{{ index . \"a\" }}",
    "{{ eq .a .b }}",
    "{{ list 1 2 3 | join \"-\" }}",
    "{{ dict \"k\" .a | toJson }}",
    "{{ .a | trunc 3 }}",
    "{{ .a | nindent 4 }}",
    "{{ .a | hasPrefix \"a\" }}",
    "{{ ternary .a .b true }}",
    "{{ .b | toString | repeat 2 }}",
    "{{ add 1 2 }}{{ max 3 4 }}",
    "{{ .a | contains .b }}",
    "{{ coalesce .missing .a .b }}",
    "{{ .a | title }}",
    "{{ .a | b64enc | b64dec }}",
    "{{/* note */}}{{ .a }}",
    "{{ $x := .a }}{{ $x }}{{ $x }}",
    "{{ define \"t\" }}[{{ . }}]{{ end }}{{ template \"t\" .a }}",
    "{{ .a | html }}",
    "{{ urlquery .a }}",
    "{{ js .a }}",
    "{{ .a | regexReplaceAll \"[a-z]+\" \"x\" }}",
    "{{ regexMatch \"^a\" .a }}",
    "{{ .a | snakecase }} {{ .a | camelcase }} {{ .a | kebabcase }}",
    "{{ .a | initials }}",
    "{{ .a | nospace }}",
    "{{ .a | sha1sum }} {{ .a | adler32sum }}",
    "{{ .a | wrap 10 }}",
    "{{ .a | substr 0 2 }}",
    "{{ .a | cat .b }}",
];

/// A SealedSecret as JSON, with values sealed here and everything else by chance.
pub(crate) fn generated(chance: &mut Chance) -> (Vec<u8>, Vec<(String, Vec<u8>)>) {
    let pair = &pairs()[0];
    let certificate = pair.certificate();
    let scope = chance.pick(&[Scope::Strict, Scope::NamespaceWide, Scope::ClusterWide]);
    let (namespace, name) = (
        chance.pick(&["ns", "team-a", "1"]),
        chance.pick(&["app", "yes", "a.b", "0777"]),
    );
    let mut values: Vec<(String, Vec<u8>)> = Vec::new();
    for key in ["a", "b"] {
        values.push((key.to_owned(), text(chance).into_bytes()));
    }
    for _ in 0..chance.below(4) {
        let key = chance.pick(NAMES).to_string();
        if values.iter().all(|(known, _)| *known != key) {
            values.push((key, value(chance)));
        }
    }
    let encrypted = values.iter().map(|(key, value)| {
        let sealed = certificate.seal(scope, namespace, name, value).unwrap();
        (key.clone(), Value::String(sealed.into_string()))
    });
    let encrypted = Value::Object(encrypted.collect());
    let mut annotations = map(chance, 4);
    let mut metadata = vec![("name", string(name)), ("namespace", string(namespace))];
    if let Some(annotation) = scope.annotation() {
        let stated = Value::Object(vec![(annotation.to_owned(), string("true"))]);
        metadata.push(("annotations", stated));
        if chance.one_in(2) {
            annotations.push((annotation.to_owned(), string("true")));
        }
    }
    if chance.one_in(4) {
        metadata.push(("uid", string("7d3f")));
        metadata.push(("creationTimestamp", Value::Null));
    }
    if chance.one_in(5) {
        let annotation = "sealedsecrets.bitnami.com/skip-set-owner-references".to_owned();
        annotations.push((annotation, string(chance.pick(&["true", "false"]))));
    }
    let mut template_metadata = vec![
        ("labels", Value::Object(map(chance, 5))),
        ("annotations", Value::Object(annotations)),
    ];
    if chance.one_in(5) {
        template_metadata.push(("finalizers", Value::Array(vec![string("z"), string("a b")])));
        template_metadata.push(("creationTimestamp", string("2024-01-02T03:04:05+02:00")));
        template_metadata.push(("generation", Value::Int(7)));
        template_metadata.push(("name", string("other")));
    }
    let mut template = vec![("metadata", object(template_metadata))];
    if chance.one_in(2) {
        template.push((
            "type",
            string(chance.pick(&["Opaque", "kubernetes.io/tls", "yes"])),
        ));
    }
    if chance.one_in(4) {
        template.push(("immutable", Value::Bool(chance.one_in(2))));
    }
    if chance.one_in(2) {
        let mut data: Vec<(String, Value)> = vec![("fixed".to_owned(), string("text"))];
        for index in 0..chance.below(4) {
            data.push((format!("t{index}"), string(chance.pick(TEMPLATES))));
        }
        if chance.one_in(3) {
            data.push((
                "a".to_owned(),
                if chance.one_in(2) {
                    Value::Null
                } else {
                    string("{{ .b }}")
                },
            ));
        }
        template.push(("data", Value::Object(data)));
    }
    let mut spec = vec![("encryptedData", encrypted)];
    if chance.one_in(8) {
        spec.insert(0, ("template", Value::Null));
    } else {
        spec.insert(chance.below(2), ("template", object(template)));
    }
    let sealed = object(vec![
        ("apiVersion", string("bitnami.com/v1alpha1")),
        ("kind", string("SealedSecret")),
        ("metadata", object(metadata)),
        ("spec", object(spec)),
    ]);
    (json::to_string(&sealed).unwrap().into_bytes(), values)
}
