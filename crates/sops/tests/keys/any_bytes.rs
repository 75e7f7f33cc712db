//! Any bytes at all: a value or an error, never a panic, and no long wait.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use sops::keys::age::decrypt;
use sops::keys::{KeyRing, NoPassphrase};
use sops::{KeyService, MasterKey};

use super::programs::{Workshop, moment, ring_that};

/// Real keys, and what is encrypted to them.
struct Samples {
    ring: KeyRing,
    key_files: Vec<Vec<u8>>,
    age_files: Vec<Vec<u8>>,
    messages: Vec<Vec<u8>>,
}

static SAMPLES: LazyLock<Samples> = LazyLock::new(|| {
    let shop = Workshop::new();
    let recipients = [
        shop.age_keygen("classic", &[]),
        shop.age_keygen("hybrid", &["-pq"]),
    ];
    shop.ssh_keygen("ed25519", &["-t", "ed25519"], "");
    shop.ssh_keygen("rsa", &["-t", "rsa", "-b", "2048"], "");
    shop.ssh_keygen("pem", &["-t", "rsa", "-b", "2048", "-m", "PEM"], "");
    let curve = "Key-Type: EDDSA\nKey-Curve: Ed25519\nSubkey-Type: ECDH\nSubkey-Curve: Curve25519";
    let pgp = [
        shop.gpg_key("curve", curve, false),
        shop.gpg_key("rsa", "Key-Type: RSA\nKey-Length: 2048", false),
    ];
    let mut key_files: Vec<_> = ["classic", "hybrid", "ed25519", "rsa", "pem"]
        .iter()
        .map(|name| shop.read(name))
        .collect();
    for key in &pgp {
        key_files.push(shop.gpg(&["-a", "--export-secret-keys", key], b""));
        key_files.push(shop.gpg(&["--export-secret-keys", key], b""));
    }
    let files: Vec<_> = key_files.iter().map(Vec::as_slice).collect();
    let mut age_files = Vec::new();
    for options in [&[][..], &["-a"]] {
        for recipient in &recipients {
            age_files.push(shop.age(&[options, &["-r", recipient]].concat(), b"content"));
        }
        for public in ["ed25519.pub", "rsa.pub", "pem.pub"] {
            age_files.push(shop.age(&[options, &["-R", public]].concat(), b"content"));
        }
    }
    let messages = pgp
        .iter()
        .map(|key| shop.gpg(&["-a", "-e", "-r", key], b"content"))
        .collect();
    Samples {
        ring: ring_that(NoPassphrase, &files),
        key_files,
        age_files,
        messages,
    }
});

/// One of `samples` with some of its bytes replaced, removed or doubled.
fn damaged(samples: &'static [Vec<u8>]) -> impl Strategy<Value = Vec<u8>> {
    let damage = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..4);
    (prop::sample::select(samples), damage).prop_map(|(mut bytes, damage)| {
        for (index, byte, kind) in damage {
            if bytes.is_empty() {
                break;
            }
            let index = index.index(bytes.len());
            match kind {
                0 => bytes[index] = byte,
                1 => drop(bytes.remove(index)),
                2 => bytes.insert(index, byte),
                _ => bytes.truncate(index),
            }
        }
        bytes
    })
}

fn unwrap_pgp(enc: String) {
    let key = MasterKey::Pgp {
        fp: String::new(),
        enc,
        created_at: moment(),
    };
    let _any_outcome = SAMPLES.ring.unwrap_key(&key);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn key_files_of_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _any_outcome = KeyRing::default().load("file", &bytes);
    }

    #[test]
    fn key_files_of_any_text(text in "(-----(BEGIN|END) (RSA|OPENSSH|PGP|AGE)?[A-Z ]*-----|[A-Za-z0-9+/=\n -]|AGE-SECRET-KEY-|\n){0,80}") {
        let _any_outcome = KeyRing::default().load("file", text.as_bytes());
    }

    #[test]
    fn packets_of_any_bytes(tag in 0x80..=0xff_u8, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let file = [&[tag], &bytes[..]].concat();
        let _any_outcome = KeyRing::default().load("file", &file);
    }

    #[test]
    fn damaged_key_files(bytes in damaged(&SAMPLES.key_files)) {
        let _any_outcome = KeyRing::default().load("file", &bytes);
    }

    #[test]
    fn age_files_of_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(decrypt(&bytes, &SAMPLES.ring).is_err());
        let file = [b"age-encryption.org/v1\n-> ", &bytes[..]].concat();
        prop_assert!(decrypt(&file, &SAMPLES.ring).is_err());
    }

    #[test]
    fn damaged_age_files_never_give_other_content(bytes in damaged(&SAMPLES.age_files)) {
        if let Ok(content) = decrypt(&bytes, &SAMPLES.ring) {
            prop_assert_eq!(content.expose(), b"content");
        }
    }

    #[test]
    fn messages_of_any_text(text in "[A-Za-z0-9+/=\n -]{0,300}") {
        unwrap_pgp(text.clone());
        unwrap_pgp(format!("-----BEGIN PGP MESSAGE-----\n\n{text}\n-----END PGP MESSAGE-----\n"));
    }

    #[test]
    fn damaged_messages(bytes in damaged(&SAMPLES.messages)) {
        unwrap_pgp(String::from_utf8_lossy(&bytes).into_owned());
    }
}

#[test]
fn huge_files_are_refused_at_once() {
    let start = Instant::now();
    let stanza = "-> X25519 AAAA\n\n".repeat(1 << 20);
    let header = format!("age-encryption.org/v1\n{stanza}");
    for file in [
        header.clone().into_bytes(),
        format!("{header}--- AAAA\n").into_bytes(),
        b"age-encryption.org/v1\n-> X25519 ".repeat(1 << 20),
        vec![b'\n'; 16 << 20],
    ] {
        assert!(decrypt(&file, &SAMPLES.ring).is_err());
    }
    assert!(
        KeyRing::default()
            .load("file", &vec![b'a'; (16 << 20) + 1])
            .is_err()
    );
    let blocks = "-----BEGIN A-----\n".repeat(100_000);
    assert!(KeyRing::default().load("file", blocks.as_bytes()).is_err());
    let lines = "#\n".repeat(8 << 20);
    assert!(KeyRing::default().load("file", lines.as_bytes()).is_ok());
    // Generous: the limit is there to catch what grows with the square of the size.
    assert!(start.elapsed() < Duration::from_secs(60));
}
