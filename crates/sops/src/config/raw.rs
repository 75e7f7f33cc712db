//! The shape of `.sops.yaml` as it is written, and what it comes to.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{CreationRule, Recipient};
use crate::metadata::{KeyKind, MakeSelection, Selection};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawConfig {
    pub(super) creation_rules: Option<Vec<RawRule>>,
    pub(super) stores: Option<RawStores>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawStores {
    pub(super) json: Option<RawStore>,
    pub(super) yaml: Option<RawStore>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawStore {
    pub(super) indent: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawRule {
    pub(super) path_regex: Option<String>,
    age: Names,
    pgp: Names,
    kms: Names,
    gcp_kms: Names,
    hckms: Names,
    azure_keyvault: Names,
    hc_vault_transit_uri: Names,
    key_groups: Option<Vec<RawGroup>>,
    shamir_threshold: Option<u8>,
    unencrypted_suffix: Option<String>,
    encrypted_suffix: Option<String>,
    unencrypted_regex: Option<String>,
    encrypted_regex: Option<String>,
    unencrypted_comment_regex: Option<String>,
    encrypted_comment_regex: Option<String>,
    mac_only_encrypted: Option<bool>,
}

/// Names separated by commas, or a list of names.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
enum Names {
    #[default]
    None,
    List(Vec<String>),
    Text(String),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawGroup {
    merge: Option<Vec<Self>>,
    age: Option<Vec<String>>,
    pgp: Option<Vec<String>>,
    kms: Option<Vec<RawKms>>,
    gcp_kms: Option<Vec<RawGcpKms>>,
    hckms: Option<Vec<RawHcKms>>,
    azure_keyvault: Option<Vec<RawAzureKv>>,
    hc_vault: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawKms {
    arn: String,
    role: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawGcpKms {
    resource_id: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawHcKms {
    key_id: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawAzureKv {
    #[serde(rename = "vaultUrl")]
    vault_url: String,
    key: String,
    version: Option<String>,
}

impl RawRule {
    /// `None` where more than one selection rule is set.
    pub(super) fn rule(&self) -> Option<CreationRule> {
        Some(CreationRule {
            names_path: self
                .path_regex
                .as_deref()
                .is_some_and(|pattern| !pattern.is_empty()),
            key_groups: self.key_groups(),
            shamir_threshold: self.shamir_threshold.unwrap_or(0),
            selection: self.selection()?,
            mac_only_encrypted: self.mac_only_encrypted.unwrap_or(false),
        })
    }

    fn selection(&self) -> Option<Selection> {
        let rules: [(_, MakeSelection); 6] = [
            (&self.unencrypted_suffix, Selection::UnencryptedSuffix),
            (&self.encrypted_suffix, Selection::EncryptedSuffix),
            (&self.unencrypted_regex, Selection::UnencryptedRegex),
            (&self.encrypted_regex, Selection::EncryptedRegex),
            (
                &self.unencrypted_comment_regex,
                Selection::UnencryptedCommentRegex,
            ),
            (
                &self.encrypted_comment_regex,
                Selection::EncryptedCommentRegex,
            ),
        ];
        let mut set = rules
            .into_iter()
            .filter_map(|(text, rule)| text.clone().filter(|text| !text.is_empty()).map(rule));
        let first = set.next().unwrap_or_default();
        set.next().is_none().then_some(first)
    }

    fn key_groups(&self) -> Vec<Vec<Recipient>> {
        if let Some(groups) = self.key_groups.as_ref().filter(|groups| !groups.is_empty()) {
            return groups.iter().map(RawGroup::recipients).collect();
        }
        let fields = [
            (KeyKind::Age, &self.age),
            (KeyKind::Pgp, &self.pgp),
            (KeyKind::Kms, &self.kms),
            (KeyKind::GcpKms, &self.gcp_kms),
            (KeyKind::HcKms, &self.hckms),
            (KeyKind::AzureKv, &self.azure_keyvault),
            (KeyKind::HcVault, &self.hc_vault_transit_uri),
        ];
        let mut group = Vec::new();
        for (kind, names) in fields {
            group.extend(names.each().map(|name| Recipient::new(kind, name)));
        }
        vec![group]
    }
}

impl Names {
    /// The names; a comma separates in a list's items too.
    fn each(&self) -> impl Iterator<Item = &str> {
        let texts = match self {
            Self::None => &[],
            Self::List(names) => names.as_slice(),
            Self::Text(text) => std::slice::from_ref(text),
        };
        texts
            .iter()
            .flat_map(|text| text.split(','))
            .map(str::trim)
            .filter(|name| !name.is_empty())
    }
}

impl RawGroup {
    /// Merged groups first, each key once.
    fn recipients(&self) -> Vec<Recipient> {
        let mut found = Vec::new();
        for group in self.merge.iter().flatten() {
            found.extend(group.recipients());
        }
        let ages = self.age.iter().flatten().flat_map(|names| names.split(','));
        found.extend(ages.map(|name| Recipient::new(KeyKind::Age, name.trim())));
        found.extend(
            self.pgp
                .iter()
                .flatten()
                .map(|name| Recipient::new(KeyKind::Pgp, name)),
        );
        found.extend(
            self.kms
                .iter()
                .flatten()
                .map(|key| match key.role.as_deref() {
                    None | Some("") => Recipient::new(KeyKind::Kms, &key.arn),
                    Some(role) => Recipient::new(KeyKind::Kms, &format!("{}+{role}", key.arn)),
                }),
        );
        found.extend(
            self.gcp_kms
                .iter()
                .flatten()
                .map(|key| Recipient::new(KeyKind::GcpKms, &key.resource_id)),
        );
        found.extend(
            self.hckms
                .iter()
                .flatten()
                .map(|key| Recipient::new(KeyKind::HcKms, &key.key_id)),
        );
        found.extend(self.azure_keyvault.iter().flatten().map(|key| {
            let version = key.version.as_deref().unwrap_or_default();
            Recipient::new(
                KeyKind::AzureKv,
                &format!("{}/keys/{}/{version}", key.vault_url, key.key),
            )
        }));
        found.extend(
            self.hc_vault
                .iter()
                .flatten()
                .map(|uri| Recipient::new(KeyKind::HcVault, uri)),
        );
        let mut seen = BTreeMap::new();
        found.retain(|recipient| seen.insert(recipient.clone(), ()).is_none());
        found
    }
}
