//! Vars: values of fields that stand as `$(NAME)` in other fields (api: internal/accumulator, filters/refvar).

mod expand;

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};

use goyaml::{Form, Kind, Node, Position, Style, Tag, float};
use thiserror::Error;

use crate::budget::{Budget, OverBudget};
use crate::config::TransformerConfig;
use crate::fieldspec::{Creation, FieldError, FieldPath};
use crate::id::{Gvk, ResId};
use crate::kustomization::{FieldSpec, Var};
use crate::replacements::path;
use crate::resmap::ResMap;
use crate::resource::{Resource, Sensitivity};
use crate::sharing::{self, UNTYPED};

use expand::{Expanded, expand};

/// Vars cannot be used.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum VarError {
    /// Several objects could be meant.
    #[error("found {count} resId matches for var {name} (unable to disambiguate)")]
    Ambiguous {
        /// The name of the var.
        name: String,
        /// How many objects.
        count: usize,
    },
    /// There are two vars of one name.
    #[error("var '{name}' already encountered")]
    Repeated {
        /// The name.
        name: String,
    },
    /// The object does not have the field.
    #[error("field specified in var '{name}' not found in corresponding resource")]
    NoField {
        /// The name of the var.
        name: String,
    },
    /// There is no such object.
    #[error("var '{name}' cannot be mapped to a field in the set of known resources")]
    NoObject {
        /// The name of the var.
        name: String,
    },
    /// A field in which vars are replaced cannot be reached.
    #[error("considering field '{path}' of object {id}")]
    Field {
        /// The path of the field.
        path: String,
        /// The object.
        id: Box<ResId<'static>>,
        /// What is wrong.
        source: VarFieldError,
    },
}

/// Vars cannot be replaced in a field.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum VarFieldError {
    /// The field cannot be reached.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The build takes too much.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
    /// A key of a mapping is not a string.
    #[error("line {line}: invalid map key")]
    Key {
        /// Where it was read.
        line: u32,
    },
    /// An item of a list is not a string.
    #[error("line {line}: invalid value type expect a string")]
    Item {
        /// Where it was read.
        line: u32,
    },
}

impl VarError {
    /// A stable name for the kind of error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Ambiguous { .. } => "ambiguous-var",
            Self::Repeated { .. } => "repeated-var",
            Self::NoField { .. } => "var-field-not-found",
            Self::NoObject { .. } => "var-object-not-found",
            Self::Field { source, .. } => match source {
                VarFieldError::Field(error) => error.reason(),
                VarFieldError::OverBudget(error) => error.reason(),
                VarFieldError::Key { .. } | VarFieldError::Item { .. } => "var-in-non-string",
            },
        }
    }
}

/// The vars of a kustomization and of those that it is made of, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VarSet {
    vars: BTreeMap<String, Var>,
}

/// What a var stands for.
#[derive(Clone, PartialEq)]
pub(crate) enum VarValue {
    Text(String),
    Int(i64),
    Float(f64),
    Bool(bool),
    /// A collection, which stands for nothing: the var is left as it is.
    Collection,
}

impl VarSet {
    /// Adds the vars of a kustomization, and notes on the objects that it has which vars they hold.
    ///
    /// # Errors
    ///
    /// When a var could mean several objects, or one of its name is there.
    pub fn add(&mut self, map: &mut ResMap, vars: &[Var]) -> Result<(), VarError> {
        for var in vars {
            let places = places(map, var);
            match places.as_slice() {
                [] => {}
                [place] => map.as_mut_slice()[*place].add_var_name(&var.name),
                several => {
                    return Err(VarError::Ambiguous {
                        name: var.name.clone(),
                        count: several.len(),
                    });
                }
            }
        }
        vars.iter().try_for_each(|var| self.insert(var.clone()))
    }

    /// Adds the vars of another set.
    ///
    /// # Errors
    ///
    /// When both have one of the same name.
    pub fn absorb(&mut self, other: Self) -> Result<(), VarError> {
        other
            .vars
            .into_values()
            .try_for_each(|var| self.insert(var))
    }

