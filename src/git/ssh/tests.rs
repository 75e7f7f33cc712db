//! The agent, the keys and what `ssh` is told; whole connections to a real `sshd` are in `tests/git/ssh.rs`.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::agent::Agent;
use super::key::{SigningKey, SshKeyError};
use super::wire::{Reader, push_string};
use super::{ALWAYS, CONFINED, options, quoted};

fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn keygen(path: &Path, arguments: &[&str]) {
    succeeds(
        Command::new("ssh-keygen")
            .args(["-q", "-N", "", "-C", "", "-f"])
            .arg(path)
            .args(arguments),
    );
}

#[test]
fn the_agent_signs_logins_of_its_account_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    keygen(&file, &["-t", "ed25519"]);
    let key = SigningKey::parse(&fs::read(&file).unwrap()).unwrap();
    let blob = key.public().to_vec();
    let socket = folder.path().join("agent");
    let agent = Agent::start(&socket, key, Some("git".to_owned())).unwrap();

    let login = |user: &str, service: &str, method: &str, key: &[u8]| {
        let mut data = Vec::new();
        push_string(&mut data, b"session");
        data.push(50);
        push_string(&mut data, user.as_bytes());
        push_string(&mut data, service.as_bytes());
        push_string(&mut data, method.as_bytes());
        data.push(1);
        push_string(&mut data, b"ssh-ed25519");
        push_string(&mut data, key);
        data
    };
    let right = login("git", "ssh-connection", "publickey", &blob);
    let mut bound = login(
        "git",
        "ssh-connection",
        "publickey-hostbound-v00@openssh.com",
        &blob,
    );
    push_string(&mut bound, b"host key");
    let mut longer = right.clone();
    longer.push(0);
    let cases: &[(&str, &[u8], bool)] = &[
        ("a login", &right, true),
        ("a login bound to a host", &bound, true),
        (
            "another account",
            &login("root", "ssh-connection", "publickey", &blob),
            false,
        ),
        (
            "another service",
            &login("git", "ssh-userauth", "publickey", &blob),
            false,
        ),
        (
            "another method",
            &login("git", "ssh-connection", "hostbased", &blob),
            false,
        ),
        (
            "another key",
            &login("git", "ssh-connection", "publickey", b"other"),
            false,
        ),
        ("something behind it", &longer, false),
        ("a signature for git", b"SSHSIG\0\0\0\x03git", false),
        ("nothing", b"", false),
    ];
    let mut stream = UnixStream::connect(&socket).unwrap();
    for (name, data, signed) in cases {
        let mut request = vec![13];
        push_string(&mut request, &blob);
        push_string(&mut request, data);
        request.extend_from_slice(&0_u32.to_be_bytes());
        let answer = ask(&mut stream, &request);
        assert_eq!(answer[0] == 14, *signed, "{name}");
    }
    // Adding, removing and locking keys, and what no one knows.
    for message in [9, 17, 18, 19, 22, 25, 27, 255] {
        assert_eq!(ask(&mut stream, &[message]), [5], "message {message}");
    }
    drop(agent);
    assert!(!socket.exists());
    let mut end = Vec::new();
    assert!(stream.read_to_end(&mut end).is_err() || end.is_empty());
}

fn ask(stream: &mut UnixStream, request: &[u8]) -> Vec<u8> {
    let mut framed = Vec::new();
    push_string(&mut framed, request);
    stream.write_all(&framed).unwrap();
    let mut len = [0; 4];
    stream.read_exact(&mut len).unwrap();
    let mut answer = vec![0; u32::from_be_bytes(len) as usize];
    stream.read_exact(&mut answer).unwrap();
    answer
}

#[test]
fn an_agent_is_closed_while_somebody_holds_a_connection() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    keygen(&file, &["-t", "ed25519"]);
    let socket = folder.path().join("agent");
    let key = SigningKey::parse(&fs::read(&file).unwrap()).unwrap();
    let agent = Agent::start(&socket, key, None).unwrap();
    let streams: Vec<UnixStream> = (0..3)
        .map(|_| UnixStream::connect(&socket).unwrap())
        .collect();
    drop(agent);
    drop(streams);
}

#[test]
fn private_numbers_with_leading_zeros_are_read() {
    // Every second key on this curve has one.
    let folder = tempfile::tempdir().unwrap();
    for number in 0..12 {
        let path = folder.path().join(number.to_string());
        keygen(&path, &["-t", "ecdsa", "-b", "521"]);
        let parsed = SigningKey::parse(&fs::read(&path).unwrap());
        assert_eq!(parsed.err(), None, "key {number}");
    }
}

#[test]
fn unusable_keys_are_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let locked = |name: &str, arguments: &[&str]| -> PathBuf {
        let path = folder.path().join(name);
        succeeds(
            Command::new("ssh-keygen")
                .args(["-q", "-N", "secret", "-f"])
                .arg(&path)
                .args(arguments),
        );
        path
    };
    let short = folder.path().join("short");
    keygen(&short, &["-t", "rsa", "-b", "1024"]);
    let read = |path: PathBuf| fs::read(path).unwrap();
    let cases: &[(&str, Vec<u8>, SshKeyError)] = &[
        (
            "locked",
            read(locked("a", &["-t", "ed25519"])),
            SshKeyError::Passphrase,
        ),
        (
            "locked pem",
            read(locked("b", &["-t", "rsa", "-m", "PEM"])),
            SshKeyError::Passphrase,
        ),
        (
            "locked pkcs8",
            read(locked("c", &["-t", "ecdsa", "-m", "PKCS8"])),
            SshKeyError::Passphrase,
        ),
        ("short", read(short.clone()), SshKeyError::Numbers),
        (
            "public",
            read(short.with_extension("pub")),
            SshKeyError::Format,
        ),
        ("nothing", Vec::new(), SshKeyError::Format),
        ("bytes", vec![0xff, 0xfe], SshKeyError::Format),
    ];
    for (name, text, expected) in cases {
        assert_eq!(SigningKey::parse(text).err(), Some(*expected), "{name}");
    }
}

#[test]
fn paths_are_one_word_for_the_other_shell() {
    for path in ["plain", "it's", "a b;c", "$(x) `y` !z\\", "'", "-x"] {
        let echoed =
            succeeds(Command::new("sh").args(["-c", &format!("printf %s {}", quoted(path))]));
        // `!` is quoted for shells with a history, as git does it.
        if path != "-x" {
            assert_eq!(echoed, path);
        }
    }
}

#[test]
fn options_of_ssh_are_all_known_to_it() {
    // `-G` prints the configuration and refuses an option that it does not know.
    let mut ssh = Command::new("ssh");
    ssh.args(["-F", "none", "-G"])
        .args(options(CONFINED))
        .args(options(ALWAYS));
    let config = succeeds(ssh.args(["--", "host.example"]));
    for line in [
        "batchmode yes",
        "forwardagent no",
        "identitiesonly no",
        "updatehostkeys false",
    ] {
        assert!(
            config.lines().any(|found| found == line),
            "{line} in {config}"
        );
    }
    assert!(!config.contains("identityfile ~"), "{config}");
}

#[test]
fn messages_are_bounded() {
    for bytes in [
        &[0xff, 0xff, 0xff, 0xff, 0][..],
        &[0, 0, 0, 2, 1],
        &[0, 0, 0],
    ] {
        assert!(Reader::new(bytes).string().is_none(), "{bytes:?}");
    }
}
