//! Ranges of versions, and the tag that fits best, as Argo CD chooses it: by `github.com/Masterminds/semver/v3`.
//!
//! The grammar is looser than Cargo's, and what a pre-release matches differs from every other implementation, so this
//! is our own reading of that library's rules (`constraints.go`, `version.go`). Differences: a tag whose numbers do not
//! fit in 64 bits, or whose pre-release has a leading zero, is passed over, where Argo CD gives up the whole search.

use std::cmp::Ordering;

/// A version as tags write it: `v` in front, and minor and patch, may be missing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Version {
    numbers: [u64; 3],
    pre: String,
}

impl Version {
    /// Reads a version; build metadata does not count.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (parts, rest) = Parts::take(text)?;
        if !rest.is_empty() {
            return None;
        }
        parts.version()
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| {
            match (self.pre.is_empty(), other.pre.is_empty()) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => compare_pre(&self.pre, &other.pre),
            }
        })
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Compares pre-releases part by part; a missing part is the lowest, numbers are compared as such.
fn compare_pre(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(left), Some(right)) => match (left.parse::<u64>(), right.parse::<u64>()) {
                (Ok(left), Ok(right)) => left.cmp(&right),
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

/// A range: alternatives, each of bounds that must all hold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct VersionRange(Vec<Alternative>);

#[derive(Clone, Debug, Eq, PartialEq)]
struct Alternative {
    bounds: Vec<Bound>,
    /// Whether one of the bounds names a pre-release; only then do pre-releases match.
    pre_releases: bool,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Bound {
    operator: Operator,
    version: Version,
    precision: Precision,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    Tilde,
    Caret,
}

/// How much of a bound's version is given; the rest is a wildcard.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Precision {
    Any,
    Major,
    Minor,
    Patch,
}

impl VersionRange {
    /// Reads a range. `None` for what is none, and for a plain version: that names one tag.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if Version::parse(text).is_some() {
            return None;
        }
        with_hyphens_written_out(text)
            .split("||")
            .map(Alternative::parse)
            .collect::<Option<_>>()
            .map(Self)
    }

    /// The highest version in the range among `tags`, which are searched in their order: of equal versions the first.
    pub(crate) fn highest<'a>(&self, tags: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        let mut highest: Option<(Version, &str)> = None;
        for tag in tags {
            let Some(version) = Version::parse(tag) else {
                continue;
            };
            if self.contains(&version) && highest.as_ref().is_none_or(|(best, _)| version > *best) {
                highest = Some((version, tag));
            }
        }
        highest.map(|(_, tag)| tag)
    }

    fn contains(&self, version: &Version) -> bool {
        self.0.iter().any(|alternative| {
            (version.pre.is_empty() || alternative.pre_releases)
                && alternative.bounds.iter().all(|bound| bound.holds(version))
        })
    }
}

impl Alternative {
    fn parse(text: &str) -> Option<Self> {
        let mut bounds = Vec::new();
        let mut rest = text.trim_start();
        loop {
            let (bound, after) = Bound::take(rest)?;
            bounds.push(bound);
            let next = after.trim_start();
            if next.is_empty() {
                break;
            }
            rest = match next.strip_prefix(',') {
                Some(next) => next.trim_start(),
                None if next.len() < after.len() => next,
                None => return None,
            };
        }
        let pre_releases = bounds.iter().any(|bound| !bound.version.pre.is_empty());
        Some(Self {
            bounds,
            pre_releases,
        })
    }
}

impl Bound {
    /// The longest operators first, since some begin with others.
    const OPERATORS: [(&str, Operator); 11] = [
        ("!=", Operator::NotEqual),
        (">=", Operator::GreaterOrEqual),
        ("=>", Operator::GreaterOrEqual),
        ("<=", Operator::LessOrEqual),
        ("=<", Operator::LessOrEqual),
        ("~>", Operator::Tilde),
        ("=", Operator::Equal),
        (">", Operator::Greater),
        ("<", Operator::Less),
        ("~", Operator::Tilde),
        ("^", Operator::Caret),
    ];

