//! What is read as a SealedSecret, what is refused, and what refusals say.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use sealed::{
    DeprecatedData, Format, KubernetesSecret, OpenError, OpenOptions, Scope, SealedSecret,
    SealingKeys,
};

use support::{ANY, changed, pairs, recovered, sealed_value};

const DEPRECATED: OpenOptions = OpenOptions {
    templates: sealed::TemplatePolicy::Total,
    deprecated_data: DeprecatedData::Accept,
};

fn error(text: &str) -> String {
    SealedSecret::parse_all(text.as_bytes())
        .err()
        .unwrap_or_else(|| panic!("accepted: {text}"))
        .to_string()
}

#[test]
fn documents_that_would_lose_something_are_refused() {
    for (from, to, message) in [
        (
            "spec:",
            "SPEC:",
            "line 6: SPEC: unknown field, `spec` is meant",
        ),
        (
            "encryptedData:",
            "encrypteddata:",
            "line 7: spec.encrypteddata: unknown field, `encryptedData` is meant",
        ),
        (
            "template:",
            "Template:",
            "line 9: spec.Template: unknown field, `template` is meant",
        ),
        (
            "type:",
            "tpye:",
            "line 10: spec.template.tpye: unknown field",
        ),
        (
            "name: app",
            "nmae: app",
            "line 4: metadata.nmae: unknown field",
        ),
        ("name: app", "labels: {}", "line 3: metadata.name: missing"),
        ("name: app", "name: ''", "line 3: metadata.name: missing"),
        (
            "name: app",
            "name: app\n  name: app",
            "line 5: metadata.name: named twice",
        ),
        ("kind: SealedSecret\n", "", "line 1: kind: missing"),
        (
            "apiVersion: bitnami.com/v1alpha1\n",
            "",
            "line 1: apiVersion: missing",
        ),
        (
            "kind",
            "Kind",
            "line 2: Kind: unknown field, `kind` is meant",
        ),
        (
            "SealedSecret",
            "Secret",
            "line 1: not a SealedSecret of bitnami.com/v1alpha1",
        ),
        (
            "v1alpha1",
            "v1",
            "line 1: not a SealedSecret of bitnami.com/v1alpha1",
        ),
        (
            "a: AAAA",
            "a: 1",
            "line 8: spec.encryptedData.a: must be a string (put it in quotes)",
        ),
        (
            "a: AAAA",
            "a: yes",
            "line 8: spec.encryptedData.a: must be a string (put it in quotes)",
        ),
        (
            "a: AAAA",
            "a: [x]",
            "line 8: spec.encryptedData.a: must be a string",
        ),
        (
            "a: AAAA",
            "a:",
            "line 8: spec.encryptedData.a: must be a string",
        ),
        (
            "a: AAAA",
            "n: AAAA",
            "line 8: spec.encryptedData: must be an object whose keys are all strings",
        ),
        (
            "a: AAAA",
            "0777: AAAA",
            "line 8: spec.encryptedData: must be an object whose keys are all strings",
        ),
        (
            "a: AAAA",
            "? [a]\n    : AAAA",
            "line 8: spec.encryptedData: must be an object whose keys are all strings",
        ),
        (
            "a: AAAA",
            "<<: {a: AAAA}",
            "line 8: spec.encryptedData: must be an object without merge keys",
        ),
        (
            "a: AAAA",
            "a: AAAA\n    a: AAAA",
            "line 9: spec.encryptedData.a: named twice",
        ),
        (
            "type: Opaque",
            "immutable: 'true'",
            "line 10: spec.template.immutable: must be a boolean",
        ),
        (
            "type: Opaque",
            "data: {a: 1}",
            "line 10: spec.template.data.a: must be a string (put it in quotes)",
        ),
        (
            "type: Opaque",
            "metadata: {labels: {a: 1}}",
            "line 10: spec.template.metadata.labels.a: must be a string (put it in quotes)",
        ),
        (
            "type: Opaque",
            "metadata: {creationTimestamp: x}",
            "line 10: spec.template.metadata.creationTimestamp: must be a time as in RFC 3339",
        ),
        (
            "type: Opaque",
            "metadata: {generation: x}",
            "line 10: spec.template.metadata.generation: must be an integer",
        ),
        (
            "type: Opaque",
            "metadata: {finalizers: x}",
            "line 10: spec.template.metadata.finalizers: must be a list",
        ),
        (
            "  encryptedData:\n    a: AAAA\n",
            "",
            "line 6: spec.encryptedData: missing",
        ),
        ("status: {}", "spec: {}", "line 11: spec: named twice"),
        ("status: {}", "data: {}", "line 11: data: unknown field"),
        (
            "status: {}",
            "---\nkind: Secret\napiVersion: v1",
            "line 12: not a SealedSecret of bitnami.com/v1alpha1",
        ),
        (
            "status: {}",
            "---\n- a",
            "line 12: the document: must be an object",
        ),
        ("name: app", "name: *nowhere", ""),
    ] {
        let text = changed(from, to);
        let error = error(&text);
        if !message.is_empty() {
            assert_eq!(error, message, "{text}");
        }
    }
    for (text, message) in [
        ("", "no document found"),
        ("---\n# nothing\n---\n", "no document found"),
        ("{}", "line 1: apiVersion: missing"),
        ("text", "line 1: the document: must be an object"),
        ("apiVersion: v1\nkind: List\n", "line 1: items: missing"),
        (
            "apiVersion: v1\nkind: List\nitems: []\n",
            "no document found",
        ),
    ] {
        assert_eq!(error(text), message);
    }
    assert!(error("a: [").starts_with("not valid YAML: line "));
    assert!(error("{\"a\": \"\\ud83d\"").starts_with("not valid YAML: line "));
}

