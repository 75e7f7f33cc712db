//! What is written, against go-yaml v3, go-yaml v2 and sigs.k8s.io/yaml.
#![allow(clippy::expect_used, dead_code)]

#[path = "parse/generate.rs"]
mod generate;
mod oracle;

use goyaml::{
    Comments, Document, Form, Kind, Node, Style, Tag, Value,
    emit::{self, EmitOptions, KeyOrder, Lossy, SequenceIndent},
};
use proptest::prelude::*;

use oracle::{Answer, GoYaml, Random, describe};

/// Settings as both sides understand them.
fn settings(random: &mut Random) -> (String, EmitOptions) {
    let indent = [2, 4, 4, 4, 3, 8, 9, 1, 12, 0][random.below(10)];
    let compact = random.once_in(3);
    let sequences = if compact {
        SequenceIndent::Compact
    } else {
        SequenceIndent::Indented
    };
    let options = EmitOptions {
        indent,
        sequences,
        lossy: Lossy::Keep,
    };
    (
        format!("indent={indent} compact={}", u8::from(compact)),
        options,
    )
}

#[test]
fn parsed_documents_are_written_as_go_yaml_writes_them() {
    let mut go = GoYaml::start();
    let mut random = Random::new(21);
    let mut generator = generate::Generator::new(21);
    let mut written = 0;
    let count = oracle::cases(4000);
    for _ in 0..count {
        let text = if random.once_in(4) {
            generator.fragments()
        } else {
            generator.structured()
        };
        let (words, options) = settings(&mut random);
        let (Ok(documents), Answer::Output(theirs)) = (
            goyaml::parse(&text),
            go.ask(&format!("emit3 {words}"), &text),
        ) else {
            continue;
        };
        let ours = emit::documents(&documents, &options).expect("anchors that were read");
        assert_eq!(
            ours,
            String::from_utf8_lossy(&theirs),
            "{words} of\n{}\nwhich is {}",
            String::from_utf8_lossy(&text),
            oracle::dump_documents(&documents)
        );
        written += 1;
    }
    assert!(
        written > count / 5,
        "only {written} of {count} texts were YAML"
    );
}

/// A node that no text may ever have given.
fn node(random: &mut Random, depth: usize) -> Node {
    const TAGS: &[&str] = &[
        "!!str",
        "!!int",
        "!!custom",
        "!local",
        "tag:example.com,2000:x y",
        "!!binary",
        "!!null",
        "!!map",
        "!!seq",
    ];
    let mut node = match random.below(if depth == 0 { 4 } else { 7 }) {
        0..=3 if random.once_in(12) => Node {
            kind: Kind::Alias,
            value: "a1".to_owned(),
            ..Node::default()
        },
        0..=3 => {
            let form = [
                Form::Any,
                Form::Any,
                Form::DoubleQuoted,
                Form::Folded,
                Form::Literal,
                Form::SingleQuoted,
            ][random.below(6)];
            let tag = if random.once_in(4) {
                oracle::tag(random.pick(TAGS))
            } else {
                Tag::Str
            };
            let style = Style {
                form,
                tagged: random.once_in(8),
            };
            Node {
                style,
                tag,
                value: oracle::text(random),
                ..Node::default()
            }
        }
        4 => {
            let length = random.below(4);
            let content = (0..length).map(|_| node(random, depth - 1)).collect();
            Node {
                kind: Kind::Sequence,
                tag: Tag::Seq,
                content,
                ..Node::default()
            }
        }
        _ => {
            let length = random.below(4) * 2;
            let content = (0..length).map(|_| node(random, depth - 1)).collect();
            Node {
                kind: Kind::Mapping,
                tag: Tag::Map,
                content,
                ..Node::default()
            }
        }
    };
    if node.kind != Kind::Scalar && node.kind != Kind::Alias {
        node.style.form = if random.once_in(4) {
            Form::Flow
        } else {
            Form::Any
        };
        if random.once_in(8) {
            node.style.tagged = random.once_in(2);
            node.tag = oracle::tag(random.pick(TAGS));
        }
    }
    if node.kind != Kind::Alias && random.once_in(12) {
        node.anchor = Some("a1".into());
    }
    if random.once_in(3) {
        node.comments = Some(Box::new(comments(random)));
    }
    node
}

