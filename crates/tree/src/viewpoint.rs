//! What people call the places of a tree.

use std::borrow::Cow;

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
    pub(crate) fn name<'p>(&self, path: &'p TreePath) -> Cow<'p, str> {
        let text = path.as_str();
        if let Some(standing) = self.standing.strip_prefix(&*self.root)
            && let Some(below) = text_below(text, standing.trim_start_matches('/'))
            && (standing.is_empty() || standing.starts_with('/'))
        {
            return Cow::Borrowed(below);
        }
        let absolute = match text {
            "" => self.root.to_string(),
            text => format!("{}/{text}", self.root),
        };
        let below =
            text_below(&absolute, &self.standing).map(|below| below.trim_start_matches('/'));
        match below {
            Some(below) if !self.standing.is_empty() => Cow::Owned(below.to_owned()),
            _ if absolute.is_empty() => Cow::Borrowed("/"),
            _ => Cow::Owned(absolute),
        }
    }
}

/// The rest of a path below a directory, which can be empty.
fn text_below<'p>(path: &'p str, directory: &str) -> Option<&'p str> {
    if directory.is_empty() {
        return Some(path);
    }
    match path.strip_prefix(directory)? {
        "" => Some(""),
        rest => rest.strip_prefix('/'),
    }
}
