//! Events of a node tree (go-yaml: encode.go).

use super::{
    EmitError,
    emitter::Emitter,
    event::{Around, Event, Scalar, Start},
};
use crate::{
    node::{Comments, Document, Form, Kind, Node, Position, Tag},
    resolve::{Dialect, plain_tag},
};

/// An open collection and how far its nodes have been written.
struct Open<'n> {
    node: &'n Node,
    next: usize,
    /// The foot comment of the entry before, which goes out in front of the next one.
    tail: &'n str,
    /// The collection's own foot comment, if it is written at its end.
    foot: &'n str,
}

/// Writes a document with its comments.
pub(super) fn document<'n>(
    emitter: &mut Emitter<'n>,
    document: &'n Document,
) -> Result<(), EmitError> {
    emitter.emit(Event::DocumentStart {
        head: &document.comments.head,
    });
    tree(emitter, &document.root)?;
    emitter.emit(Event::DocumentEnd {
        foot: &document.comments.foot,
    });
    Ok(())
}

/// Writes a node as a document of its own.
pub(super) fn lone<'n>(emitter: &mut Emitter<'n>, root: &'n Node) -> Result<(), EmitError> {
    emitter.emit(Event::DocumentStart { head: "" });
    tree(emitter, root)?;
    emitter.emit(Event::DocumentEnd { foot: "" });
    Ok(())
}

/// Walks a tree without recursion, since nothing bounds its depth.
fn tree<'n>(emitter: &mut Emitter<'n>, root: &'n Node) -> Result<(), EmitError> {
    let mut open: Vec<Open<'n>> = Vec::new();
    start(
        emitter,
        root,
        Place {
            tail: "",
            foot: Foot::Written,
        },
        &mut open,
    )?;
    while let Some(parent) = open.last_mut() {
        let node = parent.node;
        let is_mapping = node.kind == Kind::Mapping;
        // A key without a value is left out.
        let length = if is_mapping {
            node.content.len() & !1
        } else {
            node.content.len()
        };
        if parent.next == length {
            let (line, foot) = (comments(node).line, parent.foot);
            let end = if is_mapping {
                Event::MappingEnd {
                    tail: parent.tail,
                    line,
                    foot,
                }
            } else {
                Event::SequenceEnd { line, foot }
            };
            emitter.emit(end);
            open.pop();
            continue;
        }
        let child = &node.content[parent.next];
        let place = if is_mapping && parent.next.is_multiple_of(2) {
            let tail = std::mem::replace(&mut parent.tail, comments(child).foot);
            Place {
                tail,
                foot: Foot::Held,
            }
        } else {
            Place {
                tail: "",
                foot: Foot::Written,
            }
        };
        parent.next += 1;
        start(emitter, child, place, &mut open)?;
    }
    Ok(())
}

/// What the parent has to say about a node's comments.
#[derive(Clone, Copy)]
struct Place<'n> {
    tail: &'n str,
    foot: Foot,
}

/// Whether a node's own foot comment comes right after it, or after the value that it is the key of.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Foot {
    Written,
    Held,
}

fn start<'n>(
    emitter: &mut Emitter<'n>,
    node: &'n Node,
    place: Place<'n>,
    open: &mut Vec<Open<'n>>,
) -> Result<(), EmitError> {
    let comments = comments(node);
    let foot = if place.foot == Foot::Held {
        ""
    } else {
        comments.foot
    };
    let anchor = node.anchor.as_deref().unwrap_or_default();
    if !anchor.is_empty() {
        check_name(anchor, node.position)?;
    }
    match node.kind {
        Kind::Alias => {
            // A tail is lost here, as it is before a list.
            let comments = Around {
                head: comments.head,
                line: comments.line,
                foot,
                tail: "",
            };
            check_name(&node.value, node.position)?;
            emitter.emit(Event::Alias {
                name: &node.value,
                comments,
            });
        }
        Kind::Scalar => {
            let (tag, form) = scalar_tag(node);
            let comments = Around {
                head: comments.head,
                line: comments.line,
                foot,
                tail: place.tail,
            };
            emitter.emit(Event::Scalar(Scalar {
                anchor,
                tag,
                value: &node.value,
                form,
                comments,
            }));
        }
        Kind::Mapping => {
            let tag = collection_tag(node, &Tag::Map);
            let start = Start {
                anchor,
                tag,
                flow: node.style.form == Form::Flow,
                empty: node.content.len() < 2,
                head: comments.head,
                tail: place.tail,
            };
            emitter.emit(Event::MappingStart(start));
            open.push(Open {
                node,
                next: 0,
                tail: "",
                foot,
            });
        }
        Kind::Sequence => {
            let tag = collection_tag(node, &Tag::Seq);
            let start = Start {
                anchor,
                tag,
                flow: node.style.form == Form::Flow,
                empty: node.content.is_empty(),
                head: comments.head,
                tail: "",
            };
            emitter.emit(Event::SequenceStart(start));
            open.push(Open {
                node,
                next: 0,
                tail: "",
                foot,
            });
        }
    }
    Ok(())
}

/// go-yaml reads and writes no other names.
fn check_name(name: &str, at: Position) -> Result<(), EmitError> {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if name.is_empty() || !name.bytes().all(valid) {
        return Err(EmitError::InvalidAnchor { at });
    }
    Ok(())
}

/// A node's comments, empty where it has none.
struct Texts<'n> {
    head: &'n str,
    line: &'n str,
    foot: &'n str,
}

fn comments(node: &Node) -> Texts<'_> {
    match node.comments.as_deref() {
        Some(Comments { head, line, foot }) => Texts { head, line, foot },
        None => Texts {
            head: "",
            line: "",
            foot: "",
        },
    }
}

/// The tag that has to stand in the text, and the style that keeps the tag from being needed.
fn scalar_tag(node: &Node) -> (&str, Form) {
    let written = match node.style.form {
        Form::Any | Form::Flow if node.value.contains('\n') => Form::Literal,
        form => form,
    };
    if node.style.tagged {
        return (node.tag.as_str(), written);
    }
    let quoted = !matches!(node.style.form, Form::Any | Form::Flow);
    if node.tag == Tag::Str && quoted || node.tag == plain_tag(&node.value, Dialect::GoYaml3) {
        return ("", written);
    }
    match node.tag {
        Tag::Str if written == Form::Literal => ("", Form::Literal),
        Tag::Str => ("", Form::DoubleQuoted),
        _ => (node.tag.as_str(), written),
    }
}

fn collection_tag<'n>(node: &'n Node, implied: &Tag) -> &'n str {
    if node.tag == *implied && !node.style.tagged {
        ""
    } else {
        node.tag.as_str()
    }
}
