//! The table of the built-in types.
//!
//! `builtin.txt` is made by `make`. Its first line is a remark. Then follow the types of objects, a line each, in
//! order: `apiVersion kind scope number`, where the scope is `c` (cluster), `n` (namespaced) or `?` (unknown), and the
//! number is that of the definition, or `-`. After an empty line follow the definitions, in order, which are numbered
//! from zero: `name expression`. An expression is
//!
//! * a number: what that definition is;
//! * `(name:expression …)`: a mapping with these fields;
//! * `{expression}`: a mapping whose fields are all alike;
//! * `[expression]`: a list that is replaced as a whole;
//! * `[expression]*key,key`: a list whose items are merged, and the fields that tell them apart;
//! * `-`: anything else.
//!
//! Either part is cut into lines when something is first looked up in it, and only the types of objects into columns:
//! they are looked up for every object over and over.

use std::collections::HashMap;
use std::sync::LazyLock;

use memchr::memmem;

use crate::id::Scope;

/// The two parts of the table.
static PARTS: LazyLock<(&str, &str)> = LazyLock::new(|| {
    let text = include_str!("builtin.txt");
    memmem::find(text.as_bytes(), b"\n\n")
        .map_or((text, ""), |end| (&text[..end], &text[end + 2..]))
});

/// By `apiVersion` and kind.
static KINDS: LazyLock<HashMap<(&str, &str), Kind>> = LazyLock::new(|| {
    let (kinds, _) = *PARTS;
    kinds.lines().skip(1).filter_map(named_kind).collect()
});

static DEFINITIONS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let (_, definitions) = *PARTS;
    definitions.lines().collect()
});

/// A type of objects.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    /// Whether its objects are in namespaces; `None` when the document does not say.
    pub(super) scope: Option<Scope>,
    /// The number of its definition.
    pub(super) definition: Option<usize>,
}

/// The type of that name.
pub(super) fn kind(api_version: &str, kind: &str) -> Option<Kind> {
    KINDS.get(&(api_version, kind)).copied()
}

/// The type that a line describes, and what it is called.
fn named_kind(line: &'static str) -> Option<((&'static str, &'static str), Kind)> {
    let mut columns = line.split(' ');
    let name = (columns.next()?, columns.next()?);
    let kind = Kind {
        scope: match columns.next()? {
            "c" => Some(Scope::Cluster),
            "n" => Some(Scope::Namespaced),
            _ => None,
        },
        definition: columns.next()?.parse().ok(),
    };
    Some((name, kind))
}

/// Name and content of the definition of that number, which must come from the table.
pub(super) fn definition(number: usize) -> (&'static str, Expression) {
    let line = DEFINITIONS.get(number).copied().unwrap_or_default();
    let (name, expression) = line.split_once(' ').unwrap_or((line, "-"));
    (name, Expression(expression))
}

/// The number of the definition of that name.
pub(super) fn number(name: &str) -> Option<usize> {
    DEFINITIONS
        .binary_search_by(|line| line.split(' ').next().unwrap_or(line).cmp(name))
        .ok()
}

/// A part of a definition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expression(&'static str);

impl Expression {
    /// The number of the definition that the expression stands for.
    pub(super) fn reference(self) -> Option<usize> {
        self.0.parse().ok()
    }

    pub(super) fn field(self, name: &str) -> Option<Self> {
        if let Some(all) = self.enclosed('{', '}') {
            return Some(Self(all));
        }
        self.enclosed('(', ')')?.split(' ').find_map(|field| {
            let (of, expression) = field.split_once(':')?;
            (of == name).then_some(Self(expression))
        })
    }

    pub(super) fn items(self) -> Option<Self> {
        let list = self.0.strip_prefix('[')?;
        list.rsplit_once(']').map(|(items, _)| Self(items))
    }

    pub(super) fn merge_keys(self) -> Option<Vec<&'static str>> {
        let list = self.0.strip_prefix('[')?;
        let (_, suffix) = list.rsplit_once(']')?;
        let keys = suffix.strip_prefix('*')?;
        Some(keys.split(',').filter(|key| !key.is_empty()).collect())
    }

    fn enclosed(self, start: char, end: char) -> Option<&'static str> {
        self.0.strip_prefix(start)?.strip_suffix(end)
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn the_table_is_what_the_real_program_carries() {
        let peer = peers::program("kustomize-schema", "kustomize-schema");
        let output = Command::new(peer).output().unwrap();
        assert!(output.status.success());
        let table = include_str!("builtin.txt");
        assert!(
            table.as_bytes() == output.stdout,
            "run `make` beside builtin.txt"
        );
    }

    #[test]
    fn both_parts_of_the_table_can_be_searched() {
        let lines = include_str!("builtin.txt").lines().skip(1);
        for line in lines.take_while(|line| !line.is_empty()) {
            let columns: Vec<&str> = line.split(' ').collect();
            let found = kind(columns[0], columns[1]).unwrap();
            assert_eq!(found.definition, columns[3].parse().ok(), "{line}");
        }
        for (at, line) in DEFINITIONS.iter().enumerate() {
            let name = line.split(' ').next().unwrap();
            assert_eq!(number(name), Some(at));
            assert_eq!(definition(at).0, name);
        }
        assert!(kind("v1", "Nothing").is_none());
        assert!(number("nothing").is_none());
    }
}
