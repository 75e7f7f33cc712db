//! The syntax tree of a template.

/// A byte offset into the text.
pub(crate) type Offset = u32;

pub(crate) type Name = Box<str>;

pub(crate) type Nodes = Vec<Node>;

pub(crate) enum Node {
    Text(Box<[u8]>),
    Action(Pipe),
    If(Branch),
    With(Branch),
    Range(Branch),
    Template {
        at: Offset,
        name: Name,
        pipe: Option<Pipe>,
    },
    Break,
    Continue,
}

pub(crate) struct Branch {
    pub(crate) pipe: Pipe,
    pub(crate) body: Nodes,
    pub(crate) otherwise: Option<Nodes>,
}

/// What a pipeline does with the variables before it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binding {
    Declare,
    Assign,
}

pub(crate) struct Pipe {
    pub(crate) at: Offset,
    pub(crate) binding: Binding,
    pub(crate) variables: Vec<Name>,
    pub(crate) commands: Vec<Command>,
}

pub(crate) struct Command {
    pub(crate) operands: Vec<Operand>,
}

pub(crate) struct Operand {
    pub(crate) at: Offset,
    pub(crate) term: Term,
}

pub(crate) enum Term {
    Dot,
    Nil,
    Bool(bool),
    Number(Number),
    Text(Box<[u8]>),
    Field(Vec<Name>),
    Variable(Name, Vec<Name>),
    Function(Name),
    Pipe(Box<Pipe>),
    Chain(Box<Operand>, Vec<Name>),
}

/// A Go number constant: untyped, so it can be several things at once.
#[derive(Clone, Copy)]
pub(crate) struct Number {
    pub(crate) int: Option<i64>,
    pub(crate) float: Option<f64>,
    /// Written with a point or an exponent: a `float64` where nothing else decides.
    pub(crate) looks_float: bool,
}
