//! The verbs of `fmt.Sprintf`, for each kind of value.

use super::quote::{Unit, append_quoted, can_backquote, rune_count, units};
use super::{deep_enough, float, type_name};
use crate::error::Fault;
use crate::functions::Call;
use crate::value::{List, Map, Value};

#[derive(Clone, Copy, Default)]
pub(super) struct Flags {
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
    pub(super) sharp: bool,
    pub(super) zero: bool,
    pub(super) plus: bool,
    pub(super) minus: bool,
    pub(super) space: bool,
    pub(super) sharp_v: bool,
    pub(super) plus_v: bool,
}

pub(super) struct Printer<'c, 't> {
    call: &'c Call<'t>,
    pub(super) out: Vec<u8>,
    pub(super) flags: Flags,
}

const LOWER: &[u8; 16] = b"0123456789abcdef";
const UPPER: &[u8; 16] = b"0123456789ABCDEF";

impl<'c, 't> Printer<'c, 't> {
    pub(super) fn new(call: &'c Call<'t>) -> Self {
        Self {
            call,
            out: Vec::new(),
            flags: Flags::default(),
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.call.memory(bytes.len())?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn padding(&mut self, count: usize) -> Result<(), Fault> {
        self.call.memory(count)?;
        let byte = if self.flags.zero && !self.flags.minus {
            b'0'
        } else {
            b' '
        };
        self.out.extend(std::iter::repeat_n(byte, count));
        Ok(())
    }

    fn pad(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let missing = self
            .flags
            .width
            .map_or(0, |width| width.saturating_sub(rune_count(bytes)));
        if self.flags.minus {
            self.write(bytes)?;
            self.padding(missing)
        } else {
            self.padding(missing)?;
            self.write(bytes)
        }
    }

    /// An operand by itself.
    pub(super) fn argument(&mut self, value: &Value, verb: char) -> Result<(), Fault> {
        if value.is_nil() {
            return match verb {
                'T' | 'v' => self.pad(b"<nil>"),
                _ => self.bad_verb(verb, value),
            };
        }
        if verb == 'T' {
            return self.text(type_name(value).as_bytes());
        }
        self.value(value, verb, 0)
    }

    pub(super) fn bad_verb(&mut self, verb: char, value: &Value) -> Result<(), Fault> {
        self.write(format!("%!{verb}(").as_bytes())?;
        if value.is_nil() {
            self.write(b"<nil>")?;
        } else {
            self.write(type_name(value).as_bytes())?;
            self.write(b"=")?;
            self.argument(value, 'v')?;
        }
        self.write(b")")
    }

    fn value(&mut self, value: &Value, verb: char, depth: usize) -> Result<(), Fault> {
        deep_enough(depth)?;
        self.call.steps(1)?;
        match value {
            Value::Missing | Value::Nil => {
                let text: &[u8] = if self.flags.sharp_v {
                    b"interface {}(nil)"
                } else {
                    b"<nil>"
                };
                self.write(text)
            }
            Value::Bool(truth) => match verb {
                't' | 'v' => self.pad(if *truth { b"true" } else { b"false" }),
                _ => self.bad_verb(verb, value),
            },
            Value::Int(number) | Value::Int64(number) => {
                self.integer(value, number.unsigned_abs(), *number < 0, true, verb)
            }
            Value::Uint64(number) => self.integer(value, *number, false, false, verb),
            Value::Byte(number) => self.integer(value, u64::from(*number), false, false, verb),
            Value::Float(number) => self.float(value, *number, verb),
            Value::Str(text) => match verb {
                'v' if self.flags.sharp_v => self.quoted(text),
                'v' | 's' => self.text(text),
                'x' => self.hex(text, LOWER),
                'X' => self.hex(text, UPPER),
                'q' => self.quoted(text),
                _ => self.bad_verb(verb, value),
            },
            Value::List(list) => self.list(value, list, verb, depth),
            Value::Map(map) => self.map(value, map, verb, depth),
            Value::Time(time) => self.stringer(&time.display(), verb),
            Value::Version(version) => self.stringer(&version.display(), verb),
        }
    }

    /// A value whose Go type has a `String` method.
    fn stringer(&mut self, text: &str, verb: char) -> Result<(), Fault> {
        match verb {
            'v' if self.flags.sharp_v => Err(Fault::Unsupported),
            'v' | 's' | 'x' | 'X' | 'q' => self.value(&Value::text(text), verb, 0),
            // Go would print the fields of the struct.
            _ => Err(Fault::Unsupported),
        }
    }

    fn list(&mut self, value: &Value, list: &List, verb: char, depth: usize) -> Result<(), Fault> {
        if verb == 'p' {
            return Err(Fault::Unsupported);
        }
        let name = type_name(value).as_bytes();
        let (open, separator, close): (&[u8], &[u8], &[u8]) = if self.flags.sharp_v {
            (b"{", b", ", b"}")
        } else {
            (b"[", b" ", b"]")
        };
        if self.flags.sharp_v {
            self.write(name)?;
            if list.is_nil() {
                return self.write(b"(nil)");
            }
        }
        self.write(open)?;
        for (index, item) in list.items().iter().enumerate() {
            if index > 0 {
                self.write(separator)?;
            }
            self.value(item, verb, depth + 1)?;
        }
        self.write(close)
    }

    fn map(&mut self, value: &Value, map: &Map, verb: char, depth: usize) -> Result<(), Fault> {
        if verb == 'p' {
            return Err(Fault::Unsupported);
        }
        if self.flags.sharp_v {
            self.write(type_name(value).as_bytes())?;
            if map.is_nil() {
                return self.write(b"(nil)");
            }
            self.write(b"{")?;
        } else {
            self.write(b"map[")?;
        }
        for (index, (key, item)) in map.entries().into_iter().enumerate() {
            if index > 0 {
                self.write(if self.flags.sharp_v { b", " } else { b" " })?;
            }
            self.value(&Value::Str(key), verb, depth + 1)?;
            self.write(b":")?;
            self.value(&item, verb, depth + 1)?;
        }
        self.write(if self.flags.sharp_v { b"}" } else { b"]" })
    }

    fn truncate<'b>(&self, text: &'b [u8]) -> &'b [u8] {
        let Some(precision) = self.flags.precision else {
            return text;
        };
        let length = units(text)
            .take(precision)
            .map(|unit| match unit {
                Unit::Character(character) => character.len_utf8(),
                Unit::Byte(_) => 1,
            })
            .sum();
        &text[..length]
    }

