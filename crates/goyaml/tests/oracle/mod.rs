//! What the tests share: the Go process, its JSON descriptions of values and nodes, and a source of random cases.
#![allow(dead_code, unreachable_pub, clippy::expect_used)]

pub mod forms;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use goyaml::{Comments, Document, Form, Kind, Node, Position, Style, Tag, Timestamp, Value};
use serde_json::json;

pub use peers::goyaml::{Answer, GoYaml};

/// How many random cases a test makes: `ordinary`, or what `LOCKSTEP_CASES` says.
pub fn cases(ordinary: u64) -> u64 {
    std::env::var("LOCKSTEP_CASES")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(ordinary)
}

/// A small deterministic generator (SplitMix64): the same seed gives the same cases on every machine.
/// `LOCKSTEP_SEED` gives others.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        let other: u64 = std::env::var("LOCKSTEP_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok())
            .unwrap_or(0);
        Self(seed ^ other << 32)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        value ^ (value >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn pick<'t, T: ?Sized>(&mut self, items: &[&'t T]) -> &'t T {
        items[self.below(items.len())]
    }
}

/// Pieces that strings are made of; most mean something to YAML or JSON.
pub const PIECES: &[&str] = &[
    "a",
    "b",
    "key",
    "word",
    "two words",
    " ",
    " ",
    "  ",
    "\t",
    "\n",
    "\n",
    "\n\n",
    "\r",
    "\r\n",
    ":",
    ": ",
    " #",
    "#",
    "-",
    "- ",
    "?",
    "? ",
    ",",
    "[",
    "]",
    "{",
    "}",
    "&",
    "*",
    "!",
    "!!",
    "|",
    ">",
    "'",
    "\"",
    "%",
    "@",
    "`",
    "\\",
    "\\n",
    "<",
    "<<",
    "=",
    "~",
    "null",
    "true",
    "no",
    "Yes",
    "on",
    "y",
    "0",
    "1",
    "7",
    "08",
    "0777",
    "0x1F",
    "0b1",
    "0o7",
    "1_0",
    ".5",
    "5.",
    "1e3",
    "1.0",
    ".inf",
    "-.INF",
    ".nan",
    "+",
    "-1",
    "1:30",
    "12:30:45",
    "2024-01-02",
    "2024-1-2 3:4:5",
    "2024-01-02T03:04:05Z",
    "é",
    "ß",
    "日本",
    "😀",
    "\u{85}",
    "\u{a0}",
    "\u{2028}",
    "\u{2029}",
    "\u{feff}",
    "\u{fffd}",
    "\u{0}",
    "\u{7}",
    "\u{1b}",
    "\u{7f}",
    "\u{9f}",
    "---",
    "...",
    "--- ",
    "... ",
    "long enough to be folded somewhere maybe",
    "ENC[AES256_GCM,data:0cHFi7Y=,iv:AQEB,tag:ymZU,type:str]",
];

pub fn text(random: &mut Random) -> String {
    let length = match random.below(8) {
        0 => 0,
        1..=3 => 1,
        4 | 5 => 2,
        6 => 3 + random.below(4),
        _ => 3 + random.below(12),
    };
    (0..length).map(|_| random.pick(PIECES)).collect()
}

pub fn float(random: &mut Random) -> f64 {
    const SOME: &[f64] = &[
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        1.5,
        0.1,
        100.0,
        123456.0,
        1234567.0,
        1e5,
        1e6,
        1e20,
        1e21,
        1e22,
        1e-4,
        1e-5,
        1e-6,
        1e-7,
        123456.789,
        1234567.89,
        1e100,
        5e-324,
        f64::MAX,
        f64::MIN_POSITIVE,
        9007199254740993.0,
        18446744073709551616.0,
        0.3,
        2.0e-7,
        1e-10,
        999999.0,
        999999.5,
        1000000.5,
    ];
    match random.below(3) {
        0 => SOME[random.below(SOME.len())],
        1 => {
            let float = f64::from_bits(random.next());
            if float.is_finite() { float } else { 2.5 }
        }
        _ => {
            (random.below(2_000_000) as f64 - 1_000_000.0) / 10f64.powi(random.below(12) as i32 - 2)
        }
    }
}

