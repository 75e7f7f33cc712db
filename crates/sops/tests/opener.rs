//! Encrypted files in a tree, read through the opener.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod support;

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use peers::sops::{Sops, extension};
use secret::{FingerprintKey, Redactor};
use sops::{DecryptOptions, KeyError, KeyService, MasterKey, SopsOpener, Unwrapped};
use support::AgeKeys;
use tree::{
    Content, Limits, MacCoverage, MemoryEntry, OpenError, Opener, Protection, SecretParts,
    SopsFormat, Tree, TreePath,
};

const SECRET: &str = "plaintext-canary";

const DOCUMENTS: [(&str, SopsFormat, &str); 5] = [
    ("yaml", SopsFormat::Yaml, "key: plaintext-canary\n"),
    (
        "json",
        SopsFormat::Json,
        "{\n\t\"key\": \"plaintext-canary\"\n}\n",
    ),
    ("dotenv", SopsFormat::Dotenv, "key=plaintext-canary\n"),
    ("ini", SopsFormat::Ini, "[s]\nkey = plaintext-canary\n"),
    ("binary", SopsFormat::Binary, "plaintext-canary\n"),
];

/// Counts what it is asked.
struct Counting {
    keys: AgeKeys,
    asked: Arc<AtomicUsize>,
}

impl KeyService for Counting {
    fn unwrap_key(&self, key: &MasterKey) -> Result<Unwrapped, KeyError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.keys.unwrap_key(key)
    }

    fn holds(&self, _: &MasterKey) -> bool {
        true
    }
}

struct Setting {
    opener: SopsOpener<Counting>,
    redactor: Arc<Redactor>,
    asked: Arc<AtomicUsize>,
}

