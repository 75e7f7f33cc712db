//! Scopes: how far a sealed value may travel.
//!
//! The scope decides the RSA-OAEP label, so a value sealed for one place does not open in another.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Marks an object whose values open under any name of its namespace.
pub const NAMESPACE_WIDE_ANNOTATION: &str = "sealedsecrets.bitnami.com/namespace-wide";
/// Marks an object whose values open anywhere in the cluster.
pub const CLUSTER_WIDE_ANNOTATION: &str = "sealedsecrets.bitnami.com/cluster-wide";

/// Where a sealed value opens.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Scope {
    /// Under one name in one namespace.
    #[default]
    Strict,
    /// Under any name in one namespace.
    NamespaceWide,
    /// Everywhere.
    ClusterWide,
}

impl Scope {
    /// The scope that annotations ask for; strict when they ask for none, cluster-wide when they ask for both.
    pub fn of_annotations<'a>(annotations: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self::stated_by(annotations).unwrap_or_default()
    }

    /// The scope that annotations ask for in so many words, if they do.
    pub(crate) fn stated_by<'a>(
        annotations: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Option<Self> {
        let mut stated = None;
        for (key, value) in annotations {
            match (key, value) {
                (CLUSTER_WIDE_ANNOTATION, "true") => return Some(Self::ClusterWide),
                (NAMESPACE_WIDE_ANNOTATION, "true") => stated = Some(Self::NamespaceWide),
                _ => {}
            }
        }
        stated
    }

    /// The annotation that states this scope; strict needs none.
    pub const fn annotation(self) -> Option<&'static str> {
        match self {
            Self::Strict => None,
            Self::NamespaceWide => Some(NAMESPACE_WIDE_ANNOTATION),
            Self::ClusterWide => Some(CLUSTER_WIDE_ANNOTATION),
        }
    }

    /// The RSA-OAEP label of values sealed in this scope for the object `namespace`/`name`.
    pub fn label(self, namespace: &str, name: &str) -> Vec<u8> {
        match self {
            Self::Strict => format!("{namespace}/{name}").into_bytes(),
            Self::NamespaceWide => namespace.as_bytes().to_vec(),
            Self::ClusterWide => Vec::new(),
        }
    }

    /// The name of the scope, as `kubeseal --scope` takes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::NamespaceWide => "namespace-wide",
            Self::ClusterWide => "cluster-wide",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no [`Scope`].
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("unknown scope, known are strict, namespace-wide and cluster-wide")]
pub struct UnknownScope;

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        [Self::Strict, Self::NamespaceWide, Self::ClusterWide]
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .ok_or(UnknownScope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_decide_and_cluster_wide_wins() {
        for (annotations, scope, label) in [
            (&[][..], Scope::Strict, "ns/app"),
            (
                &[(NAMESPACE_WIDE_ANNOTATION, "true")],
                Scope::NamespaceWide,
                "ns",
            ),
            (&[(CLUSTER_WIDE_ANNOTATION, "true")], Scope::ClusterWide, ""),
            (
                &[
                    (NAMESPACE_WIDE_ANNOTATION, "true"),
                    (CLUSTER_WIDE_ANNOTATION, "true"),
                ],
                Scope::ClusterWide,
                "",
            ),
            (
                &[(CLUSTER_WIDE_ANNOTATION, "false")],
                Scope::Strict,
                "ns/app",
            ),
            (
                &[(CLUSTER_WIDE_ANNOTATION, "True")],
                Scope::Strict,
                "ns/app",
            ),
        ] {
            let read = Scope::of_annotations(annotations.iter().copied());
            assert_eq!(read, scope, "{annotations:?}");
            assert_eq!(read.label("ns", "app"), label.as_bytes());
        }
    }

    #[test]
    fn names_are_read_back() {
        for scope in [Scope::Strict, Scope::NamespaceWide, Scope::ClusterWide] {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
        assert_eq!("Strict".parse::<Scope>(), Err(UnknownScope));
    }
}
