//! The plugin that adds a value to fields, or to paths in fields (api: internal/builtins/ValueAddTransformer.go,
//! filters/valueadd/valueadd.go).

use goyaml::{
    Kind,
    decode::{Duplicates, yaml_to_json},
};

use super::Target;
use super::change::Transformer;
use super::patches::EntryError;
use super::plugin::PluginError;
use crate::id::Scope;
use crate::kustomization::Selector;
use crate::kustomization::decode::{UnknownFields, decode, fields};
use crate::limits::LIMITS;
use crate::node::{KindError, expect_kind, lookup_or_create, set_text};
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::selector::CompiledSelector;

/// What the plugin is told.
#[derive(Default)]
pub(super) struct ValueAddConfig {
    value: String,
    targets: Vec<ValueTarget>,
    target_file: String,
}

fields!(ValueAddConfig {
    "value" => value,
    "targets" => targets,
    "targetFilePath" => target_file,
});

/// Where the value goes.
#[derive(Default)]
struct ValueTarget {
    selector: Option<Selector>,
    field_path: String,
    position: i64,
}

fields!(ValueTarget {
    "selector" => selector,
    "fieldPath" => field_path,
    "filePathPosition" => position,
});

/// A value and where it goes.
pub(super) struct ValueAdd {
    value: String,
    targets: Vec<(Option<CompiledSelector>, Place)>,
}

/// A field, and the place in the path that it holds.
struct Place {
    fields: Vec<String>,
    /// Counted from one; zero for the whole field.
    position: usize,
}

impl Target<'_> {
    /// The transformer that adds a value.
    pub(super) fn value_transformer(
        &self,
        mut config: ValueAddConfig,
    ) -> Result<Transformer, PluginError> {
        if !config.target_file.is_empty() {
            let file = self.open(&config.target_file).map_err(PluginError::Entry)?;
            let value = yaml_to_json(file.expose(), Duplicates::LastWins, &LIMITS);
            let value = value.map_err(|source| {
                PluginError::Entry(EntryError::Yaml {
                    reference: config.target_file.clone(),
                    source,
                })
            })?;
            let more: ValueAddConfig = decode(&value, UnknownFields::Ignore)?;
            config.targets.extend(more.targets);
        }
        let value = match config.value.trim() {
            "" => {
                let name = self.loader.root().file_name();
                name.ok_or(PluginError::NoValue)?
            }
            value => value,
        };
        if config.targets.is_empty() {
            return Err(PluginError::Targets);
        }
        let mut targets = Vec::with_capacity(config.targets.len());
        for target in &config.targets {
            let position = usize::try_from(target.position);
            let (Ok(position), false) = (position, target.field_path.is_empty()) else {
                return Err(PluginError::Targets);
            };
            let selector = target.selector.as_ref().map(CompiledSelector::new);
            let selector = selector
                .transpose()
                .map_err(|source| PluginError::Entry(EntryError::Target(source)))?;
            let fields = split(&target.field_path);
            targets.push((selector, Place { fields, position }));
        }
        Ok(Transformer::ValueAdd(ValueAdd {
            value: value.to_owned(),
            targets,
        }))
    }
}

impl ValueAdd {
    /// How many bytes it adds to an object at most.
    pub(super) fn added(&self) -> usize {
        self.value.len().saturating_mul(self.targets.len())
    }

    /// How many targets there are.
    pub(super) fn targets(&self) -> usize {
        self.targets.len()
    }

    /// Adds the value. The object that it cannot be added to comes with the error.
    pub(super) fn transform<E>(
        &self,
        resources: &mut ResMap,
        error: impl Fn(&Resource, KindError) -> E,
    ) -> Result<(), E> {
        for (selector, place) in &self.targets {
            for resource in resources.iter_mut() {
                if !selector
                    .as_ref()
                    .is_none_or(|selector| selector.selects(resource))
                {
                    continue;
                }
                place
                    .set(resource, &self.value)
                    .map_err(|source| error(resource, source))?;
            }
        }
        Ok(())
    }
}

impl Place {
    fn set(&self, resource: &mut Resource, value: &str) -> Result<(), KindError> {
        if self.fields == ["metadata", "namespace"] {
            return match resource.scope() {
                Scope::Cluster => Ok(()),
                Scope::Namespaced => resource.set_namespace(value),
            };
        }
        let Some((last, way)) = self.fields.split_last() else {
            return Ok(());
        };
        let way: Vec<&str> = way.iter().map(String::as_str).collect();
        let Some(holder) = lookup_or_create(resource.node_mut(), &way)? else {
            return Ok(());
        };
        let present = match holder.get(last) {
            Some(field) => {
                expect_kind(field, Kind::Scalar)?;
                field.value.clone()
            }
            None => String::new(),
        };
        let value = match self.position.checked_sub(1) {
            Some(position) => with_part(&present, position, value),
            None => value.to_owned(),
        };
        set_text(holder, last, &value)
    }
}

/// The names of a path; a slash behind a backslash belongs to a name.
fn split(path: &str) -> Vec<String> {
    let mut fields: Vec<String> = Vec::new();
    for part in path.split('/') {
        match fields.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push('/');
                last.push_str(part);
            }
            _ => fields.push(part.to_owned()),
        }
    }
    fields
}

/// A path with one more part. An absolute path stays absolute; behind the end is the end (kyaml: filesys/util.go).
fn with_part(path: &str, position: usize, part: &str) -> String {
    let is_absolute = path.starts_with('/');
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    parts.insert(position.min(parts.len()), part);
    let joined = parts.join("/");
    if is_absolute {
        format!("/{joined}")
    } else {
        joined
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_put_into_a_path() {
        for (path, position, expected) in [
            ("", 4, "PEACH"),
            ("/", 0, "/PEACH"),
            ("pie", 0, "PEACH/pie"),
            ("/pie", 0, "/PEACH/pie"),
            ("raw", 1, "raw/PEACH"),
            ("/raw", 9, "/raw/PEACH"),
            ("a/nice/warm/pie", 3, "a/nice/warm/PEACH/pie"),
            ("/a/nice/warm/pie", 3, "/a/nice/warm/PEACH/pie"),
        ] {
            assert_eq!(with_part(path, position, "PEACH"), expected, "{path}");
        }
    }

    #[test]
    fn a_slash_behind_a_backslash_belongs_to_a_name() {
        assert_eq!(split(r"a/b\/c/d"), ["a", "b/c", "d"]);
    }
}
