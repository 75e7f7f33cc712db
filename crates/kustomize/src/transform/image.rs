//! Changes images (api: filters/imagetag, internal/image/image.go).

use std::fmt::Write as _;

use goyaml::{Kind, Node};
use regex::bytes::Regex;

use super::{Field, TransformError};
use crate::budget::Budget;
use crate::fieldspec::{Creation, FieldError};
use crate::kustomization::decode::fields;
use crate::kustomization::{FieldSpec, Image};
use crate::node::{expect_kind, untyped};
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::sharing::assign;

/// Changes name, tag or digest of an image wherever it is used.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ImageTagTransformer {
    /// The image and what becomes of it.
    pub image_tag: Image,
    /// The fields that hold images, besides those of all lists named `containers` and `initContainers`.
    pub field_specs: Vec<FieldSpec>,
}

fields!(ImageTagTransformer {
    "imageTag" => image_tag,
    "fieldSpecs" => field_specs,
});

/// The reference that a name is looked for in.
enum ImageName<'i> {
    /// A name in which nothing but a dot has a meaning, that of any character.
    Dotted(&'i str),
    /// A name that is a regular expression.
    Regex(Regex),
}

/// What stands behind the name of an image.
const REST: &str = "(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$";

impl<'i> ImageName<'i> {
    fn new(name: &'i str) -> Result<Self, TransformError> {
        let plain = |byte: u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/' | b':' | b'.' | b'@')
        };
        if name.bytes().all(plain) {
            return Ok(Self::Dotted(name));
        }
        match goregex::compile(&format!("^{name}{REST}")) {
            Some(regex) => Ok(Self::Regex(regex)),
            None => Err(TransformError::ImageName {
                name: name.to_owned(),
            }),
        }
    }

    fn matches(&self, reference: &str) -> bool {
        match self {
            Self::Regex(regex) => regex.is_match(reference.as_bytes()),
            Self::Dotted(name) => {
                let mut rest = reference.chars();
                name.chars().all(|wanted| match rest.next() {
                    Some(found) => found == wanted || wanted == '.' && found != '\n',
                    None => false,
                }) && is_rest(rest.as_str())
            }
        }
    }
}

/// Whether a text is a tag and a digest, either of which can be missing; see [`REST`].
fn is_rest(text: &str) -> bool {
    let is_part =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'{' | b'}' | b'-');
    let is_digest = |text: &str| {
        text.strip_prefix("@sha256:")
            .is_some_and(|digest| digest.bytes().all(is_part))
    };
    let text = match text.strip_prefix(':') {
        Some(tagged) => {
            tagged.trim_start_matches(|char: char| char.is_ascii() && is_part(char as u8))
        }
        None => text,
    };
    text.is_empty() || is_digest(text)
}

/// A reference to an image, in its parts.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Reference<'r> {
    pub(crate) name: &'r str,
    pub(crate) tag: &'r str,
    pub(crate) digest: &'r str,
}

impl<'r> Reference<'r> {
    pub(crate) fn parse(text: &'r str) -> Self {
        // A colon before the first slash belongs to a host's port.
        let start = text.find('/').unwrap_or_default();
        let at = text[start..].find('@').map(|at| at + start);
        let colon = text[start..].find(':').map(|colon| colon + start);
        let (name_end, digest) = match (colon, at) {
            (None, None) => (text.len(), ""),
            (_, Some(at)) => (
                colon.filter(|colon| *colon < at).unwrap_or(at),
                &text[at + 1..],
            ),
            (Some(colon), None) => (colon, ""),
        };
        let tag = match colon {
            Some(colon) if colon == name_end => &text[colon + 1..at.unwrap_or(text.len())],
            _ => "",
        };
        Self {
            name: &text[..name_end],
            tag,
            digest,
        }
    }
}

impl ImageTagTransformer {
    /// Changes the image in all objects.
    ///
    /// An image that both rules find is changed twice, as in the real program: `tagSuffix` is added twice.
    ///
    /// # Errors
    ///
    /// When the image's name is no pattern, a field is not what it must be, or the budget does not suffice.
    pub fn transform(&self, map: &mut ResMap, budget: &Budget) -> Result<(), TransformError> {
        let name = ImageName::new(&self.image_tag.name)?;
        let fields = Field::all(&self.field_specs);
        for resource in map.iter_mut() {
            if resource.kind() == "CustomResourceDefinition" {
                continue;
            }
            self.change_containers(resource, &name, budget)?;
            let gvk = resource.gvk().into_owned();
            for field in fields.iter().filter(|field| field.is_of(&gvk)) {
                // Images are only ever looked for: nothing says what a missing one would be.
                let changed = field
                    .path
                    .visit(resource.node_mut(), &Creation::Never, |node| {
                        self.change(node, &name, budget)
                    });
                changed.map_err(|source| field.error(resource, source))?;
            }
        }
        map.drop_empty();
        Ok(())
    }

