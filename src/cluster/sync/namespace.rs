//! The destination namespace, where it is to be made first.

use serde_json::{Map, Value, json};

use super::super::client::{ApplyOptions, Cluster, Conflicts, FIELD_MANAGER, Run, Validation};
use super::super::error::ApiError;
use super::super::fields_v1;
use super::super::hooks::Phase;
use super::super::object::{Address, GroupKind, ObjectKey};
use super::super::outcome::{Message, ObjectError, ObjectResult, OperationPhase, ResultCode};
use super::super::plan::Survey;
use super::super::request::SyncRequest;
use super::super::target::Target;

/// Makes the destination namespace where it is missing and something says so: `CreateNamespace`, or a manifest of it
/// among the wanted objects (gitops-engine: `getNamespaceCreationTask`). Where the application has labels and annotations
/// for it, they are applied to a namespace that is there, too.
///
/// The namespace of `CreateNamespace` is nobody's: it is not marked, and never pruned.
///
/// # Errors
///
/// What became of the namespace.
pub(super) async fn ensure(
    cluster: &Cluster,
    request: &SyncRequest<'_>,
    survey: &Survey,
) -> Result<(), Box<ObjectResult>> {
    if request.namespace.is_empty() {
        return Ok(());
    }
    let key = ObjectKey {
        group_kind: GroupKind::new("", "Namespace"),
        namespace: None,
        name: request.namespace.clone(),
    };
    let manifest = survey
        .targets
        .objects
        .iter()
        .find(|target| target.key == key);
    let failed = |error| {
        Box::new(ObjectResult {
            key: key.clone(),
            version: "v1".to_owned(),
            sync_phase: Phase::PreSync,
            wave: 0,
            is_hook: false,
            code: ResultCode::SyncFailed,
            phase: OperationPhase::Failed,
            message: Message::Failed(error),
        })
    };
    let Some(resource) = survey.discovery.resource(&key.group_kind, Some("v1")) else {
        return Ok(());
    };
    let address = Address::of(resource, &key);
    let options = |conflicts| ApplyOptions {
        run: Run::Real,
        conflicts,
        validation: Validation::Strict,
    };
    if let Some(manifest) = manifest {
        let is_there = survey.live.objects.contains_key(&key);
        if is_there || !request.extent.contains(&key) {
            return Ok(());
        }
        return apply(cluster, manifest, options(Conflicts::Refuse))
            .await
            .map_err(|error| failed(ObjectError::Apply(error)));
    }
    if !request.options.create_namespace {
        return Ok(());
    }
    let live = cluster
        .get(address)
        .await
        .map_err(|error| failed(ObjectError::Read(error)))?;
    let wanted = wanted(request);
    if let Some(live) = &live {
        let is_as_wanted = request.namespace_metadata.is_none()
            || fields_v1::applied_by(live, FIELD_MANAGER, "v1")
                .is_some_and(|fields| fields_v1::covers_exactly(fields, &wanted, live));
        if is_as_wanted {
            return Ok(());
        }
    }
    if !request.reach.includes(None) {
        return Err(failed(ObjectError::OutOfReach));
    }
    cluster
        .apply(address, &wanted, options(Conflicts::Force))
        .await
        .map(drop)
        .map_err(|error| failed(ObjectError::Apply(error)))
}

async fn apply(
    cluster: &Cluster,
    manifest: &Target,
    options: ApplyOptions,
) -> Result<(), ApiError> {
    let Some(address) = manifest.address() else {
        return Ok(());
    };
    cluster
        .apply(address, &manifest.object, options)
        .await
        .map(drop)
}

fn wanted(request: &SyncRequest<'_>) -> Value {
    let mut metadata = Map::new();
    metadata.insert("name".to_owned(), json!(request.namespace));
    if let Some(own) = &request.namespace_metadata {
        for (field, entries) in [("labels", &own.labels), ("annotations", &own.annotations)] {
            if !entries.is_empty() {
                metadata.insert(field.to_owned(), json!(entries));
            }
        }
    }
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
}
