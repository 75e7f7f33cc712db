//! What a hostile repository can ask for is refused, or done in bounded time.
// A test may give up where its setting cannot be made; clippy knows only test functions, not those they call.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use kustomize::{BuildLimits, BuildOptions, LoadRestriction};
use support::{built, chain};
use tempfile::TempDir;
use tree::{Limits, MemoryEntry, PlainOpener, Tree, TreePath};

/// What a hostile input may take, in a build without optimisations on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder of a repository, beside which lies what must stay unread.
fn repository(files: &[(&str, String)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("repository")).unwrap();
    fs::write(
        folder.path().join("token.yaml"),
        "apiVersion: v1\nkind: Secret\nmetadata: {name: outside}\n",
    )
    .unwrap();
    for (path, content) in files {
        let path = folder.path().join("repository").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

fn build(folder: &TempDir, restriction: LoadRestriction) -> Result<String, String> {
    let options = BuildOptions {
        load_restriction: restriction,
        ..BuildOptions::default()
    };
    let begun = Instant::now();
    let result = built(&folder.path().join("repository"), "app", &options);
    assert!(begun.elapsed() < PATIENCE, "took {:?}", begun.elapsed());
    result
}

#[test]
fn no_name_leads_out_of_the_repository() {
    let places = [
        "../../token.yaml",
        "/etc/passwd",
        "../../../../../../../etc/passwd",
        "link.yaml",
        "links/token.yaml",
        "chain",
    ];
    let fields = [
        "resources: [PLACE]",
        "components: [PLACE]",
        "configurations: [PLACE]",
        "crds: [PLACE]",
        "openapi: {path: PLACE}",
        "generators: [PLACE]",
        "transformers: [PLACE]",
        "validators: [PLACE]",
        "patches: [{path: PLACE, target: {kind: Secret}}]",
        "patchesStrategicMerge: [PLACE]",
        "patchesJson6902: [{path: PLACE, target: {version: v1, kind: Secret, name: outside}}]",
        "replacements: [{path: PLACE}]",
        "configMapGenerator: [{name: a, files: [PLACE]}]",
        "configMapGenerator: [{name: a, files: [key=PLACE]}]",
        "configMapGenerator: [{name: a, envs: [PLACE]}]",
        "secretGenerator: [{name: a, files: [PLACE]}]",
        "secretGenerator: [{name: a, env: PLACE}]",
        "generators: ['{apiVersion: builtin, kind: SecretGenerator, metadata: {name: a}, files: [PLACE]}']",
        "transformers: ['{apiVersion: builtin, kind: PatchTransformer, metadata: {name: a}, path: PLACE}']",
    ];
    for field in fields {
        for place in places {
            let kustomization = field.replace("PLACE", place);
            let folder = repository(&[("app/kustomization.yaml", kustomization.clone())]);
            let app = folder.path().join("repository/app");
            symlink("../../token.yaml", app.join("link.yaml")).unwrap();
            symlink(folder.path(), app.join("links")).unwrap();
            symlink("link.yaml", app.join("chain")).unwrap();
            for restriction in [LoadRestriction::RootOnly, LoadRestriction::None] {
                let result = build(&folder, restriction);
                let error = result.expect_err(&format!("{kustomization} with {restriction:?}"));
                assert!(
                    !error.contains("outside") || place.contains("outside"),
                    "{error}"
                );
            }
        }
    }
}

#[test]
fn kustomizations_in_one_another_come_to_an_end() {
    let component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n";
    let cases = [
        vec![("app/kustomization.yaml", "resources: [.]".to_owned())],
        vec![("app/kustomization.yaml", "resources: [../app]".to_owned())],
        vec![
            ("app/kustomization.yaml", "resources: [..]".to_owned()),
            ("kustomization.yaml", "resources: [app]".to_owned()),
        ],
        vec![
            ("app/kustomization.yaml", "resources: [../b]".to_owned()),
            ("b/kustomization.yaml", "resources: [../app]".to_owned()),
        ],
        vec![
            ("app/kustomization.yaml", "components: [../b]".to_owned()),
            (
                "b/kustomization.yaml",
                format!("{component}components: [../b]"),
            ),
        ],
        vec![(
            "app/kustomization.yaml",
            "transformers: [../app]".to_owned(),
        )],
        vec![
            ("app/kustomization.yaml", "generators: [../b]".to_owned()),
            ("b/kustomization.yaml", "generators: [../app]".to_owned()),
        ],
    ];
    for files in cases {
        let folder = repository(&files);
        build(&folder, LoadRestriction::RootOnly).expect_err(&files[0].1);
    }
}

#[test]
fn directories_that_are_links_to_themselves_come_to_an_end() {
    let folder = repository(&[(
        "app/kustomization.yaml",
        "resources: [loop/loop/loop]".to_owned(),
    )]);
    symlink(".", folder.path().join("repository/app/loop")).unwrap();
    symlink("knot", folder.path().join("repository/app/knot")).unwrap();
    build(&folder, LoadRestriction::RootOnly).unwrap_err();
    fs::write(
        folder.path().join("repository/app/kustomization.yaml"),
        "resources: [knot]",
    )
    .unwrap();
    build(&folder, LoadRestriction::RootOnly).unwrap_err();
}

#[test]
fn bases_that_double_at_each_level_are_refused() {
    // Each level names the one below twice under other names: 2^24 kustomizations out of 50 small files.
    let mut files = vec![(
        "app/kustomization.yaml".to_owned(),
        "resources: [../a0, ../b0]".to_owned(),
    )];
    for level in 0..24 {
        for side in ["a", "b"] {
            let next = level + 1;
            let text = format!("namePrefix: {side}-\nresources: [../a{next}, ../b{next}]");
            files.push((format!("{side}{level}/kustomization.yaml"), text));
        }
    }
    for side in ["a", "b"] {
        let text = "configMapGenerator: [{name: x, literals: [a=b]}]".to_owned();
        files.push((
            format!("{side}24/kustomization.yaml"),
            format!("namePrefix: {side}-\n{text}"),
        ));
    }
    let files: Vec<(&str, String)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.clone()))
        .collect();
    build(&repository(&files), LoadRestriction::RootOnly).unwrap_err();
}

