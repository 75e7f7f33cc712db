//! What every kind of tree has to hold, on each of them: on disk with and without `openat2`, and in memory, and over an object database.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
use tempfile::TempDir;

use crate::*;

/// Files (`path`, `content`) and links (`path`, `-> target`).
type Layout<'a> = &'a [(&'a str, &'a str)];

fn path(text: &str) -> TreePath {
    TreePath::parse(text).unwrap()
}

fn write(root: &Path, layout: Layout<'_>) {
    for (path, content) in layout {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match content.strip_prefix("-> ") {
            Some(target) => symlink(target, path).unwrap(),
            None => fs::write(path, content).unwrap(),
        }
    }
}

/// The layout as each kind of tree. The directory sits below another one, with a file next to it to escape to.
fn trees(layout: Layout<'_>, limits: &Limits) -> (TempDir, [(&'static str, Tree); 4]) {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("outside.yaml"), "outside").unwrap();
    let root = outside.path().join("root");
    fs::create_dir(&root).unwrap();
    write(&root, layout);
    let entries = layout.iter().map(|(at, content)| {
        let entry = match content.strip_prefix("-> ") {
            Some(target) => MemoryEntry::link(target),
            None => MemoryEntry::file(*content),
        };
        (path(at), entry)
    });
    let trees = [
        ("openat2", Tree::directory(&root, limits.clone()).unwrap()),
        (
            "steps",
            Tree::directory_without_openat2(&root, limits.clone()).unwrap(),
        ),
        ("memory", Tree::memory(entries, limits.clone()).unwrap()),
        ("objects", {
            let (store, root) = Numbered::holding(layout);
            Tree::objects(Arc::new(store), root, [], limits.clone())
        }),
    ];
    (outside, trees)
}

/// An object database whose identities are numbers.
#[derive(Default)]
struct Numbered(HashMap<ObjectId, Numberable>);

enum Numberable {
    Blob(Vec<u8>),
    Directory(Vec<ObjectEntry>),
}

/// A directory while it is put together.
#[derive(Default)]
struct Growing<'a> {
    files: BTreeMap<&'a str, &'a str>,
    directories: BTreeMap<&'a str, Self>,
}

impl Numbered {
    fn holding(layout: Layout<'_>) -> (Self, ObjectId) {
        let mut root = Growing::default();
        for (path, content) in layout {
            let (parents, name) = path.rsplit_once('/').unwrap_or(("", path));
            let directory = parents
                .split('/')
                .filter(|name| !name.is_empty())
                .fold(&mut root, |directory, name| {
                    directory.directories.entry(name).or_default()
                });
            directory.files.insert(name, content);
        }
        let mut store = Self::default();
        let root = store.directory_of(root);
        (store, root)
    }

    fn directory_of(&mut self, growing: Growing<'_>) -> ObjectId {
        let mut entries = Vec::new();
        for (name, content) in growing.files {
            let (kind, content) = match content.strip_prefix("-> ") {
                Some(target) => (ObjectKind::Link, target),
                None => (ObjectKind::File, content),
            };
            let id = self.add(Numberable::Blob(content.into()));
            entries.push(entry(name, kind, id));
        }
        for (name, growing) in growing.directories {
            let id = self.directory_of(growing);
            entries.push(entry(name, ObjectKind::Directory, id));
        }
        self.add(Numberable::Directory(entries))
    }

    fn add(&mut self, object: Numberable) -> ObjectId {
        let mut id = [0; 20];
        id[..8].copy_from_slice(&self.0.len().to_le_bytes());
        let id = ObjectId::new(id);
        self.0.insert(id, object);
        id
    }
}

fn entry(name: &str, kind: ObjectKind, id: ObjectId) -> ObjectEntry {
    let name = name.into();
    ObjectEntry { name, kind, id }
}

impl ObjectStore for Numbered {
    fn directory(&self, id: ObjectId, limit: usize) -> Result<Vec<ObjectEntry>, ObjectError> {
        match self.0.get(&id) {
            None => Err(ObjectError::Missing),
            Some(Numberable::Blob(_)) => Err(ObjectError::Malformed(Malformed::WrongKind)),
            Some(Numberable::Directory(entries)) if entries.len() > limit => {
                Err(ObjectError::TooManyEntries { limit })
            }
            Some(Numberable::Directory(entries)) => Ok(entries.clone()),
        }
    }

