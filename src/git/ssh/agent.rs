//! An SSH agent inside this process, for one child, with one key.
//!
//! `ssh` asks its agent to sign, so that it never has the private key: neither as a file, nor as an argument, nor in its
//! environment. The agent signs nothing but a login of one account with its key (RFC 4252, section 7), so that another
//! program of the same user that finds the socket cannot have commits or certificates signed.

use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::key::SigningKey;
use super::wire::{Reader, push_string};

/// The longest message that is read, in bytes; a request for a signature has less than two KiB.
const MAX_MESSAGE: usize = 64 << 10;

// Numbers of messages, from draft-ietf-sshm-ssh-agent, section 6.1.
const FAILURE: u8 = 5;
const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;

/// The number of the message that is signed to log in (RFC 4252, section 6).
const USERAUTH_REQUEST: u8 = 50;

/// The agent, which answers until it is dropped.
pub(super) struct Agent {
    socket: PathBuf,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    closed: AtomicBool,
    open: Mutex<Option<UnixStream>>,
}

/// What is signed, and for whom.
struct Duty {
    key: SigningKey,
    /// The account, where it is known; `ssh` chooses one where the address names none.
    user: Option<String>,
}

impl Agent {
    /// Listens at `socket`, whose folder must be closed to others.
    pub(super) fn start(socket: &Path, key: SigningKey, user: Option<String>) -> io::Result<Self> {
        let listener = UnixListener::bind(socket)?;
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        let duty = Duty { key, user };
        let thread = std::thread::Builder::new()
            .name("ssh-agent".to_owned())
            .spawn(move || serve(&listener, &shared, &duty))?;
        Ok(Self {
            socket: socket.to_owned(),
            state,
            thread: Some(thread),
        })
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.state.closed.store(true, Ordering::SeqCst);
        if let Some(stream) = self.state.lock().take() {
            // It may have ended by itself, which is as good.
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
        if let Some(thread) = self.thread.take() {
            // The thread waits for a connection, and sees after this one that there is to be none. Where no connection can
            // be made it is left alone: it holds nothing but the key, and ends with the process.
            if UnixStream::connect(&self.socket).is_ok() {
                let _ = thread.join();
            }
        }
        // Its folder goes next, and with it whatever is left.
        let _ = std::fs::remove_file(&self.socket);
    }
}

impl State {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<UnixStream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }
}

/// Answers one connection after the other; `ssh` has one.
fn serve(listener: &UnixListener, state: &State, duty: &Duty) {
    for stream in listener.incoming() {
        if state.is_closed() {
            return;
        }
        let Ok(stream) = stream else { continue };
        let Ok(handle) = stream.try_clone() else {
            continue;
        };
        *state.lock() = Some(handle);
        // Whoever closed the agent before the line above did not see this connection.
        if state.is_closed() {
            return;
        }
        // A connection that breaks is `ssh`'s affair; it reports that it could not log in.
        let _ = converse(&stream, duty);
        state.lock().take();
    }
}

fn converse(mut stream: &UnixStream, duty: &Duty) -> io::Result<()> {
    loop {
        let mut len = [0; 4];
        stream.read_exact(&mut len)?;
        let len = u32::from_be_bytes(len) as usize;
        if len == 0 || len > MAX_MESSAGE {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut message = vec![0; len];
        stream.read_exact(&mut message)?;
        let answer = duty.answer(&message).unwrap_or_else(|| vec![FAILURE]);
        let mut framed = Vec::with_capacity(answer.len() + 4);
        push_string(&mut framed, &answer);
        stream.write_all(&framed)?;
    }
}

impl Duty {
    fn answer(&self, message: &[u8]) -> Option<Vec<u8>> {
        let mut message = Reader::new(message);
        match message.byte()? {
            REQUEST_IDENTITIES => {
                let mut answer = vec![IDENTITIES_ANSWER];
                answer.extend_from_slice(&1_u32.to_be_bytes());
                push_string(&mut answer, self.key.public());
                push_string(&mut answer, b"");
                Some(answer)
            }
            SIGN_REQUEST => {
                let key = message.string()?;
                let data = message.string()?;
                let flags = message.number()?;
                if key != self.key.public() || !message.is_empty() || !self.is_login(data) {
                    return None;
                }
                let mut answer = vec![SIGN_RESPONSE];
                push_string(&mut answer, &self.key.sign(data, flags)?);
                Some(answer)
            }
            _ => None,
        }
    }

    /// Whether `data` is what a client signs to log in to the account with this key, and nothing else.
    fn is_login(&self, data: &[u8]) -> bool {
        let mut data = Reader::new(data);
        let mut check = || {
            let _session = data.string()?;
            let is_request = data.byte()? == USERAUTH_REQUEST;
            let user = data.string()?;
            let is_account = self
                .user
                .as_ref()
                .is_none_or(|expected| expected.as_bytes() == user);
            let is_connection = data.string()? == b"ssh-connection";
            let method = data.string()?;
            let has_signature = data.byte()? == 1;
            let _algorithm = data.string()?;
            let is_key = data.string()? == self.key.public();
            let is_method = match method {
                b"publickey" => true,
                // OpenSSH's binding of the login to the host's key, which follows.
                b"publickey-hostbound-v00@openssh.com" => data.string().is_some(),
                _ => false,
            };
            Some(is_request && is_account && is_connection && has_signature && is_key && is_method)
        };
        check() == Some(true) && data.is_empty()
    }
}
