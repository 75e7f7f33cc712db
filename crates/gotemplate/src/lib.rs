//! Go templates with the sprig functions, as the SealedSecrets controller runs them.
//!
//! [`Template::parse`] reads a template by the rules of Go's `text/template`, [`Template::render`] runs it, and
//! [`Template::totality`] tells, without looking at any secret, whether the success of rendering could depend on one.
//! Helm, whose templates are the same language, adds its own functions with [`Functions::with`].
//!
//! This crate knows nothing of SealedSecrets, files or clusters. It does no I/O and reads no environment; the clock and
//! randomness are there only where the caller gives an [`Ambient`]. Templates and their data are both secret here: no
//! error holds a piece of either, and [`Rendered`] is wiped when it is dropped.
//!
//! # Why there is an own parser and executor
//!
//! Whether a template succeeds in Go, and what it prints, hangs on Go's static types: `repeat (add 1 2) "x"` fails
//! because `add` gives an `int64` and `repeat` takes an `int`; `toJson (rest (list))` is `null` because that list is a
//! nil slice; `set` changes the map for all who hold it; a string is bytes. Ports of the language to Rust have one
//! integer type, immutable maps and UTF-8 strings, and report errors without a place. The analysis behind
//! [`Template::totality`] moreover has to follow exactly the rules of the executor.
//!
//! # Known differences from Go
//!
//! Refused, where Go has a result:
//! * `env`, `expandenv` and `getHostByName` do not exist, as in the controller.
//! * `now`, `ago`, `uuidv4`, `rand…`, `shuffle`, and the date functions where their argument is no date, fail unless an
//!   [`Ambient`] is given.
//! * `genPrivateKey`, `genCA…`, `genSelfSignedCert…`, `genSignedCert…`, `buildCustomCert`, `encryptAES`, `decryptAES`,
//!   `bcrypt`, `htpasswd` and `derivePassword` fail: [`Fault::Unsupported`].
//! * Time zones other than UTC and local fail, and "local" is UTC, as in the controller's image. Of the methods of
//!   `time.Time` and `semver.Version`, the common ones exist.
//! * Complex numbers, and in `printf` `%p`, `%b`, `%x` of floats, `%#` of floats, and other verbs than `%s`, `%q`, `%v`,
//!   `%x` for times and versions.
//! * A map that would contain itself ([`Fault::Cycle`]; Go never ends printing it), and whatever exceeds the
//!   [`Limits`], nests actions deeper than 100 levels, or nests values deeper than 200.
//! * In regular expressions, `\C`; and a pattern that compiles to more than 2 MiB.
//!
//! Different results:
//! * `keys` and `values` are sorted by key. In Go their order is random.
//! * In regular expressions, bytes that are not UTF-8 match nothing; in Go they match `.` as a replacement character.
//! * Characters that were assigned after the Unicode version of either side may count as printable, letters or upper
//!   case on one side only.
//! * `slice` of a list that `append` has made fails where Go shows unused capacity behind it.
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
