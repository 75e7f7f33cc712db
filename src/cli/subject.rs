//! What a command renders, from what was typed to the objects that would be applied.
//!
//! A working copy, a repository that is fetched, or what the manifest of an application says; the same for `preview`,
//! `diff` and `sync`.

mod application;
mod local;

use std::cell::OnceCell;
use std::path::PathBuf;
use std::sync::Arc;

use kustomize::resource::Place;
use kustomize::{BuildOptions, LoadRestriction};
use sealed::{DeprecatedData, OpenOptions};
use sops::SopsOpener;
use sops::keys::KeyPolicy;
use tree::{Depth, Extensions, Glob, MacCoverage, ManifestFilter, Opener, Protection, TreePath};

use super::arguments::{ClusterArguments, LoadRestrictor, SubjectArguments};
use super::decrypt::template_policy;
use super::environment::Environment;
use super::failure::Failure;
use super::keys::Keys;
use super::place;
use super::printer::Printer;
use super::repositories::{self, ArgoCd, Asked, Checkout, Repositories};
use crate::application::environment::BuildEnvironment;
use crate::application::{Application, Verification};
use crate::pipeline::{Desired, Rendered, SealedPolicy, materialise, render};

/// The objects that are wanted, and whose they are.
pub(super) struct Subject {
    /// The application's manifest, where there is one.
    pub application: Option<Application>,
    /// The name that was typed, or that the source suggests; it may not be fit to be one.
    pub name: String,
    /// Where the objects come from, without credentials.
    pub source: String,
    /// The commit, or a name for what has none.
    pub revision: String,
    /// The objects.
    pub desired: Desired,
}

/// The revision of files that are no commit.
const WORKING_COPY: &str = "working copy";

impl Subject {
    /// Renders what was asked for.
    pub(super) fn load(
        arguments: &SubjectArguments,
        cluster: &ClusterArguments,
        environment: &mut Environment,
        printer: &Printer,
    ) -> Result<Self, Failure> {
        let keys = Keys::collect(&arguments.keys, environment, KeyPolicy::default(), printer)?;
        let opener = SopsOpener::new(
            &keys,
            keys.decrypt_options(),
            Arc::clone(printer.redactor()),
        );
        let build = BuildOptions {
            load_restriction: load_restriction(arguments.load_restrictor),
            ..BuildOptions::default()
        };
        let workshop = Workshop {
            arguments,
            cluster,
            printer,
            opener: &opener,
            build,
            opened: OnceCell::new(),
        };
        let is_fetched =
            arguments.repo.is_some() || arguments.app.is_some() && arguments.place.is_none();
        if arguments.revision.is_some() && !is_fetched {
            return Err(Failure::NothingToFetch);
        }
        let found = match (&arguments.app, &arguments.repo) {
            (Some(file), _) => workshop.application(file)?,
            (None, Some(url)) => workshop.repository(url)?,
            (None, None) => workshop.working_copy()?,
        };
        report(&found.rendered, printer);
        let policy = if arguments.keep_sealed {
            SealedPolicy::Keep
        } else {
            SealedPolicy::Open {
                keys: keys.sealing(),
                options: OpenOptions {
                    templates: template_policy(arguments.templates.templates),
                    deprecated_data: DeprecatedData::Accept,
                },
                redactor: printer.redactor(),
            }
        };
        Ok(Self {
            application: found.application,
            name: found.name,
            source: found.source,
            revision: found.revision,
            desired: materialise(found.rendered, &policy)?,
        })
    }
}

/// What was found and rendered.
struct Found {
    application: Option<Application>,
    name: String,
    source: String,
    revision: String,
    rendered: Rendered,
}

/// All that rendering takes.
struct Workshop<'a> {
    arguments: &'a SubjectArguments,
    cluster: &'a ClusterArguments,
    printer: &'a Printer,
    opener: &'a dyn Opener,
    build: BuildOptions,
    opened: OnceCell<Repositories>,
}

