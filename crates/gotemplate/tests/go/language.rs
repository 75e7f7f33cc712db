//! The template language itself against Go's `text/template`, with fixed and with random templates.

use crate::generate::Random;
use crate::oracle::{Data, Outcome, differences, render};
use serde_json::json;

fn strings() -> Data {
    Data::Strings(vec![
        ("a", b"hello World".to_vec()),
        ("b", b"x,y,z".to_vec()),
        ("empty", b"".to_vec()),
        ("num", b"42".to_vec()),
        ("a-b", b"dashed".to_vec()),
    ])
}

fn check(templates: &[String], data: &Data) {
    let found = differences(templates, data);
    assert!(
        found.is_empty(),
        "{} of {} differ:\n{}",
        found.len(),
        templates.len(),
        found.join("\n")
    );
}

#[test]
fn features() {
    let lines = include_str!("tables/features.tmpl").lines();
    let mut templates = Vec::new();
    for line in lines {
        if line.contains(":=") || line.contains("{{ end }}") {
            templates.push(line.to_owned());
        } else {
            templates.extend(
                line.replace("}}|{{", "}}\0{{")
                    .split('\0')
                    .map(str::to_owned),
            );
        }
    }
    // The ones with line ends in them.
    templates.extend(
        [
            "{{/* multi\nline */}}x",
            "{{ `a\nb` }}",
            "{{ \"a\nb\" }}",
            "a\n  {{- .a -}}  \n b",
            "{{ if .a }}\n x\n{{ end }}",
            "{{ .a\n| upper\n}}",
        ]
        .map(str::to_owned),
    );
    check(&templates, &strings());
}

#[test]
fn decoded_json_as_data() {
    let data = Data::Json(json!({
        "s": "text", "n": 1.5, "i": 3, "t": true, "nil": null, "list": [1, "a", null, {"x": [2]}], "map": {"k": {"l": "v"}, "z": null},
    }));
    let templates = [
        "{{ .s }}|{{ .n }}|{{ .i }}|{{ .t }}|{{ .nil }}",
        "{{ .map.k.l }}",
        "{{ .map.z }}",
        "{{ .map.z.y }}",
        "{{ .map.q.y }}",
        "{{ .nil.x }}",
        "{{ range .list }}[{{ . }}]{{ end }}",
        "{{ index .list 3 \"x\" 0 }}",
        "{{ .list.x }}",
        "{{ range .nil }}x{{ else }}e{{ end }}",
        "{{ toJson . }}",
        "{{ . }}",
        "{{ with .map }}{{ .k.l }}{{ end }}",
        "{{ eq .i 3.0 }}",
        "{{ eq .i 3 }}",
        "{{ upper .nil }}",
        "{{ hasKey .map \"k\" }}",
        "{{ get .map \"z\" }}",
        "{{ dig \"map\" \"k\" \"l\" \"d\" . }}",
        "{{ $_ := set . \"new\" 1 }}{{ .new }}",
        "{{ typeOf .list }}|{{ typeOf .map }}|{{ typeOf .nil }}",
        "{{ range $k, $v := .map }}{{ $k }}={{ $v }};{{ end }}",
        "{{ len .list }}{{ len .map }}",
        "{{ len .nil }}",
        "{{ merge .map (dict \"k\" (dict \"m\" 1)) }}",
        "{{ printf \"%v %s %d\" .list .s .i }}",
        "{{ quote .nil }}|{{ quote .list }}",
        "{{ default \"d\" .nil }}",
        "{{ .nil | default \"d\" }}",
        "{{ index .map \"nope\" }}",
        "{{ index .map \"nope\" \"x\" }}",
        "{{ range .i }}x{{ end }}",
        "{{ not .nil }}",
        "{{ and .t .nil }}",
        "{{ omit .map \"k\" }}",
        "{{ sortAlpha .list }}",
        "{{ .s.x }}",
    ]
    .map(str::to_owned);
    check(&templates, &data);
}

#[test]
fn random_templates() {
    let templates: Vec<String> = (0..6000).map(|seed| Random::new(seed).template()).collect();
    let succeeding = templates
        .iter()
        .filter(|text| matches!(render(text, &strings()).outcome, Outcome::Output(_)))
        .count();
    assert!(
        succeeding > 1500,
        "only {succeeding} templates succeed, so little is compared"
    );
    check(&templates, &strings());
}
