//! The mirrors of all repositories, and fetching into them.
//!
//! Callers that ask for the same repository at the same time are served together: one conversation with the server lists
//! the references that decide about all their revisions and brings all commits that are not here yet. Whoever comes while a
//! conversation is under way waits for the next one, since what the running one learned may be older than the question.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::fs::DirBuilder;
use std::io;
use std::num::NonZeroU32;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak, mpsc};
use std::time::{Duration, Instant};

use gix::ObjectId;
use gix::protocol::fetch::Shallow;
use sha2::{Digest as _, Sha256};
use tree::ObjectError;

use super::commit::{Commit, Tag};
use super::consolidate::consolidate;
use super::credentials::{Credentials, Login, SshIdentity};
use super::error::{Cause, FetchError};
use super::mirror::{Locked, Mirror, Use};
use super::objects::{Database, closure};
use super::revision::{Named, NamedTag, Reference, Revision};
use super::session::{FetchLimits, Session, Wish};
use super::url::RepositoryUrl;

/// As many of the newest commits as a server is told that we have.
const MAX_HAVES: usize = 256;

/// The largest commit object that is read, in bytes.
const MAX_COMMIT: u64 = 16 << 20;

/// How mirrors are kept.
#[derive(Clone, Copy, Debug)]
pub struct MirrorOptions {
    /// What a server may take of us.
    pub limits: FetchLimits,
    /// How many commits are fetched where the credentials do not say.
    pub depth: NonZeroU32,
    /// How old a list of references may be to answer another question, for the same references with the same credentials.
    /// Zero asks the server each time.
    pub freshness: Duration,
    /// From how many packs on they are put together into one.
    pub packs: usize,
    /// How many of the newest commits survive that, besides those that were asked for since the process began.
    pub commits: usize,
}

impl Default for MirrorOptions {
    /// Only the commit itself; always fresh; 32 packs, 16 commits.
    fn default() -> Self {
        Self {
            limits: FetchLimits::default(),
            depth: NonZeroU32::MIN,
            freshness: Duration::ZERO,
            packs: 32,
            commits: 16,
        }
    }
}

/// A private folder of bare mirrors, one for each repository.
///
/// One folder is one domain of trust: whoever may ask it for a repository gets the commits that anybody fetched of it,
/// and a commit by its full name is handed out without asking the server. Several processes can share a folder.
pub struct Mirrors {
    folder: PathBuf,
    options: MirrorOptions,
    repositories: Mutex<HashMap<String, Arc<Repository>>>,
}

/// A mirror, and who waits for it in this process.
struct Repository {
    mirror: Mirror,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The objects, as long as the packs are those that were opened.
    database: Option<Database>,
    in_use: Weak<Use>,
    /// Whether a conversation is under way.
    busy: bool,
    /// What the next conversation is about, by whose credentials it is held.
    gathering: Vec<Arc<Round>>,
    /// The last list of references.
    listed: Option<Listed>,
    /// Commits that were handed out by this process.
    handed_out: HashSet<ObjectId>,
}

struct Listed {
    at: Instant,
    credentials: Credentials,
    prefixes: BTreeSet<String>,
    references: Vec<Reference>,
}

/// One conversation, and the questions that it answers.
struct Round {
    credentials: Credentials,
    revisions: Mutex<BTreeSet<Revision>>,
    answers: OnceLock<Answers>,
}

