//! Random source trees: bases, overlays up to three deep and components, with every field of a kustomization.

mod changes;
mod manifests;
mod yaml;

use std::collections::BTreeMap;

use peers::random::Random;

use manifests::{KINDS, Object, data, manifest, text};
use yaml::{Value, map, write};

/// Files by their paths.
pub(crate) type Files = BTreeMap<String, String>;

/// What is built of a generated tree.
pub(crate) const BUILT: &str = "overlay";

/// A tree. The same state of `random` gives the same tree.
pub(crate) fn tree(random: &mut Random) -> Files {
    let mut trees = Trees {
        random,
        files: Files::new(),
    };
    let two_bases = trees.random.one_in(3);
    let mut below = vec![trees.base("base", "")];
    if two_bases {
        below.push(trees.base("second", "2"));
    }
    for depth in 0..trees.random.below(3) {
        let layer = trees.layer(&format!("layer{depth}"), below, Place::Middle);
        below = vec![layer];
    }
    trees.layer(BUILT, below, Place::Top);
    trees.files
}

/// A kustomization that is there already.
struct Layer {
    folder: String,
    /// The objects in it, under the names that they had first.
    objects: Vec<Object>,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Place {
    Component,
    Middle,
    Top,
}

struct Trees<'r> {
    random: &'r mut Random,
    files: Files,
}

