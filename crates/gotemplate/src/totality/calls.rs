//! Calls of functions on shapes.

use super::Construct;
use super::analysis::{Analysis, Scope, Step};
use super::rules::{self, Outcome};
use super::shape::Shape;
use crate::functions::Parameter;
use crate::parse::ast::Operand;
use crate::value::Value;

impl<'t> Analysis<'t> {
    pub(super) fn call(
        &mut self,
        scope: &mut Scope<'t>,
        dot: &Shape,
        name: &'t str,
        arguments: &'t [Operand],
        last: Option<Shape>,
    ) -> Step<Shape> {
        let at = self.at;
        let failing = || Construct::Function(name.to_owned());
        let Some(function) = self.functions.find(name) else {
            return self.fails(failing());
        };
        let count = arguments.len() + usize::from(last.is_some());
        if !function.takes(count) {
            return self.fails(failing());
        }
        if self.functions.is_added(name) {
            return self.partial(failing());
        }
        if matches!(name, "and" | "or") {
            return self.short_circuit(scope, dot, name == "or", arguments, last);
        }
        let mut shapes = Vec::with_capacity(count);
        for (index, operand) in arguments.iter().enumerate() {
            shapes.push(self.operand(scope, dot, operand, Some(function.parameter(index)))?);
        }
        if let Some(last) = last {
            shapes.push(self.fit(last, function.parameter(arguments.len()))?);
        }
        self.at = at;
        let sizes = shapes
            .iter()
            .fold(0_u64, |total, shape| total.saturating_add(shape.size()));
        match rules::apply(name, &shapes) {
            Outcome::Gives(shape) => {
                // More than any of these functions takes: see the rules for those that compare all with all.
                let memory = sizes
                    .saturating_mul(24)
                    .saturating_add(shape.size().saturating_mul(4))
                    .saturating_add(1024);
                self.spend(
                    memory,
                    sizes
                        .saturating_add(shape.size())
                        .saturating_add(rules::extra_steps(name, &shapes)),
                );
                Ok(shape)
            }
            Outcome::Fails => self.fails(failing()),
            Outcome::Depends => self.partial(failing()),
        }
    }

    /// `and` and `or`: once an operand could decide, those after it are reached for some values only.
    fn short_circuit(
        &mut self,
        scope: &mut Scope<'t>,
        dot: &Shape,
        decisive: bool,
        arguments: &'t [Operand],
        last: Option<Shape>,
    ) -> Step<Shape> {
        let outside = self.conditions;
        let mut result: Option<Shape> = None;
        for operand in arguments {
            // Assignments in an operand that may be skipped have happened or not.
            let before = (self.conditions > outside).then(|| scope.clone());
            let shape = self.operand(scope, dot, operand, Some(Parameter::Any))?;
            if let Some(before) = before
                && !scope.merge(&before)
            {
                return self.partial(Construct::Value);
            }
            let truth = shape.truth();
            if truth == Some(decisive) {
                self.conditions = outside;
                return Ok(widened(result, &shape));
            }
            if truth.is_none() {
                result = Some(widened(result, &shape));
                self.conditions += 1;
            } else if arguments
                .last()
                .is_some_and(|other| std::ptr::eq(other, operand))
                && last.is_none()
            {
                result = Some(widened(result, &shape));
            }
        }
        self.conditions = outside;
        let result = match (result, last) {
            (Some(result), Some(last)) => result.join(&last),
            (Some(result), None) => result,
            (None, Some(last)) => last,
            (None, None) => Shape::Known(Value::Missing),
        };
        Ok(result)
    }
}

/// What a value can be that is one of the earlier ones or this one.
fn widened(earlier: Option<Shape>, shape: &Shape) -> Shape {
    earlier.map_or_else(|| shape.clone(), |earlier| earlier.join(shape))
}
