//! Which values are encrypted: the rule of a file, made ready to be asked on the way down a document (sops:
//! `shouldBeEncrypted` in `sops.go`).

use regex::bytes::Regex;

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
        let regex = |pattern: &String| goregex::compile(pattern).map_or(Test::Nothing, Test::Regex);
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

#[cfg(test)]
mod tests {
    use super::{Matched, Rule};
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
