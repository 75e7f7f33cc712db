//! ConfigMaps and Secrets out of files and literals (api: internal/generators/*.go; kyaml: datamap.go).

mod pairs;

use std::sync::Arc;

use goyaml::{Node, Tag, emit};
use thiserror::Error;

use crate::kustomization::{GeneratorArgs, GeneratorOptions, SecretArgs};
use crate::loader::Loader;
use crate::node::{self, KindError, set_field};
use crate::resource::{Behavior, Resource, annotation};
use crate::schema::Schema;

pub use pairs::PairError;

use pairs::Pairs;

/// An object cannot be generated.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// It has no name.
    #[error("a generated {kind} must have a name")]
    NoName {
        /// Its kind.
        kind: &'static str,
    },
    /// Its data cannot be had.
    #[error("loading the pairs of {kind} `{name}`")]
    Pairs {
        /// Its kind.
        kind: &'static str,
        /// Its name.
        name: String,
        /// What is wrong.
        source: PairError,
    },
    /// Its metadata cannot be set.
    #[error("the metadata of {kind} `{name}` cannot be set")]
    Metadata {
        /// Its kind.
        kind: &'static str,
        /// Its name.
        name: String,
        /// What is wrong.
        source: KindError,
    },
}

impl GenerateError {
    /// A stable name for the kind of error.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NoName { .. } => "generator-without-name",
            Self::Pairs { source, .. } => source.reason(),
            Self::Metadata { source, .. } => source.reason(),
        }
    }
}

/// The kinds that are generated from pairs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Generated<'a> {
    ConfigMap,
    Secret { secret_type: &'a str },
}

impl Generated<'_> {
    const fn kind(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret { .. } => "Secret",
        }
    }
}

/// Generates a ConfigMap.
pub(crate) fn config_map(
    loader: &Loader<'_>,
    args: &GeneratorArgs,
    options: Option<&GeneratorOptions>,
    schema: &Arc<Schema>,
) -> Result<Resource, GenerateError> {
    generate(loader, args, Generated::ConfigMap, options, schema)
}

/// Generates a Secret.
pub(crate) fn secret(
    loader: &Loader<'_>,
    args: &SecretArgs,
    options: Option<&GeneratorOptions>,
    schema: &Arc<Schema>,
) -> Result<Resource, GenerateError> {
    let secret_type = match args.secret_type.as_str() {
        "" => "Opaque",
        named => named,
    };
    let what = Generated::Secret { secret_type };
    generate(loader, &args.common, what, options, schema)
}