    fn text(&mut self, text: &[u8]) -> Result<(), Fault> {
        self.pad(self.truncate(text))
    }

    fn quoted(&mut self, text: &[u8]) -> Result<(), Fault> {
        let text = self.truncate(text);
        self.call.memory(text.len().saturating_mul(4))?;
        let mut quoted = Vec::with_capacity(text.len() + 2);
        if self.flags.sharp && can_backquote(text) {
            quoted.push(b'`');
            quoted.extend_from_slice(text);
            quoted.push(b'`');
        } else {
            append_quoted(&mut quoted, text, b'"', self.flags.plus);
        }
        self.pad(&quoted)
    }

    fn hex(&mut self, text: &[u8], digits: &[u8; 16]) -> Result<(), Fault> {
        let text = &text[..text.len().min(self.flags.precision.unwrap_or(usize::MAX))];
        self.call.memory(text.len().saturating_mul(5))?;
        let mut hex = Vec::with_capacity(text.len() * 2);
        for (index, byte) in text.iter().enumerate() {
            if index > 0 && self.flags.space {
                hex.push(b' ');
            }
            if self.flags.sharp && (index == 0 || self.flags.space) {
                hex.extend_from_slice(&[b'0', if digits == UPPER { b'X' } else { b'x' }]);
            }
            hex.extend_from_slice(&[
                digits[usize::from(byte >> 4)],
                digits[usize::from(byte & 15)],
            ]);
        }
        // Hexadecimal text is never padded with zeros on the right, only on the left.
        self.pad(&hex)
    }

    fn integer(
        &mut self,
        value: &Value,
        magnitude: u64,
        negative: bool,
        signed: bool,
        verb: char,
    ) -> Result<(), Fault> {
        match verb {
            'v' if self.flags.sharp_v && !signed => {
                let sharp = std::mem::replace(&mut self.flags.sharp, true);
                let done = self.base(magnitude, negative, 16, verb, LOWER);
                self.flags.sharp = sharp;
                done
            }
            'v' | 'd' => self.base(magnitude, negative, 10, verb, LOWER),
            'b' => self.base(magnitude, negative, 2, verb, LOWER),
            'o' | 'O' => self.base(magnitude, negative, 8, verb, LOWER),
            'x' => self.base(magnitude, negative, 16, verb, LOWER),
            'X' => self.base(magnitude, negative, 16, verb, UPPER),
            'c' => {
                let character = rune(magnitude, negative);
                self.pad(character.encode_utf8(&mut [0; 4]).as_bytes())
            }
            'q' => {
                let mut quoted = Vec::new();
                let character = rune(magnitude, negative);
                append_quoted(
                    &mut quoted,
                    character.encode_utf8(&mut [0; 4]).as_bytes(),
                    b'\'',
                    self.flags.plus,
                );
                self.pad(&quoted)
            }
            'U' => {
                let number = if negative {
                    magnitude.wrapping_neg()
                } else {
                    magnitude
                };
                let digits = self
                    .flags
                    .precision
                    .filter(|precision| *precision > 4)
                    .unwrap_or(4);
                self.call.memory(digits)?;
                let mut text = format!("U+{number:0digits$X}");
                if let Some(character) = u32::try_from(number).ok().and_then(char::from_u32)
                    && self.flags.sharp
                    && super::quote::is_print(character)
                {
                    text.push_str(&format!(" '{character}'"));
                }
                let zero = std::mem::take(&mut self.flags.zero);
                let done = self.pad(text.as_bytes());
                self.flags.zero = zero;
                done
            }
            _ => self.bad_verb(verb, value),
        }
    }