    fn take(text: &str) -> Option<(Self, &str)> {
        let (operator, text) = Self::OPERATORS
            .iter()
            .find_map(|(sign, operator)| Some((*operator, text.strip_prefix(sign)?)))
            .unwrap_or((Operator::Equal, text));
        let (mut parts, rest) = Parts::take_with_wildcards(text.trim_start())?;
        let precision = if is_wildcard(parts.numbers[0]) {
            parts.numbers = ["0"; 3];
            Precision::Any
        } else if is_wildcard(parts.numbers[1]) {
            parts.numbers[1..].fill("0");
            Precision::Major
        } else if is_wildcard(parts.numbers[2]) {
            parts.numbers[2] = "0";
            Precision::Minor
        } else {
            Precision::Patch
        };
        let version = parts.version()?;
        let bound = Self {
            operator,
            version,
            precision,
        };
        Some((bound, rest))
    }

    fn holds(&self, version: &Version) -> bool {
        let [major, minor, patch] = self.version.numbers;
        let [v_major, v_minor, _] = version.numbers;
        let not_below = *version >= self.version;
        match self.operator {
            Operator::Equal if self.precision == Precision::Patch => *version == self.version,
            Operator::Equal | Operator::Tilde => {
                // `~0.0.0` and `~*` take everything.
                let everything = self.version.numbers == [0; 3]
                    && matches!(self.precision, Precision::Any | Precision::Patch);
                not_below
                    && (everything
                        || v_major == major
                            && (v_minor == minor || self.precision == Precision::Major))
            }
            Operator::NotEqual => self.differs(version),
            Operator::Greater => match self.precision {
                Precision::Any | Precision::Patch => {
                    // The library compares with 0.0.0 where the major version is a wildcard.
                    *version > self.version
                }
                Precision::Major => v_major > major,
                Precision::Minor => (v_major, v_minor) > (major, minor),
            },
            Operator::Less => *version < self.version,
            Operator::GreaterOrEqual => not_below,
            Operator::LessOrEqual => match self.precision {
                Precision::Patch => *version <= self.version,
                Precision::Major => v_major <= major,
                Precision::Any | Precision::Minor => (v_major, v_minor) <= (major, minor),
            },
            Operator::Caret => {
                not_below
                    && if major > 0 || self.precision == Precision::Major {
                        v_major == major
                    } else if v_major > 0 {
                        false
                    } else if minor > 0 || self.precision == Precision::Minor {
                        v_minor == minor
                    } else {
                        v_minor == 0 && version.numbers[2] == patch
                    }
            }
        }
    }

    fn differs(&self, version: &Version) -> bool {
        let [major, minor, patch] = self.version.numbers;
        let [v_major, v_minor, v_patch] = version.numbers;
        match self.precision {
            Precision::Patch => *version != self.version,
            Precision::Major => v_major != major,
            Precision::Minor => {
                (v_major, v_minor) != (major, minor)
                    || (!version.pre.is_empty() || !self.version.pre.is_empty())
                        && compare_pre_parts(&version.pre, &self.version.pre).is_ne()
            }
            Precision::Any => {
                (v_major, v_minor, v_patch) != (major, minor, patch) || *version != self.version
            }
        }
    }
}

/// As [`compare_pre`], where either may be missing.
fn compare_pre_parts(left: &str, right: &str) -> Ordering {
    match (left.is_empty(), right.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => compare_pre(left, right),
    }
}

fn is_wildcard(number: &str) -> bool {
    matches!(number, "" | "x" | "X" | "*")
}

/// The text of a version, taken apart.
struct Parts<'a> {
    numbers: [&'a str; 3],
    pre: &'a str,
}

impl<'a> Parts<'a> {
    fn take(text: &'a str) -> Option<(Self, &'a str)> {
        Self::take_numbers(text, |byte| byte.is_ascii_digit())
    }

    fn take_with_wildcards(text: &'a str) -> Option<(Self, &'a str)> {
        Self::take_numbers(text, |byte| {
            byte.is_ascii_digit() || matches!(byte, b'x' | b'X' | b'*' | b'|')
        })
    }

    /// The longest version at the start of `text`, and what stands behind it.
    fn take_numbers(text: &'a str, in_number: impl Fn(u8) -> bool) -> Option<(Self, &'a str)> {
        let span = |text: &str| text.bytes().take_while(|byte| in_number(*byte)).count();
        let mut rest = text.strip_prefix('v').unwrap_or(text);
        let mut numbers = [""; 3];
        for (at, number) in numbers.iter_mut().enumerate() {
            let tail = match at {
                0 => Some(rest),
                _ => rest.strip_prefix('.'),
            };
            match tail.map(|tail| tail.split_at(span(tail))) {
                Some((found, after)) if !found.is_empty() => (*number, rest) = (found, after),
                _ if at == 0 => return None,
                _ => break,
            }
        }
        let (pre, rest) = take_suffix(rest, '-');
        let (_, rest) = take_suffix(rest, '+');
        Some((Self { numbers, pre }, rest))
    }

