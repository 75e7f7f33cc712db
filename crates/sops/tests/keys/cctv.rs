//! The C2SP test vectors of the age format (`c2sp.org/CCTV/age`), all of them.

use std::fs;
use std::process::Command;

use secret::SecretString;
use sha2::{Digest, Sha256};
use sops::keys::KeyRing;
use sops::keys::age::{AgeError, decrypt, decrypt_with_passphrase};

/// Number of vectors in the pinned release; a smaller number means that the peer lost some.
const VECTORS: usize = 143;

#[derive(Default)]
struct Vector {
    expect: String,
    payload: Option<String>,
    identities: String,
    passphrases: Vec<String>,
    armored: bool,
}

fn parse(text: &str) -> Vector {
    let mut vector = Vector::default();
    for line in text.lines() {
        let (key, value) = line.split_once(": ").expect("a header line");
        match key {
            "expect" => vector.expect = value.to_owned(),
            "payload" => vector.payload = Some(value.to_owned()),
            "identity" => {
                vector.identities.push_str(value);
                vector.identities.push('\n');
            }
            "passphrase" => vector.passphrases.push(value.to_owned()),
            "armored" => vector.armored = value == "yes",
            "file key" | "compressed" | "comment" => {}
            unknown => panic!("unknown key {unknown}"),
        }
    }
    vector
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_vector_has_the_outcome_it_asks_for() {
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new(peers::program("cctv", "cctv"))
        .arg(folder.path())
        .status()
        .unwrap();
    assert!(status.success());

    let mut seen = 0;
    let mut wrong = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let bytes = fs::read(entry.path()).unwrap();
        let split = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap();
        let vector = parse(str::from_utf8(&bytes[..split]).unwrap());
        let file = &bytes[split + 2..];

        let mut ring = KeyRing::default();
        let loaded = ring.load(&name, vector.identities.as_bytes()).unwrap();
        assert!(loaded.unusable.is_empty(), "{name}");
        let mut outcome = decrypt(file, &ring);
        for passphrase in &vector.passphrases {
            if outcome.is_err() {
                outcome = decrypt_with_passphrase(file, &SecretString::copy_of(passphrase));
            }
        }
        let digest = outcome
            .as_ref()
            .ok()
            .map(|content| hex(&Sha256::digest(content.expose())));
        let as_expected = match (vector.expect.as_str(), outcome) {
            ("success", Ok(_)) => digest == vector.payload,
            ("no match", Err(AgeError::NoMatchingKey)) => true,
            ("HMAC failure", Err(AgeError::Mac)) => true,
            (
                "header failure",
                Err(AgeError::Header | AgeError::Version | AgeError::ExcessiveWork { .. }),
            ) => true,
            // Without a valid first line it is not known that the file was meant to be armored.
            ("armor failure", Err(AgeError::Armor | AgeError::Header)) => vector.armored,
            ("payload failure", Err(AgeError::Payload)) => true,
            (_, outcome) => {
                let reason = outcome.err().map_or("success", |error| error.reason());
                wrong.push(format!("{name}: {reason} instead of {}", vector.expect));
                continue;
            }
        };
        if !as_expected {
            wrong.push(format!("{name}: another payload"));
        }
        seen += 1;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(seen, VECTORS);
}
