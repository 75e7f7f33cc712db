//! Which values of an object can be found from a hash of them.
//!
//! A hash in a name is public. Who knows it can try values, so a short one, or one of few characters, is as good as
//! told. How hard it is to guess is estimated from the value's own characters, which is far too high for words.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use goyaml::Node;

/// Values of less than so many bits can be guessed.
const BITS: f64 = 40.0;

/// The keys of an object's values that can be guessed.
pub(crate) fn guessable_keys(object: &Node) -> Vec<String> {
    let is_secret = object
        .get("kind")
        .is_some_and(|kind| kind.value == "Secret");
    let fields = [
        ("data", is_secret),
        ("stringData", false),
        ("binaryData", true),
    ];
    let entries = fields.into_iter().flat_map(|(field, encoded)| {
        let entries = object.get(field).into_iter().flat_map(Node::entries);
        entries.map(move |(key, value)| (key, value, encoded))
    });
    entries
        .filter(|(_, value, encoded)| {
            if *encoded {
                let text: Vec<u8> = value
                    .value
                    .bytes()
                    .filter(|byte| !byte.is_ascii_whitespace())
                    .collect();
                let decoded = STANDARD.decode(text);
                decoded.is_ok_and(|bytes| is_guessable(&bytes))
            } else {
                is_guessable(value.value.as_bytes())
            }
        })
        .map(|(key, _, _)| key.value.clone())
        .collect()
}

/// Whether a value is there and has few bits by the frequency of its bytes.
#[allow(clippy::cast_precision_loss)]
fn is_guessable(bytes: &[u8]) -> bool {
    let mut counts = [0_usize; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let length = bytes.len() as f64;
    let bits: f64 = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| *count as f64 * (length / *count as f64).log2())
        .sum();
    !bytes.is_empty() && bits < BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_uniform_values_can_be_guessed() {
        for (value, guessable) in [
            ("", false),
            ("1234", true),
            ("password", true),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", true),
            ("0f9a4c1e7b3d58266e1d", false),
            ("correct horse battery staple", false),
        ] {
            assert_eq!(is_guessable(value.as_bytes()), guessable, "{value}");
        }
    }

    #[test]
    fn keys_of_encoded_values_are_found() {
        let text = "kind: Secret\ndata: {pin: MTIzNA==, key: MGY5YTRjMWU3YjNkNTgyNjZlMWQ=}\nstringData: {a: b}\n";
        let node = goyaml::parse(text.as_bytes()).unwrap().remove(0).root;
        assert_eq!(guessable_keys(&node), ["pin", "a"]);
    }
}