fn comments(random: &mut Random) -> Comments {
    const SOME: &[&str] = &[
        "",
        "",
        "# one",
        "#two",
        "# a\n# b",
        "no sign",
        "# a\n\n# b",
        " # x",
        "# é",
        "#\n#",
    ];
    let mut comment = || random.pick(SOME).to_owned();
    Comments {
        head: comment(),
        line: comment(),
        foot: comment(),
    }
}

#[test]
fn any_tree_of_nodes_is_written_as_go_yaml_writes_it() {
    let mut go = GoYaml::start();
    let mut random = Random::new(22);
    let mut panics = 0;
    let count = oracle::cases(6000);
    for _ in 0..count {
        let documents: Vec<Document> = (0..1 + random.below(2))
            .map(|_| Document {
                root: node(&mut random, 3),
                comments: if random.once_in(4) {
                    comments(&mut random)
                } else {
                    Comments::default()
                },
                ..Document::default()
            })
            .collect();
        let (words, options) = settings(&mut random);
        let dump = oracle::dump_documents(&documents);
        let ours = emit::documents(&documents, &options).expect("valid anchors");
        match go.ask(&format!("emitnode {words}"), dump.to_string().as_bytes()) {
            Answer::Output(theirs) => {
                assert_eq!(ours, String::from_utf8_lossy(&theirs), "{words} of {dump}")
            }
            // go-yaml reads past the end of some texts.
            Answer::Panic(_) => panics += 1,
            Answer::Refusal(error) => panic!("{error}: {dump}"),
        }
    }
    assert!(panics < count / 20, "{panics} panics of {count}");
}

#[test]
fn values_are_written_as_go_yaml_v3_writes_them() {
    let mut go = GoYaml::start();
    let mut random = Random::new(23);
    let mut unstable = 0;
    let count = oracle::cases(6000);
    for _ in 0..count {
        let value = oracle::value(&mut random, 3);
        let described = describe(&value).to_string();
        let (words, options) = settings(&mut random);
        let mode = format!("emitvalue {words}");
        let theirs = go.ask(&mode, described.as_bytes()).text();
        let ours = emit::value(&value, KeyOrder::Sorted, &options);
        if ours != theirs && is_unstable(&mut go, &mode, &described) {
            unstable += 1;
            continue;
        }
        assert_eq!(ours, theirs, "{words} of {described}");
    }
    assert!(
        unstable < count / 50,
        "{unstable} values of {count} have no fixed order"
    );
}

#[test]
fn values_are_written_as_sigs_k8s_io_yaml_writes_them() {
    let mut go = GoYaml::start();
    let mut random = Random::new(24);
    let mut written = 0;
    let mut unstable = 0;
    let count = oracle::cases(6000);
    for _ in 0..count {
        let value = oracle::value(&mut random, 3);
        let json = goyaml::json::to_string(&value).expect("a finite value");
        // What goes in is JSON, where go-yaml refuses control characters and long keys, and takes a NEL for a line break.
        if json.contains('\u{85}') {
            continue;
        }
        let Answer::Output(theirs) = go.ask("sigsemit", json.as_bytes()) else {
            continue;
        };
        let ours = emit::kubernetes(&value);
        let theirs = String::from_utf8_lossy(&theirs);
        if ours != theirs && is_unstable(&mut go, "sigsemit", &json) {
            unstable += 1;
            continue;
        }
        assert_eq!(ours, theirs, "{json}");
        written += 1;
    }
    assert!(
        written > count / 2,
        "only {written} of {count} values were written"
    );
    assert!(
        unstable < count / 50,
        "{unstable} values of {count} have no fixed order"
    );
}

#[test]
fn values_become_the_nodes_that_go_yaml_makes_of_them() {
    let mut go = GoYaml::start();
    let mut random = Random::new(25);
    let mut lost = 0;
    let count = oracle::cases(6000);
    for _ in 0..count {
        let value = oracle::scalar(&mut random);
        let ours = emit::encode(&value);
        let Answer::Output(theirs) = go.ask("encode", describe(&value).to_string().as_bytes())
        else {
            lost += 1;
            continue;
        };
        let theirs = oracle::load_node(&serde_json::from_slice(&theirs).expect("JSON"));
        // go-yaml reads its own text back, which may have lost the value.
        if theirs.value != ours.value {
            lost += 1;
            continue;
        }
        assert_eq!(
            oracle::dump(&ours),
            oracle::dump(&theirs),
            "{}",
            describe(&value)
        );
    }
    assert!(lost < count / 20, "{lost} of {count} values were lost");
}

