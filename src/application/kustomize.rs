//! What an application changes of a kustomization before it is built.

use std::collections::BTreeMap;

use goyaml::Value;
use kustomize::edit::{AnnotationEdit, Edits, Existing, LabelEdit, LabelReach, MissingComponents};
use kustomize::kustomization::{Patch, PatchOptions, Replica, Selector};

use super::environment::BuildEnvironment;
use super::fields::{FieldError, Fields};

/// `kustomize` of a source.
#[derive(Clone, Default)]
pub struct KustomizeOptions {
    /// The changes, before variables in them are replaced.
    edits: Edits,
    /// `commonAnnotationsEnvsubst`: whether variables in annotations are replaced.
    substitute_annotations: bool,
}

impl KustomizeOptions {
    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, FieldError> {
        // There is one version of kustomize here, and it inflates no charts.
        for name in ["version", "kubeVersion", "apiVersions"] {
            fields.ignore(name);
        }
        let existing = |force| match force {
            true => Existing::Replace,
            false => Existing::Refuse,
        };
        let reach = match (
            fields.flag("labelWithoutSelector")?,
            fields.flag("labelIncludeTemplates")?,
        ) {
            (false, false) => LabelReach::Selectors,
            (true, false) => LabelReach::Metadata,
            (true, true) => LabelReach::Templates,
            (false, true) => LabelReach::TemplatesWithSelectors,
        };
        let text = |fields: &mut Fields<'_>, name| {
            Ok::<_, FieldError>(fields.text(name)?.unwrap_or_default())
        };
        Ok(Self {
            edits: Edits {
                name_prefix: text(fields, "namePrefix")?,
                name_suffix: text(fields, "nameSuffix")?,
                images: fields.texts("images")?,
                replicas: fields.list("replicas", read_replica)?,
                labels: LabelEdit {
                    pairs: fields.texts_by_name("commonLabels")?,
                    existing: existing(fields.flag("forceCommonLabels")?),
                    reach,
                },
                annotations: AnnotationEdit {
                    pairs: fields.texts_by_name("commonAnnotations")?,
                    existing: existing(fields.flag("forceCommonAnnotations")?),
                },
                namespace: text(fields, "namespace")?,
                patches: fields.list("patches", read_patch)?,
                components: fields.texts("components")?,
                missing_components: match fields.flag("ignoreMissingComponents")? {
                    true => MissingComponents::Ignore,
                    false => MissingComponents::Refuse,
                },
            },
            substitute_annotations: fields.flag("commonAnnotationsEnvsubst")?,
        })
    }

    /// The changes of the kustomization, with the variables of `environment` in their places: always in images and labels,
    /// in annotations where the application says so (argo-cd: util/kustomize/kustomize.go).
    pub fn edits(&self, environment: &BuildEnvironment<'_>) -> Edits {
        let substituted = |pairs: &BTreeMap<String, String>| {
            let substitute =
                |(name, value): (&String, &String)| (name.clone(), environment.substitute(value));
            pairs.iter().map(substitute).collect()
        };
        let mut edits = self.edits.clone();
        edits.labels.pairs = substituted(&edits.labels.pairs);
        if self.substitute_annotations {
            edits.annotations.pairs = substituted(&edits.annotations.pairs);
        }
        for image in &mut edits.images {
            *image = environment.substitute(image);
        }
        edits
    }
}

fn read_replica(fields: &mut Fields<'_>) -> Result<Replica, FieldError> {
    let name = fields.required_text("name")?;
    let count = match fields.value("count") {
        None => 0,
        Some(Value::Int(count)) => *count,
        // Go's `strconv.Atoi` takes a sign, too.
        Some(Value::String(text)) => text.parse().map_err(|_| FieldError::Number {
            field: fields.path_to("count"),
            expected: "a whole number",
        })?,
        Some(_) => return Err(fields.wrong_type("count", "a whole number")),
    };
    Ok(Replica { name, count })
}

fn read_patch(fields: &mut Fields<'_>) -> Result<Patch, FieldError> {
    Ok(Patch {
        path: fields.text("path")?.unwrap_or_default(),
        patch: fields.text("patch")?.unwrap_or_default(),
        target: fields.object("target", |fields| {
            let mut text = |name| Ok::<_, FieldError>(fields.text(name)?.unwrap_or_default());
            let mut selector = Selector {
                name: text("name")?,
                namespace: text("namespace")?,
                annotation_selector: text("annotationSelector")?,
                label_selector: text("labelSelector")?,
                ..Selector::default()
            };
            selector.gvk.group = text("group")?.into();
            selector.gvk.version = text("version")?.into();
            selector.gvk.kind = text("kind")?.into();
            Ok(selector)
        })?,
        options: fields.object("options", |fields| {
            Ok(PatchOptions {
                allow_name_change: fields.flag("allowNameChange")?,
                allow_kind_change: fields.flag("allowKindChange")?,
            })
        })?,
    })
}
