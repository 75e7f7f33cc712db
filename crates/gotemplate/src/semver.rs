//! Versions and version constraints as `Masterminds/semver` 3.4 takes them: loosely (`v1.2` is a version), and with
//! the ranges of npm and Cargo.

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::Regex;

/// A version. `1.2` has the patch level 0.
#[derive(Default)]
pub struct Version {
    pub(crate) major: u64,
    pub(crate) minor: u64,
    pub(crate) patch: u64,
    pub(crate) prerelease: String,
    pub(crate) metadata: String,
    pub(crate) original: String,
}

impl Version {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('v').unwrap_or(text);
        let (rest, metadata) = match rest.split_once('+') {
            Some((rest, metadata)) => (rest, metadata),
            None => (rest, ""),
        };
        let has_metadata = text.contains('+');
        let (numbers, prerelease) = match rest.split_once('-') {
            Some((numbers, prerelease)) => (numbers, Some(prerelease)),
            None => (rest, None),
        };
        let prerelease_fits = prerelease.is_none_or(|text| {
            text.split('.')
                .all(|part| is_identifier(part) && !has_leading_zero(part))
        });
        let metadata_fits = !has_metadata || metadata.split('.').all(is_identifier);
        if !prerelease_fits || !metadata_fits {
            return None;
        }
        let mut parts = numbers.split('.');
        let mut segment = |required: bool| match parts.next() {
            Some(part) if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) => {
                part.parse().ok()
            }
            None if !required => Some(0),
            _ => None,
        };
        let (major, minor, patch) = (segment(true)?, segment(false)?, segment(false)?);
        if parts.next().is_some() {
            return None;
        }
        Some(Self {
            major,
            minor,
            patch,
            prerelease: prerelease.unwrap_or_default().to_owned(),
            metadata: metadata.to_owned(),
            original: text.to_owned(),
        })
    }

    pub(crate) fn display(&self) -> String {
        let mut text = format!("{}.{}.{}", self.major, self.minor, self.patch);
        if !self.prerelease.is_empty() {
            text.push('-');
            text.push_str(&self.prerelease);
        }
        if !self.metadata.is_empty() {
            text.push('+');
            text.push_str(&self.metadata);
        }
        text
    }

    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        (self.major, self.minor, self.patch)
            .cmp(&(other.major, other.minor, other.patch))
            .then_with(|| compare_prereleases(&self.prerelease, &other.prerelease))
    }
}

fn is_identifier(part: &str) -> bool {
    !part.is_empty()
        && part
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn has_leading_zero(part: &str) -> bool {
    part.len() > 1 && part.starts_with('0') && part.bytes().all(|byte| byte.is_ascii_digit())
}

fn compare_prereleases(left: &str, right: &str) -> Ordering {
    match (left.is_empty(), right.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(left), Some(right)) => match (left.parse::<u64>(), right.parse::<u64>()) {
                _ if left == right => Ordering::Equal,
                (Ok(left), Ok(right)) if left > right => Ordering::Greater,
                (Ok(_), Ok(_)) => Ordering::Less,
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => left.cmp(right),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Which parts of the version of a constraint were left open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    Patch,
    Minor,
    Everything,
}

struct Constraint<'a> {
    operator: &'a str,
    version: Version,
    open: Open,
}

const VERSION: &str = r"v?([0-9xX*|]+)(\.[0-9xX*|]+)?(\.[0-9xX*|]+)?(-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?";
const SPACE: &str = r"[\t\n\x0c\r ]";

fn grammar(pattern: &str) -> Option<Regex> {
    let operator = "(?:!=|>=|=>|<=|=<|~>|=|>|<|~|\\^|)";
    let pattern = pattern
        .replace("OP", operator)
        .replace('V', VERSION)
        .replace('S', SPACE);
    Regex::new(&pattern).ok()
}

static RANGE: LazyLock<Option<Regex>> = LazyLock::new(|| grammar("S*(?P<from>V)S+-S+(?P<to>V)S*"));
static GROUP: LazyLock<Option<Regex>> =
    LazyLock::new(|| grammar("^S*OPS*VS*(?:(?:S+|,S*)OPS*VS*)*$"));
static ONE: LazyLock<Option<Regex>> = LazyLock::new(|| grammar("(?P<operator>OP)S*V"));

/// Whether the version satisfies the constraint; `None` where the constraint does not parse.
pub(crate) fn check(constraint: &str, version: &Version) -> Option<bool> {
    let constraint = RANGE.as_ref()?.replace_all(constraint, ">= $from, <= $to ");
    let mut satisfied = false;
    for group in constraint.split("||") {
        if !GROUP.as_ref()?.is_match(group) {
            return None;
        }
        let mut parts = Vec::new();
        for found in ONE.as_ref()?.captures_iter(group) {
            let text = |index: usize| found.get(index).map_or("", |part| part.as_str());
            parts.push(parse(
                found.name("operator").map_or("", |part| part.as_str()),
                text(2),
                text(3),
                text(4),
                text(5),
            )?);
        }
        // A prerelease is only considered where the group asks for one.
        let prereleases = parts.iter().any(|part| !part.version.prerelease.is_empty());
        satisfied |= (version.prerelease.is_empty() || prereleases)
            && parts.iter().all(|part| part.admits(version));
    }
    Some(satisfied)
}

fn parse<'a>(
    operator: &'a str,
    major: &str,
    minor: &str,
    patch: &str,
    prerelease: &str,
) -> Option<Constraint<'a>> {
    let is_open = |part: &str| matches!(part.trim_start_matches('.'), "" | "x" | "X" | "*");
    let (open, text) = if is_open(major) {
        (Open::Everything, format!("0.0.0{prerelease}"))
    } else if is_open(minor) {
        (Open::Minor, format!("{major}.0.0{prerelease}"))
    } else if is_open(patch) {
        (Open::Patch, format!("{major}{minor}.0{prerelease}"))
    } else {
        (Open::Nothing, format!("{major}{minor}{patch}{prerelease}"))
    };
    Some(Constraint {
        operator,
        version: Version::parse(&text)?,
        open,
    })
}

