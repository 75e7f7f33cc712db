//! Smart HTTP: what `gix` needs of an HTTP client, over `reqwest` with rustls.
//!
//! A login and a client certificate are shown to the repository's own origin and to nobody else, wherever a server
//! redirects to. Redirects are followed where Git follows them, in the first request. Every answer is bounded in length
//! and time, and a failure is kept as a [`FetchError`] beside what `gix` makes of it. Takes nothing from the environment
//! but the system's certificate authorities.

use std::any::Any;
use std::error::Error;
use std::io::{self, BufRead, BufReader, Cursor, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gix::protocol::transport::client::blocking_io::http::{
    GetResponse, Http, PostBodyDataKind, PostResponse,
};
use reqwest::blocking::{Client, ClientBuilder, RequestBuilder, Response};
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue, LOCATION};
use reqwest::{Certificate, Identity, Method, NoProxy, Proxy, StatusCode};
use url::{Origin, Url};

use super::credentials::{Credentials, Login, Verification};
use super::error::{Cause, FetchError, Redirect};
use super::url::RepositoryUrl;

/// As many redirects as are followed.
const MAX_REDIRECTS: usize = 5;

/// What a request of ours can be at most: some thousand commits that we have.
const MAX_REQUEST: usize = 4 << 20;

/// How long is waited, and when for nothing any more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For a connection.
    pub(crate) connect: Duration,
    /// For the next bytes.
    pub(crate) stall: Duration,
    /// For everything.
    pub(crate) until: Instant,
}

/// What went wrong first, and how much may be received: shared between the client and who uses it, since neither passes
/// through `gix`.
#[derive(Clone, Default)]
pub(crate) struct Watch(Arc<Watched>);

#[derive(Default)]
struct Watched {
    failure: Mutex<Option<FetchError>>,
    limit: AtomicU64,
}

impl Watch {
    /// Bounds the length of the answers that follow.
    pub(crate) fn set_limit(&self, limit: u64) {
        self.0.limit.store(limit, Ordering::Relaxed);
    }

    /// Takes what went wrong.
    pub(crate) fn take_failure(&self) -> Option<FetchError> {
        lock(&self.0.failure).take()
    }

    fn limit(&self) -> u64 {
        self.0.limit.load(Ordering::Relaxed)
    }