/// A number that JSON can hold.
pub fn scalar(random: &mut Random) -> Value {
    match random.below(9) {
        0 => Value::Null,
        1 => Value::Bool(random.once_in(2)),
        2 => Value::Int(random.below(2000) as i64 - 1000),
        3 => Value::Int(random.next() as i64),
        4 => Value::Float(float(random)),
        5 if random.once_in(3) => Value::Uint(random.next() | 1 << 63),
        _ => Value::String(text(random)),
    }
}

/// A value that JSON can hold, of random shape, without repeated keys.
pub fn value(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth == 0 { 4 } else { 8 }) {
        0..=3 => scalar(random),
        4 | 5 => {
            let length = random.below(5);
            Value::Array((0..length).map(|_| value(random, depth - 1)).collect())
        }
        _ => {
            let length = random.below(5);
            let mut entries: Vec<(String, Value)> = Vec::new();
            for _ in 0..length {
                let key = text(random);
                if entries.iter().all(|(name, _)| *name != key) {
                    entries.push((key, value(random, depth - 1)));
                }
            }
            Value::Object(entries)
        }
    }
}

/// A value as the Go program describes values.
pub fn describe(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => json!(["null"]),
        Value::Bool(value) => json!(["bool", value.to_string()]),
        Value::Int(number) => json!(["int", number.to_string()]),
        Value::Uint(number) => json!(["uint", number.to_string()]),
        Value::Float(number) => json!(["float", bits(*number)]),
        Value::String(text) => json!(["str", text]),
        Value::Bytes(bytes) => json!(["bytes", STANDARD.encode(bytes)]),
        Value::Timestamp(time) => json!(["time", time.to_string()]),
        Value::Array(items) => json!(["seq", items.iter().map(describe).collect::<Vec<_>>()]),
        Value::Object(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|(key, value)| json!([["str", key], describe(value)]))
                .collect();
            json!(["map", entries])
        }
        Value::Mapping(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|(key, value)| json!([describe(key), describe(value)]))
                .collect();
            json!(["map", entries])
        }
    }
}

fn bits(number: f64) -> String {
    let number = if number.is_nan() { f64::NAN } else { number };
    format!("{:016x}", number.to_bits())
}

/// The same description with the entries of every mapping in the order of their keys, as the Go program gives those
/// that it decoded into maps, and NaN made one.
pub fn sorted(described: &serde_json::Value) -> serde_json::Value {
    match described[0].as_str() {
        Some("seq") => json!([
            "seq",
            described[1]
                .as_array()
                .expect("items")
                .iter()
                .map(sorted)
                .collect::<Vec<_>>()
        ]),
        Some("map") => {
            let mut entries: Vec<_> = described[1]
                .as_array()
                .expect("entries")
                .iter()
                .map(|entry| json!([sorted(&entry[0]), sorted(&entry[1])]))
                .collect();
            entries.sort_by_key(ToString::to_string);
            json!(["map", entries])
        }
        Some("float") => {
            let number =
                u64::from_str_radix(described[1].as_str().expect("bits"), 16).expect("bits");
            json!(["float", bits(f64::from_bits(number))])
        }
        _ => described.clone(),
    }
}

/// The value behind a description.
pub fn load(described: &serde_json::Value) -> Value {
    let text = || described[1].as_str().expect("a text");
    match described[0].as_str().expect("a type") {
        "null" => Value::Null,
        "bool" => Value::Bool(text() == "true"),
        "int" => Value::Int(text().parse().expect("an i64")),
        "uint" => Value::Uint(text().parse().expect("a u64")),
        "float" => Value::Float(f64::from_bits(
            u64::from_str_radix(text(), 16).expect("bits"),
        )),
        "str" => Value::String(text().to_owned()),
        "bytes" => Value::Bytes(STANDARD.decode(text()).expect("base64")),
        "time" => Value::Timestamp(Timestamp::parse_rfc3339(text()).expect("RFC 3339")),
        "seq" => Value::Array(
            described[1]
                .as_array()
                .expect("items")
                .iter()
                .map(load)
                .collect(),
        ),
        "map" => {
            let entries: Vec<_> = described[1]
                .as_array()
                .expect("entries")
                .iter()
                .map(|entry| (load(&entry[0]), load(&entry[1])))
                .collect();
            if entries.iter().all(|(key, _)| key.as_str().is_some()) {
                let name = |key: Value| key.as_str().unwrap_or_default().to_owned();
                Value::Object(
                    entries
                        .into_iter()
                        .map(|(key, value)| (name(key), value))
                        .collect(),
                )
            } else {
                Value::Mapping(entries)
            }
        }
        other => panic!("unknown type {other}"),
    }
}

