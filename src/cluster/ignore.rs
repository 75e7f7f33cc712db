//! Differences that an application does not mind: its `ignoreDifferences`.
//!
//! argo-cd: `util/argo/normalizers/diff_normalizer.go`, `util/argo/managedfields/managed_fields.go`, and
//! `normalizeTargetResources` of `controller/sync.go`. Known differences: a group or kind that is not a pattern is an error
//! here, while Argo CD has such a rule match nothing; and where an object's own `managedFields` tell how the items of a list
//! are told apart, [`IgnoreRules::respect`] goes by that, for all kinds (Argo CD merges the lists of built-in kinds by
//! their Go types, and takes whole lists of others from the live object).

mod jq;
mod places;

use globset::{GlobBuilder, GlobMatcher};
use serde::Deserialize;
use serde_json::Value;

use crate::cluster::fields_v1;

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
#[derive(Default)]
pub struct IgnoreRules {
    rules: Vec<Rule>,
}

struct Rule {
    group: Pattern,
    kind: Pattern,
    name: String,
    namespace: String,
    pointers: Vec<Vec<String>>,
    expressions: Vec<jq::Expression>,
    managers: Vec<String>,
}

enum Pattern {
    Text(String),
    Glob(GlobMatcher),
}

/// Why an entry of `ignoreDifferences` cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IgnoreError {
    /// An expression is not jq.
    #[error(
        "ignoreDifferences[{rule}].jqPathExpressions[{entry}]: {expression:?} is not a jq path expression: {cause}"
    )]
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
    #[error("ignoreDifferences[{rule}].{field}: {pattern:?} is not a pattern")]
    Pattern {
        /// The place of the rule in the list.
        rule: usize,
        /// `group` or `kind`.
        field: &'static str,
        /// The pattern.
        pattern: String,
    },
}

impl IgnoreError {
    /// What failed, as a word that does not change.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Expression { .. } => "ignore-expression-invalid",
            Self::Pattern { .. } => "ignore-pattern-invalid",
        }
    }
}

/// A rule that could not be used on an object, to be told to a person. Carries no value of the object.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct IgnoreWarning {
    /// The place of the rule in the list.
    pub rule: usize,
    /// The place in the rule's `jqPathExpressions`.
    pub entry: usize,
    /// What happened.
    pub reason: IgnoreFailure,
}

/// Why an expression did nothing to an object.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum IgnoreFailure {
    /// It took longer than a second, or more memory than an object warrants.
    Exhausted,
    /// It ended with an error of its own: often that the object has nothing to iterate over at a place.
    Failed,
}