    /// Keeps the first failure and makes an error of it that `gix` can carry.
    fn keep(&self, failure: FetchError) -> io::Error {
        let kept = failure.clone();
        lock(&self.0.failure).get_or_insert(failure);
        io::Error::other(kept)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The HTTP client of one exchange with one repository.
pub(crate) struct HttpClient {
    clients: Arc<Clients>,
    patience: Patience,
    watch: Watch,
    /// Where the first request was redirected to.
    base: Option<String>,
}

/// One client that shows who we are, for the repository's own origin, and one that does not.
struct Clients {
    home: Origin,
    own: Client,
    foreign: OnceLock<Client>,
    credentials: Credentials,
    patience: Patience,
    /// What is sent as `Authorization`, and whether the server has asked for it.
    login: Option<HeaderValue>,
    asked: OnceLock<()>,
}

impl HttpClient {
    /// A client for `url`.
    pub(crate) fn new(
        url: &RepositoryUrl,
        credentials: &Credentials,
        patience: Patience,
        watch: Watch,
    ) -> Result<Self, FetchError> {
        let home = Url::parse(url.as_str()).map_err(|_| FetchError::Transport)?;
        let login = match (&credentials.login, url.user_info()) {
            (Some(Login::Basic { username, password }), _) => {
                Some(basic(username.expose(), password.expose())?)
            }
            (Some(Login::Bearer(token)), _) => Some(header(&format!("Bearer {}", token.expose()))?),
            (None, Some(user)) => {
                let password = user
                    .password
                    .as_ref()
                    .map_or("", |password| password.expose());
                Some(basic(user.username.expose(), password)?)
            }
            (None, None) => None,
        };
        let asked = OnceLock::new();
        if credentials.login_first {
            asked.get_or_init(|| ());
        }
        let own = own_client(credentials, patience)?;
        Ok(Self {
            clients: Arc::new(Clients {
                home: home.origin(),
                own,
                foreign: OnceLock::new(),
                credentials: credentials.clone(),
                patience,
                login,
                asked,
            }),
            patience,
            watch,
            base: None,
        })
    }

    /// The first request: followed through redirects, and repeated with the login where the server asks for one.
    fn first(&mut self, url: &str, base: &str, headers: &Headers) -> Result<Response, FetchError> {
        let tail = url.strip_prefix(base).ok_or(FetchError::Transport)?;
        let mut url = Url::parse(url).map_err(|_| FetchError::Transport)?;
        for _ in 0..=MAX_REDIRECTS {
            let response = self.clients.send(Method::GET, &url, headers, None)?;
            if !response.status().is_redirection() {
                return Ok(response);
            }
            let next = response
                .headers()
                .get(LOCATION)
                .and_then(|location| location.to_str().ok())
                .and_then(|location| url.join(location).ok())
                .ok_or(FetchError::Redirect(Redirect::Elsewhere))?;
            match (url.scheme(), next.scheme()) {
                ("https", "https") | ("http", "http" | "https") => {}
                ("https", "http") => return Err(FetchError::Redirect(Redirect::Downgrade)),
                _ => return Err(FetchError::Redirect(Redirect::Elsewhere)),
            }
            // The rest of the exchange goes to the same place, so it must be one of a repository.
            let moved = next
                .as_str()
                .strip_suffix(tail)
                .filter(|_| next.username().is_empty() && next.password().is_none())
                .ok_or(FetchError::Redirect(Redirect::Elsewhere))?;
            self.base = Some(moved.to_owned());
            url = next;
        }
        Err(FetchError::Redirect(Redirect::TooMany))
    }

    fn body(&self, response: Response) -> Body {
        let limit = self.watch.limit();
        Body {
            response,
            limit,
            left: limit,
            until: self.patience.until,
            watch: self.watch.clone(),
        }
    }
}

impl Clients {
    fn send(
        &self,
        method: Method,
        url: &Url,
        headers: &Headers,
        body: Option<&[u8]>,
    ) -> Result<Response, FetchError> {
        let at_home = url.origin() == self.home;
        let client = match at_home {
            true => &self.own,
            false => self.foreign()?,
        };
        let request = || {
            let mut request = client.request(method.clone(), url.clone());
            for (name, value) in headers {
                request = request.header(name, value);
            }
            match body {
                Some(body) => request.body(body.to_vec()),
                None => request,
            }
        };
        let login = self.login.as_ref().filter(|_| at_home);
        let response = match login.filter(|_| self.asked.get().is_some()) {
            Some(login) => send(request().header(AUTHORIZATION, login))?,
            None => {
                let response = send(request())?;
                match login {
                    Some(login) if response.status() == StatusCode::UNAUTHORIZED => {
                        self.asked.get_or_init(|| ());
                        send(request().header(AUTHORIZATION, login))?
                    }
                    _ => response,
                }
            }
        };
        let status = response.status();
        match status {
            _ if status.is_success() || status.is_redirection() => Ok(response),
            StatusCode::UNAUTHORIZED if login.is_some() => Err(FetchError::LoginRefused),
            StatusCode::UNAUTHORIZED => Err(FetchError::LoginNeeded),
            StatusCode::FORBIDDEN => Err(FetchError::Forbidden),
            StatusCode::NOT_FOUND | StatusCode::GONE => Err(FetchError::NoRepository),
            StatusCode::TOO_MANY_REQUESTS => Err(FetchError::Unavailable {
                status: status.as_u16(),
            }),
            _ if status.is_server_error() => Err(FetchError::Unavailable {
                status: status.as_u16(),
            }),
            _ => Err(FetchError::Status {
                status: status.as_u16(),
            }),
        }
    }

    /// The client for other origins: it has no certificate to show, and a waiver was given for the repository's host
    /// only.
    fn foreign(&self) -> Result<&Client, FetchError> {
        if let Some(client) = self.foreign.get() {
            return Ok(client);
        }
        let mut credentials = self.credentials.clone();
        credentials.client_certificate = None;
        credentials.verification = Verification::Required;
        let client = own_client(&credentials, self.patience)?;
        Ok(self.foreign.get_or_init(|| client))
    }
}

fn send(request: RequestBuilder) -> Result<Response, FetchError> {
    request
        .send()
        .map_err(|error| failure(&error.without_url()))
}

/// What a failure of `reqwest` is to us.
fn failure(error: &reqwest::Error) -> FetchError {
    if error.is_timeout() {
        return FetchError::Timeout;
    }
    let mut below = error.source();
    while let Some(error) = below {
        let (innermost, timed_out) = unwrapped(error);
        if innermost.is::<rustls::Error>() {
            return FetchError::Tls(Cause::of(innermost));
        }
        if timed_out {
            return FetchError::Timeout;
        }
        below = error.source();
    }
    match error.is_connect() {
        true => FetchError::Connect(Cause::of(error)),
        false => FetchError::Broken(Cause::of(error)),
    }
}

/// What is inside of I/O errors, which do not show it as their source; and whether one of them is about time.
fn unwrapped<'a>(mut error: &'a (dyn Error + 'static)) -> (&'a (dyn Error + 'static), bool) {
    let mut timed_out = false;
    while let Some(wrapper) = error.downcast_ref::<io::Error>() {
        timed_out |= wrapper.kind() == io::ErrorKind::TimedOut;
        match wrapper.get_ref() {
            Some(inner) => error = inner,
            None => break,
        }
    }
    (error, timed_out)
}

fn own_client(credentials: &Credentials, patience: Patience) -> Result<Client, FetchError> {
    // `reqwest` asks for the process's provider; whoever was first with one is right.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let unusable = FetchError::Credentials;
    let mut builder = ClientBuilder::new()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(patience.connect)
        .timeout(patience.stall)
        .pool_max_idle_per_host(1);
    if let Some(pem) = &credentials.authorities {
        let authorities = Certificate::from_pem_bundle(pem.as_bytes())
            .ok()
            .filter(|authorities| !authorities.is_empty())
            .ok_or_else(|| unusable("certificate authority"))?;
        builder = builder.tls_certs_only(authorities);
    }
    if let Some(own) = &credentials.client_certificate {
        let mut pem = own.key.expose().to_vec();
        pem.push(b'\n');
        pem.extend_from_slice(own.certificate.as_bytes());
        let identity = Identity::from_pem(&pem).map_err(|_| unusable("client certificate"))?;
        builder = builder.identity(identity);
    }
    if credentials.verification == Verification::Waived {
        builder = builder.tls_danger_accept_invalid_certs(true);
    }
    if let Some(proxy) = &credentials.proxy {
        let except = credentials
            .no_proxy
            .as_deref()
            .and_then(NoProxy::from_string);
        let proxy = Proxy::all(proxy.expose()).map_err(|_| unusable("proxy"))?;
        builder = builder.proxy(proxy.no_proxy(except));
    }
    builder.build().map_err(|_| unusable("certificate"))
}

fn basic(username: &str, password: &str) -> Result<HeaderValue, FetchError> {
    header(&format!(
        "Basic {}",
        STANDARD.encode(format!("{username}:{password}"))
    ))
}

fn header(text: &str) -> Result<HeaderValue, FetchError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| FetchError::Credentials("login"))?;
    value.set_sensitive(true);
    Ok(value)
}

type Headers = Vec<(HeaderName, HeaderValue)>;

fn parse_headers(lines: impl IntoIterator<Item = impl AsRef<str>>) -> Headers {
    lines
        .into_iter()
        .filter_map(|line| {
            let (name, value) = line.as_ref().split_once(':')?;
            Some((name.parse().ok()?, value.trim().parse().ok()?))
        })
        .collect()
}

/// The headers of an answer, as `gix` reads them.
fn written_out(response: &Response) -> Vec<u8> {
    let mut lines = Vec::new();
    for (name, value) in response.headers() {
        lines.extend_from_slice(name.as_str().as_bytes());
        lines.extend_from_slice(b": ");
        lines.extend_from_slice(value.as_bytes());
        lines.push(b'\n');
    }
    lines
}

impl Http for HttpClient {
    type Headers = AnswerHeaders;
    type ResponseBody = AnswerBody;
    type PostBody = Question;

