//! The walk over a document that decrypts its values and computes its MAC (sops: `Tree.Decrypt` in `sops.go`).
//!
//! Values are collected in the order of the document, each with its way from the top and whether the file's rule selects
//! it; then they are decrypted, on two threads when there are many, and hashed in order. Rules on comments are the
//! exception: in lists, what a comment says is known only once it is decrypted, so each value is then done in turn.

use std::thread;

use sha2::{Digest as _, Sha512};

use crate::cipher::{self, Cipher, ValueError};
use crate::document::{Comment, Entry, KeyPath, Leaf, Map, Origin, Place, Scalar, Step, Value};
use crate::gcm::Gcm;
use crate::selection::{Matched, Rule, Subject};

/// From this many values on, a second thread is worth its start.
const MANY: usize = 500;

/// SHA-256 of `sops`: what is hashed before all else when values in clear text are left out, so that a MAC never holds
/// under the other setting.
const MAC_ONLY_ENCRYPTED_START: [u8; 32] = [
    0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe, 0x0b,
    0x0b, 0x97, 0x5b, 0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
];

/// Which values go into the MAC.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum MacScope {
    All,
    EncryptedOnly,
}

/// What the walk found besides the values.
pub(crate) struct Walked {
    /// The MAC in upper-case hexadecimal.
    pub(crate) mac: String,
    /// Comments in places where comments are encrypted that did not open, and stay as they are.
    pub(crate) kept_comments: Vec<Place>,
}

/// A value that does not open.
pub(crate) struct Failure {
    pub(crate) place: Place,
    pub(crate) cause: FailureCause,
}

pub(crate) enum FailureCause {
    Value(ValueError),
    /// A number or boolean where the rule asks for encryption.
    ClearText,
    /// A comment where a value belongs, or the other way round.
    Misplaced,
}

/// Decrypts all `documents` in place.
pub(crate) fn decrypt(
    documents: &mut [Map],
    gcm: &Gcm,
    rule: &Rule,
    scope: MacScope,
) -> Result<Walked, Failure> {
    let walked = match rule.subject() {
        Subject::Keys => all_at_once(documents, gcm, rule, scope),
        Subject::Comments => one_by_one(documents, gcm, rule, scope),
    };
    let located = |ordinal| locate(documents, ordinal);
    match walked {
        Ok((hash, kept)) => {
            let mac = hash
                .finalize()
                .iter()
                .map(|byte| format!("{byte:02X}"))
                .collect();
            Ok(Walked {
                mac,
                kept_comments: kept.into_iter().map(located).collect(),
            })
        }
        Err((ordinal, cause)) => Err(Failure {
            place: located(ordinal),
            cause,
        }),
    }
}

/// The number of a value or comment, counted in document order over all documents.
type Ordinal = usize;

type Result2 = Result<(Sha512, Vec<Ordinal>), (Ordinal, FailureCause)>;

fn start(scope: MacScope) -> Sha512 {
    let mut hash = Sha512::new();
    if scope == MacScope::EncryptedOnly {
        hash.update(MAC_ONLY_ENCRYPTED_START);
    }
    hash
}

fn all_at_once(documents: &mut [Map], gcm: &Gcm, rule: &Rule, scope: MacScope) -> Result2 {
    let mut walker = Walker::new(rule, Collector::default());
    for document in documents {
        walker.document(document)?;
    }
    let Walker {
        paths,
        visitor: Collector { mut jobs },
        ..
    } = walker;
    let paths = &paths;
    let mut hash = start(scope);
    let mut kept = Vec::new();
    let mut settle = |jobs: &[Job<'_>], first: Ordinal| {
        for (position, job) in jobs.iter().enumerate() {
            job.hash(scope, &mut hash);
            if job.outcome == Outcome::Kept {
                kept.push(first + position);
            }
        }
    };
    let split = if jobs.len() < MANY {
        jobs.len()
    } else {
        jobs.len() / 2
    };
    let (front, back) = jobs.split_at_mut(split);
    thread::scope(|scope| {
        let back_half = (!back.is_empty()).then(|| scope.spawn(|| decrypt_jobs(back, gcm, paths)));
        decrypt_jobs(front, gcm, paths)?;
        settle(front, 0);
        match back_half.map(thread::ScopedJoinHandle::join) {
            None | Some(Ok(Ok(()))) => Ok(()),
            Some(Ok(Err((ordinal, cause)))) => Err((split + ordinal, cause)),
            Some(Err(panic)) => std::panic::resume_unwind(panic),
        }
    })?;
    settle(back, split);
    Ok((hash, kept))
}