#[test]
fn a_deep_chain_of_bases_is_refused_or_built() {
    let mut files = vec![(
        "app/kustomization.yaml".to_owned(),
        "resources: [../d0]".to_owned(),
    )];
    for level in 0..2_000 {
        files.push((
            format!("d{level}/kustomization.yaml"),
            format!("resources: [../d{}]", level + 1),
        ));
    }
    files.push((
        "d2000/kustomization.yaml".to_owned(),
        "namePrefix: a-".to_owned(),
    ));
    let files: Vec<(&str, String)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.clone()))
        .collect();
    let _ = build(&repository(&files), LoadRestriction::RootOnly);
}

#[test]
fn a_hundred_thousand_replacements_end_in_time() {
    let one = "- {source: {kind: ConfigMap, name: a, fieldPath: data.a}, targets: [{select: {kind: ConfigMap}, fieldPaths: [data.b]}]}\n";
    let folder = repository(&[
        (
            "app/kustomization.yaml",
            "resources: [a.yaml]\nreplacements: [{path: many.yaml}]\n".to_owned(),
        ),
        (
            "app/a.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: x, b: z}\n".to_owned(),
        ),
        ("app/many.yaml", one.repeat(100_000)),
    ]);
    if let Ok(text) = build(&folder, LoadRestriction::RootOnly) {
        assert!(text.contains("b: x"), "{text}");
    }
}

#[test]
fn replacements_that_double_a_value_are_bounded() {
    // Each copies a value into both halves of itself.
    let step = "- {source: {kind: ConfigMap, name: a, fieldPath: data.a}, targets: [{select: {kind: ConfigMap}, fieldPaths: [data.b], \
                options: {delimiter: ',', index: 0}}]}\n- {source: {kind: ConfigMap, name: a, fieldPath: data.b}, targets: [{select: \
                {kind: ConfigMap}, fieldPaths: [data.a], options: {delimiter: ';', index: -1}}]}\n";
    let folder = repository(&[
        (
            "app/kustomization.yaml",
            "resources: [a.yaml]\nreplacements: [{path: many.yaml}]\n".to_owned(),
        ),
        (
            "app/a.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: 'x;x', b: 'z,z'}\n"
                .to_owned(),
        ),
        ("app/many.yaml", step.repeat(500)),
    ]);
    let _ = build(&folder, LoadRestriction::RootOnly);
}

