//! What a hostile repository can ask for is refused, or done in bounded time.
// A test may give up where its setting cannot be made; clippy knows only test functions, not those they call.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use kustomize::{BuildOptions, LoadRestriction};
use support::built;
use tempfile::TempDir;

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