    fn blob(&self, id: ObjectId, limit: u64) -> Result<Vec<u8>, ObjectError> {
        match self.0.get(&id) {
            None => Err(ObjectError::Missing),
            Some(Numberable::Directory(_)) => Err(ObjectError::Malformed(Malformed::WrongKind)),
            Some(Numberable::Blob(bytes)) if bytes.len() as u64 > limit => {
                Err(ObjectError::TooLarge { limit })
            }
            Some(Numberable::Blob(bytes)) => Ok(bytes.clone()),
        }
    }
}

const LAYOUT: Layout<'_> = &[
    ("a.yaml", "a"),
    ("base/b.yaml", "b"),
    ("base/deep/c.yaml", "c"),
    ("overlay/up.yaml", "-> ../base/b.yaml"),
    ("overlay/base", "-> ../base"),
    ("overlay/chain.yaml", "-> chain2.yaml"),
    ("overlay/chain2.yaml", "-> ./base/../overlay/up.yaml"),
    ("overlay/slashes.yaml", "-> ..//base/./deep//c.yaml"),
    ("root-link", "-> ."),
    ("loop", "-> loop2"),
    ("loop2", "-> loop"),
    ("dangling.yaml", "-> missing.yaml"),
    ("through-file.yaml", "-> a.yaml/x"),
    ("file-as-directory.yaml", "-> a.yaml/"),
    ("absolute.yaml", "-> /etc/passwd"),
    ("absolute-inside.yaml", "-> /a.yaml"),
    ("escape.yaml", "-> ../outside.yaml"),
    ("escape-and-return.yaml", "-> ../root/a.yaml"),
    ("base/escape.yaml", "-> ../../outside.yaml"),
    ("escape-dir", "-> .."),
    ("to-escape.yaml", "-> base/escape.yaml"),
    ("proc.yaml", "-> /proc/self/environ"),
    ("git.yaml", "-> .git/config"),
    ("git2.yaml", "-> base/../.GIT/config"),
];

#[test]
fn links_inside_are_followed() {
    let (_outside, trees) = trees(LAYOUT, &Limits::default());
    for (kind, tree) in &trees {
        for (at, content, real) in [
            ("a.yaml", "a", "a.yaml"),
            ("base/deep/c.yaml", "c", "base/deep/c.yaml"),
            ("overlay/up.yaml", "b", "base/b.yaml"),
            ("overlay/base/b.yaml", "b", "base/b.yaml"),
            ("overlay/base/deep/c.yaml", "c", "base/deep/c.yaml"),
            ("overlay/chain.yaml", "b", "base/b.yaml"),
            ("overlay/slashes.yaml", "c", "base/deep/c.yaml"),
            ("root-link/root-link/a.yaml", "a", "a.yaml"),
        ] {
            assert_eq!(
                &*tree.read(&path(at)).unwrap(),
                content.as_bytes(),
                "{kind}: {at}"
            );
            assert_eq!(
                tree.real_path(&path(at)).unwrap(),
                path(real),
                "{kind}: {at}"
            );
            assert_eq!(tree.kind(&path(at)).unwrap(), Kind::File, "{kind}: {at}");
        }
        assert_eq!(tree.kind(&path("overlay/base")).unwrap(), Kind::Directory);
        assert_eq!(tree.kind(&TreePath::root()).unwrap(), Kind::Directory);
        assert_eq!(
            tree.real_path(&path("overlay/base/deep")).unwrap(),
            path("base/deep")
        );
    }
}

#[test]
fn whatever_leads_out_or_nowhere_is_refused_by_name() {
    let (_outside, trees) = trees(LAYOUT, &Limits::default());
    for (kind, tree) in &trees {
        for (at, reason) in [
            ("absolute.yaml", "escaping-link"),
            ("absolute-inside.yaml", "escaping-link"),
            ("escape.yaml", "escaping-link"),
            ("escape-and-return.yaml", "escaping-link"),
            ("base/escape.yaml", "escaping-link"),
            ("overlay/base/escape.yaml", "escaping-link"),
            ("escape-dir/outside.yaml", "escaping-link"),
            ("escape-dir/root/a.yaml", "escaping-link"),
            ("to-escape.yaml", "escaping-link"),
            ("proc.yaml", "escaping-link"),
            ("git.yaml", "git-metadata"),
            ("git2.yaml", "git-metadata"),
            (".git/config", "git-metadata"),
            ("base/.Git", "git-metadata"),
            ("loop", "link-loop"),
            ("loop/x", "link-loop"),
            ("dangling.yaml", "dangling-link"),
            ("through-file.yaml", "not-a-directory"),
            ("file-as-directory.yaml", "not-a-directory"),
            ("a.yaml/x", "not-a-directory"),
            ("missing.yaml", "not-found"),
            ("missing/x.yaml", "not-found"),
            ("base", "is-directory"),
            ("overlay/base", "is-directory"),
            (".", "is-directory"),
        ] {
            let error = tree.read(&path(at)).unwrap_err();
            assert_eq!(error.reason(), reason, "{kind}: {at}: {error}");
            assert!(
                error.to_string().contains(&path(at).to_string()),
                "{kind}: {error}"
            );
        }
        let error = tree.read(&path("to-escape.yaml")).unwrap_err();
        assert!(
            matches!(error, ReadError::EscapingLink { link, .. } if link == path("base/escape.yaml"))
        );
    }
}

