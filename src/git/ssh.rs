//! Git over SSH: a connection through the program `ssh`.
//!
//! There is no shell, and nothing of the address can be taken for an option: [`RepositoryUrl`](super::RepositoryUrl) has
//! none that could, and a host follows `--`. With a key of the operator's the program reads no configuration, knows no
//! hosts but those that the operator knows, forwards nothing and never asks; the key stays in this process, whose
//! [agent](agent) signs. Only [`SshIdentity::Personal`] uses what the person who called has configured.

mod agent;
mod folder;
mod key;
mod openssh;
mod process;
pub(in crate::git) mod wire;

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{ChildStdin, Command};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gix::protocol::transport::Protocol;
use gix::protocol::transport::client::git::ConnectMode;
use gix::protocol::transport::client::git::blocking_io::Connection;

use super::credentials::{Credentials, SshIdentity, Verification};
use agent::Agent;
use folder::PrivateFolder;
use key::SigningKey;
pub use key::SshKeyError;
pub(super) use process::{Failure, Output, Process};

/// The variables of the environment that `ssh` may have where it runs as the person who called.
pub const PERSONAL_VARIABLES: &[&str] = &[
    "DISPLAY",
    "HOME",
    "KRB5CCNAME",
    "LOGNAME",
    "PATH",
    "SSH_AUTH_SOCK",
    "SSH_SK_PROVIDER",
    "USER",
    "WAYLAND_DISPLAY",
    "XDG_RUNTIME_DIR",
];

/// The hosts that every user of this machine knows.
const SYSTEM_HOSTS: &str = "/etc/ssh/ssh_known_hosts";

/// The program at the other end.
const UPLOAD_PACK: &str = "git-upload-pack";

/// What `ssh` is told whoever connects: never ask, forward nothing, leave nothing running.
const ALWAYS: &[&str] = &[
    "BatchMode=yes",
    "ClearAllForwardings=yes",
    "ControlMaster=no",
    "ControlPersist=no",
    "ForwardAgent=no",
    "ForwardX11=no",
    "LogLevel=ERROR",
    "PermitLocalCommand=no",
    "RequestTTY=no",
    "SendEnv=GIT_PROTOCOL",
    "ServerAliveCountMax=3",
    "ServerAliveInterval=15",
    "Tunnel=no",
];

/// What it is told besides where it does not run as a person: one key or none, and only hosts that are known.
const CONFINED: &[&str] = &[
    "AddKeysToAgent=no",
    "CanonicalizeHostname=no",
    "CheckHostIP=no",
    "ControlPath=none",
    "GSSAPIAuthentication=no",
    "HostbasedAuthentication=no",
    "IdentitiesOnly=no",
    "IdentityFile=none",
    "KbdInteractiveAuthentication=no",
    "PasswordAuthentication=no",
    "PreferredAuthentications=publickey",
    "ProxyCommand=none",
    "ProxyJump=none",
    "UpdateHostKeys=no",
    "VerifyHostKeyDNS=no",
];

/// Where to connect to: the parts of [`Endpoint::Ssh`](super::Endpoint::Ssh).
pub(super) struct Destination<'a> {
    pub(super) user: Option<&'a str>,
    pub(super) host: &'a str,
    pub(super) port: Option<u16>,
    pub(super) path: &'a str,
}

/// How long is waited and how much is read, at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// For a connection.
    pub(super) connect: Duration,
    /// For the next bytes.
    pub(super) stall: Duration,
    /// For everything.
    pub(super) until: Instant,
    /// In bytes.
    pub(super) answer: u64,
}