    fn version(&self) -> Option<Version> {
        let mut numbers = [0; 3];
        for (number, text) in numbers.iter_mut().zip(self.numbers) {
            if !text.is_empty() {
                *number = text.parse().ok()?;
            }
        }
        let leading_zero = |part: &str| {
            part.len() > 1
                && part.starts_with('0')
                && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if self.pre.split('.').any(leading_zero) {
            return None;
        }
        let pre = self.pre.to_owned();
        Some(Version { numbers, pre })
    }
}

/// Dotted words behind `sign`, and what stands behind them; nothing where there are none.
fn take_suffix(text: &str, sign: char) -> (&str, &str) {
    let word = |text: &str| {
        text.bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
            .count()
    };
    let Some(tail) = text.strip_prefix(sign) else {
        return ("", text);
    };
    let mut end = word(tail);
    if end == 0 {
        return ("", text);
    }
    while let Some(next) = tail[end..].strip_prefix('.') {
        match word(next) {
            0 => break,
            more => end += 1 + more,
        }
    }
    tail.split_at(end)
}

/// `1.2 - 1.4` as `>= 1.2, <= 1.4`.
fn with_hyphens_written_out(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + 8);
    let mut rest = text;
    'next: while let Some(first) = rest.chars().next() {
        if let Some((from, to, after)) = take_hyphen_range(rest) {
            written.push_str(&format!(">= {from}, <= {to} "));
            rest = after;
            continue 'next;
        }
        written.push(first);
        rest = &rest[first.len_utf8()..];
    }
    written
}