#[test]
fn every_document_and_every_item_of_a_list_counts() {
    let good = changed("status: {}", "");
    let item = good.replace('\n', "\n  ");
    let list = format!("apiVersion: v1\nkind: List\nmetadata: {{}}\nitems:\n- {item}\n- {item}\n");
    for (text, lines) in [
        (good.clone(), vec![1]),
        (format!("---\n---\n{good}---\n{good}...\n"), vec![3, 15]),
        (list.clone(), vec![5, 17]),
        (
            list.replace(
                "v1\nkind: List",
                "bitnami.com/v1alpha1\nkind: SealedSecretList",
            ),
            vec![5, 17],
        ),
    ] {
        let found = SealedSecret::parse_all(text.as_bytes())
            .unwrap_or_else(|error| panic!("{error}: {text}"));
        let found: Vec<_> = found.iter().map(SealedSecret::line).collect();
        assert_eq!(found, lines, "{text}");
    }
}

#[test]
fn json_with_escapes_that_yaml_lacks_is_read() {
    let value = sealed_value(Scope::Strict, b"value");
    let text = format!(
        "{{\"apiVersion\": \"bitnami.com\\/v1alpha1\", \"kind\": \"SealedSecret\", \"metadata\": {{\"name\": \"app\", \
         \"namespace\": \"ns\", \"annotations\": {{\"a\": \"\\ud83d\\ude00\"}}}}, \"spec\": {{\"encryptedData\": \
         {{\"a\": \"{}\"}}, \"template\": {{\"metadata\": {{\"labels\": {{\"l\": \"\\ud83d\\ude00 \\/\"}}}}}}}}}}",
        value.replace('/', "\\/")
    );
    let sealed = SealedSecret::parse_all(text.as_bytes()).unwrap();
    let opened = sealed[0]
        .open(&pairs()[0].keys().unsealer(), OpenOptions::default())
        .unwrap();
    let printed = opened.print(Format::Json);
    assert_eq!(
        printed.expose(),
        recovered(&pairs()[0].key_file, "json", text.as_bytes()).unwrap()
    );
}

