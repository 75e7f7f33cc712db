//! Values that were changed or moved are refused wherever kubeseal refuses them, and nothing of them is told.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealed::{Format, Scope, SealedSecret};

use support::{Chance, open, pairs, recovered};

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
    let keys = pair.keys();
    let verified = |object: &[u8]| {
        let sealed = SealedSecret::parse_all(object).unwrap();
        sealed[0].verify(&keys.unsealer())
    };
    assert_eq!(verified(&good), Ok(()));
    for (what, value) in tampered(&sealed, &mut Chance(7)) {
        let object = with_values(&[("good", &sealed), ("a", &value)], "app", "ns", "");
        let error = open(&object)
            .err()
            .unwrap_or_else(|| panic!("{what} is accepted"));
        assert!(!error.contains("canary"), "{error}");
        assert_eq!(
            verified(&object).map_err(|error| error.to_string()),
            Err(error.clone())
        );
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
