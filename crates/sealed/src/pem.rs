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

/// Every complete block of `text`.
pub(crate) fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    let mut lines = text.lines().zip(1_u32..);
    while let Some((begin, line)) = lines.next() {
        let Some(label) = boundary(begin, "-----BEGIN ") else {
            continue;
        };
        let mut encrypted = false;
        // Room for the largest key, so that no piece of one is left behind where the text was before it grew.
        let mut body = Zeroizing::new(String::with_capacity(8 << 10));
        let mut complete = false;
        for (inner, _) in lines.by_ref() {
            let inner = inner.trim();
            if boundary(inner, "-----END ") == Some(label) {
                complete = true;
                break;
            }
            match inner.split_once(':') {
                Some((name, value)) => {
                    encrypted |= name == "Proc-Type" && value.contains("ENCRYPTED");
                }
                None => body.push_str(inner),
            }
        }
        if complete {
            found.push(Block {
                label,
                line,
                encrypted,
                body: STANDARD.decode(body.as_bytes()).ok().map(Zeroizing::new),
            });
        }
    }
    found
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
                    -----BEGIN D-----\n!\n-----END D-----\n-----BEGIN E-----\nYWJj\n";
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
                ("D", 13, false, None)
            ]
        );
    }
}
