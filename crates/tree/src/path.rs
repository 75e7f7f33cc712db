//! Paths that cannot leave their tree.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::viewpoint::Viewpoint;

/// Longest path in bytes: `PATH_MAX` of Linux without its terminating zero.
const MAX_LEN: usize = 4095;

/// A place inside a tree, in normal form: components joined by single slashes, without `.`, `..`, a leading or
/// trailing slash, or a zero byte. The root is the empty path.
///
/// `..` is resolved against the text, as `path.Clean` of Go does it for every tool that this project stands in for:
/// `link/../x` is `x`, wherever `link` points.
///
/// Paths are ordered component by component, which is the order of a depth-first walk with sorted names (`a/b` comes
/// before `a.yaml`), and of Go's `filepath.Walk`.
///
/// A path can know from where it is seen ([`seen_from`](Self::seen_from)), which says how it is shown and nothing else:
/// it is equal to one that is seen from elsewhere. Paths that are made of it are seen from the same place.
#[derive(Clone, Debug, Default)]
pub struct TreePath {
    text: Box<str>,
    viewpoint: Option<Arc<Viewpoint>>,
}

impl TreePath {
    /// The root of a tree.
    pub fn root() -> Self {
        Self::default()
    }

    /// The path, to be shown as it is called from there.
    #[must_use]
    pub fn seen_from(mut self, viewpoint: Arc<Viewpoint>) -> Self {
        self.viewpoint = Some(viewpoint);
        self
    }

    /// The root, seen from where this path is seen.
    pub(crate) fn root_of_view(&self) -> Self {
        self.with_text("")
    }

    /// Another path, seen from where this one is seen.
    fn with_text(&self, text: impl Into<Box<str>>) -> Self {
        Self {
            text: text.into(),
            viewpoint: self.viewpoint.clone(),
        }
    }

    /// The place that `reference` names from the root.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join).
    pub fn parse(reference: &str) -> Result<Self, PathError> {
        Self::root().join(reference)
    }

    /// The place that `reference` names from this directory.
    ///
    /// # Errors
    ///
    /// When `reference` is empty, absolute, contains a zero byte, leads out of the tree, or makes a path of more than
    /// 4095 bytes.
    pub fn join(&self, reference: &str) -> Result<Self, PathError> {
        if reference.is_empty() {
            return Err(PathError::Empty);
        }
        if reference.starts_with('/') {
            return Err(PathError::Absolute {
                reference: Reference::new(reference),
            });
        }
        if reference.contains('\0') {
            return Err(PathError::ZeroByte {
                reference: Reference::new(reference),
            });
        }
        let mut joined = String::with_capacity(self.text.len() + 1 + reference.len());
        joined.push_str(&self.text);
        for component in reference.split('/') {
            match component {
                "" | "." => {}
                ".." if joined.is_empty() => {
                    return Err(PathError::LeavesRoot {
                        reference: Reference::new(reference),
                    });
                }
                ".." => joined.truncate(joined.rfind('/').unwrap_or_default()),
                name => push(&mut joined, name),
            }
        }
        if joined.len() > MAX_LEN {
            return Err(PathError::TooLong {
                reference: Reference::new(reference),
            });
        }
        Ok(self.with_text(joined))
    }

    /// The path with `name`, the name of one entry of this directory, added.
    pub(crate) fn child(&self, name: &str) -> Self {
        let mut path = String::with_capacity(self.text.len() + 1 + name.len());
        path.push_str(&self.text);
        push(&mut path, name);
        self.with_text(path)
    }

    /// The path as text; empty for the root.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.text.is_empty()
    }

    /// The components from the root down; none for the root.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.text
            .split('/')
            .filter(|component| !component.is_empty())
    }

    /// The directory that holds this entry; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        let parent = self.text.rsplit_once('/');
        Some(self.with_text(parent.map_or("", |(parent, _)| parent)))
    }

    /// The last component; `None` for the root.
    pub fn file_name(&self) -> Option<&str> {
        self.components().next_back()
    }

    /// The text after the last dot of the file name, as `filepath.Ext` of Go has it but without the dot: `yaml` for
    /// `a.b.yaml` and for `.yaml`.
    pub fn extension(&self) -> Option<&str> {
        self.file_name()?
            .rsplit_once('.')
            .map(|(_, extension)| extension)
    }

    /// Whether this path is `directory` or lies below it.
    pub fn starts_with(&self, directory: &Self) -> bool {
        self.relative_to(directory).is_some()
    }

    /// The rest of this path below `directory`: empty when they are equal, `None` when it does not lie there.
    pub fn relative_to(&self, directory: &Self) -> Option<&str> {
        if directory.is_root() {
            return Some(&self.text);
        }
        match self.text.strip_prefix(&*directory.text)? {
            "" => Some(""),
            rest => rest.strip_prefix('/'),
        }
    }
}

