//! `.sops.yaml`: which keys and rules new files get, and how output is laid out (sops: `config/config.go`).

mod raw;

use std::sync::OnceLock;

use regex::bytes::Regex;

use crate::config::raw::{RawConfig, RawRule, RawStores};
use crate::go_regex;
use crate::metadata::{KeyKind, Selection};
use crate::stores::json::JsonIndent;

/// The only name under which sops looks for its configuration.
pub const FILE_NAME: &str = ".sops.yaml";

/// A `.sops.yaml`, read.
#[derive(Debug)]
pub struct Config {
    rules: Option<Vec<Rule>>,
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
    ///
    /// What the parser says about it quotes the file, and goes no further: the name can lead to any file, such as one of
    /// keys.
    #[error("{}not a sops configuration", at(*line))]
    Malformed {
        /// Where, counted from one; zero where that is not known.
        line: usize,
    },
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

fn at(line: usize) -> String {
    match line {
        0 => String::new(),
        line => format!("line {line}: "),
    }
}

impl ConfigError {
    /// A stable name of the cause.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "malformed-config",
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
            serde_yaml::from_slice(text).map_err(|error| ConfigError::Malformed {
                line: error.location().map_or(0, |location| location.line()),
            })?;
        let RawConfig {
            creation_rules,
            stores,
        } = raw.unwrap_or_default();
        Ok(Self {
            rules: creation_rules.map(|rules| rules.into_iter().map(Rule::new).collect()),
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
        let Some(rules) = &self.rules else {
            return Ok(None);
        };
        for (position, candidate) in rules.iter().enumerate() {
            let rule = position + 1;
            let matches = candidate
                .is_for(path)
                .ok_or(ConfigError::PathRegex { rule })?;
            if matches {
                return candidate
                    .raw
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

/// A rule with its pattern, which is compiled for the first file that gets as far and serves all after it.
#[derive(Debug)]
struct Rule {
    raw: RawRule,
    path: OnceLock<Option<Regex>>,
}

impl Rule {
    fn new(raw: RawRule) -> Self {
        Self {
            raw,
            path: OnceLock::new(),
        }
    }

    /// `None` where the pattern is not valid.
    fn is_for(&self, path: &str) -> Option<bool> {
        match self.raw.path_regex.as_deref() {
            None | Some("") => Some(true),
            Some(pattern) => self
                .path
                .get_or_init(|| go_regex::compile(pattern))
                .as_ref()
                .map(|regex| regex.is_match(path.as_bytes())),
        }
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
    fn a_pattern_is_compiled_for_the_first_file_alone() {
        let config = Config::parse(CONFIG.as_bytes()).unwrap();
        let compiled = |rule: usize| config.rules.as_ref().unwrap()[rule].path.get();
        assert!(compiled(0).is_none());
        config.rule_for("prod/a.yaml").unwrap();
        let address = |rule| std::ptr::from_ref(compiled(rule).unwrap());
        let first = address(0);
        assert!(compiled(1).is_none(), "no file came as far as this rule");
        for _ in 0..3 {
            config.rule_for("dev/a.yaml").unwrap();
        }
        assert_eq!(first, address(0));
        assert!(compiled(1).is_some());
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
        let error = Config::parse(b"# rules\ncreation_rules: secret")
            .err()
            .unwrap();
        assert_eq!(error.to_string(), "line 2: not a sops configuration");
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