type Answers = BTreeMap<Revision, Result<Named, FetchError>>;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Mirrors {
    /// The mirrors in `folder`, which is made where there is none. It must belong to this user and to nobody else.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made, or others may enter it.
    pub fn open(folder: PathBuf, options: MirrorOptions) -> Result<Self, FetchError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)?;
        let status = std::fs::metadata(&folder)?;
        let own = rustix::process::geteuid().as_raw();
        if status.uid() != own || status.mode() & 0o077 != 0 {
            let text = "the folder belongs to another user, or others may enter it";
            return Err(FetchError::Mirror(Cause::text(text)));
        }
        Ok(Self {
            folder,
            options,
            repositories: Mutex::default(),
        })
    }

    /// The commit that `revision` names now, fetched if it is not here yet.
    ///
    /// A commit by its full name that is here needs no server; any other revision is one question to it, and what is here
    /// is not fetched again. Blocks until it is done, at most about [`FetchLimits::total`] for each conversation that it
    /// waits for.
    ///
    /// # Errors
    ///
    /// Why the server could not be asked, what is wrong with its answer, or that there is no such revision.
    pub fn fetch(
        &self,
        url: &RepositoryUrl,
        revision: &Revision,
        credentials: &Credentials,
    ) -> Result<Commit, FetchError> {
        let repository = self.repository(url)?;
        if let Some(id) = revision.as_commit()
            && let Some(commit) = repository.present(&Named::commit(id), &self.options)?
        {
            return Ok(commit);
        }
        let named = repository.ask(revision, credentials, |round| {
            Conversation {
                url,
                repository: &repository,
                folder: &self.folder,
                credentials: &round.credentials,
                options: &self.options,
            }
            .hold(round)
        })?;
        let missing = || FetchError::UnknownRevision {
            revision: revision.clone(),
        };
        repository
            .present(&named, &self.options)?
            .ok_or_else(missing)
    }

    fn repository(&self, url: &RepositoryUrl) -> Result<Arc<Repository>, FetchError> {
        let address = url.as_str().trim_end_matches('/');
        let address = address.strip_suffix(".git").unwrap_or(address);
        let mut name = String::with_capacity(40);
        for byte in Sha256::digest(address).iter().take(20) {
            // Writing to a string does not fail.
            let _ = write!(name, "{byte:02x}");
        }
        let mut repositories = lock(&self.repositories);
        if let Some(repository) = repositories.get(&name) {
            return Ok(Arc::clone(repository));
        }
        let repository = Arc::new(Repository {
            mirror: Mirror::open(self.folder.join(&name))?,
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        repositories.insert(name, Arc::clone(&repository));
        Ok(repository)
    }
}

impl Repository {
    /// The answer to one question, in a conversation with the questions of others.
    fn ask(
        &self,
        revision: &Revision,
        credentials: &Credentials,
        hold: impl Fn(&Round) -> Answers,
    ) -> Result<Named, FetchError> {
        let mut state = lock(&self.state);
        let round = match state
            .gathering
            .iter()
            .find(|round| same(&round.credentials, credentials))
        {
            Some(round) => Arc::clone(round),
            None => {
                let round = Arc::new(Round {
                    credentials: credentials.clone(),
                    revisions: Mutex::default(),
                    answers: OnceLock::new(),
                });
                state.gathering.push(Arc::clone(&round));
                round
            }
        };
        lock(&round.revisions).insert(revision.clone());
        while round.answers.get().is_none() {
            if state.busy {
                state = self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            state.busy = true;
            state.gathering.retain(|other| !Arc::ptr_eq(other, &round));
            drop(state);
            // Also when this thread panics, the others must not wait for ever.
            let release = Release(self);
            round.answers.get_or_init(|| hold(&round));
            drop(release);
            state = lock(&self.state);
        }
        drop(state);
        let unknown = || FetchError::UnknownRevision {
            revision: revision.clone(),
        };
        let answers = round.answers.get().ok_or_else(unknown)?;
        answers.get(revision).cloned().ok_or_else(unknown)?
    }

    /// A commit, if it is complete here. The tag is only needed by who asks for its signature, so that one that cannot be
    /// read keeps nobody else from the commit.
    fn present(
        &self,
        named: &Named,
        options: &MirrorOptions,
    ) -> Result<Option<Commit>, FetchError> {
        let id = named.commit;
        let in_use = self.in_use()?;
        if !self
            .mirror
            .complete()?
            .values()
            .any(|complete| *complete == id)
        {
            return Ok(None);
        }
        let database = self.database(options)?;
        // What cannot be read is fetched again.
        let Ok(raw) = database.read(id, gix::objs::Kind::Commit, MAX_COMMIT) else {
            return Ok(None);
        };
        let tag = named.tag.as_ref().and_then(|tag| {
            Some(Tag {
                id: tag.id,
                name: tag.name.clone(),
                raw: read_tag(&database, tag).ok()?,
            })
        });
        let commit = Commit::new(id, raw, tag, database, in_use);
        if commit.is_some() {
            lock(&self.state).handed_out.insert(id);
        }
        Ok(commit)
    }

    fn in_use(&self) -> io::Result<Arc<Use>> {
        if let Some(in_use) = lock(&self.state).in_use.upgrade() {
            return Ok(in_use);
        }
        // May wait for who takes packs away, who needs the state meanwhile.
        let in_use = Arc::new(self.mirror.using()?);
        lock(&self.state).in_use = Arc::downgrade(&in_use);
        Ok(in_use)
    }

    fn database(&self, options: &MirrorOptions) -> io::Result<Database> {
        let mut state = lock(&self.state);
        if let Some(database) = &state.database {
            return Ok(database.clone());
        }
        let database = self.mirror.database(&options.limits)?;
        state.database = Some(database.clone());
        Ok(database)
    }

    fn forget_database(&self) {
        lock(&self.state).database = None;
    }
}

fn read_tag(database: &Database, tag: &NamedTag) -> Result<Vec<u8>, ObjectError> {
    database.read(tag.id, gix::objs::Kind::Tag, MAX_COMMIT)
}

/// Lets the next conversation begin.
struct Release<'a>(&'a Repository);

impl Drop for Release<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).busy = false;
        self.0.changed.notify_all();
    }
}

