//! What a cluster Secret allows, and who a sync is.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use peers::control_plane::{ControlPlane, User};
use serde_json::{Value, json};

use crate::app::{App, config_map};
use crate::run::{Lockstep, lockstep};

/// An application for another cluster, and a Secret that leads there.
struct Abroad {
    app: App,
    remote: &'static ControlPlane,
    user: User,
    namespace: String,
}

impl Abroad {
    fn new(prefix: &str) -> Self {
        let remote = ControlPlane::quiet();
        Self {
            app: App::new(prefix),
            remote,
            user: remote.user(),
            namespace: remote.namespace(prefix),
        }
    }

    fn config(&self) -> Value {
        json!({
            "bearerToken": self.user.token,
            "tlsClientConfig": {"caData": BASE64_STANDARD.encode(self.remote.certificate_authority())},
        })
    }

    /// Puts the cluster Secret in place.
    fn secret(&self, config: &Value, fields: &str) {
        self.app.plane.apply(&format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: remote\n  namespace: {0}\n  labels: {{argocd.argoproj.io/secret-type: cluster}}\nstringData:\n  name: far\n  server: {1}\n  config: '{config}'\n{fields}",
            self.app.namespace,
            self.remote.url()
        ));
    }

    fn run(&self, command: &str) -> Lockstep {
        let file = self.app.scratch().join("application.yaml");
        let (name, namespace) = (&self.app.name, &self.namespace);
        fs::write(&file, format!("apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: argocd}}\nspec:\n  project: default\n  source: {{repoURL: 'https://git.example/shop.git', targetRevision: main, path: manifests}}\n  destination: {{name: far, namespace: {namespace}}}\n")).unwrap();
        lockstep([command, "--argocd-namespace", &self.app.namespace, "--app"])
            .arg(&file)
            .arg("--kubeconfig")
            .arg(&self.app.user.kubeconfig)
            .arg(self.app.scratch())
    }

    fn writes(&self) -> usize {
        let requests = self.remote.requests(&self.user.name);
        requests.iter().filter(|request| request.is_write()).count()
    }
}

fn cluster_role(name: &str) -> String {
    format!(
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: {name}}}\nrules: []\n"
    )
}

#[test]
fn what_lies_outside_of_a_clusters_namespaces_is_refused_before_anything_is_changed() {
    let abroad = Abroad::new("reach");
    let other = abroad.remote.namespace("elsewhere");
    let role = abroad.app.plane.unique("reach");
    let outside = config_map("outside", &[]).replace(
        "  name: outside\n",
        &format!("  name: outside\n  namespace: {other}\n"),
    );
    let namespaces = format!("  namespaces: 'some-other, {}'\n", abroad.namespace);
    let only = format!("{namespaces}  clusterResources: \"false\"\n");
    let with_cluster = format!("{namespaces}  clusterResources: \"true\"\n");
    let wrong = "  namespaces: some-other\n".to_owned();
    let hook = outside.replace(
        "metadata:\n",
        "metadata:\n  annotations: {argocd.argoproj.io/hook: PostSync}\n",
    );
    for (what, fields, object) in [
        ("another namespace", &only, &outside),
        ("a hook in another namespace", &only, &hook),
        ("an object of the cluster", &only, &cluster_role(&role)),
        ("another namespace", &with_cluster, &outside),
        ("the destination", &wrong, &String::new()),
    ] {
        abroad.secret(&abroad.config(), fields);
        abroad.app.set(&[config_map("inside", &[]), object.clone()]);
        for command in ["diff", "sync"] {
            let run = abroad.run(command).run();
            assert_eq!(run.code, 2, "{what}: {run:?}");
            assert!(run.all().contains("out of reach"), "{what}: {run:?}");
        }
        assert_eq!(abroad.writes(), 0, "{what}");
    }

    // As far as it reaches, it works, and nothing beyond is even looked at.
    abroad.secret(&abroad.config(), &only);
    abroad.app.set(&[config_map("inside", &[])]);
    abroad.run("sync").run().expect(0);
    assert!(
        abroad
            .remote
            .get("configmap", &abroad.namespace, "inside")
            .is_some()
    );
    let reached = [abroad.namespace.as_str(), "some-other"];
    for request in abroad.remote.requests(&abroad.user.name) {
        assert!(
            request.resource.is_empty() || reached.contains(&request.namespace.as_str()),
            "{request:?}"
        );
    }

    abroad.secret(&abroad.config(), &with_cluster);
    abroad
        .app
        .set(&[config_map("inside", &[]), cluster_role(&role)]);
    abroad.run("sync").run().expect(0);
    assert!(abroad.remote.get("clusterrole", "", &role).is_some());

    // What was applied when the Secret allowed more stays, and is not forgotten.
    abroad.secret(&abroad.config(), &only);
    abroad.app.set(&[config_map("inside", &[])]);
    abroad
        .run("sync")
        .args([
            "--prune",
            "--sync-option",
            "PrunePropagationPolicy=background",
        ])
        .run()
        .expect(0);
    assert!(abroad.remote.get("clusterrole", "", &role).is_some());
    abroad.secret(&abroad.config(), &with_cluster);
    abroad
        .run("sync")
        .args([
            "--prune",
            "--sync-option",
            "PrunePropagationPolicy=background",
        ])
        .run()
        .expect(0);
    assert!(abroad.remote.get("clusterrole", "", &role).is_none());
}