fn one_by_one(documents: &mut [Map], gcm: &Gcm, rule: &Rule, scope: MacScope) -> Result2 {
    let visitor = InTurn {
        opener: Opener::new(gcm),
        hash: start(scope),
        scope,
        count: 0,
        kept: Vec::new(),
    };
    let mut walker = Walker::new(rule, visitor);
    for document in documents {
        walker.document(document)?;
    }
    Ok((walker.visitor.hash, walker.visitor.kept))
}

fn decrypt_jobs(
    jobs: &mut [Job<'_>],
    gcm: &Gcm,
    paths: &Paths<'_>,
) -> Result<(), (Ordinal, FailureCause)> {
    let mut opener = Opener::new(gcm);
    for (ordinal, job) in jobs.iter_mut().enumerate() {
        job.open(&mut opener, paths)
            .map_err(|cause| (ordinal, cause))?;
    }
    Ok(())
}

/// A value or comment, to be decrypted.
struct Job<'d> {
    slot: Slot<'d>,
    path: PathId,
    selected: bool,
    outcome: Outcome,
}

enum Slot<'d> {
    Comment(&'d mut Comment),
    /// The value of a mapping.
    Value(&'d mut Value),
    /// An item of a list.
    Item(&'d mut Value),
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Outcome {
    Value,
    Comment,
    /// A comment that did not open.
    Kept,
}

impl Job<'_> {
    fn open(&mut self, opener: &mut Opener<'_>, paths: &Paths<'_>) -> Result<(), FailureCause> {
        self.outcome = match &mut self.slot {
            Slot::Comment(comment) if self.selected => opener.comment(comment, paths, self.path)?,
            Slot::Comment(_) => Outcome::Comment,
            Slot::Value(value) if self.selected => match opener.value(value, paths, self.path)? {
                Outcome::Value => Outcome::Value,
                Outcome::Comment | Outcome::Kept => return Err(FailureCause::Misplaced),
            },
            Slot::Item(value) if self.selected => opener.value(value, paths, self.path)?,
            Slot::Value(_) | Slot::Item(_) => Outcome::Value,
        };
        Ok(())
    }

    fn hash(&self, scope: MacScope, hash: &mut Sha512) {
        if self.outcome != Outcome::Value || (scope == MacScope::EncryptedOnly && !self.selected) {
            return;
        }
        match &self.slot {
            Slot::Comment(comment) => hash.update(comment.text.expose()),
            Slot::Value(Value::Leaf(leaf)) | Slot::Item(Value::Leaf(leaf)) => {
                leaf.scalar.with_bytes(|bytes| hash.update(bytes));
            }
            Slot::Value(_) | Slot::Item(_) => {}
        }
    }
}

/// Opens values one after another.
struct Opener<'k> {
    cipher: Cipher<'k>,
    associated: Associated,
}

impl<'k> Opener<'k> {
    fn new(gcm: &'k Gcm) -> Self {
        Self {
            cipher: Cipher::new(gcm),
            associated: Associated::default(),
        }
    }

    fn comment(
        &mut self,
        comment: &mut Comment,
        paths: &Paths<'_>,
        path: PathId,
    ) -> Result<Outcome, FailureCause> {
        if comment.text.is_empty() {
            return Ok(Outcome::Comment);
        }
        let associated = self.associated.of(paths, path);
        let outcome = match self.cipher.decrypt(&mut comment.text, associated) {
            Ok(cipher::Decrypted::Comment) => {
                // The mark of inline comments does not survive encryption (sops: `aes/cipher.go`).
                comment.placement = crate::document::Placement::Above;
                Outcome::Comment
            }
            // sops takes a text for a comment too, but then hashes it.
            Ok(cipher::Decrypted::Text) => Outcome::Value,
            Ok(cipher::Decrypted::Scalar(_)) => return Err(FailureCause::Misplaced),
            // Old versions of sops left comments in clear text.
            Err(_) => return Ok(Outcome::Kept),
        };
        comment.origin = Origin::Decrypted;
        Ok(outcome)
    }

    fn value(
        &mut self,
        value: &mut Value,
        paths: &Paths<'_>,
        path: PathId,
    ) -> Result<Outcome, FailureCause> {
        let Value::Leaf(leaf) = value else {
            return Ok(Outcome::Value);
        };
        let Scalar::Text(text) = &mut leaf.scalar else {
            return Err(FailureCause::ClearText);
        };
        if text.is_empty() {
            return Ok(Outcome::Value);
        }
        let associated = self.associated.of(paths, path);
        match self
            .cipher
            .decrypt(text, associated)
            .map_err(FailureCause::Value)?
        {
            cipher::Decrypted::Text => {}
            cipher::Decrypted::Scalar(scalar) => leaf.scalar = scalar,
            cipher::Decrypted::Comment => {
                let text = std::mem::take(text);
                *value = Value::Comment(Comment {
                    text,
                    placement: crate::document::Placement::Above,
                    line: leaf.line,
                    origin: Origin::Decrypted,
                });
                return Ok(Outcome::Comment);
            }
        }
        leaf.origin = Origin::Decrypted;
        Ok(Outcome::Value)
    }
}

/// Goes through a document in order, keeping track of keys and of what the rule matched.
struct Walker<'d, 'r, V> {
    rule: &'r Rule,
    paths: Paths<'d>,
    visitor: V,
}

/// What is done with each value and comment.
trait Visitor<'d> {
    /// Returns the comment that an item of a list turned out to be, where that is known at once.
    fn visit(
        &mut self,
        slot: Slot<'d>,
        paths: &Paths<'d>,
        path: PathId,
        selected: bool,
    ) -> Result<Option<&'d Comment>, (Ordinal, FailureCause)>;
}