/// What an object is like by its own options and by those for all: its own come first.
pub(crate) fn merged_options(
    own: Option<&GeneratorOptions>,
    all: Option<&GeneratorOptions>,
) -> Option<GeneratorOptions> {
    let Some(all) = all else { return own.cloned() };
    let mut merged = own.cloned().unwrap_or_default();
    for (into, from) in [
        (&mut merged.labels, &all.labels),
        (&mut merged.annotations, &all.annotations),
    ] {
        for (key, value) in from {
            into.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    merged.disable_name_suffix_hash |= all.disable_name_suffix_hash;
    merged.immutable |= all.immutable;
    Some(merged)
}

fn generate(
    loader: &Loader<'_>,
    args: &GeneratorArgs,
    what: Generated<'_>,
    options: Option<&GeneratorOptions>,
    schema: &Arc<Schema>,
) -> Result<Resource, GenerateError> {
    let kind = what.kind();
    if args.name.is_empty() {
        return Err(GenerateError::NoName { kind });
    }
    let pairs = Pairs::load(loader, args).map_err(|source| GenerateError::Pairs {
        kind,
        name: args.name.clone(),
        source,
    })?;
    let mut resource = Resource::new(object(args, what, &pairs), Arc::clone(schema));
    resource.absorb_sensitivity(pairs.sensitivity);
    decorate(&mut resource, args, options).map_err(|source| GenerateError::Metadata {
        kind,
        name: args.name.clone(),
        source,
    })?;
    Ok(resource)
}

fn object(args: &GeneratorArgs, what: Generated<'_>, pairs: &Pairs) -> Node {
    let mut metadata = Node::mapping();
    metadata.push_entry(Node::string("name"), Node::string(&*args.name));
    if !args.namespace.is_empty() {
        metadata.push_entry(Node::string("namespace"), Node::string(&*args.namespace));
    }
    let mut object = Node::mapping();
    let mut push = |key: &str, value| object.push_entry(Node::string(key), value);
    push("apiVersion", Node::string("v1"));
    push("kind", Node::string(what.kind()));
    push("metadata", metadata);
    match what {
        Generated::ConfigMap => {
            let mut data = Node::mapping();
            let mut binary = Node::mapping();
            for (key, value) in &pairs.list {
                let key = node::key(key);
                match str::from_utf8(value) {
                    Ok(text) => data.push_entry(key, Node::string(text)),
                    Err(_) => binary.push_entry(key, Node::string(emit::base64_lines(value))),
                }
            }
            if !data.content.is_empty() {
                push("data", data);
            }
            if !binary.content.is_empty() {
                push("binaryData", binary);
            }
        }
        Generated::Secret { secret_type } => {
            push("type", Node::string(secret_type));
            let mut data = Node::mapping();
            for (key, value) in &pairs.list {
                data.push_entry(node::key(key), Node::string(emit::base64_lines(value)));
            }
            push("data", data);
        }
    }
    object
}

fn decorate(
    resource: &mut Resource,
    args: &GeneratorArgs,
    options: Option<&GeneratorOptions>,
) -> Result<(), KindError> {
    let mut hash = true;
    if let Some(options) = options {
        resource.set_labels(options.labels.clone())?;
        resource.set_annotations(options.annotations.clone())?;
        if options.immutable {
            let yes = Node {
                tag: Tag::Bool,
                ..Node::plain("true")
            };
            set_field(resource.node_mut(), "immutable", yes)?;
        }
        hash = !options.disable_name_suffix_hash;
    }
    if hash {
        resource.enable(annotation::NEEDS_HASH)?;
    }
    resource.set_behavior(Behavior::parse(&args.behavior))
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::cell::RefCell;

    use tree::{Limits, MemoryEntry, PlainOpener, Tree, TreePath};

    use crate::loader::{Files, LoadRestriction, Remotes};

    fn pairs(args: &GeneratorArgs) -> Result<Vec<(String, String)>, &'static str> {
        let long = format!("A=b\nC={}\n", "x".repeat(70_000));
        let entries = [
            ("env", "\u{feff}A=b\r\n\n # no\n  B = c=d \nC\n=x\n"),
            ("long.env", &*long),
            ("d/f.txt", "text\n"),
        ];
        let entries =
            entries.map(|(path, text)| (TreePath::parse(path).unwrap(), MemoryEntry::file(text)));
        let bad = (
            TreePath::parse("bad.env").unwrap(),
            MemoryEntry::file(vec![b'A', b'=', 0xff]),
        );
        let tree = Tree::memory(entries.into_iter().chain([bad]), Limits::default()).unwrap();
        let files = Files {
            tree: &tree,
            opener: &PlainOpener,
            restriction: LoadRestriction::RootOnly,
            opened: RefCell::default(),
            cache: None,
            budget: &crate::Budget::default(),
            remotes: Remotes::new(None, 0),
        };
        let loader = Loader::at(&files, &TreePath::root()).unwrap();
        let pairs = Pairs::load(&loader, args).map_err(|error| error.reason())?;
        Ok(pairs
            .list
            .into_iter()
            .map(|(key, value)| (key, String::from_utf8(value).unwrap()))
            .collect())
    }

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[track_caller]
    fn expect(args: &GeneratorArgs, expected: &[(&str, &str)]) {
        let expected: Vec<(String, String)> = expected
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        assert_eq!(pairs(args), Ok(expected));
    }

    #[test]
    fn environment_files_are_lines_of_pairs() {
        let args = GeneratorArgs {
            envs: strings(&["env"]),
            ..GeneratorArgs::default()
        };
        expect(&args, &[("A", "b"), ("B ", " c=d "), ("C", "")]);
    }

    #[test]
    fn literals_lose_one_pair_of_quotes() {
        let args = GeneratorArgs {
            literals: strings(&["a=\"b\"", "c='d", "e='", "f=''x''", "g=a=b", "h="]),
            ..GeneratorArgs::default()
        };
        expect(
            &args,
            &[
                ("a", "b"),
                ("c", "'d"),
                ("e", "'"),
                ("f", "'x'"),
                ("g", "a=b"),
                ("h", ""),
            ],
        );
    }

    #[test]
    fn files_are_named_after_themselves_or_by_a_key() {
        let args = GeneratorArgs {
            files: strings(&["d/f.txt", "k=d/f.txt"]),
            ..GeneratorArgs::default()
        };
        expect(&args, &[("f.txt", "text\n"), ("k", "text\n")]);
    }

    #[test]
    fn what_gives_no_pairs_is_refused() {
        let of = |literals: &[&str], files: &[&str], envs: &[&str]| GeneratorArgs {
            literals: strings(literals),
            files: strings(files),
            envs: strings(envs),
            ..GeneratorArgs::default()
        };
        for (args, reason) in [
            (of(&["a"], &[], &[]), "literal-without-key"),
            (of(&["=a"], &[], &[]), "literal-without-key"),
            (of(&["a=1", "a=2"], &[], &[]), "repeated-key"),
            (of(&[], &["=d/f.txt"], &[]), "file-source"),
            (of(&[], &["a="], &[]), "file-source"),
            (of(&[], &["a=b=c"], &[]), "file-source"),
            (of(&[], &["none"], &[]), "not-found"),
            (of(&[], &["d"], &[]), "not-a-file"),
            (of(&[], &[], &["long.env"]), "env-file-long-line"),
            (of(&[], &[], &["bad.env"]), "env-file-not-utf8"),
        ] {
            assert_eq!(
                pairs(&args),
                Err(reason),
                "{:?} {:?} {:?}",
                args.literals,
                args.files,
                args.envs
            );
        }
    }

    #[test]
    fn long_base64_is_in_lines() {
        assert_eq!(emit::base64_lines(&[0; 51]).len(), 68);
        assert_eq!(
            emit::base64_lines(&[0; 54]),
            format!("{}\n{}\n", "A".repeat(70), "AA")
        );
    }
}
