//! Objects of many kinds that name one another.

use peers::random::Random;

use super::yaml::{Value, map};

/// What is known of an object.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub group: &'static str,
    pub version: &'static str,
    pub kind: &'static str,
    pub name: String,
    pub namespace: Option<String>,
}

impl Object {
    pub(super) fn new(
        group: &'static str,
        version: &'static str,
        kind: &'static str,
        name: &str,
    ) -> Self {
        Self {
            group,
            version,
            kind,
            name: name.to_owned(),
            namespace: None,
        }
    }

    pub(super) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// The fields that every manifest and every patch of the object begin with.
    pub(super) fn head(&self) -> Value {
        let mut metadata = map([("name", Value::text(&self.name))]);
        if let Some(namespace) = &self.namespace {
            metadata.set("namespace", Value::text(namespace));
        }
        map([
            ("apiVersion", Value::text(self.api_version())),
            ("kind", Value::text(self.kind)),
            ("metadata", metadata),
        ])
    }

    pub(super) fn has_containers(&self) -> bool {
        ["Deployment", "StatefulSet", "DaemonSet"].contains(&self.kind)
    }
}

/// The kinds that are made.
pub(super) const KINDS: [(&str, &str, &str); 18] = [
    ("apps", "v1", "Deployment"),
    ("apps", "v1", "Deployment"),
    ("apps", "v1", "StatefulSet"),
    ("apps", "v1", "DaemonSet"),
    ("batch", "v1", "CronJob"),
    ("batch", "v1", "Job"),
    ("", "v1", "Service"),
    ("", "v1", "ConfigMap"),
    ("", "v1", "Secret"),
    ("", "v1", "ServiceAccount"),
    ("networking.k8s.io", "v1", "Ingress"),
    ("networking.k8s.io", "v1", "NetworkPolicy"),
    ("rbac.authorization.k8s.io", "v1", "Role"),
    ("rbac.authorization.k8s.io", "v1", "RoleBinding"),
    ("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding"),
    ("autoscaling", "v2", "HorizontalPodAutoscaler"),
    ("policy", "v1", "PodDisruptionBudget"),
    ("example.com", "v1", "Widget"),
];

/// Texts that are not what they look like.
pub(super) const TEXTS: [&str; 26] = [
    "text",
    "two words",
    "1",
    "1.0",
    "0777",
    "true",
    "yes",
    "null",
    "~",
    "",
    " ",
    "a: b",
    "a #b",
    "- a",
    "*a",
    "&a",
    "it's",
    "say \"hi\"",
    "a\nb",
    "a\nb\n",
    "  indented\n",
    "2001-01-01",
    "ümläut €",
    "{}",
    "$(NAME)",
    "a\tb",
];

/// Scalars as they are written.
const SCALARS: [&str; 16] = [
    "1",
    "-3",
    "1.50",
    "1e3",
    "0777",
    "0x1F",
    "true",
    "false",
    "null",
    "~",
    "yes",
    "12:30",
    "'1'",
    "\"x\"",
    "plain",
    "123456789012",
];

pub(super) fn text(random: &mut Random) -> Value {
    Value::text(*random.pick(&TEXTS))
}

/// The manifest of an object, which may name the others.
pub(super) fn manifest(random: &mut Random, object: &Object, others: &[Object]) -> Value {
    let mut metadata = map([("name", Value::text(&object.name))]);
    if let Some(namespace) = &object.namespace {
        metadata.set("namespace", Value::text(namespace));
    }
    if random.one_in(2) {
        let mut labels = map([("app", Value::text(&object.name))]);
        if random.one_in(3) {
            labels.set(
                "tier",
                Value::text(*random.pick(&["front", "back", "1", "true"])),
            );
        }
        metadata.set("labels", labels);
    }
    if random.one_in(4) {
        let mut annotations = map([("note", text(random)), ("example.com/a", text(random))]);
        if random.one_in(3) {
            // A hash of the whole object shows all that was done to it.
            annotations.set(
                "internal.config.kubernetes.io/needsHashSuffix",
                Value::text("enabled"),
            );
        }
        metadata.set("annotations", annotations);
    }
    if random.one_in(12) {
        metadata.set("creationTimestamp", Value::raw("null"));
    }
    let mut manifest = map([
        ("apiVersion", Value::text(object.api_version())),
        ("kind", Value::text(object.kind)),
        ("metadata", metadata),
    ]);
    let (field, value) = body(random, object, others);
    if !field.is_empty() {
        manifest.set(field, value);
    }
    if random.one_in(10) && !["ConfigMap", "Secret"].contains(&object.kind) {
        manifest.set("status", map([]));
    }
    if object.kind.ends_with("Binding") {
        let kind = if object.kind == "RoleBinding" {
            "Role"
        } else {
            "ClusterRole"
        };
        manifest.set(
            "roleRef",
            map([
                ("apiGroup", Value::text("rbac.authorization.k8s.io")),
                ("kind", Value::text(kind)),
                ("name", name_of(random, others, "Role")),
            ]),
        );
    }
    manifest
}

