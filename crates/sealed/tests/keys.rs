//! Keys in every form they are kept in.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::fmt::Write as _;
use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealed::{KeyError, OpenError, OpenOptions, Scope, SealedSecret, SealingKeys};

use support::{KeyPair, folder, kubeseal, openssl, pair, pairs};

/// A Secret as the controller keeps it, in YAML.
fn secret(pair: &KeyPair, name: &str, with_certificate: bool, created: &str) -> String {
    let mut text = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  creationTimestamp: \"{created}\"\n  generateName: sealed-secrets-key\n  \
         labels:\n    sealedsecrets.bitnami.com/sealed-secrets-key: active\n  name: {name}\n  namespace: kube-system\n\
         type: kubernetes.io/tls\ndata:\n  tls.key: {}\n",
        STANDARD.encode(&pair.key)
    );
    if with_certificate {
        let _ = writeln!(text, "  tls.crt: {}", STANDARD.encode(&pair.certificate));
    }
    text
}

fn list(items: &[String]) -> String {
    let mut text = String::from("apiVersion: v1\nitems:\n");
    for item in items {
        for (index, line) in item.lines().enumerate() {
            let _ = writeln!(text, "{} {line}", if index == 0 { "-" } else { " " });
        }
    }
    text.push_str("kind: List\nmetadata:\n  resourceVersion: \"\"\n");
    text
}

