//! What can go wrong between us and an API server.
//!
//! The server's answers quote what it was sent: a Secret whose value is no base64, a field of the wrong type, a rule of a
//! schema. So an answer about a [confidential](Content) object is taken apart at once, and only its reason, its code and
//! the paths of fields are kept. An answer about another object is kept, shortened, as a [`ServerText`].

use std::fmt;
use std::time::Duration;

use super::object::Content;

/// How long a text of the server may be that is kept, in characters. Schema errors of a custom resource quote whole
/// objects.
const LONGEST_TEXT: usize = 1024;

/// Why a request came to nothing.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// The object is not there.
    #[error("not found")]
    NotFound,
    /// An object of this name is there already.
    #[error("it exists already")]
    AlreadyExists,
    /// Others own fields that were to be set by server-side apply.
    #[error("fields are owned by others: {}", Owners(.conflicts))]
    FieldConflict {
        /// Who owns which fields.
        conflicts: Vec<FieldConflict>,
    },
    /// The object was changed by someone else since it was read.
    #[error("the object was changed by someone else meanwhile")]
    Conflict,
    /// The object is another one than was asked for: its uid or version differs.
    #[error("the object has been replaced by another one of the same name")]
    Precondition,
    /// The server refuses what the object says.
    #[error("the object is invalid: {}", Refusal(.fields, .text))]
    Invalid {
        /// The fields that are wrong, as far as the server names them.
        fields: Vec<FieldError>,
        /// What the server says.
        text: ServerText,
    },
    /// A field cannot be changed any more; only a new object can have the value.
    #[error("the object cannot be changed so: {}", Refusal(.fields, &ServerText::default()))]
    Immutable {
        /// The fields that would have to change.
        fields: Vec<FieldError>,
    },
    /// An admission webhook or policy refuses the object.
    #[error("refused by {by}: {}", Refusal(&[], .text))]
    Denied {
        /// The webhook or the policy.
        by: String,
        /// What it says.
        text: ServerText,
    },
    /// An admission webhook could not be asked.
    #[error("the admission webhook {webhook} cannot be asked")]
    WebhookUnavailable {
        /// The webhook.
        webhook: String,
    },
    /// Whoever we are may not do this.
    #[error("forbidden: {text}")]
    Forbidden {
        /// What the server says.
        text: ServerText,
    },
    /// The server does not know who we are.
    #[error("the cluster does not accept the credentials")]
    Unauthorized,
    /// The namespace is being deleted and takes nothing new.
    #[error("the namespace is being deleted")]
    NamespaceTerminating,
    /// There is no such namespace.
    #[error("there is no namespace `{namespace}`")]
    NamespaceNotFound {
        /// The namespace.
        namespace: String,
    },
    /// The cluster serves no such kind, or not in this version.
    #[error("the cluster serves no such kind")]
    UnknownKind,
    /// The version that a list or a watch goes on from is too old by now.
    #[error("the state that was asked for is too old")]
    Expired,
    /// The server is asked too much.
    #[error("the cluster is asked too much")]
    TooManyRequests {
        /// When it wants to be asked again.
        retry_after: Option<RetryAfter>,
    },
    /// The object is larger than the server takes.
    #[error("the object is larger than the cluster takes")]
    TooLarge,
    /// The server, or what it stands on, does not work now.
    #[error("the cluster is not available (HTTP {code})")]
    Unavailable {
        /// The code of HTTP.
        code: u16,
        /// When it wants to be asked again.
        retry_after: Option<RetryAfter>,
    },
    /// No answer came in time.
    #[error("the cluster did not answer in time")]
    Timeout,
    /// The connection could not be made.
    #[error("the cluster cannot be reached: {cause}")]
    Unreachable {
        /// What the system said.
        cause: TransportCause,
    },
    /// The connection broke before the answer was here.
    #[error("the connection to the cluster broke: {cause}")]
    Interrupted {
        /// What the system said.
        cause: TransportCause,
    },
    /// The server, or we, could not be identified by certificates.
    #[error("the connection to the cluster is not secure: {problem}")]
    Tls {
        /// What is wrong.
        problem: TlsProblem,
    },
    /// The credentials could not be had: a token file, a plugin of the kubeconfig.
    #[error("the credentials for the cluster cannot be had")]
    Credentials,
    /// The answer is not what an API server says.
    #[error("the answer is not one of a Kubernetes API server")]
    Decode,
    /// The answer is larger than is read.
    #[error("the answer is larger than {limit} bytes")]
    AnswerTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The request cannot be sent: a name or a namespace that cannot stand in an address.
    #[error("not a name that an object can have")]
    Address,
    /// The server refuses for another reason.
    #[error("refused (HTTP {code}, {reason}): {}", Refusal(.fields, .text))]
    Refused {
        /// The code of HTTP.
        code: u16,
        /// The reason that the server gives, in its own terms.
        reason: String,
        /// The fields that the server names.
        fields: Vec<FieldError>,
        /// What the server says.
        text: ServerText,
    },
}

/// The fields of one manager that an apply would take from it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FieldConflict {
    /// The manager.
    pub manager: String,
    /// The subresource through which it owns the fields, mostly `status`.
    pub subresource: Option<String>,
    /// The fields, as `.spec.replicas`.
    pub fields: Vec<String>,
}

