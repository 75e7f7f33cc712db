//! The fields of a manifest, taken one by one, with the way to each for errors. What nobody takes is unknown.

use std::cell::RefCell;
use std::collections::BTreeMap;

use goyaml::Value;

use super::duration::DurationError;

/// Why a field cannot be used. Names fields, never a value.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// A cluster is named by address and by name.
    #[error("`{field}` can't have both `name` and `server`")]
    BothNameAndServer {
        /// The destination.
        field: String,
    },
    /// A chart without a version.
    #[error("`{field}.targetRevision` is required for a Helm chart")]
    ChartWithoutVersion {
        /// The source.
        field: String,
    },
    /// A duration that is none.
    #[error("`{field}`")]
    Duration {
        /// The field.
        field: String,
        /// What is wrong.
        source: DurationError,
    },
    /// A pattern that is none.
    #[error("`{field}`")]
    Glob {
        /// The field.
        field: String,
        /// What is wrong.
        source: tree::GlobError,
    },
    /// A field that must be there is not, or is empty.
    #[error("`{field}` is missing")]
    Missing {
        /// The field.
        field: String,
    },
    /// The destination names no cluster.
    #[error("`{field}` names no cluster: one of `server` and `name` is required")]
    NoCluster {
        /// The destination.
        field: String,
    },
    /// The source is nothing.
    #[error("`{field}` needs one of {needed}")]
    NoContent {
        /// The source.
        field: String,
        /// What would do.
        needed: &'static str,
    },
    /// The application has no source.
    #[error("`{field}` has neither `source` nor `sources`")]
    NoSource {
        /// What holds them.
        field: String,
    },
    /// A number out of bounds.
    #[error("`{field}` must be {expected}")]
    Number {
        /// The field.
        field: String,
        /// What would do.
        expected: &'static str,
    },
    /// Two sources have one name for references.
    #[error("`{field}` is the `ref` of another source too")]
    RepeatedReference {
        /// The field.
        field: String,
    },
    /// A source is for several tools.
    #[error("`{field}` is for several tools: {tools}")]
    SeveralTools {
        /// The source.
        field: String,
        /// Their fields.
        tools: String,
    },
    /// A field holds another type.
    #[error("`{field}` must be {expected}")]
    WrongType {
        /// The field.
        field: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A text that is none of a list.
    #[error("`{field}` must be one of {expected}")]
    WrongWord {
        /// The field.
        field: String,
        /// The list.
        expected: &'static str,
    },
}

impl FieldError {
    /// The stable name of the reason.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::BothNameAndServer { .. } => "both-name-and-server",
            Self::ChartWithoutVersion { .. } => "chart-without-version",
            Self::Duration { source, .. } => source.reason(),
            Self::Glob { source, .. } => source.reason(),
            Self::Missing { .. } => "field-missing",
            Self::NoCluster { .. } => "no-cluster",
            Self::NoContent { .. } => "source-without-content",
            Self::NoSource { .. } => "no-source",
            Self::Number { .. } => "field-number",
            Self::RepeatedReference { .. } => "repeated-ref",
            Self::SeveralTools { .. } => "several-tools",
            Self::WrongType { .. } => "wrong-type-of-field",
            Self::WrongWord { .. } => "wrong-word",
        }
    }

    /// The field that it is about.
    pub fn field(&self) -> &str {
        match self {
            Self::BothNameAndServer { field }
            | Self::ChartWithoutVersion { field }
            | Self::Duration { field, .. }
            | Self::Glob { field, .. }
            | Self::Missing { field }
            | Self::NoCluster { field }
            | Self::NoContent { field, .. }
            | Self::NoSource { field }
            | Self::Number { field, .. }
            | Self::RepeatedReference { field }
            | Self::SeveralTools { field, .. }
            | Self::WrongType { field, .. }
            | Self::WrongWord { field, .. } => field,
        }
    }
}

/// What is noticed on the way: the ways to fields that mean nothing.
#[derive(Default)]
pub(super) struct Notes {
    unknown: RefCell<Vec<String>>,
    ignored: RefCell<Vec<String>>,
}

impl Notes {
    /// Fields that are not known.
    pub(super) fn unknown(&self) -> Vec<String> {
        self.unknown.take()
    }

    /// Fields that are known and have no effect.
    pub(super) fn ignored(&self) -> Vec<String> {
        self.ignored.take()
    }
}

/// The fields of one object that nobody has taken yet. As in Go, a null or an empty text is as good as nothing.
pub(super) struct Fields<'v> {
    whole: &'v Value,
    left: Vec<(&'v str, &'v Value)>,
    path: String,
    notes: &'v Notes,
}

impl<'v> Fields<'v> {
    /// Those of `value`, which stands at `path`.
    pub(super) fn of(value: &'v Value, path: String, notes: &'v Notes) -> Result<Self, FieldError> {
        let Value::Object(entries) = value else {
            return Err(FieldError::WrongType {
                field: if path.is_empty() {
                    "the document".to_owned()
                } else {
                    path
                },
                expected: "an object",
            });
        };
        Ok(Self {
            whole: value,
            left: entries
                .iter()
                .filter(|(_, value)| !matches!(value, Value::Null))
                .map(|(name, value)| (name.as_str(), value))
                .collect(),
            path,
            notes,
        })
    }

