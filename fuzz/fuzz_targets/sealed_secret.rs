//! Any bytes as SealedSecrets: sealed secrets or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealed::SealedSecret;

fuzz_target!(|bytes: &[u8]| {
    let _ = SealedSecret::parse_all(bytes);
});
