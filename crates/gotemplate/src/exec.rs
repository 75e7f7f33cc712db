//! Runs a syntax tree, by the rules of Go's `text/template/exec.go`.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::error::{Fault, RenderError};
use crate::format;
use crate::functions::{Call, Callable, Functions, Implementation, Parameter};
use crate::limits::{Budget, Limits};
use crate::methods;
use crate::parse::Parsed;
use crate::parse::ast::{
    Binding, Branch, Command, Name, Node, Nodes, Number, Offset, Operand, Pipe, Term,
};
use crate::sprig::RegexCache;
use crate::value::{Entry, Map, Value};

/// What a missing key of a map gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingKey {
    /// No value, which prints as `<no value>`: Go's default, and the controller's.
    #[default]
    NoValue,
    /// The zero value of the type of the map's values (`missingkey=zero`).
    Zero,
    /// An error (`missingkey=error`).
    Error,
}

pub(crate) struct Executor<'t> {
    pub(crate) functions: &'t Functions,
    pub(crate) budget: Budget,
    pub(crate) regexes: RefCell<RegexCache>,
    parsed: &'t Parsed,
    missing_key: MissingKey,
    limits: Limits,
    output: Cell<u64>,
    depth: Cell<u32>,
    at: Cell<Offset>,
    function: RefCell<Option<String>>,
}

/// The variables of one template invocation. There is no dynamic scoping.
struct Frame<'t> {
    variables: Vec<(&'t str, Value)>,
}

/// How a list of nodes ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

type Run<T> = Result<T, Fault>;

impl<'t> Executor<'t> {
    pub(crate) fn new(
        functions: &'t Functions,
        parsed: &'t Parsed,
        missing_key: MissingKey,
        limits: Limits,
    ) -> Self {
        Self {
            functions,
            budget: Budget::new(&limits),
            regexes: RefCell::default(),
            parsed,
            missing_key,
            limits,
            output: Cell::new(0),
            depth: Cell::new(0),
            at: Cell::new(0),
            function: RefCell::new(None),
        }
    }

    pub(crate) fn render(&self, name: &str, dot: &Value) -> Result<Vec<u8>, RenderError> {
        self.run(name, dot).map_err(|fault| RenderError {
            fault,
            position: self.parsed.lines.position(self.at.get()),
            function: self.function.take(),
        })
    }

    /// The output of another template, as a value.
    pub(crate) fn include(&self, name: &[u8], dot: &Value) -> Run<Vec<u8>> {
        let name = str::from_utf8(name).map_err(|_| Fault::UnknownTemplate)?;
        self.nested(|| self.run(name, dot))
    }

    fn run(&self, name: &str, dot: &Value) -> Run<Vec<u8>> {
        let nodes = self
            .parsed
            .templates
            .get(name)
            .ok_or(Fault::UnknownTemplate)?;
        let mut out = Vec::new();
        self.template(nodes, dot.clone(), &mut out)?;
        Ok(out)
    }

    fn template(&self, nodes: &'t Nodes, dot: Value, out: &mut Vec<u8>) -> Run<()> {
        let mut frame = Frame {
            variables: vec![("$", dot.clone())],
        };
        self.nodes(&mut frame, &dot, nodes, out).map(|_| ())
    }

    fn nested<T>(&self, run: impl FnOnce() -> Run<T>) -> Run<T> {
        let depth = self.depth.get() + 1;
        if depth > self.limits.depth {
            return Err(Fault::DepthLimit);
        }
        self.depth.set(depth);
        let result = run();
        self.depth.set(depth - 1);
        result
    }

    fn write(&self, out: &mut Vec<u8>, bytes: &[u8]) -> Run<()> {
        let total = self.output.get() + bytes.len() as u64;
        if total > self.limits.output {
            return Err(Fault::OutputLimit);
        }
        self.output.set(total);
        self.budget.steps(bytes.len() as u64 / 64)?;
        out.extend_from_slice(bytes);
        Ok(())
    }

    fn nodes(
        &self,
        frame: &mut Frame<'t>,
        dot: &Value,
        nodes: &'t Nodes,
        out: &mut Vec<u8>,
    ) -> Run<Flow> {
        self.nested(|| {
            for node in nodes {
                let flow = self.node(frame, dot, node, out)?;
                if flow != Flow::Next {
                    return Ok(flow);
                }
            }
            Ok(Flow::Next)
        })
    }

