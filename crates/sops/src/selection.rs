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
    Regex(Regex),
    /// Go refuses the pattern, and sops then takes it as one that nothing matches.
    Nothing,
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
        let regex =
            |pattern: &String| go_regex::compile(pattern).map_or(Test::Nothing, Test::Regex);
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
            Subject::Keys => Matched(around.0 || self.matches(key)),
            Subject::Comments => around,
        }
    }

    /// The state once `comment` has been seen at this level.
    pub(crate) fn after_comment(&self, before: Matched, comment: &[u8]) -> Matched {
        match self.subject {
            Subject::Comments => Matched(before.0 || self.matches(comment)),
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

    fn matches(&self, text: &[u8]) -> bool {
        match &self.test {
            Test::Suffix(suffix) => text.ends_with(suffix),
            Test::Regex(regex) => regex.is_match(text),
            Test::Nothing => false,
        }
    }
}

/// Whether something on the way down matched the rule.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Matched(bool);