    /// Replaces the vars in all objects. The names of those that stood nowhere are given back.
    ///
    /// # Errors
    ///
    /// When the field of a var is not there, a field in which vars are replaced is not what it must be, or the budget
    /// does not suffice.
    pub fn resolve(
        &self,
        map: &mut ResMap,
        config: &TransformerConfig,
        budget: &Budget,
    ) -> Result<Vec<String>, VarError> {
        if self.vars.is_empty() {
            return Ok(Vec::new());
        }
        let values = self.values(map)?;
        let mut by_type: HashMap<Gvk<'static>, Vec<(&FieldSpec, FieldPath<'_>)>> = HashMap::new();
        for resource in map.iter_mut() {
            let fields = by_type
                .entry(resource.gvk().into_owned())
                .or_insert_with_key(|gvk| fields_of(gvk, &config.var_reference));
            for (spec, path) in fields {
                let replaced = path.visit(resource.node_mut(), &Creation::Never, |node| {
                    replace(node, &values, budget)
                });
                replaced.map_err(|source| VarError::Field {
                    path: spec.path.clone(),
                    id: Box::new(resource.id().into_owned()),
                    source,
                })?;
            }
            resource.absorb_sensitivity(values.sensitivity.take());
        }
        let unused = values
            .by_name
            .into_iter()
            .filter(|(_, value)| !value.is_used.get());
        Ok(unused.map(|(name, _)| name.to_owned()).collect())
    }

    fn insert(&mut self, var: Var) -> Result<(), VarError> {
        if self.vars.contains_key(&var.name) {
            return Err(VarError::Repeated { name: var.name });
        }
        self.vars.insert(var.name.clone(), var);
        Ok(())
    }

    fn values(&self, map: &ResMap) -> Result<Values<'_>, VarError> {
        let mut holders: HashMap<&str, &Resource> = HashMap::new();
        for resource in map {
            for name in resource.var_names() {
                holders.entry(name).or_insert(resource);
            }
        }
        let values = self.vars.iter().map(|(name, var)| {
            let holder = holders
                .get(&**name)
                .ok_or_else(|| VarError::NoObject { name: name.clone() })?;
            let path = match &*var.field.path {
                "" => "metadata.name",
                path => path,
            };
            let value = field_value(holder.node(), path)
                .ok_or_else(|| VarError::NoField { name: name.clone() })?;
            Ok((
                &**name,
                Usable {
                    value,
                    sensitivity: holder.sensitivity(),
                    is_used: Cell::new(false),
                },
            ))
        });
        Ok(Values {
            by_name: values.collect::<Result<_, _>>()?,
            sensitivity: Cell::default(),
        })
    }
}

/// Values by the names of vars.
struct Values<'v> {
    by_name: BTreeMap<&'v str, Usable>,
    /// That of the values that were used since it was last asked for.
    sensitivity: Cell<Sensitivity>,
}

/// A value and whether it was used.
struct Usable {
    value: VarValue,
    sensitivity: Sensitivity,
    is_used: Cell<bool>,
}

fn fields_of<'c>(gvk: &Gvk<'_>, specs: &'c [FieldSpec]) -> Vec<(&'c FieldSpec, FieldPath<'c>)> {
    let specs = specs.iter().filter(|spec| gvk.is_selected_by(&spec.gvk));
    specs
        .map(|spec| (spec, FieldPath::new(&spec.path)))
        .collect()
}

/// Places of the objects that a var can mean. Without a namespace, one in any namespace is meant.
fn places(map: &ResMap, var: &Var) -> Vec<usize> {
    let mut gvk = var.object.gvk.clone();
    match var.object.api_version.split('/').collect::<Vec<_>>()[..] {
        [""] => {}
        [version] => gvk.version = version.to_owned().into(),
        [group, version] => {
            gvk.group = group.to_owned().into();
            gvk.version = version.to_owned().into();
        }
        _ => {}
    }
    let wanted = ResId {
        gvk,
        name: (&*var.object.name).into(),
        namespace: (&*var.object.namespace).into(),
        ..ResId::default()
    };
    let is_meant = |id: &ResId<'_>| {
        if wanted.namespace.is_empty() {
            id.is_same_type_and_name(&wanted)
        } else {
            id.is_same_object(&wanted)
        }
    };
    let places = map.iter().enumerate().filter(|(_, resource)| {
        !resource.is_empty()
            && (is_meant(&resource.id()) || resource.previous_ids().iter().any(is_meant))
    });
    places.map(|(place, _)| place).collect()
}