#[test]
fn mended_text_is_read_back_as_what_was_written() {
    let mut go = GoYaml::start();
    let mut random = Random::new(26);
    let mut kept = 0;
    let count = oracle::cases(3000);
    for _ in 0..count {
        let mut root = node(&mut random, 3);
        strip(&mut root);
        let documents = [Document {
            root,
            ..Document::default()
        }];
        let (words, options) = settings(&mut random);
        // With an indent of three, `Compact` puts lists in front of the keys that they belong to.
        if options.indent == 3 && options.sequences == SequenceIndent::Compact {
            continue;
        }
        let text = emit::documents(
            &documents,
            &EmitOptions {
                lossy: Lossy::Mend,
                ..options
            },
        )
        .expect("valid anchors");
        let read = goyaml::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(
            texts(&read[0].root),
            texts(&documents[0].root),
            "{words}: {text}"
        );
        let theirs = go.ask("node", text.as_bytes()).text();
        let theirs: serde_json::Value = serde_json::from_str(&theirs).expect("JSON");
        assert_eq!(
            texts(&oracle::load_node(&theirs[0]["content"][0])),
            texts(&documents[0].root),
            "{words}: {text}"
        );
        let plain = emit::documents(&documents, &options).expect("valid anchors");
        kept += u64::from(plain == text);
    }
    assert!(
        kept > count / 2,
        "only {kept} of {count} texts are what go-yaml writes"
    );
}

/// Removes what would keep a tree from being read: comments, tags that do not fit, and collections as keys, which
/// `Compact` may indent too little, too.
fn strip(node: &mut Node) {
    if node.kind == Kind::Mapping {
        for key in node
            .content
            .iter_mut()
            .step_by(2)
            .filter(|key| key.kind != Kind::Scalar)
        {
            *key = emit::string("key");
        }
    }
    node.comments = None;
    node.anchor = None;
    node.style.tagged = false;
    match node.kind {
        Kind::Alias => *node = emit::string("alias"),
        Kind::Mapping => node.tag = Tag::Map,
        Kind::Scalar => node.tag = Tag::Str,
        Kind::Sequence => node.tag = Tag::Seq,
    }
    node.content.iter_mut().for_each(strip);
}

/// The shape of a tree and the texts in it.
fn texts(node: &Node) -> serde_json::Value {
    if node.kind == Kind::Scalar {
        assert!(matches!(node.tag, Tag::Str | Tag::Merge), "{}", node.tag);
        return serde_json::json!(node.value);
    }
    serde_json::json!([
        node.tag.as_str(),
        node.content.iter().map(texts).collect::<Vec<_>>()
    ])
}

/// Asks until the answers tell whether Go always writes this value in the same way: its order of keys has circles, and
/// what comes out of one depends on the random order of Go's maps.
fn is_unstable(go: &mut GoYaml, mode: &str, payload: &str) -> bool {
    let first = go.ask(mode, payload.as_bytes());
    (0..50).any(|_| go.ask(mode, payload.as_bytes()) != first)
}

#[test]
fn strings_are_quoted_as_the_tools_quote_them() {
    for (text, written) in [
        ("", "k: \"\"\n"),
        ("plain words", "k: plain words\n"),
        ("yes", "k: \"yes\"\n"),
        ("1:30", "k: \"1:30\"\n"),
        ("08", "k: \"08\"\n"),
        ("2024-01-01", "k: \"2024-01-01\"\n"),
        ("~", "k: \"~\"\n"),
        ("a: b", "k: 'a: b'\n"),
        ("it's # it", "k: 'it''s # it'\n"),
        (" blank", "k: ' blank'\n"),
        ("tab\there", "k: \"tab\\there\"\n"),
        ("one\ntwo\n", "k: |\n    one\n    two\n"),
        ("one\ntwo", "k: |-\n    one\n    two\n"),
        ("one\n\n", "k: |+\n    one\n\n"),
        (" lead\nx", "k: |4-\n     lead\n    x\n"),
        ("\nlead", "k: |4-\n\n    lead\n"),
        ("trail \nx", "k: \"trail \\nx\"\n"),
        ("😀", "k: \"\\U0001F600\"\n"),
        ("<<", "k: !!merge <<\n"),
        ("\ttab\nfirst", "k: \"\\ttab\\nfirst\"\n"),
    ] {
        let node = emit::encode(&Value::Object(vec![(
            "k".to_owned(),
            Value::String(text.to_owned()),
        )]));
        assert_eq!(
            emit::node(&node, &EmitOptions::default()).as_deref(),
            Ok(written)
        );
    }
}

