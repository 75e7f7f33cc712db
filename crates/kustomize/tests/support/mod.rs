//! Builds with the library, and readable differences.
// Each test program uses its own part of this module.
#![allow(dead_code)]

use std::path::Path;

use kustomize::{BuildOptions, Built, build};
use tree::{Limits, PlainOpener, Tree, TreePath};

/// What `kustomize build` prints for `directory` in the tree at `root`, or why it is refused.
pub(crate) fn built(
    root: &Path,
    directory: &str,
    options: &BuildOptions,
) -> Result<String, String> {
    let tree = Tree::directory(root, Limits::default()).map_err(|error| error.to_string())?;
    let directory = TreePath::parse(directory).map_err(|error| error.to_string())?;
    let built = build(&tree, &PlainOpener, &directory, options).map_err(|error| chain(&error))?;
    text(&built)
}

/// The text of a build.
pub(crate) fn text(built: &Built) -> Result<String, String> {
    built.to_yaml().map_err(|error| chain(&error))
}

/// An error with all its sources.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

/// The lines at which two texts part, each with what stands around it; `None` where they are equal.
pub(crate) fn difference(expected: &str, actual: &str) -> Option<String> {
    if expected == actual {
        return None;
    }
    let (expected, actual): (Vec<&str>, Vec<&str>) =
        (expected.lines().collect(), actual.lines().collect());
    let same = expected
        .iter()
        .zip(&actual)
        .take_while(|(a, b)| a == b)
        .count();
    let excerpt = |lines: &[&str], sign: char| -> String {
        let end = lines.len().min(same + 6);
        lines
            .get(same..end)
            .unwrap_or_default()
            .iter()
            .map(|line| format!("    {sign}{line}\n"))
            .collect()
    };
    let before: String = expected[same.saturating_sub(4)..same]
        .iter()
        .map(|line| format!("     {line}\n"))
        .collect();
    Some(format!(
        "    at line {}:\n{before}{}{}",
        same + 1,
        excerpt(&expected, '-'),
        excerpt(&actual, '+')
    ))
}