/// Git over SSH did not work. Holds neither key nor address.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SshError {
    /// The private key of the credentials.
    #[error("the private key for ssh cannot be used")]
    Key(#[from] SshKeyError),
    /// The program is not there.
    #[error("the program ssh cannot be started")]
    Start(#[source] Arc<io::Error>),
    /// No private folder for the socket of the agent.
    #[error("no private folder for the connection by ssh")]
    Folder(#[source] Arc<io::Error>),
    /// The host's key is not among those that are known.
    #[error("the key of the ssh host is not known")]
    UnknownHost,
    /// The host shows another key than the one that is known, or a revoked one.
    #[error("the ssh host shows another key than the known one, or a revoked one")]
    ChangedHost,
    /// The host wants a key, and there is none for this repository.
    #[error("the ssh host asks for a key, and none is configured for this repository")]
    KeyNeeded,
    /// The host does not accept the key.
    #[error("the ssh host does not accept the key")]
    KeyRefused,
    /// The name of the host has no address.
    #[error("the name of the ssh host cannot be resolved")]
    Unresolved,
    /// No connection to the host.
    #[error("no connection to the ssh host")]
    Unreachable,
    /// Too slow.
    #[error("the ssh host did not answer in time")]
    Timeout,
    /// More than what is allowed.
    #[error("the ssh host's answer is longer than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// Anything else that `ssh`, or the program at the other end, says.
    #[error("{UPLOAD_PACK} at the ssh host failed: {message}")]
    Remote {
        /// The last lines, with control characters written out.
        message: String,
    },
}

/// Connects to a repository to read it.
///
/// `folder` is a folder of this program, closed to others, for the socket of the agent. The connection ends the program
/// when it is dropped. What went wrong reaches the reader as an error of its source, and stays in the [`Failure`].
///
/// # Errors
///
/// The key cannot be used, or the program cannot be started. What happens later comes up in reading.
pub(super) fn connect(
    destination: &Destination<'_>,
    credentials: &Credentials,
    limits: Limits,
    folder: &Path,
) -> Result<(Connection<Output, ChildStdin>, Failure), SshError> {
    let mut ssh = Command::new("ssh");
    // Nothing of our environment: keys and tokens are handed over in it.
    ssh.env_clear().env("GIT_PROTOCOL", "version=2");
    let (private, agent) = match &credentials.ssh_identity {
        SshIdentity::Personal(environment) => {
            ssh.envs(environment.iter().map(|(name, value)| (name, value)));
            (None, None)
        }
        SshIdentity::Key(key) => {
            let key = SigningKey::parse(key.expose())?;
            let private = PrivateFolder::create(folder, &["agent", "known_hosts"])?;
            let user = destination.user.map(str::to_owned);
            let agent = Agent::start(&private.path().join("agent"), key, user).map_err(failed)?;
            ssh.env("SSH_AUTH_SOCK", "agent");
            (Some(private), Some(agent))
        }
        SshIdentity::None => (Some(PrivateFolder::create(folder, &["known_hosts"])?), None),
    };

    ssh.arg("-T");
    if let Some(private) = &private {
        // Paths are given from here, since `ssh` expands `%` and `~` in them and parts them at blanks.
        ssh.current_dir(private.path());
        ssh.args(["-F", "none"]).args(options(CONFINED));
        if let Some(known) = &credentials.known_hosts {
            private.write("known_hosts", known.as_bytes())?;
        }
    }
    let known_hosts = match (credentials.verification, &private, &credentials.known_hosts) {
        (Verification::Waived, _, _) => Some(["no", "/dev/null", "none"]),
        (Verification::Required, Some(_), Some(_)) => Some(["yes", "known_hosts", "none"]),
        (Verification::Required, Some(_), None) => Some(["yes", "none", SYSTEM_HOSTS]),
        // What the person knows, and has said of the unknown.
        (Verification::Required, None, _) => None,
    };
    if let Some([strict, own, system]) = known_hosts {
        ssh.arg(format!("-oStrictHostKeyChecking={strict}"))
            .arg(format!("-oUserKnownHostsFile={own}"))
            .arg(format!("-oGlobalKnownHostsFile={system}"));
    }
    ssh.args(options(ALWAYS)).arg(format!(
        "-oConnectTimeout={}",
        limits.connect.as_secs().max(1)
    ));
    if let Some(port) = destination.port {
        ssh.args(["-p", &port.to_string()]);
    }
    if let Some(user) = destination.user {
        ssh.args(["-l", user]);
    }
    ssh.args(["--", destination.host])
        .arg(format!("{UPLOAD_PACK} {}", quoted(destination.path)));

    let has_key = !matches!(credentials.ssh_identity, SshIdentity::None);
    let (input, output, failure) = Process::start(ssh, limits, has_key, agent, private)?;
    let connection = Connection::new(
        output,
        input,
        Protocol::V2,
        destination.path,
        None::<(&str, _)>,
        ConnectMode::Process,
        false,
    );
    Ok((connection, failure))
}

fn options(options: &[&str]) -> impl Iterator<Item = OsString> {
    options.iter().map(|option| format!("-o{option}").into())
}

/// One word for the shell at the other end, as git quotes it (`sq_quote_buf` in quote.c).
fn quoted(path: &str) -> String {
    let mut quoted = String::with_capacity(path.len() + 2);
    quoted.push('\'');
    for character in path.chars() {
        match character {
            '\'' | '!' => quoted.extend(['\'', '\\', character, '\'']),
            other => quoted.push(other),
        }
    }
    quoted.push('\'');
    quoted
}

fn failed(error: io::Error) -> SshError {
    SshError::Folder(Arc::new(error))
}

impl SshError {
    /// A stable name of this error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Key(_) => "ssh-key-unusable",
            Self::Start(_) => "ssh-not-started",
            Self::Folder(_) => "ssh-folder",
            Self::UnknownHost => "ssh-host-unknown",
            Self::ChangedHost => "ssh-host-changed",
            Self::KeyNeeded => "ssh-key-needed",
            Self::KeyRefused => "ssh-key-refused",
            Self::Unresolved => "ssh-host-unresolved",
            Self::Unreachable => "ssh-host-unreachable",
            Self::Timeout => "ssh-timeout",
            Self::TooLarge { .. } => "ssh-answer-too-large",
            Self::Remote { .. } => "ssh-remote",
        }
    }

    /// Whether the same may succeed later, without anybody changing anything here.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unresolved | Self::Unreachable | Self::Timeout)
    }
}

#[cfg(test)]
mod tests;
