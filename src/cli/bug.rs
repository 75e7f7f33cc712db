//! What the program says when it meets a bug in itself.

use std::io::{self, Write};
use std::panic;

/// Has panics say where they happened, and no more: the message of a panic can quote what it was about, as that of a
/// bad cut through a text does, and that may be a secret.
pub(super) fn tell_no_values() {
    panic::set_hook(Box::new(|panic| {
        let mut stderr = io::stderr().lock();
        // Nothing is left to tell when standard error itself is gone.
        let _ = match panic.location() {
            Some(place) => writeln!(stderr, "error: a bug in lockstep, at {place}"),
            None => writeln!(stderr, "error: a bug in lockstep"),
        };
    }));
}
