//! What `.gitmodules` may and may not say. Submodules that are fetched are in `tests/git/ssh.rs`.

use std::collections::HashMap;

use tree::ObjectEntry;

use super::*;

/// Objects by the first byte of their names.
#[derive(Default)]
struct Shelf {
    directories: HashMap<u8, Vec<ObjectEntry>>,
    blobs: HashMap<u8, Vec<u8>>,
}

impl ObjectStore for Shelf {
    fn directory(&self, id: tree::ObjectId, _: usize) -> Result<Vec<ObjectEntry>, ObjectError> {
        let entries = self.directories.get(&id.as_bytes()[0]);
        entries.cloned().ok_or(ObjectError::Missing)
    }

    fn blob(&self, id: tree::ObjectId, _: u64) -> Result<Vec<u8>, ObjectError> {
        let bytes = self.blobs.get(&id.as_bytes()[0]);
        bytes.cloned().ok_or(ObjectError::Missing)
    }
}

fn id(number: u8) -> tree::ObjectId {
    tree::ObjectId::new([number; 20])
}

fn entry(name: &str, kind: ObjectKind, number: u8) -> ObjectEntry {
    ObjectEntry {
        name: name.as_bytes().to_vec(),
        kind,
        id: id(number),
    }
}

/// A commit with this `.gitmodules`, commits at `lib` and `deep/er`, and a file at `file`.
fn content(gitmodules: &str, name: &str, kind: ObjectKind) -> Content {
    let mut shelf = Shelf::default();
    let root = vec![
        entry(name, kind, 1),
        entry("lib", ObjectKind::Submodule, 40),
        entry("deep", ObjectKind::Directory, 2),
        entry("file", ObjectKind::File, 1),
    ];
    shelf.directories.insert(0, root);
    shelf
        .directories
        .insert(2, vec![entry("er", ObjectKind::Submodule, 41)]);
    shelf.blobs.insert(1, gitmodules.as_bytes().to_vec());
    Content {
        store: Arc::new(shelf),
        root: id(0),
    }
}

fn found(gitmodules: &str) -> Result<Vec<String>, &'static str> {
    listed_as(&content(gitmodules, ".gitmodules", ObjectKind::File))
}

fn listed_as(content: &Content) -> Result<Vec<String>, &'static str> {
    let policy = UrlPolicy::default();
    let url = RepositoryUrl::parse("https://h.example/org/app.git", policy).unwrap();
    let listed = listed(content, &url, policy).map_err(|error| error.reason())?;
    Ok(listed
        .iter()
        .map(|submodule| {
            let first = submodule.commit.as_bytes()[0];
            format!("{} {} {first}", submodule.path, submodule.url)
        })
        .collect())
}

fn section(name: &str, path: &str, url: &str) -> String {
    format!("[submodule \"{name}\"]\n\tpath = {path}\n\turl = {url}\n")
}

#[test]
fn submodules_are_found_where_the_tree_has_commits() {
    let both =
        section("lib", "lib", "../lib.git") + &section("x/y", "deep/er/", "git@h.example:er");
    assert_eq!(
        found(&both).unwrap(),
        [
            "lib https://h.example/org/lib.git 40",
            "deep/er git@h.example:er 41"
        ]
    );
    for nothing in [
        String::new(),
        section("a", "nowhere", "ext::sh"),
        section("a", "file", "../a"),
        section("a", "deep", "../a"),
        section("a", "file/x", "../a"),
        "[submodule \"a\"]\n\tpath = lib\n".to_owned(),
        section("a", "lib", "../a") + "\tupdate = none\n",
        "[core]\n\tpath = lib\n\turl = x\n".to_owned(),
    ] {
        assert_eq!(found(&nothing).unwrap(), [""; 0], "{nothing}");
    }
    let elsewhere = content(&both, ".GITMODULES", ObjectKind::File);
    assert_eq!(listed_as(&elsewhere).unwrap(), [""; 0]);
}

