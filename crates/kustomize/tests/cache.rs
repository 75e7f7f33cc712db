//! Builds that share a cache of parsed files make what they make without it.
// A test may give up where its setting cannot be made; clippy knows only test functions, not those they call.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use kustomize::{BuildOptions, ParseCache, build};
use secret::SecretBytes;
use support::{chain, text};
use tree::{
    Content, Limits, MacCoverage, MemoryEntry, OpenError, Opened, Opener, PlainOpener, Protection,
    SopsFormat, SopsProtection, Tree, TreePath,
};

/// Enough for all that is built here.
const AMPLE: usize = 64 << 20;

/// What a file starts with that [`Unsealer`] opens.
const SEALED: &str = "sealed:";

/// Opens files that are told by their first bytes.
struct Unsealer;

impl Opener for Unsealer {
    fn open(&self, tree: &Tree, path: &TreePath) -> Result<Opened, OpenError> {
        let opened = PlainOpener.open(tree, path)?;
        Ok(
            match opened.content.expose().strip_prefix(SEALED.as_bytes()) {
                None => opened,
                Some(plaintext) => Opened {
                    content: Content::Secret(SecretBytes::from(plaintext.to_vec())),
                    protection: Protection::Sops(SopsProtection {
                        format: SopsFormat::Yaml,
                        verified_mac: MacCoverage::EveryValue,
                        encrypted: Vec::new(),
                    }),
                },
            },
        )
    }
}

/// Every field whose files are parsed, and what is in these files.
const FILES: &[(&str, &str)] = &[
    (
        "kustomization.yaml",
        "resources: [web.yaml, base]\npatches: [{path: patch.yaml}, {path: patch.json, target: {kind: Service}}]\n\
         patchesStrategicMerge: [merge.yaml]\npatchesJson6902: [{path: old.yaml, target: {version: v1, kind: Service, name: web}}]\n\
         replacements: [{path: replacement.yaml}]\nconfigurations: [rules.yaml]\ncrds: [crd.json]\n\
         openapi: {path: schema.json}\ntransformers: [prefix.yaml]\ngenerators: [generator.yaml]\n",
    ),
    (
        "base/kustomization.yaml",
        "resources: [config.yaml]\nnameSuffix: -base\n",
    ),
    (
        "base/config.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config}\ndata: {a: x}\n",
    ),
    (
        "web.yaml",
        "# of the web\napiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports: [{port: 80}]\n",
    ),
    (
        "patch.yaml",
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: NodePort}\n",
    ),
    (
        "patch.json",
        "[{\"op\": \"add\", \"path\": \"/spec/a\", \"value\": 1}]",
    ),
    (
        "merge.yaml",
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {b: x}\n",
    ),
    ("old.yaml", "- {op: add, path: /spec/c, value: y}\n"),
    (
        "replacement.yaml",
        "source: {kind: ConfigMap, name: config, fieldPath: data.a}\ntargets: [{select: {kind: Service}, fieldPaths: [spec.b]}]\n",
    ),
    ("rules.yaml", "namePrefix: [{path: spec/name}]\n"),
    (
        "crd.json",
        "{\"v1.Web\": {\"Schema\": {\"properties\": {\"kind\": {}, \"apiVersion\": {}, \"metadata\": {}}}}}",
    ),
    ("schema.json", "{\"definitions\": {}}"),
    (
        "prefix.yaml",
        "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: p}\nprefix: p-\nfieldSpecs: [{path: metadata/name}]\n",
    ),
    (
        "generator.yaml",
        "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: made}\nliterals: [a=b]\n",
    ),
];

fn tree(files: &[(&str, String)]) -> Tree {
    let entries = files.iter().map(|(path, text)| {
        let entry = MemoryEntry::file(text.as_str());
        (TreePath::parse(path).unwrap(), entry)
    });
    Tree::memory(entries, Limits::default()).unwrap()
}

/// The files, those sealed that `is_sealed` says.
fn files(is_sealed: impl Fn(&str) -> bool) -> Vec<(&'static str, String)> {
    let seal = |path, text: &str| match is_sealed(path) {
        true => format!("{SEALED}{text}"),
        false => text.to_owned(),
    };
    FILES
        .iter()
        .map(|(path, text)| (*path, seal(path, text)))
        .collect()
}

