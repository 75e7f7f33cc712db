//! Label selectors as kubectl writes them: `app=web,tier in (front,back),!old` (apimachinery: labels/selector.go).

use std::collections::BTreeMap;

use thiserror::Error;

/// A label selector cannot be read.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum LabelSelectorError {
    /// Something else is needed here.
    #[error("column {column}: expected {expected}")]
    Expected {
        /// What is needed.
        expected: &'static str,
        /// Where, counted from one.
        column: usize,
    },
    /// A key is not one that a label can have.
    #[error("column {column}: invalid label key")]
    InvalidKey {
        /// Where, counted from one.
        column: usize,
    },
    /// A value is not one that a label can have.
    #[error("column {column}: invalid label value")]
    InvalidValue {
        /// Where, counted from one.
        column: usize,
    },
    /// What is compared by size is not a whole number.
    #[error("column {column}: the value must be an integer")]
    NotInteger {
        /// Where, counted from one.
        column: usize,
    },
}

/// What labels must be there.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LabelSelector {
    requirements: Vec<Requirement>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Requirement {
    key: String,
    condition: Condition,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Condition {
    Exists,
    Missing,
    In(Vec<String>),
    NotIn(Vec<String>),
    Greater(i64),
    Less(i64),
}

impl LabelSelector {
    /// Reads a selector; an empty one selects all.
    ///
    /// # Errors
    ///
    /// See [`LabelSelectorError`].
    pub fn parse(text: &str) -> Result<Self, LabelSelectorError> {
        let mut parser = Parser::new(text);
        let mut requirements = Vec::new();
        if parser.peek().0 == Token::End {
            return Ok(Self { requirements });
        }
        loop {
            requirements.push(parser.requirement()?);
            match parser.next() {
                (Token::End, _) => return Ok(Self { requirements }),
                (Token::Comma, _) => {}
                (_, column) => {
                    return Err(LabelSelectorError::Expected {
                        expected: "',' or the end",
                        column,
                    });
                }
            }
        }
    }

    /// Whether it selects all.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether these labels are as they must be.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.requirements
            .iter()
            .all(|requirement| requirement.matches(labels))
    }
}