impl IgnoreRules {
    /// Compiles the entries of an application.
    pub fn compile(differences: &[IgnoreDifference]) -> Result<Self, IgnoreError> {
        let rules = differences
            .iter()
            .enumerate()
            .map(|(place, difference)| Rule::compile(place, difference))
            .collect::<Result<_, _>>()?;
        Ok(Self { rules })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Removes what is ignored by pointers and expressions from one object.
    pub fn remove_from(&self, object: &mut Value) -> Vec<IgnoreWarning> {
        let mut warnings = Vec::new();
        for (place, rule) in self.matching(object) {
            for pointer in &rule.pointers {
                places::remove_pointer(object, pointer);
            }
            for (entry, expression) in rule.expressions.iter().enumerate() {
                match expression.paths(object) {
                    Ok(paths) => places::remove_paths(object, &paths),
                    Err(reason) => warnings.push(IgnoreWarning {
                        rule: place,
                        entry,
                        reason,
                    }),
                }
            }
        }
        warnings
    }

    /// Removes what is ignored from both sides of a comparison. `live` and `other` (a target, or a prediction) still have
    /// what [`normalise`](crate::cluster::normalise::normalise) drops, as managers are looked up in the live `managedFields`.
    ///
    /// Fields of managers go where both sides have them and differ.
    pub fn remove_from_both(&self, live: &mut Value, other: &mut Value) -> Vec<IgnoreWarning> {
        let managers: Vec<&str> = self
            .matching(live)
            .flat_map(|(_, rule)| rule.managers.iter().map(String::as_str))
            .collect();
        if !managers.is_empty() {
            let owned = fields_v1::owned_by(live, |manager| managers.contains(&manager));
            fields_v1::remove_differing(&owned, live, other);
        }
        let mut warnings = self.remove_from(live);
        for warning in self.remove_from(other) {
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
        warnings
    }

    /// A target with the live values of what is ignored (`RespectIgnoreDifferences=true`): so applying it leaves those alone.
    pub fn respect(&self, target: &Value, live: &Value) -> (Value, Vec<IgnoreWarning>) {
        if self.matching(live).next().is_none() {
            return (target.clone(), Vec::new());
        }
        let mut without = live.clone();
        let mut respected = target.clone();
        let warnings = self.remove_from_both(&mut without, &mut respected);
        let lists = fields_v1::owned_by(live, |_| true);
        places::restore(&mut respected, &without, live, Some(&lists));
        (respected, warnings)
    }

    fn matching(&self, object: &Value) -> impl Iterator<Item = (usize, &Rule)> + use<'_> {
        let text = |pointer: &str| {
            let text = object.pointer(pointer).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let api_version = text("/apiVersion");
        let group = api_version
            .split_once('/')
            .map_or_else(String::new, |(group, _)| group.to_owned());
        let (kind, name, namespace) = (
            text("/kind"),
            text("/metadata/name"),
            text("/metadata/namespace"),
        );
        self.rules.iter().enumerate().filter(move |(_, rule)| {
            rule.group.matches(&group)
                && rule.kind.matches(&kind)
                && (rule.name.is_empty() || rule.name == name)
                && (rule.namespace.is_empty() || rule.namespace == namespace)
        })
    }
}

impl Rule {
    fn compile(place: usize, difference: &IgnoreDifference) -> Result<Self, IgnoreError> {
        let expressions = difference
            .jq_path_expressions
            .iter()
            .enumerate()
            .map(|(entry, expression)| {
                jq::Expression::compile(expression).map_err(|cause| IgnoreError::Expression {
                    rule: place,
                    entry,
                    expression: expression.clone(),
                    cause,
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            group: Pattern::compile(place, "group", &difference.group)?,
            kind: Pattern::compile(place, "kind", &difference.kind)?,
            name: difference.name.clone(),
            namespace: difference.namespace.clone(),
            pointers: difference
                .json_pointers
                .iter()
                .map(|pointer| places::read_pointer(pointer))
                .collect(),
            expressions,
            managers: difference.managed_fields_managers.clone(),
        })
    }
}

impl Pattern {
    fn compile(rule: usize, field: &'static str, pattern: &str) -> Result<Self, IgnoreError> {
        if !pattern.contains(['*', '?', '[', ']', '{', '}', '\\']) {
            return Ok(Self::Text(pattern.to_owned()));
        }
        GlobBuilder::new(pattern)
            .backslash_escape(true)
            .empty_alternates(true)
            .build()
            .map(|glob| Self::Glob(glob.compile_matcher()))
            .map_err(|_| IgnoreError::Pattern {
                rule,
                field,
                pattern: pattern.to_owned(),
            })
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Text(own) => own == text,
            Self::Glob(glob) => glob.is_match(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use serde_json::json;

    use super::*;

    fn deployment() -> Value {
        json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop", "annotations": {"a/b": "1", "c": "2"}},
            "spec": {
                "replicas": 3,
                "template": {"spec": {"containers": [
                    {"name": "web", "image": "web:1"},
                    {"name": "proxy", "image": "proxy:1"},
                ]}},
            },
        })
    }

    fn expressions(expressions: &[&str]) -> IgnoreRules {
        IgnoreRules::compile(&[IgnoreDifference {
            group: "apps".to_owned(),
            kind: "*".to_owned(),
            jq_path_expressions: expressions.iter().map(|&text| text.to_owned()).collect(),
            ..IgnoreDifference::default()
        }])
        .unwrap()
    }

    #[test]
    fn endless_and_greedy_programs_end_in_time_and_change_nothing() {
        let programs = [
            "def f: f; f",
            "def f: .., f; f",
            "repeat(.)",
            "until(false; .)",
            "last(range(1e18))",
            "[range(1e18)] | .[0]",
            "[range(1e18)?] | .[0]",
            "first(range(1e18) | select(. < 0))",
            "[repeat(1)] | .[0]",
            "def f: try f catch f; f",
            "def f: [f]; f",
            "def f: 1 + f; f",
            "def f: (f // f); f",
            "select((\"x\" * 1e12) == .a)",
            "select((1e12 * \"x\") == .a)",
            "reduce range(100) as $i (\"x\"; . + .)",
            "reduce range(100) as $i (\"x\"; . *= 2)",
            "reduce range(100) as $i ([0]; [., .]) | select(. == 1)",
            "[limit(1000000000; repeat(\"xxxxxxxxxxxxxxxx\"))] | select(. == 1)",
            "[.. | .. | .. | .. | .. | .. | .. | .. | .. | .. | .. | ..] | .[0]",
            "reduce range(1000000) as $i (7; . * .)",
        ];
        for program in programs {
            let rules = expressions(&[program]);
            let mut object = deployment();
            let begin = Instant::now();
            let warnings = rules.remove_from(&mut object);
            assert!(begin.elapsed() < Duration::from_secs(8), "{program}");
            assert_eq!(warnings.len(), 1, "{program}");
            assert_eq!(object, deployment(), "{program}");
        }
    }

    #[test]
    fn a_program_that_is_not_jq_names_its_rule() {
        let difference = |expression: &str| IgnoreDifference {
            kind: "Secret".to_owned(),
            jq_path_expressions: vec![".data".to_owned(), expression.to_owned()],
            ..IgnoreDifference::default()
        };
        let nested = "[".repeat(16_000);
        for expression in [".a[", "nothing(.a)", "$nothing", "env(1)", ".a b", &nested] {
            let rules = [IgnoreDifference::default(), difference(expression)];
            let error = IgnoreRules::compile(&rules).err().unwrap().to_string();
            assert!(
                error.starts_with("ignoreDifferences[1].jqPathExpressions[1]: "),
                "{error}"
            );
        }
    }

    #[test]
    fn the_environment_is_out_of_reach() {
        let rules = expressions(&["select(env.PATH == null) | .spec.replicas"]);
        let mut object = deployment();
        assert_eq!(rules.remove_from(&mut object), []);
        assert_eq!(object.pointer("/spec/replicas"), None);
        assert!(
            IgnoreRules::compile(&[IgnoreDifference {
                jq_path_expressions: vec!["$ENV.PATH".to_owned()],
                ..IgnoreDifference::default()
            }])
            .is_err()
        );
    }

    #[test]
    fn live_values_of_ignored_fields_are_taken_into_the_target() {
        let rules = IgnoreRules::compile(&[IgnoreDifference {
            group: "apps".to_owned(),
            kind: "Deployment".to_owned(),
            json_pointers: vec![
                "/spec/replicas".to_owned(),
                "/metadata/annotations/a~1b".to_owned(),
            ],
            jq_path_expressions: vec![
                ".spec.template.spec.containers[] | select(.name == \"proxy\") | .image".to_owned(),
            ],
            ..IgnoreDifference::default()
        }])
        .unwrap();
        let mut live = deployment();
        live["spec"]["replicas"] = json!(7);
        live["metadata"]["managedFields"] = json!([{"manager": "m", "fieldsV1": {"f:spec": {"f:template": {"f:spec":
            {"f:containers": {"k:{\"name\":\"web\"}": {}, "k:{\"name\":\"proxy\"}": {}}}}}}}]);
        live["spec"]["template"]["spec"]["containers"] = json!([
            {"name": "proxy", "image": "proxy:live"},
            {"name": "web", "image": "web:live"},
        ]);
        let mut target = deployment();
        target["metadata"]
            .as_object_mut()
            .unwrap()
            .shift_remove("annotations");
        let (respected, warnings) = rules.respect(&target, &live);
        assert_eq!(warnings, []);
        let mut wanted = target;
        wanted["spec"]["replicas"] = json!(7);
        wanted["metadata"]["annotations"] = json!({"a/b": "1"});
        wanted["spec"]["template"]["spec"]["containers"][1]["image"] = json!("proxy:live");
        assert_eq!(respected, wanted);
    }
}
