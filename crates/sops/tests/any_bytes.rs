//! Whatever the bytes, reading them gives a file or an error.

use proptest::prelude::*;
use sops::config::Config;
use sops::{EncryptedFile, ExtractPath, Format, looks_encrypted};

fn read(bytes: &[u8]) {
    for format in Format::ALL {
        let _ = looks_encrypted(bytes, format);
        let _ = EncryptedFile::parse(bytes, format);
    }
    let _ = Config::parse(bytes);
}

/// Pieces that make up documents of all formats, so that reading comes past the first character.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "sops",
        "sops_",
        "[sops]",
        ":",
        ": ",
        "\n",
        "\n  ",
        "- ",
        "{",
        "}",
        "[",
        "]",
        ",",
        "\"",
        "'",
        "`",
        "\"\"\"",
        "#",
        ";",
        "=",
        "\\",
        "\\n",
        "age",
        "__list_0",
        "__map_",
        "enc",
        "mac",
        "lastmodified",
        "2024-01-01T00:00:00Z",
        "version",
        "3.9.0",
        "kms",
        "key_groups",
        "shamir_threshold",
        "&a",
        "*a",
        "<<",
        "|",
        ">",
        "!!binary",
        "~",
        "1",
        "ENC[AES256_GCM,data:AA==,iv:AA==,",
        "tag:AA==,type:str]",
        "\u{feff}",
        "\t",
        "\r",
        " ",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read(&bytes);
    }

    #[test]
    fn any_pieces_are_read_or_refused(text in pieces()) {
        read(text.as_bytes());
    }

    #[test]
    fn any_path_is_read_or_refused(text in "[\\[\\]\"'a0-]{0,20}") {
        let _ = text.parse::<ExtractPath>();
    }
}

#[test]
fn deep_nesting_is_refused() {
    for depth in [1_000, 10_000, 200_000] {
        let json = format!("{}{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        assert!(EncryptedFile::parse(json.as_bytes(), Format::Json).is_err());
        let list = format!("{{\"a\":{}", "[".repeat(depth));
        assert!(EncryptedFile::parse(list.as_bytes(), Format::Json).is_err());
        assert!(EncryptedFile::parse(list.as_bytes(), Format::Yaml).is_err());
    }
    let key = format!("sops_{}=x\nsops_version=3.9.0\n", "a__map_".repeat(100_000));
    assert!(EncryptedFile::parse(key.as_bytes(), Format::Dotenv).is_err());
}

#[test]
fn alias_bombs_are_refused() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..10 {
        let below = format!("*a{}", level - 1);
        bomb.push_str(&format!(
            "a{level}: &a{level} [{}]\n",
            [below.as_str(); 10].join(", ")
        ));
    }
    bomb.push_str("sops:\n  version: 3.9.0\n");
    assert!(EncryptedFile::parse(bomb.as_bytes(), Format::Yaml).is_err());
}
