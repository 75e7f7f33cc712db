//! jq path expressions, run so that no program can hang or take memory without end (CVE-2024-32476).
//!
//! An expression `f` is asked for the places that `del(f)` would delete, as `path(f)`; deleting them is up to the caller. The
//! evaluator, jaq, cannot be interrupted from outside. So the parsed program is changed before it is compiled: each
//! definition begins with a step of our own, and whatever makes values or iterates ends with one. Between two steps lies a
//! bounded amount of work, and each step checks how long the program runs, how large the value is that passes, how much
//! has passed altogether, and how deep the stack is. A program over its budget is unwound from there, which it cannot catch
//! as it could an error. It runs on a thread of its own, with a stack whose size is known; the thread has ended when its
//! result is there.
//!
//! What differs from gojq, by which Argo CD runs expressions: paths lead through `reduce`, `foreach` and `last(f)`, where gojq
//! gives up and ignores nothing; a fraction is no index, where gojq cuts it off; and regular expressions are those of the `regex` crate. `env` is empty, as it is there.

mod stepped;

use std::cell::Cell;
use std::panic::resume_unwind;
use std::thread;
use std::time::{Duration, Instant};

use jaq_core::box_iter::box_once;
use jaq_core::load::parse::{Def, Parser, Term};
use jaq_core::load::{self, Arena, File, Lexer, Loader};
use jaq_core::native::{Fun, bome, v};
use jaq_core::{Compiler, Ctx, DataT, Lut, Native, Vars, data::HasLut};
use jaq_json::{Num, Val, read};
use serde_json::Value;

use self::stepped::{stepped_def, stepped_term};
use super::IgnoreFailure;

/// How long one expression may run on one object, as in Argo CD.
const TIME: Duration = Duration::from_secs(1);
/// What may pass all steps of a run, in nodes: some 64 MiB, or a multiple of the object.
const PASSING: usize = 4 << 20;
/// How large one value may be, in nodes, where the object is smaller.
const VALUE: usize = 200_000;
/// How deep one value may be.
const DEPTH: usize = 256;
/// The stack of the thread. It is reserved, and taken only as far as it is used.
const STACK: usize = 64 << 20;
/// The longest expression that is read.
const LENGTH: usize = 16 << 10;

/// The names of our own filters; no program can write an exclamation mark in a name.
const STEP: &str = "!step";
const MULTIPLY: &str = "!multiply";
const NATIVE_RANGE: &str = "!range";
const IGNORED: &str = "!ignored";

/// The name of the whole program.
const PLACES: &str = "places_of_what_is_ignored";

/// What reaches outside, or is done in our own way. See [`prelude`].
const OUTSIDE: [&str; 5] = ["env", "halt", "debug_empty", "stderr_empty", "range"];

/// A compiled expression.
pub(super) struct Expression {
    filter: jaq_core::Filter<Limited>,
}

/// One step of a path into an object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Key {
    /// A field.
    Name(String),
    /// An item; from the end where negative.
    Index(i64),
    /// A range of items.
    Slice(Option<i64>, Option<i64>),
}

impl Expression {
    /// Compiles an expression, or says what is wrong with it.
    pub(super) fn compile(expression: &str) -> Result<Self, String> {
        if expression.len() > LENGTH {
            return Err(format!("it is longer than {LENGTH} bytes"));
        }
        on_own_stack(|| compile(expression))
            .unwrap_or_else(|_| Err("it is nested too deeply".to_owned()))
    }

    /// The places in `object` that the expression names.
    pub(super) fn paths(&self, object: &Value) -> Result<Vec<Vec<Key>>, IgnoreFailure> {
        let text = serde_json::to_vec(object).map_err(|_| IgnoreFailure::Failed)?;
        on_own_stack(|| self.run(&text)).unwrap_or(Err(IgnoreFailure::Exhausted))
    }

    fn run(&self, text: &[u8]) -> Result<Vec<Vec<Key>>, IgnoreFailure> {
        let input = read::parse_single(text).map_err(|_| IgnoreFailure::Failed)?;
        let here = 0_u8;
        let budget = Budget {
            until: Instant::now() + TIME,
            passing: Cell::new(PASSING.max(text.len().saturating_mul(32))),
            value: VALUE.max(text.len()),
            stack: std::ptr::from_ref(&here).addr(),
        };
        let data = Data {
            lut: &self.filter.lut,
            budget: &budget,
        };
        let context = Ctx::<Limited>::new(data, Vars::new([]));
        let mut paths = Vec::new();
        for path in self.filter.id.run((context, input)) {
            // An error of the program; its text could quote the object.
            let path = path.map_err(|_| IgnoreFailure::Failed)?;
            budget.step(&path);
            // The whole object cannot be left out.
            let keys = keys(&path).filter(|keys| !keys.is_empty());
            paths.push(keys.ok_or(IgnoreFailure::Failed)?);
        }
        Ok(paths)
    }
}