#[test]
fn directories_are_listed_in_order() {
    let (_outside, trees) = trees(LAYOUT, &Limits::default());
    for (kind, tree) in &trees {
        for at in ["base", "overlay/base", "root-link/base"] {
            let listed = tree.list(&path(at)).unwrap();
            let listed: Vec<_> = listed
                .iter()
                .map(|entry| (entry.path.file_name().unwrap(), entry.kind))
                .collect();
            assert_eq!(
                listed,
                [
                    ("b.yaml", EntryKind::File),
                    ("deep", EntryKind::Directory),
                    ("escape.yaml", EntryKind::Link)
                ],
                "{kind}: {at}"
            );
        }
        for (at, reason) in [
            ("a.yaml", "not-a-directory"),
            ("missing", "not-found"),
            ("escape-dir", "escaping-link"),
            (".git", "git-metadata"),
        ] {
            assert_eq!(
                tree.list(&path(at)).unwrap_err().reason(),
                reason,
                "{kind}: {at}"
            );
        }
    }
}

fn walked(tree: &Tree, depth: Depth) -> Vec<String> {
    tree.walk(&TreePath::root(), depth)
        .unwrap()
        .map(|entry| entry.unwrap().path.to_string())
        .collect()
}

#[test]
fn a_walk_visits_files_in_path_order_and_no_linked_directory() {
    let layout: Layout<'_> = &[
        ("b.yaml", ""),
        ("a/z.yaml", ""),
        ("a/b/c.yaml", ""),
        ("a.yaml", ""),
        ("a-b/d.yaml", ""),
        ("link", "-> a"),
        (".hidden/e.yaml", ""),
    ];
    let (_outside, trees) = trees(layout, &Limits::default());
    for (kind, tree) in &trees {
        assert_eq!(
            walked(tree, Depth::Recursive),
            [
                ".hidden/e.yaml",
                "a/b/c.yaml",
                "a/z.yaml",
                "a-b/d.yaml",
                "a.yaml",
                "b.yaml",
                "link"
            ],
            "{kind}"
        );
        assert_eq!(
            walked(tree, Depth::Flat),
            ["a.yaml", "b.yaml", "link"],
            "{kind}"
        );
    }
}

