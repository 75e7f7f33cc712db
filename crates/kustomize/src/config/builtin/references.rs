//! Which fields name objects of which types.

use super::{JOB_TEMPLATE, Missing, PodHolder, TEMPLATE, gvk, holder, in_pods, present, spec};
use crate::config::NameReference;
use crate::kustomization::FieldSpec;

/// The types whose pods read ConfigMaps and Secrets.
const DATA_READERS: [PodHolder; 8] = [
    PodHolder {
        version: "v1",
        kind: "Pod",
        pod: "spec",
    },
    holder("PodTemplate", "template/spec"),
    holder("Deployment", TEMPLATE),
    holder("ReplicaSet", TEMPLATE),
    holder("DaemonSet", TEMPLATE),
    holder("StatefulSet", TEMPLATE),
    holder("Job", TEMPLATE),
    holder("CronJob", JOB_TEMPLATE),
];

/// The types whose pods name accounts, claims and classes.
const NAMERS: [PodHolder; 7] = [
    holder("Pod", "spec"),
    holder("StatefulSet", TEMPLATE),
    holder("Deployment", TEMPLATE),
    holder("ReplicationController", TEMPLATE),
    holder("CronJob", JOB_TEMPLATE),
    holder("Job", TEMPLATE),
    holder("DaemonSet", TEMPLATE),
];

pub(super) fn name_reference() -> Vec<NameReference> {
    let reference = |group, version, kind, referrers| NameReference {
        gvk: gvk(group, version, kind),
        referrers,
    };
    let mut references: Vec<NameReference> = [
        "Deployment",
        "ReplicationController",
        "ReplicaSet",
        "StatefulSet",
    ]
    .map(|kind| {
        let scaler = present("", "HorizontalPodAutoscaler", "spec/scaleTargetRef/name");
        reference("", "", kind, vec![scaler])
    })
    .into();
    references.extend([
        reference("", "v1", "ConfigMap", config_map_referrers()),
        reference("", "v1", "Secret", secret_referrers()),
        reference("", "v1", "Service", service_referrers()),
        reference(
            RBAC,
            "",
            "Role",
            vec![present(RBAC, "RoleBinding", "roleRef/name")],
        ),
        reference(
            RBAC,
            "",
            "ClusterRole",
            ["RoleBinding", "ClusterRoleBinding"]
                .map(|kind| present(RBAC, kind, "roleRef/name"))
                .into(),
        ),
        reference("", "v1", "ServiceAccount", {
            let mut specs: Vec<FieldSpec> = ["RoleBinding", "ClusterRoleBinding"]
                .map(|kind| present(RBAC, kind, "subjects"))
                .into();
            specs.extend(in_pods(&NAMERS, &["serviceAccountName"]));
            specs
        }),
        reference(
            "",
            "v1",
            "PersistentVolumeClaim",
            in_pods(&NAMERS, &["volumes/persistentVolumeClaim/claimName"]),
        ),
        reference(
            "",
            "v1",
            "PersistentVolume",
            vec![
                present("", "PersistentVolumeClaim", "spec/volumeName"),
                present("", "ClusterRole", "rules/resourceNames"),
            ],
        ),
        reference(
            "storage.k8s.io",
            "v1",
            "StorageClass",
            vec![
                present("", "PersistentVolume", "spec/storageClassName"),
                present("", "PersistentVolumeClaim", "spec/storageClassName"),
                present(
                    "",
                    "StatefulSet",
                    "spec/volumeClaimTemplates/spec/storageClassName",
                ),
            ],
        ),
        reference(
            "scheduling.k8s.io",
            "v1",
            "PriorityClass",
            in_pods(&NAMERS, &["priorityClassName"]),
        ),
        // The version stands in the group too, so this entry never applies; upstream has it so.
        reference(
            "networking.k8s.io/v1",
            "v1",
            "IngressClass",
            vec![present("", "Ingress", "spec/ingressClassName")],
        ),
        reference(
            ADMISSION,
            "",
            "ValidatingAdmissionPolicy",
            vec![present(
                ADMISSION,
                "ValidatingAdmissionPolicyBinding",
                "spec/policyName",
            )],
        ),
    ]);
    references
}

const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";

fn config_map_referrers() -> Vec<FieldSpec> {
    let mut specs = in_pods(
        &DATA_READERS,
        &[
            "volumes/configMap/name",
            "containers/env/valueFrom/configMapKeyRef/name",
            "initContainers/env/valueFrom/configMapKeyRef/name",
            "containers/envFrom/configMapRef/name",
            "initContainers/envFrom/configMapRef/name",
            "volumes/projected/sources/configMap/name",
        ],
    );
    specs.extend(
        [
            ("Node", "spec/configSource/configMap"),
            ("Role", "rules/resourceNames"),
            ("ClusterRole", "rules/resourceNames"),
            (
                "Ingress",
                "metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap",
            ),
        ]
        .map(|(kind, path)| present("", kind, path)),
    );
    specs
}

fn secret_referrers() -> Vec<FieldSpec> {
    let mut specs = in_pods(
        &DATA_READERS,
        &[
            "volumes/secret/secretName",
            "containers/env/valueFrom/secretKeyRef/name",
            "initContainers/env/valueFrom/secretKeyRef/name",
            "containers/envFrom/secretRef/name",
            "initContainers/envFrom/secretRef/name",
            "imagePullSecrets/name",
            "volumes/projected/sources/secret/name",
        ],
    );
    specs.extend(
        [
            ("Ingress", "spec/tls/secretName"),
            (
                "Ingress",
                "metadata/annotations/ingress.kubernetes.io\\/auth-secret",
            ),
            (
                "Ingress",
                "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret",
            ),
            (
                "Ingress",
                "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret",
            ),
            ("ServiceAccount", "imagePullSecrets/name"),
            ("StorageClass", "parameters/secretName"),
            ("StorageClass", "parameters/adminSecretName"),
            ("StorageClass", "parameters/userSecretName"),
            ("StorageClass", "parameters/secretRef"),
            ("Role", "rules/resourceNames"),
            ("ClusterRole", "rules/resourceNames"),
        ]
        .map(|(kind, path)| present("", kind, path)),
    );
    specs.push(spec(
        "serving.knative.dev",
        "v1",
        "Service",
        "spec/template/spec/containers/env/valueFrom/secretKeyRef/name",
        Missing::Ignored,
    ));
    specs.push(present("", "PersistentVolume", "spec/azureFile/secretName"));
    specs
}

fn service_referrers() -> Vec<FieldSpec> {
    [
        ("apps", "StatefulSet", "spec/serviceName"),
        ("", "Ingress", "spec/rules/http/paths/backend/serviceName"),
        ("", "Ingress", "spec/backend/serviceName"),
        ("", "Ingress", "spec/rules/http/paths/backend/service/name"),
        ("", "Ingress", "spec/defaultBackend/service/name"),
        ("apiregistration.k8s.io", "APIService", "spec/service/name"),
        (
            ADMISSION,
            "ValidatingWebhookConfiguration",
            "webhooks/clientConfig/service",
        ),
        (
            ADMISSION,
            "MutatingWebhookConfiguration",
            "webhooks/clientConfig/service",
        ),
    ]
    .map(|(group, kind, path)| present(group, kind, path))
    .into()
}