fn compile(expression: &str) -> Result<Expression, String> {
    let tokens = Lexer::new(expression).lex().map_err(|errors| {
        let what = errors
            .first()
            .map_or("a token", |(expected, _)| expected.as_str());
        format!("{what} expected")
    })?;
    let term = Parser::new(&tokens)
        .parse(|parser| parser.term())
        .map_err(|errors| {
            errors.first().map_or_else(
                || "it cannot be read".to_owned(),
                |(expected, found)| match found {
                    Some(found) => {
                        format!("{} expected at {:?}", expected.as_str(), found.as_str())
                    }
                    None => format!("{} expected at the end", expected.as_str()),
                },
            )
        })?;
    let own = definition(IGNORED, &[], stepped_term(term, &mut Vec::new()));
    let definitions = prelude()
        .map(|def| stepped_def(def, &mut Vec::new()))
        .chain([own]);
    let functions = jaq_core::funs::<Limited>()
        .chain(jaq_std::funs())
        .chain(jaq_json::funs())
        .filter_map(|(name, arguments, native)| match name {
            "range" => Some((NATIVE_RANGE, arguments, native)),
            name if OUTSIDE.contains(&name) => None,
            _ => Some((name, arguments, native)),
        })
        .chain([step(), multiply()]);
    let arena = Arena::default();
    // Programs cannot name our own filters; this definition is for the file that calls it.
    let ignored = Term::Call(IGNORED, Vec::new());
    let places = definition(PLACES, &[], Term::Call("path", vec![ignored]));
    let file = File {
        code: PLACES,
        path: (),
    };
    let modules = Loader::new(definitions.chain([places]))
        .load(&arena, file)
        .map_err(|_| "it cannot be read".to_owned())?;
    let filter = Compiler::default()
        .with_funs(functions)
        .compile(modules)
        .map_err(|errors| {
            errors
                .into_iter()
                .flat_map(|(_, errors)| errors)
                .next()
                .map_or_else(
                    || "it cannot be compiled".to_owned(),
                    |(name, undefined)| format!("undefined {} {name:?}", undefined.as_str()),
                )
        })?;
    Ok(Expression { filter })
}

/// Definitions of jaq, and of what gojq has besides.
fn prelude() -> impl Iterator<Item = Def<&'static str>> {
    const MORE: &str = "
        def env: {};
        def halt: error;
        def halt_error: error;
        def halt_error(code): error;
        def IN(s): any(s == .; .);
        def IN(src; s): any(src == s; .);
    ";
    let range = definition(
        "range",
        &["$from", "$to", "$by"],
        Term::Call(
            NATIVE_RANGE,
            vec![Term::Var("$from"), Term::Var("$to"), Term::Var("$by")],
        ),
    );
    let ours = load::parse(MORE, |parser| parser.defs()).unwrap_or_default();
    let replaced =
        |def: &Def<&str>| !matches!(def.name, "halt" | "halt_error" | "debug" | "stderr");
    [range]
        .into_iter()
        .chain(
            jaq_core::defs()
                .chain(jaq_std::defs())
                .chain(jaq_json::defs())
                .filter(replaced),
        )
        .chain(ours)
}

fn definition<'s>(name: &'s str, arguments: &[&'s str], body: Term<&'s str>) -> Def<&'s str> {
    Def {
        name,
        args: arguments.to_vec(),
        body,
    }
}

/// Runs on a thread whose stack is large enough for what [`Budget::step`] allows. An error is a run that was unwound.
fn on_own_stack<T: Send>(run: impl FnOnce() -> T + Send) -> Result<T, ()> {
    thread::scope(|scope| {
        thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, run)
            .map_err(|_| ())?
            .join()
            .map_err(|_| ())
    })
}

fn keys(path: &Val) -> Option<Vec<Key>> {
    let Val::Arr(path) = path else { return None };
    path.iter().map(key).collect()
}