#[test]
fn manifests_are_chosen_as_argo_cd_chooses_them() {
    let layout: Layout<'_> = &[
        ("app/b.yml", ""),
        ("app/a.yaml", ""),
        ("app/c.json", ""),
        ("app/d.jsonnet", ""),
        ("app/e.YAML", ""),
        ("app/f.txt", ""),
        ("app/Makefile", ""),
        ("app/.yaml", ""),
        ("app/g.yaml", "-> ../shared/g"),
        ("app/h.yaml", "-> missing"),
        ("app/i.yaml", "-> sub"),
        ("app/sub/a.yaml", ""),
        ("shared/g", ""),
    ];
    let glob = |pattern: &str| Some(Glob::parse(pattern).unwrap());
    let (_outside, trees) = trees(layout, &Limits::default());
    for (kind, tree) in &trees {
        for (filter, expected) in [
            (
                ManifestFilter::default(),
                &[".yaml", "a.yaml", "b.yml", "c.json", "d.jsonnet", "g.yaml"][..],
            ),
            (
                ManifestFilter {
                    depth: Depth::Recursive,
                    include: glob("*a.yaml"),
                    ..Default::default()
                },
                &["a.yaml", "sub/a.yaml"],
            ),
            (
                ManifestFilter {
                    depth: Depth::Recursive,
                    include: glob("a.yaml"),
                    ..Default::default()
                },
                &["a.yaml"],
            ),
            (
                ManifestFilter {
                    depth: Depth::Recursive,
                    include: glob("{*.yaml,*.yml}"),
                    exclude: glob("sub/*"),
                    ..Default::default()
                },
                &[".yaml", "a.yaml", "b.yml", "g.yaml"],
            ),
            (
                ManifestFilter {
                    include: glob("*.txt"),
                    extensions: Extensions::Any,
                    ..Default::default()
                },
                &["f.txt"],
            ),
            (
                ManifestFilter {
                    include: glob("*.txt"),
                    ..Default::default()
                },
                &[],
            ),
        ] {
            let manifests = filter.apply(tree, &path("app")).unwrap();
            let files: Vec<_> = manifests
                .files
                .iter()
                .map(|file| file.relative_to(&path("app")).unwrap())
                .collect();
            assert_eq!(files, expected, "{kind}: {filter:?}");
            if filter.extensions == Extensions::Manifests {
                let skipped: Vec<_> = manifests
                    .skipped
                    .iter()
                    .map(|skipped| (skipped.path.to_string(), skipped.why))
                    .collect();
                assert_eq!(
                    skipped,
                    [
                        ("app/h.yaml".to_owned(), SkipReason::DanglingLink),
                        ("app/i.yaml".to_owned(), SkipReason::LinkToDirectory)
                    ]
                );
            }
        }
    }
}

#[test]
fn a_manifest_that_is_a_link_out_of_the_tree_is_an_error_even_if_excluded() {
    for target in ["../outside.yaml", "/etc/passwd", "../../../../etc/passwd"] {
        let link = format!("-> {target}");
        let (_outside, trees) = trees(&[("a.yaml", ""), ("x.yaml", &link)], &Limits::default());
        for (kind, tree) in &trees {
            let filter = ManifestFilter {
                exclude: Some(Glob::parse("x.yaml").unwrap()),
                ..Default::default()
            };
            let error = filter.apply(tree, &TreePath::root()).unwrap_err();
            assert_eq!(error.reason(), "escaping-link", "{kind}");
        }
    }
}

#[test]
fn limits_are_kept() {
    let limits = Limits {
        file_size: 3,
        entries: 3,
        ..Limits::default()
    };
    let (_outside, trees) = trees(&[("a", "123"), ("b/c", "")], &limits);
    for (kind, tree) in &trees {
        assert_eq!(tree.read(&path("a")).unwrap().len(), 3, "{kind}");
        assert_eq!(walked(tree, Depth::Recursive), ["a", "b/c"], "{kind}");
    }
    let entry = |at: &str, content: &str| (path(at), MemoryEntry::file(content));
    for (entries, reason) in [
        (vec![entry("a", "1234")], "file-too-large"),
        (vec![entry("a/b/c/d", "")], "too-many-entries"),
        (vec![entry("a", ""), entry("a", "")], "repeated-entry"),
        (vec![entry("a", ""), entry("a/b", "")], "repeated-entry"),
        (vec![entry("a/b", ""), entry("a", "")], "repeated-entry"),
        (
            vec![(path("a"), MemoryEntry::link("b")), entry("a/b", "")],
            "repeated-entry",
        ),
        (vec![entry("a/.git/config", "")], "git-metadata"),
        (vec![entry(".", "")], "root-is-no-file"),
    ] {
        assert_eq!(
            Tree::memory(entries, limits.clone())
                .err()
                .unwrap()
                .reason(),
            reason
        );
    }
}

#[test]
fn names_that_differ_in_case_only_are_reported_where_they_are_not_allowed() {
    let layout: Layout<'_> = &[("a/App.yaml", "1"), ("a/app.yaml", "2"), ("b.yaml", "")];
    let (_outside, refusing) = trees(layout, &Limits::default());
    for (kind, tree) in &refusing {
        let error = tree.list(&path("a")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`a/app.yaml` and `a/App.yaml` differ in case only",
            "{kind}"
        );
        let walked: Vec<_> = tree
            .walk(&TreePath::root(), Depth::Recursive)
            .unwrap()
            .map(|entry| entry.is_ok())
            .collect();
        assert_eq!(walked, [true, false, true], "{kind}");
        assert!(
            ManifestFilter::default().apply(tree, &path("a")).is_err(),
            "{kind}"
        );
    }
    let limits = Limits {
        case_collisions: CaseCollisions::Allow,
        ..Limits::default()
    };
    let (_outside, allowing) = trees(layout, &limits);
    for (kind, tree) in &allowing {
        assert_eq!(
            walked(tree, Depth::Recursive),
            ["a/App.yaml", "a/app.yaml", "b.yaml"],
            "{kind}"
        );
    }
}

