//! Pipelines, commands and their operands: what has a value.

use std::rc::Rc;

use super::{Executor, Frame, MissingKey, Run};
use crate::error::Fault;
use crate::functions::{Call, Callable, Implementation, Parameter};
use crate::methods;
use crate::parse::ast::{Binding, Command, Name, Number, Offset, Operand, Pipe, Term};
use crate::value::{Entry, Map, Value};

impl<'t> Executor<'t> {
    pub(super) fn pipe(&self, frame: &mut Frame<'t>, dot: &Value, pipe: &'t Pipe) -> Run<Value> {
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
                Binding::Assign => frame.assign(name, value.clone())?,
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
                let receiver = frame.variable(name)?;
                self.fields(frame, dot, receiver, names, arguments, last)
            }
            Term::Function(name) => self.call(frame, dot, first.at, name, arguments, last),
            _ if has_arguments => Err(Fault::NotAFunction),
            Term::Pipe(pipe) => self.nested(|| self.pipe(frame, dot, pipe)),
            Term::Variable(name, _) => frame.variable(name),
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
        if !function.takes(count) {
            return Err(Fault::ArgumentCount);
        }
        if function.is_builtin && matches!(function.name, "and" | "or") {
            return self.short_circuit(frame, dot, function.name == "or", arguments, last);
        }
        let mut given = Vec::with_capacity(count);
        for (index, operand) in arguments.iter().enumerate() {
            given.push(self.operand(frame, dot, operand, function.parameter(index))?);
        }
        if let Some(last) = last {
            given.push(fit(last, function.parameter(arguments.len()))?);
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
                let receiver = frame.variable(name)?;
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
fn fit(value: Value, wanted: Parameter) -> Run<Value> {
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
