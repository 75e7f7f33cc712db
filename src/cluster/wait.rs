//! Waiting for objects, by watching them.

use std::time::Instant;

use serde_json::Value;

use super::client::Cluster;
use super::error::ApiError;
use super::object::Address;

/// What the caller makes of an object that it waits for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// The object is as it should be; it is not looked at any more.
    Met,
    /// Not yet.
    Pending,
    /// The waiting has no point any more, for none of the objects.
    Abort,
}

/// What waiting came to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Waited {
    /// Every object is as it should be.
    Met,
    /// The caller gave up, at the object with this index.
    Aborted(usize),
    /// Time is up; the objects with these indexes are not as they should be.
    TimedOut(Vec<usize>),
}

impl Cluster {
    /// Waits until `judge` finds each of `objects` met. `judge` is given the index into `objects` and the object, none
    /// when it is not there; it is asked first for how the objects are, and then at each change.
    ///
    /// Objects of one kind in one namespace are one list and one watch, so that waiting for hundreds of them costs no
    /// more requests than waiting for one. Where listing or watching is forbidden, each is read every two seconds.
    ///
    /// # Errors
    ///
    /// When the objects cannot be read for good. What can pass is waited out.
    pub async fn until<J>(
        &self,
        objects: &[Address<'_>],
        deadline: Instant,
        mut judge: J,
    ) -> Result<Waited, ApiError>
    where
        J: FnMut(usize, Option<&Value>) -> Verdict + Send,
    {
        todo!()
    }
}
