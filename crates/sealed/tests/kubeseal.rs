//! Side by side with the real kubeseal.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::fmt::Write as _;
use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use goyaml::Value;
use goyaml::json;
use sealed::{Format, KubernetesSecret, OpenOptions, Scope, SealedSecret, TemplatePolicy};

use support::{Chance, cases, kubeseal, pairs, recovered};

const ANY: OpenOptions = OpenOptions {
    templates: TemplatePolicy::Any,
    deprecated_data: sealed::DeprecatedData::Refuse,
};

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
    "01",
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

fn value(chance: &mut Chance) -> Vec<u8> {
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
const TEMPLATES: &[&str] = &[
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
fn generated(chance: &mut Chance) -> (Vec<u8>, Vec<(String, Vec<u8>)>) {
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

fn open(sealed: &[u8]) -> Result<KubernetesSecret, String> {
    let sealed = SealedSecret::parse_all(sealed).map_err(|error| error.to_string())?;
    let [sealed] = &*sealed else {
        panic!("one is expected")
    };
    let keys = pairs()[0].keys();
    sealed
        .open(&keys.unsealer(), ANY)
        .map_err(|error| error.to_string())
}

#[test]
fn generated_objects_open_to_the_bytes_that_kubeseal_prints() {
    let key = &pairs()[0].key_file;
    for seed in 0..cases(40) {
        let (sealed, _) = generated(&mut Chance(seed));
        let shown = String::from_utf8_lossy(&sealed);
        let opened = open(&sealed).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{shown}"));
        for (name, format) in [("json", Format::Json), ("yaml", Format::Yaml)] {
            let expected = recovered(key, name, &sealed)
                .unwrap_or_else(|| panic!("seed {seed}: kubeseal refuses\n{shown}"));
            assert_eq!(
                opened.print(format).expose(),
                expected,
                "seed {seed}\n{shown}"
            );
        }
    }
}

#[test]
fn what_kubeseal_seals_opens_to_what_went_in() {
    let pair = &pairs()[0];
    let certificate = pair.certificate_file.to_str().unwrap();
    for (seed, (scope, format)) in (0..).zip([
        ("strict", "yaml"),
        ("strict", "json"),
        ("namespace-wide", "yaml"),
        ("namespace-wide", "json"),
        ("cluster-wide", "yaml"),
        ("cluster-wide", "json"),
    ]) {
        let mut chance = Chance(1000 + seed);
        let mut plain = String::from(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n  namespace: ns\n  uid: x\n",
        );
        plain.push_str("  labels: {l: 'yes'}\n  ownerReferences: [{apiVersion: v1, kind: Pod, name: p, uid: u}]\n");
        plain.push_str(
            "  annotations: {kubectl.kubernetes.io/last-applied-configuration: '{}', keep: me}\n",
        );
        plain.push_str("type: Opaque\nimmutable: true\ndata:\n");
        let mut values = Vec::new();
        for index in 0..5 {
            let value = value(&mut chance);
            let _ = writeln!(plain, "  key{index}: {:?}", STANDARD.encode(&value));
            values.push((format!("key{index}"), value));
        }
        let output = kubeseal(
            &["--cert", certificate, "--scope", scope, "-o", format],
            plain.as_bytes(),
        );
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let opened = open(&output.stdout).unwrap();
        let data: Vec<_> = opened
            .data()
            .map(|(key, value)| (key.to_owned(), value.expose().to_vec()))
            .collect();
        assert_eq!(data, values);
        for (name, format) in [("json", Format::Json), ("yaml", Format::Yaml)] {
            let expected = recovered(&pair.key_file, name, &output.stdout).unwrap();
            assert_eq!(opened.print(format).expose(), expected);
        }
    }
}

#[test]
fn sealing_gives_what_kubeseal_gives_but_for_the_ciphertext() {
    let pair = &pairs()[0];
    let certificate = pair.certificate_file.to_str().unwrap();
    let plain = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n  namespace: ns\n  uid: x\n  resourceVersion: '7'\n  \
        generation: 3\n  creationTimestamp: '2024-01-02T03:04:05Z'\n  generateName: g\n  finalizers: [f]\n  managedFields: [{manager: m, \
        operation: Update, time: '2024-01-02T03:04:05Z', fieldsType: FieldsV1, fieldsV1: {'f:data': {'.': {}, 'f:a': {}}}}]\n  \
        labels: {l: 'yes'}\n  ownerReferences: [{apiVersion: v1, kind: Pod, name: p, uid: u}]\n  \
        annotations: {kubectl.kubernetes.io/last-applied-configuration: '{}', kubecfg.ksonnet.io/last-applied-configuration: x, keep: me}\n\
        type: Opaque\nimmutable: false\ndata:\n  a: aGVsbG8=\n  e: ''\nstringData: {b: text}\n";
    for scope in [None, Some(Scope::NamespaceWide), Some(Scope::ClusterWide)] {
        for (name, format) in [("json", Format::Json), ("yaml", Format::Yaml)] {
            let stated = scope.unwrap_or_default().as_str();
            let output = kubeseal(
                &["--cert", certificate, "--scope", stated, "-o", name],
                plain.as_bytes(),
            );
            let secrets = KubernetesSecret::parse_all(plain.as_bytes()).unwrap();
            let ours = SealedSecret::seal(&secrets[0], scope, &pair.certificate())
                .unwrap()
                .print(format);
            let blank = |text: &str| {
                let lines =
                    text.lines()
                        .map(|line| match line.find(": AQ").or(line.find(": \"AQ")) {
                            Some(at) => line[..at].to_owned(),
                            None => line.to_owned(),
                        });
                lines.collect::<Vec<_>>().join("\n")
            };
            assert_eq!(
                blank(&ours),
                blank(&String::from_utf8(output.stdout).unwrap())
            );
            let recovered = recovered(&pair.key_file, "json", ours.as_bytes()).unwrap();
            assert_eq!(
                open(ours.as_bytes()).unwrap().print(Format::Json).expose(),
                recovered
            );
            assert!(
                recovered.contains("\"a\": \"aGVsbG8=\"")
                    && recovered.contains("\"b\": \"dGV4dA==\"")
            );
        }
    }
}

#[test]
fn raw_values_and_merged_objects_open() {
    let pair = &pairs()[0];
    let certificate = pair.certificate_file.to_str().unwrap();
    let raw = [
        "--cert",
        certificate,
        "--raw",
        "--name",
        "app",
        "--namespace",
        "ns",
        "--from-file",
        "/dev/stdin",
    ];
    let value = kubeseal(&raw, b"raw value");
    let value = String::from_utf8(value.stdout).unwrap();
    let file = support::folder().join("merged.yaml");
    let object = format!(
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {{name: app, namespace: ns}}\nspec:\n  \
         encryptedData:\n    raw: {value}\n  template:\n    metadata: {{annotations: {{a: b}}, labels: {{a: b}}}}\n"
    );
    fs::write(&file, object).unwrap();
    let update = b"apiVersion: v1\nkind: Secret\nmetadata: {name: x, namespace: y}\nstringData: {merged: more}\n";
    let merge = kubeseal(
        &[
            "--cert",
            certificate,
            "--merge-into",
            file.to_str().unwrap(),
            "-o",
            "yaml",
        ],
        update,
    );
    assert!(
        merge.status.success(),
        "{}",
        String::from_utf8_lossy(&merge.stderr)
    );
    let opened = open(&fs::read(&file).unwrap()).unwrap();
    let data: Vec<_> = opened
        .data()
        .map(|(key, value)| (key, value.expose()))
        .collect();
    assert_eq!(data, [("merged", &b"more"[..]), ("raw", b"raw value")]);
}

/// What can be done to a sealed value.
fn tampered(sealed: &[u8], chance: &mut Chance) -> Vec<(&'static str, Vec<u8>)> {
    let mut all = Vec::new();
    let block = 2..258;
    let tag = sealed.len() - 16..sealed.len();
    for (what, range) in [
        ("length", 0..2),
        ("block", block.clone()),
        ("text", 258..tag.start),
        ("tag", tag),
    ] {
        for _ in 0..3 {
            let mut bytes = sealed.to_vec();
            let at = range.start + chance.below(range.len());
            bytes[at] ^= 1 << chance.below(8);
            all.push((what, bytes));
        }
    }
    for length in [0, 1, 2, 100, 257, 258, 260, 273, sealed.len() - 1] {
        all.push(("truncated", sealed[..length].to_vec()));
    }
    let mut longer = sealed.to_vec();
    longer.push(0);
    all.push(("longer", longer));
    all.push(("zeros", vec![0; sealed.len()]));
    let mut block_of_ones = sealed.to_vec();
    block_of_ones[block].fill(0xff);
    all.push(("block of ones", block_of_ones));
    all
}

fn with_values(
    entries: &[(&str, &[u8])],
    name: &str,
    namespace: &str,
    annotation: &str,
) -> Vec<u8> {
    let mut text = format!(
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: {name}\n  namespace: {namespace}\n  \
         annotations: {{{annotation}}}\nspec:\n  encryptedData:\n"
    );
    for (key, value) in entries {
        let _ = writeln!(text, "    {key}: {:?}", STANDARD.encode(value));
    }
    text.into_bytes()
}

const CANARY: &[u8] = b"canary-7f3b9c-plaintext";

#[test]
fn tampered_values_are_refused_as_kubeseal_refuses_them() {
    let pair = &pairs()[0];
    let sealed = pair
        .certificate()
        .seal(Scope::Strict, "ns", "app", CANARY)
        .unwrap();
    let sealed = STANDARD.decode(sealed.as_str()).unwrap();
    let good = with_values(&[("a", &sealed)], "app", "ns", "");
    assert!(open(&good).is_ok() && recovered(&pair.key_file, "json", &good).is_some());
    for (what, value) in tampered(&sealed, &mut Chance(7)) {
        let object = with_values(&[("good", &sealed), ("a", &value)], "app", "ns", "");
        let error = open(&object)
            .err()
            .unwrap_or_else(|| panic!("{what} is accepted"));
        assert!(!error.contains("canary"), "{error}");
        assert!(
            error.starts_with("line 10: spec.encryptedData.a: "),
            "{error}"
        );
        assert_eq!(recovered(&pair.key_file, "json", &object), None, "{what}");
    }
}

#[test]
fn values_do_not_open_elsewhere_than_their_scope_allows() {
    let pair = &pairs()[0];
    let namespace_wide = "sealedsecrets.bitnami.com/namespace-wide: 'true'";
    let cluster_wide = "sealedsecrets.bitnami.com/cluster-wide: 'true'";
    let both = format!("{namespace_wide}, {cluster_wide}");
    let mut opened = 0;
    for scope in [Scope::Strict, Scope::NamespaceWide, Scope::ClusterWide] {
        let sealed = pair.certificate().seal(scope, "ns", "app", CANARY).unwrap();
        let sealed = STANDARD.decode(sealed.as_str()).unwrap();
        for (name, namespace) in [
            ("app", "ns"),
            ("other", "ns"),
            ("app", "other"),
            ("ns", "app"),
            ("p", "ns/ap"),
        ] {
            for annotation in ["", namespace_wide, cluster_wide, &both] {
                let object = with_values(&[("a", &sealed)], name, namespace, annotation);
                let ours = open(&object);
                let theirs = recovered(&pair.key_file, "json", &object);
                assert_eq!(
                    ours.is_ok(),
                    theirs.is_some(),
                    "{scope} {namespace}/{name} {annotation}"
                );
                opened += usize::from(ours.is_ok());
                if let Err(error) = ours {
                    assert!(!error.contains("canary"), "{error}");
                }
            }
        }
    }
    // One place for strict, three names for the namespace, everywhere in the cluster, the last under two annotations.
    assert_eq!(opened, 1 + 2 + 10);
}

#[test]
fn exchanged_values_of_one_object_open_as_the_format_has_it() {
    let pair = &pairs()[0];
    let seal = |value: &[u8]| {
        let sealed = pair
            .certificate()
            .seal(Scope::Strict, "ns", "app", value)
            .unwrap();
        STANDARD.decode(sealed.as_str()).unwrap()
    };
    let (one, two) = (seal(b"one"), seal(b"two"));
    let object = with_values(&[("a", &two), ("b", &one)], "app", "ns", "");
    let printed = open(&object).unwrap().print(Format::Json);
    assert_eq!(
        printed.expose(),
        recovered(&pair.key_file, "json", &object).unwrap()
    );
}
