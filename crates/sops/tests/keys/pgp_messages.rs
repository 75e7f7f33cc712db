//! OpenPGP keys of every kind, against `gpg` and `sops`.

use std::sync::Mutex;
use std::thread;

use secret::SecretString;
use sops::keys::{KeyRing, NoPassphrase, Passphrase, PassphraseRequest, StaysLocked, WhyUnusable};
use sops::{KeyError, KeyService, MasterKey, Unwrapped};

use super::programs::{Knows, PASSPHRASE, Workshop, moment, ring, ring_that};

const CONTENT: &[u8] = b"\x00thirty-two bytes of a data key\xff";

const KINDS: &[(&str, &str)] = &[
    ("rsa1024", "Key-Type: RSA\nKey-Length: 1024"),
    ("rsa2048", "Key-Type: RSA\nKey-Length: 2048"),
    (
        "rsa4096",
        "Key-Type: RSA\nKey-Length: 1024\nSubkey-Type: RSA\nSubkey-Length: 4096",
    ),
    (
        "dsa-rsa",
        "Key-Type: DSA\nKey-Length: 1024\nSubkey-Type: RSA\nSubkey-Length: 2048",
    ),
    (
        "cv25519",
        "Key-Type: EDDSA\nKey-Curve: Ed25519\nSubkey-Type: ECDH\nSubkey-Curve: Curve25519",
    ),
    (
        "nistp256",
        "Key-Type: ECDSA\nKey-Curve: NIST P-256\nSubkey-Type: ECDH\nSubkey-Curve: NIST P-256",
    ),
    (
        "nistp384",
        "Key-Type: ECDSA\nKey-Curve: NIST P-384\nSubkey-Type: ECDH\nSubkey-Curve: NIST P-384",
    ),
    (
        "nistp521",
        "Key-Type: ECDSA\nKey-Curve: NIST P-521\nSubkey-Type: ECDH\nSubkey-Curve: NIST P-521",
    ),
];

fn master_key(fp: &str, enc: &[u8]) -> MasterKey {
    MasterKey::Pgp {
        fp: fp.to_owned(),
        enc: String::from_utf8(enc.to_vec()).unwrap(),
        created_at: moment(),
    }
}

/// What became of a message: its content, or the reason why there is none.
fn unwrap(ring: &KeyRing, enc: &[u8]) -> Result<Vec<u8>, &'static str> {
    match ring.unwrap_key(&master_key("", enc)) {
        Ok(Unwrapped::Key(key)) => Ok(key.expose().to_vec()),
        Ok(Unwrapped::NotForMe) => Err("not-for-me"),
        Err(error) => Err(error.reason()),
    }
}

#[test]
fn keys_of_every_kind_open_what_gpg_encrypts_to_them() {
    // Making keys takes most of the time, and one agent makes one at a time.
    thread::scope(|scope| {
        for kinds in KINDS.chunks(KINDS.len().div_ceil(2)) {
            scope.spawn(move || {
                let shop = Workshop::new();
                for (name, parameters) in kinds {
                    // One of each way to store a private key is protected as well.
                    let ways: &[bool] = match *name {
                        "rsa2048" | "cv25519" | "nistp384" => &[false, true],
                        _ => &[false],
                    };
                    for &protected in ways {
                        a_new_key_opens_its_messages(&shop, name, parameters, protected);
                    }
                }
            });
        }
    });
}