#[test]
fn the_plain_opener_hands_out_files_as_they_are() {
    let (_outside, trees) = trees(LAYOUT, &Limits::default());
    for (kind, tree) in &trees {
        let opened = PlainOpener.open(tree, &path("overlay/up.yaml")).unwrap();
        assert_eq!(opened.content.expose(), b"b", "{kind}");
        assert_eq!(opened.protection, Protection::None);
        let error = PlainOpener.open(tree, &path("missing")).err().unwrap();
        assert!(error.is_not_found());
        assert_eq!(error.reason(), "not-found");
    }
}

#[test]
fn directories_of_an_object_database_are_not_believed() {
    for (names, reason) in [
        (&["a", "a"][..], "malformed-object"),
        (&["a", "..", "b"], "malformed-object"),
        (&["."], "malformed-object"),
        (&[""], "malformed-object"),
        (&["a/b"], "malformed-object"),
        (&["a\0b"], "malformed-object"),
        (&[".git"], "malformed-object"),
        (&["a", ".GiT"], "malformed-object"),
        (&["a", "b", "c", "d"], "too-many-entries"),
    ] {
        let mut store = Numbered::default();
        let file = store.add(Numberable::Blob(b"x".to_vec()));
        let entries = names
            .iter()
            .map(|name| entry(name, ObjectKind::File, file))
            .collect();
        let directory = store.add(Numberable::Directory(entries));
        let below = vec![entry("sub", ObjectKind::Directory, directory)];
        let root = store.add(Numberable::Directory(below));
        let limits = Limits {
            entries: 3,
            ..Limits::default()
        };
        let tree = Tree::objects(Arc::new(store), root, [], limits);
        let listed = tree.list(&path("sub")).unwrap_err();
        assert_eq!(listed.reason(), reason, "{names:?}");
        assert_eq!(tree.read(&path("sub/a")).unwrap_err().reason(), reason);
        assert!(tree.list(&TreePath::root()).is_ok());
    }
}

#[test]
fn objects_that_are_missing_too_large_or_of_another_kind_are_named() {
    let mut store = Numbered::default();
    let missing = ObjectId::new([0xff; 20]);
    let file = store.add(Numberable::Blob(b"1234".to_vec()));
    let long = store.add(Numberable::Blob(vec![b'x'; 4096]));
    let empty = store.add(Numberable::Directory(Vec::new()));
    let root = store.add(Numberable::Directory(vec![
        entry("missing", ObjectKind::File, missing),
        entry("missing-dir", ObjectKind::Directory, missing),
        entry("large", ObjectKind::File, file),
        entry("file-as-dir", ObjectKind::Directory, file),
        entry("dir-as-file", ObjectKind::File, empty),
        entry("long-link", ObjectKind::Link, long),
    ]));
    let limits = Limits {
        file_size: 3,
        ..Limits::default()
    };
    let tree = Tree::objects(Arc::new(store), root, [], limits);
    for (at, reason) in [
        ("missing", "object-missing"),
        ("missing-dir/x", "object-missing"),
        ("large", "file-too-large"),
        ("file-as-dir/x", "malformed-object"),
        ("dir-as-file", "malformed-object"),
        ("long-link", "file-too-large"),
    ] {
        let error = tree.read(&path(at)).unwrap_err();
        assert_eq!(error.reason(), reason, "{at}");
        assert!(!error.is_not_found(), "{at}");
    }
    let dangling = Tree::objects(
        Arc::new(Numbered::default()),
        missing,
        [],
        Limits::default(),
    );
    let error = dangling.list(&TreePath::root()).unwrap_err();
    assert_eq!(error.reason(), "object-missing");
}

