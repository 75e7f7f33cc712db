//! `edit set image` (kustomize: commands/edit/set/setimage.go).

use std::collections::BTreeMap;

use super::EditError;
use crate::kustomization::Image;
use crate::transform::Reference;

/// Stands for what the kustomization says itself.
const KEEP: &str = "*";

/// The images of a kustomization with those in `set` in it, by name.
pub(super) fn set(existing: &[Image], set: &[String]) -> Result<Vec<Image>, EditError> {
    let mut images = BTreeMap::new();
    for text in set {
        let image = parse(text)?;
        images.insert(image.name.clone(), image);
    }
    for image in existing {
        match images.get_mut(&image.name) {
            Some(set) => keep(set, image),
            None => {
                images.insert(image.name.clone(), image.clone());
            }
        }
    }
    for image in images.values_mut() {
        keep(image, &Image::default());
    }
    Ok(images.into_values().collect())
}

fn keep(image: &mut Image, existing: &Image) {
    for (field, existing) in [
        (&mut image.new_name, &existing.new_name),
        (&mut image.new_tag, &existing.new_tag),
        (&mut image.digest, &existing.digest),
    ] {
        if field == KEEP {
            field.clone_from(existing);
            // The real program makes the image anew of its other parts.
            image.tag_suffix.clear();
        }
    }
}

fn parse(text: &str) -> Result<Image, EditError> {
    let refused = || EditError::Image {
        image: text.to_owned(),
    };
    // To the real program this would be a flag.
    if text.starts_with('-') {
        return Err(refused());
    }
    let (key, value) = match text.split_once('=') {
        Some((key, value)) => (key, value),
        None => ("", text),
    };
    let Reference { name, tag, digest } = Reference::parse(value);
    if name == text {
        return Err(refused());
    }
    let (name, new_name) = match key {
        "" => (name, ""),
        key => (key, name),
    };
    Ok(Image {
        name: name.to_owned(),
        new_name: new_name.to_owned(),
        new_tag: tag.to_owned(),
        digest: digest.to_owned(),
        tag_suffix: String::new(),
    })
}
