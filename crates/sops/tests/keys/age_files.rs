//! age identities of every kind, against `age`, `age-keygen`, `ssh-keygen` and `sops`.

use sops::keys::age::{AgeError, MAX_WORK_FACTOR, decrypt, decrypt_with_passphrase};
use sops::keys::{KeyRing, Loaded, NoPassphrase, StaysLocked, WhyUnusable};
use sops::{KeyError, KeyService, MasterKey, Unwrapped};

use super::programs::{Knows, PASSPHRASE, Workshop, ring, ring_that};

const CONTENT: &[u8] = b"thirty-two bytes of a data key..";

fn opens(ring: &KeyRing, file: &[u8]) {
    match decrypt(file, ring) {
        Ok(content) => assert_eq!(content.expose(), CONTENT),
        Err(error) => panic!("{error}"),
    }
}

fn reason(ring: &KeyRing, file: &[u8]) -> &'static str {
    match decrypt(file, ring) {
        Ok(_) => "success",
        Err(error) => error.reason(),
    }
}

#[test]
fn native_identities_open_what_age_encrypts_to_them() {
    for options in [&[][..], &["-pq"]] {
        let shop = Workshop::new();
        let recipient = shop.age_keygen("key", options);
        let other = shop.age_keygen("other", options);
        let ring = ring(&[&shop.read("key")]);
        assert_eq!(ring.names(), std::slice::from_ref(&recipient));

        opens(&ring, &shop.age(&["-r", &recipient], CONTENT));
        opens(&ring, &shop.age(&["-a", "-r", &recipient], CONTENT));
        opens(&ring, &shop.age(&["-r", &other, "-r", &recipient], CONTENT));
        let foreign = shop.age(&["-r", &other], CONTENT);
        assert_eq!(reason(&ring, &foreign), "no-matching-key");
    }
}

#[test]
fn a_key_is_found_among_many_whatever_its_place() {
    let shop = Workshop::new();
    let recipients: Vec<_> = (0..12)
        .map(|index| {
            let options: &[&str] = if index % 3 == 0 { &["-pq"] } else { &[] };
            shop.age_keygen(&format!("key{index}"), options)
        })
        .collect();
    let all: Vec<_> = (0..12)
        .map(|index| shop.text(&format!("key{index}")))
        .collect();
    let ring = ring(&[all.concat().as_bytes()]);
    for recipient in &recipients {
        opens(&ring, &shop.age(&["-r", recipient], CONTENT));
    }
}

#[test]
fn sops_files_unwrap_whatever_their_recipient_says() {
    let shop = Workshop::new();
    let recipients = [
        shop.age_keygen("classic", &[]),
        shop.age_keygen("hybrid", &["-pq"]),
    ];
    let ring = ring(&[&shop.read("classic"), &shop.read("hybrid")]);
    for (index, file) in ["classic", "hybrid"].iter().enumerate() {
        let [enc] = &shop.sops_wrapped("age", &["--age", &recipients[index]])[..] else {
            panic!("one key")
        };
        let expected = shop.age(&["-d", "-i", file], enc.as_bytes());
        assert_eq!(expected.len(), 32);
        for recipient in [
            &recipients[index],
            &recipients[1 - index],
            "age1stranger",
            "",
        ] {
            let key = MasterKey::Age {
                recipient: recipient.to_owned(),
                enc: enc.clone(),
            };
            match ring.unwrap_key(&key) {
                Ok(Unwrapped::Key(data_key)) => assert_eq!(data_key.expose(), expected),
                _ => panic!("not unwrapped as {recipient}"),
            }
            let is_its_own = recipients.iter().any(|own| own == recipient);
            assert_eq!(ring.holds(&key), is_its_own);
        }
    }
}

