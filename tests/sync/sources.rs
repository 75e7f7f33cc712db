//! What an application takes its objects from: signed commits and tags, submodules, several repositories.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::app::{App, config_map};
use crate::run::{Lockstep, lockstep};

/// A repository with a working copy, and keys to sign with.
struct Signed {
    app: App,
}

impl Signed {
    fn new(prefix: &str) -> Self {
        let app = App::new(prefix);
        for key in ["known", "unknown"] {
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-C", key, "-f"])
                .arg(app.scratch().join(key))
                .status()
                .unwrap();
            assert!(made.success());
        }
        Self { app }
    }

    /// `git` in the folder `name`, which signs with `key`.
    fn git(&self, name: &str, key: &str, arguments: &[&str]) -> String {
        let folder = self.app.scratch().join(name);
        if !folder.exists() {
            fs::create_dir(&folder).unwrap();
            self.git(name, key, &["init", "--quiet", "--initial-branch=main"]);
        }
        let output = Command::new("git")
            .arg("-C")
            .arg(folder)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .args(["-c", "user.name=test", "-c", "user.email=test@example"])
            .args(["-c", "gpg.format=ssh", "-c", "protocol.file.allow=always"])
            .arg("-c")
            .arg(format!(
                "user.signingkey={}",
                self.app.scratch().join(key).display()
            ))
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Commits these files.
    fn commit(&self, name: &str, key: Option<&str>, files: &[(&str, String)]) -> String {
        self.git(name, "known", &["status", "--short"]);
        for (path, content) in files {
            let path = self.app.scratch().join(name).join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        self.git(name, "known", &["add", "--all"]);
        let sign = if key.is_some() { "-S" } else { "--no-gpg-sign" };
        self.git(
            name,
            key.unwrap_or("known"),
            &["commit", "--quiet", "--allow-empty", sign, "--message", "x"],
        );
        self.git(name, "known", &["rev-parse", "HEAD"])
    }

    fn repository(&self, name: &str) -> PathBuf {
        self.app.scratch().join(name)
    }

    /// A run by an Application whose `spec` is this.
    fn by(&self, command: &str, spec: &str) -> Lockstep {
        let ns = &self.app.namespace;
        let file = self.app.scratch().join("application.yaml");
        fs::write(&file, format!("apiVersion: lockstep.dev/v1alpha1\nkind: Application\nmetadata: {{name: {ns}, namespace: {ns}}}\nspec:\n  project: default\n  destination: {{server: 'https://kubernetes.default.svc', namespace: {ns}}}\n{spec}")).unwrap();
        lockstep([command, "--allow-repo", "directory", "--app"])
            .arg(&file)
            .arg("--mirrors")
            .arg(self.app.scratch().join("mirrors"))
            .arg("--kubeconfig")
            .arg(&self.app.user.kubeconfig)
    }

    /// A run that asks for a signature of the known key.
    fn verified(&self, mode: &str, revision: &str) -> Lockstep {
        let key = fs::read_to_string(self.app.scratch().join("known.pub")).unwrap();
        self.by(
            "sync",
            &format!(
                "  verify: {{mode: {mode}, signers: '{}'}}\n  source: {{repoURL: '{}', targetRevision: '{revision}', path: app}}\n",
                key.trim(),
                self.repository("source").display()
            ),
        )
    }
}

#[test]
fn only_what_a_known_key_signed_is_rendered() {
    let signed = Signed::new("verify");
    let objects = |name: &str| [("app/all.yaml", config_map(name, &[]))];
    let tag = |name: &str, key: Option<&str>| {
        match key {
            Some(key) => signed.git("source", key, &["tag", "-s", "-m", "x", name]),
            None => signed.git("source", "known", &["tag", "-a", "-m", "x", name]),
        };
    };

    signed.commit("source", None, &objects("unsigned"));
    tag("v0.1.0", None);
    tag("v0.2.0", Some("known"));
    signed.git("source", "known", &["branch", "unsigned"]);
    signed.git("source", "known", &["tag", "light"]);
    signed.commit("source", Some("unknown"), &objects("stranger"));
    tag("v0.3.0", Some("unknown"));
    signed.git("source", "known", &["branch", "stranger"]);
    signed.commit("source", Some("known"), &objects("good"));
    tag("v1.0.0", None);
    tag("v1.1.0", Some("known"));
    // A signed tag under another name than the one that was signed.
    let id = signed.git("source", "known", &["rev-parse", "refs/tags/v0.2.0"]);
    signed.git("source", "known", &["update-ref", "refs/tags/v2.0.0", &id]);
    // A tag of a tag vouches for the tag alone.
    signed.git(
        "source",
        "known",
        &["tag", "-s", "-m", "x", "v3.0.0", "v1.1.0"],
    );
    // Changed after it was signed.
    let raw = signed.git("source", "known", &["cat-file", "commit", "main"]);
    let forged = signed.app.scratch().join("forged");
    fs::write(&forged, format!("{raw} and more\n")).unwrap();
    let id = signed.git(
        "source",
        "known",
        &[
            "hash-object",
            "-t",
            "commit",
            "-w",
            forged.to_str().unwrap(),
        ],
    );
    signed.git("source", "known", &["update-ref", "refs/heads/forged", &id]);

    for (mode, revision, says) in [
        ("HEAD", "unsigned", "not signed"),
        ("HEAD", "v0.2.0", "not signed"),
        ("HEAD", "stranger", "none of the allowed signers"),
        ("HEAD", "forged", "signature is wrong"),
        ("Tag", "main", "annotated tag"),
        ("Tag", "light", "annotated tag"),
        ("Tag", "v0.1.0", "not signed"),
        ("Tag", "v0.3.0", "none of the allowed signers"),
        ("Tag", "v2.0.0", "another name"),
        ("Tag", "v3.0.0", "not the object"),
        ("TagAndHEAD", "v0.2.0", "not signed"),
        ("TagAndHEAD", "v1.0.0", "not signed"),
        ("TagAndHEAD", "main", "annotated tag"),
    ] {
        let run = signed.verified(mode, revision).run();
        assert_eq!(run.code, 2, "{mode} {revision}: {run:?}");
        assert!(run.stderr.contains(says), "{mode} {revision}: {run:?}");
        assert_eq!(signed.app.config_maps(), [""; 0], "{mode} {revision}");
    }
    for (mode, revision, expected) in [
        ("Tag", "v0.2.0", "unsigned"),
        ("HEAD", "main", "good"),
        ("HEAD", "v1.0.0", "good"),
        ("Tag", "v1.1.0", "good"),
        ("Tag", "~1.1", "good"),
        ("TagAndHEAD", "refs/tags/v1.1.0", "good"),
    ] {
        signed
            .verified(mode, revision)
            .arg("--prune")
            .run()
            .expect(0);
        assert_eq!(signed.app.config_maps(), [expected], "{mode} {revision}");
    }
    // What is fetched once under a good name gives no other one a good name.
    signed.verified("Tag", "main").run().expect(2);
}

#[test]
fn several_repositories_make_one_application() {
    let signed = Signed::new("several");
    signed.commit(
        "lib",
        None,
        &[("base/all.yaml", config_map("of-the-submodule", &[]))],
    );
    let lib = signed.repository("lib");
    signed.commit("first", None, &[("app/all.yaml", config_map("first", &[]))]);
    signed.git(
        "first",
        "known",
        &["submodule", "--quiet", "add", lib.to_str().unwrap(), "lib"],
    );
    signed.commit("first", None, &[]);
    signed.commit(
        "second",
        None,
        &[
            ("kustomization.yaml", "resources: [all.yaml]\n".to_owned()),
            ("all.yaml", config_map("second", &[])),
            (
                ".argocd-source.yaml",
                "kustomize: {namePrefix: overridden-}\n".to_owned(),
            ),
            (
                &format!(".argocd-source-{}.yaml", signed.app.name),
                "kustomize: {nameSuffix: -own}\n".to_owned(),
            ),
        ],
    );
    signed.commit(
        "values",
        None,
        &[("broken.yaml", "not: [a manifest".to_owned())],
    );
    let at = |name: &str| signed.repository(name).display().to_string();
    let spec = format!(
        "  sources:\n  - {{repoURL: '{}', targetRevision: main, path: app}}\n  - {{repoURL: '{}', targetRevision: main, path: lib/base}}\n  - {{repoURL: '{}', path: .}}\n  - {{repoURL: '{}', targetRevision: main, ref: values}}\n",
        at("first"),
        at("first"),
        at("second"),
        at("values")
    );
    signed.by("sync", &spec).run().expect(0);
    assert_eq!(
        signed.app.config_maps(),
        ["first", "of-the-submodule", "overridden-second-own"]
    );
    signed.by("diff", &spec).run().expect(0);

    // A submodule that is not allowed to be where it says is an error, and nothing is applied without it.
    let gone = signed.repository("gone");
    fs::rename(&lib, &gone).unwrap();
    fs::remove_dir_all(signed.app.scratch().join("mirrors")).unwrap();
    signed.by("sync", &spec).arg("--prune").run().expect(2);
    assert_eq!(signed.app.config_maps().len(), 3);
}

#[test]
fn a_working_copy_and_its_repository_are_one_application() {
    let signed = Signed::new("identity");
    signed.commit("origin", None, &[("app/all.yaml", config_map("one", &[]))]);
    let origin = signed.repository("origin");
    let copy = signed.repository("copy");
    signed.git(
        "origin",
        "known",
        &["clone", "--quiet", ".", copy.to_str().unwrap()],
    );
    let common = |run: Lockstep| {
        run.args(["--name", &signed.app.name, "--namespace"])
            .arg(&signed.app.namespace)
            .arg("--mirrors")
            .arg(signed.app.scratch().join("mirrors"))
            .arg("--kubeconfig")
            .arg(&signed.app.user.kubeconfig)
            .run()
    };
    let by_path = |path: &Path| common(lockstep(["sync", "--prune"]).arg(path.join("app")));
    let by_repo = |url: &str| {
        common(lockstep([
            "sync", "--prune", "--repo", url, "--path", "app",
        ]))
    };
    let address = origin.display().to_string();
    by_path(&origin).expect(0);
    by_path(&copy).expect(0);
    by_repo(copy.to_str().unwrap()).expect(0);
    by_repo(&address).expect(0);
    by_repo(&format!("{address}/")).expect(0);
    by_repo(&format!("file://{address}")).expect(0);
    by_path(&copy).expect(0);
    assert_eq!(signed.app.config_maps(), ["one"]);

    // However its address is written, and by whichever transport.
    for remote in [
        "git@git.example:shop/app.git",
        "https://user:token@git.example/shop/app",
    ] {
        signed.git("copy", "known", &["remote", "set-url", "origin", remote]);
        common(lockstep(["sync", "--adopt"]).arg(copy.join("app"))).expect(0);
        let run = by_path(&origin)
            .expect(2)
            .says(&["git.example/shop/app app"]);
        assert!(!run.all().contains("token"), "{run:?}");
    }
    signed.git("copy", "known", &["remote", "set-url", "origin", &address]);
    common(lockstep(["sync", "--adopt"]).arg(copy.join("app"))).expect(0);

    // Another repository of the same content is another application.
    signed.commit(
        "stranger",
        None,
        &[("app/all.yaml", config_map("one", &[]))],
    );
    let stranger = signed.repository("stranger");
    by_repo(stranger.to_str().unwrap())
        .expect(2)
        .says(&["--adopt"]);
    assert_eq!(signed.app.config_maps(), ["one"]);
}

#[test]
fn git_is_told_nothing_of_the_environment() {
    use std::os::unix::fs::PermissionsExt;

    let signed = Signed::new("environment");
    signed.commit("source", None, &[("all.yaml", config_map("one", &[]))]);
    let programs = signed.repository("programs");
    fs::create_dir(&programs).unwrap();
    let (spy, seen) = (programs.join("git"), programs.join("seen"));
    let path = std::env::var("PATH").unwrap();
    fs::write(
        &spy,
        format!(
            "#!/bin/sh\n{{ env; echo \"$@\"; }} >> '{}'\nPATH='{path}' exec git \"$@\"\n",
            seen.display()
        ),
    )
    .unwrap();
    fs::set_permissions(&spy, fs::Permissions::from_mode(0o700)).unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_lockstep"))
        .env_clear()
        .env("HOME", signed.app.scratch())
        .env("PATH", format!("{}:{path}", programs.display()))
        .env("VAULT_TOKEN", "Kanarienvogel")
        .env("SOPS_AGE_KEY", "Kanarienvogel")
        .env("GIT_DIR", "/nonexistent")
        .args(["preview", "--repo"])
        .arg(signed.repository("source"))
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&run.stdout);
    assert!(output.contains("name: one"), "{run:?}");
    let seen = fs::read_to_string(seen).unwrap();
    assert!(seen.contains("upload-pack"), "{seen}");
    assert!(!seen.contains("Kanarienvogel"), "{seen}");
    assert!(!seen.contains("GIT_DIR"), "{seen}");
}