    /// The object itself.
    pub(super) const fn whole(&self) -> &'v Value {
        self.whole
    }

    /// The way to the object itself.
    pub(super) fn path(&self) -> String {
        self.path.clone()
    }

    /// The way to one of its fields.
    pub(super) fn path_to(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// Takes a field whatever it holds.
    pub(super) fn value(&mut self, name: &str) -> Option<&'v Value> {
        let at = self.left.iter().position(|(field, _)| *field == name)?;
        Some(self.left.swap_remove(at).1)
    }

    /// Whether a field that nobody has taken is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.left.iter().any(|(field, _)| *field == name)
    }

    /// Takes fields that mean nothing here.
    pub(super) fn pass_over(&mut self, names: &[&str]) {
        self.left.retain(|(name, _)| !names.contains(name));
    }

    /// Takes all that is left.
    pub(super) fn pass_over_rest(&mut self) {
        self.left.clear();
    }

    /// Takes a field that is known and has no effect, which is noted.
    pub(super) fn ignore(&mut self, name: &str) {
        if self.value(name).is_some() {
            self.notes.ignored.borrow_mut().push(self.path_to(name));
        }
    }

    /// A text.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, FieldError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok((!text.is_empty()).then(|| text.clone())),
            Some(_) => Err(self.wrong_type(name, "a text")),
        }
    }

    /// A text that must be there.
    pub(super) fn required_text(&mut self, name: &str) -> Result<String, FieldError> {
        self.text(name)?.ok_or_else(|| FieldError::Missing {
            field: self.path_to(name),
        })
    }

    /// True or false; false where nothing is said.
    pub(super) fn flag(&mut self, name: &str) -> Result<bool, FieldError> {
        Ok(self.choice(name)?.unwrap_or_default())
    }

    /// True or false, where something is said.
    pub(super) fn choice(&mut self, name: &str) -> Result<Option<bool>, FieldError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(self.wrong_type(name, "true or false")),
        }
    }

    /// A whole number.
    pub(super) fn integer(&mut self, name: &str) -> Result<Option<i64>, FieldError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Int(number)) => Ok(Some(*number)),
            Some(_) => Err(self.wrong_type(name, "a whole number")),
        }
    }

    /// A whole number that is not negative.
    pub(super) fn count(&mut self, name: &str) -> Result<Option<u32>, FieldError> {
        let Some(number) = self.integer(name)? else {
            return Ok(None);
        };
        let count = u32::try_from(number).map_err(|_| FieldError::Number {
            field: self.path_to(name),
            expected: "0 or more",
        })?;
        Ok(Some(count))
    }

    /// A text that means something.
    pub(super) fn parsed<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, DurationError>,
    ) -> Result<Option<T>, FieldError> {
        self.text(name)?
            .map(|text| {
                parse(&text).map_err(|source| FieldError::Duration {
                    field: self.path_to(name),
                    source,
                })
            })
            .transpose()
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, name: &str) -> Result<Vec<String>, FieldError> {
        let Some(value) = self.value(name) else {
            return Ok(Vec::new());
        };
        value
            .as_array()
            .and_then(|items| {
                items
                    .iter()
                    .map(|item| item.as_str().map(str::to_owned))
                    .collect()
            })
            .ok_or_else(|| self.wrong_type(name, "a list of texts"))
    }

    /// Texts by their names.
    pub(super) fn texts_by_name(
        &mut self,
        name: &str,
    ) -> Result<BTreeMap<String, String>, FieldError> {
        let Some(value) = self.value(name) else {
            return Ok(BTreeMap::new());
        };
        value
            .as_object()
            .and_then(|entries| {
                entries
                    .iter()
                    .map(|(key, value)| match value {
                        Value::Null => Some((key.clone(), String::new())),
                        value => Some((key.clone(), value.as_str()?.to_owned())),
                    })
                    .collect()
            })
            .ok_or_else(|| self.wrong_type(name, "an object of texts"))
    }

    /// An object.
    pub(super) fn object<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Fields<'_>) -> Result<T, FieldError>,
    ) -> Result<Option<T>, FieldError> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        read_at(value, self.path_to(name), self.notes, read).map(Some)
    }

    /// An object that must be there.
    pub(super) fn required<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Fields<'_>) -> Result<T, FieldError>,
    ) -> Result<T, FieldError> {
        self.object(name, read)?.ok_or_else(|| FieldError::Missing {
            field: self.path_to(name),
        })
    }

    /// A list of objects.
    pub(super) fn list<T>(
        &mut self,
        name: &str,
        read: impl Fn(&mut Fields<'_>) -> Result<T, FieldError>,
    ) -> Result<Vec<T>, FieldError> {
        let Some(value) = self.value(name) else {
            return Ok(Vec::new());
        };
        let items = value
            .as_array()
            .ok_or_else(|| self.wrong_type(name, "a list"))?;
        let path = self.path_to(name);
        items
            .iter()
            .enumerate()
            .map(|(index, item)| read_at(item, format!("{path}[{index}]"), self.notes, &read))
            .collect()
    }

    /// The error for a field of another type.
    pub(super) fn wrong_type(&self, name: &str, expected: &'static str) -> FieldError {
        FieldError::WrongType {
            field: self.path_to(name),
            expected,
        }
    }
}

/// Reads a whole object; fields that are left are noted as unknown.
pub(super) fn read_at<'v, T>(
    value: &'v Value,
    path: String,
    notes: &'v Notes,
    read: impl FnOnce(&mut Fields<'v>) -> Result<T, FieldError>,
) -> Result<T, FieldError> {
    let mut fields = Fields::of(value, path, notes)?;
    let read = read(&mut fields)?;
    let unknown = fields.left.iter().map(|(name, _)| fields.path_to(name));
    notes.unknown.borrow_mut().extend(unknown);
    Ok(read)
}
