//! Paths into a document, as `sops decrypt --extract` takes them: `["users"][0]["name"]`.

use std::str::FromStr;

use crate::document::{Map, Step, Value};

/// A way to a part of a document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExtractPath {
    steps: Vec<Step>,
}

impl FromStr for ExtractPath {
    type Err = ExtractPathError;

    /// Reads what sops reads (`cmd/sops/main.go`): no key can hold an opening bracket, either quote does, and nothing is
    /// escaped.
    fn from_str(text: &str) -> Result<Self, ExtractPathError> {
        let steps = text.split('[').filter(|part| !part.is_empty()).map(|part| {
            let part = part.strip_suffix(']')?;
            if part.starts_with(['"', '\'']) {
                let mut characters = part.chars();
                characters.next();
                // A quote alone has no end.
                characters.next_back()?;
                return Some(Step::Key(characters.as_str().to_owned()));
            }
            part.strip_prefix('+')
                .unwrap_or(part)
                .parse()
                .ok()
                .map(Step::Index)
        });
        let steps = steps.collect::<Option<Vec<_>>>().ok_or(ExtractPathError)?;
        if steps.is_empty() {
            return Err(ExtractPathError);
        }
        Ok(Self { steps })
    }
}

/// A path that is not of the form `["key"][0]`.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("not of the form [\"key\"][0]")]
pub struct ExtractPathError;

/// What lies at the end of a path.
pub(crate) enum Found<'d> {
    Map(&'d Map),
    Value(&'d Value),
}

impl ExtractPath {
    /// Items of lists are counted with the comments between them, as in sops.
    pub(crate) fn find<'d>(&self, document: &'d Map) -> Option<Found<'d>> {
        let mut at = Found::Map(document);
        for step in &self.steps {
            let next = match (at, step) {
                (Found::Map(map), Step::Key(key)) => map.get(key.as_bytes())?,
                (Found::Value(Value::List(items)), Step::Index(index)) => items.get(*index)?,
                _ => return None,
            };
            at = match next {
                Value::Map(map) => Found::Map(map),
                value => Found::Value(value),
            };
        }
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::ExtractPath;
    use crate::document::Step;

    #[test]
    fn paths_read_as_in_sops() {
        let key = |key: &str| Step::Key(key.to_owned());
        for (text, steps) in [
            (r#"["a"]"#, vec![key("a")]),
            (r#"["a"]['b'][2]"#, vec![key("a"), key("b"), Step::Index(2)]),
            (
                r#"["a.b"][0][1]"#,
                vec![key("a.b"), Step::Index(0), Step::Index(1)],
            ),
            (r#"[""]"#, vec![key("")]),
        ] {
            assert_eq!(text.parse::<ExtractPath>().unwrap().steps, steps, "{text}");
        }
        for text in [
            "",
            "a",
            "[a]",
            r#"["a""#,
            r#"["]"#,
            "[-1]",
            "[0",
            r#"["a"]b"#,
        ] {
            assert!(text.parse::<ExtractPath>().is_err(), "{text}");
        }
    }
}
