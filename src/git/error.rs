//! Why a repository cannot be fetched.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::ssh::SshError;

/// A repository cannot be fetched. Holds no credentials: neither of ours, nor of an address that a server sends.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The server wants a login, and there is none for this repository.
    #[error("the server asks for a login, and none is configured for this repository")]
    LoginNeeded,
    /// The server does not accept the login.
    #[error("the server does not accept the login")]
    LoginRefused,
    /// The login is not allowed to read the repository.
    #[error("the server does not allow this repository to be read")]
    Forbidden,
    /// There is no such repository, or none that this login may know of.
    #[error("the server knows no such repository")]
    NoRepository,
    /// The server is overloaded or out of order.
    #[error("the server cannot answer now (HTTP status {status})")]
    Unavailable {
        /// The status.
        status: u16,
    },
    /// The server answers with a status that means nothing here.
    #[error("the server answers with HTTP status {status}")]
    Status {
        /// The status.
        status: u16,
    },
    /// The server redirects in a way that is not followed.
    #[error("the server redirects {0}")]
    Redirect(Redirect),
    /// The other end does not show that it is the right one, or does not accept our certificate.
    #[error("no trusted connection to the server")]
    Tls(#[source] Cause),
    /// No connection.
    #[error("no connection to the server")]
    Connect(#[source] Cause),
    /// The connection broke.
    #[error("the connection to the server broke")]
    Broken(#[source] Cause),
    /// The server did not answer, or stopped in the middle.
    #[error("the server did not answer in time")]
    Timeout,
    /// The answer is longer than what is allowed.
    #[error("the server's answer is longer than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The certificate, its key, or an authority of the credentials cannot be read.
    #[error("the {0} of the repository's credentials cannot be used")]
    Credentials(&'static str),
    /// What the server sends is not Git's protocol, or its objects are not what they claim to be.
    #[error("the server's answer cannot be used")]
    Protocol(#[source] Cause),
    /// The server sent a pack, and something that the commit needs is neither in it nor was it there before.
    #[error("the server left out objects of the commit {commit}")]
    Incomplete {
        /// The commit.
        commit: gix::ObjectId,
    },
    /// No branch, tag or commit of this name, and no tag in this range.
    #[error("the repository has no revision `{revision}`")]
    UnknownRevision {
        /// The revision.
        revision: super::Revision,
    },
    /// More than one commit begins with these digits.
    #[error("more than one commit begins with `{revision}`")]
    AmbiguousRevision {
        /// The revision.
        revision: super::Revision,
    },
    /// What the revision names is no commit.
    #[error("`{revision}` is no commit")]
    NotACommit {
        /// The revision.
        revision: super::Revision,
    },
    /// The connection by SSH.
    #[error("no connection by ssh")]
    Ssh(#[from] SshError),
    /// The folder of the mirror cannot be used.
    #[error("the folder of mirrors cannot be used")]
    Mirror(#[source] Cause),
    /// Addresses of this kind are not fetched here.
    #[error("repositories at this kind of address cannot be fetched")]
    Transport,
}

/// How a server redirects where that is not followed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Redirect {
    /// More than five times.
    TooMany,
    /// From an encrypted to an unencrypted address.
    Downgrade,
    /// To an address that is not one of a repository.
    Elsewhere,
    /// In the middle of the exchange.
    Late,
}

impl fmt::Display for Redirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooMany => "too many times",
            Self::Downgrade => "to an unencrypted address",
            Self::Elsewhere => "to an address that is no repository's",
            Self::Late => "in the middle of the exchange",
        })
    }
}

/// What lies below an error, for people: a chain of texts. Control characters are written out and the length is bounded,
/// since a server may have written them.
#[derive(Clone, Debug)]
pub struct Cause(Arc<Link>);

#[derive(Debug)]
struct Link {
    text: String,
    next: Option<Cause>,
}

impl Cause {
    const LONGEST: usize = 500;
    const DEEPEST: usize = 8;

    /// The chain of `error`, without what only repeats the text above it.
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Self {
        let mut texts = Vec::new();
        let mut next = Some(error);
        while let Some(error) = next {
            let text = printable(&error.to_string());
            if texts
                .last()
                .is_none_or(|above: &String| !above.contains(&text))
            {
                texts.push(text);
            }
            next = error.source().filter(|_| texts.len() < Self::DEEPEST);
        }
        Self::chain(texts)
    }

    /// One text.
    pub(crate) fn text(text: &str) -> Self {
        Self::chain(vec![printable(text)])
    }

    fn chain(texts: Vec<String>) -> Self {
        let mut cause = None;
        for text in texts.into_iter().rev() {
            cause = Some(Self(Arc::new(Link { text, next: cause })));
        }
        cause.unwrap_or_else(|| {
            let text = String::new();
            Self(Arc::new(Link { text, next: None }))
        })
    }
}

fn printable(text: &str) -> String {
    let mut printable = String::new();
    for character in text.chars() {
        if printable.len() >= Cause::LONGEST {
            printable.push('…');
            break;
        }
        if character.is_control() {
            printable.extend(character.escape_default());
        } else {
            printable.push(character);
        }
    }
    printable
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.next.as_ref().map(|next| next as &dyn Error)
    }
}

impl FetchError {
    /// A stable name of this error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::LoginNeeded => "login-needed",
            Self::LoginRefused => "login-refused",
            Self::Forbidden => "forbidden",
            Self::NoRepository => "no-repository",
            Self::Unavailable { .. } => "server-unavailable",
            Self::Status { .. } => "http-status",
            Self::Redirect(_) => "redirect",
            Self::Tls(_) => "tls",
            Self::Connect(_) => "no-connection",
            Self::Broken(_) => "connection-broken",
            Self::Timeout => "timeout",
            Self::TooLarge { .. } => "answer-too-large",
            Self::Credentials(_) => "credentials",
            Self::Protocol(_) => "protocol",
            Self::Incomplete { .. } => "incomplete-pack",
            Self::UnknownRevision { .. } => "unknown-revision",
            Self::AmbiguousRevision { .. } => "ambiguous-revision",
            Self::NotACommit { .. } => "not-a-commit",
            Self::Ssh(error) => error.reason(),
            Self::Mirror(_) => "mirror",
            Self::Transport => "transport",
        }
    }

    /// Whether the same may succeed later, without anybody changing anything here.
    pub const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. }
                | Self::Connect(_)
                | Self::Broken(_)
                | Self::Timeout
                | Self::Ssh(SshError::Unreachable | SshError::Unresolved | SshError::Timeout)
        )
    }
}

/// The folder of mirrors failed us.
impl From<std::io::Error> for FetchError {
    fn from(error: std::io::Error) -> Self {
        Self::Mirror(Cause::of(&error))
    }
}
