use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::application::{ClusterReference, Content, Sources, Tool};

const HEAD: &str = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: shop, namespace: argocd}\n";
const OURS: &str = "apiVersion: lockstep.dev/v1alpha1\nkind: Application\nmetadata: {name: shop}\n";
const SOURCE: &str = "source: {repoURL: 'https://git.example/shop', path: app}";
const DESTINATION: &str =
    "destination: {server: 'https://kubernetes.default.svc', namespace: shop}";

#[track_caller]
fn read_one(text: &str) -> Manifest {
    match read(text.as_bytes()) {
        Ok(mut manifests) if manifests.len() == 1 => manifests.remove(0),
        Ok(manifests) => panic!("{} applications", manifests.len()),
        Err(error) => panic!("{error}"),
    }
}

fn application(spec: &str) -> String {
    format!("{HEAD}spec:\n  {DESTINATION}\n  {spec}\n")
}

#[test]
fn an_application_of_argo_cd_is_read_whole() {
    let text = format!(
        "{HEAD}spec:
  project: red
  destination: {{name: prod, namespace: shop}}
  source:
    repoURL: https://git.example/shop
    targetRevision: v1.*
    path: app
    directory: {{recurse: true, include: '*.yaml', exclude: '{{a,b}}/*', jsonnet: {{}}}}
  syncPolicy:
    automated: {{prune: true, selfHeal: true}}
    syncOptions: [CreateNamespace=true]
    retry: {{limit: -1, backoff: {{duration: 10s, factor: 3, maxDuration: 5m}}}}
    managedNamespaceMetadata: {{labels: {{a: b}}}}
  ignoreDifferences:
  - {{group: apps, kind: Deployment, jsonPointers: [/spec/replicas]}}
  info: [{{name: url, value: x}}]
  revisionHistoryLimit: 3
status: {{sync: {{status: Synced}}}}
operation: {{}}
"
    );
    let Manifest {
        application,
        warnings,
    } = read_one(&text);
    assert_eq!(warnings, []);
    assert_eq!(application.flavour, Flavour::ArgoCd);
    assert_eq!(application.namespace.as_deref(), Some("argocd"));
    assert_eq!(application.project, "red");
    assert_eq!(
        application.destination.cluster,
        ClusterReference::Name("prod".to_owned())
    );
    let Sources::One(source) = &application.sources else {
        panic!("several sources");
    };
    assert_eq!(source.content, Content::Path("app".to_owned()));
    assert_eq!(source.revision.as_deref(), Some("v1.*"));
    assert!(matches!(&source.tool, Tool::Directory(options) if options.filter.exclude.is_some()));
    let policy = &application.sync_policy;
    assert!(policy.prunes() && !policy.allows_empty());
    assert_eq!(policy.sync_options, ["CreateNamespace=true"]);
    let retry = policy.retry.unwrap();
    assert_eq!(retry.limit, None);
    assert_eq!(retry.backoff.wait(1), Duration::from_secs(30));
    assert_eq!(
        application.ignore_differences[0].json_pointers,
        ["/spec/replicas"]
    );
    assert_eq!(application.revision_history_limit, 3);
}

#[test]
fn our_applications_have_fields_of_their_own() {
    let own = "interval: 5m\n  suspend: true\n  serviceAccountName: deployer\n  secrets: {keys: [team], vaultRole: r}\n  \
               verify: {signers: 'ssh-ed25519 AAAA me'}";
    let text = format!("{OURS}spec:\n  {DESTINATION}\n  {SOURCE}\n  {own}\n");
    let manifest = read_one(&text);
    assert_eq!(manifest.warnings, []);
    let own_fields = manifest.application.own;
    assert_eq!(own_fields.interval, Some(Duration::from_secs(300)));
    assert!(own_fields.suspend);
    assert_eq!(own_fields.service_account_name.as_deref(), Some("deployer"));
    assert_eq!(own_fields.secrets.keys, ["team"]);
    assert_eq!(own_fields.verify.unwrap().signers, "ssh-ed25519 AAAA me");

    // Argo CD does not know them, so that nobody may rely on them there.
    let text = application(&format!("{SOURCE}\n  {own}"));
    let unknown: Vec<String> = read_one(&text)
        .warnings
        .into_iter()
        .map(|warning| warning.field)
        .collect();
    assert_eq!(
        unknown,
        [
            "spec.interval",
            "spec.suspend",
            "spec.serviceAccountName",
            "spec.secrets",
            "spec.verify"
        ]
    );
}