impl Trees<'_> {
    fn write(&mut self, path: &str, value: &Value) {
        let text = write(self.random, value);
        self.files.insert(path.to_owned(), text);
    }

    /// A kustomization of files. `suffix` keeps its names apart from those of another base.
    fn base(&mut self, folder: &str, suffix: &str) -> Layer {
        let mut objects: Vec<Object> = Vec::new();
        for _ in 0..2 + self.random.below(5) {
            let (group, version, kind) = *self.random.pick(&KINDS);
            let name = format!("{}{suffix}", self.random.pick(&["web", "api", "cache"]));
            let mut object = Object::new(group, version, kind, &name);
            if self.random.one_in(8) && kind != "ClusterRoleBinding" {
                object.namespace = Some("shop".to_owned());
            }
            if !objects
                .iter()
                .any(|other| other.kind == kind && other.name == name)
            {
                objects.push(object);
            }
        }
        let mut resources = Vec::new();
        let mut rest: Vec<Object> = objects.clone();
        while !rest.is_empty() {
            let together: Vec<Object> = rest
                .drain(..rest.len().min(1 + self.random.below(3)))
                .collect();
            let file = format!("part{}.yaml", resources.len());
            let documents: Vec<String> = together
                .iter()
                .map(|object| {
                    let value = manifest(self.random, object, &objects);
                    write(self.random, &value)
                })
                .collect();
            let separator = if self.random.one_in(6) {
                "---\n# of its own\n---\n"
            } else {
                "---\n"
            };
            self.files
                .insert(format!("{folder}/{file}"), documents.join(separator));
            resources.push(Value::text(file));
        }
        let mut kustomization = map([("resources", Value::List(resources))]);
        self.fields(folder, &mut kustomization, &mut objects, Place::Middle);
        self.write(&format!("{folder}/kustomization.yaml"), &kustomization);
        Layer {
            folder: folder.to_owned(),
            objects,
        }
    }

    /// A kustomization on top of others.
    fn layer(&mut self, folder: &str, below: Vec<Layer>, place: Place) -> Layer {
        let mut resources: Vec<Value> = below
            .iter()
            .map(|layer| Value::text(format!("../{}", layer.folder)))
            .collect();
        let mut objects: Vec<Object> = below.into_iter().flat_map(|layer| layer.objects).collect();
        if self.random.one_in(3) {
            let object = Object::new("", "v1", "ConfigMap", &format!("of-{folder}"));
            let value = manifest(self.random, &object, &objects);
            self.write(&format!("{folder}/own.yaml"), &value);
            resources.push(Value::text("own.yaml"));
            objects.push(object);
        }
        let mut kustomization = map([]);
        if self.random.one_in(2) {
            kustomization.set("apiVersion", Value::text("kustomize.config.k8s.io/v1beta1"));
            kustomization.set("kind", Value::text("Kustomization"));
        }
        kustomization.set("resources", Value::List(resources));
        if self.random.one_in(3) {
            let component = format!("{folder}-part");
            self.component(&component, &mut objects);
            kustomization.set("components", Value::texts([format!("../{component}")]));
        }
        self.fields(folder, &mut kustomization, &mut objects, place);
        self.write(&format!("{folder}/kustomization.yaml"), &kustomization);
        Layer {
            folder: folder.to_owned(),
            objects,
        }
    }

    fn component(&mut self, folder: &str, objects: &mut Vec<Object>) {
        let mut kustomization = map([
            (
                "apiVersion",
                Value::text("kustomize.config.k8s.io/v1alpha1"),
            ),
            ("kind", Value::text("Component")),
        ]);
        self.fields(folder, &mut kustomization, objects, Place::Component);
        self.write(&format!("{folder}/kustomization.yaml"), &kustomization);
    }

    /// Fields of all kinds.
    fn fields(
        &mut self,
        folder: &str,
        kustomization: &mut Value,
        objects: &mut Vec<Object>,
        place: Place,
    ) {
        let generated = self.generators(folder, kustomization, objects);
        if self.random.one_in(3) {
            let prefix = *self.random.pick(&["a-", "prod-", "1"]);
            kustomization.set("namePrefix", Value::text(prefix));
        }
        if self.random.one_in(4) {
            kustomization.set("nameSuffix", Value::text(*self.random.pick(&["-z", "-v2"])));
        }
        if self.random.one_in(3) {
            kustomization.set(
                "namespace",
                Value::text(*self.random.pick(&["shop", "prod"])),
            );
        }
        if self.random.one_in(3) {
            let labels = self.pairs();
            kustomization.set("commonLabels", labels);
        }
        if self.random.one_in(3) {
            let mut label = map([("pairs", self.pairs())]);
            for option in ["includeSelectors", "includeTemplates"] {
                if self.random.one_in(3) {
                    label.set(option, Value::raw(self.random.one_in(2)));
                }
            }
            kustomization.set("labels", Value::List(vec![label]));
        }
        if self.random.one_in(3) {
            let annotations = self.pairs();
            kustomization.set("commonAnnotations", annotations);
        }
        self.changes(folder, kustomization, objects);
        objects.extend(generated);
        if place == Place::Top {
            if self.random.one_in(3) {
                let mut options =
                    map([("order", Value::text(*self.random.pick(&["fifo", "legacy"])))]);
                if self.random.one_in(6) {
                    options.set(
                        "legacySortOptions",
                        map([
                            ("orderFirst", Value::texts(["Widget", "Deployment"])),
                            ("orderLast", Value::texts(["Secret"])),
                        ]),
                    );
                }
                kustomization.set("sortOptions", options);
            }
            if self.random.one_in(5) {
                let kinds = [
                    "managedByLabel",
                    "originAnnotations",
                    "transformerAnnotations",
                ];
                let kinds: Vec<&str> = kinds
                    .into_iter()
                    .filter(|_| self.random.one_in(2))
                    .collect();
                kustomization.set("buildMetadata", Value::texts(kinds));
            }
        }
    }

    fn pairs(&mut self) -> Value {
        let mut pairs = map([]);
        for key in ["team", "app", "example.com/part"] {
            if self.random.one_in(2) {
                pairs.set(
                    key,
                    Value::text(*self.random.pick(&["blue", "1", "true", "a-b", ""])),
                );
            }
        }
        pairs
    }

    /// Generators of new objects, and of changes to objects that were generated below.
    fn generators(
        &mut self,
        folder: &str,
        kustomization: &mut Value,
        objects: &[Object],
    ) -> Vec<Object> {
        let mut made = Vec::new();
        for (field, kind) in [
            ("configMapGenerator", "ConfigMap"),
            ("secretGenerator", "Secret"),
        ] {
            let mut entries = Vec::new();
            if self.random.one_in(3) {
                let name = format!("gen-{folder}");
                let mut entry = map([("name", Value::text(&name))]);
                self.sources(folder, &mut entry, kind);
                if self.random.one_in(4) {
                    let mut options = map([]);
                    if self.random.one_in(2) {
                        options.set("disableNameSuffixHash", Value::raw(true));
                    }
                    if self.random.one_in(2) {
                        options.set("labels", map([("made", Value::text("yes"))]));
                    }
                    if self.random.one_in(3) {
                        options.set("immutable", Value::raw(true));
                    }
                    entry.set("options", options);
                }
                if kind == "Secret" && self.random.one_in(3) {
                    entry.set("type", Value::text("example.com/kind"));
                }
                entries.push(entry);
                made.push(Object::new("", "v1", kind, &name));
            }
            let below: Vec<&Object> = objects
                .iter()
                .filter(|object| object.kind == kind && object.name.starts_with("gen-"))
                .collect();
            if !below.is_empty() && self.random.one_in(2) {
                let mut entry = map([
                    ("name", Value::text(&self.random.pick(&below).name)),
                    (
                        "behavior",
                        Value::text(*self.random.pick(&["merge", "merge", "replace"])),
                    ),
                ]);
                self.sources(folder, &mut entry, kind);
                entries.push(entry);
            }
            if !entries.is_empty() {
                kustomization.set(field, Value::List(entries));
            }
        }
        if !made.is_empty() && self.random.one_in(5) {
            let mut options = map([("annotations", map([("made", Value::text("here"))]))]);
            if self.random.one_in(2) {
                options.set("disableNameSuffixHash", Value::raw(true));
            }
            kustomization.set("generatorOptions", options);
        }
        made
    }

    fn sources(&mut self, folder: &str, entry: &mut Value, kind: &str) {
        let place = format!("{folder}-{kind}").to_lowercase();
        if self.random.below(3) > 0 {
            let literals = [
                "color=red",
                "text=two words",
                "quoted=\"x\"",
                "empty=",
                "number=0777",
                "long",
            ];
            let literals = literals
                .into_iter()
                .filter(|_| self.random.one_in(2))
                .map(|literal| match literal {
                    "long" => format!("long={}", "0123456789".repeat(9)),
                    literal => literal.to_owned(),
                });
            let literals: Vec<String> = literals.collect();
            entry.set("literals", Value::texts(literals));
        }
        if self.random.one_in(3) {
            let content = *self.random.pick(&[
                "line\nline\n",
                "no newline",
                "",
                "a: b\n\n\n",
                "trail \nx\n",
                "ünï\n",
            ]);
            self.files
                .insert(format!("{folder}/{place}.conf"), content.to_owned());
            entry.set("files", Value::texts([format!("app.conf={place}.conf")]));
        }
        if self.random.one_in(3) {
            let content = "# settings\nLEVEL=debug\n\nURL=http://x/?a=b\nQUOTED=\"q\"\n";
            self.files
                .insert(format!("{folder}/{place}.env"), content.to_owned());
            entry.set("envs", Value::texts([format!("{place}.env")]));
        }
    }
}
