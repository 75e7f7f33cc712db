//! The built-in configuration (api: internal/konfig/builtinpluginconsts).
//!
//! Most entries say the same of every type that holds pods, so the table is made of where each type has its pods and
//! what a pod has in it.

mod references;

use std::borrow::Cow;

use super::TransformerConfig;
use crate::id::Gvk;
use crate::kustomization::FieldSpec;

/// The configuration, not yet in order.
pub(super) fn config() -> TransformerConfig {
    TransformerConfig {
        name_prefix: vec![spec("", "", "", "metadata/name", Missing::Ignored)],
        name_suffix: vec![spec("", "", "", "metadata/name", Missing::Ignored)],
        namespace: namespace(),
        common_labels: common_labels(),
        labels: Vec::new(),
        template_labels: metadata_labels(),
        common_annotations: common_annotations(),
        name_reference: references::name_reference(),
        var_reference: var_reference(),
        images: images(),
        replicas: [
            "Deployment",
            "ReplicationController",
            "ReplicaSet",
            "StatefulSet",
        ]
        .map(|kind| spec("", "", kind, "spec/replicas", Missing::Created))
        .into(),
    }
}

/// What happens to a field that is not there.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Missing {
    Created,
    Ignored,
}

/// Where a type has a pod, or the template of one.
struct PodHolder {
    version: &'static str,
    kind: &'static str,
    /// The way to the pod's `spec`.
    pod: &'static str,
}

const fn holder(kind: &'static str, pod: &'static str) -> PodHolder {
    PodHolder {
        version: "",
        kind,
        pod,
    }
}

const TEMPLATE: &str = "spec/template/spec";
const JOB_TEMPLATE: &str = "spec/jobTemplate/spec/template/spec";

/// The types in whose pods vars are replaced.
const VAR_READERS: [PodHolder; 7] = [
    holder("CronJob", JOB_TEMPLATE),
    holder("DaemonSet", TEMPLATE),
    holder("Deployment", TEMPLATE),
    holder("Job", TEMPLATE),
    holder("Pod", "spec"),
    holder("ReplicaSet", TEMPLATE),
    holder("StatefulSet", TEMPLATE),
];

fn spec(
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    path: &str,
    missing: Missing,
) -> FieldSpec {
    FieldSpec {
        gvk: gvk(group, version, kind),
        path: path.to_owned(),
        create: missing == Missing::Created,
    }
}

