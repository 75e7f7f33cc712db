//! What Argo CD decides about objects, as one long-running process.
//!
//! `tests/peers/gitops-engine` says which modes there are and what each takes and gives. Requests and replies are JSON
//! texts.

use crate::framed::{Answer, Framed};

/// A running oracle. The process ends when this is dropped.
#[derive(Debug)]
pub struct GitopsEngine(Framed);

impl GitopsEngine {
    /// Starts the process, building the program first where needed.
    ///
    /// # Panics
    ///
    /// When it cannot be built or started.
    pub fn start() -> Self {
        Self(Framed::start("gitops-engine"))
    }

    /// Asks for `mode` of a JSON document: the result, or the text of an error.
    ///
    /// # Panics
    ///
    /// When the process has gone, or the Go code panics.
    pub fn ask(&mut self, mode: &str, document: &[u8]) -> Result<Vec<u8>, String> {
        match self.0.ask(mode, document) {
            Answer::Output(result) => Ok(result),
            Answer::Refusal(error) => Err(error),
            Answer::Panic(text) => panic!("{mode}: {text}"),
        }
    }
}
