//! Transformers, name references, replacements and vars on objects given as text. What the real program makes of whole
//! kustomizations is compared elsewhere; here is what each part does by itself.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod fields;
mod references;
mod values;

use std::fmt::Write as _;
use std::sync::Arc;

use goyaml::Node;
use kustomize::Budget;
use kustomize::output;
use kustomize::resmap::ResMap;
use kustomize::resource::Resource;
use kustomize::schema::Schema;
use kustomize::transform::{Affix, NameTransformer};

/// The objects of a text.
#[track_caller]
fn objects(text: &str) -> ResMap {
    let schema = Arc::new(Schema::default());
    goyaml::parse(text.as_bytes())
        .unwrap()
        .into_iter()
        .map(|document| Resource::new(document.root, Arc::clone(&schema)))
        .collect()
}

/// The objects as text, without what the build notes on them.
#[track_caller]
fn text(mut map: ResMap) -> String {
    for resource in &mut map {
        resource.remove_build_annotations().unwrap();
    }
    output::yaml(map.as_slice()).unwrap()
}

/// The texts of the fields that a path leads to, in all objects; of a list, those of all its items.
fn found(map: &ResMap, path: &str) -> String {
    let mut found = String::new();
    for resource in map {
        let mut nodes = vec![resource.node()];
        for part in path.split('/') {
            nodes = nodes
                .into_iter()
                .flat_map(|node| {
                    if node.items().is_empty() {
                        std::slice::from_ref(node)
                    } else {
                        node.items()
                    }
                })
                .filter_map(|node| node.get(part))
                .collect();
        }
        for node in nodes {
            write_texts(&mut found, node);
        }
    }
    found.trim_end().to_owned()
}

fn write_texts(out: &mut String, node: &Node) {
    if node.content.is_empty() {
        write!(out, "{} ", node.value).unwrap();
    }
    for child in &node.content {
        write_texts(out, child);
    }
}

fn prefix(map: &mut ResMap, prefix: &str) {
    let config = kustomize::config::TransformerConfig::builtin();
    let transformer = NameTransformer {
        affix: Affix::Prefix,
        text: prefix.to_owned(),
        field_specs: config.name_prefix.clone(),
    };
    transformer.transform(map, &Budget::default()).unwrap();
}
