//! Patterns of file names as Go's `path/filepath` matches them.

use tree::{Tree, TreePath};

use super::EditError;

/// A pattern that cannot be understood.
#[derive(Debug, Eq, PartialEq)]
struct Malformed;

/// The names of what a pattern finds from `directory` on, in the order of the real program. A name without a special
/// character finds itself, where it exists. As in kustomize, hidden files are found only by patterns that begin with a
/// dot themselves (kyaml: filesys/fsondisk.go).
pub(super) fn find(
    tree: &Tree,
    directory: &TreePath,
    pattern: &str,
) -> Result<Vec<String>, EditError> {
    let malformed = |Malformed| EditError::Pattern {
        component: pattern.to_owned(),
    };
    let mut found = expand(tree, directory, pattern).map_err(malformed)?;
    if !is_hidden(pattern) {
        found.retain(|name| !is_hidden(name));
    }
    Ok(found)
}

fn is_hidden(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    path.rsplit('/').next().unwrap_or(path).starts_with('.')
}

fn expand(tree: &Tree, directory: &TreePath, pattern: &str) -> Result<Vec<String>, Malformed> {
    matches(pattern, "")?;
    if !is_special(pattern) {
        let exists = directory
            .join(pattern)
            .is_ok_and(|path| tree.locate(&path).is_ok());
        return Ok(exists.then(|| pattern.to_owned()).into_iter().collect());
    }
    let (folder, name) = match pattern.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some((folder, name)) => (folder, name),
        None => (".", pattern),
    };
    let folders = if is_special(folder) {
        expand(tree, directory, folder)?
    } else {
        vec![folder.to_owned()]
    };
    let mut found = Vec::new();
    for folder in folders {
        let Ok(path) = directory.join(&folder) else {
            continue;
        };
        // What is no folder, or cannot be listed, holds nothing.
        let Ok(entries) = tree.list(&path) else {
            continue;
        };
        let mut names: Vec<&str> = entries
            .iter()
            .filter_map(|entry| entry.path.file_name())
            .collect();
        names.sort_unstable();
        for entry in names {
            if matches(name, entry)? {
                found.push(match folder.as_str() {
                    "." => entry.to_owned(),
                    folder => format!("{folder}/{entry}"),
                });
            }
        }
    }
    Ok(found)
}

fn is_special(pattern: &str) -> bool {
    pattern.contains(['*', '?', '[', '\\'])
}

/// `path.Match`: the whole name has to match. A pattern is malformed whatever the name is.
fn matches(pattern: &str, name: &str) -> Result<bool, Malformed> {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let parts = parse(&pattern)?;
    // Which parts may come next, one character of the name after the other.
    let mut at = vec![false; parts.len() + 1];
    at[0] = true;
    let skip_stars = |at: &mut Vec<bool>| {
        for (index, part) in parts.iter().enumerate() {
            if at[index] && matches!(part, Part::Star) {
                at[index + 1] = true;
            }
        }
    };
    skip_stars(&mut at);
    for character in name {
        let mut next = vec![false; parts.len() + 1];
        for (index, part) in parts.iter().enumerate() {
            if !at[index] {
                continue;
            }
            match part {
                Part::Star if character != '/' => next[index] = true,
                Part::One(set) if set.takes(character) => next[index + 1] = true,
                Part::Star | Part::One(_) => {}
            }
        }
        skip_stars(&mut next);
        at = next;
    }
    Ok(at[parts.len()])
}

enum Part {
    Star,
    One(Set),
}

enum Set {
    Any,
    Only(char),
    Ranges {
        ranges: Vec<(char, char)>,
        negated: bool,
    },
}

impl Set {
    fn takes(&self, character: char) -> bool {
        match self {
            Self::Any => character != '/',
            Self::Only(only) => character == *only,
            Self::Ranges { ranges, negated } => {
                let named = ranges
                    .iter()
                    .any(|(low, high)| (*low..=*high).contains(&character));
                named != *negated
            }
        }
    }
}

fn parse(pattern: &[char]) -> Result<Vec<Part>, Malformed> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        parts.push(match first {
            '*' => Part::Star,
            '?' => Part::One(Set::Any),
            '\\' => {
                let (escaped, behind) = rest.split_first().ok_or(Malformed)?;
                rest = behind;
                Part::One(Set::Only(*escaped))
            }
            '[' => Part::One(ranges(&mut rest)?),
            other => Part::One(Set::Only(*other)),
        });
    }
    Ok(parts)
}

fn ranges(rest: &mut &[char]) -> Result<Set, Malformed> {
    let negated = rest.first() == Some(&'^');
    if negated {
        *rest = &rest[1..];
    }
    let mut ranges = Vec::new();
    loop {
        if rest.first() == Some(&']') && !ranges.is_empty() {
            *rest = &rest[1..];
            return Ok(Set::Ranges { ranges, negated });
        }
        let low = bound(rest)?;
        let high = if rest.first() == Some(&'-') {
            *rest = &rest[1..];
            bound(rest)?
        } else {
            low
        };
        ranges.push((low, high));
    }
}

fn bound(rest: &mut &[char]) -> Result<char, Malformed> {
    let (first, behind) = rest.split_first().ok_or(Malformed)?;
    *rest = behind;
    match first {
        '-' | ']' => Err(Malformed),
        '\\' => {
            let (escaped, behind) = rest.split_first().ok_or(Malformed)?;
            *rest = behind;
            Ok(*escaped)
        }
        other => Ok(*other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_those_of_go() {
        for (pattern, name, expect) in [
            ("abc", "abc", Ok(true)),
            ("*", "abc", Ok(true)),
            ("*c", "abc", Ok(true)),
            ("a*", "ab/c", Ok(false)),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/f", Ok(true)),
            ("a*b?c*x", "abxbbxdbxebxczzx", Ok(true)),
            ("ab[c]", "abc", Ok(true)),
            ("ab[e-g]", "abc", Ok(false)),
            ("ab[^e-g]", "abc", Ok(true)),
            ("a\\*b", "a*b", Ok(true)),
            ("a\\*b", "ab", Ok(false)),
            ("a[^a][^a][^a]b", "a☺b", Ok(false)),
            ("[\\]a]", "]", Ok(true)),
            ("[\\-x]", "-", Ok(true)),
            ("a???b", "a☺b", Ok(false)),
            ("[]a]", "]", Err(Malformed)),
            ("[-]", "-", Err(Malformed)),
            ("[x-]", "x", Err(Malformed)),
            ("[-x]", "x", Err(Malformed)),
            ("\\", "a", Err(Malformed)),
            ("[", "a", Err(Malformed)),
            ("[^", "a", Err(Malformed)),
            ("*x", "xxx", Ok(true)),
        ] {
            assert_eq!(matches(pattern, name), expect, "{pattern} {name}");
        }
    }
}