impl Setting {
    fn new(identities: &[String]) -> Self {
        let redactor = Arc::new(Redactor::new(FingerprintKey::generate().unwrap()));
        let asked = Arc::new(AtomicUsize::new(0));
        let keys = Counting {
            keys: AgeKeys::new(identities),
            asked: Arc::clone(&asked),
        };
        Self {
            opener: SopsOpener::new(keys, DecryptOptions::default(), Arc::clone(&redactor)),
            redactor,
            asked,
        }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn open(&self, tree: &Tree, path: &str) -> Result<tree::Opened, OpenError> {
        self.opener.open(tree, &TreePath::parse(path).unwrap())
    }
}

fn tree(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Tree {
    let entries = files
        .into_iter()
        .map(|(path, content)| (TreePath::parse(&path).unwrap(), MemoryEntry::file(content)));
    Tree::memory(entries, Limits::default()).unwrap()
}

fn sops() -> (tempfile::TempDir, Sops) {
    let folder = tempfile::tempdir().unwrap();
    let sops = Sops::new(folder.path());
    (folder, sops)
}

fn rule(sops: &Sops) -> String {
    format!("age: {}", sops.recipients()[0])
}

/// The error as it would be printed, with all its causes.
fn shown(error: &OpenError) -> String {
    let mut text = format!("{error} {error:?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(" {error} {error:?}"));
        cause = error.source();
    }
    text
}

#[test]
fn encrypted_files_of_each_format_are_opened() {
    let (_folder, sops) = sops();
    for (name, format, plain) in DOCUMENTS {
        for (extra, verified_mac) in [
            ("", MacCoverage::EveryValue),
            ("\nmac_only_encrypted: true", MacCoverage::EncryptedValues),
        ] {
            if format == SopsFormat::Binary && !extra.is_empty() {
                // sops does not take this from a rule for binary files, which hold one value.
                continue;
            }
            let encrypted = sops
                .encrypt(name, name, plain.as_bytes(), &(rule(&sops) + extra))
                .unwrap();
            let path = format!("a/secret.{}", extension(name));
            let tree = tree([(path.clone(), encrypted)]);
            let setting = Setting::new(sops.identities());
            assert!(!setting.redactor.knows(SECRET.as_bytes()));
            let opened = setting.open(&tree, &path).unwrap();
            let Content::Secret(content) = &opened.content else {
                panic!("{name}: decrypted content is secret")
            };
            assert_eq!(String::from_utf8_lossy(content.expose()), plain, "{name}");
            let Protection::Sops(protection) = opened.protection else {
                panic!("{name}: the protection is named")
            };
            assert_eq!(
                (protection.format, protection.verified_mac),
                (format, verified_mac),
                "{name}"
            );
            assert!(
                !setting
                    .redactor
                    .redact(&format!("x {plain}"))
                    .contains(SECRET),
                "{name}: the redactor knows the value"
            );
        }
    }
}

#[test]
fn encrypted_parts_are_told_by_document() {
    let (_folder, sops) = sops();
    let plain = "a: &b\n    key: plaintext-canary\n    name: x\nc:\n    <<: *b\n    list:\n        # note\n        - key: 1\n---\n\
                 # nothing else\n---\n{}\n---\nkey: 2\n";
    let rule = rule(&sops) + "\nencrypted_regex: ^key$";
    let encrypted = sops.encrypt("a", "yaml", plain.as_bytes(), &rule).unwrap();
    let tree = tree([("a.yaml".to_owned(), encrypted)]);
    let opened = Setting::new(sops.identities())
        .open(&tree, "a.yaml")
        .unwrap();
    let Protection::Sops(protection) = &opened.protection else {
        panic!("the protection is named")
    };
    let key = |parts: SecretParts| SecretParts::Object([("key".to_owned(), parts)].into());
    let list = SecretParts::Array(vec![key(SecretParts::All)]);
    let first = [
        ("a".to_owned(), key(SecretParts::All)),
        (
            "c".to_owned(),
            SecretParts::Object(
                [
                    ("key".to_owned(), SecretParts::All),
                    ("list".to_owned(), list),
                ]
                .into(),
            ),
        ),
    ];
    assert_eq!(
        protection.encrypted,
        [
            SecretParts::Object(first.into()),
            SecretParts::None,
            SecretParts::None,
            key(SecretParts::All),
        ]
    );
    let documents = goyaml::parse(opened.content.expose()).unwrap();
    assert_eq!(documents.len(), protection.encrypted.len());
}

#[test]
fn other_files_pass_untouched() {
    let files: [(&str, &[u8]); 7] = [
        ("a.yaml", b"kind: Secret # plain\n"),
        ("b.json", b"{\"sops\": 1}"),
        ("c.env", b"A=1\n"),
        ("d.ini", b"[sops_like]\na = 1\n"),
        ("e.bin", b"\x00\xff"),
        ("empty.yaml", b""),
        ("broken.yaml", b"{{ not: [yaml"),
    ];
    let tree = tree(files.map(|(path, content)| (path.to_owned(), content.to_vec())));
    let setting = Setting::new(&[]);
    for (path, content) in files {
        let opened = setting.open(&tree, path).unwrap();
        assert!(matches!(opened.content, Content::Plain(_)), "{path}");
        assert!(matches!(opened.protection, Protection::None), "{path}");
        assert_eq!(opened.content.expose(), content, "{path}");
    }
    assert_eq!(setting.asked(), 0);
}

#[test]
fn refusals_name_file_and_reason_and_no_plaintext() {
    let (_folder, sops) = sops();
    for (name, _, plain) in DOCUMENTS {
        let encrypted = sops
            .encrypt(name, name, plain.as_bytes(), &rule(&sops))
            .unwrap();
        let text = String::from_utf8(encrypted.clone()).unwrap();
        let at = text.find("lastmodified").unwrap();
        let year = at + text[at..].find("20").unwrap();
        let mut moved = encrypted.clone();
        moved[year..year + 4].copy_from_slice(b"2001");
        let path = format!("deep/secret.{}", extension(name));
        for (content, identities, reason) in [
            (&moved, sops.identities(), "mac-unreadable"),
            (&encrypted, &[][..], "no-key"),
        ] {
            let tree = tree([(path.clone(), content.clone())]);
            let error = Setting::new(identities).open(&tree, &path).err().unwrap();
            assert_eq!(error.reason(), reason, "{name}");
            let shown = shown(&error);
            assert!(shown.contains(&path), "{name}: {shown}");
            assert!(!shown.contains(SECRET), "{name}: {shown}");
        }
    }
}

#[test]
fn a_data_key_is_unwrapped_once_and_only_for_files_that_are_read() {
    let (_folder, sops) = sops();
    let first = sops
        .encrypt("a", "yaml", b"key: plaintext-canary\n", &rule(&sops))
        .unwrap();
    let second = sops
        .set("a", "yaml", &first, r#"["key"]"#, r#""another""#)
        .unwrap();
    let other = sops
        .encrypt("b", "yaml", b"key: third\n", &rule(&sops))
        .unwrap();
    let tree = tree([
        ("1.yaml".to_owned(), first),
        ("2.yaml".to_owned(), second),
        ("3.yaml".to_owned(), other),
        ("4.yaml".to_owned(), b"plain: true\n".to_vec()),
    ]);
    let setting = Setting::new(sops.identities());
    assert_eq!(setting.asked(), 0, "nothing is read before it is asked for");
    for (path, content, asked) in [
        ("4.yaml", "plain: true\n", 0),
        ("1.yaml", "key: plaintext-canary\n", 1),
        ("2.yaml", "key: another\n", 1),
        ("1.yaml", "key: plaintext-canary\n", 1),
        ("3.yaml", "key: third\n", 2),
    ] {
        let opened = setting.open(&tree, path).unwrap();
        assert_eq!(opened.content.expose(), content.as_bytes(), "{path}");
        assert_eq!(setting.asked(), asked, "{path}");
    }
}

#[test]
fn keys_that_are_held_are_asked_first() {
    let (_folder, sops) = sops();
    let all = format!("age: {}", sops.recipients().join(","));
    let encrypted = sops
        .encrypt("a", "yaml", b"key: plaintext-canary\n", &all)
        .unwrap();
    let tree = tree([("a.yaml".to_owned(), encrypted)]);
    let last = HoldsOnly {
        keys: AgeKeys::new(&sops.identities()[2..]),
        recipient: sops.recipients()[2].clone(),
        asked: Arc::default(),
    };
    let asked = Arc::clone(&last.asked);
    let redactor = Arc::new(Redactor::new(FingerprintKey::generate().unwrap()));
    SopsOpener::new(last, DecryptOptions::default(), redactor)
        .open(&tree, &TreePath::parse("a.yaml").unwrap())
        .unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

/// Is sure of one recipient.
struct HoldsOnly {
    keys: AgeKeys,
    recipient: String,
    asked: Arc<AtomicUsize>,
}

impl KeyService for HoldsOnly {
    fn unwrap_key(&self, key: &MasterKey) -> Result<Unwrapped, KeyError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.keys.unwrap_key(key)
    }

    fn holds(&self, key: &MasterKey) -> bool {
        key.name() == self.recipient
    }
}