/// Builds with little memory and few looks at objects, which is what must be the reason of the refusal.
#[track_caller]
fn refused(files: &[(&str, String)], reason: &str) -> String {
    let entries = files.iter().map(|(path, text)| {
        let entry = MemoryEntry::file(text.as_str());
        (TreePath::parse(path).unwrap(), entry)
    });
    let tree = Tree::memory(entries, Limits::default()).unwrap();
    let options = BuildOptions {
        limits: BuildLimits {
            bytes: 16 << 20,
            visits: 100_000,
            kustomizations: 2_000,
            ..BuildLimits::default()
        },
        ..BuildOptions::default()
    };
    let begun = Instant::now();
    let directory = TreePath::parse("app").unwrap();
    let error = kustomize::build(&tree, &PlainOpener, &directory, &options)
        .map(|built| built.resources.len())
        .expect_err(&files[0].1[..files[0].1.len().min(200)]);
    assert!(begun.elapsed() < PATIENCE, "took {:?}", begun.elapsed());
    assert_eq!(error.reason(), reason, "{}", chain(&error));
    chain(&error)
}

/// So many ConfigMaps, each with these data.
fn config_maps(count: usize, data: &str) -> String {
    let map = |number| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a{number}}}\ndata: {data}\n---\n"
        )
    };
    (0..count).map(map).collect()
}

#[test]
fn what_multiplies_in_objects_is_refused() {
    let long = "x".repeat(100_000);
    let many = config_maps(1_000, "{a: b}");
    let one = config_maps(1, &format!("{{a: {long}}}"));
    let cases: &[(&str, &[(&str, &str)])] = &[
        (
            "resources: [a.yaml]\ncommonAnnotations: {a: LONG}",
            &[("a.yaml", &many)],
        ),
        (
            "resources: [a.yaml]\nlabels: [{pairs: {a: LONG}}]",
            &[("a.yaml", &many)],
        ),
        (
            "resources: [a.yaml]\nnamePrefix: LONG",
            &[("a.yaml", &many)],
        ),
        (
            "resources: [a.yaml]\nnameSuffix: LONG",
            &[("a.yaml", &many)],
        ),
        ("resources: [a.yaml]\nnamespace: LONG", &[("a.yaml", &many)]),
        (
            "resources: [a.yaml]\npatches: [{target: {kind: ConfigMap}, patch: '{kind: a, metadata: {name: a}, data: {b: LONG}}'}]",
            &[("a.yaml", &many)],
        ),
        (
            "resources: [a.yaml]\npatches: [{target: {kind: ConfigMap}, patch: '[{\"op\": \"add\", \"path\": \"/data/b\", \"value\": \"LONG\"}]'}]",
            &[("a.yaml", &many)],
        ),
        (
            "resources: [a.yaml, one.yaml]\nnameSuffix: x\nreplacements: [{source: {kind: ConfigMap, name: one, fieldPath: data.a}, \
             targets: [{select: {kind: ConfigMap}, fieldPaths: [data.b], options: {create: true}}]}]",
            &[("a.yaml", &many), ("one.yaml", &one)],
        ),
        (
            "resources: [a.yaml, one.yaml]\nreplacements: [{source: {kind: ConfigMap, name: one, fieldPath: data}, \
             targets: [{select: {kind: ConfigMap}, fieldPaths: [b], options: {create: true}}]}]",
            &[("a.yaml", &many), ("one.yaml", &one)],
        ),
        (
            "resources: [a.yaml]\ntransformers: ['{apiVersion: builtin, kind: ValueAddTransformer, metadata: {name: a}, value: LONG, \
             targets: [{fieldPath: data/b}]}']",
            &[("a.yaml", &many)],
        ),
    ];
    for (kustomization, files) in cases {
        let mut all = vec![(
            "app/kustomization.yaml".to_owned(),
            kustomization.replace("LONG", &long),
        )];
        for (path, text) in *files {
            let text = match *path {
                "one.yaml" => text.replace("name: a0", "name: one"),
                _ => (*text).to_owned(),
            };
            all.push((format!("app/{path}"), text));
        }
        let all: Vec<(&str, String)> = all
            .iter()
            .map(|(path, text)| (path.as_str(), text.clone()))
            .collect();
        let error = refused(&all, "build-too-large");
        assert!(error.contains("16777216 bytes"), "{error}");
    }
}

