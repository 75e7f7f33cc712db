//! Replacements: values copied from a field of one object to fields of others (api: filters/replacement/replacement.go).

pub(crate) mod path;
mod structured;

use std::borrow::Cow;

use goyaml::{Form, Kind, Node, Position, Style, Tag};
use thiserror::Error;

use crate::budget::{Budget, OverBudget};
use crate::id::{ResId, Scope};
use crate::kustomization::{FieldOptions, Replacement, ReplacementSource, ReplacementTarget};
use crate::node::{is_empty, size, untyped};
use crate::resmap::ResMap;
use crate::resource::{Resource, Sensitivity};
use crate::selector::{CompiledSelector, SelectorError};
use crate::sharing::{self, UNTYPED, touch};

pub use path::PathError;

use structured::Outcome;

/// The field that is meant when none is named.
const DEFAULT_FIELD: &str = "metadata.name";

/// A replacement cannot be made. Never tells a value.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ReplacementError {
    /// A source or the targets are missing.
    #[error("replacements must specify a source and at least one target")]
    Incomplete,
    /// The value is given in two ways.
    #[error("value and resource selectors are mutually exclusive")]
    TwoSources,
    /// No object is the source.
    #[error("nothing selected by {selector}")]
    NoSource {
        /// What was looked for.
        selector: String,
    },
    /// Several objects are the source.
    #[error("multiple matches for selector {selector}")]
    SeveralSources {
        /// What was looked for.
        selector: String,
    },
    /// The source's field cannot be reached.
    #[error("error looking up replacement source")]
    SourcePath(#[source] PathError),
    /// The source does not have the field.
    #[error("fieldPath `{path}` is missing for replacement source {source_id}")]
    NoSourceField {
        /// The field.
        path: String,
        /// What selects the source.
        source_id: Box<ResId<'static>>,
    },
    /// A delimiter where there is no text to split.
    #[error("delimiter option can only be used with scalar nodes")]
    DelimiterOfCollection,
    /// A text grew beyond what any object can hold, as one does that is put into itself time and again.
    #[error("the text of the target grew beyond {LONGEST_TEXT} bytes")]
    TextTooLong,
    /// The build takes too much.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
    /// The source's text has no such part.
    #[error("options.index {index} is out of bounds for the value of the source")]
    Index {
        /// The index.
        index: i64,
    },
    /// A target does not say which objects.
    #[error("target must specify resources to select")]
    NoSelect,
    /// A target's selector cannot be used.
    #[error("error creating target selector")]
    Selector(#[from] SelectorError),
    /// A target does not have the field.
    #[error("unable to find{} field \"{path}\" in replacement target", or_create(*.create))]
    NoTargetField {
        /// The field.
        path: String,
        /// Whether it may be created.
        create: bool,
        /// Why it cannot be reached, if it was not just missing.
        source: Option<PathError>,
    },
}

const fn or_create(create: bool) -> &'static str {
    if create { " or create" } else { "" }
}

impl ReplacementError {
    /// A stable name for the kind of error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete-replacement",
            Self::TwoSources => "two-replacement-sources",
            Self::NoSource { .. } => "replacement-source-not-found",
            Self::SeveralSources { .. } => "ambiguous-replacement-source",
            Self::SourcePath(error) => error.reason(),
            Self::NoSourceField { .. } => "replacement-source-field-not-found",
            Self::DelimiterOfCollection => "delimiter-of-collection",
            Self::TextTooLong => "text-too-long",
            Self::OverBudget(error) => error.reason(),
            Self::Index { .. } => "replacement-index-out-of-bounds",
            Self::NoSelect => "replacement-target-without-select",
            Self::Selector(error) => error.reason(),
            Self::NoTargetField { .. } => "replacement-target-field-not-found",
        }
    }
}

/// Makes replacements, one after another.
///
/// # Errors
///
/// See [`ReplacementError`].
pub fn replace(
    map: &mut ResMap,
    replacements: &[Replacement],
    budget: &Budget,
) -> Result<(), ReplacementError> {
    for replacement in replacements {
        let has_source = replacement.source.is_some() || replacement.source_value.is_some();
        if !has_source || replacement.targets.is_empty() {
            return Err(ReplacementError::Incomplete);
        }
        let mut value = source_value(map, replacement, budget)?;
        for target in &replacement.targets {
            let target = target.as_ref().ok_or(ReplacementError::NoSelect)?;
            write(map, target, &mut value, budget)?;
        }
    }
    map.drop_empty();
    Ok(())
}

/// What is copied.
struct Value {
    node: Node,
    sensitivity: Sensitivity,
    /// The field that it is, unless it is only a part of one. The real program copies from there each time, so that a
    /// source that is among its own targets changes what the others get.
    field: Option<SourceField>,
}

