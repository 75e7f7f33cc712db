//! Builds as a whole where the real program is no help: encrypted sources, KSOPS, bounds, and errors.
// A test may give up where its setting cannot be made; clippy knows only test functions, not those they call.
#![allow(clippy::expect_used, clippy::unwrap_used)]
#![forbid(unsafe_code)]

use std::error::Error;

use kustomize::resource::Sensitivity;
use kustomize::{BuildError, BuildLimits, BuildOptions, Built, LoadRestriction, Order, build};
use secret::SecretBytes;
use tree::{
    Content, Limits, MacCoverage, MemoryEntry, OpenError, Opened, Opener, Protection, SopsFormat,
    SopsProtection, Tree, TreePath,
};

/// Takes `sealed:` off the start of files, in the way in which encrypted ones are opened.
struct Unsealer;

impl Opener for Unsealer {
    fn open(&self, tree: &Tree, path: &TreePath) -> Result<Opened, OpenError> {
        let content = tree.read(path)?;
        Ok(match content.strip_prefix(b"sealed:") {
            None => Opened {
                content: Content::Plain(content),
                protection: Protection::None,
            },
            Some(plain) => Opened {
                content: Content::Secret(SecretBytes::from(plain.to_vec())),
                protection: Protection::Sops(SopsProtection {
                    format: SopsFormat::Yaml,
                    verified_mac: MacCoverage::EveryValue,
                    encrypted: Vec::new(),
                }),
            },
        })
    }
}

fn tree(files: &[(&str, &str)]) -> Tree {
    let entries = files.iter().map(|(path, text)| {
        let entry = match text.strip_prefix("link:") {
            Some(target) => MemoryEntry::link(target),
            None => MemoryEntry::file(*text),
        };
        (TreePath::parse(path).unwrap(), entry)
    });
    Tree::memory(entries, Limits::default()).unwrap()
}

fn build_with(
    files: &[(&str, &str)],
    directory: &str,
    options: &BuildOptions,
) -> Result<Built, BuildError> {
    let directory = TreePath::parse(directory).unwrap();
    build(&tree(files), &Unsealer, &directory, options)
}

#[track_caller]
fn built(files: &[(&str, &str)]) -> Built {
    build_with(files, ".", &BuildOptions::default()).unwrap()
}

const KUSTOMIZATION: &str = "kustomization.yaml";
const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";

#[test]
fn encrypted_files_give_what_plain_ones_give() {
    let everywhere = "resources: [a.yaml]\npatches: [{path: p.yaml}]\n\
         secretGenerator: [{name: s, files: [f.txt], envs: [e.env]}]\n";
    let files = [
        ("a.yaml", CONFIG_MAP),
        (
            "p.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: y}\n",
        ),
        ("f.txt", "a long enough value, words and all"),
        ("e.env", "A=another value that is not so short\n"),
    ];
    let sealed: Vec<(&str, String)> = files
        .iter()
        .map(|(path, text)| (*path, format!("sealed:{text}")))
        .collect();
    let mut plain = files.to_vec();
    plain.push((KUSTOMIZATION, everywhere));
    let mut encrypted: Vec<(&str, &str)> = sealed
        .iter()
        .map(|(path, text)| (*path, text.as_str()))
        .collect();
    encrypted.push((KUSTOMIZATION, everywhere));

    let (plain, encrypted) = (built(&plain), built(&encrypted));
    assert_eq!(plain.to_yaml().unwrap(), encrypted.to_yaml().unwrap());
    assert_eq!(plain.opened.len(), 0);
    let opened: Vec<&str> = encrypted
        .opened
        .iter()
        .map(|(place, _)| place.path.as_str())
        .collect();
    assert_eq!(opened, ["a.yaml", "e.env", "f.txt", "p.yaml"]);
    let is = |built: &Built, sensitivity| {
        built
            .resources
            .iter()
            .all(|resource| resource.sensitivity() == sensitivity)
    };
    assert!(is(&plain, Sensitivity::Plain) && is(&encrypted, Sensitivity::Decrypted));
    assert_eq!(encrypted.warnings, []);
}

#[test]
fn a_patch_that_was_encrypted_makes_its_target_sensitive() {
    let built = built(&[
        (
            KUSTOMIZATION,
            "resources: [a.yaml]\npatches: [{path: p.yaml}]\n",
        ),
        ("a.yaml", CONFIG_MAP),
        (
            "p.yaml",
            "sealed:apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: y}\n",
        ),
    ]);
    assert_eq!(built.resources[0].sensitivity(), Sensitivity::Decrypted);
}

