//! Revisions as people write them, and the commits that they name.

use std::collections::BTreeSet;
use std::fmt;

use gix::ObjectId;

use super::version_range::VersionRange;

/// What of a repository is wanted: a branch, a tag, a commit, a range of versions, or `HEAD`.
///
/// A name can mean several things. Argo CD (`util/git/client.go`) takes the one that it meets first in a list without
/// order; here the order is fixed: the highest tag in the range, if the name is a range and a tag is in it; the branch;
/// the tag; any other reference by its name below `refs/` or its full name; the commit that begins with these digits,
/// from seven on.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Revision(Kind);

#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
enum Kind {
    Head,
    Commit(ObjectId),
    Name(Box<str>),
    Reference(Box<str>),
}

/// A text that names no revision.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RevisionError {
    /// Control characters.
    #[error("the revision contains control characters")]
    Character,
    /// Longer than any name of a reference.
    #[error("the revision is longer than 1024 bytes")]
    TooLong,
}

impl RevisionError {
    /// A stable name of this error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Character => "revision-character",
            Self::TooLong => "revision-too-long",
        }
    }
}

impl Revision {
    const LONGEST: usize = 1024;

    /// The default branch.
    pub const HEAD: Self = Self(Kind::Head);

    /// Reads what a person or an application wrote; nothing is `HEAD`, as in Argo CD.
    ///
    /// # Errors
    ///
    /// When it can be no revision of any repository.
    pub fn parse(text: &str) -> Result<Self, RevisionError> {
        if text.chars().any(char::is_control) {
            return Err(RevisionError::Character);
        }
        if text.len() > Self::LONGEST {
            return Err(RevisionError::TooLong);
        }
        Ok(Self(match text {
            "" | "HEAD" => Kind::Head,
            text => match ObjectId::from_hex(text.to_ascii_lowercase().as_bytes()) {
                Ok(id) => Kind::Commit(id),
                Err(_) => Kind::Name(text.into()),
            },
        }))
    }

    /// Reads what `git fetch` is given: a full commit, or a reference. The first of its full name, its name below `refs/`,
    /// the tag and the branch is taken; no range of versions and no part of a commit's name means anything (git:
    /// `refs.c: ref_rev_parse_rules`). Nothing is `HEAD`.
    ///
    /// # Errors
    ///
    /// When it can be no revision of any repository.
    pub fn reference(text: &str) -> Result<Self, RevisionError> {
        Ok(match Self::parse(text)?.0 {
            Kind::Name(name) => Self(Kind::Reference(name)),
            kind => Self(kind),
        })
    }

    /// A commit.
    pub const fn commit(id: ObjectId) -> Self {
        Self(Kind::Commit(id))
    }

    /// The commit, where the revision is one by its full name: that needs no server to be resolved.
    pub const fn as_commit(&self) -> Option<ObjectId> {
        match &self.0 {
            Kind::Commit(id) => Some(*id),
            Kind::Head | Kind::Name(_) | Kind::Reference(_) => None,
        }
    }

    /// The digits that a commit begins with, where the revision can be read so.
    pub(crate) fn as_abbreviation(&self) -> Option<&str> {
        match &self.0 {
            Kind::Name(name)
                if (7..40).contains(&name.len())
                    && name.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
            {
                Some(name)
            }
            Kind::Name(_) | Kind::Reference(_) | Kind::Commit(_) | Kind::Head => None,
        }
    }

    /// Adds the prefixes of all references that can decide what this revision is.
    pub(crate) fn add_prefixes(&self, prefixes: &mut BTreeSet<String>) {
        match &self.0 {
            Kind::Head => {
                prefixes.insert("HEAD".to_owned());
            }
            Kind::Commit(_) => {}
            Kind::Name(name) => {
                if VersionRange::parse(name).is_some() {
                    prefixes.insert("refs/tags/".to_owned());
                }
                for place in PLACES {
                    prefixes.insert(format!("{place}{name}"));
                }
                if name.starts_with("refs/") {
                    prefixes.insert(name.to_string());
                }
            }
            Kind::Reference(name) => prefixes.extend(places_of_reference(name)),
        }
    }

    /// The commit that this revision names among `references`, tags peeled.
    pub(crate) fn resolve(&self, references: &[Reference]) -> Option<ObjectId> {
        let named = |full: &str| {
            let found = references.iter().find(|reference| reference.name == full);
            found.map(|reference| reference.commit)
        };
        match &self.0 {
            Kind::Head => named("HEAD"),
            Kind::Commit(id) => Some(*id),
            Kind::Name(name) => {
                let tags = references
                    .iter()
                    .filter_map(|reference| reference.name.strip_prefix("refs/tags/"));
                VersionRange::parse(name)
                    .and_then(|range| range.highest(tags))
                    .and_then(|tag| named(&format!("refs/tags/{tag}")))
                    .or_else(|| {
                        PLACES
                            .iter()
                            .find_map(|place| named(&format!("{place}{name}")))
                    })
                    .or_else(|| name.starts_with("refs/").then(|| named(name)).flatten())
            }
            Kind::Reference(name) => places_of_reference(name).find_map(|place| named(&place)),
        }
    }
}

