//! Keys that someone else holds: Vault and the clouds.
//!
//! Which of them to ask is written in the file, by whoever wrote the file. Asking sends a token or signed request to
//! that place, so a file must not be able to choose it: a key is asked for only where the operator's [`KeyPolicy`]
//! names it, and what is not named is refused before any name is resolved or connection opened.

use crate::key_service::{KeyError, KeyService, Unwrapped};
use crate::metadata::{KeyKind, MasterKey};

/// A service that unwraps keys of some kind somewhere else.
///
/// It is asked only about keys of its [`kinds`](Self::kinds) that the policy allows.
pub trait ExternalKeyService: Send + Sync {
    /// The kinds of keys that the service is for.
    fn kinds(&self) -> &[KeyKind];

    /// Unwraps what `key` wraps.
    ///
    /// # Errors
    ///
    /// When the service cannot be asked, or refuses.
    fn unwrap_key(&self, key: &MasterKey) -> Result<Unwrapped, KeyError>;
}

/// The outside keys that the operator allows. The default allows none.
///
/// Every list holds full names, except [`vault_addresses`](Self::vault_addresses). The paths that a file adds to an
/// address must be plain: letters, digits, `-`, `_` and `.`, so that they cannot lead to another endpoint. A key that no list covers is
/// refused, whatever else a file says about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyPolicy {
    /// Prefixes of Vault addresses, as `SOPS_HC_VAULT_ALLOWLIST` has them. A prefix ends where a component of the
    /// address ends: `https://vault.example.com` allows neither `https://vault.example.com.evil.example` nor another
    /// port.
    pub vault_addresses: Vec<String>,
    /// ARNs of AWS KMS keys and aliases.
    pub aws_keys: Vec<String>,
    /// ARNs of AWS roles that a file may have assumed.
    pub aws_roles: Vec<String>,
    /// Resource ids of GCP KMS keys.
    pub gcp_keys: Vec<String>,
    /// URLs of Azure key vaults.
    pub azure_vaults: Vec<String>,
    /// Key ids of Huawei Cloud KMS (`region:uuid`).
    pub huawei_keys: Vec<String>,
}

impl KeyPolicy {
    /// Whether the operator allows asking for `key`. Keys that need no asking, of kinds age and PGP, are always allowed.
    pub fn allows(&self, key: &MasterKey) -> bool {
        match key {
            MasterKey::Age { .. } | MasterKey::Pgp { .. } => true,
            MasterKey::HcVault {
                vault_address,
                engine_path,
                key_name,
                ..
            } => {
                engine_path
                    .trim_matches('/')
                    .split('/')
                    .chain([&**key_name])
                    .all(is_path_component)
                    && self
                        .vault_addresses
                        .iter()
                        .any(|allowed| is_below(vault_address, allowed))
            }
            MasterKey::Kms { arn, role, .. } => {
                self.aws_keys.contains(arn) && (role.is_empty() || self.aws_roles.contains(role))
            }
            MasterKey::GcpKms { resource_id, .. } => self.gcp_keys.contains(resource_id),
            MasterKey::AzureKv {
                vault_url,
                name,
                version,
                ..
            } => {
                let without_slash = |url: &str| url.trim_end_matches('/').to_owned();
                is_path_component(name)
                    && (version.is_empty() || is_path_component(version))
                    && self
                        .azure_vaults
                        .iter()
                        .any(|allowed| without_slash(allowed) == without_slash(vault_url))
            }
            MasterKey::HcKms { key_id, .. } => self.huawei_keys.contains(key_id),
        }
    }
}

/// Whether `address` is `allowed` or lies below it. Both are compared as they are written: an address that only means
/// the same after decoding or `..` is not allowed.
fn is_below(address: &str, allowed: &str) -> bool {
    let allowed = allowed.trim_end_matches('/');
    if allowed.is_empty() || address.split('/').any(|component| component == "..") {
        return false;
    }
    // A user name or an escape could make the host another than the one that is seen.
    let ordinary = address
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'@' | b'\\' | b'%' | b'?' | b'#'));
    ordinary
        && address
            .strip_prefix(allowed)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether `component` can stand in the path of a request without changing which request it is.
fn is_path_component(component: &str) -> bool {
    let ordinary = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !component.is_empty()
        && component.bytes().all(ordinary)
        && component.bytes().any(|byte| byte != b'.')
}

/// The outside services behind the operator's policy.
#[derive(Default)]
pub struct ExternalKeys {
    policy: KeyPolicy,
    services: Vec<Box<dyn ExternalKeyService>>,
}

impl ExternalKeys {
    /// No service yet, behind `policy`.
    pub fn new(policy: KeyPolicy) -> Self {
        Self {
            policy,
            services: Vec::new(),
        }
    }

    /// Adds a service. Services are asked in the order in which they were added.
    pub fn add(&mut self, service: Box<dyn ExternalKeyService>) {
        self.services.push(service);
    }
}

impl KeyService for ExternalKeys {
    fn unwrap_key(&self, key: &MasterKey) -> Result<Unwrapped, KeyError> {
        if matches!(key.kind(), KeyKind::Age | KeyKind::Pgp) {
            return Ok(Unwrapped::NotForMe);
        }
        if !self.policy.allows(key) {
            return Err(KeyError::NotAllowed);
        }
        let mut failure = KeyError::NoService;
        for service in &self.services {
            if !service.kinds().contains(&key.kind()) {
                continue;
            }
            match service.unwrap_key(key) {
                Ok(Unwrapped::NotForMe) => {}
                Ok(unwrapped) => return Ok(unwrapped),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}
