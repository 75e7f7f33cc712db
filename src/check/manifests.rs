//! Secrets among the manifests of a file.

use goyaml::{Kind, Node, Position, Tag};

/// A Secret with values in clear text.
pub(super) struct PlaintextSecret {
    /// `namespace/name`, or what of it there is.
    pub(super) name: String,
    /// The path of the first such value, `data.password`.
    pub(super) key_path: String,
    /// Its place.
    pub(super) position: Position,
    /// How many there are.
    pub(super) values: usize,
}

/// What is found among manifests.
#[derive(Default)]
pub(super) struct Found<'a> {
    /// Secrets that show their values.
    pub(super) plaintext: Vec<PlaintextSecret>,
    /// SealedSecrets.
    pub(super) sealed: Vec<&'a Node>,
}

/// Beginnings of texts that stand for a value to be put in later: argocd-vault-plugin, vals, templates, variables. And
/// what sops has encrypted.
const STANDINS: [&str; 8] = [
    "ENC[AES256_GCM,",
    "<",
    "ref+",
    "secretref+",
    "{{",
    "${",
    "$(",
    "vault:",
];

impl<'a> Found<'a> {
    /// Looks through an object, and through the items of a list.
    pub(super) fn search(&mut self, node: &'a Node) {
        self.descend(node, 16);
    }

    fn descend(&mut self, node: &'a Node, depth: usize) {
        if let Some(items) = entry(node, "items").filter(|items| items.kind == Kind::Sequence)
            && depth > 0
        {
            for item in &items.content {
                self.descend(item, depth - 1);
            }
        }
        let api_version = text(node, "apiVersion").unwrap_or_default();
        match text(node, "kind") {
            Some("Secret") if api_version == "v1" || api_version.is_empty() => {
                self.plaintext.extend(plaintext(node));
            }
            Some("SealedSecret") if api_version.starts_with("bitnami.com/") => {
                self.sealed.push(node)
            }
            _ => {}
        }
    }
}

fn plaintext(secret: &Node) -> Option<PlaintextSecret> {
    let mut values = ["data", "stringData"]
        .into_iter()
        .filter_map(|field| entry(secret, field).map(|node| (field, node)))
        .flat_map(|(field, node)| {
            node.content
                .chunks_exact(2)
                .filter(|pair| shows_a_value(&pair[1]))
                .map(move |pair| (format!("{field}.{}", pair[0].value), pair[1].position))
        });
    let (key_path, position) = values.next()?;
    let count = values.count() + 1;
    let metadata = entry(secret, "metadata");
    let part = |key| metadata.and_then(|metadata| text(metadata, key));
    let name = part("name").unwrap_or("without a name");
    Some(PlaintextSecret {
        name: part("namespace").map_or_else(
            || name.to_owned(),
            |namespace| format!("{namespace}/{name}"),
        ),
        key_path,
        position,
        values: count,
    })
}

fn shows_a_value(node: &Node) -> bool {
    match node.kind {
        Kind::Alias | Kind::Mapping | Kind::Sequence => true,
        Kind::Scalar => {
            node.tag != Tag::Null
                && !node.value.trim().is_empty()
                && !STANDINS
                    .iter()
                    .any(|standin| node.value.trim_start().starts_with(standin))
                && !is_encoded_standin(&node.value)
        }
    }
}

/// argocd-vault-plugin finds its placeholders inside base64 as well: `<path:` encodes to this.
fn is_encoded_standin(value: &str) -> bool {
    value.starts_with("PHBhdGg6") || value.starts_with("PHBhdGg")
}

/// The value of `key` in a mapping.
pub(super) fn entry<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    if node.kind != Kind::Mapping {
        return None;
    }
    node.content
        .chunks_exact(2)
        .find(|pair| pair[0].value == key)
        .map(|pair| &pair[1])
}

fn text<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    entry(node, key)
        .filter(|value| value.kind == Kind::Scalar)
        .map(|value| value.value.as_str())
}
