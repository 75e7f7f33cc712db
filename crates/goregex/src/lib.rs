//! Regular expressions as Go's `regexp` reads them, on Rust's engine.
//!
//! Both engines come from RE2 and match alike; the syntax differs. A pattern is translated into one that means the same
//! here: Perl classes and word boundaries are ASCII, brackets inside a class are plain characters, braces that hold no
//! counts are too, any punctuation can be escaped, `\Q…\E` quotes, octal escapes exist, and what Go refuses is refused.
//!
//! The crate knows no program that uses it: what a pattern is matched with, and what follows, is theirs.

#![forbid(unsafe_code)]

use regex::bytes::Regex;

/// Compiles a pattern in Go's syntax to find what Go finds, anywhere in a text.
///
/// `None` where Go refuses the pattern too, and where it is larger than the engine's limits.
pub fn compile(pattern: &str) -> Option<Regex> {
    Regex::new(&translate(pattern)?.text).ok()
}

/// The largest count of a repetition, and of repetitions within each other.
const REPEAT: u64 = 1000;

/// A pattern in the syntax of the engine here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pattern {
    /// What [`Regex`] is made of.
    pub text: String,
    /// About what compiling it costs, in steps of some nanoseconds.
    pub cost: u64,
}

/// What has been read of a group: the largest repetition within, and how much it expands to.
#[derive(Clone, Copy)]
struct Extent {
    repeat: u64,
    weight: u64,
}

/// Translates a pattern; `None` where Go refuses it.
pub fn translate(pattern: &str) -> Option<Pattern> {
    let mut translation = Translation {
        rest: pattern,
        out: String::with_capacity(pattern.len() + 16),
    };
    const NOTHING: Extent = Extent {
        repeat: 1,
        weight: 0,
    };
    let mut repeatable = false;
    let mut after_repeat = false;
    let mut groups = vec![NOTHING];
    let mut item = NOTHING;
    while let Some(next) = translation.rest.chars().next() {
        let was_repeatable = std::mem::replace(&mut repeatable, true);
        let was_repeat = std::mem::replace(&mut after_repeat, false);
        let (before, length) = (item, translation.out.len());
        item = NOTHING;
        match next {
            '\\' => {
                translation.escape()?;
                item.weight = if translation.out[length..].starts_with(r"\p") {
                    300
                } else {
                    4
                };
            }
            '[' => {
                translation.class()?;
                item.weight = 300;
            }
            '(' => {
                if translation.group()? {
                    groups.push(NOTHING);
                }
                repeatable = false;
            }
            ')' => {
                translation.take(1);
                item = groups.pop()?;
            }
            '|' => {
                translation.take(1);
                repeatable = false;
            }
            '*' | '+' | '?' => {
                if !was_repeatable || was_repeat {
                    return None;
                }
                translation.take(1);
                translation.lazy();
                after_repeat = true;
            }
            '{' => match counts(translation.rest) {
                Some((length, least, most)) => {
                    let most = most.unwrap_or(least);
                    let repeat = before.repeat.saturating_mul(most.max(1));
                    if !was_repeatable
                        || was_repeat
                        || most < least
                        || most > REPEAT
                        || repeat > REPEAT
                    {
                        return None;
                    }
                    translation.take(length);
                    translation.lazy();
                    after_repeat = true;
                    // The item itself is counted already.
                    let weight = before.weight.saturating_mul(most.saturating_sub(1));
                    item = Extent { repeat, weight };
                }
                None => {
                    translation.out.push('\\');
                    translation.take(1);
                }
            },
            _ => {
                translation.take(next.len_utf8());
                item.weight = 4;
            }
        }
        let group = groups.last_mut()?;
        group.repeat = group.repeat.max(item.repeat);
        group.weight = group.weight.saturating_add(item.weight);
    }
    let [whole] = groups[..] else { return None };
    let cost = 500
        + whole
            .weight
            .saturating_mul(4)
            .saturating_add(pattern.len() as u64 * 20);
    Some(Pattern {
        text: translation.out,
        cost,
    })
}

/// `{n}`, `{n,}` or `{n,m}`: its length and its bounds. Anything else in braces is literal text.
fn counts(text: &str) -> Option<(usize, u64, Option<u64>)> {
    let (inner, _) = text.strip_prefix('{')?.split_once('}')?;
    let number = |text: &str| {
        let fits =
            !text.is_empty() && text.len() < 10 && text.bytes().all(|byte| byte.is_ascii_digit());
        (fits && (text.len() == 1 || !text.starts_with('0')))
            .then(|| text.parse::<u64>().ok())
            .flatten()
    };
    let (least, most) = match inner.split_once(',') {
        None => (number(inner)?, number(inner)),
        Some((least, "")) => (number(least)?, None),
        Some((least, most)) => (number(least)?, Some(number(most)?)),
    };
    Some((inner.len() + 2, least, most))
}

