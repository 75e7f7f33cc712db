//! Random objects and patches: containers without names, repeated ports, nulls and directives in odd places.
//!
//! `LOCKSTEP_RANDOM_BATCHES` sets how many batches of them are built.

use std::fmt::Write as _;
use std::sync::Arc;

use kustomize::schema::Schema;
use peers::random::Random;

use crate::real::{merge_difference, merged, merged_by_kustomize};

/// How many objects are patched in one run of the real program.
const BATCH: usize = 150;

/// Where a text is written: on the side of the object or of the patch, which has directives.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Side {
    Object,
    Patch,
}

/// Name of a field, in one of how many cases it is there, and its value.
type Field = (&'static str, usize, fn(&mut Generator));

struct Generator {
    random: Random,
    side: Side,
    text: String,
}

impl Generator {
    fn scalar(&mut self) {
        let texts = [
            "a",
            "b",
            "c",
            "'a'",
            "\"12\"",
            "12",
            "1.5",
            "true",
            "yes",
            "\"true\"",
            "null",
            "~",
            "''",
            "2020-01-01",
            "0x1f",
            "'null'",
            "|-x",
        ];
        let text = self.random.pick(&texts[..texts.len() - 1]);
        self.text.push_str(text);
    }

    fn key(&mut self) {
        let rare = ["1", "\"1\"", "null", "true"];
        let text = if self.random.one_in(25) {
            self.random.pick(&rare)
        } else {
            self.random.pick(&["a", "b", "c", "d", "\"a\"", "'b'"])
        };
        self.text.push_str(text);
    }

    /// A mapping whose fields are there or not.
    fn mapping(&mut self, fields: &[Field]) {
        self.text.push('{');
        for (name, one_in, value) in fields {
            if !self.random.one_in(*one_in) {
                continue;
            }
            let _ = write!(self.text, "{name}: ");
            if self.random.one_in(30) {
                self.text.push_str("null");
            } else {
                value(self);
            }
            self.text.push_str(", ");
        }
        if self.side == Side::Patch && self.random.one_in(14) {
            let directive = self.random.pick(&["delete", "replace", "merge"]);
            let _ = write!(self.text, "$patch: {directive}, ");
        }
        self.text.push('}');
    }

    fn list(&mut self, longest: usize, item: fn(&mut Self)) {
        self.text.push('[');
        for _ in 0..self.random.below(longest + 1) {
            if self.random.one_in(60) {
                let odd = self.random.pick(&["null", "{}", "{}"]);
                self.text.push_str(odd);
            } else {
                item(self);
            }
            self.text.push_str(", ");
        }
        if self.side == Side::Patch && self.random.one_in(20) {
            let directive = self.random.pick(&["delete", "replace", "merge"]);
            let _ = write!(self.text, "{{$patch: {directive}}}, ");
        }
        self.text.push(']');
    }

    fn port(&mut self) {
        self.mapping(&[
            ("containerPort", 1, |g| {
                let number = *g.random.pick(&["80", "90", "'80'"]);
                g.text.push_str(number);
            }),
            ("protocol", 2, |g| {
                let name = *g.random.pick(&["TCP", "UDP"]);
                g.text.push_str(name);
            }),
            ("name", 2, Self::key),
        ]);
    }

    fn variable(&mut self) {
        self.mapping(&[
            ("name", 1, Self::key),
            ("value", 2, Self::scalar),
            ("valueFrom", 4, Self::reference),
        ]);
    }

    fn reference(&mut self) {
        self.mapping(&[("key", 2, Self::scalar), ("name", 2, Self::scalar)]);
    }

    fn container(&mut self) {
        self.mapping(&[
            ("name", 1, Self::key),
            ("image", 2, Self::scalar),
            ("args", 3, |g| g.list(3, Self::scalar)),
            ("env", 2, |g| g.list(4, Self::variable)),
            ("ports", 2, |g| g.list(4, Self::port)),
            ("resources", 4, |g| {
                g.mapping(&[("limits", 2, Self::reference)])
            }),
        ]);
    }

    fn constraint(&mut self) {
        self.mapping(&[
            ("topologyKey", 1, Self::key),
            ("whenUnsatisfiable", 2, Self::key),
            ("maxSkew", 2, Self::scalar),
        ]);
    }

    fn pod(&mut self) {
        self.mapping(&[
            ("containers", 1, |g| g.list(4, Self::container)),
            ("initContainers", 4, |g| g.list(3, Self::container)),
            ("tolerations", 4, |g| g.list(3, Self::reference)),
            ("topologySpreadConstraints", 3, |g| {
                g.list(4, Self::constraint)
            }),
            ("unknown", 4, |g| g.list(2, Self::container)),
        ]);
    }

    fn object(&mut self, kind: &str, name: usize) {
        self.text.push_str(kind);
        let _ = write!(self.text, "metadata:\n  name: n{name:04}\n");
        if self.random.one_in(3) {
            self.text.push_str("  finalizers: ");
            self.list(4, Self::key);
            self.text.push('\n');
        }
        if self.random.one_in(2) {
            self.text.push_str("  labels: ");
            self.mapping(&[("a", 2, Self::scalar), ("b", 2, Self::scalar)]);
            self.text.push('\n');
        }
        self.text.push_str("spec: ");
        self.pod();
        self.text.push_str("\ndata: ");
        self.mapping(&[
            ("a", 2, Self::scalar),
            ("b", 2, Self::scalar),
            ("\"1\"", 3, Self::scalar),
            ("inner", 4, |g| {
                g.mapping(&[("x", 2, Self::reference), ("y", 2, Self::scalar)]);
            }),
        ]);
        self.text.push('\n');
    }
}

fn generated(random: &mut Random, side: Side, kind: &str, name: usize) -> String {
    let mut generator = Generator {
        random: Random::new(random.number()),
        side,
        text: String::new(),
    };
    generator.object(kind, name);
    generator.text
}

const KINDS: &[&str] = &[
    "apiVersion: v1\nkind: Pod\n",
    "apiVersion: v1\nkind: Pod\n",
    "apiVersion: v1\nkind: Pod\n",
    "apiVersion: example.com/v1\nkind: Pod\n",
];

#[test]
fn random_merges_are_those_of_the_real_program() {
    let batches = std::env::var("LOCKSTEP_RANDOM_BATCHES").ok();
    let batches = batches.and_then(|number| number.parse().ok()).unwrap_or(3);
    for seed in 0..batches {
        batch(seed);
    }
}

/// An object, two patches that are laid over it in turn, and what comes out here.
struct Case {
    object: String,
    patches: [String; 2],
    ours: Result<String, String>,
}

impl Case {
    fn generate(random: &mut Random, name: usize, schema: &Arc<Schema>) -> Self {
        let kind = *random.pick(KINDS);
        let object = generated(random, Side::Object, kind, name);
        let patches = [(); 2].map(|()| generated(random, Side::Patch, kind, name));
        let ours = merged(&object, &patches.each_ref().map(String::as_str), schema);
        Self {
            object,
            patches,
            ours,
        }
    }

    fn assert_same(&self, seed: u64) {
        let patches = self.patches.each_ref().map(String::as_str);
        // What fails elsewhere is no failure of the merge.
        let is_of_merge = |difference: &String| {
            !difference.contains("updating name reference")
                && !difference.contains("no resource matches")
        };
        if let Some(difference) = merge_difference(&self.object, &patches).filter(is_of_merge) {
            panic!(
                "seed {seed}\n{}---\n{}\n{difference}",
                self.object,
                patches.join("---\n")
            );
        }
    }
}

fn batch(seed: u64) {
    let mut random = Random::new(seed);
    let schema = Arc::new(Schema::default());
    let cases: Vec<Case> = (0..BATCH)
        .map(|name| Case::generate(&mut random, name, &schema))
        .collect();
    // Those that fail or delete here must do so there; the others are built together.
    let (together, alone): (Vec<&Case>, Vec<&Case>) = cases
        .iter()
        .partition(|case| case.ours.as_ref().is_ok_and(|text| !text.is_empty()));
    for case in alone {
        case.assert_same(seed);
    }
    assert_same_together(seed, &together);
}

/// Builds many objects in one run, and fewer where that differs, until one is found.
fn assert_same_together(seed: u64, cases: &[&Case]) {
    if let [case] = cases {
        return case.assert_same(seed);
    }
    let joined = |texts: Vec<&str>| texts.join("---\n");
    let objects = joined(cases.iter().map(|case| &*case.object).collect());
    let patches = [0, 1].map(|n| joined(cases.iter().map(|case| &*case.patches[n]).collect()));
    let theirs = merged_by_kustomize(&objects, &patches.each_ref().map(String::as_str));
    let ours = cases.iter().filter_map(|case| case.ours.as_deref().ok());
    if theirs.as_ref() != Ok(&joined(ours.collect())) {
        let (some, others) = cases.split_at(cases.len() / 2);
        assert_same_together(seed, some);
        assert_same_together(seed, others);
    }
}