/// What is fetched in one go.
struct Wants<'a> {
    commits: &'a [ObjectId],
    /// Tag objects, which come without anything that belongs to them where their commits are here.
    tags: &'a [ObjectId],
}

/// One conversation with a server.
struct Conversation<'a> {
    url: &'a RepositoryUrl,
    repository: &'a Repository,
    folder: &'a Path,
    credentials: &'a Credentials,
    options: &'a MirrorOptions,
}

impl Conversation<'_> {
    /// Answers all questions of a round.
    fn hold(&self, round: &Round) -> Answers {
        let revisions = lock(&round.revisions).clone();
        let mut session = None;
        let references = match self.references(&revisions, &mut session) {
            Ok(references) => references,
            Err(error) => {
                return revisions
                    .into_iter()
                    .map(|revision| (revision, Err(error.clone())))
                    .collect();
            }
        };
        let resolved: BTreeMap<_, _> = revisions
            .into_iter()
            .map(|revision| {
                let named = revision.resolve(&references);
                (revision, named)
            })
            .collect();
        let wanted: BTreeSet<_> = resolved.values().flatten().cloned().collect();
        let together = self.bring(&wanted.iter().cloned().collect::<Vec<_>>(), &mut session);
        let alone = |named: &Named| match (&together, wanted.len()) {
            (Ok(()), _) => Ok(()),
            // A commit that is not there spoils the fetch for all: each for itself then.
            (Err(error), _) if error.is_transient() => Err(error.clone()),
            (Err(error), 1) => Err(error.clone()),
            (Err(_), _) => self.bring(std::slice::from_ref(named), &mut None),
        };
        let mut answers = Answers::new();
        for (revision, named) in resolved {
            let answer = match named {
                Some(named) => match alone(&named) {
                    Err(FetchError::Protocol(_)) if revision.as_commit().is_some() => {
                        let digits = named.commit.to_string();
                        self.search(&revision, &digits).map(Named::commit)
                    }
                    result => result.map(|()| named),
                },
                None => match revision.as_abbreviation() {
                    Some(digits) => self.search(&revision, digits).map(Named::commit),
                    None => Err(FetchError::UnknownRevision {
                        revision: revision.clone(),
                    }),
                },
            };
            answers.insert(revision, answer);
        }
        answers
    }

    /// The references that decide about `revisions`. The server is asked only where one of them is a name.
    fn references(
        &self,
        revisions: &BTreeSet<Revision>,
        session: &mut Option<Session>,
    ) -> Result<Vec<Reference>, FetchError> {
        let mut prefixes = BTreeSet::new();
        for revision in revisions {
            revision.add_prefixes(&mut prefixes);
        }
        if prefixes.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(listed) = &lock(&self.repository.state).listed
            && listed.at.elapsed() < self.options.freshness
            && prefixes.is_subset(&listed.prefixes)
            && same(&listed.credentials, self.credentials)
        {
            return Ok(listed.references.clone());
        }
        // The age counts from before the question.
        let at = Instant::now();
        let references = self.session(session)?.references(prefixes.clone())?;
        lock(&self.repository.state).listed = Some(Listed {
            at,
            credentials: self.credentials.clone(),
            prefixes,
            references: references.clone(),
        });
        Ok(references)
    }

    fn session<'s>(&self, session: &'s mut Option<Session>) -> Result<&'s mut Session, FetchError> {
        let opened = match session.take() {
            Some(opened) => opened,
            None => Session::open(
                self.url,
                self.credentials,
                &self.options.limits,
                self.folder,
            )?,
        };
        Ok(session.insert(opened))
    }

    /// Sees to it that `wanted` are complete in the mirror, and their tags there.
    fn bring(&self, wanted: &[Named], session: &mut Option<Session>) -> Result<(), FetchError> {
        let mirror = &self.repository.mirror;
        let is_missing = |complete: &super::mirror::Complete, id: &ObjectId| {
            !complete.values().any(|present| present == id)
        };
        let tags = |database: &Database| -> Vec<ObjectId> {
            let tags = wanted.iter().filter_map(|named| named.tag.as_ref());
            tags.filter(|tag| matches!(read_tag(database, tag), Err(ObjectError::Missing)))
                .map(|tag| tag.id)
                .collect()
        };
        let commits: BTreeSet<_> = wanted.iter().map(|named| named.commit).collect();
        let complete = mirror.complete()?;
        if !commits.iter().any(|id| is_missing(&complete, id))
            && tags(&self.repository.database(self.options)?).is_empty()
        {
            return Ok(());
        }
        let locked = mirror.lock()?;
        // What was opened before may be gone: another process can have put packs together.
        self.repository.forget_database();
        self.tidy(&locked)?;
        let complete = mirror.complete()?;
        let mut missing: Vec<_> = commits
            .iter()
            .copied()
            .filter(|id| is_missing(&complete, id))
            .collect();
        // With more history than a commit's own, a commit can be here that nobody has asked for yet.
        let database = self.repository.database(self.options)?;
        let mut here = Vec::new();
        missing.retain(|id| {
            let is_here = database
                .read(*id, gix::objs::Kind::Commit, MAX_COMMIT)
                .is_ok()
                && closure(&database, *id, None).is_ok();
            if is_here {
                here.push(*id);
            }
            !is_here
        });
        if !here.is_empty() {
            locked.add_complete(&here)?;
        }
        let tags = tags(&database);
        if missing.is_empty() && tags.is_empty() {
            return Ok(());
        }
        let depth = self.credentials.depth.unwrap_or(self.options.depth);
        let depth = Shallow::DepthAtRemote(depth);
        let wants = Wants {
            commits: &missing,
            tags: &tags,
        };
        let result = self.transfer(&locked, &wants, &depth, session);
        match result {
            // Objects that we said we have may be damaged: then it works without them.
            Err(FetchError::Protocol(_) | FetchError::Incomplete { .. })
                if !complete.is_empty() =>
            {
                *session = None;
                if self.is_sound(&complete)? {
                    return result;
                }
                locked.make_anew()?;
                self.repository.forget_database();
                self.transfer(&locked, &wants, &depth, &mut None)
            }
            result => result,
        }
    }

    /// Whether everything that counts as complete can be found.
    fn is_sound(&self, complete: &super::mirror::Complete) -> Result<bool, FetchError> {
        let database = self.repository.database(self.options)?;
        Ok(complete
            .values()
            .all(|id| closure(&database, *id, None).is_ok()))
    }

    /// Fetches and stores a pack.
    fn transfer(
        &self,
        locked: &Locked<'_>,
        wants: &Wants<'_>,
        depth: &Shallow,
        session: &mut Option<Session>,
    ) -> Result<(), FetchError> {
        let mirror = &self.repository.mirror;
        let database = self.repository.database(self.options)?;
        let haves: Vec<_> = mirror
            .complete()?
            .into_values()
            .rev()
            .take(MAX_HAVES)
            .collect();
        let shallow_file = mirror.shallow_file();
        let all = [wants.commits, wants.tags].concat();
        let wish = Wish {
            wants: &all,
            haves: &haves,
            depth,
            shallow_file: &shallow_file,
        };
        let session = self.session(session)?;
        let until = session.until();
        let mut stored = None;
        with_deadline(until, |interrupt| {
            session.pack(&wish, interrupt, &mut |pack| {
                let limits = &self.options.limits;
                stored = Some(locked.store(pack, &database, limits, interrupt)?);
                Ok(())
            })
        })?;
        locked.accept(stored, wants.commits, &database)
    }

    /// A commit that the server does not hand out by its name, or of whose name only the beginning is known: searched
    /// among all branches and tags, with all their history.
    fn search(&self, revision: &Revision, digits: &str) -> Result<ObjectId, FetchError> {
        let unknown = || FetchError::UnknownRevision {
            revision: revision.clone(),
        };
        if let Some(id) = self.find(revision, digits)? {
            self.bring(&[Named::commit(id)], &mut None)?;
            return Ok(id);
        }
        let mut session = None;
        let prefixes = ["refs/heads/", "refs/tags/"].map(str::to_owned);
        let references = self.session(&mut session)?.references(prefixes.into())?;
        let tips: BTreeSet<_> = references
            .iter()
            .filter(|reference| {
                reference.name.starts_with("refs/heads/")
                    || reference.name.starts_with("refs/tags/")
            })
            .map(|reference| reference.commit)
            .collect();
        let tips: Vec<_> = tips.into_iter().collect();
        let is_tip = |id: &ObjectId| id.to_string().starts_with(digits);
        if let [tip] = tips.iter().filter(|id| is_tip(id)).collect::<Vec<_>>()[..] {
            self.bring(&[Named::commit(*tip)], &mut session)?;
            return Ok(*tip);
        }
        if tips.is_empty() {
            return Err(unknown());
        }
        {
            let locked = self.repository.mirror.lock()?;
            self.repository.forget_database();
            let wants = Wants {
                commits: &tips,
                tags: &[],
            };
            self.transfer(&locked, &wants, &Shallow::undo(), &mut session)?;
        }
        let id = self.find(revision, digits)?.ok_or_else(unknown)?;
        self.bring(&[Named::commit(id)], &mut None)?;
        Ok(id)
    }

    /// The commit here whose name begins with `digits`.
    fn find(&self, revision: &Revision, digits: &str) -> Result<Option<ObjectId>, FetchError> {
        let database = self.repository.database(self.options)?;
        let prefix = gix::hash::Prefix::from_hex(&digits.to_ascii_lowercase())
            .map_err(|error| FetchError::Mirror(Cause::of(&error)))?;
        let mut candidates = HashSet::default();
        database
            .with(|objects| objects.lookup_prefix(prefix, Some(&mut candidates)))
            .map_err(|error| FetchError::Mirror(Cause::of(&error)))?;
        candidates.retain(|id| {
            database
                .read(*id, gix::objs::Kind::Commit, MAX_COMMIT)
                .is_ok()
        });
        let mut candidates = candidates.into_iter();
        match (candidates.next(), candidates.next()) {
            (found, None) => Ok(found),
            (_, Some(_)) => Err(FetchError::AmbiguousRevision {
                revision: revision.clone(),
            }),
        }
    }

    /// Puts the packs together where there are too many, and drops commits that nobody needs, unless somebody reads.
    fn tidy(&self, locked: &Locked<'_>) -> Result<(), FetchError> {
        if locked.pack_count()? < self.options.packs {
            return Ok(());
        }
        let Some(_alone) = locked.alone()? else {
            return Ok(());
        };
        let complete = self.repository.mirror.complete()?;
        let newest = complete.len().saturating_sub(self.options.commits);
        let mut kept = complete;
        {
            let state = lock(&self.repository.state);
            let mut position = 0;
            kept.retain(|_, id| {
                position += 1;
                position > newest || state.handed_out.contains(id)
            });
        }
        lock(&self.repository.state).handed_out.clear();
        let database = self.repository.database(self.options)?;
        consolidate(locked, &database, &kept, &self.options.limits)?;
        self.repository.forget_database();
        Ok(())
    }
}