impl<'d, 'r, V: Visitor<'d>> Walker<'d, 'r, V> {
    fn new(rule: &'r Rule, visitor: V) -> Self {
        Self {
            rule,
            paths: Paths::default(),
            visitor,
        }
    }

    fn document(&mut self, map: &'d mut Map) -> Result<(), (Ordinal, FailureCause)> {
        self.map(map, PathId::TOP, Matched::default())
    }

    fn map(
        &mut self,
        map: &'d mut Map,
        path: PathId,
        around: Matched,
    ) -> Result<(), (Ordinal, FailureCause)> {
        let mut level = around;
        for entry in &mut map.entries {
            match entry {
                Entry::Comment(comment) => level = self.comment(comment, path, level)?,
                Entry::Pair(pair) => {
                    let matched = self.rule.below_key(level, &pair.key);
                    let path = self.paths.below(path, &pair.key);
                    self.value(&mut pair.value, path, matched, Slot::Value)?;
                    level = around;
                }
            }
        }
        Ok(())
    }

    fn list(
        &mut self,
        items: &'d mut [Value],
        path: PathId,
        around: Matched,
    ) -> Result<(), (Ordinal, FailureCause)> {
        let mut level = around;
        for item in items {
            level = match item {
                Value::Comment(comment) => self.comment(comment, path, level)?,
                item => match self.value(item, path, level, Slot::Item)? {
                    // What a comment says counts, though it was a text while encrypted.
                    Some(comment) => self.rule.after_comment(level, comment.text.expose()),
                    None => around,
                },
            };
        }
        Ok(())
    }

    fn comment(
        &mut self,
        comment: &'d mut Comment,
        path: PathId,
        before: Matched,
    ) -> Result<Matched, (Ordinal, FailureCause)> {
        let after = self.rule.after_comment(before, comment.text.expose());
        let selected = self.rule.selects_comment(before, after);
        self.visitor
            .visit(Slot::Comment(comment), &self.paths, path, selected)?;
        Ok(after)
    }

    fn value(
        &mut self,
        value: &'d mut Value,
        path: PathId,
        matched: Matched,
        slot: fn(&'d mut Value) -> Slot<'d>,
    ) -> Result<Option<&'d Comment>, (Ordinal, FailureCause)> {
        match value {
            Value::Map(map) => self.map(map, path, matched).map(|()| None),
            Value::List(items) => self.list(items, path, matched).map(|()| None),
            Value::Leaf(Leaf {
                scalar: Scalar::Null,
                ..
            }) => Ok(None),
            value => self
                .visitor
                .visit(slot(value), &self.paths, path, self.rule.selects(matched)),
        }
    }
}

