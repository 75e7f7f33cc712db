//! The rules that a kustomization adds: `configurations`, `crds` and `openapi`.

use std::sync::Arc;

use super::{Accumulator, Target};
use crate::config::{self, ConfigError, NameReference, TransformerConfig};
use crate::error::BuildError;
use crate::id::Gvk;
use crate::kustomization::FieldSpec;
use crate::schema::{CrdField, CrdFields, OpenApi, Role};

impl Target<'_> {
    /// Follows the field `openapi`.
    pub(super) fn set_schema(&self) -> Result<(), BuildError> {
        let openapi = &self.fields().openapi;
        if openapi.is_empty() {
            return Ok(());
        }
        let document = match openapi.get("path") {
            Some(path) => Some(self.load("openapi", path)?),
            None => None,
        };
        let version = openapi.get("version").map(String::as_str);
        self.session
            .schema
            .set_parsed(
                version,
                document.map(|file| move || file.parse::<OpenApi>()),
            )
            .map_err(|source| BuildError::Schema {
                kustomization: self.directory(),
                source: Box::new(source),
            })
    }

    /// Adds the built-in rules to what is gathered, and what the kustomization names.
    pub(super) fn add_rules(&self, gathered: &mut Accumulator) -> Result<(), BuildError> {
        let budget = self.loader.budget();
        let mut own = Arc::new(TransformerConfig::default());
        for reference in &self.fields().configurations {
            let file = self.load("configurations", reference)?;
            let failed = |source| self.rule_error("configurations", reference, source);
            let parsed = file.parse::<TransformerConfig>().map_err(failed)?;
            own = config::merge(&own, &parsed, budget).map_err(failed)?;
        }
        let merged = config::merge(&TransformerConfig::builtin(), &own, budget)
            .and_then(|config| config::merge(&gathered.config, &config, budget));
        gathered.config = merged.map_err(|source| self.rule_error("configurations", "", source))?;
        for reference in &self.fields().crds {
            let file = self.load("crds", reference)?;
            let fields = file
                .parse::<CrdFields>()
                .map_err(|source| BuildError::Crd {
                    kustomization: self.directory(),
                    reference: reference.clone(),
                    source: Box::new(source),
                })?;
            for field in Arc::unwrap_or_clone(fields).0 {
                gathered.config =
                    config::merge(&gathered.config, &Arc::new(rule_of(field)), budget)
                        .map_err(|source| self.rule_error("crds", reference, source))?;
            }
        }
        Ok(())
    }

    pub(super) fn rule_error(
        &self,
        field: &'static str,
        reference: &str,
        source: ConfigError,
    ) -> BuildError {
        BuildError::Configuration {
            kustomization: self.directory(),
            field,
            reference: reference.to_owned(),
            source: Box::new(source),
        }
    }
}

/// The rule for a field of a custom type.
fn rule_of(field: CrdField) -> TransformerConfig {
    let of_kind = |kind: String| Gvk {
        kind: kind.into(),
        ..Gvk::default()
    };
    let spec = FieldSpec {
        gvk: of_kind(field.kind),
        path: field.path,
        create: false,
    };
    let mut config = TransformerConfig::default();
    match field.role {
        Role::Annotations => config.common_annotations.push(spec),
        Role::LabelSelector => config.common_labels.push(spec),
        Role::Identity => config.name_prefix.push(spec),
        Role::Reference { kind, version } => config.name_reference.push(NameReference {
            gvk: Gvk {
                version: version.into(),
                ..of_kind(kind)
            },
            referrers: vec![spec],
        }),
    }
    config
}
