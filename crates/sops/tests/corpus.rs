//! Random documents that the real sops encrypts must decrypt to the same bytes here as there.
//!
//! `LOCKSTEP_SOPS_CORPUS` sets how many documents each format gets.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

mod support;

use std::str::FromStr as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use peers::random::Random;
use peers::sops::{self as peer, FORMATS, Sops};
use sops::{DecryptOptions, EncryptedFile, ExtractPath, Format, OutputOptions};
use support::AgeKeys;

const DEFAULT_COUNT: u64 = 60;

fn count() -> u64 {
    std::env::var("LOCKSTEP_SOPS_CORPUS")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(DEFAULT_COUNT)
}

/// What sops cannot do itself is no case; but such documents must stay rare, or the corpus shows little.
#[derive(Debug, Default)]
struct Tally {
    compared: u64,
    refused: u64,
}

/// Runs `case` on `count` random documents of `format`, on two threads.
fn for_each_document(
    format: &str,
    sops: &Sops,
    count: u64,
    case: impl Fn(&str, &[u8], &mut Random) -> Result<(), String> + Sync,
) -> Tally {
    let next = AtomicU64::new(0);
    let work = || {
        let mut tally = Tally::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= count {
                return tally;
            }
            let mut random = Random::new(seed.wrapping_mul(0x1_0001));
            let plain = peer::document(format, &mut random);
            let rule = peer::rule(&mut random, sops.recipients());
            let name = format!("{format}-{seed}");
            let Some(encrypted) = sops.encrypt(&name, format, &plain, &rule) else {
                tally.refused += 1;
                continue;
            };
            match case(&name, &encrypted, &mut random) {
                Ok(()) => tally.compared += 1,
                Err(difference) if difference.is_empty() => tally.refused += 1,
                Err(difference) => panic!(
                    "{name}: {difference}\n--- rule\n{rule}\n--- plain\n{}\n--- encrypted\n{}",
                    String::from_utf8_lossy(&plain),
                    String::from_utf8_lossy(&encrypted),
                ),
            }
        }
    };
    let tally = thread::scope(|scope| {
        let other = scope.spawn(work);
        let mine = work();
        let other = other
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Tally {
            compared: mine.compared + other.compared,
            refused: mine.refused + other.refused,
        }
    });
    println!("{format}: {tally:?}");
    assert!(
        tally.compared * 2 > count,
        "{format}: sops takes most documents: {tally:?}"
    );
    tally
}

fn ours(format: &str, encrypted: &[u8], keys: &AgeKeys, output: Format) -> Result<Vec<u8>, String> {
    let format = Format::from_str(format).unwrap();
    let file = EncryptedFile::parse(encrypted, format)
        .map_err(|error| format!("does not parse: {error}"))?;
    let decrypted = file
        .decrypt(keys, &DecryptOptions::default())
        .map_err(|error| format!("does not decrypt: {error}"))?;
    let bytes = decrypted
        .to_bytes(output, &OutputOptions::default())
        .map_err(|error| format!("does not write: {error}"))?;
    Ok(bytes.expose().to_vec())
}

fn difference(ours: &Result<Vec<u8>, String>, theirs: &[u8]) -> String {
    match ours {
        Ok(ours) => format!(
            "--- ours\n{}\n--- sops\n{}",
            String::from_utf8_lossy(ours),
            String::from_utf8_lossy(theirs)
        ),
        Err(error) => format!("{error}\n--- sops\n{}", String::from_utf8_lossy(theirs)),
    }
}

#[test]
fn output_equals_that_of_sops() {
    let folder = tempfile::tempdir().unwrap();
    let sops = Sops::new(folder.path());
    let keys = AgeKeys::new(sops.identities());
    for format in FORMATS {
        for_each_document(format, &sops, count(), |name, encrypted, _| {
            let output = sops.decrypt(name, format, encrypted, &[]);
            if !output.status.success() {
                // sops cannot reopen some of its own files.
                return Err(String::new());
            }
            let ours = ours(format, encrypted, &keys, Format::from_str(format).unwrap());
            if ours.as_ref().is_ok_and(|ours| *ours == output.stdout) {
                return Ok(());
            }
            Err(difference(&ours, &output.stdout))
        });
    }
}

