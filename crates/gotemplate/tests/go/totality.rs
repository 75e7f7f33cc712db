//! Templates as decryption oracles: what is called total never tells secrets apart by failing.

use crate::generate::Random;
use gotemplate::{Field, Functions, Limits, Schema, Template, Totality, Value};

const LONGEST: usize = 12;

fn schema() -> Schema {
    let secret = || Field::Secret {
        longest: LONGEST as u64,
    };
    Schema::new()
        .with("a", secret())
        .with("b", secret())
        .with("password", secret())
        .with("user-name", secret())
        .with("empty", Field::Public(Vec::new()))
        .with("num", Field::Public(b"42".to_vec()))
        .with("env", Field::Public(b"prod".to_vec()))
}

fn parse(text: &str) -> Template {
    Template::parse("t", text, &Functions::controller()).unwrap()
}

fn data(random: &mut Random) -> Value {
    let mut secret = || random.secret(LONGEST);
    let (a, b, password, name) = (secret(), secret(), secret(), secret());
    let public = |text: &str| text.as_bytes().to_vec();
    Value::strings([
        ("a", a),
        ("b", b),
        ("password", password),
        ("user-name", name),
        ("empty", Vec::new()),
        ("num", public("42")),
        ("env", public("prod")),
    ])
}

/// What an onlooker sees of a rendering.
fn seen(template: &Template, data: &Value) -> Option<String> {
    template.render(data).err().map(|error| error.to_string())
}

#[test]
fn honest_templates_are_total() {
    for text in [
        "{{ .password }}",
        "postgres://{{ .a }}:{{ .password }}@db/{{ .b | urlquery }}",
        "{{ index . \"user-name\" }}",
        "{{ .password | b64enc }}{{ .password | b64dec }}",
        "{{ .password | quote }}{{ upper .a }}{{ .a | trim | lower | squote }}",
        "{{ printf \"%s:%s\" .a .b }}{{ printf \"%q %-10v %d\" .a .b 5 }}",
        "{{ if eq .env \"prod\" }}{{ .a }}{{ else }}{{ .b }}{{ end }}",
        "{{ if eq .a \"prod\" }}{{ .a }}{{ else if hasPrefix \"x\" .b }}{{ .b }}{{ end }}",
        "{{ .a | default \"none\" }}{{ default .a .b }}{{ .missing | default \"x\" }}{{ coalesce .a .b | toString }}",
        "{{ toString .a }}{{ len .a }}{{ .missing }}",
        "{{ range $k, $v := . }}{{ $k }}={{ $v | b64enc }}\n{{ end }}",
        "{{ range splitList \",\" .a }}- {{ . | trim | quote }}\n{{ else }}none{{ end }}",
        "{{ range $i, $x := splitList \",\" .a }}{{ if $i }},{{ end }}{{ $x }}{{ end }}",
        "{{ .a | nindent 4 }}{{ indent 2 .b }}",
        "{{ toJson .a }}{{ toJson . }}{{ dict \"auth\" (dict \"user\" .a \"n\" 5) | toJson }}{{ list .a .b | toPrettyJson }}",
        "{{ sha256sum .a }}{{ adler32sum .b }}",
        "{{ with .a }}{{ . }}{{ else }}-{{ end }}",
        "{{ define \"line\" }}{{ .user }}:{{ .pass }}{{ end }}{{ template \"line\" (dict \"user\" .a \"pass\" .b) }}",
        "{{ $user := .a }}{{ $pass := .b | b64enc }}{{ printf \"%s:%s\" $user $pass | b64enc }}",
        "{{ regexReplaceAll \"[^a-z]\" .a \"_\" }}{{ regexMatch \"^x\" .a }}",
        "{{ first (splitList \":\" .a) | upper }}{{ index (splitList \":\" .a) 0 }}",
        "{{ range until 3 }}{{ $.a }}{{ end }}{{ ternary .a .b (eq .env \"prod\") }}",
        "{{ $sep := \"\" }}{{ range splitList \",\" .a }}{{ $sep }}{{ . }}{{ $sep = \",\" }}{{ end }}",
        "{{ .a | trunc 8 }}{{ .a | replace \"\\n\" \"\" }}{{ join \",\" (list .a .b) }}{{ repeat 3 .a }}",
        "{{ int .a | add 5 }}{{ div (int .a) 7 }}{{ round .a 2 }}",
        "{{ if and .a .b }}both{{ end }}{{ or .a .b }}{{ not .a }}{{ (split \",\" .a)._1 }}",
    ] {
        assert_eq!(parse(text).totality(&schema()), Totality::Total, "{text}");
    }
}

