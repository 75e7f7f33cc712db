//! Other clusters, other identities.

use std::fs;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use peers::control_plane::ControlPlane;

use crate::app::{App, config_map};
use crate::run::lockstep;

#[test]
fn a_cluster_of_a_cluster_secret_is_synced_through_the_one_that_has_the_secret() {
    let (home, remote) = (ControlPlane::shared(), ControlPlane::quiet());
    let app = App::new("two-clusters");
    let user = remote.user();
    let config = serde_json::json!({
        "bearerToken": user.token,
        "tlsClientConfig": {"caData": BASE64_STANDARD.encode(remote.certificate_authority())},
    });
    home.apply(&format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: remote\n  namespace: {0}\n  labels: {{argocd.argoproj.io/secret-type: cluster}}\nstringData:\n  name: far\n  server: {1}\n  config: '{config}'\n",
        app.namespace,
        remote.url()
    ));
    let namespace = remote.namespace("far");
    app.set(&[config_map("there", &[])]);
    for destination in ["name: far".to_owned(), format!("server: {}", remote.url())] {
        let file = app.scratch().join("application.yaml");
        let name = app.plane.unique("far");
        fs::write(&file, format!("apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: argocd}}\nspec:\n  project: default\n  source: {{repoURL: 'https://git.example/shop.git', targetRevision: main, path: manifests}}\n  destination: {{{destination}, namespace: {namespace}}}\n")).unwrap();
        let run = |command: &str| {
            lockstep([
                command,
                "--adopt",
                "--argocd-namespace",
                &app.namespace,
                "--app",
            ])
            .arg(&file)
            .arg("--kubeconfig")
            .arg(&app.user.kubeconfig)
            .arg(app.scratch())
            .run()
        };
        let synced = run("sync").expect(0);
        assert!(!synced.all().contains(&user.token));
        run("diff").expect(0);
        assert!(remote.get("configmap", &namespace, "there").is_some());
    }
    assert!(!app.has("there"));
    assert!(!remote.requests(&user.name).is_empty());
    assert!(app.changes().is_empty(), "{:?}", app.changes());
}

#[test]
fn a_cluster_that_no_secret_names_is_an_error() {
    let app = App::new("no-cluster");
    app.set(&[config_map("there", &[])]);
    let file = app.scratch().join("application.yaml");
    fs::write(&file, format!("apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: lost, namespace: argocd}}\nspec:\n  project: default\n  source: {{repoURL: 'https://git.example/shop.git', targetRevision: main, path: manifests}}\n  destination: {{name: nowhere, namespace: {}}}\n", app.namespace)).unwrap();
    lockstep(["sync", "--argocd-namespace", &app.namespace, "--app"])
        .arg(&file)
        .arg("--kubeconfig")
        .arg(&app.user.kubeconfig)
        .arg(app.scratch())
        .run()
        .expect(2)
        .says(&["nowhere"]);
    assert!(!app.has("there"));
}

#[test]
fn every_request_is_made_as_the_service_account_and_with_its_rights() {
    let app = App::new("impersonation");
    let ns = &app.namespace;
    app.set(&[config_map("inside", &[])]);
    app.plane
        .kubectl(["-n", ns, "create", "serviceaccount", "deployer"]);
    let sync = || app.sync().args(["--service-account", "deployer"]).run();

    let denied = sync().expect(2);
    assert!(
        denied.all().to_lowercase().contains("forbidden")
            || denied.all().contains("not allowed")
            || denied.all().contains("may not"),
        "{denied:?}"
    );
    assert!(!app.has("inside"));

    let subject = format!("--serviceaccount={ns}:deployer");
    app.plane.kubectl([
        "-n",
        ns,
        "create",
        "rolebinding",
        "deployer",
        "--clusterrole=admin",
        &subject,
    ]);
    sync().expect(0);
    assert!(app.has("inside"));

    // Beyond its namespace it may nothing, and the rest is not applied either.
    app.set(&[
        config_map("second", &[]),
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: outside\n  namespace: default\n"
            .to_owned(),
    ]);
    sync().expect(2);
    assert!(app.plane.get("configmap", "default", "outside").is_none());

    let name = format!("system:serviceaccount:{ns}:deployer");
    for request in app.requests() {
        assert_eq!(
            request.impersonated.as_deref(),
            Some(name.as_str()),
            "{request:?}"
        );
    }
}

#[test]
fn both_kinds_of_credentials_and_wrong_ones() {
    let mut app = App::new("credentials");
    app.set(&[config_map("inside", &[])]);
    app.set_kubeconfig(&app.plane.certificate_kubeconfig());
    app.sync().run().expect(0);

    let wrong = app.scratch().join("wrong");
    let text = app
        .plane
        .kubeconfig_text(app.plane.url(), "not-a-token-of-anybody");
    fs::write(&wrong, &text).unwrap();
    app.set_kubeconfig(&wrong);
    let run = app.sync().run().expect(2);
    assert!(!run.all().contains("not-a-token-of-anybody"), "{run:?}");

    // Another authority than the one that the kubeconfig names.
    let strange = app.scratch().join("strange");
    let other = ControlPlane::quiet();
    fs::write(
        &strange,
        other.kubeconfig_text(app.plane.url(), app.plane.token()),
    )
    .unwrap();
    app.set_kubeconfig(&strange);
    let run = app.sync().run().expect(2);
    assert!(!run.all().contains(app.plane.token()), "{run:?}");
}