fn a_new_key_opens_its_messages(shop: &Workshop, name: &str, parameters: &str, protected: bool) {
    let user = format!("{name} {protected}");
    let fingerprint = shop.gpg_key(&user, parameters, protected);
    let message = shop.gpg(&["-a", "-e", "-r", &fingerprint], CONTENT);
    for options in [&["-a"][..], &[]] {
        let key = shop.gpg(
            &[options, &["--export-secret-keys", &fingerprint]].concat(),
            b"",
        );
        let ring = ring(&[&key]);
        assert_eq!(unwrap(&ring, &message).as_deref(), Ok(CONTENT), "{user}");
        assert_eq!(ring.names(), std::slice::from_ref(&fingerprint));
        assert!(ring.holds(&master_key(&fingerprint, b"")));
        assert!(ring.holds(&master_key(&fingerprint[24..], b"")));
        assert!(!ring.holds(&master_key(&fingerprint[25..], b"")));
        if protected {
            let locked = ring_that(NoPassphrase, &[&key]);
            assert_eq!(
                unwrap(&locked, &message),
                Err(StaysLocked::NoPassphrase.reason())
            );
            let locked = ring_that(Knows("wrong"), &[&key]);
            assert_eq!(
                unwrap(&locked, &message),
                Err(StaysLocked::WrongPassphrase.reason())
            );
        }
    }
}

#[test]
fn messages_of_every_form_open() {
    let shop = Workshop::new();
    let curve = shop.gpg_key("curve", KINDS[4].1, false);
    let rsa = shop.gpg_key("rsa", KINDS[1].1, false);
    let stranger = shop.gpg_key("stranger", KINDS[1].1, false);
    let keys = [&curve, &rsa].map(|key| shop.gpg(&["-a", "--export-secret-keys", key], b""));
    let both = ring(&[&keys.concat()]);
    for (name, options) in [
        (
            "no compression",
            &["--compress-algo", "none", "-r", &curve][..],
        ),
        ("zip", &["--compress-algo", "zip", "-r", &curve]),
        ("zlib", &["--compress-algo", "zlib", "-r", &rsa]),
        ("bzip2", &["--compress-algo", "bzip2", "-r", &rsa]),
        ("several recipients", &["-r", &stranger, "-r", &curve]),
        ("hidden recipient", &["-R", &curve]),
        ("hidden recipients", &["-R", &stranger, "-R", &rsa]),
        ("3DES", &["--cipher-algo", "3DES", "-r", &rsa]),
        ("Twofish", &["--cipher-algo", "TWOFISH", "-r", &rsa]),
        ("AES-128", &["--cipher-algo", "AES128", "-r", &curve]),
        ("signed", &["-s", "-u", &stranger, "-r", &curve]),
    ] {
        let message = shop.gpg(&[&["-a", "-e"], options].concat(), CONTENT);
        assert_eq!(unwrap(&both, &message).as_deref(), Ok(CONTENT), "{name}");
    }
    let foreign = shop.gpg(&["-a", "-e", "-r", &stranger], CONTENT);
    assert_eq!(unwrap(&both, &foreign), Err("not-for-me"));
    let hidden = shop.gpg(&["-a", "-e", "-R", &stranger], CONTENT);
    assert_eq!(unwrap(&both, &hidden), Err("not-for-me"));
}

#[test]
fn a_subkey_works_while_its_primary_key_is_kept_elsewhere() {
    let shop = Workshop::new();
    for (name, parameters) in [KINDS[2], KINDS[4]] {
        let fingerprint = shop.gpg_key(name, parameters, true);
        let key = shop.gpg(&["-a", "--export-secret-subkeys", &fingerprint], b"");
        let message = shop.gpg(&["-a", "-e", "-r", &fingerprint], CONTENT);
        assert_eq!(
            unwrap(&ring(&[&key]), &message).as_deref(),
            Ok(CONTENT),
            "{name}"
        );
    }
}

#[test]
fn sops_files_unwrap() {
    let shop = Workshop::new();
    let fingerprint = shop.gpg_key("sops", KINDS[1].1, false);
    let [enc] = &shop.sops_wrapped("pgp", &["--pgp", &fingerprint])[..] else {
        panic!("one key")
    };
    let key = shop.gpg(&["-a", "--export-secret-keys", &fingerprint], b"");
    let expected = shop.gpg(&["-d"], enc.as_bytes());
    assert_eq!(expected.len(), 32);
    assert_eq!(unwrap(&ring(&[&key]), enc.as_bytes()), Ok(expected));
}

