//! `$patch` in a mapping or in an item of a list.

use goyaml::{Kind, Node};

use super::error::{MergeError, MergeErrorKind};

/// What a patch asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Directive {
    Replace,
    Delete,
    Merge,
}

const KEY: &str = "$patch";

impl Directive {
    fn read(value: &Node) -> Result<Self, MergeError> {
        match &*value.value {
            "replace" => Ok(Self::Replace),
            "delete" => Ok(Self::Delete),
            "merge" => Ok(Self::Merge),
            _ => Err(MergeError::new(
                MergeErrorKind::UnknownDirective,
                value.position,
            )),
        }
    }
}

/// Takes the directive out of a mapping. An unknown one is left there. Anything but a mapping asks for nothing.
pub(super) fn take_from_mapping(patch: &mut Node) -> Result<Directive, MergeError> {
    let Some(value) = patch.get(KEY) else {
        return Ok(Directive::Merge);
    };
    let directive = Directive::read(value)?;
    patch.remove(KEY);
    Ok(directive)
}

/// Takes the directive out of a list, where it is an item of its own. Only the first item that has one counts, and only
/// if it has nothing else. Empty items go with it.
pub(super) fn take_from_sequence(patch: &mut Node) -> Result<Directive, MergeError> {
    let first = patch
        .items()
        .iter()
        .find_map(|item| Some((item, item.get(KEY)?)));
    let Some((_, value)) = first.filter(|(item, _)| item.content.len() <= 2) else {
        return Ok(Directive::Merge);
    };
    let directive = Directive::read(value)?;
    let text = value.value.clone();
    patch.content.retain(|item| {
        let is_empty = item.is_null() || item.kind == Kind::Mapping && item.content.is_empty();
        let is_directive = item.get(KEY).is_some_and(|value| value.value == text);
        !is_empty && !is_directive
    });
    Ok(directive)
}
