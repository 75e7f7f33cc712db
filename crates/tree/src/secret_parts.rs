//! Which parts of a structured text are secret, by their place in it.

use std::collections::BTreeMap;

/// The secret parts of a value, in its shape. Names keys, and holds no value.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum SecretParts {
    /// Nothing in it is.
    #[default]
    None,
    /// All of it is.
    All,
    /// What was decrypted is somewhere in it, at places that are not known any more: whole scalars are judged by their
    /// value.
    Somewhere,
    /// Those of an object, by key; keys without any are left out.
    Object(BTreeMap<String, Self>),
    /// Those of a list's items, in order.
    Array(Vec<Self>),
}

impl SecretParts {
    /// Those of an entry of an object.
    pub fn entry(&self, key: &str) -> &Self {
        match self {
            Self::All | Self::Somewhere => self,
            Self::Object(entries) => entries.get(key).unwrap_or(&Self::None),
            Self::None | Self::Array(_) => &Self::None,
        }
    }

    /// Those of an item of a list, counted from zero.
    pub fn item(&self, index: usize) -> &Self {
        match self {
            Self::All | Self::Somewhere => self,
            // A list that is longer than it was says nothing of its items, so all of them count.
            Self::Array(items) => items.get(index).unwrap_or(&Self::All),
            Self::None | Self::Object(_) => &Self::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_by_key_and_position() {
        let object = SecretParts::Object(BTreeMap::from([(
            "list".to_owned(),
            SecretParts::Array(vec![SecretParts::None, SecretParts::All]),
        )]));
        for (found, expect) in [
            (object.entry("other"), SecretParts::None),
            (object.item(0), SecretParts::None),
            (object.entry("list").item(0), SecretParts::None),
            (object.entry("list").item(1), SecretParts::All),
            (object.entry("list").item(2), SecretParts::All),
            (object.entry("list").entry("key"), SecretParts::None),
            (SecretParts::All.entry("a").item(3), SecretParts::All),
            (SecretParts::Somewhere.entry("a"), SecretParts::Somewhere),
        ] {
            assert_eq!(*found, expect);
        }
    }
}
