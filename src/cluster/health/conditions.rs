//! Checks that take the first condition of `status.conditions` that one of their rules knows.
//!
//! argo-cd: `resource_customizations/<group>/<kind>/health.lua`.

use serde_json::Value;

use super::Health;
use super::Status::{self, Degraded, Healthy, Progressing};
use super::fields::{conditions, is, text, text_if};

/// A kind and what its conditions mean.
pub(super) struct Check {
    group: &'static str,
    kind: &'static str,
    rules: &'static [Rule],
    /// What holds where no condition is known.
    otherwise: (Status, &'static str),
}

/// What a condition of a type and status means.
struct Rule {
    kind: &'static str,
    status: &'static str,
    means: Status,
    message: Message,
}

/// Where the message of an object's health comes from.
enum Message {
    /// The condition's message.
    Own,
    /// The condition's message, else its reason.
    OwnOrReason,
    /// The condition's reason.
    Reason,
    /// This text.
    Fixed(&'static str),
}

use Message::{Fixed, Own, OwnOrReason, Reason};

const fn rule(kind: &'static str, status: &'static str, means: Status, message: Message) -> Rule {
    Rule {
        kind,
        status,
        means,
        message,
    }
}

const READY: &[Rule] = &[
    rule("Ready", "False", Degraded, Own),
    rule("Ready", "True", Healthy, Own),
];

const STRIMZI: &[Rule] = &[
    rule("NotReady", "True", Degraded, Own),
    rule("Ready", "True", Healthy, Fixed("")),
];

const CHECKS: &[Check] = &[
    Check {
        group: "argoproj.io",
        kind: "CronWorkflow",
        rules: &[
            rule("SpecError", "True", Degraded, Own),
            rule("SubmissionError", "True", Degraded, Own),
            rule("Completed", "True", Healthy, Own),
        ],
        otherwise: (Healthy, "CronWorkflow is healthy."),
    },
    Check {
        group: "argoproj.io",
        kind: "EventBus",
        rules: &[
            rule("Deployed", "False", Degraded, OwnOrReason),
            rule("Deployed", "True", Healthy, OwnOrReason),
        ],
        otherwise: (Progressing, "Waiting for initialization"),
    },
    Check {
        group: "bitnami.com",
        kind: "SealedSecret",
        rules: &[
            rule("Synced", "False", Degraded, Own),
            rule("Synced", "True", Healthy, Own),
        ],
        otherwise: (Progressing, "Waiting for Sealed Secret to be decrypted"),
    },
    Check {
        group: "camel.apache.org",
        kind: "Integration",
        rules: READY,
        otherwise: (Progressing, "Waiting for Integration"),
    },
    Check {
        group: "cert-manager.io",
        kind: "ClusterIssuer",
        rules: READY,
        otherwise: (Progressing, "Initializing ClusterIssuer"),
    },
    Check {
        group: "cert-manager.io",
        kind: "Issuer",
        rules: READY,
        otherwise: (Progressing, "Initializing issuer"),
    },
    Check {
        group: "certmanager.k8s.io",
        kind: "Certificate",
        rules: READY,
        otherwise: (Progressing, "Waiting for certificate"),
    },
    Check {
        group: "certmanager.k8s.io",
        kind: "Issuer",
        rules: READY,
        otherwise: (Progressing, "Initializing issuer"),
    },
    Check {
        group: "external-secrets.io",
        kind: "ClusterSecretStore",
        rules: READY,
        otherwise: (Progressing, "Waiting for ClusterSecretStore"),
    },
    Check {
        group: "external-secrets.io",
        kind: "ExternalSecret",
        rules: READY,
        otherwise: (Progressing, "Waiting for ExternalSecret"),
    },
    Check {
        group: "external-secrets.io",
        kind: "PushSecret",
        rules: READY,
        otherwise: (Progressing, "Waiting for PushSecret"),
    },
    Check {
        group: "external-secrets.io",
        kind: "SecretStore",
        rules: READY,
        otherwise: (Progressing, "Waiting for SecretStore"),
    },
    Check {
        group: "kafka.strimzi.io",
        kind: "KafkaBridge",
        rules: STRIMZI,
        otherwise: (Progressing, "Waiting for KafkaBridge"),
    },
    Check {
        group: "kafka.strimzi.io",
        kind: "KafkaConnect",
        rules: STRIMZI,
        otherwise: (Progressing, "Waiting for Kafka Connect"),
    },
    Check {
        group: "kafka.strimzi.io",
        kind: "KafkaConnector",
        rules: STRIMZI,
        otherwise: (Progressing, "Waiting for KafkaConnector"),
    },
    Check {
        group: "kafka.strimzi.io",
        kind: "KafkaTopic",
        rules: STRIMZI,
        otherwise: (Progressing, "Waiting for Kafka Topic"),
    },
    Check {
        group: "kafka.strimzi.io",
        kind: "KafkaUser",
        rules: STRIMZI,
        otherwise: (Progressing, "Waiting for Kafka User"),
    },
    Check {
        group: "karpenter.k8s.aws",
        kind: "EC2NodeClass",
        rules: &[
            rule("Ready", "False", Degraded, Own),
            rule("Ready", "True", Healthy, Fixed("EC2NodeClass is ready")),
        ],
        otherwise: (Progressing, "Waiting for EC2NodeClass to be ready"),
    },
    Check {
        group: "karpenter.sh",
        kind: "NodePool",
        rules: READY,
        otherwise: (Progressing, "Waiting for NodePool to be ready"),
    },
    Check {
        group: "onepassword.com",
        kind: "OnePasswordItem",
        rules: READY,
        otherwise: (Progressing, "Waiting for controller to report status"),
    },
    Check {
        group: "operator.openshift.io",
        kind: "IngressController",
        rules: &[
            rule("Degraded", "True", Degraded, Own),
            rule("DeploymentReplicasAllAvailable", "False", Progressing, Own),
            rule("Progressing", "True", Progressing, Reason),
            rule(
                "Available",
                "True",
                Healthy,
                Fixed("IngressController is available"),
            ),
        ],
        otherwise: (Progressing, "Status of IngressController is not known yet"),
    },
];

/// The check of a kind, if it is one of these.
pub(super) fn check(group: &str, kind: &str) -> Option<&'static Check> {
    CHECKS
        .iter()
        .find(|check| check.group == group && check.kind == kind)
}

impl Check {
    pub(super) fn assess(&self, object: &Value) -> Health {
        for condition in conditions(object).unwrap_or_default() {
            let known = self
                .rules
                .iter()
                .find(|rule| is(condition, rule.kind, rule.status));
            if let Some(rule) = known {
                let message = match rule.message {
                    Own => text(condition, "/message"),
                    OwnOrReason => {
                        text_if(condition, "/message").unwrap_or_else(|| text(condition, "/reason"))
                    }
                    Reason => text(condition, "/reason"),
                    Fixed(message) => message,
                };
                return Health::new(rule.means, message);
            }
        }
        Health::new(self.otherwise.0, self.otherwise.1)
    }
}
