//! What goes wrong, and for which requests.

use std::fmt;
use std::time::Duration;

use super::Seen;

/// What happens in place of the answer.
#[derive(Clone, Debug)]
pub enum Action {
    /// This answer, and the API server never hears of the request.
    Answer {
        /// The HTTP status.
        status: u16,
        /// The header `Retry-After`, in seconds.
        retry_after: Option<u32>,
        /// The body.
        body: String,
    },
    /// No answer, for as long as the client waits; the API server never hears of the request.
    Silence,
    /// The answer comes that much later.
    Delay(Duration),
    /// The connection is closed; the API server never hears of the request.
    ResetBefore,
    /// The request is carried out, and the connection is closed in place of the answer.
    ResetAfter,
    /// The request is carried out, and the connection is closed in the middle of the answer.
    CutAnswer,
    /// The request and all that follow are held and not passed on, until the proxy is cleared.
    StopBefore,
    /// The request is carried out; its answer and all requests that follow are held, until the proxy is cleared.
    StopAfter,
}

impl Action {
    /// An answer with the body that an API server gives with this status.
    pub fn status(status: u16) -> Self {
        let reason = match status {
            409 => "Conflict",
            429 => "TooManyRequests",
            500 => "InternalError",
            503 => "ServiceUnavailable",
            504 => "Timeout",
            _ => "",
        };
        Self::Answer {
            status,
            retry_after: None,
            body: format!(
                "{{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{{}},\"status\":\"Failure\",\"message\":\"made up by the test\",\"reason\":\"{reason}\",\"code\":{status}}}"
            ),
        }
    }

    /// The same with a `Retry-After` of so many seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        if let Self::Answer { retry_after, .. } = &mut self {
            *retry_after = Some(seconds);
        }
        self
    }
}

type Matcher = Box<dyn Fn(&Seen) -> bool + Send>;

/// Something that goes wrong for certain requests.
pub struct Fault {
    matches: Matcher,
    action: Action,
    /// How many matching requests were seen.
    count: usize,
    first: usize,
    last: usize,
    every: usize,
}

impl Fault {
    /// `action` for every request that matches.
    pub fn on(matches: impl Fn(&Seen) -> bool + Send + 'static, action: Action) -> Self {
        Self {
            matches: Box::new(matches),
            action,
            count: 0,
            first: 1,
            last: usize::MAX,
            every: 1,
        }
    }

    /// Only for the matching request of this number, counted from one.
    #[must_use]
    pub fn nth(mut self, number: usize) -> Self {
        self.first = number;
        self.last = number;
        self
    }

    /// Only for so many of the matching requests, the first ones.
    #[must_use]
    pub fn times(mut self, count: usize) -> Self {
        self.last = count;
        self
    }

    /// Only for each `k`-th of the matching requests.
    #[must_use]
    pub fn every(mut self, k: usize) -> Self {
        self.every = k;
        self
    }

    /// What happens to this request, if anything does.
    pub(super) fn due(&mut self, seen: &Seen) -> Option<Action> {
        if !(self.matches)(seen) {
            return None;
        }
        self.count += 1;
        let due = (self.first..=self.last).contains(&self.count)
            && (self.every == 1 || self.count.is_multiple_of(self.every));
        due.then(|| self.action.clone())
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("action", &self.action)
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}