/// The value of a field, in the type that its tag says.
fn field_value(root: &Node, text: &str) -> Option<VarValue> {
    let mut parts = Vec::new();
    for part in path::split(text) {
        parts.extend(path::split_index(part));
    }
    let node = path::lookup(root, &parts).ok()??;
    if node.kind != Kind::Scalar {
        return Some(VarValue::Collection);
    }
    let text = &node.value;
    if node.position == UNTYPED {
        return Some(VarValue::Text(text.clone()));
    }
    match node.tag {
        Tag::Int => text.parse().ok().map(VarValue::Int),
        Tag::Float => text.parse().ok().map(VarValue::Float),
        Tag::Bool => match &**text {
            "true" | "True" | "TRUE" => Some(VarValue::Bool(true)),
            "false" | "False" | "FALSE" => Some(VarValue::Bool(false)),
            _ => None,
        },
        Tag::Binary
        | Tag::Custom(_)
        | Tag::Map
        | Tag::Merge
        | Tag::Null
        | Tag::Seq
        | Tag::Str
        | Tag::Timestamp => Some(VarValue::Text(text.clone())),
    }
}

fn replace(node: &mut Node, values: &Values<'_>, budget: &Budget) -> Result<(), VarFieldError> {
    if node.is_null() {
        return Ok(());
    }
    match node.kind {
        Kind::Scalar => Ok(replace_text(node, values, budget)?),
        Kind::Mapping => {
            for (key, value) in node.entries_mut() {
                if !is_text(key) {
                    return Err(VarFieldError::Key {
                        line: key.position.line,
                    });
                }
                replace_text(value, values, budget)?;
            }
            Ok(())
        }
        Kind::Sequence => {
            for item in &mut node.content {
                if !is_text(item) {
                    return Err(VarFieldError::Item {
                        line: item.position.line,
                    });
                }
                replace_text(item, values, budget)?;
            }
            Ok(())
        }
        Kind::Alias => Err(FieldError::NotACollection(node.position).into()),
    }
}

/// Whether a node is a string, or has no type of its own.
fn is_text(node: &Node) -> bool {
    node.kind == Kind::Scalar && (node.tag == Tag::Str || node.position == UNTYPED)
}

/// Replaces the vars in a string. One that is a var and nothing else becomes what the var is.
fn replace_text(node: &mut Node, values: &Values<'_>, budget: &Budget) -> Result<(), OverBudget> {
    if !is_text(node) {
        return Ok(());
    }
    let expanded = expand(&node.value, budget, |name| {
        let usable = values.by_name.get(name)?;
        if usable.value != VarValue::Collection {
            usable.is_used.set(true);
            if usable.sensitivity == Sensitivity::Decrypted {
                values.sensitivity.set(usable.sensitivity);
            }
        }
        Some(&usable.value)
    })?;
    let (tag, text) = match expanded {
        Expanded::Text(text) | Expanded::Value(VarValue::Text(text)) => (Tag::Str, text),
        Expanded::Value(VarValue::Int(number)) => (Tag::Int, number.to_string()),
        Expanded::Value(VarValue::Float(number)) => (Tag::Float, float::plain(number)),
        Expanded::Value(VarValue::Bool(value)) => (Tag::Bool, value.to_string()),
        Expanded::Value(VarValue::Collection) => return Ok(()),
    };
    node.tag = tag;
    node.value = text;
    node.style = Style {
        form: Form::Any,
        tagged: false,
    };
    if node.position == UNTYPED {
        node.position = Position::default();
    }
    sharing::touch(node);
    Ok(())
}