#[test]
fn what_gos_library_wrote_opens() {
    let shop = Workshop::new();
    let fingerprint = shop.gpg_key("sops", KINDS[1].1, false);
    let ring = ring(&[&shop.gpg(&["--export-secret-keys", &fingerprint], b"")]);

    // sops encrypts by itself where it finds a key ring of the old kind.
    let old = shop.path("old");
    std::fs::create_dir(&old).unwrap();
    shop.write(
        "old/pubring.gpg",
        shop.gpg(&["--export", &fingerprint], b""),
    );
    let home = [
        ("GNUPGHOME", old.to_str().unwrap()),
        ("PATH", "/nonexistent"),
    ];
    let [enc] = &shop.sops_wrapped_with("pgp", &["--pgp", &fingerprint], &home)[..] else {
        panic!("one key")
    };
    let expected = shop.gpg(&["-d"], enc.as_bytes());
    assert_eq!(unwrap(&ring, enc.as_bytes()), Ok(expected));

    let message = shop.gpg(&["-e", "-r", &fingerprint], CONTENT);
    let message = armor(&shop, &in_short_parts(&message));
    assert_eq!(shop.gpg(&["-d"], &message), CONTENT, "gpg reads it too");
    assert_eq!(unwrap(&ring, &message).as_deref(), Ok(CONTENT));
}

/// Cuts the data of `message` into parts of 1, 2, 4 and 8 bytes and a rest, as Go's library did for years. The standard
/// wants 512 bytes in the first part (RFC 9580, section 4.2.1.4).
fn in_short_parts(message: &[u8]) -> Vec<u8> {
    let data = data_packet(message);
    let body = match message[data + 1] {
        0..192 => data + 2,
        _ => data + 3,
    };
    let mut rest = &message[body..];
    let mut cut = message[..=data].to_vec();
    for power in 0..4_u8 {
        let (part, more) = rest.split_at(1 << power);
        cut.push(0xe0 | power);
        cut.extend(part);
        rest = more;
    }
    cut.push(
        u8::try_from(rest.len())
            .ok()
            .filter(|len| *len < 192)
            .unwrap(),
    );
    cut.extend(rest);
    cut
}

#[test]
fn keys_that_cannot_decrypt_are_reported() {
    let shop = Workshop::new();
    let signer = shop.gpg_key("signer", "Key-Type: EDDSA\nKey-Curve: Ed25519", false);
    let public = shop.gpg_key("public", KINDS[1].1, false);
    for (content, expected) in [
        (
            shop.gpg(&["-a", "--export-secret-keys", &signer], b""),
            WhyUnusable::PgpCannotDecrypt,
        ),
        (
            shop.gpg(&["-a", "--export", &public], b""),
            WhyUnusable::NotPrivate,
        ),
        (
            shop.gpg(&["--export", &public], b""),
            WhyUnusable::NotPrivate,
        ),
        (
            shop.gpg(&["-a", "-e", "-r", &public], b""),
            WhyUnusable::NotPrivate,
        ),
    ] {
        let loaded = KeyRing::default().load("key", &content).unwrap();
        assert_eq!(loaded.usable(), 0);
        let found: Vec<_> = loaded.unusable.iter().map(|entry| entry.why).collect();
        assert_eq!(found, [expected]);
    }
}

#[test]
fn changed_messages_are_refused() {
    let shop = Workshop::new();
    let fingerprint = shop.gpg_key("rsa", KINDS[1].1, false);
    let ring = ring(&[&shop.gpg(&["--export-secret-keys", &fingerprint], b"")]);
    let message = shop.gpg(&["-e", "-r", &fingerprint], CONTENT);

    assert_eq!(
        unwrap(&ring, &armor(&shop, &message)).as_deref(),
        Ok(CONTENT)
    );
    // From the end of the session key on, every byte is covered by it or by the integrity protection.
    let data = data_packet(&message);
    for index in (data + 3..message.len()).step_by(7) {
        let mut changed = message.clone();
        changed[index] ^= 1;
        assert_eq!(
            unwrap(&ring, &armor(&shop, &changed)),
            Err("key-mismatch"),
            "byte {index}"
        );
    }
    for len in [0, 1, data, data + 1, message.len() - 30, message.len() - 1] {
        assert!(
            unwrap(&ring, &armor(&shop, &message[..len])).is_err(),
            "{len} bytes"
        );
    }
}