#[test]
fn locked_identity_files_open_with_their_passphrase() {
    let shop = Workshop::new();
    let recipient = shop.age_keygen("key", &[]);
    let hybrid = shop.age_keygen("hybrid", &["-pq"]);
    let both = [shop.read("key"), shop.read("hybrid")].concat();
    let message = shop.age(&["-r", &recipient], CONTENT);
    for options in [&[][..], &["-a"]] {
        let locked = shop.lock(&both, options, PASSPHRASE, 10);
        let loaded = KeyRing::default().load("locked", &locked).unwrap();
        assert_eq!((loaded.age_files, loaded.usable()), (1, 1));

        opens(&ring(&[&locked]), &message);
        opens(&ring(&[&locked]), &shop.age(&["-r", &hybrid], CONTENT));
        for (ring, expected) in [
            (
                ring_that(NoPassphrase, &[&locked]),
                StaysLocked::NoPassphrase,
            ),
            (
                ring_that(Knows("wrong"), &[&locked]),
                StaysLocked::WrongPassphrase,
            ),
        ] {
            assert_eq!(reason(&ring, &message), expected.reason());
            // The answer is remembered: nobody is asked for each file again.
            assert_eq!(reason(&ring, &message), expected.reason());
        }
    }
    let nested = shop.lock(b"no identity", &[], PASSPHRASE, 10);
    assert_eq!(
        reason(&ring(&[&nested]), &message),
        StaysLocked::Unusable.reason()
    );
}

#[test]
fn nobody_is_asked_while_another_key_opens_the_file() {
    let shop = Workshop::new();
    let recipient = shop.age_keygen("key", &[]);
    let locked = shop.lock(&shop.read("key"), &[], PASSPHRASE, 10);
    shop.ssh_keygen("ssh", &["-t", "ed25519"], PASSPHRASE);
    let ring = ring_that(Refuses, &[&locked, &shop.read("ssh"), &shop.read("key")]);
    opens(&ring, &shop.age(&["-r", &recipient], CONTENT));
}

struct Refuses;

impl sops::keys::Passphrase for Refuses {
    fn ask(&self, request: &sops::keys::PassphraseRequest<'_>) -> Option<secret::SecretString> {
        panic!("asked for {}", request.source);
    }
}

#[test]
fn an_scrypt_recipient_is_opened_by_a_passphrase_only_and_within_limits() {
    let shop = Workshop::new();
    shop.age_keygen("key", &[]);
    let file = shop.lock(CONTENT, &["-a"], PASSPHRASE, 12);
    let open = |file: &[u8], passphrase: &str| {
        decrypt_with_passphrase(file, &secret::SecretString::copy_of(passphrase))
    };
    assert_eq!(open(&file, PASSPHRASE).ok().unwrap().expose(), CONTENT);
    assert!(matches!(open(&file, "wrong"), Err(AgeError::NoMatchingKey)));
    // A file to decrypt never makes anybody be asked, nor any work be done.
    assert_eq!(
        reason(&ring_that(Refuses, &[&shop.read("key")]), &file),
        "no-matching-key"
    );

    let file = String::from_utf8_lossy(&shop.lock(CONTENT, &[], PASSPHRASE, 12)).into_owned();
    for (work, expected) in [
        ("23", "excessive-work"),
        ("30", "excessive-work"),
        ("64", "excessive-work"),
        ("300", "age-header"),
        ("012", "age-header"),
        ("0", "age-header"),
        ("+12", "age-header"),
    ] {
        let changed = file.replacen(" 12\n", &format!(" {work}\n"), 1);
        assert_ne!(changed, file);
        let error = open(changed.as_bytes(), PASSPHRASE).err().unwrap();
        assert_eq!(error.reason(), expected, "{work}");
    }
    assert_eq!(MAX_WORK_FACTOR, 22);
}

