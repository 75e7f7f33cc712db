//! Signatures of commits and annotated tags: whose they are, and whether they hold.
//!
//! The rules are those of `git verify-commit` with GnuPG and `ssh-keygen -Y verify`, and stricter where these let pass what
//! nobody signs today: exactly one signature and nothing beside it, none with SHA-1 or MD5. An OpenPGP key must be valid
//! now and when it signed; the validity of an SSH key is that of the commit's own time, as git has it. The keys come
//! from the operator and from nowhere else; there is no web of trust. [`VerifiedCommit`] is the proof, which only this
//! module makes. Does no I/O and has no clock.

mod allowed;
mod object;
mod openpgp;
mod sshsig;

use std::fmt;

use gix::ObjectId;
use gix::objs::Kind;

use allowed::AllowedSigner;
use object::SignedParts;
use openpgp::OpenPgpKey;

/// Whose signatures count.
#[derive(Debug, Default)]
pub struct Signers {
    openpgp: Vec<OpenPgpKey>,
    ssh: Vec<AllowedSigner>,
}

/// Proof that a commit is one that a signer vouched for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VerifiedCommit {
    id: ObjectId,
    signer: Signer,
}

/// Proof that an annotated tag is one that a signer made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VerifiedTag {
    target: ObjectId,
    target_kind: Kind,
    name: String,
    signer: Signer,
}

/// Who signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Signer {
    /// The key that signed, as its tools show it: an OpenPGP fingerprint in hexadecimal digits (of a subkey, where that
    /// signed), or `SHA256:…` for SSH.
    pub key: String,
    /// The user of the OpenPGP key, or the principals of the SSH key, where they are known. Written by whoever made the
    /// key: to be shown, never to be trusted.
    pub name: Option<String>,
}

/// What must be signed of a revision (`spec.verify.mode`, with Flux's names).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum VerifyMode {
    /// `HEAD`: the commit.
    #[default]
    Head,
    /// `Tag`: the annotated tag by which the commit was asked for.
    Tag,
    /// `TagAndHEAD`: both.
    TagAndHead,
}

/// The list of signers cannot be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SignersError {
    /// An OpenPGP key block that is none.
    #[error("the OpenPGP key block in line {line} cannot be read")]
    OpenPgp {
        /// The line in which it begins, from 1.
        line: usize,
    },
    /// A private key where a public one belongs.
    #[error("line {line} begins a private key, where only public keys belong")]
    PrivateKey {
        /// The line, from 1.
        line: usize,
    },
    /// A line that is neither a public SSH key nor an entry of allowed signers.
    #[error("line {line} is neither a public ssh key nor an entry of allowed signers: {reason}")]
    Ssh {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Nobody could ever sign.
    #[error("the list of signers is empty")]
    Empty,
}

/// An object is not signed as it must be.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// There is no signature.
    #[error("it is not signed")]
    Unsigned,
    /// A tag must be signed, and the commit was asked for by something else, or by a tag without a text of its own.
    #[error("it was not asked for by an annotated tag, which would have to be signed")]
    NoTag,
    /// There is more than one, of which only one might be checked elsewhere.
    #[error("it has more than one signature")]
    Several,
    /// The signature is of a kind that is not verified here: X.509, or something else.
    #[error("its signature is neither of OpenPGP nor of ssh")]
    Kind,
    /// The signature cannot be read.
    #[error("its signature cannot be read")]
    Malformed,
    /// The object is not the one of that name, or not of that kind.
    #[error("it is not the object that was asked for")]
    OtherObject,
    /// The tag says another name than the one it is found under.
    #[error("the signed tag was made for another name")]
    OtherName,
    /// The key is none of the operator's.
    #[error("it is signed by {key}, which is none of the allowed signers")]
    UnknownSigner {
        /// The key, as far as the signature names it.
        key: String,
    },
    /// The object was changed after it was signed, or was signed by somebody else.
    #[error(
        "its signature is wrong: it was changed after it was signed, or signed with another key"
    )]
    Wrong,
    /// The signature's algorithm is not safe any more.
    #[error("it is signed with an algorithm that is not safe any more")]
    Weak,
    /// The signature is for something else than Git.
    #[error("its signature is not made for Git")]
    Purpose,
    /// The key is not there to sign data.
    #[error("it is signed by {key}, which is no key for signing")]
    NotForSigning {
        /// The key.
        key: String,
    },
    /// The key was revoked.
    #[error("it is signed by {key}, which is revoked")]
    Revoked {
        /// The key.
        key: String,
    },
    /// The signature was made before the key was valid, or after.
    #[error("it was signed when {key} was not valid")]
    OutsideValidity {
        /// The key.
        key: String,
    },
    /// The key has expired meanwhile.
    #[error("it is signed by {key}, which has expired")]
    ExpiredKey {
        /// The key.
        key: String,
    },
    /// The signature is from the future.
    #[error("it was signed at a time that has not come yet")]
    Future,
    /// The signature has expired.
    #[error("its signature has expired")]
    Expired,
}

