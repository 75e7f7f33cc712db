//! Servers that fail, in every way that a server can, and logins that are nobody else's.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lockstep::git::{
    ClientCertificate, Credentials, FetchLimits, Login, MirrorOptions, Revision, Verification,
};
use secret::{SecretBytes, SecretString};

use crate::server::{Certificates, Clients, Fault, Server};
use crate::{World, content, options, url};

#[test]
fn failures_have_names_and_leave_the_mirror_usable() {
    let world = World::new();
    // Incompressible, and nothing like the noise before, so that a pack can break in the middle.
    let noise = |seed: u64| -> String {
        let letter = |number: u64| {
            let mixed = (number ^ (seed << 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            char::from(
                b'a' + ((mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 59) as u8
                    % 26,
            )
        };
        (0..20_000).map(letter).collect()
    };
    world
        .repository
        .commit("main", &[("a.yaml", "one"), ("noise", &noise(0))]);
    let mirrors = world.mirrors();
    let mut number = 0;
    for (fault, reason) in [
        (Fault::Status(403), "forbidden"),
        (Fault::Status(404), "no-repository"),
        (Fault::Status(418), "http-status"),
        (Fault::Status(429), "server-unavailable"),
        (Fault::Status(503), "server-unavailable"),
        (Fault::Garbage(b"<html>hello</html>".to_vec()), "protocol"),
        (Fault::Garbage(b"".to_vec()), "protocol"),
        (Fault::Garbage(b"ffff".to_vec()), "protocol"),
        (Fault::Garbage(b"zzzz version 2".to_vec()), "protocol"),
        (Fault::Garbage(b"000eversion 2\n0000".to_vec()), "protocol"),
        (Fault::Dies(200), "connection-broken"),
        (Fault::Dies(2000), "connection-broken"),
        // Far enough from the end to be in the pack, and not in what the server tells of its progress.
        (Fault::Damages(3000), "protocol"),
        (Fault::Damages(6000), "protocol"),
    ] {
        number += 1;
        let text = format!("change {number}");
        world
            .repository
            .commit("main", &[("a.yaml", &text), ("noise", &noise(number))]);
        world.server.set_fault(fault.clone());
        let Err(error) = world.fetch(&mirrors, "main") else {
            panic!("{fault:?} goes unnoticed");
        };
        assert_eq!(error.reason(), reason, "{fault:?}: {error:?}");
        world.server.set_fault(Fault::None);
        let commit = world.fetch(&mirrors, "main").unwrap();
        assert_eq!(content(&commit, "a.yaml"), text, "{fault:?}");
    }
    let fsck = crate::repository::git(&world.mirror())
        .args(["fsck", "--strict"])
        .status()
        .unwrap();
    assert!(fsck.success());
}

#[test]
fn a_server_that_says_nothing_or_never_ends_is_given_up() {
    let world = World::new();
    world.repository.commit("main", &[("a.yaml", "one")]);
    let impatient = |stall, total, pack| MirrorOptions {
        limits: FetchLimits {
            stall: Duration::from_millis(stall),
            total: Duration::from_millis(total),
            pack,
            ..FetchLimits::default()
        },
        ..options()
    };
    for (fault, options, reason) in [
        (Fault::Hangs, impatient(300, 60_000, 1 << 20), "timeout"),
        (Fault::Endless, impatient(30_000, 1_500, 1 << 40), "timeout"),
    ] {
        let mirrors = world.mirrors_with(options);
        let by_id = Revision::parse(&"ab".repeat(20)).unwrap();
        world.server.set_fault(fault.clone());
        let begun = Instant::now();
        let error = mirrors
            .fetch(&world.url(), &by_id, &world.credentials())
            .unwrap_err();
        assert_eq!(error.reason(), reason, "{fault:?}: {error:?}");
        assert!(begun.elapsed() < Duration::from_secs(20), "{fault:?}");
    }
    let mirrors = world.mirrors_with(impatient(30_000, 60_000, 10_000));
    world.server.set_fault(Fault::Endless);
    let error = world.fetch(&mirrors, &"ab".repeat(20)).unwrap_err();
    assert_eq!(error.reason(), "answer-too-large");
}

#[test]
fn a_login_is_needed_and_has_to_be_right() {
    let world = World::new();
    world.repository.commit("main", &[("a.yaml", "one")]);
    let mirrors = world.mirrors();
    let fetch = |credentials: &_| mirrors.fetch(&world.url(), &Revision::HEAD, credentials);
    let mut credentials = world.credentials();
    credentials.login = None;
    assert_eq!(fetch(&credentials).unwrap_err().reason(), "login-needed");
    let wrong = "not the password";
    credentials.login = Some(Login::Basic {
        username: Arc::new(SecretString::copy_of("user")),
        password: Arc::new(SecretString::copy_of(wrong)),
    });
    let error = fetch(&credentials).unwrap_err();
    assert_eq!(error.reason(), "login-refused");
    assert!(!format!("{error:?} {error}").contains(wrong));
    credentials.login = Some(Login::Bearer(Arc::new(SecretString::copy_of(wrong))));
    world.server.take_requests();
    assert_eq!(fetch(&credentials).unwrap_err().reason(), "login-refused");
    let sent: Vec<_> = world
        .server
        .take_requests()
        .into_iter()
        .map(|request| request.authorization)
        .collect();
    // Only when the server asks.
    assert_eq!(sent, [None, Some(format!("Bearer {wrong}"))]);
    let mut first = world.credentials();
    first.login_first = true;
    fetch(&first).unwrap();
    assert!(
        world
            .server
            .take_requests()
            .iter()
            .all(|request| request.authorization.is_some())
    );
}

#[test]
fn only_a_trusted_server_is_talked_to() {
    let world = World::new();
    world.repository.commit("main", &[("a.yaml", "one")]);
    let mirrors = world.mirrors();
    let fetch = |credentials: &_| mirrors.fetch(&world.url(), &Revision::HEAD, credentials);
    let mut credentials = world.credentials();
    for authorities in [None, Some(Certificates::make().authority())] {
        credentials.authorities = authorities;
        let error = fetch(&credentials).unwrap_err();
        assert_eq!(error.reason(), "tls", "{error:?}");
    }
    credentials.authorities = Some("nonsense".into());
    assert_eq!(fetch(&credentials).unwrap_err().reason(), "credentials");
    assert!(world.server.take_requests().is_empty());
    credentials.authorities = None;
    credentials.verification = Verification::Waived;
    fetch(&credentials).unwrap();
}

#[test]
fn another_host_gets_no_login() {
    let world = World::new();
    world.repository.commit("main", &[("a.yaml", "one")]);
    let served = world.folder.path().join("served");
    let other = Server::start(&served, &world.certificates, None);
    let mirrors = world.mirrors();
    let elsewhere = format!("https://127.0.0.1:{}/app.git", other.port());
    world.server.set_fault(Fault::Redirect(elsewhere));
    let mut credentials = world.credentials();
    credentials.login_first = true;
    let commit = mirrors
        .fetch(&world.url(), &Revision::HEAD, &credentials)
        .unwrap();
    assert_eq!(content(&commit, "a.yaml"), "one");
    let received = other.take_requests();
    assert!(received.len() >= 3);
    assert!(
        received
            .iter()
            .all(|request| request.authorization.is_none())
    );
    assert!(
        world
            .server
            .take_requests()
            .iter()
            .all(|request| request.authorization.is_some())
    );

    // A waiver is given for one host, not for wherever it redirects to.
    credentials.authorities = None;
    credentials.verification = Verification::Waived;
    let error = mirrors
        .fetch(&world.url(), &Revision::HEAD, &credentials)
        .unwrap_err();
    assert_eq!(error.reason(), "tls");
}

#[test]
fn redirects_that_git_would_not_follow_are_not_followed() {
    let world = World::new();
    world.repository.commit("main", &[("a.yaml", "one")]);
    let mirrors = world.mirrors();
    let port = world.server.port();
    for base in [
        format!("http://localhost:{port}/app.git"),
        "file:///etc".to_owned(),
        format!("https://user:secret@localhost:{port}/app.git"),
        // For ever to itself.
        world.server.url("app.git"),
    ] {
        world.server.set_fault(Fault::Redirect(base.clone()));
        let error = world.fetch(&mirrors, "main").unwrap_err();
        assert_eq!(error.reason(), "redirect", "{base}: {error:?}");
        assert!(!format!("{error:?}").contains("secret"));
    }
}

#[test]
fn a_server_that_is_not_there_is_said_to_be_so() {
    let world = World::new();
    let mirrors = world.mirrors();
    let gone = {
        let other = Server::start(world.folder.path(), &world.certificates, None);
        other.url("app.git")
    };
    let error = mirrors
        .fetch(&url(&gone), &Revision::HEAD, &world.credentials())
        .unwrap_err();
    assert_eq!(error.reason(), "no-connection", "{error:?}");
    assert!(error.is_transient());
}

#[test]
fn a_proxy_is_used_but_not_for_hosts_that_are_excepted() {
    let world = World::new();
    world.repository.commit("main", &[("a.yaml", "one")]);
    let mirrors = world.mirrors();
    let mut credentials = world.credentials();
    // Nobody listens there any more.
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let proxy = format!("http://user:secret@127.0.0.1:{port}");
    credentials.proxy = Some(Arc::new(SecretString::copy_of(&proxy)));
    let fetch = |credentials: &_| mirrors.fetch(&world.url(), &Revision::HEAD, credentials);
    let error = fetch(&credentials).unwrap_err();
    assert_eq!(error.reason(), "no-connection", "{error:?}");
    assert!(!format!("{error:?}").contains("secret"));
    assert!(world.server.take_requests().is_empty());
    credentials.no_proxy = Some("example.com,localhost".into());
    fetch(&credentials).unwrap();
}

#[test]
fn a_server_that_wants_a_certificate_gets_that_of_the_credentials() {
    let world = World::new();
    world.repository.commit("main", &[("a.yaml", "one")]);
    let root = world.folder.path().join("served");
    let server = Server::start_for(Clients::Certified, &root, &world.certificates, None);
    let (certificate, key) = world.certificates.client();
    let mut credentials = Credentials::default();
    credentials.authorities = Some(world.certificates.authority());
    let mirrors = world.mirrors();
    let address = url(&server.url("app.git"));
    let fetch = |credentials: &_| mirrors.fetch(&address, &Revision::HEAD, credentials);
    fetch(&credentials).unwrap_err();
    assert!(server.take_requests().is_empty());
    credentials.client_certificate = Some(ClientCertificate {
        certificate,
        key: Arc::new(SecretBytes::new(key)),
    });
    fetch(&credentials).unwrap();
}