#[test]
fn ssh_keys_open_what_age_encrypts_to_them() {
    let shop = Workshop::new();
    let kinds: &[(&str, &[&str])] = &[
        ("ed25519", &["-t", "ed25519"]),
        ("rsa2048", &["-t", "rsa", "-b", "2048"]),
        ("rsa3072", &["-t", "rsa", "-b", "3072"]),
        ("rsa4096", &["-t", "rsa", "-b", "4096"]),
    ];
    for (name, args) in kinds {
        shop.ssh_keygen(name, args, "");
        let public = format!("{name}.pub");
        let message = shop.age(&["-a", "-R", &public], CONTENT);
        let open = ring_that(Refuses, &[&shop.read(name)]);
        opens(&open, &message);
        let name_in_file = shop.text(&public);
        assert_eq!(
            open.names(),
            [name_in_file.rsplit_once(' ').unwrap().0.to_owned()]
        );

        shop.run(
            "ssh-keygen",
            &["-q", "-p", "-f", name, "-P", "", "-N", PASSPHRASE],
            b"",
        );
        opens(&ring(&[&shop.read(name)]), &message);
        let locked = ring_that(Knows("wrong"), &[&shop.read(name)]);
        assert_eq!(reason(&locked, &message), "wrong-passphrase");

        let [enc] = &shop.sops_wrapped("age", &["--age", name_in_file.trim()])[..] else {
            panic!("one key")
        };
        let key = MasterKey::Age {
            recipient: name_in_file.trim().to_owned(),
            enc: enc.clone(),
        };
        assert!(open.holds(&key));
        assert!(matches!(open.unwrap_key(&key), Ok(Unwrapped::Key(key)) if key.len() == 32));
        assert!(matches!(
            locked.unwrap_key(&key),
            Err(KeyError::Locked(locked)) if locked.why == StaysLocked::WrongPassphrase
        ));
    }
    shop.ssh_keygen("stranger", &["-t", "ed25519"], "");
    let message = shop.age(&["-R", "ed25519.pub"], CONTENT);
    assert_eq!(
        reason(&ring(&[&shop.read("stranger")]), &message),
        "no-matching-key"
    );
}

#[test]
fn pem_keys_serve_as_ssh_keys() {
    let shop = Workshop::new();
    for (name, format) in [("pkcs1", "PEM"), ("pkcs8", "PKCS8")] {
        shop.ssh_keygen(name, &["-t", "rsa", "-b", "2048", "-m", format], "");
        let message = shop.age(&["-R", &format!("{name}.pub")], CONTENT);
        let mut ring = KeyRing::default();
        let loaded = ring.load(name, &shop.read(name)).unwrap();
        assert_eq!((loaded.rsa, loaded.usable()), (1, 1));
        opens(&ring, &message);
    }
    shop.run(
        "openssl",
        &["genpkey", "-algorithm", "ed25519", "-out", "ed.pem"],
        b"",
    );
    shop.run("chmod", &["600", "ed.pem"], b"");
    let mut ring = KeyRing::default();
    assert_eq!(ring.load("ed.pem", &shop.read("ed.pem")).unwrap().ssh, 1);
    shop.write("ed.pub", &ring.names()[0]);
    opens(&ring, &shop.age(&["-R", "ed.pub"], CONTENT));
}

#[test]
fn entries_that_cannot_be_used_are_reported_with_their_line() {
    let shop = Workshop::new();
    shop.ssh_keygen("ecdsa", &["-t", "ecdsa"], "");
    shop.ssh_keygen("short", &["-t", "rsa", "-b", "1024"], "");
    shop.ssh_keygen(
        "protected",
        &["-t", "rsa", "-b", "2048", "-m", "PEM"],
        PASSPHRASE,
    );
    shop.run(
        "openssl",
        &[
            "pkcs8",
            "-topk8",
            "-in",
            "protected",
            "-passin",
            "pass:open sesame",
            "-passout",
            "pass:open sesame",
            "-out",
            "pkcs8",
        ],
        b"",
    );
    shop.age_keygen("key", &[]);
    let plugin = "AGE-PLUGIN-FOO-1QQQQQQ\n";
    for (content, expected) in [
        (shop.read("ecdsa"), WhyUnusable::SshAlgorithm),
        (shop.read("short"), WhyUnusable::ShortRsa),
        (shop.read("protected"), WhyUnusable::ProtectedPem),
        (shop.read("pkcs8"), WhyUnusable::ProtectedPem),
        (plugin.as_bytes().to_vec(), WhyUnusable::AgePlugin),
        (
            b"AGE-PLUGIN-../../X-1QQQQQQ".to_vec(),
            WhyUnusable::AgePlugin,
        ),
        (
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec(),
            WhyUnusable::NotPrivate,
        ),
        (
            b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n".to_vec(),
            WhyUnusable::MalformedKey,
        ),
    ] {
        let file = [&shop.read("key")[..], &content].concat();
        let loaded = KeyRing::default().load("mixed", &file).unwrap();
        assert_eq!(loaded.usable(), 1, "{expected:?}");
        // The identity file has two lines of comments before the key.
        let found: Vec<_> = loaded
            .unusable
            .iter()
            .map(|entry| (entry.line, entry.why))
            .collect();
        assert_eq!(found, [(4, expected)]);
    }
}

