//! What the emitter is told.

use crate::node::Form;

/// One event. Comments live as long as the tree (`'c`), since the emitter may hold them back; texts need only live
/// for the call (`'v`).
#[derive(Clone, Copy)]
pub(super) enum Event<'v, 'c> {
    DocumentStart {
        head: &'c str,
    },
    DocumentEnd {
        foot: &'c str,
    },
    Alias {
        name: &'v str,
        comments: Around<'c>,
    },
    Scalar(Scalar<'v, 'c>),
    SequenceStart(Start<'v, 'c>),
    SequenceEnd {
        line: &'c str,
        foot: &'c str,
    },
    MappingStart(Start<'v, 'c>),
    MappingEnd {
        tail: &'c str,
        line: &'c str,
        foot: &'c str,
    },
}

/// A scalar.
#[derive(Clone, Copy)]
pub(super) struct Scalar<'v, 'c> {
    pub(super) anchor: &'v str,
    /// Short form; empty where none is to be written.
    pub(super) tag: &'v str,
    pub(super) value: &'v str,
    /// The style that is wanted; [`Form::Any`] is plain.
    pub(super) form: Form,
    pub(super) comments: Around<'c>,
}

/// The opening of a sequence or mapping.
#[derive(Clone, Copy)]
pub(super) struct Start<'v, 'c> {
    pub(super) anchor: &'v str,
    pub(super) tag: &'v str,
    pub(super) flow: bool,
    /// Whether the end comes next.
    pub(super) empty: bool,
    pub(super) head: &'c str,
    /// The foot comment of the entry before.
    pub(super) tail: &'c str,
}

/// The comments of a scalar or alias.
#[derive(Clone, Copy, Default)]
pub(super) struct Around<'c> {
    pub(super) head: &'c str,
    pub(super) line: &'c str,
    pub(super) foot: &'c str,
    /// The foot comment of the entry before.
    pub(super) tail: &'c str,
}
