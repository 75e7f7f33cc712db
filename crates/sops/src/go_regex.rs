//! Regular expressions as Go's `regexp` reads them.
//!
//! Rust's `regex` is of the same family but reads a few things otherwise. A pattern is rewritten so that both agree:
//! Perl classes are ASCII, brackets inside a class are plain characters, any punctuation can be escaped, `\Q…\E` quotes,
//! octal escapes exist, and flags that Go lacks are errors.

use regex::bytes::Regex;

/// Compiles `pattern` to find what Go finds, anywhere in a text.
///
/// `None` where Go refuses the pattern too: look-around, back-references and the like.
pub(crate) fn compile(pattern: &str) -> Option<Regex> {
    let mut rewriter = Rewriter {
        rest: pattern,
        out: String::with_capacity(pattern.len() + 16),
    };
    rewriter.run()?;
    Regex::new(&rewriter.out).ok()
}

struct Rewriter<'p> {
    rest: &'p str,
    out: String,
}

impl Rewriter<'_> {
    fn run(&mut self) -> Option<()> {
        while let Some(next) = self.rest.chars().next() {
            match next {
                '\\' => self.escape(Position::Outside)?,
                '[' => self.class()?,
                '(' => self.group()?,
                '{' => self.repetition()?,
                _ => self.copy(next.len_utf8()),
            }
        }
        Some(())
    }

    fn copy(&mut self, length: usize) {
        let (text, rest) = self.rest.split_at(length);
        self.out.push_str(text);
        self.rest = rest;
    }

    fn replace(&mut self, length: usize, text: &str) {
        self.out.push_str(text);
        self.rest = &self.rest[length..];
    }

    fn literal(&mut self, character: char) {
        let mut buffer = [0; 4];
        self.out
            .push_str(&regex::escape(character.encode_utf8(&mut buffer)));
    }

    fn escape(&mut self, position: Position) -> Option<()> {
        let escaped = self.rest[1..].chars().next()?;
        let replacement = match (escaped, position) {
            ('d', Position::Outside) => "[0-9]",
            ('d', Position::InClass) => "0-9",
            ('D', _) => "[^0-9]",
            ('w', Position::Outside) => "[0-9A-Za-z_]",
            ('w', Position::InClass) => "0-9A-Za-z_",
            ('W', _) => "[^0-9A-Za-z_]",
            ('s', Position::Outside) => "[\\t\\n\\f\\r ]",
            ('s', Position::InClass) => "\\t\\n\\f\\r ",
            ('S', _) => "[^\\t\\n\\f\\r ]",
            ('b', Position::Outside) => "(?-u:\\b)",
            ('B', Position::Outside) => "(?-u:\\B)",
            ('Q', Position::Outside) => return self.quoted(),
            ('A' | 'z', Position::Outside) | ('a' | 'f' | 'n' | 'r' | 't' | 'v', _) => {
                self.copy(2);
                return Some(());
            }
            ('p' | 'P', _) => return self.property(),
            ('x', _) => return self.hexadecimal(),
            ('0'..='7', _) => return self.octal(escaped),
            (other, _) if other.is_ascii_punctuation() => {
                self.rest = &self.rest[2..];
                self.literal(other);
                return Some(());
            }
            _ => return None,
        };
        self.replace(2, replacement);
        Some(())
    }

    fn quoted(&mut self) -> Option<()> {
        let text = &self.rest[2..];
        let (text, rest) = text.split_once("\\E").unwrap_or((text, ""));
        self.out.push_str(&regex::escape(text));
        self.rest = rest;
        Some(())
    }

    fn property(&mut self) -> Option<()> {
        let length = match self.rest[2..].chars().next()? {
            '{' => self.rest.find('}')? + 1,
            name => 2 + name.len_utf8(),
        };
        self.copy(length);
        Some(())
    }

    fn hexadecimal(&mut self) -> Option<()> {
        let length = match self.rest.as_bytes().get(2)? {
            b'{' => self.rest.find('}')? + 1,
            _ => 4,
        };
        self.rest.get(..length)?;
        self.copy(length);
        Some(())
    }

    /// `\0` and up to two more digits, or exactly three digits: single other digits are back-references.
    fn octal(&mut self, first: char) -> Option<()> {
        let digits = self.rest[1..]
            .bytes()
            .take(3)
            .take_while(|byte| (b'0'..=b'7').contains(byte))
            .count();
        if first != '0' && digits < 2 {
            return None;
        }
        let code = u32::from_str_radix(&self.rest[1..=digits], 8).ok()?;
        self.rest = &self.rest[1 + digits..];
        self.literal(char::from_u32(code)?);
        Some(())
    }

    fn class(&mut self) -> Option<()> {
        self.copy(1);
        if self.rest.starts_with('^') {
            self.copy(1);
        }
        // A bracket in first place is a member of the class.
        if self.rest.starts_with(']') {
            self.replace(1, "\\]");
        }
        loop {
            let next = self.rest.chars().next()?;
            match next {
                ']' => {
                    self.copy(1);
                    return Some(());
                }
                '[' if self.rest.starts_with("[:") && self.rest.contains(":]") => {
                    let length = self.rest.find(":]")? + 2;
                    self.copy(length);
                }
                '\\' => self.escape(Position::InClass)?,
                '-' => self.copy(1),
                _ => {
                    self.rest = &self.rest[next.len_utf8()..];
                    self.literal(next);
                }
            }
        }
    }

    fn group(&mut self) -> Option<()> {
        if self.rest.starts_with("(?P<") || self.rest.starts_with("(?<") {
            self.copy(3);
        } else if let Some(flags) = self.rest.strip_prefix("(?") {
            let end = flags.find([':', ')'])?;
            if !flags[..end]
                .chars()
                .all(|flag| matches!(flag, 'i' | 'm' | 's' | 'U' | '-'))
            {
                return None;
            }
            self.copy(2 + end + 1);
        } else {
            self.copy(1);
        }
        Some(())
    }

    /// `{n}`, `{n,}` and `{n,m}` up to a thousand; any other brace is a character.
    fn repetition(&mut self) -> Option<()> {
        let counts = self.rest[1..].find('}').map(|end| &self.rest[1..=end]);
        let valid = counts.is_some_and(|counts| {
            let (least, most) = counts.split_once(',').unwrap_or((counts, counts));
            let digits =
                |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits(least) && (most.is_empty() || digits(most))
        });
        match counts.filter(|_| valid) {
            Some(counts) => {
                let small = |text: &str| {
                    text.is_empty() || text.parse::<u32>().is_ok_and(|count| count <= 1000)
                };
                if !counts.split(',').all(small) {
                    return None;
                }
                let length = counts.len() + 2;
                self.copy(length);
            }
            None => self.replace(1, "\\{"),
        }
        Some(())
    }
}

#[derive(Clone, Copy)]
enum Position {
    InClass,
    Outside,
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
            "(?!x)", "(?=x)", "(?x)a", r"\1", "a{1001}", "(", "[a", r"\y", "(?u)a", "*a", r"a\",
        ] {
            assert!(compile(pattern).is_none(), "{pattern}");
        }
    }
}
