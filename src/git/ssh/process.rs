//! A program that speaks Git's protocol, `ssh` before all, while it runs: what it says, how long it may take, and why it ended.

use std::io::{self, Read};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::agent::Agent;
use super::folder::PrivateFolder;
use super::{Limits, SshError};

/// How much of what the program complains is kept, in bytes.
const MAX_COMPLAINT: usize = 16 << 10;

/// How much of it is told.
const MAX_MESSAGE: usize = 400;

/// How long is waited for the program to end, once its output has.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What went wrong first: kept beside the connection, since `gix` wraps what passes through it.
#[derive(Clone, Default)]
pub(in crate::git) struct Failure(Arc<Mutex<Option<SshError>>>);

impl Failure {
    /// Takes what went wrong.
    pub(in crate::git) fn take(&self) -> Option<SshError> {
        lock(&self.0).take()
    }

    fn keep(&self, error: SshError) -> io::Error {
        lock(&self.0).get_or_insert(error.clone());
        io::Error::other(error)
    }
}

/// The program, which ends with this value.
pub(in crate::git) struct Process {
    child: Arc<Mutex<Child>>,
    complaint: Arc<Mutex<Vec<u8>>>,
    complained: Mutex<Receiver<()>>,
    clock: Arc<Clock>,
    has_key: bool,
    // The watchman ends when this is dropped.
    _watched: Sender<()>,
    // In this order: the agent is closed before its folder goes.
    _agent: Option<Agent>,
    _private: Option<PrivateFolder>,
}

/// What the program writes: the server's side of the conversation.
pub(in crate::git) struct Output {
    stdout: ChildStdout,
    process: Process,
    failure: Failure,
    left: u64,
    limit: u64,
}

/// Since when somebody waits for the program.
struct Clock {
    start: Instant,
    /// Milliseconds since the start, plus one; 0 while nobody waits.
    waiting_since: AtomicU64,
    is_over: AtomicBool,
}

impl Process {
    /// Starts a program that needs neither a key nor a folder.
    pub(in crate::git) fn plain(
        program: Command,
        limits: Limits,
    ) -> Result<(ChildStdin, Output, Failure), SshError> {
        Self::start(program, limits, false, None, None)
    }