#[test]
fn vars_that_multiply_are_refused() {
    let long = "x".repeat(10_000);
    let texts = format!("[\"{}\"]", "$(A)".repeat(10_000));
    let error = refused(
        &[
            (
                "app/kustomization.yaml",
                "resources: [a.yaml, pod.yaml]\nvars: [{name: A, objref: {apiVersion: v1, kind: ConfigMap, name: a0}, fieldref: \
                 {fieldPath: data.a}}]"
                    .to_owned(),
            ),
            ("app/a.yaml", config_maps(1, &format!("{{a: {long}}}"))),
            (
                "app/pod.yaml",
                format!(
                    "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, args: {texts}}}]}}"
                ),
            ),
        ],
        "build-too-large",
    );
    assert!(error.contains("args"), "{error}");
}

#[test]
fn images_that_multiply_are_refused() {
    let containers = "{name: a, image: nginx},".repeat(1_000);
    let pod = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{containers}]}}"
    );
    let tag = "x".repeat(100_000);
    refused(
        &[
            (
                "app/kustomization.yaml",
                format!("resources: [a.yaml]\nimages: [{{name: nginx, newTag: {tag}}}]"),
            ),
            ("app/a.yaml", pod),
        ],
        "build-too-large",
    );
}

#[test]
fn names_that_multiply_in_references_are_refused() {
    let name = "x".repeat(100_000);
    let references = "{configMapRef: {name: a0}},".repeat(1_000);
    refused(
        &[
            (
                "app/kustomization.yaml",
                format!("resources: [../base, pod.yaml]\nnamePrefix: {name}"),
            ),
            ("base/kustomization.yaml", "resources: [a.yaml]".to_owned()),
            ("base/a.yaml", config_maps(1, "{a: b}")),
            (
                "app/pod.yaml",
                format!(
                    "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, envFrom: [{references}]}}]}}"
                ),
            ),
        ],
        "build-too-large",
    );
}

#[test]
fn files_that_are_named_time_and_again_are_refused() {
    let large = "x".repeat(1_000_000);
    let sources: String = (0..100).map(|key| format!("k{key}=large,")).collect();
    let literals = [("app/large", large.clone())];
    for kustomization in [
        format!("configMapGenerator: [{{name: a, files: [{sources}]}}]"),
        format!("secretGenerator: [{{name: a, files: [{sources}]}}]"),
    ] {
        let mut files = vec![("app/kustomization.yaml", kustomization)];
        files.extend(literals.clone());
        refused(&files, "build-too-large");
    }

    let base = config_maps(1, &format!("{{a: {large}}}"));
    let mut files = vec![
        (
            "base/kustomization.yaml".to_owned(),
            "resources: [a.yaml]".to_owned(),
        ),
        ("base/a.yaml".to_owned(), base),
    ];
    let mut names = String::new();
    for user in 0..100 {
        names.push_str(&format!("../u{user},"));
        let text = format!("resources: [../base]\nnamePrefix: u{user}-");
        files.push((format!("u{user}/kustomization.yaml"), text));
    }
    files.push((
        "app/kustomization.yaml".to_owned(),
        format!("resources: [{names}]"),
    ));
    let files: Vec<(&str, String)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.clone()))
        .collect();
    refused(&files, "build-too-large");
}

