//! `lockstep build` and `preview` on kustomizations, against `kustomize build`.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::support::{Run, keys, lockstep, sops_encrypt};

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n    name: db\nstringData:\n    password: tr0ub4dor-and-3\n";

/// Files of a base and an overlay that name a file in every way in which one can hold a secret.
const FILES: [(&str, &str); 8] = [
    (
        "base/kustomization.yaml",
        "resources: [secret.yaml, web.yaml]\nsecretGenerator:\n- name: mail\n  envs: [mail.env]\n  files: [token.txt]\nconfigMapGenerator:\n- name: settings\n  files: [settings.json]\n",
    ),
    ("base/secret.yaml", SECRET),
    (
        "base/web.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        image: nginx\n        envFrom:\n        - secretRef:\n            name: mail\n",
    ),
    ("base/mail.env", "USER=shop\nPASSWORD=c0rrect-horse\n"),
    ("base/token.txt", "opaque-t0ken"),
    (
        "base/settings.json",
        "{\n\t\"url\": \"pg://shop:b4ttery@db\"\n}\n",
    ),
    (
        "overlay/kustomization.yaml",
        "resources: [../base]\nnamespace: shop\nnamePrefix: prod-\npatches:\n- path: patch.yaml\n",
    ),
    (
        "overlay/patch.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata:\n    name: db\nstringData:\n    extra: st4ple-value\n",
    ),
];

/// The files whose content sops can encrypt as it is, and the flags for it.
const ENCRYPTED: [(&str, &[&str]); 5] = [
    ("base/secret.yaml", &["--encrypted-regex", "^stringData$"]),
    ("base/mail.env", &[]),
    ("base/token.txt", &[]),
    ("base/settings.json", &[]),
    ("overlay/patch.yaml", &["--encrypted-regex", "^stringData$"]),
];

const VALUES: [&str; 5] = [
    "tr0ub4dor-and-3",
    "c0rrect-horse",
    "opaque-t0ken",
    "b4ttery",
    "st4ple-value",
];

