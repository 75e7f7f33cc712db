//! Runs a template on shapes, as [`Executor`](crate::exec::Executor) runs it on values. Here are the nodes that print and
//! branch.

use std::rc::Rc;

use super::shape::{DEEPEST, Shape};
use super::{Construct, Field, Schema};
use crate::exec::MissingKey;
use crate::functions::Functions;
use crate::limits::Limits;
use crate::parse::Parsed;
use crate::parse::ast::{Binding, Branch, Node, Nodes, Offset, Pipe};
use crate::value::Value;

/// How many nodes are looked at before the template counts as too complex; loops and calls count each time.
const PATIENCE: u64 = 200_000;

/// How often the body of a loop is tried before what still grows counts as unbounded.
const ROUNDS: usize = 4;

/// Why the analysis ended early.
pub(super) enum Stop {
    /// The template fails here, whatever the secrets.
    Certain,
    /// The template could fail here for some secrets.
    Partial(Offset, Construct),
}

pub(super) type Step<T> = Result<T, Stop>;

/// The most that something costs, in the units of [`Limits`].
#[derive(Clone, Copy, Default)]
pub(super) struct Cost {
    pub(super) output: u64,
    pub(super) memory: u64,
    pub(super) steps: u64,
}

impl Cost {
    fn plus(self, other: Self, times: u64) -> Self {
        Self {
            output: self
                .output
                .saturating_add(other.output.saturating_mul(times)),
            memory: self
                .memory
                .saturating_add(other.memory.saturating_mul(times)),
            steps: self.steps.saturating_add(other.steps.saturating_mul(times)),
        }
    }
}

pub(super) struct Analysis<'t> {
    pub(super) functions: &'t Functions,
    pub(super) at: Offset,
    /// How many conditions that could depend on secrets lead here.
    pub(super) conditions: u32,
    pub(super) cost: Cost,
    pub(super) missing_key: MissingKey,
    parsed: &'t Parsed,
    limits: Limits,
    root: Shape,
    loops: u32,
    depth: u32,
    calls: Vec<&'t str>,
    patience: u64,
}

/// The variables of one template invocation.
#[derive(Clone)]
pub(super) struct Scope<'t>(Vec<(&'t str, Shape)>);

impl<'t> Scope<'t> {
    /// Widens the variables to what they are in either scope; false where one of them has more variables.
    #[must_use]
    pub(super) fn merge(&mut self, other: &Self) -> bool {
        self.join(other);
        self.0.len() == other.0.len()
    }

