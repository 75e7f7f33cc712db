//! Runs a syntax tree, by the rules of Go's `text/template/exec.go`. Here are the nodes that print and branch.

mod expression;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use crate::error::{Fault, RenderError};
use crate::format;
use crate::functions::{Call, Functions};
use crate::limits::{Budget, Limits};
use crate::parse::Parsed;
use crate::parse::ast::{Binding, Branch, Name, Node, Nodes, Offset, Pipe};
use crate::sprig::RegexCache;
use crate::value::Value;

pub(crate) use expression::ideal;

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
        let counts = matches!(
            value,
            Value::Int(_) | Value::Int64(_) | Value::Uint64(_) | Value::Byte(_)
        );
        if counts && branch.pipe.variables.len() > 1 {
            return Err(Fault::Range);
        }
        let mut ran = false;
        for (index, item) in self.items(&value)? {
            ran = true;
            self.budget.steps(1)?;
            frame.bind(&branch.pipe, index, &item)?;
            let flow = self.nodes(frame, &item, &branch.body, out)?;
            frame.variables.truncate(mark);
            if flow == Flow::Break {
                break;
            }
        }
        if !ran && let Some(otherwise) = &branch.otherwise {
            return self.nodes(frame, dot, otherwise, out);
        }
        Ok(Flow::Next)
    }

    /// What `range` goes over, each with its index: the numbers below a count have none.
    fn items<'v>(&self, value: &'v Value) -> Run<Box<dyn Iterator<Item = (Value, Value)> + 'v>> {
        let without_index = |item| (Value::Missing, item);
        Ok(match value {
            Value::Int(count) => Box::new((0..*count).map(Value::Int).map(without_index)),
            Value::Int64(count) => Box::new((0..*count).map(Value::Int64).map(without_index)),
            Value::Uint64(count) => Box::new((0..*count).map(Value::Uint64).map(without_index)),
            Value::Byte(count) => Box::new((0..*count).map(Value::Byte).map(without_index)),
            Value::List(list) => Box::new((0..list.len()).map(|index| {
                let item = list.at(index).unwrap_or(Value::Missing);
                (Value::Int(index as i64), item)
            })),
            Value::Map(map) => {
                self.budget.steps(map.len() as u64)?;
                let entries = map.entries().into_iter();
                Box::new(entries.map(|(key, item)| (Value::Str(key), item)))
            }
            Value::Missing | Value::Nil => Box::new(std::iter::empty()),
            Value::Bool(_)
            | Value::Float(_)
            | Value::Str(_)
            | Value::Time(_)
            | Value::Version(_) => return Err(Fault::Range),
        })
    }
}

impl<'t> Frame<'t> {
    fn variable(&self, name: &str) -> Run<Value> {
        let variable = self
            .variables
            .iter()
            .rev()
            .find(|(known, _)| *known == name);
        variable
            .map(|(_, value)| value.clone())
            .ok_or(Fault::UnknownVariable)
    }

    fn assign(&mut self, name: &str, value: Value) -> Run<()> {
        let variable = self
            .variables
            .iter_mut()
            .rev()
            .find(|(known, _)| *known == name);
        variable.ok_or(Fault::UnknownVariable)?.1 = value;
        Ok(())
    }

    /// Gives the loop variables their values. With two, the first is the index; with one, it is the element.
    fn bind(&mut self, pipe: &'t Pipe, index: Value, item: &Value) -> Run<()> {
        let values = match pipe.variables.len() {
            0 => return Ok(()),
            1 => vec![item.clone()],
            _ => vec![index, item.clone()],
        };
        let first = self.variables.len().saturating_sub(pipe.variables.len());
        for (offset, (name, value)) in pipe.variables.iter().zip(values).enumerate() {
            match pipe.binding {
                Binding::Assign => self.assign(name, value)?,
                Binding::Declare => {
                    if let Some(variable) = self.variables.get_mut(first + offset) {
                        variable.1 = value;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The names of all templates that a text defines.
pub(crate) fn names(templates: &BTreeMap<Name, Nodes>) -> impl Iterator<Item = &str> {
    templates.keys().map(|name| &**name)
}
