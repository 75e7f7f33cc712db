//! The wanted objects as they are sent: in their namespaces, marked, each once.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};
use tree::SecretParts;

use super::compare::CompareError;
use super::discovery::{ApiResource, Discovery, Scope};
use super::hooks::{Hook, Phase, Role};
use super::object::{Address, GroupKind, ObjectKey};
use super::options::ResourceOptions;
use super::outcome::Warning;
use super::ownership;
use super::request::SyncRequest;
use crate::pipeline::{Opening, Origin, Resource};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// One wanted object.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) key: ObjectKey,
    pub(super) version: String,
    /// How the cluster serves its kind; none while it does not.
    pub(super) resource: Option<ApiResource>,
    pub(super) object: Value,
    pub(super) origin: Origin,
    pub(super) parts: SecretParts,
    /// Whether something in it was opened, so that nothing the server says about it may be kept.
    pub(super) is_opened: bool,
    pub(super) options: ResourceOptions,
}

/// One hook, in one of its phases.
#[derive(Clone)]
pub(super) struct HookTarget {
    pub(super) phase: Phase,
    pub(super) hook: Hook,
    pub(super) target: Target,
}

/// All that is wanted.
pub(super) struct Targets {
    /// In the order of the source.
    pub(super) objects: Vec<Target>,
    pub(super) hooks: Vec<HookTarget>,
    /// Objects that are to be left alone altogether.
    pub(super) skipped: HashSet<ObjectKey>,
    pub(super) warnings: Vec<Warning>,
}

impl Target {
    /// Where requests about it go; none while its kind is not served.
    pub(super) fn address(&self) -> Option<Address<'_>> {
        let address = Address::of(self.resource.as_ref()?, &self.key);
        Some(if self.is_opened {
            address.confidential()
        } else {
            address
        })
    }

    /// `group/version`, or the version alone for the core group.
    pub(super) fn api_version(&self) -> String {
        if self.key.group_kind.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.key.group_kind.group, self.version)
        }
    }

    /// Whether it has a name of its own, and not only the beginning of one.
    pub(super) fn is_named(&self) -> bool {
        self.object
            .pointer("/metadata/name")
            .and_then(Value::as_str)
            .is_some_and(|name| !name.is_empty())
    }

    /// The kind that it defines, if it is a CustomResourceDefinition.
    pub(super) fn defines(&self) -> Option<GroupKind> {
        defined_kind(&self.key, &self.object)
    }

    /// The namespace that it makes, if it is one.
    pub(super) fn makes_namespace(&self) -> Option<&str> {
        is_namespace(&self.key).then_some(self.key.name.as_str())
    }
}

/// Whether an object is a namespace.
pub(super) fn is_namespace(key: &ObjectKey) -> bool {
    key.group_kind.group.is_empty() && key.group_kind.kind == "Namespace"
}

/// Whether an object is a CustomResourceDefinition.
pub(super) fn is_definition(key: &ObjectKey) -> bool {
    key.group_kind.group == "apiextensions.k8s.io"
        && key.group_kind.kind == "CustomResourceDefinition"
}

/// The kind that a CustomResourceDefinition defines.
pub(super) fn defined_kind(key: &ObjectKey, object: &Value) -> Option<GroupKind> {
    if !is_definition(key) {
        return None;
    }
    let group = object.pointer("/spec/group")?.as_str()?;
    let kind = object.pointer("/spec/names/kind")?.as_str()?;
    Some(GroupKind::new(group, kind))
}

/// Reads the wanted objects of `request`. `started` names hooks that have `generateName` alone, in seconds since 1970.
pub(super) fn targets(
    request: &SyncRequest<'_>,
    discovery: &Discovery,
    started: i64,
) -> Result<Targets, CompareError> {
    let mut read = Targets {
        objects: Vec::new(),
        hooks: Vec::new(),
        skipped: HashSet::new(),
        warnings: Vec::new(),
    };
    let mut places: HashMap<ObjectKey, usize> = HashMap::new();
    let mut times: Vec<(ObjectKey, usize)> = Vec::new();
    for resource in request.desired.resources() {
        let target = target(resource, request, discovery)?;
        match Role::of(&target.object) {
            Role::Skipped => {
                read.skipped.insert(target.key);
            }
            Role::Resource => match places.get(&target.key) {
                // The last one counts, at the place of the first (argo-cd: DeduplicateTargetObjects).
                Some(&place) if target.is_named() => {
                    match times.iter_mut().find(|(key, _)| *key == target.key) {
                        Some((_, count)) => *count += 1,
                        None => times.push((target.key.clone(), 2)),
                    }
                    read.objects[place] = target;
                }
                _ => {
                    places.insert(target.key.clone(), read.objects.len());
                    read.objects.push(target);
                }
            },
            Role::Hook(hook) => {
                if hook.phases.is_empty() && hook.deletion.is_empty() {
                    read.warnings.push(Warning::UnknownHook {
                        key: target.key.clone(),
                    });
                }
                for &phase in &hook.phases {
                    read.hooks
                        .push(instance(&target, &hook, phase, request, started));
                }
                read.skipped.insert(target.key);
            }
        }
    }
    read.warnings.extend(
        times
            .into_iter()
            .map(|(key, times)| Warning::Repeated { key, times }),
    );
    Ok(read)
}

