//! Differences that an application does not mind: its `ignoreDifferences`.
//!
//! argo-cd: `util/argo/normalizers/diff_normalizer.go`, `util/argo/managedfields/managed_fields.go`.

use serde::Deserialize;
use serde_json::Value;

/// One entry of `ignoreDifferences`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct IgnoreDifference {
    /// The API group, a glob.
    pub group: String,
    /// The kind, a glob.
    pub kind: String,
    /// The name; any where empty.
    pub name: String,
    /// The namespace; any where empty.
    pub namespace: String,
    /// Places by RFC 6901.
    pub json_pointers: Vec<String>,
    /// Places by jq.
    pub jq_path_expressions: Vec<String>,
    /// Fields that these managers own.
    pub managed_fields_managers: Vec<String>,
}

/// Compiled entries of `ignoreDifferences`.
#[derive(Debug, Default)]
pub struct IgnoreRules {
    differences: Vec<IgnoreDifference>,
}

/// Why an entry of `ignoreDifferences` cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IgnoreError {
    /// A JSON pointer that is not empty does not begin with a slash.
    #[error("ignoreDifferences[{rule}].jsonPointers[{entry}]: {pointer:?} is not a JSON pointer")]
    Pointer {
        /// The place of the rule in the list.
        rule: usize,
        /// The place in the rule.
        entry: usize,
        /// The pointer.
        pointer: String,
    },
    /// An expression is not jq.
    #[error("ignoreDifferences[{rule}].jqPathExpressions[{entry}]: {expression:?} is not a jq path expression: {cause}")]
    Expression {
        /// The place of the rule in the list.
        rule: usize,
        /// The place in the rule.
        entry: usize,
        /// The expression.
        expression: String,
        /// What is wrong with it.
        cause: String,
    },
    /// A group or kind is not a glob.
    #[error("ignoreDifferences[{rule}]: {pattern:?} is not a pattern")]
    Pattern {
        /// The place of the rule in the list.
        rule: usize,
        /// The pattern.
        pattern: String,
    },
}

/// A rule that could not be used on an object, to be told to a person. Carries no value of the object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IgnoreWarning {
    /// The place of the rule in the list.
    pub rule: usize,
    /// The place in the rule's `jqPathExpressions`.
    pub entry: usize,
    /// What happened.
    pub reason: IgnoreFailure,
}

/// Why an expression did nothing to an object.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum IgnoreFailure {
    /// It took longer than a second, or more memory than an object warrants.
    Exhausted,
    /// It ended with an error of its own.
    Failed,
    /// It gave no object, or several.
    NotOneObject,
}

impl IgnoreRules {
    /// Compiles the entries of an application.
    pub fn compile(differences: &[IgnoreDifference]) -> Result<Self, IgnoreError> {
        Ok(Self {
            differences: differences.to_vec(),
        })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.differences.is_empty()
    }

    /// Removes what is ignored by pointers and expressions from one object.
    pub fn remove_from(&self, object: &mut Value) -> Vec<IgnoreWarning> {
        let _ = object;
        Vec::new()
    }

    /// Removes what is ignored from both sides of a comparison. `live` and `other` (a target, or a prediction) still have
    /// what [`normalise`](crate::cluster::normalise::normalise) drops, as managers are looked up in the live `managedFields`.
    pub fn remove_from_both(&self, live: &mut Value, other: &mut Value) -> Vec<IgnoreWarning> {
        let _ = (live, other);
        Vec::new()
    }

    /// A target with the live values of what is ignored (`RespectIgnoreDifferences=true`).
    pub fn respect(&self, target: &Value, live: &Value) -> (Value, Vec<IgnoreWarning>) {
        let _ = live;
        (target.clone(), Vec::new())
    }
}
