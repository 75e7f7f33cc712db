//! The memory of a process that has done its work holds no secret any more.
//!
//! `strace` holds the process at the entrance of its last system call, `exit_group`, for as long as its memory is
//! searched; the program under test knows nothing of it.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::support::{keys, kubeseal, sops_encrypt};

const VALUE: &str = "Zaunkoenig-4Hs8JkLm2Np6";

/// A private key or value, and what it is called in a failure.
struct Needle {
    name: &'static str,
    bytes: Vec<u8>,
}

#[test]
fn nothing_secret_is_left_when_a_preview_ends() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n    name: db\nstringData:\n    password: {VALUE}\n"
    );
    let encrypted = sops_encrypt(
        "secret.yaml",
        &manifest,
        &["--encrypted-regex", "^stringData$"],
    );
    fs::write(folder.path().join("secret.yaml"), &encrypted).unwrap();
    let sealed = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  namespace: n\nstringData:\n  password: {VALUE}\n"
    );
    fs::write(folder.path().join("sealed.yaml"), kubeseal(&sealed, &[])).unwrap();

    let mut needles = vec![
        Needle {
            name: "value",
            bytes: VALUE.into(),
        },
        Needle {
            name: "value in base64",
            bytes: BASE64_STANDARD.encode(VALUE).into_bytes(),
        },
        Needle {
            name: "data key",
            bytes: data_key(&encrypted),
        },
    ];
    needles.extend(age_needles());
    needles.extend(rsa_needles());

    let ring = keys().folder().to_str().unwrap().to_owned();
    let identity = fs::read_to_string(keys().age()).unwrap();
    for (name, keys, variable) in [
        ("files", Some(ring), None),
        (
            "variable",
            Some(keys().sealing_key().to_str().unwrap().to_owned()),
            Some(identity),
        ),
    ] {
        let mut held = hold_at_exit(folder.path(), keys.as_deref(), variable.as_deref());
        let memory = Memory::of(held.process);
        for needle in &needles {
            let places = memory.search(&needle.bytes);
            assert!(
                places.is_empty(),
                "with keys from a {name}: the {} is in memory at {places:x?}",
                needle.name
            );
        }
        assert!(
            !memory.search(b"apiVersion").is_empty(),
            "the search finds what is there"
        );
        held.release();
    }
}

/// A process that waits before its last system call, under its tracer.
struct Held {
    tracer: Child,
    process: u32,
}

impl Held {
    fn release(&mut self) {
        for process in [self.process, self.tracer.id()] {
            let _ = Command::new("kill")
                .args(["-KILL", &process.to_string()])
                .status();
        }
        let _ = self.tracer.wait();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release();
    }
}

fn hold_at_exit(folder: &Path, keys: Option<&str>, variable: Option<&str>) -> Held {
    let mut command = Command::new("strace");
    command
        .args([
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            "trace=exit_group",
            "-e",
            "inject=exit_group:delay_enter=120000000",
        ])
        .arg(env!("CARGO_BIN_EXE_lockstep"))
        .args(["preview"])
        .arg(folder)
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(keys) = keys {
        command.args(["--keys", keys]);
    }
    if let Some(variable) = variable {
        command.env("SOPS_AGE_KEY", variable);
    }
    let tracer = command.spawn().expect("strace is installed");
    let mut held = Held {
        process: tracer.id(),
        tracer,
    };
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        assert!(
            Instant::now() < deadline,
            "the process does not reach its end"
        );
        if let Some(process) = children_of(held.tracer.id())
            .into_iter()
            .find(|child| in_exit_group(*child))
        {
            held.process = process;
            let mut output = String::new();
            // The process has written all it will: the pipe holds it.
            read_available(held.tracer.stdout.as_mut().unwrap(), &mut output);
            assert!(output.contains("kind: Secret"), "{output}");
            return held;
        }
        std::thread::yield_now();
    }
}

/// The children of the tracer that run the program: it has others for a moment, to find out what the kernel can do.
fn children_of(process: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
    children
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|child| child.parse().ok())
        .filter(|child| {
            fs::read_link(format!("/proc/{child}/exe"))
                .is_ok_and(|program| program == Path::new(env!("CARGO_BIN_EXE_lockstep")))
        })
        .collect()
}

/// The first number in `syscall` is that of the call in which the process is: 231 is `exit_group` on x86-64, 94 on
/// the generic table that arm64 uses.
fn in_exit_group(process: u32) -> bool {
    let number = if cfg!(target_arch = "x86_64") {
        "231 "
    } else {
        "94 "
    };
    fs::read_to_string(format!("/proc/{process}/syscall"))
        .is_ok_and(|call| call.starts_with(number))
}