#[test]
fn aliases_and_numbers_as_keys_are_read_and_bombs_are_not() {
    let value = sealed_value(Scope::Strict, b"value");
    let text = changed("a: AAAA", &format!("a: &v {value}\n    b: *v")).replace(
        "type: Opaque",
        "metadata: {labels: &l {x: z}, annotations: *l}",
    );
    let sealed = SealedSecret::parse_all(text.as_bytes()).unwrap();
    let opened = sealed[0]
        .open(&pairs()[0].keys().unsealer(), OpenOptions::default())
        .unwrap();
    let printed = opened.print(Format::Json);
    assert_eq!(
        printed.expose(),
        recovered(&pairs()[0].key_file, "json", text.as_bytes()).unwrap()
    );

    let text = changed("a: AAAA", &format!("8080: {value}\n    -1: {value}"));
    let sealed = SealedSecret::parse_all(text.as_bytes()).unwrap();
    let opened = sealed[0]
        .open(&pairs()[0].keys().unsealer(), OpenOptions::default())
        .unwrap();
    let printed = opened.print(Format::Json);
    assert_eq!(
        printed.expose(),
        recovered(&pairs()[0].key_file, "json", text.as_bytes()).unwrap()
    );

    let mut bomb = String::from("a0: &a0 {x: z}\n");
    for level in 1..30 {
        let alias = format!("*a{}", level - 1);
        bomb += &format!(
            "a{level}: &a{level} [{}]\n",
            [alias.as_str(); 10].join(", ")
        );
    }
    let deep = "[".repeat(100_000);
    let nested = format!("{}1", "- ".repeat(100_000));
    for text in [bomb, deep, nested] {
        assert!(SealedSecret::parse_all(text.as_bytes()).is_err());
        assert_eq!(SealingKeys::new().add("f", text.as_bytes()).len(), 1);
    }
}

#[test]
fn a_template_of_another_scope_is_refused() {
    let (namespace_wide, cluster_wide) = (
        "sealedsecrets.bitnami.com/namespace-wide: 'true'",
        "sealedsecrets.bitnami.com/cluster-wide: 'true'",
    );
    let scopes = [
        (Scope::Strict, ""),
        (Scope::NamespaceWide, namespace_wide),
        (Scope::ClusterWide, cluster_wide),
    ];
    for (own, annotation) in scopes {
        let value = sealed_value(own, b"value");
        for (stated, template) in scopes {
            let text = changed("a: AAAA", &format!("a: {value}"))
                .replace(
                    "namespace: ns",
                    &format!("namespace: ns\n  annotations: {{{annotation}}}"),
                )
                .replace(
                    "type: Opaque",
                    &format!("metadata: {{annotations: {{{template}}}}}"),
                );
            let sealed = &SealedSecret::parse_all(text.as_bytes()).unwrap()[0];
            let result = sealed.open(&pairs()[0].keys().unsealer(), OpenOptions::default());
            // A template without annotations does not contradict.
            if stated == own || stated == Scope::Strict {
                assert!(result.is_ok(), "{own} {stated}");
            } else {
                let expected = OpenError::ScopeDisagreement {
                    line: 1,
                    template: stated,
                    object: own,
                };
                assert_eq!(result.err(), Some(expected));
            }
        }
    }
}

#[test]
fn the_deprecated_form_opens_when_it_is_accepted() {
    let blob = |text: &str| {
        changed(
            "encryptedData:\n    a: AAAA",
            &format!("data: {}", sealed_value(Scope::Strict, text.as_bytes())),
        )
    };
    let open = |text: &str, options| {
        SealedSecret::parse_all(text.as_bytes()).unwrap()[0]
            .open(&pairs()[0].keys().unsealer(), options)
    };
    let plain = "{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"x\",\"namespace\":\"y\",\"creationTimestamp\":null,\
                 \"labels\":{\"l\":\"v\"}},\"data\":{\"a\":\"aGVsbG8=\"},\"type\":\"Opaque\"}\n";
    let text = blob(plain);
    assert_eq!(
        open(&text, OpenOptions::default()).err(),
        Some(OpenError::Deprecated { line: 7 })
    );
    assert_eq!(
        recovered(&pairs()[0].key_file, "json", text.as_bytes()),
        None
    );
    let opened = open(&text, DEPRECATED).unwrap();
    assert_eq!(
        (
            opened.metadata().name.as_deref(),
            opened.metadata().namespace.as_deref()
        ),
        (Some("app"), Some("ns"))
    );
    assert_eq!(opened.metadata().labels["l"], "v");
    let data: Vec<_> = opened
        .data()
        .map(|(key, value)| (key, value.expose()))
        .collect();
    assert_eq!(data, [("a", &b"hello"[..])]);
    for text in [
        "canary",
        "{\"kind\":\"canary\"}",
        "{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"data\":{\"a\":\"canary!\"}}",
        "",
        "\u{1}",
    ] {
        let error = open(&blob(text), DEPRECATED).err().unwrap();
        assert_eq!(error, OpenError::DeprecatedMalformed { line: 7 });
        assert!(!error.to_string().contains("canary"));
    }
    let both = changed("a: AAAA", "a: AAAA\n  data: AAAA");
    assert_eq!(
        open(&both, DEPRECATED).err(),
        Some(OpenError::DeprecatedMixed { line: 9 })
    );
}

