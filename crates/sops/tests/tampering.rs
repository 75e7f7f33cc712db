//! What the real sops refuses of a changed file is refused here, and no error shows a plaintext.
//!
//! `LOCKSTEP_SOPS_TAMPERING` sets how many random changes each format gets, besides the fixed ones.
#![allow(clippy::unwrap_used)]

mod support;

use std::error::Error;
use std::str::FromStr as _;

use peers::random::Random;
use peers::sops::Sops;
use sops::{DecryptOptions, EncryptedFile, Format, MacPolicy, Opened, OutputOptions};
use support::AgeKeys;

const DEFAULT_COUNT: usize = 40;

/// Stands in every document, so that errors can be searched for it.
const CANARY: &str = "canary-plaintext";

/// A document of each format with a list, neighbours, comments and clear text where the format has them.
const DOCUMENTS: [(&str, &str); 5] = [
    (
        "yaml",
        "# canary-plaintext comment\nfirst: canary-plaintext\nlist:\n  - canary-plaintext one\n  # canary-plaintext between\n  - canary-plaintext two\n  - 3\nnested:\n  flag: true\n  number: 1.5\n  empty: \"\"\n  none: null\n  clear_unencrypted: visible\n  other_unencrypted: text\n",
    ),
    (
        "json",
        "{\"first\": \"canary-plaintext\", \"list\": [\"canary-plaintext one\", \"canary-plaintext two\", 3], \"nested\": {\"flag\": true, \"number\": 1.5, \"empty\": \"\", \"clear_unencrypted\": \"visible\", \"other_unencrypted\": \"text\"}}",
    ),
    (
        "dotenv",
        "# canary-plaintext comment\nFIRST=canary-plaintext\nSECOND=canary-plaintext two\nEMPTY=\nA_unencrypted=visible\nB_unencrypted=text\n",
    ),
    (
        "ini",
        "[one]\n; canary-plaintext comment\nfirst = canary-plaintext\nsecond = canary-plaintext two\n[two]\nfirst = canary-plaintext three\na_unencrypted = visible\n",
    ),
    ("binary", "canary-plaintext\nof several\nlines\n"),
];

/// Fixed changes of a text, each as often as it applies.
fn changes(text: &str) -> Vec<(String, String)> {
    let mut changed = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    let join = |lines: &[&str]| {
        lines
            .iter()
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    };
    for (position, line) in lines.iter().enumerate() {
        let mut without = lines.clone();
        without.remove(position);
        changed.push((format!("line {position} removed"), join(&without)));
        let mut twice = lines.clone();
        twice.insert(position, line);
        changed.push((format!("line {position} doubled"), join(&twice)));
        if position > 0 {
            let mut swapped = lines.clone();
            swapped.swap(position - 1, position);
            changed.push((format!("line {position} moved up"), join(&swapped)));
        }
    }
    let values: Vec<(usize, &str)> = text
        .match_indices("ENC[AES256_GCM")
        .map(|(start, _)| {
            let end = start + text[start..].find(']').map_or(0, |end| end + 1);
            (start, &text[start..end])
        })
        .collect();
    for (number, (start, value)) in values.iter().enumerate() {
        let mut put = |what: &str, new: String| {
            let whole = format!("{}{new}{}", &text[..*start], &text[start + value.len()..]);
            changed.push((format!("value {number}: {what}"), whole));
        };
        for field in ["data:", "iv:", "tag:"] {
            let at = value.find(field).map_or(0, |at| at + field.len());
            let mut bytes = value.as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            put(
                &format!("{field} changed"),
                String::from_utf8_lossy(&bytes).into_owned(),
            );
            put(&format!("{field} dropped"), value.replacen(field, "x:", 1));
        }
        for kind in [
            "str", "int", "float", "bool", "bytes", "time", "comment", "other", "",
        ] {
            let at = value.find("type:").map_or(0, |at| at + 5);
            put(&format!("type {kind}"), format!("{}{kind}]", &value[..at]));
        }
        put("no bracket", value.trim_end_matches(']').to_owned());
        put("emptied", String::new());
        put("in clear text", "clear".to_owned());
        for (other, (_, neighbour)) in values.iter().enumerate() {
            if other != number {
                put(&format!("copied from {other}"), (*neighbour).to_owned());
            }
        }
    }
    for position in 1..10 {
        let mut end = text.len() * position / 10;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        changed.push((format!("cut at {end}"), text[..end].to_owned()));
    }
    for (from, to) in [
        ("visible", "changed"),
        ("visible", "visiblet"),
        ("unencrypted_suffix", "encrypted_suffix"),
        ("_unencrypted", "_nothing"),
        ("lastmodified", "modified"),
        ("T", "t"),
        ("mac", "mic"),
        ("3.13.3", "3.13"),
        ("3.13.3", ""),
        ("nested", "renamed"),
        ("first", "renamed"),
        ("age", "pgp"),
        ("sops", "spos"),
    ] {
        if text.contains(from) {
            changed.push((format!("{from} to {to}"), text.replacen(from, to, 1)));
            changed.push((format!("every {from} to {to}"), text.replace(from, to)));
        }
    }
    changed
}

