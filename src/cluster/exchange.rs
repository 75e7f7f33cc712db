//! Requests on their way: sent, counted, repeated, and their answers read.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER, WARNING};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use kube::client::Body;
use tokio::time::timeout;

use super::discovery::Cache;
use super::error::{ApiError, ServerText, TlsProblem, TransportCause};
use super::object::Content;
use super::retry::{Asks, Counters, Gate, Pauses, Repeat};
use super::status::refusal;

/// How long one attempt may take. Webhooks may take half a minute of it.
const ATTEMPT: Duration = Duration::from_secs(40);

/// How many bytes of an answer are read. A page of a list may hold hundreds of objects of a megabyte and more.
const LONGEST_ANSWER: usize = 512 << 20;

/// How many bytes of a refusal are read.
const LONGEST_REFUSAL: usize = 4 << 20;

/// How often a webhook that cannot be asked is tried.
const WEBHOOK_ATTEMPTS: u32 = 4;

/// How often a server is tried whose connections break and that has never answered.
const STRANGER_ATTEMPTS: u32 = 3;

/// What all clones of a cluster have in common.
pub(super) struct Shared {
    pub(super) client: kube::Client,
    pub(super) server: String,
    pub(super) namespace: String,
    pub(super) gate: Gate,
    pub(super) counters: Counters,
    pub(super) pauses: Pauses,
    pub(super) discovery: Cache,
    /// Whether the server has ever answered. One that never has is not waited for: its address may be wrong.
    pub(super) answered: AtomicBool,
}

/// One request, as often as it is sent.
pub(super) struct Ask<'a> {
    pub(super) asks: Asks,
    pub(super) method: Method,
    /// Path and query.
    pub(super) target: String,
    pub(super) accept: &'static str,
    /// The type and the bytes of the body.
    pub(super) body: Option<(&'static str, &'a [u8])>,
    pub(super) repeat: Repeat,
    pub(super) content: Content,
}

/// An answer that is no refusal.
pub(super) struct Answer {
    pub(super) code: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// A request that came to nothing.
pub(super) struct Failure {
    pub(super) error: ApiError,
    /// Whether an answer got lost, to this attempt or an earlier one, so that the request may have been carried out.
    pub(super) lost: bool,
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

pub(super) const JSON: &str = "application/json";

impl<'a> Ask<'a> {
    pub(super) fn read(asks: Asks, target: String) -> Self {
        Self {
            asks,
            method: Method::GET,
            target,
            accept: JSON,
            body: None,
            repeat: Repeat::Always,
            content: Content::Public,
        }
    }

    pub(super) const fn about(mut self, content: Content) -> Self {
        self.content = content;
        self
    }

    fn request(&self) -> Result<Request<Body>, ApiError> {
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(&self.target)
            .header(ACCEPT, self.accept);
        let body = match self.body {
            Some((kind, bytes)) => {
                request = request.header(CONTENT_TYPE, kind);
                Body::from(bytes.to_vec())
            }
            None => Body::empty(),
        };
        request.body(body).map_err(|_| ApiError::Address)
    }
}

impl Answer {
    /// The warnings of the server.
    pub(super) fn warnings(&self, content: Content) -> Vec<ServerText> {
        self.headers
            .get_all(WARNING)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .filter_map(warning)
            .map(|text| ServerText::keep(&text, content))
            .collect()
    }