struct SourceField {
    /// Where the object stands.
    place: usize,
    parts: Vec<Cow<'static, str>>,
}

impl SourceField {
    /// Reads the value again.
    fn read(&self, root: &Node, value: &mut Node) {
        if let Ok(Some(node)) = path::lookup(root, &self.parts) {
            value.clone_from(node);
            sharing::separate(value);
        }
    }
}

fn source_value(
    map: &ResMap,
    replacement: &Replacement,
    budget: &Budget,
) -> Result<Value, ReplacementError> {
    match (&replacement.source, &replacement.source_value) {
        (Some(_), Some(_)) => Err(ReplacementError::TwoSources),
        (None, Some(text)) => Ok(Value {
            node: untyped(text, Style::default()),
            sensitivity: Sensitivity::Plain,
            field: None,
        }),
        (None, None) => Err(ReplacementError::Incomplete),
        (Some(source), None) => {
            budget.visit(map.len())?;
            let (place, resource) = source_object(map, source)?;
            let path = match &*source.field_path {
                "" => DEFAULT_FIELD,
                path => path,
            };
            let parts: Vec<Cow<'static, str>> = path::split(path)
                .into_iter()
                .map(|part| Cow::Owned(part.into_owned()))
                .collect();
            let found =
                path::lookup(resource.node(), &parts).map_err(ReplacementError::SourcePath)?;
            let missing = || ReplacementError::NoSourceField {
                path: path.to_owned(),
                source_id: Box::new(source_id(source).into_owned()),
            };
            let node = found.filter(|node| !is_empty(node)).ok_or_else(missing)?;
            let options = source.options.as_ref();
            let mut node = part_of(node, options)?;
            sharing::separate(&mut node);
            let is_part = options.is_some_and(|options| !options.delimiter.is_empty());
            Ok(Value {
                node,
                sensitivity: resource.sensitivity(),
                field: (!is_part).then_some(SourceField { place, parts }),
            })
        }
    }
}

fn source_id(source: &ReplacementSource) -> ResId<'_> {
    ResId {
        gvk: source.gvk.clone(),
        scope: Scope::Namespaced,
        name: (&*source.name).into(),
        namespace: (&*source.namespace).into(),
    }
}

/// The source as the real program names it in errors.
fn selector_text(source: &ReplacementSource) -> String {
    let mut text = source_id(source).to_string();
    if !source.field_path.is_empty() {
        text.push(':');
        text.push_str(&source.field_path);
    }
    match &source.options {
        Some(options) if !options.delimiter.is_empty() || options.create => {
            let FieldOptions {
                delimiter,
                index,
                create,
                ..
            } = options;
            format!("{text}:{delimiter}({index}), create={create}")
        }
        _ => text,
    }
}

fn source_object<'m>(
    map: &'m ResMap,
    source: &ReplacementSource,
) -> Result<(usize, &'m Resource), ReplacementError> {
    let pattern = source_id(source);
    let mut found = map
        .iter()
        .enumerate()
        .filter(|(_, resource)| ids(resource).iter().any(|id| id.is_selected_by(&pattern)));
    match (found.next(), found.next()) {
        (Some(found), None) => Ok(found),
        (None, _) => Err(ReplacementError::NoSource {
            selector: selector_text(source),
        }),
        (Some(_), Some(_)) => Err(ReplacementError::SeveralSources {
            selector: selector_text(source),
        }),
    }
}

/// The ids that an object has or had. Here every type counts as one that has namespaces.
fn ids(resource: &Resource) -> Vec<ResId<'_>> {
    let mut ids = vec![resource.id()];
    ids.append(&mut resource.previous_ids());
    for id in &mut ids {
        id.scope = Scope::Namespaced;
    }
    ids
}

/// The part of a text that the options ask for; without a delimiter, all of the node.
fn part_of(node: &Node, options: Option<&FieldOptions>) -> Result<Node, ReplacementError> {
    let mut value = node.clone();
    let Some(options) = options.filter(|options| !options.delimiter.is_empty()) else {
        return Ok(value);
    };
    if node.kind != Kind::Scalar {
        return Err(ReplacementError::DelimiterOfCollection);
    }
    let part = usize::try_from(options.index)
        .ok()
        .and_then(|index| node.value.split(&*options.delimiter).nth(index));
    let part = part.ok_or(ReplacementError::Index {
        index: options.index,
    })?;
    part.clone_into(&mut value.value);
    Ok(value)
}

