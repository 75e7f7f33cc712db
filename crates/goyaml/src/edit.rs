//! Reading and changing trees: entries of mappings, and nodes made from nothing.
//!
//! What is here is what every user of a tree needs. How a particular tool sets a field (which styles, comments and
//! tags survive) is that tool's business.

use crate::{
    node::{Form, Kind, Node, Style, Tag},
    resolve::{Dialect, plain_tag},
};

impl Node {
    /// An empty mapping.
    pub fn mapping() -> Self {
        Self {
            kind: Kind::Mapping,
            tag: Tag::Map,
            ..Self::default()
        }
    }

    /// An empty list.
    pub fn sequence() -> Self {
        Self {
            kind: Kind::Sequence,
            tag: Tag::Seq,
            ..Self::default()
        }
    }

    /// A string, written as a block where it has several lines (`yaml.Node`'s `SetString`).
    pub fn string(text: impl Into<String>) -> Self {
        let value = text.into();
        let form = if value.contains('\n') {
            Form::Literal
        } else {
            Form::Any
        };
        Self {
            tag: Tag::Str,
            style: Style {
                form,
                tagged: false,
            },
            value,
            ..Self::default()
        }
    }

    /// A scalar that is what its text says when it stands there without quotes: a `yaml.Node` without a tag.
    pub fn plain(text: impl Into<String>) -> Self {
        let value = text.into();
        Self {
            tag: plain_tag(&value, Dialect::GoYaml3),
            value,
            ..Self::default()
        }
    }

    /// Whether the node is a null. An alias is none, whatever it stands for.
    pub fn is_null(&self) -> bool {
        self.tag == Tag::Null && self.kind != Kind::Alias
    }

    /// The entries of a mapping in their order; none for any other node.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = (&Self, &Self)> + ExactSizeIterator {
        self.pairs()
            .chunks_exact(2)
            .map(|pair| (&pair[0], &pair[1]))
    }

    /// The entries of a mapping in their order, to be changed; none for any other node.
    pub fn entries_mut(&mut self) -> impl Iterator<Item = (&mut Self, &mut Self)> {
        let content = match self.kind {
            Kind::Mapping => self.content.as_mut_slice(),
            Kind::Alias | Kind::Scalar | Kind::Sequence => &mut [],
        };
        content.chunks_exact_mut(2).filter_map(|pair| match pair {
            [key, value] => Some((key, value)),
            _ => None,
        })
    }

    /// The items of a list; none for any other node.
    pub fn items(&self) -> &[Self] {
        match self.kind {
            Kind::Sequence => &self.content,
            Kind::Alias | Kind::Mapping | Kind::Scalar => &[],
        }
    }

    /// Where the value of `key` stands in [`content`](Self::content), for a mapping that has it. Keys are compared as
    /// texts, whatever their tag; of a repeated key the first counts.
    pub fn position_of(&self, key: &str) -> Option<usize> {
        self.pairs()
            .chunks_exact(2)
            .position(|pair| pair[0].value == key)
            .map(|entry| entry * 2 + 1)
    }

    /// The value of `key` in a mapping.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.pairs()
            .chunks_exact(2)
            .find(|pair| pair[0].value == key)
            .map(|pair| &pair[1])
    }

    /// The value of `key` in a mapping, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        let position = self.position_of(key)?;
        self.content.get_mut(position)
    }

    /// Puts `value` in the place of the value of `key`, or adds an entry to the mapping.
    pub fn insert(&mut self, key: &str, value: Self) {
        match self.get_mut(key) {
            Some(present) => *present = value,
            None => self.push_entry(Self::string(key), value),
        }
    }

    /// Adds an entry to a mapping, without a look at what is there.
    pub fn push_entry(&mut self, key: Self, value: Self) {
        self.content.push(key);
        self.content.push(value);
    }

    /// Takes the entry of `key` out of a mapping and gives its value.
    pub fn remove(&mut self, key: &str) -> Option<Self> {
        let position = self.position_of(key)?;
        self.content.drain(position - 1..=position).next_back()
    }

    fn pairs(&self) -> &[Self] {
        match self.kind {
            Kind::Mapping => &self.content,
            Kind::Alias | Kind::Scalar | Kind::Sequence => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    #[track_caller]
    fn node(text: &str) -> Node {
        parse(text.as_bytes()).unwrap().remove(0).root
    }

    fn keys(node: &Node) -> Vec<&str> {
        node.entries().map(|(key, _)| key.value.as_str()).collect()
    }

    #[test]
    fn an_entry_is_replaced_in_its_place_and_a_new_one_comes_last() {
        let mut mapping = node("a: 1\nb: 2\n");
        mapping.insert("a", Node::string("x"));
        mapping.insert("c", Node::plain("3"));
        assert_eq!(keys(&mapping), ["a", "b", "c"]);
        assert_eq!(mapping.get("a").unwrap().tag, Tag::Str);
        assert_eq!(mapping.get("c").unwrap().tag, Tag::Int);
    }

    #[test]
    fn removing_gives_the_value_and_leaves_the_others() {
        let mut mapping = node("a: 1\nb: 2\nc: 3\n");
        assert_eq!(mapping.remove("b").unwrap().value, "2");
        assert_eq!(keys(&mapping), ["a", "c"]);
        assert!(mapping.remove("b").is_none());
    }

    #[test]
    fn only_mappings_have_entries_and_only_lists_items() {
        let list = node("[a, b]");
        assert!(list.get("a").is_none());
        assert_eq!(list.entries().count(), 0);
        assert_eq!(list.items().len(), 2);
        assert!(node("a: b").items().is_empty());
    }

    #[test]
    fn of_a_repeated_key_the_first_counts() {
        assert_eq!(node("a: 1\na: 2\n").get("a").unwrap().value, "1");
    }

    #[test]
    fn made_scalars_have_the_type_that_their_text_has() {
        for (text, tag) in [
            ("12", Tag::Int),
            ("yes", Tag::Str),
            ("~", Tag::Null),
            ("", Tag::Null),
            ("1.5", Tag::Float),
        ] {
            assert_eq!(Node::plain(text).tag, tag, "{text}");
            assert_eq!(Node::string(text).tag, Tag::Str, "{text}");
        }
        assert_eq!(Node::string("a\nb").style.form, Form::Literal);
    }
}