impl PartialEq for TreePath {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for TreePath {}

impl Hash for TreePath {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl Ord for TreePath {
    fn cmp(&self, other: &Self) -> Ordering {
        self.components().cmp(other.components())
    }
}

impl PartialOrd for TreePath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Shows the path from the root of the tree, or as it is called from where it is seen. The root, or the place from where it
/// is seen, is `.`. Control characters are escaped: a file name must not be able to drive a terminal.
impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = match &self.viewpoint {
            Some(viewpoint) => Cow::Owned(viewpoint.name(self)),
            None => Cow::Borrowed(&*self.text),
        };
        match &*shown {
            "" => f.write_str("."),
            shown => write_escaped(f, shown),
        }
    }
}

/// A path as a document wrote it, inside an error: at most the first 256 characters. Shown with control characters
/// escaped.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reference(Box<str>);

impl Reference {
    const SHOWN: usize = 256;

    fn new(text: &str) -> Self {
        match text.char_indices().nth(Self::SHOWN) {
            Some((end, _)) => Self(format!("{}…", &text[..end]).into()),
            None => Self(text.into()),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_escaped(f, &self.0)
    }
}

/// Text that names no place inside a tree.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// It starts with a slash.
    #[error("`{reference}` is absolute, only paths inside the tree can be used")]
    Absolute {
        /// The text.
        reference: Reference,
    },
    /// It is empty.
    #[error("the path is empty")]
    Empty,
    /// It has more `..` than directories above it.
    #[error("`{reference}` leads out of the tree")]
    LeavesRoot {
        /// The text.
        reference: Reference,
    },
    /// The path from the root has more than 4095 bytes.
    #[error("`{reference}` makes a path of more than 4095 bytes")]
    TooLong {
        /// The text.
        reference: Reference,
    },
    /// It contains a zero byte.
    #[error("`{reference}` contains a zero byte")]
    ZeroByte {
        /// The text.
        reference: Reference,
    },
}

impl PathError {
    /// A stable name of this error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Absolute { .. } => "path-absolute",
            Self::Empty => "path-empty",
            Self::LeavesRoot { .. } => "path-leaves-root",
            Self::TooLong { .. } => "path-too-long",
            Self::ZeroByte { .. } => "path-zero-byte",
        }
    }
}

fn push(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('/');
    }
    path.push_str(name);
}

