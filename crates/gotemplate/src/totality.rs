//! Placeholder module docs.
use crate::error::Position;
use crate::exec::MissingKey;
use crate::functions::Functions;
use crate::limits::Limits;
use crate::parse::Parsed;
/// S
pub struct Schema;
/// F
pub struct Field;
/// C
#[derive(Debug)]
pub enum Construct {
    /// A
    A,
}
/// T
#[derive(Debug)]
pub enum Totality {
    /// T
    Total,
    /// P
    Partial {
        /// p
        position: Position,
        /// c
        construct: Construct,
    },
}
pub(crate) fn decide(_: &str, _: &Parsed, _: &Functions, _: MissingKey, _: &Limits, _: &Schema) -> Totality {
    Totality::Partial { position: Position { line: 1, column: 1 }, construct: Construct::A }
}
