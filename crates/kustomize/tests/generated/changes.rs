//! Fields that change the objects: images, replicas, patches, replacements, variables, transformers.

use super::manifests::{IMAGES, Object};
use super::yaml::{Value, map, write};
use super::{Trees, data, text};

impl Trees<'_> {
    pub(super) fn changes(&mut self, folder: &str, kustomization: &mut Value, objects: &[Object]) {
        self.images(kustomization);
        if objects.is_empty() {
            return;
        }
        self.replicas(kustomization, objects);
        self.patches(folder, kustomization, objects);
        self.old_patches(folder, kustomization, objects);
        if self.random.one_in(4) {
            self.replacements(folder, kustomization, objects);
        }
        if self.random.one_in(8) {
            self.variables(folder, kustomization, objects);
        }
        if self.random.one_in(6) {
            self.transformers(kustomization);
        }
        if self.random.one_in(8) {
            self.configurations(folder, kustomization);
        }
    }

    fn images(&mut self, kustomization: &mut Value) {
        if !self.random.one_in(3) {
            return;
        }
        let mut image = map([("name", Value::text(*self.random.pick(&IMAGES)))]);
        if self.random.one_in(2) {
            image.set("newName", Value::text("mirror.example/x"));
        }
        match self.random.below(4) {
            0 => image.set("newTag", Value::raw("\"2.0\"")),
            1 => image.set("digest", Value::text(format!("sha256:{}", "2".repeat(64)))),
            2 => image.set("tagSuffix", Value::raw("-alpine")),
            _ => {}
        }
        kustomization.set("images", Value::List(vec![image]));
    }

    fn replicas(&mut self, kustomization: &mut Value, objects: &[Object]) {
        let counted: Vec<&Object> = objects
            .iter()
            .filter(|object| ["Deployment", "StatefulSet"].contains(&object.kind))
            .collect();
        if !counted.is_empty() && self.random.one_in(4) {
            let name = &self.random.pick(&counted).name;
            let replica = map([
                ("name", Value::text(name)),
                ("count", Value::raw(self.random.below(9))),
            ]);
            kustomization.set("replicas", Value::List(vec![replica]));
        }
    }

    fn patches(&mut self, folder: &str, kustomization: &mut Value, objects: &[Object]) {
        let mut patches = Vec::new();
        for number in 0..self.random.below(3) {
            let object = self.random.pick(objects).clone();
            let mut patch = map([]);
            let by_target = self.random.one_in(2);
            let content = if by_target && self.random.one_in(2) {
                self.operations(&object)
            } else {
                self.merge(&object)
            };
            if by_target {
                let target = self.selector(&object);
                patch.set("target", target);
            }
            let content = write(self.random, &content);
            if self.random.one_in(2) {
                let file = format!("patch{number}.yaml");
                self.files.insert(format!("{folder}/{file}"), content);
                patch.set("path", Value::text(file));
            } else {
                patch.set("patch", Value::text(content));
            }
            if self.random.one_in(8) {
                patch.set("options", map([("allowNameChange", Value::raw(true))]));
            }
            patches.push(patch);
        }
        if !patches.is_empty() {
            kustomization.set("patches", Value::List(patches));
        }
    }

    fn old_patches(&mut self, folder: &str, kustomization: &mut Value, objects: &[Object]) {
        if self.random.one_in(8) {
            let object = self.random.pick(objects).clone();
            let content = self.merge(&object);
            let content = write(self.random, &content);
            self.files.insert(format!("{folder}/old.yaml"), content);
            kustomization.set("patchesStrategicMerge", Value::texts(["old.yaml"]));
        }
        if self.random.one_in(8) {
            let object = self.random.pick(objects).clone();
            let mut target = map([
                ("version", Value::text(object.version)),
                ("kind", Value::text(object.kind)),
                ("name", Value::text(&object.name)),
            ]);
            if !object.group.is_empty() {
                target.set("group", Value::text(object.group));
            }
            let operations = self.operations(&object);
            let operations = write(self.random, &operations);
            let patch = map([("target", target), ("patch", Value::text(operations))]);
            kustomization.set("patchesJson6902", Value::List(vec![patch]));
        }
    }

    fn selector(&mut self, object: &Object) -> Value {
        match self.random.below(5) {
            0 => map([("kind", Value::text(object.kind))]),
            1 => map([
                ("kind", Value::text(object.kind)),
                ("name", Value::text(&object.name)),
            ]),
            2 => map([
                ("kind", Value::text(object.kind)),
                ("name", Value::text("w.*|api")),
            ]),
            3 => map([
                ("kind", Value::text(object.kind)),
                ("labelSelector", Value::text("app")),
            ]),
            _ => map([
                ("kind", Value::text(object.kind)),
                ("version", Value::text(object.version)),
            ]),
        }
    }

    /// A strategic merge patch.
    fn merge(&mut self, object: &Object) -> Value {
        let mut patch = object.head();
        if self.random.one_in(12) {
            patch.set("$patch", Value::text("delete"));
            return patch;
        }
        if let Value::Map(fields) = &mut patch {
            let annotation = map([("patched", text(self.random)), ("note", Value::raw("null"))]);
            if let Some((_, metadata)) = fields.last_mut()
                && self.random.one_in(2)
            {
                metadata.set("annotations", annotation);
            }
        }
        match object.kind {
            kind if object.has_containers() => {
                let mut containers = Vec::new();
                if self.random.one_in(2) {
                    let mut main = map([("name", Value::text("main"))]);
                    if self.random.one_in(2) {
                        main.set("image", Value::text("patched:1"));
                    }
                    if self.random.one_in(2) {
                        let added =
                            map([("name", Value::text("ADDED")), ("value", text(self.random))]);
                        let mode =
                            map([("name", Value::text("MODE")), ("value", text(self.random))]);
                        main.set("env", Value::List(vec![added, mode]));
                    }
                    if self.random.one_in(3) {
                        let port = map([
                            ("containerPort", Value::raw(9090)),
                            ("name", Value::text("metrics")),
                        ]);
                        main.set("ports", Value::List(vec![port]));
                    }
                    if self.random.one_in(4) {
                        main.set("args", Value::List(vec![text(self.random)]));
                    }
                    containers.push(main);
                }
                if self.random.one_in(4) {
                    containers.push(map([
                        ("name", Value::text("side")),
                        ("$patch", Value::text("delete")),
                    ]));
                }
                if self.random.one_in(4) {
                    containers.push(map([
                        ("name", Value::text("new")),
                        ("image", Value::text("new")),
                    ]));
                }
                let mut pod = map([("containers", Value::List(containers))]);
                if self.random.one_in(4) {
                    let volume = map([
                        ("name", Value::text("tmp")),
                        ("emptyDir", Value::raw("null")),
                    ]);
                    pod.set("volumes", Value::List(vec![volume]));
                }
                let mut spec = map([("template", map([("spec", pod)]))]);
                if self.random.one_in(3) && kind != "DaemonSet" {
                    spec.set("replicas", Value::raw(*self.random.pick(&["7", "null"])));
                }
                patch.set("spec", spec);
            }
            "Service" => {
                let port = map([("port", Value::raw(80)), ("targetPort", Value::raw(8080))]);
                let more = map([("port", Value::raw(443)), ("name", Value::text("https"))]);
                patch.set("spec", map([("ports", Value::List(vec![port, more]))]));
            }
            "ConfigMap" => patch.set("data", data(self.random)),
            "Secret" => patch.set("stringData", data(self.random)),
            "Widget" => {
                let part = map([("name", Value::text("right")), ("count", Value::raw(9))]);
                patch.set(
                    "spec",
                    map([
                        ("parts", Value::List(vec![part])),
                        ("extra", text(self.random)),
                    ]),
                );
            }
            _ => {}
        }
        patch
    }

    /// A JSON patch.
    fn operations(&mut self, object: &Object) -> Value {
        let operation = |op: &str, path: &str, value: Value| {
            map([
                ("op", Value::text(op)),
                ("path", Value::text(path)),
                ("value", value),
            ])
        };
        let mut operations = vec![operation(
            "add",
            "/metadata/annotations",
            map([("json", text(self.random))]),
        )];
        if self.random.one_in(2) {
            operations.push(operation(
                "add",
                "/metadata/annotations/a~1b",
                text(self.random),
            ));
        }
        if object.has_containers() {
            if self.random.one_in(2) {
                let path = "/spec/template/spec/containers/0/image";
                operations.push(operation("replace", path, Value::text("json:1")));
            }
            if self.random.one_in(3) {
                let container = map([("name", Value::text("last")), ("image", Value::text("db"))]);
                operations.push(operation(
                    "add",
                    "/spec/template/spec/containers/-",
                    container,
                ));
            }
        }
        if object.kind == "ConfigMap" && self.random.one_in(2) {
            operations.push(operation(
                "add",
                "/data",
                map([("json", text(self.random))]),
            ));
        }
        if self.random.one_in(10) {
            operations.push(map([
                ("op", Value::text("remove")),
                ("path", Value::text("/metadata/labels")),
            ]));
        }
        Value::List(operations)
    }

    fn replacements(&mut self, folder: &str, kustomization: &mut Value, objects: &[Object]) {
        let source = self.random.pick(objects).clone();
        let target = self.random.pick(objects).clone();
        let mut from = map([
            ("kind", Value::text(source.kind)),
            ("name", Value::text(&source.name)),
        ]);
        if self.random.one_in(2) {
            from.set(
                "fieldPath",
                Value::text(
                    *self
                        .random
                        .pick(&["metadata.name", "kind", "metadata.name"]),
                ),
            );
        }
        let delimited = self.random.one_in(3);
        if delimited {
            from.set(
                "options",
                map([("delimiter", Value::text("-")), ("index", Value::raw(0))]),
            );
        }
        let path = match target.kind {
            _ if target.has_containers() => "spec.template.spec.containers.[name=main].image",
            "Widget" => "spec.parts.[name=left].name",
            "Service" => "spec.ports.0.name",
            _ => "metadata.annotations.replaced",
        };
        let mut to = map([
            ("select", map([("kind", Value::text(target.kind))])),
            ("fieldPaths", Value::texts([path])),
        ]);
        if path.starts_with("metadata") {
            to.set("options", map([("create", Value::raw(true))]));
        } else if delimited {
            to.set(
                "options",
                map([
                    ("delimiter", Value::text(":")),
                    ("index", Value::raw(self.random.below(2))),
                ]),
            );
        }
        if self.random.one_in(4) {
            to.set(
                "reject",
                Value::List(vec![map([("name", Value::text("api"))])]),
            );
        }
        let replacement = map([("source", from), ("targets", Value::List(vec![to]))]);
        let entry = if self.random.one_in(3) {
            self.write(&format!("{folder}/replacement.yaml"), &replacement);
            map([("path", Value::text("replacement.yaml"))])
        } else {
            replacement
        };
        kustomization.set("replacements", Value::List(vec![entry]));
    }

    fn variables(&mut self, folder: &str, kustomization: &mut Value, objects: &[Object]) {
        let object = self.random.pick(objects).clone();
        let reference = map([
            ("apiVersion", Value::text(object.api_version())),
            ("kind", Value::text(object.kind)),
            ("name", Value::text(&object.name)),
        ]);
        // The name that some texts in the manifests ask for, once in a tree.
        let name = if folder == "base" {
            "NAME".to_owned()
        } else {
            format!("NAME_{}", folder.replace('-', "_"))
        };
        let variable = map([("name", Value::text(name)), ("objref", reference)]);
        kustomization.set("vars", Value::List(vec![variable]));
    }

    fn transformers(&mut self, kustomization: &mut Value) {
        let (kind, field, value) = match self.random.below(4) {
            0 => ("PrefixTransformer", "prefix", Value::text("t-")),
            1 => (
                "AnnotationsTransformer",
                "annotations",
                map([("by", Value::text("transformer"))]),
            ),
            2 => (
                "LabelTransformer",
                "labels",
                map([("by", Value::text("transformer"))]),
            ),
            _ => ("SuffixTransformer", "suffix", Value::text("-t")),
        };
        let path = match kind {
            "AnnotationsTransformer" => "metadata/annotations",
            "LabelTransformer" => "metadata/labels",
            _ => "metadata/name",
        };
        let fields = Value::List(vec![map([
            ("path", Value::text(path)),
            ("create", Value::raw(true)),
        ])]);
        let transformer = map([
            ("apiVersion", Value::text("builtin")),
            ("kind", Value::text(kind)),
            ("metadata", map([("name", Value::text("any"))])),
            (field, value),
            ("fieldSpecs", fields),
        ]);
        let text = write(self.random, &transformer);
        kustomization.set("transformers", Value::List(vec![Value::text(text)]));
    }

    fn configurations(&mut self, folder: &str, kustomization: &mut Value) {
        let spec = |path: &str, create: bool| {
            Value::List(vec![map([
                ("path", Value::text(path)),
                ("kind", Value::text("Widget")),
                ("create", Value::raw(create)),
            ])])
        };
        let reference = map([
            ("kind", Value::text("ConfigMap")),
            ("version", Value::text("v1")),
            ("fieldSpecs", spec("spec/config", false)),
        ]);
        let configuration = map([
            ("commonLabels", spec("spec/labels", true)),
            ("namePrefix", spec("spec/mode", false)),
            ("images", spec("spec/color", false)),
            ("nameReference", Value::List(vec![reference])),
        ]);
        self.write(&format!("{folder}/configuration.yaml"), &configuration);
        kustomization.set("configurations", Value::texts(["configuration.yaml"]));
    }
}
