//! Whatever a template says: an output or an error, in bounded time and memory, and nothing secret in the error.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gotemplate::{
    Ambient, Fault, Function, Functions, Limits, MissingKey, Parameter, SyntaxFault, Template,
    Value,
};
use proptest::prelude::*;

/// A tenth of the usual limits: the tests are not optimised.
const LIMITS: Limits = Limits {
    output: 4 << 20,
    memory: 32 << 20,
    steps: 2_000_000,
    depth: 300,
};

fn render(text: &str) -> Result<Vec<u8>, Fault> {
    let template = Template::parse("t", text, &Functions::controller())
        .unwrap()
        .with_limits(LIMITS);
    let data = Value::strings([("a", "MARKED-SECRET"), ("big", &"x,".repeat(20_000))]);
    template
        .render(&data)
        .map(|output| output.expose().to_vec())
        .map_err(|error| error.fault)
}

#[test]
fn bombs_are_refused() {
    let started = Instant::now();
    for text in [
        "{{ repeat 1000000000 \"x\" }}",
        "{{ repeat 9223372036854775807 \"xx\" }}",
        "{{ until 1000000000 }}",
        "{{ untilStep -9223372036854775808 9223372036854775807 1 }}",
        "{{ seq 1 9223372036854775806 }}",
        "{{ range 1000000000 }}{{ end }}",
        "{{ range 10000 }}{{ range 10000 }}{{ end }}{{ end }}",
        "{{ range splitList \"\" .big }}{{ range splitList \"\" $.big }}x{{ end }}{{ end }}",
        "{{ indent 1000000000 \"x\" }}",
        "{{ nindent 100000 .big | replace \",\" .big }}",
        "{{ replace \"\" .big .big }}",
        "{{ $s := .big }}{{ range 60 }}{{ $s = print $s $s }}{{ end }}",
        "{{ $l := list .big }}{{ range 60 }}{{ $l = concat $l $l }}{{ end }}",
        "{{ define \"x\" }}{{ template \"x\" . }}{{ end }}{{ template \"x\" . }}",
        "{{ define \"x\" }}{{ template \"y\" . }}{{ template \"y\" . }}{{ end }}{{ define \"y\" }}{{ template \"x\" . }}{{ end }}{{ template \"x\" . }}",
        "{{ $l := list }}{{ range 100000 }}{{ $l = list $l $l }}{{ end }}{{ toJson $l }}",
        "{{ $l := list }}{{ range 100000 }}{{ $l = list $l }}{{ end }}{{ $l }}",
        "{{ $l := list }}{{ range 100000 }}{{ $l = list $l }}{{ end }}{{ deepEqual $l (deepCopy $l) }}",
        "{{ $d := dict }}{{ $c := $d }}{{ range 100000 }}{{ $n := dict }}{{ $_ := set $c \"x\" $n }}{{ $c = $n }}{{ end }}{{ toJson $d }}",
        "{{ $d := dict }}{{ $_ := set $d \"x\" $d }}{{ $d }}",
        "{{ $d := dict }}{{ $_ := set $d \"x\" (list (dict \"y\" $d)) }}{{ $d }}",
        "{{ $d := dict \"a\" (dict) }}{{ $_ := merge $d.a (dict \"b\" $d) }}{{ $d }}",
        "{{ printf \"%1000000d%1000000d\" 1 2 | repeat 200 }}",
        "{{ range 100000 }}{{ printf \"%1000000d\" 1 }}{{ end }}",
        "{{ uniq (splitList \"\" (upper .big)) | len }}{{ range 1000 }}{{ without (until 10000) 1 2 3 4 5 }}{{ end }}",
        "{{ range 100000 }}{{ regexMatch (printf \"(?i)[a-z%d]{999}\" .) \"x\" }}{{ end }}",
        "{{ range 1000000 }}{{ regexMatch (printf \"x{%d}\" 1000 | repeat 50) $.big }}{{ end }}",
        "{{ fromJson (printf \"%s%s\" (repeat 100000 \"[\") (repeat 100000 \"]\")) }}",
        "{{ $f := 1e300 }}{{ range 100000 }}{{ $f = mulf $f 1e-5 1e5 1e-5 1e5 }}{{ end }}",
        "{{ wrapWith 1 .big .big }}",
        "{{ $d := dict }}{{ range until 100000 }}{{ $_ := set $d (toString .) (repeat 10000 \"x\") }}{{ end }}",
        "{{ trimAll .big (repeat 1000 .big) }}",
    ] {
        let outcome = render(text);
        assert!(outcome.is_err(), "{text}");
    }
    assert!(
        started.elapsed() < Duration::from_secs(120),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn deep_nesting_is_refused_without_overflowing_the_stack() {
    let mut text = String::new();
    for _ in 0..100_000 {
        write!(text, "{{{{ if true }}}}").unwrap();
    }
    let error = |text: &str| {
        Template::parse("t", text, &Functions::controller())
            .map(|_| ())
            .unwrap_err()
            .fault
    };
    assert_eq!(error(&text), SyntaxFault::Depth);
    assert_eq!(
        error(&format!("{{{{ {}1 }}}}", "(".repeat(100_000))),
        SyntaxFault::Depth
    );
    assert_eq!(
        error(&format!(
            "{{{{ if true }}}}{}",
            "{{ else if true }}".repeat(100_000)
        )),
        SyntaxFault::Depth
    );
    // As deep as is allowed, and calling itself from there.
    let nested = format!(
        "{}{}{}",
        "{{ if true }}".repeat(95),
        "{{ template \"x\" . }}",
        "{{ end }}".repeat(95)
    );
    let text = format!("{{{{ define \"x\" }}}}{nested}{{{{ end }}}}{{{{ template \"x\" . }}}}");
    assert_eq!(render(&text), Err(Fault::DepthLimit));
    let parens = format!("{}.a{}", "(print ".repeat(95), ")".repeat(95));
    assert_eq!(
        render(&format!("{{{{ {parens} }}}}")).unwrap(),
        b"MARKED-SECRET"
    );
}

#[test]
fn limits_are_those_of_the_caller() {
    let template = Template::parse(
        "t",
        "{{ range 100 }}0123456789{{ end }}",
        &Functions::controller(),
    )
    .unwrap();
    let small = template.with_limits(Limits {
        output: 999,
        ..Limits::default()
    });
    assert_eq!(
        small.render(&Value::Nil).err().unwrap().fault,
        Fault::OutputLimit
    );
    let enough = small.with_limits(Limits {
        output: 1000,
        ..Limits::default()
    });
    assert_eq!(enough.render(&Value::Nil).unwrap().expose().len(), 1000);
}

#[test]
fn errors_hold_nothing_of_template_or_data() {
    let data = Value::strings([("a", "MARKED-SECRET")]);
    for text in [
        "{{ fail .a }}",
        "{{ fail \"MARKED-SECRET\" }}",
        "{{ index .a .a }}",
        "{{ regexFind (print \"(\" .a) .a }}",
        "{{ mustFromJson .a }}",
        "{{ semver .a }}",
        "{{ urlParse (print \":\" .a) }}",
        "{{ mustToDate \"2006\" .a }}",
        "{{ div 1 .a }}",
        "{{ template \"MARKED-SECRET\" }}",
        "{{ .a.MARKED }}",
        "{{ dateInZone \"2006\" 0 .a }}",
        "{{ repeat -1 .a }}",
        "{{ dig .a .a }}",
        "{{ \"MARKED-SECRET\" 5 }}",
        "{{ MARKED }}",
        "{{ \"MARKED-SECRET }}",
        "{{ $MARKED }}",
        "{{ 5MARKED }}",
    ] {
        let (shown, debugged) = match Template::parse("t", text, &Functions::controller()) {
            Err(error) => (error.to_string(), format!("{error:?}")),
            Ok(template) => {
                let error = template
                    .render(&data)
                    .err()
                    .unwrap_or_else(|| panic!("{text}"));
                (error.to_string(), format!("{error:?} {}", error.reason()))
            }
        };
        assert!(
            !shown.contains("MARKED") && !debugged.contains("MARKED"),
            "{shown} {debugged}"
        );
    }
}

#[test]
fn errors_tell_the_place_and_the_function() {
    let template = Template::parse(
        "t",
        "one\ntwo {{ .a }}\n  {{ upper (fail .a) }}",
        &Functions::controller(),
    )
    .unwrap();
    let error = template
        .render(&Value::strings([("a", "x")]))
        .err()
        .unwrap();
    assert_eq!((error.position.line, error.position.column), (3, 13));
    assert_eq!(
        error.to_string(),
        "line 3, column 13: `fail`: the template called `fail`"
    );
    assert_eq!(error.reason(), "template-failed");
    let error = Template::parse("t", "one\n{{ nope }}", &Functions::controller())
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "line 2, column 4: the function is not known"
    );
}

#[test]
fn the_environment_and_the_network_are_refused() {
    for text in [
        "{{ env \"HOME\" }}",
        "{{ expandenv \"$HOME\" }}",
        "{{ getHostByName \"localhost\" }}",
    ] {
        let error = Template::parse("t", text, &Functions::controller())
            .err()
            .unwrap();
        assert_eq!(error.fault, SyntaxFault::RefusedFunction);
    }
}

#[test]
fn clock_and_randomness_are_only_what_the_caller_grants() {
    struct Fixed;
    impl Ambient for Fixed {
        fn now(&self) -> Duration {
            Duration::from_millis(1_700_000_000_250)
        }
        fn fill(&self, bytes: &mut [u8]) {
            for (index, byte) in bytes.iter_mut().enumerate() {
                *byte = index as u8 * 17;
            }
        }
    }
    let granted = Functions::controller().with_ambient(Arc::new(Fixed));
    let run = |text: &str, functions: &Functions| {
        let output = Template::parse("t", text, functions)
            .unwrap()
            .render(&Value::Nil);
        output
            .map(|output| String::from_utf8(output.expose().to_vec()).unwrap())
            .map_err(|error| error.fault)
    };
    for (text, output, fault) in [
        (
            "{{ now | date \"2006-01-02 15:04:05\" }}",
            "2023-11-14 22:13:20",
            Fault::NeedsClock,
        ),
        ("{{ date \"2006\" \"no date\" }}", "2023", Fault::NeedsClock),
        ("{{ ago 1699999990 }}", "10s", Fault::NeedsClock),
        (
            "{{ durationRound (toDate \"2006\" \"2020\") }}",
            "3y",
            Fault::NeedsClock,
        ),
        (
            "{{ uuidv4 }}",
            "00112233-4455-4677-8899-aabbccddeeff",
            Fault::NeedsRandomness,
        ),
        (
            "{{ randAlphaNum 4 | len }}{{ randNumeric 3 | len }}{{ randAlpha 2 | len }}{{ randAscii 1 | len }}",
            "4321",
            Fault::NeedsRandomness,
        ),
        ("{{ randBytes 3 }}", "ABEi", Fault::NeedsRandomness),
        ("{{ shuffle \"aaa\" }}", "aaa", Fault::NeedsRandomness),
        ("{{ lt (randInt 1 5) 5 }}", "true", Fault::NeedsRandomness),
    ] {
        assert_eq!(run(text, &granted).as_deref(), Ok(output), "{text}");
        assert_eq!(run(text, &Functions::controller()), Err(fault), "{text}");
    }
}

#[test]
fn callers_add_functions_that_can_include_templates() {
    let include =
        Function::new(
            [Parameter::Str, Parameter::Any],
            None,
            |call, arguments| match arguments {
                [Value::Str(name), dot] => call.include(name, dot),
                _ => Err(Fault::ArgumentType),
            },
        );
    let functions = Functions::controller().with("include", include);
    let text = "{{ define \"x\" }}<{{ .k }}>{{ end }}{{ include \"x\" (dict \"k\" 5) | indent 2 }}";
    let template = Template::parse("t", text, &functions).unwrap();
    assert_eq!(template.render(&Value::Nil).unwrap().expose(), b"  <5>");
    assert!(Template::parse("t", text, &Functions::controller()).is_err());
    let endless = "{{ define \"x\" }}{{ include \"x\" . }}{{ end }}{{ include \"x\" . }}";
    let error = Template::parse("t", endless, &functions)
        .unwrap()
        .render(&Value::Nil)
        .err()
        .unwrap();
    assert_eq!(error.fault, Fault::DepthLimit);
}

#[test]
fn missing_keys_give_what_the_caller_chose() {
    let render = |missing_key| {
        let template = Template::parse("t", "[{{ .nope }}]", &Functions::controller())
            .unwrap()
            .with_missing_key(missing_key);
        template
            .render(&Value::strings([("a", "b")]))
            .map(|output| output.expose().to_vec())
            .map_err(|error| error.fault)
    };
    assert_eq!(render(MissingKey::NoValue).unwrap(), b"[<no value>]");
    assert_eq!(render(MissingKey::Zero).unwrap(), b"[]");
    assert_eq!(render(MissingKey::Error), Err(Fault::MissingKey));
}

/// Fragments that make parsing get far, and anything in between.
fn text() -> impl Strategy<Value = String> {
    let fragment = prop_oneof![
        "[ -~\n]{0,12}",
        "\\PC{0,6}",
        Just("{{".to_owned()),
        Just("}}".to_owned()),
        Just("{{- ".to_owned()),
        Just(" -}}".to_owned()),
        Just("{{ .a | ".to_owned()),
        Just("{{ if ".to_owned()),
        Just("{{ range $i, $x := ".to_owned()),
        Just("{{ end }}".to_owned()),
        Just("{{ else }}".to_owned()),
        Just("{{ define \"x\" }}".to_owned()),
        Just("(printf \"%[3]*.*f%-+# 0q%v\" ".to_owned()),
        Just(" (regexReplaceAll ".to_owned()),
        Just(" (toDate ".to_owned()),
        Just(" (urlParse ".to_owned()),
        Just(" (fromJson ".to_owned()),
        Just(" (semverCompare ".to_owned()),
        Just(" \"\\u00e9\\xff\" ".to_owned()),
        Just(")".to_owned()),
        Just("/*".to_owned()),
    ];
    prop::collection::vec(fragment, 0..12).prop_map(|fragments| fragments.concat())
}

/// A template that parses: one function on any two strings.
fn calls() -> impl Strategy<Value = (&'static str, Vec<u8>, Vec<u8>)> {
    let function = prop::sample::select(vec![
        "abbrev 7",
        "b64dec",
        "b32dec",
        "camelcase",
        "snakecase",
        "kebabcase",
        "fromJson",
        "quote",
        "html",
        "js",
        "urlParse",
        "title",
        "wrap 3",
        "semver",
        "toDate \"2006-01-02 15:04:05.000 MST -0700 Jan Monday 002\"",
        "durationRound",
        "regexQuoteMeta",
        "clean",
        "dir",
        "untitle",
        "float64",
        "int",
        "toDecimal",
        "duration",
        "trim",
        "nospace",
        "initials",
        "swapcase",
        "regexMatch .b",
        "regexFindAll .b .a 5 | len | print",
        "regexSplit .b .a -1 | print",
        "printf .b",
        "semverCompare .b",
        "toDate .b",
        "splitList .b",
        "splitn .b 3",
        "trimAll .b",
        "replace .b \"x\"",
        "regexReplaceAll .b .a",
        "wrapWith 2 .b",
        "toJson",
    ]);
    (
        function,
        prop::collection::vec(any::<u8>(), 0..24),
        prop::collection::vec(any::<u8>(), 0..10),
    )
}

proptest! {
    #[test]
    fn any_text_is_an_output_or_an_error(text in text()) {
        if let Ok(template) = Template::parse("t", &text, &Functions::controller()) {
            let _ = template.render(&Value::strings([("a", "x"), ("b", "y")]));
        }
    }

    #[test]
    fn any_bytes_are_an_argument((function, a, b) in calls()) {
        let text = format!("{{{{ .a | {function} }}}}");
        let template = Template::parse("t", &text, &Functions::controller()).unwrap();
        let _ = template.render(&Value::strings([("a", a), ("b", b)]));
    }
}