    /// The server's clock when it answered, in seconds since 1970.
    pub(super) fn date(&self) -> Option<i64> {
        let date = self.headers.get(DATE)?.to_str().ok()?;
        let date = jiff::fmt::rfc2822::parse(date).ok()?;
        Some(date.timestamp().as_second())
    }
}

impl Shared {
    /// Sends `ask` until it is answered for good or `deadline` has passed.
    pub(super) async fn send(
        self: &Arc<Self>,
        ask: &Ask<'_>,
        deadline: Duration,
    ) -> Result<Answer, Failure> {
        let start = Instant::now();
        let mut lost = false;
        let mut attempt = 0;
        loop {
            let left = deadline.saturating_sub(start.elapsed());
            let error = match self.attempt(ask, attempt > 0, left).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let untouched = matches!(
                error,
                ApiError::TooManyRequests { .. } | ApiError::Unreachable { .. }
            );
            lost |= error.may_pass() && !untouched;
            let repeatable = untouched || ask.repeat == Repeat::Always;
            let worthwhile = match error {
                ApiError::WebhookUnavailable { .. } => attempt + 1 < WEBHOOK_ATTEMPTS,
                ApiError::Unreachable { .. } => self.answered.load(Ordering::Relaxed),
                ApiError::Interrupted { .. } => {
                    attempt + 1 < STRANGER_ATTEMPTS || self.answered.load(Ordering::Relaxed)
                }
                _ => error.may_pass(),
            };
            let pause = self.pauses.before(attempt, error.retry_after());
            if !repeatable || !worthwhile || start.elapsed() + pause >= deadline {
                return Err(Failure { error, lost });
            }
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    /// Begins a request whose answer is read as it comes.
    pub(super) async fn open(&self, ask: &Ask<'_>) -> Result<Response<Body>, ApiError> {
        self.counters.count(ask.asks, false);
        let request = ask.request()?;
        let response = timeout(ATTEMPT, self.client.send(request))
            .await
            .map_err(|_| ApiError::Timeout)?
            .map_err(|error| broken(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        let body = timeout(ATTEMPT, whole(body, LONGEST_REFUSAL))
            .await
            .map_err(|_| ApiError::Timeout)??;
        Err(self.refused(parts.status.as_u16(), &parts.headers, &body, ask.content))
    }

    async fn attempt(
        &self,
        ask: &Ask<'_>,
        is_repetition: bool,
        left: Duration,
    ) -> Result<Answer, ApiError> {
        let request = ask.request()?;
        let permit = timeout(left, self.gate.pass())
            .await
            .ok()
            .flatten()
            .ok_or(ApiError::Timeout)?;
        self.counters.count(ask.asks, is_repetition);
        let exchange = async {
            let response = self.client.send(request).await;
            let (parts, body) = response.map_err(|error| broken(&error))?.into_parts();
            let limit = if parts.status.is_success() {
                LONGEST_ANSWER
            } else {
                LONGEST_REFUSAL
            };
            let body = whole(body, limit).await?;
            Ok::<_, ApiError>((parts.status, parts.headers, body))
        };
        let (status, headers, body) = timeout(left.min(ATTEMPT), exchange)
            .await
            .map_err(|_| ApiError::Timeout)??;
        if status.is_success() {
            self.answered.store(true, Ordering::Relaxed);
            self.gate.answered();
            return Ok(Answer {
                code: status.as_u16(),
                headers,
                body,
            });
        }
        let error = self.refused(status.as_u16(), &headers, &body, ask.content);
        if matches!(error, ApiError::TooManyRequests { .. }) {
            self.gate.sent_away(permit);
        }
        Err(error)
    }

    fn refused(&self, code: u16, headers: &HeaderMap, body: &[u8], content: Content) -> ApiError {
        self.answered.store(true, Ordering::Relaxed);
        let retry_after = headers
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|seconds| seconds.trim().parse().ok())
            .map(Duration::from_secs);
        refusal(code, retry_after, body, content)
    }
}

/// The whole body, if it is not longer than `limit`.
async fn whole(body: Body, limit: usize) -> Result<Vec<u8>, ApiError> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes().into()),
        Err(error) if error.is::<LengthLimitError>() => Err(ApiError::AnswerTooLarge { limit }),
        Err(error) => Err(match broken(error.as_ref()) {
            // The server had begun to answer: it was reached.
            ApiError::Unreachable { cause } => ApiError::Interrupted { cause },
            error => error,
        }),
    }
}

/// What an error of the transport is. Nothing of its text is kept: it may be of a plugin for credentials.
pub(super) fn broken(error: &(dyn Error + 'static)) -> ApiError {
    let mut connecting = false;
    let mut cause = TransportCause::Other;
    let mut next = Some(error);
    while let Some(error) = next {
        next = error.source();
        if error.is::<kube::client::AuthError>() {
            return ApiError::Credentials;
        }
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return ApiError::Tls {
                problem: tls_problem(error),
            };
        }
        if let Some(error) = error.downcast_ref::<hyper_util::client::legacy::Error>() {
            connecting |= error.is_connect();
        }
        if let Some(error) = error.downcast_ref::<io::Error>() {
            cause = match error.kind() {
                io::ErrorKind::ConnectionRefused => TransportCause::Refused,
                io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                    TransportCause::NoRoute
                }
                io::ErrorKind::TimedOut => return ApiError::Timeout,
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof => TransportCause::Closed,
                _ => cause,
            };
            // The source of an I/O error is its inner error's source; the inner error itself is asked for so.
            if let Some(inner) = error.get_ref() {
                next = Some(inner);
            }
        }
        let text = error.to_string();
        cause = if text.starts_with("dns error") {
            TransportCause::UnknownHost
        } else if text.starts_with("tunnel error") {
            TransportCause::Proxy
        } else if text.starts_with("invalid HTTP") {
            TransportCause::NotHttp
        } else if text.starts_with("connection closed before message completed") {
            TransportCause::Closed
        } else {
            cause
        };
    }
    match (connecting, cause) {
        (_, TransportCause::NotHttp) => ApiError::Decode,
        // A connection that broke while it was made carried no request.
        (true, cause) => ApiError::Unreachable { cause },
        (false, cause) => ApiError::Interrupted { cause },
    }
}

fn tls_problem(error: &rustls::Error) -> TlsProblem {
    use rustls::{AlertDescription, CertificateError, Error};
    match error {
        Error::InvalidCertificate(error) => match error {
            CertificateError::UnknownIssuer => TlsProblem::UnknownIssuer,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                TlsProblem::WrongName
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => TlsProblem::Expired,
            _ => TlsProblem::Other,
        },
        Error::AlertReceived(
            AlertDescription::AccessDenied
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRequired
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::UnsupportedCertificate,
        ) => TlsProblem::ClientRefused,
        _ => TlsProblem::Other,
    }
}

/// The text of a `Warning` header, `299 - "text"` (RFC 7234, 5.5).
fn warning(value: &str) -> Option<String> {
    let quoted = value.splitn(3, ' ').nth(2)?.strip_prefix('"')?;
    let mut text = String::new();
    let mut chars = quoted.chars();
    loop {
        match chars.next()? {
            '"' => return Some(text),
            '\\' => text.push(chars.next()?),
            char => text.push(char),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_read_as_they_are_quoted() {
        let cases = [
            (r#"299 - "use apps/v1""#, Some("use apps/v1")),
            (
                r#"299 - "unknown field \"spec.x\"""#,
                Some("unknown field \"spec.x\""),
            ),
            (r#"299 - "open"#, None),
            ("299", None),
            ("", None),
        ];
        for (value, expect) in cases {
            assert_eq!(warning(value).as_deref(), expect, "{value}");
        }
    }

    #[test]
    fn errors_of_the_system_are_told_apart_however_deep_they_lie() {
        let wrap = |kind| io::Error::other(io::Error::other(io::Error::from(kind)));
        assert!(matches!(
            broken(&wrap(io::ErrorKind::ConnectionReset)),
            ApiError::Interrupted {
                cause: TransportCause::Closed
            }
        ));
        let tls = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        assert!(matches!(
            broken(&io::Error::new(io::ErrorKind::InvalidData, tls)),
            ApiError::Tls {
                problem: TlsProblem::UnknownIssuer
            }
        ));
    }
}
