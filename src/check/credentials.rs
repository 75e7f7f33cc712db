//! Values of charts that look like credentials: a hint for a person, since nothing but a name speaks for it.

use goyaml::{Kind, Node, Tag};

/// A value whose key says that it is a credential.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Credential {
    /// The line of the value, counted from one.
    pub line: u32,
    /// The keys down to it, joined by dots.
    pub key_path: String,
}

/// Whether a file of this name is taken for the values of a chart.
pub(super) fn is_values_file(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let Some(stem) = lower
        .strip_suffix(".yaml")
        .or_else(|| lower.strip_suffix(".yml"))
    else {
        return false;
    };
    stem == "values"
        || stem.starts_with("values-")
        || stem.starts_with("values.")
        || stem.starts_with("values_")
        || stem.ends_with("-values")
        || stem.ends_with(".values")
        || stem.ends_with("_values")
}

/// Every value below `root` that looks like a credential.
pub(super) fn credentials(root: &Node) -> Vec<Credential> {
    let mut found = Vec::new();
    let mut path = Vec::new();
    descend(root, &mut path, &mut found);
    found
}

fn descend<'a>(node: &'a Node, path: &mut Vec<&'a str>, found: &mut Vec<Credential>) {
    match node.kind {
        Kind::Mapping => {
            for pair in node.content.chunks_exact(2) {
                let [key, value] = pair else { continue };
                path.push(&key.value);
                if value.kind == Kind::Scalar {
                    if names_a_credential(&key.value) && is_literal(value) {
                        found.push(Credential {
                            line: value.position.line,
                            key_path: path.join("."),
                        });
                    }
                } else {
                    descend(value, path, found);
                }
                path.pop();
            }
        }
        Kind::Sequence => {
            for item in &node.content {
                descend(item, path, found);
            }
        }
        Kind::Alias | Kind::Scalar => {}
    }
}

/// Whether a key's last word names a credential itself, and not a place where one is kept (`secretName`,
/// `passwordFile`, `existingSecret`).
fn names_a_credential(key: &str) -> bool {
    const NAMES: [&str; 13] = [
        "accesskey",
        "apikey",
        "apitoken",
        "authtoken",
        "clientsecret",
        "connectionstring",
        "passphrase",
        "passwd",
        "password",
        "privatekey",
        "secretaccesskey",
        "secretkey",
        "token",
    ];
    let plain: String = key
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .map(|c| c.to_ascii_lowercase())
        .collect();
    NAMES.iter().any(|name| plain.ends_with(name)) && !plain.starts_with("existing")
}

/// Whether the value is a text of its own, and not empty, a reference or a placeholder.
fn is_literal(value: &Node) -> bool {
    const REFERENCES: [&str; 7] = ["ENC[", "ref+", "secretref+", "<", "{{", "${", "$("];
    matches!(value.tag, Tag::Str | Tag::Int)
        && !value.value.is_empty()
        && !REFERENCES
            .iter()
            .any(|start| value.value.starts_with(start))
}
