//! Git from a folder of this machine: `git upload-pack` serves it to us, as it would to another machine.

use std::path::Path;
use std::process::{ChildStdin, Command};

use gix::protocol::transport::Protocol;
use gix::protocol::transport::client::git::ConnectMode;
use gix::protocol::transport::client::git::blocking_io::Connection;

use super::credentials::{Credentials, SshIdentity};
use super::error::{Cause, FetchError};
use super::ssh::{Failure, Limits, Output, Process, SshError};

/// What the program gets of the environment of the person who called: where programs are, and where Git's configuration
/// is, which says whose repositories it may serve.
const VARIABLES: [&str; 2] = ["HOME", "PATH"];

/// Connects to the repository in `folder`.
///
/// # Errors
///
/// The program cannot be started. What happens later comes up in reading.
pub(super) fn connect(
    folder: &Path,
    credentials: &Credentials,
    limits: Limits,
) -> Result<(Connection<Output, ChildStdin>, Failure), FetchError> {
    let mut git = Command::new("git");
    // Nothing else of our environment: keys and tokens are handed over in it.
    git.env_clear().env("GIT_PROTOCOL", "version=2");
    if let SshIdentity::Personal(environment) = &credentials.ssh_identity {
        let needed = environment
            .iter()
            .filter(|(name, _)| VARIABLES.iter().any(|needed| name == needed));
        git.envs(needed.map(|(name, value)| (name, value)));
    }
    git.args(["upload-pack", "--"]).arg(folder);
    let served = folder.to_str().ok_or(FetchError::Transport)?;
    let (input, output, failure) = Process::plain(git, limits).map_err(explained)?;
    let connection = Connection::new(
        output,
        input,
        Protocol::V2,
        served,
        None::<(&str, _)>,
        ConnectMode::Process,
        false,
    );
    Ok((connection, failure))
}

/// What went wrong with the program.
pub(super) fn explained(error: SshError) -> FetchError {
    match error {
        SshError::Timeout => FetchError::Timeout,
        SshError::TooLarge { limit } => FetchError::TooLarge { limit },
        SshError::Start(_) => {
            FetchError::Protocol(Cause::text("the program git cannot be started"))
        }
        SshError::Remote { message } => FetchError::Protocol(Cause::text(&message)),
        error => FetchError::Protocol(Cause::of(&error)),
    }
}