fn name_of(random: &mut Random, others: &[Object], kind: &str) -> Value {
    let names: Vec<&Object> = others.iter().filter(|other| other.kind == kind).collect();
    if names.is_empty() {
        Value::text("other")
    } else {
        Value::text(&random.pick(&names).name)
    }
}

fn body(random: &mut Random, object: &Object, others: &[Object]) -> (&'static str, Value) {
    match object.kind {
        "Deployment" | "StatefulSet" | "DaemonSet" => ("spec", workload(random, object, others)),
        "CronJob" => {
            let pod = pod(random, object, others);
            let template = map([("spec", pod)]);
            let job = map([("spec", map([("template", template)]))]);
            (
                "spec",
                map([
                    ("schedule", Value::text("*/5 * * * *")),
                    ("jobTemplate", job),
                ]),
            )
        }
        "Job" => (
            "spec",
            map([("template", map([("spec", pod(random, object, others))]))]),
        ),
        "Service" => {
            let mut ports = vec![map([
                ("name", Value::text("http")),
                ("port", Value::raw(80)),
            ])];
            if random.one_in(2) {
                ports.push(map([
                    ("port", Value::raw(53)),
                    ("protocol", Value::text("UDP")),
                    ("name", Value::text("dns")),
                ]));
            }
            let selector = map([("app", Value::text(&object.name))]);
            (
                "spec",
                map([("selector", selector), ("ports", Value::List(ports))]),
            )
        }
        "ConfigMap" => ("data", data(random)),
        "Secret" => ("stringData", data(random)),
        "Ingress" => {
            let service = map([
                ("name", name_of(random, others, "Service")),
                ("port", map([("number", Value::raw(80))])),
            ]);
            let path = map([
                ("path", Value::text("/")),
                ("pathType", Value::text("Prefix")),
                ("backend", map([("service", service)])),
            ]);
            let rule = map([
                ("host", Value::text("a.example")),
                ("http", map([("paths", Value::List(vec![path]))])),
            ]);
            ("spec", map([("rules", Value::List(vec![rule]))]))
        }
        "NetworkPolicy" => {
            let selector = map([("matchLabels", map([("app", Value::text("x"))]))]);
            let from = Value::List(vec![map([("podSelector", selector.clone())])]);
            (
                "spec",
                map([
                    ("podSelector", selector),
                    ("ingress", Value::List(vec![map([("from", from)])])),
                ]),
            )
        }
        "Role" => {
            let rule = map([
                ("apiGroups", Value::List(vec![Value::raw("\"\"")])),
                ("resources", Value::texts(["configmaps", "secrets"])),
                ("verbs", Value::texts(["get"])),
            ]);
            ("rules", Value::List(vec![rule]))
        }
        "RoleBinding" | "ClusterRoleBinding" => {
            let mut subject = map([
                ("kind", Value::text("ServiceAccount")),
                ("name", name_of(random, others, "ServiceAccount")),
            ]);
            if random.one_in(2) {
                subject.set("namespace", Value::text(*random.pick(&["default", "shop"])));
            }
            ("subjects", Value::List(vec![subject]))
        }
        "HorizontalPodAutoscaler" => {
            let target = map([
                ("apiVersion", Value::text("apps/v1")),
                ("kind", Value::text("Deployment")),
                ("name", name_of(random, others, "Deployment")),
            ]);
            (
                "spec",
                map([("scaleTargetRef", target), ("maxReplicas", Value::raw(3))]),
            )
        }
        "PodDisruptionBudget" => {
            let selector = map([("matchLabels", map([("app", Value::text(&object.name))]))]);
            (
                "spec",
                map([("minAvailable", Value::raw("50%")), ("selector", selector)]),
            )
        }
        "Widget" => {
            let mut spec = map([]);
            for name in ["size", "color", "mode"] {
                if random.one_in(2) {
                    spec.set(name, Value::raw(*random.pick(&SCALARS)));
                }
            }
            let part = |name: &str, count: u8| {
                map([("name", Value::text(name)), ("count", Value::raw(count))])
            };
            spec.set(
                "parts",
                Value::List(vec![part("left", 1), part("right", 2)]),
            );
            spec.set("config", name_of(random, others, "ConfigMap"));
            ("spec", spec)
        }
        _ => ("", map([])),
    }
}

