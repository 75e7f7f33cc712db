//! Which values are encrypted: the rule of a file, made ready to be asked on the way down a document (sops:
//! `shouldBeEncrypted` in `sops.go`).

use regex::bytes::Regex;

use crate::go_regex;
use crate::metadata::Selection;

/// A [`Selection`], compiled.
pub(crate) struct Rule {
    test: Test,
    subject: Subject,
    /// What a match means.
    effect: Effect,
}

enum Test {
    Suffix(Vec<u8>),
    /// One of these words and nothing else: `^(data|stringData)$`, the pattern of nearly every Secret. To compile it
    /// would take longer than to decrypt the Secret's values.
    Words(Vec<Vec<u8>>),
    Regex(Regex),
    /// Go refuses the pattern, and sops then takes it as one that nothing matches.
    Nothing,
}

impl Test {
    fn of_pattern(pattern: &str) -> Self {
        if let Some(words) = alternatives(pattern) {
            return Self::Words(words.map(|word| word.as_bytes().to_vec()).collect());
        }
        go_regex::compile(pattern).map_or(Self::Nothing, Self::Regex)
    }

    fn matches(&self, text: &[u8]) -> bool {
        match self {
            Self::Suffix(suffix) => text.ends_with(suffix),
            Self::Words(words) => words.iter().any(|word| word == text),
            Self::Regex(regex) => regex.is_match(text),
            Self::Nothing => false,
        }
    }
}

/// The words of a pattern that says no more than "one of these words".
fn alternatives(pattern: &str) -> Option<impl Iterator<Item = &str>> {
    let anchored = pattern.strip_prefix('^')?.strip_suffix('$')?;
    let words = match anchored.strip_prefix('(') {
        Some(group) => group.strip_suffix(')')?,
        // Without a group, the anchors belong to the first and the last alternative only.
        None if anchored.contains('|') => return None,
        None => anchored,
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'|');
    words.bytes().all(is_plain).then(|| words.split('|'))
}

/// What a rule looks at.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Subject {
    Comments,
    Keys,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Effect {
    /// Only what matches is encrypted.
    Encrypt,
    /// All but what matches is encrypted.
    Leave,
}

impl Rule {
    pub(crate) fn new(selection: &Selection) -> Self {
        let suffix = |suffix: &String| Test::Suffix(suffix.clone().into_bytes());
        let regex = |pattern: &String| Test::of_pattern(pattern);
        let (test, subject, effect) = match selection {
            Selection::UnencryptedSuffix(text) => (suffix(text), Subject::Keys, Effect::Leave),
            Selection::EncryptedSuffix(text) => (suffix(text), Subject::Keys, Effect::Encrypt),
            Selection::UnencryptedRegex(text) => (regex(text), Subject::Keys, Effect::Leave),
            Selection::EncryptedRegex(text) => (regex(text), Subject::Keys, Effect::Encrypt),
            Selection::UnencryptedCommentRegex(text) => {
                (regex(text), Subject::Comments, Effect::Leave)
            }
            Selection::EncryptedCommentRegex(text) => {
                (regex(text), Subject::Comments, Effect::Encrypt)
            }
        };
        Self {
            test,
            subject,
            effect,
        }
    }

    pub(crate) fn subject(&self) -> Subject {
        self.subject
    }

    /// The state inside the value of `key`, given the state around it.
    pub(crate) fn below_key(&self, around: Matched, key: &[u8]) -> Matched {
        match self.subject {
            Subject::Keys => Matched(around.0 || self.test.matches(key)),
            Subject::Comments => around,
        }
    }

    /// The state once `comment` has been seen at this level.
    pub(crate) fn after_comment(&self, before: Matched, comment: &[u8]) -> Matched {
        match self.subject {
            Subject::Comments => Matched(before.0 || self.test.matches(comment)),
            Subject::Keys => before,
        }
    }

    /// Whether a value in this state is encrypted.
    pub(crate) fn selects(&self, matched: Matched) -> bool {
        match self.effect {
            Effect::Encrypt => matched.0,
            Effect::Leave => !matched.0,
        }
    }