#[test]
fn templates_that_tell_secrets_apart_are_partial() {
    for text in [
        "{{ if hasPrefix \"a\" .a }}{{ fail \"x\" }}{{ end }}",
        "{{ if hasPrefix \"a\" .a }}{{ fail .a }}{{ else }}ok{{ end }}",
        "{{ with .a }}{{ .x }}{{ end }}",
        "{{ and (hasPrefix \"a\" .a) (fail \"x\") }}",
        "{{ or .a (fail \"x\") }}",
        "{{ range splitList \",\" .a }}{{ fail \"x\" }}{{ end }}",
        "{{ range $i, $x := splitList \",\" .a }}{{ if eq $i 1 }}{{ fail \"x\" }}{{ end }}{{ end }}",
        "{{ range splitList \"\" .a }}{{ else }}{{ fail \"x\" }}{{ end }}",
        "{{ index (splitList \",\" .a) 1 }}",
        "{{ index .a 0 }}",
        "{{ slice (splitList \",\" .a) 0 2 }}",
        "{{ substr 1 2 .a }}",
        "{{ repeat (int .a) \"x\" }}",
        "{{ repeat (len .a) \"x\" }}",
        "{{ until (int .a) }}",
        "{{ range until (int .a) }}{{ end }}",
        "{{ range (int .a) }}{{ end }}",
        "{{ indent (int .a) \"x\" }}",
        "{{ regexFind .a \"x\" }}",
        "{{ mustRegexMatch .a \"x\" }}",
        "{{ semver .a }}",
        "{{ semverCompare \">1\" .a }}",
        "{{ mustFromJson .a }}",
        "{{ (fromJson .a).x }}",
        "{{ fromJson .a }}",
        "{{ mustToDate \"2006\" .a }}",
        "{{ div 1 (int .a) }}",
        "{{ mod 1 .a }}",
        "{{ urlParse .a }}",
        "{{ upper (ternary \"x\" 5 (hasPrefix \"a\" .a)) }}",
        "{{ $x := \"s\" }}{{ if .a }}{{ $x = 5 }}{{ end }}{{ upper $x }}",
        "{{ $x := \"s\" }}{{ range splitList \",\" .a }}{{ $x = 5 }}{{ break }}{{ $x = \"t\" }}{{ end }}{{ upper $x }}",
        "{{ $x := \"s\" }}{{ range splitList \",\" .a }}{{ if eq . \"q\" }}{{ $x = 5 }}{{ continue }}{{ end }}{{ $x = \"t\" }}{{ end }}{{ upper $x }}",
        "{{ $x := \"s\" }}{{ $y := and .a (($x := 5)) }}{{ upper $x }}",
        "{{ $x := \"s\" }}{{ $y := or .a (($x = 5)) }}{{ upper $x }}",
        "{{ $d := dict \"k\" \"v\" }}{{ if .a }}{{ $_ := set $d \"k\" 5 }}{{ end }}{{ upper $d.k }}",
        "{{ $d := dict \"k\" \"v\" }}{{ $e := ternary $d (dict) (hasPrefix \"a\" .a) }}{{ $e.k.l }}",
        "{{ upper (default 5 .a) }}",
        "{{ eq (default 5 .a) \"x\" }}",
        "{{ eq .a \"x\" 5 }}",
        "{{ lt (len .a) (ternary 5 \"x\" (eq .a \"\")) }}",
        "{{ upper (first (splitList \"\" .a)) }}",
        "{{ upper (split \",\" .a)._1 }}",
        "{{ (split \",\" .a)._1 | len }}",
        "{{ template \"loop\" .a }}{{ define \"loop\" }}{{ if . }}{{ template \"loop\" (substr 0 1 .) }}{{ end }}{{ end }}",
        "{{ if .a }}{{ template \"nope\" }}{{ end }}",
        "{{ if .a }}{{ upper 5 }}{{ end }}",
        "{{ if .a }}{{ now }}{{ end }}",
        "{{ printf .a \"x\" }}",
        "{{ printf \"%*d\" (len .a) 5 }}",
        "{{ $s := .a }}{{ range until 100 }}{{ $s = printf \"%s%s\" $s $s }}{{ end }}{{ $s }}",
        "{{ $l := list }}{{ range splitList \"\" .a }}{{ $l = list $l }}{{ end }}{{ $l }}",
        "{{ range until 100000 }}{{ range until 100000 }}{{ $.a }}{{ end }}{{ end }}",
        "{{ if .a }}{{ repeat 1000000000 \"x\" }}{{ end }}",
        "{{ .missing.x .a }}{{ if .a }}{{ fail \"x\" }}{{ end }}",
        "{{ mustToJson (float64 .a) }}",
        "{{ toRawJson (list (float64 .a)) }}",
        "{{ addf .a 1 }}",
        "{{ deepCopy (ternary nil \"x\" (eq .a \"\")) }}",
        "{{ hasKey (ternary nil (dict) (eq .a \"\")) \"x\" }}",
        "{{ len (ternary 5 \"x\" (eq .a \"\")) }}",
        "{{ with ternary 5 \"x\" (eq .a \"\") }}{{ range . }}{{ end }}{{ end }}",
        "{{ range ternary 5 \"x\" (eq .a \"\") }}{{ end }}",
    ] {
        assert!(
            matches!(parse(text).totality(&schema()), Totality::Partial { .. }),
            "{text}"
        );
    }
}

