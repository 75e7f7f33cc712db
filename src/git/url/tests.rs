//! Tables of addresses: which are taken, which refused, which are the same and which are covered.

use super::*;

const ALL: UrlPolicy = UrlPolicy {
    plain_http: true,
    directories: true,
};

fn parse(text: &str) -> RepositoryUrl {
    RepositoryUrl::parse(text, ALL).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn ssh(user: Option<&str>, host: &str, port: Option<u16>, path: &str) -> Endpoint {
    Endpoint::Ssh {
        user: user.map(str::to_owned),
        host: host.to_owned(),
        port,
        path: path.to_owned(),
    }
}

fn http(tls: bool, host: &str, port: Option<u16>, path: &str) -> Endpoint {
    Endpoint::Http {
        tls,
        host: host.to_owned(),
        port,
        path: path.to_owned(),
    }
}

#[test]
fn addresses_are_taken_apart_as_git_does() {
    let cases = [
        (
            "https://github.com/org/app",
            http(true, "github.com", None, "/org/app"),
        ),
        (
            " HTTPS://GitHub.com:8443/Org/App.git\n",
            http(true, "github.com", Some(8443), "/Org/App.git"),
        ),
        (
            "https://user:pass@h.example/a",
            http(true, "h.example", None, "/a"),
        ),
        (
            "https://a@b:c@h.example/a",
            http(true, "h.example", None, "/a"),
        ),
        (
            "https://[2001:db8::1]:80/a",
            http(true, "[2001:db8::1]", Some(80), "/a"),
        ),
        (
            "http://h.example/a%20b",
            http(false, "h.example", None, "/a%20b"),
        ),
        (
            "ssh://git@h.example/a/b.git",
            ssh(Some("git"), "h.example", None, "/a/b.git"),
        ),
        (
            "ssh://h.example:29418/a",
            ssh(None, "h.example", Some(29418), "/a"),
        ),
        (
            "ssh://git@h.example/~me/a",
            ssh(Some("git"), "h.example", None, "~me/a"),
        ),
        (
            "ssh://git@h.example/a%20b",
            ssh(Some("git"), "h.example", None, "/a b"),
        ),
        (
            "ssh://john@doe.org@h.example/a",
            ssh(Some("john@doe.org"), "h.example", None, "/a"),
        ),
        (
            "git@h.example:a/b.git",
            ssh(Some("git"), "h.example", None, "a/b.git"),
        ),
        ("h.example:a", ssh(None, "h.example", None, "a")),
        ("git@[::1]:a", ssh(Some("git"), "::1", None, "a")),
        (
            "ssh://git@[::1]:22/a",
            ssh(Some("git"), "::1", Some(22), "/a"),
        ),
        (
            "git@ssh.dev.azure.com:v3/org/project/repo",
            ssh(
                Some("git"),
                "ssh.dev.azure.com",
                None,
                "v3/org/project/repo",
            ),
        ),
        ("file:///srv/a", Endpoint::Directory("/srv/a".into())),
        ("/srv/a", Endpoint::Directory("/srv/a".into())),
        ("../a", Endpoint::Directory("../a".into())),
        ("./a:b", Endpoint::Directory("./a:b".into())),
    ];
    for (text, endpoint) in cases {
        assert_eq!(*parse(text).endpoint(), endpoint, "{text}");
    }
}

#[test]
fn dangerous_and_senseless_addresses_are_refused() {
    let cases = [
        ("", "url-empty"),
        (" \n", "url-empty"),
        ("-oProxyCommand=x:a", "url-option"),
        ("--upload-pack=x", "url-option"),
        ("-u./payload", "url-option"),
        ("ext::sh -c touch% /tmp/x", "url-scheme"),
        ("EXT::sh", "url-scheme"),
        ("fd::17", "url-scheme"),
        ("git://github.com/a", "url-scheme"),
        ("git+ssh://github.com/a", "url-scheme"),
        ("ftp://github.com/a", "url-scheme"),
        ("oci://ghcr.io/a", "url-scheme"),
        ("s3://bucket/a", "url-scheme"),
        ("javascript://a/b", "url-scheme"),
        ("http://github.com/a", "url-plain-http"),
        ("file:///etc", "url-directory"),
        ("/etc", "url-directory"),
        ("../a", "url-directory"),
        (".", "url-directory"),
        ("org/app", "url-directory"),
        ("ssh://-oProxyCommand=x/a", "url-option"),
        ("ssh://git@-oProxyCommand=x/a", "url-option"),
        ("ssh://-oProxyCommand=x@h.example/a", "url-option"),
        ("git@-oProxyCommand=x:a", "url-option"),
        ("git@h.example:-oProxyCommand", "url-option"),
        ("git@h.example:", "url-path"),
        ("ssh://git@h.example", "url-path"),
        ("ssh://git@h.example/", "url-path"),
        ("ssh://git@h.example:x/a", "url-port"),
        ("ssh://git@h.example:test.git", "url-port"),
        ("ssh://git@h.example:0/a", "url-port"),
        ("https://h.example:99999/a", "url-port"),
        ("https://h.example:+80/a", "url-port"),
        ("https://h.example:/a", "url-port"),
        ("ssh://git:secret@h.example/a", "url-ssh-password"),
        ("ssh://g`id`@h.example/a", "url-character"),
        ("ssh://$(id)@h.example/a", "url-character"),
        ("ssh://git@h.example/a%0ab", "url-character"),
        ("ssh://git@h.example/a%", "url-character"),
        ("ssh://git@h.example/a%zz", "url-character"),
        ("git@h.example:a\nb", "url-character"),
        ("https://h.example/a\tb", "url-character"),
        ("https://h.example/a b", "url-character"),
        ("https://h.example\\@evil.example/a", "url-host"),
        ("https://h.example/\\evil", "url-character"),
        ("https://h%2eexample/a", "url-host"),
        ("https://hé.example/a", "url-host"),
        ("https:///a", "url-host"),
        ("https://@/a", "url-host"),
        ("https://[::1/a", "url-port"),
        ("https://[h]/a", "url-host"),
        ("https://h.example", "url-path"),
        ("https://h.example//", "url-path"),
        ("https://h.example?x=/a", "url-query"),
        ("https://h.example/a?token=secret", "url-query"),
        ("https://h.example/a#b", "url-query"),
        ("https://h.example/org/../evil", "url-dots"),
        ("https://h.example/org/%2e%2E/evil", "url-dots"),
        ("https://h.example/org/..%2fevil", "url-dots"),
        ("https://h.example/./a", "url-dots"),
        ("ssh://git@h.example/org/../evil", "url-dots"),
        ("git@h.example:org/../evil", "url-dots"),
        ("git@h.example:..\\evil", "url-dots"),
        ("https://us%zzer@h.example/a", "url-user-info"),
        ("https://user:%00@h.example/a", "url-user-info"),
    ];
    for (text, reason) in cases {
        match RepositoryUrl::parse(text, UrlPolicy::default()) {
            Ok(url) => panic!("{text} became {url}"),
            Err(error) => assert_eq!(error.reason(), reason, "{text}: {error}"),
        }
    }
    let long = format!("https://h.example/{}", "a".repeat(5000));
    assert_eq!(RepositoryUrl::parse(&long, ALL), Err(UrlError::TooLong));
}

#[test]
fn what_was_written_before_the_host_is_never_shown() {
    for text in [
        "https://hunter2@h.example/a",
        "https://u:hunter2@h.example/a",
        "https://u:hunter2%40@h.example/a",
        "https://x@y:hunter2@h.example/a",
        "https://hunter2@h.example/a?x",
        "https://hunter2@h.example:x/a",
        "https://h.example/a?token=hunter2",
        "https://h.example/a#hunter2",
        "https://hunter2@/a",
        "ssh://u:hunter2@h.example/a",
        "https://hunter2@h.example/../a",
        "https://hunter2%zz@h.example/a",
    ] {
        let shown = match RepositoryUrl::parse(text, ALL) {
            Ok(url) => format!("{url} {url:?} {} {}", url.normalised(), url.as_str()),
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(!shown.contains("hunter2"), "{text}: {shown}");
    }
    let url = parse("https://us%65r:p%40ss@h.example/a");
    let info = url.user_info().unwrap();
    assert_eq!(info.username.expose(), "user");
    assert_eq!(info.password.as_ref().unwrap().expose(), "p@ss");
}

/// The pairs of Argo CD's own test of `SameURL` (util/git/git_test.go) hold, and some that must differ.
#[test]
fn repositories_are_the_same_where_argo_cd_says_so() {
    let same = [
        (
            "git@GITHUB.com:argoproj/test",
            "git@github.com:argoproj/test.git",
        ),
        ("git@GITHUB.com:test.git", "git@github.com:test.git"),
        (
            "https://GITHUB.com/argoproj/test",
            "https://github.com/argoproj/test.git",
        ),
        ("https://github.com/FOO", "https://github.com/foo"),
        (
            "https://github.com:4443/TEST",
            "https://github.com:4443/TEST.git",
        ),
        (
            "ssh://git@GITHUB.com/argoproj/test",
            "git@github.com:argoproj/test.git",
        ),
        ("ssh://git@github.com/test", "git@github.com:test.git"),
        (
            "\thttps://github.com/argoproj/test\n",
            "https://github.com/argoproj/test.git",
        ),
        ("https://a:b@h.example/a", "https://A:B@h.example/a.git"),
    ];
    for (left, right) in same {
        assert!(
            parse(left).is_same_repository(&parse(right)),
            "{left} {right}"
        );
    }
    let different = [
        ("https://github.com/a/b", "https://github.com/a/b/"),
        ("https://github.com/a/b", "http://github.com/a/b"),
        ("https://github.com/a/b", "https://github.com:443/a/b"),
        ("https://github.com/a/b", "https://me@github.com/a/b"),
        ("https://me:x@github.com/a/b", "https://me:y@github.com/a/b"),
        ("git@github.com:a/b", "hub@github.com:a/b"),
        ("git@github.com:a/b", "https://github.com/a/b"),
    ];
    for (left, right) in different {
        assert!(
            !parse(left).is_same_repository(&parse(right)),
            "{left} {right}"
        );
    }
}

#[test]
fn prefixes_end_where_parts_of_the_path_do() {
    let cases = [
        ("https://github.com/org", "https://github.com/org/app", true),
        ("https://github.com/org", "https://github.com/org", true),
        ("https://github.com/org", "https://github.com/org.git", true),
        (
            "https://github.com/Org/",
            "https://GitHub.com/org/app",
            true,
        ),
        ("https://github.com", "https://github.com/org/app", true),
        ("https://github.com/", "https://github.com/org/app", true),
        ("git@github.com:", "git@github.com:org/app", true),
        ("git@github.com", "git@github.com:org/app", true),
        ("git@github.com:org", "ssh://git@github.com/org/app", true),
        ("ssh://git@github.com/org", "git@github.com:org/app", true),
        (
            "https://me@github.com/org",
            "https://me@github.com/org/app",
            true,
        ),
        (
            "https://github.com/org",
            "https://github.com/organisation-evil/app",
            false,
        ),
        (
            "https://github.com/org",
            "https://github.com/org-evil",
            false,
        ),
        ("https://github.com", "https://github.com.evil/org", false),
        ("https://github.com", "https://github.com:8443/org", false),
        (
            "https://github.com",
            "https://github.com@evil.example/org",
            false,
        ),
        ("https://github.com/org", "http://github.com/org/app", false),
        (
            "https://github.com/org",
            "https://me@github.com/org/app",
            false,
        ),
        (
            "https://me@github.com/org",
            "https://github.com/org/app",
            false,
        ),
        (
            "https://me@github.com/org",
            "https://you@github.com/org/app",
            false,
        ),
        ("git@github.com", "git@github.com.evil:org", false),
        (
            "git@github.com:org",
            "git@github.com:organisation/app",
            false,
        ),
    ];
    for (prefix, url, covered) in cases {
        let pattern = UrlPattern::parse(prefix).unwrap();
        assert_eq!(
            pattern.covers(&parse(url)).is_some(),
            covered,
            "{prefix} {url}"
        );
    }
    for prefix in ["", "https://", "https:///", "git@", "ssh://", "ssh://git@"] {
        assert!(
            UrlPattern::parse(prefix).is_err(),
            "{prefix} is a prefix of everything"
        );
    }
}

/// What `git submodule` makes of relative addresses (t0060-path-utils.sh has these forms), where it stays on the host.
#[test]
fn relative_addresses_are_resolved_as_git_does() {
    let cases = [
        (
            "https://h.example/a/b.git",
            "../c.git",
            Some("https://h.example/a/c.git"),
        ),
        (
            "https://h.example/a/b/",
            "../c",
            Some("https://h.example/a/c"),
        ),
        (
            "https://h.example/a/b",
            "./c",
            Some("https://h.example/a/b/c"),
        ),
        (
            "https://h.example/a/b",
            "../../c",
            Some("https://h.example/c"),
        ),
        (
            "https://h.example/a/b",
            ".././../c/",
            Some("https://h.example/c"),
        ),
        (
            "https://h.example:8443/a",
            "../c",
            Some("https://h.example:8443/c"),
        ),
        ("git@h.example:a/b", "../c", Some("git@h.example:a/c")),
        ("git@h.example:b", "../c", Some("git@h.example:c")),
        (
            "ssh://git@h.example:22/a/b",
            "../c",
            Some("ssh://git@h.example:22/a/c"),
        ),
        ("/srv/a", "../b", Some("/srv/b")),
        ("https://h.example/a/b", "../../../evil.example/c", None),
        ("https://h.example/a", "../../c", None),
        ("git@h.example:b", "../../c", None),
        ("git@h.example:/b", "../../c", None),
        ("https://h.example/a/b", "../c/../../../d", None),
        ("https://h.example/a/b", "../c?x", None),
        ("git@h.example:b", "../-oProxyCommand=x", None),
    ];
    for (from, relative, expected) in cases {
        assert!(RepositoryUrl::is_relative(relative), "{relative}");
        let joined = parse(from).join(relative, ALL).ok();
        assert_eq!(
            joined.as_ref().map(RepositoryUrl::as_str),
            expected,
            "{from} {relative}"
        );
    }
    let joined = parse("https://u:p@h.example/a/b")
        .join("../c", ALL)
        .unwrap();
    assert_eq!(joined.user_info().unwrap().username.expose(), "u");
}

proptest::proptest! {
    #[test]
    fn any_text_is_an_error_or_an_address_that_reads_back(text in "\\PC{0,40}|(https|ssh|http|file|ext)://[-a-z@:/.%\\[\\]]{0,30}|[-a-z@:/.\\[\\]]{0,30}") {
        if let Ok(url) = RepositoryUrl::parse(&text, ALL) {
            proptest::prop_assert_eq!(&RepositoryUrl::parse(url.as_str(), ALL).unwrap().endpoint, &url.endpoint);
            for argument in match url.endpoint() {
                Endpoint::Http { host, path, .. } => vec![host.clone(), path.clone()],
                Endpoint::Ssh { user, host, path, .. } => vec![user.clone().unwrap_or_default(), host.clone(), path.clone()],
                Endpoint::Directory(path) => vec![path.to_string_lossy().into_owned()],
            } {
                proptest::prop_assert!(!argument.starts_with('-') && !argument.contains(char::is_control));
            }
        }
    }
}

#[test]
fn the_location_is_the_same_however_an_address_is_written() {
    let policy = UrlPolicy {
        plain_http: true,
        directories: true,
    };
    for (address, expected) in [
        ("https://git.example/Org/app.git", "git.example/Org/app"),
        (
            "https://user:token@GIT.example/Org/app/",
            "git.example/Org/app",
        ),
        ("http://git.example/Org/app", "git.example/Org/app"),
        ("git@git.example:Org/app.git", "git.example/Org/app"),
        ("ssh://git@git.example/Org/app.git", "git.example/Org/app"),
        ("https://git.example:8443/app", "git.example:8443/app"),
        ("/srv/git/app.git", "/srv/git/app.git"),
        ("file:///srv/git/app.git", "/srv/git/app.git"),
    ] {
        let url = RepositoryUrl::parse(address, policy).unwrap();
        assert_eq!(url.location(), expected, "{address}");
    }
}
