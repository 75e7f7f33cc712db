//! Where objects came from and what changed them, as `buildMetadata` has it written (api: resource/origin.go).

use goyaml::{
    Value,
    emit::{self, EmitOptions, KeyOrder, Lossy, SequenceIndent},
};

use crate::id::ResId;
use crate::limits::LIMITS;
use crate::remote::RemoteBase;

/// Where an object came from, or what changed it. Paths start at the directory that is built.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Origin {
    path: String,
    repository: String,
    revision: String,
    configured_in: String,
    configured_by: ConfiguredBy,
}

/// The object that configured a generator or transformer.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct ConfiguredBy {
    api_version: String,
    kind: String,
    name: String,
    namespace: String,
}

impl Origin {
    /// The origin of what this one names.
    pub(crate) fn append(&self, path: &str) -> Self {
        match RemoteBase::parse(path) {
            None => Self {
                path: join(&self.path, path),
                ..self.clone()
            },
            // The real program cuts the first directory off a path that has only one for a repository's root.
            Some(base) => Self {
                path: join(
                    match base.path() {
                        "" => "notCloned",
                        _ => "",
                    },
                    base.path(),
                ),
                repository: base.repository().to_owned(),
                revision: base.revision().unwrap_or_default().to_owned(),
                ..self.clone()
            },
        }
    }

    /// What a field of a kustomization, in this directory, makes.
    pub(crate) fn of_builtin(&self, file: &str, kind: &str) -> Self {
        Self {
            path: String::new(),
            repository: self.repository.clone(),
            revision: self.revision.clone(),
            configured_in: join(&self.path, file),
            configured_by: ConfiguredBy {
                api_version: "builtin".to_owned(),
                kind: kind.to_owned(),
                ..ConfiguredBy::default()
            },
        }
    }

    /// What the plugin that is configured by an object of this origin makes.
    pub(crate) fn of_plugin(&self, id: &ResId<'_>) -> Self {
        Self {
            path: String::new(),
            repository: self.repository.clone(),
            revision: self.revision.clone(),
            configured_in: self.path.clone(),
            configured_by: ConfiguredBy {
                api_version: id.gvk.api_version().into_owned(),
                kind: id.gvk.kind.to_string(),
                name: id.name.to_string(),
                namespace: id.namespace.to_string(),
            },
        }
    }

    /// The path in the text of an annotation.
    pub(crate) fn parse(text: &str) -> Self {
        let value = goyaml::decode::yaml_to_json(
            text.as_bytes(),
            goyaml::decode::Duplicates::LastWins,
            &LIMITS,
        );
        let field = |name: &str| -> String {
            let value = value.as_ref().ok().and_then(|value| value.get(name));
            value.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        Self {
            path: field("path"),
            repository: field("repo"),
            revision: field("ref"),
            configured_in: field("configuredIn"),
            configured_by: ConfiguredBy::default(),
        }
    }

    /// The text of the annotation.
    pub(crate) fn to_yaml(&self) -> String {
        emit(&self.value())
    }

    /// The text of the annotation that tells this change behind those before.
    pub(crate) fn to_yaml_behind(&self, before: &str) -> String {
        format!("{before}{}", emit(&Value::Array(vec![self.value()])))
    }

    fn value(&self) -> Value {
        let by = &self.configured_by;
        let by = object(&[
            ("apiVersion", &by.api_version),
            ("kind", &by.kind),
            ("name", &by.name),
            ("namespace", &by.namespace),
        ]);
        let mut fields = object(&[
            ("path", &self.path),
            ("repo", &self.repository),
            ("ref", &self.revision),
            ("configuredIn", &self.configured_in),
        ]);
        if !by.is_empty() {
            fields.push(("configuredBy".to_owned(), Value::Object(by)));
        }
        Value::Object(fields)
    }
}

fn object(fields: &[(&str, &str)]) -> Vec<(String, Value)> {
    fields
        .iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| ((*name).to_owned(), Value::String((*text).to_owned())))
        .collect()
}

fn emit(value: &Value) -> String {
    let options = EmitOptions {
        indent: 2,
        sequences: SequenceIndent::Compact,
        lossy: Lossy::Keep,
    };
    emit::value(value, KeyOrder::AsGiven, &options)
}

/// Two paths joined and in normal form (Go's `filepath.Join`).
fn join(base: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_the_real_program_does() {
        let top = Origin::default();
        let file = top.append("../base").append("./a.yaml");
        assert_eq!(file.to_yaml(), "path: ../base/a.yaml\n");
        let builtin = top
            .append("../base")
            .of_builtin("kustomization.yaml", "ConfigMapGenerator");
        let text = "configuredIn: ../base/kustomization.yaml\nconfiguredBy:\n  apiVersion: builtin\n  kind: ConfigMapGenerator\n";
        assert_eq!(builtin.to_yaml(), text);
        let list = builtin.to_yaml_behind("");
        assert!(
            list.starts_with("- configuredIn: ../base/kustomization.yaml\n  configuredBy:\n"),
            "{list}"
        );
    }

    #[test]
    fn paths_are_joined_in_normal_form() {
        for (base, path, joined) in [
            ("", "a", "a"),
            ("a", "../b", "b"),
            ("a", "../../b", "../b"),
            ("../a", "../..", "../.."),
            ("a/b", "./c//d", "a/b/c/d"),
            ("", ".", ""),
        ] {
            assert_eq!(join(base, path), joined, "{base} {path}");
        }
    }
}