#[test]
fn a_file_of_many_kinds_gives_all_its_keys() {
    let shop = Workshop::new();
    let recipients = [
        shop.age_keygen("classic", &[]),
        shop.age_keygen("hybrid", &["-pq"]),
    ];
    shop.ssh_keygen("ssh", &["-t", "ed25519"], "");
    shop.ssh_keygen("pem", &["-t", "rsa", "-b", "2048", "-m", "PEM"], "");
    let fingerprint = shop.gpg_key("Someone", "Key-Type: RSA\nKey-Length: 2048", false);
    let file = [
        shop.read("classic"),
        shop.read("ssh"),
        shop.gpg(&["-a", "--export-secret-keys", &fingerprint], b""),
        b"\r\nsome words\r\n".to_vec(),
        shop.text("pem").replace('\n', "\r\n").into_bytes(),
        shop.lock(&shop.read("hybrid"), &["-a"], PASSPHRASE, 10),
    ];
    // Words between blocks are no identities, so a file that has both is refused; without identities they are nothing.
    assert!(KeyRing::default().load("mixed", &file.concat()).is_err());
    let file = [&file[..3], &file[4..]].concat();
    let mut ring = ring(&[]);
    let loaded = ring.load("mixed", &file.concat()).unwrap();
    assert_eq!(
        (
            loaded.age,
            loaded.ssh,
            loaded.rsa,
            loaded.pgp,
            loaded.age_files,
            loaded.unusable.len()
        ),
        (1, 1, 1, 1, 1, 0)
    );
    for recipient in &recipients {
        opens(&ring, &shop.age(&["-r", recipient], CONTENT));
    }
    for public in ["ssh.pub", "pem.pub"] {
        opens(&ring, &shop.age(&["-R", public], CONTENT));
    }
}

#[test]
fn damaged_key_files_are_refused_without_quoting_them() {
    let shop = Workshop::new();
    shop.age_keygen("key", &[]);
    let key = shop.text("key");
    let identity = key.lines().last().unwrap();
    let mut flipped = identity.to_owned();
    flipped.replace_range(20..21, if &identity[20..21] == "Q" { "P" } else { "Q" });
    for (content, line, expected) in [
        (flipped.as_str(), 1, "malformed-age-identity"),
        (&identity.to_lowercase(), 1, "malformed-age-identity"),
        (&identity[..40], 1, "malformed-age-identity"),
        (
            &format!("# words\n{identity}\nhunter2 {identity}"),
            3,
            "malformed-age-identity",
        ),
        (
            &format!("{identity}\n\nage1qqqqqq"),
            3,
            "recipient-in-key-file",
        ),
        (
            "words\n-----BEGIN RSA PRIVATE KEY-----\nAAAA",
            2,
            "malformed-key-block",
        ),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nA*AA\n-----END RSA PRIVATE KEY-----",
            1,
            "malformed-key-block",
        ),
        (
            "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nA\n-----END PGP PRIVATE KEY BLOCK-----",
            1,
            "malformed-key-block",
        ),
    ] {
        let mut ring = KeyRing::default();
        let error = ring.load("keys.txt", content.as_bytes()).err().unwrap();
        assert_eq!(error.reason(), expected, "line {line}");
        let text = format!("{error} {error:?}");
        assert!(
            error.to_string().starts_with(&format!("keys.txt:{line}: ")),
            "{text}"
        );
        assert!(!text.contains("SECRET") && !text.contains("hunter2"));
        assert!(ring.is_empty());
    }
}

#[test]
fn what_is_no_key_file_is_empty_and_no_error() {
    for content in [
        "",
        "\n",
        "# nothing\n",
        "apiVersion: v1\nkind: Secret\ndata:\n  tls.key: AAAA\n",
        "  AGE-SECRET-KEY-1QQQ\n",
        "key: AGE-SECRET-KEY-1QQQ\n",
        "a: |\n  -----BEGIN RSA PRIVATE KEY-----\n",
    ] {
        let loaded = KeyRing::default().load("file", content.as_bytes()).unwrap();
        assert_eq!(loaded, Loaded::default(), "{content:?}");
        assert!(loaded.is_empty());
    }
    let loaded = KeyRing::default().load("file", b"\x00\xff\xfe").unwrap();
    assert!(loaded.is_empty());
}
