//! What a JSON patch works on.

use std::collections::BTreeMap;

use goyaml::{Value, json};

/// A JSON value whose scalars may still be text.
///
/// The real program compares scalars by their text in JSON, so that `1.0` in a patch is not `1`: the text of a patch
/// that is JSON must be kept (json-patch v4: patch.go, `lazyNode`).
#[derive(Clone)]
pub(super) enum Tree {
    Null,
    Scalar(Value),
    Raw(Box<[u8]>),
    List(Vec<Self>),
    Map(BTreeMap<String, Self>),
}

/// Shows the kind and never the content, which may be a plaintext.
impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Scalar(_) | Self::Raw(_) => "Scalar",
            Self::List(_) => "List",
            Self::Map(_) => "Map",
        })
    }
}

impl Tree {
    pub(super) fn of_value(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Array(items) => Self::List(items.into_iter().map(Self::of_value).collect()),
            Value::Object(members) => {
                let members = members.into_iter();
                Self::Map(
                    members
                        .map(|(name, value)| (name, Self::of_value(value)))
                        .collect(),
                )
            }
            scalar => Self::Scalar(scalar),
        }
    }

    /// The tree of a text that is known to be JSON, its scalars as they are written.
    pub(super) fn of_json(text: &[u8]) -> Option<Self> {
        Reader { text, at: 0 }.value()
    }

    /// The value as the real program has it at the end, where every number is a float.
    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Scalar(value) => with_floats(value),
            Self::Raw(text) => json::parse(&text).map_or(Value::Null, with_floats),
            Self::List(items) => Value::Array(items.into_iter().map(Self::into_value).collect()),
            Self::Map(members) => {
                let members = members.into_iter();
                Value::Object(
                    members
                        .map(|(name, tree)| (name, tree.into_value()))
                        .collect(),
                )
            }
        }
    }

    pub(super) fn into_items(self) -> Vec<Self> {
        match self {
            Self::List(items) => items,
            Self::Null | Self::Scalar(_) | Self::Raw(_) | Self::Map(_) => Vec::new(),
        }
    }

    pub(super) fn into_field(self, name: &str) -> Option<Self> {
        match self {
            Self::Map(mut members) => members.remove(name),
            Self::Null | Self::Scalar(_) | Self::Raw(_) | Self::List(_) => None,
        }
    }

    pub(super) fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::List(one), Self::List(other)) => {
                one.len() == other.len()
                    && one.iter().zip(other).all(|(one, other)| one.equals(other))
            }
            (Self::Map(one), Self::Map(other)) => {
                one.len() == other.len()
                    && one
                        .iter()
                        .zip(other)
                        .all(|((name, one), (other_name, other))| {
                            name == other_name && one.equals(other)
                        })
            }
            (Self::Scalar(_) | Self::Raw(_), Self::Scalar(_) | Self::Raw(_)) => {
                let (one, other) = (self.text(), other.text());
                one.is_some() && one == other
            }
            _ => false,
        }
    }

    /// How many collections are in one another.
    pub(super) fn depth(&self) -> usize {
        let deepest = match self {
            Self::Null | Self::Scalar(_) | Self::Raw(_) => return 0,
            Self::List(items) => items.iter().map(Self::depth).max(),
            Self::Map(members) => members.values().map(Self::depth).max(),
        };
        1 + deepest.unwrap_or(0)
    }

    /// About how many bytes the tree takes.
    pub(super) fn size(&self) -> usize {
        const NODE: usize = size_of::<Tree>();
        match self {
            Self::Null => NODE,
            Self::Scalar(Value::String(text)) => NODE + text.len(),
            Self::Scalar(_) => NODE,
            Self::Raw(text) => NODE + text.len(),
            Self::List(items) => NODE + items.iter().map(Self::size).sum::<usize>(),
            Self::Map(members) => {
                let members = members.iter();
                NODE + members
                    .map(|(name, tree)| name.len() + tree.size())
                    .sum::<usize>()
            }
        }
    }

    /// The text of a scalar as JSON.
    fn text(&self) -> Option<Vec<u8>> {
        match self {
            Self::Scalar(value) => json::to_string(value).ok().map(String::into_bytes),
            Self::Raw(text) => Some(text.to_vec()),
            Self::Null | Self::List(_) | Self::Map(_) => None,
        }
    }
}

#[allow(clippy::cast_precision_loss)]
fn with_floats(value: Value) -> Value {
    match value {
        Value::Int(number) => Value::Float(number as f64),
        Value::Uint(number) => Value::Float(number as f64),
        other => other,
    }
}

/// Reads text that was found to be JSON before, so that nothing can be wrong with it.
struct Reader<'t> {
    text: &'t [u8],
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self) -> Option<Tree> {
        self.skip_space();
        match self.text.get(self.at)? {
            b'[' => {
                let mut items = Vec::new();
                while self.enters(b']')? {
                    items.push(self.value()?);
                }
                Some(Tree::List(items))
            }
            b'{' => {
                let mut members = BTreeMap::new();
                while self.enters(b'}')? {
                    let Value::String(name) = self.scalar()?.0 else {
                        return None;
                    };
                    self.at += 1;
                    members.insert(name, self.value()?);
                }
                Some(Tree::Map(members))
            }
            _ => {
                let (value, text) = self.scalar()?;
                Some(match value {
                    Value::Null => Tree::Null,
                    _ => Tree::Raw(text.into()),
                })
            }
        }
    }

    /// Steps over a bracket or comma, and tells whether a further item follows; else over the end of the list.
    fn enters(&mut self, end: u8) -> Option<bool> {
        self.skip_space();
        if *self.text.get(self.at)? != end {
            self.at += 1;
            self.skip_space();
        }
        let is_end = *self.text.get(self.at)? == end;
        self.at += usize::from(is_end);
        Some(!is_end)
    }

    fn scalar(&mut self) -> Option<(Value, &[u8])> {
        self.skip_space();
        let rest = self.text.get(self.at..)?;
        let (value, length) = json::parse_prefix(rest).ok()?;
        self.at += length;
        Some((value, rest.get(..length)?.trim_ascii_end()))
    }

    fn skip_space(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_read_with_its_scalars_as_written() {
        let text = br#" [ {"a" : 1.0 , "b":[ ],"c":{}} , "x\u003c", null, [true,[2]] ] "#;
        let read = Tree::of_json(text).unwrap();
        assert_eq!(read.clone().into_value(), {
            let mut value = json::parse(text).unwrap();
            if let Value::Array(items) = &mut value {
                items[3] = Value::Array(vec![
                    Value::Bool(true),
                    Value::Array(vec![Value::Float(2.0)]),
                ]);
            }
            value
        });
        let items = read.into_items();
        let one = items[0].clone().into_field("a").unwrap();
        assert!(!one.equals(&Tree::Scalar(Value::Int(1))));
        assert!(items[1].equals(&Tree::Scalar(Value::String("x<".to_owned()))));
        assert_eq!(items[3].depth(), 2);
    }
}
