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
use gix::protocol::transport::client::blocking_io::{Transport, http};
use gix::protocol::transport::{Protocol, Service};
use gix::protocol::{Handshake, LsRefsCommand};

use super::credentials::Credentials;
use super::error::{Cause, FetchError};
use super::http::{HttpClient, Patience, Watch};
use super::local;
use super::revision::Reference;
use super::ssh;
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
#[derive(Clone, Copy)]
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
    failures: Failures,
    until: Instant,
    pack_limit: u64,
}

impl Session {
    /// Connects, and finds out what the server can. `folder` is a private one, for the socket of an agent.
    pub(crate) fn open(
        url: &RepositoryUrl,
        credentials: &Credentials,
        limits: &FetchLimits,
        folder: &Path,
    ) -> Result<Self, FetchError> {
        let until = Instant::now() + limits.total;
        let (mut transport, failures) = connect(url, credentials, limits, until, folder)?;
        let handshake = gix::protocol::handshake(
            &mut transport,
            Service::UploadPack,
            |_| Ok(None),
            Vec::new(),
            &mut Discard,
        )
        .map_err(|error| failures.explain(&error))?;
        Ok(Self {
            transport,
            handshake,
            failures,
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
                    .map_err(|error| self.failures.explain(&error))?
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
        if let Failures::Http(watch) = &self.failures {
            watch.set_limit(self.pack_limit);
        }
        let wants = self.wanted(wish.wants);
        let wish = &Wish {
            wants: &wants,
            ..*wish
        };
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
        let result = match (self.failures.take(), consumed, outcome) {
            (Some(failure), _, _) | (None, Err(failure), _) => Err(failure),
            (None, Ok(()), Ok(_)) => Ok(()),
            (None, Ok(()), Err(error)) => Err(self.failures.explain(&error)),
        };
        match result {
            // What was interrupted says so in many ways.
            Err(FetchError::Protocol(_)) if Instant::now() >= self.until => {
                Err(FetchError::Timeout)
            }
            result => result,
        }
    }

    /// What to ask for, to get `commits`. Before version 2 of the protocol a server hands out only what a reference
    /// names: the annotated tag, and not its commit.
    fn wanted(&self, commits: &[ObjectId]) -> Vec<ObjectId> {
        let listed = self.handshake.refs.as_deref().unwrap_or_default();
        let named = |commit: &ObjectId| {
            let direct = listed
                .iter()
                .any(|listed| matches!(listed, Ref::Direct { object, .. } if object == commit));
            let tag = listed.iter().find_map(|listed| match listed {
                Ref::Peeled { tag, object, .. } if object == commit => Some(*tag),
                _ => None,
            });
            tag.filter(|_| !direct).unwrap_or(*commit)
        };
        commits.iter().map(named).collect()
    }

    /// When the conversation is given up.
    pub(crate) const fn until(&self) -> Instant {
        self.until
    }
}

/// Where a transport keeps what went wrong.
enum Failures {
    Http(Watch),
    Ssh(ssh::Failure),
    Local(ssh::Failure),
}

impl Failures {
    fn take(&self) -> Option<FetchError> {
        match self {
            Self::Http(watch) => watch.take_failure(),
            Self::Ssh(failure) => failure.take().map(FetchError::Ssh),
            Self::Local(failure) => failure.take().map(local::explained),
        }
    }

    /// What was kept of a failure, or else what `gix` says.
    fn explain(&self, error: &gix::Error) -> FetchError {
        self.take()
            .unwrap_or_else(|| FetchError::Protocol(Cause::of(error)))
    }
}

fn connect(
    url: &RepositoryUrl,
    credentials: &Credentials,
    limits: &FetchLimits,
    until: Instant,
    folder: &Path,
) -> Result<(Box<dyn Transport>, Failures), FetchError> {
    let bounds = ssh::Limits {
        connect: limits.connect,
        stall: limits.stall,
        until,
        answer: limits.pack.max(MAX_REFERENCES),
    };
    match url.endpoint() {
        Endpoint::Http { .. } => {
            let patience = Patience {
                connect: limits.connect,
                stall: limits.stall,
                until,
            };
            let watch = Watch::default();
            watch.set_limit(MAX_REFERENCES);
            let client = HttpClient::new(url, credentials, patience, watch.clone())?;
            let address = gix::url::parse(url.as_str()).map_err(|_| FetchError::Transport)?;
            let transport = http::Transport::new_http(client, address, Protocol::V2, false);
            Ok((Box::new(transport), Failures::Http(watch)))
        }
        Endpoint::Ssh {
            user,
            host,
            port,
            path,
        } => {
            let destination = ssh::Destination {
                user: user.as_deref(),
                host,
                port: *port,
                path,
            };
            let (transport, failure) = ssh::connect(&destination, credentials, bounds, folder)?;
            Ok((Box::new(transport), Failures::Ssh(failure)))
        }
        Endpoint::Directory(served) => {
            let (transport, failure) = local::connect(served, credentials, bounds)?;
            Ok((Box::new(transport), Failures::Local(failure)))
        }
    }
}

fn agent() -> gix::protocol::command::Feature {
    (
        "agent",
        Some(concat!("git/lockstep-", env!("CARGO_PKG_VERSION")).to_owned()),
    )
}

fn reference(listed: &Ref) -> Option<Reference> {
    let (name, commit, tag) = match listed {
        Ref::Peeled {
            full_ref_name,
            object,
            tag,
        } => (full_ref_name, object, Some(*tag)),
        Ref::Direct {
            full_ref_name,
            object,
        } => (full_ref_name, object, None),
        Ref::Symbolic {
            full_ref_name,
            object,
            tag,
            ..
        } => (full_ref_name, object, *tag),
        Ref::Unborn { .. } => return None,
    };
    Some(Reference {
        name: str::from_utf8(name).ok()?.to_owned(),
        commit: *commit,
        tag,
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
