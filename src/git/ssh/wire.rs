//! The data types of SSH (RFC 4251, section 5): length-prefixed strings and numbers.

/// The longest string that is read.
const MAX_STRING: usize = 256 << 10;

/// Reads one value after the other off the front of a message.
#[derive(Clone)]
pub(in crate::git) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(in crate::git) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(in crate::git) fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(in crate::git) fn byte(&mut self) -> Option<u8> {
        self.bytes(1).map(|bytes| bytes[0])
    }

    pub(in crate::git) fn number(&mut self) -> Option<u32> {
        self.bytes(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    pub(in crate::git) fn string(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.number()?).ok()?;
        (len <= MAX_STRING).then(|| self.bytes(len))?
    }

    pub(in crate::git) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Appends a string.
pub(in crate::git) fn push_string(out: &mut Vec<u8>, string: &[u8]) {
    let len = u32::try_from(string.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(string);
}

/// Appends a positive number given by its big-endian bytes: without leading zeros, and with one where the first bit
/// would make it negative.
pub(in crate::git) fn push_mpint(out: &mut Vec<u8>, number: &[u8]) {
    let start = number
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(number.len());
    let mut padded = Vec::with_capacity(number.len() + 1);
    if number.get(start).is_some_and(|first| first & 0x80 != 0) {
        padded.push(0);
    }
    padded.extend_from_slice(&number[start..]);
    push_string(out, &padded);
}
