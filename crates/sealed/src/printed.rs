//! Objects as kubeseal prints them.

use goyaml::Value;
use goyaml::json::{self, Escape, KeyOrder, Layout};

/// The formats of `kubeseal -o`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Format {
    /// Indented by two, fields in the order of the Go types, a newline at the end.
    #[default]
    Json,
    /// One document behind `---`, keys sorted as `sigs.k8s.io/yaml` sorts them.
    Yaml,
}
