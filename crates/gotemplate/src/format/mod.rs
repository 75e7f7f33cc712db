//! Formatting as Go's `fmt` does it: `print`, `println`, `printf` and what actions print.

pub(crate) mod float;
pub(crate) mod quote;
mod verbs;

use crate::error::Fault;
use crate::functions::Call;
use crate::limits::VALUE_DEPTH;
use crate::value::{Element, Entry, Value};

use verbs::{Flags, Printer};

/// The widest padding and the longest precision that Go takes from a format.
const WIDEST: usize = 1_000_000;

/// `fmt.Sprint(value)`.
pub(crate) fn display(call: &Call<'_>, value: &Value) -> Result<Vec<u8>, Fault> {
    let mut printer = Printer::new(call);
    printer.argument(value, 'v')?;
    Ok(printer.out)
}

/// `fmt.Sprint`: operands are separated by a space where neither is a string.
pub(crate) fn sprint(call: &Call<'_>, values: &[Value]) -> Result<Vec<u8>, Fault> {
    let mut printer = Printer::new(call);
    let mut after_string = true;
    for (index, value) in values.iter().enumerate() {
        let is_string = matches!(value, Value::Str(_));
        if index > 0 && !is_string && !after_string {
            printer.out.push(b' ');
        }
        printer.argument(value, 'v')?;
        after_string = is_string;
    }
    Ok(printer.out)
}

/// `fmt.Sprintln`.
pub(crate) fn sprintln(call: &Call<'_>, values: &[Value]) -> Result<Vec<u8>, Fault> {
    let mut printer = Printer::new(call);
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            printer.out.push(b' ');
        }
        printer.argument(value, 'v')?;
    }
    printer.out.push(b'\n');
    Ok(printer.out)
}

/// `fmt.Sprintf`.
pub(crate) fn sprintf(call: &Call<'_>, format: &[u8], values: &[Value]) -> Result<Vec<u8>, Fault> {
    let mut printer = Printer::new(call);
    let mut next = 0;
    let mut at = 0;
    let mut reordered = false;
    while at < format.len() {
        let plain = memchr::memchr(b'%', &format[at..]).unwrap_or(format.len() - at);
        printer.write(&format[at..at + plain])?;
        at += plain;
        if at >= format.len() {
            break;
        }
        at += 1;
        let mut directive = Directive {
            format,
            values,
            at,
            next,
            good_index: true,
            after_index: false,
            reordered: false,
        };
        directive.run(&mut printer)?;
        (at, next) = (directive.at, directive.next);
        reordered = directive.reordered;
    }
    if !reordered && next < values.len() {
        printer.flags = Flags::default();
        printer.write(b"%!(EXTRA ")?;
        for (index, value) in values[next..].iter().enumerate() {
            if index > 0 {
                printer.write(b", ")?;
            }
            if value.is_nil() {
                printer.write(b"<nil>")?;
            } else {
                printer.write(type_name(value).as_bytes())?;
                printer.write(b"=")?;
                printer.argument(value, 'v')?;
            }
        }
        printer.write(b")")?;
    }
    Ok(printer.out)
}

/// One `%…` of a format.
struct Directive<'a> {
    format: &'a [u8],
    values: &'a [Value],
    at: usize,
    next: usize,
    good_index: bool,
    after_index: bool,
    reordered: bool,
}