#[test]
fn what_means_nothing_is_told_with_its_line() {
    let text = application(
        "source:\n    repoURL: https://git.example/shop\n    path: app\n    ref: values\n    kustomize:\n      nameprefix: x-\n      \
         version: v5\n  sources:\n  - {repoURL: 'https://git.example/shop', path: app}\n",
    );
    let warnings: Vec<(u32, String)> = read_one(&text)
        .warnings
        .into_iter()
        .map(|warning| (warning.line, warning.to_string()))
        .collect();
    assert_eq!(warnings, [(6, "`spec.source` has no effect".to_owned())]);

    let text = application(
        "source:\n    repoURL: https://git.example/shop\n    path: app\n    ref: values\n    kustomize:\n      nameprefix: x-\n      \
         version: v5\n",
    );
    let warnings: Vec<(u32, String)> = read_one(&text)
        .warnings
        .into_iter()
        .map(|warning| (warning.line, warning.to_string()))
        .collect();
    assert_eq!(
        warnings,
        [
            (9, "`spec.source.ref` has no effect".to_owned()),
            (
                11,
                "unknown field `spec.source.kustomize.nameprefix`".to_owned()
            ),
            (
                12,
                "`spec.source.kustomize.version` has no effect".to_owned()
            ),
        ]
    );
}

#[test]
fn sources_are_one_or_several() {
    let text = application(
        "sources:\n  - {repoURL: 'https://a.example/x', path: app}\n  - {repoURL: 'https://b.example/x', ref: values}\n  - {repoURL: \
         'https://c.example/x', chart: redis, targetRevision: 1.x, helm: {valueFiles: [$values/redis.yaml]}}",
    );
    let manifest = read_one(&text);
    let contents: Vec<&Content> = manifest
        .application
        .sources
        .all()
        .iter()
        .map(|source| &source.content)
        .collect();
    assert_eq!(
        contents,
        [
            &Content::Path("app".to_owned()),
            &Content::Nothing,
            &Content::Chart("redis".to_owned())
        ]
    );
}