fn key(key: &Val) -> Option<Key> {
    let whole = |value: &Val| match value {
        Val::Num(Num::Int(number)) => i64::try_from(*number).ok(),
        _ => None,
    };
    Some(match key {
        Val::TStr(name) => Key::Name(String::from_utf8(name.to_vec()).ok()?),
        Val::Num(_) => Key::Index(whole(key)?),
        Val::Obj(range) => {
            let end = |name: &str| range.get(&Val::from(name.to_owned())).and_then(whole);
            Key::Slice(end("start"), end("end"))
        }
        _ => return None,
    })
}

/// What programs run on: JSON, with a budget.
struct Limited;

#[derive(Clone)]
struct Data<'a> {
    lut: &'a Lut<Limited>,
    budget: &'a Budget,
}

impl DataT for Limited {
    type V<'a> = Val;
    type Data<'a> = Data<'a>;
}

impl<'a> HasLut<'a, Limited> for Data<'a> {
    fn lut(&self) -> &'a Lut<Limited> {
        self.lut
    }
}

/// What a run may still take.
struct Budget {
    until: Instant,
    passing: Cell<usize>,
    value: usize,
    /// An address in the frame of the first call.
    stack: usize,
}

impl Budget {
    /// Ends the run by unwinding its thread where `value`, or the run, is over the budget.
    fn step(&self, value: &Val) {
        let here = 0_u8;
        let mut left = self.value;
        let fits = weigh(value, DEPTH, &mut left)
            && std::ptr::from_ref(&here).addr().abs_diff(self.stack) < STACK / 2
            && Instant::now() < self.until;
        match self.passing.get().checked_sub(self.value - left) {
            Some(passing) if fits => self.passing.set(passing),
            // No message of a panic is printed for this.
            _ => resume_unwind(Box::new(IgnoreFailure::Exhausted)),
        }
    }
}

/// Takes the nodes of a value from `left`; false where it has more, or is too deep.
fn weigh(value: &Val, depth: usize, left: &mut usize) -> bool {
    let own = match value {
        Val::Null | Val::Bool(_) | Val::Num(Num::Int(_) | Num::Float(_)) => 1,
        Val::Num(Num::Dec(digits)) => 1 + digits.len() / 16,
        Val::Num(Num::BigInt(number)) => {
            1 + usize::try_from(number.bits() / 128).unwrap_or(usize::MAX / 2)
        }
        Val::BStr(text) | Val::TStr(text) => 1 + text.len() / 16,
        Val::Arr(_) | Val::Obj(_) => 1,
    };
    let Some(rest) = left.checked_sub(own) else {
        return false;
    };
    *left = rest;
    let Some(depth) = depth.checked_sub(1) else {
        return false;
    };
    match value {
        Val::Arr(items) => items.iter().all(|item| weigh(item, depth, left)),
        Val::Obj(fields) => fields
            .iter()
            .all(|(name, item)| weigh(name, depth, left) && weigh(item, depth, left)),
        _ => true,
    }
}

/// The filter that gives its input, and checks the budget.
fn step() -> Fun<Limited> {
    let native = Native::<Limited>::new(|cv| {
        cv.0.data().budget.step(&cv.1);
        box_once(Ok(cv.1))
    })
    .with_paths(|cvp| {
        cvp.0.data().budget.step(&cvp.1.0);
        box_once(Ok(cvp.1))
    })
    .with_update(|cv, update| {
        cv.0.data().budget.step(&cv.1);
        update(cv.1)
    });
    (STEP, v(0), native)
}

/// Multiplication, which repeats a text: not more often than the budget allows.
fn multiply() -> Fun<Limited> {
    let native = Native::<Limited>::new(|mut cv| {
        let right = cv.0.pop_var();
        let left = cv.0.pop_var();
        let times = |text: &Val, times: &Val| match (text, times) {
            (Val::TStr(text) | Val::BStr(text), Val::Num(times)) => match times {
                Num::Int(times) => text
                    .len()
                    .saturating_mul(usize::try_from(*times).unwrap_or(0)),
                Num::Float(times) if *times < 1e6 => text.len().saturating_mul(*times as usize),
                _ => usize::MAX,
            },
            _ => 0,
        };
        let length = times(&left, &right).max(times(&right, &left));
        if length / 16 > cv.0.data().budget.value {
            resume_unwind(Box::new(IgnoreFailure::Exhausted));
        }
        bome(left * right)
    });
    (MULTIPLY, v(2), native)
}
