//! Base64 as Go's `base64.StdEncoding` reads it: newlines are skipped wherever they stand, and the bits that a padded
//! last group leaves over may be anything.

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// The bytes behind `text`.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    if text.contains(['\r', '\n']) {
        let joined: String = text
            .chars()
            .filter(|sign| !matches!(sign, '\r' | '\n'))
            .collect();
        return ENGINE.decode(joined).ok();
    }
    ENGINE.decode(text).ok()
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
            assert_eq!(decode(text).as_deref(), bytes, "{text:?}");
        }
    }
}
