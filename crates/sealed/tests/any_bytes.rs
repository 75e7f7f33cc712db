//! Whatever bytes are given, the answer is a value or an error.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use sealed::{Certificate, KubernetesSecret, OpenOptions, Scope, SealedSecret, SealingKeys};

use support::{changed, pairs, sealed_value};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_are_documents_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = SealedSecret::parse_all(&bytes);
        let _ = KubernetesSecret::parse_all(&bytes);
        let _ = Certificate::from_pem(&bytes);
        let unusable = SealingKeys::new().add("f", &bytes);
        prop_assert!(!unusable.is_empty());
    }

    #[test]
    fn any_pem_body_is_a_key_or_an_error(label in "(RSA |EC |ENCRYPTED )?PRIVATE KEY|CERTIFICATE", body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let body = STANDARD.encode(body);
        let text = format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
        let _ = Certificate::from_pem(text.as_bytes());
        prop_assert_eq!(SealingKeys::new().add("f", text.as_bytes()).len(), 1);
    }

    #[test]
    fn any_value_opens_or_is_an_error(value in proptest::collection::vec(any::<u8>(), 0..600), size in 0..300_u16) {
        let mut value = value;
        if let Some(length) = value.first_chunk_mut() {
            *length = size.to_be_bytes();
        }
        let value = STANDARD.encode(value);
        let sealed = SealedSecret::parse_all(changed("a: AAAA", &format!("a: '{value}'")).as_bytes()).unwrap();
        static KEYS: LazyLock<SealingKeys> = LazyLock::new(|| pairs()[0].keys());
        prop_assert!(sealed[0].open(&KEYS.unsealer(), OpenOptions::default()).is_err());
    }

    #[test]
    fn changed_documents_open_or_are_an_error(at in 0..1000_usize, with in any::<u8>()) {
        static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| {
            let value = sealed_value(Scope::Strict, b"value");
            changed("a: AAAA", &format!("a: {value}")).into_bytes()
        });
        static KEYS: LazyLock<SealingKeys> = LazyLock::new(|| pairs()[0].keys());
        let mut text = GOOD.clone();
        let at = at % text.len();
        text[at] = with;
        if let Ok(sealed) = SealedSecret::parse_all(&text) {
            for sealed in sealed {
                let _ = sealed.open(&KEYS.unsealer(), OpenOptions::default());
            }
        }
    }
}