impl Requirement {
    fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.key);
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        match &self.condition {
            Condition::Exists => value.is_some(),
            Condition::Missing => value.is_none(),
            Condition::In(values) => value.is_some_and(|value| values.contains(value)),
            Condition::NotIn(values) => !value.is_some_and(|value| values.contains(value)),
            Condition::Greater(than) => number().is_some_and(|number| number > *than),
            Condition::Less(than) => number().is_some_and(|number| number < *than),
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Token<'t> {
    Close,
    Comma,
    End,
    Equals,
    Greater,
    Less,
    Not,
    NotEquals,
    Open,
    Word(&'t str),
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Parser<'t> {
    const fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// The next token and its column.
    fn next(&mut self) -> (Token<'t>, usize) {
        let bytes = self.text.as_bytes();
        let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        while bytes.get(self.at).is_some_and(is_blank) {
            self.at += 1;
        }
        let start = self.at;
        let rest = &self.text[start..];
        let (token, length) = match rest.as_bytes() {
            [] | [0, ..] => (Token::End, 0),
            [b'=', b'=', ..] => (Token::Equals, 2),
            [b'!', b'=', ..] => (Token::NotEquals, 2),
            [b'=', ..] => (Token::Equals, 1),
            [b'!', ..] => (Token::Not, 1),
            [b'>', ..] => (Token::Greater, 1),
            [b'<', ..] => (Token::Less, 1),
            [b'(', ..] => (Token::Open, 1),
            [b')', ..] => (Token::Close, 1),
            [b',', ..] => (Token::Comma, 1),
            _ => {
                let end = rest.find([
                    ' ', '\t', '\r', '\n', '=', '!', '(', ')', ',', '>', '<', '\0',
                ]);
                let length = end.unwrap_or(rest.len());
                (Token::Word(&rest[..length]), length)
            }
        };
        self.at += length;
        (token, start + 1)
    }

    fn peek(&mut self) -> (Token<'t>, usize) {
        let at = self.at;
        let next = self.next();
        self.at = at;
        next
    }

    fn requirement(&mut self) -> Result<Requirement, LabelSelectorError> {
        let missing = self.peek().0 == Token::Not;
        if missing {
            self.next();
        }
        let (Token::Word(key), column) = self.next() else {
            return Err(LabelSelectorError::Expected {
                expected: "a label's key",
                column: self.at,
            });
        };
        if !is_qualified_name(key) {
            return Err(LabelSelectorError::InvalidKey { column });
        }
        let condition = if missing {
            Condition::Missing
        } else {
            self.condition()?
        };
        Ok(Requirement {
            key: key.to_owned(),
            condition,
        })
    }

    fn condition(&mut self) -> Result<Condition, LabelSelectorError> {
        let (token, column) = self.peek();
        if matches!(token, Token::End | Token::Comma) {
            return Ok(Condition::Exists);
        }
        self.next();
        match token {
            Token::Equals => Ok(Condition::In(vec![self.value()?.0.to_owned()])),
            Token::NotEquals => Ok(Condition::NotIn(vec![self.value()?.0.to_owned()])),
            Token::Greater => self.number().map(Condition::Greater),
            Token::Less => self.number().map(Condition::Less),
            Token::Word("in") => self.values().map(Condition::In),
            Token::Word("notin") => self.values().map(Condition::NotIn),
            Token::Close
            | Token::Comma
            | Token::End
            | Token::Not
            | Token::Open
            | Token::Word(_) => Err(LabelSelectorError::Expected {
                expected: "'=', '!=', '==', 'in' or 'notin'",
                column,
            }),
        }
    }

    fn value(&mut self) -> Result<(&'t str, usize), LabelSelectorError> {
        match self.peek() {
            (Token::End | Token::Comma, column) => Ok(("", column)),
            (Token::Word(value), column) => {
                self.next();
                check_value(value, column)?;
                Ok((value, column))
            }
            (_, column) => Err(LabelSelectorError::Expected {
                expected: "a value",
                column,
            }),
        }
    }

    fn number(&mut self) -> Result<i64, LabelSelectorError> {
        let (value, column) = self.value()?;
        value
            .parse()
            .map_err(|_| LabelSelectorError::NotInteger { column })
    }

    /// A list in parentheses, in which values may be left empty.
    fn values(&mut self) -> Result<Vec<String>, LabelSelectorError> {
        let (Token::Open, _) = self.next() else {
            return Err(LabelSelectorError::Expected {
                expected: "'('",
                column: self.at,
            });
        };
        let mut values = Vec::new();
        let mut value = "";
        loop {
            match self.next() {
                (Token::Word(word), column) if value.is_empty() => {
                    check_value(word, column)?;
                    value = word;
                }
                (Token::Comma, _) => values.push(std::mem::take(&mut value).to_owned()),
                (Token::Close, _) => {
                    values.push(value.to_owned());
                    return Ok(values);
                }
                (_, column) => {
                    return Err(LabelSelectorError::Expected {
                        expected: "',', ')' or a value",
                        column,
                    });
                }
            }
        }
    }
}

fn check_value(value: &str, column: usize) -> Result<(), LabelSelectorError> {
    if value.is_empty() || is_label_name(value) {
        Ok(())
    } else {
        Err(LabelSelectorError::InvalidValue { column })
    }
}

/// At most 63 letters, digits, `-`, `_` and `.`, the first and last a letter or digit.
fn is_label_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    bytes.len() <= 63
        && ends(bytes.first())
        && ends(bytes.last())
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// A label's key: a name, with a domain and a slash before it or not.
fn is_qualified_name(key: &str) -> bool {
    let Some((domain, name)) = key.split_once('/') else {
        return is_label_name(key);
    };
    let is_part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    domain.len() <= 253 && domain.split('.').all(is_part) && is_label_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        owned.collect()
    }

    #[test]
    fn labels_are_selected_as_kubernetes_does() {
        let labels = labels(&[("app", "web"), ("n", "5"), ("example.com/x", "")]);
        for (selector, matches) in [
            ("", true),
            ("app", true),
            ("!app", false),
            ("app=web", true),
            ("app==web", true),
            ("app = web , n", true),
            ("app!=web", false),
            ("other!=web", true),
            ("app in (web,api)", true),
            ("app in (api,,)", false),
            ("app notin (api)", true),
            ("other notin (api)", true),
            ("example.com/x=", true),
            ("example.com/x in ()", true),
            ("n>4", true),
            ("n<5", false),
            ("app>1", false),
            ("!old,app=web", true),
            ("in in (in)", false),
        ] {
            let parsed = LabelSelector::parse(selector).unwrap();
            assert_eq!(parsed.matches(&labels), matches, "{selector}");
        }
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for selector in [
            ",",
            "app=",
            "=a",
            "app in web",
            "app in (web",
            "a,",
            "app=web tier",
            "-a",
            "a=b/c",
            "a>b",
            "/a",
            "A.com/a",
            "a!b",
            "(",
        ] {
            let parsed = LabelSelector::parse(selector);
            assert_eq!(parsed.is_err(), selector != "app=", "{selector}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_selector_or_an_error(text in "[a-z0-9!=<>(), ./-]{0,40}|.{0,20}") {
            let _either = LabelSelector::parse(&text);
        }
    }
}