#[test]
fn hashes_of_values_that_can_be_guessed_are_warned_of() {
    let generator = "secretGenerator:\n- name: s\n  files: [pin, key]\n";
    let built = built(&[
        (KUSTOMIZATION, generator),
        ("pin", "sealed:1234"),
        ("key", "sealed:0f9a4c1e7b3d58266e1d"),
    ]);
    let warnings: Vec<String> = built.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].contains("Secret.v1.[noGrp]/s.[noNs]"),
        "{warnings:?}"
    );
    assert!(
        warnings[0].contains("(pin)") && !warnings[0].contains("1234"),
        "{warnings:?}"
    );
}

#[test]
fn ksops_generators_are_followed() {
    let generator = "apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata:\n  name: g\n  annotations:\n    \
         config.kubernetes.io/function: |\n      exec:\n        path: ksops\nfiles: [a.enc.yaml]\n\
         secretFrom:\n- metadata:\n    name: s\n    annotations:\n      kustomize.config.k8s.io/needs-hash: 'true'\n  \
         type: Opaque\n  files: [../other/f.txt, k=../other/f.txt]\n  binaryFiles: [b.bin]\n  envs: [e.env]\n";
    let files = [
        (
            "app/kustomization.yaml",
            "generators: [g.yaml]\nnamePrefix: p-\n",
        ),
        ("app/g.yaml", generator),
        (
            "app/a.enc.yaml",
            "sealed:apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {x: y}\n",
        ),
        ("app/b.bin", "sealed:\u{1}"),
        ("app/e.env", "sealed:export A='b c' # d\n"),
        ("other/f.txt", "sealed:text\n"),
    ];
    let built = build_with(&files, "app", &BuildOptions::default()).unwrap();
    let expected = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: p-a\nstringData:\n  x: \"y\"\n---\n\
         apiVersion: v1\ndata:\n  b.bin: AQ==\nkind: Secret\nmetadata:\n  name: p-s-HASH\nstringData:\n  A: b c\n  \
         f.txt: |\n    text\n  k: |\n    text\ntype: Opaque\n";
    let text = built.to_yaml().unwrap();
    let hash = text
        .split_once("p-s-")
        .unwrap()
        .1
        .lines()
        .next()
        .unwrap()
        .to_owned();
    assert_eq!(hash.len(), 10);
    assert_eq!(text.replace(&hash, "HASH"), expected);
}

#[test]
fn fifo_and_free_loading_are_options() {
    let files = [
        (
            "app/kustomization.yaml",
            "resources: [../s.yaml, ../a.yaml]\n",
        ),
        (
            "s.yaml",
            "apiVersion: v1\nkind: Service\nmetadata:\n  name: s\n",
        ),
        ("a.yaml", CONFIG_MAP),
    ];
    let options = BuildOptions {
        load_restriction: LoadRestriction::None,
        order: Order::Fifo,
        ..BuildOptions::default()
    };
    let built = build_with(&files, "app", &options).unwrap();
    let kinds: Vec<&str> = built
        .resources
        .iter()
        .map(|resource| resource.kind())
        .collect();
    assert_eq!(kinds, ["Service", "ConfigMap"]);
}

/// Twenty levels of which each has two overlays of the one below: a million kustomizations.
#[test]
fn kustomizations_that_multiply_come_to_an_end() {
    let mut files: Vec<(String, String)> = vec![
        (
            "k0/kustomization.yaml".to_owned(),
            "resources: [a.yaml]\n".to_owned(),
        ),
        ("k0/a.yaml".to_owned(), CONFIG_MAP.to_owned()),
    ];
    for level in 1..=20 {
        for side in ["a", "b"] {
            let text = format!("resources: [../../k{}]\nnamePrefix: {side}-\n", level - 1);
            files.push((format!("k{level}/{side}/kustomization.yaml"), text));
        }
        files.push((
            format!("k{level}/kustomization.yaml"),
            "resources: [a, b]\n".to_owned(),
        ));
    }
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let options = BuildOptions {
        limits: BuildLimits {
            kustomizations: 500,
            ..BuildLimits::default()
        },
        ..BuildOptions::default()
    };
    let error = build_with(&files, "k20", &options).unwrap_err();
    assert_eq!(error.reason(), "too-many-kustomizations");
    let options = BuildOptions {
        limits: BuildLimits {
            depth: 10,
            ..BuildLimits::default()
        },
        ..BuildOptions::default()
    };
    let error = build_with(&files, "k20", &options).unwrap_err();
    assert_eq!(error.reason(), "kustomizations-too-deep");
}