/// Where a short name can stand, the first that has it wins.
const PLACES: [&str; 4] = ["refs/heads/", "refs/tags/", "refs/", "refs/remotes/"];

/// Where a reference can stand for `git fetch`, the first that has it wins.
fn places_of_reference(name: &str) -> impl Iterator<Item = String> {
    let is_full = name.starts_with("refs/");
    let full = is_full.then(|| name.to_owned());
    let places = ["refs/", "refs/tags/", "refs/heads/", "refs/remotes/"];
    full.into_iter()
        .chain(places.map(|place| format!("{place}{name}")))
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Head => f.write_str("HEAD"),
            Kind::Commit(id) => id.fmt(f),
            Kind::Name(name) | Kind::Reference(name) => f.write_str(name),
        }
    }
}

/// A reference of a server, and what it names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Reference {
    /// Its full name.
    pub(crate) name: String,
    /// What it names, an annotated tag peeled.
    pub(crate) commit: ObjectId,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: u8) -> ObjectId {
        ObjectId::from_bytes_or_panic(&[digit; 20])
    }

    fn references() -> Vec<Reference> {
        [
            ("HEAD", 1),
            ("refs/heads/1.x", 2),
            ("refs/heads/both", 3),
            ("refs/heads/feature/a", 4),
            ("refs/heads/main", 1),
            ("refs/heads/v2.0.0", 5),
            ("refs/pull/7/head", 6),
            ("refs/tags/both", 7),
            ("refs/tags/v1.2.0", 8),
            ("refs/tags/v1.10.0", 9),
            ("refs/tags/v2.0.0-rc.1", 10),
            ("refs/tags/v2.0.0", 11),
        ]
        .map(|(name, digit)| Reference {
            name: name.to_owned(),
            commit: id(digit),
        })
        .to_vec()
    }

    #[test]
    fn names_are_resolved_in_a_fixed_order() {
        for (text, expected) in [
            ("", Some(1)),
            ("HEAD", Some(1)),
            ("main", Some(1)),
            ("feature/a", Some(4)),
            ("both", Some(3)),
            ("tags/both", Some(7)),
            ("heads/both", Some(3)),
            ("refs/tags/both", Some(7)),
            ("pull/7/head", Some(6)),
            ("refs/pull/7/head", Some(6)),
            // A plain version is a name like any other, a range is not.
            ("v2.0.0", Some(5)),
            ("v1.2", None),
            ("1.*", Some(9)),
            ("1.x", Some(9)),
            (">=1", Some(11)),
            ("~1.2", Some(8)),
            (">=2.0.0-0 <2.0.0", Some(10)),
            // No tag is in it, and no branch has this name.
            ("3.x", None),
            ("mai", None),
            ("missing", None),
        ] {
            let revision = Revision::parse(text).unwrap();
            assert_eq!(revision.resolve(&references()), expected.map(id), "{text}");
            let mut prefixes = BTreeSet::new();
            revision.add_prefixes(&mut prefixes);
            if let Some(found) = revision.resolve(&references()) {
                let asked = references().into_iter().any(|reference| {
                    reference.commit == found
                        && prefixes
                            .iter()
                            .any(|prefix| reference.name.starts_with(prefix))
                });
                assert!(asked, "{text}: {prefixes:?}");
            }
        }
    }

    #[test]
    fn references_are_resolved_as_git_fetch_does() {
        for (text, expected) in [
            ("", Some(1)),
            ("HEAD", Some(1)),
            ("main", Some(1)),
            ("both", Some(7)),
            ("heads/both", Some(3)),
            ("refs/heads/both", Some(3)),
            ("v2.0.0", Some(11)),
            ("pull/7/head", Some(6)),
            ("1.x", Some(2)),
            ("1.*", None),
            (">=1", None),
            ("0a0a0a0", None),
        ] {
            let revision = Revision::reference(text).unwrap();
            assert_eq!(revision.resolve(&references()), expected.map(id), "{text}");
            assert_eq!(revision.as_abbreviation(), None, "{text}");
        }
    }

    #[test]
    fn a_branch_that_is_named_like_a_range_is_found_where_no_tag_is_in_the_range() {
        let mut references = references();
        references.retain(|reference| !reference.name.starts_with("refs/tags/"));
        let revision = Revision::parse("1.x").unwrap();
        assert_eq!(revision.resolve(&references), Some(id(2)));
    }

    #[test]
    fn commits_need_no_server() {
        let hex = "0A".repeat(20);
        let revision = Revision::parse(&hex).unwrap();
        assert_eq!(revision.as_commit(), Some(id(10)));
        assert_eq!(revision.to_string(), hex.to_lowercase());
        assert_eq!(
            Revision::parse("0a0a0a0").unwrap().as_abbreviation(),
            Some("0a0a0a0")
        );
        assert_eq!(Revision::parse("0a0a0a").unwrap().as_abbreviation(), None);
        assert_eq!(Revision::parse("a\nb"), Err(RevisionError::Character));
        assert_eq!(
            Revision::parse(&"x".repeat(1025)),
            Err(RevisionError::TooLong)
        );
    }
}