    pub(super) fn start(
        mut program: Command,
        limits: Limits,
        has_key: bool,
        agent: Option<Agent>,
        private: Option<PrivateFolder>,
    ) -> Result<(ChildStdin, Output, Failure), SshError> {
        let failed = |error| SshError::Start(Arc::new(error));
        let mut child = program
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let child = Arc::new(Mutex::new(child));
        let complaint = Arc::new(Mutex::new(Vec::new()));
        let (watched, ended) = channel();
        let (complained_to, complained) = channel();
        let clock = Arc::new(Clock {
            start: Instant::now(),
            waiting_since: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
        });
        // From here on the child is ended however this function is left.
        let process = Self {
            child: Arc::clone(&child),
            complaint: Arc::clone(&complaint),
            complained: Mutex::new(complained),
            clock: Arc::clone(&clock),
            has_key,
            _watched: watched,
            _agent: agent,
            _private: private,
        };
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(failed(io::ErrorKind::BrokenPipe.into()));
        };
        std::thread::Builder::new()
            .name("ssh-stderr".to_owned())
            .spawn(move || listen(stderr, &complaint, complained_to))
            .map_err(failed)?;
        std::thread::Builder::new()
            .name("ssh-watch".to_owned())
            .spawn(move || watch(&child, &clock, limits, &ended))
            .map_err(failed)?;
        let failure = Failure::default();
        let output = Output {
            stdout,
            process,
            failure: failure.clone(),
            left: limits.answer,
            limit: limits.answer,
        };
        Ok((stdin, output, failure))
    }

    /// Why the output ended. None where the program ended well.
    fn conclusion(&self) -> Option<SshError> {
        if self.clock.is_over.load(Ordering::SeqCst) {
            return Some(SshError::Timeout);
        }
        // What it complains ends with it. Where another program holds its end open, what there is must do.
        let _ = lock(&self.complained).recv_timeout(LAST_WORDS);
        let status = {
            let mut child = lock(&self.child);
            let running = matches!(child.try_wait(), Ok(None));
            if running {
                // It may end at this very moment, which is as good.
                let _ = child.kill();
            }
            child.wait()
        };
        if status.is_ok_and(|status| status.success()) {
            return None;
        }
        if self.clock.is_over.load(Ordering::SeqCst) {
            return Some(SshError::Timeout);
        }
        let complaint = String::from_utf8_lossy(&lock(&self.complaint)).into_owned();
        Some(self.classified(&complaint))
    }

    /// The error behind what OpenSSH says (sshconnect.c, sshconnect2.c, misc.c).
    fn classified(&self, complaint: &str) -> SshError {
        let says = |text: &str| complaint.contains(text);
        if says("REMOTE HOST IDENTIFICATION HAS CHANGED") || says("REVOKED HOST KEY") {
            SshError::ChangedHost
        } else if says("host key is known for") || says("Host key verification failed") {
            SshError::UnknownHost
        } else if says("Permission denied (") || says("Too many authentication failures") {
            if self.has_key {
                SshError::KeyRefused
            } else {
                SshError::KeyNeeded
            }
        } else if says("Could not resolve hostname") {
            SshError::Unresolved
        } else if says("timed out") || says("not responding") {
            SshError::Timeout
        } else if [
            "Connection refused",
            "No route to host",
            "Network is unreachable",
        ]
        .into_iter()
        .any(says)
        {
            SshError::Unreachable
        } else {
            SshError::Remote {
                message: told(complaint),
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut child = lock(&self.child);
        // A child that has ended already cannot be killed, and only needs to be collected.
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Read for Output {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let allowed = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        if allowed == 0 {
            let limit = self.limit;
            return Err(self.failure.keep(SshError::TooLarge { limit }));
        }
        let clock = &self.process.clock;
        clock.waiting_since.store(clock.now() + 1, Ordering::SeqCst);
        let read = self.stdout.read(&mut buffer[..allowed]);
        clock.waiting_since.store(0, Ordering::SeqCst);
        match read {
            Ok(len) if len > 0 => {
                self.left -= len as u64;
                Ok(len)
            }
            ended => match self.process.conclusion() {
                Some(error) => Err(self.failure.keep(error)),
                None => ended,
            },
        }
    }
}

impl Clock {
    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// How long somebody has been waiting.
    fn waited(&self) -> Duration {
        match self.waiting_since.load(Ordering::SeqCst) {
            0 => Duration::ZERO,
            since => Duration::from_millis(self.now().saturating_sub(since - 1)),
        }
    }
}

/// Keeps the beginning of what the program complains, and reads the rest so that it never has to wait.
fn listen(stderr: ChildStderr, complaint: &Mutex<Vec<u8>>, complained: Sender<()>) {
    let mut stderr = stderr;
    let mut buffer = [0; 1024];
    while let Ok(len) = stderr.read(&mut buffer) {
        if len == 0 {
            break;
        }
        let mut kept = lock(complaint);
        let room = MAX_COMPLAINT - kept.len();
        kept.extend_from_slice(&buffer[..len.min(room)]);
    }
    // Nobody may be there to hear it any more.
    let _ = complained.send(());
}

/// Ends the program when its time is over.
fn watch(child: &Mutex<Child>, clock: &Clock, limits: Limits, ended: &Receiver<()>) {
    let interval = (limits.stall / 4).max(Duration::from_millis(20));
    loop {
        let left = limits.until.saturating_duration_since(Instant::now());
        match ended.recv_timeout(interval.min(left)) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
        if Instant::now() >= limits.until || clock.waited() >= limits.stall {
            clock.is_over.store(true, Ordering::SeqCst);
            // It may have ended at this very moment.
            let _ = lock(child).kill();
            return;
        }
    }
}

/// The last lines, in printable characters.
fn told(complaint: &str) -> String {
    let lines: Vec<&str> = complaint
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let last = lines[lines.len().saturating_sub(3)..].join("; ");
    if last.is_empty() {
        return "it said nothing".to_owned();
    }
    let mut told = String::new();
    for character in last.chars() {
        if told.len() >= MAX_MESSAGE {
            told.push('…');
            break;
        }
        if character.is_control() {
            told.extend(character.escape_default());
        } else {
            told.push(character);
        }
    }
    told
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