fn is_named_class(name: &str) -> bool {
    const NAMES: [&str; 14] = [
        "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
        "space", "upper", "word", "xdigit",
    ];
    NAMES.contains(&name.strip_prefix('^').unwrap_or(name))
}

/// Where in a class the next character stands.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Place {
    /// Where a member begins.
    Start,
    /// Behind a character: a dash makes a range of it.
    Behind,
    /// At the end of a range.
    End,
}

struct Translation<'p> {
    rest: &'p str,
    out: String,
}

impl Translation<'_> {
    fn take(&mut self, length: usize) {
        let (taken, rest) = self.rest.split_at(length);
        self.out.push_str(taken);
        self.rest = rest;
    }

    fn lazy(&mut self) {
        if self.rest.starts_with('?') {
            self.take(1);
        }
    }

    fn replace(&mut self, length: usize, with: &str) {
        self.out.push_str(with);
        self.rest = &self.rest[length..];
    }

    /// An escape outside of a class.
    fn escape(&mut self) -> Option<()> {
        let next = self.rest.chars().nth(1)?;
        match next {
            'd' => self.replace(2, "[0-9]"),
            'D' => self.replace(2, "[^0-9]"),
            's' => self.replace(2, r"[\t\n\x0c\r ]"),
            'S' => self.replace(2, r"[^\t\n\x0c\r ]"),
            'w' => self.replace(2, "[0-9A-Za-z_]"),
            'W' => self.replace(2, "[^0-9A-Za-z_]"),
            'b' => self.replace(2, r"(?-u:\b)"),
            'B' => self.replace(2, r"(?-u:\B)"),
            'A' | 'z' => self.take(2),
            'Q' => {
                let (literal, rest) = match self.rest[2..].split_once(r"\E") {
                    Some((literal, rest)) => (literal, rest),
                    None => (&self.rest[2..], ""),
                };
                self.out.push_str(&regex::escape(literal));
                self.rest = rest;
            }
            // Any single byte is nothing that a text should be matched with.
            'C' => return None,
            _ => self.character_escape(next)?,
        }
        Some(())
    }

    /// An escape that stands for a character or a Unicode class.
    fn character_escape(&mut self, next: char) -> Option<()> {
        match next {
            'p' | 'P' => {
                let after = &self.rest[2..];
                let length = match after.strip_prefix('{') {
                    Some(inner) => inner.find('}')? + 2,
                    None => after.chars().next()?.len_utf8(),
                };
                self.take(2 + length);
            }
            'x' => {
                let after = &self.rest[2..];
                match after.strip_prefix('{') {
                    Some(inner) => {
                        let digits = &inner[..inner.find('}')?];
                        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit())
                        {
                            return None;
                        }
                        self.take(digits.len() + 4);
                    }
                    None => {
                        if !after.get(..2)?.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                            return None;
                        }
                        self.take(4);
                    }
                }
            }
            '0'..='7' => {
                // Octal where it cannot be a back reference: a zero, or two digits.
                let digits: String = self.rest[1..]
                    .chars()
                    .take(3)
                    .take_while(|digit| matches!(digit, '0'..='7'))
                    .collect();
                if next != '0' && digits.len() < 2 {
                    return None;
                }
                let code = u32::from_str_radix(&digits, 8).ok()?;
                self.replace(1 + digits.len(), &format!("\\x{{{code:x}}}"));
            }
            'a' | 'f' | 't' | 'n' | 'r' | 'v' => self.take(2),
            _ if next.is_ascii_punctuation() => {
                // Not every sign may be escaped here.
                self.replace(2, &format!("\\x{{{:x}}}", u32::from(next)));
            }
            _ => return None,
        }
        Some(())
    }

    fn class(&mut self) -> Option<()> {
        self.take(1);
        if self.rest.starts_with('^') {
            self.take(1);
        }
        let mut first = true;
        let mut place = Place::Start;
        loop {
            let next = self.rest.chars().next()?;
            let mut is_set = false;
            match next {
                ']' if !first => {
                    self.take(1);
                    return Some(());
                }
                '-' if place == Place::Behind && !self.rest.starts_with("-]") => {
                    self.take(1);
                    place = Place::End;
                    continue;
                }
                '[' if self.rest.starts_with("[:") && self.rest.contains(":]") => {
                    let at = self.rest.find(":]")?;
                    if !is_named_class(&self.rest[2..at]) {
                        return None;
                    }
                    is_set = true;
                    self.take(at + 2);
                }
                '\\' => {
                    let escaped = self.rest.chars().nth(1)?;
                    is_set = matches!(escaped, 'd' | 'D' | 's' | 'S' | 'w' | 'W' | 'p' | 'P');
                    match escaped {
                        'd' => self.replace(2, "0-9"),
                        'D' => self.replace(2, "[^0-9]"),
                        's' => self.replace(2, r"\t\n\x0c\r\x20"),
                        'S' => self.replace(2, r"[^\t\n\x0c\r\x20]"),
                        'w' => self.replace(2, "0-9A-Za-z_"),
                        'W' => self.replace(2, "[^0-9A-Za-z_]"),
                        _ => self.character_escape(escaped)?,
                    }
                }
                // Unescaped, two of some of them are an operator here.
                '[' | ']' | '&' | '~' | '^' | '-' => {
                    let escaped = format!("\\{next}");
                    self.replace(1, &escaped);
                }
                _ => self.take(next.len_utf8()),
            }
            place = match (place, is_set) {
                (Place::End, true) => return None,
                (Place::End, false) | (_, true) => Place::Start,
                (_, false) => Place::Behind,
            };
            first = false;
        }
    }

    /// The start of a group. Gives whether a group is open then: flags alone open none.
    fn group(&mut self) -> Option<bool> {
        let Some(after) = self.rest.strip_prefix("(?") else {
            self.take(1);
            return Some(true);
        };
        if let Some(name) = after.strip_prefix("P<").or_else(|| after.strip_prefix('<')) {
            let length = name.find('>')?;
            let fits = length > 0
                && name[..length]
                    .chars()
                    .all(|next| next == '_' || next.is_ascii_alphanumeric());
            let start = self.rest.len() - name.len();
            if !fits {
                return None;
            }
            self.out.push_str("(?P<");
            self.rest = &self.rest[start..];
            self.take(length + 1);
            return Some(true);
        }
        let flags = after.find(|next: char| !matches!(next, 'i' | 'm' | 's' | 'U' | '-'))?;
        let ends = after[flags..].starts_with([':', ')']);
        let dashes = after[..flags].matches('-').count();
        if !ends || dashes > 1 || after[..flags].ends_with('-') {
            return None;
        }
        let opens = after[flags..].starts_with(':');
        self.take(2 + flags + 1);
        Some(opens)
    }
}

