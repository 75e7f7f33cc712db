//! The Go libraries behind lockstep's YAML, JSON and templates, as one long-running process.
//!
//! `tests/peers/goyaml` says which modes there are and what each takes and gives.

use crate::framed::Framed;

pub use crate::framed::Answer;

/// A running oracle. One per test is enough: a question costs some tens of microseconds, a start some milliseconds.
/// The process ends when this is dropped.
#[derive(Debug)]
pub struct GoYaml(Framed);

impl GoYaml {
    /// Starts the process, building the program first where needed.
    ///
    /// # Panics
    ///
    /// When it cannot be built or started.
    pub fn start() -> Self {
        Self(Framed::start("goyaml"))
    }

    /// Asks for `mode` (with settings, as `emit3 indent=4 compact=1`) of `payload`.
    ///
    /// # Panics
    ///
    /// When the process has gone.
    pub fn ask(&mut self, mode: &str, payload: &[u8]) -> Answer {
        self.0.ask(mode, payload)
    }
}