const fn gvk(group: &'static str, version: &'static str, kind: &'static str) -> Gvk<'static> {
    Gvk {
        group: Cow::Borrowed(group),
        version: Cow::Borrowed(version),
        kind: Cow::Borrowed(kind),
    }
}

/// A field that is never created.
fn present(group: &'static str, kind: &'static str, path: &str) -> FieldSpec {
    spec(group, "", kind, path, Missing::Ignored)
}

fn in_pods(holders: &'static [PodHolder], fields: &[&str]) -> Vec<FieldSpec> {
    let specs = holders.iter().flat_map(|holder| {
        fields.iter().map(move |field| {
            let path = format!("{}/{field}", holder.pod);
            spec("", holder.version, holder.kind, &path, Missing::Ignored)
        })
    });
    specs.collect()
}

fn namespace() -> Vec<FieldSpec> {
    vec![
        spec("", "", "Namespace", "metadata/name", Missing::Created),
        spec(
            "apiregistration.k8s.io",
            "",
            "APIService",
            "spec/service/namespace",
            Missing::Created,
        ),
        present(
            "apiextensions.k8s.io",
            "CustomResourceDefinition",
            "spec/conversion/webhook/clientConfig/service/namespace",
        ),
    ]
}

fn metadata_labels() -> Vec<FieldSpec> {
    [
        ("", "", "", "metadata/labels"),
        (
            "",
            "v1",
            "ReplicationController",
            "spec/template/metadata/labels",
        ),
        ("", "", "Deployment", "spec/template/metadata/labels"),
        ("", "", "ReplicaSet", "spec/template/metadata/labels"),
        ("", "", "DaemonSet", "spec/template/metadata/labels"),
        ("apps", "", "StatefulSet", "spec/template/metadata/labels"),
        (
            "apps",
            "",
            "StatefulSet",
            "spec/volumeClaimTemplates[]/metadata/labels",
        ),
        ("batch", "", "Job", "spec/template/metadata/labels"),
        ("batch", "", "CronJob", "spec/jobTemplate/metadata/labels"),
        (
            "batch",
            "",
            "CronJob",
            "spec/jobTemplate/spec/template/metadata/labels",
        ),
    ]
    .map(|(group, version, kind, path)| spec(group, version, kind, path, Missing::Created))
    .into()
}

/// Within a type, fields are in the order in which Go's sort, which is not stable, leaves them. It shows in the
/// quotation marks of a label that is set in several of them.
fn common_labels() -> Vec<FieldSpec> {
    let (later, mut specs): (Vec<_>, Vec<_>) = metadata_labels()
        .into_iter()
        .partition(|spec| matches!(&*spec.gvk.kind, "Job" | "StatefulSet"));
    let (claims, templates): (Vec<_>, Vec<_>) = later
        .into_iter()
        .partition(|spec| spec.path.contains("volumeClaimTemplates"));
    let selectors = [
        ("", "v1", "Service", "spec/selector"),
        ("", "v1", "ReplicationController", "spec/selector"),
        ("", "", "Deployment", "spec/selector/matchLabels"),
        ("", "", "ReplicaSet", "spec/selector/matchLabels"),
        ("", "", "DaemonSet", "spec/selector/matchLabels"),
        ("apps", "", "StatefulSet", "spec/selector/matchLabels"),
    ];
    specs
        .extend(selectors.map(|(group, version, kind, path)| {
            spec(group, version, kind, path, Missing::Created)
        }));
    specs.extend(claims);
    for kind in ["Deployment", "StatefulSet"] {
        for selector in [
            "affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector",
            "affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector",
            "affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector",
            "affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector",
            "topologySpreadConstraints/labelSelector",
        ] {
            let path = format!("{TEMPLATE}/{selector}/matchLabels");
            specs.push(present("apps", kind, &path));
        }
    }
    specs.extend(
        [
            ("batch", "Job", "spec/selector/matchLabels"),
            (
                "batch",
                "CronJob",
                "spec/jobTemplate/spec/selector/matchLabels",
            ),
            ("policy", "PodDisruptionBudget", "spec/selector/matchLabels"),
            (
                "networking.k8s.io",
                "NetworkPolicy",
                "spec/egress/to/podSelector/matchLabels",
            ),
            (
                "networking.k8s.io",
                "NetworkPolicy",
                "spec/ingress/from/podSelector/matchLabels",
            ),
            (
                "networking.k8s.io",
                "NetworkPolicy",
                "spec/podSelector/matchLabels",
            ),
        ]
        .map(|(group, kind, path)| present(group, kind, path)),
    );
    specs.extend(templates);
    specs
}

fn common_annotations() -> Vec<FieldSpec> {
    [
        ("", "", "", "metadata/annotations"),
        (
            "",
            "v1",
            "ReplicationController",
            "spec/template/metadata/annotations",
        ),
        ("", "", "Deployment", "spec/template/metadata/annotations"),
        ("", "", "ReplicaSet", "spec/template/metadata/annotations"),
        ("", "", "DaemonSet", "spec/template/metadata/annotations"),
        ("", "", "StatefulSet", "spec/template/metadata/annotations"),
        ("batch", "", "Job", "spec/template/metadata/annotations"),
        (
            "batch",
            "",
            "CronJob",
            "spec/jobTemplate/metadata/annotations",
        ),
        (
            "batch",
            "",
            "CronJob",
            "spec/jobTemplate/spec/template/metadata/annotations",
        ),
    ]
    .map(|(group, version, kind, path)| spec(group, version, kind, path, Missing::Created))
    .into()
}

fn images() -> Vec<FieldSpec> {
    let images = [
        "containers[]/image",
        "initContainers[]/image",
        "volumes[]/image/reference",
    ];
    let specs = ["spec", TEMPLATE].into_iter().flat_map(|pod| {
        images.map(|image| spec("", "", "", &format!("{pod}/{image}"), Missing::Created))
    });
    specs.collect()
}

fn var_reference() -> Vec<FieldSpec> {
    let mut specs = in_pods(
        &VAR_READERS,
        &[
            "containers/args",
            "containers/command",
            "containers/env/value",
            "containers/volumeMounts/mountPath",
            "initContainers/args",
            "initContainers/command",
            "initContainers/env/value",
            "initContainers/volumeMounts/mountPath",
        ],
    );
    specs.extend(
        [
            (
                "CronJob",
                "spec/jobTemplate/spec/template/volumes/nfs/server",
            ),
            ("DaemonSet", "spec/template/spec/volumes/nfs/server"),
            ("Deployment", "spec/template/spec/volumes/nfs/server"),
            ("Deployment", "spec/template/metadata/annotations"),
            ("Ingress", "spec/rules/host"),
            ("Ingress", "spec/tls/hosts"),
            ("Ingress", "spec/tls/secretName"),
            ("Job", "spec/template/spec/volumes/nfs/server"),
            ("Pod", "spec/volumes/nfs/server"),
            ("ReplicaSet", "spec/template/spec/volumes/nfs/server"),
            ("Service", "spec/ports/port"),
            ("Service", "spec/ports/targetPort"),
            ("StatefulSet", "spec/volumeClaimTemplates/spec/nfs/server"),
            ("PersistentVolume", "spec/nfs/server"),
            ("", "metadata/labels"),
            ("", "metadata/annotations"),
        ]
        .map(|(kind, path)| present("", kind, path)),
    );
    specs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_have_every_entry_of_the_real_ones() {
        let config = config();
        let referrers = config.name_reference.iter();
        let referrers: usize = referrers.map(|reference| reference.referrers.len()).sum();
        let counts = [
            config.namespace.len(),
            config.common_labels.len(),
            config.template_labels.len(),
            config.common_annotations.len(),
            config.images.len(),
            config.replicas.len(),
            config.var_reference.len(),
            config.name_reference.len(),
            referrers,
        ];
        assert_eq!(counts, [3, 32, 10, 9, 6, 4, 72, 16, 166]);
    }

    #[test]
    fn fields_of_one_type_are_in_the_order_of_the_real_program() {
        let mut config = config();
        config.sort();
        for (group, kind, expected) in [
            (
                "",
                "Deployment",
                &["spec/template/metadata/labels", "spec/selector/matchLabels"][..],
            ),
            (
                "batch",
                "Job",
                &["spec/selector/matchLabels", "spec/template/metadata/labels"],
            ),
            (
                "batch",
                "CronJob",
                &[
                    "spec/jobTemplate/metadata/labels",
                    "spec/jobTemplate/spec/template/metadata/labels",
                    "spec/jobTemplate/spec/selector/matchLabels",
                ],
            ),
            (
                "",
                "ReplicationController",
                &["spec/template/metadata/labels", "spec/selector"],
            ),
            (
                "networking.k8s.io",
                "NetworkPolicy",
                &[
                    "spec/egress/to/podSelector/matchLabels",
                    "spec/ingress/from/podSelector/matchLabels",
                    "spec/podSelector/matchLabels",
                ],
            ),
        ] {
            let paths = config.common_labels.iter();
            let paths = paths.filter(|spec| spec.gvk.group == group && spec.gvk.kind == kind);
            assert!(
                paths.map(|spec| &*spec.path).eq(expected.iter().copied()),
                "{kind}"
            );
        }
        let stateful = config
            .common_labels
            .iter()
            .filter(|spec| spec.gvk.kind == "StatefulSet");
        let stateful: Vec<&str> = stateful.map(|spec| &*spec.path).collect();
        let [first, second, .., last] = stateful[..] else {
            panic!("{stateful:?}")
        };
        assert_eq!(
            [first, second, last],
            [
                "spec/selector/matchLabels",
                "spec/volumeClaimTemplates[]/metadata/labels",
                "spec/template/metadata/labels",
            ]
        );
    }
}