#[cfg(test)]
mod tests {
    use super::compile;

    #[test]
    fn patterns_match_as_in_go() {
        // Checked against Go's regexp.MatchString.
        for (pattern, text, expected) in [
            ("^(data|stringData)$", "data", true),
            ("^(data|stringData)$", "metadata", false),
            ("data", "metadata", true),
            (r"^\d+$", "12", true),
            (r"^\d+$", "\u{661}", false),
            (r"\w", "\u{e9}", false),
            (r"^[\w.]+$", "a.b_1", true),
            (r"[^\D]", "x1", true),
            ("[[]", "[", true),
            ("[a&&b]", "&", true),
            ("[]a]", "]", true),
            ("[^]a]", "b", true),
            (r"\Qa.b\E+", "a.b", true),
            (r"^\Qab\E+$", "abb", true),
            (r"\Qa.b", "axb", false),
            (r"a\Bb", "ab", true),
            (r"\_\<\-", "_<-", true),
            (r"\101", "A", true),
            (r"a{,2}", "a{,2}", true),
            ("a{2}", "aa", true),
            ("x{", "x{", true),
            ("(?i)PASS", "mypassword", true),
            ("(?P<n>a)", "a", true),
            ("(?<n>a)", "a", true),
            ("[[:alpha:]]", "q", true),
            ("pass$", "pass\n", false),
            (".", "\n", false),
            (r"\pL", "\u{e9}", true),
            ("a.b", "a\u{e9}b", true),
            (r"\bx\b", "\u{e9}x\u{e9}", true),
            (r"^\${NAME}-x$", "${NAME}-x", true),
            ("^a{x}$", "a{x}", true),
            ("^{}$", "{}", true),
            ("^a{01}$", "a{01}", true),
            ("^[%--b]+$", "%,-b", true),
            ("^[%--b]+$", "/", false),
            ("^[a-c--/]+$", "a-./c", true),
            ("^[--a]+$", "-Z", true),
            (r"^[\d-z]+$", "1-z", true),
            (r"^[\d-z]+$", "a", false),
            ("^[a~~b]+$", "~", true),
            ("^[a-]+$", "a-", true),
        ] {
            let regex = compile(pattern).unwrap_or_else(|| panic!("{pattern} is refused"));
            assert_eq!(
                regex.is_match(text.as_bytes()),
                expected,
                "{pattern} on {text}"
            );
        }
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for pattern in [
            "(?!x)",
            "(?=x)",
            "(?x)a",
            r"\1",
            "a{1001}",
            "(",
            "[a",
            r"\y",
            "(?u)a",
            "*a",
            r"a\",
            "a**",
            "a{2}{3}",
            "(a{500}){3}",
            r"[a-\d]",
            "[b-a]",
            "[[:what:]]",
            "a)",
            r"\C",
        ] {
            assert!(compile(pattern).is_none(), "{pattern}");
        }
    }
}
