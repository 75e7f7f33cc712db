//! Layouts: what the two go-yaml libraries and their settings do differently.

use super::{EmitOptions, Lossy, SequenceIndent};
use crate::resolve::Dialect;

/// In what the two go-yaml libraries and their settings differ.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    /// Blanks per level.
    pub(super) indent: i32,
    pub(super) nesting: Nesting,
    /// Lines are folded at the first blank after this column.
    pub(super) width: i32,
    /// Whether a tab may stand in a block scalar.
    pub(super) tabs_in_blocks: bool,
    pub(super) lossy: Lossy,
    pub(super) dialect: Dialect,
}

/// How indentation grows.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Nesting {
    /// By the indent, and not at all for a list in a mapping.
    GoYaml2,
    /// To the next multiple of the indent, and by two below a dash.
    GoYaml3(SequenceIndent),
}

impl Rules {
    pub(super) fn go_yaml3(options: &EmitOptions) -> Self {
        Self {
            indent: match options.indent {
                0 => 4,
                indent @ 2..=9 => i32::from(indent),
                _ => 2,
            },
            nesting: Nesting::GoYaml3(options.sequences),
            width: i32::MAX,
            tabs_in_blocks: true,
            lossy: options.lossy,
            dialect: Dialect::GoYaml3,
        }
    }

    pub(super) fn go_yaml2() -> Self {
        Self {
            indent: 2,
            nesting: Nesting::GoYaml2,
            width: 80,
            tabs_in_blocks: false,
            lossy: Lossy::Keep,
            dialect: Dialect::GoYaml2,
        }
    }
}
