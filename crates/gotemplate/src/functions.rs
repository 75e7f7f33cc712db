//! Which functions a template can call, and how a call is checked.
//!
//! Go checks each argument against the static type of the parameter. So each function has a signature here, and its
//! body is only called with arguments that fit it.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::ambient::Ambient;
use crate::error::Fault;
use crate::exec::Executor;
use crate::value::{Map, Text, Value};
use crate::{builtin, sprig};

/// The Go type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Parameter {
    /// `interface {}`: anything, also nil.
    Any,
    /// `string`.
    Str,
    /// `int`.
    Int,
    /// `float64`.
    Float,
    /// `bool`.
    Bool,
    /// `map[string]interface {}`, also nil.
    Dict,
    /// `time.Time`.
    Time,
}

/// The body of a function: it is only called with arguments that fit the parameters.
pub type Body = dyn Fn(&Call<'_>, &[Value]) -> Result<Value, Fault> + Send + Sync;

/// A function that a caller adds to the ones this library has.
#[derive(Clone)]
pub struct Function {
    fixed: Arc<[Parameter]>,
    rest: Option<Parameter>,
    body: Arc<Body>,
}

impl Function {
    /// A function with these parameters; with `rest`, it takes any number of further arguments of that type.
    ///
    /// A function added this way counts as one that can fail: no template that calls it is
    /// [`Total`](crate::Totality::Total).
    pub fn new(
        fixed: impl Into<Arc<[Parameter]>>,
        rest: Option<Parameter>,
        body: impl Fn(&Call<'_>, &[Value]) -> Result<Value, Fault> + Send + Sync + 'static,
    ) -> Self {
        Self {
            fixed: fixed.into(),
            rest,
            body: Arc::new(body),
        }
    }
}

/// The functions that a template may call: Go's own, sprig's, and what the caller adds.
#[derive(Clone, Default)]
pub struct Functions {
    added: BTreeMap<String, Function>,
    ambient: Option<Arc<dyn Ambient>>,
}

impl Functions {
    /// Go's builtins and sprig's text functions as the SealedSecrets controller has them: without `env`, `expandenv`
    /// and `getHostByName`. There is no clock and no randomness, so functions that ask for them fail.
    pub fn controller() -> Self {
        Self::default()
    }

    /// The same functions, with a clock and randomness.
    #[must_use]
    pub fn with_ambient(mut self, ambient: Arc<dyn Ambient>) -> Self {
        self.ambient = Some(ambient);
        self
    }

    /// Adds a function, or replaces the one of that name.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, function: Function) -> Self {
        self.added.insert(name.into(), function);
        self
    }

    /// Whether a template may name this function. That includes functions that refuse to run.
    pub fn knows(&self, name: &str) -> bool {
        self.find(name).is_some() || sprig::is_refused(name)
    }

    pub(crate) fn refuses(&self, name: &str) -> bool {
        sprig::is_refused(name) && !self.added.contains_key(name)
    }

    pub(crate) fn is_added(&self, name: &str) -> bool {
        self.added.contains_key(name)
    }

    pub(crate) fn ambient(&self) -> Option<&dyn Ambient> {
        self.ambient.as_deref()
    }

    pub(crate) fn find<'a>(&'a self, name: &str) -> Option<Callable<'a>> {
        if let Some((name, function)) = self.added.get_key_value(name) {
            let Function { fixed, rest, body } = function;
            return Some(Callable {
                name,
                fixed,
                rest: *rest,
                body: Implementation::Added(body.as_ref()),
                is_builtin: false,
            });
        }
        if let Some(definition) = sprig::find(name) {
            return Some(definition.callable(false));
        }
        builtin::find(name).map(|definition| definition.callable(true))
    }
}

/// A function as it is found for a call.
#[derive(Clone, Copy)]
pub(crate) struct Callable<'a> {
    pub(crate) name: &'a str,
    pub(crate) fixed: &'a [Parameter],
    pub(crate) rest: Option<Parameter>,
    pub(crate) body: Implementation<'a>,
    /// `and` and `or` are evaluated lazily only where nobody has replaced them.
    pub(crate) is_builtin: bool,
}