impl Workshop<'_> {
    fn filter(&self) -> Result<ManifestFilter, Failure> {
        let glob = |pattern: &Option<String>| {
            pattern
                .as_deref()
                .map(Glob::parse)
                .transpose()
                .map_err(Failure::Glob)
        };
        Ok(ManifestFilter {
            depth: if self.arguments.recurse {
                Depth::Recursive
            } else {
                Depth::Flat
            },
            include: glob(&self.arguments.include)?,
            exclude: glob(&self.arguments.exclude)?,
            extensions: Extensions::Manifests,
        })
    }

    /// The repositories, opened when they are asked for first.
    fn repositories(&self) -> Result<&Repositories, Failure> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        let argocd = self.arguments.argocd_namespace.as_deref();
        let argocd = argocd.map(|namespace| ArgoCd {
            namespace,
            cluster: self.cluster,
        });
        let opened = Repositories::open(
            &self.arguments.fetching,
            repositories::policy(self.arguments, false),
            argocd.as_ref(),
            self.opener,
            self.printer,
        )?;
        Ok(self.opened.get_or_init(|| opened))
    }

    /// How kustomizations are built for an application.
    fn build_options(
        &self,
        project: Option<&str>,
        verification: Option<&Verification>,
    ) -> Result<BuildOptions, Failure> {
        let allowed = &self.arguments.fetching.allow_remote_bases;
        if allowed.is_empty() {
            return Ok(self.build.clone());
        }
        let bases = self.repositories()?.bases(allowed, project, verification)?;
        Ok(BuildOptions {
            remote_bases: Some(Arc::new(bases)),
            ..self.build.clone()
        })
    }

    /// What `--repo` names.
    fn repository(&self, url: &str) -> Result<Found, Failure> {
        let asked = Asked {
            url,
            revision: self.arguments.revision.as_deref(),
            project: None,
            by_hand: true,
        };
        let Checkout {
            tree,
            url,
            revision,
        } = self.repositories()?.checkout(&asked, None)?;
        let folder = TreePath::root().join(&self.arguments.path)?;
        let filter = self.filter()?;
        let options = self.build_options(None, None)?;
        let source = local::source(&tree, &folder, &filter, &options)?;
        let rendered = render(&tree, self.opener, &source)?;
        let name = match folder.file_name() {
            Some(name) => name.to_owned(),
            None => last_part(&url.to_string()),
        };
        Ok(Found {
            application: None,
            name: self.arguments.name.clone().unwrap_or(name),
            source: source_identity(&url.to_string(), &folder),
            revision,
            rendered,
        })
    }

    fn working_copy(&self) -> Result<Found, Failure> {
        let path = self
            .arguments
            .place
            .clone()
            .unwrap_or_else(|| PathBuf::from("."));
        let place = local::Place::find(&path)?;
        let filter = self.filter()?;
        let options = self.build_options(None, None)?;
        let source = place.source(&filter, &options)?;
        let rendered = render(&place.tree, self.opener, &source)?;
        Ok(Found {
            application: None,
            name: self.arguments.name.clone().unwrap_or(place.name),
            source: place.identity,
            revision: WORKING_COPY.to_owned(),
            rendered,
        })
    }
}

/// Where objects come from, in one text without credentials.
fn source_identity(repository: &str, folder: &TreePath) -> String {
    if folder.is_root() {
        repository.to_owned()
    } else {
        format!("{repository} {}", folder.as_str())
    }
}

/// The last part of a repository's address.
fn last_part(url: &str) -> String {
    let url = url.trim_end_matches('/');
    let name = url.rsplit(['/', ':']).next().unwrap_or(url);
    name.strip_suffix(".git").unwrap_or(name).to_owned()
}

/// Says what is worth knowing of a rendering.
pub(super) fn report(rendered: &Rendered, printer: &Printer) {
    for warning in rendered.warnings() {
        printer.warn(&warning.to_string());
    }
    for warning in weak_protection(rendered.opened()) {
        printer.warn(&warning);
    }
    for skipped in rendered.skipped() {
        printer.note(&format!(
            "`{}` is passed over: {}",
            skipped.path, skipped.why
        ));
    }
}

/// A word on each file whose clear-text values nothing vouches for.
pub(super) fn weak_protection(opened: &[(Place, Protection)]) -> impl Iterator<Item = String> {
    opened
        .iter()
        .filter(|(_, protection)| match protection {
            Protection::Sops(sops) => sops.verified_mac == MacCoverage::EncryptedValues,
            _ => false,
        })
        .map(|(path, _)| {
            format!("`{path}` is `mac_only_encrypted`: its clear-text values are not under the MAC")
        })
}

/// What `--load-restrictor` says.
pub(super) const fn load_restriction(restrictor: LoadRestrictor) -> LoadRestriction {
    match restrictor {
        LoadRestrictor::None => LoadRestriction::None,
        LoadRestrictor::RootOnly => LoadRestriction::RootOnly,
    }
}
