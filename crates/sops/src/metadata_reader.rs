//! From the tree of the `sops` block to [`Metadata`].
//!
//! sops decodes the block weakly typed (`stores/metadata.go`): a text stands for a number or a boolean and the other way
//! round, an empty text for an empty list, a single mapping for a list of one. Without that the flat formats, which have
//! texts alone, would not work.

use std::collections::BTreeMap;

use crate::document::{Map, Scalar, Value, parse_bool};
use crate::metadata::{KeyGroup, MakeSelection, MasterKey, Metadata, Selection};
use goyaml::Timestamp;

/// Why the `sops` block does not read. Names fields, never their content.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// The block is not a mapping.
    #[error("not a mapping")]
    NotAMapping,
    /// There are two blocks, as INI allows.
    #[error("two blocks of metadata")]
    Repeated,
    /// A field holds a list where a text belongs, or the like.
    #[error("{field} is of the wrong kind")]
    WrongKind {
        /// The name of the field.
        field: &'static str,
    },
    /// A field that must be a date is none.
    #[error("{field} is not an RFC 3339 date")]
    NotADate {
        /// The name of the field.
        field: &'static str,
    },
    /// The version is missing or not three numbers.
    #[error("version is missing or not a version")]
    Version,
    /// There are no keys.
    #[error("no keys")]
    NoKeys,
    /// More than one of the rules that choose what is encrypted.
    #[error("more than one rule for what is encrypted")]
    SeveralRules,
    /// Flattened keys contradict each other, or a list has gaps.
    #[error("flattened keys do not form lists and mappings")]
    Flattened,
    /// The threshold is no small number.
    #[error("shamir_threshold is out of range")]
    Threshold,
}

impl MetadataError {
    /// A stable name of the cause.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotAMapping => "metadata-not-a-mapping",
            Self::Repeated => "metadata-repeated",
            Self::WrongKind { .. } => "metadata-wrong-kind",
            Self::NotADate { .. } => "metadata-date",
            Self::Version => "metadata-version",
            Self::NoKeys => "metadata-no-keys",
            Self::SeveralRules => "metadata-several-rules",
            Self::Flattened => "metadata-flattened",
            Self::Threshold => "metadata-threshold",
        }
    }
}

pub(crate) fn read(block: &Map) -> Result<Metadata, MetadataError> {
    let fields = Fields(block);
    let version = fields.text("version")?;
    check_version(&version)?;
    let group = group(fields)?;
    let key_groups = if group.keys.is_empty() {
        fields
            .list("key_groups")?
            .into_iter()
            .map(self::group)
            .collect::<Result<Vec<_>, _>>()?
    } else {
        vec![group]
    };
    if key_groups.is_empty() {
        return Err(MetadataError::NoKeys);
    }
    Ok(Metadata {
        last_modified: fields.date("lastmodified")?,
        mac: fields.text("mac")?,
        version,
        key_groups,
        shamir_threshold: fields.small_number("shamir_threshold")?,
        selection: selection(fields)?,
        mac_only_encrypted: fields.flag("mac_only_encrypted")?,
    })
}

/// The lists of keys in a group, in the order in which sops tries them, and how an entry of each reads.
const KEYS: [(&str, ReadKey); 7] = [
    ("kms", kms),
    ("gcp_kms", gcp_kms),
    ("hckms", hckms),
    ("azure_kv", azure_kv),
    ("hc_vault", hc_vault),
    ("pgp", pgp),
    ("age", age),
];