#[test]
fn what_git_warns_of_is_refused() {
    for (name, path, url, reason) in [
        ("a", "lib", "ext::sh -c payload", "submodule-url"),
        ("a", "lib", "file:///etc", "submodule-url"),
        ("a", "lib", "/etc", "submodule-url"),
        ("a", "lib", "http://h.example/a", "submodule-url"),
        ("a", "lib", "-u./payload", "submodule-url"),
        ("a", "lib", "ssh://-oProxyCommand=x/a", "submodule-url"),
        ("a", "lib", "../../../evil", "submodule-url"),
        ("a", "lib", "./../../../../evil.example/a", "submodule-url"),
        ("a", "lib", "https://h.example/a/../b", "submodule-url"),
        ("..", "lib", "../a", "submodule-name"),
        ("../../x", "lib", "../a", "submodule-name"),
        ("a/../../x", "lib", "../a", "submodule-name"),
        (r"a\\..\\x", "lib", "../a", "submodule-name"),
        ("", "lib", "../a", "submodule-name"),
        ("a", ".git/modules", "../a", "submodule-path"),
        ("a", ".GIT", "../a", "submodule-path"),
        ("a", "x/.Git/y", "../a", "submodule-path"),
        ("a", "git~1", "../a", "submodule-path"),
        ("a", ".g\u{200c}it", "../a", "submodule-path"),
        ("a", "../x", "../a", "submodule-path"),
        ("a", "/lib", "../a", "submodule-path"),
        ("a", "a/../lib", "../a", "submodule-path"),
        ("a", "-lib", "../a", "submodule-path"),
        ("a", "\"\"", "../a", "submodule-path"),
    ] {
        let text = section(name, path, url);
        assert_eq!(found(&text), Err(reason), "{text}");
    }
    let twice = section("a", "lib", "../a") + &section("b", "lib/", "../b");
    assert_eq!(found(&twice), Err("submodule-twice"));
    assert_eq!(found("[submodule \"a\n"), Err("gitmodules-format"));
    for kind in [
        ObjectKind::Link,
        ObjectKind::Directory,
        ObjectKind::Submodule,
    ] {
        let content = content("", ".gitmodules", kind);
        assert_eq!(listed_as(&content), Err("gitmodules-no-file"));
    }
    let missing = Content {
        store: Arc::new(Shelf::default()),
        root: id(9),
    };
    assert_eq!(listed_as(&missing), Err("gitmodules-read"));
}

#[test]
fn an_include_is_not_followed() {
    let text = "[include]\n\tpath = /etc/gitconfig\n".to_owned() + &section("a", "lib", "../a");
    assert_eq!(found(&text).unwrap(), ["lib https://h.example/org/a 40"]);
}

#[test]
fn submodules_in_submodules_end_somewhere() {
    let policy = UrlPolicy::default();
    let url = RepositoryUrl::parse("https://h.example/org/app.git", policy).unwrap();
    let one = section("lib", "lib", "../lib.git");
    let start = content(&one, ".gitmodules", ObjectKind::File);
    let mut fetched = 0;
    let ended = mounts(&start, &url, policy, &mut |_, _| {
        fetched += 1;
        let text = if fetched < 3 { one.as_str() } else { "" };
        Ok(content(text, ".gitmodules", ObjectKind::File))
    });
    let paths: Vec<String> = ended
        .unwrap()
        .iter()
        .map(|mount| mount.path.to_string())
        .collect();
    assert_eq!(paths, ["lib", "lib/lib", "lib/lib/lib"]);

    let endless = mounts(&start, &url, policy, &mut |_, _| {
        Ok(content(&one, ".gitmodules", ObjectKind::File))
    });
    assert_eq!(
        endless.err().map(|error| error.reason()),
        Some("submodules-too-many")
    );
}

proptest::proptest! {
    #[test]
    fn any_gitmodules_is_a_list_or_an_error(
        text in "(\\[submodule \"[a./]{0,4}\"\\]|path = |url = |[a-z./= \n\t#;\\-\"]){0,40}",
    ) {
        let _ = found(&text);
    }
}
