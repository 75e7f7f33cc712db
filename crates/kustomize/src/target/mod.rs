//! One kustomization and what it makes (api: internal/target/kusttarget.go).

mod accumulate;
mod change;
mod finish;
mod generate;
mod patches;
mod plugin;
mod rules;
mod value_add;

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crate::build::{BuildLimits, BuildOptions};
use crate::config::TransformerConfig;
use crate::edit::Edits;
use crate::error::BuildError;
use crate::kustomization::{EditedError, FILE_NAMES, Kustomization, KustomizationFields, Unedited};
use crate::loader::Loader;
use crate::node::KindError;
use crate::order;
use crate::origin::Origin;
use crate::resmap::ResMap;
use crate::resource::{Resource, Sensitivity};
use crate::schema::Schema;
use crate::vars::VarSet;
use crate::warning::Warning;

pub use patches::EntryError;
pub use plugin::PluginError;

/// What all kustomizations of a build share.
pub(crate) struct Session {
    pub(crate) schema: Arc<Schema>,
    pub(crate) warnings: RefCell<Vec<Warning>>,
    pub(crate) limits: BuildLimits,
    pub(crate) entered: Cell<usize>,
}

/// What a kustomization has gathered: objects, and the rules by which they are changed.
#[derive(Debug, Default)]
struct Accumulator {
    resources: ResMap,
    config: Arc<TransformerConfig>,
    vars: VarSet,
}

/// A kustomization that was read.
struct Target<'b> {
    session: &'b Session,
    loader: Loader<'b>,
    kustomization: Arc<Kustomization>,
    file_name: &'static str,
    /// Whether its file was encrypted.
    sensitivity: Sensitivity,
    /// How it was reached, when that is to be written on the objects.
    origin: Option<Origin>,
    depth: usize,
}

/// Builds a kustomization as the top one.
pub(crate) fn build<'b>(
    session: &'b Session,
    loader: Loader<'b>,
    options: &BuildOptions,
) -> Result<ResMap, BuildError> {
    let mut top = Target::read(session, loader, 0, &options.edits)?;
    if !top.fields().build_metadata.is_empty() {
        top.origin = Some(Origin::default());
    }
    top.set_schema()?;
    let gathered = top.accumulate(Accumulator::default())?;
    let mut resources = top.finish(gathered)?;
    match &top.fields().sort_options {
        Some(options) => order::sort_as(&mut resources, options),
        None => order::sort(&mut resources, options.order),
    }
    .map_err(|source| BuildError::Order(Box::new(source)))?;
    finish::clean(&mut resources, &top.fields().build_metadata)?;
    Ok(resources)
}

impl<'b> Target<'b> {
    /// Reads the kustomization at a loader's root.
    fn read(
        session: &'b Session,
        loader: Loader<'b>,
        depth: usize,
        edits: &Edits,
    ) -> Result<Self, BuildError> {
        let directory = || loader.root().clone();
        if depth > session.limits.depth {
            return Err(BuildError::TooDeep {
                directory: directory(),
                limit: session.limits.depth,
            });
        }
        session.entered.update(|entered| entered + 1);
        if session.entered.get() > session.limits.kustomizations {
            return Err(BuildError::TooManyKustomizations {
                directory: directory(),
                limit: session.limits.kustomizations,
            });
        }
        let mut names = FILE_NAMES.into_iter().filter(|name| loader.has_file(name));
        let file_name = names.next().ok_or_else(|| BuildError::NoKustomization {
            directory: directory(),
        })?;
        if names.next().is_some() {
            return Err(BuildError::SeveralKustomizations {
                directory: directory(),
            });
        }
        let file = loader
            .load(file_name)
            .map_err(|source| BuildError::ReadKustomization {
                directory: directory(),
                source: Box::new(source),
            })?;
        let invalid = |source| BuildError::Kustomization {
            file: file.place.path.clone(),
            source: Box::new(source),
        };
        let kustomization = if edits.is_empty() {
            file.parse::<Kustomization>().map_err(invalid)?
        } else {
            let unedited = file.parse::<Unedited>().map_err(invalid)?;
            let edit = |kustomization: &mut Kustomization| edits.apply(kustomization, &loader);
            Arc::new(unedited.edited(edit).map_err(|error| match error {
                EditedError::Edit(source) => BuildError::Edit {
                    file: file.place.path.clone(),
                    source: Box::new(source),
                },
                EditedError::Kustomization(source) => invalid(source),
            })?)
        };
        let deprecated = kustomization.deprecated.iter().map(|field| {
            let warning = Warning::Deprecated {
                kustomization: directory(),
                field: *field,
            };
            match loader.remote_base() {
                Some(base) => Warning::RemoteBase {
                    base: Arc::clone(base),
                    warning: Box::new(warning),
                },
                None => warning,
            }
        });
        session.warnings.borrow_mut().extend(deprecated);
        Ok(Self {
            session,
            loader,
            kustomization,
            file_name,
            sensitivity: file.sensitivity,
            origin: None,
            depth,
        })
    }

    fn fields(&self) -> &KustomizationFields {
        &self.kustomization.fields
    }

    fn directory(&self) -> tree::TreePath {
        self.loader.root().clone()
    }
}

/// Records on all objects that something of this sensitivity may have gone into them.
fn absorb_sensitivity(resources: &mut ResMap, sensitivity: Sensitivity) {
    match sensitivity {
        Sensitivity::Plain => {}
        Sensitivity::Decrypted => {
            for resource in resources {
                resource.absorb_sensitivity(sensitivity);
            }
        }
    }
}

/// Sets an annotation of an object.
fn set_annotation(resource: &mut Resource, key: &str, value: &str) -> Result<(), BuildError> {
    resource
        .set_annotation(key, value)
        .map_err(|source| metadata_error(resource, source))
}

fn metadata_error(resource: &Resource, source: KindError) -> BuildError {
    BuildError::Metadata {
        id: Box::new(resource.id().into_owned()),
        source,
    }
}
