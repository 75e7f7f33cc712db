//! Which outside keys may be asked for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use secret::LockedBytes;
use sops::keys::{ExternalKeyService, ExternalKeys, KeyPolicy};
use sops::{KeyError, KeyKind, KeyService, MasterKey, Unwrapped};

use super::programs::moment;

fn vault(address: &str) -> MasterKey {
    transit(address, "transit", "key")
}

fn transit(address: &str, engine_path: &str, key_name: &str) -> MasterKey {
    MasterKey::HcVault {
        vault_address: address.to_owned(),
        engine_path: engine_path.to_owned(),
        key_name: key_name.to_owned(),
        enc: "vault:v1:AAAA".to_owned(),
        created_at: moment(),
    }
}

fn aws(arn: &str, role: &str) -> MasterKey {
    MasterKey::Kms {
        arn: arn.to_owned(),
        role: role.to_owned(),
        context: BTreeMap::new(),
        aws_profile: String::new(),
        enc: "AAAA".to_owned(),
        created_at: moment(),
    }
}

fn gcp(resource_id: &str) -> MasterKey {
    MasterKey::GcpKms {
        resource_id: resource_id.to_owned(),
        enc: "AAAA".to_owned(),
        created_at: moment(),
    }
}

fn azure(vault_url: &str) -> MasterKey {
    MasterKey::AzureKv {
        vault_url: vault_url.to_owned(),
        name: "key".to_owned(),
        version: "1".to_owned(),
        enc: "AAAA".to_owned(),
        created_at: moment(),
    }
}

fn huawei(key_id: &str) -> MasterKey {
    MasterKey::HcKms {
        key_id: key_id.to_owned(),
        enc: "AAAA".to_owned(),
        created_at: moment(),
    }
}

fn policy() -> KeyPolicy {
    let mut policy = KeyPolicy::default();
    policy.vault_addresses = vec![
        "https://vault.example.com".to_owned(),
        "https://other.example.com:8200/team/".to_owned(),
        String::new(),
        "/".to_owned(),
    ];
    policy.aws_keys = vec!["arn:aws:kms:eu-west-1:1:key/a".to_owned()];
    policy.aws_roles = vec!["arn:aws:iam::1:role/reader".to_owned()];
    policy.gcp_keys = vec!["projects/p/locations/l/keyRings/r/cryptoKeys/k".to_owned()];
    policy.azure_vaults = vec!["https://name.vault.azure.net".to_owned()];
    policy.huawei_keys = vec!["region:uuid".to_owned()];
    policy
}

fn cases() -> Vec<(MasterKey, bool)> {
    let role = "arn:aws:iam::1:role/reader";
    let key = "arn:aws:kms:eu-west-1:1:key/a";
    vec![
        (vault("https://vault.example.com"), true),
        (vault("https://vault.example.com/"), true),
        (vault("https://vault.example.com/below"), true),
        (vault("https://other.example.com:8200/team"), true),
        (vault("https://other.example.com:8200/team/sub"), true),
        (vault("https://other.example.com:8200/teams"), false),
        (vault("https://other.example.com:8200/team/../admin"), false),
        (
            vault("https://other.example.com:8200/team/%2e%2e/admin"),
            false,
        ),
        (vault("https://other.example.com:8200"), false),
        (vault("http://vault.example.com"), false),
        (vault("https://vault.example.com:8200"), false),
        (vault("https://vault.example.com.evil.example"), false),
        (vault("https://vault.example.com@evil.example"), false),
        (vault("https://vault.example.com/@evil.example"), false),
        (vault("https://vault.example.com\\@evil.example"), false),
        (vault("https://vault.example.com/\nhost"), false),
        (vault("https://VAULT.example.com"), false),
        (vault("http://169.254.169.254"), false),
        (vault(""), false),
        (
            transit("https://vault.example.com", "team/transit", "my-key_1.0"),
            true,
        ),
        (transit("https://vault.example.com", "../sys", "key"), false),
        (
            transit("https://vault.example.com", "transit", "../../sys/seal"),
            false,
        ),
        (transit("https://vault.example.com", "transit", ".."), false),
        (
            transit("https://vault.example.com", "transit", "key?x=1"),
            false,
        ),
        (
            transit("https://vault.example.com", "team//transit", "key"),
            false,
        ),
        (transit("https://vault.example.com", "", "key"), false),
        (aws(key, ""), true),
        (aws(key, role), true),
        (aws(key, "arn:aws:iam::2:role/admin"), false),
        (aws("arn:aws:kms:eu-west-1:2:key/a", ""), false),
        (aws("arn:aws:kms:eu-west-1:1:key/ab", ""), false),
        (aws("", ""), false),
        (gcp("projects/p/locations/l/keyRings/r/cryptoKeys/k"), true),
        (
            gcp("projects/p/locations/l/keyRings/r/cryptoKeys/k2"),
            false,
        ),
        (azure("https://name.vault.azure.net"), true),
        (azure("https://name.vault.azure.net/"), true),
        (azure("https://name.vault.azure.net.evil.example"), false),
        (huawei("region:uuid"), true),
        (huawei("region:other"), false),
    ]
}

/// Counts how often it is asked, and gives the same key for everything.
struct Counting(Arc<AtomicUsize>);

impl ExternalKeyService for Counting {
    fn kinds(&self) -> &[KeyKind] {
        &KeyKind::ALL
    }

    fn unwrap_key(&self, _key: &MasterKey) -> Result<Unwrapped, KeyError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let key = LockedBytes::take(&mut [7; 32]).map_err(|_| KeyError::Memory)?;
        Ok(Unwrapped::Key(key))
    }
}

#[test]
fn only_keys_that_the_operator_names_are_asked_for() {
    let asked = Arc::new(AtomicUsize::new(0));
    let mut keys = ExternalKeys::new(policy());
    keys.add(Box::new(Counting(Arc::clone(&asked))));
    for (key, allowed) in cases() {
        let before = asked.load(Ordering::Relaxed);
        let outcome = keys.unwrap_key(&key);
        assert_eq!(matches!(outcome, Ok(Unwrapped::Key(_))), allowed, "{key}");
        assert_eq!(
            matches!(outcome, Err(KeyError::NotAllowed)),
            !allowed,
            "{key}"
        );
        let times = asked.load(Ordering::Relaxed) - before;
        assert_eq!(times, usize::from(allowed), "{key}");
    }
}

#[test]
fn nothing_is_allowed_by_default() {
    for (key, _) in cases() {
        assert!(!KeyPolicy::default().allows(&key), "{key}");
        let outcome = ExternalKeys::default().unwrap_key(&key);
        assert!(matches!(outcome, Err(KeyError::NotAllowed)), "{key}");
    }
}

#[test]
fn an_allowed_key_without_a_service_says_so() {
    for (key, allowed) in cases() {
        let outcome = ExternalKeys::new(policy()).unwrap_key(&key);
        assert_eq!(
            matches!(outcome, Err(KeyError::NoService)),
            allowed,
            "{key}"
        );
    }
}

#[test]
fn keys_of_the_ring_are_not_for_outside_services() {
    let asked = Arc::new(AtomicUsize::new(0));
    let mut keys = ExternalKeys::new(policy());
    keys.add(Box::new(Counting(Arc::clone(&asked))));
    let key = MasterKey::Age {
        recipient: "age1x".to_owned(),
        enc: String::new(),
    };
    assert!(matches!(keys.unwrap_key(&key), Ok(Unwrapped::NotForMe)));
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}