fn put(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn kustomize(folder: &Path) -> Run {
    Command::new(peers::program("kustomize", "kustomize"))
        .arg("build")
        .arg(folder)
        .output()
        .unwrap()
        .into()
}

#[test]
fn messages_name_paths_that_can_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().canonicalize().unwrap();
    put(
        &real,
        "app/kustomization.yaml",
        "resources: []\nnamePrefix: [\n",
    );
    put(&real, "base/kustomization.yaml", "resources: [none.yaml]\n");
    put(&real, "plain/secret.yaml", SECRET);
    let absolute = |name: &str| real.join(name).display().to_string();
    let from_the_root = |name: &str| absolute(name)[1..].to_owned();
    let runs: [(&[&str], &str, i32, &str, &str); 5] = [
        (&["build"], "app", 2, "app/kustomization.yaml", ":3:1`"),
        (&["preview"], "app", 2, "app/kustomization.yaml", ":3:1`"),
        (&["build"], "base", 2, "base", ": cannot use"),
        (&["preview"], "plain", 0, "plain/secret.yaml", ":1"),
        (&["check"], "plain", 1, "plain/secret.yaml", ":6: error"),
    ];
    for (command, directory, code, name, rest) in runs {
        for (standing, called) in [
            (real.clone(), name.to_owned()),
            (real.join("base"), absolute(name)),
            ("/".into(), from_the_root(name)),
            ("/usr".into(), absolute(name)),
        ] {
            if standing == real.join(directory) {
                continue;
            }
            let run = lockstep(command)
                .arg(real.join(directory))
                .folder(&standing)
                .run()
                .expect(code);
            let text = format!("{}{}", run.text(), run.stderr);
            // The name must not be the end of a longer one.
            let named = format!("{called}{rest}");
            let found = text.match_indices(&named).any(|(at, _)| {
                matches!(
                    text.as_bytes()[..at].last(),
                    None | Some(b' ' | b'`' | b'\n')
                )
            });
            assert!(found, "{command:?} in {}: {text}", standing.display());
        }
    }
    let run = lockstep(["build", "."])
        .folder(&real.join("app"))
        .run()
        .expect(2);
    assert!(
        run.stderr.contains("`kustomization.yaml:3:1`"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_build_equals_kustomize_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in FILES {
        put(folder.path(), name, text);
    }
    for directory in ["base", "overlay"] {
        let path = folder.path().join(directory);
        let theirs = kustomize(&path);
        assert_eq!(theirs.code, 0, "{}", theirs.stderr);
        let ours = lockstep(["build"]).arg(&path).run().expect(0);
        assert_eq!(ours.text(), theirs.text());
    }
}

#[test]
fn encrypted_files_give_what_the_plaintext_gives_and_are_masked_unless_asked_for() {
    let plain = tempfile::tempdir().unwrap();
    let encrypted = tempfile::tempdir().unwrap();
    for (name, text) in FILES {
        put(plain.path(), name, text);
        put(encrypted.path(), name, text);
    }
    for (name, flags) in ENCRYPTED {
        let text = FILES.iter().find(|(file, _)| *file == name).unwrap().1;
        let file = Path::new(name).file_name().unwrap().to_str().unwrap();
        put(encrypted.path(), name, sops_encrypt(file, text, flags));
    }
    let theirs = kustomize(&plain.path().join("overlay"));
    let overlay = encrypted.path().join("overlay");
    let shown = lockstep(["build", "--show-secrets", "--keys"])
        .arg(keys().age())
        .arg(&overlay)
        .run()
        .expect(0);
    assert_eq!(shown.text(), theirs.text());
    for command in ["build", "preview"] {
        let masked = lockstep([command, "--keys"])
            .arg(keys().age())
            .arg(&overlay)
            .run()
            .expect(0);
        for value in VALUES {
            assert!(
                !masked.text().contains(value) && !masked.stderr.contains(value),
                "{value} in {}",
                masked.text()
            );
        }
        assert!(masked.text().contains("prod-mail-"), "{}", masked.text());
    }
    let refused = lockstep(["build"]).arg(&overlay).run().expect(2);
    assert!(
        refused.stdout.is_empty() && refused.stderr.contains("hint:"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_broken_mac_anywhere_stops_the_build() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in FILES {
        put(folder.path(), name, text);
    }
    let encrypted = String::from_utf8(sops_encrypt("mail.env", FILES[3].1, &[])).unwrap();
    let swapped = encrypted.replacen("USER=", "X=", 1);
    put(folder.path(), "base/mail.env", swapped);
    let run = lockstep(["build", "--keys"])
        .arg(keys().age())
        .arg(folder.path().join("overlay"))
        .run()
        .expect(2);
    assert!(run.stderr.contains("mail.env"), "{}", run.stderr);
}

#[test]
fn files_outside_are_refused_unless_the_restriction_is_lifted() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    put(folder.path(), "shared.txt", "a=b\n");
    put(
        folder.path(),
        "app/kustomization.yaml",
        "configMapGenerator:\n- name: c\n  envs: [../shared.txt]\n",
    );
    let app = folder.path().join("app");
    let run = lockstep(["build"]).arg(&app).run().expect(2);
    assert!(run.stderr.contains("shared.txt"), "{}", run.stderr);
    lockstep(["build", "--load-restrictor", "LoadRestrictionsNone"])
        .arg(&app)
        .run()
        .expect(0);
}

#[test]
fn an_object_without_a_version_is_built_and_not_previewed() {
    let folder = tempfile::tempdir().unwrap();
    let kustomization = "resources: [web.yaml]\nnamePrefix: prod-\n";
    let object = "kind: Service\nmetadata:\n  name: web\n";
    fs::write(folder.path().join("kustomization.yaml"), kustomization).unwrap();
    fs::write(folder.path().join("web.yaml"), object).unwrap();
    let built = lockstep(["build"]).arg(folder.path()).run().expect(0);
    assert_eq!(built.text(), object.replace("web", "prod-web"));
    let refused = lockstep(["preview"]).arg(folder.path()).run().expect(2);
    assert!(refused.stdout.is_empty());
    let expected = "web.yaml:1: not a Kubernetes object: `apiVersion` is missing";
    assert!(refused.stderr.contains(expected), "{}", refused.stderr);
}

#[test]
fn remote_bases_are_built_where_they_are_allowed_with_their_encrypted_files() {
    let remote = tempfile::tempdir().unwrap();
    let encrypted = sops_encrypt(
        "secret.yaml",
        SECRET,
        &["--encrypted-regex", "^stringData$"],
    );
    put(
        remote.path(),
        "base/kustomization.yaml",
        "resources: [secret.yaml]\n",
    );
    put(remote.path(), "base/secret.yaml", SECRET);
    git(remote.path(), &["init", "-q", "-b", "main"]);
    git(remote.path(), &["add", "-A"]);
    git(remote.path(), &["commit", "-q", "-m", "plain"]);
    git(remote.path(), &["branch", "plain"]);
    put(remote.path(), "base/secret.yaml", encrypted);
    git(remote.path(), &["commit", "-q", "-a", "-m", "encrypted"]);

    let own = tempfile::tempdir().unwrap();
    let url = format!("file://{}", remote.path().display());
    let overlay =
        |revision: &str| format!("resources: ['{url}//base?ref={revision}']\nnamePrefix: prod-\n");
    put(own.path(), "kustomization.yaml", overlay("plain"));
    let real = Command::new(peers::program("kustomize", "kustomize"))
        .arg("build")
        .arg(own.path())
        .output()
        .unwrap();
    assert!(real.status.success());
    put(own.path(), "kustomization.yaml", overlay("main"));
    let mirrors = own.path().join("mirrors");
    let run = |command: &str, flags: &[&str]| {
        lockstep([command, "--mirrors"])
            .arg(&mirrors)
            .arg("--keys")
            .arg(keys().age())
            .args(flags)
            .arg(own.path())
            .run()
    };
    for flags in [&[][..], &["--allow-remote-bases", "https://example.com"]] {
        for command in ["build", "preview"] {
            let refused = run(command, flags).expect(2);
            assert!(
                refused.stderr.contains("--allow-remote-bases"),
                "{}",
                refused.stderr
            );
        }
    }
    let allowed = ["--allow-remote-bases", url.as_str()];
    let masked = run("build", &allowed).expect(0);
    assert!(!masked.text().contains("tr0ub4dor"), "{}", masked.text());
    let shown = run("build", &[&allowed[..], &["--show-secrets"]].concat()).expect(0);
    assert_eq!(shown.text().as_bytes(), real.stdout);
    let preview = run("preview", &allowed).expect(0);
    assert!(
        preview.text().contains(&format!(
            "{}//base?ref=main: base/secret.yaml",
            remote.path().display()
        )),
        "{}",
        preview.text()
    );
    assert!(!preview.text().contains("tr0ub4dor"));
}

#[track_caller]
fn git(folder: &Path, arguments: &[&str]) {
    let done = Command::new("git")
        .args(["-c", "user.name=T", "-c", "user.email=t@example.com"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .status()
        .unwrap();
    assert!(done.success());
}