#[test]
fn applications_that_cannot_be_acted_upon_are_refused() {
    let git = "repoURL: 'https://git.example/shop'";
    for (spec, reason, message) in [
        (
            "",
            "no-source",
            "line 4: `spec` has neither `source` nor `sources`",
        ),
        (
            &format!("source: {{{git}}}"),
            "source-without-content",
            "line 6: `spec.source` needs one of `path` and `chart`",
        ),
        (
            "source: {path: app}",
            "field-missing",
            "line 6: `spec.source.repoURL` is missing",
        ),
        (
            &format!("source: {{{git}, chart: redis}}"),
            "chart-without-version",
            "line 6: `spec.source.targetRevision` is required for a Helm chart",
        ),
        (
            &format!("source: {{{git}, path: a, helm: {{}}, kustomize: {{}}}}"),
            "several-tools",
            "line 6: `spec.source` is for several tools: helm, kustomize",
        ),
        (
            &format!("source: {{{git}, path: [a]}}"),
            "wrong-type-of-field",
            "line 6: `spec.source.path` must be a text",
        ),
        (
            &format!("source: {{{git}, path: a, directory: {{include: '[a'}}}}"),
            "glob-brackets",
            "line 6: `spec.source.directory.include`",
        ),
        (
            &format!(
                "source: {{{git}, path: a, kustomize: {{replicas: [{{name: web, count: many}}]}}}}"
            ),
            "field-number",
            "line 6: `spec.source.kustomize.replicas[0].count` must be a whole number",
        ),
        (
            &format!("sources: [{{{git}, ref: a}}, {{{git}, ref: a}}]"),
            "repeated-ref",
            "line 6: `spec.sources[1].ref` is the `ref` of another source too",
        ),
        (
            &format!("{SOURCE}\n  syncPolicy:\n    retry:\n      backoff: {{duration: soon}}"),
            "duration-malformed",
            "line 9: `spec.syncPolicy.retry.backoff.duration`",
        ),
        (
            &format!("{SOURCE}\n  revisionHistoryLimit: -1"),
            "field-number",
            "line 7: `spec.revisionHistoryLimit` must be 0 or more",
        ),
        (
            &format!("{SOURCE}\n  ignoreDifferences: [{{group: apps}}]"),
            "field-missing",
            "line 7: `spec.ignoreDifferences[0].kind` is missing",
        ),
    ] {
        let error = read(application(spec).as_bytes()).err().expect(spec);
        assert_eq!(error.reason(), reason, "{spec}");
        assert_eq!(error.to_string(), message, "{spec}");
    }
    for (destination, reason) in [
        ("destination: {}", "no-cluster"),
        ("destination: {namespace: a}", "no-cluster"),
        ("destination: {server: '', name: ''}", "no-cluster"),
        ("destination: {server: a, name: b}", "both-name-and-server"),
        ("project: red", "field-missing"),
    ] {
        let text = format!("{HEAD}spec:\n  {destination}\n  {SOURCE}\n");
        assert_eq!(
            read(text.as_bytes()).err().expect(destination).reason(),
            reason
        );
    }
    for (own, reason) in [
        ("interval: 1s", "interval-too-short"),
        ("interval: '30'", "duration-malformed"),
        ("verify: {}", "field-missing"),
        ("verify: {mode: any, signers: x}", "wrong-word"),
    ] {
        let text = format!("{OURS}spec:\n  {DESTINATION}\n  {SOURCE}\n  {own}\n");
        assert_eq!(read(text.as_bytes()).err().expect(own).reason(), reason);
    }
}

#[test]
fn a_file_without_an_application_is_refused() {
    let other = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    for (text, reason) in [
        ("", "no-application"),
        (other, "no-application"),
        (
            "apiVersion: argoproj.io/v1\nkind: Application\n",
            "application-version",
        ),
        (
            "apiVersion: app.k8s.io/v1beta1\nkind: Application\n",
            "no-application",
        ),
        ("a: b\na: c\n", "yaml-duplicate-key"),
    ] {
        assert_eq!(
            read(text.as_bytes()).err().expect(text).reason(),
            reason,
            "{text}"
        );
    }
    let several = format!(
        "{other}---\n{}---\n{}",
        application(SOURCE),
        application(SOURCE)
    );
    assert_eq!(
        read(several.as_bytes())
            .map(|found| found.len())
            .unwrap_or_default(),
        2
    );
}

#[test]
fn errors_show_no_values() {
    let text = application(
        "source: {repoURL: 'https://git.example/x', path: a, helm: {parameters: [{name: {hunter2: 1}, value: hunter2}]}}",
    );
    let error = read(text.as_bytes()).err().unwrap();
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

proptest! {
    #[test]
    fn any_bytes_are_applications_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        let _ = read(&bytes);
    }

    #[test]
    fn any_value_of_any_field_is_read_or_refused(
        field in "(project|source|sources|destination|syncPolicy|ignoreDifferences|interval|suspend|secrets|verify|sourceHydrator)",
        value in "(\\{(repoURL|path|chart|helm|kustomize|directory|retry|limit|signers): .{0,12}\\}|\\[.{0,12}\\]|.{0,12})",
    ) {
        let text = format!("{OURS}spec:\n  {DESTINATION}\n  {field}: {value}\n");
        let _ = read(text.as_bytes());
    }
}