impl Signers {
    /// Reads keys of any kind, one after the other: armored OpenPGP public key blocks, lines of `ssh`'s
    /// `allowed_signers` file, and plain public SSH keys. Blank lines and lines that begin with `#` say nothing.
    ///
    /// # Errors
    ///
    /// What cannot be read, with its line; or that there is nothing.
    pub fn parse(text: &str) -> Result<Self, SignersError> {
        let mut signers = Self::default();
        let mut lines = text.lines().enumerate();
        while let Some((index, line)) = lines.next() {
            let line = line.trim();
            let number = index + 1;
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if line.starts_with("-----BEGIN ") && line.contains("PRIVATE KEY") {
                return Err(SignersError::PrivateKey { line: number });
            }
            if line == openpgp::KEY_BEGIN {
                let mut block = format!("{line}\n");
                for (_, line) in lines.by_ref() {
                    block.push_str(line.trim());
                    block.push('\n');
                    if line.trim() == openpgp::KEY_END {
                        break;
                    }
                }
                let keys = openpgp::keys(&block).ok_or(SignersError::OpenPgp { line: number })?;
                signers.openpgp.extend(keys);
            } else {
                let signer = AllowedSigner::parse(line).map_err(|reason| SignersError::Ssh {
                    line: number,
                    reason,
                })?;
                signers.ssh.push(signer);
            }
        }
        if signers.openpgp.is_empty() && signers.ssh.is_empty() {
            return Err(SignersError::Empty);
        }
        Ok(signers)
    }

    /// Checks the signature of commit `id`, whose content, as Git stores it without its header, is `raw`. `now` is in
    /// seconds since 1970.
    ///
    /// # Errors
    ///
    /// It is not that commit, or not signed as it must be.
    pub fn verify_commit(
        &self,
        id: ObjectId,
        raw: &[u8],
        now: u64,
    ) -> Result<VerifiedCommit, SignatureError> {
        check_id(id, Kind::Commit, raw)?;
        let signer = self.verify(&SignedParts::of_commit(raw)?, now)?;
        Ok(VerifiedCommit { id, signer })
    }

    /// Checks the signature of the annotated tag `id`, found as `refs/tags/<name>`, whose content is `raw`.
    ///
    /// # Errors
    ///
    /// It is not that tag, was made for another name, or is not signed as it must be.
    pub fn verify_tag(
        &self,
        id: ObjectId,
        name: &str,
        raw: &[u8],
        now: u64,
    ) -> Result<VerifiedTag, SignatureError> {
        check_id(id, Kind::Tag, raw)?;
        let parts = SignedParts::of_tag(raw)?;
        let signer = self.verify(&parts, now)?;
        // Read from what is signed, and not from the whole.
        let tag = object::tag(&parts.payload).ok_or(SignatureError::Malformed)?;
        if tag.name != name {
            return Err(SignatureError::OtherName);
        }
        Ok(VerifiedTag {
            target: tag.target,
            target_kind: tag.kind,
            name: tag.name,
            signer,
        })
    }