#[test]
fn block_scalars_in_lists_are_lost_by_go_yaml_and_can_be_mended() {
    let list = Value::Array(vec![
        Value::String("\nx".to_owned()),
        Value::String("\ty\nz".to_owned()),
    ]);
    let root = Value::Object(vec![("k".to_owned(), list)]);
    let written = |lossy| {
        let options = EmitOptions {
            lossy,
            ..EmitOptions::default()
        };
        emit::value(&root, KeyOrder::AsGiven, &options)
    };
    assert_eq!(
        written(Lossy::Keep),
        "k:\n    - |4-\n\n      x\n    - |-\n      \ty\n      z\n"
    );
    assert_eq!(
        written(Lossy::Mend),
        "k:\n    - |2-\n\n      x\n    - |2-\n      \ty\n      z\n"
    );
}

#[test]
fn names_that_cannot_be_written_are_refused() {
    for name in ["", "a b", "é", "a,b"] {
        let alias = Node {
            kind: Kind::Alias,
            value: name.to_owned(),
            ..Node::default()
        };
        let error = emit::node(&alias, &EmitOptions::default()).expect_err("refused");
        assert_eq!(error.reason(), "yaml-invalid-anchor");
    }
    let anchored = Node {
        anchor: Some("a b".into()),
        ..emit::string("x")
    };
    assert!(emit::node(&anchored, &EmitOptions::default()).is_err());
}

proptest! {
    #[test]
    fn any_text_is_read_back(text in any::<String>(), indent in 2..10u8) {
        let text = || Value::String(text.clone());
        let key = || "k".to_owned();
        let list = Value::Array(vec![text(), Value::Array(vec![text()]), Value::Object(vec![(key(), text())])]);
        let root = Value::Mapping(vec![(text(), text()), (Value::String(key()), list)]);
        let options = EmitOptions { indent, lossy: Lossy::Mend, ..EmitOptions::default() };
        let written = emit::node(&emit::encode(&root), &options).expect("no anchors");
        let read = goyaml::parse(written.as_bytes()).expect("YAML");
        prop_assert!(texts(&read[0].root) == texts(&emit::encode(&root)), "{}", written);
    }
}

#[test]
fn values_of_any_depth_that_can_be_read_are_written() {
    let depth = goyaml::json::MAX_DEPTH / 2;
    let text = "{\"a\":[".repeat(depth) + "1" + &"]}".repeat(depth);
    let value = goyaml::json::parse(text.as_bytes()).expect("JSON");
    assert_eq!(
        goyaml::json::to_string(&value).as_deref(),
        Ok(text.as_str())
    );
    let options = EmitOptions {
        indent: 2,
        ..EmitOptions::default()
    };
    let written = emit::value(&value, KeyOrder::AsGiven, &options);
    assert_eq!(
        emit::node(&emit::encode(&value), &options),
        Ok(written.clone())
    );
    assert!(goyaml::parse(written.as_bytes()).is_ok());
    assert!(!emit::kubernetes(&value).is_empty());
}

/// A document of 1.8 MB with 10,000 strings, as sops decrypts one.
fn large() -> Value {
    let entry = |number: usize| {
        let text = format!("value {number} of a secret, with some more text behind it to make a line of ordinary length; ").repeat(2);
        (
            format!("key_{number}"),
            Value::String(text[..170].to_owned()),
        )
    };
    Value::Object((0..10_000).map(entry).collect())
}

#[test]
fn large_documents_are_written_in_one_pass() {
    let text = emit::value(&large(), KeyOrder::AsGiven, &EmitOptions::default());
    assert_eq!(text.lines().count(), 10_000);
    assert!(text.len() > 1_700_000);
}