type ReadKey = fn(Fields<'_>) -> Result<MasterKey, MetadataError>;

fn group(fields: Fields<'_>) -> Result<KeyGroup, MetadataError> {
    let mut keys = Vec::new();
    for (list, read) in KEYS {
        for key in fields.list(list)? {
            keys.push(read(key)?);
        }
    }
    Ok(KeyGroup { keys })
}

fn kms(key: Fields<'_>) -> Result<MasterKey, MetadataError> {
    Ok(MasterKey::Kms {
        arn: key.text("arn")?,
        role: key.text("role")?,
        context: key.texts("context")?,
        aws_profile: key.text("aws_profile")?,
        enc: key.text("enc")?,
        created_at: key.date("created_at")?,
    })
}

fn gcp_kms(key: Fields<'_>) -> Result<MasterKey, MetadataError> {
    Ok(MasterKey::GcpKms {
        resource_id: key.text("resource_id")?,
        enc: key.text("enc")?,
        created_at: key.date("created_at")?,
    })
}

fn hckms(key: Fields<'_>) -> Result<MasterKey, MetadataError> {
    Ok(MasterKey::HcKms {
        key_id: key.text("key_id")?,
        enc: key.text("enc")?,
        created_at: key.date("created_at")?,
    })
}

fn azure_kv(key: Fields<'_>) -> Result<MasterKey, MetadataError> {
    Ok(MasterKey::AzureKv {
        vault_url: key.text("vault_url")?,
        name: key.text("name")?,
        version: key.text("version")?,
        enc: key.text("enc")?,
        created_at: key.date("created_at")?,
    })
}

fn hc_vault(key: Fields<'_>) -> Result<MasterKey, MetadataError> {
    Ok(MasterKey::HcVault {
        vault_address: key.text("vault_address")?,
        engine_path: key.text("engine_path")?,
        key_name: key.text("key_name")?,
        enc: key.text("enc")?,
        created_at: key.date("created_at")?,
    })
}

fn pgp(key: Fields<'_>) -> Result<MasterKey, MetadataError> {
    Ok(MasterKey::Pgp {
        fp: key.text("fp")?,
        enc: key.text("enc")?,
        created_at: key.date("created_at")?,
    })
}

fn age(key: Fields<'_>) -> Result<MasterKey, MetadataError> {
    Ok(MasterKey::Age {
        recipient: key.text("recipient")?,
        enc: key.text("enc")?,
    })
}

fn selection(fields: Fields<'_>) -> Result<Selection, MetadataError> {
    let rules: [(&str, MakeSelection); 6] = [
        ("unencrypted_suffix", Selection::UnencryptedSuffix),
        ("encrypted_suffix", Selection::EncryptedSuffix),
        ("unencrypted_regex", Selection::UnencryptedRegex),
        ("encrypted_regex", Selection::EncryptedRegex),
        (
            "unencrypted_comment_regex",
            Selection::UnencryptedCommentRegex,
        ),
        ("encrypted_comment_regex", Selection::EncryptedCommentRegex),
    ];
    let mut chosen = None;
    for (field, rule) in rules {
        let text = fields.text(field)?;
        if !text.is_empty() && chosen.replace(rule(text)).is_some() {
            return Err(MetadataError::SeveralRules);
        }
    }
    Ok(chosen.unwrap_or_default())
}

/// sops compares the version with its own past before it opens a file, and takes nothing that is no version.
fn check_version(version: &str) -> Result<(), MetadataError> {
    if version.starts_with("1.") {
        return Ok(());
    }
    let number = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && (text == "0" || !text.starts_with('0'))
    };
    let core = version.strip_prefix('v').unwrap_or(version);
    let core = core.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = core.split('.').collect();
    (parts.len() == 3 && parts.into_iter().all(number))
        .then_some(())
        .ok_or(MetadataError::Version)
}

/// A mapping, read weakly typed.
#[derive(Clone, Copy)]
struct Fields<'m>(&'m Map);