    fn verify(&self, parts: &SignedParts, now: u64) -> Result<Signer, SignatureError> {
        let signature = parts.signature.trim();
        let begins = signature.matches("-----BEGIN ").count();
        match signature.lines().next().unwrap_or_default().trim_end() {
            _ if begins > 1 => Err(SignatureError::Several),
            openpgp::SIGNATURE_BEGIN => {
                openpgp::verify(&self.openpgp, &parts.payload, signature, now)
            }
            sshsig::SIGNATURE_BEGIN => {
                // The time that counts is the one that is signed, as git tells `ssh-keygen` (`verify-time`).
                let time = object::time(&parts.payload).ok_or(SignatureError::Malformed)?;
                sshsig::verify(&self.ssh, &parts.payload, signature, time)
            }
            _ => Err(SignatureError::Kind),
        }
    }
}

impl VerifiedCommit {
    /// The commit.
    pub const fn id(&self) -> ObjectId {
        self.id
    }

    /// Who vouched for it.
    pub const fn signer(&self) -> &Signer {
        &self.signer
    }
}

impl VerifiedTag {
    /// The commit that the tag names, which its signer vouched for. None for a tag of something else.
    pub fn commit(&self) -> Option<VerifiedCommit> {
        (self.target_kind == Kind::Commit).then(|| VerifiedCommit {
            id: self.target,
            signer: self.signer.clone(),
        })
    }

    /// The name that the tag was made for.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Who made it.
    pub const fn signer(&self) -> &Signer {
        &self.signer
    }
}

impl VerifyMode {
    /// Reads `HEAD`, `Tag` or `TagAndHEAD`, in any case as Flux does of the first.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "HEAD" | "head" => Some(Self::Head),
            "Tag" => Some(Self::Tag),
            "TagAndHEAD" => Some(Self::TagAndHead),
            _ => None,
        }
    }

    /// Whether the commit itself must be signed.
    pub const fn wants_commit(self) -> bool {
        matches!(self, Self::Head | Self::TagAndHead)
    }

    /// Whether an annotated tag must be signed.
    pub const fn wants_tag(self) -> bool {
        matches!(self, Self::Tag | Self::TagAndHead)
    }
}

impl SignersError {
    /// A stable name of this error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::OpenPgp { .. } => "signers-openpgp",
            Self::PrivateKey { .. } => "signers-private-key",
            Self::Ssh { .. } => "signers-ssh",
            Self::Empty => "signers-empty",
        }
    }
}

impl SignatureError {
    /// A stable name of this error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::NoTag => "no-tag",
            Self::Several => "several-signatures",
            Self::Kind => "signature-kind",
            Self::Malformed => "signature-malformed",
            Self::OtherObject => "signature-other-object",
            Self::OtherName => "signature-other-name",
            Self::UnknownSigner { .. } => "unknown-signer",
            Self::Wrong => "signature-wrong",
            Self::Weak => "signature-weak",
            Self::Purpose => "signature-purpose",
            Self::NotForSigning { .. } => "signer-not-for-signing",
            Self::Revoked { .. } => "signer-revoked",
            Self::OutsideValidity { .. } => "signer-outside-validity",
            Self::ExpiredKey { .. } => "signer-expired",
            Self::Future => "signature-future",
            Self::Expired => "signature-expired",
        }
    }
}

/// `key (name)`.
impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)?;
        match &self.name {
            Some(name) => write!(f, " ({})", name.escape_debug()),
            None => Ok(()),
        }
    }
}

/// A signature says something of bytes; that they are the object that was asked for is for us to say. The hash also
/// finds SHA-1 collisions.
fn check_id(id: ObjectId, kind: Kind, raw: &[u8]) -> Result<(), SignatureError> {
    match gix::objs::compute_hash(id.kind(), kind, raw) {
        Ok(hash) if hash == id => Ok(()),
        Ok(_) | Err(_) => Err(SignatureError::OtherObject),
    }
}