    fn change_containers(
        &self,
        resource: &mut Resource,
        name: &ImageName<'_>,
        budget: &Budget,
    ) -> Result<(), TransformError> {
        let mut rest = vec![resource.node_mut()];
        let mut failed = None;
        'nodes: while let Some(node) = rest.pop() {
            let is_mapping = node.kind == Kind::Mapping;
            if is_mapping {
                for (key, value) in node.entries_mut() {
                    if !matches!(&*key.value, "containers" | "initContainers")
                        || value.kind != Kind::Sequence
                    {
                        continue;
                    }
                    for container in &mut value.content {
                        if let Err(error) = self.change_container(container, name, budget) {
                            failed = Some(error);
                            break 'nodes;
                        }
                    }
                }
            }
            rest.extend(
                node.content
                    .iter_mut()
                    .filter(|child| !child.content.is_empty()),
            );
        }
        match failed {
            None => Ok(()),
            Some(source) => Err(TransformError::Field {
                path: "containers/image".to_owned(),
                id: Box::new(resource.id().into_owned()),
                source,
            }),
        }
    }

    fn change_container(
        &self,
        container: &mut Node,
        name: &ImageName<'_>,
        budget: &Budget,
    ) -> Result<(), FieldError> {
        expect_kind(container, Kind::Mapping)?;
        match container.get_mut("image") {
            Some(image) => self.change(image, name, budget),
            None => Ok(()),
        }
    }

    fn change(
        &self,
        node: &mut Node,
        name: &ImageName<'_>,
        budget: &Budget,
    ) -> Result<(), FieldError> {
        expect_kind(node, Kind::Scalar)?;
        if !name.matches(&node.value) {
            return Ok(());
        }
        let changed = self.changed(&node.value);
        budget.spend(changed.len())?;
        let value = untyped(&changed, node.style);
        assign(node, value);
        Ok(())
    }

    fn changed(&self, text: &str) -> String {
        let image = &self.image_tag;
        let old = Reference::parse(text);
        let suffixed = format!("{}{}", old.tag, image.tag_suffix);
        let (tag, digest) = match (&*image.new_tag, &*image.digest, &*image.tag_suffix) {
            ("", "", "") => (old.tag, old.digest),
            ("", "", _) => (&*suffixed, ""),
            (tag, digest, _) => (tag, digest),
        };
        let mut text = if image.new_name.is_empty() {
            old.name
        } else {
            &image.new_name
        }
        .to_owned();
        if !tag.is_empty() {
            let _infallible = write!(text, ":{tag}");
        }
        if !digest.is_empty() {
            let _infallible = write!(text, "@{digest}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_split_as_the_real_program_does() {
        for (text, name, tag, digest) in [
            ("nginx", "nginx", "", ""),
            ("nginx:1", "nginx", "1", ""),
            ("nginx@sha256:a", "nginx", "", "sha256:a"),
            ("nginx:1@sha256:a", "nginx", "1", "sha256:a"),
            ("host:80/nginx", "host:80/nginx", "", ""),
            ("host:80/nginx:1", "host:80/nginx", "1", ""),
            (
                "host:80/a/nginx:1@sha256:a",
                "host:80/a/nginx",
                "1",
                "sha256:a",
            ),
            ("host:80/nginx@sha256:a", "host:80/nginx", "", "sha256:a"),
        ] {
            assert_eq!(
                Reference::parse(text),
                Reference { name, tag, digest },
                "{text}"
            );
        }
    }

    #[test]
    fn names_are_patterns_with_a_tag_and_a_digest_behind() {
        for (name, reference, matches) in [
            ("nginx", "nginx", true),
            ("nginx", "nginx:", true),
            ("nginx", "nginx:1.2-{x}", true),
            ("nginx", "nginx:1@sha256:abc", true),
            ("nginx", "nginx@sha256:", true),
            ("nginx", "nginx@md5:1", false),
            ("nginx", "nginx:1:2", false),
            ("nginx", "nginx-x:1", false),
            ("nginx", "my/nginx:1", false),
            ("a.b/c", "axb/c", true),
            ("(a|b)/c", "b/c:1", true),
            ("ngin.*", "nginx:1", true),
        ] {
            let compiled = ImageName::new(name).unwrap();
            assert_eq!(compiled.matches(reference), matches, "{name} {reference}");
        }
        assert!(ImageName::new("a(").is_err());
    }
}