fn random_change(text: &str, random: &mut Random) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let at = random.below(bytes.len());
    match random.below(3) {
        0 => bytes[at] ^= 1 << random.below(7),
        1 => drop(bytes.remove(at)),
        _ => bytes.insert(at, *random.pick(b"A=,]: \n\"#")),
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The output, or the error with all its causes, as they would be printed.
fn ours(format: Format, encrypted: &[u8], keys: &AgeKeys) -> Result<Vec<u8>, String> {
    fn shown(error: &dyn Error) -> String {
        let cause = error.source().map(shown).unwrap_or_default();
        format!("{error} {error:?} {cause}")
    }
    let file = EncryptedFile::parse(encrypted, format).map_err(|error| shown(&error))?;
    let decrypted = file
        .decrypt(keys, &DecryptOptions::default())
        .map_err(|error| shown(&error))?;
    let bytes = decrypted
        .to_bytes(format, &OutputOptions::default())
        .map_err(|error| shown(&error))?;
    Ok(bytes.expose().to_vec())
}

#[test]
fn what_sops_refuses_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let sops = Sops::new(folder.path());
    let keys = AgeKeys::new(sops.identities());
    let rule = format!("age: {}", sops.recipients()[0]);
    let count = std::env::var("LOCKSTEP_SOPS_TAMPERING")
        .ok()
        .and_then(|count| count.parse().ok());
    let (mut refused, mut stricter, mut accepted) = (0, 0, 0);
    for (name, plain) in DOCUMENTS {
        let format = Format::from_str(name).unwrap();
        let encrypted = sops
            .encrypt(name, name, plain.as_bytes(), &rule)
            .expect("sops encrypts");
        let text = String::from_utf8(encrypted).unwrap();
        assert!(
            ours(format, text.as_bytes(), &keys).is_ok(),
            "{name} opens untouched"
        );
        let mut random = Random::new(7);
        let mut all = changes(&text);
        // Fixed changes are many: without a wish for more, a part of them is asked of sops.
        if count.is_none() {
            all.retain(|_| random.one_in(6));
        }
        for number in 0..count.unwrap_or(DEFAULT_COUNT) {
            all.push((
                format!("random change {number}"),
                random_change(&text, &mut random),
            ));
        }
        for (what, changed) in all {
            if changed == text {
                continue;
            }
            let ours = ours(format, changed.as_bytes(), &keys);
            if let Err(error) = &ours {
                assert!(
                    !error.contains(CANARY),
                    "{name}, {what}: the error shows a plaintext: {error}"
                );
            }
            let output = sops.decrypt(name, name, changed.as_bytes(), &[]);
            match (&ours, output.status.success()) {
                (Err(_), false) => refused += 1,
                (Err(_), true) => stricter += 1,
                (Ok(ours), true) => {
                    accepted += 1;
                    assert_eq!(
                        String::from_utf8_lossy(ours),
                        String::from_utf8_lossy(&output.stdout),
                        "{name}, {what}: the outputs differ"
                    );
                }
                (Ok(_), false) => panic!(
                    "{name}, {what}: sops refuses it: {}\n{changed}",
                    String::from_utf8_lossy(&output.stderr)
                ),
            }
        }
    }
    println!("refused by both: {refused}, here alone: {stricter}, accepted by both: {accepted}");
    assert!(refused > 100, "most changes are refused: {refused}");
}

/// The encrypted value behind `key`.
fn ciphertext<'t>(text: &'t str, key: &str) -> &'t str {
    let start = text.find(key).map_or(0, |at| at + key.len());
    let value = start + text[start..].find("ENC[").unwrap();
    let end = value + text[value..].find(']').unwrap() + 1;
    &text[value..end]
}

/// Each format with the key of a value and its index.
const REPLAYED: [(&str, &str, &str, &str); 4] = [
    (
        "yaml",
        "password: old\nuser: u\n",
        "password: ",
        r#"["password"]"#,
    ),
    (
        "json",
        r#"{"password": "old", "user": "u"}"#,
        "\"password\": ",
        r#"["password"]"#,
    ),
    (
        "dotenv",
        "password=old\nuser=u\n",
        "password=",
        r#"["password"]"#,
    ),
    (
        "ini",
        "[s]\npassword = old\nuser = u\n",
        "password",
        r#"["s"]["password"]"#,
    ),
];