#[test]
fn malformed_values_are_told_apart_from_sealed_ones() {
    let open = |value: &str| {
        let text = changed("a: AAAA", &format!("a: '{value}'"));
        let result = SealedSecret::parse_all(text.as_bytes()).unwrap()[0]
            .open(&pairs()[0].keys().unsealer(), OpenOptions::default());
        result.err().unwrap().to_string()
    };
    assert_eq!(open("A"), "line 8: spec.encryptedData.a: not base64");
    assert_eq!(
        open(""),
        "line 8: spec.encryptedData.a: too short for a sealed value"
    );
    assert_eq!(
        open("AgAAAA=="),
        "line 8: spec.encryptedData.a: too short for a sealed value"
    );
    assert!(open(&"A".repeat(24)).starts_with(
        "line 8: spec.encryptedData.a: no loaded key opens this under strict scope (loaded: SHA256:"
    ));
}

#[test]
fn resealed_values_open_with_the_new_key_only() {
    let [old, _, new] = pairs();
    let value = sealed_value(Scope::NamespaceWide, b"value");
    let text = changed("a: AAAA", &format!("a: {value}"))
        .replace("type: Opaque", "metadata: {labels: {x: z}}\n    data: {t: 'fixed', u: null}")
        .replace("namespace: ns", "namespace: ns\n  annotations: {sealedsecrets.bitnami.com/namespace-wide: 'true', x: z}");
    let sealed = &SealedSecret::parse_all(text.as_bytes()).unwrap()[0];
    let resealed = sealed
        .reseal(&old.keys().unsealer(), &new.certificate())
        .unwrap();
    assert!(
        sealed
            .reseal(&new.keys().unsealer(), &old.certificate())
            .is_err()
    );
    assert!(resealed.open(&old.keys().unsealer(), ANY).is_err());
    let opened = resealed.open(&new.keys().unsealer(), ANY).unwrap();
    let before = sealed.open(&old.keys().unsealer(), ANY).unwrap();
    assert_eq!(
        opened.print(Format::Json).expose(),
        before.print(Format::Json).expose()
    );
    let printed = resealed.print(Format::Json);
    let recovered = recovered(&new.key_file, "json", printed.as_bytes()).unwrap();
    assert_eq!(opened.print(Format::Json).expose(), recovered);
}

#[test]
fn secrets_that_cannot_be_sealed_are_refused() {
    for (text, reason) in [
        (
            "metadata: {name: app}\ndata: {a: YQ==}",
            "seal-no-namespace",
        ),
        ("metadata: {namespace: ns}\ndata: {a: YQ==}", "seal-no-name"),
        ("metadata: {name: app, namespace: ns}", "seal-no-data"),
    ] {
        let secret = &KubernetesSecret::parse_all(
            format!("apiVersion: v1\nkind: Secret\n{text}\n").as_bytes(),
        )
        .unwrap()[0];
        let error = SealedSecret::seal(secret, None, &pairs()[0].certificate())
            .err()
            .unwrap();
        assert_eq!(error.reason(), reason);
    }
    for text in [
        "apiVersion: v1\nkind: Secret\ndata: {a: canary!}\n",
        "apiVersion: v1\nkind: Secret\ndata: {a: [canary]}\n",
        "kind: canary\n",
    ] {
        let error = KubernetesSecret::parse_all(text.as_bytes()).err().unwrap();
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    }
}
