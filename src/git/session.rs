//! One conversation with a server: which references it has, and the pack of what is wanted.

use std::collections::BTreeSet;
use std::io::BufRead;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use gix::ObjectId;
use gix::progress::Discard;
use gix::protocol::fetch::{self, Arguments, Negotiate, Response, Shallow, Tags, negotiate};
use gix::protocol::handshake::Ref;
use gix::protocol::ls_refs::RefPrefixes;
use gix::protocol::transport::client::blocking_io::{Transport, file, http};
use gix::protocol::transport::{Protocol, Service};
use gix::protocol::{Handshake, LsRefsCommand};

use super::credentials::Credentials;
use super::error::{Cause, FetchError};
use super::http::{HttpClient, Patience, Watch};
use super::revision::Reference;
use super::url::{Endpoint, RepositoryUrl};

/// The longest list of references that is read, in bytes.
const MAX_REFERENCES: u64 = 64 << 20;

/// What a server may take of us.
#[derive(Clone, Copy, Debug)]
pub struct FetchLimits {
    /// Longest wait for a connection.
    pub connect: Duration,
    /// Longest wait for the next bytes.
    pub stall: Duration,
    /// Longest time for one fetch.
    pub total: Duration,
    /// Largest pack in bytes.
    pub pack: u64,
    /// Largest object in bytes, unpacked; also the largest single piece of memory that a pack can make us take.
    pub object: usize,
}

impl Default for FetchLimits {
    /// 15 s to connect, 60 s of silence, 10 min in all; 2 GiB for a pack, 256 MiB for an object.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            stall: Duration::from_secs(60),
            total: Duration::from_secs(600),
            pack: 2 << 30,
            object: 256 << 20,
        }
    }
}

/// What is asked of a server in one go.
pub(crate) struct Wish<'a> {
    /// The objects, with all that belongs to them.
    pub(crate) wants: &'a [ObjectId],
    /// Commits that are here, with all that belongs to them.
    pub(crate) haves: &'a [ObjectId],
    /// How many commits back.
    pub(crate) depth: &'a Shallow,
    /// Where the commits are noted whose parents are not here.
    pub(crate) shallow_file: &'a Path,
}

/// A conversation, begun.
pub(crate) struct Session {
    transport: Box<dyn Transport>,
    handshake: Handshake,
    watch: Watch,
    until: Instant,
    pack_limit: u64,
}

impl Session {
    /// Connects, and finds out what the server can.
    pub(crate) fn open(
        url: &RepositoryUrl,
        credentials: &Credentials,
        limits: &FetchLimits,
    ) -> Result<Self, FetchError> {
        let until = Instant::now() + limits.total;
        let watch = Watch::default();
        watch.set_limit(MAX_REFERENCES);
        let mut transport = connect(url, credentials, limits, until, &watch)?;
        let handshake = gix::protocol::handshake(
            &mut transport,
            Service::UploadPack,
            |_| Ok(None),
            Vec::new(),
            &mut Discard,
        )
        .map_err(|error| failed(&watch, &error))?;
        Ok(Self {
            transport,
            handshake,
            watch,
            until,
            pack_limit: limits.pack,
        })
    }

    /// The references whose names begin with one of `prefixes`, and possibly others. Those that cannot name a commit, or
    /// are not UTF-8, are left out.
    pub(crate) fn references(
        &mut self,
        prefixes: BTreeSet<String>,
    ) -> Result<Vec<Reference>, FetchError> {
        let listed = match &self.handshake.refs {
            Some(listed) => listed.clone(),
            None => {
                let mut wanted = RefPrefixes::new();
                wanted.extend(prefixes.into_iter().map(Into::into));
                LsRefsCommand::new(Some(wanted), &self.handshake.capabilities, agent())
                    .invoke_blocking(&mut self.transport, &mut Discard, false)
                    .map_err(|error| failed(&self.watch, &error))?
            }
        };
        Ok(listed.iter().filter_map(reference).collect())
    }

