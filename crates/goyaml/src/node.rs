//! The node tree: what a YAML document holds, with everything go-yaml's `yaml.Node` records of it.

use std::fmt;

/// One document of a stream.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// The top node. A document without content (`---` alone, or only comments) holds a null scalar.
    pub root: Node,
    /// Comments that belong to the document rather than to its top node.
    pub comments: Comments,
    /// Where the document starts.
    pub position: Position,
}

/// A scalar, sequence, mapping or alias.
///
/// `Debug` shows kind, tag and place but never the value, since a node may hold a plaintext.
pub struct Node {
    /// What the node is.
    pub kind: Kind,
    /// How it was, or is to be, written.
    pub style: Style,
    /// The tag, resolved: a plain `12` has [`Tag::Int`] though nothing says so in the text.
    pub tag: Tag,
    /// Text of a scalar after unquoting and unfolding; name of the anchor for an alias; else empty.
    pub value: String,
    /// The name behind `&`.
    pub anchor: Option<Box<str>>,
    /// Items of a sequence; keys and values in turn of a mapping; else empty.
    pub content: Vec<Self>,
    /// Comments attached to the node; most nodes have none.
    pub comments: Option<Box<Comments>>,
    /// Where the node starts.
    pub position: Position,
}

/// The kinds of [`Node`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// `*name`.
    Alias,
    /// Keys and values.
    Mapping,
    /// A single text.
    Scalar,
    /// Items.
    Sequence,
}

/// How a node is written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Style {
    /// The presentation of the node's own text or brackets.
    pub form: Form,
    /// Whether the tag stands in the text.
    pub tagged: bool,
}

/// The presentation part of a [`Style`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Form {
    /// Block collections and plain scalars, unless the content asks for more.
    #[default]
    Any,
    /// `"text"`.
    DoubleQuoted,
    /// `{a: b}` and `[a, b]`.
    Flow,
    /// `>`.
    Folded,
    /// `|`.
    Literal,
    /// `'text'`.
    SingleQuoted,
}

/// A node's tag, in go-yaml's short form.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub enum Tag {
    /// `!!binary`.
    Binary,
    /// `!!bool`.
    Bool,
    /// Any other tag, as written (`!custom`, `tag:example.com,2000:x`).
    Custom(Box<str>),
    /// `!!float`.
    Float,
    /// `!!int`.
    Int,
    /// `!!map`.
    Map,
    /// `!!merge`, the tag of a plain `<<` key.
    Merge,
    /// `!!null`.
    #[default]
    Null,
    /// `!!seq`.
    Seq,
    /// `!!str`.
    Str,
    /// `!!timestamp`.
    Timestamp,
}

/// Comments around a node. Each is the text with its `#` signs, lines joined by newlines; empty when absent.
///
/// `Debug` shows how long each is but never its text, since a comment may be a plaintext too.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Comments {
    /// On the lines before the node, without a blank line between.
    pub head: String,
    /// At the end of the node's line.
    pub line: String,
    /// After the node, before a blank line.
    pub foot: String,
}

/// A place in the source, both numbers counted from one; zero for a node that was made and not read.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Position {
    /// Line.
    pub line: u32,
    /// Column, in characters.
    pub column: u32,
}

impl Default for Node {
    fn default() -> Self {
        Self {
            kind: Kind::Scalar,
            style: Style::default(),
            tag: Tag::Null,
            value: String::new(),
            anchor: None,
            content: Vec::new(),
            comments: None,
            position: Position::default(),
        }
    }
}

impl Node {
    /// A copy without the content.
    fn without_content(&self) -> Self {
        Self {
            kind: self.kind,
            style: self.style,
            tag: self.tag.clone(),
            value: self.value.clone(),
            anchor: self.anchor.clone(),
            content: Vec::with_capacity(self.content.len()),
            comments: self.comments.clone(),
            position: self.position,
        }
    }
}

/// Copies a tree of any depth without recursion: a derived implementation needs more stack than a thread has for the
/// deepest trees that the parser gives.
impl Clone for Node {
    fn clone(&self) -> Self {
        let mut copy = self.without_content();
        let mut rest = self.content.iter();
        let mut around = Vec::new();
        loop {
            match rest.next() {
                Some(child) if child.content.is_empty() => {
                    copy.content.push(child.without_content());
                }
                Some(child) => {
                    let parent = std::mem::replace(&mut copy, child.without_content());
                    around.push((parent, std::mem::replace(&mut rest, child.content.iter())));
                }
                None => match around.pop() {
                    Some((mut parent, siblings)) => {
                        parent.content.push(copy);
                        (copy, rest) = (parent, siblings);
                    }
                    None => return copy,
                },
            }
        }
    }
}

impl fmt::Debug for Comments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Comments")
            .field("head", &self.head.len())
            .field("line", &self.line.len())
            .field("foot", &self.foot.len())
            .finish()
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("kind", &self.kind)
            .field("tag", &self.tag)
            .field("position", &self.position)
            .field("content", &self.content.len())
            .finish_non_exhaustive()
    }
}

impl Tag {
    /// The short form: `!!int`, `!custom`, `tag:example.com,2000:x`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Binary => "!!binary",
            Self::Bool => "!!bool",
            Self::Custom(tag) => tag,
            Self::Float => "!!float",
            Self::Int => "!!int",
            Self::Map => "!!map",
            Self::Merge => "!!merge",
            Self::Null => "!!null",
            Self::Seq => "!!seq",
            Self::Str => "!!str",
            Self::Timestamp => "!!timestamp",
        }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