#[test]
fn many_json_patches_that_copy_are_refused() {
    // Each stays below what one may copy.
    let patch = "{target: {kind: ConfigMap}, patch: '[{\"op\": \"copy\", \"from\": \"/data/a\", \"path\": \"/data/b\"}]'},";
    refused(
        &[
            (
                "app/kustomization.yaml",
                format!("resources: [a.yaml]\npatches: [{}]", patch.repeat(300)),
            ),
            (
                "app/a.yaml",
                config_maps(1, &format!("{{a: {}}}", "x".repeat(100_000))),
            ),
        ],
        "build-too-large",
    );
}

#[test]
fn looking_at_many_objects_many_times_is_refused() {
    let replacement = "{sourceValue: b, targets: [{select: {name: none}, fieldPaths: [data.a]}]},";
    let patch = "{target: {name: none}, patch: '[{\"op\": \"remove\", \"path\": \"/a\"}]'},";
    let image = "{name: none, newTag: b},";
    for (field, entry) in [
        ("replacements", replacement),
        ("patches", patch),
        ("images", image),
    ] {
        let error = refused(
            &[
                (
                    "app/kustomization.yaml",
                    format!("resources: [a.yaml]\n{field}: [{}]", entry.repeat(300)),
                ),
                ("app/a.yaml", config_maps(400, "{a: b}")),
            ],
            "build-too-long",
        );
        assert!(error.contains("100000 times"), "{error}");
    }
}

#[test]
fn rules_that_multiply_are_refused() {
    let marked: String = (0..2_000)
        .map(|field| format!("\"f{field}\": {{\"x-kubernetes-annotation\": \"\"}},"))
        .collect();
    let types = format!(
        "{{\"v1.A\": {{\"Schema\": {{\"properties\": {{{marked} \"kind\": {{}}, \"apiVersion\": {{}}, \"metadata\": {{}}}}}}}}}}"
    );
    let specs: String = (0..10_000)
        .map(|field| format!("- {{path: metadata/f{field}}}\n"))
        .collect();
    for (field, file) in [
        ("crds", types),
        ("configurations", format!("commonLabels:\n{specs}")),
    ] {
        refused(
            &[
                (
                    "app/kustomization.yaml",
                    format!("resources: [a.yaml]\n{field}: [rules]\ncommonLabels: {{a: b}}"),
                ),
                ("app/a.yaml", config_maps(400, "{a: b}")),
                ("app/rules", file),
            ],
            "build-too-long",
        );
    }
}

#[test]
fn kustomizations_that_double_are_refused_even_with_nothing_in_them() {
    let component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n";
    for (kind, field) in [
        ("", "resources"),
        (component, "components"),
        ("", "generators"),
        ("", "transformers"),
        ("", "validators"),
    ] {
        let mut files = vec![(
            "app/kustomization.yaml".to_owned(),
            format!("{field}: [../d0, ../d0]"),
        )];
        for level in 0..40 {
            let next = level + 1;
            files.push((
                format!("d{level}/kustomization.yaml"),
                format!("{kind}{field}: [../d{next}, ../d{next}]"),
            ));
        }
        files.push((
            "d40/kustomization.yaml".to_owned(),
            format!("{kind}namePrefix: a-"),
        ));
        let files: Vec<(&str, String)> = files
            .iter()
            .map(|(path, text)| (path.as_str(), text.clone()))
            .collect();
        refused(&files, "too-many-kustomizations");
    }
}

#[test]
fn aliases_in_a_kustomization_are_bounded() {
    let mut text = "x-0: &a0 [literal=value]\n".to_owned();
    text.push_str("configMapGenerator:\n- &g {name: a, literals: &l [");
    text.push_str(&"a=b,".repeat(1_000));
    text.push_str("]}\n");
    for _ in 0..100_000 {
        text.push_str("- *g\n");
    }
    let folder = repository(&[("app/kustomization.yaml", text)]);
    build(&folder, LoadRestriction::RootOnly).unwrap_err();
}