#[test]
fn submodules_are_seen_where_they_are_given_and_empty_elsewhere() {
    let (inner, inner_root) =
        Numbered::holding(&[("deep/a.yaml", "inner"), ("up", "-> ../../top.yaml")]);
    let mut store = Numbered::default();
    let top = store.add(Numberable::Blob(b"top".to_vec()));
    let commit = ObjectId::new([7; 20]);
    let vendor = store.add(Numberable::Directory(vec![
        entry("given", ObjectKind::Submodule, commit),
        entry("other", ObjectKind::Submodule, commit),
    ]));
    let root = store.add(Numberable::Directory(vec![
        entry("top.yaml", ObjectKind::File, top),
        entry("vendor", ObjectKind::Directory, vendor),
    ]));
    let mount = |at: &str, store: &Arc<Numbered>| Mount {
        path: path(at),
        store: Arc::clone(store) as Arc<dyn ObjectStore>,
        root: inner_root,
    };
    let inner = Arc::new(inner);
    // A mount over a file counts for nothing: the repository has no submodule there.
    let mounts = [mount("vendor/given", &inner), mount("top.yaml", &inner)];
    let tree = Tree::objects(Arc::new(store), root, mounts, Limits::default());
    assert_eq!(
        walked(&tree, Depth::Recursive),
        ["top.yaml", "vendor/given/deep/a.yaml", "vendor/given/up"]
    );
    assert_eq!(
        &*tree.read(&path("vendor/given/deep/a.yaml")).unwrap(),
        b"inner"
    );
    assert_eq!(&*tree.read(&path("vendor/given/up")).unwrap(), b"top");
    assert_eq!(tree.kind(&path("vendor/other")).unwrap(), Kind::Directory);
    assert!(tree.list(&path("vendor/other")).unwrap().is_empty());
    assert!(
        tree.read(&path("vendor/other/x"))
            .unwrap_err()
            .is_not_found()
    );
}

#[test]
fn a_deep_tree_in_memory_is_walked_and_dropped_without_a_deep_stack() {
    let deep = format!("{}x", "d/".repeat(2000));
    let tree = Tree::memory(
        [(path(&deep), MemoryEntry::file("deep"))],
        Limits::default(),
    )
    .unwrap();
    std::thread::Builder::new()
        .stack_size(128 << 10)
        .spawn(move || {
            assert_eq!(walked(&tree, Depth::Recursive), std::slice::from_ref(&deep));
            assert_eq!(&*tree.read(&path(&deep)).unwrap(), b"deep");
        })
        .unwrap()
        .join()
        .unwrap();
}

/// A path of few names, so that most of them exist; as a link's target also with dots.
fn names(dots: bool) -> impl Strategy<Value = String> {
    let component = if dots { "[ab]|\\.|\\.\\.|" } else { "[ab]" };
    prop::collection::vec(component, 1..4).prop_map(|components| components.join("/"))
}

/// A few files and links, none below another.
fn layout() -> impl Strategy<Value = Vec<(String, String)>> {
    let content = prop_oneof![
        "[xyz]",
        names(true)
            .prop_map(|target| format!("-> {}", if target.is_empty() { "." } else { &target }))
    ];
    prop::collection::vec((names(false), content), 1..10).prop_map(|mut entries| {
        entries.sort();
        entries.dedup_by(|(later, _), (earlier, _)| path(later).starts_with(&path(earlier)));
        entries
    })
}

/// What the kernel reads at a path when it follows links itself and may not leave the root.
fn kernel_reads(root: &Path, at: &TreePath) -> Option<Vec<u8>> {
    let root = fs::File::open(root).unwrap();
    let resolution = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let file = openat2(root, at.as_str(), OFlags::RDONLY, Mode::empty(), resolution).ok()?;
    let mut content = Vec::new();
    std::io::Read::read_to_end(&mut fs::File::from(file), &mut content).ok()?;
    Some(content)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn all_trees_agree_with_each_other_and_with_the_kernel(layout in layout(), paths in prop::collection::vec(names(false), 10)) {
        let layout: Vec<_> = layout.iter().map(|(path, content)| (path.as_str(), content.as_str())).collect();
        let (outside, trees) = trees(&layout, &Limits::default());
        for at in layout.iter().map(|(at, _)| *at).chain(paths.iter().map(String::as_str)).map(path) {
            let [one, two, three, four] = trees.each_ref().map(|(_, tree)| {
                tree.read(&at).map(|content| content.to_vec()).map_err(|error| error.to_string())
            });
            prop_assert_eq!(&one, &two, "{}", at);
            prop_assert_eq!(&one, &three, "{}", at);
            prop_assert_eq!(&one, &four, "{}", at);
            prop_assert_eq!(one.ok(), kernel_reads(&outside.path().join("root"), &at), "{}", at);
        }
    }
}
