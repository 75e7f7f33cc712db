//! Which objects an application has, and who is at work on them.
//!
//! One ConfigMap for each application, `lockstep-inventory-<application>` in the destination namespace. It is an index and
//! not a proof: it says where to look for objects of the application. Whose an object is, the object itself says
//! (see [`ownership`](super::ownership)), so that a wrong line here never costs anybody an object.
//!
//! What keeps it safe:
//!
//! 1. **It is never too short.** Before the first change it is written with everything that was in it and everything that
//!    is wanted. So whatever a sync makes is in it, wherever the sync is killed. Only after the last change it is cut to
//!    what is there.
//! 2. **It is written by compare and swap.** Each write names the version that was read, so that two syncs of one application
//!    never both believe to be at work.
//! 3. **It carries the lease.** A sync at work has its mark in it and renews the mark. A mark that is not renewed is that of
//!    a sync that was killed. Whether it is renewed is found out by looking, for as long as the mark says, by one clock
//!    alone: no clocks of different machines are compared.
//! 4. **It can be lost.** Then the objects are found by their labels (see [`live`](super::live)).
//!
//! A sync that finds out that its mark is gone stops before its next write.

mod lease;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::client::Cluster;
use super::discovery::{ApiResource, Discovery, Scope};
use super::error::ApiError;
use super::object::{Address, GroupKind, ObjectKey};
use super::ownership::{APPLICATION, ApplicationName};
use super::request::SyncRequest;

pub(super) use lease::{Lease, wait_for_sign};

/// What the name of every inventory begins with.
const PREFIX: &str = "lockstep-inventory-";
/// The version of the format.
const FORMAT: &str = "1";
/// From how many bytes on the list is compressed. A ConfigMap holds a mebibyte.
const COMPRESSED_FROM: usize = 128 * 1024;
/// How many bytes a list may have that is read; a compressed one may claim to be anything.
const LONGEST: u64 = 64 * 1024 * 1024;

/// What an application has.
#[derive(Clone, Debug, Default)]
pub(super) struct Inventory {
    /// The objects.
    pub(super) entries: Entries,
    source: Option<String>,
    operation: Option<Operation>,
    /// The version that was read; none where there was nothing.
    version: Option<String>,
}

/// Objects, and what is to be known of each.
pub(super) type Entries = BTreeMap<ObjectKey, Entry>;

/// What is to be known of an object.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Entry {
    /// Nothing.
    Object,
    /// It held something opened when it was last applied.
    Opened,
    /// It is a hook of a sync that is, or was, at work.
    Hook,
}

/// The mark of a sync at work.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Operation {
    /// Who it is, for people.
    holder: String,
    /// What no other sync has.
    token: String,
    /// How many times it was renewed.
    renewals: u64,
    /// After how many milliseconds without renewal it is taken for dead.
    lease: u64,
}

/// Why the inventory cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InventoryError {
    /// It cannot be read.
    #[error("the inventory of the application cannot be read: {0}")]
    Read(#[source] ApiError),
    /// It cannot be written.
    #[error("the inventory of the application cannot be written: {0}")]
    Write(#[source] ApiError),
    /// There is no namespace to keep it in.
    #[error("the namespace `{namespace}` does not exist, and nothing says to create it")]
    NamespaceMissing {
        /// The namespace.
        namespace: String,
    },
    /// Something else than an inventory has its name, or another version of lockstep wrote it.
    #[error("the ConfigMap `{name}` is no inventory that this version of lockstep can read")]
    Malformed {
        /// The name of the ConfigMap.
        name: String,
    },
    /// An application of the same name has another source.
    #[error("an application of this name is there already, from `{source_identity}`")]
    OtherSource {
        /// The other source.
        source_identity: String,
    },
    /// Another sync of the same application is at work.
    #[error("another sync of this application is at work ({holder})")]
    Concurrent {
        /// Who is at work.
        holder: String,
    },
    /// Another sync took over, since this one said nothing for too long.
    #[error("another sync of this application took over, since this one gave no sign of life for {} s", .after.as_secs())]
    Lost {
        /// How long it may say nothing.
        after: Duration,
    },
}

/// Where the inventory of an application is.
pub(super) struct Place<'a> {
    resource: ApiResource,
    namespace: &'a str,
    application: &'a ApplicationName,
    name: String,
}

impl<'a> Place<'a> {
    /// The place of `request`'s inventory.
    pub(super) fn of(request: &'a SyncRequest<'_>, discovery: &Discovery) -> Option<Self> {
        Some(Self {
            resource: discovery
                .resource(&GroupKind::new("", "ConfigMap"), Some("v1"))?
                .clone(),
            namespace: &request.namespace,
            application: &request.application,
            name: format!("{PREFIX}{}", request.application),
        })
    }

