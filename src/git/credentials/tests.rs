//! Secrets in Argo CD's format, and what they give for an address.

use super::*;
use crate::git::UrlPolicy;

fn url(text: &str) -> RepositoryUrl {
    RepositoryUrl::parse(text, UrlPolicy::default()).unwrap()
}

fn data(fields: &[(&str, &str)]) -> SecretData {
    fields
        .iter()
        .map(|(key, value)| ((*key).to_owned(), SecretBytes::copy_of(value.as_bytes())))
        .collect()
}

type Named<'a> = (&'a str, SecretKind, &'a [(&'a str, &'a str)]);

fn store(secrets: &[Named<'_>]) -> CredentialStore {
    let mut store = CredentialStore::default();
    for (name, kind, fields) in secrets {
        store.add(*name, *kind, data(fields)).unwrap();
    }
    store
}

/// The login in a form to compare.
fn login(store: &CredentialStore, address: &str, project: Option<&str>) -> String {
    match store.for_url(&url(address), project) {
        Ok(credentials) => match credentials.login {
            None => "none".to_owned(),
            Some(Login::Bearer(token)) => format!("bearer {}", token.expose()),
            Some(Login::Basic { username, password }) => {
                format!("{}:{}", username.expose(), password.expose())
            }
        },
        Err(error) => error.reason().to_owned(),
    }
}

#[test]
fn the_nearest_secret_gives_the_login() {
    use SecretKind::{Prefix, Repository};
    let store = store(&[
        (
            "a-org",
            Prefix,
            &[
                ("url", "https://h.example/org"),
                ("username", "org"),
                ("password", "1"),
            ],
        ),
        (
            "b-host",
            Prefix,
            &[("url", "https://h.example"), ("password", "2")],
        ),
        (
            "c-org",
            Prefix,
            &[
                ("url", "https://h.example/org"),
                ("password", "not this one"),
            ],
        ),
        (
            "app",
            Repository,
            &[
                ("url", "https://h.example/org/app"),
                ("password", "3"),
                ("username", "app"),
            ],
        ),
        (
            "bare",
            Repository,
            &[("url", "https://h.example/org/bare.git")],
        ),
        (
            "named",
            Repository,
            &[
                ("url", "https://h.example/org/named"),
                ("username", "named"),
            ],
        ),
        (
            "ours",
            Repository,
            &[
                ("url", "https://h.example/org/app"),
                ("project", "ours"),
                ("bearerToken", "4"),
            ],
        ),
        (
            "theirs",
            Repository,
            &[
                ("url", "https://h.example/x/theirs"),
                ("project", "theirs"),
                ("password", "5"),
            ],
        ),
        (
            "both",
            Repository,
            &[
                ("url", "https://h.example/x/both"),
                ("password", "6"),
                ("bearerToken", "7"),
            ],
        ),
        (
            "forced",
            Repository,
            &[
                ("url", "https://h.example/x/forced"),
                ("password", "6"),
                ("bearerToken", "7"),
                ("forceHttpBasicAuth", "true"),
            ],
        ),
    ]);
    let cases = [
        ("https://h.example/org/app.git", None, "app:3"),
        ("https://h.example/org/app", Some("ours"), "bearer 4"),
        ("https://h.example/org/app", Some("others"), "app:3"),
        ("https://h.example/org/bare", None, "org:1"),
        ("https://h.example/org/other", None, "org:1"),
        ("https://h.example/organisation/x", None, "x-access-token:2"),
        (
            "https://h.example/x/theirs",
            Some("theirs"),
            "x-access-token:5",
        ),
        // Another project's Secret does not count, so that what covers the address does.
        (
            "https://h.example/x/theirs",
            Some("ours"),
            "x-access-token:2",
        ),
        ("https://h.example/x/theirs", None, "x-access-token:2"),
        ("https://h.example/x/both", None, "bearer 7"),
        ("https://h.example/x/forced", None, "x-access-token:6"),
        // A name counts as credentials of its own, as in Argo CD, though there is no password.
        ("https://h.example/org/named", None, "none"),
        ("https://h.example.evil/org/app", None, "none"),
        ("https://u:p@other.example/a", None, "u:p"),
        ("https://token@other.example/a", None, "token:"),
    ];
    for (address, project, expected) in cases {
        assert_eq!(
            login(&store, address, project),
            expected,
            "{address} {project:?}"
        );
    }
}

#[test]
fn settings_are_read_as_argo_cd_reads_them() {
    let mut store = store(&[
        (
            "a",
            SecretKind::Repository,
            &[
                ("url", "https://h.example/a"),
                ("insecure", "T"),
                ("depth", "3"),
                ("proxy", "http://u:p@proxy:1"),
                ("noProxy", "a,b"),
                ("tlsClientCertData", "cert"),
                ("tlsClientCertKey", "key"),
                ("enableLfs", "anything"),
            ],
        ),
        (
            "b",
            SecretKind::Repository,
            &[
                ("url", "git@h.example:b"),
                ("insecureIgnoreHostKey", "1"),
                ("sshPrivateKey", "key"),
            ],
        ),
        (
            "c",
            SecretKind::Repository,
            &[
                ("url", "git@h.example:c"),
                ("insecure", "0"),
                ("depth", "0"),
            ],
        ),
        (
            "p",
            SecretKind::Prefix,
            &[
                ("url", "git@h.example:"),
                ("sshPrivateKey", "other"),
                ("insecure", "true"),
            ],
        ),
    ]);
    store.set_authorities("H.example", "pem");
    store.set_known_hosts("hosts");

    let a = store.for_url(&url("https://h.example/a"), None).unwrap();
    assert_eq!(a.verification, Verification::Waived);
    assert_eq!(a.depth.map(NonZeroU32::get), Some(3));
    assert_eq!(a.proxy.unwrap().expose(), "http://u:p@proxy:1");
    assert_eq!(a.no_proxy.as_deref(), Some("a,b"));
    assert_eq!(a.authorities.as_deref(), Some("pem"));
    assert_eq!(a.known_hosts.as_deref(), Some("hosts"));
    let certificate = a.client_certificate.unwrap();
    assert_eq!(certificate.key.expose(), b"key");
    let other = store
        .for_url(&url("https://other.example/a"), None)
        .unwrap();
    assert!(other.authorities.is_none());

    let key = |address: &str| match store.for_url(&url(address), None).unwrap().ssh_identity {
        SshIdentity::Key(key) => String::from_utf8(key.expose().to_vec()).unwrap(),
        SshIdentity::None | SshIdentity::Personal(_) => String::new(),
    };
    assert_eq!(key("git@h.example:b.git"), "key");
    // A prefix fills in the key, and does not waive the verification.
    assert_eq!(key("ssh://git@h.example/c"), "other");
    let c = store.for_url(&url("git@h.example:c"), None).unwrap();
    assert_eq!(c.verification, Verification::Required);
    assert_eq!(c.depth, None);
}

#[test]
fn broken_and_unsupported_secrets_fail_where_they_are_needed() {
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("insecure", "yes")], "credentials-field"),
        (&[("insecure", "")], "credentials-field"),
        (&[("depth", "many")], "credentials-field"),
        (
            &[("githubAppID", "1"), ("githubAppPrivateKey", "hunter2")],
            "credentials-unsupported",
        ),
        (
            &[("gcpServiceAccountKey", "hunter2")],
            "credentials-unsupported",
        ),
        (
            &[("useAzureWorkloadIdentity", "true")],
            "credentials-unsupported",
        ),
        (
            &[("azureServicePrincipalClientSecret", "hunter2")],
            "credentials-unsupported",
        ),
    ];
    for (fields, reason) in cases {
        let mut all = vec![("url", "https://h.example/a")];
        all.extend_from_slice(fields);
        let store = store(&[("broken", SecretKind::Repository, &all)]);
        let Err(error) = store.for_url(&url("https://h.example/a"), None) else {
            panic!("{fields:?} is no error");
        };
        assert_eq!(error.reason(), *reason, "{fields:?}");
        let shown = format!("{error} {error:?}");
        assert!(
            shown.contains("broken") && !shown.contains("hunter2"),
            "{shown}"
        );
        assert_eq!(login(&store, "https://h.example/other", None), "none");
    }
    for address in ["", "https://", "git@"] {
        let mut store = CredentialStore::default();
        let added = store.add("x", SecretKind::Prefix, data(&[("url", address)]));
        assert_eq!(added.unwrap_err().reason(), "credentials-url", "{address}");
    }
    let mut store = CredentialStore::default();
    let mut binary = data(&[("url", "https://h.example/a")]);
    binary.insert("password".to_owned(), SecretBytes::copy_of(&[0xff]));
    store.add("binary", SecretKind::Repository, binary).unwrap();
    assert_eq!(
        login(&store, "https://h.example/a", None),
        "credentials-field"
    );
}

#[test]
fn local_commands_connect_as_the_person_where_no_key_is_configured() {
    let mut store = CredentialStore::personal([("HOME".into(), "/home/me".into())]);
    let secret = data(&[("url", "git@h.example:b"), ("sshPrivateKey", "key")]);
    store.add("b", SecretKind::Repository, secret).unwrap();
    let identity = |address: &str| store.for_url(&url(address), None).unwrap().ssh_identity;
    assert!(matches!(
        identity("git@h.example:a"),
        SshIdentity::Personal(_)
    ));
    assert!(matches!(identity("git@h.example:b"), SshIdentity::Key(_)));
}