#[test]
fn patches_that_copy_themselves_are_bounded() {
    // 40 doublings of a mapping: 2^40 values if nothing stops it.
    let mut patch = "- {op: add, path: /data/a, value: {x: 1}}\n".to_owned();
    for level in 0..40 {
        patch.push_str(&format!(
            "- {{op: copy, from: /data, path: /data/c{level}}}\n"
        ));
    }
    let folder = repository(&[
        (
            "app/kustomization.yaml",
            "resources: [a.yaml]\npatches: [{path: p.yaml, target: {kind: ConfigMap}}]\n"
                .to_owned(),
        ),
        (
            "app/a.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {}\n".to_owned(),
        ),
        ("app/p.yaml", patch),
    ]);
    build(&folder, LoadRestriction::RootOnly).unwrap_err();
}

#[test]
fn aliases_that_multiply_are_refused_wherever_they_are() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = level - 1;
        let aliases = vec![format!("*a{below}"); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    let object = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\n{bomb}");
    for field in [
        "resources: [bomb.yaml]",
        "patches: [{path: bomb.yaml}]",
        "patchesStrategicMerge: [bomb.yaml]",
        "configurations: [bomb.yaml]",
        "replacements: [{path: bomb.yaml}]",
        "transformers: [bomb.yaml]",
        "generators: [bomb.yaml]",
        "crds: [bomb.yaml]",
        "openapi: {path: bomb.yaml}",
    ] {
        let folder = repository(&[
            (
                "app/kustomization.yaml",
                format!("{field}\nnamePrefix: a-\n"),
            ),
            ("app/bomb.yaml", object.clone()),
        ]);
        build(&folder, LoadRestriction::RootOnly).expect_err(field);
    }
    build(
        &repository(&[("app/kustomization.yaml", bomb)]),
        LoadRestriction::RootOnly,
    )
    .unwrap_err();
}

#[test]
fn deep_nesting_is_refused_wherever_it_is() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let object = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {deep}\n");
    for field in [
        "resources: [deep.yaml]",
        "patches: [{path: deep.yaml}]",
        "configurations: [deep.yaml]",
        "crds: [deep.yaml]",
    ] {
        let folder = repository(&[
            ("app/kustomization.yaml", field.to_owned()),
            ("app/deep.yaml", object.clone()),
        ]);
        build(&folder, LoadRestriction::RootOnly).expect_err(field);
    }
    let path = "x.".repeat(100_000);
    let folder = repository(&[
        (
            "app/kustomization.yaml",
            format!(
                "resources: [a.yaml]\nreplacements: [{{sourceValue: a, targets: [{{select: {{kind: ConfigMap}}, options: {{create: true}}, fieldPaths: [{path}x]}}]}}]"
            ),
        ),
        (
            "app/a.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n".to_owned(),
        ),
    ]);
    let _ = build(&folder, LoadRestriction::RootOnly);
}

#[test]
fn regular_expressions_take_linear_time() {
    let folder = repository(&[
        (
            "app/kustomization.yaml",
            "resources: [a.yaml]\npatches: [{target: {name: '(a*)*(a|aa)+$(x+x+)+y'}, patch: '[]'}, {target: {name: '((a{1,1000}){1,1000}){1,1000}'}, patch: '[]'}]".to_owned(),
        ),
        ("app/a.yaml", format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {}}}\n", "a".repeat(50_000))),
    ]);
    let _ = build(&folder, LoadRestriction::RootOnly);
}

#[test]
fn remote_bases_are_refused_without_asking_the_network() {
    for place in [
        "https://127.0.0.1:1/x.yaml",
        "http://169.254.169.254/latest/meta-data",
        "github.com/owner/repository//base?ref=v1",
        "git@github.com:owner/repository.git//base",
        "ssh://git@host/repository",
        "git::https://host/repository",
        "file:///etc/passwd",
        "ext::sh -c id",
    ] {
        for field in [
            "resources",
            "components",
            "bases",
            "transformers",
            "generators",
        ] {
            let folder =
                repository(&[("app/kustomization.yaml", format!("{field}: [\"{place}\"]"))]);
            build(&folder, LoadRestriction::None).expect_err(place);
        }
    }
}
