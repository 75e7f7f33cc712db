//! Any bytes as an encrypted file, in every format: a file that asks for keys, or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sops::{EncryptedFile, Format};

fuzz_target!(|bytes: &[u8]| {
    for format in [
        Format::Binary,
        Format::Dotenv,
        Format::Ini,
        Format::Json,
        Format::Yaml,
    ] {
        let _ = EncryptedFile::parse(bytes, format);
    }
});
