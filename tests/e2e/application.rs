//! What applications say is rendered as Argo CD renders it; repositories are fetched.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::support::{Run, keys, lockstep, sops_encrypt};

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n  selector:\n    matchLabels: {app: \
                   web}\n  template:\n    metadata:\n      labels: {app: web}\n    spec:\n      containers:\n      - {name: web, image: \
                   'shop/web:1.0'}\n";
const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n    name: db\nstringData:\n    password: tr0ub4dor-and-3\n";

/// A repository with one commit.
struct Repository {
    folder: TempDir,
}

impl Repository {
    fn new(files: &[(&str, &str)]) -> Self {
        let repository = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.commit(files);
        repository
    }

    fn commit(&self, files: &[(&str, &str)]) -> String {
        for (path, text) in files {
            put(self.path(), path, text);
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "change"]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn url(&self) -> String {
        self.path().display().to_string()
    }

    #[track_caller]
    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args([
                "-c",
                "user.name=T",
                "-c",
                "user.email=t@example.com",
                "-c",
                "commit.gpgsign=false",
            ])
            .args(arguments)
            .current_dir(self.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

fn put(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn application(spec: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: shop}}\nspec:\n  destination: {{server: \
         'https://kubernetes.default.svc', namespace: prod}}\n{spec}"
    )
}

/// Runs `preview` with an application in a file of its own, and with mirrors in a folder of their own.
#[track_caller]
fn preview(application: &str, flags: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "app.yaml", application);
    fs::create_dir(folder.path().join("mirrors")).unwrap();
    private(&folder.path().join("mirrors"));
    lockstep([
        "preview",
        "--app",
        "app.yaml",
        "--mirrors",
        "mirrors",
        "--keys",
    ])
    .arg(keys().folder())
    .args(flags)
    .folder(folder.path())
    .run()
}

fn private(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_kustomization_is_changed_as_the_application_says() {
    let repository = Repository::new(&[
        ("app/kustomization.yaml", "resources: [web.yaml]\n"),
        ("app/web.yaml", WEB),
        (
            "more/kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nlabels: [{pairs: {more: 'yes'}}]\n",
        ),
    ]);
    let commit = repository.git(&["rev-parse", "HEAD"]);
    let text = application(&format!(
        "  source:
    repoURL: {}
    path: app
    targetRevision: main
    kustomize:
      namePrefix: p-
      images: ['shop/web:$ARGOCD_APP_REVISION_SHORT']
      replicas: [{{name: web, count: '3'}}]
      commonLabels: {{app-name: $ARGOCD_APP_NAME}}
      labelWithoutSelector: true
      commonAnnotations: {{revision: '$ARGOCD_APP_REVISION'}}
      commonAnnotationsEnvsubst: true
      namespace: shop
      components: [../more, ../none]
      ignoreMissingComponents: true
      patches:
      - target: {{kind: Deployment}}
        patch: |-
          - {{op: add, path: /spec/paused, value: true}}
",
        repository.url()
    ));
    let run = preview(&text, &["--allow-repo", "directory"]).expect(0);
    let shown = run.text();
    for expected in [
        "  name: p-web\n",
        "  namespace: shop\n",
        "    app-name: shop\n",
        "    more: \"yes\"\n",
        "  replicas: 3\n",
        "  paused: true\n",
        &format!("    revision: {commit}\n"),
        &format!("image: shop/web:{}\n", &commit[..7]),
    ] {
        assert!(shown.contains(expected), "{expected} in\n{shown}");
    }

    // A working copy can stand for the repository.
    let changed = WEB.replace("replicas: 1", "minReadySeconds: 7\n  replicas: 1");
    put(repository.path(), "app/web.yaml", &changed);
    let place = repository.url();
    let run = preview(&text, &["--allow-repo", "directory", &place]).expect(0);
    let shown = run.text();
    assert!(shown.contains("  minReadySeconds: 7\n"), "{shown}");
    assert!(shown.contains("    revision: working copy\n"), "{shown}");
}

#[test]
fn files_beside_the_manifests_change_how_they_are_rendered() {
    let repository = Repository::new(&[
        ("app/kustomization.yaml", "resources: [web.yaml]\n"),
        ("app/web.yaml", WEB),
        (
            "app/.argocd-source.yaml",
            "kustomize:\n  nameSuffix: -a\n  namespace: every\n",
        ),
        (
            "app/.argocd-source-shop.yaml",
            "kustomize:\n  nameSuffix: -b\n",
        ),
        (
            "app/.argocd-source-other.yaml",
            "kustomize:\n  nameSuffix: -c\n",
        ),
    ]);
    let text = application(&format!(
        "  source: {{repoURL: {}, path: app, kustomize: {{namePrefix: p-}}}}\n",
        repository.url()
    ));
    let run = preview(&text, &["--allow-repo", "directory"]).expect(0);
    let shown = run.text();
    assert!(
        shown.contains("  name: p-web-b\n") && shown.contains("  namespace: every\n"),
        "{shown}"
    );
}

#[test]
fn a_folder_is_what_the_last_file_that_says_something_says() {
    let config_map =
        |name: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n");
    let kustomization = "namePrefix: built-\nresources: [a.yaml]\n";
    for (files, expect) in [
        (vec!["Chart.yaml", "kustomization.yaml"], Some("built-a")),
        (vec!["myChart.yaml"], None),
        (vec!["kustomization.yaml", "zChart.yaml"], None),
        (vec!["Kustomization"], Some("built-a")),
        (vec![], Some("a")),
    ] {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "a.yaml", &config_map("a"));
        for file in &files {
            put(
                folder.path(),
                file,
                if file.contains("Chart") {
                    "name: c\n"
                } else {
                    kustomization
                },
            );
        }
        let run = lockstep(["preview"]).arg(folder.path()).run();
        match expect {
            Some(name) => {
                let run = run.expect(0);
                assert!(
                    run.text().contains(&format!("  name: {name}\n")),
                    "{files:?}: {}",
                    run.text()
                );
            }
            None => assert!(run.expect(2).stderr.contains("Helm chart"), "{files:?}"),
        }
    }
}