pub(super) fn data(random: &mut Random) -> Value {
    let mut data = map([]);
    for key in ["color", "app.conf", "size"] {
        if random.below(3) > 0 {
            data.set(key, text(random));
        }
    }
    data
}

fn workload(random: &mut Random, object: &Object, others: &[Object]) -> Value {
    let app = || map([("app", Value::text(&object.name))]);
    let mut spec = map([]);
    if object.kind != "DaemonSet" && random.below(3) > 0 {
        spec.set("replicas", Value::raw(random.below(4)));
    }
    spec.set("selector", map([("matchLabels", app())]));
    spec.set(
        "template",
        map([
            ("metadata", map([("labels", app())])),
            ("spec", pod(random, object, others)),
        ]),
    );
    if object.kind == "StatefulSet" {
        spec.set("serviceName", name_of(random, others, "Service"));
        let claim = map([
            ("metadata", map([("name", Value::text("data"))])),
            (
                "spec",
                map([("accessModes", Value::texts(["ReadWriteOnce"]))]),
            ),
        ]);
        spec.set("volumeClaimTemplates", Value::List(vec![claim]));
    }
    spec
}

fn pod(random: &mut Random, object: &Object, others: &[Object]) -> Value {
    let mut main = map([
        ("name", Value::text("main")),
        ("image", Value::text(image(random))),
    ]);
    if random.one_in(2) {
        let reference = map([
            ("name", name_of(random, others, "ConfigMap")),
            ("key", Value::text("color")),
        ]);
        let from = map([
            ("name", Value::text("COLOR")),
            ("valueFrom", map([("configMapKeyRef", reference)])),
        ]);
        let plain = map([("name", Value::text("MODE")), ("value", text(random))]);
        main.set("env", Value::List(vec![from, plain]));
    }
    if random.one_in(2) {
        let reference = map([("name", name_of(random, others, "Secret"))]);
        main.set(
            "envFrom",
            Value::List(vec![map([("secretRef", reference)])]),
        );
    }
    if random.one_in(2) {
        let port = map([
            ("containerPort", Value::raw(8080)),
            ("name", Value::text("http")),
        ]);
        main.set("ports", Value::List(vec![port]));
    }
    if random.one_in(3) {
        main.set("args", Value::List(vec![text(random), text(random)]));
    }
    let mut containers = vec![main];
    if random.one_in(2) {
        containers.push(map([
            ("image", Value::text(image(random))),
            ("name", Value::text("side")),
        ]));
    }
    let mut pod = map([("containers", Value::List(containers))]);
    if random.one_in(3) {
        pod.set(
            "serviceAccountName",
            name_of(random, others, "ServiceAccount"),
        );
    }
    if random.one_in(2) {
        let config = map([
            ("name", Value::text("cfg")),
            (
                "configMap",
                map([("name", name_of(random, others, "ConfigMap"))]),
            ),
        ]);
        let scratch = map([("name", Value::text("tmp")), ("emptyDir", map([]))]);
        pod.set("volumes", Value::List(vec![config, scratch]));
    }
    if object.kind == "Job" || object.kind == "CronJob" {
        pod.set("restartPolicy", Value::text("Never"));
    }
    pod
}

pub(super) const IMAGES: [&str; 4] = ["nginx", "registry.example:5000/shop/api", "db", "tool/x"];

fn image(random: &mut Random) -> String {
    let name = *random.pick(&IMAGES);
    match random.below(4) {
        0 => name.to_owned(),
        1 => format!("{name}:1.0"),
        2 => format!("{name}@sha256:{}", "1".repeat(64)),
        _ => format!("{name}:latest"),
    }
}
