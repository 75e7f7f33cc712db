//! When a request is repeated, how long is waited before, and how many go at a time.

/// How many requests were sent, by what they ask. A repeated request counts each time.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct RequestCounts {
    /// Of discovery and the server's version.
    pub discovery: u64,
    /// Reads of one object.
    pub get: u64,
    /// Reads of a page of many.
    pub list: u64,
    /// Watches begun.
    pub watch: u64,
    /// Server-side applies that store.
    pub apply: u64,
    /// Writes of any kind that store nothing.
    pub dry_run: u64,
    /// Creations.
    pub create: u64,
    /// Replacements.
    pub replace: u64,
    /// Patches other than applies.
    pub patch: u64,
    /// Deletions.
    pub delete: u64,
    /// How many of all these were repetitions.
    pub repeated: u64,
}

impl RequestCounts {
    /// All requests.
    pub const fn total(&self) -> u64 {
        self.discovery
            + self.get
            + self.list
            + self.watch
            + self.apply
            + self.dry_run
            + self.create
            + self.replace
            + self.patch
            + self.delete
    }
}
