//! Aliases are followed where go-yaml follows them, and refused where it refuses them.
// A missing or broken oracle ends the test.
#![allow(clippy::expect_used)]

use goyaml::{Limits, expand_aliases, parse};
use peers::goyaml::{Answer, GoYaml};

/// Why go-yaml does not follow the aliases of a text.
fn theirs(peer: &mut GoYaml, text: &str) -> Option<&'static str> {
    match peer.ask("v3json", text.as_bytes()) {
        Answer::Output(_) => None,
        Answer::Refusal(error) if error.contains("excessive aliasing") => Some("alias-excessive"),
        Answer::Refusal(error) if error.contains("contains itself") => {
            Some("alias-contains-itself")
        }
        Answer::Refusal(error) | Answer::Panic(error) => panic!("{error}"),
    }
}

/// Why we do not, with no limit but go-yaml's.
fn ours(text: &str) -> Option<&'static str> {
    let limits = Limits {
        expansion: usize::MAX,
        ..Limits::default()
    };
    let mut documents = parse(text.as_bytes()).expect("YAML");
    expand_aliases(&mut documents, &limits)
        .err()
        .map(|error| error.reason())
}

#[test]
fn as_much_comes_from_aliases_as_in_go() {
    let mut peer = GoYaml::start();
    let mut seen = [0, 0];
    for items in [0, 1, 5, 10, 95, 100, 1_000] {
        for aliases in [1, 9, 50, 95, 99, 100, 101, 500, 2_000, 10_000] {
            if items * aliases > 20_000 {
                continue;
            }
            let list = "x, ".repeat(items);
            let flat = format!("a: &a [{list}]\nb: [{}]\n", "*a, ".repeat(aliases));
            let nested = format!(
                "a: &a [{list}]\nb: &b [{}]\nc: [*b, *a, *b]\n",
                "*a, ".repeat(aliases)
            );
            for text in [flat, nested] {
                let expected = theirs(&mut peer, &text);
                assert_eq!(ours(&text), expected, "{items} items, {aliases} aliases");
                seen[usize::from(expected.is_some())] += 1;
            }
        }
    }
    assert!(seen.iter().all(|&count| count > 5), "{seen:?}");
}

#[test]
fn nodes_that_contain_themselves_are_refused_as_in_go() {
    let mut peer = GoYaml::start();
    for text in [
        "&a [*a]\n",
        "a: &a {b: *a}\n",
        "a: &a [&a x, *a]\n",
        "- &a [b]\n- &a [*a]\n",
        "- &a\n- [*a]\n",
        "&a [[[*a]]]\n",
        "- &a [&b [c]]\n- &b [*a, *b]\n",
        "&a x: *a\n",
    ] {
        assert_eq!(ours(text), theirs(&mut peer, text), "{text}");
    }
}