/// Where the packet after the one session key packet of `message` begins.
fn data_packet(message: &[u8]) -> usize {
    const OLD_SESSION_KEY_PACKET_WITH_LENGTH_OF_TWO_BYTES: u8 = 0x85;
    const NEW_PROTECTED_DATA_PACKET: u8 = 0xd2;
    assert_eq!(message[0], OLD_SESSION_KEY_PACKET_WITH_LENGTH_OF_TWO_BYTES);
    let data = 3 + usize::from(u16::from_be_bytes([message[1], message[2]]));
    assert_eq!(message[data], NEW_PROTECTED_DATA_PACKET);
    data
}

/// Puts packets into the armor of a message. `gpg --enarmor` labels any content as a file.
fn armor(shop: &Workshop, packets: &[u8]) -> Vec<u8> {
    String::from_utf8(shop.gpg(&["--enarmor"], packets))
        .unwrap()
        .replace("PGP ARMORED FILE", "PGP MESSAGE")
        .lines()
        .filter(|line| !line.starts_with("Comment:"))
        .flat_map(|line| [line, "\n"])
        .collect::<String>()
        .into_bytes()
}

#[test]
fn a_message_without_integrity_protection_is_refused() {
    let shop = Workshop::new();
    let fingerprint = shop.gpg_key("rsa", KINDS[1].1, false);
    let ring = ring(&[&shop.gpg(&["--export-secret-keys", &fingerprint], b"")]);
    let mut message = shop.gpg(&["-e", "-r", &fingerprint], CONTENT);
    // gpg no longer writes such messages; the packet differs from a protected one in its tag: 9 instead of 18.
    let data = data_packet(&message);
    message[data] = 0xc9;
    let message = armor(&shop, &message);
    let outcome = ring.unwrap_key(&master_key(&fingerprint, &message));
    assert!(matches!(outcome, Err(KeyError::Unprotected)));
}

#[test]
fn content_longer_than_a_key_is_refused() {
    let shop = Workshop::new();
    let fingerprint = shop.gpg_key("rsa", KINDS[1].1, false);
    let ring = ring(&[&shop.gpg(&["--export-secret-keys", &fingerprint], b"")]);
    let bomb = vec![0; 20 << 20];
    let message = shop.gpg(
        &["-a", "-e", "--compress-algo", "zlib", "-r", &fingerprint],
        &bomb,
    );
    assert!(message.len() < 64 * 1024, "{} bytes", message.len());
    assert_eq!(unwrap(&ring, &message), Err("key-mismatch"));
}

#[test]
fn the_passphrase_is_asked_for_once() {
    let shop = Workshop::new();
    let fingerprint = shop.gpg_key("once", KINDS[4].1, true);
    let key = shop.gpg(&["--export-secret-keys", &fingerprint], b"");
    let message = shop.gpg(&["-a", "-e", "-r", &fingerprint], CONTENT);
    let ring = ring_that(
        Once(Some(SecretString::copy_of(PASSPHRASE)).into()),
        &[&key],
    );
    for _ in 0..3 {
        assert_eq!(unwrap(&ring, &message).as_deref(), Ok(CONTENT));
    }
}

/// Answers one request.
struct Once(Mutex<Option<SecretString>>);

impl Passphrase for Once {
    fn ask(&self, _request: &PassphraseRequest<'_>) -> Option<SecretString> {
        Some(self.0.lock().unwrap().take().expect("asked once"))
    }
}
