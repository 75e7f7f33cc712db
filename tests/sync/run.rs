//! Runs of the built program.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A run of `lockstep` to be: an empty environment, and a home folder without keys or kubeconfig.
#[derive(Debug)]
pub(crate) struct Lockstep {
    command: Command,
}

/// What a run gave.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn lockstep<I, S>(arguments: I) -> Lockstep
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
    command
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Lockstep { command }
}

impl Lockstep {
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub(crate) fn args<I, S>(mut self, arguments: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        self.command.args(arguments);
        self
    }

    pub(crate) fn start(mut self) -> Child {
        self.command.spawn().expect("lockstep starts")
    }

    pub(crate) fn run(mut self) -> Run {
        self.command.output().expect("lockstep starts").into()
    }

    /// The same run under `strace -f`, which writes what every system call carried into `log`, in hexadecimal.
    pub(crate) fn traced(self, log: &Path) -> Run {
        let mut command = Command::new("strace");
        command
            .args(["-f", "-qq", "-s", "1048576", "-xx", "-o"])
            .arg(log)
            .args(["-e", "trace=write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,sendmmsg,sendfile,splice,vmsplice,copy_file_range,open,openat,openat2,creat,mknod,mknodat,memfd_create,rename,renameat,renameat2,execve,execveat,socket,connect"])
            .arg(self.command.get_program())
            .args(self.command.get_args())
            .env_clear();
        for (name, value) in self.command.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        command.output().expect("strace starts").into()
    }
}

impl Run {
    /// The run, after it was seen to end with `code`.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// The run, after all of `texts` were found in what it printed.
    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(
                self.all().contains(text),
                "no `{text}` in\n{}\n{}",
                self.stdout,
                self.stderr
            );
        }
        self
    }

    /// Both outputs.
    pub(crate) fn all(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// What a started run gives, once it ends of itself.
#[track_caller]
pub(crate) fn finished(mut child: Child, limit: Duration) -> Run {
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > limit {
            child.kill().unwrap();
            panic!(
                "still running after {limit:?}: {:?}",
                Run::from(child.wait_with_output().unwrap())
            );
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.wait_with_output().unwrap().into()
}
