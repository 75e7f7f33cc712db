//! One module per format: bytes to the tree and back, as sops' `stores/` do it.

pub(crate) mod dotenv;
pub(crate) mod ini;
pub(crate) mod ini_writer;
pub(crate) mod json;
pub(crate) mod yaml;
pub(crate) mod yaml_writer;

use zeroize::Zeroizing;

use crate::document::Scalar;

/// Gives `take` a scalar as the flat formats write it (sops: `ValToString` in `stores/stores.go`).
pub(crate) fn text_of<R>(scalar: &Scalar, take: impl FnOnce(&[u8]) -> R) -> R {
    match scalar {
        Scalar::Null => take(b"<nil>"),
        Scalar::Bool(true) => take(b"true"),
        Scalar::Bool(false) => take(b"false"),
        Scalar::Int(number) => take(Zeroizing::new(number.to_string()).as_bytes()),
        Scalar::Float(number) => {
            let text = Zeroizing::new(goyaml::float::general(*number));
            let mut text = Zeroizing::new(text.replace('e', "E"));
            // A float must not read back as an integer; Go's check takes the infinities and NaN for integers too, to no
            // effect.
            if number.is_finite() && !text.contains(['.', 'E']) {
                text.push_str(".0");
            }
            take(text.as_bytes())
        }
        Scalar::Text(text) => take(text.expose()),
        Scalar::Time(time) => take(Zeroizing::new(time.to_seconds()).as_bytes()),
    }
}
