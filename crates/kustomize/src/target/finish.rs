//! What is done once, at the top: hashes, references to changed names, vars, and cleaning up.

use super::{Accumulator, Session, Target, metadata_error};
use crate::error::BuildError;
use crate::guess::guessable_keys;
use crate::hash;
use crate::manifest;
use crate::nameref;
use crate::output::OutputError;
use crate::resmap::ResMap;
use crate::resource::{Resource, Sensitivity, annotation};
use crate::warning::Warning;

/// The label that says what made an object.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// The label's value, as the real program sets it when its build tells it no version.
const KUSTOMIZE: &str = "kustomize-v5.8.1";

impl Target<'_> {
    /// Finishes what the top kustomization has gathered.
    pub(super) fn finish(&self, gathered: Accumulator) -> Result<ResMap, BuildError> {
        let mut resources = gathered.resources;
        add_hashes(self.session, &mut resources)?;
        nameref::update(
            &mut resources,
            &gathered.config.name_reference,
            self.loader.budget(),
        )
        .map_err(|source| BuildError::NameReference(Box::new(source)))?;
        let unused = gathered
            .vars
            .resolve(&mut resources, &gathered.config, self.loader.budget())
            .map_err(|source| BuildError::Vars {
                kustomization: self.directory(),
                source: Box::new(source),
            })?;
        if !unused.is_empty() {
            let warning = Warning::UnusedVars { names: unused };
            self.session.warnings.borrow_mut().push(warning);
        }
        drop_local(&mut resources)?;
        Ok(resources)
    }
}

/// Puts hashes behind the names of the objects that want one.
pub(super) fn add_hashes(session: &Session, resources: &mut ResMap) -> Result<(), BuildError> {
    if !resources.iter().any(needs_hash) {
        return Ok(());
    }
    for resource in resources.iter_mut().filter(|resource| needs_hash(resource)) {
        let hash = hash::of(resource.node()).map_err(|source| {
            BuildError::Hash(Box::new(OutputError {
                id: Box::new(resource.id().into_owned()),
                source,
            }))
        })?;
        if resource.sensitivity() == Sensitivity::Decrypted {
            let keys = guessable_keys(resource.node());
            if !keys.is_empty() {
                session.warnings.borrow_mut().push(Warning::GuessableHash {
                    id: Box::new(resource.id().into_owned()),
                    keys,
                });
            }
        }
        let name = format!("{}-{hash}", resource.name());
        let renamed = resource
            .store_previous_id()
            .and_then(|()| resource.set_name(&name));
        renamed.map_err(|source| metadata_error(resource, source))?;
    }
    Ok(())
}

fn needs_hash(resource: &Resource) -> bool {
    resource.is_enabled(annotation::NEEDS_HASH)
}

/// Leaves out the objects that are only there for tools.
fn drop_local(resources: &mut ResMap) -> Result<(), BuildError> {
    for resource in resources.iter().filter(|resource| !resource.is_empty()) {
        manifest::check_metadata(resource.node()).map_err(|source| BuildError::Invalid {
            id: Box::new(resource.id().into_owned()),
            source: Box::new(source),
        })?;
    }
    let is_local = |resource: &Resource| {
        resource
            .annotation(annotation::LOCAL_CONFIG)
            .is_some_and(|local| local != "false")
    };
    if resources
        .iter()
        .any(|resource| resource.is_empty() || is_local(resource))
    {
        resources.retain(|resource| !resource.is_empty() && !is_local(resource));
    }
    Ok(())
}

/// Takes off what the build put on the objects, but for what is asked for.
pub(super) fn clean(resources: &mut ResMap, metadata: &[String]) -> Result<(), BuildError> {
    let wants = |option: &str| metadata.iter().any(|wanted| wanted == option);
    let origins = wants("originAnnotations");
    let transformations = wants("transformerAnnotations");
    let managed_by = wants("managedByLabel");
    for resource in resources {
        if managed_by {
            let mut labels = resource.labels();
            labels.insert(MANAGED_BY.to_owned(), KUSTOMIZE.to_owned());
            resource
                .set_labels(labels)
                .map_err(|source| metadata_error(resource, source))?;
        }
        let annotations = resource.annotations_with(|key| match key {
            annotation::ORIGIN => origins,
            annotation::TRANSFORMATIONS => transformations,
            _ => !annotation::OF_THE_BUILD.contains(&key),
        });
        resource
            .set_annotations(annotations)
            .map_err(|source| metadata_error(resource, source))?;
    }
    Ok(())
}
