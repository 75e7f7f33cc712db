//! A folder for one connection: its agent's socket, and the host keys that it may meet.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::{SshError, failed};

/// The longest path of a socket that every system takes, in bytes.
const MAX_SOCKET_PATH: usize = 100;

/// A folder that only this user can enter, and that goes with this value. Nothing secret is written to it.
pub(super) struct PrivateFolder {
    path: PathBuf,
    files: &'static [&'static str],
}

impl PrivateFolder {
    /// A new folder in `parent`, or in `/tmp` where the path would be too long for a socket, for `files`.
    pub(super) fn create(parent: &Path, files: &'static [&'static str]) -> Result<Self, SshError> {
        let mut random = [0; 8];
        aws_lc_rs::rand::fill(&mut random)
            .map_err(|_| failed(io::Error::other("the system gives no random numbers")))?;
        let name = format!("ssh-{:016x}", u64::from_ne_bytes(random));
        let mut path = parent.join(&name);
        if path.join("known_hosts").as_os_str().len() > MAX_SOCKET_PATH {
            path = Path::new("/tmp").join(&name);
        }
        // The folder must be new: one that is there could be somebody else's.
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(failed)?;
        Ok(Self { path, files })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn write(&self, file: &str, content: &[u8]) -> Result<(), SshError> {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.path.join(file))
            .and_then(|mut file| file.write_all(content))
            .map_err(failed)
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        // What cannot be removed holds public keys at most.
        for file in self.files {
            let _ = fs::remove_file(self.path.join(file));
        }
        let _ = fs::remove_dir(&self.path);
    }
}