/// Interrupts what runs at `until`.
fn with_deadline<T>(until: Instant, action: impl FnOnce(&AtomicBool) -> T) -> T {
    let interrupt = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (done, is_done) = mpsc::channel::<()>();
        let interrupt = &interrupt;
        scope.spawn(move || {
            let left = until.saturating_duration_since(Instant::now());
            if is_done.recv_timeout(left) == Err(mpsc::RecvTimeoutError::Timeout) {
                interrupt.store(true, Ordering::Relaxed);
            }
        });
        let result = action(interrupt);
        drop(done);
        result
    })
}

/// Whether both are the same credentials, so that one conversation may serve both.
fn same(left: &Credentials, right: &Credentials) -> bool {
    let login = match (&left.login, &right.login) {
        (None, None) => true,
        (
            Some(Login::Basic { username, password }),
            Some(Login::Basic {
                username: other_name,
                password: other_password,
            }),
        ) => username.ct_eq(other_name.expose()) && password.ct_eq(other_password.expose()),
        (Some(Login::Bearer(token)), Some(Login::Bearer(other))) => token.ct_eq(other.expose()),
        _ => false,
    };
    let identity = match (&left.ssh_identity, &right.ssh_identity) {
        (SshIdentity::None, SshIdentity::None) => true,
        (SshIdentity::Personal(own), SshIdentity::Personal(other)) => own == other,
        (SshIdentity::Key(key), SshIdentity::Key(other)) => Arc::ptr_eq(key, other),
        _ => false,
    };
    let certificate = match (&left.client_certificate, &right.client_certificate) {
        (None, None) => true,
        (Some(own), Some(other)) => {
            own.certificate == other.certificate && Arc::ptr_eq(&own.key, &other.key)
        }
        _ => false,
    };
    let proxy = match (&left.proxy, &right.proxy) {
        (None, None) => true,
        (Some(proxy), Some(other)) => proxy.ct_eq(other.expose()),
        _ => false,
    };
    login
        && identity
        && certificate
        && proxy
        && left.login_first == right.login_first
        && left.authorities == right.authorities
        && left.known_hosts == right.known_hosts
        && left.verification == right.verification
        && left.no_proxy == right.no_proxy
        && left.depth == right.depth
}
