//! `$(NAME)` in texts (api: filters/refvar/expand.go).

use std::borrow::Cow;

use goyaml::float;

use super::VarValue;
use crate::budget::{Budget, OverBudget};

/// A text with its vars replaced.
pub(super) enum Expanded {
    /// The text.
    Text(String),
    /// The value of the var that was the whole text.
    Value(VarValue),
}

/// Replaces vars by what `value` says. Those that it does not know stay. `$$` becomes `$`.
pub(super) fn expand<'v>(
    text: &str,
    budget: &Budget,
    mut value: impl FnMut(&str) -> Option<&'v VarValue>,
) -> Result<Expanded, OverBudget> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        let (before, behind) = rest.split_at(dollar);
        expanded.push_str(before);
        let behind = &behind[1..];
        let mut chars = behind.chars();
        rest = match chars.next() {
            None => {
                expanded.push('$');
                behind
            }
            Some('$') => {
                expanded.push('$');
                chars.as_str()
            }
            Some('(') => match behind.find(')') {
                None => {
                    expanded.push_str("$(");
                    chars.as_str()
                }
                Some(close) => {
                    let name = &behind[1..close];
                    match value(name) {
                        Some(value) if *value != VarValue::Collection => {
                            let is_all = text.len() == name.len() + "$()".len();
                            let shown = shown(value);
                            budget.spend(shown.len())?;
                            if is_all {
                                return Ok(Expanded::Value(value.clone()));
                            }
                            expanded.push_str(&shown);
                        }
                        _ => {
                            expanded.push_str("$(");
                            expanded.push_str(name);
                            expanded.push(')');
                        }
                    }
                    &behind[close + 1..]
                }
            },
            Some(other) => {
                expanded.push('$');
                expanded.push(other);
                chars.as_str()
            }
        };
    }
    expanded.push_str(rest);
    Ok(Expanded::Text(expanded))
}

fn shown(value: &VarValue) -> Cow<'_, str> {
    match value {
        VarValue::Text(text) => text.into(),
        VarValue::Int(number) => number.to_string().into(),
        VarValue::Float(number) => float::general(*number).into(),
        VarValue::Bool(value) => value.to_string().into(),
        VarValue::Collection => "".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vars_are_replaced_and_unknown_ones_kept() {
        for (text, expected) in [
            ("$(A)-$(B)", "a-7"),
            ("x$(NONE)y", "x$(NONE)y"),
            ("$$(A)", "$(A)"),
            ("$$$(A)", "$a"),
            ("$A", "$A"),
            ("$(A", "$(A"),
            ("cost: $", "cost: $"),
            ("$()", "$()"),
            ("$(A))", "a)"),
        ] {
            let (a, b) = (VarValue::Text("a".to_owned()), VarValue::Int(7));
            let expanded = expand(text, &Budget::default(), |name| match name {
                "A" => Some(&a),
                "B" => Some(&b),
                _ => None,
            });
            let Ok(Expanded::Text(expanded)) = expanded else {
                panic!("{text} is more than a var");
            };
            assert_eq!(expanded, expected, "{text}");
        }
    }

    #[test]
    fn a_var_alone_keeps_its_type() {
        let expanded = expand("$(B)", &Budget::default(), |_| Some(&VarValue::Int(7)));
        assert!(matches!(expanded, Ok(Expanded::Value(VarValue::Int(7)))));
    }

    proptest::proptest! {
        #[test]
        fn a_text_without_vars_keeps_all_but_doubled_signs(text in "[a$(){}é]{0,30}") {
            let Ok(Expanded::Text(expanded)) = expand(&text, &Budget::default(), |_| None) else {
                panic!("{text} is a var");
            };
            let without_signs = |text: &str| text.replace('$', "");
            proptest::prop_assert_eq!(without_signs(&expanded), without_signs(&text));
        }
    }
}