#[derive(Default)]
struct Collector<'d> {
    jobs: Vec<Job<'d>>,
}

impl<'d> Visitor<'d> for Collector<'d> {
    fn visit(
        &mut self,
        slot: Slot<'d>,
        _: &Paths<'d>,
        path: PathId,
        selected: bool,
    ) -> Result<Option<&'d Comment>, (Ordinal, FailureCause)> {
        self.jobs.push(Job {
            slot,
            path,
            selected,
            outcome: Outcome::Value,
        });
        Ok(None)
    }
}

struct InTurn<'k> {
    opener: Opener<'k>,
    hash: Sha512,
    scope: MacScope,
    count: Ordinal,
    kept: Vec<Ordinal>,
}

impl<'d> Visitor<'d> for InTurn<'_> {
    fn visit(
        &mut self,
        slot: Slot<'d>,
        paths: &Paths<'d>,
        path: PathId,
        selected: bool,
    ) -> Result<Option<&'d Comment>, (Ordinal, FailureCause)> {
        let ordinal = self.count;
        self.count += 1;
        let mut job = Job {
            slot,
            path,
            selected,
            outcome: Outcome::Value,
        };
        job.open(&mut self.opener, paths)
            .map_err(|cause| (ordinal, cause))?;
        job.hash(self.scope, &mut self.hash);
        if job.outcome == Outcome::Kept {
            self.kept.push(ordinal);
        }
        match job.slot {
            Slot::Item(Value::Comment(comment)) => Ok(Some(comment)),
            _ => Ok(None),
        }
    }
}

/// The ways from the top to all mappings and values, each as its last key and the way to there.
///
/// Written out in full they would take space that is quadratic in the size of a hostile file.
#[derive(Default)]
struct Paths<'d> {
    nodes: Vec<(PathId, &'d [u8])>,
}

/// The number of a way, from one; zero is the top.
#[derive(Clone, Copy, Eq, PartialEq)]
struct PathId(usize);

impl PathId {
    const TOP: Self = Self(0);
}

impl<'d> Paths<'d> {
    fn below(&mut self, parent: PathId, key: &'d [u8]) -> PathId {
        self.nodes.push((parent, key));
        PathId(self.nodes.len())
    }

    fn node(&self, path: PathId) -> Option<(PathId, &'d [u8])> {
        path.0
            .checked_sub(1)
            .and_then(|index| self.nodes.get(index).copied())
    }

    fn write(&self, path: PathId, out: &mut Vec<u8>) {
        let mut keys = Vec::new();
        let mut at = path;
        while let Some((parent, key)) = self.node(at) {
            keys.push(key);
            at = parent;
        }
        for key in keys.into_iter().rev() {
            out.extend_from_slice(key);
            out.push(b':');
        }
    }
}

/// The associated data of a value: its keys, each with a colon behind it. Items of lists share that of the list.
struct Associated {
    bytes: Vec<u8>,
    /// Whose bytes stand first, and how many they are; neighbours share them.
    parent: PathId,
    parent_length: usize,
}