fn json(items: &[String]) -> String {
    let value = |text: &str| format!("{:?}", text.trim().trim_matches('"'));
    let items: Vec<_> = items
        .iter()
        .map(|item| {
            let find = |key: &str| {
                let line = item.lines().find_map(|line| line.trim().strip_prefix(key));
                value(line.unwrap_or_default())
            };
            format!(
                "{{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": {{\"name\": {}, \"creationTimestamp\": {}, \
                 \"annotations\": {{\"emoji\": \"\\ud83d\\ude00\"}}}}, \"data\": {{\"tls.key\": {}, \"tls.crt\": {}}}}}",
                find("name:"), find("creationTimestamp:"), find("tls.key:"), find("tls.crt:")
            )
        })
        .collect();
    format!(
        "{{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [{}]}}",
        items.join(",\n")
    )
}

fn fingerprints(keys: &SealingKeys) -> Vec<String> {
    keys.fingerprints().map(ToString::to_string).collect()
}

fn newest_first() -> Vec<String> {
    pairs()
        .iter()
        .rev()
        .map(|pair| pair.certificate().fingerprint().to_string())
        .collect()
}

#[test]
fn every_form_gives_the_keys_newest_first() {
    let [old, middle, new] = pairs();
    let pkcs8 = |pair: &KeyPair| {
        let key = openssl(
            folder(),
            &[
                "pkcs8",
                "-topk8",
                "-nocrypt",
                "-in",
                pair.key_file.to_str().unwrap(),
            ],
        );
        String::from_utf8(key).unwrap()
    };
    let created = "2020-01-01T00:00:00Z";
    let secrets = [
        secret(middle, "mm", true, created),
        secret(new, "nn", true, created),
        secret(old, "o", true, created),
    ];
    let by_creation = [
        secret(middle, "mm", false, "2024-02-01T00:00:00Z"),
        secret(new, "nn", false, "2024-03-01T00:00:00Z"),
        secret(old, "o", false, "2024-01-01T00:00:00+01:00"),
    ];
    let forms = [
        (
            "PKCS#1",
            [old, new, middle]
                .map(|pair| pair.key.clone() + &pair.certificate)
                .concat(),
        ),
        (
            "certificates first",
            [
                &new.certificate,
                &old.certificate,
                &middle.certificate,
                &old.key,
                &middle.key,
                &new.key,
            ]
            .map(String::as_str)
            .concat(),
        ),
        (
            "PKCS#8",
            [old, new, middle]
                .map(|pair| pkcs8(pair) + &pair.certificate)
                .concat(),
        ),
        (
            "carriage returns",
            [old, new, middle]
                .map(|pair| pair.key.clone() + &pair.certificate)
                .concat()
                .replace('\n', "\r\n"),
        ),
        ("documents", secrets.join("---\n")),
        ("List", list(&secrets)),
        ("JSON", json(&secrets)),
        ("creation times", list(&by_creation)),
        (
            "mixed ages",
            list(&[
                by_creation[0].clone(),
                secrets[1].clone(),
                secrets[2].clone(),
            ]),
        ),
    ];
    for (form, text) in forms {
        let mut keys = SealingKeys::new();
        assert_eq!(keys.add("keys", text.as_bytes()), [], "{form}");
        assert_eq!(fingerprints(&keys), newest_first(), "{form}");
    }
    let mut keys = SealingKeys::new();
    for pair in [old, new, middle, new] {
        assert_eq!(
            keys.add("secret", secret(pair, "x", true, created).as_bytes()),
            []
        );
        assert_eq!(keys.add("bare", pair.key.as_bytes()), []);
    }
    assert_eq!(fingerprints(&keys), newest_first());
    assert_eq!(keys.len(), 3);
}

#[test]
fn kubeseal_reads_the_same_files() {
    let [old, _, new] = pairs();
    let secrets = [
        secret(old, "o", true, "2020-01-01T00:00:00Z"),
        secret(new, "nn", true, "2020-01-01T00:00:00Z"),
    ];
    let sealed = |pair: &KeyPair| {
        let value = pair
            .certificate()
            .seal(Scope::Strict, "ns", "app", b"value")
            .unwrap();
        format!(
            "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {{name: app, namespace: ns}}\nspec:\n  \
             encryptedData: {{a: {}}}\n",
            value.as_str()
        )
    };
    for (name, text) in [
        ("list.yaml", list(&secrets)),
        ("list.json", json(&secrets)),
        ("two.yaml", secrets.join("---\n")),
    ] {
        let file = folder().join(name);
        fs::write(&file, &text).unwrap();
        let mut keys = SealingKeys::new();
        assert_eq!(keys.add(name, text.as_bytes()), []);
        for pair in [old, new] {
            let sealed = sealed(pair);
            let arguments = [
                "--recovery-unseal",
                "--recovery-private-key",
                file.to_str().unwrap(),
            ];
            let output = kubeseal(&arguments, sealed.as_bytes());
            let opened = SealedSecret::parse_all(sealed.as_bytes()).unwrap()[0]
                .open(&keys.unsealer(), OpenOptions::default())
                .unwrap();
            let ours = opened.print(sealed::Format::Json);
            assert_eq!(
                ours.expose(),
                String::from_utf8_lossy(&output.stdout),
                "{name}"
            );
        }
    }
}

#[test]
fn unusable_keys_are_reported_by_name() {
    let [old, _, new] = pairs();
    let file = old.key_file.to_str().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let encrypted1 = text(openssl(
        folder(),
        &[
            "rsa",
            "-traditional",
            "-aes128",
            "-passout",
            "pass:x",
            "-in",
            file,
        ],
    ));
    let encrypted8 = text(openssl(
        folder(),
        &["pkcs8", "-topk8", "-passout", "pass:x", "-in", file],
    ));
    let ec = text(openssl(
        folder(),
        &["ecparam", "-name", "prime256v1", "-genkey", "-noout"],
    ));
    let ed25519 = text(openssl(folder(), &["genpkey", "-algorithm", "ed25519"]));
    let short = text(openssl(folder(), &["genrsa", "-traditional", "1024"]));
    let body: String = old
        .key
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    let mut der = STANDARD.decode(body).unwrap();
    let middle = der.len() / 2;
    der[middle] ^= 1;
    let damaged = format!(
        "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\n",
        STANDARD.encode(&der)
    );
    let no_key =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: nn, namespace: ns}\ndata: {other: YQ==}\n";
    let no_data = "apiVersion: v1\nkind: Secret\nmetadata: {name: nn}\n";
    let not_base64 = "apiVersion: v1\nkind: Secret\nmetadata: {name: nn}\ndata: {tls.key: '*'}\n";
    let no_pem = "apiVersion: v1\nkind: Secret\nmetadata: {name: nn}\ndata: {tls.key: YQ==}\n";
    for (file, name, error) in [
        (encrypted1.as_str(), "f: line 1", KeyError::Encrypted),
        (&encrypted8, "f: line 1", KeyError::Encrypted),
        (&ec, "f: line 1", KeyError::NotRsa),
        (&ed25519, "f: line 1", KeyError::NotRsa),
        (&short, "f: line 1", KeyError::Size { bits: 1024 }),
        (&damaged, "f: line 1", KeyError::Malformed),
        (
            "-----BEGIN PRIVATE KEY-----\n*\n-----END PRIVATE KEY-----\n",
            "f: line 1",
            KeyError::Malformed,
        ),
        (
            "-----BEGIN PRIVATE KEY-----\nYWJj\n-----END PRIVATE KEY-----\n",
            "f: line 1",
            KeyError::Malformed,
        ),
        (&old.certificate, "f", KeyError::NoKey),
        ("", "f", KeyError::NoKey),
        ("# nothing\n", "f", KeyError::NoKey),
        (
            "apiVersion: v1\nkind: List\nitems: []\n",
            "f",
            KeyError::NoKey,
        ),
        ("\nkind: ConfigMap\n", "f", KeyError::NotASecret { line: 2 }),
        (no_key, "f: Secret ns/nn", KeyError::NoTlsKey),
        (no_data, "f: Secret nn", KeyError::NoTlsKey),
        (not_base64, "f: Secret nn", KeyError::NotBase64),
        (no_pem, "f: Secret nn", KeyError::NoKey),
    ] {
        let mut keys = SealingKeys::new();
        let unusable = keys.add("f", file.as_bytes());
        assert_eq!(unusable.len(), 1, "{file}");
        assert_eq!(
            (unusable[0].name.as_str(), &unusable[0].error),
            (name, &error),
            "{file}"
        );
        assert!(keys.is_empty());
    }
    for (file, reason) in [
        ("- a\n", "field-type"),
        ("a: [\n", "key-not-yaml"),
        ("AGE-SECRET-KEY-1XYZ\n", "field-type"),
    ] {
        let unusable = SealingKeys::new().add("f", file.as_bytes());
        assert_eq!(unusable[0].error.reason(), reason, "{file}");
    }
    // What is usable counts, wherever it stands.
    let mut keys = SealingKeys::new();
    let mixed = [ec.as_str(), &new.key, &encrypted1, &damaged, &old.key].concat();
    let unusable = keys.add("mixed.pem", mixed.as_bytes());
    let reasons: Vec<_> = unusable
        .iter()
        .map(|unusable| unusable.error.reason())
        .collect();
    assert_eq!(reasons, ["key-not-rsa", "key-encrypted", "key-malformed"]);
    assert_eq!(keys.len(), 2);
    let unusable = keys.add(
        "list",
        list(&[no_key.to_owned(), secret(old, "o", true, "x")]).as_bytes(),
    );
    assert_eq!(unusable.len(), 1);
    assert_eq!(
        unusable[0].to_string(),
        "list: Secret ns/nn: the Secret has no `tls.key`"
    );
}

#[test]
fn one_private_operation_is_done_per_value() {
    let mut keys = SealingKeys::new();
    for pair in pairs() {
        assert_eq!(
            keys.add(
                "pair",
                format!("{}{}", pair.key, pair.certificate).as_bytes()
            ),
            []
        );
    }
    let big = pair("big", 3072, "20250101000000Z");
    assert_eq!(
        keys.add("big", format!("{}{}", big.key, big.certificate).as_bytes()),
        []
    );
    let object = |sealers: &[&KeyPair]| {
        let mut text = String::from(
            "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: app, namespace: ns}\nspec:\n  encryptedData:\n",
        );
        for (index, sealer) in sealers.iter().enumerate() {
            let value = sealer
                .certificate()
                .seal(
                    Scope::Strict,
                    "ns",
                    "app",
                    format!("value {index}").as_bytes(),
                )
                .unwrap();
            let _ = writeln!(text, "    key{index:02}: {}", value.as_str());
        }
        SealedSecret::parse_all(text.as_bytes()).unwrap().remove(0)
    };
    let [old, middle, new] = pairs();
    let unsealer = keys.unsealer();
    let open = |sealers: &[&KeyPair]| {
        let opened = object(sealers)
            .open(&unsealer, OpenOptions::default())
            .unwrap();
        for (index, (_, value)) in opened.data().enumerate() {
            assert_eq!(value.expose(), format!("value {index}").as_bytes());
        }
        assert_eq!(opened.data().len(), sealers.len());
    };
    // The key of another size costs nothing; the first search goes from the newest to the oldest.
    open(&[old; 12]);
    assert_eq!(unsealer.private_operations(), 3 + 11);
    // A second object begins with the key that opened the first.
    open(&[old; 8]);
    assert_eq!(unsealer.private_operations(), 14 + 8);
    open(&[&big; 5]);
    assert_eq!(unsealer.private_operations(), 22 + 5);
    // Values of several keys in one object open as well.
    open(&[new, old, middle, new, &big, old]);
    let strange = pair("strange", 2048, "20240101000000Z");
    let error = object(&[old, &strange, &strange])
        .open(&keys.unsealer(), OpenOptions::default())
        .err()
        .unwrap();
    let OpenError::NoKeyOpens {
        path, line, loaded, ..
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!((path.as_str(), *line), ("spec.encryptedData.key01", 7));
    assert_eq!(loaded.len(), 4);
    assert!(
        loaded
            .iter()
            .all(|key| error.to_string().contains(key.as_str()))
    );
    let none = SealingKeys::new();
    let error = object(&[old])
        .open(&none.unsealer(), OpenOptions::default())
        .err()
        .unwrap();
    assert_eq!(error, OpenError::NoKeys);
}

#[test]
fn the_rsa_crate_opens_what_is_sealed_here_and_seals_what_opens_here() {
    use aes_gcm::aead::Aead;
    use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
    use rsa::oaep::{DecryptingKey, EncryptingKey};
    use rsa::pkcs1::DecodeRsaPrivateKey;
    use rsa::sha2::Sha256;
    use rsa::traits::{Decryptor, RandomizedEncryptor};

    let pair = &pairs()[0];
    let private = rsa::PrivateKey::from_pkcs1_pem(&pair.key).unwrap();
    let sealed = pair
        .certificate()
        .seal(Scope::Strict, "ns", "app", b"value")
        .unwrap();
    let sealed = STANDARD.decode(sealed.as_str()).unwrap();
    let session_key = DecryptingKey::<Sha256>::new_with_label(private.clone(), &b"ns/app"[..])
        .decrypt(&sealed[2..258])
        .unwrap();
    let cipher = Aes256Gcm::new_from_slice(&session_key).unwrap();
    assert_eq!(
        cipher.decrypt(&Nonce::default(), &sealed[258..]).unwrap(),
        b"value"
    );

    let block = EncryptingKey::<Sha256>::new_with_label(private.to_public_key(), &b"ns"[..])
        .encrypt_with_rng(&mut support::Chance(1), &[7; 32])
        .unwrap();
    let text = Aes256Gcm::new_from_slice(&[7; 32])
        .unwrap()
        .encrypt(&Nonce::default(), &b"theirs"[..])
        .unwrap();
    let value = STANDARD.encode([&[1, 0][..], &block, &text].concat());
    let object = format!(
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {{name: app, namespace: ns, annotations: \
         {{sealedsecrets.bitnami.com/namespace-wide: 'true'}}}}\nspec: {{encryptedData: {{a: {value}}}}}\n"
    );
    let object = &SealedSecret::parse_all(object.as_bytes()).unwrap()[0];
    let opened = object
        .open(&pair.keys().unsealer(), OpenOptions::default())
        .unwrap();
    assert_eq!(opened.data().next().unwrap().1.expose(), b"theirs");
}