#[test]
fn what_always_fails_tells_nothing() {
    for text in [
        "{{ fail \"x\" }}",
        "{{ fail .a }}",
        "{{ upper 5 }}",
        "{{ template \"nope\" }}",
        "{{ .a.b }}",
        "{{ if eq .env \"prod\" }}{{ fail .a }}{{ end }}",
        "{{ lt .a 5 }}",
    ] {
        let template = parse(text);
        assert_eq!(template.totality(&schema()), Totality::Total, "{text}");
        assert!(
            template.render(&data(&mut Random::new(1))).is_err(),
            "{text}"
        );
    }
}

#[test]
fn the_place_of_what_could_fail_is_told() {
    let text = "line one\n  {{ .a }}{{ index .a 0 }}";
    let Totality::Partial {
        position,
        construct,
    } = parse(text).totality(&schema())
    else {
        panic!("total")
    };
    assert_eq!((position.line, position.column), (2, 14));
    assert_eq!(construct.reason(), "partial-function");
}

/// Random templates, each with many secrets: if it is called total, all give the same error, or none does.
#[test]
fn no_total_template_tells_random_secrets_apart() {
    let (mut total, mut succeeding) = (0, 0);
    for seed in 0..6_000 {
        let mut random = Random::new(seed);
        let text = random.template();
        let template = parse(&text);
        if template.totality(&schema()) != Totality::Total {
            continue;
        }
        total += 1;
        let first = seen(&template, &data(&mut random));
        succeeding += usize::from(first.is_none());
        for _ in 0..16 {
            assert_eq!(
                seen(&template, &data(&mut random)),
                first,
                "seed {seed}: {text}"
            );
        }
    }
    assert!(total > 500, "only {total} templates are total");
    assert!(succeeding > 150, "only {succeeding} templates succeed");
}

/// The same under limits so tight that costs decide.
#[test]
fn limits_do_not_tell_random_secrets_apart() {
    let limits = Limits {
        output: 60,
        memory: 30_000,
        steps: 4_000,
        depth: 12,
    };
    let mut total = 0;
    for seed in 0..6_000 {
        let mut random = Random::new(seed);
        let text = random.template();
        let template = parse(&text).with_limits(limits);
        if template.totality(&schema()) != Totality::Total {
            continue;
        }
        total += 1;
        let first = seen(&template, &data(&mut random));
        for _ in 0..16 {
            assert_eq!(
                seen(&template, &data(&mut random)),
                first,
                "seed {seed}: {text}"
            );
        }
    }
    assert!(total > 100, "only {total} templates are total");
}