    fn base(
        &mut self,
        magnitude: u64,
        negative: bool,
        base: u64,
        verb: char,
        digits: &[u8; 16],
    ) -> Result<(), Fault> {
        let flags = self.flags;
        let mut least = 0;
        if let Some(precision) = flags.precision {
            if precision == 0 && magnitude == 0 {
                self.flags.zero = false;
                let done = self.padding(flags.width.unwrap_or(0));
                self.flags.zero = flags.zero;
                return done;
            }
            least = precision;
        } else if let Some(width) = flags.width.filter(|_| flags.zero && !flags.minus) {
            let sign = negative || flags.plus || flags.space;
            least = width.saturating_sub(usize::from(sign));
        }
        self.call.memory(least)?;
        let mut reversed = Vec::with_capacity(least + 4);
        let mut rest = magnitude;
        loop {
            reversed.push(digits[(rest % base) as usize]);
            rest /= base;
            if rest == 0 {
                break;
            }
        }
        while reversed.len() < least {
            reversed.push(b'0');
        }
        if flags.sharp {
            match base {
                2 => reversed.extend_from_slice(b"b0"),
                8 if reversed.last() != Some(&b'0') => reversed.push(b'0'),
                16 => {
                    reversed.extend_from_slice(&[if digits == UPPER { b'X' } else { b'x' }, b'0'])
                }
                _ => {}
            }
        }
        if verb == 'O' {
            reversed.extend_from_slice(b"o0");
        }
        if negative {
            reversed.push(b'-');
        } else if flags.plus {
            reversed.push(b'+');
        } else if flags.space {
            reversed.push(b' ');
        }
        reversed.reverse();
        self.flags.zero = false;
        let done = self.pad(&reversed);
        self.flags.zero = flags.zero;
        done
    }

    fn float(&mut self, value: &Value, number: f64, verb: char) -> Result<(), Fault> {
        let (format, default) = match verb {
            'v' => (b'g', None),
            'g' | 'G' => (verb as u8, None),
            'e' | 'E' => (verb as u8, Some(6)),
            'f' | 'F' => (b'f', Some(6)),
            // Binary exponents and forced decimal points are of no use in a manifest.
            'b' | 'x' | 'X' => return Err(Fault::Unsupported),
            _ => return self.bad_verb(verb, value),
        };
        if self.flags.sharp {
            return Err(Fault::Unsupported);
        }
        let precision = self.flags.precision.or(default);
        self.call
            .memory(precision.unwrap_or(0).saturating_add(400))?;
        let mut text = Vec::new();
        float::append(&mut text, number, format, precision);
        let sign = match text.first() {
            Some(b'-' | b'+') => text.remove(0),
            _ => b'+',
        };
        let shown = match sign {
            b'+' if self.flags.plus || self.flags.plus_v => Some(b'+'),
            b'+' if self.flags.space => Some(b' '),
            b'+' if number.is_infinite() => Some(b'+'),
            b'+' => None,
            sign => Some(sign),
        };
        let shown = if number.is_nan() && !self.flags.space && !self.flags.plus {
            None
        } else {
            shown
        };
        let zero = self.flags.zero;
        if !number.is_finite() {
            self.flags.zero = false;
        } else if let (true, Some(sign)) = (zero && !self.flags.minus, shown) {
            let length = text.len() + 1;
            let missing = self
                .flags
                .width
                .map_or(0, |width| width.saturating_sub(length));
            self.write(&[sign])?;
            self.padding(missing)?;
            return self.write(&text);
        }
        if let Some(sign) = shown {
            text.insert(0, sign);
        }
        let done = self.pad(&text);
        self.flags.zero = zero;
        done
    }
}

fn rune(magnitude: u64, negative: bool) -> char {
    let code = if negative {
        None
    } else {
        u32::try_from(magnitude).ok()
    };
    code.and_then(char::from_u32)
        .unwrap_or(char::REPLACEMENT_CHARACTER)
}