#[test]
fn several_sources_are_rendered_one_after_the_other() {
    let secret = sops_encrypt(
        "secret.yaml",
        SECRET,
        &["--encrypted-regex", "^stringData$"],
    );
    let one = Repository::new(&[
        ("app/web.yaml", WEB),
        (
            "app/deep/x.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: deep}\n",
        ),
    ]);
    let two = Repository::new(&[("secret.yaml", &String::from_utf8(secret).unwrap())]);
    let text = application(&format!(
        "  sources:
  - {{repoURL: {}, path: app, directory: {{recurse: true, exclude: web.yaml}}}}
  - {{repoURL: {}, path: .}}
  - {{repoURL: 'https://values.example/x', ref: values}}
",
        one.url(),
        two.url()
    ));
    let run = preview(&text, &["--allow-repo", "directory", "--output", "summary"]).expect(0);
    let names: Vec<String> = run
        .text()
        .lines()
        .skip(1)
        .map(|line| {
            line.split_whitespace()
                .take(3)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    assert_eq!(names, ["ConfigMap - deep", "Secret - db"]);
    let run = preview(&text, &["--allow-repo", "directory"]).expect(0);
    assert!(!run.text().contains("tr0ub4dor"), "{}", run.text());
}

#[test]
fn what_cannot_be_rendered_is_refused_with_its_reason() {
    let repository = Repository::new(&[
        ("chart/Chart.yaml", "name: c\n"),
        (
            "app/kustomization.yaml",
            "resources: [web.yaml]\ncommonLabels: {team: red}\n",
        ),
        ("app/web.yaml", WEB),
        ("jsonnet/a.jsonnet", "{}"),
    ]);
    let url = repository.url();
    for (source, message) in [
        (
            format!("source: {{repoURL: {url}, path: chart}}"),
            "is a Helm chart: Helm is not supported yet",
        ),
        (
            format!("source: {{repoURL: {url}, path: app, helm: {{}}}}"),
            "Helm is not supported yet",
        ),
        (
            format!("source: {{repoURL: {url}, path: app, plugin: {{name: avp}}}}"),
            "plugins are not supported yet",
        ),
        (
            format!("source: {{repoURL: {url}, chart: redis, targetRevision: '1'}}"),
            "the Helm chart `redis` is not rendered",
        ),
        (
            format!("source: {{repoURL: {url}, path: none}}"),
            "the path `none` of the source does not exist",
        ),
        (
            format!("source: {{repoURL: {url}, path: app/web.yaml}}"),
            "is not a folder",
        ),
        (
            format!("source: {{repoURL: {url}, path: ../..}}"),
            "the path of the source",
        ),
        (
            format!("source: {{repoURL: {url}, path: jsonnet}}"),
            "is Jsonnet",
        ),
        (
            format!(
                "source: {{repoURL: {url}, path: app, kustomize: {{commonLabels: {{team: blue}}}}}}"
            ),
            "label team already in kustomization file",
        ),
        (
            format!("source: {{repoURL: {url}, path: app, targetRevision: none}}"),
            "cannot fetch from",
        ),
        (
            format!(
                "sourceHydrator: {{drySource: {{repoURL: {url}, path: a}}, syncSource: {{targetBranch: b, path: c}}}}"
            ),
            "source hydrator, which is not supported yet",
        ),
    ] {
        let run = preview(
            &application(&format!("  {source}\n")),
            &["--allow-repo", "directory"],
        )
        .expect(2);
        assert!(run.stderr.contains(message), "{source}: {}", run.stderr);
        assert!(run.stdout.is_empty());
    }
}

#[test]
fn repositories_of_manifests_are_not_read_from_this_machine_unasked() {
    let repository = Repository::new(&[("web.yaml", WEB)]);
    let text = application(&format!(
        "  source: {{repoURL: {}, path: .}}\n",
        repository.url()
    ));
    let run = preview(&text, &[]).expect(2);
    assert!(
        run.stderr.contains("--allow-repo directory"),
        "{}",
        run.stderr
    );
    let text = application("  source: {repoURL: 'http://git.example/x', path: .}\n");
    let run = preview(&text, &[]).expect(2);
    assert!(run.stderr.contains("--allow-repo http"), "{}", run.stderr);
}

#[test]
fn the_address_of_a_repository_is_shown_without_its_password() {
    let text =
        application("  source: {repoURL: 'https://me:hunter2-pa55@127.0.0.1:1/x', path: .}\n");
    let run = preview(&text, &[]).expect(2);
    assert!(run.stderr.contains("127.0.0.1:1/x"), "{}", run.stderr);
    assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
}

#[test]
fn a_repository_is_fetched_by_branch_tag_and_commit() {
    let repository = Repository::new(&[("app/web.yaml", WEB)]);
    repository.git(&["tag", "v1.0.0"]);
    let second = repository.commit(&[("app/web.yaml", &WEB.replace("1.0", "2.0"))]);
    repository.git(&["checkout", "--quiet", "-b", "next"]);
    repository.commit(&[("app/web.yaml", &WEB.replace("1.0", "3.0"))]);
    repository.git(&["checkout", "--quiet", "main"]);
    let folder = tempfile::tempdir().unwrap();
    private(folder.path());
    for (revision, image) in [
        (None, "shop/web:2.0"),
        (Some("main"), "shop/web:2.0"),
        (Some("v1.0.0"), "shop/web:1.0"),
        (Some("v1.*"), "shop/web:1.0"),
        (Some("next"), "shop/web:3.0"),
        (Some(second.as_str()), "shop/web:2.0"),
    ] {
        let mut run = lockstep(["preview", "--path", "app", "--repo"])
            .arg(repository.path())
            .arg("--mirrors")
            .arg(folder.path());
        if let Some(revision) = revision {
            run = run.args(["--revision", revision]);
        }
        let run = run.run().expect(0);
        assert!(
            run.text().contains(&format!("image: {image}\n")),
            "{revision:?}: {}",
            run.text()
        );
    }
}

#[test]
fn an_unsigned_commit_is_refused_where_signatures_are_asked_for() {
    let repository = Repository::new(&[("web.yaml", WEB)]);
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIX0mCbUGVkYk2/IQkiy+Hru9p3HwT/9LtTcNLjHcnOR";
    let text = format!(
        "apiVersion: lockstep.dev/v1alpha1\nkind: Application\nmetadata: {{name: shop}}\nspec:\n  destination: {{name: in-cluster}}\n  source: \
         {{repoURL: {}, path: .}}\n  verify: {{signers: '{key}'}}\n",
        repository.url()
    );
    let run = preview(&text, &["--allow-repo", "directory"]).expect(2);
    assert!(run.stderr.contains("it is not signed"), "{}", run.stderr);
}

#[test]
fn fields_that_mean_nothing_are_warned_of_and_broken_ones_refused() {
    let repository = Repository::new(&[("web.yaml", WEB)]);
    let source = format!("  source: {{repoURL: {}, path: .}}\n", repository.url());
    let run = preview(
        &application(&format!("{source}  syncpolicy: {{}}\n")),
        &["--allow-repo", "directory"],
    )
    .expect(0);
    assert!(
        run.stderr
            .contains("warning: `app.yaml:7`: unknown field `spec.syncpolicy`"),
        "{}",
        run.stderr
    );
    let run = preview(&application("  source: {path: .}\n"), &[]).expect(2);
    assert!(
        run.stderr
            .contains("error: `app.yaml:6`: `spec.source.repoURL` is missing"),
        "{}",
        run.stderr
    );
    let two = format!(
        "{}---\n{}",
        application(&source),
        application(&source).replace("name: shop", "name: other")
    );
    let run = preview(&two, &["--allow-repo", "directory"]).expect(2);
    assert!(
        run.stderr.contains("say which one with `--name`"),
        "{}",
        run.stderr
    );
    preview(&two, &["--allow-repo", "directory", "--name", "other"]).expect(0);
}

#[test]
fn diff_and_sync_need_a_cluster() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "web.yaml", WEB);
    for command in ["diff", "sync"] {
        let run = lockstep([command]).arg(folder.path()).run().expect(2);
        assert!(
            run.stderr.contains("there is no kubeconfig"),
            "{command}: {}",
            run.stderr
        );
        assert!(run.stdout.is_empty());
    }
}