impl Directive<'_> {
    fn run(&mut self, printer: &mut Printer<'_, '_>) -> Result<(), Fault> {
        printer.flags = Flags::default();
        while let Some(byte) = self.format.get(self.at) {
            match byte {
                b'#' => printer.flags.sharp = true,
                b'0' => printer.flags.zero = true,
                b'+' => printer.flags.plus = true,
                b'-' => printer.flags.minus = true,
                b' ' => printer.flags.space = true,
                _ => break,
            }
            self.at += 1;
        }
        self.index();
        if self.format.get(self.at) == Some(&b'*') {
            self.at += 1;
            match self.int_argument() {
                Some(width) => {
                    printer.flags.width = Some(width.unsigned_abs() as usize);
                    if width < 0 {
                        printer.flags.minus = true;
                        printer.flags.zero = false;
                    }
                }
                None => printer.write(b"%!(BADWIDTH)")?,
            }
            self.after_index = false;
        } else {
            printer.flags.width = self.number();
            if self.after_index && printer.flags.width.is_some() {
                self.good_index = false;
            }
        }
        if self.format.get(self.at) == Some(&b'.') && self.at < self.format.len() {
            self.at += 1;
            if self.after_index {
                self.good_index = false;
            }
            self.index();
            if self.format.get(self.at) == Some(&b'*') {
                self.at += 1;
                match self.int_argument() {
                    Some(precision) if precision >= 0 => {
                        printer.flags.precision = Some(precision as usize)
                    }
                    Some(_) => printer.flags.precision = None,
                    None => printer.write(b"%!(BADPREC)")?,
                }
                self.after_index = false;
            } else {
                printer.flags.precision = Some(self.number().unwrap_or(0));
            }
        }
        if !self.after_index {
            self.index();
        }
        let rest = &self.format[self.at..];
        let Some(verb) = quote::units(rest.get(..rest.len().min(4)).unwrap_or(rest)).next() else {
            return printer.write(b"%!(NOVERB)");
        };
        let verb = match verb {
            quote::Unit::Character(character) => {
                self.at += character.len_utf8();
                character
            }
            quote::Unit::Byte(_) => {
                self.at += 1;
                char::REPLACEMENT_CHARACTER
            }
        };
        if verb == '%' {
            return printer.write(b"%");
        }
        let marker = if !self.good_index {
            "(BADINDEX)"
        } else if self.next >= self.values.len() {
            "(MISSING)"
        } else {
            let value = &self.values[self.next];
            self.next += 1;
            if verb == 'w' {
                return printer.bad_verb(verb, value);
            }
            if verb == 'v' {
                printer.flags.sharp_v = std::mem::take(&mut printer.flags.sharp);
                printer.flags.plus_v = std::mem::take(&mut printer.flags.plus);
            }
            return printer.argument(value, verb);
        };
        printer.write(format!("%!{verb}{marker}").as_bytes())
    }

    /// `[n]`, the argument to use next.
    fn index(&mut self) {
        self.after_index = false;
        if self.format.get(self.at) != Some(&b'[') {
            return;
        }
        self.reordered = true;
        let inside = &self.format[self.at + 1..];
        let Some(length) = memchr::memchr(b']', inside) else {
            self.good_index = false;
            self.at += 1;
            return;
        };
        let number = &inside[..length];
        let value =
            (!number.is_empty() && number.len() < 8 && number.iter().all(u8::is_ascii_digit))
                .then(|| {
                    number
                        .iter()
                        .fold(0, |value, digit| value * 10 + usize::from(digit - b'0'))
                })
                .filter(|value| *value <= WIDEST);
        self.at += length + 2;
        match value {
            Some(value) if value >= 1 && value <= self.values.len() => {
                self.next = value - 1;
                self.after_index = true;
            }
            _ => {
                self.good_index = false;
                self.after_index = value.is_some();
            }
        }
    }

    fn number(&mut self) -> Option<usize> {
        let digits = self.format[self.at..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let text = &self.format[self.at..self.at + digits];
        let value = text.iter().try_fold(0_usize, |value, digit| {
            Some(value * 10 + usize::from(digit - b'0')).filter(|value| *value <= WIDEST)
        });
        // Go stops reading at the digit that makes the number too large, and takes the digit for the verb.
        match value {
            _ if digits == 0 => None,
            Some(value) => {
                self.at += digits;
                Some(value)
            }
            None => {
                self.at = self.format.len();
                None
            }
        }
    }

    fn int_argument(&mut self) -> Option<i64> {
        let value = self.values.get(self.next)?;
        self.next += 1;
        let number = match value {
            Value::Int(value) | Value::Int64(value) => *value,
            Value::Byte(value) => i64::from(*value),
            Value::Uint64(value) => i64::try_from(*value).ok()?,
            _ => return None,
        };
        (number.unsigned_abs() as usize <= WIDEST).then_some(number)
    }
}

/// The name of the Go type, `%T`.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Missing | Value::Nil => "<nil>",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Int64(_) => "int64",
        Value::Uint64(_) => "uint64",
        Value::Byte(_) => "uint8",
        Value::Float(_) => "float64",
        Value::Str(_) => "string",
        Value::List(list) => match list.element() {
            Element::Any => "[]interface {}",
            Element::Str => "[]string",
            Element::Int => "[]int",
            Element::List => "[][]interface {}",
        },
        Value::Map(map) => match map.entry() {
            Entry::Any => "map[string]interface {}",
            Entry::Str => "map[string]string",
        },
        Value::Time(_) => "time.Time",
        Value::Version(_) => "*semver.Version",
    }
}

/// The name of the `reflect.Kind`.
pub(crate) fn kind_name(value: &Value) -> &'static str {
    match value {
        Value::Missing | Value::Nil => "invalid",
        Value::List(_) => "slice",
        Value::Map(_) => "map",
        Value::Time(_) => "struct",
        Value::Version(_) => "ptr",
        other => type_name(other),
    }
}

fn deep_enough(depth: usize) -> Result<(), Fault> {
    if depth > VALUE_DEPTH {
        Err(Fault::DepthLimit)
    } else {
        Ok(())
    }
}