    fn address(&self) -> Address<'_> {
        Address::new(&self.resource, Some(self.namespace), &self.name)
    }

    /// Reads the inventory.
    pub(super) async fn read(&self, cluster: &Cluster) -> Result<Inventory, InventoryError> {
        match cluster.get(self.address()).await {
            Ok(None) => Ok(Inventory::default()),
            Ok(Some(object)) => self.decode(&object),
            Err(error) => Err(InventoryError::Read(error)),
        }
    }

    fn decode(&self, object: &Value) -> Result<Inventory, InventoryError> {
        decode(object).ok_or_else(|| InventoryError::Malformed {
            name: self.name.clone(),
        })
    }

    fn encode(
        &self,
        source: &str,
        entries: &Entries,
        operation: Option<&Operation>,
        version: Option<&str>,
    ) -> Value {
        let list = entries
            .iter()
            .filter_map(|(key, entry)| {
                let namespace = key.namespace.as_deref().unwrap_or_default();
                serde_json::to_string(&(
                    &key.group_kind.group,
                    &key.group_kind.kind,
                    namespace,
                    &key.name,
                    entry,
                ))
                .ok()
            })
            .fold(String::new(), |list, line| list + &line + "\n");
        let mut object = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": self.name,
                "namespace": self.namespace,
                "labels": {
                    "app.kubernetes.io/managed-by": "lockstep",
                    APPLICATION: self.application.label(),
                },
            },
            "data": {
                "format": FORMAT,
                "application": self.application.as_str(),
                "source": source,
            },
        });
        if let Some(version) = version {
            object["metadata"]["resourceVersion"] = json!(version);
        }
        if let Some(operation) = operation {
            object["data"]["operation"] =
                json!(serde_json::to_string(operation).unwrap_or_default());
        }
        match (list.len() >= COMPRESSED_FROM)
            .then(|| compress(list.as_bytes()))
            .flatten()
        {
            Some(compressed) => object["binaryData"] = json!({"objects.gz": compressed}),
            None => object["data"]["objects"] = json!(list),
        }
        object
    }
}

impl Inventory {
    /// Whether there is one in the cluster.
    pub(super) const fn exists(&self) -> bool {
        self.version.is_some()
    }

    /// Whether a sync is at work, or was killed at work.
    pub(super) const fn is_marked(&self) -> bool {
        self.operation.is_some()
    }

    /// Takes objects out of namespaces whose kinds have none: a kind that was not served yet when the inventory was written
    /// was taken for a namespaced one.
    pub(super) fn place(&mut self, discovery: &Discovery) {
        let is_misplaced = |key: &ObjectKey, _: &mut Entry| {
            key.namespace.is_some()
                && discovery
                    .resource(&key.group_kind, None)
                    .is_some_and(|resource| resource.scope == Scope::Cluster)
        };
        let misplaced: Vec<(ObjectKey, Entry)> =
            self.entries.extract_if(.., is_misplaced).collect();
        for (mut key, entry) in misplaced {
            key.namespace = None;
            self.entries.entry(key).or_insert(entry);
        }
    }

    /// Refuses an application of the same name from another source.
    pub(super) fn check_source(&self, source: &str) -> Result<(), InventoryError> {
        match &self.source {
            Some(other) if other != source => Err(InventoryError::OtherSource {
                source_identity: other.clone(),
            }),
            _ => Ok(()),
        }
    }
}

impl InventoryError {
    /// The stable name of the reason.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Read(error) | Self::Write(error) => error.reason(),
            Self::NamespaceMissing { .. } => "namespace-missing",
            Self::Malformed { .. } => "inventory-malformed",
            Self::OtherSource { .. } => "other-source",
            Self::Concurrent { .. } => "concurrent-sync",
            Self::Lost { .. } => "sync-taken-over",
        }
    }
}

fn decode(object: &Value) -> Option<Inventory> {
    let data = object.get("data")?;
    let text = |name: &str| data.get(name).and_then(Value::as_str);
    if text("format")? != FORMAT {
        return None;
    }
    let list = match object.pointer("/binaryData/objects.gz") {
        Some(compressed) => decompress(compressed.as_str()?)?,
        None => text("objects")?.to_owned(),
    };
    let mut entries = Entries::new();
    for line in list.lines() {
        let (group, kind, namespace, name, entry): (String, String, String, String, Entry) =
            serde_json::from_str(line).ok()?;
        let key = ObjectKey {
            group_kind: GroupKind { group, kind },
            namespace: (!namespace.is_empty()).then_some(namespace),
            name,
        };
        entries.insert(key, entry);
    }
    let operation = match text("operation") {
        Some(operation) => Some(serde_json::from_str(operation).ok()?),
        None => None,
    };
    Some(Inventory {
        entries,
        source: Some(text("source")?.to_owned()),
        operation,
        version: Some(version(object)),
    })
}

fn version(object: &Value) -> String {
    let version = object.pointer("/metadata/resourceVersion");
    version
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn compress(list: &[u8]) -> Option<String> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(list).ok()?;
    Some(BASE64_STANDARD.encode(encoder.finish().ok()?))
}

fn decompress(compressed: &str) -> Option<String> {
    let compressed = BASE64_STANDARD.decode(compressed).ok()?;
    let mut list = String::new();
    let mut decoder = GzDecoder::new(compressed.as_slice()).take(LONGEST);
    decoder.read_to_string(&mut list).ok()?;
    Some(list)
}

#[cfg(test)]
mod tests;
