//! Base64 as Go's `base64.StdEncoding` reads it: newlines are skipped wherever they stand, and the bits that a padded
//! last group leaves over may be anything.

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// The bytes behind `text`.
pub(crate) fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    if text.contains(['\r', '\n']) {
        let mut joined = Zeroizing::new(String::with_capacity(text.len()));
        joined.extend(text.split(['\r', '\n']));
        ENGINE.decode_vec(joined.as_bytes(), &mut bytes).ok()?;
    } else {
        ENGINE.decode_vec(text, &mut bytes).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lenience_is_that_of_go() {
        for (text, bytes) in [
            ("", Some(&b""[..])),
            ("YQ==", Some(b"a")),
            ("YR==", Some(b"a")),
            ("Y\nQ=\r\n=", Some(b"a")),
            ("YQ", None),
            ("YQ=", None),
            ("YQ== ", None),
            ("YQ==YQ==", None),
            ("Y-==", None),
        ] {
            assert_eq!(
                decode(text).as_deref().map(Vec::as_slice),
                bytes,
                "{text:?}"
            );
        }
    }
}
