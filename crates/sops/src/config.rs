//! `.sops.yaml`: which keys and rules new files get, and how output is laid out (sops: `config/config.go`).

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::go_regex;
use crate::metadata::{KeyKind, MakeSelection, Selection};
use crate::stores::json::JsonIndent;

/// The only name under which sops looks for its configuration.
pub const FILE_NAME: &str = ".sops.yaml";

/// A `.sops.yaml`, read.
#[derive(Debug)]
pub struct Config {
    creation_rules: Option<Vec<RawRule>>,
    stores: RawStores,
}

/// What a file should be encrypted with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CreationRule {
    /// Whether the rule is for certain paths, and not for all that no rule before it is for.
    pub names_path: bool,
    /// The keys that should open the file, in groups.
    pub key_groups: Vec<Vec<Recipient>>,
    /// How many groups must answer; zero for all of them.
    pub shamir_threshold: u8,
    /// Which values are encrypted.
    pub selection: Selection,
    /// Whether values in clear text are left out of the MAC.
    pub mac_only_encrypted: bool,
}

/// A key that should open a file: its kind and its public name, as [`MasterKey::name`](crate::MasterKey::name) has it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Recipient {
    /// The kind of the key.
    pub kind: KeyKind,
    /// The public name of the key.
    pub name: String,
}

/// Why a `.sops.yaml` gives no rule for a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It is not YAML of the expected form.
    #[error("not a sops configuration{}", at_line(.0))]
    Malformed(#[source] serde_yaml::Error),
    /// A rule's `path_regex` is none that Go can read.
    #[error("creation rule {rule}: path_regex is not a valid regular expression")]
    PathRegex {
        /// The rule, counted from one.
        rule: usize,
    },
    /// A rule chooses what is encrypted in more than one way.
    #[error("creation rule {rule}: more than one rule for what is encrypted")]
    SeveralRules {
        /// The rule, counted from one.
        rule: usize,
    },
    /// There are rules, but none for this file.
    #[error("no creation rule matches")]
    NoRule,
    /// An indentation that sops refuses.
    #[error("stores: the indentation is out of range")]
    Indentation,
}

fn at_line(error: &serde_yaml::Error) -> String {
    error.location().map_or_else(String::new, |location| {
        format!(", line {}", location.line())
    })
}

impl ConfigError {
    /// A stable name of the cause.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed-config",
            Self::PathRegex { .. } => "config-path-regex",
            Self::SeveralRules { .. } => "config-several-rules",
            Self::NoRule => "no-creation-rule",
            Self::Indentation => "config-indentation",
        }
    }
}

impl Config {
    /// Reads a configuration.
    ///
    /// # Errors
    ///
    /// When it is not of the form of `.sops.yaml`. Unknown fields are passed over, as in sops.
    pub fn parse(text: &[u8]) -> Result<Self, ConfigError> {
        let raw: Option<RawConfig> =
            serde_yaml::from_slice(text).map_err(ConfigError::Malformed)?;
        let RawConfig {
            creation_rules,
            stores,
        } = raw.unwrap_or_default();
        Ok(Self {
            creation_rules,
            stores: stores.unwrap_or_default(),
        })
    }

    /// The rule for the file at `path`, which is relative to the folder of the configuration, with slashes. `None` where
    /// the configuration has no rules at all, as if it did not exist.
    ///
    /// # Errors
    ///
    /// When no rule matches, and when the rule that does, or one before it, is not valid.
    pub fn rule_for(&self, path: &str) -> Result<Option<CreationRule>, ConfigError> {
        let Some(rules) = &self.creation_rules else {
            return Ok(None);
        };
        for (position, raw) in rules.iter().enumerate() {
            let rule = position + 1;
            let matches = match raw.path_regex.as_deref() {
                None | Some("") => true,
                Some(pattern) => go_regex::compile(pattern)
                    .ok_or(ConfigError::PathRegex { rule })?
                    .is_match(path.as_bytes()),
            };
            if matches {
                return raw
                    .rule()
                    .map(Some)
                    .ok_or(ConfigError::SeveralRules { rule });
            }
        }
        Err(ConfigError::NoRule)
    }

    /// Blanks a level in YAML output, from `stores.yaml.indent`.
    ///
    /// # Errors
    ///
    /// When the configuration has a number that sops refuses.
    pub fn yaml_indent(&self) -> Result<u8, ConfigError> {
        match self.stores.yaml.unwrap_or_default().indent.unwrap_or(0) {
            0 => Ok(4),
            indent => u8::try_from(indent).map_err(|_| ConfigError::Indentation),
        }
    }

