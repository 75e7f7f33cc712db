//! Connections, and the way of one request through them.

use std::fs;
use std::future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, RETRY_AFTER};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

use crate::control_plane::ControlPlane;

use super::fault::Action;
use super::{Seen, State, lock};

type Body = BoxBody<Bytes, io::Error>;
type Upstream = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

pub(super) fn listen(runtime: &Runtime, plane: &ControlPlane, state: &Arc<State>) -> SocketAddr {
    let acceptor = TlsAcceptor::from(Arc::new(server_config(plane.folder())));
    let upstream: Upstream = {
        let _guard = runtime.enter();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(client_config(plane.folder()))
            .https_only()
            .enable_http1()
            .build();
        Client::builder(TokioExecutor::new()).build(connector)
    };
    let listener = runtime
        .block_on(TcpListener::bind("127.0.0.1:0"))
        .expect("a port on loopback");
    let address = listener.local_addr().expect("the port has a number");
    let base = plane.url().to_owned();
    let state = Arc::clone(state);
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, upstream, base, state) = (
                acceptor.clone(),
                upstream.clone(),
                base.clone(),
                Arc::clone(&state),
            );
            tokio::spawn(async move {
                // A client that breaks off is what the tests are about.
                let Ok(stream) = acceptor.accept(stream).await else {
                    return;
                };
                let service = service_fn(|request| {
                    handle(request, upstream.clone(), base.clone(), Arc::clone(&state))
                });
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    address
}

/// One request: looked at, kept, and passed on or not. An error closes the connection.
async fn handle(
    request: Request<Incoming>,
    upstream: Upstream,
    base: String,
    state: Arc<State>,
) -> io::Result<Response<Body>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let seen = seen(&head, &body);
    let (number, action) = {
        let mut log = lock(&state.seen);
        log.push(seen.clone());
        let mut faults = lock(&state.faults);
        (
            log.len() - 1,
            faults.iter_mut().find_map(|fault| fault.due(&seen)),
        )
    };
    if *state.stopped.borrow() {
        return held().await;
    }
    match &action {
        Some(Action::Answer {
            status,
            retry_after,
            body,
        }) => {
            note(&state, number, &seen, *status);
            return answer(*status, *retry_after, body);
        }
        Some(Action::Silence) => return held().await,
        Some(Action::ResetBefore) => return Err(io::ErrorKind::ConnectionReset.into()),
        Some(Action::StopBefore) => {
            state.stopped.send_replace(true);
            return held().await;
        }
        Some(Action::Delay(duration)) => tokio::time::sleep(*duration).await,
        None | Some(Action::ResetAfter | Action::CutAnswer | Action::StopAfter) => {}
    }

    let mut forwarded = Request::from_parts(head, Full::new(body));
    let target = format!(
        "{base}{}",
        forwarded
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str())
    );
    *forwarded.uri_mut() = target.parse::<Uri>().map_err(io::Error::other)?;
    forwarded.headers_mut().remove(HOST);
    forwarded.headers_mut().remove(CONNECTION);
    // In a task of its own, so that the API server gets the whole request also when the client is gone.
    let response = tokio::spawn(async move { upstream.request(forwarded).await })
        .await
        .map_err(io::Error::other)?
        .map_err(io::Error::other)?;

    match action {
        Some(Action::ResetAfter) => return Err(io::ErrorKind::ConnectionReset.into()),
        Some(Action::StopAfter) => {
            state.stopped.send_replace(true);
            return held().await;
        }
        Some(Action::CutAnswer) => return cut(response).await,
        _ => {}
    }
    // Whatever was carried out before the stop: its answer does not come any more.
    if *state.stopped.borrow() {
        return held().await;
    }
    note(&state, number, &seen, response.status().as_u16());
    Ok(response.map(|body| body.map_err(io::Error::other).boxed()))
}

/// The answer that never comes; ends with the connection.
async fn held() -> io::Result<Response<Body>> {
    future::pending().await
}

fn answer(status: u16, retry_after: Option<u32>, body: &str) -> io::Result<Response<Body>> {
    let mut response = Response::builder()
        .status(StatusCode::from_u16(status).map_err(io::Error::other)?)
        .header("content-type", "application/json");
    if let Some(seconds) = retry_after {
        response = response.header(RETRY_AFTER, seconds);
    }
    let body = Full::new(Bytes::copy_from_slice(body.as_bytes()));
    response
        .body(body.map_err(|never| match never {}).boxed())
        .map_err(io::Error::other)
}

/// The first half of the answer, and then the end of the connection.
async fn cut(response: Response<Incoming>) -> io::Result<Response<Body>> {
    let (mut head, body) = response.into_parts();
    let bytes = body.collect().await.map_err(io::Error::other)?.to_bytes();
    head.headers.insert(CONTENT_LENGTH, bytes.len().into());
    let half = bytes.slice(..bytes.len() / 2);
    let frames = futures_util::stream::iter([
        Ok(Frame::data(half)),
        Err(io::ErrorKind::ConnectionReset.into()),
    ]);
    Ok(Response::from_parts(
        head,
        BodyExt::boxed(StreamBody::new(frames)),
    ))
}

fn seen(head: &http::request::Parts, body: &Bytes) -> Seen {
    let headers: Vec<_> = head
        .headers
        .iter()
        .filter(|(name, _)| *name != AUTHORIZATION)
        .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    Seen {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: headers.concat(),
        body: body.to_vec(),
        status: None,
    }
}

/// Keeps the status with the request, unless the requests were forgotten meanwhile.
fn note(state: &State, number: usize, seen: &Seen, status: u16) {
    if let Some(entry) = lock(&state.seen)
        .get_mut(number)
        .filter(|entry| entry.path == seen.path)
    {
        entry.status = Some(status);
    }
}

fn server_config(folder: &Path) -> ServerConfig {
    let chain = certificates(&folder.join("server.crt"));
    let key = PrivateKeyDer::from_pem_slice(
        &fs::read(folder.join("server.key")).expect("the server's key can be read"),
    )
    .expect("the server's key is one");
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider knows the versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("the key belongs to the certificate");
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

fn client_config(folder: &Path) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates(&folder.join("ca.crt")));
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider knows the versions")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

fn certificates(path: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .expect("the control plane's certificates can be read")
}
