//! A proxy in front of an API server that goes wrong on demand, and that sees every request.
//!
//! It speaks HTTP/1.1 over TLS with the control plane's own certificate, so a client needs another address and nothing
//! else. Requests are passed on unchanged until a [`Fault`] matches.

mod fault;
mod serve;

pub use fault::{Action, Fault};

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::control_plane::{ControlPlane, User, eventually};

/// A running proxy; ends when dropped, and with it every connection through it.
#[derive(Debug)]
pub struct FaultProxy {
    url: String,
    kubeconfig: PathBuf,
    state: Arc<State>,
    runtime: Option<Runtime>,
}

/// A request as the proxy saw it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Seen {
    /// The method.
    pub method: String,
    /// The path, percent encoding and all.
    pub path: String,
    /// The query without its question mark.
    pub query: String,
    /// The lines of the head behind the first, without the credentials.
    pub headers: String,
    /// The body.
    pub body: Vec<u8>,
    /// The status of the answer that went back; none while there is none, or when none was given.
    pub status: Option<u16>,
}

#[derive(Debug)]
struct State {
    seen: Mutex<Vec<Seen>>,
    faults: Mutex<Vec<Fault>>,
    /// Whether everything is held, since a fault said so.
    stopped: watch::Sender<bool>,
}

impl FaultProxy {
    /// Starts a proxy in front of `plane` for `user`.
    ///
    /// # Panics
    ///
    /// When it cannot listen.
    pub fn start(plane: &ControlPlane, user: &User) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime starts");
        let state = Arc::new(State {
            seen: Mutex::default(),
            faults: Mutex::default(),
            stopped: watch::Sender::new(false),
        });
        let address = serve::listen(&runtime, plane, &state);
        let url = format!("https://{address}");
        let kubeconfig = plane
            .folder()
            .join(format!("kubeconfig-proxy-{}", address.port()));
        fs::write(&kubeconfig, plane.kubeconfig_text(&url, &user.token))
            .expect("a kubeconfig is written");
        Self {
            url,
            kubeconfig,
            state,
            runtime: Some(runtime),
        }
    }

    /// The address of the proxy.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A kubeconfig for the user through the proxy.
    pub fn kubeconfig(&self) -> &PathBuf {
        &self.kubeconfig
    }

    /// From now on `fault` happens; of several that match a request, the first that is due.
    pub fn inject(&self, fault: Fault) {
        lock(&self.state.faults).push(fault);
    }

    /// No faults any more; requests that are held stay without an answer.
    pub fn clear(&self) {
        lock(&self.state.faults).clear();
        self.state.stopped.send_replace(false);
    }

    /// The requests so far, in the order in which they arrived.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.state.seen).clone()
    }

    /// The requests so far, which are forgotten.
    pub fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut *lock(&self.state.seen))
    }

    /// Whether a fault with [`Action::StopBefore`] or [`Action::StopAfter`] happened.
    pub fn is_stopped(&self) -> bool {
        *self.state.stopped.borrow()
    }

    /// Waits until [`is_stopped`](Self::is_stopped).
    ///
    /// # Panics
    ///
    /// When it did not happen within a minute.
    #[track_caller]
    pub fn wait_until_stopped(&self) {
        eventually("the proxy is stopped", Duration::from_secs(60), || {
            self.is_stopped().then_some(())
        });
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Seen {
    /// Whether the request asked for a change.
    pub fn is_write(&self) -> bool {
        self.method != "GET" && !self.query.contains("dryRun=All")
    }

    /// Whether `text` occurs in the request in any place.
    pub fn contains(&self, text: &str) -> bool {
        let parts: [&[u8]; 4] = [
            self.path.as_bytes(),
            self.query.as_bytes(),
            self.headers.as_bytes(),
            &self.body,
        ];
        parts.iter().any(|part| {
            part.windows(text.len())
                .any(|window| window == text.as_bytes())
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