fn target(
    resource: &Resource,
    request: &SyncRequest<'_>,
    discovery: &Discovery,
) -> Result<Target, CompareError> {
    let mut key = ObjectKey::from(&resource.identity);
    let mut object =
        json(&resource.object).ok_or_else(|| CompareError::NotJson { key: key.clone() })?;
    let served = discovery.resource(&key.group_kind, Some(&resource.identity.version));
    // A kind that is not served in this version has the scope of its other versions; one that is not served at all is
    // taken for namespaced (gitops-engine: IsNamespacedOrUnknown), until its definition is read below.
    let scope = served
        .or_else(|| discovery.resource(&key.group_kind, None))
        .map(|resource| resource.scope)
        .or_else(|| scope_by_definition(&key.group_kind, request));
    if scope == Some(Scope::Cluster) {
        key.namespace = None;
    } else if key.namespace.is_none() {
        key.namespace = Some(request.namespace.clone());
    }
    place(&mut object, key.namespace.as_deref());
    if resource.identity.is_secret() {
        fold_string_data(&mut object);
    }
    let options = ResourceOptions::of(&object, &request.options);
    ownership::mark(&mut object, &key, &request.application);
    Ok(Target {
        version: resource.identity.version.clone(),
        resource: served.cloned(),
        object,
        origin: resource.origin.clone(),
        parts: resource.secret.clone(),
        is_opened: resource.opened != Opening::None || resource.secret != SecretParts::None,
        options,
        key,
    })
}

/// The scope of a kind whose definition is among the wanted objects.
fn scope_by_definition(kind: &GroupKind, request: &SyncRequest<'_>) -> Option<Scope> {
    request.desired.resources().iter().find_map(|resource| {
        let key = ObjectKey::from(&resource.identity);
        if !is_definition(&key) {
            return None;
        }
        let spec = resource.object.get("spec")?;
        let names = spec.get("names")?;
        let defined = GroupKind::new(spec.get("group")?.as_str()?, names.get("kind")?.as_str()?);
        (defined == *kind).then(|| match spec.get("scope").and_then(goyaml::Value::as_str) {
            Some("Cluster") => Scope::Cluster,
            _ => Scope::Namespaced,
        })
    })
}

/// The object of a hook in one phase, which has a name of its own.
fn instance(
    target: &Target,
    hook: &Hook,
    phase: Phase,
    request: &SyncRequest<'_>,
    started: i64,
) -> HookTarget {
    let mut target = target.clone();
    target.object = super::hooks::instance(&target.object, phase, &request.revision, started);
    if let Some(name) = target
        .object
        .pointer("/metadata/name")
        .and_then(Value::as_str)
    {
        target.key.name = name.to_owned();
    }
    ownership::mark(&mut target.object, &target.key, &request.application);
    HookTarget {
        phase,
        hook: hook.clone(),
        target,
    }
}

/// Puts an object into its namespace, or takes it out of one.
fn place(object: &mut Value, namespace: Option<&str>) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else {
        return;
    };
    match namespace {
        Some(namespace) => {
            metadata.insert("namespace".to_owned(), Value::String(namespace.to_owned()));
        }
        None => {
            metadata.shift_remove("namespace");
        }
    }
}

/// Moves `stringData` into `data`, as the API server does when it stores a Secret. Left to the server, the values would
/// belong to nobody: it records the manager of `stringData`, which it then drops, and a key that is taken out of the
/// source would stay in the Secret for ever.
///
/// A value that is no text stays where it is, for the server to refuse.
fn fold_string_data(object: &mut Value) {
    let Some(object) = object.as_object_mut() else {
        return;
    };
    let is_text = |field: &Value| {
        field
            .as_object()
            .is_some_and(|values| values.values().all(Value::is_string))
    };
    if object.get("stringData").is_none_or(|field| !is_text(field))
        || object
            .get("data")
            .is_some_and(|data| !data.is_object() && !data.is_null())
    {
        return;
    }
    let Some(Value::Object(texts)) = object.shift_remove("stringData") else {
        return;
    };
    let data = object
        .entry("data")
        .or_insert_with(|| Value::Object(Map::new()));
    if data.is_null() {
        *data = Value::Object(Map::new());
    }
    if let Some(data) = data.as_object_mut() {
        for (key, value) in texts {
            let encoded = BASE64_STANDARD.encode(value.as_str().unwrap_or_default());
            data.insert(key, Value::String(encoded));
        }
    }
}

/// The value as `serde_json` has it. By way of the text, so that numbers are written as Go writes them.
fn json(value: &goyaml::Value) -> Option<Value> {
    let text = secret::SecretString::new(goyaml::json::to_string(value).ok()?);
    serde_json::from_str(text.expose()).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn string_data_ends_up_in_data() {
        for (object, expect) in [
            (
                json!({"data": {"a": "YQ==", "b": "Yg=="}, "stringData": {"b": "x"}}),
                json!({"data": {"a": "YQ==", "b": "eA=="}}),
            ),
            (
                json!({"stringData": {"b": "x"}}),
                json!({"data": {"b": "eA=="}}),
            ),
            (
                json!({"data": null, "stringData": {"b": "x"}}),
                json!({"data": {"b": "eA=="}}),
            ),
            // For the server to refuse.
            (
                json!({"stringData": {"b": 5}}),
                json!({"stringData": {"b": 5}}),
            ),
            (
                json!({"data": "x", "stringData": {"b": "y"}}),
                json!({"data": "x", "stringData": {"b": "y"}}),
            ),
            (
                json!({"data": {"a": "YQ=="}}),
                json!({"data": {"a": "YQ=="}}),
            ),
        ] {
            let mut folded = object.clone();
            fold_string_data(&mut folded);
            assert_eq!(folded, expect, "{object}");
        }
    }
}
