//! The properties of a node: its anchor, and its tag in the short form.

use std::borrow::Cow;

use super::compose::Composer;
use super::cursor::Mark;
use super::error::ParseError;
use super::token::Body;
use crate::node::{Kind, Node, Tag};
use crate::resolve::Dialect;

/// The prefix of the tags that YAML itself defines.
const YAML_TAGS: &str = "tag:yaml.org,2002:";

/// What can stand before a node.
#[derive(Default)]
pub(super) struct Properties<'a> {
    pub(super) anchor: Option<&'a str>,
    pub(super) tag: Option<Cow<'a, str>>,
}

impl<'a> Composer<'a> {
    /// Reads the anchor and the tag before a node, in any order.
    pub(super) fn properties(&mut self, start: Mark) -> Result<Properties<'a>, ParseError> {
        let mut properties = Properties::default();
        loop {
            match self.body() {
                Body::Anchor(name) if properties.anchor.is_none() => {
                    properties.anchor = Some(*name);
                    self.take();
                }
                Body::Tag { .. } if properties.tag.is_none() => {
                    if let Some(Body::Tag { handle, suffix }) = self.take().map(|token| token.body)
                    {
                        let tag = self.expand_tag(handle, suffix);
                        properties.tag =
                            Some(tag.ok_or_else(|| ParseError::TagHandle(start.position()))?);
                    }
                }
                _ => return Ok(properties),
            }
            self.peek()?;
        }
    }

    fn expand_tag(&self, handle: &'a str, suffix: Cow<'a, str>) -> Option<Cow<'a, str>> {
        if handle.is_empty() {
            return Some(suffix);
        }
        let prefix = match (self.handles.get(handle), handle) {
            (Some(prefix), _) => prefix,
            (None, "!") => "!",
            (None, "!!") => YAML_TAGS,
            (None, _) => return None,
        };
        Some(Cow::Owned([prefix, &*suffix].concat()))
    }
}

impl Properties<'_> {
    /// Gives a node its anchor, and the tag in place of the one that its text implies.
    pub(super) fn apply_to(self, node: &mut Node, dialect: Dialect) {
        node.anchor = self.anchor.map(Box::from);
        match self.tag.as_deref() {
            // To v3 this is no tag at all, to v2 it is one that makes a string (go-yaml v2: decode.go).
            Some("!") if dialect == Dialect::GoYaml2 && node.kind == Kind::Scalar => {
                node.tag = Tag::Str;
            }
            None | Some("!") => {}
            Some(tag) => {
                node.tag = short_tag(tag);
                node.style.tagged = true;
            }
        }
    }
}

/// A tag as it is written in full, in its short form.
fn short_tag(tag: &str) -> Tag {
    let name = tag.strip_prefix(YAML_TAGS);
    match name.or_else(|| tag.strip_prefix("!!")) {
        Some("binary") => Tag::Binary,
        Some("bool") => Tag::Bool,
        Some("float") => Tag::Float,
        Some("int") => Tag::Int,
        Some("map") => Tag::Map,
        Some("merge") => Tag::Merge,
        Some("null") => Tag::Null,
        Some("seq") => Tag::Seq,
        Some("str") => Tag::Str,
        Some("timestamp") => Tag::Timestamp,
        _ => Tag::Custom(match name {
            Some(name) => ["!!", name].concat().into(),
            None => tag.into(),
        }),
    }
}