impl Constraint<'_> {
    fn admits(&self, version: &Version) -> bool {
        let order = version.compare(&self.version);
        let same_major = version.major == self.version.major;
        let same_minor = version.minor == self.version.minor;
        match self.operator {
            "!=" => match self.open {
                Open::Nothing => order.is_ne(),
                Open::Minor => !same_major,
                Open::Patch => {
                    !(same_major && same_minor) || version.prerelease != self.version.prerelease
                }
                Open::Everything => {
                    !(same_major && same_minor && version.patch == self.version.patch)
                        || order.is_ne()
                }
            },
            ">" => match self.open {
                Open::Nothing => order.is_gt(),
                Open::Minor => version.major > self.version.major,
                Open::Patch => {
                    (version.major, version.minor) > (self.version.major, self.version.minor)
                }
                Open::Everything => {
                    version.major > self.version.major || same_major && order.is_gt()
                }
            },
            "<" => order.is_lt(),
            ">=" | "=>" => order.is_ge(),
            "<=" | "=<" => match self.open {
                Open::Nothing => order.is_le(),
                Open::Minor => version.major <= self.version.major,
                Open::Patch | Open::Everything => {
                    version.major < self.version.major
                        || same_major && version.minor <= self.version.minor
                }
            },
            "^" => self.caret(version, order),
            "~" | "~>" => self.tilde(version, order),
            _ if self.open == Open::Nothing => order.is_eq(),
            _ => self.tilde(version, order),
        }
    }

    fn tilde(&self, version: &Version, order: Ordering) -> bool {
        let zero = (self.version.major, self.version.minor, self.version.patch) == (0, 0, 0);
        let anything = zero && !matches!(self.open, Open::Minor | Open::Patch);
        let same_minor = version.minor == self.version.minor || self.open == Open::Minor;
        order.is_ge() && (anything || version.major == self.version.major && same_minor)
    }

    fn caret(&self, version: &Version, order: Ordering) -> bool {
        if order.is_lt() {
            return false;
        }
        if self.version.major > 0 || self.open == Open::Minor {
            return version.major == self.version.major;
        }
        if version.major > 0 {
            return false;
        }
        if self.version.minor > 0 || self.open == Open::Patch {
            return version.minor == self.version.minor;
        }
        version.minor == 0 && version.patch == self.version.patch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_loosely_but_not_wrongly() {
        for (text, shown) in [
            ("1.2.3", "1.2.3"),
            ("v1", "1.0.0"),
            ("1.2", "1.2.0"),
            ("01.2.3-a.1+b", "1.2.3-a.1+b"),
        ] {
            assert_eq!(
                Version::parse(text)
                    .map(|version| version.display())
                    .as_deref(),
                Some(shown)
            );
        }
        for text in [
            "",
            "1.",
            "1.2.3.4",
            "a",
            "1.2.3-",
            "1.2.3-01",
            "1.2.3+",
            "1.2.3-a..b",
            "V1",
        ] {
            assert!(Version::parse(text).is_none(), "{text}");
        }
    }
}