#[test]
fn output_in_other_formats_equals_that_of_sops() {
    let folder = tempfile::tempdir().unwrap();
    let sops = Sops::new(folder.path());
    let keys = AgeKeys::new(sops.identities());
    for (format, other) in [
        ("yaml", "json"),
        ("json", "yaml"),
        ("dotenv", "json"),
        ("ini", "yaml"),
        ("dotenv", "yaml"),
    ] {
        for_each_document(format, &sops, count() / 3 + 1, |name, encrypted, _| {
            let output = sops.decrypt(name, format, encrypted, &["--output-type", other]);
            let ours = ours(format, encrypted, &keys, Format::from_str(other).unwrap());
            if !output.status.success() {
                // What has no form in the other format, such as NaN in JSON, has none here.
                return if ours.is_err() {
                    Ok(())
                } else {
                    Err(String::new())
                };
            }
            if ours.as_ref().is_ok_and(|ours| *ours == output.stdout) {
                return Ok(());
            }
            Err(difference(&ours, &output.stdout))
        });
    }
}

#[test]
fn extracted_parts_equal_those_of_sops() {
    let folder = tempfile::tempdir().unwrap();
    let sops = Sops::new(folder.path());
    let keys = AgeKeys::new(sops.identities());
    for format in ["yaml", "json"] {
        for_each_document(format, &sops, count() / 3 + 1, |name, encrypted, random| {
            let kind = Format::from_str(format).unwrap();
            let file = EncryptedFile::parse(encrypted, kind).map_err(|error| error.to_string())?;
            let Ok(decrypted) = file.decrypt(&keys, &DecryptOptions::default()) else {
                return Err(String::new());
            };
            let mut paths = vec![r#"["no such key"]"#.to_owned()];
            decrypted.for_each_secret(|path, _| {
                let whole: String = path
                    .steps()
                    .iter()
                    .map(|step| match step {
                        sops::Step::Key(key) => format!("[\"{key}\"]"),
                        sops::Step::Index(index) => format!("[{index}]"),
                    })
                    .collect();
                paths.push(format!(
                    "[\"{}\"]",
                    path.steps()
                        .first()
                        .map_or_else(String::new, |step| match step {
                            sops::Step::Key(key) => key.clone(),
                            sops::Step::Index(index) => index.to_string(),
                        })
                ));
                paths.push(whole);
            });
            let text = random.pick(&paths).clone();
            if text.is_empty() || text == "[\"\"]" {
                return Ok(());
            }
            let output = sops.decrypt(name, format, encrypted, &["--extract", &text]);
            let path = ExtractPath::from_str(&text).map_err(|error| error.to_string())?;
            let part = decrypted.extract(&path, kind, &OutputOptions::default());
            match (part, output.status.success()) {
                (Ok(part), true) if part.expose() == output.stdout => Ok(()),
                (Err(_), false) => Ok(()),
                // sops prints the structure that holds a comment; here a comment is no value.
                (Err(_), true)
                    if String::from_utf8_lossy(&output.stdout)
                        .to_lowercase()
                        .contains("inline") =>
                {
                    Ok(())
                }
                (Ok(part), true) => Err(format!(
                    "{text}\n{}",
                    difference(&Ok(part.expose().to_vec()), &output.stdout)
                )),
                (Ok(_), false) => Err(format!(
                    "{text}: sops refuses: {}",
                    String::from_utf8_lossy(&output.stderr)
                )),
                (Err(error), true) => Err(format!("{text}: {error}")),
            }
        });
    }
}