#[test]
fn an_older_value_of_the_same_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let sops = Sops::new(folder.path());
    let keys = AgeKeys::new(sops.identities());
    let rule = format!("age: {}", sops.recipients()[0]);
    for (name, plain, key, index) in REPLAYED {
        let format = Format::from_str(name).unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let old = text(sops.encrypt(name, name, plain.as_bytes(), &rule).unwrap());
        let new = text(
            sops.set(name, name, old.as_bytes(), index, r#""canary-plaintext""#)
                .unwrap(),
        );
        let opened = ours(format, new.as_bytes(), &keys).unwrap();
        assert!(String::from_utf8_lossy(&opened).contains(CANARY), "{name}");

        let replayed = new.replacen(ciphertext(&new, key), ciphertext(&old, key), 1);
        assert_ne!(replayed, new, "{name}: sops encrypts anew");
        let theirs = sops.decrypt(name, name, replayed.as_bytes(), &[]);
        assert!(
            String::from_utf8_lossy(&theirs.stderr).contains("MAC mismatch"),
            "{name}: the value opens, since its key and place are the same"
        );
        let error = EncryptedFile::parse(replayed.as_bytes(), format)
            .unwrap()
            .decrypt(&keys, &DecryptOptions::default())
            .err()
            .unwrap();
        assert_eq!(error.reason(), "mac-mismatch", "{name}");

        // Who asks for it gets the old value, as from sops.
        let theirs = sops.decrypt(name, name, replayed.as_bytes(), &["--ignore-mac"]);
        assert!(theirs.status.success(), "{name}");
        let rescued = EncryptedFile::parse(replayed.as_bytes(), format)
            .unwrap()
            .open(&keys, MacPolicy::Ignore, &DecryptOptions::default())
            .unwrap();
        assert!(matches!(rescued, Opened::MacIgnored(_)), "{name}");
        let rescued = rescued
            .content()
            .to_bytes(format, &OutputOptions::default())
            .unwrap();
        assert_eq!(rescued.expose(), theirs.stdout, "{name}");
    }
}

#[test]
fn files_without_a_mac_open_only_where_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let sops = Sops::new(folder.path());
    let keys = AgeKeys::new(sops.identities());
    let rule = format!("age: {}", sops.recipients()[0]);
    for (name, plain) in DOCUMENTS {
        let format = Format::from_str(name).unwrap();
        let encrypted = sops.encrypt(name, name, plain.as_bytes(), &rule).unwrap();
        let text = String::from_utf8(encrypted).unwrap();
        let mac = ciphertext(&text, "mac");
        for changed in [
            text.replacen(mac, "", 1),
            text.replacen("_unencrypted", "_u", 1),
        ] {
            let open = |policy| {
                EncryptedFile::parse(changed.as_bytes(), format).map(|file| {
                    file.open(&keys, policy, &DecryptOptions::default())
                        .map(|opened| {
                            let bytes = opened
                                .content()
                                .to_bytes(format, &OutputOptions::default())
                                .unwrap();
                            bytes.expose().to_vec()
                        })
                        .map_err(|error| error.reason())
                })
            };
            let theirs = sops.decrypt(name, name, changed.as_bytes(), &[]);
            assert_eq!(
                open(MacPolicy::Require).unwrap().is_ok(),
                theirs.status.success(),
                "{name}"
            );
            let theirs = sops.decrypt(name, name, changed.as_bytes(), &["--ignore-mac"]);
            match open(MacPolicy::Ignore).unwrap() {
                Ok(bytes) => assert_eq!(bytes, theirs.stdout, "{name}"),
                Err(reason) => assert!(!theirs.status.success(), "{name}: {reason}"),
            }
        }
    }
}

#[test]
fn errors_name_the_line_and_the_key_path() {
    let folder = tempfile::tempdir().unwrap();
    let sops = Sops::new(folder.path());
    let keys = AgeKeys::new(sops.identities());
    let rule = format!("age: {}", sops.recipients()[0]);
    for (name, plain, path) in [
        ("yaml", "a: 1\nb:\n  c:\n    - x\n    - y\n", "b.c[1]"),
        ("json", r#"{"a": 1, "b": {"c": ["x", "y"]}}"#, "b.c[1]"),
        ("dotenv", "a=1\nb=2\n", "b"),
        ("ini", "[a]\nx = 1\n[b]\nc = 2\n", "b.c"),
    ] {
        let format = Format::from_str(name).unwrap();
        let encrypted = sops.encrypt(name, name, plain.as_bytes(), &rule).unwrap();
        let text = String::from_utf8(encrypted).unwrap();
        let block = text.find("sops").unwrap();
        let at = text[..block].rfind("data:").unwrap() + "data:".len();
        let mut changed = text.clone().into_bytes();
        // Still a valid character of base64 with no bits left over.
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let error = EncryptedFile::parse(&changed, format)
            .unwrap()
            .decrypt(&keys, &DecryptOptions::default())
            .err()
            .unwrap();
        let place = error.place().unwrap();
        let line = text[..at].lines().count();
        assert_eq!(
            (usize::try_from(place.line).unwrap(), place.path.to_string()),
            (line, path.to_owned()),
            "{name}: {error}"
        );
    }
}
