//! Programs with steps: where a step is put into a parsed program, so that a bounded amount of work lies between two.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::ops;
use jaq_core::path::{Part, Path};

use super::{MULTIPLY, STEP};

/// The definitions around a term, whose calls are loops.
pub(super) type Names<'s> = Vec<&'s str>;

/// A definition that begins with a step.
pub(super) fn stepped_def<'s>(def: Def<&'s str>, within: &mut Names<'s>) -> Def<&'s str> {
    within.push(def.name);
    let body = stepped_term(def.body, within);
    within.pop();
    Def {
        name: def.name,
        args: def.args,
        body: pipe(Term::Call(STEP, Vec::new()), body),
    }
}

fn pipe<'s>(left: Term<&'s str>, right: Term<&'s str>) -> Term<&'s str> {
    Term::BinOp(Box::new(left), BinaryOp::Pipe(None), Box::new(right))
}

/// A term that ends with a step where it makes values or iterates. `within` are the definitions around it: calls of those
/// are loops and stay in tail position; they begin with a step anyway.
pub(super) fn stepped_term<'s>(term: Term<&'s str>, within: &mut Names<'s>) -> Term<&'s str> {
    let ended = |term| pipe(term, Term::Call(STEP, Vec::new()));
    match term {
        Term::Id | Term::Num(_) | Term::Var(_) | Term::Break(_) => term,
        Term::Recurse => ended(Term::Recurse),
        Term::Str(format, parts) => {
            let parts = parts
                .into_iter()
                .map(|part| match part {
                    StrPart::Term(term) => StrPart::Term(stepped_term(term, within)),
                    other => other,
                })
                .collect();
            ended(Term::Str(format, parts))
        }
        Term::Arr(items) => ended(Term::Arr(items.map(|items| stepped_box(*items, within)))),
        Term::Obj(fields) => {
            let fields = fields
                .into_iter()
                .map(|(name, value)| {
                    let name = match name {
                        // A constant name can stand without a value, for the field of that name.
                        name @ (Term::Str(..) | Term::Var(_)) if value.is_none() => name,
                        name => stepped_term(name, within),
                    };
                    (name, value.map(|value| stepped_term(value, within)))
                })
                .collect();
            ended(Term::Obj(fields))
        }
        Term::Neg(term) => Term::Neg(stepped_box(*term, within)),
        Term::BinOp(left, operator, right) => {
            let (left, right) = (stepped_box(*left, within), stepped_box(*right, within));
            match operator {
                BinaryOp::Math(ops::Math::Mul) => ended(Term::Call(MULTIPLY, vec![*left, *right])),
                BinaryOp::UpdateMath(ops::Math::Mul) => {
                    // `l *= r` is `r as $x | l |= . * $x`.
                    let product = Term::Call(MULTIPLY, vec![Term::Id, Term::Var("$!factor")]);
                    let update = Term::BinOp(left, BinaryOp::Update, Box::new(ended(product)));
                    let bind = BinaryOp::Pipe(Some(Pattern::Var("$!factor")));
                    ended(Term::BinOp(right, bind, Box::new(update)))
                }
                BinaryOp::Pipe(Some(pattern)) => {
                    let pattern = stepped_pattern(pattern, within);
                    Term::BinOp(left, BinaryOp::Pipe(Some(pattern)), right)
                }
                BinaryOp::Math(_)
                | BinaryOp::Assign
                | BinaryOp::Update
                | BinaryOp::UpdateMath(_)
                | BinaryOp::UpdateAlt => ended(Term::BinOp(left, operator, right)),
                BinaryOp::Pipe(None)
                | BinaryOp::Comma
                | BinaryOp::Alt
                | BinaryOp::Or
                | BinaryOp::And
                | BinaryOp::Cmp(_) => Term::BinOp(left, operator, right),
            }
        }
        Term::Label(name, term) => Term::Label(name, stepped_box(*term, within)),
        Term::Fold(name, over, pattern, terms) => {
            let over = stepped_box(*over, within);
            let pattern = stepped_pattern(pattern, within);
            let terms = terms
                .into_iter()
                .map(|term| stepped_term(term, within))
                .collect();
            ended(Term::Fold(name, over, pattern, terms))
        }
        Term::TryCatch(tried, caught) => Term::TryCatch(
            stepped_box(*tried, within),
            caught.map(|caught| stepped_box(*caught, within)),
        ),
        Term::IfThenElse(branches, otherwise) => Term::IfThenElse(
            branches
                .into_iter()
                .map(|(condition, then)| {
                    (stepped_term(condition, within), stepped_term(then, within))
                })
                .collect(),
            otherwise.map(|otherwise| stepped_box(*otherwise, within)),
        ),
        Term::Def(definitions, term) => Term::Def(
            definitions
                .into_iter()
                .map(|def| stepped_def(def, within))
                .collect(),
            stepped_box(*term, within),
        ),
        Term::Call(name, arguments) => {
            let arguments = arguments
                .into_iter()
                .map(|term| stepped_term(term, within))
                .collect();
            let call = Term::Call(name, arguments);
            if within.contains(&name) {
                call
            } else {
                ended(call)
            }
        }
        Term::Path(of, Path(parts)) => {
            let iterates = parts
                .iter()
                .any(|(part, _)| matches!(part, Part::Range(..)));
            let parts = parts
                .into_iter()
                .map(|(part, optional)| {
                    let part = match part {
                        Part::Index(index) => Part::Index(stepped_term(index, within)),
                        Part::Range(from, to) => Part::Range(
                            from.map(|term| stepped_term(term, within)),
                            to.map(|term| stepped_term(term, within)),
                        ),
                    };
                    (part, optional)
                })
                .collect();
            let path = Term::Path(stepped_box(*of, within), Path(parts));
            if iterates { ended(path) } else { path }
        }
    }
}

fn stepped_box<'s>(term: Term<&'s str>, within: &mut Names<'s>) -> Box<Term<&'s str>> {
    Box::new(stepped_term(term, within))
}

fn stepped_pattern<'s>(pattern: Pattern<&'s str>, within: &mut Names<'s>) -> Pattern<&'s str> {
    match pattern {
        Pattern::Var(name) => Pattern::Var(name),
        Pattern::Arr(items) => Pattern::Arr(
            items
                .into_iter()
                .map(|item| stepped_pattern(item, within))
                .collect(),
        ),
        Pattern::Obj(fields) => Pattern::Obj(
            fields
                .into_iter()
                .map(|(name, field)| (stepped_term(name, within), stepped_pattern(field, within)))
                .collect(),
        ),
    }
}