impl Callable<'_> {
    /// Whether it can be called with so many arguments.
    pub(crate) fn takes(&self, count: usize) -> bool {
        match self.rest {
            Some(_) => count >= self.fixed.len(),
            None => count == self.fixed.len(),
        }
    }

    /// The parameter of an argument, counted from zero.
    pub(crate) fn parameter(&self, index: usize) -> Parameter {
        self.fixed
            .get(index)
            .copied()
            .or(self.rest)
            .unwrap_or(Parameter::Any)
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Implementation<'a> {
    Static(StaticBody),
    Added(&'a Body),
}

pub(crate) type StaticBody = fn(&Call<'_>, &[Value]) -> Result<Value, Fault>;

/// A function of this library.
pub(crate) struct Definition {
    pub(crate) name: &'static str,
    pub(crate) fixed: &'static [Parameter],
    pub(crate) rest: Option<Parameter>,
    pub(crate) body: StaticBody,
}

impl Definition {
    pub(crate) const fn new(
        name: &'static str,
        fixed: &'static [Parameter],
        rest: Option<Parameter>,
        body: StaticBody,
    ) -> Self {
        Self {
            name,
            fixed,
            rest,
            body,
        }
    }

    fn callable(&'static self, is_builtin: bool) -> Callable<'static> {
        let body = Implementation::Static(self.body);
        Callable {
            name: self.name,
            fixed: self.fixed,
            rest: self.rest,
            body,
            is_builtin,
        }
    }
}

/// Finds a definition in a table that is sorted by name.
pub(crate) fn find_in(table: &'static [Definition], name: &str) -> Option<&'static Definition> {
    table
        .binary_search_by(|definition| definition.name.cmp(name))
        .ok()
        .map(|index| &table[index])
}

/// What a function may use while it runs.
pub struct Call<'t> {
    pub(crate) executor: &'t Executor<'t>,
}

impl Call<'_> {
    /// Accounts for a value of so many bytes, before it is made.
    ///
    /// # Errors
    ///
    /// When the rendering has used up its memory.
    pub fn memory(&self, bytes: usize) -> Result<(), Fault> {
        self.executor.budget.memory(bytes as u64)
    }

    /// Accounts for so much work: one step is the work of looking at an element or at 64 bytes.
    ///
    /// # Errors
    ///
    /// When the rendering has used up its steps.
    pub fn steps(&self, count: usize) -> Result<(), Fault> {
        self.executor.budget.steps(count as u64)
    }

    /// Makes a string and accounts for it.
    ///
    /// # Errors
    ///
    /// When the rendering has used up its memory.
    pub fn text(&self, bytes: impl AsRef<[u8]>) -> Result<Value, Fault> {
        let bytes = bytes.as_ref();
        self.memory(bytes.len() + 32)?;
        Ok(Value::text(bytes))
    }

    /// Renders the defined template `name` with `dot`, as Helm's `include` does.
    ///
    /// # Errors
    ///
    /// When the template is not defined, or fails.
    pub fn include(&self, name: &[u8], dot: &Value) -> Result<Value, Fault> {
        self.text(self.executor.include(name, dot)?)
    }

    /// The value as `fmt.Sprint` prints it.
    ///
    /// # Errors
    ///
    /// When the value nests too deeply, or the rendering has used up its memory.
    pub fn display(&self, value: &Value) -> Result<Vec<u8>, Fault> {
        crate::format::display(self, value)
    }

    pub(crate) fn clock(&self) -> Result<std::time::Duration, Fault> {
        self.executor
            .functions
            .ambient()
            .map(Ambient::now)
            .ok_or(Fault::NeedsClock)
    }

    pub(crate) fn fill(&self, bytes: &mut [u8]) -> Result<(), Fault> {
        let ambient = self
            .executor
            .functions
            .ambient()
            .ok_or(Fault::NeedsRandomness)?;
        ambient.fill(bytes);
        Ok(())
    }
}

pub(crate) fn text_at(arguments: &[Value], index: usize) -> Result<&Text, Fault> {
    match arguments.get(index) {
        Some(Value::Str(text)) => Ok(text),
        _ => Err(Fault::ArgumentType),
    }
}

pub(crate) fn int_at(arguments: &[Value], index: usize) -> Result<i64, Fault> {
    match arguments.get(index) {
        Some(Value::Int(number)) => Ok(*number),
        _ => Err(Fault::ArgumentType),
    }
}

pub(crate) fn map_at(arguments: &[Value], index: usize) -> Result<&Map, Fault> {
    match arguments.get(index) {
        Some(Value::Map(map)) => Ok(map),
        _ => Err(Fault::ArgumentType),
    }
}

pub(crate) fn value_at(arguments: &[Value], index: usize) -> Result<&Value, Fault> {
    arguments.get(index).ok_or(Fault::ArgumentCount)
}

pub(crate) fn shared(bytes: Vec<u8>) -> Text {
    Rc::from(bytes)
}