impl Default for Associated {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            parent: PathId::TOP,
            parent_length: 0,
        }
    }
}

impl Associated {
    fn of(&mut self, paths: &Paths<'_>, path: PathId) -> &[u8] {
        let Some((parent, key)) = paths.node(path) else {
            // Joining no keys and adding the colon leaves the colon.
            return b":";
        };
        if parent != self.parent {
            self.bytes.clear();
            paths.write(parent, &mut self.bytes);
            self.parent = parent;
            self.parent_length = self.bytes.len();
        }
        self.bytes.truncate(self.parent_length);
        self.bytes.extend_from_slice(key);
        self.bytes.push(b':');
        &self.bytes
    }
}

/// Where the value or comment of that number stands.
fn locate(documents: &[Map], ordinal: Ordinal) -> Place {
    let mut place = Place::default();
    let mut left = ordinal;
    for document in documents {
        if locate_in_map(document, &mut left, &mut place) {
            break;
        }
    }
    place
}

fn locate_in_map(map: &Map, left: &mut Ordinal, place: &mut Place) -> bool {
    for entry in &map.entries {
        let found = match entry {
            Entry::Comment(comment) => found(comment.line, left, place),
            Entry::Pair(pair) => {
                place.path.push_key(&pair.key);
                let found = locate_in_value(&pair.value, left, place);
                if !found {
                    place.path.steps.pop();
                }
                found
            }
        };
        if found {
            return true;
        }
    }
    false
}

fn locate_in_value(value: &Value, left: &mut Ordinal, place: &mut Place) -> bool {
    match value {
        Value::Map(map) => locate_in_map(map, left, place),
        Value::List(items) => items.iter().enumerate().any(|(index, item)| {
            place.path.steps.push(Step::Index(index));
            let found = locate_in_value(item, left, place);
            if !found {
                place.path.steps.pop();
            }
            found
        }),
        Value::Leaf(Leaf {
            scalar: Scalar::Null,
            ..
        }) => false,
        Value::Leaf(leaf) => found(leaf.line, left, place),
        Value::Comment(comment) => found(comment.line, left, place),
    }
}

fn found(line: u32, left: &mut Ordinal, place: &mut Place) -> bool {
    if *left == 0 {
        place.line = line;
        return true;
    }
    *left -= 1;
    false
}

/// Gives `take` every value and comment that was encrypted, with its way from the top.
pub(crate) fn for_each_decrypted(documents: &[Map], take: &mut dyn FnMut(&KeyPath, &[u8])) {
    for document in documents {
        decrypted_in_map(document, &mut KeyPath::default(), take);
    }
}

fn decrypted_in_map(map: &Map, path: &mut KeyPath, take: &mut dyn FnMut(&KeyPath, &[u8])) {
    for entry in &map.entries {
        match entry {
            Entry::Comment(comment) => decrypted_comment(comment, path, take),
            Entry::Pair(pair) => {
                path.push_key(&pair.key);
                decrypted_in_value(&pair.value, path, take);
                path.steps.pop();
            }
        }
    }
}

fn decrypted_in_value(value: &Value, path: &mut KeyPath, take: &mut dyn FnMut(&KeyPath, &[u8])) {
    match value {
        Value::Map(map) => decrypted_in_map(map, path, take),
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                path.steps.push(Step::Index(index));
                decrypted_in_value(item, path, take);
                path.steps.pop();
            }
        }
        Value::Comment(comment) => decrypted_comment(comment, path, take),
        Value::Leaf(leaf) if leaf.origin == Origin::Decrypted => {
            leaf.scalar.with_bytes(|bytes| take(path, bytes))
        }
        Value::Leaf(_) => {}
    }
}

fn decrypted_comment(comment: &Comment, path: &KeyPath, take: &mut dyn FnMut(&KeyPath, &[u8])) {
    if comment.origin == Origin::Decrypted {
        take(path, comment.text.expose());
    }
}