    /// The indentation of JSON output, from `stores.json.indent`.
    ///
    /// # Errors
    ///
    /// When the configuration has a number that sops refuses.
    pub fn json_indent(&self) -> Result<JsonIndent, ConfigError> {
        match self.stores.json.unwrap_or_default().indent.unwrap_or(-1) {
            -1 => Ok(JsonIndent::Tab),
            indent => u8::try_from(indent)
                .map(JsonIndent::Spaces)
                .map_err(|_| ConfigError::Indentation),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawConfig {
    creation_rules: Option<Vec<RawRule>>,
    stores: Option<RawStores>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct RawStores {
    json: Option<RawStore>,
    yaml: Option<RawStore>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct RawStore {
    indent: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawRule {
    path_regex: Option<String>,
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
    fn rule(&self) -> Option<CreationRule> {
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

impl Recipient {
    /// A recipient under the name that its key has in a file's metadata.
    pub fn new(kind: KeyKind, name: &str) -> Self {
        let name = match kind {
            // Fingerprints are grouped and cased as people like (sops: `pgp/keysource.go`).
            KeyKind::Pgp => name.replace(' ', "").to_ascii_uppercase(),
            KeyKind::Age
            | KeyKind::AzureKv
            | KeyKind::GcpKms
            | KeyKind::HcKms
            | KeyKind::HcVault
            | KeyKind::Kms => name.to_owned(),
        };
        Self { kind, name }
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, ConfigError, Recipient};
    use crate::metadata::{KeyKind, Selection};
    use crate::stores::json::JsonIndent;

    const CONFIG: &str = "
creation_rules:
  - path_regex: ^prod/.*\\.yaml$
    key_groups:
      - merge:
          - age: [age1a]
          - pgp: ['85D7 7543 b3d6']
        age:
          - age1a
          - age1b
        kms:
          - arn: arn:aws:kms:x
            role: arn:aws:iam:y
      - hc_vault: ['https://vault:8200/v1/sops/keys/k']
        azure_keyvault:
          - {vaultUrl: 'https://v.vault.azure.net', key: k, version: '1'}
    shamir_threshold: 2
    encrypted_regex: ^data$
    mac_only_encrypted: true
  - path_regex: broken/
    unencrypted_suffix: _a
    encrypted_suffix: _b
  - age: >-
      age1c,
      age1d
    pgp: [AB, CD]
stores:
  yaml: {indent: 2}
  json: {indent: 0}
";

    fn recipient(kind: KeyKind, name: &str) -> Recipient {
        Recipient {
            kind,
            name: name.to_owned(),
        }
    }

    #[test]
    fn the_first_rule_that_matches_counts() {
        let config = Config::parse(CONFIG.as_bytes()).unwrap();
        let rule = config.rule_for("prod/a.yaml").unwrap().unwrap();
        assert!(rule.names_path && rule.mac_only_encrypted);
        assert_eq!(
            (rule.shamir_threshold, rule.selection),
            (2, Selection::EncryptedRegex("^data$".to_owned()))
        );
        assert_eq!(
            rule.key_groups,
            [
                vec![
                    recipient(KeyKind::Age, "age1a"),
                    recipient(KeyKind::Pgp, "85D77543B3D6"),
                    recipient(KeyKind::Age, "age1b"),
                    recipient(KeyKind::Kms, "arn:aws:kms:x+arn:aws:iam:y"),
                ],
                vec![
                    recipient(KeyKind::AzureKv, "https://v.vault.azure.net/keys/k/1"),
                    recipient(KeyKind::HcVault, "https://vault:8200/v1/sops/keys/k"),
                ],
            ]
        );
        let rule = config.rule_for("dev/prod/a.yaml").unwrap().unwrap();
        assert!(!rule.names_path);
        assert_eq!(rule.selection, Selection::default());
        let names: Vec<&str> = rule.key_groups[0]
            .iter()
            .map(|recipient| recipient.name.as_str())
            .collect();
        assert_eq!(names, ["age1c", "age1d", "AB", "CD"]);
        assert_eq!(
            (config.yaml_indent().unwrap(), config.json_indent().unwrap()),
            (2, JsonIndent::Spaces(0))
        );
    }

    #[test]
    fn configurations_without_a_valid_rule_say_why() {
        let config = Config::parse(CONFIG.as_bytes()).unwrap();
        assert!(matches!(
            config.rule_for("broken/a"),
            Err(ConfigError::SeveralRules { rule: 2 })
        ));
        for (text, reason) in [
            (
                "creation_rules: [{path_regex: '^a$', age: x}]",
                "no-creation-rule",
            ),
            (
                "creation_rules: [{path_regex: '(?!a)', age: x}]",
                "config-path-regex",
            ),
            ("creation_rules: []", "no-creation-rule"),
        ] {
            let error = Config::parse(text.as_bytes())
                .unwrap()
                .rule_for("b")
                .unwrap_err();
            assert_eq!(error.reason(), reason, "{text}");
        }
        for text in ["", "stores: {}", "destination_rules: []"] {
            assert_eq!(
                Config::parse(text.as_bytes())
                    .unwrap()
                    .rule_for("b")
                    .unwrap(),
                None,
                "{text}"
            );
        }
        assert!(Config::parse(b"creation_rules: 1").is_err());
        for text in [
            "stores: {yaml: {indent: -1}}",
            "stores: {yaml: {indent: 1000}}",
        ] {
            assert!(
                Config::parse(text.as_bytes())
                    .unwrap()
                    .yaml_indent()
                    .is_err(),
                "{text}"
            );
        }
    }
}
