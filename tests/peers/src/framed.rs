//! A Go program that answers framed requests, as one long-running process.

use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A running program. The process ends when this is dropped.
///
/// A frame is a length of four bytes, big endian, and that many bytes. A request is a line, then a payload; a reply is a
/// byte that tells its kind, then the rest.
#[derive(Debug)]
pub(crate) struct Framed {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
}

/// What a Go function gave back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// Its result.
    Output(Vec<u8>),
    /// The text of the error that it returned.
    Refusal(String),
    /// The text of its panic.
    Panic(String),
}

impl Answer {
    /// The result, if there is one.
    pub fn output(self) -> Option<Vec<u8>> {
        match self {
            Self::Output(bytes) => Some(bytes),
            Self::Refusal(_) | Self::Panic(_) => None,
        }
    }

    /// The result as text.
    ///
    /// # Panics
    ///
    /// When there is none, or it is not UTF-8.
    pub fn text(self) -> String {
        match self {
            Self::Output(bytes) => String::from_utf8(bytes).expect("UTF-8 from the Go program"),
            Self::Refusal(text) => panic!("refused: {text}"),
            Self::Panic(text) => panic!("panic: {text}"),
        }
    }
}

impl Framed {
    /// Starts a program of a peer, building it first where needed.
    ///
    /// # Panics
    ///
    /// When it cannot be built or started.
    pub(crate) fn start(peer: &str) -> Self {
        let mut child = Command::new(super::program(peer, peer))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the peer starts");
        let stdin = child.stdin.take().expect("a piped standard input");
        let stdout = child.stdout.take().expect("a piped standard output");
        Self {
            child,
            stdin,
            stdout,
        }
    }

    /// Sends one request and waits for its reply.
    ///
    /// # Panics
    ///
    /// When the process has gone.
    pub(crate) fn ask(&mut self, mode: &str, payload: &[u8]) -> Answer {
        self.exchange(mode, payload).expect("the peer answers")
    }

    fn exchange(&mut self, mode: &str, payload: &[u8]) -> io::Result<Answer> {
        let length = u32::try_from(mode.len() + 1 + payload.len()).map_err(io::Error::other)?;
        let mut request = Vec::with_capacity(length as usize + 4);
        request.extend_from_slice(&length.to_be_bytes());
        request.extend_from_slice(mode.as_bytes());
        request.push(b'\n');
        request.extend_from_slice(payload);
        self.stdin.write_all(&request)?;
        self.stdin.flush()?;

        let mut head = [0; 4];
        self.stdout.read_exact(&mut head)?;
        let mut reply = vec![0; u32::from_be_bytes(head) as usize];
        self.stdout.read_exact(&mut reply)?;
        let kind = reply.first().copied();
        let rest = reply.split_off(reply.len().min(1));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match kind {
            Some(b'+') => Ok(Answer::Output(rest)),
            Some(b'-') => Ok(Answer::Refusal(text(&rest))),
            Some(b'!') => Ok(Answer::Panic(text(&rest))),
            _ => Err(io::Error::other("reply without a kind")),
        }
    }
}

impl Drop for Framed {
    fn drop(&mut self) {
        // Nothing is left to do about a process that will not end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
