//! Bases in other repositories, as far as they need no server: what is asked for, what is refused, and where bounds are. The
//! real program is asked where it can reach a repository on disk.
// A test may give up where its setting cannot be made; clippy knows only test functions, not those they call.
#![allow(clippy::expect_used, clippy::unwrap_used)]
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use kustomize::{
    BuildError, BuildLimits, BuildOptions, Built, LoadRestriction, RemoteBase, RemoteBaseError,
    RemoteBases, build,
};
use tree::{Limits, MemoryEntry, PlainOpener, Tree, TreePath};

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\n";

fn map(name: &str) -> String {
    MAP.replace("NAME", name)
}

type Files<'f> = &'f [(&'f str, &'f str)];

fn tree(files: Files<'_>) -> Tree {
    let entries = files.iter().map(|(path, text)| {
        let entry = match text.strip_prefix("link:") {
            Some(target) => MemoryEntry::link(target),
            None => MemoryEntry::file(*text),
        };
        (TreePath::parse(path).unwrap(), entry)
    });
    Tree::memory(entries, Limits::default()).unwrap()
}

/// Repositories by address and revision.
#[derive(Default)]
struct Repositories {
    trees: HashMap<String, Arc<Tree>>,
    asked: Mutex<Vec<String>>,
}

#[derive(Debug, thiserror::Error)]
#[error("there is no such repository")]
struct Unknown;