/// One field that the server refuses.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FieldError {
    /// The path of the field, as `spec.template.spec.containers[0].image`; empty for the object itself.
    pub field: String,
    /// The server's name of the reason, as `FieldValueInvalid`, or `FieldUndeclared` where the schema has no such field;
    /// empty where it gives none.
    pub kind: String,
    /// What the server says of the field.
    pub text: ServerText,
}

/// A text of the server, shortened, or nothing where it might quote a secret.
///
/// It is shown only through a redactor: the server may quote values of objects that nobody called confidential.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ServerText(Option<Box<str>>);

/// When the server wants to be asked again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RetryAfter(pub Duration);

/// What the system said of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TransportCause {
    /// Nobody listens there.
    Refused,
    /// The name is not known.
    UnknownHost,
    /// The network does not lead there.
    NoRoute,
    /// The other side closed the connection.
    Closed,
    /// The other side does not speak HTTP.
    NotHttp,
    /// The proxy refused.
    Proxy,
    /// Something else.
    Other,
}

/// What is wrong with certificates.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TlsProblem {
    /// No certificate authority that we trust vouches for the server.
    UnknownIssuer,
    /// The certificate is for another name.
    WrongName,
    /// The certificate is not valid yet or any more.
    Expired,
    /// The server refuses our certificate.
    ClientRefused,
    /// Something else.
    Other,
}

impl ApiError {
    /// The stable name of the reason.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::AlreadyExists => "already-exists",
            Self::FieldConflict { .. } => "field-conflict",
            Self::Conflict => "conflict",
            Self::Precondition => "precondition-failed",
            Self::Invalid { .. } => "invalid",
            Self::Immutable { .. } => "immutable",
            Self::Denied { .. } => "denied",
            Self::WebhookUnavailable { .. } => "webhook-unavailable",
            Self::Forbidden { .. } => "forbidden",
            Self::Unauthorized => "unauthorized",
            Self::NamespaceTerminating => "namespace-terminating",
            Self::NamespaceNotFound { .. } => "namespace-not-found",
            Self::UnknownKind => "unknown-kind",
            Self::Expired => "expired",
            Self::TooManyRequests { .. } => "too-many-requests",
            Self::TooLarge => "too-large",
            Self::Unavailable { .. } => "unavailable",
            Self::Timeout => "timeout",
            Self::Unreachable { .. } => "unreachable",
            Self::Interrupted { .. } => "interrupted",
            Self::Tls { .. } => "tls",
            Self::Credentials => "credentials",
            Self::Decode => "not-an-api-server",
            Self::AnswerTooLarge { .. } => "answer-too-large",
            Self::Address => "bad-address",
            Self::Refused { .. } => "refused",
        }
    }

    /// Whether the same request may succeed later, without anyone changing anything.
    pub const fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::TooManyRequests { .. }
                | Self::Unavailable { .. }
                | Self::WebhookUnavailable { .. }
                | Self::Timeout
                | Self::Unreachable { .. }
                | Self::Interrupted { .. }
        )
    }

    /// When the server wants to be asked again, where it says so.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyRequests { retry_after } | Self::Unavailable { retry_after, .. } => {
                match retry_after {
                    Some(RetryAfter(wait)) => Some(*wait),
                    None => None,
                }
            }
            _ => None,
        }
    }
}

impl ServerText {
    /// The text, unless it was dropped.
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Keeps `text`, shortened and without control characters, where `content` lets it.
    pub(super) fn keep(text: &str, content: Content) -> Self {
        if content == Content::Confidential || text.is_empty() {
            return Self(None);
        }
        let mut kept: String = text
            .chars()
            .map(|char| if char.is_control() { ' ' } else { char })
            .take(LONGEST_TEXT)
            .collect();
        if kept.len() < text.len() {
            kept.push('…');
        }
        Self(Some(kept.into_boxed_str()))
    }
}

/// The text, or a note that it was dropped.
impl fmt::Display for ServerText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            self.as_str()
                .unwrap_or("what the cluster says is withheld, since it may quote a secret"),
        )
    }
}

/// `kubectl owns .spec.replicas, .spec.paused; hpa owns …`.
struct Owners<'a>(&'a [FieldConflict]);

impl fmt::Display for Owners<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, conflict) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            let fields = conflict.fields.join(", ");
            write!(f, "{separator}`{}` owns {fields}", conflict.manager)?;
        }
        Ok(())
    }
}

/// The fields with what the server says of each, else what it says of the whole.
struct Refusal<'a>(&'a [FieldError], &'a ServerText);

impl fmt::Display for Refusal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(fields, text) = self;
        if fields.is_empty() {
            return text.fmt(f);
        }
        for (index, error) in fields.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{}", error.field)?;
            match (error.text.as_str(), error.kind.as_str()) {
                (Some(text), _) => write!(f, ": {text}")?,
                (None, "") => {}
                (None, kind) => write!(f, " ({kind})")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for TransportCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "connection refused",
            Self::UnknownHost => "the host is not known",
            Self::NoRoute => "no route",
            Self::Closed => "closed by the other side",
            Self::NotHttp => "the other side does not speak HTTP",
            Self::Proxy => "the proxy refuses",
            Self::Other => "unknown cause",
        })
    }
}

impl fmt::Display for TlsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownIssuer => "its certificate is of an unknown authority",
            Self::WrongName => "its certificate is for another name",
            Self::Expired => "its certificate is not valid yet or any more",
            Self::ClientRefused => "it refuses our certificate",
            Self::Other => "the handshake failed",
        })
    }
}
