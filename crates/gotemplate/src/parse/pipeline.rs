//! Pipelines and what stands in them: declarations, commands, operands.

use super::ast::{Binding, Command, Name, Operand, Pipe, Term};
use super::lex::Kind;
use super::{DEPTH, Parse, Parser, fail, literal};
use crate::error::SyntaxFault;

/// Where a pipeline stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    Command,
    If,
    With,
    Range,
    Block,
    Template,
    Parenthesized,
}

impl Parser<'_> {
    pub(super) fn pipeline(&mut self, context: Context, end: Kind) -> Parse<Pipe> {
        let at = self.peek_word()?.at;
        let mut pipe = Pipe {
            at,
            binding: Binding::Declare,
            variables: Vec::new(),
            commands: Vec::new(),
        };
        self.declarations(context, &mut pipe)?;
        loop {
            let token = self.next_word()?;
            if token.kind == end {
                return if pipe.commands.is_empty() {
                    fail(SyntaxFault::EmptyCommand, token.at)
                } else {
                    Ok(pipe)
                };
            }
            match token.kind {
                Kind::Bool
                | Kind::CharConstant
                | Kind::Complex
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::RawString
                | Kind::String
                | Kind::Variable
                | Kind::LeftParen => {
                    self.back(token);
                    let command = self.command()?;
                    let executable = command.operands.first().is_some_and(|operand| {
                        !matches!(
                            operand.term,
                            Term::Bool(_) | Term::Dot | Term::Nil | Term::Number(_) | Term::Text(_)
                        )
                    });
                    if !pipe.commands.is_empty() && !executable {
                        return fail(SyntaxFault::NotExecutable, token.at);
                    }
                    pipe.commands.push(command);
                }
                _ => return fail(SyntaxFault::Unexpected, token.at),
            }
        }
    }

    fn declarations(&mut self, context: Context, pipe: &mut Pipe) -> Parse<()> {
        loop {
            let variable = self.peek_word()?;
            if variable.kind != Kind::Variable {
                return Ok(());
            }
            let variable = self.next_word()?;
            let adjacent = self.next()?;
            let next = if adjacent.kind == Kind::Space {
                self.next_word()?
            } else {
                adjacent
            };
            let comma = next.kind == Kind::Char && next.text == ",";
            if !comma && !matches!(next.kind, Kind::Assign | Kind::Declare) {
                self.back(next);
                if adjacent.kind == Kind::Space {
                    self.back(adjacent);
                }
                self.back(variable);
                return Ok(());
            }
            pipe.variables.push(variable.text.into());
            self.scope.variables.push(variable.text.into());
            if !comma {
                pipe.binding = if next.kind == Kind::Assign {
                    Binding::Assign
                } else {
                    Binding::Declare
                };
                return Ok(());
            }
            if context != Context::Range || pipe.variables.len() >= 2 {
                return fail(SyntaxFault::Declarations, next.at);
            }
            let after = self.peek_word()?;
            if !matches!(
                after.kind,
                Kind::Variable | Kind::RightDelim | Kind::RightParen
            ) {
                return fail(SyntaxFault::Declarations, after.at);
            }
        }
    }

    fn command(&mut self) -> Parse<Command> {
        let mut operands = Vec::new();
        loop {
            let first = self.peek_word()?;
            if let Some(operand) = self.operand()? {
                operands.push(operand);
            }
            let token = self.next()?;
            match token.kind {
                Kind::Space => continue,
                Kind::RightDelim | Kind::RightParen => self.back(token),
                Kind::Pipe => {}
                _ => return fail(SyntaxFault::Unexpected, token.at),
            }
            return if operands.is_empty() {
                fail(SyntaxFault::EmptyCommand, first.at)
            } else {
                Ok(Command { operands })
            };
        }
    }

    fn operand(&mut self) -> Parse<Option<Operand>> {
        let Some(mut operand) = self.term()? else {
            return Ok(None);
        };
        let mut fields = Vec::new();
        let mut at = operand.at;
        while self.peek()?.kind == Kind::Field {
            let token = self.next()?;
            if fields.is_empty() {
                at = token.at;
            }
            fields.push(Name::from(&token.text[1..]));
        }
        if fields.is_empty() {
            return Ok(Some(operand));
        }
        match &mut operand.term {
            Term::Field(names) | Term::Variable(_, names) => names.append(&mut fields),
            Term::Bool(_) | Term::Text(_) | Term::Number(_) | Term::Nil | Term::Dot => {
                return fail(SyntaxFault::Unexpected, at);
            }
            Term::Function(_) | Term::Pipe(_) | Term::Chain(..) => {
                return Ok(Some(Operand {
                    at,
                    term: Term::Chain(Box::new(operand), fields),
                }));
            }
        }
        Ok(Some(operand))
    }

    fn term(&mut self) -> Parse<Option<Operand>> {
        let token = self.next_word()?;
        let term = match token.kind {
            Kind::Identifier => {
                if !self.functions.knows(token.text) {
                    return fail(SyntaxFault::UnknownFunction, token.at);
                }
                if self.functions.refuses(token.text) {
                    return fail(SyntaxFault::RefusedFunction, token.at);
                }
                Term::Function(token.text.into())
            }
            Kind::Dot => Term::Dot,
            Kind::Nil => Term::Nil,
            Kind::Bool => Term::Bool(token.text == "true"),
            Kind::Variable => {
                if !self
                    .scope
                    .variables
                    .iter()
                    .any(|name| **name == *token.text)
                {
                    return fail(SyntaxFault::UnknownVariable, token.at);
                }
                Term::Variable(token.text.into(), Vec::new())
            }
            Kind::Field => Term::Field(vec![token.text[1..].into()]),
            Kind::CharConstant => match literal::character(token.text) {
                Some(number) => Term::Number(number),
                None => return fail(SyntaxFault::Escape, token.at),
            },
            Kind::Number => match literal::number(token.text) {
                Some(number) => Term::Number(number),
                None => return fail(SyntaxFault::Number, token.at),
            },
            Kind::Complex => return fail(SyntaxFault::Number, token.at),
            Kind::String | Kind::RawString => match literal::unquote(token.text) {
                Some(text) => Term::Text(text.into()),
                None => return fail(SyntaxFault::Escape, token.at),
            },
            Kind::LeftParen => {
                self.depth += 1;
                if self.depth > DEPTH {
                    return fail(SyntaxFault::Depth, token.at);
                }
                let pipe = self.pipeline(Context::Parenthesized, Kind::RightParen)?;
                self.depth -= 1;
                Term::Pipe(Box::new(pipe))
            }
            _ => {
                self.back(token);
                return Ok(None);
            }
        };
        Ok(Some(Operand { at: token.at, term }))
    }
}