fn write(
    map: &mut ResMap,
    target: &ReplacementTarget,
    value: &mut Value,
    budget: &Budget,
) -> Result<(), ReplacementError> {
    let selector = target.select.as_ref().ok_or(ReplacementError::NoSelect)?;
    let select = CompiledSelector::new(selector)?;
    let mut reject = Vec::new();
    for selector in target.reject.iter().flatten() {
        let by_id =
            !(selector.gvk.is_empty() && selector.name.is_empty() && selector.namespace.is_empty());
        let by_metadata =
            !(selector.label_selector.is_empty() && selector.annotation_selector.is_empty());
        reject.push((CompiledSelector::new(selector)?, by_id, by_metadata));
    }
    budget.visit(map.len().saturating_mul(1 + reject.len()))?;
    for (place, resource) in map.iter_mut().enumerate() {
        let ids = ids(resource);
        let is_selected = ids.iter().any(|id| select.id().matches(id))
            && select.matches_metadata(resource)
            && !reject.iter().any(|(reject, by_id, by_metadata)| {
                *by_metadata && reject.matches_metadata(resource)
                    || *by_id && ids.iter().any(|id| reject.id().matches(id))
            });
        if is_selected {
            let own = value.field.as_ref().filter(|field| field.place == place);
            write_to(resource.node_mut(), target, &mut value.node, own, budget)?;
            resource.absorb_sensitivity(value.sensitivity);
        }
    }
    Ok(())
}

fn write_to(
    root: &mut Node,
    target: &ReplacementTarget,
    value: &mut Node,
    own: Option<&SourceField>,
    budget: &Budget,
) -> Result<(), ReplacementError> {
    let options = target.options.as_ref();
    let default = [DEFAULT_FIELD.to_owned()];
    let paths = match target.field_paths.as_slice() {
        [] => default.as_slice(),
        paths => paths,
    };
    for path in paths {
        let parts = path::split(path);
        let create = options.filter(|options| options.create).map(|_| value.kind);
        if structured::replace(root, &parts, create, value, budget)? == Outcome::NotApplicable {
            let missing = |source| ReplacementError::NoTargetField {
                path: path.clone(),
                create: create.is_some(),
                source,
            };
            let mut set =
                |node: &mut Node| set_value(node, options, value, budget).map_err(Stop::Set);
            match path::visit(root, &parts, create, &mut set) {
                Ok(0) => return Err(missing(None)),
                Ok(_) => {}
                Err(Stop::Path(error)) => return Err(missing(Some(error))),
                Err(Stop::Set(error)) => return Err(error),
            }
        }
        sharing::settle(root);
        if let Some(field) = own {
            field.read(root, value);
        }
    }
    Ok(())
}

/// Why the fields of a path could not all be set.
enum Stop {
    Path(PathError),
    Set(ReplacementError),
}

impl From<PathError> for Stop {
    fn from(error: PathError) -> Self {
        Self::Path(error)
    }
}

/// An API server takes objects of up to 3 MiB.
const LONGEST_TEXT: usize = 4 << 20;

fn set_value(
    node: &mut Node,
    options: Option<&FieldOptions>,
    value: &Node,
    budget: &Budget,
) -> Result<(), ReplacementError> {
    let options = options.filter(|options| !options.delimiter.is_empty());
    let joined = match options {
        None => None,
        Some(_) if node.kind != Kind::Scalar => {
            return Err(ReplacementError::DelimiterOfCollection);
        }
        Some(options) => Some(joined(&node.value, options, text_of(value))),
    };
    if joined
        .as_ref()
        .is_some_and(|text| text.len() > LONGEST_TEXT)
    {
        return Err(ReplacementError::TextTooLong);
    }
    if node.kind == Kind::Scalar {
        let text = joined.as_deref().unwrap_or(&value.value);
        budget.spend(text.len())?;
        set_text_of(node, text);
        touch(node);
    } else {
        budget.spend(size(value))?;
        *node = value.clone();
    }
    Ok(())
}

fn text_of(value: &Node) -> &str {
    if value.is_null() { "" } else { &value.value }
}

/// The text of the target with a part replaced, or one added before or behind where there is no such part.
fn joined(text: &str, options: &FieldOptions, value: &str) -> String {
    let mut parts: Vec<&str> = text.split(&*options.delimiter).collect();
    match usize::try_from(options.index) {
        Err(_) => parts.insert(0, value),
        Ok(index) => match parts.get_mut(index) {
            Some(part) => *part = value,
            None => parts.push(value),
        },
    }
    parts.join(&options.delimiter)
}

/// Gives a scalar another text. It keeps its type, unless it has none of its own.
fn set_text_of(node: &mut Node, text: &str) {
    if is_new(node) {
        node.position = UNTYPED;
    }
    if node.position == UNTYPED {
        let untyped = untyped(text, node.style);
        node.tag = untyped.tag;
    }
    text.clone_into(&mut node.value);
}

/// Whether a node was just made on the way of a path.
fn is_new(node: &Node) -> bool {
    node.position == Position::default()
        && node.tag == Tag::Null
        && node.value.is_empty()
        && node.style.form == Form::Any
}
