//! Strategic merges.

use crate::real::merge_difference;

/// Name, object, patch.
const CASES: &[(&str, &str, &str)] = &[
    (
        "a_new_container_stands_first",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        image: x
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: b
        image: y
"##,
    ),
    (
        "containers_are_merged_by_name",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        image: x
      - name: b
        image: x
        args: [a, b]
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: b
        image: y
        args: [c]
"##,
    ),
    (
        "a_container_is_deleted",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        image: x
      - name: b
        image: x
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: b
        $patch: delete
"##,
    ),
    (
        "the_only_container_is_deleted",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        image: x
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        $patch: delete
"##,
    ),
    (
        "an_unknown_container_is_deleted",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        image: x
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: z
        $patch: delete
"##,
    ),
    (
        "a_container_is_replaced",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        image: x
        args: [q]
      - name: b
        image: x
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        image: z
        $patch: replace
"##,
    ),
    (
        "a_container_is_merged_by_directive",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        image: x
        args: [q]
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        image: z
        $patch: merge
"##,
    ),
    (
        "all_containers_are_replaced",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        image: x
      - name: b
        image: x
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - $patch: replace
      - name: c
        image: z
"##,
    ),
    (
        "all_containers_are_deleted",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        image: x
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - $patch: delete
"##,
    ),
    (
        "a_list_directive_merges",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        image: x
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - $patch: merge
      - name: c
        image: z
"##,
    ),
    (
        "an_unknown_directive_fails",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        image: x
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        $patch: what
"##,
    ),
    (
        "an_unknown_directive_in_a_new_item_stays",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        image: x
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: c
        $patch: what
"##,
    ),
    (
        "an_unknown_list_directive_fails",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        image: x
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - $patch: what
"##,
    ),
    (
        "a_directive_at_the_wrong_place_of_a_list",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        image: x
      - name: b
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        $patch: delete
      - $patch: replace
"##,
    ),
    (
        "a_mapping_is_replaced",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        image: x
      nodeSelector: {a: b}
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      $patch: replace
      containers:
      - name: new
"##,
    ),
    (
        "a_mapping_is_deleted",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        image: x
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    $patch: delete
"##,
    ),
    (
        "the_object_is_deleted",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        image: x
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
$patch: delete
"##,
    ),
    (
        "the_object_is_replaced",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        image: x
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec: {replicas: 2}
$patch: replace
"##,
    ),
    (
        "nulls_remove",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 3
  strategy: {type: Recreate}
  template:
    spec:
      containers:
      - name: a
        image: x
        env: [{name: A, value: b}]
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: null
  strategy: ~
  template:
    spec:
      containers:
      - name: a
        env:
        image: null
"##,
    ),
    (
        "nulls_in_what_is_added_vanish",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 3
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  paused: null
  strategy: {type: null, rollingUpdate: {maxSurge: null, maxUnavailable: 1}}
"##,
    ),
    (
        "nulls_of_the_target_stay_if_written",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: null
  paused: ~
  minReadySeconds:
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  revisionHistoryLimit: 3
"##,
    ),
    (
        "ports_by_number_and_protocol",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        ports:
        - containerPort: 80
          protocol: TCP
          name: web
        - containerPort: 80
          protocol: UDP
          name: quic
        - containerPort: 90
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        ports:
        - containerPort: 80
          protocol: UDP
          name: quick
        - containerPort: 91
          protocol: TCP
"##,
    ),
    (
        "ports_without_protocol",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        ports:
        - containerPort: 80
          name: web
        - containerPort: 90
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        ports:
        - containerPort: 80
          protocol: TCP
          name: other
        - containerPort: 95
"##,
    ),
    (
        "ports_without_protocol_in_the_patch",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        ports:
        - containerPort: 80
          protocol: TCP
          name: web
        - containerPort: 80
          protocol: UDP
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        ports:
        - containerPort: 80
          name: other
"##,
    ),
    (
        "a_port_is_deleted",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        ports:
        - containerPort: 80
          protocol: TCP
        - containerPort: 81
          protocol: TCP
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        ports:
        - containerPort: 80
          protocol: TCP
          $patch: delete
"##,
    ),
    (
        "a_port_without_protocol_is_deleted",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        ports:
        - containerPort: 80
          protocol: TCP
        - containerPort: 81
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        ports:
        - containerPort: 80
          $patch: delete
        - containerPort: 81
          $patch: delete
"##,
    ),
    (
        "env_from_and_command_are_replaced",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        command: [a, b]
        envFrom: [{configMapRef: {name: x}}]
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        command: [c]
        envFrom: [{secretRef: {name: y}}]
"##,
    ),
    (
        "env_by_name",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        env:
        - {name: A, value: a}
        - {name: B, value: b}
        - {name: C, valueFrom: {fieldRef: {fieldPath: x}}}
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        env:
        - {name: C, value: c}
        - {name: B, $patch: delete}
        - {name: D, value: "1"}
"##,
    ),
    (
        "set_element_order_is_a_field",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
      - name: b
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      $setElementOrder/containers: [{name: b}, {name: a}]
      containers:
      - name: b
        image: y
      - name: a
"##,
    ),
    (
        "retain_keys_is_a_field",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxSurge: 1}
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  strategy:
    $retainKeys: [type]
    type: Recreate
"##,
    ),
    (
        "volumes_by_name",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      volumes:
      - name: v
        emptyDir: {}
      - name: w
        configMap: {name: x}
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      volumes:
      - name: v
        $retainKeys: [name, secret]
        secret: {secretName: s}
      - name: w
        configMap: null
        secret: {secretName: s}
"##,
    ),
    (
        "volume_mounts_by_path",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        volumeMounts:
        - {mountPath: /a, name: v}
        - {mountPath: /b, name: v}
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        volumeMounts:
        - {mountPath: /b, name: w, readOnly: true}
        - {mountPath: /c, name: v}
"##,
    ),
    (
        "tolerations_are_replaced",
        r##"apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  tolerations:
  - {key: a}
"##,
        r##"apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  tolerations:
  - {key: b}
"##,
    ),
    (
        "image_pull_secrets_and_host_aliases",
        r##"apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  imagePullSecrets: [{name: a}]
  hostAliases: [{ip: 1.1.1.1, hostnames: [a]}]
"##,
        r##"apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  imagePullSecrets: [{name: b}, {name: a}]
  hostAliases: [{ip: 1.1.1.1, hostnames: [b]}, {ip: 2.2.2.2}]
"##,
    ),
    (
        "spread_constraints",
        r##"apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  topologySpreadConstraints:
  - {topologyKey: a, whenUnsatisfiable: x, maxSkew: 1}
  - {topologyKey: b, whenUnsatisfiable: x, maxSkew: 1}
"##,
        r##"apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  topologySpreadConstraints:
  - {topologyKey: a, whenUnsatisfiable: y, maxSkew: 2}
  - {topologyKey: b, whenUnsatisfiable: x, maxSkew: 3}
"##,
    ),
    (
        "finalizers_are_merged",
        r##"apiVersion: v1
kind: Pod
metadata:
  name: web
  finalizers: [a, b]
"##,
        r##"apiVersion: v1
kind: Pod
metadata:
  name: web
  finalizers: [c, b]
"##,
    ),
    (
        "finalizers_of_other_types",
        r##"apiVersion: v1
kind: Pod
metadata:
  name: web
  finalizers: [a, 1, "2", true]
"##,
        r##"apiVersion: v1
kind: Pod
metadata:
  name: web
  finalizers: ["true", 3, 1]
"##,
    ),
    (
        "finalizers_delete_from_primitive_list",
        r##"apiVersion: v1
kind: Pod
metadata:
  name: web
  finalizers: [a, b]
"##,
        r##"apiVersion: v1
kind: Pod
metadata:
  name: web
  $deleteFromPrimitiveList/finalizers: [a]
"##,
    ),
    (
        "finalizers_replaced",
        r##"apiVersion: v1
kind: Pod
metadata:
  name: web
  finalizers: [a, b]
"##,
        r##"apiVersion: v1
kind: Pod
metadata:
  name: web
  finalizers: [{$patch: replace}, c]
"##,
    ),
    (
        "finalizers_deleted",
        r##"apiVersion: v1
kind: Pod
metadata:
  name: web
  finalizers: [a, b]
"##,
        r##"apiVersion: v1
kind: Pod
metadata:
  name: web
  finalizers: [{$patch: delete}]
"##,
    ),
    (
        "finalizers_repeat",
        r##"apiVersion: v1
kind: Pod
metadata:
  name: web
  finalizers: [a, a, b]
"##,
        r##"apiVersion: v1
kind: Pod
metadata:
  name: web
  finalizers: [c, c]
"##,
    ),
    (
        "owner_references_by_uid",
        r##"apiVersion: v1
kind: Pod
metadata:
  name: web
  ownerReferences: [{uid: a, name: x}]
"##,
        r##"apiVersion: v1
kind: Pod
metadata:
  name: web
  ownerReferences: [{uid: b, name: y}, {uid: a, kind: z}]
"##,
    ),
    (
        "labels_and_annotations",
        r##"apiVersion: v1
kind: Pod
metadata:
  name: web
  labels: {a: b}
  annotations: {x: "1"}
"##,
        r##"apiVersion: v1
kind: Pod
metadata:
  name: web
  labels: {c: d, a: null}
  annotations: {x: "2", y: z}
"##,
    ),
    (
        "service_ports",
        r##"apiVersion: v1
kind: Service
metadata:
  name: s
spec:
  ports:
  - {port: 80, name: a}
  - {port: 443, name: b, protocol: TCP}
"##,
        r##"apiVersion: v1
kind: Service
metadata:
  name: s
spec:
  ports:
  - {port: 443, protocol: TCP, targetPort: x}
  - {port: 80, nodePort: 3}
"##,
    ),
    (
        "service_ports_with_protocol",
        r##"apiVersion: v1
kind: Service
metadata:
  name: s
spec:
  ports:
  - {port: 80, name: a, protocol: TCP}
"##,
        r##"apiVersion: v1
kind: Service
metadata:
  name: s
spec:
  ports:
  - {port: 53, protocol: UDP}
  - {port: 80, nodePort: 3, protocol: TCP}
"##,
    ),
    (
        "types_follow_quotes",
        r##"apiVersion: v1
kind: ConfigMap
metadata:
  name: c
data:
  a: "x"
  b: 'x'
  c: 12
  d: x
  e: "12"
  f: |
    abc
  n: null
  o: ~
  p:
  q: yes
  r: "on"
  s: >-
    x
    y
"##,
        r##"apiVersion: v1
kind: ConfigMap
metadata:
  name: c
data:
  a: 12
  b: 13
  c: "y"
  d: true
  e: 1.5
  f: 12
  g: null
  q: 14
  r: true
  s: 5
"##,
    ),
    (
        "several_kinds_of_keys",
        r##"apiVersion: v1
kind: ConfigMap
metadata:
  name: c
data:
  "6443": a
  1: b
"##,
        r##"apiVersion: v1
kind: ConfigMap
metadata:
  name: c
data:
  6443: c
  "1": d
  9110: e
  "yes": f
"##,
    ),
    (
        "comments_do_not_matter",
        r##"apiVersion: v1
kind: ConfigMap
metadata:
  name: c
# head
data:
  # of a
  a: b # line
"##,
        r##"apiVersion: v1
kind: ConfigMap
metadata:
  name: c
# other
data:
  a: c # new
  # of d
  d: e
"##,
    ),
    (
        "a_scalar_over_a_mapping_fails",
        r##"apiVersion: v1
kind: ConfigMap
metadata:
  name: c
data:
  a: {b: c}
"##,
        r##"apiVersion: v1
kind: ConfigMap
metadata:
  name: c
data:
  a: d
"##,
    ),
    (
        "a_mapping_over_a_scalar_fails",
        r##"apiVersion: v1
kind: ConfigMap
metadata:
  name: c
data:
  a: d
"##,
        r##"apiVersion: v1
kind: ConfigMap
metadata:
  name: c
data:
  a: {b: c}
"##,
    ),
    (
        "a_list_over_a_scalar_fails",
        r##"apiVersion: v1
kind: ConfigMap
metadata:
  name: c
data:
  a: d
"##,
        r##"apiVersion: v1
kind: ConfigMap
metadata:
  name: c
data:
  a: [b]
"##,
    ),
    (
        "empty_mappings",
        r##"apiVersion: v1
kind: ConfigMap
metadata:
  name: c
data: {}
"##,
        r##"apiVersion: v1
kind: ConfigMap
metadata:
  name: c
data: {a: b}
"##,
    ),
    (
        "an_empty_patch_value",
        r##"apiVersion: v1
kind: ConfigMap
metadata:
  name: c
data: {a: b}
"##,
        r##"apiVersion: v1
kind: ConfigMap
metadata:
  name: c
data: {}
"##,
    ),
    (
        "nothing_is_changed",
        r##"apiVersion: v1
kind: ConfigMap
metadata:
  name: c
data: {a: b}
"##,
        r##"apiVersion: v1
kind: ConfigMap
metadata:
  name: c
"##,
    ),
    (
        "a_custom_type_has_no_keys",
        r##"apiVersion: example.com/v1
kind: Foo
metadata:
  name: f
spec:
  list:
  - {name: a, x: 1}
  map: {a: {b: c}}
"##,
        r##"apiVersion: example.com/v1
kind: Foo
metadata:
  name: f
spec:
  list:
  - {name: b, x: null, y: {$patch: delete}}
  map: {a: {d: e}}
"##,
    ),
    (
        "a_custom_type_has_nulls",
        r##"apiVersion: example.com/v1
kind: Foo
metadata:
  name: f
spec:
  values: {a: null, b: ~, c: , d: 1}
"##,
        r##"apiVersion: example.com/v1
kind: Foo
metadata:
  name: f
spec:
  other: {e: null}
"##,
    ),
    (
        "an_object_in_a_custom_type_is_known",
        r##"apiVersion: example.com/v1
kind: Foo
metadata:
  name: f
spec:
  inner:
    apiVersion: v1
    kind: Pod
    spec:
      containers:
      - {name: a, image: x}
"##,
        r##"apiVersion: example.com/v1
kind: Foo
metadata:
  name: f
spec:
  inner:
    spec:
      containers:
      - {name: b, image: y}
"##,
    ),
    (
        "an_object_in_a_patch_is_known",
        r##"apiVersion: example.com/v1
kind: Foo
metadata:
  name: f
spec:
  inner:
    spec:
      containers:
      - {name: a, image: x}
"##,
        r##"apiVersion: example.com/v1
kind: Foo
metadata:
  name: f
spec:
  inner:
    apiVersion: v1
    kind: Pod
    spec:
      containers:
      - {name: b, image: y}
"##,
    ),
    (
        "a_comment_is_a_schema",
        r##"apiVersion: example.com/v1
kind: Foo
metadata:
  name: f
spec:
  list: # {"type":"array","items":{"type":"object"},"x-kubernetes-patch-strategy":"merge","x-kubernetes-patch-merge-key":"id"}
  - {id: a, x: 1}
"##,
        r##"apiVersion: example.com/v1
kind: Foo
metadata:
  name: f
spec:
  list:
  - {id: b, x: 2}
  - {id: a, y: 2}
"##,
    ),
    (
        "a_comment_hides_the_schema",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
        image: x
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers: # {"$openapi":"x"}
      - name: b
        image: y
"##,
    ),
    (
        "a_comment_refers_to_a_schema",
        r##"apiVersion: example.com/v1
kind: Foo
metadata:
  name: f
spec:
  list: # {"$ref":"#/definitions/io.k8s.api.core.v1.PodSpec"}
    containers:
    - {name: a, x: 1}
"##,
        r##"apiVersion: example.com/v1
kind: Foo
metadata:
  name: f
spec:
  list:
    containers:
    - {name: b, x: 2}
"##,
    ),
    (
        "items_without_a_key",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - image: x
      - name: a
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: b
"##,
    ),
    (
        "items_without_a_key_in_the_middle",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
      - image: x
      - name: c
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: b
"##,
    ),
    (
        "a_patch_item_without_a_key",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
      - name: c
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - image: b
"##,
    ),
    (
        "an_item_that_is_no_mapping",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
      - foo
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: b
"##,
    ),
    (
        "a_null_item",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
      - null
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: b
"##,
    ),
    (
        "an_empty_item",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: a
      - {}
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: b
"##,
    ),
    (
        "repeated_items",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - {name: a, image: x}
      - {name: a, image: y}
      - {name: b}
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - {name: a, args: [z]}
"##,
    ),
    (
        "repeated_items_in_the_patch",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - {name: a, image: x}
      - {name: b}
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - {name: a, args: [z]}
      - {name: a, args: [y]}
"##,
    ),
    (
        "repeated_items_without_a_patch",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - {name: a, image: x}
      - {name: a, image: y}
      - {name: b}
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec: {replicas: 2}
"##,
    ),
    (
        "repeated_items_in_what_is_added",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec: {replicas: 2}
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - {name: a, image: x}
      - {name: a, image: null, args: [x]}
      - {name: b, $patch: delete}
"##,
    ),
    (
        "directives_in_what_is_added",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec: {replicas: 2}
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    metadata: {$patch: delete}
    spec:
      $patch: replace
      containers:
      - $patch: replace
      - {name: a, image: x}
"##,
    ),
    (
        "numbers_as_keys",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - {name: 1, image: x}
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - {name: "1", image: y}
      - {name: 2, image: y}
"##,
    ),
    (
        "a_kind_of_the_patch_alone_is_known",
        r##"apiVersion: v1
kind: ConfigMap
metadata:
  name: c
x: 1
"##,
        r##"apiVersion: v1
kind: ConfigMap
metadata:
  name: c
y: 2
"##,
    ),
    (
        "hpa_metrics",
        r##"apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: h}
spec:
  metrics:
  - {type: Resource}
"##,
        r##"apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: h}
spec:
  metrics:
  - {type: Pods}
"##,
    ),
    (
        "conditions_by_type",
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
status:
  conditions:
  - {type: A, status: "True"}
"##,
        r##"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
status:
  conditions:
  - {type: B, status: "False"}
  - {type: A, reason: x}
"##,
    ),
    (
        "a_webhook_list_by_name",
        r##"apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: h}
webhooks:
- {name: a, rules: [{operations: [x]}]}
"##,
        r##"apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: h}
webhooks:
- {name: b}
- {name: a, rules: [{operations: [y]}]}
"##,
    ),
    (
        "rules_of_a_role_are_replaced",
        r##"apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: h}
rules:
- {verbs: [a]}
"##,
        r##"apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: h}
rules:
- {verbs: [b]}
"##,
    ),
    (
        "dates_and_numbers",
        r##"apiVersion: example.com/v1
kind: Foo
metadata:
  name: f
data:
  a: 2020-01-01
  b: 0777
  c: 1e3
  d: 123456789012345678
  e: 0x10
"##,
        r##"apiVersion: example.com/v1
kind: Foo
metadata:
  name: f
data:
  f: 2020-01-02
  g: 0o17
  h: 1_000
"##,
    ),
    (
        "deep_directives",
        r##"apiVersion: example.com/v1
kind: Foo
metadata:
  name: f
spec:
  a: {b: {c: {d: 1}}}
"##,
        r##"apiVersion: example.com/v1
kind: Foo
metadata:
  name: f
spec:
  a: {b: {c: {$patch: replace, e: 2}}, f: {$patch: merge, g: 3}, h: {$patch: delete, i: 4}}
"##,
    ),
    (
        "a_list_of_a_custom_type_with_directive",
        r##"apiVersion: example.com/v1
kind: Foo
metadata:
  name: f
spec:
  a: [1, 2]
"##,
        r##"apiVersion: example.com/v1
kind: Foo
metadata:
  name: f
spec:
  a: [{$patch: delete}]
"##,
    ),
];

#[test]
fn merges_are_those_of_the_real_program() {
    let differences: Vec<String> = CASES
        .iter()
        .filter_map(|(name, object, patch)| {
            merge_difference(object, &[patch]).map(|difference| format!("{name}\n{difference}"))
        })
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}
