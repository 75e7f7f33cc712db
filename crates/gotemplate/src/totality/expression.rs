//! Pipelines, commands and their operands on shapes.

use super::Construct;
use super::analysis::{Analysis, Scope, Step};
use super::shape::Shape;
use crate::exec::{MissingKey, ideal};
use crate::functions::Parameter;
use crate::parse::ast::{Binding, Command, Name, Operand, Pipe, Term};
use crate::value::Value;

impl<'t> Analysis<'t> {
    pub(super) fn pipe(
        &mut self,
        scope: &mut Scope<'t>,
        dot: &Shape,
        pipe: &'t Pipe,
    ) -> Step<Shape> {
        self.look()?;
        self.at = pipe.at;
        let mut value = None;
        for command in &pipe.commands {
            let shape = self.command(scope, dot, command, value)?;
            value = Some(match shape {
                Shape::Known(Value::Nil) => Shape::Known(Value::Missing),
                shape => shape,
            });
        }
        let value = value.unwrap_or(Shape::Known(Value::Missing));
        for name in &pipe.variables {
            match pipe.binding {
                Binding::Assign => self.assign(scope, name, value.clone())?,
                Binding::Declare => scope.declare(name, value.clone()),
            }
        }
        Ok(value)
    }

    fn command(
        &mut self,
        scope: &mut Scope<'t>,
        dot: &Shape,
        command: &'t Command,
        last: Option<Shape>,
    ) -> Step<Shape> {
        let [first, arguments @ ..] = command.operands.as_slice() else {
            return self.fails(Construct::Branch);
        };
        let has_arguments = !arguments.is_empty() || last.is_some();
        self.at = first.at;
        match &first.term {
            Term::Function(name) => self.call(scope, dot, name, arguments, last),
            // A field of nothing is nothing, whatever the arguments.
            Term::Field(_) | Term::Chain(..) if has_arguments => self.partial(Construct::Field),
            Term::Variable(_, names) if has_arguments && !names.is_empty() => {
                self.partial(Construct::Field)
            }
            _ if has_arguments => self.fails(Construct::Branch),
            Term::Nil => self.fails(Construct::Branch),
            _ => self.operand(scope, dot, first, None),
        }
    }

    /// An operand; with a parameter, it is checked to fit.
    pub(super) fn operand(
        &mut self,
        scope: &mut Scope<'t>,
        dot: &Shape,
        operand: &'t Operand,
        wanted: Option<Parameter>,
    ) -> Step<Shape> {
        self.look()?;
        self.at = operand.at;
        let shape = match &operand.term {
            Term::Dot => dot.clone(),
            Term::Field(names) => self.fields(dot.clone(), names)?,
            Term::Variable(name, names) => match scope.find(name) {
                Some(shape) => self.fields(shape.clone(), names)?,
                None => return self.fails(Construct::Branch),
            },
            Term::Pipe(pipe) => self.nested(|analysis| analysis.pipe(scope, dot, pipe))?,
            Term::Function(name) => self.call(scope, dot, name, &[], None)?,
            Term::Chain(inner, names) => {
                let receiver = self.operand(scope, dot, inner, Some(Parameter::Any))?;
                let receiver = match receiver {
                    Shape::Known(Value::Nil) => Shape::Known(Value::Missing),
                    receiver => receiver,
                };
                self.at = operand.at;
                self.fields(receiver, names)?
            }
            literal => return self.literal(literal, wanted.unwrap_or(Parameter::Any)),
        };
        self.at = operand.at;
        match wanted {
            Some(wanted) => self.fit(shape, wanted),
            None => Ok(shape),
        }
    }

    fn literal(&mut self, term: &Term, wanted: Parameter) -> Step<Shape> {
        let value = match (term, wanted) {
            (Term::Nil, Parameter::Any) => Value::Nil,
            (Term::Nil, Parameter::Dict) => return Ok(Shape::Dict { size: 0, depth: 0 }),
            (Term::Bool(truth), Parameter::Any | Parameter::Bool) => Value::Bool(*truth),
            (Term::Text(text), Parameter::Any | Parameter::Str) => {
                self.spend(text.len() as u64, 1);
                Value::text(text)
            }
            (Term::Number(number), Parameter::Any) => match ideal(number) {
                Ok(value) => value,
                Err(_) => return self.fails(Construct::Branch),
            },
            (Term::Number(number), Parameter::Int) => match number.int {
                Some(number) => Value::Int(number),
                None => return self.fails(Construct::Branch),
            },
            (Term::Number(number), Parameter::Float) => match number.float {
                Some(number) => Value::Float(number),
                None => return self.fails(Construct::Branch),
            },
            _ => return self.fails(Construct::Branch),
        };
        Ok(Shape::Known(value))
    }

    /// Checks a shape against a parameter, as `fit` checks a value.
    pub(super) fn fit(&self, shape: Shape, wanted: Parameter) -> Step<Shape> {
        self.bounded(&shape)?;
        match (&shape, wanted) {
            (Shape::Known(Value::Missing), Parameter::Any) => Ok(Shape::Known(Value::Nil)),
            (_, Parameter::Any) => Ok(shape),
            (Shape::Any { .. } | Shape::Unbounded, _) | (_, Parameter::Time) => {
                self.partial(Construct::Value)
            }
            (Shape::Known(Value::Missing), Parameter::Dict) => {
                Ok(Shape::Dict { size: 0, depth: 0 })
            }
            (Shape::Known(Value::Str(_)) | Shape::Str(_), Parameter::Str)
            | (Shape::Known(Value::Int(_)) | Shape::Int, Parameter::Int)
            | (Shape::Known(Value::Float(_)) | Shape::Float, Parameter::Float)
            | (Shape::Known(Value::Bool(_)) | Shape::Bool, Parameter::Bool)
            | (Shape::Dict { .. }, Parameter::Dict) => Ok(shape),
            _ => self.fails(Construct::Branch),
        }
    }

    fn fields(&self, mut shape: Shape, names: &[Name]) -> Step<Shape> {
        for name in names {
            shape = self.field(&shape, name)?;
        }
        Ok(shape)
    }

    fn field(&self, shape: &Shape, name: &str) -> Step<Shape> {
        let missing = || match self.missing_key {
            MissingKey::NoValue => Ok(Shape::Known(Value::Missing)),
            MissingKey::Zero => Ok(Shape::Known(Value::text(""))),
            MissingKey::Error => self.fails(Construct::Field),
        };
        match (shape, self.missing_key) {
            (Shape::Known(Value::Missing), MissingKey::Error) => self.fails(Construct::Field),
            (Shape::Known(Value::Missing), _) => Ok(shape.clone()),
            (Shape::Root(fields), _) => match fields.iter().find(|(key, _)| key == name) {
                Some((_, field)) => Ok(field.clone()),
                None => missing(),
            },
            (Shape::Strings { longest, .. }, MissingKey::Zero) => Ok(Shape::Str(*longest)),
            (Shape::Strings { .. } | Shape::Dict { .. }, MissingKey::Error) => {
                self.partial(Construct::Field)
            }
            (Shape::Strings { longest, .. }, MissingKey::NoValue) => {
                Ok(Shape::Str(*longest).blurred())
            }
            (Shape::Dict { size, depth }, _) => Ok(Shape::Any {
                size: (*size).max(64),
                depth: *depth,
            }),
            (Shape::Any { .. } | Shape::Unbounded, _) => self.partial(Construct::Field),
            _ => self.fails(Construct::Field),
        }
    }
}