#[test]
fn a_cluster_secret_runs_no_programs_and_says_which_one_it_is() {
    let abroad = Abroad::new("no-exec");
    abroad.app.set(&[config_map("inside", &[])]);
    let proof = abroad.app.scratch().join("it-ran");
    let exec = json!({
        "execProviderConfig": {
            "command": "touch", "args": [proof], "apiVersion": "client.authentication.k8s.io/v1",
        },
        "tlsClientConfig": {"insecure": true},
    });
    let aws = json!({"awsAuthConfig": {"clusterName": "prod"}});
    for config in [exec, aws] {
        abroad.secret(&config, "");
        abroad
            .run("sync")
            .run()
            .expect(2)
            .says(&["cluster Secret `remote`", "run a program"]);
        assert!(!proof.exists());
    }
    assert_eq!(abroad.writes(), 0);
}

#[test]
fn the_program_of_a_kubeconfig_gives_the_credentials() {
    let mut app = App::new("exec-plugin");
    app.set(&[config_map("inside", &[])]);
    let program = app.scratch().join("credentials");
    let answer = json!({
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": app.user.token},
    });
    fs::write(&program, format!("#!/bin/sh\necho '{answer}'\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    let text = app.plane.kubeconfig_text(app.plane.url(), "REPLACED");
    let before = text.lines().find(|line| line.contains("REPLACED")).unwrap();
    let exec = json!({
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": program,
        "interactiveMode": "Never",
    });
    let changed = before
        .replace("token: \"REPLACED\"", &format!("exec: {exec}"))
        .replace("token: REPLACED", &format!("exec: {exec}"));
    assert_ne!(changed, before);
    let kubeconfig = app.scratch().join("by-program");
    fs::write(&kubeconfig, text.replace(before, &changed)).unwrap();
    app.set_kubeconfig(&kubeconfig);
    let run = app.sync().run().expect(0);
    assert!(!run.all().contains(&app.user.token));
    assert!(app.has("inside"));

    // What a program says that fails may be anything.
    fs::write(
        &program,
        format!("#!/bin/sh\necho '{answer}'\necho '{answer}' >&2\nexit 1\n"),
    )
    .unwrap();
    let run = app.sync().run().expect(2);
    assert!(!run.all().contains(&app.user.token), "{run:?}");
}

#[test]
fn an_application_is_synced_as_its_service_account() {
    let app = App::new("own-account");
    let ns = &app.namespace;
    app.set(&[config_map("inside", &[])]);
    app.plane
        .kubectl(["-n", ns, "create", "serviceaccount", "deployer"]);
    let file = app.scratch().join("own.yaml");
    fs::write(&file, format!("apiVersion: lockstep.dev/v1alpha1\nkind: Application\nmetadata: {{name: {ns}, namespace: {ns}}}\nspec:\n  serviceAccountName: deployer\n  source: {{repoURL: 'https://git.example/shop.git', targetRevision: main, path: manifests}}\n  destination: {{server: 'https://kubernetes.default.svc', namespace: {ns}}}\n")).unwrap();
    let run = |command: &str| {
        lockstep([command, "--app"])
            .arg(&file)
            .arg("--kubeconfig")
            .arg(&app.user.kubeconfig)
            .arg(app.scratch())
            .run()
    };
    for command in ["diff", "sync"] {
        let denied = run(command).expect(2);
        assert!(
            denied.all().contains("forbidden") || denied.all().contains("not allow"),
            "{denied:?}"
        );
    }
    assert!(!app.has("inside"));
    app.plane.kubectl([
        "-n",
        ns,
        "create",
        "rolebinding",
        "deployer",
        "--clusterrole=admin",
        &format!("--serviceaccount={ns}:deployer"),
    ]);
    run("sync").expect(0);
    run("diff").expect(0);
    let name = format!("system:serviceaccount:{ns}:deployer");
    for request in app.requests() {
        assert_eq!(
            request.impersonated.as_deref(),
            Some(name.as_str()),
            "{request:?}"
        );
    }
}
