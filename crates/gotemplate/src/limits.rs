//! What a template may use: a template is as little trusted as the data it gets.

use std::cell::Cell;

use crate::error::Fault;

/// Bounds of one rendering. Go has none of these; a template that needs more is refused.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest output, in bytes.
    pub output: u64,
    /// The sum of the sizes of all values that are made, in bytes.
    pub memory: u64,
    /// How many steps: nodes and operands evaluated, elements and 64-byte blocks looked at.
    pub steps: u64,
    /// How deeply actions, pipelines and templates may nest while they run.
    pub depth: u32,
}

impl Default for Limits {
    /// 32 MiB of output, 256 MiB of values, 20 million steps, 300 levels.
    fn default() -> Self {
        Self {
            output: 32 << 20,
            memory: 256 << 20,
            steps: 20_000_000,
            depth: 300,
        }
    }
}

/// How deeply lists and maps may nest where a function walks through them (Go's JSON stops at 10,000).
pub(crate) const VALUE_DEPTH: usize = 200;

/// What is left of the [`Limits`].
pub(crate) struct Budget {
    memory: Cell<u64>,
    steps: Cell<u64>,
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            memory: Cell::new(limits.memory),
            steps: Cell::new(limits.steps),
        }
    }

    pub(crate) fn steps(&self, count: u64) -> Result<(), Fault> {
        take(&self.steps, count).ok_or(Fault::StepLimit)
    }

    /// To be called before a value of this size is made.
    pub(crate) fn memory(&self, bytes: u64) -> Result<(), Fault> {
        take(&self.memory, bytes).ok_or(Fault::MemoryLimit)?;
        self.steps(bytes / 64)
    }
}

fn take(left: &Cell<u64>, count: u64) -> Option<()> {
    left.set(left.get().checked_sub(count)?);
    Some(())
}
