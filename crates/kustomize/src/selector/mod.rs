//! Chooses objects by patterns of their ids and by labels and annotations (api: types/selector.go).

mod label;

use std::collections::BTreeMap;

use regex::bytes::Regex;
use thiserror::Error;

use crate::id::{Gvk, ResId};
use crate::kustomization::Selector;
use crate::resource::Resource;

pub use label::{LabelSelector, LabelSelectorError};

/// A selector cannot be used.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum SelectorError {
    /// A part of the id is no regular expression.
    #[error("the selector's {part} is not a valid regular expression")]
    Pattern {
        /// The part.
        part: &'static str,
    },
    /// The label selector cannot be read.
    #[error("labelSelector")]
    Labels(#[source] LabelSelectorError),
    /// The annotation selector cannot be read.
    #[error("annotationSelector")]
    Annotations(#[source] LabelSelectorError),
}

impl SelectorError {
    /// A stable name for the kind of error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Pattern { .. } => "invalid-selector-pattern",
            Self::Labels(_) => "invalid-label-selector",
            Self::Annotations(_) => "invalid-annotation-selector",
        }
    }
}

/// A regular expression that must match the whole of a text. An empty one matches all.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// Any text.
    Any,
    /// This text: most patterns are names.
    Literal(String),
    /// What begins with this text, `name.*`: most other patterns, and a class of all characters is dear to compile.
    Prefix(String),
    /// What the expression says.
    Regex(Regex),
}

impl Pattern {
    /// Reads a pattern. `part` names it in errors.
    ///
    /// # Errors
    ///
    /// When it is not a regular expression.
    pub fn new(text: &str, part: &'static str) -> Result<Self, SelectorError> {
        if text.is_empty() {
            return Ok(Self::Any);
        }
        if is_literal(text) {
            return Ok(Self::Literal(text.to_owned()));
        }
        if let Some(prefix) = text.strip_suffix(".*").filter(|prefix| is_literal(prefix)) {
            return Ok(Self::Prefix(prefix.to_owned()));
        }
        goregex::compile(&format!("^(?:{text})$"))
            .map(Self::Regex)
            .ok_or(SelectorError::Pattern { part })
    }

    /// Whether the text is one that the pattern means.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Literal(literal) => literal == text,
            // A point is any character but the end of a line.
            Self::Prefix(prefix) => text
                .strip_prefix(&**prefix)
                .is_some_and(|rest| !rest.contains('\n')),
            Self::Regex(regex) => regex.is_match(text.as_bytes()),
        }
    }
}

/// Whether no character of the text has a meaning of its own in a regular expression.
pub(crate) fn is_literal(text: &str) -> bool {
    text.bytes().all(|byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/' | b':' | b',')
    })
}

/// The parts of an id as patterns.
#[derive(Clone, Debug)]
pub struct IdPattern {
    group: Pattern,
    version: Pattern,
    kind: Pattern,
    name: Pattern,
    namespace: Pattern,
}

impl IdPattern {
    /// The patterns of a selector's id.
    ///
    /// # Errors
    ///
    /// When one is not a regular expression.
    pub fn new(selector: &Selector) -> Result<Self, SelectorError> {
        Ok(Self {
            group: Pattern::new(&selector.gvk.group, "group")?,
            version: Pattern::new(&selector.gvk.version, "version")?,
            kind: Pattern::new(&selector.gvk.kind, "kind")?,
            name: Pattern::new(&selector.name, "name")?,
            namespace: Pattern::new(&selector.namespace, "namespace")?,
        })
    }

    /// Whether the type is one that is meant.
    pub fn matches_gvk(&self, gvk: &Gvk<'_>) -> bool {
        self.kind.matches(&gvk.kind)
            && self.group.matches(&gvk.group)
            && self.version.matches(&gvk.version)
    }

    /// Whether the name is one that is meant.
    pub fn matches_name(&self, name: &str) -> bool {
        self.name.matches(name)
    }

    /// Whether the namespace is one that is meant.
    pub fn matches_namespace(&self, namespace: &str) -> bool {
        self.namespace.matches(namespace)
    }

    /// Whether the id is one that is meant. The namespace counts as it is written.
    pub fn matches(&self, id: &ResId<'_>) -> bool {
        self.matches_name(&id.name)
            && self.matches_gvk(&id.gvk)
            && self.matches_namespace(&id.namespace)
    }
}

/// A selector, read once and used often.
#[derive(Clone, Debug)]
pub struct CompiledSelector {
    id: IdPattern,
    labels: LabelSelector,
    annotations: LabelSelector,
}

impl CompiledSelector {
    /// Reads a selector.
    ///
    /// # Errors
    ///
    /// When a part is not what it must be.
    pub fn new(selector: &Selector) -> Result<Self, SelectorError> {
        Ok(Self {
            id: IdPattern::new(selector)?,
            labels: LabelSelector::parse(&selector.label_selector)
                .map_err(SelectorError::Labels)?,
            annotations: LabelSelector::parse(&selector.annotation_selector)
                .map_err(SelectorError::Annotations)?,
        })
    }

    /// The patterns of the id.
    pub fn id(&self) -> &IdPattern {
        &self.id
    }

    /// Whether the object's labels and annotations are as they must be.
    pub fn matches_metadata(&self, resource: &Resource) -> bool {
        let with = |selector: &LabelSelector, map: fn(&Resource) -> BTreeMap<String, String>| {
            selector.is_empty() || selector.matches(&map(resource))
        };
        with(&self.annotations, Resource::annotations) && with(&self.labels, Resource::labels)
    }

    /// Whether a patch with this target is for the object. Name and namespace count as they were at first, or as they
    /// are (api: resmap/reswrangler.go).
    pub fn selects(&self, resource: &Resource) -> bool {
        let now = resource.id();
        if !self.id.matches_gvk(&now.gvk) {
            return false;
        }
        let first = resource.original_id();
        (self.id.matches_name(&now.name) || self.id.matches_name(&first.name))
            && (self.id.matches_namespace(now.effective_namespace())
                || self.id.matches_namespace(first.effective_namespace()))
            && self.matches_metadata(resource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_the_whole_text() {
        for (pattern, text, matches) in [
            ("", "anything", true),
            ("web", "web", true),
            ("web", "web-1", false),
            ("web.*", "web-1", true),
            ("web.*", "web", true),
            ("web.*", "a-web-1", false),
            ("web.*", "web-\n", false),
            (".*", "web", true),
            (".*", "a\nb", false),
            ("w.*b", "web", true),
            ("a|b", "b", true),
            ("a|b", "ab", false),
            ("w.b", "web", true),
            (r"\${NAME}-x", "${NAME}-x", true),
        ] {
            let compiled = Pattern::new(pattern, "name").unwrap();
            assert_eq!(compiled.matches(text), matches, "{pattern} {text}");
        }
        assert!(Pattern::new("(", "name").is_err());
    }
}