impl<'m> Fields<'m> {
    fn scalar(self, field: &'static str) -> Result<&'m Scalar, MetadataError> {
        match self.0.get(field.as_bytes()) {
            None => Ok(&Scalar::Null),
            Some(Value::Leaf(leaf)) => Ok(&leaf.scalar),
            Some(_) => Err(MetadataError::WrongKind { field }),
        }
    }

    fn text(self, field: &'static str) -> Result<String, MetadataError> {
        text(self.scalar(field)?).ok_or(MetadataError::WrongKind { field })
    }

    fn date(self, field: &'static str) -> Result<Timestamp, MetadataError> {
        Timestamp::parse_rfc3339(&self.text(field)?).ok_or(MetadataError::NotADate { field })
    }

    fn small_number(self, field: &'static str) -> Result<u8, MetadataError> {
        let number = match self.scalar(field)? {
            Scalar::Null => Some(0),
            Scalar::Bool(flag) => Some(u8::from(*flag)),
            Scalar::Int(number) => u8::try_from(*number).ok(),
            // Older JSON files hold whole numbers as floats too.
            Scalar::Float(number) => (0..=u8::MAX).find(|small| f64::from(*small) == *number),
            Scalar::Text(text) if text.is_empty() => Some(0),
            Scalar::Text(text) => std::str::from_utf8(text.expose())
                .ok()
                .and_then(|text| text.parse().ok()),
            Scalar::Time(_) => None,
        };
        number.ok_or(MetadataError::Threshold)
    }

    fn flag(self, field: &'static str) -> Result<bool, MetadataError> {
        match self.scalar(field)? {
            Scalar::Null => Ok(false),
            Scalar::Bool(flag) => Ok(*flag),
            Scalar::Int(number) => Ok(*number != 0),
            Scalar::Float(number) => Ok(*number != 0.0),
            Scalar::Text(text) if text.is_empty() => Ok(false),
            Scalar::Text(text) => {
                parse_bool(text.expose()).ok_or(MetadataError::WrongKind { field })
            }
            Scalar::Time(_) => Err(MetadataError::WrongKind { field }),
        }
    }

    fn list(self, field: &'static str) -> Result<Vec<Self>, MetadataError> {
        let wrong = || MetadataError::WrongKind { field };
        match self.0.get(field.as_bytes()) {
            None => Ok(Vec::new()),
            Some(Value::Map(map)) if map.pairs().next().is_none() => Ok(Vec::new()),
            Some(Value::Map(map)) => Ok(vec![Self(map)]),
            Some(Value::List(items)) => items
                .iter()
                .filter(|item| !matches!(item, Value::Comment(_)))
                .map(|item| match item {
                    Value::Map(map) => Ok(Self(map)),
                    _ => Err(wrong()),
                })
                .collect(),
            Some(Value::Leaf(leaf)) => match &leaf.scalar {
                Scalar::Null => Ok(Vec::new()),
                Scalar::Text(text) if text.is_empty() => Ok(Vec::new()),
                _ => Err(wrong()),
            },
            Some(Value::Comment(_)) => Err(wrong()),
        }
    }

    fn texts(self, field: &'static str) -> Result<BTreeMap<String, String>, MetadataError> {
        let wrong = || MetadataError::WrongKind { field };
        match self.0.get(field.as_bytes()) {
            None => Ok(BTreeMap::new()),
            Some(Value::Leaf(leaf)) if matches!(leaf.scalar, Scalar::Null) => Ok(BTreeMap::new()),
            Some(Value::List(items)) if items.is_empty() => Ok(BTreeMap::new()),
            Some(Value::Map(map)) => map
                .pairs()
                .map(|pair| {
                    let key = std::str::from_utf8(&pair.key).map_err(|_| wrong())?;
                    let Value::Leaf(leaf) = &pair.value else {
                        return Err(wrong());
                    };
                    Ok((key.to_owned(), text(&leaf.scalar).ok_or_else(wrong)?))
                })
                .collect(),
            Some(_) => Err(wrong()),
        }
    }
}

fn text(scalar: &Scalar) -> Option<String> {
    match scalar {
        Scalar::Null => Some(String::new()),
        Scalar::Bool(flag) => Some(u8::from(*flag).to_string()),
        Scalar::Int(number) => Some(number.to_string()),
        Scalar::Float(number) => Some(goyaml::float::plain(*number)),
        Scalar::Text(text) => std::str::from_utf8(text.expose()).ok().map(str::to_owned),
        Scalar::Time(_) => None,
    }
}