    /// Whether a comment is encrypted, given the states before and after it.
    ///
    /// A comment that asks for encryption stays readable itself; one that asks for clear text speaks for itself too.
    pub(crate) fn selects_comment(&self, before: Matched, after: Matched) -> bool {
        self.selects(match self.effect {
            Effect::Encrypt => before,
            Effect::Leave => after,
        })
    }
}

/// Whether something on the way down matched the rule.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Matched(bool);

#[cfg(test)]
mod tests {
    use super::{Matched, Rule, Test, alternatives};
    use crate::go_regex;
    use crate::metadata::Selection;

    #[test]
    fn a_match_covers_all_below_it() {
        for (selection, path, expected) in [
            (Selection::default(), &["a"][..], true),
            (Selection::default(), &["a_unencrypted"], false),
            (Selection::default(), &["a_unencrypted", "b"], false),
            (Selection::EncryptedSuffix("_s".into()), &["a"], false),
            (Selection::EncryptedSuffix("_s".into()), &["a_s", "b"], true),
            (Selection::EncryptedSuffix("_s".into()), &["a", "b_s"], true),
            (Selection::EncryptedSuffix("_s".into()), &[], false),
            (
                Selection::UnencryptedRegex("^k".into()),
                &["x", "kind"],
                false,
            ),
            (Selection::UnencryptedRegex("^k".into()), &["ok"], true),
            (
                Selection::EncryptedRegex("^(data|stringData)$".into()),
                &["metadata"],
                false,
            ),
            (
                Selection::EncryptedRegex("^(data|stringData)$".into()),
                &["data", "x"],
                true,
            ),
            // sops takes a pattern that Go refuses for one that matches nothing.
            (Selection::EncryptedRegex("(?!x)".into()), &["y"], false),
            (Selection::UnencryptedRegex("(?!x)".into()), &["y"], true),
        ] {
            let rule = Rule::new(&selection);
            let matched = path.iter().fold(Matched::default(), |around, key| {
                rule.below_key(around, key.as_bytes())
            });
            assert_eq!(rule.selects(matched), expected, "{selection:?} on {path:?}");
        }
    }

    #[test]
    fn words_are_found_as_the_pattern_finds_them() {
        for pattern in [
            "^(data|stringData)$",
            "^data$",
            "^(data)$",
            "^(|a-b|c_1)$",
            "^()$",
            "^$",
            "^a|b$",
            "^(a)|(b)$",
            "^(a|b$",
            "^(a.c)$",
            "^(?i)$",
            "(a|b)",
        ] {
            let regex = go_regex::compile(pattern);
            let test = Test::of_pattern(pattern);
            for text in [
                "",
                "a",
                "b",
                "ab",
                "data",
                "stringData",
                "Data",
                "data\n",
                "xdata",
                "datax",
                "a-b",
                "c_1",
                "a.c",
                "abc",
                "?i",
                "data|stringData",
            ] {
                assert_eq!(
                    test.matches(text.as_bytes()),
                    regex
                        .as_ref()
                        .is_some_and(|regex| regex.is_match(text.as_bytes())),
                    "{pattern} on {text:?}"
                );
            }
        }
        assert!(alternatives("^(data|stringData)$").is_some());
    }

    #[test]
    fn comments_speak_for_what_follows() {
        let rule = Rule::new(&Selection::EncryptedCommentRegex("enc".into()));
        let start = Matched::default();
        let asked = rule.after_comment(start, b" enc");
        assert!(
            !rule.selects_comment(start, asked),
            "the comment that asks stays readable"
        );
        assert!(rule.selects_comment(asked, rule.after_comment(asked, b" more")));
        assert!(rule.selects(rule.below_key(asked, b"key")));
        assert!(!rule.selects(start));

        let rule = Rule::new(&Selection::UnencryptedCommentRegex("clear".into()));
        let asked = rule.after_comment(start, b" clear");
        assert!(
            !rule.selects_comment(start, asked),
            "the comment that asks is clear itself"
        );
        assert!(!rule.selects(asked) && rule.selects(start));
    }
}
