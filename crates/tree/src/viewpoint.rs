//! What people call the places of a tree.

use crate::path::TreePath;

/// From where people see a tree: where on disk its root lies, and where they stand.
///
/// A place below where they stand is called by the way from there, any other by its absolute name: either can be
/// opened. Nothing is looked up, so that both directories must be given without links.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Viewpoint {
    root: Box<str>,
    standing: Box<str>,
}

impl Viewpoint {
    /// The view from the directory `standing` of a tree whose root is the directory `root`. Both are absolute names.
    pub fn new(root: &str, standing: &str) -> Self {
        Self {
            root: root.trim_end_matches('/').into(),
            standing: standing.trim_end_matches('/').into(),
        }
    }

    /// What a path is called from here; empty for the directory where people stand.
    pub(crate) fn name(&self, path: &TreePath) -> String {
        let absolute = match path.as_str() {
            "" => self.root.to_string(),
            text => format!("{}/{text}", self.root),
        };
        match below(&absolute, &self.standing) {
            Some(below) => below.to_owned(),
            None if absolute.is_empty() => "/".to_owned(),
            None => absolute,
        }
    }
}

/// The rest of a path below a directory, which can be empty.
fn below<'p>(path: &'p str, directory: &str) -> Option<&'p str> {
    match path.strip_prefix(directory)? {
        "" => Some(""),
        rest => rest.strip_prefix('/'),
    }
}
