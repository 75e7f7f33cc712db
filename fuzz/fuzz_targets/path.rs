//! Any text as a path: what parses stays within its tree, wherever it is joined to.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tree::TreePath;

fuzz_target!(|text: &str| {
    let Ok(path) = TreePath::parse(text) else {
        return;
    };
    assert!(!path.as_str().starts_with('/'));
    assert!(path.components().all(|component| component != ".."));
    if let Ok(joined) = path.join(text) {
        assert!(joined.components().all(|component| component != ".."));
    }
});
