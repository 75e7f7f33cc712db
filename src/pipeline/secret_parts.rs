//! Which parts of an object are secret, by their place.

use goyaml::Value;

/// How sops writes a value that it encrypted.
const ENCRYPTED: &str = "ENC[AES256_GCM,";

/// How such a value ends when it is a comment: in a list, comments are items until they are decrypted.
const COMMENT: &str = ",type:comment]";

/// The secret parts of a value, in its shape.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum SecretParts {
    /// Nothing in it is.
    #[default]
    None,
    /// All of it is.
    All,
    /// Those of an object, by key; keys without any are left out.
    Object(Vec<(String, Self)>),
    /// Those of a list's items, in order.
    Array(Vec<Self>),
}

impl SecretParts {
    /// Those of an object as it stands encrypted in a SOPS file: sops leaves its shape and its keys as they are.
    pub fn of_encrypted(value: &Value) -> Self {
        match value {
            Value::String(text) if text.starts_with(ENCRYPTED) => Self::All,
            Value::Object(entries) => {
                let parts: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| (key.clone(), Self::of_encrypted(value)))
                    .filter(|(_, parts)| *parts != Self::None)
                    .collect();
                if parts.is_empty() {
                    Self::None
                } else {
                    Self::Object(parts)
                }
            }
            Value::Array(items) => {
                let parts: Vec<_> = items
                    .iter()
                    .filter(|item| !is_comment(item))
                    .map(Self::of_encrypted)
                    .collect();
                if parts.iter().all(|parts| *parts == Self::None) {
                    Self::None
                } else {
                    Self::Array(parts)
                }
            }
            _ => Self::None,
        }
    }

    /// Those of an entry of an object.
    pub fn entry(&self, key: &str) -> &Self {
        match self {
            Self::All => self,
            Self::Object(entries) => entries
                .iter()
                .find(|(name, _)| name == key)
                .map_or(&Self::None, |(_, parts)| parts),
            Self::None | Self::Array(_) => &Self::None,
        }
    }

    /// Those of an item of a list.
    pub fn item(&self, index: usize) -> &Self {
        match self {
            Self::All => self,
            // A list that is longer than it was says nothing of its items, so all of them count.
            Self::Array(items) => items.get(index).unwrap_or(&Self::All),
            Self::None | Self::Object(_) => &Self::None,
        }
    }
}

fn is_comment(item: &Value) -> bool {
    item.as_str()
        .is_some_and(|text| text.starts_with(ENCRYPTED) && text.ends_with(COMMENT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(json: &str) -> SecretParts {
        SecretParts::of_encrypted(&goyaml::json::parse(json.as_bytes()).unwrap())
    }

    #[test]
    fn encrypted_values_are_secret_where_they_stand() {
        let parts = parts(
            r#"{"kind":"ConfigMap","data":{"port":"ENC[AES256_GCM,data:AA==,type:int]","host":"db"},"list":["a","ENC[AES256_GCM,data:AA==,type:str]"]}"#,
        );
        assert_eq!(*parts.entry("kind"), SecretParts::None);
        assert_eq!(*parts.entry("data").entry("port"), SecretParts::All);
        assert_eq!(*parts.entry("data").entry("host"), SecretParts::None);
        assert_eq!(*parts.entry("list").item(0), SecretParts::None);
        assert_eq!(*parts.entry("list").item(1), SecretParts::All);
    }

    #[test]
    fn encrypted_comments_of_a_list_are_no_items() {
        let parts = parts(
            r#"{"list":["ENC[AES256_GCM,data:AA==,type:comment]","ENC[AES256_GCM,data:AA==,type:str]","a"]}"#,
        );
        assert_eq!(*parts.entry("list").item(0), SecretParts::All);
        assert_eq!(*parts.entry("list").item(1), SecretParts::None);
    }
}
