//! Go templates with the sprig functions, as the SealedSecrets controller runs them.
//!
//! [`Template::parse`] reads a template by the rules of Go's `text/template`, [`Template::render`] runs it, and
//! [`Template::totality`] tells, without looking at any secret, whether the success of rendering could depend on one.
#![forbid(unsafe_code)]

mod ambient;
mod builtin;
mod error;
mod exec;
mod format;
mod functions;
mod json;
mod limits;
mod methods;
mod parse;
mod semver;
mod sprig;
mod template;
mod time;
mod totality;
mod value;

pub use ambient::Ambient;
pub use error::{Fault, ParseError, Position, RenderError, SyntaxFault};
pub use exec::MissingKey;
pub use functions::{Body, Call, Function, Functions, Parameter};
pub use limits::Limits;
pub use template::{Rendered, Template};
pub use totality::{Construct, Field, Schema, Totality};
pub use value::{Element, Entry, List, Map, Text, Value};
