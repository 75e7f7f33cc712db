//! What one build may take in all.
//!
//! Each change of an object is bounded by the text that asks for it, but there can be as many changes as there are
//! objects, and objects can be named any number of times. A budget is spent by all of them together.

use std::cell::Cell;

use thiserror::Error;

use crate::build::BuildLimits;

/// What is left of the limits of one build.
#[derive(Debug)]
pub struct Budget {
    limits: BuildLimits,
    bytes: Cell<usize>,
    visits: Cell<usize>,
}

/// A build would take more than it may.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum OverBudget {
    /// More memory; see [`BuildLimits::bytes`].
    #[error("the objects of the build take more than {limit} bytes")]
    Bytes {
        /// The limit.
        limit: usize,
    },
    /// More time; see [`BuildLimits::visits`].
    #[error("objects and fields are compared more than {limit} times in one build")]
    Visits {
        /// The limit.
        limit: usize,
    },
}

impl OverBudget {
    /// A stable name for the kind of error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Bytes { .. } => "build-too-large",
            Self::Visits { .. } => "build-too-long",
        }
    }
}

impl Budget {
    /// All that the limits allow.
    pub fn new(limits: &BuildLimits) -> Self {
        Self {
            limits: limits.clone(),
            bytes: Cell::default(),
            visits: Cell::default(),
        }
    }

    /// Takes bytes that are put into an object.
    ///
    /// # Errors
    ///
    /// When that is more than there is.
    pub fn spend(&self, bytes: usize) -> Result<(), OverBudget> {
        self.note(bytes);
        if self.bytes.get() > self.limits.bytes {
            return Err(OverBudget::Bytes {
                limit: self.limits.bytes,
            });
        }
        Ok(())
    }

    /// Takes bytes that are in use already; the next one who spends is told if they were too many.
    pub(crate) fn note(&self, bytes: usize) {
        self.bytes.update(|spent| spent.saturating_add(bytes));
    }

    /// Takes comparisons with so many objects or fields.
    ///
    /// # Errors
    ///
    /// When that is more than there is.
    pub fn visit(&self, count: usize) -> Result<(), OverBudget> {
        self.visits.update(|spent| spent.saturating_add(count));
        if self.visits.get() > self.limits.visits {
            return Err(OverBudget::Visits {
                limit: self.limits.visits,
            });
        }
        Ok(())
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(&BuildLimits::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spent_is_gone() {
        let budget = Budget::new(&BuildLimits {
            bytes: 10,
            visits: 2,
            ..BuildLimits::default()
        });
        budget.spend(4).unwrap();
        budget.spend(6).unwrap();
        assert_eq!(budget.spend(1).unwrap_err().reason(), "build-too-large");
        assert!(budget.spend(usize::MAX).is_err());
        budget.visit(2).unwrap();
        assert_eq!(budget.visit(1).unwrap_err().reason(), "build-too-long");
    }

    #[test]
    fn what_was_noted_shows_at_the_next_spending() {
        let budget = Budget::new(&BuildLimits {
            bytes: 10,
            ..BuildLimits::default()
        });
        budget.note(11);
        assert!(budget.spend(0).is_err());
    }
}
