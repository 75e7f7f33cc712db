//! Simple keys: keys without `?`, which turn out to be keys only at the `:` behind them.

use super::cursor::Mark;
use super::error::ParseError;
use super::scanner::Scanner;

/// How long a simple key may be, in characters.
const SIMPLE_KEY_LENGTH: u32 = 1024;

/// A place where a key without `?` may have started.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SimpleKey {
    pub(super) possible: bool,
    /// Nothing but a key can start there.
    pub(super) required: bool,
    /// The number of the token that the key starts with.
    pub(super) token: usize,
    pub(super) mark: Mark,
}

impl Scanner<'_> {
    pub(super) fn front_may_be_key(&mut self) -> Result<bool, ParseError> {
        match self.tokens.front().and_then(|token| token.key) {
            Some(level) => self.is_key_possible(level),
            None => Ok(false),
        }
    }

    /// Whether the simple key of a flow level can still turn out to be one.
    pub(super) fn is_key_possible(&mut self, level: usize) -> Result<bool, ParseError> {
        let here = self.cursor.mark;
        let Some(key) = self.keys.get_mut(level) else {
            return Ok(false);
        };
        let stale = key.mark.line < here.line || key.mark.index + SIMPLE_KEY_LENGTH < here.index;
        if key.possible && stale {
            if key.required {
                return Err(ParseError::KeyWithoutColon(key.mark.position()));
            }
            key.possible = false;
        }
        Ok(key.possible)
    }

    /// Remembers that a simple key may start with the next token.
    pub(super) fn save_key(&mut self) -> Result<(), ParseError> {
        if !self.key_allowed {
            return Ok(());
        }
        self.drop_key()?;
        let mark = self.cursor.mark;
        let level = self.keys.len() - 1;
        self.keys[level] = SimpleKey {
            possible: true,
            required: !self.in_flow() && self.indent == i64::from(mark.column),
            token: self.taken + self.tokens.len(),
            mark,
        };
        self.next_key = Some(level);
        Ok(())
    }

    /// Forgets the possible simple key of the innermost level.
    pub(super) fn drop_key(&mut self) -> Result<(), ParseError> {
        let level = self.keys.len() - 1;
        let key = &mut self.keys[level];
        if key.possible {
            if key.required {
                return Err(ParseError::KeyWithoutColon(key.mark.position()));
            }
            key.possible = false;
            let number = key.token;
            self.unmark_key(number);
        }
        Ok(())
    }

    /// Forgets that the token with a number may start a simple key.
    pub(super) fn unmark_key(&mut self, number: usize) {
        let place = number.checked_sub(self.taken);
        if let Some(token) = place.and_then(|place| self.tokens.get_mut(place)) {
            token.key = None;
        }
    }
}
