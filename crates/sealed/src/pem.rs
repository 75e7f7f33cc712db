//! PEM blocks, found in any text around them as Go's `encoding/pem` finds them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// One block.
pub(crate) struct Block<'t> {
    /// The words between `BEGIN` and the dashes.
    pub(crate) label: &'t str,
    /// The line of `BEGIN`, counted from one.
    pub(crate) line: u32,
    /// Whether the header of an encrypted key (RFC 1421) stands in the block.
    pub(crate) encrypted: bool,
    /// The decoded body; nothing when it is not base64.
    pub(crate) body: Option<Zeroizing<Vec<u8>>>,
}

/// Every complete block of `text`. One without an end ends where the next begins, and is left out.
pub(crate) fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    let mut open: Option<Open<'_>> = None;
    for (text, line) in text.lines().zip(1..) {
        if let Some(label) = boundary(text, "-----BEGIN ") {
            open = Some(Open {
                label,
                line,
                encrypted: false,
                // Room for the largest key, so that no piece of one is left behind where the text was before it grew.
                body: Zeroizing::new(String::with_capacity(8 << 10)),
            });
        } else if let Some(label) = boundary(text, "-----END ") {
            found.extend(
                open.take()
                    .filter(|open| open.label == label)
                    .map(Open::close),
            );
        } else if let Some(open) = &mut open {
            match text.split_once(':') {
                Some((name, value)) => {
                    open.encrypted |= name == "Proc-Type" && value.contains("ENCRYPTED");
                }
                None => open.body.push_str(text.trim()),
            }
        }
    }
    found
}

/// A block whose end is still to come.
struct Open<'t> {
    label: &'t str,
    line: u32,
    encrypted: bool,
    body: Zeroizing<String>,
}

impl<'t> Open<'t> {
    fn close(self) -> Block<'t> {
        let mut body = Zeroizing::new(Vec::with_capacity(self.body.len()));
        let decoded = STANDARD.decode_vec(self.body.as_bytes(), &mut body);
        Block {
            label: self.label,
            line: self.line,
            encrypted: self.encrypted,
            body: decoded.is_ok().then_some(body),
        }
    }
}

fn boundary<'t>(line: &'t str, start: &str) -> Option<&'t str> {
    line.trim_end().strip_prefix(start)?.strip_suffix("-----")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_between_other_text() {
        let text = "Bag Attributes\n-----BEGIN A B-----\r\nYWJj\r\nZGVm\r\n-----END A B-----\nrest\n\
                    -----BEGIN C-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nYWJj\n-----END C-----\n\
                    -----BEGIN D-----\n!\n-----END D-----\n\
                    -----BEGIN E-----\nYWJj\n-----BEGIN F-----\n-----END F-----\n-----END E-----\n-----BEGIN G-----\nYWJj\n";
        let found = blocks(text);
        let shape: Vec<_> = found
            .iter()
            .map(|block| {
                (
                    block.label,
                    block.line,
                    block.encrypted,
                    block.body.as_ref().map(|body| body.len()),
                )
            })
            .collect();
        assert_eq!(
            shape,
            [
                ("A B", 2, false, Some(6)),
                ("C", 7, true, Some(3)),
                ("D", 13, false, None),
                ("F", 18, false, Some(0))
            ]
        );
    }
}