fn take_hyphen_range(text: &str) -> Option<(&str, &str, &str)> {
    let blanks = |text: &str| text.len() - text.trim_start().len();
    let start = text.trim_start();
    let (_, after_from) = Parts::take_with_wildcards(start)?;
    let from = &start[..start.len() - after_from.len()];
    let sign = after_from.trim_start();
    let behind = sign.strip_prefix('-')?;
    if blanks(after_from) == 0 || blanks(behind) == 0 {
        return None;
    }
    let second = behind.trim_start();
    let (_, after_to) = Parts::take_with_wildcards(second)?;
    let to = &second[..second.len() - after_to.len()];
    Some((from, to, after_to.trim_start()))
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

    use proptest::prelude::*;
    use proptest::test_runner::TestRunner;

    use super::*;

    /// The library itself.
    struct Oracle {
        child: Child,
        questions: ChildStdin,
        answers: BufReader<ChildStdout>,
    }

    impl Oracle {
        fn start() -> Self {
            let mut child = Command::new(peers::program("semver", "semver"))
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let questions = child.stdin.take().unwrap();
            let answers = BufReader::new(child.stdout.take().unwrap());
            Self {
                child,
                questions,
                answers,
            }
        }

        fn ask(&mut self, range: &str, versions: &[String]) -> String {
            writeln!(self.questions, "{range}\t{}", versions.join("\t")).unwrap();
            let mut answer = String::new();
            self.answers.read_line(&mut answer).unwrap();
            answer.trim_end().to_owned()
        }
    }

    impl Drop for Oracle {
        fn drop(&mut self) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    /// What this module says, in the oracle's form.
    fn answer(range: &str, versions: &[String]) -> String {
        if Version::parse(range).is_some() {
            return "=".to_owned();
        }
        let Some(range) = VersionRange::parse(range) else {
            return "!".to_owned();
        };
        let mark = |version: &String| match Version::parse(version) {
            None => '-',
            Some(version) if range.contains(&version) => '1',
            Some(_) => '0',
        };
        versions.iter().map(mark).collect()
    }

    fn version() -> impl Strategy<Value = String> {
        r"v?[0-3](\.[0-3](\.[0-3])?)?(-(alpha|beta|rc|0|1|01|10|-)(\.(1|2|10|x))?)?(\+b1)?"
    }

    fn bound() -> impl Strategy<Value = String> {
        let number = r"([0-3]|x|X|\*|1x)";
        let operator = r"(|=|!=|>|<|>=|=>|<=|=<|~|~>|\^|==)";
        let version = format!(r"v?{number}(\.{number}(\.{number})?)?(-(alpha|rc\.1|0|01))?(\+b)?");
        let version = proptest::string::string_regex(&version).unwrap();
        let operator = proptest::string::string_regex(operator).unwrap();
        (operator, "[ ]?", version)
            .prop_map(|(operator, blank, version)| format!("{operator}{blank}{version}"))
    }

    fn range() -> impl Strategy<Value = String> {
        let separator = prop_oneof![
            4 => Just(" "), 4 => Just(", "), 2 => Just(","), 2 => Just(" , "),
            4 => Just(" || "), 2 => Just("||"), 3 => Just(" - "), 1 => Just("-"), 1 => Just("")
        ];
        let rest = proptest::collection::vec((separator, bound()), 0..3);
        ("[ ]?", bound(), rest, "[ ]?").prop_map(|(before, first, rest, after)| {
            let rest: String = rest
                .into_iter()
                .flat_map(|(sign, bound)| [sign.to_owned(), bound])
                .collect();
            format!("{before}{first}{rest}{after}")
        })
    }

    #[test]
    fn ranges_mean_what_they_mean_to_argo_cd() {
        let oracle = RefCell::new(Oracle::start());
        let ranges = Cell::new(0);
        let mut runner = TestRunner::new(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(3000)
        });
        let versions = proptest::collection::vec(version(), 1..12);
        runner
            .run(&(range(), versions), |(range, versions)| {
                let expected = oracle.borrow_mut().ask(&range, &versions);
                ranges.set(ranges.get() + usize::from(expected != "!"));
                prop_assert_eq!(
                    answer(&range, &versions),
                    expected,
                    "{:?} {:?}",
                    range,
                    versions
                );
                Ok(())
            })
            .unwrap();
        assert!(ranges.get() > 1000, "{} were ranges", ranges.get());
    }

    #[test]
    fn ranges_of_every_form_are_read_as_the_library_reads_them() {
        let mut oracle = Oracle::start();
        let versions: Vec<String> = [
            "0.0.0",
            "0.0.1",
            "0.1.0",
            "0.1.2",
            "0.2.0",
            "1.0.0-alpha",
            "1.0.0-rc.1",
            "v1.0.0",
            "1.0.1",
            "1.2",
            "1.2.3",
            "1.2.4-beta",
            "1.3.0",
            "2",
            "2.0.0-0",
            "2.0.0",
            "2.1.0",
            "3.0.0",
            "x",
            "2024.03-LTS-RC19",
            "1.0.0+a",
            "01.2.3",
        ]
        .map(str::to_owned)
        .to_vec();
        for range in [
            "",
            " ",
            "*",
            "x",
            "X",
            "v*",
            "1",
            "1.x",
            "1.2.x",
            "1.*.*",
            "*.1",
            "^*",
            "~*",
            ">*",
            "<*",
            "<=*",
            "!=*",
            "^0",
            "^0.0",
            "^0.0.1",
            "^0.1",
            "^0.1.2",
            "^1.2",
            "^1.2.3-beta",
            "~0.0.0",
            "~1",
            "~1.2",
            "~1.2.3",
            "~>1.2",
            ">1",
            ">1.2",
            ">=1.2",
            "<1.2",
            "<=1",
            "<=1.2",
            "!=1",
            "!=1.2",
            "!=1.2.x",
            "!=1.2.3",
            "=1.2",
            "=1.2.3",
            ">=1.0.0-0",
            ">=1.0.0-0 <2.0.0",
            ">0.5.0,<0.7.0",
            "1 - 2",
            "1.0 - 1.2 || 3",
            ">=1 ||<0.1",
            "1||2",
            "|| 1",
            "1 ||",
            "1,",
            ",1",
            "1 1",
            ">=1<2",
            "==1",
            "=>1",
            "=<1",
            "!1",
            "main",
            "release-1.x",
            "1.2.3.4",
            "99999999999999999999",
            "^99999999999999999999",
            "1|2",
            "x|1",
            "0.7.*",
            "2024.03-LTS-RC19",
            "^1.0.0-01",
            "1 -2",
            "1- 2",
            "1 - 2 - 3",
        ] {
            assert_eq!(
                answer(range, &versions),
                oracle.ask(range, &versions),
                "{range:?}"
            );
        }
    }
}
