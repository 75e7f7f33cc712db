//! Generated objects: those of `configMapGenerator` and `secretGenerator`, and those that plugins make.

use super::{Accumulator, Target, set_annotation};
use crate::error::BuildError;
use crate::generators::{self, GenerateError};
use crate::origin::Origin;
use crate::resmap::ResMap;
use crate::resource::{Resource, annotation};

impl Target<'_> {
    /// Adds what the kustomization generates to what is gathered.
    pub(super) fn generate(&self, gathered: &mut Accumulator) -> Result<(), BuildError> {
        let fields = self.fields();
        let schema = &self.session.schema;
        let all = fields.generator_options.as_ref();
        for args in &fields.config_map_generator {
            let options = generators::merged_options(args.options.as_ref(), all);
            let made = generators::config_map(&self.loader, args, options.as_ref(), schema);
            self.absorb_builtin(gathered, "configMapGenerator", "ConfigMapGenerator", made)?;
        }
        for args in &fields.secret_generator {
            let options = generators::merged_options(args.common.options.as_ref(), all);
            let made = generators::secret(&self.loader, args, options.as_ref(), schema);
            self.absorb_builtin(gathered, "secretGenerator", "SecretGenerator", made)?;
        }
        if let Some(chart) = fields.helm_charts.first() {
            return Err(self.helm_error(&chart.name));
        }
        self.run_generators(gathered)
    }

    pub(super) fn helm_error(&self, chart: &str) -> BuildError {
        BuildError::Helm {
            kustomization: self.directory(),
            chart: chart.to_owned(),
        }
    }

    fn absorb_builtin(
        &self,
        gathered: &mut Accumulator,
        field: &'static str,
        kind: &str,
        made: Result<Resource, GenerateError>,
    ) -> Result<(), BuildError> {
        let made = made.map_err(|source| BuildError::Generate {
            kustomization: self.directory(),
            field,
            source: Box::new(source),
        })?;
        let origin = self
            .origin
            .as_ref()
            .map(|origin| origin.of_builtin(self.file_name, kind));
        self.absorb(
            gathered,
            field,
            [made].into_iter().collect(),
            origin.as_ref(),
        )
    }

    /// Adds generated objects to what is gathered, or lets them change it.
    pub(super) fn absorb(
        &self,
        gathered: &mut Accumulator,
        field: &'static str,
        mut made: ResMap,
        origin: Option<&Origin>,
    ) -> Result<(), BuildError> {
        if let Some(origin) = origin {
            let origin = origin.to_yaml();
            for resource in &mut made {
                if resource.annotation(annotation::ORIGIN).is_none() {
                    set_annotation(resource, annotation::ORIGIN, &origin)?;
                }
            }
        }
        gathered
            .resources
            .absorb(made)
            .map_err(|source| BuildError::Absorb {
                kustomization: self.directory(),
                field,
                source: Box::new(source),
            })
    }
}