    fn node(
        &self,
        frame: &mut Frame<'t>,
        dot: &Value,
        node: &'t Node,
        out: &mut Vec<u8>,
    ) -> Run<Flow> {
        self.budget.steps(1)?;
        match node {
            Node::Text(text) => self.write(out, text)?,
            Node::Action(pipe) => {
                let value = self.pipe(frame, dot, pipe)?;
                if pipe.variables.is_empty() {
                    self.at.set(pipe.at);
                    self.print(out, &value)?;
                }
            }
            Node::If(branch) | Node::With(branch) => {
                let mark = frame.variables.len();
                let value = self.pipe(frame, dot, &branch.pipe)?;
                let flow = if value.is_true() {
                    let inner = if matches!(node, Node::With(_)) {
                        &value
                    } else {
                        dot
                    };
                    self.nodes(frame, inner, &branch.body, out)?
                } else if let Some(otherwise) = &branch.otherwise {
                    self.nodes(frame, dot, otherwise, out)?
                } else {
                    Flow::Next
                };
                frame.variables.truncate(mark);
                return Ok(flow);
            }
            Node::Range(branch) => {
                let mark = frame.variables.len();
                let flow = self.range(frame, dot, branch, out)?;
                frame.variables.truncate(mark);
                return Ok(flow);
            }
            Node::Template { at, name, pipe } => {
                self.at.set(*at);
                let nodes = self
                    .parsed
                    .templates
                    .get(name)
                    .ok_or(Fault::UnknownTemplate)?;
                let dot = match pipe {
                    Some(pipe) => self.pipe(frame, dot, pipe)?,
                    None => Value::Missing,
                };
                self.template(nodes, dot, out)?;
            }
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    fn print(&self, out: &mut Vec<u8>, value: &Value) -> Run<()> {
        match value {
            Value::Missing | Value::Nil => self.write(out, b"<no value>"),
            Value::Str(text) => self.write(out, text),
            other => {
                let text = format::display(&Call { executor: self }, other)?;
                self.write(out, &text)
            }
        }
    }

    fn range(
        &self,
        frame: &mut Frame<'t>,
        dot: &Value,
        branch: &'t Branch,
        out: &mut Vec<u8>,
    ) -> Run<Flow> {
        let value = self.pipe(frame, dot, &branch.pipe)?;
        self.at.set(branch.pipe.at);
        let mark = frame.variables.len();
        let mut ran = false;
        let mut iteration = |frame: &mut Frame<'t>, index: Value, item: Value| -> Run<bool> {
            ran = true;
            self.budget.steps(1)?;
            self.bind(frame, &branch.pipe, index, &item)?;
            let flow = self.nodes(frame, &item, &branch.body, out)?;
            frame.variables.truncate(mark);
            Ok(flow != Flow::Break)
        };
        match value {
            Value::Int(count) | Value::Int64(count) => {
                self.one_variable(branch)?;
                let typed: fn(i64) -> Value = if matches!(value, Value::Int(_)) {
                    Value::Int
                } else {
                    Value::Int64
                };
                for number in 0..count.max(0) {
                    if !iteration(frame, Value::Missing, typed(number))? {
                        break;
                    }
                }
            }
            Value::Uint64(count) => {
                self.one_variable(branch)?;
                for number in 0..count {
                    if !iteration(frame, Value::Missing, Value::Uint64(number))? {
                        break;
                    }
                }
            }
            Value::Byte(count) => {
                self.one_variable(branch)?;
                for number in 0..count {
                    if !iteration(frame, Value::Missing, Value::Byte(number))? {
                        break;
                    }
                }
            }
            Value::List(list) => {
                for index in 0..list.len() {
                    let item = list.at(index).unwrap_or(Value::Missing);
                    if !iteration(frame, Value::Int(index as i64), item)? {
                        break;
                    }
                }
            }
            Value::Map(map) => {
                self.budget.steps(map.len() as u64)?;
                for (key, item) in map.entries() {
                    if !iteration(frame, Value::Str(key), item)? {
                        break;
                    }
                }
            }
            Value::Missing | Value::Nil => {}
            Value::Bool(_)
            | Value::Float(_)
            | Value::Str(_)
            | Value::Time(_)
            | Value::Version(_) => {
                return Err(Fault::Range);
            }
        }
        if !ran && let Some(otherwise) = &branch.otherwise {
            return self.nodes(frame, dot, otherwise, out);
        }
        Ok(Flow::Next)
    }

    fn one_variable(&self, branch: &Branch) -> Run<()> {
        if branch.pipe.variables.len() > 1 {
            Err(Fault::Range)
        } else {
            Ok(())
        }
    }

    /// Gives the loop variables their values. With two, the first is the index; with one, it is the element.
    fn bind(&self, frame: &mut Frame<'t>, pipe: &'t Pipe, index: Value, item: &Value) -> Run<()> {
        let values = match pipe.variables.len() {
            0 => return Ok(()),
            1 => vec![item.clone()],
            _ => vec![index, item.clone()],
        };
        let first = frame.variables.len().saturating_sub(pipe.variables.len());
        for (offset, (name, value)) in pipe.variables.iter().zip(values).enumerate() {
            match pipe.binding {
                Binding::Assign => self.assign(frame, name, value)?,
                Binding::Declare => {
                    if let Some(variable) = frame.variables.get_mut(first + offset) {
                        variable.1 = value;
                    }
                }
            }
        }
        Ok(())
    }

    fn assign(&self, frame: &mut Frame<'t>, name: &str, value: Value) -> Run<()> {
        let variable = frame
            .variables
            .iter_mut()
            .rev()
            .find(|(known, _)| *known == name);
        variable.ok_or(Fault::UnknownVariable)?.1 = value;
        Ok(())
    }

    fn pipe(&self, frame: &mut Frame<'t>, dot: &Value, pipe: &'t Pipe) -> Run<Value> {
        self.at.set(pipe.at);
        let mut value = None;
        for command in &pipe.commands {
            let result = self.command(frame, dot, command, value)?;
            value = Some(if result.is_nil() {
                Value::Missing
            } else {
                result
            });
        }
        let value = value.unwrap_or(Value::Missing);
        for name in &pipe.variables {
            match pipe.binding {
                Binding::Assign => self.assign(frame, name, value.clone())?,
                Binding::Declare => frame.variables.push((name, value.clone())),
            }
        }
        Ok(value)
    }

    fn command(
        &self,
        frame: &mut Frame<'t>,
        dot: &Value,
        command: &'t Command,
        last: Option<Value>,
    ) -> Run<Value> {
        let [first, arguments @ ..] = command.operands.as_slice() else {
            return Err(Fault::NilCommand);
        };
        let has_arguments = !arguments.is_empty() || last.is_some();
        self.at.set(first.at);
        match &first.term {
            Term::Field(names) => self.fields(frame, dot, dot.clone(), names, arguments, last),
            Term::Chain(inner, names) => {
                let receiver = self.chained(frame, dot, inner)?;
                self.fields(frame, dot, receiver, names, arguments, last)
            }
            Term::Variable(name, names) if !names.is_empty() => {
                let receiver = self.variable(frame, name)?;
                self.fields(frame, dot, receiver, names, arguments, last)
            }
            Term::Function(name) => self.call(frame, dot, first.at, name, arguments, last),
            _ if has_arguments => Err(Fault::NotAFunction),
            Term::Pipe(pipe) => self.nested(|| self.pipe(frame, dot, pipe)),
            Term::Variable(name, _) => self.variable(frame, name),
            Term::Dot => Ok(dot.clone()),
            Term::Nil => Err(Fault::NilCommand),
            Term::Bool(truth) => Ok(Value::Bool(*truth)),
            Term::Number(number) => ideal(number),
            Term::Text(text) => Ok(Value::text(text)),
        }
    }

    /// The receiver of `(…).Field`.
    fn chained(&self, frame: &mut Frame<'t>, dot: &Value, inner: &'t Operand) -> Run<Value> {
        self.operand(frame, dot, inner, Parameter::Any)
            .map(|value| {
                // A parenthesized pipeline has lost its interface; a nil in it has become no value.
                if value.is_nil() {
                    Value::Missing
                } else {
                    value
                }
            })
    }

    fn variable(&self, frame: &Frame<'t>, name: &str) -> Run<Value> {
        let variable = frame
            .variables
            .iter()
            .rev()
            .find(|(known, _)| *known == name);
        variable
            .map(|(_, value)| value.clone())
            .ok_or(Fault::UnknownVariable)
    }

    fn fields(
        &self,
        frame: &mut Frame<'t>,
        dot: &Value,
        mut receiver: Value,
        names: &'t [Name],
        arguments: &'t [Operand],
        last: Option<Value>,
    ) -> Run<Value> {
        let Some((name, path)) = names.split_last() else {
            return Ok(receiver);
        };
        for name in path {
            receiver = self.field(receiver, name, false)?;
        }
        if let Some(method) = methods::find(&receiver, name) {
            let mut given = Vec::with_capacity(arguments.len() + 1);
            for (operand, parameter) in arguments.iter().zip(method.parameters()) {
                given.push(self.operand(frame, dot, operand, *parameter)?);
            }
            given.extend(last);
            if arguments.len() > method.parameters().len()
                || given.len() != method.parameters().len()
            {
                return Err(Fault::ArgumentCount);
            }
            return method.call(&Call { executor: self }, &given);
        }
        self.field(receiver, name, !arguments.is_empty() || last.is_some())
    }

    fn field(&self, receiver: Value, name: &str, has_arguments: bool) -> Run<Value> {
        self.budget.steps(1)?;
        match receiver {
            Value::Missing if self.missing_key == MissingKey::Error => Err(Fault::MissingKey),
            Value::Missing => Ok(Value::Missing),
            Value::Nil => Err(Fault::NilField),
            Value::Map(_) if has_arguments => Err(Fault::NotAFunction),
            Value::Map(map) => match (map.at(name.as_bytes()), self.missing_key) {
                (Some(value), _) => Ok(value),
                (None, MissingKey::NoValue) => Ok(Value::Missing),
                (None, MissingKey::Error) => Err(Fault::MissingKey),
                (None, MissingKey::Zero) => Ok(match map.entry() {
                    Entry::Any => Value::Nil,
                    Entry::Str => Value::text(""),
                }),
            },
            receiver => match methods::find(&receiver, name) {
                Some(method) if method.parameters().is_empty() && !has_arguments => {
                    method.call(&Call { executor: self }, &[])
                }
                Some(_) => Err(Fault::ArgumentCount),
                None => Err(Fault::Field),
            },
        }
    }

    fn call(
        &self,
        frame: &mut Frame<'t>,
        dot: &Value,
        at: Offset,
        name: &str,
        arguments: &'t [Operand],
        last: Option<Value>,
    ) -> Run<Value> {
        self.budget.steps(1)?;
        let function = self.functions.find(name).ok_or(Fault::Unsupported)?;
        let result = self.apply(frame, dot, &function, arguments, last);
        if let Err(fault) = &result
            && self.function.borrow().is_none()
        {
            if !matches!(fault, Fault::ArgumentType | Fault::ArgumentNil) {
                self.at.set(at);
            }
            *self.function.borrow_mut() = Some(function.name.to_owned());
        }
        result
    }

    fn apply(
        &self,
        frame: &mut Frame<'t>,
        dot: &Value,
        function: &Callable<'t>,
        arguments: &'t [Operand],
        last: Option<Value>,
    ) -> Run<Value> {
        let count = arguments.len() + usize::from(last.is_some());
        let fits = match function.rest {
            Some(_) => count >= function.fixed.len(),
            None => count == function.fixed.len(),
        };
        if !fits {
            return Err(Fault::ArgumentCount);
        }
        if function.is_builtin && matches!(function.name, "and" | "or") {
            return self.short_circuit(frame, dot, function.name == "or", arguments, last);
        }
        let parameter = |index: usize| {
            function
                .fixed
                .get(index)
                .copied()
                .or(function.rest)
                .unwrap_or(Parameter::Any)
        };
        let mut given = Vec::with_capacity(count);
        for (index, operand) in arguments.iter().enumerate() {
            given.push(self.operand(frame, dot, operand, parameter(index))?);
        }
        if let Some(last) = last {
            given.push(fit(last, parameter(arguments.len()))?);
        }
        let call = Call { executor: self };
        match function.body {
            Implementation::Static(body) => body(&call, &given),
            Implementation::Added(body) => body(&call, &given),
        }
    }

    /// `and` and `or`: the first operand that decides, or the last.
    fn short_circuit(
        &self,
        frame: &mut Frame<'t>,
        dot: &Value,
        decisive: bool,
        arguments: &'t [Operand],
        last: Option<Value>,
    ) -> Run<Value> {
        let mut value = Value::Missing;
        for operand in arguments {
            value = self.operand(frame, dot, operand, Parameter::Any)?;
            if value.is_true() == decisive {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }

    fn operand(
        &self,
        frame: &mut Frame<'t>,
        dot: &Value,
        operand: &'t Operand,
        wanted: Parameter,
    ) -> Run<Value> {
        self.budget.steps(1)?;
        self.at.set(operand.at);
        let value = match &operand.term {
            Term::Dot => dot.clone(),
            Term::Field(names) => self.fields(frame, dot, dot.clone(), names, &[], None)?,
            Term::Variable(name, names) => {
                let receiver = self.variable(frame, name)?;
                self.fields(frame, dot, receiver, names, &[], None)?
            }
            Term::Pipe(pipe) => self.nested(|| self.pipe(frame, dot, pipe))?,
            Term::Function(name) => self.call(frame, dot, operand.at, name, &[], None)?,
            Term::Chain(inner, names) => {
                let receiver = self.chained(frame, dot, inner)?;
                self.fields(frame, dot, receiver, names, &[], None)?
            }
            literal => return self.literal(literal, wanted),
        };
        self.at.set(operand.at);
        fit(value, wanted)
    }

    fn literal(&self, term: &Term, wanted: Parameter) -> Run<Value> {
        match (term, wanted) {
            (Term::Nil, Parameter::Any) => Ok(Value::Nil),
            (Term::Nil, Parameter::Dict) => Ok(Value::Map(Map::nil(Entry::Any))),
            (Term::Bool(truth), Parameter::Any | Parameter::Bool) => Ok(Value::Bool(*truth)),
            (Term::Text(text), Parameter::Any | Parameter::Str) => {
                self.budget.memory(text.len() as u64)?;
                Ok(Value::Str(Rc::from(&**text)))
            }
            (Term::Number(number), Parameter::Any) => ideal(number),
            (Term::Number(number), Parameter::Int) => {
                number.int.map(Value::Int).ok_or(Fault::ArgumentType)
            }
            (Term::Number(number), Parameter::Float) => {
                number.float.map(Value::Float).ok_or(Fault::ArgumentType)
            }
            _ => Err(Fault::ArgumentType),
        }
    }
}

/// The type of a number constant where nothing else decides.
pub(crate) fn ideal(number: &Number) -> Run<Value> {
    match (number.float, number.int) {
        (Some(float), _) if number.looks_float => Ok(Value::Float(float)),
        (_, Some(int)) => Ok(Value::Int(int)),
        _ => Err(Fault::Overflow),
    }
}

/// Checks that a value can be given to a parameter, as Go's assignability decides it.
pub(crate) fn fit(value: Value, wanted: Parameter) -> Run<Value> {
    match (&value, wanted) {
        (Value::Missing, Parameter::Any) => Ok(Value::Nil),
        (Value::Missing, Parameter::Dict) => Ok(Value::Map(Map::nil(Entry::Any))),
        (Value::Missing, _) => Err(Fault::ArgumentNil),
        (_, Parameter::Any)
        | (Value::Str(_), Parameter::Str)
        | (Value::Int(_), Parameter::Int)
        | (Value::Float(_), Parameter::Float)
        | (Value::Bool(_), Parameter::Bool)
        | (Value::Time(_), Parameter::Time) => Ok(value),
        (Value::Map(map), Parameter::Dict) if map.entry() == Entry::Any => Ok(value),
        _ => Err(Fault::ArgumentType),
    }
}

/// The names of all templates that a text defines.
pub(crate) fn names(templates: &BTreeMap<Name, Nodes>) -> impl Iterator<Item = &str> {
    templates.keys().map(|name| &**name)
}