fn write_escaped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for part in text.split_inclusive(char::is_control) {
        match part.char_indices().next_back() {
            Some((start, last)) if last.is_control() => {
                write!(f, "{}{}", &part[..start], last.escape_default())?;
            }
            _ => f.write_str(part)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn path(text: &str) -> TreePath {
        TreePath::parse(text).unwrap()
    }

    #[test]
    fn a_path_is_shown_as_it_is_called_from_where_it_is_seen() {
        for (root, standing, shown, expected) in [
            ("/", "/tmp/x", "tmp/x/a.yaml", "a.yaml"),
            ("/", "/tmp/x", "tmp/x", "."),
            ("/", "/tmp/x", "tmp/xy/a.yaml", "/tmp/xy/a.yaml"),
            ("/", "/", "tmp/a.yaml", "tmp/a.yaml"),
            ("/", "/tmp/x", "", "/"),
            ("/srv/repo", "/srv/repo", "apps/a.yaml", "apps/a.yaml"),
            ("/srv/repo", "/srv/repo/apps", "apps/a.yaml", "a.yaml"),
            (
                "/srv/repo",
                "/srv/repo/apps",
                "base/a.yaml",
                "/srv/repo/base/a.yaml",
            ),
            ("/srv/repo", "/srv/repo/apps", "", "/srv/repo"),
            ("/srv/repo", "/srv", "apps/a.yaml", "repo/apps/a.yaml"),
            ("/srv/repo", "/srv", "", "repo"),
            ("/srv/repo", "/home", "apps/a.yaml", "/srv/repo/apps/a.yaml"),
            (
                "/srv/repo",
                "/srv/repository",
                "a\u{1b}.yaml",
                "/srv/repo/a\\u{1b}.yaml",
            ),
        ] {
            let viewpoint = Arc::new(Viewpoint::new(root, standing));
            let seen = TreePath::root().seen_from(viewpoint);
            let seen = match shown {
                "" => seen,
                shown => seen.join(shown).unwrap(),
            };
            assert_eq!(seen.to_string(), expected, "{root} {standing} {shown}");
            assert_eq!(seen.as_str(), shown);
        }
    }

    #[test]
    fn from_where_a_path_is_seen_is_handed_on_and_does_not_count() {
        let viewpoint = Arc::new(Viewpoint::new("/srv", "/home"));
        let seen = path("a/b").seen_from(viewpoint);
        assert_eq!(seen, path("a/b"));
        assert_eq!(seen.cmp(&path("a/b")), Ordering::Equal);
        assert_eq!(seen.join("../c").unwrap().to_string(), "/srv/a/c");
        assert_eq!(seen.parent().unwrap().to_string(), "/srv/a");
        assert_eq!(seen.child("d").to_string(), "/srv/a/b/d");
    }

    #[test]
    fn references_are_normalised_against_their_directory() {
        for (directory, reference, expected) in [
            (".", "a.yaml", "a.yaml"),
            (".", "./a//b/./c/", "a/b/c"),
            (".", "a/../b", "b"),
            (".", "a/..", ""),
            ("overlays/prod", "../../base", "base"),
            ("overlays/prod", "../..", ""),
            ("overlays/prod", ".", "overlays/prod"),
            ("overlays/prod", "..data/x", "overlays/prod/..data/x"),
            ("a", "b\\..\\..\\c", "a/b\\..\\..\\c"),
            ("a", "...", "a/..."),
        ] {
            assert_eq!(
                path(directory).join(reference).unwrap().as_str(),
                expected,
                "{reference}"
            );
        }
    }

    #[test]
    fn references_that_name_no_place_inside_are_refused() {
        let long = "xy/".repeat(1366);
        for (reference, reason) in [
            ("", "path-empty"),
            ("/", "path-absolute"),
            ("/etc/passwd", "path-absolute"),
            ("//x", "path-absolute"),
            ("..", "path-leaves-root"),
            ("../a", "path-leaves-root"),
            ("a/../../a", "path-leaves-root"),
            ("./../x", "path-leaves-root"),
            ("a\0b", "path-zero-byte"),
            (long.as_str(), "path-too-long"),
        ] {
            assert_eq!(
                TreePath::parse(reference).unwrap_err().reason(),
                reason,
                "{reference:?}"
            );
        }
    }

    #[test]
    fn parts_of_a_path() {
        let file = path("a/b.c/d.tar.gz");
        assert_eq!(file.parent(), Some(path("a/b.c")));
        assert_eq!(file.file_name(), Some("d.tar.gz"));
        assert_eq!(file.extension(), Some("gz"));
        assert_eq!(path("a/b.c").join("Makefile").unwrap().extension(), None);
        assert_eq!(path("a").parent(), Some(TreePath::root()));
        assert_eq!(TreePath::root().parent(), None);
        assert_eq!(TreePath::root().file_name(), None);
        assert_eq!(TreePath::root().components().count(), 0);
    }

    #[test]
    fn only_whole_components_make_a_directory_a_prefix() {
        assert_eq!(path("a/b/c").relative_to(&path("a")), Some("b/c"));
        assert_eq!(path("a").relative_to(&path("a")), Some(""));
        assert_eq!(path("a").relative_to(&TreePath::root()), Some("a"));
        assert!(!path("ab/c").starts_with(&path("a")));
        assert!(!path("a").starts_with(&path("a/b")));
    }

    #[test]
    fn paths_sort_as_a_walk_visits_them() {
        let mut paths = ["b", "a.yaml", "a/z", "a", "a-b", "a/b/c", "B"].map(path);
        paths.sort();
        assert_eq!(
            paths.each_ref().map(TreePath::as_str),
            ["B", "a", "a/b/c", "a/z", "a-b", "a.yaml", "b"]
        );
    }

    #[test]
    fn control_characters_are_shown_escaped() {
        assert_eq!(TreePath::root().to_string(), ".");
        assert_eq!(path("a\x1b[31m\nb").to_string(), "a\\u{1b}[31m\\nb");
        assert_eq!(path("naïve").to_string(), "naïve");
        assert_eq!(
            TreePath::parse("/\r").unwrap_err().to_string(),
            "`/\\r` is absolute, only paths inside the tree can be used"
        );
    }

    fn reference() -> impl Strategy<Value = String> {
        let component = prop_oneof![
            Just("..".to_owned()),
            Just(".".to_owned()),
            Just(String::new()),
            "[a-c.]{1,3}",
            any::<String>()
        ];
        proptest::collection::vec(component, 0..8).prop_map(|components| components.join("/"))
    }

    proptest! {
        #[test]
        fn no_reference_escapes(directory in reference(), reference in reference()) {
            let directory = TreePath::parse(&directory).unwrap_or_default();
            if let Ok(path) = directory.join(&reference) {
                let text = path.as_str();
                prop_assert!(!text.starts_with('/') && !text.ends_with('/') && !text.contains("//"));
                prop_assert!(!text.contains('\0') && text.len() <= MAX_LEN);
                prop_assert!(text.split('/').all(|component| component != "." && component != ".."));
                prop_assert_eq!(path.components().collect::<Vec<_>>().join("/"), text);
                if !path.is_root() {
                    prop_assert_eq!(&TreePath::parse(text).unwrap(), &path);
                }
            }
        }

        #[test]
        fn normal_form_agrees_with_a_walk_of_the_components(reference in reference()) {
            let mut stack = Some(Vec::new());
            for component in reference.split('/') {
                match component {
                    "" | "." => {}
                    ".." => stack = stack.and_then(|mut stack: Vec<_>| stack.pop().map(|_| stack)),
                    name => if let Some(stack) = &mut stack { stack.push(name) },
                }
            }
            let refused = reference.is_empty() || reference.starts_with('/') || reference.contains('\0');
            let expected = stack.filter(|_| !refused).map(|stack| stack.join("/"));
            prop_assert_eq!(TreePath::parse(&reference).ok().map(|path| path.as_str().to_owned()), expected);
        }
    }
}
