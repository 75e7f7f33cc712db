//! Why an entry of a tree cannot be read.

use std::fmt;
use std::io;

use crate::path::TreePath;

/// An entry of a tree cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Two entries of one directory have names that differ in case only, so that the tree is another one on a file
    /// system that does not tell them apart.
    #[error("`{path}` and `{other}` differ in case only")]
    CaseCollision {
        /// The later of the two in order.
        path: TreePath,
        /// The earlier one.
        other: TreePath,
    },
    /// The entry was replaced while it was looked up.
    #[error("`{path}` changed while it was read")]
    Changed {
        /// The entry.
        path: TreePath,
    },
    /// A symbolic link leads to a place that does not exist.
    #[error("`{path}` is a symbolic link to nothing")]
    DanglingLink {
        /// The path that was asked for.
        path: TreePath,
    },
    /// A symbolic link leads out of the tree, or its target is absolute.
    #[error("the symbolic link `{link}` leads out of the tree (on the way to `{path}`)")]
    EscapingLink {
        /// The path that was asked for.
        path: TreePath,
        /// The link.
        link: TreePath,
    },
    /// The path leads into Git's own files, which no commit can contain.
    #[error("`{path}` leads into `.git`")]
    GitMetadata {
        /// The path that was asked for.
        path: TreePath,
    },
    /// A file was asked for and this is a directory.
    #[error("`{path}` is a directory")]
    IsDirectory {
        /// The path that was asked for.
        path: TreePath,
    },
    /// More symbolic links than Linux follows: a loop, or as good as one.
    #[error("`{path}` goes through more than 40 symbolic links")]
    LinkLoop {
        /// The path that was asked for.
        path: TreePath,
    },
    /// An object is not what its place says, or a directory holds names that none may hold. Only in trees of objects.
    #[error("`{path}` is malformed: {problem}")]
    Malformed {
        /// The path that was asked for.
        path: TreePath,
        /// What is wrong.
        problem: Malformed,
    },
    /// The name of an entry is not UTF-8, so no document can refer to it.
    #[error("`{directory}` holds an entry whose name is not UTF-8 (`{name}`)")]
    NameNotUtf8 {
        /// The directory.
        directory: TreePath,
        /// The name, with replacement characters.
        name: String,
    },
    /// A directory was needed and this is something else.
    #[error("`{path}` is not a directory")]
    NotADirectory {
        /// The path that was asked for.
        path: TreePath,
    },
    /// There is no such entry.
    #[error("`{path}` does not exist")]
    NotFound {
        /// The path that was asked for.
        path: TreePath,
    },
    /// Neither file nor directory.
    #[error("`{path}` is {kind}, not a regular file")]
    NotRegular {
        /// The path that was asked for.
        path: TreePath,
        /// What it is.
        kind: Special,
    },
    /// The object database does not hold what the entry, or a directory on the way to it, refers to.
    #[error("the content of `{path}` is missing in the object database")]
    ObjectMissing {
        /// The path that was asked for.
        path: TreePath,
    },
    /// The permissions do not allow it.
    #[error("no permission to read `{path}`")]
    PermissionDenied {
        /// The path that was asked for.
        path: TreePath,
    },
    /// The system failed to read the entry.
    #[error("cannot read `{path}`")]
    System {
        /// The path that was asked for.
        path: TreePath,
        /// What the system says.
        source: io::Error,
    },
    /// The file is larger than [`Limits::file_size`](crate::Limits::file_size).
    #[error("`{path}` is larger than {limit} bytes")]
    TooLarge {
        /// The file.
        path: TreePath,
        /// The limit in bytes.
        limit: u64,
    },
    /// The directory holds more entries than [`Limits::entries`](crate::Limits::entries).
    #[error("`{path}` holds more than {limit} entries")]
    TooManyEntries {
        /// The directory.
        path: TreePath,
        /// The limit.
        limit: usize,
    },
}

impl ReadError {
    /// A stable name of this error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::CaseCollision { .. } => "case-collision",
            Self::Changed { .. } => "changed-while-read",
            Self::DanglingLink { .. } => "dangling-link",
            Self::EscapingLink { .. } => "escaping-link",
            Self::GitMetadata { .. } => "git-metadata",
            Self::IsDirectory { .. } => "is-directory",
            Self::LinkLoop { .. } => "link-loop",
            Self::Malformed { .. } => "malformed-object",
            Self::NameNotUtf8 { .. } => "name-not-utf8",
            Self::NotADirectory { .. } => "not-a-directory",
            Self::NotFound { .. } => "not-found",
            Self::NotRegular { .. } => "not-a-regular-file",
            Self::ObjectMissing { .. } => "object-missing",
            Self::PermissionDenied { .. } => "permission-denied",
            Self::System { .. } => "cannot-read",
            Self::TooLarge { .. } => "file-too-large",
            Self::TooManyEntries { .. } => "too-many-entries",
        }
    }

    /// Whether nothing is there: neither the entry, nor what a link on the way to it points at.
    pub const fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. } | Self::DanglingLink { .. })
    }
}

/// What an entry is that is neither file, directory nor link.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Special {
    /// A block or character device.
    Device,
    /// A named pipe.
    Pipe,
    /// A socket.
    Socket,
    /// Something this program does not know.
    Unknown,
}

impl fmt::Display for Special {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Device => "a device",
            Self::Pipe => "a named pipe",
            Self::Socket => "a socket",
            Self::Unknown => "of an unknown kind",
        })
    }
}

/// What is wrong with an object that a tree refers to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Malformed {
    /// An entry is named `.` or `..`.
    Dots,
    /// An entry has no name.
    EmptyName,
    /// An entry is named `.git`, in some spelling.
    GitMetadata,
    /// An entry is of a kind that no directory holds.
    Mode,
    /// Two entries have the same name.
    RepeatedName,
    /// The name of an entry contains a slash or a zero byte.
    Separator,
    /// The object cannot be decoded.
    Undecodable,
    /// It is an object of another kind.
    WrongKind,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dots => "an entry is named `.` or `..`",
            Self::EmptyName => "an entry has no name",
            Self::GitMetadata => "an entry is named `.git`",
            Self::Mode => "an entry is of no kind that a directory holds",
            Self::RepeatedName => "two entries have the same name",
            Self::Separator => "the name of an entry contains a slash or a zero byte",
            Self::Undecodable => "it cannot be decoded",
            Self::WrongKind => "it is an object of another kind",
        })
    }
}
