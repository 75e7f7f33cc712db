//! Gathering: resources, then generated objects, then components, then changes.

use std::sync::Arc;

use super::{Accumulator, Target, set_annotation};
use crate::config;
use crate::edit::Edits;
use crate::error::BuildError;
use crate::kustomization::Kind;
use crate::loader::{LoadError, Loaded, Loader};
use crate::manifest::Objects;
use crate::remote::{self, RemoteBase};
use crate::resmap::ResMap;
use crate::resource::{Resource, SourceFile, annotation};
use crate::vars::VarError;

impl<'b> Target<'b> {
    /// Adds to what is gathered what this kustomization makes: for a component, all that its user has gathered so far.
    pub(super) fn accumulate(&self, mut gathered: Accumulator) -> Result<Accumulator, BuildError> {
        for reference in &self.fields().resources {
            self.add_resource(&mut gathered, "resources", reference)?;
        }
        self.add_rules(&mut gathered)?;
        self.generate(&mut gathered)?;
        for reference in &self.fields().components {
            gathered = self.add_component(gathered, reference)?;
        }
        self.change(&mut gathered)?;
        // What an encrypted kustomization says itself is decrypted too: literals, patches, labels.
        super::absorb_sensitivity(&mut gathered.resources, self.sensitivity);
        self.validate(&mut gathered)?;
        gathered
            .vars
            .add(&mut gathered.resources, &self.fields().vars)
            .map_err(|source| self.var_error(source))?;
        Ok(gathered)
    }

    /// Adds the objects of a file or of another kustomization.
    pub(super) fn add_resource(
        &self,
        gathered: &mut Accumulator,
        field: &'static str,
        reference: &str,
    ) -> Result<(), BuildError> {
        let failed = match self.file_objects(field, reference) {
            Ok(objects) => match gathered.resources.append(objects) {
                Ok(()) => return Ok(()),
                Err(source) => BuildError::Merge {
                    kustomization: self.directory(),
                    field,
                    reference: remote::shown(reference),
                    source: Box::new(source),
                },
            },
            Err(error) => error,
        };
        let base = RemoteBase::parse(reference);
        if remote::is_url(reference) && base.as_ref().is_none_or(RemoteBase::is_named_like_a_file) {
            return Err(failed);
        }
        let entered = match self.loader.enter(reference) {
            Ok(loader) => loader,
            Err(LoadError::NotADirectory { .. }) if base.is_none() => return Err(failed),
            Err(source) => {
                return Err(BuildError::Load {
                    kustomization: self.directory(),
                    field,
                    reference: remote::shown(reference),
                    source: Box::new(source),
                });
            }
        };
        let base = entered.remote_base().cloned();
        let made = self.within(base, || {
            let child = self.child(entered, reference)?;
            if child.kustomization.kind == Kind::Component {
                return Err(BuildError::IsAComponent {
                    kustomization: self.directory(),
                    directory: child.directory(),
                });
            }
            child.accumulate(Accumulator::default())
        })?;
        self.merge(gathered, made, field, reference)
    }

    fn add_component(
        &self,
        gathered: Accumulator,
        reference: &str,
    ) -> Result<Accumulator, BuildError> {
        let field = "components";
        let loader = self
            .loader
            .enter(reference)
            .map_err(|source| BuildError::Load {
                kustomization: self.directory(),
                field,
                reference: remote::shown(reference),
                source: Box::new(source),
            })?;
        let base = loader.remote_base().cloned();
        let made = self.within(base, || {
            let child = self.child(loader, reference)?;
            if child.kustomization.kind != Kind::Component {
                return Err(BuildError::NotAComponent {
                    kustomization: self.directory(),
                    directory: child.directory(),
                });
            }
            child.accumulate(gathered)
        })?;
        let mut gathered = Accumulator::default();
        self.merge(&mut gathered, made, field, reference)?;
        Ok(gathered)
    }

    /// Does something in `base`: what goes wrong is said to be there, unless this kustomization is there itself.
    fn within<T>(
        &self,
        base: Option<Arc<str>>,
        work: impl FnOnce() -> Result<T, BuildError>,
    ) -> Result<T, BuildError> {
        let made = work();
        match base {
            Some(base) if self.loader.remote_base() != Some(&base) => {
                made.map_err(|source| BuildError::RemoteBase {
                    base,
                    source: Box::new(source),
                })
            }
            Some(_) | None => made,
        }
    }

    fn child(&self, loader: Loader<'b>, reference: &str) -> Result<Self, BuildError> {
        let mut child = Target::read(self.session, loader, self.depth + 1, &Edits::default())?;
        child.origin = self.origin.as_ref().map(|origin| origin.append(reference));
        child.set_schema()?;
        Ok(child)
    }

    /// The objects of a file.
    fn file_objects(&self, field: &'static str, reference: &str) -> Result<ResMap, BuildError> {
        let file = self.load(field, reference)?;
        let objects = file.parse::<Objects>();
        let objects = objects.map_err(|source| BuildError::Manifest {
            kustomization: self.directory(),
            field,
            reference: remote::shown(reference),
            source: Box::new(source),
        })?;
        let origin = self
            .origin
            .as_ref()
            .map(|origin| origin.append(reference).to_yaml());
        let mut resources = ResMap::default();
        let Objects(objects) = Arc::unwrap_or_clone(objects);
        for (node, line) in objects {
            let mut resource = Resource::new(node, Arc::clone(&self.session.schema));
            resource.absorb_sensitivity(file.sensitivity);
            resource.set_source(SourceFile {
                place: file.place.clone(),
                line,
            });
            if let Some(origin) = &origin {
                set_annotation(&mut resource, annotation::ORIGIN, origin)?;
            }
            resources
                .push(resource)
                .map_err(|source| BuildError::Merge {
                    kustomization: self.directory(),
                    field,
                    reference: remote::shown(reference),
                    source: Box::new(source),
                })?;
        }
        Ok(resources)
    }

    /// Reads a file that a field names.
    pub(super) fn load(
        &self,
        field: &'static str,
        reference: &str,
    ) -> Result<Loaded<'b>, BuildError> {
        self.loader
            .load(reference)
            .map_err(|source| BuildError::Load {
                kustomization: self.directory(),
                field,
                reference: remote::shown(reference),
                source: Box::new(source),
            })
    }

    fn merge(
        &self,
        gathered: &mut Accumulator,
        made: Accumulator,
        field: &'static str,
        reference: &str,
    ) -> Result<(), BuildError> {
        gathered
            .resources
            .append(made.resources)
            .map_err(|source| BuildError::Merge {
                kustomization: self.directory(),
                field,
                reference: remote::shown(reference),
                source: Box::new(source),
            })?;
        gathered.config = config::merge(&gathered.config, &made.config, self.loader.budget())
            .map_err(|source| self.rule_error(field, reference, source))?;
        gathered
            .vars
            .absorb(made.vars)
            .map_err(|source| self.var_error(source))
    }

    fn var_error(&self, source: VarError) -> BuildError {
        BuildError::Vars {
            kustomization: self.directory(),
            source: Box::new(source),
        }
    }
}