    fn get(
        &mut self,
        url: &str,
        base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> gix::Result<GetResponse<Self::Headers, Self::ResponseBody>> {
        let response = self
            .first(url, base_url, &parse_headers(headers))
            .map_err(|failure| gix::error::message!("{}", self.watch.keep(failure)))?;
        let headers = written_out(&response);
        let body = self.body(response);
        let exchange = Arc::new(Mutex::new(Exchange::Answered(None)));
        Ok(GetResponse {
            headers: AnswerHeaders(Some(Cursor::new(headers)), Arc::clone(&exchange)),
            body: AnswerBody(Some(BufReader::with_capacity(64 << 10, body)), exchange),
        })
    }

    fn post(
        &mut self,
        url: &str,
        _base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
        _kind: PostBodyDataKind,
    ) -> gix::Result<PostResponse<Self::Headers, Self::ResponseBody, Self::PostBody>> {
        let url = Url::parse(url).map_err(|_| gix::error::message("no URL"))?;
        let exchange = Arc::new(Mutex::new(Exchange::Asking(Box::new(Asking {
            url,
            headers: parse_headers(headers),
            body: Vec::new(),
            clients: Arc::clone(&self.clients),
            client: Self {
                clients: Arc::clone(&self.clients),
                patience: self.patience,
                watch: self.watch.clone(),
                base: None,
            },
        }))));
        Ok(PostResponse {
            post_body: Question(Arc::clone(&exchange)),
            headers: AnswerHeaders(None, Arc::clone(&exchange)),
            body: AnswerBody(None, exchange),
        })
    }

    fn configure(&mut self, _config: &dyn Any) -> gix::Result<()> {
        Ok(())
    }

    fn redirected_base_url(&self) -> Option<String> {
        self.base.clone()
    }
}

/// A request and its answer. The request is sent when the answer is first asked for: by then it is complete, so that its
/// length is known and no second thread is needed.
enum Exchange {
    Asking(Box<Asking>),
    Answered(Option<Box<(Vec<u8>, Body)>>),
    Failed,
}

struct Asking {
    url: Url,
    headers: Headers,
    body: Vec<u8>,
    clients: Arc<Clients>,
    client: HttpClient,
}

impl Exchange {
    fn send(&mut self) -> io::Result<()> {
        match std::mem::replace(self, Self::Failed) {
            Self::Asking(asking) => {
                let Asking {
                    url,
                    headers,
                    body,
                    clients,
                    client,
                } = *asking;
                let response = clients
                    .send(Method::POST, &url, &headers, Some(&body))
                    .and_then(|response| match response.status().is_redirection() {
                        true => Err(FetchError::Redirect(Redirect::Late)),
                        false => Ok(response),
                    })
                    .map_err(|failure| client.watch.keep(failure))?;
                let answer = (written_out(&response), client.body(response));
                *self = Self::Answered(Some(Box::new(answer)));
                Ok(())
            }
            answered @ Self::Answered(_) => {
                *self = answered;
                Ok(())
            }
            Self::Failed => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

/// Takes the body of a request.
pub(crate) struct Question(Arc<Mutex<Exchange>>);

impl Write for Question {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut *lock(&self.0) {
            Exchange::Asking(asking) if asking.body.len() + bytes.len() <= MAX_REQUEST => {
                asking.body.extend_from_slice(bytes);
                Ok(bytes.len())
            }
            Exchange::Asking(_) => Err(io::ErrorKind::FileTooLarge.into()),
            Exchange::Answered(_) | Exchange::Failed => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The headers of an answer.
pub(crate) struct AnswerHeaders(Option<Cursor<Vec<u8>>>, Arc<Mutex<Exchange>>);

impl BufRead for AnswerHeaders {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.0.is_none() {
            let mut exchange = lock(&self.1);
            exchange.send()?;
            if let Exchange::Answered(Some(answer)) = &mut *exchange {
                self.0 = Some(Cursor::new(std::mem::take(&mut answer.0)));
            }
        }
        self.0.get_or_insert_default().fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.0.get_or_insert_default().consume(amount);
    }
}

impl Read for AnswerHeaders {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

/// The body of an answer.
pub(crate) struct AnswerBody(Option<BufReader<Body>>, Arc<Mutex<Exchange>>);

impl BufRead for AnswerBody {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.0.is_none() {
            let mut exchange = lock(&self.1);
            exchange.send()?;
            if let Exchange::Answered(answer) = &mut *exchange
                && let Some(answer) = answer.take()
            {
                self.0 = Some(BufReader::with_capacity(64 << 10, answer.1));
            }
        }
        match &mut self.0 {
            Some(body) => body.fill_buf(),
            None => Ok(&[]),
        }
    }

    fn consume(&mut self, amount: usize) {
        if let Some(body) = &mut self.0 {
            body.consume(amount);
        }
    }
}

impl Read for AnswerBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

/// The bytes of an answer, as long as they are neither too many nor too late.
pub(crate) struct Body {
    response: Response,
    limit: u64,
    left: u64,
    until: Instant,
    watch: Watch,
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if Instant::now() >= self.until {
            return Err(self.watch.keep(FetchError::Timeout));
        }
        let read = match self.response.read(buffer) {
            Ok(read) => read,
            Err(error) => {
                let failure = match error
                    .get_ref()
                    .and_then(|inner| inner.downcast_ref::<reqwest::Error>())
                {
                    Some(inner) => failure(inner),
                    None if error.kind() == io::ErrorKind::TimedOut => FetchError::Timeout,
                    None => FetchError::Broken(Cause::of(&error)),
                };
                return Err(self.watch.keep(failure));
            }
        };
        self.left = match self.left.checked_sub(read as u64) {
            Some(left) => left,
            None => return Err(self.watch.keep(FetchError::TooLarge { limit: self.limit })),
        };
        Ok(read)
    }
}