    fn join(&mut self, other: &Self) {
        for ((_, shape), (_, other)) in self.0.iter_mut().zip(&other.0) {
            *shape = shape.join(other);
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<&Shape> {
        let variable = self.0.iter().rev().find(|(known, _)| *known == name);
        variable.map(|(_, shape)| shape)
    }

    pub(super) fn declare(&mut self, name: &'t str, shape: Shape) {
        self.0.push((name, shape));
    }

    fn covers(&self, other: &Self) -> bool {
        self.0
            .iter()
            .zip(&other.0)
            .all(|((_, shape), (_, other))| shape.covers(other))
    }
}

impl<'t> Analysis<'t> {
    pub(super) fn new(
        parsed: &'t Parsed,
        functions: &'t Functions,
        missing_key: MissingKey,
        limits: Limits,
        schema: &Schema,
    ) -> Self {
        let fields = schema.fields.iter().map(|(key, field)| {
            let shape = match field {
                Field::Secret { longest } => Shape::Str(*longest),
                Field::Public(text) => Shape::Known(Value::text(text)),
            };
            (key.clone(), shape)
        });
        Self {
            functions,
            at: 0,
            conditions: 0,
            cost: Cost::default(),
            missing_key,
            parsed,
            limits,
            root: Shape::Root(Rc::new(fields.collect())),
            loops: 0,
            depth: 0,
            calls: Vec::new(),
            patience: PATIENCE,
        }
    }

    pub(super) fn run(&mut self, name: &str) -> Step<()> {
        let root = self.root.clone();
        let Some((name, nodes)) = self.parsed.templates.get_key_value(name) else {
            return Err(Stop::Certain);
        };
        self.calls.push(name);
        let end = self.template(nodes, root);
        if let Err(Stop::Partial(..)) = end {
            return end;
        }
        // Also where the template fails in the end: it must not fail earlier for some values.
        let Cost {
            output,
            memory,
            steps,
        } = self.cost;
        if output > self.limits.output || memory > self.limits.memory || steps > self.limits.steps {
            self.at = 0;
            return self.partial(Construct::Limits);
        }
        end
    }

    pub(super) fn partial<T>(&self, construct: Construct) -> Step<T> {
        Err(Stop::Partial(self.at, construct))
    }

    /// Something that fails for sure, if it is reached.
    pub(super) fn fails<T>(&self, construct: Construct) -> Step<T> {
        if self.conditions == 0 {
            Err(Stop::Certain)
        } else {
            Err(Stop::Partial(self.at, construct))
        }
    }

    pub(super) fn spend(&mut self, memory: u64, steps: u64) {
        self.cost = self.cost.plus(
            Cost {
                output: 0,
                memory,
                steps: steps.saturating_add(memory / 64),
            },
            1,
        );
    }

    pub(super) fn look(&mut self) -> Step<()> {
        // More than a node or operand ever takes by itself.
        self.spend(0, 16);
        match self.patience.checked_sub(1) {
            Some(left) => {
                self.patience = left;
                Ok(())
            }
            None => self.partial(Construct::Complexity),
        }
    }

    pub(super) fn nested<T>(&mut self, run: impl FnOnce(&mut Self) -> Step<T>) -> Step<T> {
        self.depth += 1;
        if self.depth > self.limits.depth {
            return self.fails(Construct::Limits);
        }
        let result = run(self);
        self.depth -= 1;
        result
    }

    /// Runs what only some values lead to.
    pub(super) fn conditionally<T>(&mut self, run: impl FnOnce(&mut Self) -> Step<T>) -> Step<T> {
        self.conditions += 1;
        let result = run(self);
        self.conditions -= 1;
        result
    }

    fn template(&mut self, nodes: &'t Nodes, dot: Shape) -> Step<()> {
        let mut scope = Scope(vec![("$", dot.clone())]);
        self.nodes(&mut scope, &dot, nodes)
    }

    fn nodes(&mut self, scope: &mut Scope<'t>, dot: &Shape, nodes: &'t Nodes) -> Step<()> {
        self.nested(|analysis| {
            for node in nodes {
                analysis.node(scope, dot, node)?;
            }
            Ok(())
        })
    }

    fn node(&mut self, scope: &mut Scope<'t>, dot: &Shape, node: &'t Node) -> Step<()> {
        self.look()?;
        match node {
            Node::Text(text) => self.write(text.len() as u64),
            Node::Action(pipe) => {
                let shape = self.pipe(scope, dot, pipe)?;
                if pipe.variables.is_empty() {
                    self.at = pipe.at;
                    self.bounded(&shape)?;
                    let size = shape.size();
                    self.spend(size, size);
                    self.write(size);
                }
            }
            Node::If(branch) => self.branch(scope, dot, branch, false)?,
            Node::With(branch) => self.branch(scope, dot, branch, true)?,
            Node::Range(branch) => self.range(scope, dot, branch)?,
            Node::Template { at, name, pipe } => {
                self.at = *at;
                let Some((name, nodes)) = self.parsed.templates.get_key_value(name) else {
                    return self.fails(Construct::Branch);
                };
                let dot = match pipe {
                    Some(pipe) => self.pipe(scope, dot, pipe)?,
                    None => Shape::Known(Value::Missing),
                };
                self.at = *at;
                if self.calls.contains(&&**name) {
                    return self.partial(Construct::Recursion);
                }
                self.calls.push(name);
                self.template(nodes, dot)?;
                self.calls.pop();
            }
            // What follows is looked at all the same, and inside of loops assignments only ever widen: the state at
            // the end of the body covers the state here.
            Node::Break | Node::Continue => {}
        }
        Ok(())
    }

    fn write(&mut self, bytes: u64) {
        self.cost = self.cost.plus(
            Cost {
                output: bytes,
                memory: 0,
                steps: bytes / 64,
            },
            1,
        );
    }

    /// Checks that a value may be used at all.
    pub(super) fn bounded(&self, shape: &Shape) -> Step<()> {
        if shape.depth() > DEEPEST {
            self.partial(Construct::Value)
        } else {
            Ok(())
        }
    }

    fn branch(
        &mut self,
        scope: &mut Scope<'t>,
        dot: &Shape,
        branch: &'t Branch,
        with: bool,
    ) -> Step<()> {
        let mark = scope.0.len();
        let value = self.pipe(scope, dot, &branch.pipe)?;
        self.at = branch.pipe.at;
        self.bounded(&value)?;
        let inner = if with { &value } else { dot };
        match (value.truth(), &branch.otherwise) {
            (Some(true), _) => self.nodes(scope, inner, &branch.body)?,
            (Some(false), Some(otherwise)) => self.nodes(scope, dot, otherwise)?,
            (Some(false), None) => {}
            (None, otherwise) => {
                let mut other = scope.clone();
                self.conditionally(|analysis| analysis.nodes(scope, inner, &branch.body))?;
                if let Some(otherwise) = otherwise {
                    self.conditionally(|analysis| analysis.nodes(&mut other, dot, otherwise))?;
                }
                scope.0.truncate(mark);
                other.0.truncate(mark);
                scope.join(&other);
            }
        }
        scope.0.truncate(mark);
        Ok(())
    }

    fn range(&mut self, scope: &mut Scope<'t>, dot: &Shape, branch: &'t Branch) -> Step<()> {
        let mark = scope.0.len();
        let value = self.pipe(scope, dot, &branch.pipe)?;
        self.at = branch.pipe.at;
        self.bounded(&value)?;
        let index = Shape::Int;
        let longest = |fields: &Rc<Vec<(String, Shape)>>| {
            fields
                .iter()
                .map(|(_, field)| field.clone())
                .reduce(|left, right| left.join(&right))
        };
        let (index, item, most) = match &value {
            Shape::List(list) => (index, list.item.clone(), list.most),
            Shape::Root(fields) => {
                let key = Shape::Str(
                    fields
                        .iter()
                        .map(|(key, _)| key.len() as u64)
                        .max()
                        .unwrap_or(0),
                );
                (
                    key,
                    longest(fields).unwrap_or(Shape::Str(0)),
                    fields.len() as u64,
                )
            }
            Shape::Strings { longest, most } => (Shape::Str(32), Shape::Str(*longest), *most),
            // Every entry of a map takes more than 16 bytes.
            Shape::Dict { size, depth } => (
                Shape::Str(*size),
                Shape::Any {
                    size: *size,
                    depth: *depth,
                },
                size / 16,
            ),
            Shape::Known(Value::Missing | Value::Nil) => (index, Shape::Known(Value::Nil), 0),
            Shape::Known(count @ (Value::Int(number) | Value::Int64(number))) => {
                if branch.pipe.variables.len() > 1 {
                    return self.fails(Construct::Range);
                }
                let item = if matches!(count, Value::Int(_)) {
                    Shape::Int
                } else {
                    Shape::Int64
                };
                (
                    Shape::Known(Value::Missing),
                    item,
                    number.max(&0).unsigned_abs(),
                )
            }
            Shape::Int | Shape::Int64 | Shape::Byte | Shape::Any { .. } | Shape::Unbounded => {
                return self.partial(Construct::Range);
            }
            Shape::Known(Value::Bool(_) | Value::Float(_) | Value::Str(_))
            | Shape::Bool
            | Shape::Float
            | Shape::Str(_) => {
                return self.fails(Construct::Range);
            }
            Shape::Known(_) => return self.partial(Construct::Range),
        };
        if most > 0 {
            self.iterate(scope, branch, (&index, &item), most)?;
        }
        scope.0.truncate(mark);
        if let Some(otherwise) = &branch.otherwise {
            let mut other = scope.clone();
            self.conditionally(|analysis| analysis.nodes(&mut other, dot, otherwise))?;
            other.0.truncate(mark);
            scope.join(&other);
        }
        Ok(())
    }

    /// Looks at the body of a loop until its variables no longer change, and counts its cost so many times.
    fn iterate(
        &mut self,
        scope: &mut Scope<'t>,
        branch: &'t Branch,
        (index, item): (&Shape, &Shape),
        most: u64,
    ) -> Step<()> {
        let mark = scope.0.len();
        let before = self.cost;
        let mut rounds = 0;
        loop {
            self.cost = Cost::default();
            let mut inner = scope.clone();
            self.bind(&mut inner, &branch.pipe, index, item)?;
            self.loops += 1;
            self.conditionally(|analysis| analysis.nodes(&mut inner, item, &branch.body))?;
            self.loops -= 1;
            inner.0.truncate(mark);
            if scope.covers(&inner) {
                break;
            }
            rounds += 1;
            if rounds < ROUNDS {
                scope.join(&inner);
            } else {
                for ((_, shape), (_, inner)) in scope.0.iter_mut().zip(&inner.0) {
                    if !shape.covers(inner) {
                        *shape = Shape::Unbounded;
                    }
                }
            }
        }
        self.spend(0, 4);
        self.cost = before.plus(self.cost, most);
        Ok(())
    }

    fn bind(
        &mut self,
        scope: &mut Scope<'t>,
        pipe: &'t Pipe,
        index: &Shape,
        item: &Shape,
    ) -> Step<()> {
        let values: &[&Shape] = match pipe.variables.len() {
            0 => &[],
            1 => &[item],
            _ => &[index, item],
        };
        let first = scope.0.len().saturating_sub(pipe.variables.len());
        for (offset, (name, value)) in pipe.variables.iter().zip(values).enumerate() {
            match pipe.binding {
                // Before the first iteration the variable holds the whole value; inside, it never does.
                Binding::Declare => {
                    if let Some(variable) = scope.0.get_mut(first + offset) {
                        variable.1 = (*value).clone();
                    }
                }
                Binding::Assign => {
                    self.loops += 1;
                    self.assign(scope, name, (*value).clone())?;
                    self.loops -= 1;
                }
            }
        }
        Ok(())
    }

    pub(super) fn assign(&mut self, scope: &mut Scope<'t>, name: &str, value: Shape) -> Step<()> {
        let in_loop = self.loops > 0;
        match scope.0.iter_mut().rev().find(|(known, _)| *known == name) {
            Some((_, shape)) => {
                *shape = if in_loop { shape.join(&value) } else { value };
                Ok(())
            }
            None => self.fails(Construct::Branch),
        }
    }
}