/// A node as the Go program describes nodes.
pub fn dump(node: &Node) -> serde_json::Value {
    let kind = match node.kind {
        Kind::Alias => "alias",
        Kind::Mapping => "mapping",
        Kind::Scalar => "scalar",
        Kind::Sequence => "sequence",
    };
    let mut style = Vec::new();
    if node.style.tagged {
        style.push("tagged");
    }
    match node.style.form {
        Form::Any => {}
        Form::DoubleQuoted => style.push("double"),
        Form::Flow => style.push("flow"),
        Form::Folded => style.push("folded"),
        Form::Literal => style.push("literal"),
        Form::SingleQuoted => style.push("single"),
    }
    let comments = node.comments.as_deref().cloned().unwrap_or_default();
    let tag = if node.kind == Kind::Alias {
        ""
    } else {
        node.tag.as_str()
    };
    json!({
        "kind": kind, "tag": tag, "style": style, "value": node.value,
        "anchor": node.anchor.as_deref().unwrap_or_default(),
        "head": comments.head, "inline": comments.line, "foot": comments.foot,
        "content": node.content.iter().map(dump).collect::<Vec<_>>(),
    })
}

/// Documents as the Go program describes them.
pub fn dump_documents(documents: &[Document]) -> serde_json::Value {
    let document = |document: &Document| {
        json!({
            "kind": "document", "head": document.comments.head, "foot": document.comments.foot,
            "content": [dump(&document.root)],
        })
    };
    documents.iter().map(document).collect()
}

/// A node as it was described.
pub fn load_node(dump: &serde_json::Value) -> Node {
    let text = |name: &str| dump[name].as_str().unwrap_or_default().to_owned();
    let mut style = Style::default();
    for name in dump["style"].as_array().into_iter().flatten() {
        match name.as_str().expect("a style") {
            "tagged" => style.tagged = true,
            "double" => style.form = Form::DoubleQuoted,
            "flow" => style.form = Form::Flow,
            "folded" => style.form = Form::Folded,
            "literal" => style.form = Form::Literal,
            "single" => style.form = Form::SingleQuoted,
            other => panic!("unknown style {other}"),
        }
    }
    let comments = Comments {
        head: text("head"),
        line: text("inline"),
        foot: text("foot"),
    };
    Node {
        kind: match dump["kind"].as_str().expect("a kind") {
            "alias" => Kind::Alias,
            "mapping" => Kind::Mapping,
            "scalar" => Kind::Scalar,
            "sequence" => Kind::Sequence,
            other => panic!("unknown kind {other}"),
        },
        style,
        tag: tag(&text("tag")),
        value: text("value"),
        anchor: dump["anchor"].as_str().map(Into::into),
        content: dump["content"]
            .as_array()
            .into_iter()
            .flatten()
            .map(load_node)
            .collect(),
        comments: (comments != Comments::default()).then(|| Box::new(comments)),
        position: Position::default(),
    }
}

pub fn tag(text: &str) -> Tag {
    match text {
        "!!binary" => Tag::Binary,
        "!!bool" => Tag::Bool,
        "!!float" => Tag::Float,
        "!!int" => Tag::Int,
        "!!map" => Tag::Map,
        "!!merge" => Tag::Merge,
        "!!null" => Tag::Null,
        "!!seq" => Tag::Seq,
        "!!str" => Tag::Str,
        "!!timestamp" => Tag::Timestamp,
        other => Tag::Custom(other.into()),
    }
}