    /// Asks for a pack and hands it to `consume`.
    pub(crate) fn pack(
        &mut self,
        wish: &Wish<'_>,
        interrupt: &AtomicBool,
        consume: &mut dyn FnMut(&mut dyn BufRead) -> Result<(), FetchError>,
    ) -> Result<(), FetchError> {
        self.watch.set_limit(self.pack_limit);
        let mut consumed = Ok(());
        let outcome = gix::protocol::fetch(
            &mut Asking(wish),
            |pack, _, _| {
                consumed = consume(pack);
                match &consumed {
                    Ok(()) => Ok(true),
                    Err(error) => Err(gix::error::message!("{error}").into()),
                }
            },
            Discard,
            interrupt,
            fetch::Context {
                handshake: &mut self.handshake,
                transport: &mut self.transport,
                user_agent: agent(),
                trace_packetlines: false,
            },
            fetch::Options {
                shallow_file: wish.shallow_file.to_owned(),
                shallow: wish.depth,
                tags: Tags::None,
                reject_shallow_remote: false,
            },
        );
        let result = match (self.watch.take_failure(), consumed, outcome) {
            (Some(failure), _, _) | (None, Err(failure), _) => Err(failure),
            (None, Ok(()), Ok(_)) => Ok(()),
            (None, Ok(()), Err(error)) => Err(failed(&self.watch, &error)),
        };
        match result {
            // What was interrupted says so in many ways.
            Err(FetchError::Protocol(_)) if Instant::now() >= self.until => {
                Err(FetchError::Timeout)
            }
            result => result,
        }
    }

    /// When the conversation is given up.
    pub(crate) const fn until(&self) -> Instant {
        self.until
    }
}

fn connect(
    url: &RepositoryUrl,
    credentials: &Credentials,
    limits: &FetchLimits,
    until: Instant,
    watch: &Watch,
) -> Result<Box<dyn Transport>, FetchError> {
    match url.endpoint() {
        Endpoint::Http { .. } => {
            let patience = Patience {
                connect: limits.connect,
                stall: limits.stall,
                until,
            };
            let client = HttpClient::new(url, credentials, patience, watch.clone())?;
            let address = gix::url::parse(url.as_str()).map_err(|_| FetchError::Transport)?;
            Ok(Box::new(http::Transport::new_http(
                client,
                address,
                Protocol::V2,
                false,
            )))
        }
        // A program of this machine, `git-upload-pack`, which serves the folder.
        Endpoint::Directory(folder) => {
            let folder = folder.to_str().ok_or(FetchError::Transport)?;
            let connection =
                file::connect(folder, Protocol::V2, false).map_err(|_| FetchError::Transport)?;
            Ok(Box::new(connection))
        }
        Endpoint::Ssh { .. } => Err(FetchError::Transport),
    }
}

fn agent() -> gix::protocol::command::Feature {
    (
        "agent",
        Some(concat!("git/lockstep-", env!("CARGO_PKG_VERSION")).to_owned()),
    )
}

/// What was kept of a failure, or else what `gix` says.
fn failed(watch: &Watch, error: &gix::Error) -> FetchError {
    watch
        .take_failure()
        .unwrap_or_else(|| FetchError::Protocol(Cause::of(error)))
}

fn reference(listed: &Ref) -> Option<Reference> {
    let (name, commit) = match listed {
        Ref::Peeled {
            full_ref_name,
            object,
            ..
        }
        | Ref::Direct {
            full_ref_name,
            object,
        }
        | Ref::Symbolic {
            full_ref_name,
            object,
            ..
        } => (full_ref_name, object),
        Ref::Unborn { .. } => return None,
    };
    Some(Reference {
        name: str::from_utf8(name).ok()?.to_owned(),
        commit: *commit,
    })
}

/// Names what is wanted and what is here, all at once: the tips that are here are few, and a server that knows one of them
/// sends only what came after it.
struct Asking<'a, 'b>(&'a Wish<'b>);

impl Negotiate for Asking<'_, '_> {
    fn mark_complete_and_common_ref(&mut self) -> gix::Result<negotiate::Action> {
        Ok(negotiate::Action::MustNegotiate {
            remote_ref_target_known: Vec::new(),
        })
    }

    fn add_wants(&mut self, arguments: &mut Arguments, _known: &[bool]) -> bool {
        self.0.wants.iter().for_each(|id| arguments.want(id));
        !self.0.wants.is_empty()
    }

    fn one_round(
        &mut self,
        _state: &mut negotiate::one_round::State,
        arguments: &mut Arguments,
        _previous: Option<&Response>,
    ) -> gix::Result<(negotiate::Round, bool)> {
        self.0.haves.iter().for_each(|id| arguments.have(id));
        let round = negotiate::Round {
            haves_sent: self.0.haves.len(),
            in_vain: 0,
            haves_to_send: self.0.haves.len(),
            previous_response_had_at_least_one_in_common: false,
        };
        Ok((round, true))
    }
}
