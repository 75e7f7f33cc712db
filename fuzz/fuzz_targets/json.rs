//! Any bytes as JSON: a value or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = goyaml::json::parse(bytes);
});