impl Repositories {
    fn new(repositories: &[(&str, Files<'_>)]) -> Arc<Self> {
        let trees = repositories
            .iter()
            .map(|(address, files)| ((*address).to_owned(), Arc::new(tree(files))));
        Arc::new(Self {
            trees: trees.collect(),
            asked: Mutex::default(),
        })
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl RemoteBases for Repositories {
    fn fetch(&self, base: &RemoteBase) -> Result<Arc<Tree>, RemoteBaseError> {
        let key = match base.revision() {
            Some(revision) => format!("{}@{revision}", base.repository()),
            None => base.repository().to_owned(),
        };
        self.asked.lock().unwrap().push(key.clone());
        let found = self.trees.get(&key).cloned();
        found.ok_or_else(|| RemoteBaseError::new("unknown-repository", Unknown))
    }
}

fn build_with(
    files: Files<'_>,
    repositories: &Arc<Repositories>,
    change: impl FnOnce(&mut BuildOptions),
) -> Result<Built, BuildError> {
    let mut options = BuildOptions {
        remote_bases: Some(Arc::clone(repositories) as Arc<dyn RemoteBases>),
        ..BuildOptions::default()
    };
    change(&mut options);
    build(&tree(files), &PlainOpener, &TreePath::root(), &options)
}

fn top(text: &str) -> [(&str, &str); 1] {
    [("kustomization.yaml", text)]
}

fn chain(error: &BuildError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[test]
fn a_repository_is_asked_for_once_at_each_revision() {
    let (a, b) = (map("a"), map("b"));
    let files: Files<'_> = &[
        ("x/kustomization.yaml", "resources: [a.yaml]\n"),
        ("x/a.yaml", &a),
        ("y/kustomization.yaml", "resources: [b.yaml]\n"),
        ("y/b.yaml", &b),
    ];
    let repositories = Repositories::new(&[("https://h/o/r", files), ("https://h/o/r@v1", files)]);
    let text =
        "resources: ['https://h/o/r//x', 'https://h/o/r/y', 'https://h/o/r//y/../x?ref=v1']\n";
    let error = build_with(&top(text), &repositories, |_| {}).unwrap_err();
    // The third is the first again, at another revision.
    assert_eq!(error.reason(), "id-already-there", "{}", chain(&error));
    assert_eq!(repositories.asked(), ["https://h/o/r", "https://h/o/r@v1"]);
}

#[test]
fn nothing_leaves_the_repository_of_a_remote_base() {
    let a = map("a");
    let own = ("a.yaml", a.as_str());
    for (kustomization, expected) in [
        ("resources: [../a.yaml]\n", "file-outside-root"),
        ("resources: [../../a.yaml]\n", "path-leaves-root"),
        ("resources: [../..]\n", "path-leaves-root"),
        ("resources: [/etc]\n", "path-absolute"),
        ("resources: [out.yaml]\n", "file-outside-root"),
        ("resources: [..]\n", "kustomization-cycle"),
        (
            "resources: ['https://h/o/r//base']\n",
            "kustomization-cycle",
        ),
        ("resources: ['https://h/o/r']\n", "kustomization-cycle"),
        (
            "resources: ['https://h/o/r//./base']\n",
            "kustomization-cycle",
        ),
        ("resources: ['https://h/o/else']\n", "unknown-repository"),
        ("resources: ['https://h/o/r//a.yaml']\n", "not-a-directory"),
        ("resources: ['https://h/x.yaml']\n", "remote-file"),
        ("resources: ['https://h/o/r/main/x.yaml']\n", "remote-file"),
        (
            "configMapGenerator: [{name: x, files: ['https://h/x']}]\n",
            "remote-file",
        ),
        ("patches: [{path: 'https://h/o/r//p'}]\n", "remote-file"),
    ] {
        let repositories = Repositories::new(&[(
            "https://h/o/r",
            &[
                own,
                ("base/kustomization.yaml", kustomization),
                ("base/out.yaml", "link:../a.yaml"),
            ],
        )]);
        // What the operator allows for their own tree means nothing in another.
        let error = build_with(
            &top("resources: ['https://h/o/r//base']\n"),
            &repositories,
            |options| {
                options.load_restriction = LoadRestriction::None;
            },
        )
        .unwrap_err();
        let text = chain(&error);
        assert_eq!(error.reason(), expected, "{kustomization}{text}");
        assert!(
            text.starts_with("in the remote base `https://h/o/r//base`: "),
            "{text}"
        );
    }
}

#[test]
fn bases_of_a_remote_base_are_found_in_its_repository_and_in_others() {
    let (a, b, c) = (map("a"), map("b"), map("c"));
    let repositories = Repositories::new(&[
        (
            "https://h/o/r",
            &[
                (
                    "over/kustomization.yaml",
                    "resources: [../base, 'git@h:o/s.git//deep?ref=v1']\n",
                ),
                (
                    "base/kustomization.yaml",
                    "resources: [a.yaml]\ncomponents: [../part]\n",
                ),
                ("base/a.yaml", &a),
                (
                    "part/kustomization.yaml",
                    "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [b.yaml]\n",
                ),
                ("part/b.yaml", &b),
            ],
        ),
        (
            "git@h:o/s.git@v1",
            &[
                (
                    "deep/kustomization.yaml",
                    "resources: [c.yaml]\nnamePrefix: s-\n",
                ),
                ("deep/c.yaml", &c),
            ],
        ),
    ]);
    let built = build_with(
        &top("resources: ['https://h/o/r//over']\n"),
        &repositories,
        |_| {},
    )
    .unwrap();
    let places: Vec<String> = built
        .resources
        .iter()
        .map(|resource| {
            let source = resource.source().unwrap();
            format!("{} {}", resource.id().name, source.place)
        })
        .collect();
    assert_eq!(
        places,
        [
            "a https://h/o/r//over: base/a.yaml",
            "b https://h/o/r//over: part/b.yaml",
            "s-c git@h:o/s.git//deep?ref=v1: deep/c.yaml",
        ]
    );
}

#[test]
fn a_build_asks_for_a_bounded_number_of_repositories() {
    let repositories = Repositories::new(&[]);
    let mut counted = Repositories::new(&[]);
    let a = map("a");
    let files: Files<'_> = &[
        ("kustomization.yaml", "resources: [a.yaml]\n"),
        ("a.yaml", &a),
    ];
    let addresses: Vec<String> = (0..4)
        .map(|index| format!("https://h/o/r{index}"))
        .collect();
    Arc::get_mut(&mut counted).unwrap().trees = addresses
        .iter()
        .map(|address| (address.clone(), Arc::new(tree(files))))
        .collect();
    let components: String = addresses
        .iter()
        .enumerate()
        .map(|(index, _)| format!("- p{index}\n"))
        .collect();
    let text = format!("resources:\n{components}");
    let mut own: Vec<(String, String)> = vec![("kustomization.yaml".to_owned(), text)];
    for (index, address) in addresses.iter().enumerate() {
        own.push((
            format!("p{index}/kustomization.yaml"),
            format!("resources: ['{address}']\nnamePrefix: p{index}-\n"),
        ));
    }
    let own: Vec<(&str, &str)> = own
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let limited = |limit| {
        build_with(&own, &counted, |options| {
            options.limits = BuildLimits {
                remote_bases: limit,
                ..BuildLimits::default()
            };
        })
    };
    assert_eq!(limited(4).unwrap().resources.len(), 4);
    assert_eq!(limited(3).unwrap_err().reason(), "too-many-remote-bases");
    assert!(repositories.asked().is_empty());
}

#[test]
fn nobody_is_asked_where_nobody_is_there_and_no_password_is_told() {
    for reference in [
        "https://user:hunter2@h/o/r//x?ref=v1",
        "https://hunter2@h/o/r",
        "https://hunter2@h/x.yaml?token=hunter2",
        "ssh://git:hunter2@h/o/r",
    ] {
        for field in ["resources", "components"] {
            let text = format!("{field}: ['{reference}']\n");
            let error = build_with(&top(&text), &Repositories::new(&[]), |options| {
                options.remote_bases = None;
            })
            .unwrap_err();
            let text = chain(&error);
            assert!(
                matches!(error.reason(), "remote-base" | "remote-file"),
                "{text}"
            );
            assert!(
                !text.contains("hunter2") && !format!("{error:?}").contains("hunter2"),
                "{text}"
            );
        }
    }
}

/// Repositories on disk for both programs.
struct OnDisk {
    folder: tempfile::TempDir,
    trees: Mutex<Vec<String>>,
}

impl RemoteBases for OnDisk {
    fn fetch(&self, base: &RemoteBase) -> Result<Arc<Tree>, RemoteBaseError> {
        self.trees.lock().unwrap().push(base.to_string());
        let folder = base.repository().strip_prefix("file://").unwrap();
        Ok(Arc::new(
            Tree::directory(Path::new(folder), Limits::default()).unwrap(),
        ))
    }
}

impl OnDisk {
    fn repository(&self, name: &str, files: Files<'_>) -> String {
        let folder = self.folder.path().join(name);
        write(&folder, files);
        for arguments in [
            &["init", "-q", "-b", "main"][..],
            &["add", "-A"],
            &[
                "-c",
                "user.name=T",
                "-c",
                "user.email=t@example.com",
                "commit",
                "-q",
                "-m",
                "x",
            ],
            &["tag", "v1"],
        ] {
            let done = Command::new("git")
                .args(arguments)
                .current_dir(&folder)
                .env("GIT_CONFIG_GLOBAL", "/dev/null")
                .env("GIT_CONFIG_NOSYSTEM", "1")
                .status()
                .unwrap();
            assert!(done.success());
        }
        format!("file://{}", folder.display())
    }
}

fn write(folder: &Path, files: Files<'_>) {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[test]
fn remote_bases_are_built_as_the_real_program_builds_them() {
    let disk = Arc::new(OnDisk {
        folder: tempfile::tempdir().unwrap(),
        trees: Mutex::default(),
    });
    let (a, b, d) = (map("a"), map("b"), map("d"));
    let inner = disk.repository(
        "inner",
        &[
            (
                "kustomization.yaml",
                "resources: [d.yaml]\nnameSuffix: -inner\n",
            ),
            ("d.yaml", &d),
        ],
    );
    let base = format!(
        "resources: [a.yaml, ../sibling, '{inner}?ref=v1']\nconfigMapGenerator: [{{name: g, files: [f.txt]}}]\n"
    );
    let outer = disk.repository(
        "outer.git",
        &[
            ("app/kustomization.yaml", &base),
            ("app/a.yaml", &a),
            ("app/f.txt", "text\n"),
            ("sibling/kustomization.yaml", "resources: [b.yaml]\ncommonAnnotations: {x: y}\n"),
            ("sibling/b.yaml", &b),
            (
                "part/kustomization.yaml",
                "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nlabels: [{pairs: {part: 'yes'}}]\n",
            ),
            (
                "rules/kustomization.yaml",
                "resources: [p.yaml]\n",
            ),
            (
                "rules/p.yaml",
                "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: p}\nprefix: far-\nfieldSpecs: [{path: metadata/name}]\n",
            ),
        ],
    );
    let metadata = "buildMetadata: [originAnnotations, transformerAnnotations]\n";
    let c = map("c");
    for (name, text) in [
        (
            "path behind two slashes",
            format!("resources: ['{outer}//app?ref=v1']\n"),
        ),
        (
            "path behind .git",
            format!("resources: [c.yaml, '{outer}/app']\nnamePrefix: x-\n"),
        ),
        ("root", format!("resources: ['{inner}']\n")),
        (
            "component",
            format!("resources: [c.yaml]\ncomponents: ['{outer}//part']\n"),
        ),
        (
            "transformers",
            format!("resources: [c.yaml]\ntransformers: ['{outer}//rules']\n"),
        ),
        (
            "forced protocol",
            format!("resources: ['git::{outer}//app']\n"),
        ),
        (
            "origins",
            format!("resources: [c.yaml, '{outer}//app?ref=v1']\nnamePrefix: x-\n{metadata}"),
        ),
        (
            "origin of a root",
            format!("resources: ['{inner}?version=main&submodules=false']\n{metadata}"),
        ),
        (
            "origins of components",
            format!(
                "resources: [c.yaml]\ncomponents: ['{outer}//part?ref=main']\ntransformers: ['{outer}//rules']\n{metadata}"
            ),
        ),
        ("file", format!("resources: ['{outer}//app/a.yaml']\n")),
        ("nothing", format!("resources: ['{outer}//none']\n")),
        ("outside", format!("resources: ['{outer}//../x']\n")),
    ] {
        let own = tempfile::tempdir().unwrap();
        let files: Files<'_> = &[("kustomization.yaml", &text), ("c.yaml", &c)];
        write(own.path(), files);
        let real = Command::new(peers::program("kustomize", "kustomize"))
            .arg("build")
            .arg(own.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        let options = BuildOptions {
            remote_bases: Some(Arc::clone(&disk) as Arc<dyn RemoteBases>),
            ..BuildOptions::default()
        };
        let built = build(&tree(files), &PlainOpener, &TreePath::root(), &options);
        match (real.status.success(), built) {
            (true, Ok(built)) => {
                let real = String::from_utf8(real.stdout).unwrap();
                assert_eq!(built.to_yaml().unwrap(), real, "{name}");
            }
            (false, Err(_)) => {}
            (_, built) => panic!(
                "{name}: {}\n{}",
                String::from_utf8_lossy(&real.stderr),
                built.map_or_else(|error| chain(&error), |built| built.to_yaml().unwrap())
            ),
        }
    }
}