#[test]
fn what_was_made_of_something_decrypted_says_so() {
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n";
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, args: [$(A)]}]}\n";
    let sealed_map = format!("sealed:{map}");
    let cases: &[(&str, &[(&str, &str)])] = &[
        (
            "sealed:configMapGenerator: [{name: a, literals: [a=b]}]",
            &[],
        ),
        (
            "sealed:resources: [a.yaml]\npatches: [{patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {c: d}}'}]",
            &[("a.yaml", map)],
        ),
        (
            "resources: [b]\ncomponents: [c]",
            &[
                ("b/kustomization.yaml", "resources: [a.yaml]"),
                ("b/a.yaml", map),
                (
                    "c/kustomization.yaml",
                    "sealed:apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncommonAnnotations: {a: b}",
                ),
            ],
        ),
        (
            "resources: [a.yaml]\ntransformers: [t.yaml]",
            &[
                ("a.yaml", map),
                (
                    "t.yaml",
                    "sealed:apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: a}\nlabels: {a: b}\nfieldSpecs: [{path: metadata/labels, create: true}]",
                ),
            ],
        ),
        (
            "generators: [g.yaml]",
            &[(
                "g.yaml",
                "sealed:apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: a}\nliterals: [a=b]",
            )],
        ),
        (
            "resources: [a.yaml]\nreplacements: [{path: r.yaml}]",
            &[
                ("a.yaml", map),
                (
                    "r.yaml",
                    "sealed:sourceValue: x\ntargets: [{select: {kind: ConfigMap}, fieldPaths: [data.a]}]",
                ),
            ],
        ),
        (
            "resources: [a.yaml, pod.yaml]\nvars: [{name: A, objref: {apiVersion: v1, kind: ConfigMap, name: a}, fieldref: {fieldPath: data.a}}]",
            &[("a.yaml", &sealed_map), ("pod.yaml", pod)],
        ),
    ];
    for (kustomization, files) in cases {
        let mut all = vec![("kustomization.yaml", *kustomization)];
        all.extend(*files);
        let sealed = built(&all);
        assert!(!sealed.resources.is_empty());
        for resource in &sealed.resources {
            let id = resource.id();
            assert_eq!(
                resource.sensitivity(),
                Sensitivity::Decrypted,
                "{kustomization}: {id}"
            );
        }
        let plain: Vec<(&str, &str)> = all
            .iter()
            .map(|(path, text)| (*path, text.strip_prefix("sealed:").unwrap_or(text)))
            .collect();
        for resource in &built(&plain).resources {
            assert_eq!(
                resource.sensitivity(),
                Sensitivity::Plain,
                "{kustomization}"
            );
        }
    }
}

#[test]
fn errors_say_where_and_what_but_no_value() {
    let secret = "hunter2hunter2";
    for (kustomization, reason) in [
        ("resources: [none.yaml]", "not-found"),
        ("resources: [bad.yaml]", "value-not-allowed"),
        ("resources: [twice.yaml]", "id-already-there"),
        ("resources: [https://github.com/org/repo]", "remote-base"),
        ("resources: [../up.yaml]", "path-leaves-root"),
        ("resources: [.]", "kustomization-cycle"),
        ("resources: [out.yaml]", "escaping-link"),
        ("components: [base]", "not-a-component"),
        ("resources: [component]", "is-a-component"),
        ("resources: [empty]", "no-kustomization"),
        (
            "secretGenerator: [{name: s, literals: [hunter2hunter2]}]",
            "literal-without-key",
        ),
        (
            "secretGenerator: [{literals: [a=b]}]",
            "generator-without-name",
        ),
        ("helmCharts: [{name: c}]", "helm-chart"),
        ("generators: [exec.yaml]", "external-plugin"),
        ("transformers: [exec.yaml]", "external-plugin"),
        ("patches: [{path: none.yaml}]", "not-found"),
        ("patches: [{patch: 'hunter2hunter2'}]", "patch-unreadable"),
        ("sortOptions: {order: hunter2hunter2}", "unknown-order"),
    ] {
        let files = [
            (KUSTOMIZATION, kustomization),
            ("bad.yaml", "sealed:a: hunter2hunter2: [\n"),
            (
                "twice.yaml",
                "kind: A\nmetadata: {name: a}\n---\nkind: A\nmetadata: {name: a}\n",
            ),
            ("out.yaml", "link:../../etc/passwd"),
            ("base/kustomization.yaml", "resources: []\n"),
            (
                "component/kustomization.yaml",
                "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: []\n",
            ),
            ("empty/x.txt", ""),
            (
                "exec.yaml",
                "apiVersion: x/v1\nkind: Exec\nmetadata: {name: e}\n",
            ),
        ];
        let error = build_with(&files, ".", &BuildOptions::default()).unwrap_err();
        let mut told = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            told.push_str(&inner.to_string());
            source = inner.source();
        }
        assert!(!told.contains(secret), "{told}");
        assert_eq!(error.reason(), reason, "{kustomization}: {told}");
    }
}
