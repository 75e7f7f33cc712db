//! The walk over a document that decrypts its values and computes its MAC (sops: `Tree.Decrypt` in `sops.go`).
//!
//! Values are collected in the order of the document, each with its way from the top and whether the file's rule selects
//! it; then they are decrypted, on two threads when there are many, and hashed in order. Rules on comments are the
//! exception: in lists, what a comment says is known only once it is decrypted, so each value is then done in turn.

use std::thread;

use aws_lc_rs::digest::{self, SHA512};

use crate::cipher::{self, Cipher, ValueError};
use crate::document::{Comment, Map, Origin, Place, Placement, Scalar, Value};
use crate::gcm::Gcm;
use crate::inspect::{Ordinal, locate};
use crate::selection::{Rule, Subject};
use crate::walk::{Associated, PathId, Paths, Slot, Visitor, Walker};

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
                .finish()
                .as_ref()
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

/// The hash over all values, and the comments that did not open.
type Hashed = Result<(digest::Context, Vec<Ordinal>), (Ordinal, FailureCause)>;

fn start(scope: MacScope) -> digest::Context {
    let mut hash = digest::Context::new(&SHA512);
    if scope == MacScope::EncryptedOnly {
        hash.update(&MAC_ONLY_ENCRYPTED_START);
    }
    hash
}

fn all_at_once(documents: &mut [Map], gcm: &Gcm, rule: &Rule, scope: MacScope) -> Hashed {
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

fn one_by_one(documents: &mut [Map], gcm: &Gcm, rule: &Rule, scope: MacScope) -> Hashed {
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

    fn hash(&self, scope: MacScope, hash: &mut digest::Context) {
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
                comment.placement = Placement::Above;
                Outcome::Comment
            }
            // sops takes a text for a comment too, but then hashes it.
            Ok(cipher::Decrypted::Text) => Outcome::Value,
            Ok(cipher::Decrypted::Scalar(_)) => return Err(FailureCause::Misplaced),
            // No version of sops wrote such a thing, and the current one panics on `bytes`.
            Err(cause @ ValueError::UnknownType) => return Err(FailureCause::Value(cause)),
            // Old versions of sops left comments in clear text.
            Err(ValueError::Malformed | ValueError::NotOfItsType | ValueError::Unauthentic) => {
                return Ok(Outcome::Kept);
            }
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
                    placement: Placement::Above,
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

#[derive(Default)]
struct Collector<'d> {
    jobs: Vec<Job<'d>>,
}

impl<'d> Visitor<'d> for Collector<'d> {
    type Failure = (Ordinal, FailureCause);

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
    hash: digest::Context,
    scope: MacScope,
    count: Ordinal,
    kept: Vec<Ordinal>,
}

impl<'d> Visitor<'d> for InTurn<'_> {
    type Failure = (Ordinal, FailureCause);

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

#[cfg(test)]
mod tests {
    use super::{MacScope, decrypt};
    use crate::document::{Map, Value};
    use crate::gcm::Gcm;
    use crate::metadata::Selection;
    use crate::selection::Rule;

    /// `hello`, 42, true and 1.5 under `a`, `list`, `x.y` and `x.z`, encrypted with Python's `cryptography`. The data key
    /// is the bytes from 0 to 31.
    fn document() -> Map {
        let text = |value: &str| Value::text(value, 1);
        let mut nested = Map::default();
        nested.push_pair(
            "y",
            text(
                "ENC[AES256_GCM,data:PgY2CQ==,iv:AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=,\
                 tag:AtF/G/4pC/ongBEEN5Atyg==,type:bool]",
            ),
        );
        nested.push_pair(
            "z",
            text(
                "ENC[AES256_GCM,data:XyJa,iv:BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ=,\
                 tag:hNg9Y5pzaWokdBqvK0LJ+w==,type:float]",
            ),
        );
        let mut document = Map::default();
        document.push_pair(
            "a",
            text(
                "ENC[AES256_GCM,data:0cHFi7Y=,iv:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=,\
                 tag:ymZUyOw8wR96TPf7Sj/n1A==,type:str]",
            ),
        );
        document.push_pair(
            "list",
            Value::List(vec![text(
                "ENC[AES256_GCM,data:W0k=,iv:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=,\
                 tag:QTktWFrRkFLc7rPJH2fYaA==,type:int]",
            )]),
        );
        document.push_pair("x", Value::Map(nested));
        document.push_pair("seen_unencrypted", Value::text("", 1));
        document
    }

    #[test]
    fn the_mac_is_the_hash_of_the_values_in_their_order() {
        let gcm = Gcm::new(&std::array::from_fn::<_, 32, _>(|position| position as u8)).unwrap();
        for (scope, expected) in [
            // SHA-512 of `hello42True1.5`.
            (
                MacScope::All,
                "CF6272ACE9B88A2B40BACB7545E572BECFFA362454CBF4A506679CF602D23711\
                 9DD24EE2903E3E83431BD95CC8E4F6FE5757F893F7A326D7E0121315949A3B7A",
            ),
            (
                MacScope::EncryptedOnly,
                "20A5D89D96A55D61D62E0723BEDE77B9D1528BFD7D3F2BB763D109FC8984B39A\
                 1AA88D53E522E6BA82A751F78532D16010627159E784B56D47DE5BF5600FCAB1",
            ),
        ] {
            let rule = Rule::new(&Selection::default());
            let walked = decrypt(&mut [document()], &gcm, &rule, scope);
            assert!(walked.is_ok_and(|walked| walked.mac == expected));
        }
    }
}
