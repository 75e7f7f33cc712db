//! A template: parsed once, rendered as often as wanted.

use zeroize::Zeroizing;

use crate::error::{ParseError, RenderError};
use crate::exec::{self, Executor, MissingKey};
use crate::functions::Functions;
use crate::limits::Limits;
use crate::parse::{self, Parsed};
use crate::totality::{self, Schema, Totality};
use crate::value::Value;

/// A parsed template and the templates that its text defines.
pub struct Template {
    name: Box<str>,
    parsed: Parsed,
    functions: Functions,
    missing_key: MissingKey,
    limits: Limits,
}

impl Template {
    /// Parses a text, as Go's `template.New(name).Funcs(functions).Parse(text)` does.
    ///
    /// # Errors
    ///
    /// When the text is not a template, calls a function that is not known, or nests deeper than 100 levels. The error
    /// tells the place, and nothing of the text.
    pub fn parse(name: &str, text: &str, functions: &Functions) -> Result<Self, ParseError> {
        Ok(Self {
            name: name.into(),
            parsed: parse::parse(name, text, functions)?,
            functions: functions.clone(),
            missing_key: MissingKey::default(),
            limits: Limits::default(),
        })
    }

    /// Sets what a missing key gives.
    #[must_use]
    pub fn with_missing_key(mut self, missing_key: MissingKey) -> Self {
        self.missing_key = missing_key;
        self
    }

    /// Sets what one rendering may use.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The names of the templates that the text defines, its own among them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        exec::names(&self.parsed.templates)
    }

    /// Runs the template on `dot`.
    ///
    /// # Errors
    ///
    /// When the template fails or exceeds its limits. The error tells the place, the fault and the name of the
    /// function, and nothing of the data, the template, or what it told `fail`.
    pub fn render(&self, dot: &Value) -> Result<Rendered, RenderError> {
        let executor = Executor::new(&self.functions, &self.parsed, self.missing_key, self.limits);
        executor
            .render(&self.name, dot)
            .map(|bytes| Rendered(Zeroizing::new(bytes)))
    }

    /// Whether the success of [`render`](Self::render) could depend on the secrets among its data.
    pub fn totality(&self, schema: &Schema) -> Totality {
        totality::decide(
            &self.name,
            &self.parsed,
            &self.functions,
            self.missing_key,
            &self.limits,
            schema,
        )
    }
}

/// What a template rendered to: secret, and wiped when dropped.
pub struct Rendered(Zeroizing<Vec<u8>>);

impl Rendered {
    /// The bytes.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, still wiped when dropped.
    pub fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        self.0
    }
}