fn built(files: &[(&str, String)], cache: Option<&Arc<ParseCache>>) -> String {
    let options = BuildOptions {
        cache: cache.cloned(),
        ..BuildOptions::default()
    };
    let built = build(&tree(files), &Unsealer, &TreePath::root(), &options);
    text(&built.unwrap_or_else(|error| panic!("{}", chain(&error)))).unwrap()
}

#[test]
fn every_parsed_file_is_found_again() {
    let files = files(|_| false);
    let without = built(&files, None);
    let cache = Arc::new(ParseCache::new(AMPLE));
    assert_eq!(built(&files, Some(&cache)), without);
    let first = cache.usage();
    assert_eq!(
        (first.entries, first.hits, first.misses),
        (FILES.len(), 0, FILES.len() as u64)
    );
    assert_eq!(built(&files, Some(&cache)), without);
    let second = cache.usage();
    assert_eq!((second.entries, second.bytes), (first.entries, first.bytes));
    assert_eq!((second.hits, second.misses), (first.misses, first.misses));
}

#[test]
fn a_changed_file_is_parsed_anew() {
    let cache = Arc::new(ParseCache::new(AMPLE));
    let mut files = files(|_| false);
    built(&files, Some(&cache));
    for (_, text) in &mut files {
        *text = text.replace("port: 80", "port: 8080");
    }
    let changed = built(&files, Some(&cache));
    assert!(changed.contains("port: 8080"), "{changed}");
    assert_eq!(changed, built(&files, None));
    assert_eq!(cache.usage().entries, FILES.len() + 1);
}

#[test]
fn a_decrypted_file_never_gets_in() {
    let plain = built(&files(|_| false), None);
    for sealed in FILES.iter().map(|(path, _)| *path) {
        let cache = Arc::new(ParseCache::new(AMPLE));
        let files = files(|path| path == sealed);
        for _ in 0..2 {
            assert_eq!(built(&files, Some(&cache)), plain, "{sealed}");
        }
        assert_eq!(cache.usage().entries, FILES.len() - 1, "{sealed}");
    }
    let cache = Arc::new(ParseCache::new(AMPLE));
    assert_eq!(built(&files(|_| true), Some(&cache)), plain);
    let usage = cache.usage();
    assert_eq!((usage.entries, usage.bytes, usage.misses), (0, 0, 0));
}

#[test]
fn a_new_plaintext_shows_and_leaves_no_trace() {
    let cache = Arc::new(ParseCache::new(AMPLE));
    let mut files = files(|path| path == "web.yaml");
    built(&files, Some(&cache));
    let before = cache.usage();
    for (_, text) in &mut files {
        *text = text.replace("port: 80", "port: 8080");
    }
    let changed = built(&files, Some(&cache));
    assert!(changed.contains("port: 8080"), "{changed}");
    let after = cache.usage();
    assert_eq!((after.entries, after.bytes), (before.entries, before.bytes));
    assert_eq!(after.misses, before.misses);
}

#[test]
fn a_small_cache_keeps_its_bound_and_the_output() {
    let files = files(|_| false);
    let without = built(&files, None);
    for capacity in [0, 500, 5_000, 20_000] {
        let cache = Arc::new(ParseCache::new(capacity));
        for _ in 0..3 {
            assert_eq!(built(&files, Some(&cache)), without, "{capacity}");
            assert!(cache.usage().bytes <= capacity, "{capacity}");
        }
    }
}

#[test]
fn threads_can_share_a_cache() {
    let cache = Arc::new(ParseCache::new(40_000));
    let variants: Vec<_> = (0..4)
        .map(|port| {
            let mut files = files(|path| path == "merge.yaml");
            for (_, text) in &mut files {
                *text = text.replace("port: 80", &format!("port: {port}"));
            }
            let without = built(&files, None);
            (files, without)
        })
        .collect();
    std::thread::scope(|scope| {
        for turn in 0..4 {
            let (cache, variants) = (&cache, &variants);
            scope.spawn(move || {
                for round in 0..8 {
                    let (files, without) = &variants[(turn + round) % variants.len()];
                    assert_eq!(built(files, Some(cache)), *without);
                }
            });
        }
    });
    assert!(cache.usage().hits > 0);
    assert!(cache.usage().bytes <= cache.capacity());
}
