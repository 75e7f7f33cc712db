//! What the manifest of an application says is rendered.

use std::path::Path;

use tree::TreePath;

use super::{
    Asked, BuildEnvironment, Checkout, Failure, Found, WORKING_COPY, Workshop, place,
    source_identity,
};
use crate::application::manifest::{self, Manifest};
use crate::application::render::{check, render};
use crate::application::{Application, Content, Secrets, Sources};
use crate::cli::place::Root;
use crate::git::RepositoryUrl;
use crate::pipeline::Rendered;

impl Workshop<'_> {
    /// What the application in a file says.
    pub(super) fn application(&self, file: &Path) -> Result<Found, Failure> {
        let application = self.read(file)?;
        if let Sources::Hydrated(_) = application.sources {
            return Err(Failure::Hydrator);
        }
        let mut rendered = Rendered::default();
        let mut revisions = Vec::new();
        let mut identities = Vec::new();
        let sources = application.sources.all();
        sources.iter().try_for_each(check)?;
        if self.arguments.place.is_some() && application.own.verify.is_some() {
            self.printer
                .warn("nobody signed the working copy: `spec.verify` is not looked at");
        }
        let stand_in = match (&self.arguments.place, sources.first()) {
            (Some(path), Some(first)) => {
                let url = self.parse(first.repository.expose())?;
                Some((url, Root::of(&place::real_path(path)?)))
            }
            _ => None,
        };
        let verification = application.own.verify.as_ref();
        let options = self.build_options(Some(&application.project), verification)?;
        for (index, source) in sources.iter().enumerate() {
            let url = self.parse(source.repository.expose())?;
            let wanted = match (&self.arguments.revision, &source.revision) {
                (Some(typed), _) if index == 0 => Some(typed.as_str()),
                (_, said) => said.as_deref(),
            };
            let (tree, root, revision) = match &stand_in {
                Some((replaced, folder)) if *replaced == url => {
                    let root = folder.below(folder.folder())?;
                    (folder.tree()?, root, WORKING_COPY.to_owned())
                }
                // There is nothing to fetch for what is not rendered.
                _ if source.content == Content::Nothing => continue,
                _ => {
                    let asked = Asked {
                        url: source.repository.expose(),
                        revision: wanted,
                        project: Some(&application.project),
                        by_hand: false,
                    };
                    let Checkout { tree, revision, .. } =
                        self.repositories()?.checkout(&asked, verification)?;
                    (tree, TreePath::root(), revision)
                }
            };
            let repository = url.to_string();
            let path = match &source.content {
                Content::Path(path) => path.as_str(),
                Content::Chart(_) | Content::Nothing => "",
            };
            let namespace = self.cluster.namespace.as_deref();
            let environment = BuildEnvironment {
                name: &application.name,
                namespace: namespace
                    .or(application.destination.namespace.as_deref())
                    .unwrap_or_default(),
                project: &application.project,
                revision: &revision,
                repository: &repository,
                path,
                target_revision: wanted.unwrap_or_default(),
            };
            rendered.append(render(
                source,
                &tree,
                &root,
                self.opener,
                &environment,
                &options,
            )?);
            identities.push(source_identity(&repository, &TreePath::root().join(path)?));
            revisions.push(revision);
        }
        Ok(Found {
            name: application.name.clone(),
            source: identities.join(", "),
            revision: revisions.join(", "),
            application: Some(application),
            rendered,
        })
    }

    fn parse(&self, url: &str) -> Result<RepositoryUrl, Failure> {
        super::super::repositories::parse(url, self.arguments, false)
    }

    /// Reads the application's manifest, and says what in it means nothing.
    fn read(&self, file: &Path) -> Result<Application, Failure> {
        let real = place::real_path(file)?;
        let root = Root::of(&real);
        let path = root.below(&real)?;
        let opened = self
            .opener
            .open(&root.tree()?, &path)
            .map_err(Failure::Open)?;
        let malformed = |source| Failure::Application {
            path: path.to_string(),
            source,
        };
        let mut manifests = manifest::read(opened.content.expose()).map_err(malformed)?;
        if let Some(name) = &self.arguments.name {
            manifests.retain(|manifest| manifest.application.name == *name);
        }
        let mut manifests = manifests.into_iter();
        let (Some(manifest), None) = (manifests.next(), manifests.next()) else {
            return Err(Failure::WhichApplication {
                path: path.to_string(),
            });
        };
        let Manifest {
            application,
            warnings,
        } = manifest;
        for warning in warnings {
            self.printer
                .warn(&format!("`{path}:{}`: {warning}", warning.line));
        }
        if application.own.suspend {
            self.printer
                .note("the application is suspended, which does not keep local commands");
        }
        if application.own.secrets != Secrets::default() {
            self.printer
                .note("`spec.secrets` is for the controller: here keys come from `--keys`");
        }
        Ok(application)
    }
}