fn read_available(stdout: &mut std::process::ChildStdout, output: &mut String) {
    let mut buffer = vec![0; 65536];
    let count = stdout.read(&mut buffer).unwrap();
    output.push_str(&String::from_utf8_lossy(&buffer[..count]));
}

/// What a process can write to, without the pages it has locked.
struct Memory {
    regions: Vec<(u64, Vec<u8>)>,
}

impl Memory {
    fn of(process: u32) -> Self {
        let maps =
            fs::read_to_string(format!("/proc/{process}/smaps")).expect("the tests run as root");
        let mut memory = File::open(format!("/proc/{process}/mem")).expect("the tests run as root");
        let mut regions = Vec::new();
        let mut current: Option<(u64, u64)> = None;
        for line in maps.lines() {
            if let Some(flags) = line.strip_prefix("VmFlags:") {
                let Some((start, end)) = current.take() else {
                    continue;
                };
                if flags.split_whitespace().any(|flag| flag == "lo") {
                    continue;
                }
                let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
                memory.seek(SeekFrom::Start(start)).unwrap();
                if memory.read_exact(&mut bytes).is_ok() {
                    regions.push((start, bytes));
                }
            } else if let Some((range, rest)) = line.split_once(' ')
                && let Some((start, end)) = range.split_once('-')
                && let (Ok(start), Ok(end)) =
                    (u64::from_str_radix(start, 16), u64::from_str_radix(end, 16))
            {
                current = rest.starts_with("r").then_some((start, end));
            }
        }
        Self { regions }
    }

    fn search(&self, needle: &[u8]) -> Vec<u64> {
        let finder = memchr::memmem::Finder::new(needle);
        self.regions
            .iter()
            .flat_map(|(start, bytes)| {
                finder
                    .find_iter(bytes)
                    .map(move |offset| start + offset as u64)
            })
            .collect()
    }
}

/// The data key of a file with one age recipient, opened by the real age.
fn data_key(encrypted: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(encrypted);
    let start = text.find("-----BEGIN AGE").unwrap();
    let end = text.find("-----END AGE ENCRYPTED FILE-----").unwrap()
        + "-----END AGE ENCRYPTED FILE-----".len();
    let armor: String = text[start..end]
        .lines()
        .map(|line| format!("{}\n", line.trim()))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.age");
    fs::write(&path, armor).unwrap();
    let output = Command::new(peers::program("age", "age"))
        .args(["--decrypt", "--identity"])
        .arg(keys().age())
        .arg(&path)
        .output()
        .unwrap();
    assert_eq!(
        output.stdout.len(),
        32,
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

fn age_needles() -> Vec<Needle> {
    let text = fs::read_to_string(keys().age()).unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("AGE-SECRET-KEY-1"))
        .unwrap();
    let (_, scalar) = bech32::decode(line).unwrap();
    vec![
        Needle {
            name: "age identity",
            bytes: line["AGE-SECRET-KEY-1".len()..].into(),
        },
        Needle {
            name: "age private key",
            bytes: scalar,
        },
    ]
}

/// The private parts in the PEM text, in DER, and the bare primes as big integers of both byte orders.
fn rsa_needles() -> Vec<Needle> {
    let pem = fs::read_to_string(keys().sealing_key()).unwrap();
    let body: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let der = BASE64_STANDARD.decode(&body).unwrap();
    let line = pem.lines().nth(10).unwrap();
    let mut needles = vec![
        Needle {
            name: "line of the RSA key's PEM",
            bytes: line.into(),
        },
        // Past the header, the modulus (256 bytes, public) and the exponent.
        Needle {
            name: "RSA private exponent",
            bytes: der[320..368].to_vec(),
        },
    ];
    // In a 2048-bit key the first prime is 128 bytes with its top bit set, near two thirds of the encoding.
    for window in der
        .windows(4)
        .enumerate()
        .filter(|(_, window)| *window == [0x02, 0x81, 0x81, 0x00])
        .map(|(at, _)| at + 4)
    {
        let prime = &der[window..window + 64];
        needles.push(Needle {
            name: "RSA prime",
            bytes: prime[..32].to_vec(),
        });
        let mut reversed = der[window..window + 128].to_vec();
        reversed.reverse();
        needles.push(Needle {
            name: "RSA prime, little-endian",
            bytes: reversed[..32].to_vec(),
        });
    }
    needles
}
